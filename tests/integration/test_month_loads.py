"""Loads of single months: any order gives what one full load gives, and what changed is told by month."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.months import MonthRange
from orchestration.raw.changes import RowCounts
from orchestration.raw.load import LoadResult, load_landing
from orchestration.raw.problems import LoadError
from orchestration.raw.snapshot import SnapshotInfo, write_snapshot
from tests.small_landing import BILLING, put, write_landing

NOW = datetime(2024, 6, 1, tzinfo=UTC)
MONTHS = [f"2024-{number:02}" for number in range(1, 7)]
HEADER = "id,customer_id,status,currency,total,created,_fivetran_synced\n"


def write_months(landing: Path, months: Mapping[str, str]) -> None:
    for month, rows in months.items():
        put(landing, f"billing/invoice/{month}.csv", HEADER + rows)


def load(home: Path, landing: Path, month: str | None = None, **options: object) -> LoadResult:
    months = None if month is None else MonthRange(month, month)
    return load_landing(home / "raw", landing, loaded_at=NOW, months=months, **options)  # type: ignore[arg-type]


def snapshot(home: Path) -> SnapshotInfo:
    return write_snapshot(home / "raw", Path(tempfile.mkdtemp(dir=home)))


def invoices(home: Path) -> list[str]:
    folder = Path(tempfile.mkdtemp(dir=home))
    write_snapshot(home / "raw", folder)
    return pq.read_table(folder / "billing/invoice.parquet")["id"].to_pylist()


def row(number: int, month: str, total: int = 100, synced: str = "") -> str:
    return f"in_{number},cus_1,paid,usd,{total},{month}-05T09:00:00Z,{synced}\n"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return write_landing(tmp_path / "landing", invoice=None)


# ---- any order is one full load


@st.composite
def month_files(draw: st.DrawFn) -> dict[str, str]:
    """Monthly files in which rows may be dated in other months and one key may stand in several files."""
    files = {}
    for month in draw(st.lists(st.sampled_from(MONTHS), min_size=1, unique=True)):
        numbers = draw(st.lists(st.integers(1, 12), unique=True, max_size=6))
        files[month] = "".join(
            row(
                number,
                draw(st.sampled_from(MONTHS)),
                draw(st.integers(1, 3)),
                draw(st.sampled_from(["", "2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z"])),
            )
            for number in numbers
        )
    return files


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_order_of_single_months_with_corrections_in_between_is_one_full_load(data: st.DataObject) -> None:
    """Splits, orders and repetitions are drawn; what was delivered first is corrected on the way."""
    first, last = data.draw(month_files()), data.draw(month_files())
    # A month is emptied by a file without rows, not by taking the file away.
    last = {**dict.fromkeys(first, ""), **last}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        landing = write_landing(folder / "landing", invoice=None)
        write_months(landing, first)
        for month in data.draw(st.lists(st.sampled_from(MONTHS), max_size=4)):
            load(folder / "by-month", landing, month, accept_drop=["invoice"])
        write_months(landing, last)
        again = data.draw(st.lists(st.sampled_from(MONTHS), max_size=2))
        for month in data.draw(st.permutations(MONTHS)) + again:
            load(folder / "by-month", landing, month, accept_drop=["invoice"])
        load(folder / "whole", landing)
        assert snapshot(folder / "by-month").fingerprint == snapshot(folder / "whole").fingerprint
        assert invoices(folder / "by-month") == invoices(folder / "whole")
        assert not load(folder / "by-month", landing).changed


def test_ranges_load_what_their_months_one_by_one_do(landing: Path, tmp_path: Path) -> None:
    write_months(landing, {month: row(number, month) for number, month in enumerate(MONTHS)})
    for first, last in (("2024-03", "2024-06"), ("2024-01", "2024-03")):
        load_landing(tmp_path / "a/raw", landing, loaded_at=NOW, months=MonthRange(first, last))
    load(tmp_path / "b", landing)
    assert snapshot(tmp_path / "a").fingerprint == snapshot(tmp_path / "b").fingerprint


# ---- what is looked at


def test_only_the_files_of_the_months_are_looked_at(landing: Path, tmp_path: Path) -> None:
    write_months(landing, {"2024-01": row(1, "2024-01"), "2024-02": "this is no row\n"})
    load(tmp_path, landing, "2024-01")
    assert invoices(tmp_path) == ["in_1"]
    write_months(landing, {"2024-01": row(3, "2024-01"), "2024-02": row(2, "2024-02")})
    load(tmp_path, landing, "2024-02")
    assert invoices(tmp_path) == ["in_1", "in_2"]


def test_a_snapshot_and_an_increment_hold_all_months_and_are_loaded_whole(
    landing: Path, tmp_path: Path
) -> None:
    put(landing, "billing/coupon/first.csv", "id\nc_1\n")
    write_months(landing, {"2024-01": row(1, "2024-01")})
    result = load(tmp_path, landing, "2030-01")
    assert {file.file for file in result.files} == {
        "billing/coupon/first.csv",
        *(f"billing/{table}.csv" for table in BILLING if table != "invoice"),
    }


def test_other_tables_and_sources_keep_what_they_had(landing: Path, tmp_path: Path) -> None:
    write_months(landing, {"2024-01": row(1, "2024-01")})
    load(tmp_path, landing)
    put(landing, "billing/customer.csv", BILLING["customer"].replace("one@", "three@"))
    write_months(landing, {"2024-01": row(1, "2024-01", total=7)})
    result = load(tmp_path, landing, "2024-01", tables=["billing.invoice"])
    assert list(result.sources["billing"].changes) == ["invoice"]
    assert load(tmp_path, landing).sources["billing"].changes == {
        "customer": {"2024-01": RowCounts(1, 1)},
    }


def test_the_first_month_of_a_table_that_was_a_snapshot_brings_all_its_months(
    landing: Path, tmp_path: Path
) -> None:
    rows = {month: row(number, month) for number, month in enumerate(MONTHS, start=1)}
    put(landing, "billing/invoice.csv", HEADER + "".join(rows.values()))
    load(tmp_path, landing)
    (landing / "billing/invoice.csv").unlink()
    write_months(landing, rows)
    load(tmp_path, landing, "2024-02")
    assert len(invoices(tmp_path)) == len(MONTHS)


# ---- months that lose rows


def test_a_month_that_is_empty_at_the_source_becomes_empty(landing: Path, tmp_path: Path) -> None:
    write_months(landing, {"2024-01": row(1, "2024-01"), "2024-02": row(2, "2024-02")})
    load(tmp_path, landing)
    write_months(landing, {"2024-02": ""})
    with pytest.raises(LoadError, match=r"invoice/2024-02\.csv: 0 rows now, 1 at the load"):
        load(tmp_path, landing, "2024-02")
    result = load(tmp_path, landing, "2024-02", accept_drop=["billing.invoice"])
    assert result.sources["billing"].changes == {"invoice": {"2024-02": RowCounts(0, 1)}}
    assert invoices(tmp_path) == ["in_1"]


def test_a_months_file_that_vanished_empties_it_only_when_its_month_is_loaded_and_that_is_accepted(
    landing: Path, tmp_path: Path
) -> None:
    write_months(landing, {"2024-01": row(1, "2024-01"), "2024-02": row(2, "2024-02")})
    load(tmp_path, landing)
    (landing / "billing/invoice/2024-02.csv").unlink()
    assert not load(tmp_path, landing, "2024-01").changed
    with pytest.raises(LoadError, match=r"2024-02\.csv: held 1 rows .* not in the landing folder"):
        load(tmp_path, landing, "2024-02")
    load(tmp_path, landing, "2024-02", accept_drop=["billing.invoice"])
    assert invoices(tmp_path) == ["in_1"]


# ---- what changed


def test_what_changed_is_told_by_the_months_that_the_rows_are_dated_in(landing: Path, tmp_path: Path) -> None:
    write_months(landing, {"2024-01": row(1, "2024-01") + row(2, "2024-01"), "2024-02": row(3, "2024-02")})
    first = load(tmp_path, landing)
    assert first.sources["billing"].changes["invoice"] == {
        "2024-01": RowCounts(2, 0),
        "2024-02": RowCounts(1, 0),
    }
    # A corrected row, a late one of January and one of a month that nobody delivered.
    write_months(
        landing, {"2024-02": row(3, "2024-02", total=5) + row(4, "2024-01") + row(5, "2023-12", total=9)}
    )
    result = load(tmp_path, landing, "2024-02")
    assert result.sources["billing"].changes == {
        "invoice": {
            "2023-12": RowCounts(1, 0),
            "2024-01": RowCounts(1, 0),
            "2024-02": RowCounts(1, 1),
        }
    }


def test_a_newer_sync_stamp_and_another_order_of_rows_or_files_change_nothing(
    landing: Path, tmp_path: Path
) -> None:
    one, two = row(1, "2024-01"), row(2, "2024-01")
    write_months(landing, {"2024-01": one + two})
    load(tmp_path, landing)
    synced = row(1, "2024-01", synced="2024-05-01T00:00:00Z")
    write_months(landing, {"2024-01": two, "2024-02": synced})
    result = load(tmp_path, landing, accept_drop=["invoice"])
    assert result.sources["billing"].changes == {"invoice": {}}


def test_rows_without_a_date_are_told_as_undated(landing: Path, tmp_path: Path) -> None:
    put(landing, "billing/coupon.csv", "id\na\n")
    write_months(landing, {"2024-01": ""})
    put(landing, "billing/customer.csv", "id,created\ncus_1,\ncus_2,2024-01-02\n")
    changes = load(tmp_path, landing).sources["billing"].changes
    assert changes["coupon"] == {"undated": RowCounts(1, 0)}
    assert changes["customer"] == {"2024-01": RowCounts(1, 0), "undated": RowCounts(1, 0)}
