"""The double-entry journal: balanced entries as NetSuite's three tables, and running sums of what was posted.

An entry has amounts in its own currency and in the base currency, both positive for debits; one that does
not balance in both is refused. Ids are numbers of their own for each company and for each kind of the
vendor's entries, so that none depends on another company. What is posted, and why, is decided in ``postings``
and ``month_end``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seeds.generator.chart import Account
from seeds.generator.exchange import REPORTING_CURRENCY, as_decimal
from seeds.generator.moments import as_date
from seeds.generator.money import EXPONENTS
from seeds.generator.periods import period_id
from seeds.generator.tables import Row, Rows

CURRENCY_IDS = {"USD": 1, "GBP": 2, "EUR": 4, "JPY": 5, "KWD": 9}

_PREFIXES = {
    "CustInvc": "INV", "CustCred": "CM", "CustPymt": "PMT", "CustRfnd": "RFD", "Estimate": "EST",
    "ExpRept": "EXP", "FxReval": "FXR", "Journal": "JE", "TaxPymt": "TAX", "Transfer": "TRF",
    "VendBill": "BILL", "VendCred": "VCM", "VendPymt": "VPMT",
}  # fmt: skip

_PRIMARY_BOOK = 1
# The statutory book of the British branch, in pounds: it repeats the invoices in pounds.
_SECOND_BOOK = 2
_SECOND_BOOK_CURRENCY = "GBP"

# Ids below this are the vendor's own entries; each company has its ten thousand above.
FIRST_COMPANY_ID = 10_000_000
_IDS_OF_A_COMPANY = 10_000


def company_entry_id(company: int, number: int) -> int:
    """The id of a company's entry ``number`` (from 1); a company has fewer than ten thousand."""
    if not 0 < number < _IDS_OF_A_COMPANY:
        raise ValueError(f"company {company} has an entry number {number}")
    return FIRST_COMPANY_ID + company * _IDS_OF_A_COMPANY + number


class Tags(NamedTuple):
    """Ids of the department, location and class of a line."""

    department: int | None = None
    location: int | None = None
    class_: int | None = None


NO_TAGS = Tags()


@dataclass(frozen=True, slots=True)
class JournalLine:
    """Minor units of the entry's currency and US cents, debits positive.

    ``number`` is the line's id within its entry, None: its place.
    """

    account: Account
    foreign: int
    base: int
    memo: str | None = None
    entity: int | None = None
    number: int | None = None
    tags: Tags = NO_TAGS


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry; ``at`` is when it was made, ``day`` (an instant) the day for which it counts.

    ``modified`` is when it was last changed and ``period`` the period of posting; None: when it was made, and
    the month of ``day``.
    """

    id: int
    kind: str
    at: int
    day: int
    currency: str
    rate: int
    lines: Sequence[JournalLine] = ()
    entity: int | None = None
    memo: str | None = None
    reversal: int | None = None
    external_id: str | None = None
    period: int | None = None
    modified: int | None = None
    is_posting: bool = True


class Sums(defaultdict[tuple[int, str, int], list[int]]):
    """What was posted, by account, currency and month's period: minor units of the currency, and US cents."""

    def __init__(self) -> None:
        super().__init__(lambda: [0, 0])


class Journal:
    """Turns entries into rows and adds up what they post in the primary book."""

    def __init__(self) -> None:
        self.sums = Sums()

    def entry(self, entry: Entry, rows: Rows) -> None:
        """Add the rows of an entry with all its lines."""
        if sum(line.foreign for line in entry.lines) or sum(line.base for line in entry.lines):
            raise ValueError(f"entry {entry.id} ({entry.kind} {entry.external_id}) does not balance")
        self.header(entry, rows)
        self.lines(entry, entry.lines, rows)

    def header(self, entry: Entry, rows: Rows) -> None:
        """Add the row of an entry alone: its lines come from elsewhere."""
        number = f"{_PREFIXES[entry.kind]}{entry.id}"
        rows["transaction"].append(
            (
                entry.id, number, entry.kind, as_date(entry.day), _period(entry), _flag(entry.is_posting),
                CURRENCY_IDS[entry.currency], as_decimal(entry.rate), entry.entity, entry.memo,
                entry.reversal, entry.external_id, entry.at,
                entry.at if entry.modified is None else entry.modified,
            )
        )  # fmt: skip

    def lines(self, entry: Entry, lines: Sequence[JournalLine], rows: Rows) -> None:
        """Add lines to an entry whose header comes from elsewhere."""
        period = _period(entry)
        # Entries of an adjustment period close a year: they are no part of what the months posted.
        is_summed = entry.is_posting and entry.period is None
        for place, line in enumerate(lines):
            number = place if line.number is None else line.number
            rows["transactionline"].append(
                (
                    number, entry.id, *line.tags, line.entity, line.memo,
                    as_amount(line.foreign, entry.currency),
                )
            )  # fmt: skip
            accounting = rows["transactionaccountingline"]
            accounting.append(_accounting_row(entry, number, line.account, line.base, _PRIMARY_BOOK))
            if entry.kind == "CustInvc" and entry.currency == _SECOND_BOOK_CURRENCY:
                accounting.append(_accounting_row(entry, number, line.account, line.foreign, _SECOND_BOOK))
            if is_summed:
                posted = self.sums[line.account.id, entry.currency, period]
                posted[0] += line.foreign
                posted[1] += line.base


def _period(entry: Entry) -> int:
    return period_id(entry.day) if entry.period is None else entry.period


def _accounting_row(entry: Entry, number: int, account: Account, amount: int, book: int) -> Row:
    # Both books keep two decimals: those of dollars, and of pounds.
    text = as_amount(abs(amount), REPORTING_CURRENCY)
    return (
        entry.id, number, account.id, text if amount > 0 else None, text if amount < 0 else None,
        as_amount(amount, REPORTING_CURRENCY), _flag(entry.is_posting), book,
    )  # fmt: skip


def _flag(value: bool) -> str:
    return "T" if value else "F"


def as_amount(minor: int, currency: str) -> str:
    """Minor units as the ledger shows them, in major units with the currency's decimals: ``-12.50``."""
    exponent = EXPONENTS[currency]
    whole, fraction = divmod(abs(minor), 10**exponent)
    decimals = f".{fraction:0{exponent}d}" if exponent else ""
    return f"{'-' if minor < 0 else ''}{whole}{decimals}"
