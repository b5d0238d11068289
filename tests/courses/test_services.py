import pytest
from django.db import IntegrityError, transaction

from courses import services
from courses.models import Enrollment, Lesson, Progress
from tests.factories import enroll, make_course, make_lesson, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


def test_enrolling_twice_is_one_enrollment(alice):
    course = make_course()
    first = services.enroll_student(user=alice, course=course)
    assert services.enroll_student(user=alice, course=course) == first
    assert Enrollment.objects.filter(user=alice).count() == 1


def test_the_database_refuses_a_second_enrollment(alice):
    course = make_course()
    enroll(alice, course)
    with pytest.raises(IntegrityError), transaction.atomic():
        enroll(alice, course)


def test_who_teaches_a_course_stays_its_instructor(alice):
    course = make_course(instructor=alice)
    assert services.enroll_student(user=alice, course=course).role == "instructor"
    assert course.is_taught_by(alice)


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_course_that_is_not_published_takes_nobody(alice, status):
    with pytest.raises(services.CourseNotOpen):
        services.enroll_student(user=alice, course=make_course(status=status))
    assert not Enrollment.objects.exists()


def test_leaving_and_coming_back_keeps_progress(alice):
    course = make_course()
    services.enroll_student(user=alice, course=course)
    services.complete_lesson(user=alice, lesson=Lesson.objects.first())
    assert services.withdraw_student(user=alice, course=course)
    assert not services.withdraw_student(user=alice, course=course)
    assert not Lesson.objects.visible_to(alice).exists()
    assert services.enroll_student(user=alice, course=course).status == "active"
    assert Progress.objects.get(user=alice).is_complete


def test_an_instructor_who_left_comes_back_as_a_student(alice):
    course = make_course()
    enroll(alice, course, role="instructor", status="withdrawn")
    assert services.enroll_student(user=alice, course=course).role == "student"


def test_the_place_in_a_lesson_is_kept_when_it_is_opened_again(alice):
    lesson = make_lesson()
    second = lesson.blocks.last()
    services.record_lesson_progress(user=alice, lesson=lesson, block=second)
    services.record_lesson_progress(user=alice, lesson=lesson)
    assert Progress.objects.get().last_block == second


def test_a_block_of_another_lesson_is_no_place_in_this_one(alice):
    lesson, other = make_lesson(), make_lesson()
    with pytest.raises(ValueError, match="another lesson"):
        services.record_lesson_progress(user=alice, lesson=lesson, block=other.blocks.first())


def test_a_lesson_is_completed_once(alice):
    lesson = make_lesson()
    first = services.complete_lesson(user=alice, lesson=lesson).completed_at
    assert services.complete_lesson(user=alice, lesson=lesson).completed_at == first
