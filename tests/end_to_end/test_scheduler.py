"""The scheduler as a process: `tieout dev` serves its page, keeps history in the home and runs the jobs."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.runs import read_journal
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine, PublishedHome, attempts


@dataclass
class Scheduler:
    """A running scheduler and what it says."""

    process: subprocess.Popen[str]
    port: int
    home: Path

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """One GraphQL request to its page."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_page(process: subprocess.Popen[str], port: int) -> None:
    """The page says that it is served a moment before it is."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"the scheduler ended with {process.returncode}")


@pytest.fixture
def scheduler(
    tieout: CommandLine, published: PublishedHome, copied_home: Path, network_guard: dict[str, str]
) -> Iterator[Scheduler]:
    port = _free_port()
    process = tieout.start(
        *("dev", "--port", str(port), "--home", str(copied_home), "--landing", str(published.landing)),
        extra=network_guard,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Serving dagster-webserver on http" in line:
            break
    # It goes on writing; a full pipe would stop it.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    try:
        _wait_for_page(process, port)
        yield Scheduler(process, port, copied_home)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


REPOSITORY = {"repositoryLocationName": "orchestration.definitions", "repositoryName": "__repository__"}


def test_the_scheduler_serves_runs_and_ends_cleanly(
    scheduler: Scheduler, network_guard: dict[str, str]
) -> None:
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
        "results": [{"name": "alert_on_failure", "sensorState": {"status": "RUNNING"}}]
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
        },
    )
    assert launched["launchRun"]["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["launchRun"]["run"]["runId"]
    assert _end_of(scheduler, run_id) == "SUCCESS"
    settings = Settings(home=scheduler.home, landing=scheduler.home)
    run = read_journal(settings)[-1]
    assert (run.scheduler_run_id, run.job, run.status) == (run_id, "load", "loaded")

    scheduler.process.send_signal(signal.SIGTERM)
    assert scheduler.process.wait() == 0
    assert attempts(network_guard) == []


def _end_of(scheduler: Scheduler, run_id: str) -> str:
    """The status with which a launched run ended; asks until it has."""
    while True:
        answer = scheduler.ask(
            "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id
        )
        status = answer["runOrError"]["status"]
        if status in ("SUCCESS", "FAILURE", "CANCELED"):
            return status
