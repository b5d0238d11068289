"""The worker's side with a real engine: a frame goes in, a reading comes out and the page is told."""

import time

import numpy as np
import pytest
from django.conf import settings
from prometheus_client import REGISTRY

from emotion import live, registry, services, tasks
from emotion.core.manifest import CheckpointError
from emotion.inference.results import Face
from emotion.models import EmotionReading
from tests.emotion.core.factories import make_checkpoint
from tests.emotion.factories import make_answer, make_frame, make_jpeg

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _stopped():
    live.stop_batcher()
    yield
    live.stop_batcher()


@pytest.fixture
def checkpoints(settings, tmp_path):
    settings.CHECKPOINTS_DIR, settings.ATTUNE_DEFAULT_MODEL, settings.ATTUNE_DEVICE = tmp_path, "small", "cpu"
    return tmp_path


def wait_for(told, session, count: int, kinds=("reading", "dropped")) -> list[dict]:
    deadline = time.monotonic() + 10
    while True:
        heard = [message for message in told.get(str(session.pk), []) if message["type"] in kinds]
        if len(heard) >= count:
            return heard
        assert time.monotonic() < deadline, told
        time.sleep(0.01)


def test_a_frame_is_answered_recorded_and_told(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    batcher = live.live_batcher()
    assert live.live_batcher() is batcher  # one in a process
    batcher.submit(make_frame(str(session.pk), 7, jpeg=make_jpeg(320, 240, noise=False)))
    (message,) = wait_for(told, session, 1)
    reading = EmotionReading.objects.get()
    assert (message["type"], message["sequence"], message["outcome"]) == ("reading", 7, "no_face")
    assert (reading.sequence, reading.outcome, reading.model_version.name) == (7, "no_face", "small")
    assert reading.latency_ms == message["latency_ms"]


def test_a_worker_tells_what_it_reads_with_while_it_does(checkpoints):
    make_checkpoint(checkpoints / "small")
    live.live_batcher()
    labels = {"model": "small", "backend": "PyTorch float32 on cpu", "device": "cpu"}
    threads = str(settings.ATTUNE_TORCH_THREADS)
    assert REGISTRY.get_sample_value("attune_worker_info", {**labels, "threads": threads}) == 1
    assert REGISTRY.get_sample_value("attune_frames_waiting") == 0
    assert REGISTRY.get_sample_value("attune_pace_seconds") == 1
    assert REGISTRY.get_sample_value("attune_gpu_memory_bytes", {"what": "total"}) is None
    live.stop_batcher()
    assert REGISTRY.get_sample_value("attune_frames_waiting") is None


def test_with_the_first_answer_of_a_window_comes_a_state(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    live.live_batcher().submit(make_frame(str(session.pk), 7, jpeg=make_jpeg(320, 240, noise=False)))
    (message,) = wait_for(told, session, 1, kinds=("state",))
    assert message == {"type": "state", "words": "Hard to say"}


def test_a_session_read_on_a_device_gets_its_state_from_the_worker(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    services.record_readings(answers=[make_answer(session)], model_version=None)
    live.watch_states([str(session.pk)])
    assert wait_for(told, session, 1, kinds=("state",))


def test_an_answered_frame_is_not_dropped_as_well_when_its_state_cannot_be_noted(
    session, checkpoints, told, monkeypatch
):
    def broken(self, answers):
        raise RuntimeError

    monkeypatch.setattr(live.StateWatch, "note", broken)
    make_checkpoint(checkpoints / "small")
    live.live_batcher().submit(make_frame(str(session.pk), 7, jpeg=make_jpeg(320, 240, noise=False)))
    wait_for(told, session, 1)
    live.stop_batcher()
    assert [message["type"] for message in told[str(session.pk)]] == ["reading"]


def test_a_worker_forgets_where_a_face_was(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    tasks.forget_faces([str(session.pk)])  # before there is anything to forget
    live.live_batcher()
    tracker = live._promoted.serving.engine.tracker
    face = Face(60, 40, 100, 100, 0.9)
    tracker.note(str(session.pk), np.arange(320 * 240 * 3, dtype=np.uint8).reshape(240, 320, 3), 1, [face])
    assert len(tracker) == 1
    tasks.forget_faces([str(session.pk)])
    assert len(tracker) == 0


def test_a_frame_that_waited_too_long_is_told_as_dropped(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    live.live_batcher().submit(make_frame(str(session.pk), 3, at=time.time() - 10))
    (message,) = wait_for(told, session, 1)
    assert (message["type"], message["sequence"]) == ("dropped", 3)
    assert not EmotionReading.objects.exists()


def test_the_promoted_model_serves_even_beside_the_shipped_one(session, checkpoints, told):
    make_checkpoint(checkpoints / "small")
    make_checkpoint(checkpoints / "better", seed=1)
    registry.promoted_model()
    registry.promote_model(version=registry.register_model(folder=checkpoints / "better"))
    live.live_batcher().submit(make_frame(str(session.pk), 1, jpeg=make_jpeg(320, 240, noise=False)))
    wait_for(told, session, 1)
    assert EmotionReading.objects.get().model_version.name == "better"


def test_without_a_model_the_worker_says_what_is_missing(db, checkpoints):
    with pytest.raises(CheckpointError, match=r"There is no checkpoint in .*small: manifest.json is missing\."):
        live.live_batcher()
