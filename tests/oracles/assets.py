"""What is capitalised and taken to expense over its life, straight-line by day (definitions 6).

Each asset, and each tranche of one, by itself. Which ledger lines it explains stays out.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
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
    kind: str
    target: Target
    cost: int
    in_service_on: date | None
    life_months: int
    disposed_on: date | None

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
        kind=kind,
        target=policy.asset(row["id"], kind),
        cost=int(cost),
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

    @cached_property
    def first_month(self) -> date | None:
        days = [asset.in_service_on for asset in self.assets if asset.in_service_on is not None]
        return min(days).replace(day=1) if days else None
