"""Time that support is open: minutes between two instants, and when so many are over (definitions 8, SLA).

Day by day over the local calendar; every day's opening is turned into instants by itself, so that a change of
the clocks is simply a longer or shorter day. What a ticket is, and what is promised, stays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
NO_TIME = timedelta(0)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Opening = tuple[timedelta, timedelta]


def time_of_day(text: str) -> timedelta:
    """Hours and minutes since midnight; 24:00 is the end of the day."""
    hours, minutes, *seconds = (int(part) for part in text.strip().split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


def at_local_time(day: date, since_midnight: timedelta, zone: ZoneInfo) -> datetime:
    """The instant at which clocks on the wall show so much."""
    shown = datetime.combine(day, time(0)) + since_midnight
    return shown.replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class SupportCalendar:
    """When support is open: by weekday (0 is Monday), in a time zone, but on no holiday."""

    zone: ZoneInfo
    openings: Mapping[int, Sequence[Opening]]
    holidays: frozenset[date]

    def open_spans(self, first: date) -> Iterator[tuple[datetime, datetime]]:
        """In the order of time, from a local day on, without end (or not at all if never open)."""
        day = first
        while any(self.openings.values()):
            if day not in self.holidays:
                for opens, closes in sorted(self.openings.get(day.weekday(), ())):
                    yield at_local_time(day, opens, self.zone), at_local_time(day, closes, self.zone)
            day += ONE_DAY

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """How long support was open between two instants; nothing where the end comes first."""
        total = NO_TIME
        for opens, closes in self.open_spans(start.astimezone(self.zone).date() - ONE_DAY):
            if opens >= end:
                break
            total += max(min(closes, end) - max(opens, start), NO_TIME)
        return total

    def last_in_time(self, start: datetime, promised: timedelta) -> datetime | None:
        """The last instant at which no more open time than promised has passed; None where it never ends.

        A promise that is over as support closes can still be kept until it opens again.
        """
        left = promised
        for opens, closes in self.open_spans(start.astimezone(self.zone).date() - ONE_DAY):
            begins = max(opens, start)
            if begins >= closes:
                continue
            if closes - begins > left:
                return begins + left
            left -= closes - begins
        return None
