"""Where each session's face was a moment ago, so that not every frame needs the detector.

Somebody who reads a lesson hardly moves from one second to the next. A small grey picture of the face that the
detector found is looked for around its last place, and where it is clearly there, the detector's box goes along. Any
doubt, and at the latest every fourth frame or four seconds, is the detector's: a second face, or one that left, is
noticed by then.

Nothing of a picture outlives five seconds, as of the frames themselves: the small pictures (24 px) lie in this
process's memory only, and a thread that lives as long as they do ends each KEEP_SECONDS after its frame was looked at,
whether or not frames still come. `forget` ends a session's at once. A process that has none of a session looks for its
face.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emotion.inference.results import Face

KEEP_SECONDS = 4.0  # after the detector saw it; then it has to look again
SWEEP_SECONDS = 0.5
MOST_KEPT = 2000  # sessions; beyond them the detector looks at each frame
IN_A_ROW = 3  # frames that follow one look of the detector
SIDE = 24  # pixels of a face's small picture
WINDOW = 2  # it is looked for in a square of so many times its side
# Chosen with benchmarks/tracking.py: below it, boxes begin to stray from the detector's.
ALIKE = 0.85  # normalised correlation, 1 is the same
FLATTEST = 4.0  # levels of grey: a picture without contrast resembles anything


@dataclass(frozen=True)
class _Seen:
    face: Face  # where it was last, in pixels of the JPEG
    patch: np.ndarray  # (SIDE, SIDE) uint8, as the detector last framed it
    at: float  # monotonic seconds of that look
    followed: int = 0


class FaceTracker:
    """Thread-safe. Coordinates are pixels of the JPEG; a picture decoded at 1/`reduced` of it is passed with that."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._seen)

    def follow(self, session: str, image: np.ndarray, reduced: int) -> Face | None:
        """The session's face in an (H, W, 3) uint8 picture, or None where the detector has to look."""
        with self._lock:
            seen = self._seen.get(session)
        if seen is None or seen.followed >= IN_A_ROW or self._clock() - seen.at >= KEEP_SECONDS:
            return None
        window = _cut(image, seen.face, reduced, WINDOW)
        if window is None:
            return None
        found = cv2.matchTemplate(window, seen.patch, cv2.TM_CCOEFF_NORMED)
        _, alike, _, (column, row) = cv2.minMaxLoc(found)
        edge = found.shape[0] - 1
        if alike < ALIKE or column in (0, edge) or row in (0, edge):  # at the edge it may go on outside
            return None
        middle = (SIDE * WINDOW - SIDE) // 2
        if column == row == middle:  # less than half a pixel of the small picture, which is as near as it can tell
            return self._followed(session, seen, seen.face)
        pixel = _side(seen.face) / SIDE
        across = (column + _peak(found[row, column - 1 : column + 2]) - middle) * pixel
        down = (row + _peak(found[row - 1 : row + 2, column]) - middle) * pixel
        return self._followed(session, seen, replace(seen.face, x=seen.face.x + across, y=seen.face.y + down))

    def _followed(self, session: str, seen: _Seen, face: Face) -> Face:
        with self._lock:
            if self._seen.get(session) is seen:  # else it was forgotten meanwhile, and stays so
                self._seen[session] = replace(seen, face=face, followed=seen.followed + 1)
        return face

    def note(self, session: str, image: np.ndarray, reduced: int, faces: list[Face]) -> None:
        """What the detector found in the session's frame. Only a face that is alone is followed."""
        patch = _cut(image, faces[0], reduced, 1) if len(faces) == 1 else None
        with self._lock:
            self._seen.pop(session, None)
            if patch is None or patch.std() < FLATTEST or len(self._seen) >= MOST_KEPT:
                return
            self._seen[session] = _Seen(faces[0], patch, self._clock())
            if not self._sweeping:
                self._sweeping = True
                threading.Thread(target=self._sweep_until_empty, name="face-sweeper", daemon=True).start()

    def forget(self, sessions: Iterable[str]) -> None:
        """Of students who have stopped, withdrawn or erased."""
        with self._lock:
            for session in sessions:
                self._seen.pop(session, None)

    def sweep(self) -> bool:
        """Forget what the detector saw KEEP_SECONDS ago or more. Returns whether anything is left."""
        oldest = self._clock() - KEEP_SECONDS
        with self._lock:
            self._seen = {session: seen for session, seen in self._seen.items() if seen.at > oldest}
            self._sweeping = bool(self._seen)
            return self._sweeping

    def _sweep_until_empty(self) -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            if not self.sweep():
                return


def _side(face: Face) -> float:
    return (face.width + face.height) / 2


def _cut(image: np.ndarray, face: Face, reduced: int, times: int) -> np.ndarray | None:
    """A grey square around the face, `times` its side, with SIDE pixels to that side; None where it leaves the
    picture."""
    side = _side(face) * times / reduced
    left = round((face.x + face.width / 2) / reduced - side / 2)
    top = round((face.y + face.height / 2) / reduced - side / 2)
    length = round(side)
    height, width = image.shape[:2]
    if length < 1 or left + length <= 0 or top + length <= 0 or left >= width or top >= height:
        return None
    patch = image[max(0, top) : top + length, max(0, left) : left + length]
    if patch.shape[:2] != (length, length):
        beyond = (max(0, -top), max(0, top + length - height), max(0, -left), max(0, left + length - width))
        patch = cv2.copyMakeBorder(patch, *beyond, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if length > SIDE * times else cv2.INTER_LINEAR
    return cv2.cvtColor(cv2.resize(patch, (SIDE * times, SIDE * times), interpolation=how), cv2.COLOR_BGR2GRAY)


def _peak(three: np.ndarray) -> float:
    """Where between -0.5 and 0.5 of the middle one a parabola through three neighbours has its top."""
    before, middle, after = three.tolist()
    bend = before - 2 * middle + after
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))
