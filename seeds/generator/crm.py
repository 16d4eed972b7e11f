"""The CRM writer: companies, people, deals, support, care and marketing, in the shape of a HubSpot export.

Puts together what the modules beside it make of a customer: its card (``records``, ``dirt``), the
people and how they came (``contacts``, ``journeys``), what was sold (``deals``), tickets, care and usage.
Adds leads that came to nothing, so that their number grows with that of the customers. Says to ``truth``, if
asked, which cards are of one company or person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from seeds.generator import care, dirt, planted_crm
from seeds.generator.companies import INDUSTRIES, make_company, phone_in
from seeds.generator.contacts import (
    Contact,
    billing_address,
    colleagues,
    contact_rows,
    lead_contact,
    somebody_new,
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
    deal_id,
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
from seeds.generator.persons import Person, make_person
from seeds.generator.randomness import Stream, record_number
from seeds.generator.records import (
    COUNTRY_NAMES,
    DELETED_RECORD,
    PROSPECTS,
    TWO_RECORDS,
    CompanyCard,
    CompanyRecord,
    case_of,
    company_record,
    plain_card,
    prospect,
    record_id,
)
from seeds.generator.tables import Rows
from seeds.generator.tickets import ticket_row, tickets_per_thousand_weeks
from seeds.generator.truth import COMPANY, CONTACT, Truth
from seeds.generator.usage import usage_weeks

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
_PROSPECT_TICKETS = 2
_SAME_FIRM_PER_THOUSAND = 250
_UNLINKED_PER_THOUSAND = 75
_GROUP_PER_THOUSAND = 50
_BOUGHT_PER_THOUSAND = 30
_SOLE_TRADER_EMPLOYEES = 60
_PARTNER = "fjord"
_HISTORY_SOURCES = {
    "lifecyclestage": "AUTOMATION_PLATFORM",
    "numberofemployees": "COMPANY_INSIGHTS",
    "industry": "CRM_UI",
    "country": "CRM_UI",
}

# How a billing customer whose id is not on its company's card can still be found.
BY_EMAIL, BY_DOMAIN, BY_PHONE, BY_NAME = "e-mail", "domain and name", "phone and name", "name alone"
_UNLINKED_WAYS = ((30, BY_EMAIL), (28, BY_DOMAIN), (30, BY_PHONE), (12, BY_NAME))


@dataclass(slots=True)
class _Known:
    """A customer as the CRM knows it: the company by the name on its card, which may be that of a firm
    known from before (``is_second``), and the people there by what stands before the at sign."""

    dealings: Dealings
    record: CompanyRecord
    company: Company
    entity: str
    case: str | None
    is_second: bool = False
    unlinked: str | None = None
    second_card: tuple[str, int] | None = None
    won: int | None = None
    bought_before: int | None = None
    taken: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        return self.dealings.history.company.key

    def id_on(self, at: int) -> str:
        """The id under which something is recorded at a time: one in three uses the second card there is."""
        if self.second_card is not None and at >= self.second_card[1] and at % 3 == 0:
            return self.second_card[0]
        return self.record.id_on(at)


class CrmWriter:
    """Makes the rows of the CRM and its neighbours; what is about nobody once, customers one by one."""

    def __init__(self, rates: ExchangeRates, first: int, horizon: int, truth: Truth | None = None) -> None:
        self.rates = rates
        self.first = first
        self.horizon = horizon
        self.months: list[int] = []
        while add_months(first, len(self.months) + 1) <= horizon:
            self.months.append(add_months(first, len(self.months)))
        self._truth = truth
        self._before: _Known | None = None

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
            for place in range(_PROSPECT_TICKETS if number % 3 == 0 else 0):
                at = company.created + (20 + 40 * place) * DAY
                self._ticket(rows, Stream("ticket", company.key, place), company, record.id, at)
        for place, day in enumerate((91, 407, 800)):
            company, _ = prospect(1, self.first)
            self._ticket(rows, Stream("stray ticket", place), company, None, self.first + day * DAY)
        truth = self._truth or Truth()
        for card in planted_crm.planted_companies(self.horizon, truth):
            rows["company"].append(card.row(self.horizon))
        contact_rows(planted_crm.planted_contacts(self.horizon, truth), rows, self.horizon)
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
        known = self._known(dealings)
        if known is not None:
            self._customer(rows, known)
        self._before = known
        return rows

    def _customer(self, rows: Rows, known: _Known) -> None:
        weeks = self._usage(rows, known)
        contacts = self._people(rows, known)
        if weeks:
            service = care.Service(known.key, frozenset(weeks), self.horizon)
            self._care(rows, known, service, contacts)
        if known.case == planted_crm.TICKET_CASE:
            rows["ticket"] += planted_crm.planted_tickets(known.company, known.record.id, self.horizon)
            visits = planted_crm.planted_visits(contacts[0].id)
            rows["web_visit"] += (row for row in visits if int(row[2] or 0) <= self.horizon)
            rows["feedback_submission"] += planted_crm.planted_answers(
                contacts[0].id, known.record.id, self.horizon
            )

    def _known(self, dealings: Dealings) -> _Known | None:
        """What the CRM makes of a customer; notes in any case which firm the customer is."""
        company = dealings.history.company
        record = company_record(dealings, self.horizon)
        known = None if record is None else _Known(dealings, record, company, company.key, case_of(company))
        if known is not None:
            self._look_closer(known)
        if self._truth is not None and dealings.livemode:
            entity = company.key if known is None else known.entity
            self._truth.customer(dealings.customer_id, entity, company.created)
        return known

    def _look_closer(self, known: _Known) -> None:
        before, company = self._before, known.company
        stream = Stream("same firm", company.key)
        if known.case is not None:
            # In billing all planted customers have one number; the CRM knows their own.
            known.company = replace(company, phone=phone_in(company.country, stream))
        may_be_second = (
            before is not None
            and not before.is_second
            and before.unlinked is None
            and known.case is None is before.case
            and before.company.country == company.country
        )
        if stream.chance(_SAME_FIRM_PER_THOUSAND) and may_be_second:
            assert before is not None
            firm = before.company
            known.company = replace(
                company, name=firm.name, domain=firm.domain, phone=firm.phone, city=firm.city
            )
            known.entity, known.is_second, known.taken = before.entity, True, before.taken
            known.bought_before = before.won
        elif stream.chance(_UNLINKED_PER_THOUSAND) and known.case is None and not known.record.merged:
            known.unlinked = Stream("unlinked", company.key).weighted(_UNLINKED_WAYS)

    def _usage(self, rows: Rows, known: _Known) -> list[int]:
        """Usage and tickets; returns the weeks in which the company is served."""
        company, record = known.dealings.history.company, known.record
        tickets = tickets_per_thousand_weeks(company.employees)
        weeks = []
        for week in usage_weeks(known.dealings, self.first, self.horizon):
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
        return weeks

    def _people(self, rows: Rows, known: _Known) -> list[Contact]:
        """The cards of a customer and of its people, the one who came first before the others; its deals."""
        company, record, key = known.company, known.record, known.key
        card = plain_card(company, record, LEAD, known.dealings.customer_id)
        stream = Stream("lead", key)
        bought = first_purchase(known.dealings, self.rates)
        won = None if bought is None else agreed_before(bought.at, Stream("agreed", key))
        known.won = won
        sign_up = _sign_up(known.dealings)
        reached = CUSTOMER if won is not None else SQL if sign_up else OPPORTUNITY
        assert card.source is not None
        journey = make_journey(stream, key, card.source, card.created, reached, won=won, sign_up=sign_up)
        offered = next((at for at, stage in journey.stages if stage == OPPORTUNITY), None)
        journey = journey.until(self.horizon)
        stages = _company_stages(card.created, offered, won)
        self._company(rows, known, card, [entered for entered in stages if entered[0] <= self.horizon])

        seen = company
        is_known_by_mail = known.unlinked in (None, BY_EMAIL)
        if not is_known_by_mail:
            # Their addresses say nothing of the company.
            seen = replace(company, domain=f"post.{company.domain.split('.')[0]}-mail.example")
        person = somebody_new(stream, company.country, 0, known.taken)
        if _is_sole_trader(known):
            *firsts, last = company.name.split()
            person = Person(" ".join(firsts), last, "Owner", "DECISION_MAKER")
        email = f"{person.local_part}@{seen.domain}"
        contacts = [lead_contact(key, person, email, journey, (seen, record.id))]
        since = max(card.created, self.first)
        others = colleagues(seen, record.id, since, self.horizon, known.taken)
        contacts += (
            replace(contact, stage="customer" if won else None, role=contact.role if won else None)
            for contact in others
        )
        # Invoices of a firm's second customer go to an address of their own.
        invoiced = billing_address(
            known.dealings.history.company, record.id, max(since, min(company.created, self.horizon))
        )
        if won and invoiced and is_known_by_mail:
            contacts.append(invoiced)
        self._contacts(rows, contacts, seen)

        is_unsold = stream.chance(_SELF_SERVED_PER_THOUSAND if sign_up else _WITHOUT_DEAL_PER_THOUSAND)
        deal = planted_crm.won_for_nothing(company, known.case)
        if bought and won and offered is not None and (not is_unsold or known.case):
            reopened = stream.chance(40) or known.case == planted_crm.REOPENED
            is_new = known.bought_before is None or known.bought_before > won
            deal = make_deal(
                f"{key}/deal/1",
                NEW_BUSINESS if is_new else EXPANSION,
                (offered, won),
                WON,
                bought.cents,
                reopened=reopened,
            )
            self._touches(rows, known, contacts, f"{key}/sale", (offered, won), (6, 20))
        if deal is not None:
            self._deal(
                rows, planted_crm.flawed(deal, known.case), f"{company.name} - new", record.id, known.case
            )
        self._expansions(rows, known)
        return contacts

    def _company(self, rows: Rows, known: _Known, card: CompanyCard, stages: list[tuple[int, str]]) -> None:
        """The card of a customer, worn, with its history, and the second cards that there are of it."""
        company, record = known.company, known.record
        card.stage = stages[-1][1]
        card.owner = _company_owner(record.id, is_customer=True)
        card.is_deleted = known.case in DELETED_RECORD
        card.parent = self._parent(rows, known)
        way = ""
        if known.is_second:
            card = dirt.worn(card, company, gaps=False)
            way = "domain and name"
        elif known.unlinked is not None:
            card = dirt.worn(card, company, gaps=False)
            card.customer = None
            if known.unlinked in (BY_PHONE, BY_NAME):
                card.domain = None
            if known.unlinked == BY_NAME:
                card.phone = None
        elif known.case is None:
            second = dirt.second_company_card(card, company, self.horizon)
            card = dirt.worn(card, company, gaps=second is None)
            if second is not None:
                known.second_card = second[0].id, second[0].created
                rows["company"].append(second[0].row(self.horizon))
                self._note(COMPANY, second[0].id, known.entity, second[0].created, second[1])
        elif known.case in TWO_RECORDS:
            twin = plain_card(
                company, CompanyRecord(record_id(company.key, "twin")), card.stage or "", card.customer
            )
            twin.owner = card.owner
            known.second_card = twin.id, twin.created
            rows["company"].append(twin.row(self.horizon))
            self._note(COMPANY, twin.id, known.entity, twin.created, "billing id")
        card = self._company_history(rows, known, card, stages)
        rows["company"].append(card.row(self.horizon))
        self._note(COMPANY, card.id, known.entity, card.created, way)
        for merged in record.merged:
            if self._truth is not None:
                self._truth.merged_away(COMPANY, merged, known.entity)

    def _parent(self, rows: Rows, known: _Known) -> str | None:
        """The id of the company to which a customer belongs: a group without a billing id, or a customer."""
        stream = Stream("parent", known.key)
        company, before = known.company, self._before
        is_in_group, is_bought = stream.chance(_GROUP_PER_THOUSAND), stream.chance(_BOUGHT_PER_THOUSAND)
        if known.case is not None or known.is_second or known.unlinked is not None:
            return None
        if is_in_group:
            record = CompanyRecord(record_id(known.key, "group"))
            group = replace(
                company, name=f"{company.name} Group", employees=company.employees * 4,
                domain=company.domain if stream.chance(500) else f"group-{company.domain}",
            )  # fmt: skip
            card = plain_card(group, record, "lead")
            card.phone = None
            card.owner = _company_owner(record.id, is_customer=False)
            rows["company"].append(card.row(self.horizon))
            self._note(COMPANY, card.id, f"{known.key}/group", card.created)
            if self._truth is not None:
                self._truth.differ(COMPANY, card.id, known.record.id, "group and member")
            return card.id
        if is_bought and before is not None and before.case is None:
            return before.record.id
        return None

    def _company_history(
        self, rows: Rows, known: _Known, card: CompanyCard, stages: list[tuple[int, str]]
    ) -> CompanyCard:
        """What stood on the card before, each value with its time; returns the card as it is now."""
        stream = Stream("company history", card.id)
        days = sorted({card.created + stream.between(60, 1_000) * DAY + HOUR for _ in range(stream.below(3))})
        days = [day for day in days if day <= self.horizon]
        values: dict[str, list[tuple[int, str]]] = {"lifecyclestage": stages}
        if card.employees is not None:
            sizes = [card.employees]
            for _ in days:
                sizes.append(max(sizes[-1] * stream.between(62, 108) // 100, 1))
            moments = [card.created, *days]
            values["numberofemployees"] = [
                (at, str(size)) for at, size in zip(moments, reversed(sizes), strict=True)
            ]
        changed = card.created + stream.between(90, 800) * DAY
        for name, now, per_thousand, others in (
            ("industry", card.industry, 60, INDUSTRIES),
            ("country", card.country, 40, stream.pick(tuple(COUNTRY_NAMES.values()))),
        ):
            if now is None:
                continue
            values[name] = [(card.created, now)]
            if stream.chance(per_thousand) and changed <= self.horizon:
                values[name] = [(card.created, stream.pick(others)), (changed, now)]
        if known.case in planted_crm.HISTORIES:
            card, planted = planted_crm.with_history(card, known.case, self.horizon)
            values |= planted
        for name, changes in values.items():
            source = _HISTORY_SOURCES[name]
            for at, value in changes:
                if at <= self.horizon:
                    rows["company_property_history"].append(
                        (card.id, name, value, at, source, self._synced(at))
                    )
        return card

    def _expansions(self, rows: Rows, known: _Known) -> None:
        company = known.company
        for number, bought in enumerate(later_purchases(known.dealings, self.rates, self.horizon), start=1):
            key = f"{known.key}/expansion/{number}"
            stream = Stream("expansion", key)
            won = agreed_before(bought.at, stream)
            if stream.chance(650):
                created = won - stream.between(8, 45) * DAY
                deal = make_deal(key, EXPANSION, (created, won), WON, bought.cents)
                self._deal(rows, deal, f"{company.name} - more", known.id_on(deal.created))
            if stream.chance(180):
                # Something else that was offered, and not taken.
                key = f"{key}/lost"
                created = won + stream.between(15, 200) * DAY
                lost = created + stream.between(10, 80) * DAY
                deal = make_deal(key, EXPANSION, (created, lost), LOST, bought.cents // 2)
                self._deal(rows, deal, f"{company.name} - offer", known.id_on(deal.created))

    def _care(self, rows: Rows, known: _Known, service: care.Service, contacts: list[Contact]) -> None:
        company, record = known.company, known.record
        days = (70, 140) if company.employees <= 60 else (30, 70)
        span = (service.first, service.ends or self.horizon)
        self._touches(rows, known, contacts, f"{known.key}/care", span, days)
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
        begun = min(contract.start for contract, _ in known.dealings.billed)
        for event, at in care.first_uses(service, begun):
            if at <= self.horizon:
                rows["activation_event"].append((record.id_on(at), event, at))

    # -- those who did not buy -------------------------------------------------------------------------------

    def _lost_leads(self, rows: Rows, dealings: Dealings) -> None:
        key = dealings.history.company.key
        weights = [(30 + number, month) for number, month in enumerate(self.months)]
        for number in range(1, 1 + Stream("leads", key).between(*_LOST_LEADS)):
            stream = Stream("lead", key, number)
            created = min(stream.weighted(weights) + stream.below(28 * DAY), self.horizon)
            reached = stream.weighted(_REACHED)
            name = f"{key}/lead/{number}"
            if reached == OPPORTUNITY or stream.chance(_LEAD_WITH_COMPANY_PER_THOUSAND):
                size = stream.pick(("small", "small", "medium", "large"))
                place = _LEAD_NUMBERS_FROM + 10 * dealings.number + number
                company = make_company(stream, name, place, size, created)
                company = replace(company, phone=phone_in(company.country, Stream("phone", name)))
                self._prospect(rows, company, CompanyRecord(record_id(name)), reached, size)
                continue
            source = stream.weighted(LEAD_SOURCES)
            journey = make_journey(stream, name, source, created, reached).until(self.horizon)
            person = make_person(stream, stream.pick(_LEAD_COUNTRIES), 0)
            address = unknown_person_address(person, name)
            self._contacts(rows, [lead_contact(name, person, address, journey)], None)

    def _prospect(self, rows: Rows, company: Company, record: CompanyRecord, reached: str, size: str) -> None:
        """A company that was never billed, its people, and what it was offered."""
        stream = Stream("prospect's lead", company.key)
        card = plain_card(company, record, "lead")
        assert card.source is not None
        full = make_journey(stream, company.key, card.source, card.created, reached)
        journey = full.until(self.horizon)
        card.stage = journey.stage
        card.owner = _company_owner(record.id, is_customer=False)
        second = dirt.second_company_card(card, company, self.horizon)
        worn = dirt.worn(card, company, gaps=second is None)
        rows["company"].append(worn.row(self.horizon))
        self._note(COMPANY, card.id, company.key, card.created)
        if second is not None:
            rows["company"].append(second[0].row(self.horizon))
            self._note(COMPANY, second[0].id, company.key, second[0].created, second[1])
        taken: set[str] = set()
        person = somebody_new(stream, company.country, 0, taken)
        email = f"{person.local_part}@{company.domain}"
        contacts = [lead_contact(company.key, person, email, journey, (company, record.id))]
        if reached == OPPORTUNITY:
            contacts += list(colleagues(company, record.id, card.created, self.horizon, taken))[:2]
        self._contacts(rows, contacts, company)
        offered = next((at for at, stage in journey.stages if stage == OPPORTUNITY), None)
        if offered is None:
            return
        low, high = _OFFERED_DOLLARS[size]
        cents = stream.between(low, high) * 100_00
        closed = offered + stream.between(20, 160) * DAY
        outcome = OPEN if closed > self.horizon - _STILL_OPEN else LOST
        deal = make_deal(f"{company.key}/deal/1", NEW_BUSINESS, (offered, closed), outcome, cents)
        self._deal(rows, deal, f"{company.name} - new", record.id)
        self._touches(rows, record, contacts, f"{company.key}/sale", (offered, closed), (6, 20))

    # -- rows ------------------------------------------------------------------------------------------------

    def _synced(self, at: int) -> int:
        return min(next_sync(at), self.horizon)

    def _note(self, object_type: str, card_id: str, entity: str, created: int, why: str = "") -> None:
        if self._truth is not None:
            self._truth.card(object_type, card_id, entity, created, why)

    def _ticket(self, rows: Rows, stream: Stream, company: Company, company_id: str | None, at: int) -> None:
        row = ticket_row(stream, company, company_id, at, horizon=self.horizon)
        if row is not None:
            rows["ticket"].append(row)

    def _contacts(self, rows: Rows, contacts: Iterable[Contact], company: Company | None) -> None:
        """The cards of people, some worn, some twice, some merged from two."""
        cards = []
        for contact in contacts:
            second = dirt.second_contact_card(contact, company, self.horizon)
            if second is not None:
                cards += [contact, second[0]]
                self._note(CONTACT, second[0].id, contact.id, second[0].created, second[1])
            else:
                cards.append(dirt.worn_contact(dirt.merged_contact(contact, self.horizon), company))
            self._note(CONTACT, contact.id, contact.id, contact.created)
            if self._truth is not None:
                for merged in cards[-1].merged:
                    self._truth.merged_away(CONTACT, merged, contact.id)
        contact_rows(cards, rows, self.horizon)

    def _deal(self, rows: Rows, deal: Deal, name: str, company_id: str, case: str | None = None) -> None:
        """A deal with its company and its history, as far as it had come by the export."""
        if deal.created > self.horizon:
            return
        deal = deal.until(self.horizon)
        identity = deal_id(deal.key)
        is_bare = case == planted_crm.BARE
        rows["deal"].append(
            (
                identity, deal.pipeline, deal.stage, None if is_bare else _deal_owner(deal),
                None if is_bare else name, _dollars(deal.amounts[-1][1]), deal.closings[-1][1], deal.created,
                None if is_bare else deal.deal_type, case == planted_crm.DELETED_DEAL,
                self._synced(deal.updated),
            )
        )  # fmt: skip
        companies = [] if case == planted_crm.OF_NO_COMPANY else [company_id]
        if case == planted_crm.OF_TWO_COMPANIES:
            companies.append(planted_crm.planted_card_id(_PARTNER))
        for company in companies:
            rows["deal_company"].append((identity, company, self._synced(deal.created)))
        for at, stage in deal.stages:
            rows["deal_stage"].append((identity, stage, at, self._synced(at)))
        history = rows["deal_property_history"]
        for at, cents in deal.amounts:
            history.append(
                (identity, "amount", _typed_amount(deal, at, cents), at, "CRM_UI", self._synced(at))
            )
        for at, closing in deal.closings:
            history.append((identity, "closedate", as_timestamp(closing), at, "CRM_UI", self._synced(at)))

    def _touches(
        self,
        rows: Rows,
        at_company: _Known | CompanyRecord,
        contacts: list[Contact],
        key: str,
        *spans: tuple[int, int],
    ) -> None:
        """Calls, mails, meetings and notes over the first span of time, so many days apart as the second."""
        (first, last), days = spans
        owner = _company_owner(contacts[0].company_id or "", is_customer=key.endswith("/care"))
        for touch in care.touches(key, first, min(last, self.horizon), len(contacts), days):
            contact = None if touch.contact is None else contacts[touch.contact]
            if contact is not None and contact.created > touch.at:
                contact = contacts[0]
            if touch.at <= self.horizon:
                rows["engagement"].append(
                    (
                        record_number("engagement", key, touch.at), at_company.id_on(touch.at),
                        None if contact is None else contact.id, touch.kind, touch.at, owner,
                        self._synced(touch.at),
                    )
                )  # fmt: skip


def _company_stages(created: int, offered: int | None, won: int | None) -> list[tuple[int, str]]:
    stages = [(created, LEAD)]
    if offered is not None:
        stages.append((max(offered, created + 1), OPPORTUNITY))
    if won is not None:
        stages.append((max(won, created + 2), CUSTOMER))
    return stages


def _is_sole_trader(known: _Known) -> bool:
    """A company that is called by its owner's name: some small ones whose name can be a person's."""
    if known.case is not None:
        return known.case in planted_crm.SOLE_TRADERS
    company = known.dealings.history.company
    return company.name.endswith(" Power") and company.employees <= _SOLE_TRADER_EMPLOYEES


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


def _typed_amount(deal: Deal, at: int, cents: int | None) -> str | None:
    """An amount as it was typed at a time: the first guess now and then with words around the number."""
    stream = Stream("typed", deal.key)
    if cents is None or at != deal.amounts[0][0] or len(deal.amounts) == 1 or not stream.chance(60):
        return _dollars(cents)
    dollars = cents // 100
    return stream.pick((f"USD {dollars:,}.00", f"${dollars:,}", f"{dollars // 1_000}k", "to be agreed"))
