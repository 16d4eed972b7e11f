"""Months as operators, files and partitions name them: ``2024-01``, and stretches of them.

Add here what several modules need to know about naming months. Which months a run is about is decided by
whoever starts it; which months a file or a row is of, by ``raw/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# Stands for the month of rows that no column dates, and of those that have no date.
UNDATED = "undated"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def read_month_name(text: str) -> str:
    """The month that a person wrote as YYYY-MM.

    Raises:
        ValueError: it is written otherwise or not in the calendar.
    """
    if not _MONTH.fullmatch(text) or text.startswith("0000"):
        raise ValueError(f"{text!r} is no month; write YYYY-MM")
    return text


def month_of(day: date) -> str:
    """The month of a day."""
    return f"{day.year:04}-{day.month:02}"


@dataclass(frozen=True)
class MonthRange:
    """The months from ``first`` to ``last``, both included."""

    first: str
    last: str

    def __post_init__(self) -> None:
        read_month_name(self.first)
        read_month_name(self.last)
        if self.last < self.first:
            raise ValueError(f"{self.first} to {self.last} holds no month; the first comes first")

    def __contains__(self, month: object) -> bool:
        return isinstance(month, str) and self.first <= month <= self.last

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def names(self) -> list[str]:
        """Every month, oldest first."""
        year, month = int(self.first[:4]), int(self.first[5:])
        names = [self.first]
        while names[-1] < self.last:
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            names.append(f"{year:04}-{month:02}")
        return names

    @classmethod
    def over(cls, months: Iterable[str]) -> MonthRange | None:
        """The shortest range that holds all these months; None for none."""
        named = sorted(months)
        return cls(named[0], named[-1]) if named else None
