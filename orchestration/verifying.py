"""Says whether a published version, or the raw store, still is what was written, byte for byte.

Add a check here when a version or the store gets a new part that can rot. Nothing is changed, and no lock is
taken: what cannot be read is a finding, never an exception.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.engines import duckdb as engine
from orchestration.files import file_hash
from orchestration.publication import RECORD_FILE_NAME, RESTRICTED_MODE, Version
from orchestration.raw.manifest import Manifest
from orchestration.raw.objects import ObjectStore
from orchestration.raw.problems import LoadError
from orchestration.raw.pruning import pruned_before

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass
class Verified:
    """What was looked at, and what is not as it was written.

    Attributes:
        subject: the version's name, or "raw store".
        checked: how many tables, or raw objects, were read through.
        differences: one readable line each, with the table or file first.
        notes: what is missing for a good reason.
    """

    subject: str
    checked: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether everything is as it was written."""
        return not self.differences


def check_shape(version: Version) -> list[str]:
    """What is wrong with a version's files without reading through them: presence, modes, leftovers."""
    differences = []
    folder = version.folder
    if not version.warehouse_file.is_file():
        differences.append(f"{engine.WAREHOUSE_FILE_NAME}: is not there")
    record = version.record()
    if not record:
        differences.append(f"{RECORD_FILE_NAME}: is not there or cannot be read")
    elif record.get("sequence") != version.sequence or record.get("run_id") != version.run_id:
        differences.append(f"{RECORD_FILE_NAME}: is of another version, {record.get('run_id')}")
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        try:
            mode = stat.S_IMODE(file.lstat().st_mode)
        except FileNotFoundError:
            continue
        if file.is_symlink():
            differences.append(f"{name}: is a link, and a version has none")
        elif file.is_dir():
            if mode & stat.S_IWOTH:
                differences.append(f"{name}/: everybody may write into it (mode {mode:o})")
        elif file.name == engine.RESTRICTED_FILE_NAME:
            if mode & ~RESTRICTED_MODE:
                differences.append(f"{name}: names people and has mode {mode:o}, not {RESTRICTED_MODE:o}")
        elif mode & WRITABLE:
            differences.append(f"{name}: can be written to (mode {mode:o})")
        if file.name.endswith(".wal"):
            differences.append(f"{name}: somebody has written to the database")
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
        differences.append("its folder: everybody may write into it")
    return differences


def verify_version(version: Version, report: Callable[[str], None] = lambda _line: None) -> Verified:
    """Read a version through: its files against their hashes, its tables against what was published.

    Args:
        report: told what is being read.
    """
    result = Verified(version.name)
    try:
        _verify_version(version, result, report)
    except FileNotFoundError as error:
        result.differences.append(f"{error.filename}: is not there")
    if not version.folder.exists():
        result.differences, result.notes = [], ["was removed meanwhile"]
    return result


def _verify_version(version: Version, result: Verified, report: Callable[[str], None]) -> None:
    result.differences += check_shape(version)
    record = version.record()
    _compare_files(version, record.get("files", {}), result)
    if version.warehouse_file.is_file():
        report(f"Reading {version.warehouse_file}")
        recorded = {
            table: engine.PublishedTable(int(one["row_count"]), str(one["content_hash"]))
            for table, one in record.get("tables", {}).items()
        }
        _compare_tables(version.warehouse_file, recorded, result)
    _compare_restricted(version, record.get("restricted_tables", {}), result)


def _compare_files(version: Version, recorded: Mapping[str, str], result: Verified) -> None:
    """Against their hashes; versions of earlier releases have none, and their tables are compared."""
    for name, expected in recorded.items():
        file = version.folder / name
        try:
            if file_hash(file) != expected:
                result.differences.append(f"{name}: its bytes are not those that were published")
        except FileNotFoundError:
            if file != version.warehouse_file:
                result.differences.append(f"{name}: is not there")
        except OSError as error:
            result.differences.append(f"{name}: cannot be read: {error.strerror or error}")


def _compare_tables(file: Path, recorded: Mapping[str, engine.PublishedTable], result: Verified) -> None:
    try:
        found = engine.read_published_tables(file)
    except (duckdb.Error, OSError) as error:
        result.differences.append(f"{file.name}: cannot be read: {str(error).strip().splitlines()[0]}")
        return
    for table in sorted({*recorded, *found}):
        before, now = recorded.get(table), found.get(table)
        if before is None:
            result.differences.append(f"marts.{table}: was not published with this version")
        elif now is None:
            result.differences.append(f"marts.{table}: is not there")
        elif isinstance(now, str):
            result.differences.append(f"marts.{table}: cannot be read: {now}")
        elif now.row_count != before.row_count:
            result.differences.append(
                f"marts.{table}: has {now.row_count} rows, {before.row_count} were published"
            )
        elif now.content_hash != before.content_hash:
            result.differences.append(f"marts.{table}: its rows are not those that were published")
        result.checked += 1


def _compare_restricted(version: Version, recorded: Mapping[str, int], result: Verified) -> None:
    """What names people: its row counts, since nothing else is written down of it."""
    if not recorded:
        return
    file = version.restricted_file
    if not file.exists():
        result.notes.append(f"{file.name} is not there: an erasure has removed it")
        return
    try:
        found = engine.read_published_tables(file)
    except (duckdb.Error, OSError) as error:
        result.differences.append(f"{file.name}: cannot be read: {str(error).strip().splitlines()[0]}")
        return
    for table in sorted({*recorded, *found}):
        now = found.get(table)
        if isinstance(now, str):
            result.differences.append(f"{file.name}, {table}: cannot be read: {now}")
        elif now is None or now.row_count != recorded.get(table):
            count = "is not there" if now is None else f"has {now.row_count} rows"
            result.differences.append(f"{file.name}, {table}: {count}, not {recorded.get(table, 0)} rows")
        result.checked += 1


# ---- the raw store


def verify_raw(home_raw: Path, report: Callable[[str], None] = lambda _line: None) -> Verified:
    """Every raw object that the manifest names and pruning has not removed, against its hash."""
    result = Verified("raw store")
    store = ObjectStore(home_raw)
    try:
        names = _named(home_raw)
    except LoadError as error:
        result.differences.append(str(error))
        return result
    report(f"Reading {len(names)} raw objects")
    missing = []
    for object_hash, named in sorted(names.items(), key=lambda one: one[1]):
        file = store.path(object_hash)
        result.checked += 1
        try:
            if file_hash(file) != object_hash:
                result.differences.append(
                    f"{named}: the bytes of its object {file} are not those of its name"
                )
            elif stat.S_IMODE(file.stat().st_mode) & WRITABLE:
                result.differences.append(f"{named}: its object {file} can be written to")
        except FileNotFoundError:
            missing.append(object_hash)
        except OSError as error:
            result.differences.append(f"{named}: its object cannot be read: {error.strerror or error}")
    # A load, a pruning or an erasure may have gone on meanwhile.
    still = _named(home_raw) if missing else {}
    result.differences += [
        f"{names[one]}: its object {store.path(one)} is not there"
        for one in missing
        if one in still and not store.holds(one)
    ]
    if unnamed := store.hashes() - set(names) - set(_all_named(home_raw)):
        result.notes.append(f"{len(unnamed)} objects are named by no load; a killed load left them")
    return result


def _named(home_raw: Path) -> dict[str, str]:
    """What needs each object that has to be there: ``source.table, file``."""
    manifest = Manifest.read(home_raw)
    since = pruned_before(manifest) or datetime.min.replace(tzinfo=UTC)
    needed = manifest.objects_needed_since(since)
    return {one: named for one, named in _all_named(home_raw, manifest).items() if one in needed}


def _all_named(home_raw: Path, manifest: Manifest | None = None) -> dict[str, str]:
    return {
        one: f"{record.source}.{table}, {file.name} of {file.loaded_at:%Y-%m-%d %H:%M} UTC"
        for record in (manifest or Manifest.read(home_raw)).records
        for table, files in record.tables.items()
        for file in files
        for one in file.objects()
    }


def as_json(result: Verified) -> dict[str, Any]:
    """The result as a command prints it."""
    return {**vars(result), "is_whole": result.is_whole}
