"""What must hold within a ledger export and between it and billing, as checks over their text.

Each check takes the tables of both and returns one line per violation. They know the shape of the exports and
nothing of the generator. Recognition has no check here: its rules are worked out by hand in
``test_recognition``. Add a check for every account that billing can vouch for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tests.unit.generator.consistency import Row, Tables

_DIGITS = {"usd": 2, "eur": 2, "gbp": 2, "jpy": 0, "kwd": 3}
_HELD = ("usd", "eur", "gbp")
_NOTHING = Decimal(0)

Flows = dict[tuple[str, ...], Decimal]


@dataclass(frozen=True)
class Posted:
    """A line of the primary book that posts: its entry, its account's own name, and both amounts."""

    entry: Row
    line: Row
    account: str
    amount: Decimal
    foreign: Decimal
    currency: str

    @property
    def month(self) -> str:
        return self.entry["trandate"][:7]


def posted_lines(ledger: Tables) -> list[Posted]:
    """All lines of the primary book that post, each with its two halves."""
    entries = {row["id"]: row for row in ledger["transaction"]}
    lines = {(row["transaction"], row["id"]): row for row in ledger["transactionline"]}
    accounts = {row["id"]: row["fullname"].split(" : ")[-1] for row in ledger["account"]}
    currencies = {row["id"]: row["symbol"].lower() for row in ledger["currency"]}
    posted = []
    for row in ledger["transactionaccountingline"]:
        entry = entries[row["transaction"]]
        if row["accountingbook"] != "1" or "F" in (row["posting"], entry["posting"]):
            continue
        line = lines[row["transaction"], row["transactionline"]]
        amount, foreign = Decimal(row["amount"]), Decimal(line["foreignamount"])
        currency = currencies[entry["currency"]]
        posted.append(Posted(entry, line, accounts[row["account"]], amount, foreign, currency))
    return posted


def _major(row: Row, column: str) -> Decimal:
    return Decimal(row[column]).scaleb(-_DIGITS[row["currency"]])


def _live(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["livemode"] == "true"]


def _differences(name: str, expected: Flows, actual: Flows) -> Iterator[str]:
    for key in sorted({*expected, *actual}):
        if expected.get(key, _NOTHING) != actual.get(key, _NOTHING):
            yield f"{name} {key}: {expected.get(key, 0)}, the ledger has {actual.get(key, 0)}"


def _final(billing: Tables) -> list[Row]:
    return [row for row in _live(billing["invoice"]) if row["status"] != "draft"]


# -- the ledger alone ----------------------------------------------------------------------------------------


def entries_balance_in_every_book(billing: Tables, ledger: Tables) -> Iterator[str]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in ledger["transactionaccountingline"]:
        sums[row["transaction"], row["accountingbook"]] += Decimal(row["amount"])
    yield from (f"entry {key}: {amount}" for key, amount in sums.items() if amount)


def entries_balance_in_their_currency(billing: Tables, ledger: Tables) -> Iterator[str]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in ledger["transactionline"]:
        sums[row["transaction"]] += Decimal(row["foreignamount"])
    yield from (f"entry {key}: {amount}" for key, amount in sums.items() if amount)


def amounts_are_debits_less_credits(billing: Tables, ledger: Tables) -> Iterator[str]:
    for row in ledger["transactionaccountingline"]:
        if Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) != Decimal(row["amount"]):
            yield f"line {row['transaction']}/{row['transactionline']}"


def entries_in_the_base_currency_have_one_amount(billing: Tables, ledger: Tables) -> Iterator[str]:
    for posted in posted_lines(ledger):
        if posted.currency == "usd" and posted.amount != posted.foreign:
            yield f"line {posted.entry['id']}/{posted.line['id']}: {posted.amount}, {posted.foreign}"


def lines_have_both_halves(billing: Tables, ledger: Tables) -> Iterator[str]:
    lines = {(row["transaction"], row["id"]) for row in ledger["transactionline"]}
    accounting = {
        (row["transaction"], row["transactionline"])
        for row in ledger["transactionaccountingline"]
        if row["accountingbook"] == "1"
    }
    yield from (f"line {key}" for key in sorted(lines ^ accounting))
    headers = {row["id"] for row in ledger["transaction"]}
    yield from (f"entry {key}" for key in sorted(headers ^ {key for key, _ in lines}))


_REFERENCES = (
    ("account", "parent", "account"),
    ("transaction", "postingperiod", "accountingperiod"),
    ("transaction", "currency", "currency"),
    ("transaction", "entity", "entity"),
    ("transaction", "reversal", "transaction"),
    ("transactionline", "transaction", "transaction"),
    ("transactionline", "entity", "entity"),
    ("transactionline", "department", "department"),
    ("transactionline", "location", "location"),
    ("transactionline", "class", "classification"),
    ("transactionaccountingline", "account", "account"),
    ("employee_assignment", "employee_id", "employee"),
    ("employee_assignment", "department", "department"),
    ("employee_assignment", "location", "location"),
    ("time_survey", "employee_id", "employee"),
    ("time_entry", "employee_id", "employee"),
    ("capitalized_asset", "parent_asset_id", "capitalized_asset"),
)
_KEYS = {
    "currencyrate": ("transactioncurrency", "effectivedate"),
    "transactionline": ("transaction", "id"),
    "transactionaccountingline": ("transaction", "transactionline", "accountingbook"),
    "employee_assignment": ("employee_id", "department", "location", "valid_from"),
    "time_survey": ("employee_id", "month", "function"),
}
# Every row is a charge, or work.
_WITHOUT_KEY = ("cloud_cost", "time_entry")


def references_resolve_and_keys_are_unique(billing: Tables, ledger: Tables) -> Iterator[str]:
    ids = {name: {row["id"] for row in rows if "id" in row} for name, rows in ledger.items()}
    for name, column, target in _REFERENCES:
        for row in ledger[name]:
            if row[column] and row[column] not in ids[target]:
                yield f"{name}.{column}: {row[column]} is not in {target}"
    for name, rows in ledger.items():
        if name in _WITHOUT_KEY:
            continue
        keys = {tuple(row[column] for column in _KEYS.get(name, ("id",))) for row in rows}
        if len(keys) != len(rows):
            yield f"{name}: {len(rows)} rows, {len(keys)} keys"


def postings_are_in_the_period_of_their_day(billing: Tables, ledger: Tables) -> Iterator[str]:
    periods = {row["id"]: row for row in ledger["accountingperiod"]}
    for row in ledger["transaction"]:
        period = periods[row["postingperiod"]]
        if "T" in (period["isquarter"], period["isyear"]) or not (
            period["startdate"] <= row["trandate"] <= period["enddate"]
        ):
            yield f"entry {row['id']}: {row['trandate']} in {period['periodname']}"


def closings_empty_income_and_expense(billing: Tables, ledger: Tables) -> Iterator[str]:
    kinds = {row["fullname"].split(" : ")[-1]: row["accttype"] for row in ledger["account"]}
    closed = {
        row["trandate"][:4] for row in ledger["transaction"] if (row["memo"] or "").startswith("Closing of")
    }
    sums: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        year = posted.month[:4]
        if year in closed and kinds[posted.account] in ("Income", "COGS", "Expense", "OthExpense"):
            sums[posted.account, year] += posted.amount
    yield from (f"{key}: {amount} left" for key, amount in sums.items() if amount)
    if not closed:
        yield "no year is closed"


# -- the ledger against billing ------------------------------------------------------------------------------


def every_document_has_one_entry(billing: Tables, ledger: Tables) -> Iterator[str]:
    wanted = {
        "CustInvc": {row["id"] for row in _final(billing)},
        "CustPymt": {row["id"] for row in _live(billing["charge"]) if row["status"] == "succeeded"},
        "CustRfnd": {row["id"] for row in _live(billing["refund"])},
        "CustCred": {row["id"] for row in _live(billing["credit_note"])},
        "Transfer": {row["id"] for row in _live(billing["payout"])},
        "Journal": {row["id"] for row in _live(billing["dispute"])},
    }
    for kind, ids in wanted.items():
        found = [
            row["externalid"] for row in ledger["transaction"] if row["type"] == kind and row["externalid"]
        ]
        yield from (f"{kind} {key} is missing or too much" for key in sorted(ids ^ set(found)))
        if len(found) != len(set(found)):
            yield f"{kind}: a document has two entries"


def receivables_are_what_customers_owe(billing: Tables, ledger: Tables) -> Iterator[str]:
    """Per customer, currency and month: billed, less what was paid, credited, given up or taken back."""
    expected: Flows = defaultdict(Decimal)
    invoices = {row["id"]: row for row in _final(billing)}
    covered: dict[str, Decimal] = defaultdict(Decimal)

    def owed(invoice: Row, at: str, amount: Decimal) -> None:
        expected[invoice["customer_id"], invoice["currency"], at[:7]] += amount

    for row in invoices.values():
        owed(row, row["status_transitions_finalized_at"], _major(row, "total"))
        if row["status"] == "void":
            owed(row, row["status_transitions_voided_at"], -_major(row, "total"))
        if row["status"] == "uncollectible":
            owed(row, row["status_transitions_marked_uncollectible_at"], -_major(row, "amount_remaining"))
    for row in _live(billing["credit_note"]):
        owed(invoices[row["invoice_id"]], row["created"], -_major(row, "total"))
        if row["status"] == "void":
            owed(invoices[row["invoice_id"]], row["voided_at"], _major(row, "total"))
        elif row["type"] == "post_payment":
            covered[row["invoice_id"]] += _major(row, "total")
    charges = {row["id"]: row for row in _live(billing["charge"])}
    for row in charges.values():
        if row["status"] == "succeeded":
            owed(invoices[row["invoice_id"]], row["created"], -_major(row, "amount"))
    for row in _live(billing["refund"]):
        invoice = invoices[charges[row["charge_id"]]["invoice_id"]]
        paid_back = min(covered[invoice["id"]], _major(row, "amount"))
        covered[invoice["id"]] -= paid_back
        owed(invoice, row["created"], paid_back)
    customers = {row["id"]: row["externalid"] for row in ledger["entity"]}
    actual: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        if posted.account == "Accounts receivable" and posted.entry["type"] != "FxReval":
            customer = customers[posted.line["entity"] or posted.entry["entity"]]
            actual[customer, posted.currency, posted.month] += posted.foreign
    yield from _differences("receivable", expected, actual)


def taxes_are_those_of_what_is_billed(billing: Tables, ledger: Tables) -> Iterator[str]:
    """Per customer: the taxes on invoices that were not void, less those of credit notes.

    Customers with refunds without a credit note, disputes and written-off invoices are left out.
    """
    expected: Flows = defaultdict(Decimal)
    invoices = {row["id"]: row for row in _final(billing)}
    charges = {row["id"]: row for row in billing["charge"]}
    left_out = {row["customer_id"] for row in invoices.values() if row["status"] == "uncollectible"}
    left_out |= {
        charges[row["charge_id"]]["customer_id"] for name in ("refund", "dispute") for row in billing[name]
    }
    for row in invoices.values():
        if row["status"] != "void":
            expected[row["customer_id"], row["currency"]] += _major(row, "tax")
    for row in _live(billing["credit_note"]):
        if row["status"] != "void":
            invoice = invoices[row["invoice_id"]]
            tax = _major(row, "total") - _major(row, "subtotal")
            expected[invoice["customer_id"], invoice["currency"]] -= tax
    customers = {row["id"]: row["externalid"] for row in ledger["entity"]}
    actual: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        if posted.account == "Sales tax payable" and posted.entry["type"] != "TaxPymt":
            actual[customers[posted.entry["entity"]], posted.currency] -= posted.foreign
    for flows in (expected, actual):
        for key in [key for key in flows if key[0] in left_out]:
            del flows[key]
    yield from _differences("tax", expected, actual)


def _balance_transactions(billing: Tables) -> list[Row]:
    return _live(billing["balance_transaction"])


def clearing_is_the_processor_s_balance(billing: Tables, ledger: Tables) -> Iterator[str]:
    """Per currency of the balance and month; what the processor converted counts in US dollars."""
    expected: Flows = defaultdict(Decimal)
    for row in _balance_transactions(billing):
        expected[row["currency"], row["created"][:7]] += _major(row, "net")
    actual: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        if posted.account == "Processor clearing" and posted.entry["type"] != "FxReval":
            is_held = posted.currency in _HELD
            currency = posted.currency if is_held else "usd"
            actual[currency, posted.month] += posted.foreign if is_held else posted.amount
    yield from _differences("clearing", expected, actual)


def fees_are_the_processor_s(billing: Tables, ledger: Tables) -> Iterator[str]:
    expected: Flows = defaultdict(Decimal)
    for row in _balance_transactions(billing):
        expected[row["currency"], row["created"][:7]] += _major(row, "fee")
    actual: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        if posted.account == "Payment processing fees" and not posted.entry["memo"].startswith("Closing of"):
            is_held = posted.currency in _HELD
            currency = posted.currency if is_held else "usd"
            actual[currency, posted.month] += posted.foreign if is_held else posted.amount
    yield from _differences("fees", expected, actual)


def payouts_arrive_at_the_bank(billing: Tables, ledger: Tables) -> Iterator[str]:
    expected: Flows = {
        (row["id"], f"Operating account {row['currency'].upper()}"): _major(row, "amount")
        for row in _live(billing["payout"])
    }
    actual: Flows = defaultdict(Decimal)
    for posted in posted_lines(ledger):
        if posted.entry["type"] == "Transfer" and posted.account.startswith("Operating"):
            actual[posted.entry["externalid"], posted.account] += posted.foreign
    yield from _differences("payout", expected, actual)


def invoices_show_their_lines_and_their_rate(billing: Tables, ledger: Tables) -> Iterator[str]:
    """Each line net of its discount is deferred, and the receivable is worth the invoice's rate."""
    discounts = {row["type_id"]: _major({**row, "currency": "jpy"}, "amount") for row in billing["discount"]}
    expected: Flows = {}
    finals = {row["id"] for row in _final(billing)}
    for row in billing["invoice_line_item"]:
        net = Decimal(row["amount"]) - discounts.get(row["id"], _NOTHING)
        if row["invoice_id"] in finals and net:
            expected[row["invoice_id"], row["id"]] = net.scaleb(-_DIGITS[row["currency"]])
    actual: Flows = {}
    for posted in posted_lines(ledger):
        if posted.entry["type"] == "CustInvc" and posted.account == "Deferred revenue" and posted.foreign:
            actual[posted.entry["externalid"], posted.line["memo"]] = -posted.foreign
        if posted.entry["type"] == "CustInvc" and posted.account == "Accounts receivable":
            worth = posted.foreign * Decimal(posted.entry["exchangerate"])
            # One rounding for each of the lines that the receivable adds up.
            if abs(worth - posted.amount) > Decimal("0.20"):
                yield f"invoice {posted.entry['externalid']}: {worth} is posted as {posted.amount}"
    yield from _differences("invoice line", expected, actual)


CHECKS: tuple[Callable[[Tables, Tables], Iterator[str]], ...] = (
    entries_balance_in_every_book,
    entries_balance_in_their_currency,
    amounts_are_debits_less_credits,
    entries_in_the_base_currency_have_one_amount,
    lines_have_both_halves,
    references_resolve_and_keys_are_unique,
    postings_are_in_the_period_of_their_day,
    closings_empty_income_and_expense,
    every_document_has_one_entry,
    receivables_are_what_customers_owe,
    taxes_are_those_of_what_is_billed,
    clearing_is_the_processor_s_balance,
    fees_are_the_processor_s,
    payouts_arrive_at_the_bank,
    invoices_show_their_lines_and_their_rate,
)
