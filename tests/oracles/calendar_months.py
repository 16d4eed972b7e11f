"""Months of the reporting time zone and the data clock (definitions 0).

When a month begins, which months exist, which is complete: all of it, and nothing about money.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracles.export import OracleError, Tables, instant


@dataclass(frozen=True)
class Calendar:
    """Months of the reporting time zone up to the data clock.

    ``last_day`` is the day whose exchange rate values the last month: of the clock, or as asked for.
    """

    zone: ZoneInfo
    as_of: datetime
    last_day: date

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def months_from(self, moment: datetime | None) -> Iterator[date]:
        """Up to the last one, which is there also where nothing has happened before it."""
        last = self.last_day.replace(day=1)
        month = last if moment is None else min(self.local_date(moment).replace(day=1), last)
        while month <= last:
            yield month
            month = next_month(month)

    def open_of(self, month: date) -> datetime:
        return first_instant(month, self.zone)

    def close_of(self, month: date) -> datetime:
        """The first instant after the month; in the month of the clock, the clock itself."""
        return min(first_instant(next_month(month), self.zone), self.as_of)

    def rate_day(self, month: date) -> date:
        return min(next_month(month) - timedelta(days=1), self.last_day)

    def fiscal_year_start(self, start_month: int) -> date:
        """The first day of the fiscal year that the last day falls into."""
        year = self.last_day.year - (self.last_day.month < start_month)
        return date(year, start_month, 1)

    def is_complete(self, month: date) -> bool:
        return self.as_of >= first_instant(next_month(month), self.zone)


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def add_months(month: date, count: int) -> date:
    """So many months on, or back where the count is negative."""
    years, months = divmod(month.month - 1 + count, 12)
    return date(month.year + years, months + 1, 1)


def months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def newest_stamp(tables: Tables) -> datetime:
    """The newest sync stamp of the billing source; where no row has one, the newest ``created``."""
    rows = [row for table in tables.values() for row in table]
    for columns in (("_fivetran_synced", "_airbyte_extracted_at"), ("created",)):
        stamps = [stamp for row in rows for column in columns if (stamp := instant(row, column)) is not None]
        if stamps:
            return max(stamps)
    raise OracleError("no billing row says when it was synced or created")


def make_calendar(tables: Tables, as_of: date | None, time_zone: str) -> Calendar:
    """The clock that the export implies, or the end of the day that was asked for."""
    zone = ZoneInfo(time_zone)
    if as_of is None:
        clock = newest_stamp(tables)
        return Calendar(zone, clock, clock.astimezone(zone).date())
    return Calendar(zone, first_instant(as_of + timedelta(days=1), zone), as_of)
