"""What operators do to a home by hand: going back, verifying, making room, restoring rows, asking how it is.

Add a test when an operator gets a new command or a home a new part that a command must know. Homes are real
and small: versions of a two-table build, raw stores of the smallest landing folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration import (
    cli,
    erasing,
    operating,
    publication,
    rolling_back,
    runs,
    warehouse,
)
from orchestration import files as files_module
from orchestration.alerts import alerts_file
from orchestration.doctor import examine
from orchestration.engines import duckdb as engine
from orchestration.erasing import erase
from orchestration.files import append_record, folder_size, read_records
from orchestration.publication import Version, current_version, list_versions
from orchestration.raw import manifest as manifest_module
from orchestration.raw import objects as objects_module
from orchestration.raw import pruning, restoring
from orchestration.raw.load import load_landing
from orchestration.raw.manifest import Manifest
from orchestration.raw.objects import ObjectStore
from orchestration.raw.policies import default_policies
from orchestration.raw.snapshot import write_snapshot
from orchestration.reporting import SilentReporter
from orchestration.rolling_back import DEPENDS_ON, find_version, roll_back, version_before, withdrawn_like
from orchestration.runs import RunError, RunOptions, home_lock, open_run, read_journal, utc_now
from orchestration.settings import Settings
from orchestration.standing import read_standing
from orchestration.verifying import verify_raw, verify_version
from tests.kill_points import killed_homes, spread, traced_files
from tests.obeying import obey_modes
from tests.small_landing import BILLING, put, write_landing

DAY = timedelta(days=1)
START = datetime(2024, 3, 1, 4, tzinfo=UTC)
LONG_AGO = "2020-01-01T00:00:00"


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        monkeypatch.delenv(name)


def publish(settings: Settings, sequence: int, **record: Any) -> Version:
    """A version whose only numbers are its own sequence."""
    file = settings.home.parent / f"{settings.home.name}-build-{sequence}" / engine.WAREHOUSE_FILE_NAME
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.dim_runs as select {sequence} as mark, 'Acme Ltd' as name")
        connection.execute(
            f"create table marts.fct_mrr as select range as amount, {sequence} as mark from range(500)"
        )
    dependencies = {
        "inputs_fingerprint": f"inputs-{sequence}",
        "code_fingerprint": "code",
        "as_of_date": None,
        "known_at": None,
    }
    return publication.publish(
        settings,
        build_file=file,
        sequence=sequence,
        run_id=f"run-{sequence}",
        record={**dependencies, "as_of_at": "2024-03-01T00:00:00", "tests_passed": 7, **record},
        key_columns={},
    )


def rewrite_record(version: Version, **values: Any) -> None:
    """Change what the record of a version says, as time or an accident would."""
    file = version.folder / publication.RECORD_FILE_NAME
    record = {**version.record(), **values}
    file.chmod(0o644)
    file.write_text(json.dumps(record), encoding="utf-8")
    file.chmod(0o444)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with three versions, of which the last is current."""
    one = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    for sequence in (1, 2, 3):
        publish(one, sequence)
    return one


def mark(settings: Settings) -> int:
    """Which version readers see, by its contents."""
    current = current_version(settings)
    assert current is not None
    marks = engine.read_rows(current.warehouse_file, "select distinct mark from marts.fct_mrr").values
    assert marks == engine.read_rows(current.warehouse_file, "select mark from marts.dim_runs").values
    return int(marks[0][0])


def go_back(settings: Settings, sequence: int | None = None, reason: str = "") -> Version:
    target = version_before(settings) if sequence is None else find_version(settings, str(sequence))
    before = roll_back(settings, target, SilentReporter(), reason=reason)
    assert before is not None
    return before


def main(settings: Settings, *arguments: str) -> int:
    return cli.main(["--home", str(settings.home), "--landing", str(settings.landing), *arguments])


# ---- going back


def test_going_back_is_a_switch_that_the_journal_and_the_alerts_know(settings: Settings) -> None:
    assert go_back(settings, reason="wrong prices").sequence == 3
    assert mark(settings) == 2
    assert [version.sequence for version in list_versions(settings)] == [1, 2, 3]
    (run,) = read_journal(settings)
    assert (run.job, run.status, run.published_version) == ("rollback", "rolled_back", "000002-run-2")
    (alert,) = read_records(alerts_file(settings))
    assert "readers see version 000002-run-2 instead of version 000003-run-3" in alert["summary"]
    assert alert["details"] == "wrong prices"


def test_the_version_before_is_one_that_was_not_withdrawn(settings: Settings) -> None:
    go_back(settings)
    publish(settings, publication.next_sequence(settings))
    assert version_before(settings).sequence == 2
    go_back(settings)
    assert mark(settings) == 2
    go_back(settings)
    assert mark(settings) == 1
    with pytest.raises(rolling_back.NoSuchVersion, match="no version before 000001-run-1"):
        version_before(settings)


@pytest.mark.parametrize(("text", "sequence"), [("2", 2), ("000002", 2), ("000002-run-2", 2), ("000003-", 3)])
def test_a_version_is_meant_by_its_number_its_name_or_its_beginning(
    settings: Settings, text: str, sequence: int
) -> None:
    assert find_version(settings, text).sequence == sequence


@pytest.mark.parametrize("text", ["", "00000", "9", "latest", "²"])
def test_what_means_no_version_or_several_is_told_with_those_that_there_are(
    settings: Settings, text: str
) -> None:
    with pytest.raises(rolling_back.NoSuchVersion, match="000001-run-1"):
        find_version(settings, text)


def test_what_was_rolled_back_is_not_published_again_unasked(settings: Settings) -> None:
    def like(sequence: int, code: str = "code") -> bool:
        dependencies = {**dict.fromkeys(DEPENDS_ON), "inputs_fingerprint": f"inputs-{sequence}"}
        return withdrawn_like(settings, {**dependencies, "code_fingerprint": code}) is not None

    assert not like(3)
    go_back(settings, 1)
    # What lies between was gone back from, too.
    assert [like(sequence) for sequence in (1, 2, 3, 4)] == [False, True, True, False]
    assert not like(3, code="other code")
    # Going forward takes it back.
    roll_back(settings, find_version(settings, "2"), SilentReporter())
    assert [like(sequence) for sequence in (1, 2, 3)] == [False, False, True]
    rolling_back.take_back_withdrawal(
        settings, {**dict.fromkeys(DEPENDS_ON), "inputs_fingerprint": "inputs-3", "code_fingerprint": "code"}
    )
    assert not like(3)


def test_going_forward_undoes_a_rollback_with_all_that_it_passed(settings: Settings) -> None:
    go_back(settings, 1)
    assert [record["sequence"] for record in publication.read_withdrawn(settings)] == [2, 3]
    roll_back(settings, find_version(settings, "3"), SilentReporter())
    assert publication.read_withdrawn(settings) == []
    assert version_before(settings).sequence == 2
    # What another rollback had taken back before stays so.
    go_back(settings, 2)
    publish(settings, 4)
    go_back(settings, 2)
    roll_back(settings, find_version(settings, "4"), SilentReporter())
    assert [record["sequence"] for record in publication.read_withdrawn(settings)] == [3]


def test_the_next_version_has_a_higher_number_even_if_the_withdrawn_one_is_gone(settings: Settings) -> None:
    go_back(settings)
    publication.remove_folder(find_version(settings, "3").folder)
    assert publication.next_sequence(settings) == 4
    assert publish(settings, 4).sequence == 4
    assert mark(settings) == 4


def test_a_version_that_is_not_what_was_published_is_refused(settings: Settings) -> None:
    rewrite_record(find_version(settings, "2"), tables={})
    with pytest.raises(RunError, match=r"marts\.dim_runs: was not published"):
        go_back(settings)
    assert mark(settings) == 3
    assert read_journal(settings)[-1].status == "failed"
    assert publication.read_withdrawn(settings) == []


def test_the_command_goes_back_and_forth(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(settings, "rollback", "--reason", "wrong prices") == cli.DONE
    assert "Readers see version 000002-run-2 now" in capsys.readouterr().out
    assert main(settings, "status") == cli.DONE
    assert "000003-run-3 was rolled back" in capsys.readouterr().out
    assert main(settings, "rollback", "2") == cli.FAILED
    assert "is what readers see already" in capsys.readouterr().err
    assert main(settings, "rollback", "3") == cli.DONE
    assert mark(settings) == 3
    assert publication.read_withdrawn(settings) == []
    assert main(settings, "rollback", "17") == cli.USAGE
    assert main(settings, "verify", "17") == cli.USAGE
    # A mistake in the terminal is no failed run.
    assert {run.status for run in read_journal(settings)} == {"rolled_back"}


def test_a_link_that_leads_nowhere_is_mended(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.current_link.unlink()
    settings.current_link.symlink_to("versions/none")
    assert main(settings, "rollback") == cli.FAILED
    assert "tieout rollback VERSION" in capsys.readouterr().err
    assert main(settings, "rollback", "3") == cli.DONE
    assert mark(settings) == 3
    assert publication.read_withdrawn(settings) == []
    # What is no link is somebody's own, and stays.
    settings.current_link.unlink()
    settings.current_link.write_text("mine")
    assert main(settings, "rollback", "2") == cli.FAILED
    assert settings.current_link.read_text() == "mine"


def test_the_versions_to_choose_from_are_listed_although_the_link_leads_nowhere(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    publication.remove_folder(find_version(settings, "3").folder)
    assert main(settings, "versions") == cli.FAILED
    told = capsys.readouterr()
    assert "tieout rollback VERSION" in told.err
    assert "000001-run-1" in told.out and "000002-run-2" in told.out
    assert "removes it" not in told.out and "what readers see" not in told.out
    assert main(settings, "versions", "--json") == cli.FAILED
    rows = json.loads(capsys.readouterr().out)
    assert [(row["version"], row["is_current"], row["kept_because"]) for row in rows] == [
        ("000002-run-2", False, []),
        ("000001-run-1", False, []),
    ]
    assert main(settings, "status") == cli.DONE
    assert "nothing yet" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        '{"a":',
        "[1, 2]",
        '{"files": 3}',
        '{"tables": {"fct_mrr": 3}}',
        '{"tables": {"fct_mrr": {"row_count": "many", "content_hash": "a"}}}',
        '{"published_at": "2024-01-01T00:00:00+00:00"}',
        '{"published_at": "yesterday"}',
        '{"data_clock_at": 5}',
    ],
)
def test_a_record_that_is_none_is_told_and_stops_no_command(
    settings: Settings, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = find_version(settings, "3").folder / publication.RECORD_FILE_NAME
    file.chmod(0o644)
    file.write_text(text, encoding="utf-8")
    assert main(settings, "status", "--exit-code") == cli.FAILED
    assert "Run tieout nightly" in capsys.readouterr().out
    assert main(settings, "versions") == cli.DONE
    assert main(settings, "prune") == cli.DONE
    assert main(settings, "verify") == cli.FAILED
    assert "build.json: is not there or cannot be read" in capsys.readouterr().out
    assert main(settings, "rollback") == cli.DONE
    assert mark(settings) == 2
    # Nothing is promised that cannot be kept.
    assert "the next tieout nightly publishes anew" in capsys.readouterr().out
    assert main(settings, "rollback", "3") == cli.FAILED
    assert mark(settings) == 2


def test_nothing_goes_back_while_a_run_holds_the_home(settings: Settings) -> None:
    with home_lock(settings, "somebody"), pytest.raises(runs.RunRefused, match="run somebody"):
        go_back(settings)
    assert mark(settings) == 3


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    """A home whose raw store has three states of the customers, of which the last lost nobody but a name."""
    one = Settings(home=tmp_path / "home", landing=write_landing(tmp_path / "landing"))
    text = BILLING["customer"]
    for day in range(3):
        put(one.landing, "billing/customer.csv", text)
        load_landing(one.raw_dir, one.landing, loaded_at=START + day * DAY)
        text += f"cus_{day}x,{day}@example.com,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z\n"
    return one


def test_a_version_that_names_an_erased_person_goes_once_readers_are_led_away_from_it(
    loaded: Settings,
) -> None:
    publish(loaded, 1)
    publish(loaded, 2)
    # What is published for everybody names the person only in the newest version.
    folder = loaded.home.parent / "named"
    folder.mkdir()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_mrr as select 3 as mark")
        connection.execute("create table marts.dim_runs as select 3 as mark, 'one@example.com' as name")
    publication.publish(
        loaded, build_file=folder / "warehouse.duckdb", sequence=3, run_id="run-3", record={}, key_columns={}
    )
    erase(loaded, customers=["cus_1"])
    assert erasing.is_unfinished(loaded)
    assert mark(loaded) == 3
    go_back(loaded)
    assert mark(loaded) == 2
    assert [version.sequence for version in list_versions(loaded)] == [1, 2]
    assert not erasing.is_unfinished(loaded)
    with pytest.raises(rolling_back.NoSuchVersion):
        find_version(loaded, "3")


def test_nobody_is_led_back_to_a_version_that_names_an_erased_person(
    loaded: Settings, tmp_path: Path
) -> None:
    publish(loaded, 1)
    erase(loaded, customers=["cus_1"])
    # Put back from a backup by somebody.
    folder = tmp_path / "backup"
    other = replace(loaded, home=folder)
    file = tmp_path / "named.duckdb" / "warehouse.duckdb"
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_runs as select 2 as mark, 'one@example.com' as name")
    named = publication.publish(other, build_file=file, sequence=2, run_id="run-2", record={}, key_columns={})
    shutil.copytree(named.folder, loaded.versions_dir / named.name)
    with pytest.raises(RunError, match="names a person who was erased"):
        go_back(loaded, 2)
    assert mark(loaded) == 1


# ---- verifying


def flip_byte(file: Path, position: int) -> None:
    mode = file.stat().st_mode
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[position] ^= 0x10
    file.write_bytes(data)
    file.chmod(mode)


def test_a_version_is_as_it_was_published(settings: Settings) -> None:
    for version in list_versions(settings):
        verified = verify_version(version)
        assert (verified.differences, verified.checked) == ([], 2)


def test_any_flipped_byte_of_a_published_file_is_found(settings: Settings) -> None:
    version = find_version(settings, "3")
    size = version.warehouse_file.stat().st_size
    for position in range(0, size, size // 23):
        flip_byte(version.warehouse_file, position)
        found = verify_version(version).differences
        assert any("warehouse.duckdb: its bytes are not those" in line for line in found), position
        flip_byte(version.warehouse_file, position)
    assert verify_version(version).is_whole


def test_a_flipped_byte_in_a_tables_rows_names_the_table(settings: Settings) -> None:
    version = find_version(settings, "3")
    data = version.warehouse_file.read_bytes()
    # As in a version of an earlier release, whose record has no hashes of files.
    rewrite_record(version, files={})
    flip_byte(version.warehouse_file, data.index(b"Acme Ltd"))
    found = verify_version(version).differences
    assert any(line.startswith(("marts.dim_runs:", "warehouse.duckdb: cannot be read")) for line in found)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda one: one.warehouse_file.chmod(0o644), "warehouse.duckdb: can be written to (mode 644)"),
        (lambda one: one.folder.chmod(0o777), "its folder: everybody may write into it"),
        (lambda one: (one.folder / "warehouse.duckdb.wal").touch(0o444), "has written to the database"),
        (lambda one: (one.folder / "build.json").unlink(), "build.json: is not there"),
        (lambda one: rewrite_record(one, sequence=8), "build.json: is of another version"),
        (lambda one: rewrite_record(one, tables={"x": {"row_count": 1, "content_hash": "a"}}),
         "marts.x: is not there"),
        (lambda one: rewrite_record(one, tables={"fct_mrr": {"row_count": 3, "content_hash": "a"}}),
         "marts.fct_mrr: has 500 rows, 3 were published"),
        (lambda one: one.warehouse_file.unlink(), "warehouse.duckdb: is not there"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_version_is_told(
    settings: Settings, spoil: Callable[[Version], object], told: str
) -> None:
    version = find_version(settings, "2")
    spoil(version)
    assert any(told in line for line in verify_version(version).differences)


def test_the_raw_store_is_verified_by_its_hashes(loaded: Settings) -> None:
    verified = verify_raw(loaded.raw_dir)
    assert (verified.differences, verified.checked) == ([], 7)
    store = ObjectStore(loaded.raw_dir)
    one, other = sorted(store.hashes())[:2]
    flip_byte(store.path(one), 40)
    store.remove(other)
    found = verify_raw(loaded.raw_dir).differences
    assert len(found) == 2
    assert any("bytes of its object" in line and one in line for line in found)
    assert any("is not there" in line and other in line for line in found)


def test_a_pruned_object_is_no_difference(loaded: Settings) -> None:
    assert pruning.prune(loaded.raw_dir, 0, now=START + 9 * DAY).objects == 2
    assert verify_raw(loaded.raw_dir).is_whole


def test_the_command_exits_with_1_and_names_the_table(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(settings, "verify") == cli.DONE
    assert "000003-run-3: 2 tables read, as published" in capsys.readouterr().out
    rewrite_record(find_version(settings, "1"), tables={"fct_mrr": {"row_count": 1, "content_hash": ""}})
    assert main(settings, "verify", "--all") == cli.FAILED
    assert "marts.fct_mrr: has 500 rows" in capsys.readouterr().out
    assert main(settings, "verify", "1", "--json") == cli.FAILED
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["is_whole"] is False
    assert main(settings, "verify", "nine") == cli.USAGE


# ---- versions and status


def test_versions_says_what_keeps_each(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite_record(find_version(settings, "1"), published_at=LONG_AGO)
    go_back(settings)
    kept = replace(settings, versions_kept=1)
    reasons = publication.reasons_to_keep(kept, now=utc_now())
    assert reasons["000001-run-1"] == []
    assert reasons["000002-run-2"] == [publication.IS_CURRENT, publication.IS_YOUNG]
    assert reasons["000003-run-3"] == [publication.IS_YOUNG, publication.IS_AMONG_THE_NEWEST]
    assert main(settings, "versions") == cli.DONE
    shown = capsys.readouterr().out
    assert "* 000002-run-2" in shown
    assert "rolled back" in shown
    assert main(settings, "versions", "--json") == cli.DONE
    rows = json.loads(capsys.readouterr().out)
    assert [(row["sequence"], row["is_current"], row["is_withdrawn"]) for row in rows] == [
        (3, False, True), (2, True, False), (1, False, False),
    ]  # fmt: skip
    assert all(row["size"] > 0 and row["tests_passed"] == 7 for row in rows)


def kinds(settings: Settings, now: datetime | None = None) -> list[str]:
    return [block.kind for block in read_standing(settings, now=now or utc_now()).blocks]


def test_a_fresh_version_blocks_nothing(settings: Settings) -> None:
    assert kinds(settings) == []
    assert main(settings, "status", "--exit-code") == cli.DONE


def test_a_version_is_out_of_date_when_no_run_has_confirmed_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    later = utc_now() + timedelta(hours=27)
    assert kinds(settings, later - timedelta(hours=2)) == []
    assert kinds(settings, later) == ["stale"]
    rewrite_record(find_version(settings, "3"), published_at=LONG_AGO)
    assert main(settings, "status", "--exit-code") == cli.FAILED
    assert "policy published_max_age_hours allows 26 hours" in capsys.readouterr().out
    assert main(settings, "status") == cli.DONE
    with open_run(settings, RunOptions(), SilentReporter()) as run:
        run.status, run.published_version = "unchanged", "000003-run-3"
    assert main(settings, "status", "--exit-code") == cli.DONE


def test_the_company_decides_how_old_a_version_may_be(loaded: Settings) -> None:
    publish(loaded, 1)
    put(
        loaded.landing, "policy/metric_policies.csv", "policy_key,policy_value\npublished_max_age_hours,100\n"
    )
    load_landing(loaded.raw_dir, loaded.landing, loaded_at=START + 9 * DAY)
    assert kinds(loaded, utc_now() + timedelta(hours=99)) == []
    assert kinds(loaded, utc_now() + timedelta(hours=101)) == ["stale"]


def test_old_data_are_told_unless_the_version_looks_back(settings: Settings) -> None:
    clock = (utc_now() - timedelta(hours=50)).isoformat()
    publish(settings, 4, data_clock_at=clock)
    assert kinds(settings) == ["data_stale"]
    publish(settings, 5, data_clock_at=clock, as_of_date="2024-03-01")
    assert kinds(settings) == []


def test_a_failed_run_blocks_with_its_first_problem_until_one_is_good(settings: Settings) -> None:
    with open_run(settings, RunOptions(), SilentReporter()) as run:
        run.fail("billing was not loaded: customer.csv is empty\nmore")
    (block,) = read_standing(settings, now=utc_now()).blocks
    assert (block.kind, "customer.csv is empty" in block.text) == ("run_failed", True)
    assert block.details.endswith("more")
    # A run that was refused, or a rollback, does not make it good; a load does not publish.
    with open_run(settings, RunOptions(), SilentReporter(), job="load"):
        pass
    go_back(settings)
    assert kinds(settings) == ["run_failed"]
    with open_run(settings, RunOptions(), SilentReporter()) as run:
        run.status, run.published_version = "unchanged", "000002-run-2"
    assert kinds(settings) == []


def test_a_holder_that_writes_nothing_blocks(settings: Settings) -> None:
    with open_run(settings, RunOptions(), SilentReporter()):
        assert kinds(settings) == []
        assert kinds(settings, utc_now() + timedelta(minutes=61)) == ["lock"]
        standing = read_standing(settings, now=utc_now())
        assert standing.holder is not None
        assert (standing.holder.pid, standing.holder.is_alive) == (os.getpid(), True)


def test_a_lock_that_a_dead_process_left_to_its_child_is_told(settings: Settings) -> None:
    context = get_context("fork")
    ended = context.Process(target=int)
    ended.start()
    ended.join()
    with home_lock(settings, "gone"):
        holder = json.loads(runs.lock_file(settings).read_text())
        runs.lock_file(settings).write_text(json.dumps({**holder, "pid": ended.pid}))
        (block,) = read_standing(settings, now=utc_now()).blocks
    assert block.kind == "lock"
    assert "left behind when it ended" in block.text


def test_a_broken_link_and_a_broken_store_are_told_not_raised(
    loaded: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (loaded.home / "current").symlink_to("versions/none")
    (loaded.raw_dir / "manifest.jsonl").write_text("no record\nmore\n")
    assert main(loaded, "status", "--json", "--exit-code") == cli.FAILED
    shown = json.loads(capsys.readouterr().out)
    assert [block["kind"] for block in shown["blocks"]][:2] == ["link", "unreadable"]
    assert shown["published"] is None


def _tell_who_may_not_look_into_it(settings: Settings, answers: Connection) -> None:
    obey_modes()
    standing = read_standing(settings, now=utc_now())
    assert standing.holder is not None
    answers.send((standing.version, standing.holder.is_alive, [block.kind for block in standing.blocks]))


def test_who_may_not_look_into_private_folders_is_told_the_rest(loaded: Settings) -> None:
    """As an analyst, who is of the home's group, while a run holds the home."""
    version = publish(loaded, 1)
    with open_run(loaded, RunOptions(), SilentReporter()):
        for folder in (loaded.raw_dir, loaded.builds_dir):
            folder.chmod(0)
        ours, theirs = get_context("fork").Pipe()
        process = get_context("fork").Process(target=_tell_who_may_not_look_into_it, args=(loaded, theirs))
        process.start()
        theirs.close()
        told = ours.recv()
        process.join()
        for folder in (loaded.raw_dir, loaded.builds_dir):
            folder.chmod(0o700)
    assert told == (version, True, ["unreadable", "erasure"])


# ---- room


def home_with_builds(settings: Settings, *, size: int = 300_000) -> None:
    """Private builds of three runs, the oldest first."""
    for number in range(3):
        folder = settings.builds_dir / f"2024010{number + 1}T000000Z-a"
        (folder / "logs").mkdir(parents=True)
        (folder / "warehouse.duckdb").write_bytes(os.urandom(size))
        os.utime(folder, (number, number))


def test_without_flags_everything_that_nothing_keeps_goes(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home_with_builds(settings)
    for version in list_versions(settings):
        rewrite_record(version, published_at=LONG_AGO)
    monkeypatch.setenv("TIEOUT_VERSIONS_KEPT", "1")
    assert main(settings, "prune", "--dry-run") == cli.DONE
    assert "Would remove 2 versions: 000001-run-1, 000002-run-2." in capsys.readouterr().out
    assert len(list_versions(settings)) == 3
    assert main(settings, "prune", "--versions") == cli.DONE
    assert [version.sequence for version in list_versions(settings)] == [3]
    assert len(list(settings.builds_dir.iterdir())) == 3
    assert main(settings, "prune") == cli.DONE
    assert [folder.name for folder in settings.builds_dir.iterdir()] == ["20240103T000000Z-a"]


def test_a_budget_takes_the_oldest_first_and_only_as_much_as_it_needs(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    home_with_builds(settings)
    for version in list_versions(settings):
        rewrite_record(version, published_at=LONG_AGO)
    go_back(settings)
    before = folder_size(settings.home)
    budget = str(before - 300_000)
    assert main(settings, "prune", "--disk-budget", budget, "--dry-run") == cli.DONE
    assert folder_size(settings.home) == before
    assert "Would remove 1 private build: 20240101T000000Z-a." in capsys.readouterr().out
    assert main(settings, "prune", "--disk-budget", budget) == cli.DONE
    assert folder_size(settings.home) <= int(budget)
    assert "20240102T000000Z-a" in [folder.name for folder in settings.builds_dir.iterdir()]
    assert len(list_versions(settings)) == 3
    # What cannot be met is told, with what has to stay.
    assert main(settings, "prune", "--disk-budget", "1KB") == cli.FAILED
    shown = capsys.readouterr().out
    assert "bytes more than the budget" in shown
    assert "version 000002-run-2: current" in shown
    assert [version.sequence for version in list_versions(settings)] == [2]
    assert mark(settings) == 2


def test_a_budget_never_takes_what_is_young(settings: Settings) -> None:
    room = operating.make_room(settings, holder="pruning", now=datetime.now(UTC), budget=1)
    assert room.versions == []
    assert room.missing > 0
    assert any("younger than" in line for line in room.kept)


def test_a_file_of_two_names_is_freed_with_the_last(settings: Settings) -> None:
    home_with_builds(settings)
    folders = sorted(settings.builds_dir.iterdir())
    os.link(folders[0] / "warehouse.duckdb", settings.home / "logs.bin")
    budget = folder_size(settings.home) - 200_000
    room = operating.make_room(
        settings, holder="pruning", now=datetime.now(UTC), budget=budget, is_rehearsal=True
    )
    assert room.builds == [folder.name for folder in folders[:2]]
    real = operating.make_room(settings, holder="pruning", now=datetime.now(UTC), budget=budget)
    assert real.builds == room.builds
    assert real.size_after == folder_size(settings.home)


def test_a_budget_follows_the_policy_on_raw_objects(loaded: Settings) -> None:
    publish(loaded, 1)
    room = operating.make_room(loaded, holder="pruning", now=datetime.now(UTC), budget=1)
    assert len(ObjectStore(loaded.raw_dir).hashes()) == 7
    assert any("raw objects that policy raw_retention_days keeps" in line for line in room.kept)


# ---- raw rows


def customers(settings: Settings) -> int:
    """How many customers a build would read."""
    return sum(
        int(row["rows_accepted"])
        for row in write_snapshot(settings.raw_dir, settings.home.parent / "snapshot").load_report
        if row["table_name"] == "customer"
    )


def load(settings: Settings, day: float, **options: Any) -> Any:
    return load_landing(settings.raw_dir, settings.landing, loaded_at=START + day * DAY, **options)


def restore(settings: Settings, table: str = "customer", slot: str = "", **options: Any) -> Any:
    return operating.restore_raw(
        settings, "billing", table, slot, SilentReporter(), now=START + 20 * DAY, **options
    )


def test_the_rows_from_before_are_the_newest_until_the_landing_file_changes(loaded: Settings) -> None:
    before = write_snapshot(
        loaded.raw_dir, loaded.home.parent / "before", known_at=START + 1.5 * DAY
    ).fingerprint
    objects = ObjectStore(loaded.raw_dir).hashes()
    was, now = restore(loaded)
    assert (was.rows_accepted, now.rows_accepted) == (4, 3)
    assert customers(loaded) == 3
    # The same inputs as before the bad file, to the byte, so that the version made of them is good again.
    assert write_snapshot(loaded.raw_dir, loaded.home.parent / "after").fingerprint == before
    assert ObjectStore(loaded.raw_dir).hashes() == objects
    result = load(loaded, 30)
    assert not result.changed
    assert any("left alone, since an operator restored" in note for note in result.sources["billing"].notes)
    assert customers(loaded) == 3
    put(loaded.landing, "billing/customer.csv", BILLING["customer"] * 1 + "cus_9,,,,2024-03-01T03:00:00Z\n")
    assert load(loaded, 31).changed
    assert customers(loaded) == 3
    assert not any(
        file.refused
        for files in manifest_module.table_state(Manifest.read(loaded.raw_dir).records).values()
        for file in files
    )
    # What was known before the restore is known as it was.
    assert (
        write_snapshot(loaded.raw_dir, loaded.home.parent / "then", known_at=START + 2.5 * DAY).fingerprint
        != before
    )


def test_the_journal_and_the_alerts_know_of_a_restore(loaded: Settings) -> None:
    restore(loaded)
    (run,) = read_journal(loaded)
    assert (run.job, run.status) == ("restore", "restored")
    assert "customer.csv: 3 rows" in run.summary
    (alert,) = read_records(alerts_file(loaded))
    assert "Tieout restored billing.customer" in alert["summary"]
    assert any("held as it was loaded" in note for note in read_standing(loaded, now=utc_now()).notes)


def test_each_restore_goes_one_state_further_back_and_any_object_can_be_asked_for(loaded: Settings) -> None:
    newest = restoring.history(loaded.raw_dir, "billing", "customer", "")[-1].file
    restore(loaded)
    restore(loaded)
    assert customers(loaded) == 2
    with pytest.raises(restoring.RestoreError, match="no earlier state"):
        restore(loaded)
    restore(loaded, object_hash=newest.object_hash[:10])
    assert customers(loaded) == 4
    with pytest.raises(restoring.RestoreError, match="builds read already"):
        restore(loaded, object_hash=newest.object_hash)
    with pytest.raises(restoring.RestoreError, match="No object"):
        restore(loaded, object_hash="zz")
    assert {run.status for run in read_journal(loaded)} == {"restored"}


def test_a_file_that_is_released_is_loaded_as_it_lies_there(loaded: Settings) -> None:
    restore(loaded)
    operating.release_raw(loaded, "billing", "customer", "", SilentReporter(), now=START + 21 * DAY)
    load(loaded, 30)
    assert customers(loaded) == 4
    with pytest.raises(restoring.RestoreError, match="is not held"):
        operating.release_raw(loaded, "billing", "customer", "", SilentReporter(), now=START + 31 * DAY)


@pytest.mark.parametrize("arguments", [("--json",), ("--release", "--list"), ("--release", "--object", "ab")])
def test_what_is_asked_for_together_and_means_nothing_changes_nothing(
    loaded: Settings, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = Manifest.read(loaded.raw_dir).records
    try:
        code = main(loaded, "restore", "billing.customer", *arguments)
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == cli.USAGE
    assert "--list" in (told := capsys.readouterr().err) or "not allowed with" in told
    assert Manifest.read(loaded.raw_dir).records == before


def test_one_month_is_restored_and_the_others_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path / "home", landing=write_landing(tmp_path / "landing", invoice=None))
    header, *rows = BILLING["invoice"].splitlines(keepends=True)
    for month, row in zip(("2024-01", "2024-02"), rows, strict=True):
        put(settings.landing, f"billing/invoice/{month}.csv", header + row)
    load(settings, 0)
    good = write_snapshot(settings.raw_dir, tmp_path / "good").fingerprint
    put(settings.landing, "billing/invoice/2024-02.csv", header + rows[1].replace("2000", "9000"))
    load(settings, 1)
    assert main(settings, "restore", "billing.invoice") == cli.USAGE
    assert "--month or --file: 2024-01, 2024-02" in capsys.readouterr().err
    assert main(settings, "restore", "billing.invoice", "--month", "2024-03") == cli.USAGE
    assert main(settings, "restore", "billing.invoice", "--month", "2024-01") == cli.FAILED
    assert "billing.invoice 2024-01 has had no earlier state" in capsys.readouterr().err
    assert main(settings, "restore", "billing.invoice", "--month", "2024-02") == cli.DONE
    assert write_snapshot(settings.raw_dir, tmp_path / "again").fingerprint == good
    assert not load(settings, 5).changed
    capsys.readouterr()
    assert main(settings, "restore", "billing.invoice", "--month", "2024-02", "--list") == cli.DONE
    assert capsys.readouterr().out.count("billing/invoice/2024-02.csv") == 2
    assert main(settings, "restore", "billing.invoice", "--month", "2024-02", "--list", "--json") == cli.DONE
    shown = json.loads(capsys.readouterr().out)
    assert [(one["is_current"], one["rows_accepted"]) for one in shown] == [(False, 1), (True, 1)]
    assert main(settings, "restore", "billing.customer", "--month", "2024-02") == cli.USAGE
    assert main(settings, "restore", "billing.costumer") == cli.USAGE


def test_what_is_pruned_cannot_be_restored(loaded: Settings) -> None:
    pruning.prune(loaded.raw_dir, 0, now=START + 9 * DAY)
    with pytest.raises(restoring.RestoreError, match="not kept any more"):
        restore(loaded)
    assert customers(loaded) == 4


def test_an_erased_person_stays_erased_in_what_is_restored(loaded: Settings) -> None:
    erase(loaded, customers=["cus_1"])
    restore(loaded)
    snapshot = loaded.home.parent / "snapshot"
    assert customers(loaded) == 3
    shown = pq.read_table(snapshot / "billing" / "customer.parquet").to_pylist()
    assert "one@example.com" not in str(shown)
    assert "two@example.com" in str(shown)
    assert not load(loaded, 30).changed


# ---- the doctor


def found(settings: Settings, **environment: str) -> list[tuple[str, str]]:
    return [
        (finding.level, finding.text) for finding in examine(settings, environment=environment, now=utc_now())
    ]


def test_a_home_in_order_has_no_errors(loaded: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    publish(loaded, 1)
    assert [one for one in found(loaded) if one[0] != "note"] == []
    assert main(loaded, "doctor") == cli.DONE
    assert "0 errors, 0 warnings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda one: one.home.chmod(0o777), "Everybody on this machine may write to"),
        (lambda one: one.versions_dir.rename(one.home / "elsewhere"), "holds no published"),
        (lambda one: find_version(one, "1").warehouse_file.chmod(0o644), "can be written to"),
        (lambda one: (one.raw_dir / "manifest.jsonl").write_text("x\n"), "an earlier load cannot be read"),
        (lambda one: shutil.rmtree(one.raw_dir / "objects"), "raw object of billing.customer"),
        (lambda one: (one.landing / "billing/price.csv").unlink(), "billing.price is required and not there"),
        (lambda one: put(one.landing, "billing/price.csv", "a;b\n1;2\n"), "divided by semicolons"),
        (lambda one: put(one.landing, "billing/price.csv", ""), "is empty"),
        (lambda one: put(one.landing, "billing/price.csv.gz", "no gzip"), "holds the same rows"),
        (lambda one: put(one.landing, "crm/deal.csv.gz", "no gzip"), "deal.csv.gz"),
        (lambda one: put(one.landing, "crm/deal.parquet", "no parquet"), "deal.parquet"),
        (lambda one: put(one.landing, "crm/deal.xlsx", "no workbook"), "deal.xlsx"),
        (lambda one: put(one.landing, "billing/price.csv", "id,product\nx,y\n"), "column"),
        (lambda one: shutil.rmtree(one.landing), "is not there"),
    ],
)  # fmt: skip
def test_an_error_is_found_with_what_to_do_and_the_command_exits_with_1(
    loaded: Settings, spoil: Callable[[Settings], object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(loaded, 1)
    spoil(loaded)
    assert any(level == "error" and told in text for level, text in found(loaded)), found(loaded)
    assert main(loaded, "doctor") == cli.FAILED
    assert told in capsys.readouterr().out


def test_names_that_are_nearly_right_are_told(loaded: Settings) -> None:
    put(loaded.landing, "biling/customer.csv", BILLING["customer"])
    put(loaded.landing, "billing/customer.csv", BILLING["customer"].replace("email,", "emial,"))
    put(loaded.landing, "billing/custmer.csv", "x")
    (loaded.home / "versions").mkdir(exist_ok=True)
    (loaded.home / "versions" / ".incoming-000001-x").mkdir()
    told = found(loaded, TIEOUT_VERSION_KEPT="3", TIEOUT_HOME="x", PATH="y")
    for level, part in (
        ("warning", "biling/: not a source"),
        ("warning", "the column emial is not declared"),
        ("note", "custmer.csv: no table of billing has this name"),
        ("note", "Killed runs left 1 things"),
        ("warning", "TIEOUT_VERSION_KEPT, which nothing reads"),
    ):
        assert any(one == level and part in text for one, text in told), (part, told)
    assert not any("TIEOUT_HOME" in text for _, text in told)


@pytest.mark.parametrize("command", ["/no/such/program --now", "'open"])
def test_an_alert_command_that_cannot_run_is_an_error(loaded: Settings, command: str) -> None:
    told = found(replace(loaded, alert_command=command))
    assert any(level == "error" and "TIEOUT_ALERT_COMMAND" in text for level, text in told)
    told = found(replace(loaded, alert_command=f"{sys.executable} -c pass"))
    assert not any("TIEOUT_ALERT_COMMAND" in text for _, text in told)


def test_the_doctor_changes_nothing(loaded: Settings) -> None:
    publish(loaded, 1)
    before = sorted((path, path.lstat().st_mtime_ns) for path in loaded.home.rglob("*") if path.is_file())
    found(loaded)
    assert (
        sorted((path, path.lstat().st_mtime_ns) for path in loaded.home.rglob("*") if path.is_file())
        == before
    )


def test_a_version_that_is_dated_in_the_future_is_told_and_does_not_count_as_young_for_years(
    settings: Settings,
) -> None:
    now = utc_now()
    rewrite_record(find_version(settings, "3"), published_at=(now + 400 * DAY).isoformat())
    (told,) = [block for block in read_standing(settings, now=now).blocks if block.kind == "clock"]
    assert "400 days" in told.text and "--force" in told.to_do
    assert not [
        block for block in read_standing(settings, now=now + 400 * DAY).blocks if block.kind == "clock"
    ]


@pytest.mark.parametrize("later_starts", [DAY, -DAY])
def test_a_failed_load_after_the_nightly_blocks_whichever_way_the_clock_went(
    settings: Settings, later_starts: timedelta
) -> None:
    start = utc_now()
    for job, status, begun in (("nightly", "published", start), ("load", "failed", start + later_starts)):
        record = dict.fromkeys(("finished_at", "tests_passed", "tests_failed", "published_version"))
        record |= {"run_id": f"run-of-{job}", "scheduler_run_id": job, "job": job, "status": status}
        record |= {"started_at": begun.isoformat(), "summary": job, "details": "", "log": ""}
        append_record(runs.journal_file(settings), record)
    (told,) = [block for block in read_standing(settings, now=start).blocks if block.kind == "run_failed"]
    assert "The last load failed" in told.text


def test_an_interrupted_nightly_blocks_until_the_next(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt), open_run(settings, RunOptions(), SilentReporter()):
        raise KeyboardInterrupt
    (told,) = [block for block in read_standing(settings, now=utc_now()).blocks if block.kind == "run_failed"]
    assert "The last nightly was interrupted" in told.text


# ---- killed in the middle

TRACED = traced_files(
    *(publication, rolling_back, operating, runs, erasing, files_module),
    *(manifest_module, objects_module, pruning, restoring),
)


def killed(base: Settings, act: Callable[[Settings], object]) -> Iterator[Settings]:
    """Copies of a home in each of which ``act`` was killed at another line, spread over all of them."""
    for settings, _ in killed_homes(base, act, TRACED, points=spread(16)):
        yield settings


def test_a_rollback_killed_at_any_line_leaves_one_whole_version_and_says_which(settings: Settings) -> None:
    seen = set()
    for home in killed(settings, go_back):
        now = mark(home)
        seen.add(now)
        current = current_version(home)
        assert current is not None
        assert verify_version(current).is_whole
        status = [run.status for run in read_standing(home, now=utc_now()).runs]
        assert all(one != "running" for one in status)
        withdrawn = {record["version"] for record in publication.read_withdrawn(home)}
        if now == 2:
            assert withdrawn == {"000003-run-3"}
            assert status == ["rolled_back"]
        # The next run goes on without a hand, and what never happened is forgotten.
        with open_run(home, RunOptions(), SilentReporter()):
            publication.clean_up(home)
            rolling_back.forget_what_never_happened(home)
        assert bool(publication.read_withdrawn(home)) is (now == 2)
        assert bool([one for one in read_records(alerts_file(home)) if "rolled back" in str(one)]) is (
            now == 2
        )
        go_back(home, 1)
        assert mark(home) == 1
    assert seen == {2, 3}


def test_a_pruning_killed_at_any_line_leaves_whole_versions_and_the_next_one_ends_it(
    loaded: Settings,
) -> None:
    for sequence in (1, 2, 3):
        rewrite_record(publish(loaded, sequence), published_at=LONG_AGO)
    home_with_builds(loaded, size=1000)
    put(loaded.landing, "policy/metric_policies.csv", "policy_key,policy_value\nraw_retention_days,0\n")
    load(loaded, 5)
    store = write_snapshot(loaded.raw_dir, loaded.home.parent / "snapshot").fingerprint
    limited = replace(loaded, versions_kept=1)

    def make_room(one: Settings) -> object:
        return operating.make_room(
            replace(one, versions_kept=1), holder="pruning", now=datetime.now(UTC), budget=1
        )

    for home in killed(limited, make_room):
        assert mark(home) == 3
        assert all(verify_version(version).is_whole for version in list_versions(home))
        assert verify_raw(home.raw_dir).is_whole
        make_room(home)
        assert [version.sequence for version in list_versions(home)] == [3]
        assert list(home.builds_dir.iterdir()) == []
        shutil.rmtree(home.home.parent / "snapshot")
        assert write_snapshot(home.raw_dir, home.home.parent / "snapshot").fingerprint == store
        assert operating.leftovers(home) == []


def test_a_restore_killed_at_any_line_leaves_the_old_state_or_the_new_one(loaded: Settings) -> None:
    seen = set()
    for home in killed(loaded, restore):
        shutil.rmtree(home.home.parent / "snapshot", ignore_errors=True)
        rows = customers(home)
        seen.add(rows)
        assert verify_raw(home.raw_dir).is_whole
        # The next load keeps what was decided, and the next restore is not in the way of anything.
        load(home, 30)
        shutil.rmtree(home.home.parent / "snapshot")
        assert customers(home) == rows
    assert seen == {3, 4}


def test_the_nightly_is_told_of_what_was_rolled_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step before any building, with the inputs of a version that was gone back from."""
    go_back(settings)
    write_landing(settings.landing)
    load(settings, 0)
    dependencies = {name: find_version(settings, "3").record()[name] for name in DEPENDS_ON}
    monkeypatch.setattr(warehouse, "what_a_version_depends_on", lambda *_: dependencies)
    with (
        pytest.raises(RunError, match=r"000003-run-3 was rolled back .* --force"),
        open_run(settings, RunOptions(), SilentReporter()) as run,
    ):
        warehouse.build_and_publish(run)
    assert mark(settings) == 2
    # What readers see now is simply confirmed.
    dependencies |= {"inputs_fingerprint": "inputs-2"}
    (find_version(settings, "2").folder / "dbt").mkdir()
    (find_version(settings, "2").folder / "dbt" / "run_results.json").write_text("{}")
    monkeypatch.setattr(warehouse, "raise_health_alerts", lambda *_: None)
    rewrite_record(find_version(settings, "2"), policies=default_policies())
    with open_run(settings, RunOptions(), SilentReporter()) as run:
        assert not warehouse.build_and_publish(run).is_new


def test_a_nightly_does_not_confirm_what_changed_while_it_waited_for_the_home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before the home is held, and after: meanwhile somebody went back, or loaded.
    answers = iter([current_version(settings), None])
    monkeypatch.setattr(warehouse, "version_without_news", lambda *_: next(answers))
    assert warehouse.confirm_unchanged(settings, RunOptions(), SilentReporter()) is None
    assert read_journal(settings) == []
    assert not alerts_file(settings).exists()
    assert not runs.is_held(settings)


def test_a_nightly_without_news_forgets_a_rollback_that_never_happened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(settings: Settings, version: Version) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as at_the_switch, pytest.raises(KeyboardInterrupt):
        at_the_switch.setattr(publication, "switch_back", killed)
        go_back(settings)
    assert mark(settings) == 3
    assert [record["version"] for record in publication.read_withdrawn(settings)] == ["000003-run-3"]
    monkeypatch.setattr(warehouse, "version_without_news", lambda *_: current_version(settings))
    monkeypatch.setattr(warehouse, "leave_as_it_is", lambda *_: None)
    assert warehouse.confirm_unchanged(settings, RunOptions(), SilentReporter()) is not None
    assert publication.read_withdrawn(settings) == []
