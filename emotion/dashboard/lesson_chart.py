"""The shapes of a lesson's chart. x is the material: blocks in order, ten seconds a step; y is a share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.hot_spots import HotSpot, clock
from emotion.lesson_climate import LessonClimate, Part
from emotion.selectors import BUCKET_SECONDS

WIDTH, AREA, BAND = 1000.0, 220.0, 90.0
NARROWEST = 6  # steps: a block without readings still has room for its name
TICK_MINUTES = (1, 2, 5, 10, 20, 30, 60)
TICK_ROOM = 44.0


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


@dataclass
class Along:
    """One timeline of a lesson: (number, block's id, title, x) of its parts, minutes into them, and the areas."""

    parts: list[tuple[int, int, str, float]]
    ticks: list[tuple[float, str]]
    expressions: list[tuple[str, str]]
    states: list[tuple[str, str]]


@dataclass
class Row:
    """A lesson in the history of a course: (name, x, width) of each share, in percent."""

    title: str
    expressions: list[tuple[str, float, float]]
    states: list[tuple[str, float, float]]


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


def draw_timeline(timeline: dict[str, Any]) -> Along:
    """A student's way through a lesson, or a class's, within WIDTH x AREA, and WIDTH x BAND for the states."""
    axis = along([block["number"] for block in timeline["blocks"]], timeline["points"])
    parts = [
        (n, block["number"], block["title"], round(axis.starts[block["number"]], 1))
        for n, block in enumerate(timeline["blocks"], 1)
    ]
    return Along(parts, ticks(axis), *stacks(timeline["points"], axis))


def draw_course(rows: Iterable[dict[str, Any]]) -> list[Row]:
    """A course by its lessons, a bar each."""
    return [Row(row["title"], _shares(row["expressions"]), _shares(row["states"])) for row in rows]


def _shares(measures: dict[str, float] | None) -> list[tuple[str, float, float]]:
    x, drawn = 0.0, []
    for name, share in (measures or {}).items():
        if share:
            drawn.append((name, round(100 * x, 2), round(100 * share, 2)))
        x += share
    return drawn


def ticks(axis: Axis) -> list[tuple[float, str]]:
    """Minutes into each part, as many as have room."""
    minute = axis.step * 60 / BUCKET_SECONDS
    every = next((n for n in TICK_MINUTES if n * minute >= TICK_ROOM), TICK_MINUTES[-1])
    found = []
    for block, start in axis.starts.items():
        n = every
        while n * minute <= axis.widths[block] - TICK_ROOM / 2:
            found.append((round(start + n * minute, 1), clock(60 * n)))
            n += every
    return found
