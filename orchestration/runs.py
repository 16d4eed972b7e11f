"""One run at a time: the home's lock, the journal of runs, and what a running run writes down about itself.

Add here what every run has, whichever steps it takes. What a step does (loading, building, publishing) and
how its failure reads belong to that step.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

from orchestration.alerting.delivery import deliver_due
from orchestration.alerting.outbox import Incident
from orchestration.alerts import BLOCKED, FAILURE, cause_of, raise_alert, resolve_incidents
from orchestration.engines.duckdb import WAREHOUSE_FILE_NAME
from orchestration.files import (
    append_record,
    flush_folder,
    keep_others_from_writing,
    make_private,
    read_records,
)
from orchestration.home_format import check_format, write_format
from orchestration.logs import DEBUG, ERROR, INFO, WARNING, log_line
from orchestration.months import UNDATED, MonthRange
from orchestration.reporting import JsonReporter, Reporter
from orchestration.settings import Settings
from orchestration.storage_trouble import HomeNotWritable, is_about_room, not_writable, what_to_do

# A reader of the lock's state (``tieout status``) holds it for an instant; a run waits that out instead of
# refusing.
MINIMUM_LOCK_WAIT_SECONDS = 1.0
LOCK_POLL_SECONDS = 0.1
# What an operator does to the home by hand; these runs neither load nor build.
ROLLBACK_JOB, ROLLED_BACK = "rollback", "rolled_back"
RESTORE_JOB, RESTORED = "restore", "restored"
OPERATOR_JOBS = frozenset({ROLLBACK_JOB, RESTORE_JOB})
# Of a private build, what holds rows; all of it can be built again.
PRIVATE_ROWS = (
    *("raw", "spill"),
    *(f"{WAREHOUSE_FILE_NAME}{suffix}" for suffix in ("", ".wal", ".tmp")),
)
LOAD_JOB, LOAD_END = "load", "loaded"
# How a run ended that loads and publishes what it is for; whatever kept an earlier one from it is over.
PUBLISHING_ENDS = frozenset({"published", "unchanged"})
# What a run may take at its beginning to tell of the one that was killed before it; a channel that hangs
# costs as much. What is left is told at its end.
SECONDS_AT_BEGINNING = 15.0
# Stands for the reason of every run that ended without a word.
KILLED_CAUSE = "killed"
# Whoever holds the home: it is one incident until a run has got through.
REFUSED_CAUSE = "refused"
# The calendar ends with 9999, and models look a year and a month ahead of the as-of.
LAST_AS_OF = date(9997, 12, 31)


class RunError(Exception):
    """A run cannot go on; the message is complete for the person who reads it and needs no traceback."""


class PublicationBlocked(RunError):
    """What the run has found forbids to publish: a test, a control, too many bad rows."""


class RunRefused(RunError):
    """Another run holds the home."""


class Overtaken(Exception):
    """While a run waited for the home, what it was to be for ceased to be so; nothing was begun."""


@dataclass(frozen=True)
class RunOptions:
    """What the operator asks of one run.

    Attributes:
        as_of: the last day to report on; None lets the data's own clock decide.
        known_at: UTC, without zone; only what was loaded by then counts. None is everything.
        accept_drop: tables (``billing.customer`` or ``customer``) that may shrink by more than the policy
            allows.
        force: build although nothing changed since the published version.
        months: only the files of these months are loaded of tables that come by month; None is all.
    """

    as_of: date | None = None
    known_at: datetime | None = None
    accept_drop: tuple[str, ...] = ()
    force: bool = False
    months: MonthRange | None = None


def read_as_of(text: str) -> date:
    """The day that an operator wrote as YYYY-MM-DD.

    Raises:
        ValueError: it is written otherwise, not in the calendar or too late; the message says which.
    """
    # Python reads more forms (20241130, 2024-W48-6), which a person may have meant as something else.
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"{text!r} is no date; write YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not in the calendar; write a day that exists as YYYY-MM-DD") from None
    if day > LAST_AS_OF:
        raise ValueError(f"{text!r} is too late to report on; the last day is {LAST_AS_OF}")
    return day


def read_known_at(text: str) -> datetime:
    """The moment that an operator wrote as YYYY-MM-DDTHH:MM:SS, in UTC without zone; UTC where it names none.

    Raises:
        ValueError: it is written otherwise or not in the calendar.
    """
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)", text):
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    raise ValueError(f"{text!r} is no time; write YYYY-MM-DDTHH:MM:SS, UTC unless it carries an offset")


def utc_now() -> datetime:
    """The present moment in UTC, without zone, as the control tables keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


# ---- the lock


def lock_file(settings: Settings) -> Path:
    """The file whose lock a run holds from its first to its last step."""
    return settings.home / "lock"


def _read_holder(settings: Settings) -> dict[str, Any] | None:
    """What the lock file says about who wrote it last; None when it says nothing."""
    try:
        holder = json.loads(lock_file(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return holder if isinstance(holder, dict) else None


def describe_holder(settings: Settings) -> str:
    """Who wrote the lock file last, as a readable phrase."""
    holder = _read_holder(settings)
    if holder is None:
        return "a process that has not said who it is"
    return (
        f"run {holder.get('run_id')} (process {holder.get('pid')} on {holder.get('host')}, "
        f"since {holder.get('since')} UTC)"
    )


@contextmanager
def home_lock(settings: Settings, run_id: str) -> Iterator[None]:
    """Hold the home for one run; released by the kernel however the process ends.

    Raises:
        RunRefused: another run holds it and did not finish within ``settings.lock_wait_seconds``.
        HomeTooNew: a later release wrote it in a form that this one may misread.
        HomeNotWritable: the home or its lock cannot be written to.
    """
    check_format(settings)
    path = lock_file(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise not_writable(settings.home, error) from error
    deadline = time.monotonic() + max(settings.lock_wait_seconds, MINIMUM_LOCK_WAIT_SECONDS)
    with opened as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise RunRefused(
                        f"Another run is using {settings.home}: {describe_holder(settings)}. "
                        "Nothing was done. Wait for it to finish, or set TIEOUT_LOCK_WAIT_SECONDS to let "
                        "this command wait."
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        _write_holder(
            file,
            {
                "run_id": run_id,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": utc_now().isoformat(sep=" ", timespec="seconds"),
            },
        )
        write_format(settings)
        try:
            yield
        finally:
            _write_holder(file, None)


def _write_holder(file: IO[str], holder: Mapping[str, Any] | None) -> None:
    # On a full disk nobody is told who it is; what makes room must be able to hold the home all the same.
    with contextlib.suppress(OSError):
        os.truncate(file.fileno(), 0)
        if holder is not None:
            os.write(file.fileno(), json.dumps(holder).encode())


def is_held(settings: Settings) -> bool:
    """Whether a run holds the home at this moment."""
    path = lock_file(settings)
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def running_now(settings: Settings) -> str | None:
    """Who holds the home at this moment, or None when no run does."""
    return describe_holder(settings) if is_held(settings) else None


@dataclass(frozen=True)
class Holder:
    """The process that holds the home; what it has not said is None. Times are UTC without zone.

    Attributes:
        last_sign_at: when anything was last written below its private folder; since when it holds the home
            where it has none.
        is_alive: whether the process is there; None when it is another machine's.
    """

    run_id: str | None
    pid: int | None
    host: str | None
    since: datetime | None
    last_sign_at: datetime | None
    is_alive: bool | None


def holder_now(settings: Settings) -> Holder | None:
    """Who holds the home at this moment and whether it does anything, or None when no run does."""
    if not is_held(settings):
        return None
    said = _read_holder(settings) or {}
    since = pid = None
    with contextlib.suppress(KeyError, TypeError, ValueError):
        since = datetime.fromisoformat(said["since"])
    with contextlib.suppress(KeyError, TypeError, ValueError):
        pid = int(said["pid"])
    run_id, host = said.get("run_id"), said.get("host")
    signs = [] if since is None else [since]
    # What is removed meanwhile, or may only be looked into by the home's owner, gives no sign.
    for folder, _, names in os.walk(settings.builds_dir / run_id) if run_id else ():
        for place in (Path(folder), *(Path(folder, name) for name in names)):
            with contextlib.suppress(OSError):
                signs.append(datetime.fromtimestamp(place.stat().st_mtime, UTC).replace(tzinfo=None))
    is_alive = None
    if pid is not None and host == socket.gethostname():
        try:
            os.kill(pid, 0)
            is_alive = True
        except ProcessLookupError:
            is_alive = False
        except PermissionError:
            is_alive = True
    return Holder(run_id, pid, host, since, max(signs, default=None), is_alive)


# ---- the journal


@dataclass(frozen=True)
class RunRecord:
    """What the journal knows about one run; times are UTC without zone.

    Attributes:
        run_id: Tieout's id, also the name of the build folder.
        scheduler_run_id: Dagster's id of the same run.
        job: the Dagster job that it ran.
        status: running, published, unchanged, loaded, rolled_back, restored, failed, interrupted (by Ctrl-C
            or SIGTERM), refused or killed.
        published_version: folder name of the version that it published, confirmed as unchanged or went back
            to, or None.
        summary: one line: what came of it.
        details: the whole message, for a failure.
        log: path of the run's own log.
        months: the months that it was asked to load, as text; None for all.
        changes: what it loaded anew: by table and month the rows added and removed.
    """

    run_id: str
    scheduler_run_id: str
    job: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    tests_passed: int | None
    tests_failed: int | None
    published_version: str | None
    summary: str
    details: str
    log: str
    months: str | None = None
    changes: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)


def journal_file(settings: Settings) -> Path:
    """Every run of this home: one line when it starts, one when it ends."""
    return settings.home / "runs.jsonl"


def read_journal(settings: Settings) -> list[RunRecord]:
    """All runs of a home, oldest first. A run that never wrote its end has the status ``running``."""
    runs: dict[str, RunRecord] = {}
    for record in read_records(journal_file(settings)):
        try:
            finished = record["finished_at"]
            runs[record["run_id"]] = RunRecord(
                run_id=record["run_id"],
                scheduler_run_id=record["scheduler_run_id"],
                job=record["job"],
                started_at=datetime.fromisoformat(record["started_at"]),
                finished_at=None if finished is None else datetime.fromisoformat(finished),
                status=record["status"],
                tests_passed=record["tests_passed"],
                tests_failed=record["tests_failed"],
                published_version=record["published_version"],
                summary=record["summary"],
                details=record["details"],
                log=record["log"],
                months=record.get("months"),
                changes=record.get("changes", {}),
            )
        except (KeyError, TypeError, ValueError):
            continue
    return list(runs.values())


def find_run(settings: Settings, scheduler_run_id: str) -> RunRecord | None:
    """The journal's record of a Dagster run, or None when that run never reached its first step."""
    return next(
        (run for run in reversed(read_journal(settings)) if run.scheduler_run_id == scheduler_run_id), None
    )


def _write_record(settings: Settings, record: RunRecord) -> None:
    values = dict(vars(record))
    for name in ("started_at", "finished_at"):
        values[name] = None if values[name] is None else values[name].isoformat()
    append_record(journal_file(settings), values)


# ---- a run


@dataclass
class Run:
    """A run that holds the home; the steps read its options and write down what became of them."""

    settings: Settings
    options: RunOptions
    run_id: str
    scheduler_run_id: str
    job: str
    started_at: datetime
    reporter: Reporter
    problems: list[str] = field(default_factory=list)
    status: str = "loaded"
    summary: str = "Loaded."
    tests_passed: int | None = None
    tests_failed: int | None = None
    published_version: str | None = None
    is_interrupted: bool = False
    changes: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    is_blocked: bool = False

    @property
    def folder(self) -> Path:
        """The run's private folder."""
        return self.settings.builds_dir / self.run_id

    @property
    def logs_dir(self) -> Path:
        """The run's own log and what the tools that it called wrote."""
        return self.folder / "logs"

    @property
    def log(self) -> Path:
        """The run's own log, one line per thing said."""
        return self.logs_dir / "run.log"

    def _write_log(self, text: str, level: str = INFO) -> None:
        line = log_line(text, self.settings.log_format, level=level, run_id=self.run_id)
        # A full disk is often what is being reported; it must not hide behind a second error.
        with contextlib.suppress(OSError), self.log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def note(self, text: str) -> None:
        """Say what is being done, to the person and to the log."""
        self._write_log(text)
        self.reporter.note(text)

    def detail(self, text: str) -> None:
        """Say what is being worked on: to the log, and to a person who watches."""
        self._write_log(text)
        self.reporter.detail(text)

    def warn(self, text: str) -> None:
        """Say what a person should look at although the run goes on."""
        self._write_log(text, WARNING)
        self.reporter.warn(text)

    def has_loaded(self, table: str, changes: Mapping[str, tuple[int, int]]) -> None:
        """Remember what a load changed of ``source.table``: by month the rows added and removed."""
        self.changes[table] = dict(changes)

    @property
    def months_touched(self) -> list[str]:
        """The months in which rows were added, removed or changed so far, oldest first."""
        return sorted({month for table in self.changes.values() for month in table if month != UNDATED})

    def will_publish(self, version: str) -> None:
        """Write down which earlier version is about to be current, for whoever finds this run dead."""
        self.published_version = version
        _write_record(self.settings, _record(self, "running", finished=False))

    def has_published(self, version: str, summary: str) -> None:
        """The new version is what readers see; nothing that happens later makes the run a failed one."""
        self.status, self.published_version, self.summary = "published", version, summary

    def fail(self, text: str, *, is_blocked: bool = False) -> None:
        """Write down why the run cannot publish; unless it already has, it ends as failed.

        Args:
            is_blocked: the run did its work, and what it found forbids to publish.
        """
        if self.status in ("published", ROLLED_BACK):
            self.warn(f"After the publication: {text}")
            return
        self.is_blocked = is_blocked and (self.is_blocked or not self.problems)
        advice = what_to_do(text, self.settings.home)
        if advice and not any(advice in problem for problem in self.problems) and advice not in text:
            text = f"{text}\n{advice}"
        self.problems.append(text)
        self._write_log(text, ERROR)

    def interrupt(self, text: str) -> None:
        """Write down that somebody ended the run, which is no failure of anything."""
        self.is_interrupted = True
        self.fail(text)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Turn whatever goes wrong inside into a problem of the run, a sentence and not a traceback.

        Args:
            name: what the step does, for the message: "load billing".

        Raises:
            RunError: always when something went wrong; the traceback of an unexpected error is in the log.
        """
        try:
            yield
        except RunError as error:
            self.fail(str(error), is_blocked=isinstance(error, PublicationBlocked))
            raise
        except Exception as error:
            self._write_log(traceback.format_exc(), DEBUG)
            message = f"Could not {name}: {type(error).__name__}: {error}"
            if advice := what_to_do(error, self.settings.home):
                message += f"\n{advice}"
            self.fail(message)
            raise RunError(message) from error
        except BaseException as error:
            # Ctrl-C, SIGTERM and the scheduler's own interruption arrive as one of several classes.
            if not isinstance(error, GeneratorExit):
                self.interrupt(f"Interrupted while it was about to {name}.")
            raise


def new_run_id(scheduler_run_id: str) -> str:
    """A name that sorts by time and points at the scheduler's run: ``20260131T020000Z-1a2b3c4d``."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{scheduler_run_id[:8]}"


@contextmanager
def open_run(
    settings: Settings,
    options: RunOptions,
    reporter: Reporter,
    *,
    scheduler_run_id: str = "",
    job: str = "nightly",
    on_killed: Callable[[RunRecord], None] | None = None,
    is_queued: bool = False,
    is_still_so: Callable[[], bool] = lambda: True,
) -> Iterator[Run]:
    """Take the home for one run, write its beginning and its end into the journal, and alert when it fails.

    Args:
        settings: the run's home and landing folder.
        options: what the operator asks.
        reporter: who listens.
        scheduler_run_id: Dagster's id; a new one is made up when there is none.
        job: the Dagster job's name.
        on_killed: told about every earlier run that died without writing its end.
        is_queued: the scheduler started it, so that it waits its turn instead of refusing at once.
        is_still_so: asked once the home is held, since another run may have changed it meanwhile.

    Raises:
        Overtaken: it is not; there is no run, and nobody is told.
        RunRefused: another run holds the home. That is written into the journal and alerted, too.
        RunError: the home cannot be written to. That is alerted, as far as it can be.
    """
    # A run may be started by something else than the command line.
    keep_others_from_writing()
    scheduler_run_id = scheduler_run_id or str(uuid.uuid4())
    run = Run(
        settings=settings,
        options=options,
        run_id=new_run_id(scheduler_run_id),
        scheduler_run_id=scheduler_run_id,
        job=job,
        started_at=utc_now(),
        reporter=reporter,
    )
    begun = False
    try:
        waits = max(settings.lock_wait_seconds, settings.queue_wait_seconds if is_queued else 0.0)
        with home_lock(replace(settings, lock_wait_seconds=waits), run.run_id):
            _bury_killed_runs(settings, on_killed)
            if not is_still_so():
                raise Overtaken
            deliver_due(settings, seconds=SECONDS_AT_BEGINNING)
            make_private(settings.builds_dir)
            run.logs_dir.mkdir(parents=True)
            if isinstance(reporter, JsonReporter):
                reporter.run_id = run.run_id
            _write_record(settings, _record(run, "running", finished=False))
            begun = True
            try:
                yield run
            except BaseException as error:
                if not run.problems:
                    tell = run.fail if isinstance(error, Exception) else run.interrupt
                    tell(str(error) or f"Interrupted ({type(error).__name__}).")
                raise
            finally:
                _finish(run)
    except RunRefused as error:
        run.problems.append(str(error))
        _alert(run, log="", incident=run_incident(run.job, FAILURE, REFUSED_CAUSE))
        _write_record(settings, _record(run, "refused", finished=True, log=""))
        raise
    except OSError as error:
        if begun:
            raise
        # It has no line in the journal yet, so that no later run would find it dead.
        told = str(error if isinstance(error, HomeNotWritable) else not_writable(settings.home, error))
        run.problems.append(told)
        _alert(run, log="", incident=run_incident(run.job, FAILURE, cause_of(told)))
        raise RunError(told) from error
    finally:
        # Without the home, which the next run may want. The run has come to its end, which an interruption of
        # this does not change.
        with contextlib.suppress(BaseException):
            deliver_due(settings)


def _finish(run: Run) -> None:
    status = ("interrupted" if run.is_interrupted else "failed") if run.problems else run.status
    if run.problems and (run.is_interrupted or any(is_about_room(problem) for problem in run.problems)):
        # There is nothing to look at in half a build, and its room may be all that is missing.
        remove_private_rows(run.folder)
    try:
        # First, since whoever finds a run dead that has not written its end tells about it, and only then.
        if run.problems:
            _alert(run, log=str(run.log))
        elif status in (*PUBLISHING_ENDS, LOAD_END):
            _resolve(run.settings, run.run_id, run.job, status, run.summary)
    finally:
        _write_record(run.settings, _record(run, status, finished=True))


def _record(run: Run, status: str, *, finished: bool, log: str | None = None) -> RunRecord:
    details = "\n\n".join(run.problems)
    return RunRecord(
        run_id=run.run_id,
        scheduler_run_id=run.scheduler_run_id,
        job=run.job,
        started_at=run.started_at,
        finished_at=utc_now() if finished else None,
        status=status,
        tests_passed=run.tests_passed,
        tests_failed=run.tests_failed,
        published_version=None if run.problems else run.published_version,
        summary=_first_line(details) if run.problems else run.summary if finished else "",
        details=details,
        log=str(run.log) if log is None else log,
        months=None if run.options.months is None else str(run.options.months),
        changes=run.changes,
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def _alert(run: Run, *, log: str, incident: str = "") -> None:
    details = "\n\n".join(run.problems)
    kind = BLOCKED if run.is_blocked else FAILURE
    what = f"Tieout {run.job} may not publish" if run.is_blocked else f"Tieout {run.job} failed"
    raise_alert(
        run.settings,
        alert_id=run.scheduler_run_id,
        run_id=run.run_id,
        summary=f"{what}: {_first_line(details)}",
        details=details,
        log=log,
        kind=kind,
        incident=incident or run_incident(run.job, kind, cause_of(details)),
        job=run.job,
        deliver=False,
    )


def run_incident(job: str, kind: str, cause: str) -> str:
    """The incident of a run that failed; none for what an operator does by hand, who stands beside it."""
    return "" if job in OPERATOR_JOBS else f"run:{kind}:{cause}"


def _resolve(settings: Settings, run_id: str, job: str, status: str, summary: str) -> None:
    """What kept earlier runs from their end is over: all of it after a publication, and after a load what
    befell loads."""

    def is_over(incident: Incident) -> bool:
        return incident.key.startswith("run:") and (
            status in PUBLISHING_ENDS or (job == LOAD_JOB == incident.job)
        )

    with contextlib.suppress(OSError):
        resolve_incidents(
            settings, alert_id=f"resolved-{run_id}", run_id=run_id, because=summary, is_over=is_over
        )


def rollback_alert_id(run_id: str) -> str:
    """Of the alert that says that readers see an earlier version."""
    return f"rollback-{run_id}"


def _as_killed(settings: Settings, run: RunRecord) -> RunRecord:
    """How a run ended that died without writing its end."""
    version = settings.current_link.readlink().name if settings.current_link.is_symlink() else ""
    if run.job == ROLLBACK_JOB and version and version == run.published_version:
        summary = f"Went back to version {version}, and was killed right after that."
        return replace(run, status=ROLLED_BACK, summary=summary)
    if version.endswith(f"-{run.run_id}"):
        # It died after the switch: what it published is whole and is what readers see.
        summary = f"Published version {version}, and was killed right after that."
        return replace(run, status="published", published_version=version, summary=summary)
    summary = "The run was killed: it ended without a word. Nothing was published by it."
    if run.job == RESTORE_JOB:
        summary = "The restore was killed; tieout restore --list says which rows are current."
    return replace(
        run, status="killed", published_version=None, summary=summary, details=f"{summary} Its log: {run.log}"
    )


def read_journal_with_killed(settings: Settings) -> list[RunRecord]:
    """All runs of a home, oldest first; one that died is told as such before the next run writes it down."""
    begun = {run.run_id for run in read_journal(settings) if run.status == "running"}
    if begun and running_now(settings) is not None:
        holder = _read_holder(settings)
        # One that has not said who it is may be any of them.
        begun = begun - {holder.get("run_id")} if holder else set()
    # Read again: a run that was seen running and has let go of the home since has also written its end.
    return [
        _as_killed(settings, run) if run.status == "running" and run.run_id in begun else run
        for run in read_journal(settings)
    ]


def _bury_killed_runs(settings: Settings, on_killed: Callable[[RunRecord], None] | None) -> None:
    """Runs that began and never ended are dead, because this process now holds the lock that they held."""
    for run in read_journal(settings):
        if run.status != "running":
            continue
        killed = _as_killed(settings, run)
        remove_private_rows(settings.builds_dir / run.run_id)
        if killed.status == ROLLED_BACK:
            raise_alert(
                settings,
                alert_id=rollback_alert_id(run.run_id),
                run_id=run.run_id,
                summary=f"Tieout was rolled back: {killed.summary}",
                log=run.log,
                deliver=False,
            )
        elif killed.status == "published":
            _resolve(settings, killed.run_id, killed.job, killed.status, killed.summary)
        else:
            alert_killed(settings, killed)
            if on_killed:
                on_killed(killed)
        # Last: killed before, the next run tells what this one has not.
        _write_record(settings, killed)


def alert_killed(settings: Settings, killed: RunRecord) -> bool:
    """Raise the alert of a run that ended without a word; True if nobody had. The next delivery sends it."""
    return raise_alert(
        settings,
        alert_id=killed.scheduler_run_id,
        run_id=killed.run_id,
        summary=f"Tieout {killed.job} failed: {killed.summary}",
        details=killed.details,
        log=killed.log,
        kind=FAILURE,
        incident=run_incident(killed.job, FAILURE, KILLED_CAUSE),
        job=killed.job,
        deliver=False,
    )


def remove_private_rows(build_folder: Path) -> None:
    """Drop the database, the raw snapshot and what sorts spilled of a private build; its logs stay."""
    for name in PRIVATE_ROWS:
        path = build_folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def tidy_builds(settings: Settings, *, keep: Sequence[str] = ()) -> None:
    """Remove the private folders of old runs; call it only while holding the home.

    The newest ``settings.versions_kept`` folders stay, so that a failed build can be looked at; so do those
    named in ``keep``.
    """
    if not settings.builds_dir.exists():
        return
    for folder in builds_beyond(settings, keep=keep):
        shutil.rmtree(folder, ignore_errors=True)
    flush_folder(settings.builds_dir)


def builds_beyond(settings: Settings, *, keep: Sequence[str] = ()) -> list[Path]:
    """The private folders of runs that are older than what is kept, oldest first."""
    if not settings.builds_dir.exists():
        return []
    folders = sorted(
        (path for path in settings.builds_dir.iterdir() if path.is_dir()), key=lambda path: path.name
    )
    return [folder for folder in folders[: -settings.versions_kept] if folder.name not in keep]
