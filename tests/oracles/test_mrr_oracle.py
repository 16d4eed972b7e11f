"""MRR and its movements in the oracle, against examples whose every number can be worked out by hand.

Each test writes the smallest export that shows one rule of the definitions. Comparisons with what the project
publishes belong to the integration tests.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.export import OracleError, round_half_away
from tests.oracles.small_export import Export, day, events_of

# Definitions 1: which instant a month is read at.


def test_service_that_ends_at_midnight_still_counts_in_the_month_before(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-06-01")
    assert export.closings(tmp_path) == {"2024-04": "100.0000", "2024-05": "100.0000"}
    assert export.movements(tmp_path) == {"2024-04": "new", "2024-05": None, "2024-06": "churn"}


def test_service_that_ends_a_second_before_midnight_churns_in_that_month(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-05-31T23:59:59")
    assert export.movements(tmp_path) == {"2024-04": "new", "2024-05": "churn"}


def test_service_that_starts_at_midnight_is_new_in_the_month_that_begins(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-06-01", None)
    assert export.movements(tmp_path) == {"2024-06": "new", "2024-07": None}


def test_the_month_of_the_clock_is_read_at_the_clock_and_is_not_complete(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-06-10", "2024-07-10T12:00:00")
    rows = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert [(row["month"], row["closing_mrr_amount"], row["is_complete_month"]) for row in rows] == [
        (date(2024, 6, 1), Decimal("100"), True),
        (date(2024, 7, 1), Decimal("100"), False),
    ]
    assert len(export.answer(tmp_path)["fct_mrr_events"]) == 1


def test_months_and_event_dates_are_those_of_the_reporting_time_zone(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01T03:00:00", "2024-06-01T04:00:00")
    new_york = export.answer(tmp_path, policies={"reporting_time_zone": "America/New_York"})
    assert events_of(new_york) == [
        ("2024-04-30", "item", "100.0000", "new"),
        ("2024-06-01", "item", "-100.0000", "churn"),
    ]
    assert [row["month"].month for row in new_york["fct_mrr_by_account_month"]] == [4, 5, 6]


def test_a_clock_that_is_set_hides_what_was_invoiced_later_and_later_months(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01")
    export.bill("2024-05-20", "2024-06-01", created="2024-06-01", quantity=3)
    export.bill("2024-06-01", "2024-07-01")
    assert export.closings(tmp_path, as_of=date(2024, 5, 31)) == {"2024-05": "100.0000"}
    assert export.closings(tmp_path, as_of=date(2024, 6, 1)) == {"2024-05": "300.0000", "2024-06": "100.0000"}


# Definitions 1.1: history from invoice lines.


@pytest.mark.parametrize(
    ("invoice_status", "subscription_status", "counts"),
    [
        ("paid", "incomplete_expired", True),
        ("open", "active", True),
        ("open", "past_due", True),
        ("open", "canceled", True),
        ("open", "unpaid", False),
        ("open", "incomplete", False),
        ("open", "incomplete_expired", False),
        ("open", "trialing", False),
        ("draft", "active", False),
        ("void", "active", False),
        ("uncollectible", "active", False),
    ],
)
def test_an_invoice_counts_when_paid_or_open_in_good_standing(
    tmp_path: Path, invoice_status: str, subscription_status: str, counts: bool
) -> None:
    export = Export()
    export.tables["billing/subscription"][0]["status"] = subscription_status
    export.bill("2024-05-01", "2024-06-01", status=invoice_status)
    assert export.closings(tmp_path) == ({"2024-05": "100.0000"} if counts else {})


@pytest.mark.parametrize("how", ["absent", "deleted", "test mode"])
def test_a_subscription_gone_from_the_export_leaves_its_paid_history_unclipped(
    tmp_path: Path, how: str
) -> None:
    export = Export()
    subscription = export.tables["billing/subscription"][0]
    subscription["ended_at"] = day("2024-04-15")
    if how == "absent":
        export.tables["billing/subscription"].clear()
    else:
        subscription |= {"is_deleted": True} if how == "deleted" else {"livemode": False}
    export.bill("2024-04-01", "2024-05-01")
    export.bill("2024-05-01", "2024-06-01", status="open")
    assert export.closings(tmp_path) == {"2024-04": "100.0000"}


def test_lines_of_a_tiered_price_are_one_statement_and_their_quantities_add_up(tmp_path: Path) -> None:
    export = Export(billing_scheme="tiered", tiers_mode="graduated")
    export.add("billing/price_tier", price_id="price", index=0, up_to=10, unit_amount=1000, flat_amount=500)
    export.add("billing/price_tier", price_id="price", index=1, unit_amount=800)
    for quantity in (10, 5, 0):
        export.bill("2024-05-01", "2024-06-01", invoice="in", quantity=quantity)
    # 5.00 + 10 x 10.00 + 5 x 8.00
    assert export.closings(tmp_path) == {"2024-05": "145.0000"}


def test_lines_of_a_per_unit_price_are_rival_statements_and_the_later_id_wins(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01", invoice="in", id="il_9", quantity=2)
    export.bill("2024-05-01", "2024-06-01", invoice="in", id="il_10", quantity=5)
    assert export.closings(tmp_path) == {"2024-05": "200.0000"}


def test_an_upgrade_is_a_credit_and_a_debit_at_one_moment(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01")
    export.credit("2024-05-16", "2024-06-01", created="2024-06-01")
    export.debit("2024-05-16", "2024-06-01", created="2024-06-01", quantity=3)
    export.bill("2024-06-01", "2024-07-01", quantity=3)
    assert events_of(export.answer(tmp_path)) == [
        ("2024-05-01", "item", "100.0000", "new"),
        ("2024-05-16", "item", "200.0000", "expansion"),
        ("2024-07-01", "item", "-300.0000", "churn"),
    ]


def test_a_credit_alone_ends_service(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01")
    export.credit("2024-05-16", "2024-06-01")
    assert export.closings(tmp_path) == {}
    assert events_of(export.answer(tmp_path))[-1] == ("2024-05-16", "item", "-100.0000", "churn")


def test_what_an_ended_statement_covered_before_does_not_come_back(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-07-01")
    export.bill("2024-04-10", "2024-05-10", quantity=2)
    assert export.closings(tmp_path) == {"2024-04": "200.0000"}


def test_the_credit_of_what_was_free_is_told_by_its_wording(tmp_path: Path) -> None:
    """A zero on a proration is a charge, unless it says that it is for unused time."""
    export = Export()
    export.price("free", unit_amount=0)
    export.bill("2024-05-01", "2024-06-01", price_id="free")
    wording = {"description": "Unused time on Free after 20 May"}
    export.debit("2024-05-20", "2024-06-01", amount=0, **wording)
    assert export.closings(tmp_path / "credit") == {}
    del export.tables["billing/invoice_line_item"][1]["description"]
    assert export.closings(tmp_path / "charge") == {"2024-05": "100.0000"}


def test_an_empty_period_says_nothing(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01")
    export.bill("2024-05-10", "2024-05-10", quantity=9)
    assert export.closings(tmp_path) == {"2024-05": "100.0000"}


def test_grace_bridges_a_late_renewal_but_not_a_credit_nor_a_longer_gap(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-03-01", "2024-03-31")
    export.bill("2024-04-05", "2024-04-29")
    export.bill("2024-05-04T00:00:00.000001", "2024-05-30")
    export.credit("2024-06-02", "2024-06-20")
    grace = {"renewal_grace_days": "5"}
    assert export.closings(tmp_path) == {}
    assert export.closings(tmp_path, policies=grace) == {"2024-03": "100.0000"}


def test_nothing_counts_from_the_end_of_the_subscription_on(tmp_path: Path) -> None:
    export = Export()
    export.tables["billing/subscription"][0]["ended_at"] = day("2024-05-20")
    export.bill("2024-04-01", None)
    assert export.movements(tmp_path) == {"2024-04": "new", "2024-05": "churn"}


def test_a_trial_before_payment_is_no_service_and_one_given_to_a_payer_is(tmp_path: Path) -> None:
    export = Export()
    export.tables["billing/subscription"][0] |= {
        "trial_start": day("2024-04-01"),
        "trial_end": day("2024-05-01"),
    }
    export.bill("2024-04-01", "2024-05-01", amount=0)
    export.bill("2024-05-01", "2024-06-01")
    assert export.closings(tmp_path / "before") == {"2024-05": "100.0000"}
    export.bill("2024-03-01", "2024-04-01")
    expected = {"2024-03": "100.0000", "2024-04": "100.0000", "2024-05": "100.0000"}
    assert export.closings(tmp_path / "payer") == expected


def test_a_switch_to_a_yearly_price_at_the_same_monthly_rate_is_no_movement(tmp_path: Path) -> None:
    export = Export()
    export.price("yearly", recurring_interval="year", unit_amount=120000)
    export.bill("2024-04-01", "2024-05-01")
    export.bill("2024-05-01", "2025-05-01", price_id="yearly")
    assert export.movements(tmp_path) == {"2024-04": "new", "2024-05": None, "2024-06": None, "2024-07": None}
    assert len(export.answer(tmp_path)["fct_mrr_events"]) == 1


# Definitions 1.2 and 1.3: what a quantity costs.


@pytest.mark.parametrize(
    ("price", "arr", "monthly"),
    [
        ({"recurring_interval": "year"}, "100.0000", "8.3333"),
        ({"recurring_interval": "year", "recurring_interval_count": 3}, "33.3333", "2.7778"),
        ({"recurring_interval_count": 3}, "400.0000", "33.3333"),
        ({"recurring_interval": "week"}, "5200.0000", "433.3333"),
        ({"recurring_interval": "day"}, "36500.0000", "3041.6667"),
        ({"unit_amount_decimal": "12.5"}, "1.5000", "0.1250"),
        ({"unit_amount_decimal": "0.005"}, "0.0006", "0.0001"),
    ],
)
def test_a_price_is_made_annual_and_rounded_once(
    tmp_path: Path, price: dict[str, Any], arr: str, monthly: str
) -> None:
    export = Export(**price)
    export.bill("2024-05-01", "2024-06-01")
    row = export.answer(tmp_path)["fct_mrr_by_account_month"][0]
    assert (str(row["arr_amount"]), str(row["closing_mrr_amount"])) == (arr, monthly)


@pytest.mark.parametrize(
    ("mode", "quantity", "expected"),
    [
        ("volume", 0, "3.0000"),
        ("volume", 5, "53.0000"),
        ("volume", 6, "54.0000"),
        ("volume", 11, "79.0000"),
        ("graduated", 0, "3.0000"),
        ("graduated", 5, "53.0000"),
        ("graduated", 6, "62.0000"),
        ("graduated", 10, "98.0000"),
        ("graduated", 11, "107.0000"),
    ],
)
def test_tiers_price_a_quantity(tmp_path: Path, mode: str, quantity: int, expected: str) -> None:
    """Up to 5: 10.00 each and 3.00 flat; up to 10: 9.00 each; beyond: 7.00 each and 2.00 flat."""
    export = Export(billing_scheme="tiered", tiers_mode=mode)
    export.add("billing/price_tier", price_id="price", index=0, up_to=5, unit_amount=1000, flat_amount=300)
    export.add("billing/price_tier", price_id="price", index=1, up_to=10, unit_amount=900)
    export.add("billing/price_tier", price_id="price", index=2, unit_amount=700, flat_amount=200)
    export.bill("2024-05-01", "2024-06-01", quantity=quantity)
    assert export.closings(tmp_path) == {"2024-05": expected}


@pytest.mark.parametrize(
    ("rounding", "quantity", "expected"), [("up", 11, 200), ("down", 19, 100), ("up", 10, 100)]
)
def test_a_transformed_quantity_is_sold_in_packages(
    tmp_path: Path, rounding: str, quantity: int, expected: int
) -> None:
    export = Export(transform_quantity_divide_by=10, transform_quantity_round=rounding)
    export.bill("2024-05-01", "2024-06-01", quantity=quantity)
    assert export.closings(tmp_path) == {"2024-05": f"{expected}.0000"}


def test_a_contracted_minimum_quantity_is_billed_at_least(tmp_path: Path) -> None:
    export = Export()
    export.tables["billing/subscription_item"][0]["metadata"] = '{"minimum_quantity": "10"}'
    export.bill("2024-05-01", "2024-06-01", quantity=3)
    export.bill("2024-06-01", "2024-07-01", quantity=12)
    assert export.closings(tmp_path) == {"2024-05": "1000.0000", "2024-06": "1200.0000"}


@pytest.mark.parametrize(
    ("currency", "expected"), [("usd", "100.0000"), ("jpy", "10000.0000"), ("kwd", "10.0000")]
)
def test_the_minor_unit_is_that_of_the_currency(tmp_path: Path, currency: str, expected: str) -> None:
    export = Export(currency=currency)
    export.rate(currency.upper(), "2024-05-31", "1")
    export.rate(currency.upper(), "2024-06-30", "1")
    export.bill("2024-05-01", "2024-06-01")
    assert export.closings(tmp_path) == {"2024-05": expected}


@pytest.mark.parametrize(
    "price",
    [
        {"type": "one_time"},
        {"recurring_usage_type": "metered"},
        {"product_id": "perpetual"},
        {"product_id": "services"},
    ],
)
def test_what_is_one_off_metered_or_perpetual_is_never_mrr(tmp_path: Path, price: dict[str, Any]) -> None:
    export = Export(**price)
    export.add("billing/product", id="perpetual", metadata='{"licence_type": "perpetual"}')
    export.bill("2024-05-01", "2024-06-01")
    catalogue = {"services": {"revenue_stream": "services"}}
    assert export.closings(tmp_path, product_catalogue=catalogue) == {}


def test_maintenance_recurs_from_its_first_paid_term(tmp_path: Path) -> None:
    export = Export(recurring_interval="year", unit_amount=120000)
    export.add("billing/product", id="prod", metadata='{"licence_type": "maintenance"}')
    export.bill("2023-06-01", "2024-06-01", amount=0)
    export.bill("2024-06-01", "2025-06-01", amount=120000)
    assert export.movements(tmp_path) == {"2024-06": "new", "2024-07": None}


# Definitions 2: movements.


def test_a_return_is_a_reactivation_that_knows_its_gap(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-03-01", "2024-04-01")
    export.bill("2024-06-01", "2024-07-01")
    rows = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert [(row["month"].month, row["movement_type"], row["gap_months"]) for row in rows] == [
        (3, "new", None),
        (4, "churn", None),
        (6, "reactivation", 2),
        (7, "churn", None),
    ]


def test_exchange_rates_move_mrr_in_a_class_of_their_own(tmp_path: Path) -> None:
    """EUR 33.3333 at 1.1, at 1.2, and then EUR 50 at 1.3 (an expansion of EUR 16.6667)."""
    export = Export(currency="eur", recurring_interval_count=3)
    export.price("more", currency="eur", unit_amount=5000)
    for effective, value in (
        ("2024-03-30", "1.1"),
        ("2024-04-30", "1.2"),
        ("2024-05-29", "1.3"),
        ("2024-06-30", "1"),
    ):
        export.rate("EUR", effective, value)
    export.bill("2024-03-01", "2024-05-01")
    export.bill("2024-05-01", "2024-06-01", price_id="more")
    answer = export.answer(tmp_path)
    rows = answer["fct_mrr_by_account_month"]
    columns = ("opening_mrr_amount", "expansion_amount", "fx_amount", "churn_amount", "closing_mrr_amount")
    assert [[str(row[column]) for column in columns] for row in rows] == [
        ["0.0000", "0.0000", "0.0000", "0.0000", "36.6666"],
        ["36.6666", "0.0000", "3.3334", "0.0000", "40.0000"],
        ["40.0000", "21.6667", "3.3333", "0.0000", "65.0000"],
        ["65.0000", "0.0000", "-15.0000", "50.0000", "0.0000"],
    ]
    native = answer["fct_mrr_by_account_currency_month"]
    assert [str(row["expansion_amount_in_currency"]) for row in native] == [
        "0.0000",
        "0.0000",
        "16.6667",
        "0.0000",
    ]


def test_a_move_between_currencies_is_churn_and_new_only_in_the_currency_fact(tmp_path: Path) -> None:
    export = Export()
    export.price("euro", currency="eur", unit_amount=10000)
    export.rate("EUR", "2024-05-31", "1")
    export.rate("EUR", "2024-06-30", "1")
    export.bill("2024-04-01", "2024-05-01")
    export.bill("2024-05-01", "2024-06-01", price_id="euro", subscription_item_id="other")
    answer = export.answer(tmp_path)
    assert export.movements(tmp_path) == {"2024-04": "new", "2024-05": None, "2024-06": "churn"}
    assert [
        (row["currency_code"], row["month"].month, row["movement_type"])
        for row in answer["fct_mrr_by_account_currency_month"]
    ] == [("USD", 4, "new"), ("EUR", 5, "new"), ("USD", 5, "churn"), ("EUR", 6, "churn")]


def test_a_start_and_end_inside_one_month_is_only_an_event(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-05-03", "2024-05-20")
    answer = export.answer(tmp_path)
    assert answer["fct_mrr_by_account_month"] == []
    assert [event[3] for event in events_of(answer)] == ["new", "churn"]
    assert [
        row["intra_month_churn_count"] for row in answer["fct_mrr_bridge_by_month"] if row["month"].month == 5
    ] == [1]


def test_events_of_one_moment_take_their_class_from_the_account(tmp_path: Path) -> None:
    """One item goes as a dearer one comes: a contraction and an expansion, not a churn and a start."""
    export = Export()
    export.bill("2024-05-01", "2024-06-01")
    export.bill("2024-06-01", "2024-07-01", quantity=2, subscription_item_id="other")
    assert events_of(export.answer(tmp_path)) == [
        ("2024-05-01", "item", "100.0000", "new"),
        ("2024-06-01", "item", "-100.0000", "contraction"),
        ("2024-06-01", "other", "200.0000", "expansion"),
        ("2024-07-01", "other", "-200.0000", "churn"),
    ]


def test_an_item_that_is_billed_to_another_customer_leaves_the_first(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-05-01")
    export.bill("2024-05-01", "2024-06-01")
    export.tables["billing/invoice"][1]["customer_id"] = "heir"
    answer = export.answer(tmp_path)
    rows = [
        (row["account_id"], row["month"].month, row["movement_type"])
        for row in answer["fct_mrr_by_account_month"]
    ]
    assert rows == [("cus", 4, "new"), ("cus", 5, "churn"), ("heir", 5, "new"), ("heir", 6, "churn")]
    events = [(row["account_id"], row["movement_type"], row["driver"]) for row in answer["fct_mrr_events"]]
    assert events == [
        ("cus", "new", "start"),
        ("cus", "churn", "cancellation"),
        ("heir", "new", "start"),
        ("heir", "churn", "cancellation"),
    ]


# Definitions 0: unknown input fails loudly.


@pytest.mark.parametrize(
    ("price", "line"),
    [
        ({"recurring_interval": "fortnight"}, {}),
        ({"recurring_interval": None}, {}),
        ({"currency": "xyz"}, {}),
        ({"currency": "eur"}, {}),
        ({"unit_amount": None}, {}),
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, {}),
        ({"billing_scheme": "stairs"}, {}),
        ({"transform_quantity_divide_by": 2}, {}),
        ({}, {"status": "almost paid"}),
        ({}, {"price_id": "unknown"}),
        ({}, {"currency": "eur"}),
        ({}, {"quantity": None}),
        ({}, {"quantity": -1}),
        ({}, {"period_start": None}),
        ({}, {"period_start": day("2024-06-02")}),
    ],
)
def test_input_that_nobody_can_read_is_refused(
    tmp_path: Path, price: dict[str, Any], line: dict[str, Any]
) -> None:
    export = Export(**price)
    export.bill("2024-05-01", "2024-06-01", **line)
    with pytest.raises(OracleError):
        export.answer(tmp_path)


def test_a_rate_older_than_the_policy_allows_is_refused(tmp_path: Path) -> None:
    export = Export(currency="eur")
    export.rate("EUR", "2024-05-24", "1.1")
    export.rate("EUR", "2024-06-30", "1.1")
    export.bill("2024-05-01", "2024-06-01")
    assert export.closings(tmp_path) == {"2024-05": "110.0000"}
    with pytest.raises(OracleError, match="EUR to USD for 2024-05-31"):
        export.closings(tmp_path, policies={"fx_rate_max_age_days": "6"})


@pytest.mark.parametrize(
    ("value", "expected"), [("0.00005", "0.0001"), ("-0.00005", "-0.0001"), ("0.00004999", "0")]
)
def test_a_half_is_rounded_away_from_zero(value: str, expected: str) -> None:
    assert round_half_away(Fraction(value), 4) == Fraction(expected)
