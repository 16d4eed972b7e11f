"""Which files of a landing folder hold which table.

Add a file form or a naming rule here. Nothing is opened: contents are the readers' business. Files and
folders that fit no rule are left alone with a note, because a landing folder is somebody else's;
contradictions are problems.
"""

from __future__ import annotations

import difflib
import re
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from orchestration import settings
from orchestration.raw.contract import LANDING_SOURCES, SourceContract, TableContract
from orchestration.raw.problems import Problem
from orchestration.reporting import on_one_line

EXTENSIONS = (".csv.gz", ".csv", ".parquet", ".xlsx")
SNAPSHOT, MONTH, INCREMENT = "snapshot", "month", "increment"

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# Folders of the project's own seeds, the example landing folder, that hold no exports.
_SEED_FOLDERS = frozenset({"reference", "generator", "__pycache__"})


@dataclass(frozen=True)
class LandingFile:
    """One file with rows of one table.

    Attributes:
        name: path relative to the landing folder, with ``/``.
        kind: ``snapshot`` (the whole table), ``month`` or ``increment``.
        slot: what the file replaces when it is loaded again: the month, the increment's name, or ``""`` for a
            snapshot. Extensions don't count, so ``2024-01.csv`` replaces an earlier ``2024-01.parquet``.
    """

    source: str
    table: str
    path: Path
    name: str
    kind: str
    slot: str
    extension: str


@dataclass
class LandingSource:
    """What a landing folder holds of one source: files by table, notes for the report, and contradictions."""

    files: dict[str, list[LandingFile]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown_names: list[str] = field(default_factory=list)


def unknown_folder_notes(landing: Path) -> list[str]:
    """A note for each folder beside the sources that no source is named after."""
    return [
        f"{on_one_line(path.name)}/: not a source ({', '.join(LANDING_SOURCES)}), left alone"
        for path in _listed(landing)
        if path.is_dir() and path.name.lower() not in {*LANDING_SOURCES, *_SEED_FOLDERS}
    ]


def find_files(landing: Path, contract: SourceContract) -> LandingSource:
    """The files of one source, tables in contract order, files of a table in name order."""
    found = LandingSource()
    named = [path for path in _listed(landing) if _folded(path.name) == contract.name]
    folders = [path for path in named if path.is_dir()]
    for path in named:
        if not path.is_dir() and not _refused_link(landing, path, found, contract.name, None):
            found.problems.append(
                Problem(
                    contract.name,
                    file=on_one_line(path.name),
                    reason="this is a file, and a source is a folder of files.",
                    hint=f"Put the tables into the folder {contract.name}/.",
                )
            )
    if len(folders) > 1:
        names = " and ".join(f"{path.name}/" for path in folders)
        found.problems.append(
            Problem(contract.name, reason=f"{names} both hold this source.", hint="Keep one folder.")
        )
        return found
    if found.problems or not folders or _refused_link(landing, folders[0], found, contract.name, None):
        return found
    if folders[0].resolve() == settings.POLICY_SEEDS_DIR.resolve():
        # The example's landing folder lies beside the project's defaults, which every build reads anyway;
        # taken for a company's own rows they would be missed when it names a landing folder of its own.
        found.notes.append(f"{contract.name}/: the project's defaults, in force without being loaded")
        return found
    tables = {name.lower(): table for name, table in contract.tables.items()}
    for path in _listed(folders[0]):
        name = f"{contract.name}/{on_one_line(path.name)}"
        if path.is_dir():
            table = tables.get(_folded(path.name))
            if table is None and (table := tables.get(_folded(_split(path.name)[0]))):
                found.problems.append(_folder_named_like_a_file(landing, path, table))
            elif table is None:
                found.unknown_names.append(on_one_line(path.name))
                found.notes.append(f"{name}/: no table of {contract.name} has this name, left alone")
            elif not _refused_link(landing, path, found, contract.name, table.name):
                _add_parts(landing, path, table, found)
            continue
        stem, extension = _split(path.name)
        if (table := tables.get(_folded(path.name))) and path.is_symlink() and not path.exists():
            # Meant as the folder of a table.
            _refused_link(landing, path, found, contract.name, table.name)
        elif extension is None:
            found.notes.append(f"{name}: not one of {', '.join(EXTENSIONS)}, left alone")
            found.unknown_names.append(on_one_line(path.name.split(".")[0]))
        elif (table := tables.get(_folded(stem))) is None:
            found.unknown_names.append(on_one_line(stem))
            found.notes.append(f"{name}: no table of {contract.name} has this name, left alone")
        elif not _refused_file(landing, path, found, contract.name, table.name):
            found.files[table.name].append(
                LandingFile(
                    contract.name, table.name, path, _relative(landing, path), SNAPSHOT, "", extension
                )
            )
    for table in contract.tables.values():
        _check_forms(table, found)
    return found


def missing_table_hint(found: LandingSource, table: TableContract) -> str:
    """Where the table was looked for, and a name in the landing folder that it may have been mistyped as."""
    near = difflib.get_close_matches(table.name, found.unknown_names, n=1, cutoff=0.75)
    looked = (
        f"Put {table.source}/{table.name}.csv (or .csv.gz, .parquet, .xlsx) into the landing folder, "
        f"or a folder {table.source}/{table.name}/ of such files."
    )
    return looked + (f" Is it {near[0]!r}?" if near else "")


def _add_parts(landing: Path, folder: Path, table: TableContract, found: LandingSource) -> None:
    for path in _listed(folder):
        name = _relative(landing, path)
        stem, extension = _split(path.name)
        if path.is_dir():
            if extension is None:
                found.notes.append(f"{name}/: folders below a table's folder are left alone")
            else:
                found.problems.append(_folder_named_like_a_file(landing, path, table))
            continue
        if extension is None:
            found.notes.append(f"{name}: not one of {', '.join(EXTENSIONS)}, left alone")
        elif not _refused_file(landing, path, found, table.source, table.name):
            kind = MONTH if _MONTH.fullmatch(stem) else INCREMENT
            found.files[table.name].append(
                LandingFile(table.source, table.name, path, name, kind, stem.lower(), extension)
            )


def _check_forms(table: TableContract, found: LandingSource) -> None:
    """One form for a table, and no two files that say the same thing in two formats."""
    files = sorted(found.files.get(table.name, []), key=lambda file: (file.kind, file.slot, file.name))
    if table.name in found.files:
        found.files[table.name] = files
    snapshots = [file for file in files if file.kind == SNAPSHOT]
    parts = [file for file in files if file.kind != SNAPSHOT]
    if snapshots and parts:
        found.problems.append(
            Problem(
                table.source,
                table.name,
                snapshots[0].name,
                reason=f"this file and the folder of {parts[0].name} both hold the table.",
                hint="Keep the one file or the folder of files.",
            )
        )
    for first, second in pairwise(files):
        if (first.kind, first.slot) == (second.kind, second.slot):
            found.problems.append(
                Problem(
                    table.source,
                    table.name,
                    second.name,
                    reason=f"{first.name} holds the same rows under the same name.",
                    hint="Keep one of them.",
                )
            )


def _folder_named_like_a_file(landing: Path, folder: Path, table: TableContract) -> Problem:
    """What tools leave that write a table as a folder of parts (customer.parquet/part-0.parquet)."""
    return Problem(
        table.source,
        table.name,
        f"{_relative(landing, folder)}/",
        reason="this is a folder with the name of a file.",
        hint=f"Put the file in its place, or its files into the folder {table.source}/{table.name}/.",
    )


def _refused_link(landing: Path, path: Path, found: LandingSource, source: str, table: str | None) -> bool:
    """Whether ``path`` is a link that cannot be followed or leads out of the landing folder: a problem."""
    try:
        target = path.resolve()
    except (RuntimeError, OSError):
        reason, hint = "this link leads in a circle.", "Put the file there."
    else:
        if not target.is_relative_to(landing.resolve()):
            reason, hint = "this link leads out of the landing folder.", "Put a copy of the file there."
        elif not target.exists():
            reason, hint = "this link leads nowhere.", "Put the file there."
        else:
            return False
    found.problems.append(Problem(source, table, _relative(landing, path), reason=reason, hint=hint))
    return True


def _refused_file(landing: Path, path: Path, found: LandingSource, source: str, table: str) -> bool:
    """Whether ``path`` is not the plain file of a name that can be told, which it seems to be: a problem."""
    if _refused_link(landing, path, found, source, table):
        return True
    if on_one_line(path.name) != path.name:
        reason, hint = "its name has characters that cannot be shown or are no text.", "Rename it."
    elif not stat.S_ISREG(path.stat().st_mode):
        # To open one may wait for ever, or do something to a device.
        reason = "this is no file but a pipe, a socket or a device."
        hint = "Put a file there when it has been written."
    else:
        return False
    found.problems.append(Problem(source, table, _relative(landing, path), reason=reason, hint=hint))
    return True


def _folded(name: str) -> str:
    """A name for comparison with those of sources and tables, which are small letters from a to z."""
    # Lower case makes a k of the sign for Kelvin.
    return name.lower() if name.isascii() else name


def _split(name: str) -> tuple[str, str | None]:
    """Stem and extension of a file name; the extension is None where no reader takes it."""
    for extension in EXTENSIONS:
        if name.lower().endswith(extension):
            return name[: -len(extension)], extension
    return name, None


def _listed(folder: Path) -> Iterable[Path]:
    """Visible entries in name order; editors' and systems' own files (.DS_Store, ~$book.xlsx) are none."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))


def _relative(landing: Path, path: Path) -> str:
    return on_one_line(path.relative_to(landing).as_posix())
