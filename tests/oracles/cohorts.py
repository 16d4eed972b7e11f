"""Cohorts once more (definitions 4), from every account's own series of month-ends.

An account is asked what it paid in its first month and what it pays so many months later; a cell adds up the
answers of a cohort. Add here another way of grouping accounts by their start. The projection of a curve and
what accounts cost stay out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES
from tests.oracles.calendar_months import months_between, next_month
from tests.oracles.export import to_decimal
from tests.oracles.gross_margin import UnitCosts
from tests.oracles.mrr import MartRow
from tests.oracles.ratios import rate
from tests.oracles.segments import NOTHING, SEGMENT_TYPES, TOTAL, SegmentedCompany, Unit

# By a kind of segments: what accounts within them cost.
CostsOf = Callable[[str], UnitCosts]


@dataclass(frozen=True)
class Series:
    """What an account (in a segment) pays at the month-ends at which it pays, at each month's own rate."""

    unit: Unit
    mrr: Mapping[date, Fraction]

    @property
    def cohort_month(self) -> date:
        return min(self.mrr)

    @property
    def initial(self) -> Fraction:
        return self.mrr[self.cohort_month]

    def at(self, month: date) -> Fraction:
        return self.mrr.get(month, NOTHING)


def all_series(segmented: SegmentedCompany) -> list[Series]:
    paid: dict[Unit, dict[date, Fraction]] = defaultdict(dict)
    for month in segmented.months:
        for unit, mrr in segmented.closing[month].items():
            if mrr > 0:
                paid[unit][month] = mrr
    return [Series(unit, mrr) for unit, mrr in paid.items()]


def grouped(series: Iterable[Series], key: Callable[[Series], date]) -> dict[date, list[Series]]:
    groups: dict[date, list[Series]] = defaultdict(list)
    for one in series:
        groups[key(one)].append(one)
    return dict(sorted(groups.items()))


def quarter_of(month: date) -> date:
    return month.replace(month=month.month - (month.month - 1) % 3)


def third_month_of(quarter: date) -> date:
    return next_month(next_month(quarter))


def with_rates(
    *,
    accounts: int,
    retained: int,
    base: Fraction,
    net: Fraction,
    gross: Fraction,
    margin: Fraction | None,
    margin_base: Fraction,
) -> MartRow:
    """The columns of a cell from its sums; what a cohort is divided by is never 0."""
    return {
        "cohort_accounts": accounts,
        "retained_accounts": retained,
        "cohort_mrr_amount": to_decimal(base),
        "retained_mrr_amount": to_decimal(net),
        "gross_retained_mrr_amount": to_decimal(gross),
        "logo_rate": rate(retained, accounts),
        "net_revenue_rate": rate(to_decimal(net), to_decimal(base)),
        "gross_revenue_rate": rate(to_decimal(gross), to_decimal(base)),
        "margin_amount": None if margin is None else to_decimal(margin),
        "margin_rate": None if margin is None else rate(to_decimal(margin), to_decimal(margin_base)),
    }


def margin_of(cohort: Iterable[Series], month: date, costs: UnitCosts) -> Fraction | None:
    """What is left of what a cohort pays, less what all of it costs, also those that pay nothing."""
    cost = costs.of((series.unit for series in cohort), month)
    return None if cost is None else sum((series.at(month) for series in cohort), NOTHING) - cost


def cell(cohort: list[Series], month: date, costs: UnitCosts) -> MartRow:
    """What is left of a cohort at the end of a month."""
    base = sum((series.initial for series in cohort), NOTHING)
    return with_rates(
        accounts=len(cohort),
        retained=sum(series.at(month) > 0 for series in cohort),
        base=base,
        net=sum((series.at(month) for series in cohort), NOTHING),
        gross=sum((min(series.at(month), series.initial) for series in cohort), NOTHING),
        margin=margin_of(cohort, month, costs),
        margin_base=base,
    )


def month_cells(series: Iterable[Series], segmented: SegmentedCompany, costs: UnitCosts) -> list[MartRow]:
    """A cell for every month that a cohort has reached, also when nobody of it is left."""
    return [
        {
            "cohort_month": cohort_month,
            "months_since": months_between(cohort_month, month),
            "month": month,
            **cell(cohort, month, costs),
            "is_complete_month": segmented.company.calendar.is_complete(month),
        }
        for cohort_month, cohort in grouped(series, lambda one: one.cohort_month).items()
        for month in segmented.months
        if month >= cohort_month
    ]


def cohort_month_rows(divided: Mapping[str, SegmentedCompany], costs: CostsOf) -> list[MartRow]:
    """marts.fct_retention_by_cohort_month."""
    return month_cells(all_series(divided[TOTAL]), divided[TOTAL], costs(TOTAL))


def cohort_quarter_rows(divided: Mapping[str, SegmentedCompany], costs_of: CostsOf) -> list[MartRow]:
    """marts.fct_retention_by_cohort_quarter: each quarter read at its last month, or at the last there is."""
    segmented, costs = divided[TOTAL], costs_of(TOTAL)
    last_months = {quarter_of(month): month for month in segmented.months}
    return [
        {
            "cohort_quarter": cohort_quarter,
            "quarters_since": months_between(cohort_quarter, quarter) // 3,
            "quarter": quarter,
            "month": month,
            **cell(cohort, month, costs),
            "is_complete_quarter": segmented.company.calendar.is_complete(third_month_of(quarter)),
        }
        for cohort_quarter, cohort in grouped(
            all_series(segmented), lambda one: quarter_of(one.cohort_month)
        ).items()
        for quarter, month in last_months.items()
        if quarter >= cohort_quarter
    ]


def segment_at_start(segmented: SegmentedCompany, series: Series) -> str:
    [segment] = {
        segment
        for (account, segment), mrr in segmented.closing[series.cohort_month].items()
        if account == series.unit[0] and mrr > 0
    }
    return segment


def segment_cohort_month_rows(divided: Mapping[str, SegmentedCompany], costs_of: CostsOf) -> list[MartRow]:
    """marts.fct_retention_by_segment_cohort_month.

    An account starts anew with everything else that it buys; by what it is as a whole it starts once, and
    stays in the segment that it was of then.
    """
    rows: list[MartRow] = []
    for segment_type in SEGMENT_TYPES:
        is_of_the_account = segment_type in ACCOUNT_SEGMENT_TYPES
        segmented = divided[TOTAL if is_of_the_account else segment_type]
        costs = costs_of(TOTAL if is_of_the_account else segment_type)
        by_segment: dict[str, list[Series]] = defaultdict(list)
        for one in all_series(segmented):
            segment = segment_at_start(divided[segment_type], one) if is_of_the_account else one.unit[1]
            by_segment[segment].append(one)
        rows += [
            {"segment_type": segment_type, "segment": segment, **row}
            for segment, series in sorted(by_segment.items())
            for row in month_cells(series, segmented, costs)
        ]
    return rows


def curve_rows(divided: Mapping[str, SegmentedCompany], costs_of: CostsOf) -> list[MartRow]:
    """marts.fct_retention_curve_by_months_since: every account that could have stayed so long, together."""
    segmented, costs = divided[TOTAL], costs_of(TOTAL)
    series = all_series(segmented)
    rows: list[MartRow] = []
    for months_since in range(len(segmented.months)):
        reached = [
            (one, segmented.months[position + months_since])
            for one in series
            for position in [segmented.months.index(one.cohort_month)]
            if position + months_since < len(segmented.months)
        ]
        if reached:
            # Of those for whose month it is known what they cost.
            costed = [(one, month) for one, month in reached if month in costs.months]
            margins = [margin_of([one], month, costs) or NOTHING for one, month in costed]
            costed_base = sum((one.initial for one, _ in costed), NOTHING)
            rows.append(
                {
                    "months_since": months_since,
                    "cohort_count": len({month for _, month in reached}),
                    "complete_cohort_count": sum(
                        map(segmented.company.calendar.is_complete, {month for _, month in reached})
                    ),
                    **with_rates(
                        accounts=len(reached),
                        retained=sum(one.at(month) > 0 for one, month in reached),
                        base=sum((one.initial for one, _ in reached), NOTHING),
                        net=sum((one.at(month) for one, month in reached), NOTHING),
                        gross=sum((min(one.at(month), one.initial) for one, month in reached), NOTHING),
                        margin=sum(margins, NOTHING) if costed else None,
                        margin_base=costed_base,
                    ),
                    "margin_cohort_mrr_amount": to_decimal(costed_base) if costed else None,
                }
            )
    return rows
