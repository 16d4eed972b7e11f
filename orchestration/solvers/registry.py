"""The list of solvers, and how one is run: it reads a table of the private build and writes a solved source.

Add a line to ``SOLVERS`` for a new solver, and declare the tables that it writes in
``dbt_project/models/staging/solved``. A solver is a pure function of rows and policies: it opens no file,
knows no clock and gives the same rows for the same rows in any order.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.engines import duckdb as engine
from orchestration.raw.contract import read_contracts
from orchestration.raw.snapshot import write_table
from orchestration.solvers import allocation, retention
from orchestration.solvers.errors import SolverError

SOURCE = "solved"
SCHEMA = "intermediate"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Solver:
    """One Python step.

    Attributes:
        name: what people call it.
        reads: the intermediate model whose rows it is given; must not itself depend on a solved table.
        writes: the tables of the source ``solved`` that it gives the rows of.
        solve: from rows and policies (by key) to the rows of each table that it writes.
    """

    name: str
    reads: str
    writes: tuple[str, ...]
    solve: Callable[[Rows, Mapping[str, str]], Mapping[str, Rows]]


SOLVERS = (
    Solver(
        name="retention_fit",
        reads="int_survivals_by_cohort_month",
        writes=("retention_fits", "retention_projections"),
        solve=retention.solve,
    ),
    Solver(
        name="overhead_allocation",
        reads="int_overhead_flows_by_month",
        writes=("overhead_allocations", "overhead_totals"),
        solve=allocation.solve,
    ),
)


def run_solver(
    solver: Solver, *, warehouse_file: Path, into: Path, policies: Mapping[str, str], logs_dir: Path
) -> None:
    """Run one solver and write its tables as ``<into>/solved/<table>.parquet``.

    Args:
        warehouse_file: the private build, in which the model that the solver reads is built; only read.
        into: the raw snapshot that the build reads.
        policies: the policies in force, by key.
        logs_dir: where the traceback of an unexpected error goes.

    Raises:
        SolverError: it could not read, solve or write; none of its tables is to be used.
    """
    try:
        solved = solver.solve(_read(solver, warehouse_file), policies)
    except SolverError:
        raise
    except Exception as error:
        logs_dir.mkdir(parents=True, exist_ok=True)
        details = logs_dir / f"solver_{solver.name}.txt"
        details.write_text(traceback.format_exc(), encoding="utf-8")
        raise SolverError(
            f"Solver {solver.name} failed on the rows of {solver.reads}: {type(error).__name__}: {error} "
            f"(details: {details})"
        ) from error
    if sorted(solved) != sorted(solver.writes):
        raise SolverError(
            f"Solver {solver.name} gave {', '.join(sorted(solved)) or 'no table'} and is declared to write "
            f"{', '.join(sorted(solver.writes))}."
        )
    try:
        _write(solved, into)
    except (TypeError, ValueError) as error:
        raise SolverError(f"Solver {solver.name} gave rows that its table cannot hold: {error}") from error


def write_empty_tables(tables: Iterable[str], into: Path) -> None:
    """Write solved tables without a row: what the models read where no solver has run."""
    _write({name: [] for name in tables}, into)


def _read(solver: Solver, warehouse_file: Path) -> list[dict[str, Any]]:
    try:
        rows = engine.read_rows(warehouse_file, f"select * from {SCHEMA}.{solver.reads}")
    except duckdb.Error as error:
        raise SolverError(f"Solver {solver.name} cannot read {solver.reads}: {error}") from error
    return [dict(zip(rows.columns, values, strict=True)) for values in rows.values]


def _write(tables: Mapping[str, Rows], into: Path) -> None:
    contracts = read_contracts()[SOURCE].tables
    for name, rows in tables.items():
        write_table(contracts[name], rows, into / SOURCE / f"{name}.parquet")
