"""VGG, ResNet and EfficientNet from torchvision, and anything from timm, with our heads.

Their stems were made for 224 px. Below 96 px, the first stride of ResNet and EfficientNet and the last pooling of VGG
are left out, so that a 48 px face keeps at least 3x3 places at the end. Kernels keep their shapes, so ImageNet weights
fit in either case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from emotion.core.architectures.attention import make_attention
from emotion.core.architectures.attune import AttuneNet

SMALL_BELOW = 96
Heads = Mapping[str, Sequence[str]]


class HeadedNet(nn.Module):
    """A backbone's feature map, attention over it, global average pooling, dropout, and one linear layer per head."""

    def __init__(self, features: nn.Module, width: int, heads: Heads, attention: str, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.attention = make_attention(attention, width)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(classes)) for name, classes in heads.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.attention(self.features(x)).mean(dim=(2, 3))  # (B, C, H, W) -> (B, C)
        features = self.dropout(features)
        return {name: head(features) for name, head in self.heads.items()}


def vgg(
    heads: Heads,
    channels: int = 1,
    input_size: int = 48,
    variant: str = "compact",
    attention: str = "none",
    dropout: float = 0.5,
    weights: str | None = None,
) -> nn.Module:
    """VGG with batch norm (Simonyan and Zisserman 2015): 11, 13, 16, 19, or `compact` (32-64-128-256, two convolutions
    a stage)."""
    if variant == "compact":
        _no_weights(weights, "vgg compact")
        layers: list[nn.Module] = []
        inputs = channels
        for width in (32, 64, 128, 256):
            for _ in range(2):
                layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        return HeadedNet(nn.Sequential(*layers[:-1]), 256, heads, attention, dropout)
    from torchvision import models  # slow to import, and needed by these backbones only

    net = getattr(models, f"vgg{_known(variant, ('compact', '11', '13', '16', '19'), 'vgg')}_bn")(weights=None)
    features = net.features
    _load(features, weights, prefix="features.")
    features[0] = _with_channels(features[0], channels)
    if input_size < SMALL_BELOW:
        features = features[:-1]
    return HeadedNet(features, 512, heads, attention, dropout)


def resnet(
    heads: Heads,
    channels: int = 1,
    input_size: int = 48,
    variant: str = "18",
    attention: str = "none",
    dropout: float = 0.2,
    weights: str | None = None,
) -> nn.Module:
    """ResNet (He et al. 2016): 18, 34, 50, 101, or `thin` (squeeze-excite, 24-48-96-192 channels, full-size stem)."""
    if variant == "thin":
        _no_weights(weights, "resnet thin")
        if attention not in ("none", "se"):
            raise ValueError(f"resnet thin has squeeze-excite in every block; attention '{attention}' does not apply.")
        return AttuneNet(heads, channels, input_size, (24, 48, 96, 192), (2, 2, 2, 2), dropout, stem_stride=1)
    from torchvision import models

    net = getattr(models, f"resnet{_known(variant, ('thin', '18', '34', '50', '101'), 'resnet')}")(weights=None)
    width = net.fc.in_features
    net.fc = nn.Identity()
    _load(net, weights, ignore=("fc.",))
    net.conv1 = _with_channels(net.conv1, channels)
    if input_size < SMALL_BELOW:
        net.conv1.stride = (1, 1)
    parts = (net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3, net.layer4)
    return HeadedNet(nn.Sequential(*parts), width, heads, attention, dropout)


def efficientnet(
    heads: Heads,
    channels: int = 1,
    input_size: int = 48,
    variant: str = "b0",
    attention: str = "none",
    dropout: float = 0.2,
    weights: str | None = None,
) -> nn.Module:
    """EfficientNet (Tan and Le 2019, 2021): b0 to b7, and v2_s."""
    from torchvision import models

    known = (*(f"b{number}" for number in range(8)), "v2_s")
    net = getattr(models, f"efficientnet_{_known(variant, known, 'efficientnet')}")(weights=None)
    width = net.classifier[1].in_features
    _load(net.features, weights, prefix="features.")
    stem = net.features[0]
    stem[0] = _with_channels(stem[0], channels)
    if input_size < SMALL_BELOW:
        stem[0].stride = (1, 1)
    return HeadedNet(net.features, width, heads, attention, dropout)


def from_timm(
    name: str,
    heads: Heads,
    channels: int = 1,
    input_size: int = 48,
    attention: str = "none",
    dropout: float = 0.2,
) -> nn.Module:
    """Any timm model that has a feature map. Raises ValueError without timm, or for a name it lacks."""
    try:
        import timm
    except ImportError:
        raise ValueError(f"'timm:{name}' needs the package timm, which is not installed.") from None
    try:
        net = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=0, global_pool="")
        net.eval()
        with torch.inference_mode():
            shape = net(torch.zeros(1, channels, input_size, input_size)).shape
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(f"timm cannot build '{name}' for {input_size} px: {str(error).splitlines()[0]}.") from None
    if len(shape) != 4:
        raise ValueError(f"'timm:{name}' has no feature map of places; choose a convolutional one.")
    return HeadedNet(net.train(), shape[1], heads, attention, dropout)


def _known(variant: str, variants: Sequence[str], family: str) -> str:
    if str(variant) not in variants:
        raise ValueError(f"{family} has no variant '{variant}'; known ones: {', '.join(variants)}.")
    return str(variant)


def _no_weights(weights: str | None, name: str) -> None:
    if weights:
        raise ValueError(f"There are no ImageNet weights for {name}; leave model.weights out.")


def _with_channels(conv: nn.Conv2d, channels: int) -> nn.Conv2d:
    """The same convolution for another number of input channels. One channel gets the sum of the colours' kernels: a
    grey picture then gives what it gives as a colour one."""
    if conv.in_channels == channels:
        return conv
    size, stride, padding = cast("tuple[tuple[int, int], ...]", (conv.kernel_size, conv.stride, conv.padding))
    other = nn.Conv2d(channels, conv.out_channels, size, stride, padding, bias=conv.bias is not None)
    with torch.no_grad():
        other.weight.copy_(conv.weight.sum(dim=1, keepdim=True).expand_as(other.weight) / channels)
        if conv.bias is not None and other.bias is not None:
            other.bias.copy_(conv.bias)
    return other


def _load(module: nn.Module, path: str | None, *, prefix: str = "", ignore: tuple[str, ...] = ()) -> None:
    """Load a local ImageNet state_dict (.pth, .safetensors) into the backbone. Raises ValueError, naming what does not
    fit. Nothing is unpickled but tensors."""
    if not path:
        return
    state = read_state_dict(Path(path))
    state = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    state = {key: value for key, value in state.items() if not key.startswith(ignore)} if ignore else state
    own = module.state_dict()
    optional = {key for key in own if key.endswith("num_batches_tracked")}
    missing = sorted(own.keys() - state.keys() - optional)
    unexpected = sorted(state.keys() - own.keys())
    shapes = sorted(key for key in own.keys() & state.keys() if own[key].shape != state[key].shape)
    for problem, keys in (("lacks", missing), ("has in addition", unexpected), ("has other shapes for", shapes)):
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            raise ValueError(f"{path} {problem} {', '.join(keys[:5])}{more}; it belongs to another network.")
    module.load_state_dict(state, strict=False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors by name from .safetensors or a PyTorch file. Raises ValueError with one sentence."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything; the reason is told, the file is not run
        raise ValueError(f"{path} cannot be read as weights: {(str(error) or 'damaged').splitlines()[0]}") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} does not hold a plain state_dict.")
    return state
