"""The loop learns, stops cleanly, and goes on as if it had never stopped."""

import json
import pickle
from itertools import combinations

import numpy as np
import pytest
import torch

from emotion.core import architectures
from emotion.core.labels import EXPRESSIONS_7
from emotion.core.manifest import CheckpointError
from tests.training.factories import SPEC, synthetic_split, tiny_config
from training.config import Config
from training.data.dataset import FaceSplit
from training.data.ferplus import MODES
from training.logger import RunLogger
from training.loop import RESUME_FILE, Progress, derived_seed, epoch_order, resolve_precision, stopped_early, train

HEADS = {"fer2013": EXPRESSIONS_7}
# Everything that draws at random is on: augmentation, mixup, dropout, erasing.
EVERYTHING = ("loop.epochs=3", "loop.batch_size=8", "model.dropout=0.3", "loop.checkpoint_every=100")
STEPS_IN_EPOCH = 5


class Counted(RunLogger):
    """The real logger, which also counts the steps taken."""

    steps = 0

    def step(self) -> None:
        super().step()
        self.steps += 1


class Killed(Exception):
    """The process ends without a word."""


class Run:
    """One process that trains in `folder`: a fresh model, an own logger."""

    def __init__(self, folder, config: Config, seed: int = 0) -> None:
        self.folder, self.config = folder, config
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        options = {"widths": config.model.widths, "blocks": config.model.blocks, "dropout": config.model.dropout}
        self.model = architectures.build("attune", heads=HEADS, **options)
        self.lines: list[str] = []
        self.best: list[dict] = []
        self.split = synthetic_split(STEPS_IN_EPOCH * 8)

    def train(self, *, resume=False, stop_after=None, kill_after=None, **more) -> Progress:
        with Counted(self.folder, self.config, self.lines.append, interactive=False) as logger:

            def stop_requested() -> bool:
                if kill_after is not None and logger.steps >= kill_after:
                    raise Killed
                return stop_after is not None and logger.steps >= stop_after

            progress = train(
                config=self.config,
                model=self.model,
                heads=HEADS,
                spec=SPEC,
                training=self.split,
                validation=self.split,
                folder=self.folder,
                logger=logger,
                resume=resume,
                save_best=lambda state, figures: self.best.append(figures),
                stop_requested=stop_requested,
                **more,
            )
            self.steps = logger.steps
            return progress

    def end(self) -> dict:
        """All that a run leaves: weights, averages, optimiser."""
        return torch.load(self.folder / RESUME_FILE, weights_only=True)


def assert_same(one, other, path="") -> None:
    """Bit for bit, through dicts and lists; how long an epoch took is nobody's business."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            if key != "seconds":
                assert_same(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}/{index}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    else:
        assert one == other, path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Run:
    torch.set_num_threads(1)
    run = Run(tmp_path_factory.mktemp("whole"), tiny_config(*EVERYTHING))
    assert run.train().epoch == 3
    return run


@pytest.mark.parametrize("stop_after", [5, 7])
def test_a_stopped_run_goes_on_to_the_very_same_weights(tmp_path, uninterrupted, stop_after):
    config = tiny_config(*EVERYTHING)
    stopped = Run(tmp_path, config).train(stop_after=stop_after)
    assert stopped.epoch * STEPS_IN_EPOCH + stopped.step == stop_after
    resumed = Run(tmp_path, config, seed=99)
    progress = resumed.train(resume=True)
    assert progress.epoch == 3
    assert_same(resumed.end(), uninterrupted.end())
    assert_same(dict(resumed.model.state_dict()), dict(uninterrupted.model.state_dict()))
    assert_same(progress.history, uninterrupted.end()["progress"]["history"])


def test_a_run_stopped_again_and_again_ends_the_same(tmp_path, uninterrupted):
    config = tiny_config(*EVERYTHING)
    progress, resume = Progress(), False
    for _ in range(10):
        progress = Run(tmp_path, config).train(resume=resume, stop_after=4)
        resume = True
        if progress.epoch == 3:
            break
    assert_same(Run(tmp_path, config).end(), uninterrupted.end())


def test_a_killed_run_goes_on_from_its_last_resume_point(tmp_path, uninterrupted):
    config = tiny_config(*EVERYTHING, "loop.checkpoint_every=2")
    with pytest.raises(Killed):
        Run(tmp_path, config).train(kill_after=8)
    resumed = Run(tmp_path, config)
    assert resumed.train(resume=True).epoch == 3
    assert_same(resumed.end(), uninterrupted.end())


def test_a_finished_run_has_nothing_left_to_do(tmp_path):
    config = tiny_config("loop.batch_size=8")
    Run(tmp_path, config).train()
    before = (tmp_path / RESUME_FILE).read_bytes()
    again = Run(tmp_path, config)
    assert again.train(resume=True).epoch == 1
    assert (tmp_path / RESUME_FILE).read_bytes() == before
    assert again.best == []


def test_another_seed_is_another_run(tmp_path, uninterrupted):
    other = Run(tmp_path, tiny_config(*EVERYTHING, "seed=1"))
    other.train()
    assert other.end()["progress"]["loss_sum"] == 0
    first = uninterrupted.end()["progress"]["history"][0]["loss"]
    assert other.end()["progress"]["history"][0]["loss"] != first


def test_a_network_learns_one_batch_by_heart(tmp_path):
    off = [f"augmentation.{name}=0" for name in ("flip", "rotate", "scale", "shift", "brightness", "erase", "mixup")]
    config = tiny_config(
        *off, "loop.epochs=50", "loop.batch_size=32", "loop.ema=0.5", "loss.smoothing=0", "model.dropout=0",
        "optimiser.lr=0.2", "model.widths=[16, 16]", "loop.checkpoint_every=1000",
    )  # fmt: skip
    run = Run(tmp_path, config)
    run.split = synthetic_split(32)
    progress = run.train()
    assert progress.history[0]["loss"] > 1.5  # seven classes, nothing known: about ln 7
    assert progress.history[-1]["loss"] < 0.5
    assert progress.history[-1]["accuracy/fer2013"] == 1.0


def test_each_epoch_is_a_line_and_a_record_and_the_best_is_saved(uninterrupted):
    records = [json.loads(line) for line in (uninterrupted.folder / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert {"loss", "lr", "score", "accuracy/fer2013"} <= records[0].keys()
    assert [line.split("  ")[0] for line in uninterrupted.lines] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    assert "(best so far)" in uninterrupted.lines[0]
    best, saved = -1.0, []
    for record in records:
        if record["score"] > best:
            best = record["score"]
            saved.append(record["epoch"])
    assert [figures["epoch"] for figures in uninterrupted.best] == saved


def test_rows_without_a_label_teach_nothing(tmp_path):
    run = Run(tmp_path, tiny_config("loop.batch_size=8", "optimiser.weight_decay=0"))
    run.split = FaceSplit(run.split.pixels, {"fer2013": np.zeros((len(run.split), 7), np.float32)})
    before = {name: value.clone() for name, value in run.model.named_parameters()}
    assert run.train().history[0]["loss"] == 0
    assert all(torch.equal(value, before[name]) for name, value in run.model.named_parameters())


# Votes as targets (training.data.ferplus)


def after_one_epoch(folder, targets, mode) -> dict:
    modes = {"fer2013": mode} if mode else {}
    run = Run(folder, tiny_config("loop.batch_size=8", "augmentation.mixup=0", "loss.smoothing=0"))
    run.split = FaceSplit(run.split.pixels, {"fer2013": targets})
    run.train(target_modes=modes)
    return dict(run.model.state_dict())


def test_each_mode_of_votes_trains_in_its_own_way(tmp_path):
    """Three labels share each row: as a distribution, drawn anew each time, or any of them right."""
    targets = np.zeros((STEPS_IN_EPOCH * 8, 7), np.float32)
    targets[:, :3] = 1 / 3
    modes = {name: after_one_epoch(tmp_path / str(name), targets, name) for name in (None, *MODES)}
    for same in ("crossentropy", "majority"):
        assert_same(modes[same], modes[None])
    for one, other in combinations([None, "probability", "multi_target"], 2):
        assert not torch.equal(modes[one]["stem.0.weight"], modes[other]["stem.0.weight"])


def test_where_faces_have_one_label_the_modes_are_one(tmp_path):
    targets = np.eye(7, dtype=np.float32)[np.arange(STEPS_IN_EPOCH * 8) % 7]
    plain = after_one_epoch(tmp_path / "plain", targets, None)
    any_of = after_one_epoch(tmp_path / "any", targets, "multi_target")
    torch.testing.assert_close(any_of, plain, rtol=0, atol=1e-5)


def test_labels_that_are_drawn_are_drawn_again_the_same_after_a_stop(tmp_path):
    config = tiny_config(*EVERYTHING)
    votes = np.random.default_rng(0).dirichlet(np.ones(7), STEPS_IN_EPOCH * 8).astype(np.float32)
    whole, stopped, resumed = (Run(tmp_path / name, config) for name in ("whole", "part", "part"))
    for run in (whole, stopped, resumed):
        run.split = FaceSplit(run.split.pixels, {"fer2013": votes})
    modes = {"fer2013": "probability"}
    whole.train(target_modes=modes)
    stopped.train(target_modes=modes, stop_after=7)
    resumed.train(target_modes=modes, resume=True)
    assert_same(whole.end(), resumed.end())


def test_a_loss_that_is_no_number_ends_the_run_with_advice(tmp_path):
    run = Run(tmp_path, tiny_config("loop.batch_size=8"))
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(
        FloatingPointError, match=r"The loss is not a number in epoch 1; try a lower --set optimiser.lr"
    ):
        run.train()


def test_accumulated_batches_make_one_step_of_their_mean(tmp_path):
    still = ("optimiser.lr=1e-6", "augmentation.mixup=0")
    plain = Run(tmp_path / "plain", tiny_config("loop.batch_size=8", *still))
    accumulated = Run(tmp_path / "accumulated", tiny_config("loop.batch_size=8", "loop.accumulate=2", *still))
    losses = [run.train().history[0]["loss"] for run in (plain, accumulated)]
    assert (plain.steps, accumulated.steps) == (5, 2)
    assert losses[0] == pytest.approx(losses[1], rel=0.2)  # the mean, not the sum


@pytest.mark.parametrize(("clip", "low", "high"), [("0", 1e-3, 10), ("1e-6", 0, 1e-5)])
def test_a_step_is_as_long_as_the_clip_allows(tmp_path, clip, low, high):
    run = Run(
        tmp_path, tiny_config("loop.batch_size=8", "optimiser.lr=0.5", "optimiser.momentum=0", f"loop.clip={clip}")
    )
    plain = [p for p in run.model.parameters() if p.ndim == 1]  # no weight decay on these
    before = [p.clone() for p in plain]
    run.train()
    moved = max((p - was).abs().max().item() for p, was in zip(plain, before, strict=True))
    assert low < moved < high


def test_balanced_sampling_draws_each_class_equally_often():
    labels = np.array([0] * 900 + [1] * 100)
    targets = {"fer2013": torch.from_numpy(np.eye(7, dtype=np.float32)[labels])}
    order = epoch_order(tiny_config("loop.sampling=balanced"), targets, epoch=0)
    share = (torch.from_numpy(labels)[order] == 1).float().mean()
    assert share == pytest.approx(0.5, abs=0.06)
    uniform = epoch_order(tiny_config(), targets, epoch=0)
    assert sorted(uniform.tolist()) == list(range(1000))
    assert not torch.equal(uniform, epoch_order(tiny_config(), targets, epoch=1))


def test_early_stopping_waits_as_long_as_asked():
    assert not stopped_early(Progress(epoch=5, best_epoch=1), 0)
    assert not stopped_early(Progress(epoch=3, best_epoch=1), 3)
    assert stopped_early(Progress(epoch=4, best_epoch=1), 3)
    assert not stopped_early(Progress(), 1)


def test_every_draw_has_a_seed_of_its_own():
    seeds = {derived_seed(seed, epoch, step) for seed in range(3) for epoch in range(20) for step in range(20)}
    assert len(seeds) == 1200
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived_seed(1, 2, 3) == derived_seed(1, 2, 3)


@pytest.mark.parametrize(
    ("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_a_precision_that_is_asked_for_is_the_one_used(name, dtype):
    assert resolve_precision(name, torch.device("cpu")) == dtype


@pytest.mark.parametrize(
    ("has_amx", "has_avx512_bf16", "vendor", "dtype"),
    [
        (True, True, "GenuineIntel", torch.bfloat16),
        (False, True, "GenuineIntel", torch.float32),
        (False, True, "AuthenticAMD", torch.bfloat16),
        (False, False, "AuthenticAMD", torch.float32),
    ],
)
def test_a_processor_trains_in_bf16_by_itself_only_where_that_is_faster(
    monkeypatch, has_amx, has_avx512_bf16, vendor, dtype
):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512_bf16)
    monkeypatch.setattr("training.loop.processor_vendor", lambda: vendor)
    assert resolve_precision("auto", torch.device("cpu")) == dtype


# A resume point that is not whole


@pytest.fixture(scope="module")
def resume_point(uninterrupted) -> bytes:
    return (uninterrupted.folder / RESUME_FILE).read_bytes()


def error_of(folder, content: bytes | None, *overrides: str) -> str:
    if content is not None:
        (folder / RESUME_FILE).write_bytes(content)
    with pytest.raises(CheckpointError) as raised:
        Run(folder, tiny_config(*EVERYTHING, *overrides)).train(resume=True)
    sentence = str(raised.value)
    assert sentence.startswith(f"The run cannot be resumed from {folder / RESUME_FILE}: ")
    assert "\n" not in sentence
    return sentence


def test_a_resume_point_that_is_missing(tmp_path):
    assert "No such file" in error_of(tmp_path, None)


@pytest.mark.parametrize("kept", [0, 1, 100, 5000, -1, -200])
def test_a_resume_point_that_is_cut_short(tmp_path, resume_point, kept):
    error_of(tmp_path, resume_point[:kept])


@pytest.mark.parametrize("content", [b"garbage" * 100, b"\x80\x02.", b"PK\x03\x04" + b"\0" * 200, b"\x80\x04N.", b"(."])
def test_a_resume_point_that_is_none(tmp_path, content):
    error_of(tmp_path, content)


def test_a_resume_point_with_bytes_overwritten(tmp_path, resume_point):
    for place in range(64, len(resume_point), len(resume_point) // 6):
        damaged = (
            resume_point[:place]
            + bytes(b ^ 0x5A for b in resume_point[place : place + 64])
            + resume_point[place + 64 :]
        )
        (tmp_path / RESUME_FILE).write_bytes(damaged)
        try:
            Run(tmp_path, tiny_config(*EVERYTHING)).train(resume=True)
        except CheckpointError as error:
            assert "\n" not in str(error)


def test_a_resume_point_of_another_network(tmp_path, resume_point):
    error_of(tmp_path, resume_point, "model.widths=[16, 16]")


def test_a_resume_point_that_carries_code_is_never_run(tmp_path):
    proof = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return (open, (str(proof), "w"))

    torch.save({"progress": Hostile()}, tmp_path / "hostile.pt")
    assert "weights_only" not in error_of(tmp_path, (tmp_path / "hostile.pt").read_bytes())  # no advice to run it
    error_of(tmp_path, pickle.dumps(Hostile()))
    assert not proof.exists()
