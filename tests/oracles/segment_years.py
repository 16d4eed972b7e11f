"""Size, share, growth and forecast of segments by calendar year once more (definitions 8).

From the revenue that ``gross_margin.py`` places at accounts and prices, and the ARR of ``mrr.py``. Which
segment a place or a service is in stays there. Growth leaves exact arithmetic only in its last step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property

from tests.oracles.export import to_decimal
from tests.oracles.gross_margin import Margins, Place
from tests.oracles.items import Service
from tests.oracles.mrr import Company, MartRow
from tests.oracles.segments import SEGMENT_TYPES, SegmentFacts

DEFAULT_POLICIES = {"forecast_years": "3"}
ALL, NONE = "all", "none"
CROSSED = (
    ("region", "vertical"),
    ("region", "service_type"),
    ("region", "organization_size"),
    ("vertical", "service_type"),
)
# More digits than a double has, so that what is rounded to a cent does not hang on the last of them.
PRECISE = Context(prec=60)

# A segment type and segment, and what they are crossed with.
Cell = tuple[str, str, str, str]


@dataclass
class CellYear:
    """A segment in a year; revenue in whole minor units."""

    amount: int = 0
    arr: Fraction = Fraction(0)
    accounts: set[str] = field(default_factory=set)


class SegmentYears:
    """All segments of a company in all years in which it earned."""

    def __init__(
        self, company: Company, margins: Margins, facts: SegmentFacts, policies: Mapping[str, str]
    ) -> None:
        self.company = company
        self.margins = margins
        self.facts = facts
        self.years_ahead = int((DEFAULT_POLICIES | dict(policies))["forecast_years"])

    @staticmethod
    def cells(segment_of: Callable[[str], str]) -> list[Cell]:
        """Every cell that something is in, by what its segment of a type is."""
        plain = [(name, segment_of(name), NONE, NONE) for name in SEGMENT_TYPES]
        crossed = [(one, segment_of(one), other, segment_of(other)) for one, other in CROSSED]
        return [(ALL, ALL, NONE, NONE), *plain, *crossed]

    def cells_of_place(self, place: Place, month: date) -> list[Cell]:
        return self.cells(lambda name: self.margins.segment(name, place, month))

    def cells_of_service(self, service: Service, month: date) -> list[Cell]:
        return self.cells(lambda name: self.facts.segments_by(name)(service, month))

    @cached_property
    def found(self) -> dict[Cell, dict[int, CellYear]]:
        """By cell and year, wherever there is revenue or ARR."""
        found: dict[Cell, dict[int, CellYear]] = defaultdict(lambda: defaultdict(CellYear))
        for (month, _), by_place in self.margins.revenue.items():
            for place, amount in by_place.items():
                if amount:
                    for cell in self.cells_of_place(place, month):
                        entry = found[cell][month.year]
                        entry.amount += amount
                        entry.accounts.add(place.account)
        for month in self.company.months:
            is_last = month.month == 12 or month == self.company.months[-1]
            for service in self.company.services_at_close[month] if is_last else []:
                arr = self.company.converted(service.arr, service.currency, month)
                if arr:
                    for cell in self.cells_of_service(service, month):
                        found[cell][month.year].arr += arr
        return found

    @cached_property
    def first_month(self) -> date | None:
        """In which revenue began."""
        months = [month for (month, _), by_place in self.margins.revenue.items() if any(by_place.values())]
        return min(months, default=None)

    def is_complete(self, year: int) -> bool:
        is_over = self.company.calendar.is_complete(date(year, 12, 1))
        return is_over and self.first_month is not None and self.first_month <= date(year, 1, 1)

    @cached_property
    def complete_years(self) -> list[int]:
        return [year for year in self.years if self.is_complete(year)]

    @cached_property
    def years(self) -> list[int]:
        return sorted({month.year for month in self.company.months})

    def growth(self, cell: Cell, year: int) -> Decimal | None:
        """By which factor a segment grew a year from the base year to a complete one after it.

        A segment that has neither revenue nor ARR in a year has no growth into it.
        """
        if not self.complete_years or not self.complete_years[0] < year <= self.complete_years[-1]:
            return None
        by_year, base = self.found[cell], self.complete_years[0]
        if base not in by_year or year not in by_year:
            return None
        start, end = by_year[base].amount, by_year[year].amount
        if start <= 0 or end < 0:
            return None
        if end == 0:
            return Decimal(0)
        power = PRECISE.divide(Decimal(1), Decimal(year - base))
        return PRECISE.power(PRECISE.divide(Decimal(end), Decimal(start)), power)

    def forecast(self, cell: Cell, year: int) -> Decimal | None:
        """In minor units, rounded to a whole one."""
        last = self.complete_years[-1] if self.complete_years else year
        factor = self.growth(cell, last)
        if factor is None or not last < year <= last + self.years_ahead:
            return None
        begins = Decimal(self.found[cell][last].amount)
        exact = PRECISE.multiply(begins, PRECISE.power(factor, year - last))
        return exact.quantize(Decimal(1), rounding="ROUND_HALF_UP", context=PRECISE)

    @cached_property
    def totals(self) -> dict[tuple[str, str, int], int]:
        """By segment type, what it is crossed with, and year: of all its segments."""
        sums: dict[tuple[str, str, int], int] = defaultdict(int)
        for (kind, _, other_kind, _), by_year in self.found.items():
            for year, entry in by_year.items():
                sums[kind, other_kind, year] += entry.amount
        return sums

    def rows(self) -> list[MartRow]:
        """marts.fct_segments_by_year."""
        ahead = range(self.years[-1] + 1, self.years[-1] + self.years_ahead + 1)
        return [
            self.row(cell, year, self.totals[cell[0], cell[2], year])
            for cell in sorted(self.found)
            for year in [*self.years, *ahead]
            if year in self.found[cell] or self.forecast(cell, year) is not None
        ]

    def row(self, cell: Cell, year: int, total: int) -> MartRow:
        kind, segment, other_kind, other = cell
        in_major = self.margins.costs.in_major
        entry = self.found[cell].get(year)
        last = self.complete_years[-1] if self.complete_years else None
        forecast = self.forecast(cell, year)
        growth = self.growth(cell, year if forecast is None or last is None else last)
        return {
            "segment_type": kind,
            "segment": segment,
            "cross_segment_type": other_kind,
            "cross_segment": other,
            "year": year,
            "amount": None if entry is None else in_major(entry.amount),
            "total_amount": None if entry is None else in_major(total),
            "amount_share": None if entry is None or total <= 0 else entry.amount / total,
            "arr_amount": None if entry is None else to_decimal(entry.arr),
            "accounts": None if entry is None else len(entry.accounts),
            "base_year": self.complete_years[0] if self.complete_years else None,
            "cagr_rate": None if growth is None else float(growth - 1),
            "is_complete_year": self.is_complete(year),
            "forecast_amount": None if forecast is None else in_major(int(forecast)),
            "is_forecast": last is not None and year > last,
        }
