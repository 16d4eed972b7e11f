"""What Stripe's billing engine makes of a contract: invoices with their lines, and the subscription's state.

Periods, trials, prorations on the next invoice, restarts of the period, pauses and coupons follow Stripe's
documented behaviour. Whether and how an invoice is paid is ``settlement``'s; which columns are exported is
the writer's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from seeds.generator.catalogue import Coupon, Price
from seeds.generator.facts import (
    Cancellation,
    Change,
    CollectionPaused,
    Contract,
    CouponGiven,
    FreeTimeGiven,
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
from seeds.generator.moments import HOUR, Cadence, add_months, boundary
from seeds.generator.money import chargeable, shared_out
from seeds.generator.randomness import dated_identifier, identifier, line_identifier

_HANDLING_WHILE_PAUSED = {
    "void": "paused_void",
    "keep_as_draft": "draft",
    "mark_uncollectible": "paused_uncollectible",
}

# Stripe gives up on a subscription whose first invoice has not been paid after this time.
FIRST_PAYMENT_WINDOW = 23 * HOUR


@dataclass(slots=True)
class Line:
    """An invoice line. ``discount`` is what its coupon took off; both signs as the amount's."""

    price: Price
    kind: str
    amount: int
    quantity: int
    period_start: int
    period_end: int | None
    description: str
    is_proration: bool = False
    subscription_id: str | None = None
    item_id: str | None = None
    coupon: Coupon | None = None
    discount: int = 0


@dataclass(slots=True)
class Invoice:
    """An invoice as created; ``handling`` is collect, or how it does not get paid."""

    key: str
    created: int
    reason: str
    currency: str
    period_start: int
    period_end: int
    lines: list[Line]
    handling: str = "collect"
    subscription_id: str | None = None
    money_back: tuple[MoneyBack, ...] = ()
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = dated_identifier("in", self.created, self.key)

    def line_id(self, position: int) -> str:
        """The id of the line at a position, from 0."""
        return line_identifier(self.created, position, self.key)

    @property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)


@dataclass(slots=True)
class SubscriptionItem:
    id: str
    created: int
    terms: ItemTerms
    usage: int = 0
    is_removed: bool = False


@dataclass(slots=True)
class Discount:
    """A coupon's window on a subscription or, where ``subscription_id`` is None, on the whole customer."""

    coupon: Coupon
    start: int
    end: int | None
    record_kept: bool
    subscription_id: str | None


@dataclass(slots=True)
class Subscription:
    """A subscription as the export shows it at the end, with all that was invoiced for it."""

    id: str
    created: int
    anchor: int
    period_start: int
    period_end: int | None
    status: str = "active"
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    cancellation_reason: str | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    pause_behaviour: str | None = None
    pause_resumes_at: int | None = None
    items: dict[str, SubscriptionItem] = field(default_factory=dict)
    invoices: list[Invoice] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)


def _described(terms: ItemTerms) -> str:
    return f"{terms.quantity} × {terms.price.product.name}"


class _Engine:
    """Plays one contract's changes and renewals in order of time, up to ``horizon``."""

    def __init__(
        self, contract: Contract, currency: str, customer_coupons: tuple[CouponGiven, ...], horizon: int
    ) -> None:
        self.contract = contract
        self.currency = currency
        self.customer_coupons = customer_coupons
        self.horizon = horizon
        self.cadence: Cadence = contract.cadence
        self.cycle = 0
        self.pending: list[Line] = []
        self.period_is_free = False
        self.coupon: Discount | None = None
        self.trouble: PaymentTrouble | None = None
        self.lasting_trouble: str | None = None
        self.pause: CollectionPaused | None = None
        self.free_time: FreeTimeGiven | None = None
        self.cancellation: Cancellation | None = None
        self.subscription = Subscription(
            id=dated_identifier("sub", contract.start, contract.key),
            created=contract.start,
            anchor=contract.start,
            period_start=contract.start,
            period_end=None,
        )

    # -- the run ---------------------------------------------------------------------------------------------

    def run(self) -> Subscription:
        changes = deque(change for change in self.contract.changes if not isinstance(change, MoneyBack))
        while changes and changes[0].at <= self.contract.start:
            self._apply(changes.popleft())
        self._begin()
        subscription = self.subscription
        while subscription.ended_at is None and self.contract.first_payment == "succeeds":
            change_at = changes[0].at if changes else None
            end_at = self.cancellation.effective if self.cancellation else None
            moments = (end_at, subscription.period_end, change_at)
            upcoming = min((moment for moment in moments if moment is not None), default=None)
            if upcoming is None or upcoming > self.horizon:
                break
            if upcoming == end_at:
                self._end(upcoming)
            elif upcoming == subscription.period_end:
                self._renew()
            else:
                self._apply(changes.popleft())
        self._set_final_state()
        return subscription

    def _begin(self) -> None:
        contract, subscription = self.contract, self.subscription
        for terms in contract.items:
            self._add_item(terms, contract.start)
        if contract.trial_until is not None:
            subscription.trial_start, subscription.trial_end = contract.start, contract.trial_until
            subscription.period_end = subscription.anchor = contract.trial_until
            self.period_is_free = True
        elif contract.evergreen:
            subscription.period_end = None
        else:
            subscription.period_end = boundary(contract.start, self.cadence, 1)
            self.cycle = 1
            self.period_is_free = contract.first_period_free
        self._invoice(
            contract.start, "subscription_create", self._period_lines(), contract.start, contract.start
        )

    def _renew(self) -> None:
        subscription = self.subscription
        previous_start, start = subscription.period_start, subscription.period_end
        assert start is not None
        subscription.period_start = start
        if self.free_time is not None and self.free_time.at <= start:
            subscription.trial_start, subscription.trial_end = start, self.free_time.until
            subscription.anchor = subscription.period_end = self.free_time.until
            self.cycle = 0
            self.period_is_free = True
            self.free_time = None
        else:
            self.cycle += 1
            subscription.period_end = boundary(subscription.anchor, self.cadence, self.cycle)
            self.period_is_free = False
        lines = self._take_pending() + self._usage_lines(previous_start, start) + self._period_lines()
        self._invoice(start, "subscription_cycle", lines, previous_start, start)

    def _end(self, at: int) -> None:
        assert self.cancellation is not None
        subscription = self.subscription
        reason = "subscription_cycle" if at == subscription.period_end else "subscription_update"
        if self.cancellation.credited:
            for item in self._current_items():
                self._credit(item, at)
        lines = self._take_pending() + self._usage_lines(subscription.period_start, at)
        if lines:
            self._invoice(at, reason, lines, subscription.period_start, at)
        subscription.ended_at = at

    # -- changes ---------------------------------------------------------------------------------------------

    def _apply(self, change: Change) -> None:
        match change:
            case QuantityChanged():
                terms = self.subscription.items[change.name].terms
                self._replace(change.at, ItemTerms(terms.name, terms.price, change.quantity, terms.minimum))
            case PriceChanged():
                terms = self.subscription.items[change.name].terms
                self._replace(change.at, ItemTerms(terms.name, change.price, terms.quantity, terms.minimum))
            case ItemAdded():
                item = self._add_item(change.item, change.at)
                self._debit(item, change.at)
                self._settle_changes(change.at)
            case ItemRemoved():
                item = self.subscription.items[change.name]
                self._credit(item, change.at)
                item.is_removed = True
                self._settle_changes(change.at)
            case TermChanged():
                self._change_term(change)
            case UsageMeasured():
                self.subscription.items[change.name].usage += change.quantity
            case CouponGiven():
                if self.coupon is not None and self.coupon.end is None:
                    self.coupon.end = change.at
                months = change.coupon.months
                end = None if months is None else add_months(change.at, months)
                self.coupon = Discount(
                    change.coupon, change.at, end, change.record_kept, self.subscription.id
                )
                self.subscription.discounts.append(self.coupon)
            case CollectionPaused():
                self.pause = change
            case FreeTimeGiven():
                self.free_time = change
            case PaymentTrouble():
                self.trouble = change
            case Cancellation():
                self.cancellation = change

    def _replace(self, at: int, terms: ItemTerms) -> None:
        item = self.subscription.items[terms.name]
        if self.contract.evergreen:
            item.terms = terms
            self._invoice(at, "subscription_update", self._item_lines(item, at, None), at, at)
            return
        worth = not terms.price.is_metered and not self.period_is_free
        if worth:
            self._credit(item, at, even_nothing=True)
        item.terms = terms
        if worth:
            self._debit(item, at)
        self._settle_changes(at)

    def _change_term(self, change: TermChanged) -> None:
        subscription = self.subscription
        for item in self._current_items():
            self._credit(item, change.at)
        lines = self._take_pending() + self._usage_lines(subscription.period_start, change.at)
        previous_start = subscription.period_start
        for name, price in change.prices:
            item = subscription.items[name]
            item.terms = ItemTerms(name, price, item.terms.quantity, item.terms.minimum)
            assert price.cadence is not None
            self.cadence = price.cadence
        subscription.anchor = subscription.period_start = change.at
        subscription.period_end = boundary(change.at, self.cadence, 1)
        self.cycle = 1
        self.period_is_free = False
        self._invoice(
            change.at, "subscription_update", lines + self._period_lines(), previous_start, change.at
        )

    def _settle_changes(self, at: int) -> None:
        if self.contract.proration == "at_once" and self.pending:
            self._invoice(at, "subscription_update", self._take_pending(), self.subscription.period_start, at)

    # -- lines -----------------------------------------------------------------------------------------------

    def _add_item(self, terms: ItemTerms, at: int) -> SubscriptionItem:
        item = SubscriptionItem(identifier("si", self.contract.key, terms.name), at, terms)
        self.subscription.items[terms.name] = item
        return item

    def _current_items(self) -> list[SubscriptionItem]:
        return [item for item in self.subscription.items.values() if not item.is_removed]

    def _period_lines(self) -> list[Line]:
        start, end = self.subscription.period_start, self.subscription.period_end
        return [line for item in self._current_items() for line in self._item_lines(item, start, end)]

    def _item_lines(self, item: SubscriptionItem, start: int, end: int | None) -> list[Line]:
        terms = item.terms
        if terms.price.is_metered:
            return []
        if self.period_is_free:
            text = "Trial period for" if self.subscription.trial_end == end else "Included:"
            return [self._line(item, 0, terms.quantity, (start, end), f"{text} {_described(terms)}")]
        charges = terms.price.charges(terms.billable)
        if len(charges) == 1:
            # With a billable minimum the line shows what is used, and charges the minimum.
            charges = [(terms.quantity, charges[0][1])]
        return [
            self._line(item, amount, quantity, (start, end), _described(terms))
            for quantity, amount in charges
        ]

    def _usage_lines(self, start: int, end: int) -> list[Line]:
        lines = []
        for item in self.subscription.items.values():
            if item.terms.price.is_metered:
                name = item.terms.price.product.name
                for quantity, amount in item.terms.price.charges(item.usage):
                    lines.append(self._line(item, amount, quantity, (start, end), f"{quantity} × {name}"))
                item.usage = 0
        return lines

    def _credit(self, item: SubscriptionItem, at: int, *, even_nothing: bool = False) -> None:
        """Give back the unused rest; ``even_nothing``: by a zero line too, as beside a new price."""
        self._prorate(item, at, sign=-1, text="Unused time on", even_nothing=even_nothing)

    def _debit(self, item: SubscriptionItem, at: int) -> None:
        self._prorate(item, at, sign=1, text="Remaining time on", even_nothing=True)

    def _prorate(self, item: SubscriptionItem, at: int, *, sign: int, text: str, even_nothing: bool) -> None:
        start, end = self.subscription.period_start, self.subscription.period_end
        terms = item.terms
        if terms.price.is_metered or self.period_is_free or end is None:
            return
        charges = terms.price.charges(terms.billable)
        if "split_prorations" not in self.contract.export_flaws:
            charges = [(terms.quantity, sum(amount for _, amount in charges))]
        for quantity, full in charges:
            amount = sign * chargeable(full * (end - at), end - start, self.currency)
            if amount or even_nothing:
                line = self._line(item, amount, quantity, (at, end), f"{text} {_described(terms)}")
                line.kind, line.is_proration = "invoiceitem", True
                self.pending.append(line)

    def _line(
        self, item: SubscriptionItem, amount: int, quantity: int, period: tuple[int, int | None], text: str
    ) -> Line:
        return Line(
            price=item.terms.price,
            kind="subscription",
            amount=amount,
            quantity=quantity,
            period_start=period[0],
            period_end=period[1],
            description=text,
            subscription_id=self.subscription.id,
            item_id=item.id,
        )

    def _take_pending(self) -> list[Line]:
        lines, self.pending = self.pending, []
        return lines

    # -- invoices --------------------------------------------------------------------------------------------

    def _invoice(self, at: int, reason: str, lines: list[Line], period_start: int, period_end: int) -> None:
        if not lines:
            return
        self._discount(at, lines)
        number = len(self.subscription.invoices)
        invoice = Invoice(
            key=f"{self.contract.key}/{number}",
            created=at,
            reason=reason,
            currency=self.currency,
            period_start=period_start,
            period_end=period_end,
            lines=lines,
            subscription_id=self.subscription.id,
        )
        invoice.handling = self._handling(invoice)
        self.subscription.invoices.append(invoice)

    def _handling(self, invoice: Invoice) -> str:
        first_payment = self.contract.first_payment
        if first_payment != "succeeds":
            return "left_open" if first_payment == "incomplete" else "void"
        if self.pause is not None and (self.pause.until is None or invoice.created < self.pause.until):
            return _HANDLING_WHILE_PAUSED[self.pause.behaviour]
        if self.lasting_trouble is not None:
            return "draft" if self.lasting_trouble == "unpaid" else "left_open"
        if self.trouble is not None and invoice.subtotal - invoice.discount > 0:
            outcome, self.trouble = self.trouble.outcome, None
            if outcome in ("unpaid", "past_due"):
                self.lasting_trouble = outcome
                return "left_open"
            return outcome
        return "collect"

    def _discount(self, at: int, lines: list[Line]) -> None:
        coupon = self._coupon_at(at)
        charged = [line for line in lines if line.amount > 0]
        if coupon is None or not charged:
            return
        if coupon.percent_off is not None:
            for line in lines:
                line.discount = chargeable(line.amount * coupon.percent_off, 100, self.currency)
        else:
            assert coupon.amount_off is not None
            # What an invoice's credits leave to pay is the most that an amount can take off.
            payable = max(sum(line.amount for line in lines), 0)
            parts = shared_out(min(coupon.amount_off, payable), [line.amount for line in charged])
            for line, part in zip(charged, parts, strict=True):
                line.discount = part
        for line in lines:
            line.coupon = coupon if line.discount else None
        if self.coupon is not None and coupon.duration == "once":
            self.coupon.end = at

    def _coupon_at(self, at: int) -> Coupon | None:
        own = self.coupon
        if own is not None and own.start <= at and (own.end is None or at < own.end):
            return own.coupon
        for given in self.customer_coupons:
            months = given.coupon.months
            if given.at <= at and (months is None or at < add_months(given.at, months)):
                return given.coupon
        return None

    # -- the state at the end --------------------------------------------------------------------------------

    def _set_final_state(self) -> None:
        subscription = self.subscription
        if self.cancellation is not None and self.cancellation.at <= self.horizon:
            subscription.canceled_at = self.cancellation.at
            subscription.cancellation_reason = self.cancellation.reason
            if subscription.ended_at is None or self.cancellation.effective > self.cancellation.at:
                subscription.cancel_at_period_end = True
                subscription.cancel_at = self.cancellation.effective
        if self.pause is not None and (self.pause.until is None or self.pause.until > self.horizon):
            subscription.pause_behaviour = self.pause.behaviour
            subscription.pause_resumes_at = self.pause.until
        if self.contract.first_payment != "succeeds":
            subscription.status = self.contract.first_payment
            if subscription.status == "incomplete_expired":
                subscription.ended_at = subscription.created + FIRST_PAYMENT_WINDOW
        elif subscription.ended_at is not None:
            subscription.status = "canceled"
        elif self.lasting_trouble is not None:
            subscription.status = self.lasting_trouble
        elif subscription.trial_end is not None and self.horizon < subscription.trial_end:
            subscription.status = "trialing"


def bill_contract(
    contract: Contract, currency: str, customer_coupons: tuple[CouponGiven, ...], horizon: int
) -> Subscription:
    """Everything invoiced for a contract up to ``horizon``, and the subscription's state at that instant."""
    subscription = _Engine(contract, currency, customer_coupons, horizon).run()
    money_back = tuple(
        change for change in contract.changes if isinstance(change, MoneyBack) and change.at <= horizon
    )
    for back in money_back:
        # A return is about the last invoice that was out at that time.
        candidates = [
            invoice for invoice in subscription.invoices if invoice.created < back.at and invoice.subtotal > 0
        ]
        if candidates:
            candidates[-1].money_back += (back,)
    return subscription


def bill_sale(sale: Sale, currency: str) -> Invoice:
    """The invoice of a one-off sale: lines without a subscription, a period of no length."""
    lines = [
        Line(
            price,
            "invoiceitem",
            price.total(quantity),
            quantity,
            sale.at,
            sale.at,
            f"{quantity} × {price.product.name}",
        )
        for price, quantity in sale.items
    ]
    return Invoice(sale.key, sale.at, "manual", currency, sale.at, sale.at, lines, money_back=sale.money_back)
