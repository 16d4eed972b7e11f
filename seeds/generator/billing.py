"""The billing writer: a company's history as the rows of a Stripe export.

Turns facts, invoices and settlements into rows of ``tables.BILLING``, and adds the dirt named in a history's
flaws. How things are billed or paid is decided before; what is here is only which column says it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from seeds.generator.catalogue import (
    CATALOGUE_CREATED,
    COUPONS,
    MONTHLY,
    PRODUCTS,
    Price,
    all_prices,
    find_price,
)
from seeds.generator.dealings import Dealings
from seeds.generator.facts import Contract
from seeds.generator.invoicing import Discount, Invoice, Line, Subscription
from seeds.generator.moments import add_months, next_sync
from seeds.generator.money import THOUSANDTHS
from seeds.generator.randomness import identifier
from seeds.generator.settlement import Payouts, SettledInvoice, Settlement
from seeds.generator.tables import Row, Rows, Value


def _json(values: dict[str, str]) -> str | None:
    return json.dumps(values, separators=(",", ":"), sort_keys=True) if values else None


def _unit_amounts(thousandths: int | None) -> tuple[int | None, str | None]:
    """``unit_amount`` (None where it is finer than the minor unit) and ``unit_amount_decimal``."""
    if thousandths is None:
        return None, None
    whole, fraction = divmod(thousandths, THOUSANDTHS)
    if fraction == 0:
        return whole, str(whole)
    return None, f"{whole}.{fraction:03d}".rstrip("0")


class BillingWriter:
    """Makes the rows of the billing tables: the catalogue once, companies one by one, payouts at the end."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon

    # -- the catalogue ---------------------------------------------------------------------------------------

    def catalogue_rows(self) -> Rows:
        """Products, prices, tiers, plans and coupons."""
        rows: Rows = defaultdict(list)
        created, synced = CATALOGUE_CREATED, self._synced(CATALOGUE_CREATED)
        for product in PRODUCTS.values():
            rows["product"].append(
                (
                    product.id, product.name, product.active, "service", product.unit_label, created,
                    _json(dict(product.metadata)), product.is_deleted, product.livemode, synced,
                )
            )  # fmt: skip
        for price in all_prices().values():
            if price.older_form:
                rows["plan"].append(self._plan_row(price, price.nickname, price.unit))
            else:
                self._price_rows(price, rows)
        # Every price once was a plan as well; where both are exported, the price is the one to read.
        twin = find_price("collaboration", MONTHLY, "USD")
        assert twin.unit is not None
        rows["plan"].append(self._plan_row(twin, "Collaboration, as of 2021", twin.unit - 200 * THOUSANDTHS))
        sandbox = find_price("sandbox", MONTHLY, "USD")
        rows["plan"].append(self._plan_row(sandbox, "Sandbox plan", 9_900 * THOUSANDTHS))
        for coupon in COUPONS.values():
            rows["coupon"].append(
                (
                    coupon.id, coupon.name, coupon.percent_off, coupon.amount_off,
                    coupon.currency and coupon.currency.lower(), coupon.duration, coupon.months, created,
                    coupon.is_deleted, coupon.livemode, synced,
                )
            )  # fmt: skip
        return rows

    def _plan_row(self, price: Price, nickname: str, thousandths: int | None) -> Row:
        assert price.cadence is not None
        amount, _ = _unit_amounts(thousandths)
        return (
            price.id, price.product.id, price.active, amount, price.currency.lower(), price.cadence.interval,
            price.cadence.count, "licensed", "per_unit", None, nickname, CATALOGUE_CREATED, price.is_deleted,
            price.product.livemode, self._synced(CATALOGUE_CREATED),
        )  # fmt: skip

    def _price_rows(self, price: Price, rows: Rows) -> None:
        created, synced, livemode = CATALOGUE_CREATED, self._synced(CATALOGUE_CREATED), price.product.livemode
        cadence = price.cadence
        interval, count = (None, None) if cadence is None else (cadence.interval, cadence.count)
        usage = None if cadence is None else ("metered" if price.is_metered else "licensed")
        rows["price"].append(
            (
                price.id, price.product.id, price.active, "tiered" if price.tiers_mode else "per_unit",
                price.currency.lower(), price.nickname, "one_time" if cadence is None else "recurring",
                *_unit_amounts(price.unit), interval, count, usage,
                price.tiers_mode, price.divide_by, "up" if price.divide_by else None, created,
                price.is_deleted,
                livemode, synced,
            )
        )  # fmt: skip
        for index, tier in enumerate(price.tiers):
            rows["price_tier"].append(
                (price.id, index, tier.up_to, *_unit_amounts(tier.unit), tier.flat, livemode, synced)
            )

    # -- a company -------------------------------------------------------------------------------------------

    def company_rows(self, dealings: Dealings) -> Rows:
        """All rows about one company."""
        rows: Rows = defaultdict(list)
        settlement = dealings.settlement
        maker = _CompanyRows(dealings, self.horizon, rows)
        maker.customer(settlement)
        open_invoices = {settled.invoice.id for settled in settlement.invoices if settled.status == "open"}
        for contract, subscription in dealings.billed:
            maker.subscription(contract, subscription, open_invoices)
        flaws = {subscription.id: contract.export_flaws for contract, subscription in dealings.billed}
        for settled in settlement.invoices:
            maker.invoice(settled, flaws.get(settled.invoice.subscription_id or "", frozenset()))
        maker.customer_discounts()
        maker.money(settlement)
        return rows

    # -- the processor's payouts -----------------------------------------------------------------------------

    def payout_rows(self, payouts_by_mode: Mapping[bool, Payouts]) -> Rows:
        """Payouts with their balance transactions; to be asked for once every company has been settled."""
        rows: Rows = defaultdict(list)
        for livemode, payouts in payouts_by_mode.items():
            for payout in payouts.made():
                synced = self._synced(payout.paid_at)
                rows["payout"].append(
                    (
                        payout.id,
                        payout.amount,
                        payout.currency.lower(),
                        payout.paid_at,
                        "paid",
                        payout.paid_at,
                        livemode,
                        synced,
                    )
                )
                rows["balance_transaction"].append(
                    (
                        identifier("txn", payout.id), -payout.amount, 0, -payout.amount, "payout", payout.id,
                        payout.currency.lower(), None, payout.paid_at, payout.id, payout.paid_at, livemode,
                        synced,
                    )
                )  # fmt: skip
        return rows

    def _synced(self, changed: int) -> int:
        return min(next_sync(changed), self.horizon)


class _CompanyRows:
    """Fills the rows of one company."""

    def __init__(self, dealings: Dealings, horizon: int, rows: Rows) -> None:
        self.company = dealings.history.company
        self.history = dealings.history
        self.livemode = dealings.livemode
        self.horizon = horizon
        self.rows = rows
        self.customer_id = dealings.customer_id

    def _end(self, changed: int) -> tuple[Value, ...]:
        """The columns that close every row: live mode, and the sync that saw the row's last change."""
        return (self.livemode, min(next_sync(changed), self.horizon))

    def customer(self, settlement: Settlement) -> None:
        company = self.company
        behind = any(settled.status == "open" and settled.charge_id for settled in settlement.invoices)
        self.rows["customer"].append(
            (
                self.customer_id, f"billing@{company.domain}", company.name, company.phone,
                company.description,
                company.created, company.currency.lower(), behind, company.country, company.city,
                company.postal_code,
                company.tax_exempt, identifier("n", company.key)[2:10].upper(),
                "deleted" in self.history.export_flaws,
                *self._end(company.created),
            )
        )  # fmt: skip

    def subscription(self, contract: Contract, subscription: Subscription, open_invoices: set[str]) -> None:
        if "subscription_missing" in contract.export_flaws:
            return
        status = subscription.status
        if status == "active" and any(
            invoice.id in open_invoices and invoice.handling != "collect"
            for invoice in subscription.invoices[-1:]
        ):
            status = "past_due"
        last_change = max(
            moment
            for moment in (
                subscription.created,
                subscription.period_start,
                subscription.canceled_at,
                subscription.ended_at,
            )
            if moment is not None and moment <= self.horizon
        )
        is_deleted = "subscription_deleted" in contract.export_flaws
        self.rows["subscription"].append(
            (
                subscription.id, self.customer_id, status, subscription.created, contract.start,
                subscription.period_start,
                subscription.period_end, subscription.anchor, subscription.cancel_at,
                subscription.cancel_at_period_end,
                subscription.canceled_at, subscription.ended_at, subscription.trial_start,
                subscription.trial_end,
                subscription.cancellation_reason, subscription.pause_behaviour,
                subscription.pause_resumes_at, is_deleted,
                *self._end(last_change),
            )
        )  # fmt: skip
        if "item_ids_missing" not in contract.export_flaws:
            for item in subscription.items.values():
                terms = item.terms
                minimum = {} if terms.minimum is None else {"minimum_quantity": str(terms.minimum)}
                self.rows["subscription_item"].append(
                    (
                        item.id, subscription.id, *_price_or_plan(terms.price),
                        None if terms.price.is_metered else terms.quantity, item.created, _json(minimum),
                        item.is_removed,
                        *self._end(last_change),
                    )
                )  # fmt: skip
        for discount in subscription.discounts:
            self._subscription_discount(discount)

    def customer_discounts(self) -> None:
        for given in self.history.customer_coupons:
            months = given.coupon.months
            end = None if months is None else add_months(given.at, months)
            self._subscription_discount(Discount(given.coupon, given.at, end, given.record_kept, None))

    def _subscription_discount(self, discount: Discount) -> None:
        """Connectors drop the row of a discount that has ended; some exports still have it."""
        has_ended = discount.end is not None and discount.end <= self.horizon
        if has_ended and not discount.record_kept:
            return
        self.rows["subscription_discount"].append(
            (
                identifier("di", discount.subscription_id or self.customer_id, discount.start),
                discount.subscription_id,
                self.customer_id, discount.coupon.id, discount.start, discount.end,
                *self._end(discount.start),
            )
        )  # fmt: skip

    def invoice(self, settled: SettledInvoice, flaws: frozenset[str]) -> None:
        invoice = settled.invoice
        end = self._end(settled.updated)
        self.rows["invoice"].append(
            (
                invoice.id, settled.number, self.customer_id, invoice.subscription_id, settled.status,
                invoice.currency.lower(), invoice.reason, invoice.subtotal, settled.tax, settled.total,
                settled.amount_due, settled.amount_paid, settled.amount_remaining, invoice.period_start,
                invoice.period_end, invoice.created, settled.due, settled.finalized, settled.paid,
                settled.voided,
                settled.written_off, settled.charge_id, *end,
            )
        )  # fmt: skip
        for position, line in enumerate(invoice.lines):
            self._line(invoice, position, line, end, has_item="item_ids_missing" not in flaws)

    def _line(
        self, invoice: Invoice, position: int, line: Line, end: tuple[Value, ...], *, has_item: bool
    ) -> None:
        line_id = invoice.line_id(position)
        self.rows["invoice_line_item"].append(
            (
                line_id, invoice.id, line.subscription_id, line.item_id if has_item else None,
                *_price_or_plan(line.price), line.kind, line.description, line.amount,
                invoice.currency.lower(),
                line.quantity, line.is_proration, line.period_start, line.period_end, *end,
            )
        )  # fmt: skip
        if line.coupon is not None:
            self.rows["discount"].append(
                (
                    identifier("di", line_id), "line item", line_id, line.discount, line.coupon.id,
                    self.customer_id,
                    line.subscription_id, invoice.id, invoice.created, None, *end,
                )
            )  # fmt: skip

    def money(self, settlement: Settlement) -> None:
        rows = self.rows
        for charge in settlement.charges:
            rows["charge"].append(
                (
                    charge.id, charge.amount, charge.amount_refunded, charge.succeeded, charge.succeeded,
                    "succeeded" if charge.succeeded else "failed", charge.currency.lower(), self.customer_id,
                    charge.invoice_id, charge.balance_transaction_id, charge.failure_code, charge.created,
                    *self._end(charge.updated),
                )
            )  # fmt: skip
        for refund in settlement.refunds:
            rows["refund"].append(
                (
                    refund.id, refund.amount, refund.charge_id, refund.reason, "succeeded",
                    refund.currency.lower(),
                    refund.balance_transaction_id, refund.created, *self._end(refund.created),
                )
            )  # fmt: skip
        invoices = {settled.invoice.id: settled.invoice for settled in settlement.invoices}
        for note in settlement.credit_notes:
            end = self._end(note.created)
            rows["credit_note"].append(
                (
                    note.id, note.invoice_id, note.total, 0, note.subtotal, note.total,
                    note.currency.lower(), note.kind,
                    "issued" if note.voided_at is None else "void", note.reason, note.created,
                    note.voided_at, *end,
                )
            )  # fmt: skip
            for position, amount, quantity in note.lines:
                line_id = invoices[note.invoice_id].line_id(position)
                rows["credit_note_line_item"].append(
                    (identifier("cnli", note.id, position), note.id, line_id, amount, quantity, *end)
                )
        for dispute in settlement.disputes:
            rows["dispute"].append(
                (
                    dispute.id, dispute.amount, dispute.currency.lower(), dispute.charge_id, dispute.reason,
                    dispute.status, dispute.created, *self._end(dispute.updated),
                )
            )  # fmt: skip
        for transaction in settlement.balance_transactions:
            currency = transaction.currency.lower()
            end = self._end(transaction.created)
            rows["balance_transaction"].append(
                (
                    transaction.id, transaction.amount, transaction.fee, transaction.net, transaction.kind,
                    transaction.source, currency, transaction.exchange_rate, transaction.available_on,
                    transaction.payout_id, transaction.created, *end,
                )
            )  # fmt: skip
            if transaction.fee:
                rows["fee"].append(
                    (transaction.id, 0, transaction.fee, "stripe_fee", currency, self.livemode)
                )


def _price_or_plan(price: Price) -> tuple[str | None, str | None]:
    return (None, price.id) if price.older_form else (price.id, None)
