"""The committed ledger agrees with itself and with billing, and every check would say so if it did not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from tests.unit.generator import ledger_consistency
from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.ledger_consistency import CHECKS

Check = Callable[[Tables, Tables], Iterator[str]]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_ledger_of_the_example_company_ties(check: Check, billing: Tables, ledger: Tables) -> None:
    assert list(check(billing, ledger)) == []


def _set(column: str, value: str) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[column] = value

    return change


def _add(column: str, amount: str) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[column] = str(Decimal(row[column]) + Decimal(amount))

    return change


# A check, and the damage that it must report: in this ledger table, to the last row where a column has a
# value. Receivables are account 121, processor clearing 123, sales taxes 211, deferred revenue 221, fees 511.
_DAMAGES: tuple[tuple[Check, str, str, str, Callable[[Row], None]], ...] = (
    (
        ledger_consistency.entries_balance_in_every_book,
        "transactionaccountingline",
        "accountingbook",
        "2",
        _add("amount", "0.01"),
    ),
    (
        ledger_consistency.entries_balance_in_their_currency,
        "transactionline",
        "memo",
        "usage",
        _add("foreignamount", "1"),
    ),
    (
        ledger_consistency.amounts_are_debits_less_credits,
        "transactionaccountingline",
        "account",
        "221",
        _set("credit", ""),
    ),
    (
        ledger_consistency.entries_in_the_base_currency_have_one_amount,
        "transactionline",
        "foreignamount",
        "2500000.00",
        _set("foreignamount", "2500000.01"),
    ),
    (
        ledger_consistency.lines_have_both_halves,
        "transactionline",
        "memo",
        "usage",
        _set("id", "999"),
    ),
    (
        ledger_consistency.references_resolve_and_keys_are_unique,
        "transaction",
        "type",
        "CustCred",
        _set("entity", "999"),
    ),
    (
        ledger_consistency.postings_are_in_the_period_of_their_day,
        "transaction",
        "trandate",
        "2024-05-31",
        _set("trandate", "2024-06-01"),
    ),
    (
        ledger_consistency.closings_empty_income_and_expense,
        "transactionaccountingline",
        "account",
        "312",
        _set("account", "411"),
    ),
    (
        ledger_consistency.every_document_has_one_entry,
        "transaction",
        "type",
        "CustPymt",
        _set("externalid", "ch_unknown"),
    ),
    (
        ledger_consistency.receivables_are_what_customers_owe,
        "transactionaccountingline",
        "account",
        "121",
        _set("account", "122"),
    ),
    (
        ledger_consistency.taxes_are_those_of_what_is_billed,
        "transactionaccountingline",
        "account",
        "211",
        _set("account", "221"),
    ),
    (
        ledger_consistency.clearing_is_the_processor_s_balance,
        "transactionaccountingline",
        "account",
        "123",
        _set("account", "111"),
    ),
    (
        ledger_consistency.fees_are_the_processor_s,
        "transactionaccountingline",
        "account",
        "511",
        _set("account", "123"),
    ),
    (
        ledger_consistency.payouts_arrive_at_the_bank,
        "transaction",
        "type",
        "Transfer",
        _set("type", "Journal"),
    ),
    (
        ledger_consistency.invoices_show_their_lines_and_their_rate,
        "transaction",
        "type",
        "CustInvc",
        _set("exchangerate", "1.5"),
    ),
)


@pytest.mark.parametrize("case", _DAMAGES, ids=[f"{case[0].__name__} in {case[1]}" for case in _DAMAGES])
def test_a_damaged_ledger_is_reported(
    case: tuple[Check, str, str, str, Callable[[Row], None]], billing: Tables, ledger: Tables
) -> None:
    check, table, column, value, damage = case
    damaged = {**ledger, table: copy.deepcopy(ledger[table])}
    damage(next(row for row in reversed(damaged[table]) if row[column] == value))
    assert list(check(billing, damaged)) != []


def test_every_check_is_shown_to_fail() -> None:
    assert {case[0] for case in _DAMAGES} == set(CHECKS)
