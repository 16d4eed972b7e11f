"""The dbt project's own rules, on layers, names, SQL and documentation; each says what, why and how to fix.

Add a rule when a convention matters to who reads or runs the models. What a model computes is for dbt's unit
tests, how SQL is laid out for sqlfluff.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema
from sqlglot import exp

from orchestration.raw.contract import read_contracts
from tests.dbt_rendering import DBT_PROJECT, Project

MODELS = DBT_PROJECT / "models"

# One row by construction, each with what makes it so; a grain test would have no column to name.
SINGLE_ROW = {
    "int_data_clock": "an aggregate without group by",
    "int_invoice_line_counts": "a cross join of two such aggregates",
    "int_run_settings": "the operator's one row with such aggregates",
    "stg_control__build_parameters": "written as one row by the orchestration",
}
# Rows that nothing identifies.
WITHOUT_GRAIN = {
    "stg_control__quarantined_rows": "one cell may be named by several files and reasons",
    "stg_ledger__cloud_costs": "a cloud bill may charge the same twice",
    "stg_ledger__time_entries": "the same work may be recorded twice a day",
    "stg_crm__marketing_spends": "the same may be spent twice a day",
    "stg_crm__web_visits": "the same visit may be recorded twice",
}

# The published tables of subscription metrics and their keys, by which analysts join them.
PUBLISHED = {
    "dim_accounts": ["account_id"],
    "dim_account_members": ["source_system", "object_type", "source_id"],
    "fct_identity_coverage": ["source_system", "object_type", "match_method"],
    "fct_identity_reviews": ["object_type", "left_id", "right_id"],
    "dim_products": ["product_id"],
    "dim_plans": ["price_id"],
    "dim_months": ["month"],
    "dim_policies": ["policy_key"],
    "fct_mrr_by_account_month": ["account_id", "month"],
    "fct_mrr_by_account_currency_month": ["account_id", "currency_code", "month"],
    "fct_mrr_events": ["account_id", "event_date", "subscription_item_id", "event_number"],
    "fct_mrr_bridge_by_month": ["month"],
    "fct_mrr_bridge_by_segment_month": ["segment_type", "segment", "month"],
    "fct_subscription_metrics_by_month": ["month"],
    "fct_subscription_metrics_by_segment_month": ["segment_type", "segment", "month"],
    "fct_retention_by_cohort_month": ["cohort_month", "months_since"],
    "fct_retention_by_cohort_quarter": ["cohort_quarter", "quarters_since"],
    "fct_retention_by_segment_cohort_month": ["segment_type", "segment", "cohort_month", "months_since"],
    "fct_retention_curve_by_months_since": ["months_since"],
    "fct_retention_projection_by_months_since": ["segment_type", "segment", "months_since"],
    "fct_retention_projection_fits": ["segment_type", "segment"],
    "fct_definition_comparison_by_month": ["definition_set", "month"],
    "fct_definition_comparison_by_account_month": ["definition_set", "account_id", "month", "policy_key"],
    "fct_revenue_by_account_month": ["account_id", "stream", "currency_code", "month"],
    "fct_deferred_revenue_by_month": ["currency_code", "month"],
    "fct_receivables_by_account_month": ["account_id", "currency_code", "month"],
    "fct_revenue_bridge_by_month": ["month"],
    "fct_cost_allocations": [
        "month",
        "method",
        "pool",
        "from_department",
        "target_type",
        "target_id",
    ],
    "fct_cost_of_revenue_by_account_month": ["account_id", "bucket", "month"],
    "fct_cost_of_revenue_lines_by_month": ["month", "bucket", "ledger_account_id"],
    "fct_gross_margin_by_account_month": ["account_id", "month"],
    "fct_gross_margin_by_month": ["month"],
    "fct_gross_margin_by_segment_month": ["segment_type", "segment", "month"],
    "fct_cost_lines": ["transaction_id", "transaction_line_id", "part"],
    "fct_cost_pools_by_month": ["bucket", "is_direct", "department", "location", "month"],
    "fct_hosting_by_month": ["month", "provider", "environment"],
    "fct_amortization_by_asset_month": ["asset_id", "month"],
    "fct_unit_economics_by_month": ["month"],
    "fct_acquisition_costs_by_channel_month": ["month", "channel"],
    "fct_funnel_by_month": ["month", "channel"],
    "fct_pipeline_by_month": ["month", "stage"],
    "fct_sales_velocity_by_month": ["month"],
    "fct_search_share_by_month": ["month"],
    "fct_segments_by_year": ["segment_type", "segment", "cross_segment_type", "cross_segment", "year"],
    "fct_health_by_account_month": ["account_id", "month"],
    "fct_health_measures_by_account_month": ["account_id", "month", "score", "measure"],
    "fct_health_alerts": ["account_id", "month", "alert_kind"],
    "fct_nps_by_month": ["month"],
    "fct_nps_by_segment_month": ["segment_type", "segment", "month"],
    "fct_adoption_by_month": ["month"],
    "fct_adoption_by_segment_month": ["segment_type", "segment", "month"],
    "fct_support_by_month": ["month"],
    "fct_support_by_segment_month": ["segment_type", "segment", "month"],
    "fct_support_tickets": ["ticket_id"],
    "fct_support_entitlements": ["account_id", "basis", "valid_from_at"],
    "fct_money_back_requests": ["refund_id"],
    "dim_account_360": ["account_id"],
    "fct_controls_by_period": ["control", "period", "dimension", "currency_code"],
    "fct_trial_balance_by_period": ["account_id", "month"],
    "fct_control_differences": ["control", "period", "dimension", "currency_code", "match_key"],
    "fct_raw_rows_by_use": ["source", "table_name", "row_use"],
    "fct_load_report": ["source", "table_name", "file_name"],
    "fct_runs": ["run_id"],
    "dim_billing_customers_restricted": ["customer_id"],
    "dim_companies_restricted": ["company_id"],
    "dim_contacts_restricted": ["contact_id"],
    "fct_identity_reviews_restricted": ["object_type", "left_id", "right_id"],
}

NAMES = {
    "staging": r"stg_{folder}__([a-z_]+s|[a-z_]+_(report|catalogue|history))",
    "intermediate": r"int_[a-z_]+",
    # All around an account: the field's own word.
    "marts": r"(dim_[a-z_]+s|dim_account_360|fct_[a-z_]+|[a-z_]+_restricted)(_v[0-9]+)?",
}
# Which layers a layer may read; control tables tell about the load itself and are published as they are.
READS = {"staging": set(), "intermediate": {"staging", "intermediate"}, "marts": {"intermediate", "marts"}}
READS_STAGING_TOO = {"fct_load_report", "fct_runs"}
# The folder of marts that name people, which are published in a file of their own, and the ending of the
# staging models that only they may read.
RESTRICTED = "restricted"
DETAILS = "_details"
# Staging models for everybody that read a personal column (of the load contract) all the same, and why no
# person comes through.
PERSONAL_COLUMNS_READ = {
    ("stg_billing__customers", "name"): "names a company; the account of a person bears its id instead",
    (
        "stg_billing__invoice_line_items",
        "description",
    ): "says which side a proration is, and is not published",
    ("stg_crm__companies", "property_name"): "names a company; the account of a person bears its id instead",
    ("stg_crm__company_property_history", "value"): "of properties by which companies are segmented, by name",
    ("stg_crm__contact_property_history", "value"): "of the score alone, by name",
    ("stg_crm__deal_property_history", "value"): "of amount and close date alone, by name",
    ("stg_crm__web_visits", "page_url"): "the path alone: who asks is named in the query",
    (
        "stg_ledger__entities",
        "name",
    ): "vendors are shown; nobody who is paid and stands in no list of vendors is",
    ("stg_ledger__transactions", "memo"): "is not published",
    ("stg_ledger__transaction_lines", "memo"): "is not published",
}

# Pattern in the SQL without comments, and what to write instead.
FORBIDDEN = {
    r"\b(current_date|current_timestamp|now\s*\(|today\s*\(|localtime\w*|getdate)": "int_run_settings",
    r"\b(random|rand|uuid|gen_random_uuid|shuffle)\s*\(": "the same input must give the same table",
    r"::": "cast(... as ...), which both engines read",
    r"\bas\s+(float\d?|double|real|numeric\s*\))": "decimal with its digits, or integers: money is exact",
    r"\bavg\s*\(": "a sum and a count: the average of a decimal is binary",
    r"(?<!rows )\bbetween\b": ">= and <: ranges are half-open",
    r"\busing\s*\(": "on, with both columns written out",
    r"\bnatural\s+join\b": "on, with both columns written out",
    r"\bhash\s*\(|\bmd5\s*\(": "the columns of the grain: hashes differ between engines",
    r"\bselect\s+distinct\s+on\b": "row_number() with a total order",
    r"{{-?\s*config\s*\(": "dbt_project.yml, by folder",
    r"\btarget\.(name|type)\b": "a dispatched macro: no model asks which engine it runs on",
    r"\b(todo|fixme|xxx)\b": "an issue",
}
# What may stand in a file all the same, and why.
ALLOWED = {
    ("assert_prices_fit_exact_arithmetic.sql", "double"): "magnitudes only: an exact product could overflow",
    ("assert_costs_of_accounts_fit_exact_arithmetic.sql", "double"): "magnitudes only, as above",
    ("ratios.sql", "double"): "a ratio of exact sums, computed last",
}


@dataclass(frozen=True)
class Model:
    """One model file with its declaration.

    Attributes:
        layer, folder: as in ``models/<layer>/<folder>/<name>.sql``.
        text: the file.
        sql: what it compiles to on DuckDB.
        declaration: its entry in the folder's YAML, empty when there is none.
    """

    name: str
    layer: str
    folder: str
    text: str
    sql: str
    declaration: dict[str, Any]

    @property
    def grain(self) -> list[str] | None:
        """The columns of its grain test."""
        for test in self.declaration.get("data_tests", []):
            if isinstance(test, dict) and "unique_grain" in test:
                return list(test["unique_grain"]["arguments"]["columns"])
        return None

    @property
    def columns(self) -> list[dict[str, Any]]:
        return list(self.declaration.get("columns", []))

    def reads(self, function: str) -> list[str]:
        """What it names in ``ref`` or ``source`` calls, outside comments."""
        return re.findall(rf"{{{{ {function}\((.*?)\) }}}}", without_comments(self.text))


def without_comments(text: str) -> str:
    """SQL without its comments."""
    return re.sub(r"--[^\n]*|{#.*?#}|/\*.*?\*/", "", text, flags=re.DOTALL)


def by_version(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A declaration by the name of each version's file; the latest version has the plain name."""
    versions = entry.get("versions")
    if not versions:
        return {entry["name"]: entry}
    latest = entry.get("latest_version", max(version["v"] for version in versions))
    found = {}
    for version in versions:
        name = entry["name"] if version["v"] == latest else f"{entry['name']}_v{version['v']}"
        listed = version.get("columns", [{"include": "all"}])
        taken: dict[str, Any] = next(
            (one for one in listed if "include" in one), {"include": [], "exclude": []}
        )
        own = [one for one in listed if "include" not in one]
        inherited = [
            column
            for column in entry.get("columns", [])
            if taken["include"] in ("all", "*") or column["name"] in taken["include"]
            if column["name"] not in taken.get("exclude", [])
            if column["name"] not in {one["name"] for one in own}
        ]
        found[name] = {**entry, **version, "name": name, "columns": [*inherited, *own]}
    return found


@cache
def models() -> list[Model]:
    declared: dict[str, dict[str, Any]] = {}
    for path in MODELS.rglob("_*__models.yml"):
        for entry in yaml.safe_load(path.read_text())["models"]:
            for name, declaration in by_version(entry).items():
                assert name not in declared, f"{name} is declared twice; keep one declaration."
                declared[name] = {**declaration, "path": path}
    found = []
    for one in Project("duckdb").models():
        layer, folder = one.path.relative_to(MODELS).parts[:2]
        found.append(
            Model(one.name, layer, folder, one.path.read_text(), one.sql, declared.pop(one.name, {}))
        )
    assert not declared, f"declared, but there is no such model: {sorted(declared)}"
    return found


def test_a_declaration_with_versions_is_one_for_each_file() -> None:
    column_a, column_b = {"name": "a"}, {"name": "b"}
    entry = {
        "name": "fct_x",
        "columns": [column_a, column_b],
        "versions": [
            {"v": 1, "deprecation_date": "2030-01-31", "columns": [{"include": "all", "exclude": ["b"]}]},
            {"v": 2},
            {"v": 3, "columns": [{"include": ["b"]}, {"name": "c"}]},
        ],
    }
    found = {name: [column["name"] for column in one["columns"]] for name, one in by_version(entry).items()}
    assert found == {"fct_x_v1": ["a"], "fct_x_v2": ["a", "b"], "fct_x": ["b", "c"]}
    assert list(by_version({**entry, "latest_version": 2})) == ["fct_x_v1", "fct_x", "fct_x_v3"]


def each(layer: str | None = None) -> Iterator[Model]:
    return (model for model in models() if layer in (None, model.layer))


def rule(what: str, why: str, fix: str, broken_by: Iterable[Any]) -> None:
    """Fail with the rule and everything that breaks it."""
    broken = list(broken_by)
    assert not broken, f"{what}\nWhy: {why}\nFix: {fix}\nBroken by: {broken}"


def test_line_one_states_the_grain() -> None:
    rule(
        "Line 1 of every model is `-- Grain: one row ...`.",
        "The grain is what a reader and every join must know first.",
        "State what one row is, before anything else in the file.",
        (model.name for model in each() if not re.match(r"-- Grain: one row", model.text)),
    )


def test_every_model_is_declared_in_its_own_folder() -> None:
    rule(
        "Every model has a description in `_<folder>__models.yml` beside it.",
        "The catalogue is read by who does not read SQL; YAML per folder keeps it findable.",
        "Add name and description to that file.",
        (
            model.name
            for model in each()
            if not str(model.declaration.get("description", "")).strip()
            or model.declaration["path"]
            != MODELS / model.layer / model.folder / f"_{model.folder}__models.yml"
        ),
    )


def test_every_model_has_a_grain_test() -> None:
    exempt = {**SINGLE_ROW, **WITHOUT_GRAIN}
    rule(
        "Every model has a unique_grain test, or stands in SINGLE_ROW or WITHOUT_GRAIN with its reason.",
        "A double row doubles money without a word.",
        "Name the columns of its grain, all of them columns of the model.",
        (model.name for model in each() if (model.grain is None) != (model.name in exempt)),
    )
    rule(
        "A grain names columns that the model has.",
        "A misspelt column fails only when the test runs.",
        "Correct the name.",
        (
            (model.name, column)
            for model in each()
            for column in model.grain or []
            if column not in final_columns(model)
        ),
    )
    assert exempt.keys() <= {model.name for model in each()}, (
        "An exemption of a model that is no more: remove it."
    )


def test_single_rows_say_so() -> None:
    rule(
        "The grain of a single-row model begins `one row` and names no `per`.",
        "The exemption from the grain test must be true.",
        "Correct the grain line or give the model a grain test.",
        (
            model.name
            for model in each()
            if model.name in SINGLE_ROW and not re.match(r"-- Grain: one row[.,:]", model.text)
        ),
    )


def test_names_say_layer_and_source() -> None:
    rule(
        "Names are stg_<source>__<entity>s, int_<entity>s_<verb>ed_by_<grain>, dim_<entity>s, fct_<measure>.",
        "The name tells what to expect before the file is opened.",
        "Rename the model, or move it to the folder of its layer.",
        (
            model.name
            for model in each()
            if not re.fullmatch(NAMES[model.layer].format(folder=model.folder), model.name)
        ),
    )


def test_a_staging_model_reads_one_raw_table_and_nothing_else() -> None:
    rule(
        "A staging model reads exactly one source table of its folder, and no model.",
        "Names, types and units are given in one place per raw table.",
        "Move joins and unions to an intermediate model.",
        (
            (model.name, model.reads("source"), model.reads("ref"))
            for model in each("staging")
            if len(model.reads("source")) != 1
            or not model.reads("source")[0].startswith(f"'{model.folder}',")
            or model.reads("ref")
        ),
    )
    rule(
        "Only staging models read sources.",
        "A raw column that is renamed at the source must break one file.",
        "Read the staging model.",
        (model.name for model in each() if model.layer != "staging" and model.reads("source")),
    )


def test_every_billing_table_is_staged_once() -> None:
    declared = yaml.safe_load((MODELS / "staging/billing/_billing__sources.yml").read_text())["sources"][0][
        "tables"
    ]
    staged = [
        source
        for model in each("staging")
        if model.folder == "billing" and not model.name.endswith(DETAILS)
        for source in model.reads("source")
    ]
    assert sorted(staged) == sorted(f"'billing', '{table['name']}'" for table in declared), (
        "Every declared billing table has one staging model: what is loaded can be read by name and unit."
    )


def test_who_people_are_is_read_by_restricted_models_alone() -> None:
    restricted = {model.name for model in each() if model.folder == RESTRICTED or is_of_details(model)}
    rule(
        "What names people is read by the marts of the folder restricted alone.",
        "What everybody may read must not lead to a person, on whatever way.",
        "Move the model to marts/restricted, or read a staging model without who people are.",
        (
            (model.name, name)
            for model in each()
            for name in (read.strip("'") for read in model.reads("ref"))
            if name in restricted and model.folder != RESTRICTED
        ),
    )
    rule(
        "Restricted models and the details that they read are declared so in dbt_project.yml.",
        "dbt then refuses every other reader, and builds a restricted mart outside the published schema.",
        "Give it the tag, the group and the access of the others there.",
        (
            model.name
            for model in each()
            if (model.name in restricted)
            != (
                {"group": RESTRICTED, "access": "private", "tags": [RESTRICTED]}.items()
                <= configured(model).items()
            )
            or (
                model.layer == "marts"
                and (model.name in restricted) != (configured(model)["schema"] == RESTRICTED)
            )
        ),
    )


def test_a_staging_model_for_everybody_reads_no_personal_column() -> None:
    read = {
        (model.name, column.name, column.personal)
        for model in each("staging")
        if not is_of_details(model)
        for column in contract_of(model).columns
        if column.personal and re.search(rf"\b{column.name}\b", selected(model))
    }
    rule(
        "Addresses, names of people and telephone numbers are read by staging models of details alone, "
        "other personal columns where PERSONAL_COLUMNS_READ says why no person comes through.",
        "What staging does not read is in no table that is published, whatever a later model does.",
        "Leave the column out, or read it in a model named ..._details.",
        (
            (name, column, kind)
            for name, column, kind in sorted(read)
            if kind in ("email", "name", "phone") or (name, column) not in PERSONAL_COLUMNS_READ
        ),
    )
    models_read = {name for name, _, _ in read}
    assert "stg_billing__customers" in models_read, "The rule must see what is read."


def is_of_details(model: Model) -> bool:
    """Whether a staging model says who people are."""
    return model.layer == "staging" and model.name.endswith(DETAILS)


def selected(model: Model) -> str:
    """What a staging model takes from its raw table: the select list of its last step."""
    return re.search(r"final as \((.*)\)", without_comments(model.text), re.DOTALL)[1]  # type: ignore[index]


def contract_of(model: Model) -> Any:
    """The load contract of the raw table that a staging model reads."""
    source, table = re.findall(r"'([^']+)'", model.reads("source")[0])
    return read_contracts()[source].tables[table]


@cache
def project_configuration() -> dict[str, Any]:
    return dict(yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text())["models"]["tieout"])


def configured(model: Model) -> dict[str, Any]:
    """What dbt_project.yml says of a model, the nearest folder last."""
    found: dict[str, Any] = {}
    node: Any = project_configuration()
    for part in (model.layer, model.folder, model.name):
        node = node.get(part) or {}
        found.update({key.lstrip("+"): value for key, value in node.items() if key.startswith("+")})
    return found


def test_layers_read_only_downwards() -> None:
    layers = {model.name: model.layer for model in each()}
    allowed = {
        model.name: READS[model.layer]
        | ({"staging"} if model.name in READS_STAGING_TOO or model.folder == RESTRICTED else set())
        for model in each()
    }
    rule(
        "Intermediate models read staging and intermediate models, marts read intermediate models and marts.",
        "A mart that reads staging repeats decisions which belong to one intermediate model.",
        "Put what is needed into an intermediate model and read that.",
        (
            (model.name, name)
            for model in each()
            for name in (read.strip("'") for read in model.reads("ref"))
            if name in layers and layers[name] not in allowed[model.name]
        ),
    )


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_sql_has_nothing_forbidden(pattern: str) -> None:
    files = [
        *MODELS.rglob("*.sql"),
        *(DBT_PROJECT / "tests").rglob("*.sql"),
        *(DBT_PROJECT / "macros").rglob("*.sql"),
    ]
    rule(
        f"No SQL has `{pattern}`.",
        "It would make numbers depend on the clock, the engine or binary rounding, or hide what is joined.",
        f"Use {FORBIDDEN[pattern]}.",
        (
            (path.name, found.group())
            for path in files
            if (found := re.search(pattern, without_comments(path.read_text()), flags=re.IGNORECASE))
            and (path.name, found.group().split()[-1]) not in ALLOWED
        ),
    )


def test_the_last_step_is_called_final() -> None:
    rule(
        "A model ends with a CTE `final` and `select * from final`.",
        "The reader finds the columns at one place.",
        "Name the last CTE final; marts write every column out there.",
        (
            model.name
            for model in each()
            if not re.search(r"\nfinal as \(\n.*\n\)\n\nselect \* from final\n$", model.text, re.DOTALL)
        ),
    )


def test_no_star_over_a_join() -> None:
    rule(
        "No `select *` where tables are joined, and none in the last step of a mart.",
        "A column that is added upstream would change the model or become ambiguous.",
        "Write the columns out, or qualify the star with one table in an intermediate model.",
        (
            model.name
            for model in each()
            for select in sqlglot.parse_one(model.sql, read="duckdb").find_all(exp.Select)
            if (
                select.args.get("joins")
                and any(isinstance(column, exp.Star) for column in select.expressions)
            )
            or (
                model.layer == "marts"
                and is_final(select)
                and any(column.is_star for column in select.expressions)
            )
        ),
    )


def test_a_marts_columns_are_those_of_its_contract_in_order() -> None:
    rule(
        "The last step of a mart selects the declared columns in the declared order.",
        "The contract is what analysts see; dbt reorders silently, and then file and table differ.",
        "Bring the select list and the YAML into one order.",
        (
            (model.name, final_columns(model), [column["name"] for column in model.columns])
            for model in each("marts")
            if final_columns(model) != [column["name"] for column in model.columns]
        ),
    )


def test_every_mart_column_is_described_with_its_unit() -> None:
    rule(
        "Every column of a mart has a type and a description.",
        "What NULL means and in which unit a number stands is known only to who wrote it.",
        "Describe the column.",
        (
            (model.name, column["name"])
            for model in each("marts")
            for column in model.columns
            if not column.get("data_type") or not str(column.get("description", "")).strip()
        ),
    )
    rule(
        "Money says its currency, timestamps say UTC, and neither is a float; a ratio says when it is NULL.",
        "An amount without a unit is not a number, and a ratio without a base is none.",
        "Say `reporting currency` or the currency column, and the decimals; for timestamps `UTC`.",
        (
            (model.name, column["name"], column["description"])
            for model in each("marts")
            for column in model.columns
            if not has_unit(column["name"], column["description"], column["data_type"])
        ),
    )


def has_unit(name: str, description: str, data_type: str) -> bool:
    """Whether a described column says in which unit it stands."""
    if re.search(r"_amount(_in_currency)?$", name):
        return "currency" in description.lower() and data_type.startswith("decimal(")
    if re.search(r"_(rate|share|months|to_cac)$|^(quick_ratio|magic_number|rule_of_40)", name) and (
        data_type == "double"
    ):
        return "NULL" in description
    if name.endswith("_at"):
        return "UTC" in description and data_type == "timestamp"
    return not re.match("(float|double|real)", data_type)


def test_the_published_tables_are_there_with_their_keys() -> None:
    marts = {model.name: model.grain for model in each("marts")}
    rule(
        "The published tables of subscription metrics exist, each with its key as grain.",
        "Analysts' queries name them.",
        "Restore name and key; a new table is added to PUBLISHED.",
        (
            (name, key, marts.get(name))
            for name, key in {**marts, **PUBLISHED}.items()
            if marts.get(name) != PUBLISHED.get(name)
        ),
    )


def is_final(select: exp.Select) -> bool:
    """Whether a select is the CTE named final, or a branch of it."""
    cte = select.find_ancestor(exp.CTE)
    return cte is not None and cte.alias == "final"


def final_columns(model: Model) -> list[str]:
    """The columns that a model gives; a star is looked up in the step or model it stands for."""
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    steps = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    by_name = {other.name: other for other in models()}

    def columns(step: str) -> list[str]:
        query = steps[step]
        select = query if isinstance(query, exp.Select) else query.find(exp.Select)
        tables = [
            table.name
            for table in [select.args["from_"].this, *(join.this for join in select.args.get("joins") or [])]
        ]
        names: list[str] = []
        for column in select.expressions:
            if not column.is_star:
                names.append(column.alias_or_name)
                continue
            stands_for = column.table if isinstance(column, exp.Column) else tables[0]
            names += columns(stands_for) if stands_for in steps else final_columns(by_name[stands_for])
        return names

    return columns("final")


def yaml_problems(path: Path, validator: Any) -> list[str]:
    """What dbt's JSON schema says against a YAML file; dbt itself ignores a misspelt key."""
    errors = validator.iter_errors(yaml.safe_load(path.read_text()))
    return [f"{path.name}: {'.'.join(map(str, error.path))}: {error.message[:200]}" for error in errors]


def test_yaml_has_only_keys_that_dbt_knows() -> None:
    validator = CustomDraft7Validator(resources_schema())
    rule(
        "Every YAML file is valid against the JSON schema that dbt-core ships.",
        "dbt ignores a misspelt key, and with it the test or contract it names.",
        "Correct the key.",
        (problem for path in sorted(MODELS.rglob("*.yml")) for problem in yaml_problems(path, validator)),
    )
    assert yaml_problems(DBT_PROJECT / "dbt_project.yml", CustomDraft7Validator(project_schema())) == []


@pytest.mark.parametrize(
    "text",
    [
        "models: [{name: a, desciption: b}]",
        "models: [{name: a, columns: [{name: b, data_test: [not_null]}]}]",
        "unit_tests: [{name: a, model: b, given: [], expects: {rows: []}}]",
        "sources: [{name: a, table: []}]",
        "modles: []",
    ],
)
def test_a_misspelt_key_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "_a__models.yml"
    path.write_text(text)
    assert yaml_problems(path, CustomDraft7Validator(resources_schema()))


@pytest.mark.parametrize(
    "sql",
    [
        "select current_date as day",
        "select now() as moment",
        "select random() as number",
        "select amount::decimal(18, 4) as amount",
        "select cast(amount as double) as amount",
        "select avg(amount) as amount",
        "select 1 where day between a and b",
        "select 1 from a inner join b using (c)",
        "select md5(a) as key",
        "{{ config(materialized='view') }}",
        "{% if target.type == 'spark' %}",
    ],
)
def test_what_is_forbidden_is_found(sql: str) -> None:
    assert any(re.search(pattern, without_comments(sql), flags=re.IGNORECASE) for pattern in FORBIDDEN)


def test_comments_may_say_what_sql_may_not() -> None:
    sql = "select 1 -- not between now() and today()\n/* avg( */ {# current_date\n random() #}"
    assert not any(re.search(pattern, without_comments(sql), flags=re.IGNORECASE) for pattern in FORBIDDEN)
    assert without_comments("{# one #}\nselect 1 -- two\nfrom a /* three */") == "\nselect 1 \nfrom a "


@pytest.mark.parametrize(
    ("name", "description", "data_type"),
    [
        ("closing_mrr_amount", "MRR at the end.", "decimal(18,4)"),
        ("closing_mrr_amount", "Reporting currency.", "double"),
        ("created_at", "When it was created.", "timestamp"),
        ("ratio", "A share.", "double"),
        ("nrr_rate", "What the accounts of a year ago pay now, 1 = 100 %.", "double"),
        ("nrr_rate", "What the accounts of a year ago pay now; NULL without any.", "float"),
    ],
)
def test_a_column_without_a_unit_is_found(name: str, description: str, data_type: str) -> None:
    assert not has_unit(name, description, data_type)
