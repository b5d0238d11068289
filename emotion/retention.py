"""What goes when its time is over. Single readings go each hour (prune_readings); the rest each night."""

from __future__ import annotations

import datetime
from collections import Counter

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import audit
from courses.models import Course, Enrollment
from emotion.consents import withdraw_of_those_gone
from emotion.models import Consent, EndedCourse, FirstRewind, LessonSession, SelfReport, SupportEvent

AT_ONCE = 200


def apply_retention(*, now: datetime.datetime | None = None) -> dict[str, int]:
    """Delete what is past its time, in small transactions; how many of each kind. Repeatable, and harmless twice at
    once."""
    now = now or timezone.now()
    withdraw_of_those_gone()  # who left by a way that told nobody
    notice_ended_courses(now=now)
    over = _over(now - datetime.timedelta(days=settings.ATTUNE_HISTORY_DAYS))
    consents_until = now - datetime.timedelta(days=settings.ATTUNE_CONSENT_DAYS)
    removed = Counter(
        histories=_delete(LessonSession.objects.filter(over)),
        offers=_delete(SupportEvent.objects.filter(over)),
        rewinds=_delete(FirstRewind.objects.filter(over)),
        consents=_delete(Consent.objects.filter(withdrawn_at__lt=consents_until)),
    )
    # What an answer kept of how it looked goes with the history; the answer itself stays with the course.
    SelfReport.objects.filter(over, features__isnull=False).update(features=None)
    if any(removed.values()):
        audit.record(action=audit.Action.RETENTION, **removed)
    return dict(removed)


def notice_ended_courses(*, now: datetime.datetime) -> None:
    """A course doesn't know when it was archived: it counts from the first night on which it is seen to be."""
    archived = Course.objects.filter(status=Course.Status.ARCHIVED)
    EndedCourse.objects.exclude(course__in=archived).delete()
    EndedCourse.objects.bulk_create(
        [EndedCourse(course_id=pk, noticed_at=now) for pk in archived.values_list("pk", flat=True)],
        ignore_conflicts=True,
    )


def _over(limit: datetime.datetime) -> Q:
    """Rows of a user in a lesson whose course, or whose cohort in it, ended before the limit."""
    ended = EndedCourse.objects.filter(noticed_at__lt=limit).values("course")
    cohort_over = Enrollment.objects.filter(
        user=OuterRef("user"), course=OuterRef("lesson__module__course"), cohort__ends_on__lt=limit.date()
    )
    return Q(lesson__module__course__in=ended) | Q(Exists(cohort_over))


def _delete(rows) -> int:
    total = 0
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            rows.model.objects.filter(pk__in=pks).delete()
        total += len(pks)
    return total
