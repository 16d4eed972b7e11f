"""The same command writes the same bytes anywhere, and companies do not depend on one another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seeds.generator.__main__ import generate, main
from seeds.generator.output import CsvSink
from seeds.generator.planted import planted_cases
from seeds.generator.tables import Row, Table
from tests.unit.generator.conftest import SEEDS

_FEW = len(planted_cases()) + 8

# Where a ledger row names its entry, and below which number entries are the vendor's own.
_ENTRY_COLUMNS = {
    "transaction": "id",
    "transactionline": "transaction",
    "transactionaccountingline": "transaction",
}
_OWN_IDS = 1_000_000


class _Memory:
    """A sink that keeps the rows."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.tables: dict[str, Table] = {}

    def add(self, table: Table, rows: Iterable[Row]) -> None:
        self.tables[table.name] = table
        self.rows.setdefault(table.name, []).extend(rows)

    def close(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.rows.items()}


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def test_the_committed_files_are_what_the_default_command_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--into", str(tmp_path)]) == 0
    assert "invoice_line_item" in capsys.readouterr().out
    written = _files(tmp_path)
    committed = {name: (SEEDS / name).read_bytes() for name in written}
    assert [name for name in written if written[name] != committed[name]] == []


@pytest.mark.parametrize("source", ["billing", "ledger", "crm"])
def test_the_committed_folder_holds_no_other_file(source: str, tmp_path: Path) -> None:
    generate(CsvSink(tmp_path), customers=1, months=1, seed=1)
    assert {path.name for path in (SEEDS / source).iterdir()} == {
        path.name for path in (tmp_path / source).iterdir()
    }


def test_two_processes_with_other_hash_seeds_and_time_zones_write_the_same_bytes(tmp_path: Path) -> None:
    for name, hash_seed, zone in (("one", "1", "UTC"), ("two", "2", "Asia/Tokyo")):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "seeds.generator",
                "--into",
                str(tmp_path / name),
                "--customers",
                str(_FEW),
            ],
            cwd=SEEDS.parent,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone},
            check=True,
            capture_output=True,
        )
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def _rows_but_sums(customers: int, seed: int = 5) -> dict[str, set[Row]]:
    """All rows, leaving out what adds up over companies.

    Those are payouts, which payout a transaction went into, and the vendor's own ledger entries but the
    headers of recognition runs.
    """
    memory = _Memory()
    generate(memory, customers=customers, months=36, seed=seed)
    kept = {}
    for name, rows in memory.rows.items():
        names = [column.name for column in memory.tables[name].columns]
        left_out = {"payout_id"} if name == "balance_transaction" else set()
        kept[name] = {
            tuple(value for column, value in zip(names, row, strict=True) if column not in left_out)
            for row in rows
            if not (name == "balance_transaction" and row[names.index("type")] == "payout")
            and not (name in _ENTRY_COLUMNS and int(row[names.index(_ENTRY_COLUMNS[name])] or 0) < _OWN_IDS)
        }
    del kept["payout"]
    return kept


def test_one_customer_more_changes_nothing_about_the_others() -> None:
    fewer, more = _rows_but_sums(_FEW), _rows_but_sums(_FEW + 1)
    assert {name: fewer[name] - more[name] for name in fewer if fewer[name] - more[name]} == {}
    assert len(more["customer"]) == len(fewer["customer"]) + 1


def test_another_seed_changes_the_random_companies_and_leaves_the_planted_ones() -> None:
    one, two = _rows_but_sums(_FEW, seed=5), _rows_but_sums(_FEW, seed=6)
    shared = one["customer"] & two["customer"]
    assert len(shared) == len(planted_cases())
    assert len(two["customer"]) == _FEW


def test_planted_companies_are_written_even_if_fewer_customers_are_asked_for() -> None:
    memory = _Memory()
    assert generate(memory, customers=1, months=36, seed=5)["customer"] == len(planted_cases())


def _instant(value: object) -> int:
    """Seconds since 1970 of a moment or of a day's start; 0 where there is none."""
    if isinstance(value, str):
        return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())
    return value if isinstance(value, int) else 0


def test_a_shorter_time_knows_nothing_of_what_comes_later() -> None:
    memory = _Memory()
    generate(memory, customers=_FEW, months=12, seed=5)
    horizon = 1704078900  # 2024-01-01T03:15:00Z
    happened = {
        "created",
        "start_date",
        "_fivetran_synced",
        "ended_at",
        "canceled_at",
        "status_transitions_paid_at",
        "createddate",
        "lastmodifieddate",
        "closedondate",
        "trandate",
        "date",
        "month",
        "end_date",
        "valid_from",
        "capitalized_on",
        "in_service_on",
        "disposed_on",
        "property_createdate",
        "property_first_agent_reply_date",
        "property_closed_date",
        "ChargePeriodStart",
        "date_entered",
        "timestamp",
        "occurred_at",
        "rated_at",
        "submitted_at",
        "visited_at",
        "property_hs_v2_date_entered_lead",
        "property_hs_v2_date_entered_marketingqualifiedlead",
        "property_hs_v2_date_entered_salesqualifiedlead",
        "property_hs_v2_date_entered_opportunity",
        "property_hs_v2_date_entered_customer",
    }
    for name, table in memory.tables.items():
        for position, column in enumerate(table.columns):
            if column.name in happened:
                later = [row for row in memory.rows[name] if _instant(row[position]) > horizon]
                assert later == [], f"{name}.{column.name}"


@pytest.mark.parametrize(
    "arguments", [[], ["--into", "x", "--customers", "0"], ["--into", "x", "--format", "xlsx"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
