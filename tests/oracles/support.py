"""Tickets of support once more (definitions 8): when the first reply came, whether in time, and who may ask.

From the raw tickets and the calendar of ``business_time.py``. What entitles an account is in
``entitlements.py``; how well support does as a part of health is in ``health.py``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.oracles.business_time import SupportCalendar, time_of_day
from tests.oracles.crm import Crm
from tests.oracles.entitlements import Entitlements
from tests.oracles.export import flag, instant, naive, round_half_away, to_decimal
from tests.oracles.mrr import Company, MartRow
from tests.oracles.policy_tables import read_policy_table
from tests.oracles.ratios import rate

DEFAULT_POLICIES = {"support_time_zone": "UTC", "first_reply_minutes": "240"}
IN_TIME, LATE, UNANSWERED, WAITING, CLOSED = (
    "in_time",
    "late",
    "unanswered",
    "waiting",
    "closed_without_reply",
)
ONE_SECOND = timedelta(seconds=1)


def read_calendar(landing: Path, zone: str) -> SupportCalendar:
    """The openings and holidays that are in force for a company."""
    openings = defaultdict(list)
    for row in read_policy_table(landing, "support_hours", ("weekday", "span_number")):
        if "opens" in row and "closes" in row:
            span = time_of_day(row["opens"]), time_of_day(row["closes"])
            openings[int(row["weekday"]) - 1].append(span)
    holidays = frozenset(
        date.fromisoformat(row["holiday_date"])
        for row in read_policy_table(landing, "support_holidays", ("holiday_date",))
        if flag(row, "is_closed", absent=True)
    )
    return SupportCalendar(ZoneInfo(zone), openings, holidays)


@dataclass(frozen=True)
class Ticket:
    """A ticket as it stands; moments are cut to whole seconds, and what has not happened yet is None."""

    id: str
    account: str | None
    created: datetime
    replied: datetime | None
    closed: datetime | None
    due: datetime | None
    reply_time: timedelta | None
    status: str
    is_entitled: bool | None
    handled_minutes: Fraction | None

    def is_open_at(self, close: datetime) -> bool:
        return self.created < close and (self.closed is None or self.closed >= close)


def median(values: Sequence[int]) -> Fraction:
    """Of a list that is not empty; the mean of the two in the middle."""
    ordered, middle = sorted(values), len(values) // 2
    return Fraction(ordered[middle] + ordered[-middle - 1], 2)


def to_minutes(seconds: Fraction) -> Decimal:
    return to_decimal(round_half_away(seconds / 60, 4))


class Support:
    """All tickets of an export up to its data clock."""

    def __init__(
        self, crm: Crm, company: Company, entitlements: Entitlements, policies: Mapping[str, str]
    ) -> None:
        policy = DEFAULT_POLICIES | dict(policies)
        self.crm = crm
        self.company = company
        self.entitlements = entitlements
        self.promised = timedelta(minutes=int(policy["first_reply_minutes"]))
        self.calendar = read_calendar(crm.landing, policy["support_time_zone"])

    def moment(self, row: Mapping[str, str], column: str, known_by: datetime) -> datetime | None:
        moment = instant(row, column)
        if moment is None or moment >= known_by:
            return None
        return moment.replace(microsecond=0)

    def status(
        self,
        created: datetime,
        due: datetime | None,
        replied: datetime | None,
        closed: datetime | None,
        now: datetime,
    ) -> str:
        """As of some instant: in time, or broken, or neither yet."""
        if replied is not None:
            return IN_TIME if self.calendar.open_time(created, replied) <= self.promised else LATE
        if closed is not None:
            return CLOSED if due is None or closed <= due else UNANSWERED
        return WAITING if due is None or now <= due else UNANSWERED

    def read(self, row: Mapping[str, str]) -> Ticket | None:
        as_of = self.crm.calendar.as_of
        created = self.moment(row, "property_createdate", as_of)
        if created is None:
            return None
        replied = self.moment(row, "property_first_agent_reply_date", as_of)
        closed = self.moment(row, "property_closed_date", as_of)
        # What is dated before the ticket happened with it.
        replied = None if replied is None else max(replied, created)
        closed = None if closed is None else max(closed, created)
        due = self.calendar.last_in_time(created, self.promised)
        account = self.crm.identity.of_company(row["company_id"]) if "company_id" in row else None
        return Ticket(
            id=row["id"],
            account=account,
            created=created,
            replied=replied,
            closed=closed,
            due=due,
            reply_time=None if replied is None else self.calendar.open_time(created, replied),
            status=self.status(created, due, replied, closed, as_of),
            is_entitled=None if account is None else self.entitlements.covers(account, created),
            handled_minutes=Fraction(row["handled_minutes"]) if "handled_minutes" in row else None,
        )

    @cached_property
    def tickets(self) -> list[Ticket]:
        return [ticket for row in self.crm.kept("ticket") if (ticket := self.read(row)) is not None]

    def month_of(self, ticket: Ticket) -> date:
        return self.crm.calendar.local_date(ticket.created).replace(day=1)

    def ticket_rows(self) -> list[MartRow]:
        """marts.fct_support_tickets."""
        return [
            {
                "ticket_id": ticket.id,
                "account_id": ticket.account,
                "month": self.month_of(ticket),
                "created_at": naive(ticket.created),
                "first_replied_at": naive(ticket.replied),
                "closed_at": naive(ticket.closed),
                "reply_due_at": naive(ticket.due),
                "first_reply_minutes": (
                    None
                    if ticket.reply_time is None
                    else to_minutes(Fraction(ticket.reply_time // ONE_SECOND))
                ),
                "reply_status": ticket.status,
                "is_entitled": ticket.is_entitled,
            }
            for ticket in self.tickets
        ]

    def columns(self, opened: Sequence[Ticket], open_count: int) -> MartRow:
        """Of the tickets opened in a month, and how many are open at its end."""
        counts = Counter(ticket.status for ticket in opened)
        breached = counts[LATE] + counts[UNANSWERED]
        times = [ticket.reply_time // ONE_SECOND for ticket in opened if ticket.reply_time is not None]
        minutes = sum((ticket.handled_minutes or Fraction(0) for ticket in opened), Fraction(0))
        return {
            "tickets": len(opened),
            "answered_tickets": len(times),
            "in_time_tickets": counts[IN_TIME],
            "breached_tickets": breached,
            "waiting_tickets": counts[WAITING],
            "closed_without_reply_tickets": counts[CLOSED],
            "unentitled_tickets": sum(ticket.is_entitled is False for ticket in opened),
            "open_tickets": open_count,
            "in_time_rate": rate(counts[IN_TIME], counts[IN_TIME] + breached),
            "average_first_reply_minutes": to_minutes(Fraction(sum(times), len(times))) if times else None,
            "median_first_reply_minutes": to_minutes(median(times)) if times else None,
            "handled_minutes": to_decimal(minutes, 6),
        }

    def grouped_rows(self, segment_types: Iterable[str]) -> list[MartRow]:
        rows = []
        for month in self.company.months:
            close = self.crm.calendar.close_of(month)
            opened = [ticket for ticket in self.tickets if self.month_of(ticket) == month]
            open_then = [ticket for ticket in self.tickets if ticket.is_open_at(close)]
            for segment_type in segment_types:
                placed: dict[str, tuple[list[Ticket], list[Ticket]]] = defaultdict(lambda: ([], []))
                for position, found in enumerate((opened, open_then)):
                    for ticket in found:
                        segment = self.crm.segment(segment_type, ticket.account, month)
                        placed[segment][position].append(ticket)
                rows += [
                    {
                        "segment_type": segment_type,
                        "segment": segment,
                        "month": month,
                        **self.columns(of_segment, len(still_open)),
                        "is_complete_month": self.crm.calendar.is_complete(month),
                    }
                    for segment, (of_segment, still_open) in placed.items()
                ]
        return rows
