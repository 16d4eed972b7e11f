"""Reads the marts of a published warehouse as rows, for comparison with what an oracle expects.

Only reading: the published file is opened read-only. What is expected, and what a difference is, stays out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from tests.oracles.comparison import MART_KEYS


def read_marts(warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of every mart that an oracle answers, by table name; exact types (Decimal, date)."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        marts = {}
        for table in MART_KEYS:
            cursor = connection.execute(f"select * from marts.{table}")
            columns = [column[0] for column in cursor.description]
            marts[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return marts
