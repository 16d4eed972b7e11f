"""``tieout versions``, ``tieout rollback``, ``tieout verify``: what was published, and going back to it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from orchestration.commands.base import (
    DONE,
    FAILED,
    AddCommand,
    CommandFailed,
    UsageError,
    moment_text,
)
from orchestration.reporting import format_table, reporter_for
from orchestration.runs import utc_now
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the commands."""
    versions = command("versions", "List the published versions that are kept, and what keeps each.")
    versions.add_argument("--json", action="store_true", help="print it for a program")

    rollback = command("rollback", "Let readers see an earlier version; it is verified first.")
    rollback.add_argument(
        "version", nargs="?", metavar="VERSION", help="name or number (default: the one before the current)"
    )
    rollback.add_argument("--reason", default="", help="why, for the alert and for tieout status")

    verify = command("verify", "Read a published version through and compare it with what was published.")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("version", nargs="?", metavar="VERSION", help="name or number (default: the current)")
    which.add_argument("--all", action="store_true", help="every version")
    verify.add_argument("--raw", action="store_true", help="the objects of the raw store, too")
    verify.add_argument("--json", action="store_true", help="print it for a program")


def run_versions(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the versions, newest first."""
    rows, problem = _versions(settings)
    if problem:
        # Whoever must choose a version to go to has to see them all the same.
        print(problem, file=sys.stderr)
    code = FAILED if problem else DONE
    if arguments.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
        return code
    if not rows:
        if not problem:
            print(f"Nothing is published in {settings.home} yet.")
        return code
    columns = ["version", "published (UTC)", "as of (UTC)", "tests", "size", "kept because"]
    print(
        format_table(
            columns,
            [
                [
                    ("* " if row["is_current"] else "  ") + row["version"],
                    moment_text(row["published_at"]),
                    moment_text(row["as_of_at"]),
                    str(row["tests_passed"]),
                    f"{row['size']:,}",
                    "; ".join([*(["rolled back"] if row["is_withdrawn"] else []), *row["kept_because"]])
                    or ("not known" if problem else "nothing: the next run removes it"),
                ]
                for row in rows
            ],
            right_aligned=["tests", "size"],
        )
    )
    if not problem:
        print("* what readers see")
    return code


def _versions(settings: Settings) -> tuple[list[dict[str, Any]], str]:
    """A row per version, newest first, and why it is not known which is current, where it is not."""
    from orchestration.files import folder_size
    from orchestration.publication import (
        IS_CURRENT,
        PublicationError,
        list_versions,
        read_withdrawn,
        reasons_to_keep,
    )

    reasons: dict[str, list[str]] = {}
    problem = ""
    try:
        reasons = reasons_to_keep(settings, now=utc_now())
    except PublicationError as error:
        problem = str(error)
    withdrawn = {record["version"] for record in read_withdrawn(settings)}
    rows = []
    for version in reversed(list_versions(settings)):
        record = version.record()
        kept = reasons.get(version.name, [])
        rows.append(
            {
                "version": version.name,
                "sequence": version.sequence,
                "run_id": version.run_id,
                "published_at": version.published_at().isoformat(),
                "as_of_at": record.get("as_of_at"),
                "tests_passed": record.get("tests_passed"),
                "size": folder_size(version.folder),
                "is_current": IS_CURRENT in kept,
                "is_withdrawn": version.name in withdrawn,
                "names_people": version.restricted_file.exists(),
                "kept_because": kept,
            }
        )
    return rows, problem


def run_rollback(settings: Settings, arguments: argparse.Namespace) -> int:
    """Go back, and say what that means for the next run."""
    from orchestration.rolling_back import (
        NoSuchVersion,
        current_if_whole,
        find_version,
        roll_back,
        version_before,
    )

    try:
        if arguments.version is None:
            target = version_before(settings)
        else:
            target = find_version(settings, arguments.version)
    except NoSuchVersion as error:
        # What was named and is not there is a slip of the fingers; that there is none to go back to is not.
        refused = CommandFailed if arguments.version is None else UsageError
        raise refused(str(error)) from error
    current = current_if_whole(settings)
    if current is not None and current.sequence == target.sequence:
        raise CommandFailed(f"Version {target.name} is what readers see already.")
    reporter = reporter_for(sys.stderr, settings.log_format)
    try:
        before = roll_back(settings, target, reporter, reason=arguments.reason)
    finally:
        reporter.close()
    if before is None:
        print(f"Readers see version {target.name} now.")
        return DONE
    print(f"Readers see version {target.name} now, and not {before.name} any more.")
    if target.sequence < before.sequence and not before.record():
        print(
            f"What {before.name} was made of is not known, since its build.json cannot be read: the next "
            "tieout nightly publishes anew, and the same numbers if nothing else changes."
        )
    elif target.sequence < before.sequence:
        print(
            f"A run with the inputs and the code of {before.name} will not publish it again; one with others "
            f"will, and tieout nightly --force does. To undo this: tieout rollback {before.name}"
        )
    return DONE


def run_verify(settings: Settings, arguments: argparse.Namespace) -> int:
    """Read through what was asked for, and name what differs."""
    from orchestration.publication import current_version, list_versions
    from orchestration.rolling_back import NoSuchVersion, find_version
    from orchestration.verifying import as_json, verify_raw, verify_version

    reporter = reporter_for(sys.stderr, settings.log_format)
    if arguments.all:
        versions = list_versions(settings)
    elif arguments.version is not None:
        try:
            versions = [find_version(settings, arguments.version)]
        except NoSuchVersion as error:
            raise UsageError(str(error)) from error
    else:
        current = current_version(settings)
        versions = [] if current is None else [current]
    if not versions and not arguments.raw:
        raise CommandFailed(f"Nothing is published in {settings.home} yet, so there is nothing to verify.")
    try:
        results = [verify_version(version, reporter.detail) for version in versions]
        if arguments.raw:
            results.append(verify_raw(settings.raw_dir, reporter.detail))
    finally:
        reporter.close()
    if arguments.json:
        print(json.dumps([as_json(result) for result in results], indent=2, ensure_ascii=False))
    else:
        for result in results:
            what = "objects" if result.subject == "raw store" else "tables"
            found = "as published" if result.is_whole else f"{len(result.differences)} differences"
            print(f"{result.subject}: {result.checked} {what} read, {found}")
            for line in result.differences:
                print(f"  {line}")
            for line in result.notes:
                print(f"  note: {line}")
    return DONE if all(result.is_whole for result in results) else FAILED


COMMANDS = {"versions": run_versions, "rollback": run_rollback, "verify": run_verify}
