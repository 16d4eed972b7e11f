"""What people cost: the payroll of each month, stock-based compensation, and travel.

A line per employee, department, location and kind; who moves within a month has lines for the days in each
place. The executive department is one summary without names. Who is where is ``people``'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from seeds.generator.books import BANK_ACCOUNT, Bill, Books, dollars, last_day
from seeds.generator.chart import (
    ACCRUED_PAYROLL,
    BENEFITS,
    BONUS,
    CLOUD_OPERATIONS,
    CUSTOMER_SUCCESS,
    DENVER,
    ENGINEERING,
    EXECUTIVE,
    LEEDS,
    LEIPZIG,
    MARKETING,
    PAID_IN_CAPITAL,
    PAYABLE,
    PAYROLL_TAX,
    SALARIES,
    SALES,
    SERVICES,
    STOCK_COMPENSATION,
    TRAVEL,
    Account,
)
from seeds.generator.journal import NO_TAGS, Entry, JournalLine, Tags
from seeds.generator.moments import DAY, HOUR, add_months, as_date, instant
from seeds.generator.money import divide_rounded
from seeds.generator.people import FULL_TIME, Employee, Stay, employees
from seeds.generator.randomness import Stream

_RAISE_PERCENT = 3
_TAX_PER_THOUSAND = {DENVER: 83, LEEDS: 121, LEIPZIG: 198}
_BENEFITS_CENTS = {DENVER: 540_00, LEEDS: 210_00, LEIPZIG: 130_00}
_COMMISSION_PERCENT = 16
_BONUS_PERCENT = 3
_PAID_OUT_PER_THOUSAND = 680
_REST_PAID_AFTER = 15 * DAY

_STOCK_FROM = instant(2023, 2, 1)
_STOCK_TAGGED_FROM = instant(2024, 1, 1)
_STOCK_PER_THOUSAND = 60
_STOCK_DEPARTMENTS = (CLOUD_OPERATIONS, ENGINEERING, SALES, EXECUTIVE)

_TRAVELLERS = (SERVICES, CUSTOMER_SUCCESS, SALES, MARKETING)
_EXECUTIVE_TAGS = Tags(EXECUTIVE, DENVER)

# Corrections by month: the employee's number, account, cents, and whether the line names its place.
LATE_BONUS = (instant(2025, 1, 1), 12, BONUS, 3_200_00, False)
TAKEN_BACK = (instant(2024, 10, 1), 1, SALARIES, -350_01, True)
_CORRECTIONS = (LATE_BONUS, TAKEN_BACK)


def payroll_entries(books: Books, month: int) -> Iterator[Entry]:
    """All entries of a month about people."""
    yield from _payroll(books, month)
    yield from _stock_compensation(books, month)
    yield from _travel(books, month)


def _payroll(books: Books, month: int) -> Iterator[Entry]:
    lines: list[JournalLine] = []
    summary: dict[Account, int] = {}
    for employee in employees():
        for stay in employee.stays_in(month, add_months(month, 1)):
            for account, cents in _pay(employee, stay, month):
                if stay.place.department == EXECUTIVE:
                    summary[account] = summary.get(account, 0) + cents
                else:
                    tags = Tags(stay.place.department, stay.place.location)
                    lines.append(dollars(account, cents, tags, entity=employee.entity))
    lines += [dollars(account, cents, _EXECUTIVE_TAGS) for account, cents in summary.items()]
    for at, number, account, cents, names_place in _CORRECTIONS:
        employee = employees()[number - 1]
        if at == month:
            tags = Tags(employee.place.department, employee.place.location) if names_place else NO_TAGS
            lines.append(dollars(account, cents, tags, entity=employee.entity, memo="Correction"))
    total = sum(line.foreign for line in lines)
    day, name = last_day(month), as_date(month)[:7]
    yield from books.entry("Journal", day, [*lines, dollars(ACCRUED_PAYROLL, -total)], memo=f"Payroll {name}")
    gross = sum(line.foreign for line in lines if line.account in (SALARIES, BONUS))
    net = gross * _PAID_OUT_PER_THOUSAND // 1_000
    for paid_on, cents, memo in (
        (day, net, f"Net pay {name}"),
        (day + _REST_PAID_AFTER, total - net, f"Payroll tax and benefits {name}"),
    ):
        paid = [dollars(ACCRUED_PAYROLL, cents), dollars(BANK_ACCOUNT, -cents)]
        yield from books.entry("Journal", paid_on, paid, made=paid_on + 11 * HOUR, memo=memo)


def _pay(employee: Employee, stay: Stay, month: int) -> Iterator[tuple[Account, int]]:
    """What a stay costs in a month, by kind."""
    assert stay.until is not None
    after = add_months(month, 1)
    days, all_days = (stay.until - stay.first) // DAY, (after - month) // DAY
    monthly = _monthly_salary(employee, month)
    salary = divide_rounded(monthly * stay.place.fte * days, FULL_TIME * all_days)
    benefits = _BENEFITS_CENTS[stay.place.location] * stay.place.fte * days
    number = int(as_date(month)[5:7])
    bonus = 0
    if stay.until == after and stay.place.department == SALES and number % 3 == 0:
        bonus = divide_rounded(monthly * 3 * _COMMISSION_PERCENT * stay.place.fte, 100 * FULL_TIME)
    elif stay.until == after and number == 12:
        bonus = divide_rounded(monthly * 12 * _BONUS_PERCENT * stay.place.fte, 100 * FULL_TIME)
    tax = divide_rounded((salary + bonus) * _TAX_PER_THOUSAND[stay.place.location], 1_000)
    yield SALARIES, salary
    yield PAYROLL_TAX, tax
    yield BENEFITS, divide_rounded(benefits, FULL_TIME * all_days)
    if bonus:
        yield BONUS, bonus


def _monthly_salary(employee: Employee, month: int) -> int:
    years = max(int(as_date(month)[:4]) - 2023, 0)
    return divide_rounded(employee.salary_cents * (100 + _RAISE_PERCENT) ** years, 12 * 100**years)


def _stock_compensation(books: Books, month: int) -> Iterator[Entry]:
    """Granted to some; in the first year the entry says who, and not where they work."""
    if month < _STOCK_FROM:
        return
    lines = []
    executives = 0
    for employee in employees():
        stays = employee.stays_in(month, add_months(month, 1))
        granted = Stream("stock", employee.id).chance(550) or employee.place.department == EXECUTIVE
        if not stays or employee.place.department not in _STOCK_DEPARTMENTS or not granted:
            continue
        cents = divide_rounded(_monthly_salary(employee, month) * _STOCK_PER_THOUSAND, 1_000)
        place = stays[-1].place
        if place.department == EXECUTIVE:
            executives += cents
            continue
        tags = Tags(place.department, place.location) if month >= _STOCK_TAGGED_FROM else NO_TAGS
        lines.append(dollars(STOCK_COMPENSATION, cents, tags, entity=employee.entity))
    lines.append(dollars(STOCK_COMPENSATION, executives, _EXECUTIVE_TAGS))
    total = sum(line.foreign for line in lines)
    yield from books.entry(
        "Journal", last_day(month), [*lines, dollars(PAID_IN_CAPITAL, -total)],
        memo=f"Stock-based compensation {as_date(month)[:7]}",
    )  # fmt: skip


def _travel(books: Books, month: int) -> Iterator[Entry]:
    """A bill of the travel agency with a line per traveller, and reports of what they spent themselves."""
    day, reported = month + 11 * DAY, month + 20 * DAY
    lines, spent = [], 0
    for employee in employees():
        stream = Stream("travel", employee.id, month)
        place = employee.place_on(day)
        if place is not None and place.department in _TRAVELLERS and stream.chance(300):
            tags = Tags(place.department, place.location)
            lines.append(dollars(TRAVEL, stream.between(180_00, 1_150_00), tags, entity=employee.entity))
        place = employee.place_on(reported)
        if place is not None and place.department in _TRAVELLERS and stream.chance(110):
            cents = stream.between(35_00, 420_00)
            spent += cents
            report = [
                dollars(TRAVEL, cents, Tags(place.department, place.location)), dollars(PAYABLE, -cents),
            ]  # fmt: skip
            yield from books.entry(
                "ExpRept", reported, report, entity=employee.entity, memo="Expenses on the road"
            )
    if lines:
        yield from books.bill(Bill("Onyx Travel", f"OT-{as_date(month)[:7]}", day, lines))
    if spent:
        repaid = [dollars(PAYABLE, spent), dollars(BANK_ACCOUNT, -spent)]
        memo = f"Expenses repaid {as_date(month)[:7]}"
        yield from books.entry("Journal", last_day(month), repaid, memo=memo)
