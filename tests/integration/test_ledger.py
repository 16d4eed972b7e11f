"""A small ledger from its files to what the controls are given, sound and with every row that may be wrong.

Add a mutation when something can be wrong with a ledger that its controls must find: one month each, so that
one build answers for all. What the models do row by row is in their unit tests; whether the ledger ties to
the subledgers is for the tests of the controls.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.engines import duckdb as engine
from tests.direct_builds import CompiledProject, build_models
from tests.small_landing import put, write_landing

MODELS = ("int_ledger_integrity_rows", "int_ledger_control_rows", "fct_trial_balance_by_period")
ACCOUNTS = [
    {"id": "1", "acctnumber": "1000", "accttype": "Bank", "fullname": "Bank"},
    {"id": "2", "acctnumber": "1100", "accttype": "AcctRec", "fullname": "Accounts receivable"},
    {"id": "3", "acctnumber": "2300", "accttype": "DeferRevenue", "fullname": "Deferred revenue"},
    {"id": "4", "acctnumber": "4010", "accttype": "Income", "fullname": "Revenue : Subscription revenue"},
    {"id": "5", "acctnumber": "4020", "accttype": "Income", "fullname": "Revenue : Hosting of theirs"},
]
ORPHANS = date(2024, 2, 1)


def first_days() -> list[date]:
    """The months of the ledger, of which the last is the newest that the billing export completes."""
    return [date(2023 + number // 12, number % 12 + 1, 1) for number in range(14)]


def last_day(month: date) -> date:
    return date.fromordinal(date(month.year + month.month // 12, month.month % 12 + 1, 1).toordinal() - 1)


@dataclass
class Ledger:
    """Raw rows of a ledger; in every month an invoice of 100.00 and its recognition."""

    months: list[date] = field(default_factory=first_days)
    period: list[dict[str, Any]] = field(default_factory=list)
    transaction: list[dict[str, Any]] = field(default_factory=list)
    line: list[dict[str, Any]] = field(default_factory=list)
    accounting_line: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for month in self.months:
            name = f"{month:%Y-%m}"
            self.period.append({"id": name, "startdate": month, "enddate": last_day(month)})
            self.enter(f"invoice {name}", month, debit="2", credit="3", externalid=f"in {name}")
            self.enter(f"run {name}", last_day(month), debit="3", credit="4")

    def enter(self, name: str, day: date, *, debit: str, credit: str, **columns: Any) -> None:
        """Post an entry of 100.00 with two lines."""
        entry = {"id": name, "type": "Journal", "trandate": day, "postingperiod": f"{day:%Y-%m}"}
        self.transaction.append(
            {**entry, "posting": "T", "currency": "USD", "exchangerate": 1, "entity": "e1", **columns}
        )
        for number, account, amount in ((0, debit, 100), (1, credit, -100)):
            self.line.append({"id": number, "transaction": name, "foreignamount": amount})
            posting = {"transaction": name, "transactionline": number, "account": account}
            self.accounting_line.append({**posting, "amount": amount, "posting": "T", "accountingbook": 1})

    def find(self, table: list[dict[str, Any]], **columns: Any) -> dict[str, Any]:
        """The one row with these values."""
        (row,) = (row for row in table if columns.items() <= row.items())
        return row

    def posted(self, name: str, number: int) -> dict[str, Any]:
        return self.find(self.accounting_line, transaction=name, transactionline=number)

    def write(self, folder: Path) -> Path:
        write_landing(folder)
        tables = {
            "account": ACCOUNTS,
            "entity": [{"id": "e1", "name": "One", "externalid": "cus_1"}],
            "accountingperiod": self.period,
            "transaction": self.transaction,
            "transactionline": self.line,
            "transactionaccountingline": self.accounting_line,
        }
        for table, rows in tables.items():
            put(folder, f"ledger/{table}.csv", text(rows))
        put(
            folder,
            "policy/account_roles.csv",
            text([{"rule": "theirs", "priority": 1, "account_number": "4020", "role": "other"}]),
        )
        return folder


def text(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, sorted({column for row in rows for column in row}))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


FINDINGS = """
    with by_key as (
        select
            control, period, match_key,
            sum(case side when 'actual' then amount else -amount end) as difference
        from intermediate.int_ledger_integrity_rows
        group by control, period, currency_code, match_key
    )
    select control, period, sum(difference), list(match_key order by match_key) filter (difference <> 0)
    from by_key group by control, period
"""


@pytest.fixture(scope="module")
def sound(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which all is as it should be, with what is none of its business beside it."""
    ledger = Ledger()
    january = ledger.months[12]
    ledger.period += [
        {"id": "Q1", "startdate": january, "enddate": date(2024, 3, 31), "isquarter": "T"},
        {"id": "2024", "startdate": january, "enddate": date(2024, 12, 31), "isyear": "T"},
        {"id": "close", "startdate": date(2023, 12, 31), "enddate": date(2023, 12, 31), "isadjust": "T"},
    ]
    ledger.enter("estimate", january, debit="2", credit="4", posting="F")
    ledger.enter("next year", date(2024, 4, 1), debit="2", credit="4")
    ledger.enter("adjustment", date(2023, 12, 31), debit="1", credit="5", postingperiod="close")
    ledger.enter("void", january, debit="3", credit="2", reversal="invoice 2024-01")
    ledger.accounting_line.append({**ledger.posted("void", 0), "accountingbook": 2, "amount": 7})
    folder = tmp_path_factory.mktemp("sound")
    landing = ledger.write(folder / "landing")
    return build_models(compiled_project, landing, folder / "home", MODELS, is_tested=True)


def test_a_sound_ledger_has_no_finding_and_says_what_was_looked_at(sound: Path) -> None:
    found = engine.read_rows(sound, FINDINGS).values
    months = {*first_days(), date(2024, 3, 1)}
    assert {control for control, *_ in found} == {*CONTROLS, "trial_balance_in_total"}
    assert [row for row in found if row[2] != 0 or row[3]] == []
    for control in CONTROLS:
        assert {period for name, period, *_ in found if name == control} >= months - {date(2024, 3, 1)}


def test_the_ledger_says_what_each_control_compares(sound: Path) -> None:
    rows = engine.read_rows(
        sound,
        """
        select control, dimension, document_id, match_key, sum(amount), count(*)
        from intermediate.int_ledger_control_rows
        where period = date '2024-01-01' group by all order by all
        """,
    ).values
    assert rows == [
        ("deferred_revenue", "all", "in 2024-01", "cus_1", Decimal(0), 2),
        ("deferred_revenue", "all", None, "cus_1", Decimal(-100), 1),
        ("deferred_revenue_in_reporting_currency", "all", "in 2024-01", "cus_1", Decimal(0), 2),
        ("deferred_revenue_in_reporting_currency", "all", None, "cus_1", Decimal(-100), 1),
        ("receivables", "all", "in 2024-01", "cus_1", Decimal(0), 2),
        ("revenue_by_stream", "subscription", None, "cus_1", Decimal(100), 1),
        ("revenue_by_stream_in_reporting_currency", "subscription", None, "cus_1", Decimal(100), 1),
    ]


def test_an_adjustment_stands_in_the_month_in_which_it_ends(sound: Path) -> None:
    rows = engine.read_rows(
        sound,
        """
        select account_id, account_role, debit_amount, credit_amount, closing_balance_amount
        from marts.fct_trial_balance_by_period where month = date '2023-12-01' order by account_id
        """,
    ).values
    assert rows == [
        ("1", "cash", 100, 0, 100),
        ("2", "receivable", 100, 0, 1200),
        ("3", "deferred_revenue", 100, 100, 0),
        ("4", "revenue", 0, 100, -1200),
        # By the company's own rule; by its type it would be revenue.
        ("5", "other", 0, 100, -100),
    ]


# What the controls compare by month; that of all balances in total follows from them.
CONTROLS = (
    "ledger_entries_balance",
    "ledger_entries_balance_in_currency",
    "trial_balance_of_period",
    "ledger_lines_are_posted_whole",
    "ledger_accounts_are_known",
    "ledger_periods_are_known",
    "ledger_periods_do_not_overlap",
    "ledger_postings_in_their_period",
)
BALANCES = ("ledger_entries_balance", "ledger_entries_balance_in_currency", "trial_balance_of_period")


@dataclass(frozen=True)
class Mutation:
    """One thing that is wrong with the ledger of a month.

    Attributes:
        change: makes it wrong; gets the ledger and the month's name.
        fails: the controls that must find it; none where it is no mistake.
        names: the match keys that they name, with the month's name left out.
        total: what is then wrong with the balances of all accounts, from that month on.
    """

    change: Callable[[Ledger, str], object]
    fails: tuple[str, ...] = ()
    names: tuple[str, ...] = ("invoice",)
    total: Decimal = Decimal(0)


def set_posted(name: str, number: int, **columns: Any) -> Callable[[Ledger, str], None]:
    return lambda ledger, month: ledger.posted(f"{name} {month}", number).update(columns)


def set_entry(name: str, **columns: Any) -> Callable[[Ledger, str], None]:
    return lambda ledger, month: ledger.find(ledger.transaction, id=f"{name} {month}").update(columns)


def lose_posting(ledger: Ledger, month: str) -> None:
    ledger.accounting_line.remove(ledger.posted(f"invoice {month}", 1))


def lose_line(ledger: Ledger, month: str) -> None:
    ledger.line.remove(ledger.find(ledger.line, transaction=f"invoice {month}", id=1))


def double_line(ledger: Ledger, month: str) -> None:
    name = f"invoice {month}"
    ledger.line.append({**ledger.find(ledger.line, transaction=name, id=1), "id": 2})
    ledger.accounting_line.append({**ledger.posted(name, 1), "transactionline": 2})


def swap_amounts(ledger: Ledger, month: str) -> None:
    """Both entries are off, by the same amount in opposite ways."""
    for name, amount in (("invoice", 110), ("run", 90)):
        ledger.posted(f"{name} {month}", 0)["amount"] = amount
        ledger.find(ledger.line, transaction=f"{name} {month}", id=0)["foreignamount"] = amount


def lose_entry(ledger: Ledger, month: str) -> None:
    ledger.transaction.remove(ledger.find(ledger.transaction, id=f"run {month}"))


def lose_all_lines(ledger: Ledger, month: str) -> None:
    for table in (ledger.line, ledger.accounting_line):
        table[:] = [row for row in table if row["transaction"] != f"run {month}"]


MUTATIONS: dict[str, Mutation] = {
    "a_cent_too_much_in_the_base_currency": Mutation(
        set_posted("invoice", 0, amount="100.01"),
        ("ledger_entries_balance", "trial_balance_of_period"),
        total=Decimal("0.01"),
    ),
    "a_cent_too_much_in_the_entrys_currency": Mutation(
        lambda ledger, month: ledger.find(ledger.line, transaction=f"invoice {month}", id=0).update(
            foreignamount="100.01"
        ),
        ("ledger_entries_balance_in_currency",),
    ),
    "two_entries_that_are_off_and_make_up_for_each_other": Mutation(
        swap_amounts, ("ledger_entries_balance", "ledger_entries_balance_in_currency"), ("invoice", "run")
    ),
    "a_flipped_sign": Mutation(
        set_posted("invoice", 0, amount=-100, debit=100),
        ("ledger_entries_balance", "trial_balance_of_period", "ledger_lines_are_posted_whole"),
        total=Decimal(-200),
    ),
    "a_posting_that_is_missing": Mutation(
        lose_posting, (*BALANCES, "ledger_lines_are_posted_whole"), total=Decimal(100)
    ),
    "a_line_that_is_missing": Mutation(lose_line, ("ledger_lines_are_posted_whole",)),
    "a_line_that_is_there_twice": Mutation(double_line, BALANCES, total=Decimal(-100)),
    "an_account_that_is_not_in_the_chart": Mutation(
        set_posted("invoice", 1, account="77"), ("ledger_accounts_are_known",)
    ),
    "a_period_that_is_not_there": Mutation(
        set_entry("invoice", postingperiod="77"), ("ledger_periods_are_known",)
    ),
    "a_day_before_the_period": Mutation(
        lambda ledger, month: set_entry(
            "invoice", trandate=date.fromordinal(date.fromisoformat(f"{month}-01").toordinal() - 1)
        )(ledger, month),
        ("ledger_postings_in_their_period",),
    ),
    "a_posting_to_a_quarter": Mutation(
        set_entry("invoice", postingperiod="a quarter"), ("ledger_periods_are_known",)
    ),
    "an_entry_without_lines": Mutation(lose_all_lines, ("ledger_lines_are_posted_whole",), ("run",)),
    "another_book_that_is_wrong": Mutation(
        lambda ledger, month: ledger.accounting_line.append(
            {**ledger.posted(f"invoice {month}", 0), "accountingbook": 2, "amount": 7}
        )
    ),
}


@pytest.fixture(scope="module")
def broken(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with one mutation in each month, and one that has no month in the last."""
    ledger = Ledger()
    for month, mutation in zip(ledger.months, MUTATIONS.values(), strict=False):
        mutation.change(ledger, f"{month:%Y-%m}")
    ledger.period.append(
        {"id": "a quarter", "startdate": date(2023, 10, 1), "enddate": date(2023, 12, 31), "isquarter": "T"}
    )
    ledger.period.append({"id": "twice", "startdate": date(2024, 2, 29), "enddate": date(2024, 3, 31)})
    lose_entry(ledger, f"{ORPHANS:%Y-%m}")
    folder = tmp_path_factory.mktemp("broken")
    landing = ledger.write(folder / "landing")
    return build_models(compiled_project, landing, folder / "home", MODELS, is_tested=True)


def mutated_months() -> list[tuple[date, str]]:
    return list(zip(first_days(), MUTATIONS, strict=False))


def test_there_is_a_month_for_every_mutation() -> None:
    assert len(MUTATIONS) < len(first_days())
    assert first_days()[len(MUTATIONS)] == ORPHANS


@pytest.mark.parametrize(("month", "name"), mutated_months())
def test_a_mutation_fails_its_controls_and_no_others_and_is_named(
    broken: Path, month: date, name: str
) -> None:
    mutation = MUTATIONS[name]
    found = {
        control: keys
        for control, period, difference, keys in engine.read_rows(broken, FINDINGS).values
        if period == month and control in CONTROLS and difference
    }
    assert set(found) == set(mutation.fails), name
    for control, keys in found.items():
        assert keys == [f"{key} {month:%Y-%m}" for key in mutation.names], control


def test_balances_are_off_from_the_month_on_in_which_an_entry_is(broken: Path) -> None:
    in_total = {
        period: difference
        for control, period, difference, _ in engine.read_rows(broken, FINDINGS).values
        if control == "trial_balance_in_total"
    }
    expected, off = {}, Decimal(0)
    for month, name in mutated_months():
        off += MUTATIONS[name].total
        expected[month] = off
    assert {month: in_total[month] for month in expected} == expected


def test_what_has_no_entry_stands_in_the_newest_month_that_is_over(broken: Path) -> None:
    rows = engine.read_rows(
        broken,
        f"""
        select row_label from intermediate.int_ledger_integrity_rows
        where control = 'ledger_lines_are_posted_whole' and period = date '{ORPHANS}' and amount = 0
        order by row_label
        """,
    ).values
    label = "ledger.transactionaccountingline run 2024-02/{}: its entry is not in ledger.transaction"
    assert rows == [(label.format(number),) for number in (0, 1)]


def test_a_period_that_begins_before_another_ends_is_named(broken: Path) -> None:
    rows = engine.read_rows(
        broken,
        """
        select period, match_key, row_label from intermediate.int_ledger_integrity_rows
        where control = 'ledger_periods_do_not_overlap' and amount = 0
        """,
    ).values
    label = "ledger.accountingperiod twice: it begins on 2024-02-29, before an earlier one has ended"
    assert rows == [(date(2024, 2, 1), "twice", label)]
