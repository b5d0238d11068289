"""Where in a lesson a class got stuck: faces, rewinds and self-reports, each place of ten seconds by itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, QuerySet
from django.db.models.functions import Cast, Floor
from django.utils.translation import gettext as _

from courses.models import Block, Lesson
from emotion.core.support import wilson
from emotion.models import BehaviourEvent, SelfReport
from emotion.selectors import BUCKET_SECONDS, SMALLEST_GROUP

MOST = 5
Place = tuple[int, int]  # a block's id, and tens of seconds into it


@dataclass
class HotSpot:
    """`start` and `end` are seconds into the block. Of each sign, the most students at one of its places: None for
    fewer than five."""

    block: Block
    start: int
    end: int
    looked: int | None = None
    judged: int | None = None
    said: int | None = None
    rewound: int | None = None
    strength: float = 0.0  # the largest share of the class that any sign showed, 0..1

    @property
    def address(self) -> str:
        """The place in the content: a video starts there."""
        return f"{self.block.lesson.get_absolute_url()}?at={self.start}#block-{self.block.pk}"

    @property
    def place(self) -> str:
        span = f"{clock(self.start)}\N{EN DASH}{clock(self.end)}"
        if self.block.kind == Block.Kind.VIDEO:
            return _("%(span)s in the video") % {"span": span}
        return _("after %(span)s of reading") % {"span": span}

    @property
    def words(self) -> str:
        """What the class showed there, in figures."""
        told = []
        if self.looked:
            told.append(_("%(n)s of %(of)s students looked confused") % {"n": self.looked, "of": self.judged})
        if self.said:
            told.append(_("%(n)s said they were confused") % {"n": self.said})
        if self.rewound:
            told.append(_("%(n)s went back") % {"n": self.rewound})
        return _(", ").join(told)


def clock(seconds: int) -> str:
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def hot_spots(lesson: Lesson, blocks: list[Block], points: list[dict[str, Any]], *, began: int) -> list[HotSpot]:
    """The strongest first, five at the most; `began` is how many students began the lesson. Two queries for any class.

    A place is hot where five students or more showed a sign, and the lower end of the 95 % interval of their share
    lies above what is usual: for faces the share of all windows of the lesson that looked confused, for what was said
    and done the mean of the other places. Neighbouring hot places are one spot.
    """
    said = _by_place(SelfReport.objects.filter(lesson=lesson, edition=lesson.edition, state="confused"))
    rewound = _by_place(BehaviourEvent.objects.filter(lesson=lesson, edition=lesson.edition, kind="rewind"))
    found = {
        "looked": {_place(p): (p["looked_confused"], p["judged"]) for p in points if p["looked_confused"]},
        "said": {place: (count, max(began, count)) for place, count in said.items()},
        "rewound": {place: (count, max(began, count)) for place, count in rewound.items()},
    }
    places = max(len(points), len(said.keys() | rewound.keys()))
    hot = set()
    for sign, counts in found.items():
        total = sum(count / of for count, of in counts.values())
        for place, (count, of) in counts.items():
            elsewhere = (total - count / of) / max(places - 1, 1)
            usual = _mean_confused(points) if sign == "looked" else elsewhere
            if wilson(count, of)[0] > usual:
                hot.add(place)
    runs = [(block, run) for block in blocks for run in _runs(sorted(n for pk, n in hot if pk == block.pk))]
    spots = [_spot(block, run, found) for block, run in runs]
    return sorted(spots, key=lambda spot: -spot.strength)[:MOST]


def _by_place(rows: QuerySet) -> dict[Place, int]:
    """How many different students at each place, from five up."""
    place = Cast(Floor(F("place_seconds") / BUCKET_SECONDS), IntegerField())
    counts = rows.order_by().annotate(place=place).values("block_number", "place")
    counted = counts.annotate(students=Count("user", distinct=True)).filter(students__gte=SMALLEST_GROUP)
    return {(row["block_number"], row["place"]): row["students"] for row in counted}


def _place(point: dict[str, Any]) -> Place:
    return point["block"], point["seconds"] // BUCKET_SECONDS


def _mean_confused(points: list[dict[str, Any]]) -> float:
    windows = sum(point["windows"] for point in points)
    return sum(p["states"]["confused"] * p["windows"] for p in points if p["states"]) / windows if windows else 0.0


def _runs(places: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for place in places:
        if runs and place - runs[-1][-1] == 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _spot(block: Block, run: list[int], found: dict[str, dict[Place, tuple[int, int]]]) -> HotSpot:
    spot = HotSpot(block, run[0] * BUCKET_SECONDS, (run[-1] + 1) * BUCKET_SECONDS)
    most = defaultdict(lambda: (0, 1))
    for sign, counts in found.items():
        here = [counts[block.pk, place] for place in run if (block.pk, place) in counts]
        if here:
            most[sign] = max(here, key=lambda shown: shown[0] / shown[1])
            setattr(spot, sign, most[sign][0])
    spot.judged = most["looked"][1]
    spot.strength = max(count / of for count, of in most.values())
    return spot
