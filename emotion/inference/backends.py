"""What computes a network's logits: PyTorch, or ONNX Runtime where the checkpoint has an ONNX file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
import torch

from emotion.core.checkpoint import load_model
from emotion.core.manifest import Manifest, onnx_files
from emotion.core.onnx_export import INPUT, race

logger = logging.getLogger(__name__)

RACE_BATCH = 16
RACE_ROUNDS = 7
AGREES_WITHIN = 0.25  # of a logit, on the race's faces: int8 stays below, a file of another model does not


class Backend(Protocol):
    """One head of one network on one device. Not thread-safe."""

    label: str

    def logits(self, inputs: torch.Tensor) -> np.ndarray:
        """(B, C, H, W) float32, normalised -> (B, classes) float32."""


class TorchBackend:
    """On a GPU in bf16 or fp16, as it can; on a CPU in fp32."""

    def __init__(self, folder: Path, head: str, device: torch.device) -> None:
        network, _ = load_model(folder)
        self._network = network.to(device, memory_format=torch.channels_last)
        self._head, self._device = head, device
        self._precision = torch.float32
        if device.type == "cuda":
            self._precision = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        self.label = f"PyTorch {str(self._precision).removeprefix('torch.')} on {device}"

    @torch.inference_mode()
    def logits(self, inputs: torch.Tensor) -> np.ndarray:
        inputs = inputs.to(self._device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, self._precision, enabled=self._precision != torch.float32):
            answers = self._network(inputs)[self._head]
        return answers.float().cpu().numpy()


class OnnxBackend:
    """ONNX Runtime on the CPU, or on a GPU where its CUDA build is installed."""

    def __init__(self, path: Path, head: str, device: torch.device) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Otherwise its threads spin between two batches, on cores that the web process needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
        self._session = onnxruntime.InferenceSession(str(path), options, [*wanted, "CPUExecutionProvider"])
        self._head = head
        kind = "int8" if ".int8." in path.name else "fp32"
        self.label = f"ONNX Runtime {kind} on {device.type}"

    def logits(self, inputs: torch.Tensor) -> np.ndarray:
        return self._session.run([self._head], {INPUT: inputs.numpy()})[0]


def choose_backend(folder: Path, manifest: Manifest, head: str, device: torch.device) -> Backend:
    """The fastest of what can serve the checkpoint in `folder` here, measured at batch 16 before it serves anybody.

    A damaged ONNX file, one of other weights and one whose answers stray are passed over with a line in the log. Raises
    CheckpointError when the weights cannot be read.
    """
    backends: list[Backend] = [TorchBackend(folder, head, device)]
    spec = manifest.input
    faces = torch.rand(
        (RACE_BATCH, spec.channels, spec.size, spec.size), generator=torch.Generator().manual_seed(0)
    ).sub_(0.5)
    if device.type == "cpu" or "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        expected = backends[0].logits(faces)
        for path in onnx_files(folder, manifest):
            try:
                backend = OnnxBackend(path, head, device)
                strays = float(np.abs(backend.logits(faces) - expected).max())
            except Exception as error:  # ONNX Runtime has its own exceptions, one for each trouble
                logger.warning("%s of %s cannot be used: %s", path.name, manifest.name, str(error).splitlines()[0])
                continue
            if strays < AGREES_WITHIN * max(1.0, float(np.abs(expected).max())):
                backends.append(backend)
            else:
                logger.warning("%s of %s strays by %.2f from its weights.", path.name, manifest.name, strays)
    return fastest(backends, faces)


def fastest(backends: Sequence[Backend], faces: torch.Tensor) -> Backend:
    if len(backends) == 1:
        return backends[0]
    by_label = {backend.label: backend for backend in backends}
    seconds = race({label: lambda b=backend: b.logits(faces) for label, backend in by_label.items()}, RACE_ROUNDS)
    each = ", ".join(f"{label} {1000 * taken / len(faces):.2f}" for label, taken in seconds.items())
    logger.info("Milliseconds a face at batch %d: %s.", len(faces), each)
    return by_label[min(seconds, key=lambda label: seconds[label])]
