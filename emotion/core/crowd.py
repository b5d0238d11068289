"""Which students may be shown together, so that no two looks at a class tell of fewer than five of them. Pure.

One aggregate alone hides its members; two whose members differ by one are subtracted, and the difference is that one.
So students are let in five and more at a time, and whoever is let in together is shown together or not at all
(`fives`). A running class, where everybody comes and goes, changes by five at a time (`next_group`).

`known` are those whose own rows the reader may have anyway, since they share them: they hide nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Set

SMALLEST = 5
APART = 2  # so many may be unlike all others without its being told
Group = frozenset[int]


def fives(waiting: Iterable[tuple[int, Hashable]], known: Collection[Hashable] = frozenset()) -> list[list[int]]:
    """Whom to let in of those who wait, as (row, student) in the order they came: their rows, in groups with five
    students and more who are not `known`, or with five and more who all are. None while there are fewer."""
    groups: list[list[int]] = []
    rows: list[int] = []
    students, hidden = set(), set()
    for row, student in waiting:
        rows.append(row)
        students.add(student)
        if student not in known:
            hidden.add(student)
        if len(hidden) == SMALLEST:
            groups.append(rows)
            rows, students, hidden = [], set(), set()
    if groups:
        groups[-1] = groups[-1] + rows  # who came with them need not wait for another five
    elif not hidden and len(students) >= SMALLEST:
        groups.append(rows)
    return groups


def hides(students: Set[int], known: Set[int] = frozenset()) -> bool:
    """Whether what these students add up to tells of none of them."""
    others = students - known
    return len(others) >= SMALLEST or (not others and len(students) >= SMALLEST)


def next_group(present: Group, shown: Group, former: Collection[Group], known: Group = frozenset()) -> Group | None:
    """Whom to add up now; None for nobody, and what was shown last stays as it was.

    `present` are those read at this moment, `shown` those of the last look (empty for none), `former` all sets that
    were shown so far. The present ones are taken when each former set either is the same or differs by five or more.
    Else the last set stays, those who have gone with what was known of them last, as long as five of it are read: with
    fewer, a change would be a change of those few.
    """
    if hides(present, known) and all(present == was or hides(present ^ was, known) for was in former):
        return present
    if hides(shown & present, known):
        return shown
    return None


def told(count: int, of: int) -> range:
    """What `count` of `of` students may be by what is told of it: exactly that, "fewer than five", or "all but two, or
    more". A class that agrees would tell of each; so nobody is told whether one or two did not. Among five and six,
    "two or fewer" is low, or the five would be told apart from the rest."""
    low = SMALLEST if of >= SMALLEST + APART else 1 + APART
    if count >= of - APART:
        return range(max(0, of - APART), of + 1)
    return range(low) if count < low else range(count, count + 1)


def veil(shares: dict[str, float], of: int, *, apart: int = APART, rest: str = "") -> dict[str, float]:
    """Shares of `of` students that add up to 1, the largest no larger than all but `apart` of them have. What it has
    more goes to `rest`, which tells nothing and is never too large, or evenly to the others."""
    top = max((name for name in shares if name != rest), key=lambda name: shares[name])
    more = shares[top] - (1 - apart / of)
    if more <= 0:
        return shares
    others = [rest] if rest else [name for name in shares if name != top]
    return {
        **shares,
        top: round(shares[top] - more, 4),
        **{name: round(shares[name] + more / len(others), 4) for name in others},
    }


def in_fives(count: int) -> int:
    """A count of students as it may be told: one more or less does not show."""
    return count // SMALLEST * SMALLEST
