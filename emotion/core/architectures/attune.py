"""The default network, and the blocks it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from emotion.core.architectures.attention import SqueezeExcite


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, a squeeze-excite gate, and a shortcut (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.gate = SqueezeExcite(outputs)
        if stride == 1 and inputs == outputs:
            self.shortcut: nn.Module = nn.Identity()
        else:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.gate(self.bn2(self.conv2(y))) + self.shortcut(x))


class AttuneNet(nn.Module):
    """A small squeeze-excite ResNet for 48 px faces, one linear head per label set over shared features.

    With its stem's stride of 2 the picture is halved at once, so that dense 3x3 convolutions stay within about a
    millisecond a face on a CPU.
    """

    def __init__(
        self,
        heads: Mapping[str, Sequence[str]],
        channels: int = 1,
        input_size: int = 48,
        widths: Sequence[int] = (32, 64, 128, 256),
        blocks: Sequence[int] = (1, 2, 2, 1),
        dropout: float = 0.2,
        stem_stride: int = 2,
    ) -> None:
        super().__init__()
        if not widths or min(*widths, *blocks) < 1:
            raise ValueError("widths and blocks are lists of whole numbers from 1 up, one each per stage.")
        if len(widths) != len(blocks):
            raise ValueError(f"widths has {len(widths)} entries and blocks has {len(blocks)}; one each per stage.")
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 3, stem_stride, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        layers: list[nn.Module] = []
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(count):
                layers.append(ResidualBlock(inputs, width, 2 if stage > 0 and block == 0 else 1))
                inputs = width
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(inputs, len(classes)) for name, classes in heads.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.stages(self.stem(x)).mean(dim=(2, 3))  # (B, C, H, W) -> (B, F)
        features = self.dropout(features)
        return {name: head(features) for name, head in self.heads.items()}
