"""Where frames may be read: on the server, on the student's device, or where the student likes; and, for a device, the
promoted model as a browser takes it."""

from __future__ import annotations

import functools
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders

from emotion.core.manifest import ONNX_REPORT, CheckpointError, Manifest, onnx_files, read_manifest
from emotion.models import LessonSession, ModelVersion
from emotion.registry import checkpoint_folder, promoted_model

logger = logging.getLogger(__name__)

SERVER, DEVICE = LessonSession.Mode.SERVER.value, LessonSession.Mode.DEVICE.value
RUNTIME = "vendor/onnxruntime-web/ort.wasm.bundle.min.mjs"  # static paths
WASM = "vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm.gz"
DETECTOR = Path(__file__).parent / "inference" / "assets" / "face_detection_short_range.onnx"


@dataclass(frozen=True, eq=False)
class DeviceModel:
    """A checkpoint's smallest ONNX file: int8 where it has one."""

    manifest: Manifest
    path: Path
    sha256: str


def allowed_modes() -> tuple[str, ...]:
    """What the operator's choice and the promoted model leave to a student; the first is the one to suggest.

    Nothing, where frames are to be read on devices alone and the promoted model has no ONNX file.
    """
    if settings.ATTUNE_READING_PLACE == "server":
        return (SERVER,)
    on_device = (DEVICE,) if promoted_device_model() else ()
    return on_device if settings.ATTUNE_READING_PLACE == "device" else (SERVER, *on_device)


def promoted_device_model() -> DeviceModel | None:
    try:
        return device_model(promoted_model())
    except CheckpointError:
        return None


def device_model(version: ModelVersion) -> DeviceModel | None:
    """None for a model without an ONNX file of these very weights. What is found is kept until it is exported anew."""
    key = (str(settings.CHECKPOINTS_DIR), version.name, version.weights_sha256, _exported_at(version))
    if key not in _found:
        found = _find(version)
        if found is None:
            return None
        _found[key] = found
    return _found[key]


_found: dict[tuple[str, str, str, int], DeviceModel] = {}


def _exported_at(version: ModelVersion) -> int:
    try:
        return (checkpoint_folder(version.name) / ONNX_REPORT).stat().st_mtime_ns
    except (CheckpointError, OSError):
        return 0


def _find(version: ModelVersion) -> DeviceModel | None:
    try:
        folder = checkpoint_folder(version.name)
        manifest = read_manifest(folder)
    except CheckpointError:
        return None
    if manifest.weights_sha256 != version.weights_sha256:
        return None
    by_size = sorted(onnx_files(folder, manifest), key=lambda path: path.stat().st_size)
    if not by_size:
        return None
    return DeviceModel(manifest, by_size[0], hashlib.sha256(by_size[0].read_bytes()).hexdigest())


def network_file(sha256: str) -> bytes | None:
    """The promoted model's ONNX file or the face detector's, by its sum; None for any other, or one that changed."""
    model = promoted_device_model()
    paths = {detector_sha256(): DETECTOR} | ({model.sha256: model.path} if model else {})
    content = paths[sha256].read_bytes() if sha256 in paths else b""
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


@functools.cache
def detector_sha256() -> str:
    return hashlib.sha256(DETECTOR.read_bytes()).hexdigest()


@functools.lru_cache(maxsize=4)
def download_bytes(model: DeviceModel) -> int:
    """What the reader loads, and its progress counts: the runtime's WebAssembly, the detector and the network."""
    return sum(path.stat().st_size for path in (Path(finders.find(WASM)), DETECTOR, model.path))


@functools.lru_cache(maxsize=4)
def reader_config_of(model: DeviceModel) -> dict[str, Any]:
    """What static/js/on_device.js takes, less its `urls`. Made once a model; a quarter of a second of a core."""
    from emotion.inference.on_device import reader_config  # here, since ONNX Runtime comes with it

    return {**reader_config(model.path, model.manifest), "model": model.manifest.weights_sha256}
