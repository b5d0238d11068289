"""What a classifier got right, from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) counts: row is the label, column the prediction."""
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def classification_report(labels: np.ndarray, predictions: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """n, accuracy, macro F1 over the classes that occur, and recall per class (None for a class without rows)."""
    matrix = confusion_matrix(labels, predictions, len(classes))
    support, predicted, correct = matrix.sum(axis=1), matrix.sum(axis=0), np.diag(matrix)
    present = support > 0
    f1 = 2 * correct / np.maximum(support + predicted, 1)
    return {
        "n": len(labels),
        "accuracy": float(correct.sum() / max(1, len(labels))),
        "macro_f1": float(f1[present].mean()) if present.any() else 0.0,
        "per_class_recall": {
            name: (float(correct[i] / support[i]) if support[i] else None) for i, name in enumerate(classes)
        },
    }
