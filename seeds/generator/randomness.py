"""Chance and identifiers that depend on names alone.

Every company, payment and rate draws from a stream of its own, seeded from a path of names through SHA-256,
so that adding one company changes no other and a run repeats byte for byte on any machine. Only integer
arithmetic is used. Distributions that only one module needs stay in that module.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_DIGEST_BYTES = 11  # 14 base-62 digits


def _digest(path: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, path)).encode()).digest()[:_DIGEST_BYTES], "big")


class Stream:
    """A source of chance named by a path: equal paths give equal draws, different paths are independent."""

    def __init__(self, *path: object) -> None:
        self._bits = random.Random(_digest(path)).getrandbits

    def below(self, limit: int) -> int:
        """A whole number in ``[0, limit)``; ``limit`` is at least 1."""
        width = limit.bit_length()
        while (drawn := self._bits(width)) >= limit:
            pass
        return drawn

    def between(self, low: int, high: int) -> int:
        """A whole number in ``[low, high]``."""
        return low + self.below(high - low + 1)

    def chance(self, per_thousand: int) -> bool:
        """True in ``per_thousand`` of 1,000 draws."""
        return self.below(1000) < per_thousand

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[int, T]]) -> T:
        """One of the ``(weight, choice)`` pairs' choices, by whole-number weight."""
        drawn = self.below(sum(weight for weight, _ in choices))
        for weight, choice in choices:
            if drawn < weight:
                return choice
            drawn -= weight
        raise AssertionError("weights add up to more than was drawn")


def in_base62(number: int, width: int) -> str:
    """The number's last ``width`` (even) base-62 digits; as text they sort the way numbers do."""
    text = ""
    for _ in range(0, width, 2):
        number, pair = divmod(number, len(_PAIRS))
        text = _PAIRS[pair] + text
    return text


def identifier(prefix: str, *path: object) -> str:
    """An opaque Stripe-like id such as ``cus_8fKq03ZbT1xWcd``, the same for the same path."""
    return f"{prefix}_{in_base62(_digest((prefix, *path)), 14)}"


def dated_identifier(prefix: str, at: int, *path: object) -> str:
    """An id that starts with its object's creation time, as Stripe's newer ids do: text order is time order.

    ``at`` is in seconds since 1970. Newer Stripe ids begin with ``1`` for the same reason these do.
    """
    return f"{prefix}_{in_base62(at, 6)}{in_base62(_digest((prefix, *path)), 8)}"


def number_from(*path: object) -> int:
    """A large whole number, the same for the same path."""
    return _digest(path)


def record_number(*path: object) -> str:
    """A HubSpot-like id: fifteen digits, the same for the same path."""
    digest = hashlib.sha256("/".join(map(str, path)).encode()).digest()
    return str(10**14 + int.from_bytes(digest[:8], "big") % (9 * 10**14))


def line_identifier(invoice_created: int, position: int, *path: object) -> str:
    """An invoice line's id: lines of one invoice sort in the order in which they stand on it."""
    digest = in_base62(_digest(("il", *path, position)), 6)
    return f"il_{in_base62(invoice_created, 6)}{in_base62(position, 2)}{digest}"
