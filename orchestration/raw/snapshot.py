"""The raw snapshot that a build reads: one Parquet file per declared table, as known at a time.

Add here what concerns choosing and merging objects. A table of one file is the object itself under another
name; of several files, rows of one key are decided by sync stamp, then by the files' precedence.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.raw.contract import LANDING_SOURCES, SourceContract, TableContract, read_contracts
from orchestration.raw.manifest import LoadedFile, Manifest, table_state
from orchestration.raw.objects import ObjectStore
from orchestration.raw.people import Registry
from orchestration.raw.policies import effective_policies
from orchestration.raw.problems import LoadError, Problem
from orchestration.raw.pruning import POLICY as RETENTION_POLICY
from orchestration.raw.pruning import pruned_before
from orchestration.raw.table_files import (
    connect,
    literal,
    order_columns,
    parquet_options,
    path_literal,
    quoted,
    stamp_expression,
)

# In a snapshot's folder what erasures keep of which records are the same; absent where nobody was erased.
LINKS_FILE_NAME = "kept_links.json"


@dataclass(frozen=True)
class SnapshotInfo:
    """What a snapshot holds.

    Attributes:
        fingerprint: equal for equal tables and policies, whenever and in whatever order they were loaded.
        known_at: the load time asked for, or None for everything loaded so far.
        last_loaded_at: the newest load in it, UTC, or None when nothing was loaded.
        manifest_records: how many records of the manifest it takes in.
        policies: the policies in force, by key.
        load_report: one mapping per file with the columns of ``control.load_report``; accepted rows sum to
        the table's.
        quarantined_rows: one mapping per bad cell with the columns of ``control.quarantined_rows``.
    """

    fingerprint: str
    known_at: datetime | None
    last_loaded_at: datetime | None
    manifest_records: int
    policies: Mapping[str, str]
    load_report: list[dict[str, Any]]
    quarantined_rows: list[dict[str, Any]]


def write_snapshot(
    home_raw: Path,
    into: Path,
    *,
    known_at: datetime | None = None,
    contracts: Mapping[str, SourceContract] | None = None,
) -> SnapshotInfo:
    """Write ``<into>/<source>/<table>.parquet`` for every declared table of the landing sources.

    Columns stand in contract order with the contract's types, rows in the order of the key; a table that was
    not loaded is empty. Files may be hard links to the immutable objects: do not write to them.

    Raises:
        LoadError: a required source had not been loaded by ``known_at``, or an object is missing from the
        store.
        ValueError: ``known_at`` has no zone.
    """
    if known_at is not None and known_at.tzinfo is None:
        raise ValueError("known_at has no time zone.")
    declared = contracts or read_contracts()
    manifest = Manifest.read(home_raw)
    records = manifest.known_at(known_at)
    state = table_state(records)
    store = ObjectStore(home_raw)
    _check_kept(manifest, known_at)
    _check_loaded(manifest, declared, state, known_at)
    into.mkdir(parents=True, exist_ok=True)
    report: list[dict[str, Any]] = []
    quarantined: list[dict[str, Any]] = []
    parts: list[Any] = []
    connection = connect(into)
    try:
        for source in (declared[name] for name in LANDING_SOURCES if name in declared):
            (into / source.name).mkdir(exist_ok=True)
            for table in source.tables.values():
                files = sorted(state.get((table.source, table.name), ()), key=LoadedFile.precedence)
                _check_objects(store, table, files)
                target = into / source.name / f"{table.name}.parquet"
                superseded = _write_table(connection, store, table, files, target)
                for file, lost in zip(files, superseded, strict=True):
                    report.append(_report_row(table, file, lost))
                    quarantined += _quarantined_rows(store, table, file)
                parts.append(
                    [
                        table.fingerprint,
                        [
                            [file.name, file.object_hash, file.quarantine_hash, file.unknown_columns]
                            for file in files
                        ],
                    ]
                )
    finally:
        connection.close()
        shutil.rmtree(into / "spill", ignore_errors=True)
    policies = effective_policies(into)
    parts.append(sorted(policies.items()))
    if links := [dict(link) for erasure in Registry.read(home_raw).erasures for link in erasure.links]:
        (into / LINKS_FILE_NAME).write_text(json.dumps(links), encoding="utf-8")
        parts.append(links)
    return SnapshotInfo(
        fingerprint=hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
        known_at=known_at,
        last_loaded_at=records[-1].loaded_at if records else None,
        manifest_records=len(records),
        policies=policies,
        load_report=sorted(report, key=lambda row: (row["source"], row["table_name"], row["file_name"])),
        quarantined_rows=sorted(
            quarantined,
            key=lambda row: (row["source"], row["table_name"], row["file_name"], row["line_number"]),
        ),
    )


def write_table(contract: TableContract, rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write Python rows as the typed Parquet file of a declared table, ordered by key if it has one.

    Args:
        rows: mappings by column name; a missing name is NULL. Timestamps with a zone become UTC, without one
        are UTC.

    Raises:
        ValueError: a row has an undeclared name, lacks a required value, or has a value of another type.
    """
    names = [column.name for column in contract.columns]
    given = [dict(row) for row in rows]
    arrays = []
    for row in given:
        if unknown := sorted(set(row) - set(names)):
            raise ValueError(f"{contract.source}.{contract.name} has no column {unknown[0]!r}.")
    for column in contract.columns:
        values = [_plain(row.get(column.name)) for row in given]
        if column.required and any(value is None for value in values):
            raise ValueError(f"{contract.source}.{contract.name}.{column.name}: a value is required.")
        try:
            arrays.append(pa.array(values, type=column.arrow_type))
        except (pa.ArrowException, TypeError, OverflowError) as error:
            raise ValueError(f"{contract.source}.{contract.name}.{column.name}: {error}") from error
    table = pa.table(arrays, schema=contract.arrow_schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path.parent)
    try:
        connection.register("given", table)
        order = f" order by {order_columns(contract)}" if contract.key else ""
        selected = ", ".join(quoted(name) for name in names)
        connection.execute(
            f"copy (select {selected} from given{order}) to {literal(str(path))} {parquet_options()}"
        )
    finally:
        connection.close()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if value is None or isinstance(value, str | bool | int | Decimal | date):
        return value
    raise TypeError(f"{value!r} is no value of a raw table: binary floats and other types are not exact.")


def _check_kept(manifest: Manifest, known_at: datetime | None) -> None:
    since = pruned_before(manifest)
    if known_at is None or since is None or known_at >= since:
        return
    raise LoadError(
        [
            Problem(
                "raw",
                reason=f"what was known at {known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC is not kept.",
                hint=f"Policy {RETENTION_POLICY} has removed what only states before "
                f"{since:%Y-%m-%d %H:%M:%S} UTC needed.",
            )
        ]
    )


def _check_loaded(
    manifest: Manifest,
    declared: Mapping[str, SourceContract],
    state: Mapping[tuple[str, str], tuple[LoadedFile, ...]],
    known_at: datetime | None,
) -> None:
    loaded = {source for source, _table in state}
    for source in declared.values():
        if not source.required or source.name in loaded:
            continue
        times = [record.loaded_at for record in manifest.records if record.source == source.name]
        when = f" by {known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if known_at else ""
        hint = f"Its first load was at {times[0]:%Y-%m-%d %H:%M:%S} UTC." if times else "Load it first."
        raise LoadError([Problem(source.name, reason=f"nothing had been loaded{when}.", hint=hint)])


def _check_objects(store: ObjectStore, table: TableContract, files: Iterable[LoadedFile]) -> None:
    for file in files:
        for object_hash in (file.object_hash, file.quarantine_hash):
            if object_hash and not store.holds(object_hash):
                raise LoadError(
                    [
                        Problem(
                            table.source,
                            table.name,
                            file.name,
                            reason=f"its raw object {store.path(object_hash)} is missing.",
                            hint="Restore it from a backup, or load the same landing file again.",
                        )
                    ]
                )


def _write_table(
    connection: duckdb.DuckDBPyConnection,
    store: ObjectStore,
    table: TableContract,
    files: list[LoadedFile],
    target: Path,
) -> list[int]:
    """Write one table and return, per file, how many rows other files of the table supersede."""
    target.unlink(missing_ok=True)
    if len(files) == 1 and files[0].contract == table.fingerprint:
        store.place(files[0].object_hash, target)
        return [0]
    columns = ", ".join(quoted(column.name) for column in table.columns)
    if not files:
        empty = ", ".join(
            f"cast(null as {column.data_type}) as {quoted(column.name)}" for column in table.columns
        )
        connection.execute(f"copy (select {empty} where false) to {literal(str(target))} {parquet_options()}")
        return []
    parts = " union all ".join(
        f"select {_in_contract(store.path(file.object_hash), table)}, {rank} as file_rank "
        f"from read_parquet({path_literal(store.path(file.object_hash))}, hive_partitioning=false)"
        for rank, file in enumerate(files)
    )
    connection.execute(f"create or replace temp view all_rows as {parts}")
    rows = "all_rows"
    superseded = [0] * len(files)
    if table.key and len(files) > 1:
        key = ", ".join(quoted(name) for name in table.key)
        same = " and ".join(
            f"all_rows.{quoted(name)} is not distinct from lost.{quoted(name)}" for name in table.key
        )
        stamp = stamp_expression(table, [column.name for column in table.columns])
        # Files stand in the order of their precedence, so the last of them wins between equal stamps.
        connection.execute(
            f"create or replace temp table lost as select {key}, file_rank from (select {key}, file_rank, "
            f"row_number() over (partition by {key} order by {stamp} desc nulls last, file_rank desc) "
            "as place from all_rows "
            f"semi join (select {key} from all_rows group by {key} having count(*) > 1) as lost on {same}) "
            "where place > 1"
        )
        for rank, count in connection.execute(
            "select file_rank, count(*) from lost group by file_rank"
        ).fetchall():
            superseded[rank] = count
        if any(superseded):
            rows = f"all_rows anti join lost on {same} and all_rows.file_rank = lost.file_rank"
    connection.execute(
        f"copy (select {columns} from {rows} order by {order_columns(table)}) to {literal(str(target))} "
        f"{parquet_options()}"
    )
    return superseded


def _in_contract(path: Path, table: TableContract) -> str:
    """The contract's columns of an object that may have been written under an earlier contract."""
    held = set(pq.read_schema(path).names)
    return ", ".join(
        f"cast({quoted(column.name) if column.name in held else 'null'} as {column.data_type}) "
        f"as {quoted(column.name)}"
        for column in table.columns
    )


def _report_row(table: TableContract, file: LoadedFile, superseded: int) -> dict[str, Any]:
    return {
        "source": table.source,
        "table_name": table.name,
        "file_name": file.name,
        "loaded_at": file.loaded_at,
        "object_hash": file.object_hash,
        "rows_read": file.rows_read,
        "rows_accepted": file.rows_accepted - superseded,
        "rows_quarantined": file.rows_quarantined,
        "rows_superseded": file.rows_superseded + superseded,
        "unknown_columns": ",".join(file.unknown_columns),
    }


def _quarantined_rows(store: ObjectStore, table: TableContract, file: LoadedFile) -> list[dict[str, Any]]:
    if file.quarantine_hash is None:
        return []
    cells = pq.read_table(store.path(file.quarantine_hash)).to_pylist()
    return [
        {"source": table.source, "table_name": table.name, "file_name": file.name, **cell} for cell in cells
    ]
