"""Every planted case can be found in the committed export, and shows what its story says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from seeds.generator.dealings import customer_id
from seeds.generator.listing import planted_table
from seeds.generator.planted import PlantedCase, planted_cases
from tests.unit.generator.conftest import SEEDS
from tests.unit.generator.consistency import Row, Tables

_CASES = {case.key: case for case in planted_cases()}


class Case:
    """The rows of one planted customer."""

    def __init__(self, key: str, billing: Tables) -> None:
        self.id = customer_id(_CASES[key].history)
        self.customer = next(row for row in billing["customer"] if row["id"] == self.id)
        self.subscriptions = [row for row in billing["subscription"] if row["customer_id"] == self.id]
        self.invoices = [row for row in billing["invoice"] if row["customer_id"] == self.id]
        invoice_ids = {row["id"] for row in self.invoices}
        self.lines = [row for row in billing["invoice_line_item"] if row["invoice_id"] in invoice_ids]
        self.discounts = [row for row in billing["discount"] if row["customer_id"] == self.id]
        self.windows = [row for row in billing["subscription_discount"] if row["customer_id"] == self.id]
        self.charges = [row for row in billing["charge"] if row["customer_id"] == self.id]
        charge_ids = {row["id"] for row in self.charges}
        self.refunds = [row for row in billing["refund"] if row["charge_id"] in charge_ids]
        self.disputes = [row for row in billing["dispute"] if row["charge_id"] in charge_ids]
        self.credit_notes = [row for row in billing["credit_note"] if row["invoice_id"] in invoice_ids]
        subscription_ids = {row["id"] for row in self.subscriptions}
        self.items = [
            row for row in billing["subscription_item"] if row["subscription_id"] in subscription_ids
        ]
        prices = {row["id"]: row for row in billing["price"]}
        self.prices = [prices[row["price_id"]] for row in self.lines if row["price_id"]]

    @property
    def statuses(self) -> Counter[str]:
        return Counter(row["status"] for row in self.invoices)

    def prorations_on(self, day: str) -> list[Row]:
        return [
            row for row in self.lines if row["proration"] == "true" and row["period_start"].startswith(day)
        ]

    @property
    def only(self) -> Row:
        (subscription,) = self.subscriptions
        return subscription


def _is_free(row: Row) -> bool:
    return row["amount"] == "0"


_SHOWS: dict[str, Callable[[Case], bool]] = {
    "minimum_seats": lambda case: (
        '"minimum_quantity":"10"' in case.items[0]["metadata"]
        and {("6", "40000")} < {(row["quantity"], row["amount"]) for row in case.lines}
    ),
    "volume_edge": lambda case: (
        {("9", "49500"), ("10", "40000")} < {(row["quantity"], row["amount"]) for row in case.lines}
    ),
    "tier_split": lambda case: (
        max(Counter((row["invoice_id"], row["period_start"]) for row in case.lines).values()) > 3
        and any(row["quantity"] == "0" and row["proration"] == "true" for row in case.lines)
    ),
    "included_units": lambda case: (
        {("20", "0"), ("0", "90000"), ("15", "52500")}
        < {(row["quantity"], row["amount"]) for row in case.lines}
    ),
    "packs_rounded_up": lambda case: (
        {("14", "9000"), ("300", "146250")} < {(row["quantity"], row["amount"]) for row in case.lines}
        and any(row["transform_quantity_divide_by"] == "10" for row in case.prices)
    ),
    "zero_quantity": lambda case: any(
        row["quantity"] == "0" and row["type"] == "subscription" for row in case.lines
    ),
    "deleted_price": lambda case: {row["is_deleted"] for row in case.prices} == {"true"},
    "older_plans": lambda case: all(
        row["plan_id"] and not row["price_id"] and not row["subscription_item_id"] for row in case.lines
    ),
    "older_plans_yearly": lambda case: all(
        row["plan_id"] and row["subscription_item_id"] for row in case.lines
    ),
    "two_yearly": lambda case: {row["recurring_interval_count"] for row in case.prices} == {"2"},
    "three_yearly": lambda case: {row["recurring_interval_count"] for row in case.prices} == {"3"},
    "quarterly": lambda case: (
        {(row["recurring_interval"], row["recurring_interval_count"]) for row in case.prices}
        == {("month", "3")}
    ),
    "weekly": lambda case: {row["recurring_interval"] for row in case.prices} == {"week"},
    "daily": lambda case: (
        {row["recurring_interval"] for row in case.prices} == {"day"}
        and {row["period_start"][:7] for row in case.lines} == {"2024-01", "2024-02"}
    ),
    "monthly_to_yearly": lambda case: (
        sorted(
            (row["type"], row["period_end"][:4])
            for row in case.lines
            if row["period_start"] == "2024-03-27T10:41:00Z"
        )
        == [("invoiceitem", "2024"), ("subscription", "2025")]
    ),
    "leap_day": lambda case: {row["period_start"][:10] for row in case.lines} == {"2024-02-29", "2025-02-28"},
    "month_length": lambda case: {row["period_start"][8:10] for row in case.lines} >= {"31", "30", "28"},
    "licence_with_maintenance": lambda case: (
        case.only["trial_end"] == "2024-03-15T10:00:00Z"
        and [row["amount"] for row in case.lines if row["type"] == "subscription"]
        == ["0", "1200000", "1200000"]
        and "2400000" in {row["amount"] for row in case.lines if row["type"] == "invoiceitem"}
    ),
    "licence_year_included": lambda case: (
        case.only["trial_end"] == ""
        and [_is_free(row) for row in case.lines if row["type"] == "subscription"] == [True, False]
    ),
    "licence_returned": lambda case: (
        case.refunds[0]["amount"] == case.charges[0]["amount"] == case.credit_notes[0]["total"]
    ),
    "never_recurring": lambda case: (
        {row["recurring_usage_type"] for row in case.prices} == {"licensed", "metered", ""}
    ),
    "up_and_down": lambda case: (
        sorted(row["quantity"] for row in case.prorations_on("2023-10-17")) == ["20", "20", "35", "35"]
        and len({row["invoice_id"] for row in case.prorations_on("2023-10-17")}) == 1
    ),
    "two_switches": lambda case: len({row["invoice_id"] for row in case.prorations_on("2024-06-30")}) == 2,
    "items_come_and_go": lambda case: (
        Counter(row["is_deleted"] for row in case.items) == {"true": 1, "false": 1}
        and [int(row["amount"]) < 0 for row in case.prorations_on("2024-07-15")] == [True]
    ),
    "yen_seats": lambda case: {row["currency"] for row in case.lines} == {"jpy"},
    "dinar_seats": lambda case: (
        {row["currency"] for row in case.lines} == {"kwd"}
        and all(int(row["amount"]) % 10 == 0 for row in case.lines)
    ),
    "two_currencies": lambda case: {row["currency"] for row in case.invoices} == {"eur", "usd"},
    "one_of_two": lambda case: (
        Counter(row["status"] for row in case.subscriptions) == {"active": 1, "canceled": 1}
    ),
    "trial_converted": lambda case: (
        case.only["status"] == "active"
        and case.only["trial_end"][:7] == "2024-03"
        and _is_free(case.lines[0])
    ),
    "trial_not_converted": lambda case: (
        case.only["ended_at"] == case.only["trial_end"] and all(_is_free(row) for row in case.lines)
    ),
    "trial_running": lambda case: case.only["status"] == "trialing",
    "trial_for_a_payer": lambda case: (
        not _is_free(case.lines[0])
        and [row["period_start"][:10] for row in case.lines if _is_free(row)] == ["2024-09-05"]
        and case.only["trial_start"][:10] == "2024-09-05"
    ),
    "freemium": lambda case: (
        {_is_free(row) for row in case.lines} == {True, False}
        and _is_free(case.lines[0])
        and _is_free(case.lines[-1])
    ),
    "percent_forever": lambda case: {row["coupon_id"] for row in case.discounts} == {"PARTNER10"},
    "percent_once": lambda case: len({row["invoice_id"] for row in case.discounts}) == 1,
    "percent_repeating": lambda case: (
        len({row["invoice_id"] for row in case.discounts}) == 12 and case.windows == []
    ),
    "percent_repeating_yearly": lambda case: (
        len({row["invoice_id"] for row in case.discounts}) == 1
        and len(case.lines) == 2
        and len(case.windows) == 1
    ),
    "amount_forever": lambda case: set(Counter(row["invoice_id"] for row in case.discounts).values()) == {2},
    "amount_repeating": lambda case: sum(int(row["amount"]) for row in case.discounts) == 6 * 10_000,
    "amount_once": lambda case: (
        sum(int(row["amount"]) for row in case.discounts) == 20_000 and case.windows == []
    ),
    "free_of_charge": lambda case: (
        case.invoices[-1]["total"] == "0"
        and case.invoices[-1]["status"] == "paid"
        and case.invoices[0]["total"] != "0"
    ),
    "coupon_deleted": lambda case: {row["coupon_id"] for row in case.discounts} == {"FAIR2021"},
    "customer_coupon": lambda case: {row["subscription_id"] for row in case.windows} == {""},
    "paused_void": lambda case: case.statuses["void"] == 2 and case.only["pause_collection_behavior"] == "",
    "paused_drafts": lambda case: case.statuses["draft"] == 3,
    "paused_now": lambda case: (
        case.only["pause_collection_behavior"] == "void" and case.invoices[-1]["status"] == "void"
    ),
    "payment_recovered": lambda case: (
        set(case.statuses) == {"paid"} and "failed" in {row["status"] for row in case.charges}
    ),
    "payment_left_open": lambda case: (
        case.statuses["open"] == 1 and case.only["cancellation_details_reason"] == "payment_failed"
    ),
    "payment_uncollectible": lambda case: case.statuses["uncollectible"] == 1,
    "payment_voided": lambda case: case.statuses["void"] == 1,
    "unpaid": lambda case: case.only["status"] == "unpaid" and case.statuses["draft"] > 1,
    "past_due": lambda case: case.only["status"] == "past_due" and case.statuses["open"] == 2,
    "incomplete": lambda case: case.only["status"] == "incomplete" and set(case.statuses) == {"open"},
    "incomplete_expired": lambda case: (
        case.only["status"] == "incomplete_expired" and set(case.statuses) == {"void"}
    ),
    "ends_at_midnight": lambda case: case.only["ended_at"] == "2024-07-01T00:00:00Z",
    "ends_before_midnight": lambda case: case.only["ended_at"] == "2024-06-30T23:59:00Z",
    "cancelled_at_once": lambda case: all(int(row["amount"]) > 0 for row in case.lines),
    "cancelled_with_credit": lambda case: int(case.invoices[-1]["total"]) < 0,
    "notice_given": lambda case: (
        case.only["status"] == "active"
        and case.only["cancel_at_period_end"] == "true"
        and case.only["cancel_at"][:7] == "2026-01"
    ),
    "came_back": lambda case: (
        sorted(row["created"][:7] for row in case.subscriptions) == ["2023-11", "2024-06"]
    ),
    "inside_one_month": lambda case: case.only["created"][:7] == case.only["ended_at"][:7],
    "cancelled_for_dispute": lambda case: (
        case.only["cancellation_details_reason"] == "payment_disputed"
        and case.disputes[0]["status"] == "lost"
    ),
    "credit_note_voided": lambda case: (
        (case.credit_notes[0]["status"], case.credit_notes[0]["voided_at"][:10]) == ("void", "2024-08-05")
        and case.refunds == []
    ),
    "draft_at_export": lambda case: case.invoices[-1]["status"] == "draft",
    "nothing_bought": lambda case: case.invoices == [] and case.subscriptions == [],
    "refund_full": lambda case: case.refunds[0]["amount"] in {row["amount"] for row in case.charges},
    "refund_part": lambda case: int(case.refunds[0]["amount"]) * 4 == int(case.charges[0]["amount"]),
    "credit_note_after_payment": lambda case: (
        case.credit_notes[0]["type"] == "post_payment" and len(case.refunds) == 1
    ),
    "credit_note_before_payment": lambda case: (
        case.credit_notes[0]["type"] == "pre_payment" and case.refunds == []
    ),
    "dispute_won": lambda case: case.disputes[0]["status"] == "won",
    "dispute_lost": lambda case: case.disputes[0]["status"] == "lost",
    "dispute_open": lambda case: case.disputes[0]["status"] == "under_review",
    "subscription_gone": lambda case: (
        case.subscriptions == [] and case.statuses["open"] == 1 and case.statuses["paid"] > 10
    ),
    "subscription_deleted": lambda case: case.only["is_deleted"] == "true",
    "customer_deleted": lambda case: case.customer["is_deleted"] == "true" and len(case.invoices) > 20,
    "open_ended": lambda case: [row["period_end"] for row in case.lines] == [""],
    "open_ended_changed": lambda case: (
        [row["period_end"] for row in case.lines] == ["", ""] and case.only["ended_at"][:10] == "2025-04-30"
    ),
    "test_mode": lambda case: (
        {row["livemode"] for rows in (case.invoices, case.lines, case.charges, case.disputes) for row in rows}
        == {"false"}
    ),
}


@pytest.mark.parametrize("key", list(_CASES))
def test_the_planted_case_shows_what_its_story_says(key: str, billing: Tables) -> None:
    case = Case(key, billing)
    assert case.customer["description"] == f"Planted: {key}"
    assert _SHOWS[key](case), _CASES[key].shows


def test_every_table_has_rows_of_test_mode_and_of_live_mode(billing: Tables) -> None:
    modes = {name: {row["livemode"] for row in rows} for name, rows in billing.items()}
    assert {name: found for name, found in modes.items() if found != {"true", "false"}} == {}


def test_contracts_and_sales_have_names_of_their_own() -> None:
    histories = [case.history for case in planted_cases()]
    names = [contract.key for history in histories for contract in history.contracts]
    names += [sale.key for history in histories for sale in history.sales]
    assert len(names) == len(set(names))


def test_the_readme_lists_the_planted_cases_with_their_ids() -> None:
    readme = (SEEDS / "generator" / "README.md").read_text(encoding="utf-8")
    assert planted_table() in readme


def test_a_case_that_is_not_listed_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    extra: PlantedCase = planted_cases()[0]
    monkeypatch.setattr("seeds.generator.listing.planted_cases", lambda: [*planted_cases(), extra])
    readme = (SEEDS / "generator" / "README.md").read_text(encoding="utf-8")
    assert planted_table() not in readme
