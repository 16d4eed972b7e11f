"""What must hold of segments, ratios and cohorts whatever the company is, shown on random accounts.

Two of the sides of each identity are worked out by different oracles or from different tables. Examples with
numbers are in the test module of each oracle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.oracles import segments
from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES
from tests.oracles.calendar_months import months_between, next_month
from tests.oracles.cohorts import quarter_of
from tests.oracles.mrr import MOVEMENT_TYPES, MartRow
from tests.oracles.random_companies import pack, random_accounts
from tests.oracles.segments import SEGMENT_TYPES, UNKNOWN, share_out

# Of this type an account is in one segment for all time.
STEADY = "acquisition_channel"
BRIDGE = "fct_mrr_bridge_by_segment_month"
METRICS = "fct_subscription_metrics_by_month"
METRICS_BY_SEGMENT = "fct_subscription_metrics_by_segment_month"
BY_COHORT = "fct_retention_by_cohort_month"
BY_QUARTER = "fct_retention_by_cohort_quarter"
BY_SEGMENT_COHORT = "fct_retention_by_segment_cohort_month"
CURVE = "fct_retention_curve_by_months_since"

Marts = dict[str, list[MartRow]]


@pytest.fixture(scope="module", params=["one", "two", "three", "as of a day"])
def marts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    as_of = date(2024, 4, 30) if request.param == "as of a day" else None
    return pack(
        random_accounts(request.param, 80), tmp_path_factory.mktemp("landing"), as_of=as_of
    ).expected()


def sums(rows: list[MartRow], column: str, key: Callable[[MartRow], Any]) -> dict[Any, Decimal]:
    """What a column adds up to by key; nothing is left out, so that what is 0 stays."""
    total: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        total[key(row)] += row[column]
    return dict(total)


def without_zeros(amounts: dict[Any, Decimal]) -> dict[Any, Decimal]:
    return {key: amount for key, amount in amounts.items() if amount}


@pytest.mark.parametrize(
    "column",
    [
        "opening_mrr_amount",
        *(f"{name}_amount" for name in MOVEMENT_TYPES),
        "fx_amount",
        "closing_mrr_amount",
        "arr_amount",
    ],
)
def test_every_class_of_the_segments_of_a_type_sums_to_that_of_the_company(marts: Marts, column: str) -> None:
    company = sums(marts["fct_mrr_bridge_by_month"], column, lambda row: row["month"])
    for segment_type in SEGMENT_TYPES:
        rows = [row for row in marts[BRIDGE] if row["segment_type"] == segment_type]
        assert without_zeros(sums(rows, column, lambda row: row["month"])) == without_zeros(company)


def test_what_leaves_segments_enters_others(marts: Marts) -> None:
    def key(row: MartRow) -> tuple[str, date]:
        return row["segment_type"], row["month"]

    moved_in = sums(marts[BRIDGE], "transfer_in_amount", key)
    assert moved_in == sums(marts[BRIDGE], "transfer_out_amount", key)
    assert any(moved_in.values())
    # How an account was won does not change.
    assert not any(moved for (segment_type, _), moved in moved_in.items() if segment_type == STEADY)


def test_every_segment_rolls_forward(marts: Marts) -> None:
    closing_before: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in marts[BRIDGE]:
        segment = (row["segment_type"], row["segment"])
        assert row["opening_mrr_amount"] == closing_before[segment]
        assert row["closing_mrr_amount"] == (
            row["opening_mrr_amount"]
            + row["fx_amount"]
            + row["new_amount"]
            + row["reactivation_amount"]
            + row["expansion_amount"]
            + row["transfer_in_amount"]
            - row["contraction_amount"]
            - row["churn_amount"]
            - row["transfer_out_amount"]
        )
        closing_before[segment] = row["closing_mrr_amount"]


def test_an_account_without_moves_counts_alike_in_its_segment_and_in_the_company(marts: Marts) -> None:
    rows = [row for row in marts[BRIDGE] if row["segment_type"] == STEADY]
    for name in (*MOVEMENT_TYPES, "closing"):
        column = f"{name}_account_count"
        company = sums(marts["fct_mrr_bridge_by_month"], column, lambda row: row["month"])
        assert without_zeros(sums(rows, column, lambda row: row["month"])) == without_zeros(company)


def test_gross_retention_is_never_above_net_nor_above_one(marts: Marts) -> None:
    retained = [
        row for table in (METRICS, METRICS_BY_SEGMENT) for row in marts[table] if row["nrr_account_count"]
    ]
    assert retained
    for row in retained:
        assert 0 <= row["grr_numerator_amount"] <= row["nrr_numerator_amount"]
        assert row["grr_numerator_amount"] <= row["nrr_denominator_amount"]


@pytest.mark.parametrize("segment_type", ACCOUNT_SEGMENT_TYPES)
def test_the_closed_sets_of_the_segments_of_accounts_are_that_of_the_company(
    marts: Marts, segment_type: str
) -> None:
    rows = [row for row in marts[METRICS_BY_SEGMENT] if row["segment_type"] == segment_type]
    for column in (
        "nrr_account_count",
        "nrr_numerator_amount",
        "nrr_denominator_amount",
        "grr_numerator_amount",
    ):
        company = sums(marts[METRICS], column, lambda row: row["month"])
        assert without_zeros(sums(rows, column, lambda row: row["month"])) == without_zeros(company)


@pytest.mark.parametrize("segment_type", ACCOUNT_SEGMENT_TYPES)
def test_the_cohorts_of_the_segments_of_accounts_are_those_of_the_company(
    marts: Marts, segment_type: str
) -> None:
    def cell(row: MartRow) -> tuple[date, int]:
        return row["cohort_month"], row["months_since"]

    rows = [row for row in marts[BY_SEGMENT_COHORT] if row["segment_type"] == segment_type]
    for column in (
        "cohort_accounts",
        "retained_accounts",
        "cohort_mrr_amount",
        "retained_mrr_amount",
        "gross_retained_mrr_amount",
    ):
        assert sums(rows, column, cell) == sums(marts[BY_COHORT], column, cell)


def test_the_movements_of_the_ratios_are_those_of_the_bridge(marts: Marts) -> None:
    for row, bridge in zip(marts[METRICS], marts["fct_mrr_bridge_by_month"], strict=True):
        assert row["month"] == bridge["month"]
        assert row["churn_account_count"] == bridge["churn_account_count"]
        assert row["revalued_opening_mrr_amount"] == bridge["opening_mrr_amount"] + bridge["fx_amount"]
        assert row["grr_flow_numerator_amount"] == (
            bridge["closing_mrr_amount"]
            - bridge["new_amount"]
            - bridge["reactivation_amount"]
            - bridge["expansion_amount"]
        )
        assert row["net_mrr_churn_numerator_amount"] == (
            row["revalued_opening_mrr_amount"] + bridge["new_amount"] - bridge["closing_mrr_amount"]
        )


def test_over_the_cohorts_the_mrr_of_a_month_is_the_companys(marts: Marts) -> None:
    def month_of(row: MartRow) -> date:
        month = row["cohort_month"]
        for _ in range(row["months_since"]):
            month = next_month(month)
        return month

    company = sums(marts["fct_mrr_bridge_by_month"], "closing_mrr_amount", lambda row: row["month"])
    assert without_zeros(sums(marts[BY_COHORT], "retained_mrr_amount", month_of)) == without_zeros(company)
    for segment_type in SEGMENT_TYPES:
        rows = [row for row in marts[BY_SEGMENT_COHORT] if row["segment_type"] == segment_type]
        assert without_zeros(sums(rows, "retained_mrr_amount", month_of)) == without_zeros(company)


def test_every_cohort_has_every_month_up_to_the_clock_once_and_starts_whole(marts: Marts) -> None:
    last_month = marts["fct_mrr_bridge_by_month"][-1]["month"]
    ages: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in [*marts[BY_COHORT], *marts[BY_SEGMENT_COHORT]]:
        ages[row.get("segment_type"), row.get("segment"), row["cohort_month"]].append(row["months_since"])
        assert 0 <= row["retained_accounts"] <= row["cohort_accounts"]
        assert (
            0 <= row["gross_retained_mrr_amount"] <= min(row["retained_mrr_amount"], row["cohort_mrr_amount"])
        )
        if row["months_since"] == 0:
            assert row["logo_rate"] == row["net_revenue_rate"] == row["gross_revenue_rate"] == 1.0
    for (*_, cohort_month), reached in ages.items():
        assert reached == list(range(months_between(cohort_month, last_month) + 1))


def test_the_cohorts_of_a_quarter_are_those_of_its_months(marts: Marts) -> None:
    starts = [row for row in marts[BY_COHORT] if row["months_since"] == 0]
    for column in ("cohort_accounts", "cohort_mrr_amount"):
        quarters = sums(starts, column, lambda row: quarter_of(row["cohort_month"]))
        rows = [row for row in marts[BY_QUARTER] if row["quarters_since"] == 0]
        assert sums(rows, column, lambda row: row["cohort_quarter"]) == quarters


def test_the_curve_adds_up_the_cells(marts: Marts) -> None:
    for column in ("cohort_accounts", "retained_accounts", "cohort_mrr_amount", "gross_retained_mrr_amount"):
        cells = sums(marts[BY_COHORT], column, lambda row: row["months_since"])
        assert sums(marts[CURVE], column, lambda row: row["months_since"]) == cells


@dataclass
class Many:
    """Many random accounts: their answers, and all that was shared out on the way."""

    marts: Marts
    shared_out: list[tuple[Fraction, dict[str, Fraction]]]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Many:
    shared_out: list[tuple[Fraction, dict[str, Fraction]]] = []

    def remember(total: Fraction, weights: dict[str, Fraction]) -> dict[str, Fraction]:
        shared_out.append((total, weights))
        return share_out(total, weights)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "share_out", remember)
        marts = pack(random_accounts("coverage", 300), tmp_path_factory.mktemp("landing")).expected()
    return Many(marts, shared_out)


def test_random_accounts_reach_what_the_definitions_tell_apart(many: Many) -> None:
    rows = many.marts
    for segment_type in SEGMENT_TYPES:
        of_type = [row for row in rows[BRIDGE] if row["segment_type"] == segment_type]
        segments = {row["segment"] for row in of_type}
        assert any(UNKNOWN in segment for segment in segments) or segment_type in {
            "product",
            "plan",
            "currency",
        }
        assert len(segments) > 2
        if segment_type != STEADY:
            assert any(row["transfer_in_amount"] and row["expansion_amount"] for row in of_type)
            assert any(row["transfer_out_amount"] and row["contraction_amount"] for row in of_type)
        assert any(row["intra_month_churn_count"] for row in of_type)
    # An account's cap is not that of the sum.
    for table in (METRICS, METRICS_BY_SEGMENT):
        assert any(
            row["grr_numerator_amount"] < min(row["nrr_numerator_amount"], row["nrr_denominator_amount"])
            for row in rows[table]
        )
    assert any(
        row["gross_retained_mrr_amount"] < min(row["retained_mrr_amount"], row["cohort_mrr_amount"])
        for row in rows[BY_COHORT]
    )
    dead = [row for row in rows[BY_SEGMENT_COHORT] if row["retained_accounts"] == 0]
    assert dead and all(row["logo_rate"] == 0.0 for row in dead)


def test_random_accounts_move_what_cannot_be_shared_out_evenly(many: Many) -> None:
    def would_differ(total: Fraction, weights: dict[str, Fraction]) -> bool:
        """Whether the highest of equal segments would get what the lowest one gets."""
        other_way_round = {name: f"{-rank % 1000}" for rank, name in enumerate(sorted(weights), start=1)}
        others = share_out(total, {other_way_round[name]: weight for name, weight in weights.items()})
        return any(
            others[other_way_round[name]] != share for name, share in share_out(total, weights).items()
        )

    assert sum(would_differ(total, weights) for total, weights in many.shared_out) > 5
