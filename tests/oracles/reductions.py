"""What takes an invoice back, and when: credit notes, refunds, disputes, write-offs (definitions 5).

From the raw rows to an amount for every obligation and for the tax of the invoice. A void, which reverses
whatever nothing else holds, is a date of the invoice itself. What a reduction does to revenue stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

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
        lines = self.credit_note_lines[row["id"]]
        total, net = total_of_note(row), net_of_note(row, invoice)
        amounts = [whole_number(line, "amount") or 0 for line in lines]
        if whole_number(row, "discount_amount") and sum(amounts):
            amounts = shared_out(net, amounts)
        by_line: dict[str, int] = defaultdict(int)
        for line, amount in zip(lines, amounts, strict=True):
            by_line[line.get("invoice_line_item_id", "")] += amount
        explicit: dict[Element, int] = {}
        for line_id, amount in by_line.items():
            of_line = [entry for entry in invoice.obligations if entry.line_id == line_id]
            if len(of_line) == 1:
                explicit[of_line[0].key] = amount
            elif of_line:
                shares = shared_out(amount, [entry.amount for entry in of_line])
                explicit |= {entry.key: share for entry, share in zip(of_line, shares, strict=True)}
        said = sum(explicit.values())
        if said:
            explicit[TAX] = half_away((total - net) * said, net)
        return explicit

    def uncovered_refunds(self) -> Iterable[tuple[BilledInvoice, Row, int]]:
        """Refunds with what of each no credit note stands for; the cash has left for all of them."""
        credited: dict[str, int] = defaultdict(int)
        for row in self.credit_notes:
            if row.get("type") == "post_payment" and not is_voided(row):
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
            movements = self.balance_transactions.get(row["id"], [])
            signs = [(whole_number(movement, "amount") or 0) for movement in movements]
            withdrawn = next((position for position, sign in enumerate(signs) if sign < 0), None)
            undone_on = None
            if withdrawn is not None:
                on = self.day(movements[withdrawn])
                for movement, sign in zip(movements[withdrawn:], signs[withdrawn:], strict=True):
                    if sign > 0:
                        undone_on = self.day(movement)
                        break
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
                gross -= invoice.amount_paid
                if invoice.amount_remaining is not None:
                    gross = invoice.amount_remaining
            elif invoice.status == "paid":
                # Paid at a time that nobody knows: as if it had never been written off.
                undone_on = invoice.paid_on or invoice.written_off_on
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

    What claims do not say is spread over what no explicit credit has taken, all of it together up to each
    claim, so that no rounding is lost between them.
    """
    check_that_they_fit(invoice, claims)
    whole = {entry.key: entry.amount for entry in invoice.obligations} | {TAX: invoice.tax}
    rest = dict(whole)
    for claim in claims:
        if claim.undone_on is None:
            for element, amount in claim.explicit.items():
                rest[element] -= amount
    to_spread = sum(claim.spread for claim in claims)
    # Where some are undone again, all together may be more than there is.
    is_room = sum(rest.values()) > 0 and to_spread <= sum(rest.values())
    weights = rest if is_room else whole
    upto = [0]
    for claim in claims:
        upto.append(upto[-1] + claim.spread)
    shares = [dict(zip(weights, shared_out(total, list(weights.values())), strict=True)) for total in upto]
    return [
        Reduction(
            claim.kind,
            claim.id,
            claim.on,
            claim.undone_on,
            claim.gross,
            claim.explicit,
            amounts={
                element: after[element] - before[element] + claim.explicit.get(element, 0)
                for element in whole
            },
        )
        for claim, (before, after) in zip(claims, pairwise(shares), strict=True)
    ]


def check_that_they_fit(invoice: BilledInvoice, claims: list[Claim]) -> None:
    """What is in force on one day must not be more than the invoice."""
    for claim in claims:
        in_force = sum(
            other.gross
            for other in claims
            if other.on <= claim.on and (other.undone_on is None or claim.on < other.undone_on)
        )
        if in_force > max(invoice.total, 0):
            raise OracleError(f"invoice {invoice.id} is of {invoice.total}, and {in_force} are taken off it")


def is_received(charge: Row) -> bool:
    """Whether a charge brought money: paid, and not only authorised."""
    succeeded = charge.get("status", "succeeded") == "succeeded" and flag(charge, "paid", absent=True)
    return succeeded and flag(charge, "captured", absent=True)
