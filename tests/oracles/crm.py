"""The CRM of a landing folder as the oracles read it: rows that are seen by the data clock.

Days of the reporting time zone, which rows are there, and the histories of properties belong here; who is the
same as whom is in ``identity.py``. What the rows count for stays in the oracle of that number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from tests.oracles.calendar_months import Calendar
from tests.oracles.export import Row, flag, instant, read_rows, required_instant
from tests.oracles.identity import Identity
from tests.oracles.policy_tables import plain, read_policy_table


class Crm:
    """Tables of the CRM up to the day of the data clock; what happens on that day is seen to its end."""

    def __init__(self, landing: Path, calendar: Calendar, identity: Identity) -> None:
        self.landing = landing
        self.calendar = calendar
        self.identity = identity

    def rows(self, table: str) -> list[dict[str, str]]:
        return read_rows(self.landing / "crm" / f"{table}.csv")

    def kept(self, table: str) -> list[dict[str, str]]:
        """Rows that were not deleted at the source."""
        return [row for row in self.rows(table) if not flag(row, "is_deleted", absent=False)]

    def is_seen(self, day: date | None) -> bool:
        return day is not None and day <= self.calendar.last_day

    def day(self, row: Row, column: str) -> date | None:
        """The local day of an instant, if it is seen by now."""
        moment = instant(row, column)
        if moment is None:
            return None
        day = self.calendar.local_date(moment)
        return day if self.is_seen(day) else None

    def seen(self, table: str, column: str) -> Iterator[tuple[date, dict[str, str]]]:
        """The rows of a table whose day has come, with that day."""
        for row in self.rows(table):
            day = self.day(row, column)
            if day is not None:
                yield day, row

    def history(self, table: str, key: str, name: str) -> dict[str, list[tuple[datetime, str | None]]]:
        """By object: the values of one property in the order of time; None where it was emptied."""
        found: dict[str, list[tuple[datetime, str | None]]] = {}
        for row in self.rows(table):
            if row["name"] == name and self.day(row, "timestamp") is not None:
                found.setdefault(row[key], []).append((required_instant(row, "timestamp"), row.get("value")))
        return {owner: sorted(values, key=lambda entry: entry[0]) for owner, values in found.items()}

    @cached_property
    def segment_mappings(self) -> dict[tuple[str, str], str]:
        rows = read_policy_table(self.landing, "segment_mappings", ("mapping", "value"))
        return {(row["mapping"], plain(row["value"])): row["target"] for row in rows}

    def mapped(self, mapping: str, value: str | None) -> str:
        """What a value of an export is called in a segment; what nobody has mapped is unknown."""
        return self.segment_mappings.get((mapping, plain(value)), "unknown")

    def months_from(self, first: date) -> list[date]:
        months = [first.replace(day=1)]
        last = self.calendar.last_day.replace(day=1)
        while months[-1] < last:
            year, month = divmod(months[-1].month, 12)
            months.append(date(months[-1].year + year, month + 1, 1))
        return [month for month in months if month <= last]
