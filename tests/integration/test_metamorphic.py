"""Changes of the export that may change the published tables only in a known way.

Nothing here knows what a number should be: one random company is published, then again with its files cut
up and its rows shuffled, with other ids and in other years, and with three times the money. Four builds in
all; a change that shares no cause with those of a build is best added to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.direct_builds import CompiledProject
from tests.oracles.landing import write_landing
from tests.oracles.published import ABOUT_THE_RUN, PublishedMarts, read_all_marts
from tests.oracles.random_companies import PREFIX_LENGTH, Account
from tests.oracles.transformations import (
    accounts_with_rival_statements,
    ids_of,
    is_close_in_scale,
    is_named_like_money,
    keep_order,
    names_in_another_order,
    raised_company,
    renamed,
    rows_renamed,
    rows_scaled,
    rows_shifted,
    scaled,
    shifted,
    shuffled,
    unequal,
)

ACCOUNT_COUNT = 150
# Weekdays and leap days fall as they did; into the past, since nobody has synced in the future.
YEARS = -28


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return raised_company("metamorphic", ACCOUNT_COUNT, tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module")
def publish(
    build_warehouse: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., PublishedMarts]:
    """Writes an export and publishes it; gives every table that is about the company."""

    def run(tables: Account, *, cut_up: tuple[str, ...] = ()) -> PublishedMarts:
        landing = tmp_path_factory.mktemp("landing")
        write_landing(landing, tables)
        for table in cut_up:
            cut_in_two(landing / f"{table}.csv")
        return read_all_marts(build_warehouse(landing))

    return run


@pytest.fixture(scope="module")
def base(tables: Account, publish: Callable[..., PublishedMarts]) -> PublishedMarts:
    return publish(tables)


def cut_in_two(file: Path) -> None:
    """Every other row into a second file of the table: those of one customer are then in both."""
    header, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    folder = file.with_suffix("")
    folder.mkdir()
    for name, part in (("first", rows[::2]), ("second", rows[1::2])):
        (folder / f"{name}.csv").write_text(header + "".join(part), encoding="utf-8")
    file.unlink()


def check(published: PublishedMarts, expected: PublishedMarts, **how: Any) -> None:
    assert published.keys() == expected.keys()
    found = [
        f"{table}: {text}"
        for table, rows in expected.items()
        for text in unequal(published[table], rows, **how)
    ]
    assert not found, "\n".join([f"{len(found)} differences", *found[:20]])


def test_the_company_has_something_to_lose(base: PublishedMarts) -> None:
    assert len(base["fct_mrr_by_account_month"]) > 200 and len(base["fct_mrr_events"]) > 200
    assert not ABOUT_THE_RUN & base.keys()


def test_amounts_are_those_that_contracts_give_in_a_currency(
    base: PublishedMarts, compiled_project: CompiledProject
) -> None:
    """What is scaled is told by its name; a number that is new says by its description what it is."""
    columns = {
        (node["name"], column): " ".join(entry["description"].split())
        for node in compiled_project.manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"] in base
        for column, entry in node["columns"].items()
        if entry["data_type"].startswith("decimal") and column != "exchange_rate"
    }
    assert not [
        place for place, text in columns.items() if is_named_like_money(place[1]) != ("currency" in text)
    ]
    assert len(columns) > 300


def test_files_cut_up_and_rows_shuffled_change_nothing(
    tables: Account, base: PublishedMarts, publish: Callable[..., PublishedMarts]
) -> None:
    check(publish(shuffled(tables, "seed"), cut_up=("billing/invoice_line_item", "billing/invoice")), base)


def test_other_ids_in_the_same_order_and_other_years_change_names_and_dates_only(
    tables: Account, base: PublishedMarts, publish: Callable[..., PublishedMarts]
) -> None:
    ids = ids_of(tables)
    expected = {
        table: rows_renamed(rows_shifted(rows, YEARS), ids, keep_order) for table, rows in base.items()
    }
    check(publish(renamed(shifted(tables, YEARS), keep_order)), expected)


def test_three_times_the_money_is_three_times_every_amount_whatever_the_order_of_ids(
    tables: Account, base: PublishedMarts, publish: Callable[..., PublishedMarts]
) -> None:
    """The order of ids may decide three things only.

    Of two lines that speak from one moment on the higher id wins: accounts with such lines keep their order.
    Of two customers that are one account the lower one names it: they keep their order among themselves.
    The smallest unit of a split that is not even goes to the lowest item or segment: less than the rounding.
    """
    rivals = {customer[:PREFIX_LENGTH] for customer in accounts_with_rival_statements(tables)}
    assert ACCOUNT_COUNT / 5 < len(rivals) < ACCOUNT_COUNT * 4 / 5
    rename = names_in_another_order(tables, rivals)
    ids = ids_of(tables)
    expected = {table: rows_renamed(rows_scaled(rows, 3), ids, rename) for table, rows in base.items()}
    check(publish(scaled(renamed(tables, rename), 3)), expected, is_close=is_close_in_scale)


def test_a_cut_leaves_every_row_in_one_of_two_files(tmp_path: Path) -> None:
    file = tmp_path / "invoice.csv"
    file.write_text("id\n1\n2\n3\n", encoding="utf-8")
    cut_in_two(file)
    assert {part.name: part.read_text(encoding="utf-8") for part in (tmp_path / "invoice").iterdir()} == {
        "first.csv": "id\n1\n3\n",
        "second.csv": "id\n2\n",
    }
    assert not file.exists()


def test_the_check_finds_a_single_wrong_cent() -> None:
    rows = [{"month": "2024-01", "closing_mrr_amount": 10.01}]
    with pytest.raises(AssertionError, match="1 differences"):
        check({"fct": rows}, {"fct": [rows[0] | {"closing_mrr_amount": 10.02}]})
