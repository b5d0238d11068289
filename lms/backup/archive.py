"""One archive: a gzipped tar of plain files, whose last member says what has to be in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

MANIFEST = "manifest.json"
FORMAT = 1

Entry = dict[str, Any]  # size in bytes, and sha256


class BadArchive(Exception):
    """One sentence: why this archive cannot be restored."""


class _Hashed:
    """Passes on exactly `size` bytes and hashes what it passed: a file that grows meanwhile is cut, not torn."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.sha256 = hashlib.sha256()
        self._file, self._left = file, size

    def read(self, wanted: int = -1, /) -> bytes:
        piece = self._file.read(self._left if wanted < 0 else min(wanted, self._left))
        self._left -= len(piece)
        self.sha256.update(piece)
        return piece


class Writer:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, Entry] = {}

    def add(self, name: str, path: Path) -> None:
        """Raises OSError, also where the file shrinks while it is read."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            head = tarfile.TarInfo(name)
            head.size, head.mtime, head.mode = status.st_size, int(status.st_mtime), 0o600
            hashed = _Hashed(file, status.st_size)
            self._tar.addfile(head, hashed)
        self.files[name] = {"size": status.st_size, "sha256": hashed.sha256.hexdigest()}

    def add_tree(self, name: str, folder: Path) -> None:
        """Every plain file below `folder`. One that goes away meanwhile is left out."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    self.add(f"{name}/{path.relative_to(folder).as_posix()}", path)
                except FileNotFoundError:
                    continue

    def finish(self, facts: dict[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **facts, "files": self.files}, indent=2).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mtime, head.mode = len(text), int(time.time()), 0o600
        self._tar.addfile(head, io.BytesIO(text))


@contextmanager
def write_archive(path: Path) -> Iterator[Writer]:
    """The file appears under its name when it is whole, and only its owner reads it. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with (
            open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar,
        ):
            yield Writer(tar)
        with draft.open("rb") as whole:
            os.fsync(whole.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def unpack(path: Path, into: Path) -> dict[str, Any]:
    """Write what the archive holds into the empty folder `into`, and return its manifest.

    Each file's size and hash are held to the manifest, and none may be missing or more. Raises BadArchive.
    """
    found: dict[str, Entry] = {}
    manifest: bytes | None = None
    try:
        with tarfile.open(path, mode="r:gz") as tar:
            for member in tar:
                source = tar.extractfile(member) if member.isfile() else None
                if source is None or not _is_plain(member.name) or manifest is not None:
                    raise BadArchive(f"{path} is damaged: {member.name!r} does not belong into a backup.")
                if member.name == MANIFEST:
                    manifest = source.read()
                else:
                    found[member.name] = _write(source, into / member.name)
    except FileNotFoundError:
        raise BadArchive(f"There is no file {path}.") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError):
        raise BadArchive(f"{path} is damaged: it cannot be read to its end.") from None
    if manifest is None:
        raise BadArchive(f"{path} is damaged or no backup: its manifest is missing.")
    return _check(path, manifest, found)


def _check(path: Path, text: bytes, found: dict[str, Entry]) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        kind, promised = manifest["format"], manifest["files"]
    except (ValueError, KeyError, TypeError):
        raise BadArchive(f"{path} is damaged: its manifest cannot be read.") from None
    if kind != FORMAT:
        raise BadArchive(f"{path} has the format {kind}; this version of Attune reads {FORMAT}.")
    for name in sorted(promised.keys() | found.keys()):
        if promised.get(name) != found.get(name):
            raise BadArchive(f"{path} is damaged: {name} is not what was saved.")
    return manifest


def _is_plain(name: str) -> bool:
    pure = PurePosixPath(name)
    return not pure.is_absolute() and ".." not in pure.parts and "\0" not in name


def _write(source: IO[bytes], target: Path) -> Entry:
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = hashlib.sha256(), 0
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := source.read(1 << 20):
            sha256.update(piece)
            size += len(piece)
            file.write(piece)
    return {"size": size, "sha256": sha256.hexdigest()}
