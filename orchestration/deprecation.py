"""Which published tables are about to go: old versions of models, which dbt's manifest dates.

A mart whose columns, types, grain or meaning change in a way that breaks a reader's query gets a new version;
the old one is published beside it until its ``deprecation_date``. How is in ``dbt_project/CONTRACTS.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from orchestration.engines import duckdb as engine

PUBLISHED_SCHEMAS = (engine.PUBLISHED_SCHEMA, engine.RESTRICTED_SCHEMA)


@dataclass(frozen=True)
class Deprecated:
    """A published table that is about to go.

    Attributes:
        last_day: up to which every release has it.
        successor: the table to read instead; None where there is none.
    """

    table: str
    last_day: date
    successor: str | None

    def told(self, today: date) -> str:
        """What to do about it, as a sentence."""
        instead = f"Read {self.successor} instead" if self.successor else "Nothing takes its place"
        if today > self.last_day:
            return (
                f"{self.table} was to be kept until {self.last_day} and may be missing from the next "
                f"release. {instead}."
            )
        return f"{self.table} is deprecated and kept until {self.last_day}. {instead}."


def deprecated_tables(manifest: Mapping[str, Any]) -> list[Deprecated]:
    """The published tables that dbt's manifest gives a last day, by name."""
    found = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node.get("schema") not in PUBLISHED_SCHEMAS:
            continue
        if last_day := node.get("deprecation_date"):
            is_old = node.get("version") != node.get("latest_version")
            found.append(
                Deprecated(
                    node["alias"], datetime.fromisoformat(last_day).date(), node["name"] if is_old else None
                )
            )
    return sorted(found, key=lambda one: one.table)


def as_record(tables: list[Deprecated]) -> dict[str, dict[str, str | None]]:
    """What ``build.json`` keeps of them."""
    return {one.table: {"last_day": one.last_day.isoformat(), "successor": one.successor} for one in tables}


def named_in(record: Mapping[str, Any], sql: str) -> list[Deprecated]:
    """The deprecated tables of a version's record that a statement names."""
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    return [
        Deprecated(table, date.fromisoformat(entry["last_day"]), entry["successor"])
        for table, entry in record.get("deprecated_tables", {}).items()
        if table.lower() in words
    ]
