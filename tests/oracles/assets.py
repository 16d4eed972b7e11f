"""What is capitalised and taken to expense over its life, straight-line by day (definitions 6).

Each asset, and each tranche of one, by itself. Which ledger lines it explains stays out.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from tests.oracles.calendar_months import add_months, next_month
from tests.oracles.cost_mappings import CostPolicy, Target, stop
from tests.oracles.export import Row, read_rows, whole_number
from tests.oracles.ledger_lines import day_or_none
from tests.oracles.policy_tables import plain
from tests.oracles.prefix_rounding import half_away


def months_later(day: date, count: int) -> date:
    """The same day of a later month, or the last one that it has."""
    month = add_months(day.replace(day=1), count)
    return month.replace(day=min(day.day, monthrange(month.year, month.month)[1]))


@dataclass(frozen=True)
class Asset:
    """``cost`` in whole minor units; ``in_service_on`` None is not in use yet."""

    id: str
    name: str | None
    parent_id: str | None
    kind: str
    target: Target
    cost: int
    capitalized_on: date | None
    in_service_on: date | None
    life_months: int
    disposed_on: date | None

    @property
    def first_day(self) -> date | None:
        """From when on anything is known of it."""
        days = [day for day in (self.capitalized_on, self.in_service_on) if day is not None]
        return min(days, default=None)

    def months_until(self, last_month: date) -> Iterator[date]:
        """To that of its disposal, or to the last one."""
        if self.first_day is not None:
            last = (
                last_month if self.disposed_on is None else min(last_month, self.disposed_on.replace(day=1))
            )
            month = self.first_day.replace(day=1)
            while month <= last:
                yield month
                month = next_month(month)

    def is_disposed_before(self, day: date) -> bool:
        return self.disposed_on is not None and self.disposed_on < day

    def cost_before(self, day: date) -> int:
        """What stands in the books at the end of the days before a day."""
        begins = self.capitalized_on or self.in_service_on
        is_there = begins is not None and begins < day and not self.is_disposed_before(day)
        return self.cost if is_there else 0

    def taken_before(self, day: date) -> int:
        """What has been taken to expense in the days before a day."""
        if self.in_service_on is None:
            return 0
        stopped = day if self.disposed_on is None else min(day, self.disposed_on)
        life = (months_later(self.in_service_on, self.life_months) - self.in_service_on).days
        elapsed = min((stopped - self.in_service_on).days, life)
        return half_away(self.cost * elapsed, life) if elapsed > 0 else 0

    def taken_in(self, month: date) -> int:
        return self.taken_before(next_month(month)) - self.taken_before(month)


def read_asset(row: Row, policy: CostPolicy, currency: str, minor_digits: int) -> Asset:
    cost = Fraction(row.get("cost", "0")) * 10**minor_digits
    life = whole_number(row, "useful_life_months") or 0
    if row.get("currency", currency).upper() != currency or cost.denominator != 1 or life <= 0:
        stop(f"asset {row['id']} is of {cost} minor units of {row.get('currency')} over {life} months")
    kind = plain(row.get("kind"))
    return Asset(
        id=row["id"],
        name=row.get("name"),
        parent_id=row.get("parent_asset_id"),
        kind=kind,
        target=policy.asset(row["id"], kind),
        cost=int(cost),
        capitalized_on=day_or_none(row, "capitalized_on"),
        in_service_on=day_or_none(row, "in_service_on"),
        life_months=life,
        disposed_on=day_or_none(row, "disposed_on"),
    )


class Register:
    """All assets of a landing folder."""

    def __init__(self, landing: Path, policy: CostPolicy, currency: str, minor_digits: int) -> None:
        rows = read_rows(landing / "ledger" / "capitalized_asset.csv")
        self.assets = [read_asset(row, policy, currency, minor_digits) for row in rows]

    def taken_in(self, month: date) -> dict[Target, int]:
        sums: dict[Target, int] = defaultdict(int)
        for asset in self.assets:
            sums[asset.target] += asset.taken_in(month)
        return dict(sums)
