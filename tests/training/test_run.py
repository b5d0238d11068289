"""A run from configuration to checkpoint: what it leaves, and what it leaves alone."""

import os
import shutil

import numpy as np
import pytest
import torch

from emotion.core import architectures
from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7
from emotion.core.manifest import CheckpointError, read_manifest
from tests.emotion.core.factories import make_checkpoint
from tests.training.factories import tiny_config
from training import run
from training.config import ConfigError
from training.data import dataset as dataset_module
from training.data.dataset import FaceDataset, FaceSplit
from training.data.synthetic import synthetic_dataset
from training.loop import RESUME_FILE
from training.run import _input_spec, latest_run, make_run_folder, run_training, start_from


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

    def start(*overrides, resume=None, stop=False, ferplus=False, report=False, taken=(), dataset=None):
        monkeypatch.setattr(run, "load_dataset", lambda config, root: dataset or small_dataset(ferplus))
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
            is_taken=lambda name: name in taken,
        )

    start.lines = lines
    return start


def contents(folder) -> dict:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_neither_a_stopped_nor_a_finished_run_touches_a_model_that_is_there(start, tmp_path):
    small = tmp_path / "checkpoints" / "small"
    make_checkpoint(small)
    before = contents(small)
    stopped = start(stop=True)
    assert (stopped.checkpoint, stopped.figures) == (None, {})
    finished = start(resume=stopped.folder)
    assert finished.folder == stopped.folder
    assert finished.checkpoint == tmp_path / "checkpoints" / "small-2"
    assert "There is already a model called 'small'; it is left as it is, and this one is 'small-2'." in start.lines
    assert load_model(finished.checkpoint)[1].name == "small-2"
    assert contents(small) == before
    assert start("seed=1").checkpoint.name == "small-3"
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["small", "small-2", "small-3"]


def test_a_name_that_only_the_registry_has_is_not_given_again(start):
    assert start(taken=["small", "small-2"]).checkpoint.name == "small-3"


def test_a_finished_run_that_is_resumed_is_the_same_model(start, tmp_path):
    first = start(taken=["small"])
    before = contents(first.checkpoint)
    assert start(resume=first.folder, taken=["small", "small-2"]).checkpoint == first.checkpoint
    assert contents(first.checkpoint) == before


def test_places_that_cannot_be_written_are_found_before_the_run(start, tmp_path):
    for name in ("runs", "checkpoints"):
        (tmp_path / name).touch()
        with pytest.raises(ConfigError, match=rf"{name} cannot be written: Not a directory\."):
            start()
        (tmp_path / name).unlink()
    assert not any("faces" in line for line in start.lines)


@pytest.mark.parametrize(
    ("override", "error", "words"),
    [
        ("model.variant=18", ValueError, "does not take 'variant'"),
        ("model.start_from=/nowhere", CheckpointError, "There is no checkpoint in /nowhere"),
        ("loop.device=cuda", ConfigError, "'loop.device' is cuda, which PyTorch does not find here"),
    ],
)
def test_a_network_that_cannot_be_is_found_before_the_data_are_read(start, monkeypatch, override, error, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(error, match=words):
        start(override)
    assert start.lines == []


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
    for name in ("small-wide-20290101-000000", "small-2-20290101-000000"):  # another model's
        (tmp_path / name).mkdir()
        (tmp_path / name / RESUME_FILE).touch()
    os.utime(tmp_path / "small-20260101-000000")
    assert latest_run(tmp_path, "small").name == "small-20260301-000000"
    with pytest.raises(ConfigError, match="There is no run of 'large' to resume under"):
        latest_run(tmp_path, "large")


def test_runs_that_start_in_one_second_have_folders_of_their_own(tmp_path):
    folders = [make_run_folder(tmp_path, "small") for _ in range(3)]
    assert len(set(folders)) == 3
    for folder in folders:
        (folder / RESUME_FILE).touch()
    assert latest_run(tmp_path, "small") == folders[-1]


# Faces that do not fit in memory


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """A split whose faces stay in a file, as AffectNet's do."""
    monkeypatch.setattr(dataset_module, "COPY_UP_TO", 0)
    monkeypatch.setattr(dataset_module, "RELEASE_FROM", 0)

    def mapped(split: FaceSplit) -> FaceSplit:
        np.save(tmp_path / "faces.npy", split.pixels)
        return FaceSplit(np.load(tmp_path / "faces.npy", mmap_mode="r"), split.targets)

    return mapped


def test_faces_in_a_file_train_the_same_model_as_faces_in_memory(start, mapped):
    first = start("data.holdout=0.25")
    in_memory = small_dataset()
    splits = in_memory.splits | {"Training": mapped(in_memory.split("Training"))}
    in_file = FaceDataset("mapped", in_memory.heads, splits, "")
    second = start("data.holdout=0.25", "name=mapped", dataset=in_file)
    assert second.checkpoint != first.checkpoint
    weights = [(result.checkpoint / "model.safetensors").read_bytes() for result in (first, second)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_are_those_of_all_faces(channels):
    shape = (200, 8, 8) if channels == 1 else (200, 8, 8, 3)
    pixels = np.random.default_rng(0).integers(0, 200, shape, dtype=np.uint8)
    spec = _input_spec(FaceSplit(pixels, {}))
    levels = pixels.reshape(-1, channels) / 255
    assert (spec.size, spec.channels) == (8, channels)
    np.testing.assert_allclose(spec.mean, levels.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(spec.std, levels.std(axis=0), atol=1e-4)
    assert _input_spec(FaceSplit(np.full(shape, 7, np.uint8), {})).std == (0.001,) * channels


# Going on from a trained model


def test_a_run_begins_with_the_weights_of_a_trained_model(start, tmp_path):
    first = start("optimiser.lr=0.1")
    frozen = ["optimiser.lr=1e-8", "optimiser.weight_decay=0", "loop.ema=0", "name=second"]
    second = start(f"model.start_from={first.checkpoint}", *frozen)
    (line,) = [line for line in start.lines if line.startswith("Begins with ")]
    assert line.endswith(f" tensors of {first.checkpoint}; starting fresh: none.")
    one, two = (dict(load_model(result.checkpoint)[0].named_parameters()) for result in (first, second))
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=1e-5)


def test_a_teacher_alone_is_enough_to_learn_from(start):
    """With the labels left out, two students of different labels learn the same."""
    first = start()
    students = []
    for name, turned in (("one", 0), ("two", 1)):
        dataset = small_dataset()
        dataset.splits["Training"].targets["fer2013"] = np.roll(
            dataset.splits["Training"].targets["fer2013"], turned, 1
        )
        taught = [f"name={name}", f"loss.teacher={first.checkpoint}", "loss.teacher_share=1", "data.holdout=0"]
        students.append(start(*taught, "loss.smoothing=0", dataset=dataset).checkpoint)
    one, two = (dict(load_model(checkpoint)[0].named_parameters()) for checkpoint in students)
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=1e-6)


def test_a_run_goes_on_without_the_model_that_it_began_with(start, tmp_path):
    make_checkpoint(tmp_path / "teacher")
    stopped = start(f"model.start_from={tmp_path / 'teacher'}", stop=True)
    shutil.rmtree(tmp_path / "teacher")
    assert start(f"model.start_from={tmp_path / 'teacher'}", resume=stopped.folder).checkpoint is not None


def test_a_head_that_the_trained_model_lacks_starts_fresh_and_is_named(tmp_path):
    manifest = make_checkpoint(tmp_path / "small")
    trained = load_model(tmp_path / "small")[0].state_dict()
    heads = {name: classes for name, classes in manifest.heads.items() if name == "fer2013"} | {"mood": EXPRESSIONS}
    model = architectures.build("attune", heads=heads, **manifest.options)
    fresh = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    lines = []
    start_from(model, tmp_path / "small", lines.append)
    state = model.state_dict()
    others = [name for name in state if "mood" in name]
    assert lines[0].endswith(f"starting fresh: {', '.join(others)}.")
    assert others
    for name, tensor in state.items():
        assert torch.equal(tensor, fresh[name] if name in others else trained[name])


def test_a_network_of_another_kind_is_refused(tmp_path):
    make_checkpoint(tmp_path / "small")
    model = architectures.build("custom_cnn", heads={"fer2013": EXPRESSIONS_7})
    with pytest.raises(ConfigError, match=r"No tensor of .*small fits this network; model.start_from takes a model of"):
        start_from(model, tmp_path / "small", print)


def test_a_network_that_keeps_every_pixel_is_rebuilt_as_one(start):
    """Both strides have the same tensors, so only the manifest tells them apart."""
    finished = start("model.stem_stride=1")
    model, manifest = load_model(finished.checkpoint)
    assert manifest.options["stem_stride"] == 1
    assert model.stem(torch.zeros(1, 1, 48, 48)).shape[2:] == (48, 48)
