"""The example company, published by the nightly, against the definitions in plain Python.

Who is the same as whom is what the generator knows, so that a wrong link shows as wrong numbers.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from seeds.generator import labels
from tests.conftest import EXAMPLE_LANDING
from tests.oracles import answers, mrr
from tests.oracles.comparison import MART_KEYS, compare, compare_table
from tests.oracles.identity import Identity, told_identity
from tests.oracles.members import coverage
from tests.oracles.published import PublishedMarts, read_marts
from tests.oracles.reviews import review_differences

TABLE = "fct_mrr_by_account_month"


@pytest.fixture(scope="module")
def identity() -> Identity:
    truth = labels.truth_of()
    accounts = labels.true_accounts(truth)
    return told_identity(
        EXAMPLE_LANDING,
        company_groups={row.source_id: row.account_id for row in accounts if row.object_type == "company"},
        contact_groups=labels.true_contacts(truth),
        customer_groups={row.source_id: row.account_id for row in accounts if row.object_type == "customer"},
    )


@pytest.fixture(scope="module")
def expected(identity: Identity) -> dict[str, list[mrr.MartRow]]:
    with (EXAMPLE_LANDING / "policy" / "product_catalogue.csv").open(encoding="utf-8", newline="") as file:
        catalogue = {row["product_id"]: row for row in csv.DictReader(file)}
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


# A table, and a column of each kind that an oracle answers about it.
ANSWERED_COLUMNS = [
    ("fct_segments_by_year", "amount"),
    ("fct_segments_by_year", "arr_amount"),
    ("fct_segments_by_year", "accounts"),
    ("fct_segments_by_year", "amount_share"),
    ("fct_segments_by_year", "cagr_rate"),
    ("fct_segments_by_year", "forecast_amount"),
    ("fct_acquisition_costs_by_channel_month", "recorded_spend_amount"),
    ("fct_acquisition_costs_by_channel_month", "marketing_amount"),
    ("fct_acquisition_costs_by_channel_month", "sales_amount"),
    ("fct_acquisition_costs_by_channel_month", "new_accounts"),
    ("fct_acquisition_costs_by_channel_month", "cac_amount"),
    ("fct_money_back_requests", "refund_amount_in_currency"),
    ("fct_money_back_requests", "days_after_first_payment"),
    ("fct_money_back_requests", "first_paid_on"),
    ("fct_search_share_by_month", "own_volume"),
    ("fct_search_share_by_month", "search_share"),
    ("fct_nps_by_month", "score"),
    ("fct_nps_by_segment_month", "respondents"),
    ("dim_account_members", "account_id"),
    ("dim_account_members", "surviving_id"),
    ("dim_account_360", "account_name"),
    ("dim_account_360", "parent_account_id"),
    ("dim_account_360", "owner_id"),
    ("dim_account_360", "mrr_amount"),
    ("dim_account_360", "lifetime_revenue_amount"),
    ("dim_account_360", "year_margin_amount"),
    ("dim_account_360", "receivable_amount"),
    ("dim_account_360", "nps_score"),
    ("dim_account_360", "seats_paid"),
    ("dim_account_360", "time_to_value_days"),
    ("dim_account_360", "open_tickets"),
    ("dim_account_360", "entitled_until_at"),
    ("dim_account_360", "next_renewal_date"),
    ("dim_account_360", "last_touched_at"),
    ("dim_account_360", "deployment"),
]


def another(value: Any) -> Any:
    """The nearest value of its kind."""
    if isinstance(value, str):
        return f"{value} "
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, Decimal):
        return value + Decimal(1).scaleb(int(value.as_tuple().exponent))
    return value + (1e-9 if isinstance(value, float) else 1)


@pytest.fixture(scope="module")
def published(example_warehouse: Path) -> PublishedMarts:
    return read_marts(example_warehouse)


@pytest.mark.parametrize(("table", "column"), ANSWERED_COLUMNS)
def test_a_value_that_is_a_little_wrong_and_a_row_that_is_gone_are_found(
    published: PublishedMarts, expected: dict[str, list[mrr.MartRow]], table: str, column: str
) -> None:
    rows = published[table]
    position = next(number for number, row in enumerate(rows) if row[column] is not None)
    row = rows[position]
    changed = row | {column: another(row[column])}
    key = tuple(row[name] for name in MART_KEYS[table])
    for found, name in (([changed], column), ([], "(row)")):
        differing = [*rows[:position], *found, *rows[position + 1 :]]
        [difference] = compare_table(table, differing, expected[table])
        assert (difference.key, difference.column) == (key, name)


def test_every_review_says_by_which_fields_and_how_much_two_records_are_alike(
    published: PublishedMarts, identity: Identity
) -> None:
    rows = published["fct_identity_reviews"]
    assert {row["object_type"] for row in rows} == {"company", "contact", "customer"}
    assert review_differences(rows, identity) == []


@pytest.mark.parametrize("kind", ["company", "contact", "customer"])
@pytest.mark.parametrize("column", ["rule", "score", "evidence", "left_account_id"])
def test_a_review_that_is_a_little_wrong_is_found(
    published: PublishedMarts, identity: Identity, kind: str, column: str
) -> None:
    row = next(row for row in published["fct_identity_reviews"] if row["object_type"] == kind)
    [difference] = review_differences([row | {column: another(row[column])}], identity)
    assert difference.column == column


@pytest.mark.parametrize(
    "column", [None, "record_count", "account_count", "record_share", "closing_mrr_amount"]
)
def test_coverage_counts_the_crosswalk_and_what_rests_on_it(
    published: PublishedMarts, expected: dict[str, list[mrr.MartRow]], column: str | None
) -> None:
    last_month = max(row["month"] for row in expected["fct_mrr_bridge_by_month"])
    counted = coverage(published["dim_account_members"], expected[TABLE], last_month)
    rows = published["fct_identity_coverage"]
    if column is None:
        assert compare_table("fct_identity_coverage", rows, counted) == []
        return
    position = next(n for n, row in enumerate(rows) if row[column] is not None)
    changed = rows[position] | {column: another(rows[position][column])}
    wrong = [*rows[:position], changed, *rows[position + 1 :]]
    [difference] = compare_table("fct_identity_coverage", wrong, counted)
    assert difference.column == column


def test_what_is_left_to_people_is_not_one_yet_and_nothing_true_is_passed_over(
    example_warehouse: Path,
) -> None:
    with duckdb.connect(str(example_warehouse), read_only=True) as connection:
        members = connection.execute(
            "select object_type, source_id, surviving_id, account_id from marts.dim_account_members"
        ).fetchall()
        reviews = connection.execute(
            "select object_type, left_id, right_id, left_account_id, right_account_id"
            " from marts.fct_identity_reviews"
        ).fetchall()
    survivors = {(kind, source): survivor for kind, source, survivor, _ in members}
    accounts = {(kind, source): account for kind, source, _, account in members}
    kinds = {"customer": ("customer", "company")}
    assert reviews
    for kind, left, right, left_account, right_account in reviews:
        left_kind, right_kind = kinds.get(kind, (kind, kind))
        assert left_account == accounts[left_kind, left]
        assert right_account == accounts[right_kind, right]
        assert survivors[left_kind, left] != survivors[right_kind, right]
        assert kind == "contact" or left_account != right_account
    asked = {(kind, frozenset({left, right})) for kind, left, right, *_ in reviews}
    passed_over = [
        pair
        for pair in labels.labelled_pairs()
        if pair.is_same and pair.object_type in {"company", "contact"}
        for one, other in [(pair.left_id, pair.right_id)]
        if survivors[pair.object_type, one] != survivors[pair.object_type, other]
        and (pair.object_type, frozenset({one, other})) not in asked
    ]
    assert passed_over == []
