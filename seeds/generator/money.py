"""Whole minor units and the way a payment processor rounds them.

Amounts are integers in the currency's minor unit throughout the generator; unit prices are thousandths of it,
so that a metered price of 0.085 cents needs no fractions. Prices belong in the catalogue, exchange rates in
the ledger writer.
"""

from __future__ import annotations

from collections.abc import Sequence

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD")
EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}

# Card networks take three-decimal currencies only in steps of ten minor units.
_CHARGEABLE_STEPS = {"KWD": 10}

THOUSANDTHS = 1000


def divide_rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number to the quotient, halves away from zero; ``denominator`` is positive."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def chargeable(numerator: int, denominator: int, currency: str) -> int:
    """``numerator / denominator`` minor units as an amount that can be charged in the currency."""
    step = _CHARGEABLE_STEPS.get(currency, 1)
    return divide_rounded(numerator, denominator * step) * step


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount (>= 0) split by weights (>= 0, some > 0), by largest remainder; sums to ``amount``."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    for position in sorted(range(len(weights)), key=lambda k: (-remainders[k], k))[: amount - sum(parts)]:
        parts[position] += 1
    return parts
