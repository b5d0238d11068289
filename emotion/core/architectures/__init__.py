"""Networks by name. Each takes (B, C, H, W) float32 and returns {head: (B, classes) logits}."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from emotion.core.architectures.attune import AttuneNet
from emotion.core.architectures.backbones import efficientnet, from_timm, resnet, vgg
from emotion.core.architectures.custom_cnn import CustomCNN

TIMM = "timm:"
SMALLEST_INPUT, LARGEST_INPUT = 24, 1024

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "attune": AttuneNet,
    "custom_cnn": CustomCNN,
    "vgg": vgg,
    "resnet": resnet,
    "efficientnet": efficientnet,
}


def options_of(name: str) -> list[str]:
    """The options that the network `name` takes besides heads, channels and input_size. Raises ValueError."""
    if name.startswith(TIMM):
        maker: Callable[..., nn.Module] = from_timm
    elif name in ARCHITECTURES:
        maker = ARCHITECTURES[name]
    else:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ValueError(f"No architecture is called '{name}'; known ones: {known}, and timm:NAME.")
    return [
        option
        for option in inspect.signature(maker).parameters
        if option not in ("name", "heads", "channels", "input_size")
    ]


def build(
    name: str,
    *,
    heads: Mapping[str, Sequence[str]],
    channels: int = 1,
    input_size: int = 48,
    **options: Any,
) -> nn.Module:
    """The network `name` with fresh weights (or, with `weights`, a backbone's from a local file).

    `heads` maps a head's name to its classes. Raises ValueError, in one sentence, for an unknown name, an option the
    network does not take, and a size or number of channels that does not fit.
    """
    known = options_of(name)
    for option in options:
        if option not in known:
            raise ValueError(f"Architecture '{name}' does not take '{option}'; it takes: {', '.join(known)}.")
    if channels not in (1, 3):
        raise ValueError(f"A picture has 1 or 3 channels, not {channels}.")
    if not SMALLEST_INPUT <= input_size <= LARGEST_INPUT:
        raise ValueError(f"The input's side is {SMALLEST_INPUT} to {LARGEST_INPUT} px, not {input_size}.")
    if not heads or not all(heads.values()):
        raise ValueError("A network needs at least one head, and each head its classes.")
    if name.startswith(TIMM):
        return from_timm(name.removeprefix(TIMM), heads, channels, input_size, **options)
    return ARCHITECTURES[name](heads=heads, channels=channels, input_size=input_size, **options)


__all__ = ["ARCHITECTURES", "AttuneNet", "CustomCNN", "build", "options_of"]
