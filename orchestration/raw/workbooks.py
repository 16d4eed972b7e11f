"""Excel workbooks: the first sheet's rows as text, numbered as the sheet numbers them.

Cells become the text that the same value has in CSV, so that one set of casts serves all formats. Formulas
count by the result that Excel stored; a formula without one, or with an error, breaks its row.
"""

from __future__ import annotations

import datetime
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.raw.limits import (
    COLUMNS,
    SHEET_CELLS,
    SHEET_ROWS,
    UNPACKED_BYTES,
    WORKBOOK_BYTES,
    WORKBOOK_TREE_BYTES,
    check_unpacked,
)
from orchestration.raw.problems import BadCell, UnreadableFileError, shortened

_LARGEST_EXACT_FLOAT = 2**53
_FORBIDDEN = (
    "declares entities in its XML, which no spreadsheet program writes and which may expand without end.",
    "Save it again as .xlsx or CSV.",
)
_HINT = "Export it as CSV or Parquet."
_CONTENT_TYPES = "[Content_Types].xml"
_CELL_PARTS = ("xl/worksheets/", "xl/sharedStrings.xml")
_CELL_KINDS = (".worksheet+xml", ".sharedStrings+xml")
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


def read_first_sheet(
    path: Path,
    positions_read: Callable[[list[str]], Container[int]],
    *,
    unpacked_limit: int = UNPACKED_BYTES,
) -> Sheet:
    """The first sheet; its first row that is not blank is the header, blank rows are no records.

    Args:
        positions_read: given the header, which columns (from 0) are read; what is wrong in others does not
        matter.
        unpacked_limit: bytes that it may hold, if they are fewer than what fits into memory.

    Raises:
        UnreadableFileError: no workbook, protected by a password, without any row, or larger than its limits.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise UnreadableFileError("is empty (0 bytes).", "Export it again.")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError(
            "is protected by a password or an old Excel workbook.", "Save it as .xlsx without a password."
        )
    limit = min(unpacked_limit, WORKBOOK_BYTES)
    try:
        check_parts(path, limit)
        values = load_workbook(path, read_only=True, data_only=True)
        formulas = load_workbook(path, read_only=True, data_only=False)
    except _DAMAGE as error:
        if _is_forbidden(error):
            raise UnreadableFileError(*_FORBIDDEN) from None
        raise UnreadableFileError(
            f"cannot be read as an Excel workbook: {error}.", "Save it again as .xlsx or CSV."
        ) from None
    try:
        if not values.worksheets:
            raise UnreadableFileError("has no sheet with cells.", "Export it again.")
        return _read(values, formulas, positions_read, _Room(limit, path.stat().st_size))
    except _DAMAGE as error:
        if _is_forbidden(error):
            raise UnreadableFileError(*_FORBIDDEN) from None
        raise UnreadableFileError(f"is damaged: {error}.", "Save it again as .xlsx or CSV.") from None
    finally:
        values.close()
        formulas.close()


def check_parts(path: Path, limit: int) -> None:
    """Refuse a workbook whose parts are larger than what may be unpacked; nothing large is unpacked for that.

    Args:
        limit: bytes of all parts together. Those that are not read bit by bit have a smaller one.

    Raises:
        UnreadableFileError: they are.
        zipfile.BadZipFile: it is no workbook.
    """
    packed = path.stat().st_size
    with zipfile.ZipFile(path) as parts:
        # No reader gets more of a part than is declared here.
        sizes = {part.filename: part.file_size for part in parts.infolist()}
        check_unpacked(sum(part.file_size for part in parts.infolist()), limit, packed, _HINT)
        check_unpacked(sizes.get(_CONTENT_TYPES, 0), WORKBOOK_TREE_BYTES, packed, _HINT)
        streamed = _streamed_parts(parts) if _CONTENT_TYPES in sizes else set()
    trees = {name: size for name, size in sizes.items() if name.endswith((".xml", ".rels"))}
    of_trees = sum(size for name, size in trees.items() if name not in streamed)
    check_unpacked(of_trees, WORKBOOK_TREE_BYTES, packed, _HINT)


def _streamed_parts(parts: zipfile.ZipFile) -> set[str]:
    """The names of parts that are cells or their texts and nothing else."""
    kinds: dict[str, set[str]] = {}
    for element in fromstring(parts.read(_CONTENT_TYPES)):
        kinds.setdefault(element.get("PartName", "").lstrip("/"), set()).add(element.get("ContentType", ""))
    return {
        name
        for name, of_part in kinds.items()
        if name.startswith(_CELL_PARTS) and all(kind.endswith(_CELL_KINDS) for kind in of_part)
    }


def _is_forbidden(error: BaseException | None) -> bool:
    """Whether the XML reader refused what openpyxl may have told in other words."""
    while error is not None and not isinstance(error, DefusedXmlException):
        error = error.__cause__ or error.__context__
    return error is not None


@dataclass
class _Room:
    """What is left of a sheet's limits: a few bytes can stand for many rows, cells and copies of a text."""

    limit: int
    packed: int
    cells: int = field(default_factory=lambda: SHEET_CELLS)
    characters: int = 0

    def take(self, number: int, texts: list[str | None]) -> None:
        """Count a row.

        Raises:
            UnreadableFileError: the sheet has too many.
        """
        self.cells -= len(texts)
        if number > SHEET_ROWS or len(texts) > COLUMNS or self.cells < 0:
            raise UnreadableFileError(
                f"its first sheet has more than {SHEET_ROWS:,} rows, {COLUMNS:,} columns or {SHEET_CELLS:,} "
                "cells, empty ones counted.",
                "Remove cells far from the table, or export it as CSV or Parquet.",
                line=number,
            )
        self.characters += sum(len(text) for text in texts if text)
        check_unpacked(self.characters, self.limit, self.packed, _HINT)


def _read(
    values: Any, formulas: Any, positions_read: Callable[[list[str]], Container[int]], room: _Room
) -> Sheet:
    header: list[str] | None = None
    positions: Container[int] = ()
    rows: list[tuple[int, list[str | None]] | BadCell] = []
    first, first_formulas = values.worksheets[0], formulas.worksheets[0]
    # The stored extent of a sheet is often wrong; without it every stored cell is read.
    first.reset_dimensions()
    first_formulas.reset_dimensions()
    pairs = zip(first.iter_rows(), first_formulas.iter_rows(), strict=True)
    for number, (cells, written) in enumerate(pairs, start=1):
        # Rows that are only left out count, too.
        room.take(number, [])
        if all(cell.value is None for cell in written):
            room.take(number, [None] * len(written))
            continue
        texts = [_text(cell.value) for cell in cells]
        room.take(number, texts)
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
    looked_at = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        looked_at += len(row)
        if any(cell is not None for cell in row):
            return True
        if number > SHEET_ROWS or looked_at > SHEET_CELLS:
            break
    return False


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
