"""Reduces a random account on which the project and the oracle differ to a few rows that a person can read.

Building a warehouse is slow and judges hundreds of accounts at once, so that many reductions are tried side
by side in one build. What an account is and how it is judged is passed in; nothing here knows the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.oracles.random_companies import Account

# A row: its table and its position there.
RowPlace = tuple[str, int]
StillDiffer = Callable[[Sequence[Account]], set[int]]

# What is of a row of another table and means nothing without it, by its column; owners come first.
OWNED = (
    ("billing/invoice_line_item", "invoice_id", "billing/invoice"),
    ("billing/charge", "invoice_id", "billing/invoice"),
    ("billing/refund", "charge_id", "billing/charge"),
    ("billing/dispute", "charge_id", "billing/charge"),
    ("billing/credit_note", "invoice_id", "billing/invoice"),
    ("billing/credit_note_line_item", "credit_note_id", "billing/credit_note"),
    ("billing/credit_note_line_item", "invoice_line_item_id", "billing/invoice_line_item"),
)


def row_places(account: Account) -> list[RowPlace]:
    return [(table, position) for table, rows in account.items() for position in range(len(rows))]


def without(account: Account, dropped: Iterable[RowPlace]) -> Account:
    """The account less some rows; what is of a row goes with it, and sums over what is gone are not said."""
    gone = set(dropped)
    reduced = {
        table: [row for position, row in enumerate(rows) if (table, position) not in gone]
        for table, rows in account.items()
    }
    for table, column, owner_table in OWNED:
        known = {row["id"] for row in reduced.get(owner_table, [])}
        rows = reduced.get(table, [])
        reduced[table] = [row for row in rows if row.get(column) is None or row[column] in known]
    lost_lines = lost(account, reduced, "billing/invoice_line_item", "invoice_id")
    lost_movements = lost(account, reduced, "billing/balance_transaction", "payout_id")
    unsaid = {
        "billing/invoice": ("id", lost_lines, "subtotal"),
        "billing/balance_transaction": ("payout_id", lost_movements, "payout_id"),
    }
    for table, (key, owners, column) in unsaid.items():
        reduced[table] = [
            row | {column: None} if row.get(key) in owners else row for row in reduced.get(table, [])
        ]
    return {table: rows for table, rows in reduced.items() if rows}


def lost(account: Account, reduced: Account, table: str, owner: str) -> set[str]:
    """The owners of rows of a table that are gone."""
    kept = {row["id"] for row in reduced.get(table, [])}
    return {row[owner] for row in account.get(table, []) if row["id"] not in kept and row.get(owner)}


def shrink(account: Account, still_differ: StillDiffer, *, rounds: int = 3) -> Account:
    """Drops rows as long as the account still differs.

    Args:
        still_differ: the positions of those accounts, of all that it is given, that still show a difference.
        rounds: how often at most; every round asks ``still_differ`` twice.
    """
    for _ in range(rounds):
        places = row_places(account)
        differing = still_differ([without(account, [place]) for place in places])
        droppable = [places[position] for position in sorted(differing)]
        if not droppable:
            break
        prefixes = [droppable[: count + 1] for count in range(len(droppable))]
        kept_differing = still_differ([without(account, prefix) for prefix in prefixes])
        account = without(account, prefixes[max(kept_differing)])
    return account


def in_halves(still_differ: StillDiffer, refusal: type[Exception]) -> StillDiffer:
    """Judges accounts one of which stops the judgement of all in halves; who stops it alone shows nothing."""

    def still_differ_in_halves(candidates: Sequence[Account]) -> set[int]:
        try:
            return still_differ(candidates)
        except refusal:
            if len(candidates) == 1:
                return set()
        middle = len(candidates) // 2
        later = still_differ_in_halves(candidates[middle:])
        return still_differ_in_halves(candidates[:middle]) | {middle + position for position in later}

    return still_differ_in_halves


def describe(account: Account) -> str:
    """The rows of an account, one per line, with only what is set."""
    lines = []
    for table, rows in sorted(account.items()):
        lines.append(table)
        for row in rows:
            cells = [f"{name}={value}" for name, value in row.items() if value is not None]
            lines.append("    " + " ".join(cells))
    return "\n".join(lines)
