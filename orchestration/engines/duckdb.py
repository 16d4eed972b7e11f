"""The DuckDB engine: looks into a private build, copies its tables into new files, reads what is published.

Add here what has to speak to a DuckDB file. What is allowed to be published is decided by ``audit.py``, and
where the file goes by ``publication.py``.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

# The name of the target in dbt_project/profiles.yml.
DBT_TARGET = "build"
# The file's stem is the catalog name inside views and compiled SQL, so every warehouse file has this name.
WAREHOUSE_FILE_NAME = "warehouse.duckdb"
PUBLISHED_SCHEMA = "marts"
# What names people: a file of its own beside the published one, since DuckDB knows no grants.
RESTRICTED_FILE_NAME = "restricted.duckdb"
RESTRICTED_SCHEMA = "restricted"
# Readable by every DuckDB 1.x client and by tools that bundle one.
STORAGE_VERSION = "v1.0.0"

# A statement that names something unknown must not make the engine fetch an extension for it.
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# What stands before the statement that is explained: comments, words, and options in brackets.
_EXPLAIN = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*explain\b(\s*(analyze|verbose)\b)*(\s*\([^()]*\))?", re.IGNORECASE | re.DOTALL
)
_READING_ONLY = (
    "Only reading statements (select, from, with, describe, show, summarize, explain of one of these) are "
    "run here, not {}."
)


class QueryRefused(Exception):
    """The text is not one reading statement; the message says what is allowed."""


@dataclass(frozen=True)
class Column:
    """A column as it was built; ``comment`` is dbt's description where it is persisted, else None."""

    name: str
    data_type: str
    is_nullable: bool
    comment: str | None


@dataclass(frozen=True)
class Rows:
    """A query's header and its rows as Python values (Decimal, date, datetime in UTC without zone)."""

    columns: list[str]
    values: list[tuple[Any, ...]]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def open_read_only(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection that cannot change ``file`` and sees the time zone UTC."""
    return _in_utc(duckdb.connect(str(file), read_only=True, config=OFFLINE))


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    # Not a setting of connect(): the time zones are an extension, which is only there once the connection is.
    connection.execute("set TimeZone = 'UTC'")
    return connection


def read_rows(file: Path, sql: str, *, limit: int | None = None, parameters: Sequence[object] = ()) -> Rows:
    """The first ``limit`` rows (all when None) that ``sql`` returns on a file opened read-only.

    ``parameters`` stand for the question marks in ``sql``.

    Raises:
        duckdb.Error: the file or the statement cannot be read.
    """
    with open_read_only(file) as connection:
        cursor = connection.execute(sql, list(parameters))
        columns = [column[0] for column in cursor.description or []]
        return Rows(columns, cursor.fetchall() if limit is None else cursor.fetchmany(limit))


def has_table(file: Path, schema: str, table: str) -> bool:
    """Whether a table or view of that name is in the file."""
    sql = (
        "select 1 from information_schema.tables "
        f"where table_schema = {_text(schema)} and table_name = {_text(table)}"
    )
    return bool(read_rows(file, sql).values)


# ---- publication


def _tables(connection: duckdb.DuckDBPyConnection, catalog: str, schema: str) -> dict[str, list[Column]]:
    rows = connection.execute(
        """
        select
            columns.table_name, columns.column_name, columns.data_type,
            columns.is_nullable, columns.comment
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables
            on columns.database_name = tables.database_name
            and columns.schema_name = tables.schema_name
            and columns.table_name = tables.table_name
        where columns.database_name = ? and columns.schema_name = ?
        order by columns.table_name, columns.column_index
        """,
        [catalog, schema],
    ).fetchall()
    tables: dict[str, list[Column]] = {}
    for table, name, data_type, is_nullable, comment in rows:
        tables.setdefault(table, []).append(Column(name, data_type, is_nullable, comment))
    return tables


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _content_hash(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]) -> str:
    """SHA-256 of a table's columns, row count and rows, whichever order they are stored in.

    Each row becomes a text in which every value carries its length (so that 'ab','c' differs from 'a','bc',
    and NULL from the empty text), and the texts' MD5 halves are added up: exact, order-free, and done in one
    parallel scan.
    """
    row_text = " || ".join(
        f"coalesce(length(cast({_quoted(column.name)} as varchar)) || ':' || "
        f"cast({_quoted(column.name)} as varchar), '-')"
        for column in columns
    )
    sums = connection.execute(
        f"""
        select count(*), sum(md5_number_upper(row_text)), sum(md5_number_lower(row_text))
        from (select {row_text} as row_text from {table})
        """
    ).fetchone()
    header = [(column.name, column.data_type) for column in columns]
    return hashlib.sha256(repr((header, sums)).encode()).hexdigest()


@dataclass(frozen=True)
class PublishedTable:
    """One table of a published file: how many rows, and a hash that two equal tables share."""

    row_count: int
    content_hash: str


def has_schema(file: Path, schema: str) -> bool:
    """Whether the schema of that name has a table in the file."""
    with open_read_only(file) as connection:
        sql = "select 1 from duckdb_tables() where database_name = current_database() and schema_name = ?"
        return connection.execute(f"{sql} limit 1", [schema]).fetchone() is not None


def copy_tables(
    build_file: Path, into: Path, *, key_columns: Mapping[str, Sequence[str]], schema: str = PUBLISHED_SCHEMA
) -> dict[str, PublishedTable]:
    """Write all tables of a schema of a private build into a new file, and read them back.

    Args:
        build_file: the finished private build; opened read-only.
        into: the new file; must not exist.
        key_columns: per table the columns that its rows are ordered by; a table not named is ordered by all.
        schema: which schema is copied; in the new file it is ``marts``, since a schema with the name of its
            file could not be named in a query.

    Returns:
        Per table, in name order, what the new file holds.

    Raises:
        ValueError: the copy does not hold the columns and row counts of the build, or there is nothing to
            publish.
        duckdb.Error: a file cannot be read or written.
    """
    # A sort that outgrows the memory spills beside the private build, not into the caller's working folder.
    spill = build_file.parent / "spill"
    with _in_utc(duckdb.connect(config={**OFFLINE, "temp_directory": str(spill)})) as connection:
        connection.execute(f"attach {_text(str(build_file))} as build (read_only)")
        connection.execute(
            f"attach {_text(str(into))} as published (storage_version {_text(STORAGE_VERSION)})"
        )
        connection.execute(f"create schema published.{PUBLISHED_SCHEMA}")
        built = _tables(connection, "build", schema)
        if not built:
            raise ValueError(f"{build_file} has no table in the schema {schema}.")
        for table, columns in built.items():
            _copy_table(connection, table, columns, key_columns.get(table, ()), schema)
        built_counts = {table: _count(connection, f"build.{schema}.{_quoted(table)}") for table in built}
        connection.execute("checkpoint published")
        connection.execute("detach published")

    with _in_utc(duckdb.connect(config=OFFLINE)) as connection:
        connection.execute(f"attach {_text(str(into))} as published (read_only)")
        copied = _tables(connection, "published", PUBLISHED_SCHEMA)
        if copied != built:
            raise ValueError(f"{into}: the copy's columns differ from the build's: {copied} against {built}.")
        published = {}
        for table, columns in copied.items():
            published[table] = _published_table(connection, table, columns)
            row_count = published[table].row_count
            if row_count != built_counts[table]:
                raise ValueError(
                    f"{into}: {table} has {row_count} rows, the build has {built_counts[table]}."
                )
    return published


def _published_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]
) -> PublishedTable:
    name = f"published.{PUBLISHED_SCHEMA}.{_quoted(table)}"
    return PublishedTable(_count(connection, name), _content_hash(connection, name, columns))


def read_published_tables(file: Path) -> dict[str, PublishedTable | str]:
    """What a published file holds now, per table; a text says why a table cannot be read.

    Raises:
        duckdb.Error: the file as a whole cannot be read.
    """
    found: dict[str, PublishedTable | str] = {}
    connection = _attached(file)
    try:
        for table, columns in _tables(connection, "published", PUBLISHED_SCHEMA).items():
            try:
                found[table] = _published_table(connection, table, columns)
            except duckdb.Error as error:
                found[table] = str(error).strip().splitlines()[0]
                # An engine that has met a broken block may refuse everything after it.
                connection.close()
                connection = _attached(file)
    finally:
        connection.close()
    return found


def _attached(file: Path) -> duckdb.DuckDBPyConnection:
    connection = _in_utc(duckdb.connect(config=OFFLINE))
    connection.execute(f"attach {_text(str(file))} as published (read_only)")
    return connection


def _copy_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    keys: Sequence[str],
    schema: str,
) -> None:
    name = f"{PUBLISHED_SCHEMA}.{_quoted(table)}"
    definitions = ", ".join(
        f"{_quoted(column.name)} {column.data_type}{'' if column.is_nullable else ' not null'}"
        for column in columns
    )
    connection.execute(f"create table published.{name} ({definitions})")
    order = ", ".join(
        f"{_quoted(key)} asc nulls first" for key in (keys or [column.name for column in columns])
    )
    built = f"build.{schema}.{_quoted(table)}"
    connection.execute(f"insert into published.{name} select * from {built} order by {order}")
    for column in columns:
        if column.comment:
            connection.execute(
                f"comment on column published.{name}.{_quoted(column.name)} is {_text(column.comment)}"
            )


# ---- reading what is published


@contextmanager
def open_for_query(file: Path, *, restricted_file: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for somebody's own query: only this file can be read, and nothing can loosen that.

    Args:
        file: what is published.
        restricted_file: what names people, to be read beside it; its tables need no schema either.
    """
    # By default a large sort spills beside the published file, where a statement could write as well.
    with tempfile.TemporaryDirectory(prefix="tieout-query-") as spill, open_read_only(file) as connection:
        connection.execute(f"set temp_directory = {_text(spill)}")
        search_path = PUBLISHED_SCHEMA
        if restricted_file is not None:
            connection.execute(f"attach {_text(str(restricted_file))} as {RESTRICTED_SCHEMA} (read_only)")
            search_path += f",{RESTRICTED_SCHEMA}.{PUBLISHED_SCHEMA}"
        connection.execute(f"set search_path = {_text(search_path)}")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def run_query(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """Run one reading statement; the result is fetched from what is returned.

    Raises:
        QueryRefused: the text is empty, holds several statements, or one that does more than read.
        duckdb.Error: the statement cannot be run.
    """
    kind = _statement_type(connection, sql)
    if kind == duckdb.StatementType.EXPLAIN:
        # "explain analyze" runs what follows, and the engine itself lets a copy into <file>.wal pass, which
        # would make the published file unreadable.
        explained = _EXPLAIN.match(sql)
        kind = _statement_type(connection, sql[explained.end() :]) if explained else kind
    if kind != duckdb.StatementType.SELECT:
        raise QueryRefused(_READING_ONLY.format(kind.name.lower()))
    return connection.execute(sql)


def _statement_type(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.StatementType:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryRefused(f"Expected one statement, got {len(statements)}.")
    try:
        return statements[0].type
    except ValueError:
        # A kind that the engine's parser has and its client has no name for.
        raise QueryRefused(_READING_ONLY.format("anything else")) from None
