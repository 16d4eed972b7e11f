"""Sales: what companies are offered, through which stages a deal goes, and what it is worth at the time.

What was bought is taken from what was billed, so that a won deal agrees with the first billing: it closes in
the same month, for a year's worth at list price in US dollars. A deal is made in full and cut at the export.
Flaws that salespeople bring in are ``planted_crm``'s; columns are ``crm``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from seeds.generator.dealings import Dealings
from seeds.generator.exchange import ExchangeRates
from seeds.generator.facts import (
    ItemAdded,
    ItemRemoved,
    ItemTerms,
    PriceChanged,
    QuantityChanged,
    TermChanged,
)
from seeds.generator.invoicing import Invoice
from seeds.generator.moments import DAY, HOUR, Cadence, month_start
from seeds.generator.randomness import Stream, record_number

T = TypeVar("T")

NEW_BUSINESS, EXPANSION = "default", "expansion"

# Stage, its name, the chance of winning, whether it is a win, whether it is an end.
PIPELINES: dict[str, tuple[tuple[str, str, str, bool, bool], ...]] = {
    NEW_BUSINESS: (
        ("appointmentscheduled", "Appointment scheduled", "0.20", False, False),
        ("qualifiedtobuy", "Qualified to buy", "0.40", False, False),
        ("presentationscheduled", "Presentation scheduled", "0.60", False, False),
        ("decisionmakerboughtin", "Decision maker bought in", "0.80", False, False),
        ("contractsent", "Contract sent", "0.90", False, False),
        ("closedwon", "Closed won", "1.00", True, True),
        ("closedlost", "Closed lost", "0.00", False, True),
    ),
    EXPANSION: (
        ("71001", "Need found", "0.30", False, False),
        ("71002", "Offer sent", "0.65", False, False),
        ("71003", "Won", "1.00", True, True),
        ("71004", "Lost", "0.00", False, True),
    ),
}

WON, LOST, OPEN = "won", "lost", "open"
_DEAL_TYPES = {NEW_BUSINESS: "newbusiness", EXPANSION: "existingbusiness"}
_NOT_BILLED = frozenset({"draft", "void"})
_PERIODS_A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
_WORTH_A_DEAL_PER_CENT = 12


@dataclass(frozen=True, slots=True)
class Deal:
    """``stages``, ``amounts`` and ``closings`` (expected or actual) are (when, value), in order."""

    key: str
    pipeline: str
    created: int
    stages: tuple[tuple[int, str], ...]
    amounts: tuple[tuple[int, int | None], ...]
    closings: tuple[tuple[int, int], ...]

    @property
    def deal_type(self) -> str:
        return _DEAL_TYPES[self.pipeline]

    @property
    def stage(self) -> str:
        return self.stages[-1][1]

    @property
    def updated(self) -> int:
        """When something about it last changed."""
        return max(changes[-1][0] for changes in (self.stages, self.amounts, self.closings))

    def until(self, horizon: int) -> Deal:
        """The deal as it was at the export."""
        return replace(
            self,
            stages=tuple(stage for stage in self.stages if stage[0] <= horizon),
            amounts=tuple(amount for amount in self.amounts if amount[0] <= horizon),
            closings=tuple(closing for closing in self.closings if closing[0] <= horizon),
        )


def deal_id(key: str) -> str:
    """The id of a deal by its key."""
    return record_number("deal", key)


def make_deal(
    key: str, pipeline: str, span: tuple[int, int], outcome: str, cents: int, *, reopened: bool = False
) -> Deal:
    """A deal worth ``cents`` a year, made and closed at the ends of ``span``; an open one gets on until then.

    ``reopened``: it was lost in between.
    """
    created, closed = span
    stream = Stream("deal", key)
    stages = PIPELINES[pipeline]
    names = [stage for stage, _, _, _, is_closed in stages if not is_closed]
    won, lost = (stage for stage, _, _, _, is_closed in stages if is_closed)
    reached = names if outcome == WON else names[: stream.between(1, len(names))]
    # Stages can be skipped, but for the first.
    passed = [names[0], *(name for name in reached[1:] if not stream.chance(220))]
    times = sorted(created + (closed - created) * stream.between(20, 950) // 1_000 for _ in passed[1:])
    entered = list(zip([created, *times], passed, strict=True))
    if len(entered) > 2 and stream.chance(90):
        # Back by a stage, and forward again.
        at = entered[-1][0]
        entered += [(at + (closed - at) // 4, entered[-2][1]), (at + (closed - at) // 2, entered[-1][1])]
    if reopened:
        at = entered[-1][0]
        entered += [(at + (closed - at) // 3, lost), (at + (closed - at) * 2 // 3, entered[-1][1])]
    if outcome != OPEN:
        entered.append((closed, won if outcome == WON else lost))
    guess = cents * stream.between(70, 135) // 100 // 10_000 * 10_000 or 10_000
    amounts: list[tuple[int, int | None]] = [(created, guess)]
    if outcome == WON or stream.chance(400):
        amounts.append((created + (closed - created) * 9 // 10, cents if outcome == WON else guess * 9 // 10))
    closings = [(created, created + stream.pick((30, 45, 60, 90)) * DAY)]
    if closings[0][1] < closed:
        # It slips: the day is moved when it comes near.
        closings.append((closings[0][1] - DAY, closed + stream.between(0, 25) * DAY))
    if outcome != OPEN:
        closings.append((closed, closed))
    return Deal(
        key,
        pipeline,
        created,
        tuple(_apart(entered)),
        tuple(_apart(amounts)),
        tuple(_apart(sorted(closings))),
    )


def _apart(changes: list[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """The same changes at times that differ."""
    last = None
    for at, value in changes:
        last = at if last is None else max(at, last + 1)
        yield last, value


# -- what was bought -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something bought at a time, worth so many US cents a year (or once)."""

    at: int
    cents: int


def first_purchase(dealings: Dealings, rates: ExchangeRates) -> Purchase | None:
    """The first invoice that asked for money, and what its recurring lines come to in a year."""
    for settled in sorted(dealings.settlement.invoices, key=lambda settled: settled.invoice.created):
        invoice = settled.invoice
        if settled.status in _NOT_BILLED or settled.total <= 0:
            continue
        amount = _yearly(invoice) or invoice.subtotal
        return Purchase(
            invoice.created, rates.in_reporting_currency(amount, invoice.currency, invoice.created)
        )
    return None


def _yearly(invoice: Invoice) -> int:
    """The licensed recurring lines of an invoice over a year, in its currency."""
    amount = 0
    for line in invoice.lines:
        cadence = line.price.cadence
        if cadence is not None and not line.price.is_metered and not line.is_proration:
            amount += in_a_year(line.amount, cadence)
    return amount


def in_a_year(amount: int, cadence: Cadence) -> int:
    """What comes to ``amount`` every period is worth in a year."""
    return amount * _PERIODS_A_YEAR[cadence.interval] // cadence.count


def later_purchases(dealings: Dealings, rates: ExchangeRates, horizon: int) -> Iterator[Purchase]:
    """What a customer bought more of: seats by an eighth or more, products, another contract."""
    contracts = [contract for contract, _ in dealings.billed if contract.first_payment == "succeeds"]
    for number, contract in enumerate(contracts):
        currency = contract.items[0].price.currency
        if number and not contract.key.endswith("/maintenance"):
            worth = sum(_worth(item) for item in contract.items)
            if worth > 0:
                yield Purchase(contract.start, rates.in_reporting_currency(worth, currency, contract.start))
        items = {item.name: item for item in contract.items}
        for change in contract.changes:
            more = 0
            match change:
                case QuantityChanged():
                    before = items[change.name]
                    items[change.name] = replace(before, quantity=change.quantity)
                    if change.quantity * 100 >= before.quantity * (100 + _WORTH_A_DEAL_PER_CENT):
                        more = _worth(items[change.name]) - _worth(before)
                case PriceChanged():
                    items[change.name] = replace(items[change.name], price=change.price)
                case TermChanged():
                    for name, price in change.prices:
                        items[name] = replace(items[name], price=price)
                case ItemAdded():
                    items[change.item.name] = change.item
                    more = _worth(change.item)
                case ItemRemoved():
                    del items[change.name]
            if more > 0 and change.at <= horizon:
                yield Purchase(change.at, rates.in_reporting_currency(more, currency, change.at))


def _worth(item: ItemTerms) -> int:
    cadence = item.price.cadence
    if cadence is None or item.price.is_metered:
        return 0
    return in_a_year(item.price.total(item.billable), cadence)


def agreed_before(at: int, stream: Stream) -> int:
    """When the deal about something billed at a time was won: up to three days before, in its month."""
    return max(at - stream.between(0, 3 * 24) * HOUR, month_start(at))
