"""One run at a time, and a journal that tells the truth about every run, also about those that died."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from orchestration import alerts, files, runs
from orchestration.alerts import alerts_file
from orchestration.files import read_records
from orchestration.reporting import SilentReporter
from orchestration.runs import (
    Run,
    RunError,
    RunOptions,
    RunRecord,
    RunRefused,
    find_run,
    lock_file,
    open_run,
    read_journal,
    read_journal_with_killed,
    running_now,
    tidy_builds,
)
from orchestration.settings import Settings
from tests.kill_points import killed_homes, spread, traced_files


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


def _open(settings: Settings, scheduler_run_id: str):
    return open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id=scheduler_run_id)


def _alerted(settings: Settings) -> list[str]:
    return [record["alert_id"] for record in read_records(alerts_file(settings))]


def _hold_home(settings: Settings, connection: Connection) -> None:
    with _open(settings, "holder-1"):
        connection.send("held")
        connection.recv()


def test_a_run_is_in_the_journal_from_its_beginning_to_its_end(settings: Settings) -> None:
    with _open(settings, "first-run") as run:
        assert find_run(settings, "first-run").status == "running"  # type: ignore[union-attr]
        assert run.run_id in (running_now(settings) or "")
        run.tests_passed = 12
        run.has_published("000001-x", "Published version 000001-x.")
    record = find_run(settings, "first-run")
    assert record is not None
    assert (record.status, record.published_version, record.tests_passed) == ("published", "000001-x", 12)
    assert record.finished_at is not None
    assert record.finished_at >= record.started_at
    assert running_now(settings) is None
    assert _alerted(settings) == []


def test_a_second_run_is_refused_and_told_who_holds_the_home(settings: Settings) -> None:
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_hold_home, args=(settings, theirs))
    process.start()
    try:
        assert ours.recv() == "held"
        with pytest.raises(RunRefused) as refused, _open(settings, "second-1"):
            pytest.fail("two runs hold one home")
        assert str(process.pid) in str(refused.value)
        assert find_run(settings, "holder-1").run_id in str(refused.value)  # type: ignore[union-attr]
        assert "TIEOUT_LOCK_WAIT_SECONDS" in str(refused.value)
    finally:
        ours.send("let go")
        process.join()
    assert find_run(settings, "second-1").status == "refused"  # type: ignore[union-attr]
    assert _alerted(settings) == ["second-1"]
    assert find_run(settings, "holder-1").status == "loaded"  # type: ignore[union-attr]


def _wait_for_home(settings: Settings, connection: Connection) -> None:
    connection.send("waiting")
    with _open(replace(settings, lock_wait_seconds=120), "waiter-1"):
        pass


def test_a_run_that_may_wait_goes_on_when_the_first_has_ended(settings: Settings) -> None:
    context = get_context("spawn")
    holder_side, holder_end = context.Pipe()
    waiter_side, waiter_end = context.Pipe()
    holder = context.Process(target=_hold_home, args=(settings, holder_end))
    waiter = context.Process(target=_wait_for_home, args=(settings, waiter_end))
    holder.start()
    assert holder_side.recv() == "held"
    waiter.start()
    assert waiter_side.recv() == "waiting"
    holder_side.send("let go")
    holder.join()
    waiter.join()
    first, second = find_run(settings, "holder-1"), find_run(settings, "waiter-1")
    assert first is not None and second is not None
    assert second.status == "loaded"
    assert second.finished_at is not None and first.finished_at is not None
    assert second.finished_at > first.finished_at


def _run_that_is_killed(settings: Settings) -> None:
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_hold_home, args=(settings, theirs))
    process.start()
    assert ours.recv() == "held"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def _told(settings: Settings) -> list[tuple[str, str]]:
    return [(run.scheduler_run_id, run.status) for run in read_journal_with_killed(settings)]


def test_a_killed_run_is_told_as_killed_before_the_next_run_and_while_it_goes_on(settings: Settings) -> None:
    _run_that_is_killed(settings)
    assert [run.status for run in read_journal(settings)] == ["running"]
    assert _told(settings) == [("holder-1", "killed")]
    # Only looked at: the next run still writes it down and alerts.
    assert _alerted(settings) == []
    with _open(settings, "next-one"):
        assert _told(settings) == [("holder-1", "killed"), ("next-one", "running")]
    assert _told(settings) == [("holder-1", "killed"), ("next-one", "loaded")]
    assert _alerted(settings) == ["holder-1"]


def test_a_run_that_goes_on_is_not_told_as_killed(settings: Settings) -> None:
    with _open(settings, "first-run"):
        assert _told(settings) == [("first-run", "running")]
        lock_file(settings).write_text("", encoding="utf-8")
        assert _told(settings) == [("first-run", "running")]


def test_a_killed_run_frees_the_home_and_is_reported_by_the_next(settings: Settings) -> None:
    _run_that_is_killed(settings)

    buried: list[RunRecord] = []
    with open_run(
        settings, RunOptions(), SilentReporter(), scheduler_run_id="next-one", on_killed=buried.append
    ):
        pass
    killed = find_run(settings, "holder-1")
    assert killed is not None
    assert (killed.status, killed.finished_at) == ("killed", None)
    assert [record.scheduler_run_id for record in buried] == ["holder-1"]
    assert _alerted(settings) == ["holder-1"]
    assert find_run(settings, "next-one").status == "loaded"  # type: ignore[union-attr]


def test_a_run_killed_after_it_published_counts_as_published(settings: Settings) -> None:
    _run_that_is_killed(settings)
    killed = find_run(settings, "holder-1")
    assert killed is not None
    settings.current_link.symlink_to(f"versions/000001-{killed.run_id}")
    assert _told(settings) == [("holder-1", "published")]

    with _open(settings, "next-one"):
        pass
    record = find_run(settings, "holder-1")
    assert record is not None
    assert (record.status, record.published_version) == ("published", f"000001-{killed.run_id}")
    assert _alerted(settings) == []


def _fail(run: Run, error: BaseException) -> None:
    with run.step("load billing"):
        raise error


def test_an_expected_failure_is_told_in_its_own_words(settings: Settings) -> None:
    with pytest.raises(RunError), _open(settings, "run-1") as run:
        _fail(run, RunError("billing.customer: 3 rows are bad\nsecond line"))
    record = find_run(settings, "run-1")
    assert record is not None
    assert (record.status, record.summary) == ("failed", "billing.customer: 3 rows are bad")
    assert record.details.endswith("second line")
    assert _alerted(settings) == ["run-1"]


def test_an_unexpected_failure_is_one_sentence_and_its_traceback_is_in_the_log(settings: Settings) -> None:
    with pytest.raises(RunError), _open(settings, "run-1") as run:
        _fail(run, ZeroDivisionError("division by zero"))
    record = find_run(settings, "run-1")
    assert record is not None
    assert record.summary == "Could not load billing: ZeroDivisionError: division by zero"
    assert "Traceback" not in record.details
    assert "Traceback" in Path(record.log).read_text(encoding="utf-8")


def test_an_interrupted_run_says_so_and_has_published_nothing(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt), _open(settings, "run-1") as run:
        _fail(run, KeyboardInterrupt())
    record = find_run(settings, "run-1")
    assert record is not None
    assert (record.status, record.published_version) == ("interrupted", None)
    assert "Interrupted" in record.summary
    assert running_now(settings) is None


def test_a_run_that_is_interrupted_after_the_switch_has_published(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt), _open(settings, "run-1") as run:
        run.has_published("000001-x", "Published version 000001-x.")
        _fail(run, KeyboardInterrupt())
    record = find_run(settings, "run-1")
    assert record is not None
    assert (record.status, record.published_version) == ("published", "000001-x")
    assert "Interrupted" in Path(record.log).read_text(encoding="utf-8")
    assert _alerted(settings) == []


def test_a_problem_that_a_step_swallowed_still_fails_the_run(settings: Settings) -> None:
    with _open(settings, "run-1") as run:
        run.fail("ledger was not loaded")
    assert find_run(settings, "run-1").status == "failed"  # type: ignore[union-attr]


def test_runs_are_listed_in_the_order_in_which_they_began(settings: Settings) -> None:
    for name in ("run-a", "run-b", "run-c"):
        with _open(settings, name):
            pass
    assert [record.scheduler_run_id for record in read_journal(settings)] == ["run-a", "run-b", "run-c"]


def test_old_private_builds_are_removed_and_the_newest_stay(settings: Settings) -> None:
    kept = replace(settings, versions_kept=2)
    for name in ("20240101T000000Z-a", "20240102T000000Z-b", "20240103T000000Z-c", "20240104T000000Z-d"):
        (settings.builds_dir / name / "logs").mkdir(parents=True)
    tidy_builds(kept, keep=["20240101T000000Z-a"])
    assert sorted(path.name for path in settings.builds_dir.iterdir()) == [
        "20240101T000000Z-a",
        "20240103T000000Z-c",
        "20240104T000000Z-d",
    ]


def _half_a_build(run_folder: Path) -> None:
    (run_folder / "raw" / "billing").mkdir(parents=True)
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal", "raw/billing/customer.parquet"):
        (run_folder / name).write_bytes(b"rows")


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (RunError("Test customers_are_well does not hold"), True),
        (KeyboardInterrupt(), False),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), False),
        (RunError(f"Model x could not be built: {os.strerror(errno.ENOSPC)}"), False),
    ],
)
def test_half_a_build_stays_only_where_there_is_something_to_look_at(
    settings: Settings, error: BaseException, stays: bool
) -> None:
    with pytest.raises(type(error) if not isinstance(error, OSError) else RunError):  # noqa: SIM117
        with _open(settings, "run-1") as run:
            _half_a_build(run.folder)
            _fail(run, error)
    record = find_run(settings, "run-1")
    assert record is not None
    assert (settings.builds_dir / record.run_id / "warehouse.duckdb").exists() is stays
    assert (settings.builds_dir / record.run_id / "raw").exists() is stays
    assert Path(record.log).exists()
    assert ("prune --disk-budget" in record.details) is (os.strerror(errno.ENOSPC) in str(error))


def test_the_rows_of_a_killed_run_go_with_the_next_one(settings: Settings) -> None:
    _run_that_is_killed(settings)
    killed = find_run(settings, "holder-1")
    assert killed is not None
    _half_a_build(settings.builds_dir / killed.run_id)
    with _open(settings, "next-one"):
        pass
    assert [path.name for path in (settings.builds_dir / killed.run_id).iterdir()] == ["logs"]


def test_a_home_that_cannot_be_locked_is_told_and_alerted_although_nothing_can_be_kept(
    settings: Settings, tmp_path: Path
) -> None:
    received = tmp_path / "received"
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read())"
    telling = replace(settings, alert_command=f"{sys.executable} -c {shlex.quote(program)}")
    lock_file(settings).mkdir(parents=True)
    with pytest.raises(RunError, match="cannot be written to: Is a directory"), _open(telling, "run-1"):
        pytest.fail("a run began")
    assert "cannot be written to" in received.read_text(encoding="utf-8")
    assert find_run(settings, "run-1") is None


def _end_a_failed_run(settings: Settings) -> None:
    with contextlib.suppress(RunError), _open(settings, "failed-1") as run:
        _fail(run, RunError("a test does not hold"))


@pytest.mark.parametrize("act", [_end_a_failed_run, lambda settings: _open(settings, "next-one").__enter__()])
def test_killed_while_it_tells_of_a_failure_the_next_run_tells_what_is_left(
    settings: Settings, act: Callable[[Settings], object]
) -> None:
    _run_that_is_killed(settings)
    ends = set()
    for home, _ in killed_homes(settings, act, traced_files(runs, files, alerts), points=spread(25)):
        ends.add(tuple(run.status for run in read_journal(home)))
        with _open(home, "last-one"):
            pass
        told = {run.scheduler_run_id for run in read_journal(home) if run.status in ("failed", "killed")}
        assert "holder-1" in told and told <= set(_alerted(home))
    assert len(ends) > 2, ends
