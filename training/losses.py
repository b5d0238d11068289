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


@dataclass(frozen=True)
class HeadsLoss:
    """The sum over heads of their cross-entropies. `smoothing` and `class_weights` are by head; both may lack one."""

    smoothing: dict[str, float]
    gamma: float = 0.0
    class_weights: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, logits: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        losses = [
            soft_cross_entropy(
                logits[head], target, self.smoothing.get(head, 0.0), self.gamma, self.class_weights.get(head)
            )
            for head, target in targets.items()
        ]
        return sum(losses[1:], losses[0])
