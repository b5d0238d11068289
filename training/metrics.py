"""What a classifier got right, from arrays. Rates are fractions in 0..1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from emotion.core.calibration import expected_calibration_error, negative_log_likelihood, softmax

Z_95 = 1.959963984540054


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) counts: row is the label, column the prediction."""
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = correct / n, Z_95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return middle - half, middle + half


def classification_report(labels: np.ndarray, predictions: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Accuracy with its interval, the averages over the classes that occur, recall per class (None for a class without
    rows), and the confusion matrix by label, then prediction."""
    matrix = confusion_matrix(labels, predictions, len(classes))
    support, predicted, correct = matrix.sum(axis=1), matrix.sum(axis=0), np.diag(matrix)
    present = support > 0
    recall = correct / np.maximum(support, 1)
    precision = correct / np.maximum(predicted, 1)
    f1 = 2 * correct / np.maximum(support + predicted, 1)
    n = len(labels)
    shares = support / max(1, n)
    return {
        "n": n,
        "accuracy": float(correct.sum() / max(1, n)),
        "accuracy_interval_95": [float(edge) for edge in wilson_interval(int(correct.sum()), n)],
        "balanced_accuracy": float(recall[present].mean()) if present.any() else 0.0,
        "macro_f1": float(f1[present].mean()) if present.any() else 0.0,
        "weighted_precision": float((shares * precision).sum()),
        "weighted_recall": float((shares * recall).sum()),
        "weighted_f1": float((shares * f1).sum()),
        "per_class_recall": {name: (float(recall[i]) if support[i] else None) for i, name in enumerate(classes)},
        "confusion_matrix": matrix.tolist(),
    }


def ranking_report(probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """One-vs-rest ROC-AUC and average precision, means over the classes that have rows on both sides."""
    from sklearn.metrics import average_precision_score, roc_auc_score  # slow to import, and needed only here

    areas, precisions = {}, {}
    for index, name in enumerate(classes):
        mine = labels == index
        if mine.any() and not mine.all():
            areas[name] = float(roc_auc_score(mine, probabilities[:, index]))
            precisions[name] = float(average_precision_score(mine, probabilities[:, index]))
    return {
        "roc_auc": float(np.mean(list(areas.values()))) if areas else None,
        "average_precision": float(np.mean(list(precisions.values()))) if precisions else None,
        "per_class_roc_auc": areas,
    }


def calibration_report(logits: np.ndarray, labels: np.ndarray, temperature: float) -> dict[str, float]:
    """NLL in nats and ECE, before and after the temperature that was fitted on other rows."""
    return {
        "temperature": temperature,
        "nll": negative_log_likelihood(logits, labels, temperature),
        "nll_uncalibrated": negative_log_likelihood(logits, labels),
        "ece": expected_calibration_error(softmax(logits, temperature), labels),
        "ece_uncalibrated": expected_calibration_error(softmax(logits), labels),
    }
