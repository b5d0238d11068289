"""One training run from configuration to a served checkpoint. No Django in here."""

from __future__ import annotations

import datetime
import itertools
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn

from emotion.core import architectures
from emotion.core.calibration import fit_temperature
from emotion.core.checkpoint import load_model, save_model
from emotion.core.labels import EXPRESSIONS_7
from emotion.core.manifest import (
    MANIFEST,
    WEIGHTS,
    CheckpointError,
    InputSpec,
    Manifest,
    read_manifest,
    write_atomically,
)
from training import loop
from training.config import Config, ConfigError, ModelConfig, load_config, to_dict
from training.data import load
from training.data.dataset import FaceDataset, FaceSplit, hold_out
from training.data.fer2013 import HEAD_FERPLUS
from training.evaluate import full_report, predict_logits, score
from training.logger import RunLogger
from training.ranks import SINGLE, Ranks
from training.report import write_environment, write_report

TRAINING_SPLIT = "Training"
VALIDATION_SPLIT = "PublicTest"
CARD = "MODEL_CARD.md"


@dataclass(frozen=True)
class RunResult:
    """A run's end: its folder, the checkpoint's folder (None when it was stopped early), and its figures."""

    folder: Path
    checkpoint: Path | None
    figures: dict[str, Any]


def load_dataset(config: Config, root: Path) -> FaceDataset:
    """The configured data set. Raises DataError with one message."""
    size, channels = config.model.input_size, config.model.channels
    return load.load_dataset(config.data, root, config.seed, size=size, channels=channels)


def latest_run(runs: Path, name: str) -> Path:
    """The newest run of `name` that has a resume point."""
    own = re.compile(re.escape(name) + r"-\d{8}-\d{6}(-\d+)?")  # a run of "attune-wide" is none of "attune"
    candidates = [path.parent for path in runs.glob(f"*/{loop.RESUME_FILE}") if own.fullmatch(path.parent.name)]
    if not candidates:
        raise ConfigError(f"There is no run of '{name}' to resume under {runs}.")
    return max(candidates)


def make_run_folder(runs: Path, name: str) -> Path:
    """A new folder of this name and second; several runs may start in the same one."""
    stem = f"{name}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    for number in itertools.count(1):
        folder = runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("count() does not end")


def check_model(config: Config) -> None:
    """Whether there is such a network and device, before the data are read, which may take long. Raises ConfigError,
    ValueError."""
    loop.resolve_device(config.loop.device)
    architectures.build(
        config.model.architecture,
        heads={"any": EXPRESSIONS_7},
        channels=config.model.channels,
        input_size=config.model.input_size,
        **model_options(config.model),
    )


def check_writable(folder: Path) -> None:
    """Whether `folder` is or can be made, before a run rather than at its end. Raises ConfigError."""
    try:
        tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.parents) if place.exists())).close()
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.") from None


def run_training(
    *,
    config: Config,
    root: Path,
    runs: Path,
    checkpoints: Path,
    resume: Path | None,
    write: Callable[[str], None],
    interactive: bool,
    stop_requested: Callable[[], bool],
    on_start: Callable[[Path], None] = lambda folder: None,
    on_epoch: Callable[[dict[str, Any]], None] = lambda figures: None,
    is_taken: Callable[[str], bool] = lambda name: False,
    ranks: Ranks = SINGLE,
) -> RunResult:
    """Train, keep the best epoch, fit its temperature on held-out rows, and put it into `checkpoints/<name>`, or with
    a number behind the name where that is taken: by a folder, or as `is_taken` says.

    `on_start` hears the run's folder, `on_epoch` each epoch's figures. Of several `ranks`, the first one writes.
    """
    check_model(config)
    if config.model.start_from and not resume:
        read_manifest(Path(config.model.start_from))
    if config.loss.teacher:
        read_manifest(Path(config.loss.teacher))
    if ranks.is_first:
        check_writable(checkpoints)
        check_writable(runs)
    if config.loop.threads:
        torch.set_num_threads(config.loop.threads)
    dataset = load_dataset(config, root)
    write(dataset.summary)
    training, held_out = hold_out(
        dataset.split(TRAINING_SPLIT), next(iter(dataset.heads)), config.data.holdout, config.seed
    )
    validation = dataset.split(VALIDATION_SPLIT)
    spec = _input_spec(training)
    torch.manual_seed(config.seed)
    options = model_options(config.model)
    begins_with = {"weights": config.model.weights} if config.model.weights and not resume else {}
    model = architectures.build(
        config.model.architecture,
        heads=dataset.heads,
        channels=spec.channels,
        input_size=spec.size,
        **options,
        **begins_with,
    )
    if config.model.start_from and not resume:
        start_from(model, Path(config.model.start_from), write)
    folder = resume or ranks.from_first(make_run_folder(runs, config.name) if ranks.is_first else None)
    parameters = sum(p.numel() for p in model.parameters())
    write(f"{config.model.architecture}: {parameters / 1e6:.2f} M parameters, {len(training)} faces, run {folder}")

    manifest = Manifest(
        name=config.name,
        architecture=config.model.architecture,
        options=options,
        heads=dataset.heads,
        serving_head=HEAD_FERPLUS if HEAD_FERPLUS in dataset.heads else next(iter(dataset.heads)),
        input=spec,
        trained_on=dataset.summary,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    best = folder / "best"

    def save_best(state: dict[str, torch.Tensor], figures: dict[str, Any]) -> None:
        save_model(best, state, Manifest(**{**vars(manifest), "metrics": figures}))

    if ranks.is_first:
        write_atomically(folder / "config.yaml", yaml.safe_dump(to_dict(config), sort_keys=False).encode())
        write_environment(folder, root)
        on_start(folder)
    with RunLogger(folder, config, write, interactive=interactive, on_epoch=on_epoch) as logger:
        progress = loop.train(
            config=config,
            model=model,
            heads=dataset.heads,
            spec=spec,
            training=training,
            validation=validation,
            folder=folder,
            logger=logger,
            resume=resume is not None,
            save_best=save_best,
            stop_requested=stop_requested,
            target_modes=dataset.target_modes,
            ranks=ranks,
        )
    if progress.epoch < config.loop.epochs and not loop.stopped_early(progress, config.loop.early_stopping):
        return RunResult(folder, None, {})
    if not ranks.is_first:
        return RunResult(folder, None, {})
    target = free_place(checkpoints, config.name, read_manifest(best).weights_sha256, is_taken)
    if target.name != config.name:
        write(f"There is already a model called '{config.name}'; it is left as it is, and this one is '{target.name}'.")
    figures = finish(best, name=target.name, held_out=held_out, validation=validation, history=progress.history)
    publish(best, target)
    return RunResult(folder, target, figures)


def free_place(checkpoints: Path, name: str, weights_sha256: str, is_taken: Callable[[str], bool]) -> Path:
    """The first of `name`, `name-2`, ... that no model has, or that has these very weights: a finished run that is
    resumed ends where it ended before."""
    for number in itertools.count(1):
        place = checkpoints / (name if number == 1 else f"{name}-{number}")
        if place.exists():
            try:
                if read_manifest(place).weights_sha256 == weights_sha256:
                    return place
            except CheckpointError:
                pass  # whatever lies there, it is not ours
        elif not is_taken(place.name):
            return place
    raise AssertionError("count() does not end")


def publish(best: Path, target: Path) -> None:
    """Copy a finished model to `target`, which appears whole or not at all, and is never changed."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        whole = Path(scratch) / target.name
        for name in (WEIGHTS, MANIFEST, CARD):
            write_atomically(whole / name, (best / name).read_bytes())
        whole.rename(target)


def finish(
    best: Path, *, name: str, held_out: FaceSplit, validation: FaceSplit, history: list[dict[str, Any]]
) -> dict[str, Any]:
    """Fit each head's temperature on rows the weights never saw, evaluate, and write both into the manifest, under the
    model's `name`; pictures and a model card go beside it."""
    model, manifest = load_model(best)
    temperatures = {}
    if len(held_out):
        logits = predict_logits(model, held_out.pixels, manifest.input)
        for head in manifest.heads:
            rows = held_out.labelled(head)
            temperatures[head] = fit_temperature(logits[head][rows], held_out.labels(head)[rows])
    logits = predict_logits(model, validation.pixels, manifest.input)
    scored = {head: score(logits, manifest.heads, validation, head) for head in manifest.heads}
    reports = {head: full_report(rows, temperatures.get(head, 1.0)) for head, rows in scored.items()}
    figures = {VALIDATION_SPLIT: reports, "epoch": manifest.metrics.get("epoch")}
    finished = Manifest(**{**vars(manifest), "name": name, "temperatures": temperatures, "metrics": figures})
    save_model(best, model.state_dict(), finished)
    write_report(best, finished, history, scored, reports)
    return figures


def start_from(model: nn.Module, folder: Path, write: Callable[[str], None]) -> None:
    """Give `model` every tensor of a trained model that has its name and shape. Raises CheckpointError, ConfigError."""
    given, wanted = load_model(folder)[0].state_dict(), model.state_dict()
    fitting = {name: tensor for name, tensor in given.items() if name in wanted and tensor.shape == wanted[name].shape}
    if not fitting:
        raise ConfigError(f"No tensor of {folder} fits this network; model.start_from takes a model of its kind.")
    model.load_state_dict(fitting, strict=False)
    fresh = ", ".join(name for name in wanted if name not in fitting) or "none"
    write(f"Begins with {len(fitting)} tensors of {folder}; starting fresh: {fresh}.")


def model_options(config: ModelConfig) -> dict[str, Any]:
    """What rebuilds the network besides its heads and input, as its manifest keeps it."""
    given = {
        "variant": config.variant,
        "attention": config.attention if config.attention != "none" else None,
        "widths": list(config.widths) or None,
        "blocks": list(config.blocks) or None,
        "stem_stride": config.stem_stride if config.stem_stride != 2 else None,
        "dropout": config.dropout,
    }
    return {name: value for name, value in given.items() if value is not None}


def _input_spec(split: FaceSplit) -> InputSpec:
    """Side of the faces, and the mean and deviation of each channel over some 5,000 of them, a few at a time since
    faces may be large; rounded so that a manifest reads well."""
    channels = split.pixels.shape[3] if split.pixels.ndim == 4 else 1
    rows = np.arange(0, len(split), max(1, len(split) // 5000))
    count, total, squares = 0, np.zeros(channels), np.zeros(channels)
    for start in range(0, len(rows), 64):
        levels = split.batch(rows[start : start + 64]).reshape(-1, channels).astype(np.float32) / 255
        count += len(levels)
        total += levels.sum(axis=0, dtype=np.float64)
        squares += (levels**2).sum(axis=0, dtype=np.float64)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))  # faces of one tone have none to divide by
    mean, std = (tuple(round(float(value), 4) for value in values) for values in (mean, std))
    return InputSpec(split.pixels.shape[1], channels, mean, std)


__all__ = ["RunResult", "latest_run", "load_config", "load_dataset", "run_training"]
