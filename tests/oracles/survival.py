"""Survival once more (definitions 4), from the months in which each account pays, and its likelihood.

An account survives a month when it has paid at every month-end until then. The likelihood is equation (B3) of
Fader and Hardie (2007) as printed, with beta functions. Cohorts in money are in ``cohorts``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import date

from tests.oracles.calendar_months import months_between

# Accounts of the cohorts that were seen so long, and those of them that survived.
Counts = tuple[int, int]


def observed_survival(
    paid: Mapping[Hashable, Iterable[date]], complete_months: Iterable[date]
) -> dict[int, Counts]:
    """Counts by months since the cohort month.

    Args:
        paid: the months at whose end each account pays.
        complete_months: what is observed.
    """
    last = max(complete_months)
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for months in paid.values():
        distances = {months_between(min(months), month) for month in months}
        for distance in range(months_between(min(months), last) + 1):
            counts[distance][0] += 1
            counts[distance][1] += distances >= set(range(distance + 1))
    return {distance: (accounts, left) for distance, (accounts, left) in sorted(counts.items())}


def log_likelihood(
    paid: Mapping[Hashable, Iterable[date]], complete_months: Iterable[date], alpha: float, beta: float
) -> float:
    """Account by account: lost in month t with P(T = t), or seen to survive to the last month with S(t)."""

    def log_beta(first: float, second: float) -> float:
        return math.lgamma(first) + math.lgamma(second) - math.lgamma(first + second)

    last = max(complete_months)
    total = 0.0
    for months in paid.values():
        seen = months_between(min(months), last)
        distances = {months_between(min(months), month) for month in months}
        lost = next((distance for distance in range(seen + 1) if distance not in distances), None)
        if lost is None:
            total += log_beta(alpha, beta + max(seen, 0)) - log_beta(alpha, beta)
        else:
            total += log_beta(alpha + 1, beta + lost - 1) - log_beta(alpha, beta)
    return total
