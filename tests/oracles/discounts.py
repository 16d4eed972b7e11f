"""Coupons: which of them a statement carries, and what they take off at an instant (definitions 1.4).

The terms of coupons, the rows that tie them to lines, and the arithmetic of percentages and amounts belong
here. When a statement is in force, and what it costs without discounts, stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracles.export import (
    OracleError,
    Row,
    Tables,
    exact_number,
    instant,
    is_live,
    round_half_away,
    whole_number,
)
from tests.oracles.pricing import Price

DURATIONS = {"once", "repeating", "forever"}


@dataclass(frozen=True)
class Coupon:
    """The terms of a discount; ``amount_off`` in minor units of ``currency``, None for the line's own."""

    id: str
    percent_off: Fraction | None
    amount_off: Fraction | None
    currency: str | None
    duration: str | None
    duration_in_months: int | None

    def check(self, price: Price) -> None:
        """Stops where a statement on this price carries a coupon that nobody can read."""
        if (self.percent_off is None) == (self.amount_off is None):
            raise OracleError(f"coupon {self.id} must take off either a percentage or an amount")
        if self.percent_off is not None and not 0 <= self.percent_off <= 100:
            raise OracleError(f"coupon {self.id} takes off {self.percent_off} percent")
        if self.amount_off is not None and self.amount_off < 0:
            raise OracleError(f"coupon {self.id} takes off the amount {self.amount_off}")
        if self.amount_off is not None and self.currency not in {None, price.currency}:
            raise OracleError(
                f"coupon {self.id} is in {self.currency}, a line that it is for in {price.currency}"
            )
        if self.duration not in DURATIONS:
            raise OracleError(f"coupon {self.id} has the unknown duration {self.duration}")
        if self.duration == "repeating" and self.duration_in_months is None:
            raise OracleError(f"coupon {self.id} repeats for nobody knows how long")

    def recurs_on(self, price: Price) -> bool:
        """Whether it lowers MRR: a repeating one only if it outlasts one interval of the price."""
        if self.duration == "repeating":
            return Fraction(self.duration_in_months or 0, 12) > 1 / price.intervals_per_year
        return self.duration == "forever"


@dataclass(frozen=True)
class Window:
    """A coupon that a subscription, or a customer in all, has from ``start`` until before ``end``."""

    coupon_id: str | None
    start: datetime | None
    end: datetime | None

    def covers(self, moment: datetime) -> bool:
        has_begun = self.start is None or self.start <= moment
        return has_begun and (self.end is None or moment < self.end)


class Discounts:
    """The discounts of an export: coupons, the rows of single lines, and the windows."""

    def __init__(self, tables: Tables) -> None:
        # A coupon that was deleted since still gives its terms.
        self.coupons = {row["id"]: read_coupon(row) for row in tables["coupon"]}
        self.own_rows: dict[str, list[Row]] = defaultdict(list)
        for row in tables["discount"]:
            if is_live(row) and row.get("type") == "line item" and "type_id" in row:
                self.own_rows[row["type_id"]].append(row)
        self.subscription_windows: dict[str, list[Window]] = defaultdict(list)
        self.customer_windows: dict[str, list[Window]] = defaultdict(list)
        for row in tables["subscription_discount"]:
            window = Window(row.get("coupon_id"), instant(row, "start"), instant(row, "end"))
            if is_live(row) and "subscription_id" in row:
                self.subscription_windows[row["subscription_id"]].append(window)
            elif is_live(row) and "customer_id" in row:
                self.customer_windows[row["customer_id"]].append(window)

    def amount_taken_off(self, line_id: str) -> int:
        """The money of a line's own rows, in minor units."""
        return sum(whole_number(row, "amount") or 0 for row in self.own_rows.get(line_id, []))

    def coupons_of(
        self,
        line_ids: Iterable[str],
        subscription_id: str | None,
        customer_id: str,
        start: datetime,
    ) -> list[Coupon]:
        """Of one statement: those of its lines' own rows; where no line has any, those of the windows."""
        own = {row.get("coupon_id") for line in line_ids for row in self.own_rows.get(line, [])}
        windows = self.subscription_windows.get(subscription_id or "", [])
        windows = windows + self.customer_windows.get(customer_id, [])
        found = own or {window.coupon_id for window in windows if window.covers(start)}
        return [self.coupon(coupon_id) for coupon_id in sorted(found, key=lambda name: name or "")]

    def coupon(self, coupon_id: str | None) -> Coupon:
        if coupon_id not in self.coupons:
            raise OracleError(f"a discount is of the unknown coupon {coupon_id}")
        return self.coupons[coupon_id]


def read_coupon(row: Row) -> Coupon:
    return Coupon(
        id=row["id"],
        percent_off=exact_number(row, "percent_off"),
        amount_off=exact_number(row, "amount_off"),
        currency=row["currency"].upper() if "currency" in row else None,
        duration=row.get("duration"),
        duration_in_months=whole_number(row, "duration_in_months"),
    )


def share_left_by_percentages(coupons: Iterable[Coupon]) -> Fraction:
    """Percentages multiply: 10 % and 50 % leave 45 %."""
    share = Fraction(1)
    for coupon in coupons:
        if coupon.percent_off is not None:
            share *= 1 - coupon.percent_off / 100
    return share


@dataclass(frozen=True)
class Discountable:
    """What discounts need to know of an item in service; values in major units, already rounded.

    ``payer`` is who gets one invoice for it: the subscription, or the item where there is none. ``weight`` is
    its exact price for one interval, and the coupons are those that lower its MRR.
    """

    item_key: str
    payer: str
    price: Price
    weight: Fraction
    coupons: tuple[Coupon, ...]
    mrr: Fraction
    arr: Fraction


def spread(total: Fraction, weights: Mapping[str, Fraction], digits: int = 4) -> dict[str, Fraction]:
    """An amount with so many digits over keys in proportion to their weights, to the last digit.

    Largest remainder, ties to the lowest key; nothing where no key weighs anything.
    """
    sum_of_weights = sum(weights.values(), Fraction(0))
    if sum_of_weights == 0:
        return dict.fromkeys(weights, Fraction(0))
    step = Fraction(1, 10**digits)
    steps = total / step
    assert steps.denominator == 1
    exact = {key: steps * weight / sum_of_weights for key, weight in weights.items()}
    whole = {key: share.numerator // share.denominator for key, share in exact.items()}
    missing = int(steps) - sum(whole.values())
    by_remainder = sorted(exact, key=lambda key: (whole[key] - exact[key], key))
    for key in by_remainder[:missing]:
        whole[key] += 1
    return {key: count * step for key, count in whole.items()}


def amounts_off(in_service: Iterable[Discountable]) -> dict[str, tuple[Fraction, Fraction]]:
    """What coupons of an amount take off each item's MRR and ARR, where all of these are in service at once.

    An amount is taken off every invoice: off what one payer has on one interval of billing, in one currency.
    """
    together: dict[tuple[Hashable, ...], list[Discountable]] = defaultdict(list)
    coupons: dict[str, Coupon] = {}
    for item in in_service:
        for coupon in item.coupons:
            if coupon.amount_off is not None:
                coupons[coupon.id] = coupon
                price = item.price
                invoice = (item.payer, price.interval, price.interval_count, price.currency)
                together[coupon.id, *invoice].append(item)
    monthly: dict[str, Fraction] = defaultdict(Fraction)
    yearly: dict[str, Fraction] = defaultdict(Fraction)
    for (coupon_id, *_), items in together.items():
        price = items[0].price
        off = price.in_major_units(coupons[str(coupon_id)].amount_off or Fraction(0))
        off_a_year = off * price.intervals_per_year
        weights = {item.item_key: item.weight for item in items}
        shares_of_mrr = spread(round_half_away(off_a_year / 12, 4), weights)
        shares_of_arr = spread(round_half_away(off_a_year, 4), weights)
        for item in items:
            monthly[item.item_key] += min(shares_of_mrr[item.item_key], item.mrr)
            yearly[item.item_key] += min(shares_of_arr[item.item_key], item.arr)
    return {key: (monthly[key], yearly[key]) for key in monthly}
