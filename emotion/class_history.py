"""A class's history of each lesson, put together ahead of the page that shows it.

A thousand students leave sixty thousand sums in a lesson and a million in a course; adding those up takes seconds. So
once a minute, what new readings have touched is added up anew and kept in ClassHistory. What somebody erases is gone
from it in the same transaction: it is thrown away, and until the next minute the page waits for the sums. Whom they are
of is the same either way: emotion.class_sums.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from emotion import selectors
from emotion.class_sums import LATEST, SETTLED_AFTER
from emotion.models import ClassHistory, EmotionReading, LessonSession


def put_together_class_histories() -> int:
    """Add up anew what new readings or an erasure have touched. Returns how many lessons. Several at once are harmless:
    of two who add up the same lesson, one writes."""
    notice_new_readings()
    due = ClassHistory.objects.filter(due=True).select_related("lesson")
    return sum(_put_together(history) for history in due)


@transaction.atomic
def notice_new_readings() -> None:
    """Note which lessons are due: those with readings so new that they were not settled when last looked at. In one
    transaction, so that one that ends early has noted all or none."""
    now = timezone.now()
    last = ClassHistory.objects.aggregate(at=Max("noticed_at"))["at"]
    if last is None:
        lessons = LessonSession.objects.order_by().values_list("lesson", flat=True).distinct()
        ClassHistory.objects.bulk_create([ClassHistory(lesson_id=pk) for pk in lessons], ignore_conflicts=True)
        return
    new = EmotionReading.objects.filter(taken_at__gt=last - SETTLED_AFTER - LATEST).order_by()
    lessons = set(new.values_list("session__lesson", flat=True).distinct())
    known = ClassHistory.objects.filter(lesson__in=lessons)
    lessons -= set(known.values_list("lesson", flat=True))
    known.update(due=True, noticed_at=now)
    ClassHistory.objects.bulk_create(
        [ClassHistory(lesson_id=lesson, noticed_at=now) for lesson in lessons], ignore_conflicts=True
    )


def _put_together(history: ClassHistory) -> int:
    """The sums are read outside a transaction, and written only if nobody erased or wrote meanwhile."""
    now = timezone.now()
    [(students, points)] = selectors.sum_classes([history.lesson]).values()
    return ClassHistory.objects.filter(pk=history.pk, generation=history.generation).update(
        edition=history.lesson.edition,
        students=students,
        points=points,
        total=selectors.total(points),
        put_together_at=now,
        generation=F("generation") + 1,
        due=False,
    )


def forget_class_history(*, instance: LessonSession, **_) -> None:
    """A session was deleted, by whatever way: what was put together with it is not shown again."""
    ClassHistory.objects.filter(lesson=instance.lesson_id).update(
        students=None, points=None, total=None, due=True, generation=F("generation") + 1
    )
