"""FER+ (Barsoum et al. 2016): the votes of ten taggers on FER2013's rows, and what the authors make of them.

Sources: "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution"
(arXiv:1608.01041), and ferplus.py and train.py in Microsoft's FERPlus repository.

In every mode a single vote is an outlier and counts for nothing, and a row whose top is "unknown" or "not a face" has
no label. Beyond that, `rule` matters: "paper" keeps every such row; "code" leaves out what the authors' program does.

crossentropy  The distribution of the votes is the target. "code" takes votes from the top down until three quarters of
              them are in, at most three labels, and leaves out rows where those are half of the votes or less or more
              than three tie.
probability   The same distributions; the loss sees one label a row, drawn from them anew each time (`draw_labels`).
majority      One label, which has more than half of all votes, those for "unknown" and "not a face" among them. Rows
              without such a label are left out, in the paper as in the code.
multi_target  Every label with at least 30 % of the votes, all equally right; left out where these have half of the
              votes or less. The target is uniform over them. The authors' loss is -log of the largest probability among
              them (`target > 0` says which they are).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotion.core.labels import EXPRESSIONS
from training.data.dataset import DataError
from training.data.tables import csv_rows

FILE_NAME = "fer2013new.csv"
MODES = ("crossentropy", "majority", "probability", "multi_target")
RULES = ("paper", "code")
COLUMNS = (*EXPRESSIONS, "unknown", "NF")
CLASSES = len(EXPRESSIONS)
MOST_LABELS = 3


def read_votes(path: Path, usage: list[str]) -> np.ndarray:
    """(N, 10) float64 votes in the order of COLUMNS, joined by row position with FER2013's `usage`; a row without an
    image name has none."""
    votes: list[list[int]] = []
    for number, row in enumerate(csv_rows(path), start=2):
        try:
            counts = [int(row[name]) for name in COLUMNS]
            named, split = bool(row["Image name"].strip()), row["Usage"].strip()
        except (KeyError, ValueError, TypeError, AttributeError):
            raise DataError(f"{path}, line {number}: not a FER+ row of ten vote columns.") from None
        if len(votes) < len(usage) and split != usage[len(votes)]:
            raise DataError(f"{path}, line {number}: its Usage differs from FER2013's row {number}.")
        votes.append(counts if named else [0] * len(COLUMNS))
    if len(votes) != len(usage):
        raise DataError(f"{path} has {len(votes)} rows and FER2013 has {len(usage)}; they are joined by row.")
    return np.array(votes, dtype=np.float64)


def vote_targets(votes: np.ndarray, mode: str = "crossentropy", rule: str = "paper") -> np.ndarray:
    """(N, 10) votes -> (N, 8) float32 targets; a row of zeros is left out of the head."""
    votes = np.where(votes <= 1, 0.0, votes)
    total = votes.sum(axis=1, keepdims=True)
    if mode == "majority":
        kept = np.where(votes > 0.5 * total, 1.0, 0.0)
    elif mode == "multi_target":
        kept = np.where((votes >= 0.3 * total) & (votes > 0), votes, 0.0)
        kept[kept.sum(axis=1) <= 0.5 * total[:, 0]] = 0
        usable = (kept.argmax(axis=1) < CLASSES)[:, None]
        kept = np.where((kept > 0) & usable, 1.0, 0.0)
    elif rule == "code":
        kept = np.array([_leading_votes(row) for row in votes]).reshape(votes.shape)
    else:
        kept = votes
    usable = kept.argmax(axis=1) < CLASSES
    kept = kept[:, :CLASSES] * usable[:, None]
    return (kept / np.maximum(kept.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def draw_labels(targets: Tensor, generator: torch.Generator) -> Tensor:
    """(B, C) distributions -> (B, C) float32, one label a row drawn from them; rows of zeros stay. What `probability`
    does each time a face is seen."""
    labelled = targets.sum(dim=1, keepdim=True) > 0
    drawn = torch.multinomial(torch.where(labelled, targets, 1.0), 1, generator=generator)  # (B, 1)
    return torch.zeros_like(targets).scatter_(1, drawn, 1.0) * labelled


def _leading_votes(votes: np.ndarray) -> np.ndarray:
    """(10,) votes without single ones -> those that the authors' program keeps, labels of equal votes together."""
    total, taken, labels, somebody = votes.sum(), 0.0, 0, True
    left, kept = votes.copy(), np.zeros_like(votes)
    while somebody and taken < 0.75 * total and labels < MOST_LABELS:
        highest = left.max()
        for place in np.flatnonzero(left == highest):
            left[place] = 0
            somebody = bool(place < CLASSES)
            if somebody or not kept.any():  # where nothing came before "unknown", it is the top and the row falls out
                kept[place] = highest
            if not somebody:
                break
            taken += highest
            labels += 1
    return kept if kept.sum() > 0.5 * total and labels <= MOST_LABELS else np.zeros_like(votes)
