"""A reader of published versions as a process of its own, in whatever DuckDB it finds.

Add a way of reading here when the README tells analysts of another; nothing of the project is imported.
Called as ``analyst.py KIND HOME STOP LOG``, it reads until the file STOP is there, and writes a JSON line to
LOG per answer: ``marks``, of which versions the tables are that were read (one where all is well), or
``error``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

# Every table says which version it is of; the large one is read whole, so that no block stays unread.
MARKS = """
    select mark from {catalog}marts.dim_runs
    union select mark from {catalog}marts.fct_mrr
    union select min(mark) from {catalog}marts.fct_lines
    union select max(mark) from {catalog}marts.fct_lines
"""
PEOPLE = " union select mark from people.marts.dim_people"


def marks(connection: Any, sql: str) -> list[int]:
    """The distinct marks that a statement meets, in order."""
    return sorted(row[0] for row in connection.execute(sql).fetchall())


def twice(connection: Any, sql: str) -> list[int]:
    """Two statements on one connection see one version, too."""
    return sorted({*marks(connection, sql), *marks(connection, sql)})


def fresh(home: Path) -> Callable[[], list[int]]:
    """A new connection by the link for every look."""

    def look() -> list[int]:
        with duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True) as connection:
            return twice(connection, MARKS.format(catalog=""))

    return look


def held(home: Path) -> Callable[[], list[int]]:
    """One connection that stays open across publications and goes on with what it opened."""
    connection = duckdb.connect(str(home / "current" / "warehouse.duckdb"), read_only=True)
    return lambda: marks(connection, MARKS.format(catalog=""))


def attached(home: Path) -> Callable[[], list[int]]:
    """A client with databases of its own that attaches the published one for a while."""
    connection = duckdb.connect()

    def look() -> list[int]:
        connection.execute(f"attach '{home}/current/warehouse.duckdb' as published (read_only)")
        try:
            return twice(connection, MARKS.format(catalog="published."))
        finally:
            connection.execute("detach published")

    return look


def resolved(home: Path) -> Callable[[], list[int]]:
    """Both files of a version, which takes the link to be followed once."""

    def look() -> list[int]:
        folder = Path(os.path.realpath(home / "current"))
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute(f"attach '{folder}/restricted.duckdb' as people (read_only)")
            return twice(connection, MARKS.format(catalog="warehouse.") + PEOPLE)

    return look


KINDS = {"fresh": fresh, "held": held, "attached": attached, "resolved": resolved}


def main(kind: str, home: Path, stop: Path, log: Path) -> None:
    """Read until told to stop."""
    with log.open("a", encoding="utf-8", buffering=1) as file:
        look: Callable[[], list[int]] | None = None
        while not stop.exists():
            try:
                look = look or KINDS[kind](home)
                answer: dict[str, Any] = {"marks": look(), "client": duckdb.__version__}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}", "client": duckdb.__version__}
            file.write(json.dumps(answer) + "\n")
            # Without a rest they would keep the publisher from its work on a small machine.
            time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
