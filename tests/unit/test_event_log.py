"""The scheduler's event log keeps its files open, and what it writes is what Dagster's own log reads."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.automation import open_instance, prepare_instance_folder
from orchestration.event_log import OpenEventLogStorage
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="table")])
def table() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="holds")])


def test_what_a_run_writes_is_read_by_dagsters_own_log(settings: Settings) -> None:
    with open_instance(settings) as instance:
        runs = [dg.materialize([table], instance=instance).run_id for _ in range(2)]
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert {run.run_id for run in instance.get_runs()} == set(runs)
        event = instance.get_latest_materialization_event(dg.AssetKey("table"))
        assert event is not None and event.run_id == runs[-1]
        for run in runs:
            kinds = [
                entry.dagster_event.event_type for entry in instance.all_logs(run) if entry.dagster_event
            ]
            assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
            assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in kinds


def test_a_file_is_opened_once_and_closed_in_the_end(settings: Settings) -> None:
    with open_instance(settings) as instance:
        storage = instance._event_storage
        storage = getattr(storage, "_storage", storage)
        log = getattr(storage, "event_log_storage", storage)
        assert isinstance(log, OpenEventLogStorage)
        dg.materialize([table], instance=instance)
        before = dict(log._engines)
        dg.materialize([table], instance=instance)
        # The index stays; of the runs the newest one's file is open.
        assert len(before) == len(log._engines) == 2
        assert log._engines["index"] is before["index"]
    assert not log._engines
    assert not list(settings.dagster_home.rglob("*-wal"))


def test_a_storage_that_an_operator_has_chosen_is_left_alone(settings: Settings) -> None:
    prepare_instance_folder(settings)
    elsewhere = settings.home / "elsewhere"
    with (settings.dagster_home / "dagster.yaml").open("a") as file:
        file.write(f"storage:\n  sqlite:\n    base_dir: {elsewhere}\n")
    with open_instance(settings) as instance:
        run = dg.materialize([table], instance=instance).run_id
    assert (elsewhere / "history" / "runs" / f"{run}.db").exists()
    assert not list((settings.dagster_home).rglob("*.db"))
