"""What a chart's picture shows, whatever is written on it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.utils import translation

from courses.charts.chart import Areas, Band, Bars, Chart, Column, Interval, Intervals, Line, Series
from courses.charts.picture import _scale, picture
from courses.charts.sheet import COLOURS, fitted, reach, wrapped

SVG = "{http://www.w3.org/2000/svg}"
BEGAN, DONE = Series("Began", "expr-neutral", "M0 0L8 8"), Series("Completed", "primary")


def a_chart(*panels, title: str = "Where students stop", **more) -> Chart:
    return Chart("funnel", title, "Bread", ["Lesson"], [], panels, **more)


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(picture(chart))


def words(svg: ElementTree.Element) -> list[str]:
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_it_has_a_title_an_axis_a_legend_and_a_date():
    svg = drawn(a_chart(Bars([BEGAN, DONE], [("Yeast", (80, 40.0))]), notes=["Of those who take it now."]))
    said = words(svg)
    assert {"Where students stop", "Bread", "Yeast", "0%", "100%", "80%", "40%", "Began", "Completed"} <= set(said)
    assert "Of those who take it now." in said
    assert re.search(r"Attune, as of .*\d{4}", said[-1])
    assert svg.find(f"{SVG}title").text == "Where students stop"


def test_its_colours_are_the_light_ones_of_the_pages():
    light = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text().partition("@media")[0]
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    assert {name: tokens[name] for name in COLOURS} == COLOURS


def test_a_bar_is_as_long_as_its_value():
    svg = drawn(a_chart(Bars([DONE], [("Half", [50]), ("All", [100])])))
    half, full = (float(re.search(r"h([\d.]+)v", path.get("d"))[1]) for path in svg.findall(f"{SVG}path"))
    assert full == 2 * half > 100


def test_stacked_bars_begin_where_the_one_before_ends():
    svg = drawn(a_chart(Bars([BEGAN, DONE], [("Yeast", (25, None)), ("Salt", (25, 75))], stacked=True)))
    ground = [path for path in svg.findall(f"{SVG}path") if path.get("fill") == COLOURS["primary"]]
    starts = {float(re.search(r"translate\(([\d.]+) ", path.get("transform"))[1]) for path in ground[:1]}
    assert starts == {340 + (1096 - 84 - 340) / 4}


@pytest.mark.parametrize(
    ("highest", "axis"), [(0, (1, 1)), (3, (3, 1)), (7, (8, 2)), (23, (25, 5)), (130, (150, 50)), (4000, (4000, 1000))]
)
def test_counts_have_round_ticks(highest, axis):
    assert _scale(highest) == axis


def test_nothing_that_people_wrote_is_markup_or_breaks_the_file():
    text = picture(a_chart(Bars([DONE], [("<script>\x0b&", [1])]), title='"><script>alert(1)</script>'))
    svg = ElementTree.fromstring(text)
    assert "<script" not in text
    assert "<script>&" in words(svg)


def test_nothing_is_in_it_that_a_strict_page_would_refuse():
    text = picture(
        a_chart(
            Areas([Band("Looks", 100, [(BEGAN, "M0 100h10V0h-10z")])], [(5, "00:10")], [Column(0, ["1."])], ["part"]),
            Intervals([Interval("Whole", "fewer", -0.4, -0.1, -0.3, -0.3)], ("fewer", "same", "more")),
            Line([(10, 0), (100, 40)], "judged", "wrong"),
        )
    )
    assert not re.search(r"style=|<style|<script|href=|\son\w+=", text)


def test_an_interval_lies_on_its_side_of_the_middle():
    row = Interval("Whole", "fewer", -0.4, -0.1, -0.3, -0.3)
    svg = drawn(a_chart(Intervals([row, Interval("Part", "not enough students")], ("fewer", "same", "more"))))
    reached = [box for box in svg.findall(f"{SVG}rect") if box.get("opacity")]
    assert [(float(box.get("x")), float(box.get("width"))) for box in reached] == [(596 - 5 * 40, 5 * 30)]
    assert "not enough students" in words(svg)


def test_words_are_cut_or_wrapped_before_they_run_into_something():
    assert fitted("Bread", 14, 200) == "Bread"
    assert fitted("Sourdough " * 20, 14, 200).endswith("…")
    assert reach(fitted("発酵の時間" * 20, 14, 200), 14) <= 200
    lines = wrapped("a sentence that goes on " * 20, 14, 400)
    assert len(lines) > 3
    assert all(reach(line, 14) <= 400 for line in lines)


def test_a_page_in_arabic_has_a_picture_from_the_right():
    with translation.override("ar"):
        svg = drawn(a_chart(title="الخبز"))
    [title] = [text for text in svg.iter(f"{SVG}text") if text.text == "الخبز"]
    assert (title.get("direction"), float(title.get("x"))) == ("rtl", 1080)
