"""Money given back for an invoice is given back once, on contracts small enough to work out by hand."""

from __future__ import annotations

import pytest

from seeds.generator.catalogue import YEARLY, find_price
from seeds.generator.dealings import BillingDesk
from seeds.generator.exchange import ExchangeRates
from seeds.generator.facts import Company, CompanyHistory, Contract, ItemTerms, MoneyBack
from seeds.generator.moments import DAY, instant
from seeds.generator.settlement import Settlement

_START = instant(2024, 1, 10, 9)
_HORIZON = instant(2024, 12, 1)


def _settled(*backs: MoneyBack) -> Settlement:
    company = Company(
        "test", "Test", "test.example", "", "US", "Columbus", "43215", "", 10, "USD", _START, "card", 0
    )
    item = ItemTerms("item", find_price("collaboration", YEARLY, "USD"), 10)
    contract = Contract("test/contract", _START, YEARLY, (item,), backs)
    rates = ExchangeRates(1, instant(2024, 1, 1), _HORIZON)
    [dealings] = BillingDesk(rates, _HORIZON).dealings([CompanyHistory(company, (contract,))])
    return dealings.settlement


def _back(kind: str, days: int) -> MoneyBack:
    return MoneyBack(_START + days * DAY, kind, 1000, "requested_by_customer")


@pytest.mark.parametrize("first", ["dispute_won", "dispute_lost", "refund", "credit_note"])
def test_what_was_given_back_or_disputed_is_not_given_back_again(first: str) -> None:
    once = _settled(_back(first, 20))
    twice = _settled(_back(first, 20), _back("credit_note", 90), _back("refund", 120))
    assert (twice.refunds, twice.credit_notes, twice.disputes) == (
        once.refunds,
        once.credit_notes,
        once.disputes,
    )


def test_a_credit_note_that_was_taken_back_leaves_all_to_be_given_back() -> None:
    settlement = _settled(_back("voided_note", 20), _back("refund", 90))
    assert [refund.amount for refund in settlement.refunds] == [settlement.charges[0].amount]
