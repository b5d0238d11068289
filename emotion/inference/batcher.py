"""Makes batches of frames from many students: up to 16 frames or 10 ms, whichever comes first."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from emotion.inference.frame_store import Frame
from emotion.inference.pace import Pace
from emotion.inference.results import Answer, FrameResult

logger = logging.getLogger(__name__)

# By then the web side has told the page "dropped"; an answer recorded later would be one too many.
STALE_AFTER_SECONDS = 2.8
# While more wait than fit into a batch, a frame this old makes room: an answer soon for some beats a late one for all.
PATIENCE_SECONDS = 0.7

NEWER = "A newer frame took its place."
LATE = "This one had waited too long."
FAILED = "Something went wrong on our side."


class Predictor(Protocol):
    serving: object  # what answered the last batch: each answer says so

    def predict(self, jpegs: Sequence[bytes], sessions: Sequence[str]) -> list[FrameResult]: ...


@dataclass(frozen=True)
class Read:
    """A batch that the engine has read and nobody has recorded yet: at a Unix time, in so many seconds."""

    frames: list[Frame]
    results: list[FrameResult]
    by: object
    at: float
    seconds: float


class Batcher:
    """One thread, the only user of the engine. It holds the newest frame of each student, and when full it blocks
    `submit`, so that backlog waits in the broker. A second thread records: the engine reads the next batch meanwhile,
    and waits when that one is done first.

    Courses take turns, and in a course the student who has waited longest for an answer comes first. `on_answers`
    records and tells, `on_dropped(frames, reason, pace_ms)` tells. What they raise is logged, and the frames of that
    batch are reported as dropped: the threads live.
    """

    def __init__(
        self,
        engine: Predictor,
        on_answers: Callable[[list[Answer]], None],
        on_dropped: Callable[[list[tuple[str, int]], str, int], None],
        *,
        max_batch: int = 16,
        deadline_seconds: float = 0.01,
        capacity: int = 64,
    ) -> None:
        self.pace = Pace()
        self._engine = engine
        self._on_answers = on_answers
        self._on_dropped = on_dropped
        self._max_batch = max_batch
        self._deadline = deadline_seconds
        self._capacity = capacity
        self._waiting: dict[str, Frame] = {}
        self._last_answer: dict[str, float] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="frame-batcher", daemon=True)
        self._read: queue.Queue[Read | None] = queue.Queue(maxsize=1)
        self._recorder = threading.Thread(target=self._record, name="frame-recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._recorder.start()

    def submit(self, frame: Frame) -> None:
        """Take a frame; while `capacity` students wait already, this one's task waits too."""
        with self._changed:
            while len(self._waiting) >= self._capacity and frame.session_id not in self._waiting:
                if self._stopping:
                    break
                self._changed.wait()
            former = self._waiting.get(frame.session_id, frame)
            older, newer = sorted((former, frame), key=lambda each: each.sequence)
            self._waiting[frame.session_id] = newer
            self._changed.notify_all()
        if older.sequence != newer.sequence:
            self._tell_dropped([older], NEWER)

    @property
    def waiting(self) -> int:
        """Frames in hand that are in no batch yet."""
        return len(self._waiting)

    def stop(self) -> None:
        """Answer what waits, then end the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in (self._thread, self._recorder):
            if thread.is_alive():
                thread.join(timeout=10)

    def _run(self) -> None:
        while frames := self._next_batch():
            started = time.monotonic()
            try:
                results = self._engine.predict([f.jpeg for f in frames], [f.session_id for f in frames])
            except Exception:
                # Ids only: an exception's text could quote what it was handed.
                logger.exception("A batch of %d frames was not read.", len(frames))
                self._tell_dropped(frames, FAILED)
                continue
            self._remember(frame.session_id for frame in frames)
            seconds = time.monotonic() - started
            self._read.put(Read(frames, results, self._engine.serving, time.time(), seconds))
        self._read.put(None)

    def _record(self) -> None:
        while read := self._read.get():
            started = time.monotonic()
            self._answer(read)
            # Both threads at once: whichever takes longer says how much more would go.
            self.pace.add(max(read.seconds, time.monotonic() - started))

    def _next_batch(self) -> list[Frame]:
        """The next frames to answer, waited for; none when the batcher stops."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            deadline = time.monotonic() + self._deadline
            while len(self._waiting) < self._max_batch and not self._stopping:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            patience = PATIENCE_SECONDS if len(self._waiting) > self._max_batch else STALE_AFTER_SECONDS
            limit = time.time() - patience
            late = [frame for frame in self._waiting.values() if frame.accepted_at < limit]
            for frame in late:
                del self._waiting[frame.session_id]
            chosen = list(itertools.islice(self._in_turn(self._waiting.values()), self._max_batch))
            for frame in chosen:
                del self._waiting[frame.session_id]
            self._changed.notify_all()
        if late:
            self._tell_dropped(late, LATE)
        return chosen or (self._next_batch() if late else [])

    def _in_turn(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        courses = defaultdict(list)
        for frame in sorted(frames, key=lambda f: (self._last_answer.get(f.session_id, 0.0), f.accepted_at)):
            courses[frame.course_number].append(frame)
        return (frame for turn in itertools.zip_longest(*courses.values()) for frame in turn if frame)

    def _answer(self, read: Read) -> None:
        limit = time.time() - STALE_AFTER_SECONDS
        if late := [frame for frame in read.frames if frame.accepted_at <= limit]:
            self._tell_dropped(late, LATE)
        in_time = [pair for pair in zip(read.frames, read.results, strict=True) if pair[0].accepted_at > limit]
        if not in_time:
            return
        answers = [
            Answer(
                session_id=frame.session_id,
                sequence=frame.sequence,
                accepted_at=frame.accepted_at,
                block_number=frame.block_number,
                edition=frame.edition,
                place_seconds=frame.place_seconds,
                result=result,
                latency_ms=max(0, round((read.at - frame.accepted_at) * 1000)),
                pace_ms=self.pace.milliseconds,
                served_by=read.by,
            )
            for frame, result in in_time
        ]
        try:
            self._on_answers(answers)
        except Exception:
            logger.exception("A batch of %d frames was not answered.", len(in_time))
            self._tell_dropped([frame for frame, _ in in_time], FAILED)

    def _remember(self, sessions: Iterable[str]) -> None:
        now = time.monotonic()
        for session_id in sessions:
            self._last_answer.pop(session_id, None)  # so that the longest ago comes first
            self._last_answer[session_id] = now
        for session_id in list(itertools.islice(self._last_answer, max(0, len(self._last_answer) - 5000))):
            del self._last_answer[session_id]

    def _tell_dropped(self, frames: list[Frame], reason: str) -> None:
        try:
            self._on_dropped([(f.session_id, f.sequence) for f in frames], reason, self.pace.milliseconds)
        except Exception:
            logger.exception("Dropped frames could not be reported.")
