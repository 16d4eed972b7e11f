"""What a company uses of what it pays for, week by week: seats, users, events and compute units.

Seats follow the invoice lines in effect on the day; a company whose products have no seats has no paid seats.
Void and draft invoices serve nobody. Which company record the rows belong to is ``crm``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seeds.generator.dealings import Dealings
from seeds.generator.moments import DAY, WEEK
from seeds.generator.randomness import Stream

_MONDAY = 4 * DAY  # 1970-01-05
_SEAT_LABELS = frozenset({"seat", "user", "device", "mailbox", "reader"})
_SERVED_STREAMS = frozenset({"subscription", "maintenance"})
_NOT_SERVED = frozenset({"draft", "void"})

# Thousandths of a compute unit that one unit of a product takes in a week.
_UNITS = {
    "virtual_data_centre": 30_000,
    "rack": 80_000,
    "sdwan": 6_000,
    "network_operations": 2_000,
    "endpoint": 500,
    "collaboration": 400,
    "devices": 100,
    "device_packs": 100,
    "analytics": 1_500,
}
_OTHER_UNITS = 200
_FEWEST_USERS = 2


@dataclass(frozen=True, slots=True)
class UsageWeek:
    """A week by its Monday. ``seats_paid`` is None without products that have seats; thousandths of units."""

    day: int
    seats_active: int
    seats_paid: int | None
    daily_users: int
    monthly_users: int
    key_events: int
    compute: int


@dataclass(frozen=True, slots=True)
class _Statement:
    """What an invoice says of an item from ``start`` on: later ones win, and so does what is no credit."""

    item: str
    product: str
    has_seats: bool
    start: int
    end: int
    created: int
    is_credit: bool
    quantity: int
    amount: int

    @property
    def rank(self) -> tuple[int, bool, int]:
        return self.start, not self.is_credit, self.created


def usage_weeks(dealings: Dealings, first: int, horizon: int) -> Iterator[UsageWeek]:
    """The weeks in which the company is served, from ``first`` up to the export."""
    statements = list(_statements(dealings, horizon))
    if not statements:
        return
    key = dealings.history.company.key
    habits = Stream("usage", key)
    adoption = habits.between(420, 960)
    drift = habits.between(-3, 4)
    begin = max(min(statement.start for statement in statements), first)
    monday = begin + (_MONDAY - begin) % WEEK
    end = min(max(statement.end for statement in statements), horizon)
    for number, day in enumerate(range(monday, end, WEEK)):
        served = _in_effect(statements, day)
        if not served:
            continue
        stream = Stream("usage", key, day)
        with_seats = [statement for statement in served if statement.has_seats]
        seats = sum(statement.quantity for statement in with_seats)
        paid = sum(statement.quantity for statement in with_seats if statement.amount > 0)
        share = min(max(adoption + drift * number + stream.between(-40, 40), 80), 1_000)
        active = max(seats * share // 1_000, min(seats, 1)) if with_seats else _FEWEST_USERS
        monthly = active * stream.between(930, 1_040) // 1_000
        daily = monthly * stream.between(380, 720) // 1_000
        units = sum(statement.quantity * _UNITS.get(statement.product, _OTHER_UNITS) for statement in served)
        yield UsageWeek(
            day=day,
            seats_active=active,
            seats_paid=paid if with_seats else None,
            daily_users=daily,
            monthly_users=monthly,
            key_events=daily * stream.between(3, 9),
            compute=units * stream.between(820, 1_180) // 1_000,
        )


def _statements(dealings: Dealings, horizon: int) -> Iterator[_Statement]:
    status = {settled.invoice.id: settled.status for settled in dealings.settlement.invoices}
    for _, subscription in dealings.billed:
        ended = subscription.ended_at or horizon
        for invoice in subscription.invoices:
            if status.get(invoice.id, "draft") in _NOT_SERVED:
                continue
            merged: dict[tuple[str, int, bool], list[int]] = {}
            lines = {}
            for line in invoice.lines:
                product = line.price.product
                stream = product.metadata.get("revenue_stream", "subscription")
                if line.price.cadence is None or line.price.is_metered or stream not in _SERVED_STREAMS:
                    continue
                key = (line.item_id or product.key, line.period_start, line.amount < 0)
                sums = merged.setdefault(key, [0, 0])
                sums[0] += line.quantity
                sums[1] += line.amount
                lines[key] = line
            for (item, start, is_credit), (quantity, amount) in merged.items():
                line = lines[item, start, is_credit]
                yield _Statement(
                    item=f"{subscription.id}/{item}",
                    product=line.price.product.key,
                    has_seats=line.price.product.unit_label in _SEAT_LABELS,
                    start=start,
                    end=min(line.period_end or ended, ended),
                    created=invoice.created,
                    is_credit=is_credit,
                    quantity=0 if is_credit else quantity,
                    amount=amount,
                )


def _in_effect(statements: list[_Statement], day: int) -> list[_Statement]:
    latest: dict[str, _Statement] = {}
    for statement in statements:
        if statement.start <= day:
            known = latest.get(statement.item)
            if known is None or statement.rank > known.rank:
                latest[statement.item] = statement
    return [statement for statement in latest.values() if day < statement.end and not statement.is_credit]
