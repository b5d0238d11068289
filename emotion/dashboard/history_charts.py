"""How lessons and courses looked, as charts to take along: the figures of the pages, from the same selectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from courses.charts.chart import Areas, Band, Bars, Chart, Column, Series
from courses.models import Course, Lesson
from emotion import selectors
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import lesson_chart
from emotion.lesson_climate import LessonClimate
from emotion.selectors import SMALLEST_GROUP

# As on the page: each differs from its neighbours without colour.
WEAVES = ("", "M0 0L8 8", "M4 0V8", "M0 4H8", "M0 8L8 0", "M2 2h1M6 6h1", "M0 0L8 8M0 8L8 0", "M4 0V8M0 4H8")
STATE_WEAVES = ("", "M0 0L8 8", "M4 0V8", "M0 4H8", "M2 2h1M6 6h1", "")
STATE_COLOURS = {
    "engaged": "primary",
    "confused": "expr-fear",
    "frustrated": "expr-anger",
    "bored": "expr-sadness",
    "delighted": "expr-happiness",
    "unsure": "line",
}


def expression_series() -> dict[str, Series]:
    return {name: Series(_(name), f"expr-{name}", weave) for name, weave in zip(EXPRESSIONS, WEAVES, strict=True)}


def state_series() -> dict[str, Series]:
    named = zip(COUNTED_STATES, STATE_WEAVES, strict=True)
    return {name: Series(looked(name), STATE_COLOURS[name], weave) for name, weave in named}


def lesson(of: Lesson, climate: LessonClimate) -> Chart | None:
    """A class's way through a lesson. None where the page shows neither how it looked nor how far the class came."""
    if climate.is_empty:
        return None
    drawn = lesson_chart.draw(climate)
    figures = [_("part"), _("came"), _("quiz")]
    columns = [
        Column(
            column.x,
            [
                f"{column.number}. {column.part.block.title}",
                _percent(column.part.reached_percent),
                _percent(column.part.quiz_percent),
            ],
        )
        for column in drawn.columns
    ]
    frames = [(mark.x, mark.width, mark.number) for mark in drawn.marks]
    bands = _bands(drawn.expressions, drawn.states, climate.timeline["points"])
    return Chart(
        name=f"lesson-{of.pk}",
        title=_("How “%(lesson)s” looked to the class") % {"lesson": of.title},
        about=_about_class(of.course, climate.students),
        header=[*_timeline_header(), _("Came so far, %"), _("Quiz, first attempts, %"), _("Quiz, students")],
        rows=_lesson_rows(climate),
        panels=[Areas(bands, lesson_chart.ticks(drawn.axis) if bands else (), columns, figures, frames)],
        notes=[
            *(f"{m.number}. {m.spot.block.title}, {m.spot.place}: {m.spot.words}." for m in drawn.marks),
            *_told(climate.timeline["points"]),
            _("A gap is where fewer than %(few)s students were read.") % {"few": SMALLEST_GROUP},
            _weak(),
        ],
        as_of=climate.timeline.get("as_of"),
    )


def own_lesson(of: Lesson, timeline: dict[str, Any]) -> Chart | None:
    """A student's own way through a lesson, or through a former edition of it."""
    points = timeline["points"]
    if not points:
        return None
    is_former = timeline.get("edition", of.edition) != of.edition
    blocks = [block["number"] for block in timeline["blocks"]]
    axis = lesson_chart.along(blocks, points)
    columns = [
        Column(axis.starts[block["number"]], [f"{number}. {block['title']}"])
        for number, block in enumerate(timeline["blocks"], 1)
    ]
    bands = _bands(*lesson_chart.stacks(points, axis), points)
    return Chart(
        name=f"my-lesson-{of.pk}" + (f"-edition-{timeline['edition']}" if is_former else ""),
        title=_("How “%(lesson)s” looked") % {"lesson": of.title},
        about=of.course.title + (f" · {_('Edition %(edition)s') % timeline}" if is_former else ""),
        header=_timeline_header(),
        rows=[_timeline_row(point, row) for point, row in zip(points, selectors.table_rows(timeline), strict=True)],
        panels=[Areas(bands, lesson_chart.ticks(axis), columns, [_("part")])],
        notes=[*_told(points), _("A gap is where nothing was read."), _own()],
    )


def own_course(of: Course, entries: list[dict[str, Any]]) -> Chart | None:
    """A student's own history of a course, by lesson."""
    rows = selectors.course_rows(entries)
    if not rows:
        return None
    return Chart(
        name=f"my-course-{of.slug}",
        title=_("How “%(course)s” looked") % {"course": of.title},
        about=_("By lesson, where the camera was on."),
        header=[_("Lesson"), *_measures_header()],
        rows=[[row["title"], *_measures(row)] for row in rows],
        panels=_by_lesson(rows),
        notes=[*_told(rows), _own()],
    )


def shared(chart: Chart | None, student: User) -> Chart | None:
    """A student's own chart as those who teach them have it."""
    if chart is None:
        return None
    return replace(
        chart,
        name=chart.name.replace("my-", "shared-", 1),
        about=_("%(about)s, shared by %(student)s") % {"about": chart.about.rstrip("."), "student": student},
        notes=[*(note for note in chart.notes if note != _own()), _weak()],
    )


def class_course(of: Course, entries: list[dict[str, Any]]) -> Chart | None:
    """A class's history of a course, by lesson. None without a lesson that five students were read in."""
    shown = [entry for entry in entries if entry["students"]]
    if not shown:
        return None
    rows = selectors.course_rows(shown)
    return Chart(
        name=f"course-{of.slug}",
        title=_("How the lessons of “%(course)s” looked to the class") % {"course": of.title},
        about=_("Each from %(few)s students up.") % {"few": SMALLEST_GROUP},
        header=[_("Lesson"), _("Students"), *_measures_header()],
        rows=[[row["title"], row["students"], *_measures(row)] for row in rows],
        panels=_by_lesson(rows),
        notes=[*_told(rows), _weak()],
        as_of=max(entry["as_of"] for entry in shown),
    )


def live(of: Course, trend: Sequence[Sequence[float]], *, end: int, step: int, steps: int) -> Chart | None:
    """The last minutes of a running class: [Unix time, shares in the order of COUNTED_STATES]; None without any."""
    if not trend:
        return None
    width = lesson_chart.WIDTH / steps
    paths = dict.fromkeys(COUNTED_STATES, "")
    for at, *shares in trend:
        x, base = lesson_chart.WIDTH - (end - at) / step * width, lesson_chart.AREA
        for name, share in zip(COUNTED_STATES, shares, strict=True):
            height = share * lesson_chart.AREA
            if height >= 0.1:
                paths[name] += f"M{x:.1f} {base:.1f}h{width:.1f}v-{height:.1f}h-{width:.1f}z"
            base -= height
    series, minutes = state_series(), steps * step // 60
    ago = [(0.0, minutes), (lesson_chart.WIDTH / 2, minutes // 2), (lesson_chart.WIDTH, 0)]
    ticks = [(x, _("%(n)s minutes ago") % {"n": n} if n else _("now")) for x, n in ago]
    band = Band(_("Learning states"), lesson_chart.AREA, [(series[name], d) for name, d in paths.items()])
    return Chart(
        name=f"now-{of.slug}",
        title=_("How the class looked in the last %(minutes)s minutes") % {"minutes": minutes},
        about=of.title,
        header=[_("Seconds ago"), *(f"{each.name}, %" for each in series.values())],
        rows=[[int(end - at), *(round(100 * share) for share in shares)] for at, *shares in trend],
        panels=[Areas([band], ticks)],
        notes=[_("From %(few)s cameras up.") % {"few": SMALLEST_GROUP}, _weak()],
    )


def _lesson_rows(climate: LessonClimate) -> list[list[object]]:
    """By part and place; a part that nothing was read in has a row too, for how many came and its quiz."""
    points = climate.timeline["points"]
    of_block: dict[int, list[list[object]]] = {}
    for point, row in zip(points, selectors.table_rows(climate.timeline) if points else [], strict=True):
        of_block.setdefault(point["block"], []).append(_timeline_row(point, row))
    rows = []
    for part in climate.parts:
        nothing: list[list[object]] = [[part.block.title, *[None] * (len(_timeline_header()) - 1)]]
        told = [part.reached_percent, part.quiz_percent, part.quiz_students]
        rows += [[*row, *told] for row in of_block.pop(part.block.pk, nothing)]
    return [*rows, *([*row, None, None, None] for left in of_block.values() for row in left)]


def _timeline_header() -> list[str]:
    return [_("Part"), _("Seconds"), *_measures_header()]


def _timeline_row(point: dict[str, Any], row: dict[str, Any]) -> list[object]:
    return [row["block"], point["seconds"], *_measures(row)]


def _measures_header() -> list[str]:
    looks = (f"{looked(name)}, %" for name in COUNTED_STATES)
    return [_("Faces"), *(f"{_(name)}, %" for name in EXPRESSIONS), _("Not read"), *looks]


def _measures(row: dict[str, Any]) -> list[object]:
    return [row["faces"], *row["percentages"], row["other"], *row["states_percentages"]]


def _bands(expressions, states, points: list[dict[str, Any]]) -> list[Band]:
    """Those with something in them: a lesson can be read without a state being judged."""
    looks, states_looks = expression_series(), state_series()
    shown = []
    if any(point["expressions"] for point in points):
        layers = [(looks[name], path) for name, path in expressions]
        shown.append(Band(_("Expressions"), lesson_chart.AREA, layers))
    if any(point["states"] for point in points):
        shown.append(Band(_("Learning states"), lesson_chart.BAND, [(states_looks[name], d) for name, d in states]))
    return shown


def _by_lesson(rows: list[dict[str, Any]]) -> list[Bars]:
    drawn = [_stacked(_("Expressions"), expression_series(), rows, "expressions")]
    if any(row["states"] for row in rows):
        drawn.append(_stacked(_("Learning states"), state_series(), rows, "states"))
    return drawn


def _stacked(title: str, series: dict[str, Series], rows: list[dict[str, Any]], measure: str) -> Bars:
    """By the shares themselves: rounded ones would end short of 100 or beyond."""
    shares = [(row["title"], [100 * row[measure][name] if row[measure] else None for name in series]) for row in rows]
    return Bars([*series.values()], shares, stacked=True, title=title)


def looked(state: str) -> str:
    return _("looked %(state)s") % {"state": _(state)}


def _percent(value: int | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value}%"


def _about_class(course: Course, students: int | None) -> str:
    if not students:
        return course.title
    return _("%(course)s, %(n)s students together") % {"course": course.title, "n": students}


def _told(points: list[dict[str, Any]]) -> list[str]:
    return [words for words in (selectors.describe_timeline(points), selectors.describe_states(points)) if words]


def _weak() -> str:
    return _("Expressions are weak evidence of feelings: ask before you conclude.")


def _own() -> str:
    return _("These are guesses from expressions; you know best how it felt.")
