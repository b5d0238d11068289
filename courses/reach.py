"""How far the students of a lesson came in it, part by part, and how they did in its quizzes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Max

from courses.models import Block, BlockProgress, Enrollment, Lesson, Progress, QuizAttempt


@dataclass(frozen=True)
class PartReach:
    """A part of a lesson; of those who opened the lesson, how many came to it. `quiz_percent` is the mean of each
    student's best attempt, None without a quiz that was handed in."""

    block: Block
    reached: int
    opened: int
    quiz_percent: int | None
    quiz_students: int

    @property
    def percent(self) -> int:
        return round(100 * self.reached / self.opened) if self.opened else 0


def reach_of(lesson: Lesson) -> list[PartReach]:
    """In the order of the lesson, of the students who take its course now. A student came to a part who left at it or
    after it, did something in it or after it, or completed the lesson. Four queries."""
    blocks = list(lesson.blocks.all())
    place = {block.pk: number for number, block in enumerate(blocks)}
    students = Enrollment.objects.active().students().for_course(lesson.course).values("user")
    furthest: dict[int, int] = {}
    opened = Progress.objects.filter(lesson=lesson, user__in=students)
    for user_id, last_block, completed_at in opened.values_list("user_id", "last_block_id", "completed_at"):
        furthest[user_id] = len(blocks) - 1 if completed_at else place.get(last_block, 0)
    done = BlockProgress.objects.filter(block__in=place, user__in=students)
    for user_id, block_id in done.values_list("user_id", "block_id"):
        furthest[user_id] = max(furthest.get(user_id, 0), place[block_id])
    best = (
        QuizAttempt.objects.submitted()
        .filter(quiz__block__in=place, user__in=students)
        .order_by()
        .values("quiz__block", "user")
        .annotate(best=Max("score_percent"))
    )
    scores = defaultdict(list)
    for row in best:
        scores[row["quiz__block"]].append(row["best"])
    return [
        PartReach(
            block,
            reached=sum(far >= number for far in furthest.values()),
            opened=len(furthest),
            quiz_percent=round(sum(scores[block.pk]) / len(scores[block.pk])) if scores[block.pk] else None,
            quiz_students=len(scores[block.pk]),
        )
        for number, block in enumerate(blocks)
    ]
