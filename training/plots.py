"""Pictures of a run: curves, confusion matrix, reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

INK = "#1f2933"
PRIMARY = "#2f5d62"
ACCENT = "#a4471f"


def plot_curves(history: Sequence[dict[str, Any]], path: Path) -> None:
    """Loss, learning rate and the validation accuracy of each head, by epoch."""
    epochs = [figures["epoch"] for figures in history]
    heads = [key for key in history[0] if key.startswith("accuracy/")]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot(epochs, [figures["loss"] for figures in history], color=PRIMARY, marker=".")
    left.set(title="Training loss", xlabel="Epoch")
    for head, colour in zip(heads, (PRIMARY, ACCENT, INK), strict=False):
        values = [100 * figures[head] for figures in history]
        right.plot(epochs, values, color=colour, marker=".", label=head.removeprefix("accuracy/"))
    right.set(title="Validation accuracy, %", xlabel="Epoch")
    right.legend(frameon=False)
    _save(figure, path)


def plot_confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str], path: Path) -> None:
    """Each row is a label and sums to 100 %."""
    counts = np.array(matrix, dtype=float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    axes.imshow(share, cmap="Greens", vmin=0, vmax=1)
    for row in range(len(classes)):
        for column in range(len(classes)):
            dark = share[row, column] > 0.55
            text = f"{100 * share[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", color="white" if dark else INK, fontsize=8)
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(title="Confusion, % of each label's rows", xlabel="Predicted", ylabel="Label")
    _save(figure, path)


def plot_reliability(probabilities: np.ndarray, labels: np.ndarray, path: Path, bins: int = 15) -> None:
    """Accuracy against confidence; on the diagonal, a model is right as often as it says."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
    axes.plot([0, 1], [0, 1], color="#8c8a82", linewidth=1, linestyle="--")
    for b in np.unique(index):
        rows = index == b
        axes.bar(
            (b + 0.5) / bins, correct[rows].mean(), width=0.9 / bins, color=PRIMARY, alpha=0.25 + 0.75 * rows.mean()
        )
    axes.set(title="Reliability", xlabel="Confidence", ylabel="Accuracy", xlim=(0, 1), ylim=(0, 1))
    _save(figure, path)


def plot_shifts(shifts: Mapping[str, Sequence[Mapping[str, Any]]], words: Mapping[str, str], path: Path) -> None:
    """A small picture of each shift: accuracy with its 95 % interval, and the confidence that goes with it."""
    columns = 5
    figure, axes = plt.subplots(
        -(-len(shifts) // columns), columns, figsize=(13, 5.6), layout="constrained", sharey=True
    )
    for place, (name, levels) in zip(axes.flat, shifts.items(), strict=False):
        at = range(len(levels))
        low, high = zip(*(each["accuracy_interval_95"] for each in levels), strict=True)
        place.fill_between(at, [100 * v for v in low], [100 * v for v in high], color=PRIMARY, alpha=0.2, linewidth=0)
        place.plot(at, [100 * each["accuracy"] for each in levels], color=PRIMARY, marker="o", label="accuracy")
        confidence = [100 * each["confidence"] for each in levels]
        place.plot(at, confidence, color=ACCENT, marker="s", linestyle="--", label="how sure it says it is")
        place.set_xticks(at, [f"{each['level']:g}" for each in levels])
        place.set(title=name, xlabel=words[name], ylim=(0, 100))
        place.grid(axis="y", alpha=0.3)
    for place in axes.flat[len(shifts) :]:
        place.axis("off")
    axes.flat[0].set_ylabel("%")
    axes.flat[0].legend(frameon=False, loc="lower left")
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=130)
    plt.close(figure)
