"""How the cost of service pools reaches departments: direct, step-down and reciprocal (definitions 7).

One month at a time, in exact fractions, and whole minor units only at the end. What the pools cost and whom
they serve is passed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from tests.oracles.export import OracleError
from tests.oracles.largest_remainder import largest_remainder

DIRECT, STEP_DOWN, RECIPROCAL = METHODS = ("direct", "step_down", "reciprocal")
DEPARTMENT, SERVICE_POOL, UNALLOCATED = "department", "service_pool", "unallocated"

# Its type, its name, and for a department what its people work on.
Receiver = tuple[str, str, str]
NOBODY: Receiver = (UNALLOCATED, UNALLOCATED, "")
Shares = Mapping[Receiver, Fraction]


def pool_receiver(node: str) -> Receiver:
    return SERVICE_POOL, node, ""


@dataclass(frozen=True)
class Service:
    """What a pool gives to whom, by one driver: the first of its rule has rank 1."""

    rank: int
    driver: str
    quantities: Shares

    @property
    def total(self) -> Fraction:
        return sum(self.quantities.values(), Fraction(0))

    @property
    def shares(self) -> dict[Receiver, Fraction]:
        return {receiver: quantity / self.total for receiver, quantity in self.quantities.items()}

    def only(self, reached: Collection[str]) -> Service:
        """To departments, and to those pools that can be reached."""
        return Service(
            self.rank,
            self.driver,
            {
                receiver: quantity
                for receiver, quantity in self.quantities.items()
                if quantity > 0 and (receiver[0] == DEPARTMENT or receiver[1] in reached)
            },
        )


@dataclass(frozen=True)
class Allocation:
    """A share of what a pool cost, on its last way: from another pool or itself to whom it stays with."""

    pool: str
    from_pool: str
    receiver: Receiver
    service: Service | None
    share: Fraction
    amount: int

    @property
    def quantity(self) -> Fraction | None:
        return None if self.service is None else self.service.quantities[self.receiver]


@dataclass(frozen=True)
class ServicePools:
    """The service pools of a month.

    Attributes:
        own: what is posted to each, in whole minor units; 0 where only its people are known.
        services: what each gives, by every driver of its rule in their order.
    """

    method: str
    own: Mapping[str, int]
    services: Mapping[str, Sequence[Service]]

    def deciding(self, pool: str, reached: Collection[str]) -> Service | None:
        """The first driver that reaches anybody."""
        served = (service.only({*reached} - {pool}) for service in self.services[pool])
        return next((service for service in served if service.total > 0), None)

    @cached_property
    def order(self) -> list[str]:
        """For the step-down: who gives most of its service to other pools closes first."""

        def to_pools(pool: str) -> Fraction:
            service = self.deciding(pool, self.own)
            if service is None:
                return Fraction(0)
            shares = service.shares.items()
            return sum((share for receiver, share in shares if receiver[0] == SERVICE_POOL), Fraction(0))

        return sorted(self.own, key=lambda pool: (-to_pools(pool), pool))

    @cached_property
    def decided(self) -> dict[str, Service | None]:
        """By pool, the service by which it is shared out; none where nobody is served."""
        if self.method == DIRECT:
            return {pool: self.deciding(pool, ()) for pool in self.own}
        if self.method == STEP_DOWN:
            return {
                pool: self.deciding(pool, self.order[position + 1 :])
                for position, pool in enumerate(self.order)
            }
        return {pool: self.deciding(pool, self.own) for pool in self.own}

    def shares_of(self, pool: str) -> Shares:
        service = self.decided[pool]
        return {NOBODY: Fraction(1)} if service is None else service.shares

    @cached_property
    def passing(self) -> dict[str, dict[str, Fraction]]:
        """By pool: how much of what it costs passes through every pool, itself first of all."""
        pools = sorted(self.own)
        # One equation a pool: what passes through it is what starts there and what the others give it.
        coefficients = [
            [
                Fraction(int(giver == taker)) - self.shares_of(giver).get(pool_receiver(taker), Fraction(0))
                for giver in pools
            ]
            for taker in pools
        ]
        starts = [[Fraction(int(start == taker)) for start in pools] for taker in pools]
        solved = solve(coefficients, starts)
        return {
            start: {taker: solved[row][column] for row, taker in enumerate(pools)}
            for column, start in enumerate(pools)
        }

    @cached_property
    def totals(self) -> dict[str, Fraction]:
        """What each costs with what it has received."""
        return {
            pool: sum((self.own[start] * self.passing[start][pool] for start in self.own), Fraction(0))
            for pool in self.own
        }

    def allocations(self) -> list[Allocation]:
        """Exact to the unit: first to whom it stays with, then to the ways by which it came there."""
        found: list[Allocation] = []
        for pool in sorted(self.own):
            ways: dict[Receiver, dict[str, Fraction]] = defaultdict(dict)
            for last, passing in self.passing[pool].items():
                for receiver, share in self.shares_of(last).items():
                    if receiver[0] != SERVICE_POOL and passing * share:
                        ways[receiver][last] = passing * share
            whole = {receiver: sum(shares.values(), Fraction(0)) for receiver, shares in ways.items()}
            assert sum(whole.values()) == 1
            for receiver, amount in largest_remainder(self.own[pool], whole).items():
                for last, part in largest_remainder(amount, ways[receiver]).items():
                    share = ways[receiver][last]
                    found.append(Allocation(pool, last, receiver, self.decided[last], share, part))
        return found


def solve(coefficients: list[list[Fraction]], right: list[list[Fraction]]) -> list[list[Fraction]]:
    """The solution of linear equations for several right sides at once, by elimination.

    Raises:
        OracleError: they have none, or more than one.
    """
    rows = [[*row, *sides] for row, sides in zip(coefficients, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = next((row for row in range(column, size) if rows[row][column]), None)
        if pivot is None:
            raise OracleError("service pools serve only each other")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        divisor = rows[column][column]
        rows[column] = [value / divisor for value in rows[column]]
        for row in range(size):
            factor = rows[row][column]
            if row != column and factor:
                rows[row] = [
                    value - factor * other for value, other in zip(rows[row], rows[column], strict=True)
                ]
    return [row[size:] for row in rows]
