"""What loading a good landing folder does to the raw store, once, twice, corrected, shrunk, interrupted.

Add a test here for what a load remembers or refuses about whole tables. Broken files and rows are in
``test_landing_dirt``; single rules of reading in ``tests/unit/raw``.
"""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.raw.contract import read_contracts
from orchestration.raw.load import LoadResult, load_landing
from orchestration.raw.objects import file_hash
from orchestration.raw.problems import LoadError
from orchestration.raw.snapshot import SnapshotInfo, write_snapshot, write_table
from tests.small_landing import BILLING, put, write_landing

NOW = datetime(2024, 3, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Home:
    """A landing folder and a raw store of one test."""

    def __init__(self, folder: Path) -> None:
        self.landing = write_landing(folder / "landing")
        self.raw = folder / "raw"
        self.snapshot = folder / "snapshot"
        self.now = NOW

    def load(self, **options: Any) -> LoadResult:
        self.now += DAY
        return load_landing(self.raw, self.landing, loaded_at=self.now, **options)

    def refused(self, **options: Any) -> str:
        with pytest.raises(LoadError) as caught:
            self.load(**options)
        return str(caught.value)

    def info(self, known_at: datetime | None = None) -> SnapshotInfo:
        return write_snapshot(self.raw, self.snapshot, known_at=known_at)

    def rows(self, table: str, *columns: str, known_at: datetime | None = None) -> list[tuple[Any, ...]]:
        self.info(known_at)
        read = pq.read_table(
            self.snapshot / f"{table.replace('.', '/')}.parquet", columns=list(columns) or None
        )
        return [tuple(row.values()) for row in read.to_pylist()]

    def manifest(self) -> bytes:
        return (self.raw / "manifest.jsonl").read_bytes()

    def objects(self) -> set[str]:
        return {path.name for path in (self.raw / "objects").iterdir()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def customers(*rows: tuple[str, str, str]) -> str:
    return "id,name,_fivetran_synced\n" + "".join(",".join(row) + "\n" for row in rows)


# --- what is read ---------------------------------------------------------------------------------


def test_a_snapshot_holds_every_declared_table_with_its_columns_and_types(home: Home) -> None:
    home.load()
    home.info()
    contracts = read_contracts()
    for source in ("billing", "crm", "ledger", "policy"):
        for table in contracts[source].tables.values():
            path = home.snapshot / source / f"{table.name}.parquet"
            assert pq.read_schema(path).remove_metadata().equals(table.arrow_schema), path


def test_rows_stand_in_the_order_of_the_key_with_absent_columns_null(home: Home) -> None:
    put(home.landing, "billing/customer.csv", "name,id\nb,2\na,10\nc,1\n")
    home.load()
    assert home.rows("billing.customer", "id", "name", "created") == [
        ("1", "c", None),
        ("10", "a", None),
        ("2", "b", None),
    ]


def test_the_order_of_columns_and_the_case_of_names_do_not_matter(home: Home) -> None:
    home.load()
    before = home.info()
    header, *rows = BILLING["invoice"].splitlines()
    order = [3, 0, 6, 1, 5, 4, 2]
    turned = "\n".join(
        ",".join(line.split(",")[position] for position in order) for line in [header.upper(), *rows]
    )
    (home.landing / "billing/invoice.csv").unlink()
    put(home.landing, "billing/INVOICE.CSV", turned)
    home.load()
    after = home.info()
    hashes = {row["table_name"]: row["object_hash"] for row in before.load_report}
    assert {row["table_name"]: row["object_hash"] for row in after.load_report} == hashes


def test_every_format_of_one_table_gives_the_same_rows(home: Home) -> None:
    header = ["id", "email", "created", "delinquent", "metadata", "livemode"]
    rows = [
        ["cus_1", "a@example.com", datetime(2024, 1, 1, 9, 30), True, '{"a": 1}', None],  # noqa: DTZ001
        ["cus_2", None, datetime(2024, 1, 2), False, None, True],  # noqa: DTZ001
    ]
    text = "\n".join(
        [
            ",".join(header),
            'cus_1,a@example.com,2024-01-01T09:30:00Z,TRUE,"{""a"": 1}",',
            "cus_2,,1704153600,f,,1",
        ]
    )
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    sheet = io.BytesIO()
    book.save(sheet)
    arrow = io.BytesIO()
    pq.write_table(pa.table(dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))), arrow)
    forms: dict[str, bytes] = {
        "csv": text.encode(),
        "csv.gz": gzip.compress(text.encode()),
        "parquet": arrow.getvalue(),
        "xlsx": sheet.getvalue(),
    }
    (home.landing / "billing/customer.csv").unlink()
    hashes = set()
    for extension, contents in forms.items():
        path = put(home.landing, f"billing/customer.{extension}", contents)
        home.load()
        hashes.add(
            next(row["object_hash"] for row in home.info().load_report if row["table_name"] == "customer")
        )
        path.unlink()
    assert len(hashes) == 1
    put(home.landing, "billing/customer.csv", text)
    home.load()
    assert home.rows("billing.customer", "id", "email", "created", "delinquent", "metadata", "livemode") == [
        ("cus_1", "a@example.com", datetime(2024, 1, 1, 9, 30), True, '{"a": 1}', None),  # noqa: DTZ001
        ("cus_2", None, datetime(2024, 1, 2), False, None, True),  # noqa: DTZ001
    ]


def test_a_byte_order_mark_windows_line_ends_and_quoted_headers_are_no_difference(home: Home) -> None:
    plain = 'id,name\ncus_1,"a, ""b"""\ncus_2,c\n'
    put(home.landing, "billing/customer.csv", plain)
    home.load()
    (expected,) = (row["object_hash"] for row in home.info().load_report if row["table_name"] == "customer")
    for variant in (
        "\ufeff" + plain,
        plain.replace("\n", "\r\n"),
        '\ufeff"ID","Name"\r\n' + plain.partition("\n")[2],
        plain.rstrip("\n"),
        plain + "\n\n",
        plain.replace("\n", "\r"),
        plain.replace("cus_1,", "cus_1, ", 1),
        plain.replace("\ncus_2", "\r\ncus_2"),
        "\n" + plain,
    ):
        put(home.landing, "billing/customer.csv", variant)
        home.load()
        (found,) = (row["object_hash"] for row in home.info().load_report if row["table_name"] == "customer")
        assert found == expected, variant


def test_a_header_alone_is_an_empty_table(home: Home) -> None:
    put(home.landing, "billing/coupon.csv", "id,name")
    home.load()
    assert home.rows("billing.coupon") == []
    assert {row["table_name"] for row in home.info().load_report} >= {"coupon"}


def test_exact_values_keep_every_digit(home: Home) -> None:
    put(
        home.landing,
        "ledger/currencyrate.csv",
        "basecurrency,transactioncurrency,effectivedate,exchangerate\n"
        "USD,EUR,2024-01-01,1.123456789012\nUSD,JPY,2024-01-01T00:00:00,7.5e-3\nUSD,KWD,2024-01-01,3.250000000000000\n",
    )
    home.load()
    assert home.rows("ledger.currencyrate", "transactioncurrency", "effectivedate", "exchangerate") == [
        ("EUR", date(2024, 1, 1), Decimal("1.123456789012")),
        ("JPY", date(2024, 1, 1), Decimal("0.007500000000")),
        ("KWD", date(2024, 1, 1), Decimal("3.250000000000")),
    ]


def test_unknown_columns_tables_files_and_folders_are_noted_and_left_alone(home: Home) -> None:
    put(home.landing, "billing/customer.csv", "id,zeta,name,alpha,\ncus_1,1,n,2,\n")
    put(home.landing, "billing/mystery.csv", "id\n1\n")
    put(home.landing, "billing/notes.txt", "hello")
    put(home.landing, "billing/.DS_Store", b"\0")
    put(home.landing, "billing/~$customer.xlsx", b"\0")
    put(home.landing, "billing/price_tier/2024-01.csv", "price_id,index\np,1\n")
    put(home.landing, "billing/price_tier/older/2023-01.csv", "price_id,index\np,1\n")
    put(home.landing, "payroll/salary.csv", "id\n1\n")
    result = home.load()
    notes = "\n".join([*result.notes, *result.sources["billing"].notes])
    for name in ("billing/mystery.csv", "billing/notes.txt", "billing/price_tier/older/", "payroll/"):
        assert f"{name}: " in notes
    assert ".DS_Store" not in notes
    assert "~$" not in notes
    report = next(row for row in home.info().load_report if row["table_name"] == "customer")
    assert report["unknown_columns"] == "(column 5),alpha,zeta"


def test_other_sheets_with_cells_are_noted(home: Home) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.create_sheet("Empty")
    book.create_sheet("Second").append(["something"])
    buffer = io.BytesIO()
    book.save(buffer)
    put(home.landing, "billing/coupon.xlsx", buffer.getvalue())
    assert home.load().sources["billing"].notes == (
        "billing/coupon.xlsx: only the first sheet is read; 'Second' also hold cells",
    )


def test_a_landing_path_with_pattern_characters_and_quotes_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a]*? folder"
    landing = write_landing(folder / "landing")
    put(landing, "billing/coupon/part [1]*.csv", "id\na\n")
    put(landing, "billing/coupon/part 1x.csv", "id\nb\n")
    load_landing(folder / "raw", landing, loaded_at=NOW)
    write_snapshot(folder / "raw", folder / "snapshot")
    assert pq.read_table(folder / "snapshot/billing/coupon.parquet")["id"].to_pylist() == ["a", "b"]


# --- what must be there ---------------------------------------------------------------------------


def test_a_missing_required_table_is_named_with_what_it_may_have_been_mistyped_as(home: Home) -> None:
    (home.landing / "billing/customer.csv").rename(home.landing / "billing/customers.csv")
    message = home.refused()
    assert "billing.customer: this table is required" in message
    assert "'customers'" in message
    assert not (home.raw / "manifest.jsonl").exists()


def test_every_problem_of_a_source_is_told_at_once(home: Home) -> None:
    (home.landing / "billing/price.csv").unlink()
    put(home.landing, "billing/invoice.csv", "")
    put(home.landing, "billing/customer.csv", "name\nx\n")
    message = home.refused().splitlines()
    assert [line.partition(":")[0] for line in message] == [
        "billing.price",
        "billing/customer.csv, line 1, column id",
        "billing/invoice.csv",
    ]


def test_a_folder_without_billing_is_refused_and_one_that_is_not_there_or_is_a_file_too(
    home: Home, tmp_path: Path
) -> None:
    (home.landing / "billing").rename(home.landing / "stripe")
    assert "billing.customer: this table is required" in home.refused()
    with pytest.raises(LoadError, match="does not exist"):
        load_landing(home.raw, tmp_path / "nowhere", loaded_at=NOW)
    with pytest.raises(LoadError, match=r"customer\.csv: this is not a folder\. Give the folder"):
        load_landing(home.raw, home.landing / "stripe/customer.csv", loaded_at=NOW)


def test_ledger_tables_are_required_only_beside_transactions(home: Home) -> None:
    put(home.landing, "ledger/currency.csv", "id,name,symbol\n1,Euro,EUR\n")
    home.load()
    put(home.landing, "ledger/transaction.csv", "id,trandate,postingperiod\n1,2024-01-05,7\n")
    message = home.refused()
    for table in ("account", "accountingperiod", "transactionline", "transactionaccountingline"):
        assert f"ledger.{table}: this table is required where transaction is there" in message
    assert home.rows("ledger.transaction") == []


def test_one_accounting_book_needs_no_column_for_it(home: Home) -> None:
    for table, text in {
        "account": "id,accttype\n1,Income\n",
        "accountingperiod": "id,startdate,enddate\n7,2024-01-01,2024-01-31\n",
        "transaction": "id,trandate,postingperiod\n1,2024-01-05,7\n",
        "transactionline": "id,transaction\n0,1\n1,1\n",
        "transactionaccountingline": (
            "transaction,transactionline,account,amount,posting\n1,0,1,-5.00,T\n1,1,1,5.00,T\n"
        ),
    }.items():
        put(home.landing, f"ledger/{table}.csv", text)
    home.load()
    assert home.rows("ledger.transactionaccountingline", "transactionline", "amount", "posting") == [
        ("0", Decimal("-5.000000"), True),
        ("1", Decimal("5.000000"), True),
    ]


def test_two_forms_or_two_formats_of_one_table_are_refused(home: Home) -> None:
    put(home.landing, "billing/customer/2024-01.csv", BILLING["customer"])
    assert "billing/customer.csv: this file and the folder of billing/customer/2024-01.csv" in home.refused()
    (home.landing / "billing/customer/2024-01.csv").unlink()
    put(home.landing, "billing/customer.csv.gz", gzip.compress(BILLING["customer"].encode()))
    assert "billing/customer.csv.gz: billing/customer.csv holds the same rows" in home.refused()


def test_a_link_that_leaves_the_landing_folder_is_refused_and_one_within_it_is_read(home: Home) -> None:
    outside = put(home.raw.parent / "elsewhere", "customer.csv", BILLING["customer"])
    (home.landing / "billing/customer.csv").unlink()
    (home.landing / "billing/customer.csv").symlink_to(outside)
    assert "billing/customer.csv: this link leads out of the landing folder" in home.refused()
    (home.landing / "billing/customer.csv").unlink()
    put(home.landing, "archive/customers.csv", BILLING["customer"])
    (home.landing / "billing/customer.csv").symlink_to(home.landing / "archive/customers.csv")
    home.load()
    assert len(home.rows("billing.customer")) == 2


def test_a_source_that_fails_keeps_what_it_had_and_does_not_hold_up_the_others(home: Home) -> None:
    home.load()
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,three,2024-01-03,usd,\n")
    put(home.landing, "billing/invoice.csv", "")
    put(home.landing, "crm/company.csv", "id,property_name\n1,One\n")
    with pytest.raises(LoadError) as caught:
        home.load()
    assert caught.value.result is not None
    assert {name: one.status for name, one in caught.value.result.sources.items()} == {
        "policy": "absent",
        "billing": "failed",
        "crm": "loaded",
        "ledger": "absent",
    }
    assert len(home.rows("billing.customer")) == 2
    assert home.rows("crm.company", "property_name") == [("One",)]


def test_a_file_that_changes_while_it_is_read_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.raw import load

    stage = load.stage_file

    def stage_while_written(connection: Any, table: Any, file: Any, *rest: Any, **options: Any) -> Any:
        staged = stage(connection, table, file, *rest, **options)
        if file.table == "customer":
            with file.path.open("a") as export:
                export.write("cus_3,")
        return staged

    monkeypatch.setattr(load, "stage_file", stage_while_written)
    assert "billing/customer.csv: changed while it was read" in home.refused()


# --- again and again ------------------------------------------------------------------------------


def test_the_same_files_again_change_nothing_and_are_not_read(home: Home) -> None:
    assert home.load().changed
    manifest, objects = home.manifest(), home.objects()
    lines: list[str] = []
    again = home.load(on_progress=lines.append)
    assert not again.changed
    assert lines == []
    assert (home.manifest(), home.objects()) == (manifest, objects)
    assert not any(file.is_new for file in again.files)
    assert [file.rows_accepted for file in again.files if file.table == "customer"] == [2]


def test_two_homes_give_the_same_objects_and_the_same_snapshot_whatever_the_order_of_rows(
    tmp_path: Path,
) -> None:
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    header, *rows = BILLING["invoice"].splitlines()
    put(two.landing, "billing/invoice.csv", "\n".join([header, *reversed(rows)]))
    one.load()
    two.load()
    two.load()
    assert one.objects() == two.objects()
    assert one.info().fingerprint == two.info().fingerprint
    assert one.info().fingerprint != one.info().fingerprint[::-1]
    put(two.landing, "policy/metric_policies.csv", "policy_key,policy_value\nrenewal_grace_days,3\n")
    two.load()
    assert one.info().fingerprint != two.info().fingerprint


def test_a_corrected_file_replaces_its_rows_and_the_old_ones_stay_known(home: Home) -> None:
    put(home.landing, "billing/customer.csv", customers(("a", "Old", ""), ("b", "Gone", ""), *OTHERS))
    home.load()
    before = home.now
    put(home.landing, "billing/customer.csv", customers(("a", "New", ""), *OTHERS))
    home.load()
    assert home.rows("billing.customer", "id", "name")[:2] == [("a", "New"), ("c0", "x")]
    assert home.rows("billing.customer", "id", "name", known_at=before)[:2] == [("a", "Old"), ("b", "Gone")]
    with pytest.raises(LoadError, match="nothing had been loaded by"):
        home.info(before - DAY)


OTHERS = [(f"c{number}", "x", "") for number in range(10)]


def test_a_contract_that_changes_makes_the_files_be_read_again(home: Home, tmp_path: Path) -> None:
    home.load()
    models = tmp_path / "models"
    source = PROJECT_ROOT / "dbt_project/models/staging/billing/_billing__sources.yml"
    put(
        models,
        "_billing__sources.yml",
        source.read_text().replace(
            "{name: total, data_type: bigint", '{name: total, data_type: "decimal(30,2)"'
        ),
    )
    contracts = read_contracts(models)
    home.info()
    old = write_snapshot(home.raw, tmp_path / "old", contracts=contracts)
    assert pq.read_table(tmp_path / "old/billing/invoice.parquet")["total"].to_pylist() == [1000, 2000]
    lines: list[str] = []
    assert home.load(contracts=contracts, on_progress=lines.append).changed
    assert [line for line in lines if "reading" in line] == ["billing.invoice: reading billing/invoice.csv"]
    assert write_snapshot(home.raw, tmp_path / "new", contracts=contracts).fingerprint != old.fingerprint


def test_load_times_grow_even_when_the_clock_goes_back(home: Home) -> None:
    home.load()
    home.now = NOW - 400 * DAY
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,,,,\n")
    result = home.load()
    (customer,) = (file for file in result.files if file.table == "customer")
    assert customer.loaded_at == NOW + DAY + timedelta(microseconds=1)


def test_a_load_of_one_table_leaves_the_others_as_they_were(home: Home) -> None:
    home.load()
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,,,,\n")
    put(home.landing, "billing/invoice.csv", "")
    result = home.load(tables=["customer"], sources=["billing"])
    assert [file.table for file in result.files] == ["customer"]
    assert len(home.rows("billing.customer")) == 3
    assert len(home.rows("billing.invoice")) == 2


def test_names_that_mean_nothing_are_refused(home: Home) -> None:
    with pytest.raises(ValueError, match="'bills' is no source"):
        home.load(sources=["bills"])
    with pytest.raises(ValueError, match="'costumer' is no table"):
        home.load(tables=["costumer"])
    with pytest.raises(ValueError, match="'costumer' is no table"):
        home.load(accept_drop=["costumer"])
    with pytest.raises(ValueError, match="time zone"):
        load_landing(home.raw, home.landing, loaded_at=NOW.replace(tzinfo=None))


# --- several files of one table -------------------------------------------------------------------


def parts(home: Home, **files: str) -> None:
    (home.landing / "billing/customer.csv").unlink(missing_ok=True)
    for name, text in files.items():
        put(home.landing, f"billing/customer/{name}.csv", text)


def test_a_month_loaded_again_replaces_exactly_that_month(home: Home) -> None:
    parts(
        home, **{"2024-01": customers(("a", "1", ""), ("b", "1", "")), "2024-02": customers(("c", "2", ""))}
    )
    home.load()
    (before,) = (row for row in home.info().load_report if row["file_name"].endswith("2024-02.csv"))
    (home.landing / "billing/customer/2024-01.csv").unlink()
    put(
        home.landing,
        "billing/customer/2024-01.csv.gz",
        gzip.compress(customers(("b", "9", ""), ("d", "9", "")).encode()),
    )
    home.load()
    assert home.rows("billing.customer", "id", "name") == [("b", "9"), ("c", "2"), ("d", "9")]
    (after,) = (row for row in home.info().load_report if row["file_name"].endswith("2024-02.csv"))
    assert after == before


def test_of_two_rows_with_one_key_the_newer_stamp_wins_then_the_later_load_then_the_file_name(
    home: Home,
) -> None:
    new, old = "2024-03-02T00:00:00Z", "2024-03-01T00:00:00Z"
    parts(
        home,
        a=customers(
            ("stamped", "newer stamp", new), ("loaded", "first", ""), ("named", "a", ""), ("some", "none", "")
        ),
        b=customers(("stamped", "older stamp", old), ("named", "b", ""), ("some", "stamp", old)),
    )
    home.load()
    put(
        home.landing,
        "billing/customer/0.csv",
        customers(("loaded", "later", ""), ("stamped", "late but old", old)),
    )
    home.load()
    assert home.rows("billing.customer", "id", "name") == [
        ("loaded", "later"),
        ("named", "b"),
        ("some", "stamp"),
        ("stamped", "newer stamp"),
    ]
    counts = {
        row["file_name"][-5:]: row for row in home.info().load_report if row["table_name"] == "customer"
    }
    assert [counts[name]["rows_superseded"] for name in ("0.csv"[-5:], "a.csv", "b.csv")] == [1, 3, 1]
    assert sum(row["rows_accepted"] for row in counts.values()) == 4
    for row in counts.values():
        assert row["rows_read"] == row["rows_accepted"] + row["rows_quarantined"] + row["rows_superseded"]


def test_the_newest_of_both_tools_stamps_decides(home: Home) -> None:
    header = "id,name,_fivetran_synced,_airbyte_extracted_at\n"
    put(
        home.landing,
        "billing/customer.csv",
        header + "a,airbyte,2024-01-01,2024-02-02\na,fivetran,2024-02-01,\n",
    )
    home.load()
    assert home.rows("billing.customer", "name") == [("airbyte",)]


def test_within_a_file_equal_rows_and_older_stamps_are_superseded_and_counted(home: Home) -> None:
    rows = [("a", "old", "2024-01-01"), ("a", "new", "2024-01-02"), ("b", "same", ""), ("b", "same", "")]
    put(home.landing, "billing/customer.csv", customers(*rows))
    home.load()
    assert home.rows("billing.customer", "id", "name") == [("a", "new"), ("b", "same")]
    (row,) = (row for row in home.info().load_report if row["table_name"] == "customer")
    assert (row["rows_read"], row["rows_accepted"], row["rows_superseded"]) == (4, 2, 2)


def test_a_table_without_a_key_keeps_every_row_of_every_file(home: Home) -> None:
    visits = "anonymous_id,visited_at\nx,2024-01-01\nx,2024-01-01\n"
    put(home.landing, "crm/web_visit/one.csv", visits)
    put(home.landing, "crm/web_visit/two.csv", visits)
    home.load()
    assert len(home.rows("crm.web_visit")) == 4


# --- tables that shrink ---------------------------------------------------------------------------


def many(count: int) -> str:
    return customers(*((f"c{number:03}", "x", "") for number in range(count)))


def test_a_table_that_shrinks_beyond_the_policy_is_refused_until_the_operator_accepts_it(home: Home) -> None:
    put(home.landing, "billing/customer.csv", many(100))
    home.load()
    put(home.landing, "billing/customer.csv", many(80))
    home.load()
    put(home.landing, "billing/customer.csv", many(63))
    message = home.refused()
    for fragment in (
        "billing/customer.csv",
        "63 rows now, 80 at",
        "21.2 % fewer",
        "--accept-drop billing.customer",
    ):
        assert fragment in message
    assert len(home.rows("billing.customer")) == 80
    assert "63 rows now" in home.refused(accept_drop=["billing.invoice"])
    home.load(accept_drop=["customer"])
    assert len(home.rows("billing.customer")) == 63


def test_the_companys_own_policy_decides_how_much_may_go(home: Home) -> None:
    put(home.landing, "billing/customer.csv", many(100))
    home.load()
    put(home.landing, "billing/customer.csv", many(40))
    put(home.landing, "policy/metric_policies.csv", "policy_key,policy_value\nmax_row_drop_share,0.6\n")
    home.load()
    assert len(home.rows("billing.customer")) == 40


def test_policy_rows_may_be_deleted_but_none_is_lost_to_an_error_nor_a_whole_file(home: Home) -> None:
    file = put(
        home.landing,
        "policy/metric_policies.csv",
        "policy_key,policy_value\nrenewal_grace_days,5\nfx_rate_max_age_days,9\n",
    )
    home.load()
    put(home.landing, "policy/metric_policies.csv", "policy_key,policy_value\nrenewal_grace_days,5\n")
    home.load()
    assert home.info().policies["fx_rate_max_age_days"] == "7"
    put(home.landing, "policy/metric_policies.csv", "policy_key,policy_value\nrenewal_grace_days,5,a,b\n")
    assert "1 rows are unreadable" in home.refused()
    file.unlink()
    message = home.refused()
    assert "policy/metric_policies.csv: held 1 rows" in message
    assert "--accept-drop policy.metric_policies" in message
    put(home.landing, "policy/metric_policies.csv", "policy_key,policy_value\n")
    home.load()
    assert home.info().policies["renewal_grace_days"] == "0"


def test_rows_that_became_unreadable_are_named_where_a_table_shrinks(home: Home) -> None:
    put(
        home.landing,
        "billing/customer.csv",
        "id,created\n" + "".join(f"c{n},2024-01-01\n" for n in range(10)),
    )
    home.load()
    text = "id,created\n" + "".join(f"c{n},{'x' if n > 4 else '2024-01-01'}\n" for n in range(10))
    put(home.landing, "billing/customer.csv", text)
    message = home.refused()
    assert "5 rows are unreadable, the first in line 7, column created, value 'x'" in message


def test_a_month_that_shrinks_or_goes_is_refused_even_if_the_table_grows(home: Home) -> None:
    parts(home, **{"2024-01": many(10)})
    home.load()
    parts(home, **{"2024-01": many(5), "2024-02": many(100)})
    assert "billing/customer/2024-01.csv: 5 rows now, 10 at" in home.refused()
    (home.landing / "billing/customer/2024-01.csv").unlink()
    assert "billing/customer/2024-01.csv: held 10 rows" in home.refused()
    home.load(accept_drop=["billing.customer"])
    assert len(home.rows("billing.customer")) == 100


def test_an_optional_table_that_goes_is_refused_and_one_that_only_changes_its_form_is_not(home: Home) -> None:
    put(home.landing, "billing/coupon.csv", "id\na\nb\n")
    home.load()
    (home.landing / "billing/coupon.csv").unlink()
    assert "billing/coupon.csv: held 2 rows" in home.refused()
    put(home.landing, "billing/coupon/first.csv", "id\na\nb\n")
    home.load()
    (home.landing / "billing/coupon/first.csv").rename(home.landing / "billing/coupon/renamed.csv")
    home.load()
    assert home.rows("billing.coupon", "id") == [("a",), ("b",)]
    (home.landing / "billing/coupon/renamed.csv").unlink()
    home.load(accept_drop=["coupon"])
    assert home.rows("billing.coupon") == []


def test_a_file_that_goes_on_growing_after_it_was_read_is_refused(home: Home) -> None:
    home.load()
    before = home.info().fingerprint
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,,,,\n")
    put(home.landing, "billing/price.csv", BILLING["price"] + "price_2,prod_1,usd,1000,month\n")

    def grow(line: str) -> None:
        if line.startswith("billing.price: reading"):
            with (home.landing / "billing/customer.csv").open("a") as file:
                file.write("cus_4,,,,\n")

    with pytest.raises(LoadError, match=r"billing/customer\.csv: changed while other files of its source"):
        load_landing(home.raw, home.landing, loaded_at=home.now, on_progress=grow)
    assert home.info().fingerprint == before
    home.load()
    assert len(home.rows("billing.customer")) == 4


# --- policies -------------------------------------------------------------------------------------


def test_policy_rows_of_the_landing_folder_override_the_defaults_and_are_kept_as_known(home: Home) -> None:
    home.load()
    before = home.now
    assert home.info().policies["renewal_grace_days"] == "0"
    put(
        home.landing,
        "policy/metric_policies.csv",
        "policy_key,policy_value,why\nrenewal_grace_days,5,late billing\n",
    )
    home.load()
    policies = home.info().policies
    assert policies["renewal_grace_days"] == "5"
    assert policies["reporting_currency"] == "USD"
    assert home.info(before).policies["renewal_grace_days"] == "0"


@pytest.mark.parametrize(
    ("row", "fragments"),
    [
        (
            "renewal_grace_dayz,1",
            ["line 3", "column policy_key", "no policy has this key", "'renewal_grace_days'"],
        ),
        ("max_row_drop_share,1.5", ["line 3", "column policy_value", "'1.5'", "from 0 to 1"]),
        ("max_row_drop_share,", ["line 3", "from 0 to 1"]),
        ("reporting_time_zone,Mars/Olympus", ["line 3", "no time zone"]),
        ("reporting_currency,dollars", ["line 3", "ISO 4217"]),
        ("reporting_time_zone,Factory", ["line 3", "'Factory'", "the models cannot use this time zone"]),
        ("renewal_grace_days,1.5", ["line 3", "no whole number"]),
        ("renewal_grace_days,99999999", ["line 3", "too large", "a whole number from 0 to 36500"]),
    ],
)
def test_a_policy_that_nobody_could_follow_is_refused(home: Home, row: str, fragments: list[str]) -> None:
    put(
        home.landing,
        "policy/metric_policies.csv",
        f"policy_key,policy_value\nfx_rate_max_age_days,9\n{row}\n",
    )
    message = home.refused()
    for fragment in ["policy/metric_policies.csv", *fragments]:
        assert fragment in message
    assert home.info().policies["fx_rate_max_age_days"] == "7"


# --- durability -----------------------------------------------------------------------------------


def test_a_torn_last_line_of_the_manifest_is_passed_over_and_mended(home: Home) -> None:
    home.load()
    whole = home.manifest()
    with (home.raw / "manifest.jsonl").open("ab") as file:
        file.write(whole[: len(whole) // 3])
    assert len(home.rows("billing.customer")) == 2
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,,,,\n")
    home.load()
    assert home.manifest().startswith(whole)
    assert home.manifest().count(b"\n") == 2
    assert len(home.rows("billing.customer")) == 3


def test_objects_cannot_be_written_to_and_are_named_by_their_contents(home: Home) -> None:
    home.load()
    for path in (home.raw / "objects").iterdir():
        assert path.name == f"{file_hash(path)}.parquet"
        assert path.stat().st_mode & 0o777 == 0o444


def test_an_object_that_was_lost_is_named_and_made_again_from_the_same_file(home: Home) -> None:
    home.load()
    lost = next(row for row in home.info().load_report if row["table_name"] == "customer")
    (home.raw / "objects" / f"{lost['object_hash']}.parquet").unlink()
    with pytest.raises(LoadError, match=r"billing/customer\.csv: its raw object .* is missing"):
        home.info()
    home.load()
    assert len(home.rows("billing.customer")) == 2


KILL_AT_SYSTEM_CALL = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path

countdown = int(sys.argv[3])

def counted(function):
    def call(*arguments, **options):
        global countdown
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.fsync = counted(os.fsync)
os.rename = counted(os.rename)
os.replace = counted(os.replace)
from orchestration.raw.load import load_landing
load_landing(Path(sys.argv[1]), Path(sys.argv[2]), loaded_at=datetime(2024, 3, 9, tzinfo=UTC))
"""


def test_a_load_killed_at_any_write_leaves_the_state_before_or_the_state_after(home: Home) -> None:
    home.load()
    before = home.info().fingerprint
    put(home.landing, "billing/customer.csv", BILLING["customer"] + "cus_3,bad,x,usd,\ncus_4,good,,usd,\n")
    put(home.landing, "billing/coupon.csv", "id\na\n")
    seen = set()
    for countdown in range(1, 40):
        script = [sys.executable, "-c", KILL_AT_SYSTEM_CALL, str(home.raw), str(home.landing), str(countdown)]
        run = subprocess.run(script, cwd=PROJECT_ROOT, env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)})
        seen.add(home.info().fingerprint)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL
    assert run.returncode == 0
    assert before in seen
    assert len(seen) == 2
    assert {file.table for file in home.load().files} >= {"customer", "coupon"}
    assert not (home.raw / "staging").exists()
    assert len(home.rows("billing.customer")) == 3


# --- typed files from Python rows -----------------------------------------------------------------


def test_python_rows_become_a_typed_table_in_the_order_of_the_key(tmp_path: Path) -> None:
    contract = read_contracts()["ledger"].tables["currencyrate"]
    rate = {"basecurrency": "USD", "transactioncurrency": "EUR", "exchangerate": Decimal("1.1")}
    rows = [{**rate, "effectivedate": date(2024, 1, day)} for day in (2, 1)]
    write_table(contract, rows, tmp_path / "rate.parquet")
    read = pq.read_table(tmp_path / "rate.parquet")
    assert read.schema.remove_metadata().equals(contract.arrow_schema)
    assert read["effectivedate"].to_pylist() == [date(2024, 1, 1), date(2024, 1, 2)]
    for wrong, message in (
        ({"effectivedate": date(2024, 1, 1), "rate": 1}, "no column 'rate'"),
        ({"effectivedate": None}, "effectivedate: a value is required"),
        ({"effectivedate": "soon"}, "effectivedate"),
    ):
        with pytest.raises(ValueError, match=message):
            write_table(contract, [{**rate, **wrong}], tmp_path / "wrong.parquet")
