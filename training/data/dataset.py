"""Faces in memory: uint8 pixels, and soft targets for each head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class DataError(Exception):
    """A data set is missing or damaged; the message is one sentence for a person."""


@dataclass(frozen=True)
class FaceSplit:
    """N faces of one split.

    pixels: (N, H, W) uint8, grey.
    targets: per head (N, C) float32 rows that sum to 1; a row of zeros has no label for that head.
    """

    pixels: np.ndarray
    targets: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.pixels)

    def labelled(self, head: str) -> np.ndarray:
        """(N,) bool: the rows that carry a label for `head`."""
        return self.targets[head].sum(axis=1) > 0

    def labels(self, head: str) -> np.ndarray:
        """(N,) int: arg-max of each row's target."""
        return self.targets[head].argmax(axis=1)

    def take(self, rows: np.ndarray) -> FaceSplit:
        return FaceSplit(self.pixels[rows], {head: target[rows] for head, target in self.targets.items()})


@dataclass(frozen=True)
class FaceDataset:
    """Splits by name, the heads with their class names, and a sentence that says what was read."""

    name: str
    heads: dict[str, tuple[str, ...]]
    splits: dict[str, FaceSplit]
    summary: str

    def split(self, name: str) -> FaceSplit:
        if name not in self.splits:
            raise DataError(f"{self.name} has no split '{name}'; it has: {', '.join(self.splits)}.")
        return self.splits[name]


def hold_out(split: FaceSplit, head: str, fraction: float, seed: int) -> tuple[FaceSplit, FaceSplit]:
    """Part a split, stratified by `head`'s label and seeded: (kept, held out)."""
    labels = split.labels(head)
    generator = np.random.default_rng(seed)
    held = np.zeros(len(split), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        held[generator.permutation(rows)[: round(fraction * len(rows))]] = True
    return split.take(~held), split.take(held)
