"""A certificate is given when its last condition is met: a lesson, a mark, a change by hand, or a lesson that
left the course."""

from django.db import transaction

from accounts.models import User
from courses.assignments.signals import marks_released
from courses.certificates.services import issue_if_earned
from courses.gradebook.signals import grade_changed
from courses.models import Assignment, Course, Lesson
from courses.quizzes.signals import attempt_submitted
from courses.signals import course_shortened, lesson_completed


def after_lesson(sender, user_id: int, lesson_id: int, **kwargs) -> None:
    _look(Lesson.objects.select_related("module__course").get(pk=lesson_id).course, [user_id])


def after_marks(sender, assignment_id: int, user_ids: list[int], **kwargs) -> None:
    _look(Assignment.objects.select_related("block__lesson__module__course").get(pk=assignment_id).course, user_ids)


def after_quiz(sender, attempt, **kwargs) -> None:
    transaction.on_commit(lambda: _look(attempt.quiz.course, [attempt.user_id]))


def after_change(sender, course: Course, user_ids: list[int], **kwargs) -> None:
    _look(course, user_ids)


def _look(course: Course, user_ids: list[int]) -> None:
    for user in User.objects.filter(pk__in=user_ids):
        issue_if_earned(user=user, course=course)


def connect() -> None:
    course_shortened.connect(after_change, dispatch_uid="certificate-after-a-lesson-less")
    lesson_completed.connect(after_lesson, dispatch_uid="certificate-after-lesson")
    marks_released.connect(after_marks, dispatch_uid="certificate-after-marks")
    attempt_submitted.connect(after_quiz, dispatch_uid="certificate-after-quiz")
    grade_changed.connect(after_change, dispatch_uid="certificate-after-change")
