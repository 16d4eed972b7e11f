"""The raw layer of a landing folder as the oracles read it: text rows, then one field at a time.

What a row says before any definition applies belongs here: types, defaults of absent columns, which rows a
clock that was set back still knows, exact numbers and their rounding. What a number means stays in the
oracle of that number.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

Row = Mapping[str, str]
Tables = Mapping[str, list[dict[str, str]]]


class OracleError(Exception):
    """Input for which publication must stop; the message names the rows."""


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of one CSV file by lower-case column name; an empty field or a missing file is NULL."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {name.strip().lower(): value for name, value in row.items() if value}
            for row in csv.DictReader(file)
        ]


def whole_number(row: Row, column: str) -> int | None:
    if column not in row:
        return None
    number = Fraction(row[column])
    if number.denominator != 1:
        raise OracleError(f"{column}={row[column]} of row {row.get('id')} is not a whole number")
    return int(number)


def exact_number(row: Row, column: str) -> Fraction | None:
    return Fraction(row[column]) if column in row else None


def instant(row: Row, column: str) -> datetime | None:
    """A UTC instant from ISO 8601 (no zone means UTC) or epoch seconds."""
    value = row.get(column)
    if value is None:
        return None
    if value.replace(".", "", 1).lstrip("-").isdigit():
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(Fraction(value) * 1_000_000))
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def naive(moment: datetime | None) -> datetime | None:
    """As a database gives an instant in UTC."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def required_instant(row: Row, column: str) -> datetime:
    moment = instant(row, column)
    if moment is None:
        raise OracleError(f"row {row.get('id')} has no {column}")
    return moment


def flag(row: Row, column: str, *, absent: bool) -> bool:
    return row[column].lower() in {"true", "t", "1"} if column in row else absent


def is_live(row: Row) -> bool:
    """An absent livemode is true, an absent is_deleted false (raw layer, billing)."""
    return flag(row, "livemode", absent=True) and not flag(row, "is_deleted", absent=False)


def metadata(row: Row) -> dict[str, object]:
    return json.loads(row["metadata"]) if "metadata" in row else {}


def round_half_away(value: Fraction, digits: int) -> Fraction:
    scaled = abs(value) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if value >= 0 else -whole, 10**digits)


def to_decimal(value: Fraction, digits: int = 4) -> Decimal:
    """The exact decimal of a value that has no more digits than that."""
    steps = value * 10**digits
    assert steps.denominator == 1
    return Decimal(int(steps)).scaleb(-digits)


def hide_what_came_later(tables: Tables, as_of: datetime) -> dict[str, list[dict[str, str]]]:
    """Section 0: a clock that was set hides what was created or finalised later; statuses stay."""

    def is_known(row: Row) -> bool:
        moments = (instant(row, "created"), instant(row, "status_transitions_finalized_at"))
        return all(moment is None or moment < as_of for moment in moments)

    hiding = {"customer", "subscription", "invoice"}
    return {
        name: [row for row in rows if name not in hiding or is_known(row)] for name, rows in tables.items()
    }
