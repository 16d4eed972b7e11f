"""A PostgreSQL server for tests: on a free port of loopback, with a password, ended with the block.

It takes the server that is installed, or the one that the package pgserver brings. PostgreSQL refuses to run
as root, so that it runs as another user there.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Every character that a URL has to escape.
PASSWORD = "s3cret:/@#?%41 ü"
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Server:
    """A running server with the empty database ``tieout`` of the user ``tieout``."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """With the password."""
        return f"postgresql+psycopg2://tieout:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/tieout"

    @property
    def url_without_password(self) -> str:
        return f"postgresql+psycopg2://tieout@127.0.0.1:{self.port}/tieout"

    def connect(self) -> Any:
        """As the database's owner."""
        return _connect(self.port, "tieout", "tieout")

    def write_pages(self) -> None:
        """Let the files of its tables be what its tables are."""
        with contextlib.closing(_connect(self.port, "admin", "tieout")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("checkpoint")


def programs() -> Path:
    """The folder of ``initdb`` and ``postgres``."""
    if found := shutil.which("pg_config"):
        folder = Path(subprocess.check_output([found, "--bindir"], text=True).strip())
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if found_package := importlib.util.find_spec("pgserver"):
        assert found_package.origin is not None
        return Path(found_package.origin).parent / "pginstall" / "bin"
    raise AssertionError(
        "These tests need a PostgreSQL server: install one, or pip install -c constraints.txt -e "
        "'.[test,test-postgres]'"
    )


@contextlib.contextmanager
def started_server() -> Iterator[Server]:
    """A server, whose data are gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix="tieout-postgres-"))
    try:
        user = None
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = next(name for name in UNPRIVILEGED if name in names)
            shutil.chown(folder, user)
        password_file = folder / "password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        password_file.chmod(0o600)
        if user is not None:
            shutil.chown(password_file, user)
        bin_folder, data = programs(), folder / "data"
        _check(
            [
                *(
                    str(bin_folder / "initdb"),
                    "-D",
                    str(data),
                    "-U",
                    "admin",
                    "--encoding=UTF8",
                    "--locale=C",
                ),
                *("--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync"),
            ],
            user,
            folder,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with started(bin_folder, data, port, user) as process:
            with contextlib.closing(_connect(port, "admin", "postgres")) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("create role tieout login password %s", (PASSWORD,))
                    cursor.execute("create database tieout owner tieout")
            yield Server(port, folder, process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def started(bin_folder: Path, data: Path, port: int, user: str | None) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process over a folder of data that is there; ended with the block."""
    with (data.parent / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(str(bin_folder / "postgres"), "-D", str(data), "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"),
            ],
            stdout=log,
            stderr=log,
            user=user,
            cwd=data.parent,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        assert process.poll() is None, (data.parent / "server.log").read_text()
        yield process
    finally:
        # Ends what is connected, and itself.
        process.send_signal(signal.SIGINT)
        process.wait()


def _connect(port: int, user: str, database: str) -> Any:
    import psycopg2

    while True:
        try:
            return psycopg2.connect(
                host="127.0.0.1", port=port, user=user, dbname=database, password=PASSWORD
            )
        except psycopg2.OperationalError as error:
            if "starting up" not in str(error):
                raise
            time.sleep(0.1)


def _check(command: list[str], user: str | None, folder: Path) -> None:
    finished = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
