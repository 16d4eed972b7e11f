"""The CRM writer: companies, support tickets and product usage, in the shape of a HubSpot export.

Most customers have one company record with the billing id on it. Some have none, some have two, some were
merged from several and left tickets and usage under the old ids; prospects have no billing. A company's id
depends on the company alone, so that other tables can be added for the same companies.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from seeds.generator.chart import DENVER, LEEDS, LEIPZIG, LOCATIONS
from seeds.generator.companies import make_company
from seeds.generator.dealings import Dealings
from seeds.generator.facts import Company
from seeds.generator.moments import DAY, HOUR, as_date, instant, next_sync
from seeds.generator.randomness import Stream
from seeds.generator.tables import Row, Rows
from seeds.generator.usage import usage_weeks

PROSPECTS = 8
_PROSPECT_TICKETS = (2, 5)
_WITHOUT_COMPANY_PER_THOUSAND = 30
_MERGED_PER_THOUSAND = 25

# Planted companies (see ``planted``) by what their record shows.
WITHOUT_COMPANY = frozenset({"weekly", "daily", "percent_once"})
MERGED = {"three_yearly": 2, "quarterly": 1, "yen_seats": 1}
TWO_RECORDS = frozenset({"two_currencies", "amount_forever"})
DELETED_RECORD = frozenset({"customer_deleted"})

_COUNTRY_NAMES = {
    "US": ("United States", "USA", "US", "United States of America"),
    "GB": ("United Kingdom", "UK", "Great Britain"),
    "DE": ("Germany", "Deutschland", "DE"),
    "JP": ("Japan",),
    "KW": ("Kuwait",),
    "CA": ("Canada",),
    "FR": ("France",),
    "NL": ("Netherlands", "The Netherlands"),
    "ES": ("Spain",),
    "IE": ("Ireland",),
    "SG": ("Singapore",),
    "AU": ("Australia",),
    "BR": ("Brazil", "Brasil"),
    "MX": ("Mexico",),
    "ZA": ("South Africa",),
}
_SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "REFERRALS", "DIRECT_TRAFFIC", "OFFLINE", "SOCIAL_MEDIA")

# Teams of support by who is served; the Leipzig team started with its office.
_TEAM_OF_CURRENCY = {"USD": DENVER, "GBP": LEEDS, "EUR": LEIPZIG, "JPY": DENVER, "KWD": LEEDS}
_LEIPZIG_TEAM_FROM = instant(2024, 8, 1)
_PRIORITIES = ((30, "LOW"), (45, "MEDIUM"), (20, "HIGH"), (5, "URGENT"))
_FIRST_REPLY_MINUTES = {"LOW": (40, 900), "MEDIUM": (20, 420), "HIGH": (8, 180), "URGENT": (3, 45)}
_CATEGORIES = (
    (40, ("TECHNICAL", "Cannot sign in after the update")),
    (25, ("TECHNICAL", "Slow since this morning")),
    (15, ("BILLING", "Question about the invoice")),
    (12, ("HOW_TO", "How do we add a site")),
    (8, ("FEATURE_REQUEST", "Export of reports")),
)
_HANDLED_MINUTES = {
    "TECHNICAL": (20, 260),
    "BILLING": (10, 60),
    "HOW_TO": (8, 55),
    "FEATURE_REQUEST": (5, 40),
}
_OPEN_PER_THOUSAND = 8
# Tickets in a hundred weeks by employees of the company: a few, and more with size.
_TICKETS_PER_THOUSAND_WEEKS = ((60, 70), (400, 130), (10**9, 260))


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company in the CRM; ``merged`` are the ids of records that went into it before ``merged_at``."""

    id: str
    merged: tuple[str, ...] = ()
    merged_at: int = 0

    def id_on(self, at: int) -> str:
        """The id under which something was recorded at a time."""
        return self.merged[0] if self.merged and at < self.merged_at else self.id


def company_record(dealings: Dealings, horizon: int) -> CompanyRecord | None:
    """The record of a billing customer at the export, None where the CRM has none."""
    company = dealings.history.company
    case, stream = _case(company), Stream("crm", company.key)
    is_missing = stream.chance(_WITHOUT_COMPANY_PER_THOUSAND) and case is None
    is_merged = stream.chance(_MERGED_PER_THOUSAND) and case is None
    merged_at = company.created + stream.between(120, 420) * DAY
    if not dealings.livemode or is_missing or case in WITHOUT_COMPANY:
        return None
    count = MERGED.get(case or "", 1 if is_merged else 0) if merged_at <= horizon else 0
    merged = tuple(_record_id(company.key, f"merged {number}") for number in range(count))
    return CompanyRecord(_record_id(company.key), merged, merged_at)


def _case(company: Company) -> str | None:
    """The key of the planted case, if the company is one."""
    description = company.description or ""
    return description.removeprefix("Planted: ") if description.startswith("Planted: ") else None


def _record_id(*path: str) -> str:
    digest = hashlib.sha256("/".join(("crm company", *path)).encode()).digest()
    return str(10**14 + int.from_bytes(digest[:8], "big") % (9 * 10**14))


class CrmWriter:
    """Makes the rows of companies, tickets and usage; those of prospects once, of customers one by one."""

    def __init__(self, first: int, horizon: int) -> None:
        self.first = first
        self.horizon = horizon

    def list_rows(self) -> Rows:
        """Prospects, which were never billed, and tickets that nobody put to a company."""
        rows: Rows = defaultdict(list)
        for number in range(1, PROSPECTS + 1):
            company, record = prospect(number, self.first)
            if company.created <= self.horizon:
                rows["company"].append(self._company_row(company, record, "opportunity", None))
            for place in range(_PROSPECT_TICKETS[0] if number % 3 == 0 else 0):
                at = company.created + (20 + 40 * place) * DAY
                self._ticket(rows, Stream("ticket", company.key, place), company, record.id, at)
        for place, day in enumerate((91, 407, 800)):
            company, _ = prospect(1, self.first)
            self._ticket(rows, Stream("stray ticket", place), company, None, self.first + day * DAY)
        return rows

    def customer_rows(self, dealings: Dealings) -> Rows:
        """All rows about one billing customer; nothing where the CRM does not know it."""
        rows: Rows = defaultdict(list)
        record = company_record(dealings, self.horizon)
        if record is None:
            return rows
        company = dealings.history.company
        case = _case(company)
        stage = "customer" if dealings.settlement.invoices else "lead"
        is_deleted = case in DELETED_RECORD
        rows["company"].append(
            self._company_row(company, record, stage, dealings.customer_id, is_deleted=is_deleted)
        )
        if case in TWO_RECORDS:
            twin = _record_id(company.key, "twin")
            rows["company"].append(
                self._company_row(company, CompanyRecord(twin), stage, dealings.customer_id)
            )
        tickets = next(rate for most, rate in _TICKETS_PER_THOUSAND_WEEKS if company.employees <= most)
        for week in usage_weeks(dealings, self.first, self.horizon):
            rows["product_usage"].append(
                (
                    record.id_on(week.day), as_date(week.day), week.seats_active, week.seats_paid,
                    week.daily_users, week.monthly_users, week.key_events,
                    f"{week.compute // 1_000}.{week.compute % 1_000:03d}",
                )
            )  # fmt: skip
            stream = Stream("ticket", company.key, week.day)
            if stream.chance(tickets):
                at = week.day + stream.below(5) * DAY + stream.between(6 * 60, 21 * 60) * 60
                self._ticket(rows, stream, company, record.id_on(at), at)
        return rows

    def _company_row(
        self,
        company: Company,
        record: CompanyRecord,
        stage: str,
        customer: str | None,
        *,
        is_deleted: bool = False,
    ) -> Row:
        stream = Stream("company record", record.id)
        created = company.created - stream.between(5, 90) * DAY
        changed = max(created, record.merged_at if record.merged else 0)
        return (
            record.id, company.name, company.domain, company.phone, company.industry,
            stream.pick(_COUNTRY_NAMES[company.country]), company.city, company.employees,
            f"{company.employees * stream.between(60, 190) * 1_000}.00", stage, created, None,
            ";".join(record.merged) or None, stream.pick(_SOURCES), None,
            stream.pick(("cloud", "cloud", "on-premise")), customer, is_deleted,
            min(next_sync(changed), self.horizon),
        )  # fmt: skip

    def _ticket(self, rows: Rows, stream: Stream, company: Company, company_id: str | None, at: int) -> None:
        if at > self.horizon:
            return
        priority = stream.weighted(_PRIORITIES)
        category, subject = stream.weighted(_CATEGORIES)
        replied: int | None = at + stream.between(*_FIRST_REPLY_MINUTES[priority]) * 60
        assert replied is not None
        closed: int | None = replied + stream.between(1, 90) * HOUR
        minutes = stream.between(*_HANDLED_MINUTES[category]) * 10 + stream.pick((0, 0, 5))
        handled: str | None = f"{minutes // 10}.{minutes % 10}"
        if replied > self.horizon:
            replied = None
        if closed is None or closed > self.horizon or stream.chance(_OPEN_PER_THOUSAND):
            closed = None
            # Minutes are entered when a ticket is closed.
            handled = None
        location = _TEAM_OF_CURRENCY[company.currency]
        if location == LEIPZIG and at < _LEIPZIG_TEAM_FROM:
            location = LEEDS
        changed = max(moment for moment in (at, replied, closed) if moment is not None)
        rows["ticket"].append(
            (
                _ticket_id(company.key, at, company_id), company_id, at, replied, closed, priority, category,
                subject, handled, f"Support {dict(LOCATIONS)[location]}",
                min(next_sync(changed), self.horizon),
            )
        )  # fmt: skip


def _ticket_id(*path: object) -> str:
    digest = hashlib.sha256("/".join(map(str, ("ticket", *path))).encode()).digest()
    return str(10**14 + int.from_bytes(digest[:8], "big") % (9 * 10**14))


def prospect(number: int, first: int) -> tuple[Company, CompanyRecord]:
    """An invented company that never bought anything, with its record."""
    stream = Stream("prospect", number)
    key = f"prospect/{number}"
    created = first + stream.between(60, 900) * DAY + stream.between(8, 17) * HOUR
    size = stream.pick(("small", "medium", "medium", "large"))
    company = make_company(stream, key, 900_000 + number, size, created)
    return company, CompanyRecord(_record_id(key))
