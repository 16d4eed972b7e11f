"""From visitors to customers once more (definitions 8): leads, their stages, and how many went how far.

Every person is asked for the first day of each stage; the tables count days. Which cards are one person, and
whose account they are of, is in ``identity.py``; deals are in ``pipeline.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from urllib.parse import urlsplit

from tests.oracles.account_segments import UNKNOWN
from tests.oracles.crm import ALL, Crm
from tests.oracles.export import Row, flag, required_instant
from tests.oracles.identity import created
from tests.oracles.mrr import MartRow
from tests.oracles.policy_tables import plain
from tests.oracles.ratios import rate

DEFAULT_POLICIES = {"mql_score": "40", "sql_score": "70", "pricing_pages": "/pricing"}
LEAD, MQL, SQL, OPPORTUNITY, CUSTOMER = STAGES = ("lead", "mql", "sql", "opportunity", "customer")
ENTERED = {
    LEAD: "lead",
    MQL: "marketingqualifiedlead",
    SQL: "salesqualifiedlead",
    OPPORTUNITY: "opportunity",
    CUSTOMER: "customer",
}
COLUMNS = {LEAD: "leads", MQL: "mqls", SQL: "sqls", OPPORTUNITY: "opportunities"}
FORMS = {
    "gated_download": MQL,
    "contact": MQL,
    "newsletter": MQL,
    "demo_request": SQL,
    "trial": SQL,
    "sign_up": LEAD,
}
LIFECYCLE_OF_LEADS = {*ENTERED.values()}


def path_of(url: str) -> str:
    """Without scheme, host, query and fragment, in lower case."""
    text = plain(url)
    path = urlsplit(text if "://" in text or text.startswith("/") else f"//{text}").path
    return f"/{path.strip('/')}"


@dataclass
class Person:
    """A surviving contact: the first days of its own, by stage and by kind of form."""

    contact: str
    account: str | None
    channel: str
    own: dict[str, date] = field(default_factory=dict)
    forms: dict[str, date] = field(default_factory=dict)

    def reached(self, stage: str, days: Mapping[str, date]) -> date | None:
        """The first day on which that stage or a later one was."""
        later = STAGES[STAGES.index(stage) :]
        return min((days[name] for name in later if name in days), default=None)


def keep_first(days: dict[str, date], name: str, day: date | None) -> None:
    if day is not None:
        days[name] = min(days.get(name, day), day)


class Funnel:
    """All persons, visits and accounts up to the day of the data clock."""

    def __init__(self, crm: Crm, first_paid_days: Mapping[str, date], policies: Mapping[str, str]) -> None:
        policy = DEFAULT_POLICIES | dict(policies)
        self.crm = crm
        self.scores = {MQL: Fraction(policy["mql_score"]), SQL: Fraction(policy["sql_score"])}
        self.pricing_pages = [path_of(page) for page in policy["pricing_pages"].split()]
        self.first_paid_days = first_paid_days

    # Persons and their days.

    def person_of(self, contact: str) -> str:
        return self.crm.identity.contacts.survivor(contact)

    @cached_property
    def persons(self) -> dict[str, Person]:
        """By surviving contact, also whom only a form, a score or a visit names."""
        people: dict[str, Person] = {}
        contacts = self.crm.identity.contacts
        for row in contacts.rows.values():
            survivor = self.person_of(row["id"])
            source = self.first_source(row["id"])
            channel = self.crm.segments.mapped("analytics_source", source)
            account = self.crm.identity.of_contact(survivor)
            person = people.setdefault(survivor, Person(survivor, account, channel))
            self.add_card(person, row)
        hidden = {row["id"] for row in self.crm.rows("contact")} - contacts.rows.keys()

        def named(contact: str) -> Person | None:
            if contact in hidden:
                return None
            survivor = self.person_of(contact)
            return people.setdefault(survivor, Person(survivor, None, UNKNOWN))

        for day, row in self.crm.seen("contact_form_submission", "timestamp"):
            known = named(row["contact_id"])
            if known is not None:
                form = plain(row.get("form_type"))
                if form in FORMS:
                    keep_first(known.own, FORMS[form], day)
                    keep_first(known.forms, form, day)
        for day, row in self.crm.seen("contact_property_history", "timestamp"):
            known = named(row["contact_id"])
            if known is not None and row["name"] == "hubspotscore":
                for stage, needed in self.scores.items():
                    if (score := number(row.get("value"))) is not None and score >= needed:
                        keep_first(known.own, stage, day)
        for day, row in self.visits:
            known = named(row["contact_id"]) if "contact_id" in row else None
            if known is not None and self.is_pricing_page(row.get("page_url", "")):
                keep_first(known.own, MQL, day)
        return people

    def first_source(self, contact: str) -> str | None:
        """Where somebody came from first: what the oldest card says that says so, also if it is gone."""
        cards = sorted(self.crm.identity.contacts.members(contact), key=lambda row: (created(row), row["id"]))
        sources = (row.get("property_hs_analytics_source") for row in cards)
        return next((source for source in sources if source is not None), None)

    def add_card(self, person: Person, row: Row) -> None:
        for stage, name in ENTERED.items():
            keep_first(person.own, stage, self.crm.day(row, f"property_hs_v2_date_entered_{name}"))
        if plain(row.get("property_lifecyclestage")) in LIFECYCLE_OF_LEADS:
            keep_first(person.own, LEAD, self.crm.day(row, "property_createdate"))

    def is_pricing_page(self, url: str) -> bool:
        path = path_of(url)
        return any(path == page or path.startswith(f"{page.rstrip('/')}/") for page in self.pricing_pages)

    @cached_property
    def leads(self) -> list[Person]:
        return [person for person in self.persons.values() if person.own]

    def firsts(self, days: Mapping[str, date]) -> dict[str, str]:
        """By account the person who is its first, of persons with a day each."""
        first: dict[str, str] = {}
        for contact in sorted(days, key=lambda contact: (days[contact], contact)):
            account = self.persons[contact].account
            if account is not None:
                first.setdefault(account, contact)
        return first

    @cached_property
    def first_leads(self) -> dict[str, str]:
        days = {person.contact: min(person.own.values()) for person in self.leads}
        return self.firsts(days)

    def paid_day(self, account: str | None) -> date | None:
        day = self.first_paid_days.get(account or "")
        return day if self.crm.is_seen(day) else None

    @cached_property
    def won(self) -> dict[str, date]:
        """By first lead the day from which its account pays, unless it already did when the lead came."""
        return {
            contact: paid
            for account, contact in self.first_leads.items()
            if (paid := self.paid_day(account)) is not None
            and min(self.persons[contact].own.values()) <= paid
        }

    @cached_property
    def stage_days(self) -> dict[str, dict[str, date]]:
        """By lead: the day of every stage, one that was skipped that of the next."""
        found = {}
        for person in self.leads:
            # An own date of a customer only fills; a first lead is won when its account first pays.
            own, won = dict(person.own), None
            if person.contact in self.won:
                won = self.won[person.contact]
                keep_first(own, CUSTOMER, won)
            days = {stage: day for stage in STAGES[:-1] if (day := person.reached(stage, own)) is not None}
            found[person.contact] = days | ({} if won is None else {CUSTOMER: won})
        return found

    # Visits.

    @cached_property
    def visits(self) -> list[tuple[date, Row]]:
        """Of people."""
        return [
            (day, row)
            for day, row in self.crm.seen("web_visit", "visited_at")
            if not flag(row, "is_bot", absent=False) and not flag(row, "is_employee", absent=False)
        ]

    @cached_property
    def contact_of_browser(self) -> dict[str, str]:
        """That of the first visit that names one, of two at once the lower."""
        found: dict[str, tuple[datetime, str]] = {}
        for _, row in self.visits:
            if "anonymous_id" in row and "contact_id" in row:
                known = required_instant(row, "visited_at"), self.person_of(row["contact_id"])
                found[row["anonymous_id"]] = min(found.get(row["anonymous_id"], known), known)
        return {browser: contact for browser, (_, contact) in found.items()}

    def visitor(self, row: Row) -> str | None:
        if "contact_id" in row:
            return f"contact {self.person_of(row['contact_id'])}"
        browser = row.get("anonymous_id")
        if browser is None:
            return None
        contact = self.contact_of_browser.get(browser)
        return f"browser {browser}" if contact is None else f"contact {contact}"

    # Months.

    def customer_channel(self, account: str) -> str:
        month = self.first_paid_days[account].replace(day=1)
        return self.crm.segments.of(account, month)["acquisition_channel"]

    @cached_property
    def customers(self) -> dict[str, date]:
        """By account the day from which it first pays."""
        return {
            account: day for account in self.first_paid_days if (day := self.paid_day(account)) is not None
        }

    def converted(self, form: str) -> dict[str, date]:
        """Of those who sent a form: the first of each account that pays on that day or later."""
        days = {
            person.contact: person.forms[form] for person in self.persons.values() if form in person.forms
        }
        return {
            contact: days[contact]
            for account, contact in self.firsts(days).items()
            if (paid := self.paid_day(account)) is not None and paid >= days[contact]
        }

    def rows(self) -> list[MartRow]:
        """marts.fct_funnel_by_month."""
        counted: dict[tuple[date, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

        def count(day: date, channel: str, column: str, what: str) -> None:
            for name in (channel, ALL):
                counted[day.replace(day=1), name][column].add(what)

        for number_of_visit, (day, row) in enumerate(self.visits):
            channel = self.crm.segments.mapped("visit_source", row.get("source"))
            count(day, channel, "visits", str(number_of_visit))
            visitor = self.visitor(row)
            if visitor is not None:
                count(day, channel, "visitors", visitor)
        for person in self.leads:
            days = self.stage_days[person.contact]
            for stage, column in (
                (LEAD, "leads"),
                (MQL, "mqls"),
                (SQL, "sqls"),
                (OPPORTUNITY, "opportunities"),
            ):
                if stage in days:
                    count(days[stage], person.channel, column, person.contact)
                    if stage != LEAD:
                        count(days[LEAD], person.channel, f"leads_to_{column}", person.contact)
            if CUSTOMER in days:
                count(days[LEAD], person.channel, "leads_to_customers", person.contact)
        for form, column in (("trial", "trials"), ("sign_up", "sign_ups")):
            converted = self.converted(form)
            for person in self.persons.values():
                if form in person.forms:
                    count(person.forms[form], person.channel, column, person.contact)
                if person.contact in converted:
                    day = converted[person.contact]
                    count(day, person.channel, f"{column}_to_customers", person.contact)
        if counted:
            for account, day in self.customers.items():
                channel = self.customer_channel(account)
                count(day, channel, "customers", account)
                if self.first_leads.get(account) not in self.won:
                    count(day, channel, "customers_without_lead", account)
        return [
            {
                "month": month,
                "channel": channel,
                **funnel_columns({name: len(found) for name, found in by_column.items()}),
                "is_complete_month": self.crm.calendar.is_complete(month),
            }
            for (month, channel), by_column in sorted(counted.items())
        ]

    def search_share_rows(self) -> list[MartRow]:
        """marts.fct_search_share_by_month."""
        volumes: dict[date, list[tuple[bool, int]]] = defaultdict(list)
        for row in self.crm.rows("search_interest"):
            month = date.fromisoformat(row["month"][:10]).replace(day=1)
            if self.crm.is_seen(month) and "volume" in row:
                volumes[month].append((flag(row, "is_own", absent=False), int(row["volume"])))
        return [
            {
                "month": month,
                "own_volume": (own := sum(volume for is_own, volume in found if is_own)),
                "total_volume": (total := sum(volume for _, volume in found)),
                "search_share": rate(own, total),
                "own_term_count": sum(is_own for is_own, _ in found),
                "term_count": len(found),
                "is_complete_month": self.crm.calendar.is_complete(month),
            }
            for month, found in sorted(volumes.items())
        ]


COUNTS = (
    "visitors",
    "visits",
    "leads",
    "mqls",
    "sqls",
    "opportunities",
    "customers",
    "customers_without_lead",
    "leads_to_mqls",
    "leads_to_sqls",
    "leads_to_opportunities",
    "leads_to_customers",
    "trials",
    "trials_to_customers",
    "sign_ups",
    "sign_ups_to_customers",
)
RATES = {
    "visitor_to_lead_period_rate": ("leads", "visitors"),
    "lead_to_mql_period_rate": ("mqls", "leads"),
    "mql_to_sql_period_rate": ("sqls", "mqls"),
    "sql_to_opportunity_period_rate": ("opportunities", "sqls"),
    "opportunity_to_customer_period_rate": ("customers", "opportunities"),
    "lead_conversion_period_rate": ("customers", "leads"),
    "lead_to_mql_cohort_rate": ("leads_to_mqls", "leads"),
    "mql_to_sql_cohort_rate": ("leads_to_sqls", "leads_to_mqls"),
    "sql_to_opportunity_cohort_rate": ("leads_to_opportunities", "leads_to_sqls"),
    "opportunity_to_customer_cohort_rate": ("leads_to_customers", "leads_to_opportunities"),
    "lead_conversion_cohort_rate": ("leads_to_customers", "leads"),
    "trial_conversion_rate": ("trials_to_customers", "trials"),
    "sign_up_conversion_rate": ("sign_ups_to_customers", "sign_ups"),
}


def funnel_columns(counts: Mapping[str, int]) -> MartRow:
    found = {name: counts.get(name, 0) for name in COUNTS}
    return found | {name: rate(found[above], found[below]) for name, (above, below) in RATES.items()}


def number(text: str | None) -> Fraction | None:
    try:
        return Fraction(text or "")
    except ValueError:
        return None
