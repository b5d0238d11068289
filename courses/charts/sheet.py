"""Paper to draw a chart on: SVG that is complete in itself, in light colours, with words of any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from django.utils.translation import get_language_bidi

from courses.charts.chart import Series

WIDTH, MARGIN = 1120.0, 40.0
LEFT, RIGHT = 96.0, 1096.0  # of what is drawn
# The light ones of static/css/tokens.css: a picture is for paper, whatever the page wears.
COLOURS = {
    "card": "#ffffff",
    "ink": "#1f2933",
    "ink-muted": "#5a6672",
    "line": "#e3dfd5",
    "line-strong": "#8c8a82",
    "primary": "#2f5d62",
    "accent": "#a4471f",
    "expr-neutral": "#77828c",
    "expr-happiness": "#b07d00",
    "expr-surprise": "#1b86b8",
    "expr-sadness": "#3d6fb6",
    "expr-anger": "#c8452f",
    "expr-disgust": "#6b8a3a",
    "expr-fear": "#7b5ea7",
    "expr-contempt": "#a0627a",
}
SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Sheet:
    """Grows downwards: `y` is where the next thing goes."""

    def __init__(self, title: str, description: str) -> None:
        self.svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
        self.put("title", text=title)
        self.put("desc", text=description)
        self.weaves = ElementTree.SubElement(self.svg, "defs")
        self.ground = self.put("rect", width=WIDTH, fill=COLOURS["card"])
        self.y = MARGIN

    def put(
        self, tag: str, within: ElementTree.Element | None = None, text: str = "", **attributes: object
    ) -> ElementTree.Element:
        """An element; `stroke_width` is written stroke-width, and numbers to a tenth."""
        written = {name.replace("_", "-"): _written(value) for name, value in attributes.items()}
        element = ElementTree.SubElement(self.svg if within is None else within, tag, written)
        element.text = _NOT_XML.sub("", text) or None
        return element

    def write(
        self, x: float, y: float, text: str, size: float = 14, colour: str = "ink-muted", **more: object
    ) -> ElementTree.Element:
        return self.put("text", text=text, x=x, y=y, font_size=size, fill=COLOURS[colour], **more)

    def paragraph(self, text: str, size: float = 14, colour: str = "ink-muted", **more: object) -> None:
        """Over the whole width, in the direction of the page's language, in as many lines as it needs."""
        if not text:
            return
        x, direction = (WIDTH - MARGIN, "rtl") if get_language_bidi() else (MARGIN, "ltr")
        for line in wrapped(text, size, WIDTH - 2 * MARGIN):
            self.y += 1.4 * size
            self.write(x, self.y, line, size, colour, direction=direction, **more)

    def paint(self, series: Series, d: str, x: float, y: float) -> None:
        """A path in a series' colour and weave."""
        if d:
            moved = {"d": d, "transform": f"translate({_written(x)} {_written(y)})", "shape_rendering": "crispEdges"}
            self.put("path", fill=COLOURS[series.colour], **moved)
            if series.weave:
                self.put("path", fill=f"url(#{self._weave(series.weave)})", **moved)

    def legend(self, series: Iterable[Series], left: float = LEFT) -> None:
        x, self.y = left, self.y + 14
        for each in series:
            width = 34 + reach(each.name, 14) + 18
            if x + width > RIGHT + 18 and x > left:
                x, self.y = left, self.y + 24
            self.paint(each, "M0 0h22v14h-22z", x, self.y)
            self.write(x + 30, self.y + 12, each.name, colour="ink")
            x += width
        self.y += 22

    def finish(self) -> str:
        height = self.y + MARGIN
        self.ground.set("height", _written(height))
        size = {"width": WIDTH, "height": height, "viewBox": f"0 0 {WIDTH:g} {height:.1f}", "font-family": SANS}
        for name, value in size.items():
            self.svg.set(name, _written(value))
        return ElementTree.tostring(self.svg, encoding="unicode")

    def _weave(self, d: str) -> str:
        known = [pattern[0].get("d") for pattern in self.weaves]
        if d not in known:
            name = f"weave-{len(known)}"
            box = self.put("pattern", self.weaves, id=name, width=8, height=8, patternUnits="userSpaceOnUse")
            self.put("path", box, d=d, fill="none", stroke=COLOURS["card"], stroke_width=1.5)
            known.append(d)
        return f"weave-{known.index(d)}"


def reach(text: str, size: float) -> float:
    """About how wide a text is drawn; the fonts are the reader's."""
    return size * sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.52 for letter in text)


def fitted(text: str, size: float, width: float) -> str:
    """What of a text has room, with … where some has not."""
    if reach(text, size) <= width:
        return text
    while text and reach(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…" if text else ""


def wrapped(text: str, size: float, width: float) -> Sequence[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and reach(longer, size) > width:
            lines.append("")
            longer = word
        lines[-1] = fitted(longer, size, width)
    return lines


def _written(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float | int) else str(value)
