"""Weights on disk, beside their manifest. Nothing here ever unpickles code."""

from __future__ import annotations

import hashlib
import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from emotion.core import architectures
from emotion.core.manifest import (
    MANIFEST,
    WEIGHTS,
    CheckpointError,
    Manifest,
    read_manifest,
    write_atomically,
)


def save_model(folder: Path, state: dict[str, Any], manifest: Manifest) -> Manifest:
    """Write weights, then the manifest that names their sha256. Returns the manifest as written."""
    weights = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})
    written = Manifest(**{**vars(manifest), "weights_sha256": hashlib.sha256(weights).hexdigest()})
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / MANIFEST, (json.dumps(asdict(written), indent=2) + "\n").encode())
    return written


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
        model = architectures.build(manifest.architecture, heads=manifest.heads, **manifest.options)
        model.load_state_dict(load_tensors(weights))
    except (ValueError, TypeError, RuntimeError, SafetensorError) as error:
        reason = textwrap.shorten(str(error), 200)  # PyTorch lists every tensor that differs, a line each
        raise CheckpointError(f"{path} does not fit its architecture: {reason}") from None
    return model.eval(), manifest
