"""A chart as a picture: SVG for reports, and what a page makes a PNG of. No script, style or file is in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.charts.chart import Areas, Bars, Chart, Curves, Intervals, Line
from courses.charts.sheet import COLOURS, LEFT, MARGIN, RIGHT, Sheet, fitted

LABELS = 300.0  # room for the names of rows
FIGURES = 84.0  # and for what a bar says


def picture(chart: Chart) -> str:
    """The chart with title, axes, legend and date."""
    sheet = Sheet(chart.title, chart.about)
    sheet.paragraph(chart.title, 24, "ink", font_weight=650)
    sheet.paragraph(chart.about, 15)
    sheet.y += 26
    for panel in chart.panels:
        _DRAWN_BY[type(panel)](sheet, panel)
        sheet.y += 20
    for note in chart.notes:
        sheet.paragraph(note, 13)
        sheet.y += 4
    at = date_format(timezone.localtime(chart.as_of or timezone.now()), "DATETIME_FORMAT")
    sheet.paragraph(_("Attune, as of %(at)s") % {"at": at}, 13)
    return sheet.finish()


def _areas(sheet: Sheet, panel: Areas) -> None:
    start = sheet.y
    for number, band in enumerate(panel.bands):
        sheet.y += 34 if number else 8
        top, bottom = sheet.y, sheet.y + band.height
        sheet.write(LEFT, top - 8, band.title, 13)
        for percent in (0, 50, 100):
            y = bottom - band.height * percent / 100
            _rule(sheet, LEFT, y, RIGHT, y)
            sheet.write(LEFT - 8, y + 5, f"{percent}%", 13, text_anchor="end")
        for series, path in band.layers:
            sheet.paint(series, path, LEFT, top)
        sheet.y = bottom
    bottom = sheet.y
    for x, width, n in panel.frames:
        box = {"x": LEFT + x, "y": start + 4, "width": width, "height": bottom - start}
        sheet.put("rect", fill="none", stroke=COLOURS["accent"], stroke_width=2, **box)
        sheet.write(LEFT + x, start - 4, str(n), 13, "accent", font_weight=650)
    for x, word in panel.ticks:
        _rule(sheet, LEFT + x, bottom, LEFT + x, bottom + 5, "line-strong")
        sheet.write(LEFT + x, bottom + 18, word, 11, text_anchor="middle")
    sheet.y += 26 if panel.ticks else 4
    for number, column in enumerate(panel.columns):
        _rule(sheet, LEFT + column.x, start + 8, LEFT + column.x, sheet.y + 20 * len(panel.lines), "line-strong")
        after = panel.columns[number + 1].x if number + 1 < len(panel.columns) else RIGHT - LEFT
        for line, words in enumerate(column.lines):
            room = after - column.x - 8
            sheet.write(LEFT + column.x + 4, sheet.y + 20 * line + 14, fitted(words, 13, room), 13, "ink")
    for line, words in enumerate(panel.lines):
        sheet.write(LEFT - 8, sheet.y + 20 * line + 14, words, 13, text_anchor="end")
    sheet.y += 20 * len(panel.lines) + 6
    for band in panel.bands:
        sheet.legend(series for series, _path in band.layers)


def _bars(sheet: Sheet, panel: Bars) -> None:
    start, end = MARGIN + LABELS, RIGHT - FIGURES
    sums = [[value for value in values if value is not None] for _label, values in panel.rows]
    highest = max((sum(row) if panel.stacked else max(row) for row in sums if row), default=0)
    most, step = (100.0, 25.0) if panel.unit == "%" else _scale(highest)
    if panel.title:
        sheet.paragraph(panel.title, 16, "ink", font_weight=650)
        sheet.y += 12
    bar = 20 if panel.stacked or len(panel.series) == 1 else 13
    row_height = (bar if panel.stacked else bar * len(panel.series)) + 12
    bottom = sheet.y + row_height * len(panel.rows)
    for tick in range(round(most / step) + 1):
        x = start + (end - start) * tick * step / most
        _rule(sheet, x, sheet.y, x, bottom)
        sheet.write(x, bottom + 18, f"{tick * step:g}{panel.unit}", 13, text_anchor="middle")
    for label, values in panel.rows:
        sheet.write(MARGIN, sheet.y + row_height / 2 + 2, fitted(label, 14, LABELS - 16), colour="ink")
        x, y = start, sheet.y + 4
        for series, value in zip(panel.series, values, strict=True):
            width = (end - start) * (value or 0) / most
            sheet.paint(series, f"M0 0h{width:.1f}v{bar}h-{width:.1f}z" if width else "", x, y)
            if panel.stacked:
                x += width
            else:
                said = "\N{EN DASH}" if value is None else f"{value:g}{panel.unit}"
                sheet.write(x + width + 6, y + bar / 2 + 4, said, 12, "ink")
                y += bar
        sheet.y += row_height
    sheet.y = bottom + 26
    if len(panel.series) > 1:
        sheet.legend(panel.series, start)


def _scale(highest: float) -> tuple[float, float]:
    """Where a count's axis ends, and the step of its ticks: 1, 2 or 5 times a power of ten, five at the most."""
    rough = max(highest, 1) / 5
    power = 10 ** math.floor(math.log10(rough)) if rough > 1 else 1
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    return float(step * math.ceil(max(highest, 1) / step)), float(step)


def _intervals(sheet: Sheet, panel: Intervals) -> None:
    middle, whole = (LEFT + RIGHT) / 2, (RIGHT - LEFT) / 2
    if panel.title:
        sheet.paragraph(panel.title, 16, "ink", font_weight=650)
        sheet.y += 8
    for row in panel.rows:
        sheet.paragraph(row.title, 15, "ink", font_weight=650)
        sheet.paragraph(row.words, 14)
        if None not in (row.low, row.high, row.least, row.most):
            y = sheet.y + 18
            _rule(sheet, LEFT, y, RIGHT, y)
            _rule(sheet, middle, y - 11, middle, y + 11, "line-strong")
            reaches = {"x": middle + whole * row.low, "width": whole * (row.high - row.low)}
            sheet.put("rect", y=y - 4, height=8, fill=COLOURS["primary"], opacity=0.5, **reaches)
            width = max(6.0, whole * (row.most - row.least))
            centre = middle + whole * (row.least + row.most) / 2
            sheet.put("rect", x=centre - width / 2, y=y - 9, width=width, height=18, fill=COLOURS["primary"])
            sheet.y = y + 8
        sheet.y += 12
    for x, anchor, words in zip((LEFT, middle, RIGHT), ("start", "middle", "end"), panel.ends, strict=True):
        sheet.write(x, sheet.y + 14, words, 13, text_anchor=anchor)
    sheet.y += 24


def _line(sheet: Sheet, panel: Line) -> None:
    width, height = 700.0, 320.0
    sheet.write(LEFT, sheet.y, panel.up, 13)
    top, bottom = sheet.y + 16, sheet.y + 16 + height
    for percent in (0, 25, 50, 75, 100):
        y = bottom - height * percent / 100
        _rule(sheet, LEFT, y, LEFT + width, y)
        sheet.write(LEFT - 8, y + 5, f"{percent}%", 13, text_anchor="end")
        sheet.write(LEFT + width * percent / 100, bottom + 20, f"{percent}%", 13, text_anchor="middle")
    drawn = [(LEFT + width * x / 100, top + height * (1 - y / 100)) for x, y in panel.points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
    sheet.put("polyline", points=joined, fill="none", stroke=COLOURS["primary"], stroke_width=2)
    for x, y in drawn:
        sheet.put("circle", cx=x, cy=y, r=4, fill=COLOURS["primary"])
    sheet.write(LEFT + width, bottom + 40, panel.across, 13, text_anchor="end")
    sheet.y = bottom + 48


def _curves(sheet: Sheet, panel: Curves) -> None:
    width, height = RIGHT - LEFT, 280.0
    values = [value for _series, line in panel.series for value in line if value is not None]
    most, step = (100.0, 25.0) if panel.unit == "%" else _scale(max(values, default=0))
    sheet.write(LEFT, sheet.y, panel.up, 13)
    bottom = sheet.y + 16 + height
    for tick in range(round(most / step) + 1):
        y = bottom - height * tick * step / most
        _rule(sheet, LEFT, y, RIGHT, y)
        sheet.write(LEFT - 8, y + 5, f"{tick * step:g}{panel.unit}", 13, text_anchor="end")
    length = max((len(line) for _series, line in panel.series), default=0)
    across = [LEFT + width * (n + 0.5) / max(length, 1) for n in range(length)]
    every = -(-length // 20)  # more numbers than twenty would run into each other
    for n in range(0, length, max(every, 1)):
        sheet.write(across[n], bottom + 20, str(panel.first + n), 13, text_anchor="middle")
    for number, (series, line) in enumerate(panel.series):
        drawn = [(x, bottom - height * y / most) for x, y in zip(across, line, strict=False) if y is not None]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
        look = {"fill": "none", "stroke": COLOURS[series.colour], "stroke_width": 2}
        sheet.put("polyline", points=joined, **look, **({"stroke_dasharray": f"{6 * number} 4"} if number else {}))
        for x, y in drawn if len(drawn) < 40 else ():
            sheet.put("circle", cx=x, cy=y, r=3, fill=COLOURS[series.colour])
    sheet.write(RIGHT, bottom + 40, panel.across, 13, text_anchor="end")
    sheet.y = bottom + 48
    sheet.legend(series for series, _line in panel.series)


def _rule(sheet: Sheet, x1: float, y1: float, x2: float, y2: float, colour: str = "line") -> None:
    sheet.put("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=COLOURS[colour])


_DRAWN_BY: dict[type, Callable[[Sheet, Any], None]] = {
    Areas: _areas,
    Bars: _bars,
    Intervals: _intervals,
    Line: _line,
    Curves: _curves,
}
