"""What an operator does to a home by hand besides going back: restores of raw rows, and making room.

Add here what holds the home and belongs into the journal, or what spans several parts of the home. How each
part is changed is its own module's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestration.alerts import raise_alert
from orchestration.files import flush_folder
from orchestration.publication import (
    IS_CURRENT,
    IS_YOUNG,
    REMOVING_PREFIX,
    clean_up,
    half_written_files,
    list_versions,
    reasons_to_keep,
    remove_folder,
    remove_old_versions,
)
from orchestration.raw import restoring
from orchestration.raw.contract import read_contracts
from orchestration.raw.load import loaded_policies
from orchestration.raw.manifest import LoadedFile
from orchestration.raw.policies import PolicyError, check_policies
from orchestration.raw.pruning import Pruned, prune, retention_days
from orchestration.reporting import Reporter
from orchestration.runs import (
    RESTORE_JOB,
    RESTORED,
    RunError,
    RunOptions,
    builds_beyond,
    home_lock,
    lock_file,
    open_run,
)
from orchestration.settings import Settings

# ---- raw rows


def restore_raw(
    settings: Settings,
    source: str,
    table: str,
    slot: str,
    reporter: Reporter,
    *,
    now: datetime,
    object_hash: str | None = None,
) -> tuple[LoadedFile, LoadedFile]:
    """Restore an earlier state of a raw file, with an entry in the journal and an alert; before and after.

    Raises:
        RestoreError: nothing was restored.
        RunRefused: a run holds the home.
    """
    # Asked first, so that a mistake in the terminal is no failed run.
    restoring.find_restorable(settings.raw_dir, source, table, slot, object_hash)
    with open_run(settings, RunOptions(), reporter, job=RESTORE_JOB) as run, run.step("restore raw rows"):
        before, after = restoring.restore(
            settings.raw_dir,
            source,
            table,
            slot,
            now=now,
            contracts=read_contracts(),
            object_hash=object_hash,
        )
        run.status = RESTORED
        run.summary = (
            f"{source}.{table}, {after.name}: {after.rows_accepted} rows of {after.loaded_at:%Y-%m-%d %H:%M} "
            f"UTC instead of {before.rows_accepted} of {before.loaded_at:%Y-%m-%d %H:%M} UTC."
        )
        run.note(run.summary)
        raise_alert(
            settings,
            alert_id=f"restore-{run.run_id}",
            run_id=run.run_id,
            summary=f"Tieout restored {run.summary}",
            details="The landing file is not loaded until it changes.",
            log=str(run.log),
            deliver=False,
        )
    return before, after


def release_raw(
    settings: Settings, source: str, table: str, slot: str, reporter: Reporter, *, now: datetime
) -> LoadedFile:
    """Let the next load read a landing file again that was held back; the file that was held.

    Raises:
        RestoreError: it is not held.
        RunRefused: a run holds the home.
    """
    restoring.find_held(settings.raw_dir, source, table, slot)
    with open_run(settings, RunOptions(), reporter, job=RESTORE_JOB) as run, run.step("release raw rows"):
        held = restoring.release(settings.raw_dir, source, table, slot, now=now)
        run.status, run.summary = RESTORED, f"{source}.{table}, {held.name} is loaded again as it lies there."
        run.note(run.summary)
    return held


# ---- room


@dataclass
class Room:
    """What was removed, or would be.

    Attributes:
        versions, builds: names of folders.
        raw: what went of the raw store; None where it was not asked for.
        size_before, size_after: of the home, in bytes on disk; only known with a budget.
        missing: how many bytes the home is over its budget afterwards.
        kept: what keeps the rest, one line each, where the budget is not met.
    """

    versions: list[str] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    raw: Pruned | None = None
    size_before: int = 0
    size_after: int = 0
    missing: int = 0
    kept: list[str] = field(default_factory=list)


def make_room(
    settings: Settings,
    *,
    holder: str,
    now: datetime,
    versions: bool = True,
    builds: bool = True,
    raw: bool = True,
    budget: int | None = None,
    is_rehearsal: bool = False,
) -> Room:
    """Remove what the settings and policies do not keep, and with a budget the oldest of what they allow.

    A budget takes versions and builds, oldest first; never the current version, one younger than
    ``version_minimum_age_days``, or raw objects that policy ``raw_retention_days`` keeps. Killed at any
    moment, the home is readable, and the next run removes what was begun.

    Args:
        holder: how this calls itself while it holds the home.
        now: with zone.
        budget: how many bytes the home may take on disk; None is as many as it likes.

    Raises:
        RunError: a policy in force cannot be used.
        RunRefused: a run holds the home.
    """
    room = Room()
    with home_lock(settings, holder):
        if not is_rehearsal:
            clean_up(settings)
        naive = now.replace(tzinfo=None)
        files = _Files(settings)
        if versions:
            room.versions = remove_old_versions(settings, now=naive, is_rehearsal=is_rehearsal)
        if builds:
            doomed = builds_beyond(settings)
            room.builds = [folder.name for folder in doomed]
            if not is_rehearsal:
                _remove_builds(settings, doomed)
        if raw and settings.raw_dir.exists():
            room.raw = prune(settings.raw_dir, _retention(settings), now=now, is_rehearsal=is_rehearsal)
        if budget is not None:
            _fit(settings, room, files, budget, naive, is_rehearsal=is_rehearsal)
    return room


def _retention(settings: Settings) -> int | None:
    policies = loaded_policies(settings.raw_dir)
    try:
        check_policies(policies)
    except PolicyError as error:
        raise RunError(f"{error} {error.hint}") from error
    return retention_days(policies)


def _remove_builds(settings: Settings, folders: list[Path]) -> None:
    for folder in folders:
        remove_folder(folder)
    if settings.builds_dir.exists():
        flush_folder(settings.builds_dir)


class _Files:
    """What each part of a home takes on disk; a file with several names goes with the last of them."""

    def __init__(self, settings: Settings) -> None:
        self._sizes: dict[tuple[int, int], int] = {}
        self._names: dict[tuple[int, int], set[Path]] = {}
        for path in settings.home.rglob("*"):
            # Its few bytes are only there while this one holds the home.
            if path == lock_file(settings):
                continue
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if not path.is_dir() or path.is_symlink():
                key = status.st_dev, status.st_ino
                self._sizes[key] = status.st_blocks * 512
                self._names.setdefault(key, set()).add(path)

    def size(self) -> int:
        return sum(self._sizes[key] for key, names in self._names.items() if names)

    def remove(self, places: set[Path]) -> None:
        """Reckon without these files and folders."""
        for names in self._names.values():
            names -= {name for name in names if name in places or any(one in places for one in name.parents)}

    def below(self, folder: Path) -> int:
        return sum(
            self._sizes[key]
            for key, names in self._names.items()
            if any(name.is_relative_to(folder) for name in names)
        )


def _fit(
    settings: Settings, room: Room, files: _Files, budget: int, now: datetime, *, is_rehearsal: bool
) -> None:
    """Remove the oldest versions and builds until the home fits."""
    room.size_before = files.size()
    files.remove({settings.versions_dir / name for name in room.versions})
    files.remove({settings.builds_dir / name for name in room.builds})
    if room.raw is not None:
        files.remove({settings.raw_dir / "objects" / f"{one}.parquet" for one in room.raw.hashes})
    reasons = reasons_to_keep(settings, now=now)
    candidates: list[tuple[datetime, Path, list[str]]] = [
        (version.published_at(), version.folder, room.versions)
        for version in list_versions(settings)
        if version.name not in room.versions
        and not {IS_CURRENT, IS_YOUNG} & set(reasons.get(version.name, ()))
    ]
    if settings.builds_dir.exists():
        candidates += [
            (
                datetime.fromtimestamp(folder.stat().st_mtime, UTC).replace(tzinfo=None),
                folder,
                room.builds,
            )
            for folder in settings.builds_dir.iterdir()
            if folder.is_dir() and folder.name not in room.builds
        ]
    for _, folder, removed in sorted(candidates, key=lambda one: (one[0], one[1].name)):
        if files.size() <= budget:
            break
        if not is_rehearsal:
            remove_folder(folder)
        files.remove({folder})
        removed.append(folder.name)
    room.size_after = files.size()
    room.missing = max(0, room.size_after - budget)
    if room.missing:
        room.kept = _what_keeps(settings, files, reasons)


def _what_keeps(settings: Settings, files: _Files, reasons: dict[str, list[str]]) -> list[str]:
    """The parts of the home that stay, largest first, and why."""
    kept: list[tuple[int, str]] = []
    for version in list_versions(settings):
        why = [reason for reason in reasons.get(version.name, ()) if reason in (IS_CURRENT, IS_YOUNG)]
        if why:
            kept.append((files.below(version.folder), f"version {version.name}: {'; '.join(why)}"))
    for folder, why_folder in (
        (settings.raw_dir, "raw objects that policy raw_retention_days keeps"),
        (settings.dagster_home, "the scheduler's history"),
        (settings.development_dir, "the sandbox of tieout dbt; it can be removed by hand"),
        (settings.home / "cache", "the parsed project"),
        (settings.home / "logs", "tracebacks; they can be removed by hand"),
    ):
        size = files.below(folder)
        if size:
            kept.append((size, f"{folder.name}/: {why_folder}"))
    return [f"{size:,} bytes: {text}" for size, text in sorted(kept, reverse=True)]


def leftovers(settings: Settings) -> list[Path]:
    """What killed runs left behind and the next run removes."""
    found = []
    for folder in (settings.versions_dir, settings.builds_dir):
        if folder.exists():
            found += [
                path for path in folder.iterdir() if path.name.startswith((REMOVING_PREFIX, ".incoming-"))
            ]
    if settings.home.exists():
        found += settings.home.glob(".current-*")
    return sorted([*found, *half_written_files(settings)])
