"""Whether a camera's picture lives: a photo held before it, a camera that got stuck and a clip that repeats do not.

Two signs, each of which has to hold for a whole minute:

*Stillness*: no frame differs from the first of the stretch by more than a sensor's noise. Frames are compared by their
grey picture of 60 x 45 pixels, where each is the mean of dozens. Measured with scikit-image's astronaut as a webcam
frames her, in levels of grey (RMS): two frames of a photo with a noise of three levels differ by 0.5 to 0.6, with one
of six by 0.6 to 0.8; a head that moved by 0.3 pixels of 480 by 1.9, by one pixel by 5.8; one blink by 2.5. So for a
false alarm somebody would have to hold their head still to a fifth of a millimetre or so, and blink in no frame, for a
minute. A lamp that flickers or somebody who walks by begins the minute anew as well: each error is towards reading on.
So is a photo held in a hand, which moves as a face does: this does not notice it.

*Repeats*: the very same bytes come back after others came between. Two frames of a sensor never have the same bytes,
since in each thousands of pixels carry noise of their own; what is played from a file does, or a virtual camera's loop.
A frame sent twice in a row, as a busy browser does, is no repeat. Of the last LOOKED_AT frames, RETURNED have to be
repeats, and that for a minute. A virtual camera that passes on a real one, whatever it puts behind, repeats nothing.

Where a student's own device reads, no picture comes, only probabilities (`is_dead_reading`). Those of a photo before a
sensor cannot be told from those of a smile that lasts: in both, with a noise of one level and with a head that moves by
a pixel, they differ by 0.00001 to 0.0002 (RMS). But not by nothing. So there, still is what has the very same numbers
for a minute, as a camera that got stuck or a photo that a virtual one feeds in, and a repeat is the very same again.

What is kept of a session, in this process's memory only: the 32 sums of such a picture under random signs (Achlioptas
2003; distances survive, a picture of 2,700 pixels does not), and 8-byte hashes of at most KEPT frames, which Python
keys with a number that ends with the process. `forget` ends them with the session, and so do FORGET_SECONDS without a
frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

SIZE = (60, 45)  # pixels of the picture that is compared
SUMS = 32
STILL = 1.2  # root of the mean square of differences, in levels of grey of 255
LASTING_SECONDS = 60.0
FEWEST_FRAMES = 12  # in that time: a busy server asks for one in five seconds
LOOKED_AT, RETURNED = 20, 16
KEPT = 600  # hashes: ten minutes at a frame a second
FORGET_SECONDS = 30.0
MOST_KEPT = 2000  # sessions; of further ones, nothing is said


@dataclass
class _Session:
    anchor: np.ndarray  # (SUMS,) float32, or the probabilities
    still_since: float
    seen_at: float
    still_frames: int = 1
    last: int = 0
    # A ring, all of it there from the first frame on: a session that goes on takes no more memory than one that begins.
    hashes: np.ndarray = field(default_factory=lambda: np.zeros(KEPT, np.int64))
    hashed: int = 0
    lately: list[bool] = field(default_factory=list)  # of the last frames, which had been there before
    repeating_since: float | None = None


class Stillness:
    """For one thread, such as the batcher's; only `forget` may be called from others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        pixels = SIZE[0] * SIZE[1]
        self._signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), (SUMS, pixels))
        self._signs /= np.float32(pixels**0.5)
        self._sessions: dict[str, _Session] = {}
        self._swept = clock()

    def __len__(self) -> int:
        return len(self._sessions)

    def is_dead(self, session: str, jpeg: bytes, image: np.ndarray) -> bool:
        """Note a session's frame, (H, W, 3) uint8 decoded from `jpeg`, and say whether its picture has not lived for a
        minute."""
        return self._note(session, jpeg, self._sums(image), STILL)

    def is_dead_reading(self, session: str, probabilities: Mapping[str, float | None]) -> bool:
        """The same of a face that the session's own device read."""
        values = tuple(value or 0.0 for value in probabilities.values())
        return self._note(session, values, np.array(values), 0.0)

    def _note(self, session: str, frame: Hashable, sums: np.ndarray, still: float) -> bool:
        now = self._clock()
        self._sweep(now)
        known = self._sessions.get(session)
        if known is None:
            if len(self._sessions) < MOST_KEPT:
                known = self._sessions[session] = _Session(sums, now, now)
                self._repeats(known, frame, now)
            return False
        known.seen_at = now
        repeats = self._repeats(known, frame, now)
        if np.sqrt(np.mean((sums - known.anchor) ** 2)) > still:
            known.anchor, known.still_since, known.still_frames = sums, now, 1
            return repeats
        known.still_frames += 1
        return repeats or (now - known.still_since >= LASTING_SECONDS and known.still_frames >= FEWEST_FRAMES)

    def forget(self, sessions: Iterable[str]) -> None:
        for session in sessions:
            self._sessions.pop(session, None)

    def _sums(self, image: np.ndarray) -> np.ndarray:
        import cv2  # here: a web server, which looks at probabilities only, does not load it

        small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), SIZE, interpolation=cv2.INTER_AREA)
        return self._signs @ small.reshape(-1).astype(np.float32)

    def _repeats(self, known: _Session, frame: Hashable, now: float) -> bool:
        number = hash(frame)
        if number != known.last:
            known.lately = [*known.lately[1 - LOOKED_AT :], bool((known.hashes == number).any())]
            known.hashes[known.hashed % KEPT] = number
            known.hashed += 1
        known.last = number
        if sum(known.lately) < RETURNED:
            known.repeating_since = None
        elif known.repeating_since is None:
            known.repeating_since = now
        return known.repeating_since is not None and now - known.repeating_since >= LASTING_SECONDS

    def _sweep(self, now: float) -> None:
        if now - self._swept < 1:
            return
        self._swept = now
        gone = [session for session, known in list(self._sessions.items()) if now - known.seen_at > FORGET_SECONDS]
        self.forget(gone)
