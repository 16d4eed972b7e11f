"""Explains what an account cost in a month: every amount down to the lines of the ledger, as a tree.

Add here what helps a person to follow a published cost of revenue. It only reads what is published and
computes nothing but sums, so that each amount can be found again in the tables; what costs are and how they
are allocated is in the models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

# The largest lines show what an amount is made of; all of them can be had with a query.
SHOWN_LINES = 5
# Names that are at least so much alike are offered; 1 is the same, and below 0.8 there is hardly a letter in
# common.
LIKENESS = 0.8
OFFERED_NAMES = 3
UNALLOCATED = "unallocated"
# The method of rows that lead to accounts; those of overhead bear the name of the policy's method.
TO_ACCOUNTS, CLASSIFIED = "proportional", "classified"
FOLLOWS_SUCCESS = "overhead: customer_success"

_INDENT = "  "
_AMOUNT_WIDTH = 14


class ExplainError(Exception):
    """There is nothing to explain; the message is for the person who asked."""


class UnknownName(ExplainError):
    """What was asked for has no such account or bucket."""


@dataclass
class Node:
    """An amount, what it is, and what it is made of.

    Attributes:
        amount: in the reporting currency; None for a heading.
        text: one line.
        made_of: amounts that add up to this one.
        part_of: the larger amount that this one is a part of, which explains it.
    """

    amount: Decimal | None
    text: str
    made_of: list[Node] = field(default_factory=list)
    part_of: list[Node] = field(default_factory=list)


def read_month(text: str) -> date:
    """The first day of a month that somebody wrote as YYYY-MM.

    Raises:
        ValueError: it is no month; the message says how to write one.
    """
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text.strip()):
        year, month = int(found[1]), int(found[2])
        if year and 1 <= month <= 12:
            return date(year, month, 1)
    raise ValueError(f"{text!r} is no month; write YYYY-MM, for example 2025-03")


def explain(
    connection: duckdb.DuckDBPyConnection, account: str, month: date, *, bucket: str | None = None
) -> str:
    """Revenue, margin and every cost of an account in a month, down to the lines of the ledger.

    Args:
        connection: the published version, its schema of marts on the search path.
        account: an account's id or name, or the id of a billing customer or CRM company of it, or
            ``unallocated``.
        month: its first day.
        bucket: only this bucket of costs.

    Returns:
        Lines of text. What stands below a line that ends in a colon adds up to it; below another stands the
        whole that it is a part of.

    Raises:
        UnknownName: no account or bucket of that name.
        ExplainError: this version has no costs of that month.
    """
    published = _Published(connection, month)
    account_id, account_name = published.find_account(account)
    published.check_month()
    if bucket is not None:
        bucket = published.known_bucket(bucket)
    costs = published.costs_of(account_id)
    names = [name for name in costs if bucket in (None, name)]

    title = account_id if account_name is None else f"{account_id} ({account_name})"
    lines = [f"{title} in {month:%Y-%m}, {published.currency}"]
    nodes = [
        _margin(published, account_id, costs),
        *(_bucket(published, name, costs[name]) for name in names),
    ]
    for node in nodes + _pools_of_overhead(published):
        lines += ["", *_lines(node)]
    if not names:
        what = "Nothing" if bucket is None else f"Nothing of {bucket}"
        lines += ["", f"{what} was allocated to it in this month."]
    return "\n".join(lines)


# ---- the tree


def _margin(published: _Published, account_id: str, costs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Node:
    """Revenue less cost of revenue, bucket by bucket."""
    row = published.margin_of(account_id)
    if row is None:
        return Node(None, "Neither revenue nor cost of revenue.")
    made_of = [
        Node(row["subscription_revenue_amount"], "subscription revenue"),
        Node(row["services_revenue_amount"], "services revenue"),
    ]
    made_of += [
        Node(-_sum(rows), f"less {name}") for name, rows in costs.items() if not published.is_expense(name)
    ]
    margin, rate = row["total_margin_amount"], row["total_margin_rate"]
    if margin is None:
        return Node(None, "The margin is not known:", made_of)
    text = "gross margin" + ("" if rate is None else f", {rate:.2%} of revenue")
    return Node(margin, text, _adding_up(margin, made_of))


def _bucket(published: _Published, name: str, rows: Sequence[Mapping[str, Any]]) -> Node:
    text = name
    if published.is_expense(name):
        text += ", an operating expense by the policy customer_success_in_cor"
    return Node(_sum(rows), text, [_pool(published, row) for row in rows])


def _pool(published: _Published, row: Mapping[str, Any]) -> Node:
    """A part of a pool, and all that the pool is made of."""
    pool, bucket = row["pool"], row["bucket"]
    if pool is None:
        return Node(row["allocated_amount"], "of pools not kept: see allocation_account_rows_limit")
    whole = published.pool_amount(pool, bucket)
    followed = pool.partition(": ")[2] if bucket == "overhead" else ""
    if followed:
        made_of = _departments(published, followed)
        text = f"overhead that followed the people of {followed}, by department"
    else:
        made_of = _ledger_accounts(published.cost_lines(pool, bucket))
        text = f"the pool {pool}, as it was posted"
    return Node(
        row["allocated_amount"],
        f"of the pool {pool}, {_driver(row, 'no driver leads to an account')}",
        part_of=[Node(whole, text, _adding_up(whole, made_of))],
    )


def _departments(published: _Published, bucket: str) -> list[Node]:
    """Overhead that followed the people of a bucket: the departments that they work in, and the pools."""
    nodes = []
    reached = published.overhead_of_bucket(bucket)
    for department in dict.fromkeys(row["from_department"] for row in reached):
        rows = [row for row in reached if row["from_department"] == department]
        pools = []
        for row in rows:
            whole = published.overhead_of_department(row["pool"], department)
            part = "" if whole == row["allocated_amount"] else f", of {_money(whole)} for all people there"
            pools.append(Node(row["allocated_amount"], f"from {row['pool']}{part}"))
            published.named_pools.setdefault(row["pool"], {})[department] = None
        nodes.append(Node(_sum(rows), department, pools))
    return nodes


def _pools_of_overhead(published: _Published) -> list[Node]:
    """Every pool of overhead that was named: as what it was posted, and on which ways it came."""
    nodes = []
    for pool, departments in published.named_pools.items():
        posted = published.service_pool_amount(pool)
        ways = [
            Node(
                published.overhead_of_department(pool, department),
                f"to {department}",
                [
                    Node(
                        hop["allocated_amount"],
                        (
                            "directly"
                            if hop["from_department"] == pool
                            else f"through {hop['from_department']}"
                        )
                        + f", {_share(hop['allocated_amount'], posted)} of it"
                        + f", {_driver(hop, 'no driver', of_all=False)}",
                    )
                    for hop in published.hops(pool, department)
                ],
            )
            for department in departments
        ]
        others = posted - sum((way.amount or Decimal(0) for way in ways), Decimal(0))
        if others:
            ways.append(Node(others, "to others"))
        nodes.append(
            Node(
                None,
                f"Overhead of {pool}",
                [
                    Node(
                        posted,
                        "as it was posted",
                        _adding_up(posted, _ledger_accounts(published.overhead_lines(pool))),
                    ),
                    Node(posted, "as it was allocated", ways),
                ],
            )
        )
    return nodes


def _ledger_accounts(lines: Sequence[Mapping[str, Any]]) -> list[Node]:
    """Lines of the ledger by account and rule, the largest first."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for line in lines:
        key = (line["account_number"], line["account_name"], line["rule"], line["why"])
        groups.setdefault(key, []).append(line)
    nodes: list[tuple[Decimal, Node]] = []
    for (number, name, rule, why), rows in groups.items():
        account = " ".join(text for text in (number, name) if text)
        shown = [Node(row["amount"], _line(row)) for row in rows[:SHOWN_LINES]]
        if rest := rows[SHOWN_LINES:]:
            shown.append(Node(_sum(rest, "amount"), f"{len(rest)} other line{'s' if len(rest) > 1 else ''}"))
        total = _sum(rows, "amount")
        reason = f"rule {rule}, {why.rstrip('.')}" if why else f"rule {rule}"
        nodes.append((abs(total), Node(total, f"{account} ({reason})", shown)))
    return [node for _, node in sorted(nodes, key=lambda pair: (-pair[0], pair[1].text))]


def _line(row: Mapping[str, Any]) -> str:
    """One line of the ledger, and which part of it."""
    number = row["transaction_number"] or f"ledger.transaction {row['transaction_id']}"
    texts = [f"{number} of {row['transaction_date']}"]
    texts += [text for text in (row["vendor"], row["department"], row["location"]) if text]
    if row["split_by"] != "none":
        share = _share(row["share_quantity"], row["share_total"])
        texts.append(f"{row['part'] or 'part'} {share} of {_money(row['line_amount'])} by {row['split_by']}")
    return ", ".join(texts)


def _driver(row: Mapping[str, Any], otherwise: str, *, of_all: bool = True) -> str:
    """By what it came; ``of_all`` with the percentage, which says little where only a part came this way."""
    if row["driver"] is None:
        return otherwise
    fallback = ", a fallback" if row["is_fallback"] else ""
    quantity, total = row["driver_quantity"], row["driver_total"]
    if quantity is None or total is None:
        return f"by {row['driver']}{fallback}"
    share = f"{_quantity(quantity)} of {_quantity(total)}"
    if of_all:
        share += f" ({_share(quantity, total)})"
    return f"by {row['driver']}{fallback}: {share}"


def _adding_up(amount: Decimal, nodes: list[Node]) -> list[Node]:
    """The parts of an amount; what they lack is a part of its own, since nothing may be hidden."""
    missing = amount - sum((node.amount for node in nodes if node.amount is not None), Decimal(0))
    return [*nodes, Node(missing, "not explained by what is published")] if missing else nodes


def _lines(node: Node, depth: int = 0) -> list[str]:
    amount = "" if node.amount is None else f"{_money(node.amount):>{_AMOUNT_WIDTH}}" + _INDENT
    colon = ":" if node.made_of and node.amount is not None else ""
    lines = [f"{_INDENT * depth}{amount}{node.text}{colon}"]
    for part in node.made_of:
        lines += _lines(part, depth + 1)
    for whole in node.part_of:
        lines += _lines(whole, depth + 2)
    return lines


# ---- numbers


def _sum(rows: Sequence[Mapping[str, Any]], column: str = "allocated_amount") -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))


def _money(amount: Decimal) -> str:
    """Two decimals, or more where there are more."""
    digits = 2 if amount == round(amount, 2) else 4
    return f"{amount:,.{digits}f}"


def _quantity(quantity: Decimal) -> str:
    text = f"{quantity:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _share(quantity: Decimal, total: Decimal) -> str:
    return f"{100 * quantity / total:.4f} %" if total else "no share"


# ---- what is published


class _Published:
    """Questions to the published tables about one month."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, month: date) -> None:
        self._connection = connection
        self.month = month
        # Pools of overhead that were named, each with the departments that it was named with, in order.
        self.named_pools: dict[str, dict[str, None]] = {}
        policies = {
            row["policy_key"]: row["policy_value"]
            for row in self._rows(
                "select policy_key, policy_value from dim_policies "
                "where policy_key in ('reporting_currency', 'customer_success_in_cor')"
            )
        }
        self.currency = (policies.get("reporting_currency") or "").upper()
        self.is_customer_success_in_cor = policies.get("customer_success_in_cor") == "true"

    def _rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql, list(parameters))
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]

    def is_expense(self, bucket: str) -> bool:
        """Whether accounts bear a bucket that is no cost of revenue."""
        return bucket == "customer_success" and not self.is_customer_success_in_cor

    def find_account(self, text: str) -> tuple[str, str | None]:
        """The account's id and name."""
        if text == UNALLOCATED:
            return UNALLOCATED, None
        for condition in (
            "account_id = ?",
            "list_contains(string_split(billing_customer_ids, ', '), ?) or crm_company_id = ?",
            "lower(account_name) = lower(?)",
        ):
            found = self._rows(
                f"select account_id, account_name from dim_accounts where {condition} order by account_id",
                *[text] * condition.count("?"),
            )
            if len(found) == 1:
                return found[0]["account_id"], found[0]["account_name"]
            if found:
                ids = ", ".join(row["account_id"] for row in found)
                raise UnknownName(f"Several accounts are called {text!r}: {ids}. Give one of these ids.")
        near = self._rows(
            """
            select account_id, account_name
            from dim_accounts
            where
                greatest(
                    jaro_winkler_similarity(lower(account_id), lower($text)),
                    jaro_winkler_similarity(lower(coalesce(account_name, '')), lower($text))
                ) >= $likeness
            order by
                greatest(
                    jaro_winkler_similarity(lower(account_id), lower($text)),
                    jaro_winkler_similarity(lower(coalesce(account_name, '')), lower($text))
                ) desc,
                account_id
            limit $count
            """.replace("$text", "?").replace("$likeness", "?").replace("$count", "?"),
            text, text, LIKENESS, text, text, OFFERED_NAMES,
        )  # fmt: skip
        offered = ", ".join(
            row["account_id"] + (f" ({row['account_name']})" if row["account_name"] else "") for row in near
        )
        hint = f" Did you mean {offered}?" if offered else " dim_accounts lists all of them."
        raise UnknownName(f"There is no account {text!r}.{hint}")

    def check_month(self) -> None:
        """Refuse a month of which the ledger has no costs."""
        if self._rows("select 1 from fct_cost_lines where month = ? limit 1", self.month):
            return
        (row,) = self._rows("select min(month) as first_month, max(month) as last_month from fct_cost_lines")
        if row["first_month"] is None:
            raise ExplainError("This version has no costs: no expense of the ledger was loaded.")
        raise ExplainError(
            f"The ledger has no costs in {self.month:%Y-%m}; it has some from {row['first_month']:%Y-%m} to "
            f"{row['last_month']:%Y-%m}."
        )

    def known_bucket(self, text: str) -> str:
        """The bucket as the tables spell it."""
        buckets = [
            row["bucket"]
            for row in self._rows(
                """
                select bucket from fct_cost_allocations where method = ?
                union
                -- What follows customer success is shown with it.
                select 'customer_success' from fct_cost_allocations where method = ? and pool = ?
                union
                select bucket from fct_cost_of_revenue_by_account_month
                order by bucket
                """,
                TO_ACCOUNTS,
                TO_ACCOUNTS,
                FOLLOWS_SUCCESS,
            )
        ]
        bucket = re.sub(r"[\s-]+", "_", text.strip().lower())
        if bucket not in buckets:
            raise UnknownName(
                f"There is no bucket {text!r} that accounts bear; there are {', '.join(buckets)}."
            )
        return bucket

    def margin_of(self, account_id: str) -> dict[str, Any] | None:
        """Revenue and margin, if there is revenue or a cost."""
        rows = self._rows(
            "select * from fct_gross_margin_by_account_month where account_id = ? and month = ?",
            account_id,
            self.month,
        )
        return rows[0] if rows else None

    def costs_of(self, account_id: str) -> dict[str, list[dict[str, Any]]]:
        """What the account bears of each pool, by bucket, the largest first and what is no cost of revenue
        last. Overhead that follows customer success is as little a cost of revenue as that itself."""
        rows = self._rows(
            """
            select *
            from fct_cost_allocations
            where month = ? and method = ? and target_id = ? and allocated_amount <> 0
            order by abs(allocated_amount) desc, bucket, pool
            """,
            self.month,
            TO_ACCOUNTS,
            account_id,
        )
        if not rows and not self._rows(
            "select 1 from fct_cost_allocations where method = ? limit 1", TO_ACCOUNTS
        ):
            # Allocations to accounts are not kept where they are too many.
            rows = self._rows(
                "select bucket, null as pool, amount as allocated_amount "
                "from fct_cost_of_revenue_by_account_month where month = ? and account_id = ? "
                "order by bucket",
                self.month,
                account_id,
            )
        costs: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            is_of_success = row["pool"] == FOLLOWS_SUCCESS and self.is_expense("customer_success")
            costs.setdefault("customer_success" if is_of_success else row["bucket"], []).append(row)
        return dict(
            sorted(costs.items(), key=lambda item: (self.is_expense(item[0]), -abs(_sum(item[1])), item[0]))
        )

    def _amount(self, sql: str, *parameters: object) -> Decimal:
        (row,) = self._rows(f"select coalesce(sum(allocated_amount), 0) as amount {sql}", *parameters)
        return Decimal(row["amount"])

    def pool_amount(self, pool: str, bucket: str) -> Decimal:
        """What all accounts, and nobody, bear of a pool."""
        return self._amount(
            "from fct_cost_allocations where month = ? and method = ? and pool = ? and bucket = ?",
            self.month,
            TO_ACCOUNTS,
            pool,
            bucket,
        )

    def service_pool_amount(self, pool: str) -> Decimal:
        """What departments, and nobody, bear of a pool of overhead."""
        return self._amount(
            "from fct_cost_allocations where month = ? and method not in (?, ?) and pool = ? "
            "and target_type in ('department', 'unallocated')",
            self.month,
            TO_ACCOUNTS,
            CLASSIFIED,
            pool,
        )

    def overhead_of_department(self, pool: str, department: str) -> Decimal:
        """What all people of a department bear of a pool of overhead."""
        return _sum(self.hops(pool, department))

    def overhead_of_bucket(self, bucket: str) -> list[dict[str, Any]]:
        """Overhead by department and pool that followed the people of a bucket."""
        return self._rows(
            """
            select
                *,
                sum(allocated_amount) over (partition by from_department) as department_amount
            from fct_cost_allocations
            where
                month = ? and method not in (?, ?) and target_type = 'bucket' and target_id = ?
                and allocated_amount <> 0
            order by abs(department_amount) desc, from_department, abs(allocated_amount) desc, pool
            """,
            self.month,
            TO_ACCOUNTS,
            CLASSIFIED,
            bucket,
        )

    def hops(self, pool: str, department: str) -> list[dict[str, Any]]:
        """The ways on which a pool of overhead reached a department, by the last pool on them."""
        return self._rows(
            """
            select *
            from fct_cost_allocations
            where
                month = ? and method not in (?, ?) and pool = ? and target_type = 'department'
                and target_id = ? and allocated_amount <> 0
            order by abs(allocated_amount) desc, from_department
            """,
            self.month,
            TO_ACCOUNTS,
            CLASSIFIED,
            pool,
            department,
        )

    def cost_lines(self, pool: str, bucket: str) -> list[dict[str, Any]]:
        """The lines of the ledger in a pool, the largest first."""
        return self._rows(
            """
            select *
            from fct_cost_lines
            where month = ? and pool = ? and bucket = ? and amount <> 0
            order by abs(amount) desc, transaction_date, transaction_id, transaction_line_id, part
            """,
            self.month,
            pool,
            bucket,
        )

    def overhead_lines(self, pool: str) -> list[dict[str, Any]]:
        """Those of a pool of overhead, which may be one of a location: ``facilities: Leeds``."""
        if lines := self.cost_lines(pool, "overhead"):
            return lines
        name, _, location = pool.partition(": ")
        return [
            line for line in self.cost_lines(name, "overhead") if (line["location"] or "none") == location
        ]
