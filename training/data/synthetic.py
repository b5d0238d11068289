"""Drawn faces, so that the loop can be tried before any data set has arrived. Good for nothing else."""

from __future__ import annotations

import cv2
import numpy as np

from emotion.core.labels import EXPRESSIONS_7
from training.data.dataset import FaceDataset, FaceSplit

SIDE = 48

# Mouth curvature (smile positive), mouth opening, brow tilt (frown positive), brow height; a caricature of each.
_SHAPES: dict[str, tuple[float, float, float, float]] = {
    "neutral": (0.0, 0.0, 0.0, 0.0),
    "happiness": (1.0, 0.2, 0.0, 0.1),
    "surprise": (0.0, 1.0, 0.0, 1.0),
    "sadness": (-0.8, 0.0, -0.8, 0.3),
    "anger": (-0.5, 0.0, 1.0, -0.5),
    "disgust": (-0.7, 0.3, 0.6, -0.2),
    "fear": (-0.3, 0.7, -0.7, 0.8),
}


def synthetic_dataset(seed: int, per_class: int = 120) -> FaceDataset:
    """Seven classes, `per_class` training faces each and a quarter as many to validate."""
    generator = np.random.default_rng(seed)
    splits = {
        name: _split(generator, count)
        for name, count in (("Training", per_class), ("PublicTest", max(4, per_class // 4)))
    }
    counts = ", ".join(f"{name} {len(split)}" for name, split in splits.items())
    return FaceDataset("synthetic", {"fer2013": EXPRESSIONS_7}, splits, f"Drawn faces: {counts}.")


def _split(generator: np.random.Generator, per_class: int) -> FaceSplit:
    labels = generator.permutation(np.repeat(np.arange(len(EXPRESSIONS_7)), per_class))
    pixels = np.stack([draw_face(EXPRESSIONS_7[label], generator) for label in labels])
    return FaceSplit(pixels, {"fer2013": np.eye(len(EXPRESSIONS_7), dtype=np.float32)[labels]})


def draw_face(expression: str, generator: np.random.Generator) -> np.ndarray:
    """One (48, 48) uint8 caricature of `expression`, jittered in place, tone and line."""
    curve, opening, tilt, height = np.array(_SHAPES[expression]) + generator.normal(0, 0.12, 4)
    skin, ink = int(generator.integers(130, 220)), int(generator.integers(10, 70))
    face = np.full((SIDE, SIDE), int(generator.integers(40, 110)), np.uint8)
    dx, dy = generator.integers(-2, 3, 2)
    cx, cy = 24 + int(dx), 24 + int(dy)
    cv2.ellipse(face, (cx, cy), (18, 22), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        eye = (cx + side * 8, cy - 5)
        cv2.circle(face, eye, 2 + int(opening > 0.5), ink, -1)
        inner = (cx + side * 4, round(eye[1] - 6 - 3 * height + 3 * tilt))
        outer = (cx + side * 12, round(eye[1] - 6 - 3 * height - 2 * tilt))
        cv2.line(face, inner, outer, ink, 1)
    x = np.linspace(-9, 9, 19)
    bend = 5 * curve * (1 - (x / 9) ** 2)
    lips = [np.stack([cx + x, cy + 11 + bend + offset], axis=1) for offset in (0, 8 * max(0.0, opening))]
    outline = np.concatenate([lips[0], lips[1][::-1]]).round().astype(np.int32)
    cv2.polylines(face, [outline], True, ink, 1)
    noise = generator.normal(0, 8, face.shape)
    return np.clip(face + noise, 0, 255).astype(np.uint8)
