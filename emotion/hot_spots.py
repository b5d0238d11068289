"""Where in a lesson a class got stuck: faces, rewinds and self-reports, each place of ten seconds by itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from courses.models import Block, Lesson
from emotion.core import crowd
from emotion.core.support import wilson
from emotion.fives import Arrival, let_in
from emotion.models import FirstRewind, SelfReport
from emotion.selectors import BUCKET_SECONDS, SMALLEST_GROUP
from emotion.self_reports import first_answers

MOST = 5
Place = tuple[int, int]  # a block's id, and tens of seconds into it


@dataclass
class HotSpot:
    """`start` and `end` are seconds into the block. Of each sign, the most students at one of its places, as crowd.told
    has it: None for fewer than five; of nearly all, at least so many."""

    block: Block
    start: int
    end: int
    looked: int | None = None
    judged: int | None = None
    said: int | None = None
    all_said: bool = False  # so many or more: nearly all who answered in this part
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
            form = _("%(n)s of %(of)s students looked confused")
            if self.judged and self.looked >= self.judged - crowd.APART:
                form = _("%(n)s or more of %(of)s students looked confused")
            told.append(form % {"n": self.looked, "of": self.judged})
        if self.said:
            form = _("%(n)s or more said they were confused") if self.all_said else _("%(n)s said they were confused")
            told.append(form % {"n": self.said})
        if self.rewound:
            told.append(_("%(n)s went back") % {"n": self.rewound})
        return _(", ").join(told)


def clock(seconds: int) -> str:
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def hot_spots(lesson: Lesson, blocks: list[Block], points: list[dict[str, Any]], *, began: int) -> list[HotSpot]:
    """The strongest first, five at the most; `began` is how many students began the lesson. Four queries for any class.

    A place is hot where five students or more showed a sign, and the lower end of the 95 % interval of their share
    lies above what is usual: for faces the share of all windows of the lesson that looked confused, for what was said
    and done the mean of the other places. Neighbouring hot places are one spot.
    """
    answers = first_answers(lesson)
    said, agreed = _confused(answers)
    rewound = {place: count for place, count in _rewound(lesson).items() if count >= SMALLEST_GROUP}
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
    for spot in spots:
        spot.all_said = spot.block.pk in agreed
    return sorted(spots, key=lambda spot: -spot.strength)[:MOST]


def _rewound(lesson: Lesson) -> Counter[Place]:
    """How many students first went back at each place of a part, of those let in by fives."""
    what = "rewound {lesson} {edition} {block}"
    places: dict[int, Place] = {}
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    rows = FirstRewind.objects.filter(lesson=lesson, edition=lesson.edition).order_by("pk")
    for row, user, block, place in rows.values_list("pk", "user", "block_number", "place"):
        places[row] = block, place
        key = what.format(lesson=lesson.pk, edition=lesson.edition, block=block)
        arrivals[key].append(Arrival(row, user))
    shown = let_in(course_id=lesson.course.pk, arrivals=arrivals)
    return Counter(places[row] for rows in shown.values() for row in rows)


def _confused(answers: dict[int, list[SelfReport]]) -> tuple[dict[Place, int], set[int]]:
    """How many said at each place that they were confused, and the blocks where nearly all did. There, the counts add
    up to all but two, and so tell of nobody."""
    said: dict[Place, int] = {}
    agreed = set()
    for block, there in answers.items():
        counts = _count(answer for answer in there if answer.state == "confused")
        left, least = len(there), SMALLEST_GROUP
        if there and counts.total() >= len(there) - crowd.APART:
            agreed.add(block)
            left, least = len(there) - crowd.APART, 1 + crowd.APART
        for place, count in counts.most_common():
            told = min(count, left)
            left -= told
            if told >= least:
                said[place] = told
    return said, agreed


def _count(signs: Iterable[SelfReport]) -> Counter[Place]:
    """How many students at each place: each is there once."""
    return Counter((sign.block_number, int(sign.place_seconds // BUCKET_SECONDS)) for sign in signs)


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
