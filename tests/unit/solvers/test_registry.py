"""What every solver keeps to, and how one that fails is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.engines import duckdb as engine
from orchestration.raw.contract import read_contracts
from orchestration.raw.policies import default_policies
from orchestration.solvers.registry import (
    SOLVERS,
    SOURCE,
    Solver,
    SolverError,
    run_solver,
    write_empty_tables,
)
from tests.dbt_rendering import Project

SOLVER = next(solver for solver in SOLVERS if solver.name == "retention_fit")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A private build in which the survival of one cohort is built."""
    file = tmp_path / engine.WAREHOUSE_FILE_NAME
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            f"create table intermediate.{SOLVER.reads} as "
            "select 'all' as segment_type, 'all' as segment, date '2024-01-01' as cohort_month, "
            "unnest(range(8)) as months_since, 1000 as cohort_accounts, "
            "unnest([1000, 869, 743, 653, 593, 551, 517, 491]) as surviving_accounts"
        )
    return file


def run(solver: Solver, build: Path) -> Path:
    """Run it; the folder of its tables."""
    into = build.parent / "raw"
    run_solver(
        solver, warehouse_file=build, into=into, policies=default_policies(), logs_dir=build.parent / "logs"
    )
    return into / SOURCE


def test_every_declared_table_is_written_by_one_solver_and_every_solver_reads_a_model() -> None:
    written = [table for solver in SOLVERS for table in solver.writes]
    assert sorted(written) == sorted(read_contracts()[SOURCE].tables)
    models = {model.path.stem: model.path.parts[-3] for model in Project("duckdb").models()}
    assert {models[solver.reads] for solver in SOLVERS} <= {"intermediate"}


def test_no_solver_reads_what_depends_on_a_solved_table() -> None:
    texts = {model.path.stem: model.path.read_text() for model in Project("duckdb").models()}

    def depends_on_a_solver(model: str) -> bool:
        parents = [name for name in texts if f"ref('{name}')" in texts[model]]
        return f"source('{SOURCE}'" in texts[model] or any(map(depends_on_a_solver, parents))

    assert not [solver.name for solver in SOLVERS if depends_on_a_solver(solver.reads)]
    assert depends_on_a_solver("fct_retention_projection_fits")


def test_the_same_rows_give_the_same_bytes(build: Path) -> None:
    first = {path.name: path.read_bytes() for path in run(SOLVER, build).iterdir()}
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            f"create or replace table intermediate.{SOLVER.reads} as "
            f"from intermediate.{SOLVER.reads} order by surviving_accounts"
        )
    second = {path.name: path.read_bytes() for path in run(SOLVER, build).iterdir()}
    assert first == second
    assert sorted(first) == sorted(f"{table}.parquet" for table in SOLVER.writes)


def test_tables_of_a_solver_that_has_not_run_are_there_and_empty(tmp_path: Path) -> None:
    write_empty_tables(SOLVER.writes, tmp_path)
    for name in SOLVER.writes:
        table = pq.read_table(tmp_path / SOURCE / f"{name}.parquet")
        assert table.num_rows == 0
        assert table.schema.names == read_contracts()[SOURCE].tables[name].arrow_schema.names


def test_a_table_that_is_not_built_is_named(build: Path) -> None:
    other = Solver("other", reads="int_nowhere", writes=(), solve=lambda rows, policies: {})
    with pytest.raises(SolverError, match=r"Solver other cannot read int_nowhere: .*does not exist"):
        run(other, build)


def test_an_unexpected_error_is_one_sentence_and_its_traceback_is_kept(build: Path) -> None:
    def solve(rows: Sequence[Mapping[str, Any]], policies: Mapping[str, str]) -> dict[str, list[Any]]:
        raise ZeroDivisionError("nobody to divide by")

    with pytest.raises(SolverError) as failure:
        run(Solver("divide", SOLVER.reads, (), solve), build)
    details = build.parent / "logs" / "solver_divide.txt"
    assert str(failure.value) == (
        "Solver divide failed on the rows of int_survivals_by_cohort_month: ZeroDivisionError: nobody to "
        f"divide by (details: {details})"
    )
    assert "Traceback" in details.read_text()


@pytest.mark.parametrize(
    ("solved", "problem"),
    [
        ({}, "gave no table and is declared to write retention_fits"),
        ({"retention_fits": [], "other": []}, "gave other, retention_fits and is declared to write"),
        ({"retention_fits": [{"segment": "all"}]}, "a value is required"),
        ({"retention_fits": [{"colour": "red"}]}, "has no column 'colour'"),
    ],
)
def test_rows_that_no_table_can_hold_are_refused(
    build: Path, solved: dict[str, list[dict[str, Any]]], problem: str
) -> None:
    with pytest.raises(SolverError, match=problem):
        run(Solver("odd", SOLVER.reads, ("retention_fits",), lambda rows, policies: solved), build)


def test_a_binary_number_is_refused(build: Path) -> None:
    counts = dict.fromkeys(("account_count", "lost_account_count", "observed_month_count"), 1)
    row = {"segment_type": "all", "segment": "all", "status": "fitted", "alpha": 0.5, **counts}
    solver = Solver(
        "odd", SOLVER.reads, ("retention_fits",), lambda rows, policies: {"retention_fits": [row]}
    )
    with pytest.raises(SolverError, match="binary floats"):
        run(solver, build)
