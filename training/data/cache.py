"""Decoded pixels kept on disk as one uint8 array, so that a second start maps them instead of decoding again.

    <cache>/<name>-<fingerprint>/pixels.npy    (N, H, W) or (N, H, W, 3) uint8
                                 targets.npz   labels, splits and file names by row
                                 meta.json     what was read, dropped and skipped

A folder appears by one rename, whole, or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from training.data.dataset import DataError

FORMAT = 1
PIXELS, COLUMNS, META = "pixels.npy", "targets.npz", "meta.json"
# Without a cache, a set larger than this goes through a temporary file instead of memory.
IN_MEMORY_UP_TO = 2**30

Report = dict[str, Any]
Build = Callable[["PixelWriter"], tuple[dict[str, np.ndarray], Report]]


@dataclass(frozen=True)
class Faces:
    """Every face that was read, in order.

    pixels: (N, H, W) or (N, H, W, 3) uint8.
    columns: `labels` (N,) int8, places in EXPRESSIONS; `splits` (N,) uint8, places in `report["splits"]`; `names`
    (N,) bytes, empty where rows have none.
    report: splits, layout, skipped, dropped and notes.
    """

    pixels: np.ndarray
    columns: dict[str, np.ndarray]
    report: Report
    folder: Path | None = None

    def name(self, row: int) -> str:
        names = self.columns["names"]
        return names[row].decode(errors="replace") if len(names) else f"row {row + 1}"


@dataclass
class PixelWriter:
    """Appends faces to a file in NumPy's format, or to memory when there is no file."""

    shape: tuple[int, ...]
    file: BinaryIO | None = None
    count: int = 0
    _blocks: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.file:
            self._write_header()

    def append(self, faces: np.ndarray) -> None:
        """(n, *shape) uint8"""
        self.count += len(faces)
        if self.file:
            self.file.write(np.ascontiguousarray(faces).data)
        else:
            self._blocks.append(faces)

    def finish(self) -> np.ndarray | None:
        """The pixels if they are in memory; a file is complete after this."""
        if not self.file:
            return np.concatenate([np.empty((0, *self.shape), np.uint8), *self._blocks])
        self.file.seek(0)
        self._write_header()  # the same length for any count: NumPy leaves room for a growing first axis
        self.file.flush()
        os.fsync(self.file.fileno())
        return None

    def _write_header(self) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(self.file, header)


def fingerprint(files: Iterable[tuple[str, int, int]], options: dict[str, Any]) -> str:
    """16 hexadecimal digits of (path, size, mtime in ns) of each file, and of what is done to them."""
    digest = hashlib.sha256(json.dumps([FORMAT, options], sort_keys=True).encode())
    for entry in files:
        digest.update(repr(entry).encode())
    return digest.hexdigest()[:16]


def files_under(folder: Path, suffixes: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """(relative path, size, mtime in ns) of every file with one of the suffixes, sorted; hidden folders are left out.
    Half a million files take seconds, since nothing is opened."""
    found, pending = [], [str(folder)]
    start = len(str(folder)) + 1
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        pending.append(entry.path)
                    elif entry.name.lower().endswith(suffixes):
                        status = entry.stat()
                        found.append((entry.path[start:], status.st_size, status.st_mtime_ns))
        except OSError as error:
            raise DataError(f"{error.filename or folder} cannot be read: {error.strerror}.") from None
    return sorted(found)


def load_or_build(
    build: Build, *, name: str, key: str, shape: tuple[int, ...], expected: int, cache: Path | None
) -> Faces:
    """The faces cached under `name` and `key`, or else built, and cached where `cache` can be written.

    `shape` is one face's, `expected` about how many there are. Raises DataError when they fit neither on the disk nor
    in memory.
    """
    folder = cache / f"{name}-{key}" if cache else None
    if folder and (faces := _read(folder, shape)):
        return faces
    temporary = _writable_neighbour(folder) if folder else None
    if folder and temporary:
        try:
            return _build_on_disk(build, shape, temporary, folder)
        except OSError as error:
            if expected * int(np.prod(shape)) > IN_MEMORY_UP_TO:
                raise DataError(
                    f"The faces cannot be cached in {cache}: {error.strerror}; name another place with data.cache."
                ) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    if expected * int(np.prod(shape)) <= IN_MEMORY_UP_TO:
        writer = PixelWriter(shape)
        columns, report = build(writer)
        pixels = writer.finish()
        assert pixels is not None
        return Faces(pixels, columns, report)
    return _build_in_nameless_file(build, shape)


def _read(folder: Path, shape: tuple[int, ...]) -> Faces | None:
    """A cache that is absent, of another version or damaged is none."""
    try:
        report = json.loads((folder / META).read_text())
        pixels = np.load(folder / PIXELS, mmap_mode="r")  # a private map larger than memory is refused by Linux
        with np.load(folder / COLUMNS) as stored:
            columns = dict(stored)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
    rows = len(columns.get("labels", ()))
    if report.get("format") != FORMAT or pixels.dtype != np.uint8 or pixels.shape != (rows, *shape):
        return None
    return Faces(pixels, columns, report, folder)


def _writable_neighbour(folder: Path) -> Path | None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError:
        return None


def _build_on_disk(build: Build, shape: tuple[int, ...], temporary: Path, folder: Path) -> Faces:
    with (temporary / PIXELS).open("wb") as file:
        writer = PixelWriter(shape, file)
        columns, report = build(writer)
        writer.finish()
    np.savez(temporary / COLUMNS, **columns)
    (temporary / META).write_text(json.dumps({"format": FORMAT, **report}, indent=1))
    temporary.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)  # only a damaged one lies here
    try:
        temporary.rename(folder)
    except OSError:
        if (faces := _read(folder, shape)) is None:  # else another process was first
            raise
        return faces
    faces = _read(folder, shape)
    if faces is None:
        raise OSError(5, "what was written there cannot be read back")
    return faces


def _build_in_nameless_file(build: Build, shape: tuple[int, ...]) -> Faces:
    try:
        with tempfile.TemporaryFile() as file:
            writer = PixelWriter(shape, file)
            columns, report = build(writer)
            writer.finish()
            file.seek(0)
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            pixels = np.memmap(file, np.uint8, "r", file.tell(), (writer.count, *shape))
    except OSError as error:
        raise DataError(
            f"There is no room for the decoded faces: {error.strerror}; name a place with data.cache."
        ) from None
    return Faces(pixels, columns, report)
