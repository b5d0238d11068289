"""Optimiser, learning-rate schedule and averaged weights. The schedule is a function of the step: nothing to save."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.config import OptimiserConfig, ScheduleConfig


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum; biases and batch norm are left out of the weight decay."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)


def learning_rate(step: int, steps: int, peak: float, config: ScheduleConfig) -> float:
    """One-cycle (Smith 2018): a cosine climb from peak/25 over the warm-up, then a cosine fall to peak/10,000."""
    warmup = max(1, round(config.warmup * steps))
    if step < warmup:
        low, high, fraction = peak / 25, peak, step / warmup
    else:
        low, high, fraction = peak, peak / 1e4, (step - warmup) / max(1, steps - warmup)
    return low + (high - low) * (1 - math.cos(math.pi * fraction)) / 2


class AveragedWeights:
    """Exponential moving average of a model's weights and batch-norm statistics.

    The decay starts low, (1 + step) / (10 + step), so that the average forgets the random start.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        averages: list[Tensor] = []
        values: list[Tensor] = []
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                averages.append(self.state[name])
                values.append(value)
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(averages, values, 1 - decay)
