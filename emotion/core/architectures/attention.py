"""Attention blocks: each takes and returns (B, C, H, W)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SqueezeExcite(nn.Module):
    """Channel attention (Hu et al. 2018): weigh each channel by a gate computed from all channels' means."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, max(1, channels // reduction))
        self.expand = nn.Linear(max(1, channels // reduction), channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        gate = torch.sigmoid(self.expand(torch.relu(self.reduce(gate))))
        return x * gate[:, :, None, None]


class CBAM(nn.Module):
    """Channel, then spatial attention, each from means and maxima (Woo et al. 2018)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.shared = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.shared(x.mean(dim=(2, 3))) + self.shared(x.amax(dim=(2, 3))))
        x = x * gate[:, :, None, None]
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)  # (B, 2, H, W)
        return x * torch.sigmoid(self.spatial(maps))


class SelfAttention(nn.Module):
    """Every place attends to every other (Wang et al. 2018, non-local networks). It starts as the identity, since its
    residual's scale is zero at first (Zhang et al. 2019)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        inner = max(1, channels // reduction)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.scale = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (part(x).flatten(2) for part in (self.query, self.key, self.value))  # (B, c, HW)
        weights = torch.softmax(query.transpose(1, 2) @ key / key.shape[1] ** 0.5, dim=2)  # (B, HW, HW)
        return x + self.scale * (value @ weights.transpose(1, 2)).view_as(x)


ATTENTION: dict[str, type[nn.Module]] = {"se": SqueezeExcite, "cbam": CBAM, "self_attention": SelfAttention}


def make_attention(name: str, channels: int) -> nn.Module:
    """The block `name`, or nothing for "none". Raises ValueError for an unknown name."""
    if name == "none":
        return nn.Identity()
    if name not in ATTENTION:
        raise ValueError(f"No attention is called '{name}'; known ones: none, {', '.join(ATTENTION)}.")
    return ATTENTION[name](channels)
