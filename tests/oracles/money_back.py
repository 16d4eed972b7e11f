"""Requests for the money back once more (definitions 8): refunds soon after a first payment.

From the payments and refunds of ``receivables.py`` and ``reductions.py``. What a refund does to revenue and
to receivables stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property

from tests.oracles.export import whole_number
from tests.oracles.mrr import MartRow
from tests.oracles.receivables import cash_received
from tests.oracles.recognition import Books, in_major

DEFAULT_POLICIES = {"money_back_days": "30"}
ONE_DAY = timedelta(days=1)


class MoneyBack:
    """What was paid back to accounts that had only begun to pay."""

    def __init__(self, books: Books, policies: Mapping[str, str]) -> None:
        self.books = books
        self.within = int((DEFAULT_POLICIES | dict(policies))["money_back_days"]) * ONE_DAY

    @cached_property
    def first_payments(self) -> dict[str, date]:
        """By account the day of the first one, for whatever."""
        days: dict[str, date] = {}
        for invoice, day, amount in cash_received(self.books):
            if amount > 0 and day <= self.books.calendar.last_day:
                days[invoice.account_id] = min(days.get(invoice.account_id, day), day)
        return days

    def rows(self) -> list[MartRow]:
        """marts.fct_money_back_requests."""
        charges = {row["id"]: row for row in self.books.tables["charge"]}
        rows = []
        for refund in self.books.reader.refunds:
            invoice = self.books.reader.invoice_of_charge[refund["charge_id"]]
            first, day = self.first_payments.get(invoice.account_id), self.books.reader.day(refund)
            if first is None or not first <= day <= min(first + self.within, self.books.calendar.last_day):
                continue
            amount = whole_number(refund, "amount") or 0
            charged = whole_number(charges[refund["charge_id"]], "amount")
            rows.append(
                {
                    "refund_id": refund["id"],
                    "account_id": invoice.account_id,
                    "customer_id": invoice.customer_id,
                    "invoice_id": invoice.id,
                    "charge_id": refund["charge_id"],
                    "currency_code": invoice.currency,
                    "first_paid_on": first,
                    "refunded_on": day,
                    "days_after_first_payment": (day - first) // ONE_DAY,
                    "refund_amount_in_currency": in_major(amount, invoice.currency),
                    "is_whole_charge": None if charged is None else amount >= charged,
                    "reason": refund.get("reason"),
                }
            )
        return rows
