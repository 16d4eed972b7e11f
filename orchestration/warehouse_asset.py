"""The build-and-publish step as the scheduler sees it: dbt models, their tests, solved tables, the version.

Add here what the scheduler should show of the step. What the step does is in ``warehouse.py``. It is one step
on purpose: split, a backfill would run the parts in different runs. It may be selected in parts, and does all
of its work whichever these are, or only a part would be audited.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY, build_dbt_specs

from orchestration.engines import duckdb as engine
from orchestration.identity.tables import SOURCE as IDENTITY_SOURCE
from orchestration.partitions import known_months, month_partitions, partitions_of_run
from orchestration.raw.contract import LANDING_SOURCES, read_contracts
from orchestration.raw_assets import MARKED_MONTHS
from orchestration.runs import Run, RunError, utc_now
from orchestration.settings import Settings
from orchestration.solvers.registry import SOLVERS
from orchestration.solvers.registry import SOURCE as SOLVED_SOURCE
from orchestration.warehouse import AuditFailed, Outcome, build_and_publish, is_fresh

PUBLISHED_ASSET = dg.AssetKey("published_warehouse")
FRESHNESS_CHECK = "billing_feed_is_fresh"


class TableTranslator(DagsterDbtTranslator):
    """A table keeps its key when its model gets versions: schema and name as published."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The key of a model, seed, snapshot or source of the manifest."""
        schema = dbt_resource_props.get("config", {}).get("schema")
        if dbt_resource_props.get("version") is None or schema is None:
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([schema, dbt_resource_props["alias"]])


def warehouse_asset(settings: Settings, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All dbt models, their tests as checks, and the published version, as one step that does all or nothing.

    dagster-dbt's spec builder is called directly because its decorator makes a step that builds the selected
    models alone; it is no public function, which is why the package's minor version is pinned.

    Args:
        settings: the home, and the first month that has a partition.
        manifest: dbt's manifest of the project.
    """
    model_specs, check_specs = build_dbt_specs(
        translator=TableTranslator(),
        manifest=manifest,
        select="fqn:*",
        exclude="",
        selector="",
        io_manager_key=None,
        project=None,
    )
    published_models = [
        spec.key
        for spec in model_specs
        if manifest["nodes"][_unique_id(spec)]["schema"] == engine.PUBLISHED_SCHEMA
    ]
    computed_specs = [*_identity_specs(), *_solved_specs(model_specs, manifest)]
    contracts = read_contracts()
    landing_tables = [table for name in LANDING_SOURCES for table in contracts[name].tables.values()]
    published_spec = dg.AssetSpec(
        PUBLISHED_ASSET,
        # Also on raw tables that no model reads yet: what cannot be loaded must stop the publication.
        deps=[*published_models, *(dg.AssetKey([table.source, table.name]) for table in landing_tables)],
        description="The version that analysts read: home/current/warehouse.duckdb, schema marts.",
        group_name="publication",
        kinds={"duckdb"},
    )
    freshness_spec = dg.AssetCheckSpec(
        FRESHNESS_CHECK,
        asset=PUBLISHED_ASSET,
        description="The billing feed's newest stamp is younger than policy source_freshness_max_age_hours.",
    )

    @dg.multi_asset(
        name="warehouse",
        specs=[
            # Whatever the months of a run, all months are built; partitions are here so that the scheduler
            # puts this step into the run that loads them.
            spec.replace_attributes(skippable=True, partitions_def=month_partitions(settings))
            for spec in [*model_specs, *computed_specs, published_spec]
        ],
        check_specs=[*check_specs, freshness_spec],
        # Whatever is selected, all is built, audited and published. Were the step declared to be indivisible,
        # the scheduler (1.13) would go through all its assets for each of them before it starts a backfill.
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"run"},
    )
    def warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
        run: Run = context.resources.run
        checks = [check for check in check_specs if check.key in context.selected_asset_check_keys]
        try:
            with run.step("build the warehouse"):
                outcome = build_and_publish(run)
        except AuditFailed as error:
            yield from _check_results(checks, error.run_results)
            raise dg.Failure(str(error), allow_retries=False) from None
        except RunError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        for event in _scheduler_events(run, outcome, [*model_specs, *computed_specs], checks):
            if event.asset_key in context.selected_asset_keys:
                yield event
        if outcome.is_new:
            own_months, known = partitions_of_run(context.run.tags), known_months(settings)
            others = [month for month in run.months_touched if month in known]
            for month in others[-MARKED_MONTHS:]:
                if own_months is None or month not in own_months:
                    context.log_event(
                        dg.AssetMaterialization(
                            asset_key=PUBLISHED_ASSET,
                            partition=month,
                            metadata={"version": outcome.version.name},
                        )
                    )

    return warehouse


def _identity_specs() -> list[dg.AssetSpec]:
    """The tables that say which records are one, between the exports and the models that read them."""
    contracts = read_contracts()
    exports = [("billing", "customer"), ("ledger", "entity"), ("policy", "identity_decisions")]
    exports += [("crm", table) for table in contracts["crm"].tables]
    return [
        dg.AssetSpec(
            # Equal to dbt's source key.
            dg.AssetKey([IDENTITY_SOURCE, table]),
            deps=[dg.AssetKey(list(export)) for export in exports],
            description="Which records of the exports are one, found before the models are built.",
            group_name=IDENTITY_SOURCE,
            kinds={"python"},
        )
        for table in contracts[IDENTITY_SOURCE].tables
    ]


def _solved_specs(model_specs: Sequence[dg.AssetSpec], manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """The tables that solvers write, each between the model that its solver reads and those that read it."""
    keys = {manifest["nodes"][_unique_id(spec)]["name"]: spec.key for spec in model_specs}
    return [
        dg.AssetSpec(
            # Equal to dbt's source key, which is what ties a model to its solved table.
            dg.AssetKey([SOLVED_SOURCE, table]),
            deps=[keys[solver.reads]],
            description=f"What solver {solver.name} made of {solver.reads}, in the middle of the build.",
            group_name=SOLVED_SOURCE,
            kinds={"python"},
        )
        for solver in SOLVERS
        for table in solver.writes
    ]


def _dependencies_first(specs: Sequence[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """In the order in which the scheduler wants to hear of them."""
    by_key = {spec.key: spec for spec in specs}
    graph = {spec.key: [dep.asset_key for dep in spec.deps if dep.asset_key in by_key] for spec in specs}
    return [by_key[key] for key in TopologicalSorter(graph).static_order()]


def _unique_id(spec: dg.AssetSpec | dg.AssetCheckSpec) -> str:
    return str((spec.metadata or {})[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY])


def _scheduler_events(
    run: Run,
    outcome: Outcome,
    table_specs: Sequence[dg.AssetSpec],
    check_specs: Sequence[dg.AssetCheckSpec],
) -> Iterator[Any]:
    """Materializations (of a new version only) and check results of a successful step."""
    record = outcome.version.record()
    tables: Mapping[str, Mapping[str, Any]] = record.get("tables", {})
    results = {result["unique_id"]: result for result in outcome.run_results["results"]}
    if outcome.is_new:
        for spec in _dependencies_first(table_specs):
            metadata: dict[str, Any] = {}
            if DAGSTER_DBT_UNIQUE_ID_METADATA_KEY in spec.metadata:
                result = results.get(_unique_id(spec), {})
                metadata["seconds"] = float(result.get("execution_time", 0))
            if spec.key.path[-1] in tables:
                metadata["dagster/row_count"] = tables[spec.key.path[-1]]["row_count"]
            yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)
        yield dg.MaterializeResult(
            asset_key=PUBLISHED_ASSET,
            metadata={
                "version": outcome.version.name,
                "path": dg.MetadataValue.path(str(outcome.version.warehouse_file)),
                "tests_passed": record.get("tests_passed", 0),
                "months_touched": ", ".join(run.months_touched),
            },
        )
    yield from _check_results(check_specs, outcome.run_results)
    data_clock_at = record.get("data_clock_at")
    yield dg.AssetCheckResult(
        asset_key=PUBLISHED_ASSET,
        check_name=FRESHNESS_CHECK,
        passed=is_fresh(
            None if data_clock_at is None else datetime.fromisoformat(data_clock_at),
            record.get("policies", {}),
            utc_now(),
        ),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"data_clock_at": str(data_clock_at)},
    )


def _check_results(
    check_specs: Sequence[dg.AssetCheckSpec], run_results: Mapping[str, Any]
) -> Iterator[dg.AssetCheckResult]:
    results = {result["unique_id"]: result for result in run_results["results"]}
    for check in check_specs:
        result = results.get(_unique_id(check), {})
        status = str(result.get("status", "no result"))
        yield dg.AssetCheckResult(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=status == "pass",
            severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
            metadata={"status": status, "failing_rows": int(result.get("failures") or 0)},
        )
