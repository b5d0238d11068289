"""Logits and figures of a model on a split."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from emotion.core.manifest import InputSpec
from emotion.core.preprocess import to_input
from training.data.dataset import DataError, FaceSplit
from training.metrics import classification_report


@torch.inference_mode()
def predict_logits(
    model: nn.Module,
    pixels: np.ndarray,
    spec: InputSpec,
    device: torch.device | str = "cpu",
    batch_size: int = 256,
) -> dict[str, np.ndarray]:
    """(N, H, W) uint8 faces -> {head: (N, C) float32 logits}. The model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    parts: dict[str, list[torch.Tensor]] = {}
    for start in range(0, len(pixels), batch_size):
        batch = torch.from_numpy(pixels[start : start + batch_size]).to(device)
        inputs = to_input(batch, spec).contiguous(memory_format=torch.channels_last)
        for head, logits in model(inputs).items():
            parts.setdefault(head, []).append(logits.float().cpu())
    model.train(was_training)
    return {head: torch.cat(logits).numpy() for head, logits in parts.items()}


def evaluate_head(
    logits: dict[str, np.ndarray], heads: dict[str, tuple[str, ...]], split: FaceSplit, labels: str
) -> dict[str, Any]:
    """The report on the rows that carry `labels` (fer2013 or ferplus).

    A model without that head answers with one it has, over the classes both know, matched by name.
    """
    if labels not in split.targets:
        raise DataError(f"This data set has no '{labels}' labels; it has: {', '.join(split.targets)}.")
    rows = split.labelled(labels)
    wanted = _classes_of(labels)
    head = labels if labels in heads else next(iter(heads))
    common = [name for name in wanted if name in heads[head]]
    columns = [heads[head].index(name) for name in common]
    to_wanted = np.array([wanted.index(name) for name in common])
    predictions = to_wanted[logits[head][rows][:, columns].argmax(axis=1)]
    return classification_report(split.labels(labels)[rows], predictions, wanted)


def _classes_of(labels: str) -> tuple[str, ...]:
    return EXPRESSIONS if labels == "ferplus" else EXPRESSIONS_7
