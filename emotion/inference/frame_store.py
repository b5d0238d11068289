"""The newest frame of each session, in memory, for five seconds. A frame is never on a disk or in the message queue."""

from __future__ import annotations

import functools
import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Protocol

LIFE_SECONDS = 5


@dataclass(frozen=True)
class Frame:
    """A JPEG on its way to the worker. `accepted_at` is Unix time; `place_seconds` is the place in the block."""

    session_id: str
    sequence: int
    jpeg: bytes
    accepted_at: float
    block_number: int = 0
    edition: int = 1
    place_seconds: float = 0.0
    course_number: int = 0


class FrameStore(Protocol):
    def put(self, frame: Frame) -> int | None:
        """Keep `frame` as its session's newest. Returns the sequence of a frame it replaced, which is now dropped."""

    def take(self, session_id: str) -> Frame | None:
        """Hand out a session's newest frame, once."""

    def discard(self, session_id: str) -> None:
        """Forget a session's frame."""

    def count(self, key: str, seconds: int) -> int:
        """How often `key` was counted in the current window of `seconds`, this time included."""


class MemoryFrameStore:
    """For one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: dict[str, Frame] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self._swept = 0.0

    def put(self, frame: Frame) -> int | None:
        with self._lock:
            self._sweep()
            former = self._frames.get(frame.session_id)
            self._frames[frame.session_id] = frame
        return former.sequence if former else None

    def take(self, session_id: str) -> Frame | None:
        with self._lock:
            frame = self._frames.pop(session_id, None)
        return frame if frame and time.time() - frame.accepted_at < LIFE_SECONDS else None

    def discard(self, session_id: str) -> None:
        with self._lock:
            self._frames.pop(session_id, None)

    def count(self, key: str, seconds: int) -> int:
        window = int(time.time() // seconds)
        with self._lock:
            last, seen = self._counts.get(key, (window, 0))
            seen = seen + 1 if last == window else 1
            self._counts[key] = (window, seen)
        return seen

    def _sweep(self) -> None:
        """Once a second, drop what nobody took: a student who closed the page leaves no frame behind."""
        now = time.time()
        if now - self._swept < 1:
            return
        self._swept = now
        self._frames = {k: f for k, f in self._frames.items() if now - f.accepted_at < LIFE_SECONDS}
        if len(self._counts) > 10_000:
            self._counts.clear()


class RedisFrameStore:
    """For many processes. The server must not persist: keys live five seconds and are taken with GETDEL."""

    def __init__(self, url: str) -> None:
        import redis

        self._redis = redis.Redis.from_url(url)

    def put(self, frame: Frame) -> int | None:
        former = self._redis.set(self._key(frame.session_id), _pack(frame), ex=LIFE_SECONDS, get=True)
        return _unpack(former).sequence if former else None

    def take(self, session_id: str) -> Frame | None:
        packed = self._redis.getdel(self._key(session_id))
        return _unpack(packed) if packed else None

    def discard(self, session_id: str) -> None:
        self._redis.delete(self._key(session_id))

    def count(self, key: str, seconds: int) -> int:
        name = f"count:{key}:{int(time.time() // seconds)}"
        with self._redis.pipeline() as pipe:
            seen, _ = pipe.incr(name).expire(name, seconds + 1).execute()
        return seen

    @staticmethod
    def _key(session_id: str) -> str:
        return f"frame:{session_id}"


def _pack(frame: Frame) -> bytes:
    head = asdict(frame)
    jpeg = head.pop("jpeg")
    return json.dumps(head).encode() + b"\n" + jpeg


def _unpack(packed: bytes) -> Frame:
    head, _, jpeg = packed.partition(b"\n")
    return Frame(**json.loads(head), jpeg=jpeg)


@functools.cache
def open_frame_store(redis_url: str | None) -> FrameStore:
    """This process's store: Redis where an URL is given, else memory."""
    return RedisFrameStore(redis_url) if redis_url else MemoryFrameStore()
