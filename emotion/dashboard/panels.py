"""What emotion puts into the pages of courses."""

from courses.panels import LessonPanel
from emotion.core.labels import EXPRESSIONS
from emotion.models import Consent
from emotion.permissions import takes_as_student
from emotion.policy import features_are_on

# (state, word) of the one-tap self-report.
SELF_REPORT = (
    ("engaged", "Going well"),
    ("confused", "Puzzling"),
    ("frustrated", "Hard going"),
    ("bored", "Slow"),
    ("delighted", "Love it"),
)


def camera_panel(request, lesson) -> LessonPanel | None:
    """The support panel beside a lesson: for enrolled students, where the features are on."""
    if not features_are_on() or not takes_as_student(request.user, lesson.course):
        return None
    consent = Consent.objects.in_force().visible_to(request.user).filter(course=lesson.course).first()
    return LessonPanel(
        "emotion/_camera_panel.html",
        {"lesson": lesson, "consent": consent, "expressions": EXPRESSIONS},
        order=10,
        scripts=("js/webcam.js",) if consent else (),
    )


def support_panel(request, lesson) -> LessonPanel | None:
    """The one-tap self-report and offers, for enrolled students, with or without the camera and the features."""
    if not takes_as_student(request.user, lesson.course):
        return None
    return LessonPanel(
        "emotion/_support_panel.html", {"lesson": lesson, "words": SELF_REPORT}, order=5, scripts=("js/support.js",)
    )
