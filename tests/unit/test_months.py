"""Months and ranges of them, as they are written."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.months import MonthRange, month_of, read_month_name


@pytest.mark.parametrize("text", ["2024-1", "2024-13", "2024-00", "24-01", "2024-01-01", "", "0000-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write YYYY-MM"):
        read_month_name(text)


def test_a_range_holds_both_its_ends_and_what_lies_between() -> None:
    months = MonthRange("2023-11", "2024-02")
    assert months.names == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert all(month in months for month in months.names)
    assert "2023-10" not in months and "2024-03" not in months and None not in months
    assert str(months) == "2023-11 to 2024-02"
    assert str(MonthRange("2024-02", "2024-02")) == "2024-02"


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="the first comes first"):
        MonthRange("2024-02", "2024-01")


def test_the_shortest_range_over_months() -> None:
    assert MonthRange.over(["2024-05", "2023-12"]) == MonthRange("2023-12", "2024-05")
    assert MonthRange.over([]) is None


def test_a_day_is_in_its_month() -> None:
    assert month_of(date(2024, 2, 29)) == "2024-02"
