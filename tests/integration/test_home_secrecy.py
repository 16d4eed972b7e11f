"""Who may write and read what in a home, and that no secret of the environment is written anywhere.

Homes are made by real commands under a umask that leaves everything open, with secrets planted where programs
are given theirs. Add a place here when Tieout writes to a new one.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.doctor import PRIVATE_FOLDERS
from orchestration.files import keep_others_from_writing
from tests.conftest import CANARIES, PROJECT_ROOT
from tests.small_landing import write_landing


def everything(home: Path) -> Iterator[tuple[Path, int]]:
    """Every file and folder of a home with its mode, the home itself included; links have none."""
    for path in [home, *home.rglob("*")]:
        status = path.lstat()
        if not stat.S_ISLNK(status.st_mode):
            yield path, stat.S_IMODE(status.st_mode)


def writable_by_others(home: Path) -> list[str]:
    return [f"{path} {mode:o}" for path, mode in everything(home) if mode & stat.S_IWOTH]


def readable_by_others(home: Path) -> set[str]:
    """The names below a home that others get to, through folders that they may enter."""
    open_folders = {home}
    found: set[str] = set()
    for path, mode in sorted(everything(home)):
        if path.parent in open_folders:
            if path.is_dir() and mode & stat.S_IXOTH:
                open_folders.add(path)
            elif path.is_file() and mode & stat.S_IROTH:
                found.add(str(path.relative_to(home)))
    return found


def places_of(secrets: list[str], folder: Path) -> list[str]:
    """Where a secret stands in a file or in a name below a folder."""
    needles = [secret.encode() for secret in secrets]
    found = []
    for path in folder.rglob("*"):
        contents = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if any(needle in contents or needle in os.fsencode(path) for needle in needles):
            found.append(str(path))
    return found


@pytest.fixture(scope="module")
def example_home(example_warehouse: Path) -> Path:
    return example_warehouse.parent.parent


def test_nobody_else_may_write_into_a_home_that_was_made_under_an_open_umask(example_home: Path) -> None:
    # The folder of the home is the test's own.
    assert [one for one in writable_by_others(example_home) if not one.startswith(f"{example_home} ")] == []


def test_others_read_what_is_published_and_the_journal_and_nothing_else(example_home: Path) -> None:
    for name in PRIVATE_FOLDERS:
        if (example_home / name).exists():
            assert stat.S_IMODE((example_home / name).stat().st_mode) == 0o700, name
    read = readable_by_others(example_home)
    version = Path(os.path.realpath(example_home / "current"))
    assert f"versions/{version.name}/warehouse.duckdb" in read
    assert not [name for name in read if name.endswith("restricted.duckdb")]
    assert {name.partition("/")[0] for name in read} - {
        *("versions", "cache", "logs", "lock", "runs.jsonl", "alerts.jsonl", "withdrawn.json"),
        *("health_alerts.json", ".alerts.lock", "home.json"),
    } == set()


def test_no_file_of_a_version_may_be_written_by_anybody(example_home: Path) -> None:
    version = Path(os.path.realpath(example_home / "current"))
    modes = {path.name: mode for path, mode in everything(version) if path.is_file()}
    assert [name for name, mode in modes.items() if mode & 0o222] == []
    assert modes["warehouse.duckdb"] == 0o444
    assert modes["restricted.duckdb"] == 0o440


def test_no_secret_of_the_environment_is_in_a_home(example_home: Path) -> None:
    assert places_of(list(CANARIES.values()), example_home) == []


def test_a_run_that_fails_tells_no_secret_to_the_home_the_terminal_or_an_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = write_landing(tmp_path / "landing", customer="no,such,columns\n1,2,3\n")
    home, told = tmp_path / "home", tmp_path / "told.json"
    word = "canary-of-the-alert-command"
    script = tmp_path / "tell.py"
    script.write_text("import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read()); sys.exit(3)")
    command = f"{sys.executable} {script} {told} --token {word}"
    secrets = {**CANARIES, "TIEOUT_ALERT_COMMAND": command, "TIEOUT_SECRET": "canary-x"}
    around = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
    places = ["--home", str(home), "--landing", str(landing)]
    run = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "nightly", *places],
        cwd=PROJECT_ROOT,
        env={**around, **secrets},
        umask=0,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    values = [*CANARIES.values(), "canary-x", word]
    assert [value for value in values if value in run.stdout + run.stderr + told.read_text()] == []
    assert "no,such,columns" not in run.stdout + run.stderr
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    for line in (["doctor"], ["status"], ["versions"], ["status", "--json"], ["query", "select 1"]):
        cli.main([*line, *places])
    said = capsys.readouterr()
    assert "TIEOUT_SECRET" in said.out
    assert [value for value in values if value in said.out + said.err] == []
    assert places_of(values, home) == []
    assert writable_by_others(home) == []


def test_a_secret_or_an_open_door_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "home" / "raw").mkdir(parents=True)
    file = tmp_path / "home" / "raw" / "log.txt"
    file.write_text(f"password={CANARIES['PGPASSWORD']}")
    assert places_of(list(CANARIES.values()), tmp_path) == [str(file)]
    file.chmod(0o666)
    assert writable_by_others(tmp_path / "home") == [f"{file} 666"]
    assert readable_by_others(tmp_path / "home") == {"raw/log.txt"}
    file.parent.chmod(0o700)
    assert readable_by_others(tmp_path / "home") == set()


@pytest.mark.parametrize(
    ("before", "after"), [(0o000, 0o002), (0o022, 0o022), (0o077, 0o077), (0o007, 0o007)]
)
def test_a_umask_is_only_narrowed(before: int, after: int) -> None:
    own = os.umask(before)
    try:
        keep_others_from_writing()
        assert os.umask(own) == after
    finally:
        os.umask(own)
