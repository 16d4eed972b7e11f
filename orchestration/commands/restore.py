"""``tieout restore``: an earlier state of a raw table, or of one of its months, becomes the newest again."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from typing import Any

from orchestration.commands.base import DONE, AddCommand, CommandFailed, UsageError
from orchestration.reporting import format_table, reporter_for
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    restore = command(
        "restore",
        "Take the rows of a raw table from before its last change again, until its landing file changes.",
    )
    restore.add_argument("table", metavar="SOURCE.TABLE", help="for example billing.invoice")
    which = restore.add_mutually_exclusive_group()
    which.add_argument("--month", metavar="YYYY-MM", help="only this month, of a table with a file per month")
    which.add_argument("--file", metavar="NAME", help="only this increment, by its name without extension")
    does = restore.add_mutually_exclusive_group()
    does.add_argument("--object", metavar="HASH", help="these rows (see --list), not those before the last")
    does.add_argument("--list", action="store_true", help="only list the states that there are")
    does.add_argument("--release", action="store_true", help="let the next load read the landing file again")
    restore.add_argument("--json", action="store_true", help="with --list: print it for a program")


def run_restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """Restore, release or list."""
    if arguments.json and not arguments.list:
        raise UsageError("--json goes with --list; without it, rows would be restored.")
    from orchestration.operating import release_raw, restore_raw
    from orchestration.raw.restoring import RestoreError, history

    source, table = _table(settings, arguments.table)
    slot = _slot(settings, source, table, arguments)
    if arguments.list:
        _print_history(history(settings.raw_dir, source, table, slot), arguments.json)
        return DONE
    reporter = reporter_for(sys.stderr, settings.log_format)
    now = datetime.now(UTC)
    try:
        if arguments.release:
            held = release_raw(settings, source, table, slot, reporter, now=now)
            print(f"The next load reads {held.name} as it lies in the landing folder.")
            return DONE
        before, after = restore_raw(
            settings, source, table, slot, reporter, now=now, object_hash=arguments.object
        )
    except RestoreError as error:
        raise CommandFailed(str(error)) from error
    finally:
        reporter.close()
    print(
        f"{after.name} of {source}.{table}: the {after.rows_accepted:,} rows that were loaded at "
        f"{after.loaded_at:%Y-%m-%d %H:%M:%S} UTC instead of {before.rows_accepted:,} of "
        f"{before.loaded_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    print("The landing file is left alone until it changes. The next tieout nightly publishes this.")
    return DONE


def _table(settings: Settings, name: str) -> tuple[str, str]:
    from orchestration.raw.contract import LANDING_SOURCES, read_contracts

    contracts = read_contracts()
    source, _, table = name.lower().partition(".")
    if source not in LANDING_SOURCES or source not in contracts or table not in contracts[source].tables:
        raise UsageError(f"{name}: no such table; write for example billing.invoice.")
    if not (settings.raw_dir / "manifest.jsonl").exists():
        raise CommandFailed(f"Nothing was loaded into {settings.home} yet.")
    return source, table


def _slot(settings: Settings, source: str, table: str, arguments: argparse.Namespace) -> str:
    from orchestration.raw.restoring import slots

    if arguments.month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", arguments.month):
        raise UsageError(f"--month {arguments.month}: write YYYY-MM.")
    known = slots(settings.raw_dir, source, table)
    if not known:
        raise CommandFailed(f"{source}.{table} was never loaded.")
    asked = arguments.month or (arguments.file or "").lower()
    if asked in known:
        return str(asked)
    parts = ", ".join(one for one in known if one)
    if not asked:
        raise UsageError(f"{source}.{table} is several files; say which with --month or --file: {parts}.")
    if known == [""]:
        raise UsageError(f"{source}.{table} is one file; leave out --month and --file.")
    raise UsageError(f"{source}.{table} has no {asked}. It has: {parts}.")


def _print_history(states: list[Any], is_json: bool) -> None:
    if is_json:
        rows = [
            {
                **one.file.as_json(),
                "is_current": one.is_current,
                "is_kept": one.is_kept,
            }
            for one in reversed(states)
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    columns = ["object", "loaded (UTC)", "rows", "in quarantine", "file", ""]
    print(
        format_table(
            columns,
            [
                [
                    one.file.object_hash[:12],
                    f"{one.file.loaded_at:%Y-%m-%d %H:%M:%S}",
                    f"{one.file.rows_accepted:,}",
                    f"{one.file.rows_quarantined:,}",
                    one.file.name,
                    "current" if one.is_current else "" if one.is_kept else "not kept",
                ]
                for one in reversed(states)
            ],
            right_aligned=["rows", "in quarantine"],
        )
    )


COMMANDS = {"restore": run_restore}
