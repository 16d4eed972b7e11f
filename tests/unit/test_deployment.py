"""The files by which Tieout is deployed: units, container file, compose file; what they name really exists.

Add a rule here when a file of ``orchestration/deploy`` could start something that is not there, or open more
than it must. What systemd itself says of the units is in ``tests/end_to_end/test_deployed.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from orchestration import cli
from orchestration.doctor import known_variables
from orchestration.settings import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "orchestration" / "deploy"
UNITS = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((DEPLOY / "systemd").glob("*.*"))
    if path.is_file()
}
DROP_INS = {
    str(path.relative_to(DEPLOY / "systemd")): path.read_text(encoding="utf-8")
    for path in sorted((DEPLOY / "systemd").glob("*.d/*.conf"))
}
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
PROGRAM = "/opt/tieout/.venv/bin/tieout"

# Each directive that the units use, and what its value looks like. systemd only warns about one that it does
# not know, and then the protection that it names is missing.
DURATION = r"(\d+(s|min|h|d)?)( \d+(s|min|h|d))*"
YES, ANY = "yes", r".+"
DIRECTIVES = {
    "Unit": {
        "Description": ANY,
        "Documentation": r"file:///opt/tieout/\S+",
        "Wants": r"[\w.@ -]+",
        "After": r"[\w.@ -]+",
        "OnFailure": r"[\w.@%-]+",
    },
    "Service": {
        "Type": r"exec|oneshot",
        "ExecStart": r"/.+",
        "EnvironmentFile": r"/etc/tieout/tieout\.env",
        "Environment": r"[A-Z_]+=\S+",
        "LoadCredential": r"[\w-]+:/etc/tieout/[\w-]+",
        "Restart": r"always|no",
        "RestartSec": DURATION,
        "KillMode": r"control-group",
        "KillSignal": r"SIGTERM",
        "TimeoutStopSec": DURATION,
        "TimeoutStartSec": DURATION,
        "Nice": r"\d+",
        "IPAddressDeny": r"any",
        "IPAddressAllow": r"localhost",
        "User": r"tieout",
        "Group": r"tieout",
        "DynamicUser": YES,
        "UMask": r"0[0-7]{3}",
        "StateDirectory": r"tieout",
        "StateDirectoryMode": r"0750",
        "ReadOnlyPaths": r"-?/\S+",
        "ProtectSystem": r"strict",
        "RestrictAddressFamilies": r"AF_[A-Z0-9_]+( AF_[A-Z0-9_]+)*",
        "CapabilityBoundingSet": r"",
        "SystemCallArchitectures": r"native",
        "SystemCallFilter": r"~?@[a-z-]+( @[a-z-]+)*",
        "SystemCallErrorNumber": r"EPERM",
        **dict.fromkeys(
            (
                *("ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateNetwork", "PrivateUsers"),
                *("ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs"),
                *("ProtectKernelModules", "ProtectKernelTunables", "NoNewPrivileges", "LockPersonality"),
                *("MemoryDenyWriteExecute", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"),
                "RemoveIPC",
            ),
            YES,
        ),
        "ProtectProc": r"invisible",
    },
    "Timer": {
        "OnCalendar": ANY,
        "OnBootSec": DURATION,
        "OnUnitActiveSec": DURATION,
        "Persistent": r"true",
        "AccuracySec": DURATION,
        "Unit": r"[\w.-]+\.service",
    },
    "Install": {"WantedBy": r"multi-user\.target|timers\.target"},
}
# Of every service.
HARDENED = {
    *("UMask", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers"),
    *("ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs"),
    *("ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "NoNewPrivileges"),
    *("LockPersonality", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime"),
    *("RestrictSUIDSGID", "CapabilityBoundingSet", "SystemCallArchitectures", "SystemCallFilter"),
}
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)


def directives(text: str) -> list[tuple[str, str, str]]:
    """Section, name and value of each directive of a unit, in its order."""
    section, found = "", []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found.append((section, name, value))
    return found


def command_problem(words: list[str]) -> str | None:
    """What the command line says against the arguments of ``tieout``, or None."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            cli.build_parser().parse_args(words)
        except SystemExit:
            return f"tieout {' '.join(words)}: {said.getvalue().strip().splitlines()[-1]}"
    return None


def calendar_problem(text: str) -> str | None:
    """Whether a calendar expression is a time of day in a zone that exists: all that these timers need."""
    match = re.fullmatch(r"\*-\*-\* ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?: (\S+))?", text)
    if match is None:
        return f"{text} is no time of day"
    try:
        ZoneInfo(match[2] or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return f"{match[2]} is no time zone"
    return None


def variable_problems(names: list[str]) -> list[str]:
    """The variables of Tieout's that nothing reads."""
    known = known_variables()
    return [
        f"{name} is read by nothing" for name in names if name.startswith("TIEOUT_") and name not in known
    ]


def unit_problems(name: str, text: str) -> list[str]:
    """Everything that is wrong with a unit."""
    found = directives(text)
    problems = []
    for section, key, value in found:
        pattern = DIRECTIVES.get(section, {}).get(key)
        if pattern is None:
            problems.append(f"[{section}] {key} is no directive that these units use")
        elif not re.fullmatch(pattern, value):
            problems.append(f"{key}={value} is not {pattern}")
        if key == "ExecStart" and (words := shlex.split(value))[0] == PROGRAM:
            problems += filter(None, [command_problem(words[1:])])
        if key == "OnCalendar":
            problems += filter(None, [calendar_problem(value)])
        if key == "Unit" and value not in UNITS:
            problems.append(f"there is no unit {value}")
        if key == "OnFailure" and f"{value.partition('@')[0]}@.service" not in UNITS:
            problems.append(f"there is no unit {value}")
        if key == "Environment":
            problems += variable_problems([value.partition("=")[0]])
            if SECRET.search(value.partition("=")[0]) and not value.partition("=")[0].endswith("_FILE"):
                problems.append(f"{value} shows a secret to everybody")
        if key == "Documentation" and not (PROJECT_ROOT / value.removeprefix("file:///opt/tieout/")).exists():
            problems.append(f"{value} is not there")
    keys = [key for _, key, _ in found]
    if name.endswith(".service"):
        problems += [f"{key} is missing" for key in sorted(HARDENED - set(keys))]
        if not {"User", "DynamicUser"} & set(keys):
            problems.append("it runs as root")
        if "Type=exec" in text and "Restart=always" not in text:
            problems.append("it is not started anew")
    return problems


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_what_exists_and_is_hardened(name: str) -> None:
    assert unit_problems(name, UNITS[name]) == []


@pytest.mark.parametrize("name", DROP_INS)
def test_a_drop_in_belongs_to_a_unit(name: str) -> None:
    assert unit_problems(name, DROP_INS[name]) == []
    prefix = name.partition(".service.d/")[0]
    assert any(unit.startswith(prefix) for unit in UNITS)


def test_all_units_are_there() -> None:
    assert list(UNITS) == [
        *("tieout-alerts.service", "tieout-alerts.timer", "tieout-daemon.service"),
        *("tieout-failed@.service", "tieout-nightly.service", "tieout-nightly.timer", "tieout-web.service"),
    ]


@pytest.mark.parametrize(
    ("unit", "right", "wrong", "problem"),
    [
        ("tieout-daemon.service", "tieout daemon", "tieout deamon", "invalid choice: 'deamon'"),
        ("tieout-web.service", "--port 3000", "--prot 3000", "unrecognized arguments: --prot"),
        ("tieout-web.service", "--port 3000", "--port 300000", "is no port"),
        ("tieout-daemon.service", "NoNewPrivileges=yes", "NoNewPrivilege=yes", "NoNewPrivilege is no"),
        ("tieout-daemon.service", "NoNewPrivileges=yes", "", "NoNewPrivileges is missing"),
        ("tieout-daemon.service", "ProtectSystem=strict", "ProtectSystem=no", "ProtectSystem=no is not"),
        ("tieout-daemon.service", "User=tieout\n", "", "it runs as root"),
        ("tieout-daemon.service", "UMask=0027", "UMask=27", "UMask=27 is not"),
        ("tieout-daemon.service", "Restart=always", "Restart=no", "it is not started anew"),
        ("tieout-daemon.service", "KillSignal=SIGTERM", "KillSignal=SIGKILL", "SIGKILL is not"),
        ("tieout-daemon.service", "RestartSec=10", "Environment=TIEOUT_HOMES=/x", "read by nothing"),
        ("tieout-daemon.service", "RestartSec=10", "Environment=PGPASSWORD=x", "shows a secret"),
        ("tieout-nightly.service", "tieout-failed@%n", "tieout-fail@%n", "there is no unit"),
        ("tieout-nightly.timer", "r=*-*-* 02:00", "r=*-*-* 26:00", "is no time of day"),
        ("tieout-nightly.timer", "UTC\n", "Mars/Olympus\n", "is no time zone"),
        ("tieout-nightly.timer", "Unit=tieout-nightly", "Unit=tieout-night", "there is no unit"),
        ("tieout-alerts.timer", "OnBootSec=10min", "OnBootSec=ten", "OnBootSec=ten is not"),
        ("tieout-alerts.timer", "DEPLOYMENT.md", "DEPLOY.md", "is not there"),
    ],
)
def test_what_is_wrong_with_a_unit_is_found(unit: str, right: str, wrong: str, problem: str) -> None:
    assert right in UNITS[unit]
    assert problem in "\n".join(unit_problems(unit, UNITS[unit].replace(right, wrong, 1)))


def test_the_environment_file_names_variables_that_are_read() -> None:
    lines = (DEPLOY / "tieout.env").read_text(encoding="utf-8").splitlines()
    names = [match[1] for line in lines if (match := re.match(r"#?([A-Z][A-Z0-9_]*)=", line))]
    assert "TIEOUT_HOME" in names
    assert variable_problems(names) == []
    assert not [name for name in names if SECRET.search(name)]


# ---- the container


def instructions(text: str) -> list[tuple[str, str]]:
    """Name and arguments of each instruction of a container file."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    parts = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, arguments.strip()) for name, _, arguments in parts]


def container_problems(text: str) -> list[str]:
    """Everything that is wrong with a container file that no linter knows."""
    found = instructions(text)
    problems = []
    last = dict(found)
    if last.get("USER", "0").partition(":")[0] in ("0", "root"):
        problems.append("it runs as root")
    version = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", last["FROM"])
    if version is None:
        problems.append(f"{last['FROM']} is no small image of a Python version")
    elif not SpecifierSet(">=3.11,<3.14").contains(version[1]):
        problems.append(f"Python {version[1]} is not supported")
    try:
        entry, command = json.loads(last["ENTRYPOINT"]), json.loads(last["CMD"])
        health = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    except (KeyError, ValueError):
        return [*problems, "a shell stands between the supervisor and the process, and keeps its signals"]
    if entry != [PROGRAM] or health[:1] != [PROGRAM]:
        problems.append(f"it does not start {PROGRAM}")
    problems += filter(None, [command_problem(command), command_problem(health[1:])])
    for name, arguments in found:
        if name in ("ENV", "ARG"):
            names = re.findall(r"([A-Za-z_]+)=", arguments)
            problems += [f"{one} would stay in the image" for one in names if SECRET.search(one)]
            problems += variable_problems(names)
        if name == "COPY":
            missing = [one for one in arguments.split()[:-1] if not (PROJECT_ROOT / one).exists()]
            problems += [f"{one} is not there to be copied" for one in missing]
    if "pip install --no-cache-dir" not in text:
        problems.append("pip's cache would stay in the image")
    if "-c constraints.txt" not in text:
        problems.append("its packages are not pinned")
    return problems


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    assert program, "hadolint is not installed: pip install -c constraints.txt -e '.[test]'"
    return subprocess.run(
        [program, "--no-color", "--failure-threshold", "style", str(file)], capture_output=True, text=True
    )


def test_the_container_file_is_sound() -> None:
    assert container_problems(CONTAINERFILE) == []
    result = lint(DEPLOY / "Containerfile")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("USER 10001:10001\n", "", "it runs as root"),
        ("USER 10001:10001", "USER root", "it runs as root"),
        ('CMD ["daemon"]', "CMD daemon", "a shell stands between"),
        ('CMD ["daemon"]', 'CMD ["deamon"]', "invalid choice"),
        ('"daemon", "--check"]', '"daemon", "--chek"]', "unrecognized arguments"),
        ("3.11-slim", "3.10-slim", "Python 3.10 is not supported"),
        ("python:3.11-slim-bookworm", "python:latest", "is no small image"),
        ("TIEOUT_LOG_FORMAT=json", "TIEOUT_LOG_FORM=json", "read by nothing"),
        ("TIEOUT_LOG_FORMAT=json", "DATABASE_PASSWORD=x", "would stay in the image"),
        ("COPY seeds seeds", "COPY seed seeds", "is not there to be copied"),
        ("-c constraints.txt ", "", "its packages are not pinned"),
        ("--no-cache-dir ", "", "cache would stay"),
    ],
)
def test_what_is_wrong_with_a_container_file_is_found(right: str, wrong: str, problem: str) -> None:
    assert right in CONTAINERFILE
    assert problem in "\n".join(container_problems(CONTAINERFILE.replace(right, wrong)))


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ("FROM python:3.11-slim-bookworm", "FROM python:latest", "DL3007"),
        ("WORKDIR /opt/tieout", "WORKDIR opt/tieout", "DL3000"),
        ('CMD ["daemon"]', "CMD daemon", "DL3025"),
        ("USER 10001:10001", "USER root", "DL3002"),
        ("RUN python -m compileall", "RUN cd /tmp && sudo python -m compileall", "DL3004"),
    ],
)
def test_the_linter_finds_what_is_wrong(right: str, wrong: str, rule: str, tmp_path: Path) -> None:
    file = tmp_path / "Containerfile"
    assert right in CONTAINERFILE
    file.write_text(CONTAINERFILE.replace(right, wrong))
    result = lint(file)
    assert result.returncode == 1
    assert rule in result.stdout


def compose_problems(compose: dict[str, Any]) -> list[str]:
    """Everything that is wrong with the compose file."""
    problems = []
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                problems.append(f"{name} is open to the network at {port}")
        for variable in (environment := service.get("environment", {})):
            if SECRET.search(variable) and not variable.endswith("_FILE"):
                problems.append(f"{name}: {variable} is shown by docker inspect")
        problems += variable_problems(list(environment))
        if not set(service["networks"]) <= set(compose["networks"]):
            problems.append(f"{name} is in a network that is not declared")
        if service["image"] == "tieout":
            problems += filter(None, [command_problem([str(word) for word in service["command"]])])
            if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
                problems.append(f"{name} may change what it runs")
            problems += [
                f"{name} may write to the landing folder"
                for volume in service["volumes"]
                if ":/landing" in volume and not volume.endswith(":ro")
            ]
        elif any(not (compose["networks"][one] or {}).get("internal") for one in service["networks"]):
            problems.append(f"{name} is in a network that leads outside")
    return problems


def test_the_compose_file_keeps_the_database_inside() -> None:
    assert set(COMPOSE["services"]) == {"daemon", "web", "database"}
    assert compose_problems(COMPOSE) == []


@pytest.mark.parametrize(
    ("service", "change", "problem"),
    [
        ("web", {"ports": ["3000:3000"]}, "open to the network"),
        ("database", {"networks": ["outer"]}, "leads outside"),
        ("database", {"environment": {"POSTGRES_PASSWORD": "x"}}, "shown by docker inspect"),
        ("daemon", {"environment": {"TIEOUT_HOMES": "x"}}, "read by nothing"),
        ("daemon", {"command": ["deamon"]}, "invalid choice"),
        ("daemon", {"read_only": False}, "may change what it runs"),
        ("daemon", {"volumes": ["x:/landing"]}, "may write to the landing folder"),
    ],
)
def test_what_is_wrong_with_a_compose_file_is_found(
    service: str, change: dict[str, Any], problem: str
) -> None:
    services = {**COMPOSE["services"], service: {**COMPOSE["services"][service], **change}}
    assert problem in "\n".join(compose_problems({**COMPOSE, "services": services}))
