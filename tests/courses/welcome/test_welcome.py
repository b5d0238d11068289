"""What greets somebody who is new: a tour of the first lesson, one of teaching, and a new course's first steps."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Announcement, Block, Course, Lesson
from courses.services import complete_lesson
from courses.welcome.checklist import first_steps
from tests.factories import enroll, make_course, make_quiz, make_user

pytestmark = pytest.mark.django_db
TOUR = 'data-tour="'


def left(course: Course) -> list[str]:
    return [step.words for step in first_steps(Course.objects.get(pk=course.pk)) if not step.is_done]


def test_each_first_step_goes_when_it_is_taken(client, ines, django_assert_num_queries):
    course = make_course(modules=1, lessons=1, blocks=0, status="draft", instructor=ines)
    lesson = Lesson.objects.get()
    Lesson.objects.update(status="draft")
    assert len(left(course)) == 6
    Block.objects.create(lesson=lesson, title="Why", body="Because.")
    assert len(left(course)) == 5
    make_quiz(lesson=lesson)
    assert len(left(course)) == 4
    Lesson.objects.update(status="published")
    Course.objects.update(status="published")
    assert left(course) == ["Bring in the first student", "Say hello in an announcement"]
    client.force_login(ines)
    assertContains(client.get(course.get_absolute_url()), "Bring in the first student")
    enroll(make_user("alice"), course)
    Announcement.objects.create(course=course, author=ines, title="Hello", body="Hello")
    with django_assert_num_queries(2):  # what lies in its lessons; who and what is around it
        assert first_steps(course)  # as the course was loaded, it is a draft
    assert left(course) == []
    assertNotContains(client.get(course.get_absolute_url()), "First steps")


def test_first_steps_and_the_tour_of_teaching_are_for_those_who_teach_it(client, ines):
    course = make_course(instructor=ines)
    alice = make_user("alice")
    enroll(alice, course)
    client.force_login(ines)
    page = client.get(course.get_absolute_url())
    assertContains(page, "First steps")
    assertContains(page, f"{TOUR}teaching-{ines.pk}")
    client.force_login(alice)
    page = client.get(course.get_absolute_url())
    assertNotContains(page, "First steps")
    assertNotContains(page, TOUR)


def test_the_first_lesson_has_a_tour_until_a_lesson_is_done(client, ines):
    course = make_course(instructor=ines, lessons=2)
    first, second = Lesson.objects.for_course(course).in_course_order()
    alice = make_user("alice")
    enroll(alice, course)
    client.force_login(alice)
    assertContains(client.get(first.get_absolute_url()), f"{TOUR}first-lesson-{alice.pk}")
    assertNotContains(client.get(second.get_absolute_url()), TOUR)
    complete_lesson(user=alice, lesson=first)
    assertNotContains(client.get(first.get_absolute_url()), TOUR)
    client.force_login(ines)
    assertNotContains(client.get(first.get_absolute_url()), TOUR)
