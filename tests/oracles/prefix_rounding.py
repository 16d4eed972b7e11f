"""Whole minor units that are shared out by weights and still add up (definitions 5).

Only the arithmetic: rounding of a ratio of whole numbers, and the shares of an amount. Which amount and what
the weights are is the business of whoever shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise


def half_away(numerator: int, denominator: int) -> int:
    """The whole number nearest to a ratio; a half goes away from zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in proportion to weights in their order: what is due up to each, less what was given before.

    Raises:
        ZeroDivisionError: the weights of an amount that is not 0 add up to 0.
    """
    if amount == 0:
        return [0] * len(weights)
    total = sum(weights)
    due = [half_away(amount * upto, total) for upto in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(due)]
