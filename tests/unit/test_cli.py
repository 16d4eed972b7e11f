"""The command line's arguments, exit codes and output, without a build."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import cli, publication, scheduler_instance, warehouse
from orchestration.alerts import alerts_file
from orchestration.commands import nightly, query
from orchestration.files import read_records
from orchestration.reporting import SilentReporter
from orchestration.runs import RunOptions, journal_file, open_run
from orchestration.settings import Settings
from tests.small_landing import write_landing


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIEOUT_HOME", "TIEOUT_LANDING", "TIEOUT_TARGET", "TIEOUT_ALERT_COMMAND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one published version of a small table."""
    build_file = tmp_path / "build" / "warehouse.duckdb"
    build_file.parent.mkdir()
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_mrr as select * from (values "
            "(date '2024-01-01', 'acc, \"1\"', 1234567890123.4500::decimal(18,4), true, ['a', 'b']), "
            "(date '2024-02-01', null, 0.1000::decimal(18,4), false, [])) "
            "as rows(month, name, amount, is_open, tags)"
        )
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    publication.publish(
        settings,
        build_file=build_file,
        sequence=1,
        run_id="run-1",
        record={"as_of_at": "2024-02-29T00:00:00", "tests_passed": 3},
        key_columns={},
    )
    return settings.home


# ---- arguments


@pytest.mark.parametrize("place", ["before", "after"])
def test_home_and_landing_may_stand_before_or_after_the_command(place: str) -> None:
    given = ["--home", "h", "--landing", "l"]
    line = [*given, "nightly"] if place == "before" else ["nightly", *given]
    parsed = cli.build_parser().parse_args(line)
    assert (parsed.home, parsed.landing) == ("h", "l")


def test_the_nightly_takes_dates_times_and_tables() -> None:
    parsed = cli.build_parser().parse_args(
        [
            *("nightly", "--as-of", "2024-02-29", "--known-at", "2024-03-01T02:00:00+02:00", "--force"),
            *("--accept-drop", "billing.customer", "invoice", "--accept-drop", "price"),
        ]
    )
    assert parsed.as_of == date(2024, 2, 29)
    assert parsed.known_at == datetime(2024, 3, 1, 0, 0)  # noqa: DTZ001
    assert parsed.accept_drop == ["billing.customer", "invoice", "price"]
    assert parsed.force is True


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["nightlies"],
        ["nightly", "--as-of", "2024-02-30"],
        ["nightly", "--as-of", "yesterday"],
        ["nightly", "--known-at", "noon"],
        ["nightly", "--as", "2024-01-01"],
        ["nightly", "extra"],
        ["query"],
        ["query", "select 1", "--format", "xml"],
        ["dev", "--port", "0"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_how_it_is_used(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(line)
    assert ended.value.code == 2
    assert "usage: tieout" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("9999-12-31", "'9999-12-31' is too late to report on; the last day is 9997-12-31"),
        ("9998-01-01", "too late"),
        ("20241130", "'20241130' is no date; write YYYY-MM-DD"),
        ("2024-W48-6", "write YYYY-MM-DD"),
        ("2024-11-30 ", "write YYYY-MM-DD"),
        ("2024-11-3", "write YYYY-MM-DD"),
        ("２０２４-11-30", "write YYYY-MM-DD"),
        ("2023-02-29", "'2023-02-29' is not in the calendar"),
        ("0000-01-01", "not in the calendar"),
    ],
)
def test_a_day_that_cannot_be_reported_on_is_wrong_usage(
    day: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["nightly", "--home", str(tmp_path), "--as-of", day])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "argument --as-of: " in error
    assert reason in error


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-05:00", "20240301T020000", "2024-W09-5T02:00", "2024-03-01T25:00"]
)
def test_a_moment_that_does_not_exist_or_is_written_otherwise_is_wrong_usage(
    moment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["nightly", "--home", str(tmp_path), "--known-at", moment])
    assert ended.value.code == 2
    assert f"{moment!r} is no time; write YYYY-MM-DDTHH:MM:SS" in capsys.readouterr().err


@pytest.mark.parametrize("hour", ["25", "2.5", "two", "nan"])
def test_a_setting_that_cannot_be_read_is_wrong_usage(
    hour: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIEOUT_NIGHTLY_HOUR", hour)
    assert cli.main(["status"]) == 2
    assert f"TIEOUT_NIGHTLY_HOUR='{hour}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["status"], ["nightly"], ["load"], ["query", "select 1"], ["dbt", "--", "ls"]]
)
@pytest.mark.parametrize("below", ["", "below", "far/below"])
def test_a_home_that_is_a_file_or_below_one_is_wrong_usage(
    command: list[str], below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    home = file / below
    assert cli.main(["--home", str(home), *command]) == 2
    error = capsys.readouterr().err
    assert f"The home {home} cannot be used: {file} is not a folder." in error
    assert "--home" in error


def test_a_home_that_is_a_broken_link_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "nowhere")
    assert cli.main(["status", "--home", str(tmp_path / "home")]) == 2
    assert f"{tmp_path / 'home'} is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["nightly"], ["load"], ["dbt", "--", "ls"], ["dev"]])
def test_a_home_that_cannot_be_made_is_told_in_one_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / ("x" * 300)
    assert cli.main(["--home", str(home), *command]) == 1
    assert capsys.readouterr().err == f"tieout: The home {home} cannot be made: File name too long.\n"


@pytest.mark.parametrize("command", ["nightly", "load"])
@pytest.mark.parametrize("below", ["", "below"])
def test_a_landing_folder_that_is_a_file_or_below_one_is_wrong_usage_and_nothing_is_written(
    command: str, below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, home = tmp_path / "export.csv", tmp_path / "home"
    file.touch()
    landing = file / below
    assert cli.main([command, "--home", str(home), "--landing", str(landing)]) == 2
    error = capsys.readouterr().err
    assert f"The landing folder {landing} cannot be used: {file} is not a folder." in error
    assert "--landing" in error
    assert not home.exists()


def test_an_unknown_table_is_wrong_usage_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert cli.main(["nightly", "--home", str(home), "--accept-drop", "billing.costumer"]) == 2
    assert "billing.costumer" in capsys.readouterr().err
    assert not home.exists()


def test_dbt_without_arguments_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dbt", "--home", str(tmp_path), "--"]) == 2
    assert "tieout dbt -- build" in capsys.readouterr().err


# ---- query


def test_a_query_prints_a_table(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["query", "--home", str(home), "select month, amount from fct_mrr order by month"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "month                   amount",
        "----------  ------------------",
        "2024-01-01  1234567890123.4500",
        "2024-02-01              0.1000",
    ]


def test_a_query_prints_csv_with_exact_digits(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select month, name, amount, is_open, tags from marts.fct_mrr order by month"
    assert cli.main(["query", sql, "--format", "csv", "--home", str(home)]) == 0
    assert capsys.readouterr().out == (
        "month,name,amount,is_open,tags\n"
        '2024-01-01,"acc, ""1""",1234567890123.4500,true,"[""a"", ""b""]"\n'
        "2024-02-01,,0.1000,false,[]\n"
    )


def test_a_query_prints_json_with_exact_digits(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select month, name, amount, is_open, tags from fct_mrr order by month"
    assert cli.main(["query", sql, "--format", "json", "--home", str(home)]) == 0
    text = capsys.readouterr().out
    assert json.loads(text, parse_float=Decimal) == [
        {
            "month": "2024-01-01",
            "name": 'acc, "1"',
            "amount": Decimal("1234567890123.4500"),
            "is_open": True,
            "tags": ["a", "b"],
        },
        {"month": "2024-02-01", "name": None, "amount": Decimal("0.1000"), "is_open": False, "tags": []},
    ]
    assert "1234567890123.4500" in text


@pytest.mark.parametrize(("form", "expected"), [("csv", "month\n"), ("json", "[]\n")])
def test_a_query_without_rows_prints_an_empty_answer(
    home: Path, capsys: pytest.CaptureFixture[str], form: str, expected: str
) -> None:
    sql = "select month from fct_mrr where false"
    assert cli.main(["query", sql, "--format", form, "--home", str(home)]) == 0
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    "sql", ["show tables", "describe fct_mrr", "from fct_mrr", "explain select 1", "values (1)"]
)
def test_every_reading_statement_is_run(home: Path, sql: str) -> None:
    assert cli.main(["query", sql, "--home", str(home)]) == 0


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "select 1; select 2",
        "drop table fct_mrr",
        "insert into fct_mrr select * from fct_mrr",
        "create temp table x as select 1",
        "attach ':memory:' as other",
        "copy fct_mrr to '/tmp/x.csv'",
        "export database '/tmp/x'",
        "install httpfs",
        "set enable_external_access = true",
        "pragma database_size",
        "call pragma_version()",
    ],
)
def test_a_statement_that_does_more_than_read_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], sql: str
) -> None:
    assert cli.main(["query", sql, "--home", str(home)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "with gone as (delete from fct_mrr returning *) select * from gone",
        "select * from no_such_table",
        "selekt 1",
    ],
)
def test_a_query_reaches_nothing_but_the_published_tables(
    home: Path, capsys: pytest.CaptureFixture[str], sql: str
) -> None:
    assert cli.main(["query", sql, "--home", str(home)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("tieout: The query failed:")
    assert "Traceback" not in error


def test_a_query_before_the_first_publication_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["query", "select 1", "--home", str(tmp_path / "home")]) == 1
    assert "run `tieout nightly` first" in capsys.readouterr().err


def test_a_broken_link_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "current").symlink_to("versions/000001-gone")
    assert cli.main(["query", "select 1", "--home", str(tmp_path)]) == 1
    assert "holds no published version" in capsys.readouterr().err


# ---- status and failures


def test_status_shows_what_is_published_and_how_runs_ended(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=home, landing=tmp_path)
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="run-two") as run:
        run.fail("billing was not loaded: customer.csv is empty")
        assert cli.main(["status", "--home", str(home)]) == 0
        assert f"Running    run {run.run_id}" in capsys.readouterr().out
    assert cli.main(["status", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert "version 000001-run-1" in shown
    assert "Kept       1 version\n" in shown
    assert "Running    nothing" in shown
    assert "failed  billing was not loaded: customer.csv is empty" in shown


def test_status_after_a_kill_shows_the_run_as_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path, landing=tmp_path)
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="run-one"):
        begun = journal_file(settings).read_bytes()
    # What a killed run leaves: its beginning, and a lock that nobody holds.
    journal_file(settings).write_bytes(begun)
    assert cli.main(["status", "--home", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "Running    nothing" in shown
    assert "killed  The run was killed: it ended without a word." in shown
    assert journal_file(settings).read_bytes() == begun


def test_status_of_an_empty_home_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--home", str(tmp_path / "home")]) == 0
    assert "nothing yet" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()


def test_a_nightly_that_cannot_even_start_is_alerted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> tuple[str, str]:
        raise cli.CommandFailed("The dbt project cannot be read: Compilation Error in model fct_mrr")

    monkeypatch.setattr(nightly, "_execute", fail)
    assert cli.main(["nightly", "--home", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "tieout: The dbt project cannot be read: Compilation Error in model fct_mrr\n"
    )
    (alert,) = read_records(alerts_file(Settings(home=tmp_path, landing=tmp_path)))
    assert "Compilation Error in model fct_mrr" in alert["summary"]


def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> int:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setitem(cli.COMMANDS, "status", fail)
    assert cli.main(["status", "--home", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "ZeroDivisionError: division by zero" in lines[0]
    kept = Path(lines[0].partition("(details: ")[2].rstrip(")"))
    assert "Traceback" in kept.read_text(encoding="utf-8")


def test_a_load_that_the_scheduler_did_not_carry_to_its_end_failed_and_is_alerted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(settings: Settings, *arguments: object) -> tuple[str, str]:
        with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id="run-one", job="load"):
            pass
        return "run-one", "the scheduler failed: database or disk is full"

    monkeypatch.setattr(nightly, "_execute", stop)
    assert cli.main(["load", "--home", str(tmp_path), "--landing", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("the scheduler failed: database or disk is full\n")
    assert "Sources may be missing; load again." in told.err
    (alert,) = read_records(alerts_file(Settings(home=tmp_path, landing=tmp_path)))
    assert alert["summary"] == "Tieout run failed: the scheduler failed: database or disk is full"


def test_a_run_that_ended_before_it_could_write_anything_is_alerted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "the scheduler failed: attempt to write a readonly database"
    monkeypatch.setattr(nightly, "_execute", lambda *_: ("run-one", problem))
    for _ in range(2):
        assert cli.main(["load", "--home", str(tmp_path), "--landing", str(tmp_path)]) == 1
    assert "The run ended before it began: the scheduler failed" in capsys.readouterr().err
    (alert,) = read_records(alerts_file(Settings(home=tmp_path, landing=tmp_path)))
    assert alert["summary"] == f"Tieout run failed: {problem}"


def test_a_home_whose_lock_cannot_be_opened_is_alerted_although_nothing_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a home that is read-only: the lock is no file.
    (tmp_path / "lock").mkdir()
    monkeypatch.setattr(warehouse, "version_without_news", lambda *_: object())
    assert cli.main(["nightly", "--home", str(tmp_path), "--landing", str(tmp_path)]) == 1
    assert "lock cannot be written to: Is a directory." in capsys.readouterr().err
    (alert,) = read_records(alerts_file(Settings(home=tmp_path, landing=tmp_path)))
    assert alert["summary"].endswith("lock cannot be written to: Is a directory.")
    assert alert["kind"] == "failure"


FULL_DISK = "(sqlite3.OperationalError) database or disk is full"
BACKGROUND = "(Background on this error at: https://sqlalche.me/e/21/e3q8)"


@pytest.mark.parametrize(
    "dump",
    [
        f"\n{BACKGROUND}",
        f"\n[SQL: INSERT INTO event_logs (run_id) VALUES (?)]\n[parameters: ('a', '[1]')]\n{BACKGROUND}",
        f"\n[SQL: \nCREATE TABLE runs (\n\tid INTEGER\n)\n\n]\n{BACKGROUND}",
        "",
    ],
)
def test_a_full_disk_is_told_without_what_the_scheduler_wanted_to_write(
    dump: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def full(settings: Settings) -> Iterator[None]:
        print(f"Exception while writing logger call to event log: {FULL_DISK}{dump}", file=sys.stderr)
        yield None

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError(FULL_DISK + dump)

    monkeypatch.setattr(scheduler_instance, "open_instance", full)
    monkeypatch.setattr(dg.JobDefinition, "execute_in_process", fail)
    landing = write_landing(tmp_path / "landing")
    assert cli.main(["load", "--home", str(tmp_path / "home"), "--landing", str(landing)]) == 1
    _, said, told = capsys.readouterr().err.splitlines()
    assert said == f"Exception while writing logger call to event log: {FULL_DISK}"
    assert told.startswith(
        f"tieout: The run ended before it began: the scheduler failed: {FULL_DISK} (details: "
    )
    kept = Path(told.partition("(details: ")[2].rstrip(")"))
    assert FULL_DISK + dump in kept.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (12, "12"),
        (Decimal("0.1000"), "0.1000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), "null"),
        (float("inf"), "null"),
        (1.5, "1.5"),
        (date(2024, 2, 29), '"2024-02-29"'),
        ("ü\n", '"ü\\n"'),
        ([Decimal("1.50"), None], "[1.50, null]"),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_json_values_keep_their_digits(value: object, expected: str) -> None:
    assert query.to_json(value) == expected
