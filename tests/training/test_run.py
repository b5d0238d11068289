"""A run from configuration to checkpoint: what it leaves, and what it leaves alone."""

import os

import pytest
import torch

from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from emotion.core.manifest import read_manifest
from tests.emotion.core.factories import make_checkpoint
from tests.training.factories import tiny_config
from training import run
from training.config import ConfigError
from training.data.dataset import FaceDataset
from training.data.synthetic import synthetic_dataset
from training.loop import RESUME_FILE
from training.run import latest_run, run_training


def small_dataset(ferplus: bool = False) -> FaceDataset:
    dataset = synthetic_dataset(0, per_class=8)
    if not ferplus:
        return dataset
    for split in dataset.splits.values():
        hard = torch.from_numpy(split.targets["fer2013"])
        split.targets["ferplus"] = torch.nn.functional.pad(hard * 0.9 + 0.1 / 7, (0, 1)).numpy()
    return FaceDataset("both", {"fer2013": EXPRESSIONS_7, "ferplus": EXPRESSIONS}, dataset.splits, dataset.summary)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start("key=value", ...) -> the result of a run on 56 faces, in tmp_path."""
    lines = []

    def start(*overrides, resume=None, stop=False, ferplus=False, report=False):
        monkeypatch.setattr(run, "load_dataset", lambda config, root: small_dataset(ferplus))
        if not report:  # its pictures take longer than the rest of a run this small
            monkeypatch.setattr(run, "write_report", lambda best, *_: (best / "MODEL_CARD.md").touch())
        return run_training(
            config=tiny_config("name=small", "loop.batch_size=8", *overrides),
            root=tmp_path,
            runs=tmp_path / "runs",
            checkpoints=tmp_path / "checkpoints",
            resume=resume,
            write=lines.append,
            interactive=False,
            stop_requested=lambda: stop,
        )

    start.lines = lines
    return start


def test_a_run_that_is_stopped_leaves_the_served_checkpoint_alone(start, tmp_path):
    served = make_checkpoint(tmp_path / "checkpoints" / "small")
    stopped = start(stop=True)
    assert (stopped.checkpoint, stopped.figures) == (None, {})
    assert read_manifest(tmp_path / "checkpoints" / "small") == served
    finished = start(resume=stopped.folder)
    assert finished.folder == stopped.folder
    assert finished.checkpoint == tmp_path / "checkpoints" / "small"
    assert read_manifest(finished.checkpoint) != served
    load_model(finished.checkpoint)


def test_with_votes_the_model_serves_their_head_and_each_head_has_its_temperature(start):
    result = start("data.holdout=0.25", ferplus=True)
    manifest = read_manifest(result.checkpoint)
    assert (manifest.serving_head, manifest.classes) == ("ferplus", EXPRESSIONS)
    assert manifest.temperatures.keys() == result.figures["PublicTest"].keys() == {"fer2013", "ferplus"}


def test_without_rows_held_out_there_is_no_temperature(start):
    assert read_manifest(start("data.holdout=0").checkpoint).temperatures == {}


def test_rows_held_out_are_not_trained_on(start):
    start("data.holdout=0.25")
    assert any("42 faces" in line for line in start.lines)  # of 56


def test_the_best_epoch_is_kept_not_the_last(start, monkeypatch):
    scores = iter([0.5, 0.9, 0.2])
    monkeypatch.setattr(
        run.loop, "validate", lambda *a, **k: {"score": (score := next(scores)), "accuracy/fer2013": score}
    )
    kept = []
    save_model = run.save_model
    monkeypatch.setattr(
        run, "save_model", lambda folder, state, manifest: kept.append(manifest) or save_model(folder, state, manifest)
    )
    result = start("loop.epochs=3")
    assert [manifest.metrics["epoch"] for manifest in kept] == [1, 2, 2]
    assert read_manifest(result.checkpoint).metrics["epoch"] == 2


def test_early_stopping_still_ends_in_a_model(start, monkeypatch):
    monkeypatch.setattr(run.loop, "validate", lambda *a, **k: {"score": 0.5, "accuracy/fer2013": 0.5})
    result = start("loop.epochs=9", "loop.early_stopping=2")
    assert result.checkpoint is not None
    assert sum("Epoch" in line for line in start.lines) == 3


def test_the_newest_run_of_a_name_is_the_one_resumed(tmp_path):
    for name in ("small-20260101-000000", "small-20260301-000000", "small-20260201-000000", "other-20270101-000000"):
        (tmp_path / name).mkdir()
        (tmp_path / name / RESUME_FILE).touch()
    (tmp_path / "small-20280101-000000").mkdir()  # died before its first resume point
    os.utime(tmp_path / "small-20260101-000000")
    assert latest_run(tmp_path, "small").name == "small-20260301-000000"
    with pytest.raises(ConfigError, match="There is no run of 'large' to resume under"):
        latest_run(tmp_path, "large")
