"""Writing a quiz's questions: each is saved whole, with its choices in the order given."""

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.models import Choice, Question, QuestionPool, Quiz, QuizAttempt
from courses.quizzes.authoring import problems
from courses.studio.services import PARKING, HasLearners, last_position, lock, number_rows

CHOICE_FIELDS = ("text", "match", "is_correct", "feedback")
FIRST_CHOICES = {Question.Kind.TRUE_FALSE: [(gettext_lazy("True"), True), (gettext_lazy("False"), False)]}


@transaction.atomic
def add_question(*, home: Quiz | QuestionPool, kind: str) -> Question:
    lock(home.course)
    place = {"quiz": home} if isinstance(home, Quiz) else {"pool": home}
    question = Question.objects.create(**place, kind=kind, position=last_position(home.questions.all()) + 1)
    Choice.objects.bulk_create(
        Choice(question=question, text=text, is_correct=right, position=position)
        for position, (text, right) in enumerate(FIRST_CHOICES.get(kind, []), start=1)
    )
    return question


@transaction.atomic
def save_question(*, question: Question, changes: dict, choices: list[dict]) -> tuple[Question, list[int]]:
    """Save the fields and the choices, in order; the ids of the choices come back so that the next save finds them.
    A row that names a known choice changes it, a row without is new, and a choice without a row is gone."""
    question = Question.objects.select_for_update().get(pk=question.pk)
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
    return question, [choice.pk for choice in kept]


@transaction.atomic
def remove_question(*, question: Question) -> None:
    """Raises HasLearners once somebody has answered the quiz, or one that draws from its pool: their result would lose
    a part."""
    home = question.home
    lock(home.course)
    asked_in = Q(quiz=home) if isinstance(home, Quiz) else Q(quiz__draws__pool=home)
    if QuizAttempt.objects.filter(asked_in).exists():
        raise HasLearners(
            _("Students have answered this quiz, so its questions stay. You can still change their words.")
        )
    question.delete()
    number_rows(home.questions.all())


def missing_in(question: Question) -> str:
    """What the question still needs, in words; "" when it is ready for students."""
    return " ".join(problems(Question.objects.prefetch_related("choices").get(pk=question.pk)))
