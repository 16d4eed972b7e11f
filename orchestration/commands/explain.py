"""``tieout explain``: what an account cost in a month, down to the lines of the ledger."""

from __future__ import annotations

import argparse

from orchestration.commands.base import DONE, AddCommand, CommandFailed, UsageError, read_with
from orchestration.explaining import ExplainError, UnknownName, explain, read_month
from orchestration.reporting import printable
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    explanation = command(
        "explain", "Show what an account cost in a month, from its margin down to the lines of the ledger."
    )
    explanation.add_argument(
        "--account",
        required=True,
        help="its id or name, the id of a billing customer or CRM company, or unallocated",
    )
    explanation.add_argument("--month", metavar="YYYY-MM", required=True, type=read_with(read_month))
    explanation.add_argument("--bucket", help="only this bucket of costs, for example hosting")


def run_explain(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    import duckdb

    from orchestration.engines import duckdb as engine
    from orchestration.publication import current_version

    current = current_version(settings)
    if current is None:
        raise CommandFailed(f"Nothing is published in {settings.home} yet; run `tieout nightly` first.")
    try:
        with engine.open_for_query(current.warehouse_file) as connection:
            text = explain(connection, arguments.account, arguments.month, bucket=arguments.bucket)
            print(printable(text))
    except UnknownName as error:
        raise UsageError(str(error)) from error
    except ExplainError as error:
        raise CommandFailed(str(error)) from error
    except duckdb.CatalogException as error:
        raise CommandFailed(
            "The published version has no costs of accounts yet; `tieout nightly` makes a new one."
        ) from error
    return DONE


COMMANDS = {"explain": run_explain}
