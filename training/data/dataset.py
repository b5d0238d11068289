"""Faces as uint8 pixels, in memory or mapped from a file, and soft targets for each head."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

TRAINING, VALIDATION, TEST = "Training", "Validation", "Test"
# What data sets call the three kinds of split, in small letters. FER2013's words are in the CSV's Usage column.
SPLIT_ROLES: dict[str, str] = {
    **dict.fromkeys(("training", "train", "train_set", "fer2013train"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val", "val_set", "publictest", "fer2013valid"), VALIDATION),
    **dict.fromkeys(("test", "testing", "test_set", "privatetest", "fer2013test"), TEST),
}
# A scattered choice of more mapped pixels than this stays a list of row numbers; a smaller one is copied, which makes
# shuffled reading faster.
COPY_UP_TO = 256 * 2**20
# Mapped pages count as the process's memory until they are let go; a smaller map may keep them.
RELEASE_FROM = 2**30


class DataError(Exception):
    """A data set is missing or damaged; the message is one sentence for a person."""


class PixelRows:
    """Chosen rows of a memory map, read when they are asked for: `pixels[i:j]` and `pixels[rows]` are arrays."""

    def __init__(self, base: np.ndarray, rows: np.ndarray) -> None:
        self.base, self.rows = base, rows
        self.shape = (len(rows), *base.shape[1:])
        self.dtype, self.ndim = base.dtype, base.ndim
        self.nbytes = len(rows) * base[:1].nbytes

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | slice | np.ndarray) -> np.ndarray:
        return read_pixels(self.base, self.rows[key])

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.base[row] for row in self.rows)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)


@dataclass(frozen=True)
class FaceSplit:
    """N faces of one split.

    pixels: (N, H, W) grey or (N, H, W, 3) RGB uint8: an array, a memory map, or rows of a map too large to copy.
    targets: per head (N, C) float32 rows that sum to 1; a row of zeros has no label for that head.
    """

    pixels: np.ndarray | PixelRows
    targets: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.pixels)

    def labelled(self, head: str) -> np.ndarray:
        """(N,) bool: the rows that carry a label for `head`."""
        return self.targets[head].sum(axis=1) > 0

    def labels(self, head: str) -> np.ndarray:
        """(N,) int: arg-max of each row's target."""
        return self.targets[head].argmax(axis=1)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """The faces of `rows` (numbers), copied into one contiguous uint8 array. A large map's pages are let go
        afterwards, so that resident memory stays at a batch however many faces an epoch has."""
        return read_pixels(self.pixels, rows)

    def take(self, rows: np.ndarray) -> FaceSplit:
        """The split of `rows` (numbers or a mask). Neighbouring rows are a view; a map is never read whole."""
        numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
        targets = {head: target[numbers] for head, target in self.targets.items()}
        return FaceSplit(_take_pixels(self.pixels, numbers), targets)


@dataclass(frozen=True)
class FaceDataset:
    """Splits by name, the heads with their class names, and a sentence that says what was read.

    `target_modes` names, for a head with FER+ votes, what its targets mean to the loss (training.data.ferplus).
    """

    name: str
    heads: dict[str, tuple[str, ...]]
    splits: dict[str, FaceSplit]
    summary: str
    target_modes: dict[str, str] = field(default_factory=dict)

    def split(self, name: str) -> FaceSplit:
        """A split by its own name, or by another set's name for the same kind: PublicTest is where the epoch is
        chosen, whatever a set calls it. Raises DataError, naming the splits there are."""
        if name in self.splits:
            return self.splits[name]
        role = SPLIT_ROLES.get(name.lower())
        for own, split in self.splits.items():
            if role and SPLIT_ROLES.get(own.lower()) == role:
                return split
        raise DataError(f"{self.name} has no split '{name}'; it has: {', '.join(self.splits)}.")


def hold_out(split: FaceSplit, head: str, fraction: float, seed: int) -> tuple[FaceSplit, FaceSplit]:
    """Part a split, stratified by `head`'s label and seeded: (kept, held out)."""
    labels = split.labels(head)
    generator = np.random.default_rng(seed)
    held = np.zeros(len(split), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        held[generator.permutation(rows)[: round(fraction * len(rows))]] = True
    return split.take(~held), split.take(held)


def _take_pixels(pixels: np.ndarray | PixelRows, rows: np.ndarray) -> np.ndarray | PixelRows:
    if isinstance(pixels, PixelRows):
        return _take_pixels(pixels.base, pixels.rows[rows])
    if len(rows) and (len(rows) == 1 or bool((np.diff(rows) == 1).all())):
        return pixels[rows[0] : rows[-1] + 1]
    if isinstance(pixels, np.memmap) and len(rows) * pixels[:1].nbytes > COPY_UP_TO:
        return PixelRows(pixels, rows)
    return np.asarray(pixels)[rows]


def read_pixels(pixels: np.ndarray | PixelRows, rows: int | slice | np.ndarray) -> np.ndarray:
    """A copy of `rows` of faces wherever they lie; the pages of a large map are let go afterwards."""
    if isinstance(pixels, PixelRows):
        return pixels[rows]
    copied = np.array(np.asarray(pixels)[rows])
    mapped = getattr(pixels, "_mmap", None)
    if mapped is not None and len(mapped) >= RELEASE_FROM and hasattr(mmap, "MADV_DONTNEED"):
        with contextlib.suppress(OSError, ValueError):
            mapped.madvise(mmap.MADV_DONTNEED)  # the pages stay in the system's cache, shared and reclaimable
    return copied
