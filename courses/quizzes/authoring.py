"""What a question still lacks, in words for its author. One that lacks something is in no attempt."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from courses.quizzes.models import Choice, Question, QuestionKind
from courses.quizzes.scoring import gaps_of


def own_problems(question: Question) -> dict[str, str]:
    """Field -> what is wrong with it, as far as the question's own fields tell."""
    kind = question.kind
    if not question.prompt.strip():
        return {"prompt": _("Write the question.")}
    if kind == QuestionKind.TEXT and not question.accepted_forms:
        return {"accepted": _("Give at least one answer that counts as right, each on its own line.")}
    if kind == QuestionKind.NUMERIC and question.number is None:
        return {"number": _("Give the right number.")}
    if kind == QuestionKind.FILL:
        gaps = gaps_of(question.prompt)
        if not gaps:
            return {"prompt": _("Write at least one gap, as {{right answer}} or {{one|another}}.")}
        if not all(gaps):
            return {"prompt": _("One gap has no right answer between its braces.")}
    return {}


def choice_problem(kind: str, choices: Sequence[Choice]) -> str:
    """What is wrong with the question's choices, "" when nothing."""
    right = sum(choice.is_correct for choice in choices)
    texts = [choice.text.strip() for choice in choices]
    if kind in (QuestionKind.TEXT, QuestionKind.NUMERIC, QuestionKind.FILL):
        return _("A question of this kind has no choices: delete them.") if choices else ""
    if kind == QuestionKind.MATCHING:
        if sum(bool(text) for text in texts) < 2:
            return _("A matching question has at least two pairs.")
        if any(not choice.match.strip() for choice in choices):
            return _("Say for each row what belongs to it.")
        return ""
    if not all(texts):
        return _("Write the text of each choice.")
    if len(set(texts)) < len(texts):
        return _("Two choices have the same text.")
    if len(choices) < 2:
        return (
            _("An ordering question has at least two items.")
            if kind == QuestionKind.ORDERING
            else _("Give two choices.")
        )
    if kind == QuestionKind.TRUE_FALSE and len(choices) != 2:
        return _("A true-or-false question has two choices.")
    if kind in (QuestionKind.SINGLE, QuestionKind.TRUE_FALSE) and right != 1:
        return _("Exactly one choice has to be right; %(right)s are marked.") % {"right": right}
    if kind == QuestionKind.MULTIPLE and not right:
        return _("At least one choice has to be right.")
    return ""


def problems(question: Question) -> list[str]:
    found = list(own_problems(question).values())
    if problem := choice_problem(question.kind, list(question.choices.all())):
        found.append(problem)
    return found
