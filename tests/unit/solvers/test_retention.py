"""When survival is fitted and when the data cannot bear it, and what is published of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from orchestration.raw.contract import read_contracts
from orchestration.raw.policies import default_policies
from orchestration.solvers.retention import Thresholds, observe, solve

POLICIES = default_policies()
LENIENT = {
    **POLICIES,
    "retention_fit_minimum_accounts": "2",
    "retention_fit_minimum_lost_accounts": "2",
    "retention_fit_minimum_months": "2",
}
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)


def cohort(
    left: Sequence[int], *, month: int = 1, segment_type: str = "all", segment: str = "all"
) -> list[dict[str, Any]]:
    """The cells of a cohort that began in a month of 2024, of which so many are left after each month."""
    return [
        {
            "segment_type": segment_type,
            "segment": segment,
            "cohort_month": date(2024, month, 1),
            "months_since": months_since,
            "cohort_accounts": left[0],
            "surviving_accounts": count,
        }
        for months_since, count in enumerate(left)
    ]


def fit_of(rows: Sequence[Mapping[str, Any]], policies: Mapping[str, str] = POLICIES) -> Mapping[str, Any]:
    """The fit of the only population."""
    fits = solve(rows, policies)["retention_fits"]
    assert len(fits) == 1
    return fits[0]


def test_a_fit_is_published_with_what_it_was_made_from() -> None:
    assert fit_of(cohort(HIGH_END)) == {
        "segment_type": "all",
        "segment": "all",
        "status": "fitted",
        "alpha": Decimal("0.668088"),
        "beta": Decimal("3.806095"),
        "log_likelihood": Decimal("-1611.158147"),
        "account_count": 1000,
        "lost_account_count": 509,
        "observed_month_count": 7,
        # Fitted 85.1 74.7 67.0 61.0 56.2 52.2 48.9: (1.8 + 0.4 + 1.7 + 1.7 + 1.1 + 0.5 + 0.2) / 7 is 1.06 %.
        "mean_absolute_error": Decimal("0.010576"),
    }


def test_the_projection_goes_to_the_horizon_and_follows_from_the_published_parameters() -> None:
    solved = solve(cohort(HIGH_END), {**POLICIES, "retention_projection_horizon_months": "12"})
    rows = solved["retention_projections"]
    assert [row["months_since"] for row in rows] == list(range(13))
    assert rows[0]["projected_survival_rate"] == 1 and rows[0]["projected_retention_rate"] is None
    alpha, beta = (Decimal(solved["retention_fits"][0][name]) for name in ("alpha", "beta"))
    survival = Decimal(1)
    for month, row in enumerate(rows[1:], start=1):
        retention = (beta + month - 1) / (alpha + beta + month - 1)
        survival *= retention
        assert row["projected_retention_rate"] == round(retention, 6)
        assert row["projected_survival_rate"] == round(survival, 6)


def test_what_is_observed_beyond_the_horizon_is_fitted_all_the_same() -> None:
    solved = solve(cohort(HIGH_END), {**POLICIES, "retention_projection_horizon_months": "3"})
    assert [row["months_since"] for row in solved["retention_projections"]] == list(range(8))


def test_cohorts_are_seen_as_long_as_they_are_old() -> None:
    observed = observe([*cohort((10, 8, 6)), *cohort((4, 1), month=2), *cohort((5,), month=3)])
    assert observed.accounts == [19, 14, 10]
    assert observed.surviving == [19, 9, 6]
    assert (observed.experience.lost, observed.experience.stayed) == ([5, 2], [9, 6])
    assert (observed.months, observed.fitted_accounts, observed.lost_accounts) == (2, 14, 7)


@pytest.mark.parametrize(
    ("left", "policies", "reason"),
    [
        ([(99, 50, 40, 35, 32, 30, 29)], POLICIES, "Too few accounts: 99 were seen for a month or more"),
        ([(1000,)], POLICIES, "Too few accounts: 0 were seen"),
        ([(1000, 800, 700, 640, 600, 570)], POLICIES, "Too few months: the oldest cohort was seen for 5"),
        ([(1000,) * 13], POLICIES, "No account was lost"),
        ([(1000, 999, 998, 998, 997, 997, 997)], POLICIES, "Too few losses: 3, and policy"),
        ([(1000, 0, 0, 0, 0, 0, 0)], POLICIES, "Every account was lost in month 1 after its cohort month"),
        ([(9, 9, 0), (9, 9, 0)], LENIENT, "Every account was lost in month 2 after its cohort month"),
        ([(1000, 900, 810, 729, 600, 400, 100)], POLICIES, "No curve fits best: losses do not become rarer"),
        (
            [(1000, 600, 600, 600, 600, 600, 600)],
            POLICIES,
            "No curve fits best: all losses come at the beginning",
        ),
    ],
)
def test_a_fit_that_the_data_cannot_bear_is_refused(
    left: Sequence[Sequence[int]], policies: Mapping[str, str], reason: str
) -> None:
    rows = [cell for number, one in enumerate(left, start=1) for cell in cohort(one, month=number)]
    solved = solve(rows, policies)
    refused = solved["retention_fits"][0]
    assert refused["status"] == "refused"
    assert str(refused["reason"]).startswith(reason)
    assert not {"alpha", "beta", "log_likelihood", "mean_absolute_error"} & refused.keys()
    assert solved["retention_projections"] == []


def test_a_threshold_is_a_policy() -> None:
    rows = cohort((99, 50, 40, 35, 32, 30, 29))
    assert fit_of(rows)["status"] == "refused"
    assert fit_of(rows, {**POLICIES, "retention_fit_minimum_accounts": "99"})["status"] == "fitted"


def test_every_policy_of_the_fit_is_in_the_seed() -> None:
    names = {f"retention_{name}" for name in Thresholds.__annotations__}
    assert names == {key for key in POLICIES if key.startswith("retention_")}


def test_the_result_does_not_depend_on_the_order_of_the_rows() -> None:
    rows = [
        *cohort(HIGH_END),
        *cohort((500, 450, 400, 360), month=5),
        *cohort(HIGH_END[:5], month=2, segment_type="region", segment="Europe"),
        *cohort((3, 2), segment_type="region", segment="LAMEA"),
    ]
    expected = solve(rows, LENIENT)
    for seed in range(5):
        shuffled = list(rows)
        random.Random(seed).shuffle(shuffled)
        assert solve(shuffled, LENIENT) == expected


def test_every_population_has_one_row_whether_it_is_fitted_or_not() -> None:
    rows = [*cohort(HIGH_END), *cohort((3, 2), segment_type="region", segment="LAMEA")]
    fits = solve(rows, POLICIES)["retention_fits"]
    assert [(fit["segment"], fit["status"]) for fit in fits] == [("all", "fitted"), ("LAMEA", "refused")]


def test_no_accounts_give_no_rows() -> None:
    assert solve([], POLICIES) == {"retention_fits": [], "retention_projections": []}


def test_what_is_published_is_exact_and_declared() -> None:
    tables = read_contracts()["solved"].tables
    rows = [*cohort(HIGH_END), *cohort((3, 2), segment_type="region", segment="LAMEA")]
    for name, solved in solve(rows, POLICIES).items():
        columns = {column.name for column in tables[name].columns}
        for row in solved:
            assert row.keys() <= columns
            assert not any(isinstance(value, float) for value in row.values())


@pytest.mark.parametrize(
    ("left", "missing", "problem"),
    [((9, 8, 7), 1, "lacks a month"), ((9, 8, 9), None, "more survivors in month 2")],
)
def test_cells_that_no_cohort_can_have_are_an_error(
    left: Sequence[int], missing: int | None, problem: str
) -> None:
    cells = [cell for cell in cohort(left) if cell["months_since"] != missing]
    with pytest.raises(ValueError, match=problem):
        solve(cells, LENIENT)
