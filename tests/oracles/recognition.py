"""Revenue recognised, deferred and taken back once more, in plain Python (definitions 5).

What each promise of an invoice has come to is asked for one day at a time, from dates alone: what is earned
of it by then, but for what something takes back, which stays as it was on that day. A month is the difference
of two days. Nothing of the project and no database is used. How a promise and its reductions are read is in
``obligations.py`` and ``reductions.py``; money that customers owe, and taxes, are in ``receivables.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracles import mrr
from tests.oracles.calendar_months import Calendar, make_calendar, next_month
from tests.oracles.discounts import Discounts
from tests.oracles.export import Tables, hide_what_came_later, instant, read_rows
from tests.oracles.identity import Identity, read_identity
from tests.oracles.invoice_lines import LineReader
from tests.oracles.obligations import BilledInvoice, InvoiceReader, Obligation, licence_terms
from tests.oracles.prefix_rounding import half_away
from tests.oracles.pricing import MINOR_DIGITS, minor_units
from tests.oracles.rates import Rates, rates_of_invoices
from tests.oracles.reductions import WRITE_OFF, Reduction, ReductionReader

MartRow = dict[str, Any]
Convert = Callable[[int], int]

DEFAULT_POLICIES = mrr.DEFAULT_POLICIES | {
    "licence_support_share": "0.5",
    "licence_support_allocation": "stand_alone",
}
MONEY_TABLES = ("charge", "refund", "credit_note", "dispute", "balance_transaction", "payout")


@dataclass(frozen=True)
class Close:
    """The end of a month, or what has been seen of it: facts before one day, and days over before another."""

    facts_before: date
    days_before: date


@dataclass(frozen=True)
class Figures:
    """What an obligation, or a part of one, has come to by a close; whole minor units."""

    billed: int = 0
    recognized: int = 0
    contra: int = 0
    credited: int = 0
    written_off: int = 0
    bad_debt: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(mine + theirs for mine, theirs in zip(self.values(), other.values(), strict=True)))

    def __sub__(self, other: Figures) -> Figures:
        return Figures(*(mine - theirs for mine, theirs in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        return (
            self.billed,
            self.recognized,
            self.contra,
            self.credited,
            self.written_off,
            self.bad_debt,
        )

    @property
    def net_revenue(self) -> int:
        return self.recognized - self.contra

    @property
    def balance(self) -> int:
        """Deferred revenue, or a contract asset where it is negative."""
        return self.billed - self.recognized - self.credited - self.written_off


FIGURE_NAMES = tuple(figure.name for figure in fields(Figures))
REVENUE_COLUMNS = (*FIGURE_NAMES, "net_revenue")
FLOWS_OF_DEFERRED = ("billed", "recognized", "credited", "written_off")


@dataclass(frozen=True)
class Claimed:
    """What a reduction takes of an obligation: from ``begins`` to ``ends`` of its amount."""

    reduction: Reduction
    begins: int
    ends: int


def claimed_of(obligation: Obligation, reductions: Iterable[Reduction]) -> list[Claimed]:
    """Each begins where those end that came before it and are in force on its day."""
    claimed: list[Claimed] = []
    for reduction in reductions:
        begins = sum(
            earlier.ends - earlier.begins
            for earlier in claimed
            if earlier.reduction.is_in_force_on(reduction.on)
        )
        claimed.append(Claimed(reduction, begins, begins + reduction.amounts[obligation.key]))
    return claimed


def figures_of(
    invoice: BilledInvoice,
    obligation: Obligation,
    claimed: Iterable[Claimed],
    close: Close,
    convert: Convert,
) -> Figures:
    """What an obligation has come to by a close.

    What nothing holds goes on being earned, unless the invoice is void. What a reduction holds is as it was
    on its day. Every amount is converted from the start of the obligation, and the rest is a difference.
    """

    def amount(begins: int, ends: int) -> int:
        return convert(ends) - convert(begins)

    def earned(begins: int, ends: int, day: date) -> int:
        return amount(obligation.earned(begins, day), obligation.earned(ends, day))

    # What is earned at one moment is a fact of its day; what is earned by the day waits for the day's end.
    upto = close.days_before if obligation.days > 0 else close.facts_before
    is_void = invoice.voided_on is not None and invoice.voided_on < close.facts_before
    held = [entry for entry in claimed if entry.reduction.holds_before(close.facts_before)]
    figures = Figures()
    if not is_void:
        figures += Figures(amount(0, obligation.amount), earned(0, obligation.amount, upto))
        for entry in held:
            figures -= Figures(amount(entry.begins, entry.ends), earned(entry.begins, entry.ends, upto))
    for entry in held:
        taken = amount(entry.begins, entry.ends)
        by_then = earned(entry.begins, entry.ends, entry.reduction.on)
        if entry.reduction.kind == WRITE_OFF:
            figures += Figures(taken, by_then, bad_debt=by_then, written_off=taken - by_then)
        else:
            figures += Figures(taken, by_then, contra=by_then, credited=taken - by_then)
    return figures if invoice.billed_on < close.facts_before else replace(figures, billed=0)


@dataclass
class Books:
    """Everything that an export says was billed, and what took it back, at its data clock."""

    calendar: Calendar
    months: list[date]
    invoices: dict[str, BilledInvoice]
    reductions: dict[str, list[Reduction]]
    reader: ReductionReader
    tables: Tables
    rates: Rates
    own_rates: Mapping[str, Fraction]
    identity: Identity

    def close_of(self, month: date) -> Close:
        """The clock's own day is not over, and what happened on it is known."""
        end = next_month(month)
        return Close(
            facts_before=min(end, self.calendar.last_day + timedelta(days=1)),
            days_before=min(end, self.calendar.local_date(self.calendar.as_of)),
        )

    def opening_of(self, month: date) -> Close:
        return Close(month, month)

    def obligations(self) -> Iterator[tuple[BilledInvoice, Obligation]]:
        for invoice in self.invoices.values():
            for obligation in invoice.obligations:
                yield invoice, obligation

    def rate(self, invoice: BilledInvoice) -> Fraction:
        if invoice.id in self.own_rates:
            return self.own_rates[invoice.id]
        return self.rates.rate(invoice.currency, invoice.billed_on)

    def to_reporting_currency(self, invoice: BilledInvoice) -> Convert:
        """From minor units to minor units, at the rate that the invoice keeps."""
        digits = MINOR_DIGITS[self.rates.reporting_currency] - MINOR_DIGITS[invoice.currency]
        factor = self.rate(invoice) * Fraction(10) ** digits
        return lambda amount: half_away(amount * factor.numerator, factor.denominator)

    def history(self, invoice: BilledInvoice, obligation: Obligation, convert: Convert) -> list[Figures]:
        """What it has come to at the opening of the first month and at the close of every one."""
        claimed = claimed_of(obligation, self.reductions.get(invoice.id, []))
        closes = [self.opening_of(self.months[0]), *(self.close_of(month) for month in self.months)]
        return [figures_of(invoice, obligation, claimed, close, convert) for close in closes]

    @cached_property
    def histories(self) -> list[tuple[BilledInvoice, Obligation, list[Figures], list[Figures]]]:
        """Of every obligation, in its own currency and in the reporting currency."""
        return [
            (
                invoice,
                obligation,
                self.history(invoice, obligation, lambda amount: amount),
                self.history(invoice, obligation, self.to_reporting_currency(invoice)),
            )
            for invoice, obligation in self.obligations()
        ]

    def account_month_rows(self) -> list[MartRow]:
        """marts.fct_revenue_by_account_month: wherever an amount is not 0."""
        flows: dict[tuple[str, str, str, date], tuple[Figures, Figures]] = {}
        for invoice, obligation, own, reporting in self.histories:
            for position, month in enumerate(self.months):
                key = invoice.account_id, obligation.stream, invoice.currency, month
                own_flow = own[position + 1] - own[position]
                reporting_flow = reporting[position + 1] - reporting[position]
                if any(own_flow.values()) or any(reporting_flow.values()):
                    own_sum, reporting_sum = flows.get(key, (Figures(), Figures()))
                    flows[key] = own_sum + own_flow, reporting_sum + reporting_flow
        return [
            {
                "account_id": account,
                "stream": stream,
                "currency_code": currency,
                "month": month,
                **{f"{name}_amount": in_major(getattr(own, name), currency) for name in REVENUE_COLUMNS},
                **{
                    f"{name}_reporting_amount": in_major(getattr(reporting, name), self.reporting_currency)
                    for name in REVENUE_COLUMNS
                },
            }
            for (account, stream, currency, month), (own, reporting) in sorted(flows.items())
            if any(own.values()) or any(reporting.values())
        ]

    def deferred_month_rows(self) -> list[MartRow]:
        """marts.fct_deferred_revenue_by_month: every month of every currency that was billed in.

        What is earned before it is billed is a contract asset. From then on the balance is deferred revenue,
        which a credit that was billed lowers.
        """
        nothing = dict.fromkeys(
            ("opening", *FLOWS_OF_DEFERRED, "closing", "deferred_revenue", "contract_asset"), 0
        )
        sums: dict[tuple[str, date, str], dict[str, int]] = defaultdict(lambda: dict(nothing))
        for invoice, _, own, reporting in self.histories:
            for suffix, history in (("", own), ("_reporting_amount", reporting)):
                for position, month in enumerate(self.months):
                    row = sums[invoice.currency, month, suffix]
                    before, after = history[position], history[position + 1]
                    is_billed = invoice.billed_on < self.close_of(month).facts_before
                    asset = 0 if is_billed else max(-after.balance, 0)
                    row["opening"] += before.balance
                    row["closing"] += after.balance
                    row["deferred_revenue"] += after.balance + asset
                    row["contract_asset"] += asset
                    for name in FLOWS_OF_DEFERRED:
                        row[name] += getattr(after, name) - getattr(before, name)
        return [
            {
                "currency_code": currency,
                "month": month,
                **{name: in_major(value, currency) for name, value in sums[currency, month, ""].items()},
                **{
                    f"{name}_reporting_amount": in_major(value, self.reporting_currency)
                    for name, value in sums[currency, month, "_reporting_amount"].items()
                },
            }
            for currency in sorted({invoice.currency for invoice, _ in self.obligations()})
            for month in self.months
        ]

    @property
    def reporting_currency(self) -> str:
        return self.rates.reporting_currency


def in_major(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-MINOR_DIGITS[currency])


def read_books(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
    identity: Identity | None = None,
) -> Books:
    """What a landing folder of CSV files says was billed; arguments as in ``mrr.read_company``.

    Raises:
        OracleError: the input is one for which publication must stop.
    """
    policy = DEFAULT_POLICIES | dict(policies or {})
    everything: dict[str, list[dict[str, str]]] = defaultdict(list)
    for file in sorted((landing / "billing").glob("*.csv")):
        everything[file.stem] = read_rows(file)
    calendar = make_calendar(everything, as_of, policy["reporting_time_zone"])
    tables = everything
    if as_of is not None:
        tables = defaultdict(list, hide_what_came_later(everything, calendar.as_of))
        for name in MONEY_TABLES:
            tables[name] = [
                row
                for row in tables[name]
                if (created := instant(row, "created")) is None or created < calendar.as_of
            ]
    identity = identity or read_identity(landing, tables, None if as_of is None else calendar.as_of)
    lines = LineReader(tables, product_catalogue or {}, identity.of_customer)
    invoices = InvoiceReader(lines, Discounts(tables), calendar, licence_terms(policy)).read(
        tables["invoice"], tables["invoice_line_item"]
    )
    for invoice in invoices.values():
        minor_units(invoice.currency, f"invoice {invoice.id}")
    reader = ReductionReader(tables, calendar, invoices)
    max_age = timedelta(days=int(policy["fx_rate_max_age_days"]))
    return Books(
        calendar=calendar,
        months=list(calendar.months_from(lines.first_billed_or_served(tables["invoice_line_item"]))),
        invoices=invoices,
        reductions=reader.reductions(),
        reader=reader,
        tables=tables,
        rates=Rates(landing, policy["reporting_currency"], max_age),
        own_rates=rates_of_invoices(landing),
        identity=identity,
    )
