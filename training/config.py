"""Hyperparameters as frozen dataclasses, loaded strictly from YAML with `--set a.b=c` on top."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

DEFAULT_CONFIG = Path(__file__).with_name("config.yaml")
LONGEST_NAME = 64  # the registry's names have 80 characters, and one that is taken gets a number


class ConfigError(Exception):
    """A configuration value is wrong; the message is one sentence that names it."""


@dataclass(frozen=True)
class ModelConfig:
    """What is None or empty is left to the network; what it does not take is an error."""

    architecture: str = "attune"
    variant: str | None = None
    attention: Literal["none", "se", "cbam", "self_attention"] = "none"
    channels: Literal[1, 3] = 1
    input_size: int = 48
    widths: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    stem_stride: Literal[1, 2] = 2
    dropout: float | None = None
    weights: str | None = None
    start_from: str | None = None


@dataclass(frozen=True)
class DataConfig:
    set: Literal["fer2013", "affectnet", "synthetic"] = "fer2013"
    path: str | None = None
    ferplus: bool = True
    votes: Literal["crossentropy", "majority", "probability", "multi_target"] = "crossentropy"
    votes_rule: Literal["paper", "code"] = "paper"
    holdout: float = 0.05
    validation: float = 0.2
    corrupt: Literal["skip", "fail"] = "skip"
    cache: str | None = None


@dataclass(frozen=True)
class AugmentationConfig:
    flip: float = 0.5
    rotate: float = 20.0
    scale: float = 0.2
    shift: float = 0.15
    brightness: float = 0.2
    erase: float = 0.25
    mixup: float = 0.2


@dataclass(frozen=True)
class LossConfig:
    name: Literal["cross_entropy", "focal"] = "cross_entropy"
    smoothing: float = 0.1
    focal_gamma: float = 2.0
    class_weights: Literal["none", "inverse"] = "none"
    teacher: str | None = None
    teacher_share: float = 0.5


@dataclass(frozen=True)
class OptimiserConfig:
    name: Literal["sgd", "adam", "adamw", "rmsprop"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0005


@dataclass(frozen=True)
class ScheduleConfig:
    name: Literal["one_cycle", "cosine", "step", "plateau"] = "one_cycle"
    warmup: float = 0.25
    every: int = 10
    gamma: float = 0.1
    patience: int = 3


@dataclass(frozen=True)
class LoopConfig:
    epochs: int = 20
    batch_size: int = 128
    accumulate: int = 1
    sampling: Literal["uniform", "balanced"] = "uniform"
    clip: float = 0.0
    early_stopping: int = 0
    compile: bool = False
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    threads: int = 0
    ema: float = 0.999
    checkpoint_every: int = 100


@dataclass(frozen=True)
class WandbConfig:
    mode: Literal["disabled", "offline", "online"] = "disabled"
    project: str = "attune"


@dataclass(frozen=True)
class Config:
    name: str = "attune"
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    wandb: WandbConfig = field(default_factory=WandbConfig)


# The ranges outside which a run would be nonsense rather than merely bad: (lowest, highest), both allowed.
RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**63 - 1),
    "model.input_size": (24, 1024),
    "model.widths": (1, 65_536),
    "model.blocks": (1, 1024),
    "model.dropout": (0.0, 0.95),
    "data.holdout": (0.0, 0.5),
    "data.validation": (0.01, 0.5),
    "augmentation.flip": (0.0, 1.0),
    "augmentation.rotate": (0.0, 180.0),
    "augmentation.shift": (0.0, 1.0),
    "augmentation.erase": (0.0, 1.0),
    "augmentation.brightness": (0.0, 0.95),
    "augmentation.scale": (0.0, 0.95),
    "augmentation.mixup": (0.0, 10.0),
    "loss.smoothing": (0.0, 0.9),
    "optimiser.lr": (1e-8, 100.0),
    "optimiser.momentum": (0.0, 0.9999),
    "optimiser.weight_decay": (0.0, 1.0),
    "loss.focal_gamma": (0.0, 10.0),
    "loss.teacher_share": (0.0, 1.0),
    "schedule.warmup": (0.0, 0.9),
    "schedule.every": (1, 100_000),
    "schedule.gamma": (1e-6, 1.0),
    "schedule.patience": (1, 100_000),
    "loop.accumulate": (1, 1024),
    "loop.clip": (0.0, 1e6),
    "loop.early_stopping": (0, 100_000),
    "loop.epochs": (1, 100_000),
    "loop.batch_size": (2, 65_536),
    "loop.threads": (0, 1024),
    "loop.ema": (0.0, 0.999999),
    "loop.checkpoint_every": (1, 10_000_000),
}


def load_config(path: Path | None = None, overrides: list[str] | None = None) -> Config:
    """Read a YAML file (the default recipe when none is named) and apply `a.b=c` overrides.

    Raises ConfigError with one sentence for an unreadable file, an unknown key or a bad value.
    """
    path = path or DEFAULT_CONFIG
    try:
        tree = yaml.safe_load(path.read_text()) or {}
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold keys and values, such as those in training/config.yaml.")
    for override in overrides or []:
        _apply_override(tree, override)
    config = _build(Config, tree, "")
    _check_together(config)
    return config


def _check_together(config: Config) -> None:
    """What is wrong with values that are right each by itself, and with the name."""
    if not config.name or config.name != Path(config.name).name or config.name.startswith("."):
        raise ConfigError(f"'name' is {config.name!r}; allowed: a plain folder name, since the checkpoint goes there.")
    if len(config.name) > LONGEST_NAME:
        raise ConfigError(f"'name' has {len(config.name)} characters; allowed: up to {LONGEST_NAME}.")
    if config.data.set == "synthetic" and config.data.path:
        raise ConfigError(
            f"'data.path' names a data set ({config.data.path}), but 'data.set' is synthetic, which draws its faces; "
            "add --set data.set=fer2013 or affectnet, or leave the path out."
        )
    if config.data.votes == "multi_target" and config.augmentation.mixup:
        raise ConfigError(
            "'data.votes' is multi_target, where any of a face's labels is right, and mixup cannot blend such labels; "
            "add --set augmentation.mixup=0."
        )
    if config.data.votes == "multi_target" and config.loss.teacher:
        raise ConfigError(
            "'data.votes' is multi_target, where any of a face's labels is right, and 'loss.teacher' cannot be blended "
            "with such labels; add --set loss.teacher=null."
        )


def to_dict(config: Config) -> dict[str, Any]:
    """The configuration as plain dicts and lists, ready for YAML or JSON."""
    return _plain(dataclasses.asdict(config))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _apply_override(tree: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise ConfigError(f"--set takes key=value, such as optimiser.lr=0.05, not '{override}'.")
    *parents, last = key.strip().split(".")
    node = tree
    for name in parents:
        child = node.setdefault(name, {})
        if not isinstance(child, dict):
            raise ConfigError(f"'{key}' is not a configuration key: '{name}' holds a value.")
        node = child
    try:
        node[last] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"The value in --set {override} cannot be read as YAML.") from None


def _build(kind: type, tree: Any, prefix: str) -> Any:
    if not isinstance(tree, dict):
        raise ConfigError(f"'{prefix.rstrip('.')}' holds keys of its own; a single value was given: {tree!r}.")
    known = typing.get_type_hints(kind)
    values = {}
    for key, value in tree.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise ConfigError(f"'{prefix}{key}' is not a configuration key; did you mean '{prefix}{near}'?")
        values[key] = _value(known[key], value, f"{prefix}{key}")
    return kind(**values)


def _value(hint: Any, value: Any, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, f"{key}.")
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"'{key}' is {value!r}; allowed: {', '.join(map(str, arguments))}.")
        return value
    if origin is types.UnionType:
        return None if value is None else _value(arguments[0], value, key)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"'{key}' is a list, such as [32, 64]; given: {value!r}.")
        return tuple(_value(arguments[0], item, key) for item in value)
    return _in_range(_scalar(hint, value, key), key)


def _scalar(hint: type, value: Any, key: str) -> Any:
    if hint is float and isinstance(value, str):  # YAML 1.1 reads 5e-4 as a word
        try:
            value = float(value)
        except ValueError:
            pass
    if hint in (float, str) and isinstance(value, int) and not isinstance(value, bool):
        value = hint(value)  # 18 is a ResNet, too
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(f"'{key}' takes a value of type {hint.__name__}; given: {value!r}.")
    return value


def _in_range(value: Any, key: str) -> Any:
    low, high = RANGES.get(key, (None, None))
    if low is not None and not low <= value <= high:
        raise ConfigError(f"'{key}' is {value}; allowed: {low} to {high}.")
    return value
