"""The worked example of the guide to ledger exports, as a reader would copy it.

Nothing of the example is repeated here: files and numbers are read out of the guide. What other ledgers teach
belongs in the unit tests of the models.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import DBT_PROJECT_DIR
from tests.small_landing import put

GUIDE = (DBT_PROJECT_DIR / "LEDGERS.md").read_text()
EXAMPLE = GUIDE.rsplit("```csv\n", 1)[1].split("```")[0]
FILE = re.compile(r"^# ([a-z]+/[a-z_]+\.csv)\n((?:[^#].*\n)+)", re.MULTILINE)
BALANCE = re.compile(r"^\| ([^|]+) " + r"\| (-?[0-9]+\.[0-9]{2}) " * 4 + r"\|$", re.MULTILINE)


@pytest.fixture(scope="module")
def guided_warehouse(build_warehouse: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the nightly publishes of the files of the guide."""
    landing = tmp_path_factory.mktemp("guide")
    for name, text in FILE.findall(EXAMPLE):
        put(landing, name, text)
    return build_warehouse(landing)


def rows(warehouse: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_control_of_the_guides_example_ties_or_has_nothing_to_compare(guided_warehouse: Path) -> None:
    statuses = rows(guided_warehouse, "select distinct control, status from marts.fct_controls_by_period")
    assert {status for _, status in statuses} <= {"ties", "no data"}
    assert {control for control, status in statuses if status == "ties"} >= {
        "trial_balance_in_total",
        "ledger_entries_balance_in_currency",
        "ledger_lines_are_posted_whole",
        "ledger_postings_in_their_period",
        "revenue_by_stream",
        "revenue_by_stream_in_reporting_currency",
        "deferred_revenue",
        "deferred_revenue_in_reporting_currency",
        "receivables",
    }


def test_the_example_compares_money_and_not_emptiness(guided_warehouse: Path) -> None:
    earned = rows(
        guided_warehouse,
        "select period::varchar, dimension, currency_code, actual_amount from marts.fct_controls_by_period "
        "where control like 'revenue_by_stream%' order by all",
    )
    assert earned == [
        ("2024-01-01", "subscription", "EUR", Decimal(62)),
        ("2024-01-01", "subscription", "USD", Decimal("68.2")),
        ("2024-02-01", "subscription", "EUR", Decimal(58)),
        ("2024-02-01", "subscription", "USD", Decimal("63.8")),
    ]


def test_the_trial_balance_is_as_the_guide_says(guided_warehouse: Path) -> None:
    said = sorted((name, *map(Decimal, amounts)) for name, *amounts in BALANCE.findall(GUIDE))
    assert len(said) == 5
    assert sum(balance for *_, balance in said) == 0
    assert said == sorted(
        rows(
            guided_warehouse,
            "select account_name, opening_balance_amount, debit_amount, credit_amount, "
            "closing_balance_amount from marts.fct_trial_balance_by_period where month = date '2024-02-01'",
        )
    )


def test_nothing_of_the_example_is_left_unused(guided_warehouse: Path) -> None:
    uses = rows(
        guided_warehouse,
        "select table_name, row_use from marts.fct_raw_rows_by_use where source = 'ledger' order by all",
    )
    assert {use for _, use in uses} == {"posted entry", "posted line", "read"}
