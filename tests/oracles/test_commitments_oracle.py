"""What stands around MRR in the oracle, against examples that can be worked out by hand (definitions 1.5, 2).

MRR at risk and past due, committed MRR, and the constant-currency series.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.small_export import Export, day

MAY_CLOSES = "2024-06-01"
BEFORE_MAY_CLOSES = "2024-05-31T23:59:59.999999"


def dates(**by_name: str) -> dict[str, datetime]:
    """Dates of an invoice: due, finalized, paid, voided, written off."""
    columns = {
        "due": "due_date",
        "finalized": "status_transitions_finalized_at",
        "paid": "status_transitions_paid_at",
        "voided": "status_transitions_voided_at",
        "written_off": "status_transitions_marked_uncollectible_at",
    }
    return {columns[name]: day(value) for name, value in by_name.items()}


# MRR at risk.


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        ({}, "0.0000"),
        ({"canceled_at": day(MAY_CLOSES)}, "0.0000"),
        ({"canceled_at": day(BEFORE_MAY_CLOSES)}, "100.0000"),
        ({"canceled_at": day("2024-05-01"), "ended_at": day(MAY_CLOSES)}, "100.0000"),
        ({"canceled_at": day("2024-05-01"), "ended_at": day("2024-09-01")}, "100.0000"),
        ({"canceled_at": day("2024-05-01"), "is_deleted": True}, "0.0000"),
        ({"canceled_at": day("2024-05-01"), "livemode": False}, "0.0000"),
    ],
)
def test_mrr_is_at_risk_from_notice_until_the_end(
    tmp_path: Path, subscription: dict[str, Any], expected: str
) -> None:
    export = Export()
    export.subscription(**subscription)
    export.bill("2024-05-01", "2024-06-01")
    assert export.amounts(tmp_path, "mrr_at_risk_amount")["2024-05"] == expected


def test_notice_given_later_leaves_past_months_alone(tmp_path: Path) -> None:
    export = Export()
    export.subscription(canceled_at=day("2024-05-20"), ended_at=day("2024-06-20"))
    export.bill("2024-04-01", "2024-07-01")
    assert export.amounts(tmp_path, "mrr_at_risk_amount") == {
        "2024-04": "0.0000",
        "2024-05": "100.0000",
        "2024-06": "0.0000",
    }
    assert export.movements(tmp_path)["2024-06"] == "churn"


def test_other_subscriptions_are_not_at_risk_and_what_is_is_net(tmp_path: Path) -> None:
    export = Export()
    export.subscription(canceled_at=day("2024-05-20"))
    export.coupon("coupon", percent_off=20)
    export.discount(export.bill("2024-05-01", "2024-06-01"), "coupon")
    export.bill("2024-05-01", "2024-06-01", subscription_id="other", subscription_item_id="other")
    assert export.amounts(tmp_path, "mrr_at_risk_amount")["2024-05"] == "80.0000"


# MRR past due.


@pytest.mark.parametrize(
    ("status", "invoice", "is_past_due"),
    [
        ("open", dates(), True),
        ("open", dates(due=BEFORE_MAY_CLOSES), True),
        ("open", dates(due=MAY_CLOSES), False),
        ("open", dates(due="2024-05-02", finalized=MAY_CLOSES), False),
        ("open", dates(finalized=BEFORE_MAY_CLOSES), True),
        ("paid", dates(due="2024-05-10", paid=BEFORE_MAY_CLOSES), False),
        ("paid", dates(due="2024-05-10", paid=MAY_CLOSES), True),
        ("paid", dates(due="2024-05-10", paid="2024-06-20"), True),
        ("paid", dates(due="2024-05-10"), False),
        ("paid", dates(due="2024-05-10", paid="2024-06-20", written_off="2024-05-20"), False),
        ("open", dates(due="2024-05-10", voided="2024-05-20"), False),
    ],
)
def test_mrr_is_past_due_from_the_due_date_until_it_is_settled(
    tmp_path: Path, status: str, invoice: dict[str, datetime], is_past_due: bool
) -> None:
    export = Export()
    export.bill("2024-05-01", "2024-06-01", status=status, dates=invoice)
    expected = "100.0000" if is_past_due else "0.0000"
    assert export.amounts(tmp_path, "mrr_past_due_amount")["2024-05"] == expected


def test_only_the_statement_in_force_can_be_past_due(tmp_path: Path) -> None:
    """The overdue invoice was overtaken by one that is paid: nothing rests on it any more."""
    export = Export()
    export.bill("2024-05-01", "2024-07-01", status="open")
    export.bill("2024-06-01", "2024-07-01", quantity=2)
    assert export.amounts(tmp_path, "mrr_past_due_amount") == {
        "2024-05": "100.0000",
        "2024-06": "0.0000",
        "2024-07": "0.0000",
    }


PATIENCE = {"past_due_churn_days": "10"}


@pytest.mark.parametrize(
    ("due", "paid", "is_served"),
    [
        ("2024-05-22T00:00:00.000001", None, True),
        ("2024-05-22", None, True),
        ("2024-05-21T23:59:59.999999", None, False),
        ("2024-05-10", BEFORE_MAY_CLOSES, True),
        ("2024-05-10", MAY_CLOSES, False),
        ("2024-05-10", "2024-05-19", True),
    ],
)
def test_a_policy_ends_service_on_what_is_overdue_for_too_long(
    tmp_path: Path, due: str, paid: str | None, is_served: bool
) -> None:
    """From ten days after the due date until it is settled; a month-end is read just before the close."""
    export = Export()
    settled = dates(paid=paid) if paid else {}
    export.bill("2024-05-01", "2024-06-01", status="open", dates=dates(due=due) | settled)
    closings = export.closings(tmp_path, policies=PATIENCE)
    assert closings == ({"2024-05": "100.0000"} if is_served else {})


def test_service_comes_back_when_it_is_paid(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-07-01", dates=dates(due="2024-05-01", paid="2024-06-10"))
    assert export.movements(tmp_path / "patient") == {
        "2024-04": "new",
        "2024-05": None,
        "2024-06": None,
        "2024-07": "churn",
    }
    movements = export.movements(tmp_path / "strict", policies=PATIENCE)
    expected = {"2024-04": "new", "2024-05": "churn", "2024-06": "reactivation", "2024-07": "churn"}
    assert movements == expected
    dated = export.drivers(tmp_path / "strict", policies=PATIENCE)
    assert [event[0] for event in dated] == ["2024-04-01", "2024-05-11", "2024-06-10", "2024-07-01"]


def test_an_invoice_that_was_paid_nobody_knows_when_is_never_overdue(tmp_path: Path) -> None:
    export = Export()
    export.bill("2024-04-01", "2024-06-01", dates=dates(due="2024-04-02"))
    expected = {"2024-04": "100.0000", "2024-05": "100.0000"}
    assert export.closings(tmp_path, policies=PATIENCE) == expected


# Committed MRR.


def test_committed_mrr_is_less_what_is_at_risk(tmp_path: Path) -> None:
    export = Export()
    export.subscription(canceled_at=day("2024-05-20"))
    export.bill("2024-05-01", "2024-06-01")
    export.bill("2024-05-01", "2024-06-01", quantity=2, subscription_id="b", subscription_item_id="b")
    assert export.amounts(tmp_path, "cmrr_amount")["2024-05"] == "200.0000"


def agreed(**values: Any) -> Export:
    """A second subscription, agreed on 10 April, that starts on 20 June with 3 seats; nothing is billed."""
    export = Export()
    dated = {"created": day("2024-04-10"), "start_date": day("2024-06-20")}
    export.add(
        "billing/subscription", **{"id": "later", "customer_id": "cus", "status": "active"} | dated | values
    )
    export.add("billing/subscription_item", id="seats", subscription_id="later", price_id="price", quantity=3)
    # Months begin with the first invoice.
    export.bill("2024-03-01", "2024-03-02")
    return export


def committed(export: Export, folder: Path, **arguments: Any) -> dict[str, str | None]:
    return export.amounts(folder, "cmrr_amount", **arguments)


def test_what_is_agreed_counts_from_its_agreement_until_its_start(tmp_path: Path) -> None:
    assert committed(agreed(), tmp_path) == {"2024-04": "300.0000", "2024-05": "300.0000"}


@pytest.mark.parametrize(
    ("values", "months"),
    [
        ({"created": day("2024-05-01")}, ["2024-05"]),
        ({"created": day("2024-04-30T23:59:59.999999")}, ["2024-04", "2024-05"]),
        ({"start_date": day("2024-06-01")}, ["2024-04", "2024-05"]),
        ({"start_date": day("2024-05-31T23:59:59.999999")}, ["2024-04"]),
        ({"start_date": None}, []),
        ({"created": None}, []),
        ({"canceled_at": day("2024-05-15")}, ["2024-04"]),
        ({"canceled_at": day("2024-06-01")}, ["2024-04", "2024-05"]),
        ({"ended_at": day("2024-05-15")}, ["2024-04"]),
        ({"status": "incomplete"}, []),
        ({"status": "incomplete_expired"}, []),
        ({"status": "trialing"}, ["2024-04", "2024-05"]),
        ({"livemode": False}, []),
        ({"is_deleted": True}, []),
    ],
)
def test_only_what_is_agreed_and_not_called_off_is_committed(
    tmp_path: Path, values: dict[str, Any], months: list[str]
) -> None:
    assert list(committed(agreed(**values), tmp_path)) == months


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "300.0000"),
        ({"metadata": '{"minimum_quantity": 5}'}, "500.0000"),
        ({"price_id": None, "plan_id": "yearly"}, "25.0000"),
        ({"quantity": 0}, None),
        ({"price_id": "metered"}, None),
        ({"price_id": "once"}, None),
        ({"price_id": "perpetual"}, None),
        ({"is_deleted": True}, None),
        ({"livemode": False}, None),
    ],
)
def test_an_item_that_is_never_billed_is_worth_what_its_row_says(
    tmp_path: Path, row: dict[str, Any], expected: str | None
) -> None:
    export = agreed()
    export.add("billing/plan", id="yearly", amount=10000, currency="usd", interval="year", product_id="prod")
    export.price("metered", recurring_usage_type="metered")
    export.price("once", type="one_time", recurring_interval=None)
    export.add("billing/product", id="perpetual", metadata='{"licence_type": "perpetual"}')
    export.price("perpetual", product_id="perpetual")
    export.tables["billing/subscription_item"][1] |= row
    assert committed(export, tmp_path).get("2024-05") == expected


def test_an_item_that_is_billed_is_worth_what_its_first_service_pays(tmp_path: Path) -> None:
    """Agreed were 3 seats; billed are 2 less 20 % from 20 June, then 7: past months show 160.00."""
    export = agreed()
    export.coupon("coupon", percent_off=20)
    seats: dict[str, Any] = {"subscription_id": "later", "subscription_item_id": "seats"}
    export.discount(export.bill("2024-06-20", "2024-06-25", quantity=2, **seats), "coupon")
    export.bill("2024-06-25", "2024-07-25", quantity=7, **seats)
    assert committed(export, tmp_path) == {
        "2024-04": "160.0000",
        "2024-05": "160.0000",
        "2024-06": "700.0000",
        "2024-07": "700.0000",
    }


def test_the_first_service_may_lie_beyond_the_clock(tmp_path: Path) -> None:
    export = agreed(start_date=day("2024-08-01"))
    seats: dict[str, Any] = {"subscription_id": "later", "subscription_item_id": "seats"}
    export.bill("2024-08-01", "2024-09-01", quantity=4, created="2024-07-01", **seats)
    months = ["2024-04", "2024-05", "2024-06", "2024-07"]
    assert committed(export, tmp_path) == dict.fromkeys(months, "400.0000")


def test_a_first_service_shares_an_amount_off_with_its_siblings(tmp_path: Path) -> None:
    export = agreed()
    export.coupon("off", amount_off=10000)
    for item in ("seats", "desks"):
        row: dict[str, Any] = {"subscription_id": "later", "subscription_item_id": item}
        export.discount(export.bill("2024-06-20", "2024-07-20", **row), "off")
    assert committed(export, tmp_path)["2024-05"] == "100.0000"


def test_an_item_that_only_lines_know_is_committed_too(tmp_path: Path) -> None:
    export = agreed()
    export.bill("2024-06-20", "2024-07-20", subscription_id="later", subscription_item_id="unlisted")
    assert committed(export, tmp_path)["2024-05"] == "400.0000"


def test_a_clock_that_is_set_hides_what_was_agreed_later(tmp_path: Path) -> None:
    assert committed(agreed(), tmp_path, as_of=date(2024, 4, 9)) == {}
    assert committed(agreed(), tmp_path, as_of=date(2024, 4, 10)) == {"2024-04": "300.0000"}


def test_committed_mrr_is_at_the_months_rate(tmp_path: Path) -> None:
    export = agreed()
    export.tables["billing/price"][0]["currency"] = "eur"
    export.tables["billing/invoice_line_item"][0]["currency"] = "eur"
    export.rate("EUR", "2024-03-31", "1")
    export.rate("EUR", "2024-04-30", "1.1")
    export.rate("EUR", "2024-05-31", "1.2")
    assert committed(export, tmp_path) == {"2024-04": "330.0000", "2024-05": "360.0000"}


# The constant-currency series.


def in_euros() -> Export:
    """100 EUR from March on, at 2 on 1 January, 3 on 1 April, and other rates at the month-ends."""
    export = Export(currency="eur")
    for effective, value in (
        ("2024-01-01", "2"),
        ("2024-03-30", "3"),
        ("2024-04-30", "1.1"),
        ("2024-05-31", "1.2"),
        ("2024-06-30", "1.3"),
        ("2024-07-10", "1.4"),
    ):
        export.rate("EUR", effective, value)
    export.bill("2024-03-01", None)
    return export


@pytest.mark.parametrize(
    ("start_month", "expected"),
    [("1", "200.0000"), ("4", "300.0000"), ("7", "130.0000"), ("6", "120.0000"), ("8", None)],
)
def test_every_month_is_valued_at_the_first_day_of_the_current_fiscal_year(
    tmp_path: Path, start_month: str, expected: str | None
) -> None:
    """The clock is 10 July 2024: a fiscal year from August began in 2023, where no rate is."""
    policies = {"fiscal_year_start_month": start_month}
    series = in_euros().amounts(tmp_path, "constant_currency_mrr_amount", policies=policies)
    months = ["2024-03", "2024-04", "2024-05", "2024-06", "2024-07"]
    assert series == dict.fromkeys(months, expected)


def test_the_fiscal_year_is_that_of_the_day_that_was_asked_for(tmp_path: Path) -> None:
    policies = {"fiscal_year_start_month": "7"}
    series = in_euros().amounts(
        tmp_path, "constant_currency_mrr_amount", policies=policies, as_of=date(2024, 6, 30)
    )
    assert set(series.values()) == {None}


def test_one_currency_without_a_rate_leaves_the_account_without_a_value(tmp_path: Path) -> None:
    export = in_euros()
    export.price("dollars")
    export.bill("2024-05-01", None, price_id="dollars", subscription_item_id="other")
    policies = {"fiscal_year_start_month": "8"}
    assert set(export.amounts(tmp_path, "constant_currency_mrr_amount", policies=policies).values()) == {None}


def test_constant_currency_is_rounded_item_by_item(tmp_path: Path) -> None:
    """33.3333 EUR at 1.5 is 49.99995 and rounds to 50.0000, twice."""
    export = Export(currency="eur", recurring_interval_count=3)
    export.rate("EUR", "2024-01-01", "1.5")
    export.rate("EUR", "2024-05-31", "1")
    export.rate("EUR", "2024-06-30", "1")
    export.bill("2024-05-01", "2024-06-01")
    export.bill("2024-05-01", "2024-06-01", subscription_item_id="other")
    series = export.amounts(tmp_path, "constant_currency_mrr_amount")
    assert series == {"2024-05": "100.0000", "2024-06": "0.0000"}
