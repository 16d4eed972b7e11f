"""Decides whether a finished private build may be published, and says for a person what speaks against it.

Add a rule here when it must hold for every publication whatever the models are. A rule about the data itself
is a dbt test; this module only makes sure that every such test has spoken, and shows the rows that broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.engines import duckdb as engine
from orchestration.raw.contract import read_contracts
from orchestration.raw.problems import told
from orchestration.reporting import format_table, format_value

CONTROLS_TABLE = "fct_controls_by_period"
DIFFERENCES_TABLE = "fct_control_differences"
# The dbt test that stands for them; its rows are told in sentences.
CONTROLS_TEST = "assert_no_control_fails"
# Ten rows show the pattern; all of them can be had from the private build, whose path is in the message.
SHOWN_ROWS = 10
# The end of a reason is what a person acts on: cut nothing but a runaway value.
ROW_TEXT = 300
# As many raw rows as fct_control_differences names.
SHOWN_LABELS = 8
# Of models whose rows name people, in dbt_project.yml.
RESTRICTED_TAG = "restricted"
GRAIN_TEST = "unique_grain"
OF_PEOPLE = "Its rows name people and are not told here: look at them in the private build."
BUILT_RESOURCE_TYPES = frozenset({"model", "seed", "snapshot"})


@dataclass
class Audit:
    """What the audit found.

    Attributes:
        problems: what forbids publication, each a complete readable text, causes before consequences.
        warnings: tests of severity ``warn`` that did not hold.
        tests_passed, tests_failed: blocking tests that hold, and that do not hold or have no result.
        controls: number of rows of the control table per status.
    """

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tests_passed: int = 0
    tests_failed: int = 0
    controls: dict[str, int] = field(default_factory=dict)


def audit_build(manifest: Mapping[str, Any], run_results: Mapping[str, Any], warehouse_file: Path) -> Audit:
    """Audit a build: every node built, every blocking test has a result and holds, every control ties.

    Args:
        manifest: dbt's manifest of the build.
        run_results: dbt's results of the build.
        warehouse_file: the private database; only read.
    """
    audit = Audit()
    results = {result["unique_id"]: result for result in run_results["results"]}
    nodes = sorted(manifest["nodes"].values(), key=lambda node: node["unique_id"])
    skipped: list[str] = []

    for node in nodes:
        if node["resource_type"] not in BUILT_RESOURCE_TYPES or not _is_built(node):
            continue
        result = results.get(node["unique_id"])
        if result is None or result["status"] == "skipped":
            skipped.append(node["name"])
        elif result["status"] != "success":
            audit.problems.append(_describe_model_error(node, result))

    for node in nodes:
        if node["resource_type"] != "test":
            continue
        result = results.get(node["unique_id"])
        status = "missing" if result is None else result["status"]
        if status == "pass":
            audit.tests_passed += is_blocking(node)
        elif not is_blocking(node):
            # Skipped because of something that is told anyway.
            if status != "skipped":
                audit.warnings.append(
                    _describe_test(node, result, warehouse_file, is_of_people=_shows_people(node, manifest))
                )
        else:
            audit.tests_failed += 1
            if result is None or status == "skipped":
                skipped.append(node["name"])
            elif node["name"] == CONTROLS_TEST and status == "fail":
                audit.problems.append(describe_failing_controls(warehouse_file))
            else:
                audit.problems.append(
                    _describe_test(node, result, warehouse_file, is_of_people=_shows_people(node, manifest))
                )

    if skipped:
        names = ", ".join(skipped[:SHOWN_ROWS]) + (", ..." if len(skipped) > SHOWN_ROWS else "")
        why = "were not reached because of what stands above" if audit.problems else "have no result"
        audit.problems.append(f"{len(skipped)} models and tests {why}: {names}")
    if not audit.problems:
        # Only a whole build can be asked for its controls.
        _audit_controls(audit, warehouse_file)
    return audit


def is_blocking(test: Mapping[str, Any]) -> bool:
    """Whether publication needs this test to hold."""
    return str(test["config"].get("severity") or "error").lower() == "error"


def _is_built(node: Mapping[str, Any]) -> bool:
    return node["config"].get("materialized") != "ephemeral"


def _describe_model_error(node: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    told = f"{node['resource_type'].capitalize()} {node['name']} could not be built"
    if RESTRICTED_TAG in (node.get("tags") or ()):
        return f"{told} ({node['original_file_path']}). {OF_PEOPLE}"
    return f"{told} ({node['original_file_path']}):\n{_indented(str(result.get('message') or 'no message'))}"


def _shows_people(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether the rows that break a test may name people; those of a grain are its keys."""
    if (node.get("test_metadata") or {}).get("name") == GRAIN_TEST:
        return False
    parents = (manifest["nodes"].get(one) for one in (node.get("depends_on") or {}).get("nodes") or ())
    return any(RESTRICTED_TAG in (parent.get("tags") or ()) for parent in parents if parent)


def _describe_test(
    node: Mapping[str, Any],
    result: Mapping[str, Any] | None,
    warehouse_file: Path,
    *,
    is_of_people: bool = False,
) -> str:
    """The test's name, what it asserts, and the first rows that break it unless they name people."""
    status = "no result" if result is None else result["status"]
    if result is not None and result.get("failures"):
        count = result["failures"]
        status = f"{count} row{'s' if count != 1 else ''}"
    text = f"Test {node['name']} does not hold ({status}; {node['original_file_path']})."
    description = (node.get("description") or "").strip()
    if description:
        text += f"\n  It asserts: {description}"
    if result is None:
        return text
    if is_of_people:
        return f"{text}\n  {OF_PEOPLE}"
    if result["status"] == "error":
        return f"{text}\n{_indented(str(result.get('message') or 'no message'))}"
    return f"{text}\n{_sample(warehouse_file, str(result.get('compiled_code') or ''))}"


def _sample(warehouse_file: Path, sql: str) -> str:
    if not sql.strip():
        return "  dbt kept no SQL to show its rows."
    try:
        rows = engine.read_rows(warehouse_file, sql, limit=SHOWN_ROWS)
    except duckdb.Error as error:
        return f"  Its rows cannot be shown: {error}"
    if not rows.values:
        return "  It returns no row any more."
    table = format_table(rows.columns, rows.values, cell_width=ROW_TEXT, indent="    ")
    return f"  The first rows that break it:\n{table}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


def _audit_controls(audit: Audit, warehouse_file: Path) -> None:
    table = f"{engine.PUBLISHED_SCHEMA}.{CONTROLS_TABLE}"
    if not engine.has_table(warehouse_file, engine.PUBLISHED_SCHEMA, CONTROLS_TABLE):
        audit.problems.append(f"The build has no {table}, so nothing says that its numbers tie.")
        return
    counts = engine.read_rows(warehouse_file, f"select status, count(*) from {table} group by status")
    audit.controls = {str(status): int(count) for status, count in sorted(counts.values, key=str)}
    if _failing(warehouse_file, is_blocking=True):
        audit.problems.append(describe_failing_controls(warehouse_file))
    for control in _failing(warehouse_file, is_blocking=False):
        audit.warnings.append(f"{_describe_control(warehouse_file, control)}\n  It only reports, by policy.")


def _failing(warehouse_file: Path, *, is_blocking: bool) -> list[dict[str, Any]]:
    """Failing controls with the first month of each, in the order in which they began to fail."""
    rows = engine.read_rows(
        warehouse_file,
        f"""
        select
            control, dimension, currency_code, count(*) as months, min(period) as first_period,
            arg_min(expected_amount, period) as expected, arg_min(actual_amount, period) as actual,
            arg_min(difference_amount, period) as difference, arg_min(explanation, period) as explanation
        from {engine.PUBLISHED_SCHEMA}.{CONTROLS_TABLE}
        where status = 'fails' and is_blocking is {"true" if is_blocking else "false"}
        group by control, dimension, currency_code
        order by first_period, control, dimension, currency_code
        """,
    )
    return [dict(zip(rows.columns, values, strict=True)) for values in rows.values]


def describe_failing_controls(warehouse_file: Path) -> str:
    """Each blocking control that fails, and the raw rows that make its difference, largest first."""
    failing = _failing(warehouse_file, is_blocking=True)
    names = ", ".join(dict.fromkeys(control["control"] for control in failing))
    described = [_describe_control(warehouse_file, control) for control in failing[:SHOWN_ROWS]]
    if len(failing) > SHOWN_ROWS:
        described.append(f"... and {len(failing) - SHOWN_ROWS} more")
    text = "\n".join(described)
    return f"{len(failing)} control{'s fail' if len(failing) != 1 else ' fails'} ({names}):\n{text}"


def _describe_control(warehouse_file: Path, control: Mapping[str, Any]) -> str:
    by = "" if control["dimension"] == "all" else f", {control['dimension']}"
    since = f"{control['first_period']:%Y-%m}"
    if control["months"] > 1:
        since += f" (and {control['months'] - 1} later month{'s' if control['months'] > 2 else ''})"
    text = (
        f"  {control['control']}{by}, {control['currency_code']}, {since}: expected "
        f"{format_value(control['expected'])}, actual {format_value(control['actual'])}, "
        f"difference {format_value(control['difference'])}. "
        f"{control['explanation']}"
    )
    rows = engine.read_rows(
        warehouse_file,
        f"""
        select period, match_key, difference_amount, raw_row_count, raw_rows
        from {engine.PUBLISHED_SCHEMA}.{DIFFERENCES_TABLE}
        where control = ? and dimension = ? and currency_code = ?
            and (period = ? or (is_balance and period < ?))
        order by abs(difference_amount) desc, period, match_key
        """,
        limit=SHOWN_ROWS,
        parameters=[
            control["control"], control["dimension"], control["currency_code"], control["first_period"],
            control["first_period"],
        ],
    )  # fmt: skip
    for period, match_key, difference, row_count, raw_rows in rows.values:
        more = f" and {row_count - SHOWN_LABELS} more rows" if row_count > SHOWN_LABELS else ""
        where = f"{period:%Y-%m}, {match_key or 'no customer or document'}"
        text += f"\n    {format_value(difference)} in {where}: {raw_rows}{more}"
    return text


def audit_quarantine(
    load_report: Iterable[Mapping[str, Any]],
    quarantined_rows: Sequence[Mapping[str, Any]],
    *,
    max_share: Decimal,
) -> list[str]:
    """The tables with a larger share of quarantined rows than the policy allows, with their first bad cells.

    Args:
        load_report: one mapping per file with ``source``, ``table_name``, ``rows_read``,
            ``rows_quarantined``.
        quarantined_rows: one mapping per bad cell.
        max_share: policy ``max_quarantined_share``, 1 is all rows.
    """
    read: dict[tuple[str, str], int] = {}
    held_back: dict[tuple[str, str], int] = {}
    for row in load_report:
        table = (str(row["source"]), str(row["table_name"]))
        read[table] = read.get(table, 0) + int(row["rows_read"])
        held_back[table] = held_back.get(table, 0) + int(row["rows_quarantined"])
    problems = []
    for table, count in sorted(held_back.items()):
        if count == 0 or Decimal(count) <= max_share * read[table]:
            continue
        cells = [row for row in quarantined_rows if (row["source"], row["table_name"]) == table][:SHOWN_ROWS]
        columns = ["file_name", "line_number", "column_name", "value", "reason"]
        is_of_people = any(
            one.is_personal
            for source in read_contracts().values()
            for one in source.tables.values()
            if (one.source, one.name) == table
        )
        values = [
            [told(row[name], is_of_people=is_of_people) if name == "value" else row[name] for name in columns]
            for row in cells
        ]
        shown = format_table(columns, values, cell_width=ROW_TEXT, indent="    ")
        problems.append(
            f"{count} of {read[table]} rows of {'.'.join(table)} are in quarantine; the policy "
            f"max_quarantined_share allows a share of {max_share}. Correct the file, or raise the policy in "
            f"the landing folder's policy/metric_policies.csv.\n{shown}"
        )
    return problems
