"""How much a landing file may unpack to, so that a small one cannot fill the memory or the disk.

Add a limit here when a form of file can hold far more than it looks like. What is compared with them is the
readers' business; how much the operator allows is a setting.
"""

from __future__ import annotations

from orchestration.raw.problems import UnreadableFileError

GIGABYTE = 10**9
# What a compressed CSV or a Parquet file may hold where no setting says otherwise.
UNPACKED_BYTES = 20 * GIGABYTE
# A workbook is held in memory: its parts, and the text of its cells.
WORKBOOK_BYTES = GIGABYTE
# Of parts that become a tree in memory, ten times as large: styles, relations, the list of sheets.
WORKBOOK_TREE_BYTES = 64_000_000
# Excel's own.
SHEET_ROWS = 1_048_576
COLUMNS = 16_384
# Empty ones count: a single cell far to the right makes its whole row.
SHEET_CELLS = 50_000_000
# A record in quotes may have many lines, and one of several megabytes is no record of an export.
RECORD_CHARACTERS = 32 << 20
HEADER_CHARACTERS = 1 << 20
# Of values that hold values, as DuckDB counts them; exports have a handful.
JSON_DEPTH = 128


def in_gigabytes(size: float) -> str:
    """A size as people write it."""
    return f"{size / GIGABYTE:,.3g} GB"


def check_unpacked(
    size: float,
    limit: int,
    packed: int,
    hint: str = "If it really is that large, divide it, or set TIEOUT_MAX_UNPACKED_GB to more.",
) -> None:
    """Refuse a file that holds more than ``limit`` bytes; ``packed`` is what it takes on the disk.

    Raises:
        UnreadableFileError: it does.
    """
    if size > limit:
        raise UnreadableFileError(
            f"holds more than {in_gigabytes(limit)} when it is unpacked ({packed:,} bytes as it lies there).",
            hint,
        )
