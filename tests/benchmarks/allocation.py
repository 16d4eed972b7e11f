"""What exact cents cost: `python -m tests.benchmarks.allocation`.

Seven buckets over a million accounts of one month, split by the model's own SQL and by a plain share of the
amount without rounding, turn by turn in one process: into a table of a file as a build does, and into memory.
What is printed are ratios, never a verdict; a machine that does other work moves seconds more than processor
time. Add a kind of quantities here when it is split at another cost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb

from tests.dbt_rendering import DATABASE, Project

MODEL = "int_costs_by_account_month"
SCHEMA = f"{DATABASE}.intermediate"

# Bucket, amount in minor units, driver.
POOLS = (
    ("hosting", 123_456_789, "compute_units"),
    ("support", 98_765_432, "handled_minutes"),
    ("services", 55_555_555, "hours"),
    ("cloud_operations", 45_678_901, "compute_units"),
    ("capitalized_software", 33_333_333, "seats"),
    ("third_party_fees", 7_654_321, "processor_fees"),
    ("overhead", -22_222_222, "mrr"),
)

# SQL over account and driver, numbers: all different, as usage is, or alike, as seats are.
QUANTITIES = {
    "different": "hash(account * 10 + number) % 1000000000000 * 0.000001",
    "ten values": "31 * (1 + hash(account * 10 + number) % 10)",
    "equal": "31",
}

# The share of every account as a binary number, with the columns of the model.
PLAIN = f"""
    select
        pools.month,
        pools.pool,
        drivers.account_id,
        pools.bucket,
        pools.followed_bucket,
        pools.margin_line,
        pools.driver,
        drivers.quantity as driver_quantity,
        pools.driver_total,
        cast(pools.amount_minor as double)
        * cast(drivers.quantity as double)
        / cast(pools.driver_total as double) as amount
    from {SCHEMA}.int_account_cost_pools_by_month as pools
    inner join {SCHEMA}.int_cost_drivers_by_account_month as drivers
        on pools.month = drivers.month and pools.driver = drivers.driver
"""


class Cost(NamedTuple):
    """Of one statement."""

    seconds: float
    processor_seconds: float


def connect(file: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(file))
    connection.execute("set enable_progress_bar = false")
    return connection


def write_inputs(connection: duckdb.DuckDBPyConnection, accounts: int, quantity: str) -> None:
    """Pools and drivers of one month, in no order; every account has every driver."""
    drivers = sorted({driver for _, _, driver in POOLS})
    names = ", ".join(f"({number}, '{name}')" for number, name in enumerate(drivers))
    rows = ", ".join(f"('{bucket}', {amount}, '{driver}')" for bucket, amount, driver in POOLS)
    connection.execute(f"create schema {SCHEMA}")
    connection.execute(f"""
        create table {SCHEMA}.int_cost_drivers_by_account_month as
        select
            names.driver,
            date '2024-01-01' as month,
            'cus_' || lpad(cast(accounts.account as varchar), 14, '0') as account_id,
            cast({quantity} as decimal(38, 6)) as quantity
        from range({accounts}) as accounts (account)
        cross join (values {names}) as names (number, driver)
        order by hash(account, number)
    """)
    connection.execute(f"""
        create table {SCHEMA}.int_account_cost_pools_by_month as
        select
            date '2024-01-01' as month,
            pools.bucket as pool,
            pools.bucket,
            pools.bucket as followed_bucket,
            'subscription' as margin_line,
            cast(pools.amount as decimal(20, 0)) as amount_minor,
            pools.driver,
            1 as driver_rank,
            cast(sum(drivers.quantity) as decimal(38, 6)) as driver_total
        from (values {rows}) as pools (bucket, amount, driver)
        inner join {SCHEMA}.int_cost_drivers_by_account_month as drivers on pools.driver = drivers.driver
        group by all
    """)


def model_sql() -> str:
    return next(model.sql for model in Project("duckdb").models() if model.name == MODEL)


def cost(connection: duckdb.DuckDBPyConnection, sql: str, kind: str) -> Cost:
    """Of writing the rows into a new table, ``table`` in the file or ``temp table`` in memory."""
    target = f"{SCHEMA}.split" if kind == "table" else "split"
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    connection.execute(f"create {kind} {target} as {sql}")
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    connection.execute(f"drop table {target}")
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def peak_megabytes(file: Path, sql: str) -> int:
    """Of a process of its own that writes the rows into a table of the file."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_megabytes, (file, sql))


def _peak_megabytes(file: Path, sql: str) -> int:
    with connect(file) as connection:
        cost(connection, sql, "table")
    # Not from getrusage, which goes on counting from what the parent process had.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5, help="of each split, of which the median is shown")
    arguments = parser.parse_args()
    exact = model_sql()
    for name, quantity in QUANTITIES.items():
        with TemporaryDirectory() as folder:
            file = Path(folder) / f"{DATABASE}.duckdb"
            with connect(file) as connection:
                write_inputs(connection, arguments.accounts, quantity)
                print(f"{len(POOLS)} buckets over {arguments.accounts:,} accounts, quantities {name}:")
                for kind, place in (("table", "file"), ("temp table", "memory")):
                    turns = [
                        (cost(connection, exact, kind), cost(connection, PLAIN, kind))
                        for _ in range(arguments.turns)
                    ]
                    seconds = median(one.seconds / other.seconds for one, other in turns)
                    used = median(one.processor_seconds / other.processor_seconds for one, other in turns)
                    print(
                        f"  to {place}: {seconds:.2f} times the seconds, {used:.2f} times the processor time"
                    )
            megabytes = peak_megabytes(file, exact), peak_megabytes(file, PLAIN)
        print(f"  peak memory {megabytes[0]:,} MB, plain {megabytes[1]:,} MB")


if __name__ == "__main__":
    main()
