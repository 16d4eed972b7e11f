"""The projection of the example company against its published months, counted again in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import date
from pathlib import Path

import pytest

from orchestration.engines import duckdb as engine
from tests.oracles.survival import log_likelihood, observed_survival
from tests.small_landing import write_landing

Paid = dict[Hashable, list[date]]

# Policy retention_fit_minimum_accounts.
MINIMUM_ACCOUNTS = 100

FITS = """
    select
        segment, status, account_count, lost_account_count, observed_month_count, alpha, beta, log_likelihood
    from marts.fct_retention_projection_fits where segment_type = '{}'
"""
OBSERVED = """
    select segment, months_since, cohort_accounts, surviving_accounts
    from marts.fct_retention_projection_by_months_since
    where segment_type = '{}' and cohort_accounts is not null
"""


@pytest.fixture(scope="module")
def complete_months(example_warehouse: Path) -> list[date]:
    rows = engine.read_rows(example_warehouse, "select month from marts.dim_months where is_complete_month")
    return [month for (month,) in rows.values]


def paid_months(warehouse: Path, segment_type: str) -> dict[str, Paid]:
    """Per segment and account the months with MRR, from facts that know no cohort."""
    sql = {
        "all": "select 'all', account_id, month from marts.fct_mrr_by_account_month "
        "where closing_mrr_amount > 0",
        "currency": "select currency_code, account_id, month from marts.fct_mrr_by_account_currency_month "
        "where closing_mrr_amount > 0",
    }[segment_type]
    paid: dict[str, Paid] = defaultdict(lambda: defaultdict(list))
    for segment, account, month in engine.read_rows(warehouse, sql).values:
        paid[segment][account].append(month)
    return paid


def is_fitted_or_refused(paid: Paid, complete_months: list[date]) -> bool:
    """Whether so many accounts were seen for a month as policy retention_fit_minimum_accounts asks for."""
    return observed_survival(paid, complete_months).get(1, (0, 0))[0] >= MINIMUM_ACCOUNTS


@pytest.fixture(scope="module")
def small_warehouse(build_warehouse: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_warehouse(write_landing(tmp_path_factory.mktemp("small")))


@pytest.mark.parametrize("segment_type", ["all", "currency"])
def test_observed_survival_is_that_of_the_published_months(
    example_warehouse: Path, complete_months: list[date], segment_type: str
) -> None:
    published: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for segment, distance, accounts, left in engine.read_rows(
        example_warehouse, OBSERVED.format(segment_type)
    ).values:
        published[segment][distance] = (accounts, left)
    expected = {
        segment: observed_survival(paid, complete_months)
        for segment, paid in paid_months(example_warehouse, segment_type).items()
        if is_fitted_or_refused(paid, complete_months)
    }
    assert published == expected


@pytest.mark.parametrize("segment_type", ["all", "currency"])
def test_the_fit_is_the_most_probable_one_for_these_accounts(
    example_warehouse: Path, complete_months: list[date], segment_type: str
) -> None:
    paid = paid_months(example_warehouse, segment_type)
    fits = engine.read_rows(example_warehouse, FITS.format(segment_type)).values
    assert {fit[0] for fit in fits} == {
        segment for segment in paid if is_fitted_or_refused(paid[segment], complete_months)
    }
    assert "fitted" in {fit[1] for fit in fits}
    for segment, status, *counts, alpha, beta, published in fits:
        seen = observed_survival(paid[segment], complete_months)
        assert counts[0] == (seen[1][0] if 1 in seen else 0)
        assert counts[2] == max(seen)
        assert status in ("fitted", "refused")
        if status == "refused":
            assert (alpha, beta, published) == (None, None, None)
            continue
        parameters = (float(alpha), float(beta))
        best = log_likelihood(paid[segment], complete_months, *parameters)
        assert best == pytest.approx(float(published), abs=1e-6)
        for moved in _neighbours(*parameters):
            assert log_likelihood(paid[segment], complete_months, *moved) < best


def _neighbours(alpha: float, beta: float) -> list[tuple[float, float]]:
    steps = (0.98, 1.0, 1.02)
    return [(alpha * one, beta * other) for one in steps for other in steps if (one, other) != (1.0, 1.0)]


def test_every_population_is_fitted_or_refused_and_nothing_is_projected_for_the_refused(
    example_warehouse: Path, small_warehouse: Path
) -> None:
    sql = """
        select fits.status, count(distinct (fits.segment_type, fits.segment)), count(projected_survival_rate)
        from marts.fct_retention_projection_fits as fits
        inner join marts.fct_retention_projection_by_months_since as survivals
            on fits.segment_type = survivals.segment_type and fits.segment = survivals.segment
        group by fits.status order by fits.status
        """
    [(status, populations, projected)] = engine.read_rows(example_warehouse, sql).values
    # From month 0 to month 60, the policy's horizon.
    assert (status, projected) == ("fitted", 61 * populations)
    assert engine.read_rows(small_warehouse, sql).values == [("refused", 1, 0)]
