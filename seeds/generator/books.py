"""How the vendor keeps its own books: ids of its cost entries, bills of vendors and their payment.

Entries dated after the export are not made. Amounts are minor units of the entry's currency; a bill in
another currency is posted at the rate of its day, and paid from the bank account in US dollars at the rate of
that day. What is bought and paid is ``costs``'s and ``payroll``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from seeds.generator.chart import BANKS, PAYABLE, REALISED, Account, vendor_id
from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, converted
from seeds.generator.journal import NO_TAGS, Entry, JournalLine, Tags
from seeds.generator.moments import DAY, HOUR, add_months

BANK_ACCOUNT = BANKS[REPORTING_CURRENCY]

# Between payouts and recognition runs (see ``month_end``); five hundred for each month.
_COST_IDS = 500_000
_IDS_OF_A_MONTH = 500


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of a vendor, or its credit note where the total is below zero.

    It is paid ``days`` later, None: never by itself; ``credit`` is what a credit note takes off the payment.
    """

    vendor: str
    id: str
    day: int
    lines: Sequence[JournalLine]
    days: int | None = 30
    currency: str = REPORTING_CURRENCY
    made: int | None = None
    credit: int = 0

    @property
    def total(self) -> int:
        return sum(line.foreign for line in self.lines)


class Books:
    """Numbers and completes entries, in the order in which they are asked for."""

    def __init__(self, rates: ExchangeRates, first: int, horizon: int) -> None:
        self.rates = rates
        self.first = first
        self.horizon = horizon
        self._numbers: dict[int, int] = {}

    def entry(
        self,
        kind: str,
        day: int,
        lines: Sequence[JournalLine],
        *,
        made: int | None = None,
        entity: int | None = None,
        memo: str | None = None,
        external_id: str | None = None,
        currency: str = REPORTING_CURRENCY,
        reversal: int | None = None,
    ) -> Iterator[Entry]:
        """The entry, or nothing if its day is after the export; made at nine o'clock unless said."""
        if day > self.horizon:
            return
        yield Entry(
            self._id(day), kind, min(day + 9 * HOUR if made is None else made, self.horizon), day, currency,
            self.rates.rate(currency, day), lines, entity=entity, memo=memo, reversal=reversal,
            external_id=external_id,
        )  # fmt: skip

    def bill(self, bill: Bill) -> Iterator[Entry]:
        """A bill or a credit note, and the payment if it has been made by the export."""
        rate = self.rates.rate(bill.currency, bill.day)
        lines = [replace(line, base=converted(line.foreign, bill.currency, rate)) for line in bill.lines]
        base = sum(line.base for line in lines)
        entity = vendor_id(bill.vendor)
        yield from self.entry(
            "VendBill" if bill.total >= 0 else "VendCred", bill.day,
            [*lines, JournalLine(PAYABLE, -bill.total, -base)],
            made=bill.made, entity=entity, external_id=bill.id, currency=bill.currency,
        )  # fmt: skip
        if bill.days is None:
            return
        paid_on = bill.day + bill.days * DAY
        paid, owed = bill.total - bill.credit, base - converted(bill.credit, bill.currency, rate)
        worth = converted(paid, bill.currency, self.rates.rate(bill.currency, paid_on))
        lines = [JournalLine(PAYABLE, paid, owed), JournalLine(BANK_ACCOUNT, -paid, -worth)]
        if worth != owed:
            lines.append(JournalLine(REALISED, 0, worth - owed))
        yield from self.entry(
            "VendPymt", paid_on, lines, entity=entity, memo=f"Payment of {bill.id}", currency=bill.currency
        )

    def _id(self, day: int) -> int:
        first, moment = datetime.fromtimestamp(self.first, UTC), datetime.fromtimestamp(day, UTC)
        month = (moment.year - first.year) * 12 + moment.month - first.month
        number = self._numbers[month] = self._numbers.get(month, 0) + 1
        if number >= _IDS_OF_A_MONTH:
            raise ValueError(f"month {month} has more than {_IDS_OF_A_MONTH} entries of costs")
        return _COST_IDS + month * _IDS_OF_A_MONTH + number


def dollars(
    account: Account,
    cents: int,
    tags: Tags = NO_TAGS,
    *,
    entity: int | None = None,
    memo: str | None = None,
) -> JournalLine:
    """A line in US dollars; in a bill of another currency ``cents`` are its minor units."""
    return JournalLine(account, cents, cents, memo, entity, tags=tags)


def last_day(month: int) -> int:
    """The last day of a month given by its first instant."""
    return add_months(month, 1) - DAY
