"""The definitions of MRR and its movements once more, in plain Python, to be compared with the marts.

It asks, for one instant at a time, what every subscription item was paying just then; there are no
intervals, no windows and no joins, so that a mistake in the SQL is not repeated here. Each function names
the section of the definitions that it restates. Only the standard library is used: nothing of the project
and no database. What a mart holds beyond MRR (names, segments, control figures) stays out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracles.calendar_months import Calendar, make_calendar, months_between
from tests.oracles.export import (
    OracleError,
    Row,
    Tables,
    flag,
    hide_what_came_later,
    instant,
    is_live,
    metadata,
    read_rows,
    required_instant,
    round_half_away,
    to_decimal,
    whole_number,
)
from tests.oracles.pricing import Price, read_prices

MartRow = dict[str, Any]

DEFAULT_POLICIES = {
    "reporting_currency": "USD",
    "reporting_time_zone": "UTC",
    "renewal_grace_days": "0",
    "fx_rate_max_age_days": "7",
}

INVOICE_STATUSES = {"draft", "open", "paid", "uncollectible", "void"}
STATUSES_THAT_OPEN_INVOICES_COUNT_FOR = {"active", "past_due", "canceled"}
STREAMS_THAT_NEVER_RECUR = {"services", "setup", "licence"}
MOVEMENT_TYPES = ("new", "reactivation", "expansion", "contraction", "churn")
SMALLEST_STEP = timedelta(microseconds=1)


@dataclass(frozen=True)
class Line:
    """A counting invoice line, with what it needs from its invoice, item and subscription."""

    id: str
    account_id: str
    item_key: str
    subscription_id: str | None
    invoice_id: str
    invoice_created: datetime
    price: Price
    licence_type: str | None
    minimum_quantity: int
    amount: int
    quantity: int
    is_proration: bool
    start: datetime
    end: datetime | None

    @property
    def is_credit(self) -> bool:
        return self.is_proration and self.amount < 0


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


@dataclass(frozen=True)
class Statement:
    """From ``line.start`` to ``line.end`` the item is on this price and quantity (a credit: on nothing)."""

    line: Line
    quantity: int
    subscription_id: str | None

    @property
    def billable_quantity(self) -> int:
        return max(self.quantity, self.line.minimum_quantity)

    @cached_property
    def service(self) -> Service:
        """Section 1.2: made annual exactly, then MRR and ARR each rounded once."""
        annual = self.line.price.annual(self.billable_quantity)
        return Service(
            account_id=self.line.account_id,
            item_key=self.line.item_key,
            currency=self.line.price.currency,
            mrr=round_half_away(annual / 12, 4),
            arr=round_half_away(annual, 4),
            gross_mrr=round_half_away(annual / 12, 4),
            price=self.line.price,
            subscription_id=self.subscription_id,
        )


@dataclass(frozen=True)
class Subscription:
    """What clips the service of its items; None where the export says nothing."""

    ended_at: datetime | None
    trial_start: datetime | None
    trial_end: datetime | None
    first_paid_term: datetime | None

    def is_clipped(self, moment: datetime) -> bool:
        """Section 1.1, rule 3: nothing from the end on, and nothing in a trial that came before payment."""
        if self.ended_at is not None and moment >= self.ended_at:
            return True
        return self.is_in_trial(moment) and not self.paid_before_trial_end()

    def is_in_trial(self, moment: datetime) -> bool:
        if self.trial_start is None and self.trial_end is None:
            return False
        begun = self.trial_start is None or self.trial_start <= moment
        return begun and (self.trial_end is None or moment < self.trial_end)

    def paid_before_trial_end(self) -> bool:
        if self.first_paid_term is None:
            return False
        return self.trial_end is None or self.first_paid_term < self.trial_end


class LineReader:
    """Chooses the lines that count (section 1.1, rule 1) and completes them."""

    def __init__(
        self,
        tables: Tables,
        product_catalogue: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.prices = read_prices(tables)
        self.products = {row["id"]: metadata(row) for row in tables["product"]}
        self.catalogue = product_catalogue
        self.invoices = {row["id"]: row for row in tables["invoice"]}
        self.items = {row["id"]: row for row in tables["subscription_item"]}
        self.subscriptions = {row["id"]: row for row in tables["subscription"] if is_live(row)}

    def counting_lines(self, rows: Iterable[Row]) -> list[Line]:
        return [self.complete(row) for row in rows if self.counts(row)]

    def subscription_of(self, row: Row) -> str | None:
        item = self.items.get(row.get("subscription_item_id", ""), {})
        invoice = self.invoices[row["invoice_id"]]
        return row.get("subscription_id") or item.get("subscription_id") or invoice.get("subscription_id")

    def price_of(self, row: Row) -> Price:
        price_id = row.get("price_id") or row.get("plan_id")
        if price_id not in self.prices:
            raise OracleError(f"line {row['id']} is on the unknown price {price_id}")
        return self.prices[price_id]

    def counts(self, row: Row) -> bool:
        invoice = self.invoices.get(row["invoice_id"])
        if invoice is None or not (is_live(row) and is_live(invoice)):
            # Without an invoice: it was hidden by the clock.
            return False
        if row["type"] != "subscription" and not flag(row, "proration", absent=False):
            return False
        return self.invoice_counts(row, invoice) and self.is_recurring_service(self.price_of(row))

    def invoice_counts(self, row: Row, invoice: Row) -> bool:
        if invoice["status"] not in INVOICE_STATUSES:
            raise OracleError(f"invoice {invoice['id']} has the unknown status {invoice['status']}")
        if invoice["status"] == "paid":
            return True
        subscription = self.subscriptions.get(self.subscription_of(row) or "")
        return (
            invoice["status"] == "open"
            and subscription is not None
            and subscription["status"] in STATUSES_THAT_OPEN_INVOICES_COUNT_FOR
        )

    def is_recurring_service(self, price: Price) -> bool:
        """Section 1.3: metered use, one-off lines, set-up, services and perpetual licences are never MRR."""
        return (
            price.is_recurring
            and price.is_licensed
            and self.product_fact(price, "licence_type") != "perpetual"
            and self.product_fact(price, "revenue_stream") not in STREAMS_THAT_NEVER_RECUR
        )

    def product_fact(self, price: Price, key: str) -> str | None:
        """The product's own metadata, and what it leaves open from the catalogue."""
        product_id = price.product_id or ""
        value = self.products.get(product_id, {}).get(key) or self.catalogue.get(product_id, {}).get(key)
        return str(value) if value else None

    def complete(self, row: Row) -> Line:
        invoice = self.invoices[row["invoice_id"]]
        price = self.price_of(row)
        subscription_id = self.subscription_of(row)
        item_id = row.get("subscription_item_id")
        quantity = whole_number(row, "quantity")
        start, end = required_instant(row, "period_start"), instant(row, "period_end")
        if end is not None and end < start:
            raise OracleError(f"line {row['id']} ends before it starts")
        if row["currency"].upper() != price.currency:
            raise OracleError(f"line {row['id']} is in {row['currency']}, its price in {price.currency}")
        if quantity is None or quantity < 0:
            raise OracleError(f"line {row['id']} has the quantity {quantity}")
        minimum = metadata(self.items.get(item_id or "", {})).get("minimum_quantity")
        return Line(
            id=row["id"],
            account_id=invoice["customer_id"],
            item_key=item_id or f"{subscription_id or invoice['customer_id']}:{price.id}",
            subscription_id=subscription_id,
            invoice_id=invoice["id"],
            invoice_created=required_instant(invoice, "created"),
            price=price,
            licence_type=self.product_fact(price, "licence_type"),
            minimum_quantity=int(str(minimum)) if minimum is not None else 0,
            amount=int(Fraction(row["amount"])),
            quantity=quantity,
            is_proration=flag(row, "proration", absent=False),
            start=start,
            end=end,
        )


def make_statements(lines: Iterable[Line]) -> list[Statement]:
    """Section 1.1, rule 2: lines of one item, invoice, tiered price, period and sign are one statement."""
    together: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        alone = () if line.price.billing_scheme == "tiered" else (line.id,)
        together[
            (line.item_key, line.invoice_id, line.price.id, line.start, line.end, line.is_credit, *alone)
        ].append(line)
    return [
        Statement(
            line=max(group, key=lambda line: line.id),
            quantity=sum(line.quantity for line in group),
            subscription_id=max(
                (line.subscription_id for line in group if line.subscription_id), default=None
            ),
        )
        for group in together.values()
    ]


@dataclass(frozen=True)
class Item:
    """Everything ever stated about one subscription item.

    ``first_paid_term`` is the start of its first counting line with an amount; ``subscriptions`` holds those
    that the export still has.
    """

    statements: list[Statement]
    subscriptions: Mapping[str, Subscription]
    first_paid_term: datetime | None
    grace: timedelta
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
                key=lambda rival: (not rival.line.is_credit, rival.line.invoice_created, rival.line.id),
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

    def service_at(self, moment: datetime) -> Service | None:
        statement = self.statement_at(moment)
        if (
            statement is None
            or self.is_clipped(statement, moment)
            or self.is_included_maintenance(statement, moment)
        ):
            return None
        return statement.service

    def instants_of_change(self) -> set[datetime]:
        """Every moment at which the answer of ``service_at`` can change."""
        moments: set[datetime | None] = {self.first_paid_term, *self.starts}
        moments |= {statement.line.end for statement in self.statements}
        for subscription in self.subscriptions.values():
            moments |= {subscription.ended_at, subscription.trial_start, subscription.trial_end}
        return {moment for moment in moments if moment is not None}


def read_subscriptions(rows: Mapping[str, Row], lines: Iterable[Line]) -> dict[str, Subscription]:
    paid_terms: dict[str | None, list[datetime]] = defaultdict(list)
    for line in lines:
        if line.amount != 0:
            paid_terms[line.subscription_id].append(line.start)
    return {
        key: Subscription(
            ended_at=instant(row, "ended_at"),
            trial_start=instant(row, "trial_start"),
            trial_end=instant(row, "trial_end"),
            first_paid_term=min(paid_terms[key], default=None),
        )
        for key, row in rows.items()
    }


def make_items(lines: list[Line], subscription_rows: Mapping[str, Row], grace: timedelta) -> dict[str, Item]:
    """Items by key. A statement with an empty period says nothing; one without a price stops everything."""
    subscriptions = read_subscriptions(subscription_rows, lines)
    by_item: dict[str, list[Statement]] = defaultdict(list)
    for statement in make_statements(lines):
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
                for name in {statement.subscription_id for statement in statements}
                if name in subscriptions
            },
            first_paid_term=min(paid_terms[key], default=None),
            grace=grace,
        )
        for key, statements in by_item.items()
    }


class Rates:
    """Units of the reporting currency for one unit of another, by day."""

    def __init__(self, landing: Path, reporting_currency: str, max_age: timedelta) -> None:
        self.reporting_currency = reporting_currency
        self.max_age = max_age
        self.by_currency: dict[str, dict[date, Fraction]] = defaultdict(dict)
        self.found: dict[tuple[str, date], Fraction] = {}
        codes = {row["id"]: row["symbol"] for row in read_rows(landing / "ledger" / "currency.csv")}
        for row in read_rows(landing / "ledger" / "currencyrate.csv"):
            base = codes.get(row["basecurrency"], row["basecurrency"]).upper()
            currency = codes.get(row["transactioncurrency"], row["transactioncurrency"]).upper()
            if base == reporting_currency:
                day = required_instant(row, "effectivedate").date()
                self.by_currency[currency][day] = Fraction(row["exchangerate"])

    def rate(self, currency: str, day: date) -> Fraction:
        """The latest rate with effective date <= the day, unless it is too old."""
        if currency == self.reporting_currency:
            return Fraction(1)
        if (currency, day) not in self.found:
            effective = max((known for known in self.by_currency[currency] if known <= day), default=None)
            if effective is None or day - effective > self.max_age:
                raise OracleError(f"no exchange rate from {currency} to {self.reporting_currency} for {day}")
            self.found[currency, day] = self.by_currency[currency][effective]
        return self.found[currency, day]


def movement_type(before: Fraction, after: Fraction, organic: Fraction, *, ever: bool) -> str | None:
    """The class of an organic change; before and after are month-ends, or the moments around an event."""
    if organic == 0:
        return None
    if before == 0:
        return "reactivation" if ever else "new"
    if after == 0:
        return "churn"
    return "expansion" if organic > 0 else "contraction"


def class_amounts(movement: str | None, organic: Fraction, suffix: str = "") -> MartRow:
    """One column per class; all are positive, and the one of the movement holds its size."""
    return {
        f"{name}_amount{suffix}": to_decimal(abs(organic) if name == movement else Fraction(0))
        for name in MOVEMENT_TYPES
    }


@dataclass
class History:
    """What a series of month-ends remembers: the last month with MRR, which decides new and reactivation."""

    last_paying_month: date | None = None

    def gap_months(self, month: date) -> int | None:
        return months_between(self.last_paying_month, month) - 1 if self.last_paying_month else None


@dataclass
class Company:
    """A whole export at its data clock; asks its items what they pay, month-end by month-end."""

    calendar: Calendar
    rates: Rates
    items: dict[str, Item]

    @cached_property
    def instants(self) -> list[datetime]:
        moments = {moment for item in self.items.values() for moment in item.instants_of_change()}
        return sorted(moment for moment in moments if moment < self.calendar.as_of)

    @cached_property
    def months(self) -> list[date]:
        return list(self.calendar.months_from(self.instants[0])) if self.instants else []

    @cached_property
    def services_at_close(self) -> dict[date, list[Service]]:
        """Section 1: service counts when start < close <= end, so one smallest step before the close."""
        return {
            month: self.services_at(self.items.values(), self.calendar.close_of(month) - SMALLEST_STEP)
            for month in self.months
        }

    @staticmethod
    def services_at(items: Iterable[Item], moment: datetime) -> list[Service]:
        return [service for item in items if (service := item.service_at(moment)) is not None]

    def opening_services(self, month: date) -> list[Service]:
        position = self.months.index(month)
        return self.services_at_close[self.months[position - 1]] if position else []

    def rate(self, service: Service, month: date) -> Fraction:
        return self.rates.rate(service.currency, self.calendar.rate_day(month))

    def valued(
        self, services: Iterable[Service], month: date, *, annual: bool = False
    ) -> dict[str, Fraction]:
        """MRR (or ARR) by account in the reporting currency: converted and rounded by item, then added."""
        total: dict[str, Fraction] = defaultdict(Fraction)
        for service in services:
            own = service.arr if annual else service.mrr
            total[service.account_id] += round_half_away(own * self.rate(service, month), 4)
        return total

    def account_month_rows(self) -> list[MartRow]:
        """marts.fct_mrr_by_account_month."""
        rows: list[MartRow] = []
        histories: dict[str, History] = defaultdict(History)
        opening: dict[str, Fraction] = defaultdict(Fraction)
        for month in self.months:
            revalued = self.valued(self.opening_services(month), month)
            closing = self.valued(self.services_at_close[month], month)
            annual = self.valued(self.services_at_close[month], month, annual=True)
            for account in sorted({*opening, *revalued, *closing}):
                before, after = opening[account], closing[account]
                fx = revalued[account] - before
                if not (before or after or fx):
                    continue
                organic = after - before - fx
                history = histories[account]
                movement = movement_type(before, after, organic, ever=history.last_paying_month is not None)
                rows.append(
                    {
                        "account_id": account,
                        "month": month,
                        "opening_mrr_amount": to_decimal(before),
                        **class_amounts(movement, organic),
                        "fx_amount": to_decimal(fx),
                        "closing_mrr_amount": to_decimal(after),
                        "movement_type": movement,
                        "gap_months": history.gap_months(month) if movement == "reactivation" else None,
                        "arr_amount": to_decimal(annual[account]),
                        "is_complete_month": self.calendar.is_complete(month),
                    }
                )
                if after > 0:
                    history.last_paying_month = month
            opening = closing
        return rows

    def account_currency_month_rows(self) -> list[MartRow]:
        """marts.fct_mrr_by_account_currency_month: the same within each currency, in its own money."""
        rows: list[MartRow] = []
        histories: dict[tuple[str, str], History] = defaultdict(History)
        opening: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for month in self.months:
            closing: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
            for service in self.services_at_close[month]:
                closing[service.account_id, service.currency] += service.mrr
            for key in sorted({*opening, *closing}):
                before, after = opening[key], closing[key]
                if not (before or after):
                    continue
                movement = movement_type(
                    before, after, after - before, ever=histories[key].last_paying_month is not None
                )
                rows.append(
                    {
                        "account_id": key[0],
                        "currency_code": key[1],
                        "month": month,
                        "opening_mrr_amount_in_currency": to_decimal(before),
                        **class_amounts(movement, after - before, "_in_currency"),
                        "closing_mrr_amount_in_currency": to_decimal(after),
                        "movement_type": movement,
                    }
                )
                if after > 0:
                    histories[key].last_paying_month = month
            opening = closing
        return rows

    @cached_property
    def items_by_account(self) -> dict[str, list[Item]]:
        by_account: dict[str, list[Item]] = defaultdict(list)
        for item in self.items.values():
            by_account[item.statements[0].line.account_id].append(item)
        return by_account

    @cached_property
    def moments_by_account(self) -> dict[str, list[datetime]]:
        """When something may change in an account, before the clock."""
        return {
            account: sorted(
                moment
                for moment in {moment for item in items for moment in item.instants_of_change()}
                if moment < self.calendar.as_of
            )
            for account, items in self.items_by_account.items()
        }

    def event_rows(self) -> list[MartRow]:
        """marts.fct_mrr_events: every change of an item, dated in the reporting time zone."""
        return [
            row
            for account, items in sorted(self.items_by_account.items())
            for row in self.account_events(account, items)
        ]

    def account_events(self, account: str, items: list[Item]) -> Iterator[MartRow]:
        ever_paid: set[str] = set()
        numbers: dict[tuple[date, str], int] = defaultdict(int)
        for moment in self.moments_by_account[account]:
            before = self.by_item_and_currency(items, moment - SMALLEST_STEP)
            after = self.by_item_and_currency(items, moment)
            for item_key, currency in sorted({*before, *after}):
                change = after[item_key, currency] - before[item_key, currency]
                if change == 0:
                    continue
                day = self.calendar.local_date(moment)
                numbers[day, item_key] += 1
                yield {
                    "account_id": account,
                    "event_date": day,
                    "subscription_item_id": item_key,
                    "event_number": numbers[day, item_key],
                    "change_amount_in_currency": to_decimal(change),
                    "currency_code": currency,
                    "movement_type": movement_type(
                        total_in(before, currency),
                        total_in(after, currency),
                        change,
                        ever=currency in ever_paid,
                    ),
                }
            ever_paid |= {currency for (_, currency), mrr in after.items() if mrr > 0}

    def by_item_and_currency(
        self, items: Iterable[Item], moment: datetime
    ) -> dict[tuple[str, str], Fraction]:
        mrr: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for service in self.services_at(items, moment):
            mrr[service.item_key, service.currency] += service.mrr
        return mrr

    def pays(self, items: Iterable[Item], moment: datetime) -> bool:
        return any(service.mrr for service in self.services_at(items, moment))

    def intra_month_churns(self, month: date) -> int:
        """Section 2: how often an account began and stopped inside the month, whatever else it did there."""
        opens, closes = self.calendar.open_of(month), self.calendar.close_of(month)
        count = 0
        for account, items in self.items_by_account.items():
            inside = sorted(moment for moment in self.moments_by_account[account] if opens <= moment < closes)
            began_inside = False
            for moment in inside:
                before, after = self.pays(items, moment - SMALLEST_STEP), self.pays(items, moment)
                count += before and not after and began_inside
                began_inside = (began_inside or not before) and after
        return count

    def bridge_rows(self) -> list[MartRow]:
        """marts.fct_mrr_bridge_by_month: sums of the account months, and the accounts in each class."""
        amount_columns = [
            "opening_mrr_amount",
            *(f"{name}_amount" for name in MOVEMENT_TYPES),
            "fx_amount",
            "closing_mrr_amount",
            "arr_amount",
        ]
        rows_by_month: dict[date, list[MartRow]] = defaultdict(list)
        for row in self.account_month_rows():
            rows_by_month[row["month"]].append(row)
        bridge: list[MartRow] = []
        for month in self.months:
            rows = rows_by_month[month]
            sums = {
                column: sum((row[column] for row in rows), Decimal("0.0000")) for column in amount_columns
            }
            paying = sum(1 for row in rows if row["closing_mrr_amount"] > 0)
            bridge.append(
                {
                    "month": month,
                    **sums,
                    **{
                        f"{name}_account_count": sum(1 for row in rows if row["movement_type"] == name)
                        for name in MOVEMENT_TYPES
                    },
                    "closing_account_count": paying,
                    "arpa_amount": average(sums["closing_mrr_amount"], paying),
                    "intra_month_churn_count": self.intra_month_churns(month),
                    "is_complete_month": self.calendar.is_complete(month),
                }
            )
        return bridge


def total_in(mrr: Mapping[tuple[str, str], Fraction], currency: str) -> Fraction:
    return sum((amount for (_, code), amount in mrr.items() if code == currency), Fraction(0))


def average(total: Decimal, count: int) -> Decimal | None:
    return to_decimal(round_half_away(Fraction(total) / count, 4)) if count else None


BILLING_TABLES = (
    "customer",
    "product",
    "price",
    "price_tier",
    "plan",
    "subscription",
    "subscription_item",
    "invoice",
    "invoice_line_item",
)


def read_company(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> Company:
    """The company of a landing folder of CSV files (one file a table).

    Args:
        as_of: the day at whose end the clock is set; without it the clock is the newest sync stamp.
        policies: values by policy key, over the published defaults.
        product_catalogue: by product id, the facts that the product's metadata may leave open.

    Raises:
        OracleError: the input is one for which publication must stop.
    """
    policy = DEFAULT_POLICIES | dict(policies or {})
    everything: dict[str, list[dict[str, str]]] = {name: [] for name in BILLING_TABLES}
    for file in sorted((landing / "billing").glob("*.csv")):
        everything[file.stem] = read_rows(file)
    calendar = make_calendar(everything, as_of, policy["reporting_time_zone"])
    invoices = {row["id"] for row in everything["invoice"]}
    for row in everything["invoice_line_item"]:
        if row["invoice_id"] not in invoices and is_live(row):
            raise OracleError(f"line {row['id']} is on the unknown invoice {row['invoice_id']}")
    tables = everything if as_of is None else hide_what_came_later(everything, calendar.as_of)
    reader = LineReader(tables, product_catalogue or {})
    items = make_items(
        reader.counting_lines(tables["invoice_line_item"]),
        reader.subscriptions,
        timedelta(days=int(policy["renewal_grace_days"])),
    )
    rates = Rates(landing, policy["reporting_currency"], timedelta(days=int(policy["fx_rate_max_age_days"])))
    return Company(calendar, rates, items)


def answer(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, list[MartRow]]:
    """The rows that each mart must hold, by table name; arguments and errors as in ``read_company``."""
    return account_tables(
        read_company(landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    )


def account_tables(company: Company) -> dict[str, list[MartRow]]:
    """The rows of the marts about accounts, and of the company in total."""
    return {
        "fct_mrr_by_account_month": company.account_month_rows(),
        "fct_mrr_by_account_currency_month": company.account_currency_month_rows(),
        "fct_mrr_events": company.event_rows(),
        "fct_mrr_bridge_by_month": company.bridge_rows(),
    }
