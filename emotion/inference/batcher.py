"""Makes batches of frames from many students: up to 16 frames or 10 ms, whichever comes first."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from emotion.inference.frame_store import Frame
from emotion.inference.results import Answer, FrameResult

logger = logging.getLogger(__name__)

STALE_AFTER_SECONDS = 3.0


class Predictor(Protocol):
    def predict(self, jpegs: Sequence[bytes]) -> list[FrameResult]: ...


class Batcher:
    """One thread, the only user of the engine. A full queue blocks `submit`, so that backlog waits in the broker.

    `on_answers(answers)` records and tells; `on_dropped(frames)` tells. What they raise is logged, and the frames of
    that batch are reported as dropped: the thread lives.
    """

    def __init__(
        self,
        engine: Predictor,
        on_answers: Callable[[list[Answer]], None],
        on_dropped: Callable[[list[tuple[str, int]], str], None],
        *,
        max_batch: int = 16,
        deadline_seconds: float = 0.01,
        capacity: int = 64,
    ) -> None:
        self._engine = engine
        self._on_answers = on_answers
        self._on_dropped = on_dropped
        self._max_batch = max_batch
        self._deadline = deadline_seconds
        self._queue: queue.Queue[Frame | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._run, name="frame-batcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, frame: Frame) -> None:
        self._queue.put(frame)

    def stop(self) -> None:
        """Answer what is queued, then end the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            frames = [first]
            deadline = time.monotonic() + self._deadline
            stopping = False
            while len(frames) < self._max_batch and (remaining := deadline - time.monotonic()) > 0:
                try:
                    frame = self._queue.get(timeout=remaining)
                except queue.Empty:
                    break
                if frame is None:
                    stopping = True
                    break
                frames.append(frame)
            self._answer(frames)
            if stopping:
                return

    def _answer(self, frames: list[Frame]) -> None:
        newest = {frame.session_id: frame for frame in sorted(frames, key=lambda frame: frame.sequence)}
        now = time.time()
        fresh = [frame for frame in newest.values() if now - frame.accepted_at < STALE_AFTER_SECONDS]
        left_out = [(f.session_id, f.sequence) for f in frames if f not in fresh]
        if left_out:
            self._tell_dropped(left_out, "A newer frame was there, or this one had waited too long.")
        if not fresh:
            return
        try:
            results = self._engine.predict([frame.jpeg for frame in fresh])
            done = time.time()
            self._on_answers(
                [
                    Answer(
                        session_id=frame.session_id,
                        sequence=frame.sequence,
                        accepted_at=frame.accepted_at,
                        block_number=frame.block_number,
                        edition=frame.edition,
                        place_seconds=frame.place_seconds,
                        result=result,
                        latency_ms=max(0, round((done - frame.accepted_at) * 1000)),
                    )
                    for frame, result in zip(fresh, results, strict=True)
                ]
            )
        except Exception:
            # Ids only: an exception's text could quote what it was handed.
            logger.exception("A batch of %d frames was not answered.", len(fresh))
            self._tell_dropped([(f.session_id, f.sequence) for f in fresh], "Something went wrong on our side.")

    def _tell_dropped(self, frames: list[tuple[str, int]], reason: str) -> None:
        try:
            self._on_dropped(frames, reason)
        except Exception:
            logger.exception("Dropped frames could not be reported.")
