"""Retention and ratios once more (definitions 3): each numerator and each base by itself, then the division.

Net and gross retention follow an explicit set of accounts, those that paid a year ago; the rest reads the
movements of the month. Add a ratio here with both its sides. Unit economics, which need costs, stay out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES
from tests.oracles.export import to_decimal
from tests.oracles.mrr import MartRow
from tests.oracles.segments import NOTHING, SEGMENT_TYPES, TOTAL, SegmentedCompany, Unit


def rate(numerator: Decimal | int, denominator: Decimal | int) -> float | None:
    """The quotient as a database gives it: both sides made double, then divided; NULL on a base <= 0."""
    return float(numerator) / float(denominator) if denominator > 0 else None


def annualized(monthly_rate: float | None) -> float | None:
    """What a monthly rate of loss comes to in a year, worked out exactly before it is made double."""
    return None if monthly_rate is None else float(1 - (1 - Fraction(monthly_rate)) ** 12)


def retention(then: Mapping[Unit, Fraction], now: Mapping[Unit, Fraction], closed_set: list[Unit]) -> MartRow:
    """What the accounts of a closed set pay now, over what they paid twelve months ago.

    Their MRR of then is valued item by item at the month's rate; of gross retention each account's share is
    capped at that.
    """
    net = to_decimal(sum((now.get(unit, NOTHING) for unit in closed_set), NOTHING))
    gross = to_decimal(sum((min(now.get(unit, NOTHING), then[unit]) for unit in closed_set), NOTHING))
    base = to_decimal(sum((then[unit] for unit in closed_set), NOTHING))
    return {
        "nrr_account_count": len(closed_set),
        "nrr_numerator_amount": net,
        "grr_numerator_amount": gross,
        "nrr_denominator_amount": base,
        "nrr_rate": rate(net, base),
        "grr_rate": rate(gross, base),
    }


def flow_ratios(bridge: MartRow) -> MartRow:
    """The ratios of the month's movements; transfers between segments are in none of them."""
    opening = bridge["opening_mrr_amount"] + bridge["fx_amount"]
    gained, returned = bridge["new_amount"], bridge["reactivation_amount"]
    expansion, contraction, churn = (
        bridge["expansion_amount"],
        bridge["contraction_amount"],
        bridge["churn_amount"],
    )
    lost = churn + contraction
    logo_churn = rate(bridge["churn_account_count"], bridge["opening_account_count"])
    return {
        "revalued_opening_mrr_amount": opening,
        "nrr_flow_numerator_amount": opening + expansion - lost,
        "nrr_flow_rate": rate(opening + expansion - lost, opening),
        "grr_flow_numerator_amount": opening - lost,
        "grr_flow_rate": rate(opening - lost, opening),
        "churn_account_count": bridge["churn_account_count"],
        "opening_account_count": bridge["opening_account_count"],
        "logo_churn_rate": logo_churn,
        "annualized_logo_churn_rate": annualized(logo_churn),
        "gross_mrr_churn_numerator_amount": lost,
        "gross_mrr_churn_rate": rate(lost, opening),
        "net_mrr_churn_numerator_amount": lost - expansion - returned,
        "net_mrr_churn_rate": rate(lost - expansion - returned, opening),
        "quick_ratio_numerator_amount": gained + expansion + returned,
        "quick_ratio_strict_numerator_amount": gained + expansion,
        "quick_ratio_denominator_amount": lost,
        "quick_ratio": rate(gained + expansion + returned, lost),
        "quick_ratio_strict": rate(gained + expansion, lost),
    }


def wherever_it_stands(whole: SegmentedCompany, closed_set: list[Unit], month: date) -> dict[Unit, Fraction]:
    """What accounts pay altogether, by the segment that they were of when the set was closed."""
    paid = whole.closing[month]
    return {(account, then): paid.get((account, TOTAL), NOTHING) for account, then in closed_set}


def metrics_row(
    segmented: SegmentedCompany, segment: str, month: date, *, whole: SegmentedCompany | None = None
) -> MartRow:
    """One segment in one month; with the ``whole`` company its accounts are followed out of the segment."""
    closed_set = segmented.closed_sets[month].get(segment, [])
    now = wherever_it_stands(whole, closed_set, month) if whole else segmented.closing[month]
    return {
        "month": month,
        **retention(segmented.year_before_revalued[month], now, closed_set),
        **flow_ratios(segmented.bridge(segment, month)),
        "is_complete_month": segmented.company.calendar.is_complete(month),
    }


def metrics_rows(divided: Mapping[str, SegmentedCompany]) -> list[MartRow]:
    """marts.fct_subscription_metrics_by_month: every month, also before there is any MRR."""
    return [metrics_row(divided[TOTAL], TOTAL, month) for month in divided[TOTAL].months]


def metrics_by_segment_rows(divided: Mapping[str, SegmentedCompany]) -> list[MartRow]:
    """marts.fct_subscription_metrics_by_segment_month: where something is, or was twelve months before.

    An account that is of a segment as a whole is retained also when it has moved to another.
    """
    rows: list[MartRow] = []
    for segment_type in SEGMENT_TYPES:
        segmented = divided[segment_type]
        whole = divided[TOTAL] if segment_type in ACCOUNT_SEGMENT_TYPES else None
        looked_back_on = {
            (segment, month) for month, sets in segmented.closed_sets.items() for segment in sets
        }
        rows += [
            {
                "segment_type": segment_type,
                "segment": segment,
                **metrics_row(segmented, segment, month, whole=whole),
            }
            for segment, month in sorted({*segmented.bridges, *looked_back_on})
        ]
    return rows
