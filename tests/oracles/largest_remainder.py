"""Whole units shared out by largest remainder (definitions 7).

Only the arithmetic; who shares what by which weights is the business of the oracle that shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeVar

Key = TypeVar("Key", bound=Any)


def largest_remainder(amount: int, weights: Mapping[Key, Fraction | int]) -> dict[Key, int]:
    """An amount in proportion to weights that add up to more than 0; a negative amount mirrors the positive.

    Everybody has the exact share rounded down. What is left goes, one each, to the largest remainders, and of
    equal ones to the lowest key.
    """
    total = sum(weights.values(), Fraction(0))
    assert total > 0
    exact = {key: abs(amount) * Fraction(weight) / total for key, weight in weights.items()}
    whole = {key: share.numerator // share.denominator for key, share in exact.items()}
    left = abs(amount) - sum(whole.values())
    for key in sorted(exact, key=lambda key: (whole[key] - exact[key], key))[:left]:
        whole[key] += 1
    sign = -1 if amount < 0 else 1
    return {key: sign * units for key, units in whole.items()}
