"""Optimisers, learning-rate schedules and averaged weights.

A schedule is a function of the step and of the scores so far, so there is no state of its own to save.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.config import OptimiserConfig, ScheduleConfig


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """The configured optimiser; biases and batch norm are left out of the weight decay."""
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    match config.name:
        case "sgd":
            return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
        case "adam":
            return torch.optim.Adam(groups, lr=config.lr)
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.lr)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=config.lr, momentum=config.momentum)
    raise ValueError(f"No optimiser is called '{config.name}'.")


def learning_rate(
    step: int, steps_per_epoch: int, epochs: int, peak: float, config: ScheduleConfig, scores: Sequence[float] = ()
) -> float:
    """The rate of a step (counted from 0 over the whole run). `scores` are the validation scores of past epochs.

    one_cycle (Smith 2018): a cosine climb from peak/25 over the warm-up, then a cosine fall to peak/10,000.
    cosine (Loshchilov and Hutter 2017): a linear warm-up, then a cosine fall to 0.
    step: after a linear warm-up, times `gamma` every `every` epochs.
    plateau: after a linear warm-up, times `gamma` after each `patience` epochs without a better score.
    """
    total = steps_per_epoch * epochs
    warmup = round(config.warmup * total)
    if config.name == "one_cycle":
        warmup = max(1, warmup)
        if step < warmup:
            return _cosine(peak / 25, peak, step / warmup)
        return _cosine(peak, peak / 1e4, (step - warmup) / max(1, total - warmup))
    if step < warmup:
        return peak * (step + 1) / warmup
    match config.name:
        case "cosine":
            return _cosine(peak, 0.0, (step - warmup) / max(1, total - warmup))
        case "step":
            return peak * config.gamma ** (step // steps_per_epoch // config.every)
        case "plateau":
            return peak * config.gamma ** _plateaus(scores, config.patience)
    raise ValueError(f"No schedule is called '{config.name}'.")


def _cosine(start: float, end: float, fraction: float) -> float:
    return start + (end - start) * (1 - math.cos(math.pi * fraction)) / 2


def _plateaus(scores: Sequence[float], patience: int) -> int:
    """How often `patience` epochs in a row brought no better score."""
    best, waited, count = -math.inf, 0, 0
    for score in scores:
        if score > best:
            best, waited = score, 0
        elif (waited := waited + 1) >= patience:
            count, waited = count + 1, 0
    return count


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
