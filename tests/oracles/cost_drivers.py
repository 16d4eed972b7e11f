"""How much accounts used of what costs are shared out by: compute, minutes, hours, fees, seats and revenue.

The quantity of every driver by account and month; whose they are is in ``identity.py``. Which pool goes
by which driver stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from tests.oracles.cost_mappings import CostPolicy
from tests.oracles.export import (
    flag,
    is_live,
    read_rows,
    required_instant,
    round_half_away,
    whole_number,
)
from tests.oracles.ledger_lines import day_of
from tests.oracles.mrr import Company
from tests.oracles.pricing import MINOR_DIGITS
from tests.oracles.recognition import Books

# A quantity of an account in a month.
Quantity = tuple[date, str, Fraction]


class AccountDrivers:
    """The quantities of every driver, by month and account."""

    def __init__(self, landing: Path, policy: CostPolicy, company: Company, books: Books) -> None:
        self.landing = landing
        self.policy = policy
        self.company = company
        self.books = books
        self.calendar = books.calendar
        self.accounts = books.identity

    def rows(self, table: str) -> list[dict[str, str]]:
        return read_rows(self.landing / f"{table}.csv")

    def is_over(self, day: date) -> bool:
        return day <= self.calendar.last_day

    def product_usage(self, *columns: str) -> Iterator[Quantity]:
        """The first of some columns that is known, day by day."""
        for row in self.rows("crm/product_usage"):
            day = day_of(row, "date")
            quantities = (Fraction(row[column]) for column in columns if column in row)
            # There are no fewer seats than none.
            quantity = next((one for one in quantities if one >= 0 or "seats_paid" not in columns), None)
            account = self.accounts.of_company(row["company_id"])
            if quantity is not None and account is not None and self.is_over(day):
                yield day, account, quantity

    def handled_minutes(self) -> Iterator[Quantity]:
        for row in self.rows("crm/ticket"):
            created = required_instant(row, "property_createdate")
            if flag(row, "is_deleted", absent=False) or created >= self.calendar.as_of:
                continue
            account = self.accounts.of_company(row["company_id"]) if "company_id" in row else None
            if account is not None and "handled_minutes" in row:
                yield self.calendar.local_date(created), account, Fraction(row["handled_minutes"])

    def hours(self) -> Iterator[Quantity]:
        for row in self.rows("ledger/time_entry"):
            if "account_external_id" in row and "hours" in row and self.is_over(day_of(row, "date")):
                account = self.accounts.of_anything(row["account_external_id"])
                yield day_of(row, "date"), account, Fraction(row["hours"])

    @cached_property
    def customers_of_sources(self) -> dict[str, str]:
        """By the id of a charge, refund or dispute: who was charged."""
        tables = self.books.tables
        invoices = {row["id"]: row["customer_id"] for row in tables["invoice"]}
        charges = {}
        for row in tables["charge"]:
            customer = row.get("customer_id") or invoices.get(row.get("invoice_id", ""))
            if customer is not None:
                charges[row["id"]] = customer
        return charges | {
            row["id"]: charges[row["charge_id"]]
            for table in ("refund", "dispute")
            for row in tables[table]
            if row.get("charge_id") in charges
        }

    def processor_fees(self) -> Iterator[Quantity]:
        """In minor units of the reporting currency, with their sign.

        What an account paid in one currency in a month is converted at once, at the rate of the month, to 4
        decimals of the major unit.
        """
        sums: dict[tuple[date, str, str], int] = defaultdict(int)
        for row in self.books.tables["balance_transaction"]:
            customer = self.customers_of_sources.get(row.get("source", ""))
            day = self.books.reader.day(row)
            if is_live(row) and customer is not None and self.is_over(day):
                account = self.accounts.of_customer(customer)
                sums[day.replace(day=1), account, row["currency"].upper()] += whole_number(row, "fee") or 0
        digits = MINOR_DIGITS[self.books.reporting_currency]
        for (month, account, currency), fees in sums.items():
            rate = self.books.rates.rate(currency, self.calendar.rate_day(month)) if fees else Fraction(0)
            major = round_half_away(fees * rate / 10 ** MINOR_DIGITS[currency], 4)
            yield month, account, major * 10**digits

    def mrr(self) -> Iterator[Quantity]:
        for month in self.company.months:
            for account, closing in self.company.valued(self.company.services_at_close[month], month).items():
                yield month, account, closing

    def revenue(self, margin_line: str) -> Iterator[Quantity]:
        """Net, in minor units of the reporting currency, of the streams on one line of the margin."""
        for invoice, obligation, _, history in self.books.histories:
            if self.policy.margin_line(obligation.stream) == margin_line:
                for position, month in enumerate(self.books.months):
                    flow = history[position + 1] - history[position]
                    if flow.net_revenue:
                        yield month, invoice.account_id, Fraction(flow.net_revenue)

    @cached_property
    def quantities(self) -> dict[tuple[str, date], dict[str, Fraction]]:
        """By driver and month, of every account with one; what is negative in sum is 0, but for fees."""
        sources: Mapping[str, Iterator[Quantity]] = {
            "compute_units": self.product_usage("compute_units"),
            "seats": self.product_usage("seats_paid", "seats_active"),
            "handled_minutes": self.handled_minutes(),
            "hours": self.hours(),
            "processor_fees": self.processor_fees(),
            "mrr": self.mrr(),
            "services_revenue": self.revenue("services"),
            "subscription_revenue": self.revenue("subscription"),
        }
        sums: dict[tuple[str, date], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for driver, found in sources.items():
            for day, account, quantity in found:
                sums[driver, day.replace(day=1)][account] += quantity
        return {
            key: {
                account: quantity
                for account, quantity in by_account.items()
                if quantity > 0 or (quantity and key[0] == "processor_fees")
            }
            for key, by_account in sums.items()
        }

    def of_month(self, driver: str, month: date) -> dict[str, Fraction]:
        """Empty where they do not add up to more than 0."""
        found = self.quantities.get((driver, month), {})
        return found if sum(found.values()) > 0 else {}
