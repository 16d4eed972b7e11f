"""Exchange rates by day (definitions 2, FX).

How a rate is found and when it is too old belongs here. Which day values a month is the calendar's business,
and what is converted that of the oracle that converts.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from tests.oracles.export import OracleError, read_rows, required_instant


class Rates:
    """Units of the reporting currency for one unit of another, by day."""

    def __init__(self, landing: Path, reporting_currency: str, max_age: timedelta) -> None:
        self.reporting_currency = reporting_currency
        self.max_age = max_age
        self.by_currency: dict[str, dict[date, Fraction]] = defaultdict(dict)
        self.found: dict[tuple[str, date], Fraction | None] = {}
        codes = {row["id"]: row["symbol"] for row in read_rows(landing / "ledger" / "currency.csv")}
        for row in read_rows(landing / "ledger" / "currencyrate.csv"):
            base = codes.get(row["basecurrency"], row["basecurrency"]).upper()
            currency = codes.get(row["transactioncurrency"], row["transactioncurrency"]).upper()
            if base == reporting_currency:
                day = required_instant(row, "effectivedate").date()
                self.by_currency[currency][day] = Fraction(row["exchangerate"])

    def known_rate(self, currency: str, day: date) -> Fraction | None:
        """The latest rate with effective date <= the day, unless it is too old."""
        if currency == self.reporting_currency:
            return Fraction(1)
        if (currency, day) not in self.found:
            effective = max((known for known in self.by_currency[currency] if known <= day), default=None)
            if effective is None or day - effective > self.max_age:
                self.found[currency, day] = None
            else:
                self.found[currency, day] = self.by_currency[currency][effective]
        return self.found[currency, day]

    def rate(self, currency: str, day: date) -> Fraction:
        """The same; a missing rate stops publication."""
        rate = self.known_rate(currency, day)
        if rate is None:
            raise OracleError(f"no exchange rate from {currency} to {self.reporting_currency} for {day}")
        return rate


def rates_of_invoices(landing: Path) -> dict[str, Fraction]:
    """The rate that the ledger booked an invoice at, by its id: of its own entry, else of the earliest."""
    entries = [
        row
        for row in read_rows(landing / "ledger" / "transaction.csv")
        if "externalid" in row and "exchangerate" in row
    ]
    entries.sort(
        key=lambda row: (row.get("type") != "CustInvc", required_instant(row, "trandate"), row["id"])
    )
    rates: dict[str, Fraction] = {}
    for row in entries:
        rates.setdefault(row["externalid"], Fraction(row["exchangerate"]))
    return rates
