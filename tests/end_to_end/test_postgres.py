"""The scheduler with its history in PostgreSQL: runs, restarts, cursors, erasure, and no password shown."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import scheduler_history
from orchestration.doctor import examine
from orchestration.runs import home_lock, read_journal
from orchestration.scheduler_history import HistoryError, histories
from orchestration.scheduler_instance import DatabaseProblem, check_database, open_instance
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine, PublishedHome
from tests.postgres_server import PASSWORD, Server, started_server

pytestmark = pytest.mark.postgres

GONE = "(erased)"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started_server() as running:
        yield running


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    """As a service has it: the password in a file of its own."""
    password_file = tmp_path / "password"
    password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return {
        "TIEOUT_SCHEDULER_DATABASE_URL": server.url_without_password,
        "TIEOUT_SCHEDULER_DATABASE_PASSWORD_FILE": str(password_file),
        "TIEOUT_LANDING_POLL_SECONDS": "1",
        "TIEOUT_LANDING_SETTLE_SECONDS": "0",
        "TIEOUT_LOG_FORMAT": "json",
    }


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path, scheduler_database_url=server.url)


def wait_for(condition: Callable[[], Any], service: Service) -> Any:
    """What the condition gives once it holds; fails if the service ends before."""
    while not (found := condition()):
        assert service.process.poll() is None, service.output()
        time.sleep(0.5)
    return found


class Service:
    """One of the scheduler's processes, with what it says in a file."""

    def __init__(self, tieout: CommandLine, log: Path, extra: Mapping[str, str], *arguments: str) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orchestration", *arguments],
                cwd=tieout.folder,
                env=tieout.environment(extra),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def members(self) -> list[int]:
        """Every process of it that is there: what a supervisor would end with it."""
        found = []
        for path in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, ProcessLookupError):
                if os.getsid(int(path.name)) == self.process.pid:
                    found.append(int(path.name))
        return found

    def stop(self) -> None:
        """As systemd does: SIGTERM to every process, then wait for all of them."""
        for member in self.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGTERM)
        self.process.wait()
        while self.members():
            time.sleep(0.1)


@contextlib.contextmanager
def running(*services: Service) -> Iterator[None]:
    try:
        yield
    finally:
        for service in services:
            for member in service.members():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
            service.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cursor_of_the_sensor(server: Server) -> str | None:
    """What the sensor of the landing folder remembers, as it stands in the database."""
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('instigators')")
        if cursor.fetchone()[0] is None:
            return None
        cursor.execute(
            "select instigator_body from instigators where instigator_body like '%landing_changes%'"
        )
        rows = cursor.fetchall()
    states = [json.loads(body).get("job_specific_data") or {} for (body,) in rows]
    return next((state["cursor"] for state in states if state.get("cursor")), None)


def test_runs_cursors_and_restarts_with_history_in_postgresql(
    *,
    tieout: CommandLine,
    published: PublishedHome,
    copied_home: Path,
    server: Server,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(published.landing, landing)
    # A home that had its history in files before.
    places = ["--home", str(copied_home), "--landing", str(landing)]
    port = free_port()
    daemon = Service(tieout, tmp_path / "daemon.log", environment, "daemon", *places)
    web = Service(tieout, tmp_path / "web.log", environment, "web", "--port", str(port), *places)
    settings = Settings(home=copied_home, landing=landing)
    with running(daemon, web):
        wait_for(lambda: tieout.run("web", "--check", "--port", str(port), *places).code == 0, web)
        wait_for(lambda: tieout.run("daemon", "--check", *places, extra=environment).code == 0, daemon)
        before = wait_for(lambda: cursor_of_the_sensor(server), daemon)

        # A changed file becomes one run, which the daemon starts.
        customers = landing / "billing" / "customer.csv"
        customers.write_text(customers.read_text(encoding="utf-8").replace("US", "DE"), encoding="utf-8")
        runs = len(read_journal(settings))
        wait_for(
            lambda: [run for run in read_journal(settings)[runs:] if run.finished_at is not None], daemon
        )
        (run,) = read_journal(settings)[runs:]
        assert (run.status, run.job) == ("published", "nightly"), run
        after = wait_for(lambda: (now := cursor_of_the_sensor(server)) != before and now, daemon)

        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql",
            data=json.dumps(
                {"query": "{ runsOrError { ... on Runs { results { runId status } } } }"}
            ).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=120) as response:
            results = json.load(response)["data"]["runsOrError"]["results"]
        assert results == [{"runId": run.scheduler_run_id, "status": "SUCCESS"}]

        commands = [
            (Path("/proc") / str(member) / "cmdline").read_bytes().decode()
            for member in (*daemon.members(), *web.members())
        ]
        assert not [command for command in commands if PASSWORD in command or "s3cret" in command]

        daemon.stop()
        assert daemon.process.returncode == 0, daemon.output()
        with home_lock(settings, "test"):
            pass
        assert cursor_of_the_sensor(server) == after
        again = Service(tieout, tmp_path / "again.log", environment, "daemon", *places)
        with running(again):
            # It goes on where it was: what was loaded is no news.
            wait_for(lambda: "landing_changes" in again.output(), again)
            time.sleep(5)
            assert cursor_of_the_sensor(server) == after
            assert len(read_journal(settings)) == runs + 1
            again.stop()
        web.stop()
        assert web.process.returncode == 0, web.output()

    said = [tmp_path / name for name in ("daemon.log", "again.log", "web.log")]
    for file in (*said, *(path for path in copied_home.rglob("*") if path.is_file())):
        assert b"s3cret" not in file.read_bytes(), file
    for file in said:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            assert list(entry) == ["timestamp", "level", "run_id", "logger", "message"]
            datetime.fromisoformat(entry["timestamp"])
            assert entry["level"] in ("debug", "info", "warning", "error"), line
    assert run.run_id in daemon.output()


def test_sigterm_in_the_middle_of_a_run_of_the_daemon_ends_it_cleanly(
    tieout: CommandLine,
    published: PublishedHome,
    copied_home: Path,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(published.landing, landing)
    places = ["--home", str(copied_home), "--landing", str(landing)]
    settings = Settings(home=copied_home, landing=landing)
    runs = len(read_journal(settings))
    daemon = Service(tieout, tmp_path / "daemon.log", environment, "daemon", *places)
    with running(daemon):
        wait_for(lambda: tieout.run("daemon", "--check", *places, extra=environment).code == 0, daemon)
        customers = landing / "billing" / "customer.csv"
        customers.write_text(customers.read_text(encoding="utf-8").replace("US", "FR"), encoding="utf-8")
        wait_for(lambda: read_journal(settings)[runs:], daemon)
        daemon.stop()
    (run,) = read_journal(settings)[runs:]
    assert run.status == "failed"
    assert "nterrupted" in run.details
    with home_lock(settings, "test"):
        pass


def test_what_the_database_says_of_a_person_is_replaced(server: Server, settings: Settings) -> None:
    @dg.op
    def tell(context):  # type: ignore[no-untyped-def]
        context.log.info('Rejected: "Ann Berger"\nann@acme.example')

    @dg.job
    def job() -> None:
        tell()

    with open_instance(settings) as instance:
        assert job.execute_in_process(instance=instance, tags={"who": "Ann Berger"}).success
    (history,) = histories(settings)

    def change(text: str) -> str:
        return text.replace("Ann Berger", GONE)

    def held() -> int:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from event_logs where event like '%Ann Berger%'")
            return int(cursor.fetchone()[0])

    assert history.mentions(change)
    assert held() > 0
    assert "s3cret" not in history.name
    history.clean(change)
    assert held() == 0
    assert not history.mentions(change)
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select n_dead_tup from pg_stat_user_tables where relname = 'event_logs'")
        assert cursor.fetchone()[0] == 0
        cursor.execute("select value from run_tags where key = 'who'")
        assert cursor.fetchall() == [(GONE,)]
    with open_instance(settings) as instance:
        (run,) = instance.get_runs()
        assert run.tags["who"] == GONE


def test_a_database_that_is_held_is_told_and_keeps_what_it_has(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_history, "WAIT_SECONDS", 0)
    with open_instance(settings):
        pass
    (history,) = histories(settings)
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("lock table alembic_version in access exclusive mode")
        with pytest.raises(HistoryError, match="lock timeout"):
            history.clean(str.upper)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda url: url.replace("tieout:", "tieout:wrong"), "password authentication failed"),
        (lambda url: url.replace("/tieout", "/nothing"), 'database "nothing" does not exist'),
        (lambda url: url.replace("127.0.0.1:", "127.0.0.1:1"), "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    change: Callable[[str], str], reason: str, server: Server, settings: Settings, tmp_path: Path
) -> None:
    url = change(server.url)
    if url.endswith("/nothing"):
        url = server.url.removesuffix("tieout") + "nothing"
    if reason == "cannot be reached":
        url = server.url.replace(f":{server.port}/", f":{free_port()}/")
    wrong = Settings(home=settings.home, landing=tmp_path, scheduler_database_url=url)
    with pytest.raises(DatabaseProblem, match=reason) as caught:
        check_database(wrong)
    assert "s3cret" not in str(caught.value)
    now = datetime.now(UTC).replace(tzinfo=None)
    found = [
        finding
        for finding in examine(wrong, environment={}, now=now)
        if "scheduler's database" in finding.text
    ]
    assert [finding.level for finding in found] == ["error"]
    assert "TIEOUT_SCHEDULER_DATABASE_URL" in found[0].to_do
    assert "s3cret" not in str(found)


def test_a_user_without_rights_is_told(server: Server, settings: Settings) -> None:
    with closing(server.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create schema closed")
            cursor.execute("revoke create on schema closed from tieout")
    url = f"{server.url}?options=-csearch_path%3Dclosed"
    closed = Settings(home=settings.home, landing=settings.landing, scheduler_database_url=url)
    with pytest.raises(DatabaseProblem, match="may not make its tables"):
        check_database(closed)
