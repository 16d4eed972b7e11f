"""The two ways of reading CSV agree, and what the bytes of a file say does not depend on how they are cut.

Add an alphabet or a shape here when readers turn out to differ about it. Messages are in the dirt cases.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.raw import table_files, text_files
from orchestration.raw.contract import ColumnContract, TableContract
from orchestration.raw.landing import LandingFile
from orchestration.raw.problems import UnreadableFileError
from orchestration.raw.text_files import numbered_records, scan_text

TABLE = TableContract("s", "t", False, (), tuple(ColumnContract(name, "varchar") for name in "abc"))

quoted = st.lists(st.sampled_from(["x", ",", "\n", '""', " ", "\r\n", "é"]), max_size=4).map(
    lambda pieces: f'"{"".join(pieces)}"'
)
plain = st.sampled_from(["x", "yy", "", "x y", " s", "t ", "é"])
stray = st.text(alphabet='x" \n', max_size=3)
record = st.lists(st.one_of(plain, quoted, quoted, stray), min_size=3, max_size=3)
odd_record = st.lists(st.one_of(plain, quoted), min_size=1, max_size=4)
documents = st.builds(
    lambda records, end, last: end.join(["a,b,c", *(",".join(fields) for fields in records)]) + last,
    st.lists(st.one_of(record, record, record, odd_record), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
)


def read(path: Path, *, by_record: bool) -> Any:
    """Rows and counts of a file, or the message that refuses it."""
    work = path.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    file = LandingFile("s", "t", path, "s/t.csv", "snapshot", "", ".csv")
    connection = table_files.connect(work)
    try:
        check = (lambda line, row: None) if by_record else None
        staged = table_files.stage_file(connection, TABLE, file, work, row_check=check)
    except UnreadableFileError as error:
        return str(error.problem)
    finally:
        connection.close()
    rows = pq.read_table(staged.rows_path).to_pylist()
    return rows, staged.rows_read, staged.rows_quarantined, staged.first_bad


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents)
def test_reading_in_bulk_and_by_record_give_the_same_rows_or_the_same_refusal(
    tmp_path: Path, document: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(document.encode())
    assert read(path, by_record=False) == read(path, by_record=True)


def test_a_plain_file_is_read_in_bulk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*arguments: Any) -> None:
        raise AssertionError("read by record")

    monkeypatch.setattr(table_files, "_text_by_record", unexpected)
    (tmp_path / "t.csv").write_text('a,b,c\n1,"x, ""y""\nz",\n2,,"{""k"": 1}"\n')
    rows, *_ = read(tmp_path / "t.csv", by_record=False)
    assert [row["b"] for row in rows] == ['x, "y"\nz', None]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents, size=st.integers(min_value=1, max_value=9))
def test_a_scan_does_not_depend_on_where_chunks_end(tmp_path: Path, document: str, size: int) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(document.encode())
    whole = text_files._CHUNK_BYTES
    try:
        expected = scan_text(path, ".csv", tmp_path)
        text_files._CHUNK_BYTES = size
        assert scan_text(path, ".csv", tmp_path) == expected
    finally:
        text_files._CHUNK_BYTES = whole


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 1000])
@pytest.mark.parametrize(
    ("contents", "line"),
    [
        (b"a,b\n1,\xe9\n", 2),
        (b"a,b\n1,\xc3\xa9\n2,\xc3\n", 3),
        (b"a,b\r1,x\r2,\xff\r", 3),
        (b"a,b\r\n1,x\r\n2,\0\r\n", 3),
        (b"a,b\n1,\xf0\x9f\x98\x80\n2,\xf0\x9f\x98", 3),
    ],
)
def test_the_line_of_a_bad_byte_does_not_depend_on_where_chunks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: bytes, line: int, size: int
) -> None:
    monkeypatch.setattr(text_files, "_CHUNK_BYTES", size)
    (tmp_path / "t.csv").write_bytes(contents)
    with pytest.raises(UnreadableFileError) as caught:
        scan_text(tmp_path / "t.csv", ".csv", tmp_path)
    assert caught.value.problem.line == line


def test_records_are_numbered_by_the_line_on_which_they_begin(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('\na,b\n1,"x\ny"\n\n2,z\r\n3,"p\n\nq"\n4,end')
    scan = scan_text(tmp_path / "t.csv", ".csv", tmp_path)
    assert list(numbered_records(scan)) == [
        (3, ["1", "x\ny"]),
        (6, ["2", "z"]),
        (7, ["3", "p\n\nq"]),
        (10, ["4", "end"]),
    ]
