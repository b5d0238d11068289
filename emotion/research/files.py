"""A table as CSV and as Parquet at once, written a few rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accounts.spreadsheets import harmless
from emotion.research.tables import TABLES, Table

ROWS_A_GROUP = 5000


class TableFiles:
    """`<folder>/<table>.csv` and `.parquet`. An empty cell is empty in the one and null in the other; true and false
    are words in CSV."""

    def __init__(self, folder: Path, table: Table) -> None:
        # Both are megabytes that a server does not need until somebody exports.
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {"text": pa.string(), "whole number": pa.int64(), "number": pa.float64(), "true or false": pa.bool_()}
        self.rows = 0
        self._arrow = pa
        self._schema = pa.schema(
            [
                pa.field(column.name, types[column.type], bool(column.empty), metadata={"description": column.words})
                for column in table.columns
            ]
        )
        self._csv = (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8")
        self._lines = csv.writer(self._csv)
        self._lines.writerow(column.name for column in table.columns)
        self._parquet = pq.ParquetWriter(folder / f"{table.name}.parquet", self._schema, compression="zstd")
        self._waiting: list[tuple[Any, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._parquet.close()
            self._csv.close()

    def write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            self._waiting.append(row)
            if len(self._waiting) == ROWS_A_GROUP:
                self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        self._lines.writerows([_cell(value) for value in row] for row in self._waiting)
        columns = [
            self._arrow.array(values, type=field.type)
            for field, values in zip(self._schema, zip(*self._waiting, strict=True), strict=True)
        ]
        self._parquet.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))
        self.rows += len(self._waiting)
        self._waiting = []


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else harmless(value)


def dictionary() -> Iterator[tuple[str, ...]]:
    """The header and a row for each column of each table."""
    yield "table", "column", "type", "meaning", "an empty cell means"
    for table in TABLES:
        for column in table.columns:
            yield table.name, column.name, column.type, column.words, column.empty
