"""A checkpoint as ONNX files beside it, each kept only for what it was measured to do. No Django in here."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from emotion.core import onnx_export
from emotion.core.checkpoint import load_model
from emotion.core.manifest import InputSpec, Manifest, write_atomically
from emotion.core.preprocess import to_input
from training.data.dataset import FaceDataset, FaceSplit
from training.evaluate import score

FILE = "model.onnx"
REPORT = "onnx.json"
LARGEST_DIFFERENCE = 1e-4
LARGEST_LOSS = 0.003  # of accuracy, for int8
CHECKED_ROWS = 256
CALIBRATION_ROWS = 500
SCORED_ROWS = 4000
BATCH = 16
ROUNDS = 30

Logits = Mapping[str, np.ndarray]


class ExportError(Exception):
    """The ONNX file does not answer as the network does; the message is one sentence for a person."""


def export_checkpoint(*, folder: Path, out: Path, dataset: FaceDataset, int8: bool) -> dict[str, Any]:
    """Write the checkpoint in `folder` to `out`, and with `int8` its quantised form beside it, with a report.

    Rows of `dataset` check it: logits of PublicTest against torch's; speed at batch 16 on one thread, all in turns; for
    int8, calibration on Training rows and accuracy on up to 4,000 PublicTest rows. Returns the report as written.
    Raises CheckpointError, ExportError (then `out` is gone), OSError.
    """
    network, manifest = load_model(folder)
    spec, heads = manifest.input, tuple(manifest.heads)
    small = int8_path(out)
    former = _former_int8(out, manifest)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".onnx.") as scratch:
        fresh = Path(scratch) / out.name
        opset = onnx_export.export_onnx(network, heads, (spec.channels, spec.size, spec.size), fresh)
        session = onnx_export.open_session(fresh)
        checked = spread(dataset.split("PublicTest"), CHECKED_ROWS)
        difference = onnx_export.largest_difference(
            _logits(lambda faces: onnx_export.run_network(network, faces), checked, spec),
            _logits(lambda faces: onnx_export.run_session(session, faces), checked, spec),
        )
        if not difference < LARGEST_DIFFERENCE:
            for stale in (out, small, report_path(out)):
                stale.unlink(missing_ok=True)
            raise ExportError(
                f"The ONNX file of {folder.name} differs from the network by {difference:.2g} on {len(checked)} faces "
                f"of {dataset.name}; less than {LARGEST_DIFFERENCE:g} is asked, so it was removed."
            )
        batch = network_input(checked.pixels[np.arange(BATCH) % len(checked)], spec)
        eager = torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)  # as the engine runs it
        served = network.to(memory_format=torch.channels_last)
        runners: dict[str, Callable[[], object]] = {
            "torch": lambda: _forward(served, eager),
            "onnx": lambda: session.run(None, {onnx_export.INPUT: batch}),
        }
        judged: dict[str, Any] | None = None
        quantised = Path(scratch) / small.name
        if int8:
            rows = spread(dataset.split("Training"), CALIBRATION_ROWS)
            onnx_export.quantise(fresh, quantised, network_input(rows.pixels, spec))
            light = onnx_export.open_session(quantised)
            runners["int8"] = lambda: light.run(None, {onnx_export.INPUT: batch})
        seconds = onnx_export.race(runners, ROUNDS)
        milliseconds = {name: round(taken / BATCH * 1000, 3) for name, taken in seconds.items()}
        if int8:
            scored = spread(dataset.split("PublicTest"), SCORED_ROWS)
            judged = judge_int8(
                milliseconds,
                _accuracy(lambda faces: onnx_export.run_session(session, faces), scored, manifest),
                _accuracy(lambda faces: onnx_export.run_session(light, faces), scored, manifest),
            )
            judged |= {"calibration_rows": len(rows), "scored_rows": len(scored)}
        report = {
            "checkpoint": folder.name,
            "weights_sha256": manifest.weights_sha256,
            "opset": opset,
            "input": {
                "name": onnx_export.INPUT,
                "shape": ["batch", spec.channels, spec.size, spec.size],
                "mean": list(spec.mean),
                "std": list(spec.std),
            },
            "outputs": {head: list(manifest.heads[head]) for head in heads},
            "serving_head": manifest.serving_head,
            "temperatures": manifest.temperatures,
            "rows_of": dataset.name,
            "checked_rows": len(checked),
            "max_difference": difference,
            "ms_per_face": {"batch": BATCH, "threads": 1, **milliseconds},
            "files": {out.name: _described(fresh)},
        }
        os.replace(fresh, out)
        if judged:
            report["int8"] = judged
            if judged["kept"]:
                report["files"][small.name] = _described(quantised)
                os.replace(quantised, small)
            else:
                small.unlink(missing_ok=True)
        elif former:  # made from these very weights, so it is still right
            report["int8"], report["files"][small.name] = former
        else:
            small.unlink(missing_ok=True)
    write_atomically(report_path(out), (json.dumps(report, indent=2) + "\n").encode())
    return report


def judge_int8(
    milliseconds: Mapping[str, float], full: Mapping[str, float], light: Mapping[str, float]
) -> dict[str, Any]:
    """Whether int8 is worth keeping: faster than the fp32 file, and on no kind of label worse by over 0.3 points."""
    losses = {labels: full[labels] - light[labels] for labels in full}
    worst = max(losses, key=lambda labels: losses[labels])
    speed = f"{milliseconds['int8']:.2f} ms a face against {milliseconds['onnx']:.2f} ms"
    if milliseconds["int8"] >= milliseconds["onnx"]:
        kept, why = False, f"it is no faster: {speed}"
    elif losses[worst] > LARGEST_LOSS:
        kept, why = False, f"it loses {losses[worst] * 100:.1f} points of accuracy on {worst}, and 0.3 are allowed"
    else:
        kept, why = True, f"{speed}, and no accuracy falls by more than {max(0.0, losses[worst]) * 100:.1f} points"
    return {"kept": kept, "why": why, "accuracy": dict(light), "accuracy_fp32": dict(full)}


def int8_path(out: Path) -> Path:
    return out.with_name(f"{out.stem}.int8{out.suffix}")


def report_path(out: Path) -> Path:
    """onnx.json beside model.onnx; beside a file of another name, that name and .json."""
    return out.with_name(REPORT if out.name == FILE else f"{out.name}.json")


def spread(split: FaceSplit, rows: int) -> FaceSplit:
    """At most `rows` of a split, evenly spaced."""
    return split.take(np.linspace(0, len(split) - 1, min(rows, len(split))).round().astype(int))


def network_input(pixels: np.ndarray, spec: InputSpec) -> np.ndarray:
    """(N, H, W) uint8 faces of any side -> (N, C, size, size) float32, normalised as `spec` says."""
    if pixels.shape[1:3] != (spec.size, spec.size):
        way = cv2.INTER_AREA if pixels.shape[1] > spec.size else cv2.INTER_LINEAR
        pixels = np.stack([cv2.resize(face, (spec.size, spec.size), interpolation=way) for face in pixels])
    if spec.channels == 3 and pixels.ndim == 3:
        pixels = np.repeat(pixels[..., None], 3, axis=3)
    return np.ascontiguousarray(to_input(torch.from_numpy(np.array(pixels)), spec).numpy())


def _logits(run: Callable[[np.ndarray], Logits], rows: FaceSplit, spec: InputSpec) -> dict[str, np.ndarray]:
    """In batches, since a thousand faces of 224 px in colour are 600 MB."""
    parts = [run(network_input(rows.pixels[start : start + 64], spec)) for start in range(0, len(rows), 64)]
    return {head: np.concatenate([part[head] for part in parts]) for head in parts[0]}


def _accuracy(run: Callable[[np.ndarray], Logits], rows: FaceSplit, manifest: Manifest) -> dict[str, float]:
    logits = _logits(run, rows, manifest.input)
    accuracy = {}
    for labels in rows.targets:
        scored = score(logits, manifest.heads, rows, labels)
        if len(scored.labels):
            accuracy[labels] = float((scored.logits.argmax(axis=1) == scored.labels).mean())
    return accuracy


@torch.inference_mode()
def _forward(network: torch.nn.Module, faces: torch.Tensor) -> object:
    return network(faces)


def _former_int8(out: Path, manifest: Manifest) -> tuple[Any, Any] | None:
    """The report's entries of an int8 file that an earlier export made from the same weights."""
    small = int8_path(out)
    try:
        report = json.loads(report_path(out).read_text())
        if report["weights_sha256"] == manifest.weights_sha256 and small.is_file():
            return report["int8"], report["files"][small.name]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none, or not ours: then there is nothing to carry over
    return None


def _described(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
