"""Allocations that others have published, through the engine that allocates ours.

A test is named after its source and says where it stands. Amounts are dollars there and cents here; figures
that a source rounds are compared as it rounds them. Where a source closes pools in an order of its own, that
order is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from orchestration.solvers.allocation import Allocation, Driver, Pool, Target, allocate, closing_order, solve


def pool(name: str, dollars: int, services: Mapping[str, int], departments: Mapping[str, int]) -> Pool:
    """A service pool that serves other pools and departments in these proportions."""
    targets = {Target("department", department, ""): part for department, part in departments.items()}
    return Pool(name, 100 * dollars, [Driver(1, "use", targets, services)])


def in_dollars(cents: Mapping[str, Fraction]) -> dict[str, int]:
    """Rounded half away from zero, as by hand."""
    return {name: int(amount / 100 + Fraction(1, 2)) for name, amount in sorted(cents.items())}


def received(pools: Sequence[Pool], allocation: Allocation) -> dict[str, int]:
    """What each department gets of all pools, in dollars."""
    amounts = allocation.amounts({one.name: one.amount for one in pools})
    return in_dollars({target.name: amount for target, amount in amounts.items()})


def test_university_of_regina_bus_388() -> None:
    """Business 388, allocation of support department costs: HR 80,000, DP 120,000 and RM 40,000.

    Only costs and results are at hand. The percentages are the ones that give them: among whole and half
    percentages there is one way in which the three serve each other, and among multiples of five one in which
    they serve the two producing departments.
    """
    pools = [
        pool("HR", 80_000, {"DP": 20, "RM": 10}, {"one": 40, "two": 30}),
        pool("DP", 120_000, {"HR": 8, "RM": 7}, {"one": 30, "two": 55}),
        pool("RM", 40_000, {}, {"one": 50, "two": 50}),
    ]
    rows: list[dict[str, Any]] = []
    for one in pools:
        driver = one.drivers[0]
        row = {"month": date(2024, 1, 1), "pool": one.name, "amount_minor": Decimal(one.amount)}
        row |= {"driver_rank": 1, "driver": "use"}
        served: list[tuple[str, str, str | None, int]] = [
            *(("service_pool", name, None, part) for name, part in driver.services.items()),
            *((*target, part) for target, part in driver.departments.items()),
        ]
        rows += [
            {**row, "target_type": kind, "target": name, "target_bucket": bucket, "quantity": Decimal(part)}
            for kind, name, bucket, part in served
        ]
    solved = solve(rows, {"allocation_method": "reciprocal"})
    assert {row["pool"]: row["total_amount"] for row in solved["overhead_totals"]} == {
        "HR": Decimal("9105691.056911"),
        "DP": Decimal("13821138.211382"),
        "RM": Decimal("5878048.780488"),
    }
    cents: Counter[str] = Counter()
    for allocated in solved["overhead_allocations"]:
        cents[allocated["target"]] += allocated["amount_minor"]
    assert cents == {"one": 10_727_642, "two": 13_272_358}


# Class handout "Chapter 15 - Example 2 (Multiple Service Departments)", with all three methods:
# https://www.coursehero.com/file/5929594/10026-032410-96/
HANDOUT = [
    pool("M", 90_000, {"C": 5_000}, {"P1": 10_000, "P2": 35_000}),
    pool("C", 83_820, {"M": 250}, {"P1": 350, "P2": 400}),
]


def test_multiple_service_departments_handout_direct() -> None:
    assert received(HANDOUT, allocate(HANDOUT, "direct")) == {"P1": 20_000 + 39_116, "P2": 70_000 + 44_704}


def test_multiple_service_departments_handout_step_down() -> None:
    """It closes M first, which does 10 % of its work for C; C does 25 % of its for M."""
    allocation = allocate(HANDOUT, "step_down", order=["M", "C"])
    assert in_dollars(allocation.totals) == {"C": 92_820, "M": 90_000}
    assert received(HANDOUT, allocation) == {"P1": 18_000 + 43_316, "P2": 63_000 + 49_504}
    assert closing_order(HANDOUT) == ["C", "M"]


def test_multiple_service_departments_handout_reciprocal() -> None:
    allocation = allocate(HANDOUT, "reciprocal")
    assert allocation.totals == {"C": 9_520_000, "M": 11_380_000}
    assert received(HANDOUT, allocation) == {"P1": 56_080, "P2": 117_740}


# Simon Fraser University, BUS 320, lecture 5: http://assets.oneclass.com/class-notes/ca/sfu/bus/bus-320/
# 1804570-bus-320-lecture-5.en.html
SIMON_FRASER = [
    pool("electricity", 80_000, {"water": 2_500}, {"iron": 2_500, "steel": 2_500}),
    pool("water", 60_000, {"electricity": 1_000}, {"iron": 1_600, "steel": 1_400}),
]


def test_simon_fraser_university_bus_320_step_down() -> None:
    water_first = allocate(SIMON_FRASER, "step_down", order=["water", "electricity"])
    assert in_dollars(water_first.totals) == {"electricity": 95_000, "water": 60_000}
    assert received(SIMON_FRASER, water_first) == {"iron": 24_000 + 47_500, "steel": 21_000 + 47_500}
    # Ours by default, too: electricity does a third of its work for water, water a quarter of its.
    electricity_first = allocate(SIMON_FRASER, "step_down")
    assert in_dollars(electricity_first.totals) == {"electricity": 80_000, "water": 86_667}
    # 26,667 + 46,222.22 and 26,667 + 40,444.44.
    assert received(SIMON_FRASER, electricity_first) == {"iron": 72_889, "steel": 67_111}


def test_simon_fraser_university_bus_320_reciprocal() -> None:
    allocation = allocate(SIMON_FRASER, "reciprocal")
    assert in_dollars(allocation.totals) == {"electricity": 103_636, "water": 94_545}
    # A third of 103,636 and 0.40 of 94,545.
    assert received(SIMON_FRASER, allocation)["iron"] == 72_364


def test_natural_gas_electricity_administration_step_down() -> None:
    """Solution 10.42, cost allocation by the step method: https://www.coursehero.com/file/6029783/1042/

    Electricity and administration both do a quarter of their work for other pools: ties go by name.
    """
    pools = [
        pool("gas", 70_000, {"electricity": 40}, {"fertilizer": 10, "additives": 50}),
        pool("electricity", 110_000, {"gas": 10, "general": 15}, {"fertilizer": 45, "additives": 30}),
        pool("general", 48_000, {"gas": 10, "electricity": 15}, {"fertilizer": 40, "additives": 35}),
    ]
    allocation = allocate(pools, "step_down")
    assert closing_order(pools) == ["gas", "electricity", "general"]
    assert in_dollars(allocation.totals) == {"electricity": 138_000, "gas": 70_000, "general": 71_000}
    # 71,000 of general administration by 0.5333 and 0.4667.
    expected = {"fertilizer": 7_000 + 69_000 + 37_867, "additives": 35_000 + 46_000 + 33_133}
    assert received(pools, allocation) == expected


def test_bens_corporation_step_down() -> None:
    """Repairs, HR and IT: https://answer.ya.guru/questions/9408512-1-which-of-the-following-is-an-example-of-an-intermediary.html"""
    pools = [
        pool("repairs", 36_000, {}, {"M1": 40, "M2": 60}),
        pool("HR", 55_600, {"repairs": 10, "IT": 20}, {"M1": 35, "M2": 35}),
        pool("IT", 81_000, {"HR": 10}, {"M1": 20, "M2": 70}),
    ]
    allocation = allocate(pools, "step_down")
    assert in_dollars(allocation.totals) == {"HR": 55_600, "IT": 92_120, "repairs": 41_560}
    assert received(pools, allocation) == {"M1": 56_555, "M2": 116_045}


def test_e_books_step_down() -> None:
    """Human resources and information systems: https://solutioninn.com/study-help/questions/
    ebooks-an-online-book-retailer-has-two-operating-departmentscorporate-sales-8828590
    """
    pools = [
        pool("HR", 80_000, {"IS": 20}, {"corporate": 48, "consumer": 32}),
        pool("IS", 229_000, {"HR": 10}, {"corporate": 63, "consumer": 27}),
    ]
    allocation = allocate(pools, "step_down")
    assert in_dollars(allocation.totals) == {"HR": 80_000, "IS": 245_000}
    assert received(pools, allocation) == {"corporate": 38_400 + 171_500, "consumer": 25_600 + 73_500}


def test_ferre_publishing_direct() -> None:
    """Administration, janitorial and maintenance: https://answer.ya.guru/questions/
    4940313-which-of-the-following-is-false-a-in-the-long-run-demand-curves.html
    """
    pools = [
        pool(
            "administration",
            168_000,
            {"janitorial": 35, "maintenance": 140},
            {"binding": 315, "printing": 210},
        ),
        pool(
            "janitorial",
            126_000,
            {"administration": 15_000, "maintenance": 20_000},
            {"binding": 40_000, "printing": 100_000},
        ),
        pool("maintenance", 57_600, {}, {"binding": 30_000, "printing": 60_000}),
    ]
    assert received(pools, allocate(pools, "direct")) == {
        "binding": 100_800 + 36_000 + 19_200,
        "printing": 67_200 + 90_000 + 38_400,
    }


def test_two_day_and_next_day_delivery_reciprocal() -> None:
    """Administration and maintenance: https://www.coursehero.com/file/9099863/"""
    pools = [
        pool("administration", 1_200, {"maintenance": 1}, {"two-day": 1, "next-day": 4}),
        pool("maintenance", 2_400, {"administration": 1}, {"two-day": 1, "next-day": 3}),
    ]
    allocation = allocate(pools, "reciprocal")
    assert in_dollars(allocation.totals) == {"administration": 1_738, "maintenance": 2_690}
    assert received(pools, allocation) == {"two-day": 538 + 290, "next-day": 1_614 + 1_158}


def test_cima_ba2_workbook_equation_method() -> None:
    """Integrated workbook 2018, pages 70 to 72: https://online.flipbuilder.com/bmcx/msqx/files/basic-html/page78.html"""
    pools = [
        pool("S1", 21_000, {"S2": 10}, {"P1": 55, "P2": 35}),
        pool("S2", 15_000, {"S1": 5}, {"P1": 30, "P2": 65}),
    ]
    assert in_dollars(allocate(pools, "reciprocal").totals)["S1"] == 21_859
