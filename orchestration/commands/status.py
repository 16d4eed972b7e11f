"""``tieout status``: what is published, how old it is, what blocks, who runs, how the last runs ended."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from orchestration.commands.base import DONE, FAILED, AddCommand, moment_text
from orchestration.reporting import format_table
from orchestration.runs import describe_holder, utc_now
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.standing import Standing

SHOWN_RUNS = 10


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    status = command(
        "status",
        "Show what is published, how old it is, what blocks, who is running and how the last runs ended.",
    )
    status.add_argument(
        "--exit-code",
        action="store_true",
        help="exit with 1 when something blocks or is out of date, for a scheduler that mails failures",
    )
    status.add_argument("--json", action="store_true", help="print it for a program")


def run_status(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print how the home stands."""
    from orchestration.standing import read_standing

    standing = read_standing(settings, now=utc_now())
    code = FAILED if arguments.exit_code and not standing.is_good else DONE
    if arguments.json:
        print(json.dumps(standing.as_json(), indent=2, ensure_ascii=False, default=str))
        return code
    print(f"Home       {settings.home}")
    _print_published(standing)
    running = "nothing" if standing.holder is None else describe_holder(settings)
    print(f"Running    {running}")
    for block in standing.blocks:
        print(f"Blocked    {block.text}\n           {block.to_do}")
    for note in standing.notes:
        print(f"Note       {note}")
    if standing.runs:
        print("\nLast runs")
        columns = ["run", "job", "started (UTC)", "status", "summary"]
        rows = [
            [run.run_id, run.job, f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.status, run.summary]
            for run in reversed(standing.runs[-SHOWN_RUNS:])
        ]
        print(format_table(columns, rows, cell_width=90))
    return code


def _print_published(standing: Standing) -> None:
    from orchestration.standing import span_text

    if standing.version is None:
        if any(block.kind == "link" for block in standing.blocks):
            print("Published  not known: see what is blocked")
        else:
            print("Published  nothing yet; `tieout nightly` publishes")
        return
    version, record, now = standing.version, standing.record, standing.now
    published_at = version.published_at()
    print(f"Published  {version.warehouse_file}")
    print(
        f"           version {version.name}, published {moment_text(published_at.isoformat())} UTC, "
        f"{span_text(now - published_at)} ago"
    )
    if standing.confirmed_at is not None and standing.confirmed_at > published_at:
        print(f"           confirmed {span_text(now - standing.confirmed_at)} ago: nothing had changed")
    print(
        f"           as of {moment_text(record.get('as_of_at'))} UTC, "
        f"{record.get('tests_passed')} tests passed"
    )
    if standing.data_clock_at is not None:
        print(
            f"Data       up to {moment_text(standing.data_clock_at.isoformat())} UTC, "
            f"{span_text(now - standing.data_clock_at)} ago"
        )
    kept = standing.versions_kept
    print(f"Kept       {kept} version{'' if kept == 1 else 's'}")


COMMANDS = {"status": run_status}
