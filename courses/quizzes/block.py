"""The quiz as a block of a lesson."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.blocks import NONE, PASSED, SUBMITTED, BlockType, register
from courses.models import Block
from courses.newcomer import Newcomer
from courses.quizzes import selectors, services
from courses.quizzes.models import Quiz, QuizAttempt
from courses.quizzes.transfer import build_quiz, export_quiz


def missing(block: Block) -> str:
    if not hasattr(block, "quiz"):
        return _("Add its questions.")
    return "" if block.quiz.questions.exists() or block.quiz.draws.exists() else _("Add its questions.")


def show(user, block: Block, query) -> "selectors.ShownQuiz":
    """As it stands for this person, or with `?attempt=` that result, if it is theirs. An attempt whose time is up is
    handed in first. To those who teach it, a preview; to a Newcomer what a student meets first."""
    quiz = block.quiz
    quiz.block = block  # which knows its lesson and course
    if isinstance(user, Newcomer):
        shown = selectors.shown_quiz(user, quiz)
        shown.preview = True  # no answer is saved
        return shown
    if not block.course.is_learned_by(user):
        return selectors.shown_quiz(user, quiz, preview=True)
    services.end_if_over(user=user, quiz=quiz)
    number = query.get("attempt", "")
    attempt = None
    if number.isdecimal():
        attempt = QuizAttempt.objects.of(user, quiz).submitted().filter(pk=int(number)).first()
    if attempt:
        attempt.quiz = quiz
    return selectors.shown_quiz(user, quiz, attempt=attempt)


def result_url(attempt: QuizAttempt) -> str:
    block = attempt.quiz.block
    return f"{reverse('courses:lesson', args=[block.lesson_id])}?attempt={attempt.pk}#block-{block.pk}"


def made(block: Block) -> None:
    Quiz.objects.create(block=block)


def details_url(block: Block) -> str:
    return reverse("studio:quiz", args=[block.quiz.pk])


register(
    BlockType(
        "quiz",
        gettext_lazy("Quiz"),
        "patch-question",
        (NONE, SUBMITTED, PASSED),
        missing,
        show,
        gettext_lazy("Questions to check oneself"),
        made,
        gettext_lazy("Edit the questions"),
        details_url,
        export_quiz,
        build_quiz,
    )
)
