"""Small data sets as files and in memory, and configurations that train in a blink."""

import csv
import gzip
import io
from pathlib import Path

import numpy as np

from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import InputSpec
from training.config import Config, load_config
from training.data.dataset import FaceSplit
from training.data.synthetic import synthetic_dataset

SIDE = 48
SPEC = InputSpec(SIDE, 1, (0.5,), (0.25,))
VOTE_COLUMNS = ["Usage", "Image name", *EXPRESSIONS, "unknown", "NF"]
# A network and a run so small that a test can afford them; the augmentation and the loop are the real ones.
TINY = [
    "model.widths=[8, 8]",
    "model.blocks=[1, 1]",
    "model.dropout=0.1",
    "data.set=synthetic",
    "loop.epochs=1",
    "loop.batch_size=32",
    "loop.device=cpu",
    "loop.precision=fp32",
    "loop.threads=1",
    "loop.ema=0.9",
]


def tiny_config(*overrides: str) -> Config:
    return load_config(None, [*TINY, *overrides])


def pixels(value: int = 0, count: int = SIDE * SIDE) -> str:
    return " ".join([str(value)] * count)


def write_fer2013(path: Path, rows: list[tuple], header: str = "emotion,pixels,Usage") -> Path:
    """Rows are (code, pixels, usage), as Kaggle's; written as .gz where the path says so."""
    text = io.StringIO()
    text.write(header + "\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_votes(folder: Path, rows: list[dict], columns: list[str] | None = None) -> Path:
    """Rows name what was voted for; the rest is 0, the split Training and the image named."""
    path = folder / "fer2013new.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns or VOTE_COLUMNS, restval=0, extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(rows):
            writer.writerow({"Usage": "Training", "Image name": f"fer{number:07}.png", **row})
    return path


def synthetic_split(count: int, seed: int = 0) -> FaceSplit:
    """`count` drawn faces of seven classes."""
    split = synthetic_dataset(seed, per_class=-(-count // 7)).split("Training")
    return split.take(np.arange(count))
