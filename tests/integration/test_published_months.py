"""Months loaded one by one, published: the same tables as one full load, and an emptied month is empty."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.engines import duckdb as engine
from orchestration.months import MonthRange
from orchestration.raw.load import load_landing
from tests.direct_builds import CompiledProject, build_models, publish
from tests.oracles.landing import write_landing
from tests.oracles.small_company import SmallCompany

MONTHS = [f"2024-{number:02}" for number in range(1, 7)]
DATED = {"invoice": "created", "invoice_line_item": "period_start"}


def bounds(month: str) -> tuple[str, str]:
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return f"{first}", f"{following}"


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two accounts that pay by the month; invoices and their lines come as monthly files."""
    company = SmallCompany()
    for number, account in enumerate(("one", "two"), start=1):
        company.account(account)
        for month in MONTHS:
            start, end = bounds(month)
            company.is_served(account, start, end, 100 * number)
    folder = tmp_path_factory.mktemp("landing")
    write_landing(folder, company.tables)
    for table, dated_by in DATED.items():
        (file,) = (folder / "billing").glob(f"{table}.*")
        rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
        file.unlink()
        (folder / "billing" / table).mkdir()
        for month in MONTHS:
            with (folder / "billing" / table / f"{month}.csv").open("w", encoding="utf-8") as into:
                writer = csv.DictWriter(into, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(row for row in rows if row[dated_by].startswith(month))
    return folder


def load(home: Path, landing: Path, month: str, **options: Any) -> None:
    load_landing(
        home / "raw", landing, loaded_at=datetime.now(UTC), months=MonthRange(month, month), **options
    )


def tables(warehouse: Path) -> dict[str, Any]:
    record = json.loads((warehouse.parent / "build.json").read_text(encoding="utf-8"))
    # They say when something was loaded or run.
    return {
        name: table for name, table in record["tables"].items() if name not in ("fct_load_report", "fct_runs")
    }


def test_months_loaded_in_any_order_publish_what_one_full_load_does(
    compiled_project: CompiledProject, build_warehouse: Callable[..., Path], landing: Path, tmp_path: Path
) -> None:
    order = random.Random(7).sample(MONTHS, len(MONTHS))
    for month in [*order, order[0]]:
        load(tmp_path, landing, month)
    by_month = publish(compiled_project, landing, tmp_path)
    assert tables(by_month) == tables(build_warehouse(landing))
    assert engine.read_rows(by_month, "select count(*) from marts.fct_mrr_bridge_by_month").values != [(0,)]


def test_a_month_that_is_emptied_at_the_source_is_empty_in_staging_and_in_marts(
    compiled_project: CompiledProject, landing: Path, tmp_path: Path
) -> None:
    for month in MONTHS:
        load(tmp_path, landing, month)
    kept = {}
    for table in DATED:
        file = landing / "billing" / table / "2024-03.csv"
        kept[file] = file.read_text(encoding="utf-8")
        file.write_text(kept[file].splitlines()[0] + "\n", encoding="utf-8")
    try:
        load(tmp_path, landing, "2024-03", accept_drop=[f"billing.{table}" for table in DATED])
        built = build_models(
            compiled_project,
            landing,
            tmp_path,
            ["stg_billing__invoices", "stg_billing__invoice_line_items", "fct_mrr_bridge_by_month"],
        )
    finally:
        for file, text in kept.items():
            file.write_text(text, encoding="utf-8")
    for model, column in (("invoices", "created_at"), ("invoice_line_items", "period_start_at")):
        months = engine.read_rows(
            built, f"select distinct strftime({column}, '%Y-%m') from staging.stg_billing__{model} order by 1"
        ).values
        assert [month for (month,) in months] == [month for month in MONTHS if month != "2024-03"]
    bridge = engine.read_rows(
        built,
        "select strftime(month, '%Y-%m'), closing_mrr_amount from marts.fct_mrr_bridge_by_month order by 1",
    ).values
    closing = {month: f"{amount:.2f}" for month, amount in bridge}
    assert (closing["2024-02"], closing["2024-03"], closing["2024-04"]) == ("300.00", "0.00", "300.00")
