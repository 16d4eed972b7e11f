"""What a load changed: rows added to and removed from each table, by the month that a row is dated in.

Add here what is told of a change. A row that was corrected counts as one removed and one added; one whose
sync stamp alone is newer has not changed. Which column dates a row is declared with the table (``dated_by``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow.parquet as pq

from orchestration.months import UNDATED
from orchestration.raw.contract import TableContract
from orchestration.raw.manifest import LoadedFile
from orchestration.raw.objects import ObjectStore
from orchestration.raw.table_files import path_literal, quoted


@dataclass(frozen=True)
class RowCounts:
    """Rows of one table and month that a load added and removed."""

    added: int
    removed: int


# By month (or UNDATED), oldest first.
MonthChanges = Mapping[str, RowCounts]


def dated_months(changes: MonthChanges) -> list[str]:
    """The months of a change, oldest first."""
    return [month for month in changes if month != UNDATED]


def row_changes(
    connection: duckdb.DuckDBPyConnection,
    store: ObjectStore,
    table: TableContract,
    before: Sequence[LoadedFile],
    after: Sequence[LoadedFile],
) -> MonthChanges:
    """Compare the rows of a table's files before and after a load.

    Rows are compared by a 64-bit hash of all columns but the sync stamps, each as often as it stands there.
    Objects that both states share are not read.
    """
    old = Counter(file.object_hash for file in before)
    new = Counter(file.object_hash for file in after)
    parts = [
        _rows(store, table, object_hash, sign * count)
        for sign, counted in ((1, new - old), (-1, old - new))
        for object_hash, count in sorted(counted.items())
        # An object that erasure or pruning took away cannot be compared with.
        if store.holds(object_hash)
    ]
    if not parts:
        return {}
    found = connection.execute(
        "select month, sum(greatest(copies, 0)), sum(greatest(-copies, 0)) from ("
        f"select month, row_hash, sum(sign) as copies from ({' union all '.join(parts)}) "
        "group by month, row_hash having sum(sign) <> 0) group by month order by month"
    ).fetchall()
    return {month: RowCounts(int(added), int(removed)) for month, added, removed in found}


def _rows(store: ObjectStore, table: TableContract, object_hash: str, sign: int) -> str:
    path = store.path(object_hash)
    held = set(pq.read_schema(path).names)
    values = ", ".join(
        # An object that an earlier contract read may hold other columns or types.
        f"cast({quoted(column.name) if column.name in held else 'null'} as {column.data_type})"
        for column in table.columns
        if column.name not in table.sync_stamps
    )
    month = f"'{UNDATED}'"
    if table.dated_by is not None and table.dated_by in held:
        month = f"coalesce(strftime(try_cast({quoted(table.dated_by)} as date), '%Y-%m'), '{UNDATED}')"
    return (
        f"select {month} as month, hash({values}) as row_hash, {sign} as sign "
        f"from read_parquet({path_literal(path)}, hive_partitioning=false)"
    )
