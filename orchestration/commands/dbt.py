"""``tieout dbt``: any dbt command on a sandbox that is never published."""

from __future__ import annotations

import argparse
import sys

from orchestration.commands.base import AddCommand, UsageError, make_home
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    dbt = command("dbt", "Run any dbt command on a sandbox that is never published: tieout dbt -- build")
    dbt.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- ARGS", help="what dbt is given")


def run_dbt(settings: Settings, arguments: argparse.Namespace) -> int:
    """Give dbt the arguments, in the sandbox."""
    given = list(arguments.arguments)
    if given[:1] == ["--"]:
        given = given[1:]
    if not given:
        raise UsageError("tieout dbt -- ARGS: say what dbt should do, for example: tieout dbt -- build")

    from orchestration.dbt_command import run_in_sandbox
    from orchestration.engines.duckdb import WAREHOUSE_FILE_NAME
    from orchestration.warehouse import refresh_sandbox

    make_home(settings)
    if (settings.raw_dir / "manifest.jsonl").exists():
        refresh_sandbox(settings)
    else:
        print(f"Nothing is loaded in {settings.home} yet; `tieout load` loads the exports.", file=sys.stderr)
    if not (settings.development_dir / WAREHOUSE_FILE_NAME).exists() and given[0] in ("build", "run", "test"):
        print(
            "The sandbox is empty; a part can be built once `tieout dbt -- build` has built all.",
            file=sys.stderr,
        )
    return run_in_sandbox(settings, given)


COMMANDS = {"dbt": run_dbt}
