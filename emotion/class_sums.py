"""What a class's history of a lesson is added up from: each student once at each place, by their first visit there."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from courses.models import Lesson
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.fives import Arrival, let_in
from emotion.models import EmotionBucket

COUNTS = ("faces", "no_face", "several_faces", "unclear")
_COLUMNS = (*COUNTS, *EXPRESSIONS, *COUNTED_STATES)
_MINUTE = datetime.timedelta(minutes=1)
# A reading is written this long after its frame was taken at the most, a database that was away included.
LATEST = datetime.timedelta(minutes=2)
# A visit to ten seconds of a lesson lies in a minute and the next; then nothing is added to it any more.
SETTLED_AFTER = 2 * _MINUTE + LATEST

Place = tuple[int, int]  # a block's number, and tens of seconds into it


@dataclass
class Sums:
    """Of a place: the sums of those whose face was seen, and of those who could be judged; how many they were."""

    columns: dict[str, float]
    seen: int
    judged: int
    looked_confused: int


@dataclass
class _Visit:
    """A student's first visit to a place; `row` is its first bucket."""

    row: int
    student: int
    until: datetime.datetime
    columns: list[float]

    @property
    def was_seen(self) -> bool:
        return self.columns[0] > 0

    @property
    def was_judged(self) -> bool:
        return any(self.columns[-len(COUNTED_STATES) :])

    def column(self, name: str) -> float:
        return self.columns[_COLUMNS.index(name)]


def sum_class(lesson: Lesson) -> tuple[int, dict[Place, Sums]]:
    """How many students the history of the lesson's present edition is of, and the sums of each place: of nobody, or of
    those let in by fives. What is counted of a student never changes, and is gone with their group's first erasure."""
    visits = _first_visits(lesson)
    if not visits:
        return 0, {}
    of = f"history {lesson.pk} {lesson.edition}"
    arrivals = {of: _arrivals(_first_of_each(visits.values()))}
    for place, there in visits.items():
        arrivals[f"{of} {place} seen"] = _arrivals(v for v in there.values() if v.was_seen)
        arrivals[f"{of} {place} judged"] = _arrivals(v for v in there.values() if v.was_judged)
    shown = let_in(course_id=lesson.course.pk, arrivals=arrivals)
    students = len(shown[of])
    if not students:
        return 0, {}
    sums = {}
    for place, there in visits.items():
        seen = [v for v in there.values() if v.row in shown[f"{of} {place} seen"]]
        judged = [v for v in there.values() if v.row in shown[f"{of} {place} judged"]]
        if seen or judged:
            columns = {**_add(seen, (*COUNTS, *EXPRESSIONS)), **_add(judged, COUNTED_STATES)}
            confused = sum(visit.column("confused") > 0 for visit in judged)
            sums[place] = Sums(columns, len(seen), len(judged), confused)
    return students, sums


def _first_visits(lesson: Lesson) -> dict[Place, dict[int, _Visit]]:
    """{place: {student: visit}}, of those visits to which nothing can be added any more."""
    settled = timezone.now() - SETTLED_AFTER
    rows = (
        EmotionBucket.objects.filter(session__lesson=lesson, edition=lesson.edition, minute__lte=settled + _MINUTE)
        .order_by("pk")
        .values_list("pk", "session__user_id", "block_number", "place", "minute", *_COLUMNS)
    )
    visits: defaultdict[Place, dict[int, _Visit]] = defaultdict(dict)
    for row, student, block, place, minute, *columns in rows.iterator():
        visit = visits[block, place].get(student)
        if visit is None:
            visits[block, place][student] = _Visit(row, student, minute + _MINUTE, columns)
        elif minute <= visit.until:
            visit.columns = [a + b for a, b in zip(visit.columns, columns, strict=True)]
    for there in visits.values():
        for student in [pk for pk, visit in there.items() if visit.until > settled + _MINUTE]:
            del there[student]
    return {place: there for place, there in visits.items() if there}


def _first_of_each(places: Iterable[dict[int, _Visit]]) -> Iterable[_Visit]:
    """Each student's first visit to the lesson."""
    first: dict[int, _Visit] = {}
    for there in places:
        for student, visit in there.items():
            if student not in first or visit.row < first[student].row:
                first[student] = visit
    return first.values()


def _arrivals(visits: Iterable[_Visit]) -> list[Arrival]:
    return [Arrival(visit.row, visit.student) for visit in visits]


def _add(visits: list[_Visit], names: Iterable[str]) -> dict[str, float]:
    return {name: sum(visit.column(name) for visit in visits) for name in names}
