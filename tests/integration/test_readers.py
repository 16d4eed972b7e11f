"""Analysts read while versions are published, rolled back and pruned: no error, never parts of two versions.

Readers are processes of their own, with this installation's DuckDB and with the newest one of version 1.4,
which many tools bundle. That the test sees what it looks for is shown by publishers who do it wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import cli, publication
from orchestration.engines import duckdb as engine
from orchestration.publication import Version
from orchestration.reporting import SilentReporter
from orchestration.rolling_back import find_version, roll_back
from orchestration.runs import utc_now
from orchestration.settings import Settings
from tests import analyst
from tests.direct_builds import shared

OLD_CLIENT = "duckdb==1.4.*"
PUBLICATIONS = 4
# Only a reader that hangs is waited for so long.
PATIENCE_SECONDS = 300
# More than a row group, so that a table has several blocks.
LINES = 130_000


@pytest.fixture(scope="session")
def old_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put before all others on Python's path, with a DuckDB of version 1.4."""

    def install(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        run = subprocess.run([*command, "--target", str(folder), OLD_CLIENT], capture_output=True, text=True)
        assert run.returncode == 0, (
            f"{OLD_CLIENT} could not be installed, which takes the package index that pip is set up "
            "for, or its cache. Without it nothing is known of readers with that version.\n"
            f"{run.stdout}{run.stderr}"
        )

    return shared(tmp_path_factory, "duckdb_1_4", install)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing", versions_kept=3)


def build(folder: Path, mark: int) -> Path:
    """A private build every table of which says which version it becomes."""
    folder.mkdir(parents=True)
    file = folder / engine.WAREHOUSE_FILE_NAME
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema restricted")
        connection.execute(f"create table marts.dim_runs as select {mark} as mark")
        connection.execute(
            f"create table marts.fct_mrr as select {mark} as mark, range::decimal(18, 4) as amount "
            "from range(9)"
        )
        connection.execute(
            f"create table marts.fct_lines as select range as line, 'line ' || range as text, "
            f"{mark} as mark from range({LINES})"
        )
        connection.execute(f"create table restricted.dim_people as select {mark} as mark, 'Ada' as name")
    return file


def publish(settings: Settings, mark: int) -> Version:
    """Publish what says ``mark`` in every table, as a nightly does."""
    folder = settings.home.parent / f"build-{mark}"
    version = publication.publish(
        settings,
        build_file=build(folder, mark),
        sequence=mark,
        run_id=f"run-{mark}",
        record={
            "inputs_fingerprint": str(mark),
            "code_fingerprint": "code",
            "as_of_date": None,
            "known_at": None,
        },
        key_columns={"fct_lines": ["line"]},
    )
    shutil.rmtree(folder)
    return version


@dataclass
class Reader:
    """A reading process and what it has said so far."""

    kind: str
    process: subprocess.Popen[bytes]
    log: Path

    def answers(self) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for line in self.log.read_text(encoding="utf-8").splitlines(keepends=True)
            if line.endswith("\n")
        ]

    def wait_for_more(self, count: int) -> None:
        """Wait until there are ``count`` answers beyond those of now."""
        wanted = len(self.answers()) + count
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.answers()) < wanted:
            assert self.process.poll() is None, f"the reader {self.kind} ended with {self.process.returncode}"
            assert time.monotonic() < deadline, f"the reader {self.kind} hangs"
            time.sleep(0.01)


@contextlib.contextmanager
def reading(settings: Settings, kinds: dict[str, list[Path | None]]) -> Iterator[list[Reader]]:
    """Processes of each kind, one per client (None is this installation's), until the block ends."""
    folder = settings.home.parent / "readers"
    folder.mkdir(exist_ok=True)
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    readers = []
    for kind, clients in kinds.items():
        for number, client in enumerate(clients):
            log = folder / f"{kind}-{number}.jsonl"
            log.write_text("")
            environment = {**os.environ, **({} if client is None else {"PYTHONPATH": str(client)})}
            command = [sys.executable, analyst.__file__, kind, str(settings.home), str(stop), str(log)]
            readers.append(Reader(f"{kind} {client}", subprocess.Popen(command, env=environment), log))
    try:
        yield readers
    finally:
        stop.touch()
        for reader in readers:
            reader.process.wait()


def complaints(reader: Reader) -> list[dict[str, Any]]:
    """Answers that are an error or of several versions."""
    return [answer for answer in reader.answers() if len(answer.get("marks", ())) != 1]


def seen(reader: Reader) -> list[int]:
    """The versions that were read, each once, in the order in which they were first read."""
    return list(dict.fromkeys(mark for answer in reader.answers() for mark in answer["marks"]))


def read_by_command(settings: Settings, capsys: pytest.CaptureFixture[str]) -> list[int]:
    """What ``tieout query --restricted`` reads."""
    sql = "select distinct mark from (" + analyst.MARKS.format(catalog="") + analyst.PEOPLE + ")"
    sql = sql.replace("people.marts.", "")
    capsys.readouterr()
    assert cli.main(["query", sql, "--home", str(settings.home), "--restricted", "--format", "json"]) == 0
    return [row["mark"] for row in json.loads(capsys.readouterr().out)]


def test_readers_see_whole_versions_while_they_are_published_rolled_back_and_pruned(
    settings: Settings, old_client: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(settings, 1)
    both: list[Path | None] = [None, old_client]
    kinds: dict[str, list[Path | None]] = {
        "fresh": both,
        "held": both,
        "attached": [old_client],
        "resolved": [None],
    }
    with reading(settings, kinds) as readers:

        def let_all_read() -> None:
            for reader in readers:
                reader.wait_for_more(1)

        let_all_read()
        for mark in range(2, PUBLICATIONS + 1):
            publish(settings, mark)
            assert read_by_command(settings, capsys) == [mark]
            let_all_read()
        roll_back(settings, find_version(settings, str(PUBLICATIONS - 1)), SilentReporter(), reason="a test")
        assert read_by_command(settings, capsys) == [PUBLICATIONS - 1]
        let_all_read()
        # Those who opened the first version go on although its files are gone.
        removed = publication.remove_old_versions(settings, now=utc_now() + timedelta(days=3))
        assert removed[0] == "000001-run-1"
        let_all_read()
        publish(settings, PUBLICATIONS + 1)
        let_all_read()
    assert {reader.kind: complaints(reader) for reader in readers} == {reader.kind: [] for reader in readers}
    order = [*range(1, PUBLICATIONS + 1), PUBLICATIONS + 1]
    for reader in readers:
        assert seen(reader) == ([1] if reader.kind.startswith("held") else order), reader.kind
    clients = {answer["client"] for reader in readers for answer in reader.answers()}
    assert clients == {duckdb.__version__, *(one for one in clients if one.startswith("1.4."))}
    assert len(clients) == 2


def test_a_file_that_is_overwritten_in_its_place_is_noticed(settings: Settings) -> None:
    version = publish(settings, 1)
    other = replace(settings, home=settings.home.parent / "other")
    contents = publish(other, 2).warehouse_file.read_bytes()
    version.warehouse_file.chmod(0o644)
    with reading(settings, {"fresh": [None]}) as (reader,):
        reader.wait_for_more(2)
        with version.warehouse_file.open("wb") as file:
            file.write(contents[: len(contents) // 2])
            file.flush()
            reader.wait_for_more(2)
            file.write(contents[len(contents) // 2 :])
        reader.wait_for_more(2)
    assert complaints(reader)
    assert reader.answers()[0]["marks"] == [1] and reader.answers()[-1]["marks"] == [2]


def test_tables_of_two_versions_in_one_file_are_noticed(settings: Settings) -> None:
    publication_of_a_mixture = build(settings.home.parent / "mixture", 1)
    with duckdb.connect(str(publication_of_a_mixture)) as connection:
        connection.execute(f"update marts.fct_lines set mark = 2 where line = {LINES - 1}")
    publication.publish(
        settings, build_file=publication_of_a_mixture, sequence=1, run_id="run-1", record={}, key_columns={}
    )
    with reading(settings, {"fresh": [None], "resolved": [None]}) as readers:
        for reader in readers:
            reader.wait_for_more(1)
    assert all(complaints(reader)[0]["marks"] == [1, 2] for reader in readers)


def test_a_newer_form_of_storage_is_noticed(
    settings: Settings, old_client: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STORAGE_VERSION", "v2.0.0")
    publish(settings, 1)
    with reading(settings, {"fresh": [None, old_client]}) as (new, old):
        new.wait_for_more(1)
        old.wait_for_more(1)
    assert not complaints(new)
    assert all("error" in answer for answer in old.answers())


def storage_of(file: Path) -> str:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as published (read_only)")
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'published'"
        ).fetchone() or ({},)
    return str(tags["storage_version"])


READ_ALL = """
import json, sys, duckdb
counts = {}
for file in sys.argv[1:]:
    with duckdb.connect(file, read_only=True) as connection:
        tables = "select table_name from duckdb_tables() where schema_name = 'marts'"
        for (table,) in connection.execute(tables).fetchall():
            # Every column of every row is read.
            connection.execute(f'select count(columns(*)) from marts."{table}"').fetchall()
            counts[table] = connection.execute(f'select count(*) from marts."{table}"').fetchone()[0]
print(json.dumps([duckdb.__version__, counts]))
"""


def test_what_the_nightly_publishes_is_read_whole_by_an_old_client(
    example_warehouse: Path, old_client: Path
) -> None:
    folder = example_warehouse.parent
    files = [folder / engine.WAREHOUSE_FILE_NAME, folder / engine.RESTRICTED_FILE_NAME]
    run = subprocess.run(
        [sys.executable, "-c", READ_ALL, *map(str, files)],
        env={**os.environ, "PYTHONPATH": str(old_client)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    client, counts = json.loads(run.stdout)
    assert client.startswith("1.4.")
    record = json.loads((folder / publication.RECORD_FILE_NAME).read_text())
    published = {name: table["row_count"] for name, table in record["tables"].items()}
    assert counts == {**published, **record["restricted_tables"]}
    assert {storage_of(file) for file in files} == {"v1.0.0+"}
