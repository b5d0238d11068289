"""CSV files as people have them: plain or compressed, with spaces in the header or without."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from training.data.dataset import DataError

UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


def unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read as CSV: {' '.join(str(error).split())}.")


def open_bytes(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8-sig")
    return path.open(newline="", encoding="utf-8-sig")


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows by column name, spaces around the names stripped. Raises DataError for a file that is no CSV."""
    try:
        with open_text(path) as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            yield from reader
    except UNREADABLE as error:
        raise unreadable(path, error) from None
