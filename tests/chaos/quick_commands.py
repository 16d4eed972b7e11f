"""The real command line in a process of its own, with a build that takes no dbt and no scheduler.

What loads, audits, publishes, goes back, prunes and erases is the project's own; only the models are a few
tables made straight from the raw snapshot, so that what was lost of it shows in what is published. Add a
table here when the step after the build asks for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from orchestration import cli, dbt_command, warehouse
from orchestration.commands import nightly
from orchestration.raw.contract import LANDING_SOURCES, read_contracts
from orchestration.raw_assets import _load
from orchestration.runs import RunOptions, open_run
from orchestration.settings import Settings

# A customer of this name breaks the test of the small build.
BREAKS_THE_TEST = "cus_broken"
TEST = {
    "unique_id": "test.chaos.customers_are_well",
    "resource_type": "test",
    "name": "customers_are_well",
    "config": {"severity": "error"},
    "original_file_path": "tests/customers_are_well.sql",
    "description": "No customer is broken.",
}
BROKEN = f"select id from marts.dim_customers where id = '{BREAKS_THE_TEST}'"
AMOUNTS = ", ".join(f"0.00::decimal(18, 4) as {name}_amount" for name in nightly.MOVEMENT_COLUMNS)
TABLES = (
    "create schema marts",
    "create schema intermediate",
    "create schema restricted",
    "create table marts.dim_customers as select id from read_parquet('{raw}/billing/customer.parquet')",
    "create table marts.dim_coupons as select id from read_parquet('{raw}/billing/coupon.parquet')",
    # Beside the small tables one that does not fit into a few blocks.
    "create table marts.fct_numbers as select range as number, md5(range::varchar) as text from range(30000)",
    f"create table marts.fct_mrr_bridge_by_month as select date '2024-02-01' as month, {AMOUNTS}, "
    "true as is_complete_month",
    "create table marts.dim_months as select date '2024-02-01' as month, true as is_complete_month",
    "create table marts.fct_controls_by_period as select 'rows' as control, 'all' as dimension, 'USD' as "
    "currency_code, date '2024-02-01' as period, 1.0 as expected_amount, 1.0 as actual_amount, "
    "0.0 as difference_amount, '' as explanation, 'ties' as status, true as is_blocking",
    "create table marts.fct_retention_projection_fits as select 'fitted' as status, 'all' as segment_type, "
    "'all' as segment",
    "create table intermediate.int_run_settings as select timestamp '2024-03-01' as data_clock_at, "
    "timestamp '2024-03-01' as as_of_at",
    "create table intermediate.int_invoices_visible as select 1 as one",
    "create table restricted.dim_people as select id, email from "
    "read_parquet('{raw}/billing/customer.parquet')",
)


def build_small_tables(
    project: Any,
    *,
    raw_snapshot: Path,
    warehouse_file: Path,
    target_path: Path,
    logs_dir: Path,
    solve: Callable[[], None] | None = None,
    on_finished: Any = None,
) -> dbt_command.BuildResult:
    """In the place of ``dbt_command.build``."""
    target_path.mkdir(parents=True)
    with duckdb.connect(str(warehouse_file)) as connection:
        for statement in TABLES:
            connection.execute(statement.format(raw=raw_snapshot))
        broken = connection.execute(BROKEN).fetchall()
    result = {
        "unique_id": TEST["unique_id"],
        "status": "fail" if broken else "pass",
        "failures": len(broken),
        "compiled_code": BROKEN,
    }
    manifest = {"nodes": {TEST["unique_id"]: TEST}}
    files = {
        dbt_command.MANIFEST_FILE: manifest,
        dbt_command.RUN_RESULTS_FILE: {"results": [result]},
    }
    for name, value in files.items():
        (target_path / name).write_text(json.dumps(value), encoding="utf-8")
    return dbt_command.BuildResult(
        manifest,
        {"results": [result]},
        target_path / dbt_command.MANIFEST_FILE,
        target_path / dbt_command.RUN_RESULTS_FILE,
    )


def execute_without_scheduler(
    settings: Settings, options: RunOptions, job: str, reporter: Any, tables: Any
) -> tuple[str, str]:
    """In the place of what gives a job to the scheduler: the same steps, one after the other."""
    run_id = str(uuid.uuid4())
    contracts = read_contracts()
    try:
        with open_run(settings, options, reporter, scheduler_run_id=run_id, job=job) as run:
            for source in LANDING_SOURCES:
                with run.step(f"load {source}"):
                    _load(run, source, list(contracts[source].tables))
            if job != "load":
                with run.step("build the warehouse"):
                    warehouse.build_and_publish(run)
    except KeyboardInterrupt:
        return run_id, "interrupted"
    except Exception as error:
        return run_id, str(error)
    return run_id, ""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, negative for a signal, and all that it said."""

    code: int
    told: str


class Command:
    """A command that runs in a process of its own."""

    def __init__(
        self, settings: Settings, arguments: tuple[str, ...], prepare: Callable[[], object] | None = None
    ) -> None:
        self._output, output = os.pipe()
        self._process = get_context("fork").Process(
            target=_run, args=(settings, arguments, prepare, self._output, output)
        )
        self._process.start()
        os.close(output)

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def ended(self) -> Ended:
        """Wait for its end."""
        with os.fdopen(self._output, "rb") as file:
            told = file.read().decode(errors="replace")
        self._process.join()
        assert self._process.exitcode is not None
        return Ended(self._process.exitcode, told)


def _run(
    settings: Settings,
    arguments: tuple[str, ...],
    prepare: Callable[[], object] | None,
    reading: int,
    output: int,
) -> None:
    os.close(reading)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    # A shell starts background jobs with interrupts ignored, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        del os.environ[name]
    os.environ["TIEOUT_VERSION_MINIMUM_AGE_DAYS"] = f"{settings.version_minimum_age_days:g}"
    os.environ["TIEOUT_VERSIONS_KEPT"] = str(settings.versions_kept)
    with ExitStack() as stack:
        stack.enter_context(patch.object(nightly, "_execute", execute_without_scheduler))
        stack.enter_context(patch.object(dbt_command, "build", build_small_tables))
        stack.enter_context(patch.object(dbt_command, "parse_project", lambda _: None))
        # What it looks through does not change while tests run, and takes longer than all the rest.
        stack.enter_context(patch.object(dbt_command, "code_fingerprint", lambda: "code"))
        if prepare:
            prepare()
        place = ("--home", str(settings.home), "--landing", str(settings.landing))
        code = cli.main([*arguments, *place])
    sys.settrace(None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def tieout(settings: Settings, *arguments: str, prepare: Callable[[], object] | None = None) -> Ended:
    """Run a command to its end.

    Args:
        prepare: called in the process, before the command begins.
    """
    return Command(settings, arguments, prepare).ended()
