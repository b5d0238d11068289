"""What a class says of a lesson itself, for those who teach it: with or without a camera."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from courses.models import Lesson
from emotion.fives import Arrival, let_in
from emotion.models import SELF_REPORTED, SelfReport


@dataclass(frozen=True)
class Said:
    """How many students' answers there are at a block, and of which state; None of it below five. Without a title: of
    all blocks together."""

    title: str
    answers: int | None
    states: dict[str, int] | None


def class_said(lesson: Lesson) -> list[Said]:
    """All blocks together, then each in order. Three queries.

    At a block each student counts once, with what they said there first, and they are let in by fives: what one person
    adds, or takes away by erasing it, is never the difference between two looks. All together is the sum of the blocks,
    so that what it has more than they is nobody's either.
    """
    answers = first_answers(lesson)
    together = [answer for there in answers.values() for answer in there]
    blocks = lesson.blocks.values_list("pk", "title")
    return [_said("", together), *(_said(title, answers.get(pk, [])) for pk, title in blocks)]


def first_answers(lesson: Lesson) -> dict[int, list[SelfReport]]:
    """{block: what students said there first}, of those let in. One that was removed is among them, and 0 for none."""
    first: dict[int, dict[int, SelfReport]] = defaultdict(dict)
    for answer in SelfReport.objects.filter(lesson=lesson, edition=lesson.edition).order_by("pk"):
        first[answer.block_number].setdefault(answer.user_id, answer)
    what = {block: f"said {lesson.pk} {lesson.edition} {block}" for block in first}
    arrivals = {what[block]: [Arrival(a.pk, user) for user, a in said.items()] for block, said in first.items()}
    shown = let_in(course_id=lesson.course.pk, arrivals=arrivals)
    return {block: [a for a in said.values() if a.pk in shown[what[block]]] for block, said in first.items()}


def _said(title: str, answers: list[SelfReport]) -> Said:
    if not answers:
        return Said(title, None, None)
    counted = Counter(answer.state for answer in answers)
    return Said(title, len(answers), {state: counted[state] for state in SELF_REPORTED})
