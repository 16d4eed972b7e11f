"""How overhead is allocated: each method, each rule of the last cent, and what holds for any company."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.raw.contract import read_contracts
from orchestration.raw.policies import default_policies
from orchestration.solvers.allocation import (
    METHODS,
    ClosedCircle,
    Driver,
    Pool,
    Target,
    allocate,
    closing_order,
    read_pools,
    solve,
    whole_shares,
)
from orchestration.solvers.errors import SolverError
from tests.oracles.allocation import after_rounds, ends, largest_remainder

MONTH = date(2024, 1, 1)

Row = dict[str, Any]


def flow(
    pool: str, amount: int, target: str | None, quantity: Decimal | int | str = 1, **columns: Any
) -> Row:
    """A row of what a pool serves: a department, written ``support/support``, or another pool, ``to it``."""
    row: Row = {"month": MONTH, "pool": pool, "amount_minor": Decimal(amount)}
    if target is None:
        nothing = dict.fromkeys(
            ("driver_rank", "driver", "target_type", "target", "target_bucket", "quantity")
        )
        return {**row, **nothing}
    if target.startswith("to "):
        place = {"target_type": "service_pool", "target": target.removeprefix("to "), "target_bucket": None}
    else:
        department, bucket = target.split("/")
        place = {"target_type": "department", "target": department, "target_bucket": bucket}
    driver = {"driver_rank": 1, "driver": "headcount", "quantity": Decimal(str(quantity))}
    return {**row, **place, **driver, **columns}


def solved(rows: Sequence[Row], method: str = "reciprocal") -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return solve(rows, {"allocation_method": method})


def amounts(rows: Sequence[Row], method: str = "reciprocal") -> dict[str, int]:
    """What every target gets of all pools."""
    got: Counter[str] = Counter()
    for row in solved(rows, method)["overhead_allocations"]:
        got[f"{row['target']}/{row['target_bucket']}".rstrip("/")] += row["amount_minor"]
    return dict(got)


def totals(rows: Sequence[Row], method: str = "reciprocal") -> dict[str, str]:
    return {row["pool"]: str(row["total_amount"]) for row in solved(rows, method)["overhead_totals"]}


# Two pools that serve each other and two departments: x = 1000 + y / 5, y = 500 + x / 10 (1122.45, 612.24).
EACH_OTHER = [
    flow("it", 100000, "to people", 10),
    flow("it", 100000, "support/support", 60),
    flow("it", 100000, "sales/sales", 30),
    flow("people", 50000, "to it", 20),
    flow("people", 50000, "support/support", 20),
    flow("people", 50000, "sales/sales", 60),
]


# Each method.


def test_direct_leaves_out_what_pools_do_for_each_other() -> None:
    # 1000 x 60 / 90 + 500 x 20 / 80 and the rest.
    assert amounts(EACH_OTHER, "direct") == {"support/support": 79167, "sales/sales": 70833}
    assert totals(EACH_OTHER, "direct") == {"it": "100000.000000", "people": "50000.000000"}


def test_step_down_begins_with_the_pool_that_serves_others_most_and_gives_it_nothing_back() -> None:
    # people gives 20 of 100 to it and closes first: it has 1000 + 500 x 20 / 100 = 1100, of 90 that are left.
    assert closing_order(read_pools(EACH_OTHER)) == ["people", "it"]
    assert totals(EACH_OTHER, "step_down") == {"it": "110000.000000", "people": "50000.000000"}
    # Rounded by pool: 66666.67 and 16666.67, 33333.33 and 33333.33.
    assert amounts(EACH_OTHER, "step_down") == {"support/support": 83334, "sales/sales": 66666}


def test_step_down_takes_equal_shares_by_name() -> None:
    rows = [*EACH_OTHER[:3], *(dict(row, pool="facilities") for row in EACH_OTHER[:3]), *EACH_OTHER[3:]]
    assert closing_order(read_pools(rows)) == ["people", "facilities", "it"]


def test_reciprocal_solves_all_at_once() -> None:
    assert totals(EACH_OTHER) == {"it": "112244.897959", "people": "61224.489796"}
    # 0.6 x 1122.449 + 0.2 x 612.245 and 0.3 x 1122.449 + 0.6 x 612.245.
    assert amounts(EACH_OTHER) == {"support/support": 79592, "sales/sales": 70408}


def test_a_circle_of_three_pools_is_solved() -> None:
    rows = [
        *(flow("a", 700, target, 1) for target in ("to b", "x/x")),
        *(flow("b", 0, target, 1) for target in ("to c", "x/x")),
        *(flow("c", 0, target, 1) for target in ("to a", "y/y")),
    ]
    # Of 1 of a, 1 / 8 comes back: x gets (1 / 2 + 1 / 4) / (7 / 8), y gets 1 / 8 / (7 / 8).
    assert amounts(rows) == {"x/x": 600, "y/y": 100}
    assert totals(rows) == {"a": "800.000000", "b": "400.000000", "c": "200.000000"}


def test_all_methods_agree_where_no_pool_serves_another() -> None:
    rows = [row for row in EACH_OTHER if row["target_type"] == "department"]
    assert amounts(rows, "direct") == amounts(rows, "step_down") == amounts(rows, "reciprocal")


def test_the_default_method_is_a_policy_of_the_project() -> None:
    assert default_policies()["allocation_method"] in METHODS
    with pytest.raises(ValueError, match="'double' is no allocation method; known are direct, step_down"):
        solved(EACH_OTHER, "double")


# Drivers.


def test_a_driver_without_quantities_gives_way_to_its_fallback() -> None:
    fallback = {"driver_rank": 2, "driver": "people_cost"}
    [row] = solved([flow("it", 99, "support/support", 3, **fallback)])["overhead_allocations"]
    assert (row["driver"], row["driver_rank"], row["amount_minor"]) == ("people_cost", 2, 99)
    both = [flow("it", 99, "sales/sales"), flow("it", 99, "support/support", 3, **fallback)]
    assert amounts(both) == {"sales/sales": 99}


def test_a_driver_that_the_method_lets_reach_nobody_gives_way_to_its_fallback() -> None:
    rows = [
        flow("it", 99, "to people", 5),
        flow("it", 99, "sales/sales", 1, driver_rank=2, driver="people_cost"),
        flow("people", 0, "support/support", 1),
    ]
    assert amounts(rows, "direct") == {"sales/sales": 99}
    assert amounts(rows, "step_down") == {"support/support": 99}


def test_what_serves_nobody_stays_visible_as_unallocated() -> None:
    [row] = solved([flow("it", 99, None)])["overhead_allocations"]
    assert row == {
        "month": MONTH,
        "method": "reciprocal",
        "pool": "it",
        "from_pool": "it",
        "target_type": "unallocated",
        "target": "unallocated",
        "target_bucket": "",
        "driver": None,
        "driver_rank": None,
        "driver_quantity": None,
        "driver_total": None,
        "share": Decimal(1),
        "amount_minor": 99,
    }


def test_cost_that_is_passed_on_to_a_pool_that_serves_nobody_is_unallocated() -> None:
    rows = [flow("it", 90, "to people"), flow("it", 90, "sales/sales", 2), flow("people", 7, None)]
    assert amounts(rows) == {"unallocated": 37, "sales/sales": 60}
    hops = [(row["pool"], row["from_pool"], row["target"]) for row in solved(rows)["overhead_allocations"]]
    assert hops == [
        ("it", "it", "sales"),
        ("it", "people", "unallocated"),
        ("people", "people", "unallocated"),
    ]


def test_a_pool_that_steps_down_to_nobody_but_closed_pools_is_unallocated() -> None:
    rows = [flow("it", 50, "to people"), flow("people", 50, "to it"), flow("people", 50, "sales/sales")]
    # it gives all of its service to people and closes first; people then reaches sales.
    assert amounts(rows, "step_down") == {"sales/sales": 100}
    assert amounts(rows, "direct") == {"sales/sales": 50, "unallocated": 50}


def test_pools_that_serve_only_each_other_are_named_with_their_month() -> None:
    rows = [
        flow("rent", 10, "to it"),
        flow("rent", 10, "sales/sales"),
        flow("it", 5, "to people"),
        flow("people", 5, "to it"),
    ]
    expected = (
        r"Overhead of 2024-01 cannot be allocated by policy allocation_method 'reciprocal': it, people serve "
        r"only each other, and no department\."
    )
    with pytest.raises(SolverError, match=expected):
        solved(rows)
    assert amounts(rows, "direct") == {"sales/sales": 10, "unallocated": 10}


def test_a_circle_that_no_cost_reaches_does_no_harm() -> None:
    rows = [flow("rent", 10, "sales/sales"), flow("it", 0, "to people"), flow("people", 0, "to it")]
    assert amounts(rows) == {"sales/sales": 10}
    assert totals(rows) == {"rent": "10.000000", "it": "0.000000", "people": "0.000000"}


# To the cent.


def test_cents_go_to_the_largest_remainders_and_then_to_the_lowest_department_and_bucket() -> None:
    rows = [flow("it", 100, target) for target in ("sales/sales", "finance/general", "sales/marketing")]
    assert amounts(rows) == {"finance/general": 34, "sales/marketing": 33, "sales/sales": 33}
    rows = [flow("it", 2, "a/a", 2), flow("it", 2, "b/b", 2), flow("it", 2, "c/c", 3)]
    assert amounts(rows) == {"a/a": 1, "b/b": 0, "c/c": 1}


def test_the_cents_of_a_department_go_to_last_hops_by_largest_remainder() -> None:
    rows = [
        *(flow("rent", 5, target) for target in ("sales/sales", "to it", "to people")),
        flow("it", 0, "sales/sales"),
        flow("people", 0, "sales/sales"),
    ]
    assert [(row["from_pool"], row["amount_minor"]) for row in solved(rows)["overhead_allocations"]] == [
        ("it", 2),
        ("people", 2),
        ("rent", 1),
    ]


def test_a_row_says_what_it_was_computed_from() -> None:
    row = solved(EACH_OTHER)["overhead_allocations"][0]
    assert row == {
        "month": MONTH,
        "method": "reciprocal",
        "pool": "it",
        "from_pool": "it",
        "target_type": "department",
        "target": "sales",
        "target_bucket": "sales",
        "driver": "headcount",
        "driver_rank": 1,
        "driver_quantity": Decimal(30),
        "driver_total": Decimal(100),
        # 0.3 of 1 / (1 - 0.1 x 0.2); sales gets 36735 of it, 30612.5 and 6122.5 by last hop.
        "share": Decimal("0.306122448979591837"),
        "amount_minor": 30613,
    }


def test_drivers_are_those_that_the_method_reaches() -> None:
    rows = solved(EACH_OTHER, "direct")["overhead_allocations"]
    assert {(row["pool"], row["driver_total"]) for row in rows} == {("it", 90), ("people", 80)}


def test_months_do_not_know_of_each_other() -> None:
    later = [{**row, "month": date(2024, 2, 1), "amount_minor": Decimal(9)} for row in EACH_OTHER]
    both = solved([*later, *EACH_OTHER])["overhead_allocations"]
    assert both == [*solved(EACH_OTHER)["overhead_allocations"], *solved(later)["overhead_allocations"]]


def test_a_pool_without_cost_has_a_total_and_no_allocation() -> None:
    rows = [flow("it", 0, "to people"), flow("it", 0, "sales/sales"), flow("people", 6, "sales/sales")]
    assert [row["pool"] for row in solved(rows)["overhead_allocations"]] == ["people"]
    assert totals(rows) == {"it": "0.000000", "people": "6.000000"}


def test_totals_are_rounded_half_away_from_zero() -> None:
    # Of 1, a sixty-fourth is passed on and a sixty-fourth of that: 0.015625 and 0.000244140625.
    rows = [
        *(flow("a", -1, target, quantity) for target, quantity in (("to b", 1), ("x/x", 63))),
        *(flow("b", 0, target, quantity) for target, quantity in (("to c", 1), ("x/x", 63))),
        flow("c", 0, "x/x"),
    ]
    assert totals(rows) == {"a": "-1.000000", "b": "-0.015625", "c": "-0.000244"}
    rows[0], rows[1] = flow("a", -1, "to b", 1), flow("a", -1, "x/x", 1999999)
    assert totals(rows)["b"] == "-0.000001"


def test_numbers_as_long_as_the_tables_hold_are_exact() -> None:
    rows = [
        flow("it", 10**20 - 1, "sales/sales", "99999999999999999999999999.999999999999"),
        flow("it", 10**20 - 1, "support/support", "0.000000000001"),
    ]
    assert amounts(rows) == {"sales/sales": 10**20 - 1, "support/support": 0}
    row = solved(rows[:1])["overhead_allocations"][0]
    assert row["driver_total"] == Decimal("99999999999999999999999999.999999999999")


def test_what_is_published_is_exact_and_declared() -> None:
    tables = read_contracts()["solved"].tables
    for name, rows in solved([*EACH_OTHER, flow("rent", 5, None)]).items():
        columns = {column.name for column in tables[name].columns}
        required = {column.name for column in tables[name].columns if column.required}
        for row in rows:
            assert required <= row.keys() == columns
            assert not any(isinstance(value, float) for value in row.values())


def test_nothing_gives_no_rows() -> None:
    assert solved([]) == {"overhead_allocations": [], "overhead_totals": []}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([flow("it", 1, "a/a"), flow("it", 2, "b/b")], "pool 'it' has the amounts 1 and 2"),
        ([flow("it", 1, "to it")], "pool 'it' serves itself"),
        ([flow("it", 1, "to people")], "pool 'it' serves 'people', which is no pool of the month"),
        ([flow("it", 1, "a/a", 0)], "pool 'it' serves 'a' with 'headcount' 0"),
        ([flow("it", 1, "a/a", -1)], "pool 'it' serves 'a' with 'headcount' -1"),
        ([flow("it", 1, "a/a"), flow("it", 1, "a/a")], "pool 'it' names 'a' twice for 'headcount'"),
        (
            [flow("it", 1, "a/a"), flow("it", 1, "b/b", driver="pay")],
            "pool 'it' has 'headcount' and 'pay' as driver 1",
        ),
        ([flow("it", 1, "a/a", "0.0000000000001")], "has more than 12 decimals"),
    ],
)
def test_rows_that_contradict_each_other_are_an_error(rows: Sequence[Row], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        solved(rows)


# Whatever the company.

QUANTITIES = st.one_of(
    st.integers(1, 3), st.integers(1, 10**6), st.decimals("0.000000000001", 10**9, places=12)
)
CENTS = st.one_of(st.integers(-3, 3), st.integers(-(10**9), 10**9))


@st.composite
def companies(draw: st.DrawFn) -> list[Row]:
    """Service pools that serve departments and each other by up to two drivers, or nobody."""
    pools = [f"pool {number}" for number in range(draw(st.integers(1, 5)))]
    targets = [f"{department}/{bucket}" for department in "abc" for bucket in ("hosting", "sales")]
    rows = []
    for pool in pools:
        amount = draw(CENTS)
        served: list[Row] = []
        for rank in range(1, draw(st.integers(1, 3))):
            others = [f"to {other}" for other in pools if other != pool]
            for target in draw(st.lists(st.sampled_from([*targets, *others]), unique=True, max_size=8)):
                columns = {"driver_rank": rank, "driver": f"driver {rank}"}
                served.append(flow(pool, amount, target, draw(QUANTITIES), **columns))
        rows += served or [flow(pool, amount, None)]
    return rows


def solved_if_possible(rows: Sequence[Row], method: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    try:
        return solved(rows, method)
    except SolverError as error:
        assert "serve only each other" in str(error) and method == "reciprocal"
        return {"overhead_allocations": [], "overhead_totals": []}


def graph_of(
    pools: Sequence[Pool], drivers: Mapping[str, Driver | None]
) -> dict[str, dict[Hashable, Fraction]]:
    """Where each pool's cost goes next, as the oracle takes it."""
    graph: dict[str, dict[Hashable, Fraction]] = {}
    for pool in pools:
        driver = drivers[pool.name]
        served: dict[Hashable, int] = {"nowhere": 1}
        if driver:
            served = dict([*driver.departments.items(), *driver.services.items()])
        graph[pool.name] = {to: Fraction(quantity, sum(served.values())) for to, quantity in served.items()}
    return graph


@given(companies(), st.sampled_from(METHODS))
def test_out_equals_in_for_every_pool(rows: list[Row], method: str) -> None:
    result = solved_if_possible(rows, method)
    out: Counter[str] = Counter()
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for row in result["overhead_allocations"]:
        out[row["pool"]] += row["amount_minor"]
        shares[row["pool"]] += row["share"]
    own = {row["pool"]: row["own_amount_minor"] for row in result["overhead_totals"]}
    assert all(out[pool] == amount for pool, amount in own.items())
    assert out.keys() <= own.keys()
    assert all(abs(share - 1) < Decimal("1e-15") for share in shares.values())


@given(companies(), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], method: str, chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert solved_if_possible(shuffled, method) == solved_if_possible(rows, method)


@given(companies(), st.sampled_from(METHODS))
def test_negative_pools_mirror_positive_ones(rows: list[Row], method: str) -> None:
    mirrored = [{**row, "amount_minor": -row["amount_minor"]} for row in rows]
    expected = [
        {**row, "amount_minor": -row["amount_minor"]}
        for row in solved_if_possible(rows, method)["overhead_allocations"]
    ]
    assert solved_if_possible(mirrored, method)["overhead_allocations"] == expected


@given(companies())
def test_methods_agree_where_no_pool_serves_another(rows: list[Row]) -> None:
    names = {row["pool"]: row["amount_minor"] for row in rows}
    alone = [row for row in rows if row["target_type"] == "department"]
    alone += [flow(pool, int(amount), None) for pool, amount in names.items()]
    without_method = [
        [{**row, "method": None} for row in solved(alone, method)["overhead_allocations"]]
        for method in METHODS
    ]
    assert without_method[0] == without_method[1] == without_method[2]


@given(companies(), st.sampled_from(METHODS))
def test_shares_are_those_of_an_independent_solution(rows: list[Row], method: str) -> None:
    pools = read_pools(rows)
    try:
        allocation = allocate(pools, method)
    except ClosedCircle:
        return
    graph = graph_of(pools, allocation.drivers)
    for name, shares in allocation.shares.items():
        by_hop = {
            (target if target.target_type == "department" else "nowhere", hop): Fraction(
                part, shares.denominator
            )
            for target, hops in shares.numerators.items()
            for hop, part in hops.items()
        }
        # Only what the pool reaches: elsewhere pools may go round for ever.
        reached = {name}
        while more := {to for pool in reached for to in graph[pool] if to in graph} - reached:
            reached |= {str(pool) for pool in more}
        within = {pool: graph[pool] for pool in sorted(reached)}
        assert by_hop == ends(within, name)
        arrived, under_way = after_rounds(within, name, 12)
        for to, share in arrived.items():
            exact = sum(part for (target, _), part in by_hop.items() if target == to)
            assert share <= exact <= share + under_way


@given(companies(), st.sampled_from(METHODS))
def test_totals_are_own_cost_and_what_others_pass_on(rows: list[Row], method: str) -> None:
    pools = read_pools(rows)
    try:
        allocation = allocate(pools, method)
    except ClosedCircle:
        return
    for pool in pools:
        received = sum(
            allocation.totals[other] * Fraction(driver.services.get(pool.name, 0), driver.total)
            for other, driver in allocation.drivers.items()
            if driver
        )
        assert allocation.totals[pool.name] == pool.amount + received


@given(companies())
def test_a_closed_department_receives_nothing_more(rows: list[Row]) -> None:
    pools = read_pools(rows)
    place = {name: number for number, name in enumerate(closing_order(pools))}
    for name, driver in allocate(pools, "step_down").drivers.items():
        assert all(place[name] < place[other] for other in (driver.services if driver else {}))


@given(st.integers(-(10**6), 10**6), st.integers(1, 40))
def test_equal_weights_differ_by_a_cent_at_most(amount: int, count: int) -> None:
    parts = list(whole_shares(amount, dict.fromkeys(range(count), 7)).values())
    assert sum(parts) == amount and max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=amount >= 0)


@given(st.integers(-5, 5), st.integers(6, 300))
def test_single_cents_go_to_single_targets(amount: int, count: int) -> None:
    parts = whole_shares(amount, {number: 10**6 + number % 3 for number in range(count)})
    assert sorted(map(abs, parts.values()), reverse=True)[: abs(amount) + 1] == [1] * abs(amount) + [0]


@given(
    st.integers(-(10**12), 10**12),
    st.dictionaries(st.integers(), st.integers(0, 10**15), min_size=1).filter(lambda one: any(one.values())),
)
def test_whole_shares_are_largest_remainders(amount: int, weights: dict[int, int]) -> None:
    parts = whole_shares(amount, weights)
    assert parts == largest_remainder(amount, weights)
    total = sum(weights.values())
    assert all(abs(part * total - amount * weights[key]) < total for key, part in parts.items())
    assert all(part == 0 for key, part in parts.items() if weights[key] == 0)


def test_a_target_sorts_by_type_name_and_bucket() -> None:
    targets = [Target("unallocated", "unallocated", ""), Target("department", "z", "a")]
    assert sorted(targets)[0].name == "z"
