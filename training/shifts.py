"""Faces as a worse camera or a worse seat would show them: synthetic shifts, by name and strength.

After Hendrycks and Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations";
strengths are in units that a person can picture. A synthetic shift says how a model breaks, not how often it will.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Shift:
    """`levels` go from no change on; each face, (H, W) or (H, W, 3) uint8, is changed by itself."""

    words: str
    levels: Sequence[float]
    change: Change


def _brightness(face: np.ndarray, level: float, _: np.random.Generator) -> np.ndarray:
    return cv2.convertScaleAbs(np.clip(face.astype(np.float32) + 255 * level, 0, 255))


def _exposure(face: np.ndarray, stops: float, _: np.random.Generator) -> np.ndarray:
    """So many stops, on light that is linear: what is too bright clips."""
    linear = (face.astype(np.float32) / 255) ** 2.2 * 2.0**stops
    return np.rint(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def _blur(face: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), share * face.shape[0] / 100) if share else face


def _rotation(face: np.ndarray, degrees: float, draw: np.random.Generator) -> np.ndarray:
    side = face.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), degrees * draw.choice([-1, 1]), 1)
    return cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)


def _quality(face: np.ndarray, quality: float, _: np.random.Generator) -> np.ndarray:
    coded = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)


def _scale(face: np.ndarray, pixels: float, _: np.random.Generator) -> np.ndarray:
    """A face that was only so many pixels wide, enlarged again."""
    side, small = face.shape[0], int(min(pixels, face.shape[0]))
    if small == side:
        return face
    return cv2.resize(cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA), (side, side))


def _eyes(face: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    """A dark band over the eyes, so much of the face high, as sunglasses are."""
    return _covered(face, 0.42 - share / 2, 0.42 + share / 2, 0.08, 0.92)


def _mouth(face: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    """From the chin up, so much of the face high, as a mask or a hand is."""
    return _covered(face, 1 - share, 1.0, 0.1, 0.9)


def _covered(face: np.ndarray, top: float, bottom: float, left: float, right: float) -> np.ndarray:
    side = face.shape[0]
    covered = face.copy()
    covered[round(top * side) : round(bottom * side), round(left * side) : round(right * side)] = 32
    return covered


SHIFTS: dict[str, Shift] = {
    "brightness down": Shift("darker by this share of full", (0, -0.1, -0.2, -0.3, -0.4), _brightness),
    "brightness up": Shift("brighter by this share of full", (0, 0.1, 0.2, 0.3, 0.4), _brightness),
    "exposure": Shift("stops of light", (0, -1, -2, -3, -4), _exposure),
    "overexposure": Shift("stops of light", (0, 0.5, 1, 1.5, 2), _exposure),
    "blur": Shift("Gaussian, % of the face", (0, 1, 2, 4, 6), _blur),
    "rotation": Shift("degrees either way", (0, 10, 20, 30, 45), _rotation),
    "JPEG quality": Shift("of 100", (95, 50, 20, 10, 5), _quality),
    "scale": Shift("pixels the face had", (48, 36, 24, 16, 12), _scale),
    "eyes covered": Shift("share of the height", (0, 0.1, 0.2, 0.3), _eyes),
    "mouth covered": Shift("share of the height", (0, 0.2, 0.35, 0.5), _mouth),
}


def shifted(faces: np.ndarray, shift: Shift, level: float, seed: int = 0) -> np.ndarray:
    """(N, H, W) or (N, H, W, 3) uint8 -> the same shape; the same faces are drawn the same way each time."""
    draw = np.random.default_rng(seed)
    return np.stack([shift.change(face, level, draw) for face in faces])
