"""Cohorts in examples that can be worked out by hand.

Every amount is a month's MRR of the account. What must hold of any company is in ``test_oracle_identities``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.oracles.small_company import SmallCompany, first_of

BY_MONTH = "fct_retention_by_cohort_month"
BY_QUARTER = "fct_retention_by_cohort_quarter"
BY_SEGMENT = "fct_retention_by_segment_cohort_month"
CURVE = "fct_retention_curve_by_months_since"


def test_logo_net_and_gross_revenue_of_a_cohort(tmp_path: Path) -> None:
    """Of 100 + 200 + 300 one account doubles, one is halved and one goes: 2 of 3, 300 and 200 of 600."""
    company = SmallCompany()
    for account, before in (("up", 100), ("down", 200), ("gone", 300)):
        company.pays(account, "2024-01", "2024-01", before)
    company.pays("up", "2024-02", "2024-06", 200)
    company.pays("down", "2024-02", "2024-06", 100)
    company.pays("later", "2024-02", "2024-06", 1000)
    row = company.row(tmp_path, BY_MONTH, cohort_month="2024-01", months_since=1)
    assert (row["cohort_accounts"], row["retained_accounts"], row["logo_rate"]) == (3, 2, 2 / 3)
    assert (row["cohort_mrr_amount"], row["retained_mrr_amount"]) == (Decimal(600), Decimal(300))
    assert (row["net_revenue_rate"], row["gross_revenue_rate"]) == (0.5, 200 / 600)
    assert row["gross_retained_mrr_amount"] == Decimal(200)
    assert (row["margin_amount"], row["margin_rate"]) == (None, None)


def test_a_cell_not_reached_is_absent_and_a_cohort_that_died_is_there_with_zero(tmp_path: Path) -> None:
    company = SmallCompany("2024-04-15")
    company.pays("dies", "2024-01", "2024-02", 100)
    company.pays("lives", "2024-03", "2024-12", 100)
    rows = company.rows(tmp_path, BY_MONTH)
    cells = [
        (row["cohort_month"].month, row["months_since"], row["logo_rate"], row["is_complete_month"])
        for row in rows
    ]
    assert cells == [
        (1, 0, 1.0, True),
        (1, 1, 1.0, True),
        (1, 2, 0.0, True),
        (1, 3, 0.0, False),
        (3, 0, 1.0, True),
        (3, 1, 1.0, False),
    ]
    assert rows[2]["retained_mrr_amount"] == 0 and rows[2]["cohort_mrr_amount"] == Decimal(100)


def test_a_month_in_which_nobody_starts_is_no_cohort(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-06", 100)
    company.is_served("brief", "2024-02-05", "2024-02-20", 100)
    assert {row["cohort_month"] for row in company.rows(tmp_path, BY_MONTH)} == {first_of("2024-01")}


def test_who_comes_back_is_in_the_first_cohort_again(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-01", 100)
    company.pays("acc", "2024-03", "2024-06", 150)
    rows = company.rows(tmp_path, BY_MONTH, cohort_month="2024-01")
    assert [(row["logo_rate"], row["net_revenue_rate"], row["gross_revenue_rate"]) for row in rows] == [
        (1.0, 1.0, 1.0),
        (0.0, 0.0, 0.0),
        (1.0, 1.5, 1.0),
        (1.0, 1.5, 1.0),
        (1.0, 1.5, 1.0),
        (1.0, 1.5, 1.0),
    ]


def test_a_cohort_is_measured_at_each_months_own_rate(tmp_path: Path) -> None:
    company = SmallCompany("2024-03-15")
    company.rates("EUR", y2024_01="1", y2024_02="1.5", y2024_03="0.5")
    # The rate of the clock's day.
    company.tables["ledger/currencyrate"][-1]["effectivedate"] = "2024-03-14"
    company.pays("acc", "2024-01", "2024-06", 100, currency="eur")
    rows = company.rows(tmp_path, BY_MONTH)
    assert [(row["retained_mrr_amount"], row["gross_retained_mrr_amount"]) for row in rows] == [
        (Decimal(100), Decimal(100)),
        (Decimal(150), Decimal(100)),
        (Decimal(50), Decimal(50)),
    ]


# By quarter.


def test_a_quarter_is_read_at_its_last_month_over_what_each_account_first_paid(tmp_path: Path) -> None:
    """Started with 100 in January, 200 in February and 300 in March; by the end of March 0, 250 and 300."""
    company = SmallCompany("2024-08-20")
    company.pays("january", "2024-01", "2024-01", 100)
    company.pays("february", "2024-02", "2024-02", 200)
    company.pays("february", "2024-03", "2024-12", 250)
    company.pays("march", "2024-03", "2024-06", 300)
    company.pays("next", "2024-05", "2024-12", 700)
    rows = company.rows(tmp_path, BY_QUARTER, cohort_quarter="2024-01")
    assert [
        (
            row["quarters_since"],
            row["cohort_accounts"],
            row["retained_accounts"],
            str(row["cohort_mrr_amount"]),
            str(row["retained_mrr_amount"]),
            str(row["gross_retained_mrr_amount"]),
            row["is_complete_quarter"],
        )
        for row in rows
    ] == [
        (0, 3, 2, "600.0000", "550.0000", "500.0000", True),
        (1, 3, 2, "600.0000", "550.0000", "500.0000", True),
        # The quarter of the clock: August, its last month so far.
        (2, 3, 1, "600.0000", "250.0000", "200.0000", False),
    ]
    assert [
        (row["quarters_since"], row["quarter"].month, row["month"].month)
        for row in company.rows(tmp_path, BY_QUARTER, cohort_quarter="2024-04")
    ] == [(0, 4, 6), (1, 7, 8)]
    # A clock that is set to the end of August completes the month, not the quarter.
    rows = company.answer(tmp_path, as_of=date(2024, 8, 31))[BY_QUARTER]
    assert [(row["month"].month, row["is_complete_quarter"]) for row in rows[:3]] == [
        (3, True),
        (6, True),
        (8, False),
    ]


# By segment.


def test_an_account_starts_anew_in_every_segment_that_it_enters(tmp_path: Path) -> None:
    company = SmallCompany("2024-04-30T12:00")
    company.pays("acc", "2024-01", "2024-02", 100, product="a")
    company.pays("acc", "2024-03", "2024-12", 80, product="b")
    rows = company.rows(tmp_path, BY_SEGMENT, segment_type="product")
    assert [
        (row["segment"], row["cohort_month"].month, row["months_since"], row["net_revenue_rate"])
        for row in rows
    ] == [
        ("a", 1, 0, 1.0),
        ("a", 1, 1, 1.0),
        ("a", 1, 2, 0.0),
        ("a", 1, 3, 0.0),
        ("b", 3, 0, 1.0),
        ("b", 3, 1, 1.0),
    ]
    whole = company.rows(tmp_path, BY_MONTH)
    assert [row["net_revenue_rate"] for row in whole] == [1.0, 1.0, 0.8, 0.8]


# The curve over all cohorts.


def test_the_curve_weighs_cohorts_and_takes_only_those_that_could_reach_the_month(tmp_path: Path) -> None:
    """After a month 50 of 100 and 300 of 300 are left: 350 / 400, not the mean of 50 % and 100 %."""
    company = SmallCompany("2024-03-31T12:00")
    company.pays("january", "2024-01", "2024-01", 100)
    company.pays("january", "2024-02", "2024-12", 50)
    company.pays("february", "2024-02", "2024-12", 300)
    company.pays("march", "2024-03", "2024-12", 1000)
    rows = company.rows(tmp_path, CURVE)
    assert [
        (row["months_since"], row["cohort_accounts"], str(row["cohort_mrr_amount"]), row["net_revenue_rate"])
        for row in rows
    ] == [(0, 3, "1400.0000", 1.0), (1, 2, "400.0000", 0.875), (2, 1, "100.0000", 0.5)]
    # The newest of the cohorts stands in the month of the clock.
    assert [(row["cohort_count"], row["complete_cohort_count"]) for row in rows] == [(3, 2), (2, 1), (1, 0)]
