"""What the end-to-end tests share: the command line as a process, and one home that was published once.

Add a fixture here when two modules of this folder need it. A test that changes a home works on a copy of the
published one, which is much cheaper than a build from nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.settings import DBT_PROJECT_DIR, PROJECT_ROOT
from tests.small_landing import write_landing

# Loaded by every Python process of a run: refuses and writes down whatever would leave this machine.
NETWORK_GUARD = """
import os
import socket

_ATTEMPTS = os.environ["TEST_NETWORK_ATTEMPTS"]


def _refuse(address):
    with open(_ATTEMPTS, "a") as file:
        file.write(repr(address) + chr(10))
    raise OSError("no network in this test: " + repr(address))


def _is_local(family, address):
    return family == getattr(socket, "AF_UNIX", None) or str(address[0]) in ("127.0.0.1", "::1", "localhost")


class GuardedSocket(socket.socket):
    def connect(self, address):
        if not _is_local(self.family, address):
            _refuse(address)
        return super().connect(address)

    def connect_ex(self, address):
        if not _is_local(self.family, address):
            _refuse(address)
        return super().connect_ex(address)

    def sendto(self, data, *arguments):
        if not _is_local(self.family, arguments[-1]):
            _refuse(arguments[-1])
        return super().sendto(data, *arguments)


_getaddrinfo = socket.getaddrinfo


def _guarded_getaddrinfo(host, *arguments, **options):
    if host not in (None, "", "127.0.0.1", "::1", "localhost"):
        _refuse((host,))
    return _getaddrinfo(host, *arguments, **options)


socket.socket = GuardedSocket
socket.getaddrinfo = _guarded_getaddrinfo
"""


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class CommandLine:
    """Starts ``tieout`` in a folder that is not the project's, without the settings of this machine."""

    folder: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TIEOUT_", "DBT_", "DAGSTER_"))
        }
        paths = [str(PROJECT_ROOT), *filter(None, [(extra or {}).get("PYTHONPATH")])]
        return {**kept, **(extra or {}), "PYTHONPATH": os.pathsep.join(paths)}

    def start(
        self, *arguments: str, extra: Mapping[str, str] | None = None, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration", *arguments],
            cwd=self.folder,
            env=self.environment(extra),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Finished:
        process = self.start(*arguments, extra=extra)
        output, errors = process.communicate()
        return Finished(process.returncode, output, errors)


@dataclass(frozen=True)
class PublishedHome:
    """A home after its first nightly.

    Attributes:
        finished: how the nightly ended.
        network_attempts: where it tried to go.
        project_before: what was in the dbt project's folder before it.
    """

    home: Path
    landing: Path
    finished: Finished
    network_attempts: list[str]
    project_before: set[str]


@pytest.fixture(scope="session")
def tieout(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def network_guard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which no Python process reaches beyond this machine; attempts are written down."""
    folder = tmp_path_factory.mktemp("network-guard")
    (folder / "sitecustomize.py").write_text(NETWORK_GUARD, encoding="utf-8")
    return {"PYTHONPATH": str(folder), "TEST_NETWORK_ATTEMPTS": str(folder / "attempts")}


def attempts(guard: Mapping[str, str]) -> list[str]:
    """Where guarded processes tried to go so far."""
    file = Path(guard["TEST_NETWORK_ATTEMPTS"])
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.fixture(scope="session")
def published(
    tieout: CommandLine, network_guard: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> PublishedHome:
    """The first nightly of a small company, from an empty home, without a network; no test changes it."""
    landing = write_landing(tmp_path_factory.mktemp("landing"))
    home = tmp_path_factory.mktemp("homes") / "published"
    project_before = {path.name for path in DBT_PROJECT_DIR.iterdir()}
    finished = tieout.run("nightly", "--landing", str(landing), "--home", str(home), extra=network_guard)
    assert finished.code == 0, f"{finished.output}\n{finished.errors}"
    return PublishedHome(home, landing, finished, attempts(network_guard), project_before)


@pytest.fixture
def copied_home(published: PublishedHome, tmp_path: Path) -> Path:
    """A copy of the published home that the test may change."""
    home = tmp_path / "home"
    shutil.copytree(published.home, home, symlinks=True)
    return home


@pytest.fixture
def empty_home(published: PublishedHome, tmp_path: Path) -> Path:
    """A home in which nothing was loaded, with the parsed project, which only depends on the code."""
    home = tmp_path / "home"
    shutil.copytree(published.home / "cache", home / "cache")
    return home


@pytest.fixture
def landing(tmp_path: Path) -> Callable[..., Path]:
    """Writes a landing folder like the published one with some tables changed."""

    def write(**tables: str | bytes | None) -> Path:
        return write_landing(tmp_path / "landing", **tables)

    return write
