"""Who works for the vendor: departments and locations over time, pay, and what the time survey says.

People are pseudonyms ("Employee 17"). The same ones are there whatever the seed and the customers, so that
their ids can be looked up. Add a case about a person here; what is paid and posted is ``payroll``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from seeds.generator.chart import (
    CLOUD_OPERATIONS,
    CUSTOMER_SUCCESS,
    DENVER,
    DEPARTMENTS,
    ENGINEERING,
    EXECUTIVE,
    FINANCE,
    IT,
    LEEDS,
    LEIPZIG,
    LOCATIONS,
    MARKETING,
    PEOPLE,
    SALES,
    SERVICES,
    SUPPORT,
)
from seeds.generator.moments import DAY, add_months, as_date, instant
from seeds.generator.randomness import Stream
from seeds.generator.tables import Row, Rows

_FIRST_MONTH = instant(2023, 1, 1)
_FIRST_EMPLOYEE_ENTITY = 500
_SURVEYS_FROM = instant(2023, 4, 1)
FULL_TIME = 100

# Functions as the time survey and the personnel file call them.
_FUNCTIONS = {
    SUPPORT: "support",
    SERVICES: "services",
    CLOUD_OPERATIONS: "cloud_operations",
    CUSTOMER_SUCCESS: "customer_success",
    ENGINEERING: "engineering",
    SALES: "sales",
    MARKETING: "marketing",
    FINANCE: "finance",
    PEOPLE: "administration",
    IT: "it",
    EXECUTIVE: "finance",
}

# Yearly salaries in US dollars.
_SALARIES = {
    SUPPORT: 40_000,
    SERVICES: 58_000,
    CLOUD_OPERATIONS: 68_000,
    CUSTOMER_SUCCESS: 56_000,
    ENGINEERING: 88_000,
    SALES: 66_000,
    MARKETING: 60_000,
    FINANCE: 58_000,
    PEOPLE: 54_000,
    IT: 54_000,
    EXECUTIVE: 138_000,
}

# Where and in which month (0: before the books begin) each department's people start.
_HIRES: Mapping[int, tuple[tuple[int, int], ...]] = {
    SUPPORT: (
        (0, DENVER), (0, DENVER), (0, LEEDS), (4, LEEDS), (8, DENVER), (12, LEEDS), (17, DENVER),
        (18, LEIPZIG), (22, LEIPZIG), (28, LEEDS), (32, DENVER),
    ),
    SERVICES: ((0, DENVER), (0, LEEDS), (19, LEIPZIG)),
    CLOUD_OPERATIONS: ((0, DENVER), (0, DENVER), (10, LEEDS), (20, LEIPZIG), (27, DENVER)),
    CUSTOMER_SUCCESS: ((0, DENVER), (6, LEEDS), (14, DENVER), (22, LEIPZIG), (31, DENVER)),
    ENGINEERING: (
        (0, DENVER), (0, DENVER), (0, DENVER), (0, DENVER), (0, LEEDS), (0, LEEDS), (3, DENVER),
        (7, DENVER), (10, LEEDS), (15, DENVER), (18, LEIPZIG), (20, LEIPZIG), (24, DENVER), (26, LEIPZIG),
        (28, DENVER), (29, LEEDS), (31, LEIPZIG), (32, DENVER), (33, LEEDS), (34, DENVER),
    ),
    SALES: (
        (0, DENVER), (0, DENVER), (0, LEEDS), (5, DENVER), (9, LEEDS), (13, DENVER), (17, DENVER),
        (21, LEIPZIG), (25, DENVER), (28, LEIPZIG), (30, LEEDS), (32, DENVER), (33, DENVER),
    ),
    MARKETING: ((0, DENVER), (8, DENVER), (16, LEEDS), (26, DENVER)),
    FINANCE: ((0, DENVER), (5, DENVER), (15, LEEDS), (29, DENVER)),
    PEOPLE: ((0, DENVER), (13, LEEDS)),
    IT: ((0, DENVER), (11, LEEDS), (24, LEIPZIG)),
    EXECUTIVE: ((0, DENVER), (0, DENVER)),
}  # fmt: skip


class Place(NamedTuple):
    """Where a person belongs, and how much of a full time (in hundredths) they work."""

    department: int
    location: int
    fte: int


class Stay(NamedTuple):
    """A person's place from ``first`` (an instant) until before ``until``."""

    place: Place
    first: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Employee:
    """``end`` is the last day (an instant); ``moves`` are later places by their first day, in order.

    ``survey`` has the usual shares of time in hundredths, by function, empty for who is not asked;
    ``unanswered`` are months in which there was no answer.
    """

    number: int
    start: int
    end: int | None
    place: Place
    salary_cents: int
    moves: tuple[tuple[int, Place], ...] = ()
    survey: tuple[tuple[str, int], ...] = ()
    unanswered: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        return f"E-{self.number:03d}"

    @property
    def name(self) -> str:
        return f"Employee {self.number}"

    @property
    def entity(self) -> int:
        """The ledger's id of the person."""
        return _FIRST_EMPLOYEE_ENTITY + self.number

    @property
    def stays(self) -> list[Stay]:
        """The places one after the other, up to the day after the last."""
        after = None if self.end is None else self.end + DAY
        firsts = [(self.start, self.place), *self.moves]
        untils = [first for first, _ in self.moves]
        return [
            Stay(place, first, until) for (first, place), until in zip(firsts, [*untils, after], strict=True)
        ]

    def stays_in(self, first: int, until: int) -> list[Stay]:
        """The stays cut to a span of time."""
        cut = [
            Stay(stay.place, max(stay.first, first), min(until, stay.until or until)) for stay in self.stays
        ]
        return [stay for stay in cut if stay.until is not None and stay.first < stay.until]

    def place_on(self, day: int) -> Place | None:
        """Where the person belongs on a day, None while not employed."""
        stays = self.stays_in(day, day + DAY)
        return stays[0].place if stays else None


# Cases, by the person's place in ``_HIRES``: (department, position).
_LEAVERS = {
    (SUPPORT, 4): instant(2024, 9, 13),
    (ENGINEERING, 3): instant(2024, 12, 20),
    (ENGINEERING, 8): instant(2025, 7, 31),
    (SALES, 1): instant(2024, 2, 29),
    (SALES, 6): instant(2025, 5, 16),
    (MARKETING, 1): instant(2025, 2, 28),
}
_MOVES: Mapping[tuple[int, int], tuple[tuple[int, Place], ...]] = {
    # From support to cloud operations in the middle of a month.
    (SUPPORT, 1): ((instant(2024, 5, 16), Place(CLOUD_OPERATIONS, DENVER, 100)),),
    # To another location in the middle of a month.
    (ENGINEERING, 2): ((instant(2025, 2, 11), Place(ENGINEERING, LEEDS, 100)),),
    # Twice in a year, once with both changed.
    (SALES, 4): (
        (instant(2024, 3, 1), Place(SALES, DENVER, 100)),
        (instant(2024, 10, 21), Place(CUSTOMER_SUCCESS, LEEDS, 100)),
    ),
    # To four days, then three days a week.
    (FINANCE, 1): (
        (instant(2024, 4, 1), Place(FINANCE, DENVER, 80)),
        (instant(2025, 9, 15), Place(FINANCE, DENVER, 60)),
    ),
    # To another location with the turn of the year.
    (IT, 1): ((instant(2025, 1, 1), Place(IT, LEIPZIG, 100)),),
}
_PART_TIME = {(PEOPLE, 1): 50, (SUPPORT, 5): 80, (MARKETING, 2): 75}

# Surveyed people, with their usual shares in hundredths; the survey varies them by steps of five.
_SURVEYED: Mapping[tuple[int, int], tuple[tuple[str, int], ...]] = {
    (SUPPORT, 0): (("support", 50), ("success", 30), ("engineering", 20)),
    (SUPPORT, 2): (("support", 70), ("success", 30)),
    (CUSTOMER_SUCCESS, 1): (("success", 65), ("support", 20), ("sales", 15)),
    (CLOUD_OPERATIONS, 1): (("cloud_operations", 60), ("engineering", 40)),
    (ENGINEERING, 4): (("engineering", 70), ("support", 20), ("it", 10)),
    (SERVICES, 1): (("services", 75), ("support", 25)),
    # Answers in thirds.
    (SUPPORT, 3): (("support", 0), ("success", 0), ("engineering", 0)),
}
_UNANSWERED = {(SUPPORT, 0): (instant(2024, 8, 1),)}


@lru_cache(maxsize=1)
def employees() -> tuple[Employee, ...]:
    """Everybody who ever worked for the vendor in the planned time, by number."""
    keys = [(department, place) for department in _HIRES for place in range(len(_HIRES[department]))]
    # Numbers go by the month of the start, as personnel files do.
    keys.sort(key=lambda key: (_HIRES[key[0]][key[1]][0], key))
    return tuple(_employee(number, key) for number, key in enumerate(keys, start=1))


def _employee(number: int, key: tuple[int, int]) -> Employee:
    department, position = key
    month, location = _HIRES[department][position]
    stream = Stream("employee", *key)
    if month == 0:
        start = add_months(_FIRST_MONTH, -stream.between(1, 30))
    else:
        start = add_months(_FIRST_MONTH, month) + stream.pick((0, 0, 0, 14, 9, 2)) * DAY
    salary = _SALARIES[department] * stream.between(88, 114) // 100
    return Employee(
        number=number,
        start=start,
        end=_LEAVERS.get(key),
        place=Place(department, location, _PART_TIME.get(key, FULL_TIME)),
        salary_cents=salary // 100 * 10_000,
        moves=_MOVES.get(key, ()),
        survey=_SURVEYED.get(key, ()),
        unanswered=_UNANSWERED.get(key, ()),
    )


def employed_in(department: int, day: int) -> list[Employee]:
    """The people of a department on a day."""
    return [
        employee
        for employee in employees()
        if (place := employee.place_on(day)) is not None and place.department == department
    ]


def headcounts(day: int) -> dict[int, int]:
    """People by department on a day; departments without anybody are left out."""
    counts: dict[int, int] = {}
    for employee in employees():
        if (place := employee.place_on(day)) is not None:
            counts[place.department] = counts.get(place.department, 0) + 1
    return dict(sorted(counts.items()))


def people_rows(months: list[int], horizon: int) -> Rows:
    """Personnel file, assignments and time survey, as far as they are known at the export.

    The personnel file has names where the assignments have the ledger's ids, as two systems would.
    """
    rows: Rows = {"employee": [], "employee_assignment": [], "time_survey": [], "entity": []}
    departments, locations = dict(DEPARTMENTS), dict(LOCATIONS)
    for employee in employees():
        if employee.start > horizon:
            continue
        known = [stay for stay in employee.stays if stay.first <= horizon]
        place = known[-1].place
        end = employee.end if employee.end is not None and employee.end <= horizon else None
        rows["entity"].append((employee.entity, employee.name, employee.id))
        rows["employee"].append(
            (
                employee.id, departments[place.department], locations[place.location],
                as_date(employee.start), None if end is None else as_date(end), _fte(place.fte),
                _FUNCTIONS[place.department],
            )
        )  # fmt: skip
        # Nobody is assigned anywhere but by the personnel file in the executive department.
        if employee.place.department != EXECUTIVE:
            rows["employee_assignment"] += _assignments(employee, known, horizon)
        rows["time_survey"] += _surveys(employee, months)
    return rows


def _assignments(employee: Employee, stays: list[Stay], horizon: int) -> Iterator[Row]:
    for number, stay in enumerate(stays):
        is_last = number == len(stays) - 1
        # The last one stays open even where the person has left: the personnel file says when.
        until = None if is_last or stay.until is None or stay.until > horizon else as_date(stay.until)
        yield (
            employee.id, str(stay.place.department), str(stay.place.location), _fte(stay.place.fte),
            as_date(stay.first), until,
        )  # fmt: skip


def _surveys(employee: Employee, months: list[int]) -> Iterator[Row]:
    if not employee.survey:
        return
    for month in months:
        is_employed = employee.stays_in(month, add_months(month, 1))
        if month < _SURVEYS_FROM or not is_employed or month in employee.unanswered:
            continue
        for function, share in _shares(employee, month):
            yield employee.id, as_date(month), function, share


def _shares(employee: Employee, month: int) -> list[tuple[str, str]]:
    """Shares that add up to exactly 1."""
    functions = [function for function, _ in employee.survey]
    if not any(share for _, share in employee.survey):
        return list(zip(functions, ("0.333333", "0.333333", "0.333334"), strict=True))
    shares = [share for _, share in employee.survey]
    moved = 5 * (Stream("time survey", employee.id, month).below(5) - 2)
    moved = max(min(moved, shares[1] - 5), 5 - shares[0])
    shares[0] += moved
    shares[1] -= moved
    return [(function, f"0.{share:02d}") for function, share in zip(functions, shares, strict=True)]


def _fte(hundredths: int) -> str:
    whole, rest = divmod(hundredths, FULL_TIME)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
