"""A build in two halves with solvers between: nothing is left out, counted twice or published half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import warehouse
from orchestration.engines import duckdb as engine
from orchestration.publication import current_version
from orchestration.raw.load import load_landing
from orchestration.reporting import SilentReporter
from orchestration.runs import RunError, RunOptions, open_run
from orchestration.settings import Settings
from orchestration.solvers.registry import SOLVERS, SOURCE, Solver
from orchestration.warehouse_asset import warehouse_asset
from tests.integration.conftest import DbtBuild
from tests.small_landing import write_landing


class CountingReporter(SilentReporter):
    """Keeps what it is told about progress."""

    def __init__(self) -> None:
        self.counts: list[tuple[int, int]] = []

    def progress(self, text: str, done: int, total: int) -> None:
        self.counts.append((done, total))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home", landing=write_landing(tmp_path / "landing"))
    load_landing(settings.raw_dir, settings.landing, loaded_at=datetime(2024, 3, 1, tzinfo=UTC))
    return settings


def test_every_node_is_built_once_and_counted_once(settings: Settings) -> None:
    reporter = CountingReporter()
    with open_run(settings, RunOptions(), reporter) as run:
        outcome = warehouse.build_and_publish(run)
    built = [result["unique_id"] for result in outcome.run_results["results"]]
    assert len(built) == len(set(built))
    assert any("retention_projection_fits" in name for name in built)
    total = len(built)
    assert reporter.counts == [(done, total) for done in range(1, total + 1)]


def test_what_was_solved_is_published(settings: Settings) -> None:
    with open_run(settings, RunOptions(), SilentReporter()) as run:
        version = warehouse.build_and_publish(run).version
    fits = engine.read_rows(
        version.warehouse_file,
        "select status, reason from marts.fct_retention_projection_fits where segment_type = 'all'",
    ).values
    assert [status for status, _ in fits] == ["refused"]
    assert fits[0][1].startswith("Too few accounts")


def test_a_solver_that_fails_is_told_and_nothing_is_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solve(rows: Sequence[Mapping[str, Any]], policies: Mapping[str, str]) -> dict[str, list[Any]]:
        raise ArithmeticError("it does not converge")

    broken = Solver("broken", SOLVERS[0].reads, SOLVERS[0].writes, solve)
    monkeypatch.setattr(warehouse, "SOLVERS", (broken,))
    with (
        pytest.raises(RunError, match=r"Solver broken failed .* ArithmeticError: it does not converge"),
        open_run(settings, RunOptions(), SilentReporter()) as run,
    ):
        warehouse.build_and_publish(run)
    assert current_version(settings) is None


def test_a_sandbox_that_was_never_built_gets_solved_tables_without_rows(settings: Settings) -> None:
    warehouse.refresh_sandbox(settings)
    for table in SOLVERS[0].writes:
        assert (settings.development_dir / "raw" / "solved" / f"{table}.parquet").is_file()


def test_one_dbt_command_builds_all_without_solved_rows_and_says_so(small_company: DbtBuild) -> None:
    statuses = engine.read_rows(
        small_company.warehouse,
        "select distinct status, reason is null from marts.fct_retention_projection_fits",
    ).values
    assert statuses == [("not_run", False)]
    survivals = engine.read_rows(
        small_company.warehouse,
        "select count(cohort_accounts) > 0, count(projected_survival_rate) "
        "from marts.fct_retention_projection_by_months_since",
    ).values
    assert survivals == [(True, 0)]


def test_solved_tables_stand_between_models_in_the_asset_graph(small_company: DbtBuild) -> None:
    asset = warehouse_asset(Settings(home=Path("home"), landing=Path("landing")), small_company.manifest)
    dependencies = {spec.key: {dep.asset_key for dep in spec.deps} for spec in asset.specs}
    for solver in SOLVERS:
        for table in solver.writes:
            key = dg.AssetKey([SOURCE, table])
            assert {one.path[-1] for one in dependencies[key]} == {solver.reads}
            assert any(key in others for others in dependencies.values())
