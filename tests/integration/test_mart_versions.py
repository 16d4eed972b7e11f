"""A mart that changes: the contracts of the last release hold, and a new version is published beside the old.

The versions are of a real mart in a copy of the project with no other; the repository has no version that
nobody needs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dagster_dbt.asset_utils import build_dbt_specs
from packaging.version import Version

from orchestration import publication
from orchestration.commands import query
from orchestration.deprecation import Deprecated, as_record, deprecated_tables
from orchestration.raw.contract import read_contracts
from orchestration.raw.snapshot import write_table
from orchestration.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings, dbt_environment
from orchestration.warehouse import grain_columns
from orchestration.warehouse_asset import TableTranslator
from tests import published_contracts
from tests.dbt_rendering import Project
from tests.direct_builds import CompiledProject
from tests.published_contracts import Contract, broken_promises, contracts_of

TODAY = date(2026, 6, 1)
TABLE = Contract(
    schema="marts",
    model="fct_x",
    version=None,
    grain=["account_id", "month"],
    columns={"account_id": "varchar", "month": "date", "mrr_amount": "decimal(18,4)"},
    last_day=None,
)


def without(contract: Contract, *columns: str, **change: Any) -> Contract:
    kept = {name: kind for name, kind in contract.columns.items() if name not in columns}
    return replace(contract, columns=kept, **change)


# ---- what was promised


def test_the_published_tables_keep_what_the_last_release_promised(compiled_project: CompiledProject) -> None:
    """How a mart is changed all the same is in dbt_project/CONTRACTS.md."""
    last = published_contracts.releases()[-1]
    assert Version(last) <= Version(published_contracts.release())
    present = contracts_of(compiled_project.manifest)
    assert broken_promises(published_contracts.read(last), present, today=date.today()) == []  # noqa: DTZ011


def test_every_table_has_a_contract_to_keep(compiled_project: CompiledProject) -> None:
    last = published_contracts.read(published_contracts.releases()[-1])
    assert len(last) > 60
    assert all(one.grain and set(one.grain) <= set(one.columns) for one in last.values())
    present = contracts_of(compiled_project.manifest)
    written = json.loads(published_contracts.text_of(present))
    assert {table: Contract(**entry) for table, entry in written.items()} == present


@pytest.mark.parametrize(
    "present",
    [
        {"fct_x": TABLE},
        # A column more, in whatever order, breaks nobody's query.
        {"fct_x": replace(TABLE, columns={"a_share": "double", **TABLE.columns})},
        {"fct_x": TABLE, "fct_y": TABLE},
        {
            "fct_x": without(TABLE, "mrr_amount", version=2),
            "fct_x_v1": replace(TABLE, version=1, last_day="2026-12-31"),
        },
    ],
)
def test_what_breaks_no_reader_is_no_new_version(present: Mapping[str, Contract]) -> None:
    assert broken_promises({"fct_x": TABLE}, present, today=TODAY) == []


@pytest.mark.parametrize(
    ("present", "problem"),
    [
        ({}, "fct_x is gone"),
        ({"fct_x": without(TABLE, "mrr_amount")}, "mrr_amount is gone. Make it a new version"),
        (
            {"fct_x": replace(TABLE, columns={**TABLE.columns, "mrr_amount": "double"})},
            "mrr_amount was decimal(18,4) and is double",
        ),
        (
            {"fct_x": replace(TABLE, grain=["account_id", "month", "segment"])},
            "its grain was account_id, month and is account_id, month, segment",
        ),
        ({"fct_x": replace(TABLE, schema="restricted")}, "it moved from marts to restricted"),
        ({"fct_x": without(TABLE, "month", version=2)}, "keep fct_x_v1 beside it"),
        (
            {"fct_x": without(TABLE, "month", version=2), "fct_x_v1": replace(TABLE, version=1)},
            "fct_x_v1 has no deprecation_date",
        ),
        (
            {
                "fct_x": without(TABLE, "month", version=2),
                "fct_x_v1": without(TABLE, "month", version=1, last_day="2026-12-31"),
            },
            "fct_x_v1 is not what fct_x was: month is gone",
        ),
        (
            {"fct_x": without(TABLE, "month"), "fct_x_v1": replace(TABLE, last_day="2026-12-31")},
            "Make it a new version",
        ),
    ],
)
def test_what_breaks_a_reader_is_found(present: Mapping[str, Contract], problem: str) -> None:
    assert problem in "\n".join(broken_promises({"fct_x": TABLE}, present, today=TODAY))


@pytest.mark.parametrize(
    ("last_day", "is_kept"), [("2026-05-31", False), ("2026-06-01", True), ("2026-12-31", True), (None, True)]
)
def test_a_table_goes_after_the_day_that_a_release_has_named(last_day: str | None, is_kept: bool) -> None:
    released = {"fct_x_v1": replace(TABLE, version=1, last_day=last_day)}
    assert bool(broken_promises(released, {}, today=TODAY)) == is_kept


# ---- a mart of two versions

VERSIONS = """
    latest_version: 2
    versions:
      - v: 1
        deprecation_date: {last_day}
        columns: [{{include: all, exclude: [decided_by]}}, {{name: authority, data_type: varchar}}]
      - v: 2
"""
OLD_SQL = """-- Grain: one row per policy key: as in the latest version, with the name that the column had.
with

policies as (

    select * from {{ ref('dim_policies') }}

),

final as (

    select
        policy_key,
        policy_value,
        why,
        is_overridden,
        decided_by as authority
    from policies

)

select * from final
"""


@pytest.fixture(scope="module")
def changed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with only dim_policies and what it reads, whose authority is called decided_by now."""
    root = tmp_path_factory.mktemp("changed")
    project = root / "dbt_project"
    for part in ("dbt_project.yml", "profiles.yml", "macros", "tests/generic", "models/_groups.yml"):
        source, target = DBT_PROJECT_DIR / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for folder in ("reference", "policy"):
        shutil.copytree(PROJECT_ROOT / "seeds" / folder, root / "seeds" / folder)
    kept = {
        "staging/policy": ("stg_policy__metric_policies", "_policy__models.yml"),
        "intermediate/core": ("int_policies", "_core__models.yml"),
        "marts/core": ("dim_policies", "_core__models.yml"),
    }
    for place, (model, declarations) in kept.items():
        source, target = DBT_PROJECT_DIR / "models" / place, project / "models" / place
        target.mkdir(parents=True)
        shutil.copy(source / f"{model}.sql", target)
        declared = yaml.safe_load((source / declarations).read_text())["models"]
        (entry,) = [one for one in declared if one["name"] == model]
        if place.startswith("marts"):
            versions = yaml.safe_load(VERSIONS.format(last_day="2027-01-31"))
            entry = {**entry, **versions}
            for column in entry["columns"]:
                if column["name"] == "authority":
                    column["name"] = "decided_by"
        (target / declarations).write_text(yaml.safe_dump({"models": [entry]}, sort_keys=False))
    shutil.copy(
        DBT_PROJECT_DIR / "models/staging/policy/_policy__sources.yml", project / "models/staging/policy"
    )
    mart = project / "models/marts/core"
    text = (mart / "dim_policies.sql").read_text()
    assert "        authority,\n" in text
    (mart / "dim_policies.sql").write_text(
        text.replace("        authority,\n", "        authority as decided_by,\n")
    )
    (mart / "dim_policies_v1.sql").write_text(OLD_SQL)
    return project


@pytest.fixture(scope="module")
def built(changed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what dbt made of it."""
    folder = tmp_path_factory.mktemp("built")
    raw = folder / "raw" / "policy"
    raw.mkdir(parents=True)
    write_table(read_contracts()["policy"].tables["metric_policies"], [], raw / "metric_policies.parquet")
    places = {
        **dbt_environment(raw_snapshot=folder / "raw", warehouse_file=folder / "warehouse.duckdb"),
        "DBT_PROJECT_DIR": str(changed_project),
        "DBT_PROFILES_DIR": str(changed_project),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    run = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", "--select", "+dim_policies"],
        cwd=changed_project,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="module")
def manifest(built: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((built / "target" / "manifest.json").read_text())
    return read


def test_both_versions_are_published_side_by_side(
    built: Path, manifest: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path / "home", landing=tmp_path)
    grains = grain_columns(manifest)
    assert grains["dim_policies"] == grains["dim_policies_v1"] == ["policy_key"]
    version = publication.publish(
        settings,
        build_file=built / "warehouse.duckdb",
        sequence=1,
        run_id="run-1",
        record={"deprecated_tables": as_record(deprecated_tables(manifest))},
        key_columns=grains,
    )
    with duckdb.connect(str(version.warehouse_file), read_only=True) as connection:
        tables = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() "
            "where schema_name = 'marts' group by all order by all"
        ).fetchall()
        assert tables == [
            ("dim_policies", ["policy_key", "policy_value", "decided_by", "why", "is_overridden"]),
            ("dim_policies_v1", ["policy_key", "policy_value", "why", "is_overridden", "authority"]),
        ]
        ((rows, same),) = connection.execute(
            "select count(*), count(*) filter (old.authority = new.decided_by) "
            "from marts.dim_policies as new "
            "inner join marts.dim_policies_v1 as old on new.policy_key = old.policy_key"
        ).fetchall()
        assert rows == same > 0

    # Who asks the old one is told; who asks the latest is not.
    arguments = {"format": "csv", "restricted": False}
    for table, is_told in (("dim_policies_v1", True), ("marts.DIM_POLICIES", False)):
        parsed = query_arguments(sql=f"select count(*) from {table}", raw=False, **arguments)
        assert query.run_query(settings, parsed) == 0
        assert ("deprecated" in capsys.readouterr().err) == is_told


def query_arguments(**given: Any) -> Any:
    from argparse import Namespace

    return Namespace(**given)


def test_the_contracts_of_the_last_release_are_kept_by_the_old_version(manifest: dict[str, Any]) -> None:
    released = {"dim_policies": published_contracts.read(published_contracts.releases()[-1])["dim_policies"]}
    present = contracts_of(manifest)
    assert broken_promises(released, present, today=TODAY) == []
    assert present["dim_policies"].version == 2
    (alone,) = broken_promises(released, {"dim_policies": present["dim_policies"]}, today=TODAY)
    assert "authority is gone. Make it a new version and keep dim_policies_v1 beside it." in alone


def test_the_scheduler_knows_a_table_by_the_key_that_it_had(
    manifest: dict[str, Any], compiled_project: CompiledProject
) -> None:
    def keys(of: Mapping[str, Any]) -> set[tuple[str, ...]]:
        specs, _ = build_dbt_specs(
            translator=TableTranslator(),
            manifest=of,
            select="fqn:*",
            exclude="",
            selector="",
            io_manager_key=None,
            project=None,
        )
        return {tuple(spec.key.path) for spec in specs if "dim_policies" in spec.key.path[-1]}

    assert keys(compiled_project.manifest) == {("marts", "dim_policies")}
    assert keys(manifest) == {("marts", "dim_policies"), ("marts", "dim_policies_v1")}


def test_a_run_warns_of_what_is_about_to_go(manifest: dict[str, Any]) -> None:
    (old,) = deprecated_tables(manifest)
    assert old == Deprecated("dim_policies_v1", date(2027, 1, 31), "dim_policies")
    assert old.told(date(2027, 1, 31)) == (
        "dim_policies_v1 is deprecated and kept until 2027-01-31. Read dim_policies instead."
    )
    assert old.told(date(2027, 2, 1)) == (
        "dim_policies_v1 was to be kept until 2027-01-31 and may be missing from the next release. "
        "Read dim_policies instead."
    )
    whole = replace(old, successor=None)
    assert whole.told(TODAY).endswith("Nothing takes its place.")


def test_the_renderer_of_other_tests_names_versions_as_dbt_does(
    changed_project: Path, manifest: dict[str, Any]
) -> None:
    node = manifest["nodes"]["model.tieout.dim_policies.v1"]
    assert node["alias"] == "dim_policies_v1"
    assert manifest["nodes"]["model.tieout.dim_policies.v2"]["alias"] == "dim_policies"
    project = Project("duckdb", changed_project)
    rendered = {one.name: one.sql for one in project.models()}
    assert rendered["dim_policies_v1"].strip() == node["compiled_code"].strip()
    assert project.render("{{ ref('dim_policies', v=1) }}") == '"warehouse"."marts"."dim_policies_v1"'
    assert project.render("{{ ref('dim_policies', v=2) }}") == '"warehouse"."marts"."dim_policies"'
