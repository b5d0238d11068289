import pytest

from emotion import live, tasks
from lms.celery import app as celery_app
from tests.emotion.factories import make_frame


class Batcher:
    def __init__(self) -> None:
        self.frames = []

    def submit(self, frame) -> None:
        self.frames.append(frame)


@pytest.fixture
def batcher(monkeypatch):
    batcher = Batcher()
    monkeypatch.setattr(live, "live_batcher", lambda: batcher)
    return batcher


def test_a_task_hands_the_newest_frame_to_the_batcher(store, batcher):
    store.put(make_frame("a", 1))
    store.put(make_frame("a", 2))
    tasks.process_frames(["a"])
    assert [frame.sequence for frame in batcher.frames] == [2]


def test_a_task_run_twice_does_nothing_the_second_time(store, batcher):
    store.put(make_frame("a", 1))
    tasks.process_frames(["a"])
    tasks.process_frames(["a"])
    assert len(batcher.frames) == 1


def test_frames_have_a_queue_of_their_own():
    routed = celery_app.amqp.router.route({}, tasks.process_frames.name)
    assert routed["queue"].name == tasks.QUEUE == "frames"
    assert tasks.process_frames.ignore_result


def test_a_session_read_on_a_device_is_handed_to_the_learning_states(monkeypatch):
    watched = []
    monkeypatch.setattr(live, "watch_states", watched.append)
    tasks.watch_states(["a"])
    assert watched == [["a"]]
    assert celery_app.amqp.router.route({}, tasks.watch_states.name)["queue"].name == tasks.QUEUE
