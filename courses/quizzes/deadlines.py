"""What is still to be done before it closes."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from courses.models import Course
from courses.quizzes.limits import limits_of
from courses.quizzes.models import Quiz, QuizAccommodation, QuizAttempt


def due(user, courses: Iterable[Course]) -> list[tuple[datetime, str, str, int]]:
    """(closes, title, url, block id) of the quizzes in these courses' published lessons that close in future, for this
    person, and that they have not passed; soonest first. Three queries."""
    now = timezone.now()
    extra = list(QuizAccommodation.objects.filter(user_id=user.pk))
    in_quiz = {row.quiz_id: row for row in extra if row.quiz_id}
    in_course = {row.whole_course_id: row for row in extra if row.whole_course_id}
    quizzes = (
        Quiz.objects.present()
        .filter(block__lesson__module__course__in=list(courses), block__lesson__status="published")
        .filter(
            Q(closes_at__gt=now)
            | Q(closes_at__isnull=False, pk__in=list(in_quiz))
            | Q(closes_at__isnull=False, block__lesson__module__course__in=list(in_course))
        )
        .select_related("block__lesson__module")
    )
    passed = set(
        QuizAttempt.objects.submitted()
        .filter(user_id=user.pk, quiz__in=list(quizzes), score_percent__gte=F("quiz__pass_percent"))
        .values_list("quiz_id", flat=True)
    )
    closing = [
        (limits_of(quiz, in_quiz.get(quiz.pk) or in_course.get(quiz.block.lesson.module.course_id)).closes_at, quiz)
        for quiz in quizzes
        if quiz.pk not in passed
    ]
    return sorted(
        (closes_at, quiz.block.title, quiz.get_absolute_url(), quiz.block_id)
        for closes_at, quiz in closing
        if closes_at > now
    )
