"""Metered use as a monthly amount, which is not MRR but stands beside it (definitions 1.3).

Which lines are metered is the business of the reader of lines; from there to an item's amount of a month is
here. Converting and adding up by account stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tests.oracles.calendar_months import Calendar, add_months
from tests.oracles.discounts import Discounts
from tests.oracles.export import Row, instant, round_half_away, whole_number
from tests.oracles.invoice_lines import LineReader
from tests.oracles.pricing import minor_units

MONTHS_LOOKED_BACK = 3


@dataclass(frozen=True)
class UsageLine:
    """Counting metered use of an item up to ``end``: what it cost less discounts, in major units."""

    account_id: str
    item_key: str
    currency: str
    amount: Fraction
    end: datetime


@dataclass(frozen=True)
class ItemUsage:
    """The use of an item in one currency, made monthly and rounded once."""

    currency: str
    mrr: Fraction


@dataclass(frozen=True)
class AccountUsage:
    """The metered lines of one account."""

    lines: list[UsageLine]

    def has_begun_by(self, close: datetime) -> bool:
        """Before its first metered period has ended, use is unknown, and not 0."""
        return any(line.end <= close for line in self.lines)

    def of_month(self, calendar: Calendar, month: date) -> list[ItemUsage]:
        """What ended in the three months up to this one, by day, times the days of a twelfth of a year."""
        first = add_months(month, 1 - MONTHS_LOOKED_BACK)
        opens, closes = calendar.open_of(first), calendar.close_of(month)
        days = (add_months(month, 1) - first).days
        amounts: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for line in self.lines:
            if opens < line.end <= closes:
                amounts[line.item_key, line.currency] += line.amount
        return [
            ItemUsage(currency, round_half_away(amount / days * Fraction(365, 12), 4))
            for (_, currency), amount in amounts.items()
        ]


def read_usage(reader: LineReader, rows: Iterable[Row], discounts: Discounts) -> dict[str, AccountUsage]:
    """By account; use without an end is in no month."""
    lines: dict[str, list[UsageLine]] = defaultdict(list)
    for row in rows:
        end = instant(row, "period_end")
        if end is not None and reader.counts_as_usage(row):
            account_id = reader.account_of(reader.invoices[row["invoice_id"]].customer_id)
            currency = row["currency"].upper()
            net = (whole_number(row, "amount") or 0) - discounts.amount_taken_off(row["id"])
            lines[account_id].append(
                UsageLine(
                    account_id=account_id,
                    item_key=reader.item_key_of(row),
                    currency=currency,
                    amount=Fraction(net, minor_units(currency, f"line {row['id']}")),
                    end=end,
                )
            )
    return {account_id: AccountUsage(of_account) for account_id, of_account in lines.items()}
