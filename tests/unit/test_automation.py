"""What the scheduler is told: run options, the nightly's time, alerts that a run could not raise itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration import warehouse
from orchestration.alerts import alerts_file, raise_alert
from orchestration.automation import (
    LOOK_SECONDS,
    alert_about,
    builds,
    nightly_schedule,
    read_run_configuration,
    run_configuration,
    standing_alert,
)
from orchestration.files import read_records
from orchestration.reporting import SilentReporter
from orchestration.runs import RunOptions, home_lock, journal_file, open_run
from orchestration.scheduler_instance import open_instance, prepare_instance_folder
from orchestration.settings import Settings
from tests.alert_servers import running_webhook


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(),
        RunOptions(
            as_of=date(2024, 2, 29),
            known_at=datetime(2024, 3, 1, 2, 30, 0, 5),  # noqa: DTZ001
            accept_drop=("billing.customer",),
            force=True,
        ),
    ],
)
def test_run_options_survive_the_scheduler(options: RunOptions) -> None:
    config = run_configuration(options)["resources"]["run"]["config"]
    assert read_run_configuration(config) == options


@pytest.mark.parametrize("day", ["9999-12-31", "20240229"])
def test_the_scheduler_takes_no_day_that_the_command_line_refuses(day: str) -> None:
    with pytest.raises(ValueError, match=day):
        read_run_configuration({"as_of": day, "accept_drop": [], "force": False})


def test_the_nightly_starts_at_the_hour_and_in_the_time_zone_of_the_settings(tmp_path: Path) -> None:
    schedule = nightly_schedule(
        Settings(
            home=tmp_path,
            landing=tmp_path,
            nightly_hour=4,
            nightly_minute=30,
            nightly_time_zone="Asia/Tokyo",
        )
    )
    assert schedule.cron_schedule == "30 4 * * *"
    assert schedule.execution_timezone == "Asia/Tokyo"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_home_that_is_held_at_the_hour_is_left_to_the_run_which_waits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "version_without_news", lambda *_: object())
    schedule = nightly_schedule(replace(settings, lock_wait_seconds=600))
    with home_lock(settings, "somebody"):
        answer = schedule()
    assert isinstance(answer, dg.RunRequest)
    # Nobody was refused, so nobody is told.
    assert not alerts_file(settings).exists()
    assert not journal_file(settings).exists()


def test_the_scheduler_keeps_its_history_in_the_home_and_sends_nothing_about_its_use(
    settings: Settings,
) -> None:
    with open_instance(settings) as instance:
        assert instance.is_persistent
        assert instance.root_directory == str(settings.dagster_home)
        assert instance.telemetry_enabled is False
        assert instance.nux_enabled is False


def test_a_scheduler_configuration_that_an_operator_changed_stays(settings: Settings) -> None:
    prepare_instance_folder(settings)
    file = settings.dagster_home / "dagster.yaml"
    changed = {**yaml.safe_load(file.read_text(encoding="utf-8")), "run_retries": {"enabled": False}}
    file.write_text(yaml.safe_dump(changed), encoding="utf-8")
    prepare_instance_folder(settings)
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == changed


def test_a_run_that_died_before_its_first_step_is_alerted_by_the_scheduler(settings: Settings) -> None:
    assert alert_about(settings, "scheduler-run", "The code location could not be loaded.", job="nightly")
    (alert,) = read_records(alerts_file(settings))
    assert alert["summary"] == "Tieout run failed: The code location could not be loaded."


def test_a_good_load_ends_what_befell_one_that_never_began(settings: Settings) -> None:
    assert alert_about(settings, "scheduler-run", "interrupted", job="load")
    with open_run(settings, RunOptions(), SilentReporter(), job="load"):
        pass
    _, resolved = read_records(alerts_file(settings))
    assert resolved["answers"] == ["scheduler-run"]


def test_a_run_that_alerted_itself_is_not_alerted_again(settings: Settings) -> None:
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="scheduler-run") as run:
        run.fail("billing was not loaded")
    assert not alert_about(settings, "scheduler-run", "Steps failed: ['load_billing'].", job="nightly")
    assert len(read_records(alerts_file(settings))) == 1


def test_a_run_that_died_is_the_same_incident_whoever_finds_it(settings: Settings) -> None:
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="night-1", job="nightly"):
        begun = journal_file(settings).read_bytes()
    # What a killed run leaves: its beginning, and a lock that nobody holds.
    journal_file(settings).write_bytes(begun)
    assert alert_about(settings, "night-1", "The run worker has ended unexpectedly.", job="nightly")
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="night-2", job="nightly"):
        begun = journal_file(settings).read_bytes()
    journal_file(settings).write_bytes(begun)
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="night-3", job="nightly"):
        pass
    first, second = read_records(alerts_file(settings))
    assert (first["alert_id"], second["alert_id"]) == ("night-1", "night-2")
    assert second["told_before"] == "night-1"


def test_the_scheduler_looks_at_the_home_and_sends_what_has_not_arrived(settings: Settings) -> None:
    with running_webhook() as hook:
        told = replace(settings, alert_webhook=hook.url)
        sensor = standing_alert(told)
        assert sensor.minimum_interval_seconds == LOOK_SECONDS
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        assert _skipped(sensor) == "There is nothing to tell."
        raise_alert(told, alert_id="a", run_id="", summary="It failed", deliver=False)
        settings.current_link.symlink_to("versions/000009-gone")
        assert "Told: " in _skipped(sensor)
        assert [text.splitlines()[0].partition(":")[0] for text in hook.texts] == [
            "It failed",
            "Tieout has a problem",
        ]
        assert _skipped(sensor) == "There is nothing to tell."
        assert len(hook.texts) == 2


def _skipped(sensor: dg.SensorDefinition) -> str:
    return str(sensor.evaluate_tick(dg.build_sensor_context()).skip_message)


@pytest.mark.parametrize(
    ("job", "selection", "is_to_publish"),
    [
        ("nightly", None, True),
        ("backfill", None, True),
        ("load", None, False),
        ("__ASSET_JOB", None, True),
        ("backfill", [["billing", "invoice"], ["published_warehouse"]], True),
        ("__ASSET_JOB", [["billing", "invoice"]], False),
        ("__ASSET_JOB", [["fct_mrr_events"]], True),
    ],
)
def test_a_run_that_ends_between_two_steps_is_not_taken_for_a_load(
    job: str, selection: list[list[str]] | None, is_to_publish: bool
) -> None:
    keys = None if selection is None else frozenset(dg.AssetKey(path) for path in selection)
    assert builds(dg.DagsterRun(job_name=job, asset_selection=keys)) == is_to_publish
