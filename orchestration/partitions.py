"""The months that the scheduler knows: one partition per month for every asset of the graph.

Add here how a run's months are read from the scheduler's run, or written for it. All assets share one
definition, policies, models and the published version too, because the scheduler puts assets into one run of
a backfill only where their partitions are the same; and a run of partitioned assets must name one, so that
what loads everything names the month that it runs in.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from orchestration.months import MonthRange, month_of
from orchestration.runs import utc_now
from orchestration.settings import Settings

NIGHTLY_JOB = "nightly"
LOAD_JOB = "load"
BACKFILL_JOB = "backfill"
# They load everything, whichever month they are started for.
WHOLE_JOBS = (NIGHTLY_JOB, LOAD_JOB)
# How the scheduler names what a run is for.
PARTITION_TAG = "dagster/partition"
FIRST_TAG, LAST_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def month_partitions(settings: Settings) -> dg.MonthlyPartitionsDefinition:
    """The months from the setting's first to the present one, which is not over."""
    return dg.MonthlyPartitionsDefinition(start_date=settings.first_month, fmt="%Y-%m", end_offset=1)


def present_month() -> str:
    """The month in UTC in which this is asked."""
    return month_of(utc_now())


def known_months(settings: Settings) -> MonthRange:
    """The months that have a partition."""
    return MonthRange(settings.first_month, max(settings.first_month, present_month()))


def range_tags(months: MonthRange) -> dict[str, str]:
    """What makes the scheduler run once for all of these months."""
    return {FIRST_TAG: months.first, LAST_TAG: months.last}


def partitions_of_run(tags: Mapping[str, str]) -> MonthRange | None:
    """The months that the scheduler started a run for; None where it names none."""
    if PARTITION_TAG in tags:
        return MonthRange(tags[PARTITION_TAG], tags[PARTITION_TAG])
    if FIRST_TAG in tags:
        return MonthRange(tags[FIRST_TAG], tags[LAST_TAG])
    return None


def months_to_load(settings: Settings, job: str, tags: Mapping[str, str]) -> MonthRange | None:
    """The months whose files a run loads; None for all of them.

    All partitions together are all there is, months before the first partition included.
    """
    months = partitions_of_run(tags)
    return None if job in WHOLE_JOBS or months == known_months(settings) else months
