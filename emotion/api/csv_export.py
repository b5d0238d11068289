"""Tables as CSV, streamed a few rows at a time."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

from accounts.spreadsheets import harmless

ROWS_A_CHUNK = 200


class CSVRenderer(BaseRenderer):
    """So that `?format=csv` and `Accept: text/csv` are understood. It renders refusals only: tables are streamed."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None) -> str:
        return next(_chunks(_sentences(data.get("detail", data)))) if data else ""


def _sentences(said: object) -> list[list[object]]:
    """A refusal as a table: a sentence a row, behind the name of what it is about."""
    if isinstance(said, dict):
        return [[name, *row] for name, sentences in said.items() for row in _sentences(sentences)]
    return [[sentence] for sentence in said] if isinstance(said, list) else [[said]]


def stream_csv(request: HttpRequest, rows: Iterable[Iterable[object]], *, filename: str) -> StreamingHttpResponse:
    """A download of `rows`, the first of which is the header."""
    chunks = _chunks(rows)
    return StreamingHttpResponse(
        _without_blocking(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def _chunks(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    iterator = iter(rows)
    while some := list(itertools.islice(iterator, ROWS_A_CHUNK)):
        text = io.StringIO()
        csv.writer(text).writerows([harmless(cell) for cell in row] for row in some)
        yield text.getvalue()


async def _without_blocking(chunks: Iterator[str]) -> AsyncIterator[str]:
    """Django would otherwise collect all of a plain iterator before it sends the first byte."""
    while (chunk := await sync_to_async(next)(chunks, None)) is not None:
        yield chunk
