"""The scheduler's processes as services: what they say of themselves, and how they end on SIGTERM."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.commands import serve
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.scheduler_process import free_port


def test_the_page_is_served_until_sigterm(tieout: CommandLine, tmp_path: Path) -> None:
    port = free_port()
    place = ["--home", str(tmp_path / "home"), "--landing", str(tmp_path)]
    assert tieout.run("web", "--check", "--port", str(port), *place).code == 1
    page = tieout.start("web", "--read-only", "--port", str(port), *place, stderr=subprocess.STDOUT)
    assert page.stdout is not None
    said = []
    try:
        for line in page.stdout:
            said.append(line)
            if "Serving dagster-webserver on http" in line:
                break
        while page.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        assert f"http://127.0.0.1:{port}" in said[-1]
        answer = tieout.run("web", "--check", "--port", str(port), *place)
        assert (answer.code, answer.output) == (0, "The page answers: 200.\n"), answer.errors
        # Dagster's process stands where the command stood.
        assert b"dagster_webserver" in Path(f"/proc/{page.pid}/cmdline").read_bytes()
    finally:
        page.send_signal(signal.SIGTERM)
        page.stdout.read()
    assert page.wait() == 0


def test_a_daemon_that_never_ran_gives_no_sign_of_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["daemon", "--check", "--home", str(tmp_path / "home")]) == 1
    assert "No scheduler has run for" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("host", "is_warned"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("db.example", True)],
)
def test_a_page_that_others_reach_is_warned_of(
    host: str,
    is_warned: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[list[str]] = []

    def remember(settings: Settings, module: list[str]) -> int:
        served.append(module)
        return 0

    monkeypatch.setattr(serve, "_serve", remember)
    assert cli.main(["web", "--host", host, "--home", str(tmp_path)]) == 0
    assert served == [["dagster_webserver", "--host", host, "--port", "3000"]]
    assert ("no login" in capsys.readouterr().err) == is_warned
