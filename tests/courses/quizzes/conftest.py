from datetime import timedelta

import pytest
from django.utils import timezone

from courses.quizzes.signals import attempt_submitted
from tests.factories import make_user


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def clock(monkeypatch):
    """clock(minutes) moves the time on."""
    now = [timezone.now()]
    monkeypatch.setattr(timezone, "now", lambda: now[0])

    def move(minutes: float) -> None:
        now[0] += timedelta(minutes=minutes)

    return move


@pytest.fixture
def handed_in():
    """The attempts that were told of as handed in."""
    told = []

    def listen(attempt, **_):
        told.append(attempt.pk)

    attempt_submitted.connect(listen)
    yield told
    attempt_submitted.disconnect(listen)
