"""Small file operations that survive a crash: whole-file writes, appended records, locks, fingerprints.

Add here what several modules need to write to the home safely. What a file *means* (a run, a version, a raw
object) belongs to the module that owns it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

# Of folders with raw rows, which name people.
PRIVATE_MODE = 0o700

CHUNK_BYTES = 8 << 20
# Of a file that is being written and gets its name when it is whole.
TEMPORARY_SUFFIX = ".tmp"

IGNORED_FOLDERS = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


def make_private(folder: Path) -> Path:
    """The folder, made if it is not there, which nobody but its owner may enter.

    What lies below it needs no modes of its own: without a way through the folder there is none to its files.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=PRIVATE_MODE, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) & ~PRIVATE_MODE:
        # One that an earlier version or another tool made.
        folder.chmod(PRIVATE_MODE)
    return folder


def keep_others_from_writing() -> None:
    """Let all that this process makes from here on be writable by its owner and group at most.

    A process that was started under an open umask would otherwise let everybody replace what analysts read.
    """
    os.umask(os.umask(0o077) | stat.S_IWOTH)


def flush_file(path: Path) -> None:
    """Make the contents of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable (a rename is lost in a power cut until its folder is flushed)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as readable JSON; a reader sees the old file or the whole new one."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a whole file; a reader sees the old one or the whole new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        # On a full disk, what nobody will ever read must not take what is left of it.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def temporary_files(folder: Path) -> list[Path]:
    """What killed processes left of files that they were writing in a folder; not in those below it."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.name.startswith(".") and path.suffix == TEMPORARY_SUFFIX
    )


def append_record(path: Path, record: Mapping[str, Any]) -> None:
    """Append one JSON line; a line torn by an earlier crash stays alone, and readers skip it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
    with _locked_record(path) as file:
        file.seek(0, os.SEEK_END)
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write(line.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def rewrite_records(path: Path, change: Callable[[str], str]) -> bool:
    """Replace a whole file of records by what ``change`` makes of it; whether that is another text.

    Nothing is lost that another process appends meanwhile: it waits, and then writes into the new file.
    """
    with _locked_record(path):
        text = path.read_text(encoding="utf-8", errors="replace")
        changed = change(text)
        if changed == text:
            return False
        mode = path.stat().st_mode
        write_text(path, changed)
        path.chmod(mode)
    return True


@contextmanager
def _locked_record(path: Path) -> Iterator[IO[bytes]]:
    """The file of this name, opened for appending and locked; it is made if it is not there."""
    while True:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            opened = os.fstat(file.fileno())
            try:
                there = path.stat()
            except FileNotFoundError:
                continue
            # While this one waited, a rewriting may have put another file in its place.
            if (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino):
                yield file
                return


def read_records(path: Path) -> list[dict[str, Any]]:
    """All whole JSON lines of a file in the order they were written; an absent file has none."""
    if not path.exists():
        return []
    records = []
    # Not by splitlines, which also parts a line at characters that a text of somebody else's may hold.
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def folder_size(folder: Path) -> int:
    """How much of the disk the files below a folder take, in bytes; one with several names counts once."""
    sizes: dict[tuple[int, int], int] = {}
    for path, _, names in os.walk(folder):
        for name in names:
            # A run may be tidying up meanwhile.
            with contextlib.suppress(FileNotFoundError):
                status = Path(path, name).lstat()
                sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` inside the block; the kernel releases it if the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(roots: Iterable[Path], *, base: Path, suffixes: frozenset[str] | None = None) -> str:
    """SHA-256 over the names and contents of all files below ``roots``, in name order.

    Args:
        roots: files or folders; one that does not exist counts as empty.
        base: names are taken relative to this folder, so that two checkouts of the same code agree.
        suffixes: only files with these suffixes count; None counts all.
    """
    files: set[Path] = set()
    for root in roots:
        if root.is_file():
            files.add(root)
            continue
        for folder, folders, names in os.walk(root):
            folders[:] = [
                name for name in folders if name not in IGNORED_FOLDERS and not name.startswith(".")
            ]
            files.update(Path(folder, name) for name in names if not name.startswith("."))
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda file: os.path.relpath(file, base)):
        if suffixes is not None and path.suffix not in suffixes:
            continue
        contents = path.read_bytes()
        digest.update(f"{os.path.relpath(path, base)}\0{len(contents)}\0".encode())
        digest.update(contents)
    return digest.hexdigest()
