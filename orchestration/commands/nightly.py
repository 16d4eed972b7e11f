"""``tieout nightly`` and ``tieout load``: a Dagster job in this process, and what came of it."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import traceback
import uuid
import warnings
from collections.abc import Iterator, Sequence
from typing import IO, Any

from orchestration.commands.base import (
    DONE,
    FAILED,
    AddCommand,
    CommandFailed,
    UsageError,
    keep_traceback,
    make_home,
    moment_text,
    one_line,
    read_with,
    without_dump,
)
from orchestration.reporting import format_table, reporter_for
from orchestration.runs import RunError, RunOptions, find_run, read_as_of, read_known_at, run_incident
from orchestration.settings import Settings, what_is_no_folder

# The statuses of a run that did what its job is for.
GOOD_ENDS = {
    "nightly": ("published", "unchanged"),
    "backfill": ("published", "unchanged"),
    "load": ("loaded",),
}
MOVEMENT_COLUMNS = (
    "opening_mrr",
    "new",
    "reactivation",
    "expansion",
    "contraction",
    "churn",
    "fx",
    "closing_mrr",
)
SHOWN_MONTHS = 6


def add_to(command: AddCommand) -> None:
    """Declare both commands."""
    nightly = command(
        "nightly", "Load the exports, build and test the warehouse, and publish it if everything holds."
    )
    nightly.add_argument(
        "--as-of",
        metavar="DATE",
        type=read_with(read_as_of),
        help="last day to report on (default: the data's own clock)",
    )
    nightly.add_argument(
        "--known-at",
        metavar="TIME",
        type=read_with(read_known_at),
        help="use only what was loaded by then, UTC (default: everything)",
    )
    nightly.add_argument("--force", action="store_true", help="build although nothing changed")
    add_accept_drop(nightly)

    add_accept_drop(command("load", "Load the exports into the raw layer and stop there."))


def add_accept_drop(to: argparse.ArgumentParser) -> None:
    """Declare the argument by which a table may shrink."""
    to.add_argument(
        "--accept-drop",
        metavar="TABLE",
        nargs="+",
        action="extend",
        default=[],
        help="load this table (billing.customer) although it lost more rows than the policy allows",
    )


def run_nightly(settings: Settings, arguments: argparse.Namespace) -> int:
    """Load, build, test and publish."""
    check_tables(arguments.accept_drop)
    check_landing(settings)
    from orchestration.warehouse import confirm_unchanged

    options = RunOptions(
        as_of=arguments.as_of,
        known_at=arguments.known_at,
        accept_drop=tuple(arguments.accept_drop),
        force=arguments.force,
    )
    reporter = reporter_for(sys.stderr, settings.log_format)
    try:
        with _telling_if_it_cannot_start(settings, "nightly"):
            make_home(settings)
            # The scheduler would write down every table and check of what did not happen, which takes far
            # longer.
            record = confirm_unchanged(settings, options, reporter)
    finally:
        reporter.close()
    if record is not None:
        _print_published(settings, record)
        return DONE
    return run_job(settings, options, "nightly")


def run_load(settings: Settings, arguments: argparse.Namespace) -> int:
    """Load and stop there."""
    check_tables(arguments.accept_drop)
    check_landing(settings)
    return run_job(settings, RunOptions(accept_drop=tuple(arguments.accept_drop)), "load")


def check_landing(settings: Settings) -> None:
    """A folder that is missing may come back, and its alert is for the operator; a file never was one."""
    if in_the_way := what_is_no_folder(settings.landing):
        raise UsageError(
            f"The landing folder {settings.landing} cannot be used: {in_the_way} is not a folder. Give the "
            "folder that holds billing/ with --landing or TIEOUT_LANDING."
        )


def check_tables(names: Sequence[str]) -> None:
    """Refuse a name that is no table's before anything begins."""
    if not names:
        return
    from orchestration.raw.contract import read_contracts

    known = {
        f"{source}.{table}" for source, contract in read_contracts().items() for table in contract.tables
    }
    known |= {name.partition(".")[2] for name in known}
    for name in names:
        if name not in known:
            raise UsageError(f"--accept-drop {name}: no such table; write for example billing.customer.")


def run_job(settings: Settings, options: RunOptions, job: str, tables: Sequence[str] | None = None) -> int:
    """Run a Dagster job in this process and print what came of it.

    Args:
        options: what the operator asks; the months are those that the scheduler's run is for.
        job: nightly, backfill or load.
        tables: only these (``source.table``) are loaded.
    """
    from orchestration.automation import alert_about

    reporter = reporter_for(sys.stderr, settings.log_format)
    try:
        with _telling_if_it_cannot_start(settings, job):
            make_home(settings)
            scheduler_run_id, problem = _execute(settings, options, job, reporter, tables)
    finally:
        reporter.close()
    record = find_run(settings, scheduler_run_id)
    if record is None:
        alert_about(settings, scheduler_run_id, problem, job=job)
        raise CommandFailed(f"The run ended before it began: {problem}")
    # Where the scheduler failed between two sources, those that were loaded are, and the others are not.
    loaded_in_part = job == "load" and record.status == "loaded" and bool(problem)
    if loaded_in_part or record.status not in GOOD_ENDS[job]:
        # A run that failed has alerted; one that the scheduler itself could not carry on has not.
        alert_about(settings, scheduler_run_id, problem, job=job)
        print(record.details or problem or record.summary, file=sys.stderr)
        if loaded_in_part:
            outcome = "Sources may be missing; load again."
        else:
            outcome = "Not loaded." if job == "load" else "Nothing was published."
        where = f" Log: {record.log}" if record.log else ""
        print(f"\n{outcome} {_still_published(settings)}{where}", file=sys.stderr)
        return FAILED
    if job == "load":
        print(record.summary)
    else:
        _print_published(settings, record)
    if problem:
        # What was asked for is done and whole; what came after it did not reach the reader of the numbers.
        print(f"WARNING: after that, {problem}", file=sys.stderr)
    return DONE


@contextlib.contextmanager
def _telling_if_it_cannot_start(settings: Settings, job: str) -> Iterator[None]:
    """Raise the alert of a run that never began, about which nobody else tells."""
    from orchestration.alerts import FAILURE, cause_of, raise_alert

    try:
        yield
    except RunError:
        # A run that began, or was refused, has told.
        raise
    except Exception as error:
        raise_alert(
            settings,
            alert_id=str(uuid.uuid4()),
            run_id="",
            summary=f"Tieout {job} could not start: {error}",
            details="".join(traceback.format_exception(error)),
            kind=FAILURE,
            incident=run_incident(job, FAILURE, cause_of(str(error))),
            job=job,
        )
        raise


def _execute(
    settings: Settings, options: RunOptions, job: str, reporter: Any, tables: Sequence[str] | None
) -> tuple[str, str]:
    """Run the job; Dagster's run id, and its own word on what failed ('' when all is well)."""
    import dagster as dg

    from orchestration.automation import COMMAND_TAG, run_configuration
    from orchestration.dbt_command import DbtError
    from orchestration.definitions import assets_with_tables, build_definitions, build_load_definitions
    from orchestration.months import MonthRange
    from orchestration.partitions import LOAD_JOB, present_month, range_tags
    from orchestration.scheduler_instance import open_instance

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    reporter.note(f"Home {settings.home}, landing {settings.landing}")
    try:
        if job == LOAD_JOB:
            definitions = build_load_definitions(settings, reporter)
        else:
            definitions = build_definitions(settings, reporter)
    except DbtError as error:
        raise CommandFailed(f"The dbt project cannot be read: {error}") from error
    run_id = str(uuid.uuid4())
    problem = ""
    with (
        contextlib.redirect_stderr(_StandardErrorWithoutDumps(sys.stderr)),
        open_instance(settings) as instance,
    ):
        try:
            months = options.months or MonthRange(present_month(), present_month())
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_id=run_id,
                tags={**range_tags(months), COMMAND_TAG: job},
                asset_selection=None if tables is None else assets_with_tables(definitions, tables),
                run_config={
                    **run_configuration(options),
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                raise_on_error=False,
            )
            if not result.success:
                problem = _first_failure(result) or "the run failed"
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            problem = "interrupted"
        except Exception as error:
            # Its own history could not be written, for example; what the run did is in the journal.
            problem = f"the scheduler failed: {one_line(error)} (details: {keep_traceback(settings.home)})"
    return run_id, problem


class _StandardErrorWithoutDumps(io.StringIO):
    """What the scheduler says by itself, which for its own database is a statement with all its values."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(without_dump(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def _first_failure(result: Any) -> str:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            return str(event.step_failure_data.error.message).strip()
        if event.is_failure and event.message:
            return str(event.message)
    return ""


def _still_published(settings: Settings) -> str:
    from orchestration.publication import PublicationError, current_version

    try:
        current = current_version(settings)
    except PublicationError as error:
        return str(error)
    if current is None:
        return "There is no published version yet."
    return f"Readers still see version {current.name}."


def _print_published(settings: Settings, record: Any) -> None:
    """The short table at the end: months, movements, tests, controls, and where it was published."""
    from orchestration.engines import duckdb as engine
    from orchestration.publication import current_version

    version = current_version(settings)
    assert version is not None
    build = version.record()
    amounts = ", ".join(f"{name}_amount" for name in MOVEMENT_COLUMNS)
    months = engine.read_rows(
        version.warehouse_file,
        f"select month, {amounts}, is_complete_month from marts.fct_mrr_bridge_by_month order by month desc",
        limit=SHOWN_MONTHS,
    ).values
    columns = ["month", *MOVEMENT_COLUMNS]
    rows = [
        [f"{row[0]:%Y-%m}{'' if row[-1] else ' *'}", *(f"{value:,.2f}" for value in row[1:-1])]
        for row in reversed(months)
    ]
    controls = ", ".join(f"{count} {status}" for status, count in build.get("controls", {}).items())
    print(record.summary)
    print()
    print(format_table(columns, rows, right_aligned=columns[1:]))
    if not all(row[-1] for row in months):
        print("* not over yet: up to the as-of")
    print()
    print(
        f"As of     {moment_text(build.get('as_of_at'))} UTC, "
        f"in {build.get('policies', {}).get('reporting_currency', '')}"
    )
    print(f"Tests     {build.get('tests_passed')} passed, {build.get('tests_warned')} warned")
    print(f"Controls  {controls or 'none'}")
    print(f"Published {settings.current_link / engine.WAREHOUSE_FILE_NAME} -> {version.folder}")


COMMANDS = {"nightly": run_nightly, "load": run_load}
