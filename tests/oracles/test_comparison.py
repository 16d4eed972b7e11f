"""The comparison reports what differs and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.oracles.comparison import compare_table

TABLE = "fct_mrr_by_account_month"
ROW: dict[str, Any] = {"account_id": "a", "month": "2024-01-01", "closing_mrr_amount": Decimal("8.3333")}
OTHER = ROW | {"account_id": "b"}


def test_equal_rows_in_another_order_do_not_differ() -> None:
    assert compare_table(TABLE, [OTHER | {"movement_subtype": "pause"}, ROW], [ROW, OTHER]) == []


def test_the_last_digit_makes_a_difference_that_names_table_key_and_column() -> None:
    [difference] = compare_table(TABLE, [ROW | {"closing_mrr_amount": Decimal("8.3334")}], [ROW])
    assert str(difference) == (
        "fct_mrr_by_account_month [a, 2024-01-01] closing_mrr_amount: published 8.3334, expected 8.3333"
    )


def test_a_row_too_many_too_few_or_twice_is_a_difference() -> None:
    assert [difference.key for difference in compare_table(TABLE, [ROW, OTHER], [ROW])] == [
        ("b", "2024-01-01")
    ]
    assert [difference.key for difference in compare_table(TABLE, [ROW], [ROW, OTHER])] == [
        ("b", "2024-01-01")
    ]
    assert [difference.published for difference in compare_table(TABLE, [ROW, ROW], [ROW])] == ["2 times"]


def test_null_differs_from_a_value() -> None:
    [difference] = compare_table(TABLE, [ROW | {"closing_mrr_amount": None}], [ROW])
    assert difference.published is None


def differs(column: str, published: Any, expected: Any) -> bool:
    return bool(compare_table(TABLE, [ROW | {column: published}], [ROW | {column: expected}]))


def test_a_rate_may_differ_in_the_last_digits_of_a_double_only() -> None:
    assert not differs("nrr_rate", 0.1 + 0.2, 0.3)
    assert differs("nrr_rate", 0.3 + 1e-12, 0.3)
    assert differs("nrr_rate", None, 0.3) and differs("nrr_rate", 0.0, None)
    assert differs("nrr_rate", 1e-300, 0.0)


def test_money_that_is_a_double_differs_even_where_it_is_equal() -> None:
    assert differs("closing_mrr_amount", 8.0, Decimal(8))
    assert differs("nrr_rate", Decimal("0.5"), 0.5)


def test_a_column_that_is_not_there_is_a_difference() -> None:
    [difference] = compare_table(TABLE, [ROW], [ROW | {"arr_amount": Decimal(1)}])
    assert (difference.column, difference.published) == ("arr_amount", "(no such column)")
