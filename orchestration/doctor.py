"""Looks at the home, the environment and the landing folder, and says what to do about what it finds.

Add a check here when an operator has lost time to something that can be seen. A check is a function that
yields findings and never raises for what it looks at; nothing is repaired or written, but for a trial file.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import stat
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from orchestration.alerting.channels import configured_channels
from orchestration.alerting.outbox import undelivered_notes
from orchestration.files import folder_size
from orchestration.home_format import HomeTooNew, check_format, present_release, read_format
from orchestration.operating import leftovers
from orchestration.publication import PublicationError, current_version, list_versions
from orchestration.raw import landing as landing_files
from orchestration.raw.contract import LANDING_SOURCES, TableContract, read_contracts
from orchestration.raw.headers import read_column_names
from orchestration.raw.load import loaded_policies
from orchestration.raw.manifest import Manifest, table_state
from orchestration.raw.objects import ObjectStore
from orchestration.raw.policies import PolicyError, check_policies
from orchestration.raw.problems import LoadError, UnreadableFileError
from orchestration.raw.table_files import match_columns
from orchestration.scheduler_instance import DatabaseProblem, check_database
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.standing import read_standing
from orchestration.verifying import check_shape

ERROR, WARNING, NOTE = "error", "warning", "note"
HOME, ENVIRONMENT, LANDING = "home", "environment", "landing"
# Folders with raw rows, and the scheduler's history, which quotes them.
PRIVATE_FOLDERS = ("raw", "builds", "dev", "dagster")
# The private build, its copy for publication, and what sorts spill: a build has needed so much for each byte
# that was published. Where the last build is still there, its own size counts.
BUILD_TO_PUBLISHED = 8
SMALLEST_FREE = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that an operator should know.

    Attributes:
        level: error (a run will fail, or somebody reads or changes what they must not), warning, or note.
        area: home, environment or landing.
        text: what it is.
        to_do: what to do about it; empty for a note that asks for nothing.
    """

    level: str
    area: str
    text: str
    to_do: str = ""


def examine(settings: Settings, *, environment: Mapping[str, str], now: datetime) -> list[Finding]:
    """Everything found, errors first; a check that fails itself is an error, too.

    Args:
        environment: of the process.
        now: UTC without zone.
    """
    checks: list[Callable[[], Iterable[Finding]]] = [
        lambda: _home(settings),
        lambda: _format(settings),
        lambda: _modes(settings),
        lambda: _room(settings),
        lambda: _versions(settings),
        lambda: _raw(settings),
        lambda: _standing(settings, now),
        _python,
        _packages,
        lambda: _variables(environment),
        lambda: _time_zones(settings),
        lambda: _alerts(settings),
        lambda: _scheduler_database(settings),
        lambda: _landing(settings),
    ]
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check()
        except (OSError, LoadError, PublicationError, ValueError) as error:
            findings.append(
                Finding(ERROR, HOME, f"A check could not be made: {error}", "See what stands above.")
            )
    order = {ERROR: 0, WARNING: 1, NOTE: 2}
    return sorted(findings, key=lambda finding: order[finding.level])


# ---- the home


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        above = next(place for place in home.parents if place.exists())
        if os.access(above, os.W_OK):
            yield Finding(NOTE, HOME, f"{home} is not there yet; the first run makes it.")
        else:
            yield Finding(ERROR, HOME, f"{home} is not there, and {above} cannot be written to.", "Make it.")
        return
    for folder in (home, settings.raw_dir, settings.versions_dir, settings.builds_dir):
        if not folder.exists():
            continue
        try:
            descriptor, name = tempfile.mkstemp(prefix=".doctor-", dir=folder)
            os.close(descriptor)
            Path(name).unlink()
        except OSError as error:
            yield Finding(
                ERROR,
                HOME,
                f"{folder} cannot be written to: {error.strerror or error}.",
                f"Let the user that runs Tieout (uid {os.getuid()}) write there: chown, or another mount.",
            )
    left = leftovers(settings)
    if left:
        names = ", ".join(str(path.relative_to(home)) for path in left[:5])
        yield Finding(
            NOTE, HOME, f"Killed runs left {len(left)} things ({names}); the next run removes them."
        )


def _format(settings: Settings) -> Iterator[Finding]:
    if not settings.home.exists():
        return
    try:
        check_format(settings)
    except HomeTooNew as error:
        what, _, to_do = str(error).partition(" Nothing was done. ")
        yield Finding(ERROR, HOME, what, to_do)
        return
    found, release = read_format(settings)
    if release and release != present_release():
        yield Finding(
            NOTE,
            HOME,
            f"The home was last written by Tieout {release} (format {found}); this is {present_release()}. "
            "The next run builds anew.",
        )


def _modes(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        return
    for path in (
        home,
        *(Path(folder, name) for folder, below, names in os.walk(home) for name in [*below, *names]),
    ):
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if not stat.S_ISLNK(status.st_mode) and status.st_mode & stat.S_IWOTH:
                yield Finding(
                    ERROR,
                    HOME,
                    f"Everybody on this machine may write to {path}.",
                    f"chmod o-w {shlex.quote(str(path))}",
                )
    for name in PRIVATE_FOLDERS:
        folder = home / name
        if folder.is_dir() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
            yield Finding(
                WARNING,
                HOME,
                f"{folder} may name people and can be entered by others than its owner.",
                f"chmod 700 {shlex.quote(str(folder))}",
            )


def _room(settings: Settings) -> Iterator[Finding]:
    place = next(one for one in (settings.home, *settings.home.parents) if one.exists())
    free = shutil.disk_usage(place).free
    builds = list(settings.builds_dir.iterdir()) if settings.builds_dir.exists() else []
    last_build = max((folder_size(folder) for folder in builds if folder.is_dir()), default=0)
    current = None
    with contextlib.suppress(PublicationError):
        current = current_version(settings)
    published = 0 if current is None else folder_size(current.folder)
    needed = max(last_build + published, published * BUILD_TO_PUBLISHED)
    if free < needed:
        yield Finding(
            ERROR,
            HOME,
            f"{free:,} bytes are free where {settings.home} is; a build needs about {needed:,}.",
            "Make room: tieout prune --disk-budget SIZE, or a larger disk.",
        )
    elif free < max(2 * needed, SMALLEST_FREE):
        yield Finding(
            WARNING,
            HOME,
            f"Only {free:,} bytes are free where {settings.home} is; a build needs about {needed:,}.",
            "Make room soon: tieout prune --dry-run shows what can go.",
        )


def _versions(settings: Settings) -> Iterator[Finding]:
    try:
        current_version(settings)
    except PublicationError as error:
        names = ", ".join(version.name for version in list_versions(settings)) or "none"
        yield Finding(ERROR, HOME, str(error), f"tieout rollback VERSION; versions that are there: {names}.")
    for one in list_versions(settings):
        for difference in check_shape(one):
            yield Finding(
                ERROR,
                HOME,
                f"Version {one.name}: {difference}.",
                f"Find out who changed it; tieout verify {one.sequence} reads it through.",
            )


def _raw(settings: Settings) -> Iterator[Finding]:
    if not settings.raw_dir.exists():
        return
    try:
        manifest = Manifest.read(settings.raw_dir)
    except LoadError as error:
        yield Finding(ERROR, HOME, str(error), "Restore raw/manifest.jsonl from a backup.")
        return
    store = ObjectStore(settings.raw_dir)
    for (source, table), files in sorted(table_state(manifest.records).items()):
        for file in files:
            for one in file.objects():
                if not store.holds(one):
                    yield Finding(
                        ERROR,
                        HOME,
                        f"The raw object of {source}.{table}, {file.name} is missing: {store.path(one)}.",
                        "Restore it from a backup, or run tieout load while the same landing file is there.",
                    )
    try:
        check_policies(loaded_policies(settings.raw_dir))
    except PolicyError as error:
        yield Finding(ERROR, HOME, str(error), error.hint)


def _standing(settings: Settings, now: datetime) -> Iterator[Finding]:
    """What blocks, which is not always something to repair."""
    if not settings.home.exists():
        return
    standing = read_standing(settings, now=now)
    for block in standing.blocks:
        if block.kind == "link":
            continue
        level = ERROR if block.kind in ("lock", "unreadable", "erasure") else WARNING
        if block.kind == "nothing_published":
            level = NOTE
        yield Finding(level, HOME, block.text, block.to_do)
    holder = standing.holder
    if holder is not None and not any(block.kind == "lock" for block in standing.blocks):
        yield Finding(NOTE, HOME, f"A run holds the home: {holder.run_id}, process {holder.pid}.")


# ---- the environment


def _project() -> Mapping[str, object]:
    file = PROJECT_ROOT / "pyproject.toml"
    if not file.exists():
        return {}
    project: Mapping[str, object] = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    return project


def _python() -> Iterator[Finding]:
    needed = str(_project().get("requires-python", ">=3.11"))
    running = ".".join(str(part) for part in sys.version_info[:3])
    if not SpecifierSet(needed).contains(running):
        yield Finding(
            ERROR,
            ENVIRONMENT,
            f"Python {running} runs; {needed} is needed.",
            "Make a new virtual environment.",
        )


def _packages() -> Iterator[Finding]:
    dependencies = _project().get("dependencies", [])
    assert isinstance(dependencies, list)
    for text in dependencies:
        requirement = Requirement(str(text))
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        fix = "pip install -c constraints.txt -e ."
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(ERROR, ENVIRONMENT, f"The package {requirement.name} is not installed.", fix)
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield Finding(
                ERROR,
                ENVIRONMENT,
                f"{requirement.name} {installed} is installed; {requirement.specifier} is needed.",
                fix,
            )


def known_variables() -> set[str]:
    """Every TIEOUT_ variable that the program's own text names."""
    names: set[str] = set()
    files = [*(PROJECT_ROOT / "orchestration").rglob("*.py"), *(PROJECT_ROOT / "dbt_project").glob("*.yml")]
    for file in files:
        if file != Path(__file__):
            names |= set(re.findall(r"\bTIEOUT_[A-Z0-9_]*[A-Z0-9]\b", file.read_text(encoding="utf-8")))
    return names


def _variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    known = known_variables()
    for name in sorted(environment):
        if name.upper().startswith("TIEOUT_") and name not in known:
            near = get_close_matches(name.upper(), known, n=1)
            yield Finding(
                WARNING,
                ENVIRONMENT,
                f"The environment has {name}, which nothing reads.",
                f"Is it {near[0]}?" if near else "Remove it.",
            )


def _time_zones(settings: Settings) -> Iterator[Finding]:
    for name in dict.fromkeys((settings.nightly_time_zone, "Europe/Berlin", "America/New_York")):
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield Finding(
                ERROR,
                ENVIRONMENT,
                f"There is no data on the time zone {name}.",
                "pip install --upgrade tzdata",
            )


def _alerts(settings: Settings) -> Iterator[Finding]:
    channels = configured_channels(settings)
    if not channels:
        yield Finding(
            NOTE,
            ENVIRONMENT,
            "Alerts are only written into the home: no variable TIEOUT_ALERT_... says who is told.",
        )
    for channel in channels:
        for problem in channel.problems():
            yield Finding(
                ERROR, ENVIRONMENT, problem, "Correct it; tieout alerts --test then sends a message."
            )
        for warning in channel.warnings():
            yield Finding(WARNING, ENVIRONMENT, warning)
    for note in undelivered_notes(settings):
        yield Finding(WARNING, HOME, note, "tieout alerts lists what was told to whom.")


def _scheduler_database(settings: Settings) -> Iterator[Finding]:
    try:
        server = check_database(settings)
    except DatabaseProblem as error:
        what, _, to_do = str(error).partition(". ")
        yield Finding(ERROR, ENVIRONMENT, f"{what.rstrip('.')}.", to_do)
        return
    if server is not None:
        yield Finding(
            NOTE,
            ENVIRONMENT,
            f"The scheduler keeps its history in {settings.scheduler_database_name}, PostgreSQL {server}.",
        )


# ---- the landing folder


def _landing(settings: Settings) -> Iterator[Finding]:
    landing = settings.landing
    if not landing.is_dir():
        yield Finding(
            ERROR,
            LANDING,
            f"{landing} is {'no folder' if landing.exists() else 'not there'}.",
            "Give the folder that holds billing/ with --landing or TIEOUT_LANDING.",
        )
        return
    for note in landing_files.unknown_folder_notes(landing):
        name = note.partition("/")[0]
        near = get_close_matches(name.lower(), LANDING_SOURCES, n=1)
        yield Finding(WARNING if near else NOTE, LANDING, note, f"Is it {near[0]}/?" if near else "")
    contracts = read_contracts()
    for source in (contracts[name] for name in LANDING_SOURCES if name in contracts):
        found = landing_files.find_files(landing, source)
        for problem in found.problems:
            yield Finding(ERROR, LANDING, str(problem), "")
        for note in found.notes:
            yield Finding(NOTE, LANDING, note)
        if not found.files and not source.required:
            continue
        for table in source.tables.values():
            is_needed = table.required or (
                table.required_with in found.files if table.required_with else False
            )
            if is_needed and table.name not in found.files:
                yield Finding(
                    ERROR,
                    LANDING,
                    f"{source.name}.{table.name} is required and not there.",
                    landing_files.missing_table_hint(found, table),
                )
            for file in found.files.get(table.name, ()):
                yield from _header(table, file)


def _header(table: TableContract, file: landing_files.LandingFile) -> Iterator[Finding]:
    if not os.access(file.path, os.R_OK):
        yield Finding(
            ERROR,
            LANDING,
            f"{file.name} cannot be read by this user (uid {os.getuid()}).",
            f"chmod +r {shlex.quote(str(file.path))}",
        )
        return
    try:
        names = read_column_names(file)
        matched, unknown = match_columns(names, table)
    except UnreadableFileError as error:
        yield Finding(ERROR, LANDING, str(error.located(table.source, table.name, file.name)), "")
        return
    absent = {column.name for column in table.columns} - {column.name for column in matched.values()}
    for name in unknown:
        # Only what is not there may have been meant.
        if near := get_close_matches(name.lower(), sorted(absent), n=1, cutoff=0.8):
            yield Finding(
                WARNING,
                LANDING,
                f"{file.name}: the column {name} is not declared and left out.",
                f"Is it {near[0]}, which the file does not have?",
            )
