"""Allocation once more, by other means (definitions 7): pools are taken out of the graph one by one.

Shares are fractions, amounts whole. Which driver decides and whom a method reaches is left to the caller: a
graph says where each pool's cost goes next.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

# Where a pool's cost goes next: other pools, and targets that keep it. Shares of a pool sum to 1.
Graph = Mapping[str, Mapping[Hashable, Fraction]]
Key = TypeVar("Key", bound=Hashable)


def ends(graph: Graph, origin: str) -> dict[tuple[Hashable, str], Fraction]:
    """Where one unit of a pool ends, by target and the pool that hands it over.

    Raises:
        ZeroDivisionError: it goes round for ever.
    """
    flows: dict[str, dict[Any, Fraction]] = {
        pool: {(to if to in graph else (to, pool)): share for to, share in shares.items() if share}
        for pool, shares in graph.items()
    }
    # Last the origin itself, for what comes back to it.
    for pool in [*(name for name in graph if name != origin), origin]:
        passed_on = flows[pool]
        kept = 1 - passed_on.pop(pool, Fraction(0))
        flows[pool] = passed_on = {to: share / kept for to, share in passed_on.items()}
        for other in flows.values():
            entering = other.pop(pool, Fraction(0)) if other is not passed_on else Fraction(0)
            for to, share in passed_on.items() if entering else ():
                other[to] = other.get(to, Fraction(0)) + entering * share
    return flows[origin]


def after_rounds(graph: Graph, origin: str, rounds: int) -> tuple[dict[Hashable, Fraction], Fraction]:
    """What has arrived at each target after so many rounds of passing on, and what is still under way."""
    arrived: dict[Hashable, Fraction] = {}
    under_way: dict[str, Fraction] = {origin: Fraction(1)}
    for _ in range(rounds):
        following: dict[str, Fraction] = {}
        for pool, amount in under_way.items():
            for to, share in graph[pool].items():
                into: dict[Any, Fraction] = following if to in graph else arrived
                into[to] = into.get(to, Fraction(0)) + amount * share
        under_way = following
    return arrived, sum(under_way.values(), Fraction(0))


def largest_remainder(amount: int, weights: Mapping[Key, int | Fraction]) -> dict[Key, int]:
    """A whole amount in proportion to weights, of which some may be below 0 and the sum is not.

    The units that are left over go to the largest fractions, then to the lowest keys. A negative amount
    mirrors a positive one.
    """
    if amount < 0:
        return {key: -part for key, part in largest_remainder(-amount, weights).items()}
    total = sum(weights.values(), Fraction(0))
    quotas = {key: amount * Fraction(weight) / total for key, weight in weights.items()}
    parts = {key: quota.numerator // quota.denominator for key, quota in quotas.items()}
    left = amount - sum(parts.values())
    ranked = sorted(weights, key=lambda key: (parts[key] - quotas[key], key))
    return {key: parts[key] + (key in ranked[:left]) for key in weights}
