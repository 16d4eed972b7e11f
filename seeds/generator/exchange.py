"""What currencies were worth: one rate a week and at each month's end, as a treasury would keep them.

Rates are facts of the world that billing (settlement in US dollars) and the ledger (its rate table) both
read. They are whole numbers of 10^-8 US dollars for one major unit. How metrics convert stays the warehouse's
business.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from functools import cached_property

from seeds.generator.moments import DAY, WEEK, add_months
from seeds.generator.money import EXPONENTS, divide_rounded
from seeds.generator.randomness import Stream

REPORTING_CURRENCY = "USD"
RATE_DECIMALS = 8
_SCALE = 10**RATE_DECIMALS

# Start, lower and upper bound, largest weekly step in ten-thousandths. The dinar is pegged to a basket.
_PATHS = {
    "EUR": (106_800_000, 98_000_000, 119_000_000, 90),
    "GBP": (120_900_000, 112_000_000, 137_000_000, 95),
    "JPY": (762_000, 615_000, 790_000, 110),
    "KWD": (326_000_000, 323_000_000, 328_500_000, 8),
}


class ExchangeRates:
    """Rates from the week before ``first`` up to ``last`` (instants), at most seven days apart."""

    def __init__(self, seed: int, first: int, last: int) -> None:
        self._seed = seed
        self._first = first
        self._last = last

    @cached_property
    def days(self) -> list[int]:
        """Effective dates (midnights), ascending: every Monday, every last day of a month, the last day."""
        monday = self._first // DAY * DAY - datetime.fromtimestamp(self._first, UTC).weekday() * DAY - WEEK
        last = self._last // DAY * DAY
        days = set(range(monday, last + 1, WEEK)) | {last}
        month = self._first
        while month <= last:
            days.add(month - DAY)
            month = add_months(month, 1)
        return sorted(days)

    @cached_property
    def by_currency(self) -> dict[str, list[int]]:
        """For each currency but the reporting one the rates on ``days``."""
        return {currency: self._walk(currency) for currency in _PATHS}

    def _walk(self, currency: str) -> list[int]:
        start, lowest, highest, step = _PATHS[currency]
        stream = Stream(self._seed, "exchange rates", currency)
        rates = [start]
        for _ in self.days[1:]:
            moved = rates[-1] + rates[-1] * stream.between(-step, step) // 10_000
            rates.append(min(max(moved, lowest), highest))
        # Five significant digits, as rates are quoted.
        quoted = 10 ** (len(str(start)) - 5)
        return [divide_rounded(rate, quoted) * quoted for rate in rates]

    @cached_property
    def numbers(self) -> dict[tuple[str, int], int]:
        """Every rate that a currency has had, numbered from 0 by the day on which it was first set."""
        numbers = {(REPORTING_CURRENCY, _SCALE): 0}
        for place in range(len(self.days)):
            for currency, path in self.by_currency.items():
                numbers.setdefault((currency, path[place]), len(numbers))
        return numbers

    def rate(self, currency: str, at: int) -> int:
        """10^-8 US dollars for one major unit of the currency, as last set before ``at``."""
        if currency == REPORTING_CURRENCY:
            return _SCALE
        return self.by_currency[currency][max(bisect_right(self.days, at) - 1, 0)]

    def in_reporting_currency(self, amount: int, currency: str, at: int) -> int:
        """Minor units of the currency in US cents."""
        return converted(amount, currency, self.rate(currency, at))


def converted(amount: int, currency: str, rate: int) -> int:
    """Minor units of the currency in US cents at a rate in 10^-8 US dollars for one major unit."""
    scale = EXPONENTS[REPORTING_CURRENCY] - EXPONENTS[currency]
    return divide_rounded(amount * rate * 10 ** max(scale, 0), _SCALE * 10 ** max(-scale, 0))


def converted_back(cents: int, currency: str, rate: int) -> int:
    """US cents in minor units of the currency, at the same kind of rate."""
    scale = EXPONENTS[currency] - EXPONENTS[REPORTING_CURRENCY]
    return divide_rounded(cents * _SCALE * 10 ** max(scale, 0), rate * 10 ** max(-scale, 0))


def as_decimal(rate: int) -> str:
    """A rate as text, without trailing zeros: ``1.0842``."""
    whole, fraction = divmod(rate, _SCALE)
    return f"{whole}.{fraction:0{RATE_DECIMALS}d}".rstrip("0").rstrip(".")
