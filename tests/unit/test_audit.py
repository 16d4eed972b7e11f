"""The audit: published only if everything was built, every blocking test spoke, and every control ties."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.audit import Audit, audit_build, audit_quarantine

MODEL = "model.tieout.fct_mrr"
TEST = "test.tieout.unique_grain_fct_mrr"
WARNING = "test.tieout.nice_to_have"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_controls_by_period (control varchar, status varchar)")
        connection.execute(
            "insert into marts.fct_controls_by_period "
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


def test_a_failing_control_forbids_publication_and_is_shown(
    audit: Callable[..., Audit], warehouse: Path
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into marts.fct_controls_by_period values ('ledger', 'fails')")
    found = audit()
    assert found.problems[0].startswith("1 control(s) fail:")
    assert "ledger" in found.problems[0]


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


def test_quarantined_rows_within_the_policy_do_not_forbid_publication() -> None:
    assert audit_quarantine(LOAD_REPORT, QUARANTINED_ROWS, max_share=Decimal("0.02")) == []


def test_by_default_not_one_row_may_be_in_quarantine() -> None:
    assert len(audit_quarantine(LOAD_REPORT, QUARANTINED_ROWS, max_share=Decimal(0))) == 1
    assert audit_quarantine(LOAD_REPORT[2:], [], max_share=Decimal(0)) == []
