"""Losses on soft targets. A hard label is a one-hot row; a row of zeros has no label and weighs nothing."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """(B, C) logits and (B, C) target rows -> scalar, averaged over the rows that have a label."""
    weight = targets.sum(dim=1, keepdim=True)  # 1 with a label, 0 without, between the two after mixup
    smoothed = (1 - smoothing) * targets + smoothing * weight / targets.shape[1]
    per_row = -(smoothed * F.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return per_row.sum() / weight.sum().clamp(min=1)


def heads_loss(logits: dict[str, Tensor], targets: dict[str, Tensor], smoothing: dict[str, float]) -> Tensor:
    """The sum over heads of their cross-entropies; `smoothing` names the heads whose labels are hard."""
    losses = [soft_cross_entropy(logits[head], target, smoothing.get(head, 0.0)) for head, target in targets.items()]
    return sum(losses[1:], losses[0])
