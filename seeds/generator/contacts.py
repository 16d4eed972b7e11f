"""The people whom the CRM knows: those at companies, and leads of whom no company is known.

A contact's id depends on the company and the contact's place in it alone. What becomes of leads is
``journeys``'s, what is wrong with cards ``dirt``'s; columns are here, with the rows that hang on a contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seeds.generator.companies import phone_in
from seeds.generator.facts import Company
from seeds.generator.journeys import FORMS, Journey, page
from seeds.generator.moments import DAY, HOUR, next_sync
from seeds.generator.persons import Person, make_person, plain
from seeds.generator.randomness import Stream, record_number
from seeds.generator.tables import Row, Rows

# People at a company beside the one who came first, by employees.
_MORE_PEOPLE = ((60, (0, 2)), (400, (1, 4)), (10**9, (2, 6)))
_BILLING_ADDRESS_PER_THOUSAND = 450
_STAGE_COLUMNS = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
_OPEN_STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "ATTEMPTED_TO_CONTACT")
_LOST_STATUSES = ("UNQUALIFIED", "BAD_TIMING")


@dataclass(slots=True)
class Contact:
    """A contact's card. ``journey`` is None for people who were added by hand."""

    id: str
    email: str | None
    first: str | None
    last: str | None
    phone: str | None
    title: str | None
    role: str | None
    country: str | None
    created: int
    stage: str | None
    status: str | None
    company_id: str | None
    source: str
    journey: Journey | None = None
    merged: tuple[str, ...] = ()
    merged_at: int = 0
    is_deleted: bool = False
    changed: int = 0

    def id_on(self, at: int) -> str:
        """The id under which something was recorded at a time."""
        return self.merged[0] if self.merged and at < self.merged_at else self.id


def contact_id(*path: object) -> str:
    """The id of a contact by the path of its company and its place."""
    return record_number("contact", *path)


def lead_contact(
    key: str, person: Person, email: str, journey: Journey, at: tuple[Company, str] | None = None
) -> Contact:
    """The card of somebody who came as a lead; ``at`` is the company with the id of its record."""
    company, company_id = at or (None, None)
    stream = Stream("contact", key)
    created = journey.stages[0][0]
    stage = journey.stage
    status = {"customer": "CONNECTED", "opportunity": "OPEN_DEAL"}.get(stage)
    if status is None:
        status = stream.pick(_OPEN_STATUSES if stage != "lead" else (*_OPEN_STATUSES, *_LOST_STATUSES))
    return Contact(
        id=contact_id(key),
        email=email,
        first=person.first,
        last=person.last,
        phone=None if company is None or stream.chance(350) else _number(company, key),
        title=person.title if company is not None or stream.chance(300) else None,
        role=person.role if stage in ("opportunity", "customer") else None,
        country=None if company is None else company.country,
        created=created,
        stage=stage,
        status=status,
        company_id=company_id,
        source=journey.source,
        journey=journey,
    )


def colleagues(
    company: Company, company_id: str, first: int, horizon: int, taken: set[str]
) -> Iterator[Contact]:
    """The other people at a company, known from ``first`` on, one after the other.

    ``taken`` are the parts before the at sign that others at the company have; nobody has another's name.
    """
    low, high = next(range_ for most, range_ in _MORE_PEOPLE if company.employees <= most)
    stream = Stream("colleagues", company.key)
    for place in range(1, 1 + stream.between(low, high)):
        created = first + stream.between(3, 600) * DAY + stream.between(7, 17) * HOUR
        person = somebody_new(stream, company.country, place, taken)
        has_phone = stream.chance(550)
        if created <= horizon:
            yield Contact(
                id=contact_id(company.key, place),
                email=f"{person.local_part}@{company.domain}",
                first=person.first,
                last=person.last,
                phone=_number(company, f"{company.key}/{place}") if has_phone else None,
                title=person.title,
                role=person.role,
                country=company.country,
                created=created,
                stage=None,
                status=None,
                company_id=company_id,
                source="OFFLINE",
            )


def _number(company: Company, key: str) -> str:
    """The company's number, more often one of the contact's own."""
    stream = Stream("direct number", key)
    return company.phone if stream.chance(350) else phone_in(company.country, stream)


def somebody_new(stream: Stream, country: str, place: int, taken: set[str]) -> Person:
    """A person whose name nobody else at the company has."""
    person = make_person(stream, country, place)
    while person.local_part in taken:
        person = make_person(stream, country, place)
    taken.add(person.local_part)
    return person


def billing_address(company: Company, company_id: str, created: int) -> Contact | None:
    """The address to which invoices go, as a contact with nobody's name; some companies have one."""
    if not Stream("billing address", company.key).chance(_BILLING_ADDRESS_PER_THOUSAND):
        return None
    return Contact(
        id=contact_id(company.key, "billing"),
        email=f"billing@{company.domain}",
        first=None,
        last=None,
        phone=None,
        title="Accounts payable",
        role="BUDGET_HOLDER",
        country=company.country,
        created=created,
        stage="customer",
        status=None,
        company_id=company_id,
        source="OFFLINE",
    )


def unknown_person_address(person: Person, key: str) -> str:
    """The private address of somebody who named no company; nobody real has one like it."""
    stream = Stream("private address", key)
    provider = stream.pick(("gmail.com", "outlook.com", "gmx.de", "yahoo.com", "icloud.com"))
    return f"{plain(person.first)}.{plain(person.last)}.example{stream.between(10, 9_999)}@{provider}"


def contact_rows(contacts: Iterable[Contact], rows: Rows, horizon: int) -> None:
    """The cards with their forms, histories and visits."""
    for contact in contacts:
        rows["contact"].append(_card(contact, horizon))
        if contact.journey is not None:
            _journey_rows(contact, contact.journey, rows, horizon)


def _card(contact: Contact, horizon: int) -> Row:
    journey = contact.journey
    entered = {} if journey is None else dict(journey.entered)
    score = None if journey is None or not journey.scores else journey.scores[-1][1]
    moments = [contact.created, contact.changed]
    if journey is not None:
        moments += [at for at, _ in (*journey.stages, *journey.forms, *journey.scores)]
    return (
        contact.id, contact.email, contact.first, contact.last, contact.phone, contact.title, contact.role,
        contact.country, contact.created, contact.stage, contact.status,
        None if score is None else str(score), contact.company_id, contact.source,
        ";".join(contact.merged) or None, *(entered.get(stage) for stage in _STAGE_COLUMNS),
        contact.is_deleted, min(next_sync(max(moments)), horizon),
    )  # fmt: skip


def _journey_rows(contact: Contact, journey: Journey, rows: Rows, horizon: int) -> None:
    def synced(at: int) -> int:
        return min(next_sync(at), horizon)

    for at, form in journey.forms:
        form_id, path = FORMS[form]
        rows["contact_form_submission"].append((contact.id_on(at), form_id, form, at, page(path), synced(at)))
    history = rows["contact_property_history"]
    for at, points in journey.scores:
        history.append((contact.id_on(at), "hubspotscore", str(points), at, "CALCULATED", synced(at)))
    # Of those who have stayed leads there is nothing to tell.
    for at, stage in journey.stages if len(journey.stages) > 1 else ():
        history.append((contact.id_on(at), "lifecyclestage", stage, at, "AUTOMATION_PLATFORM", synced(at)))
    for visit in journey.visits:
        rows["web_visit"].append(
            (
                visit.browser, contact.id_on(visit.at) if visit.is_known else None, visit.at, visit.source,
                page(visit.page), visit.campaign, False, False,
            )
        )  # fmt: skip
