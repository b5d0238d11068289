"""A course that Ines teaches and Alice takes, with the features on, and hands on what a frame sets in motion."""

import pytest

from courses.models import Lesson
from emotion import broadcast, tasks
from emotion.inference.frame_store import open_frame_store
from tests.emotion.factories import make_session, open_gate
from tests.factories import enroll, make_course, make_instructor, make_user


@pytest.fixture
def gate(db):
    return open_gate()


@pytest.fixture
def ines(db):
    return make_instructor("ines")


@pytest.fixture
def course(gate, ines):
    return make_course(instructor=ines)


@pytest.fixture
def lesson(course):
    return Lesson.objects.for_course(course).in_course_order().first()


@pytest.fixture
def alice(course):
    """Enrolled; she has consented to nothing yet."""
    alice = make_user("alice")
    enroll(alice, course)
    return alice


@pytest.fixture
def session(alice, lesson):
    return make_session(alice, lesson)


@pytest.fixture
def store(settings):
    """This process's frame store, empty."""
    open_frame_store.cache_clear()
    yield open_frame_store(None, settings.SECRET_KEY)
    open_frame_store.cache_clear()


@pytest.fixture
def queued(monkeypatch):
    """The tasks that would go to a worker: a list of their arguments."""
    queued = []
    monkeypatch.setattr(tasks.process_frames, "apply_async", lambda args, **options: queued.append((args, options)))
    return queued


@pytest.fixture
def told(monkeypatch):
    """What pages would be told: {session id: [message]}."""
    told = {}

    def send_many(messages):
        for session_id, items in messages.items():
            told.setdefault(session_id, []).extend(items)

    monkeypatch.setattr(broadcast, "send_many", send_many)
    return told
