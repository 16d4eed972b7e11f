"""The scheduler with its history in PostgreSQL: runs, restarts, cursors, erasure, and no password shown."""

from __future__ import annotations

import contextlib
import json
import os
import signal
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
import yaml

from orchestration import scheduler_history
from orchestration.doctor import examine
from orchestration.partitions import PARTITION_TAG, present_month
from orchestration.runs import RunRecord, home_lock, read_journal
from orchestration.scheduler_history import HistoryError, histories
from orchestration.scheduler_instance import (
    MODULE_NAME,
    DatabaseProblem,
    check_database,
    open_instance,
)
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.scheduler_process import free_port
from tests.postgres_server import PASSWORD, Server, started_server
from tests.small_landing import write_landing

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


def changed(landing: Path, old: str, new: str) -> None:
    """The export again, with something else in it."""
    file = landing / "billing" / "customer.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def ask(port: int, query: str, **variables: Any) -> Any:
    """One GraphQL request to the page."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query, "variables": variables}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    return answer["data"]


def test_runs_cursors_restarts_and_sigterm_with_history_in_postgresql(
    tieout: CommandLine, server: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    landing, home = write_landing(tmp_path / "landing"), tmp_path / "home"
    settings = Settings(home=home, landing=landing)
    places = ["--home", str(home), "--landing", str(landing)]
    # A home that has its history in files.
    loaded = tieout.run("load", *places)
    assert loaded.code == 0, loaded.errors
    with (settings.dagster_home / "dagster.yaml").open() as file:
        assert "storage" not in yaml.safe_load(file)

    def start_daemon(name: str) -> Service:
        return Service(tieout, tmp_path / name, environment, "daemon", *places)

    def ended(job: str) -> RunRecord | None:
        runs = [run for run in read_journal(settings)[1:] if run.job == job]
        return runs[-1] if runs and runs[-1].finished_at is not None else None

    port = free_port()
    daemon = start_daemon("daemon.log")
    web = Service(tieout, tmp_path / "web.log", environment, "web", "--port", str(port), *places)
    with running(daemon, web):
        wait_for(lambda: cursor_of_the_sensor(server), daemon)
        assert tieout.run("daemon", "--check", *places, extra=environment).code == 0
        # A changed file becomes one run, which the daemon starts; this one cannot be loaded.
        changed(landing, "2024-01-01T09:00:00Z", "soon")
        failed = wait_for(lambda: ended("backfill"), daemon)
        assert (failed.status, "soon" in failed.details) == ("failed", True), failed
        cursor = wait_for(lambda: (now := cursor_of_the_sensor(server)) != "[]" and now, daemon)
        commands = [
            (Path("/proc") / str(member) / "cmdline").read_bytes().decode()
            for member in (*daemon.members(), *web.members())
        ]
        assert not [command for command in commands if "s3cret" in command]
        daemon.stop()
        assert daemon.process.returncode == 0, daemon.output()
        assert cursor_of_the_sensor(server) == cursor

    again = start_daemon("again.log")
    web = Service(tieout, tmp_path / "web.log", environment, "web", "--port", str(port), *places)
    with running(again, web):
        # It goes on where it was: what was asked for is not asked for again.
        wait_for(lambda: "Asked for before and not loaded" in again.output(), again)
        assert cursor_of_the_sensor(server) == cursor
        assert len(read_journal(settings)) == 2

        # A run that builds, ended in the middle with everything of the daemon's.
        changed(landing, "soon", "2024-01-01T10:00:00Z")
        wait_for(lambda: len(read_journal(settings)) == 3, again)
        again.stop()
        interrupted = read_journal(settings)[-1]
        assert interrupted.status in ("failed", "interrupted"), interrupted
        assert "nterrupted" in interrupted.details
        with home_lock(settings, "test"):
            pass

    last = start_daemon("last.log")
    web = Service(tieout, tmp_path / "web.log", environment, "web", "--port", str(port), *places)
    with running(last, web):
        wait_for(lambda: tieout.run("web", "--check", "--port", str(port)).code == 0, web)
        # The page launches, the daemon takes it from the queue, and a third process runs it.
        selector = {"repositoryLocationName": MODULE_NAME, "repositoryName": "__repository__"}
        launched = ask(
            port,
            """
            mutation ($params: ExecutionParams!) {
              launchRun(executionParams: $params) {
                __typename
                ... on LaunchRunSuccess { run { runId } }
                ... on PythonError { message }
              }
            }
            """,
            params={
                "selector": {**selector, "jobName": "load"},
                "mode": "default",
                "executionMetadata": {"tags": [{"key": PARTITION_TAG, "value": present_month()}]},
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]
        wait_for(lambda: ended("load"), last)

        def status() -> Any:
            runs = ask(port, "{ runsOrError { ... on Runs { results { runId status } } } }")
            found = {run["runId"]: run["status"] for run in runs["runsOrError"]["results"]}
            return found if found[run_id] == "SUCCESS" else None

        runs = wait_for(status, web)
        # Those of the history in files are not among them.
        assert {failed.scheduler_run_id, interrupted.scheduler_run_id, run_id} == set(runs)
        assert runs[failed.scheduler_run_id] == "FAILURE"
        last.stop()
        web.stop()
        assert web.process.returncode == 0, web.output()

    said = [tmp_path / name for name in ("daemon.log", "again.log", "last.log", "web.log")]
    for place in (*said, *(path for path in home.rglob("*") if path.is_file())):
        assert b"s3cret" not in place.read_bytes(), place
    for log in said:
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            assert list(entry) == ["timestamp", "level", "run_id", "logger", "message"]
            datetime.fromisoformat(entry["timestamp"])
            assert entry["level"] in ("debug", "info", "warning", "error"), line
    assert interrupted.run_id in again.output()


def test_what_the_database_says_of_a_person_is_replaced(server: Server, settings: Settings) -> None:
    @dg.op
    def tell(context):
        context.log.info('Rejected: "Ann Berger"\nann@acme.example')

    @dg.job
    def job() -> None:
        tell()

    with open_instance(settings) as instance:
        told = job.execute_in_process(instance=instance, tags={"who": "Ann Berger"})
        assert told.success
    history = histories(settings)[-1]

    def change(text: str) -> str:
        return text.replace("Ann Berger", GONE)

    def held() -> int:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from event_logs where event like '%Ann Berger%'")
            return int(cursor.fetchone()[0])

    def on_disk() -> list[Path]:
        server.write_pages()
        files = (server.folder / "data" / "base").rglob("*")
        return [file for file in files if file.is_file() and b"Ann Berger" in file.read_bytes()]

    assert history.mentions(change)
    assert held() > 0
    assert on_disk()
    assert "s3cret" not in history.name
    history.clean(change)
    assert held() == 0
    # Nor on a page that waits to be used again.
    assert on_disk() == []
    assert not history.mentions(change)
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select value from run_tags where key = 'who'")
        assert cursor.fetchall() == [(GONE,)]
    with open_instance(settings) as instance:
        run = instance.get_run_by_id(told.run_id)
        assert run is not None and run.tags["who"] == GONE


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
