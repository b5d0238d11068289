"""What a shared history adds to the list of those who may need help. Nothing of anybody who does not share theirs."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from courses.at_risk.signs import Sign
from courses.models import Course, Lesson
from emotion.core.labels import COUNTED_STATES
from emotion.models import Consent, EmotionBucket
from emotion.policy import features_are_on

LESSONS = 4  # looked more frustrated from each to the next
LEAST_WINDOWS = 6  # a minute that could be judged, in each of them
RISING = 2


@transaction.atomic
def signs_shared_with(course: Course, reader, user_ids: Collection[int]) -> dict[int, list[Sign]]:
    """Of these students, by whoever shares their history with those who teach: whether it looks more frustrated from
    lesson to lesson. Each that is told is a look at a history, and noted as one. Three queries, and the notes'."""
    if not features_are_on():
        return {}
    shared = Consent.objects.shared().filter(course=course, user__in=user_ids)
    rows = (
        EmotionBucket.objects.filter(session__lesson__module__course=course, session__consent__in=shared)
        .order_by()
        .values("session__user_id", "session__lesson_id")
        .annotate(**{f"of_{state}": Sum(state) for state in COUNTED_STATES})
    )
    shares: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for row in rows:
        windows = sum(row[f"of_{state}"] for state in COUNTED_STATES)
        if windows >= LEAST_WINDOWS:
            shares[row["session__user_id"]][row["session__lesson_id"]] = row["of_frustrated"] / windows
    order = list(Lesson.objects.for_course(course).in_course_order().values_list("pk", flat=True)) if shares else []
    words = _("Looked more frustrated from lesson to lesson, over %(n)d of them; shared by the student") % {
        "n": LESSONS
    }
    found = {
        user_id: [Sign("frustration", RISING, words)]
        for user_id, by_lesson in shares.items()
        if is_rising([by_lesson[pk] for pk in order if pk in by_lesson])
    }
    for student in User.objects.filter(pk__in=found):
        audit.record(action=audit.Action.HISTORY_VIEWED, actor=reader, subject=student, course=course.pk)
    return found


def is_rising(shares: Sequence[float]) -> bool:
    """Whether the last LESSONS shares of frustrated windows, in the course's order, each lie above the one before."""
    last = shares[-LESSONS:]
    return len(last) == LESSONS and all(after > before for before, after in itertools.pairwise(last))
