"""Months as the scheduler knows them: which a run loads, which a load marks, what a person may choose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.commands.backfill import chosen_tables
from orchestration.commands.base import UsageError
from orchestration.months import MonthRange
from orchestration.partitions import (
    BACKFILL_JOB,
    LOAD_JOB,
    NIGHTLY_JOB,
    PARTITION_TAG,
    known_months,
    month_partitions,
    months_to_load,
    present_month,
    range_tags,
)
from orchestration.raw.changes import RowCounts
from orchestration.raw.contract import read_contracts
from orchestration.raw.load import FileResult, LoadResult, SourceResult
from orchestration.raw_assets import MARKED_MONTHS, month_marks, raw_assets
from orchestration.settings import Settings, SettingsError

SETTINGS = Settings(home=Path("home"), landing=Path("landing"), first_month="2024-01")


# ---- what a run loads


def test_the_months_run_from_the_first_to_the_present_one() -> None:
    keys = month_partitions(SETTINGS).get_partition_keys()
    assert (keys[0], keys[-1]) == ("2024-01", present_month())
    assert keys == known_months(SETTINGS).names


def test_a_backfill_loads_the_months_that_it_is_started_for() -> None:
    months = MonthRange("2024-02", "2024-05")
    assert months_to_load(SETTINGS, BACKFILL_JOB, range_tags(months)) == months
    assert months_to_load(SETTINGS, "__ASSET_JOB", {PARTITION_TAG: "2024-03"}) == MonthRange(
        "2024-03", "2024-03"
    )


@pytest.mark.parametrize("job", [NIGHTLY_JOB, LOAD_JOB])
def test_the_nightly_loads_everything_whichever_month_it_is_started_for(job: str) -> None:
    assert months_to_load(SETTINGS, job, {PARTITION_TAG: "2024-03"}) is None


def test_all_partitions_are_everything_also_what_lies_before_the_first() -> None:
    assert months_to_load(SETTINGS, "__ASSET_JOB", range_tags(known_months(SETTINGS))) is None


@pytest.mark.parametrize("month", ["2024", "2024-13", "1899-12", "9999-01"])
def test_a_first_month_that_is_none_is_refused(month: str) -> None:
    with pytest.raises(SettingsError, match="TIEOUT_FIRST_MONTH"):
        Settings.from_environment({"TIEOUT_FIRST_MONTH": month})


def test_settings_of_the_landing_folder_reach_the_scheduler() -> None:
    given = {
        "TIEOUT_FIRST_MONTH": "2019-07",
        "TIEOUT_LANDING_POLL_SECONDS": "5",
        "TIEOUT_LANDING_SETTLE_SECONDS": "7.5",
        "TIEOUT_QUEUE_WAIT_SECONDS": "60",
        "TIEOUT_MAX_UNPACKED_GB": "2.5",
    }
    settings = Settings.from_environment(given)
    assert given.items() <= settings.environment().items()
    assert Settings.from_environment(settings.environment()) == settings


# ---- what the scheduler is told


def test_every_raw_table_has_the_same_months_and_one_run_for_any_range_of_them() -> None:
    """The scheduler puts assets of one backfill into one run only where both are equal."""
    assets = raw_assets(SETTINGS)
    assert {asset.partitions_def for asset in assets} == {month_partitions(SETTINGS)}
    assert {asset.backfill_policy for asset in assets} == {dg.BackfillPolicy.single_run()}
    assert all(asset.can_subset for asset in assets)


def loaded(
    changes: dict[str, RowCounts], *, month: str | None = None, is_new_table: bool = False
) -> LoadResult:
    file = FileResult(
        source="billing",
        table="invoice",
        file="billing/invoice.csv",
        loaded_at=datetime(2024, 3, 1, tzinfo=UTC),
        object_hash="",
        rows_read=1,
        rows_accepted=1,
        rows_quarantined=0,
        rows_superseded=0,
        unknown_columns=(),
        is_new=True,
        month=month,
    )
    new_tables = frozenset({"invoice"} if is_new_table else ())
    source = SourceResult("billing", "loaded", (file,), changes={"invoice": changes}, new_tables=new_tables)
    return LoadResult({"billing": source})


def marked(result: LoadResult, own: str = "2024-02") -> list[str | None]:
    return [mark.partition for mark in month_marks(SETTINGS, "billing", result, MonthRange(own, own))]


ONE = RowCounts(1, 0)


def test_months_are_marked_that_rows_are_dated_in_and_that_files_are_of() -> None:
    changes = {"2024-01": ONE, "2024-02": ONE, "2023-12": ONE, "undated": ONE}
    # The run's own month is told by the scheduler itself; one before the first has no partition.
    assert marked(loaded(changes, month="2024-03")) == ["2024-01", "2024-03"]


def test_a_table_that_comes_whole_for_the_first_time_marks_no_month() -> None:
    assert marked(loaded({"2024-01": ONE}, is_new_table=True)) == []
    assert marked(loaded({"2024-01": ONE})) == ["2024-01"]


def test_a_table_that_was_corrected_everywhere_marks_its_newest_months() -> None:
    first = Settings(home=Path("home"), landing=Path("landing"))
    months = MonthRange("2015-01", "2023-12").names
    marks = list(month_marks(first, "billing", loaded(dict.fromkeys(months, ONE)), None))
    assert [mark.partition for mark in marks] == months[-MARKED_MONTHS:]


# ---- the command line


def test_a_source_and_a_table_are_chosen_together() -> None:
    chosen = chosen_tables(["ledger"], ["billing.invoice"])
    assert chosen == ["billing.invoice", *(f"ledger.{table}" for table in read_contracts()["ledger"].tables)]
    assert chosen_tables([], []) is None


@pytest.mark.parametrize(
    ("sources", "tables", "said"),
    [
        (["stripe"], [], "--source stripe: there are policy, billing, crm, ledger"),
        ([], ["invoice"], "--table invoice: no such table"),
        ([], ["identity.pairs"], "--table identity.pairs: no such table"),
    ],
)
def test_what_is_no_source_or_table_is_refused(sources: list[str], tables: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        chosen_tables(sources, tables)
