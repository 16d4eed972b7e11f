"""One company's dealings with the vendor as documents: what was billed, and how it was settled.

Made once for each company and handed to the writers of all sources, which so agree about every invoice,
payment and payout. What the documents look like is ``invoicing``'s and ``settlement``'s; columns are the
writers'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seeds.generator.exchange import ExchangeRates
from seeds.generator.facts import CompanyHistory, Contract
from seeds.generator.invoicing import Subscription, bill_contract, bill_sale
from seeds.generator.randomness import identifier
from seeds.generator.settlement import Payouts, Settlement, settle_company


@dataclass(frozen=True, slots=True)
class Dealings:
    """``number`` counts companies from 1 in the order in which they are made: it is the company's own."""

    number: int
    history: CompanyHistory
    livemode: bool
    billed: list[tuple[Contract, Subscription]]
    settlement: Settlement

    @property
    def customer_id(self) -> str:
        return customer_id(self.history)


class BillingDesk:
    """Where companies are billed and settled one by one; keeps the payouts of live and of test mode."""

    def __init__(self, rates: ExchangeRates, horizon: int) -> None:
        self.rates = rates
        self.horizon = horizon
        self.payouts = {livemode: Payouts(horizon, livemode=livemode) for livemode in (True, False)}

    def dealings(self, histories: Iterable[CompanyHistory]) -> Iterator[Dealings]:
        """The dealings of every company that is a customer at the horizon."""
        for number, history in enumerate(histories, start=1):
            if history.company.created <= self.horizon:
                yield self._dealings(number, history)

    def _dealings(self, number: int, history: CompanyHistory) -> Dealings:
        livemode = "test_mode" not in history.export_flaws
        billed = [
            (contract, bill_contract(contract, _currency(contract), history.customer_coupons, self.horizon))
            for contract in history.contracts
            if contract.start <= self.horizon
        ]
        invoices = [invoice for _, subscription in billed for invoice in subscription.invoices]
        invoices += [
            bill_sale(sale, sale.items[0][0].currency) for sale in history.sales if sale.at <= self.horizon
        ]
        payouts = self.payouts[livemode]
        settlement = settle_company(history.company, invoices, self.rates, payouts, self.horizon)
        return Dealings(number, history, livemode, billed, settlement)


def _currency(contract: Contract) -> str:
    return contract.items[0].price.currency


def customer_id(history: CompanyHistory) -> str:
    """The billing id of a company."""
    return identifier("cus", history.company.key)
