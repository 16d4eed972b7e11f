"""Retention and ratios in examples that can be worked out by hand, among them published ones.

Every amount is a month's MRR of the account. What must hold of any company is in ``test_oracle_identities``.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracles.export import OracleError
from tests.oracles.ratios import annualized, rate
from tests.oracles.small_company import SmallCompany

METRICS = "fct_subscription_metrics_by_month"
BY_SEGMENT = "fct_subscription_metrics_by_segment_month"


# A year ago and now: a closed set of accounts.


def test_retention_of_the_gitlab_handbook_is_b_over_a_and_gross_the_lesser_of_both_over_a(
    tmp_path: Path,
) -> None:
    """Per customer of a year ago: A its MRR then, B its MRR now. 50 becomes 100 and 100 becomes 50.

    Net is 150 / 150 and gross (50 + 50) / 150; who is new is in neither.
    """
    company = SmallCompany()
    company.pays("grows", "2023-03", "2024-02", 50)
    company.pays("grows", "2024-03", "2024-03", 100)
    company.pays("shrinks", "2023-03", "2024-02", 100)
    company.pays("shrinks", "2024-03", "2024-03", 50)
    company.pays("new", "2024-03", "2024-03", 1000)
    row = company.row(tmp_path, METRICS, month="2024-03")
    assert (row["nrr_account_count"], row["nrr_rate"]) == (2, 1.0)
    assert (row["nrr_numerator_amount"], row["nrr_denominator_amount"]) == (Decimal(150), Decimal(150))
    assert (row["grr_numerator_amount"], row["grr_rate"]) == (Decimal(100), 100 / 150)


def test_a_year_ago_is_valued_at_the_rate_of_now_so_that_rates_retain_nothing(tmp_path: Path) -> None:
    """EUR 100 became EUR 120 while the euro went from 1 to 2: net 240 / 200, gross capped at 200 / 200."""
    company = SmallCompany()
    company.rates("EUR", **{f"y2023_{month:02}": "1" for month in range(1, 13)})
    company.rates("EUR", **{f"y2024_{month:02}": "2" for month in range(1, 7)})
    company.pays("acc", "2023-01", "2023-12", 100, currency="eur")
    company.pays("acc", "2024-01", "2024-01", 120, currency="eur")
    row = company.row(tmp_path, METRICS, month="2024-01")
    assert (row["nrr_numerator_amount"], row["nrr_denominator_amount"]) == (Decimal(240), Decimal(200))
    assert (row["nrr_rate"], row["grr_rate"]) == (1.2, 1.0)


def test_a_year_ago_is_revalued_item_by_item(tmp_path: Path) -> None:
    """Two items of EUR 1 at 0.00005 are worth 0.0001 each, not 0.0001 together."""
    company = SmallCompany()
    company.rates("EUR", **{f"y2023_{month:02}": "1" for month in range(1, 13)})
    company.rates("EUR", **{f"y2024_{month:02}": "0.00005" for month in range(1, 13)})
    company.pays("acc", "2023-01", "2023-12", 1, currency="eur")
    company.pays("acc", "2023-01", "2023-12", 1, currency="eur")
    company.pays("acc", "2024-01", "2024-06", 1)
    row = company.row(tmp_path, METRICS, month="2024-01")
    assert row["nrr_denominator_amount"] == Decimal("0.0002")
    assert (row["nrr_numerator_amount"], row["grr_numerator_amount"]) == (Decimal(1), Decimal("0.0002"))


def test_who_paid_before_and_after_but_not_a_year_ago_is_not_in_the_set(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("paused", "2023-01", "2023-01", 100)
    company.pays("paused", "2023-03", "2024-06", 100)
    row = company.row(tmp_path, METRICS, month="2024-02")
    assert (row["nrr_account_count"], row["nrr_denominator_amount"], row["nrr_rate"]) == (0, Decimal(0), None)


def test_who_paid_a_year_ago_and_pays_again_is_retained_whatever_was_between(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("paused", "2023-02", "2023-05", 100)
    company.pays("paused", "2024-02", "2024-06", 60)
    company.pays("lost", "2023-02", "2023-05", 100)
    row = company.row(tmp_path, METRICS, month="2024-02")
    assert (row["nrr_account_count"], row["nrr_rate"], row["grr_rate"]) == (2, 0.3, 0.3)


def test_a_currency_that_nobody_pays_in_any_more_needs_a_rate_for_another_year(tmp_path: Path) -> None:
    """Without one the opening of a year ago cannot be valued, and nothing is guessed."""
    company = SmallCompany()
    company.rates("EUR", y2023_06="1", y2023_07="1")
    company.pays("acc", "2023-06", "2023-06", 100, currency="eur")
    with pytest.raises(OracleError, match="EUR to USD for 2024-06-30"):
        company.answer(tmp_path)


def test_there_is_no_retention_before_there_was_a_year(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2023-03", "2024-06", 100)
    rows = company.rows(tmp_path, METRICS)
    assert [row["nrr_rate"] for row in rows] == [None] * 12 + [1.0] * 4
    assert [row["nrr_account_count"] for row in rows] == [0] * 12 + [1] * 4


def test_every_month_has_a_row_also_before_any_mrr(tmp_path: Path) -> None:
    company = SmallCompany()
    company.is_served("trial", "2024-02-05", "2024-02-20", 100)
    company.pays("acc", "2024-05", "2024-06", 100)
    rows = company.rows(tmp_path, METRICS)
    assert [(row["month"].month, row["logo_churn_rate"]) for row in rows] == [
        (2, None),
        (3, None),
        (4, None),
        (5, None),
        (6, 0.0),
    ]


# The movements of one month.


def test_the_cm_articles_company_loses_five_percent_of_its_opening_accounts(tmp_path: Path) -> None:
    """100,000 MRR from 200 accounts, 10 of which churn as 40 come.

    5 % is 10 of the 200 that were there, not of the 40 that came; in a year that is 45.96 %, not 60 %.
    """
    company = SmallCompany()
    for number in range(200):
        company.pays(f"acc{number}", "2024-01", "2024-01" if number < 10 else "2024-02", 500)
    for number in range(40):
        company.pays(f"new{number}", "2024-02", "2024-02", 500)
    rows = company.answer(tmp_path)
    january, february = rows["fct_mrr_bridge_by_month"][:2]
    assert (january["closing_mrr_amount"], january["arpa_amount"]) == (Decimal(100000), Decimal(500))
    row = rows[METRICS][1]
    assert row["month"] == february["month"]
    assert (row["churn_account_count"], row["opening_account_count"]) == (10, 200)
    assert row["logo_churn_rate"] == 0.05
    assert row["annualized_logo_churn_rate"] == pytest.approx(0.4596, abs=0.00005)
    assert row["gross_mrr_churn_rate"] == 0.05


def test_churn_of_the_chartmogul_help_center(tmp_path: Path) -> None:
    """100 at the start, 10 lost to churn and 10 to contraction while one customer pays 10 more.

    Gross 20 %: (10 + 10) / 100. Net 10 %: ((10 + 10) - 10) / 100.
    """
    company = SmallCompany()
    company.pays("churns", "2024-01", "2024-01", 10)
    for account, before, after in (("contracts", 40, 30), ("expands", 50, 60)):
        company.pays(account, "2024-01", "2024-01", before)
        company.pays(account, "2024-02", "2024-02", after)
    row = company.row(tmp_path, METRICS, month="2024-02")
    assert row["revalued_opening_mrr_amount"] == Decimal(100)
    assert (row["gross_mrr_churn_rate"], row["net_mrr_churn_rate"]) == (0.2, 0.1)


def test_a_month_that_has_everything(tmp_path: Path) -> None:
    """Opening 1000: expansion 200, contraction 100, churn 300; beside it new 150 and reactivation 50."""
    company = SmallCompany()
    company.pays("back", "2024-01", "2024-01", 50)
    company.pays("back", "2024-03", "2024-03", 50)
    company.pays("up", "2024-02", "2024-02", 300)
    company.pays("up", "2024-03", "2024-03", 500)
    company.pays("down", "2024-02", "2024-02", 400)
    company.pays("down", "2024-03", "2024-03", 300)
    company.pays("gone", "2024-02", "2024-02", 300)
    company.pays("new", "2024-03", "2024-03", 150)
    row = company.row(tmp_path, METRICS, month="2024-03")
    assert row["revalued_opening_mrr_amount"] == Decimal(1000)
    # 1000 + 200 - 100 - 300; who comes back is not of the opening.
    assert (row["nrr_flow_numerator_amount"], row["nrr_flow_rate"]) == (Decimal(800), 0.8)
    assert (row["grr_flow_numerator_amount"], row["grr_flow_rate"]) == (Decimal(600), 0.6)
    assert row["logo_churn_rate"] == 1 / 3
    assert (row["gross_mrr_churn_numerator_amount"], row["gross_mrr_churn_rate"]) == (Decimal(400), 0.4)
    # 300 + 100 - 200 - 50.
    assert (row["net_mrr_churn_numerator_amount"], row["net_mrr_churn_rate"]) == (Decimal(150), 0.15)
    assert (row["quick_ratio_numerator_amount"], row["quick_ratio"]) == (Decimal(400), 1.0)
    assert (row["quick_ratio_strict_numerator_amount"], row["quick_ratio_strict"]) == (Decimal(350), 0.875)
    assert row["quick_ratio_denominator_amount"] == Decimal(400)


def test_net_churn_is_negative_where_growth_outweighs_loss(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("up", "2024-01", "2024-01", 100)
    company.pays("up", "2024-02", "2024-02", 150)
    assert company.row(tmp_path, METRICS, month="2024-02")["net_mrr_churn_rate"] == -0.5


def test_a_quick_ratio_without_losses_is_not_infinite_but_null(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2024-01", "2024-06", 100)
    row = company.row(tmp_path, METRICS, month="2024-01")
    assert row["quick_ratio_numerator_amount"] == Decimal(100)
    assert (row["quick_ratio"], row["quick_ratio_strict"]) == (None, None)


def test_flows_are_divided_by_the_opening_at_the_months_rate(tmp_path: Path) -> None:
    """EUR 200 worth 200, then 400; one of two items of EUR 100 ends: 200 of 400 are lost, not of 200."""
    company = SmallCompany()
    company.rates("EUR", y2024_01="1", y2024_02="2", y2024_03="2")
    company.pays("acc", "2024-01", "2024-02", 100, currency="eur")
    company.pays("acc", "2024-01", "2024-01", 100, currency="eur")
    row = company.row(tmp_path, METRICS, month="2024-02")
    assert (row["revalued_opening_mrr_amount"], row["gross_mrr_churn_rate"]) == (Decimal(400), 0.5)


# By segment.


def test_a_move_between_segments_is_in_no_flow_but_the_closed_set_stays_behind(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("moves", "2023-03", "2024-02", 100, product="a")
    company.pays("moves", "2024-03", "2024-03", 100, product="b")
    company.pays("stays", "2023-03", "2024-03", 300, product="a")
    left = company.row(tmp_path, BY_SEGMENT, segment_type="product", segment="a", month="2024-03")
    assert (left["nrr_flow_rate"], left["gross_mrr_churn_rate"], left["logo_churn_rate"]) == (1.0, 0.0, 0.0)
    assert (left["quick_ratio"], left["quick_ratio_denominator_amount"]) == (None, Decimal(0))
    assert (left["nrr_account_count"], left["nrr_rate"], left["grr_rate"]) == (2, 0.75, 0.75)
    entered = company.row(tmp_path, BY_SEGMENT, segment_type="product", segment="b", month="2024-03")
    assert (entered["nrr_account_count"], entered["nrr_flow_rate"], entered["nrr_rate"]) == (0, None, None)


def test_a_segment_that_everybody_left_retains_nothing_and_says_so(tmp_path: Path) -> None:
    company = SmallCompany()
    company.pays("acc", "2023-02", "2023-04", 100, product="a")
    company.pays("acc", "2023-05", "2024-06", 100, product="b")
    rows = company.rows(tmp_path, BY_SEGMENT, segment_type="product", segment="a")
    assert [(row["month"].isoformat()[:7], row["nrr_rate"]) for row in rows] == [
        *((f"2023-{month:02}", None) for month in (2, 3, 4, 5)),
        *((f"2024-{month:02}", 0.0) for month in (2, 3, 4)),
    ]


def test_an_account_is_capped_in_each_segment_by_itself(tmp_path: Path) -> None:
    """In total 200 of 200 are kept; product a keeps 100 of 100 and product b 50 of 100."""
    company = SmallCompany()
    for product in ("a", "b"):
        company.pays("acc", "2023-03", "2024-02", 100, product=product)
    company.pays("acc", "2024-03", "2024-03", 150, product="a")
    company.pays("acc", "2024-03", "2024-03", 50, product="b")
    rows = company.rows(tmp_path, BY_SEGMENT, segment_type="product", month="2024-03")
    assert [(row["segment"], row["nrr_rate"], row["grr_rate"]) for row in rows] == [
        ("a", 1.5, 1.0),
        ("b", 0.5, 0.5),
    ]
    assert company.row(tmp_path, METRICS, month="2024-03")["grr_rate"] == 1.0


# The divisions by themselves.


@pytest.mark.parametrize(("numerator", "base"), [("1", "0"), ("0", "0"), ("1", "-2")])
def test_a_base_of_nothing_or_less_has_no_rate(numerator: str, base: str) -> None:
    assert rate(Decimal(numerator), Decimal(base)) is None


@pytest.mark.parametrize(("monthly", "yearly"), [(0.0, 0.0), (1.0, 1.0), (0.5, 1 - 0.5**12), (None, None)])
def test_a_monthly_loss_is_compounded(monthly: float | None, yearly: float | None) -> None:
    assert annualized(monthly) == yearly
