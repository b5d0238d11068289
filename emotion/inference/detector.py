"""BlazeFace, short range (Bazarevsky et al. 2019): faces within about two metres of a webcam, on the CPU."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from emotion.inference.quality import LEAST_SCORE
from emotion.inference.results import Face

# Made of the .tflite file beside it (blazeface_onnx.py): ONNX Runtime takes 1.6 ms on one core, OpenCV's reader 2.8 ms.
MODEL = Path(__file__).with_name("assets") / "face_detection_short_range.onnx"
SIDE = 128
AT_ONCE = 4


def anchor_centres() -> np.ndarray:
    """(896, 2) centres in 0..1: two anchors per cell of a 16x16 grid, then six per cell of an 8x8 grid."""
    grids = []
    for cells, per_cell in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


class FaceDetector:
    """Thread-safe: ONNX Runtime is, and nothing else is kept."""

    def __init__(self, threshold: float = LEAST_SCORE, overlap: float = 0.3) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._net = onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
        self._anchors = anchor_centres()
        self._threshold = threshold
        self._overlap = overlap

    def detect(self, image: np.ndarray) -> list[Face]:
        """Faces in an (H, W, 3) BGR uint8 picture, the best first."""
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[np.ndarray], each: Callable = map) -> list[list[Face]]:
        """The same for pictures of any sizes, a few at a time: more at once take longer each. `each` is what goes
        through these: a pool's map uses several cores."""
        few = [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]
        return list(itertools.chain.from_iterable(each(self._detect, few)))

    def _detect(self, images: Sequence[np.ndarray]) -> list[list[Face]]:
        canvases = np.zeros((len(images), SIDE, SIDE, 3), np.uint8)
        placed = [_letterbox(image, canvas) for image, canvas in zip(images, canvases, strict=True)]
        blob = cv2.dnn.blobFromImages(list(canvases), 1 / 127.5, (SIDE, SIDE), (127.5, 127.5, 127.5), swapRB=True)
        regressors, logits = self._net.run(["regressors", "classificators"], {"image": blob})
        return [self._faces(*each) for each in zip(regressors, logits[:, :, 0], placed, strict=True)]

    def _faces(self, regressors: np.ndarray, logits: np.ndarray, placed: tuple[int, int, float]) -> list[Face]:
        """(896, 16) and (896,) -> faces in pixels of the picture that was `placed` (left, top, scale)."""
        left, top, scale = placed
        keep = np.flatnonzero(logits > -np.log(1 / self._threshold - 1))
        if not keep.size:
            return []
        regressors = regressors[keep]
        scores = 1 / (1 + np.exp(-np.clip(logits[keep], -100, 100)))
        centres = regressors[:, :2] / SIDE + self._anchors[keep]
        sizes = regressors[:, 2:4] / SIDE
        boxes = np.concatenate([centres - sizes / 2, sizes], axis=1) * SIDE
        chosen = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self._threshold, self._overlap)
        boxes = (boxes - np.array([left, top, 0, 0], np.float32)) / scale
        # The first two of six keypoints are the eyes: the person's right one first, which is on the picture's left.
        eyes = regressors[:, 6:8] - regressors[:, 4:6]
        tilts = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
        faces = [Face(*boxes[i].tolist(), float(scores[i]), float(tilts[i])) for i in np.array(chosen).reshape(-1)]
        return sorted(faces, key=lambda face: -face.score)


def _letterbox(image: np.ndarray, canvas: np.ndarray) -> tuple[int, int, float]:
    """Put a picture into the middle of a canvas, undistorted as the net was trained. Returns (left, top, scale)."""
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = SIDE / longest
    # By area, so that nothing aliases; below a factor of two, linearly is as good and takes a tenth of the time.
    how = cv2.INTER_AREA if longest > 2 * SIDE else cv2.INTER_LINEAR
    small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=how)
    left, top = (SIDE - small.shape[1]) // 2, (SIDE - small.shape[0]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return left, top, scale
