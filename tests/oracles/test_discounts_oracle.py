"""Discounts in the oracle, against examples that can be worked out by hand (definitions 1.4)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.discounts import spread
from tests.oracles.export import OracleError
from tests.oracles.small_export import Export, day

MAY = ("2024-05-01", "2024-06-01")


def discounted(*coupons: dict[str, Any], **price: Any) -> Export:
    """One line over May that carries coupons c0, c1 and so on by rows of its own."""
    export = Export(**price)
    line = export.bill(*MAY)
    for number, terms in enumerate(coupons):
        export.coupon(f"c{number}", **terms)
        export.discount(line, f"c{number}")
    return export


def net_by_item(export: Export, folder: Path) -> dict[str, str]:
    """What every item pays when it starts, from the events."""
    return {
        row["subscription_item_id"]: str(row["change_amount_in_currency"])
        for row in export.answer(folder)["fct_mrr_events"]
        if row["to_price_id"] is not None
    }


# Which coupons lower MRR.


def test_a_discount_for_ever_is_deducted_and_shown_beside_gross_and_net(tmp_path: Path) -> None:
    export = discounted({"percent_off": 20})
    [row, _] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    columns = ("gross_mrr_amount", "discount_mrr_amount", "closing_mrr_amount", "arr_amount")
    assert [str(row[column]) for column in columns] == ["100.0000", "20.0000", "80.0000", "960.0000"]


def test_a_discount_on_one_invoice_only_has_no_effect(tmp_path: Path) -> None:
    assert discounted({"percent_off": 20, "duration": "once"}).closings(tmp_path) == {"2024-05": "100.0000"}


@pytest.mark.parametrize(
    ("months", "interval", "count", "is_deducted"),
    [
        (1, "month", 1, False),
        (2, "month", 1, True),
        (3, "month", 3, False),
        (4, "month", 3, True),
        (12, "year", 1, False),
        (13, "year", 1, True),
        (24, "year", 2, False),
        (1, "week", 1, True),
        (1, "week", 4, True),
        (1, "week", 5, False),
        (1, "day", 30, True),
        (1, "day", 31, False),
    ],
)
def test_a_repeating_discount_is_deducted_if_it_outlasts_the_interval(
    tmp_path: Path, months: int, interval: str, count: int, is_deducted: bool
) -> None:
    coupon = {"percent_off": 50, "duration": "repeating", "duration_in_months": months}
    export = discounted(coupon, recurring_interval=interval, recurring_interval_count=count)
    [row, _] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert (row["discount_mrr_amount"] > 0) is is_deducted


def test_a_repeating_discount_is_deducted_on_the_lines_it_touched(tmp_path: Path) -> None:
    export = discounted({"percent_off": 50, "duration": "repeating", "duration_in_months": 2})
    export.discount(export.bill("2024-06-01", "2024-07-01"), "c0")
    export.bill("2024-07-01", None)
    expected = {"2024-05": "50.0000", "2024-06": "50.0000", "2024-07": "100.0000"}
    assert export.closings(tmp_path) == expected


def test_the_terms_of_a_coupon_outlive_its_deletion(tmp_path: Path) -> None:
    export = discounted({"percent_off": 20, "is_deleted": True}, {"percent_off": 50, "livemode": False})
    assert export.closings(tmp_path) == {"2024-05": "40.0000"}


def test_what_a_row_took_off_does_not_matter(tmp_path: Path) -> None:
    export = discounted({"percent_off": 20})
    export.tables["billing/discount"][0]["amount"] = 7
    assert export.closings(tmp_path) == {"2024-05": "80.0000"}


# Percentages.


def test_percentages_multiply_and_are_rounded_once(tmp_path: Path) -> None:
    """100 a year less 10 %, 50 % and 33.3333 %: 100 x 0.9 x 0.5 x 0.666667 = 30.000015, / 12 = 2.50000125."""
    coupons = [{"percent_off": percent} for percent in ("10", "50", "33.3333")]
    export = discounted(*coupons, recurring_interval="year")
    [row, _] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert (str(row["closing_mrr_amount"]), str(row["arr_amount"])) == ("2.5000", "30.0000")


def test_rounding_comes_after_the_percentage(tmp_path: Path) -> None:
    """A quarter of 1.01 a year is 0.02104 a month; of the rounded 0.0842 it would be 0.0211."""
    export = discounted({"percent_off": 75}, recurring_interval="year", unit_amount=101)
    assert export.closings(tmp_path) == {"2024-05": "0.0210"}


def test_one_coupon_on_two_rows_counts_once(tmp_path: Path) -> None:
    export = discounted({"percent_off": 20})
    export.discount("il0", "c0")
    assert export.closings(tmp_path) == {"2024-05": "80.0000"}


def test_the_difference_of_the_converted_values_is_the_discount(tmp_path: Path) -> None:
    """EUR 33.3333 and 16.6667 at 1.1: 36.66663 and 18.33337 are 36.6666 and 18.3334."""
    export = discounted({"percent_off": 50}, currency="eur", recurring_interval_count=3)
    export.rate("EUR", "2024-05-31", "1.1")
    export.rate("EUR", "2024-06-30", "1.1")
    [row, _] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    columns = ("gross_mrr_amount", "discount_mrr_amount", "closing_mrr_amount")
    assert [str(row[column]) for column in columns] == ["36.6666", "18.3332", "18.3334"]


# Which coupons a statement carries.


def test_a_row_on_one_tier_is_a_row_of_the_whole_statement(tmp_path: Path) -> None:
    """Five units at 10.00, two at 9.00: 68.00 less 50 %."""
    export = Export(billing_scheme="tiered", tiers_mode="graduated")
    export.add("billing/price_tier", price_id="price", index=0, up_to=5, unit_amount=1000)
    export.add("billing/price_tier", price_id="price", index=1, unit_amount=900)
    export.coupon("half", percent_off=50)
    export.coupon("window", percent_off=10)
    export.window("window", subscription_id="sub")
    export.bill(*MAY, quantity=5, invoice="in")
    export.discount(export.bill(*MAY, quantity=2, invoice="in"), "half")
    assert export.closings(tmp_path) == {"2024-05": "34.0000"}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-05-01", "2024-05-02", "80.0000"),
        ("2024-05-01T00:00:00.000001", None, "100.0000"),
        (None, "2024-05-01", "100.0000"),
        (None, "2024-05-01T00:00:00.000001", "80.0000"),
        (None, None, "80.0000"),
        ("2024-05-01", "2024-05-01", "100.0000"),
    ],
)
def test_a_window_holds_from_its_start_until_before_its_end(
    tmp_path: Path, start: str | None, end: str | None, expected: str
) -> None:
    export = Export()
    export.bill(*MAY)
    export.coupon("coupon", percent_off=20)
    edges = {"start": day(start) if start else None, "end": day(end) if end else None}
    export.window("coupon", subscription_id="sub", **edges)
    assert export.closings(tmp_path) == {"2024-05": expected}


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"subscription_id": "sub"}, "80.0000"),
        ({"subscription_id": "sub", "customer_id": "cus"}, "80.0000"),
        ({"subscription_id": "sub", "customer_id": "other"}, "80.0000"),
        ({"subscription_id": "other", "customer_id": "cus"}, "100.0000"),
        ({"customer_id": "cus"}, "80.0000"),
        ({"customer_id": "other"}, "100.0000"),
        ({}, "100.0000"),
        ({"subscription_id": "sub", "is_deleted": True}, "100.0000"),
        ({"subscription_id": "sub", "livemode": False}, "100.0000"),
    ],
)
def test_a_window_is_of_a_subscription_or_of_a_customer_in_all(
    tmp_path: Path, window: dict[str, Any], expected: str
) -> None:
    export = Export()
    export.bill(*MAY)
    export.coupon("coupon", percent_off=20)
    export.window("coupon", **window)
    assert export.closings(tmp_path) == {"2024-05": expected}


def test_a_row_of_the_line_keeps_every_window_out(tmp_path: Path) -> None:
    """The line had a coupon for one invoice: what the subscription's window says is not asked."""
    export = discounted({"percent_off": 20, "duration": "once"})
    export.coupon("window", percent_off=50)
    export.window("window", subscription_id="sub")
    assert export.closings(tmp_path) == {"2024-05": "100.0000"}


@pytest.mark.parametrize("gone", [{"is_deleted": True}, {"livemode": False}, {"type": "invoice"}])
def test_a_row_that_is_gone_or_of_something_else_is_no_row_of_the_line(
    tmp_path: Path, gone: dict[str, Any]
) -> None:
    export = discounted({"percent_off": 20})
    export.tables["billing/discount"][0] |= gone
    export.coupon("window", percent_off=50)
    export.window("window", subscription_id="sub")
    assert export.closings(tmp_path) == {"2024-05": "50.0000"}


def test_several_windows_apply_together(tmp_path: Path) -> None:
    export = Export()
    export.bill(*MAY)
    export.coupon("ours", percent_off=50)
    export.coupon("everyone", percent_off=10)
    export.window("ours", subscription_id="sub")
    export.window("everyone", customer_id="cus")
    assert export.closings(tmp_path) == {"2024-05": "45.0000"}


# Amounts off.


@pytest.mark.parametrize(
    ("price", "coupon", "mrr", "arr"),
    [
        ({}, {"amount_off": 2500, "currency": "usd"}, "75.0000", "900.0000"),
        ({}, {"amount_off": 2500}, "75.0000", "900.0000"),
        ({"recurring_interval": "year"}, {"amount_off": 1000}, "7.5000", "90.0000"),
        (
            {"recurring_interval": "year", "unit_amount": 120000},
            {"amount_off": 10000},
            "91.6667",
            "1100.0000",
        ),
        ({"recurring_interval_count": 3}, {"amount_off": 1000}, "30.0000", "360.0000"),
        ({"recurring_interval": "week"}, {"amount_off": 1000}, "390.0000", "4680.0000"),
        ({}, {"amount_off": 10001}, "0.0000", "0.0000"),
    ],
)
def test_an_amount_is_taken_off_every_invoice_and_made_monthly(
    tmp_path: Path, price: dict[str, Any], coupon: dict[str, Any], mrr: str, arr: str
) -> None:
    [row, *_] = discounted(coupon, **price).answer(tmp_path)["fct_mrr_by_account_month"]
    assert (str(row["closing_mrr_amount"]), str(row["arr_amount"])) == (mrr, arr)


@pytest.mark.parametrize(("currency", "expected"), [("jpy", "9500.0000"), ("kwd", "9.5000")])
def test_an_amount_is_in_the_minor_unit_of_its_currency(tmp_path: Path, currency: str, expected: str) -> None:
    export = discounted({"amount_off": 500, "currency": currency}, currency=currency)
    export.rate(currency.upper(), "2024-05-31", "1")
    export.rate(currency.upper(), "2024-06-30", "1")
    assert export.closings(tmp_path) == {"2024-05": expected}


def test_percentages_come_before_amounts(tmp_path: Path) -> None:
    assert discounted({"percent_off": 50}, {"amount_off": 1000}).closings(tmp_path) == {"2024-05": "40.0000"}


def together(prices: dict[str, dict[str, Any]], **terms: Any) -> Export:
    """Items by id, each on its own price, all on one invoice over May, with one coupon on every line."""
    export = Export()
    export.coupon("off", **terms)
    for item, price in prices.items():
        export.price(f"of {item}", **price)
        line = export.bill(*MAY, invoice="in", subscription_item_id=item, price_id=f"of {item}")
        export.discount(line, "off")
    return export


def test_an_amount_is_spread_in_proportion_to_the_price(tmp_path: Path) -> None:
    export = together({"a": {"unit_amount": 30000}, "b": {}}, amount_off=1000)
    assert net_by_item(export, tmp_path) == {"a": "292.5000", "b": "97.5000"}


def test_the_last_digits_go_to_the_largest_remainders_and_then_to_the_lowest_ids(tmp_path: Path) -> None:
    """10.00 over three equals is 3.3333 each and one step more, which B gets: capitals come first."""
    export = together({"a": {}, "B": {}, "c": {}}, amount_off=1000)
    assert net_by_item(export, tmp_path) == {"B": "96.6666", "a": "96.6667", "c": "96.6667"}


def test_mrr_and_arr_are_spread_separately(tmp_path: Path) -> None:
    """1.00 a year: 0.0833 a month over two is 0.0417 and 0.0416, while 1.0000 a year is halved."""
    export = together(
        {"a": {"recurring_interval": "year"}, "b": {"recurring_interval": "year"}}, amount_off=100
    )
    assert net_by_item(export, tmp_path) == {"a": "8.2916", "b": "8.2917"}
    [row, *_] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert str(row["arr_amount"]) == "199.0000"


def test_each_interval_has_invoices_of_its_own(tmp_path: Path) -> None:
    export = together({"month": {}, "year": {"recurring_interval": "year"}}, amount_off=1200)
    assert net_by_item(export, tmp_path) == {"month": "88.0000", "year": "7.3333"}


def test_only_lines_with_the_coupon_share_it(tmp_path: Path) -> None:
    export = together({"a": {}, "b": {}}, amount_off=1000)
    export.bill(*MAY, invoice="in", subscription_item_id="c")
    assert net_by_item(export, tmp_path) == {"a": "95.0000", "b": "95.0000", "c": "100.0000"}


def test_only_items_in_service_share_it(tmp_path: Path) -> None:
    """When b ends in mid-May, a alone bears the 10.00: an event by discount, and 90.00 at the month's end."""
    export = together({"a": {}}, amount_off=1000)
    export.discount(export.bill("2024-05-01", "2024-05-16", subscription_item_id="b"), "off")
    assert export.closings(tmp_path) == {"2024-05": "90.0000"}
    assert export.drivers(tmp_path)[2:4] == [
        ("2024-05-16", "a", "discount"),
        ("2024-05-16", "b", "cancellation"),
    ]


def test_a_share_is_never_more_than_what_is_left_and_is_not_passed_on(tmp_path: Path) -> None:
    """Shares of 5.00 each: a is free of charge by a percentage and bears nothing, b its own 5.00."""
    export = together({"a": {}, "b": {}}, amount_off=1000)
    export.coupon("free", percent_off=100)
    export.discount("il0", "free")
    assert export.closings(tmp_path) == {"2024-05": "95.0000"}


def test_two_amounts_never_take_more_than_all(tmp_path: Path) -> None:
    export = discounted({"amount_off": 6000}, {"amount_off": 6000})
    [row] = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert (str(row["closing_mrr_amount"]), str(row["discount_mrr_amount"])) == ("0.0000", "100.0000")


def test_an_item_that_costs_nothing_bears_nothing(tmp_path: Path) -> None:
    export = together({"a": {"unit_amount": 0}, "b": {}}, amount_off=1000)
    assert export.closings(tmp_path) == {"2024-05": "90.0000"}
    free = together({"a": {"unit_amount": 0}}, amount_off=1000)
    assert free.answer(tmp_path / "free")["fct_mrr_by_account_month"] == []


def test_each_subscription_has_invoices_of_its_own(tmp_path: Path) -> None:
    export = together({"a": {}}, amount_off=1000)
    export.discount(export.bill(*MAY, subscription_id="sub2", subscription_item_id="b"), "off")
    assert export.closings(tmp_path) == {"2024-05": "180.0000"}


def test_items_without_a_subscription_share_nothing(tmp_path: Path) -> None:
    export = Export()
    export.coupon("off", amount_off=1000)
    for item in ("a", "b"):
        line = export.bill(*MAY, invoice="in", subscription_id=None, subscription_item_id=item)
        export.discount(line, "off")
    assert export.closings(tmp_path) == {"2024-05": "180.0000"}


def test_a_minimum_quantity_weighs_as_it_is_billed(tmp_path: Path) -> None:
    """Three seats billed as ten weigh 1,000 against 100: of 11.00 they bear 10.00."""
    export = Export()
    export.tables["billing/subscription_item"][0]["metadata"] = '{"minimum_quantity": 10}'
    export.coupon("off", amount_off=1100)
    export.discount(export.bill(*MAY, invoice="in", quantity=3), "off")
    export.discount(export.bill(*MAY, invoice="in", subscription_item_id="other"), "off")
    assert net_by_item(export, tmp_path) == {"item": "990.0000", "other": "99.0000"}


@given(
    steps=st.integers(0, 10**7),
    weights=st.dictionaries(
        st.text(st.sampled_from("aBé1"), min_size=1), st.fractions(0, 10**6), min_size=1, max_size=6
    ),
)
def test_a_spread_loses_nothing_and_is_off_by_less_than_a_step(
    steps: int, weights: dict[str, Fraction]
) -> None:
    total, step = Fraction(steps, 10**4), Fraction(1, 10**4)
    shares = spread(total, weights)
    whole = sum(weights.values())
    if whole == 0:
        assert not any(shares.values())
        return
    assert sum(shares.values()) == total
    assert all(abs(shares[key] - total * weight / whole) < step for key, weight in weights.items())
    assert spread(total, dict(reversed(list(weights.items())))) == shares


# What nobody can read.

UNREADABLE: list[dict[str, Any]] = [
    {},
    {"percent_off": 10, "amount_off": 100},
    {"percent_off": "-0.0001"},
    {"percent_off": "100.0001"},
    {"amount_off": -1},
    {"percent_off": 10, "duration": "twice"},
    {"percent_off": 10, "duration": None},
    {"percent_off": 10, "duration": "repeating"},
    {"amount_off": 100, "currency": "eur"},
]


@pytest.mark.parametrize("terms", UNREADABLE)
def test_a_coupon_that_nobody_can_read_is_refused_where_a_counting_line_has_it(
    tmp_path: Path, terms: dict[str, Any]
) -> None:
    export = discounted(terms)
    with pytest.raises(OracleError, match="c0"):
        export.answer(tmp_path)
    export.tables["billing/invoice"][0]["status"] = "void"
    assert export.closings(tmp_path) == {}


@pytest.mark.parametrize("coupon_id", ["unknown", None])
def test_an_unknown_coupon_is_refused_where_a_counting_line_has_it(
    tmp_path: Path, coupon_id: str | None
) -> None:
    export = Export()
    export.discount(export.bill(*MAY), coupon_id)
    with pytest.raises(OracleError, match="unknown coupon"):
        export.answer(tmp_path)
    export.tables["billing/discount"][0]["is_deleted"] = True
    assert export.closings(tmp_path) == {"2024-05": "100.0000"}
