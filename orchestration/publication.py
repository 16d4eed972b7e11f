"""Makes an audited build the current version: a new folder, checked and flushed, then one atomic switch.

Add here what a published version consists of and how long it stays. Whether a build may be published is
decided before, by ``audit.py``; how tables are copied is the engine's business.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.engines import duckdb as engine
from orchestration.files import (
    PRIVATE_MODE,
    exclusive,
    file_hash,
    flush_file,
    flush_folder,
    temporary_files,
    write_json,
)
from orchestration.settings import Settings

RECORD_FILE_NAME = "build.json"
VERSION_NAME = re.compile(r"(?P<sequence>\d{6,})-(?P<run_id>.+)")
INCOMING_PREFIX = ".incoming-"
REMOVING_PREFIX = ".removing-"
LINK_PREFIX = ".current-"
# What keeps a version.
IS_CURRENT = "current"
IS_YOUNG = "younger than TIEOUT_VERSION_MINIMUM_AGE_DAYS"
IS_AMONG_THE_NEWEST = "among the newest TIEOUT_VERSIONS_KEPT"
# Of the file that names people: its owner, and the group of those who may know.
RESTRICTED_MODE = 0o640


class PublicationError(Exception):
    """The version was not published; the message says why and what to do."""


@dataclass(frozen=True)
class Version:
    """A published version: its place in the sequence, the run that made it, and its folder."""

    sequence: int
    run_id: str
    folder: Path

    @property
    def name(self) -> str:
        """The folder's name, ``<sequence>-<run_id>``."""
        return self.folder.name

    @property
    def warehouse_file(self) -> Path:
        """The database that analysts open."""
        return self.folder / engine.WAREHOUSE_FILE_NAME

    @property
    def restricted_file(self) -> Path:
        """The database that names people; absent where the build named none, or a person was erased since."""
        return self.folder / engine.RESTRICTED_FILE_NAME

    def record(self) -> dict[str, Any]:
        """What ``build.json`` says; empty when it cannot be read, or is not what a publication writes."""
        try:
            record = json.loads((self.folder / RECORD_FILE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if _is_record(record) else {}

    def lacks_names(self) -> bool:
        """Whether it was published with a file that names people and has lost it, as by an erasure."""
        return bool(self.record().get("restricted_tables")) and not self.restricted_file.exists()

    def published_at(self) -> datetime:
        """When it was published, UTC without zone; when its folder was last changed where nothing says."""
        try:
            return datetime.fromisoformat(self.record()["published_at"])
        except (KeyError, TypeError, ValueError):
            return datetime.fromtimestamp(self.folder.stat().st_mtime, UTC).replace(tzinfo=None)


def _is_record(value: Any) -> bool:
    """Whether what others read of a record is there as they expect it, or is not there at all."""
    if not isinstance(value, dict):
        return False
    moments = [value.get(name) for name in ("published_at", "as_of_at", "data_clock_at")]
    parts = [value.get(name, {}) for name in ("files", "tables", "restricted_tables")]
    try:
        return (
            all(moment is None or datetime.fromisoformat(moment).tzinfo is None for moment in moments)
            and all(isinstance(part, dict) for part in parts)
            and all(
                isinstance(table["row_count"], int) and isinstance(table["content_hash"], str)
                for table in value.get("tables", {}).values()
            )
        )
    except (KeyError, TypeError, ValueError):
        return False


def _version(folder: Path) -> Version | None:
    match = VERSION_NAME.fullmatch(folder.name)
    if match is None:
        return None
    return Version(int(match["sequence"]), match["run_id"], folder)


def list_versions(settings: Settings) -> list[Version]:
    """All whole versions, oldest first."""
    if not settings.versions_dir.exists():
        return []
    found = [_version(folder) for folder in settings.versions_dir.iterdir() if folder.is_dir()]
    return sorted((version for version in found if version), key=lambda version: version.sequence)


def current_version(settings: Settings) -> Version | None:
    """The version that readers see, resolved once; None before the first publication.

    Raises:
        PublicationError: ``current`` is there but leads nowhere.
    """
    link = settings.current_link
    if not link.is_symlink():
        if link.exists():
            raise PublicationError(f"{link} is no link, so something else wrote there. Move it away.")
        return None
    folder = Path(os.path.realpath(link))
    version = _version(folder)
    if version is None or not version.warehouse_file.is_file():
        raise PublicationError(
            f"{link} points to {folder}, which holds no published version. Point it to one with tieout "
            "rollback VERSION, or remove the link and run a nightly."
        )
    return version


def next_sequence(settings: Settings) -> int:
    """One more than any version that there is, or that was withdrawn and is gone since."""
    numbers = [version.sequence for version in list_versions(settings)]
    numbers += [int(one["sequence"]) for one in read_withdrawn(settings)]
    return max(numbers, default=0) + 1


def clean_up(settings: Settings) -> None:
    """Remove what runs that died while publishing left behind; call it only while holding the home."""
    for folder in (settings.versions_dir, settings.builds_dir):
        if not folder.exists():
            continue
        for path in folder.iterdir():
            if path.name.startswith((INCOMING_PREFIX, REMOVING_PREFIX)):
                shutil.rmtree(path)
    if settings.home.exists():
        for path in settings.home.glob(f"{LINK_PREFIX}*"):
            path.unlink()
    for path in half_written_files(settings):
        # In the cache another process may be writing; it then remembers nothing, which only costs time.
        path.unlink(missing_ok=True)


def half_written_files(settings: Settings) -> list[Path]:
    """What processes left that died while they wrote a file of the home."""
    folders = (settings.home, settings.raw_dir, settings.versions_dir, settings.home / "cache")
    return [path for folder in folders for path in temporary_files(folder)]


def publish(
    settings: Settings,
    *,
    build_file: Path,
    sequence: int,
    run_id: str,
    record: Mapping[str, Any],
    key_columns: Mapping[str, Sequence[str]],
    attachments: Mapping[str, Path] | None = None,
) -> Version:
    """Copy the marts of an audited build into a new version and let ``current`` point to it.

    Killed at any moment, ``current`` is the old version or the whole new one. Tables that name people become
    a file of their own, which is at no moment open to more than its owner and its group.

    Args:
        build_file: the private build.
        sequence: the new version's number, from ``next_sequence``.
        run_id: the run that publishes.
        record: what ``build.json`` says besides the tables and the time of publication.
        key_columns: per table the columns that its rows are ordered by.
        attachments: files to keep with the version, by their path inside it.

    Raises:
        PublicationError: the copy is not what was built, or a version with the same or a higher number is
            current.
    """
    versions_dir = settings.versions_dir
    versions_dir.mkdir(parents=True, exist_ok=True)
    name = f"{sequence:06d}-{run_id}"
    incoming = versions_dir / f"{INCOMING_PREFIX}{name}"
    incoming.mkdir()
    mode = stat.S_IMODE(incoming.stat().st_mode)
    # Until its files have their modes.
    incoming.chmod(PRIVATE_MODE)
    try:
        tables = _copy(
            build_file, incoming / engine.WAREHOUSE_FILE_NAME, key_columns, engine.PUBLISHED_SCHEMA
        )
        restricted: dict[str, engine.PublishedTable] = {}
        if engine.has_schema(build_file, engine.RESTRICTED_SCHEMA):
            restricted_file = incoming / engine.RESTRICTED_FILE_NAME
            restricted = _copy(build_file, restricted_file, key_columns, engine.RESTRICTED_SCHEMA)
        for inside, source in (attachments or {}).items():
            kept = incoming / inside
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, kept)
        hashes = {
            str(file.relative_to(incoming)): file_hash(file)
            for file in sorted(incoming.rglob("*"))
            # One that names people could be guessed from its hash.
            if file.is_file() and file.name != engine.RESTRICTED_FILE_NAME
        }
        write_json(
            incoming / RECORD_FILE_NAME,
            {
                **record,
                "sequence": sequence,
                "run_id": run_id,
                "published_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
                "storage_version": engine.STORAGE_VERSION,
                "files": hashes,
                "tables": {table: asdict(contents) for table, contents in tables.items()},
                # A hash over one row that names a person could be guessed.
                "restricted_tables": {table: contents.row_count for table, contents in restricted.items()},
            },
        )
        _seal(incoming)
        # As the folders in it, also under a umask that leaves everything open.
        incoming.chmod(mode & ~stat.S_IWOTH)
        version = Version(sequence, run_id, versions_dir / name)
        with exclusive(versions_dir / ".lock"):
            _refuse_to_go_back(settings, sequence)
            incoming.rename(version.folder)
            flush_folder(versions_dir)
            _switch(settings, version)
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise
    return version


def _copy(
    build_file: Path, into: Path, key_columns: Mapping[str, Sequence[str]], schema: str
) -> dict[str, engine.PublishedTable]:
    try:
        tables = engine.copy_tables(build_file, into, key_columns=key_columns, schema=schema)
    except ValueError as error:
        raise PublicationError(
            f"The copy for publication is not what was built. {error} Run again."
        ) from error
    write_ahead_log = into.with_name(f"{into.name}.wal")
    if write_ahead_log.exists():
        raise PublicationError(f"{write_ahead_log} was left by the copy, which is not whole. Run again.")
    return tables


def _seal(folder: Path) -> None:
    """Make every file of a new version durable and unwritable, and the one that names people read by few."""
    for path, folders, names in os.walk(folder):
        for name in folders:
            inside = Path(path, name)
            # Whoever may write into a folder may replace its files, whatever their modes.
            inside.chmod(stat.S_IMODE(inside.stat().st_mode) & ~stat.S_IWOTH)
        for name in names:
            file = Path(path, name)
            # Read permissions stay as the operator's umask left them.
            mode = file.stat().st_mode
            for_whom = RESTRICTED_MODE if name == engine.RESTRICTED_FILE_NAME else 0o777
            file.chmod(mode & for_whom & 0o444)
            flush_file(file)
        flush_folder(Path(path))


def _refuse_to_go_back(settings: Settings, sequence: int) -> None:
    current = current_version(settings)
    if current is not None and current.sequence >= sequence:
        raise PublicationError(
            f"Version {current.name} is already current; number {sequence} is not newer. Run again to build "
            "from what is known now."
        )


def _switch(settings: Settings, version: Version) -> None:
    temporary = settings.home / f"{LINK_PREFIX}{version.name}"
    temporary.unlink(missing_ok=True)
    # Relative, so that the whole home can be moved or mounted elsewhere.
    temporary.symlink_to(version.folder.relative_to(settings.home))
    temporary.replace(settings.current_link)
    flush_folder(settings.home)


def switch_back(settings: Settings, version: Version) -> None:
    """Let ``current`` point to an earlier version, in one step; call it only while holding the home."""
    with exclusive(settings.versions_dir / ".lock"):
        if not version.warehouse_file.is_file():
            raise PublicationError(f"Version {version.name} is not there any more.")
        _switch(settings, version)


# ---- what an operator took back


def withdrawn_file(settings: Settings) -> Path:
    """Which versions an operator went back from, and so must not be published again unasked."""
    return settings.home / "withdrawn.json"


def read_withdrawn(settings: Settings) -> list[dict[str, Any]]:
    """One mapping per withdrawn version, with ``version``, ``sequence``, ``at``, ``reason``, ``depends_on``.

    Raises:
        PublicationError: the file is there and cannot be read.
    """
    file = withdrawn_file(settings)
    if not file.exists():
        return []
    try:
        records = json.loads(file.read_text(encoding="utf-8"))
        return [{**record, "sequence": int(record["sequence"])} for record in records]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PublicationError(
            f"{file} cannot be read ({error}). It says what was rolled back; restore it, or remove it to let "
            "everything be published again."
        ) from error


def write_withdrawn(settings: Settings, records: Sequence[Mapping[str, Any]]) -> None:
    """Keep these records and no others."""
    write_json(withdrawn_file(settings), [dict(record) for record in records])


# ---- what is kept


def reasons_to_keep(settings: Settings, *, now: datetime) -> dict[str, list[str]]:
    """Per version, oldest first, what keeps it; nothing for one that may go.

    Args:
        now: UTC without zone; a version published less than ``version_minimum_age_days`` before stays.
    """
    current = current_version(settings)
    versions = list_versions(settings)
    newest = {version.name for version in versions[-settings.versions_kept :]}
    reasons: dict[str, list[str]] = {}
    for version in versions:
        kept = reasons.setdefault(version.name, [])
        if current is not None and version.sequence == current.sequence:
            kept.append(IS_CURRENT)
        if now - version.published_at() < timedelta(days=settings.version_minimum_age_days):
            kept.append(IS_YOUNG)
        if version.name in newest:
            kept.append(IS_AMONG_THE_NEWEST)
    return reasons


def remove_old_versions(settings: Settings, *, now: datetime, is_rehearsal: bool = False) -> list[str]:
    """Remove versions beyond those that the settings keep; never the current one.

    Args:
        now: UTC without zone; a version published less than ``version_minimum_age_days`` before stays.
        is_rehearsal: only say which.

    Returns:
        The names of the removed versions.
    """
    removed = [name for name, kept in reasons_to_keep(settings, now=now).items() if not kept]
    if not is_rehearsal:
        for name in removed:
            remove_folder(settings.versions_dir / name)
    return removed


def remove_folder(folder: Path) -> None:
    """Remove a version or a build; nobody who lists the folder above ever meets half of it."""
    doomed = folder.with_name(f"{REMOVING_PREFIX}{folder.name}")
    folder.rename(doomed)
    shutil.rmtree(doomed)
