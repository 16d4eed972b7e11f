"""The vendor's accounting periods: months within quarters within years, and one for adjustments at year end.

The vendor's fiscal year is the calendar year. A month is closed on the sixth working day after it, a year on
the 25th of January; the last complete month and the current one are open. What is posted when is decided
elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from seeds.generator.moments import DAY, HOUR, add_months, as_date, instant, month_start
from seeds.generator.tables import Row

_FIRST_FISCAL_YEAR = 2020
_CLOSING_WORKDAYS = 6
_CLOSING_HOUR = 17 * HOUR
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Within a year's hundred: 0 the year, 1 to 12 the months, 13 the adjustments, 21 to 24 the quarters.
_ADJUSTMENTS = 13
_QUARTERS = 20


def period_id(at: int) -> int:
    """The month's period of an instant."""
    moment = datetime.fromtimestamp(at, UTC)
    return _of_year(moment.year) + moment.month


def adjustment_period_id(year: int) -> int:
    """The period in which a year is closed."""
    return _of_year(year) + _ADJUSTMENTS


def _of_year(year: int) -> int:
    return (year - _FIRST_FISCAL_YEAR) * 100


def period_rows(first: int, horizon: int) -> list[Row]:
    """Rows of ``accountingperiod`` for every fiscal year from ``first`` to ``horizon`` (instants)."""
    years = range(int(as_date(first)[:4]), int(as_date(horizon)[:4]) + 1)
    return [row for year in years for row in _year_rows(year, horizon)]


def _year_rows(year: int, horizon: int) -> list[Row]:
    of_year = _of_year(year)
    start, after = instant(year, 1, 1), instant(year + 1, 1, 1)
    year_closed = _past(instant(year + 1, 1, 25) + _CLOSING_HOUR, after, horizon)
    rows = [_row(of_year, f"FY {year}", start, after, year_closed, is_year=True)]
    for number in range(12):
        month, next_month = add_months(start, number), add_months(start, number + 1)
        if number % 3 == 0:
            quarter = number // 3 + 1
            after_quarter = add_months(month, 3)
            closed = _past(_closing_of(after_quarter), after_quarter, horizon)
            period = of_year + _QUARTERS + quarter
            rows.append(_row(period, f"Q{quarter} {year}", month, after_quarter, closed, is_quarter=True))
        closed = _past(_closing_of(next_month), next_month, horizon)
        rows.append(_row(of_year + number + 1, f"{_MONTHS[number]} {year}", month, next_month, closed))
    last_day = after - DAY
    rows.append(
        _row(of_year + _ADJUSTMENTS, f"Adjust {year}", last_day, after, year_closed, is_adjustment=True)
    )
    return rows


def _closing_of(next_month: int) -> int:
    """When the month before ``next_month`` is closed: the sixth working day, in the afternoon."""
    day, workdays = next_month, 0
    while True:
        workdays += date.fromisoformat(as_date(day)).weekday() < 5
        if workdays == _CLOSING_WORKDAYS:
            return day + _CLOSING_HOUR
        day += DAY


def _past(closed_at: int, end: int, horizon: int) -> int | None:
    """The closing if the export knows it; the month before the current one is never closed yet."""
    return closed_at if closed_at <= horizon and end < month_start(horizon) else None


def _row(
    period: int,
    name: str,
    start: int,
    after: int,
    closed: int | None,
    *,
    is_year: bool = False,
    is_quarter: bool = False,
    is_adjustment: bool = False,
) -> Row:
    return (
        period, name, as_date(start), as_date(after - DAY), _flag(closed is not None), closed,
        _flag(is_adjustment), _flag(is_quarter), _flag(is_year),
    )  # fmt: skip


def _flag(value: bool) -> str:
    return "T" if value else "F"
