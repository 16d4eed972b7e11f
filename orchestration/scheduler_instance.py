"""The scheduler's instance: its folder under the home, its configuration, and where its history is kept.

Add here how the scheduler is set up for a home. What it does by itself is in ``automation.py``; what its
history may say of people is searched by ``scheduler_history.py``. Its database's password comes from the
environment or a file of the operator's and is written nowhere.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from orchestration.files import make_private, write_text
from orchestration.runs import RunError
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    import dagster as dg

# The instance's configuration. Telemetry and the nux mail form would reach for the network; captured output
# would swallow the terminal's progress, and each run keeps its own logs anyway.
INSTANCE_CONFIGURATION = """\
telemetry:
  enabled: false
nux:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
"""
DATABASE_VARIABLE = "TIEOUT_SCHEDULER_DATABASE_URL"
# The scheduler reads the variable itself, each time it starts.
DATABASE_CONFIGURATION = f"""\
storage:
  postgres:
    postgres_url:
      env: {DATABASE_VARIABLE}
"""
STORAGE_KEYS = ("storage", "run_storage", "event_log_storage", "schedule_storage")
# Valid from 1 on. A server that is there answers in milliseconds; one that starts beside us needs seconds.
CONNECT_SECONDS = 10
INSTALL = "pip install -c constraints.txt -e '.[postgres]'"
MODULE_NAME = "orchestration.definitions"


class DatabaseProblem(RunError):
    """The scheduler's database cannot be used; the message says why and what to do, and no password."""


def configuration_file(settings: Settings) -> Path:
    """The scheduler's own configuration."""
    return settings.dagster_home / "dagster.yaml"


def prepare_instance_folder(settings: Settings) -> None:
    """Make the scheduler's home with its configuration; one that an operator has changed is left alone.

    Raises:
        DatabaseProblem: configuration and settings disagree on where history is kept.
    """
    # Its history tells what runs said, and that may quote rows.
    make_private(settings.dagster_home)
    file = configuration_file(settings)
    present = file.read_text(encoding="utf-8") if file.exists() else None
    if present is None:
        present = INSTANCE_CONFIGURATION
        write_text(file, present if settings.scheduler_database_url is None else _with_database(present))
        return
    if settings.scheduler_database_url is not None and not has_storage(present):
        write_text(file, _with_database(present))
        return
    check_agreement(settings)


def _with_database(configuration: str) -> str:
    return f"{configuration.rstrip()}\n{DATABASE_CONFIGURATION}"


def _read(configuration: str) -> Mapping[str, Any]:
    try:
        read = yaml.safe_load(configuration)
    except yaml.YAMLError:
        # The scheduler says what is wrong with it.
        return {}
    return read if isinstance(read, dict) else {}


def has_storage(configuration: str) -> bool:
    """Whether a configuration of the scheduler says where its history is kept."""
    return any(key in _read(configuration) for key in STORAGE_KEYS)


def is_in_database(settings: Settings) -> bool:
    """Whether the home's scheduler keeps its history in the database of the settings' variable."""
    file = configuration_file(settings)
    if not file.exists():
        return settings.scheduler_database_url is not None
    storage = _read(file.read_text(encoding="utf-8")).get("storage")
    return isinstance(storage, dict) and "postgres" in storage


def check_agreement(settings: Settings) -> None:
    """Refuse what would split the history between two places.

    Raises:
        DatabaseProblem: the configuration keeps it in a database that the environment does not name, or the
            environment names one that the configuration does not use.
    """
    file = configuration_file(settings)
    if not file.exists():
        return
    in_database = is_in_database(settings)
    if in_database and settings.scheduler_database_url is None:
        raise DatabaseProblem(
            f"The scheduler of {settings.home} keeps its history in PostgreSQL ({file}), and "
            f"{DATABASE_VARIABLE} is not set. Set it as for the service (its environment file), or remove "
            f"that file to keep a new history under the home."
        )
    if settings.scheduler_database_url is None or in_database:
        return
    if has_storage(file.read_text(encoding="utf-8")):
        raise DatabaseProblem(
            f"{DATABASE_VARIABLE} is set, but {file} says that history is kept elsewhere. Unset the "
            f"variable, or replace what the file says on storage by:\n{DATABASE_CONFIGURATION}"
        )


def export_password(settings: Settings) -> None:
    """Let this process and its children connect with the password of the operator's file.

    Raises:
        DatabaseProblem: the file cannot be read.
    """
    file = settings.scheduler_database_password_file
    if settings.scheduler_database_url is None or file is None:
        return
    try:
        os.environ["PGPASSWORD"] = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise DatabaseProblem(
            f"TIEOUT_SCHEDULER_DATABASE_PASSWORD_FILE={file} cannot be read: {reason}."
        ) from None


def connect(settings: Settings) -> Any:
    """A connection to the scheduler's database; the caller closes it.

    Raises:
        DatabaseProblem: the package is not installed, or the database cannot be reached.
    """
    assert settings.scheduler_database_url is not None
    if importlib.util.find_spec("psycopg2") is None or importlib.util.find_spec("dagster_postgres") is None:
        raise DatabaseProblem(f"{DATABASE_VARIABLE} is set, but dagster-postgres is not installed: {INSTALL}")
    import psycopg2

    export_password(settings)
    try:
        return psycopg2.connect(
            settings.scheduler_database_url.replace("postgresql+psycopg2:", "postgresql:", 1),
            connect_timeout=CONNECT_SECONDS,
        )
    except psycopg2.Error as error:
        # The first line says it all; it names host and user, never the password.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DatabaseProblem(
            f"The scheduler's database {settings.scheduler_database_name} cannot be reached: {reason}. "
            f"Start the server, or correct {DATABASE_VARIABLE} (user, host, port, database) and the password."
        ) from None


def check_database(settings: Settings) -> str | None:
    """The version of the scheduler's database, or None where history is kept under the home.

    Raises:
        DatabaseProblem: it cannot be used.
    """
    check_agreement(settings)
    if settings.scheduler_database_url is None:
        return None
    with closing(connect(settings)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('server_version'), has_schema_privilege(current_schema(), 'create')"
        )
        version, may_create = cursor.fetchone()
    if not may_create:
        raise DatabaseProblem(
            f"The scheduler may not make its tables in {settings.scheduler_database_name}. Make its user the "
            "database's owner: create database tieout owner tieout"
        )
    return str(version)


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The persistent scheduler instance of the home.

    Raises:
        DatabaseProblem: its history is kept in a database that cannot be used.
    """
    import dagster as dg

    prepare_instance_folder(settings)
    if settings.scheduler_database_url is not None:
        check_database(settings)
        # The configuration names the variable; a caller may have given the settings otherwise.
        os.environ[DATABASE_VARIABLE] = settings.scheduler_database_url
    return dg.DagsterInstance.from_config(str(settings.dagster_home))


def scheduler_environment(settings: Settings) -> dict[str, str]:
    """The environment of Dagster's own processes."""
    export_password(settings)
    return {
        **os.environ,
        **settings.environment(),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        # Its own name must be found from any working folder.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")])),
    }
