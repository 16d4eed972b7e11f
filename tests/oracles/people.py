"""Who worked where, for what share of full time, and on what (definitions 6).

From employees, their assignments and time surveys to days of full-time equivalents. What these are used for
stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from tests.oracles.calendar_months import next_month
from tests.oracles.cost_mappings import CostPolicy, Target, stop
from tests.oracles.export import Row, exact_number, read_rows
from tests.oracles.ledger_lines import Ledger, day_of, day_or_none
from tests.oracles.policy_tables import plain

# By department (None where there is none), location and what people work on.
Workplace = tuple[str | None, str | None, Target]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Assignment:
    """From a day to before another, both None where there is no limit."""

    department: str | None
    location: str | None
    fte: Fraction
    first: date | None
    end: date | None

    def holds_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    def touches(self, month: date) -> bool:
        is_over = self.end is not None and self.end <= max(month, self.first or month)
        return not is_over and (self.first is None or self.first < next_month(month))


@dataclass(frozen=True)
class Employee:
    id: str
    department: str | None
    location: str | None
    function: str | None
    employed: Assignment
    assignments: tuple[Assignment, ...]

    def places_on(self, day: date) -> list[Assignment]:
        """Where they work on a day: several places at once where assignments overlap."""
        if not self.employed.holds_on(day):
            return []
        return [place for place in self.assignments or (self.employed,) if place.holds_on(day)]

    def last_place_in(self, month: date) -> tuple[str | None, str | None]:
        """Department and location of the last assignment in a month, else their own."""
        places = [place for place in self.assignments if place.touches(month)]
        last = max(places, key=lambda place: place.first or date.min, default=self.employed)
        return last.department or self.department, last.location or self.location


class People:
    """Everybody that a landing folder says works for the company, up to a day."""

    def __init__(self, landing: Path, ledger: Ledger, policy: CostPolicy, last_day: date) -> None:
        def table(name: str) -> list[dict[str, str]]:
            return read_rows(landing / "ledger" / f"{name}.csv")

        self.ledger = ledger
        self.policy = policy
        self.last_day = last_day
        assignments: dict[str, list[Row]] = defaultdict(list)
        for row in table("employee_assignment"):
            assignments[row["employee_id"]].append(row)
        self.employees = {row["id"]: read_employee(row, assignments[row["id"]]) for row in table("employee")}
        self.surveys: dict[tuple[str, date], dict[str, Fraction]] = defaultdict(dict)
        for row in table("time_survey"):
            shares = self.surveys[row["employee_id"], day_of(row, "month").replace(day=1)]
            shares[plain(row["function"])] = Fraction(row.get("share", "0"))
        for (employee, month), shares in self.surveys.items():
            is_whole = sum(shares.values()) == 1 and min(shares.values()) > 0
            if employee in self.employees and not is_whole:
                stop(f"the time of employee {employee} in {month} adds up to {sum(shares.values())}")

    def employee_of(self, entity: str | None) -> Employee | None:
        """Whom an entity of the ledger stands for."""
        if entity is None:
            return None
        external = self.ledger.entities.get(entity, {}).get("externalid", "")
        return self.employees.get(external) or self.employees.get(entity)

    def survey(self, employee: Employee, month: date) -> dict[str, Fraction]:
        """Shares of time by function; empty where nobody asked."""
        return self.surveys.get((employee.id, month), {})

    def work_of(self, employee: Employee, department: str | None, month: date) -> dict[Target, Fraction]:
        """Shares of time by what it is spent on."""
        shares: dict[Target, Fraction] = defaultdict(Fraction)
        for function, share in self.survey(employee, month).items():
            shares[self.policy.function(function)] += share
        if shares:
            return dict(shares)
        rule = self.policy.of_department(self.ledger.departments.matchable(department))
        if rule is not None:
            return {rule.target: Fraction(1)}
        if employee.function is None:
            stop(f"nothing says what employee {employee.id} works on in {month}")
        return {self.policy.function(employee.function): Fraction(1)}

    def fte_days(self, month: date) -> dict[Workplace, Fraction]:
        """Full-time equivalents, added up over the days of a month that have come."""
        days: dict[Workplace, Fraction] = defaultdict(Fraction)
        for employee in self.employees.values():
            by_place: dict[tuple[str | None, str | None], Fraction] = defaultdict(Fraction)
            for day in self.days_of(month):
                for place in employee.places_on(day):
                    by_place[place.department, place.location] += place.fte
            for (department, location), fte in by_place.items():
                for target, share in self.work_of(employee, department, month).items():
                    key = (
                        self.ledger.departments.shown(department),
                        self.ledger.locations.shown(location),
                        target,
                    )
                    days[key] += fte * share
        return dict(days)

    def days_of(self, month: date) -> Iterator[date]:
        day = month
        while day < next_month(month) and day <= self.last_day:
            yield day
            day += DAY


def read_employee(row: Row, assignments: list[Row]) -> Employee:
    own_fte = exact_number(row, "fte")
    fte = Fraction(1) if own_fte is None else own_fte
    last = day_or_none(row, "end_date")
    return Employee(
        id=row["id"],
        department=row.get("department"),
        location=row.get("location"),
        function=row.get("function"),
        employed=Assignment(
            row.get("department"),
            row.get("location"),
            fte,
            day_or_none(row, "start_date"),
            None if last is None else last + DAY,
        ),
        assignments=tuple(
            Assignment(
                assignment.get("department") or row.get("department"),
                assignment.get("location") or row.get("location"),
                Fraction(assignment["fte"]) if "fte" in assignment else fte,
                day_of(assignment, "valid_from"),
                day_or_none(assignment, "valid_to"),
            )
            for assignment in assignments
        ),
    )
