"""The CRM of a landing folder as the oracles read it: rows that are seen by the data clock.

Days of the reporting time zone, which rows are there, and the histories of properties belong here; who is the
same as whom is in ``identity.py``. What the rows count for stays in the oracle of that number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from tests.oracles.account_segments import UNKNOWN, AccountSegments
from tests.oracles.calendar_months import Calendar, next_month
from tests.oracles.export import Row, flag, instant, read_rows, required_instant
from tests.oracles.identity import Identity

ALL = "all"


class Crm:
    """Tables of the CRM up to the day of the data clock; what happens on that day is seen to its end."""

    def __init__(
        self, landing: Path, calendar: Calendar, identity: Identity, segments: AccountSegments
    ) -> None:
        self.landing = landing
        self.calendar = calendar
        self.identity = identity
        self.segments = segments

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
        """By object: the values of one property in the order of time, also those to come; None where emptied.

        That a history begins later says that there was no value before.
        """
        found: dict[str, list[tuple[datetime, str | None]]] = {}
        for row in self.rows(table):
            if row["name"] == name:
                found.setdefault(row[key], []).append((required_instant(row, "timestamp"), row.get("value")))
        return {owner: sorted(values, key=lambda entry: entry[0]) for owner, values in found.items()}

    def account_of(self, row: Row) -> str | None:
        """Of the company that a row names, if it is known, else of its contact's."""
        account = self.identity.of_company(row["company_id"]) if "company_id" in row else None
        if account is None and "contact_id" in row:
            account = self.identity.of_contact(row["contact_id"])
        return account

    def segment(self, segment_type: str, account: str | None, month: date) -> str:
        """Of an account in a month; ``ALL`` is the one segment of everybody."""
        if segment_type == ALL:
            return ALL
        if account is None:
            return UNKNOWN
        return self.segments.of(account, month)[segment_type]

    def months_from(self, first: date) -> list[date]:
        """Up to that of the data clock."""
        months: list[date] = []
        month = first.replace(day=1)
        while self.is_seen(month):
            months.append(month)
            month = next_month(month)
        return months
