"""``tieout query``: one reading statement on the published version, as a table, CSV or JSON."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.commands.base import DONE, AddCommand, CommandFailed, UsageError
from orchestration.reporting import format_table
from orchestration.settings import Settings

# A table is for eyes; more rows than this are for a file, which --format csv writes without holding them in
# memory.
TABLE_ROWS = 10_000
FETCH_ROWS = 10_000
# What a spreadsheet takes for a formula, at the beginning of a text and behind what divides cells where its
# list separator is another one; the wide forms are what some of them read as the narrow ones.
_FORMULA = re.compile(r"(^|[;\t\r\n])(\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)*%?")


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    query = command("query", "Run one reading SQL statement on the published version.")
    query.add_argument("sql", help="for example: select * from fct_mrr_bridge_by_month")
    query.add_argument("--format", choices=["table", "csv", "json"], default="table")
    query.add_argument(
        "--raw",
        action="store_true",
        help="with --format csv: texts as they are stored, also those that a spreadsheet takes for a formula",
    )
    query.add_argument(
        "--restricted",
        action="store_true",
        help="read what names people, too; who may is decided by the group of restricted.duckdb",
    )


def run_query(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what the statement returns."""
    if arguments.raw and arguments.format != "csv":
        raise UsageError("--raw goes with --format csv; the other formats change no text.")
    import duckdb

    from orchestration.deprecation import named_in
    from orchestration.engines import duckdb as engine
    from orchestration.publication import current_version

    current = current_version(settings)
    if current is None:
        raise CommandFailed(f"Nothing is published in {settings.home} yet; run `tieout nightly` first.")
    restricted = _restricted_file(current) if arguments.restricted else None
    try:
        with engine.open_for_query(current.warehouse_file, restricted_file=restricted) as connection:
            result = engine.run_query(connection, arguments.sql)
            columns = [column[0] for column in result.description or []]
            _print_rows(columns, _fetch(result), arguments.format, is_raw=arguments.raw)
    except engine.QueryRefused as error:
        raise UsageError(str(error)) from error
    except duckdb.Error as error:
        raise CommandFailed(f"The query failed: {error}") from error
    for table in named_in(current.record(), arguments.sql):
        print(f"tieout: {table.told(datetime.now(UTC).date())}", file=sys.stderr)
    return DONE


def _restricted_file(version: Any) -> Path:
    """What names people in a published version, if the person who asks may read it."""
    file: Path = version.restricted_file
    if not file.exists():
        raise CommandFailed(
            f"Version {version.name} has no {file.name}: a person was erased since, or it is "
            "of an earlier release. The next `tieout nightly` writes one."
        )
    if not os.access(file, os.R_OK):
        raise CommandFailed(f"{file} names people and is not for everyone: you may not read it.")
    return file


def _fetch(result: Any) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(FETCH_ROWS):
        yield from rows


def without_formula(text: str) -> str:
    """A text that no spreadsheet computes: an apostrophe stands before what would begin a formula.

    Texts that are a number stay as they are.
    """
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def _print_rows(columns: list[str], rows: Iterator[tuple[Any, ...]], form: str, *, is_raw: bool) -> None:
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns if is_raw else map(without_formula, columns))
        for row in rows:
            writer.writerow([None if value is None else _csv_cell(value, is_raw=is_raw) for value in row])
    elif form == "json":
        separator = "[\n"
        for row in rows:
            pairs = ", ".join(
                f"{json.dumps(name, ensure_ascii=False)}: {to_json(value)}"
                for name, value in zip(columns, row, strict=True)
            )
            print(separator + "  {" + pairs + "}", end="")
            separator = ",\n"
        print("[]" if separator == "[\n" else "\n]")
    else:
        shown = [row for row, _ in zip(rows, range(TABLE_ROWS), strict=False)]
        print(format_table(columns, shown))
        if next(rows, None) is not None:
            print(f"Only the first {TABLE_ROWS:,} rows are shown; --format csv writes all.")


def _csv_cell(value: Any, *, is_raw: bool) -> str:
    if is_raw or isinstance(value, int | float | Decimal | date):
        return _plain(value)
    return without_formula(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return to_json(value) if isinstance(value, list | dict | tuple) else str(value)


def to_json(value: Any) -> str:
    """A value as JSON with every digit of a decimal, which a binary float would lose."""
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else "null"
    if isinstance(value, float):
        return repr(value) if value - value == 0 else "null"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_json(item) for item in value) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{json.dumps(str(key), ensure_ascii=False)}: {to_json(item)}" for key, item in value.items()
            )
            + "}"
        )
    return json.dumps(_plain(value), ensure_ascii=False)


COMMANDS = {"query": run_query}
