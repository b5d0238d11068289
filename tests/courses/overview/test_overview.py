"""How a course goes: numbers with their definitions, where students stop, what waits."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Progress
from courses.overview.selectors import overview
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_class, open_gate
from tests.factories import enroll, make_quiz, make_user

pytestmark = pytest.mark.django_db


def take(name: str, course, *, began: int, completed: int, days: int = 0):
    user = make_user(name)
    enroll(user, course)
    at = timezone.now() - timedelta(days=days)
    for number, lesson in enumerate(course.modules.get().lessons.all()[:began]):
        done = at if number < completed else None
        Progress.objects.create(user=user, lesson=lesson, started_at=at, last_seen_at=at, completed_at=done)
    return user


def test_the_numbers_are_of_those_who_take_the_course(course, ines):
    alice = take("alice", course, began=2, completed=2)
    take("bob", course, began=1, completed=0, days=9)
    enroll(make_user("olga"), course, role="observer")
    left = take("charlie", course, began=2, completed=2)
    course.enrollments.filter(user=left).update(status="withdrawn")
    make_thread(lesson=course.modules.get().lessons.first(), author=alice)
    found = overview(course)
    assert {each.title: each.value for each in found.numbers} == {
        "Students": 2,
        "Active this week": 1,
        "Completed": 1,
        "Quizzes": None,
        "Open questions": 1,
    }
    assert [(step.began, step.completed, step.began_percent) for step in found.funnel] == [(2, 1, 100), (1, 1, 50)]


def test_what_waits_is_counted_by_person_and_leads_there(client, course, ines):
    assignment = make_assignment(lesson=course.modules.get().lessons.first())
    alice = take("alice", course, began=1, completed=0)
    make_submission(assignment=assignment, user=alice)
    client.force_login(ines)
    page = client.get(f"/courses/{course.slug}/teaching/")
    assertContains(page, f"{assignment.block.title}: 1 to mark")
    assertContains(page, f"/assignments/{assignment.pk}/submissions/")
    for number in page.context["overview"].numbers:
        assert client.get(number.url).status_code == 200
        assertContains(page, number.definition)


def test_it_costs_the_same_for_many(course, django_assert_max_num_queries):
    lesson = course.modules.get().lessons.first()
    make_quiz(lesson=lesson)
    for number in range(12):
        user = take(f"student{number}", course, began=2, completed=number % 3)
        make_submission(assignment=make_assignment(lesson=lesson), user=user)
    with django_assert_max_num_queries(7):
        found = overview(course)
    # How far the class came is remembered for half a minute; who takes the course and what waits are always of now.
    make_submission(assignment=make_assignment(lesson=lesson), user=user)
    take("another", course, began=1, completed=0)
    with django_assert_max_num_queries(4):
        again = overview(course)
    assert (again.funnel, len(again.queue)) == (found.funnel, len(found.queue) + 1)
    assert again.numbers[0].value == found.numbers[0].value + 1


def test_how_lessons_looked_is_told_from_five_students_up(client, course, ines):
    open_gate()
    lesson = course.modules.get().lessons.first()
    make_class(lesson, 4, confused=6)
    client.force_login(ines)
    assertContains(client.get(f"/courses/{course.slug}/teaching/"), "Not enough students yet")
    make_class(lesson, 1, confused=6)
    page = client.get(f"/courses/{course.slug}/teaching/")
    assertContains(page, "5 students")
    assertContains(page, f"/lessons/{lesson.pk}/climate/")


def test_with_the_features_off_nothing_is_said_of_how_it_looked(client, course, ines):
    client.force_login(ines)
    assertNotContains(client.get(f"/courses/{course.slug}/teaching/"), "looked")
