"""What must hold of MRR and what stands around it whatever the company is, shown on random accounts.

Examples with numbers are in the test module of each oracle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import mrr
from tests.oracles.mrr import MartRow
from tests.oracles.random_companies import Account, pack, random_accounts
from tests.oracles.subtypes import CHURN_SUBTYPES

Marts = dict[str, list[MartRow]]

BY_MONTH = "fct_mrr_by_account_month"
BY_CURRENCY = "fct_mrr_by_account_currency_month"
EVENTS = "fct_mrr_events"
DISCOUNT_TABLES = ("billing/coupon", "billing/discount", "billing/subscription_discount")

COMPANIES: dict[str, dict[str, Any]] = {
    "at the data clock": {},
    "as of a day in New York, with grace, in euros": {
        "as_of": date(2024, 4, 30),
        "policies": {
            "reporting_currency": "EUR",
            "reporting_time_zone": "America/New_York",
            "renewal_grace_days": "5",
        },
    },
    "impatient, with a fiscal year from April": {
        "policies": {"past_due_churn_days": "10", "fiscal_year_start_month": "4"}
    },
}


def marts_of(several: list[Account], folder: Path, **arguments: Any) -> Marts:
    packed = pack(several, folder, **arguments)
    return mrr.answer(
        folder, as_of=packed.as_of, policies=packed.policies, product_catalogue=packed.product_catalogue
    )


@pytest.fixture(scope="module", params=COMPANIES.values(), ids=list(COMPANIES))
def marts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return marts_of(random_accounts("identities", 120), tmp_path_factory.mktemp("landing"), **request.param)


def organic(row: Mapping[str, Any], suffix: str = "") -> Decimal:
    gained = sum(row[f"{name}_amount{suffix}"] for name in ("new", "reactivation", "expansion"))
    return gained - row[f"contraction_amount{suffix}"] - row[f"churn_amount{suffix}"]


def test_every_month_rolls_forward(marts: Marts) -> None:
    for suffix, table in (("", BY_MONTH), ("_in_currency", BY_CURRENCY)):
        closing_before: dict[Any, Decimal] = defaultdict(Decimal)
        for row in marts[table]:
            series = (row["account_id"], row.get("currency_code"))
            opening, closing = row[f"opening_mrr_amount{suffix}"], row[f"closing_mrr_amount{suffix}"]
            fx = Decimal(0) if suffix else row["fx_amount"]
            assert opening == closing_before[series]
            assert closing == opening + organic(row, suffix) + fx
            closing_before[series] = closing


def test_the_events_of_a_month_are_its_organic_change(marts: Marts) -> None:
    own: dict[Any, Decimal] = defaultdict(Decimal)
    converted: dict[Any, Decimal] = defaultdict(Decimal)
    for event in marts[EVENTS]:
        month = event["event_date"].replace(day=1)
        own[event["account_id"], event["currency_code"], month] += event["change_amount_in_currency"]
        converted[event["account_id"], month] += event["change_amount"]
    for row in marts[BY_CURRENCY]:
        key = (row["account_id"], row["currency_code"], row["month"])
        assert organic(row, "_in_currency") == own.pop(key, 0)
    for row in marts[BY_MONTH]:
        assert organic(row) == converted.pop((row["account_id"], row["month"]), 0)
    assert not any(own.values())
    assert not any(converted.values())


def test_the_currencies_of_an_account_add_up_to_it(marts: Marts) -> None:
    columns = ("opening_mrr_amount", "fx_amount", "closing_mrr_amount")
    totals: dict[Any, Decimal] = defaultdict(Decimal)
    for row in marts[BY_CURRENCY]:
        for column in columns:
            totals[row["account_id"], row["month"], column] += row[column]
    for row in marts[BY_MONTH]:
        for column in columns:
            assert row[column] == totals.pop((row["account_id"], row["month"], column), 0)
    assert not any(totals.values())


def test_net_is_gross_less_the_discount_and_never_below_nothing(marts: Marts) -> None:
    for row in marts[BY_MONTH]:
        assert row["gross_mrr_amount"] == row["closing_mrr_amount"] + row["discount_mrr_amount"]
        assert row["closing_mrr_amount"] >= 0
        assert row["discount_mrr_amount"] >= 0


def test_what_is_at_risk_or_past_due_is_part_of_mrr(marts: Marts) -> None:
    for row in marts[BY_MONTH]:
        assert 0 <= row["mrr_at_risk_amount"] <= row["closing_mrr_amount"]
        assert 0 <= row["mrr_past_due_amount"] <= row["closing_mrr_amount"]
        assert row["cmrr_amount"] >= row["closing_mrr_amount"] - row["mrr_at_risk_amount"]


def test_use_once_known_stays_known(marts: Marts) -> None:
    known: set[str] = set()
    for row in marts[BY_MONTH]:
        assert row["usage_mrr_amount"] is not None or row["account_id"] not in known
        if row["usage_mrr_amount"] is not None:
            known.add(row["account_id"])


def test_every_churn_has_a_reason_and_only_returns_resume(marts: Marts) -> None:
    allowed: dict[str | None, set[str | None]] = {
        "churn": {*CHURN_SUBTYPES},
        "reactivation": {None, "resume"},
    }
    for row in marts[BY_MONTH]:
        assert row["movement_subtype"] in allowed.get(row["movement_type"], {None})


def test_events_name_both_sides_where_there_are_two(marts: Marts) -> None:
    for event in marts[EVENTS]:
        assert (event["from_price_id"] is None) == (event["driver"] in {"start", "add_on"})
        assert (event["to_price_id"] is None) == (event["driver"] == "cancellation")
        assert (event["from_price_id"] is None) == (event["from_quantity"] is None)
        assert (event["to_price_id"] is None) == (event["to_quantity"] is None)
        assert event["driver"] != "start" or event["movement_type"] in {"new", "reactivation"}


def test_an_account_in_one_money_is_worth_the_same_at_constant_rates(marts: Marts) -> None:
    currencies: dict[str, set[str]] = defaultdict(set)
    for row in marts[BY_CURRENCY]:
        currencies[row["account_id"]].add(row["currency_code"])
    rates: dict[str, set[Decimal]] = defaultdict(set)
    for row in marts[BY_CURRENCY]:
        rates[row["currency_code"]].add(row["exchange_rate"])
    [reporting] = [currency for currency, values in rates.items() if values == {1}]
    rows = [row for row in marts[BY_MONTH] if currencies[row["account_id"]] == {reporting}]
    assert rows
    for row in rows:
        assert row["constant_currency_mrr_amount"] == row["closing_mrr_amount"]


def test_a_first_month_end_with_mrr_makes_the_cohort(marts: Marts) -> None:
    first: dict[str, tuple[date, Decimal]] = {}
    for row in marts[BY_MONTH]:
        if row["closing_mrr_amount"] > 0:
            first.setdefault(row["account_id"], (row["month"], row["closing_mrr_amount"]))
    for row in marts[BY_MONTH]:
        expected = first.get(row["account_id"], (None, None))
        assert (row["cohort_month"], row["initial_mrr_amount"]) == expected
        assert row["movement_type"] != "new" or row["month"] == row["cohort_month"]


def test_without_discounts_gross_stays_and_net_is_gross(tmp_path: Path) -> None:
    several = random_accounts("discounts", 60)
    bare = [
        {table: rows for table, rows in account.items() if table not in DISCOUNT_TABLES}
        for account in several
    ]

    def gross_of(marts: Marts) -> dict[Any, Decimal]:
        rows = marts[BY_MONTH]
        return {
            (row["account_id"], row["month"]): row["gross_mrr_amount"]
            for row in rows
            if row["gross_mrr_amount"]
        }

    with_discounts = marts_of(several, tmp_path / "with")
    without = marts_of(bare, tmp_path / "without")
    assert any(row["discount_mrr_amount"] for row in with_discounts[BY_MONTH])
    assert gross_of(without) == gross_of(with_discounts)
    assert all(row["gross_mrr_amount"] == row["closing_mrr_amount"] for row in without[BY_MONTH])


def test_endless_patience_is_none(tmp_path: Path) -> None:
    several = random_accounts("patience", 60)
    patient = marts_of(several, tmp_path / "patient", policies={"past_due_churn_days": "5000"})
    assert patient == marts_of(several, tmp_path / "never")
    assert patient != marts_of(several, tmp_path / "strict", policies={"past_due_churn_days": "10"})


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    several = random_accounts("order", 100)
    reversed_rows = [{table: rows[::-1] for table, rows in account.items()} for account in several]
    forwards = marts_of(several, tmp_path / "forwards")
    assert marts_of(reversed_rows, tmp_path / "backwards") == forwards
