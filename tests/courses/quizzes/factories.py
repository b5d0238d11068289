"""Questions of each kind, and a quiz that holds them all."""

from django.db.models import Max

from courses.models import Choice, Lesson, Question, QuestionPool, Quiz
from tests.factories import make_lesson, make_quiz


def make_question(quiz: Quiz | None = None, kind: str = "single", *, pool: QuestionPool | None = None, **extra):
    """A valid question of that kind, last in its quiz or pool.

    single: A is right of A, B, C; multiple: A and B of A, B, C, D; text: Paris; numeric: 3.14 ± 0.01;
    matching: France-Paris, Italy-Rome, and Oslo that fits nothing; ordering: one, two, three; fill: Paris and
    the Seine.
    """
    rows = Question.objects.filter(quiz=quiz, pool=pool)
    extra.setdefault("position", (rows.aggregate(last=Max("position"))["last"] or 0) + 1)
    extra.setdefault("prompt", f"A {kind} question?")
    choices = extra.pop("choices", None)
    match kind:
        case "single":
            made = [("A", "", True), ("B", "", False), ("C", "", False)]
        case "multiple":
            made = [("A", "", True), ("B", "", True), ("C", "", False), ("D", "", False)]
        case "true_false":
            made = [("True", "", True), ("False", "", False)]
        case "matching":
            made = [("France", "Paris", False), ("Italy", "Rome", False), ("", "Oslo", False)]
        case "ordering":
            made = [("one", "", False), ("two", "", False), ("three", "", False)]
        case _:
            made = []
    if kind == "text":
        extra.setdefault("accepted", "Paris\nParis, France")
    if kind == "numeric":
        extra.setdefault("number", 3.14)
        extra.setdefault("tolerance", 0.01)
    if kind == "fill":
        extra["prompt"] = extra["prompt"] if "{{" in extra["prompt"] else "{{Paris}} lies at the {{Seine|river Seine}}."
    question = Question.objects.create(quiz=quiz, pool=pool, kind=kind, **extra)
    for position, (text, match, right) in enumerate(made if choices is None else choices, start=1):
        Choice.objects.create(question=question, text=text, match=match, is_correct=right, position=position)
    return question


KINDS = ("single", "multiple", "true_false", "text", "numeric", "matching", "ordering", "fill")


def make_quiz_of_all_kinds(*, lesson: Lesson | None = None, **extra) -> Quiz:
    quiz = make_quiz(lesson=lesson or make_lesson(), questions=0, **extra)
    for kind in KINDS:
        make_question(quiz, kind)
    return quiz


def right_answer(question: Question):
    """In the form an attempt keeps."""
    choices = list(question.choices.all())
    match question.kind:
        case "text":
            return "paris"
        case "numeric":
            return "3,14"
        case "matching":
            return {str(choice.pk): choice.match for choice in choices if choice.text}
        case "ordering":
            return {str(choice.pk): place for place, choice in enumerate(choices, start=1)}
        case "fill":
            return ["Paris", "seine"]
    return [choice.pk for choice in choices if choice.is_correct]


def all_right(quiz: Quiz) -> dict:
    return {question.pk: right_answer(question) for question in quiz.questions.all()}
