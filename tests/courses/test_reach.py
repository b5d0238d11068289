"""How far students came in a lesson, and how they did in its quizzes."""

import pytest
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from courses.models import BlockProgress, Lesson, Progress, QuizAttempt
from courses.reach import reach_of
from tests.factories import enroll, make_course, make_lesson, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson():
    course = make_course("Bread", lessons=0)
    return make_lesson(module=course.modules.first(), blocks=3)


def student(lesson: Lesson, name: str, *, last=None, completed: bool = False):
    user = make_user(name)
    enroll(user, lesson.course)
    now = timezone.now()
    Progress.objects.create(
        user=user, lesson=lesson, last_block=last, started_at=now, completed_at=now if completed else None
    )
    return user


def reached(lesson) -> list[int]:
    return [part.reached for part in reach_of(lesson)]


def test_who_left_early_and_who_came_to_the_end(lesson):
    first, second, third = lesson.blocks.all()
    student(lesson, "early", last=first)
    student(lesson, "middle", last=second)
    back = student(lesson, "back", last=first)
    BlockProgress.objects.create(user=back, block=third)  # who went back had been there
    student(lesson, "done", last=first, completed=True)
    parts = reach_of(lesson)
    assert [part.reached for part in parts] == [4, 3, 2]
    assert [part.percent for part in parts] == [100, 75, 50]
    assert {part.opened for part in parts} == {4}


def test_those_who_do_not_take_the_course_do_not_count(lesson):
    gone = student(lesson, "gone", completed=True)
    gone.enrollments.update(status="withdrawn")
    teacher = make_user("teacher")
    enroll(teacher, lesson.course, role="instructor")
    Progress.objects.create(user=teacher, lesson=lesson)
    assert reached(lesson) == [0, 0, 0]


def test_a_quiz_tells_the_mean_of_each_ones_best(lesson):
    quiz = make_quiz(lesson=lesson)
    for name, scores in (("a", [20, 100]), ("b", [50])):
        user = student(lesson, name)
        for number, score in enumerate(scores, start=1):
            QuizAttempt.objects.create(
                user=user,
                quiz=quiz,
                number=number,
                submitted_at=timezone.now(),
                points=1,
                max_points=2,
                score_percent=score,
            )
    part = next(part for part in reach_of(lesson) if part.block == quiz.block)
    assert (part.quiz_percent, part.quiz_students) == (75, 2)


def test_it_costs_the_same_for_many(lesson):
    for number in range(6):
        student(lesson, f"s{number}", completed=True)
    lesson = Lesson.objects.select_related("module__course").get(pk=lesson.pk)
    with assertNumQueries(4):
        reach_of(lesson)
