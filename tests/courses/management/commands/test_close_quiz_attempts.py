from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from courses.models import QuizAttempt
from courses.quizzes import services
from tests.factories import make_lesson, make_quiz, make_user

pytestmark = pytest.mark.django_db


def test_the_job_of_each_minute_hands_in_what_is_over_and_one_that_fails_stops_no_other(monkeypatch, caplog):
    quiz = make_quiz(lesson=make_lesson(), minutes=10)
    for name in ("alice", "bob"):
        services.begin_attempt(user=make_user(name), quiz=quiz)
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    broken = QuizAttempt.objects.first()
    QuizAttempt.objects.filter(pk=broken.pk).update(layout=["nonsense"])
    out = StringIO()
    call_command("close_quiz_attempts", stdout=out)
    assert out.getvalue() == "1 attempts handed in.\n"
    assert f"Attempt {broken.pk}" in caplog.text
    call_command("close_quiz_attempts", verbosity=0, stdout=out)
    assert out.getvalue().count("\n") == 1
