"""Searches what the scheduler has written down of its runs, wherever that is, and replaces what must go.

Add here a further place of the scheduler's history. What is replaced by what is decided by the caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestration.runs import RunError
from orchestration.scheduler_instance import connect, is_in_database
from orchestration.settings import Settings

# Valid from 0 on. The scheduler writes an event in milliseconds; what holds its history longer is another
# program.
WAIT_SECONDS = 10
# Valid from 1 on. Rows that changed while they were searched are searched again.
PASSES = 5
ROWS_AT_ONCE = 2_000

Change = Callable[[str], str]


class HistoryError(Exception):
    """A history could not be searched; another program holds it, or it cannot be reached."""


class History(Protocol):
    """A database of the scheduler."""

    @property
    def name(self) -> str:
        """What the operator knows it by."""

    def mentions(self, change: Change) -> bool:
        """Whether anything would be replaced.

        Raises:
            HistoryError: it could not be searched.
        """

    def clean(self, change: Change) -> None:
        """Replace every text by what ``change`` makes of it.

        Raises:
            HistoryError: it could not be searched.
        """


def histories(settings: Settings) -> list[History]:
    """Every database in which the home's scheduler keeps its history, or kept it before."""
    files = sorted(settings.dagster_home.rglob("*.db"))
    found: list[History] = [FileHistory(file, str(file.relative_to(settings.home))) for file in files]
    if is_in_database(settings):
        found.append(DatabaseHistory(settings))
    return found


@dataclass(frozen=True)
class FileHistory:
    """An SQLite file below the home."""

    file: Path
    name: str

    def mentions(self, change: Change) -> bool:
        return self._go_through(change, is_rehearsal=True)

    def clean(self, change: Change) -> None:
        self._go_through(change, is_rehearsal=False)

    def _go_through(self, change: Change, *, is_rehearsal: bool) -> bool:
        try:
            with closing(sqlite3.connect(self.file, timeout=WAIT_SECONDS)) as connection:
                return _go_through_file(connection, change, is_rehearsal=is_rehearsal)
        except sqlite3.Error as error:
            raise HistoryError(str(error)) from error


def _go_through_file(connection: sqlite3.Connection, change: Change, *, is_rehearsal: bool) -> bool:
    changed = _Remembered(change)
    is_changed = False
    connection.execute("pragma secure_delete = on")
    tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        columns = [
            row[1]
            for row in connection.execute(f'pragma table_info("{table}")')
            if row[2].upper().startswith(("TEXT", "VARCHAR"))
        ]
        for column in columns:
            cells = connection.execute(
                f'select rowid, "{column}" from "{table}" where typeof("{column}") = \'text\''
            ).fetchall()
            for row, text in cells:
                if changed(text) == text:
                    continue
                is_changed = True
                if is_rehearsal:
                    return True
                connection.execute(
                    f'update "{table}" set "{column}" = ? where rowid = ?', (changed(text), row)
                )
    connection.commit()
    if is_changed:
        # Old pages would go on holding what was replaced, in the file and in its log.
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    return is_changed


class _Remembered:
    """Most texts of events repeat: keys, names of tables and tests."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text not in self._known:
            self._known[text] = self._change(text)
        return self._known[text]


@dataclass(frozen=True)
class DatabaseHistory:
    """The PostgreSQL database of the settings, or the one that they should name."""

    settings: Settings

    @property
    def name(self) -> str:
        return self.settings.scheduler_database_name or "the scheduler's database"

    def mentions(self, change: Change) -> bool:
        changed = _Remembered(change)
        with _opened(self.settings) as connection:
            return any(True for _ in _to_change(connection, changed))

    def clean(self, change: Change) -> None:
        changed = _Remembered(change)
        with _opened(self.settings) as connection:
            tables: set[str] = set()
            for _ in range(PASSES):
                found = list(_to_change(connection, changed))
                if not found:
                    break
                with connection.cursor() as cursor:
                    for table, column, place, text in found:
                        tables.add(table)
                        cursor.execute(
                            f'update "{table}" set "{column}" = %s where ctid = %s::tid and "{column}" = %s',
                            (changed(text), place, text),
                        )
                connection.commit()
            else:
                raise HistoryError("its rows change faster than they can be searched")
            _rewrite(connection, sorted(tables))


class _opened:
    """A connection whose errors are those of a history."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> Any:
        if self._settings.scheduler_database_url is None:
            raise HistoryError("TIEOUT_SCHEDULER_DATABASE_URL is not set")
        try:
            self._connection = connect(self._settings)
        except RunError as error:
            raise HistoryError(str(error)) from error
        with self._connection.cursor() as cursor:
            cursor.execute(
                "select set_config('lock_timeout', %s, false)", (f"{int(WAIT_SECONDS * 1000) or 1}ms",)
            )
        return self._connection

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import psycopg2

        self._connection.close()
        if isinstance(error, psycopg2.Error):
            raise HistoryError((str(error).strip().splitlines() or [type(error).__name__])[0]) from error


def _to_change(connection: Any, changed: Change) -> Iterator[tuple[str, str, str, str]]:
    """Table, column, place of the row and text of every cell that would be replaced."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns "
            "inner join information_schema.tables using (table_schema, table_name) "
            "where table_schema = current_schema() and table_type = 'BASE TABLE' "
            "and data_type in ('text', 'character varying') order by 1, 2"
        )
        columns = cursor.fetchall()
    for table, column in columns:
        # A named cursor is read bit by bit.
        with connection.cursor(name="search") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(f'select ctid::text, "{column}" from "{table}" where "{column}" is not null')
            for place, text in cursor:
                if changed(text) != text:
                    yield table, column, place, text


def _rewrite(connection: Any, tables: list[str]) -> None:
    """Write these tables anew, since old rows stay on their pages until these are used again."""
    import psycopg2.errors

    connection.commit()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for table in tables:
            try:
                cursor.execute(f'vacuum (full) "{table}"')
            except psycopg2.errors.LockNotAvailable:
                # Whoever holds it lets at least this one through.
                cursor.execute(f'vacuum "{table}"')
