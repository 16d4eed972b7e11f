"""Which columns a landing file has, read without reading the file.

Add a form of file here when ``landing`` knows it. Whether columns fit a table is decided by
``table_files.match_columns``.
"""

from __future__ import annotations

import contextlib
import gzip
import tempfile
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.raw.landing import LandingFile
from orchestration.raw.limits import WORKBOOK_BYTES
from orchestration.raw.problems import UnreadableFileError
from orchestration.raw.text_files import read_header
from orchestration.raw.workbooks import check_parts

# More than any header; a packed file may hold any amount behind it.
HEADER_BYTES = 1 << 20


def read_column_names(file: LandingFile) -> list[str]:
    """The names in the first line of a file.

    Raises:
        UnreadableFileError: they cannot be read; the message says why.
    """
    try:
        if file.extension == ".parquet":
            return list(pq.read_schema(file.path).names)
        if file.extension == ".xlsx":
            return _workbook_names(file.path)
        return _text_names(file)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        zlib.error,
        zipfile.BadZipFile,
        pa.ArrowException,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnreadableFileError(f"cannot be read: {reason}", "Export it again.") from error


def _text_names(file: LandingFile) -> list[str]:
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(file.path.open("rb"))
        packed = stack.enter_context(gzip.open(opened)) if file.extension.endswith(".gz") else opened
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        start = packed.read(HEADER_BYTES)
        if not start:
            raise UnreadableFileError("is empty.", "A table without rows still has its header line.")
        # Whole lines, so that no letter of several bytes is cut.
        whole = start.rpartition(b"\n")[0] or start
        copy = Path(folder, "start.csv")
        copy.write_bytes(whole)
        return read_header(copy)


def _workbook_names(path: Path) -> list[str]:
    check_parts(path, WORKBOOK_BYTES)
    workbook = openpyxl.load_workbook(path, read_only=True)
    try:
        for row in workbook.worksheets[0].iter_rows(max_row=1, values_only=True):
            return [str(cell) for cell in row if cell is not None]
        return []
    finally:
        workbook.close()
