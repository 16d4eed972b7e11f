"""Single wrong rows in the exports of the example company, and the controls that each of them must break.

Add a mutant here for every way in which billing and the ledger can come to differ. The controls are written
down from what they say they compare (seeds/reference/controls.csv), never from what a build returned; a
comment says why where that is not plain. How a row is found is in ``example_export``, how the verdicts of a
build are read in ``integration/test_controls_find_mutations``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.example_export import (
    ACCUMULATED_DEPRECIATION,
    BAD_DEBT,
    BANKS,
    CLEARING,
    CONTRACTORS,
    CREDITS,
    CURRENCY_IDS,
    DEFERRED,
    FEES,
    FIXED_ASSETS,
    HOSTING,
    NO_SUCH_ACCOUNT,
    PAYABLE,
    PREPAID,
    RECEIVABLE,
    RENT,
    SALARIES,
    SOFTWARE,
    SOFTWARE_AMORTISATION,
    SUBSCRIPTION_REVENUE,
    TAX_PAYABLE,
    TRAVEL,
    UNBILLED,
    USAGE_REVENUE,
    UTILITIES,
    Billed,
    Entry,
    ExampleExport,
    LedgerLine,
    Won,
    day_later,
    moved,
    next_month,
    plus,
)

_CENT = Decimal("0.01")

EARNED = {"revenue_by_stream", "revenue_by_stream_in_reporting_currency"}
OPEN = {"deferred_revenue", "deferred_revenue_in_reporting_currency"}
GIVEN_BACK = {"contra_revenue", "contra_revenue_in_reporting_currency"}
UNBILLED_TOO = {"contract_assets", "contract_assets_in_reporting_currency"}
# The money of a payment: what is no longer owed is at the processor, less its fee.
PAYMENT = {"receivables", "processor_clearing", "processor_fees"}
UNEVEN_IN_BASE = {"ledger_entries_balance", "trial_balance_of_period", "trial_balance_in_total"}
UNEVEN = {*UNEVEN_IN_BASE, "ledger_entries_balance_in_currency"}


@dataclass(frozen=True)
class Touched:
    """Where the traces of a change are looked for.

    Attributes:
        keys: the customers, documents and entries that the changed row is matched by.
        named: raw rows; every control that fails must name one of them.
        months: those in which rows without a key are of this change, ``2025-07``; empty for all.
    """

    keys: tuple[str, ...]
    named: tuple[str, ...]
    months: tuple[str, ...] = ()


Change = Callable[[ExampleExport], Touched]


@dataclass(frozen=True)
class Mutant:
    """A sentence on what is wrong, the change that makes it so, and the controls that must fail."""

    sentence: str
    change: Change
    fails: frozenset[str]


LEDGER: list[Mutant] = []
BILLING: list[Mutant] = []
COSTS: list[Mutant] = []
# Of an export in which every account that pays was won by one deal, worth what the account pays.
CRM: list[Mutant] = []


def _mutant(into: list[Mutant], sentence: str, fails: set[str]) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        into.append(Mutant(sentence, change, frozenset(fails)))
        return change

    return register


def ledger(sentence: str, fails: set[str]) -> Callable[[Change], Change]:
    return _mutant(LEDGER, sentence, fails)


def billing(sentence: str, fails: set[str]) -> Callable[[Change], Change]:
    return _mutant(BILLING, sentence, fails)


def costs(sentence: str, fails: set[str]) -> Callable[[Change], Change]:
    return _mutant(COSTS, sentence, fails)


def crm(sentence: str, fails: set[str]) -> Callable[[Change], Change]:
    return _mutant(CRM, sentence, fails)


def is_yearly(billed: Billed) -> bool:
    return billed.service_days > 300 and not billed.is_taxed


def is_monthly(billed: Billed) -> bool:
    """A month of service that ends well inside the next month."""
    return 27 < billed.service_days < 32 and "05" < billed.line["period_end"][8:10] < "25"


def is_one_off(billed: Billed) -> bool:
    return billed.is_one_off and not billed.is_taxed


# ---- the ledger: amounts


@ledger("one line of earned revenue is a cent too high", UNEVEN | EARNED)
def _(export: ExampleExport) -> Touched:
    line, customer = export.earned_line()
    line.shift(-1)
    return Touched((customer, line.half["transaction"]), (line.label, _label(line.half["transaction"])))


# Deferred revenue in dollars is read from the base amounts, which stay as they were.
@ledger(
    "a line in euro is a cent off in euro alone",
    {"ledger_entries_balance_in_currency", "deferred_revenue"},
)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_monthly, currency="eur")
    line = entry.line(DEFERRED)
    line.foreign -= _CENT
    return Touched((billed.customer, entry.id), (line.label, entry.label))


@ledger(
    "a line in euro is a cent off in dollars alone",
    UNEVEN_IN_BASE | {"deferred_revenue_in_reporting_currency"},
)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_monthly, currency="eur")
    line = entry.line(DEFERRED)
    line.base -= _CENT
    return Touched((billed.customer, entry.id), (line.label, entry.label))


# Receivables are read in the currency of the entry, from the other half of the line.
@ledger("an amount is not its debit less its credit", UNEVEN_IN_BASE | {"ledger_lines_are_posted_whole"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    line = entry.line(RECEIVABLE)
    line.posting["amount"] = f"{line.base + _CENT:.2f}"
    return Touched((entry.id,), (entry.label, _posting_label(line.label)))


@ledger("an invoice's entry is a cent too high on both sides", {"receivables"} | OPEN)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_monthly)
    return _shift(entry, (RECEIVABLE, 1), (DEFERRED, -1), keys=(billed.customer,))


@ledger("a payment's entry is a cent too high on both sides", {"receivables", "processor_clearing"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    return _shift(entry, (CLEARING, 1), (RECEIVABLE, -1), keys=(billed.customer, billed.charge["id"]))


@ledger("a processor's fee is a cent too low", {"processor_fees", "processor_clearing"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    return _shift(entry, (FEES, -1), (CLEARING, 1), keys=(billed.charge["id"],))


@ledger("a payout's entry is a cent too low on both sides", {"processor_clearing", "payouts_to_cash"})
def _(export: ExampleExport) -> Touched:
    entry, payout = _paid_out(export)
    return _shift(entry, (BANKS[0], -1), (CLEARING, 1), keys=(payout,))


@ledger("sales tax is booked as revenue still to be earned", {"taxes_passed_through"} | OPEN)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, lambda billed: billed.is_taxed and not billed.is_one_off)
    return _shift(entry, (TAX_PAYABLE, 1), (DEFERRED, -1), keys=(billed.customer,))


@ledger("a write-off takes a cent too much to bad debt", {"bad_debt"} | OPEN)
def _(export: ExampleExport) -> Touched:
    # The invoice of a planted customer, written off on 4 July 2024.
    invoice = "in_1sKDeCoN6ig4Vh"
    entry = export.entry_with_memo(f"Write-off of {invoice}")
    customer = export.one("billing.invoice", id=invoice)["customer_id"]
    return _shift(entry, (BAD_DEBT, 1), (DEFERRED, -1), keys=(customer,))


@ledger(
    "a credit note takes a cent too much off earned and too little off open revenue",
    GIVEN_BACK | OPEN,
)
def _(export: ExampleExport) -> Touched:
    entry, customer = _credited(export, "cn_1st2KubWAZBWL1")
    return _shift(entry, (CREDITS, 1), (DEFERRED, -1), keys=(customer,))


@ledger("a line of earned revenue has the wrong sign", UNEVEN | EARNED)
def _(export: ExampleExport) -> Touched:
    line, customer = export.earned_line()
    line.base, line.foreign = -line.base, -line.foreign
    return Touched((customer, line.half["transaction"]), (line.label, _label(line.half["transaction"])))


@ledger("a payment is posted the wrong way round", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    for line in entry.lines:
        line.base, line.foreign = -line.base, -line.foreign
    return Touched((billed.customer, billed.charge["id"]), entry.labels)


# ---- the ledger: dates and periods


# An entry counts in the period that it is posted to, whatever its date.
@ledger("an entry is dated in the next month and posted in its own", {"ledger_postings_in_their_period"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    entry.header["trandate"] = f"{next_month(entry.header['trandate'][:7])}-01"
    return Touched((entry.id,), (entry.label,))


@ledger(
    "a payment is dated in its month and posted in the next", PAYMENT | {"ledger_postings_in_their_period"}
)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    entry.header["postingperiod"] = export.period_of(next_month(billed.month))["id"]
    return Touched((billed.customer, billed.charge["id"], entry.id), (entry.label, *_made(billed)))


@ledger("a payment is dated and posted in the next month", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    export.move_to_month(entry, next_month(billed.month))
    return Touched((billed.customer, billed.charge["id"]), _made(billed))


@ledger("an invoice is dated and posted in the next month", {"receivables"} | OPEN)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_yearly)
    export.move_to_month(entry, next_month(billed.month))
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


# It counts in the month of its date, so that nothing else differs.
@ledger("an entry is posted to a quarter", {"ledger_periods_are_known"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    (quarter,) = (
        row
        for row in export.every("ledger.accountingperiod", isquarter="T")
        if row["startdate"] <= entry.header["trandate"] <= row["enddate"]
    )
    entry.header["postingperiod"] = quarter["id"]
    return Touched((entry.id,), (entry.label,))


@ledger("an entry is posted to a period that is not there", {"ledger_periods_are_known"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    entry.header["postingperiod"] = "998"
    return Touched((entry.id,), (entry.label,))


# The later of the two is named.
@ledger("an accounting period ends a day too late", {"ledger_periods_do_not_overlap"})
def _(export: ExampleExport) -> Touched:
    export.period_of("2025-11")["enddate"] = "2025-12-01"
    later = export.period_of("2025-12")["id"]
    return Touched((later,), (f"ledger.accountingperiod {later}",))


# ---- the ledger: missing and doubled rows


@ledger("a line is missing", UNEVEN | {"processor_fees"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    export.remove_lines(entry.line(FEES))
    return Touched((billed.charge["id"], entry.id), (entry.label, _movement(export, billed)))


# In the base currency the posting says its amount by itself.
@ledger("the first half of a line is missing", {"ledger_lines_are_posted_whole"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    line = entry.line(RECEIVABLE)
    export.remove("ledger.transactionline", line.half)
    return Touched((entry.id,), (_posting_label(line.label),))


@ledger("the second half of a line is missing", UNEVEN | {"ledger_lines_are_posted_whole", "processor_fees"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    line = entry.line(FEES)
    export.remove("ledger.transactionaccountingline", line.posting)
    return Touched((billed.charge["id"], entry.id), (line.label, entry.label, _movement(export, billed)))


@ledger("an entry is missing and its lines are there", PAYMENT | {"ledger_lines_are_posted_whole"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    export.remove("ledger.transaction", entry.header)
    return Touched(
        (billed.customer, billed.charge["id"], entry.id),
        (*map(_posting_label, entry.labels), *_made(billed)),
    )


@ledger("a payment's entry is missing", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    export.remove_entry(entry)
    return Touched((billed.customer, billed.charge["id"]), _made(billed))


@ledger("an invoice's entry is missing", {"receivables"} | OPEN)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_yearly)
    export.remove_entry(entry)
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


@ledger("a payment's entry does not post", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    entry.header["posting"] = "F"
    return Touched((billed.customer, billed.charge["id"]), _made(billed))


# What is posted to another book alone is not of this one: its lines are whole there.
@ledger("a payment is posted to the second accounting book alone", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    for line in entry.lines:
        line.posting["accountingbook"] = "2"
    return Touched((billed.customer, billed.charge["id"]), _made(billed))


@ledger("a payment's entry is there twice", PAYMENT)
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    again = export.repeat_entry(entry, "99000001")
    return Touched((billed.customer, billed.charge["id"]), again.labels)


@ledger("an invoice's entry is there twice", {"receivables"} | OPEN)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_yearly)
    again = export.repeat_entry(entry, "99000002")
    return Touched((billed.customer,), again.labels)


@ledger("a line is there twice", UNEVEN | {"processor_fees"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    again = export.repeat_line(entry.line(FEES), "90")
    return Touched((billed.charge["id"], entry.id), (again.label, entry.label))


@ledger("somebody has booked on receivables by hand", {"receivables"})
def _(export: ExampleExport) -> Touched:
    _, entry = _billed(export)
    again = export.repeat_entry(entry, "99000003")
    again.header.update(type="Journal", entity="", externalid="", memo="Correction")
    again.line(DEFERRED).posting["account"] = PREPAID
    # No customer and no document: there is nothing to match it by.
    return Touched(("",), (again.line(RECEIVABLE).label,))


# ---- the ledger: accounts


@ledger("revenue is posted to deferred revenue", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    return _earned_on(export, DEFERRED)


# One stream has too much and the other too little.
@ledger("revenue is posted to the account of another stream", EARNED)
def _(export: ExampleExport) -> Touched:
    return _earned_on(export, USAGE_REVENUE)


@ledger("revenue is posted to an account that no control reads", EARNED)
def _(export: ExampleExport) -> Touched:
    return _earned_on(export, TRAVEL)


# Its entry balances all the same.
@ledger("revenue is posted to an account that is not there", EARNED | {"ledger_accounts_are_known"})
def _(export: ExampleExport) -> Touched:
    return _earned_on(export, NO_SUCH_ACCOUNT)


@ledger("a processor's fee is posted to another expense", {"processor_fees"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    entry.line(FEES).posting["account"] = CONTRACTORS
    return Touched((billed.charge["id"],), (_movement(export, billed),))


@ledger("a payout is posted to an account that is no bank", {"payouts_to_cash"})
def _(export: ExampleExport) -> Touched:
    entry, payout = _paid_out(export)
    entry.line(*BANKS).posting["account"] = PREPAID
    movement = export.movement(payout)["id"]
    return Touched((payout,), (f"billing.balance_transaction {movement}",))


@ledger("a credit note's earned part is posted to an expense", GIVEN_BACK)
def _(export: ExampleExport) -> Touched:
    entry, customer = _credited(export, "cn_1rWr9HefnaRNMC")
    entry.line(CREDITS).posting["account"] = CONTRACTORS
    line = export.one("billing.credit_note_line_item", credit_note_id="cn_1rWr9HefnaRNMC")
    return Touched((customer,), (f"billing.invoice_line_item {line['invoice_line_item_id']}",))


@ledger("what is earned and not billed is posted to prepaid expenses", UNBILLED_TOO)
def _(export: ExampleExport) -> Touched:
    line, customer = export.earned_line(UNBILLED)
    line.posting["account"] = PREPAID
    return Touched((customer,), ("billing.invoice_line_item",))


# ---- the ledger: currency, rate, customer and document


# Each currency is compared by itself; in dollars both say the same, since the entry's rate is the invoice's.
@ledger("a dollar invoice is booked in euro", {"receivables", "deferred_revenue"})
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_yearly)
    entry.header["currency"] = CURRENCY_IDS["eur"]
    return Touched((billed.customer,), entry.labels)


# An invoice keeps the rate of its entry: billing is valued at it, the runs of the ledger were not.
@ledger(
    "an invoice's entry has another exchange rate than its amounts",
    {"revenue_by_stream_in_reporting_currency", "deferred_revenue_in_reporting_currency"},
)
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export, is_monthly, currency="eur")
    entry.header["exchangerate"] = "1.5"
    return Touched((billed.customer,), (*billed.line_labels, *entry.labels))


# The controls compare totals: a line on the wrong customer ties.
@ledger("revenue of one customer is posted on another", set())
def _(export: ExampleExport) -> Touched:
    line, customer = export.earned_line()
    other = export.invoice()
    line.half["entity"] = export.one("ledger.entity", externalid=other.customer)["id"]
    return Touched((customer, other.customer), ())


@ledger("an invoice of one customer is booked on another", set())
def _(export: ExampleExport) -> Touched:
    billed, entry = _billed(export)
    other = export.invoice()
    entry.header["entity"] = export.one("ledger.entity", externalid=other.customer)["id"]
    return Touched((billed.customer, other.customer), ())


@ledger("a payment names the charge of another", set())
def _(export: ExampleExport) -> Touched:
    billed, entry = _paid(export)
    other = export.invoice()
    entry.header["externalid"] = other.charge["id"]
    return Touched((billed.charge["id"], other.charge["id"]), ())


# ---- billing: amounts


# What the lines do not say themselves is spread over them: revenue stays what the invoice says.
@billing("an invoice line is a cent too high", {"invoices_equal_their_lines"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_monthly)
    plus(billed.line, "amount", 1)
    return Touched((billed.id, billed.customer), (*billed.line_labels,))


@billing("an invoice's subtotal is a cent too high", {"invoices_equal_their_lines"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_monthly)
    plus(billed.invoice, "subtotal", 1)
    return Touched((billed.id, billed.customer), (billed.label,))


# A total without its subtotal: more is owed, and more is earned on the day.
@billing("the total of an invoice for one day's work is a cent too high", {"receivables"} | EARNED)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_one_off)
    plus(billed.invoice, "total", 1)
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


@billing("the total of a yearly invoice is 100.00 too high", {"receivables"} | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    plus(billed.invoice, "total", 10_000)
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


# The total stays: what is tax is not revenue.
@billing("the tax of an invoice for one day's work is a cent too high", {"taxes_passed_through"} | EARNED)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(lambda billed: billed.is_one_off and billed.is_taxed)
    plus(billed.invoice, "tax", 1)
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


@billing("the tax of a yearly invoice is 100.00 too high", {"taxes_passed_through"} | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(lambda billed: billed.service_days > 300 and billed.is_taxed)
    plus(billed.invoice, "tax", 10_000)
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


# More was paid than the charges say: an outside payment that the ledger does not have.
@billing("an invoice says a cent more paid than was charged", {"receivables"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    plus(billed.invoice, "amount_paid", 1)
    return Touched((billed.customer,), (f"billing.outside_payment {billed.id}",))


@billing("a charge is a cent too high", {"receivables", "charges_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    plus(billed.charge, "amount", 1)
    charge = billed.charge["id"]
    return Touched((billed.customer, charge), (f"billing.payment {charge}", f"billing.charge {charge}"))


@billing(
    "the fee of a balance movement is a cent too high",
    {"processor_fees", "fees_equal_their_transactions", "movements_are_amount_less_fee"},
)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    movement = export.movement(billed.charge["id"])
    plus(movement, "fee", 1)
    return Touched((billed.charge["id"], movement["id"]), (_movement(export, billed),))


@billing("an itemised fee is a cent too high", {"fees_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    movement = export.movement(export.invoice().charge["id"])["id"]
    fee = export.every("billing.fee", balance_transaction_id=movement)[0]
    plus(fee, "amount", 1)
    return Touched((movement,), (f"billing.fee {movement}/{fee['index']}",))


# The payout of the movement was of the right amount.
@billing(
    "the net of a balance movement is a cent too high",
    {"processor_clearing", "payouts_equal_their_transactions", "movements_are_amount_less_fee"},
)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    movement = export.movement(billed.charge["id"])
    plus(movement, "net", 1)
    payout = movement["payout_id"]
    keys = (billed.charge["id"], movement["id"], payout)
    return Touched(keys, (_movement(export, billed), f"billing.payout {payout}"))


@billing(
    "the movement of a payout is a cent too high",
    {"processor_clearing", "payouts_to_cash", "payouts_equal_their_transactions"},
)
def _(export: ExampleExport) -> Touched:
    _, payout = _paid_out(export)
    movement = export.movement(payout)
    plus(movement, "amount", -1)
    plus(movement, "net", -1)
    return Touched((payout, f"{payout} taken away"), (f"billing.balance_transaction {movement['id']}",))


@billing("a payout is a cent too high", {"payouts_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    _, payout = _paid_out(export)
    plus(export.one("billing.payout", id=payout), "amount", 1)
    return Touched((payout, f"{payout} taken away"), (f"billing.payout {payout}",))


# Its net is what its line says: the cent can only be tax.
@billing("the total of a credit note is a cent too high", {"receivables", "taxes_passed_through"})
def _(export: ExampleExport) -> Touched:
    note = export.one("billing.credit_note", id="cn_1sgIdiLodJsn1e")
    plus(note, "total", 1)
    plus(note, "amount", 1)
    return Touched((_customer_of(export, note["invoice_id"]),), (f"billing.credit_note {note['id']}",))


# No credit note covers it, and what it pays out it takes off revenue: nothing is owed either way. Its invoice
# was for one month, two of whose days were over: most of the 10.00 is open, and will not be earned.
@billing("a refund is 10.00 too high", GIVEN_BACK | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    refund = export.one("billing.refund", id="re_1saX5sLMvaaed2")
    plus(refund, "amount", 1_000)
    return _refunded(export, refund)


# ---- billing: dates. A balance is off until the row comes: what is named there is what the ledger has of it.


# Earned before it is billed: a contract asset. What was paid before stands as a credit.
@billing("an invoice is finalised a month later", {"receivables"} | UNBILLED_TOO | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    finalized = "status_transitions_finalized_at"
    billed.invoice[finalized] = moved(billed.invoice[finalized])
    return Touched((billed.customer,), (billed.label, *billed.line_labels, billed.id))


# Billed all the same, and all of it a day longer.
@billing("the service of a yearly line ends a day later", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    billed.line["period_end"] = day_later(billed.line["period_end"])
    return Touched((billed.customer,), billed.line_labels)


@billing("a charge is a month later", {"receivables"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    billed.charge["created"] = moved(billed.charge["created"])
    return Touched((billed.customer,), export.entry(billed.charge["id"]).labels)


@billing("a movement of the processor's balance is a month later", {"processor_clearing", "processor_fees"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    movement = export.movement(billed.charge["id"])
    movement["created"] = moved(movement["created"])
    return Touched((billed.charge["id"],), export.entry(billed.charge["id"]).labels)


# It was for all of an invoice that was earned on its day: contra revenue, and the tax of it.
@billing("a credit note is a month later", {"receivables", "taxes_passed_through"} | GIVEN_BACK)
def _(export: ExampleExport) -> Touched:
    note = export.one("billing.credit_note", id="cn_1qqiJl45G7lfbY")
    note["created"] = moved(note["created"])
    line = export.one("billing.credit_note_line_item", credit_note_id=note["id"])
    named = (f"billing.invoice_line_item {line['invoice_line_item_id']}", *export.entry(note["id"]).labels)
    return Touched((_customer_of(export, note["invoice_id"]),), named)


# A credit note covers it, so that it is money alone.
@billing("a refund of a credit note is a month later", {"receivables"})
def _(export: ExampleExport) -> Touched:
    refund = export.one("billing.refund", id="re_1smTaracLn4UUn")
    refund["created"] = moved(refund["created"])
    customer = export.one("billing.charge", id=refund["charge_id"])["customer_id"]
    return Touched((customer,), export.entry(refund["id"]).labels)


# Until then it was owed and served: what had been earned by the month's end is taken back later.
@billing("an invoice is void a month later", {"receivables"} | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    invoice = export.one("billing.invoice", id="in_1uAhFmquU2ezZV")
    voided = "status_transitions_voided_at"
    invoice[voided] = moved(invoice[voided])
    line = export.one("billing.invoice_line_item", invoice_id=invoice["id"])
    named = (f"billing.invoice {invoice['id']}", f"billing.invoice_line_item {line['id']}")
    return Touched((invoice["customer_id"],), (*named, f"billing.void {invoice['id']}"))


# Its service was over by the end of the month: nothing was open any more, and all of it becomes bad debt.
@billing("an invoice is written off a month later", {"receivables", "bad_debt"} | EARNED)
def _(export: ExampleExport) -> Touched:
    invoice = export.one("billing.invoice", id="in_1sKDeCoN6ig4Vh")
    marked = "status_transitions_marked_uncollectible_at"
    invoice[marked] = moved(invoice[marked])
    line = export.one("billing.invoice_line_item", invoice_id=invoice["id"])
    named = (f"billing.write_off {invoice['id']}", f"billing.invoice_line_item {line['id']}")
    return Touched((invoice["customer_id"],), (*named, "ledger.transactionline 10490016/"))


# ---- billing: missing and doubled rows


# Its payment goes with it, in the same month: nothing is owed either way.
@billing("an invoice is missing with its line", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    entry = export.entry(billed.id)
    export.remove("billing.invoice", billed.invoice)
    export.remove("billing.invoice_line_item", *billed.lines)
    return Touched((billed.customer,), (*entry.labels, "ledger.transactionline"))


# The invoice is still owed, and earned on its day for want of a period.
@billing("the only line of a yearly invoice is missing", {"invoices_equal_their_lines"} | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    entry = export.entry(billed.id)
    export.remove("billing.invoice_line_item", billed.line)
    named = (billed.label, f"billing.invoice_line_item {billed.id}", *entry.labels)
    return Touched((billed.id, billed.customer), (*named, "ledger.transactionline"))


@billing(
    "a movement of the processor's balance is missing",
    {"processor_clearing", "processor_fees", "payouts_equal_their_transactions"},
)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    entry = export.entry(billed.charge["id"])
    movement = export.movement(billed.charge["id"])
    export.remove("billing.balance_transaction", movement)
    payout = movement["payout_id"]
    return Touched((billed.charge["id"], payout), (*entry.labels, f"billing.payout {payout}"))


# The invoice was reduced before it was paid; a customer pays the rest.
@billing(
    "a credit note is missing",
    {"receivables", "taxes_passed_through"} | GIVEN_BACK | EARNED | OPEN,
)
def _(export: ExampleExport) -> Touched:
    note = export.one("billing.credit_note", id="cn_1spsBV7v9l35vz")
    entry = export.entry(note["id"])
    lines = export.every("billing.credit_note_line_item", credit_note_id=note["id"])
    export.remove("billing.credit_note", note)
    billed = tuple(f"billing.invoice_line_item {line['invoice_line_item_id']}" for line in lines)
    return Touched((_customer_of(export, note["invoice_id"]),), (*entry.labels, *billed))


# The copy counts as paid from outside, since no charge is of it.
@billing("an invoice is there twice with its line", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    export.add("billing.invoice", billed.invoice, id="in_twice")
    export.add("billing.invoice_line_item", billed.line, id="il_twice", invoice_id="in_twice")
    return Touched((billed.customer, "in_twice"), ("billing.invoice_line_item il_twice",))


@billing("a charge is there twice", {"receivables"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    export.add("billing.charge", billed.charge, id="ch_twice")
    return Touched((billed.customer, "ch_twice"), ("billing.payment ch_twice",))


# The credit note covers one of them; what the other pays out it takes off revenue, two days into the month of
# service.
@billing("a refund is there twice", GIVEN_BACK | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    refund = export.one("billing.refund", id="re_1saX5snwR5dFhb")
    export.add("billing.refund", refund, id="re_twice")
    return _refunded(export, refund)


# ---- billing: rows that no control reads. Another row says the same, and is the one that counts; where a
# control comes to compare the two, it belongs among the expected sets here.


# The total decides what is earned. MRR, which deducts the row, is lower, and nothing stands against it.
@billing("a discount is a cent too high", set())
def _(export: ExampleExport) -> Touched:
    for row in export.every("billing.discount", type="line item", livemode="true"):
        lines = export.every("billing.invoice_line_item", invoice_id=row["invoice_id"])
        if len(lines) == 1 and row["customer_id"] not in export.customers:
            export.customers.add(row["customer_id"])
            plus(row, "amount", 1)
            return Touched((row["customer_id"], row["invoice_id"]), ())
    raise LookupError("The example has no such discount left")


# What the lines of the note do not say is spread, over the one line there is.
@billing("a line of a credit note is a cent too low", set())
def _(export: ExampleExport) -> Touched:
    note = export.one("billing.credit_note", id="cn_1qhWSXkcpGR4yn")
    plus(export.one("billing.credit_note_line_item", credit_note_id=note["id"]), "amount", -1)
    return Touched((_customer_of(export, note["invoice_id"]), note["invoice_id"]), ())


# The refund that paid it out takes the same revenue on the same day.
@billing("a credit note that was refunded is missing", set())
def _(export: ExampleExport) -> Touched:
    note = export.one("billing.credit_note", id="cn_1sIlWFgIlcBhWn")
    export.remove("billing.credit_note", note)
    return Touched((_customer_of(export, note["invoice_id"]), note["invoice_id"]), ())


# The invoice says that it was paid: what no charge shows counts as paid from outside, and the processor's
# balance is read from its movements.
@billing("a charge is missing", {"charges_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    export.remove("billing.charge", billed.charge)
    return Touched((billed.customer, billed.charge["id"]), (_movement(export, billed),))


@billing("a charge that was paid has failed", {"charges_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    billed.charge.update(status="failed", paid="false")
    return Touched((billed.customer, billed.charge["id"]), (_movement(export, billed),))


@billing("a charge is a cent too low", {"charges_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    plus(billed.charge, "amount", -1)
    return Touched((billed.customer, billed.charge["id"]), (f"billing.charge {billed.charge['id']}",))


# Its net and its fee are read.
@billing(
    "the gross amount of a balance movement is a cent too high",
    {"charges_equal_their_transactions", "movements_are_amount_less_fee"},
)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice()
    movement = export.movement(billed.charge["id"])
    plus(movement, "amount", 1)
    return Touched((billed.charge["id"], movement["id"]), (_movement(export, billed),))


# The movement that takes it away is there; the table of payouts may be absent as a whole.
@billing("a payout's own row is missing", {"payouts_equal_their_transactions"})
def _(export: ExampleExport) -> Touched:
    _, payout = _paid_out(export)
    export.remove("billing.payout", export.one("billing.payout", id=payout))
    named = f"billing.balance_transaction {export.movement(payout)['id']}"
    return Touched((payout, f"{payout} taken away"), (named,))


# ---- billing: status, currency and customer


# Void from the day it was billed; its payment stands as a credit.
@billing("a paid invoice is void", {"receivables"} | EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    billed.invoice["status"] = "void"
    named = (billed.label, f"billing.void {billed.id}", *billed.line_labels, *export.entry(billed.id).labels)
    return Touched((billed.customer,), (*named, "ledger.transactionline"))


@billing("an invoice is of test mode", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    billed.invoice["livemode"] = "false"
    return Touched((billed.customer,), (*export.entry(billed.id).labels, "ledger.transactionline"))


# Paid in the same month, so that nothing is owed in either currency; the rate of its entry is of another one.
@billing("a dollar invoice is in euro", EARNED | OPEN)
def _(export: ExampleExport) -> Touched:
    billed = export.invoice(is_yearly)
    billed.invoice["currency"] = "eur"
    return Touched((billed.customer,), (billed.label, *billed.line_labels))


# The controls compare totals.
@billing("an invoice is of another customer", set())
def _(export: ExampleExport) -> Touched:
    billed, other = export.invoice(is_monthly), export.invoice()
    customers = (billed.customer, other.customer)
    billed.invoice["customer_id"] = other.customer
    return Touched(customers, ())


# ---- costs: people


# Nothing else says what somebody is paid; the entry is uneven.
@costs("an employee's pay is a cent too high", UNEVEN)
def _(export: ExampleExport) -> Touched:
    line = _pay(export, "2024-02")
    line.shift(1)
    entry = line.half["transaction"]
    return Touched((entry,), (_label(entry), line.label))


@costs("an employee is paid by a department for which nobody like that works", {"payroll_by_department"})
def _(export: ExampleExport) -> Touched:
    line = _pay(export, "2024-04")
    line.half["department"] = export.one("ledger.department", name="Finance")["id"]
    return Touched((_key(line),), (line.label,))


@costs("a department pays the employee of another", {"payroll_by_department"})
def _(export: ExampleExport) -> Touched:
    line = _pay(export, "2024-06")
    line.half["entity"] = export.one("ledger.entity", externalid="E-004")["id"]
    return Touched((_key(line),), (line.label,))


# Who is not in the export works nowhere: there is nothing to compare.
@costs("an employee that is paid is not known", set())
def _(export: ExampleExport) -> Touched:
    line = _pay(export, "2024-08")
    line.half["entity"] = ""
    return Touched((_key(line),), ())


# ---- costs: other expenses


# Nothing but the ledger says what rent is.
@costs("a month's rent is posted to utilities", set())
def _(export: ExampleExport) -> Touched:
    line = export.first_line(RENT, "2024-03")
    line.posting["account"] = UTILITIES
    return Touched((line.half["transaction"], _key(line)), ())


# ---- costs: the cloud bill


@costs("a charge of the cloud bill was billed with 100.00 more", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    charge = export.every("ledger.cloud_cost", InvoiceId="NCH-2023-05")[0]
    charge["BilledCost"] = str(Decimal(charge["BilledCost"]) + 100)
    return _invoiced("NCH-2023-05")


# What was consumed splits the costs; what was billed is the bill.
@costs("a charge of the cloud bill was consumed for 100.00 more", set())
def _(export: ExampleExport) -> Touched:
    charge = export.every("ledger.cloud_cost", InvoiceId="NCH-2023-06")[0]
    charge["EffectiveCost"] = str(Decimal(charge["EffectiveCost"]) + 100)
    return Touched(("NCH-2023-06",), ())


@costs("a charge of the cloud bill is there twice", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    export.add("ledger.cloud_cost", export.every("ledger.cloud_cost", InvoiceId="NCH-2023-07")[1])
    return _invoiced("NCH-2023-07")


@costs("charges of the cloud bill name no invoice", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    for charge in export.every("ledger.cloud_cost", InvoiceId="NCH-2023-08"):
        charge["InvoiceId"] = ""
    return Touched(("NCH-2023-08",), export.entry("NCH-2023-08").labels)


@costs("a provider's bill is a cent too high on both sides", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    entry = export.entry("NCH-2023-09")
    return _shift(entry, (HOSTING, 1), (PAYABLE, -1), keys=("NCH-2023-09",))


@costs("a provider's bill is there twice", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    again = export.repeat_entry(export.entry("NCH-2023-10"), "99000011")
    return Touched(("NCH-2023-10",), again.labels)


@costs("a provider's bill is there twice, under another number", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    again = export.repeat_entry(export.entry("NCH-2023-11"), "99000012")
    again.header["externalid"] = "NCH-2023-11-A"
    return Touched(("NCH-2023-11-A",), again.labels)


@costs("a provider's bill is missing", {"cloud_bill"})
def _(export: ExampleExport) -> Touched:
    export.remove_entry(export.entry("NCH-2023-12"))
    return _invoiced("NCH-2023-12")


# The bill is as it was; on what it is spent only the ledger says.
@costs("hosting is posted to rent", set())
def _(export: ExampleExport) -> Touched:
    entry = export.entry("NCH-2024-01")
    entry.line(HOSTING).posting["account"] = RENT
    return Touched(("NCH-2024-01", entry.id), ())


# ---- costs: assets


# From January 2023, when it was bought, to March 2025, when it was disposed of.
@costs(
    "an asset costs 1000.00 more in the register",
    {"fixed_assets", "accumulated_amortization", "amortization_by_bucket"},
)
def _(export: ExampleExport) -> Touched:
    asset = export.one("ledger.capitalized_asset", id="FA-0016")
    asset["cost"] = str(Decimal(asset["cost"]) + 1000)
    months = ["2023-01"]
    while months[-1] < "2025-03":
        months.append(next_month(months[-1]))
    return Touched(("FA-0016", ""), ("ledger.capitalized_asset FA-0016",), tuple(months))


@costs("the amortisation of a month is missing", {"accumulated_amortization", "amortization_by_bucket"})
def _(export: ExampleExport) -> Touched:
    export.remove_entry(_amortization(export, "2025-04"))
    return Touched(("",), ("ledger.capitalized_asset FA-0010",), ("2025-04",))


@costs("amortisation is posted to travel", {"amortization_by_bucket"})
def _(export: ExampleExport) -> Touched:
    line = _amortization(export, "2025-05").line(SOFTWARE_AMORTISATION)
    line.posting["account"] = TRAVEL
    return Touched(("",), ("ledger.capitalized_asset FA-0004",), ("2025-05",))


# A disposal of June names its assets itself.
@costs(
    "amortisation is a cent too high on both sides", {"accumulated_amortization", "amortization_by_bucket"}
)
def _(export: ExampleExport) -> Touched:
    entry = _amortization(export, "2025-07")
    line, accumulated = entry.line(SOFTWARE_AMORTISATION), entry.line(ACCUMULATED_DEPRECIATION)
    line.shift(1)
    accumulated.shift(-1)
    return Touched(("",), (line.label, accumulated.label), ("2025-07",))


@costs("amortisation is taken off the assets themselves", {"fixed_assets", "accumulated_amortization"})
def _(export: ExampleExport) -> Touched:
    line = _amortization(export, "2025-08").line(ACCUMULATED_DEPRECIATION)
    line.posting["account"] = FIXED_ASSETS
    return Touched(("",), (line.label, "ledger.capitalized_asset FA-0010"), ("2025-08",))


# An asset under construction: it is not amortised yet.
@costs("software that was made is posted to prepaid expenses", {"fixed_assets"})
def _(export: ExampleExport) -> Touched:
    entry = export.entry_with_memo("Capitalised development FA-0015")
    entry.line(SOFTWARE).posting["account"] = PREPAID
    return Touched(("FA-0015", ""), ("ledger.capitalized_asset FA-0015",), ("2025-11",))


# ---- the CRM: amounts


@crm("a won deal is a cent too high", {"crm_won_deals_amount"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    won.deal["property_amount"] = str(Decimal(won.deal["property_amount"]) + _CENT)
    return Touched((won.account,), (won.label,))


@crm("a won deal has no amount", {"crm_won_deals_amount"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    won.deal["property_amount"] = ""
    return Touched((won.account,), (f"what {won.payer.label}",))


# An account is won once, by all deals of its first month.
@crm("a won deal is there twice, under another number", {"crm_won_deals_amount"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    again = export.add("crm.deal", won.deal, deal_id="990000001")
    export.add("crm.deal_company", won.company, deal_id=again["deal_id"])
    return Touched((won.account,), (won.label,))


# What an account pays is what its price says of the quantity that was billed.
@crm("the first invoice line of an account is of one seat more", {"crm_won_deals_amount"})
def _(export: ExampleExport) -> Touched:
    months = {won.account: won.month for won in export.every_won}
    billed = export.invoice(lambda billed: is_monthly(billed) and billed.month == months.get(billed.customer))
    plus(billed.line, "quantity", 1)
    return Touched((billed.id, billed.customer), (f"what account {billed.customer} pays",))


# ---- the CRM: who is won


@crm("a won deal is missing", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    export.remove("crm.deal", won.deal)
    return Touched((won.account,), (won.payer.label,))


@crm("a won deal was deleted", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    won.deal["is_deleted"] = "true"
    return Touched((won.account,), (won.payer.label,))


@crm("the deal of an account that pays is lost", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    won.deal["deal_pipeline_stage_id"] = "closedlost"
    return Touched((won.account,), (won.payer.label,))


@crm("the deal of a new account is of existing business", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    won.deal["property_dealtype"] = "existingbusiness"
    return Touched((won.account,), (won.payer.label,))


@crm("a deal is won with a company that pays nothing", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = export.won()
    deal = export.add("crm.deal", won.deal, deal_id="990000002")
    company = export.card()
    export.add("crm.deal_company", won.company, deal_id=deal["deal_id"], company_id=company)
    return Touched((f"crm:{company}",), (f"crm.deal {deal['deal_id']}",))


# Another deal won that account before: this one counts as more business with it.
@crm("a won deal names the company of another account", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    earlier = export.won()
    won = export.won(lambda won: won.month > next_month(earlier.month))
    won.company["company_id"] = earlier.company["company_id"]
    return Touched((won.account, earlier.account), (won.payer.label,))


# The control compares totals: somebody was won, and somebody pays.
@crm("a won deal names no company", set())
def _(export: ExampleExport) -> Touched:
    won = export.won()
    export.remove("crm.deal_company", won.company)
    return Touched((won.account, f"deal {won.deal['deal_id']}"), ())


# ---- the CRM: dates. Policy crm_billing_tolerance_days is 31: each counts in its own month beyond.


@crm("a deal is won 32 days before its account pays", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = _won_before(export, 32)
    return Touched((won.account,), (won.label, won.payer.label))


@crm("a deal is won 32 days after its account pays", {"crm_won_deals_billed"})
def _(export: ExampleExport) -> Touched:
    won = _won_before(export, -32)
    return Touched((won.account,), (won.label, won.payer.label))


# In another month, and still of the first payment.
@crm("a deal is won 31 days before its account pays", set())
def _(export: ExampleExport) -> Touched:
    return Touched((_won_before(export, 31).account,), ())


# ---- helpers


def _won_before(export: ExampleExport, days: int) -> Won:
    """A deal won so many days before its account pays, of two months in which nothing was given out."""

    def day_of(won: Won) -> date:
        return won.payer.first_paid - timedelta(days=days)

    won = export.won(
        lambda won: (
            f"{day_of(won):%Y-%m}" not in {won.month, *export.months} and day_of(won) >= date(2023, 2, 1)
        )
    )
    won.win_on(day_of(won))
    export.months.add(won.month)
    return won


def _pay(export: ExampleExport, month: str) -> LedgerLine:
    """The salary of an employee who has always worked in support, in a month."""
    entity = export.one("ledger.entity", externalid="E-001")["id"]
    return next(
        line
        for line in export.entry_with_memo(f"Payroll {month}").lines
        if line.half["entity"] == entity and line.posting["account"] == SALARIES
    )


def _amortization(export: ExampleExport, month: str) -> Entry:
    return export.entry_with_memo(f"Amortisation and depreciation {month}")


def _key(line: LedgerLine) -> str:
    return f"{line.half['transaction']}/{line.half['id']}"


def _invoiced(invoice: str) -> Touched:
    return Touched((invoice,), (f"ledger.cloud_cost of the invoice {invoice}",))


def _label(entry_id: str) -> str:
    return f"ledger.transaction {entry_id}"


def _posting_label(line_label: str) -> str:
    return line_label.replace("transactionline", "transactionaccountingline")


def _billed(
    export: ExampleExport,
    is_wanted: Callable[[Billed], bool] = lambda billed: not billed.is_one_off,
    *,
    currency: str = "usd",
) -> tuple[Billed, Entry]:
    """An invoice and its entry."""
    billed = export.invoice(is_wanted, currency=currency)
    return billed, export.entry(billed.id)


def _paid(export: ExampleExport) -> tuple[Billed, Entry]:
    """A paid invoice and the entry of its payment."""
    billed = export.invoice()
    return billed, export.entry(billed.charge["id"])


def _paid_out(export: ExampleExport) -> tuple[Entry, str]:
    """The entry of a dollar payout and the payout, if there is of a month in which nothing was given out."""
    headers = export.every("ledger.transaction", type="Transfer", currency=CURRENCY_IDS["usd"])
    header = next((row for row in headers if row["trandate"][:7] not in export.months), headers[0])
    export.months.add(header["trandate"][:7])
    return export.entry(header["externalid"]), header["externalid"]


def _credited(export: ExampleExport, note_id: str) -> tuple[Entry, str]:
    note = export.one("billing.credit_note", id=note_id)
    return export.entry(note_id), _customer_of(export, note["invoice_id"])


def _refunded(export: ExampleExport, refund: dict[str, str]) -> Touched:
    charge = export.one("billing.charge", id=refund["charge_id"])
    lines = export.every("billing.invoice_line_item", invoice_id=charge["invoice_id"])
    named = tuple(f"billing.invoice_line_item {line['id']}" for line in lines)
    return Touched((charge["customer_id"], refund["id"]), (*named, f"billing.refund_payment {refund['id']}"))


def _customer_of(export: ExampleExport, invoice_id: str) -> str:
    return export.one("billing.invoice", id=invoice_id)["customer_id"]


def _shift(entry: Entry, *shifts: tuple[str, int], keys: tuple[str, ...]) -> Touched:
    for account, cents in shifts:
        entry.line(account).shift(cents)
    return Touched(keys, tuple(entry.line(account).label for account, _ in shifts))


def _earned_on(export: ExampleExport, account: str) -> Touched:
    """Post a line of subscription revenue to another account."""
    line, customer = export.earned_line(SUBSCRIPTION_REVENUE)
    line.posting["account"] = account
    named = (line.label, _posting_label(line.label), "billing.invoice_line_item")
    return Touched((customer, line.half["transaction"]), named)


def _movement(export: ExampleExport, billed: Billed) -> str:
    return f"billing.balance_transaction {export.movement(billed.charge['id'])['id']}"


def _made(billed: Billed) -> tuple[str, ...]:
    """What billing shows of a payment."""
    charge = billed.charge
    return (
        f"billing.payment {charge['id']}",
        f"billing.balance_transaction {charge['balance_transaction_id']}",
    )
