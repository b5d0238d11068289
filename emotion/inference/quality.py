"""Whether a face can be read at all. Each limit stands where reading FER2013 faces so spoilt had clearly failed."""

from __future__ import annotations

import cv2
import numpy as np

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


def judge_crop(crop: np.ndarray) -> str:
    """Why a crop of (S, S) or (S, S, 3) uint8 cannot be read: too_dark, too_bright or too_blurred; else nothing."""
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    level = float(grey.mean()) / 255
    if level < DARKEST:
        return "too_dark"
    if level > BRIGHTEST:
        return "too_bright"
    return "too_blurred" if sharpness(grey) < BLURRIEST else ""


def sharpness(grey: np.ndarray) -> float:
    """Variance of the Laplacian over that of the picture, both of (S, S) uint8 at 48 px: a measure that light does not
    change (after Pertuz et al. 2013, "Analysis of focus measure operators")."""
    if grey.shape[0] != 48:
        grey = cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA)
    details, whole = (float(cv2.meanStdDev(each)[1][0, 0]) ** 2 for each in (cv2.Laplacian(grey, cv2.CV_32F), grey))
    return details / max(1.0, whole)
