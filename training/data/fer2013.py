"""FER2013 (Goodfellow et al. 2013) as Kaggle's CSV, with FER+ votes (Barsoum et al. 2016) joined by row."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7, FER2013_CODES
from training.data import ferplus as votes_file
from training.data.cache import Faces, PixelWriter, Report, fingerprint, load_or_build
from training.data.dataset import DataError, FaceDataset, FaceSplit
from training.data.images import conform, face_shape
from training.data.tables import UNREADABLE, open_bytes, unreadable

SIDE = 48
HEAD_FER2013 = "fer2013"
HEAD_FERPLUS = "ferplus"
CSV_NAMES = ("fer2013.csv", "fer2013.csv.gz", "icml_face_data.csv", "icml_face_data.csv.gz")
FERPLUS_NAME = votes_file.FILE_NAME
ROWS = 35_887
BLOCK = 2 * 2**20  # bytes of CSV parsed at a time

WHERE_TO_GET_DATA = """No data set was found. Attune trains on faces that you bring:
  FER2013    "Challenges in Representation Learning" on Kaggle (fer2013.csv, research use).
             Put fer2013.csv into datasets/fer2013/. FER+'s labels (fer2013new.csv, MIT licence) come from
             Microsoft's FERPlus repository and go beside it.
  AffectNet  on request from its authors (Mollahosseini, Hasani, Mahoor 2017), for research;
             it goes into datasets/affectnet/.
datasets/ is ignored by git. To name another place: --data PATH, or FER_DATA_DIR in the environment.
To try the loop at once on drawn faces: python manage.py train_fer --data synthetic"""

# Canonical place of each of FER2013's codes: labels map by name.
_CODE_TO_CLASS = np.array([EXPRESSIONS_7.index(name) for name in FER2013_CODES], np.int8)

Rows = tuple[np.ndarray, np.ndarray, list[str]]  # (n, 48, 48) uint8 pixels, (n,) codes, n usages


def find_csv(path: str | None, root: Path) -> Path:
    """The FER2013 CSV at `path` (file or folder), else in FER_DATA_DIR or datasets/ under `root`."""
    if path:
        given = Path(path).expanduser()
        if given.is_file():
            return given
        if not given.is_dir():
            raise DataError(f"There is no data set at {given}.")
        places = [given, given / "fer2013"]
    else:
        places = data_places(root, "fer2013")
    for place in places:
        for name in CSV_NAMES:
            if (place / name).is_file():
                return place / name
    if path:
        raise DataError(f"{path} holds no fer2013.csv.")
    raise DataError(WHERE_TO_GET_DATA)


def data_places(root: Path, name: str) -> list[Path]:
    """Where the set `name` is looked for when nobody says."""
    folders = [Path(os.environ["FER_DATA_DIR"])] if os.environ.get("FER_DATA_DIR") else []
    folders += [root / "datasets", root.parent / "shared" / "data"]
    return [place for folder in folders for place in (folder, folder / name)]


def load_fer2013(
    path: Path,
    *,
    ferplus: bool = True,
    votes: str = "crossentropy",
    votes_rule: str = "paper",
    size: int = SIDE,
    channels: int = 1,
    cache: Path | None = None,
) -> FaceDataset:
    """Read the CSV (plain or .gz): uint8 faces by split, one head or two.

    The head `fer2013` has seven classes. With `ferplus` and a fer2013new.csv beside the CSV, the head `ferplus` has
    eight, with targets as training.data.ferplus makes them of the votes. With `cache`, a folder, the pixels are parsed
    once and then mapped.
    """
    faces = read_faces(path, size=size, channels=channels, cache=cache)
    return fer2013_dataset(faces, path, ferplus=ferplus, votes=votes, votes_rule=votes_rule)


def read_faces(path: Path, *, size: int = SIDE, channels: int = 1, cache: Path | None = None) -> Faces:
    """Every row of the CSV in its order, from the cache where it lies there."""
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from None
    options = {"set": "fer2013", "size": size, "channels": channels}

    def build(writer: PixelWriter) -> tuple[dict[str, np.ndarray], Report]:
        codes, usage = [], []
        for block_pixels, block_codes, block_usage in _row_blocks(path):
            writer.append(conform(block_pixels, size, channels))
            codes.append(block_codes)
            usage += block_usage
        splits = list(dict.fromkeys(usage))
        places = {name: place for place, name in enumerate(splits)}
        columns = {
            "labels": _CODE_TO_CLASS[np.concatenate(codes)],
            "splits": np.array([places[name] for name in usage], np.uint8),
            "names": np.array([], dtype=np.bytes_),
        }
        return columns, {"layout": "CSV", "splits": splits, "dropped": {}, "skipped": {}, "skipped_first": []}

    return load_or_build(
        build,
        name="fer2013",
        key=fingerprint([(str(path.resolve()), status.st_size, status.st_mtime_ns)], options),
        shape=face_shape(size, channels),
        expected=ROWS,
        cache=cache,
    )


def fer2013_dataset(faces: Faces, path: Path, *, ferplus: bool, votes: str, votes_rule: str) -> FaceDataset:
    """The CSV's faces by their Usage, with the heads' targets."""
    names, numbers = faces.report["splits"], faces.columns["splits"]
    targets = {HEAD_FER2013: np.eye(len(EXPRESSIONS_7), dtype=np.float32)[faces.columns["labels"]]}
    heads: dict[str, tuple[str, ...]] = {HEAD_FER2013: EXPRESSIONS_7}
    modes = {}
    notes = ""
    votes_path = path.with_name(FERPLUS_NAME)
    if ferplus and votes_path.is_file():
        table = votes_file.read_votes(votes_path, [names[number] for number in numbers])
        targets[HEAD_FERPLUS] = votes_file.vote_targets(table, votes, votes_rule)
        heads[HEAD_FERPLUS] = EXPRESSIONS
        modes[HEAD_FERPLUS] = votes
        kept = int((targets[HEAD_FERPLUS].sum(axis=1) > 0).sum())
        notes = f", FER+ keeps {kept}" + ("" if votes == "crossentropy" else f" by {votes}")
        notes += " (the rows of its authors' code)" if votes_rule == "code" else ""
    everything = FaceSplit(faces.pixels, targets)
    splits = {name: everything.take(numbers == number) for number, name in enumerate(names)}
    counts = ", ".join(f"{name} {len(split)}" for name, split in splits.items())
    return FaceDataset("FER2013", heads, splits, f"FER2013: {len(numbers)} rows ({counts}){notes}.", modes)


def _row_blocks(path: Path) -> Iterator[Rows]:
    """The CSV's rows, some megabytes at a time. Raises DataError, naming the line of a bad row."""
    try:
        with open_bytes(path) as file:
            first = file.readline()
            header = [name.strip() for name in next(csv.reader([first.decode("utf-8-sig")]), [])]
            number = 2
            for block in _whole_lines(file):
                lines = [line for line in block.split(b"\n") if line.strip()]
                if not lines:
                    continue
                yield _parse_quickly(lines, header) or _parse_carefully(lines, header, path, number)
                number += len(lines)
    except UNREADABLE as error:
        raise unreadable(path, error) from None
    if number == 2:
        raise DataError(f"{path} has no rows.")


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := file.read(BLOCK):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
            if len(rest) > 16 * BLOCK:
                raise csv.Error("it has a line of more than 32 MB")
    if rest:
        yield rest


def _parse_quickly(lines: list[bytes], header: list[str]) -> Rows | None:
    """Rows as Kaggle writes them: three fields, no quotes. All digits at once, which is several times as fast as row by
    row. None when anything is unusual, for `_parse_carefully` to say what."""
    if sorted(header) != ["Usage", "emotion", "pixels"]:
        return None
    rows = [line.split(b",") for line in lines]
    if any(len(row) != 3 for row in rows):
        return None
    at = {name: header.index(name) for name in header}
    try:
        codes = np.array([int(row[at["emotion"]]) for row in rows])
        usage = [row[at["Usage"]].strip().decode("ascii") for row in rows]
    except (ValueError, OverflowError):
        return None
    faces = [row[at["pixels"]].strip() for row in rows]
    if codes.dtype != np.int64 or codes.min() < 0 or codes.max() >= len(FER2013_CODES):
        return None
    # Three spaces ahead, so that the three places before a number's last digit exist.
    text = np.frombuffer(b"   " + b" ".join(faces) + b" ", np.uint8)
    digits = text - np.uint8(ord("0"))  # wraps round below "0"
    is_digit = digits < 10
    if not (is_digit | (text == ord(" "))).all():
        return None
    digits *= is_digit
    # Everywhere, the number that would end here; below, those that do. Bytes only: several are computed at once.
    low = digits[3:-1] + digits[2:-2] * np.uint8(10)
    hundreds = digits[1:-3] * is_digit[2:-2]
    longer = is_digit[:-4] & is_digit[1:-3] & is_digit[2:-2] & is_digit[3:-1]
    if (longer | (hundreds > 2) | ((hundreds == 2) & (low > 55))).any():
        return None
    ends = np.flatnonzero(is_digit[3:-1] & ~is_digit[4:])  # and take(): a mask as an index costs four times as much
    starts = np.cumsum([0] + [len(face) + 1 for face in faces])
    if (np.diff(np.searchsorted(ends, starts)) != SIDE * SIDE).any():
        return None
    values = (low + hundreds * np.uint8(100)).take(ends)
    return values.reshape(-1, SIDE, SIDE), codes, usage


def _parse_carefully(lines: list[bytes], header: list[str], path: Path, first: int) -> Rows:
    """The same rows one by one. Raises DataError for the first bad one; `first` is the number of the first line."""
    faces: list[np.ndarray] = []
    codes: list[int] = []
    usage: list[str] = []
    text = io.StringIO(b"\n".join(lines).decode(), newline="")
    for number, row in enumerate(csv.DictReader(text, header, skipinitialspace=True), start=first):
        try:
            face = np.fromstring(row["pixels"], dtype=np.int64, sep=" ")
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
    return np.stack(faces), np.array(codes), usage
