"""From pixels to the tensor a network sees. Training and serving both go through `to_input`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from emotion.core.manifest import InputSpec

if TYPE_CHECKING:
    import torch

# A FER2013 face box is 1/1.16 of its crop, and its centre lies below the crop's middle by 0.10 of the box:
# medians of BlazeFace's boxes inside FER2013 crops. Cropping a webcam face so frames it as the training set does.
CROP_SCALE = 1.16
CROP_SHIFT_UP = 0.10


def to_input(crops: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """(B, H, W) or (B, H, W, 3) uint8 crops, already `spec.size` square -> (B, C, H, W) float32, normalised."""
    import torch  # here: a web process asks this module how a face is framed, and never loads torch

    if crops.dtype != torch.uint8:
        raise TypeError(f"Crops are uint8 pixels, not {crops.dtype}.")
    batch = crops.unsqueeze(1) if crops.ndim == 3 else crops.permute(0, 3, 1, 2)
    if tuple(batch.shape[1:]) != (spec.channels, spec.size, spec.size):
        raise ValueError(
            f"The network takes {spec.channels} channel(s) of {spec.size} px, the crops are {tuple(batch.shape[1:])}."
        )
    mean = torch.tensor(spec.mean, device=batch.device).view(1, -1, 1, 1)
    std = torch.tensor(spec.std, device=batch.device).view(1, -1, 1, 1)
    return batch.float().div_(255.0).sub_(mean).div_(std)


def face_square(x: float, y: float, width: float, height: float) -> tuple[float, float, float]:
    """A detector's box in pixels -> (left, top, side) of the square crop that frames the face as FER2013 does."""
    box = (width + height) / 2
    side = CROP_SCALE * box
    centre_x = x + width / 2
    centre_y = y + height / 2 - CROP_SHIFT_UP * box
    return centre_x - side / 2, centre_y - side / 2, side


def crop_level(
    image: np.ndarray, left: float, top: float, side: float, tilt: float, pivot: tuple[float, float], size: int
) -> np.ndarray:
    """Like crop_square, with the picture first turned about `pivot` so that eyes `tilt` degrees askew come level."""
    # At most four times the result, so that the turning costs little, and then by area, so that nothing aliases.
    between = int(min(max(round(side), size), 4 * size))
    zoom = between / side
    matrix: np.ndarray = cv2.getRotationMatrix2D(pivot, tilt, zoom)
    matrix[:, 2] += (np.array(pivot) - (left, top)) * zoom - pivot
    level = cv2.warpAffine(image, matrix, (between, between), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(level, (size, size), interpolation=cv2.INTER_AREA)


def crop_square(image: np.ndarray, left: float, top: float, side: float, size: int) -> np.ndarray:
    """Cut a square out of (H, W) or (H, W, 3) uint8 and resize it to `size`; beyond the border, edge pixels repeat."""
    height, width = image.shape[:2]
    x0, y0 = round(left), round(top)
    x1, y1 = x0 + max(1, round(side)), y0 + max(1, round(side))
    pad_x0, pad_y0 = max(0, -x0), max(0, -y0)
    pad_x1, pad_y1 = max(0, x1 - width), max(0, y1 - height)
    patch = image[max(0, y0) : min(height, y1), max(0, x0) : min(width, x1)]
    if patch.size == 0:
        raise ValueError("The crop lies outside the image.")
    if pad_x0 or pad_y0 or pad_x1 or pad_y1:
        patch = cv2.copyMakeBorder(patch, pad_y0, pad_y1, pad_x0, pad_x1, cv2.BORDER_REPLICATE)
    shrinking = patch.shape[0] > size
    return cv2.resize(patch, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
