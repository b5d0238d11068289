"""What a person's face gave rise to: exported and erased on request."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _

from courses.charts.picture import picture
from courses.models import Course, Lesson
from emotion import selectors, services, support
from emotion.core.labels import EXPRESSIONS
from emotion.dashboard import history_charts
from emotion.models import (
    BehaviourEvent,
    Consent,
    EmotionBucket,
    EmotionReading,
    FirstRewind,
    LessonSession,
    SelfReport,
    SupportEvent,
    SupportPreference,
)


def export_emotion(user) -> dict:
    fields = ("block_number", "edition", *EXPRESSIONS)
    return {
        "consents": list(
            Consent.objects.visible_to(user).values(
                "course__title",
                "version",
                "camera",
                "history",
                "share_with_instructor",
                "share_for_research",
                "research_since",
                "under_age",
                "guardian_email",
                "guardian_asked_at",
                "guardian_agreed_at",
                "granted_at",
                "withdrawn_at",
            )
        ),
        "sessions": list(
            LessonSession.objects.visible_to(user).values(
                "id", "lesson__title", "mode", "started_at", "ended_at", "baseline"
            )
        ),
        "readings": list(
            EmotionReading.objects.visible_to(user).values(
                "session_id", "sequence", "taken_at", "place_seconds", "outcome", *fields
            )
        ),
        "history": list(
            EmotionBucket.objects.visible_to(user).values(
                "session_id", "place", "minute", "faces", "no_face", "several_faces", "unclear", *fields
            )
        ),
        **export_support(user),
    }


def export_support(user) -> dict:
    place = ("lesson__title", "block_number", "edition", "place_seconds", "at")
    offers = ("state", "confidence", "reason", "held_out", "response", "responded_at", *support.OUTCOMES)
    return {
        "self_reports": list(SelfReport.objects.visible_to(user).values(*place, "state", "features")),
        "behaviour": list(BehaviourEvent.objects.visible_to(user).values(*place, "kind")),
        "first_rewinds": list(
            FirstRewind.objects.visible_to(user).values("lesson__title", "block_number", "edition", "place")
        ),
        "support_offers": list(SupportEvent.objects.visible_to(user).values(*place, "rule__action", *offers)),
        "support_preference": list(
            SupportPreference.objects.filter(user=user).values(
                "off", "snoozed_until", "dismissals", "muted_states", "muted_rules"
            )
        ),
    }


def own_charts(user) -> Iterator[tuple[str, str]]:
    """(name, SVG) of each lesson and course with a history, as their pages draw them."""
    sessions = LessonSession.objects.visible_to(user)
    for course in Course.objects.filter(pk__in=sessions.values("lesson__module__course")).order_by("pk"):
        drawn = [history_charts.own_course(course, selectors.own_course(user=user, course=course))]
        lessons = Lesson.objects.for_course(course).filter(pk__in=sessions.values("lesson")).in_course_order()
        for lesson in lessons:
            newest = selectors.own_timeline(user=user, lesson=lesson)
            former = [selectors.own_timeline(user=user, lesson=lesson, edition=n) for n in newest["editions"][1:]]
            drawn += [history_charts.own_lesson(lesson, timeline) for timeline in (newest, *former)]
        yield from ((f"charts/{chart.name}.svg", picture(chart)) for chart in drawn if chart)


def erase_emotion(user) -> int:
    services.end_sessions(LessonSession.objects.filter(user=user), _("This history was erased; the camera stops."))
    count = services.erase_history(user=user)
    mine = (Consent, SelfReport, BehaviourEvent, FirstRewind, SupportEvent, SupportPreference)
    return count + sum(model.objects.filter(user=user).delete()[0] for model in mine)
