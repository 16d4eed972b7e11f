"""Revenue less what it costs, by month, account and segment (definitions 6), and costs of cohorts.

From the books of ``recognition.py`` and the costs of accounts in ``costs.py``: both are first placed at the
prices that an account paid, and everything here is a sum of that. What is a cost of whom stays there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES, UNKNOWN
from tests.oracles.cost_mappings import COST_OF_REVENUE, CUSTOMER_SUCCESS, OVERHEAD
from tests.oracles.costs import Costs
from tests.oracles.largest_remainder import largest_remainder
from tests.oracles.mrr import MartRow
from tests.oracles.overhead import UNALLOCATED
from tests.oracles.ratios import rate
from tests.oracles.segments import SEGMENT_TYPES, TOTAL, SegmentFacts, Unit

MARGIN_LINES = ("subscription", "services")
SUCCESS_KINDS = (CUSTOMER_SUCCESS, f"{CUSTOMER_SUCCESS}_{OVERHEAD}")
KINDS = (*COST_OF_REVENUE, OVERHEAD, *SUCCESS_KINDS)
DEFAULT_POLICIES = {
    "margin_benchmark_subscription": "keybanc_private_saas",
    "margin_benchmark_total": "bvp_index_median",
    "margin_review_points": "0.10",
}


class Place(NamedTuple):
    """Where revenue or a cost is: an account, a price that it paid, and the currency."""

    account: str
    price: str
    currency: str

    @property
    def is_unallocated(self) -> bool:
        return self.account == UNALLOCATED


@dataclass
class Amounts:
    """Whole minor units: revenue by line of the margin, costs by line and kind."""

    revenue: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    costs: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: Amounts) -> None:
        for line, amount in other.revenue.items():
            self.revenue[line] += amount
        for key, amount in other.costs.items():
            self.costs[key] += amount

    def cost(self, line: str, *, with_success: bool) -> int:
        return sum(
            amount
            for (of_line, kind), amount in self.costs.items()
            if of_line == line and (with_success or kind not in SUCCESS_KINDS)
        )

    def of_kind(self, kind: str) -> int:
        return sum(amount for (_, of_kind), amount in self.costs.items() if of_kind == kind)

    def margin(self, line: str, *, with_success: bool) -> int:
        return self.revenue.get(line, 0) - self.cost(line, with_success=with_success)


class Margins:
    """Everything about margins of one landing folder."""

    def __init__(self, landing: Path, policies: Mapping[str, str], costs: Costs, facts: SegmentFacts) -> None:
        self.policy = DEFAULT_POLICIES | dict(policies)
        self.costs = costs
        self.books = costs.books
        self.facts = facts
        lines = self.books.tables["invoice_line_item"]
        self.prices = {row["id"]: row.get("price_id") or row.get("plan_id") for row in lines}
        self.products = {
            row["id"]: row.get("product_id")
            for table in ("plan", "price")
            for row in self.books.tables[table]
        }

    @cached_property
    def revenue(self) -> dict[tuple[date, str], dict[Place, int]]:
        """Net, by month and line of the margin."""
        sums: dict[tuple[date, str], dict[Place, int]] = defaultdict(lambda: defaultdict(int))
        for invoice, obligation, _, history in self.books.histories:
            line = self.costs.policy.margin_line(obligation.stream)
            place = Place(
                invoice.account_id, self.prices.get(obligation.line_id) or UNKNOWN, invoice.currency
            )
            for position, month in enumerate(self.books.months):
                flow = history[position + 1] - history[position]
                if flow.net_revenue:
                    sums[month, line][place] += flow.net_revenue
        return sums

    @cached_property
    def placed(self) -> dict[date, dict[Place, Amounts]]:
        """By month: what is not 0, by account and price."""
        found: dict[date, dict[Place, Amounts]] = defaultdict(lambda: defaultdict(Amounts))
        for (month, line), by_place in self.revenue.items():
            for place, amount in by_place.items():
                if amount:
                    found[month][place].revenue[line] += amount
        sums: dict[tuple[date, str, str, str], int] = defaultdict(int)
        for cost in self.costs.account_costs:
            sums[cost.month, cost.account, cost.pool.margin_line, cost.pool.kind] += cost.amount
        for (month, account, line, kind), amount in sums.items():
            for place, part in self.spread(month, account, line, amount).items():
                if part:
                    found[month][place].costs[line, kind] += part
        return dict(sorted(found.items()))

    @cached_property
    def weights(self) -> dict[tuple[date, str, str], dict[Place, int]]:
        """By month, line and account: the places of its revenue that is more than 0."""
        weights: dict[tuple[date, str, str], dict[Place, int]] = defaultdict(dict)
        for (month, line), by_place in self.revenue.items():
            for place, amount in by_place.items():
                if amount > 0:
                    weights[month, line, place.account][place] = amount
        return weights

    def spread(self, month: date, account: str, line: str, amount: int) -> dict[Place, int]:
        if account == UNALLOCATED:
            return {Place(UNALLOCATED, UNALLOCATED, UNALLOCATED): amount}
        weights = self.weights.get((month, line, account))
        return largest_remainder(amount, weights) if weights else {Place(account, UNKNOWN, UNKNOWN): amount}

    # In which segment a place is.

    def segment(self, segment_type: str, place: Place, month: date) -> str:
        if place.is_unallocated:
            return UNALLOCATED
        if segment_type in ACCOUNT_SEGMENT_TYPES:
            return self.facts.accounts.of(place.account, month)[segment_type]
        if segment_type == "currency":
            return place.currency
        if segment_type == "plan":
            return place.price
        product = self.products.get(place.price)
        if segment_type == "product":
            return product or UNKNOWN
        return self.facts.product_fact(product, segment_type) or UNKNOWN

    # What is published.

    def grouped(self, key: Callable[[Place, date], str]) -> dict[tuple[str, date], Amounts]:
        sums: dict[tuple[str, date], Amounts] = defaultdict(Amounts)
        for month, by_place in self.placed.items():
            for place, amounts in by_place.items():
                sums[key(place, month), month].add(amounts)
        return dict(sorted(sums.items()))

    def columns(self, month: date, amounts: Amounts) -> MartRow:
        """Every column of a margin; none is known where the ledger has nothing to say about the month."""
        in_major, in_force = self.costs.in_major, self.costs.is_success_direct
        has_expenses = month in self.costs.parts_of
        cost = {line: amounts.cost(line, with_success=in_force) for line in MARGIN_LINES}
        revenue = {line: amounts.revenue.get(line, 0) for line in MARGIN_LINES}
        revenue["total"] = sum(revenue.values())
        margins = {
            f"{name}_margin{suffix}": (
                revenue[name],
                sum(
                    amounts.margin(line, with_success=with_success)
                    for line in (MARGIN_LINES if name == "total" else (name,))
                ),
            )
            for names, suffix, with_success in (
                (("subscription", "services", "total"), "", in_force),
                (("subscription", "total"), "_excluding_customer_success", False),
                (("subscription", "total"), "_including_customer_success", True),
            )
            for name in names
        }
        return {
            **{f"{name}_revenue_amount": in_major(amount) for name, amount in revenue.items()},
            **{f"{kind}_amount": in_major(amounts.of_kind(kind)) for kind in KINDS},
            **{f"{line}_cost_amount": in_major(amount) for line, amount in cost.items()},
            "cost_of_revenue_amount": in_major(sum(cost.values())),
            **{
                f"{name}_amount": in_major(margin) if has_expenses else None
                for name, (_, margin) in margins.items()
            },
            **{
                f"{name}_rate": rate(margin, base) if has_expenses else None
                for name, (base, margin) in margins.items()
            },
            "is_complete_month": self.costs.calendar.is_complete(month),
        }

    def account_month_rows(self) -> list[MartRow]:
        """marts.fct_gross_margin_by_account_month."""
        return [
            {"account_id": account, "month": month, **self.columns(month, amounts)}
            for (account, month), amounts in self.grouped(lambda place, _: place.account).items()
        ]

    def segment_month_rows(self) -> list[MartRow]:
        """marts.fct_gross_margin_by_segment_month."""
        return [
            {
                "segment_type": segment_type,
                "segment": segment,
                "month": month,
                **self.columns(month, amounts),
            }
            for segment_type in SEGMENT_TYPES
            for (segment, month), amounts in self.grouped(partial(self.segment, segment_type)).items()
        ]

    @cached_property
    def months(self) -> dict[date, Amounts]:
        return {month: amounts for (_, month), amounts in self.grouped(lambda *_: TOTAL).items()}

    def month_rows(self) -> list[MartRow]:
        """marts.fct_gross_margin_by_month, beside the benchmarks."""
        rows: list[MartRow] = []
        for month, amounts in self.months.items():
            row = {"month": month, **self.columns(month, amounts)}
            for name in ("subscription", "total"):
                row |= self.review(name, row[f"{name}_margin_amount"], row[f"{name}_revenue_amount"])
            rows.append(row)
        return rows

    def review(self, name: str, margin: Decimal | None, revenue: Decimal) -> MartRow:
        """A margin against its benchmark, and whether they are too far apart."""
        benchmark = self.costs.policy.benchmarks.get(self.policy[f"margin_benchmark_{name}"])
        needs_review = None
        if benchmark is not None and margin is not None and revenue > 0:
            apart = abs(Fraction(margin) / Fraction(revenue) - Fraction(benchmark["rate"]))
            needs_review = apart > Fraction(self.policy["margin_review_points"])
        return {
            f"{name}_benchmark_rate": None if benchmark is None else Decimal(benchmark["rate"]),
            f"{name}_margin_needs_review": needs_review,
        }

    # What cohorts cost.

    def unit_costs(self, segment_type: str) -> UnitCosts:
        """Cost of revenue by the policy in force, of accounts within a kind of segments."""
        sums: dict[tuple[Unit, date], Fraction] = defaultdict(Fraction)
        months: set[date] = set()
        for month, by_place in self.placed.items():
            for place, amounts in by_place.items():
                cost = sum(
                    amounts.cost(line, with_success=self.costs.is_success_direct) for line in MARGIN_LINES
                )
                segment = TOTAL if segment_type == TOTAL else self.segment(segment_type, place, month)
                sums[(place.account, segment), month] += Fraction(cost, 10**self.costs.digits)
                if cost:
                    months.add(month)
        return UnitCosts(months, sums)


@dataclass(frozen=True)
class UnitCosts:
    """What accounts within segments cost, in major units, in the months for which that is known."""

    months: set[date]
    amounts: Mapping[tuple[Unit, date], Fraction]

    def of(self, units: Iterable[Unit], month: date) -> Fraction | None:
        if month not in self.months:
            return None
        return sum((self.amounts.get((unit, month), Fraction(0)) for unit in units), Fraction(0))
