"""What became of every raw row is told: of each table that a published one rests on, and row by row.

Add a table of rows here when a model begins to read one of the CRM; which tables are read is found out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import pytest

from orchestration.engines import duckdb as engine
from tests.direct_builds import CompiledProject, build_models
from tests.small_landing import put, write_landing

USES = "fct_raw_rows_by_use"
COUNTED = "_rows_by_use"
SOURCES = ("billing", "crm", "ledger")
# Staged and counted, and read by no other model; such a table says so itself.
READ_BY_NOBODY = r"'(\w+)' as table_name,\s+'no model uses it yet' as row_use"
NAMED = r"'(\w+)' as table_name"


def uses_models(project: CompiledProject) -> set[str]:
    """The ids of the models that count rows by use, of which the published one is made."""
    nodes = project.manifest["nodes"]
    names = {name for name in project.models if nodes[name]["name"].endswith(COUNTED)}
    return {name for name in names if name in project.ancestors([USES])}


def counted_tables(project: CompiledProject, naming: str = NAMED) -> set[tuple[str, str]]:
    """Source and raw table of everything that the counting models name in such a way."""
    found = set()
    for name in uses_models(project):
        node = project.manifest["nodes"][name]
        if node["name"] == USES:
            continue
        sql = node["compiled_code"]
        named = set(re.findall(naming, sql))
        sources = set(re.findall(r"'(\w+)' as source\b", sql)) or {node["name"].split("_")[1]}
        read = tables_read(project, {name})
        found |= {(source, table) for source in sources for table in named if (source, table) in read}
    return found


def tables_read(
    project: CompiledProject, names: set[str], without: Collection[str] = ()
) -> set[tuple[str, str]]:
    """Source and raw table of everything that some models rest on, not by way of others."""
    nodes, sources = project.manifest["nodes"], project.manifest["sources"]
    found, seen, open_names = set(), set(), [*names]
    while open_names:
        name = open_names.pop()
        if name in seen or name in without:
            continue
        seen.add(name)
        if name in sources:
            found.add((sources[name]["source_name"], sources[name]["name"]))
        elif name in nodes:
            # Seeds rest on nothing.
            open_names.extend(nodes[name]["depends_on"].get("nodes", []))
    return {(source, table) for source, table in found if source in SOURCES}


def test_every_raw_table_that_a_published_one_rests_on_says_what_became_of_its_rows(
    compiled_project: CompiledProject,
) -> None:
    nodes = compiled_project.manifest["nodes"]
    published = {name for name in compiled_project.models if nodes[name]["fqn"][1] == "marts"}
    read = tables_read(compiled_project, published, without=uses_models(compiled_project))
    counted = counted_tables(compiled_project)
    assert len({table for source, table in read if source == "crm"}) > 15
    assert not read - counted, f"Say in a model of {USES} what becomes of the rows of these tables."
    idle = counted_tables(compiled_project, READ_BY_NOBODY)
    assert counted - read == idle, "A table that no other model reads says so, and no other does."


COMPANY = "id,property_name,property_createdate\nco_1,Alpha,2024-01-01T00:00:00Z\n"
# Of every table: its rows, and what becomes of them. The as-of is the first instant of March.
ROWS = {
    "activation_event": (
        "company_id,event,occurred_at\nco_1,built,2024-01-05T00:00:00Z\nco_1,built,2024-03-02T00:00:00Z\n",
        {"activation of an account": 1, "after the as-of": 1},
    ),
    "csm_rating": (
        "company_id,rated_at,rating\nco_1,2024-01-05T00:00:00Z,4\nco_1,2024-01-06T00:00:00Z,\n",
        {"rating of an account": 1, "without a rating": 1},
    ),
    "engagement": (
        "id,company_id,type,occurred_at\n"
        "e1,co_1,call,2024-02-01T00:00:00Z\n"
        "e2,co_1,call,\n"
        "e3,,call,2024-02-01T00:00:00Z\n"
        "e4,co_1,,2024-02-01T00:00:00Z\n"
        "e5,co_1, Note ,2024-02-01T00:00:00Z\n",
        {
            "touchpoint with who does not pay yet": 1,
            "of no day": 1,
            "with nobody who is known": 1,
            "of no type": 1,
            "a note: nobody was spoken to": 1,
        },
    ),
    "feedback_submission": (
        "id,company_id,value,submitted_at\n"
        "f1,co_1,9,2024-02-01T00:00:00Z\n"
        "f2,co_1,9,\n"
        "f3,co_1,,2024-02-01T00:00:00Z\n"
        "f4,,9,2024-02-01T00:00:00Z\n",
        {
            "answer for an account": 1,
            "of no day": 1,
            "without an answer": 1,
            "answer that speaks for no account": 1,
        },
    ),
    "product_usage": (
        "company_id,date,seats_active\nco_1,2024-02-01,3\nco_1,2024-02-02,\n",
        {"use by an account": 1, "without a number": 1},
    ),
    "ticket": (
        "id,company_id,property_createdate,handled_minutes\n"
        "t1,co_1,2024-02-01T00:00:00Z,5\n"
        "t2,co_1,,5\n"
        "t3,co_1,2024-02-01T00:00:00Z,\n"
        "t4,,2024-02-01T00:00:00Z,5\n",
        {
            "support of an account": 1,
            "of no day": 1,
            "support of an account, drives no costs without minutes": 1,
            "support of nobody who is known": 1,
        },
    ),
    "company_property_history": (
        "company_id,name,value,timestamp\n"
        'co_1,numberofemployees,"1,200",2024-01-01T00:00:00Z\n'
        "co_1,numberofemployees,many,2024-01-02T00:00:00Z\n"
        "co_1,numberofemployees,,2024-01-03T00:00:00Z\n",
        {"segments of an account": 2, "cannot be read: the value before stays": 1},
    ),
}


@pytest.fixture(scope="module")
def uses(
    compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    folder = tmp_path_factory.mktemp("uses")
    landing = write_landing(folder / "landing")
    put(landing, "crm/company.csv", COMPANY)
    for table, (text, _) in ROWS.items():
        put(landing, f"crm/{table}.csv", text)
    built: Path = build_models(compiled_project, landing, folder / "home", [USES])
    found: dict[str, dict[str, int]] = defaultdict(dict)
    sql = f"select table_name, row_use, row_count from marts.{USES} where source = 'crm'"
    for table, row_use, count in engine.read_rows(built, sql).values:
        found[table][row_use] = count
    return found


@pytest.mark.parametrize("table", ROWS)
def test_a_row_that_counts_for_nothing_is_counted_with_the_reason(
    uses: dict[str, dict[str, int]], table: str
) -> None:
    text, expected = ROWS[table]
    assert uses[table] == expected
    assert sum(expected.values()) == len(text.splitlines()) - 1
