"""One training run from configuration to a served checkpoint. No Django in here."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from emotion.core import architectures
from emotion.core.calibration import fit_temperature
from emotion.core.checkpoint import load_model, save_model
from emotion.core.manifest import MANIFEST, WEIGHTS, InputSpec, Manifest, write_atomically
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


@dataclass(frozen=True)
class RunResult:
    """A run's end: its folder, the checkpoint's folder (None when it was stopped early), and its figures."""

    folder: Path
    checkpoint: Path | None
    figures: dict[str, Any]


def load_dataset(config: Config, root: Path) -> FaceDataset:
    """The configured data set. Raises DataError with one message."""
    size, channels = getattr(config.model, "input_size", 48), getattr(config.model, "channels", 1)
    return load.load_dataset(config.data, root, config.seed, size=size, channels=channels)


def latest_run(runs: Path, name: str) -> Path:
    """The newest run of `name` that has a resume point."""
    candidates = sorted(path.parent for path in runs.glob(f"{name}-*/{loop.RESUME_FILE}"))
    if not candidates:
        raise ConfigError(f"There is no run of '{name}' to resume under {runs}.")
    return candidates[-1]


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
    ranks: Ranks = SINGLE,
) -> RunResult:
    """Train, keep the best epoch, fit its temperature on held-out rows, and put it into `checkpoints/<name>`.

    `on_start` hears the run's folder, `on_epoch` each epoch's figures. Of several `ranks`, the first one writes.
    """
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
    start = {"weights": config.model.weights} if config.model.weights else {}  # needed once, never when serving
    model = architectures.build(
        config.model.architecture,
        heads=dataset.heads,
        channels=spec.channels,
        input_size=spec.size,
        **options,
        **start,
    )
    folder = ranks.from_first(resume or runs / f"{config.name}-{datetime.datetime.now():%Y%m%d-%H%M%S}")
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
            ranks=ranks,
        )
    if progress.epoch < config.loop.epochs and not loop.stopped_early(progress, config.loop.early_stopping):
        return RunResult(folder, None, {})
    if not ranks.is_first:
        return RunResult(folder, None, {})
    figures = finish(best, held_out=held_out, validation=validation, history=progress.history)
    target = checkpoints / config.name
    for name in (WEIGHTS, MANIFEST, "MODEL_CARD.md"):  # a reader checks the weights' sha256 against the manifest
        write_atomically(target / name, (best / name).read_bytes())
    return RunResult(folder, target, figures)


def finish(best: Path, *, held_out: FaceSplit, validation: FaceSplit, history: list[dict[str, Any]]) -> dict[str, Any]:
    """Fit each head's temperature on rows the weights never saw, evaluate, and write both into the manifest; pictures
    and a model card go beside it."""
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
    finished = Manifest(**{**vars(manifest), "temperatures": temperatures, "metrics": figures})
    save_model(best, model.state_dict(), finished)
    write_report(best, finished, history, scored, reports)
    return figures


def model_options(config: ModelConfig) -> dict[str, Any]:
    """What rebuilds the network besides its heads and input, as its manifest keeps it."""
    given = {
        "variant": config.variant,
        "attention": config.attention if config.attention != "none" else None,
        "widths": list(config.widths) or None,
        "blocks": list(config.blocks) or None,
        "dropout": config.dropout,
    }
    return {name: value for name, value in given.items() if value is not None}


def _input_spec(split: FaceSplit) -> InputSpec:
    """Side of the faces, and the mean and deviation of each channel, rounded so that a manifest reads well."""
    sample = np.asarray(split.pixels[:: max(1, len(split) // 5000)], dtype=np.float32) / 255
    channels = sample.shape[3] if sample.ndim == 4 else 1
    levels = sample.reshape(-1, channels)
    mean, std = (tuple(round(float(v), 4) for v in f(axis=0)) for f in (levels.mean, levels.std))
    return InputSpec(split.pixels.shape[1], channels, mean, std)


__all__ = ["RunResult", "latest_run", "load_config", "load_dataset", "run_training"]
