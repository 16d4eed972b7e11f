"""Where things are and what the operator may set; the only reader of the environment.

Add a setting here when an operator must be able to choose it per machine. What a *company* decides (a
metric's policy) is a row in the policy seeds, never a setting. Nothing here reads the network or creates a
file on import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
POLICY_SEEDS_DIR = PROJECT_ROOT / "seeds" / "policy"
REFERENCE_SEEDS_DIR = PROJECT_ROOT / "seeds" / "reference"

TARGETS = ("duckdb",)
# The scheduler's driver, and the name that PostgreSQL's own programs take.
DATABASE_SCHEMES = ("postgresql+psycopg2", "postgresql")
TEXT_LOGS, JSON_LOGS = "text", "json"
# One that still lies ahead would leave no partition at all.
LAST_FIRST_MONTH = "2026-01"


class SettingsError(ValueError):
    """A setting that the operator gave cannot be used; the message says which and what is allowed."""


@dataclass(frozen=True)
class SmtpSettings:
    """How alerts are mailed, in the operator's own words; ``alerting.mail`` says what is wrong with them.

    Attributes:
        host, port: of the server; without a port the usual one of the security.
        security: starttls, tls (from the first byte) or none.
        user, password, password_file: what the server asks for; the password is given in one of two ways.
        sender, recipients: addresses, the recipients separated by commas.
    """

    host: str = ""
    port: str = ""
    security: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: str = ""
    sender: str = ""
    recipients: str = ""


# By attribute of SmtpSettings.
SMTP_VARIABLES = {
    "host": "TIEOUT_ALERT_SMTP_HOST",
    "port": "TIEOUT_ALERT_SMTP_PORT",
    "security": "TIEOUT_ALERT_SMTP_SECURITY",
    "user": "TIEOUT_ALERT_SMTP_USER",
    "password": "TIEOUT_ALERT_SMTP_PASSWORD",
    "password_file": "TIEOUT_ALERT_SMTP_PASSWORD_FILE",
    "sender": "TIEOUT_ALERT_MAIL_FROM",
    "recipients": "TIEOUT_ALERT_MAIL_TO",
}


@dataclass(frozen=True)
class Settings:
    """One run's choices, all paths absolute.

    Attributes:
        home: the folder that holds everything Tieout writes (raw objects, builds, versions, scheduler).
        landing: the folder with the exports, ``<landing>/<source>/<table>.<ext>``.
        target: the engine that builds: ``duckdb``.
        alert_command: a command line that is run with the alert as JSON on standard input, or None.
        alert_smtp: the server that mails alerts, or None.
        alert_webhook: the address that gets alerts as Slack takes messages, or None; whoever knows it can
            write there, so it is never shown.
        alert_webhook_file: a file that holds that address, or None.
        nightly_hour, nightly_minute: when the schedule starts the nightly, local to ``nightly_time_zone``.
        nightly_time_zone: IANA name.
        lock_wait_seconds: how long a second run waits for the first before it refuses.
        queue_wait_seconds: how long a run that the scheduler started waits; nobody stands beside it who could
            start it again.
        first_month: the first month that has a partition in the scheduler, ``YYYY-MM``.
        landing_poll_seconds: how often the landing folder is looked at for changed files.
        landing_settle_seconds: a file younger than this is still being written.
        max_unpacked_gb: how much a compressed landing file may hold, in 10^9 bytes.
        versions_kept: how many published versions are kept at least.
        version_minimum_age_days: a version younger than this is never removed.
        scheduler_database_url: the PostgreSQL database of the scheduler's history,
            ``postgresql+psycopg2://user@host:port/database``; None keeps it under the home.
        scheduler_database_password_file: a file with nothing but its password, as secrets of containers and
            credentials of services are; None where the URL, PGPASSWORD or PGPASSFILE says it.
        log_format: ``text``, lines for people, or ``json``, one object per line.
    """

    home: Path
    landing: Path
    target: str = "duckdb"
    # Whether these can be used is found out when they are: a mistake in how somebody is told must not keep
    # a night from running.
    alert_command: str | None = field(default=None, repr=False)
    alert_smtp: SmtpSettings | None = None
    alert_webhook: str | None = field(default=None, repr=False)
    alert_webhook_file: str | None = None
    nightly_hour: int = 2
    nightly_minute: int = 0
    nightly_time_zone: str = "UTC"
    lock_wait_seconds: float = 0.0
    queue_wait_seconds: float = 3600.0
    first_month: str = "2010-01"
    landing_poll_seconds: int = 60
    landing_settle_seconds: float = 30.0
    max_unpacked_gb: float = 20.0
    versions_kept: int = 7
    version_minimum_age_days: float = 2.0
    # It may hold a password.
    scheduler_database_url: str | None = field(default=None, repr=False)
    scheduler_database_password_file: Path | None = None
    log_format: str = TEXT_LOGS

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        home: str | Path | None = None,
        landing: str | Path | None = None,
    ) -> Settings:
        """Settings from ``TIEOUT_*`` variables; ``home`` and ``landing`` given here win over the environment.

        Raises:
            SettingsError: a variable has a value that cannot be read, or the home cannot be a folder; the
                message names it.
        """
        env = os.environ if environment is None else environment

        def number(name: str, default: float, low: float, high: float) -> float:
            text = env.get(name)
            if text is None or text == "":
                return default
            try:
                value = float(text)
            except ValueError:
                value = float("nan")
            if not low <= value <= high:
                raise SettingsError(f"{name}={text!r}: expected a number from {low:g} to {high:g}.")
            return value

        def whole(name: str, default: int, low: int, high: int) -> int:
            value = number(name, default, low, high)
            if value != int(value):
                raise SettingsError(f"{name}={env[name]!r}: expected a whole number from {low} to {high}.")
            return int(value)

        time_zone = env.get("TIEOUT_NIGHTLY_TIME_ZONE") or "UTC"
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingsError(
                f"TIEOUT_NIGHTLY_TIME_ZONE={time_zone!r}: expected an IANA name such as Europe/Berlin."
            ) from None
        first_month = env.get("TIEOUT_FIRST_MONTH") or cls.first_month
        if (
            not re.fullmatch(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", first_month)
            or first_month > LAST_FIRST_MONTH
        ):
            raise SettingsError(
                f"TIEOUT_FIRST_MONTH={first_month!r}: expected a month from 1900-01 to {LAST_FIRST_MONTH}, "
                "written YYYY-MM."
            )
        smtp = {name: env.get(variable) or "" for name, variable in SMTP_VARIABLES.items()}
        smtp["password_file"] = whole_path(smtp["password_file"])
        target = env.get("TIEOUT_TARGET") or "duckdb"
        if target not in TARGETS:
            raise SettingsError(f"TIEOUT_TARGET={target!r}: expected one of {', '.join(TARGETS)}.")
        log_format = env.get("TIEOUT_LOG_FORMAT") or TEXT_LOGS
        if log_format not in (TEXT_LOGS, JSON_LOGS):
            raise SettingsError(f"TIEOUT_LOG_FORMAT={log_format!r}: expected {TEXT_LOGS} or {JSON_LOGS}.")
        home_folder = Path(home or env.get("TIEOUT_HOME") or "warehouse").expanduser().absolute()
        if in_the_way := what_is_no_folder(home_folder):
            raise SettingsError(
                f"The home {home_folder} cannot be used: {in_the_way} is not a folder. Give the folder that "
                "Tieout may write to with --home or TIEOUT_HOME."
            )
        return cls(
            home=home_folder,
            landing=Path(landing or env.get("TIEOUT_LANDING") or "seeds").expanduser().absolute(),
            target=target,
            alert_command=env.get("TIEOUT_ALERT_COMMAND") or None,
            alert_smtp=SmtpSettings(**smtp) if any(smtp.values()) else None,
            alert_webhook=env.get("TIEOUT_ALERT_WEBHOOK") or None,
            alert_webhook_file=whole_path(env.get("TIEOUT_ALERT_WEBHOOK_FILE")) or None,
            nightly_hour=whole("TIEOUT_NIGHTLY_HOUR", 2, 0, 23),
            nightly_minute=whole("TIEOUT_NIGHTLY_MINUTE", 0, 0, 59),
            nightly_time_zone=time_zone,
            lock_wait_seconds=number("TIEOUT_LOCK_WAIT_SECONDS", 0, 0, 86_400),
            queue_wait_seconds=number("TIEOUT_QUEUE_WAIT_SECONDS", 3600, 0, 86_400),
            first_month=first_month,
            landing_poll_seconds=whole("TIEOUT_LANDING_POLL_SECONDS", 60, 1, 86_400),
            landing_settle_seconds=number("TIEOUT_LANDING_SETTLE_SECONDS", 30, 0, 86_400),
            max_unpacked_gb=number("TIEOUT_MAX_UNPACKED_GB", 20, 0.001, 1_000_000),
            versions_kept=whole("TIEOUT_VERSIONS_KEPT", 7, 1, 10_000),
            version_minimum_age_days=number("TIEOUT_VERSION_MINIMUM_AGE_DAYS", 2, 0, 36_500),
            scheduler_database_url=_database_url(env.get("TIEOUT_SCHEDULER_DATABASE_URL") or None),
            scheduler_database_password_file=_file(
                env.get("TIEOUT_SCHEDULER_DATABASE_PASSWORD_FILE") or None
            ),
            log_format=log_format,
        )

    def environment(self) -> dict[str, str]:
        """The ``TIEOUT_*`` variables that make a child process read these same settings."""
        variables = {
            "TIEOUT_HOME": str(self.home),
            "TIEOUT_LANDING": str(self.landing),
            "TIEOUT_TARGET": self.target,
            "TIEOUT_NIGHTLY_HOUR": str(self.nightly_hour),
            "TIEOUT_NIGHTLY_MINUTE": str(self.nightly_minute),
            "TIEOUT_NIGHTLY_TIME_ZONE": self.nightly_time_zone,
            "TIEOUT_LOCK_WAIT_SECONDS": f"{self.lock_wait_seconds:g}",
            "TIEOUT_QUEUE_WAIT_SECONDS": f"{self.queue_wait_seconds:g}",
            "TIEOUT_FIRST_MONTH": self.first_month,
            "TIEOUT_LANDING_POLL_SECONDS": str(self.landing_poll_seconds),
            "TIEOUT_LANDING_SETTLE_SECONDS": f"{self.landing_settle_seconds:g}",
            "TIEOUT_MAX_UNPACKED_GB": f"{self.max_unpacked_gb:g}",
            "TIEOUT_VERSIONS_KEPT": str(self.versions_kept),
            "TIEOUT_VERSION_MINIMUM_AGE_DAYS": f"{self.version_minimum_age_days:g}",
            "TIEOUT_LOG_FORMAT": self.log_format,
        }
        optional = {
            "TIEOUT_ALERT_COMMAND": self.alert_command,
            "TIEOUT_ALERT_WEBHOOK": self.alert_webhook,
            "TIEOUT_ALERT_WEBHOOK_FILE": self.alert_webhook_file,
            "TIEOUT_SCHEDULER_DATABASE_URL": self.scheduler_database_url,
            "TIEOUT_SCHEDULER_DATABASE_PASSWORD_FILE": self.scheduler_database_password_file,
        }
        if self.alert_smtp is not None:
            optional |= {
                variable: getattr(self.alert_smtp, name) for name, variable in SMTP_VARIABLES.items()
            }
        return variables | {name: str(value) for name, value in optional.items() if value}

    @property
    def scheduler_database_name(self) -> str | None:
        """The scheduler's database as it may be shown: without password and options."""
        if self.scheduler_database_url is None:
            return None
        parts = urlsplit(self.scheduler_database_url)
        place = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
        return f"postgresql://{f'{parts.username}@' if parts.username else ''}{place}{parts.path}"

    @property
    def raw_dir(self) -> Path:
        """Immutable raw objects and the manifest that says what was loaded when."""
        return self.home / "raw"

    @property
    def builds_dir(self) -> Path:
        """Private builds, one folder per run."""
        return self.home / "builds"

    @property
    def versions_dir(self) -> Path:
        """Published versions, ``<sequence>-<run_id>``."""
        return self.home / "versions"

    @property
    def current_link(self) -> Path:
        """The symbolic link that analysts read through."""
        return self.home / "current"

    @property
    def dagster_home(self) -> Path:
        """The scheduler's persistent instance."""
        return self.home / "dagster"

    @property
    def development_dir(self) -> Path:
        """The sandbox of ``tieout dbt``: a raw snapshot and a warehouse file that can never be published."""
        return self.home / "dev"


def _database_url(text: str | None) -> str | None:
    """The URL of a PostgreSQL database; an error never quotes it, since it may hold a password."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in DATABASE_SCHEMES and len(parts.path) > 1 and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
    if not is_usable or any(character.isspace() for character in text):
        raise SettingsError(
            "TIEOUT_SCHEDULER_DATABASE_URL cannot be read: expected postgresql://user@host:port/database, "
            "with @, /, :, ? and # of a password written as %40, %2F, %3A, %3F and %23."
        )
    # The name alone would mean another driver than the scheduler's.
    return DATABASE_SCHEMES[0] + text[len(parts.scheme) :]


def _file(text: str | None) -> Path | None:
    return None if text is None else Path(text).expanduser().absolute()


def whole_path(text: str | None) -> str:
    """The path that an operator gave, wherever a child process runs; empty where none was given."""
    return str(Path(text).expanduser().absolute()) if text else ""


def what_is_no_folder(path: Path) -> Path | None:
    """What keeps ``path`` from being or becoming a folder: a file there or above it, or a broken link."""
    there = next(place for place in (path, *path.parents) if os.path.lexists(place))
    return None if there.is_dir() else there


def source_location(raw_snapshot: Path) -> str:
    """The snapshot's folder as the source declarations need it: SQL text that ``str.format`` fills in."""
    return str(raw_snapshot.absolute()).replace("'", "''").replace("{", "{{").replace("}", "}}")


def dbt_environment(*, raw_snapshot: Path, warehouse_file: Path) -> dict[str, str]:
    """What ``dbt_project/profiles.yml`` and the source declarations read, as absolute paths.

    Args:
        raw_snapshot: folder with ``<source>/<table>.parquet`` for every declared raw table.
        warehouse_file: the DuckDB file to build in; always named ``warehouse.duckdb``.
    """
    return {
        "TIEOUT_RAW": source_location(raw_snapshot),
        "TIEOUT_WAREHOUSE_FILE": str(warehouse_file.absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DBT_PROJECT_DIR": str(DBT_PROJECT_DIR),
        "DO_NOT_TRACK": "1",
    }
