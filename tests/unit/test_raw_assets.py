"""What a load says about the columns that it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestration.raw.load import FileResult, LoadResult, SourceResult
from orchestration.raw_assets import describe_columns, unknown_columns


def file(table: str, *columns: str) -> FileResult:
    return FileResult(
        source="billing",
        table=table,
        file=f"billing/{table}.csv",
        loaded_at=datetime(2024, 3, 1, tzinfo=UTC),
        object_hash="",
        rows_read=1,
        rows_accepted=1,
        rows_quarantined=0,
        rows_superseded=0,
        unknown_columns=columns,
        is_new=False,
    )


def test_unknown_columns_are_told_once_per_table_whatever_its_files() -> None:
    files = (file("price", "interval", "kind"), file("price", "amount", "kind"), file("customer"))
    result = LoadResult({"billing": SourceResult("billing", "loaded", files)})
    assert unknown_columns(result) == {"price": ["amount", "interval", "kind"]}


def test_one_column_and_several_are_worded() -> None:
    assert describe_columns(["interval"], 2) == "1 column is not declared and left out: interval"
    assert describe_columns(["a", "b"], 2) == "2 columns are not declared and left out: a, b"


def test_what_is_not_shown_is_counted() -> None:
    line = "4 columns are not declared and left out: a, b and 2 more (all are in the log)"
    assert describe_columns(["a", "b", "c", "d"], 2) == line
