"""What the landing folder's sensor answers: when it waits, what it starts, and what it starts only once."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.landing_changes import Answer, answer_changes
from orchestration.months import MonthRange
from orchestration.partitions import BACKFILL_JOB, NIGHTLY_JOB, present_month
from orchestration.raw.contract import read_contracts
from orchestration.raw.load import load_landing
from orchestration.raw.problems import LoadError
from orchestration.raw.restoring import release, restore
from orchestration.runs import home_lock
from orchestration.settings import Settings
from tests.small_landing import BILLING, put, write_landing

HEADER, *ROWS = BILLING["invoice"].splitlines(keepends=True)


class Folder:
    """A landing folder, its home, and a sensor that remembers what it was told to."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder / "home", landing=folder / "landing", landing_settle_seconds=30)
        write_landing(self.settings.landing, invoice=None)
        self.write("2024-01", ROWS[0])
        self.write("2024-02", ROWS[1])
        self.cursor: str | None = None
        # Of the last change, so that nothing is as young as it is.
        self.now = time.time()

    def write(self, month: str, *rows: str) -> None:
        put(self.settings.landing, f"billing/invoice/{month}.csv", HEADER + "".join(rows))

    def ask(self, *, later: float = 0.0, is_busy: bool = False) -> Answer:
        answer = answer_changes(self.settings, self.cursor, is_busy=is_busy, now=time.time() + later)
        self.cursor = answer.cursor
        return answer

    def settled(self) -> Answer:
        """The answer once everything is old enough and was seen twice."""
        self.ask(later=100)
        return self.ask(later=160)

    def load(self) -> None:
        load_landing(self.settings.raw_dir, self.settings.landing, loaded_at=datetime.now(UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_files_that_were_never_loaded_make_one_run_for_the_months_of_the_monthly_ones(folder: Folder) -> None:
    first = folder.ask(later=100)
    assert first.run_key is None and first.reason.startswith("Still being written")
    answer = folder.ask(later=160)
    assert (answer.job, answer.months) == (BACKFILL_JOB, MonthRange("2024-01", "2024-02"))
    assert answer.run_key is not None
    # What it asked for is under way or over; it is not asked for again.
    assert folder.ask(later=220).run_key is None


def test_what_a_nightly_has_loaded_makes_no_run(folder: Folder) -> None:
    folder.load()
    assert folder.settled().reason == "Every file is loaded."


def test_a_file_that_grows_is_left_for_the_next_look_and_one_that_is_young_too(folder: Folder) -> None:
    folder.load()
    for path in folder.settings.landing.rglob("*.csv"):
        os.utime(path, (1, 1))
    folder.settled()
    folder.write("2024-02", *ROWS)
    path = folder.settings.landing / "billing/invoice/2024-02.csv"
    for _ in range(3):
        with path.open("a", encoding="utf-8") as file:
            file.write("in_3,cus_1,,paid,usd,5,2024-01-09T09:00:00Z\n")
        # Old enough by its time, but not as it was.
        os.utime(path, (1, 1))
        assert folder.ask(later=100).reason == "Still being written: billing/invoice/2024-02.csv."
    os.utime(path)
    folder.ask()
    assert folder.ask(later=29).reason == "Still being written: billing/invoice/2024-02.csv."
    answer = folder.ask(later=31)
    assert answer.months == MonthRange("2024-02", "2024-02")


def test_a_time_that_lies_ahead_keeps_no_file_from_being_loaded(folder: Folder) -> None:
    """The clock was set back, or the file comes from a machine whose clock is fast."""
    folder.load()
    folder.write("2024-02", *ROWS)
    ahead = time.time() + 10_000
    os.utime(folder.settings.landing / "billing/invoice/2024-02.csv", (ahead, ahead))
    assert folder.settled().run_key is not None


def test_a_file_that_was_only_touched_makes_no_run(folder: Folder) -> None:
    folder.load()
    folder.settled()
    os.utime(folder.settings.landing / "billing/customer.csv")
    assert folder.settled().reason == "Every file is loaded."


def test_nothing_is_started_while_a_run_of_the_home_goes_on(folder: Folder) -> None:
    folder.ask(later=100)
    with home_lock(folder.settings, "another-run"):
        assert folder.ask(later=160).reason.startswith("A run is under way: run another-run")
    assert folder.ask(later=220, is_busy=True).reason == "A run is under way."
    assert folder.ask(later=280).run_key is not None


def test_the_same_news_have_the_same_key_where_the_scheduler_forgot_that_it_asked(folder: Folder) -> None:
    first = folder.settled()
    folder.cursor = None
    again = folder.ask(later=220)
    # The scheduler starts no second run for a key that it knows.
    assert again.run_key == first.run_key


def test_contents_that_could_not_be_loaded_are_tried_again_only_when_they_change(folder: Folder) -> None:
    folder.load()
    folder.write("2024-02", "in_2,what,is,this\n")
    failed = folder.settled()
    assert failed.run_key is not None
    with pytest.raises(LoadError):
        folder.load()
    # Other files that are loaded meanwhile are no reason either.
    put(folder.settings.landing, "crm/company.csv", "id\nco_1\n")
    with pytest.raises(LoadError):
        folder.load()
    assert folder.settled().reason == (
        "Asked for before and not loaded, see that run: billing/invoice/2024-02.csv."
    )
    folder.write("2024-02", *ROWS)
    mended = folder.settled()
    assert mended.run_key not in (None, failed.run_key)


def test_contents_that_come_back_are_news_again(folder: Folder) -> None:
    folder.load()
    keys = []
    for rows in (ROWS, ROWS[1:], ROWS, ROWS[1:]):
        folder.write("2024-02", *rows)
        keys.append(folder.settled().run_key)
        load_landing(
            folder.settings.raw_dir,
            folder.settings.landing,
            loaded_at=datetime.now(UTC),
            accept_drop=["billing.invoice"],
        )
    assert None not in keys and len(set(keys)) == 4


def test_a_file_that_vanished_is_a_change_of_its_month(folder: Folder) -> None:
    folder.load()
    (folder.settings.landing / "billing/invoice/2024-01.csv").unlink()
    assert folder.settled().months == MonthRange("2024-01", "2024-01")


def test_a_file_that_an_operator_put_earlier_rows_before_makes_no_run(folder: Folder) -> None:
    folder.load()
    folder.write("2024-02", ROWS[1].replace("2000", "2500"))
    folder.load()
    invoices = (folder.settings.raw_dir, "billing", "invoice", "2024-02")
    restore(*invoices, now=datetime.now(UTC), contracts=read_contracts())
    assert folder.settled().reason == "Every file is loaded."
    release(*invoices, now=datetime.now(UTC))
    asked = folder.ask(later=160)
    assert (asked.job, asked.months) == (BACKFILL_JOB, MonthRange("2024-02", "2024-02"))


def test_a_changed_snapshot_is_loaded_by_a_run_for_the_present_month(folder: Folder) -> None:
    folder.load()
    put(folder.settings.landing, "billing/price.csv", BILLING["price"].replace("1000", "1200"))
    answer = folder.settled()
    assert (answer.job, answer.months) == (BACKFILL_JOB, MonthRange(present_month(), present_month()))


@pytest.mark.parametrize("month", ["2009-12", "2022-01"])
def test_months_before_the_first_partition_or_too_far_apart_are_for_the_nightly(
    folder: Folder, month: str
) -> None:
    folder.write(month, ROWS[0])
    assert folder.settled().job == NIGHTLY_JOB


def test_a_landing_folder_that_went_away_is_told_and_not_loaded(folder: Folder) -> None:
    folder.load()
    folder.settings.landing.rename(folder.settings.landing.with_name("elsewhere"))
    answer = folder.settled()
    assert answer.run_key is None
    assert answer.reason.endswith("is no folder")
