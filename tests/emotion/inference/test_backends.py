"""What serves a checkpoint: its ONNX file where that is faster, never one that answers otherwise."""

import hashlib
import json

import pytest
import torch

from emotion.core import onnx_export
from emotion.core.checkpoint import load_model
from emotion.core.manifest import ONNX_REPORT, read_manifest
from emotion.inference import backends
from emotion.inference.backends import OnnxBackend, TorchBackend, choose_backend, onnx_files
from tests.emotion.core.factories import make_checkpoint

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path):
    """A checkpoint with an ONNX file and its report."""
    make_checkpoint(tmp_path)
    export(tmp_path, tmp_path)
    return tmp_path


def export(source, target) -> None:
    network, manifest = load_model(source)
    onnx_export.export_onnx(network, tuple(manifest.heads), (1, 48, 48), target / "model.onnx")
    described = {"sha256": hashlib.sha256((target / "model.onnx").read_bytes()).hexdigest()}
    weights = read_manifest(target).weights_sha256
    (target / ONNX_REPORT).write_text(json.dumps({"weights_sha256": weights, "files": {"model.onnx": described}}))


def choose(folder):
    manifest = read_manifest(folder)
    return choose_backend(folder, manifest, manifest.serving_head, CPU)


@pytest.fixture
def onnx_wins(monkeypatch):
    monkeypatch.setattr(backends, "race", lambda runners, rounds: {n: 1 if "ONNX" in n else 2 for n in runners})


def test_both_give_the_same_logits(folder):
    faces = torch.randn(5, 1, 48, 48)
    for head in ("fer2013", "ferplus"):
        one = TorchBackend(folder, head, CPU).logits(faces)
        other = OnnxBackend(folder / "model.onnx", head, CPU).logits(faces)
        assert one.shape == other.shape
        assert one == pytest.approx(other, abs=1e-4)


def test_the_faster_one_serves(folder, monkeypatch):
    for fast, slow in (("ONNX", "PyTorch"), ("PyTorch", "ONNX")):
        monkeypatch.setattr(
            backends, "race", lambda runners, rounds, fast=fast: {n: 1 if n.startswith(fast) else 2 for n in runners}
        )
        assert choose(folder).label.startswith(fast), slow


def test_without_an_onnx_file_pytorch_serves(tmp_path):
    make_checkpoint(tmp_path)
    assert choose(tmp_path).label == "PyTorch float32 on cpu"


@pytest.mark.usefixtures("onnx_wins")
@pytest.mark.parametrize("damage", [b"", b"no model", None])
def test_a_damaged_file_is_passed_over(folder, damage):
    path = folder / "model.onnx"
    path.write_bytes(damage if damage is not None else path.read_bytes()[:-100])
    assert choose(folder).label.startswith("PyTorch")


@pytest.mark.usefixtures("onnx_wins")
def test_a_file_of_other_weights_is_passed_over_whatever_its_report_says(tmp_path, folder, caplog):
    other = folder / "other"
    make_checkpoint(other, seed=7)
    for name in ("model.onnx", ONNX_REPORT):
        (other / name).write_bytes((folder / name).read_bytes())
    assert onnx_files(other, read_manifest(other)) == []
    report = json.loads((other / ONNX_REPORT).read_text())
    report["weights_sha256"] = read_manifest(other).weights_sha256
    (other / ONNX_REPORT).write_text(json.dumps(report))
    assert choose(other).label.startswith("PyTorch")
    assert "strays" in caplog.text


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"weights_sha256": 1, "files": []}', "null"])
def test_a_report_that_makes_no_sense_is_no_report(folder, report):
    (folder / ONNX_REPORT).write_text(report)
    assert choose(folder).label.startswith("PyTorch")
