"""Excel workbooks: the first sheet's rows as text, numbered as the sheet numbers them.

Cells become the text that the same value has in CSV, so that one set of casts serves all formats. Formulas
count by the result that Excel stored; a formula without one, or with an error, breaks its row.
"""

from __future__ import annotations

import datetime
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.raw.problems import BadCell, UnreadableFileError, shortened

_LARGEST_EXACT_FLOAT = 2**53
# What openpyxl raises on parts of a workbook that are cut off, no XML, or say what nobody can mean.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, EOFError, OSError, RuntimeError),
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
)


@dataclass(frozen=True)
class Sheet:
    """The first sheet of a workbook: its header, its data rows and names of other sheets that hold data."""

    header: list[str]
    rows: list[tuple[int, list[str | None]] | BadCell]
    other_sheets: list[str]


def read_first_sheet(path: Path, positions_read: Callable[[list[str]], Container[int]]) -> Sheet:
    """The first sheet; its first row that is not blank is the header, blank rows are no records.

    Args:
        positions_read: given the header, which columns (from 0) are read; what is wrong in others does not
        matter.

    Raises:
        UnreadableFileError: no workbook, protected by a password, or without any row.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise UnreadableFileError("is empty (0 bytes).", "Export it again.")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError(
            "is protected by a password or an old Excel workbook.", "Save it as .xlsx without a password."
        )
    try:
        values = load_workbook(path, read_only=True, data_only=True)
        formulas = load_workbook(path, read_only=True, data_only=False)
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"cannot be read as an Excel workbook: {error}.", "Save it again as .xlsx or CSV."
        ) from None
    try:
        if not values.worksheets:
            raise UnreadableFileError("has no sheet with cells.", "Export it again.")
        return _read(values, formulas, positions_read)
    except _DAMAGE as error:
        raise UnreadableFileError(f"is damaged: {error}.", "Save it again as .xlsx or CSV.") from None
    finally:
        values.close()
        formulas.close()


def _read(values: Any, formulas: Any, positions_read: Callable[[list[str]], Container[int]]) -> Sheet:
    header: list[str] | None = None
    positions: Container[int] = ()
    rows: list[tuple[int, list[str | None]] | BadCell] = []
    first, first_formulas = values.worksheets[0], formulas.worksheets[0]
    # The stored extent of a sheet is often wrong; without it every stored cell is read.
    first.reset_dimensions()
    first_formulas.reset_dimensions()
    pairs = zip(first.iter_rows(), first_formulas.iter_rows(), strict=True)
    for number, (cells, written) in enumerate(pairs, start=1):
        if all(cell.value is None for cell in written):
            continue
        texts = [_text(cell.value) for cell in cells]
        if header is None:
            header = [text or "" for text in texts]
            while header and not header[-1].strip():
                header.pop()
            positions = positions_read(header)
            continue
        broken = list(_broken(number, header, positions, cells, written))
        if broken:
            rows.extend(broken)
        else:
            rows.append((number, [*texts, *[None] * (len(header) - len(texts))][: len(header)]))
    if header is None:
        raise UnreadableFileError(
            "its first sheet is empty: not even a header.", "Put the table on the first sheet, names first."
        )
    others = [sheet.title for sheet in values.worksheets[1:] if _has_cells(sheet)]
    return Sheet(header, rows, others)


def _has_cells(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)


def _broken(
    number: int, header: list[str], positions: Container[int], cells: Any, written: Any
) -> Iterator[BadCell]:
    for index, (cell, formula) in enumerate(zip(cells, written, strict=True)):
        text = _text(cell.value)
        if index >= len(header):
            if formula.value is not None:
                yield BadCell(
                    number, None, shortened(text), "has a cell to the right of the header's last column"
                )
            continue
        if index not in positions:
            continue
        if cell.data_type == "e":
            yield BadCell(number, header[index], shortened(text), "is an error of the workbook, not a value")
        elif cell.value is None and formula.value is not None:
            yield BadCell(
                number,
                header[index],
                shortened(str(formula.value)),
                "is a formula without a stored result: open and save the workbook in Excel",
            )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT_FLOAT:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)
