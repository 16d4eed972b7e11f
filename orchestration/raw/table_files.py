"""One landing file to one staged raw object: columns matched, cells cast, bad rows set aside, keys unique.

Add a file format here by giving its rows as text columns with line numbers. Casting rules live in
``casting``, the store in ``objects``; what a load accepts of whole tables (missing, shrunk) lives in
``load``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.raw.casting import cast_expression, refusal
from orchestration.raw.contract import ColumnContract, TableContract
from orchestration.raw.landing import LandingFile
from orchestration.raw.limits import COLUMNS, UNPACKED_BYTES, check_unpacked
from orchestration.raw.problems import HIDDEN, BadCell, UnreadableFileError, shortened, told
from orchestration.raw.text_files import (
    TextScan,
    TextTable,
    numbered_records,
    scan_text,
    without_byte_order_mark,
    write_text_table,
)
from orchestration.raw.workbooks import read_first_sheet
from orchestration.reporting import on_one_line

# Sorting and grouping spill to disk beyond this, so that a large table does not take the machine's memory.
MEMORY_LIMIT = "2GB"
ROW_GROUP_ROWS = 122_880
_QUARANTINE_BATCH = 10_000

QUARANTINE_SCHEMA = pa.schema(
    [
        ("line_number", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class StagedFile:
    """A file that was read whole, not yet part of the store.

    Attributes:
        rows_path: typed Parquet of the accepted rows in contract columns, ordered by key.
        quarantine_path: Parquet of ``QUARANTINE_SCHEMA``, or None when every row is good.
        rows_read: rows after the header; equals accepted + quarantined + superseded.
        rows_superseded: rows replaced within the file by a row of the same key (newer stamp or equal
        contents).
        first_bad: up to three bad cells, for messages.
    """

    rows_path: Path
    quarantine_path: Path | None
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_superseded: int
    unknown_columns: tuple[str, ...]
    notes: tuple[str, ...]
    first_bad: tuple[BadCell, ...]


def connect(work: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection for raw files: offline, UTC, bounded memory, spilling into ``work``."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(work / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",
            # With it, a column that happens to hold no NULL is written as NOT NULL: the schema of a raw file
            # depends on its contract alone.
            "disabled_optimizers": "statistics_propagation",
        },
    )
    # Zoned timestamps become UTC by way of the session's zone.
    connection.execute("set TimeZone = 'UTC'")
    return connection


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """A SQL string that names exactly this file to DuckDB's readers, whatever pattern its name looks like."""
    escaped = {"[": "[[]", "*": "[*]", "?": "[?]"}
    return literal("".join(escaped.get(character, character) for character in str(path)))


def parquet_options(metadata: dict[str, str] | None = None) -> str:
    """COPY options that give the same bytes for the same rows."""
    options = f"format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS}"
    if metadata:
        pairs = ", ".join(f"{key}: {literal(value)}" for key, value in sorted(metadata.items()))
        options += f", kv_metadata {{{pairs}}}"
    return f"({options})"


@dataclass
class _Relation:
    """Rows of a file as text: a SELECT of ``t0``, ``t1`` ... by ``columns``, and ``line`` or NULL."""

    select: str
    columns: list[ColumnContract]
    unknown_columns: tuple[str, ...]
    has_lines: bool
    broken: list[BadCell] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    expected_rows: int | None = None


RowCheck = Callable[[int, Mapping[str, Any]], None]


def stage_file(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    file: LandingFile,
    work: Path,
    *,
    row_check: RowCheck | None = None,
    unpacked_limit: int = UNPACKED_BYTES,
) -> StagedFile:
    """Read a landing file by its contract into ``work``.

    Args:
        connection: from ``connect``; its temporary views and tables are replaced.
        work: an empty folder for this file alone; the staged Parquet files stay in it.
        row_check: called with line and values of each good row; raises ``UnreadableFileError`` to refuse the
            file. For small tables only, since it makes the file be read record by record.
        unpacked_limit: bytes that a compressed file may hold.

    Raises:
        UnreadableFileError: the file as a whole cannot be used; the message says why and what to do.
    """
    try:
        if file.extension == ".parquet":
            relation = _parquet(connection, file.path, contract, unpacked_limit)
        elif file.extension == ".xlsx":
            relation = _workbook(file.path, contract, work, unpacked_limit)
        else:
            scan = scan_text(file.path, file.extension, work, unpacked_limit=unpacked_limit)
            if scan.is_regular and row_check is None:
                staged = _stage(connection, contract, _text_in_bulk(scan, contract), work, None)
                if staged is not None:
                    return staged
            relation = _text_by_record(scan, contract, work)
        staged = _stage(connection, contract, relation, work, row_check)
    except duckdb.Error as error:
        first_line = str(error).strip().splitlines()[0]
        raise UnreadableFileError(f"cannot be read: {first_line}", "Export it again.") from error
    if staged is None:
        raise UnreadableFileError(
            "its records cannot be counted in a way that two readers agree on.",
            "Export it again with quotes around every text.",
        )
    return staged


# --- formats -------------------------------------------------------------------------------------


def match_columns(
    header: Sequence[str], contract: TableContract
) -> tuple[dict[int, ColumnContract], tuple[str, ...]]:
    """Contract columns by their position in the header, and the names that the contract does not know.

    Raises:
        UnreadableFileError: a name occurs twice, no name is known, or a required column is missing.
    """
    if len(header) > COLUMNS:
        raise UnreadableFileError(
            f"its header has {len(header):,} columns; {COLUMNS:,} are the most.",
            "Its line ends may be missing, or it is another table.",
            line=1,
        )
    names = [without_byte_order_mark(name).strip() for name in header]
    known = {column.name.lower(): column for column in contract.columns}
    shown = on_one_line(", ".join(names[:12])) + (", ..." if len(names) > 12 else "")
    if not any(name.lower() in known for name in names):
        # Probably the first row, and the first to be asked: one that holds a text twice is no header either.
        first = HIDDEN if contract.is_personal else f"({shortened(shown)})"
        raise UnreadableFileError(
            f"no column of {contract.source}.{contract.name} is in its first line {first}.",
            "The first line must hold the column names.",
            line=1,
        )
    positions: dict[str, int] = {}
    for position, name in enumerate(names):
        if name and name.lower() in positions:
            raise UnreadableFileError(
                f"the header names this column twice, as {positions[name.lower()] + 1} and {position + 1}.",
                "Remove or rename one of them.",
                line=1,
                column=name,
            )
        positions[name.lower()] = position
    matched = {position: known[name] for name, position in positions.items() if name in known}
    unknown = tuple(
        sorted(
            name or f"(column {position + 1})"
            for position, name in enumerate(names)
            if name.lower() not in known
        )
    )
    present = {column.name for column in matched.values()}
    missing = [column.name for column in contract.columns if column.required and column.name not in present]
    if missing:
        near = difflib.get_close_matches(missing[0], unknown, n=1, cutoff=0.6)
        also = f" So are: {', '.join(missing[1:])}." if missing[1:] else ""
        raise UnreadableFileError(
            f"this required column of {contract.source}.{contract.name} is missing.{also}",
            (f"Is it the column {near[0]!r}? " if near else "") + f"The header has: {shown}.",
            line=1,
            column=missing[0],
        )
    return dict(sorted(matched.items())), unknown


def _text_in_bulk(scan: TextScan, contract: TableContract) -> _Relation:
    matched, unknown = match_columns(scan.header, contract)
    declared = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(scan.header)))
    texts = ", ".join(f"c{position} as t{index}" for index, position in enumerate(matched))
    return _Relation(
        select=(
            f"select {texts}, cast(null as bigint) as line from read_csv({path_literal(scan.path)}, "
            "auto_detect=false, header=true, delim=',', quote='\"', escape='\"', nullstr='', "
            f"null_padding=false, strict_mode=true, columns={{{declared}}})"
        ),
        columns=list(matched.values()),
        unknown_columns=unknown,
        has_lines=False,
        expected_rows=scan.records,
    )


def _text_by_record(scan: TextScan, contract: TableContract, work: Path) -> _Relation:
    matched, unknown = match_columns(scan.header, contract)
    table = write_text_table(numbered_records(scan), len(scan.header), work / "records.parquet")
    return _numbered(table, matched, unknown)


def _workbook(path: Path, contract: TableContract, work: Path, unpacked_limit: int) -> _Relation:
    sheet = read_first_sheet(
        path, lambda header: match_columns(header, contract)[0], unpacked_limit=unpacked_limit
    )
    matched, unknown = match_columns(sheet.header, contract)
    table = write_text_table(sheet.rows, len(sheet.header), work / "records.parquet")
    relation = _numbered(table, matched, unknown)
    if sheet.other_sheets:
        names = ", ".join(repr(name) for name in sheet.other_sheets)
        relation.notes = (f"only the first sheet is read; {names} also hold cells",)
    return relation


def _numbered(table: TextTable, matched: dict[int, ColumnContract], unknown: tuple[str, ...]) -> _Relation:
    texts = ", ".join(f"nullif(c{position}, '') as t{index}" for index, position in enumerate(matched))
    return _Relation(
        select=f"select {texts}, line from read_parquet({path_literal(table.path)})",
        columns=list(matched.values()),
        unknown_columns=unknown,
        has_lines=True,
        broken=table.broken,
        expected_rows=table.rows,
    )


def _parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: TableContract, unpacked_limit: int
) -> _Relation:
    options = "binary_as_string=true, file_row_number=true, hive_partitioning=false"
    source = f"read_parquet({path_literal(path)}, {options})"
    try:
        described = connection.execute(
            f"describe select * exclude (file_row_number) from {source}"
        ).fetchall()
        names = _parquet_names(connection, path)
    except duckdb.Error as error:
        first_line = str(error).strip().splitlines()[0]
        raise UnreadableFileError(
            f"cannot be read as Parquet: {first_line}", "Copy or export it again."
        ) from None
    matched, unknown = match_columns(names, contract)
    values = [
        _parquet_text(described[position][0], described[position][1], column)
        for position, column in matched.items()
    ]
    _check_parquet(connection, path, source, values, unpacked_limit)
    texts = ", ".join(f"nullif({value}, '') as t{index}" for index, value in enumerate(values))
    return _Relation(
        select=f"select {texts}, file_row_number + 1 as line from {source}",
        columns=list(matched.values()),
        unknown_columns=unknown,
        has_lines=True,
    )


def _check_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, source: str, values: Sequence[str], limit: int
) -> None:
    """Refuse a file that says of itself, or turns out, to hold more than ``limit`` bytes.

    Raises:
        UnreadableFileError: it does.
    """
    file = path_literal(path)
    packed = path.stat().st_size
    (rows,) = connection.execute(f"select num_rows from parquet_file_metadata({file})").fetchone() or (0,)
    (pages,) = connection.execute(
        f"select coalesce(sum(total_uncompressed_size), 0) from parquet_metadata({file})"
    ).fetchone() or (0,)
    # A value takes a byte at least, also where a page only says how often it is repeated.
    check_unpacked(max(pages, rows * len(values)), limit, packed)
    if rows * pages > limit:
        # A page may name one long text many times.
        lengths = " + ".join(f"coalesce(sum(strlen({value})), 0)" for value in values)
        (length,) = connection.execute(f"select {lengths} from {source}").fetchone() or (0,)
        check_unpacked(length, limit, packed)


def _parquet_names(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The columns as the file names them; the reader gives another name to one that differs only by case."""
    names: list[str] = []
    nested = 0
    elements = connection.execute(
        f"select name, coalesce(num_children, 0) from parquet_schema({path_literal(path)})"
    ).fetchall()
    # Elements follow their parents, the first is the root.
    for name, children in elements[1:]:
        if nested:
            nested -= 1
        else:
            names.append(name)
        nested += children
    return names


def _parquet_text(name: str, physical_type: str, column: ColumnContract) -> str:
    """The text that a Parquet value has in CSV; NaN is how data frames write a missing value."""
    value = quoted(name)
    if physical_type in ("DOUBLE", "FLOAT"):
        text = f"cast({value} as varchar)"
        if column.data_type == "varchar":
            # An identifier that a data frame turned into a float because others were missing.
            whole = f"{value} = trunc({value}) and abs({value}) < 9007199254740992"
            text = f"case when {whole} then cast(cast({value} as bigint) as varchar) else {text} end"
        return f"case when not isnan({value}) then {text} end"
    if physical_type.endswith("]") or physical_type.startswith(("STRUCT", "MAP", "UNION", "VARIANT")):
        return f"cast(to_json({value}) as varchar)"
    return f"cast({value} as varchar)"


# --- typed rows ----------------------------------------------------------------------------------


def _stage(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    relation: _Relation,
    work: Path,
    row_check: RowCheck | None,
) -> StagedFile | None:
    """Cast, set aside, make unique and write; None when a bulk reading must be repeated record by record."""
    typed = work / "typed.parquet"
    casts = ", ".join(
        f"{cast_expression(column, f't{index}')} as v{index}" for index, column in enumerate(relation.columns)
    )
    bad = {index: _bad_condition(index, column) for index, column in enumerate(relation.columns)}
    is_bad = " or ".join(condition for condition in bad.values() if condition) or "false"
    values = ", ".join(f"v{index} as {quoted(column.name)}" for index, column in enumerate(relation.columns))
    try:
        connection.execute(
            f"copy (select {values}, line, coalesce({is_bad}, false) as is_bad from "
            f"(select *, {casts} from ({relation.select}))) to {literal(str(typed))} "
            "(format parquet, compression lz4)"
        )
    except duckdb.Error:
        if not relation.has_lines:
            return None
        raise
    rows, bad_rows = connection.execute(
        f"select count(*), count(*) filter (where is_bad) from read_parquet({path_literal(typed)})"
    ).fetchone() or (0, 0)
    if relation.expected_rows is not None and rows != relation.expected_rows:
        return None
    if bad_rows and not relation.has_lines:
        return None
    connection.execute(
        "create or replace view good_rows as "
        f"select * exclude (is_bad) from read_parquet({path_literal(typed)}) where not is_bad"
    )
    duplicates = _duplicates(connection, contract, relation)
    if duplicates is None:
        return None
    broken_rows = len({cell.line for cell in relation.broken})
    quarantined = bad_rows + broken_rows
    quarantine_path, first_bad = _write_quarantine(connection, relation, bad, work)
    if rows + broken_rows >= 2 and quarantined == rows + broken_rows:
        example = first_bad[0]
        raise UnreadableFileError(
            f"not one of its {quarantined} rows can be read; the first: {example.reason}.",
            "The columns may be swapped, or the header belongs to another table.",
            line=example.line,
            column=example.column,
            value=told(example.value, is_of_people=contract.is_personal),
        )
    if row_check is not None:
        names = [column.name for column in relation.columns]
        selected = ", ".join(quoted(name) for name in names)
        for line, *row in connection.execute(
            f"select line, {selected} from good_rows order by line"
        ).fetchall():
            row_check(line, dict(zip(names, row, strict=True)))
    accepted = _write_rows(connection, contract, relation, duplicates, work / "rows.parquet")
    typed.unlink()
    return StagedFile(
        rows_path=work / "rows.parquet",
        quarantine_path=quarantine_path,
        rows_read=rows + broken_rows,
        rows_accepted=accepted,
        rows_quarantined=quarantined,
        rows_superseded=rows - bad_rows - accepted,
        unknown_columns=relation.unknown_columns,
        notes=relation.notes,
        first_bad=first_bad,
    )


def _bad_condition(index: int, column: ColumnContract) -> str | None:
    if column.required:
        return f"v{index} is null"
    if column.data_type == "varchar" and column.format is None:
        return None
    return f"(t{index} is not null and v{index} is null)"


def _bad_cells(
    connection: duckdb.DuckDBPyConnection, relation: _Relation, conditions: dict[int, str | None]
) -> Iterator[BadCell]:
    """Broken rows and bad cells, by line and then by the order of the columns."""
    parts = [
        f"select line, {index} as position, t{index} as text from "
        f"(select line, t{index}, {cast_expression(relation.columns[index], f't{index}')} as v{index} "
        f"from ({relation.select})) where {condition}"
        for index, condition in conditions.items()
        if condition
    ]
    broken = sorted(relation.broken, key=lambda cell: cell.line)
    upcoming = 0
    if parts:
        cursor = connection.execute(f"{' union all '.join(parts)} order by line, position")
        while batch := cursor.fetchmany(_QUARANTINE_BATCH):
            for line, position, text in batch:
                while upcoming < len(broken) and broken[upcoming].line < line:
                    yield broken[upcoming]
                    upcoming += 1
                column = relation.columns[position]
                yield BadCell(line, column.name, shortened(text), refusal(column, text))
    yield from broken[upcoming:]


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, relation: _Relation, conditions: dict[int, str | None], work: Path
) -> tuple[Path | None, tuple[BadCell, ...]]:
    path = work / "quarantine.parquet"
    first: list[BadCell] = []
    batch: list[BadCell] = []
    writer: pq.ParquetWriter | None = None

    def flush() -> None:
        nonlocal writer
        writer = writer or pq.ParquetWriter(path, QUARANTINE_SCHEMA, compression="zstd")
        rows = [[cell.line, cell.column, cell.value, cell.reason] for cell in batch]
        columns = [list(column) for column in zip(*rows, strict=True)]
        arrays = [
            pa.array(values, type=field.type)
            for values, field in zip(columns, QUARANTINE_SCHEMA, strict=True)
        ]
        writer.write_batch(pa.record_batch(arrays, schema=QUARANTINE_SCHEMA))
        batch.clear()

    try:
        for cell in _bad_cells(connection, relation, conditions) if relation.has_lines else ():
            if len(first) < 3:
                first.append(cell)
            batch.append(cell)
            if len(batch) == _QUARANTINE_BATCH:
                flush()
        if batch:
            flush()
    finally:
        if writer is not None:
            writer.close()
    return (path if first else None), tuple(first)


# --- one row per key -----------------------------------------------------------------------------


def stamp_expression(contract: TableContract, present: Sequence[str]) -> str:
    """SQL for the newest sync stamp of a row, NULL where the row has none."""
    stamps = [quoted(name) for name in contract.sync_stamps if name in present]
    if not stamps:
        return "cast(null as timestamp)"
    return stamps[0] if len(stamps) == 1 else f"greatest({', '.join(stamps)})"


def _duplicates(
    connection: duckdb.DuckDBPyConnection, contract: TableContract, relation: _Relation
) -> bool | None:
    """Whether keys repeat within the good rows; None when line numbers are needed to say what contradicts.

    Raises:
        UnreadableFileError: one key has different contents and the same stamp.
    """
    if not contract.key:
        return False
    key = _key_columns(contract, relation)
    names = [column.name for column in relation.columns]
    rows, keys = connection.execute(
        f"select count(*), (select count(*) from (select distinct {key} from good_rows)) from good_rows"
    ).fetchone() or (0, 0)
    if rows == keys:
        return False
    contents = ", ".join(quoted(name) for name in names)
    connection.execute(
        f"create or replace temp table repeated as select *, {stamp_expression(contract, names)} as stamp "
        f"from good_rows semi join (select {key} from good_rows group by {key} having count(*) > 1) as keys "
        f"on {_same_key(contract, relation, 'good_rows', 'keys')}"
    )
    conflict = connection.execute(
        f"select {key}, min(line), max(line) from "
        f"(select {contents}, stamp, min(line) as line from repeated group by {contents}, stamp) "
        f"group by {key}, stamp having count(*) > 1 order by min(line), {key} limit 1"
    ).fetchone()
    if conflict is None:
        return True
    if not relation.has_lines:
        return None
    *values, first, second = conflict
    present = [name for name in contract.key if name in names]
    shown = [told(str(value), is_of_people=contract.is_personal and not _is_id(value)) for value in values]
    named = ", ".join(f"{name} {value}" for name, value in zip(present, shown, strict=True))
    raise UnreadableFileError(
        f"the key {named} is in lines {first} and {second} with different contents and the same sync stamp.",
        f"Each {' + '.join(contract.key)} may stand once; if many repeat, the header may be swapped.",
        line=second,
        column=contract.key[0],
        value=shown[0],
    )


def _is_id(value: object) -> bool:
    """Whether a key's value can be told: no address and no name, which a swapped header would make keys."""
    return re.fullmatch(r"[A-Za-z]*[_:-]?[0-9A-Za-z]*[0-9][0-9A-Za-z]*|[a-z_]+", str(value)) is not None


def _key_columns(contract: TableContract, relation: _Relation) -> str:
    """The key's columns that the file has; an optional one that is absent is NULL in every row."""
    names = {column.name for column in relation.columns}
    return ", ".join(quoted(name) for name in contract.key if name in names)


def _same_key(contract: TableContract, relation: _Relation, left: str, right: str) -> str:
    names = {column.name for column in relation.columns}
    return " and ".join(
        f"{left}.{quoted(name)} is not distinct from {right}.{quoted(name)}"
        for name in contract.key
        if name in names
    )


def _write_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    relation: _Relation,
    duplicates: bool,
    path: Path,
) -> int:
    """Write the accepted rows in contract order and return how many they are."""
    names = {column.name for column in relation.columns}
    columns = ", ".join(
        quoted(column.name)
        if column.name in names
        else f"cast(null as {column.data_type}) as {quoted(column.name)}"
        for column in contract.columns
    )
    rows = "good_rows"
    if duplicates:
        key = _key_columns(contract, relation)
        kept = ", ".join(quoted(name) for name in (column.name for column in relation.columns))
        # Rows of one key and stamp are equal here, so which of them is kept makes no difference.
        connection.execute(
            f"create or replace temp table kept as select {kept} from repeated qualify row_number() over "
            f"(partition by {key} order by stamp desc nulls last) = 1"
        )
        rows = (
            f"(select {kept} from good_rows "
            f"anti join kept on {_same_key(contract, relation, 'good_rows', 'kept')} "
            f"union all select {kept} from kept)"
        )
    connection.execute(
        f"copy (select {columns} from {rows} order by {order_columns(contract)}) to {literal(str(path))} "
        f"{parquet_options({'contract': contract.fingerprint})}"
    )
    return pq.read_metadata(path).num_rows


def order_columns(contract: TableContract) -> str:
    """The order of a table's rows: by key, or by every column where there is none."""
    names = contract.key or tuple(column.name for column in contract.columns)
    return ", ".join(f"{quoted(name)} nulls first" for name in names)
