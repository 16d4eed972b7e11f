"""Fits the survival of accounts and projects it, or says why the data cannot bear a fit.

Here is what is fitted to what and when a fit is refused; the thresholds are policies. The model itself is
``shifted_beta_geometric``, the observed survival comes from the models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.solvers.shifted_beta_geometric import Experience, NoMaximum, Parameters, fit

# Published digits. What is published with the parameters is computed from them as published, so that anybody
# can compute it again; the last digits of a root finder do not reach them.
STEP = Decimal("0.000001")

FITTED = "fitted"
REFUSED = "refused"


@dataclass(frozen=True)
class Thresholds:
    """When a fit is refused, and how far it is projected; each is a policy of this name after ``retention_``.

    Attributes:
        fit_minimum_accounts: accounts that were seen for a month or more.
        fit_minimum_lost_accounts: accounts that were lost.
        fit_minimum_months: months that the oldest cohort was seen for.
        fit_parameter_limit: alpha + beta lies between 1 / it and it.
        projection_horizon_months: months since the cohort month.
    """

    fit_minimum_accounts: int
    fit_minimum_lost_accounts: int
    fit_minimum_months: int
    fit_parameter_limit: float
    projection_horizon_months: int

    @classmethod
    def from_policies(cls, policies: Mapping[str, str]) -> Thresholds:
        """The company's choice; whole numbers that were checked when they were loaded."""
        return cls(**{name: int(Decimal(policies[f"retention_{name}"])) for name in cls.__annotations__})


@dataclass(frozen=True)
class Observation:
    """The accounts of a population, its cohorts added up by months since the cohort month.

    Attributes:
        accounts: of the cohorts that were seen until then; number t is month t, 0 is the cohort month.
        surviving: those of them that paid at every month-end until then.
        experience: what the likelihood is computed from.
    """

    accounts: Sequence[int]
    surviving: Sequence[int]
    experience: Experience

    @property
    def months(self) -> int:
        """Months that the oldest cohort was seen for."""
        return len(self.accounts) - 1

    @property
    def fitted_accounts(self) -> int:
        """Accounts of the cohorts that were seen for a month or more; the others say nothing."""
        return self.accounts[1] if self.months else 0

    @property
    def lost_accounts(self) -> int:
        """Accounts that missed a month-end."""
        return sum(self.experience.lost)


def solve(
    rows: Sequence[Mapping[str, Any]], policies: Mapping[str, str]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Fits and projections of every population in ``int_survivals_by_cohort_month``.

    Args:
        rows: per population (segment_type, segment), cohort month and months since: cohort_accounts and
            surviving_accounts, from 0 to the cohort's last complete month without a gap.
        policies: by key.

    Returns:
        ``retention_fits``: a row per population; ``retention_projections``: a row per fitted population and
        month, from 0 to the horizon, or to the oldest cohort's age where that is more.
    """
    thresholds = Thresholds.from_policies(policies)
    populations: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        populations[row["segment_type"], row["segment"]].append(row)
    fits: list[dict[str, Any]] = []
    projections: list[dict[str, Any]] = []
    for population, cells in sorted(populations.items()):
        key = dict(zip(("segment_type", "segment"), population, strict=True))
        observed = observe(cells)
        fits.append(
            {
                **key,
                "account_count": observed.fitted_accounts,
                "lost_account_count": observed.lost_accounts,
                "observed_month_count": observed.months,
            }
        )
        parameters = fit_or_refuse(observed, thresholds)
        if isinstance(parameters, str):
            fits[-1].update(status=REFUSED, reason=parameters)
            continue
        months = max(thresholds.projection_horizon_months, observed.months)
        survival = parameters.survival(months)
        fits[-1].update(
            status=FITTED,
            alpha=_published(parameters.alpha),
            beta=_published(parameters.beta),
            log_likelihood=_published(parameters.log_likelihood(observed.experience)),
            mean_absolute_error=_published(mean_absolute_error(survival, observed)),
        )
        projections += [
            {
                **key,
                "months_since": month,
                "projected_survival_rate": _published(share),
                "projected_retention_rate": _published(parameters.retention_rate(month)) if month else None,
            }
            for month, share in enumerate(survival)
        ]
    return {"retention_fits": fits, "retention_projections": projections}


def observe(cells: Sequence[Mapping[str, Any]]) -> Observation:
    """Add up the cohorts of one population.

    Raises:
        ValueError: a cohort lacks a month, or has more survivors than a month before.
    """
    cohorts: dict[Any, dict[int, tuple[int, int]]] = defaultdict(dict)
    for cell in cells:
        counts = (int(cell["cohort_accounts"]), int(cell["surviving_accounts"]))
        cohorts[cell["cohort_month"]][int(cell["months_since"])] = counts
    months = max(len(cohort) for cohort in cohorts.values())
    accounts, surviving = [0] * months, [0] * months
    lost, stayed = [0] * (months - 1), [0] * (months - 1)
    for cohort_month, cohort in cohorts.items():
        if sorted(cohort) != list(range(len(cohort))):
            raise ValueError(f"the cohort of {cohort_month} lacks a month between its first and its last")
        for month, (size, left) in cohort.items():
            accounts[month] += size
            surviving[month] += left
            if month:
                before = cohort[month - 1][1]
                if left > before:
                    raise ValueError(f"the cohort of {cohort_month} has more survivors in month {month}")
                lost[month - 1] += before - left
                stayed[month - 1] += left
    return Observation(accounts, surviving, Experience(lost, stayed))


def fit_or_refuse(observed: Observation, thresholds: Thresholds) -> Parameters | str:
    """The parameters in published digits, or a sentence that says why there are none."""
    if observed.fitted_accounts < thresholds.fit_minimum_accounts:
        return (
            f"Too few accounts: {observed.fitted_accounts} were seen for a month or more, and policy "
            f"retention_fit_minimum_accounts asks for {thresholds.fit_minimum_accounts}."
        )
    if observed.months < thresholds.fit_minimum_months:
        return (
            f"Too few months: the oldest cohort was seen for {observed.months}, and policy "
            f"retention_fit_minimum_months asks for {thresholds.fit_minimum_months}."
        )
    if not observed.lost_accounts:
        return "No account was lost, so that nothing says when the first one will be."
    if observed.lost_accounts < thresholds.fit_minimum_lost_accounts:
        return (
            f"Too few losses: {observed.lost_accounts}, and policy retention_fit_minimum_lost_accounts asks "
            f"for {thresholds.fit_minimum_lost_accounts}."
        )
    months_of_loss = [month for month, count in enumerate(observed.experience.lost, start=1) if count]
    if observed.lost_accounts == observed.fitted_accounts and len(months_of_loss) == 1:
        return (
            f"Every account was lost in month {months_of_loss[0]} after its cohort month, so that nothing "
            "says how losses spread over time."
        )
    try:
        found = fit(observed.experience, parameter_limit=thresholds.fit_parameter_limit)
    except NoMaximum as error:
        return (
            f"No curve fits best: {error} (policy retention_fit_parameter_limit is "
            f"{thresholds.fit_parameter_limit:g})."
        )
    alpha, beta = _published(found.alpha), _published(found.beta)
    if not (alpha and beta):
        return f"No curve can be published: alpha {found.alpha:.3g} or beta {found.beta:.3g} is below {STEP}."
    return Parameters(float(alpha), float(beta))


def mean_absolute_error(survival: Sequence[float], observed: Observation) -> float:
    """The mean distance of fitted and observed survival over the months 1 to the last observed one."""
    distances = [
        abs(survival[month] - observed.surviving[month] / observed.accounts[month])
        for month in range(1, observed.months + 1)
    ]
    return sum(distances) / len(distances)


def _published(value: float) -> Decimal:
    return Decimal(value).quantize(STEP, rounding=ROUND_HALF_UP)
