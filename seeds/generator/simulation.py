"""The life of a company with the vendor, decided by chance: what it buys, changes, pauses and leaves.

Rates of events (per thousand and month unless said otherwise) stand in ``_Habits``; move them to change the
business. Only facts are made here; invoices, payments and other systems' records follow from them elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from seeds.generator.catalogue import (
    LICENCES,
    MONTHLY,
    QUARTERLY,
    THREE_YEARLY,
    TWO_YEARLY,
    WEEKLY,
    YEARLY,
    cadences_by_family,
    coupon_for,
    find_price,
)
from seeds.generator.companies import make_company
from seeds.generator.facts import (
    Cancellation,
    Change,
    CollectionPaused,
    Company,
    CompanyHistory,
    Contract,
    CouponGiven,
    ItemAdded,
    ItemRemoved,
    ItemTerms,
    MoneyBack,
    PaymentTrouble,
    PriceChanged,
    QuantityChanged,
    Sale,
    TermChanged,
    UsageMeasured,
)
from seeds.generator.moments import DAY, HOUR, WEEK, Cadence, add_months, boundary_from
from seeds.generator.randomness import Stream

_GIVE_UP = 14 * DAY
_TRIAL = 14 * DAY
_LONGEST_GAP_MONTHS = 7
_MOST_CONTRACTS = 3


@dataclass(frozen=True, slots=True)
class Span:
    """The simulated time: whole months from ``first``, seen by an export at ``horizon``."""

    first: int
    months: int
    horizon: int


@dataclass(frozen=True, slots=True)
class _Habits:
    """How often things happen, per thousand contracts and month (ends: per thousand decisions)."""

    quantity: int
    quantity_up: int
    plan: int
    term: int
    add: int
    remove: int
    pause: int
    trouble: int
    money_back: int
    leave_monthly: int
    leave_at_term: int


_HABITS = {
    "small": _Habits(60, 590, 22, 10, 12, 8, 12, 28, 12, 24, 190),
    "medium": _Habits(95, 620, 18, 10, 22, 9, 8, 16, 12, 13, 130),
    "large": _Habits(140, 640, 10, 6, 28, 8, 3, 8, 10, 7, 80),
}

_SIZES = ((52, "small"), (35, "medium"), (13, "large"))

# What companies come for first, by weight; ``briefing`` is the weekly one.
_OFFERS = {
    "small": (
        (22, "endpoint"), (20, "collaboration"), (14, "analytics"), (12, "devices"), (10, "device_packs"),
        (9, "sdwan"), (6, "virtual_data_centre"), (3, "network_operations"), (1, "briefing"),
    ),
    "medium": (
        (22, "endpoint"), (16, "collaboration"), (14, "sdwan"), (12, "virtual_data_centre"), (12, "devices"),
        (10, "network_operations"), (8, "rack"), (6, "analytics"),
    ),
    "large": (
        (20, "endpoint"), (18, "sdwan"), (16, "virtual_data_centre"), (14, "rack"), (14, "collaboration_pro"),
        (10, "network_operations"), (8, "devices"),
    ),
}  # fmt: skip

_QUANTITIES = {
    "endpoint": {"small": (3, 28), "medium": (25, 130), "large": (140, 420)},
    "sdwan": {"small": (1, 4), "medium": (4, 22), "large": (18, 70)},
    "network_operations": {"small": (2, 8), "medium": (8, 45), "large": (40, 130)},
    "virtual_data_centre": {"small": (8, 26), "medium": (22, 80), "large": (80, 260)},
    "rack": {"small": (1, 1), "medium": (1, 5), "large": (4, 18)},
    "collaboration": {"small": (4, 40), "medium": (40, 220), "large": (200, 600)},
    "collaboration_pro": {"small": (4, 30), "medium": (30, 150), "large": (150, 480)},
    "device_packs": {"small": (5, 75), "medium": (60, 400), "large": (300, 1_800)},
    "devices": {"small": (10, 60), "medium": (45, 330), "large": (240, 1_500)},
    "analytics": {"small": (2, 12), "medium": (6, 40), "large": (20, 120)},
    "briefing": {"small": (1, 4), "medium": (1, 6), "large": (2, 8)},
    "advisory": {"small": (1, 1), "medium": (1, 1), "large": (1, 2)},
}

_ADD_ONS = ("devices", "analytics", "collaboration", "endpoint", "network_operations", "advisory")

_CADENCES = {
    "small": ((52, MONTHLY), (33, YEARLY), (15, QUARTERLY)),
    "medium": ((36, MONTHLY), (36, YEARLY), (18, QUARTERLY), (6, TWO_YEARLY), (4, THREE_YEARLY)),
    "large": ((30, MONTHLY), (40, YEARLY), (14, QUARTERLY), (9, TWO_YEARLY), (7, THREE_YEARLY)),
}

_COUPONS = (
    (22, "PARTNER10"), (20, "WELCOME15"), (18, "FIRSTYEAR20"), (12, "QUARTER50"), (6, "TWOMONTHSFREE"),
    (10, "LOYALTY25"), (8, "SWITCH100"), (8, "VOUCHER200"),
)  # fmt: skip

# Cards can be disputed; an invoice that waits for a bank transfer can be reduced before it is paid.
_MONEY_BACK = {
    "card": ((50, "refund"), (35, "credit_note"), (8, "dispute_won"), (7, "dispute_lost")),
    "bank_transfer": ((30, "refund"), (30, "credit_note"), (40, "pre_payment")),
}
_REFUND_REASONS = ("requested_by_customer", "duplicate", "requested_by_customer")
_CREDIT_NOTE_REASONS = ("order_change", "product_unsatisfactory", "duplicate")


def simulate_company(seed: int, number: int, span: Span) -> CompanyHistory:
    """The history of random company ``number`` (1, 2, ...), from the seed, the number and the span alone."""
    stream = Stream(seed, "company", number)
    size = stream.weighted(_SIZES)
    start = _first_day(stream, span)
    company = make_company(stream, f"{seed}/{number}", number, size, start - stream.between(1, 20) * HOUR)
    return _Life(stream, company, size, span).lived(start)


def _first_day(stream: Stream, span: Span) -> int:
    """More come each year than the year before; the first month brings those taken over at the start."""
    weights = [(450 if month == 0 else 30 + month, month) for month in range(span.months)]
    start = add_months(span.first, stream.weighted(weights))
    return min(start + stream.below(28 * DAY), span.horizon - 2 * DAY)


class _Life:
    """One company's contracts, one after the other, and what it buys beside them."""

    def __init__(self, stream: Stream, company: Company, size: str, span: Span) -> None:
        self.stream = stream
        self.company = company
        self.size = size
        self.span = span
        self.contracts: list[Contract] = []
        self.sales: list[Sale] = []

    def lived(self, start: int) -> CompanyHistory:
        currency = self.company.currency
        end = self._contract(start, currency)
        while end is not None and len(self.contracts) < _MOST_CONTRACTS and self.stream.chance(600):
            start = end + DAY * self.stream.between(20, 30 * _LONGEST_GAP_MONTHS)
            if start >= self.span.horizon - DAY:
                break
            if currency != "USD" and self.stream.chance(60):
                currency = "USD"
            end = self._contract(start, currency)
        self._side_purchases()
        return CompanyHistory(self.company, tuple(self.contracts), tuple(self.sales))

    # -- a contract ------------------------------------------------------------------------------------------

    def _contract(self, start: int, currency: str) -> int | None:
        """Sign one contract and live through it; returns when it ended, None where it still runs."""
        stream = self.stream
        family = stream.weighted(_OFFERS[self.size])
        cadence = self._cadence(family)
        items = [self._item(family, cadence, currency)]
        if family == "endpoint" and stream.chance(180):
            items[0] = replace(items[0], minimum=max(10, items[0].quantity - stream.below(4)))
        if cadence == MONTHLY and stream.chance(160):
            metered = "compute" if family in ("virtual_data_centre", "rack") else "messages"
            items.append(ItemTerms(metered, find_price(metered, cadence, currency), 0))
        if cadence != WEEKLY and self.size != "small" and stream.chance(280):
            items += self._extra(items, cadence, currency)
        starts_free = family == "collaboration" and cadence == MONTHLY and stream.chance(450)
        if starts_free:
            items = [replace(items[0], price=find_price("collaboration_free", MONTHLY, currency))]
        trial_until = (
            start + _TRIAL if cadence == MONTHLY and not starts_free and stream.chance(170) else None
        )
        contract = Contract(
            key=f"{self.company.key}/contract/{len(self.contracts) + 1}",
            start=start,
            cadence=cadence,
            items=tuple(items),
            trial_until=trial_until,
            proration="next_invoice" if cadence in (MONTHLY, QUARTERLY, WEEKLY) else "at_once",
        )
        course = _Course(stream, contract, self.company, self.size, self.span)
        contract, end = course.run(starts_free)
        self.contracts.append(contract)
        if stream.chance(300) and self.size != "small":
            self._sell(start + stream.between(1, 9) * DAY, "setup", 1, currency)
        return end

    def _cadence(self, family: str) -> Cadence:
        offered = cadences_by_family()[family]
        if WEEKLY in offered:
            return WEEKLY
        return self.stream.weighted([(weight, c) for weight, c in _CADENCES[self.size] if c in offered])

    def _item(self, family: str, cadence: Cadence, currency: str) -> ItemTerms:
        low, high = _QUANTITIES[family][self.size]
        return ItemTerms(family, find_price(family, cadence, currency), self.stream.between(low, high))

    def _extra(self, items: list[ItemTerms], cadence: Cadence, currency: str) -> list[ItemTerms]:
        taken = {item.name for item in items}
        open_families = [f for f in _ADD_ONS if f not in taken and cadence in cadences_by_family()[f]]
        return [self._item(self.stream.pick(open_families), cadence, currency)] if open_families else []

    # -- beside the contracts --------------------------------------------------------------------------------

    def _side_purchases(self) -> None:
        stream = self.stream
        if self.size != "small" and stream.chance(130):
            self._buy_licence()
        if self.size != "small":
            for _ in range(stream.below(4)):
                at = self.company.created + stream.between(20, 700) * DAY
                self._sell(at, "consulting", stream.between(1, 8), self.company.currency)

    def _buy_licence(self) -> None:
        """A perpetual licence with maintenance: the first year included, later ones paid or dropped."""
        stream, company = self.stream, self.company
        licence = stream.pick(sorted(LICENCES))
        at = company.created + stream.between(5, 400) * DAY
        if at >= self.span.horizon:
            return
        self._sell(at, licence, 1, company.currency)
        maintenance = LICENCES[licence]
        price = find_price(maintenance, YEARLY, company.currency)
        paid_from = add_months(at, 12)
        changes: list[Change] = []
        renewal = paid_from
        while renewal < self.span.horizon:
            if stream.chance(200):
                changes.append(Cancellation(renewal - 30 * DAY, renewal))
                break
            renewal = add_months(renewal, 12)
        self.contracts.append(
            Contract(
                key=f"{company.key}/maintenance",
                start=at,
                cadence=YEARLY,
                items=(ItemTerms(maintenance, price, 1),),
                changes=tuple(changes),
                trial_until=paid_from,
                proration="at_once",
            )
        )

    def _sell(self, at: int, family: str, quantity: int, currency: str) -> None:
        if at >= self.span.horizon:
            return
        key = f"{self.company.key}/sale/{len(self.sales) + 1}"
        money_back: tuple[MoneyBack, ...] = ()
        if self.stream.chance(60):
            back_at = at + self.stream.between(45, 80) * DAY
            money_back = (MoneyBack(back_at, "credit_note", 1000, "product_unsatisfactory"),)
        self.sales.append(Sale(key, at, ((find_price(family, None, currency), quantity),), money_back))


class _Course:
    """Month by month through one contract."""

    def __init__(self, stream: Stream, contract: Contract, company: Company, size: str, span: Span) -> None:
        self.stream = stream
        self.contract = contract
        self.company = company
        self.currency = contract.items[0].price.currency
        self.habits = _HABITS[size]
        self.span = span
        self.size = size
        self.anchor = contract.trial_until or contract.start
        self.cadence = contract.cadence
        self.items = {item.name: item for item in contract.items}
        self.names_used = set(self.items)
        self.changes: list[Change] = []
        self.month = 0
        self.busy_until = self.anchor

    def run(self, starts_free: bool) -> tuple[Contract, int | None]:
        """The contract with all its changes, and when it ended (None: it still runs)."""
        end = self._trial_end()
        if end is None:
            self._maybe_coupon()
            if starts_free:
                self._maybe_upgrade_from_free()
            end = self._months()
        last = self.span.horizon if end is None else end
        self._measure_usage(last)
        changes = sorted(
            (
                change
                for change in self.changes
                if change.at < last or isinstance(change, Cancellation | MoneyBack)
            ),
            key=lambda change: change.at,
        )
        contract = replace(self.contract, changes=tuple(changes))
        return contract, end if end is not None and end <= self.span.horizon else None

    def _trial_end(self) -> int | None:
        until = self.contract.trial_until
        if until is None or self.stream.chance(680):
            return None
        self.changes.append(Cancellation(until - self.stream.between(1, 6) * DAY, until))
        return until

    def _maybe_coupon(self) -> None:
        if self.stream.chance(170):
            coupon = coupon_for(self.stream.weighted(_COUPONS), self.currency)
            self.changes.append(CouponGiven(self.contract.start, coupon, record_kept=self.stream.chance(450)))

    def _maybe_upgrade_from_free(self) -> None:
        """Freemium: most who start free begin to pay within a year, the others stay or go."""
        if self.stream.chance(700):
            at = self.contract.start + self.stream.between(20, 330) * DAY + self.stream.below(DAY)
            family = "collaboration_pro" if self.stream.chance(250) else "collaboration"
            self.changes.append(PriceChanged(at, "collaboration", find_price(family, MONTHLY, self.currency)))
            self.items["collaboration"] = replace(
                self.items["collaboration"], price=find_price(family, MONTHLY, self.currency)
            )
            self.busy_until = at

    def _months(self) -> int | None:
        """One thing at most happens in a month; returns the end of service, None where none came."""
        while True:
            opens, closes = add_months(self.anchor, self.month), add_months(self.anchor, self.month + 1)
            if opens >= self.span.horizon:
                return None
            self.month += 1
            at = opens + HOUR + self.stream.below(closes - opens - 2 * HOUR)
            draw = self.stream.below(1000)
            # Drawn in every month, whatever happens in it, so that one decision does not shift the next ones.
            if at <= self.busy_until or opens < self.busy_until:
                continue
            end = self._leave(at)
            if end is not None:
                return end
            self._maybe_change(at, draw)

    # -- leaving ---------------------------------------------------------------------------------------------

    def _leave(self, at: int) -> int | None:
        stream, habits = self.stream, self.habits
        renewal = boundary_from(self.anchor, self.cadence, at)
        if self.cadence == WEEKLY:
            if stream.chance(70):
                return self._cancel(at, renewal)
            return None
        pays = any(item.price.unit != 0 for item in self._licensed())
        if renewal - at < 31 * DAY and stream.chance(habits.trouble // 4) and pays:
            return self._stop_paying(at, renewal)
        if self.cadence in (MONTHLY, QUARTERLY):
            if not stream.chance(habits.leave_monthly):
                return None
            if stream.chance(220):
                return self._cancel(at, at, credited=stream.chance(500))
            return self._cancel(at, renewal)
        if renewal - at < 31 * DAY and stream.chance(habits.leave_at_term):
            return self._cancel(at, renewal)
        return None

    def _cancel(self, at: int, effective: int, *, credited: bool = False) -> int:
        self.changes.append(Cancellation(at, effective, credited=credited))
        return effective

    def _stop_paying(self, at: int, renewal: int) -> int:
        """The next renewal is never paid; two weeks later the subscription is cancelled."""
        outcome = self.stream.weighted(((45, "left_open"), (35, "uncollectible"), (20, "voided")))
        self.changes.append(PaymentTrouble(at, outcome))
        effective = renewal + _GIVE_UP + HOUR
        self.changes.append(Cancellation(effective, effective, "payment_failed"))
        return effective

    # -- changing --------------------------------------------------------------------------------------------

    def _maybe_change(self, at: int, draw: int) -> None:
        habits = self.habits
        for rate, act in (
            (habits.quantity, self._change_quantity),
            (habits.plan, self._change_plan),
            (habits.term, self._change_term),
            (habits.add, self._add_item),
            (habits.remove, self._remove_item),
            (habits.pause, self._pause),
            (habits.trouble, self._pay_late),
            (habits.money_back, self._give_back),
        ):
            if draw < rate:
                act(at)
                return
            draw -= rate

    def _licensed(self) -> list[ItemTerms]:
        return [item for item in self.items.values() if not item.price.is_metered and item.name != "advisory"]

    def _change_quantity(self, at: int) -> None:
        item = self.stream.pick(self._licensed())
        step = max(1, item.quantity * self.stream.between(4, 30) // 100)
        up = self.stream.chance(self.habits.quantity_up)
        quantity = item.quantity + step if up else max(1, item.quantity - step)
        if quantity != item.quantity:
            self.items[item.name] = replace(item, quantity=quantity)
            self.changes.append(QuantityChanged(at, item.name, quantity))

    def _change_plan(self, at: int) -> None:
        """Between Standard and Pro; some go back to the free plan."""
        item = self.items.get("collaboration")
        if item is None or self.cadence not in (MONTHLY, YEARLY) or item.price.unit == 0:
            self._change_quantity(at)
            return
        is_pro = item.price == find_price("collaboration_pro", self.cadence, self.currency)
        family = "collaboration" if is_pro else "collaboration_pro"
        if self.cadence == MONTHLY and self.stream.chance(250):
            family = "collaboration_free"
        price = find_price(family, self.cadence, self.currency)
        self.items["collaboration"] = replace(item, price=price)
        self.changes.append(PriceChanged(at, "collaboration", price))

    def _change_term(self, at: int) -> None:
        """From monthly to yearly, for contracts where everything is sold by the year."""
        if self.cadence != MONTHLY or any(item.price.unit == 0 for item in self.items.values()):
            return
        families = {item.name: item.price.key.split("/")[0] for item in self.items.values()}
        if any(YEARLY not in cadences_by_family().get(family, ()) for family in families.values()):
            return
        prices = tuple((name, find_price(family, YEARLY, self.currency)) for name, family in families.items())
        self.changes.append(TermChanged(at, prices))
        for name, price in prices:
            self.items[name] = replace(self.items[name], price=price)
        self.anchor, self.cadence, self.month = at, YEARLY, 0
        self.busy_until = at

    def _add_item(self, at: int) -> None:
        open_families = [
            family
            for family in _ADD_ONS
            if family not in self.names_used and self.cadence in cadences_by_family()[family]
        ]
        if not open_families or any(item.price.unit == 0 for item in self.items.values()):
            return
        family = self.stream.pick(open_families)
        low, high = _QUANTITIES[family][self.size]
        item = ItemTerms(
            family, find_price(family, self.cadence, self.currency), self.stream.between(low, high)
        )
        self.items[family] = item
        self.names_used.add(family)
        self.changes.append(ItemAdded(at, item))

    def _remove_item(self, at: int) -> None:
        removable = [item for item in self._licensed() if item.minimum is None]
        if len(self._licensed()) < 2 or not removable:
            return
        name = self.stream.pick(removable).name
        del self.items[name]
        self.changes.append(ItemRemoved(at, name))

    def _pause(self, at: int) -> None:
        if self.cadence != MONTHLY:
            return
        behaviour = self.stream.weighted(((70, "void"), (20, "keep_as_draft"), (10, "mark_uncollectible")))
        until = add_months(at, self.stream.between(1, 3))
        self.changes.append(CollectionPaused(at, until, behaviour))
        self.busy_until = until

    def _pay_late(self, at: int) -> None:
        self.changes.append(PaymentTrouble(at, "recovered"))

    def _give_back(self, at: int) -> None:
        stream = self.stream
        kind = stream.weighted(_MONEY_BACK[self.company.pays_by])
        if kind.startswith("dispute"):
            self.changes.append(MoneyBack(at, kind, 1000, "product_not_received"))
        elif kind == "refund":
            share = stream.pick((1000, 500, 250))
            self.changes.append(MoneyBack(at, kind, share, stream.pick(_REFUND_REASONS)))
        else:
            share = stream.pick((1000, 300, 100)) if kind == "credit_note" else 200
            self.changes.append(MoneyBack(at, kind, share, stream.pick(_CREDIT_NOTE_REASONS)))

    def _measure_usage(self, last: int) -> None:
        metered = [item for item in self.contract.items if item.price.is_metered]
        for item in metered:
            level = self.stream.between(800, 9_000)
            at = self.anchor + 3 * DAY
            while at < last:
                self.changes.append(UsageMeasured(at, item.name, level * self.stream.between(70, 135) // 100))
                at += 2 * WEEK
