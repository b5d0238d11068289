"""A course's quizzes as items of its gradebook."""

from collections.abc import Iterable

from django.db.models import Count, Sum

from courses.grade_items import GradeItem
from courses.models import Course
from courses.quizzes.models import Question, Quiz, QuizAttempt, QuizDraw


def items(course: Course) -> list[GradeItem]:
    """The quizzes of the course's published lessons, in its order. Three queries."""
    return [
        GradeItem(
            key=f"quiz-{quiz.pk}",
            title=quiz.block.title,
            kind="quiz",
            block_id=quiz.block_id,
            points=points,
            url=quiz.get_absolute_url(),
        )
        for quiz, points in _quizzes_with_points(course)
    ]


def scores(
    course: Course, user_ids: Iterable[int] | None = None, items: Iterable[GradeItem] | None = None
) -> dict[tuple[str, int], float]:
    """(key, user id) -> points of the best submitted attempt, out of the item's; absent where there is none. A later,
    worse attempt changes nothing. Attempts count by their share, so one from before the quiz's points changed still
    measures against the same sum. Four queries; one where the course's items are at hand."""
    if items is None:
        points = {quiz.pk: points for quiz, points in _quizzes_with_points(course)}
    else:
        points = {int(item.key.removeprefix("quiz-")): item.points for item in items if item.kind == "quiz"}
    if not points:
        return {}
    rows = QuizAttempt.objects.filter(quiz__in=list(points))
    if user_ids is not None:
        rows = rows.filter(user__in=list(user_ids))
    return {
        (f"quiz-{row['quiz_id']}", row["user_id"]): round(row["best"] * points[row["quiz_id"]], 6)
        for row in rows.best_shares()
        if row["best"] is not None  # the quiz asked nothing
    }


def _quizzes_with_points(course: Course) -> list[tuple[Quiz, float]]:
    quizzes = list(
        Quiz.objects.present()
        .for_course(course)
        .filter(block__lesson__status="published")
        .select_related("block__lesson__module")
        .order_by(
            "block__lesson__module__position",
            "block__lesson__module_id",
            "block__lesson__position",
            "block__lesson_id",
            "block__position",
        )
    )
    of_questions = dict(
        Question.objects.filter(quiz__in=quizzes)
        .order_by()
        .values("quiz_id")
        .annotate(points=Sum("points"))
        .values_list("quiz_id", "points")
    )
    of_draws: dict[int, int] = {}
    for draw in QuizDraw.objects.filter(quiz__in=quizzes).annotate(offered=Count("pool__questions")):
        of_draws[draw.quiz_id] = of_draws.get(draw.quiz_id, 0) + min(draw.count, draw.offered) * draw.points
    return [(quiz, float(of_questions.get(quiz.pk, 0) + of_draws.get(quiz.pk, 0))) for quiz in quizzes]
