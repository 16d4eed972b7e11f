"""Every kind of dirt that exports have, one row each: what the file holds and what the person must be told.

Add a case when a real export breaks in a new way. Cases that keep the file out are refusals; those that keep
single rows out are quarantine. That clean files load is in ``test_landing_loads``.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.raw.load import load_landing
from orchestration.raw.problems import LoadError
from orchestration.raw.snapshot import write_snapshot
from tests.small_landing import BILLING, put, write_landing

NOW = datetime(2024, 3, 1, 4, tzinfo=UTC)
CUSTOMERS = BILLING["customer"]
INVOICES = BILLING["invoice"]
LINES = BILLING["invoice_line_item"]


def workbook(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(**columns: pa.Array) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def with_part(book: bytes, part: str, contents: bytes) -> bytes:
    """The workbook with one of its parts replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w") as new:
        assert part in old.namelist()
        for name in old.namelist():
            new.writestr(name, contents if name == part else old.read(name))
    return buffer.getvalue()


def fill_with_customers(book: openpyxl.Workbook) -> None:
    for line in CUSTOMERS.splitlines():
        book.active.append(line.split(","))


CUSTOMER_BOOK = workbook(fill_with_customers)

REFUSED = [
    ("an empty file", "customer.csv", b"", ["is empty (0 bytes)"]),
    ("a byte order mark alone", "customer.csv", b"\xef\xbb\xbf", ["not even a header"]),
    ("blank lines alone", "customer.csv", b"\n\n", ["not even a header"]),
    ("a truncated gzip", "customer.csv.gz", gzip.compress(CUSTOMERS.encode() * 50)[:-20], ["is cut off"]),
    (
        "a damaged gzip",
        "customer.csv.gz",
        gzip.compress(CUSTOMERS.encode())[:-8] + b"12345678",
        ["is damaged"],
    ),
    ("plain text named gz", "customer.csv.gz", CUSTOMERS.encode(), ["is not compressed with gzip"]),
    (
        "gzip named csv",
        "customer.csv",
        gzip.compress(CUSTOMERS.encode()),
        ["compressed with gzip", ".csv.gz"],
    ),
    ("a workbook named csv", "customer.csv", workbook(lambda book: None), ["Excel workbook", ".xlsx"]),
    ("parquet named csv", "customer.csv", parquet(id=pa.array(["cus_1"])), ["is a Parquet file", ".parquet"]),
    ("a login page named csv", "customer.csv", b"<!DOCTYPE html><html></html>", ["web page"]),
    ("semicolons", "customer.csv", CUSTOMERS.replace(",", ";").encode(), ["line 1", "semicolons (;)"]),
    ("tabs", "customer.csv", CUSTOMERS.replace(",", "\t").encode(), ["line 1", "tabs"]),
    ("bars", "customer.csv", CUSTOMERS.replace(",", "|").encode(), ["line 1", "bars (|)"]),
    (
        "rows divided otherwise than the header",
        "customer.csv",
        b"id,email,name\n" + b"cus_1;a;b\n" * 20_000,
        ["line 2", "not one of its first 10,000 rows", "too few fields: 1, the header has 3"],
    ),
    ("UTF-16 with a mark", "customer.csv", CUSTOMERS.encode("utf-16"), ["UTF-16", "Save it as UTF-8"]),
    ("UTF-16 without a mark", "customer.csv", CUSTOMERS.encode("utf-16-le"), ["UTF-16"]),
    (
        "UTF-16 in gzip",
        "customer.csv.gz",
        gzip.compress(CUSTOMERS.encode("utf-16")),
        ["UTF-16"],
    ),
    (
        "Latin-1",
        "customer.csv",
        CUSTOMERS.encode() + b"cus_3,caf\xe9@example.com,2024-01-03,usd,\n",
        ["line 4", "not UTF-8", "0xE9", "Latin-1"],
    ),
    (
        "UTF-8 cut within a letter",
        "customer.csv",
        CUSTOMERS.encode() + b"cus_3,caf\xc3",
        ["line 4", "not UTF-8"],
    ),
    ("a NUL byte", "customer.csv", CUSTOMERS.replace("two@", "two\0@").encode(), ["line 3", "NUL byte"]),
    (
        "an open quote",
        "customer.csv",
        CUSTOMERS.replace("two@example.com", '"two@example.com').encode() + b"cus_3,a,2024-01-03,usd,\n",
        ["line 3", "a quote opens here"],
    ),
    (
        "an open quote that a later one closes",
        "customer.csv",
        (
            CUSTOMERS
            + 'cus_3,"three,2024-01-03,usd,\ncus_4,four,2024-01-03,usd,\ncus_5,"five",2024-01-03,usd,\n'
            + "cus_6,six,2024-01-03,usd,\n"
        ).encode(),
        ["line 4", "a quote opens here"],
    ),
    (
        "an open quote after a good text of several lines",
        "customer.csv",
        (b'id,name,email\ncus_1,"one\ntwo","open\ncus_2,b,c\n'),
        ["line 3", "a quote opens here"],
    ),
    (
        "an open quote in the header",
        "customer.csv",
        b'id,"email\ncus_1,a\n',
        ["line 1", "header has a quote"],
    ),
    (
        "no required column",
        "customer.csv",
        b"email,created\na,2024-01-01\n",
        ["column id", "required", "missing"],
    ),
    (
        "a mistyped required column",
        "invoice.csv",
        INVOICES.replace("customer_id", "custmer_id").encode(),
        ["column customer_id", "missing", "Is it the column 'custmer_id'?"],
    ),
    ("no header", "customer.csv", b"cus_1,one\ncus_2,two\n", ["line 1", "no column of billing.customer"]),
    (
        "a column twice",
        "customer.csv",
        b"id,email,ID\na,b,c\n",
        ["line 1", "column ID", "twice", "as 1 and 3"],
    ),
    (
        "headers of other types swapped",
        "invoice.csv",
        INVOICES.replace("total,created", "created,total").encode(),
        ["line 2", "not one of its 2 rows", "swapped"],
    ),
    (
        "headers of two ids swapped",
        "invoice.csv",
        (
            INVOICES.replace("id,customer_id", "customer_id,id") + "in_3,cus_1,,paid,usd,5,2024-02-01\n"
        ).encode(),
        ["column id", "'cus_1'", "lines 2 and 4", "swapped"],
    ),
    (
        "one key with different contents",
        "customer.csv",
        (CUSTOMERS + "cus_1,other@example.com,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z\n").encode(),
        ["line 4", "column id", "'cus_1'", "lines 2 and 4", "different contents and the same sync stamp"],
    ),
    (
        "one key with different contents behind a text of several lines",
        "customer.csv",
        b'id,name\ncus_0,"a\nb"\ncus_1,x\ncus_1,y\n',
        ["line 5", "lines 4 and 5"],
    ),
    (
        "a NULL stamp does not decide",
        "customer.csv",
        b"id,name,_fivetran_synced\ncus_1,a,\ncus_1,b,\n",
        ["lines 2 and 3"],
    ),
    (
        "a damaged parquet file",
        "customer.parquet",
        parquet(id=pa.array(["a"]))[:-9],
        ["cannot be read as Parquet"],
    ),
    (
        "a column twice in parquet",
        "customer.parquet",
        parquet(
            labels=pa.array([[{"id": 1}]]), id=pa.array(["a"]), email=pa.array(["b"]), ID=pa.array(["c"])
        ),
        ["column ID", "twice", "as 2 and 4"],
    ),
    ("an empty parquet file", "customer.parquet", b"", ["cannot be read as Parquet"]),
    (
        "one key twice in parquet",
        "customer.parquet",
        parquet(id=pa.array(["a", "b", "a"]), name=pa.array(["x", "y", "z"])),
        ["line 3", "lines 1 and 3"],
    ),
    (
        "a damaged workbook",
        "customer.xlsx",
        workbook(lambda book: None)[:200],
        ["cannot be read as an Excel"],
    ),
    *(
        (f"a workbook with {what} in {part}", "customer.xlsx", with_part(CUSTOMER_BOOK, part, contents), [])
        for part in ("xl/styles.xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml")
        for what, contents in (("no XML", b"<"), ("nothing", b""), ("other XML", b"<a><b c='d'/></a>"))
        # A sheet of other XML is one without cells, and the styles matter to dates alone.
        if (part, what) != ("xl/styles.xml", "other XML")
    ),
    ("text named xlsx", "customer.xlsx", CUSTOMERS.encode(), ["cannot be read as an Excel workbook"]),
    ("an empty workbook", "customer.xlsx", workbook(lambda book: None), ["first sheet is empty"]),
    (
        "a workbook with a password",
        "customer.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        ["protected by a password"],
    ),
]


@pytest.mark.parametrize(
    ("name", "contents", "fragments"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place_and_nothing_is_loaded(
    tmp_path: Path, name: str, contents: bytes, fragments: list[str]
) -> None:
    landing = write_landing(tmp_path / "landing", **{name.partition(".")[0]: None})
    put(landing, f"billing/{name}", contents)
    with pytest.raises(LoadError) as caught:
        load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    assert len(caught.value.problems) == 1, str(caught.value)
    message = str(caught.value)
    for fragment in [f"billing/{name}", *fragments]:
        assert fragment in message
    assert not (tmp_path / "raw" / "manifest.jsonl").exists()
    assert not (tmp_path / "raw" / "objects").exists()


LINE_HEADER = LINES.splitlines()[0]


def line_row(**changes: str) -> str:
    row = {
        "id": "il_9",
        "invoice_id": "in_1",
        "subscription_id": "",
        "price_id": "price_1",
        "type": "subscription",
        "amount": "5",
        "currency": "usd",
        "quantity": "1",
        "proration": "false",
        "period_start": "2024-01-01T00:00:00Z",
        "period_end": "2024-02-01T00:00:00Z",
    }
    return ",".join({**row, **changes}.values()) + "\n"


QUARANTINED = [
    ("a quantity of thirty digits", line_row(quantity="9" * 30), [(4, "quantity", "9" * 30, "too large")]),
    ("a fraction of a minor unit", line_row(amount="12.5"), [(4, "amount", "12.5", "has decimals")]),
    ("a thousands separator", line_row(amount='"1,000"'), [(4, "amount", "1,000", "not a whole number")]),
    ("a currency sign", line_row(amount="$5"), [(4, "amount", "$5", "not a whole number")]),
    ("a missing required value", line_row(invoice_id=""), [(4, "invoice_id", None, "required")]),
    ("a missing key", line_row(id=""), [(4, "id", None, "required")]),
    ("a word for a boolean", line_row(proration="maybe"), [(4, "proration", "maybe", "not a boolean")]),
    (
        "a day that is not in the calendar",
        line_row(period_end="2024-02-30T00:00:00Z"),
        [(4, "period_end", "2024-02-30T00:00:00Z", "calendar")],
    ),
    ("an American date", line_row(period_end="02/01/2024"), [(4, "period_end", "02/01/2024", "ISO 8601")]),
    (
        "milliseconds since 1970",
        line_row(period_end="1704067200000"),
        [(4, "period_end", "1704067200000", "milliseconds")],
    ),
    (
        "nanoseconds",
        line_row(period_end="2024-01-01T00:00:00.123456789Z"),
        [(4, "period_end", "2024-01-01T00:00:00.123456789Z", "lose digits")],
    ),
    (
        "two bad cells in one row",
        line_row(amount="x", quantity="y"),
        [(4, "amount", "x", "whole number"), (4, "quantity", "y", "whole number")],
    ),
    (
        "two bad rows",
        line_row(amount="x") + line_row(id="il_8") + line_row(id="il_7", quantity="y"),
        [(4, "amount", "x", "whole number"), (6, "quantity", "y", "whole number")],
    ),
    (
        "too many fields",
        line_row()[:-1] + ",more\n",
        [(4, None, None, "too many fields: 12, the header has 11")],
    ),
    ("one empty field too many", line_row()[:-1] + ",\n", [(4, None, None, "too many fields: 12")]),
    ("too few fields", "il_9,in_1\n", [(4, None, "il_9,in_1", "too few fields: 2")]),
    (
        "text after a closing quote",
        line_row(type='"a"b'),
        [(4, None, None, "goes on after its closing quote")],
    ),
    (
        "a bad cell behind blank lines",
        "\n\n" + line_row(amount="x"),
        [(6, "amount", "x", "whole number")],
    ),
    ("a very long value", line_row(amount="x" * 999), [(4, "amount", "x" * 200, "whole number")]),
]


@pytest.mark.parametrize(
    ("rows", "cells"), [case[1:] for case in QUARANTINED], ids=[case[0] for case in QUARANTINED]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_bad_row_goes_to_quarantine_with_line_column_value_and_reason(
    tmp_path: Path, rows: str, cells: list[tuple[int, str | None, str | None, str]], line_end: str
) -> None:
    text = (LINES + rows).replace("\n", line_end)
    landing = write_landing(tmp_path / "landing", invoice_line_item=text)
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    info = write_snapshot(tmp_path / "raw", tmp_path / "snapshot")
    found = info.quarantined_rows
    assert [(cell["line_number"], cell["column_name"]) for cell in found] == [cell[:2] for cell in cells]
    for cell, (_line, column, value, reason) in zip(found, cells, strict=True):
        assert (cell["source"], cell["table_name"]) == ("billing", "invoice_line_item")
        assert cell["file_name"] == "billing/invoice_line_item.csv"
        assert reason in cell["reason"]
        if column is not None or value is not None:
            assert cell["value"] == value
    report = next(row for row in info.load_report if row["table_name"] == "invoice_line_item")
    good = 2 + sum(1 for row in rows.splitlines() if row) - len({line for line, *_ in cells})
    assert report["rows_quarantined"] == len({line for line, *_ in cells})
    assert (
        report["rows_accepted"]
        == good
        == pq.read_metadata(tmp_path / "snapshot/billing/invoice_line_item.parquet").num_rows
    )
    assert (
        report["rows_read"]
        == report["rows_accepted"] + report["rows_quarantined"] + report["rows_superseded"]
    )


def test_lines_are_physical_lines_behind_texts_of_several_lines(tmp_path: Path) -> None:
    text = 'id,name,created\ncus_1,"a\nb\nc",2024-01-01\ncus_2,"x ""y""\n",nonsense\ncus_3,z,2024-01-01\n'
    landing = write_landing(tmp_path / "landing", customer=text)
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    info = write_snapshot(tmp_path / "raw", tmp_path / "snapshot")
    assert [(cell["line_number"], cell["value"]) for cell in info.quarantined_rows] == [(5, "nonsense")]


def test_metadata_that_is_no_json_goes_to_quarantine(tmp_path: Path) -> None:
    text = 'id,metadata\ncus_1,"{""tier"": 1}"\ncus_2,{tier: 1}\ncus_3,\n'
    landing = write_landing(tmp_path / "landing", customer=text)
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    info = write_snapshot(tmp_path / "raw", tmp_path / "snapshot")
    (cell,) = info.quarantined_rows
    assert (cell["line_number"], cell["column_name"], cell["value"]) == (3, "metadata", "{tier: 1}")
    assert "JSON" in cell["reason"]


def test_a_bad_cell_of_a_parquet_file_is_named_by_its_row(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing", customer=None)
    rows = parquet(
        id=pa.array(["a", "b", None, "d"]), created=pa.array(["2024-01-01", "x", "2024-01-01", None])
    )
    put(landing, "billing/customer.parquet", rows)
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    info = write_snapshot(tmp_path / "raw", tmp_path / "snapshot")
    assert [(cell["line_number"], cell["column_name"], cell["value"]) for cell in info.quarantined_rows] == [
        (2, "created", "x"),
        (3, "id", None),
    ]


def test_bad_cells_of_a_workbook_are_named_as_the_sheet_numbers_its_rows(tmp_path: Path) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        for row in (
            ["id", "name", "created", "other"],
            ["a", "good", datetime(2024, 1, 1, 12, 30), None],  # noqa: DTZ001
            [],
            ["b", "=1+1", None, None],
            ["c", "#N/A", None, None],
            ["d", "x", "tomorrow", None],
            ["e", "x", None, None, "beyond"],
            ["f", "an error in a column that nobody reads", None, "#REF!"],
        ):
            book.active.append(row)
        book.active["B5"].data_type = "e"
        book.active["D8"].data_type = "e"

    landing = write_landing(tmp_path / "landing", customer=None)
    put(landing, "billing/customer.xlsx", workbook(fill))
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    info = write_snapshot(tmp_path / "raw", tmp_path / "snapshot")
    found = [
        (cell["line_number"], cell["column_name"], cell["value"], cell["reason"])
        for cell in info.quarantined_rows
    ]
    assert [cell[:3] for cell in found] == [
        (4, "name", "=1+1"),
        (5, "name", "#N/A"),
        (6, "created", "tomorrow"),
        (7, None, "beyond"),
    ]
    assert "formula without a stored result" in found[0][3]
    report = next(row for row in info.load_report if row["table_name"] == "customer")
    assert (report["rows_read"], report["rows_accepted"]) == (6, 2)
