"""A quiz, its questions, and the pools it draws from, as they travel with a course."""

from django.utils.translation import gettext as _

from courses.models import Block, Choice, Course, Question, QuestionPool, Quiz, QuizDraw
from courses.transfer.fields import NotACourse, check_type, filled, plain, rows_of

PLACE = ("position",)  # the order of a list says it


def export_quiz(block: Block) -> dict:
    quiz = Quiz.objects.filter(block=block).first()
    if quiz is None:
        return {}
    draws = [{**plain(draw), "pool": draw.pool.title} for draw in quiz.draws.select_related("pool")]
    return {**plain(quiz), "questions": _questions(quiz.questions.all()), "draws": draws}


def build_quiz(block: Block, data: dict) -> None:
    where = _("The quiz “%(title)s”") % {"title": block.title}
    quiz = filled(Quiz(block=block), data, where)
    quiz.save()
    _build_questions(rows_of(data, "questions", where), where, quiz=quiz)
    for row in rows_of(data, "draws", where):
        pool, _made = QuestionPool.objects.get_or_create(course=block.course, title=_title(row.get("pool"), where))
        if quiz.draws.filter(pool=pool).exists():
            raise NotACourse(_("%(where)s: it draws from “%(pool)s” twice.") % {"where": where, "pool": pool})
        filled(QuizDraw(quiz=quiz, pool=pool), row, where).save()


def export_pools(course: Course, refs) -> list[dict]:
    pools = course.question_pools.order_by("title", "pk")
    return [{**plain(pool), "questions": _questions(pool.questions.all())} for pool in pools]


def build_pools(course: Course, data, refs) -> None:
    seen = set()
    for row in rows_of({"pools": data}, "pools", _("The course")):
        title = _title(row.get("title"), "A pool")
        if title in seen:
            raise NotACourse(_("The pool “%(title)s” is there twice.") % {"title": title})
        seen.add(title)
        pool, _made = QuestionPool.objects.get_or_create(course=course, title=title)
        _build_questions(
            rows_of(row, "questions", _("The pool “%(title)s”") % {"title": title}),
            _("The pool “%(title)s”") % {"title": title},
            pool=pool,
        )


def _title(value, where: str) -> str:
    return filled(QuestionPool(), {"title": value}, where).title


def _questions(questions) -> list[dict]:
    return [
        {**plain(question, PLACE), "choices": [plain(choice, PLACE) for choice in question.choices.all()]}
        for question in questions.prefetch_related("choices")
    ]


def _build_questions(rows: list[dict], where: str, **owner) -> None:
    for position, row in enumerate(rows, start=1):
        here = f"{where}, question {position}"
        question = filled(Question(position=position, **owner), check_type(row, dict, here), here, PLACE)
        question.save()
        Choice.objects.bulk_create(
            filled(Choice(question=question, position=n), choice, f"{here}, choice {n}", PLACE)
            for n, choice in enumerate(rows_of(row, "choices", here), start=1)
        )
