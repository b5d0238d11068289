"""The worker's side of the live path: one engine and one batcher in a process, wired to services."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
from django.conf import settings
from prometheus_client import REGISTRY

from emotion import metrics, registry, services
from emotion.collector import keep_what_is_loaded
from emotion.inference.batcher import FAILED, LATE, NEWER, Batcher
from emotion.inference.results import Answer, FrameResult
from emotion.learning_states import StateWatch
from emotion.models import ModelVersion
from emotion.own_connection import own_connection
from emotion.worker_figures import WorkerFigures

if TYPE_CHECKING:
    from emotion.inference.engine import Engine

logger = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
RETRY_SECONDS = 30.0
DROPPED = {NEWER: "newer", LATE: "late", FAILED: "failed"}

_lock = threading.Lock()
_batcher: Batcher | None = None
_promoted: PromotedEngine | None = None
_states: StateWatch | None = None
_figures: WorkerFigures | None = None


def live_batcher() -> Batcher:
    """This process's batcher, started on first use with the promoted model. Raises CheckpointError."""
    global _batcher, _promoted, _states, _figures
    with _lock:
        if _batcher is None:
            _promoted = _start_engine()
            _states = StateWatch()
            _states.start()
            _batcher = _start_batcher(_promoted, _states)
            _figures = WorkerFigures(_batcher, _promoted)
            REGISTRY.register(_figures)
        return _batcher


def stop_batcher() -> None:
    """Answer what is queued and let go of the model."""
    global _batcher, _promoted, _states, _figures
    with _lock:
        if _batcher is not None and _promoted is not None and _states is not None and _figures is not None:
            REGISTRY.unregister(_figures)
            _batcher.stop()
            _states.stop()
            _promoted.stop()
            _batcher = _promoted = _states = _figures = None


def watch_states(session_ids: Sequence[str]) -> None:
    """Have sessions observed whose frames are read on their students' devices. Raises CheckpointError."""
    live_batcher()  # the watch lives and ends with it
    if _states is not None:
        _states.note_sessions(session_ids)


def forget_faces(session_ids: Sequence[str]) -> None:
    """Of sessions that have ended, at once what this process keeps to follow their faces and to know a picture that
    does not live; it would be gone within seconds (tracker.py, stillness.py), as in a worker that did not get this."""
    if _promoted is not None:
        _promoted.serving.engine.tracker.forget(session_ids)
        _promoted.serving.engine.stillness.forget(session_ids)


def _start_engine() -> PromotedEngine:
    import torch  # web processes that only queue frames never load it

    torch.set_num_threads(settings.ATTUNE_TORCH_THREADS)
    cv2.setNumThreads(1)  # the engine has threads of its own
    promoted = PromotedEngine(_load(registry.promoted_model()))
    keep_what_is_loaded()
    promoted.start()
    return promoted


def _start_batcher(promoted: PromotedEngine, states: StateWatch) -> Batcher:
    def record(answers: list[Answer]) -> None:
        recorded = _record(answers, answers[0].served_by.version)
        metrics.FRAMES_ANSWERED.inc(len(recorded))
        if unrecorded := len(answers) - len(recorded):
            metrics.FRAMES_DROPPED.labels("unrecorded").inc(unrecorded)
        for answer in recorded:
            metrics.ANSWER_SECONDS.observe(answer.latency_ms / 1000)
        try:
            states.note(recorded)
        except Exception:  # these are recorded and told: nothing more may be said of them
            logger.exception("The learning states did not hear of %d answers.", len(recorded))

    def drop(frames: list[tuple[str, int]], reason: str, pace_ms: int) -> None:
        metrics.FRAMES_DROPPED.labels(DROPPED[reason]).inc(len(frames))
        services.report_dropped(frames, reason, pace_ms)

    batcher = Batcher(promoted, record, drop)
    batcher.start()
    return batcher


@dataclass(frozen=True)
class Served:
    """A registered model and the engine that serves it."""

    version: ModelVersion
    engine: Engine

    @property
    def key(self) -> tuple[int, str]:
        """Changes when another model is promoted, and when this one is trained anew and registered again."""
        return _key(self.version)


class PromotedEngine:
    """The batcher's predictor: the engine of whichever model is promoted.

    A thread of its own looks at the registry every LOOK_SECONDS, whether or not frames come in, and builds and warms a
    newly promoted model's engine while the present one goes on answering. `predict` takes it up before a batch, so no
    frame waits for it or is lost, and `serving` tells whose answers a batch got. Only the thread that calls `predict`
    uses an engine once it serves.
    """

    def __init__(self, first: Served) -> None:
        self.serving = first
        self._ready = first
        self._failed: tuple[tuple[int, str], float] | None = None  # what did not load, and when to try again
        self._unreadable = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="model-registry", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def predict(self, jpegs: Sequence[bytes], sessions: Sequence[str]) -> list[FrameResult]:
        self.serving = self._ready  # one read: the other thread may replace it at any moment
        metrics.BATCH_SIZE.observe(len(jpegs))
        with metrics.BATCH_SECONDS.time():
            return self.serving.engine.predict(jpegs, sessions)

    def _follow(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                with own_connection():
                    self._look()
            except Exception as error:  # a database that restarts must not end the watch
                if not self._unreadable:
                    logger.warning("The registry of models cannot be read; asking again: %s", error)
                self._unreadable = True
            else:
                self._unreadable = False

    def _look(self) -> None:
        version = ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED).first()
        if version is None or _key(version) == self._ready.key:
            self._failed = None
            return
        if self._failed and self._failed[0] == _key(version) and time.monotonic() < self._failed[1]:
            return
        try:
            self._ready = _load(version)
        except Exception as error:  # whatever is wrong with it, the present one can go on
            if not self._failed or self._failed[0] != _key(version):
                logger.error("%s cannot serve, %s goes on: %s", version.name, self._ready.version.name, error)
            self._failed = (_key(version), time.monotonic() + RETRY_SECONDS)
        else:
            self._failed = None


def _key(version: ModelVersion) -> tuple[int, str]:
    return version.pk, version.weights_sha256


def _load(version: ModelVersion) -> Served:
    """Raises CheckpointError."""
    from emotion.inference.engine import Engine

    started = time.monotonic()
    folder = registry.checkpoint_folder(version.name)
    engine = Engine(folder, device=settings.ATTUNE_DEVICE, threads=settings.ATTUNE_TORCH_THREADS)
    engine.warm_up()
    taken = time.monotonic() - started
    logger.info("Serving %s with %s; ready after %.1f s.", version.name, engine.backend.label, taken)
    return Served(version, engine)


def _record(answers: list[Answer], version: ModelVersion) -> list[Answer]:
    with own_connection():
        return services.record_readings(answers=answers, model_version=version)
