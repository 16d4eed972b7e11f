"""The shifted-beta-geometric model of survival [Fader & Hardie 2007] and its fit by maximum likelihood.

Every customer leaves at the end of a period with a probability of its own that never changes; over the
customers it follows a beta distribution. Then survival falls fast at first and ever more slowly, because
those most likely to leave have left. Only the model is here; which customers it is fitted to, and when the
data cannot bear a fit, is decided in ``retention.py``.

Fader, P. S., and B. G. S. Hardie (2007), "How to project customer retention", Journal of Interactive
Marketing 21(1), 76-90, https://doi.org/10.1002/dir.20074; equation numbers are the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The maximum is sought between grid points so far apart, in the logarithm of alpha + beta: fine enough to
# find every maximum of a likelihood that bends as slowly as this one. There is no value to start from.
GRID_STEP = 0.25
# The logarithm of the odds of leaving in the first period is sought between plus and minus this.
LARGEST_LOG_ODDS = 60.0
# Of the root finder, near the precision of the numbers themselves.
TOLERANCES = {"xtol": 1e-13, "rtol": 1e-14, "maxiter": 500}

_DO_NOT_SLOW_DOWN = (
    "losses do not become rarer with age, so that alpha and beta grow beyond any limit: every customer is as "
    "likely to leave as any other"
)
_ONLY_AT_FIRST = (
    "all losses come at the beginning, so that alpha and beta shrink below any limit: a customer leaves at "
    "once or never"
)


class NoMaximum(ArithmeticError):
    """The likelihood is highest at a limit of the parameters; the message is a clause that says why."""


@dataclass(frozen=True)
class Experience:
    """What a group of customers went through, by period; number t - 1 of each list is period t.

    Customers of several cohorts are added up by the period of their own life, each as long as it was seen
    (right-censored): the sums are all that the likelihood needs.

    Attributes:
        lost: customers who left in the period.
        stayed: customers who were seen to go through the period and not leave.
    """

    lost: Sequence[int]
    stayed: Sequence[int]


@dataclass(frozen=True)
class Parameters:
    """The beta distribution of the customers' probabilities to leave; its mean is alpha / (alpha + beta)."""

    alpha: float
    beta: float

    def retention_rate(self, period: int) -> float:
        """The share of those who began period ``period`` (1 and up) and do not leave in it, equation (8)."""
        return (self.beta + period - 1) / (self.alpha + self.beta + period - 1)

    def survival(self, periods: int) -> list[float]:
        """The share of a cohort that is left after 0 to ``periods`` periods, equation (6)."""
        shares = [1.0]
        for period in range(1, periods + 1):
            shares.append(shares[-1] * self.retention_rate(period))
        return shares

    def log_likelihood(self, experience: Experience) -> float:
        """The logarithm of the probability of what was seen.

        Equation (B3) with P(T = t) and S(t) written as products of retention rates, which makes it a sum over
        periods: leaving has the probability alpha / (alpha + beta + t - 1), staying the rest.
        """
        total = 0.0
        for period, (lost, stayed) in enumerate(
            zip(experience.lost, experience.stayed, strict=True), start=1
        ):
            total += (
                lost * math.log(self.alpha)
                + stayed * math.log(self.beta + period - 1)
                - (lost + stayed) * math.log(self.alpha + self.beta + period - 1)
            )
        return total


def fit(experience: Experience, *, parameter_limit: float) -> Parameters:
    """The parameters under which what was seen is most probable.

    With m = alpha / (alpha + beta) and c = alpha + beta the log-likelihood is strictly concave in m for each
    c, so that the best m of a c is one root. Along these the slope by the logarithm of c is followed over a
    fixed grid, and each place where it turns from rising to falling is a maximum; the highest of them, or of
    the ends, wins.

    Args:
        experience: with customers who left, and customers who stayed in the first period.
        parameter_limit: c is sought between 1 / ``parameter_limit`` and ``parameter_limit``.

    Raises:
        NoMaximum: the likelihood is highest at an end.
        ValueError: nobody left, or nobody stayed.
    """
    import numpy
    from scipy import optimize, special

    lost, stayed = (numpy.asarray(counts, dtype=float) for counts in (experience.lost, experience.stayed))
    if lost.sum() == 0 or stayed[0] == 0:
        raise ValueError("a fit needs customers who left and customers who stayed")
    seen, past = lost + stayed, numpy.arange(len(lost), dtype=float)

    def best_log_odds(concentration: float) -> float:
        def slope(log_odds: float) -> float:
            leave, stay = special.expit(log_odds), special.expit(-log_odds)
            return float(
                lost.sum() * stay
                - (stayed * concentration * leave * stay / (concentration * stay + past)).sum()
            )

        return float(optimize.brentq(slope, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS, **TOLERANCES))

    def slope(log_concentration: float) -> float:
        concentration = math.exp(log_concentration)
        stay = special.expit(-best_log_odds(concentration))
        return float((past * (seen / (concentration + past) - stayed / (concentration * stay + past))).sum())

    def parameters(log_concentration: float) -> Parameters:
        concentration = math.exp(log_concentration)
        log_odds = best_log_odds(concentration)
        return Parameters(
            concentration * float(special.expit(log_odds)), concentration * float(special.expit(-log_odds))
        )

    end = math.log(parameter_limit)
    grid = [float(point) for point in numpy.linspace(-end, end, 1 + math.ceil(2 * end / GRID_STEP))]
    slopes = [slope(point) for point in grid]
    maxima = [
        parameters(optimize.brentq(slope, left, right, **TOLERANCES))
        for left, right, before, after in zip(grid, grid[1:], slopes, slopes[1:], strict=False)
        if before > 0 >= after
    ]
    ends = {}
    if slopes[0] <= 0:
        ends[_ONLY_AT_FIRST] = parameters(grid[0])
    if slopes[-1] > 0:
        ends[_DO_NOT_SLOW_DOWN] = parameters(grid[-1])
    heights = {reason: one.log_likelihood(experience) for reason, one in ends.items()}
    best = max(maxima, key=lambda one: one.log_likelihood(experience), default=None)
    if best is None or any(height > best.log_likelihood(experience) for height in heights.values()):
        raise NoMaximum(max(heights, key=lambda reason: heights[reason]))
    return best
