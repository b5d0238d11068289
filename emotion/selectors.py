"""Reads of the emotion history. They read buckets only, so their cost does not grow with the frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from courses.models import Lesson
from emotion.core.labels import EXPRESSIONS
from emotion.models import EmotionBucket, LessonSession

SMALLEST_GROUP = 5
BUCKET_SECONDS = 10
_COUNTS = ("faces", "no_face", "several_faces", "unclear")


def own_timeline(*, user, lesson: Lesson) -> dict[str, Any]:
    """A student's own history of a lesson, by place."""
    return _timeline(lesson, EmotionBucket.objects.visible_to(user).filter(session__lesson=lesson))


def shared_timeline(*, viewer, student_id: int, lesson: Lesson) -> dict[str, Any]:
    """The history that one student shares with those who teach them; empty without sharing."""
    sessions = LessonSession.objects.shared_with(viewer).filter(lesson=lesson, user_id=student_id)
    return _timeline(lesson, EmotionBucket.objects.filter(session__in=sessions))


def students_who_share(*, viewer, lesson: Lesson) -> list[dict[str, Any]]:
    """The students of a lesson whose history this instructor may read: [{"id", "name"}]."""
    rows = (
        LessonSession.objects.shared_with(viewer)
        .filter(lesson=lesson, buckets__isnull=False)
        .values_list("user_id", "user__display_name", "user__email")
        .distinct()
        .order_by("user__display_name", "user_id")
    )
    return [{"id": pk, "name": name or email.partition("@")[0]} for pk, name, email in rows]


def class_timeline(*, lesson: Lesson) -> dict[str, Any]:
    """A class's history of a lesson. A place that fewer than five students reached is left out, and so is the whole
    lesson below five; `students` is None then."""
    buckets = EmotionBucket.objects.filter(session__lesson=lesson)
    students = buckets.aggregate(n=Count("session__user", distinct=True))["n"]
    if students < SMALLEST_GROUP:
        return {"students": None, "points": [], "blocks": []}
    return {"students": students, **_timeline(lesson, buckets, smallest_group=SMALLEST_GROUP)}


def _timeline(lesson: Lesson, buckets: QuerySet, *, smallest_group: int = 1) -> dict[str, Any]:
    """{"blocks": [{"number", "title"}], "points": [...]}: points in the order of the lesson, of its present edition."""
    sums = (
        buckets.filter(edition=lesson.edition)
        .values("block_number", "place")
        .annotate(
            students=Count("session__user", distinct=True),
            # Five who were there are no group either when the camera saw the face of one.
            seen=Count("session__user", distinct=True, filter=Q(faces__gt=0)),
            **{f"sum_{name}": Sum(name) for name in (*_COUNTS, *EXPRESSIONS)},
        )
        .filter(students__gte=smallest_group)
    )
    blocks = [{"number": pk, "title": title} for pk, title in lesson.blocks.values_list("pk", "title")]
    order = {block["number"]: index for index, block in enumerate(blocks)}
    points = sorted(
        (_point(row, smallest_group) for row in sums),
        key=lambda point: (order.get(point["block"], len(order)), point["seconds"]),
    )
    return {"blocks": blocks, "points": points}


def _point(row: dict[str, Any], smallest_group: int) -> dict[str, Any]:
    faces = row["sum_faces"] if row["seen"] >= smallest_group else 0
    return {
        "block": row["block_number"],
        "seconds": row["place"] * BUCKET_SECONDS,
        **{name: row[f"sum_{name}"] for name in _COUNTS},
        "expressions": {name: row[f"sum_{name}"] / faces for name in EXPRESSIONS} if faces else None,
    }


def describe_timeline(points: Iterable[dict[str, Any]]) -> str:
    """One sentence about a timeline, for the page and for those who cannot see the chart."""
    with_faces = [point for point in points if point["expressions"]]
    if not with_faces:
        return ""
    weight = sum(point["faces"] for point in with_faces)
    mean = {n: sum(p["expressions"][n] * p["faces"] for p in with_faces) / weight for n in EXPRESSIONS}
    first, second = sorted(mean, key=lambda name: -mean[name])[:2]
    return f"Mostly {first} ({mean[first]:.0%}), then {second} ({mean[second]:.0%})."


def table_rows(timeline: dict[str, Any]) -> list[dict[str, Any]]:
    """A timeline as a table: what a chart shows, for reading."""
    titles = {block["number"]: block["title"] for block in timeline["blocks"]}
    return [
        {
            "block": titles.get(point["block"], "Elsewhere"),
            "place": f"{point['seconds'] // 60}:{point['seconds'] % 60:02d}",
            "faces": point["faces"],
            "other": point["no_face"] + point["several_faces"] + point["unclear"],
            "percentages": [
                round(100 * point["expressions"][name]) if point["expressions"] else None for name in EXPRESSIONS
            ],
        }
        for point in timeline["points"]
    ]
