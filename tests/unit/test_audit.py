"""The audit: published only if everything was built, every blocking test spoke, and every control ties."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.audit import CONTROLS_TEST, Audit, audit_build, audit_quarantine

MODEL = "model.tieout.fct_mrr"
TEST = "test.tieout.unique_grain_fct_mrr"
WARNING = "test.tieout.nice_to_have"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.fct_controls_by_period (
                control varchar, period date, dimension varchar, currency_code varchar,
                expected_amount decimal(24, 4), actual_amount decimal(24, 4),
                difference_amount decimal(24, 4), status varchar, is_blocking boolean, explanation varchar
            )
            """
        )
        connection.execute(
            """
            create table marts.fct_control_differences (
                control varchar, period date, dimension varchar, currency_code varchar, match_key varchar,
                is_balance boolean, difference_amount decimal(24, 4), raw_row_count bigint, raw_rows varchar
            )
            """
        )
        connection.execute(
            "insert into marts.fct_controls_by_period (control, status) "
            "values ('roll forward', 'ties'), ('discounts', 'open item')"
        )
        connection.execute(
            "create table marts.fct_mrr as select range as account_id, 1 as amount from range(12)"
        )
    return file


def _node(unique_id: str, **extra: Any) -> dict[str, Any]:
    kind, _, name = unique_id.split(".")
    return {
        "unique_id": unique_id,
        "name": name,
        "resource_type": kind,
        "original_file_path": f"models/{name}.sql",
        "description": "",
        "config": {"severity": "ERROR", "materialized": "table"},
        **extra,
    }


def _manifest(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {node["unique_id"]: node for node in nodes}}


def _result(unique_id: str, status: str, **extra: Any) -> dict[str, Any]:
    return {"unique_id": unique_id, "status": status, "failures": None, "message": None, **extra}


@pytest.fixture
def audit(warehouse: Path) -> Callable[..., Audit]:
    manifest = _manifest(
        _node(MODEL),
        _node(TEST, description="One row per account."),
        _node(WARNING, config={"severity": "warn", "materialized": "test"}),
    )

    def run(**changes: dict[str, Any] | None) -> Audit:
        results = {
            MODEL: _result(MODEL, "success"),
            TEST: _result(TEST, "pass"),
            WARNING: _result(WARNING, "pass"),
        }
        for name, change in changes.items():
            unique_id = {"model": MODEL, "test": TEST, "warning": WARNING}[name]
            if change is None:
                del results[unique_id]
            else:
                results[unique_id].update(change)
        return audit_build(manifest, {"results": list(results.values())}, warehouse)

    return run


def test_a_build_in_which_everything_holds_may_be_published(audit: Callable[..., Audit]) -> None:
    found = audit()
    assert (found.problems, found.warnings) == ([], [])
    assert (found.tests_passed, found.tests_failed) == (1, 0)
    assert found.controls == {"open item": 1, "ties": 1}


def test_a_failed_test_shows_what_it_asserts_and_the_first_ten_rows(audit: Callable[..., Audit]) -> None:
    code = "select account_id, amount from marts.fct_mrr order by account_id"
    found = audit(test={"status": "fail", "failures": 12, "compiled_code": code})
    assert (found.tests_passed, found.tests_failed) == (0, 1)
    (problem,) = found.problems
    lines = problem.splitlines()
    assert lines[0] == ("Test unique_grain_fct_mrr does not hold (12 rows; models/unique_grain_fct_mrr.sql).")
    assert lines[1] == "  It asserts: One row per account."
    assert lines[3].split() == ["account_id", "amount"]
    assert [line.split() for line in lines[5:]] == [[str(number), "1"] for number in range(10)]


def test_a_test_without_a_result_forbids_publication(audit: Callable[..., Audit]) -> None:
    found = audit(test=None)
    assert found.tests_failed == 1
    assert "no result" in found.problems[0] and "unique_grain_fct_mrr" in found.problems[0]


def test_a_skipped_test_forbids_publication(audit: Callable[..., Audit]) -> None:
    found = audit(test={"status": "skipped"})
    assert found.tests_failed == 1
    assert "no result" in found.problems[0]


def test_a_blocking_test_that_only_warns_forbids_publication(audit: Callable[..., Audit]) -> None:
    found = audit(test={"status": "warn", "failures": 1, "compiled_code": "select 1 as one"})
    assert found.tests_failed == 1
    assert found.problems


def test_a_test_that_could_not_run_shows_the_database_message(audit: Callable[..., Audit]) -> None:
    found = audit(test={"status": "error", "message": 'Binder Error: column "x" not found'})
    assert 'Binder Error: column "x" not found' in found.problems[0]


def test_a_model_that_could_not_be_built_is_named_with_the_database_message(
    audit: Callable[..., Audit],
) -> None:
    found = audit(
        model={"status": "error", "message": "Conversion Error: 'abc' is no number"},
        test={"status": "skipped"},
    )
    assert found.problems[0].startswith("Model fct_mrr could not be built (models/fct_mrr.sql):")
    assert "'abc' is no number" in found.problems[0]
    assert "1 models and tests were not reached" in found.problems[1]


def test_a_model_without_a_result_forbids_publication(audit: Callable[..., Audit]) -> None:
    assert "fct_mrr" in audit(model=None).problems[0]


def test_an_ephemeral_model_needs_no_result(warehouse: Path) -> None:
    manifest = _manifest(_node(MODEL, config={"materialized": "ephemeral"}))
    assert audit_build(manifest, {"results": []}, warehouse).problems == []


def test_a_warning_does_not_forbid_publication_and_is_shown(audit: Callable[..., Audit]) -> None:
    found = audit(warning={"status": "warn", "failures": 1, "compiled_code": "select 'cus_1' as account_id"})
    assert found.problems == []
    assert "nice_to_have" in found.warnings[0] and "cus_1" in found.warnings[0]


def test_a_warning_that_was_skipped_says_nothing_beside_the_cause(audit: Callable[..., Audit]) -> None:
    found = audit(model={"status": "error", "message": "no space left"}, warning={"status": "skipped"})
    assert found.warnings == []
    assert "no space left" in found.problems[0]


def fail_controls(warehouse: Path, *, is_blocking: bool) -> None:
    """Receivables are off from February on, by a payment and an invoice; bad debt once, unexplained."""
    with duckdb.connect(str(warehouse)) as connection:
        for control, months in (("receivables", (2, 3, 4)), ("bad_debt", (3,))):
            connection.executemany(
                "insert into marts.fct_controls_by_period values "
                "(?, make_date(2024, ?, 1), 'all', 'USD', 10, 12.5, 2.5, 'fails', ?, 'They are equal.')",
                [(control, month, is_blocking) for month in months],
            )
        connection.execute(
            "insert into marts.fct_control_differences values "
            "('receivables', '2024-02-01', 'all', 'USD', 'cus_1', true, 0.5, 1, 'billing.charge ch_1'), "
            "('receivables', '2024-02-01', 'all', 'USD', '', true, -3, 11, 'ledger.transactionline 1/2'), "
            "('receivables', '2024-03-01', 'all', 'USD', 'cus_2', true, 9, 1, 'something later'), "
            "('bad_debt', '2024-01-01', 'all', 'USD', 'cus_4', false, 9, 1, 'an open item before'), "
            "('receivables', '2024-02-01', 'all', 'EUR', 'cus_3', true, 9, 1, 'another currency')"
        )


RECEIVABLES = """\
  receivables, USD, 2024-02 (and 2 later months): expected 10.0000, actual 12.5000, difference 2.5000. \
They are equal.
    -3.0000 in 2024-02, no customer or document: ledger.transactionline 1/2 and 3 more rows
    0.5000 in 2024-02, cus_1: billing.charge ch_1"""
BAD_DEBT = "  bad_debt, USD, 2024-03: expected 10.0000, actual 12.5000, difference 2.5000. They are equal."


def test_failing_controls_forbid_publication_and_are_told_by_their_raw_rows_largest_first(
    audit: Callable[..., Audit], warehouse: Path
) -> None:
    fail_controls(warehouse, is_blocking=True)
    found = audit()
    assert found.problems == [f"2 controls fail (receivables, bad_debt):\n{RECEIVABLES}\n{BAD_DEBT}"]
    assert found.warnings == []


def test_the_test_that_stands_for_the_controls_is_told_the_same_way(warehouse: Path) -> None:
    fail_controls(warehouse, is_blocking=True)
    test = f"test.tieout.{CONTROLS_TEST}"
    results = {"results": [_result(test, "fail", failures=2)]}
    found = audit_build(_manifest(_node(test)), results, warehouse)
    assert found.problems == [f"2 controls fail (receivables, bad_debt):\n{RECEIVABLES}\n{BAD_DEBT}"]


def test_controls_that_only_report_are_warnings(audit: Callable[..., Audit], warehouse: Path) -> None:
    fail_controls(warehouse, is_blocking=False)
    found = audit()
    assert found.problems == []
    assert found.warnings == [
        f"{RECEIVABLES}\n  It only reports, by policy.",
        f"{BAD_DEBT}\n  It only reports, by policy.",
    ]


def test_a_build_without_controls_is_not_published(audit: Callable[..., Audit], warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table marts.fct_controls_by_period")
    assert "fct_controls_by_period" in audit().problems[0]


LOAD_REPORT = [
    {"source": "billing", "table_name": "invoice", "rows_read": 60, "rows_quarantined": 1},
    {"source": "billing", "table_name": "invoice", "rows_read": 40, "rows_quarantined": 1},
    {"source": "billing", "table_name": "customer", "rows_read": 10, "rows_quarantined": 0},
]
QUARANTINED_ROWS = [
    {
        "source": "billing",
        "table_name": "invoice",
        "file_name": "billing/invoice.csv",
        "line_number": 17,
        "column_name": "total",
        "value": "12.5",
        "reason": "is no whole number",
    }
]


def test_quarantined_rows_beyond_the_policy_are_shown_with_file_line_column_and_value() -> None:
    (problem,) = audit_quarantine(LOAD_REPORT, QUARANTINED_ROWS, max_share=Decimal("0.019"))
    assert problem.startswith("2 of 100 rows of billing.invoice are in quarantine")
    for part in ("billing/invoice.csv", "17", "total", "12.5", "is no whole number"):
        assert part in problem


def test_a_value_that_may_name_a_person_is_not_told() -> None:
    cells = [
        {**QUARANTINED_ROWS[0], "source": "crm", "table_name": "contact", "value": value}
        for value in ("Berger", "ann@acme.example", "0151 12345678", "2024-13-01")
    ]
    report = [{"source": "crm", "table_name": "contact", "rows_read": 4, "rows_quarantined": 4}]
    (problem,) = audit_quarantine(report, cells, max_share=Decimal(0))
    assert not any(text in problem for text in ("Berger", "ann@acme", "0151"))
    assert "2024-13-01" in problem
    assert problem.count("(not shown, it may name a person)") == 3


@pytest.mark.parametrize("status", ["fail", "error"])
def test_rows_that_name_people_stay_in_the_private_build(warehouse: Path, status: str) -> None:
    model = "model.tieout.dim_contacts_restricted"
    manifest = _manifest(_node(model, tags=["restricted"]), _node(TEST, depends_on={"nodes": [model]}))
    results = [
        _result(model, "success"),
        _result(TEST, status, failures=1, message="Ann", compiled_code="select 'Ann' as name"),
    ]
    audit = audit_build(manifest, {"results": results}, warehouse)
    assert "Ann" not in str(audit.problems)
    assert "name people" in audit.problems[0]
    broken = audit_build(
        manifest, {"results": [_result(model, "error", message="cannot cast Ann")]}, warehouse
    )
    assert "Ann" not in str(broken.problems)


def test_quarantined_rows_within_the_policy_do_not_forbid_publication() -> None:
    assert audit_quarantine(LOAD_REPORT, QUARANTINED_ROWS, max_share=Decimal("0.02")) == []


def test_by_default_not_one_row_may_be_in_quarantine() -> None:
    assert len(audit_quarantine(LOAD_REPORT, QUARANTINED_ROWS, max_share=Decimal(0))) == 1
    assert audit_quarantine(LOAD_REPORT[2:], [], max_share=Decimal(0)) == []
