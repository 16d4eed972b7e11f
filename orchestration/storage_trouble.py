"""What an operator does about a place that cannot be written to: full, read-only, or somebody else's.

Add here how the operating system or the engine says that it could not write, and what helps. Nothing else
decides by the text of an error.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# The engine and dbt hand on the system's words, not its number; the last may also be said of a file to read.
FULL_WORDS = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EDQUOT),
    f": {os.strerror(errno.EFBIG)}",
    f"[Errno {errno.EFBIG}] {os.strerror(errno.EFBIG)}",
)


class HomeNotWritable(OSError):
    """The home, or a part of it, cannot be written to; the message says where and what to do."""


def is_about_room(error: BaseException | str) -> bool:
    """Whether an error, or a text about one, says that there was no room left to write."""
    if isinstance(error, str):
        return any(words in error for words in FULL_WORDS)
    return any(
        (isinstance(one, OSError) and one.errno in FULL) or is_about_room(str(one)) for one in _causes(error)
    )


def what_to_do(error: BaseException | str, home: Path) -> str:
    """A sentence for the person who mends it, '' where the error is about something else."""
    if is_about_room(error):
        return (
            f"There is no room left where {home} is: tieout prune --disk-budget SIZE removes old versions "
            "and builds, or take a larger disk. Then run again; nothing needs cleaning."
        )
    if isinstance(error, BaseException) and not isinstance(error, HomeNotWritable):
        for one in _causes(error):
            if isinstance(one, OSError) and one.errno in CLOSED and _is_below(one.filename, home):
                return (
                    f"Let the user that runs Tieout (uid {os.getuid()}) write there: chown -R, or another "
                    "mount. tieout doctor lists such places; what is published can be read as ever."
                )
    return ""


def check_writable(home: Path) -> None:
    """Find out before anything begins whether the home takes new files.

    Raises:
        HomeNotWritable: it does not.
    """
    try:
        if os.statvfs(home).f_flag & os.ST_RDONLY:
            number = errno.EROFS
        else:
            number = 0 if os.access(home, os.W_OK | os.X_OK, effective_ids=True) else errno.EACCES
    except OSError as error:
        number = error.errno or errno.EACCES
    if number:
        raise not_writable(home, PermissionError(number, os.strerror(number), str(home)))


def not_writable(home: Path, error: OSError) -> HomeNotWritable:
    """The error as a whole message."""
    place = error.filename or home
    advice = what_to_do(error, home)
    return HomeNotWritable(f"{place} cannot be written to: {error.strerror or error}. {advice}".strip())


def _is_below(place: object, home: Path) -> bool:
    return isinstance(place, str | bytes | os.PathLike) and Path(os.fsdecode(place)).is_relative_to(home)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
