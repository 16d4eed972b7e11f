"""The example company, published by the nightly, against the definitions in plain Python.

Who is the same as whom is what the generator knows, so that a wrong link shows as wrong numbers.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from seeds.generator import labels
from tests.conftest import EXAMPLE_LANDING
from tests.oracles import answers, mrr
from tests.oracles.comparison import compare
from tests.oracles.identity import told_identity
from tests.oracles.published import read_marts

TABLE = "fct_mrr_by_account_month"


@pytest.fixture(scope="module")
def expected() -> dict[str, list[mrr.MartRow]]:
    with (EXAMPLE_LANDING / "policy" / "product_catalogue.csv").open(encoding="utf-8", newline="") as file:
        catalogue = {row["product_id"]: row for row in csv.DictReader(file)}
    truth = labels.truth_of()
    accounts = labels.true_accounts(truth)
    identity = told_identity(
        EXAMPLE_LANDING,
        company_groups={row.source_id: row.account_id for row in accounts if row.object_type == "company"},
        contact_groups=labels.true_contacts(truth),
        customer_groups={row.source_id: row.account_id for row in accounts if row.object_type == "customer"},
    )
    return answers.answer(EXAMPLE_LANDING, product_catalogue=catalogue, identity=identity)


def test_every_number_of_the_example_company_is_the_oracles(
    example_warehouse: Path, expected: dict[str, list[mrr.MartRow]]
) -> None:
    differences = compare(read_marts(example_warehouse), expected)
    assert not differences, "\n".join(str(difference) for difference in differences[:20])


def test_the_example_company_shows_every_movement(expected: dict[str, list[mrr.MartRow]]) -> None:
    assert {row["movement_type"] for row in expected[TABLE]} >= set(mrr.MOVEMENT_TYPES)
    assert {row["currency_code"] for row in expected["fct_mrr_events"]} >= {"USD", "EUR", "JPY", "KWD"}


@pytest.mark.parametrize(
    ("mutation", "column"),
    [
        (
            "update marts.{table} set closing_mrr_amount = closing_mrr_amount + 0.0001 where {row}",
            "closing_mrr_amount",
        ),
        ("update marts.{table} set movement_type = 'churn' where {row}", "movement_type"),
        ("delete from marts.{table} where {row}", "(row)"),
        ("insert into marts.{table} select * from marts.{table} where {row}", "(row)"),
    ],
)
def test_a_single_wrong_value_in_the_published_file_is_found(
    example_warehouse: Path,
    expected: dict[str, list[mrr.MartRow]],
    tmp_path: Path,
    mutation: str,
    column: str,
) -> None:
    row = next(row for row in expected[TABLE] if row["movement_type"] == "expansion")
    changed = tmp_path / "warehouse.duckdb"
    shutil.copyfile(example_warehouse, changed)
    with duckdb.connect(str(changed)) as connection:
        where = f"account_id = '{row['account_id']}' and month = date '{row['month']}'"
        connection.execute(mutation.format(table=TABLE, row=where))
    [difference] = compare(read_marts(changed), expected)
    assert (difference.table, difference.key, difference.column) == (
        TABLE,
        (row["account_id"], row["month"]),
        column,
    )
    if column == "closing_mrr_amount":
        assert difference.published - difference.expected == Decimal("0.0001")
