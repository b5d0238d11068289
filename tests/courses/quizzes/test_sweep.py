from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from courses.models import Lesson, QuizAttempt
from courses.quizzes import services
from tests.factories import enroll, make_course, make_quiz, make_user

pytestmark = pytest.mark.django_db


def test_an_attempt_whose_time_is_up_is_handed_in_without_anyone_looking(capsys):
    make_course(lessons=1)
    lesson = Lesson.objects.get()
    quiz = make_quiz(lesson=lesson, minutes=5)
    alice = make_user("alice")
    enroll(alice, lesson.course)
    attempt = services.begin_attempt(user=alice, quiz=quiz)
    call_command("close_attempts")
    assert "0 attempts" in capsys.readouterr().out
    QuizAttempt.objects.filter(pk=attempt.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    call_command("close_attempts")
    assert "1 attempts" in capsys.readouterr().out
    attempt.refresh_from_db()
    assert attempt.submitted_at
    assert attempt.expired
