"""What lies beside a checkpoint's weights. No torch in here, so that web processes can read it.

A checkpoint is a folder: `model.safetensors` and `manifest.json`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion.core.labels import EXPRESSIONS

FORMAT = 1
WEIGHTS = "model.safetensors"
MANIFEST = "manifest.json"
ONNX_REPORT = "onnx.json"  # of the ONNX files beside the weights, when there are any


class CheckpointError(Exception):
    """A checkpoint is missing, damaged or does not fit; the message is one sentence for a person."""


@dataclass(frozen=True)
class InputSpec:
    """What a network eats: side in pixels, channels (1 grey, 3 RGB), mean and std of each channel in 0..1."""

    size: int = 48
    channels: int = 1
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.25,)


@dataclass(frozen=True)
class Manifest:
    """What a reader must know to use the weights. `serving_head` is the head that answers students."""

    name: str
    architecture: str
    options: dict[str, Any]
    heads: dict[str, tuple[str, ...]]
    serving_head: str
    input: InputSpec
    temperatures: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    trained_on: str = ""
    created: str = ""
    weights_sha256: str = ""
    format: int = FORMAT

    @property
    def classes(self) -> tuple[str, ...]:
        return self.heads[self.serving_head]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` in one step: a crash or a full disk leaves the former file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a checkpoint folder. Raises CheckpointError with one sentence."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(f"There is no checkpoint in {folder}: {MANIFEST} is missing.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from None
    try:
        if raw["format"] != FORMAT:
            raise CheckpointError(f"{path} has format {raw['format']}; this version reads format {FORMAT}.")
        spec = raw.pop("input")
        heads = {head: tuple(names) for head, names in raw.pop("heads").items()}
        manifest = Manifest(
            **raw,
            heads=heads,
            input=InputSpec(spec["size"], spec["channels"], tuple(spec["mean"]), tuple(spec["std"])),
        )
        unknown = {name for names in heads.values() for name in names} - set(EXPRESSIONS)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a checkpoint's manifest: {error}.") from None
    if unknown:
        raise CheckpointError(f"{path} names classes that are no expressions: {', '.join(sorted(unknown))}.")
    if manifest.serving_head not in heads:
        raise CheckpointError(f"{path} serves head '{manifest.serving_head}', which it does not have.")
    return manifest


def onnx_files(folder: Path, manifest: Manifest) -> list[Path]:
    """The ONNX files beside a checkpoint that were made from these very weights and are whole, by its report."""
    try:
        report = json.loads((folder / ONNX_REPORT).read_text())
        if report["weights_sha256"] != manifest.weights_sha256:
            return []
        return [
            folder / name
            for name, described in report["files"].items()
            if (folder / name).is_file()
            and hashlib.sha256((folder / name).read_bytes()).hexdigest() == described["sha256"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
