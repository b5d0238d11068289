"""The shapes of a lesson's chart. x is the material: blocks in order, ten seconds a step; y is a share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.hot_spots import HotSpot
from emotion.lesson_climate import LessonClimate, Part
from emotion.selectors import BUCKET_SECONDS

WIDTH, AREA, BAND = 1000.0, 220.0, 90.0
NARROWEST = 6  # steps: a block without readings still has room for its name


@dataclass
class Column:
    part: Part
    number: int
    x: float
    width: float


@dataclass
class Mark:
    spot: HotSpot
    number: int
    x: float
    width: float


@dataclass
class Chart:
    columns: list[Column]
    marks: list[Mark]
    expressions: list[tuple[str, str]] = field(default_factory=list)  # (name, path)
    states: list[tuple[str, str]] = field(default_factory=list)


def draw(climate: LessonClimate) -> Chart:
    """Coordinates within WIDTH x AREA, and WIDTH x BAND for the states."""
    points = climate.timeline["points"]
    steps = {part.block.pk: NARROWEST for part in climate.parts}
    ends = [(p["block"], p["seconds"] + BUCKET_SECONDS) for p in points]
    ends += [(spot.block.pk, spot.end) for spot in climate.spots]
    for block, seconds in ends:
        if block in steps:
            steps[block] = max(steps[block], seconds // BUCKET_SECONDS)
    step = WIDTH / max(sum(steps.values()), 1)
    columns, x = [], 0.0
    for number, part in enumerate(climate.parts, 1):
        columns.append(Column(part, number, round(x, 1), round(steps[part.block.pk] * step, 1)))
        x += steps[part.block.pk] * step
    starts = {column.part.block.pk: column.x for column in columns}

    def at(block: int, seconds: int) -> float:
        return round(starts[block] + seconds / BUCKET_SECONDS * step, 1)

    marks = [
        Mark(s, number, at(s.block.pk, s.start), max(4.0, round((s.end - s.start) / BUCKET_SECONDS * step, 1)))
        for number, s in enumerate(climate.spots, 1)
    ]
    shown = [(at(p["block"], p["seconds"]), p) for p in points if p["block"] in starts]
    return Chart(
        columns,
        marks,
        _stack(shown, "expressions", EXPRESSIONS, AREA, step),
        _stack(shown, "states", COUNTED_STATES, BAND, step),
    )


def _stack(shown: list[tuple[float, dict[str, Any]]], measure: str, names, height: float, step: float):
    """One path a name: a box for each step, on those of the names before. A gap is where nothing was read."""
    boxes: dict[str, list[str]] = {name: [] for name in names}
    for x, point in shown:
        base = height
        for name in names if point[measure] else ():
            top = base - point[measure][name] * height
            if base - top >= 0.1:
                boxes[name].append(f"M{x:.1f} {base:.1f}h{step:.1f}V{top:.1f}h-{step:.1f}z")
            base = top
    return [(name, "".join(drawn)) for name, drawn in boxes.items()]
