"""Hours that the vendor's consultants recorded: for what customers bought, for prospects, and for themselves.

Consulting days and set-ups are worked off after they are sold, retainers month by month. Hours are recorded
under the billing customer, now and then under the CRM's company. Who the consultants are is ``people``'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from seeds.generator.chart import CLOUD_OPERATIONS, SERVICES
from seeds.generator.dealings import Dealings
from seeds.generator.moments import DAY, add_months, as_date, month_start
from seeds.generator.people import employed_in
from seeds.generator.randomness import Stream
from seeds.generator.records import company_record, prospect
from seeds.generator.tables import Row

_THURSDAY = 3  # 1970-01-01
_QUARTERS_OF_A_DAY = 32
_PER_COMPANY_RECORD = 9
# Whose people do what; there is always somebody in each.
_DEPARTMENTS = {
    "Consulting": (SERVICES,),
    "Advisory": (SERVICES,),
    "Presales": (SERVICES,),
    "Set-up": (SERVICES, CLOUD_OPERATIONS),
}
_PRESALES = (2, 4)


def customer_hours(dealings: Dealings, horizon: int) -> Iterator[Row]:
    """Rows of ``time_entry`` about one customer."""
    if not dealings.livemode:
        return
    key = dealings.history.company.key
    record = company_record(dealings, horizon)
    account = dealings.customer_id
    if record is not None and Stream("hours", key).below(_PER_COMPANY_RECORD) == 0:
        account = record.id
    if record is not None and record.merged:
        account = record.merged[0]
    for sale in dealings.history.sales:
        for price, quantity in sale.items:
            stream = Stream("hours", sale.key, price.product.key)
            if price.product.key == "consulting":
                quarters = quantity * _QUARTERS_OF_A_DAY * stream.between(88, 130) // 100
                yield from _entries(
                    stream, account, "Consulting", sale.at + 5 * DAY, quarters, horizon=horizon
                )
            elif price.product.key == "setup":
                quarters = stream.between(18, 60)
                yield from _entries(stream, account, "Set-up", sale.at + 2 * DAY, quarters, horizon=horizon)
    for contract, subscription in dealings.billed:
        if not any(item.price.product.key == "advisory" for item in contract.items):
            continue
        month = add_months(month_start(contract.start), 1)
        while month < min(subscription.ended_at or horizon, horizon):
            stream = Stream("hours", contract.key, month)
            day = month + stream.between(3, 20) * DAY
            yield from _entries(stream, account, "Advisory", day, stream.between(10, 26), horizon=horizon)
            month = add_months(month, 1)


def own_hours(first: int, months: list[int], horizon: int) -> Iterator[Row]:
    """Hours without a customer, and some spent on prospects."""
    for month in months:
        for employee in employed_in(SERVICES, month):
            stream = Stream("own hours", employee.id, month)
            for project in ("Internal: training", "Internal: planning"):
                day = _working_day(month + stream.between(1, 24) * DAY)
                yield employee.id, as_date(day), None, project, _hours(stream.between(6, 24))
    for number in _PRESALES:
        company, record = prospect(number, first)
        stream = Stream("presales", number)
        yield from _entries(stream, record.id, "Presales", company.created + 9 * DAY, 26, horizon=horizon)


def _entries(
    stream: Stream, account: str, project: str, start: int, quarters: int, *, horizon: int
) -> Iterator[Row]:
    """Quarters of an hour over the working days from ``start`` on, by whoever of the departments is free."""
    day = _working_day(start // DAY * DAY)
    while quarters > 0 and day <= horizon:
        people = [
            employee for department in _DEPARTMENTS[project] for employee in employed_in(department, day)
        ]
        worked = min(quarters, stream.between(3, 11))
        yield stream.pick(people).id, as_date(day), account, project, _hours(worked)
        quarters -= worked
        for _ in range(stream.between(1, 3)):
            day = _working_day(day + DAY)


def _working_day(day: int) -> int:
    """The day itself or the Monday after it."""
    weekday = (day // DAY + _THURSDAY) % 7
    return day + (7 - weekday) * DAY if weekday > 4 else day


def _hours(quarters: int) -> str:
    whole, rest = divmod(quarters, 4)
    return f"{whole}.{rest * 25:02d}"
