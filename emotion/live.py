"""The worker's side of the live path: one engine and one batcher in a process, wired to services."""

from __future__ import annotations

import logging
import threading
import time

import cv2
from django.conf import settings
from django.db import close_old_connections, connections

from emotion import services
from emotion.inference.batcher import Batcher
from emotion.inference.results import Answer
from emotion.models import ModelVersion

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_batcher: Batcher | None = None


def live_batcher() -> Batcher:
    """This process's batcher, started on first use with the promoted model. Raises CheckpointError."""
    global _batcher
    with _lock:
        if _batcher is None:
            _batcher = _start()
        return _batcher


def stop_batcher() -> None:
    """Answer what is queued and let go of the model."""
    global _batcher
    with _lock:
        if _batcher is not None:
            _batcher.stop()
            _batcher = None


def _start() -> Batcher:
    import torch  # web processes that only queue frames never load it

    from emotion.inference.engine import Engine

    torch.set_num_threads(settings.ATTUNE_TORCH_THREADS)
    cv2.setNumThreads(settings.ATTUNE_TORCH_THREADS)
    started = time.monotonic()
    version = services.promoted_model()
    engine = Engine(services.checkpoint_folder(version.name), device=settings.ATTUNE_DEVICE)
    engine.warm_up()
    logger.info("Serving %s on %s; ready after %.1f s.", version.name, engine.device, time.monotonic() - started)
    batcher = Batcher(engine, lambda answers: _record(answers, version), _report_dropped)
    batcher.start()
    return batcher


def _record(answers: list[Answer], version: ModelVersion) -> None:
    close_old_connections()
    try:
        services.record_readings(answers=answers, model_version=version)
    finally:
        if settings.TESTING:  # a test's database cannot be dropped while this thread holds on to it
            connections.close_all()


def _report_dropped(frames: list[tuple[str, int]], reason: str) -> None:
    services.report_dropped(frames, reason)
