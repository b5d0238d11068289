"""Which students may be shown together, so that no two looks at a class tell of fewer than five of them. Pure.

One aggregate alone hides its members; two whose members differ by one are subtracted, and the difference is that one.
So the people who are added up change by five at a time, measured against every set that was shown before.
"""

from __future__ import annotations

from collections.abc import Collection

SMALLEST = 5
Group = frozenset[int]


def next_group(present: Group, shown: Group, former: Collection[Group]) -> Group | None:
    """Whom to add up now; None for nobody, and what was shown last stays as it was.

    `present` are those read at this moment, `shown` those of the last look (empty for none), `former` all sets that
    were shown so far. The present ones are taken when each former set either is the same or differs by five or more.
    Else the last set stays, those who have gone with what was known of them last, as long as five of it are read: with
    fewer, a change would be a change of those few.
    """
    if len(present) >= SMALLEST and all(present == was or len(present ^ was) >= SMALLEST for was in former):
        return present
    if len(shown & present) >= SMALLEST:
        return shown
    return None


def in_fives(count: int) -> int:
    """A count of students as it may be told: one more or less does not show."""
    return count // SMALLEST * SMALLEST
