"""Files of a course: what may be kept, under which type, and how it is sent.

The type comes from the content's first bytes, never from the browser. Only pictures, videos and captions are shown in
the page; all else is a download, so a file cannot run as a page of this site.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import PurePath
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.http import HttpResponse, StreamingHttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.models import Asset, Course

DOWNLOAD = "application/octet-stream"
PIECE = 256 * 1024
LARGEST_CAPTIONS = 2 * 1024 * 1024
LARGEST_PICTURE = 20 * 1024 * 1024
SHOWN_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "text/vtt"}
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RefusedFile(ValueError):
    """A file that this place does not take; the message says why, to the person who chose it."""


def type_of(head: bytes) -> str:
    """The media type of a file from its first 64 bytes."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    if head.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return "text/vtt"
    return DOWNLOAD


KINDS = {
    "image": (
        gettext_lazy("a picture: PNG, JPEG, GIF or WebP"),
        {"image/png", "image/jpeg", "image/gif", "image/webp"},
    ),
    "video": (gettext_lazy("a video: MP4 or WebM"), {"video/mp4", "video/webm"}),
    "captions": (gettext_lazy("captions: WebVTT, a text that begins with WEBVTT"), {"text/vtt"}),
    "file": ("", None),
}


def keep(*, course: Course, upload: File, use: str) -> Asset:
    """Keep an uploaded file for `use`: "image", "video", "captions" or "file". Raises RefusedFile."""
    words, types = KINDS[use]
    largest = {"image": LARGEST_PICTURE, "captions": LARGEST_CAPTIONS}.get(
        use, settings.ATTUNE_LARGEST_UPLOAD_MB * 1024 * 1024
    )
    if not upload.size:
        raise RefusedFile(_("This file is empty."))
    if upload.size > largest:
        raise RefusedFile(
            _("This file has %(size)s; %(largest)s is the most here.")
            % {"size": filesizeformat(upload.size), "largest": filesizeformat(largest)}
        )
    upload.seek(0)
    content_type = type_of(upload.read(64))
    if types and content_type not in types:
        raise RefusedFile(_("This is not %(words)s.") % {"words": words})
    digest = hashlib.sha256()
    upload.seek(0)
    for piece in upload.chunks(PIECE):
        digest.update(piece)
    upload.seek(0)
    asset = Asset(
        course=course,
        name=clean_name(upload.name or ""),
        content_type=content_type,
        size=upload.size,
        sha256=digest.hexdigest(),
    )
    asset.file.save(asset.name, upload, save=True)
    return asset


def clean_name(name: str) -> str:
    """The last part of a file's name without what no address or header should carry."""
    name = PurePath(name.replace("\\", "/")).name
    name = re.sub(r"[\x00-\x1f\x7f\"<>|?*:#%]", "_", name).strip(" .")
    return name[-120:] or "file"


class FileSlice(StreamingHttpResponse):
    """Bytes `start` up to `end` of a stored file, a piece at a time: a large video never lies in memory. It can be read
    by either kind of server; Django would read a plain iterator to its end first when served asynchronously."""

    def __init__(self, file, start: int, end: int, **kwargs) -> None:
        self._file, self._start, self._end = file, start, end
        super().__init__(self._pieces(), **kwargs)
        self._resource_closers.append(file.close)

    def _pieces(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._end - self._start
        while left > 0 and (piece := self._file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._pieces()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


def serve(file, *, name: str, size: int, content_type: str, range_header: str = "") -> HttpResponse:
    """Answer with a stored file, or the part of it that a player asked for (RFC 9110, one range)."""
    inline = content_type in SHOWN_INLINE
    headers = {
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name)}",
    }
    start, end, status = 0, size, 200
    if match := RANGE.fullmatch(range_header.strip()):
        first, last = match.groups()
        if first:
            start, end = int(first), min(int(last) + 1 if last else size, size)
        elif last:
            start = max(0, size - int(last))
        if start >= end:
            file.close()
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        if (first, last) != ("", ""):
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    return FileSlice(
        file, start, end, status=status, content_type=content_type if inline else DOWNLOAD, headers=headers
    )
