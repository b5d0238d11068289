"""The shapes of a lesson's chart. x is the material: blocks in order, ten seconds a step; y is a share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
class Axis:
    """Where a lesson's blocks begin and end, by their ids, and how wide ten seconds are."""

    starts: dict[int, float]
    widths: dict[int, float]
    step: float

    def at(self, block: int, seconds: int) -> float:
        return round(self.starts[block] + seconds / BUCKET_SECONDS * self.step, 1)


@dataclass
class Chart:
    axis: Axis
    columns: list[Column]
    marks: list[Mark]
    expressions: list[tuple[str, str]] = field(default_factory=list)  # (name, path)
    states: list[tuple[str, str]] = field(default_factory=list)


def draw(climate: LessonClimate) -> Chart:
    """Coordinates within WIDTH x AREA, and WIDTH x BAND for the states."""
    points = climate.timeline["points"]
    axis = along([part.block.pk for part in climate.parts], points, [(s.block.pk, s.end) for s in climate.spots])
    columns = [
        Column(part, number, round(axis.starts[part.block.pk], 1), round(axis.widths[part.block.pk], 1))
        for number, part in enumerate(climate.parts, 1)
    ]
    marks = [
        Mark(s, n, axis.at(s.block.pk, s.start), max(4.0, round((s.end - s.start) / BUCKET_SECONDS * axis.step, 1)))
        for n, s in enumerate(climate.spots, 1)
    ]
    return Chart(axis, columns, marks, *stacks(points, axis))


def along(blocks: Sequence[int], points: list[dict[str, Any]], more: Iterable[tuple[int, int]] = ()) -> Axis:
    """Room for each block, and in it for its points and for what else ends so many seconds into it."""
    steps = dict.fromkeys(blocks, NARROWEST)
    for block, seconds in [*((p["block"], p["seconds"] + BUCKET_SECONDS) for p in points), *more]:
        if block in steps:
            steps[block] = max(steps[block], seconds // BUCKET_SECONDS)
    step = WIDTH / max(sum(steps.values()), 1)
    starts, x = {}, 0.0
    for block, width in steps.items():
        starts[block] = x
        x += width * step
    return Axis(starts, {block: width * step for block, width in steps.items()}, step)


def stacks(points: list[dict[str, Any]], axis: Axis) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(name, path) of the expressions, and of the states."""
    shown = [(axis.at(p["block"], p["seconds"]), p) for p in points if p["block"] in axis.starts]
    return (
        _stack(shown, "expressions", EXPRESSIONS, AREA, axis.step),
        _stack(shown, "states", COUNTED_STATES, BAND, axis.step),
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
