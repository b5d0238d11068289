"""Which questions an attempt holds, and in which order it shows them and their choices."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max

from courses.quizzes.authoring import problems
from courses.quizzes.models import Choice, Question, Quiz, QuizAttempt
from courses.quizzes.scoring import gaps_of
from courses.search.snippets import plain

Kind = Question.Kind


@dataclass
class Slot:
    """One question of an attempt, with its choices in the order shown."""

    question: Question
    choices: list[Choice]
    points: int

    @property
    def lefts(self) -> list[Choice]:
        """The halves that look for their match."""
        return [choice for choice in self.choices if choice.text]

    @property
    def matches(self) -> list[str]:
        """What there is to match, each once and by the alphabet, which gives nothing away."""
        return sorted({choice.match for choice in self.choices}, key=str.casefold)

    @property
    def characters(self) -> int:
        """How much there is to read."""
        return len(plain(self.question.prompt)) + sum(len(each.text) + len(each.match) for each in self.choices)

    @property
    def parts(self) -> int:
        """How many fields its form has beyond one."""
        match self.question.kind:
            case Kind.MATCHING:
                return len(self.lefts)
            case Kind.ORDERING:
                return len(self.choices)
            case Kind.FILL:
                return len(gaps_of(self.question.prompt))
        return 0


def draw(quiz: Quiz, *, user_id: int | None, number: int) -> list[Slot]:
    """The slots of somebody's attempt with this number. The same arguments draw the same, so the page shown before the
    first answer and the attempt that begins with it agree. Questions that lack something are left out. Up to 5 queries.
    """
    chance = random.Random(f"{quiz.pk}:{user_id}:{number}")
    drawn = [(question, question.points) for question in _ready(quiz.questions.prefetch_related("choices"))]
    for some in quiz.draws.prefetch_related("pool__questions__choices"):
        bank = _ready(some.pool.questions.all())
        drawn += [(question, some.points) for question in chance.sample(bank, min(some.count, len(bank)))]
    if quiz.shuffle_questions:
        chance.shuffle(drawn)
    return [Slot(question, _arranged(question, quiz, chance), points) for question, points in drawn]


def _ready(questions: Iterable[Question]) -> list[Question]:
    return [question for question in questions if not problems(question)]


def _arranged(question: Question, quiz: Quiz, chance: random.Random) -> list[Choice]:
    choices = list(question.choices.all())
    if question.kind == Kind.ORDERING:
        right = list(choices)
        while choices == right:  # two items or more, so this ends
            chance.shuffle(choices)
    elif quiz.shuffle_choices and question.kind != Kind.TRUE_FALSE:
        chance.shuffle(choices)
    return choices


def to_json(slots: list[Slot]) -> list:
    return [[slot.question.pk, [choice.pk for choice in slot.choices], slot.points] for slot in slots]


def stored(attempt: QuizAttempt) -> list[Slot]:
    """An attempt's slots as they were drawn, with the questions as they are now. Deleted ones are gone, choices that
    were added stand last. 2 queries."""
    ids = [question_id for question_id, _, _ in attempt.layout]
    questions = Question.objects.prefetch_related("choices").in_bulk(ids)
    return [
        Slot(questions[pk], _in_order(questions[pk], order), points)
        for pk, order, points in attempt.layout
        if pk in questions
    ]


def _in_order(question: Question, order: list[int]) -> list[Choice]:
    place = {pk: i for i, pk in enumerate(order)}
    return sorted(question.choices.all(), key=lambda choice: place.get(choice.pk, len(place)))


def next_number(user, quiz: Quiz) -> int:
    return (QuizAttempt.objects.of(user, quiz).aggregate(last=Max("number"))["last"] or 0) + 1


def current(user, quiz: Quiz) -> list[Slot]:
    """What this person has before them: their open attempt, or what the next one will hold."""
    attempt = QuizAttempt.objects.of(user, quiz).unsubmitted().first()
    return stored(attempt) if attempt else draw(quiz, user_id=user.pk, number=next_number(user, quiz))


def preview(user, quiz: Quiz) -> list[Slot]:
    """What a teacher tries out."""
    return draw(quiz, user_id=user.pk, number=1)
