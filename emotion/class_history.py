"""A class's history of each lesson, put together ahead of the page that shows it.

A thousand students leave sixty thousand sums in a lesson and a million in a course; adding those up takes seconds. So
once a minute, what new readings have touched is added up anew and kept in ClassHistory. What somebody erases is gone
from it in the same transaction: it is thrown away, and until the next minute the page waits for the sums.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from emotion import selectors
from emotion.models import ClassHistory, ComparedGroup, EmotionReading, LessonSession

# A reading is written this long after its frame was taken at the most, a database that was away included.
LATEST = datetime.timedelta(minutes=2)


def put_together_class_histories() -> int:
    """Add up anew what new readings or an erasure have touched. Returns how many lessons. Several at once are harmless:
    of two who add up the same lesson, one writes."""
    notice_new_readings()
    due = ClassHistory.objects.filter(due=True).select_related("lesson")
    return sum(_put_together(history) for history in due)


@transaction.atomic
def notice_new_readings() -> None:
    """Note which lessons are due. In one transaction, so that one that ends early has noted all or none.

    What is shown already is put together anew only with new readings of five students: with fewer, two looks at it
    could be subtracted, and the difference would be theirs.
    """
    now = timezone.now()
    last = ClassHistory.objects.aggregate(at=Max("noticed_at"))["at"]
    if last is None:
        lessons = LessonSession.objects.order_by().values_list("lesson", flat=True).distinct()
        ClassHistory.objects.bulk_create([ClassHistory(lesson_id=pk) for pk in lessons], ignore_conflicts=True)
        return
    new = EmotionReading.objects.filter(taken_at__gt=last - LATEST).order_by()
    newest: dict[int, dict[int, datetime.datetime]] = {}
    rows = new.values_list("session__lesson", "session__user").annotate(newest=Max("taken_at"))
    for lesson, user, at in rows:
        newest.setdefault(lesson, {})[user] = at
    # Locked: what an erasure does to one meanwhile must not be written over.
    kept = ClassHistory.objects.filter(lesson__in=newest).select_for_update()
    known = {history.lesson_id: history for history in kept}
    new_ones = [ClassHistory(lesson_id=lesson, noticed_at=now) for lesson in newest if lesson not in known]
    ClassHistory.objects.bulk_create(new_ones, ignore_conflicts=True)
    for lesson, history in known.items():
        # What was taken before it was put together is in it, or comes along with what is new.
        since = {u for u, at in newest[lesson].items() if not history.put_together_at or at > history.put_together_at}
        history.waiting = sorted(since.union(history.waiting))
        history.noticed_at = now
        history.due |= not history.students or len(history.waiting) >= selectors.SMALLEST_GROUP
    ClassHistory.objects.bulk_update(known.values(), ["waiting", "noticed_at", "due"])


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
        waiting=[],
        due=False,
    )


def forget_class_history(*, instance: LessonSession, **_) -> None:
    """A session was deleted, by whatever way: what was put together with it is not shown again."""
    ClassHistory.objects.filter(lesson=instance.lesson_id).update(
        students=None, points=None, total=None, waiting=[], due=True, generation=F("generation") + 1
    )
    ComparedGroup.objects.filter(lesson=instance.lesson_id).delete()
