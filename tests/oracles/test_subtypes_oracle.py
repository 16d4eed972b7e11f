"""Why an account churned, in the oracle, against examples that can be worked out by hand (definitions 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracles.small_export import Export, day


def served_in_april(**subscription: Any) -> Export:
    """Paid for April; May is what a test is about. The loss is read at the end of May, 1 June 00:00."""
    export = Export()
    export.subscription(**subscription)
    export.bill("2024-04-01", "2024-05-01")
    return export


def subtype_of_may(export: Export, folder: Path, **arguments: Any) -> str | None:
    return export.subtypes(folder, **arguments)["2024-05"]


MAY = ("2024-05-01", "2024-06-01")
FAILED = {"cancellation_details_reason": "payment_failed"}
DISPUTED = {"cancellation_details_reason": "payment_disputed"}
REQUESTED = {"cancellation_details_reason": "cancellation_requested"}
PAUSED = {"pause_collection_behavior": "void"}


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        ({}, "voluntary"),
        ({"ended_at": day("2024-05-01")}, "voluntary"),
        ({"ended_at": day("2024-05-01"), **REQUESTED}, "voluntary"),
        ({"ended_at": day("2024-05-01"), **FAILED}, "involuntary"),
        ({"ended_at": day("2024-05-01"), **DISPUTED}, "involuntary"),
        ({"ended_at": day("2024-05-31T23:59:59.999999"), **FAILED}, "involuntary"),
        ({"ended_at": day("2024-06-01"), **FAILED}, "voluntary"),
        ({"canceled_at": day("2024-05-01"), **FAILED}, "voluntary"),
        (PAUSED, "pause"),
        ({"ended_at": day("2024-06-01"), **PAUSED}, "pause"),
        ({"ended_at": day("2024-05-31"), **PAUSED}, "voluntary"),
        ({"ended_at": day("2024-05-31"), **PAUSED, **FAILED}, "involuntary"),
        ({**PAUSED, "is_deleted": True}, "voluntary"),
    ],
)
def test_how_the_subscription_ended_says_why(
    tmp_path: Path, subscription: dict[str, Any], expected: str
) -> None:
    assert subtype_of_may(served_in_april(**subscription), tmp_path) == expected


@pytest.mark.parametrize(
    ("invoice_status", "subscription", "expected"),
    [
        ("void", {}, "pause"),
        ("draft", {}, "pause"),
        ("uncollectible", {}, "involuntary"),
        ("open", {"status": "unpaid"}, "involuntary"),
        ("open", {"is_deleted": True}, "involuntary"),
        ("void", {"is_deleted": True}, "pause"),
        ("void", {"ended_at": day("2024-05-10")}, "voluntary"),
        ("void", {"ended_at": day("2024-05-10"), **FAILED}, "involuntary"),
        ("uncollectible", {"ended_at": day("2024-05-10"), **REQUESTED}, "involuntary"),
        ("uncollectible", PAUSED, "pause"),
    ],
)
def test_what_became_of_the_missing_periods_invoice_says_why(
    tmp_path: Path, invoice_status: str, subscription: dict[str, Any], expected: str
) -> None:
    export = served_in_april(**subscription)
    export.bill(*MAY, status=invoice_status)
    assert subtype_of_may(export, tmp_path) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-05-01", "2024-06-01", "pause"),
        ("2024-05-01", "2024-05-31T23:59:59.999999", "voluntary"),
        ("2024-05-31T23:59:59.999999", "2024-06-30", "pause"),
        ("2024-06-01", "2024-07-01", "voluntary"),
        ("2024-05-01", None, "pause"),
    ],
)
def test_the_missing_period_is_the_one_that_the_months_end_falls_into(
    tmp_path: Path, start: str, end: str | None, expected: str
) -> None:
    export = served_in_april()
    export.bill(start, end, status="void")
    assert subtype_of_may(export, tmp_path) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"type": "invoiceitem", "proration": True}, "pause"),
        ({"type": "invoiceitem", "proration": True, "amount": -5000}, "voluntary"),
        ({"type": "invoiceitem"}, "voluntary"),
        ({"price_id": "metered"}, "voluntary"),
        ({"price_id": "unknown"}, "voluntary"),
        ({"quantity": None}, "pause"),
        ({"period_start": None}, "voluntary"),
        ({"subscription_id": "other"}, "voluntary"),
        ({"subscription_item_id": "other", "subscription_id": "sub"}, "pause"),
        ({"is_deleted": True}, "voluntary"),
        ({"livemode": False}, "voluntary"),
    ],
)
def test_only_a_charge_for_recurring_service_bills_the_missing_period(
    tmp_path: Path, line: dict[str, Any], expected: str
) -> None:
    export = served_in_april()
    export.price("metered", recurring_usage_type="metered")
    export.bill(*MAY, status="void", **line)
    assert subtype_of_may(export, tmp_path) == expected


def test_service_on_what_is_overdue_for_too_long_is_lost_involuntarily(tmp_path: Path) -> None:
    """Its invoice is open and counts, but no longer after ten days; paid in June, it comes back."""
    export = Export()
    dates = {"due_date": day("2024-05-01"), "status_transitions_paid_at": day("2024-06-10")}
    export.bill("2024-04-01", "2024-07-01", dates=dates)
    policies = {"past_due_churn_days": "10"}
    assert export.subtypes(tmp_path, policies=policies) == {
        "2024-04": None,
        "2024-05": "involuntary",
        "2024-06": None,
        "2024-07": "voluntary",
    }


def test_what_a_trial_takes_away_is_not_lost_for_payment(tmp_path: Path) -> None:
    """It is overdue for too long as well, but would not count if it were paid."""
    export = Export()
    export.subscription(trial_start=day("2024-05-10"), trial_end=day("2024-06-10"))
    dates = {"due_date": day("2024-05-01"), "status_transitions_paid_at": day("2024-06-05")}
    export.bill("2024-04-01", "2024-07-01", amount=0, dates=dates)
    subtypes = export.subtypes(tmp_path, policies={"past_due_churn_days": "10"})
    assert subtypes == {"2024-04": None, "2024-05": "voluntary", "2024-06": None, "2024-07": "voluntary"}


# To free.


def test_who_goes_on_at_no_charge_went_to_free(tmp_path: Path) -> None:
    export = served_in_april()
    export.coupon("free", percent_off=100)
    export.discount(export.bill(*MAY), "free")
    assert export.subtypes(tmp_path) == {"2024-04": None, "2024-05": "to_free"}
    rows = export.answer(tmp_path)["fct_mrr_by_account_month"]
    assert [(str(row["gross_mrr_amount"]), str(row["closing_mrr_amount"])) for row in rows] == [
        ("100.0000", "100.0000"),
        ("100.0000", "0.0000"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"price_id": "free"}, "to_free"),
        ({"price_id": "free", "subscription_item_id": "other", "subscription_id": "other"}, "to_free"),
        ({"quantity": 0}, "to_free"),
        ({"price_id": "free", "period_end": day("2024-05-31")}, "voluntary"),
    ],
)
def test_a_free_plan_is_service_at_no_charge(tmp_path: Path, line: dict[str, Any], expected: str) -> None:
    export = served_in_april()
    export.price("free", unit_amount=0)
    export.bill(*MAY, **line)
    assert subtype_of_may(export, tmp_path) == expected


def test_free_service_on_trial_is_none(tmp_path: Path) -> None:
    export = served_in_april()
    trial = {"trial_start": day("2024-05-01"), "trial_end": day("2024-06-02")}
    export.add("billing/subscription", id="other", customer_id="cus", status="trialing", **trial)
    export.price("free", unit_amount=0)
    export.bill(*MAY, price_id="free", subscription_id="other", subscription_item_id="other", amount=0)
    assert subtype_of_may(export, tmp_path) == "voluntary"


# The mildest of several reasons.


def two_lost(first: str | None, second: str | None) -> Export:
    """Two subscriptions paid for April, whose bills for May have these states; None: no bill."""
    export = Export()
    export.add("billing/subscription", id="sub2", customer_id="cus", status="active")
    for name, status in (("sub", first), ("sub2", second)):
        terms: dict[str, Any] = {"subscription_id": name, "subscription_item_id": f"item of {name}"}
        export.bill("2024-04-01", "2024-05-01", **terms)
        if status is not None:
            export.bill(*MAY, status=status, **terms)
    return export


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("void", "uncollectible", "pause"),
        ("uncollectible", "void", "pause"),
        ("uncollectible", None, "involuntary"),
        (None, "uncollectible", "involuntary"),
        (None, "void", "pause"),
        (None, None, "voluntary"),
    ],
)
def test_the_mildest_reason_of_several_subscriptions_decides(
    tmp_path: Path, first: str | None, second: str | None, expected: str
) -> None:
    assert subtype_of_may(two_lost(first, second), tmp_path) == expected


def test_a_subscription_that_paid_nothing_was_not_lost(tmp_path: Path) -> None:
    export = two_lost(None, "void")
    export.coupon("free", percent_off=100)
    export.discount("il1", "free")
    assert subtype_of_may(export, tmp_path) == "voluntary"


def test_a_subscription_lost_earlier_says_nothing(tmp_path: Path) -> None:
    """sub2 is voided from April on; in May only sub is lost."""
    export = Export()
    export.bill("2024-03-01", "2024-05-01")
    other: dict[str, Any] = {"subscription_id": "sub2", "subscription_item_id": "other"}
    export.bill("2024-03-01", "2024-04-01", **other)
    export.bill("2024-04-01", "2024-07-01", status="void", **other)
    assert export.subtypes(tmp_path) == {"2024-03": None, "2024-04": None, "2024-05": "voluntary"}


# Coming back.


@pytest.mark.parametrize(("status", "expected"), [("void", "resume"), ("uncollectible", None)])
def test_who_comes_back_from_a_pause_resumes(tmp_path: Path, status: str, expected: str | None) -> None:
    export = served_in_april()
    export.bill(*MAY, status=status)
    export.bill("2024-06-01", None)
    assert export.subtypes(tmp_path)["2024-06"] == expected


def test_a_pause_before_another_churn_is_over(tmp_path: Path) -> None:
    """Paused in February, back in March, gone in April, back in May: a reactivation like any other."""
    export = Export()
    export.bill("2024-01-01", "2024-02-01")
    export.bill("2024-02-01", "2024-03-01", status="void")
    export.bill("2024-03-01", "2024-04-01")
    export.bill("2024-05-01", None)
    assert export.subtypes(tmp_path) == {
        "2024-01": None,
        "2024-02": "pause",
        "2024-03": "resume",
        "2024-04": "voluntary",
        "2024-05": None,
    }
