"""What a reader may count on in the committed ledger: events, periods, books, and what is deferred.

That the ledger ties to billing is ``test_ledger_consistency``'s; rules of recognition are in
``test_recognition``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from seeds.generator.dealings import customer_id
from seeds.generator.planted import planted_cases
from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.ledger_consistency import Posted, posted_lines

_CLOSE = date(2026, 1, 1)
_DIGITS = {"usd": 2, "eur": 2, "gbp": 2, "jpy": 0, "kwd": 3}


@pytest.fixture(scope="module")
def posted(ledger: Tables) -> list[Posted]:
    return posted_lines(ledger)


def _is_run(entry: Row) -> bool:
    return entry["memo"].startswith("Revenue recognition")


def _lines_of(case: str, posted: list[Posted], ledger: Tables) -> list[Posted]:
    """The posted lines of a planted customer, those of recognition runs included."""
    wanted = next(customer_id(planted.history) for planted in planted_cases() if planted.key == case)
    entity = next(row["id"] for row in ledger["entity"] if row["externalid"] == wanted)
    return [line for line in posted if entity in (line.entry["entity"], line.line["entity"])]


def _sums(lines: list[Posted]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.account] += line.foreign
    return {account: amount for account, amount in sums.items() if amount}


# -- entries -------------------------------------------------------------------------------------------------


def test_every_kind_of_event_is_in_the_ledger(ledger: Tables) -> None:
    kinds = Counter(row["type"] for row in ledger["transaction"])
    assert set(kinds) == {
        "CustInvc", "CustPymt", "CustRfnd", "CustCred", "Transfer", "Journal", "FxReval", "TaxPymt",
        "Estimate", "VendBill", "VendCred", "VendPymt", "ExpRept",
    }  # fmt: skip
    memos = " ".join(row["memo"] for row in ledger["transaction"])
    for word in (
        "Opening capital", "Revenue recognition 2023-01", "Revenue recognition 2025-12", "Void of in_",
        "Void of cn_", "Write-off of in_", "Won: dp_", "Credit applied to in_", "Closing of 2023",
        "Closing of 2025", "Sales taxes 2025 Q3",
    ):  # fmt: skip
        assert word in memos, word


def test_documents_are_posted_in_all_five_currencies(ledger: Tables) -> None:
    symbols = {row["id"]: row["symbol"] for row in ledger["currency"]}
    for kind in ("CustInvc", "CustPymt", "CustRfnd"):
        found = {symbols[row["currency"]] for row in ledger["transaction"] if row["type"] == kind}
        assert found == {"USD", "EUR", "GBP", "JPY", "KWD"}, kind


def test_reversals_name_the_entry_that_they_take_back(ledger: Tables) -> None:
    kinds = {row["id"]: row["type"] for row in ledger["transaction"]}
    reversed_kinds = {
        (row["memo"].split(" ")[0], kinds[row["reversal"]])
        for row in ledger["transaction"]
        if row["reversal"]
    }
    assert reversed_kinds == {
        ("Void", "CustInvc"),
        ("Void", "CustCred"),
        ("Won:", "Journal"),
        ("", "FxReval"),
        ("Undone:", "Journal"),
    }


def test_some_entries_post_to_nothing(ledger: Tables) -> None:
    estimates = {row["id"] for row in ledger["transaction"] if row["type"] == "Estimate"}
    assert {row["id"] for row in ledger["transaction"] if row["posting"] == "F"} == estimates
    not_posting = {row["transaction"] for row in ledger["transactionaccountingline"] if row["posting"] == "F"}
    assert not_posting == estimates


def test_a_second_book_repeats_the_invoices_in_pounds(ledger: Tables) -> None:
    pounds = {
        row["id"] for row in ledger["transaction"] if row["type"] == "CustInvc" and row["currency"] == "2"
    }
    books = {
        book: {
            row["transaction"] for row in ledger["transactionaccountingline"] if row["accountingbook"] == book
        }
        for book in ("1", "2")
    }
    assert books["2"] == pounds
    assert books["1"] == {row["id"] for row in ledger["transaction"]}


def test_there_is_one_run_for_each_month_currency_and_rate(ledger: Tables) -> None:
    runs = [
        (row["trandate"], row["currency"], row["exchangerate"])
        for row in ledger["transaction"]
        if _is_run(row)
    ]
    assert len(runs) == len(set(runs))
    assert {day for day, currency, _ in runs if currency == "1"} == {
        row["enddate"]
        for row in ledger["accountingperiod"]
        if (row["isadjust"], row["isquarter"], row["isyear"]) == ("F", "F", "F") and row["enddate"] < "2026"
    }


def test_nothing_of_test_mode_is_in_the_ledger(billing: Tables, ledger: Tables) -> None:
    known = {row["externalid"] for row in ledger["entity"]}
    customers = {
        livemode: {row["id"] for row in billing["customer"] if row["livemode"] == livemode}
        for livemode in ("true", "false")
    }
    assert customers["true"] <= known
    assert customers["false"] & known == set()


# -- periods -------------------------------------------------------------------------------------------------


def test_periods_are_months_in_quarters_in_years_and_one_for_adjustments(ledger: Tables) -> None:
    names = [row["periodname"] for row in ledger["accountingperiod"]]
    assert [name for name in names if name.endswith("2024")] == [
        "FY 2024", "Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024", "Jul 2024",
        "Aug 2024", "Sep 2024", "Oct 2024", "Nov 2024", "Dec 2024", "Adjust 2024", "Q1 2024", "Q2 2024",
        "Q3 2024", "Q4 2024",
    ]  # fmt: skip
    flags = {
        row["periodname"]: row["isyear"] + row["isquarter"] + row["isadjust"] for row in _periods(ledger)
    }
    assert [flags[name] for name in ("FY 2024", "Q1 2024", "Adjust 2024", "Feb 2024")] == [
        "TFF", "FTF", "FFT", "FFF",
    ]  # fmt: skip
    leap = next(row for row in _periods(ledger) if row["periodname"] == "Feb 2024")
    assert (leap["startdate"], leap["enddate"]) == ("2024-02-01", "2024-02-29")


def _periods(ledger: Tables) -> list[Row]:
    return ledger["accountingperiod"]


def test_all_periods_are_closed_but_the_last_complete_month_and_what_follows(ledger: Tables) -> None:
    closed = {row["periodname"]: row["closedondate"] for row in _periods(ledger) if row["closed"] == "T"}
    assert closed["Nov 2025"] == "2025-12-08T17:00:00Z"  # the sixth working day
    assert closed["Q3 2025"] == closed["Sep 2025"]
    assert closed["FY 2024"] == closed["Adjust 2024"] == "2025-01-25T17:00:00Z"
    still_open = {row["periodname"] for row in _periods(ledger) if row["closed"] == "F"}
    assert still_open >= {"Dec 2025", "Q4 2025", "FY 2025", "Adjust 2025", "Jan 2026", "FY 2026"}
    assert len(closed) + len(still_open) == len(_periods(ledger))
    assert {name for name in still_open if not name.endswith("2026")} == {
        "Dec 2025", "Q4 2025", "FY 2025", "Adjust 2025",
    }  # fmt: skip


def test_the_last_hours_are_posted_to_the_current_period(ledger: Tables) -> None:
    current = next(row["id"] for row in _periods(ledger) if row["periodname"] == "Jan 2026")
    kinds = {row["type"] for row in ledger["transaction"] if row["postingperiod"] == current}
    assert {"CustInvc", "CustPymt", "FxReval"} <= kinds
    assert not any(_is_run(row) for row in ledger["transaction"] if row["postingperiod"] == current)


# -- planted stories -----------------------------------------------------------------------------------------


def test_a_written_off_invoice_is_bad_debt_for_the_days_served(posted: list[Posted], ledger: Tables) -> None:
    """1,040.00 from 20 June on, given up on 4 July: 14 of 30 days are bad debt."""
    lines = _lines_of("payment_uncollectible", posted, ledger)
    entry = [line for line in lines if line.entry["memo"].startswith("Write-off")]
    assert {line.month for line in entry} == {"2024-07"}
    assert _sums(entry) == {
        "Bad debt expense": Decimal("485.33"),
        "Deferred revenue": Decimal("554.67"),
        "Accounts receivable": Decimal("-1040.00"),
    }
    assert _sums(lines).keys() == {
        "Bad debt expense", "Subscription revenue", "Processor clearing", "Payment processing fees",
    }  # fmt: skip


def test_a_void_in_a_later_month_takes_its_revenue_back_there(posted: list[Posted], ledger: Tables) -> None:
    lines = _lines_of("payment_voided", posted, ledger)
    revenue = {
        month: _sums([line for line in lines if _is_run(line.entry) and line.month == month])
        for month in ("2024-06", "2024-07", "2024-08")
    }
    # June: 19 of 31 days of May's invoice, and 11 of 30 of the one that is voided in July.
    assert revenue["2024-06"]["Subscription revenue"] == Decimal("-637.42") + Decimal("-381.33")
    assert revenue["2024-07"] == {
        "Subscription revenue": Decimal("381.33"),
        "Deferred revenue": -Decimal("381.33"),
    }
    assert revenue["2024-08"] == {}


def test_a_licence_given_back_leaves_nothing_deferred(posted: list[Posted], ledger: Tables) -> None:
    sums = _sums(_lines_of("licence_returned", posted, ledger))
    earned = -sums["Licence revenue"] - sums["Maintenance revenue"]
    assert sums["Credits and refunds"] == earned > 0
    assert sums.keys() == {
        "Licence revenue", "Maintenance revenue", "Credits and refunds", "Processor clearing",
        "Payment processing fees",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("case", "account"),
    [
        ("refund_full", "Credits and refunds"),
        ("refund_part", "Credits and refunds"),
        ("credit_note_after_payment", "Credits and refunds"),
        ("credit_note_before_payment", "Credits and refunds"),
        ("dispute_lost", "Disputes"),
        ("dispute_open", "Disputes"),
    ],
)
def test_money_given_back_is_contra_revenue(
    case: str, account: str, posted: list[Posted], ledger: Tables
) -> None:
    sums = _sums(_lines_of(case, posted, ledger))
    assert sums[account] > 0
    assert "Accounts receivable" not in sums


@pytest.mark.parametrize("case", ["credit_note_voided", "dispute_won"])
def test_what_was_taken_back_leaves_no_contra_revenue(
    case: str, posted: list[Posted], ledger: Tables
) -> None:
    lines = _lines_of(case, posted, ledger)
    assert {"Credits and refunds", "Disputes"} & {line.account for line in lines}
    assert {"Credits and refunds", "Disputes", "Accounts receivable"} & set(_sums(lines)) == set()


# -- recognition, worked out again ---------------------------------------------------------------------------


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), rounding=ROUND_HALF_UP)


def _simple_customers(billing: Tables) -> set[str]:
    """Customers whose invoices are all paid or open, with nothing given back and no licence."""
    customers = {row["id"] for row in billing["customer"] if row["livemode"] == "true"}
    customer_of = {row["id"]: row["customer_id"] for row in billing["invoice"]}
    charged = {row["id"]: row["customer_id"] for row in billing["charge"]}
    licences = {row["id"] for row in billing["product"] if "perpetual" in row["metadata"]}
    prices = {row["id"] for row in billing["price"] if row["product_id"] in licences}
    customers -= {
        row["customer_id"] for row in billing["invoice"] if row["status"] in ("void", "uncollectible")
    }
    customers -= {customer_of[row["invoice_id"]] for row in billing["credit_note"]}
    customers -= {charged[row["charge_id"]] for name in ("refund", "dispute") for row in billing[name]}
    customers -= {
        customer_of[row["invoice_id"]] for row in billing["invoice_line_item"] if row["price_id"] in prices
    }
    return customers


def test_deferred_revenue_at_the_end_is_what_is_billed_and_not_yet_served(
    billing: Tables, ledger: Tables, posted: list[Posted]
) -> None:
    """Of every line what the days from 2026 on bear, at the rate of the invoice's own entry in dollars.

    Only what is earned before it is billed is unbilled.
    """
    customers = _simple_customers(billing)
    assert len(customers) > 150
    invoices = {row["id"]: row for row in billing["invoice"] if row["status"] != "draft"}
    rates = {row["externalid"]: Decimal(row["exchangerate"]) for row in ledger["transaction"]}
    discounts = {row["type_id"]: int(row["amount"]) for row in billing["discount"]}
    expected: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in billing["invoice_line_item"]:
        invoice = invoices.get(line["invoice_id"])
        if invoice is None or invoice["customer_id"] not in customers:
            continue
        net = Decimal(line["amount"]) - discounts.get(line["id"], 0)
        earned = net
        if line["period_end"] > line["period_start"]:
            start, end = (date.fromisoformat(line[key][:10]) for key in ("period_start", "period_end"))
            days, total = (min(_CLOSE, end) - start).days, (end - start).days
            earned = net if end <= _CLOSE else _rounded(net * max(days, 0) / total)
        currency = line["currency"]
        worth = rates[line["invoice_id"]] * Decimal(10) ** (2 - _DIGITS[currency])
        is_billed = invoice["status_transitions_finalized_at"] < "2026"
        billed = net if is_billed else Decimal(0)
        left = [billed - earned, _rounded(billed * worth) - _rounded(earned * worth)]
        for place, (amount, digits) in enumerate(zip(left, (_DIGITS[currency], 2), strict=True)):
            account = "Deferred revenue" if is_billed or amount > 0 else "Unbilled receivables"
            expected[invoice["customer_id"], currency, account][place] -= amount.scaleb(-digits)
    names = {row["id"]: row["externalid"] for row in ledger["entity"]}
    actual: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for entry in posted:
        customer = names.get(entry.line["entity"] or entry.entry["entity"], "")
        is_wanted = entry.month < "2026" and customer in customers
        if is_wanted and entry.account in ("Deferred revenue", "Unbilled receivables"):
            sums = actual[customer, entry.currency, entry.account]
            sums[0] += entry.foreign
            sums[1] += entry.amount
    assert {key: sums for key, sums in expected.items() if any(sums)} == {
        key: sums for key, sums in actual.items() if any(sums)
    }
