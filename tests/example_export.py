"""The example company's export as rows that a test may change, and the changed export as a landing folder.

Add here how a row is found or changed when several tests need it; which change is made, and what it must
lead to, stays in the test. Rows are found by what they are, not by their ids, and each customer is given out
once, so that what a change does can be told from what the others do. Nothing here imports the project.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.conftest import EXAMPLE_LANDING

Row = dict[str, str]

RECEIVABLE, UNBILLED, CLEARING, PREPAID = "121", "122", "123", "124"
TAX_PAYABLE, DEFERRED = "211", "221"
SHARE_CAPITAL, RETAINED_EARNINGS = "311", "312"
SUBSCRIPTION_REVENUE, USAGE_REVENUE, LICENCE_REVENUE, MAINTENANCE_REVENUE = "411", "412", "415", "416"
REVENUE_OF_STREAM = {
    "subscription": SUBSCRIPTION_REVENUE,
    "usage": USAGE_REVENUE,
    "services": "413",
    "setup": "414",
    "licence": LICENCE_REVENUE,
    "maintenance": MAINTENANCE_REVENUE,
}
CREDITS, DISPUTES = "417", "418"
FEES, BAD_DEBT, TRAVEL, CONTRACTORS = "511", "611", "634", "637"
HOSTING, SALARIES, RENT, UTILITIES = "512", "621", "631", "632"
FIXED_ASSETS, SOFTWARE, ACCUMULATED_DEPRECIATION, PAYABLE = "131", "132", "133", "201"
ACCUMULATED_AMORTISATION, SOFTWARE_AMORTISATION = "134", "638"
BANKS = ("111", "112", "113")
NO_SUCH_ACCOUNT = "999"

CURRENCY_IDS = {"usd": "1", "eur": "4"}
PRIMARY_BOOK = "1"

_SOURCES = ("billing", "crm", "ledger")
# What sales people type differs from billing in the example; its controls say so without stopping anything.
DEALS = ("crm.deal",)
# What deals were before they were as they are.
HISTORY_OF_DEALS = ("crm.deal_stage", "crm.deal_property_history")


@dataclass
class LedgerLine:
    """Both halves of a posting in the primary book: the line with its amount in the entry's currency, and the
    posting with its account and base amount."""

    half: Row
    posting: Row

    @property
    def label(self) -> str:
        return f"ledger.transactionline {self.half['transaction']}/{self.half['id']}"

    @property
    def base(self) -> Decimal:
        return Decimal(self.posting["amount"])

    @base.setter
    def base(self, amount: Decimal) -> None:
        self.posting["amount"] = f"{amount:.2f}"
        self.posting["debit"] = f"{amount:.2f}" if amount > 0 else ""
        self.posting["credit"] = f"{-amount:.2f}" if amount < 0 else ""

    @property
    def foreign(self) -> Decimal:
        return Decimal(self.half["foreignamount"])

    @foreign.setter
    def foreign(self, amount: Decimal) -> None:
        self.half["foreignamount"] = f"{amount:.2f}"

    def shift(self, cents: int) -> None:
        """More debit (or less credit), in the base currency and the entry's alike: of a dollar entry."""
        self.base += Decimal(cents) / 100
        self.foreign += Decimal(cents) / 100


@dataclass
class Entry:
    """A ledger entry with its lines in the primary book."""

    header: Row
    lines: list[LedgerLine]

    @property
    def id(self) -> str:
        return self.header["id"]

    @property
    def label(self) -> str:
        return f"ledger.transaction {self.id}"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(line.label for line in self.lines)

    def line(self, *accounts: str) -> LedgerLine:
        """The first line on one of the accounts."""
        return next(line for line in self.lines if line.posting["account"] in accounts)


@dataclass
class Billed:
    """A paid invoice with its lines, the charge that paid it, and its customer's id."""

    invoice: Row
    lines: list[Row]
    charge: Row

    @property
    def id(self) -> str:
        return self.invoice["id"]

    @property
    def customer(self) -> str:
        return self.invoice["customer_id"]

    @property
    def label(self) -> str:
        return f"billing.invoice {self.id}"

    @property
    def line_labels(self) -> tuple[str, ...]:
        return tuple(f"billing.invoice_line_item {line['id']}" for line in self.lines)

    @property
    def line(self) -> Row:
        (line,) = self.lines
        return line

    @property
    def month(self) -> str:
        return self.invoice["status_transitions_finalized_at"][:7]

    @property
    def is_one_off(self) -> bool:
        """Earned on the day it is billed."""
        return all(line["period_end"] <= line["period_start"] for line in self.lines)

    @property
    def service_days(self) -> int:
        """0 without an end."""
        if not self.line["period_end"]:
            return 0
        start, end = (datetime.fromisoformat(self.line[name]) for name in ("period_start", "period_end"))
        return (end - start).days

    @property
    def is_taxed(self) -> bool:
        return self.invoice["tax"] != "0"


@dataclass(frozen=True)
class Payer:
    """An account that pays: from which day on, in a year by its first month-end, and its card in the CRM."""

    account: str
    company: str | None
    first_paid: date
    first_year: Decimal

    @property
    def label(self) -> str:
        return f"account {self.account} pays"


@dataclass
class Won:
    """A won deal with its company, and the account that it won."""

    deal: Row
    company: Row
    payer: Payer

    @property
    def account(self) -> str:
        return self.payer.account

    @property
    def label(self) -> str:
        return f"crm.deal {self.deal['deal_id']}"

    @property
    def month(self) -> str:
        return self.deal["property_createdate"][:7]

    def win_on(self, day: date) -> None:
        """It was made and won on the day: it has no history."""
        self.deal["property_createdate"] = self.deal["property_closedate"] = f"{day}T12:00:00Z"


@dataclass
class ExampleExport:
    """The tables of a landing folder.

    Attributes:
        source: the folder they are read from.
        customers: those that are given out, or have more to them than invoices and charges.
        months: those in which something was given out.
        every_won: the deals that ``win_every_payer`` made.
    """

    source: Path = EXAMPLE_LANDING
    customers: set[str] = field(default_factory=set)
    months: set[str] = field(default_factory=set)
    _tables: dict[str, list[Row]] = field(default_factory=dict)
    _billed: list[Billed] = field(default_factory=list)
    every_won: list[Won] = field(default_factory=list)

    # ---- rows

    def rows(self, table: str) -> list[Row]:
        """All rows of ``billing.invoice`` or any other table; changing them changes the export."""
        if table not in self._tables:
            with (self.source / f"{table.replace('.', '/')}.csv").open(encoding="utf-8", newline="") as file:
                self._tables[table] = list(csv.DictReader(file))
        return self._tables[table]

    def every(self, table: str, **values: str) -> list[Row]:
        """The rows that have these values."""
        wanted = values.items()
        return [row for row in self.rows(table) if all(row[name] == value for name, value in wanted)]

    def one(self, table: str, **values: str) -> Row:
        """The only row that has these values."""
        (row,) = self.every(table, **values)
        return row

    def add(self, table: str, like: Row, **values: str) -> Row:
        """One more row, like another but for some values."""
        row = {**like, **values}
        self.rows(table).append(row)
        return row

    def remove(self, table: str, *rows: Row) -> None:
        unwanted = {id(row) for row in rows}
        self._tables[table] = [row for row in self.rows(table) if id(row) not in unwanted]

    def write(self, folder: Path, *, without: Iterable[str] = ()) -> Path:
        """Write the tables of all sources as a landing folder, but for some; policies are not copied."""
        left_out = set(without)
        files = [file for source in _SOURCES for file in sorted(self.source.glob(f"{source}/*.csv"))]
        for file in files:
            table = f"{file.parent.name}.{file.stem}"
            path = folder / file.parent.name / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if table in left_out:
                continue
            if table not in self._tables:
                shutil.copyfile(file, path)
                continue
            with path.open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, list(self._tables[table][0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(self._tables[table])
        return folder

    # ---- billing

    def invoice(
        self, is_wanted: Callable[[Billed], bool] = lambda billed: True, *, currency: str = "usd"
    ) -> Billed:
        """The first plain invoice of a customer, and if it can be a month, not given out yet.

        Plain: one line, paid in full by one charge in the month in which it was finalised and its service
        begins, without discounts; and nothing was ever credited, refunded, disputed, void or written off of
        its customer.
        """
        fitting = [
            billed
            for billed in self._plain_invoices()
            if billed.customer not in self.customers
            and billed.invoice["currency"] == currency
            and is_wanted(billed)
        ]
        if not fitting:
            raise LookupError("The example has no such invoice left")
        billed = next((billed for billed in fitting if billed.month not in self.months), fitting[0])
        self.take(billed.customer, billed.month)
        return billed

    def two_invoices_of_a_month(self) -> tuple[Billed, Billed]:
        """Two such invoices of one month, paid with different amounts."""
        one = self.invoice()
        other = self.invoice(
            lambda billed: billed.month == one.month and billed.charge["amount"] != one.charge["amount"]
        )
        return one, other

    def take(self, customer: str, month: str) -> None:
        self.customers.add(customer)
        self.months.add(month)

    def _plain_invoices(self) -> list[Billed]:
        if not self._billed:
            self._exclude_customers_with_more()
            charges: dict[str, list[Row]] = {}
            for charge in self.every("billing.charge", status="succeeded", livemode="true"):
                charges.setdefault(charge["invoice_id"], []).append(charge)
            lines: dict[str, list[Row]] = {}
            for line in self.rows("billing.invoice_line_item"):
                lines.setdefault(line["invoice_id"], []).append(line)
            discounted = {row["invoice_id"] for row in self.rows("billing.discount")}
            billed = [
                Billed(invoice, lines[invoice["id"]], charges[invoice["id"]][0])
                for invoice in self.every("billing.invoice", status="paid", livemode="true")
                if len(charges.get(invoice["id"], [])) == 1 == len(lines.get(invoice["id"], []))
                and invoice["id"] not in discounted
                and invoice["amount_paid"] == invoice["total"] == charges[invoice["id"]][0]["amount"]
            ]
            self._billed = sorted(
                (one for one in billed if len(set(_months_of(one))) == 1),
                key=lambda one: (one.invoice["status_transitions_finalized_at"], one.id),
            )
        return self._billed

    def _exclude_customers_with_more(self) -> None:
        customer_of = {row["id"]: row["customer_id"] for row in self.rows("billing.invoice")}
        invoice_of = {row["id"]: row["invoice_id"] for row in self.rows("billing.charge")}
        reduced = {row["invoice_id"] for row in self.rows("billing.credit_note")}
        for table in ("billing.refund", "billing.dispute"):
            reduced |= {invoice_of[row["charge_id"]] for row in self.rows(table)}
        reduced |= {
            row["id"] for row in self.rows("billing.invoice") if row["status"] in ("void", "uncollectible")
        }
        self.customers |= {customer_of[invoice] for invoice in reduced}

    def movement(self, source: str) -> Row:
        """The movement of the processor's balance that a charge, refund or payout made."""
        return self.one("billing.balance_transaction", source=source)

    # ---- CRM

    def win_every_payer(self, payers: Iterable[Payer]) -> None:
        """In place of all deals one for each account that pays, won on the day and worth what it pays."""
        deal_like = self.every("crm.deal", property_dealtype="newbusiness")[0]
        company_like = self.rows("crm.deal_company")[0]
        for table in (*DEALS, "crm.deal_company"):
            self.remove(table, *self.rows(table))
        for number, payer in enumerate(sorted(payers, key=lambda payer: (payer.first_paid, payer.account))):
            deal_id = str(900_000_000 + number)
            deal = self.add("crm.deal", deal_like, deal_id=deal_id, property_amount=str(payer.first_year))
            deal |= {"deal_pipeline_stage_id": "closedwon", "is_deleted": "false"}
            company = self.add(
                "crm.deal_company",
                company_like,
                deal_id=deal_id,
                company_id=payer.company or self.card(payer),
            )
            won = Won(deal, company, payer)
            won.win_on(payer.first_paid)
            self.every_won.append(won)

    def card(self, payer: Payer | None = None) -> str:
        """The id of a company's card that is new: of an account that pays, or of a company that does not."""
        like = self.rows("crm.company")[0]
        company = self.add("crm.company", dict.fromkeys(like, ""), id=str(910_000_000 + len(self.every_won)))
        company |= {name: like[name] for name in ("property_createdate", "is_deleted", "_fivetran_synced")}
        company["property_stripe_customer_id"] = payer.account if payer else ""
        return company["id"]

    def won(self, is_wanted: Callable[[Won], bool] = lambda won: True) -> Won:
        """The first won deal whose account, and whose month if it can be, was not given out yet."""
        fitting = [won for won in self.every_won if won.account not in self.customers and is_wanted(won)]
        if not fitting:
            raise LookupError("The example has no such deal left")
        found = next((won for won in fitting if won.month not in self.months), fitting[0])
        self.take(found.account, found.month)
        return found

    # ---- ledger

    def entry(self, document: str) -> Entry:
        """The entry of a billing document."""
        return self.entry_of(self.one("ledger.transaction", externalid=document))

    def entry_with_memo(self, memo: str) -> Entry:
        return self.entry_of(self.one("ledger.transaction", memo=memo))

    def first_line(self, account: str, month: str) -> LedgerLine:
        """The first line on an account in the entries dated in a month, ``2024-03``."""
        dates = {row["id"]: row["trandate"] for row in self.rows("ledger.transaction")}
        posting = next(
            row
            for row in self.every("ledger.transactionaccountingline", account=account)
            if row["accountingbook"] == PRIMARY_BOOK and dates[row["transaction"]].startswith(month)
        )
        half = self.one(
            "ledger.transactionline", transaction=posting["transaction"], id=posting["transactionline"]
        )
        return LedgerLine(half, posting)

    def entry_of(self, header: Row) -> Entry:
        """The entry of a row of ``ledger.transaction``."""
        postings = {
            row["transactionline"]: row
            for row in self.every("ledger.transactionaccountingline", transaction=header["id"])
            if row["accountingbook"] == PRIMARY_BOOK
        }
        halves = self.every("ledger.transactionline", transaction=header["id"])
        return Entry(header, [LedgerLine(half, postings[half["id"]]) for half in halves])

    def earned_line(self, account: str = SUBSCRIPTION_REVENUE) -> tuple[LedgerLine, str]:
        """A dollar line of a recognition run, and its customer: both not given out yet."""
        self._plain_invoices()
        customers = {row["id"]: row["externalid"] for row in self.rows("ledger.entity")}
        runs = {
            row["id"]: row["trandate"][:7]
            for row in self.every("ledger.transaction", type="Journal", currency=CURRENCY_IDS["usd"])
            if row["memo"].startswith("Revenue recognition")
        }
        halves = {
            (row["transaction"], row["id"]): row
            for row in self.rows("ledger.transactionline")
            if row["transaction"] in runs and customers[row["entity"]] not in self.customers
        }
        fitting = [
            LedgerLine(halves[posting["transaction"], posting["transactionline"]], posting)
            for posting in self.every("ledger.transactionaccountingline", account=account)
            if (posting["transaction"], posting["transactionline"]) in halves
        ]
        if not fitting:
            raise LookupError("The example has no such line left")
        line = next(
            (line for line in fitting if runs[line.half["transaction"]] not in self.months), fitting[0]
        )
        customer, month = customers[line.half["entity"]], runs[line.half["transaction"]]
        self.take(customer, month)
        return line, customer

    def remove_entry(self, entry: Entry) -> None:
        self.remove("ledger.transaction", entry.header)
        self.remove_lines(*entry.lines)

    def remove_lines(self, *lines: LedgerLine) -> None:
        self.remove("ledger.transactionline", *(line.half for line in lines))
        self.remove("ledger.transactionaccountingline", *(line.posting for line in lines))

    def repeat_entry(self, entry: Entry, new_id: str) -> Entry:
        """The same entry once more, under another id."""
        header = self.add("ledger.transaction", entry.header, id=new_id, transactionnumber=f"X{new_id}")
        lines = [
            LedgerLine(
                self.add("ledger.transactionline", line.half, transaction=new_id),
                self.add("ledger.transactionaccountingline", line.posting, transaction=new_id),
            )
            for line in entry.lines
        ]
        return Entry(header, lines)

    def repeat_line(self, line: LedgerLine, new_id: str) -> LedgerLine:
        """The same line once more, under another id."""
        return LedgerLine(
            self.add("ledger.transactionline", line.half, id=new_id),
            self.add("ledger.transactionaccountingline", line.posting, transactionline=new_id),
        )

    def period_of(self, month: str) -> Row:
        """The accounting period of a month, ``2024-03``."""
        (period,) = (
            row
            for row in self.every("ledger.accountingperiod", startdate=f"{month}-01", isquarter="F")
            if row["isyear"] == "F"
        )
        return period

    def move_to_month(self, entry: Entry, month: str) -> None:
        """Date and post an entry on the first of a month."""
        entry.header.update(trandate=f"{month}-01", postingperiod=self.period_of(month)["id"])


def _months_of(billed: Billed) -> Iterator[str]:
    yield billed.month
    yield billed.invoice["created"][:7]
    yield billed.charge["created"][:7]
    yield billed.line["period_start"][:7]


def next_month(month: str) -> str:
    """``2024-12`` to ``2025-01``."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).isoformat()[:7]


def plus(row: Row, column: str, minor: int) -> None:
    """Raise an amount in minor units."""
    row[column] = str(int(row[column]) + minor)


def day_later(moment: str) -> str:
    """The same time of the next day."""
    day = date.fromisoformat(moment[:10]) + timedelta(days=1)
    return f"{day.isoformat()}{moment[10:]}"


def moved(moment: str) -> str:
    """The same time of day on the second of the next month."""
    return f"{next_month(moment[:7])}-02{moment[10:]}"
