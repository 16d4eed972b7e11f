"""One wrong row in the books of the example company: exactly the controls that must fail do, and name it.

The wrong rows and the controls that they break are in ``tests/mutants.py``, many to a build: each has a
customer and, where months last, a month of its own, so that what it does is told by what it is matched by.
Add to this module what holds for all of them; what policies make of a difference is in
``test_control_policies``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.audit import describe_failing_controls
from tests.control_builds import build_controls, read_rows, run_tieout
from tests.direct_builds import CompiledProject
from tests.example_export import DEALS, FEES, HISTORY_OF_DEALS, UTILITIES, ExampleExport, Payer
from tests.mutants import BILLING, COSTS, CRM, LEDGER, Mutant, Touched
from tests.small_landing import put

# Stands on the balances of all accounts and names no row; the entry is named by the control on entries.
IN_TOTAL = "trial_balance_in_total"


@dataclass(frozen=True)
class Verdicts:
    """What a build says, in months that are over.

    Attributes:
        warehouse: the built file.
        touched: what each mutant changed, by its sentence.
        controls: rows of ``fct_controls_by_period`` of the controls that raw rows add up.
        differences: rows of ``fct_control_differences``.
    """

    warehouse: Path
    touched: Mapping[str, Touched]
    controls: list[dict[str, Any]]
    differences: list[dict[str, Any]]

    def differences_of(self, touched: Touched) -> list[dict[str, Any]]:
        """What is matched by the same keys, where it does not come to nothing."""
        sums: dict[tuple[Any, ...], Decimal] = {}
        rows = [
            row
            for row in self.differences
            if row["match_key"] in touched.keys
            and (row["match_key"] or not touched.months or f"{row['period']:%Y-%m}" in touched.months)
            and row["control"] != IN_TOTAL
        ]
        for row in rows:
            sums[_place(row)] = sums.get(_place(row), Decimal(0)) + row["difference_amount"]
        return [row for row in rows if sums[_place(row)]]

    def months_of_total(self) -> set[date]:
        """The months in which the balance of all accounts begins to be off, or by another amount."""
        months, before = set(), Decimal(0)
        rows = [row for row in self.controls if row["control"] == IN_TOTAL]
        for row in sorted(rows, key=lambda row: row["period"]):
            if row["difference_amount"] != before:
                months.add(row["period"])
            before = row["difference_amount"]
        return months

    def failing(self, touched: Touched) -> set[str]:
        """The controls that a change makes fail."""
        rows = self.differences_of(touched)
        controls = {row["control"] for row in rows}
        uneven = {row["period"] for row in rows if row["control"] == "trial_balance_of_period"}
        return controls | ({IN_TOTAL} if uneven & self.months_of_total() else set())


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["control"], row["dimension"], row["currency_code"], row["period"]


def read_verdicts(warehouse: Path, touched: Mapping[str, Touched]) -> Verdicts:
    return Verdicts(
        warehouse,
        touched,
        read_rows(
            warehouse,
            "select controls.*, control_kinds.kind from marts.fct_controls_by_period as controls "
            "inner join reference.controls as control_kinds on controls.control = control_kinds.control",
        ),
        read_rows(warehouse, "select * from marts.fct_control_differences"),
    )


def change(mutants: list[Mutant], landing: Path) -> dict[str, Touched]:
    """Write a landing folder with all mutants in it."""
    export = ExampleExport()
    touched = {mutant.sentence: mutant.change(export) for mutant in mutants}
    export.write(landing, without=DEALS)
    return touched


@pytest.fixture(scope="module")
def ledger_verdicts(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("ledger")
    touched = change(LEDGER, folder / "landing")
    return read_verdicts(build_controls(compiled_project, folder / "landing", folder / "home"), touched)


@pytest.fixture(scope="module")
def billing_verdicts(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("billing")
    touched = change(BILLING, folder / "landing")
    return read_verdicts(build_controls(compiled_project, folder / "landing", folder / "home"), touched)


@pytest.fixture(scope="module")
def costs_verdicts(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("costs")
    touched = change(COSTS, folder / "landing")
    return read_verdicts(build_controls(compiled_project, folder / "landing", folder / "home"), touched)


@pytest.fixture(scope="module")
def crm_verdicts(
    compiled_project: CompiledProject, example_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Verdicts:
    """Of deals that agree with billing but for the mutants, and may stop publication."""
    folder = tmp_path_factory.mktemp("crm")
    export = ExampleExport()
    payers = read_rows(
        example_warehouse,
        "select accounts.account_id as account, accounts.crm_company_id as company, "
        "accounts.first_paid_date as first_paid, coalesce(mrr.arr_amount, 0) as first_year "
        "from marts.dim_accounts as accounts left join marts.fct_mrr_by_account_month as mrr "
        "on accounts.account_id = mrr.account_id and accounts.cohort_month = mrr.month "
        "where accounts.first_paid_date is not null",
    )
    export.win_every_payer(Payer(**payer) for payer in payers)
    touched = {mutant.sentence: mutant.change(export) for mutant in CRM}
    export.write(folder / "landing", without=HISTORY_OF_DEALS)
    policy = "policy_key,policy_value\ncrm_controls_only_report,false\n"
    put(folder / "landing", "policy/metric_policies.csv", policy)
    return read_verdicts(build_controls(compiled_project, folder / "landing", folder / "home"), touched)


def text_of(touched: Touched, verdicts: Verdicts, folder: Path) -> str:
    """What a person is told if nothing but this change is wrong."""
    rows = verdicts.differences_of(touched)
    places = {(row["control"], row["dimension"], row["currency_code"]): row["period"] for row in rows}
    file = folder / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"attach '{verdicts.warehouse}' as whole (read_only)")
        connection.execute("create schema marts")
        connection.execute("create table places (control varchar, dimension varchar, currency_code varchar)")
        connection.executemany("insert into places values (?, ?, ?)", [list(place) for place in places])
        connection.execute(
            "create table marts.fct_control_differences as "
            "select * from whole.marts.fct_control_differences where list_contains(?, match_key)",
            [list(touched.keys)],
        )
        connection.execute(
            "create table marts.fct_controls_by_period as "
            "select controls.* from whole.marts.fct_controls_by_period as controls "
            "natural inner join places where controls.period >= ?",
            [min(row["period"] for row in rows)],
        )
    return describe_failing_controls(file)


def check(mutant: Mutant, verdicts: Verdicts, folder: Path) -> None:
    touched = verdicts.touched[mutant.sentence]
    assert verdicts.failing(touched) == mutant.fails
    for control in mutant.fails - {IN_TOTAL}:
        texts = [row["raw_rows"] for row in verdicts.differences_of(touched) if row["control"] == control]
        assert any(label in text for label in touched.named for text in texts), (control, texts)
    if mutant.fails:
        text = text_of(touched, verdicts, folder)
        assert all(f"  {control}, " in text for control in mutant.fails - {IN_TOTAL})
        assert any(label in text for label in touched.named), text


@pytest.mark.parametrize("mutant", LEDGER, ids=lambda mutant: mutant.sentence)
def test_a_wrong_row_of_the_ledger(mutant: Mutant, ledger_verdicts: Verdicts, tmp_path: Path) -> None:
    check(mutant, ledger_verdicts, tmp_path)


@pytest.mark.parametrize("mutant", BILLING, ids=lambda mutant: mutant.sentence)
def test_a_wrong_row_of_billing(mutant: Mutant, billing_verdicts: Verdicts, tmp_path: Path) -> None:
    check(mutant, billing_verdicts, tmp_path)


@pytest.mark.parametrize("mutant", COSTS, ids=lambda mutant: mutant.sentence)
def test_a_wrong_row_of_costs(mutant: Mutant, costs_verdicts: Verdicts, tmp_path: Path) -> None:
    check(mutant, costs_verdicts, tmp_path)


@pytest.mark.parametrize("mutant", CRM, ids=lambda mutant: mutant.sentence)
def test_a_wrong_row_of_the_crm(mutant: Mutant, crm_verdicts: Verdicts, tmp_path: Path) -> None:
    check(mutant, crm_verdicts, tmp_path)


def test_controls_of_the_crm_stop_publication_only_where_a_policy_says_so(
    crm_verdicts: Verdicts, example_warehouse: Path
) -> None:
    names = {"crm_won_deals_billed", "crm_won_deals_amount"}
    published = read_rows(example_warehouse, "select * from marts.fct_controls_by_period")
    for rows, is_blocking in ((crm_verdicts.controls, True), (published, False)):
        failing = [row for row in rows if row["control"] in names and row["status"] == "fails"]
        assert {row["control"] for row in failing} == names
        assert {row["is_blocking"] for row in failing} == {is_blocking}


@pytest.fixture(params=["ledger_verdicts", "billing_verdicts", "costs_verdicts", "crm_verdicts"])
def verdicts(request: pytest.FixtureRequest) -> Verdicts:
    found: Verdicts = request.getfixturevalue(request.param)
    return found


def test_no_difference_is_of_anything_else(verdicts: Verdicts) -> None:
    keys = {key for touched in verdicts.touched.values() for key in touched.keys}
    others = [row for row in verdicts.differences if row["match_key"] not in keys]
    assert {row["control"] for row in others} <= {IN_TOTAL}


def test_no_control_of_metrics_fails(verdicts: Verdicts) -> None:
    failing = read_rows(
        verdicts.warehouse,
        "select distinct control from marts.fct_controls_by_period where status = 'fails'",
    )
    assert {row["control"] for row in failing} <= {row["control"] for row in verdicts.controls}


def test_what_makes_a_difference_adds_up_to_it(verdicts: Verdicts) -> None:
    """Of a balance what arose in all months to date."""
    failing = [row for row in verdicts.controls if row["status"] == "fails"]
    assert failing
    for control in failing:
        made = sum(
            row["difference_amount"]
            for row in verdicts.differences
            if _place(row)[:3] == _place(control)[:3]
            and (
                row["period"] <= control["period"]
                if control["kind"] == "balance"
                else row["period"] == control["period"]
            )
        )
        assert made == control["difference_amount"], _place(control)


def test_the_nightly_refuses_tells_the_rows_and_leaves_the_published_version(
    example_warehouse: Path, tmp_path: Path
) -> None:
    """Three wrong rows: two fees of one month on another expense, and revenue of a later month."""
    export = ExampleExport()
    one, other = export.two_invoices_of_a_month()
    line, _ = export.earned_line()
    fees = []
    for billed in (one, other):
        entry = export.entry(billed.charge["id"])
        fees.append((entry.line(FEES).base, billed.charge))
        entry.line(FEES).posting["account"] = UTILITIES
    line.posting["account"] = UTILITIES
    (small, small_charge), (large, large_charge) = sorted(fees, key=lambda fee: fee[0])
    assert small < large
    export.write(tmp_path / "landing", without=DEALS)
    home = tmp_path / "home"
    shutil.copytree(example_warehouse.parent.parent, home, symlinks=True)
    before = (home / "current").readlink()

    finished = run_tieout(
        *("nightly", "--landing", str(tmp_path / "landing"), "--accept-drop", *DEALS), home=home
    )

    assert finished.returncode == 1, finished.stderr
    assert (home / "current").readlink() == before
    (alert,) = map(json.loads, (home / "alerts.jsonl").read_text(encoding="utf-8").splitlines())
    for told in (alert["details"], finished.stderr):
        assert "processor_fees, USD" in told
        assert f"difference -{small + large:.2f}" in told
        assert "revenue_by_stream, subscription, USD" in told
        # Largest first.
        assert told.index(large_charge["balance_transaction_id"]) < told.index(
            small_charge["balance_transaction_id"]
        )
    (build,) = (home / "builds").glob("*/warehouse.duckdb")
    failing = read_rows(
        build, "select distinct control from marts.fct_controls_by_period where status = 'fails'"
    )
    assert {row["control"] for row in failing} == {
        "processor_fees", "revenue_by_stream", "revenue_by_stream_in_reporting_currency",
    }  # fmt: skip
