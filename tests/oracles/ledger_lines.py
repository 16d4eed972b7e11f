"""What the ledger says was spent: its lines on expense accounts, by month (definitions 5 and 6).

Which entries and lines post, in which month, on an account of which type and role, and which entries only
close a year. What a line is spent on is classified elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from tests.oracles.calendar_months import add_months
from tests.oracles.export import OracleError, Row, flag, read_rows, required_instant
from tests.oracles.policy_tables import plain, read_policy_table

# Account types by the names that exports give them.
TYPE_NAMES = {
    "cost of goods sold": "cogs",
    "other expense": "othexpense",
    "other income": "othincome",
}
EXPENSE_TYPES = {"cogs", "expense", "othexpense"}
RESULT_TYPES = {*EXPENSE_TYPES, "income", "othincome"}
SEPARATOR = ":"


def last_part(full_name: str) -> str:
    """A name without those of its parents."""
    return full_name.rsplit(SEPARATOR, maxsplit=1)[-1].strip()


def account_type(text: str) -> str:
    return TYPE_NAMES.get(plain(text), plain(text))


@dataclass(frozen=True)
class LedgerAccount:
    id: str
    number: str
    type: str
    exported_type: str
    name: str
    full_name: str
    role: str

    @property
    def is_expense(self) -> bool:
        return self.type in EXPENSE_TYPES


@dataclass(frozen=True)
class Entry:
    """An entry that posts; ``document_id`` is that of the entry it reverses where it has none itself."""

    id: str
    number: str
    month: date
    day: date
    entity: str | None
    document_id: str | None


@dataclass(frozen=True)
class LedgerLine:
    """A posted line; the amount is positive where it is a debit, in whole minor units."""

    entry: Entry
    id: str
    account: LedgerAccount
    amount: int
    department: str | None
    location: str | None
    class_id: str | None
    own_entity: str | None

    @property
    def entity(self) -> str | None:
        return self.own_entity or self.entry.entity

    @property
    def label(self) -> str:
        return f"line {self.id} of entry {self.entry.number}"


class Names:
    """What stands behind the ids of departments, locations, classes or vendors."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.ids: dict[str, str] = {}
        for column in ("name", "fullname"):
            for key, row in sorted(self.rows.items()):
                if column in row:
                    self.ids.setdefault(plain(row[column]), key)

    def shown(self, value: str | None) -> str | None:
        """The full name, else the name, of an id or a name; what is not known is shown as it is."""
        if value is None:
            return None
        row = self.rows.get(value) or self.rows.get(self.ids.get(plain(value), ""), {})
        return row.get("fullname") or row.get("name") or value

    def matchable(self, value: str | None) -> set[str]:
        """Everything by which a rule may mean it."""
        if value is None:
            return set()
        key = value if value in self.rows else self.ids.get(plain(value), value)
        row = self.rows.get(key, {})
        names = {key, value, row.get("name", ""), row.get("fullname", ""), last_part(row.get("fullname", ""))}
        return {plain(name) for name in names} - {""}


def posts(row: Row) -> bool:
    return flag(row, "posting", absent=True) and not flag(row, "_fivetran_deleted", absent=False)


def day_of(row: Row, column: str) -> date:
    return required_instant(row, column).date()


def day_or_none(row: Row, column: str) -> date | None:
    return day_of(row, column) if column in row else None


class Ledger:
    """The primary book of a landing folder, up to a month."""

    def __init__(self, landing: Path, *, last_month: date, minor_digits: int, primary_book: str) -> None:
        def table(name: str) -> list[dict[str, str]]:
            return read_rows(landing / "ledger" / f"{name}.csv")

        self.minor_digits = minor_digits
        self.primary_book = primary_book
        self.departments = Names(table("department"))
        self.locations = Names(table("location"))
        self.classes = Names(table("classification"))
        self.vendors = Names([*table("vendor"), *table("entity")])
        self.vendor_ids = {row["id"] for row in table("vendor")}
        self.entities = {row["id"]: row for row in table("entity")}
        self.roles = sorted(
            read_policy_table(landing, "account_roles", ["rule"]),
            key=lambda row: (int(row["priority"]), row["rule"]),
        )
        self.accounts = {row["id"]: self.read_account(row) for row in table("account")}
        self.periods = {row["id"]: row for row in table("accountingperiod")}
        self.entries = self.read_entries(table("transaction"), last_month)
        halves = {(row["transaction"], row["id"]): row for row in table("transactionline")}
        self.lines = [
            line
            for row in table("transactionaccountingline")
            if (line := self.read_line(row, halves)) is not None
        ]

    def read_account(self, row: Row) -> LedgerAccount:
        full_name = row.get("fullname", "")
        described = {
            "account_number": plain(row.get("acctnumber")),
            "account_type": plain(row["accttype"]),
            "account_name": plain(last_part(full_name)),
        }
        matching = (
            rule
            for rule in self.roles
            if all(plain(rule.get(name)) in {"", value} for name, value in described.items())
        )
        return LedgerAccount(
            id=row["id"],
            number=row.get("acctnumber", ""),
            type=account_type(row["accttype"]),
            exported_type=plain(row["accttype"]),
            name=last_part(full_name),
            full_name=full_name.strip(),
            role=next(matching, {"role": ""})["role"],
        )

    def month_of(self, row: Row) -> date:
        """Of the posting period; an adjustment belongs to the month in which it ends."""
        period = self.periods.get(row.get("postingperiod", ""))
        day = day_of(row, "trandate")
        if period is not None and not any(
            flag(period, kind, absent=False) for kind in ("isquarter", "isyear")
        ):
            is_adjustment = flag(period, "isadjust", absent=False)
            day = day_of(period, "enddate" if is_adjustment else "startdate")
        return day.replace(day=1)

    def read_entries(self, rows: list[dict[str, str]], last_month: date) -> dict[str, Entry]:
        documents = {row["id"]: row["externalid"] for row in rows if "externalid" in row}
        reversed_by: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if "reversal" in row and row["id"] in documents:
                reversed_by[row["reversal"]].append(documents[row["id"]])
        entries: dict[str, Entry] = {}
        for row in rows:
            if not posts(row) or self.month_of(row) > last_month:
                continue
            elsewhere = min(reversed_by[row["id"]], default=None)
            entries[row["id"]] = Entry(
                id=row["id"],
                number=row.get("transactionnumber", row["id"]),
                month=self.month_of(row),
                day=day_of(row, "trandate"),
                entity=row.get("entity"),
                document_id=documents.get(row["id"]) or documents.get(row.get("reversal", "")) or elsewhere,
            )
        return entries

    def read_line(self, row: Row, halves: Mapping[tuple[str, str], Row]) -> LedgerLine | None:
        is_in_book = row.get("accountingbook", "") in {"", self.primary_book}
        if not (posts(row) and is_in_book and "account" in row and row["transaction"] in self.entries):
            return None
        half = halves.get((row["transaction"], row["transactionline"]), {})
        if flag(half, "_fivetran_deleted", absent=False):
            half = {}
        amount = row.get("amount")
        exact = (
            Fraction(row.get("debit", "0")) - Fraction(row.get("credit", "0"))
            if amount is None
            else Fraction(amount)
        )
        account = self.accounts[row["account"]]
        minor = exact * 10**self.minor_digits
        if minor.denominator != 1 and account.is_expense:
            raise OracleError(f"line {row['transactionline']} of entry {row['transaction']} is too fine")
        return LedgerLine(
            entry=self.entries[row["transaction"]],
            id=row["transactionline"],
            account=account,
            amount=int(minor),
            department=half.get("department"),
            location=half.get("location"),
            class_id=half.get("class"),
            own_entity=half.get("entity"),
        )

    @cached_property
    def closing_entries(self) -> set[str]:
        """Entries that only take results to retained earnings.

        Such an entry has no other lines, moves no account further from nothing, and takes at least half of
        the accounts of the types that it touches against their balance of the twelve months.
        """
        by_entry: dict[str, list[LedgerLine]] = defaultdict(list)
        for line in self.lines:
            by_entry[line.entry.id].append(line)
        touching = {
            entry
            for entry, lines in by_entry.items()
            if any(line.account.role == "retained_earnings" for line in lines)
        }
        closing: set[str] = set()
        for entry in touching:
            lines = by_entry[entry]
            if not all(
                line.account.role == "retained_earnings" or line.account.type in RESULT_TYPES
                for line in lines
            ):
                continue
            month = lines[0].entry.month
            closed = sums_by_account(line for line in lines if line.account.type in RESULT_TYPES)
            types = {self.accounts[account].type for account in closed}
            results = sums_by_account(
                line
                for line in self.lines
                if line.account.type in types
                and line.entry.id not in touching
                and add_months(month, -12) < line.entry.month <= month
            )
            results = {account: amount for account, amount in results.items() if amount}
            moved = {account: closed.get(account, 0) for account in results}
            enlarged = sum(
                account in closed and (moved[account] > 0) == (amount > 0)
                for account, amount in results.items()
            )
            emptied = sum(
                account in closed and (moved[account] > 0) != (amount > 0)
                for account, amount in results.items()
            )
            if results and not enlarged and 2 * emptied >= len(results):
                closing.add(entry)
        return closing

    @cached_property
    def expense_lines(self) -> list[LedgerLine]:
        return [
            line
            for line in self.lines
            if line.account.is_expense and line.entry.id not in self.closing_entries
        ]


def sums_by_account(lines: Iterable[LedgerLine]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.account.id] += line.amount
    return dict(sums)
