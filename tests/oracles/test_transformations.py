"""Changes of an export and what they do to the oracle's answers; the comparison is shown to find a wrong one.

The oracle stands in for the published tables here: what the project publishes is compared by the integration
tests. It reads the same rows in another way, so that a change that is made wrongly shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.mrr import MartRow
from tests.oracles.random_companies import PREFIX_LENGTH, Account, write_company
from tests.oracles.transformations import (
    accounts_with_rival_statements,
    ids_of,
    is_close_in_scale,
    keep_order,
    names_in_another_order,
    raised_company,
    renamed,
    rows_renamed,
    rows_scaled,
    rows_shifted,
    scaled,
    scramble,
    shifted,
    shuffled,
    unequal,
)

Marts = dict[str, list[MartRow]]


def answer(tables: Account, folder: Path) -> Marts:
    return write_company(tables, folder).expected()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return raised_company("transformed", 60, tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module")
def expected(tables: Account, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return answer(tables, tmp_path_factory.mktemp("landing"))


def all_unequal(published: Marts, expected: Marts, **how: Any) -> list[str]:
    assert published.keys() == expected.keys()
    return [text for table, rows in expected.items() for text in unequal(published[table], rows, **how)]


def changed(marts: Marts, change: Callable[[list[MartRow]], Any]) -> Marts:
    return {table: change(rows) for table, rows in marts.items()}


def test_the_order_of_rows_changes_nothing(tables: Account, expected: Marts, tmp_path: Path) -> None:
    assert shuffled(tables, "seed") != tables
    assert all_unequal(answer(shuffled(tables, "seed"), tmp_path), expected) == []


def test_ids_that_keep_their_order_change_their_names_only(
    tables: Account, expected: Marts, tmp_path: Path
) -> None:
    published = answer(renamed(tables, keep_order), tmp_path)
    ids = ids_of(tables)
    assert all_unequal(published, changed(expected, lambda rows: rows_renamed(rows, ids, keep_order))) == []
    assert all_unequal(published, expected)


def test_other_years_move_every_date(tables: Account, expected: Marts, tmp_path: Path) -> None:
    published = answer(shifted(tables, -28), tmp_path)
    assert all_unequal(published, changed(expected, lambda rows: rows_shifted(rows, -28))) == []


def test_three_times_the_money_is_three_times_every_amount_and_the_same_rates(
    tables: Account, expected: Marts, tmp_path: Path
) -> None:
    published = answer(scaled(tables, 3), tmp_path)
    tripled = changed(expected, lambda rows: rows_scaled(rows, 3))
    assert all_unequal(published, tripled, is_close=is_close_in_scale) == []
    assert all_unequal(published, expected, is_close=is_close_in_scale)


def test_ids_in_another_order_matter_only_where_statements_are_rivals(
    tables: Account, expected: Marts, tmp_path: Path
) -> None:
    rivals = accounts_with_rival_statements(tables)
    prefixes = {customer[:PREFIX_LENGTH] for customer in rivals}
    customers = {row["id"] for row in tables["billing/customer"]}
    assert 10 < len(rivals & customers) < 50

    def rename(name: str) -> str:
        return keep_order(name) if name[:PREFIX_LENGTH] in prefixes else scramble(name)

    ids = ids_of(tables)
    published = answer(renamed(tables, rename), tmp_path / "without rivals")
    named = changed(expected, lambda rows: rows_renamed(rows, ids, rename))
    assert all_unequal(published, named, is_close=is_close_in_scale) == []
    # Where they are rivals, another one wins.
    published = answer(renamed(tables, scramble), tmp_path / "all")
    named = changed(expected, lambda rows: rows_renamed(rows, ids, scramble))
    assert all_unequal(published, named, is_close=is_close_in_scale)


def test_a_leap_day_stays_a_leap_day() -> None:
    tables = {
        "billing/customer": [{"created": datetime(2024, 2, 29, 12, tzinfo=UTC), "id": "a", "name": None}]
    }
    assert shifted(tables, -28)["billing/customer"] == [
        {"created": datetime(1996, 2, 29, 12, tzinfo=UTC), "id": "a", "name": None}
    ]
    rows = [{"month": date(2024, 2, 1), "amount": 1, "base_year": 2024, "is_complete_year": True}]
    assert rows_shifted(rows, 4) == [
        {"month": date(2028, 2, 1), "amount": 1, "base_year": 2028, "is_complete_year": True}
    ]


def test_ids_are_renamed_wherever_they_stand_in_a_cell_and_nothing_else_is() -> None:
    ids = {"sub", "price", "cus"}
    rows = [
        {"item": "sub:price", "customers": "cus, sub", "id": "cus", "text": "cus pays", "n": 1, "no": None}
    ]
    assert rows_renamed(rows, ids, str.upper) == [
        {"item": "SUB:PRICE", "customers": "CUS, SUB", "id": "CUS", "text": "cus pays", "n": 1, "no": None}
    ]


def test_an_account_of_the_crm_alone_is_renamed_and_a_pair_keeps_its_lower_id_left() -> None:
    ids = {"a", "b", "cus"}
    names = {"a": "z", "b": "y", "cus": "zz"}.__getitem__
    pair = {"object_type": "company", "left_id": "a", "right_id": "b", "left_account_id": "crm:a"}
    pair |= {"right_account_id": "cus", "rule": "domain"}
    mixed = {"object_type": "customer", "left_id": "cus", "right_id": "b"}
    assert rows_renamed([pair, mixed], ids, names) == [
        {"object_type": "company", "left_id": "y", "right_id": "z", "left_account_id": "zz", "rule": "domain"}
        | {"right_account_id": "crm:z"},
        {"object_type": "customer", "left_id": "zz", "right_id": "y"},
    ]


def test_customers_of_an_account_keep_their_order_in_another_order_of_ids() -> None:
    customers = [f"a{number:04d}.cus_{name}" for number in range(9) for name in ("x", "a", "B")]
    kept = {"a0003."}
    rename = names_in_another_order({"billing/customer": [{"id": name} for name in customers]}, kept)
    by_account = [sorted(customers)[start : start + 3] for start in range(0, 27, 3)]
    assert all(sorted(map(rename, ids)) == list(map(rename, ids)) for ids in by_account)
    assert sorted(map(rename, customers)) != list(map(rename, sorted(customers)))
    assert (rename("a0003.cus_x"), rename("a0003.in_1")) == ("renamed a0003.cus_x", "renamed a0003.in_1")
    assert rename("a0004.in_1") == scramble("a0004.in_1")


def test_money_of_the_export_is_scaled_and_rates_and_counts_are_not() -> None:
    tables: dict[str, list[dict[str, Any]]] = {
        "billing/price": [{"unit_amount": 5, "unit_amount_decimal": "0.25", "recurring_interval_count": 2}],
        "billing/coupon": [{"percent_off": "10", "amount_off": None}],
        "ledger/currencyrate": [{"exchangerate": "1.1"}],
    }
    assert scaled(tables, 3) == {
        "billing/price": [{"unit_amount": 15, "unit_amount_decimal": "0.75", "recurring_interval_count": 2}],
        "billing/coupon": [{"percent_off": "10", "amount_off": None}],
        "ledger/currencyrate": [{"exchangerate": "1.1"}],
    }
    rows: list[MartRow] = [
        {"mrr_amount": Decimal("1.5"), "exchange_rate": Decimal(2), "nrr_rate": 0.5, "account_count": 3},
        {"actual_amount": Decimal(7), "explanation": "Every line (a count) is there."},
        {"actual_amount": Decimal(7), "explanation": "Accounts begin to pay (a count of accounts)."},
        {"amount": Decimal(2)},
    ]
    assert rows_scaled(rows, 3) == [
        rows[0] | {"mrr_amount": Decimal("4.5")},
        *rows[1:3],
        {"amount": Decimal(6)},
    ]


ROW: MartRow = {"account_id": "a", "closing_mrr_amount": Decimal("8.3333"), "count": 1, "nrr_rate": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_id": "b"},
        {"closing_mrr_amount": Decimal("8.3334")},
        {"closing_mrr_amount": None},
        {"count": 2},
        {"nrr_rate": 0.0},
    ],
)
def test_one_wrong_value_makes_rows_unequal(wrong: MartRow) -> None:
    other = ROW | {"account_id": "c"}
    assert unequal([other, ROW], [ROW, other]) == []
    assert unequal([ROW | wrong, other], [ROW, other])


@pytest.mark.parametrize(
    ("name", "one", "other", "close"),
    [
        ("closing_mrr_amount", Decimal("30.0001"), Decimal(30), True),
        ("closing_mrr_amount", Decimal("30.03"), Decimal(30), False),
        ("exchange_rate", Decimal("0.0066"), Decimal("0.0065"), False),
        ("nrr_rate", 0.9001, 0.9, True),
        ("nrr_rate", 0.901, 0.9, False),
    ],
)
def test_what_is_close_in_scale(name: str, one: Any, other: Any, close: bool) -> None:
    row = {"nrr_denominator_amount": Decimal(100), "churn_amount": Decimal(0)}
    assert is_close_in_scale(name, row | {name: one}, row | {name: other}) is close


def test_a_rate_of_small_amounts_is_not_so_exact() -> None:
    row = {"nrr_denominator_amount": Decimal(2), "nrr_rate": 0.9}
    assert is_close_in_scale("nrr_rate", row, row | {"nrr_rate": 0.905})
    assert not is_close_in_scale("nrr_rate", row, row | {"nrr_rate": 0.95})


def test_a_row_too_many_or_too_few_makes_rows_unequal() -> None:
    assert unequal([ROW, ROW], [ROW])
    assert unequal([], [ROW])
    assert unequal([ROW], [])
