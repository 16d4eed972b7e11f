"""The ledger entries that are about no one company: capital, payouts, runs, revaluations, taxes, closings.

They add up over all companies, from the journal's running sums, and so are made once every company has been
posted. The lines of recognition runs belong to companies; here are only their headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from seeds.generator.chart import (
    BANKS,
    CLEARING,
    REALISED,
    RECEIVABLE,
    RETAINED_EARNINGS,
    SHARE_CAPITAL,
    TAX_OFFICES,
    TAX_PAYABLE,
    UNREALISED,
    Account,
    account_of,
    is_of_result,
)
from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, converted
from seeds.generator.journal import CURRENCY_IDS, Entry, Journal, JournalLine
from seeds.generator.moments import DAY, HOUR, WEEK, add_months, as_date
from seeds.generator.money import CURRENCIES
from seeds.generator.periods import adjustment_period_id, period_id
from seeds.generator.postings import RunKey
from seeds.generator.settlement import Payout
from seeds.generator.tables import Rows

_CAPITAL_CENTS = 2_500_000_00
_TAX_DAY = 19 * DAY  # the 20th

# The vendor's own entries by number: months have a hundred each, then payouts, then runs.
_IDS_OF_A_MONTH = 100
_PAYOUT_IDS = 100_000
_RUN_IDS = 1_000_000
_MONTHS_OF_A_RATE = 1_000


class MonthEnd:
    """Makes the vendor's own entries; ``months`` are the first instants of the complete months."""

    def __init__(self, journal: Journal, rates: ExchangeRates, months: list[int]) -> None:
        self.journal = journal
        self.rates = rates
        self.months = months
        self._runs: dict[RunKey, Entry] = {}

    def rows(self, payouts: Iterable[Payout], cleared: Mapping[str, int], horizon: int) -> Rows:
        """All of them; ``cleared`` has the US cents on the clearing account that each payout takes away."""
        rows: Rows = {"transaction": [], "transactionline": [], "transactionaccountingline": []}
        self.journal.entry(self._capital(), rows)
        for payout in payouts:
            self.journal.entry(self._payout(payout, cleared.get(payout.id, 0)), rows)
        for number, month in enumerate(self.months):
            if number % 3 == 0 and number:
                for entry in self._taxes(number, month):
                    self.journal.entry(entry, rows)
        for number, month in enumerate(self.months):
            for entry in self._revaluations(number, month, horizon):
                self.journal.entry(entry, rows)
        for _, run in sorted(self._runs.items()):
            self.journal.header(run, rows)
        for number, month in enumerate(self.months):
            if as_date(month)[5:7] == "12" and number >= 11:
                self.journal.entry(self._closing(number, month), rows)
        return rows

    def _id(self, month: int, number: int) -> int:
        return (month + 1) * _IDS_OF_A_MONTH + number

    # -- cash ------------------------------------------------------------------------------------------------

    def _capital(self) -> Entry:
        first = self.months[0]
        lines = (
            JournalLine(BANKS[REPORTING_CURRENCY], _CAPITAL_CENTS, _CAPITAL_CENTS),
            JournalLine(SHARE_CAPITAL, -_CAPITAL_CENTS, -_CAPITAL_CENTS),
        )
        rate = self.rates.rate(REPORTING_CURRENCY, first)
        return Entry(
            self._id(0, 1), "Journal", first + 9 * HOUR, first, REPORTING_CURRENCY, rate, lines,
            memo="Opening capital",
        )  # fmt: skip

    def _payout(self, payout: Payout, cleared: int) -> Entry:
        """From the processor to the bank: at the day's rate there, at the rates of its parts here."""
        currency, at = payout.currency, payout.paid_at
        rate = self.rates.rate(currency, at)
        base = converted(payout.amount, currency, rate)
        lines = [
            JournalLine(BANKS[currency], payout.amount, base),
            JournalLine(CLEARING, -payout.amount, -cleared),
            *_difference(base - cleared),
        ]
        weeks = (at - self.months[0]) // WEEK
        identity = _PAYOUT_IDS + weeks * 10 + CURRENCY_IDS[currency]
        day = at // DAY * DAY
        return Entry(identity, "Transfer", at, day, currency, rate, lines, external_id=payout.id)

    def _taxes(self, number: int, month: int) -> Iterator[Entry]:
        """The quarter's sales taxes, paid on the 20th after it; yen and other small ones in US dollars."""
        day = month + _TAX_DAY
        for place, currency in enumerate(CURRENCIES):
            foreign, carried = self._balance(TAX_PAYABLE, currency, month)
            if foreign == 0:
                continue
            rate = self.rates.rate(currency, day)
            base = converted(foreign, currency, rate)
            bank = BANKS.get(currency, BANKS[REPORTING_CURRENCY])
            lines = [
                JournalLine(TAX_PAYABLE, -foreign, -carried),
                JournalLine(bank, foreign, base),
                *_difference(base - carried),
            ]
            quarter = _quarter(add_months(month, -1))
            yield Entry(
                self._id(number, 10 + place), "TaxPymt", day + 9 * HOUR, day, currency, rate, lines,
                entity=TAX_OFFICES[0], memo=f"Sales taxes {quarter}",
            )  # fmt: skip

    # -- month end -------------------------------------------------------------------------------------------

    def _revaluations(self, number: int, month: int, horizon: int) -> Iterator[Entry]:
        """What is due or held in other currencies, at the rate of the month's last day; undone the day after.

        The clearing account holds the processor's balances, so that it has no yen or dinar of its own.
        """
        after = add_months(month, 1)
        last_day = after - DAY
        for place, currency in enumerate(CURRENCIES):
            if currency == REPORTING_CURRENCY:
                continue
            accounts = [RECEIVABLE, *([CLEARING, BANKS[currency]] if currency in BANKS else [])]
            rate = self.rates.rate(currency, last_day)
            lines = []
            for account in accounts:
                foreign, carried = self._balance(account, currency, after)
                change = converted(foreign, currency, rate) - carried
                if change:
                    lines.append(JournalLine(account, 0, change))
            if not lines:
                continue
            lines.append(JournalLine(UNREALISED, 0, -sum(line.base for line in lines)))
            identity, made = self._id(number, 20 + place), min(after + HOUR, horizon)
            yield Entry(identity, "FxReval", made, last_day, currency, rate, lines)
            undone = [JournalLine(line.account, 0, -line.base) for line in lines]
            yield Entry(
                self._id(number, 30 + place),
                "FxReval",
                made,
                after,
                currency,
                rate,
                undone,
                reversal=identity,
            )

    def _balance(self, account: Account, currency: str, before: int) -> tuple[int, int]:
        """What an account holds in a currency at the start of a month: minor units, and US cents."""
        until = period_id(before)
        foreign = base = 0
        for (account_id, posted_in, period), amounts in self.journal.sums.items():
            if account_id == account.id and posted_in == currency and period < until:
                foreign += amounts[0]
                base += amounts[1]
        return foreign, base

    def run(self, key: RunKey) -> Entry:
        """The recognition run of a month for invoices of one currency and rate; companies add lines."""
        if key not in self._runs:
            number, currency, rate = key
            after = add_months(self.months[number], 1)
            identity = _RUN_IDS + self.rates.numbers[currency, rate] * _MONTHS_OF_A_RATE + number
            memo = f"Revenue recognition {as_date(self.months[number])[:7]}"
            self._runs[key] = Entry(identity, "Journal", after + HOUR, after - DAY, currency, rate, memo=memo)
        return self._runs[key]

    # -- year end --------------------------------------------------------------------------------------------

    def _closing(self, number: int, december: int) -> Entry:
        """Income and expense of the year go to retained earnings."""
        year = int(as_date(december)[:4])
        first, last = period_id(add_months(december, -11)), period_id(december)
        results: dict[int, int] = {}
        for (account_id, _, period), amounts in self.journal.sums.items():
            if first <= period <= last and is_of_result(account_id):
                results[account_id] = results.get(account_id, 0) + amounts[1]
        lines = [
            JournalLine(account_of(account_id), -result, -result)
            for account_id, result in sorted(results.items())
            if result
        ]
        retained = -sum(line.base for line in lines)
        lines.append(JournalLine(RETAINED_EARNINGS, retained, retained))
        after = add_months(december, 1)
        rate = self.rates.rate(REPORTING_CURRENCY, december)
        return Entry(
            self._id(number, 90), "Journal", after + 2 * HOUR, after - DAY, REPORTING_CURRENCY, rate, lines,
            memo=f"Closing of {year}", period=adjustment_period_id(year),
        )  # fmt: skip


def _difference(base: int) -> list[JournalLine]:
    """What balances an entry in the base currency: a result of exchange rates."""
    return [JournalLine(REALISED, 0, -base)] if base else []


def _quarter(month: int) -> str:
    moment = datetime.fromtimestamp(month, UTC)
    return f"{moment.year} Q{(moment.month + 2) // 3}"
