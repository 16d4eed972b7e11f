"""When the money of an invoice is earned, as the vendor's accountants work it out (ASC 606).

An invoice line is one obligation, or two for a perpetual licence with its first year of support; each is
earned by day over its period, in whole minor units. What takes money off the invoice later cuts every
obligation into parts. Which accounts show it is ``postings``'s business; this module knows no account and no
exchange rate, only a function that turns a running total into the unit wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seeds.generator.invoicing import Line
from seeds.generator.moments import DAY, add_months
from seeds.generator.money import divide_rounded
from seeds.generator.settlement import BalanceTransaction, CreditNote, Dispute, Refund, SettledInvoice

# The first year of support is worth half of what a perpetual licence is sold for.
_SUPPORT_HALVES = 2
_SUPPORT_MONTHS = 12

# Reductions of one day follow each other in this order.
_KINDS = ("credit_note", "refund", "dispute", "write_off", "void")

Unit = Callable[[int], int]
"""Turns a running total of minor units into the unit wanted: itself, or a total in the base currency."""


@dataclass(slots=True)
class InvoiceCase:
    """An invoice with all that can reduce it; ``movements`` has each dispute's, in order of time."""

    settled: SettledInvoice
    notes: list[CreditNote] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    movements: dict[str, list[BalanceTransaction]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obligation:
    """A promise of an invoice line: ``amount`` earned evenly over ``days`` days from day ``start`` on.

    Days are counted from 1970-01-01. With ``days`` 0 all of it is earned on day ``start``.
    """

    position: int
    name: str
    stream: str
    amount: int
    start: int
    days: int

    @property
    def end(self) -> int:
        """The first day at whose start all is earned."""
        return self.start + max(self.days, 1)

    def earned(self, amount: int, day: int) -> int:
        """What of ``amount`` is earned at the start of ``day``."""
        if day <= self.start:
            return 0
        if day >= self.end:
            return amount
        return divide_rounded(amount * (day - self.start), self.days)


@dataclass(frozen=True, slots=True)
class Reduction:
    """Money taken off an invoice on a day: a part of every obligation, and of the tax.

    ``undone_on`` is the day on which it was taken back, None where it was not.
    """

    id: str
    kind: str
    on: int
    undone_on: int | None
    parts: tuple[int, ...]
    tax: int


class Standing(NamedTuple):
    """An obligation at the start of a day. ``balance`` is deferred revenue where positive, else an asset."""

    billed: int
    recognised: int
    given_up: int

    @property
    def balance(self) -> int:
        return self.billed - self.recognised - self.given_up


class Split(NamedTuple):
    """A reduction in its own unit: of what had been earned, of what had not, and of tax."""

    earned: int
    deferred: int
    tax: int


class InvoiceRevenue:
    """The obligations of one invoice and what reduces them."""

    def __init__(self, case: InvoiceCase) -> None:
        settled = case.settled
        assert settled.finalized is not None
        self.billed_on = settled.finalized // DAY
        self.tax = settled.tax
        self.obligations = list(_obligations(settled, self.billed_on))
        self.uncovered = uncovered_refunds(case.refunds, case.notes)
        self.reductions = self._reductions(case)

    @property
    def last_day(self) -> int:
        """From the start of this day on nothing changes any more."""
        dated = [self.billed_on, *(reduction.on for reduction in self.reductions)]
        dated += [reduction.undone_on for reduction in self.reductions if reduction.undone_on is not None]
        return max([day + 1 for day in dated] + [obligation.end for obligation in self.obligations])

    def standing(self, number: int, day: int, unit: Unit) -> Standing:
        """How obligation ``number`` stands at the start of ``day``."""
        obligation = self.obligations[number]
        billed = recognised = given_up = 0
        lower = 0
        for amount, reduction in self._parts(number):
            upper = lower + amount
            is_reduced = (
                reduction is not None
                and reduction.on < day
                and (reduction.undone_on is None or day <= reduction.undone_on)
            )
            if reduction is not None and is_reduced and reduction.kind == "void":
                lower = upper
                continue
            whole = unit(upper) - unit(lower)
            if self.billed_on < day:
                billed += whole
            until = reduction.on if reduction is not None and is_reduced else day
            earned = unit(obligation.earned(upper, until)) - unit(obligation.earned(lower, until))
            recognised += earned
            if is_reduced:
                given_up += whole - earned
            if reduction is not None and reduction.undone_on is not None:
                # What will be undone lies beside the other parts: nothing before it, nothing after.
                if self.billed_on < day:
                    billed -= whole
                recognised -= unit(obligation.earned(upper, day)) - unit(obligation.earned(lower, day))
            else:
                lower = upper
        return Standing(billed, recognised, given_up)

    def split(self, wanted: Reduction, unit: Unit) -> Split:
        """What a reduction takes on its day, over all obligations; a void takes all from the deferred."""
        earned = deferred = 0
        for number, obligation in enumerate(self.obligations):
            lower = 0
            for amount, reduction in self._parts(number):
                upper = lower + amount
                if reduction is wanted:
                    part = 0
                    if wanted.kind != "void":
                        part = unit(obligation.earned(upper, wanted.on)) - unit(
                            obligation.earned(lower, wanted.on)
                        )
                    earned += part
                    deferred += unit(upper) - unit(lower) - part
                if reduction is None or reduction.undone_on is None:
                    lower = upper
        before = sum(reduction.tax for reduction in self.reductions[: self.reductions.index(wanted)])
        return Split(earned, deferred, unit(before + wanted.tax) - unit(before))

    def _parts(self, number: int) -> Iterator[tuple[int, Reduction | None]]:
        """The parts of an obligation: one for each reduction, and last what is kept."""
        kept = self.obligations[number].amount
        for reduction in self.reductions:
            if reduction.undone_on is None:
                kept -= reduction.parts[number]
            yield reduction.parts[number], reduction
        yield kept, None

    # -- what reduces it -------------------------------------------------------------------------------------

    def _reductions(self, case: InvoiceCase) -> list[Reduction]:
        explicit = [self._credited(note) for note in case.notes]
        spread = sorted(self._to_be_spread(case), key=lambda part: (part[2], _KINDS.index(part[1]), part[0]))
        rests = [obligation.amount for obligation in self.obligations] + [self.tax]
        for reduction in explicit:
            if reduction.undone_on is not None:
                continue
            rests = [rest - part for rest, part in zip(rests, (*reduction.parts, reduction.tax), strict=True)]
        reductions, taken, sum_before = explicit, [0] * len(rests), 0
        for identity, kind, on, undone_on, gross in spread:
            sum_before += gross
            reached = spread_by_prefix(sum_before, rests)
            *parts, tax = (now - before for now, before in zip(reached, taken, strict=True))
            reductions.append(Reduction(identity, kind, on, undone_on, tuple(parts), tax))
            taken = reached
        reductions.sort(key=lambda reduction: (reduction.on, _KINDS.index(reduction.kind), reduction.id))
        settled = case.settled
        if settled.voided is not None:
            *parts, tax = (rest - part for rest, part in zip(rests, taken, strict=True))
            void = Reduction(settled.invoice.id, "void", settled.voided // DAY, None, tuple(parts), tax)
            reductions.append(void)
        return reductions

    def _credited(self, note: CreditNote) -> Reduction:
        """A credit note names the lines that it reduces; on a licence it is shared with the support."""
        parts = [0] * len(self.obligations)
        for position, amount, _ in note.lines:
            numbers = [n for n, obligation in enumerate(self.obligations) if obligation.position == position]
            weights = [self.obligations[number].amount for number in numbers]
            for number, part in zip(numbers, spread_by_prefix(amount, weights), strict=True):
                parts[number] += part
        undone_on = None if note.voided_at is None else note.voided_at // DAY
        on = note.created // DAY
        return Reduction(note.id, "credit_note", on, undone_on, tuple(parts), note.total - note.subtotal)

    def _to_be_spread(self, case: InvoiceCase) -> Iterator[tuple[str, str, int, int | None, int]]:
        for refund in case.refunds:
            if self.uncovered[refund.id]:
                yield refund.id, "refund", refund.created // DAY, None, self.uncovered[refund.id]
        for dispute in case.disputes:
            movements = case.movements[dispute.id]
            withdrawn = next(movement for movement in movements if movement.amount < 0)
            returned = [movement.created // DAY for movement in movements if movement.amount > 0]
            undone_on = returned[0] if returned else None
            yield dispute.id, "dispute", withdrawn.created // DAY, undone_on, dispute.amount
        settled = case.settled
        if settled.written_off is not None:
            on = settled.written_off // DAY
            yield settled.invoice.id, "write_off", on, None, settled.amount_remaining


def uncovered_refunds(refunds: Sequence[Refund], notes: Sequence[CreditNote]) -> dict[str, int]:
    """What of each refund of an invoice no credit note accounts for; notes that were taken back do not."""
    left = sum(note.total for note in notes if note.kind == "post_payment" and note.voided_at is None)
    uncovered = {}
    for refund in sorted(refunds, key=lambda refund: (refund.created, refund.id)):
        covered = min(refund.amount, left)
        left -= covered
        uncovered[refund.id] = refund.amount - covered
    return uncovered


def spread_by_prefix(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount over the weights, each share the difference of rounded running totals; sums to ``amount``.

    Nothing is spread where the weights add up to nothing.
    """
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    sign = 1 if total > 0 else -1
    shares, prefix, before = [], 0, 0
    for weight in weights:
        prefix += weight
        reached = divide_rounded(amount * prefix * sign, total * sign)
        shares.append(reached - before)
        before = reached
    return shares


def _obligations(settled: SettledInvoice, billed_on: int) -> Iterator[Obligation]:
    for position, line in enumerate(settled.invoice.lines):
        net = line.amount - line.discount
        start, days = _period(line, billed_on)
        stream = line.price.product.metadata.get("revenue_stream", "subscription")
        if line.price.product.metadata.get("licence_type") == "perpetual":
            support = divide_rounded(net, _SUPPORT_HALVES)
            until = add_months(start * DAY, _SUPPORT_MONTHS) // DAY
            yield Obligation(position, "included_support", "maintenance", support, start, until - start)
            yield Obligation(position, "main", stream, net - support, start, 0)
        else:
            yield Obligation(position, "main", stream, net, start, days)


def _period(line: Line, billed_on: int) -> tuple[int, int]:
    """First day and number of days; a line without a period is earned when it is billed."""
    if line.period_end is None or line.period_end <= line.period_start:
        return billed_on, 0
    start = line.period_start // DAY
    return start, line.period_end // DAY - start
