"""What somebody who may write into the landing folder can try: a file is loaded as data, or refused by name.

Add here what a file or its name could do besides holding rows. Files that are merely wrong are in
``test_landing_dirt``; whatever is tried, the file is named and nothing of its source is loaded.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.doctor import examine
from orchestration.raw import limits, workbooks
from orchestration.raw.contract import read_contracts
from orchestration.raw.headers import read_column_names
from orchestration.raw.landing import find_files
from orchestration.raw.load import load_landing
from orchestration.raw.problems import LoadError, Problem, UnreadableFileError
from orchestration.raw.snapshot import write_snapshot
from orchestration.settings import Settings
from tests.small_landing import BILLING, put, write_landing

NOW = datetime(2024, 3, 1, tzinfo=UTC)
# A reader that waits for a pipe, or goes through what never ends, is stopped.
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise AssertionError("the load does not end")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def landing_without_customers(folder: Path) -> Path:
    return write_landing(folder / "landing", customer=None)


def refusal(tmp_path: Path, landing: Path, unpacked_limit: int = limits.UNPACKED_BYTES) -> Problem:
    """The one problem of a load, which has loaded nothing."""
    with pytest.raises(LoadError) as caught:
        load_landing(tmp_path / "raw", landing, loaded_at=NOW, unpacked_limit=unpacked_limit)
    (problem,) = caught.value.problems
    assert not (tmp_path / "raw" / "manifest.jsonl").exists()
    assert not any((tmp_path / "raw").rglob("*.parquet"))
    assert not any((tmp_path / "raw").rglob("*.csv"))
    return problem


# ---- names and places


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_out(path: Path) -> None:
    outside = path.parents[2] / "outside.csv"
    outside.write_text(BILLING["customer"])
    path.symlink_to(outside)


def link_out_and_in_again(path: Path) -> None:
    path.symlink_to(path.parents[2] / "landing" / ".." / "outside.csv")
    (path.parents[2] / "outside.csv").write_text(BILLING["customer"])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pipe, "no file but a pipe"),
        (unix_socket, "no file but a pipe, a socket"),
        (link_to_a_device, "leads out of the landing folder"),
        (link_out, "leads out of the landing folder"),
        (link_out_and_in_again, "leads out of the landing folder"),
    ],
)
@pytest.mark.parametrize("name", ["customer.csv", "customer.csv.gz", "customer.parquet", "customer.xlsx"])
def test_what_is_no_plain_file_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[[Path], None], reason: str, name: str
) -> None:
    landing = landing_without_customers(tmp_path)
    make(landing / "billing" / name)
    problem = refusal(tmp_path, landing)
    assert (problem.file, problem.table) == (f"billing/{name}", "customer")
    assert reason in str(problem)
    # Whoever looks at the folder meets the same, and does not wait either.
    findings = examine(Settings(home=tmp_path / "home", landing=landing), environment={}, now=datetime.now())  # noqa: DTZ005
    assert any(reason in finding.text for finding in findings)


def test_a_folder_that_is_a_link_out_of_the_landing_folder_is_refused(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    put(tmp_path, "elsewhere/2024-01.csv", BILLING["customer"])
    (landing / "billing" / "customer").symlink_to(tmp_path / "elsewhere")
    assert "billing/customer: this link leads out of the landing folder" in str(refusal(tmp_path, landing))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\nbilling: all is well.csv", "a\\nbilling: all is well.csv"),
        (b"a\x1b[2J.csv", "a\\x1b[2J.csv"),
        (b"a\r.csv", "a\\r.csv"),
        (b"a\tb.csv", "a\\tb.csv"),
        (b"a\xff.csv", "a\\udcff.csv"),
        ("a\u202evsc.csv".encode(), "a\\u202evsc.csv"),
    ],
)
def test_a_name_that_cannot_be_told_is_refused_and_shown_harmlessly(
    tmp_path: Path, name: bytes, shown: str
) -> None:
    landing = landing_without_customers(tmp_path)
    (landing / "billing" / "customer").mkdir()
    path = os.path.join(os.fsencode(landing), b"billing/customer", name)  # noqa: PTH118
    with open(path, "w") as file:  # noqa: PTH123
        file.write(BILLING["customer"])
    problem = refusal(tmp_path, landing)
    assert problem.file == f"billing/customer/{shown}"
    assert "cannot be shown" in str(problem)
    assert len(str(problem).splitlines()) == 1
    str(problem).encode("utf-8")


def test_names_that_belong_to_nothing_are_shown_harmlessly(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing")
    for folder, name in ((b"billing", b"b\n\xff.csv"), (b"", b"c\x1b[1m"), (b"billing", b"d\n")):
        path = os.path.join(os.fsencode(landing), folder, name)  # noqa: PTH118
        if name.endswith(b".csv"):
            os.close(os.open(path, os.O_CREAT))
        else:
            os.mkdir(path)  # noqa: PTH102
    result = load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    notes = [*result.notes, *result.sources["billing"].notes]
    assert len(notes) == 3
    for note in notes:
        note.encode("utf-8")
        assert note.isprintable(), note


@pytest.mark.parametrize(
    "name",
    ["\u0441ustomer.csv", "customer\u200b.csv", "customer.csv ", "..customer.csv", "customer.csv\u00a0"],
)
def test_a_name_that_only_looks_like_a_table_is_none(tmp_path: Path, name: str) -> None:
    landing = landing_without_customers(tmp_path)
    put(landing, f"billing/{name}", BILLING["customer"])
    assert "billing.customer: this table is required" in str(refusal(tmp_path, landing))


def test_a_letter_whose_small_form_is_another_letter_makes_no_table(tmp_path: Path) -> None:
    crm = read_contracts()["crm"]
    put(tmp_path, "crm/tic\u212aet.csv", "id\n1\n")
    found = find_files(tmp_path, crm)
    assert not found.files and len(found.notes) == 1


def test_the_longest_name_is_as_good_as_any(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    name = f"{'x' * 251}.csv"
    put(landing, f"billing/customer/{name}", BILLING["customer"])
    result = load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    assert [file.file for file in result.files if file.table == "customer"] == [f"billing/customer/{name}"]


HOSTILE = [
    "a'); drop table customer; --",
    'a"; select 1 --',
    "a*[x]?{y}",
    "{{ env_var('HOME') }}",
    "$(touch pwned)",
    "%s%n{0}",
    "a\\b",
]


def test_text_that_is_a_statement_elsewhere_is_text_here(tmp_path: Path) -> None:
    """As folder, file, column and value; what is loaded is exactly what the file says."""
    folder = tmp_path / HOSTILE[0].replace("/", "")
    landing = folder / HOSTILE[3] / "landing"
    write_landing(landing, customer=None)
    for number, text in enumerate(HOSTILE):
        header = f'id,created,currency,_fivetran_synced,description,"{text.replace(chr(34), chr(34) * 2)}"'
        value = text.replace('"', '""')
        row = f'cus_{number},2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z,"{value}",1'
        put(landing, f"billing/customer/{text}.csv", f"{header}\n{row}\n")
    result = load_landing(folder / "raw", landing, loaded_at=NOW)
    files = [file for file in result.files if file.table == "customer"]
    assert {file.file for file in files} == {f"billing/customer/{text}.csv" for text in HOSTILE}
    assert {column for file in files for column in file.unknown_columns} == set(HOSTILE)
    write_snapshot(folder / "raw", folder / "snapshot")
    rows = pq.read_table(folder / "snapshot" / "billing" / "customer.parquet").to_pylist()
    assert {row["id"]: row["description"] for row in rows} == {
        f"cus_{number}": text for number, text in enumerate(HOSTILE)
    }


def test_a_column_name_cannot_write_a_line_of_the_log(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing", customer='"a\nbilling: loaded\x1b[2J",b\n1,2\n')
    said = str(refusal(tmp_path, landing))
    assert len(said.splitlines()) == 1 and "\x1b" not in said


# ---- more than it looks like

LIMIT = 3_000_000


def packed_text(rows: int) -> bytes:
    line = b"cus_%d,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z," + b"x" * 500 + b"\n"
    header = b"id,created,currency,_fivetran_synced,description\n"
    return gzip.compress(header + b"".join(line % number for number in range(rows)), 9)


def test_a_compressed_file_is_unpacked_no_further_than_its_limit(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.csv.gz", packed_text(20_000))
    problem = refusal(tmp_path, landing, unpacked_limit=LIMIT)
    assert str(problem).startswith("billing/customer.csv.gz: holds more than 0.003 GB when it is unpacked")
    assert "TIEOUT_MAX_UNPACKED_GB" in str(problem)
    load_landing(tmp_path / "raw", landing, loaded_at=NOW, unpacked_limit=10 * LIMIT)


def parquet(rows: int, text: str) -> bytes:
    table = pa.table(
        {
            "id": [f"cus_{number}" for number in range(rows)],
            "created": pa.array(["2024-01-01T09:00:00Z"] * rows),
            "description": pa.array([text] * rows).dictionary_encode(),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        # A page that is large itself, and a text that is there once and meant many times.
        (1, "x" * 2 * LIMIT),
        (10_000, "x" * 1_000),
    ],
)
def test_a_parquet_file_may_hold_no_more_than_a_compressed_one(tmp_path: Path, rows: int, text: str) -> None:
    landing = landing_without_customers(tmp_path)
    contents = parquet(rows, text)
    assert len(contents) < LIMIT / 10
    put(landing, "billing/customer.parquet", contents)
    problem = refusal(tmp_path, landing, unpacked_limit=LIMIT)
    assert str(problem).startswith("billing/customer.parquet: holds more than 0.003 GB when it is unpacked")
    load_landing(tmp_path / "raw", landing, loaded_at=NOW, unpacked_limit=10 * LIMIT)


def test_rows_of_a_parquet_file_that_take_no_room_are_counted(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    file = io.BytesIO()
    nothing = pa.nulls(4_000_000, pa.string())
    pq.write_table(pa.table({"id": nothing, "created": nothing}), file, compression="zstd")
    assert len(file.getvalue()) < 100_000
    put(landing, "billing/customer.parquet", file.getvalue())
    assert "holds more than 0.003 GB" in str(refusal(tmp_path, landing, unpacked_limit=LIMIT))


SHEET, TEXTS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
Part = bytes | Callable[[bytes], bytes]


def workbook(parts: Mapping[str, Part], rows: int = 3) -> bytes:
    """A workbook of customers with some parts put in their place, or changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "created", "currency", "_fivetran_synced", "description"])
    for number in range(rows):
        sheet.append([f"cus_{number}", "2024-01-01T09:00:00Z", "usd", "2024-03-01T03:00:00Z", "text"])
    written = io.BytesIO()
    book.save(written)
    changes = dict(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(written) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            change = changes.pop(name, None)
            contents = before.read(name)
            if callable(change):
                assert change(contents) != contents
                contents = change(contents)
            after.writestr(name, contents if change is None or callable(change) else change)
        for name, change in changes.items():
            assert isinstance(change, bytes)
            after.writestr(name, change)
    return out.getvalue()


def with_entities(part: bytes) -> bytes:
    """XML that holds a few hundred bytes and means a gigabyte of them."""
    levels = b"".join(
        b'<!ENTITY e%d "%s">' % (number, b"&e%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    body = part.partition(b"?>")[2] or part
    declared = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "0123456789">' + levels + b"]>"
    return declared + body.replace(b"<t>text</t>", b"<t>&e9;</t>")


def far_row(part: bytes) -> bytes:
    cell = b'<c r="A4000000000" t="inlineStr"><is><t>x</t></is></c>'
    return part.replace(b"</sheetData>", b'<row r="4000000000">' + cell + b"</row></sheetData>")


def wide_rows(part: bytes) -> bytes:
    rows = b"".join(b'<row r="%d"><c r="XFD%d"/></row>' % (row, row) for row in range(10, 200))
    return part.replace(b"</sheetData>", rows + b"</sheetData>")


def with_list_of_texts(texts: bytes) -> dict[str, Part]:
    """The parts of a workbook whose description is the first of a list of texts."""
    of_texts = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    return {
        "[Content_Types].xml": lambda part: part.replace(
            b"</Types>", b'<Override PartName="/%s" ContentType="%s"/></Types>' % (TEXTS.encode(), of_texts)
        ),
        SHEET: lambda part: part.replace(b't="inlineStr"><is><t>text</t></is>', b't="s"><v>0</v>'),
        TEXTS: texts,
    }


def list_of_texts(text: bytes) -> bytes:
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (namespace, text)


def test_a_workbook_whose_parts_are_too_large_is_not_unpacked(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.xlsx", workbook({"xl/media/image1.png": b"0" * 2 * LIMIT}))
    problem = refusal(tmp_path, landing, unpacked_limit=LIMIT)
    assert str(problem).startswith("billing/customer.xlsx: holds more than 0.003 GB when it is unpacked")
    assert "CSV or Parquet" in str(problem)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (lambda: workbook({SHEET: with_entities}), "declares entities"),
        (lambda: workbook(with_list_of_texts(with_entities(list_of_texts(b"text")))), "declares entities"),
        (lambda: workbook({STYLES: with_entities}), "declares entities"),
        (lambda: workbook({"xl/workbook.xml": with_entities}), "declares entities"),
        (lambda: workbook({"[Content_Types].xml": with_entities}), "declares entities"),
        (lambda: workbook({SHEET: far_row}), "more than 1,048,576 rows"),
        (lambda: workbook({SHEET: wide_rows}), "or 2,000,000 cells"),
        # A tree in memory is many times its text.
        (
            lambda: workbook({STYLES: b"<a>" + b"<b/>" * 17_000_000 + b"</a>"}),
            "holds more than 0.064 GB",
        ),
    ],
)
def test_a_workbook_that_stands_for_more_than_it_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: Callable[[], bytes], reason: str
) -> None:
    monkeypatch.setattr(workbooks, "SHEET_CELLS", 2_000_000)
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.xlsx", contents())
    problem = refusal(tmp_path, landing)
    assert problem.file == "billing/customer.xlsx"
    assert reason in str(problem)


def test_a_text_that_a_workbook_repeats_counts_each_time(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    contents = workbook(with_list_of_texts(list_of_texts(b"x" * 300_000)), rows=20)
    put(landing, "billing/customer.xlsx", contents)
    assert "holds more than 0.003 GB" in str(refusal(tmp_path, landing, unpacked_limit=LIMIT))


def test_other_sheets_are_not_searched_without_end(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in csv.reader(io.StringIO(BILLING["customer"])):
        book.active.append(row)
    book.create_sheet("empty")
    written = io.BytesIO()
    book.save(written)
    out = io.BytesIO()
    with zipfile.ZipFile(written) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "xl/worksheets/sheet2.xml":
                part = part.replace(
                    b"</sheetData>", b'<row r="4000000000"><c r="A4000000000"/></row></sheetData>'
                )
                assert b"4000000000" in part
            after.writestr(name, part)
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.xlsx", out.getvalue())
    result = load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    assert [file.rows_accepted for file in result.files if file.table == "customer"] == [2]


def test_parts_of_a_workbook_go_nowhere(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    tricks: dict[str, Part] = {
        "../../evil.csv": b"x",
        "/tmp/evil-of-a-workbook.csv": b"x",
        "xl\\..\\..\\evil.csv": b"x",
    }
    put(landing, "billing/customer.xlsx", workbook(tricks))
    load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]
    assert not Path("/tmp/evil-of-a-workbook.csv").exists()


HEADER = b"id,created,currency,_fivetran_synced,description\n"
ROW = b"cus_1,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z,"


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"id," * 1_000_000, "line 1: this line has more than 1,048,576 characters"),
        (b"id,created," + b"x," * 20_000 + b"\n", "line 1: its header has 20,003 columns"),
        (HEADER + ROW + b"x" * (33 << 20) + b"\n", "line 2: this line has more than 33,554,432 characters"),
        (HEADER + ROW + b"x" * (17 << 20) + b"\n", "line 2: a value has more than 16,777,216 characters"),
        (
            HEADER + ROW + b'"' + (b"y" * 1023 + b"\n") * (17 << 10) + b'"\n',
            "line 2: a value has more than 16,777,216 characters",
        ),
    ],
)
def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path, contents: bytes, reason: str) -> None:
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.csv", contents)
    assert str(refusal(tmp_path, landing)).startswith(f"billing/customer.csv, {reason}")


def test_a_record_of_lines_without_end_is_not_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.raw.text_files.RECORD_CHARACTERS", 10_000)
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.csv", HEADER + ROW + b'"' + b'a\n","' * 5_000 + b'"\n')
    said = str(refusal(tmp_path, landing))
    assert said.startswith("billing/customer.csv, line 2: the record that begins here has more than 10,000")


@pytest.mark.parametrize("document", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [limits.JSON_DEPTH, limits.JSON_DEPTH + 1, 200_000])
def test_a_document_of_many_levels_goes_to_quarantine(tmp_path: Path, document: str, depth: int) -> None:
    closing = {"[": "]", '{"a":': "}"}[document]
    text = document * (depth - 1) + ("{}" if closing == "}" else "[]") + closing * (depth - 1)
    json_cell = text.replace('"', '""')
    landing = landing_without_customers(tmp_path)
    rows = f'cus_1,2024-01-01T09:00:00Z,"{json_cell}"\ncus_2,2024-01-01T09:00:00Z,{{}}\n'
    put(landing, "billing/customer.csv", f"id,created,metadata\n{rows}")
    result = load_landing(tmp_path / "raw", landing, loaded_at=NOW)
    (file,) = [file for file in result.files if file.table == "customer"]
    assert file.rows_quarantined == (depth > limits.JSON_DEPTH)
    if depth <= limits.JSON_DEPTH:
        json.loads(text)


def test_the_doctor_looks_at_headers_within_the_same_limits(tmp_path: Path) -> None:
    landing = landing_without_customers(tmp_path)
    put(landing, "billing/customer.xlsx", workbook({"xl/workbook.xml": with_entities}))
    put(landing, "billing/coupon.csv.gz", gzip.compress(b"id," * 10_000_000))
    files = find_files(landing, read_contracts()["billing"]).files
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_column_names(files["customer"][0])
    assert len(read_column_names(files["coupon"][0])) < 500_000
