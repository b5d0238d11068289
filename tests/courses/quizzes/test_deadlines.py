from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from courses.models import Lesson, QuizAccommodation
from courses.quizzes import services
from courses.quizzes.deadlines import due
from tests.factories import make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


def test_what_closes_and_is_not_passed_is_due_soonest_first():
    alice, course = make_user("alice"), make_course()
    lesson, hidden = Lesson.objects.for_course(course)
    hidden.status = "draft"
    hidden.save()
    now = timezone.now()
    later = make_quiz(lesson=lesson, closes_at=now + timedelta(days=3))
    failed = make_quiz(lesson=lesson, closes_at=now + timedelta(days=2))
    passed = make_quiz(lesson=lesson, closes_at=now + timedelta(days=1))
    mine = make_quiz(lesson=lesson, closes_at=now - timedelta(days=1))
    make_quiz(lesson=lesson, closes_at=now - timedelta(days=2))
    make_quiz(lesson=lesson)
    make_quiz(lesson=hidden, closes_at=now + timedelta(days=1))
    make_quiz(lesson=Lesson.objects.for_course(make_course()).first(), closes_at=now + timedelta(days=1))
    QuizAccommodation.objects.create(quiz=mine, user=alice, closes_at=now + timedelta(hours=1))
    services.submit_quiz(user=alice, quiz=failed, answers={}, anyway=True)
    services.submit_quiz(user=alice, quiz=passed, answers=right_answers(passed))
    services.save_answers(user=alice, quiz=later, answers=right_answers(later))  # not handed in

    # accommodations; quizzes with their lessons; those passed
    with assertNumQueries(3):
        found = due(alice, [course])
    assert found == [
        (now + timedelta(hours=1), "Check yourself", mine.get_absolute_url(), mine.block_id),
        (failed.closes_at, "Check yourself", failed.get_absolute_url(), failed.block_id),
        (later.closes_at, "Check yourself", later.get_absolute_url(), later.block_id),
    ]
    assert mine.block_id not in [block for *_rest, block in due(make_user("bob"), [course])]

    # All the quizzes stay open longer for whoever is given that in the course; in `mine` her own end counts.
    QuizAccommodation.objects.create(whole_course=course, user=alice, closes_at=now + timedelta(days=9))
    QuizAccommodation.objects.create(whole_course=make_course(), user=alice, closes_at=now + timedelta(days=20))
    with assertNumQueries(3):
        ends = [closes_at for closes_at, *_rest in due(alice, [course])]
    assert ends == [now + timedelta(hours=1)] + 3 * [now + timedelta(days=9)]
