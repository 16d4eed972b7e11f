"""What moves between the segments of an account, in examples that can be worked out by hand.

Every amount is a month's MRR of the account. What must hold of any company is in ``test_oracle_identities``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.oracles.segments import UNKNOWN, classes_by_segment, share_out
from tests.oracles.small_company import SmallCompany, amounts, day

BRIDGE = "fct_mrr_bridge_by_segment_month"


def movements(
    company: SmallCompany, folder: Path, month: str, segment_type: str = "product"
) -> dict[str, dict[str, str]]:
    """By segment: what happened in a month, openings, closings and ARR left out."""
    rows = company.rows(folder, BRIDGE, segment_type=segment_type, month=month)
    balances = {"opening_mrr", "closing_mrr", "arr", "arpa"}
    return {
        row["segment"]: changes
        for row in rows
        if (changes := {name: value for name, value in amounts(row).items() if name not in balances})
    }


def counts(company: SmallCompany, folder: Path, **wanted: str) -> dict[str, str]:
    return amounts(company.row(folder, BRIDGE, **wanted), "_count")


# New, reactivation and churn of the account are so in every segment.


def test_a_new_account_is_new_in_every_segment_and_a_churned_one_churns_in_every_one(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 60, product="a")
    company.pays("acc", "2024-01", "2024-02", 40, product="b")
    assert movements(company, tmp_path, "2024-01") == {"a": {"new": "60.0000"}, "b": {"new": "40.0000"}}
    assert movements(company, tmp_path, "2024-02") == {}
    assert movements(company, tmp_path, "2024-03") == {"a": {"churn": "60.0000"}, "b": {"churn": "40.0000"}}


def test_an_account_that_comes_back_is_a_reactivation_also_in_a_segment_it_never_had(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-01", 60, product="a")
    company.pays("acc", "2024-03", "2024-03", 50, product="b")
    assert movements(company, tmp_path, "2024-03") == {"b": {"reactivation": "50.0000"}}


# Otherwise what one segment loses and another gains has moved, up to the smaller of both.


def test_a_pure_move_is_a_transfer_and_nothing_else(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product="a")
    company.pays("acc", "2024-03", "2024-04", 100, product="b")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"transfer_out": "100.0000"},
        "b": {"transfer_in": "100.0000"},
    }
    assert counts(company, tmp_path, segment_type="product", segment="a", month="2024-03") == {
        "opening_account": "1",
        "transfer_out_account": "1",
    }
    assert counts(company, tmp_path, segment_type="product", segment="b", month="2024-03") == {
        "transfer_in_account": "1",
        "closing_account": "1",
    }


def test_a_move_that_grows_is_a_transfer_and_the_growth_an_expansion(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product="a")
    company.pays("acc", "2024-03", "2024-04", 130, product="b")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"transfer_out": "100.0000"},
        "b": {"transfer_in": "100.0000", "expansion": "30.0000"},
    }


def test_a_move_that_shrinks_is_a_transfer_and_the_loss_a_contraction(tmp_path: Path) -> None:
    """100 becomes 50: half of what each of the two products lost has moved."""
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 60, product="a")
    company.pays("acc", "2024-01", "2024-02", 40, product="b")
    company.pays("acc", "2024-03", "2024-04", 50, product="c")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"transfer_out": "30.0000", "contraction": "30.0000"},
        "b": {"transfer_out": "20.0000", "contraction": "20.0000"},
        "c": {"transfer_in": "50.0000"},
    }


def test_a_product_that_shrinks_beside_one_that_grows_has_moved_too(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product="a")
    company.pays("acc", "2024-01", "2024-02", 50, product="b")
    company.pays("acc", "2024-03", "2024-04", 120, product="a")
    company.pays("acc", "2024-03", "2024-04", 40, product="b")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"transfer_in": "10.0000", "expansion": "10.0000"},
        "b": {"transfer_out": "10.0000"},
    }


def test_a_share_that_does_not_come_out_even_goes_to_the_lowest_of_equal_segments(tmp_path: Path) -> None:
    """100 moves to three products that gain 50 each: 33.3333 each, and the last 0.0001 to the first of them.

    In binary order Z comes before a, and é after both.
    """
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product="lost")
    for product in ("a", "é", "Z"):
        company.pays("acc", "2024-03", "2024-04", 50, product=product)
    assert movements(company, tmp_path, "2024-03") == {
        "lost": {"transfer_out": "100.0000"},
        "Z": {"transfer_in": "33.3334", "expansion": "16.6666"},
        "a": {"transfer_in": "33.3333", "expansion": "16.6667"},
        "é": {"transfer_in": "33.3333", "expansion": "16.6667"},
    }


def test_a_change_of_price_is_a_move_of_plan_but_not_of_product(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product="a")
    company.pays("acc", "2024-03", "2024-04", 130, product="a")
    assert movements(company, tmp_path, "2024-03") == {"a": {"expansion": "30.0000"}}
    assert movements(company, tmp_path, "2024-03", "plan") == {
        "a-100-usd": {"transfer_out": "100.0000"},
        "a-130-usd": {"transfer_in": "100.0000", "expansion": "30.0000"},
    }


def test_accounts_do_not_move_into_each_other(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("gone", "2024-01", "2024-02", 100, product="a")
    company.pays("come", "2024-03", "2024-04", 100, product="b")
    assert movements(company, tmp_path, "2024-03") == {"a": {"churn": "100.0000"}, "b": {"new": "100.0000"}}


def test_exchange_rates_are_fx_in_the_segment_and_decide_nothing_else(tmp_path: Path) -> None:
    """EUR 100 worth 110, then 120: of the account's 130 in March, 10 are fx and 10 are the new product."""
    company = SmallCompany()
    company.rates("EUR", y2024_02="1.1", y2024_03="1.2", y2024_04="1.2", y2024_05="1.2")
    company.pays("acc", "2024-02", "2024-04", 100, product="a", currency="eur")
    company.pays("acc", "2024-03", "2024-04", 10, product="b")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"fx": "10.0000"},
        "b": {"expansion": "10.0000"},
    }
    assert movements(company, tmp_path, "2024-03", "currency") == {
        "EUR": {"fx": "10.0000"},
        "USD": {"expansion": "10.0000"},
    }


def test_the_move_of_a_foreign_item_is_measured_at_the_rate_of_the_month(tmp_path: Path) -> None:
    company = SmallCompany()
    company.rates("EUR", y2024_02="1.1", y2024_03="1.2", y2024_04="1.2", y2024_05="1.2")
    company.pays("acc", "2024-02", "2024-02", 100, product="a", currency="eur")
    company.pays("acc", "2024-03", "2024-04", 100, product="b", currency="eur")
    assert movements(company, tmp_path, "2024-03") == {
        "a": {"fx": "10.0000", "transfer_out": "120.0000"},
        "b": {"transfer_in": "120.0000"},
    }


# Which segment a service is in.


@pytest.mark.parametrize(
    ("segment_type", "segment"),
    [
        ("country", "DE"),
        ("region", "Europe"),
        ("product", "gate"),
        ("plan", "gate-100-usd"),
        ("currency", "USD"),
        ("service_type", "security"),
        ("deployment", "cloud"),
    ],
)
def test_a_service_is_in_one_segment_of_each_type(tmp_path: Path, segment_type: str, segment: str) -> None:
    company = SmallCompany()
    company.account("acc", "de")
    company.add("billing/product", id="gate", metadata='{"service_type": "security", "deployment": "cloud"}')
    company.pays("acc", "2024-01", "2024-02", 100, product="gate")
    assert movements(company, tmp_path, "2024-01", segment_type) == {segment: {"new": "100.0000"}}


@pytest.mark.parametrize("segment_type", ["country", "region", "product", "service_type", "deployment"])
def test_what_nobody_says_is_the_segment_unknown(tmp_path: Path, segment_type: str) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-02", 100, product=None)
    assert movements(company, tmp_path, "2024-01", segment_type) == {UNKNOWN: {"new": "100.0000"}}


def test_a_country_that_no_region_has_is_itself_a_segment(tmp_path: Path) -> None:
    company = SmallCompany()
    company.account("acc", "xx")
    company.pays("acc", "2024-01", "2024-02", 100)
    assert movements(company, tmp_path, "2024-01", "country") == {"XX": {"new": "100.0000"}}
    assert movements(company, tmp_path, "2024-01", "region") == {UNKNOWN: {"new": "100.0000"}}


def test_a_test_customer_and_one_not_yet_known_are_nowhere(tmp_path: Path) -> None:
    company = SmallCompany()
    company.account("test", "DE", livemode=False)
    company.account("late", "DE", created=day("2024-04-01"))
    company.account("gone", "DE", is_deleted=True)
    for account in ("test", "late", "gone"):
        company.pays(account, "2024-01", "2024-02", 100)
    assert movements(company, tmp_path / "now", "2024-01", "country") == {
        "DE": {"new": "200.0000"},
        UNKNOWN: {"new": "100.0000"},
    }
    rows = company.answer(tmp_path / "then", as_of=date(2024, 3, 31))[BRIDGE]
    january = [row for row in rows if row["segment_type"] == "country" and row["month"] == date(2024, 1, 1)]
    assert {row["segment"]: str(row["new_amount"]) for row in january} == {
        "DE": "100.0000",
        UNKNOWN: "200.0000",
    }


def test_the_catalogue_says_what_the_product_leaves_open_and_no_more(tmp_path: Path) -> None:
    company = SmallCompany()
    company.add("billing/product", id="gate", metadata='{"service_type": "security"}')
    company.pays("acc", "2024-01", "2024-02", 100, product="gate")
    catalogue = {"gate": {"service_type": "mobility", "deployment": "on_premise"}}
    rows = company.answer(tmp_path, product_catalogue=catalogue)[BRIDGE]
    assert {row["segment"] for row in rows if row["segment_type"] in {"service_type", "deployment"}} == {
        "security",
        "on_premise",
    }


# Rows, and what is counted.


def test_a_segment_has_a_row_wherever_something_is_not_zero(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-06", 10, product="a")
    company.pays("acc", "2024-03", "2024-03", 10, product="b")
    rows = company.rows(tmp_path, BRIDGE, segment_type="product", segment="b")
    assert [
        (row["month"].month, str(row["closing_mrr_amount"]), row["is_complete_month"]) for row in rows
    ] == [
        (3, "10.0000", True),
        # What it opened with has left.
        (4, "0.0000", True),
    ]


def test_arpa_and_arr_of_a_segment_are_those_of_the_accounts_in_it(tmp_path: Path) -> None:
    company = SmallCompany()
    for account in ("one", "two", "three"):
        company.pays(account, "2024-01", "2024-02", 100, product="a")
    company.pays("one", "2024-01", "2024-02", 100, product="b")
    company.pays("two", "2024-01", "2024-02", 50, product="b")
    company.pays("three", "2024-01", "2024-02", 50, product="b")
    company.pays("four", "2024-01", "2024-02", 100, product="c")
    row = company.row(tmp_path, BRIDGE, segment_type="product", segment="b", month="2024-02")
    assert (row["arr_amount"], row["arpa_amount"], row["closing_account_count"]) == (
        Decimal(2400),
        Decimal("66.6667"),
        3,
    )


def test_a_visit_to_a_segment_inside_a_month_is_an_intra_month_churn_there_only(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-06", 10, product="a")
    company.is_served("acc", "2024-03-05", "2024-03-20", 10, product="b")
    # This one ends in the month after.
    company.is_served("acc", "2024-03-05", "2024-04-20", 10, product="c")
    rows = company.answer(tmp_path)
    assert {
        (row["segment_type"], row["segment"], row["month"].month): row["intra_month_churn_count"]
        for row in rows[BRIDGE]
        if row["intra_month_churn_count"]
    } == {("product", "b", 3): 1, ("plan", "b-10-usd", 3): 1}
    assert not any(row["intra_month_churn_count"] for row in rows["fct_mrr_bridge_by_month"])


# The two functions by themselves.


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        ("0.0001", {"a": "1", "b": "1"}, {"a": "0.0001", "b": "0"}),
        ("0.0001", {"a": "1", "b": "2"}, {"a": "0", "b": "0.0001"}),
        ("1", {"b": "1", "a": "1", "c": "1"}, {"a": "0.3334", "b": "0.3333", "c": "0.3333"}),
        ("2", {"b": "1", "a": "1", "c": "1"}, {"a": "0.6667", "b": "0.6667", "c": "0.6666"}),
        ("0", {"a": "1"}, {"a": "0"}),
        ("5", {"a": "2", "b": "3"}, {"a": "2", "b": "3"}),
    ],
)
def test_a_total_is_shared_out_by_largest_remainder(
    total: str, weights: dict[str, str], expected: dict[str, str]
) -> None:
    shares = share_out(Fraction(total), {key: Fraction(weight) for key, weight in weights.items()})
    assert shares == {key: Fraction(share) for key, share in expected.items()}


def test_a_move_within_an_account_without_organic_change_is_all_transfer() -> None:
    deltas = {"a": Fraction(-3), "b": Fraction(1), "c": Fraction(2), "d": Fraction(0)}
    assert classes_by_segment(deltas, None) == {
        "a": {"transfer_out": 3, "contraction": 0},
        "b": {"transfer_in": 1, "expansion": 0},
        "c": {"transfer_in": 2, "expansion": 0},
    }
