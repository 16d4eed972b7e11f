"""The ledger writer: the vendor's general ledger, in the shape of a NetSuite export.

Puts the entries of ``postings``, ``costs`` and ``month_end`` beside the tables that they refer to. Rates are
units of the base currency for one unit of the transaction currency; all references hold the ledger's own ids.
What is posted is decided there; what is here is only which table says it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from seeds.generator.assets import asset_rows
from seeds.generator.books import Books
from seeds.generator.chart import (
    ACCOUNTS,
    CLASSES,
    DEPARTMENTS,
    LOCATIONS,
    SUBSIDIARY,
    VENDORS,
    full_name,
)
from seeds.generator.cloud import cloud_rows
from seeds.generator.costs import cost_entries
from seeds.generator.dealings import Dealings
from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, as_decimal
from seeds.generator.journal import CURRENCY_IDS, Journal
from seeds.generator.moments import DAY, add_months, as_date, month_start
from seeds.generator.month_end import MonthEnd
from seeds.generator.people import people_rows
from seeds.generator.periods import period_rows
from seeds.generator.postings import PostingMaker, customer_entity
from seeds.generator.settlement import Payout
from seeds.generator.tables import Row, Rows
from seeds.generator.work import customer_hours, own_hours

_CURRENCY_NAMES = {
    "USD": "US Dollar",
    "GBP": "British Pound",
    "EUR": "Euro",
    "JPY": "Japanese Yen",
    "KWD": "Kuwaiti Dinar",
}


class LedgerWriter:
    """Makes the rows of the ledger's tables: lists once, companies one by one, what adds up at the end."""

    def __init__(self, rates: ExchangeRates, first: int, horizon: int) -> None:
        self.rates = rates
        self.first = first
        self.horizon = horizon
        self.months = _complete_months(first, horizon)
        closes = [add_months(month, 1) // DAY for month in self.months]
        self.maker = PostingMaker(rates, closes, horizon)
        self.journal = Journal()
        self.month_end = MonthEnd(self.journal, rates, self.months)
        self.cleared: dict[str, int] = defaultdict(int)

    def list_rows(self) -> Rows:
        """Accounts, periods, departments and the like, currencies, vendors, people, cloud bill, assets."""
        base = CURRENCY_IDS[REPORTING_CURRENCY]
        people = people_rows(self.months, self.horizon)
        return {
            "account": [
                (
                    account.id, account.number, account.kind, full_name(account), account.parent,
                    "T" if account.is_inactive else "F",
                )
                for account in ACCOUNTS
            ],
            "accountingperiod": period_rows(self.first, self.horizon),
            "department": _named(DEPARTMENTS),
            "location": _named(LOCATIONS),
            "classification": _named(CLASSES),
            "subsidiary": _named([SUBSIDIARY]),
            "currency": [(CURRENCY_IDS[symbol], name, symbol) for symbol, name in _CURRENCY_NAMES.items()],
            "currencyrate": [
                (base, CURRENCY_IDS[currency], as_date(day), as_decimal(rate))
                for currency, path in self.rates.by_currency.items()
                for day, rate in zip(self.rates.days, path, strict=True)
            ],
            "vendor": list(VENDORS),
            "entity": [*VENDORS, *people.pop("entity")],
            **people,
            "cloud_cost": cloud_rows(self.first, self.months),
            "capitalized_asset": asset_rows(self.horizon),
            "time_entry": list(own_hours(self.first, self.months, self.horizon)),
        }  # fmt: skip

    def company_rows(self, dealings: Dealings) -> Rows:
        """All rows about one company; nothing for one of the processor's test mode."""
        rows: Rows = defaultdict(list)
        if not dealings.livemode:
            return rows
        entity = customer_entity(dealings.number)
        rows["time_entry"] += customer_hours(dealings, self.horizon)
        rows["entity"].append((entity, dealings.history.company.name, dealings.customer_id))
        postings = self.maker.postings(dealings)
        for entry in postings.entries:
            self.journal.entry(entry, rows)
        for key, lines in postings.runs.items():
            self.journal.lines(self.month_end.run(key), lines, rows)
        for payout, cents in postings.cleared.items():
            self.cleared[payout] += cents
        return rows

    def closing_rows(self, payouts: Iterable[Payout]) -> Rows:
        """The vendor's own entries; to be asked for once every company has been written.

        Costs come first: revaluations and closings go by what has been posted.
        """
        rows: Rows = defaultdict(list)
        for entry in cost_entries(Books(self.rates, self.first, self.horizon), self.months):
            self.journal.entry(entry, rows)
        for name, more in self.month_end.rows(payouts, self.cleared, self.horizon).items():
            rows[name] += more
        return rows


def _complete_months(first: int, horizon: int) -> list[int]:
    months = []
    while first < month_start(horizon):
        months.append(first)
        first = add_months(first, 1)
    return months


def _named(rows: Iterable[tuple[int, str]]) -> list[Row]:
    return [(number, name, name, None) for number, name in rows]
