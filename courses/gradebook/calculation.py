"""How marks become a total: pure functions, exact decimals, one rounding at the very end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

HUNDRED = Decimal(100)
TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Category:
    """`weight` in percent; `keys` of the items in it; so many of the lowest are left out."""

    id: int | None
    name: str
    weight: Decimal
    keys: tuple[str, ...]
    drop_lowest: int = 0


@dataclass(frozen=True)
class Total:
    """Percent, unrounded, or None where nothing counts yet. `dropped` are the keys left out as the lowest."""

    percent: Decimal | None
    categories: Mapping[int | None, Decimal | None]
    dropped: frozenset[str]

    @property
    def rounded(self) -> Decimal | None:
        return rounded(self.percent)


def rounded(percent: Decimal | None) -> Decimal | None:
    """To one decimal, halves up: the figure that every page and the CSV show."""
    return None if percent is None else percent.quantize(TENTH, ROUND_HALF_UP)


def total_of(
    categories: Sequence[Category],
    most: Mapping[str, Decimal],
    scores: Mapping[str, Decimal],
    *,
    excused: Collection[str] = (),
    missing_is_zero: bool = False,
) -> Total:
    """One person's total. `most` is what each item is worth, `scores` what they got; an item without a score is left
    out, or counts as zero with `missing_is_zero`; an excused one is left out always.

    A category's percent is the points in it over the points possible, without the lowest (by percent; of equals, the
    one that is worth more, then the first). The total weighs the categories in which something counts; the weight of
    the others is spread over these in proportion.
    """
    percents: dict[int | None, Decimal | None] = {}
    dropped: set[str] = set()
    for category in categories:
        counted = {
            key: scores.get(key, Decimal(0))
            for key in category.keys
            if key not in excused and most[key] > 0 and (key in scores or missing_is_zero)
        }
        lowest = sorted(counted, key=lambda key: (counted[key] / most[key], -most[key]))
        out = lowest[: max(0, min(category.drop_lowest, len(counted) - 1))]
        dropped.update(out)
        kept = [key for key in counted if key not in out]
        possible = sum((most[key] for key in kept), Decimal(0))
        percents[category.id] = sum((counted[key] for key in kept), Decimal(0)) / possible * HUNDRED if kept else None
    weighed = [(c.weight, percents[c.id]) for c in categories if percents[c.id] is not None and c.weight > 0]
    weights = sum((weight for weight, _ in weighed), Decimal(0))
    percent = sum((weight * part for weight, part in weighed), Decimal(0)) / weights if weights else None
    return Total(percent, percents, frozenset(dropped))
