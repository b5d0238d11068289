"""What static/js/on_device_worker.js must know to read faces as the engine does, as plain JSON. No Django in here, and
no torch: web processes make it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from emotion.core import preprocess
from emotion.core.calibration import softmax
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import Manifest
from emotion.inference import detector, quality

TOLERANCE = 0.02  # of a probability, in the reader's test of itself
KNOWN_FACES = 2
# A known picture needs no file: each channel rises by dx a column and dy a row from its start, and begins anew at 256.
RAMPS = [(dx, dy, start) for dx, dy in ((1, 2), (2, 1), (3, 1), (1, 4), (5, 2), (2, 7)) for start in (0, 90)]
KNOWN_LOGITS = range(0, 896, 112)


def reader_config(model: Path, manifest: Manifest, head: str | None = None) -> dict[str, Any]:
    """The config of a reader that runs the ONNX file `model` of the checkpoint with `manifest`, less its `urls`.

    It runs the network and the detector on known pictures, so make it once for each model. Raises an exception of ONNX
    Runtime's for a file that it cannot read.
    """
    head = head or manifest.serving_head
    spec = manifest.input
    temperature = manifest.temperatures.get(head, 1.0)
    network = _open(model)
    faces = detector.FaceDetector()
    return {
        "input": {
            "name": network.get_inputs()[0].name,
            "size": spec.size,
            "channels": spec.channels,
            "mean": list(spec.mean),
            "std": list(spec.std),
        },
        "head": head,
        "classes": list(manifest.heads[head]),
        "expressions": list(EXPRESSIONS),
        "temperature": temperature,
        "detector": {"side": detector.SIDE, "threshold": faces._threshold, "overlap": faces._overlap},
        "crop": {"scale": preprocess.CROP_SCALE, "shift_up": preprocess.CROP_SHIFT_UP},
        "rules": {
            "second_face_share": quality.SECOND_FACE_SHARE,
            "level_from": quality.LEVEL_FROM,
            "smallest_face": quality.SMALLEST_FACE,
            "largest_tilt": quality.LARGEST_TILT,
            "darkest": quality.DARKEST,
            "brightest": quality.BRIGHTEST,
            "blurriest": quality.BLURRIEST,
        },
        "known": {
            "tolerance": TOLERANCE,
            "faces": _known_faces(network, manifest, head, temperature),
            "detector": _known_detection(),
        },
    }


def ramps(size: int, steps: list[tuple[int, int, int]]) -> np.ndarray:
    """(size, size, channels) uint8, as the worker's function of this name makes it."""
    y, x = np.mgrid[0:size, 0:size]
    return np.stack([(dx * x + dy * y + start) & 255 for dx, dy, start in steps], axis=-1).astype(np.uint8)


def _open(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _known_faces(
    network: onnxruntime.InferenceSession, manifest: Manifest, head: str, temperature: float
) -> list[dict[str, Any]]:
    """Of many pictures, those that the network is least sure of: there, a wrong runtime shows most."""
    spec = manifest.input
    name = network.get_inputs()[0].name
    pictures = [list(itertools.islice(itertools.cycle(RAMPS), i, i + spec.channels)) for i in range(len(RAMPS))]
    pixels = np.stack([ramps(spec.size, steps) for steps in pictures]).astype(np.float32) / 255
    inputs = ((pixels - np.float32(spec.mean)) / np.float32(spec.std)).transpose(0, 3, 1, 2)
    # One at a time, as the browser does.
    logits = [network.run([head], {name: np.ascontiguousarray(one[None])})[0] for one in inputs]
    rows = softmax(np.concatenate(logits), temperature)
    known = []
    for i in np.argsort(rows.max(axis=1))[:KNOWN_FACES]:
        by_name = dict(zip(manifest.heads[head], rows[i].tolist(), strict=True))
        known.append({"ramps": pictures[i], "probabilities": {name: by_name.get(name) for name in EXPRESSIONS}})
    return known


def _known_detection() -> dict[str, Any]:
    steps = RAMPS[:3]
    blob = (ramps(detector.SIDE, steps).astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    (scores,) = _open(detector.MODEL).run(["classificators"], {"image": np.ascontiguousarray(blob)})
    return {"ramps": steps, "logits": [{"at": i, "logit": float(scores.reshape(-1)[i])} for i in KNOWN_LOGITS]}
