"""When an account may ask support (definitions 8): with a licence, by paid maintenance, by subscription.

From what ``mrr.py`` says is in service and from the invoices of licences in ``recognition.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property

from tests.oracles.calendar_months import add_months, first_instant
from tests.oracles.export import naive
from tests.oracles.mrr import Company, MartRow
from tests.oracles.obligations import INCLUDED_SUPPORT
from tests.oracles.recognition import Books

DEFAULT_POLICIES = {"support_included_months": "12"}
LICENCE, MAINTENANCE, SUBSCRIPTION = "licence", "maintenance", "subscription"

Span = tuple[datetime, datetime | None]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans that meet or overlap as one; one without an end takes in all that follow."""
    result: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if result and (result[-1][1] is None or start <= result[-1][1]):
            before = result[-1][1]
            result[-1] = (result[-1][0], None if before is None or end is None else max(before, end))
        else:
            result.append((start, end))
    return result


def months_on(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month."""
    month = add_months(day.replace(day=1), months)
    for number in range(day.day, 27, -1):
        try:
            return month.replace(day=number)
        except ValueError:
            continue
    return month.replace(day=day.day)


class Entitlements:
    """The spans of every account by what they rest on."""

    def __init__(self, company: Company, books: Books, policies: Mapping[str, str]) -> None:
        self.company = company
        self.books = books
        self.included_months = int((DEFAULT_POLICIES | dict(policies))["support_included_months"])

    def service_spans(self, account: str) -> Iterator[tuple[str, Span]]:
        """When something is in service, instant by instant; free service, too, where it is no maintenance."""
        items = self.company.items_by_account[account]
        moments = sorted({moment for item in items for moment in item.instants_of_change})
        for position, moment in enumerate(moments):
            end = moments[position + 1] if position + 1 < len(moments) else None
            for service in self.company.account_services_at(account, moment):
                is_maintenance = service.statement.line.licence_type == MAINTENANCE
                if service.mrr or not is_maintenance:
                    yield (MAINTENANCE if is_maintenance else SUBSCRIPTION), (moment, end)

    def licence_spans(self) -> Iterator[tuple[str, Span]]:
        """From the day a licence is active, of what is or may still be paid."""
        zone = self.books.calendar.zone
        for invoice, obligation in self.books.obligations():
            if obligation.name != INCLUDED_SUPPORT or obligation.amount < 0:
                continue
            if invoice.status in {"open", "paid"}:
                last = months_on(obligation.first_day, self.included_months)
                yield (
                    invoice.account_id,
                    (first_instant(obligation.first_day, zone), first_instant(last, zone)),
                )

    @cached_property
    def spans(self) -> dict[tuple[str, str], list[Span]]:
        """By account and basis."""
        found: dict[tuple[str, str], list[Span]] = defaultdict(list)
        for account in [*self.company.items_by_account]:
            for basis, span in self.service_spans(account):
                found[account, basis].append(span)
        for account, span in self.licence_spans():
            found[account, LICENCE].append(span)
        return {key: joined(spans) for key, spans in found.items()}

    def covers(self, account: str, moment: datetime) -> bool:
        return any(
            start <= moment and (end is None or moment < end)
            for basis in (LICENCE, MAINTENANCE, SUBSCRIPTION)
            for start, end in self.spans.get((account, basis), [])
        )

    def rows(self) -> list[MartRow]:
        """marts.fct_support_entitlements."""
        return [
            {
                "account_id": account,
                "basis": basis,
                "valid_from_at": naive(start),
                "valid_to_at": naive(end),
            }
            for (account, basis), spans in sorted(self.spans.items())
            for start, end in spans
            if end is None or start < end
        ]
