"""What customers owe, what is owed in taxes, and what the processor holds (definitions 5, tie-out).

Every event is a dated amount; a balance is the sum of those up to a close. From the raw rows and the books of
``recognition.py``; what of an invoice is revenue stays there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.oracles.export import is_live, whole_number
from tests.oracles.obligations import BilledInvoice
from tests.oracles.recognition import Books, MartRow, in_major
from tests.oracles.reductions import (
    CREDIT_NOTE,
    DISPUTE,
    REFUND,
    TAX,
    WRITE_OFF,
    is_received,
    is_voided,
    total_of_note,
)

# What moves a receivable, and whether it raises it.
CAUSES = {"billed": 1, "paid": -1, "credited": -1, "disputed": -1, "written_off": -1, "refunded": 1}


@dataclass(frozen=True)
class Event:
    """Something that changes a balance; ``owner`` is the customer, or empty."""

    owner: str
    currency: str
    on: date
    amount: int


def cash_received(books: Books) -> Iterator[tuple[BilledInvoice, date, int]]:
    """Charges, and what was paid without one."""
    by_charge: dict[str, int] = defaultdict(int)
    for row in books.tables["charge"]:
        if is_live(row) and is_received(row) and row["id"] in books.reader.invoice_of_charge:
            invoice = books.reader.invoice_of_charge[row["id"]]
            amount = whole_number(row, "amount") or 0
            by_charge[invoice.id] += amount
            yield invoice, books.reader.day(row), amount
    for invoice in books.invoices.values():
        paid = invoice.amount_paid
        if paid is None:
            # Paid, and nothing says how much: all that was left to pay.
            paid = max(invoice.total - credited_before_payment(books, invoice), 0)
        outside = paid - by_charge[invoice.id]
        if invoice.status == "paid" and outside > 0:
            yield invoice, invoice.paid_on or invoice.billed_on, outside


def credited_before_payment(books: Books, invoice: BilledInvoice) -> int:
    """What credit notes left less to pay of an invoice."""
    return sum(
        total_of_note(row)
        for row in books.reader.credit_notes
        if row["invoice_id"] == invoice.id and row.get("type") == "pre_payment" and not is_voided(row)
    )


def voided(books: Books) -> Iterator[tuple[BilledInvoice, date, int, int]]:
    """What a void reverses, with the tax in it: all that nothing else holds, then or when it lets go."""
    for invoice in books.invoices.values():
        if invoice.voided_on is None:
            continue
        reductions = books.reductions.get(invoice.id, [])
        days = {invoice.voided_on} | {
            reduction.undone_on
            for reduction in reductions
            if reduction.undone_on is not None and reduction.undone_on > invoice.voided_on
        }
        before, before_tax = 0, 0
        for day in sorted(days):
            held = [
                reduction
                for reduction in reductions
                if reduction.undone_on is None or reduction.undone_on > day
            ]
            gross = invoice.total - sum(reduction.gross for reduction in held)
            tax = invoice.tax - sum(reduction.amounts[TAX] for reduction in held)
            yield invoice, day, gross - before, tax - before_tax
            before, before_tax = gross, tax


CAUSE_OF_REDUCTION = {
    CREDIT_NOTE: "credited",
    REFUND: "credited",
    DISPUTE: "disputed",
    WRITE_OFF: "written_off",
}


def receivable_events(books: Books) -> Iterator[tuple[str, Event]]:
    """With the cause of each; what a refund or a dispute pays out, a customer owes again."""
    for invoice in books.invoices.values():
        yield "billed", of(invoice, invoice.billed_on, invoice.total)
        for reduction in books.reductions.get(invoice.id, []):
            for on, sign in ((reduction.on, -1), (reduction.undone_on, 1)):
                if on is not None:
                    yield CAUSE_OF_REDUCTION[reduction.kind], of(invoice, on, sign * reduction.gross)
                    if reduction.kind == DISPUTE:
                        yield "refunded", of(invoice, on, -sign * reduction.gross)
    for invoice, day, gross, _ in voided(books):
        yield "billed", of(invoice, day, -gross)
    for invoice, day, amount in cash_received(books):
        yield "paid", of(invoice, day, -amount)
    for invoice, row, _ in books.reader.uncovered_refunds():
        yield "refunded", of(invoice, books.reader.day(row), whole_number(row, "amount") or 0)


def account_month_rows(books: Books) -> list[MartRow]:
    """marts.fct_receivables_by_account_month: where something moved, or was open."""
    changes: dict[tuple[str, str], dict[date, dict[str, int]]] = defaultdict(dict)
    before: dict[tuple[str, str], int] = defaultdict(int)
    for cause, event in receivable_events(books):
        owner = books.identity.of_customer(event.owner), event.currency
        month = event.on.replace(day=1)
        if month < books.months[0]:
            before[owner] += event.amount
        elif month <= books.months[-1] and event.on < books.close_of(month).facts_before:
            amounts = changes[owner].setdefault(month, dict.fromkeys(CAUSES, 0))
            amounts[cause] += CAUSES[cause] * event.amount
    rows: list[MartRow] = []
    for (account, currency), by_month_of_account in sorted(changes.items()):
        balance = before[account, currency]
        for month in books.months:
            amounts = by_month_of_account.get(month, dict.fromkeys(CAUSES, 0))
            opening = balance
            balance += sum(CAUSES[cause] * amount for cause, amount in amounts.items())
            values = {"opening": opening, **amounts, "closing": balance}
            if any(values.values()):
                named = {f"{name}_amount": in_major(value, currency) for name, value in values.items()}
                rows.append({"account_id": account, "currency_code": currency, "month": month} | named)
    return rows


def tax_events(books: Books) -> Iterator[Event]:
    for invoice in books.invoices.values():
        yield of(invoice, invoice.billed_on, invoice.tax)
        for reduction in books.reductions.get(invoice.id, []):
            yield of(invoice, reduction.on, -reduction.amounts[TAX])
            if reduction.undone_on is not None:
                yield of(invoice, reduction.undone_on, reduction.amounts[TAX])
    for invoice, day, _, tax in voided(books):
        yield of(invoice, day, -tax)


def processor_events(books: Books, column: str, *, only_payouts: bool = False) -> Iterator[Event]:
    """Balance transactions by the currency of the balance; ``column`` is net, fee or amount."""
    for row in books.tables["balance_transaction"]:
        if is_live(row) and (row.get("type") == "payout" or not only_payouts):
            amount = whole_number(row, column) or 0
            yield Event("", row["currency"].upper(), books.reader.day(row), amount)


def of(invoice: BilledInvoice, on: date, amount: int) -> Event:
    return Event(invoice.customer_id, invoice.currency, on, amount)


def by_month(books: Books, events: Iterable[Event], *, is_balance: bool) -> list[MartRow]:
    """Balances at the closes of months, or what happened in them; only what is not 0."""
    sums: dict[tuple[str, str, date], int] = defaultdict(int)
    for event in events:
        for month in books.months:
            has_happened = event.on < books.close_of(month).facts_before
            if has_happened and (is_balance or event.on >= month):
                sums[event.owner, event.currency, month] += event.amount
    return [
        {
            "customer_id": owner,
            "currency_code": currency,
            "month": month,
            "amount": in_major(amount, currency),
        }
        for (owner, currency, month), amount in sorted(sums.items())
        if amount
    ]


def controls(books: Books) -> dict[str, list[MartRow]]:
    """By control: amounts by customer, currency and month; the processor's have no customer."""
    return {
        "receivables": by_month(books, (event for _, event in receivable_events(books)), is_balance=True),
        "taxes_passed_through": by_month(books, tax_events(books), is_balance=True),
        "processor_clearing": by_month(books, processor_events(books, "net"), is_balance=True),
        "processor_fees": by_month(books, processor_events(books, "fee"), is_balance=False),
        "payouts_to_cash": by_month(
            books, processor_events(books, "net", only_payouts=True), is_balance=False
        ),
    }
