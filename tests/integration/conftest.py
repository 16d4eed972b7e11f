"""A small company built by dbt with every test of the project, unit tests included.

Add a fixture here when several integration tests ask about the one result. Builds through the command line
are in ``tests/conftest.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.raw.contract import read_contracts
from orchestration.raw.load import load_landing
from orchestration.raw.snapshot import write_snapshot, write_table
from orchestration.settings import DBT_PROJECT_DIR, dbt_environment
from orchestration.solvers.registry import SOLVERS, write_empty_tables
from tests.direct_builds import shared
from tests.small_landing import write_landing


@dataclass(frozen=True)
class DbtBuild:
    """What ``dbt build`` did with every model and test of the project.

    Attributes:
        warehouse: the built file.
        raw: the snapshot it read.
        manifest: dbt's description of the project.
        results: dbt's result by the unique id of a model, test or unit test, with its compiled SQL.
        output: what dbt printed.
    """

    warehouse: Path
    raw: Path
    manifest: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    output: str


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> DbtBuild:
    """The smallest company that loads, built with all data tests and unit tests."""
    home = shared(tmp_path_factory, "small_company", build_small_company)
    target = home / "target"
    results = {
        result["unique_id"]: result
        for result in json.loads((target / "run_results.json").read_text())["results"]
    }
    manifest = json.loads((target / "manifest.json").read_text())
    output = (home / "output.txt").read_text(encoding="utf-8")
    return DbtBuild(home / "warehouse.duckdb", home / "snapshot", manifest, results, output)


def build_small_company(home: Path) -> None:
    raw, target = home / "snapshot", home / "target"
    loaded = load_landing(
        home / "raw", write_landing(home / "landing"), loaded_at=datetime(2024, 3, 1, tzinfo=UTC)
    )
    snapshot = write_snapshot(home / "raw", raw)
    assert loaded.changed and not snapshot.quarantined_rows
    control: dict[str, list[dict[str, Any]]] = {
        "build_parameters": [{}],
        "load_report": snapshot.load_report,
        "quarantined_rows": [],
        "runs": [],
    }
    for name, contract in read_contracts()["control"].tables.items():
        write_table(contract, control[name], raw / "control" / f"{name}.parquet")
    # One command has no pause in which to solve: what depends on it must build without a row, too.
    for solver in SOLVERS:
        write_empty_tables(solver.writes, raw)
    warehouse = home / "warehouse.duckdb"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "build",
            "--target-path",
            str(target),
            "--log-path",
            str(home / "logs"),
        ],
        cwd=DBT_PROJECT_DIR,
        env={**os.environ, **dbt_environment(raw_snapshot=raw, warehouse_file=warehouse)},
        capture_output=True,
        text=True,
    )
    assert (target / "run_results.json").exists(), run.stdout + run.stderr
    (home / "output.txt").write_text(run.stdout, encoding="utf-8")
