"""The training loop: plain PyTorch, read from top to bottom.

Every random draw is f(seed, epoch, step), so a run that stops anywhere resumes with the draws it would have made.
"""

from __future__ import annotations

import io
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import nn

from emotion.core.manifest import CheckpointError, InputSpec, write_atomically
from emotion.core.preprocess import to_input
from training.config import Config, ConfigError
from training.data.augment import augment, mix
from training.data.dataset import FaceSplit
from training.data.ferplus import draw_labels
from training.distil import Teacher
from training.evaluate import evaluate_head, predict_logits
from training.logger import RunLogger
from training.losses import HeadsLoss, inverse_frequency_weights
from training.optim import AveragedWeights, build_optimiser, learning_rate
from training.ranks import SINGLE, Ranks

RESUME_FILE = "last.pt"


@dataclass
class Progress:
    """Where a run stands: the next step of `epoch` to take, the best score so far, the epoch's loss so far."""

    epoch: int = 0
    step: int = 0
    best_score: float = -1.0
    best_epoch: int = -1
    loss_sum: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def derived_seed(*parts: int) -> int:
    """A 63-bit seed from (seed, epoch, step, ...)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def resolve_device(name: str) -> torch.device:
    """Raises ConfigError for a device that this machine or this build of PyTorch lacks."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device in present if present[device])
    elif not present[name]:
        raise ConfigError(f"'loop.device' is {name}, which PyTorch does not find here; auto takes what there is.")
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """auto is bf16 where the hardware is faster in it: of CPUs, those with AMX and AMD's with AVX512-BF16
    (docs/decisions/0001)."""
    fixed = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if name in fixed:
        return fixed[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and computes_in_bf16():
        return torch.bfloat16
    return torch.float32


def computes_in_bf16() -> bool:
    """Whether this processor's convolutions take less time in bf16 than in fp32."""
    if torch.cpu._is_amx_tile_supported():
        return True
    return torch.cpu._is_avx512_bf16_supported() and processor_vendor() == "AuthenticAMD"


def processor_vendor() -> str:
    """As Linux names it, or "" elsewhere."""
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    return next((line.split(":")[1].strip() for line in described.splitlines() if line.startswith("vendor_id")), "")


def train(
    *,
    config: Config,
    model: nn.Module,
    heads: dict[str, tuple[str, ...]],
    spec: InputSpec,
    training: FaceSplit,
    validation: FaceSplit,
    folder: Path,
    logger: RunLogger,
    resume: bool,
    save_best: Callable[[dict[str, torch.Tensor], dict[str, Any]], None],
    stop_requested: Callable[[], bool],
    target_modes: Mapping[str, str] = MappingProxyType({}),
    ranks: Ranks = SINGLE,
) -> Progress:
    """Train `model` in place and return where it got to; `save_best` receives averaged weights and figures.
    `target_modes` says by head what the targets mean, where they are made of votes (training.data.ferplus).

    Raises CheckpointError when the run's resume point cannot be read, FloatingPointError when the loss is not finite.
    """
    device = ranks.device(resolve_device(config.loop.device))
    precision = resolve_precision(config.loop.precision, device)
    model.to(device, memory_format=torch.channels_last)
    optimiser = build_optimiser(model, config.optimiser)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == torch.float16 and device.type == "cuda")
    averaged = AveragedWeights(model, config.loop.ema)
    progress = Progress()
    if resume:
        progress, threads = load_resume_point(folder / RESUME_FILE, model, averaged, optimiser, scaler)
        if device.type == "cpu" and threads != torch.get_num_threads():
            logger.write(
                f"Warning: this run began with {threads} CPU threads and goes on with {torch.get_num_threads()}, so "
                "its weights will differ in the last bits from those of an uninterrupted run."
            )
    forward = torch.compile(model) if config.loop.compile else model
    forward = ranks.distribute(forward)

    targets = {head: torch.from_numpy(target) for head, target in training.targets.items()}
    loss_of = build_loss(config, targets, device, target_modes)
    teacher = None
    if config.loss.teacher:
        teacher = Teacher(Path(config.loss.teacher), config.loss.teacher_share, heads, spec, device)
    drawn = [head for head, mode in target_modes.items() if mode == "probability"]
    batch_size = min(config.loop.batch_size * config.loop.accumulate, len(training))
    steps = len(training) // batch_size

    while progress.epoch < config.loop.epochs and not stopped_early(progress, config.loop.early_stopping):
        model.train()
        started = time.monotonic()
        logger.start_epoch(progress.epoch, config.loop.epochs, steps, progress.step)
        order = epoch_order(config, targets, progress.epoch)
        scores = [figures["score"] for figures in progress.history]
        loss_sum = torch.tensor(progress.loss_sum, device=device, dtype=torch.float64)
        rate = optimiser.param_groups[0]["lr"]  # for a run that goes on after the last step of an epoch
        while progress.step < steps:
            seed = derived_seed(config.seed, progress.epoch, progress.step, *ranks.seed_parts)
            generator = torch.Generator().manual_seed(seed)
            torch.manual_seed(seed)  # dropout draws from the global generator
            global_step = progress.epoch * steps + progress.step
            rate = learning_rate(global_step, steps, config.loop.epochs, config.optimiser.lr, config.schedule, scores)
            for group in optimiser.param_groups:
                group["lr"] = rate

            rows = ranks.share(order[progress.step * batch_size : (progress.step + 1) * batch_size])
            optimiser.zero_grad(set_to_none=True)
            for part in rows.chunk(config.loop.accumulate):
                # Kept on the CPU, in memory or mapped: a uint8 batch crosses to the device in microseconds.
                inputs = to_input(torch.from_numpy(training.batch(part.numpy())).to(device), spec)
                wanted = {head: target[part] for head, target in targets.items()}
                wanted |= {head: draw_labels(wanted[head], generator) for head in drawn}
                wanted = {head: target.to(device) for head, target in wanted.items()}
                inputs = augment(inputs, config.augmentation, generator)
                if config.augmentation.mixup:
                    inputs, wanted = mix(inputs, wanted, config.augmentation.mixup, generator)
                inputs = inputs.contiguous(memory_format=torch.channels_last)
                with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
                    if teacher:
                        wanted = teacher.blend(inputs, wanted)
                    logits = forward(inputs)
                loss = loss_of(logits, wanted) * (len(part) / len(rows))
                scaler.scale(loss).backward()
                loss_sum += loss.detach()
            if config.loop.clip:
                scaler.unscale_(optimiser)
                nn.utils.clip_grad_norm_(model.parameters(), config.loop.clip)
            scaler.step(optimiser)
            scaler.update()
            averaged.update(model, global_step)

            progress.step += 1
            logger.step()
            stopping = ranks.any(stop_requested())
            if stopping or progress.step % config.loop.checkpoint_every == 0:
                progress.loss_sum = float(loss_sum)
                if ranks.is_first:
                    save_resume_point(folder / RESUME_FILE, progress, model, averaged, optimiser, scaler)
                if stopping:
                    return progress

        mean_loss = float(loss_sum) / steps
        if not np.isfinite(mean_loss):
            raise FloatingPointError(
                f"The loss is not a number in epoch {progress.epoch + 1}; try a lower --set optimiser.lr."
            )
        figures = {
            "epoch": progress.epoch + 1,
            "loss": mean_loss,
            "lr": rate,
            "seconds": time.monotonic() - started,
            **ranks.from_first(validate(model, averaged, heads, spec, validation, device) if ranks.is_first else {}),
        }
        best = figures["score"] > progress.best_score
        if best:
            progress.best_score, progress.best_epoch = figures["score"], progress.epoch + 1
        progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
        progress.history.append(figures)
        if ranks.is_first:
            if best:
                save_best(averaged.state, figures)
            save_resume_point(folder / RESUME_FILE, progress, model, averaged, optimiser, scaler)
            logger.epoch(figures, describe_epoch(figures, heads, config.loop.epochs, best))
        if ranks.any(stop_requested()):
            break
    return progress


def build_loss(
    config: Config,
    targets: dict[str, torch.Tensor],
    device: torch.device,
    target_modes: Mapping[str, str] = MappingProxyType({}),
) -> HeadsLoss:
    """Smoothing and class weights are for heads with hard labels; votes are distributions already."""
    any_of = frozenset(head for head, mode in target_modes.items() if mode == "multi_target")
    hard = [
        head for head, target in targets.items() if head not in any_of and bool(((target == 0) | (target == 1)).all())
    ]
    weights = {}
    if config.loss.class_weights == "inverse":
        weights = {head: inverse_frequency_weights(targets[head]).to(device) for head in hard}
    gamma = config.loss.focal_gamma if config.loss.name == "focal" else 0.0
    return HeadsLoss({head: config.loss.smoothing for head in hard}, gamma, weights, any_of)


def epoch_order(config: Config, targets: dict[str, torch.Tensor], epoch: int) -> torch.Tensor:
    """(N,) row numbers of an epoch: each row once, or drawn so that the first head's classes come equally often."""
    generator = torch.Generator().manual_seed(derived_seed(config.seed, epoch))
    target = next(iter(targets.values()))
    if config.loop.sampling == "uniform":
        return torch.randperm(len(target), generator=generator)
    weights = target @ inverse_frequency_weights(target)
    return torch.multinomial(weights, len(target), replacement=True, generator=generator)


def stopped_early(progress: Progress, patience: int) -> bool:
    return patience > 0 and progress.epoch - progress.best_epoch >= patience and progress.best_epoch > 0


def describe_epoch(figures: dict[str, Any], heads: dict[str, tuple[str, ...]], epochs: int, best: bool) -> str:
    accuracies = ", ".join(f"{head} {100 * figures[f'accuracy/{head}']:.2f} %" for head in heads)
    return (
        f"Epoch {figures['epoch']}/{epochs}  loss {figures['loss']:.4f}  validation {accuracies}"
        f"  {figures['seconds']:.0f} s{'  (best so far)' if best else ''}"
    )


def validate(
    model: nn.Module,
    averaged: AveragedWeights,
    heads: dict[str, tuple[str, ...]],
    spec: InputSpec,
    split: FaceSplit,
    device: torch.device,
) -> dict[str, float]:
    """Accuracy of the averaged weights per head, and `score`, their mean, by which the best epoch is chosen."""
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(averaged.state)
    logits = predict_logits(model, split.pixels, spec, device)
    model.load_state_dict(trained)
    accuracies = {f"accuracy/{head}": evaluate_head(logits, heads, split, head)["accuracy"] for head in heads}
    return {**accuracies, "score": sum(accuracies.values()) / len(accuracies)}


def save_resume_point(
    path: Path,
    progress: Progress,
    model: nn.Module,
    averaged: AveragedWeights,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> None:
    buffer = io.BytesIO()
    torch.save(
        {
            "progress": vars(progress),
            "model": model.state_dict(),
            "averaged": averaged.state,
            "optimiser": optimiser.state_dict(),
            "scaler": scaler.state_dict(),
            "threads": torch.get_num_threads(),
        },
        buffer,
    )
    write_atomically(path, buffer.getvalue())


def load_resume_point(
    path: Path,
    model: nn.Module,
    averaged: AveragedWeights,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> tuple[Progress, int]:
    """Put a run's state back. Returns where it stood, and the number of CPU threads it ran with."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(saved["model"])
        for name, value in saved["averaged"].items():
            averaged.state[name].copy_(value)
        optimiser.load_state_dict(saved["optimiser"])
        scaler.load_state_dict(saved["scaler"])
        return Progress(**saved["progress"]), int(saved["threads"])
    except (pickle.UnpicklingError, EOFError):  # PyTorch's words for it tell people to load the file the unsafe way
        raise CheckpointError(f"The run cannot be resumed from {path}: it is damaged, or no resume point.") from None
    except Exception as error:  # there is hardly one that a damaged pickle does not raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"The run cannot be resumed from {path}: {reason}") from None
