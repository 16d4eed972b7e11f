"""What a query can reach, and what its answer does to who reads it: only published tables, and nothing.

Add here each way out of the published file that becomes known. Every way is tried on a real published version
by the command line, as an analyst would.
"""

from __future__ import annotations

import csv
import io
import os
import stat
from pathlib import Path

import duckdb
import pytest

from orchestration import cli, publication
from orchestration.commands.query import without_formula
from orchestration.engines import duckdb as engine
from orchestration.reporting import format_table, printable
from orchestration.settings import Settings

SECRET = "only-for-the-operator"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a published version that also names people, beside files that no query may read."""
    file = tmp_path / "build" / engine.WAREHOUSE_FILE_NAME
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema restricted")
        connection.execute("create table marts.fct_mrr as select range as amount from range(1000)")
        connection.execute(f"create table restricted.dim_people as select '{SECRET}' as name")
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    publication.publish(settings, build_file=file, sequence=1, run_id="run-1", record={}, key_columns={})
    (tmp_path / "secret.csv").write_text(f"secret\n{SECRET}\n")
    (tmp_path / "link.csv").symlink_to("secret.csv")
    return settings.home


def contents(home: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a home's parent, with its size and time."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in [home.parent, *home.parent.rglob("*")]
    }


WAYS_OUT = [
    # Other files and places.
    "select * from read_csv('{near}/secret.csv')",
    "select * from read_text('{near}/secret.csv')",
    "select * from read_blob('{near}/secret.csv')",
    "select * from read_json('{near}/secret.csv')",
    "select * from read_parquet('{near}/secret.csv')",
    "select * from sniff_csv('{near}/secret.csv')",
    "select * from '{near}/secret.csv'",
    "select * from '{near}/link.csv'",
    "select * from read_text('{version}/../../../secret.csv')",
    "select * from read_text('{version}/warehouse.duckdb/../../../../secret.csv')",
    "select * from read_text('{version}/build.json')",
    "select * from read_text('/proc/self/environ')",
    "select * from glob('{near}/*')",
    "select * from read_duckdb('{version}/restricted.duckdb')",
    "select * from '{version}/restricted.duckdb'",
    "select * from restricted.marts.dim_people",
    "select * from dim_people",
    "describe select * from read_text('{near}/secret.csv')",
    "select * from fct_mrr where amount in (select count(*) from read_text('{near}/secret.csv'))",
    "select * from query('select * from read_text(''{near}/secret.csv'')')",
    "select * from query_table('{near}/secret.csv')",
    "select * from json_execute_serialized_sql("
    "json_serialize_sql('select * from read_text(''{near}/secret.csv'')'))",
    "explain analyze select * from read_text('{near}/secret.csv')",
    # Networks.
    "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "select * from read_parquet('s3://bucket/x.parquet')",
    "install httpfs",
    "load httpfs",
    "force install httpfs",
    "update extensions",
    "select * from sql_auto_complete('sel')",
    # Writing.
    "copy fct_mrr to '{near}/out.csv'",
    "copy fct_mrr from '{near}/secret.csv'",
    "copy (select 1) to '{version}/warehouse.duckdb.wal'",
    "explain copy fct_mrr to '{near}/out.csv'",
    "explain analyze copy fct_mrr to '{near}/out.csv'",
    "explain analyze copy fct_mrr to '{version}/warehouse.duckdb.wal'",
    "explain (analyze, format json) copy fct_mrr to '{version}/warehouse.duckdb.wal'",
    "/* a */ explain -- b\n analyze copy fct_mrr to '{version}/warehouse.duckdb.wal'",
    "explain analyze copy fct_mrr to '{version}/warehouse.duckdb.tmp'",
    "explain analyze create temp table x as select 1",
    "explain analyze insert into fct_mrr values (1)",
    "explain explain analyze copy fct_mrr to '{version}/warehouse.duckdb.wal'",
    "export database '{near}/out'",
    "import database '{near}/out'",
    "insert into fct_mrr values (1)",
    "update fct_mrr set amount = 1",
    "delete from fct_mrr",
    "truncate fct_mrr",
    "drop table fct_mrr",
    "alter table fct_mrr rename to x",
    "create table x as select 1",
    "create temp table x as select 1",
    "create or replace view marts.x as select 1",
    "create macro m() as 1",
    "comment on table fct_mrr is 'x'",
    "with gone as (delete from fct_mrr returning *) select * from gone",
    "vacuum",
    "checkpoint",
    "select * from enable_logging('QueryLog', storage_path='{near}/logs', storage='file')",
    # Other databases, and looser settings.
    "attach '{version}/restricted.duckdb' as r",
    "attach '{near}/new.duckdb'",
    "attach ':memory:' as m",
    "detach warehouse",
    "use memory",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set global enable_external_access = true",
    "set lock_configuration = false",
    "set temp_directory = '{near}'",
    "set allowed_directories = ['/']",
    "set autoinstall_known_extensions = true",
    "set variable x = 1",
    "explain analyze set enable_external_access = true",
    "pragma enable_external_access",
    "pragma database_list",
    "call enable_logging()",
    # Secrets and the environment.
    "create secret (type s3)",
    "create persistent secret (type s3)",
    "drop secret s",
    "select * from duckdb_secrets()",
    "select getenv('HOME')",
    "select * from which_secret('s3://x', 's3')",
    # More than one statement, or none.
    "",
    ";",
    "select 1; attach ':memory:' as m",
    "select 1;; copy fct_mrr to '{near}/out.csv'",
    "begin",
    "prepare p as copy fct_mrr to '{near}/out.csv'",
    "execute p",
    # Variables of the program that runs the statement.
    "select * from settings",
    "select * from arguments",
]


def test_no_statement_leads_out_of_the_published_tables(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = os.path.realpath(home / "current")
    before = contents(home)
    got_out = []
    for way in WAYS_OUT:
        sql = way.format(near=home.parent, version=version)
        code = cli.main(["query", sql, "--home", str(home)])
        said = capsys.readouterr()
        if code == 0 or said.out or SECRET in said.err or "details:" in said.err:
            got_out.append((code, sql, said.out, said.err))
    assert got_out == []
    assert contents(home) == before


def test_the_restricted_file_is_only_read_when_it_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["query", "select name from dim_people", "--home", str(home)]
    assert cli.main(ask) == 1
    assert SECRET not in capsys.readouterr().err
    assert cli.main([*ask, "--restricted"]) == 0
    assert SECRET in capsys.readouterr().out
    # Neither then can anything else be read or written.
    version = os.path.realpath(home / "current")
    before = contents(home)
    for way in (
        "select * from read_text('{near}/secret.csv')",
        "copy dim_people to '{near}/out.csv'",
        "explain analyze copy dim_people to '{version}/restricted.duckdb.wal'",
        "insert into restricted.marts.dim_people values ('x')",
        "detach restricted",
    ):
        sql = way.format(near=home.parent, version=version)
        assert cli.main(["query", sql, "--home", str(home), "--restricted"]) != 0, sql
    assert contents(home) == before


def test_what_does_not_fit_into_memory_spills_neither_into_the_version_nor_for_others_to_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    before = contents(home / "versions")
    file = publication.current_version(Settings(home=home, landing=home)).warehouse_file  # type: ignore[union-attr]
    with engine.open_for_query(file) as connection:
        ((place,),) = connection.execute("select current_setting('temp_directory')").fetchall()
        assert Path(place).is_relative_to(tmp_path / "tmp")
        assert stat.S_IMODE(Path(place).stat().st_mode) == 0o700
    assert list((tmp_path / "tmp").iterdir()) == []
    assert contents(home / "versions") == before


@pytest.mark.parametrize(
    "sql",
    [
        "explain select amount from fct_mrr",
        "explain analyze select amount from fct_mrr",
        "explain (format json) from fct_mrr",
        "/* why */ -- it\n explain analyze with one as (select 1) select * from one",
        "summarize fct_mrr",
        "describe fct_mrr",
        "select * from query('select 1')",
    ],
)
def test_reading_statements_are_run(home: Path, sql: str) -> None:
    assert cli.main(["query", sql, "--home", str(home)]) == 0


# ---- what the answer does


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("-", "'-"),
        # Where lists are divided by semicolons, these would begin a cell.
        ("Acme;=1+1", "Acme;'=1+1"),
        ("Acme\n=1+1", "Acme\n'=1+1"),
        # No formulas.
        ("", ""),
        ("Acme = Ltd", "Acme = Ltd"),
        ("a-b; c", "a-b; c"),
        ("-5", "-5"),
        ("+12.50", "+12.50"),
        ("-1,234.50", "-1,234.50"),
        ("2024-01-31", "2024-01-31"),
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str, expected: str) -> None:
    assert without_formula(text) == expected


def _csv(capsys: pytest.CaptureFixture[str], home: Path, sql: str, *more: str) -> list[list[str]]:
    capsys.readouterr()
    assert cli.main(["query", sql, "--home", str(home), "--format", "csv", *more]) == 0
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


def test_csv_has_no_formula_and_numbers_stay_numbers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = (
        "select '=1+1' as text, -5.10::decimal(9, 2) as amount, -3 as whole, -0.5::double as share, "
        "date '2024-01-31' as day, null as nothing, ['=1'] as list, true as flag, 1 as \"=cmd\""
    )
    numbers = ["-5.10", "-3", "-0.5", "2024-01-31", "", '["=1"]', "true", "1"]
    header, row = _csv(capsys, home, sql)
    assert row == ["'=1+1", *numbers]
    assert header[-1] == "'=cmd"
    header, row = _csv(capsys, home, sql, "--raw")
    assert row == ["=1+1", *numbers]
    assert header[-1] == "=cmd"


def test_raw_without_csv_is_wrong_usage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["query", "select 1", "--home", str(home), "--raw"]) == 2
    assert "--format csv" in capsys.readouterr().err


def test_a_text_cannot_steer_the_terminal_that_shows_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    escape = "chr(27) || '[2J' || chr(7) || chr(155) || chr(8238) || 'moc'"
    assert cli.main(["query", f"select {escape} as text", "--home", str(home)]) == 0
    assert "\\x1b[2J\\x07\\x9b\\u202emoc" in capsys.readouterr().out
    # Messages quote it, too.
    assert cli.main(["query", "select '\x1b[2J' from nowhere", "--home", str(home)]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_printable_text_stays_as_it_is() -> None:
    text = "Zoë\tMüller\u00a0& 株式会社 \U0001f469\u200d\U0001f4bb\nnext line"
    assert printable(text) == text
    assert printable(os.fsdecode(b"bad\xff.csv")) == "bad\\udcff.csv"
    assert format_table(["a\x1bb"], [["c\nd\te"]]).splitlines()[0].strip() == "a\\x1bb"
