"""What the scheduler does by itself: jobs, the nightly schedule, the sensor of the landing folder, the alert.

Add jobs, schedules and sensors here. What a job's steps do is in ``raw_assets.py`` and
``warehouse_asset.py``; which time of night is a setting, and how the scheduler is set up is in
``scheduler_instance.py``.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from orchestration.alerting.delivery import deliver_due
from orchestration.alerts import FAILURE, cause_of, raise_alert
from orchestration.landing_changes import answer_changes
from orchestration.months import MonthRange
from orchestration.partitions import (
    BACKFILL_JOB,
    LOAD_JOB,
    NIGHTLY_JOB,
    months_to_load,
    partitions_of_run,
    present_month,
    range_tags,
)
from orchestration.raw.contract import LANDING_SOURCES
from orchestration.reporting import Reporter, SilentReporter
from orchestration.runs import (
    KILLED_CAUSE,
    RunError,
    RunOptions,
    RunRecord,
    find_run,
    is_held,
    open_run,
    read_as_of,
    read_known_at,
    run_incident,
    utc_now,
)
from orchestration.settings import Settings
from orchestration.warehouse import confirm_unchanged
from orchestration.watching import look

# Written onto a run that a person started at a terminal, and who waits for it.
COMMAND_TAG = "tieout/command"
RUN_RESOURCE = "run"
NAMED_JOBS = (NIGHTLY_JOB, LOAD_JOB, BACKFILL_JOB)
WAITING_STATUSES = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
]
# Valid from a minute to an hour: what is looked for is hours old, what is sent again minutes.
LOOK_SECONDS = 300
# Other sensors wait meanwhile.
LOOK_DELIVERY_SECONDS = 30.0
# A run that has not begun after this long died on the way.
WAITING_SECONDS = 600
NO_MONTH = (
    "This run was started without a month. Choose a partition: the job nightly loads everything whichever it "
    "is, a backfill loads the months that were chosen."
)
NOT_BUILT = "Interrupted before the warehouse was built."


# ---- the run


RUN_CONFIGURATION = {
    "as_of": dg.Field(
        str,
        is_required=False,
        description="Last day to report on, YYYY-MM-DD; the data's own clock when absent.",
    ),
    "known_at": dg.Field(
        str, is_required=False, description="Only what was loaded by then counts: YYYY-MM-DDTHH:MM:SS, UTC."
    ),
    "accept_drop": dg.Field(
        [str], default_value=[], description="Tables that may shrink by more than the policy allows."
    ),
    "force": dg.Field(bool, default_value=False, description="Build although nothing changed."),
}


def run_configuration(options: RunOptions) -> dict[str, Any]:
    """A job's run configuration that asks for these options."""
    config: dict[str, Any] = {"accept_drop": list(options.accept_drop), "force": options.force}
    if options.as_of is not None:
        config["as_of"] = options.as_of.isoformat()
    if options.known_at is not None:
        config["known_at"] = options.known_at.isoformat()
    return {"resources": {RUN_RESOURCE: {"config": config}}}


def read_run_configuration(config: dict[str, Any], months: MonthRange | None = None) -> RunOptions:
    """The options that a run configuration asks for, of a run about these months.

    Raises:
        ValueError: a date or time cannot be read.
    """
    as_of, known_at = config.get("as_of"), config.get("known_at")
    return RunOptions(
        as_of=None if as_of is None else read_as_of(as_of),
        known_at=None if known_at is None else read_known_at(known_at),
        accept_drop=tuple(config["accept_drop"]),
        force=config["force"],
        months=months,
    )


def run_resource(settings: Settings, reporter: Reporter) -> dg.ResourceDefinition:
    """The run that all steps of a job share: it holds the home from the first step to the last."""

    @dg.resource(
        config_schema=RUN_CONFIGURATION,
        description="One run at a time per home; its options, its journal entry and its logs.",
    )
    def run(context: dg.InitResourceContext) -> Iterator[Any]:
        scheduler_run = context.run
        assert scheduler_run is not None and context.instance is not None
        instance = context.instance

        def tell_scheduler(killed: RunRecord) -> None:
            """Without this the scheduler would show a killed run as running for ever."""
            known = instance.get_run_by_id(killed.scheduler_run_id)
            if known is not None and not known.is_finished:
                instance.report_run_failed(known, message=killed.summary)

        name, tags = scheduler_run.job_name, scheduler_run.tags
        with open_run(
            settings,
            read_run_configuration(context.resource_config, months_to_load(settings, name, tags)),
            reporter,
            scheduler_run_id=scheduler_run.run_id,
            job=_job_named(name),
            on_killed=tell_scheduler,
            is_queued=COMMAND_TAG not in tags,
        ) as opened:
            if partitions_of_run(tags) is None:
                # The scheduler could not carry it on beyond its first step.
                opened.fail(NO_MONTH)
                raise RunError(NO_MONTH)
            yield opened
            # A signal that comes between two steps ends the run without a word of either.
            if opened.status == "loaded" and not opened.problems and builds(scheduler_run):
                opened.interrupt(NOT_BUILT)

    return run


def _job_named(name: str) -> str:
    """The scheduler's name of a job as the journal has it; that of chosen assets is an internal one."""
    return name if name in NAMED_JOBS else "assets"


def builds(scheduler_run: dg.DagsterRun) -> bool:
    """Whether a run is to publish, and not only to load."""
    selection = scheduler_run.asset_selection
    if not selection:
        return scheduler_run.job_name != LOAD_JOB
    return any(key.path[0] not in LANDING_SOURCES for key in selection)


# ---- jobs, schedule, alert


def nightly_job() -> Any:
    """Load every source, then build, audit and publish."""
    return dg.define_asset_job(
        NIGHTLY_JOB,
        selection=dg.AssetSelection.all(),
        description="Loads the landing folder, builds and tests the warehouse, publishes it if all holds.",
    )


def backfill_job() -> Any:
    """Load the months that it is started for, of all or of selected tables; then as the nightly."""
    return dg.define_asset_job(
        BACKFILL_JOB,
        selection=dg.AssetSelection.all(),
        description="Loads the files of some months, then builds, tests and publishes as the nightly does.",
    )


def load_job(assets: list[dg.AssetsDefinition]) -> Any:
    """Load every source and stop there."""
    return dg.define_asset_job(
        LOAD_JOB,
        selection=dg.AssetSelection.assets(*assets),
        description="Loads the landing folder into the raw layer.",
    )


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """The nightly at the hour and in the time zone of the settings; on until it is turned off in the UI."""

    @dg.schedule(
        name="nightly",
        job_name=NIGHTLY_JOB,
        cron_schedule=f"{settings.nightly_minute} {settings.nightly_hour} * * *",
        execution_timezone=settings.nightly_time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def nightly() -> dg.RunRequest | dg.SkipReason:
        # Any doubt, and another run that holds the home, is for a run, which waits and tells.
        with contextlib.suppress(RunError, OSError):
            if not is_held(settings):
                at_once = replace(settings, lock_wait_seconds=0.0)
                unchanged = confirm_unchanged(at_once, RunOptions(), SilentReporter())
                if unchanged is not None:
                    return dg.SkipReason(unchanged.summary)
        return dg.RunRequest(partition_key=present_month())

    return nightly


def landing_sensor(settings: Settings, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Turns changed files of the landing folder into one run, of one of these jobs."""

    @dg.sensor(
        name="landing_changes",
        jobs=jobs,
        minimum_interval_seconds=settings.landing_poll_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads and publishes files that were changed or added since the last load.",
    )
    def landing_changes(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        answer = answer_changes(settings, context.cursor, is_busy=_has_run_under_way(context.instance))
        if answer.run_key is None or answer.months is None:
            return dg.SensorResult(skip_reason=answer.reason, cursor=answer.cursor)
        context.log.info(answer.reason)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=answer.run_key, job_name=answer.job, tags=range_tags(answer.months))
            ],
            cursor=answer.cursor,
        )

    return landing_changes


def _has_run_under_way(instance: dg.DagsterInstance) -> bool:
    """Whether a run will take the home soon; one that has it holds the home's lock."""
    records = instance.get_run_records(dg.RunsFilter(statuses=WAITING_STATUSES), limit=20)
    # Also where the clock has gone back since: one that never begins must not keep others out for as long.
    return any(abs(time.time() - record.create_timestamp.timestamp()) < WAITING_SECONDS for record in records)


def failure_alert(settings: Settings) -> dg.SensorDefinition:
    """Alerts about failures that the run itself could not tell: it died, or never reached its first step."""

    @dg.run_failure_sensor(name="alert_on_failure", default_status=dg.DefaultSensorStatus.RUNNING)
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        message = context.failure_event.message or "The run failed."
        alert_about(settings, run.run_id, message, job=_job_named(run.job_name))

    return alert_on_failure


def standing_alert(settings: Settings) -> dg.SensorDefinition:
    """Tells what no run tells, because none comes or none ends, and sends again what has not arrived."""

    @dg.sensor(
        name="alert_on_standing",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alerts when the published version or its data are too old; sends what has not arrived.",
    )
    def alert_on_standing() -> dg.SkipReason:
        said = look(settings, now=utc_now())
        deliver_due(settings, seconds=LOOK_DELIVERY_SECONDS)
        return dg.SkipReason("; ".join(said) or "There is nothing to tell.")

    return alert_on_standing


def alert_about(settings: Settings, scheduler_run_id: str, message: str, *, job: str) -> bool:
    """Raise the alert of a failed scheduler run unless the run did so itself; True if it was raised now.

    Args:
        job: that it was started for; what the run itself says it was goes before.
    """
    record = find_run(settings, scheduler_run_id)
    # Of a run that died the scheduler says something else than the next run, which finds it.
    has_died = record is not None and record.status in ("running", "killed")
    job = record.job if record else job
    return raise_alert(
        settings,
        alert_id=scheduler_run_id,
        run_id=record.run_id if record else "",
        # A run that knows of no failure of its own has nothing to say about this one.
        summary=f"Tieout run failed: {record.summary if record and record.details else message}",
        details=(record and record.details) or message,
        log=record.log if record else "",
        kind=FAILURE,
        incident=run_incident(job, FAILURE, KILLED_CAUSE if has_died else cause_of(message)),
        job=job,
    )
