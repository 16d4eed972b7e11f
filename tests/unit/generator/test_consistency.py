"""The committed billing export agrees with itself, and every check would say so if it did not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest

from tests.unit.generator import consistency
from tests.unit.generator.consistency import CHECKS, Row, Tables

Check = Callable[[Tables], Iterator[str]]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_example_company_agrees_with_itself(check: Check, billing: Tables) -> None:
    assert list(check(billing)) == []


def _add(column: str, amount: int) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[column] = str(int(row[column]) + amount)

    return change


def _set(column: str, value: str) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[column] = value

    return change


# A check, and the damage that it must report: in this table, to the rows where a column has a value.
_DAMAGES: tuple[tuple[Check, str, str, str, Callable[[Row], None]], ...] = (
    (
        consistency.references_resolve,
        "invoice_line_item",
        "proration",
        "true",
        _set("invoice_id", "in_unknown"),
    ),
    (
        consistency.subtotals_are_the_sums_of_lines,
        "invoice_line_item",
        "proration",
        "true",
        _add("amount", 1),
    ),
    (
        consistency.totals_are_subtotals_less_discounts_plus_tax,
        "discount",
        "type",
        "line item",
        _add("amount", 1),
    ),
    (
        consistency.paid_amounts_are_the_successful_charges,
        "charge",
        "status",
        "succeeded",
        _add("amount", -1),
    ),
    (consistency.what_is_due_is_paid_credited_or_remains, "invoice", "status", "open", _add("amount_due", 1)),
    (
        consistency.what_is_due_is_paid_credited_or_remains,
        "credit_note",
        "type",
        "pre_payment",
        _add("total", 1),
    ),
    (consistency.statuses_agree_with_their_times, "invoice", "status", "void", _set("status", "paid")),
    (consistency.statuses_agree_with_their_times, "invoice", "status", "paid", _set("status", "draft")),
    (consistency.balance_transactions_are_net_of_their_fees, "fee", "type", "stripe_fee", _add("amount", 1)),
    (consistency.payouts_are_the_sums_of_what_they_pay_out, "payout", "status", "paid", _add("amount", 1)),
    (consistency.refunds_add_up_on_their_charges, "refund", "status", "succeeded", _add("amount", -1)),
    (
        consistency.credit_notes_are_the_sums_of_their_lines,
        "credit_note",
        "status",
        "issued",
        _add("subtotal", 1),
    ),
    (consistency.charges_are_amounts_that_can_be_charged, "charge", "currency", "kwd", _add("amount", 1)),
    (
        consistency.lines_of_full_periods_cost_what_the_price_says,
        "price",
        "nickname",
        "Collaboration Standard, monthly",
        _add("unit_amount_decimal", 1),
    ),
    (consistency.taxes_follow_one_rate_per_customer, "invoice", "currency", "gbp", _add("tax", 500)),
)


@pytest.mark.parametrize("case", _DAMAGES, ids=[f"{case[0].__name__} in {case[1]}" for case in _DAMAGES])
def test_a_damaged_export_is_reported(
    case: tuple[Check, str, str, str, Callable[[Row], None]], billing: Tables
) -> None:
    check, table, column, value, damage = case
    damaged = {**billing, table: copy.deepcopy(billing[table])}
    for row in damaged[table]:
        if row[column] == value:
            damage(row)
    assert list(check(damaged)) != []


def test_a_row_given_twice_is_reported(billing: Tables) -> None:
    doubled = {**billing, "invoice": [*billing["invoice"], billing["invoice"][0]]}
    assert list(consistency.keys_are_unique(doubled)) != []


def test_an_invoice_without_lines_is_reported(billing: Tables) -> None:
    first = billing["invoice_line_item"][0]["invoice_id"]
    lines = [row for row in billing["invoice_line_item"] if row["invoice_id"] != first]
    problems = list(consistency.subtotals_are_the_sums_of_lines({**billing, "invoice_line_item": lines}))
    assert problems == [f"invoice {first}: no line"]
