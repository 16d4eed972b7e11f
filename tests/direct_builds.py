"""Builds with the SQL that dbt compiled but without dbt, whose own work takes longer than small tables do.

dbt compiles the project once for all tests. A build runs its statements in the order of their dependencies,
as dbt-duckdb would: views, tables, and tables with the types of their contract; then every data test.
Loading, solving, audit and publication are the project's own. That all of it gives what the nightly gives is
itself a test (``tests/integration/test_direct_builds.py``); unit tests and what dbt makes of a wrong contract
need dbt.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from orchestration import dbt_command, warehouse
from orchestration.dbt_process import RAW_PLACEHOLDER
from orchestration.engines import duckdb as engine
from orchestration.raw.contract import LANDING_SOURCES
from orchestration.raw.load import load_landing
from orchestration.reporting import SilentReporter
from orchestration.runs import RunOptions, open_run
from orchestration.settings import DBT_PROJECT_DIR, Settings, dbt_environment

Node = Mapping[str, Any]


def shared(folders: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` fills once for all processes of a test run; the others wait for it."""
    base = folders.getbasetemp()
    # Each process of pytest-xdist has a folder of its own in that of the run.
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / "shared" / name, root / "shared" / f"{name}.done"
    folder.parent.mkdir(exist_ok=True)
    with (root / "shared" / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@dataclass(frozen=True)
class CompiledProject:
    """What dbt made of the project: a manifest with compiled SQL, and a warehouse that holds the seeds.

    Sources are read from a placeholder, which a build replaces by its raw snapshot.
    """

    folder: Path

    @property
    def manifest_file(self) -> Path:
        return self.folder / "target" / "manifest.json"

    @property
    def seeds(self) -> Path:
        return self.folder / engine.WAREHOUSE_FILE_NAME

    @cached_property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.manifest_file.read_text(encoding="utf-8"))
        return manifest

    @cached_property
    def models(self) -> list[str]:
        """The ids of all models, each after those that it reads."""
        nodes = self.manifest["nodes"]
        graph = {name: node["depends_on"]["nodes"] for name, node in nodes.items() if _is(node, "model")}
        return [name for name in TopologicalSorter(graph).static_order() if name in graph]

    @cached_property
    def tests(self) -> list[str]:
        """The ids of all data tests."""
        return [name for name, node in self.manifest["nodes"].items() if _is(node, "test")]

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """The ids of models by the name that they are built under, and of all that they read."""
        nodes, wanted = self.manifest["nodes"], set(names)
        found = {name for name in self.models if nodes[name]["alias"] in wanted}
        assert len(found) == len(wanted), wanted
        for name in reversed(self.models):
            if name in found:
                found |= {read for read in nodes[name]["depends_on"]["nodes"] if read in nodes}
        return found

    def tests_of(self, models: set[str]) -> list[str]:
        """The ids of the data tests that read nothing but these models, seeds and sources."""
        nodes = self.manifest["nodes"]
        return [
            name
            for name in self.tests
            if not {
                read
                for read in nodes[name]["depends_on"]["nodes"]
                if read in nodes and _is(nodes[read], "model") and read not in models
            }
        ]


def _is(node: Node, resource_type: str) -> bool:
    return bool(node["resource_type"] == resource_type)


def compile_project(folder: Path) -> None:
    """Fill a folder with what ``CompiledProject`` reads."""
    environment = dbt_environment(
        raw_snapshot=Path(RAW_PLACEHOLDER), warehouse_file=folder / engine.WAREHOUSE_FILE_NAME
    )
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    # The second command goes on with what the first has parsed.
    for command in (["seed"], ["compile", "--select", "resource_type:model", "resource_type:test"]):
        run = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", *command],
            cwd=DBT_PROJECT_DIR,
            env={**os.environ, **environment, **places},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout + run.stderr


# ---- running what was compiled


class _Statements:
    """Runs the nodes of a compiled project on one file and keeps dbt's kind of results."""

    def __init__(self, project: CompiledProject, connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
        self._nodes = project.manifest["nodes"]
        self._connection = connection
        self._raw = str(raw.absolute()).replace("'", "''")
        self.results: list[dict[str, Any]] = [
            _result(name, "success") for name, node in self._nodes.items() if _is(node, "seed")
        ]

    def build_model(self, name: str) -> None:
        node = self._nodes[name]
        relation, sql = node["relation_name"], self._sql(node)
        self._connection.execute(f'create schema if not exists "{node["schema"]}"')
        if node["config"]["materialized"] == "view":
            self._connection.execute(f"create view {relation} as (\n{sql}\n)")
        elif node["contract"]["enforced"]:
            columns = {column: entry["data_type"] for column, entry in node["columns"].items()}
            typed = ", ".join(f"{column} {data_type}" for column, data_type in columns.items())
            names = ", ".join(columns)
            self._connection.execute(f"create table {relation} ({typed})")
            self._connection.execute(
                f"insert into {relation} ({names}) select {names} from (\n{sql}\n) as model_subq"
            )
        else:
            self._connection.execute(f"create table {relation} as (\n{sql}\n)")
        self.results.append(_result(name, "success"))

    def run_test(self, name: str) -> None:
        node = self._nodes[name]
        sql = self._sql(node)
        ((failures,),) = self._connection.execute(f"select count(*) from (\n{sql}\n) as found").fetchall()
        bad = "warn" if node["config"]["severity"].lower() == "warn" else "fail"
        self.results.append(_result(name, bad if failures else "pass", failures=failures, compiled_code=sql))

    def _sql(self, node: Node) -> str:
        return str(node["compiled_code"]).replace(RAW_PLACEHOLDER, self._raw)


def _result(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"unique_id": name, "status": status, "message": None, "execution_time": 0.0, **more}


@contextlib.contextmanager
def _opened(warehouse_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse_file)) as connection:
        # As in the project's profile.
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def _building(project: CompiledProject) -> Callable[..., dbt_command.BuildResult]:
    """Something to stand in for ``dbt_command.build``."""

    def build(
        _: Any,
        *,
        raw_snapshot: Path,
        warehouse_file: Path,
        target_path: Path,
        logs_dir: Path,
        solve: Callable[[], None],
        on_finished: Any,
    ) -> dbt_command.BuildResult:
        target_path.mkdir(parents=True)
        shutil.copyfile(project.seeds, warehouse_file)
        later = dbt_command.nodes_after_solving(project.manifest)
        with _opened(warehouse_file) as connection:
            first = _Statements(project, connection, raw_snapshot)
            for name in project.models:
                if name not in later:
                    first.build_model(name)
        solve()
        with _opened(warehouse_file) as connection:
            second = _Statements(project, connection, raw_snapshot)
            for name in project.models:
                if name in later:
                    second.build_model(name)
            for name in project.tests:
                second.run_test(name)
        run_results = {"results": first.results + second.results}
        results_file = target_path / dbt_command.RUN_RESULTS_FILE
        results_file.write_text(json.dumps(run_results), encoding="utf-8")
        return dbt_command.BuildResult(project.manifest, run_results, project.manifest_file, results_file)

    return build


def _load(settings: Settings, sources: Iterable[str]) -> None:
    # Policies decide how the other sources are judged while they load, so that they are first.
    for source in sources:
        load_landing(settings.raw_dir, settings.landing, loaded_at=datetime.now(UTC), sources=[source])


def publish(project: CompiledProject, landing: Path, home: Path, *, as_of: date | None = None) -> Path:
    """Load a landing folder, build, test and audit everything, and publish; gives the published file."""
    settings = Settings(home=home, landing=landing)
    with open_run(settings, RunOptions(as_of=as_of), SilentReporter()) as run:
        _load(settings, LANDING_SOURCES)
        with (
            patch.object(dbt_command, "build", _building(project)),
            patch.object(dbt_command, "parse_project", lambda _: None),
        ):
            outcome = warehouse.build_and_publish(run)
    return outcome.version.warehouse_file


def build_models(
    project: CompiledProject, landing: Path, home: Path, names: Iterable[str], *, is_tested: bool = False
) -> Path:
    """Load a landing folder and build some models with all that they read; gives the built file.

    The sandbox's way: nothing is solved, and what is built need not be fit for publication. Where it is
    tested, every data test on what was built must hold.
    """
    settings = Settings(home=home, landing=landing)
    _load(settings, LANDING_SOURCES)
    warehouse.refresh_sandbox(settings)
    folder = settings.development_dir
    built = folder / engine.WAREHOUSE_FILE_NAME
    shutil.copyfile(project.seeds, built)
    wanted = project.ancestors(names)
    with _opened(built) as connection:
        statements = _Statements(project, connection, folder / "raw")
        for name in project.models:
            if name in wanted:
                statements.build_model(name)
        if is_tested:
            tests = project.tests_of(wanted)
            assert tests
            for name in tests:
                statements.run_test(name)
            failed = [result for result in statements.results if result["status"] == "fail"]
            assert not failed, failed
    return built
