"""ONNX goes out, checked against the network it was made of."""

import hashlib
import json
import shutil

import numpy as np
import onnxruntime
import pytest
from django.core.management import call_command

from emotion.core import onnx_export
from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS_7
from emotion.core.manifest import InputSpec, Manifest, read_manifest
from tests.emotion.core.factories import OPTIONS, make_checkpoint
from training import export
from training.data.synthetic import draw_face, synthetic_dataset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checkpoints")]


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """(24, 1, 48, 48) float32: drawn faces, normalised as the small network's manifest says."""
    generator = np.random.default_rng(1)
    faces = np.stack([draw_face(EXPRESSIONS_7[number % 7], generator) for number in range(24)])
    return export.network_input(faces, InputSpec())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder of a small checkpoint, exported once."""
    folder = tmp_path_factory.mktemp("exported") / "small"
    make_checkpoint(folder)
    export.export_checkpoint(folder=folder, out=folder / "model.onnx", dataset=synthetic_dataset(0), int8=False)
    return folder


def test_the_onnx_file_answers_as_the_network_does_at_any_batch(exported, drawn):
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    assert [(i.name, i.shape, i.type) for i in session.get_inputs()] == [
        ("faces", ["batch", 1, 48, 48], "tensor(float)")
    ]
    network, manifest = load_model(exported)
    assert [output.name for output in session.get_outputs()] == list(manifest.heads)
    for batch in (1, 5, 24):
        expected = onnx_export.run_network(network, drawn[:batch])
        for head, logits in zip(expected, session.run(None, {"faces": drawn[:batch]}), strict=True):
            np.testing.assert_allclose(logits, expected[head], atol=1e-4)
    assert b"site-packages" not in (exported / "model.onnx").read_bytes()  # nor any other path of the exporting machine


def test_a_report_lies_beside_it(exported):
    manifest, content = read_manifest(exported), (exported / "model.onnx").read_bytes()
    report = json.loads((exported / "onnx.json").read_text())
    assert report["files"] == {"model.onnx": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}
    assert report["weights_sha256"] == manifest.weights_sha256
    assert report["outputs"]["ferplus"] == list(manifest.heads["ferplus"])
    assert 0 <= report["max_difference"] < 1e-4
    assert set(report["ms_per_face"]) == {"batch", "threads", "torch", "onnx"}
    assert sorted(path.name for path in exported.iterdir()) == [
        "manifest.json", "model.onnx", "model.safetensors", "onnx.json",
    ]  # fmt: skip


def test_an_int8_file_is_carried_over_only_with_the_weights_it_was_made_from(tmp_path):
    manifest = make_checkpoint(tmp_path / "a")
    out, entries = tmp_path / "a" / "model.onnx", ({"kept": True}, {"bytes": 1})
    export.int8_path(out).touch()
    report = {"int8": entries[0], "files": {"model.int8.onnx": entries[1]}}
    export.report_path(out).write_text(json.dumps(report | {"weights_sha256": manifest.weights_sha256}))
    assert export._former_int8(out, manifest) == entries
    assert export._former_int8(out, make_checkpoint(tmp_path / "a", seed=1)) is None
    export.report_path(out).write_text("[]")
    assert export._former_int8(out, manifest) is None


def test_colour_and_another_size_export_too(checkpoints, tmp_path, capsys):
    heads = {"expression": EXPRESSIONS_7}
    spec = InputSpec(64, 3, (0.5, 0.4, 0.4), (0.2, 0.2, 0.2))
    make_checkpoint(checkpoints / "colour", Manifest("colour", "attune", OPTIONS, heads, "expression", spec))
    out = tmp_path / "colour.onnx"
    call_command("export_fer", "--checkpoint", "colour", "--data", "synthetic", "--out", str(out), "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["max_difference"] < 1e-4
    assert report["input"]["shape"] == ["batch", 3, 64, 64]
    assert out.is_file()
    assert json.loads((tmp_path / "colour.onnx.json").read_text()) == report


@pytest.fixture
def at_once(exported, monkeypatch):
    """The export of "small", whose weights are those of `exported`, without the seconds it takes to trace it again."""
    monkeypatch.setattr(
        onnx_export,
        "export_onnx",
        lambda network, heads, shape, path: shutil.copy(exported / "model.onnx", path) and 20,
    )


def test_a_file_that_differs_from_the_network_is_removed(small, at_once, monkeypatch, refused):
    (small / "model.onnx").write_text("an earlier one")
    run = onnx_export.run_session

    def off(session, faces, **more):
        return {head: logits + 2e-4 for head, logits in run(session, faces, **more).items()}

    monkeypatch.setattr(onnx_export, "run_session", off)
    refused("export_fer", "--data", "synthetic", match=r"differs from the network by 0.0002 on 210 faces", code=1)
    assert sorted(path.name for path in small.iterdir()) == ["manifest.json", "model.safetensors"]


def test_int8_is_measured_and_said_to_be_kept_or_not(small, at_once, capsys):
    call_command("export_fer", "--int8", "--data", "synthetic")
    said = capsys.readouterr().out
    assert said.startswith("small: ONNX opset ")
    report = json.loads((small / "onnx.json").read_text())
    judged, speed = report["int8"], report["ms_per_face"]
    assert (judged["calibration_rows"], judged["scored_rows"]) == (500, 210)
    assert set(judged["accuracy"]) == {"fer2013"}
    within = judged["accuracy_fp32"]["fer2013"] - judged["accuracy"]["fer2013"] <= 0.003
    assert judged["kept"] == (speed["int8"] < speed["onnx"] and within)
    assert (small / "model.int8.onnx").is_file() == judged["kept"] == ("model.int8.onnx" in report["files"])
    assert f"int8 is {'kept' if judged['kept'] else 'not kept'}: {judged['why']}." in said
    assert "Calibrated on 500 Training rows; on 210 PublicTest rows" in said


@pytest.mark.parametrize(
    ("int8", "light", "kept", "why"),
    [
        (
            0.9,
            {"fer2013": 0.698, "ferplus": 0.84},
            True,
            "0.90 ms a face against 1.00 ms, and no accuracy falls",
        ),
        (0.9, {"fer2013": 0.70, "ferplus": 0.83}, False, "it loses 1.0 points of accuracy on ferplus, and 0.3 are"),
        (1.0, {"fer2013": 0.70, "ferplus": 0.84}, False, "it is no faster: 1.00 ms a face against 1.00 ms"),
    ],
)
def test_int8_is_kept_only_if_faster_and_as_good(int8, light, kept, why):
    judged = export.judge_int8({"onnx": 1.0, "int8": int8}, {"fer2013": 0.70, "ferplus": 0.84}, light)
    assert judged["kept"] is kept
    assert judged["why"].startswith(why)


def test_int8_holds_to_the_network_closely(exported, drawn, tmp_path):
    light = tmp_path / "light.onnx"
    onnx_export.quantise(exported / "model.onnx", light, drawn)
    sessions = [
        onnx_export.run_session(onnx_export.open_session(path), drawn) for path in (exported / "model.onnx", light)
    ]
    assert 0 < onnx_export.largest_difference(*sessions) < 0.1
    assert not list(tmp_path.glob("*.prepared"))


def test_an_export_without_what_it_needs_is_one_sentence(tmp_path, small, refused):
    refused("export_fer", "--checkpoint", "nowhere", "--data", "synthetic", match="There is no checkpoint in")
    refused("export_fer", "--data", tmp_path / "nowhere", match="There is no data set at")
    refused("export_fer", "--data", "synthetic", "--out", tmp_path / "no" / "x.onnx", match="not a file that can be")
