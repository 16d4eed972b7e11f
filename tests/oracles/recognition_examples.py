"""Worked examples of revenue recognition that others publish, as one export with a customer for each.

Add an example with its source's title and numbers: first its raw rows, then its rows of EXAMPLES, a month
after the other. Where our definitions differ from the source, the example says how. Who compares the numbers,
with an oracle or with published tables, stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracles.calendar_months import add_months
from tests.oracles.landing import write_landing

AS_OF = date(2019, 12, 31)
# A licence of 96,000 with a first year of support of 24,000, in one example.
POLICIES = {"licence_support_share": "0.2"}
EURO_RATES = {"2019-01-01": "1.2", "2019-02-01": "1.1", "2019-03-01": "1.3"}
QUARTER = ("2019-01-01", "2019-04-01")
MIDDLE_OF_JANUARY = ("2019-01-15", "2019-02-15")
FIGURES = ("billed", "recognized", "contra", "credited", "written_off", "bad_debt")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


@dataclass(frozen=True)
class Example:
    """What an example comes to, month by month from the first on; a figure that is not named is 0.

    Attributes:
        months: by figure, amounts in major units; of the currency, or of the reporting currency for figures
            named ``..._reporting``.
    """

    source: str
    customer: str
    first_month: date
    months: Mapping[str, list[Decimal]]
    stream: str = "subscription"

    def expected(self, figure: str, month: date) -> Decimal:
        amounts = self.months.get(figure, [])
        position = (month.year - self.first_month.year) * 12 + month.month - self.first_month.month
        return amounts[position] if 0 <= position < len(amounts) else Decimal(0)


def example(
    source: str, customer: str, first: str = "2019-01", stream: str = "subscription", **months: str
) -> Example:
    amounts = {figure: [Decimal(amount) for amount in text.split()] for figure, text in months.items()}
    return Example(source, customer, date.fromisoformat(f"{first}-01"), amounts, stream)


EXAMPLES = [
    example(
        "Stripe, Subscription examples: Monthly subscription",
        "monthly",
        billed="31",
        recognized="17 14",
    ),
    example(
        "Stripe, Subscription examples: Annual subscription",
        "annual",
        billed="365",
        recognized="31 28 31 30 31 30 31 31 30 31 30 31",
    ),
    # Stripe books use when it is reported, 15 and 17; an export has only its period, over which it is spread.
    example(
        "Stripe, Subscription examples: Monthly metered subscription, Sum",
        "metered",
        stream="usage",
        billed="0 32",
        recognized="17.55 14.45",
    ),
    example(
        "Stripe, Subscription examples: Upgrade",
        "upgrade",
        first="2019-04",
        billed="90 130",
        recognized="100 120",
    ),
    example(
        "Stripe, Subscription examples: Downgrade",
        "downgrade",
        first="2019-04",
        billed="90 10",
        recognized="70 30",
    ),
    # By day, which is one of the four granularities that Stripe offers, and ours.
    example(
        "Stripe, Revenue Recognition settings examples: Amortization granularity, by day",
        "granularity",
        first="2019-06",
        billed="120",
        recognized="16 31 31 30 12",
    ),
    example(
        "Stripe, Contra examples: Customer credit balance",
        "credit_balance",
        billed="31",
        recognized="17 14",
    ),
    example(
        "Stripe, Contra examples: Customer credit balance, of an invoice of -31",
        "negative_invoice",
        billed="-31",
        recognized="-17 -14",
    ),
    example(
        "Stripe, Contra examples: Refund",
        "refund",
        billed="90",
        recognized="31",
        contra="0 31",
        credited="0 59",
    ),
    example(
        "Stripe, Contra examples: Partial refund",
        "partial_refund",
        billed="90",
        recognized="31 25.20 27.90",
        contra="0 3.10",
        credited="0 5.90",
    ),
    # Stripe shows the 31 as contra revenue of its account Voids; a void reverses here.
    example(
        "Stripe, Contra examples: Void",
        "void",
        billed="90 -90",
        recognized="31 -31",
    ),
    example(
        "Stripe, Contra examples: Uncollectible",
        "uncollectible",
        billed="90",
        recognized="31",
        bad_debt="0 31",
        written_off="0 59",
    ),
    # Stripe calls the 59 recoverables; here revenue follows the money.
    example(
        "Stripe, Contra examples: Uncollectible, paid in April",
        "uncollectible_paid",
        billed="90",
        recognized="31 0 0 59",
        bad_debt="0 31 0 -31",
        written_off="0 59 0 -59",
    ),
    example(
        "Stripe, Contra examples: Uncollectible, voided in April",
        "uncollectible_voided",
        billed="90 0 0 -90",
        recognized="31 0 0 -31",
        bad_debt="0 31 0 -31",
        written_off="0 59 0 -59",
    ),
    # Stripe takes 31 from revenue and the other 59 back from recoverables.
    example(
        "Stripe, Contra examples: Uncollectible and disputed or refunded",
        "uncollectible_disputed",
        billed="90",
        recognized="31 0 0 59",
        contra="0 0 0 0 90",
        bad_debt="0 31 0 -31",
        written_off="0 59 0 -59",
    ),
    # Stripe shows the 90 that come back as recoverables; here revenue follows the money.
    example(
        "Stripe, Contra examples: Dispute, won in April",
        "dispute_won",
        billed="90",
        recognized="31 0 0 59",
        contra="0 31 0 -31",
        credited="0 59 0 -59",
    ),
    example(
        "Stripe, Revenue Recognition with refunds and disputes: a one-time payment refunded",
        "one_time",
        billed="90",
        recognized="90",
        contra="0 90",
    ),
    example(
        "Stripe, Revenue Recognition with refunds and disputes: a subscription disputed",
        "dispute_lost",
        billed="90",
        recognized="31",
        contra="0 31",
        credited="0 59",
    ),
    example(
        "Stripe, Revenue Recognition with refunds and disputes: Winning a dispute, in March",
        "dispute_won_in_march",
        billed="90",
        recognized="31 0 59",
        contra="0 31 -31",
        credited="0 59 -59",
    ),
    # Stripe shows 90 billed at once; the note takes 30 off the 120 on the day of the invoice.
    example(
        "Stripe, Credit note examples: Credit note before a payment",
        "note_before",
        billed="120",
        recognized="31 28 31",
        credited="30",
    ),
    # Contra revenue is 15.50 in all: Stripe's 5.10 of refunds and 10.40 of credit notes.
    example(
        "Stripe, Credit note examples: Credit note after a payment",
        "note_after",
        billed="90",
        recognized="31 14 15.50",
        contra="0 15.50",
        credited="0 29.50",
    ),
    example(
        "Stripe, Credit note examples: Credit note without line items, voided on May 3",
        "note_voided",
        billed="181",
        recognized="31 14 15.50 15 75.50 30",
        contra="0 15.50 0 0 -15.50",
        credited="0 75 0 0 -75",
    ),
    example(
        "Stripe, Tax examples: Tax exempt",
        "tax_exempt",
        billed="27.90",
        recognized="27.90",
    ),
    example(
        "Stripe, Tax examples: Tax-inclusive rate on invoice items, same accounting period",
        "tax_in_item",
        billed="31",
        recognized="31",
    ),
    example(
        "Stripe, Tax examples: Tax liability, exclusive",
        "tax_exclusive",
        billed="31",
        recognized="31",
    ),
    example(
        "Stripe, Tax examples: Tax liability, inclusive",
        "tax_inclusive",
        billed="27.90",
        recognized="27.90",
    ),
    example(
        "Stripe, Revenue recognition methodology: 50 USD with a discount of 10 USD",
        "discount",
        billed="40",
        recognized="40",
    ),
    example(
        "Stripe, Other examples: External asset",
        "external_asset",
        billed="31",
        recognized="31",
    ),
    # What is paid or refunded at another rate changes no revenue: the invoice keeps its own.
    example(
        "Stripe, FX and currency examples: FX loss from a refund or dispute",
        "euro",
        stream="unclassified",
        billed="30",
        recognized="30",
        contra="0 0 30",
        billed_reporting="36",
        recognized_reporting="36",
        contra_reporting="0 0 36",
    ),
    example(
        "Journal Entries Hub, Perpetual software license and post-contract support: the licence",
        "licence",
        stream="licence",
        billed="96000",
        recognized="96000",
    ),
    # 2,000 a month there, by day here.
    example(
        "Journal Entries Hub, Perpetual software license and post-contract support: the support",
        "licence",
        stream="maintenance",
        billed="24000",
        recognized=(
            "2038.36 1841.09 2038.36 1972.60 2038.36 1972.60 2038.36 2038.35 1972.60 2038.36 1972.60 2038.36"
        ),
    ),
    example(
        "ASC 606-10-55-284 to 286, Example 38, Case B: paid in advance",
        "contract_liability",
        billed="1000",
        recognized="0 0 1000",
    ),
    example(
        "ASC 606-10-55-287 to 290, Example 39: performed before it may be billed",
        "contract_asset",
        billed="0 1000",
        recognized="400 600",
    ),
]

# By customer and month: earned and not yet billed, at the close. Of an upgrade Stripe nets the credit of 30.
CONTRACT_ASSETS = {
    ("metered", "2019-01"): Decimal("17.55"),
    ("upgrade", "2019-04"): Decimal(40),
    ("downgrade", "2019-04"): Decimal(10),
    ("contract_asset", "2019-01"): Decimal(400),
}


class Export:
    """Billing tables being written; ids are the customer's name and a number."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.add("product", id="licensed", metadata='{"licence_type": "perpetual"}')
        self.price("recurring", recurring_interval="month")
        self.price("used", recurring_interval="month", recurring_usage_type="metered")
        self.price("perpetual", type="one_time", product_id="licensed")
        self.tables["ledger/currencyrate"] = [
            {"basecurrency": "USD", "transactioncurrency": "EUR", "effectivedate": day, "exchangerate": rate}
            for day, rate in EURO_RATES.items()
        ]
        self.tables["policy/metric_policies"] = [
            {"policy_key": key, "policy_value": value, "authority": "test", "why": "test"}
            for key, value in POLICIES.items()
        ]

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        self.tables[f"billing/{table}"].append(row)
        return row

    def price(self, price: str, **terms: Any) -> None:
        self.add("price", **{"id": price, "product_id": price, "currency": "usd", "unit_amount": 100} | terms)

    def next_id(self, table: str, customer: str) -> str:
        return f"{customer}-{table}-{len(self.tables[f'billing/{table}'])}"

    def bill(
        self,
        customer: str,
        *lines: tuple[str, tuple[str, str] | None],
        on: str = "2019-01-01",
        paid: str | None = None,
        price: str = "recurring",
        currency: str = "usd",
        **invoice: Any,
    ) -> str:
        """An invoice of lines (amount, period), open or paid if nothing is said; answers with its id."""
        if customer not in {row["id"] for row in self.tables["billing/customer"]}:
            self.add("customer", id=customer, created=moment("2018-12-01"), currency=currency)
        identity = self.next_id("invoice", customer)
        stamps = {"status_transitions_finalized_at": moment(on)}
        if paid is not None:
            stamps["status_transitions_paid_at"] = moment(paid)
        status = "open" if paid is None else "paid"
        subtotal = sum(cents(amount) for amount, _ in lines)
        row = {"id": identity, "customer_id": customer, "status": status, "currency": currency}
        amounts = {"subtotal": subtotal, "total": subtotal}
        self.add("invoice", **row | amounts | {"created": moment(on)} | stamps | invoice)
        for amount, period in lines:
            self.add(
                "invoice_line_item",
                id=self.next_id("invoice_line_item", customer),
                invoice_id=identity,
                price_id=price if currency == "usd" else None,
                type="invoiceitem",
                proration=False,
                amount=cents(amount),
                currency=currency,
                quantity=1,
                period_start=None if period is None else moment(period[0]),
                period_end=None if period is None else moment(period[1]),
            )
        return identity

    def charge(self, invoice: str, amount: str, on: str) -> str:
        row = next(row for row in self.tables["billing/invoice"] if row["id"] == invoice)
        identity = self.next_id("charge", row["customer_id"])
        self.add(
            "charge",
            **{"id": identity, "amount": cents(amount), "captured": True, "paid": True},
            **{"status": "succeeded", "currency": row["currency"], "customer_id": row["customer_id"]},
            invoice_id=invoice,
            created=moment(on),
        )
        return identity

    def refund(self, charge: str, amount: str, on: str) -> None:
        self.add(
            "refund",
            **{"id": f"re-{charge}-{on}", "amount": cents(amount), "charge_id": charge},
            **{"status": "succeeded", "created": moment(on)},
        )

    def dispute(self, charge: str, amount: str, on: str, won: str | None = None) -> None:
        identity = f"dp-{charge}"
        status = "lost" if won is None else "won"
        row = {"id": identity, "amount": cents(amount), "charge_id": charge, "status": status}
        self.add("dispute", **row, created=moment(on))
        self.move(identity, -cents(amount), on)
        if won is not None:
            self.move(identity, cents(amount), won)

    def move(self, source: str, amount: int, on: str) -> None:
        identity = f"txn-{source}-{on}"
        row = {"id": identity, "amount": amount, "fee": 0, "net": amount, "type": "adjustment"}
        self.add("balance_transaction", **row, source=source, currency="usd", created=moment(on))

    def credit(
        self, invoice: str, amount: str, on: str, kind: str = "post_payment", voided: str | None = None
    ) -> None:
        self.add(
            "credit_note",
            **{"id": f"cn-{invoice}-{on}", "invoice_id": invoice, "total": cents(amount)},
            **{"amount": cents(amount), "subtotal": cents(amount), "type": kind, "created": moment(on)},
            status="issued" if voided is None else "void",
            voided_at=None if voided is None else moment(voided),
        )

    def paid_subscription(self, customer: str, amount: str, period: tuple[str, str]) -> str:
        """Billed and charged at its start; answers with the charge."""
        invoice = self.bill(customer, (amount, period), on=period[0], paid=period[0])
        return self.charge(invoice, amount, period[0])

    def write(self, folder: Path) -> Path:
        write_landing(folder, self.tables)
        return folder


UNCOLLECTIBLE = "status_transitions_marked_uncollectible_at"


def published_examples() -> Export:
    """Every example as a billing export."""
    export = Export()
    january = ("2019-01-01", "2019-02-01")

    export.paid_subscription("monthly", "31", MIDDLE_OF_JANUARY)
    export.paid_subscription("annual", "365", ("2019-01-01", "2020-01-01"))
    export.bill("metered", ("32", MIDDLE_OF_JANUARY), on="2019-02-14", price="used")
    for customer, remaining, next_month in (("upgrade", "40", "120"), ("downgrade", "10", "30")):
        export.paid_subscription(customer, "90", ("2019-04-01", "2019-05-01"))
        rest_of_april = ("2019-04-21", "2019-05-01")
        lines = [
            ("-30", rest_of_april),
            (remaining, rest_of_april),
            (next_month, ("2019-05-01", "2019-06-01")),
        ]
        export.bill(customer, *lines, on="2019-05-01")
    export.paid_subscription("granularity", "120", ("2019-06-15T12:00", "2019-10-13T12:00"))

    balance: dict[str, Any] = {"amount_due": 2000, "amount_paid": 2000, "amount_remaining": 0}
    applied = export.bill(
        "credit_balance", ("31", MIDDLE_OF_JANUARY), on="2019-01-15", paid="2019-02-09", **balance
    )
    export.charge(applied, "20", "2019-02-09")
    export.bill("negative_invoice", ("-31", MIDDLE_OF_JANUARY), on="2019-01-15", paid="2019-01-15")
    export.refund(export.paid_subscription("refund", "90", QUARTER), "90", "2019-02-01")
    export.refund(export.paid_subscription("partial_refund", "90", QUARTER), "9", "2019-02-01")
    voided = moment("2019-02-01")
    export.bill("void", ("90", QUARTER), status="void", status_transitions_voided_at=voided)

    marked: dict[str, Any] = {UNCOLLECTIBLE: moment("2019-02-01")}
    left: dict[str, Any] = {"status": "uncollectible", "amount_paid": 0, "amount_remaining": 9000}
    export.bill("uncollectible", ("90", QUARTER), **marked, **left)
    late = export.bill("uncollectible_paid", ("90", QUARTER), paid="2019-04-01", **marked)
    export.charge(late, "90", "2019-04-01")
    in_april: dict[str, Any] = {"status": "void", "status_transitions_voided_at": moment("2019-04-01")}
    export.bill("uncollectible_voided", ("90", QUARTER), **marked, **in_april)
    late = export.bill("uncollectible_disputed", ("90", QUARTER), paid="2019-04-01", **marked)
    export.dispute(export.charge(late, "90", "2019-04-01"), "90", "2019-05-01")

    export.dispute(export.paid_subscription("dispute_won", "90", QUARTER), "90", "2019-02-01", "2019-04-01")
    won_in_march = export.paid_subscription("dispute_won_in_march", "90", QUARTER)
    export.dispute(won_in_march, "90", "2019-02-01", "2019-03-01")
    export.dispute(export.paid_subscription("dispute_lost", "90", QUARTER), "90", "2019-02-01")
    once = export.bill("one_time", ("90", None), paid="2019-01-01")
    export.refund(export.charge(once, "90", "2019-01-01"), "90", "2019-02-01")

    before = export.bill("note_before", ("120", QUARTER), paid="2019-02-01")
    export.credit(before, "30", "2019-01-01", "pre_payment")
    export.charge(before, "90", "2019-02-01")
    after = export.bill("note_after", ("90", QUARTER), paid="2019-01-01")
    export.credit(after, "45", "2019-02-01")
    export.refund(export.charge(after, "90", "2019-01-01"), "15", "2019-02-01")
    half_a_year = ("2019-01-01", "2019-07-01")
    unpaid = export.bill("note_voided", ("181", half_a_year))
    export.credit(unpaid, "90.50", "2019-02-01", "pre_payment", voided="2019-05-03")

    export.bill("tax_exempt", ("31", january), paid="2019-01-01", total=2790, tax=0)
    export.bill("tax_in_item", ("34.10", january), paid="2019-01-01", tax=310)
    export.bill("tax_exclusive", ("31", january), paid="2019-01-01", total=3410, tax=310)
    export.bill("tax_inclusive", ("31", january), paid="2019-01-01", tax=310)
    export.bill("discount", ("50", january), paid="2019-01-01", total=4000)
    line = export.tables["billing/invoice_line_item"][-1]["id"]
    export.add("coupon", id="coupon", amount_off=1000, currency="usd", duration="once")
    export.add("discount", id="di", type="line item", type_id=line, amount=1000, coupon_id="coupon")
    export.bill("external_asset", ("31", january), paid="2019-02-05", amount_paid=3100)

    euro = export.bill("euro", ("30", None), paid="2019-02-01", currency="eur")
    export.refund(export.charge(euro, "30", "2019-02-01"), "30", "2019-03-01")
    export.bill("licence", ("120000", ("2019-01-01", "2020-01-01")), paid="2019-01-01", price="perpetual")
    export.bill("contract_liability", ("1000", ("2019-03-31", "2019-03-31T12:00")), on="2019-01-31")
    product_a, product_b = ("2019-01-20", "2019-01-20T12:00"), ("2019-02-20", "2019-02-20T12:00")
    export.bill("contract_asset", ("400", product_a), ("600", product_b), on="2019-02-20")
    return export


def months_of(examples: Iterable[Example]) -> list[date]:
    """From the first month of any example to that of the as-of."""
    first = min(entry.first_month for entry in examples)
    count = (AS_OF.year - first.year) * 12 + AS_OF.month - first.month
    return [add_months(first, number) for number in range(count + 1)]
