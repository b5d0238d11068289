"""How fast the training loop is, against the usual way, both measured in this run.

    python benchmarks/training.py [--json] [--faces 4096] [--threads 2]

(a) the data path alone: batches of uint8 rows, augmented as tensors, against ImageFolder + PIL transforms +
    DataLoader(num_workers=2) on the same faces as PNG files;
(b) the whole loop against the usual fp32 loop on that loader;
(c) the whole loop against the bare network, forward, backward and step, on one fixed tensor at the same precision.

All with custom_cnn at 48 px. A ratio above 1 means that ours is faster.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from emotion.core.architectures.custom_cnn import CustomCNN
from emotion.core.manifest import InputSpec
from emotion.core.preprocess import to_input
from training.config import AugmentationConfig, Config
from training.data.augment import augment
from training.data.synthetic import synthetic_dataset
from training.loop import build_loss, resolve_device, resolve_precision
from training.optim import AveragedWeights, build_optimiser

BATCH = 128
SPEC = InputSpec()
HEADS = {"fer2013": ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")}
AUGMENTATION = AugmentationConfig(mixup=0.0)  # the usual way has no counterpart to it


class TextbookCNN(CustomCNN):
    """The same network with its layers called in the order in which they are written down."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        for number in range(1, self.stages + 1):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))
            x = F.max_pool2d(F.leaky_relu(x, 0.1), 2)
        x = x.flatten(1)
        x = F.leaky_relu(self.fc1(self.dropout(x)), 0.1)
        x = F.leaky_relu(self.fc2(self.dropout(x)), 0.1)
        return {"fer2013": self.fc3(x)}


def make_model(kind: type[CustomCNN]) -> CustomCNN:
    torch.manual_seed(0)
    return kind(HEADS, channels=1, input_size=SPEC.size)


def write_folders(folder: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    for index, (face, label) in enumerate(zip(pixels, labels, strict=True)):
        place = folder / HEADS["fer2013"][label]
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{index:05d}.png"), face)


def usual_loader(folder: Path) -> DataLoader:
    """What a tutorial would write, with the same augmentations."""
    a = AUGMENTATION
    steps = transforms.Compose(
        [
            transforms.Grayscale(),
            transforms.RandomHorizontalFlip(a.flip),
            transforms.RandomAffine(a.rotate, (a.shift, a.shift), (1 - a.scale, 1 + a.scale)),
            transforms.ColorJitter(brightness=a.brightness),
            transforms.ToTensor(),
            transforms.Normalize(SPEC.mean, SPEC.std),
            transforms.RandomErasing(a.erase),
        ]
    )
    return DataLoader(
        datasets.ImageFolder(str(folder), steps),
        BATCH,
        shuffle=True,
        num_workers=2,
        drop_last=True,
        persistent_workers=True,
    )


def our_batches(pixels: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    order = torch.randperm(len(pixels), generator=generator)
    for rows in order[: len(order) // BATCH * BATCH].split(BATCH):
        batch = augment(to_input(pixels[rows], SPEC), AUGMENTATION, generator)
        yield batch.contiguous(memory_format=torch.channels_last), targets[rows]


def our_epoch(pixels: Tensor, targets: Tensor, step: Callable[[Tensor, Tensor], None]) -> None:
    for batch, wanted in our_batches(pixels, targets):
        step(batch, wanted)


def make_step(
    kind: type[CustomCNN], channels_last: bool, precision: torch.dtype, ours: bool
) -> Callable[[Tensor, Tensor], None]:
    """One optimisation step: with `ours`, soft targets and averaged weights, as training.loop takes it."""
    config = Config()
    model = make_model(kind)
    if channels_last:
        model.to(memory_format=torch.channels_last)
    optimiser = build_optimiser(model, config.optimiser)
    averaged = AveragedWeights(model, config.loop.ema)
    loss_of = build_loss(config, {"fer2013": torch.eye(7)}, torch.device("cpu"))

    def step(batch: Tensor, wanted: Tensor) -> None:
        with torch.autocast("cpu", dtype=precision, enabled=precision != torch.float32):
            logits = model(batch)
        loss = loss_of(logits, {"fer2013": wanted}) if ours else F.cross_entropy(logits["fer2013"], wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if ours:
            averaged.update(model, 1000)

    return step


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each, taken in turn so that a noisy machine is noisy for all of them."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # warm
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return {name: float(np.median(times)) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--faces", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = resolve_precision("auto", resolve_device("cpu"))
    split = synthetic_dataset(0, per_class=-(-options.faces // 7)).split("Training")
    pixels, targets = torch.from_numpy(split.pixels), torch.from_numpy(split.targets["fer2013"])
    faces = len(pixels) // BATCH * BATCH

    with tempfile.TemporaryDirectory() as folder:
        write_folders(Path(folder), split.pixels, split.labels("fer2013"))
        loader = usual_loader(Path(folder))
        usual_step = make_step(TextbookCNN, channels_last=False, precision=torch.float32, ours=False)
        our_step = make_step(CustomCNN, channels_last=True, precision=precision, ours=True)
        bare_step = make_step(CustomCNN, channels_last=True, precision=precision, ours=False)
        fixed = next(our_batches(pixels, targets))[0]
        labels = targets[:BATCH].argmax(dim=1)

        def usual_data() -> None:
            for _ in loader:
                pass

        def usual_epoch() -> None:
            for batch, wanted in loader:
                usual_step(batch, wanted)

        def bare_epoch() -> None:
            for _ in range(faces // BATCH):
                bare_step(fixed, labels)

        took = interleaved(
            {
                "our data": lambda: our_epoch(pixels, targets, lambda *_: None),
                "usual data": usual_data,
                "our loop": lambda: our_epoch(pixels, targets, our_step),
                "usual loop": usual_epoch,
                "bare model": bare_epoch,
            },
            options.rounds,
        )
    report = {
        "faces": faces,
        "threads": options.threads,
        "precision": str(precision).removeprefix("torch."),
        "faces_per_second": {name: round(faces / value) for name, value in took.items()},
        "data_path_ratio": round(took["usual data"] / took["our data"], 2),
        "loop_ratio": round(took["usual loop"] / took["our loop"], 2),
        "bare_model_ratio": round(took["bare model"] / took["our loop"], 2),
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, rate in report["faces_per_second"].items():
        print(f"{name:<12}{rate:>10,} faces/s")
    print(f"(a) data path: {report['data_path_ratio']}x   (b) loop: {report['loop_ratio']}x")
    print(f"(c) loop against the bare network: {report['bare_model_ratio']}  ({report['precision']})")


if __name__ == "__main__":
    main()
