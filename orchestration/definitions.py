"""The list of what exists for the scheduler: raw tables, warehouse, nightly job, schedule and alert.

Add a line here when there is something new to schedule or to see; what it does is in the module that it comes
from. Nothing happens on import: settings are read and the dbt project is parsed when the scheduler asks for
the list.
"""

from __future__ import annotations

import sys
from collections.abc import Collection

import dagster as dg

from orchestration.automation import (
    RUN_RESOURCE,
    backfill_job,
    failure_alert,
    landing_sensor,
    load_job,
    nightly_job,
    nightly_schedule,
    run_resource,
    standing_alert,
)
from orchestration.dbt_command import parse_project
from orchestration.raw.contract import LANDING_SOURCES
from orchestration.raw_assets import raw_assets
from orchestration.reporting import Reporter, service_reporter
from orchestration.settings import Settings
from orchestration.warehouse_asset import warehouse_asset


def build_definitions(settings: Settings, reporter: Reporter) -> dg.Definitions:
    """Everything that the scheduler knows, for one home.

    Args:
        settings: the home, the landing folder and the schedule.
        reporter: who listens to a run of one of these jobs.

    Raises:
        DbtError: the dbt project cannot be parsed.
    """
    raw = raw_assets(settings)
    nightly, backfill = nightly_job(), backfill_job()
    return dg.Definitions(
        assets=[*raw, warehouse_asset(settings, parse_project(settings).manifest())],
        jobs=[nightly, backfill, load_job(raw)],
        schedules=[nightly_schedule(settings)],
        sensors=[
            failure_alert(settings),
            standing_alert(settings),
            landing_sensor(settings, [nightly, backfill]),
        ],
        resources={RUN_RESOURCE: run_resource(settings, reporter)},
        # One process per run: the steps share the lock, and starting a process per step costs more than it
        # brings.
        executor=dg.in_process_executor,
    )


def build_load_definitions(settings: Settings, reporter: Reporter) -> dg.Definitions:
    """The raw tables and the job that loads them, without the models, which need the dbt project parsed."""
    raw = raw_assets(settings)
    return dg.Definitions(
        assets=raw,
        jobs=[load_job(raw)],
        resources={RUN_RESOURCE: run_resource(settings, reporter)},
        executor=dg.in_process_executor,
    )


def assets_with_tables(definitions: dg.Definitions, tables: Collection[str]) -> list[dg.AssetKey]:
    """All that is built and published, with only these raw tables (``source.table``) loaded before."""
    keys = [
        key
        for asset in definitions.assets or []
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.keys
    ]
    return [key for key in keys if key.path[0] not in LANDING_SOURCES or ".".join(key.path) in tables]


@dg.definitions
def definitions() -> dg.Definitions:
    """What ``dagster`` loads."""
    settings = Settings.from_environment()
    return build_definitions(settings, service_reporter(sys.stderr, settings.log_format))
