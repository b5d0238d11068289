"""What a class says of a lesson itself, for those who teach it: with or without a camera."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from courses.models import Lesson
from emotion.models import SELF_REPORTED, SelfReport
from emotion.selectors import SMALLEST_GROUP


@dataclass(frozen=True)
class Said:
    """What `students` of them said at a block, or None of it below five. `title` is empty for the lesson as a whole."""

    title: str
    students: int | None
    states: dict[str, int] | None


def class_said(lesson: Lesson) -> list[Said]:
    """The lesson as a whole, then its blocks in order. Two queries.

    Each student counts once, with what they said there first, and they are let in five at a time: what one person adds
    is never the difference between two looks.
    """
    answers = SelfReport.objects.filter(lesson=lesson, edition=lesson.edition).order_by("at", "pk")
    rows = list(answers.values_list("block_number", "user_id", "state"))
    blocks = lesson.blocks.values_list("pk", "title")
    whole = _said("", [(user, state) for _block, user, state in rows])
    return [whole, *(_said(title, [row[1:] for row in rows if row[0] == pk]) for pk, title in blocks)]


def _said(title: str, answers: list[tuple[int, str]]) -> Said:
    first: dict[int, str] = {}
    for user, state in answers:
        first.setdefault(user, state)
    students = len(first) // SMALLEST_GROUP * SMALLEST_GROUP
    if not students:
        return Said(title, None, None)
    counted = Counter(list(first.values())[:students])
    return Said(title, students, {state: counted[state] for state in SELF_REPORTED})
