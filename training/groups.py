"""A table of faces with columns that say whose they are, and how well each group is read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion.core.labels import EXPRESSIONS, canonical
from emotion.core.manifest import InputSpec
from training.data.dataset import DataError
from training.data.images import ImageFile, read_face
from training.data.tables import csv_rows
from training.metrics import wilson_interval

# Below this, an interval is so wide that a difference means little; the group is shown all the same, and marked.
FEW = 100


@dataclass(frozen=True)
class GroupedFaces:
    """pixels: (N, H, W) or (N, H, W, 3) uint8; labels: (N,) places in EXPRESSIONS; columns: by name, N words each."""

    pixels: np.ndarray
    labels: np.ndarray
    columns: dict[str, list[str]]
    skipped: list[str]


def read_table(path: Path, spec: InputSpec) -> GroupedFaces:
    """A CSV with `path` (from its folder on), `label` (an expression by name) and whatever columns name groups, such as
    age, gender or skin tone. Pictures that cannot be read are named in `skipped`. Raises DataError."""
    if not path.is_file():
        raise DataError(f"There is no table at {path}.")
    faces, labels, skipped = [], [], []
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for number, row in enumerate(csv_rows(path), start=2):
        if not {"path", "label"} <= row.keys():
            raise DataError(f"{path} needs the columns path and label; it has: {', '.join(map(str, row))}.")
        try:
            label = EXPRESSIONS.index(canonical((row["label"] or "").strip()))
        except ValueError:
            raise DataError(
                f"Line {number} of {path} has the label {row['label']!r}, which is no expression."
            ) from None
        face, wrong = read_face(ImageFile(path.parent / (row["path"] or ""), "", label), spec.size, spec.channels)
        if face is None:
            skipped.append(f"{row['path']} ({wrong})")
            continue
        faces.append(face)
        labels.append(label)
        for name, value in row.items():
            if name not in ("path", "label"):
                columns[str(name)].append((value or "").strip() or "not said")
    if not faces:
        raise DataError(f"{path} names no picture that can be read.")
    if not columns:
        raise DataError(f"{path} has no column besides path and label, so there are no groups to compare.")
    return GroupedFaces(np.stack(faces), np.array(labels), dict(columns), skipped)


def group_report(correct: np.ndarray, labels: np.ndarray, columns: dict[str, list[str]]) -> dict[str, Any]:
    """(N,) bool and (N,) labels -> by column and group: n, accuracy with its 95 % interval, recall per class, `few` for
    groups under FEW faces; and by column the widest gap between two groups that are not few."""
    report: dict[str, Any] = {}
    for column, values in columns.items():
        groups: dict[str, Any] = {}
        for group in sorted(set(values)):
            rows = np.array([value == group for value in values])
            n, right = int(rows.sum()), int(correct[rows].sum())
            present = [index for index in range(len(EXPRESSIONS)) if (labels[rows] == index).any()]
            groups[group] = {
                "n": n,
                "accuracy": right / n,
                "accuracy_interval_95": list(wilson_interval(right, n)),
                "per_class_recall": {
                    EXPRESSIONS[index]: float(correct[rows & (labels == index)].mean()) for index in present
                },
                "few": n < FEW,
            }
        enough = [figures["accuracy"] for figures in groups.values() if not figures["few"]]
        report[column] = {"groups": groups, "widest_gap": max(enough) - min(enough) if len(enough) > 1 else None}
    return report
