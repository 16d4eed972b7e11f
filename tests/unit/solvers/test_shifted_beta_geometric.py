"""The survival model against the numbers of its authors, and its fit against simulated customers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from scipy.special import betaln

from orchestration.solvers.shifted_beta_geometric import Experience, NoMaximum, Parameters, fit

LIMIT = 10_000

# Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1),
# table 1: the share of 1,000 customers that is left after years 0 to 12. Years 1 to 7 are fitted.
REGULAR = (100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3)
HIGH_END = (100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4)
CUSTOMERS = 1000
FITTED_YEARS = 7


def cohort(percentages: Sequence[float]) -> Experience:
    """One cohort of 1,000 of which these shares are left after each period."""
    left = [round(share / 100 * CUSTOMERS) for share in percentages]
    return Experience([before - after for before, after in pairwise(left)], left[1:])


def simulated(parameters: Parameters, *, customers: int, periods: int, seed: int) -> Experience:
    """Customers who begin one after the other and are all seen until the same day."""
    chance = random.Random(seed)
    lost, stayed = [0] * periods, [0] * periods
    for _ in range(customers):
        leaves = chance.betavariate(parameters.alpha, parameters.beta)
        for period in range(chance.randint(1, periods)):
            if chance.random() < leaves:
                lost[period] += 1
                break
            stayed[period] += 1
    return Experience(lost, stayed)


def test_fader_and_hardie_2007_regular() -> None:
    experience = cohort(REGULAR[: FITTED_YEARS + 1])
    found = fit(experience, parameter_limit=LIMIT)
    assert (round(found.alpha, 3), round(found.beta, 3)) == (0.704, 1.182)
    # Years 8 to 12 were not fitted.
    projected = [round(100 * share, 1) for share in found.survival(12)]
    assert projected[8:] == [22.0, 20.4, 19.1, 18.0, 17.0]
    assert all(abs(projected[year] - REGULAR[year]) < 1 for year in range(13))


def test_fader_and_hardie_2007_high_end() -> None:
    experience = cohort(HIGH_END[: FITTED_YEARS + 1])
    found = fit(experience, parameter_limit=LIMIT)
    assert (round(found.alpha, 3), round(found.beta, 3)) == (0.668, 3.806)
    # The paper prints -1.611 per customer.
    assert found.log_likelihood(experience) / CUSTOMERS == pytest.approx(-1.611, abs=0.0005)
    projected = [round(100 * share, 1) for share in found.survival(12)]
    assert projected[8:] == [46.0, 43.6, 41.4, 39.5, 37.8]
    assert all(abs(projected[year] - HIGH_END[year]) < 2 for year in range(13))


@pytest.mark.parametrize(("observed", "error"), [(REGULAR, 0.02), (HIGH_END, 0.04)])
def test_fader_and_hardie_2007_year_12_is_missed_by_two_and_four_percent(
    observed: Sequence[float], error: float
) -> None:
    found = fit(cohort(observed[: FITTED_YEARS + 1]), parameter_limit=LIMIT)
    assert abs(100 * found.survival(12)[12] / observed[12] - 1) == pytest.approx(error, abs=0.005)


@pytest.mark.parametrize(
    "parameters", [Parameters(0.704, 1.182), Parameters(0.668, 3.806), Parameters(2.0, 109.0)]
)
def test_survival_and_likelihood_are_those_of_the_beta_function(parameters: Parameters) -> None:
    """Equations (5), (6) and (B3) as printed, where the module uses products of retention rates."""
    alpha, beta = parameters.alpha, parameters.beta
    survival = [math.exp(betaln(alpha, beta + t) - betaln(alpha, beta)) for t in range(13)]
    assert parameters.survival(12) == pytest.approx(survival, rel=1e-12)
    left = [1000, 869, 743, 653]
    lost = [131, 126, 90]
    expected = sum(
        count * (betaln(alpha + 1, beta + t - 1) - betaln(alpha, beta))
        for t, count in enumerate(lost, start=1)
    )
    expected += left[3] * (betaln(alpha, beta + 3) - betaln(alpha, beta))
    assert parameters.log_likelihood(Experience(lost, left[1:])) == pytest.approx(expected, rel=1e-12)


def test_retention_rates_rise_although_no_customer_becomes_more_loyal() -> None:
    rates = [Parameters(0.668, 3.806).retention_rate(period) for period in range(1, 13)]
    assert rates == sorted(rates)
    assert (round(rates[0], 3), round(rates[7], 3)) == (0.851, 0.942)


@pytest.mark.parametrize(
    ("parameters", "periods"),
    [(Parameters(0.7, 1.2), 12), (Parameters(0.668, 3.806), 24), (Parameters(1.0, 40.0), 36)],
)
def test_the_parameters_of_simulated_customers_are_found_again(parameters: Parameters, periods: int) -> None:
    experience = simulated(parameters, customers=30_000, periods=periods, seed=7)
    found = fit(experience, parameter_limit=LIMIT)
    assert found.alpha == pytest.approx(parameters.alpha, rel=0.15)
    assert found.beta == pytest.approx(parameters.beta, rel=0.15)
    assert found.survival(60)[60] == pytest.approx(parameters.survival(60)[60], abs=0.02)


def test_no_other_parameters_are_more_probable() -> None:
    experience = simulated(Parameters(1.0, 20.0), customers=500, periods=24, seed=3)
    found = fit(experience, parameter_limit=LIMIT)
    best = found.log_likelihood(experience)
    for alpha in (0.9, 0.999, 1.0, 1.001, 1.1):
        for beta in (0.9, 0.999, 1.0, 1.001, 1.1):
            other = Parameters(found.alpha * alpha, found.beta * beta)
            assert other.log_likelihood(experience) <= best
    chance = random.Random(1)
    for _ in range(500):
        other = Parameters(math.exp(chance.uniform(-5, 5)), math.exp(chance.uniform(-2, 8)))
        assert other.log_likelihood(experience) <= best


def test_the_same_customers_a_thousand_times_give_the_same_parameters() -> None:
    experience = simulated(Parameters(1.0, 20.0), customers=500, periods=24, seed=3)
    many = Experience([1000 * n for n in experience.lost], [1000 * n for n in experience.stayed])
    once, often = fit(experience, parameter_limit=LIMIT), fit(many, parameter_limit=LIMIT)
    assert (often.alpha, often.beta) == pytest.approx((once.alpha, once.beta), rel=1e-9)


def test_the_same_data_give_the_same_bits() -> None:
    experience = cohort(HIGH_END)
    assert fit(experience, parameter_limit=LIMIT) == fit(experience, parameter_limit=LIMIT)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_churn_that_does_not_slow_down_has_no_maximum(share: float) -> None:
    # The losses of a constant rate, and some more at the end.
    left = [round(100_000 * (1 - share) ** period) for period in range(13)]
    left[-1] = round(left[-1] * 0.9)
    lost = [before - after for before, after in pairwise(left)]
    with pytest.raises(NoMaximum, match="do not become rarer with age"):
        fit(Experience(lost, left[1:]), parameter_limit=LIMIT)


def test_losses_in_the_first_period_only_have_no_maximum() -> None:
    with pytest.raises(NoMaximum, match="all losses come at the beginning"):
        fit(Experience([20, 0, 0, 0], [80, 80, 80, 80]), parameter_limit=LIMIT)


def test_a_maximum_beyond_the_limit_is_none() -> None:
    experience = cohort(HIGH_END)
    assert fit(experience, parameter_limit=LIMIT).beta > 3
    with pytest.raises(NoMaximum, match="do not become rarer with age"):
        fit(experience, parameter_limit=2)


@pytest.mark.parametrize("experience", [Experience([0, 0], [9, 9]), Experience([9, 0], [0, 0])])
def test_a_fit_needs_both_those_who_left_and_those_who_stayed(experience: Experience) -> None:
    with pytest.raises(ValueError, match="customers who left and customers who stayed"):
        fit(experience, parameter_limit=LIMIT)
