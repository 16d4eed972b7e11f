"""Allocates overhead: the costs of service pools to the departments that they serve, and to each other's.

Two layers. ``allocate`` is exact, in fractions: which share of a pool's cost ends where, by which last
hop. ``whole_shares`` turns shares into whole minor units. What a pool is, whom it serves and how much is
decided by the models; the methods are those of definitions 7.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple, TypeVar

from orchestration.solvers.errors import SolverError

METHODS = ("direct", "step_down", "reciprocal")

DEPARTMENT = "department"
SERVICE_POOL = "service_pool"
NOWHERE = "unallocated"

# Decimals of quantities, shares and totals in the tables.
QUANTITY_DIGITS = 12
SHARE_DIGITS = 18
TOTAL_DIGITS = 6


class Target(NamedTuple):
    """Where cost ends: the people of one bucket in one department, or nowhere. Ties go to the lowest."""

    target_type: str
    name: str
    bucket: str


UNALLOCATED = Target(NOWHERE, NOWHERE, "")


@dataclass(frozen=True)
class Driver:
    """What a pool's cost follows.

    Attributes:
        rank: 1 for the driver of the rule, 2 and up for its fallbacks.
        name: of the driver.
        departments: quantity by target, whole numbers above 0 in any one unit.
        services: quantity by the other service pools that are served, in the same unit.
    """

    rank: int
    name: str
    departments: Mapping[Target, int] = field(default_factory=dict)
    services: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Of all that are served."""
        return sum(self.departments.values()) + sum(self.services.values())


@dataclass(frozen=True)
class Pool:
    """A service pool.

    Attributes:
        amount: its own cost in whole minor units; negative where more was credited than spent.
        drivers: by rank; a driver that serves nobody is left out.
    """

    name: str
    amount: int
    drivers: Sequence[Driver] = ()


@dataclass(frozen=True)
class Shares:
    """Where one minor unit of a pool ends: whole numerators over one denominator, together the denominator.

    Attributes:
        numerators: by target and last hop, the pool from which the target got it; all above 0.
    """

    denominator: int
    numerators: Mapping[Target, Mapping[str, int]]

    def of(self, target: Target) -> Fraction:
        """The share of a target by all hops."""
        return Fraction(sum(self.numerators.get(target, {}).values()), self.denominator)


@dataclass(frozen=True)
class Allocation:
    """The exact allocation of the pools of one month.

    Attributes:
        drivers: the deciding driver of each pool, of which only what the method lets it reach is kept; None
            where it reaches nobody.
        totals: own cost and what other pools passed on to it.
        shares: of each pool with cost of its own.
    """

    drivers: Mapping[str, Driver | None]
    totals: Mapping[str, Fraction]
    shares: Mapping[str, Shares]

    def amounts(self, amounts: Mapping[str, int]) -> dict[Target, Fraction]:
        """What each target gets of all pools together, exactly, given each pool's own amount."""
        ends: dict[Target, Fraction] = defaultdict(Fraction)
        for name, shares in self.shares.items():
            for target in shares.numerators:
                ends[target] += amounts[name] * shares.of(target)
        return dict(ends)


class ClosedCircle(Exception):
    """Pools that pass their cost on to each other only, so that no allocation exists."""

    def __init__(self, pools: Sequence[str]) -> None:
        super().__init__(", ".join(pools))
        self.pools = pools


def solve(
    rows: Sequence[Mapping[str, Any]], policies: Mapping[str, str]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Allocations and totals of every month in ``int_overhead_flows_by_month``.

    Args:
        rows: per month, pool, driver rank and target: amount_minor (of the pool), driver, target_type,
            target_bucket and quantity > 0; one row without a driver for a pool that serves nobody.
        policies: by key.

    Returns:
        ``overhead_allocations``: a row per month, pool with cost, target and last hop; ``overhead_totals``: a
        row per month and pool.

    Raises:
        SolverError: pools serve each other only.
        ValueError: rows contradict each other.
    """
    method = policies["allocation_method"]
    months: dict[date, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        months[row["month"]].append(row)
    allocations: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    for month in sorted(months):
        pools = read_pools(months[month])
        try:
            allocation = allocate(pools, method)
        except ClosedCircle as circle:
            raise SolverError(
                f"Overhead of {month:%Y-%m} cannot be allocated by policy allocation_method {method!r}: "
                f"{circle} serve only each other, and no department. Give one of them a driver that reaches "
                "people outside of overhead in allocation_rules."
            ) from circle
        key = {"month": month, "method": method}
        for pool in sorted(pools, key=lambda one: one.name):
            total = allocation.totals[pool.name]
            totals.append(
                {
                    **key,
                    "pool": pool.name,
                    "own_amount_minor": pool.amount,
                    "total_amount": _rounded(*total.as_integer_ratio(), TOTAL_DIGITS),
                }
            )
            if pool.amount:
                allocations += _allocation_rows(key, pool, allocation)
    return {"overhead_allocations": allocations, "overhead_totals": totals}


def read_pools(rows: Iterable[Mapping[str, Any]]) -> list[Pool]:
    """The pools of one month; quantities in units of their last decimal.

    Raises:
        ValueError: a pool has two amounts, serves itself, or serves one that is not there, or a quantity is
        not above 0 or given twice.
    """
    amounts: dict[str, int] = {}
    names: dict[tuple[str, int], str] = {}
    departments: dict[tuple[str, int], dict[Target, int]] = defaultdict(dict)
    services: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for row in rows:
        pool, amount = row["pool"], int(row["amount_minor"])
        if amounts.setdefault(pool, amount) != amount:
            raise ValueError(f"pool {pool!r} has the amounts {amounts[pool]} and {amount}")
        if row["driver_rank"] is None:
            continue
        key = (pool, int(row["driver_rank"]))
        if names.setdefault(key, row["driver"]) != row["driver"]:
            raise ValueError(f"pool {pool!r} has {names[key]!r} and {row['driver']!r} as driver {key[1]}")
        target, bucket = row["target"], row["target_bucket"]
        is_pool = row["target_type"] == SERVICE_POOL
        if (is_pool and target in services[key]) or Target(DEPARTMENT, target, bucket) in departments[key]:
            raise ValueError(f"pool {pool!r} names {target!r} twice for {row['driver']!r}")
        quantity = _whole(row["quantity"], QUANTITY_DIGITS)
        if quantity <= 0:
            raise ValueError(f"pool {pool!r} serves {target!r} with {row['driver']!r} {row['quantity']}")
        if is_pool:
            services[key][target] = quantity
        else:
            departments[key][Target(DEPARTMENT, target, bucket)] = quantity
    for (pool, _), served in services.items():
        if pool in served:
            raise ValueError(f"pool {pool!r} serves itself")
        if unknown := sorted(served.keys() - amounts.keys()):
            raise ValueError(f"pool {pool!r} serves {unknown[0]!r}, which is no pool of the month")
    drivers: dict[str, list[Driver]] = defaultdict(list)
    for key in sorted(names):
        drivers[key[0]].append(Driver(key[1], names[key], departments[key], services[key]))
    return [Pool(name, amounts[name], drivers[name]) for name in sorted(amounts)]


def allocate(pools: Sequence[Pool], method: str, order: Sequence[str] | None = None) -> Allocation:
    """The exact allocation of the pools of one month.

    All methods are one: a pool's cost follows the first driver that reaches anybody, and they differ in whom
    a pool may reach. ``direct``: departments; ``step_down``: also the pools that close after it;
    ``reciprocal``: also all other pools. With x the total of each pool, b its own cost and S the shares that
    pools pass on to each other, x = b + S'x is solved exactly.

    Args:
        order: in which pools close, for ``step_down`` only; by default ``closing_order``.

    Raises:
        ClosedCircle: cost reaches pools that serve each other only.
    """
    names = sorted(pool.name for pool in pools)
    if method == "direct":
        reachable = {name: frozenset[str]() for name in names}
    elif method == "step_down":
        closing = closing_order(pools) if order is None else order
        reachable = {name: frozenset(closing[place + 1 :]) for place, name in enumerate(closing)}
    elif method == "reciprocal":
        reachable = {name: frozenset(names) for name in names}
    else:
        raise ValueError(f"{method!r} is no allocation method; known are {', '.join(METHODS)}")
    deciding = {pool.name: deciding_driver(pool, reachable[pool.name]) for pool in pools}
    served = {name: dict(driver.services) if driver else {} for name, driver in deciding.items()}

    solved: dict[frozenset[str], Inverse] = {}
    shares: dict[str, Shares] = {}
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for pool in pools:
        if not pool.amount:
            continue
        reached = frozenset(_reached(pool.name, served))
        if reached not in solved:
            solved[reached] = _inverse(sorted(reached), deciding)
        inverse = solved[reached]
        row = inverse.rows[pool.name]
        for name, passed in row.items():
            total = driver.total if (driver := deciding[name]) else 1
            totals[name] += Fraction(pool.amount * passed * total, inverse.denominator)
        shares[pool.name] = _shares(row, inverse.denominator, deciding)
    return Allocation(deciding, {name: totals[name] for name in names}, shares)


def deciding_driver(pool: Pool, reachable: Set[str]) -> Driver | None:
    """The first driver that serves anybody who may be reached, cut to those; None where none does."""
    for driver in pool.drivers:
        services = {name: quantity for name, quantity in driver.services.items() if name in reachable}
        if driver.departments or services:
            return Driver(driver.rank, driver.name, driver.departments, services)
    return None


def closing_order(pools: Sequence[Pool]) -> list[str]:
    """In which order pools close in ``step_down``: by the share of service given to other pools, the largest
    first, ties to the lowest name.
    """
    names = {pool.name for pool in pools}
    given: dict[str, Fraction] = {}
    for pool in pools:
        driver = deciding_driver(pool, names)
        given[pool.name] = Fraction(sum(driver.services.values()), driver.total) if driver else Fraction(0)
    return sorted(names, key=lambda name: (-given[name], name))


Key = TypeVar("Key", bound=Hashable)


def whole_shares(amount: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """A whole amount split by weights into whole parts that sum to it: the largest remainders get the units
    left over, ties to the lowest key. A negative amount mirrors the positive one.

    Args:
        weights: by key, whole numbers of which none is negative and one is above 0.
    """
    total = sum(weights.values())
    parts: dict[Key, int] = {}
    remainders: list[tuple[int, Any]] = []
    left = abs(amount)
    for key, weight in weights.items():
        parts[key], remainder = divmod(abs(amount) * weight, total)
        left -= parts[key]
        remainders.append((-remainder, key))
    remainders.sort()
    for _, key in remainders[:left]:
        parts[key] += 1
    return parts if amount >= 0 else {key: -part for key, part in parts.items()}


class Inverse(NamedTuple):
    """Of a unit that enters a pool, what passes through each pool, per unit of that pool's driver: rows by
    the pool that it enters, over one denominator.
    """

    denominator: int
    rows: Mapping[str, Mapping[str, int]]


def _inverse(names: Sequence[str], deciding: Mapping[str, Driver | None]) -> Inverse:
    """The inverse of the drivers' matrix D - Q: D has the total of each pool's driver on the diagonal, Q what
    it serves of the others. By elimination in whole numbers (Bareiss), which never grow beyond its minors.

    Pivots are above 0: where every pool reaches a target, D - Q is a non-singular M-matrix, whose leading
    minors all are.
    """
    size = len(names)
    place = {name: number for number, name in enumerate(names)}
    matrix = []
    for name in names:
        driver = deciding[name]
        row = [0] * (2 * size)
        row[place[name]] = driver.total if driver else 1
        if driver:
            for other, quantity in driver.services.items():
                row[place[other]] = -quantity
        row[size + place[name]] = 1
        matrix.append(row)
    if circle := _circle(names, deciding):
        raise ClosedCircle(circle)
    last = 1
    for pivot in range(size):
        top = matrix[pivot]
        lead = top[pivot]
        for number, row in enumerate(matrix):
            if number != pivot:
                factor = row[pivot]
                matrix[number] = [
                    (lead * value - factor * above) // last for value, above in zip(row, top, strict=True)
                ]
        last = lead
    common = gcd(last, *(value for row in matrix for value in row[size:]))
    return Inverse(
        last // common,
        {
            name: {other: value // common for other, value in zip(names, row[size:], strict=True) if value}
            for name, row in zip(names, matrix, strict=True)
        },
    )


def _circle(names: Sequence[str], deciding: Mapping[str, Driver | None]) -> list[str]:
    """The pools from which no target is reached."""
    out = {name for name in names if not (driver := deciding[name]) or driver.departments}
    while True:
        more = {
            name
            for name in names
            if name not in out and (driver := deciding[name]) and out & driver.services.keys()
        }
        if not more:
            return [name for name in names if name not in out]
        out |= more


def _reached(name: str, served: Mapping[str, Mapping[str, int]]) -> set[str]:
    """The pools that cost of one reaches, itself among them."""
    reached, open_ = {name}, [name]
    while open_:
        for other in served[open_.pop()]:
            if other not in reached:
                reached.add(other)
                open_.append(other)
    return reached


def _shares(row: Mapping[str, int], denominator: int, deciding: Mapping[str, Driver | None]) -> Shares:
    numerators: dict[Target, dict[str, int]] = defaultdict(dict)
    for name, passed in row.items():
        driver = deciding[name]
        if driver is None:
            numerators[UNALLOCATED][name] = passed
        else:
            for target, quantity in driver.departments.items():
                numerators[target][name] = passed * quantity
    return Shares(denominator, dict(numerators))


def _allocation_rows(key: Mapping[str, Any], pool: Pool, allocation: Allocation) -> Iterable[dict[str, Any]]:
    shares = allocation.shares[pool.name]
    by_target = whole_shares(
        pool.amount, {target: sum(hops.values()) for target, hops in shares.numerators.items()}
    )
    for target in sorted(by_target):
        hops = shares.numerators[target]
        amounts = whole_shares(by_target[target], hops)
        for name in sorted(hops):
            driver = allocation.drivers[name]
            yield {
                **key,
                "pool": pool.name,
                "from_pool": name,
                "target_type": target.target_type,
                "target": target.name,
                "target_bucket": target.bucket,
                "driver": driver.name if driver else None,
                "driver_rank": driver.rank if driver else None,
                "driver_quantity": _decimal(driver.departments[target], QUANTITY_DIGITS) if driver else None,
                "driver_total": _decimal(driver.total, QUANTITY_DIGITS) if driver else None,
                "share": _rounded(hops[name], shares.denominator, SHARE_DIGITS),
                "amount_minor": amounts[name],
            }


def _whole(quantity: Decimal, digits: int) -> int:
    """A decimal in units of its last digit."""
    whole = Fraction(quantity) * 10**digits
    if whole.denominator != 1:
        raise ValueError(f"{quantity} has more than {digits} decimals")
    return whole.numerator


def _rounded(numerator: int, denominator: int, digits: int) -> Decimal:
    """Half away from zero. Not by decimal arithmetic, whose precision is smaller than the tables'."""
    units = (2 * abs(numerator) * 10**digits + denominator) // (2 * denominator)
    return _decimal(units if numerator >= 0 else -units, digits)


def _decimal(units: int, digits: int) -> Decimal:
    return Decimal(f"{units}E-{digits}")
