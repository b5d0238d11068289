"""Whether a face can be read at all, on the server and, by on_device.py, in the page. What is not read has no
probabilities, so it is in no learning state either: these limits are the quality gate, and there are no others. Each
stands where reading FER2013 faces so spoilt had clearly failed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

LEAST_SCORE = 0.5  # of the detector, in 0..1: what it is less sure of is no face
# A box narrower than this has fewer pixels than the network's input has rows to fill.
SMALLEST_FACE = 36  # pixels of the frame
# A second face counts when it is no mere passer-by: at least this share of the first one's area.
SECOND_FACE_SHARE = 0.15
# Eyes less askew than this stay so: the network was trained on faces turned by more.
LEVEL_FROM = 5.0  # degrees
LARGEST_TILT = 35.0  # degrees; to here, a levelled crop is read as well as an upright one
DARKEST, BRIGHTEST = 0.12, 0.93  # mean of the crop, of 0..1
# Share of the crop's variance that lies in its finest details.
BLURRIEST = 0.025
SIDE = 48  # pixels at which sharpness is judged


def judge_crops(crops: Sequence[np.ndarray]) -> list[str]:
    """Why each crop of (S, S) or (S, S, 3) uint8 cannot be read: too_dark, too_bright or too_blurred; else nothing."""
    if not crops:
        return []
    greys = np.stack([_grey(crop) for crop in crops])
    levels = greys.mean(axis=(1, 2)) / 255
    return [_reason(level, sharp) for level, sharp in zip(levels.tolist(), sharpness(greys).tolist(), strict=True)]


def _reason(level: float, sharp: float) -> str:
    if level < DARKEST:
        return "too_dark"
    if level > BRIGHTEST:
        return "too_bright"
    return "too_blurred" if sharp < BLURRIEST else ""


def _grey(crop: np.ndarray) -> np.ndarray:
    """(48, 48) float32 in 0..255."""
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    if grey.shape[0] != SIDE:
        grey = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return grey.astype(np.float32)


def sharpness(greys: np.ndarray) -> np.ndarray:
    """(B, 48, 48) float32 in 0..255 -> (B,): variance of the Laplacian over that of the picture, which light does not
    change (after Pertuz et al. 2013, "Analysis of focus measure operators")."""
    edged = np.pad(greys, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    inner = (slice(None), slice(1, -1), slice(1, -1))
    details = edged[:, :-2, 1:-1] + edged[:, 2:, 1:-1] + edged[:, 1:-1, :-2] + edged[:, 1:-1, 2:] - 4 * edged[inner]
    return details.var(axis=(1, 2)) / np.maximum(1.0, greys.var(axis=(1, 2)))
