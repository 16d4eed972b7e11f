"""Business minutes in examples that can be worked out on a wall calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.oracles.business_time import SupportCalendar, time_of_day

TEN_TO_SIX = (time_of_day("10:00"), time_of_day("18:00"))
ALL_DAY = (time_of_day("00:00"), time_of_day("24:00"))
LONDON = ZoneInfo("Europe/London")


def calendar(zone: str = "UTC", *holidays: str, days: range = range(5)) -> SupportCalendar:
    closed = frozenset(date.fromisoformat(holiday) for holiday in holidays)
    return SupportCalendar(ZoneInfo(zone), {day: [TEN_TO_SIX] for day in days}, closed)


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)


def minutes(support: SupportCalendar, start: datetime, end: datetime) -> float:
    return support.open_time(start, end) / timedelta(minutes=1)


# 3 June 2024 is a Monday.
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-06-03T11:00", "2024-06-03T12:30", 90),
        ("2024-06-03T08:00", "2024-06-03T10:00", 0),
        ("2024-06-03T08:00", "2024-06-03T10:01", 1),
        ("2024-06-03T17:59", "2024-06-04T10:01", 2),
        ("2024-06-03T18:00", "2024-06-04T10:00", 0),
        ("2024-06-07T17:00", "2024-06-10T11:00", 120),
        ("2024-06-08T12:00", "2024-06-09T12:00", 0),
        ("2024-06-03T00:00", "2024-06-10T00:00", 5 * 480),
        ("2024-06-04T11:00", "2024-06-03T11:00", 0),
        ("2024-06-03T11:00", "2024-06-03T11:00:30", 0.5),
    ],
)
def test_only_the_hours_of_working_days_count(start: str, end: str, expected: float) -> None:
    assert minutes(calendar(), at(start), at(end)) == expected


def test_a_holiday_counts_nothing() -> None:
    support = calendar("UTC", "2024-06-04")
    assert minutes(support, at("2024-06-03T17:00"), at("2024-06-05T11:00")) == 120
    assert minutes(support, at("2024-06-04T11:00"), at("2024-06-04T15:00")) == 0


def test_hours_are_those_of_the_time_zone_on_both_sides_of_a_change_of_the_clocks() -> None:
    support = calendar("Europe/London")
    # Friday before and Monday after 31 March 2024: 10:00 is 10:00Z and then 09:00Z.
    assert minutes(support, at("2024-03-29T17:00"), at("2024-04-01T09:30")) == 90
    # The other way on 27 October: Monday's 10:00 is 10:00Z.
    assert minutes(support, at("2024-10-25T16:00"), at("2024-10-28T10:30")) == 90


def test_a_day_on_which_the_clocks_change_is_an_hour_shorter_or_longer() -> None:
    support = SupportCalendar(LONDON, {6: [ALL_DAY]}, frozenset())
    assert minutes(support, at("2024-03-31T00:00", LONDON), at("2024-04-01T00:00", LONDON)) == 23 * 60
    assert minutes(support, at("2024-10-27T00:00", LONDON), at("2024-10-28T00:00", LONDON)) == 25 * 60


def test_a_promise_is_due_within_open_hours() -> None:
    support, promised = calendar("UTC", "2024-06-10"), timedelta(minutes=240)
    assert support.last_in_time(at("2024-06-03T11:00"), promised) == at("2024-06-03T15:00")
    assert support.last_in_time(at("2024-06-03T14:01"), promised) == at("2024-06-04T10:01")
    # Four hours end with the day; a reply at the opening of the next one has taken no more.
    assert support.last_in_time(at("2024-06-03T14:00"), promised) == at("2024-06-04T10:00")
    # Friday 17:00: an hour on Friday, nothing on the weekend and on the holiday, three on Tuesday.
    assert support.last_in_time(at("2024-06-07T17:00"), promised) == at("2024-06-11T13:00")


def test_support_that_is_never_open_counts_nothing_and_owes_nothing() -> None:
    support = SupportCalendar(ZoneInfo("UTC"), {}, frozenset())
    assert minutes(support, at("2024-06-03T11:00"), at("2025-06-03T11:00")) == 0
    assert support.last_in_time(at("2024-06-03T11:00"), timedelta(minutes=1)) is None
