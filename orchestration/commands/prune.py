"""``tieout prune``: remove what is older than the settings and the company's policies keep."""

from __future__ import annotations

import argparse
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestration.commands.base import DONE, FAILED, AddCommand, CommandFailed, read_with
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.operating import Room

UNITS = {
    **{unit: 1000**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB"))},
    **{unit: 1024**power for power, unit in enumerate(("B", "KIB", "MIB", "GIB", "TIB"))},
}


def read_size(text: str) -> int:
    """The bytes that an operator wrote as 20GB, 500 MiB or 1000000.

    Raises:
        ValueError: it is written otherwise.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", text)
    unit = (match[2].upper() or "B") if match else ""
    if match is None or unit not in UNITS:
        raise ValueError(f"{text!r} is no size; write for example 20GB, 500MiB or 1000000")
    whole, _, decimals = match[1].partition(".")
    return int(whole + decimals) * UNITS[unit] // 10 ** len(decimals)


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    prune = command(
        "prune",
        "Remove what is older than settings and policies keep: all of it, or what is named.",
    )
    prune.add_argument(
        "--versions",
        action="store_true",
        help="versions beyond TIEOUT_VERSIONS_KEPT and older than TIEOUT_VERSION_MINIMUM_AGE_DAYS",
    )
    prune.add_argument(
        "--raw",
        action="store_true",
        help="raw objects that no state within the policy raw_retention_days needs",
    )
    prune.add_argument(
        "--builds", action="store_true", help="private builds of runs beyond TIEOUT_VERSIONS_KEPT"
    )
    prune.add_argument(
        "--disk-budget",
        metavar="SIZE",
        type=read_with(read_size),
        help="then remove the oldest versions and builds until the home takes no more than this (20GB)",
    )
    prune.add_argument("--dry-run", action="store_true", help="only say how much would go")


def run_prune(settings: Settings, arguments: argparse.Namespace) -> int:
    """Remove what nothing keeps, and say what; 1 when a budget cannot be met."""
    from orchestration.operating import make_room

    if not settings.home.exists() or (arguments.raw and not settings.raw_dir.exists()):
        raise CommandFailed(f"Nothing was loaded into {settings.home} yet.")
    is_all = not (arguments.versions or arguments.raw or arguments.builds)
    room = make_room(
        settings,
        holder=f"pruning-{uuid.uuid4().hex[:8]}",
        now=datetime.now(UTC),
        versions=is_all or arguments.versions,
        builds=is_all or arguments.builds,
        raw=is_all or arguments.raw,
        budget=arguments.disk_budget,
        is_rehearsal=arguments.dry_run,
    )
    verb = "Would remove" if arguments.dry_run else "Removed"
    with_budget = arguments.disk_budget is not None
    if is_all or arguments.versions or with_budget:
        _print_folders(verb, "version", room.versions)
    if is_all or arguments.builds or with_budget:
        _print_folders(verb, "private build", room.builds)
    _print_raw(verb, room)
    if not with_budget:
        return DONE
    will = "would take" if arguments.dry_run else "takes"
    print(f"The home took {room.size_before:,} bytes and {will} {room.size_after:,} now.")
    if not room.missing:
        return DONE
    print(f"That is {room.missing:,} bytes more than the budget. What is left has to stay:")
    for line in room.kept:
        print(f"  {line}")
    return FAILED


def _print_folders(verb: str, what: str, names: list[str]) -> None:
    told = f": {', '.join(names)}" if names else ""
    print(f"{verb} {len(names)} {what}{'' if len(names) == 1 else 's'}{told}.")


def _print_raw(verb: str, room: Room) -> None:
    from orchestration.raw.pruning import POLICY

    pruned = room.raw
    if pruned is None:
        return
    if pruned.before is None:
        print(f"Everything is kept: the policy {POLICY} is empty.")
        return
    plural = "" if pruned.objects == 1 else "s"
    print(
        f"{verb} {pruned.objects} raw object{plural} ({pruned.size:,} bytes) that "
        f"only states before {pruned.before:%Y-%m-%d %H:%M:%S} UTC needed."
    )


COMMANDS = {"prune": run_prune}
