"""Where the scheduler keeps its history: configuration and environment agree, and no password is shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration import cli, scheduler_instance
from orchestration.doctor import examine
from orchestration.scheduler_history import HistoryError, histories
from orchestration.scheduler_instance import (
    DATABASE_CONFIGURATION,
    DatabaseProblem,
    check_database,
    configuration_file,
    export_password,
    prepare_instance_folder,
)
from orchestration.settings import Settings, SettingsError

URL = "postgresql+psycopg2://tieout:s3cret@db.example:5433/history"


@pytest.fixture
def in_files(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


@pytest.fixture
def in_database(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing", scheduler_database_url=URL)


def configuration(settings: Settings) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(configuration_file(settings).read_text(encoding="utf-8"))
    return read


def test_a_database_is_named_by_its_variable_alone(in_database: Settings) -> None:
    prepare_instance_folder(in_database)
    assert configuration(in_database)["storage"] == {
        "postgres": {"postgres_url": {"env": "TIEOUT_SCHEDULER_DATABASE_URL"}}
    }
    assert "s3cret" not in configuration_file(in_database).read_text()
    assert "s3cret" not in repr(in_database)
    assert in_database.scheduler_database_name == "postgresql://tieout@db.example:5433/history"


def test_a_home_goes_from_files_to_a_database_and_keeps_what_was_configured(
    in_files: Settings, in_database: Settings
) -> None:
    prepare_instance_folder(in_files)
    assert "storage" not in configuration(in_files)
    file = configuration_file(in_files)
    file.write_text(f"{file.read_text()}run_retries:\n  enabled: false\n")
    prepare_instance_folder(in_database)
    assert configuration(in_database)["run_retries"] == {"enabled": False}
    assert configuration(in_database)["retention"]["sensor"]["purge_after_days"]["skipped"] == 7
    before = file.read_text()
    prepare_instance_folder(in_database)
    assert file.read_text() == before


def test_a_history_is_never_split(in_files: Settings, in_database: Settings) -> None:
    """A command of a shell without the service's environment would begin a second one."""
    prepare_instance_folder(in_database)
    before = configuration_file(in_database).read_text()
    with pytest.raises(DatabaseProblem, match="TIEOUT_SCHEDULER_DATABASE_URL is not set"):
        prepare_instance_folder(in_files)
    assert configuration_file(in_database).read_text() == before


def test_another_storage_of_the_operator_is_left_alone(in_files: Settings, in_database: Settings) -> None:
    prepare_instance_folder(in_files)
    file = configuration_file(in_files)
    file.write_text(f"{file.read_text()}storage:\n  sqlite:\n    base_dir: /somewhere\n")
    before = file.read_text()
    prepare_instance_folder(in_files)
    with pytest.raises(DatabaseProblem, match="says that history is kept elsewhere") as caught:
        prepare_instance_folder(in_database)
    assert DATABASE_CONFIGURATION in str(caught.value)
    assert file.read_text() == before


def test_a_package_that_is_missing_is_named(in_database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_instance.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatabaseProblem, match=r"pip install .*postgres") as caught:
        check_database(in_database)
    assert "s3cret" not in str(caught.value)
    now = datetime.now(UTC).replace(tzinfo=None)
    findings = examine(in_database, environment={}, now=now)
    (found,) = [finding for finding in findings if "dagster-postgres" in finding.text]
    assert found.level == "error"


def test_doctor_says_that_the_variable_is_missing(in_files: Settings, in_database: Settings) -> None:
    prepare_instance_folder(in_database)
    now = datetime.now(UTC).replace(tzinfo=None)
    findings = examine(in_files, environment={}, now=now)
    (found,) = [finding for finding in findings if "PostgreSQL" in finding.text]
    assert (found.level, "Set it as for the service" in found.to_do) == ("error", True)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://tieout:s3cret@h/d",
        "postgresql://tieout:s3cret@h",
        "postgresql://tieout:s3/cret@h/d",
        "postgresql://tieout:s3#cret@h/d",
        "postgresql://tieout:s3cret@h:port/d",
        "postgresql://tieout:s3 cret@h/d",
        "s3cret",
    ],
)
def test_a_url_that_cannot_be_read_is_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match=r"%40") as caught:
        Settings.from_environment({"TIEOUT_SCHEDULER_DATABASE_URL": url})
    monkeypatch.setenv("TIEOUT_SCHEDULER_DATABASE_URL", url)
    assert cli.main(["status"]) == 2
    told = str(caught.value) + capsys.readouterr().err
    assert "cret" not in told and "s3" not in told


def test_both_spellings_mean_the_scheduler_s_driver() -> None:
    for scheme in ("postgresql", "postgresql+psycopg2", "PostgreSQL"):
        read = Settings.from_environment({"TIEOUT_SCHEDULER_DATABASE_URL": f"{scheme}://tieout@h/d"})
        assert read.scheduler_database_url == "postgresql+psycopg2://tieout@h/d"
        assert Settings.from_environment(read.environment()) == read


def test_a_password_comes_from_a_file(
    in_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "another")
    environment = {
        "TIEOUT_SCHEDULER_DATABASE_URL": URL,
        "TIEOUT_SCHEDULER_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
    }
    settings = Settings.from_environment(environment)
    with pytest.raises(DatabaseProblem, match=r"PASSWORD_FILE=.* cannot be read: No such file"):
        export_password(settings)
    (tmp_path / "password").write_text("s3cret two \n")
    export_password(settings)
    assert scheduler_instance.os.environ["PGPASSWORD"] == "s3cret two "


def test_a_history_that_cannot_be_searched_says_so(in_files: Settings, in_database: Settings) -> None:
    prepare_instance_folder(in_database)
    old = in_files.dagster_home / "history" / "runs.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("create table runs (run_body text)")
        connection.execute("insert into runs values ('by Ann')")
        connection.commit()
    # What was kept in files before is searched, too.
    files, database = histories(in_files)
    assert files.name == "dagster/history/runs.db"
    assert files.mentions(str.upper)
    files.clean(lambda text: text.replace("Ann", "(erased)"))
    assert not files.mentions(lambda text: text.replace("Ann", "(erased)"))
    with pytest.raises(HistoryError, match="TIEOUT_SCHEDULER_DATABASE_URL is not set"):
        database.clean(str.upper)
