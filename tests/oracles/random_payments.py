"""What is billed once, and what becomes of the invoices of a random account: paid, and what takes them back.

Totals and taxes, charges, credit notes, refunds, disputes and write-offs, in every order that a processor
allows: what is in force at one time is never more than the invoice. Statuses, and the dates that MRR reads,
stay as they are. Add a branch when the definitions of revenue gain one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]

ONE_OFF_PRODUCTS = (
    '{"revenue_stream": "services"}',
    '{"revenue_stream": "setup"}',
    '{"licence_type": "perpetual", "revenue_stream": "licence"}',
    '{"licence_type": "perpetual"}',
    '{"licence_type": "perpetual"}',
    '{"licence_type": "maintenance"}',
    '{"deployment": "cloud"}',
    None,
)
# How the price of a one-off line recurs: mostly not at all.
ONE_OFF_TERMS: tuple[Row, ...] = (
    *({"type": "one_time"},) * 5,
    {"recurring_interval": "month", "recurring_usage_type": "metered"},
    {"recurring_interval": "month", "recurring_usage_type": "metered"},
    {"recurring_interval": "year"},
)
ONE_OFF_AMOUNTS = (0, 1, 7, 999, 10000, 33333, 123457, -5000, -1)
AFTER = (
    timedelta(0),
    timedelta(minutes=5),
    timedelta(hours=20),
    timedelta(days=1),
    timedelta(days=6),
    timedelta(days=17),
    timedelta(days=31),
    timedelta(days=61),
)
TAX_PERCENTAGES = (5, 19, 20)
TAX_KINDS = (None, None, None, "exclusive", "exclusive", "exclusive", "inclusive")
FAILED_REFUNDS = ("pending", "failed", "canceled", "requires_action")
OPEN_DISPUTES = ("needs_response", "under_review", "warning_needs_response", "warning_closed")
STATUSES_ONCE = ("paid", "paid", "paid", "paid", "open", "open", "void", "uncollectible", "draft")


class OneOffMaker:
    """Bills things outside any subscription: work, licences, use, and what nobody has classified.

    Args:
        add: writes a row of a table with a new id of some kind, and answers with the id.
        moment: a time at which something may happen.
    """

    def __init__(
        self, source: random.Random, add: Callable[..., str], moment: Callable[[], datetime]
    ) -> None:
        self.source = source
        self.add = add
        self.moment = moment

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def make(self, customer: str, currency: str) -> None:
        for _ in range(self.source.choice((0, 1, 1, 2))):
            self.make_invoice(customer, currency)

    def make_invoice(self, customer: str, currency: str) -> None:
        created = self.moment()
        finalized = self.source.choice((None, created, created + timedelta(hours=30)))
        status = self.source.choice(STATUSES_ONCE)
        row: Row = {"customer_id": customer, "status": status, "currency": currency, "created": created}
        billed = finalized or created
        row["status_transitions_finalized_at"] = finalized
        transition = {"paid": "paid", "void": "voided", "uncollectible": "marked_uncollectible"}.get(status)
        if transition and self.chance(0.85):
            row[f"status_transitions_{transition}_at"] = billed + self.source.choice(AFTER)
        if self.chance(0.07):
            # Nothing says what it is for.
            self.add("billing/invoice", "in", **row, total=self.source.choice((0, 100, 12345, -700)))
            return
        invoice = self.add("billing/invoice", "in", **row)
        for _ in range(self.source.choice((1, 1, 2, 3, 4))):
            self.make_line(invoice, currency, billed)

    def make_line(self, invoice: str, currency: str, billed: datetime) -> None:
        price = None
        if self.chance(0.9):
            product = self.add("billing/product", "prod", metadata=self.source.choice(ONE_OFF_PRODUCTS))
            terms = self.source.choice(ONE_OFF_TERMS)
            price = self.add("billing/price", "price", product_id=product, currency=currency, **terms)
        start, end = self.period(billed)
        line = self.add(
            "billing/invoice_line_item",
            "il",
            invoice_id=invoice,
            price_id=price,
            type="invoiceitem",
            proration=False,
            amount=self.source.choice(ONE_OFF_AMOUNTS),
            currency=currency,
            quantity=1,
            period_start=start,
            period_end=end,
        )
        if self.chance(0.15):
            amount = self.source.choice((None, 1, 333))
            self.add("billing/discount", "di", type="line item", type_id=line, amount=amount)

    def period(self, billed: datetime) -> tuple[datetime | None, datetime | None]:
        """Before or after the invoice, of a day, of no length, the wrong way round, or none."""
        start = billed + self.source.choice((timedelta(0), timedelta(days=3), timedelta(days=-31)))
        length = self.source.choice(
            (
                None,
                timedelta(0),
                timedelta(hours=-3),
                timedelta(hours=2),
                timedelta(hours=26),
                timedelta(days=31),
                timedelta(days=31),
                timedelta(days=92),
                timedelta(days=365),
            )
        )
        if length is None:
            known = self.source.choice(("start", "end", "neither"))
            return (start if known == "start" else None), (start if known == "end" else None)
        return start, start + length


class InvoiceMoney:
    """One invoice while its money is being made up: amounts in minor units, and what is left of its lines."""

    def __init__(self, row: Row, lines: list[Row], taken_off: dict[str, int]) -> None:
        self.row = row
        self.nets = {line["id"]: line["amount"] - taken_off.get(line["id"], 0) for line in lines}
        self.subtotal = sum(line["amount"] for line in lines)
        self.is_stated = "total" in row
        self.total: int = row["total"] if self.is_stated else sum(self.nets.values())
        self.tax = 0
        self.credited_before_payment = 0
        self.left_of_line = {line: max(net, 0) for line, net in self.nets.items()}
        self.billed: datetime = row.get("status_transitions_finalized_at") or row["created"]

    @property
    def net(self) -> int:
        return self.total - self.tax


@dataclass
class Charge:
    """What was received for an invoice, and what of it may still be given back."""

    id: str
    money: InvoiceMoney
    amount: int
    created: datetime
    left: int


class PaymentMaker:
    """Makes the money rows of an account's invoices.

    Args:
        rows: the account so far; invoices gain columns, and the tables of money are added.
        add: writes a row of a table with a new id of some kind, and answers with the id.
    """

    def __init__(self, source: random.Random, rows: Rows, add: Callable[..., str]) -> None:
        self.source = source
        self.rows = rows
        self.add = add
        self.lines_of: dict[str, list[Row]] = defaultdict(list)
        for line in rows.get("billing/invoice_line_item", []):
            if is_live(line):
                self.lines_of[line["invoice_id"]].append(line)
        self.taken_off: dict[str, int] = defaultdict(int)
        for row in rows.get("billing/discount", []):
            if is_live(row) and row["type"] == "line item":
                self.taken_off[row["type_id"]] += row.get("amount") or 0
        self.balances: dict[str, list[Row]] = defaultdict(list)

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def some_of(self, amount: int) -> int:
        """All of it, most of it, a part or next to nothing; nothing only where there is none."""
        part = self.source.choice((amount, amount, amount // 2, amount // 3, amount - 1, 1))
        return min(max(part, 1), amount)

    def after(self, moment: datetime) -> datetime:
        return moment + self.source.choice(AFTER)

    def make(self) -> None:
        for invoice in self.rows.get("billing/invoice", []):
            if self.chance(0.75):
                self.settle(InvoiceMoney(invoice, self.lines_of[invoice["id"]], self.taken_off))
        for currency in self.balances:
            self.pay_out(currency)

    def settle(self, money: InvoiceMoney) -> None:
        self.state_totals(money)
        if money.total <= 0 or money.row["status"] == "draft":
            return
        if money.row["status"] == "paid":
            self.make_paid(money)
        elif money.row["status"] == "void":
            self.make_void(money)
        else:
            self.make_unpaid(money)

    # What the invoice says about itself.

    def state_totals(self, money: InvoiceMoney) -> None:
        if money.is_stated:
            return
        if money.total > 0 and self.chance(0.15):
            money.total -= self.some_of(money.total)
        kind = self.source.choice(TAX_KINDS)
        percentage = self.source.choice(TAX_PERCENTAGES)
        without_tax = money.total
        if money.total > 0 and kind == "exclusive":
            money.tax = money.total * percentage // 100
            money.total += money.tax
        elif money.total > 0 and kind == "inclusive":
            money.tax = money.total * percentage // (100 + percentage)
        money.row["tax"] = money.tax or self.source.choice((0, None))
        is_implied = without_tax == sum(money.nets.values()) and kind != "inclusive"
        money.row["total"] = None if is_implied and self.chance(0.2) else money.total
        money.row["subtotal"] = money.subtotal if self.chance(0.8) else None

    def state_payment(self, money: InvoiceMoney, paid: int) -> None:
        if self.chance(0.9):
            money.row["amount_paid"] = paid
            money.row["amount_due"] = money.total - money.credited_before_payment
            money.row["amount_remaining"] = money.total - money.credited_before_payment - paid

    # What becomes of it.

    def make_unpaid(self, money: InvoiceMoney) -> None:
        """Open, or written off with or without a date: less what was credited and paid before."""
        written_off = money.row.get("status_transitions_marked_uncollectible_at")
        is_open = money.row["status"] == "open"
        if self.chance(0.35):
            self.credit_before_payment(money, until=None if is_open else written_off or money.billed)
        left = money.total - money.credited_before_payment
        paid = self.some_of(left) if left and self.chance(0.3) else 0
        if paid == left and is_open:
            paid = 0
        if paid:
            self.charge(money, paid, self.after(money.billed))
            money.row["amount_paid"] = paid
            money.row["amount_remaining"] = left - paid
        elif money.credited_before_payment:
            money.row["amount_paid"] = self.source.choice((0, None))
            money.row["amount_remaining"] = self.source.choice((left, None))
        else:
            self.state_payment(money, 0)

    def make_void(self, money: InvoiceMoney) -> None:
        """Perhaps credited in part or written off before."""
        voided: datetime | None = money.row.get("status_transitions_voided_at")
        is_written_off = False
        if voided is not None and voided > money.billed and self.chance(0.3):
            is_written_off = True
            written_off = money.billed + (voided - money.billed) * self.source.choice((0, 1, 2)) / 2
            money.row["status_transitions_marked_uncollectible_at"] = written_off
        if voided is not None and self.chance(0.4):
            self.credit_before_payment(money, until=money.billed if is_written_off else voided)
        self.state_payment(money, 0)

    def make_paid(self, money: InvoiceMoney) -> None:
        paid_at: datetime | None = money.row.get("status_transitions_paid_at")
        begins = max(paid_at or money.billed, money.billed)
        is_written_off = "status_transitions_marked_uncollectible_at" in money.row
        if paid_at is not None and paid_at > money.billed and self.chance(0.12):
            half_way = money.billed + (begins - money.billed) / 2
            marked = self.source.choice((money.billed, half_way, begins))
            money.row["status_transitions_marked_uncollectible_at"] = marked
            is_written_off = True
        if self.chance(0.1):
            self.credit_before_payment(money, until=money.billed if is_written_off else begins)
        paid = money.total - money.credited_before_payment
        charges = self.pay(money, paid, begins)
        if paid and self.chance(0.6):
            self.take_back(money, charges, paid, begins)

    def pay(self, money: InvoiceMoney, paid: int, begins: datetime) -> list[Charge]:
        """By one charge or two, after failures, or outside the processor."""
        if self.chance(0.9):
            money.row["amount_paid"] = paid
            money.row["amount_remaining"] = 0
        if not paid or self.chance(0.15):
            return []
        if self.chance(0.15):
            failed: Row = self.source.choice(
                ({"status": "failed", "paid": False}, {"captured": False}, {"status": "pending"})
            )
            self.charge(money, paid, begins, **failed)
        parts = [paid]
        if paid > 1 and self.chance(0.2):
            parts = [paid // 2, paid - paid // 2]
        if self.chance(0.1):
            # The rest was paid outside.
            parts = [self.some_of(paid)]
        return [self.charge(money, part, begins) for part in parts]

    def take_back(self, money: InvoiceMoney, charges: list[Charge], paid: int, begins: datetime) -> None:
        """Credit notes, refunds and disputes; together never more than was paid."""
        begins, left = self.dispute_first(money, charges, paid, begins)
        if not left:
            return
        scenario = self.source.choice(("refunds", "refunds", "notes", "notes", "both", "both", "again", ""))
        if scenario == "again":
            begins = self.credit_again(money, left, begins)
        if scenario in {"notes", "both"}:
            uncredited = left
            for _ in range(self.source.choice((1, 1, 2))):
                credited = self.some_of(uncredited)
                self.credit(money, credited, self.after(begins), "post_payment")
                uncredited -= credited
                if not uncredited:
                    break
        if scenario in {"refunds", "both"}:
            self.refund(charges, left, begins)

    def dispute_first(
        self, money: InvoiceMoney, charges: list[Charge], paid: int, begins: datetime
    ) -> tuple[datetime, int]:
        """What is left to take back after disputes, and from when on."""
        left = paid
        for charge in charges:
            if not self.chance(0.25):
                continue
            amount = self.some_of(charge.amount)
            until = self.dispute(money, charge, amount, max(begins, charge.created))
            if until is not None and self.chance(0.5):
                # It came back: all of it may be taken again.
                begins = max(begins, until)
            else:
                charge.left -= amount
                left -= amount
        return begins, left

    def dispute(self, money: InvoiceMoney, charge: Charge, amount: int, begins: datetime) -> datetime | None:
        """Answers when all is as before: it never took anything, or gave it back."""
        created = self.after(begins)
        ending = self.source.choice(("won", "won", "lost", "lost", "open"))
        status = self.source.choice(OPEN_DISPUTES) if ending == "open" else ending
        is_moved = self.chance(0.75)
        dispute = self.add(
            "billing/dispute",
            "dp",
            **{"amount": amount, "charge_id": charge.id, "status": status, "created": created},
            livemode=False if self.chance(0.05) else None,
        )
        if not is_moved:
            return None if ending == "lost" else created
        withdrawn = created + self.source.choice((timedelta(0), timedelta(hours=3), timedelta(days=2)))
        self.move(money, "adjustment", dispute, -amount, withdrawn, fee=1500)
        if ending != "won":
            return None
        returned = self.after(withdrawn)
        self.move(money, "adjustment", dispute, amount, returned)
        return returned

    def refund(self, charges: list[Charge], left: int, begins: datetime) -> None:
        for charge in charges:
            for _ in range(self.source.choice((0, 1, 1, 2, 3))):
                available = min(charge.left, left)
                if available <= 0:
                    continue
                amount = self.some_of(available)
                status = self.source.choice(("succeeded", "succeeded", "succeeded", None, *FAILED_REFUNDS))
                created = self.after(max(begins, charge.created))
                refund = self.add(
                    "billing/refund",
                    "re",
                    **{"amount": amount, "charge_id": charge.id, "status": status, "created": created},
                )
                if status in {"succeeded", None}:
                    charge.left -= amount
                    left -= amount
                    # Some processors give their fee back.
                    fee = -(amount * 29 // 1000) if amount % 2 else 0
                    self.move(charge.money, "refund", refund, -amount, created, fee=fee)

    # Credit notes.

    def credit_before_payment(self, money: InvoiceMoney, until: datetime | None) -> None:
        """One or two notes; one that is voided is so before what comes at ``until``."""
        left = money.total
        for _ in range(self.source.choice((1, 1, 2))):
            created = self.after(money.billed)
            voided = None
            if until is None:
                voided = self.after(created) if self.chance(0.2) else None
            elif created > until:
                created = money.billed
            if until is not None and created < until and self.chance(0.3):
                voided = created + (until - created) * self.source.choice((1, 2)) / 2
            amount = self.some_of(left)
            self.credit(money, amount, created, "pre_payment", voided=voided)
            if voided is None:
                money.credited_before_payment += amount
            left -= amount
            if not left:
                return

    def credit_again(self, money: InvoiceMoney, left: int, begins: datetime) -> datetime:
        """A note that was wrong, and the right one after it was voided."""
        created = self.after(begins)
        voided = self.after(created)
        self.credit(money, self.some_of(left), created, "post_payment", voided=voided)
        again = self.after(voided)
        self.credit(money, self.some_of(left), again, "post_payment")
        return again

    def credit(
        self,
        money: InvoiceMoney,
        total: int,
        created: datetime,
        kind: str,
        *,
        voided: datetime | None = None,
    ) -> None:
        tax = total * money.tax // money.total
        net = total - tax
        form = self.source.choice(("whole", "whole", "lines", "lines", "lines", "partly"))
        off = 0
        if form != "whole" and net > 3 and self.chance(0.2):
            off = self.source.randint(1, net // 3)
        is_named_total = self.chance(0.8)
        note = self.add(
            "billing/credit_note",
            "cn",
            invoice_id=money.row["id"],
            total=total if is_named_total else None,
            amount=total if not is_named_total or self.chance(0.8) else None,
            subtotal=net + off if self.chance(0.85) else None,
            discount_amount=off or self.source.choice((0, None)),
            type=kind,
            status="void" if voided and self.chance(0.9) else self.source.choice(("issued", "issued", None)),
            created=created,
            voided_at=voided,
        )
        if form != "whole":
            self.make_note_lines(money, note, net + off, named=0.4 if form == "partly" else 1.0)
        if self.chance(0.04):
            self.make_note_of_no_effect(money, created)

    def make_note_lines(self, money: InvoiceMoney, note: str, amount: int, *, named: float) -> None:
        """Over lines of the invoice as far as they go; the rest is for none of them."""
        lines = list(money.left_of_line)
        self.source.shuffle(lines)
        for line in lines:
            part = min(money.left_of_line[line], amount)
            if part and self.chance(named):
                money.left_of_line[line] -= part
                amount -= part
                parts = [part] if part < 2 or self.chance(0.9) else [1, part - 1]
                for some in parts:
                    self.add(
                        "billing/credit_note_line_item",
                        "cnli",
                        **{"credit_note_id": note, "invoice_line_item_id": line, "amount": some},
                    )
        if amount:
            self.add("billing/credit_note_line_item", "cnli", credit_note_id=note, amount=amount)

    def make_note_of_no_effect(self, money: InvoiceMoney, created: datetime) -> None:
        gone: Row = self.source.choice(({"is_deleted": True}, {"livemode": False}, {"status": "void"}))
        self.add(
            "billing/credit_note",
            "cn",
            **{"invoice_id": money.row["id"], "total": 77, "type": "post_payment", "created": created},
            **gone,
        )

    # The processor.

    def charge(self, money: InvoiceMoney, amount: int, created: datetime, **how: Any) -> Charge:
        usual = {"status": self.source.choice(("succeeded", "succeeded", None)), "paid": True}
        described = usual | {"captured": self.source.choice((True, None))} | how
        charge = self.add(
            "billing/charge",
            "ch",
            amount=amount,
            currency=money.row["currency"],
            customer_id=money.row["customer_id"],
            invoice_id=money.row["id"],
            created=created,
            **described,
        )
        if not how:
            self.move(money, "charge", charge, amount, created, fee=amount * 29 // 1000)
        return Charge(charge, money, amount, created, amount)

    def move(
        self, money: InvoiceMoney, kind: str, source: str, amount: int, created: datetime, *, fee: int = 0
    ) -> None:
        """A movement of the balance, sometimes settled in another currency."""
        currency, rate = money.row["currency"], None
        if currency != "usd" and self.chance(0.3):
            currency, rate = "usd", "1.1"
        settled = amount * 11 // 10 if rate else amount
        row: Row = {"amount": settled, "fee": fee, "net": settled - fee, "type": kind, "source": source}
        identity = self.add(
            "billing/balance_transaction",
            "txn",
            **row,
            currency=currency,
            exchange_rate=rate,
            created=created,
            available_on=created + timedelta(days=2),
        )
        self.balances[currency].append({"id": identity, **row, "created": created})

    def pay_out(self, currency: str) -> None:
        """Some of what is in the balance, all at once."""
        chosen = [row for row in self.balances[currency] if self.chance(0.7)]
        amount = sum(row["net"] for row in chosen)
        if amount <= 0:
            return
        arrives = max(row["created"] for row in chosen) + timedelta(days=3)
        payout = self.add("billing/payout", "po", amount=amount, arrival_date=arrives, status="paid")
        names = {row["id"] for row in chosen}
        for row in self.rows["billing/balance_transaction"]:
            if row["id"] in names:
                row["payout_id"] = payout
        self.add(
            "billing/balance_transaction",
            "txn",
            **{"amount": -amount, "fee": 0, "net": -amount, "type": "payout", "source": payout},
            currency=currency,
            created=arrives,
        )


def is_live(row: Row) -> bool:
    return row.get("livemode") is not False and not row.get("is_deleted")
