"""Hot spots of a lesson: where a class looked confused, frustrated, bored or delighted more than elsewhere in it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from courses.models import Lesson
from emotion.core.hotspots import PLACE_SECONDS, Stretch, find_stretches
from emotion.core.labels import COUNTED_STATES
from emotion.models import EmotionBucket, SelfReport


def find_hotspots(lesson: Lesson, points: list[dict[str, Any]], *, smallest_group: int) -> list[dict[str, Any]]:
    """[{"state", "block", "seconds", "until", "students", "of", "said"}] of a class's points, what stands out most
    first. Of fewer than `smallest_group` students who looked so nothing is told; `said` is None below it. At most two
    queries for each of five stretches."""
    order = sorted(points, key=lambda point: (point["block"], point["seconds"]))
    spots = [_counted(lesson, stretch) for stretch in find_stretches(order)]
    return [
        {**spot, "said": spot["said"] if spot["said"] >= smallest_group else None}
        for spot in spots
        if spot["students"] >= smallest_group
    ]


def _counted(lesson: Lesson, stretch: Stretch) -> dict[str, Any]:
    judged = Q(*((f"{state}__gt", 0) for state in COUNTED_STATES), _connector=Q.OR)
    counts = EmotionBucket.objects.filter(
        session__lesson=lesson,
        edition=lesson.edition,
        block_number=stretch.block,
        place__gte=stretch.start // PLACE_SECONDS,
        place__lt=stretch.end // PLACE_SECONDS,
    ).aggregate(
        students=Count("session__user", distinct=True, filter=Q(**{f"{stretch.state}__gt": 0})),
        of=Count("session__user", distinct=True, filter=judged),
    )
    said = SelfReport.objects.filter(
        lesson=lesson,
        edition=lesson.edition,
        block_number=stretch.block,
        state=stretch.state,
        place_seconds__gte=stretch.start,
        place_seconds__lt=stretch.end,
    ).aggregate(said=Count("user", distinct=True))
    place = {"block": stretch.block, "seconds": stretch.start, "until": stretch.end}
    return {"state": stretch.state, **place, **counts, **said}


def told(lesson: Lesson, timeline: dict[str, Any]) -> list[dict[str, str]]:
    """The hot spots of a class's timeline in words, each with the address of its place: [{"words", "said", "url"}]."""
    titles = {block["number"]: block["title"] for block in timeline["blocks"]}
    return [
        _told(lesson, spot, titles[spot["block"]]) for spot in timeline.get("hotspots") or [] if spot["block"] in titles
    ]


def _told(lesson: Lesson, spot: dict[str, Any], title: str) -> dict[str, str]:
    words = _("Looked %(state)s from %(from)s to %(until)s in “%(part)s”: %(students)s of %(of)s students.") % {
        "state": _(spot["state"]),
        "from": clock(spot["seconds"]),
        "until": clock(spot["until"]),
        "part": title,
        "students": spot["students"],
        "of": spot["of"],
    }
    said = _("%(n)s said so themselves.") % {"n": spot["said"]} if spot["said"] else ""
    return {
        "words": words,
        "said": said,
        "url": f"{lesson.get_absolute_url()}?at={spot['seconds']}#block-{spot['block']}",
    }


def clock(seconds: int) -> str:
    """3:20"""
    return f"{seconds // 60}:{seconds % 60:02d}"
