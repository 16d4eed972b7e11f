"""Real nightlies and a real scheduler whose processes are killed at random moments; minutes each, on demand.

Run them with ``pytest -m chaos -n 0 --chaos-seed N --chaos-tries N``; how a try goes follows from its seed as
far as the machine's speed lets it. What is killed at a chosen line, in any test run, is in ``tests/chaos``.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.alerts import alerts_file
from orchestration.files import read_records
from orchestration.operating import leftovers
from orchestration.publication import current_version, list_versions
from orchestration.runs import holder_now, is_held, read_journal
from orchestration.settings import Settings
from orchestration.verifying import verify_raw, verify_version
from tests.end_to_end.conftest import CommandLine, PublishedHome
from tests.end_to_end.scheduler_process import started_scheduler
from tests.kill_points import leftover_files
from tests.small_landing import BILLING, put

pytestmark = pytest.mark.chaos
# What a nightly says when it begins a step.
STEPS = ("Loading billing", "Finding out which records are one", "Building and testing", "Publishing")


def _children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text(encoding="utf-8")
        except OSError:
            continue
        if f"\nPPid:\t{pid}\n" in text:
            child = int(status.parent.name)
            found += [child, *_children(child)]
    return found


def _is_there(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def _wait_until_gone(pids: list[int]) -> None:
    while any(_is_there(pid) for pid in pids):
        time.sleep(0.1)


def _check_published(settings: Settings) -> None:
    for version in list_versions(settings):
        verified = verify_version(version)
        assert verified.is_whole, verified.differences


def _check_next_night(tieout: CommandLine, settings: Settings) -> None:
    """The next nightly publishes, all that failed is alerted, and nothing is left of it."""
    finished = tieout.run("nightly", "--force", *_place(settings))
    assert finished.code == 0, finished.errors
    _check_published(settings)
    assert verify_raw(settings.raw_dir).is_whole
    runs = read_journal(settings)
    assert runs[-1].status == "published"
    assert all(run.status != "running" for run in runs)
    raised = {record.get("alert_id") for record in read_records(alerts_file(settings))}
    assert {run.scheduler_run_id for run in runs if run.status in ("failed", "killed")} <= raised
    assert leftovers(settings) == [] and leftover_files(settings.home) == []


def _place(settings: Settings) -> list[str]:
    return ["--home", str(settings.home), "--landing", str(settings.landing)]


@pytest.fixture
def settings(published: PublishedHome, copied_home: Path, tmp_path: Path) -> Settings:
    """A published home, and a landing folder with a customer more."""
    landing = tmp_path / "landing"
    shutil.copytree(published.landing, landing)
    put(landing, "billing/customer.csv", BILLING["customer"] + "cus_3,,2024-02-03T09:00:00Z,usd,\n")
    return Settings(home=copied_home, landing=landing)


def _started(tieout: CommandLine, settings: Settings, step: str) -> subprocess.Popen[str]:
    """A nightly in a group of its own that has just begun a step."""
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "nightly", "--force", *_place(settings)],
        cwd=tieout.folder,
        env=tieout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if step in line:
            return process
    raise AssertionError(f"the nightly ended with {process.wait()} before {step!r}")


def test_a_killed_dbt_is_told_and_costs_only_the_night(tieout: CommandLine, settings: Settings) -> None:
    process = _started(tieout, settings, "Building and testing")
    dbt: list[int] = []
    while not dbt and process.poll() is None:
        dbt = [pid for pid in _children(process.pid) if "dbt_process" in _command(pid)]
    os.kill(dbt[0], signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "The dbt process was killed by SIGKILL" in errors
    assert "Traceback" not in errors
    run = read_journal(settings)[-1]
    assert run.status == "failed"
    assert run.scheduler_run_id in {record["alert_id"] for record in read_records(alerts_file(settings))}
    current = current_version(settings)
    assert current is not None and current.sequence == 1
    _check_next_night(tieout, settings)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_nightlies_killed_at_random_moments_leave_a_whole_version_and_no_work(
    tieout: CommandLine, settings: Settings, request: pytest.FixtureRequest
) -> None:
    """Each try kills the worker alone, or it and all that it started; the last one is followed by a night."""
    seed, tries = (request.config.getoption(f"--chaos-{name}") for name in ("seed", "tries"))
    for one in range(seed, seed + min(tries, 10)):
        chance = random.Random(one)
        process = _started(tieout, settings, chance.choice(STEPS))
        time.sleep(chance.random() * 10)
        started = _children(process.pid)
        if chance.random() < 0.5:
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        # What it has started ends with it, and lets go of the home.
        _wait_until_gone(started)
        assert not is_held(settings), f"seed {one}"
        _check_published(settings)
        print(f"seed {one}: killed, {current_version(settings)}")
    _check_next_night(tieout, settings)


@pytest.fixture
def quiet(network_guard: dict[str, str]) -> Iterator[dict[str, str]]:
    yield {**network_guard, "TIEOUT_LANDING_SETTLE_SECONDS": "0", "TIEOUT_LANDING_POLL_SECONDS": "5"}


@pytest.mark.parametrize("part", ["run worker", "daemon", "everything"])
def test_a_scheduler_that_loses_a_part_leaves_the_home_to_the_next(
    part: str, tieout: CommandLine, settings: Settings, quiet: dict[str, str]
) -> None:
    """The sensor starts a run for the changed file; while it holds the home, a part of the scheduler dies."""
    with started_scheduler(tieout, settings.home, settings.landing, quiet) as scheduler:
        while not is_held(settings):
            assert scheduler.process.poll() is None
            time.sleep(0.2)
        everything = [scheduler.process.pid, *_children(scheduler.process.pid)]
        worker = _holder(settings)
        daemons = [pid for pid in everything if "dagster" in _command(pid) and "daemon" in _command(pid)]
        assert worker in everything and daemons
        for pid in {"run worker": [worker], "daemon": daemons, "everything": everything}[part]:
            if _is_there(pid):
                os.kill(pid, signal.SIGKILL)
        if part != "run worker":
            # Without a part the rest ends by itself, and what runs comes to its end or is ended.
            scheduler.process.wait()
    _wait_until_gone([worker])
    assert not is_held(settings)
    _check_published(settings)
    _check_next_night(tieout, settings)


def _holder(settings: Settings) -> int:
    """The process that holds the home; it says who it is a moment after it has it."""
    while True:
        holder = holder_now(settings)
        if holder is not None and holder.pid is not None:
            return holder.pid
        time.sleep(0.1)
