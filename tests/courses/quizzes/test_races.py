"""Two tabs, two devices, two presses, and the sweep: one attempt, handed in once."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError
from django.utils import timezone

from courses.models import QuestionPool, QuizAttempt, QuizDraw
from courses.quizzes import layouts, services
from tests.courses.quizzes.factories import make_question
from tests.factories import make_lesson, make_quiz, right_answers

pytestmark = pytest.mark.django_db


def timed(**extra):
    return make_quiz(lesson=make_lesson(), minutes=30, **extra)


def test_of_two_that_hand_in_the_same_attempt_one_wins(alice, handed_in):
    quiz = make_quiz(lesson=make_lesson())
    mine = services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    slots, stale = layouts.stored(mine), QuizAttempt.objects.get()
    stale.answers = {}
    assert services._finish(mine, slots, at=timezone.now())
    assert not services._finish(stale, slots, at=timezone.now(), expired=True)
    assert (QuizAttempt.objects.get().score_percent, handed_in) == (100, [mine.pk])


def test_a_deadline_that_passes_while_waiting_for_the_lock_is_kept(alice, clock, monkeypatch):
    quiz = timed()
    services.begin_attempt(user=alice, quiz=quiz)
    clock(31)
    monkeypatch.setattr(services, "end_if_over", lambda **_: None)  # it looked a moment too early
    with pytest.raises(services.TimeIsUp):
        services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    with pytest.raises(services.TimeIsUp):
        services.submit_quiz(user=alice, quiz=quiz, answers=right_answers(quiz), number=1)
    assert QuizAttempt.objects.get().answers == {}


def test_an_answer_saved_while_the_sweep_waits_counts(alice, clock):
    quiz = timed()
    seen_by_sweep = services.begin_attempt(user=alice, quiz=quiz)
    services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    clock(31)
    assert services._expire(seen_by_sweep).score_percent == 100
    assert services._expire(seen_by_sweep) is None


def test_a_course_goes_with_its_pools_but_a_pool_in_use_stays(alice):
    quiz = make_quiz(lesson=make_lesson(), questions=0)
    pool = QuestionPool.objects.create(course=quiz.course, title="Bank")
    make_question(pool=pool)
    QuizDraw.objects.create(quiz=quiz, pool=pool)
    services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True)
    with pytest.raises(RestrictedError):
        pool.delete()
    quiz.course.delete()
    assert not QuestionPool.objects.exists()


def test_an_open_attempt_has_no_score_and_a_submitted_one_has(alice):
    quiz = make_quiz(lesson=make_lesson())
    for wrong in ({"score_percent": 50}, {"submitted_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            QuizAttempt.objects.create(user=alice, quiz=quiz, **wrong)


@pytest.mark.django_db(transaction=True)
def test_many_windows_at_once_make_one_attempt_and_hand_it_in_once(alice, handed_in):
    from concurrent.futures import ThreadPoolExecutor

    quiz = timed(attempt_limit=1)
    answers = right_answers(quiz)

    def window(_) -> tuple[int, int]:
        try:
            begun = services.begin_attempt(user=alice, quiz=quiz)
            done = services.submit_quiz(user=alice, quiz=quiz, answers=answers, number=begun.number)
            return begun.pk, done.pk
        except services.NoAttemptLeft:
            return 0, 0
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as windows:
        seen = set(windows.map(window, range(8)))
    attempt = QuizAttempt.objects.get()
    assert seen <= {(attempt.pk, attempt.pk), (0, 0)}
    assert handed_in == [attempt.pk]
