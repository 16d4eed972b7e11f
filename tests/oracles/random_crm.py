"""What a random account has in the CRM: cards and their doubles, people, deals, use, tickets and answers.

What belongs together says so in full and what does not resembles nothing, so that who is the same as whom
hangs on no likeness. An account may have a second billing customer. Add a branch when the definitions of the
CRM gain one.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]

MONTHS = tuple(datetime(2023 + (7 + n) // 12, (7 + n) % 12 + 1, 1, tzinfo=UTC) for n in range(11))
MICROSECOND = timedelta(microseconds=1)
NEAR_A_MONTH_END = (
    timedelta(0),
    -MICROSECOND,
    timedelta(hours=4),
    timedelta(hours=5),
    timedelta(hours=4, minutes=59, seconds=59),
    timedelta(hours=-1),
    timedelta(days=-1),
)
COUNTRIES = ("Germany", "de", "GBR", "United States", "us", "NA", "Brazil", "JP", "Nowhere", None)
INDUSTRIES = ("BANKING", "COMPUTER_SOFTWARE", "RETAIL", "MACHINERY", "WHALE_WATCHING", None)
EMPLOYEES = ("1", "249", "250", "251", "12000", "0", None)
COUNTS_OF_USE = (
    "seats_active",
    "seats_paid",
    "daily_active_users",
    "monthly_active_users",
    "key_events",
)
TYPED_EMPLOYEES = ("1,200", "12,345", "many", "-5", "1.200,00", "12,00", " ")
SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "REFERRALS", "DIRECT_TRAFFIC", "OFFLINE", "CARRIER_PIGEON", None)
LIFECYCLES = (
    "subscriber",
    "lead",
    "Lead",
    "marketingqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    None,
)
STAGES_ENTERED = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
FORMS = ("gated_download", "contact", "newsletter", "demo_request", "trial", "sign_up", "survey")
PAGES = (
    "https://www.own.example/pricing",
    "https://own.example/Pricing/teams?utm_source=a#plans",
    "/pricing",
    "https://own.example/pricing-history",
    "https://own.example/blog",
    None,
)
SCORES = ("0", "39", "39.5", "40", "69", "70", "100", None, "high")
DEAL_STAGES: tuple[Row, ...] = (
    {"stage_id": "s1", "label": "Begun", "probability": "0.1", "display_order": 1},
    {"stage_id": "s2", "label": "Offered", "probability": "0.333333", "display_order": 2},
    {"stage_id": "s3", "probability": None, "display_order": 3},
    {"stage_id": "t1", "label": "Begun", "probability": "0.25", "display_order": 1},
    {"stage_id": "won", "label": "Won", "probability": "1", "closed_won": True, "is_closed": True},
    {"stage_id": "lost", "label": "Lost", "probability": "0", "closed_won": False, "is_closed": True},
)
STAGE_IDS = (*(stage["stage_id"] for stage in DEAL_STAGES), "gone")
DEAL_AMOUNTS = ("0", "100", "999.99", "12345.678901", "33333.33", None)
REPLY_TIMES = (
    timedelta(0),
    timedelta(minutes=1),
    timedelta(hours=3, minutes=59, seconds=59),
    timedelta(hours=4),
    timedelta(hours=4, seconds=1),
    timedelta(hours=20),
    timedelta(hours=64),
    timedelta(days=3),
    timedelta(days=20),
    timedelta(minutes=-5),
)
TIMES_OF_DAY = (
    timedelta(hours=2),
    timedelta(hours=9, minutes=59, seconds=59, microseconds=900000),
    timedelta(hours=10),
    timedelta(hours=13, minutes=59),
    timedelta(hours=14),
    timedelta(hours=14, minutes=1),
    timedelta(hours=17, minutes=59, seconds=30),
    timedelta(hours=18),
    timedelta(hours=23, minutes=30),
)
TOUCHES = ("CALL", "email", "meeting", "note", None)
VISIT_SOURCES = ("organic", "paid", "direct", "referral", "telepathy", None)


class CrmMaker:
    """Adds what the CRM knows to the rows of an account, whose ids are not the account's own yet.

    Args:
        rows: of the account so far; its invoices and subscriptions may go to a second customer.
        new_id: makes an id of some kind.
    """

    def __init__(self, source: random.Random, rows: Rows, new_id: Callable[[str], str]) -> None:
        self.source = source
        # What is spelt or counted wrong, without which all else is the same.
        self.typing = random.Random(source.getstate()[1][0])
        self.rows = rows
        self.new_id = new_id
        self.companies: list[str] = []
        self.contacts: list[str] = []

    def make(self, customer: str) -> None:
        if self.chance(0.2):
            return
        customers = [customer]
        if self.chance(0.35):
            customers.append(self.make_second_customer(customer))
        for number in range(self.source.choice((1, 1, 1, 2))):
            self.make_company(customers if number == 0 else [])
        for _ in range(self.source.choice((0, 1, 2, 4))):
            self.make_contact()
        for _ in range(self.source.choice((0, 0, 1, 3))):
            self.make_deal()
        for _ in range(self.source.choice((0, 3, 8))):
            self.make_ticket()
        self.make_use()
        for _ in range(self.source.choice((0, 2, 5))):
            self.make_visit()
        self.make_relations()

    # Small decisions.

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def token(self, length: int = 10) -> str:
        """Letters that resemble no others."""
        return "".join(self.source.choice(string.ascii_lowercase) for _ in range(length))

    def moment(self) -> datetime:
        month = self.source.choice(MONTHS)
        if self.chance(0.4):
            return month + self.source.choice(NEAR_A_MONTH_END)
        return month + timedelta(days=self.source.randint(0, 27), seconds=self.source.randint(0, 86399))

    def add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(f"crm/{table}", []).append(
            {name: value for name, value in values.items() if value is not None}
        )

    def add_once(self, table: str, key: tuple[str, ...], **values: Any) -> None:
        """Adds a row unless there is one of its key."""
        rows = self.rows.get(f"crm/{table}", [])
        if not any(all(row[name] == values[name] for name in key) for row in rows):
            self.add(table, **values)

    def phone(self) -> tuple[str, str]:
        """A number in Berlin as it is written in two ways, the second for a card that is in Germany."""
        number = f"{self.source.randint(20000000, 99999999)}"
        return f"+49 30 {number}", f"030/{number[:4]} {number[4:]}"

    # Who they are.

    def make_second_customer(self, first: str) -> str:
        """Takes some of what the first one bought."""
        second = self.new_id("cus")
        created = self.source.choice((MONTHS[0] - timedelta(days=400), MONTHS[3] + timedelta(days=1)))
        self.rows.setdefault("billing/customer", []).append(
            {
                "id": second,
                "created": created,
                "address_country": self.source.choice(("US", "DE", None)),
            }
        )
        subscriptions = self.rows.get("billing/subscription", [])
        moved = {row["id"] for row in subscriptions if self.chance(0.5)}
        for row in subscriptions:
            if row["id"] in moved:
                row["customer_id"] = second
        invoices = set()
        for row in self.rows.get("billing/invoice", []):
            subscription = row.get("subscription_id")
            if self.chance(0.3) if subscription is None else subscription in moved:
                row["customer_id"] = second
                invoices.add(row["id"])
        for row in self.rows.get("billing/charge", []):
            if row.get("invoice_id") in invoices and row.get("customer_id") == first:
                row["customer_id"] = second
        return second

    def card(self, **values: Any) -> str:
        company = self.new_id("co")
        self.add(
            "company",
            id=company,
            property_country=self.source.choice(COUNTRIES),
            property_industry=self.source.choice(INDUSTRIES),
            property_numberofemployees=self.source.choice(EMPLOYEES),
            property_hs_analytics_source=self.source.choice(SOURCES),
            property_createdate=self.moment() - timedelta(days=self.source.choice((0, 200))),
            is_deleted=True if self.chance(0.05) else None,
            **values,
        )
        self.make_history(company)
        self.companies.append(company)
        return company

    def make_company(self, customers: list[str]) -> None:
        """A card for each customer and sometimes one more, which say in some way that they are one."""
        name, domain = f"{self.token()} {self.token(6)}", f"{self.token()}.example"
        abroad, at_home = self.phone()
        cards = [*customers, *([None] if not customers or self.chance(0.25) else [])]
        way = self.source.choice(("domain", "phone", "merged"))
        first = before = None
        for position, customer in enumerate(cards):
            values: Row = {"property_name": name if position == 0 else f"{name.upper()}, Inc."}
            if way == "domain":
                values["property_domain"] = domain if position == 0 else f"https://www.{domain}/about"
            if way == "phone":
                values |= {"property_phone": abroad if position == 0 else at_home}
            if way == "merged":
                values["property_hs_merged_object_ids"] = before
            link = self.source.choice(("property", "property", "e-mail", "name"))
            if link == "property" or way != "domain" or customer is None:
                values["property_stripe_customer_id"] = customer
            company = self.card(**values)
            if way == "phone" and position:
                self.rows["crm/company"][-1]["property_country"] = "Germany"
            self.keep_in_one_country(first, way)
            if customer is not None and "property_stripe_customer_id" not in self.rows["crm/company"][-1]:
                self.link(customer, company, link, name, domain)
            first, before = first or company, company
        if customers and self.chance(0.15):
            self.make_copy(customers[0], name, domain)
        if self.chance(0.1):
            self.make_children()
        if self.chance(0.1):
            self.make_strangers()
        if self.chance(0.15) and first is not None:
            self.card(
                property_name=f"{self.token()} of it",
                property_domain=domain,
                property_hs_parent_company_id=first,
            )

    def make_copy(self, customer: str, name: str, domain: str) -> None:
        """A card that was copied from the customer's, and what is another firm's written over it."""
        own_name, own_domain = f"{self.token()} {self.token(6)}", f"{self.token()}.example"
        self.card(
            property_name=own_name,
            property_domain=own_domain,
            property_stripe_customer_id=customer,
        )
        row = next((row for row in self.rows.get("billing/customer", []) if row["id"] == customer), None)
        if row is not None and "name" not in row and "email" not in row:
            row |= self.source.choice(
                (
                    {},
                    {"name": name},
                    {"name": own_name},
                    {"email": f"{self.token()}@{domain}"},
                    {"email": f"{self.token()}@{own_domain}"},
                )
            )

    def make_children(self) -> None:
        """Two of one parent, which are one only in one country."""
        name, domain, parent = f"{self.token()} {self.token(6)}", f"{self.token()}.example", self.token()
        for _ in range(2):
            company = self.card(
                property_name=name, property_domain=domain, property_hs_parent_company_id=parent
            )
            self.rows["crm/company"][-1]["property_country"] = self.source.choice(("de", "Germany", "us"))
            self.person(
                property_email=f"{self.source.choice(('info', 'ap'))}@{domain}",
                property_firstname=self.source.choice(("Ann", "Bob")),
                property_lastname="Lee",
                property_associatedcompanyid=company,
            )

    def make_strangers(self) -> None:
        """Cards that have nothing in common but what people type where they know nothing."""
        nothing: tuple[Row, ...] = (
            {"property_name": "Test", "property_phone": "+49 30 29384756"},
            {"property_name": self.token(), "property_phone": "1234567890"},
            {"property_name": "n/a", "property_domain": "noemail.com"},
            {"property_name": self.token(), "property_stripe_customer_id": "n/a"},
        )
        values = self.source.choice(nothing)
        for _ in range(2):
            company = self.card(**values)
            self.person(
                property_email=self.source.choice(("noemail@noemail.com", "test@test.com")),
                property_firstname=self.token(7),
                property_lastname=self.token(9),
                property_associatedcompanyid=company,
            )

    def keep_in_one_country(self, first: str | None, way: str) -> None:
        """Cards of two billing customers and two countries may be two companies, unless they were merged."""
        rows = self.rows["crm/company"]
        if first is None or way == "merged" or "property_stripe_customer_id" not in rows[-1]:
            return
        of_first = next(row for row in rows if row["id"] == first)
        if way == "phone":
            of_first["property_country"] = "Germany"
        elif "property_country" in of_first:
            rows[-1]["property_country"] = of_first["property_country"]

    def link(self, customer: str, company: str, link: str, name: str, domain: str) -> None:
        """Says in billing what ties a customer to a card."""
        row = next((row for row in self.rows.get("billing/customer", []) if row["id"] == customer), None)
        if row is None:
            return
        if link == "name":
            # Firms of one name in different countries may be different ones.
            row |= {"name": f"The {name}", "email": f"{self.token()}@{domain}", "address_country": None}
            return
        address = (
            f"{self.token()}@gmail.com" if self.chance(0.5) else f"{self.token()}@{self.token()}.example"
        )
        row["email"] = address.upper()
        if self.chance(0.5):
            row["name"] = f"{name}, Inc." if self.chance(0.5) else name
        self.person(property_email=address, property_associatedcompanyid=company)

    def make_history(self, company: str) -> None:
        values = {"country": COUNTRIES, "industry": INDUSTRIES, "numberofemployees": EMPLOYEES}
        for name, choices in values.items():
            if self.chance(0.5):
                # Whether what was corrected within the first month holds for the time before is left open.
                first = MONTHS[0] - timedelta(days=self.source.choice((40, 70)))
                moments = {first, *(self.moment() for _ in range(self.source.choice((0, 1, 3))))}
                for moment in sorted(moments):
                    value = self.source.choice(
                        [choice for choice in choices if choice is not None] if moment == first else choices
                    )
                    if name == "numberofemployees" and moment != first and self.typing.random() < 0.4:
                        value = self.typing.choice(TYPED_EMPLOYEES)
                    self.add(
                        "company_property_history",
                        company_id=company,
                        name=name,
                        value=value,
                        timestamp=moment,
                    )

    def person(self, **values: Any) -> str:
        contact = self.new_id("pe")
        stages = {
            f"property_hs_v2_date_entered_{stage}": self.moment()
            for stage in STAGES_ENTERED
            if self.chance(0.15)
        }
        self.add(
            "contact",
            id=contact,
            property_createdate=self.moment() - timedelta(days=self.source.choice((0, 100))),
            property_lifecyclestage=self.source.choice(LIFECYCLES),
            property_hs_analytics_source=self.source.choice(SOURCES),
            is_deleted=True if self.chance(0.04) else None,
            **stages,
            **values,
        )
        self.contacts.append(contact)
        return contact

    def make_contact(self) -> None:
        """One card, or two that share an address or were merged."""
        address = f"{self.token()}@{self.token()}.example"
        company = self.source.choice([None, *self.companies])
        first = self.person(
            property_email=address,
            property_firstname=self.token(7),
            property_lastname=self.token(9),
            property_associatedcompanyid=company,
        )
        if self.chance(0.3):
            ways: tuple[Row, ...] = (
                {"property_email": f" {address.upper()}"},
                {"property_hs_merged_object_ids": first},
            )
            self.person(
                **self.source.choice(ways),
                property_associatedcompanyid=self.source.choice([None, *self.companies]),
            )
        for contact in self.contacts[-2:]:
            for moment in {self.moment() for _ in range(self.source.choice((0, 0, 1, 2)))}:
                self.add_once(
                    "contact_form_submission",
                    ("contact_id", "form_id", "timestamp"),
                    contact_id=contact,
                    form_id=self.source.choice(("f1", "f2")),
                    form_type=self.source.choice(FORMS),
                    timestamp=moment,
                )
            for moment in {self.moment() for _ in range(self.source.choice((0, 0, 2)))}:
                self.add_once(
                    "contact_property_history",
                    ("contact_id", "name", "timestamp"),
                    contact_id=contact,
                    name=self.source.choice(("hubspotscore", "hubspotscore", "lifecyclestage")),
                    value=self.source.choice(SCORES),
                    timestamp=moment,
                )
        if self.chance(0.2):
            self.make_nobody()

    def make_nobody(self) -> None:
        """Forms and visits of a contact that has no card."""
        nobody = self.new_id("pe")
        for moment in {self.moment() for _ in range(self.source.choice((1, 2)))}:
            self.add(
                "contact_form_submission",
                contact_id=nobody,
                form_id="f1",
                form_type=self.source.choice(FORMS),
                timestamp=moment,
            )
        self.add(
            "web_visit",
            anonymous_id=self.source.choice((None, "browser1")),
            contact_id=nobody,
            visited_at=self.moment(),
            source=self.source.choice(VISIT_SOURCES),
            page_url=self.source.choice(PAGES),
        )

    # What they do.

    def make_deal(self) -> None:
        deal, created = self.new_id("deal"), self.moment()
        entered = sorted({created, *(self.moment() for _ in range(self.source.choice((0, 1, 3, 5))))})
        stages = [(moment, self.source.choice(STAGE_IDS)) for moment in entered]
        if self.chance(0.15):
            stages.append((entered[-1], "s2"))
        self.add(
            "deal",
            deal_id=deal,
            deal_pipeline_stage_id=stages[-1][1],
            property_amount=self.source.choice(DEAL_AMOUNTS),
            property_createdate=created + self.source.choice((timedelta(0), timedelta(days=2))),
            property_closedate=self.source.choice((None, self.moment())),
            property_dealtype=self.source.choice(("newbusiness", "existingbusiness", None)),
            is_deleted=True if self.chance(0.05) else None,
        )
        if self.chance(0.85):
            for moment, stage in {(moment, stage) for moment, stage in stages}:
                self.add("deal_stage", deal_id=deal, value=stage, date_entered=moment)
        if self.companies:
            self.add("deal_company", deal_id=deal, company_id=self.source.choice(self.companies))
        for name in ("amount", "closedate"):
            if self.chance(0.4):
                for moment in {self.moment() for _ in range(self.source.choice((1, 3)))}:
                    value: Any = self.source.choice((*DEAL_AMOUNTS, "to be agreed"))
                    if name == "closedate":
                        value = self.source.choice((None, self.moment().isoformat().replace("+00:00", "Z")))
                    self.add("deal_property_history", deal_id=deal, name=name, value=value, timestamp=moment)

    def company(self) -> str | None:
        """One of the account's cards, or none, or one that only this record knows."""
        if self.chance(0.08):
            return None
        return self.source.choice(self.companies) if self.chance(0.95) else self.new_id("unknown")

    def make_ticket(self) -> None:
        day = self.source.choice(MONTHS) + timedelta(days=self.source.randint(0, 30))
        created = day + self.source.choice(TIMES_OF_DAY)
        replied = created + self.source.choice(REPLY_TIMES) if self.chance(0.8) else None
        closed = created + self.source.choice(REPLY_TIMES) if self.chance(0.7) else None
        self.add(
            "ticket",
            id=self.new_id("ti"),
            company_id=self.company(),
            property_createdate=created,
            property_first_agent_reply_date=replied,
            property_closed_date=closed,
            handled_minutes=self.source.choice((None, "0", "12.5", "240")),
            is_deleted=True if self.chance(0.05) else None,
        )

    def make_use(self) -> None:
        for company in self.companies:
            if self.chance(0.4):
                continue
            first = self.source.choice(MONTHS)
            for number in range(self.source.choice((2, 6))):
                self.add(
                    "product_usage",
                    company_id=company,
                    date=(first + timedelta(days=number * self.source.choice((1, 7, 9)))).date(),
                    seats_active=self.source.choice((None, 0, 3, 17)),
                    seats_paid=self.source.choice((None, 0, 5, 20)),
                    daily_active_users=self.source.choice((None, 0, 2, 9)),
                    monthly_active_users=self.source.choice((None, 0, 4, 15)),
                    key_events=self.source.choice((None, 0, 7, 120)),
                )
                row = self.rows["crm/product_usage"][-1]
                if self.typing.random() < 0.2:
                    # Numbers that cannot be.
                    row[self.typing.choice(COUNTS_OF_USE)] = self.typing.choice((-1, -40))
        rows, seen = [], set()
        for row in self.rows.get("crm/product_usage", []):
            key = row["company_id"], row["date"]
            if key not in seen:
                rows.append(row)
                seen.add(key)
        if rows:
            self.rows["crm/product_usage"] = rows

    def make_visit(self) -> None:
        self.add(
            "web_visit",
            anonymous_id=self.source.choice((None, self.new_id("browser"), "browser1", "browser2")),
            contact_id=self.source.choice([None, None, *self.contacts]),
            visited_at=self.moment(),
            source=self.source.choice(VISIT_SOURCES),
            page_url=self.source.choice(PAGES),
            is_bot=True if self.chance(0.1) else None,
            is_employee=True if self.chance(0.1) else None,
        )

    def make_relations(self) -> None:
        """Answers, ratings, touches and first value."""
        for _ in range(self.source.choice((0, 1, 3, 6))):
            self.add(
                "feedback_submission",
                id=self.new_id("fe"),
                contact_id=self.source.choice([None, *self.contacts]),
                company_id=self.company() if self.chance(0.5) else None,
                value=self.source.choice((0, 6, 7, 8, 9, 10, None)),
                submitted_at=self.moment(),
            )
        for company in self.companies:
            for moment in {self.moment() for _ in range(self.source.choice((0, 1, 2)))}:
                self.add(
                    "csm_rating",
                    company_id=company,
                    rated_at=moment,
                    rating=self.source.choice(("1", "3", "4.5", "5", "7", None)),
                )
        for _ in range(self.source.choice((0, 1, 3))):
            self.add(
                "engagement",
                id=self.new_id("en"),
                company_id=self.company() if self.chance(0.7) else None,
                contact_id=self.source.choice([None, *self.contacts]),
                type=self.source.choice(TOUCHES),
                occurred_at=self.source.choice((self.moment(), self.moment(), None)),
            )
        for moment in {self.moment() for _ in range(self.source.choice((0, 1, 2)))}:
            if self.companies:
                company = self.source.choice(self.companies)
                self.add("activation_event", company_id=company, event="first report", occurred_at=moment)
