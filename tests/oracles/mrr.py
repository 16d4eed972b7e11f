"""The definitions of MRR and its movements once more, in plain Python, to be compared with the marts.

It asks, for one instant at a time, what every subscription item was paying just then; there are no
intervals, no windows and no joins, so that a mistake in the SQL is not repeated here. Each function names
the section of the definitions that it restates. Only the standard library is used: nothing of the project
and no database. What a mart holds beyond MRR (names, segments, control figures) stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracles.calendar_months import Calendar, make_calendar, months_between
from tests.oracles.commitments import Commitments
from tests.oracles.discounts import Discounts
from tests.oracles.drivers import driver
from tests.oracles.export import (
    OracleError,
    hide_what_came_later,
    is_live,
    read_rows,
    round_half_away,
    to_decimal,
)
from tests.oracles.identity import Identity, read_identity
from tests.oracles.invoice_lines import LineReader
from tests.oracles.invoices import Invoice
from tests.oracles.items import Item, Service, less_amounts_off, make_items
from tests.oracles.rates import Rates
from tests.oracles.subscriptions import Subscription, read_subscriptions
from tests.oracles.subtypes import Losses, churn_subtype
from tests.oracles.usage import AccountUsage, read_usage

MartRow = dict[str, Any]
AccountCurrency = tuple[str, str]

DEFAULT_POLICIES = {
    "reporting_currency": "USD",
    "reporting_time_zone": "UTC",
    "renewal_grace_days": "0",
    "fx_rate_max_age_days": "7",
    "past_due_churn_days": "",
    "fiscal_year_start_month": "1",
}

MOVEMENT_TYPES = ("new", "reactivation", "expansion", "contraction", "churn")
SMALLEST_STEP = timedelta(microseconds=1)


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
    last_churn_subtype: str | None = None

    def gap_months(self, month: date) -> int | None:
        return months_between(self.last_paying_month, month) - 1 if self.last_paying_month else None


@dataclass
class Company:
    """A whole export at its data clock; asks its items what they pay, month-end by month-end.

    ``first_billed`` is when anything was first billed or served; ``usage`` is by account.
    """

    calendar: Calendar
    rates: Rates
    items: dict[str, Item]
    subscriptions: dict[str, Subscription]
    usage: dict[str, AccountUsage]
    commitments: Commitments
    losses: Losses
    first_billed: datetime | None
    fiscal_year_start_month: int
    identity: Identity
    invoices: list[Invoice]

    @cached_property
    def months(self) -> list[date]:
        """marts.dim_months: from the first billed or served month to that of the clock."""
        return list(self.calendar.months_from(self.first_billed))

    @cached_property
    def services_at_close(self) -> dict[date, list[Service]]:
        """Section 1: service counts when start < close <= end, so one smallest step before the close."""
        return {
            month: self.services_at(self.items.values(), self.calendar.close_of(month) - SMALLEST_STEP)
            for month in self.months
        }

    @staticmethod
    def services_at(items: Iterable[Item], moment: datetime) -> list[Service]:
        """What is in service at an instant, net of discounts; items of one subscription go together."""
        services = [service for item in items if (service := item.service_at(moment)) is not None]
        return less_amounts_off(services)

    def opening_services(self, month: date) -> list[Service]:
        position = self.months.index(month)
        return self.services_at_close[self.months[position - 1]] if position else []

    def rate(self, service: Service, month: date) -> Fraction:
        return self.rates.rate(service.currency, self.calendar.rate_day(month))

    def converted(self, own: Fraction, currency: str, month: date) -> Fraction:
        """An amount of one item in the reporting currency at a month's rate, rounded."""
        return round_half_away(own * self.rates.rate(currency, self.calendar.rate_day(month)), 4)

    def valued(
        self, services: Iterable[Service], month: date, *, annual: bool = False
    ) -> dict[str, Fraction]:
        """MRR (or ARR) by account in the reporting currency: converted and rounded by item, then added."""
        return self.added_up(services, month, lambda service: service.arr if annual else service.mrr)

    def added_up(
        self, services: Iterable[Service], month: date, amount: Callable[[Service], Fraction]
    ) -> dict[str, Fraction]:
        """Some amount of items by account: converted and rounded by item, then added."""
        total: dict[str, Fraction] = defaultdict(Fraction)
        for service in services:
            total[service.account_id] += self.converted(amount(service), service.currency, month)
        return total

    # Section 1.5: around MRR, by account in the reporting currency.

    def at_risk(self, month: date) -> dict[str, Fraction]:
        """MRR of subscriptions that had given notice by the month's close."""
        close = self.calendar.close_of(month)
        risky = {key for key, subscription in self.subscriptions.items() if subscription.is_at_risk(close)}
        services = self.services_at_close[month]
        return self.valued((service for service in services if service.subscription_id in risky), month)

    def past_due(self, month: date) -> dict[str, Fraction]:
        """MRR that rests on invoices past due at the month's close."""
        close = self.calendar.close_of(month)
        services = self.services_at_close[month]
        late = (service for service in services if service.statement.line.invoice.is_past_due(close))
        return self.valued(late, month)

    def committed(self, month: date) -> dict[str, Fraction]:
        """What subscriptions that were agreed by the month's close, and start later, will pay."""
        total: dict[str, Fraction] = defaultdict(Fraction)
        for account, item in self.commitments.at(self.calendar.close_of(month)):
            total[account] += self.converted(item.mrr, item.currency, month)
        return total

    def usage_mrr(self, month: date) -> dict[str, Fraction]:
        """Metered use of the accounts that have had any by then, also where it is 0 by now."""
        close = self.calendar.close_of(month)
        return {
            account: sum(
                (
                    self.converted(item.mrr, item.currency, month)
                    for item in usage.of_month(self.calendar, month)
                ),
                Fraction(0),
            )
            for account, usage in self.usage.items()
            if usage.has_begun_by(close)
        }

    def constant_currency(self, month: date) -> dict[str, Fraction | None]:
        """Section 2: at the rates of the current fiscal year's first day; None where one is missing."""
        day = self.calendar.fiscal_year_start(self.fiscal_year_start_month)
        values: dict[str, list[Fraction | None]] = defaultdict(list)
        for service in self.services_at_close[month]:
            rate = self.rates.known_rate(service.currency, day)
            if service.gross_mrr > 0:
                value = round_half_away(service.mrr * rate, 4) if rate is not None else None
                values[service.account_id].append(value)
        return {account: total_unless_missing(of_account) for account, of_account in values.items()}

    @cached_property
    def cohorts(self) -> dict[str, tuple[date, Fraction]]:
        """By account the first month-end with MRR, and that MRR."""
        first: dict[str, tuple[date, Fraction]] = {}
        for month in self.months:
            for account, closing in self.valued(self.services_at_close[month], month).items():
                if closing > 0:
                    first.setdefault(account, (month, closing))
        return first

    # Section 2: movements.

    def churn_subtype(self, account: str, month: date) -> str:
        """Why an account that paid at the last close does not at this one."""
        close = self.calendar.close_of(month)
        unpaid = {
            service.payer
            for item in self.items_by_account[account]
            if (service := item.unpaid_service_at(close - SMALLEST_STEP)) is not None
        }
        lost = {
            service.payer: service.subscription_id
            for service in self.opening_services(month)
            if service.account_id == account and service.mrr > 0
        }
        served_again = {
            service.subscription_id
            for item in self.items_by_account[account]
            for moment in item.instants_of_change
            if moment >= close and (service := item.service_at(moment)) is not None
        }
        return churn_subtype(
            [
                self.losses.of(
                    subscription_id,
                    close,
                    is_unpaid_for_too_long=payer in unpaid,
                    is_served_again=subscription_id in served_again,
                )
                for payer, subscription_id in lost.items()
            ],
            close,
            is_still_served=bool(self.account_services_at(account, close - SMALLEST_STEP)),
        )

    def account_month_rows(self) -> list[MartRow]:
        """marts.fct_mrr_by_account_month: wherever an amount is not 0."""
        rows: list[MartRow] = []
        histories: dict[str, History] = defaultdict(History)
        closings: dict[str, Fraction] = {}
        for month in self.months:
            services = self.services_at_close[month]
            openings, closings = closings, self.valued(services, month)
            revalued = self.valued(self.opening_services(month), month)
            annual = self.valued(services, month, annual=True)
            gross = self.added_up(services, month, lambda service: service.gross_mrr)
            usage, constant = self.usage_mrr(month), self.constant_currency(month)
            past_due, at_risk, committed = self.past_due(month), self.at_risk(month), self.committed(month)
            nothing = Fraction(0)
            for account in sorted({*openings, *revalued, *closings, *usage, *committed}):
                before, after = openings.get(account, nothing), closings.get(account, nothing)
                fx = revalued.get(account, nothing) - before
                organic = after - before - fx
                history = histories[account]
                movement = movement_type(before, after, organic, ever=history.last_paying_month is not None)
                subtype = None
                if movement == "churn":
                    history.last_churn_subtype = subtype = self.churn_subtype(account, month)
                if movement == "reactivation" and history.last_churn_subtype == "pause":
                    subtype = "resume"
                amounts = {
                    "opening_mrr_amount": to_decimal(before),
                    **class_amounts(movement, organic),
                    "fx_amount": to_decimal(fx),
                    "closing_mrr_amount": to_decimal(after),
                    "gross_mrr_amount": to_decimal(gross.get(account, nothing)),
                    "discount_mrr_amount": to_decimal(gross.get(account, nothing) - after),
                    "usage_mrr_amount": optional_decimal(usage.get(account)),
                    "mrr_past_due_amount": to_decimal(past_due.get(account, nothing)),
                    "mrr_at_risk_amount": to_decimal(at_risk.get(account, nothing)),
                    "cmrr_amount": to_decimal(
                        after - at_risk.get(account, nothing) + committed.get(account, nothing)
                    ),
                    "constant_currency_mrr_amount": optional_decimal(constant.get(account, nothing)),
                    "arr_amount": to_decimal(annual.get(account, nothing)),
                }
                if any(amounts.values()):
                    cohort_month, initial = self.cohorts.get(account, (None, None))
                    rows.append(
                        {
                            "account_id": account,
                            "month": month,
                            **amounts,
                            "movement_type": movement,
                            "movement_subtype": subtype,
                            "gap_months": history.gap_months(month) if movement == "reactivation" else None,
                            "cohort_month": cohort_month,
                            "initial_mrr_amount": optional_decimal(initial),
                            "is_complete_month": self.calendar.is_complete(month),
                        }
                    )
                if after > 0:
                    history.last_paying_month = month
        return rows

    def account_currency_month_rows(self) -> list[MartRow]:
        """marts.fct_mrr_by_account_currency_month: the same within each currency, in its own money."""
        rows: list[MartRow] = []
        histories: dict[AccountCurrency, History] = defaultdict(History)
        own_closings: dict[AccountCurrency, Fraction] = defaultdict(Fraction)
        closings: dict[AccountCurrency, Fraction] = defaultdict(Fraction)
        for month in self.months:
            services = self.services_at_close[month]

            def at_the_rate(service: Service, month: date = month) -> Fraction:
                return self.converted(service.mrr, service.currency, month)

            own_openings, own_closings = own_closings, by_currency(services, lambda service: service.mrr)
            openings, closings = closings, by_currency(services, at_the_rate)
            revalued = by_currency(self.opening_services(month), at_the_rate)
            annual = by_currency(services, lambda service: service.arr)
            for key in sorted({*own_openings, *own_closings}):
                account, currency = key
                before, after = own_openings[key], own_closings[key]
                if not (before or after):
                    continue
                movement = movement_type(
                    before, after, after - before, ever=histories[key].last_paying_month is not None
                )
                rate = self.rates.rate(currency, self.calendar.rate_day(month))
                rows.append(
                    {
                        "account_id": account,
                        "currency_code": currency,
                        "month": month,
                        "opening_mrr_amount_in_currency": to_decimal(before),
                        **class_amounts(movement, after - before, "_in_currency"),
                        "closing_mrr_amount_in_currency": to_decimal(after),
                        "movement_type": movement,
                        "arr_amount_in_currency": to_decimal(annual[key]),
                        "exchange_rate": to_decimal(rate, digits=18),
                        "opening_mrr_amount": to_decimal(openings[key]),
                        "fx_amount": to_decimal(revalued[key] - openings[key]),
                        "closing_mrr_amount": to_decimal(closings[key]),
                        "is_complete_month": self.calendar.is_complete(month),
                    }
                )
                if after > 0:
                    histories[key].last_paying_month = month
        return rows

    @cached_property
    def items_by_account(self) -> dict[str, list[Item]]:
        """An item that was billed to one customer and then to another is of both, each in its time."""
        by_account: dict[str, list[Item]] = defaultdict(list)
        for item in self.items.values():
            for account in {statement.line.account_id for statement in item.statements}:
                by_account[account].append(item)
        return by_account

    @cached_property
    def items_billed_with(self) -> dict[str, list[Item]]:
        """By account: its items and those that share an invoice or a subscription, of any account."""
        together: dict[tuple[str, str], set[str]] = defaultdict(set)
        shared: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for key, item in self.items.items():
            for statement in item.statements:
                for with_others in (
                    ("payer", statement.service.payer),
                    ("subscription", statement.subscription_id or key),
                ):
                    together[with_others].add(key)
                    shared[statement.line.account_id].add(with_others)
        return {
            account: [
                self.items[key]
                for key in sorted({key for with_others in shared[account] for key in together[with_others]})
            ]
            for account in self.items_by_account
        }

    def account_services_at(self, account: str, moment: datetime) -> list[Service]:
        """Net of what is taken off invoices, some of which others may bear."""
        services = self.services_at(self.items_billed_with[account], moment)
        return [service for service in services if service.account_id == account]

    @cached_property
    def moments_by_account(self) -> dict[str, list[datetime]]:
        """When something may change in an account, before the clock."""
        return {
            account: sorted(
                moment
                for moment in {moment for item in items for moment in item.instants_of_change}
                if moment < self.calendar.as_of
            )
            for account, items in self.items_billed_with.items()
        }

    def event_rows(self) -> list[MartRow]:
        """marts.fct_mrr_events: every change of an item, dated in the reporting time zone."""
        return [row for account in sorted(self.items_by_account) for row in self.account_events(account)]

    def account_events(self, account: str) -> Iterator[MartRow]:
        ever_paid: set[str] = set()
        numbers: dict[tuple[date, str], int] = defaultdict(int)
        for moment in self.moments_by_account[account]:
            before = self.by_item_and_currency(account, moment - SMALLEST_STEP)
            after = self.by_item_and_currency(account, moment)
            for item_key, currency in sorted({*before, *after}):
                old, new = before.get((item_key, currency)), after.get((item_key, currency))
                change = mrr_of(new) - mrr_of(old)
                if change == 0:
                    continue
                day = self.calendar.local_date(moment)
                month = day.replace(day=1)
                numbers[day, item_key] += 1
                paid_before = total_in(before, currency)
                yield {
                    "account_id": account,
                    "event_date": day,
                    "subscription_item_id": item_key,
                    "event_number": numbers[day, item_key],
                    "change_amount_in_currency": to_decimal(change),
                    "change_amount": to_decimal(
                        self.converted(mrr_of(new), currency, month)
                        - self.converted(mrr_of(old), currency, month)
                    ),
                    "currency_code": currency,
                    "movement_type": movement_type(
                        paid_before, total_in(after, currency), change, ever=currency in ever_paid
                    ),
                    "driver": driver(old, new, account_paid=paid_before > 0),
                    "from_price_id": old.price.id if old else None,
                    "to_price_id": new.price.id if new else None,
                    "from_quantity": old.statement.quantity if old else None,
                    "to_quantity": new.statement.quantity if new else None,
                }
            ever_paid |= {currency for (_, currency), service in after.items() if service.mrr > 0}

    def by_item_and_currency(self, account: str, moment: datetime) -> dict[tuple[str, str], Service]:
        services = self.account_services_at(account, moment)
        return {(service.item_key, service.currency): service for service in services}

    def pays(self, account: str, moment: datetime) -> bool:
        return any(service.mrr for service in self.account_services_at(account, moment))

    def intra_month_churns(self, month: date) -> int:
        """Section 2: how often an account began and stopped inside the month, whatever else it did there."""
        opens, closes = self.calendar.open_of(month), self.calendar.close_of(month)
        count = 0
        for account in self.items_by_account:
            inside = sorted(moment for moment in self.moments_by_account[account] if opens <= moment < closes)
            began_inside = False
            for moment in inside:
                before, after = self.pays(account, moment - SMALLEST_STEP), self.pays(account, moment)
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
                    "opening_account_count": sum(1 for row in rows if row["opening_mrr_amount"] > 0),
                    "closing_account_count": paying,
                    "arpa_amount": average(sums["closing_mrr_amount"], paying),
                    "intra_month_churn_count": self.intra_month_churns(month),
                    "is_complete_month": self.calendar.is_complete(month),
                }
            )
        return bridge


def by_currency(
    services: Iterable[Service], amount: Callable[[Service], Fraction]
) -> dict[AccountCurrency, Fraction]:
    total: dict[AccountCurrency, Fraction] = defaultdict(Fraction)
    for service in services:
        total[service.account_id, service.currency] += amount(service)
    return total


def mrr_of(service: Service | None) -> Fraction:
    return service.mrr if service is not None else Fraction(0)


def total_in(services: Mapping[tuple[str, str], Service], currency: str) -> Fraction:
    return sum((service.mrr for (_, code), service in services.items() if code == currency), Fraction(0))


def total_unless_missing(values: Iterable[Fraction | None]) -> Fraction | None:
    total = Fraction(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def optional_decimal(value: Fraction | None) -> Decimal | None:
    return to_decimal(value) if value is not None else None


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
    "coupon",
    "discount",
    "subscription_discount",
)


def read_company(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
    identity: Identity | None = None,
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
    identity = identity or read_identity(landing, tables, None if as_of is None else calendar.as_of)
    reader = LineReader(tables, product_catalogue or {}, identity.of_customer)
    discounts = Discounts(tables)
    rows = tables["invoice_line_item"]
    lines = reader.counting_lines(rows)
    subscriptions = read_subscriptions(reader.subscriptions.values(), lines)
    patience = policy["past_due_churn_days"]
    items = make_items(
        lines,
        subscriptions,
        discounts,
        grace=timedelta(days=int(policy["renewal_grace_days"])),
        patience=timedelta(days=int(patience)) if patience else None,
    )
    return Company(
        calendar=calendar,
        rates=Rates(
            landing, policy["reporting_currency"], timedelta(days=int(policy["fx_rate_max_age_days"]))
        ),
        items=items,
        subscriptions=subscriptions,
        usage=read_usage(reader, rows, discounts),
        commitments=Commitments(reader, subscriptions, items, tables["subscription_item"]),
        losses=Losses(subscriptions, reader.uncounted_periods(rows)),
        first_billed=reader.first_billed_or_served(rows),
        fiscal_year_start_month=int(policy["fiscal_year_start_month"]),
        identity=identity,
        invoices=[invoice for invoice in reader.invoices.values() if invoice.status != "draft"],
    )


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
