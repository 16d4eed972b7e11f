"""The scheduler as a process: `tieout dev` serves its page, keeps history in the home and runs the jobs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.partitions import FIRST_TAG, LAST_TAG, PARTITION_TAG, present_month
from orchestration.runs import read_journal
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine, PublishedHome, attempts
from tests.end_to_end.scheduler_process import (
    REPOSITORY,
    Scheduler,
    listening_to_others,
    started_scheduler,
)


@pytest.fixture
def scheduler(
    tieout: CommandLine, published: PublishedHome, copied_home: Path, network_guard: dict[str, str]
) -> Iterator[Scheduler]:
    with started_scheduler(tieout, copied_home, published.landing, network_guard) as running:
        yield running


def test_the_scheduler_serves_runs_and_ends_cleanly(
    scheduler: Scheduler, network_guard: dict[str, str]
) -> None:
    assert listening_to_others(scheduler.process.pid) == []
    schedules = scheduler.ask(
        """
        query ($selector: RepositorySelector!) {
          schedulesOrError(repositorySelector: $selector) {
            ... on Schedules { results { name cronSchedule executionTimezone scheduleState { status } } }
            ... on PythonError { message }
          }
          sensorsOrError(repositorySelector: $selector) {
            ... on Sensors { results { name sensorState { status } } }
            ... on PythonError { message }
          }
        }
        """,
        selector=REPOSITORY,
    )
    assert schedules["schedulesOrError"] == {
        "results": [
            {
                "name": "nightly",
                "cronSchedule": "0 2 * * *",
                "executionTimezone": "UTC",
                "scheduleState": {"status": "RUNNING"},
            }
        ]
    }
    assert schedules["sensorsOrError"] == {
        "results": [
            {"name": "alert_on_failure", "sensorState": {"status": "RUNNING"}},
            {"name": "alert_on_standing", "sensorState": {"status": "RUNNING"}},
            {"name": "landing_changes", "sensorState": {"status": "RUNNING"}},
        ]
    }

    history = scheduler.ask("{ runsOrError { ... on Runs { results { jobName status } } } }")
    assert history["runsOrError"]["results"] == [{"jobName": "nightly", "status": "SUCCESS"}]

    launched = scheduler.ask(
        """
        mutation ($params: ExecutionParams!) {
          launchRun(executionParams: $params) {
            __typename
            ... on LaunchRunSuccess { run { runId } }
            ... on PythonError { message }
            ... on RunConfigValidationInvalid { errors { message } }
          }
        }
        """,
        params={
            "selector": {**REPOSITORY, "pipelineName": "load"},
            "runConfigData": {},
            "mode": "default",
            "executionMetadata": {"tags": [{"key": PARTITION_TAG, "value": present_month()}]},
        },
    )
    assert launched["launchRun"]["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["launchRun"]["run"]["runId"]
    assert scheduler.end_of(run_id) == "SUCCESS"
    settings = Settings(home=scheduler.home, landing=scheduler.home)
    run = read_journal(settings)[-1]
    assert (run.scheduler_run_id, run.job, run.status) == (run_id, "load", "loaded")

    # Two months of one table from the page are one run of its own.
    (backfill,) = scheduler.backfill([["billing", "invoice"]], ["2024-01", "2024-02"])
    tags = backfill["tags"]
    assert (backfill["status"], tags[FIRST_TAG], tags[LAST_TAG]) == ("SUCCESS", "2024-01", "2024-02")
    run = read_journal(settings)[-1]
    assert (run.scheduler_run_id, run.status, run.months) == (
        backfill["runId"],
        "loaded",
        "2024-01 to 2024-02",
    )

    scheduler.process.send_signal(signal.SIGTERM)
    assert scheduler.process.wait() == 0
    assert attempts(network_guard) == []
