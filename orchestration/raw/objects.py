"""The store of raw objects: immutable Parquet files named by the hash of their bytes.

Add here what concerns keeping and finding objects. Which object is part of which table, and since when, is
the manifest's business.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestration.files import file_hash, flush_file, flush_folder


class ObjectStore:
    """Objects below ``home_raw/objects``."""

    def __init__(self, home_raw: Path) -> None:
        self.folder = home_raw / "objects"

    def path(self, object_hash: str) -> Path:
        """Where the object of this hash is, or would be."""
        return self.folder / f"{object_hash}.parquet"

    def holds(self, object_hash: str) -> bool:
        """Whether the object is there."""
        return self.path(object_hash).is_file()

    def add(self, staged: Path) -> str:
        """Make a staged file (on the same file system) an object, durably, and return its hash.

        The object appears under its name only when it is whole; one that is there already stays as it is.
        """
        object_hash = file_hash(staged)
        target = self.path(object_hash)
        if target.is_file():
            staged.unlink()
            return object_hash
        self.folder.mkdir(parents=True, exist_ok=True)
        flush_file(staged)
        staged.chmod(0o444)
        staged.replace(target)
        flush_folder(self.folder)
        return object_hash

    def hashes(self) -> set[str]:
        """The hashes of all objects that are there."""
        return {path.stem for path in self.folder.glob("*.parquet")}

    def remove(self, object_hash: str) -> None:
        """Remove the object, if it is there; a second name that it was given keeps its contents."""
        self.path(object_hash).unlink(missing_ok=True)

    def place(self, object_hash: str, target: Path) -> None:
        """Give the object a second name: a hard link, or a copy where the file system has none.

        Raises:
            FileNotFoundError: the store does not hold the object.
        """
        try:
            os.link(self.path(object_hash), target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(self.path(object_hash), target)
