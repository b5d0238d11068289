"""What a class says of a lesson itself, for those who teach it: with or without a camera."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from courses.models import Lesson
from emotion.core import crowd
from emotion.fives import Arrival, let_in
from emotion.models import SELF_REPORTED, SelfReport


@dataclass(frozen=True)
class Said:
    """How many students' answers there are at a block, and of which state; None of it below five. Without a title: of
    all blocks together. Where nearly all are `alike`, there or in one of them, `states` has the least there may be."""

    title: str
    answers: int | None
    states: dict[str, int] | None
    alike: bool = False

    @property
    def told(self) -> list[int | str]:
        """Its states' counts, as they may be told."""
        counts = list((self.states or {}).values())
        if not self.alike:
            return [*counts]
        few = _("%(n)s or fewer") % {"n": (self.answers or 0) - sum(counts)}
        return [_("%(n)s or more") % {"n": count} if count else few for count in counts]


def class_said(lesson: Lesson) -> list[Said]:
    """All blocks together, then each in order. Three queries.

    At a block each student counts once, with what they said there first, and they are let in by fives: what one person
    adds, or takes away by erasing it, is never the difference between two looks. All together is the sum of the blocks,
    so that what it has more than they is nobody's either.
    """
    answers = first_answers(lesson)
    blocks = lesson.blocks.values_list("pk", "title")
    together = _together([_said("", there) for there in answers.values()])
    return [together, *(_said(title, answers.get(pk, [])) for pk, title in blocks)]


def first_answers(lesson: Lesson) -> dict[int, list[SelfReport]]:
    """{block: what students said there first}, of those let in. One that was removed is among them, and 0 for none."""
    first: dict[int, dict[int, SelfReport]] = defaultdict(dict)
    for answer in SelfReport.objects.filter(lesson=lesson, edition=lesson.edition).order_by("pk"):
        first[answer.block_number].setdefault(answer.user_id, answer)
    what = {block: f"said {lesson.pk} {lesson.edition} {block}" for block in first}
    arrivals = {what[block]: [Arrival(a.pk, user) for user, a in said.items()] for block, said in first.items()}
    shown = let_in(course_id=lesson.course.pk, arrivals=arrivals)
    return {block: [a for a in said.values() if a.pk in shown[what[block]]] for block, said in first.items()}


def _together(parts: list[Said]) -> Said:
    shown = [part for part in parts if part.answers and part.states]
    if not shown:
        return Said("", None, None)
    states = {state: sum(part.states[state] for part in shown if part.states) for state in SELF_REPORTED}
    return Said("", sum(part.answers or 0 for part in shown), states, any(part.alike for part in shown))


def _said(title: str, answers: list[SelfReport]) -> Said:
    if not answers:
        return Said(title, None, None)
    counted = Counter(answer.state for answer in answers)
    [(_state, most)] = counted.most_common(1)
    alike = most >= len(answers) - crowd.APART
    if alike:
        counted = Counter({state: len(answers) - crowd.APART for state, count in counted.items() if count == most})
    return Said(title, len(answers), {state: counted[state] for state in SELF_REPORTED}, alike)
