"""Where rows go: CSV files for reading, Parquet for size.

CSV files hold a whole table sorted and are made in memory, for companies by the hundred or thousand. Parquet
is written in row groups as rows come, in bounded memory, for a million. Which rows there are is the writers'.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from seeds.generator.moments import as_timestamp
from seeds.generator.tables import Row, Table, Value

ROWS_PER_GROUP = 50_000

_ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
_MICROSECONDS = 1_000_000


class Sink(Protocol):
    """Takes rows table by table, in any number of portions."""

    def add(self, table: Table, rows: Iterable[Row]) -> None: ...

    def close(self) -> dict[str, int]:
        """Finish all files; returns the number of rows per table."""
        ...


class CsvSink:
    """``<into>/<source>/<table>.csv``: UTF-8, line feeds, few quotes, sorted by the table's order."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._rows: dict[str, tuple[Table, list[Row]]] = {}

    def add(self, table: Table, rows: Iterable[Row]) -> None:
        self._rows.setdefault(table.name, (table, []))[1].extend(rows)

    def close(self) -> dict[str, int]:
        for table, rows in self._rows.values():
            positions = [[column.name for column in table.columns].index(name) for name in table.order]
            rows.sort(key=lambda row: tuple(_sortable(row[position]) for position in positions))
            path = self._into / table.source / f"{table.name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(column.name for column in table.columns)
                writer.writerows(_as_text(table, rows))
        return {name: len(rows) for name, (_, rows) in self._rows.items()}


def _sortable(value: Value) -> tuple[bool, int, str]:
    return (
        value is not None,
        value if isinstance(value, int) else 0,
        value if isinstance(value, str) else "",
    )


def _as_text(table: Table, rows: Iterable[Row]) -> Iterator[list[Value]]:
    timestamps = [column.kind == "timestamp" for column in table.columns]
    for row in rows:
        yield [
            None
            if value is None
            else as_timestamp(value)
            if is_timestamp
            else ("true" if value else "false")
            if isinstance(value, bool)
            else value
            for value, is_timestamp in zip(row, timestamps, strict=True)
        ]


class ParquetSink:
    """``<into>/<source>/<table>.parquet``: typed columns, rows in the order in which they come."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._buffers: dict[str, tuple[Table, list[Row]]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._counts: dict[str, int] = {}

    def add(self, table: Table, rows: Iterable[Row]) -> None:
        buffer = self._buffers.setdefault(table.name, (table, []))[1]
        buffer.extend(rows)
        if len(buffer) >= ROWS_PER_GROUP:
            self._flush(table, buffer)

    def _flush(self, table: Table, buffer: list[Row]) -> None:
        schema = pa.schema([(column.name, _ARROW_TYPES[column.kind]) for column in table.columns])
        if table.name not in self._writers:
            path = self._into / table.source / f"{table.name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[table.name] = pq.ParquetWriter(path, schema, compression="zstd")
        arrays = []
        for position, column in enumerate(table.columns):
            values = [row[position] for row in buffer]
            if column.kind == "timestamp":
                values = [value * _MICROSECONDS if isinstance(value, int) else None for value in values]
            arrays.append(pa.array(values, type=_ARROW_TYPES[column.kind]))
        self._writers[table.name].write_table(pa.Table.from_arrays(arrays, schema=schema))
        self._counts[table.name] = self._counts.get(table.name, 0) + len(buffer)
        buffer.clear()

    def close(self) -> dict[str, int]:
        for table, buffer in self._buffers.values():
            self._flush(table, buffer)
        for writer in self._writers.values():
            writer.close()
        return self._counts


def write_rows(sink: Sink, tables: Mapping[str, Table], portions: Iterable[Mapping[str, list[Row]]]) -> None:
    """Hand every portion to the sink; tables without a row still get a header."""
    for table in tables.values():
        sink.add(table, [])
    for portion in portions:
        for name, rows in portion.items():
            sink.add(tables[name], rows)
