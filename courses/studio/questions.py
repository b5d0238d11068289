"""Writing a quiz's questions: each is saved whole, with its choices in the order given. What a quiz's own questions
said is in their lesson's history; pools belong to no lesson."""

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from courses.models import Choice, Question, QuestionPool, Quiz, QuizAttempt
from courses.quizzes.authoring import problems
from courses.studio.revisions import CHOICE_FIELDS, QUESTION_FIELDS, keep_former, record_revision
from courses.studio.services import PARKING, HasLearners, last_position, lock, number_rows

FIRST_CHOICES = {Question.Kind.TRUE_FALSE: [(gettext_lazy("True"), True), (gettext_lazy("False"), False)]}


@transaction.atomic
def add_question(*, home: Quiz | QuestionPool, kind: str, author: User) -> Question:
    lock(home.course)
    _keep_former(home, author)
    place = {"quiz": home} if isinstance(home, Quiz) else {"pool": home}
    question = Question.objects.create(**place, kind=kind, position=last_position(home.questions.all()) + 1)
    Choice.objects.bulk_create(
        Choice(question=question, text=text, is_correct=right, position=position)
        for position, (text, right) in enumerate(FIRST_CHOICES.get(kind, []), start=1)
    )
    _record(home, author)
    return question


@transaction.atomic
def save_question(
    *, question: Question, changes: dict, choices: list[dict], author: User
) -> tuple[Question, list[int]]:
    """Save the fields and the choices, in order; the ids of the choices come back so that the next save finds them."""
    question = Question.objects.select_for_update().get(pk=question.pk)
    _keep_former(question.home, author)
    ids = _write(question, changes, choices)
    _record(question.home, author)
    return question, ids


def _write(question: Question, changes: dict, choices: list[dict]) -> list[int]:
    """A row that names a known choice changes it, a row without is new, and a choice without a row is gone."""
    for field, value in changes.items():
        setattr(question, field, value)
    question.save()
    known = {choice.pk: choice for choice in question.choices.all()}
    kept = [known.get(row["id"]) or Choice(question=question) for row in choices]
    question.choices.exclude(pk__in=[choice.pk for choice in kept if choice.pk]).delete()
    question.choices.update(position=F("position") + PARKING)
    for position, (choice, row) in enumerate(zip(kept, choices, strict=True), start=1):
        for field in CHOICE_FIELDS:
            setattr(choice, field, row[field])
        choice.position = position
        choice.save()
    return [choice.pk for choice in kept]


@transaction.atomic
def remove_question(*, question: Question, author: User) -> None:
    """Raises HasLearners once somebody has answered the quiz, or one that draws from its pool: their result would lose
    a part. Of a quiz, the lesson's history can bring it back."""
    home = question.home
    lock(home.course)
    asked_in = Q(quiz=home) if isinstance(home, Quiz) else Q(quiz__draws__pool=home)
    if QuizAttempt.objects.filter(asked_in).exists():
        raise HasLearners(
            _("Students have answered this quiz, so its questions stay. You can still change their words.")
        )
    _keep_former(home, author)
    question.delete()
    number_rows(home.questions.all())
    _record(home, author, apart=True)


def restore_questions(*, quiz: Quiz, rows: list[dict]) -> None:
    """Make the quiz ask what it asked, in that order. A deleted question comes back as a new one; those written since
    are deleted, or stand last once somebody has answered the quiz. Called under the lock of the course's order."""
    known = {question.pk: question for question in quiz.questions.all()}
    end = last_position(quiz.questions.all())
    restored = []
    for place, row in enumerate(rows, start=end + 1):
        question = known.pop(row["id"], None) or Question.objects.create(quiz=quiz, kind=row["kind"], position=place)
        _write(question, {field: row[field] for field in QUESTION_FIELDS}, row["choices"])
        restored.append(question)
    if not QuizAttempt.objects.filter(quiz=quiz).exists():
        quiz.questions.filter(pk__in=list(known)).delete()
        known = {}
    number_rows(quiz.questions.all(), [*restored, *known.values()])


def _keep_former(home: Quiz | QuestionPool, author: User) -> None:
    if isinstance(home, Quiz):
        keep_former(lesson=home.lesson, author=author)


def _record(home: Quiz | QuestionPool, author: User, *, apart: bool = False) -> None:
    if isinstance(home, Quiz):
        record_revision(lesson=home.lesson, author=author, apart=apart)


def missing_in(question: Question) -> str:
    """What the question still needs, in words; "" when it is ready for students."""
    return " ".join(problems(Question.objects.prefetch_related("choices").get(pk=question.pk)))
