"""Augmentation of a whole batch at once, as tensors; every draw comes from the generator that is passed in."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.config import AugmentationConfig


def augment(batch: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """(B, C, H, W) float32, normalised -> the same shape, each face flipped, warped, lit and erased by its own draw."""
    batch = _warp(batch, config, generator)
    if config.brightness:
        gain = 1 + config.brightness * _uniform((len(batch), 1, 1, 1), generator, batch.device)
        offset = config.brightness * 2 * _uniform((len(batch), 1, 1, 1), generator, batch.device)
        batch = batch * gain + offset
    if config.erase:
        batch = _erase(batch, config.erase, generator)
    return batch


def mix(
    batch: Tensor, targets: dict[str, Tensor], alpha: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """mixup (Zhang et al. 2018): each face and its targets blended with another's; one weight per batch."""
    a, b = torch._standard_gamma(torch.full((2,), alpha), generator=generator).tolist()
    weight = max(a / (a + b), b / (a + b)) if a + b > 0 else 1.0
    other = torch.randperm(len(batch), generator=generator).to(batch.device)
    blended = {head: weight * target + (1 - weight) * target[other] for head, target in targets.items()}
    return weight * batch + (1 - weight) * batch[other], blended


def _uniform(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Draws in -1..1, made on the CPU so that a seed means the same on every device."""
    return (torch.rand(shape, generator=generator) * 2 - 1).to(device)


def _warp(batch: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Flip, rotation, scale and shift in a single resampling; outside the picture the border repeats."""
    count, device = len(batch), batch.device
    angle = math.radians(config.rotate) * _uniform((count,), generator, device)
    scale = 1 / (1 + config.scale * _uniform((count,), generator, device))
    shift = 2 * config.shift * _uniform((count, 2), generator, device)
    mirror = torch.where(torch.rand(count, generator=generator) < config.flip, -1.0, 1.0).to(device)
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    across, down = (_centres(size, device) for size in (batch.shape[3], batch.shape[2]))
    # Each coordinate is a row's part plus a column's part: F.affine_grid multiplies matrices, at six times the cost.
    grid = torch.empty((count, *batch.shape[2:], 2), device=device)
    torch.add(
        (cos * mirror)[:, None, None] * across, (shift[:, :1] - sin[:, None] * down)[:, :, None], out=grid[..., 0]
    )
    torch.add(
        (sin * mirror)[:, None, None] * across, (shift[:, 1:] + cos[:, None] * down)[:, :, None], out=grid[..., 1]
    )
    return F.grid_sample(batch, grid, padding_mode="border", align_corners=False)


def _centres(size: int, device: torch.device) -> Tensor:
    """(size,) the pixels' centres in the coordinates of grid_sample, where the picture's edges are -1 and 1."""
    return (2 * torch.arange(size, device=device) + 1) / size - 1


def _erase(batch: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Random erasing (Zhong et al. 2020) with the mean grey: 2-20 % of the face behind a rectangle."""
    count, _, height, width = batch.shape
    area = 0.02 + 0.18 * torch.rand(count, generator=generator)
    aspect = torch.exp(math.log(3.3) * (torch.rand(count, generator=generator) * 2 - 1))
    h, w = torch.sqrt(area * aspect) * height, torch.sqrt(area / aspect) * width
    top = torch.rand(count, generator=generator) * (height - h).clamp(min=0)
    left = torch.rand(count, generator=generator) * (width - w).clamp(min=0)
    hit = (torch.rand(count, generator=generator) < probability).nonzero()[:, 0]
    top, left, bottom, right = (side[hit, None] for side in (top, left, top + h, left + w))
    rows, columns = torch.arange(height)[None, :], torch.arange(width)[None, :]
    inside_rows, inside_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
    mask = (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None].to(batch.device)  # (hit, 1, H, W)
    hit = hit.to(batch.device)
    return batch.index_copy(0, hit, batch[hit].masked_fill(mask, 0.0))
