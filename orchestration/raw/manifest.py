"""What was known when: an append-only file with one record per load of a source.

A record lists, for each table that the load changed, all files that hold the table from then on; the state at
a time is therefore the last record at or before it that mentions the table. Add a field to the records here.
The file is only appended to (a last line torn by a crash is cut off first), except that the erasure of a
person names other objects in the records of all times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.files import flush_folder, write_text
from orchestration.raw.landing import MONTH
from orchestration.raw.problems import LoadError, Problem

FORMAT = 1


class ManifestError(LoadError):
    """The manifest cannot be read; the problem names the file and the line."""


@dataclass(frozen=True)
class LoadedFile:
    """One landing file as it was loaded.

    Attributes:
        name: relative to the landing folder.
        kind, slot, extension: see ``landing.LandingFile``.
        landing_hash: SHA-256 of the landing file.
        contract: fingerprint of the table's contract by which it was read.
        object_hash: the object with its accepted rows.
        quarantine_hash: the object with its bad cells, or None.
        loaded_at: when the file's present contents were first loaded, UTC.
        rows_accepted, rows_superseded: within the file; files of one table may still supersede each other.
        refused: SHA-256 of landing files of this slot that an operator took these rows instead of; while such
            a file is there, it is not read.
    """

    name: str
    kind: str
    slot: str
    extension: str
    landing_hash: str
    contract: str
    object_hash: str
    quarantine_hash: str | None
    loaded_at: datetime
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_superseded: int
    unknown_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def precedence(self) -> tuple[bool, datetime, str, str]:
        """Sorts the files of a table: of rows of one key and stamp, the later file's counts.

        Increments come after months and in the order of their loads, months in the order of their names: the
        order in which months were loaded, or loaded again, decides nothing.
        """
        if self.kind == MONTH:
            return False, datetime.min.replace(tzinfo=UTC), self.slot, self.name
        return True, self.loaded_at, "", self.name

    def objects(self) -> tuple[str, ...]:
        """The hashes of its objects."""
        return (self.object_hash, *([self.quarantine_hash] if self.quarantine_hash else []))

    def with_objects(self, new_hashes: Mapping[str, str]) -> LoadedFile:
        """The file with other objects, by the hashes of those that it had."""
        bad = self.quarantine_hash
        return replace(
            self,
            object_hash=new_hashes.get(self.object_hash, self.object_hash),
            quarantine_hash=None if bad is None else new_hashes.get(bad, bad),
        )

    def as_json(self) -> dict[str, Any]:
        """The file as it stands in a record."""
        value = {**asdict(self), "loaded_at": _format_instant(self.loaded_at)}
        if not self.refused:
            del value["refused"]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LoadedFile:
        """The inverse of ``as_json``."""
        return cls(
            **{
                **value,
                "loaded_at": _parse_instant(value["loaded_at"]),
                "unknown_columns": tuple(value["unknown_columns"]),
                "notes": tuple(value["notes"]),
                "refused": tuple(value.get("refused", ())),
            }
        )


@dataclass(frozen=True)
class LoadRecord:
    """One load of a source: the files of each table that it changed.

    Attributes:
        erasure_id: set where the record says that objects were written anew without a person; it names no
            table.
        pruned_before: set where the record says that objects were removed which only earlier times needed; it
            names no table.
    """

    loaded_at: datetime
    source: str
    tables: Mapping[str, tuple[LoadedFile, ...]]
    accepted_drops: tuple[str, ...] = ()
    erasure_id: str | None = None
    pruned_before: datetime | None = None


class Manifest:
    """The records of ``home_raw/manifest.jsonl`` in the order in which they were written."""

    def __init__(self, path: Path, records: list[LoadRecord]) -> None:
        self.path = path
        self.records = records

    @classmethod
    def read(cls, home_raw: Path) -> Manifest:
        """All whole records; an absent file has none, a torn last line is passed over.

        Raises:
            ManifestError: a line before the last cannot be read.
        """
        path = home_raw / "manifest.jsonl"
        records: list[LoadRecord] = []
        if path.exists():
            *lines, _torn = path.read_bytes().split(b"\n")
            for number, line in enumerate(lines, start=1):
                try:
                    records.append(_record(json.loads(line)))
                except (ValueError, KeyError, TypeError) as error:
                    problem = Problem(
                        "manifest",
                        file=str(path),
                        line=number,
                        reason=f"this record of an earlier load cannot be read ({error}).",
                        hint="Restore the file from a backup, or start a new home and load again.",
                    )
                    raise ManifestError([problem]) from error
        return cls(path, records)

    def known_at(self, instant: datetime | None) -> list[LoadRecord]:
        """The records loaded at or before ``instant``; all of them for None."""
        return [record for record in self.records if instant is None or record.loaded_at <= instant]

    def next_instant(self, now: datetime) -> datetime:
        """``now``, or just after the last record where the clock has gone back: load times only grow."""
        now = now.astimezone(UTC)
        if not self.records:
            return now
        return max(now, self.records[-1].loaded_at + timedelta(microseconds=1))

    def append(self, record: LoadRecord) -> None:
        """Write the record durably; the caller holds the home's lock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            _cut_torn_line(file)
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())
        flush_folder(self.path.parent)
        self.records.append(record)

    def replace_objects(self, new_hashes: Mapping[str, str], record: LoadRecord) -> None:
        """Name other objects in all records and append ``record``, durably and in one step.

        The caller holds the home's lock.
        """
        records = [
            replace(
                one,
                tables={
                    table: tuple(file.with_objects(new_hashes) for file in files)
                    for table, files in one.tables.items()
                },
            )
            for one in self.records
        ]
        write_text(self.path, b"".join(_line(one) for one in [*records, record]).decode())
        self.records = [*records, record]

    def objects(self) -> set[str]:
        """The hashes of all objects that any record names."""
        return _objects(self.records)

    def objects_needed_since(self, instant: datetime) -> set[str]:
        """The hashes of the objects of every state that was, at some time from ``instant`` on, the newest."""
        before = table_state(self.known_at(instant))
        later = [record for record in self.records if record.loaded_at > instant]
        return _objects(later) | {
            one for files in before.values() for file in files for one in file.objects()
        }


def table_state(records: Iterable[LoadRecord]) -> dict[tuple[str, str], tuple[LoadedFile, ...]]:
    """The files of each (source, table) after these records; tables without files are left out."""
    state: dict[tuple[str, str], tuple[LoadedFile, ...]] = {}
    for record in records:
        for table, files in record.tables.items():
            state[record.source, table] = tuple(files)
    return {table: files for table, files in state.items() if files}


def _objects(records: Iterable[LoadRecord]) -> set[str]:
    return {
        one
        for record in records
        for files in record.tables.values()
        for file in files
        for one in file.objects()
    }


def _line(record: LoadRecord) -> bytes:
    value: dict[str, Any] = {
        "format": FORMAT,
        "loaded_at": _format_instant(record.loaded_at),
        "source": record.source,
        "accepted_drops": list(record.accepted_drops),
        "tables": {
            table: [file.as_json() for file in files] for table, files in sorted(record.tables.items())
        },
    }
    if record.erasure_id is not None:
        value["erasure_id"] = record.erasure_id
    if record.pruned_before is not None:
        value["pruned_before"] = _format_instant(record.pruned_before)
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _record(value: Mapping[str, Any]) -> LoadRecord:
    if value["format"] != FORMAT:
        raise ValueError(f"format {value['format']} is newer than this program")
    return LoadRecord(
        loaded_at=_parse_instant(value["loaded_at"]),
        source=value["source"],
        tables={
            table: tuple(LoadedFile.from_json(file) for file in files)
            for table, files in value["tables"].items()
        },
        accepted_drops=tuple(value["accepted_drops"]),
        erasure_id=value.get("erasure_id"),
        pruned_before=_parse_instant(value["pruned_before"]) if "pruned_before" in value else None,
    )


def _cut_torn_line(file: Any) -> None:
    size = file.seek(0, os.SEEK_END)
    position = size
    while position > 0:
        step = min(65_536, position)
        file.seek(position - step)
        newline = file.read(step).rfind(b"\n")
        if newline >= 0:
            position = position - step + newline + 1
            break
        position -= step
    if position < size:
        file.truncate(position)
    file.seek(0, os.SEEK_END)


def _format_instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _parse_instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
