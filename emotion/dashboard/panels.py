"""What emotion puts into the pages of courses."""

from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import Lesson
from courses.overview.lines import Line
from courses.panels import LessonPanel
from emotion import panel_words, selectors
from emotion.core.labels import EXPRESSIONS
from emotion.course_calibration import trust_in
from emotion.models import Consent
from emotion.permissions import may_export_research, takes_as_student
from emotion.policy import features_are_on
from emotion.reading_place import DEVICE, allowed_modes, download_bytes, promoted_device_model
from emotion.starter_rules import in_language as say
from emotion.starter_rules import reading_language


def camera_panel(request, lesson) -> LessonPanel | None:
    """The support panel beside a lesson: for enrolled students, where the features are on."""
    if not features_are_on() or not takes_as_student(request.user, lesson.course):
        return None
    given = Consent.objects.in_force().visible_to(request.user).filter(course=lesson.course).first()
    consent = given if given and given.allows_camera else None
    waits = given is not None and given.camera and given.waits_for_guardian
    modes = allowed_modes() if consent else ()
    device = promoted_device_model() if DEVICE in modes else None
    return LessonPanel(
        "emotion/_camera_panel.html",
        {
            "lesson": lesson,
            "consent": consent,
            "asked_again": given is not None and not given.is_current,
            "asked_guardian_at": given.guardian_asked_at if waits else None,
            "expressions": EXPRESSIONS,
            "modes": modes,
            "megabytes": download_bytes(device) / 1e6 if device else None,
        },
        order=10,
        scripts=("js/webcam.js",) if modes else (),
        tour=(
            ".camera",
            _("The camera is off"),
            _("It stays off unless you turn it on. Everything here works without it."),
        ),
    )


def support_panel(request, lesson) -> LessonPanel | None:
    """The one-tap self-report and offers, for enrolled students, with or without the camera and the features."""
    if not takes_as_student(request.user, lesson.course):
        return None
    context = {
        "lesson": lesson,
        "words": panel_words.panel_words(),
        "self_report": [(state, say(word)) for state, word in panel_words.SELF_REPORT.items()],
        "language": reading_language(),
    }
    context["direction"] = "rtl" if context["language"] == "ar" else "ltr"
    tour = (
        ".support",
        context["words"]["title"],
        _("One press tells how a place is for you, and may bring an offer of help. Saying nothing is fine."),
    )
    return LessonPanel("emotion/_support_panel.html", context, order=5, scripts=("js/support.js",), tour=tour)


def climate_panel(request, course) -> LessonPanel | None:
    """For those who teach or assist: how each lesson looked to the class, and how far its states can be trusted; where
    the features are off, what students say of each."""
    if not request.user.is_authenticated or not course.is_staffed_by(request.user):
        return None
    lessons = Lesson.objects.visible_to(request.user).for_course(course).in_course_order()
    context = {"course": course, "lessons": lessons, "teaches": course.is_taught_by(request.user)}
    if not features_are_on():
        return LessonPanel("emotion/_said_panel.html", context, order=20)
    return LessonPanel("emotion/_climate_panel.html", {**context, "trust": trust_in(course)}, order=20)


def teaching_panel(request, course) -> LessonPanel | None:
    """How each lesson looked to the class, in a sentence that leads to its chart; nothing with the features off."""
    if not features_are_on():
        return None
    lessons = [
        {**entry, "words": selectors.describe_states([entry]) or selectors.describe_timeline([entry])}
        for entry in selectors.class_course(course=course)
        if entry["students"]
    ]
    context = {
        "course": course,
        "lessons": lessons,
        "teaches": course.is_taught_by(request.user),
        "smallest_group": selectors.SMALLEST_GROUP,
        "may_export": may_export_research(request.user, course),
    }
    return LessonPanel("emotion/_teaching_panel.html", context, order=20)


def weekly_line(course) -> Line | None:
    """How the lessons looked to the class, in a sentence: the mean of what the teaching page shows of each from five
    students up. Nothing below that, and nothing with the features off."""
    if not features_are_on():
        return None
    shown = [entry for entry in selectors.class_course(course=course) if entry["students"]]
    words = selectors.describe_states(shown) or selectors.describe_timeline(shown)
    if not words:
        return None
    return Line(_("How the lessons looked to the class"), words, reverse("overview:overview", args=[course.slug]))
