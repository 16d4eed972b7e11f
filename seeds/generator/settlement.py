"""How a company's invoices get paid, or do not: charges, fees, payouts, refunds, credit notes, disputes.

Invoices are finalised an hour after a renewal creates them, balances from credits are used up, failed
payments are retried, and everything is cut off at the instant of the export. What was invoiced is
``invoicing``'s; columns are the writer's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, as_decimal
from seeds.generator.facts import Company, MoneyBack
from seeds.generator.invoicing import FIRST_PAYMENT_WINDOW, Invoice
from seeds.generator.moments import DAY, HOUR, WEEK
from seeds.generator.money import chargeable, divide_rounded, shared_out
from seeds.generator.randomness import Stream, dated_identifier, identifier

# The vendor keeps balances in these currencies; others are exchanged when they are charged.
_BALANCE_CURRENCIES = ("USD", "EUR", "GBP")
_DISPUTE_FEE = 1_500
_BANK_TRANSFER_TERM = 30 * DAY
_RETRY_DAYS = (0, 3, 5, 7)
_GIVE_UP_DAYS = 14
_FIRST_MONDAY = 4 * DAY  # 1970-01-05
_PAYOUT_HOUR = 6 * HOUR
_CARD_HOLD = 2 * DAY


@dataclass(slots=True)
class Charge:
    id: str
    created: int
    amount: int
    currency: str
    invoice_id: str
    succeeded: bool
    amount_refunded: int = 0
    balance_transaction_id: str | None = None
    failure_code: str | None = None
    updated: int = 0
    is_disputed: bool = False


@dataclass(slots=True)
class BalanceTransaction:
    """A movement on the vendor's balance at the processor, in the balance's currency."""

    id: str
    created: int
    kind: str
    source: str
    currency: str
    amount: int
    fee: int
    available_on: int
    exchange_rate: str | None = None
    payout_id: str | None = None

    @property
    def net(self) -> int:
        return self.amount - self.fee


@dataclass(slots=True)
class Refund:
    id: str
    created: int
    amount: int
    currency: str
    charge_id: str
    reason: str
    balance_transaction_id: str


@dataclass(slots=True)
class CreditNote:
    id: str
    created: int
    invoice_id: str
    kind: str
    reason: str
    currency: str
    subtotal: int
    total: int
    lines: list[tuple[int, int, int]]  # (position on the invoice, amount, quantity)
    voided_at: int | None = None


@dataclass(slots=True)
class Dispute:
    id: str
    created: int
    amount: int
    currency: str
    charge_id: str
    reason: str
    status: str
    updated: int


@dataclass(slots=True)
class SettledInvoice:
    """An invoice with its state at the export."""

    invoice: Invoice
    status: str
    tax: int = 0
    number: str | None = None
    amount_due: int = 0
    amount_paid: int = 0
    amount_remaining: int = 0
    due: int | None = None
    finalized: int | None = None
    paid: int | None = None
    voided: int | None = None
    written_off: int | None = None
    charge_id: str | None = None

    @property
    def total(self) -> int:
        return self.invoice.subtotal - self.invoice.discount + self.tax

    @property
    def updated(self) -> int:
        """When the row last changed."""
        moments = (self.finalized, self.paid, self.voided, self.written_off)
        return max([self.invoice.created, *(moment for moment in moments if moment is not None)])


@dataclass(slots=True)
class Payout:
    id: str
    paid_at: int
    currency: str
    amount: int = 0


class Payouts:
    """The vendor's weekly payouts, added up over all companies: a few hundred, however many those are.

    Test mode has payouts of its own.
    """

    def __init__(self, horizon: int, *, livemode: bool = True) -> None:
        self._horizon = horizon
        self._mode = "live" if livemode else "test"
        self._payouts: dict[tuple[str, int], Payout] = {}

    def add(self, transaction: BalanceTransaction) -> None:
        """Put a balance transaction into the first payout after it is available, if that has been made."""
        monday = transaction.available_on - (transaction.available_on - _FIRST_MONDAY) % WEEK + WEEK
        paid_at = monday + _PAYOUT_HOUR
        if paid_at > self._horizon:
            return
        payout = self._payouts.get((transaction.currency, paid_at))
        if payout is None:
            payout = Payout(
                identifier("po", self._mode, transaction.currency, paid_at), paid_at, transaction.currency
            )
            self._payouts[transaction.currency, paid_at] = payout
        payout.amount += transaction.net
        transaction.payout_id = payout.id

    def made(self) -> list[Payout]:
        """All payouts, in order of time; one below zero draws on the vendor's bank account."""
        return sorted(self._payouts.values(), key=lambda payout: (payout.paid_at, payout.id))


@dataclass(slots=True)
class Settlement:
    """Everything about money for one company."""

    invoices: list[SettledInvoice] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    balance_transactions: list[BalanceTransaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)


class _Cashier:
    """Settles one company's invoices in order of time."""

    def __init__(self, company: Company, rates: ExchangeRates, payouts: Payouts, horizon: int) -> None:
        self.company = company
        self.rates = rates
        self.payouts = payouts
        self.horizon = horizon
        self.settlement = Settlement()
        self.credit: dict[str, int] = {}
        self.number_prefix = identifier("n", company.key)[2:10].upper()
        self.finalized_count = 0

    def settle(self, invoices: Iterable[Invoice]) -> Settlement:
        for invoice in sorted(invoices, key=lambda invoice: (invoice.created, invoice.key)):
            self._settle(invoice)
        for transaction in self.settlement.balance_transactions:
            self.payouts.add(transaction)
        return self.settlement

    def _settle(self, invoice: Invoice) -> None:
        stream = Stream("payment", invoice.key)
        net = invoice.subtotal - invoice.discount
        tax = chargeable(net * self.company.tax_per_thousand, 1000, invoice.currency)
        settled = SettledInvoice(invoice, "draft", tax)
        self.settlement.invoices.append(settled)
        settled.amount_due = settled.amount_remaining = max(settled.total, 0)
        finalized = invoice.created
        if invoice.reason == "subscription_cycle":
            finalized += HOUR + stream.below(240)
        if invoice.handling == "draft" or finalized > self.horizon:
            return
        self.finalized_count += 1
        settled.number = f"{self.number_prefix}-{self.finalized_count:04d}"
        settled.finalized = finalized
        settled.status = "open"
        if self.company.pays_by == "bank_transfer":
            settled.due = finalized + _BANK_TRANSFER_TERM
        if invoice.handling == "paused_void":
            self._void(settled, finalized)
        elif invoice.handling == "paused_uncollectible":
            settled.status, settled.written_off = "uncollectible", finalized
        elif invoice.handling == "void":
            self._void(settled, invoice.created + FIRST_PAYMENT_WINDOW)
        elif invoice.handling == "collect" or settled.total <= 0:
            self._collect(settled, stream)
        elif invoice.handling == "recovered":
            self._pay_after_retries(settled, stream)
        else:
            self._never_pay(settled)

    # -- ways an invoice ends --------------------------------------------------------------------------------

    def _collect(self, settled: SettledInvoice, stream: Stream) -> None:
        assert settled.finalized is not None
        currency = settled.invoice.currency
        available = self.credit.get(currency, 0)
        if settled.total <= 0:
            self.credit[currency] = available - settled.total
        elif available:
            used = min(available, settled.total)
            self.credit[currency] = available - used
            settled.amount_due -= used
        if settled.amount_due == 0:
            settled.amount_remaining = 0
            settled.status, settled.paid = "paid", settled.finalized
            return
        settled.amount_remaining = settled.amount_due
        if self.company.pays_by == "bank_transfer":
            paid = settled.finalized + stream.between(4, 41) * DAY + stream.below(8 * HOUR)
        else:
            paid = settled.finalized + stream.between(2, 9)
        self._reduce_before_payment(settled, paid)
        if paid <= self.horizon:
            self._pay(settled, paid, 1)
            self._give_back(settled)

    def _pay_after_retries(self, settled: SettledInvoice, stream: Stream) -> None:
        successful_try = stream.between(1, len(_RETRY_DAYS) - 1)
        paid = self._fail(settled, _RETRY_DAYS[:successful_try], _RETRY_DAYS[successful_try])
        if paid <= self.horizon:
            self._pay(settled, paid, successful_try + 1)
            self._give_back(settled)

    def _never_pay(self, settled: SettledInvoice) -> None:
        given_up = self._fail(settled, _RETRY_DAYS, _GIVE_UP_DAYS)
        if given_up > self.horizon:
            return
        if settled.invoice.handling == "uncollectible":
            settled.status, settled.written_off = "uncollectible", given_up
        elif settled.invoice.handling == "voided":
            self._void(settled, given_up)

    def _void(self, settled: SettledInvoice, at: int) -> None:
        if at <= self.horizon:
            settled.status, settled.voided = "void", at
            settled.amount_remaining = 0

    # -- charges ---------------------------------------------------------------------------------------------

    def _fail(self, settled: SettledInvoice, days: Iterable[int], next_day: int) -> int:
        """Write failed charges on the given days after finalisation; returns the moment of ``next_day``."""
        assert settled.finalized is not None
        for number, day in enumerate(days, start=1):
            at = settled.finalized + day * DAY + 4
            if at <= self.horizon:
                charge = self._charge(settled, at, number, succeeded=False)
                charge.failure_code = "card_declined" if number == 1 else "insufficient_funds"
                settled.charge_id = charge.id
        return settled.finalized + next_day * DAY + 4

    def _charge(self, settled: SettledInvoice, at: int, number: int, *, succeeded: bool) -> Charge:
        invoice = settled.invoice
        charge = Charge(
            id=dated_identifier("ch", at, invoice.key, number),
            created=at,
            amount=settled.amount_remaining,
            currency=invoice.currency,
            invoice_id=invoice.id,
            succeeded=succeeded,
            updated=at,
        )
        self.settlement.charges.append(charge)
        return charge

    def _pay(self, settled: SettledInvoice, at: int, number: int) -> None:
        charge = self._charge(settled, at, number, succeeded=True)
        settled.charge_id = charge.id
        settled.amount_paid, settled.amount_remaining = settled.amount_remaining, 0
        settled.status, settled.paid = "paid", at
        transaction = self._balance_transaction(charge.id, "charge", at, charge.currency, charge.amount)
        if self.company.pays_by == "card":
            transaction.fee = divide_rounded(transaction.amount * 29, 1000) + 30
        else:
            transaction.fee = min(divide_rounded(transaction.amount * 8, 1000), 500)
        charge.balance_transaction_id = transaction.id

    def _balance_transaction(
        self, source: str, kind: str, at: int, currency: str, amount: int
    ) -> BalanceTransaction:
        exchange_rate = None
        if currency not in _BALANCE_CURRENCIES:
            amount = self.rates.in_reporting_currency(amount, currency, at)
            exchange_rate = as_decimal(self.rates.rate(currency, at))
            currency = REPORTING_CURRENCY
        transaction = BalanceTransaction(
            id=dated_identifier("txn", at, kind, source),
            created=at,
            kind=kind,
            source=source,
            currency=currency,
            amount=amount,
            fee=0,
            available_on=at + _CARD_HOLD,
            exchange_rate=exchange_rate,
        )
        self.settlement.balance_transactions.append(transaction)
        return transaction

    # -- money back ------------------------------------------------------------------------------------------

    def _reduce_before_payment(self, settled: SettledInvoice, paid: int) -> None:
        """Credit notes on an invoice that is still open leave less of it to pay."""
        for back in settled.invoice.money_back:
            if (
                back.kind == "pre_payment"
                and settled.finalized is not None
                and settled.finalized < back.at < paid
            ):
                note = self._credit_note(settled, back)
                settled.amount_remaining -= note.total

    def _give_back(self, settled: SettledInvoice) -> None:
        assert settled.paid is not None
        charge = self.settlement.charges[-1]
        for back in settled.invoice.money_back:
            at = max(back.at, settled.paid + HOUR)
            if (
                back.kind == "pre_payment"
                or at > self.horizon
                or charge.amount_refunded
                or charge.is_disputed
            ):
                continue
            if back.kind.startswith("dispute"):
                self._dispute(charge, back, at)
            elif back.kind == "voided_note":
                self._credit_note(settled, back, at).voided_at = min(at + DAY, self.horizon)
            elif back.kind == "credit_note":
                note = self._credit_note(settled, back, at)
                self._refund(charge, min(note.total, charge.amount), back.reason, at)
            else:
                share = chargeable(charge.amount * back.share_per_thousand, 1000, charge.currency)
                self._refund(charge, share, back.reason, at)

    def _refund(self, charge: Charge, amount: int, reason: str, at: int) -> None:
        refund_id = dated_identifier("re", at, charge.id)
        transaction = self._balance_transaction(refund_id, "refund", at, charge.currency, -amount)
        charge.amount_refunded += amount
        charge.updated = at
        self.settlement.refunds.append(
            Refund(refund_id, at, amount, charge.currency, charge.id, reason, transaction.id)
        )

    def _credit_note(self, settled: SettledInvoice, back: MoneyBack, at: int | None = None) -> CreditNote:
        invoice = settled.invoice
        created = back.at if at is None else at
        net = invoice.subtotal - invoice.discount
        subtotal = chargeable(net * back.share_per_thousand, 1000, invoice.currency)
        tax = chargeable(settled.tax * back.share_per_thousand, 1000, invoice.currency)
        weights = [max(line.amount - line.discount, 0) for line in invoice.lines]
        note = CreditNote(
            id=dated_identifier("cn", created, invoice.key),
            created=created,
            invoice_id=invoice.id,
            kind="pre_payment" if back.kind == "pre_payment" else "post_payment",
            reason=back.reason,
            currency=invoice.currency,
            subtotal=subtotal,
            total=subtotal + tax,
            lines=[
                (position, amount, invoice.lines[position].quantity)
                for position, amount in enumerate(shared_out(subtotal, weights))
                if amount
            ],
        )
        self.settlement.credit_notes.append(note)
        return note

    def _dispute(self, charge: Charge, back: MoneyBack, at: int) -> None:
        status = {"dispute_won": "won", "dispute_lost": "lost", "dispute_open": "under_review"}[back.kind]
        decided = at + 40 * DAY
        if decided > self.horizon:
            status = "under_review"
        dispute = Dispute(
            id=dated_identifier("dp", at, charge.id),
            created=at,
            amount=charge.amount,
            currency=charge.currency,
            charge_id=charge.id,
            reason=back.reason,
            status=status,
            updated=decided if status in ("won", "lost") else at,
        )
        self.settlement.disputes.append(dispute)
        charge.is_disputed = True
        withdrawn = self._balance_transaction(dispute.id, "adjustment", at, charge.currency, -charge.amount)
        withdrawn.fee = _DISPUTE_FEE
        if status == "won":
            self._balance_transaction(dispute.id, "adjustment", decided, charge.currency, charge.amount)


def settle_company(
    company: Company, invoices: Iterable[Invoice], rates: ExchangeRates, payouts: Payouts, horizon: int
) -> Settlement:
    """Payments for all invoices of a company up to ``horizon``; adds to ``payouts``."""
    return _Cashier(company, rates, payouts, horizon).settle(invoices)
