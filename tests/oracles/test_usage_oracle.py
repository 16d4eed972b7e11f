"""Metered use in the oracle, against examples that can be worked out by hand (definitions 1.3)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.small_export import Export

COLUMN = "usage_mrr_amount"


def metered(**price: Any) -> Export:
    """An export whose one price is metered."""
    return Export(recurring_usage_type="metered", unit_amount=1, **price)


def test_use_is_spread_over_the_days_of_three_months_and_stands_beside_mrr(tmp_path: Path) -> None:
    """90.00 until the end of March: over the 91, 90 and 92 days that end with March, April and May."""
    export = metered()
    export.bill("2024-03-01", "2024-04-01", amount=9000)
    expected = {"2024-03": "30.0824", "2024-04": "30.4167", "2024-05": "29.7554"}
    assert export.amounts(tmp_path, COLUMN) == expected
    assert export.closings(tmp_path) == {}


def test_use_is_unknown_before_the_first_and_none_after_the_last(tmp_path: Path) -> None:
    export = metered()
    export.price("licensed")
    export.bill("2024-02-01", "2024-08-01", price_id="licensed", subscription_item_id="seats")
    export.bill("2024-03-01", "2024-04-01", amount=9000)
    assert export.amounts(tmp_path, COLUMN) == {
        "2024-02": None,
        "2024-03": "30.0824",
        "2024-04": "30.4167",
        "2024-05": "29.7554",
        "2024-06": "0.0000",
        "2024-07": "0.0000",
    }


@pytest.mark.parametrize(
    ("end", "first_month"),
    [("2024-04-01", "2024-03"), ("2024-04-01T00:00:00.000001", "2024-04"), ("2024-03-02", "2024-03")],
)
def test_a_period_belongs_to_the_month_that_it_ends_in_or_with(
    tmp_path: Path, end: str, first_month: str
) -> None:
    export = metered()
    export.bill("2024-03-01", end, amount=9000)
    assert min(export.amounts(tmp_path, COLUMN)) == first_month


def test_the_month_of_the_clock_ends_with_it_and_still_has_all_its_days(tmp_path: Path) -> None:
    """The clock is 10 July 12:00. Over the 92 days of May to July, 92.00 are 365 / 12."""
    export = metered()
    export.bill("2024-06-10", "2024-07-10T12:00", amount=9200)
    export.bill("2024-06-11", "2024-07-10T12:00:01", amount=700)
    assert export.amounts(tmp_path, COLUMN) == {"2024-07": "30.4167"}


def test_months_are_those_of_the_reporting_time_zone(tmp_path: Path) -> None:
    export = metered()
    export.bill("2024-03-01", "2024-04-01T04:00", amount=9000)
    policies = {"reporting_time_zone": "America/New_York"}
    assert min(export.amounts(tmp_path / "east", COLUMN, policies=policies)) == "2024-03"
    assert min(export.amounts(tmp_path / "utc", COLUMN)) == "2024-04"


def test_use_is_less_the_money_of_the_lines_own_discount_rows(tmp_path: Path) -> None:
    """90.00 + 9.00 - 3.50 - 5.50: whatever the coupons say, and not what is deleted."""
    export = metered()
    line = export.bill("2024-03-01", "2024-04-01", amount=9900)
    export.coupon("half", percent_off=50)
    for amount, values in ((350, {}), (550, {}), (4000, {"is_deleted": True}), (4000, {"type": "invoice"})):
        export.discount(line, "half", amount=amount, **values)
    export.window("half", subscription_id="sub")
    assert export.amounts(tmp_path, COLUMN)["2024-03"] == "30.0824"


def test_a_discount_row_without_an_amount_takes_nothing_off(tmp_path: Path) -> None:
    export = metered()
    export.discount(export.bill("2024-03-01", "2024-04-01", amount=9000), "unknown")
    assert export.amounts(tmp_path, COLUMN)["2024-03"] == "30.0824"


def test_credits_lower_use(tmp_path: Path) -> None:
    export = metered()
    export.bill("2024-03-01", "2024-04-01", amount=9500)
    export.credit("2024-03-01", "2024-04-01", amount=-500)
    assert export.amounts(tmp_path, COLUMN)["2024-03"] == "30.0824"


@pytest.mark.parametrize(
    ("invoice_status", "subscription_status", "counts"),
    [
        ("paid", "unpaid", True),
        ("open", "active", True),
        ("open", "unpaid", False),
        ("draft", "active", False),
        ("void", "active", False),
        ("uncollectible", "active", False),
    ],
)
def test_metered_lines_count_as_others_do(
    tmp_path: Path, invoice_status: str, subscription_status: str, counts: bool
) -> None:
    export = metered()
    export.subscription(status=subscription_status)
    export.bill("2024-03-01", "2024-04-01", amount=9000, status=invoice_status)
    assert bool(export.amounts(tmp_path, COLUMN)) is counts


@pytest.mark.parametrize(
    "price",
    [{"type": "one_time", "recurring_interval": None}, {"product_id": "perpetual"}],
)
def test_one_off_use_and_use_of_what_is_never_mrr_stays_out(tmp_path: Path, price: dict[str, Any]) -> None:
    export = metered(**price)
    export.add("billing/product", id="perpetual", metadata='{"licence_type": "perpetual"}')
    export.bill("2024-03-01", "2024-04-01", amount=9000)
    assert export.amounts(tmp_path, COLUMN) == {}


def test_a_one_off_line_is_no_use(tmp_path: Path) -> None:
    export = metered()
    export.bill("2024-03-01", "2024-04-01", amount=9000, type="invoiceitem")
    assert export.amounts(tmp_path, COLUMN) == {}


def test_use_is_rounded_and_converted_item_by_item(tmp_path: Path) -> None:
    """0.01 over 91 days is 0.00334 and rounds to 0.0033, twice 0.0066; each at 1.5 is 0.00495: 0.0050."""
    export = metered(currency="eur")
    for day in ("2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30", "2024-07-10"):
        export.rate("EUR", day, "1.5")
    export.bill("2024-03-01", "2024-04-01", amount=1)
    export.bill("2024-03-01", "2024-04-01", amount=1, subscription_item_id="other")
    assert export.amounts(tmp_path, COLUMN)["2024-03"] == "0.0100"


def test_lines_of_one_item_are_added_before_they_are_rounded(tmp_path: Path) -> None:
    export = metered()
    export.bill("2024-03-01", "2024-03-16", amount=1)
    export.bill("2024-03-16", "2024-04-01", amount=1)
    assert export.amounts(tmp_path, COLUMN)["2024-03"] == "0.0067"


def test_a_clock_that_is_set_hides_use_that_was_invoiced_later(tmp_path: Path) -> None:
    export = metered()
    export.bill("2024-03-01", "2024-04-01", amount=9000, created="2024-04-01")
    assert export.amounts(tmp_path, COLUMN, as_of=date(2024, 3, 31)) == {}
    assert export.amounts(tmp_path, COLUMN, as_of=date(2024, 4, 1)) == {
        "2024-03": "30.0824",
        "2024-04": "30.4167",
    }
