"""The newest frame of each session, in memory, for five seconds. A frame is never on a disk or in the message queue.

In Redis it lies sealed: should that server persist against advice, be copied or be listened to, there is no picture.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass

logger = logging.getLogger(__name__)

LIFE_SECONDS = 5
# Bytes of a nonce, drawn at random: in a thousand students' year (2**35 frames) two are the same with a chance of 1e-8.
NONCE = 12


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


class FrameStore(ABC):
    """Many at once, since each call is at most one trip to a server; `put`, `take` and `count` are for one."""

    @abstractmethod
    def put_many(self, frames: Sequence[Frame]) -> list[int | None]:
        """Keep each as its session's newest. Returns the sequences of those they replaced, which are now dropped."""

    @abstractmethod
    def take_many(self, session_ids: Sequence[str]) -> list[Frame]:
        """Hand out the sessions' newest frames, once."""

    @abstractmethod
    def count_many(self, keys: Sequence[str], seconds: int) -> list[int]:
        """How often each key was counted in the current window of `seconds`, this time included."""

    @abstractmethod
    def claim_many(self, keys: Sequence[str], seconds: int) -> list[bool]:
        """Whether each key is this caller's, of all who claim it within `seconds`: the first one's."""

    @abstractmethod
    def discard(self, session_id: str) -> None:
        """Forget a session's frame."""

    def put(self, frame: Frame) -> int | None:
        return self.put_many([frame])[0]

    def take(self, session_id: str) -> Frame | None:
        return next(iter(self.take_many([session_id])), None)

    def count(self, key: str, seconds: int) -> int:
        return self.count_many([key], seconds)[0]


class MemoryFrameStore(FrameStore):
    """For one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: dict[str, Frame] = {}
        self._counts: dict[str, tuple[float, int]] = {}  # when its window ends, and how often within it
        self._claims: dict[str, float] = {}  # until when
        self._swept = 0.0

    def put_many(self, frames: Sequence[Frame]) -> list[int | None]:
        formers = []
        with self._lock:
            self._sweep()
            for frame in frames:
                formers.append(self._frames.get(frame.session_id))
                self._frames[frame.session_id] = frame
        return [former.sequence if former else None for former in formers]

    def take_many(self, session_ids: Sequence[str]) -> list[Frame]:
        with self._lock:
            frames = [self._frames.pop(session_id, None) for session_id in session_ids]
        now = time.time()
        return [frame for frame in frames if frame and now - frame.accepted_at < LIFE_SECONDS]

    def discard(self, session_id: str) -> None:
        with self._lock:
            self._frames.pop(session_id, None)

    def count_many(self, keys: Sequence[str], seconds: int) -> list[int]:
        window = int(time.time() // seconds)
        counts = []
        with self._lock:
            self._sweep()
            for key in keys:
                end, seen = self._counts.get(key, (0.0, 0))
                seen = seen + 1 if end == (window + 1) * seconds else 1
                self._counts[key] = ((window + 1) * seconds, seen)
                counts.append(seen)
        return counts

    def claim_many(self, keys: Sequence[str], seconds: int) -> list[bool]:
        now, claimed = time.time(), []
        with self._lock:
            self._sweep()
            for key in keys:
                claimed.append(self._claims.get(key, 0.0) <= now)
                if claimed[-1]:
                    self._claims[key] = now + seconds
        return claimed

    def _sweep(self) -> None:
        """Once a second, drop what nobody took: a student who closed the page leaves no frame behind."""
        now = time.time()
        if now - self._swept < 1:
            return
        self._swept = now
        self._frames = {k: f for k, f in self._frames.items() if now - f.accepted_at < LIFE_SECONDS}
        if len(self._counts) > 10_000:
            self._counts = {key: count for key, count in self._counts.items() if count[0] > now}
        self._claims = {key: until for key, until in self._claims.items() if until > now}


class RedisFrameStore(FrameStore):
    """For many processes, which share `secret`. The server need not and should not persist: keys live five seconds and
    are taken with GETDEL, and what it holds is encrypted (AES-256-GCM), bound to its session."""

    def __init__(self, url: str, secret: str) -> None:
        import redis
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._redis = redis.Redis.from_url(url)
        self._cipher = AESGCM(hashlib.blake2b(secret.encode(), digest_size=32, person=b"attune frames").digest())

    def put_many(self, frames: Sequence[Frame]) -> list[int | None]:
        with self._redis.pipeline(transaction=False) as pipe:
            for frame in frames:
                pipe.set(self._key(frame.session_id), self._seal(frame), ex=LIFE_SECONDS, get=True)
            opened = [
                self._open(frame.session_id, former) for frame, former in zip(frames, pipe.execute(), strict=True)
            ]
        return [former.sequence if former else None for former in opened]

    def take_many(self, session_ids: Sequence[str]) -> list[Frame]:
        with self._redis.pipeline(transaction=False) as pipe:
            for session_id in session_ids:
                pipe.getdel(self._key(session_id))
            opened = [self._open(*each) for each in zip(session_ids, pipe.execute(), strict=True)]
        return [frame for frame in opened if frame]

    def _seal(self, frame: Frame) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, _pack(frame), frame.session_id.encode())

    def _open(self, session_id: str, sealed: bytes | None) -> Frame | None:
        """None as well for what another secret sealed: it is as if the frame had expired."""
        from cryptography.exceptions import InvalidTag

        if not sealed:
            return None
        try:
            return _unpack(self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], session_id.encode()))
        except (InvalidTag, ValueError):
            logger.error("A frame was sealed with another secret: servers and workers need the same ATTUNE_SECRET_KEY.")
            return None

    def discard(self, session_id: str) -> None:
        self._redis.delete(self._key(session_id))

    def count_many(self, keys: Sequence[str], seconds: int) -> list[int]:
        window = int(time.time() // seconds)
        with self._redis.pipeline() as pipe:
            for key in keys:
                name = f"count:{key}:{window}"
                pipe.incr(name).expire(name, seconds + 1)
            return pipe.execute()[::2]

    def claim_many(self, keys: Sequence[str], seconds: int) -> list[bool]:
        with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(f"claim:{key}", 1, ex=seconds, nx=True)
            return [bool(claimed) for claimed in pipe.execute()]

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
def open_frame_store(redis_url: str | None, secret: str) -> FrameStore:
    """This process's store: Redis where an URL is given, else memory."""
    return RedisFrameStore(redis_url, secret) if redis_url else MemoryFrameStore()
