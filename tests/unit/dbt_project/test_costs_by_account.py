"""The split of pools over accounts, as SQL, against plain Python on pools that nobody would think of.

Examples that can be read are unit tests of the model. Add a kind of pool here when it is split in another
way.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt_rendering import DATABASE, Project
from tests.oracles.allocation import largest_remainder

MODEL = "int_costs_by_account_month"
SQL = next(model.sql for model in Project("duckdb").models() if model.name == MODEL)
MONTH = date(2024, 1, 1)

# What the model reads, with types.
TABLES = {
    "int_account_cost_pools_by_month": {
        "month": "date",
        "pool": "varchar",
        "bucket": "varchar",
        "followed_bucket": "varchar",
        "margin_line": "varchar",
        "amount_minor": "decimal(20, 0)",
        "driver": "varchar",
        "driver_rank": "integer",
        "driver_total": "decimal(38, 6)",
    },
    "int_cost_drivers_by_account_month": {
        "driver": "varchar",
        "month": "date",
        "account_id": "varchar",
        "quantity": "decimal(38, 6)",
    },
}


class Pool(NamedTuple):
    """An amount in minor units, and the quantity of its driver by account; none is unallocated."""

    amount: int
    quantities: dict[str, Decimal]


def split(pools: Sequence[Pool], chance: random.Random | None = None) -> dict[tuple[str, str], int]:
    """What the model gives by pool and account; input rows in order, or shuffled."""
    pool_rows: list[tuple[Any, ...]] = []
    driver_rows: list[tuple[Any, ...]] = []
    for number, (amount, quantities) in enumerate(pools):
        driver = (f"driver {number}", 1, sum(quantities.values())) if quantities else (None, None, None)
        pool_rows.append((MONTH, f"pool {number}", "support", "support", "subscription", amount, *driver))
        driver_rows += [(driver[0], MONTH, account, quantity) for account, quantity in quantities.items()]
    if chance:
        chance.shuffle(pool_rows)
        chance.shuffle(driver_rows)
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as {DATABASE}")
        connection.execute(f"create schema {DATABASE}.intermediate")
        for (name, columns), rows in zip(TABLES.items(), (pool_rows, driver_rows), strict=True):
            table = f"{DATABASE}.intermediate.{name}"
            connection.execute(f"create table {table} ({', '.join(map(' '.join, columns.items()))})")
            if rows:
                given_rows = pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True)))
                connection.register("given_rows", given_rows)
                connection.execute(f"insert into {table} select * from given_rows")
        found = connection.execute(f"select pool, account_id, amount_minor from ({SQL})").fetchall()
    assert len(found) == len({row[:2] for row in found})
    return {(pool, account): int(amount) for pool, account, amount in found}


def expected(pools: Sequence[Pool]) -> dict[tuple[str, str], int]:
    """The same by the definition."""
    parts: dict[tuple[str, str], int] = {}
    for number, (amount, quantities) in enumerate(pools):
        weights = {account: Fraction(quantity) for account, quantity in quantities.items() if quantity}
        if amount:
            by_account = largest_remainder(amount, weights) if weights else {"unallocated": amount}
            parts |= {(f"pool {number}", account): part for account, part in by_account.items()}
    return parts


AMOUNTS = st.one_of(st.integers(-5, 5), st.integers(-(10**7), 10**7), st.sampled_from([10**11, -(10**11)]))
MILLIONTHS = st.one_of(
    st.sampled_from([0, 1, 10**6, 31 * 10**6]),
    st.integers(0, 10**10),
    # On both sides of what DuckDB holds in 18 digits.
    st.integers(10**18 - 3, 10**18 + 3),
    st.sampled_from([10**23 + 7]),
)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """A pool by a driver of up to thirty accounts: any quantities, one for all, or signed as fees are."""
    accounts = [f"account {number:02}" for number in range(draw(st.integers(0, 30)))]
    kind = draw(st.sampled_from(["any", "equal", "signed"]))
    equal = draw(MILLIONTHS)
    quantities: dict[str, Decimal] = {}
    for account in accounts:
        millionths = equal if kind == "equal" else draw(MILLIONTHS)
        if kind == "signed" and millionths < 10**11:
            millionths *= draw(st.sampled_from([1, 1, -1]))
        quantities[account] = Decimal(millionths).scaleb(-6)
    return Pool(draw(AMOUNTS), quantities if sum(quantities.values()) > 0 else {})


@settings(max_examples=60, deadline=None)
@given(st.lists(pools(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_pool_is_split_as_defined_whatever_it_holds(given_pools: list[Pool], chance: random.Random) -> None:
    found = split(given_pools)
    assert found == expected(given_pools)
    assert split(given_pools, chance) == found
    assert split([Pool(-amount, rest) for amount, rest in given_pools]) == {
        key: -part for key, part in found.items()
    }


def test_cents_of_thousands_of_accounts_find_those_that_come_next() -> None:
    chance = random.Random(388)

    def accounts(quantity: Any) -> dict[str, Decimal]:
        numbers = random.Random(7).sample(range(10**6), 3000)
        return {f"account {number:06}": Decimal(quantity()).scaleb(-6) for number in numbers}

    many = [
        Pool(987654321, accounts(lambda: chance.randrange(10**9))),
        Pool(-1234567, accounts(lambda: chance.randrange(10**9))),
        Pool(7, accounts(lambda: chance.randrange(10**9))),
        # Ties of all, and of many at few remainders.
        Pool(7, accounts(lambda: 10**6)),
        Pool(2999, accounts(lambda: 10**6)),
        Pool(1000, accounts(lambda: chance.randrange(1, 4) * 10**6)),
        # Fees, of which some are given back.
        Pool(55555, accounts(lambda: chance.randrange(-(10**7), 10**9))),
    ]
    found = split(many, chance)
    assert found == expected(many)
    assert [key for key, part in sorted(found.items()) if key[0] == "pool 3" and part] == sorted(
        key for key in found if key[0] == "pool 3"
    )[:7]
