"""Pools and accommodations, as an author meets them on a quiz's page."""

from datetime import timedelta

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from courses.models import Lesson, Question, QuestionPool, QuizAttempt
from courses.quizzes.services import begin_attempt
from tests.courses.studio.addresses import url
from tests.factories import enroll, make_course, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiz(ines):
    make_course("Bread", instructor=ines)
    return make_quiz(lesson=Lesson.objects.first(), questions=1, minutes=10)


def test_an_author_draws_from_a_new_pool_and_writes_its_questions(client, quiz):
    drawn = client.post(url("save-draw", quiz.pk), {"new_pool": "Crusts", "count": 1, "points": 3})
    pool = QuestionPool.objects.get()
    assertRedirects(drawn, url("pool", pool.pk))  # empty: its questions are written next
    client.post(url("add-pool-question", pool.pk), {"kind": "numeric"})
    question = Question.objects.get(pool=pool)
    client.post(url("save-question", question.pk), {"kind": "numeric", "prompt": "6 x 7", "number": "42", "points": 1})
    assertContains(client.get(url("pool", pool.pk)), "6 x 7")
    assertContains(client.get(url("quiz", quiz.pk)), "1 of 1 questions, points each: 3")
    alice = enroll(make_user("alice"), quiz.course).user
    asked = [row[0] for row in begin_attempt(user=alice, quiz=quiz).layout]
    assert question.pk in asked
    answer = client.post(url("remove-question", question.pk), headers={"accept": "application/json"})
    assert answer.status_code == 409  # it is in an attempt


def test_the_questions_of_a_pool_change_places(client, quiz):
    pool = QuestionPool.objects.create(course=quiz.course, title="Crusts")
    for prompt in ("one", "two"):
        client.post(url("add-pool-question", pool.pk), {"kind": "text"})
        Question.objects.filter(prompt="").update(prompt=prompt)
    second = Question.objects.get(prompt="two")
    moved = client.post(url("move"), {"kind": "question", "pk": second.pk, "step": "up"})
    assertRedirects(moved, f"{url('pool', pool.pk)}#question-{second.pk}")
    assert [q.prompt for q in pool.questions.all()] == ["two", "one"]


def test_a_pool_of_another_course_cannot_be_drawn_from(client, quiz):
    foreign = QuestionPool.objects.create(course=make_course("Cake"), title="Icing")
    client.post(url("save-draw", quiz.pk), {"pool": foreign.pk, "count": 1, "points": 1})
    assert not quiz.draws.exists()


def test_a_pool_in_use_is_not_removed(client, quiz):
    pool = QuestionPool.objects.create(course=quiz.course, title="Crusts")
    draw = quiz.draws.create(pool=pool)
    client.post(url("remove-pool", pool.pk))
    assert QuestionPool.objects.exists()
    client.post(url("remove-draw", draw.pk))
    client.post(url("remove-pool", pool.pk))
    assert not QuestionPool.objects.exists()


def test_more_time_reaches_an_attempt_that_is_open(client, quiz):
    alice = enroll(make_user("alice"), quiz.course).user
    attempt = begin_attempt(user=alice, quiz=quiz)
    sent = {"email": alice.email.upper(), "time_factor": "1.5", "extra_attempts": "0"}
    client.post(url("save-accommodation", quiz.pk), sent)
    attempt = QuizAttempt.objects.get(pk=attempt.pk)
    assert attempt.deadline - attempt.started_at == timedelta(minutes=15)
    page = client.get(url("quiz", quiz.pk))
    assertContains(page, "time \u00d7 1.5")
    client.post(url("remove-accommodation", quiz.accommodations.get().pk))
    assertNotContains(client.get(url("quiz", quiz.pk)), "time \u00d7 1.5")


def minutes_of(user, quiz) -> float:
    attempt = begin_attempt(user=user, quiz=quiz)
    return (attempt.deadline - attempt.started_at).total_seconds() / 60


def test_more_time_in_all_quizzes_of_the_course_and_no_other(client, quiz, ines):
    alice, bob = (enroll(make_user(name), quiz.course).user for name in ("alice", "bob"))
    open_attempt = begin_attempt(user=alice, quiz=quiz)
    make_course("Cake", instructor=ines)
    elsewhere = make_quiz(lesson=Lesson.objects.last(), minutes=10)
    sent = {"email": alice.email, "time_factor": "2", "extra_attempts": "1", "everywhere": "on"}
    client.post(url("save-accommodation", quiz.pk), sent)
    open_attempt.refresh_from_db()
    assert open_attempt.deadline - open_attempt.started_at == timedelta(minutes=20)
    made_later = make_quiz(lesson=quiz.lesson, minutes=10)
    assert [minutes_of(alice, made_later), minutes_of(bob, made_later)] == [20, 10]
    assert minutes_of(alice, elsewhere) == 10
    assertContains(client.get(url("quiz", made_later.pk)), "in all quizzes of this course")
    assertNotContains(client.get(url("quiz", elsewhere.pk)), "in all quizzes of this course")


def test_what_a_quiz_gives_a_student_counts_before_what_the_course_gives(client, quiz):
    alice = enroll(make_user("alice"), quiz.course).user
    sent = {"email": alice.email, "extra_attempts": "0"}
    client.post(url("save-accommodation", quiz.pk), sent | {"time_factor": "3"})
    client.post(url("save-accommodation", quiz.pk), sent | {"time_factor": "2", "everywhere": "on"})
    assert minutes_of(alice, quiz) == 30
    own = quiz.accommodations.get()
    client.post(url("remove-accommodation", own.pk))
    attempt = QuizAttempt.objects.get()
    assert attempt.deadline - attempt.started_at == timedelta(minutes=20)
    # Taken away on a quiz's page, one comes back to it.
    everywhere = quiz.course.quiz_accommodations.get()
    back = client.post(url("remove-accommodation", everywhere.pk), {"quiz": quiz.pk})
    assertRedirects(back, f"{url('quiz', quiz.pk)}#accommodations")
    attempt.refresh_from_db()
    assert attempt.deadline - attempt.started_at == timedelta(minutes=10)


def test_only_a_student_of_the_course_is_given_more(client, quiz):
    outsider = make_user("charlie")
    sent = {"email": outsider.email, "time_factor": "2", "extra_attempts": "0"}
    answer = client.post(url("save-accommodation", quiz.pk), sent, headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert "Nobody with this address" in answer.json()["detail"]


def test_the_page_costs_the_same_for_many_students_with_more_time(client, quiz, django_assert_num_queries):
    pool = QuestionPool.objects.create(course=quiz.course, title="Crusts")
    quiz.draws.create(pool=pool)
    for n in range(4):
        user = enroll(make_user(f"student{n}"), quiz.course).user
        quiz.accommodations.create(user=user, time_factor=2)
        quiz.course.quiz_accommodations.create(user=user, time_factor=2)
    client.get(url("quiz", quiz.pk))
    # Session, person, quiz, questions, choices, draws, pools to choose from, accommodations, the bell.
    with django_assert_num_queries(9):
        client.get(url("quiz", quiz.pk))
