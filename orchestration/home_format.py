"""Which form a home has, so that a release that is older than a home says so instead of misreading it.

Raise ``HOME_FORMAT`` when what is written into the home from then on would be misread by earlier releases,
and say in ``CHANGES`` what it was. A home without a record is of the first format.
"""

from __future__ import annotations

import contextlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orchestration.files import write_json
from orchestration.settings import Settings

HOME_FORMAT = 1
CHANGES = {1: "the form of releases up to 0.6.0"}


class HomeTooNew(Exception):
    """The home was written by a newer release; the message says by which, and what to do."""


def format_file(settings: Settings) -> Path:
    """Which form the home has and which release wrote it last."""
    return settings.home / "home.json"


def present_release() -> str:
    """The installed release's number."""
    try:
        return version("tieout")
    except PackageNotFoundError:
        return "unknown"


def read_format(settings: Settings) -> tuple[int, str]:
    """The home's format and the release that wrote it last, '' where nothing says."""
    try:
        record: dict[str, Any] = json.loads(format_file(settings).read_text(encoding="utf-8"))
        return int(record["format"]), str(record.get("release", ""))
    except (OSError, ValueError, TypeError, KeyError):
        return 1, ""


def check_format(settings: Settings) -> None:
    """Refuse a home that this release may misread.

    Raises:
        HomeTooNew: it is of a later format.
    """
    found, release = read_format(settings)
    if found > HOME_FORMAT:
        raise HomeTooNew(
            f"The home {settings.home} was written by Tieout {release or '(unknown)'} (format {found}); this "
            f"is Tieout {present_release()}, which reads formats up to {HOME_FORMAT}. Nothing was done. Use "
            "that release or a later one, or a copy of the home from before the upgrade."
        )


def write_format(settings: Settings) -> None:
    """Write down who works on the home; the caller holds it. A full disk tells of itself elsewhere."""
    present = HOME_FORMAT, present_release()
    if format_file(settings).exists() and read_format(settings) == present:
        return
    with contextlib.suppress(OSError):
        write_json(format_file(settings), {"format": present[0], "release": present[1]})
