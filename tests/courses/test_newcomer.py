"""A course as a student sees it who has just joined, for those who teach it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from courses.models import (
    Block,
    BlockProgress,
    LearningEvent,
    Lesson,
    Progress,
    QuizAttempt,
    Reflection,
    Submission,
    ThreadSubscription,
)
from tests.courses.assignments.factories import make_assignment
from tests.factories import enroll, make_admin, make_course, make_instructor, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db

BANNER = "as a student who has just joined"


@pytest.fixture
def course(ines):
    return make_course("Bread", lessons=4, instructor=ines, slug="bread")


@pytest.fixture
def lessons(course):
    return list(Lesson.objects.for_course(course).in_course_order())


def see_as(client, course, who: str, **fields):
    return client.post(reverse("courses:see-as", args=[course.slug]), {"as": who, **fields})


def test_what_students_do_not_see_is_not_there(client, ines, course, lessons):
    lesson, draft, dated, after = lessons
    client.force_login(ines)
    Lesson.objects.filter(pk=draft.pk).update(status="draft", title="Half a thought")
    Lesson.objects.filter(pk=dated.pk).update(opens_after_days=3)
    after.prerequisites.add(lesson)
    Block.objects.create(lesson=lesson, kind="image", title="No picture yet", position=9)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "Half a thought")
    assertContains(page, "No picture yet")
    assertNotContains(page, "After: Lesson 1.1")
    assertNotContains(page, BANNER)

    assertRedirects(see_as(client, course, "student", lesson=lesson.pk), lesson.get_absolute_url())
    for address in (lesson.get_absolute_url(), course.get_absolute_url()):
        page = client.get(address)
        assertContains(page, BANNER)
        assertContains(page, "Back to your own view")
        assertContains(page, "After: Lesson 1.1")
        assertContains(page, "Opens on")  # the days count from now
        for hidden in ("Half a thought", "No picture yet", f'href="{dated.get_absolute_url()}"', "Edit the course"):
            assertNotContains(page, hidden)
        assertContains(page, lesson.get_absolute_url())
    for closed, words in ((draft, "is a draft"), (dated, "is not open yet. Opens on"), (after, "After: Lesson 1.1.")):
        page = client.get(closed.get_absolute_url(), follow=True)
        assert page.redirect_chain[-1][0] == course.get_absolute_url()
        assertContains(page, words)

    assertRedirects(see_as(client, course, "", lesson=draft.pk), draft.get_absolute_url())
    assertNotContains(client.get(lesson.get_absolute_url()), BANNER)


def test_a_quiz_and_an_assignment_stand_there_as_students_meet_them(client, ines, course, lessons):
    quiz = make_quiz(lesson=lessons[0], attempt_limit=2, minutes=10)
    closed = make_quiz(lesson=lessons[1], closes_at=timezone.now() - timedelta(days=1))
    make_assignment(lesson=lessons[0])
    Block.objects.filter(pk=quiz.block_id).update(rule="passed")
    client.force_login(ines)
    assertNotContains(client.get(lessons[0].get_absolute_url()), "10 minutes for an attempt")
    see_as(client, course, "student")
    page = client.get(lessons[0].get_absolute_url())
    assertContains(page, "10 minutes for an attempt")
    assertContains(page, "2 attempts, 0 used")
    assertContains(page, "to be passed")
    assertContains(page, "<fieldset disabled>")
    assertContains(page, "Hand in")
    assertNotContains(page, "What came in")
    assertNotContains(page, "js/assignment.js")
    page = client.get(lessons[1].get_absolute_url())
    assertContains(page, "Closed on")
    assertNotContains(page, "Question 1?")
    see_as(client, course, "")
    assertContains(client.get(closed.lesson.get_absolute_url()), "Question 1?")


@pytest.mark.parametrize("who", ["ines", "anton", "admin"])
def test_nothing_is_written(client, ines, course, lessons, who):
    lesson = lessons[0]
    quiz = make_quiz(lesson=lesson, attempt_limit=1)
    reflection = Block.objects.create(lesson=lesson, kind="reflection", title="Think", body="?", position=9)
    text = lesson.blocks.first()
    people = {"ines": ines, "anton": make_user("anton"), "admin": make_admin()}
    enroll(people["anton"], course, role="assistant")
    client.force_login(people[who])
    see_as(client, course, "student")
    page = client.get(lesson.get_absolute_url())
    assertContains(page, BANNER)
    assertNotContains(page, "data-progress-url")
    for name, pk, sent in (
        ("complete", lesson.pk, {}),
        ("progress", lesson.pk, {"block": text.pk}),
        ("block-progress", text.pk, {"seconds": 30}),
        ("reflection", reflection.pk, {"text": "mine"}),
        ("quizzes:begin", quiz.pk, {}),
        ("quizzes:submit", quiz.pk, {f"q-{q}": c for q, c in right_answers(quiz).items()}),
    ):
        answer = client.post(reverse(name if ":" in name else f"courses:{name}", args=[pk]), sent)
        assert answer.status_code in (200, 302), name
    for model in (Progress, BlockProgress, QuizAttempt, Reflection, Submission, LearningEvent, ThreadSubscription):
        assert not model.objects.exists(), model


@pytest.mark.parametrize(
    ("who", "status"),
    [("alice", 404), ("olga", 404), ("charlie", 404), ("ivo", 404), ("anton", 302), ("ines", 302), ("admin", 302)],
)
def test_who_may_look(client, ines, course, lessons, who, status):
    people = {name: make_user(name) for name in ("alice", "olga", "charlie", "anton")}
    people |= {"ines": ines, "ivo": make_instructor("ivo"), "admin": make_admin()}
    for name, role in (("alice", "student"), ("olga", "observer"), ("anton", "assistant")):
        enroll(people[name], course, role=role)
    assert see_as(client, course, "student").url.startswith("/accounts/login/")
    client.force_login(people[who])
    assert see_as(client, course, "student").status_code == status
    if status == 302:
        assertContains(client.get(course.get_absolute_url()), BANNER)


def test_who_no_longer_teaches_is_a_student_for_good(client, ines, course, lessons):
    client.force_login(ines)
    see_as(client, course, "student")
    course.enrollments.filter(user=ines).update(role="student")
    page = client.get(lessons[0].get_absolute_url())
    assertNotContains(page, BANNER)
    assert Progress.objects.filter(user=ines).exists()


def test_another_course_is_seen_as_before(client, ines, course, lessons):
    client.force_login(ines)
    see_as(client, course, "student")
    other = make_course("Cake", instructor=ines)
    assertContains(client.get(other.get_absolute_url()), "Edit the course")
    assert see_as(client, course, "", lesson="x").url == course.get_absolute_url()
    assert see_as(client, course, "", lesson=other.modules.get().lessons.first().pk).url == course.get_absolute_url()


def test_it_costs_no_more_than_ones_own_view(client, ines, course, lessons):
    client.force_login(ines)

    def cost() -> list[int]:
        found = []
        for address in (lessons[0].get_absolute_url(), course.get_absolute_url()):
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found.append(len(queries))
        return found

    cost()
    own = cost()
    see_as(client, course, "student")
    seen = cost()
    assert all(a <= b for a, b in zip(seen, own, strict=True)), (seen, own)
    for lesson in lessons:
        Block.objects.create(lesson=lesson, kind="text", title="More", body="More.", position=9)
    assert cost() == seen
