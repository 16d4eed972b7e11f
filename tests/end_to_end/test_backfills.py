"""Backfills and changed files with the real scheduler: its page, its daemon, its sensor, and one run each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.partitions import FIRST_TAG, LAST_TAG
from orchestration.publication import list_versions
from orchestration.runs import RunRecord, read_journal
from orchestration.settings import PROJECT_ROOT, Settings
from tests.end_to_end.conftest import CommandLine, PublishedHome, attempts
from tests.end_to_end.scheduler_process import REPOSITORY, Scheduler, started_scheduler
from tests.small_landing import BILLING, put

HEADER, JANUARY, FEBRUARY = BILLING["invoice"].splitlines(keepends=True)
CORRECTED = FEBRUARY.replace("2000", "2500")
# A sensor that waits for files to be a day old waits as long as the test takes.
NO_SENSOR = {"TIEOUT_LANDING_SETTLE_SECONDS": "86400"}
QUICK_SENSOR = {"TIEOUT_LANDING_SETTLE_SECONDS": "2", "TIEOUT_LANDING_POLL_SECONDS": "1"}


@pytest.fixture
def monthly(published: PublishedHome, copied_home: Path, tmp_path: Path) -> Settings:
    """The published home, with a landing folder of the same rows in which invoices come by month."""
    landing = tmp_path / "landing"
    shutil.copytree(published.landing, landing)
    (landing / "billing/invoice.csv").unlink()
    put(landing, "billing/invoice/2024-01.csv", HEADER + JANUARY)
    put(landing, "billing/invoice/2024-02.csv", HEADER + FEBRUARY)
    return Settings(home=copied_home, landing=landing)


def until(is_so: Callable[[], Any], what: str, seconds: float = 900) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, what
        time.sleep(1)
    return found


def ended_since(settings: Settings, before: list[RunRecord]) -> list[RunRecord]:
    return [run for run in read_journal(settings)[len(before) :] if run.status != "running"]


@pytest.mark.slow
def test_a_backfill_of_two_months_from_the_page_is_one_run_and_one_version(
    tieout: CommandLine, monthly: Settings, network_guard: dict[str, str]
) -> None:
    before, versions = read_journal(monthly), len(list_versions(monthly))
    put(monthly.landing, "billing/invoice/2024-02.csv", HEADER + CORRECTED)
    with started_scheduler(tieout, monthly.home, monthly.landing, {**network_guard, **NO_SENSOR}) as page:
        assets = page.ask("{ assetNodes { assetKey { path } isPartitioned isExecutable } }")["assetNodes"]
        assert all(asset["isPartitioned"] for asset in assets if asset["isExecutable"])
        chosen = [asset["assetKey"]["path"] for asset in assets if asset["isExecutable"]]
        runs = page.backfill(chosen, ["2024-01", "2024-02"])
    assert [(run["status"], run["tags"][FIRST_TAG], run["tags"][LAST_TAG]) for run in runs] == [
        ("SUCCESS", "2024-01", "2024-02")
    ]
    (run,) = ended_since(monthly, before)
    assert (run.status, run.months) == ("published", "2024-01 to 2024-02")
    assert run.changes == {"billing.invoice": {"2024-02": [1, 1]}}
    assert len(list_versions(monthly)) == versions + 1


@pytest.mark.slow
def test_changed_files_make_one_run_also_when_they_grow_are_broken_or_the_scheduler_restarts(
    tieout: CommandLine, monthly: Settings, network_guard: dict[str, str]
) -> None:
    extra = {**network_guard, **QUICK_SENSOR}
    before, versions = read_journal(monthly), len(list_versions(monthly))
    february = monthly.landing / "billing/invoice/2024-02.csv"

    def asked(page: Scheduler) -> list[dict[str, Any]]:
        return [run for run in page.runs() if run["tags"].get("dagster/sensor_name") == "landing_changes"]

    def ticks(page: Scheduler) -> list[dict[str, Any]]:
        answer = page.ask(
            """
            query ($selector: SensorSelector!) {
              sensorOrError(sensorSelector: $selector) {
                ... on Sensor { sensorState { ticks(limit: 50) { tickId status skipReason } } }
              }
            }
            """,
            selector={**REPOSITORY, "sensorName": "landing_changes"},
        )
        found: list[dict[str, Any]] = answer["sensorOrError"]["sensorState"]["ticks"]
        return found

    def says(page: Scheduler, words: str) -> bool:
        return any((tick["skipReason"] or "").startswith(words) for tick in ticks(page)[:1])

    # While it grows nothing is started, however often it is looked at.
    february.write_text(HEADER, encoding="utf-8")
    with started_scheduler(tieout, monthly.home, monthly.landing, extra) as page:
        seen: set[str] = set()
        deadline = time.monotonic() + 600
        while len(seen) < 3:
            assert time.monotonic() < deadline, ticks(page)
            with february.open("a", encoding="utf-8") as file:
                file.write("in_9,unfinished\n")
            seen |= {tick["tickId"] for tick in ticks(page) if tick["skipReason"]}
            time.sleep(0.3)
        assert asked(page) == []
        # What it has become cannot be read: one run says so, and only one.
        (failed,) = until(lambda: asked(page), "a run for the broken file")
        assert page.end_of(failed["runId"]) == "FAILURE"
        until(lambda: says(page, "Asked for before and not loaded"), "the sensor leaves it alone")

    (failure,) = ended_since(monthly, before)
    assert failure.status == "failed"
    with started_scheduler(tieout, monthly.home, monthly.landing, extra) as page:
        until(lambda: says(page, "Asked for before and not loaded"), "the sensor looks again")
        assert len(asked(page)) == 1
        # Mended, with a row of January that came late.
        late = JANUARY.replace("in_1", "in_3").replace("01-01T", "01-15T")
        february.write_text(HEADER + CORRECTED + late, encoding="utf-8")
        until(lambda: len(asked(page)) == 2, "a run for the mended file")
        mended = asked(page)[0]
        assert page.end_of(mended["runId"]) == "SUCCESS"
        until(lambda: says(page, "Every file is loaded"), "the sensor sees that it is loaded")
        assert len(asked(page)) == 2
        marked = page.ask(
            """
            { assetNodeOrError(assetKey: {path: ["billing", "invoice"]}) {
                ... on AssetNode { assetPartitionStatuses {
                  ... on TimePartitionStatuses { ranges { status startKey endKey } } } } } }
            """
        )["assetNodeOrError"]["assetPartitionStatuses"]["ranges"]
    assert {"status": "MATERIALIZED", "startKey": "2024-01", "endKey": "2024-02"} in marked
    run = ended_since(monthly, before)[-1]
    assert (run.job, run.status) == ("backfill", "published")
    assert len(list_versions(monthly)) == versions + 1


def test_a_range_of_one_table_is_loaded_by_dagsters_own_command(
    tieout: CommandLine, monthly: Settings, network_guard: dict[str, str]
) -> None:
    """Raw tables alone are loaded and nothing is built; all assets are what a backfill of the page is."""
    before = read_journal(monthly)
    put(monthly.landing, "billing/invoice/2024-02.csv", HEADER + CORRECTED)
    put(monthly.landing, "billing/customer.csv", BILLING["customer"].replace("one@", "three@"))
    finished = subprocess.run(
        [
            *(sys.executable, "-c", "from dagster_dg_cli.cli import main; main()", "launch"),
            *("--assets", "key:billing/invoice", "--partition-range", "2024-01...2024-02"),
            *("-m", "orchestration.definitions"),
        ],
        cwd=tieout.folder,
        env={
            **tieout.environment({**network_guard, **monthly.environment()}),
            "DAGSTER_HOME": str(monthly.dagster_home),
            "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), network_guard["PYTHONPATH"], *sys.path]),
        },
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (run,) = ended_since(monthly, before)
    assert (run.status, run.months) == ("loaded", "2024-01 to 2024-02")
    assert run.changes == {"billing.invoice": {"2024-02": [1, 1]}}
    assert attempts(network_guard) == []
