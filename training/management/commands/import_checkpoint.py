import datetime
import math
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from emotion.core.checkpoint import build_network, check_servable, fit_state, read_plain_state, save_new_model
from emotion.core.labels import EXPRESSIONS, FER2013_CODES, canonical
from emotion.core.manifest import CheckpointError, InputSpec, Manifest
from emotion.registry import checkpoint_folder, register_model

BAD_INPUT = 2
HEAD = "expression"
SIZES = range(8, 1025)


class Command(BaseCommand):
    help = "Take a PyTorch state_dict trained elsewhere (.pth, .pt, .safetensors) into checkpoints/, as a candidate."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True, help="of the new folder under checkpoints/")
        parser.add_argument("--arch", required=True, help="the architecture that the tensors fit, as custom_cnn")
        parser.add_argument("--classes", help="names in the order of its outputs, as angry,disgust,...")
        parser.add_argument("--input-size", type=int, default=48, metavar="PIXELS")
        parser.add_argument("--channels", type=int, choices=[1, 3], default=1)
        parser.add_argument("--mean", default="0.5", help="of pixels in 0..1: one number, or one per channel")
        parser.add_argument("--std", default="0.5")
        parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", dest="options")

    def handle(self, *, file: Path, name: str, arch: str, classes: str | None, options: list[str], **given) -> None:
        try:
            folder = checkpoint_folder(name)
            state = read_plain_state(file)
            names = _class_names(classes) if classes else _assumed_classes(state)
            manifest = Manifest(
                name=name,
                architecture=arch,
                options=_options(options),
                heads={HEAD: names},
                serving_head=HEAD,
                input=_input_spec(given["input_size"], given["channels"], given["mean"], given["std"]),
                trained_on=f"Imported from {file.name}.",
                created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            )
            network = build_network(manifest)
            save_new_model(folder, fit_state(network, state), manifest)
        except (CheckpointError, ValueError, TypeError, RuntimeError) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        parameters = sum(p.numel() for p in network.parameters())
        self.stdout.write(f"{file.name}: {len(state)} tensors, {parameters:,} parameters of {arch}, now in {folder}.")
        if not classes:
            self.stdout.write(f"Its outputs are taken to be {', '.join(names)}; --classes names another order.")
        self._register(folder)

    def _register(self, folder: Path) -> None:
        try:
            version = register_model(folder=folder)
        except DatabaseError:
            self.stdout.write("It is not in the registry: the database is not set up (python manage.py migrate).")
            return
        try:
            check_servable(folder)
        except CheckpointError as error:
            self.stdout.write(f"Registered as {version.name} ({version.status}). {error}")
        else:
            self.stdout.write(
                f"Registered as {version.name} ({version.status}). Serve it with: "
                f"python manage.py promote_model {version.name}"
            )


def _class_names(text: str) -> tuple[str, ...]:
    names = tuple(canonical(word) for word in text.split(","))
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"--classes names {', '.join(repeated)} twice.")
    return names


def _assumed_classes(state: dict[str, Any]) -> tuple[str, ...]:
    """FER2013's own order for seven outputs, FER+'s and AffectNet's for eight. Raises ValueError for other counts."""
    last = state.get("fc3.weight")
    if last is None:
        last = next((tensor for tensor in reversed(state.values()) if tensor.ndim == 2), None)
    outputs = 0 if last is None else len(last)
    if outputs == len(FER2013_CODES):
        return FER2013_CODES
    if outputs == len(EXPRESSIONS):
        return EXPRESSIONS
    raise ValueError("Name the classes, in the order of the network's outputs: --classes angry,disgust,fear,...")


def _input_spec(size: int, channels: int, mean: str, std: str) -> InputSpec:
    if size not in SIZES:
        raise ValueError(f"--input-size is {SIZES[0]} to {SIZES[-1]} pixels, not {size}.")
    means, stds = _per_channel("--mean", mean, channels), _per_channel("--std", std, channels)
    if not all(0 <= value <= 1 for value in means) or not all(0 < value <= 1 for value in stds):
        raise ValueError("--mean and --std are of pixels in 0..1 (0.5, not 127.5), and no --std is zero.")
    return InputSpec(size, channels, means, stds)


def _per_channel(option: str, text: str, channels: int) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = (math.nan,)
    if len(values) not in (1, channels) or not all(map(math.isfinite, values)):
        raise ValueError(f"{option} is one number or {channels}, with commas between, not '{text}'.")
    return values if len(values) == channels else values * channels


def _options(pairs: list[str]) -> dict[str, Any]:
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"--set takes OPTION=VALUE, not '{pair}'.")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(f"--set {key}: '{value}' is no value.") from None
    return options
