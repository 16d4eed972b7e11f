"""What an invoice promises and for which days: its performance obligations (definitions 5).

From the raw invoice and its lines to amounts without tax, each with a stream and the days it is earned over.
What takes an amount off again later, and what of it is recognised when, stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tests.oracles.calendar_months import Calendar
from tests.oracles.discounts import Discounts
from tests.oracles.export import OracleError, Row, instant, is_live, required_instant, whole_number
from tests.oracles.invoice_lines import LineReader
from tests.oracles.prefix_rounding import half_away, shared_out

UNCLASSIFIED = "unclassified"
MAIN = "main"
INCLUDED_SUPPORT = "included_support"
STREAM_OF_LICENCE_TYPE = {"perpetual": "licence", "maintenance": "maintenance"}
ALLOCATIONS = ("stand_alone", "relative")


@dataclass(frozen=True)
class Obligation:
    """One promise of an invoice: an amount in minor units, earned evenly over days, or whole on the first.

    Attributes:
        days: how many days it is earned over, from the first on; 0 where all is earned on the first.
    """

    line_id: str
    name: str
    stream: str
    amount: int
    first_day: date
    days: int

    @property
    def key(self) -> tuple[str, str]:
        return self.line_id, self.name

    def earned(self, amount: int, day: date) -> int:
        """What of a part of the amount is earned in the days before a day."""
        if day <= self.first_day:
            return 0
        days_served = (day - self.first_day).days
        if days_served >= self.days:
            return amount
        return half_away(amount * days_served, self.days)


@dataclass(frozen=True)
class BilledInvoice:
    """A finalised invoice; amounts in minor units, dates as days of the reporting time zone.

    ``obligations`` are in the order of line and name and add up to the total less tax. ``voided_on`` is None
    unless the invoice is void.
    """

    id: str
    account_id: str
    customer_id: str
    currency: str
    status: str
    billed_on: date
    paid_on: date | None
    voided_on: date | None
    written_off_on: date | None
    total: int
    tax: int
    amount_paid: int | None
    amount_remaining: int | None
    obligations: tuple[Obligation, ...]

    @property
    def net(self) -> int:
        return self.total - self.tax


@dataclass(frozen=True)
class LicenceTerms:
    """What the first year of support included in a perpetual licence is worth, as a share of the licence."""

    support_share: Fraction
    allocation: str

    def support(self, amount: int) -> int:
        if self.allocation not in ALLOCATIONS:
            raise OracleError(f"licence_support_allocation is {self.allocation}")
        share = self.support_share
        if self.allocation == "relative":
            share = share / (1 + share)
        return half_away(amount * share.numerator, share.denominator)


def a_year_later(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + 1, 2, 28) if is_leap_day else day.replace(year=day.year + 1)


class InvoiceReader:
    """Reads what is billed by an export that an as-of has already been applied to."""

    def __init__(
        self, lines: LineReader, discounts: Discounts, calendar: Calendar, licence_terms: LicenceTerms
    ) -> None:
        self.lines = lines
        self.discounts = discounts
        self.calendar = calendar
        self.licence_terms = licence_terms

    def read(self, invoice_rows: Iterable[Row], line_rows: Iterable[Row]) -> dict[str, BilledInvoice]:
        """By id; drafts are not billed, whatever becomes of their subscription."""
        lines_of: dict[str, list[Row]] = defaultdict(list)
        for row in line_rows:
            if self.lines.is_on_the_books(row):
                lines_of[row["invoice_id"]].append(row)
        return {
            row["id"]: self.read_invoice(row, sorted(lines_of[row["id"]], key=lambda line: line["id"]))
            for row in invoice_rows
            if is_live(row) and row["status"] != "draft"
        }

    def read_invoice(self, row: Row, lines: list[Row]) -> BilledInvoice:
        for line in lines:
            if line["currency"].upper() != row["currency"].upper():
                raise OracleError(f"line {line['id']} is not in the currency of its invoice {row['id']}")
        created = required_instant(row, "created")
        billed_on = self.calendar.local_date(instant(row, "status_transitions_finalized_at") or created)
        own_nets = [self.net_of_line(line) for line in lines]
        tax = whole_number(row, "tax") or 0
        stated_total = whole_number(row, "total")
        total = sum(own_nets) + tax if stated_total is None else stated_total
        voided_on = self.day(row, "voided")
        if row["status"] == "void" and voided_on is None:
            voided_on = billed_on
        written_off_on = self.day(row, "marked_uncollectible")
        if row["status"] == "uncollectible" and written_off_on is None:
            written_off_on = billed_on
        obligations: list[Obligation] = []
        for line, net in zip(lines, nets_of_lines(own_nets, total - tax), strict=True):
            obligations += self.obligations_of_line(line, net, billed_on)
        if not lines and total != tax:
            obligations = [Obligation(row["id"], MAIN, UNCLASSIFIED, total - tax, billed_on, 0)]
        return BilledInvoice(
            id=row["id"],
            account_id=self.lines.account_of(row["customer_id"]),
            customer_id=row["customer_id"],
            currency=row["currency"].upper(),
            status=row["status"],
            billed_on=billed_on,
            paid_on=self.day(row, "paid"),
            voided_on=voided_on,
            written_off_on=written_off_on,
            total=total,
            tax=tax,
            amount_paid=whole_number(row, "amount_paid"),
            amount_remaining=whole_number(row, "amount_remaining"),
            obligations=tuple(sorted(obligations, key=lambda obligation: obligation.key)),
        )

    def day(self, row: Row, transition: str) -> date | None:
        moment = instant(row, f"status_transitions_{transition}_at")
        return None if moment is None else self.calendar.local_date(moment)

    def net_of_line(self, line: Row) -> int:
        return (whole_number(line, "amount") or 0) - self.discounts.amount_taken_off(line["id"])

    def obligations_of_line(self, line: Row, net: int, billed_on: date) -> list[Obligation]:
        period = real_period(line)
        first_day, days = billed_on, 0
        if period is not None:
            first_day, end_day = (self.calendar.local_date(moment) for moment in period)
            days = (end_day - first_day).days
        if self.product_fact(line, "licence_type") != "perpetual":
            return [Obligation(line["id"], MAIN, self.stream(line), net, first_day, days)]
        support = self.licence_terms.support(net)
        days_of_support = (a_year_later(first_day) - first_day).days
        return [
            Obligation(line["id"], INCLUDED_SUPPORT, "maintenance", support, first_day, days_of_support),
            Obligation(line["id"], MAIN, self.stream(line), net - support, first_day, 0),
        ]

    def product_fact(self, line: Row, key: str) -> str | None:
        price = self.lines.prices.get(line.get("price_id") or line.get("plan_id") or "")
        return None if price is None else self.lines.product_fact(price, key)

    def stream(self, line: Row) -> str:
        stream = self.product_fact(line, "revenue_stream")
        price = self.lines.prices.get(line.get("price_id") or line.get("plan_id") or "")
        if stream is not None or price is None:
            return stream or UNCLASSIFIED
        if price.is_metered:
            return "usage"
        licence_type = self.product_fact(line, "licence_type")
        if licence_type in STREAM_OF_LICENCE_TYPE:
            return STREAM_OF_LICENCE_TYPE[licence_type]
        return "subscription" if price.is_recurring and price.is_licensed else UNCLASSIFIED


def real_period(line: Row) -> tuple[datetime, datetime] | None:
    start, end = instant(line, "period_start"), instant(line, "period_end")
    return None if start is None or end is None or end <= start else (start, end)


def nets_of_lines(own_nets: list[int], net: int) -> list[int]:
    """The lines' nets made to add up to the invoice's: what no line says is shared by those that cost."""
    residual = net - sum(own_nets)
    weights = [max(own, 0) for own in own_nets]
    if residual == 0 or not own_nets:
        return own_nets
    if sum(weights) == 0:
        return [*own_nets[:-1], own_nets[-1] + residual]
    shares = shared_out(residual, weights)
    return [own + share for own, share in zip(own_nets, shares, strict=True)]


def licence_terms(policy: Mapping[str, str]) -> LicenceTerms:
    return LicenceTerms(Fraction(policy["licence_support_share"]), policy["licence_support_allocation"])
