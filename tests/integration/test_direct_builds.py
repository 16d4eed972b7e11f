"""What tests build without dbt is what the nightly publishes: every table, type, row, test and control."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.engines import duckdb as engine
from tests.conftest import EXAMPLE_LANDING
from tests.direct_builds import CompiledProject, build_models
from tests.small_landing import write_landing

COLUMNS = """
    select table_schema, table_name, column_name, data_type, is_nullable
    from information_schema.columns order by all
"""


@pytest.fixture(scope="module")
def direct(build_warehouse: Callable[..., Path]) -> Path:
    return build_warehouse(EXAMPLE_LANDING)


def record(warehouse: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((warehouse.parent / "build.json").read_text(encoding="utf-8"))
    return found


def test_the_same_tables_are_published(direct: Path, example_warehouse: Path) -> None:
    assert engine.read_rows(direct, COLUMNS) == engine.read_rows(example_warehouse, COLUMNS)
    tables, expected = record(direct)["tables"], record(example_warehouse)["tables"]
    # Both are about when a run was, which is not the same.
    times = {"fct_load_report", "fct_runs"}
    assert tables.keys() == expected.keys() > times
    assert {name for name in tables if tables[name] != expected[name]} <= times


def test_the_same_is_tested_and_controlled(direct: Path, example_warehouse: Path) -> None:
    about = ("tests_passed", "tests_warned", "controls", "as_of_at", "policies")
    found, expected = record(direct), record(example_warehouse)
    assert {name: found[name] for name in about} == {name: expected[name] for name in about}


def test_chosen_models_come_with_what_they_read_and_nothing_else(
    compiled_project: CompiledProject, tmp_path: Path
) -> None:
    landing = write_landing(tmp_path / "landing")
    built = build_models(compiled_project, landing, tmp_path / "home", ["stg_billing__prices", "int_months"])
    tables = {
        name
        for (name,) in engine.read_rows(
            built, "select distinct table_name from information_schema.tables"
        ).values
    }
    assert {"stg_billing__prices", "int_months", "int_run_settings", "metric_policies"} <= tables
    assert not {name for name in tables if name.startswith("fct_")}
