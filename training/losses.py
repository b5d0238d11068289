"""Losses on soft targets. A hard label is a one-hot row; a row of zeros has no label and weighs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    smoothing: float = 0.0,
    gamma: float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """(B, C) logits and (B, C) target rows -> scalar, averaged over the rows that have a label.

    `gamma` above 0 is the focal loss (Lin et al. 2017): each term is scaled by (1 - p)^gamma. `class_weights` is (C,);
    as in PyTorch, the mean is then a weighted one.
    """
    weight = targets.sum(dim=1, keepdim=True)  # 1 with a label, 0 without, between the two after mixup
    smoothed = (1 - smoothing) * targets + smoothing * weight / targets.shape[1]
    log_probabilities = F.log_softmax(logits.float(), dim=1)
    terms = smoothed * log_probabilities
    if gamma:
        terms = terms * (1 - log_probabilities.exp()) ** gamma
    if class_weights is not None:
        terms = terms * class_weights
        weight = (targets * class_weights).sum(dim=1)
    return -terms.sum() / weight.sum().clamp(min=1e-6)


def inverse_frequency_weights(targets: Tensor) -> Tensor:
    """(N, C) targets -> (C,) weights n / (classes present * count), 1 for a class that never occurs."""
    counts = targets.sum(dim=0)
    present = counts > 0
    weights = counts.sum() / (present.sum() * counts.clamp(min=1e-6))
    return torch.where(present, weights, torch.ones_like(weights)).float()


def any_of_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """(B, C) logits and (B, C) target rows -> scalar: -log of the largest probability among a row's labels (those
    above 0), any of which is right, averaged over the rows that have one. FER+'s multi_target (Barsoum et al. 2016)."""
    labelled = targets.sum(dim=1) > 0
    log_probabilities = F.log_softmax(logits.float(), dim=1).masked_fill(targets == 0, -torch.inf)
    best = log_probabilities.max(dim=1).values.masked_fill(~labelled, 0.0)
    return -best.sum() / labelled.sum().clamp(min=1)


@dataclass(frozen=True)
class HeadsLoss:
    """The sum over heads of their losses: cross-entropy, or any_of_loss for the heads in `any_of`. `smoothing` and
    `class_weights` are by head; both may lack one."""

    smoothing: dict[str, float]
    gamma: float = 0.0
    class_weights: dict[str, Tensor] = field(default_factory=dict)
    any_of: frozenset[str] = frozenset()

    def __call__(self, logits: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        losses = [self._of_head(head, logits[head], target) for head, target in targets.items()]
        return sum(losses[1:], losses[0])

    def _of_head(self, head: str, logits: Tensor, targets: Tensor) -> Tensor:
        if head in self.any_of:
            return any_of_loss(logits, targets)
        smoothing, weights = self.smoothing.get(head, 0.0), self.class_weights.get(head)
        return soft_cross_entropy(logits, targets, smoothing, self.gamma, weights)
