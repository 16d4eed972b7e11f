"""Loads a landing folder: which files are new, which tables are acceptable, and one record per source.

Add a rule about whole tables here (missing, vanished, shrunk). How one file is read lives in ``table_files``;
what is remembered lives in ``manifest``. Nothing is half-loaded: a source's objects and its record come last,
together.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import exclusive, make_private
from orchestration.months import MonthRange
from orchestration.raw import erasure
from orchestration.raw import landing as landing_files
from orchestration.raw.changes import MonthChanges, row_changes
from orchestration.raw.contract import LANDING_SOURCES, SourceContract, TableContract, read_contracts
from orchestration.raw.landing import MONTH, SNAPSHOT, LandingFile, LandingSource
from orchestration.raw.limits import UNPACKED_BYTES
from orchestration.raw.manifest import LoadedFile, LoadRecord, Manifest, table_state
from orchestration.raw.objects import ObjectStore, file_hash
from orchestration.raw.people import Eraser, Registry
from orchestration.raw.policies import (
    TABLE as POLICY_TABLE,
)
from orchestration.raw.policies import (
    PolicyError,
    check_policy,
    default_policies,
    merged_policies,
    read_policy_rows,
)
from orchestration.raw.problems import BadCell, LoadError, Problem, UnreadableFileError, told
from orchestration.raw.table_files import StagedFile, connect, stage_file

# Below the raw store, while files are being read.
STAGING_NAME = "staging"
# Decisions that people write by hand, not a feed.
POLICY_SOURCE = "policy"
LOADED, UNCHANGED, FAILED, ABSENT = "loaded", "unchanged", "failed", "absent"


@dataclass(frozen=True)
class FileResult:
    """One landing file after a load; counts are rows.

    Attributes:
        is_new: this load read it.
        month: the month that the file is named after, None for a snapshot or an increment.
    """

    source: str
    table: str
    file: str
    loaded_at: datetime
    object_hash: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_superseded: int
    unknown_columns: tuple[str, ...]
    is_new: bool
    month: str | None = None


@dataclass(frozen=True)
class SourceResult:
    """One source after a load.

    Attributes:
        status: ``loaded`` (something changed), ``unchanged``, ``failed`` (the manifest is as it was for this
        source) or
            ``absent`` (an optional source that is not there).
        files: the files that hold the source now; for a failed source, those read in this attempt.
        notes: what was left alone, one readable line each.
        changes: of each table that changed, rows added and removed by month.
        new_tables: those of them that held nothing before.
    """

    source: str
    status: str
    files: tuple[FileResult, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    changes: Mapping[str, MonthChanges] = field(default_factory=dict)
    new_tables: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LoadResult:
    """What a load did, by source in load order."""

    sources: Mapping[str, SourceResult]
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the manifest got a record."""
        return any(source.status == LOADED for source in self.sources.values())

    @property
    def problems(self) -> list[Problem]:
        """Why sources failed."""
        return [problem for source in self.sources.values() for problem in source.problems]

    @property
    def files(self) -> list[FileResult]:
        """The files of all sources."""
        return [file for source in self.sources.values() for file in source.files]


def load_landing(
    home_raw: Path,
    landing: Path,
    *,
    loaded_at: datetime,
    sources: Sequence[str] | None = None,
    tables: Sequence[str] | None = None,
    months: MonthRange | None = None,
    accept_drop: Collection[str] = (),
    on_progress: Callable[[str], None] | None = None,
    unpacked_limit: int = UNPACKED_BYTES,
    contracts: Mapping[str, SourceContract] | None = None,
) -> LoadResult:
    """Load what is new in ``landing`` into the raw store below ``home_raw``.

    Each source is loaded as a whole or not at all; one that fails does not keep the others from loading (if
    it is ``policy``, the policies loaded last stay in force). A file whose contents and contract are known is
    not read again. A second load of the same home waits for the first.

    Args:
        loaded_at: the time of the load, with zone; moved on where the manifest already holds a later one.
        sources: which of policy, billing, crm, ledger; default all. Thresholds come from the policies loaded
        so far, so
            load ``policy`` first or together with the others.
        tables: ``customer`` or ``billing.customer``; only these are looked at. Default all.
        months: of a table that comes as monthly files only those of these months are looked at; what was
            loaded of the others stays. A file that is no month's is looked at as ever, and so is every file
            of a table that was a snapshot until now. Default all.
        accept_drop: tables (same forms) that may lose rows beyond policy ``max_row_drop_share`` in this load.
        on_progress: called with one readable line per step.
        unpacked_limit: bytes that a compressed file may hold; a larger one is refused.

    Raises:
        LoadError: a source failed; ``problems`` says why and ``result`` what was loaded nevertheless.
        ValueError: an argument names no source or table, or ``loaded_at`` has no zone.
    """
    if loaded_at.tzinfo is None:
        raise ValueError("loaded_at has no time zone.")
    declared = contracts or read_contracts()
    chosen = [name for name in LANDING_SOURCES if name in declared and (sources is None or name in sources)]
    if unknown := sorted(set(sources or ()) - set(LANDING_SOURCES)):
        raise ValueError(f"{unknown[0]!r} is no source; there are {', '.join(LANDING_SOURCES)}.")
    known_tables = [
        table for name in LANDING_SOURCES if name in declared for table in declared[name].tables.values()
    ]
    selected = None if tables is None else _named_tables(tables, known_tables)
    accepted = _named_tables(accept_drop, known_tables)
    if not landing.is_dir():
        raise LoadError(
            [
                Problem(
                    "landing",
                    file=str(landing),
                    reason=(
                        "this is not a folder." if landing.exists() else "this landing folder does not exist."
                    ),
                    hint="Give the folder that holds billing/ with --landing or TIEOUT_LANDING.",
                )
            ]
        )
    make_private(home_raw)
    with exclusive(home_raw / "lock"):
        # Whatever a killed load left behind; the lock says that no other load is using it.
        shutil.rmtree(home_raw / STAGING_NAME, ignore_errors=True)
        (home_raw / STAGING_NAME).mkdir()
        # Before anything new: what a killed erasure left to do.
        erasure.finish(home_raw, declared)
        connection = connect(home_raw / STAGING_NAME)
        try:
            load = _Load(
                connection=connection,
                home_raw=home_raw,
                landing=landing,
                manifest=Manifest.read(home_raw),
                loaded_at=loaded_at.astimezone(UTC),
                selected=selected,
                months=months,
                accepted_drops=accepted,
                eraser=Eraser(Registry.read(home_raw)),
                report=on_progress or (lambda _line: None),
                unpacked_limit=unpacked_limit,
            )
            results = {name: load.source(declared[name]) for name in chosen}
        finally:
            connection.close()
            shutil.rmtree(home_raw / STAGING_NAME, ignore_errors=True)
    result = LoadResult(results, tuple(landing_files.unknown_folder_notes(landing)))
    if result.problems:
        raise LoadError(result.problems, result)
    return result


def _named_tables(names: Collection[str], known: Sequence[TableContract]) -> frozenset[tuple[str, str]]:
    """The (source, table) pairs that ``table`` or ``source.table`` names mean."""
    found: set[tuple[str, str]] = set()
    for name in names:
        matches = {
            (table.source, table.name)
            for table in known
            if name.lower() in (table.name, f"{table.source}.{table.name}")
        }
        if not matches:
            raise ValueError(f"{name!r} is no table of billing, crm, ledger or policy.")
        found |= matches
    return frozenset(found)


@dataclass(frozen=True)
class _Candidate:
    """A file of the table's next state: known already, or staged with its store entry still to be made."""

    entry: LoadedFile
    staged: StagedFile | None = None
    # What lies in the landing folder is not what the entry holds, by an operator's decision.
    is_refused: bool = False


@dataclass
class _Load:
    connection: duckdb.DuckDBPyConnection
    home_raw: Path
    landing: Path
    manifest: Manifest
    loaded_at: datetime
    selected: frozenset[tuple[str, str]] | None
    months: MonthRange | None
    accepted_drops: frozenset[tuple[str, str]]
    eraser: Eraser
    report: Callable[[str], None]
    unpacked_limit: int
    problems: list[Problem] = field(default_factory=list)
    # The files that were read of the source, as they were then.
    read: list[tuple[TableContract, LandingFile, tuple[int, int, int]]] = field(default_factory=list)

    def source(self, contract: SourceContract) -> SourceResult:
        """Read everything of one source, then publish it or nothing of it."""
        self.problems, self.read = [], []
        store = ObjectStore(self.home_raw)
        state = table_state(self.manifest.records)
        found = landing_files.find_files(self.landing, contract)
        wanted = [
            table
            for table in contract.tables.values()
            if self.selected is None or (table.source, table.name) in self.selected
        ]
        names = {table.name for table in wanted}
        self.problems += [
            problem for problem in found.problems if problem.table is None or problem.table in names
        ]
        self._check_presence(contract, wanted, found)
        contradictory = {problem.table for problem in found.problems}
        loaded_at = self.manifest.next_instant(self.loaded_at)
        candidates: dict[str, list[_Candidate]] = {}
        for table in wanted:
            if table.name in contradictory:
                continue
            before = state.get((table.source, table.name), ())
            left_alone = self._outside_months(before)
            read = [
                self._file(table, file, before, store, loaded_at)
                for file in found.files.get(table.name, [])
                if not self._is_outside(file, before)
            ]
            candidates[table.name] = sorted(
                [*(candidate for candidate in read if candidate is not None), *map(_Candidate, left_alone)],
                key=lambda one: (one.entry.kind, one.entry.slot, one.entry.name),
            )
            if all(candidate is not None for candidate in read):
                self._check_losses(table, before, candidates[table.name])
        self._check_growth()
        if self.problems:
            return SourceResult(
                contract.name,
                FAILED,
                tuple(
                    _result(contract.name, table, one) for table, read in candidates.items() for one in read
                ),
                tuple(found.notes),
                tuple(self.problems),
            )
        changed = {
            table: read
            for table, read in candidates.items()
            if [one.entry for one in read] != list(state.get((contract.name, table), ()))
        }
        changes: dict[str, MonthChanges] = {}
        if changed:
            self._publish(contract, changed, candidates, store, loaded_at)
            for table_name, now in changed.items():
                before = state.get((contract.name, table_name), ())
                changes[table_name] = row_changes(
                    self.connection,
                    store,
                    contract.tables[table_name],
                    before,
                    [one.entry for one in now],
                )
        status = LOADED if changed else UNCHANGED if any(candidates.values()) else ABSENT
        return SourceResult(
            contract.name,
            status,
            tuple(_result(contract.name, table, one) for table, read in candidates.items() for one in read),
            (
                *found.notes,
                *(
                    f"{one.entry.name}: left alone, since an operator restored the rows that were loaded at "
                    f"{one.entry.loaded_at:%Y-%m-%d %H:%M} UTC"
                    for read in candidates.values()
                    for one in read
                    if one.is_refused
                ),
                *(
                    f"{one.entry.name}: {note}"
                    for read in candidates.values()
                    for one in read
                    for note in one.entry.notes
                ),
            ),
            changes=changes,
            new_tables=frozenset(table for table in changes if (contract.name, table) not in state),
        )

    def _outside_months(self, before: Sequence[LoadedFile]) -> list[LoadedFile]:
        """What was loaded of months that this load is not about, and stays as it is."""
        return [file for file in before if self._is_outside(file, before)]

    def _is_outside(self, file: LandingFile | LoadedFile, before: Sequence[LoadedFile]) -> bool:
        if self.months is None or file.kind != MONTH or file.slot in self.months:
            return False
        # Single months of a table that was a snapshot would leave out all the others.
        return all(loaded.kind != SNAPSHOT for loaded in before)

    def _publish(
        self,
        contract: SourceContract,
        changed: dict[str, list[_Candidate]],
        candidates: dict[str, list[_Candidate]],
        store: ObjectStore,
        loaded_at: datetime,
    ) -> None:
        """Make the staged files objects, then say so in one record; dying between leaves objects unused."""
        for table, read in changed.items():
            for index, one in enumerate(read):
                if one.staged is None:
                    continue
                rows, bad = self._without_erased(contract.tables[table], one.staged)
                entry = replace(
                    one.entry,
                    object_hash=store.add(rows),
                    quarantine_hash=store.add(bad) if bad else None,
                )
                read[index] = replace(one, entry=entry)
            candidates[table] = read
        drops = sorted(f"{name}.{table}" for name, table in self.accepted_drops if name == contract.name)
        self.manifest.append(
            LoadRecord(
                loaded_at,
                contract.name,
                {table: tuple(one.entry for one in read) for table, read in changed.items()},
                tuple(drops),
            )
        )

    def _without_erased(self, table: TableContract, staged: StagedFile) -> tuple[Path, Path | None]:
        """The staged files of rows and of bad cells, without people who were erased."""
        rows, bad = staged.rows_path, staged.quarantine_path
        if self.eraser.knows_nobody or not table.is_personal:
            return rows, bad
        work = Path(tempfile.mkdtemp(dir=self.home_raw / STAGING_NAME))
        _, new_rows = erasure.clean_rows(self.connection, table, self.eraser, rows, work)
        new_bad = None
        if bad is not None:
            _, new_bad = erasure.clean_quarantine(table, self.eraser, bad, work)
        return new_rows or rows, new_bad or bad

    def _check_presence(
        self, contract: SourceContract, wanted: Sequence[TableContract], found: LandingSource
    ) -> None:
        if not found.files and not contract.required:
            return
        for table in wanted:
            needed = table.required or (table.required_with in found.files if table.required_with else False)
            if (
                not needed
                or table.name in found.files
                or any(one.table == table.name for one in found.problems)
            ):
                continue
            why = f" where {table.required_with} is there" if table.required_with else ""
            self.problems.append(
                Problem(
                    table.source,
                    table.name,
                    reason=f"this table is required{why} and not in the landing folder {self.landing}.",
                    hint=landing_files.missing_table_hint(found, table),
                )
            )

    def _file(
        self,
        table: TableContract,
        file: LandingFile,
        before: Sequence[LoadedFile],
        store: ObjectStore,
        loaded_at: datetime,
    ) -> _Candidate | None:
        """The file as known already, or staged; None (and a problem) when it cannot be read."""
        try:
            seen = _identity(file.path)
            landing_hash = file_hash(file.path)
            for known in before:
                if (
                    landing_hash in known.refused
                    and known.slot == file.slot
                    and all(store.holds(one) for one in known.objects())
                ):
                    # An operator took earlier rows instead of these, whatever contract those were read by.
                    return _Candidate(known, is_refused=True)
                hashes = [known.object_hash, *([known.quarantine_hash] if known.quarantine_hash else [])]
                if (
                    known.landing_hash == landing_hash
                    and known.extension == file.extension
                    and known.contract == table.fingerprint
                    and all(store.holds(one) for one in hashes)
                ):
                    return _Candidate(replace(known, name=file.name, kind=file.kind, slot=file.slot))
            self.report(f"{table.source}.{table.name}: reading {file.name}")
            work = Path(tempfile.mkdtemp(dir=self.home_raw / STAGING_NAME))
            check = _check_policy_row if (table.source, table.name) == (POLICY_SOURCE, POLICY_TABLE) else None
            staged = stage_file(
                self.connection,
                table,
                file,
                work,
                row_check=check,
                unpacked_limit=self.unpacked_limit,
            )
            if _identity(file.path) != seen:
                raise UnreadableFileError(
                    "changed while it was read.", "Load again when the export has been written completely."
                )
        except UnreadableFileError as error:
            self.problems.append(error.located(table.source, table.name, file.name))
            return None
        except OSError as error:
            reason = f"cannot be opened: {error.strerror or error}."
            self.problems.append(Problem(table.source, table.name, file.name, reason=reason))
            return None
        self.read.append((table, file, seen))
        self.report(
            f"{table.source}.{table.name}: {staged.rows_accepted:,} rows from {file.name}"
            + (f", {staged.rows_quarantined:,} in quarantine" if staged.rows_quarantined else "")
        )
        entry = LoadedFile(
            name=file.name,
            kind=file.kind,
            slot=file.slot,
            extension=file.extension,
            landing_hash=landing_hash,
            contract=table.fingerprint,
            object_hash="",
            quarantine_hash=None,
            loaded_at=loaded_at,
            rows_read=staged.rows_read,
            rows_accepted=staged.rows_accepted,
            rows_quarantined=staged.rows_quarantined,
            rows_superseded=staged.rows_superseded,
            unknown_columns=staged.unknown_columns,
            notes=staged.notes,
        )
        return _Candidate(entry, staged)

    def _check_growth(self) -> None:
        """An export that writes slowly may have paused while its file was read, and gone on since."""
        for table, file, seen in self.read:
            try:
                is_same = _identity(file.path) == seen
            except OSError:
                is_same = False
            if not is_same:
                self.problems.append(
                    Problem(
                        table.source,
                        table.name,
                        file.name,
                        reason="changed while other files of its source were read.",
                        hint="Load again when the export has been written completely.",
                    )
                )

    def _check_losses(
        self, table: TableContract, before: Sequence[LoadedFile], read: Sequence[_Candidate]
    ) -> None:
        """Rows of the last load that are gone, by file slot (or by table where its form changes)."""
        if not before or (table.source, table.name) in self.accepted_drops:
            return
        share = Decimal(self._policies()["max_row_drop_share"])
        old = {file.slot: file for file in before}
        new = {one.entry.slot: one for one in read}
        hashes = {one.entry.landing_hash for one in read}
        if (SNAPSHOT in {file.kind for file in before}) != (SNAPSHOT in {one.entry.kind for one in read}):
            rows = sum(file.rows_accepted for file in before), sum(one.entry.rows_accepted for one in read)
            self._check_loss(table, read[0] if read else None, before[0], rows, share)
            return
        for slot, file in old.items():
            # Renamed, not gone.
            if slot not in new and file.landing_hash in hashes:
                continue
            now = new.get(slot)
            self._check_loss(
                table, now, file, (file.rows_accepted, now.entry.rows_accepted if now else 0), share
            )

    def _check_loss(
        self,
        table: TableContract,
        now: _Candidate | None,
        file: LoadedFile,
        rows: tuple[int, int],
        share: Decimal,
    ) -> None:
        rows_before, rows_now = rows
        if rows_now >= rows_before * (1 - share):
            return
        if table.source == POLICY_SOURCE and now is not None and not now.entry.rows_quarantined:
            # To delete a row is a decision; to lose one to an error, or the whole file, is a mishap.
            return
        label = f"{table.source}.{table.name}"
        lost = Decimal(100 * (rows_before - rows_now)) / rows_before
        since = f"at the load of {file.loaded_at:%Y-%m-%d %H:%M} UTC"
        if now is None:
            reason = f"held {rows_before:,} rows {since} and is not in the landing folder any more."
        else:
            reason = (
                f"{rows_now:,} rows now, {rows_before:,} {since}: {lost:.1f} % fewer, more than policy "
                f"max_row_drop_share ({share}) allows."
            )
        if now is not None and now.staged is not None and now.staged.first_bad:
            first = _worded(table, now.staged.first_bad[0])
            reason += f" {now.entry.rows_quarantined:,} rows are unreadable, {first}."
        self.problems.append(
            Problem(
                table.source,
                table.name,
                now.entry.name if now else file.name,
                reason=reason,
                hint=f"If rows really went away: --accept-drop {label}. Otherwise export it again.",
            )
        )

    def _policies(self) -> dict[str, str]:
        """The policies loaded so far, over the defaults."""
        return _policies_of(self.home_raw, self.manifest)


def loaded_policies(home_raw: Path) -> dict[str, str]:
    """The policies loaded so far, over the defaults, by key."""
    return _policies_of(home_raw, Manifest.read(home_raw))


def _policies_of(home_raw: Path, manifest: Manifest) -> dict[str, str]:
    store = ObjectStore(home_raw)
    files = sorted(
        table_state(manifest.records).get((POLICY_SOURCE, POLICY_TABLE), ()),
        key=LoadedFile.precedence,
    )
    return merged_policies(row for file in files for row in read_policy_rows(store.path(file.object_hash)))


def _worded(table: TableContract, cell: BadCell) -> str:
    column = f" column {cell.column}," if cell.column else ""
    value = told(cell.value, is_of_people=table.is_personal)
    return f"the first in line {cell.line},{column} value {value!r}: {cell.reason}"


def _identity(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to or replaced."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _check_policy_row(line: int, row: Mapping[str, Any]) -> None:
    try:
        check_policy(row["policy_key"], row.get("policy_value"), default_policies())
    except PolicyError as error:
        raise UnreadableFileError(
            str(error), error.hint, line=line, column=error.column, value=row.get(error.column)
        ) from None


def _result(source: str, table: str, one: _Candidate) -> FileResult:
    entry = one.entry
    return FileResult(
        source=source,
        table=table,
        file=entry.name,
        loaded_at=entry.loaded_at,
        object_hash=entry.object_hash,
        rows_read=entry.rows_read,
        rows_accepted=entry.rows_accepted,
        rows_quarantined=entry.rows_quarantined,
        rows_superseded=entry.rows_superseded,
        unknown_columns=entry.unknown_columns,
        is_new=one.staged is not None,
        month=entry.slot if entry.kind == MONTH else None,
    )
