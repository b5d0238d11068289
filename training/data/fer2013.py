"""FER2013 (Goodfellow et al. 2013) as Kaggle's CSV, with FER+ votes (Barsoum et al. 2016) joined by row."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7, FER2013_CODES
from training.data.dataset import DataError, FaceDataset, FaceSplit

SIDE = 48
HEAD_FER2013 = "fer2013"
HEAD_FERPLUS = "ferplus"
CSV_NAMES = ("fer2013.csv", "fer2013.csv.gz")
FERPLUS_NAME = "fer2013new.csv"

WHERE_TO_GET_DATA = """No data set was found. Attune trains on faces that you bring:
  FER2013    "Challenges in Representation Learning" on Kaggle (fer2013.csv, research use).
             Put fer2013.csv into datasets/fer2013/. FER+'s labels (fer2013new.csv, MIT licence) come from
             Microsoft's FERPlus repository and go beside it.
  AffectNet  on request from its authors (Mollahosseini, Hasani, Mahoor 2017), for research;
             it goes into datasets/affectnet/.
datasets/ is ignored by git. To name another place: --data PATH, or FER_DATA_DIR in the environment.
To try the loop at once on drawn faces: python manage.py train_fer --data synthetic"""

# Canonical column for each of FER2013's codes: labels map by name.
_CODE_TO_CLASS = np.array([EXPRESSIONS_7.index(name) for name in FER2013_CODES])


def find_csv(path: str | None, root: Path) -> Path:
    """The FER2013 CSV at `path` (file or folder), else in FER_DATA_DIR or datasets/ under `root`."""
    if path:
        given = Path(path).expanduser()
        if given.is_file():
            return given
        places = [given, given / "fer2013"]
        if not given.is_dir():
            raise DataError(f"There is no data set at {given}.")
    else:
        folders = [Path(os.environ["FER_DATA_DIR"])] if os.environ.get("FER_DATA_DIR") else []
        folders += [root / "datasets", root.parent / "shared" / "data"]
        places = [place for folder in folders for place in (folder, folder / "fer2013")]
    for place in places:
        for name in CSV_NAMES:
            if (place / name).is_file():
                return place / name
    if path:
        raise DataError(f"{path} holds no fer2013.csv.")
    raise DataError(WHERE_TO_GET_DATA)


def load_fer2013(path: Path, *, ferplus: bool = True) -> FaceDataset:
    """Read the CSV (plain or .gz) into memory: 48x48 uint8 faces by split, one head or two.

    The head `fer2013` has seven classes. With `ferplus` and a fer2013new.csv beside the CSV, the head `ferplus` has
    eight: the votes after single votes are dropped, as a distribution; rows whose top is "unknown" or "not a face"
    carry no label for it.
    """
    pixels, codes, usage = _read_rows(path)
    one_hot = np.eye(len(EXPRESSIONS_7), dtype=np.float32)
    targets = {HEAD_FER2013: one_hot[_CODE_TO_CLASS[codes]]}
    heads = {HEAD_FER2013: EXPRESSIONS_7}
    votes_path = path.with_name(FERPLUS_NAME)
    notes = ""
    if ferplus and votes_path.is_file():
        targets[HEAD_FERPLUS] = _read_votes(votes_path, usage)
        heads[HEAD_FERPLUS] = EXPRESSIONS
        notes = f", FER+ keeps {int((targets[HEAD_FERPLUS].sum(axis=1) > 0).sum())}"
    splits = {
        name: FaceSplit(pixels[rows], {head: target[rows] for head, target in targets.items()})
        for name in dict.fromkeys(usage)
        for rows in [np.array([value == name for value in usage])]
    }
    counts = ", ".join(f"{name} {len(split)}" for name, split in splits.items())
    return FaceDataset("FER2013", heads, splits, f"FER2013: {len(pixels)} rows ({counts}){notes}.")


def _open_text(path: Path) -> TextIO:
    return gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")


def _csv_rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with _open_text(path) as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            yield from reader
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}.") from None


def _read_rows(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(N, 48, 48) uint8 pixels, (N,) codes, N usages."""
    faces: list[np.ndarray] = []
    codes: list[int] = []
    usage: list[str] = []
    for number, row in enumerate(_csv_rows(path), start=2):
        try:
            face = np.fromstring(row["pixels"], dtype=np.int64, sep=" ")  # 7 times as fast as split() and int()
            code = int(row["emotion"])
            split = row["Usage"].strip()
        except KeyError as error:
            raise DataError(f"{path} has no column {error}; FER2013 has emotion, pixels and Usage.") from None
        except (ValueError, AttributeError, TypeError):
            raise DataError(f"{path}, line {number}: not a FER2013 row (emotion, pixels, Usage).") from None
        if face.size != SIDE * SIDE or face.min() < 0 or face.max() > 255:
            raise DataError(f"{path}, line {number}: a face is {SIDE * SIDE} pixels of 0 to 255.")
        if not 0 <= code < len(FER2013_CODES):
            raise DataError(f"{path}, line {number}: emotion {code} is outside 0 to {len(FER2013_CODES) - 1}.")
        faces.append(face.astype(np.uint8).reshape(SIDE, SIDE))
        codes.append(code)
        usage.append(split)
    if not faces:
        raise DataError(f"{path} has no rows.")
    return np.stack(faces), np.array(codes), usage


def _read_votes(path: Path, usage: list[str]) -> np.ndarray:
    """(N, 8) float32 vote distributions joined by row position; a row of zeros carries no usable label."""
    columns = (*EXPRESSIONS, "unknown", "NF")
    votes: list[list[int]] = []
    for number, row in enumerate(_csv_rows(path), start=2):
        try:
            counts = [int(row[name]) for name in columns]
            named, split = bool(row["Image name"].strip()), row["Usage"].strip()
        except (KeyError, ValueError, TypeError, AttributeError):
            raise DataError(f"{path}, line {number}: not a FER+ row of ten vote columns.") from None
        if len(votes) < len(usage) and split != usage[len(votes)]:
            raise DataError(f"{path}, line {number}: its Usage differs from FER2013's row {number}.")
        votes.append(counts if named else [0] * len(columns))
    if len(votes) != len(usage):
        raise DataError(f"{path} has {len(votes)} rows and FER2013 has {len(usage)}; they are joined by row.")
    table = np.array(votes, dtype=np.float32)
    table[table <= 1] = 0  # a single vote is an outlier, in the authors' own processing
    usable = (table.sum(axis=1) > 0) & (table.argmax(axis=1) < len(EXPRESSIONS))
    kept = table[:, : len(EXPRESSIONS)]
    totals = np.maximum(kept.sum(axis=1, keepdims=True), 1)
    return np.where(usable[:, None], kept / totals, 0).astype(np.float32)
