"""A plain convolutional network whose layers carry plain names, so that weights trained elsewhere fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

SMALL = ((32, 64, 128, 256), (512, 128))
LARGE = ((32, 64, 128, 256, 512), (1024, 256))


class CustomCNN(nn.Module):
    """Per stage a 3x3 convolution with bias, batch norm, LeakyReLU 0.1 and 2x2 max-pooling; then three linear layers,
    with dropout before the first two.

    Below 128 px it has conv1-conv4 and fc 512-128, from there on conv1-conv5 and fc 1024-256. The last layer is `fc3`;
    with several heads, `fc3` is the first one's and the others are `fc3_<head>`.
    """

    def __init__(
        self,
        heads: Mapping[str, Sequence[str]],
        channels: int = 1,
        input_size: int = 48,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        widths, hidden = SMALL if input_size < 128 else LARGE
        shrink = 2 ** len(widths)
        if input_size % shrink:
            raise ValueError(f"custom_cnn takes sizes that are multiples of {shrink} here; {input_size} is none.")
        self.stages = len(widths)
        inputs = channels
        for number, width in enumerate(widths, start=1):
            self.add_module(f"conv{number}", nn.Conv2d(inputs, width, 3, padding=1))
            self.add_module(f"bn{number}", nn.BatchNorm2d(width))
            inputs = width
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(inputs * (input_size // shrink) ** 2, hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.outputs = {head: "fc3" if index == 0 else f"fc3_{head}" for index, head in enumerate(heads)}
        for head, classes in heads.items():
            self.add_module(self.outputs[head], nn.Linear(hidden[1], len(classes)))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        for number in range(1, self.stages + 1):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))
            # The same values as LeakyReLU before pooling, since it never falls; on a quarter of the pixels.
            x = F.leaky_relu(F.max_pool2d(x, 2), 0.1)
        x = x.contiguous().flatten(1)  # in C, H, W order, whatever the memory format
        x = F.leaky_relu(self.fc1(self.dropout(x)), 0.1)
        x = F.leaky_relu(self.fc2(self.dropout(x)), 0.1)
        return {head: getattr(self, layer)(x) for head, layer in self.outputs.items()}
