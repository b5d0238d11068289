"""From JPEGs to probabilities: decode, find the face, crop it as the training set does, classify."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch

from emotion.core.calibration import softmax
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import read_manifest
from emotion.core.preprocess import crop_level, crop_square, face_square, to_input
from emotion.inference.backends import choose_backend
from emotion.inference.detector import FaceDetector
from emotion.inference.jpeg import BadFrame, check_jpeg
from emotion.inference.quality import LARGEST_TILT, LEVEL_FROM, SECOND_FACE_SHARE, SMALLEST_FACE, judge_crops
from emotion.inference.results import Face, FrameResult
from emotion.inference.stillness import Stillness
from emotion.inference.tracker import FaceTracker

# A frame is decoded at a half or a quarter while its longer side keeps nearly twice the detector's input: half of the
# 480 pixels that the page sends.
SMALLEST_DECODED = 240
WARM_UP_FACES = 16  # a full batch of the live path's, whose first one takes some 10 MB more
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}


class Engine:
    """Serves one checkpoint on one device, by default with the head its manifest names.

    What computes the logits is the fastest backend that the checkpoint has files for (`backend.label` names it).
    `threads` decode JPEGs and look for faces. Not thread-safe: the batcher's thread is its only user.
    """

    def __init__(self, checkpoint: Path, device: str = "auto", head: str | None = None, threads: int = 1) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.manifest = read_manifest(checkpoint)
        self.head = head or self.manifest.serving_head
        self.temperature = self.manifest.temperatures.get(self.head, 1.0)
        self.backend = choose_backend(checkpoint, self.manifest, self.head, self.device)
        self.detector = FaceDetector()
        self.tracker = FaceTracker()
        self.stillness = Stillness()
        self._columns = [EXPRESSIONS.index(name) for name in self.manifest.heads[self.head]]
        self._each = ThreadPoolExecutor(threads, "frames").map if threads > 1 else map

    def warm_up(self) -> None:
        """Pay the costs of a first call, and of a first full batch, before a student does."""
        spec = self.manifest.input
        blank = np.zeros((spec.size, spec.size) + ((3,) if spec.channels == 3 else ()), np.uint8)
        for faces in (1, WARM_UP_FACES):
            self.detector.detect_many([np.zeros((240, 320, 3), np.uint8)] * faces, self._each)
            self.classify([blank] * faces)

    def predict(self, jpegs: Sequence[bytes], sessions: Sequence[str] = ()) -> list[FrameResult]:
        """One result per JPEG, in order. A JPEG that cannot be decoded is "unclear".

        With the sessions they come from, a face that hardly moved since the session's last frame is followed instead of
        looked for anew (tracker.py), and a picture that does not live is read as no expression (stillness.py).

        A stage at a time, with few calls for the whole batch: at each of them another thread may take the interpreter's
        lock, and have it for longer than the call took.
        """
        frames = list(self._each(decode_reduced, jpegs))
        faces = self._find_faces(frames, sessions or [""] * len(frames))
        found = [self._frame(*each) for each in zip(jpegs, frames, faces, strict=True)]
        for index, (jpeg, (image, _), session) in enumerate(zip(jpegs, frames, sessions, strict=False)):
            is_dead = session and image is not None and self.stillness.is_dead(session, jpeg, image)
            if is_dead and not isinstance(found[index], FrameResult):
                found[index] = FrameResult("unclear", face=found[index][0], reason="not_moving")
        readable = [index for index, each in enumerate(found) if not isinstance(each, FrameResult)]
        reasons = judge_crops([found[index][1] for index in readable])
        for index, reason in zip(readable, reasons, strict=True):
            if reason:
                found[index] = FrameResult("unclear", face=found[index][0], reason=reason)
        clear = [index for index, reason in zip(readable, reasons, strict=True) if not reason]
        if clear:
            rows = self.classify([found[index][1] for index in clear])
            for index, row in zip(clear, rows, strict=True):
                found[index] = FrameResult("face", self._named(row), found[index][0])
        return found

    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Crops of the input's size -> (B, C) calibrated probabilities of the serving head's classes."""
        inputs = to_input(torch.from_numpy(np.stack(crops)), self.manifest.input)
        return softmax(self.backend.logits(inputs) / self.temperature)

    def _find_faces(self, frames: Sequence[tuple[np.ndarray | None, int]], sessions: Sequence[str]) -> list[list[Face]]:
        """Of each decoded frame, its faces in pixels of the JPEG, the largest first."""
        followed = list(self._each(self._follow, frames, sessions))
        sought = [image for (image, _), face in zip(frames, followed, strict=True) if image is not None and not face]
        found = iter(self.detector.detect_many(sought, self._each))
        faces = []
        for (image, reduced), session, face in zip(frames, sessions, followed, strict=True):
            if image is None or face:
                faces.append([face] if face else [])
                continue
            faces.append(sorted((_enlarged(f, reduced) for f in next(found)), key=lambda each: -each.area))
            if session:
                self.tracker.note(session, image, reduced, faces[-1])
        return faces

    def _follow(self, frame: tuple[np.ndarray | None, int], session: str) -> Face | None:
        image, reduced = frame
        return self.tracker.follow(session, image, reduced) if session and image is not None else None

    def _frame(
        self, jpeg: bytes, frame: tuple[np.ndarray | None, int], faces: list[Face]
    ) -> FrameResult | tuple[Face, np.ndarray]:
        """A frame's face and its crop, or why there is none."""
        image, reduced = frame
        if image is None:
            return FrameResult("unclear", reason="unreadable")
        if not faces:
            return FrameResult("no_face")
        first = faces[0]
        if any(other.area >= SECOND_FACE_SHARE * first.area for other in faces[1:]):
            return FrameResult("several_faces")
        if first.width < SMALLEST_FACE:
            return FrameResult("unclear", face=first, reason="too_small")
        if abs(first.tilt) > LARGEST_TILT:
            return FrameResult("unclear", face=first, reason="tilted")
        try:
            return first, self._crop(jpeg, image, reduced, first)
        except ValueError:  # a box beyond the picture: one frame's trouble, not its batch's
            return FrameResult("unclear", reason="unreadable")

    def _crop(self, jpeg: bytes, image: np.ndarray, reduced: int, face: Face) -> np.ndarray:
        spec = self.manifest.input
        left, top, side = face_square(face.x, face.y, face.width, face.height)
        if reduced > 1 and side / reduced < spec.size:  # too few pixels are left of a small face
            image, reduced = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), 1
        left, top, side = left / reduced, top / reduced, side / reduced
        if abs(face.tilt) < LEVEL_FROM:
            crop = crop_square(image, left, top, side, spec.size)
        else:
            centre = ((face.x + face.width / 2) / reduced, (face.y + face.height / 2) / reduced)
            crop = crop_level(image, left, top, side, face.tilt, centre, spec.size)
        return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY if spec.channels == 1 else cv2.COLOR_BGR2RGB)

    def _named(self, row: np.ndarray) -> dict[str, float | None]:
        by_column = dict(zip(self._columns, row.tolist(), strict=True))
        return {name: by_column.get(index) for index, name in enumerate(EXPRESSIONS)}


def decode_reduced(jpeg: bytes) -> tuple[np.ndarray | None, int]:
    """(H, W, 3) BGR uint8, and by how much it was reduced; None for what cannot be decoded. Thread-safe."""
    reduced = 1
    with contextlib.suppress(BadFrame):  # other kinds of picture come from predict_fer, and are read whole
        longest = max(check_jpeg(jpeg))
        reduced = next(factor for factor in (4, 2, 1) if factor == 1 or longest >= factor * SMALLEST_DECODED)
    try:
        return cv2.imdecode(np.frombuffer(jpeg, np.uint8), REDUCED[reduced]), reduced
    except cv2.error:
        return None, 1


def _enlarged(face: Face, factor: int) -> Face:
    return Face(face.x * factor, face.y * factor, face.width * factor, face.height * factor, face.score, face.tilt)
