"""Image files of labelled faces: decoded, cropped, resized and streamed, a few at a time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emotion.core.preprocess import crop_square
from training.data.cache import PixelWriter, Report

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
LISTED = 20  # skipped files that are named; the rest are counted
CHUNK = 256  # faces decoded ahead of the writer

Progress = Callable[[int, int], None]


class Box(NamedTuple):
    """A face in its picture: left, top, width and height in pixels, or in fractions of the sides."""

    x: float
    y: float
    width: float
    height: float
    relative: bool = False


class ImageFile(NamedTuple):
    """`label` is a place in EXPRESSIONS; without a box, the picture is the face."""

    path: Path
    split: str
    label: int
    box: Box | None = None


@dataclass
class Listing:
    """What a layout lists: pictures with labels, labels left out by name, and paths that are not there or say nothing
    readable."""

    layout: str
    images: list[ImageFile] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, reason: str, what: str) -> None:
        self.skipped.setdefault(reason, []).append(what)


def stream_images(
    listing: Listing, folder: Path, writer: PixelWriter, progress: Progress | None
) -> tuple[dict[str, np.ndarray], Report]:
    """Decode every listed picture into `writer`, split after split, at most CHUNK in memory. What cannot be decoded is
    skipped and reported."""
    order = list(dict.fromkeys(sorted((image.split for image in listing.images), key=_split_order)))
    images = sorted(listing.images, key=lambda image: (order.index(image.split), image.path))
    size, channels = writer.shape[0], writer.shape[2] if len(writer.shape) == 3 else 1
    kept: list[ImageFile] = []
    whole = 0
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(images), CHUNK):
            chunk = images[start : start + CHUNK]
            decoded = list(pool.map(lambda image: read_face(image, size, channels), chunk))
            for image, (face, outcome) in zip(chunk, decoded, strict=True):
                if face is None:
                    listing.skip(outcome, _relative(image.path, folder))
                else:
                    kept.append(image)
                    whole += outcome == "whole"
            if faces := [face for face, _ in decoded if face is not None]:
                writer.append(np.stack(faces))
            if progress:
                progress(start + len(chunk), len(images))
    if whole:
        listing.notes.append(f"{whole} pictures do not hold the face box given for them and were taken whole")
    columns = {
        "labels": np.array([image.label for image in kept], np.int8),
        "splits": np.array([order.index(image.split) for image in kept], np.uint8),
        "names": np.array([os.fsencode(_relative(image.path, folder)) for image in kept], dtype=np.bytes_),
    }
    report: Report = {
        "layout": listing.layout,
        "splits": order,
        "dropped": dict(listing.dropped),
        "skipped": {reason: len(paths) for reason, paths in listing.skipped.items()},
        "skipped_first": [f"{path} ({reason})" for reason, paths in listing.skipped.items() for path in paths][:LISTED],
        "notes": listing.notes,
    }
    return columns, report


def read_face(image: ImageFile, size: int, channels: int) -> tuple[np.ndarray | None, str]:
    """(size, size) grey or (size, size, 3) RGB uint8, and "" or "whole" (its box was of no use); or None and what is
    wrong with the file. Turned to grey as the serving engine does: after cropping, from colour."""
    try:
        data = np.fromfile(image.path, np.uint8)
    except FileNotFoundError:
        return None, "missing"
    except OSError:
        return None, "unreadable"
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        picture = None
    if picture is None:
        return None, "corrupt"
    height, width = picture.shape[:2]
    box, outcome = _pixel_box(image.box, width, height), ""
    if image.box and box is None:
        outcome = "whole"
    if box:
        side = max(box.width, box.height)
        left, top = box.x + (box.width - side) / 2, box.y + (box.height - side) / 2
    else:
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
    face = crop_square(picture, left, top, side, size)
    return cv2.cvtColor(face, cv2.COLOR_BGR2GRAY if channels == 1 else cv2.COLOR_BGR2RGB), outcome


def conform(faces: np.ndarray, size: int, channels: int) -> np.ndarray:
    """(N, H, W) grey -> (N, size, size) or (N, size, size, 3), for sets that come as pixels."""
    if faces.shape[1:] != (size, size):
        shrinking = faces.shape[1] > size
        mode = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        faces = np.stack([cv2.resize(face, (size, size), interpolation=mode) for face in faces])
    return faces if channels == 1 else np.repeat(faces[..., None], 3, axis=3)


def face_shape(size: int, channels: int) -> tuple[int, ...]:
    return (size, size) if channels == 1 else (size, size, channels)


def _pixel_box(box: Box | None, width: int, height: int) -> Box | None:
    """The box in pixels, unless it is empty or more than half of it lies outside: some copies of a set hold pictures
    that are cropped already, beside the boxes of the uncropped ones."""
    if box is None:
        return None
    if box.relative:
        box = Box(box.x * width, box.y * height, box.width * width, box.height * height)
    inside_x = min(box.x + box.width, width) - max(box.x, 0)
    inside_y = min(box.y + box.height, height) - max(box.y, 0)
    if min(inside_x, inside_y, box.width, box.height) <= 0 or inside_x * inside_y < 0.5 * box.width * box.height:
        return None
    return box


def _split_order(name: str) -> tuple[int, str]:
    first = ("Training", "Validation", "PublicTest", "Test", "PrivateTest")
    return (first.index(name) if name in first else len(first), name)


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
