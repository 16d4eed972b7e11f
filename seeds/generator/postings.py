"""The ledger entries about one company: every billing document, and its share of the recognition runs.

Documents become balanced entries on the day on which they were made; what an invoice earned is taken to
revenue at the end of each complete month. How much is earned when is ``recognition``'s; entries over all
companies (payouts, revaluations, closings) are ``month_end``'s.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from seeds.generator.chart import (
    BAD_DEBT,
    CLEARING,
    CREDITS,
    DEFERRED,
    DISPUTES,
    FEES,
    REALISED,
    RECEIVABLE,
    REVENUE_OF_STREAM,
    TAX_PAYABLE,
    UNBILLED,
    Account,
)
from seeds.generator.dealings import Dealings
from seeds.generator.exchange import REPORTING_CURRENCY, ExchangeRates, converted, converted_back
from seeds.generator.journal import Entry, JournalLine, company_entry_id
from seeds.generator.moments import DAY
from seeds.generator.money import EXPONENTS, divide_rounded
from seeds.generator.randomness import Stream
from seeds.generator.recognition import InvoiceCase, InvoiceRevenue, Reduction, Unit
from seeds.generator.settlement import (
    BalanceTransaction,
    Charge,
    CreditNote,
    Dispute,
    Refund,
    SettledInvoice,
    Settlement,
)

FIRST_CUSTOMER_ENTITY = 1000

_STREAMS = tuple(REVENUE_OF_STREAM)
_ESTIMATES_PER_THOUSAND = 80

RunKey = tuple[int, str, int]
"""A recognition run: the number of its month's close, currency, exchange rate."""


def customer_entity(number: int) -> int:
    """The ledger's id of company ``number`` as a customer."""
    return FIRST_CUSTOMER_ENTITY + number


@dataclass(slots=True)
class _Receivable:
    """What an invoice leaves to be paid, in its currency and at its own rate; below zero a credit."""

    foreign: int
    base: int

    def change(self, foreign: int, base: int) -> None:
        self.foreign += foreign
        self.base += base

    def share(self, foreign: int, unit: Unit) -> int:
        """The base amount of a part of what is open; at the invoice's rate beyond that."""
        if foreign == self.foreign:
            return self.base
        if (foreign > 0) == (self.foreign > 0) and abs(foreign) < abs(self.foreign):
            return divide_rounded(self.base * abs(foreign), abs(self.foreign))
        return unit(foreign)


@dataclass(slots=True)
class _Event:
    """An entry to be made at an instant; events of one instant come in order of ``rank`` and ``id``."""

    at: int
    rank: int
    id: str
    make: Callable[[int], Entry | None]
    number: int = 0


@dataclass(slots=True)
class CompanyPostings:
    """A company's entries, and its lines in the recognition runs."""

    entries: list[Entry] = field(default_factory=list)
    runs: dict[RunKey, list[JournalLine]] = field(default_factory=dict)
    cleared: dict[str, int] = field(default_factory=dict)
    """By payout: US cents on the clearing account of what it pays out."""


class PostingMaker:
    """Makes the postings of companies up to ``horizon``; ``closes`` are the days after complete months."""

    def __init__(self, rates: ExchangeRates, closes: Sequence[int], horizon: int) -> None:
        self.rates = rates
        self.closes = closes
        self.horizon = horizon

    def postings(self, dealings: Dealings) -> CompanyPostings:
        """All entries of a company, and what it adds to those of the vendor."""
        return _Company(self.rates, self.closes, self.horizon, dealings).postings()


class _Company:
    """One company's entries: invoices share its credits, its ids and its place in the runs."""

    def __init__(self, rates: ExchangeRates, closes: Sequence[int], horizon: int, dealings: Dealings) -> None:
        self.rates = rates
        self.closes = closes
        self.horizon = horizon
        self.number = dealings.number
        self.company = dealings.history.company
        self.settlement = dealings.settlement
        self.entity = customer_entity(dealings.number)
        self.movements = {movement.id: movement for movement in dealings.settlement.balance_transactions}
        self.made = CompanyPostings()
        self.credits: dict[str, _Receivable] = defaultdict(lambda: _Receivable(0, 0))
        self.run_amounts: dict[RunKey, dict[str, list[int]]] = defaultdict(
            lambda: defaultdict(lambda: [0] * 6)
        )

    def postings(self) -> CompanyPostings:
        events = list(self._estimates())
        for case, charges in _cases(self.settlement):
            invoice = _Invoice(self, case)
            events += invoice.events(charges)
            self._recognise(invoice)
        events.sort(key=lambda event: (event.at, event.rank, event.id))
        for number, event in enumerate(events, start=1):
            event.number = company_entry_id(self.number, number)
        made = [event.make(event.number) for event in events]
        self.made.entries += [entry for entry in made if entry is not None]
        for key in sorted(self.run_amounts):
            if lines := list(self._run_lines(self.run_amounts[key])):
                self.made.runs[key] = lines
        return self.made

    # -- what is not posted ----------------------------------------------------------------------------------

    def _estimates(self) -> Iterator[_Event]:
        """An offer made on a company's second day: the ledger keeps it, and it posts to nothing."""
        currency, at = self.company.currency, self.company.created + DAY
        if at > self.horizon or not Stream("estimate", self.company.key).chance(_ESTIMATES_PER_THOUSAND):
            return
        amount = Stream("estimate amount", self.company.key).between(5, 90) * 100 * 10 ** EXPONENTS[currency]
        rate = self.rates.rate(currency, at)
        base = converted(amount, currency, rate)
        lines = (
            JournalLine(RECEIVABLE, amount, base),
            JournalLine(REVENUE_OF_STREAM["subscription"], -amount, -base),
        )
        make = partial(
            Entry, kind="Estimate", at=at, day=_midnight(at), currency=currency, rate=rate, lines=lines,
            entity=self.entity, is_posting=False,
        )  # fmt: skip
        yield _Event(at, 0, "", make)

    # -- recognition runs ------------------------------------------------------------------------------------

    def _recognise(self, invoice: _Invoice) -> None:
        """Add the invoice's months: revenue by stream, and what deferred and unbilled need to be right."""
        revenue = invoice.revenue
        units: tuple[Unit, ...] = (invoice.foreign, invoice.base)
        if invoice.currency == REPORTING_CURRENCY:
            units = (invoice.foreign,)
        last_day = revenue.last_day
        for number, obligation in enumerate(revenue.obligations):
            if obligation.amount == 0:
                continue
            first = bisect_right(self.closes, min(obligation.start, revenue.billed_on))
            before = [(0, 0, 0)] * len(units)
            for month in range(first, len(self.closes)):
                close = self.closes[month]
                slices = self.run_amounts[month, invoice.currency, invoice.rate][obligation.stream]
                for place, unit in enumerate(units):
                    standing = revenue.standing(number, close, unit)
                    balance = standing.balance
                    # Invoices and reductions have moved deferred revenue already; the run does the rest.
                    documents = standing.given_up - standing.billed
                    # Earned before it is billed is unbilled; a billed credit line lowers deferred revenue.
                    unbilled = max(-balance, 0) if close <= revenue.billed_on else 0
                    now = (-standing.recognised, -(balance + unbilled) - documents, unbilled)
                    for kind in range(3):
                        slices[2 * kind + place] += now[kind] - before[place][kind]
                        if len(units) == 1:
                            slices[2 * kind + 1] += now[kind] - before[place][kind]
                    before[place] = now
                if close >= last_day:
                    break

    def _run_lines(self, slices_by_stream: dict[str, list[int]]) -> Iterator[JournalLine]:
        for place, stream in enumerate(_STREAMS):
            slices = slices_by_stream.get(stream)
            if slices is None:
                continue
            accounts = (REVENUE_OF_STREAM[stream], DEFERRED, UNBILLED)
            for kind, account in enumerate(accounts):
                foreign, base = slices[2 * kind], slices[2 * kind + 1]
                if foreign or base:
                    number = (self.number * len(_STREAMS) + place) * len(accounts) + kind
                    yield JournalLine(account, foreign, base, stream, self.entity, number)


class _Invoice:
    """One invoice's entries, in order of time: each knows what the ones before have left to be paid."""

    def __init__(self, company: _Company, case: InvoiceCase) -> None:
        self.company = company
        self.case = case
        self.settled = case.settled
        assert self.settled.finalized is not None
        self.id = self.settled.invoice.id
        self.currency = self.settled.invoice.currency
        self.rate = company.rates.rate(self.currency, self.settled.finalized)
        self.revenue = InvoiceRevenue(case)
        self.receivable = _Receivable(0, 0)
        self.reductions = {(part.kind, part.id): part for part in self.revenue.reductions}

    def foreign(self, amount: int) -> int:
        return amount

    def base(self, amount: int) -> int:
        return converted(amount, self.currency, self.rate)

    def events(self, charges: Sequence[Charge]) -> Iterator[_Event]:
        settled = self.settled
        assert settled.finalized is not None
        invoice = _Event(settled.finalized, 1, self.id, self._finalised)
        yield invoice
        if self._credit_used and self.currency != REPORTING_CURRENCY:
            yield _Event(settled.finalized, 2, self.id, self._credit_applied)
        if settled.voided is not None:
            yield _Event(settled.voided, 3, self.id, partial(self._void, invoice))
        if settled.written_off is not None:
            yield _Event(settled.written_off, 3, self.id, self._write_off)
        for charge in charges:
            yield _Event(charge.created, 3, charge.id, partial(self._paid, charge))
        for note in self.case.notes:
            event = _Event(note.created, 4, note.id, partial(self._credited, note))
            yield event
            if note.voided_at is not None:
                yield _Event(note.voided_at, 5, note.id, partial(self._note_voided, note, event))
        for refund in self.case.refunds:
            yield _Event(refund.created, 6, refund.id, partial(self._refunded, refund))
        for dispute in self.case.disputes:
            withdrawal, *returns = self.case.movements[dispute.id]
            event = _Event(withdrawal.created, 7, dispute.id, partial(self._withdrawn, dispute, withdrawal))
            yield event
            for back in returns:
                make = partial(self._reinstated, dispute, back, event)
                yield _Event(back.created, 8, dispute.id, make)

    @property
    def _credit_used(self) -> int:
        """What credits from earlier invoices have taken off what is due."""
        return max(self.settled.total, 0) - self.settled.amount_due

    # -- the entries -----------------------------------------------------------------------------------------

    def _finalised(self, number: int) -> Entry:
        settled = self.settled
        lines = []
        for position, line in enumerate(settled.invoice.lines):
            net = line.amount - line.discount
            # Both obligations of a licence stand in one line.
            base = sum(
                self.base(obligation.amount)
                for obligation in self.revenue.obligations
                if obligation.position == position
            )
            if net or base:
                lines.append(JournalLine(DEFERRED, -net, -base, settled.invoice.line_id(position)))
        if settled.tax:
            lines.append(JournalLine(TAX_PAYABLE, -settled.tax, -self.base(settled.tax)))
        base = -sum(line.base for line in lines)
        if not lines:
            lines.append(JournalLine(DEFERRED, 0, 0, settled.invoice.line_id(0)))
        self.receivable.change(settled.total, base)
        if settled.total < 0 and settled.status == "paid":
            self.company.credits[self.currency].change(settled.total, base)
        assert settled.finalized is not None
        receivable = JournalLine(RECEIVABLE, settled.total, base)
        return self._entry(
            number,
            "CustInvc",
            settled.finalized,
            [receivable, *lines],
            external_id=self.id,
            modified=settled.updated,
        )

    def _credit_applied(self, number: int) -> Entry | None:
        """A credit was worth another rate than the invoice that it pays: what is left over is a result."""
        used, credit = self._credit_used, self.company.credits[self.currency]
        paid, spent = self.receivable.share(used, self.base), credit.share(-used, self.base)
        self.receivable.change(-used, -paid)
        credit.change(used, -spent)
        difference = paid + spent
        if not difference:
            return None
        assert self.settled.finalized is not None
        lines = [JournalLine(RECEIVABLE, 0, -difference), JournalLine(REALISED, 0, difference)]
        return self._entry(
            number, "Journal", self.settled.finalized, lines, memo=f"Credit applied to {self.id}"
        )

    def _void(self, invoice: _Event, number: int) -> Entry:
        assert self.settled.voided is not None
        lines = self._against_receivable(self._reduced(self.reductions["void", self.id], None))
        return self._entry(
            number, "Journal", self.settled.voided, lines, memo=f"Void of {self.id}", reversal=invoice.number
        )

    def _write_off(self, number: int) -> Entry:
        assert self.settled.written_off is not None
        reduction = self.reductions["write_off", self.id]
        lines = self._against_receivable(self._reduced(reduction, BAD_DEBT))
        return self._entry(number, "Journal", self.settled.written_off, lines, memo=f"Write-off of {self.id}")

    def _credited(self, note: CreditNote, number: int) -> Entry:
        reduction = self.reductions["credit_note", note.id]
        lines = self._against_receivable(self._reduced(reduction, CREDITS))
        return self._entry(number, "CustCred", note.created, lines, external_id=note.id)

    def _note_voided(self, note: CreditNote, credited: _Event, number: int) -> Entry:
        assert note.voided_at is not None
        reduction = self.reductions["credit_note", note.id]
        lines = self._against_receivable(_reversed(self._reduced(reduction, CREDITS)))
        return self._entry(
            number, "Journal", note.voided_at, lines, memo=f"Void of {note.id}", reversal=credited.number
        )

    def _paid(self, charge: Charge, number: int) -> Entry:
        movement = self.company.movements[charge.balance_transaction_id or ""]
        base = self.receivable.share(charge.amount, self.base)
        self.receivable.change(-charge.amount, -base)
        lines = [*self._cash(movement, charge.amount), JournalLine(RECEIVABLE, -charge.amount, -base)]
        return self._cash_entry(number, "CustPymt", movement, lines, external_id=charge.id)

    def _refunded(self, refund: Refund, number: int) -> Entry:
        """What a credit note covers was owed to the customer; the rest is given up here."""
        movement = self.company.movements[refund.balance_transaction_id]
        uncovered = self.revenue.uncovered[refund.id]
        covered = refund.amount - uncovered
        lines = []
        if covered:
            base = -self.receivable.share(-covered, self.base)
            self.receivable.change(covered, base)
            lines.append(JournalLine(RECEIVABLE, covered, base))
        if uncovered:
            lines += self._reduced(self.reductions["refund", refund.id], CREDITS)
        lines += self._cash(movement, -refund.amount)
        return self._cash_entry(number, "CustRfnd", movement, lines, external_id=refund.id)

    def _withdrawn(self, dispute: Dispute, movement: BalanceTransaction, number: int) -> Entry:
        reduced = self._reduced(self.reductions["dispute", dispute.id], DISPUTES)
        lines = [*reduced, *self._cash(movement, -dispute.amount)]
        return self._cash_entry(number, "Journal", movement, lines, external_id=dispute.id)

    def _reinstated(
        self, dispute: Dispute, movement: BalanceTransaction, withdrawn: _Event, number: int
    ) -> Entry:
        reduced = self._reduced(self.reductions["dispute", dispute.id], DISPUTES)
        lines = [*_reversed(reduced), *self._cash(movement, dispute.amount)]
        memo = f"Won: {dispute.id}"
        return self._cash_entry(number, "Journal", movement, lines, memo=memo, reversal=withdrawn.number)

    # -- parts of entries ------------------------------------------------------------------------------------

    def _reduced(self, reduction: Reduction, earned_account: Account | None) -> list[JournalLine]:
        """A reduction's debits: what had been earned, what had not, and tax."""
        foreign = self.revenue.split(reduction, self.foreign)
        base = self.revenue.split(reduction, self.base)
        accounts = (earned_account, DEFERRED, TAX_PAYABLE)
        return [
            JournalLine(account, amount, amount_in_base)
            for account, amount, amount_in_base in zip(accounts, foreign, base, strict=True)
            if account is not None and (amount or amount_in_base)
        ]

    def _against_receivable(self, lines: list[JournalLine]) -> list[JournalLine]:
        foreign, base = sum(line.foreign for line in lines), sum(line.base for line in lines)
        self.receivable.change(-foreign, -base)
        return [*lines, JournalLine(RECEIVABLE, -foreign, -base)]

    def _cash(self, movement: BalanceTransaction, amount: int) -> list[JournalLine]:
        """``amount`` of the invoice's currency on the processor's balance, less the fee.

        Where the processor holds another currency it has converted: its own amounts are the base amounts.
        """
        if movement.currency == self.currency:
            unit = partial(converted, currency=self.currency, rate=self._rate_at(movement))
            fee, fee_base = movement.fee, unit(movement.fee)
            base = unit(movement.amount)
        else:
            fee_base, base = movement.fee, movement.amount
            fee = converted_back(movement.fee, self.currency, self._rate_at(movement))
        lines = [JournalLine(CLEARING, amount - fee, base - fee_base)]
        return [*lines, JournalLine(FEES, fee, fee_base)] if movement.fee else lines

    def _cash_entry(
        self,
        number: int,
        kind: str,
        movement: BalanceTransaction,
        lines: list[JournalLine],
        *,
        external_id: str | None = None,
        memo: str | None = None,
        reversal: int | None = None,
    ) -> Entry:
        """An entry over the processor's balance: what rates have done since the invoice is a result."""
        difference = sum(line.base for line in lines)
        rate = self._rate_at(movement)
        if difference and movement.currency == self.currency and rate == self.rate:
            # No more than the rounding of lines: money takes it.
            lines = [
                JournalLine(CLEARING, line.foreign, line.base - difference)
                if line.account is CLEARING
                else line
                for line in lines
            ]
        elif difference:
            lines = [*lines, JournalLine(REALISED, 0, -difference)]
        if movement.payout_id is not None:
            cleared = self.company.made.cleared
            posted = sum(line.base for line in lines if line.account is CLEARING)
            cleared[movement.payout_id] = cleared.get(movement.payout_id, 0) + posted
        return self._entry(
            number, kind, movement.created, lines, rate=rate, external_id=external_id, memo=memo,
            reversal=reversal,
        )  # fmt: skip

    def _rate_at(self, movement: BalanceTransaction) -> int:
        return self.company.rates.rate(self.currency, movement.created)

    def _entry(
        self,
        number: int,
        kind: str,
        at: int,
        lines: list[JournalLine],
        *,
        rate: int | None = None,
        external_id: str | None = None,
        memo: str | None = None,
        reversal: int | None = None,
        modified: int | None = None,
    ) -> Entry:
        return Entry(
            number, kind, at, _midnight(at), self.currency, self.rate if rate is None else rate, lines,
            self.company.entity, memo, reversal, external_id, modified=modified,
        )  # fmt: skip


def _midnight(at: int) -> int:
    return at // DAY * DAY


def _reversed(lines: list[JournalLine]) -> list[JournalLine]:
    return [JournalLine(line.account, -line.foreign, -line.base, line.memo) for line in lines]


def _cases(settlement: Settlement) -> Iterator[tuple[InvoiceCase, list[Charge]]]:
    """Every finalised invoice with its successful charges and with what reduces it."""
    invoice_of_charge = {charge.id: charge.invoice_id for charge in settlement.charges}
    cases = {
        settled.invoice.id: (InvoiceCase(settled), list[Charge]())
        for settled in settlement.invoices
        if _is_final(settled)
    }
    for charge in settlement.charges:
        if charge.succeeded:
            cases[charge.invoice_id][1].append(charge)
    for note in settlement.credit_notes:
        cases[note.invoice_id][0].notes.append(note)
    for refund in settlement.refunds:
        cases[invoice_of_charge[refund.charge_id]][0].refunds.append(refund)
    movements = defaultdict(list)
    for movement in settlement.balance_transactions:
        movements[movement.source].append(movement)
    for dispute in settlement.disputes:
        case, _ = cases[invoice_of_charge[dispute.charge_id]]
        case.disputes.append(dispute)
        case.movements[dispute.id] = sorted(movements[dispute.id], key=lambda movement: movement.created)
    yield from cases.values()


def _is_final(settled: SettledInvoice) -> bool:
    return settled.status != "draft" and settled.finalized is not None
