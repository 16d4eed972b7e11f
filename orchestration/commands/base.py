"""What all commands share: exit codes, errors for the person who typed, and how a moment or an error reads.

Add here what a second command needs. What one command alone needs is in its module.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from orchestration.settings import Settings
from orchestration.storage_trouble import check_writable

DONE, FAILED, USAGE = 0, 1, 2
# What SQLAlchemy, in which the scheduler keeps its history, adds to the message of a database.
DATABASE_DUMP = re.compile(
    r"\s*\[SQL: .*?(?=\s*\(Background on this error|\Z)|\s*\(Background on this error at: \S+\)", re.DOTALL
)

Run = Callable[[Settings, argparse.Namespace], int]


class AddCommand(Protocol):
    """Declares a command: its name and what it does in a sentence; the answer takes its arguments."""

    def __call__(self, name: str, text: str) -> argparse.ArgumentParser: ...


class CommandFailed(Exception):
    """The command could not do its work; the message is for the person who typed it."""


class UsageError(Exception):
    """The command was given something that it cannot take."""


def read_with(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of arguments whose errors are shown in their own words."""

    def read_argument(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def make_home(settings: Settings) -> None:
    """Make the home's folder, which a run can write to.

    Raises:
        CommandFailed: it cannot be made.
        HomeNotWritable: it is there and cannot be written to.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"The home {settings.home} cannot be made: {error.strerror or error}.") from error
    check_writable(settings.home)


def moment_text(moment: str | None) -> str:
    """A time of the build record as people write it, to the second."""
    return "an unknown time" if moment is None else moment.replace("T", " ").partition(".")[0]


def keep_traceback(home: Path) -> Path:
    """Write the current traceback where the operator can find it."""
    text = traceback.format_exc()
    name = f"error-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for folder in (home / "logs", Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            # A traceback may quote rows.
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            return path
    return Path(os.devnull)


def one_line(error: Exception) -> str:
    """The error's message as a line that fits into a sentence."""
    return " ".join(without_dump(str(error)).split())[:500]


def without_dump(text: str) -> str:
    """The message of a database error without the statement, its values and the link that follow it."""
    return DATABASE_DUMP.sub("", text)
