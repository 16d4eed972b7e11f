"""An export that a test can write down: one customer with one subscription and one item, and what is billed.

Add a way to say something here when a test of single invoice lines needs it. Nothing here knows what the
answer is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.oracles import mrr
from tests.oracles.landing import write_landing

CLOCK = datetime(2024, 7, 10, 12, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Export:
    """One customer with one subscription and one item, to which a test adds what it is about."""

    def __init__(self, **price: Any) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.add("billing/customer", id="cus", created=day("2024-01-01"), _fivetran_synced=CLOCK)
        self.add("billing/subscription", id="sub", customer_id="cus", status="active")
        self.add("billing/subscription_item", id="item", subscription_id="sub")
        self.price("price", **price)

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        self.tables[table].append(row)
        return row

    def price(self, price_id: str, **values: Any) -> None:
        defaults = {
            "product_id": "prod",
            "currency": "usd",
            "recurring_interval": "month",
            "unit_amount": 10000,
        }
        self.add("billing/price", id=price_id, **defaults | values)

    def currency_of(self, price_id: str) -> str:
        return next((row["currency"] for row in self.tables["billing/price"] if row["id"] == price_id), "usd")

    def bill(
        self,
        start: str,
        end: str | None,
        *,
        status: str = "paid",
        invoice: str | None = None,
        created: str | None = None,
        dates: Mapping[str, datetime] | None = None,
        **line: Any,
    ) -> str:
        """A line of quantity 1 on an invoice of its own, or on the one of that name; answers with its id."""
        number = len(self.tables["billing/invoice_line_item"])
        invoice_id = invoice or f"in{number}"
        if invoice_id not in {row["id"] for row in self.tables["billing/invoice"]}:
            self.add(
                "billing/invoice",
                **{"id": invoice_id, "customer_id": "cus", "status": status, "currency": "usd"},
                created=day(created or start),
                **(dates or {}),
            )
        defaults = {
            "id": f"il{number}",
            "invoice_id": invoice_id,
            "subscription_id": "sub",
            "subscription_item_id": "item",
            "price_id": "price",
            "type": "subscription",
            "amount": 10000,
            "currency": self.currency_of(line.get("price_id", "price")),
            "quantity": 1,
            "proration": False,
            "period_start": day(start),
            "period_end": day(end) if end else None,
        }
        return str(self.add("billing/invoice_line_item", **defaults | line)["id"])

    def credit(self, start: str, end: str, **line: Any) -> str:
        return self.debit(start, end, **{"amount": -5000} | line)

    def debit(self, start: str, end: str, **line: Any) -> str:
        proration: dict[str, Any] = {"type": "invoiceitem", "proration": True, "amount": 5000}
        return self.bill(start, end, **proration | line)

    def subscription(self, **values: Any) -> None:
        """More about the one subscription."""
        self.tables["billing/subscription"][0] |= values

    def coupon(self, coupon_id: str, **terms: Any) -> None:
        """A coupon that lasts for ever, unless the terms say otherwise."""
        self.add("billing/coupon", **{"id": coupon_id, "duration": "forever"} | terms)

    def discount(self, line_id: str, coupon_id: str | None, **values: Any) -> None:
        """A line's own row."""
        number = len(self.tables["billing/discount"])
        defaults = {"id": f"di{number}", "type": "line item", "type_id": line_id, "coupon_id": coupon_id}
        self.add("billing/discount", **defaults | values)

    def window(self, coupon_id: str, **values: Any) -> None:
        number = len(self.tables["billing/subscription_discount"])
        defaults = {"id": f"sd{number}", "coupon_id": coupon_id}
        self.add("billing/subscription_discount", **defaults | values)

    def rate(self, currency: str, effective: str, value: str) -> None:
        self.add(
            "ledger/currencyrate",
            basecurrency="USD",
            transactioncurrency=currency,
            effectivedate=effective,
            exchangerate=value,
        )

    def answer(self, folder: Path, **arguments: Any) -> dict[str, list[mrr.MartRow]]:
        write_landing(folder, self.tables)
        return mrr.answer(folder, **arguments)

    def closings(self, folder: Path, **arguments: Any) -> dict[str, str]:
        """Closing MRR by month, months without MRR left out."""
        rows = self.answer(folder, **arguments)["fct_mrr_by_account_month"]
        return {
            f"{row['month']:%Y-%m}": str(row["closing_mrr_amount"])
            for row in rows
            if row["closing_mrr_amount"]
        }

    def amounts(self, folder: Path, column: str, **arguments: Any) -> dict[str, str | None]:
        """One column by month, of the rows that there are."""
        rows = self.answer(folder, **arguments)["fct_mrr_by_account_month"]
        return {f"{row['month']:%Y-%m}": None if row[column] is None else str(row[column]) for row in rows}

    def subtypes(self, folder: Path, **arguments: Any) -> dict[str, str | None]:
        """Subtypes by month, of the months with a movement."""
        rows = self.answer(folder, **arguments)["fct_mrr_by_account_month"]
        return {f"{row['month']:%Y-%m}": row["movement_subtype"] for row in rows if row["movement_type"]}

    def drivers(self, folder: Path, **arguments: Any) -> list[tuple[str, str, str]]:
        """Day, item and driver of every event."""
        return [
            (row["event_date"].isoformat(), row["subscription_item_id"], row["driver"])
            for row in self.answer(folder, **arguments)["fct_mrr_events"]
        ]

    def movements(self, folder: Path, **arguments: Any) -> dict[str, str | None]:
        rows = self.answer(folder, **arguments)["fct_mrr_by_account_month"]
        return {f"{row['month']:%Y-%m}": row["movement_type"] for row in rows}


def events_of(rows: dict[str, list[mrr.MartRow]]) -> list[tuple[str, str, str, str | None]]:
    return [
        (
            row["event_date"].isoformat(),
            row["subscription_item_id"],
            str(row["change_amount_in_currency"]),
            row["movement_type"],
        )
        for row in rows["fct_mrr_events"]
    ]
