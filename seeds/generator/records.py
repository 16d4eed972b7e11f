"""Which record in the CRM a company has, and what stands on it: the ids on which all of its tables hang.

Most customers have one record with the billing id on it. Some have none, some have two, some were merged from
several and left tickets and usage under the old ids; prospects have no billing. A record's id depends on the
company alone. How cards are worn is ``dirt``'s, the planted ones are ``planted_crm``'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from seeds.generator.companies import make_company
from seeds.generator.dealings import Dealings
from seeds.generator.facts import Company
from seeds.generator.moments import DAY, HOUR, next_sync
from seeds.generator.randomness import Stream, record_number
from seeds.generator.tables import Row

PROSPECTS = 8
_WITHOUT_COMPANY_PER_THOUSAND = 30
_MERGED_PER_THOUSAND = 25

# Planted companies (see ``planted``) by what their record shows.
WITHOUT_COMPANY = frozenset({"weekly", "daily", "percent_once"})
MERGED = {"three_yearly": 2, "quarterly": 1, "yen_seats": 1}
TWO_RECORDS = frozenset({"two_currencies", "amount_forever"})
DELETED_RECORD = frozenset({"customer_deleted"})

COUNTRY_NAMES = {
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


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company in the CRM; ``merged`` are the ids of records that went into it before ``merged_at``."""

    id: str
    merged: tuple[str, ...] = ()
    merged_at: int = 0

    def id_on(self, at: int) -> str:
        """The id under which something was recorded at a time."""
        return self.merged[0] if self.merged and at < self.merged_at else self.id


@dataclass(slots=True)
class CompanyCard:
    """What stands on a company's record."""

    id: str
    name: str | None
    domain: str | None
    phone: str | None
    industry: str | None
    country: str | None
    city: str | None
    employees: int | None
    revenue: str | None
    stage: str | None
    created: int
    source: str | None
    deployment: str | None
    owner: str | None = None
    customer: str | None = None
    parent: str | None = None
    merged: tuple[str, ...] = ()
    is_deleted: bool = False
    changed: int = 0

    def row(self, horizon: int) -> Row:
        """The row of ``company`` at the export."""
        return (
            self.id, self.name, self.domain, self.phone, self.industry, self.country, self.city,
            self.employees, self.revenue, self.stage, self.created, self.parent,
            ";".join(self.merged) or None, self.source, self.owner, self.deployment, self.customer,
            self.is_deleted, min(next_sync(max(self.created, self.changed)), horizon),
        )  # fmt: skip


def plain_card(
    company: Company, record: CompanyRecord, stage: str, customer: str | None = None
) -> CompanyCard:
    """The card of a company as it should be."""
    stream = Stream("company record", record.id)
    return CompanyCard(
        id=record.id,
        created=company.created - stream.between(5, 90) * DAY,
        name=company.name,
        domain=company.domain,
        phone=company.phone,
        industry=company.industry,
        country=stream.pick(COUNTRY_NAMES[company.country]),
        city=company.city,
        employees=company.employees,
        revenue=f"{company.employees * stream.between(60, 190) * 1_000}.00",
        stage=stage,
        source=stream.pick(_SOURCES),
        deployment=stream.pick(("cloud", "cloud", "on-premise")),
        customer=customer,
        merged=record.merged,
        changed=record.merged_at if record.merged else 0,
    )


def company_record(dealings: Dealings, horizon: int) -> CompanyRecord | None:
    """The record of a billing customer at the export, None where the CRM has none."""
    company = dealings.history.company
    case, stream = case_of(company), Stream("crm", company.key)
    is_missing = stream.chance(_WITHOUT_COMPANY_PER_THOUSAND) and case is None
    is_merged = stream.chance(_MERGED_PER_THOUSAND) and case is None
    merged_at = company.created + stream.between(120, 420) * DAY
    if not dealings.livemode or is_missing or case in WITHOUT_COMPANY:
        return None
    count = MERGED.get(case or "", 1 if is_merged else 0) if merged_at <= horizon else 0
    merged = tuple(record_id(company.key, f"merged {number}") for number in range(count))
    return CompanyRecord(record_id(company.key), merged, merged_at)


def case_of(company: Company) -> str | None:
    """The key of the planted case, if the company is one."""
    description = company.description or ""
    return description.removeprefix("Planted: ") if description.startswith("Planted: ") else None


def record_id(*path: str) -> str:
    return record_number("crm company", *path)


def prospect(number: int, first: int) -> tuple[Company, CompanyRecord]:
    """An invented company that never bought anything, with its record."""
    stream = Stream("prospect", number)
    key = f"prospect/{number}"
    created = first + stream.between(60, 900) * DAY + stream.between(8, 17) * HOUR
    size = stream.pick(("small", "medium", "medium", "large"))
    company = make_company(stream, key, 900_000 + number, size, created)
    return company, CompanyRecord(record_id(key))
