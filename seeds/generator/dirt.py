"""What is wrong with cards that are right in substance: spellings, gaps, and second cards of the same.

Rates are per thousand. A second card says how it shows that it is the same, so that whoever joins cards can
be measured; cases that chance may not bring are ``planted_crm``'s.
"""

from __future__ import annotations

from dataclasses import replace

from seeds.generator.companies import phone_in
from seeds.generator.contacts import Contact, contact_id
from seeds.generator.facts import Company
from seeds.generator.journeys import LEAD, MQL, make_journey
from seeds.generator.moments import DAY
from seeds.generator.persons import plain
from seeds.generator.randomness import Stream
from seeds.generator.records import CompanyCard, record_id
from seeds.generator.spelling import (
    NO_NUMBERS,
    legal_form,
    mistyped,
    spelled_country,
    spelled_domain,
    spelled_email,
    spelled_name,
    spelled_phone,
    tagged_email,
)

_SECOND_COMPANY_CARDS = 55
_SECOND_CONTACT_CARDS = 55
_MERGED_CONTACTS = 25
# How a second company card shows that it is the same; the last ones leave it to a person to say.
_COMPANY_WAYS = (
    (34, "domain and name"), (28, "phone and name"), (14, "domain and mistyped name"), (12, "older card"),
    (12, "name alone"),
)  # fmt: skip
_CONTACT_WAYS = (
    (26, "e-mail"), (24, "tagged e-mail and name"), (25, "domain and name"), (25, "phone and name"),
)  # fmt: skip


def worn(card: CompanyCard, company: Company, *, gaps: bool = True) -> CompanyCard:
    """A card as people keep it: some of it spelled otherwise, some of it missing (unless not ``gaps``)."""
    stream = Stream("worn", card.id)
    form = legal_form(company.key, company.country)
    worn_card = replace(card)
    if stream.chance(360):
        worn_card.name = spelled_name(stream, company.name, form)
    if stream.chance(600):
        worn_card.phone = spelled_phone(stream, company.phone, company.country)
    elif stream.chance(50) and gaps:
        worn_card.phone = stream.pick((None, *NO_NUMBERS))
    if stream.chance(150):
        worn_card.domain = spelled_domain(stream, company.domain)
    if stream.chance(120):
        worn_card.country = spelled_country(stream, company.country)
    if stream.chance(40):
        worn_card.industry = None
    if stream.chance(30):
        worn_card.city = None
    if stream.chance(20):
        worn_card.employees = worn_card.revenue = None
    return worn_card


def second_company_card(
    card: CompanyCard, company: Company, horizon: int, *, per_thousand: int = _SECOND_COMPANY_CARDS
) -> tuple[CompanyCard, str] | None:
    """Another card of the same company, without a billing id, and how it shows; usually there is none."""
    stream = Stream("second card", company.key)
    if not stream.chance(per_thousand):
        return None
    way = stream.weighted(_COMPANY_WAYS)
    form = legal_form(company.key, company.country)
    days = -stream.between(40, 300) if way == "older card" else stream.between(25, 500)
    created = card.created + days * DAY
    if created > horizon:
        return None
    name = spelled_name(stream, company.name, form)
    second = replace(
        card,
        id=record_id(company.key, "second"),
        name=name,
        created=created,
        changed=0,
        customer=None,
        parent=None,
        merged=(),
        stage="lead",
        source="OFFLINE",
        country=spelled_country(stream, company.country) if stream.chance(500) else card.country,
        domain=spelled_domain(stream, company.domain) if stream.chance(500) else company.domain,
        phone=spelled_phone(stream, company.phone, company.country),
    )
    if way == "phone and name":
        second.domain = None
    elif way == "name alone":
        second.domain = second.phone = None
    else:
        second.phone = second.phone if stream.chance(400) else None
    if way == "domain and mistyped name":
        second.name = mistyped(stream, company.name)
    if stream.chance(400):
        second.industry = second.city = second.revenue = None
    return second, way


def second_contact_card(
    contact: Contact, company: Company | None, horizon: int
) -> tuple[Contact, str] | None:
    """Another card of the same person, and how it shows; usually there is none."""
    stream = Stream("second card", contact.id)
    if not stream.chance(_SECOND_CONTACT_CARDS) or contact.email is None or contact.first is None:
        return None
    assert contact.last is not None
    way = stream.weighted(_CONTACT_WAYS)
    local, domain = contact.email.split("@")
    created = contact.created + stream.between(10, 400) * DAY + stream.between(1, 86_000)
    if company is None and way in ("domain and name", "phone and name"):
        way = "e-mail"
    if created > horizon:
        return None
    identity = contact_id(contact.id, "second")
    reached = MQL if stream.chance(400) else LEAD
    journey = make_journey(stream, identity, contact.source, created, reached).until(horizon)
    second = replace(
        contact,
        id=identity,
        created=created,
        changed=0,
        stage=journey.stage,
        status="NEW",
        role=None,
        journey=journey,
        merged=(),
        merged_at=0,
        title=contact.title if stream.chance(400) else None,
        phone=None,
        company_id=contact.company_id if stream.chance(600) else None,
    )
    if way == "e-mail":
        second.email = spelled_email(stream, contact.email, contact.first, contact.last)
    elif way == "tagged e-mail and name":
        second.email = tagged_email(stream, contact.email)
    elif way == "domain and name":
        second.email = f"{plain(contact.first)[0]}{plain(contact.last)}@{domain}"
    else:
        assert company is not None
        second.email = f"{local}.example@gmail.com"
        number = phone_in(company.country, stream)
        contact.phone = spelled_phone(stream, number, company.country)
        second.phone = spelled_phone(stream, number, company.country)
    if stream.chance(250):
        second.first, second.last = contact.first.upper(), contact.last.upper()
    return second, way


def merged_contact(contact: Contact, horizon: int) -> Contact:
    """The contact, now and then one into which an older card went: its early records are under that id."""
    stream = Stream("merged contact", contact.id)
    at = contact.created + stream.between(2, 200) * DAY
    if stream.chance(_MERGED_CONTACTS) and at <= horizon and contact.journey is not None:
        return replace(contact, merged=(contact_id(contact.id, "merged"),), merged_at=at, changed=at)
    return contact


def worn_contact(contact: Contact, company: Company | None) -> Contact:
    """A contact's card as people keep it."""
    stream = Stream("worn", contact.id)
    worn_card = replace(contact)
    if contact.email is not None and contact.first is not None and stream.chance(60):
        worn_card.email = spelled_email(stream, contact.email, contact.first, contact.last or "")
    if contact.phone is not None and company is not None and stream.chance(700):
        worn_card.phone = spelled_phone(stream, contact.phone, company.country)
    elif contact.phone is not None and stream.chance(60):
        worn_card.phone = stream.pick(NO_NUMBERS)
    if contact.last is not None and stream.chance(30):
        worn_card.first = None
    if company is not None and stream.chance(300):
        worn_card.country = spelled_country(stream, company.country)
    return worn_card
