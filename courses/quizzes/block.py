"""The quiz as a block of a lesson."""

from courses import selectors
from courses.blocks import NONE, PASSED, SUBMITTED, BlockType, register
from courses.models import Block, QuizAttempt


def missing(block: Block) -> str:
    return "" if hasattr(block, "quiz") else "Add its questions."


def show(user, block: Block, query) -> "selectors.ShownQuiz":
    """Its form, or with `?attempt=` that result, if it is theirs."""
    number = query.get("attempt", "")
    attempt = (
        QuizAttempt.objects.filter(pk=int(number), user=user, quiz=block.quiz).first() if number.isdecimal() else None
    )
    return selectors.shown_quiz(user, block.quiz, attempt=attempt)


register(BlockType("quiz", "Quiz", "patch-question", (NONE, SUBMITTED, PASSED), missing, show, "Questions to check"))
