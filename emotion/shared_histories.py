"""What one student shares with those who teach them, and who does. Reading it is a look, which its page notes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from courses.at_risk.sources import Link
from courses.models import Course, Lesson
from emotion import selectors
from emotion.models import Consent, EmotionBucket, LessonSession
from emotion.policy import features_are_on


def students_who_share(viewer: User, course: Course) -> QuerySet[User]:
    """The students of a course with something recorded that this person may read."""
    recorded = Exists(EmotionBucket.objects.filter(session=OuterRef("pk")))
    sessions = LessonSession.objects.shared_with(viewer).filter(recorded, lesson__module__course=course)
    return User.objects.filter(pk__in=sessions.values("user"))


def consent_to_share(student: User, course: Course) -> Consent:
    return Consent.objects.shared().get(user=student, course=course)


def shared_course(*, viewer: User, student: User, course: Course) -> list[dict[str, Any]]:
    """A student's history of a course by lesson, as `selectors.own_course`; empty without sharing."""
    sessions = LessonSession.objects.shared_with(viewer).filter(user=student, lesson__module__course=course)
    buckets = EmotionBucket.objects.filter(session__in=sessions, edition=F("session__lesson__edition"))
    return selectors.by_lesson(Lesson.objects.for_course(course).in_course_order(), buckets)


def links_to_shared(course: Course, reader: User, user_ids: Collection[int]) -> dict[int, Link]:
    """For the list of those who may need help: to the histories of those who share theirs. That somebody shares is no
    look at what they share. One query."""
    if not features_are_on():
        return {}
    sharing = students_who_share(reader, course).filter(pk__in=user_ids).values_list("pk", flat=True)
    words = _("The history that they share")
    return {pk: Link(words, reverse("emotion:shared-course", args=[course.slug, pk])) for pk in sharing}
