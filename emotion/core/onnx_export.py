"""A checkpoint's network as ONNX, held against the original, and as int8. No Django in here."""

from __future__ import annotations

import contextlib
import io
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

INPUT = "faces"
CALIBRATION_BATCH = 50


class _Heads(nn.Module):
    """The network with its answers as a tuple, in the order of its heads."""

    def __init__(self, network: nn.Module, heads: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.heads = network, heads

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        answers = self.network(faces)
        return tuple(answers[head] for head in self.heads)


def export_onnx(network: nn.Module, heads: tuple[str, ...], shape: tuple[int, int, int], path: Path) -> int:
    """Write `network` to `path`: input "faces" (batch, C, H, W) float32, normalised; one output of logits per head, by
    its name. Returns the opset."""
    with _quietly():
        program = torch.onnx.export(
            _Heads(network, heads).eval(),
            (torch.zeros(2, *shape),),  # not 1, or the batch is taken for a constant
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=list(heads),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
        )
    assert program is not None  # it is None without dynamo only
    graph = program.model_proto
    _forget_origins(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
    return next(entry.version for entry in graph.opset_import if not entry.domain)


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_session(session: onnxruntime.InferenceSession, inputs: np.ndarray, batch: int = 64) -> dict[str, np.ndarray]:
    """(N, C, H, W) float32 -> {head: (N, classes) logits}."""
    names = [output.name for output in session.get_outputs()]
    parts = [session.run(names, {INPUT: inputs[start : start + batch]}) for start in range(0, len(inputs), batch)]
    return {name: np.concatenate(columns) for name, columns in zip(names, zip(*parts, strict=True), strict=True)}


@torch.inference_mode()
def run_network(network: nn.Module, inputs: np.ndarray, batch: int = 64) -> dict[str, np.ndarray]:
    """(N, C, H, W) float32 -> {head: (N, classes) logits}."""
    network.eval()
    parts = [network(torch.from_numpy(inputs[start : start + batch])) for start in range(0, len(inputs), batch)]
    return {head: torch.cat([part[head] for part in parts]).float().numpy() for head in parts[0]}


def largest_difference(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> float:
    """The largest absolute difference of any logit; infinite where one is not a number."""
    largest = max(float(np.abs(one[head] - other[head]).max()) for head in one)
    return largest if np.isfinite(largest) else float("inf")


def quantise(source: Path, target: Path, calibration: np.ndarray) -> None:
    """Static int8 (QDQ, weights per channel), with activations' ranges taken from (N, C, H, W) float32 faces.

    Weights keep to 7 bits: a CPU without VNNI adds two products of 8 bits in 16 and saturates, and the file may travel.
    Ranges are the least and greatest seen. The 99.999th percentile brought the error of the logits from 0.032 to 0.029
    (RMS, on other Training rows) and took 1.8 GB, since it holds each row's activations.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Batches(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            self._batches = iter(np.array_split(calibration, max(1, len(calibration) // CALIBRATION_BATCH)))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT: batch}

    prepared = target.with_name(f"{target.name}.prepared")
    try:
        with _quietly():
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                target,
                Batches(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
    finally:
        prepared.unlink(missing_ok=True)


def race(runners: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each runner. They take turns, so that a busy moment of the machine falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for runner in runners.values():
        runner()
    for _ in range(rounds):
        for name, runner in runners.items():
            started = time.perf_counter()
            runner()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _forget_origins(graph: onnx.ModelProto) -> None:
    """The exporter notes the source file and line of each node: paths of this machine, which a model must not carry."""
    for holder in (*graph.graph.node, *graph.graph.input, *graph.graph.output, *graph.graph.value_info):
        holder.ClearField("metadata_props")
        if isinstance(holder, onnx.NodeProto):
            holder.ClearField("doc_string")
    for tensor in graph.graph.initializer:
        tensor.ClearField("metadata_props")
    graph.graph.ClearField("metadata_props")
    for function in graph.functions:
        for node in function.node:
            node.ClearField("metadata_props")


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter and the quantiser print, warn and log of their own workings."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
