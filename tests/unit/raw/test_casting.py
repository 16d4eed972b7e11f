"""Which spellings of a value are read, which are refused, and that nothing is ever rounded.

Add a row when a spelling is added to ``casting``. Files and lines are in the integration tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.raw.casting import cast_expression, refusal
from orchestration.raw.contract import ColumnContract


@cache
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect(":memory:")
    opened.execute("set TimeZone = 'UTC'")
    return opened


def column(data_type: str, form: str | None = None) -> ColumnContract:
    return ColumnContract("c", data_type, format=form)


def cast(contract: ColumnContract, *texts: str) -> list[Any]:
    expression = cast_expression(contract, "t")
    rows = (
        connection()
        .execute(
            f"select {expression} from (select unnest(range(len($1))) as n, unnest($1) as t) order by n",
            [list(texts)],
        )
        .fetchall()
    )
    return [row[0] for row in rows]


READ = [
    ("bigint", "12", 12),
    ("bigint", "-12", -12),
    ("bigint", "+12", 12),
    ("bigint", " 12 ", 12),
    ("bigint", "12.0", 12),
    ("bigint", "12.", 12),
    ("bigint", "1e3", 1000),
    ("bigint", "1.5E1", 15),
    ("bigint", "1200e-2", 12),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("bigint", "-9223372036854775808", -9223372036854775808),
    ("bigint", "000012", 12),
    ("decimal(24,6)", "-0.5", Decimal("-0.5")),
    ("decimal(24,6)", ".5", Decimal("0.5")),
    ("decimal(24,6)", "1.50000000000000000000", Decimal("1.5")),
    ("decimal(24,6)", "1.5e-5", Decimal("0.000015")),
    ("decimal(24,6)", "0e-40", Decimal(0)),
    ("decimal(24,6)", "0.000000000000000000000000000000000000000000", Decimal(0)),
    ("decimal(30,12)", "123456789012345678.123456789012", Decimal("123456789012345678.123456789012")),
    ("boolean", "true", True),
    ("boolean", "T", True),
    ("boolean", "1", True),
    ("boolean", "TRUE", True),
    ("boolean", "False", False),
    ("boolean", "f", False),
    ("boolean", "0", False),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("date", "2024-02-29T00:00:00Z", date(2024, 2, 29)),
    ("date", "2024-02-29 00:00:00.000", date(2024, 2, 29)),
    ("date", "2024-03-01T02:00:00+02:00", date(2024, 3, 1)),
    ("date", "2024-02-29 0:00:00", date(2024, 2, 29)),
    ("timestamp", "2024-02-29", datetime(2024, 2, 29)),  # noqa: DTZ001
    ("timestamp", "2024-02-29T12:30", datetime(2024, 2, 29, 12, 30)),  # noqa: DTZ001
    ("timestamp", "2024-02-29T12:30:15Z", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 12:30:15.25", datetime(2024, 2, 29, 12, 30, 15, 250000)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 12:30:15.123456000", datetime(2024, 2, 29, 12, 30, 15, 123456)),  # noqa: DTZ001
    ("timestamp", "2024-02-29T12:30:15+02:00", datetime(2024, 2, 29, 10, 30, 15)),  # noqa: DTZ001
    ("timestamp", "2024-02-29T12:30:15.5-0530", datetime(2024, 2, 29, 18, 0, 15, 500000)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 12:30:15 +0000", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 12:30:15+00", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 7:05:11", datetime(2024, 2, 29, 7, 5, 11)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 7:05:11 UTC", datetime(2024, 2, 29, 7, 5, 11)),  # noqa: DTZ001
    ("timestamp", "2024-02-29 12:30:15 UTC", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "2024-02-29t12:30:15z", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "1709209815", datetime(2024, 2, 29, 12, 30, 15)),  # noqa: DTZ001
    ("timestamp", "1709209815.5", datetime(2024, 2, 29, 12, 30, 15, 500000)),  # noqa: DTZ001
    ("timestamp", "0", datetime(1970, 1, 1)),  # noqa: DTZ001
    ("timestamp", "-86400", datetime(1969, 12, 31)),  # noqa: DTZ001
    ("varchar", " as it is ", " as it is "),
]


@pytest.mark.parametrize(("data_type", "text", "value"), READ)
def test_a_spelling_that_can_mean_one_thing_is_read(data_type: str, text: str, value: Any) -> None:
    assert cast(column(data_type), text) == [value]


REFUSED = [
    ("bigint", "12.5", "has decimals"),
    ("bigint", "1.25e1", "has decimals"),
    ("bigint", "9223372036854775808", "too large"),
    ("bigint", "9" * 30, "too large"),
    ("bigint", "1e30", "too large"),
    ("bigint", "1,000", "not a whole number"),
    ("bigint", "1_000", "not a whole number"),
    ("bigint", "0x1F", "not a whole number"),
    ("bigint", "--1", "not a whole number"),
    ("bigint", "1 000", "not a whole number"),
    ("bigint", "true", "not a whole number"),
    ("bigint", "٣", "not a whole number"),
    ("decimal(24,6)", "0.0000001", "more than 6 decimals"),
    ("decimal(24,6)", "1e-7", "more than 6 decimals"),
    ("decimal(24,6)", "1e18", "too large"),
    ("decimal(24,6)", "NaN", "not a decimal"),
    ("decimal(24,6)", "Infinity", "not a decimal"),
    ("decimal(24,6)", "1.5.5", "not a decimal"),
    ("decimal(24,6)", "$5", "not a decimal"),
    ("decimal(24,6)", ".", "not a decimal"),
    ("decimal(24,6)", "e5", "not a decimal"),
    ("boolean", "yes", "not a boolean"),
    ("boolean", "2", "not a boolean"),
    ("date", "2023-02-29", "calendar"),
    ("date", "2024-02-29T12:00:00Z", "no time of day"),
    ("date", "2024-03-01T00:00:00+02:00", "no time of day"),
    ("date", "20240229", "could be a day"),
    ("date", "29.02.2024", "not a date"),
    ("date", "infinity", "not a date"),
    ("date", "1709209815", "not a date"),
    ("timestamp", "2024-02-30T00:00:00Z", "calendar"),
    ("timestamp", "2024-02-29T24:00:00Z", "calendar"),
    ("timestamp", "2024-02-29T12:60:00Z", "calendar"),
    ("timestamp", "2024-02-29T12:30:15 Europe/Berlin", "unknown zone"),
    ("timestamp", "2024-02-29T12:30:15.1234567Z", "lose digits"),
    ("timestamp", "2024-1-1", "not a timestamp"),
    ("timestamp", "20240229", "could be a day"),
    ("timestamp", "1709209815000", "milliseconds"),
    ("timestamp", "45351", "Excel's number of a day"),
    ("timestamp", "45351.5", "Excel's number of a day"),
    ("date", "45351", "Excel's number of a day"),
    ("timestamp", "infinity", "not a timestamp"),
    ("timestamp", "epoch", "not a timestamp"),
    ("timestamp", "02/29/2024", "not a timestamp"),
    ("timestamp", "0000-01-01", "calendar"),
]


@pytest.mark.parametrize(("data_type", "text", "reason"), REFUSED)
def test_a_spelling_that_would_be_guessed_or_lose_digits_is_refused_with_a_reason(
    data_type: str, text: str, reason: str
) -> None:
    contract = column(data_type)
    assert cast(contract, text) == [None]
    assert reason in refusal(contract, text)


def test_a_json_column_takes_json_only() -> None:
    contract = column("varchar", "json")
    assert cast(contract, '{"a": [1]}', "{a: 1}", '{"a"', "null") == [
        '{"a": [1]}',
        None,
        None,
        "null",
    ]
    assert "JSON" in refusal(contract, "{a: 1}")


numbers = st.from_regex(
    r"[+-]?([0-9]{1,22}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?", fullmatch=True
).filter(str.isascii)


@settings(deadline=None)
@given(numbers)
def test_a_number_is_read_exactly_or_not_at_all(text: str) -> None:
    exact = Decimal(text)
    for data_type, digits, places in (
        ("bigint", 19, 0),
        ("decimal(24,6)", 18, 6),
        ("decimal(9,4)", 5, 4),
    ):
        (read,) = cast(column(data_type), text)
        if read is not None:
            assert Decimal(read) == exact
        elif "e" not in text.lower() and (Fraction(exact) * 10**places).denominator == 1:
            assert abs(exact) >= 10**digits or (data_type == "bigint" and not -(2**63) <= exact < 2**63)


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(min_value=-15 * 60, max_value=15 * 60),
    st.sampled_from(["T", " "]),
)
def test_an_instant_with_an_offset_is_read_as_that_instant(
    naive: datetime, minutes: int, divider: str
) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    (read,) = cast(column("timestamp"), instant.isoformat(sep=divider))
    assert read == instant.astimezone(UTC).replace(tzinfo=None)
