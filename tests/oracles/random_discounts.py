"""Random coupons of one account, and the rows that tie them to its lines and subscriptions.

Every coupon can be read, and none is tied to a line of another currency than its own, so that nothing here
stops publication. Add a branch when the definitions of discounts gain one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]

# Few decimals, so that the product of several is exact.
PERCENTAGES = ("0", "7", "10", "12.5", "33.33", "50", "99.9", "100", "100")
AMOUNTS_OFF = (0, 1, 50, 333, 1000, 2500, 12345, 500000)
DURATIONS = (*("forever",) * 4, *("repeating",) * 3, "once")
MONTHS_OF_REPEATING = (1, 2, 3, 6, 12, 13, 24, 36)
AMOUNTS_ON_ROWS = (None, 0, 1, 100, 2500)


class CouponMaker:
    """Makes an account's coupons, and deals them out.

    Args:
        add: writes a row of a table with a new id of some kind, and answers with the id.
    """

    def __init__(self, source: random.Random, add: Callable[..., str], currencies: Iterable[str]) -> None:
        self.source = source
        self.add = add
        self.currencies = sorted(set(currencies))
        self.coupons = [self.make_coupon() for _ in range(source.choice((0, 1, 2, 3, 4)))]

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def make_coupon(self) -> Row:
        terms: Row = {"duration": self.source.choice(DURATIONS)}
        if terms["duration"] == "repeating":
            terms["duration_in_months"] = self.source.choice(MONTHS_OF_REPEATING)
        if self.chance(0.5):
            terms["percent_off"] = self.source.choice(PERCENTAGES)
        else:
            terms["amount_off"] = self.source.choice(AMOUNTS_OFF)
            terms["currency"] = self.source.choice((None, *self.currencies, *self.currencies))
        gone = {
            "is_deleted": self.chance(0.1) or None,
            "livemode": False if self.chance(0.1) else None,
        }
        return terms | {"id": self.add("billing/coupon", "co", **terms, **gone)}

    def make_amount_off(self, currency: str) -> Row:
        """One more coupon, that takes an amount off every invoice for good."""
        terms: Row = {
            "duration": "forever",
            "amount_off": self.source.choice(AMOUNTS_OFF),
            "currency": self.source.choice((None, currency)),
        }
        return terms | {"id": self.add("billing/coupon", "co", **terms)}

    def for_currencies(self, currencies: Iterable[str]) -> list[Row]:
        """The coupons that lines of all these currencies may carry."""
        return [
            coupon
            for coupon in self.coupons
            if coupon.get("currency") is None or set(currencies) <= {coupon["currency"]}
        ]

    def choose_some(self) -> list[Row]:
        """What a subscription has on most of its lines: often nothing, sometimes several."""
        if not self.coupons or self.chance(0.4):
            return []
        return self.source.sample(self.coupons, min(len(self.coupons), self.source.choice((1, 1, 2, 3))))

    def discount_line(self, line_id: str, currency: str, usual: Sequence[Row]) -> None:
        """The line's own rows: usually those of its subscription, also others, and some that say nothing."""
        suitable = self.for_currencies([currency])
        chosen = [
            coupon for coupon in usual if coupon.get("currency") in {None, currency} and self.chance(0.75)
        ]
        if suitable and self.chance(0.08):
            chosen.append(self.source.choice(suitable))
        for coupon in chosen:
            for _ in range(self.source.choice((1,) * 15 + (2,))):
                self.add(
                    "billing/discount",
                    "di",
                    type="invoice" if self.chance(0.04) else "line item",
                    type_id=line_id,
                    coupon_id=coupon["id"],
                    amount=self.source.choice(AMOUNTS_ON_ROWS),
                    is_deleted=self.chance(0.06) or None,
                    livemode=False if self.chance(0.06) else None,
                )
        if self.chance(0.02):
            # What is deleted may be of a coupon that nobody knows.
            self.add(
                "billing/discount",
                "di",
                type="line item",
                type_id=line_id,
                coupon_id="unknown",
                amount=100,
                is_deleted=True,
            )

    def make_windows(self, customer: str, subscription: str, moments: Sequence[datetime]) -> None:
        """Windows of the subscription, or of the customer in all; their edges are where periods start."""
        suitable = self.for_currencies(self.currencies)
        if not suitable or self.chance(0.5):
            return
        for _ in range(self.source.choice((1, 1, 2))):
            start, end = self.edge(moments), self.edge(moments)
            if start is not None and end is not None:
                start, end = min(start, end), max(start, end)
            of_customer = self.chance(0.3)
            self.add(
                "billing/subscription_discount",
                "sd",
                subscription_id=None if of_customer else subscription,
                customer_id=customer if of_customer or self.chance(0.5) else None,
                coupon_id=self.source.choice(suitable)["id"],
                start=start,
                end=end,
                is_deleted=self.chance(0.06) or None,
                livemode=False if self.chance(0.06) else None,
            )

    def edge(self, moments: Sequence[datetime]) -> datetime | None:
        if self.chance(0.3):
            return None
        step = timedelta(microseconds=self.source.choice((0, 0, 0, 1, -1)))
        return self.source.choice(moments) + step
