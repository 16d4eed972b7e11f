"""Items of subscriptions that are agreed but have not started (definitions 1.5, CMRR).

What such an item will pay belongs here. Whether its subscription is committed at a month's close is the
subscription's own business, and conversion that of the oracle that adds up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracles.export import OracleError, Row, is_live, round_half_away, whole_number
from tests.oracles.invoice_lines import LineReader
from tests.oracles.items import Item, Service, less_amounts_off
from tests.oracles.subscriptions import Subscription


@dataclass(frozen=True)
class CommittedItem:
    """What an item will pay, in the major unit of its currency, rounded to 4 decimals."""

    item_key: str
    currency: str
    mrr: Fraction


class Commitments:
    """The items of each subscription with what they first pay."""

    def __init__(
        self,
        reader: LineReader,
        subscriptions: Mapping[str, Subscription],
        items: Mapping[str, Item],
        item_rows: Iterable[Row],
    ) -> None:
        self.reader = reader
        self.subscriptions = subscriptions
        self.items = items
        self.stated_items: dict[str, set[str]] = defaultdict(set)
        for key, item in items.items():
            for statement in item.statements:
                if statement.subscription_id is not None:
                    self.stated_items[statement.subscription_id].add(key)
        self.item_rows: dict[str, list[Row]] = defaultdict(list)
        for row in item_rows:
            if is_live(row):
                self.item_rows[row["subscription_id"]].append(row)

    def at(self, close: datetime) -> list[tuple[str, CommittedItem]]:
        """Account and item, of every subscription that is committed at a month's close."""
        return [
            (self.reader.account_of(subscription.customer_id), item)
            for subscription in self.subscriptions.values()
            if subscription.is_committed(close)
            for item in self.items_of(subscription.id)
        ]

    def items_of(self, subscription_id: str) -> list[CommittedItem]:
        """What its first service pays, net; where there never is one, what its row says, gross."""
        committed: list[CommittedItem] = []
        stated = self.stated_items.get(subscription_id, set())
        served: set[str] = set()
        for key in sorted(stated):
            first = self.first_service(key, stated)
            if first is not None:
                served.add(key)
                committed.append(CommittedItem(key, first.currency, first.mrr))
        for row in self.item_rows.get(subscription_id, []):
            if row["id"] not in served and (item := self.as_agreed(row)) is not None:
                committed.append(item)
        return committed

    def first_service(self, key: str, siblings: Iterable[str]) -> Service | None:
        """At the first instant ever, also after the clock, at which the item is in service."""
        for moment in sorted(self.items[key].instants_of_change):
            if self.items[key].service_at(moment) is not None:
                served = [service for name in siblings if (service := self.items[name].service_at(moment))]
                return next(service for service in less_amounts_off(served) if service.item_key == key)
        return None

    def as_agreed(self, row: Row) -> CommittedItem | None:
        price = self.reader.price_of(row)
        if not self.reader.is_recurring_service(price):
            return None
        quantity = whole_number(row, "quantity")
        if quantity is None or quantity < 0:
            raise OracleError(f"subscription item {row['id']} has the quantity {quantity}")
        annual = price.annual(max(quantity, self.reader.minimum_quantity(row["id"])))
        return CommittedItem(row["id"], price.currency, round_half_away(annual / 12, 4))
