"""What it costs to win accounts, channel by channel, once more (definitions 3 and 8).

What sales and marketing cost in all is of ``unit_economics.py``, and whose new accounts they are of
``mrr.py``; here it is shared over channels, to the minor unit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.oracles.account_segments import UNKNOWN
from tests.oracles.calendar_months import add_months
from tests.oracles.crm import Crm
from tests.oracles.export import round_half_away, to_decimal
from tests.oracles.largest_remainder import largest_remainder
from tests.oracles.ledger_lines import day_of
from tests.oracles.mrr import Company, MartRow
from tests.oracles.pricing import MINOR_DIGITS
from tests.oracles.unit_economics import UnitEconomics

SALES, MARKETING = "sales", "marketing"
UNATTRIBUTED = "unattributed"
BY_SPEND, BY_ACCOUNTS, BY_NOTHING = "recorded spend", "new accounts", "none"

Weights = Mapping[str, Fraction | int]


class Acquisition:
    """The months of a company, with what winning accounts cost in each channel."""

    def __init__(
        self,
        crm: Crm,
        company: Company,
        economics: UnitEconomics,
        first_paid_days: Mapping[str, date],
        policies: Mapping[str, str],
    ) -> None:
        self.crm = crm
        self.company = company
        self.economics = economics
        self.first_paid_days = first_paid_days
        self.reporting_currency = company.rates.reporting_currency
        self.crm_currency = policies.get("crm_currency") or self.reporting_currency

    @cached_property
    def spent(self) -> dict[tuple[date, str, str], Fraction]:
        """As the CRM records it, by month, channel and currency; rounded to 4 decimals."""
        sums: dict[tuple[date, str, str], Fraction] = defaultdict(Fraction)
        for row in self.crm.rows("marketing_spend"):
            day = day_of(row, "date")
            if "amount" in row and self.crm.is_seen(day):
                channel = self.crm.segments.mapped("spend_channel", row.get("channel"))
                currency = row.get("currency", self.crm_currency).strip().upper()
                sums[day.replace(day=1), channel, currency] += Fraction(row["amount"])
        return {key: round_half_away(amount, 4) for key, amount in sums.items()}

    def spend_of(self, month: date) -> dict[str, Fraction]:
        """By channel, in the reporting currency."""
        found: dict[str, Fraction] = defaultdict(Fraction)
        for (of_month, channel, currency), amount in self.spent.items():
            if of_month == month:
                found[channel] += self.company.converted(amount, currency, month)
        return found

    def channel_of(self, account: str) -> str:
        """In the month in which it first paid."""
        month = self.first_paid_days[account].replace(day=1)
        return self.crm.segments.of(account, month)["acquisition_channel"]

    @cached_property
    def new_accounts(self) -> dict[date, Counter[str]]:
        """By month and channel."""
        found: dict[date, Counter[str]] = defaultdict(Counter)
        for account, (month, _) in self.company.cohorts.items():
            found[month][self.channel_of(account)] += 1
        return found

    @property
    def has_nothing_to_say(self) -> bool:
        """No spend was recorded, and of no account that ever paid is it known how it was won."""
        return not self.spent and all(self.channel_of(account) == UNKNOWN for account in self.first_paid_days)

    def shared(self, amount: Decimal | None, weights: Weights) -> dict[str, Decimal]:
        """By channel, also what comes to nothing; all of it unattributed where nothing leads anywhere."""
        if amount is None:
            return {}
        digits = MINOR_DIGITS[self.reporting_currency]
        counting = {channel: weight for channel, weight in weights.items() if weight > 0}
        units = int(amount.scaleb(digits))
        shares = largest_remainder(units, counting or {UNATTRIBUTED: 1})
        return {channel: Decimal(share).scaleb(-digits) for channel, share in shares.items()}

    def rows(self) -> list[MartRow]:
        """marts.fct_acquisition_costs_by_channel_month."""
        if self.has_nothing_to_say:
            return []
        return [row for month in self.company.months for row in self.month_rows(month)]

    def month_rows(self, month: date) -> list[MartRow]:
        cost_month = add_months(month, -self.economics.lag)
        spend, new = self.spend_of(cost_month), self.new_accounts[month]
        costs = {bucket: self.economics.spent_on(cost_month, bucket) for bucket in (SALES, MARKETING)}
        by_spend = {channel: round_half_away(amount, 4) for channel, amount in spend.items() if amount > 0}
        drivers = {
            SALES: BY_ACCOUNTS if new else BY_NOTHING,
            MARKETING: BY_SPEND if by_spend else BY_ACCOUNTS if new else BY_NOTHING,
        }
        shares = {
            SALES: self.shared(costs[SALES], new),
            MARKETING: self.shared(costs[MARKETING], by_spend or new),
        }
        rows = []
        for channel in sorted({*spend, *new, *shares[SALES], *shares[MARKETING]}):
            row: MartRow = {
                "month": month,
                "channel": channel,
                "cost_month": cost_month,
                "recorded_spend_amount": to_decimal(spend.get(channel, Fraction(0))),
                "new_accounts": new[channel],
                "is_complete_month": self.crm.calendar.is_complete(month),
            }
            for bucket in (SALES, MARKETING):
                is_borne = channel in shares[bucket]
                row[f"{bucket}_driver"] = drivers[bucket] if is_borne else None
                amount = shares[bucket].get(channel, Decimal(0))
                row[f"{bucket}_amount"] = None if costs[bucket] is None else amount
            both = None
            if costs[SALES] is not None:
                both = row["sales_amount"] + row["marketing_amount"]
            row["acquisition_cost_amount"] = both
            row["cac_amount"] = None
            if both is not None and new[channel]:
                row["cac_amount"] = to_decimal(round_half_away(Fraction(both) / new[channel], 4))
            rows.append(row)
        return rows
