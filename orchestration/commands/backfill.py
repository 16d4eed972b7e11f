"""``tieout backfill``: load some months anew, of everything, a source or a table, and publish, in one run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from orchestration.commands.base import AddCommand, UsageError, read_with
from orchestration.commands.nightly import add_accept_drop, check_landing, check_tables, run_job
from orchestration.months import MonthRange, read_month_name
from orchestration.runs import RunOptions
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    backfill = command(
        "backfill", "Load the files of some months anew, build, test and publish, all in one run."
    )
    backfill.add_argument(
        "--from", dest="first", metavar="YYYY-MM", required=True, type=read_with(read_month_name)
    )
    backfill.add_argument(
        "--to", dest="last", metavar="YYYY-MM", required=True, type=read_with(read_month_name)
    )
    backfill.add_argument(
        "--source",
        metavar="S",
        nargs="+",
        action="extend",
        default=[],
        help="only this source: billing, crm, ledger or policy (default: all)",
    )
    backfill.add_argument(
        "--table", metavar="S.T", nargs="+", action="extend", default=[], help="only this table"
    )
    add_accept_drop(backfill)


def run_backfill(settings: Settings, arguments: argparse.Namespace) -> int:
    """Load the months and publish."""
    check_tables(arguments.accept_drop)
    check_landing(settings)
    try:
        months = MonthRange(arguments.first, arguments.last)
    except ValueError as error:
        raise UsageError(f"--from {arguments.first} --to {arguments.last}: {error}") from error
    tables = chosen_tables(arguments.source, arguments.table)
    _check_months(settings, months)
    options = RunOptions(accept_drop=tuple(arguments.accept_drop), months=months)
    return run_job(settings, options, "backfill", tables=tables)


def chosen_tables(sources: Sequence[str], tables: Sequence[str]) -> list[str] | None:
    """The tables as ``source.table`` that the arguments name, None for all.

    Raises:
        UsageError: there is no such source or table.
    """
    from orchestration.raw.contract import LANDING_SOURCES, read_contracts

    if not sources and not tables:
        return None
    contracts = read_contracts()
    known = [f"{source}.{table}" for source in LANDING_SOURCES for table in contracts[source].tables]
    for source in sources:
        if source not in LANDING_SOURCES:
            raise UsageError(f"--source {source}: there are {', '.join(LANDING_SOURCES)}.")
    for table in tables:
        if table not in known:
            raise UsageError(f"--table {table}: no such table; write for example billing.invoice.")
    return [name for name in known if name in tables or name.partition(".")[0] in sources]


def _check_months(settings: Settings, months: MonthRange) -> None:
    from orchestration.partitions import known_months

    known = known_months(settings)
    if months.first not in known or months.last not in known:
        raise UsageError(
            f"The scheduler knows the months {known}; an earlier first one is set with TIEOUT_FIRST_MONTH."
        )


COMMANDS = {"backfill": run_backfill}
