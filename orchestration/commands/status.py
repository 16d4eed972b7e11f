"""``tieout status``: what is published, who is running and how the last runs ended."""

from __future__ import annotations

import argparse

from orchestration.commands.base import DONE, AddCommand, moment_text
from orchestration.reporting import format_table
from orchestration.runs import read_journal_with_killed, running_now
from orchestration.settings import Settings

SHOWN_RUNS = 10


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    command("status", "Show what is published, who is running and how the last runs ended.")


def run_status(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what is published, who runs and the last runs."""
    from orchestration.publication import current_version, list_versions

    current = current_version(settings)
    print(f"Home       {settings.home}")
    if current is None:
        print("Published  nothing yet; `tieout nightly` publishes")
    else:
        build = current.record()
        print(f"Published  {current.warehouse_file}")
        published_at, as_of_at = moment_text(build.get("published_at")), moment_text(build.get("as_of_at"))
        print(f"           version {current.name}, published {published_at} UTC")
        print(f"           as of {as_of_at} UTC, {build.get('tests_passed')} tests passed")
        kept = len(list_versions(settings))
        print(f"Kept       {kept} version{'' if kept == 1 else 's'}")
    print(f"Running    {running_now(settings) or 'nothing'}")
    runs = read_journal_with_killed(settings)[-SHOWN_RUNS:]
    if runs:
        print("\nLast runs")
        columns = ["run", "job", "started (UTC)", "status", "summary"]
        rows = [
            [run.run_id, run.job, f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.status, run.summary]
            for run in reversed(runs)
        ]
        print(format_table(columns, rows, cell_width=90))
    return DONE


COMMANDS = {"status": run_status}
