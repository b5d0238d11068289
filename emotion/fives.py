"""Who is let into an aggregate of a class, and with whom; kept, so that every look at it shows the same groups.

A group holds the rows by which its students came (a first bucket, an answer), never their names or numbers. It counts
while all of its rows are there. When one of them goes, by whatever way, the group goes as a whole, and those who stay
are not let in anew: what was shown before and what is shown after then differ by groups. docs/privacy/aggregates.md
has the argument.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db import transaction
from django.db.models import Q

from emotion.core import crowd
from emotion.models import ClassFives, Consent


@dataclass(frozen=True)
class Arrival:
    """A student, by the row they came with. Only those of the same `kind` share a group."""

    row: int
    student: int
    kind: int = 0


def who_is_known(course_id: int) -> frozenset[int]:
    """Those whose own rows whoever teaches may have, or may have kept from before: read as a shared history or handed
    over in a file for research. They can be subtracted from a class's, so they hide nobody."""
    sharing = Q(share_with_instructor=True) | Q(research_since__isnull=False) | Q(once_shared=True)
    return frozenset(Consent.objects.filter(sharing, course=course_id).values_list("user", flat=True))


def let_in(*, course_id: int, arrivals: Mapping[str, Sequence[Arrival]]) -> dict[str, dict[int, int]]:
    """{aggregate: {row that counts: its kind}} of all who have come to each aggregate so far. One query; more only
    when five wait or are let in. Several at once are harmless: one waits for the other."""
    kept = ClassFives.objects.filter(course=course_id, what__in=arrivals)
    groups: dict[str, Groups] = dict(kept.values_list("what", "groups"))
    if waiting := [what for what, came in arrivals.items() if _new(came, groups.get(what, []))]:
        known = who_is_known(course_id)
        if news := [what for what in waiting if _new(arrivals[what], groups.get(what, []), known)]:
            groups |= _write_down(course_id, {what: arrivals[what] for what in news}, known)
    return {what: _whole(came, groups.get(what, [])) for what, came in arrivals.items()}


Groups = list[tuple[int, list[int]]]  # (kind, rows)


@transaction.atomic
def _write_down(course_id: int, arrivals: Mapping[str, Sequence[Arrival]], known: Collection[int]) -> dict[str, Groups]:
    missing = [ClassFives(course_id=course_id, what=what) for what in sorted(arrivals)]
    ClassFives.objects.bulk_create(missing, ignore_conflicts=True)
    rows = list(ClassFives.objects.select_for_update().filter(course=course_id, what__in=arrivals).order_by("what"))
    for row in rows:
        row.groups = [*row.groups, *_new(arrivals[row.what], row.groups, known)]
    ClassFives.objects.bulk_update(rows, ["groups"], batch_size=200)
    return {row.what: row.groups for row in rows}


def _new(arrivals: Sequence[Arrival], groups: Groups, known: Collection[int] = frozenset()) -> Groups:
    """Groups of those who were never in one."""
    before = {row for _kind, rows in groups for row in rows}
    waiting = sorted((a.kind, a.row, a.student) for a in arrivals if a.row not in before)
    return [
        (kind, rows)
        for kind, those in groupby(waiting, key=lambda each: each[0])
        for rows in crowd.fives(((row, student) for _kind, row, student in those), known)
    ]


def _whole(arrivals: Sequence[Arrival], groups: Groups) -> dict[int, int]:
    there = {arrival.row for arrival in arrivals}
    return {row: kind for kind, rows in groups if there.issuperset(rows) for row in rows}
