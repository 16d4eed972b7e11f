"""What takes an invoice back, and when: credit notes, refunds, disputes, write-offs (definitions 5).

From the raw rows to an amount for every obligation and for the tax of the invoice. A void, which reverses
whatever nothing else holds, is a date of the invoice itself. What a reduction does to revenue stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.oracles.calendar_months import Calendar
from tests.oracles.export import (
    OracleError,
    Row,
    Tables,
    flag,
    is_live,
    required_instant,
    whole_number,
)
from tests.oracles.obligations import BilledInvoice
from tests.oracles.prefix_rounding import half_away, shared_out

# An obligation's line and name; the tax of an invoice comes after all of them.
Element = tuple[str, str]
TAX: Element = ("", "tax")

CREDIT_NOTE, REFUND, DISPUTE, WRITE_OFF = KINDS = ("credit_note", "refund", "dispute", "write_off")


@dataclass(frozen=True)
class Claim:
    """A reduction of an invoice from a day on, until it is undone: ``explicit`` says what it is for."""

    kind: str
    id: str
    on: date
    undone_on: date | None
    gross: int
    explicit: Mapping[Element, int] = field(default_factory=dict)

    @property
    def order(self) -> tuple[date, int, str]:
        return self.on, KINDS.index(self.kind), self.id

    @property
    def spread(self) -> int:
        """What it does not say anything about."""
        return self.gross - sum(self.explicit.values())

    def is_in_force_on(self, day: date) -> bool:
        return self.on <= day and (self.undone_on is None or day < self.undone_on)

    def holds_before(self, day: date) -> bool:
        """Whether it is in force at the end of the days before a day."""
        return self.on < day and not (self.undone_on is not None and self.undone_on < day)


@dataclass(frozen=True)
class Reduction(Claim):
    """A claim with what it takes off each obligation and off the tax."""

    amounts: Mapping[Element, int] = field(default_factory=dict)


class ReductionReader:
    """Reads the reductions of billed invoices, and what money moved for them."""

    def __init__(self, tables: Tables, calendar: Calendar, invoices: Mapping[str, BilledInvoice]) -> None:
        self.calendar = calendar
        self.invoices = invoices
        self.invoice_of_charge = {
            row["id"]: invoices[row["invoice_id"]]
            for row in tables["charge"]
            if is_live(row) and row.get("invoice_id") in invoices
        }
        self.credit_notes = [
            row for row in tables["credit_note"] if is_live(row) and row["invoice_id"] in invoices
        ]
        self.credit_note_lines: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(tables["credit_note_line_item"], key=lambda row: row["id"]):
            if is_live(row):
                self.credit_note_lines[row["credit_note_id"]].append(row)
        self.refunds = sorted(
            (
                row
                for row in tables["refund"]
                if is_live(row)
                and row.get("status", "succeeded") == "succeeded"
                and row.get("charge_id") in self.invoice_of_charge
            ),
            key=lambda row: (required_instant(row, "created"), row["id"]),
        )
        self.disputes = [
            row
            for row in tables["dispute"]
            if is_live(row) and row.get("charge_id") in self.invoice_of_charge
        ]
        self.balance_transactions: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(
            (row for row in tables["balance_transaction"] if is_live(row)),
            key=lambda row: (required_instant(row, "created"), row["id"]),
        ):
            self.balance_transactions[row.get("source", "")].append(row)

    def day(self, row: Row, column: str = "created") -> date:
        return self.calendar.local_date(required_instant(row, column))

    def reductions(self) -> dict[str, list[Reduction]]:
        """By invoice, in the order in which they come; tax included.

        Raises:
            OracleError: what holds of an invoice at one time is more than the invoice.
        """
        claims: dict[str, list[Claim]] = defaultdict(list)
        for invoice_id, claim in (
            *self.credit_note_claims(),
            *self.refund_claims(),
            *self.dispute_claims(),
            *self.write_off_claims(),
        ):
            claims[invoice_id].append(claim)
        return {
            invoice_id: with_amounts(self.invoices[invoice_id], sorted(of_one, key=lambda claim: claim.order))
            for invoice_id, of_one in claims.items()
        }

    def credit_note_claims(self) -> Iterable[tuple[str, Claim]]:
        for row in self.credit_notes:
            invoice = self.invoices[row["invoice_id"]]
            on = self.day(row)
            undone_on = None
            if is_voided(row):
                # Without a date it is as if it had never been.
                undone_on = self.day(row, "voided_at") if "voided_at" in row else on
            yield (
                invoice.id,
                Claim(
                    CREDIT_NOTE,
                    row["id"],
                    on,
                    undone_on,
                    total_of_note(row),
                    self.explicit_of_note(row, invoice),
                ),
            )

    def explicit_of_note(self, row: Row, invoice: BilledInvoice) -> dict[Element, int]:
        """What its lines say, and the tax that goes with them."""
        total, net = total_of_note(row), net_of_note(row, invoice)
        known = {entry.line_id for entry in invoice.obligations}
        by_line: dict[str, int] = defaultdict(int)
        for line in self.credit_note_lines[row["id"]]:
            by_line[line.get("invoice_line_item_id", "")] += whole_number(line, "amount") or 0
        # In the order of lines; what is for none of the invoice comes last.
        amounts = dict(sorted(by_line.items(), key=lambda entry: (entry[0] not in known, entry[0])))
        if whole_number(row, "discount_amount") and sum(amounts.values()):
            shares = shared_out(net, list(amounts.values()))
            amounts = dict(zip(amounts, shares, strict=True))
        explicit: dict[Element, int] = {}
        for line_id, amount in amounts.items():
            of_line = [entry for entry in invoice.obligations if entry.line_id == line_id]
            weights = [entry.amount for entry in of_line]
            # A line that came to nothing cannot be shared by its promises: the last of them has it all.
            shares = shared_out(amount, weights if sum(weights) else [0] * len(of_line[1:]) + [1])
            explicit |= {entry.key: share for entry, share in zip(of_line, shares, strict=False)}
        said = sum(explicit.values())
        if said:
            explicit[TAX] = half_away((total - net) * said, net)
        return explicit

    def uncovered_refunds(self) -> Iterable[tuple[BilledInvoice, Row, int]]:
        """Refunds with what of each no credit note stands for; the cash has left for all of them."""
        credited: dict[str, int] = defaultdict(int)
        for row in self.credit_notes:
            if row.get("type", "post_payment") == "post_payment" and not is_voided(row):
                credited[row["invoice_id"]] += total_of_note(row)
        for row in self.refunds:
            invoice = self.invoice_of_charge[row["charge_id"]]
            amount = whole_number(row, "amount") or 0
            covered = min(amount, credited[invoice.id])
            credited[invoice.id] -= covered
            yield invoice, row, amount - covered

    def refund_claims(self) -> Iterable[tuple[str, Claim]]:
        for invoice, row, uncovered in self.uncovered_refunds():
            if uncovered:
                yield invoice.id, Claim(REFUND, row["id"], self.day(row), None, uncovered)

    def dispute_claims(self) -> Iterable[tuple[str, Claim]]:
        """From the day on which the money leaves until it comes back."""
        for row in self.disputes:
            movements = [
                (required_instant(movement, "created"), whole_number(movement, "amount") or 0)
                for movement in self.balance_transactions.get(row["id"], [])
            ]
            withdrawals = [moment for moment, amount in movements if amount < 0]
            undone_on = None
            if withdrawals:
                on = self.calendar.local_date(withdrawals[0])
                returns = [moment for moment, amount in movements if amount > 0 and moment >= withdrawals[0]]
                undone_on = self.calendar.local_date(returns[0]) if returns else None
            elif row.get("status") == "lost":
                on = self.day(row)
            else:
                continue
            invoice = self.invoice_of_charge[row["charge_id"]]
            yield invoice.id, Claim(DISPUTE, row["id"], on, undone_on, whole_number(row, "amount") or 0)

    def write_off_claims(self) -> Iterable[tuple[str, Claim]]:
        for invoice in self.invoices.values():
            if invoice.written_off_on is None:
                continue
            before_payment = sum(
                total_of_note(row)
                for row in self.credit_notes
                if row["invoice_id"] == invoice.id and row.get("type") == "pre_payment" and not is_voided(row)
            )
            gross = invoice.total - before_payment
            undone_on = invoice.voided_on
            if invoice.status == "uncollectible":
                gross -= invoice.amount_paid or 0
                if invoice.amount_remaining is not None:
                    gross = invoice.amount_remaining
            elif invoice.status == "paid":
                # Paid at a time that nobody knows: as if it had never been written off.
                undone_on = invoice.paid_on or invoice.written_off_on
            if gross:
                yield invoice.id, Claim(WRITE_OFF, invoice.id, invoice.written_off_on, undone_on, gross)


def is_voided(credit_note: Row) -> bool:
    return "voided_at" in credit_note or credit_note.get("status") == "void"


def total_of_note(row: Row) -> int:
    total = whole_number(row, "total")
    return (whole_number(row, "amount") or 0) if total is None else total


def net_of_note(row: Row, invoice: BilledInvoice) -> int:
    """Without tax: as it says, or in the proportion of its invoice."""
    subtotal = whole_number(row, "subtotal")
    if subtotal is not None:
        return subtotal - (whole_number(row, "discount_amount") or 0)
    total = total_of_note(row)
    return half_away(total * invoice.net, invoice.total) if invoice.total else total


def with_amounts(invoice: BilledInvoice, claims: list[Claim]) -> list[Reduction]:
    """Claims in their order, each with what it takes off every obligation and off the tax.

    What claims do not say is spread: of those that last, over what no lasting claim names, all of them
    together up to each, so that no rounding is lost between them; of one that is undone, by itself, over what
    nothing names on its day.
    """
    check_that_they_fit(invoice, claims)
    whole = {entry.key: entry.amount for entry in invoice.obligations} | {TAX: invoice.tax}
    lasting = [claim for claim in claims if claim.undone_on is None]
    spread_before = 0
    reductions = []
    for claim in claims:
        if claim.undone_on is None:
            weights = less_what_is_named(whole, lasting, sum(other.spread for other in lasting))
            before, after = spread_before, spread_before + claim.spread
            spread_before = after
        else:
            in_force = [other for other in claims if other.is_in_force_on(claim.on)]
            weights = less_what_is_named(whole, in_force, claim.spread)
            before, after = 0, claim.spread
        shares_before = shared_out(before, list(weights.values()))
        shares_after = shared_out(after, list(weights.values()))
        amounts = {
            element: share_after - share_before + claim.explicit.get(element, 0)
            for element, share_before, share_after in zip(weights, shares_before, shares_after, strict=True)
        }
        reductions.append(
            Reduction(
                claim.kind, claim.id, claim.on, claim.undone_on, claim.gross, claim.explicit, amounts=amounts
            )
        )
    return reductions


def less_what_is_named(
    whole: Mapping[Element, int], claims: Iterable[Claim], to_spread: int
) -> Mapping[Element, int]:
    """What is left of the elements to spread an amount over; all of them where that would be too little."""
    rest = dict(whole)
    for claim in claims:
        for element, amount in claim.explicit.items():
            rest[element] -= amount
    is_room = 0 < sum(rest.values()) >= to_spread
    return rest if is_room else whole


def check_that_they_fit(invoice: BilledInvoice, claims: list[Claim]) -> None:
    """What is in force on one day must not be more than the invoice."""
    for claim in claims:
        in_force = sum(other.gross for other in claims if other.is_in_force_on(claim.on))
        if in_force > max(invoice.total, 0):
            raise OracleError(f"invoice {invoice.id} is of {invoice.total}, and {in_force} are taken off it")


def is_received(charge: Row) -> bool:
    """Whether a charge brought money: paid, and not only authorised."""
    succeeded = charge.get("status", "succeeded") == "succeeded" and flag(charge, "paid", absent=True)
    return succeeded and flag(charge, "captured", absent=True)
