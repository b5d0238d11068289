"""The command as a person meets it: a run that ends in a model, and bad input that ends in a sentence."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS_7
from emotion.inference.engine import Engine
from emotion.models import ModelVersion
from emotion.registry import promote_model
from tests.emotion.factories import make_jpeg
from tests.services import ROOT
from tests.training.factories import TINY, pixels, tiny_config, write_fer2013
from training import run
from training.config import to_dict
from training.data.synthetic import synthetic_dataset
from training.logger import RunLogger
from training.models import TrainingRun

SET = [f"--set={override}" for override in TINY if not override.startswith("data.set")]
SMALL = ["train_fer", "--data=synthetic", "--set=name=small", *SET]


def test_a_run_on_drawn_faces_ends_in_a_model_that_can_serve(command, home):
    output = command(*SMALL)
    assert "Drawn faces: Training 840, PublicTest 210." in output
    assert "Epoch 1/1" in output
    assert "fer2013: 210 faces, accuracy " in output
    assert f"Model: {home / 'checkpoints' / 'small'}" in output
    assert "Registered as small (candidate)." in output

    (folder,) = (home / "runs").iterdir()
    assert yaml.safe_load((folder / "config.yaml").read_text())["name"] == "small"
    (record,) = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    _, manifest = load_model(home / "checkpoints" / "small")
    assert (manifest.name, manifest.serving_head, manifest.classes) == ("small", "fer2013", EXPRESSIONS_7)
    assert manifest.metrics["PublicTest"]["fer2013"]["accuracy"] == pytest.approx(record["accuracy/fer2013"])
    assert 0.05 <= manifest.temperatures["fer2013"] <= 20
    assert manifest.input.size == 48
    assert 0.3 < manifest.input.mean[0] < 0.8

    version = ModelVersion.objects.get()
    assert (version.status, version.weights_sha256) == ("candidate", manifest.weights_sha256)
    row = TrainingRun.objects.get()
    assert (row.status, len(row.history), row.model_version) == ("finished", 1, version)
    (result,) = Engine(home / "checkpoints" / "small", device="cpu").predict([make_jpeg(320, 240, noise=False)])
    assert result.outcome == "no_face"


def test_a_file_of_ones_own_is_trained_on_and_recorded(command, home, no_pictures, tmp_path):
    """Also where its path means something in YAML."""
    folder = tmp_path / "2013: my [faces] # old"
    rows = [(code, pixels(20 * code), usage) for usage in ("Training", "PublicTest") for code in range(7)] * 6
    path = write_fer2013(folder / "fer2013.csv", rows)
    output = command("train_fer", f"--data={path}", *SET, "--set=loop.batch_size=8", "--set=name=own")
    assert "FER2013: 84 rows (Training 42, PublicTest 42)." in output
    (folder,) = (home / "runs").iterdir()
    assert yaml.safe_load((folder / "config.yaml").read_text())["data"]["path"] == str(path)


@pytest.fixture
def no_pictures(monkeypatch):
    """A run's pictures take longer than the rest of one this small."""
    monkeypatch.setattr(run, "write_report", lambda best, *_: (best / "MODEL_CARD.md").touch())


@pytest.fixture
def brief(monkeypatch, no_pictures):
    """Fewer faces as well, for what is not about them."""
    monkeypatch.setattr(run, "load_dataset", lambda config, root: synthetic_dataset(config.seed, per_class=16))


def test_a_finished_run_that_is_resumed_ends_the_same(command, home, brief):
    command(*SMALL)
    first = (home / "checkpoints" / "small" / "model.safetensors").read_bytes()
    output = command("train_fer", "--resume", "--set=name=small")
    assert "Epoch" not in output
    assert (home / "checkpoints" / "small" / "model.safetensors").read_bytes() == first
    assert len(list((home / "runs").iterdir())) == 1


def test_without_a_data_set_one_message_says_which_and_from_where(refusal):
    message = refusal("train_fer")
    for words in ("No data set was found", "FER2013", "AffectNet", "datasets/", "FER_DATA_DIR", "--data synthetic"):
        assert words in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set=optimiser.lrr=1"], "'optimiser.lrr' is not a configuration key; did you mean 'optimiser.lr'?"),
        (["--set=loop.epochs=none"], "'loop.epochs' takes a value of type int; given: 'none'."),
        (["--set=loop.epochs=0"], "'loop.epochs' is 0; allowed: 1 to 100000."),
        (["--set=loop"], "--set takes key=value, such as optimiser.lr=0.05, not 'loop'."),
        (["--config=/nowhere.yaml"], "The configuration /nowhere.yaml cannot be read: No such file or directory."),
        (["--data=/nowhere"], "There is no data set at /nowhere."),
        (
            ["--data=/nowhere", "--set=data.set=synthetic"],
            "'data.path' names a data set (/nowhere), but 'data.set' is synthetic",
        ),
        (["--data=synthetic", "--set=model.channels=2"], "'model.channels' is 2; allowed: 1, 3."),
        (["--data=synthetic", "--set=model.start_from=/nowhere"], "There is no checkpoint in /nowhere: "),
        (["--data=synthetic", "--set=loss.teacher=/nowhere"], "There is no checkpoint in /nowhere: "),
        (["--resume=/nowhere"], "/nowhere is not a run's folder: it has no config.yaml."),
        (["--data=synthetic", "--set=model.architecture=resnot"], "No architecture is called 'resnot'; known ones: "),
        (["--data=synthetic", "--set=model.widths=[8, 8]", "--set=model.blocks=[1]"], "widths "),
        (
            ["--data=synthetic", "--set=model.widths=[0]", "--set=model.blocks=[1]"],
            "'model.widths' is 0; allowed: 1 to ",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(refusal, home, arguments, words):
    message = refusal("train_fer", *arguments)
    assert message.startswith(words)
    assert "\n" not in message
    assert not (home / "checkpoints").exists()
    assert not ModelVersion.objects.exists()


def test_a_recipe_for_drawn_faces_and_a_path_contradict_each_other(refusal, home, tmp_path):
    """Otherwise the run would be on drawn faces, and nobody would notice."""
    (tmp_path / "drawn.yaml").write_text("data:\n  set: synthetic\n")
    message = refusal("train_fer", f"--config={tmp_path / 'drawn.yaml'}", f"--data={tmp_path}")
    assert message.startswith("'data.path' names a data set")
    assert message.endswith("add --set data.set=fer2013 or affectnet, or leave the path out.")


def test_drawn_faces_may_be_asked_for_over_a_recipe_with_a_path(command, brief, tmp_path):
    (tmp_path / "mine.yaml").write_text("data:\n  path: /nowhere\n")
    assert "Registered" in command(*SMALL, f"--config={tmp_path / 'mine.yaml'}")


def test_a_run_never_changes_the_model_that_is_promoted(command, home, brief):
    command(*SMALL)
    promoted = ModelVersion.objects.get(name="small")
    promote_model(version=promoted)
    folder = home / "checkpoints" / "small"
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}

    output = command(*SMALL, "--set=seed=1")
    assert "There is already a model called 'small'; it is left as it is, and this one is 'small-2'." in output
    assert "Registered as small-2 (candidate)." in output
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    sha256 = promoted.weights_sha256
    promoted.refresh_from_db()
    assert (promoted.status, promoted.weights_sha256) == ("promoted", sha256)
    assert TrainingRun.objects.first().model_version.name == "small-2"

    shutil.rmtree(folder)  # also when its folder is gone: the name is the promoted one's
    assert "Registered as small-3 (candidate)." in command(*SMALL, "--set=seed=2")
    assert not folder.exists()


@pytest.mark.parametrize("place", ["runs", "checkpoints"])
def test_a_place_that_cannot_be_written(refusal, home, place):
    (home / place).touch()
    assert refusal(*SMALL) == f"{home / place} cannot be written: Not a directory."


def test_nothing_to_resume(refusal, home):
    assert refusal("train_fer", "--resume") == f"There is no run of 'attune' to resume under {home / 'runs'}."


def test_a_damaged_resume_point(refusal, home, brief):
    folder = home / "runs" / "small-20260101-000000"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(to_dict(tiny_config())))
    (folder / "last.pt").write_bytes(b"\0" * 100)
    message = refusal("train_fer", f"--resume={folder}")
    assert message == f"The run cannot be resumed from {folder / 'last.pt'}: it is damaged, or no resume point."
    assert TrainingRun.objects.get().status == "failed"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no rows."),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
        (b"emotion,pixels,Usage\n3,1 2 3,Training\n", "line 2: a face is 2304 pixels of 0 to 255."),
        (b"a,b\n1,2\n", "has no column"),
    ],
)
def test_an_unreadable_csv(refusal, tmp_path, content, words):
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    message = refusal("train_fer", f"--data={path}")
    assert str(path) in message
    assert words in message
    assert "\n" not in message


def test_the_process_ends_with_code_two_and_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "train_fer", "--data=/nowhere"],
        env={**os.environ, "ATTUNE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "CommandError: There is no data set at /nowhere.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_it_goes_on(command, home, brief, monkeypatch, number):
    taken = []

    def step(self):
        taken.append(1)
        if len(taken) == 2:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(RunLogger, "step", step)
    output = command(*SMALL)
    (folder,) = (home / "runs").iterdir()
    assert output.splitlines()[-1] == f"Stopped. Go on with: python manage.py train_fer --resume {folder}"
    assert "Epoch 1/1" not in output
    assert (folder / "last.pt").is_file()
    assert not (home / "checkpoints").exists()
    assert TrainingRun.objects.get().status == "stopped"

    output = command("train_fer", f"--resume={folder}")
    assert "Epoch 1/1" in output
    assert "Registered as small (candidate)." in output
    assert TrainingRun.objects.get().status == "finished"
