"""What systemd says of the units, and what the container file's steps leave behind, run on this machine.

Neither is the real thing: no unit is started and no image is built here. That the commands which they start
work, end on SIGTERM and need no more than they are given is tested with the commands themselves.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.small_landing import write_landing
from tests.unit.test_deployment import CONTAINERFILE, DEPLOY, DROP_INS, PROGRAM, UNITS, instructions

# From 0, nothing is open, to 10. Access to the network and to the folders of home and exports remains.
HIGHEST_EXPOSURE = {
    "tieout-daemon.service": 1.5,
    "tieout-web.service": 1.3,
    "tieout-nightly.service": 1.5,
    "tieout-alerts.service": 1.5,
    "tieout-failed@.service": 0.6,
}


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A file system with these units and what they start."""
    root = tmp_path / "root"
    installed = root / "etc/systemd/system"
    installed.mkdir(parents=True)
    for name, text in {**UNITS, **DROP_INS}.items():
        (installed / name).parent.mkdir(exist_ok=True)
        (installed / name).write_text(text, encoding="utf-8")
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    for program in (PROGRAM, "/usr/bin/logger"):
        file = root / program.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o755)
    return root


def verify(system: Path) -> str:
    """What systemd says of the units; nothing where all is well."""
    finished = subprocess.run(
        ["systemd-analyze", "verify", f"--root={system}", "--man=no", *UNITS], capture_output=True, text=True
    )
    if finished.returncode == 0 and "tieout" not in finished.stderr:
        return ""
    return f"{finished.returncode}: {finished.stderr}"


@pytest.mark.systemd
def test_systemd_reads_the_units(system: Path) -> None:
    assert verify(system) == ""


@pytest.mark.systemd
@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        ("tieout-daemon.service", "Restart=always", "Restart=allways"),
        ("tieout-daemon.service", "NoNewPrivileges", "NoNewPrivilege"),
        ("tieout-daemon.service", PROGRAM, "/opt/tieout/bin/tieout"),
        ("tieout-nightly.timer", "02:00:00 UTC", "26:00:00 UTC"),
    ],
)
def test_systemd_says_what_is_wrong(system: Path, unit: str, right: str, wrong: str) -> None:
    file = system / "etc/systemd/system" / unit
    assert right in UNITS[unit]
    file.write_text(UNITS[unit].replace(right, wrong))
    assert unit in verify(system)


@pytest.mark.systemd
@pytest.mark.parametrize("unit", HIGHEST_EXPOSURE)
def test_a_unit_is_no_more_exposed_than_before(system: Path, unit: str) -> None:
    finished = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={system}", unit],
        capture_output=True,
        text=True,
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", finished.stdout)
    assert found, finished.stdout + finished.stderr
    assert float(found[1]) <= HIGHEST_EXPOSURE[unit], finished.stdout


# ---- the container file's steps


def as_nobody(uid: int) -> list[str]:
    """What starts a program as somebody who owns nothing: who may write nowhere, and read what root can.

    In the image everybody may read the interpreter; here it may be in a folder of its owner's.
    """
    if os.geteuid() != 0:
        return []
    can = "+dac_read_search"
    user = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={can}", f"--ambient-caps={can}"]


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that everybody may enter; those of tests are their owner's."""
    folder = Path(tempfile.mkdtemp(prefix="tieout-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_steps_of_the_container_file_leave_a_tree_that_works_for_who_cannot_change_it(
    reachable: Path,
) -> None:
    """Packages, code, entry point and health check, with a user that may write to its home only."""
    tree = reachable / "opt" / "tieout"
    tree.mkdir(parents=True)
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    steps = []
    for name, arguments in instructions(CONTAINERFILE):
        if name == "COPY":
            *sources, target = arguments.split()
            for source in sources:
                _copy(PROJECT_ROOT / source, tree / target if source == target else tree / source)
            steps.append(f"COPY {target}")
        if name == "RUN":
            # The user is the image's; here it is one that is there.
            script = " && ".join(
                part
                for part in re.split(r"\s+&& ", arguments)
                if not part.startswith(("groupadd", "useradd", "install -d"))
            )
            script = re.sub(r"^python ", f"{shlex.quote(sys.executable)} ", script)
            done = subprocess.run(
                ["sh", "-ec", script], cwd=tree, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
            steps.append("RUN")
        if name == "ENV":
            environment |= dict(re.findall(r"(\w+)=(\S+)", arguments))
    assert steps == ["COPY ./", "RUN", "COPY dbt_project", "COPY seeds", "COPY orchestration", "RUN"]

    home = reachable / "home"
    home.mkdir(mode=0o750)
    nobody = pwd.getpwnam("nobody").pw_uid
    if os.geteuid() == 0:
        os.chown(home, nobody, nobody)
    landing = write_landing(reachable / "landing")
    environment |= {"TIEOUT_HOME": str(home), "TIEOUT_LANDING": str(landing)}
    program = str(tree / ".venv" / "bin" / "tieout")

    def tieout(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*as_nobody(nobody), program, *arguments],
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
        )

    before = {path: path.stat().st_mtime_ns for path in tree.rglob("*") if ".venv" not in path.parts}
    nightly = tieout("nightly")
    assert nightly.returncode == 0, nightly.stdout + nightly.stderr
    status = tieout("status")
    assert status.returncode == 0 and "Published version 000001" in status.stdout, status.stdout
    assert tieout("daemon", "--check").returncode == 1
    # What is said of the exports, which are old, is not asked here.
    doctor = tieout("doctor")
    assert not re.search("not installed|is needed|cannot be written", doctor.stdout), doctor.stdout
    after = {path: path.stat().st_mtime_ns for path in tree.rglob("*") if ".venv" not in path.parts}
    assert before == after


def _copy(source: Path, target: Path) -> None:
    """As a build copies: without what ``Containerfile.dockerignore`` names."""
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8")
    assert "**/__pycache__" in ignored and "dbt_project/target" in ignored
    if source.is_dir():
        shutil.copytree(
            source,
            target,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__", "target", "logs", ".*"),
        )
    else:
        shutil.copy(source, target)
