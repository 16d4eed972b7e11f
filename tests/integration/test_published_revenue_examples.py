"""Worked examples of revenue recognition that others publish, from an export to the published tables.

The examples and their numbers are in ``tests/oracles/recognition_examples.py``; one export holds them all, a
customer each. What an invoice's own exchange rate does is shown in an export with a ledger of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import recognition
from tests.oracles.comparison import compare
from tests.oracles.published import read_tables
from tests.oracles.recognition_examples import (
    AS_OF,
    EXAMPLES,
    FIGURES,
    POLICIES,
    Example,
    Export,
    months_of,
    published_examples,
)

BuildWarehouse = Callable[..., Path]
Rows = list[dict[str, Any]]

BY_ACCOUNT = "fct_revenue_by_account_month"
DEFERRED = "fct_deferred_revenue_by_month"

# A ledger of one invoice, which nothing else of billing is in.
LEDGER: dict[str, Rows] = {
    "account": [
        {"id": "1", "acctnumber": "1100", "accttype": "OthCurrAsset", "fullname": "Suspense"},
        {"id": "2", "acctnumber": "2100", "accttype": "OthCurrLiab", "fullname": "Suspense, other side"},
    ],
    "accountingperiod": [
        {"id": "1", "periodname": "Jan 2019", "startdate": "2019-01-01", "enddate": "2019-01-31"}
    ],
    "currency": [{"id": "1", "symbol": "USD"}, {"id": "2", "symbol": "EUR"}],
    "transactionline": [
        {"id": "0", "transaction": "7", "foreignamount": "30.00"},
        {"id": "1", "transaction": "7", "foreignamount": "-30.00"},
    ],
    "transactionaccountingline": [
        {"transactionline": "0", "account": "1", "debit": "37.50", "amount": "37.50"},
        {"transactionline": "1", "account": "2", "credit": "37.50", "amount": "-37.50"},
    ],
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_examples().write(tmp_path_factory.mktemp("examples") / "landing")


@pytest.fixture(scope="module")
def published(landing: Path, build_warehouse: BuildWarehouse) -> dict[str, Rows]:
    return read_tables(build_warehouse(landing, as_of=AS_OF.isoformat()), [BY_ACCOUNT, DEFERRED])


@pytest.fixture(scope="module")
def by_account(published: Mapping[str, Rows]) -> dict[tuple[str, str, date], dict[str, Any]]:
    return {(row["account_id"], row["stream"], row["month"]): row for row in published[BY_ACCOUNT]}


@pytest.mark.parametrize("example", EXAMPLES, ids=[entry.source for entry in EXAMPLES])
def test_the_published_example_comes_out(
    example: Example, by_account: Mapping[tuple[str, str, date], Mapping[str, Any]]
) -> None:
    for month in months_of(EXAMPLES):
        row = by_account.get((example.customer, example.stream, month), {})
        for figure in {*FIGURES, *example.months}:
            found = row.get(f"{figure}_amount", Decimal(0))
            assert found == example.expected(figure, month), f"{figure} in {month:%B}"


def test_every_number_of_the_examples_is_the_oracles(landing: Path, published: Mapping[str, Rows]) -> None:
    expected = recognition.answer(landing, as_of=AS_OF, policies=POLICIES)
    differences = compare(published, expected)
    assert not differences, "\n".join(str(difference) for difference in differences[:20])


def test_an_invoice_keeps_the_rate_that_the_ledger_booked_it_at(
    tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    """30 EUR that the ledger booked at 1.25, on a day whose rate is 1.20."""
    export = Export()
    invoice = export.bill("own_rate", ("30", None), currency="eur")
    only_report = {
        "policy_key": "controls_that_only_report",
        "policy_value": "receivables revenue_by_stream revenue_by_stream_in_reporting_currency",
        "authority": "test",
        "why": "test",
    }
    export.tables["policy/metric_policies"].append(only_report)
    landing = export.write(tmp_path / "landing")
    entry = {
        "id": "7",
        "type": "CustInvc",
        "trandate": "2019-01-01",
        "postingperiod": "1",
        "posting": "T",
        "currency": "2",
        "exchangerate": "1.25",
        "externalid": invoice,
    }
    lines = [row | {"transaction": "7", "posting": "T"} for row in LEDGER["transactionaccountingline"]]
    for table, rows in (LEDGER | {"transaction": [entry], "transactionaccountingline": lines}).items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        with (landing / "ledger" / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    published = read_tables(build_warehouse(landing, as_of=AS_OF.isoformat()), [BY_ACCOUNT, DEFERRED])
    [row] = published[BY_ACCOUNT]
    assert (row["recognized_amount"], row["recognized_reporting_amount"]) == (Decimal(30), Decimal("37.5"))
    assert compare(published, recognition.answer(landing, as_of=AS_OF, policies=POLICIES)) == []
