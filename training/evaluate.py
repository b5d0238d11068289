"""Logits and figures of a model on a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from emotion.core.calibration import softmax
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from emotion.core.manifest import InputSpec
from emotion.core.preprocess import to_input
from training.data.dataset import DataError, FaceSplit, PixelRows, read_pixels
from training.metrics import calibration_report, classification_report, ranking_report


@torch.inference_mode()
def predict_logits(
    model: nn.Module,
    pixels: np.ndarray | PixelRows,
    spec: InputSpec,
    device: torch.device | str = "cpu",
    batch_size: int = 256,
    flips: bool = False,
) -> dict[str, np.ndarray]:
    """(N, H, W) or (N, H, W, 3) uint8 faces -> {head: (N, C) float32 logits}; with `flips`, the mean of each face's
    logits and its mirror image's. The model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    parts: dict[str, list[torch.Tensor]] = {}
    for start in range(0, len(pixels), batch_size):
        batch = torch.from_numpy(fit_pixels(read_pixels(pixels, slice(start, start + batch_size)), spec)).to(device)
        inputs = to_input(batch, spec).contiguous(memory_format=torch.channels_last)
        outputs = model(inputs)
        if flips:
            mirrored = model(inputs.flip(3))
            outputs = {head: (logits + mirrored[head]) / 2 for head, logits in outputs.items()}
        for head, logits in outputs.items():
            parts.setdefault(head, []).append(logits.float().cpu())
    model.train(was_training)
    return {head: torch.cat(logits).numpy() for head, logits in parts.items()}


def fit_pixels(pixels: np.ndarray, spec: InputSpec) -> np.ndarray:
    """(N, H, W) or (N, H, W, 3) uint8 faces of any size and colour -> what `spec` asks for."""
    if pixels.shape[1:3] != (spec.size, spec.size):
        shrinking = pixels.shape[1] > spec.size
        how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        pixels = np.stack([cv2.resize(face, (spec.size, spec.size), interpolation=how) for face in pixels])
    if spec.channels == 1 and pixels.ndim == 4:
        return np.stack([cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in pixels])
    if spec.channels == 3 and pixels.ndim == 3:
        return np.repeat(pixels[..., None], 3, axis=3)
    return pixels


@dataclass(frozen=True)
class Scored:
    """A split's rows that carry a kind of label: (N, C) logits over the classes of these labels, and (N,) labels. A
    class the model does not know has logits of minus infinity."""

    logits: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    head: str


def score(logits: dict[str, np.ndarray], heads: dict[str, tuple[str, ...]], split: FaceSplit, labels: str) -> Scored:
    """Match logits with the rows labelled `labels` (fer2013, ferplus or affectnet).

    A model without that head answers with one that knows all of these classes, else with its first, matched by name.
    Raises DataError for labels that the data set lacks.
    """
    if labels not in split.targets:
        raise DataError(f"This data set has no '{labels}' labels; it has: {', '.join(split.targets)}.")
    rows = split.labelled(labels)
    wanted = EXPRESSIONS if split.targets[labels].shape[1] == len(EXPRESSIONS) else EXPRESSIONS_7
    knowing = [name for name, classes in heads.items() if set(wanted) <= set(classes)]
    head = labels if labels in heads else [*knowing, *heads][0]
    known = {name: column for column, name in enumerate(heads[head])}
    matched = np.full((int(rows.sum()), len(wanted)), -np.inf, np.float32)
    for column, name in enumerate(wanted):
        if name in known:
            matched[:, column] = logits[head][rows, known[name]]
    return Scored(matched, split.labels(labels)[rows], wanted, head)


def evaluate_head(
    logits: dict[str, np.ndarray], heads: dict[str, tuple[str, ...]], split: FaceSplit, labels: str
) -> dict[str, Any]:
    """The classification report on the rows that carry `labels`."""
    scored = score(logits, heads, split, labels)
    return classification_report(scored.labels, scored.logits.argmax(axis=1), scored.classes)


def full_report(scored: Scored, temperature: float) -> dict[str, Any]:
    """Everything `evaluate_fer` prints of one set of logits: what is right, how it ranks, how sure it is."""
    return {
        **classification_report(scored.labels, scored.logits.argmax(axis=1), scored.classes),
        **ranking_report(softmax(scored.logits, temperature), scored.labels, scored.classes),
        **calibration_report(scored.logits, scored.labels, temperature),
    }
