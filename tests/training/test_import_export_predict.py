"""Checkpoints from other programs come in, ONNX goes out, and predict_fer reads pictures, folders and videos."""

import hashlib
import json
import os
import shutil
from collections import OrderedDict

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from django.core.management import CommandError, call_command
from safetensors.torch import save_file
from skimage import data
from torch import nn
from torch.nn import functional as F

from emotion.core import onnx_export
from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS_7, FER2013_CODES
from emotion.core.manifest import InputSpec, Manifest, read_manifest
from emotion.models import ModelVersion
from tests.emotion.core.factories import OPTIONS, make_checkpoint
from training import export
from training.data.synthetic import draw_face, synthetic_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checkpoints(settings, tmp_path):
    folder = tmp_path / "checkpoints"
    settings.CHECKPOINTS_DIR, settings.ATTUNE_DEFAULT_MODEL, settings.ATTUNE_DEVICE = folder, "small", "cpu"
    make_checkpoint(folder / "small")
    return folder


@pytest.fixture
def small(checkpoints):
    return checkpoints / "small"


@pytest.fixture
def refused():
    def refused(*arguments, match: str, code: int = 2) -> None:
        with pytest.raises(CommandError, match=match) as refusal:
            call_command(*map(str, arguments))
        assert refusal.value.returncode == code
        assert "\n" not in str(refusal.value)

    return refused


# import_checkpoint


class Elsewhere(nn.Module):
    """A network as a notebook has it: written for this test alone, without a line of ours."""

    def __init__(self, classes: int = 7) -> None:
        super().__init__()
        before = 1
        for number, width in enumerate((32, 64, 128, 256), start=1):
            setattr(self, f"conv{number}", nn.Conv2d(before, width, 3, padding=1))
            setattr(self, f"bn{number}", nn.BatchNorm2d(width))
            before = width
        self.fc1, self.fc2, self.fc3 = nn.Linear(256 * 3 * 3, 512), nn.Linear(512, 128), nn.Linear(128, classes)

    def forward(self, x):
        for number in range(1, 5):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))
            x = F.max_pool2d(F.leaky_relu(x, 0.1), 2)
        x = F.leaky_relu(self.fc1(x.flatten(1)), 0.1)
        return self.fc3(F.leaky_relu(self.fc2(x), 0.1))


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    """With statistics and weights that a training would have left, not the initial ones."""
    torch.manual_seed(3)
    network = Elsewhere()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return network.eval()


def importing(file, *more, name: str = "guest", arch: str = "custom_cnn") -> tuple:
    return ("import_checkpoint", str(file), "--name", name, "--arch", arch, *more)


@pytest.mark.parametrize("form", ["plain", "wrapped", "parallel", "half-old", "safetensors"])
def test_a_checkpoint_of_another_program_answers_as_it_did_there(elsewhere, tmp_path, checkpoints, form, capsys):
    state, file = elsewhere.state_dict(), tmp_path / "best.pth"
    if form == "safetensors":
        file = tmp_path / "best.safetensors"
        save_file(state, file)
    elif form == "wrapped":
        torch.save({"epoch": 12, "model_state_dict": state, "optimizer": {"lr": 0.1}, "best": 0.7}, file)
    elif form == "parallel":
        torch.save({"state_dict": OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())}, file)
    elif form == "half-old":  # before PyTorch counted batches
        torch.save({name: tensor for name, tensor in state.items() if "num_batches" not in name}, file)
    else:
        torch.save(state, file)
    call_command(*importing(file, "--classes", "Angry,Disgust,Fear,Happy,Sad,Surprise,Neutral", "--std", "0.25"))
    network, manifest = load_model(checkpoints / "guest")
    assert manifest.classes == FER2013_CODES
    assert manifest.input == InputSpec(48, 1, (0.5,), (0.25,))
    faces = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 1, 48, 48)).astype(np.float32))
    with torch.inference_mode():
        (logits,) = network(faces).values()
        torch.testing.assert_close(logits, elsewhere(faces), rtol=0, atol=1e-5)
    version = ModelVersion.objects.get(name="guest")
    assert (version.status, version.weights_sha256) == ("candidate", manifest.weights_sha256)
    assert "Registered as guest (candidate). Serve it with: python manage.py promote_model guest" in (
        capsys.readouterr().out
    )


def test_classes_that_were_not_named_are_assumed_aloud(elsewhere, tmp_path, checkpoints, capsys, refused):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pt")
    call_command(*importing(tmp_path / "best.pt"))
    assert "taken to be anger, disgust, fear, happiness, sadness, surprise, neutral" in capsys.readouterr().out
    torch.save(Elsewhere(classes=5).state_dict(), tmp_path / "five.pt")
    refused(*importing(tmp_path / "five.pt", name="five"), match="Name the classes, in the order of the network's out")


def test_a_network_that_cannot_serve_is_imported_and_told(tmp_path, capsys):
    torch.save(Elsewhere(classes=2).state_dict(), tmp_path / "two.pt")
    call_command(*importing(tmp_path / "two.pt", "--classes", "happy,sad"))
    assert "(candidate). guest cannot serve: its head 'expression' does not know neutral," in capsys.readouterr().out


def test_every_tensor_that_does_not_fit_is_named(elsewhere, tmp_path, checkpoints, refused):
    state = dict(elsewhere.state_dict())
    del state["fc1.bias"], state["bn2.running_mean"]
    state |= {"extra.weight": torch.zeros(1), "conv1.bias": torch.zeros(31)}
    state["fc2.bias"] = torch.full((128,), torch.nan)
    torch.save(state, tmp_path / "odd.pth")
    refused(
        *importing(tmp_path / "odd.pth"),
        match=r"\(missing: bn2.running_mean, fc1.bias; unexpected: extra.weight; "
        r"misshapen: conv1.bias is \(31,\), not \(32,\); not finite: fc2.bias\)\.$",
    )
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    eight = "neutral,happy,surprise,sad,angry,disgust,fear,contempt"
    refused(
        *importing(tmp_path / "best.pth", "--classes", eight),
        match=r"misshapen: fc3.weight is \(7, 128\), not \(8, 128\), fc3.bias is \(7,\), not \(8,\)\)",
    )
    refused(*importing(tmp_path / "best.pth", "--input-size", "96"), match=r"misshapen: fc1.weight is \(512, 2304\)")
    assert [path.name for path in checkpoints.iterdir()] == ["small"]
    assert not ModelVersion.objects.exists()


class Trap:
    """A pickle that runs a command when it is loaded the careless way."""

    def __init__(self, marker) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_a_pickle_with_code_is_refused_and_never_run(elsewhere, tmp_path, refused):
    marker = tmp_path / "ran"
    torch.save({"state_dict": elsewhere.state_dict(), "callback": Trap(marker)}, tmp_path / "trap.pth")
    refused(*importing(tmp_path / "trap.pth"), match=r"trap.pth holds pickled code \(\w+.mkdir\), which is never run")
    torch.save(elsewhere, tmp_path / "whole.pth")  # a module instead of its state
    refused(*importing(tmp_path / "whole.pth"), match=r"holds pickled code \([\w.]+Elsewhere\), which is never run")
    assert not marker.exists()


def test_what_is_no_checkpoint_is_one_sentence(tmp_path, refused):
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("text.pth", "empty.pth", "text.safetensors"):
        refused(*importing(tmp_path / name), match=f"{name} is not a PyTorch state_dict")
    refused(*importing(tmp_path / "none.pth"), match="none.pth cannot be read: No such file or directory")
    refused(*importing(tmp_path), match="cannot be read: Is a directory")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(*importing(tmp_path / "list.pth"), match="holds no state_dict but list")
    torch.save({"epoch": 3, "weights": torch.zeros(1)}, tmp_path / "epoch.pth")
    refused(*importing(tmp_path / "epoch.pth"), match="epoch are no dense tensors of numbers")
    endless: dict = {}
    endless["model"] = endless
    torch.save(endless, tmp_path / "endless.pth")
    refused(*importing(tmp_path / "endless.pth"), match="is not a state_dict")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--classes", "angry,bored"], "'bored' is not an expression; known ones: neutral"),
        (["--classes", "angry,anger,sad"], "--classes names anger twice"),
        (["--mean", "127.5"], "are of pixels in 0..1"),
        (["--std", "0"], "no --std is zero"),
        (["--mean", "0.5,0.4"], "--mean is one number or 1, with commas between, not '0.5,0.4'"),
        (["--std", "wide"], "--std is one number or 1"),
        (["--input-size", "4"], "--input-size is 8 to 1024 pixels, not 4"),
        (["--set", "dropout"], "--set takes OPTION=VALUE, not 'dropout'"),
        (["--set", "colour=red"], "colour"),
    ],
)
def test_a_wrong_argument_is_one_sentence(elsewhere, tmp_path, refused, arguments, sentence):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    refused(*importing(tmp_path / "best.pth", *arguments), match=sentence)


def test_names_that_are_taken_or_unknown_are_refused(elsewhere, tmp_path, small, refused):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    before = (small / "manifest.json").read_bytes()
    refused(*importing(tmp_path / "best.pth", name="small"), match="already a checkpoint called 'small'")
    assert (small / "manifest.json").read_bytes() == before
    refused(*importing(tmp_path / "best.pth", name="../out"), match="is not a checkpoint's name")
    refused(*importing(tmp_path / "best.pth", arch="nonsense"), match="nonsense")


# export_fer


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


# predict_fer


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:300, 30:430, ::-1])


@pytest.fixture
def pictures(tmp_path, astronaut):
    """One face, two faces, none, and two files that are no pictures."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    cv2.imwrite(str(folder / "one.jpg"), astronaut)
    cv2.imwrite(str(folder / "more" / "two.png"), np.hstack([astronaut, astronaut]))
    cv2.imwrite(str(folder / "none.png"), np.full((200, 200, 3), 90, np.uint8))
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.jpg").write_bytes((folder / "one.jpg").read_bytes()[:200])
    (folder / ".hidden.jpg").touch()
    return folder


def predicted(capsys, *arguments) -> dict:
    capsys.readouterr()
    call_command("predict_fer", *map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out)


def test_all_faces_of_a_folder_are_found_and_the_rest_is_listed(pictures, tmp_path, capsys):
    report = predicted(capsys, pictures, "--out", tmp_path / "out")
    faces = {picture["file"].rsplit("/", 1)[1]: picture["faces"] for picture in report["pictures"]}
    assert {name: len(found) for name, found in faces.items()} == {"two.png": 2, "none.png": 0, "one.jpg": 1}
    (face,) = faces["one.jpg"]
    x, y, width, height = face["box"]
    assert 130 < x < 200 and 40 < y < 120 and 60 < width < 130 and 60 < height < 130
    top = [entry["probability"] for entry in face["top"]]
    assert len(top) == 3 and top == sorted(top, reverse=True)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert len(face["probabilities"]) == 8
    assert {entry["file"].rsplit("/", 1)[1] for entry in report["skipped"]} == {"notes.txt", "broken.jpg"}
    assert "metrics" not in report
    annotated = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.jpg")}
    assert annotated == {"one.jpg.jpg", "more/two.png.jpg", "none.png.jpg"}
    original, copy = (cv2.imread(str(path)) for path in (pictures / "one.jpg", tmp_path / "out" / "one.jpg.jpg"))
    changed = np.abs(original.astype(int) - copy).max(axis=2) > 60
    assert changed[:, round(x)].sum() > 30  # the box's left edge
    assert changed[200:, 300:].sum() == 0


def test_a_table_says_it_in_words(pictures, capsys):
    call_command("predict_fer", str(pictures))
    said = capsys.readouterr().out
    assert "small (ferplus): 3 pictures" in said
    assert "none.png\n  no face" in said
    assert f"Skipped {pictures / 'notes.txt'}: no picture or video that can be read." in said
    assert said.count("%") == 3 * 3
    call_command("predict_fer", str(pictures), "--head", "fer2013")
    assert "small (fer2013): 3 pictures" in capsys.readouterr().out


def test_folders_named_by_class_get_metrics(tmp_path, astronaut, capsys):
    generator = np.random.default_rng(0)
    for folder, expression in (("Happy", "happiness"), ("sad", "sadness"), ("anger", "anger")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        for number in range(4):
            cv2.imwrite(str(tmp_path / "set" / folder / f"{number}.png"), draw_face(expression, generator))
    cv2.imwrite(str(tmp_path / "set" / "sad" / "plain.png"), np.full((200, 200, 3), 90, np.uint8))
    (tmp_path / "set" / "other").mkdir()
    cv2.imwrite(str(tmp_path / "set" / "other" / "one.jpg"), astronaut)
    report = predicted(capsys, tmp_path / "set")
    metrics = report["metrics"]
    assert (metrics["n"], metrics["without_face"]) == (12, 1)
    right = {"Happy": "happiness", "sad": "sadness", "anger": "anger"}
    hits = []
    for picture in report["pictures"]:
        folder = picture["file"].split("/")[-2]
        if folder in right and picture["faces"]:
            seven = {name: p for name, p in picture["faces"][0]["probabilities"].items() if name != "contempt"}
            hits.append(max(seven, key=seven.get) == right[folder])
    assert metrics["accuracy"] == pytest.approx(np.mean(hits))
    assert {name for name, recall in metrics["per_class_recall"].items() if recall is not None} == set(right.values())
    assert {"macro_f1", "accuracy_interval_95", "ece", "nll", "confusion_matrix"} <= set(metrics)
    call_command("predict_fer", str(tmp_path / "set"))
    assert "By folder: 12 faces, 1 pictures without one" in capsys.readouterr().out


def test_a_video_is_sampled(tmp_path, astronaut, capsys):
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (400, 300))
    for number in range(30):
        writer.write(astronaut if number < 15 else np.zeros_like(astronaut))
    writer.release()
    report = predicted(capsys, tmp_path / "clip.avi", "--every", "0.5", "--out", tmp_path / "out")
    assert [(p["second"], len(p["faces"])) for p in report["pictures"]] == [
        (0.0, 1), (0.5, 1), (1.0, 1), (1.5, 0), (2.0, 0), (2.5, 0),
    ]  # fmt: skip
    assert len(list((tmp_path / "out").iterdir())) == 6
    call_command("predict_fer", str(tmp_path / "clip.avi"), "--every", "2")
    assert "clip.avi at 2.00 s\n  no face" in capsys.readouterr().out


def test_nothing_to_read_is_one_sentence(tmp_path, pictures, refused):
    refused("predict_fer", pictures / "notes.txt", match="notes.txt is no picture or video that can be read.$")
    refused("predict_fer", tmp_path / "nowhere.jpg", match="There is no .*nowhere.jpg.$")
    (tmp_path / "empty").mkdir()
    refused("predict_fer", tmp_path / "empty", match="holds no files.$")
    (tmp_path / "empty" / "notes.mp4").write_text("no video")
    refused("predict_fer", tmp_path / "empty", match="holds nothing that can be read: 1 files are no pictures")
    refused("predict_fer", pictures, "--every", "0", match="--every is a number of seconds above 0, not 0")
    refused("predict_fer", pictures, "--head", "mood", match="small has no head 'mood'; it has: fer2013, ferplus.$")
    refused("predict_fer", pictures, "--checkpoint", "nowhere", match="There is no checkpoint in")
    (tmp_path / "taken").touch()
    refused("predict_fer", pictures, "--out", tmp_path / "taken", match="taken: File exists")
