"""The raw tables as the scheduler sees them: one asset per table and month, one step per source.

Add nothing per table: a table appears here when it is declared as a dbt source. How a file is read and what
is wrong with it is the business of ``raw/``.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg

from orchestration.months import MonthRange
from orchestration.partitions import known_months, month_partitions, partitions_of_run
from orchestration.raw.changes import dated_months
from orchestration.raw.contract import LANDING_SOURCES, SourceContract, read_contracts
from orchestration.raw.limits import GIGABYTE
from orchestration.raw.load import POLICY_SOURCE, FileResult, LoadError, LoadResult, load_landing
from orchestration.raw.problems import Problem
from orchestration.reporting import on_one_line
from orchestration.runs import Run, RunError
from orchestration.settings import Settings

# Each load problem is a line; a wrong delimiter must not scroll the first one off the screen.
SHOWN_PROBLEMS = 20
# Real exports carry dozens of columns that no model reads; the run's log names every one.
SHOWN_COLUMNS = 10
# A partition that is marked costs an event in the scheduler's history; a table that was corrected in more
# months than this says so in its metadata.
MARKED_MONTHS = 60
# Policies decide how the other sources are judged while they load, and one step loads them all, so that two
# stand for them: the daemon works on a backfill in proportion to the dependencies of its assets.
ROOTS = (dg.AssetKey([POLICY_SOURCE, "metric_policies"]), dg.AssetKey([POLICY_SOURCE, "product_catalogue"]))


def raw_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One step per declared source; what is selected of a source loads whole or not at all."""
    contracts = read_contracts()
    return [
        _source_asset(settings, name, contract, deps=[] if name == POLICY_SOURCE else ROOTS)
        for name, contract in contracts.items()
        if name in LANDING_SOURCES
    ]


def _source_asset(
    settings: Settings, source: str, contract: SourceContract, deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            # Equal to dbt's source key, which is what ties a model to its raw table.
            dg.AssetKey([source, table]),
            deps=deps,
            description=f"Raw table {source}.{table} as the landing folder last delivered it.",
            group_name=f"raw_{source}",
            kinds={"parquet"},
            partitions_def=month_partitions(settings),
            # Only what is selected is loaded.
            skippable=True,
        )
        for table in contract.tables
    ]

    @dg.multi_asset(
        name=f"load_{source}",
        specs=specs,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"run"},
    )
    def load_source(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run: Run = context.resources.run
        try:
            with run.step(f"load {source}"):
                result = _load(run, source, [key.path[-1] for key in context.selected_asset_keys])
        except RunError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        own_months = partitions_of_run(context.run.tags)
        yield from _materializations(source, context.selected_asset_keys, result)
        for mark in month_marks(settings, source, result, own_months):
            context.log_event(mark)

    return load_source


def _load(run: Run, source: str, tables: Sequence[str]) -> LoadResult:
    months = run.options.months
    run.note(f"Loading {source}" + ("" if months is None else f", monthly files of {months}"))
    try:
        result = load_landing(
            run.settings.raw_dir,
            run.settings.landing,
            loaded_at=datetime.now(UTC),
            sources=[source],
            tables=[f"{source}.{table}" for table in tables],
            months=months,
            accept_drop=run.options.accept_drop,
            on_progress=run.detail,
            unpacked_limit=int(run.settings.max_unpacked_gb * GIGABYTE),
        )
    except LoadError as error:
        raise RunError(describe_problems(source, error.problems)) from error
    run.note(_summary(source, result))
    for table, changes in result.sources[source].changes.items():
        run.has_loaded(
            f"{source}.{table}", {month: (rows.added, rows.removed) for month, rows in changes.items()}
        )
    for note in result.sources[source].notes:
        run.note(f"{source}: {note}")
    for table, columns in unknown_columns(result).items():
        run.note(f"{source}.{table}: {describe_columns(columns, SHOWN_COLUMNS)}")
        if len(columns) > SHOWN_COLUMNS:
            run.detail(f"{source}.{table}: {describe_columns(columns, len(columns))}")
    return result


def unknown_columns(result: LoadResult) -> dict[str, list[str]]:
    """By table the columns of any of its files that its declaration does not know, in name order."""
    columns: dict[str, set[str]] = {}
    for file in result.files:
        if file.unknown_columns:
            columns.setdefault(file.table, set()).update(file.unknown_columns)
    return {table: sorted(names) for table, names in columns.items()}


def describe_columns(columns: Sequence[str], shown: int) -> str:
    """A line about columns that are left out; beyond ``shown`` they are only counted."""
    more = f" and {len(columns) - shown} more (all are in the log)" if len(columns) > shown else ""
    what = "1 column is" if len(columns) == 1 else f"{len(columns)} columns are"
    return f"{what} not declared and left out: {on_one_line(', '.join(columns[:shown]))}{more}"


def _summary(source: str, result: LoadResult) -> str:
    files = result.sources[source].files
    if not files:
        return f"{source}: no files"
    tables = len({file.table for file in files})
    quarantined = sum(file.rows_quarantined for file in files)
    return (
        f"{source}: {tables} tables, {sum(file.rows_accepted for file in files):,} rows, "
        f"{sum(file.is_new for file in files)} new files"
        + (f", {quarantined:,} rows in quarantine" if quarantined else "")
    )


def describe_problems(source: str, problems: Sequence[Problem]) -> str:
    """The load problems of a source as one readable text: the first in its first line, then the others."""
    lines = [f"{source} was not loaded: {problems[0] if problems else 'no reason was given'}"]
    lines += [f"  {problem}" for problem in problems[1:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"  ... and {len(problems) - SHOWN_PROBLEMS} more.")
    lines.append("The raw layer keeps what it had of this source.")
    return "\n".join(lines)


def _materializations(
    source: str, selected: Collection[dg.AssetKey], result: LoadResult
) -> Iterator[dg.MaterializeResult]:
    files: dict[str, list[FileResult]] = {key.path[-1]: [] for key in sorted(selected)}
    changes = result.sources[source].changes
    for file in result.files:
        files[file.table].append(file)
    for table, read in files.items():
        contents = sorted(file.object_hash for file in read)
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([source, table]),
            # Equal contents are one version, whenever they were loaded.
            data_version=dg.DataVersion(hashlib.sha256(" ".join(contents).encode()).hexdigest()[:16]),
            metadata={
                "dagster/row_count": sum(file.rows_accepted for file in read),
                "rows_quarantined": sum(file.rows_quarantined for file in read),
                "files": len(read),
                "is_new": any(file.is_new for file in read),
                "rows_added": sum(rows.added for rows in changes.get(table, {}).values()),
                "rows_removed": sum(rows.removed for rows in changes.get(table, {}).values()),
                "months_touched": ", ".join(dated_months(changes.get(table, {}))),
                "changes": dg.MetadataValue.json(
                    {
                        month: {"rows_added": rows.added, "rows_removed": rows.removed}
                        for month, rows in changes.get(table, {}).items()
                    }
                ),
            },
        )


def month_marks(
    settings: Settings, source: str, result: LoadResult, own_months: MonthRange | None
) -> Iterator[dg.AssetMaterialization]:
    """Tells the scheduler of months that a load touched and that its run was not started for.

    They are those of the files that it read, and those that rows are dated in which it added or removed. A
    table that came whole for the first time touches none of them more than another.
    """
    loaded = result.sources[source]
    for table, changes in loaded.changes.items():
        months = {file.month for file in loaded.files if file.table == table and file.is_new and file.month}
        if months or table not in loaded.new_tables:
            months |= set(dated_months(changes))
        known = known_months(settings)
        others = sorted(
            month for month in months if month in known and (own_months is None or month not in own_months)
        )
        for month in others[-MARKED_MONTHS:]:
            rows = changes.get(month)
            yield dg.AssetMaterialization(
                asset_key=dg.AssetKey([source, table]),
                partition=month,
                metadata={
                    "rows_added": rows.added if rows else 0,
                    "rows_removed": rows.removed if rows else 0,
                },
            )
