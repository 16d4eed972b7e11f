"""Reads the marts of a published warehouse as rows, for comparison with what an oracle expects.

Only reading: the published file is opened read-only. What is expected, and what a difference is, stays out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from tests.oracles.comparison import MART_KEYS

PublishedMarts = dict[str, list[dict[str, Any]]]

# What a load and a run were like: their files and times, not the company.
ABOUT_THE_RUN = {"fct_load_report", "fct_runs"}


def read_marts(warehouse: Path) -> PublishedMarts:
    """All rows of every mart that an oracle answers, by table name; exact types (Decimal, date)."""
    return read_tables(warehouse, MART_KEYS)


def read_all_marts(warehouse: Path) -> PublishedMarts:
    """All rows of all marts that are about the company, by table name."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'")
        names = {name for (name,) in found.fetchall()}
    return read_tables(warehouse, sorted(names - ABOUT_THE_RUN))


def read_tables(warehouse: Path, tables: Iterable[str]) -> PublishedMarts:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        marts = {}
        for table in tables:
            cursor = connection.execute(f"select * from marts.{table}")
            columns = [column[0] for column in cursor.description]
            marts[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return marts
