"""Where in a lesson a learning state stands out from the rest of it. Pure functions over a class's history.

A place stands out when the lower end of the Wilson score interval (Wilson 1927) of its share lies clearly above the
share of all other places. Windows of one student are not independent, so the interval is narrower than it should be;
MARGIN makes up for that, and who looked so is counted by students afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WATCHED_STATES = ("confused", "frustrated", "bored", "delighted")
PLACE_SECONDS = 10
MARGIN = 0.1  # of the share, above the rest of the lesson
FEWEST_WINDOWS = 5
LARGEST_GAP_SECONDS = 20  # two hot places with one between them are one stretch
Z = 1.96  # 95 %


@dataclass(frozen=True)
class Stretch:
    """A stretch of a block in which a state stands out: [start, end) in seconds, and the share at its peak."""

    state: str
    block: int
    start: int
    end: int
    share: float
    elsewhere: float
    windows: int


def find_stretches(points: Sequence[Mapping[str, Any]], *, most: int = 5) -> list[Stretch]:
    """At most so many, what stands out most first. A point has `block`, `seconds`, `windows` (how many windows of ten
    seconds were judged there) and `states`: the share of each, or None."""
    judged = [point for point in points if point["states"] and point["windows"] >= FEWEST_WINDOWS]
    found = [stretch for state in WATCHED_STATES for stretch in _of_state(judged, state)]
    return sorted(found, key=lambda s: -s.windows * (s.share - s.elsewhere))[:most]


def wilson_lower(hits: float, of: int) -> float:
    """The lower end of the interval of a share, 0..1."""
    if of <= 0:
        return 0.0
    share = hits / of
    middle = share + Z * Z / (2 * of)
    spread = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + Z * Z / of))


def _of_state(judged: Sequence[Mapping[str, Any]], state: str) -> list[Stretch]:
    windows = sum(point["windows"] for point in judged)
    hits = sum(point["states"][state] * point["windows"] for point in judged)
    stretches: list[Stretch] = []
    for point in judged:
        n, share = point["windows"], point["states"][state]
        rest = windows - n
        if rest < n:
            continue  # most of what is known is this place: there is nothing to stand out from
        elsewhere = (hits - share * n) / rest
        if wilson_lower(share * n, n) <= elsewhere + MARGIN:
            continue
        start, last = point["seconds"], stretches[-1] if stretches else None
        if last and last.block == point["block"] and 0 <= start - last.end < LARGEST_GAP_SECONDS:
            stretches[-1] = Stretch(
                state,
                last.block,
                last.start,
                start + PLACE_SECONDS,
                max(last.share, share),
                min(last.elsewhere, elsewhere),
                last.windows + n,
            )
        else:
            stretches.append(Stretch(state, point["block"], start, start + PLACE_SECONDS, share, elsewhere, n))
    return stretches
