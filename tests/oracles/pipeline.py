"""Deals once more (definitions 8): where each stood at a month-end, what it was worth, how fast it was won.

Every deal is asked where it stands at an instant; what became of it in a month is told from two of those.
Leads are in ``funnel.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from tests.oracles.calendar_months import first_instant
from tests.oracles.crm import Crm
from tests.oracles.export import (
    Row,
    exact_number,
    flag,
    instant,
    required_instant,
    round_half_away,
    to_decimal,
)
from tests.oracles.mrr import MartRow
from tests.oracles.rates import Rates
from tests.oracles.ratios import rate

ONE_DAY = timedelta(days=1)
NOTHING = Fraction(0)
OPEN, WON, LOST = "open", "won", "lost"

Value = TypeVar("Value")

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
AMOUNT = re.compile(r"-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?")


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline; ``probability`` is None where it is no chance."""

    id: str
    name: str
    order: int | None
    probability: Fraction | None
    state: str


@dataclass(frozen=True)
class Deal:
    """A deal with the stages that it entered, and the values of what may change, in the order of time."""

    id: str
    created: datetime | None
    stages: list[tuple[datetime, Stage]]
    amounts: list[tuple[datetime | None, Fraction | None]]
    closes: list[tuple[datetime | None, date | None]]

    def stage_at(self, close: datetime) -> Stage | None:
        """Just before an instant."""
        return next((stage for entered, stage in reversed(self.stages) if entered < close), None)

    def stage_before_close(self, close: datetime) -> Stage:
        """From which it was won or lost; the stage in which it stands where it was in no open one before."""
        before = [stage for entered, stage in self.stages if entered < close]
        earlier = next((stage for stage in reversed(before) if stage.state != before[-1].state), before[-1])
        return earlier if earlier.state == OPEN else before[-1]

    def closed_at(self, close: datetime) -> datetime:
        """When it entered the state in which it stands, for the last time."""
        before = [(entered, stage.state) for entered, stage in self.stages if entered < close]
        since = before[-1][0]
        for entered, state in reversed(before):
            if state != before[-1][1]:
                break
            since = entered
        return since

    def amount_at(self, close: datetime) -> Fraction | None:
        return value_at(self.amounts, close)

    def close_date_at(self, moment: datetime) -> date | None:
        return value_at(self.closes, moment)

    @property
    def began(self) -> datetime:
        first = self.stages[0][0]
        return first if self.created is None else min(first, self.created)


def value_at(values: list[tuple[datetime | None, Value | None]], close: datetime) -> Value | None:
    """Just before an instant; what has no beginning has always been so."""
    return next((value for since, value in reversed(values) if since is None or since < close), None)


def typed_amount(text: str, currency: str) -> Fraction | None:
    """As people type it, in 4 decimals: digits, perhaps in threes, and the currency before or behind them."""
    plain = text.upper()
    for name in (currency, SIGNS.get(currency, currency)):
        plain = plain.replace(name, "")
    match = AMOUNT.fullmatch(plain.strip())
    amount = None if match is None else Fraction(match[0].replace(",", ""))
    return None if amount is None or abs(amount) >= 10**14 else round_half_away(amount, 4)


class Pipeline:
    """All deals that were not deleted, month by month from the first stage that any entered."""

    def __init__(self, crm: Crm, rates: Rates, policies: Mapping[str, str]) -> None:
        self.crm = crm
        self.rates = rates
        self.currency = (policies.get("crm_currency") or rates.reporting_currency).upper()

    # What is read.

    @cached_property
    def stages(self) -> dict[str, Stage]:
        return {row["stage_id"]: self.read_stage(row) for row in self.crm.rows("deal_pipeline_stage")}

    def read_stage(self, row: Row) -> Stage:
        probability = exact_number(row, "probability")
        if probability is not None and not 0 <= probability <= 1:
            probability = None
        is_won = flag(row, "closed_won", absent=False)
        is_closed = is_won or flag(row, "is_closed", absent=False)
        return Stage(
            id=row["stage_id"],
            name=row.get("label", "").strip() or row["stage_id"],
            order=int(row["display_order"]) if "display_order" in row else None,
            probability=probability,
            state=WON if is_won else LOST if is_closed else OPEN,
        )

    def is_seen(self, moment: datetime | None) -> bool:
        return moment is None or self.crm.is_seen(self.crm.calendar.local_date(moment))

    @cached_property
    def entered(self) -> dict[str, list[tuple[datetime, Stage]]]:
        """By deal; of two stages entered at once the one further on is the later.

        Where a deal stands it does not enter once more.
        """
        found: dict[str, list[tuple[datetime, Stage]]] = defaultdict(list)
        for row in self.crm.rows("deal_stage"):
            entered = required_instant(row, "date_entered")
            if row["value"] in self.stages and self.is_seen(entered):
                found[row["deal_id"]].append((entered, self.stages[row["value"]]))
        stays: dict[str, list[tuple[datetime, Stage]]] = defaultdict(list)
        for deal, entries in found.items():
            for entry in sorted(entries, key=lambda entry: (entry[0], entry[1].order or 0, entry[1].id)):
                if not stays[deal] or stays[deal][-1][1] != entry[1]:
                    stays[deal].append(entry)
        return stays

    @cached_property
    def deals_with_history(self) -> set[str]:
        """Of stages that there are, seen by now or not."""
        return {row["deal_id"] for row in self.crm.rows("deal_stage") if row["value"] in self.stages}

    def values(
        self, deal: Row, name: str, read: Callable[[str], Value | None]
    ) -> list[tuple[datetime | None, Value | None]]:
        """What cannot be read changes nothing; what was emptied is none from then on."""
        values: list[tuple[datetime | None, Value | None]] = []
        for since, text in self.histories[name].get(deal["deal_id"], []):
            value = None if text is None else read(text)
            if text is None or value is not None:
                values.append((since, value))
        card = deal.get(f"property_{name}")
        return values or [(None, None if card is None else read(card))]

    @cached_property
    def histories(self) -> dict[str, dict[str, list[tuple[datetime, str | None]]]]:
        return {
            name: self.crm.history("deal_property_history", "deal_id", name)
            for name in ("amount", "closedate")
        }

    def amount(self, text: str) -> Fraction | None:
        return typed_amount(text, self.currency)

    def local_day(self, text: str) -> date | None:
        moment = instant({"value": text}, "value")
        return None if moment is None else self.crm.calendar.local_date(moment)

    @cached_property
    def deals(self) -> list[Deal]:
        """Those that ever stood in a stage."""
        found = []
        for row in self.crm.kept("deal"):
            created = instant(row, "property_createdate")
            stages = self.entered.get(row["deal_id"], [])
            now = self.stages.get(row.get("deal_pipeline_stage_id", ""))
            if row["deal_id"] not in self.deals_with_history and now and created and self.is_seen(created):
                stages = [(created, now)]
            if stages:
                found.append(
                    Deal(
                        id=row["deal_id"],
                        created=created,
                        stages=stages,
                        amounts=self.values(row, "amount", self.amount),
                        closes=self.values(row, "closedate", self.local_day),
                    )
                )
        return found

    # Months.

    @cached_property
    def months(self) -> list[date]:
        days = [self.crm.calendar.local_date(deal.stages[0][0]) for deal in self.deals]
        return self.crm.months_from(min(days)) if days else []

    def worth(self, deal: Deal, month: date) -> Fraction | None:
        """At a month-end, in the reporting currency."""
        amount = deal.amount_at(self.crm.calendar.close_of(month))
        factor = self.rates.known_rate(self.currency, self.crm.calendar.rate_day(month))
        return None if amount is None or factor is None else round_half_away(amount * factor, 4)

    def stage_rows(self) -> list[MartRow]:
        """marts.fct_pipeline_by_month."""
        rows: list[MartRow] = []
        for month in self.months:
            sums: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
            for deal in self.deals:
                self.add(deal, month, sums)
            rows += [
                {
                    "month": month,
                    "stage": stage,
                    **{name: int(of_stage[name]) for name in COUNTS},
                    **{name: to_decimal(of_stage[name]) for name in AMOUNTS},
                    "is_complete_month": self.crm.calendar.is_complete(month),
                }
                for stage, of_stage in sorted(sums.items())
            ]
        return rows

    def add(self, deal: Deal, month: date, sums: dict[str, dict[str, Fraction]]) -> None:
        """What one deal adds to the stages of a month."""
        opening, close = first_instant(month, self.crm.calendar.zone), self.crm.calendar.close_of(month)
        passed = {stage.name for entered, stage in deal.stages if opening <= entered < close}
        for name in passed:
            sums[name]["entered_deals"] += 1
        before, after = deal.stage_at(opening), deal.stage_at(close)
        if after is None:
            return
        amount = self.worth(deal, month)
        was = None if before is None else before.state
        if after.state == OPEN:
            found = sums[after.name]
            found["deals"] += 1
            found["amount"] += amount or NOTHING
            found["unvalued_deals"] += amount is None
            if amount is not None and after.probability is None:
                found["unweighted_deals"] += 1
            found["weighted_amount"] += round_half_away(
                (amount or NOTHING) * (after.probability or NOTHING), 4
            )
            found["reopened_deals"] += was in {WON, LOST}
            expected = deal.close_date_at(opening)
            if was == OPEN and expected is not None:
                # A day that has not come yet may still be kept.
                found["slipped_deals"] += month <= expected < self.crm.calendar.local_date(close)
        elif was != after.state:
            found = sums[deal.stage_before_close(close).name]
            # What was won or lost before must have been open again, if not at a month-end.
            found["reopened_deals"] += was in {WON, LOST}
            found[f"{after.state}_deals"] += 1
            found[f"{after.state}_amount"] += amount or NOTHING
        else:
            return
        if before is None:
            found["created_deals"] += 1

    def velocity_rows(self) -> list[MartRow]:
        """marts.fct_sales_velocity_by_month."""
        return [self.velocity(month) for month in self.months]

    def velocity(self, month: date) -> MartRow:
        opening, close = first_instant(month, self.crm.calendar.zone), self.crm.calendar.close_of(month)
        closed: dict[str, list[Deal]] = {WON: [], LOST: []}
        open_deals = 0
        for deal in self.deals:
            before, after = deal.stage_at(opening), deal.stage_at(close)
            if after is None:
                continue
            if after.state == OPEN:
                open_deals += 1
            elif before is None or before.state != after.state:
                closed[after.state].append(deal)
        won, lost = len(closed[WON]), len(closed[LOST])
        values = [value for deal in closed[WON] if (value := self.worth(deal, month)) is not None]
        day = self.crm.calendar.local_date
        days = sum((day(deal.closed_at(close)) - day(deal.began)) // ONE_DAY for deal in closed[WON])
        worked, amount = open_deals + won + lost, sum(values, NOTHING)
        velocity = None
        if values and days > 0:
            velocity = worked * Fraction(won, won + lost) * (amount / len(values)) / Fraction(days, won)
        return {
            "month": month,
            "worked_deals": worked,
            "open_deals": open_deals,
            "won_deals": won,
            "lost_deals": lost,
            "closed_deals": won + lost,
            "win_rate": rate(won, won + lost),
            "won_amount": to_decimal(amount),
            "valued_won_deals": len(values),
            "average_won_amount": rounded(amount / len(values)) if values else None,
            "won_cycle_days": days,
            "average_cycle_days": rounded(Fraction(days, won)) if won else None,
            "velocity_amount": None if velocity is None else rounded(velocity),
            "is_complete_month": self.crm.calendar.is_complete(month),
        }


COUNTS = (
    "deals",
    "unvalued_deals",
    "unweighted_deals",
    "entered_deals",
    "created_deals",
    "reopened_deals",
    "won_deals",
    "lost_deals",
    "slipped_deals",
)
AMOUNTS = ("amount", "weighted_amount", "won_amount", "lost_amount")


def rounded(value: Fraction) -> Decimal:
    return to_decimal(round_half_away(value, 4))
