"""What it costs to win an account, and what it is worth (definitions 3), month by month.

Every numerator and denominator is a sum of another oracle's: MRR and accounts of the bridge, costs by bucket,
margins. What is rounded is rounded once, from exact fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.oracles.calendar_months import add_months
from tests.oracles.cost_mappings import NON_OPERATING
from tests.oracles.export import round_half_away, to_decimal
from tests.oracles.gross_margin import Amounts, Margins
from tests.oracles.mrr import MartRow
from tests.oracles.ratios import rate

DEFAULT_POLICIES = {"cac_lag_months": "0", "clv_cap_months": "60"}
SALES_AND_MARKETING = ("sales", "marketing")


def quotient(numerator: Fraction | Decimal | None, denominator: Fraction | Decimal | None) -> Fraction | None:
    """Exact; none without both, or on a base that is not more than 0."""
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return Fraction(numerator) / Fraction(denominator)


def product(*factors: Fraction | None) -> Decimal | None:
    """Rounded once; none without all of them."""
    exact = Fraction(1)
    for factor in factors:
        if factor is None:
            return None
        exact *= factor
    return to_decimal(round_half_away(exact, 4))


def as_double(value: Fraction | None) -> float | None:
    return None if value is None else value.numerator / value.denominator


def double_rate(numerator: Decimal | None, denominator: Decimal | None) -> float | None:
    return None if numerator is None or denominator is None else rate(numerator, denominator)


class UnitEconomics:
    """The months of the calendar, with what they rest on."""

    def __init__(self, margins: Margins, policies: Mapping[str, str], bridge: list[MartRow]) -> None:
        policy = DEFAULT_POLICIES | dict(policies)
        self.lag = int(policy["cac_lag_months"])
        self.cap = int(policy["clv_cap_months"])
        self.margins = margins
        self.costs = margins.costs
        self.bridge = {row["month"]: row for row in bridge}

    def by_bucket(self, month: date) -> dict[str, int] | None:
        """Posted costs and overhead of operations; none where the ledger has no line of them."""
        parts = self.costs.parts_of.get(month, [])
        if not any(part.target.bucket != NON_OPERATING for part in parts):
            return None
        sums = dict(self.costs.posted(month))
        for bucket, amount in self.costs.received(month).items():
            sums[bucket] = sums.get(bucket, 0) + amount
        return {bucket: amount for bucket, amount in sums.items() if bucket != NON_OPERATING}

    def spent_on(self, month: date, *buckets: str) -> Decimal | None:
        costs = self.by_bucket(month)
        if costs is None:
            return None
        return self.costs.in_major(sum(costs.get(bucket, 0) for bucket in buckets or costs))

    def revenue(self, month: date) -> Decimal:
        revenue = self.margins.months.get(month, Amounts()).revenue
        return self.costs.in_major(sum(revenue.values()))

    def row(self, month: date) -> MartRow:
        row: MartRow = {"month": month}
        for part in (
            self.acquisition(month),
            self.payback(month),
            self.lifetime(month),
            self.growth(month),
        ):
            row |= part
        row |= self.value(month, row)
        return row | {"is_complete_month": self.costs.calendar.is_complete(month)}

    def acquisition(self, month: date) -> MartRow:
        acquisition = self.spent_on(add_months(month, -self.lag), *SALES_AND_MARKETING)
        new = self.bridge[month]["new_account_count"]
        return {
            "sales_amount": self.spent_on(month, "sales"),
            "marketing_amount": self.spent_on(month, "marketing"),
            "sales_and_marketing_amount": self.spent_on(month, *SALES_AND_MARKETING),
            "acquisition_cost_amount": acquisition,
            "new_accounts": new,
            "cac_amount": product(quotient(acquisition, Decimal(new))),
            "new_mrr_amount": self.bridge[month]["new_amount"],
        }

    def margin_of(self, month: date) -> tuple[Decimal, Decimal] | None:
        """Subscription revenue and margin, where the costs of operations are known."""
        if self.by_bucket(month) is None:
            return None
        amounts = self.margins.months.get(month, Amounts())
        margin = amounts.margin("subscription", with_success=self.costs.is_success_direct)
        return self.costs.in_major(amounts.revenue.get("subscription", 0)), self.costs.in_major(margin)

    def margin_share(self, month: date) -> Fraction | None:
        known = self.margin_of(month)
        return None if known is None else quotient(known[1], known[0])

    def payback(self, month: date) -> MartRow:
        revenue, margin = self.margin_of(month) or (None, None)
        acquisition = self.spent_on(add_months(month, -self.lag), *SALES_AND_MARKETING)
        new_margin = product(Fraction(self.bridge[month]["new_amount"]), self.margin_share(month))
        return {
            "subscription_revenue_amount": revenue,
            "subscription_margin_amount": margin,
            "subscription_margin_rate": double_rate(margin, revenue),
            "new_mrr_margin_amount": new_margin,
            "payback_months": double_rate(acquisition, new_margin),
        }

    def lifetimes(self, month: date) -> tuple[Fraction | None, Fraction | None]:
        """On average if churn stays as it is, and at most as long as the cap."""
        opening = self.bridge[month]["opening_account_count"]
        churned = self.bridge[month]["churn_account_count"]
        average = quotient(Fraction(opening), Fraction(churned))
        capped = None if not opening else min(average or Fraction(self.cap), Fraction(self.cap))
        return average, capped

    def lifetime(self, month: date) -> MartRow:
        bridge = self.bridge[month]
        average, capped = self.lifetimes(month)
        return {
            "opening_accounts": bridge["opening_account_count"],
            "churned_accounts": bridge["churn_account_count"],
            "logo_churn_rate": rate(bridge["churn_account_count"], bridge["opening_account_count"]),
            "average_lifetime_months": as_double(average),
            "capped_lifetime_months": as_double(capped),
            "closing_mrr_amount": bridge["closing_mrr_amount"],
            "closing_accounts": bridge["closing_account_count"],
            "arpa_amount": bridge["arpa_amount"],
        }

    def value(self, month: date, row: MartRow) -> MartRow:
        bridge = self.bridge[month]
        average, capped = self.lifetimes(month)
        paid = quotient(bridge["closing_mrr_amount"], Decimal(bridge["closing_account_count"]))
        clv_margin = product(paid, average, self.margin_share(month))
        clv_capped = product(paid, self.margin_share(month), capped)
        return {
            "clv_amount": product(paid, average),
            "clv_margin_amount": clv_margin,
            "clv_capped_amount": clv_capped,
            "clv_to_cac": double_rate(clv_margin, row["cac_amount"]),
            "clv_capped_to_cac": double_rate(clv_capped, row["cac_amount"]),
        }

    def growth(self, month: date) -> MartRow:
        arr = self.bridge[month]["arr_amount"]
        before = self.bridge.get(add_months(month, -3), {}).get("arr_amount")
        quarter = [self.spent_on(add_months(month, -ago), *SALES_AND_MARKETING) for ago in (3, 4, 5)]
        spent = [amount for amount in quarter if amount is not None]
        spent_before = sum(spent, Decimal(0)) if len(spent) == len(quarter) else None
        change = None if before is None else arr - before
        return {
            "arr_amount": arr,
            "quarter_before_arr_amount": before,
            "quarterly_arr_change_amount": change,
            "quarter_before_sales_and_marketing_amount": spent_before,
            "magic_number": double_rate(change, spent_before),
            **self.rule_of_40(month),
        }

    def rule_of_40(self, month: date) -> MartRow:
        revenue, year_before = self.revenue(month), add_months(month, -12)
        before = self.revenue(year_before) if year_before in self.bridge else None
        operating = self.spent_on(month)
        income = None if operating is None else revenue - operating
        growth = double_rate(None if before is None else revenue - before, before)
        margin = double_rate(income, revenue)
        return {
            "total_revenue_amount": revenue,
            "year_before_total_revenue_amount": before,
            "yearly_revenue_change_amount": None if before is None else revenue - before,
            "revenue_growth_rate": growth,
            "operating_cost_amount": operating,
            "operating_income_amount": income,
            "operating_margin_rate": margin,
            "rule_of_40": None if growth is None or margin is None else growth + margin,
        }

    def month_rows(self) -> list[MartRow]:
        """marts.fct_unit_economics_by_month: every month of the calendar."""
        return [self.row(month) for month in self.bridge]
