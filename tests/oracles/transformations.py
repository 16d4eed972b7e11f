"""Changes of a whole export of which one can say beforehand what they do to the published tables.

Each is made twice: to the raw rows, and to the rows of a published table. Add a change here together with
what may follow from it. Which changes are published and compared is up to the tests that use them.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracles.mrr import MOVEMENT_TYPES
from tests.oracles.pricing import MINOR_DIGITS
from tests.oracles.random_companies import (
    PREFIX_LENGTH,
    Account,
    is_id,
    packed_tables,
    positions_of,
    random_accounts,
    write_company,
)

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
ChangedTables = dict[str, list[dict[str, Any]]]
Rename = Callable[[str], str]

# More than the roundings to 0.0001 of all items of a company come to.
ROUNDING = Decimal("0.02")
# More than those of all promises of a company to the minor unit of their currency, in such units.
ROUNDING_OF_REVENUE = 300
# A row with one of them is about revenue, or may be.
REVENUE_COLUMNS = {
    "control",
    "forecast_amount",
    "lifetime_revenue_amount",
    "recognized",
    "recognized_amount",
    "total_revenue_amount",
}
MONEY_COLUMNS = {
    "amount",
    "amount_due",
    "amount_off",
    "amount_paid",
    "amount_refunded",
    "amount_remaining",
    "discount_amount",
    "fee",
    "flat_amount",
    "net",
    "subtotal",
    "tax",
    "total",
    "unit_amount",
    "unit_amount_decimal",
}

CRM_ACCOUNT = "crm:"
YEAR_COLUMNS = {"year", "base_year"}

# What goes by other money, or by another calendar.
ELSEWHERE = ("crm/deal", "crm/ticket")

ROLL_FORWARD = {
    "opening",
    "billed",
    "recognized",
    "credited",
    "written_off",
    "closing",
    "deferred_revenue",
    "contract_asset",
}


def with_cells(tables: Tables, change: Callable[[str, str, Any], Any]) -> ChangedTables:
    """The tables with every cell that is set changed, given its table and column."""
    return {
        table: [
            {name: value if value is None else change(table, name, value) for name, value in row.items()}
            for row in rows
        ]
        for table, rows in tables.items()
    }


# The order of rows says nothing.


def shuffled(tables: Tables, seed: str) -> ChangedTables:
    source = random.Random(seed)
    return {
        table: [dict(row) for row in source.sample(list(rows), len(rows))] for table, rows in tables.items()
    }


# Ids only name. Where two rows say different things about the same moment the higher line id wins, where a
# sum cannot be split evenly the lowest item or segment takes what is left, and of customers made at one
# moment that are one account the lowest names it: there their order decides.


def keep_order(name: str) -> str:
    return f"renamed {name}"


def scramble(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:20]


def names_in_another_order(tables: Tables, kept: set[str]) -> Rename:
    """Scrambles ids, but for those of accounts that are to keep their order, given by their prefixes.

    Of two customers that are one account the lower id names it where both were made at one moment: customers
    of an account keep their order among themselves.
    """
    customers: dict[str, set[str]] = defaultdict(set)
    for row in tables["billing/customer"]:
        customers[row["id"][:PREFIX_LENGTH]].add(row["id"])
    names = {
        customer: name
        for ids in customers.values()
        for customer, name in zip(sorted(ids), sorted(map(scramble, ids)), strict=True)
    }

    def rename(name: str) -> str:
        return keep_order(name) if name[:PREFIX_LENGTH] in kept else names.get(name) or scramble(name)

    return rename


def renamed(tables: Tables, rename: Rename) -> ChangedTables:
    """Every id of billing rows renamed, wherever it stands; ids of the ledger stay."""

    def change(table: str, name: str, value: Any) -> Any:
        return rename(value) if is_id(table, name) and not table.startswith("ledger/") else value

    return with_cells(tables, change)


def ids_of(tables: Tables) -> set[str]:
    return {
        value
        for table, rows in tables.items()
        if not table.startswith("ledger/")
        for row in rows
        for name, value in row.items()
        if is_id(table, name) and value is not None
    }


def rows_renamed(rows: Iterable[Row], ids: set[str], rename: Rename) -> list[dict[str, Any]]:
    """Published rows with their ids renamed, also those that are listed or put together in one cell.

    An account that is in the CRM alone is named by its company, after ``crm:``. Of a pair of cards of one
    kind the lower id is left, and the customers of an account are listed in the order of their ids.
    """

    def in_cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        before = CRM_ACCOUNT if value.startswith(CRM_ACCOUNT) else ""
        for separator in (":", ", "):
            parts = value.removeprefix(before).split(separator)
            if all(part in ids for part in parts):
                return before + separator.join(rename(part) for part in parts)
        return value

    def in_row(row: Row) -> dict[str, Any]:
        renamed_row = {name: in_cell(value) for name, value in row.items()}
        if renamed_row.get("billing_customer_ids"):
            renamed_row["billing_customer_ids"] = ", ".join(
                sorted(renamed_row["billing_customer_ids"].split(", "))
            )
        is_of_one_kind = row.get("object_type") in ("company", "contact") and "left_id" in row
        if is_of_one_kind and renamed_row["left_id"] > renamed_row["right_id"]:
            return {_other_side(name): value for name, value in renamed_row.items()}
        return renamed_row

    return [in_row(row) for row in rows]


def _other_side(column: str) -> str:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if column.startswith(side):
            return other + column.removeprefix(side)
    return column


def accounts_with_rival_statements(tables: Tables) -> set[str]:
    """Customers of whom two lines speak from one moment on, so that the order of line ids may decide.

    Both are of one item (of one price where they name none), and of invoices made at one moment. Lines of a
    tiered price that state one period on one invoice are no rivals: they add up.
    """
    invoices = {row["id"]: row for row in tables["billing/invoice"]}
    tiered = {row["id"] for row in tables["billing/price"] if row.get("billing_scheme") == "tiered"}
    statements: dict[tuple[Any, ...], set[tuple[Any, ...]]] = defaultdict(set)
    customers: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in tables["billing/invoice_line_item"]:
        invoice = invoices[row["invoice_id"]]
        price = row.get("price_id") or row.get("plan_id")
        item = row.get("subscription_item_id") or price
        # An item may be billed to two customers that are one account.
        speaks = (item, row.get("period_start"), invoice["created"])
        together = (invoice["id"], price, row.get("period_end"), row["proration"])
        if row["amount"] >= 0:
            statements[speaks].add(together if price in tiered else (row["id"],))
            customers[speaks].add(invoice["customer_id"])
    return {
        customer for speaks, rivals in statements.items() if len(rivals) > 1 for customer in customers[speaks]
    }


# Time runs evenly: over 28 years every date falls on the same weekday, and leap days on leap days.


def in_other_year(value: Any, years: int) -> Any:
    return value.replace(year=value.year + years) if isinstance(value, date | datetime) else value


def shifted(tables: Tables, years: int) -> ChangedTables:
    return with_cells(tables, lambda _table, _name, value: in_other_year(value, years))


def rows_shifted(rows: Iterable[Row], years: int) -> list[dict[str, Any]]:
    """Published rows with their dates and years in other years."""

    def in_column(name: str, value: Any) -> Any:
        is_year = name in YEAR_COLUMNS and value is not None
        return value + years if is_year else in_other_year(value, years)

    return [{name: in_column(name, value) for name, value in row.items()} for row in rows]


# Money has no threshold: of three times the price everything is three times as much, up to its rounding.


def scaled(tables: Tables, factor: int) -> ChangedTables:
    """All money of billing and of marketing times a factor; exchange rates and percentages stay."""

    def change(table: str, name: str, value: Any) -> Any:
        if name not in MONEY_COLUMNS or not table.startswith(("billing/", "crm/marketing_spend")):
            return value
        return value * factor if isinstance(value, int) else str(Decimal(value) * factor)

    return with_cells(tables, change)


def is_named_like_money(column: str) -> bool:
    return column in {"amount", *ROLL_FORWARD} or column.endswith(("_amount", "_amount_in_currency"))


def rows_scaled(rows: Iterable[Row], factor: int) -> list[dict[str, Any]]:
    """Published rows with their amounts times a factor; a control that counts rows says so and stays."""

    def is_money(name: str, row: Row) -> bool:
        return is_named_like_money(name) and "(a count" not in str(row.get("explanation"))

    return [
        {
            name: value * factor if isinstance(value, Decimal) and is_money(name, row) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def accounts_that_move_by_rounding(marts: Mapping[str, Sequence[Row]]) -> set[str]:
    """Accounts a change of which is nothing but rounding: the share of an item in what a coupon takes off was
    rounded, then moved to an item whose share is rounded otherwise. In another scale it may be no change.
    """
    amounts = [f"{name}_amount" for name in MOVEMENT_TYPES]
    changes = {
        "fct_mrr_by_account_month": amounts,
        "fct_mrr_by_account_currency_month": [f"{name}_in_currency" for name in amounts],
        "fct_mrr_events": ["change_amount_in_currency"],
    }
    moved = {
        row["account_id"]
        for table, columns in changes.items()
        for row in marts[table]
        if any(0 < abs(row[column]) <= ROUNDING for column in columns)
    }
    # Whose year in a plan is the smallest unit of money does not count there where that is rounded away.
    return moved | {
        row["segment"]
        for row in marts["fct_segments_by_year"]
        if row["segment_type"] == "plan" and 0 < abs(row["amount"]) <= ROUNDING
    }


def raised_company(seed: str, count: int, folder: Path) -> Account:
    """Random accounts as one export, with amounts so large that rounding is little beside any of them.

    Left out are those that move by rounding alone, be it in this scale or in three times it; and deals, whose
    money is not that of billing, and tickets, which wait on holidays of certain years.
    """
    accounts = [
        {table: rows for table, rows in scaled(account, 100).items() if not table.startswith(ELSEWHERE)}
        for account in random_accounts(seed, count)
    ]
    left_out: set[int] = set()
    for factor in (1, 3):
        packed = scaled(packed_tables(accounts, {}), factor)
        moved = accounts_that_move_by_rounding(write_company(packed, folder / f"times {factor}").expected())
        left_out |= positions_of(moved)
    return packed_tables(
        [{} if position in left_out else account for position, account in enumerate(accounts)], {}
    )


# What differs. Rows are matched by everything in them that is no amount and no rate.


def is_measured(value: Any) -> bool:
    return isinstance(value, Decimal | float)


def label_of(row: Row) -> tuple[tuple[str, str], ...]:
    """Keys, classes, counts and what is NULL: everything that a change of scale leaves as it is."""
    return tuple((name, "" if is_measured(value) else repr(value)) for name, value in sorted(row.items()))


def is_same(name: str, one: Row, other: Row) -> bool:
    return bool(one[name] == other[name])


def rounding_of(name: str, row: Row) -> Decimal:
    """What the roundings in an amount come to.

    Revenue is rounded to the minor unit of its currency, promise by promise, and so is what controls say.
    """
    if not REVENUE_COLUMNS & row.keys():
        return ROUNDING
    is_reporting = name.endswith("_reporting_amount") or "currency_code" not in row
    currency = "USD" if is_reporting else row["currency_code"]
    return Decimal(ROUNDING_OF_REVENUE).scaleb(-MINOR_DIGITS[currency])


def is_close_in_scale(name: str, one: Row, other: Row) -> bool:
    """Whether two values are one but for the rounding of each item to 0.0001, or of revenue to minor units.

    A scaled amount differs by little more than that per item, and a rate by as much beside the smallest
    amount of its row, where both its sides stand. Exchange rates are not scaled at all.
    """
    if isinstance(one[name], float):
        amounts = [abs(value) for row in (one, other) for value in row.values() if isinstance(value, Decimal)]
        rounding = rounding_of(name, one)
        tolerance = float(rounding / min((amount for amount in amounts if amount), default=rounding))
        return math.isclose(one[name], other[name], rel_tol=tolerance, abs_tol=tolerance)
    if name == "exchange_rate":
        return is_same(name, one, other)
    return bool(abs(one[name] - other[name]) <= rounding_of(name, one))


def unequal(
    published: Iterable[Row],
    expected: Iterable[Row],
    is_close: Callable[[str, Row, Row], bool] = is_same,
) -> list[str]:
    """Every row that only one side has, and every amount or rate that is not close, as text."""
    found: list[str] = []
    by_label: dict[tuple[Any, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((published, expected)):
        for row in rows:
            by_label[label_of(row)][side].append(row)
    for ours, theirs in by_label.values():
        if len(ours) != len(theirs):
            if is_close is not is_same and all(
                abs(row[name]) <= rounding_of(name, row)
                for row in (*ours, *theirs)
                for name in row
                if is_measured(row[name])
            ):
                # A table that leaves out what is 0 has a row for a last digit, or has none.
                continue
            found.append(f"{len(ours)} published, {len(theirs)} expected: {(ours or theirs)[0]}")
            continue
        for one, other in zip(sorted(ours, key=measures), sorted(theirs, key=measures), strict=True):
            found += [
                f"{name}: published {one[name]}, expected {other[name]}: {one}"
                for name in one
                if is_measured(one[name]) and not is_close(name, one, other)
            ]
    return found


def measures(row: Row) -> list[float]:
    return [float(value) for _, value in sorted(row.items()) if is_measured(value)]
