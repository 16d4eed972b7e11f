"""The command line ``tieout``: each command is a thin front on a Dagster job or on the published version.

Add a command here when an operator or an analyst needs it in a terminal. What it does is a function
elsewhere; here are its arguments, what it prints, and its exit code: 0 done, 1 not done because something
failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import IO, Any

from orchestration.explaining import ExplainError, UnknownName, explain, read_month
from orchestration.reporting import format_table, reporter_for
from orchestration.runs import (
    RunError,
    RunOptions,
    find_run,
    read_as_of,
    read_journal_with_killed,
    read_known_at,
    running_now,
)
from orchestration.settings import PROJECT_ROOT, Settings, SettingsError, what_is_no_folder

DONE, FAILED, USAGE = 0, 1, 2
# The statuses of a run that did what its job is for.
GOOD_ENDS = {"nightly": ("published", "unchanged"), "load": ("loaded",)}

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
SHOWN_RUNS = 10
# A table is for eyes; more rows than this are for a file, which --format csv writes without holding them in
# memory.
TABLE_ROWS = 10_000
FETCH_ROWS = 10_000
# What SQLAlchemy, in which the scheduler keeps its history, adds to the message of a database.
DATABASE_DUMP = re.compile(
    r"\s*\[SQL: .*?(?=\s*\(Background on this error|\Z)|\s*\(Background on this error at: \S+\)", re.DOTALL
)


class CommandFailed(Exception):
    """The command could not do its work; the message is for the person who typed it."""


class UsageError(Exception):
    """The command was given something that it cannot take."""


# ---- arguments


def _read_with(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of arguments whose errors are shown in their own words."""

    def read_argument(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 1 to 65535")
    return int(text)


def build_parser() -> argparse.ArgumentParser:
    """The arguments of all commands; ``--home`` and ``--landing`` may stand before or after the command."""
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="everything Tieout writes (default: ./warehouse)",
    )
    places.add_argument(
        "--landing",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the folder with the exports (default: ./seeds)",
    )
    parser = argparse.ArgumentParser(
        prog="tieout",
        description="Subscription metrics that tie out: load exports, build and test the warehouse, publish.",
        epilog="Exit codes: 0 done, 1 something failed and nothing was published, 2 wrong usage.",
        parents=[places],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[places], allow_abbrev=False)

    def add_accept_drop(to: argparse.ArgumentParser) -> None:
        to.add_argument(
            "--accept-drop",
            metavar="TABLE",
            nargs="+",
            action="extend",
            default=[],
            help="load this table (billing.customer) although it lost more rows than the policy allows",
        )

    nightly = command(
        "nightly", "Load the exports, build and test the warehouse, and publish it if everything holds."
    )
    nightly.add_argument(
        "--as-of",
        metavar="DATE",
        type=_read_with(read_as_of),
        help="last day to report on (default: the data's own clock)",
    )
    nightly.add_argument(
        "--known-at",
        metavar="TIME",
        type=_read_with(read_known_at),
        help="use only what was loaded by then, UTC (default: everything)",
    )
    nightly.add_argument("--force", action="store_true", help="build although nothing changed")
    add_accept_drop(nightly)

    add_accept_drop(command("load", "Load the exports into the raw layer and stop there."))

    dbt = command("dbt", "Run any dbt command on a sandbox that is never published: tieout dbt -- build")
    dbt.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- ARGS", help="what dbt is given")

    command("status", "Show what is published, who is running and how the last runs ended.")

    query = command("query", "Run one reading SQL statement on the published version.")
    query.add_argument("sql", help="for example: select * from fct_mrr_bridge_by_month")
    query.add_argument("--format", choices=["table", "csv", "json"], default="table")
    query.add_argument(
        "--restricted",
        action="store_true",
        help="read what names people, too; who may is decided by the group of restricted.duckdb",
    )

    explanation = command(
        "explain", "Show what an account cost in a month, from its margin down to the lines of the ledger."
    )
    explanation.add_argument(
        "--account",
        required=True,
        help="its id or name, the id of a billing customer or CRM company, or unallocated",
    )
    explanation.add_argument("--month", metavar="YYYY-MM", required=True, type=_read_with(read_month))
    explanation.add_argument("--bucket", help="only this bucket of costs, for example hosting")

    erasure = command(
        "erase", "Take a person out of everything under the home, and keep the person out of later loads."
    )
    erasure.add_argument(
        "--contact", metavar="ID", nargs="+", action="extend", default=[], help="id of a card in the CRM"
    )
    erasure.add_argument(
        "--email", metavar="ADDRESS", nargs="+", action="extend", default=[], help="an address of the person"
    )
    erasure.add_argument(
        "--customer", metavar="ID", nargs="+", action="extend", default=[], help="id of a billing customer"
    )
    erasure.add_argument("--dry-run", action="store_true", help="only list what is held of the person")

    prune = command("prune", "Remove what is older than the company's policies keep.")
    prune.add_argument(
        "--raw",
        action="store_true",
        required=True,
        help="raw objects that no state within the policy raw_retention_days needs",
    )
    prune.add_argument("--dry-run", action="store_true", help="only say how much would go")

    dev = command("dev", "Start the scheduler and its web page on this machine, until Ctrl-C.")
    dev.add_argument("--port", type=_port, default=3000, help="of the web page on 127.0.0.1 (default: 3000)")
    return parser


def _make_home(settings: Settings) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"The home {settings.home} cannot be made: {error.strerror or error}.") from error


# ---- nightly and load


def _check_landing(settings: Settings) -> None:
    """A folder that is missing may come back, and its alert is for the operator; a file never was one."""
    if in_the_way := what_is_no_folder(settings.landing):
        raise UsageError(
            f"The landing folder {settings.landing} cannot be used: {in_the_way} is not a folder. Give the "
            "folder that holds billing/ with --landing or TIEOUT_LANDING."
        )


def _check_tables(names: Sequence[str]) -> None:
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


def _nightly(settings: Settings, arguments: argparse.Namespace) -> int:
    _check_tables(arguments.accept_drop)
    _check_landing(settings)
    options = RunOptions(
        as_of=arguments.as_of,
        known_at=arguments.known_at,
        accept_drop=tuple(arguments.accept_drop),
        force=arguments.force,
    )
    return _run_job(settings, options, "nightly")


def _load(settings: Settings, arguments: argparse.Namespace) -> int:
    _check_tables(arguments.accept_drop)
    _check_landing(settings)
    return _run_job(settings, RunOptions(accept_drop=tuple(arguments.accept_drop)), "load")


def _run_job(settings: Settings, options: Any, job: str) -> int:
    """Run a Dagster job in this process and print what came of it."""
    from orchestration.alerts import raise_alert

    reporter = reporter_for(sys.stderr)
    try:
        _make_home(settings)
        scheduler_run_id, problem = _execute(settings, options, job, reporter)
    except Exception as error:
        # The run itself never began, so nobody else tells.
        raise_alert(
            settings,
            alert_id=str(uuid.uuid4()),
            run_id="",
            summary=f"Tieout {job} could not start: {error}",
            details="".join(traceback.format_exception(error)),
        )
        raise
    finally:
        reporter.close()
    record = find_run(settings, scheduler_run_id)
    if record is None:
        raise CommandFailed(f"The run ended before it began: {problem}")
    # Where the scheduler failed between two sources, those that were loaded are, and the others are not.
    loaded_in_part = job == "load" and record.status == "loaded" and bool(problem)
    if loaded_in_part or record.status not in GOOD_ENDS[job]:
        from orchestration.automation import alert_about

        # A run that failed has alerted; one that the scheduler itself could not carry on has not.
        alert_about(settings, scheduler_run_id, problem)
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


def _execute(settings: Settings, options: Any, job: str, reporter: Any) -> tuple[str, str]:
    """Run the job; Dagster's run id, and its own word on what failed ('' when all is well)."""
    import dagster as dg

    from orchestration.automation import LOAD_JOB, open_instance, run_configuration
    from orchestration.dbt_command import DbtError
    from orchestration.definitions import build_definitions, build_load_definitions

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
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_id=run_id,
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
            problem = f"the scheduler failed: {_one_line(error)} (details: {_keep_traceback(settings.home)})"
    return run_id, problem


class _StandardErrorWithoutDumps(io.StringIO):
    """What the scheduler says by itself, which for its own database is a statement with all its values."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(_without_dump(text))
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


def _moment_text(moment: str | None) -> str:
    """A time of the build record as people write it, to the second."""
    return "an unknown time" if moment is None else moment.replace("T", " ").partition(".")[0]


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
        f"As of     {_moment_text(build.get('as_of_at'))} UTC, "
        f"in {build.get('policies', {}).get('reporting_currency', '')}"
    )
    print(f"Tests     {build.get('tests_passed')} passed, {build.get('tests_warned')} warned")
    print(f"Controls  {controls or 'none'}")
    print(f"Published {settings.current_link / engine.WAREHOUSE_FILE_NAME} -> {version.folder}")


# ---- dbt, status, query, dev


def _dbt(settings: Settings, arguments: argparse.Namespace) -> int:
    given = list(arguments.arguments)
    if given[:1] == ["--"]:
        given = given[1:]
    if not given:
        raise UsageError("tieout dbt -- ARGS: say what dbt should do, for example: tieout dbt -- build")

    from orchestration.dbt_command import run_in_sandbox
    from orchestration.engines.duckdb import WAREHOUSE_FILE_NAME
    from orchestration.warehouse import refresh_sandbox

    _make_home(settings)
    if (settings.raw_dir / "manifest.jsonl").exists():
        refresh_sandbox(settings)
    else:
        print(f"Nothing is loaded in {settings.home} yet; `tieout load` loads the exports.", file=sys.stderr)
    if not (settings.development_dir / WAREHOUSE_FILE_NAME).exists() and given[0] in ("build", "run", "test"):
        print(
            "The sandbox is empty; a part can be built once `tieout dbt -- build` has built all.",
            file=sys.stderr,
        )
    return run_in_sandbox(settings, given)


def _status(settings: Settings, arguments: argparse.Namespace) -> int:
    from orchestration.publication import current_version, list_versions

    current = current_version(settings)
    print(f"Home       {settings.home}")
    if current is None:
        print("Published  nothing yet; `tieout nightly` publishes")
    else:
        build = current.record()
        print(f"Published  {current.warehouse_file}")
        published_at, as_of_at = _moment_text(build.get("published_at")), _moment_text(build.get("as_of_at"))
        print(f"           version {current.name}, published {published_at} UTC")
        print(f"           as of {as_of_at} UTC, {build.get('tests_passed')} tests passed")
        kept = len(list_versions(settings))
        print(f"Kept       {kept} version{'' if kept == 1 else 's'}")
    print(f"Running    {running_now(settings) or 'nothing'}")
    runs = read_journal_with_killed(settings)[-SHOWN_RUNS:]
    if runs:
        print("\nLast runs")
        columns = ["run", "job", "started (UTC)", "status", "summary"]
        rows = [
            [run.run_id, run.job, f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.status, run.summary]
            for run in reversed(runs)
        ]
        print(format_table(columns, rows, cell_width=90))
    return DONE


def _query(settings: Settings, arguments: argparse.Namespace) -> int:
    import duckdb

    from orchestration.engines import duckdb as engine
    from orchestration.publication import current_version

    current = current_version(settings)
    if current is None:
        raise CommandFailed(f"Nothing is published in {settings.home} yet; run `tieout nightly` first.")
    restricted = _restricted_file(current) if arguments.restricted else None
    try:
        with engine.open_for_query(current.warehouse_file, restricted_file=restricted) as connection:
            result = engine.run_query(connection, arguments.sql)
            columns = [column[0] for column in result.description or []]
            _print_rows(columns, _fetch(result), arguments.format)
    except engine.QueryRefused as error:
        raise UsageError(str(error)) from error
    except duckdb.Error as error:
        raise CommandFailed(f"The query failed: {error}") from error
    return DONE


def _restricted_file(version: Any) -> Path:
    """What names people in a published version, if the person who asks may read it."""
    file: Path = version.restricted_file
    if not file.exists():
        raise CommandFailed(
            f"Version {version.name} has no {file.name}: a person was erased since, or it is "
            "of an earlier release. The next `tieout nightly` writes one."
        )
    if not os.access(file, os.R_OK):
        raise CommandFailed(f"{file} names people and is not for everyone: you may not read it.")
    return file


def _explain(settings: Settings, arguments: argparse.Namespace) -> int:
    import duckdb

    from orchestration.engines import duckdb as engine
    from orchestration.publication import current_version

    current = current_version(settings)
    if current is None:
        raise CommandFailed(f"Nothing is published in {settings.home} yet; run `tieout nightly` first.")
    try:
        with engine.open_for_query(current.warehouse_file) as connection:
            print(explain(connection, arguments.account, arguments.month, bucket=arguments.bucket))
    except UnknownName as error:
        raise UsageError(str(error)) from error
    except ExplainError as error:
        raise CommandFailed(str(error)) from error
    except duckdb.CatalogException as error:
        raise CommandFailed(
            "The published version has no costs of accounts yet; `tieout nightly` makes a new one."
        ) from error
    return DONE


def _erase(settings: Settings, arguments: argparse.Namespace) -> int:
    from orchestration.erasing import erase, is_unfinished
    from orchestration.raw.people import RegistryError, exact_address

    if not (arguments.contact or arguments.email or arguments.customer):
        raise UsageError("tieout erase: say who, with --contact ID, --email ADDRESS or --customer ID.")
    for address in arguments.email:
        if exact_address(address) is None:
            raise UsageError(f"--email {address}: this is no e-mail address.")
    try:
        traces = erase(
            settings,
            contacts=arguments.contact,
            addresses=arguments.email,
            customers=arguments.customer,
            is_rehearsal=arguments.dry_run,
        )
    except RegistryError as error:
        raise CommandFailed(str(error)) from error
    _print_traces(traces, arguments.dry_run)
    if arguments.dry_run:
        print("\nNothing was changed.")
        return DONE
    if is_unfinished(settings):
        print(
            "\nThe version that readers see, or the scheduler's history while another program holds it, may "
            "still mention the person. That ends with the next publication: tieout nightly --force"
        )
    elif traces.restricted:
        print("\nThe next `tieout nightly` publishes what names people anew, without this person.")
    return DONE


def _print_traces(traces: Any, is_rehearsal: bool) -> None:
    """Where a person is held; who it is only for the person who is about to decide."""
    person = traces.person
    ids = [f"{kind} {one}" for kind, found in person.ids.items() for one in sorted(found)]
    print(f"Own rows   {', '.join(ids)}")
    if is_rehearsal:
        names = sorted(" ".join(name) for name in person.names)
        numbers = [f"...{number}" for number in sorted(person.numbers)]
        print(f"Known as   {', '.join([*names, *sorted(person.mailboxes), *numbers]) or 'nothing'}")
    verb = "holds" if is_rehearsal else "held"
    if traces.held:
        print(f"\nThe raw store {verb}")
        columns = ["table", "file", "loaded (UTC)", "rows"]
        rows = [
            [f"{one.source}.{one.table}", one.file, f"{one.loaded_at:%Y-%m-%d %H:%M:%S}", str(one.rows)]
            for one in traces.held
        ]
        print(format_table(columns, rows, right_aligned=["rows"]))
        print("What lies in the landing folder is yours; later loads leave the person out.")
    for title, places in (
        ("Versions with a file that names people (removed whole)", traces.restricted),
        ("Published tables that mention the person", traces.mentions),
        ("Private builds (emptied whole)", traces.builds),
        ("Logs and records that mention the person", traces.texts),
    ):
        if places:
            print(f"\n{title}\n" + "\n".join(f"  {place}" for place in places))


def _prune(settings: Settings, arguments: argparse.Namespace) -> int:
    from orchestration.raw.load import loaded_policies
    from orchestration.raw.policies import PolicyError, check_policies
    from orchestration.raw.pruning import POLICY, prune, retention_days
    from orchestration.runs import home_lock

    if not settings.raw_dir.exists():
        raise CommandFailed(f"Nothing was loaded into {settings.home} yet.")
    with home_lock(settings, f"pruning-{uuid.uuid4().hex[:8]}"):
        policies = loaded_policies(settings.raw_dir)
        try:
            check_policies(policies)
        except PolicyError as error:
            raise CommandFailed(f"{error} {error.hint}") from error
        days = retention_days(policies)
        if days is None:
            print(f"Everything is kept: the policy {POLICY} is empty.")
            return DONE
        pruned = prune(settings.raw_dir, days, now=datetime.now(UTC), is_rehearsal=arguments.dry_run)
    verb = "Would remove" if arguments.dry_run else "Removed"
    plural = "" if pruned.objects == 1 else "s"
    print(
        f"{verb} {pruned.objects} raw object{plural} ({pruned.size:,} bytes) that "
        f"only states before {pruned.before:%Y-%m-%d %H:%M:%S} UTC needed."
    )
    return DONE


def _fetch(result: Any) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(FETCH_ROWS):
        yield from rows


def _print_rows(columns: list[str], rows: Iterator[tuple[Any, ...]], form: str) -> None:
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([None if value is None else _plain(value) for value in row])
    elif form == "json":
        separator = "[\n"
        for row in rows:
            pairs = ", ".join(
                f"{json.dumps(name, ensure_ascii=False)}: {to_json(value)}"
                for name, value in zip(columns, row, strict=True)
            )
            print(separator + "  {" + pairs + "}", end="")
            separator = ",\n"
        print("[]" if separator == "[\n" else "\n]")
    else:
        shown = [row for row, _ in zip(rows, range(TABLE_ROWS), strict=False)]
        print(format_table(columns, shown))
        if next(rows, None) is not None:
            print(f"Only the first {TABLE_ROWS:,} rows are shown; --format csv writes all.")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return to_json(value) if isinstance(value, list | dict | tuple) else str(value)


def to_json(value: Any) -> str:
    """A value as JSON with every digit of a decimal, which a binary float would lose."""
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else "null"
    if isinstance(value, float):
        return repr(value) if value - value == 0 else "null"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_json(item) for item in value) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{json.dumps(str(key), ensure_ascii=False)}: {to_json(item)}" for key, item in value.items()
            )
            + "}"
        )
    return json.dumps(_plain(value), ensure_ascii=False)


def _dev(settings: Settings, arguments: argparse.Namespace) -> int:
    from orchestration.automation import prepare_instance_folder

    _make_home(settings)
    prepare_instance_folder(settings)
    print(f"Starting the scheduler on http://127.0.0.1:{arguments.port} for {settings.home}; Ctrl-C ends it.")
    sys.stdout.flush()
    # A shell starts background jobs with interrupts ignored, which children inherit; the scheduler ends its
    # own processes by interrupting them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [
            # Its only warning is advice about another of its own commands.
            *(sys.executable, "-W", "ignore", "-m", "dagster", "dev"),
            *("--module-name", "orchestration.definitions"),
            *("--host", "127.0.0.1", "--port", str(arguments.port)),
        ],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            **settings.environment(),
            "DAGSTER_HOME": str(settings.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        },
        # A group of its own, so that all that it starts can be ended with it.
        start_new_session=True,
    )
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return DONE
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    if code:
        raise CommandFailed(f"The scheduler ended with exit code {code}; what it said is above.")
    return DONE


COMMANDS = {
    "nightly": _nightly,
    "load": _load,
    "dbt": _dbt,
    "status": _status,
    "query": _query,
    "explain": _explain,
    "erase": _erase,
    "prune": _prune,
    "dev": _dev,
}


# ---- the entry


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _keep_traceback(home: Path) -> Path:
    """Write the current traceback where the operator can find it."""
    text = traceback.format_exc()
    name = f"error-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for folder in (home / "logs", Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            # A traceback may quote rows.
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            return path
    return Path(os.devnull)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(
            home=getattr(parsed, "home", None), landing=getattr(parsed, "landing", None)
        )
    except SettingsError as error:
        print(f"tieout: {error}", file=sys.stderr)
        return USAGE
    # What ends a service must end a run the way Ctrl-C does: children stopped, nothing published, the home
    # released.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = COMMANDS[parsed.command](settings, parsed)
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"tieout: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("tieout: interrupted.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of the output has seen enough (`tieout query ... | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if _is_for_people(error):
            print(f"tieout: {error}", file=sys.stderr)
            return FAILED
        path = _keep_traceback(settings.home)
        print(f"tieout: {type(error).__name__}: {_one_line(error)} (details: {path})", file=sys.stderr)
        return FAILED


def _is_for_people(error: Exception) -> bool:
    """Whether the message was written to be read as it is."""
    from orchestration.publication import PublicationError

    return isinstance(error, CommandFailed | PublicationError | RunError)


def _one_line(error: Exception) -> str:
    return " ".join(_without_dump(str(error)).split())[:500]


def _without_dump(text: str) -> str:
    """The message of a database error without the statement, its values and the link that follow it."""
    return DATABASE_DUMP.sub("", text)


if __name__ == "__main__":
    sys.exit(main())
