"""CSV and Parquet hold the same rows; Parquet comes in bounded portions."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seeds.generator import output
from seeds.generator.__main__ import generate
from seeds.generator.moments import as_timestamp
from seeds.generator.output import CsvSink, ParquetSink
from seeds.generator.tables import BILLING, LEDGER


def _text(value: object, kind: str) -> str:
    if value is None:
        return ""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return as_timestamp(int(value.timestamp()))  # type: ignore[attr-defined]
    return str(value)


def test_both_formats_hold_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "ROWS_PER_GROUP", 500)
    monkeypatch.setenv("TZ", "UTC")
    for sink in (CsvSink(tmp_path / "csv"), ParquetSink(tmp_path / "parquet")):
        generate(sink, customers=1, months=24, seed=3)
    for table in [*BILLING.values(), *LEDGER.values()]:
        path = tmp_path / "csv" / table.source / f"{table.name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        parquet = pq.ParquetFile(tmp_path / "parquet" / table.source / f"{table.name}.parquet")
        assert parquet.schema_arrow.names == header == [column.name for column in table.columns]
        columns = [
            [_text(value, column.kind) for value in parquet.read([column.name])[column.name].to_pylist()]
            for column in table.columns
        ]
        assert sorted(zip(*columns, strict=True)) == sorted(tuple(row) for row in rows), table.name


def test_large_tables_are_written_in_several_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "ROWS_PER_GROUP", 500)
    generate(ParquetSink(tmp_path), customers=1, months=24, seed=3)
    lines = pq.ParquetFile(tmp_path / "billing" / "invoice_line_item.parquet")
    assert lines.num_row_groups > 1
    assert lines.metadata.row_group(0).num_rows < 1_000


def test_a_table_without_rows_still_has_its_header(tmp_path: Path) -> None:
    for sink in (CsvSink(tmp_path / "csv"), ParquetSink(tmp_path / "parquet")):
        sink.add(BILLING["payout"], [])
        assert sink.close() == {"payout": 0}
    text = (tmp_path / "csv" / "billing" / "payout.csv").read_text(encoding="utf-8")
    assert text == "id,amount,currency,arrival_date,status,created,livemode,_fivetran_synced\n"
    assert pq.read_table(tmp_path / "parquet" / "billing" / "payout.parquet").num_rows == 0
