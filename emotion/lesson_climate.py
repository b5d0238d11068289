"""What an instructor sees of a lesson: how it looked along the material, where the class got stuck, and who went on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Avg, Count, Q

from courses.models import Block, Lesson, Progress, QuizAttempt
from emotion import selectors
from emotion.hot_spots import HotSpot, hot_spots
from emotion.selectors import SMALLEST_GROUP


@dataclass
class Part:
    """A block on the way through the lesson. None where fewer than five students stand behind the figure."""

    block: Block
    reached_percent: int | None = None
    quiz_percent: int | None = None
    quiz_students: int | None = None


@dataclass
class LessonClimate:
    """`students` are those whose camera was on, None below five; `started` those who began, None below five."""

    students: int | None
    started: int | None
    timeline: dict[str, Any]
    parts: list[Part] = field(default_factory=list)
    spots: list[HotSpot] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether fewer than five students stand behind every one of its figures."""
        return not (self.students or self.started or self.spots or any(part.quiz_students for part in self.parts))


def lesson_climate(lesson: Lesson) -> LessonClimate:
    """Nine queries for any class and any number of blocks. Nothing in it stands for fewer than five students."""
    timeline = selectors.class_timeline(lesson=lesson)
    blocks = list(lesson.blocks.all())
    for block in blocks:
        block.lesson = lesson
    started, reached = _reached(lesson, blocks)
    quizzes = _quizzes(lesson)
    parts = [Part(block, reached.get(block.pk), *quizzes.get(block.pk, (None, None))) for block in blocks]
    spots = hot_spots(lesson, blocks, timeline["points"], began=started)
    shown = started if started >= SMALLEST_GROUP else None
    return LessonClimate(timeline["students"], shown, timeline, parts, spots)


def _students_here(lesson: Lesson) -> Q:
    return Q(
        user__enrollments__course=lesson.course,
        user__enrollments__role="student",
        user__enrollments__status="active",
    )


def _reached(lesson: Lesson, blocks: list[Block]) -> tuple[int, dict[int, int]]:
    """How many began, and from five up {block: the percentage of them that came so far}: who completed the lesson came
    through."""
    rows = Progress.objects.filter(_students_here(lesson), lesson=lesson).order_by().values("last_block")
    counts = rows.annotate(all=Count("pk"), through=Count("pk", filter=Q(completed_at__isnull=False)))
    furthest = {row["last_block"]: row["all"] - row["through"] for row in counts}
    through = sum(row["through"] for row in counts)
    started = through + sum(furthest.values())
    if started < SMALLEST_GROUP:
        return started, {}
    reached, so_far = {}, started
    for number, block in enumerate(blocks):
        # Somebody whose last block is gone is known to have begun, and no more.
        if number:
            known = {later.pk for later in blocks[number:]}
            so_far = through + sum(count for pk, count in furthest.items() if pk in known)
        reached[block.pk] = round(100 * so_far / started)
    return started, reached


def _quizzes(lesson: Lesson) -> dict[int, tuple[int, int]]:
    """{block: (mean percentage of first attempts, how many students)}, from five students up."""
    first = QuizAttempt.objects.submitted().filter(_students_here(lesson), quiz__block__lesson=lesson, number=1)
    rows = first.order_by().values("quiz__block").annotate(mean=Avg("score_percent"), students=Count("pk"))
    return {
        row["quiz__block"]: (round(row["mean"]), row["students"]) for row in rows if row["students"] >= SMALLEST_GROUP
    }
