"""Revenue recognition: what others publish about it, what must hold whatever the company is, and hard cases.

Add an example of a source to ``recognition_examples.py``, and here an identity, or a case of our own with its
numbers worked out by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import receivables, recognition
from tests.oracles.calendar_months import add_months
from tests.oracles.export import OracleError
from tests.oracles.landing import write_landing
from tests.oracles.prefix_rounding import half_away, shared_out
from tests.oracles.random_companies import pack, random_accounts
from tests.oracles.recognition import (
    FLOWS_OF_DEFERRED,
    Books,
    Close,
    MartRow,
    claimed_of,
    figures_of,
    read_books,
)
from tests.oracles.recognition_examples import (
    AS_OF,
    CONTRACT_ASSETS,
    EXAMPLES,
    FIGURES,
    POLICIES,
    QUARTER,
    Example,
    Export,
    cents,
    moment,
    months_of,
    published_examples,
)

BY_ACCOUNT = "fct_revenue_by_account_month"
DEFERRED = "fct_deferred_revenue_by_month"
FAR_AWAY = Close(date(2100, 1, 1), date(2100, 1, 1))


def flows(rows: list[MartRow]) -> dict[tuple[str, str, date], MartRow]:
    return {(row["account_id"], row["stream"], row["month"]): row for row in rows}


# What others publish.


@pytest.fixture(scope="module")
def example_books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    landing = published_examples().write(tmp_path_factory.mktemp("examples"))
    return read_books(landing, as_of=AS_OF, policies=POLICIES)


@pytest.fixture(scope="module")
def example_flows(example_books: Books) -> dict[tuple[str, str, date], MartRow]:
    return flows(example_books.account_month_rows())


@pytest.mark.parametrize("published", EXAMPLES, ids=[entry.source for entry in EXAMPLES])
def test_the_published_example_comes_out(
    published: Example, example_flows: Mapping[tuple[str, str, date], MartRow]
) -> None:
    assert {figure.removesuffix("_reporting") for figure in published.months} <= set(FIGURES)
    for month in months_of(EXAMPLES):
        row = example_flows.get((published.customer, published.stream, month), {})
        for figure in {*FIGURES, *published.months}:
            found = row.get(f"{figure}_amount", Decimal(0))
            assert found == published.expected(figure, month), f"{figure} in {month:%B}"


def test_every_customer_of_the_examples_is_published(
    example_flows: Mapping[tuple[str, str, date], MartRow],
) -> None:
    assert {key[:2] for key in example_flows} == {(entry.customer, entry.stream) for entry in EXAMPLES}


def test_what_is_earned_before_it_is_billed_is_a_contract_asset(example_books: Books) -> None:
    """Stripe's metered subscription, upgrade and downgrade, and ASC 606 example 39."""
    assets: dict[tuple[str, str], int] = defaultdict(int)
    for invoice, _, own, _ in example_books.histories:
        for month, figures in zip(example_books.months, own[1:], strict=True):
            if invoice.billed_on >= example_books.close_of(month).facts_before:
                assets[invoice.customer_id, f"{month:%Y-%m}"] += max(-figures.balance, 0)
    found = {key: Decimal(amount) / 100 for key, amount in assets.items() if amount}
    assert found == CONTRACT_ASSETS


def test_receivables_of_the_examples(example_books: Books) -> None:
    """Stripe's AccountsReceivable at the ends of January to May, where it shows them."""
    rows = receivables.answer(example_books)["receivables"]
    balances = {(row["customer_id"], row["month"]): row["amount"] for row in rows}

    def of(customer: str) -> list[str]:
        months = [date(2019, number, 1) for number in range(1, 6)]
        return [f"{balances.get((customer, month), Decimal(0)).normalize():f}" for month in months]

    assert of("external_asset") == ["31", "0", "0", "0", "0"]
    assert of("void") == ["90", "0", "0", "0", "0"]
    assert of("uncollectible") == ["90", "0", "0", "0", "0"]
    assert of("uncollectible_paid") == ["90", "0", "0", "0", "0"]
    assert of("uncollectible_voided") == ["90", "0", "0", "0", "0"]
    assert of("note_voided") == ["181", "90.5", "90.5", "90.5", "181"]
    assert of("note_before") == ["90", "0", "0", "0", "0"]
    # The 30 that were credited and not refunded stay with us.
    assert of("note_after") == ["0", "-30", "-30", "-30", "-30"]
    assert of("refund") == of("dispute_won") == of("one_time") == ["0"] * 5


def test_taxes_of_the_examples(example_books: Books) -> None:
    """Stripe's TaxLiability."""
    rows = receivables.answer(example_books)["taxes_passed_through"]
    owed = {(row["customer_id"], row["amount"]) for row in rows}
    assert owed == {
        (customer, Decimal("3.10")) for customer in ("tax_in_item", "tax_exclusive", "tax_inclusive")
    }


def test_more_cannot_be_taken_back_than_was_billed(tmp_path: Path) -> None:
    """Stripe, Contra examples: Other loss: of 100, 80 are refunded and 80 disputed; Stripe books a loss."""
    export = Export()
    charge = export.paid_subscription("other_loss", "100", ("2019-01-01", "2019-11-01"))
    export.refund(charge, "80", "2019-02-01")
    export.dispute(charge, "80", "2019-03-01")
    with pytest.raises(OracleError, match="16000 are taken off it"):
        read_books(export.write(tmp_path), as_of=AS_OF)


# Identities.

COMPANIES: dict[str, dict[str, Any]] = {
    "at the data clock": {},
    "as of a day in New York, in euros": {
        "as_of": date(2024, 4, 30),
        "policies": {"reporting_currency": "EUR", "reporting_time_zone": "America/New_York"},
    },
    "as of a day in mid-month, in yen, with licences by relative prices": {
        "as_of": date(2024, 4, 16),
        "policies": {"reporting_currency": "JPY", "licence_support_allocation": "relative"},
    },
}


@pytest.fixture(scope="module", params=COMPANIES.values(), ids=list(COMPANIES))
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    landing = tmp_path_factory.mktemp("landing")
    packed = pack(random_accounts("recognition", 100), landing, **request.param)
    return read_books(
        landing, as_of=packed.as_of, policies=packed.policies, product_catalogue=packed.product_catalogue
    )


def test_the_obligations_of_an_invoice_are_its_total_less_tax(books: Books) -> None:
    for invoice in books.invoices.values():
        assert sum(obligation.amount for obligation in invoice.obligations) == invoice.net


def test_a_reduction_takes_what_it_says(books: Books) -> None:
    for reductions in books.reductions.values():
        for reduction in reductions:
            assert sum(reduction.amounts.values()) == reduction.gross


def test_the_slices_of_a_line_sum_to_the_line(books: Books) -> None:
    """Long after, all is earned, or taken back; of a void nothing is left but what was taken back before."""
    for invoice, obligation in books.obligations():
        reductions = books.reductions.get(invoice.id, [])
        claimed = claimed_of(obligation, reductions)
        for convert in (lambda amount: amount, books.to_reporting_currency(invoice)):
            after = figures_of(invoice, obligation, claimed, FAR_AWAY, convert)
            assert after.balance == 0
            if invoice.voided_on is None:
                assert after.billed == convert(obligation.amount)
        lasting = sum(entry.ends - entry.begins for entry in claimed if entry.reduction.undone_on is None)
        after = figures_of(invoice, obligation, claimed, FAR_AWAY, lambda amount: amount)
        kept = 0 if invoice.voided_on is not None else obligation.amount - lasting
        assert after.recognized - after.contra - after.bad_debt == kept


def test_nothing_is_earned_of_an_invoice_that_is_void_or_taken_back_whole(books: Books) -> None:
    """Not even a cent that two roundings make of it."""
    found = 0
    for invoice, obligation, own, _ in books.histories:
        reductions = books.reductions.get(invoice.id, [])
        for month, (before, after) in zip(books.months, pairwise(own), strict=True):
            opening, close = books.opening_of(month).facts_before, books.close_of(month).facts_before
            in_force = [
                {entry.id for entry in reductions if entry.holds_before(day)} for day in (opening, close)
            ]
            held = sum(entry.amounts[obligation.key] for entry in reductions if entry.holds_before(opening))
            is_void = invoice.voided_on is not None and invoice.voided_on < opening
            if in_force[0] == in_force[1] and (
                is_void or (held == obligation.amount and len(reductions) < 3)
            ):
                assert after == before or invoice.billed_on >= opening
                found += 1
    assert found > 100


def test_what_is_taken_off_stays_as_it_was_on_its_day(books: Books) -> None:
    for reductions in books.reductions.values():
        assert [entry.order for entry in reductions] == sorted(entry.order for entry in reductions)


def test_every_month_rolls_forward(books: Books) -> None:
    closings: dict[tuple[str, str], Decimal] = {}
    for row in books.deferred_month_rows():
        for suffix in ("", "_reporting_amount"):
            series = row["currency_code"], suffix
            opening, closing = row[f"opening{suffix}"], row[f"closing{suffix}"]
            assert opening == closings.get(series, opening)
            billed, recognized, credited, written_off = (row[f"{name}{suffix}"] for name in FLOWS_OF_DEFERRED)
            assert closing == opening + billed - recognized - credited - written_off
            assert closing == row[f"deferred_revenue{suffix}"] - row[f"contract_asset{suffix}"]
            assert row[f"contract_asset{suffix}"] >= 0
            closings[series] = closing


def test_the_accounts_sum_to_the_roll_forward(books: Books) -> None:
    sums: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    for row in books.account_month_rows():
        for name in FLOWS_OF_DEFERRED:
            for ours, theirs in ((f"{name}_amount", name), (f"{name}_reporting_amount",) * 2):
                sums[row["currency_code"], row["month"], theirs] += row[ours]
    for row in books.deferred_month_rows():
        for name in FLOWS_OF_DEFERRED:
            for theirs in (name, f"{name}_reporting_amount"):
                assert row[theirs] == sums[row["currency_code"], row["month"], theirs]


def test_what_is_billed_and_not_earned_is_not_negative(books: Books) -> None:
    """Of a charge of which no more is taken back than it came to, and nothing of that given back."""
    found = 0
    for invoice, obligation, own, _ in books.histories:
        reductions = books.reductions.get(invoice.id, [])
        taken = [entry.amounts[obligation.key] for entry in reductions]
        is_within = min(taken, default=0) >= 0 and sum(taken) <= obligation.amount
        if is_within and all(entry.undone_on is None for entry in reductions):
            found += 1
            for month, figures in zip(books.months, own[1:], strict=True):
                if invoice.billed_on < books.close_of(month).facts_before:
                    assert figures.balance >= 0
    assert found > 500


def test_an_invoice_that_is_paid_and_kept_leaves_no_receivable(books: Books) -> None:
    events: dict[str, int] = defaultdict(int)
    kept = {
        invoice.id: invoice
        for invoice in books.invoices.values()
        if invoice.status == "paid" and invoice.amount_paid == invoice.total
    }
    for invoice, _, amount in receivables.cash_received(books):
        events[invoice.id] += amount
    assert len(kept) > 20
    assert all(events[identity] == invoice.total for identity, invoice in kept.items())


def test_random_accounts_reach_every_rule(books: Books) -> None:
    kinds = {
        (reduction.kind, reduction.undone_on is not None)
        for reductions in books.reductions.values()
        for reduction in reductions
    }
    assert kinds == {
        ("credit_note", False),
        ("credit_note", True),
        ("refund", False),
        ("dispute", False),
        ("dispute", True),
        ("write_off", False),
        ("write_off", True),
    }
    streams = {obligation.stream for _, obligation in books.obligations()}
    assert streams == {
        *("subscription", "usage", "services", "setup", "licence", "maintenance", "unclassified")
    }
    assert {obligation.days == 0 for _, obligation in books.obligations()} == {True, False}
    several = [reductions for reductions in books.reductions.values() if len(reductions) > 2]
    assert len(several) > 10
    named = [entry for entries in books.reductions.values() for entry in entries if entry.explicit]
    assert any(entry.spread for entry in named) and any(not entry.spread for entry in named)
    assert any(invoice.tax for invoice in books.invoices.values())
    uncovered = [uncovered for _, _, uncovered in books.reader.uncovered_refunds()]
    assert 0 in uncovered and any(uncovered)
    rows = books.account_month_rows()
    amounts = [column for column in rows[0] if column.endswith("_amount")]
    assert [column for column in amounts if not any(row[column] for row in rows)] == []


# Cases of our own.


def own_case(export: Export, folder: Path, **arguments: Any) -> dict[tuple[str, str, date], MartRow]:
    books = read_books(export.write(folder), as_of=AS_OF, **arguments)
    return flows(books.account_month_rows())


def series(
    found: Mapping[tuple[str, str, date], MartRow], customer: str, figure: str, stream: str = "subscription"
) -> str:
    """A figure of the first half of 2019, month by month."""
    rows = [found.get((customer, stream, date(2019, number, 1)), {}) for number in range(1, 7)]
    return " ".join(f"{row.get(f'{figure}_amount', Decimal(0)).normalize():f}" for row in rows)


def test_shares_add_up_whatever_is_shared() -> None:
    assert shared_out(100, [1, 1, 1]) == [33, 34, 33]
    assert shared_out(-100, [1, 1, 1]) == [-33, -34, -33]
    assert shared_out(1, [1, 1]) == [1, 0]
    assert shared_out(7, [3, 0, -1, 5]) == [3, 0, -1, 5]
    assert shared_out(0, [0, 0]) == [0, 0]
    assert [half_away(numerator, 2) for numerator in (-3, -1, 1, 3)] == [-2, -1, 1, 2]


def test_a_void_of_what_was_written_off_leaves_nothing_to_round(tmp_path: Path) -> None:
    """100.00 over 90 days, marked uncollectible on 10 January, when 10.00 are earned, and voided."""
    export = Export()
    stamps: dict[str, Any] = {
        "status_transitions_marked_uncollectible_at": moment("2019-01-10"),
        "status_transitions_voided_at": moment("2019-02-20"),
    }
    export.bill("void", ("100", QUARTER), status="void", **stamps)
    found = own_case(export, tmp_path)
    assert series(found, "void", "recognized") == "10 -10 0 0 0 0"
    assert series(found, "void", "bad_debt") == "10 -10 0 0 0 0"
    assert series(found, "void", "written_off") == "90 -90 0 0 0 0"
    assert series(found, "void", "billed") == "100 -100 0 0 0 0"


def test_a_note_that_is_voided_and_issued_again_takes_all_of_it_once(tmp_path: Path) -> None:
    """100.00 over 90 days; at 1 February 34.44 are earned, at 11 February 45.56."""
    export = Export()
    invoice = export.bill("again", ("100", QUARTER))
    export.credit(invoice, "100", "2019-02-01", "pre_payment", voided="2019-02-05")
    export.credit(invoice, "100", "2019-02-11", "pre_payment")
    found = own_case(export, tmp_path)
    assert series(found, "again", "recognized") == "34.44 11.12 0 0 0 0"
    assert series(found, "again", "contra") == "0 45.56 0 0 0 0"
    assert series(found, "again", "credited") == "0 54.44 0 0 0 0"


def test_what_a_note_names_is_taken_from_its_line_and_the_rest_is_spread(tmp_path: Path) -> None:
    """60 and 30, a note of 30 for the first and of 15 for nothing named: 30 + 7.50 and 7.50."""
    export = Export()
    invoice = export.bill("named", ("60", ("2019-01-01", "2019-01-31")), ("30", None))
    export.credit(invoice, "45", "2019-01-11")
    note = export.tables["billing/credit_note"][-1]["id"]
    line = export.tables["billing/invoice_line_item"][-2]["id"]
    export.add("credit_note_line_item", id="1", credit_note_id=note, invoice_line_item_id=line, amount=3000)
    export.add("credit_note_line_item", id="2", credit_note_id=note, amount=1500)
    books = read_books(export.write(tmp_path), as_of=AS_OF)
    [reduction] = books.reductions[invoice]
    assert list(reduction.amounts.values()) == [3750, 750, 0]
    found = flows(books.account_month_rows())
    # A third of 37.50, and what was earned at once.
    assert series(found, "named", "contra") == "20 0 0 0 0 0"


def test_a_discount_of_a_note_is_taken_off_its_lines(tmp_path: Path) -> None:
    export = Export()
    invoice = export.bill("note", ("60", None), ("30", None))
    export.credit(invoice, "60", "2019-01-11")
    export.tables["billing/credit_note"][-1] |= {"subtotal": 9000, "discount_amount": 3000}
    note = export.tables["billing/credit_note"][-1]["id"]
    for number, line in enumerate(export.tables["billing/invoice_line_item"]):
        row = {"id": str(number), "credit_note_id": note, "invoice_line_item_id": line["id"]}
        export.add("credit_note_line_item", **row, amount=line["amount"])
    [reduction] = read_books(export.write(tmp_path), as_of=AS_OF).reductions[invoice]
    assert list(reduction.amounts.values()) == [4000, 2000, 0]


def test_the_tax_of_a_note_goes_with_what_it_names(tmp_path: Path) -> None:
    """1,000 and a tax of 200; of 500 and 100 the note names 250, which has 50 of the tax."""
    export = Export()
    invoice = export.bill("taxed", ("1000", None), total=120000, tax=20000)
    export.credit(invoice, "600", "2019-01-11")
    export.tables["billing/credit_note"][-1] |= {"subtotal": 50000}
    note = export.tables["billing/credit_note"][-1]["id"]
    line = export.tables["billing/invoice_line_item"][-1]["id"]
    export.add("credit_note_line_item", id="1", credit_note_id=note, invoice_line_item_id=line, amount=25000)
    [reduction] = read_books(export.write(tmp_path), as_of=AS_OF).reductions[invoice]
    assert list(reduction.amounts.values()) == [50000, 10000]


def test_refunds_pay_out_credit_notes_first(tmp_path: Path) -> None:
    """A note of 50 comes after two refunds of 40: 30 of the second are covered by nothing."""
    export = Export()
    charge = export.paid_subscription("refunds", "90", QUARTER)
    export.refund(charge, "40", "2019-02-01")
    export.refund(charge, "40", "2019-03-01")
    export.credit(export.tables["billing/charge"][-1]["invoice_id"], "50", "2019-03-15")
    books = read_books(export.write(tmp_path), as_of=AS_OF)
    assert [uncovered for _, _, uncovered in books.reader.uncovered_refunds()] == [0, 3000]


def test_an_as_of_does_not_know_what_came_later(tmp_path: Path) -> None:
    """The refund of February is covered by a note of March, which nobody knew at the end of February."""
    export = Export()
    charge = export.paid_subscription("later", "90", QUARTER)
    export.refund(charge, "90", "2019-02-01")
    export.credit(export.tables["billing/charge"][-1]["invoice_id"], "90", "2019-03-01")
    landing = export.write(tmp_path)
    then = flows(read_books(landing, as_of=date(2019, 2, 28)).account_month_rows())
    assert series(then, "later", "contra") == "0 31 0 0 0 0"
    now = flows(read_books(landing, as_of=AS_OF).account_month_rows())
    assert series(now, "later", "contra") == "0 0 59 0 0 0"


def test_the_clocks_own_day_is_not_over(tmp_path: Path) -> None:
    """At 03:15 of 11 January ten days are earned, and what was billed that night is billed."""
    export = Export()
    export.bill("daily", ("31", ("2019-01-01", "2019-02-01")))
    export.bill("at_once", ("5", None), on="2019-01-11T02:00")
    export.tables["billing/customer"][0]["_fivetran_synced"] = moment("2019-01-11T03:15")
    found = flows(read_books(export.write(tmp_path)).account_month_rows())
    assert series(found, "daily", "recognized").split()[0] == "10"
    assert series(found, "at_once", "recognized").split()[0] == "5"


def test_days_are_those_of_the_reporting_time_zone(tmp_path: Path) -> None:
    """1 January 00:00 UTC is still 31 December in New York, and the 31 days begin there."""
    export = Export()
    export.bill("zone", ("31", ("2019-01-01", "2019-02-01")))
    found = own_case(export, tmp_path, policies={"reporting_time_zone": "America/New_York"})
    assert series(found, "zone", "recognized") == "30 0 0 0 0 0"
    assert found["zone", "subscription", date(2018, 12, 1)]["recognized_amount"] == 1


def test_an_invoice_keeps_the_rate_of_its_ledger_entry(tmp_path: Path) -> None:
    """30 EUR at 1.25, not at the 1.20 of the day; a later entry of another kind does not matter."""
    export = Export()
    invoice = export.bill("own_rate", ("30", None), currency="eur")
    export.write(tmp_path)
    (tmp_path / "ledger" / "transaction.csv").write_text(
        "id,type,trandate,exchangerate,externalid\n"
        f"1,Journal,2018-12-31,1.5,{invoice}\n"
        f"2,CustInvc,2019-01-02,1.25,{invoice}\n"
        f"3,CustInvc,2019-01-01,,{invoice}\n"
    )
    found = flows(read_books(tmp_path, as_of=AS_OF).account_month_rows())
    assert series(found, "own_rate", "recognized_reporting", "unclassified").split()[0] == "37.5"


def test_a_licence_by_relative_prices(tmp_path: Path) -> None:
    """Support is worth a quarter of the licence: 24,000 of 120,000 (Journal Entries Hub)."""
    export = Export()
    export.bill("licence", ("120000", None), price="perpetual")
    policies = {"licence_support_share": "0.25", "licence_support_allocation": "relative"}
    found = own_case(export, tmp_path, policies=policies)
    assert series(found, "licence", "billed", "licence").split()[0] == "96000"
    assert series(found, "licence", "billed", "maintenance").split()[0] == "24000"


def test_support_from_a_leap_day_ends_on_the_28th(tmp_path: Path) -> None:
    export = Export()
    export.bill("leap", ("732", None), on="2016-02-29", price="perpetual")
    books = read_books(export.write(tmp_path), as_of=AS_OF)
    [(_, support), _] = books.obligations()
    assert (support.amount, support.days) == (36600, 365)


def test_a_line_in_another_currency_than_its_invoice_stops(tmp_path: Path) -> None:
    export = Export()
    export.bill("mixed", ("30", None))
    export.tables["billing/invoice_line_item"][-1]["currency"] = "eur"
    with pytest.raises(OracleError, match="not in the currency of its invoice"):
        read_books(export.write(tmp_path), as_of=AS_OF)


def test_what_no_line_says_is_shared_by_what_costs(tmp_path: Path) -> None:
    """An invoice of 40 whose lines are 30, 30 and -10: the 10 that are missing come off the first two."""
    export = Export()
    invoice = export.bill("unsaid", ("30", None), ("30", None), ("-10", None), total=4000)
    books = read_books(export.write(tmp_path), as_of=AS_OF)
    assert [entry.amount for entry in books.invoices[invoice].obligations] == [2500, 2500, -1000]


def test_an_invoice_without_lines_is_unclassified(tmp_path: Path) -> None:
    export = Export()
    export.bill("empty", total=1000, subtotal=None)
    found = own_case(export, tmp_path)
    assert series(found, "empty", "recognized", "unclassified") == "10 0 0 0 0 0"


def test_months_go_on_after_a_year() -> None:
    assert add_months(date(2019, 12, 1), 1) == date(2020, 1, 1)
    assert cents("0.05") == 5
    assert isinstance(moment("2019-01-01"), datetime)
    assert recognition.in_major(5, "KWD") == Decimal("0.005")


def test_a_landing_without_money_is_read(tmp_path: Path) -> None:
    write_landing(tmp_path, {"billing/customer": [{"id": "only", "created": moment("2019-01-01")}]})
    assert recognition.answer(tmp_path, as_of=AS_OF) == {BY_ACCOUNT: [], DEFERRED: []}
