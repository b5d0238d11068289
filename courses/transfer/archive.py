"""A zip from outside, opened with limits. Nothing is unpacked to a path: files are read one by one, by exact name."""

import stat
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from courses.transfer.fields import NotACourse

MOST_FILES = 20_000
LARGEST_TEXT = 20 * 1024 * 1024
LARGEST_TOTAL = 4 * 1024**3
MOST_RATIO = 200  # unpacked to packed; bombs have a thousand and more
RATIO_COUNTS_FROM = 1024 * 1024
PIECE = 256 * 1024
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class Archive:
    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        except BROKEN:
            raise NotACourse("This is not a zip file, or it is damaged.") from None
        if len(entries) > MOST_FILES:
            raise NotACourse(f"This zip has {len(entries)} files; {MOST_FILES} is the most here.")
        self.entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            self._check(entry)
            self.entries[entry.filename] = entry
        if sum(entry.file_size for entry in entries) > LARGEST_TOTAL:
            raise NotACourse(f"Unpacked, this zip has more than {filesizeformat(LARGEST_TOTAL)}.")

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name, path = entry.filename, PurePosixPath(entry.filename)
        shown = name[:80]
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0] or "\x00" in name:
            raise NotACourse(f"“{shown}” points outside the zip.")
        if name in self.entries:
            raise NotACourse(f"“{shown}” is in the zip twice.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise NotACourse(f"“{shown}” is a link to another file.")
        if entry.flag_bits & 1:
            raise NotACourse("This zip is locked with a password.")
        largest = settings.ATTUNE_LARGEST_UPLOAD_MB * 1024 * 1024
        if entry.file_size > largest:
            raise NotACourse(f"“{shown}” is larger than {filesizeformat(largest)}, the most for one file.")
        if entry.file_size > RATIO_COUNTS_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise NotACourse(f"“{shown}” unpacks to far more than it should.")

    def content(self, name: str) -> bytes:
        """A file that is read as a whole, such as a page or a manifest."""
        if self.entries[name].file_size > LARGEST_TEXT:
            raise NotACourse(f"“{name[:80]}” is larger than {filesizeformat(LARGEST_TEXT)}, the most for a text.")
        with self.open(name) as file:
            return file.read()

    def text(self, name: str) -> str:
        try:
            return self.content(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise NotACourse(f"“{name[:80]}” is not text in UTF-8.") from None

    @contextmanager
    def open(self, name: str):
        """A file of the zip as a temporary one that can be read from any place."""
        with tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024) as copy:
            try:
                with self._zip.open(self.entries[name]) as packed:
                    while piece := packed.read(PIECE):
                        copy.write(piece)
            except BROKEN:
                raise NotACourse(f"“{name[:80]}” is damaged.") from None
            copy.seek(0)
            yield copy
