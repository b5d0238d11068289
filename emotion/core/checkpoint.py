"""Weights on disk, beside their manifest. Nothing here ever unpickles code."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import re
import shutil
import tempfile
import textwrap
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from emotion.core import architectures
from emotion.core.labels import EXPRESSIONS_7
from emotion.core.manifest import (
    MANIFEST,
    WEIGHTS,
    CheckpointError,
    Manifest,
    read_manifest,
    write_atomically,
)

# What training programs wrap a state_dict in, and what wrappers of modules put before its names.
WRAPPINGS = ("state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.", "model.")


def save_model(folder: Path, state: dict[str, Any], manifest: Manifest) -> Manifest:
    """Write weights, then the manifest that names their sha256. Returns the manifest as written."""
    weights = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})
    written = Manifest(**{**vars(manifest), "weights_sha256": hashlib.sha256(weights).hexdigest()})
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / MANIFEST, (json.dumps(asdict(written), indent=2) + "\n").encode())
    return written


def save_new_model(folder: Path, state: dict[str, Any], manifest: Manifest) -> Manifest:
    """Like save_model, for a folder that does not exist yet: it appears whole or not at all. Raises CheckpointError."""
    if folder.exists():
        raise CheckpointError(f"There is already a checkpoint called '{folder.name}'; choose another name.")
    scratch = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        written = save_model(scratch, state, manifest)
        scratch.chmod(0o755)
        os.rename(scratch, folder)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error.strerror}.") from None
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return written


def build_network(manifest: Manifest) -> nn.Module:
    """The network a manifest describes, with fresh weights. Raises ValueError."""
    return architectures.build(
        manifest.architecture,
        heads=manifest.heads,
        channels=manifest.input.channels,
        input_size=manifest.input.size,
        **manifest.options,
    )


def load_model(folder: Path) -> tuple[nn.Module, Manifest]:
    """The network in evaluation mode, with its manifest. Raises CheckpointError with one sentence."""
    manifest = read_manifest(folder)
    path = folder / WEIGHTS
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from None
    if hashlib.sha256(weights).hexdigest() != manifest.weights_sha256:
        raise CheckpointError(f"{path} is not the file its manifest describes (sha256 differs).")
    try:
        model = build_network(manifest)
        model.load_state_dict(load_tensors(weights))
    except (ValueError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = textwrap.shorten(str(error), 200)  # PyTorch lists every tensor that differs, a line each
        raise CheckpointError(f"{path} does not fit its architecture: {reason}") from None
    return model.eval(), manifest


@torch.inference_mode()
def check_servable(folder: Path) -> Manifest:
    """Load a checkpoint as a worker would, and try one black picture. Returns its manifest.

    Raises CheckpointError with one sentence unless it answers with finite logits for the seven expressions (contempt
    may come with them) from 1 or 3 channels: what a reading has room for.
    """
    model, manifest = load_model(folder)
    classes, spec = manifest.classes, manifest.input
    lacking = [name for name in EXPRESSIONS_7 if name not in classes]
    if lacking or len(set(classes)) != len(classes):
        reason = f"does not know {', '.join(lacking)}" if lacking else "names a class twice"
        raise CheckpointError(f"{folder.name} cannot serve: its head '{manifest.serving_head}' {reason}.")
    if spec.channels not in (1, 3):
        raise CheckpointError(f"{folder.name} cannot serve: pictures have 1 or 3 channels, not {spec.channels}.")
    for name, values in (("mean", spec.mean), ("std", spec.std)):
        if len(values) not in (1, spec.channels) or not all(map(math.isfinite, values)) or 0 in spec.std:
            raise CheckpointError(f"{folder.name} cannot serve: its {name} {list(values)} does not fit its channels.")
    temperature = manifest.temperatures.get(manifest.serving_head, 1.0)
    if not 0 < temperature < math.inf:
        raise CheckpointError(f"{folder.name} cannot serve: its temperature {temperature} is not above zero.")
    try:
        logits = model(torch.zeros(1, spec.channels, spec.size, spec.size))[manifest.serving_head]
    except (RuntimeError, ValueError, TypeError) as error:
        reason = textwrap.shorten(str(error), 200)
        raise CheckpointError(f"{folder.name} cannot serve pictures of {spec.size} px: {reason}") from None
    if tuple(logits.shape) != (1, len(classes)) or not bool(logits.isfinite().all()):
        raise CheckpointError(f"{folder.name} cannot serve: it answers a black picture with no finite logits.")
    return manifest


def read_plain_state(path: Path) -> dict[str, Tensor]:
    """The tensors by name of a state_dict that another program saved: .safetensors, else PyTorch's own format.

    Common wrappings and prefixes are taken off. Raises CheckpointError with one sentence, also for a pickle that holds
    more than tensors and plain containers: it is refused, never executed.
    """
    try:
        if path.suffix == ".safetensors":
            held: Any = load_tensors(path.read_bytes())
        else:
            with warnings.catch_warnings():  # of TorchScript archives, which are refused below
                warnings.simplefilter("ignore")
                held = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (pickle.UnpicklingError, LookupError) as error:  # the latter: text, read as a pickle
        code = re.search(r"(?:GLOBAL|class|operand) (?:<class ')?([\w.]+)", str(error))
        if code:
            raise CheckpointError(
                f"{path} holds pickled code ({code[1]}), which is never run; save model.state_dict() alone."
            ) from None
        raise CheckpointError(f"{path} is not a PyTorch state_dict.") from None
    except (RuntimeError, ValueError, EOFError, TypeError, AttributeError, SafetensorError) as error:
        reason = textwrap.shorten(str(error) or type(error).__name__, 160)
        raise CheckpointError(f"{path} is not a PyTorch state_dict or safetensors file: {reason}") from None
    for _ in range(len(WRAPPINGS)):  # bounded, since a pickle can contain itself
        inner = [held[key] for key in WRAPPINGS if isinstance(held, Mapping) and isinstance(held.get(key), Mapping)]
        held = inner[0] if inner else held
    if not isinstance(held, Mapping) or not held:
        raise CheckpointError(f"{path} holds no state_dict but {type(held).__name__}.")
    strange = [str(name) for name, tensor in held.items() if not isinstance(name, str) or not _is_plain(tensor)]
    if strange:
        raise CheckpointError(f"{path} is not a state_dict: {', '.join(strange)} are no dense tensors of numbers.")
    state = dict(held)
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in state)), None):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _is_plain(value: Any) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not (value.is_quantized or value.is_complex() or value.is_meta)
    )


def fit_state(model: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` as `model` takes it: every tensor of the right name, shape and type, and finite.

    Raises CheckpointError with one sentence that names every missing, unexpected and misshapen tensor.
    """
    wanted = model.state_dict()
    # Counters that batch norm keeps for training; old files lack them, and serving does not read them.
    counters = {name: tensor for name, tensor in wanted.items() if name.endswith("num_batches_tracked")}
    given = {**counters, **state}
    problems = {
        "missing": [name for name in wanted if name not in given],
        "unexpected": [name for name in given if name not in wanted],
        "misshapen": [
            f"{name} is {tuple(given[name].shape)}, not {tuple(tensor.shape)}"
            for name, tensor in wanted.items()
            if name in given and given[name].shape != tensor.shape
        ],
        "not finite": [name for name, tensor in given.items() if name in wanted and not bool(tensor.isfinite().all())],
    }
    if any(problems.values()):
        found = "; ".join(f"{what}: {', '.join(names)}" for what, names in problems.items() if names)
        raise CheckpointError(f"The tensors do not fit the architecture ({found}).")
    return {name: given[name].to(tensor.dtype) for name, tensor in wanted.items()}
