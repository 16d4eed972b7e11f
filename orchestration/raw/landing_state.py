"""What a landing folder holds against what was loaded of it: the files that a load would read or miss.

Add here what can be told of a landing folder without reading rows. A file's hash is remembered with its size
and times, so that a look at a folder in which nothing happened opens no file.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.raw import landing as landing_files
from orchestration.raw.contract import LANDING_SOURCES, SourceContract, read_contracts
from orchestration.raw.landing import MONTH, LandingFile
from orchestration.raw.manifest import LoadedFile, Manifest, table_state
from orchestration.raw.objects import ObjectStore, file_hash

# A file that was written a moment ago may be written again without any of its times moving on.
MOMENT_NANOSECONDS = 2_000_000_000
# Size, times of contents and of the entry in the folder, and the entry itself: all that a writer changes.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Difference:
    """A file of the landing folder that is not what was loaded.

    Attributes:
        month: the month that the file is named after, None for a snapshot or an increment.
        landing_hash: None where the file is gone.
        loads: how often the table had been loaded, so that contents that come back are news again.
    """

    source: str
    table: str
    name: str
    month: str | None
    landing_hash: str | None
    loads: int

    @property
    def token(self) -> str:
        """Equal for the same contents against the same state."""
        told = json.dumps([self.name, self.landing_hash, self.loads])
        return hashlib.sha256(told.encode()).hexdigest()[:24]


@dataclass
class LandingState:
    """A look at a landing folder.

    Attributes:
        stamps: of every file, by its name in the folder.
        hashes: of the files that need not be opened as long as their stamps are the same, by name.
        differences: what a load of everything would change, in landing order.
        problems: what a load would refuse before it opens a file.
        is_complete: every file was looked into; otherwise another look goes on where this one ended.
    """

    stamps: dict[str, Stamp] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """What the next look needs to know of this one."""
        return {"stamps": {name: list(stamp) for name, stamp in self.stamps.items()}, "hashes": self.hashes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LandingState:
        """What ``as_json`` kept; an empty mapping is no look at all."""
        stamps = {
            name: (stamp[0], stamp[1], stamp[2], stamp[3]) for name, stamp in value.get("stamps", {}).items()
        }
        return cls(stamps=stamps, hashes=dict(value.get("hashes", {})))


def file_stamp(path: Path) -> Stamp:
    """What changes when a file is written to or replaced."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def look_at_landing(
    home_raw: Path,
    landing: Path,
    *,
    before: LandingState | None = None,
    seconds: float | None = None,
    contracts: Mapping[str, SourceContract] | None = None,
) -> LandingState:
    """Compare a landing folder with what was loaded of it last.

    Args:
        before: an earlier look; files that are as they were then are not opened.
        seconds: when to stop opening further files; None is never.

    Raises:
        OSError: a file went away or cannot be opened while it was looked at.
        ManifestError: the manifest cannot be read.
    """
    declared = contracts or read_contracts()
    before = before or LandingState()
    records = Manifest.read(home_raw).records
    state, store = table_state(records), ObjectStore(home_raw)
    loads = Counter((record.source, table) for record in records for table in record.tables)
    deadline = None if seconds is None else time.monotonic() + seconds
    seen = LandingState()
    if not landing.is_dir():
        seen.problems.append(f"{landing} is no folder")
        return seen
    for source in (declared[name] for name in LANDING_SOURCES if name in declared):
        found = landing_files.find_files(landing, source)
        seen.problems += [str(problem) for problem in found.problems]
        for table in source.tables.values():
            loaded = {(file.kind, file.slot): file for file in state.get((source.name, table.name), ())}
            for file in found.files.get(table.name, []):
                stamp = file_stamp(file.path)
                seen.stamps[file.name] = stamp
                known_hash = before.hashes.get(file.name)
                if known_hash is None or before.stamps.get(file.name) != stamp:
                    if deadline is not None and time.monotonic() > deadline:
                        seen.is_complete = False
                        loaded.pop((file.kind, file.slot), None)
                        continue
                    known_hash = file_hash(file.path)
                if file_stamp(file.path) == stamp and abs(time.time_ns() - stamp[2]) > MOMENT_NANOSECONDS:
                    seen.hashes[file.name] = known_hash
                held = loaded.pop((file.kind, file.slot), None)
                if held is None or not _is_loaded(file, known_hash, held, table.fingerprint, store):
                    seen.differences.append(
                        Difference(
                            source.name,
                            table.name,
                            file.name,
                            _month(file),
                            known_hash,
                            loads[source.name, table.name],
                        )
                    )
            seen.differences += [
                Difference(
                    source.name, table.name, gone.name, _month(gone), None, loads[source.name, table.name]
                )
                for gone in loaded.values()
            ]
    return seen


def stamp_landing(
    landing: Path, contracts: Mapping[str, SourceContract] | None = None
) -> dict[str, tuple[Stamp, int]]:
    """By the name of each file its stamp and the nanosecond at which it was last written, nothing opened."""
    declared = contracts or read_contracts()
    if not landing.is_dir():
        return {}
    return {
        file.name: (file_stamp(file.path), file.path.stat().st_mtime_ns)
        for source in (declared[name] for name in LANDING_SOURCES if name in declared)
        for files in landing_files.find_files(landing, source).files.values()
        for file in files
    }


def _month(file: LandingFile | LoadedFile) -> str | None:
    return file.slot if file.kind == MONTH else None


def _is_loaded(
    file: LandingFile, landing_hash: str, held: LoadedFile, contract: str, store: ObjectStore
) -> bool:
    """Whether a load would take nothing from this file."""
    is_known = (held.name, held.extension, held.landing_hash, held.contract) == (
        file.name,
        file.extension,
        landing_hash,
        contract,
    )
    # An operator took earlier rows instead of these.
    is_refused = landing_hash in held.refused
    return (is_known or is_refused) and all(store.holds(one) for one in held.objects())
