"""A company that a test can write down: accounts that pay a round sum a month, from one month to another.

Add a way to say something here when a test of months and segments needs it. How a single invoice line is read
is tested with exports of its own; nothing here knows what the answer is.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.oracles import answers
from tests.oracles.calendar_months import next_month
from tests.oracles.landing import write_landing
from tests.oracles.mrr import MartRow


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


class SmallCompany:
    """An export that grows by what a test says about accounts; ``clock`` is its newest sync stamp."""

    def __init__(self, clock: str = "2024-06-30T18:00") -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.add("billing/customer", id="clock", created=day("2022-01-01"), _fivetran_synced=day(clock))

    def add(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)

    def known(self, table: str, row_id: str) -> bool:
        return any(row["id"] == row_id for row in self.tables[table])

    def account(self, account: str, country: str | None = None, **customer: Any) -> None:
        created = {"created": day("2022-01-01")}
        self.add("billing/customer", id=account, address_country=country, **created | customer)

    def pays(self, account: str, first: str, last: str, amount: int, **sold: Any) -> None:
        """The amount in major units at every month-end from the first month to the last."""
        end = next_month(first_of(last))
        self.is_served(account, f"{first}-01", end.isoformat(), amount, **sold)

    def is_served(
        self,
        account: str,
        start: str,
        end: str,
        amount: int,
        *,
        product: str | None = "product",
        currency: str = "usd",
    ) -> None:
        """An item of its own, paid from one instant to another at so much a month."""
        number = len(self.tables["billing/invoice"])
        price = f"{product}-{amount}-{currency}"
        if not self.known("billing/price", price):
            self.add(
                "billing/price",
                id=price,
                product_id=product,
                currency=currency,
                recurring_interval="month",
                unit_amount=amount * 100,
            )
        invoice = {"id": f"in{number}", "customer_id": account, "status": "paid", "currency": currency}
        self.add("billing/invoice", **invoice, created=day(start))
        self.add(
            "billing/invoice_line_item",
            id=f"il{number}",
            invoice_id=f"in{number}",
            subscription_id=f"sub{number}",
            subscription_item_id=f"si{number}",
            price_id=price,
            type="subscription",
            amount=amount * 100,
            currency=currency,
            quantity=1,
            proration=False,
            period_start=day(start),
            period_end=day(end),
        )

    def rates(self, currency: str, **by_month: str) -> None:
        """Rates to USD on the last day of months named like ``y2024_05``."""
        for name, value in by_month.items():
            last_day = next_month(first_of(name[1:].replace("_", "-"))) - timedelta(days=1)
            self.add(
                "ledger/currencyrate",
                basecurrency="USD",
                transactioncurrency=currency,
                effectivedate=last_day,
                exchangerate=value,
            )

    def answer(self, folder: Path, **arguments: Any) -> dict[str, list[MartRow]]:
        write_landing(folder, self.tables)
        return answers.answer_about_mrr(folder, **arguments)

    def rows(self, folder: Path, table: str, **wanted: Any) -> list[MartRow]:
        """The rows of a table whose columns are as wanted; months may be written ``2024-05``."""
        values = {
            name: first_of(value) if isinstance(value, str) and name.endswith(("month", "quarter")) else value
            for name, value in wanted.items()
        }
        return [
            row
            for row in self.answer(folder)[table]
            if all(row[name] == value for name, value in values.items())
        ]

    def row(self, folder: Path, table: str, **wanted: Any) -> MartRow:
        [row] = self.rows(folder, table, **wanted)
        return row


def amounts(row: MartRow, suffix: str = "_amount") -> dict[str, str]:
    """The amounts of a row that are not 0, without the ending of their names."""
    return {
        name.removesuffix(suffix): f"{value}"
        for name, value in row.items()
        if name.endswith(suffix) and value
    }
