"""Instants, calendar months and billing periods.

An instant is a whole number of seconds since 1970-01-01T00:00:00Z. Everything that counts months or formats
times for the exports is here; decisions about *when* something happens are the simulation's. Time zones stay
out: exports are in UTC.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_INTERVAL_SECONDS = {"day": DAY, "week": WEEK}
_INTERVAL_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a price is billed: every ``count`` ``interval``s (day, week, month, year)."""

    interval: str
    count: int

    @property
    def months(self) -> int:
        """The length in months; 0 for cadences of days or weeks."""
        return _INTERVAL_MONTHS.get(self.interval, 0) * self.count


def instant(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """The instant of a UTC calendar date and time."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


def add_months(at: int, months: int) -> int:
    """The same day of month and time ``months`` later; the month's last day where that day is missing."""
    moment = datetime.fromtimestamp(at, UTC)
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())


@lru_cache(maxsize=65536)
def boundary(anchor: int, cadence: Cadence, number: int) -> int:
    """Where period ``number`` (from 0) starts; from the anchor, so that the 31st returns after February."""
    if cadence.months:
        return add_months(anchor, cadence.months * number)
    return anchor + _INTERVAL_SECONDS[cadence.interval] * cadence.count * number


def boundary_from(anchor: int, cadence: Cadence, at: int) -> int:
    """The first period start at or after ``at``."""
    if at <= anchor:
        return anchor
    if cadence.months:
        number = max(0, (at - anchor) // (31 * DAY * cadence.months))
    else:
        number = (at - anchor) // (_INTERVAL_SECONDS[cadence.interval] * cadence.count)
    while boundary(anchor, cadence, number) < at:
        number += 1
    return boundary(anchor, cadence, number)


def month_start(at: int) -> int:
    """The first instant of the calendar month that holds ``at``."""
    moment = datetime.fromtimestamp(at, UTC)
    return instant(moment.year, moment.month, 1)


def next_sync(at: int) -> int:
    """The nightly connector sync (03:15 UTC) that first sees a change made at ``at``."""
    today = at // DAY * DAY + 3 * HOUR + 15 * 60
    return today if at <= today else today + DAY


@lru_cache(maxsize=65536)
def as_timestamp(at: int) -> str:
    """``2024-02-29T12:00:00Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=8192)
def as_date(at: int) -> str:
    """``2024-02-29``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
