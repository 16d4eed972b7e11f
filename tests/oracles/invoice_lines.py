"""Which invoice lines say something about recurring service, and what they say (definitions 1.1, rule 1).

Whether a line counts belongs here, also whether it only failed to count by the state of its invoice, and
whether it is metered use. What follows from several lines together stays out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.oracles.export import (
    OracleError,
    Row,
    Tables,
    flag,
    instant,
    is_live,
    metadata,
    required_instant,
    whole_number,
)
from tests.oracles.invoices import Invoice, read_invoices
from tests.oracles.pricing import Price, read_prices

STATUSES_THAT_OPEN_INVOICES_COUNT_FOR = {"active", "past_due", "canceled"}
STREAMS_THAT_NEVER_RECUR = {"services", "setup", "licence"}


@dataclass(frozen=True)
class Line:
    """A counting invoice line, with what it needs from its invoice, item and subscription."""

    id: str
    account_id: str
    customer_id: str
    item_key: str
    subscription_id: str | None
    invoice: Invoice
    price: Price
    licence_type: str | None
    minimum_quantity: int
    amount: int
    quantity: int
    is_credit: bool
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class UncountedPeriod:
    """A period of recurring service that was billed, and does not count by the state of its invoice."""

    subscription_id: str
    invoice_status: str
    start: datetime
    end: datetime | None

    def holds_at(self, close: datetime) -> bool:
        """As service would: it starts before a month's close and does not end before it."""
        return self.start < close and (self.end is None or close <= self.end)


def is_credit(row: Row) -> bool:
    """A negative proration; the credit of what was free is a zero that only its wording tells apart."""
    amount = whole_number(row, "amount") or 0
    is_unused_time = row.get("description", "").lower().startswith("unused time")
    return flag(row, "proration", absent=False) and (amount < 0 or (amount == 0 and is_unused_time))


class LineReader:
    """Chooses the lines that count and completes them."""

    def __init__(
        self,
        tables: Tables,
        product_catalogue: Mapping[str, Mapping[str, str]],
        account_of: Callable[[str], str],
    ) -> None:
        self.prices = read_prices(tables)
        self.products = {row["id"]: metadata(row) for row in tables["product"]}
        self.catalogue = product_catalogue
        self.account_of = account_of
        self.invoices = read_invoices(tables["invoice"])
        self.items = {row["id"]: row for row in tables["subscription_item"]}
        self.subscriptions = {row["id"]: row for row in tables["subscription"] if is_live(row)}

    def counting_lines(self, rows: Iterable[Row]) -> list[Line]:
        return [self.complete(row) for row in rows if self.counts(row)]

    def subscription_of(self, row: Row) -> str | None:
        item = self.items.get(row.get("subscription_item_id", ""), {})
        invoice = self.invoices[row["invoice_id"]]
        return row.get("subscription_id") or item.get("subscription_id") or invoice.subscription_id

    def price_of(self, row: Row) -> Price:
        price_id = row.get("price_id") or row.get("plan_id")
        if price_id not in self.prices:
            raise OracleError(f"row {row['id']} is on the unknown price {price_id}")
        return self.prices[price_id]

    def item_key_of(self, row: Row) -> str:
        """The subscription item; where the export names none, subscription and price stand for it."""
        owner = self.subscription_of(row) or self.invoices[row["invoice_id"]].customer_id
        return row.get("subscription_item_id") or f"{owner}:{self.price_of(row).id}"

    def is_on_the_books(self, row: Row) -> bool:
        """Neither deleted nor of the test mode, and its invoice is there: an as-of may have hidden it."""
        return is_live(row) and row["invoice_id"] in self.invoices

    def bills_a_period(self, row: Row) -> bool:
        """A subscription's line or a proration, and not a one-off line."""
        is_period = row["type"] == "subscription" or flag(row, "proration", absent=False)
        return is_period and self.is_on_the_books(row)

    def invoice_counts(self, row: Row) -> bool:
        invoice = self.invoices[row["invoice_id"]]
        if invoice.status == "paid":
            return True
        subscription = self.subscriptions.get(self.subscription_of(row) or "")
        return (
            invoice.status == "open"
            and subscription is not None
            and subscription["status"] in STATUSES_THAT_OPEN_INVOICES_COUNT_FOR
        )

    def counts(self, row: Row) -> bool:
        if not (self.bills_a_period(row) and self.invoice_counts(row)):
            return False
        price = self.price_of(row)
        if row["type"] == "subscription" and not price.says_what_it_is:
            raise OracleError(
                f"line {row['id']} is of a subscription, and price {price.id} is of no interval"
            )
        return self.is_recurring_service(price)

    def counts_as_usage(self, row: Row) -> bool:
        """Section 1.3: the same rule for metered use, which is not MRR but stands beside it."""
        if not (self.bills_a_period(row) and self.invoice_counts(row)):
            return False
        price = self.price_of(row)
        return price.is_recurring and price.is_metered and not self.is_never_mrr(price)

    def is_recurring_service(self, price: Price) -> bool:
        return price.is_recurring and price.is_licensed and not self.is_never_mrr(price)

    def is_never_mrr(self, price: Price) -> bool:
        """Section 1.3: set-up, services and perpetual licences, however they are priced."""
        return (
            self.product_fact(price, "licence_type") == "perpetual"
            or self.product_fact(price, "revenue_stream") in STREAMS_THAT_NEVER_RECUR
        )

    def product_fact(self, price: Price, key: str) -> str | None:
        """The product's own metadata, and what it leaves open from the catalogue."""
        product_id = price.product_id or ""
        value = self.products.get(product_id, {}).get(key) or self.catalogue.get(product_id, {}).get(key)
        return str(value) if value else None

    def minimum_quantity(self, item_id: str | None) -> int:
        minimum = metadata(self.items.get(item_id or "", {})).get("minimum_quantity")
        return int(str(minimum)) if minimum is not None else 0

    def complete(self, row: Row) -> Line:
        invoice = self.invoices[row["invoice_id"]]
        price = self.price_of(row)
        quantity = whole_number(row, "quantity")
        start, end = required_instant(row, "period_start"), instant(row, "period_end")
        if end is not None and end < start:
            raise OracleError(f"line {row['id']} ends before it starts")
        if row["currency"].upper() != price.currency:
            raise OracleError(f"line {row['id']} is in {row['currency']}, its price in {price.currency}")
        if quantity is None or quantity < 0:
            raise OracleError(f"line {row['id']} has the quantity {quantity}")
        return Line(
            id=row["id"],
            account_id=self.account_of(invoice.customer_id),
            customer_id=invoice.customer_id,
            item_key=self.item_key_of(row),
            subscription_id=self.subscription_of(row),
            invoice=invoice,
            price=price,
            licence_type=self.product_fact(price, "licence_type"),
            minimum_quantity=self.minimum_quantity(row.get("subscription_item_id")),
            amount=whole_number(row, "amount") or 0,
            quantity=quantity,
            is_credit=is_credit(row),
            start=start,
            end=end,
        )

    def uncounted_periods(self, rows: Iterable[Row]) -> list[UncountedPeriod]:
        """What was billed for recurring service and then waived, written off or left open."""
        return [
            UncountedPeriod(subscription_id, self.invoices[row["invoice_id"]].status, start, end)
            for row in rows
            if self.bills_a_period(row)
            and not self.invoice_counts(row)
            and self.is_charge_for_service(row)
            and (subscription_id := self.subscription_of(row)) is not None
            and (start := instant(row, "period_start")) is not None
            and ((end := instant(row, "period_end")) is None or start < end)
        ]

    def is_charge_for_service(self, row: Row) -> bool:
        price = self.prices.get(row.get("price_id") or row.get("plan_id") or "")
        return price is not None and self.is_recurring_service(price) and not is_credit(row)

    def first_billed_or_served(self, rows: Iterable[Row]) -> datetime | None:
        """The first invoice or the start of the first period on one, whatever became of it."""
        starts = [instant(row, "period_start") for row in rows if self.is_on_the_books(row)]
        moments = [start for start in starts if start is not None]
        moments += [invoice.created for invoice in self.invoices.values()]
        return min(moments, default=None)
