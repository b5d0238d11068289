"""A chart as what it says: a table, and panels that draw it. Whoever builds one takes the figures of its page."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """A thing of the legend. `colour` names one of `picture.COLOURS`; `weave` is drawn over it, for who sees none."""

    name: str
    colour: str
    weave: str = ""


@dataclass(frozen=True)
class Band:
    """Areas on each other: a path a series, within 0..1000 from left to right and 0..`height` from top to bottom."""

    title: str
    height: float
    layers: Sequence[tuple[Series, str]]


@dataclass(frozen=True)
class Column:
    """A part of what is along the axis, with lines of words or figures under it."""

    x: float
    lines: Sequence[str]


@dataclass(frozen=True)
class Areas:
    """Bands over one axis of 0..1000, with ticks (x, word), parts, and frames (x, width, number) around places."""

    bands: Sequence[Band]
    ticks: Sequence[tuple[float, str]] = ()
    columns: Sequence[Column] = ()
    lines: Sequence[str] = ()  # what each line under the columns tells
    frames: Sequence[tuple[float, float, int]] = ()


@dataclass(frozen=True)
class Bars:
    """A row a thing, with a bar for each series: under each other, or `stacked` to one. None is no bar.

    `unit` is "%" for values of 0..100, or empty for counts.
    """

    series: Sequence[Series]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    stacked: bool = False
    unit: str = "%"
    title: str = ""


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, with the figure itself from `least` to `most`: differences of shares, in -1..1. All None
    where nothing can be told."""

    title: str
    words: str
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Intervals:
    rows: Sequence[Interval]
    ends: tuple[str, str, str]  # what the left end, the middle and the right end of the axis mean
    title: str = ""


@dataclass(frozen=True)
class Line:
    """Points (x, y) of 0..100 each, joined."""

    points: Sequence[tuple[float, float]]
    across: str
    up: str


@dataclass(frozen=True)
class Curves:
    """A line a series over the whole numbers from `first` on, each with a value of 0 or more; None is a gap. `unit` as
    in Bars."""

    series: Sequence[tuple[Series, Sequence[float | None]]]
    first: int
    across: str
    up: str
    unit: str = ""


@dataclass(frozen=True)
class Chart:
    """`name` is the file's, without an ending. The table is `rows` of plain numbers and words under `header`; None is
    an empty cell. `notes` are whole sentences under the picture."""

    name: str
    title: str
    about: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    panels: Sequence[Areas | Bars | Intervals | Line | Curves]
    notes: Sequence[str] = ()
    as_of: datetime.datetime | None = None
