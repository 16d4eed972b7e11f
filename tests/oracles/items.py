"""What is stated about a subscription item, and what it pays at an instant (definitions 1.1 and 1.2).

Statements, the one that is in force, what clips it and what it is then worth belong here. What several items
share (amounts off an invoice), and what months and accounts make of it, stays out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from tests.oracles.discounts import (
    Coupon,
    Discountable,
    Discounts,
    amounts_off,
    share_left_by_percentages,
)
from tests.oracles.export import round_half_away
from tests.oracles.invoice_lines import Line
from tests.oracles.pricing import Price
from tests.oracles.subscriptions import Subscription


@dataclass(frozen=True)
class Service:
    """What an item pays at an instant, in the major unit of its own currency, rounded to 4 decimals.

    ``mrr`` and ``arr`` are net of discounts, ``gross_mrr`` is not; the price and the subscription (None where
    no line names one) are those of the statement in force.
    """

    account_id: str
    item_key: str
    currency: str
    mrr: Fraction
    arr: Fraction
    gross_mrr: Fraction
    price: Price
    subscription_id: str | None
    statement: Statement = field(repr=False, compare=False)

    @property
    def payer(self) -> str:
        """Who gets one invoice for it: the subscription, or the item where there is none."""
        return self.subscription_id or self.item_key

    @property
    def discountable(self) -> Discountable:
        return Discountable(
            item_key=self.item_key,
            payer=self.payer,
            price=self.price,
            weight=self.price.total(self.statement.billable_quantity),
            coupons=self.statement.coupons,
            mrr=self.mrr,
            arr=self.arr,
        )


@dataclass(frozen=True)
class Statement:
    """From ``line.start`` to ``line.end`` the item is on this price and quantity (a credit: on nothing).

    ``coupons`` are those of its coupons that lower MRR.
    """

    line: Line
    quantity: int
    subscription_id: str | None
    coupons: tuple[Coupon, ...]

    @property
    def billable_quantity(self) -> int:
        return max(self.quantity, self.line.minimum_quantity)

    @cached_property
    def gross_annual(self) -> Fraction:
        """Exact, in major units."""
        return self.line.price.annual(self.billable_quantity)

    @cached_property
    def service(self) -> Service:
        """Section 1.2: made annual exactly, less percentages, then MRR and ARR each rounded once."""
        annual = self.gross_annual * share_left_by_percentages(self.coupons)
        return Service(
            account_id=self.line.account_id,
            item_key=self.line.item_key,
            currency=self.line.price.currency,
            mrr=round_half_away(annual / 12, 4),
            arr=round_half_away(annual, 4),
            gross_mrr=round_half_away(self.gross_annual / 12, 4),
            price=self.line.price,
            subscription_id=self.subscription_id,
            statement=self,
        )


def make_statements(lines: Iterable[Line], discounts: Discounts) -> list[Statement]:
    """Section 1.1, rule 2: lines of one item, invoice, tiered price, period and sign are one statement."""
    together: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        alone = () if line.price.billing_scheme == "tiered" else (line.id,)
        together[
            (line.item_key, line.invoice.id, line.price.id, line.start, line.end, line.is_credit, *alone)
        ].append(line)
    return [make_statement(group, discounts) for group in together.values()]


def make_statement(group: list[Line], discounts: Discounts) -> Statement:
    last = max(group, key=lambda line: line.id)
    subscription_id = max((line.subscription_id for line in group if line.subscription_id), default=None)
    # A credit ends service, and an empty period says nothing: neither has anything to take off.
    says_service = not last.is_credit and last.start != last.end
    coupons = (
        discounts.coupons_of((line.id for line in group), subscription_id, last.customer_id, last.start)
        if says_service
        else []
    )
    for coupon in coupons:
        coupon.check(last.price)
    return Statement(
        line=last,
        quantity=sum(line.quantity for line in group),
        subscription_id=subscription_id,
        coupons=tuple(coupon for coupon in coupons if coupon.recurs_on(last.price)),
    )


@dataclass(frozen=True)
class Item:
    """Everything ever stated about one subscription item.

    ``first_paid_term`` is the start of its first counting line with an amount; ``subscriptions`` holds those
    that the export still has. Where ``patience`` is set, service on an invoice that is past due for longer
    does not count until the invoice is settled.
    """

    statements: list[Statement]
    subscriptions: Mapping[str, Subscription]
    first_paid_term: datetime | None
    grace: timedelta
    patience: timedelta | None
    winners: dict[datetime, Statement] = field(default_factory=dict)

    @cached_property
    def starts(self) -> list[datetime]:
        return sorted({statement.line.start for statement in self.statements})

    def winner_at(self, start: datetime) -> Statement:
        """Of the statements that start at one moment the latest that is no credit; else a credit."""
        if start not in self.winners:
            rivals = [statement for statement in self.statements if statement.line.start == start]
            self.winners[start] = max(
                rivals,
                key=lambda rival: (not rival.line.is_credit, rival.line.invoice.created, rival.line.id),
            )
        return self.winners[start]

    def statement_at(self, moment: datetime) -> Statement | None:
        """The statement that holds: the last that started, unless it is a credit or its period is over."""
        started = bisect_right(self.starts, moment)
        if started == 0:
            return None
        statement = self.winner_at(self.starts[started - 1])
        if statement.line.is_credit:
            return None
        end = statement.line.end
        if end is None or moment < end:
            return statement
        if started < len(self.starts) and self.is_renewed_in_time(end, self.starts[started]):
            return statement
        return None

    def is_renewed_in_time(self, end: datetime, next_start: datetime) -> bool:
        """Rule 5: a renewal that is billed late by no more than the grace bridges the gap."""
        return next_start - end <= self.grace and not self.winner_at(next_start).line.is_credit

    def is_clipped(self, statement: Statement, moment: datetime) -> bool:
        subscription = self.subscriptions.get(statement.subscription_id or "")
        return subscription is not None and subscription.is_clipped(moment)

    def is_included_maintenance(self, statement: Statement, moment: datetime) -> bool:
        """Section 1.3: maintenance recurs from the day its first paid term starts."""
        unpaid = self.first_paid_term is None or moment < self.first_paid_term
        return statement.line.licence_type == "maintenance" and unpaid

    def is_unpaid_for_too_long(self, statement: Statement, moment: datetime) -> bool:
        """Section 1.5, policy past_due_churn_days."""
        span = statement.line.invoice.unpaid_for_too_long(self.patience)
        return span is not None and span[0] <= moment and (span[1] is None or moment < span[1])

    def statement_in_force(self, moment: datetime) -> Statement | None:
        """The statement that holds and that nothing clips, paid or not."""
        statement = self.statement_at(moment)
        if (
            statement is None
            or self.is_clipped(statement, moment)
            or self.is_included_maintenance(statement, moment)
        ):
            return None
        return statement

    def service_at(self, moment: datetime) -> Service | None:
        """With percentages taken off; amounts off need all that is in service (``less_amounts_off``)."""
        statement = self.statement_in_force(moment)
        if statement is None or self.is_unpaid_for_too_long(statement, moment):
            return None
        return statement.service

    def unpaid_service_at(self, moment: datetime) -> Service | None:
        """What the policy past_due_churn_days keeps from counting."""
        statement = self.statement_in_force(moment)
        if statement is None or not self.is_unpaid_for_too_long(statement, moment):
            return None
        return statement.service

    @cached_property
    def instants_of_change(self) -> frozenset[datetime]:
        """Every moment at which the answer of ``service_at`` can change."""
        moments: set[datetime | None] = {self.first_paid_term, *self.starts}
        moments |= {statement.line.end for statement in self.statements}
        for statement in self.statements:
            moments |= set(statement.line.invoice.unpaid_for_too_long(self.patience) or ())
        for subscription in self.subscriptions.values():
            moments |= {subscription.ended_at, subscription.trial_start, subscription.trial_end}
        return frozenset(moment for moment in moments if moment is not None)


def less_amounts_off(services: list[Service]) -> list[Service]:
    """Section 1.4: services of one instant, less their shares of what coupons take off invoices.

    Never below 0. All services of a subscription must be among them.
    """
    off = amounts_off(service.discountable for service in services if service.statement.coupons)
    return [
        replace(
            service,
            mrr=max(service.mrr - off[service.item_key][0], Fraction(0)),
            arr=max(service.arr - off[service.item_key][1], Fraction(0)),
        )
        if service.item_key in off
        else service
        for service in services
    ]


def make_items(
    lines: list[Line],
    subscriptions: Mapping[str, Subscription],
    discounts: Discounts,
    *,
    grace: timedelta,
    patience: timedelta | None,
) -> dict[str, Item]:
    """Items by key. A statement with an empty period says nothing; one without a price stops everything."""
    by_item: dict[str, list[Statement]] = defaultdict(list)
    for statement in make_statements(lines, discounts):
        if statement.line.start != statement.line.end:
            by_item[statement.line.item_key].append(statement)
            if not statement.line.is_credit:
                statement.line.price.annual(statement.billable_quantity)
    paid_terms: dict[str, list[datetime]] = defaultdict(list)
    for line in lines:
        if line.amount != 0:
            paid_terms[line.item_key].append(line.start)
    return {
        key: Item(
            statements=statements,
            subscriptions={
                name: subscriptions[name]
                for name in {statement.subscription_id or "" for statement in statements}
                if name in subscriptions
            },
            first_paid_term=min(paid_terms[key], default=None),
            grace=grace,
            patience=patience,
        )
        for key, statements in by_item.items()
    }
