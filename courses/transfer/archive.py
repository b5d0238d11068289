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
from django.utils.translation import gettext as _

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
            raise NotACourse(_("This is not a zip file, or it is damaged.")) from None
        if len(entries) > MOST_FILES:
            raise NotACourse(
                _("This zip has %(files)s files; %(most)s is the most here.")
                % {"files": len(entries), "most": MOST_FILES}
            )
        self.entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            self._check(entry)
            self.entries[entry.filename] = entry
        if sum(entry.file_size for entry in entries) > LARGEST_TOTAL:
            raise NotACourse(
                _("Unpacked, this zip has more than %(largest)s.") % {"largest": filesizeformat(LARGEST_TOTAL)}
            )

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name, path = entry.filename, PurePosixPath(entry.filename)
        shown = name[:80]
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0] or "\x00" in name:
            raise NotACourse(_("“%(name)s” points outside the zip.") % {"name": shown})
        if name in self.entries:
            raise NotACourse(_("“%(name)s” is in the zip twice.") % {"name": shown})
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise NotACourse(_("“%(name)s” is a link to another file.") % {"name": shown})
        if entry.flag_bits & 1:
            raise NotACourse(_("This zip is locked with a password."))
        largest = settings.ATTUNE_LARGEST_UPLOAD_MB * 1024 * 1024
        if entry.file_size > largest:
            raise NotACourse(
                _("“%(name)s” is larger than %(largest)s, the most for one file.")
                % {"name": shown, "largest": filesizeformat(largest)}
            )
        if entry.file_size > RATIO_COUNTS_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise NotACourse(_("“%(name)s” unpacks to far more than it should.") % {"name": shown})

    def content(self, name: str) -> bytes:
        """A file that is read as a whole, such as a page or a manifest."""
        if self.entries[name].file_size > LARGEST_TEXT:
            raise NotACourse(
                _("“%(name)s” is larger than %(largest)s, the most for a text.")
                % {"name": name[:80], "largest": filesizeformat(LARGEST_TEXT)}
            )
        with self.open(name) as file:
            return file.read()

    def text(self, name: str) -> str:
        try:
            return self.content(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise NotACourse(_("“%(name)s” is not text in UTF-8.") % {"name": name[:80]}) from None

    @contextmanager
    def open(self, name: str):
        """A file of the zip as a temporary one that can be read from any place."""
        with tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024) as copy:
            try:
                with self._zip.open(self.entries[name]) as packed:
                    while piece := packed.read(PIECE):
                        copy.write(piece)
            except BROKEN:
                raise NotACourse(_("“%(name)s” is damaged.") % {"name": name[:80]}) from None
            copy.seek(0)
            yield copy
