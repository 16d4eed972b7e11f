"""The one step that builds, audits and publishes: a pure function of raw snapshot, policies, code and as-of.

Add here what happens between a loaded raw layer and a published version, in its order. Loading belongs to
``raw/``, what forbids publication to ``audit.py``, what a version consists of to ``publication.py``, how the
scheduler sees the step to ``warehouse_asset.py``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration import dbt_command, erasing, publication, rolling_back
from orchestration.audit import GRAIN_TEST, Audit, audit_build, audit_quarantine
from orchestration.deprecation import as_record, deprecated_tables
from orchestration.engines import duckdb as engine
from orchestration.files import exclusive, make_private
from orchestration.health_alerts import raise_health_alerts
from orchestration.identity.tables import write_identity
from orchestration.raw.contract import read_contracts
from orchestration.raw.policies import PolicyError, check_policies
from orchestration.raw.problems import LoadError
from orchestration.raw.pruning import prune, retention_days
from orchestration.raw.snapshot import SnapshotInfo, write_snapshot, write_table
from orchestration.reporting import Reporter
from orchestration.runs import (
    OPERATOR_JOBS,
    Overtaken,
    PublicationBlocked,
    Run,
    RunError,
    RunOptions,
    RunRecord,
    find_run,
    open_run,
    read_journal,
    remove_private_rows,
    tidy_builds,
    utc_now,
)
from orchestration.settings import Settings
from orchestration.solvers.registry import SOLVERS, SolverError, run_solver, write_empty_tables
from orchestration.unchanged import remember_confirmed, version_without_news

# Where a version keeps dbt's artifacts, for state selection, deferral and the record of what was tested.
MANIFEST = "dbt/manifest.json"
RUN_RESULTS = "dbt/run_results.json"
# What the solvers left out, which only the sandbox may have.
UNSOLVED = "select segment_type, segment from marts.fct_retention_projection_fits where status = 'not_run'"
# What fct_runs lists: runs that tried to publish and came to an end of one of these kinds.
LISTED_STATUSES = frozenset({"published", "unchanged", "failed", "interrupted", "killed"})


@dataclass(frozen=True)
class Clock:
    """The build's two clocks, UTC without zone.

    Attributes:
        data_clock_at: how far the billing export reaches; None when it has no row with a time.
        as_of_at: the instant that the metrics are reported at.
    """

    data_clock_at: datetime | None
    as_of_at: datetime | None


@dataclass(frozen=True)
class Outcome:
    """What the step did.

    Attributes:
        version: the current version after it.
        is_new: False when nothing had changed since that version.
        run_results: dbt's results of the build that the version came from.
    """

    version: publication.Version
    is_new: bool
    run_results: dict[str, Any]


class AuditFailed(PublicationBlocked):
    """The build was finished and may not be published; ``run_results`` are dbt's."""

    def __init__(self, message: str, run_results: dict[str, Any]) -> None:
        super().__init__(message)
        self.run_results = run_results


# ---- what goes into a build


def write_control_tables(settings: Settings, options: RunOptions, snapshot: SnapshotInfo, into: Path) -> None:
    """Write what the models learn about runs and loads as the source ``control`` of a raw snapshot.

    Args:
        settings: the home whose journal is told.
        options: what the operator asked of this build.
        snapshot: what ``write_snapshot`` said about the snapshot.
        into: the snapshot's folder.
    """
    tables = read_contracts()["control"].tables
    earlier_runs = [
        {
            "run_id": record.run_id,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "status": record.status,
            "tests_passed": record.tests_passed,
            "tests_failed": record.tests_failed,
            "published_version": record.published_version,
        }
        for record in read_journal(settings)
        if record.job not in {"load", *OPERATOR_JOBS} and record.status in LISTED_STATUSES
    ]
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "build_parameters": [{"as_of_date": options.as_of, "known_at": options.known_at}],
        "load_report": snapshot.load_report,
        "quarantined_rows": snapshot.quarantined_rows,
        "runs": earlier_runs,
    }
    folder = into / "control"
    folder.mkdir(parents=True, exist_ok=True)
    for name, contract in tables.items():
        write_table(contract, rows[name], folder / f"{name}.parquet")


def grain_columns(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Per model the columns that its grain test names, which its published rows are ordered by."""
    columns: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        model = manifest["nodes"].get(node.get("attached_node") or "")
        if node["resource_type"] != "test" or test.get("name") != GRAIN_TEST or model is None:
            continue
        arguments = test["kwargs"].get("arguments") or test["kwargs"]
        columns[model.get("alias") or model["name"]] = list(arguments["columns"])
    return columns


def read_clock(warehouse_file: Path) -> Clock:
    """The clocks that the models themselves worked with."""
    rows = engine.read_rows(
        warehouse_file, "select data_clock_at, as_of_at from intermediate.int_run_settings"
    ).values
    return Clock(*rows[0]) if rows else Clock(None, None)


def what_a_version_depends_on(run: Run, snapshot_fingerprint: str, code_fingerprint: str) -> dict[str, Any]:
    """Two builds for which this is equal publish equal tables."""
    return {
        "inputs_fingerprint": snapshot_fingerprint,
        "code_fingerprint": code_fingerprint,
        "as_of_date": None if run.options.as_of is None else run.options.as_of.isoformat(),
        "known_at": None if run.options.known_at is None else run.options.known_at.isoformat(),
    }


# ---- the step


def _write_snapshot(settings: Settings, options: RunOptions, into: Path) -> SnapshotInfo:
    known_at = None if options.known_at is None else options.known_at.replace(tzinfo=UTC)
    try:
        return write_snapshot(settings.raw_dir, into, known_at=known_at)
    except LoadError as error:
        raise RunError(f"There is no raw snapshot to build from: {error}") from error


def build_and_publish(run: Run) -> Outcome:
    """Build the warehouse privately, audit it, and publish it if everything holds.

    Raises:
        RunError: nothing was published; the message says why, which rows, and where to look.
    """
    settings = run.settings
    publication.clean_up(settings)
    rolling_back.forget_what_never_happened(settings)
    # Before raw rows are read: what a killed erasure left to do.
    erasing.finish(settings, run.note)
    tidy_builds(settings, keep=[run.run_id])
    raw_snapshot = run.folder / "raw"
    snapshot = _write_snapshot(settings, run.options, raw_snapshot)
    write_control_tables(settings, run.options, snapshot, raw_snapshot)

    dependencies = what_a_version_depends_on(run, snapshot.fingerprint, dbt_command.code_fingerprint())
    current = publication.current_version(settings)
    if current is not None and not run.options.force:
        record = current.record()
        is_same = all(record.get(name) == value for name, value in dependencies.items())
        # An erasure takes the file that names people away also where it changes no raw row, as a second one
        # of the same person.
        if is_same and not current.lacks_names():
            remember_confirmed(settings, current, dependencies, snapshot.manifest_records)
            return leave_as_it_is(run, current)

        if not is_same and (withdrawn := rolling_back.withdrawn_like(settings, dependencies)):
            raise PublicationBlocked(
                f"Version {withdrawn['version']} was rolled back at {withdrawn['at'].replace('T', ' ')} UTC, "
                "and these inputs, policies and code would publish the same again. Correct what is wrong (a "
                "landing file, a policy, the code), take an earlier raw table with tieout restore, or give "
                "--force to publish it."
            )

    policies = snapshot.policies
    try:
        check_policies(policies)
    except PolicyError as error:
        raise RunError(f"{error} {error.hint}") from None
    problems = audit_quarantine(
        snapshot.load_report,
        snapshot.quarantined_rows,
        max_share=Decimal(policies["max_quarantined_share"]),
    )
    if problems:
        raise PublicationBlocked("\n\n".join(problems))

    run.note("Finding out which records are one")
    write_identity(raw_snapshot, as_of=run.options.as_of, policies=policies)

    warehouse_file = run.folder / engine.WAREHOUSE_FILE_NAME
    run.note("Building and testing the models")
    try:
        result = dbt_command.build(
            dbt_command.parse_project(settings),
            raw_snapshot=raw_snapshot,
            warehouse_file=warehouse_file,
            target_path=run.folder / "target",
            logs_dir=run.logs_dir,
            solve=lambda: run_solvers(run, warehouse_file, raw_snapshot, policies),
            on_finished=run.reporter.progress,
        )
    except dbt_command.DbtError as error:
        raise RunError(f"dbt could not build the models: {error}\nIts log: {run.logs_dir}") from error
    except SolverError as error:
        raise RunError(f"{error}\nThe private build stays for a look: {warehouse_file}") from error

    run.note("Auditing the build")
    audit = audit_build(result.manifest, result.run_results, warehouse_file)
    run.tests_passed, run.tests_failed = audit.tests_passed, audit.tests_failed
    for warning in audit.warnings:
        run.warn(warning)
    if audit.problems:
        audit.problems.append(f"The private build stays for a look: {warehouse_file}")
        raise AuditFailed("\n\n".join(audit.problems), result.run_results)
    unsolved = engine.read_rows(warehouse_file, UNSOLVED).values
    if unsolved:
        raise PublicationBlocked(
            f"Nothing was fitted to what is observed of {unsolved[0][0]} {unsolved[0][1]}, although the "
            f"solvers have run. The private build stays for a look: {warehouse_file}"
        )
    clock = read_clock(warehouse_file)
    _warn_about_clock(run, clock, warehouse_file)
    warn_about_freshness(run, clock.data_clock_at, policies)
    deprecated = deprecated_tables(result.manifest)
    for table in deprecated:
        run.warn(table.told(utc_now().date()))

    run.note("Publishing")
    version = publication.publish(
        settings,
        build_file=warehouse_file,
        sequence=publication.next_sequence(settings),
        run_id=run.run_id,
        record={
            **_record(run, dependencies, policies, audit, clock),
            "deprecated_tables": as_record(deprecated),
        },
        key_columns=grain_columns(result.manifest),
        attachments={
            MANIFEST: result.manifest_file,
            RUN_RESULTS: result.run_results_file,
        },
    )
    run.has_published(version.name, f"Published version {version.name}.")
    rolling_back.take_back_withdrawal(settings, dependencies)
    raise_health_alerts(run, version.warehouse_file, policies)
    remember_confirmed(settings, version, dependencies, snapshot.manifest_records)
    try:
        publication.remove_old_versions(settings, now=utc_now())
        remove_private_rows(run.folder)
        # A version that mentions an erased person stays while it is current.
        erasing.finish(settings, run.note)
    except (OSError, publication.PublicationError) as error:
        run.warn(f"Old files could not be removed: {error}")
    prune_raw(run, policies)
    return Outcome(version, True, result.run_results)


def prune_raw(run: Run, policies: Mapping[str, str]) -> None:
    """Remove raw objects by policy; what goes wrong is told and never changes what was published."""
    try:
        pruned = prune(run.settings.raw_dir, retention_days(policies), now=datetime.now(UTC))
    except (OSError, ValueError, LoadError) as error:
        run.warn(f"Old raw objects could not be removed: {error}")
        return
    if pruned.objects:
        run.note(f"Removed {pruned.objects} raw objects that only states before {pruned.before} UTC needed")


def run_solvers(run: Run, warehouse_file: Path, raw_snapshot: Path, policies: Mapping[str, str]) -> None:
    """Write the solved tables from what is built so far, all or none.

    Raises:
        SolverError: a solver has no result.
    """
    for solver in SOLVERS:
        run.detail(f"Solving {solver.name}")
        run_solver(
            solver,
            warehouse_file=warehouse_file,
            into=raw_snapshot,
            policies=policies,
            logs_dir=run.logs_dir,
        )


def _record(
    run: Run, dependencies: Mapping[str, Any], policies: Mapping[str, str], audit: Audit, clock: Clock
) -> dict[str, Any]:
    return {
        **dependencies,
        "as_of_at": None if clock.as_of_at is None else clock.as_of_at.isoformat(),
        "data_clock_at": None if clock.data_clock_at is None else clock.data_clock_at.isoformat(),
        "started_at": run.started_at.isoformat(),
        "finished_at": utc_now().isoformat(),
        "policies": dict(sorted(policies.items())),
        "tests_passed": audit.tests_passed,
        "tests_warned": len(audit.warnings),
        "controls": audit.controls,
        "tools": dbt_command.tool_versions(),
    }


def confirm_unchanged(settings: Settings, options: RunOptions, reporter: Reporter) -> RunRecord | None:
    """The whole nightly where nothing changed, without the scheduler; None where there is work to do.

    Raises:
        RunError: another run holds the home, or the run could not come to its end.
    """
    if version_without_news(settings, options) is None:
        return None
    try:
        with (
            open_run(
                settings,
                options,
                reporter,
                is_still_so=lambda: version_without_news(settings, options) is not None,
            ) as run,
            run.step("confirm the published version"),
        ):
            publication.clean_up(settings)
            rolling_back.forget_what_never_happened(settings)
            tidy_builds(settings, keep=[run.run_id])
            current = publication.current_version(settings)
            assert current is not None
            leave_as_it_is(run, current)
    except Overtaken:
        return None
    return find_run(settings, run.scheduler_run_id)


def leave_as_it_is(run: Run, current: publication.Version) -> Outcome:
    """End a run for which nothing changed, with what is due although nothing is built."""
    record = current.record()
    run.status, run.published_version = "unchanged", current.name
    run.summary = f"Nothing changed since version {current.name}: same inputs, policies, code and as-of."
    run.tests_passed, run.tests_failed = record.get("tests_passed"), 0
    run.note(run.summary)
    data_clock_at = record.get("data_clock_at")
    warn_about_freshness(
        run,
        None if data_clock_at is None else datetime.fromisoformat(data_clock_at),
        record.get("policies", {}),
    )
    # A run that was killed right after its publication has told nobody.
    raise_health_alerts(run, current.warehouse_file, record.get("policies", {}))
    remove_private_rows(run.folder)
    prune_raw(run, record.get("policies", {}))
    run_results = json.loads((current.folder / RUN_RESULTS).read_text(encoding="utf-8"))
    return Outcome(current, False, run_results)


def _warn_about_clock(run: Run, clock: Clock, warehouse_file: Path) -> None:
    if clock.data_clock_at is not None and clock.data_clock_at > utc_now() + timedelta(days=1):
        run.warn(
            f"The billing export's newest sync stamp lies in the future: {clock.data_clock_at} UTC. Months "
            "are reported up to it, and service that is not invoiced yet looks ended. Is a stamp wrong?"
        )
    invoices = engine.read_rows(
        warehouse_file, "select count(*) from intermediate.int_invoices_visible"
    ).values[0][0]
    if invoices == 0:
        run.warn(
            "No invoice in live mode had been created by the as-of: every month that is published is empty."
        )
    if run.options.as_of is None or clock.data_clock_at is None or clock.as_of_at is None:
        return
    if clock.as_of_at > clock.data_clock_at:
        run.warn(
            f"--as-of {run.options.as_of} lies after the end of the data ({clock.data_clock_at} UTC): what "
            "happened in between is not in the export."
        )


def is_fresh(data_clock_at: datetime | None, policies: Mapping[str, str], now: datetime) -> bool:
    """Whether the billing feed's newest stamp is younger than the policy asks, UTC without zone."""
    if data_clock_at is None:
        return False
    return now - data_clock_at <= timedelta(hours=float(policies["source_freshness_max_age_hours"]))


def warn_about_freshness(run: Run, data_clock_at: datetime | None, policies: Mapping[str, str]) -> None:
    """Say when the billing feed is older than the policy allows; a look back in time has no such duty."""
    if run.options.as_of is not None or run.options.known_at is not None:
        return
    if not is_fresh(data_clock_at, policies, utc_now()):
        run.warn(
            f"The billing export ends at {data_clock_at} UTC, longer ago than the policy "
            f"source_freshness_max_age_hours ({policies['source_freshness_max_age_hours']}) allows. "
            "Is the feed stuck?"
        )


# ---- the sandbox


def refresh_sandbox(settings: Settings) -> None:
    """Write the newest raw snapshot where ``tieout dbt`` reads it.

    Solved tables come from what the sandbox has built before, and are empty where it has not: one dbt command
    is given no pause in which to solve.

    Raises:
        RunError: nothing was loaded yet, or the raw layer cannot be read.
    """
    folder = make_private(settings.development_dir)
    incoming, snapshot_folder = folder / "raw.incoming", folder / "raw"
    with exclusive(folder / ".lock"):
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        options = RunOptions()
        snapshot = _write_snapshot(settings, options, incoming)
        write_control_tables(settings, options, snapshot, incoming)
        write_identity(incoming, as_of=options.as_of, policies=snapshot.policies)
        for solver in SOLVERS:
            try:
                run_solver(
                    solver,
                    warehouse_file=folder / engine.WAREHOUSE_FILE_NAME,
                    into=incoming,
                    policies=snapshot.policies,
                    logs_dir=folder / "logs",
                )
            except SolverError:
                write_empty_tables(solver.writes, incoming)
        shutil.rmtree(snapshot_folder, ignore_errors=True)
        incoming.rename(snapshot_folder)
