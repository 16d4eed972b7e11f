"""The whole dbt project on the smallest company: models, data tests and unit tests, in one build.

Add here what must hold of any build; what a test finds in bad input is in ``test_checks_fail_on_bad_input``.
"""

from __future__ import annotations

import difflib

from tests.dbt_rendering import Project
from tests.integration.conftest import DbtBuild


def test_every_model_data_test_and_unit_test_succeeds(small_company: DbtBuild) -> None:
    nodes = {**small_company.manifest["nodes"], **small_company.manifest["unit_tests"]}
    not_run = sorted(set(nodes) - set(small_company.results))
    failed = sorted(
        name for name, result in small_company.results.items() if result["status"] not in ("success", "pass")
    )
    assert not not_run and not failed, small_company.output


def test_every_intermediate_model_and_mart_has_a_unit_test(small_company: DbtBuild) -> None:
    tested = {unit_test["model"] for unit_test in small_company.manifest["unit_tests"].values()}
    layers = {"intermediate", "marts"}
    models = {node["name"] for node in small_company.manifest["nodes"].values() if node["schema"] in layers}
    # Columns as they come, nothing to decide.
    copies = {"fct_load_report", "fct_runs"}
    assert models - tested == copies


def test_unit_tests_are_named_as_sentences(small_company: DbtBuild) -> None:
    names = {unit_test["name"] for unit_test in small_company.manifest["unit_tests"].values()}
    assert not {name for name in names if name.count("_") < 3 or name.startswith(("test_", "ut_"))}


def test_dbt_compiles_what_the_tests_render(small_company: DbtBuild) -> None:
    project = Project("duckdb", raw=str(small_company.raw))
    compiled = {
        node["name"]: small_company.results[unique_id]["compiled_code"].strip()
        for unique_id, node in small_company.manifest["nodes"].items()
        if node["resource_type"] in ("model", "test") and not node.get("test_metadata")
    }
    rendered = {one.name: one.sql.strip() for one in [*project.models(), *project.singular_tests()]}
    assert rendered.keys() == compiled.keys()
    differences = [
        "\n".join(
            difflib.unified_diff(
                compiled[name].splitlines(), rendered[name].splitlines(), name, lineterm="", n=1
            )
        )
        for name in rendered
        if compiled[name] != rendered[name]
    ]
    assert not differences, "\n".join(differences)
