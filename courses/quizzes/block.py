"""The quiz as a block of a lesson."""

from django.urls import reverse

from courses import selectors
from courses.blocks import NONE, PASSED, SUBMITTED, BlockType, register
from courses.models import Block, Quiz, QuizAttempt


def missing(block: Block) -> str:
    return "" if hasattr(block, "quiz") and block.quiz.questions.exists() else "Add its questions."


def show(user, block: Block, query) -> "selectors.ShownQuiz":
    """Its form, or with `?attempt=` that result, if it is theirs."""
    number = query.get("attempt", "")
    attempt = (
        QuizAttempt.objects.filter(pk=int(number), user=user, quiz=block.quiz).first() if number.isdecimal() else None
    )
    return selectors.shown_quiz(user, block.quiz, attempt=attempt)


def made(block: Block) -> None:
    Quiz.objects.create(block=block)


def details_url(block: Block) -> str:
    return reverse("admin:courses_quiz_change", args=[block.quiz.pk])


register(
    BlockType(
        "quiz",
        "Quiz",
        "patch-question",
        (NONE, SUBMITTED, PASSED),
        missing,
        show,
        "Questions to check oneself",
        made,
        "Edit the questions",
        details_url,
    )
)
