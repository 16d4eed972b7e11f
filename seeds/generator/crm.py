"""The CRM writer: companies, support tickets and product usage, in the shape of a HubSpot export.

Most customers have one company record with the billing id on it. Some have none, some have two, some were
merged from several and left tickets and usage under the old ids; prospects have no billing. A company's id
depends on the company alone, so that other tables can be added for the same companies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from seeds.generator import care
from seeds.generator.chart import DENVER, LEEDS, LEIPZIG, LOCATIONS
from seeds.generator.companies import INDUSTRIES, make_company
from seeds.generator.contacts import (
    Contact,
    colleagues,
    contact_rows,
    lead_contact,
    unknown_person_address,
)
from seeds.generator.dealings import Dealings
from seeds.generator.deals import (
    EXPANSION,
    LOST,
    NEW_BUSINESS,
    OPEN,
    PIPELINES,
    WON,
    Deal,
    agreed_before,
    first_purchase,
    later_purchases,
    make_deal,
)
from seeds.generator.exchange import ExchangeRates
from seeds.generator.facts import Company
from seeds.generator.journeys import (
    CUSTOMER,
    LEAD,
    LEAD_SOURCES,
    MQL,
    OPPORTUNITY,
    SQL,
    make_journey,
)
from seeds.generator.marketing import search_rows, spend_rows, visitor_rows
from seeds.generator.moments import DAY, HOUR, add_months, as_date, as_timestamp, instant, next_sync
from seeds.generator.persons import make_person
from seeds.generator.randomness import Stream, record_number
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


# Who sells, and who looks after customers from then on: id, first name, last name.
_SELLERS = (
    ("4101", "Ottilie", "Marsh"), ("4102", "Rufus", "Calloway"), ("4103", "Ingrid", "Solberg"),
    ("4104", "Tobias", "Renner"), ("4105", "Leonie", "Falk"),
)  # fmt: skip
_CARERS = (("4201", "Philippa", "Dane"), ("4202", "Casper", "Lindholm"), ("4203", "Magda", "Wolny"))
# Left the vendor; old deals still name them, the list of owners does not.
_FORMER_SELLER = "4100"
_FORMER_UNTIL = instant(2023, 10, 1)

# Leads that come to nothing, for each customer, and how far they get.
_LOST_LEADS = (3, 6)
_REACHED = ((46, LEAD), (29, MQL), (14, SQL), (11, OPPORTUNITY))
_LEAD_WITH_COMPANY_PER_THOUSAND = 250
_LEAD_NUMBERS_FROM = 1_000_000
_LEAD_COUNTRIES = ("US", "US", "US", "GB", "GB", "DE", "CA", "FR", "NL", "ES", "JP", "BR", "AU", "KW")
_OFFERED_DOLLARS = {"small": (18, 120), "medium": (100, 620), "large": (600, 4_000)}
_WITHOUT_DEAL_PER_THOUSAND = 70
_SELF_SERVED_PER_THOUSAND = 450
_STILL_OPEN = 45 * DAY


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company in the CRM; ``merged`` are the ids of records that went into it before ``merged_at``."""

    id: str
    merged: tuple[str, ...] = ()
    merged_at: int = 0

    def id_on(self, at: int) -> str:
        """The id under which something was recorded at a time."""
        return self.merged[0] if self.merged and at < self.merged_at else self.id


@dataclass(frozen=True, slots=True)
class Card:
    """What somebody typed into a company's record, and when it was made."""

    created: int
    country: str
    revenue: str
    source: str
    deployment: str


def card_of(company: Company, record: CompanyRecord) -> Card:
    """What stands on the record of a company."""
    stream = Stream("company record", record.id)
    return Card(
        created=company.created - stream.between(5, 90) * DAY,
        country=stream.pick(_COUNTRY_NAMES[company.country]),
        revenue=f"{company.employees * stream.between(60, 190) * 1_000}.00",
        source=stream.pick(_SOURCES),
        deployment=stream.pick(("cloud", "cloud", "on-premise")),
    )


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
    return record_number("crm company", *path)


class CrmWriter:
    """Makes the rows of the CRM and its neighbours; what is about nobody once, customers one by one."""

    def __init__(self, rates: ExchangeRates, first: int, horizon: int) -> None:
        self.rates = rates
        self.first = first
        self.horizon = horizon
        self.months = []
        while add_months(first, len(self.months) + 1) <= horizon:
            self.months.append(add_months(first, len(self.months)))

    # -- what is about no customer ---------------------------------------------------------------------------

    def list_rows(self) -> Rows:
        """Owners and stages, marketing, prospects that were never billed, and tickets of no company."""
        rows: Rows = defaultdict(list)
        self._lists(rows)
        rows["marketing_spend"] += spend_rows(self.months)
        rows["search_interest"] += search_rows(self.months)
        rows["web_visit"] += (row for row in visitor_rows(self.months) if int(row[2] or 0) <= self.horizon)
        for number in range(1, PROSPECTS + 1):
            company, record = prospect(number, self.first)
            if company.created <= self.horizon:
                self._prospect(rows, company, record, OPPORTUNITY, "medium")
            for place in range(_PROSPECT_TICKETS[0] if number % 3 == 0 else 0):
                at = company.created + (20 + 40 * place) * DAY
                self._ticket(rows, Stream("ticket", company.key, place), company, record.id, at)
        for place, day in enumerate((91, 407, 800)):
            company, _ = prospect(1, self.first)
            self._ticket(rows, Stream("stray ticket", place), company, None, self.first + day * DAY)
        return rows

    def _lists(self, rows: Rows) -> None:
        synced = next_sync(self.first)
        for identity, first, last in (*_SELLERS, *_CARERS):
            email = f"{first}.{last}@managed.example".lower()
            rows["owner"].append((identity, email, first, last, synced))
        for stages in PIPELINES.values():
            for place, (stage, label, probability, is_won, is_closed) in enumerate(stages):
                rows["deal_pipeline_stage"].append(
                    (stage, label, probability, is_won, is_closed, place, synced)
                )

    # -- a customer ------------------------------------------------------------------------------------------

    def customer_rows(self, dealings: Dealings) -> Rows:
        """All rows about one billing customer, where the CRM knows it, and of leads that came to nothing."""
        rows: Rows = defaultdict(list)
        if dealings.livemode:
            self._lost_leads(rows, dealings)
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
        weeks = []
        for week in usage_weeks(dealings, self.first, self.horizon):
            weeks.append(week.day)
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
        contacts = self._customer_contacts(rows, dealings, record)
        if weeks:
            service = care.Service(company.key, frozenset(weeks), self.horizon)
            self._care(rows, company, record, service, contacts, min(c.start for c, _ in dealings.billed))
        return rows

    def _company_history(
        self, rows: Rows, company: Company, record: CompanyRecord, stages: list[tuple[int, str]]
    ) -> None:
        """What stood on the record before what stands there now, each value with its time."""
        card = card_of(company, record)
        stream = Stream("company history", record.id)
        days = sorted({card.created + stream.between(60, 1_000) * DAY + HOUR for _ in range(stream.below(3))})
        days = [day for day in days if day <= self.horizon]
        sizes = [company.employees]
        for _ in days:
            sizes.append(max(sizes[-1] * stream.between(62, 108) // 100, 1))
        changed = card.created + stream.between(90, 800) * DAY
        industries = [(card.created, company.industry)]
        if stream.chance(60) and changed <= self.horizon:
            industries = [(card.created, stream.pick(INDUSTRIES)), (changed, company.industry)]
        countries = [(card.created, card.country)]
        if stream.chance(40) and changed <= self.horizon:
            before = stream.pick(stream.pick(tuple(_COUNTRY_NAMES.values())))
            countries = [(card.created, before), (changed, card.country)]
        for name, values, source in (
            ("lifecyclestage", stages, "AUTOMATION_PLATFORM"),
            (
                "numberofemployees",
                [
                    (day, str(size))
                    for day, size in zip([card.created, *days], reversed(sizes), strict=True)
                ],
                "COMPANY_INSIGHTS",
            ),
            ("industry", industries, "CRM_UI"),
            ("country", countries, "CRM_UI"),
        ):
            for at, value in values:
                if at <= self.horizon:
                    rows["company_property_history"].append(
                        (record.id, name, value, at, source, self._synced(at))
                    )

    def _customer_contacts(self, rows: Rows, dealings: Dealings, record: CompanyRecord) -> list[Contact]:
        """The people at a customer, the one who came first before the others, and what was sold to them."""
        company = dealings.history.company
        stream = Stream("lead", company.key)
        card = card_of(company, record)
        created = card.created
        bought = first_purchase(dealings, self.rates)
        won = None if bought is None else agreed_before(bought.at, Stream("agreed", company.key))
        sign_up = _sign_up(dealings)
        reached = CUSTOMER if won is not None else SQL if sign_up else OPPORTUNITY
        journey = make_journey(stream, company.key, card.source, created, reached, won=won, sign_up=sign_up)
        offered = next((at for at, stage in journey.stages if stage == OPPORTUNITY), None)
        journey = journey.until(self.horizon)
        stages = [(created, LEAD)]
        if offered is not None:
            stages.append((max(offered, created + 1), OPPORTUNITY))
        if won is not None:
            stages.append((max(won, created + 2), CUSTOMER))
        self._company_history(rows, company, record, stages)
        person = make_person(stream, company.country, 0)
        email = f"{person.local_part}@{company.domain}"
        first = lead_contact(company.key, person, email, company, record.id, journey)
        others = colleagues(
            company, record.id, max(created, self.first), self.horizon, is_customer=won is not None
        )
        contacts = [first, *others]
        contact_rows(contacts, rows, self.horizon)
        is_unsold = stream.chance(_SELF_SERVED_PER_THOUSAND if sign_up else _WITHOUT_DEAL_PER_THOUSAND)
        if bought is not None and won is not None and offered is not None and not is_unsold:
            reopened = stream.chance(40)
            deal = make_deal(
                f"{company.key}/deal/1", NEW_BUSINESS, offered, won, WON, bought.cents, reopened=reopened
            )
            self._deal(rows, deal, f"{company.name} - new", record.id)
            self._touches(rows, record, contacts, f"{company.key}/sale", offered, won, (6, 20))
        self._expansions(rows, dealings, record)
        return contacts

    def _expansions(self, rows: Rows, dealings: Dealings, record: CompanyRecord) -> None:
        company = dealings.history.company
        for number, bought in enumerate(later_purchases(dealings, self.rates, self.horizon), start=1):
            key = f"{company.key}/expansion/{number}"
            stream = Stream("expansion", key)
            won = agreed_before(bought.at, stream)
            if stream.chance(650):
                created = won - stream.between(8, 45) * DAY
                deal = make_deal(key, EXPANSION, created, won, WON, bought.cents)
                self._deal(rows, deal, f"{company.name} - more", record.id)
            if stream.chance(180):
                # Something else that was offered, and not taken.
                key = f"{key}/lost"
                created = won + stream.between(15, 200) * DAY
                lost = created + stream.between(10, 80) * DAY
                deal = make_deal(key, EXPANSION, created, lost, LOST, bought.cents // 2)
                self._deal(rows, deal, f"{company.name} - offer", record.id)

    def _care(
        self,
        rows: Rows,
        company: Company,
        record: CompanyRecord,
        service: care.Service,
        contacts: list[Contact],
        begun: int,
    ) -> None:
        days = (70, 140) if company.employees <= 60 else (30, 70)
        last = service.ends or self.horizon
        self._touches(rows, record, contacts, f"{company.key}/care", service.first, last, days)
        for at, rating, note in care.ratings(service, company.employees):
            rows["csm_rating"].append((record.id_on(at), at, str(rating), note))
        for answer in care.answers(service, [contact.created for contact in contacts]):
            if answer.at <= self.horizon:
                contact = contacts[answer.contact].id
                rows["feedback_submission"].append(
                    (
                        record_number("feedback", contact, answer.at), contact, record.id_on(answer.at),
                        answer.survey, answer.value, answer.at, answer.comment, self._synced(answer.at),
                    )
                )  # fmt: skip
        for event, at in care.first_uses(service, begun):
            if at <= self.horizon:
                rows["activation_event"].append((record.id_on(at), event, at))

    # -- those who did not buy -------------------------------------------------------------------------------

    def _lost_leads(self, rows: Rows, dealings: Dealings) -> None:
        key = dealings.history.company.key
        weights = [(30 + number, month) for number, month in enumerate(self.months)]
        for number in range(1, 1 + Stream("leads", key).between(*_LOST_LEADS)):
            stream = Stream("lead", key, number)
            created = stream.weighted(weights) + stream.below(28 * DAY)
            reached = stream.weighted(_REACHED)
            name = f"{key}/lead/{number}"
            if reached == OPPORTUNITY or stream.chance(_LEAD_WITH_COMPANY_PER_THOUSAND):
                size = stream.pick(("small", "small", "medium", "large"))
                place = _LEAD_NUMBERS_FROM + 10 * dealings.number + number
                company = make_company(stream, name, place, size, created)
                self._prospect(rows, company, CompanyRecord(_record_id(name)), reached, size)
                continue
            source = stream.weighted(LEAD_SOURCES)
            journey = make_journey(stream, name, source, created, reached).until(self.horizon)
            person = make_person(stream, stream.pick(_LEAD_COUNTRIES), 0)
            address = unknown_person_address(person, name)
            contact_rows([lead_contact(name, person, address, None, None, journey)], rows, self.horizon)

    def _prospect(
        self, rows: Rows, company: Company, record: CompanyRecord, reached: str, size: str
    ) -> None:
        """A company that was never billed, its people, and what it was offered."""
        stream = Stream("prospect's lead", company.key)
        card = card_of(company, record)
        created = card.created
        full = make_journey(stream, company.key, card.source, created, reached)
        journey = full.until(self.horizon)
        rows["company"].append(self._company_row(company, record, journey.stage, None))
        person = make_person(stream, company.country, 0)
        email = f"{person.local_part}@{company.domain}"
        contacts = [lead_contact(company.key, person, email, company, record.id, journey)]
        if reached == OPPORTUNITY:
            contacts += colleagues(company, record.id, created, self.horizon, is_customer=False)[:2]
        contact_rows(contacts, rows, self.horizon)
        offered = next((at for at, stage in journey.stages if stage == OPPORTUNITY), None)
        if offered is None:
            return
        low, high = _OFFERED_DOLLARS[size]
        cents = stream.between(low, high) * 100_00
        closed = offered + stream.between(20, 160) * DAY
        is_open = closed > self.horizon - _STILL_OPEN
        deal = make_deal(
            f"{company.key}/deal/1", NEW_BUSINESS, offered, closed, OPEN if is_open else LOST, cents
        )
        self._deal(rows, deal, f"{company.name} - new", record.id)
        last = min(closed, self.horizon)
        self._touches(rows, record, contacts, f"{company.key}/sale", offered, last, (6, 20))

    # -- rows ------------------------------------------------------------------------------------------------

    def _synced(self, at: int) -> int:
        return min(next_sync(at), self.horizon)

    def _company_row(
        self,
        company: Company,
        record: CompanyRecord,
        stage: str,
        customer: str | None,
        *,
        is_deleted: bool = False,
    ) -> Row:
        card = card_of(company, record)
        changed = max(card.created, record.merged_at if record.merged else 0)
        return (
            record.id, company.name, company.domain, company.phone, company.industry, card.country,
            company.city, company.employees, card.revenue, stage, card.created, None,
            ";".join(record.merged) or None, card.source,
            _company_owner(record.id, is_customer=customer is not None), card.deployment, customer,
            is_deleted, self._synced(changed),
        )  # fmt: skip

    def _deal(self, rows: Rows, deal: Deal, name: str, company_id: str) -> None:
        """A deal with its company and its history, as far as it had come by the export."""
        if deal.created > self.horizon:
            return
        deal = deal.until(self.horizon)
        identity = record_number("deal", deal.key)
        synced = self._synced(deal.updated)
        rows["deal"].append(
            (
                identity, deal.pipeline, deal.stage, _deal_owner(deal), name, _dollars(deal.amounts[-1][1]),
                deal.closings[-1][1], deal.created, deal.deal_type, False, synced,
            )
        )  # fmt: skip
        rows["deal_company"].append((identity, company_id, self._synced(deal.created)))
        for at, stage in deal.stages:
            rows["deal_stage"].append((identity, stage, at, self._synced(at)))
        for at, amount in deal.amounts:
            rows["deal_property_history"].append(
                (identity, "amount", _dollars(amount), at, "CRM_UI", self._synced(at))
            )
        for at, closing in deal.closings:
            rows["deal_property_history"].append(
                (identity, "closedate", as_timestamp(closing), at, "CRM_UI", self._synced(at))
            )

    def _touches(
        self,
        rows: Rows,
        record: CompanyRecord,
        contacts: list[Contact],
        key: str,
        first: int,
        last: int,
        days: tuple[int, int],
    ) -> None:
        owner = _company_owner(record.id, is_customer=key.endswith("/care"))
        for touch in care.touches(key, first, min(last, self.horizon), len(contacts), days):
            contact = None if touch.contact is None else contacts[touch.contact]
            if contact is not None and contact.created > touch.at:
                contact = contacts[0]
            if touch.at <= self.horizon:
                rows["engagement"].append(
                    (
                        record_number("engagement", key, touch.at), record.id_on(touch.at),
                        None if contact is None else contact.id, touch.kind, touch.at, owner,
                        self._synced(touch.at),
                    )
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
    return record_number("ticket", *path)


def _sign_up(dealings: Dealings) -> tuple[str, int] | None:
    """The form by which a company began to use something without paying, and when."""
    for contract, _ in sorted(dealings.billed, key=lambda billed: billed[0].start):
        if contract.key.endswith("/maintenance"):
            continue
        if contract.trial_until is not None:
            return "trial", contract.start
        if all(item.price.unit == 0 for item in contract.items if not item.price.is_metered):
            return "sign_up", contract.start
        return None
    return None


def _company_owner(record_id: str, *, is_customer: bool) -> str:
    return Stream("owner", record_id).pick(_CARERS if is_customer else _SELLERS)[0]


def _deal_owner(deal: Deal) -> str:
    stream = Stream("owner", deal.key)
    if deal.created < _FORMER_UNTIL and stream.chance(300):
        return _FORMER_SELLER
    return stream.pick(_SELLERS)[0]


def _dollars(cents: int | None) -> str | None:
    return None if cents is None else f"{cents // 100}.{cents % 100:02d}"


def prospect(number: int, first: int) -> tuple[Company, CompanyRecord]:
    """An invented company that never bought anything, with its record."""
    stream = Stream("prospect", number)
    key = f"prospect/{number}"
    created = first + stream.between(60, 900) * DAY + stream.between(8, 17) * HOUR
    size = stream.pick(("small", "medium", "medium", "large"))
    company = make_company(stream, key, 900_000 + number, size, created)
    return company, CompanyRecord(_record_id(key))
