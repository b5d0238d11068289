"""A person's data as a zip: one JSON file with all of it, a CSV file for each table in it, and their charts."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts import personal_data
from accounts.models import User
from accounts.spreadsheets import harmless

IN_MEMORY = 4 * 1024 * 1024  # bytes; a larger one is written to a temporary file that has no name


def zip_of(user: User) -> IO[bytes]:
    """At its beginning, to be read and closed by whoever sends it."""
    data = json.loads(json.dumps(personal_data.export_all(user), cls=DjangoJSONEncoder))
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("my-data.json", json.dumps(data, indent=2, ensure_ascii=False))
        for name, rows in _tables(data):
            archive.writestr(f"{name}.csv", _csv(rows))
        for name, text in personal_data.files_of(user):
            archive.writestr(name, text)
    file.seek(0)
    return file


def _tables(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, list[dict]]]:
    """("emotion-history", rows) for each list of rows, at whatever depth."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _tables(value, f"{prefix}{name}-")
        elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            yield f"{prefix}{name}", value


def _csv(rows: list[dict]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else harmless(value)
