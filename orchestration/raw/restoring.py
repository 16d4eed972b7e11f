"""Makes an earlier state of a raw table, or of one of its months, the newest one again.

Add here what an operator may do to the state of a table by hand. Nothing is undone: a new record of the
manifest names the earlier object, and the landing file whose rows it replaces, which loads then leave alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from orchestration.files import exclusive
from orchestration.raw import erasure
from orchestration.raw.contract import SourceContract
from orchestration.raw.landing import SNAPSHOT
from orchestration.raw.manifest import LoadedFile, LoadRecord, Manifest, table_state
from orchestration.raw.objects import ObjectStore


class RestoreError(Exception):
    """Nothing was restored; the message says why, and what there is."""


@dataclass(frozen=True)
class Stored:
    """A state that a file of a table has had.

    Attributes:
        file: as it was loaded.
        is_current: it is what builds read now.
        is_kept: its objects are in the store.
    """

    file: LoadedFile
    is_current: bool
    is_kept: bool


def slots(home_raw: Path, source: str, table: str) -> list[str]:
    """The months, or names of increments, that a table has now or had; ``""`` where it is one file."""
    return sorted(
        {
            file.slot
            for record in Manifest.read(home_raw).records
            if record.source == source
            for file in record.tables.get(table, ())
        }
    )


def history(home_raw: Path, source: str, table: str, slot: str) -> list[Stored]:
    """Every state that a file of a table has had, oldest first by when its rows were first loaded."""
    return _history(Manifest.read(home_raw), ObjectStore(home_raw), source, table, slot)


def _history(manifest: Manifest, store: ObjectStore, source: str, table: str, slot: str) -> list[Stored]:
    now = _current(manifest, source, table, slot)
    states: dict[tuple[str, datetime], LoadedFile] = {}
    for record in manifest.records:
        if record.source == source:
            for file in record.tables.get(table, ()):
                if file.slot == slot:
                    states[file.object_hash, file.loaded_at] = file
    return [
        Stored(
            file,
            is_current=now is not None
            and (now.object_hash, now.loaded_at) == (file.object_hash, file.loaded_at),
            is_kept=all(store.holds(one) for one in file.objects()),
        )
        for file in sorted(states.values(), key=lambda one: one.loaded_at)
    ]


def _current(manifest: Manifest, source: str, table: str, slot: str) -> LoadedFile | None:
    files = table_state(manifest.records).get((source, table), ())
    return next((file for file in files if file.slot == slot), None)


def restore(
    home_raw: Path,
    source: str,
    table: str,
    slot: str,
    *,
    now: datetime,
    contracts: Mapping[str, SourceContract],
    object_hash: str | None = None,
) -> tuple[LoadedFile, LoadedFile]:
    """Make an earlier state of a file the newest one; the file before and after.

    One record is appended: killed at any moment, the state is the old or the new one. The landing file that
    the rows came from so far is not loaded again until it changes.

    Args:
        slot: the month, the name of an increment, or ``""`` for a table of one file.
        now: with zone.
        object_hash: the beginning of the hash of the object to take; by default the state before this one.

    Raises:
        RestoreError: there is no such table, month or earlier state, or its object is not kept.
    """
    with exclusive(home_raw / "lock"):
        # What was stored before a person was erased is not to come back.
        erasure.finish(home_raw, contracts)
        manifest = Manifest.read(home_raw)
        before, chosen = _plan(home_raw, manifest, source, table, slot, object_hash=object_hash)
        refused = sorted({*chosen.refused, *before.refused, before.landing_hash} - {chosen.landing_hash})
        after = replace(chosen, refused=tuple(refused))
        files = table_state(manifest.records)[source, table]
        tables = {table: tuple(after if file.slot == slot else file for file in files)}
        manifest.append(LoadRecord(manifest.next_instant(now), source, tables))
        return before, after


def find_restorable(
    home_raw: Path, source: str, table: str, slot: str, object_hash: str | None
) -> LoadedFile:
    """What ``restore`` would take.

    Raises:
        RestoreError: see ``restore``.
    """
    return _plan(home_raw, Manifest.read(home_raw), source, table, slot, object_hash=object_hash)[1]


def find_held(home_raw: Path, source: str, table: str, slot: str) -> LoadedFile:
    """The file that ``release`` would let go.

    Raises:
        RestoreError: it is not held.
    """
    held = _current(Manifest.read(home_raw), source, table, slot)
    if held is None or not held.refused:
        raise RestoreError(f"{_label(source, table, slot)} is not held at an earlier state.")
    return held


def release(home_raw: Path, source: str, table: str, slot: str, *, now: datetime) -> LoadedFile:
    """Let the next load read again what lies in the landing folder; the file that was held.

    Raises:
        RestoreError: the file is not held.
    """
    with exclusive(home_raw / "lock"):
        manifest = Manifest.read(home_raw)
        held = find_held(home_raw, source, table, slot)
        files = table_state(manifest.records)[source, table]
        tables = {table: tuple(replace(file, refused=()) if file.slot == slot else file for file in files)}
        manifest.append(LoadRecord(manifest.next_instant(now), source, tables))
        return held


def _plan(
    home_raw: Path, manifest: Manifest, source: str, table: str, slot: str, *, object_hash: str | None
) -> tuple[LoadedFile, LoadedFile]:
    """The file as builds read it now, and the state of it to take instead."""
    before = _current(manifest, source, table, slot)
    if before is None:
        raise RestoreError(f"{_label(source, table, slot)} was never loaded, or is not there any more.")
    states = _history(manifest, ObjectStore(home_raw), source, table, slot)
    if object_hash is not None:
        meant = {one.file.object_hash: one for one in states if one.file.object_hash.startswith(object_hash)}
        if len(meant) != 1:
            what = "More than one" if meant else "No"
            raise RestoreError(f"{what} object of {source}.{table} begins with {object_hash!r}; see --list.")
        chosen = next(iter(meant.values()))
        if chosen.file.object_hash == before.object_hash:
            raise RestoreError(f"The object {object_hash} is what builds read already.")
    else:
        refused = {one for state in states for one in state.file.refused}
        earlier = [
            one
            for one in states
            if one.file.loaded_at < before.loaded_at
            # The same file, read by an earlier contract, is no earlier state of the table.
            and one.file.landing_hash not in {*refused, before.landing_hash}
            and one.file.object_hash != before.object_hash
        ]
        if not earlier:
            raise RestoreError(f"{_label(source, table, slot)} has had no earlier state.")
        chosen = earlier[-1]
    if not chosen.is_kept:
        raise RestoreError(
            f"The rows of {chosen.file.loaded_at:%Y-%m-%d %H:%M:%S} UTC are not kept any more (policy "
            "raw_retention_days)."
        )
    if chosen.file.kind == SNAPSHOT and len(table_state(manifest.records)[source, table]) > 1:
        raise RestoreError(f"{source}.{table} is several files now; one whole file cannot be one of them.")
    return before, chosen.file


def _label(source: str, table: str, slot: str) -> str:
    return f"{source}.{table}" + (f" {slot}" if slot else "")
