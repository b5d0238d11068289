"""From JPEGs to probabilities: decode, find the face, crop it as the training set does, classify."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS
from emotion.core.preprocess import crop_square, face_square, to_input
from emotion.inference.detector import FaceDetector
from emotion.inference.results import Face, FrameResult

# A box narrower than this has fewer pixels than the network's input has rows to fill.
SMALLEST_FACE = 36
# A second face counts when it is no mere passer-by: at least this share of the first one's area.
SECOND_FACE_SHARE = 0.15


class Engine:
    """Serves one checkpoint on one device, by default with the head its manifest names.

    Not thread-safe: the batcher's thread is its only user.
    """

    def __init__(self, checkpoint: Path, device: str = "auto", head: str | None = None) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        model, self.manifest = load_model(checkpoint)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.head = head or self.manifest.serving_head
        self.temperature = self.manifest.temperatures.get(self.head, 1.0)
        self.detector = FaceDetector()
        self._columns = [EXPRESSIONS.index(name) for name in self.manifest.heads[self.head]]

    def warm_up(self) -> None:
        """Pay the first call's costs before a student does."""
        spec = self.manifest.input
        self.detector.detect(np.zeros((480, 640, 3), np.uint8))
        self.classify([np.zeros((spec.size, spec.size) + ((3,) if spec.channels == 3 else ()), np.uint8)])

    def predict(self, jpegs: Sequence[bytes]) -> list[FrameResult]:
        """One result per JPEG, in order. A JPEG that cannot be decoded is "unclear"."""
        results: list[FrameResult | None] = [None] * len(jpegs)
        crops: list[np.ndarray] = []
        waiting: list[tuple[int, Face]] = []
        for index, jpeg in enumerate(jpegs):
            image = self._decode(jpeg)
            if image is None:
                results[index] = FrameResult("unclear")
                continue
            outcome, face = self._find(image)
            if outcome != "face" or face is None:
                results[index] = FrameResult(outcome, face=face)
                continue
            try:
                crops.append(self._crop(image, face))
            except ValueError:  # a box beyond the picture: one frame's trouble, not its batch's
                results[index] = FrameResult("unclear")
                continue
            waiting.append((index, face))
        if crops:
            for (index, face), row in zip(waiting, self.classify(crops), strict=True):
                results[index] = FrameResult("face", self._named(row), face)
        return [result for result in results if result is not None]

    @torch.inference_mode()
    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Crops of the input's size -> (B, C) calibrated probabilities of the serving head's classes."""
        batch = torch.from_numpy(np.stack(crops)).to(self.device)
        inputs = to_input(batch, self.manifest.input).contiguous(memory_format=torch.channels_last)
        logits = self.model(inputs)[self.head]
        return torch.softmax(logits.float() / self.temperature, dim=1).cpu().numpy()

    @staticmethod
    def _decode(jpeg: bytes) -> np.ndarray | None:
        try:
            return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            return None

    def _find(self, image: np.ndarray) -> tuple[str, Face | None]:
        faces = self.detector.detect(image)
        if not faces:
            return "no_face", None
        faces.sort(key=lambda face: -face.area)
        first = faces[0]
        if any(other.area >= SECOND_FACE_SHARE * first.area for other in faces[1:]):
            return "several_faces", None
        if first.width < SMALLEST_FACE:
            return "unclear", first
        return "face", first

    def _crop(self, image: np.ndarray, face: Face) -> np.ndarray:
        spec = self.manifest.input
        crop = crop_square(image, *face_square(face.x, face.y, face.width, face.height), spec.size)
        return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY if spec.channels == 1 else cv2.COLOR_BGR2RGB)

    def _named(self, row: np.ndarray) -> dict[str, float | None]:
        by_column = dict(zip(self._columns, row.tolist(), strict=True))
        return {name: by_column.get(index) for index, name in enumerate(EXPRESSIONS)}
