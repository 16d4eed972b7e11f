"""The source ``identity`` of a raw snapshot: read the exports, match, write one Parquet file per table.

Add a table here, and declare it in ``dbt_project/models/staging/identity``. Nothing is asked but the
snapshot, the as-of and the policies, and the rows do not depend on the order of the exports' rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.identity.cards import Member, members, merged_ids, pair_rows
from orchestration.identity.companies import Company, Linked, link_companies
from orchestration.identity.contacts import Contact, link_contacts
from orchestration.identity.countries import country_code
from orchestration.identity.customers import (
    Customer,
    Directory,
    Entity,
    EntityMatch,
    Match,
    doubtful_customers,
    join_customers,
    match_customers,
    match_entities,
)
from orchestration.identity.decisions import RULE as DECISION
from orchestration.identity.decisions import Decisions, contradicted, read_decisions
from orchestration.identity.domains import is_shared, registrable_domain
from orchestration.identity.emails import read_email
from orchestration.identity.linking import REVIEW
from orchestration.identity.names import read_company_name, read_person_name, word_key
from orchestration.identity.phones import read_phone
from orchestration.raw.contract import read_contracts
from orchestration.raw.snapshot import LINKS_FILE_NAME, write_table

SOURCE = "identity"
ITS_OWN = "billing_customer"


@dataclass(frozen=True)
class Exports:
    """The raw snapshot as far as identity needs it; ``read`` gives rows by column name."""

    folder: Path
    as_of_at: datetime | None

    def rows(self, source: str, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of a raw table; none where the snapshot does not have it."""
        path = self.folder / source / f"{table}.parquet"
        if not path.exists():
            return
        for batch in pq.ParquetFile(path).iter_batches(columns=list(columns)):
            yield from batch.to_pylist()

    def values(self, source: str, table: str, column: str) -> set[str]:
        """The different values of a column."""
        path = self.folder / source / f"{table}.parquet"
        if not path.exists():
            return set()
        found: set[str] = set()
        for batch in pq.ParquetFile(path).iter_batches(columns=[column]):
            found.update(
                one for one in pc.unique(batch.column(0)).to_pylist() if one is not None and one.strip()
            )
        return found

    def kept_links(
        self, decided: Sequence[Mapping[str, Any]]
    ) -> Callable[[str, Collection[str], Collection[str]], list[dict[str, Any]]]:
        """What erasures kept of which records are the same: decisions about those that are known, unless
        people have decided about the pair."""
        path = self.folder / LINKS_FILE_NAME
        links = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        taken = {
            (row["object_type"].strip().lower(), *sorted((row["left_id"].strip(), row["right_id"].strip())))
            for row in decided
        }

        def known(object_type: str, left: Collection[str], right: Collection[str]) -> list[dict[str, Any]]:
            return [
                link
                for link in links
                if link["object_type"] == object_type
                and link["left_id"] in left
                and link["right_id"] in right
                and (object_type, *sorted((link["left_id"], link["right_id"]))) not in taken
            ]

        return known

    def is_known(self, created_at: datetime | None) -> bool:
        """Whether something of that time is seen: an as-of that the operator gave hides what came later."""
        return self.as_of_at is None or created_at is None or created_at < self.as_of_at


def as_of_instant(as_of: date | None, time_zone: str) -> datetime | None:
    """The end of a day in a time zone, UTC without zone; the earlier one where clocks are turned back
    then."""
    if as_of is None:
        return None
    midnight = datetime.combine(as_of + timedelta(days=1), datetime.min.time())
    zone = ZoneInfo(time_zone)
    return midnight.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None)


def write_identity(folder: Path, *, as_of: date | None, policies: Mapping[str, str]) -> None:
    """Write the source ``identity`` into a raw snapshot.

    Args:
        folder: the snapshot, of which the other sources are read.
        as_of: given by the operator; None for everything in the exports.
        policies: the policies in force, by key.
    """
    exports = Exports(folder, as_of_instant(as_of, policies["reporting_time_zone"]))
    tables = identity_tables(
        exports,
        same_score=Decimal(policies["identity_same_score"].strip()),
        review_score=Decimal(policies["identity_review_score"].strip()),
    )
    for name, contract in read_contracts()[SOURCE].tables.items():
        write_table(contract, tables[name], folder / SOURCE / f"{name}.parquet")


def identity_tables(
    exports: Exports, *, same_score: Decimal, review_score: Decimal
) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table of the source."""
    scores = {"same_score": same_score, "review_score": review_score}
    decided = list(
        exports.rows("policy", "identity_decisions", ["object_type", "left_id", "right_id", "decision"])
    )
    customers = _customers(exports)
    customer_ids = (
        set(customers)
        | exports.values("billing", "invoice", "customer_id")
        | exports.values("billing", "subscription", "customer_id")
    )
    companies = _companies(exports, customer_ids)
    kept = exports.kept_links(decided)

    about_companies = read_decisions(
        [*decided, *kept("company", companies, companies)], "company", companies, companies
    )
    linked_companies = link_companies(companies, about_companies, **scores)
    company_members = members(linked_companies.groups, companies, linked_companies.into)
    survivors = {company_id: member.survivor_id for company_id, member in company_members.items()}

    contacts = _contacts(exports, companies, survivors)
    about_contacts = read_decisions(
        [*decided, *kept("contact", contacts, contacts)], "contact", contacts, contacts
    )
    linked_contacts = link_contacts(
        contacts,
        about_contacts,
        company_phones={company.phone.key for company in companies.values() if company.phone.key},
        **scores,
    )
    contact_members = members(linked_contacts.groups, contacts, linked_contacts.into)
    company_of_contact = _companies_of_contacts(contacts, contact_members)

    among_customers, with_companies = _split(decided, customer_ids, companies)
    about_customers = read_decisions(
        [*with_companies, *kept("customer", customer_ids, companies)],
        "customer",
        customer_ids,
        companies,
        is_directed=True,
    )
    about_two_customers = read_decisions(among_customers, "customer", customer_ids, customer_ids)
    directory = Directory.of(companies, company_members, contacts, company_of_contact)
    people = {contact.name.key for contact in contacts.values() if contact.name and contact.name.is_whole}
    refused = {
        (customer_id, survivors[company_id]) for customer_id, company_id in about_customers.not_same
    } - {(customer_id, survivors[company_id]) for customer_id, company_id in about_customers.same}
    nameless = {one: Customer(one) for one in customer_ids if one not in customers}
    matched = match_customers(
        [*customers.values(), *nameless.values()],
        directory,
        survivors,
        about_customers,
        copied=linked_companies.copied,
        **scores,
    )
    joined = join_customers(matched.matches, about_two_customers)
    customer_pairs = [
        pair
        for pair in matched.pairs
        # Whom people have made one with a customer of a company needs nobody's look any more.
        if pair.status != REVIEW or pair.left_id not in joined.matches
    ]
    customer_pairs += about_two_customers.pairs()
    customer_pairs += doubtful_customers(
        customers,
        joined,
        about_two_customers.same | about_two_customers.not_same | refused,
        {(pair.left_id, pair.right_id) for pair in customer_pairs},
        same_score=same_score,
    )
    company_of_customer = {customer_id: match.company_id for customer_id, match in joined.matches.items()}
    entities, entity_pairs = _entities(
        exports,
        customers=customers,
        customer_ids=customer_ids,
        companies=companies,
        survivors=survivors,
        matches=joined.matches,
    )

    return {
        "companies": [
            _company_row(
                company,
                company_members[company_id],
                refused,
                people,
                is_copy=company_of_customer.get(company.billing_customer_id or "") != survivors[company_id]
                and (
                    company.billing_customer_id in linked_companies.copied
                    or (company.billing_customer_id, survivors[company_id]) in matched.misled
                ),
            )
            for company_id, company in companies.items()
        ],
        "contacts": [
            _contact_row(contact, contact_members[contact_id], company_of_contact[contact_id])
            for contact_id, contact in contacts.items()
        ],
        "billing_customers": [
            _customer_row(
                one, joined.matches.get(one.customer_id), joined.customer_ids.get(one.customer_id), people
            )
            for one in [*customers.values(), *nameless.values()]
        ],
        "ledger_entities": [_entity_row(entity) for entity in entities],
        "pairs": [
            *pair_rows("company", linked_companies.pairs),
            *pair_rows("contact", linked_contacts.pairs),
            *pair_rows("customer", customer_pairs),
            *pair_rows("entity", entity_pairs),
        ],
        "country_texts": [
            {"country_text": text, "country_code": code}
            for text in sorted(_country_texts(exports))
            if (code := country_code(text)) is not None
        ],
        "problems": _problems(
            decided,
            {
                "company": about_companies,
                "contact": about_contacts,
                "customer": replace(
                    about_customers,
                    problems=[
                        *about_customers.problems,
                        *about_two_customers.problems,
                        *joined.problems,
                    ],
                ),
            },
            {"company": linked_companies, "contact": linked_contacts},
            company_of_customer,
            survivors,
        ),
    }


def _split(
    decided: Iterable[Mapping[str, Any]], customer_ids: Set[str], companies: Mapping[str, Company]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Decisions about two billing customers, and all others."""
    among: list[Mapping[str, Any]] = []
    others: list[Mapping[str, Any]] = []
    for row in decided:
        right = row["right_id"].strip()
        (among if right in customer_ids and right not in companies else others).append(row)
    return among, others


# ---- reading


def _companies(exports: Exports, customer_ids: set[str]) -> dict[str, Company]:
    """Companies by id, in the order of ids: those of the export, and those that only other records name.

    What stands for a billing customer and is none ("n/a") says nothing: else all that carry it were one.
    """
    found: dict[str, Company] = {}
    hidden: set[str] = set()
    columns = (
        "id property_name property_domain property_phone property_country property_createdate is_deleted"
        " property_hs_parent_company_id property_hs_merged_object_ids property_stripe_customer_id"
    )
    for row in exports.rows("crm", "company", columns.split()):
        company_id = row["id"]
        if not exports.is_known(row["property_createdate"]):
            hidden.add(company_id)
            continue
        code = country_code(row["property_country"])
        domain = registrable_domain(row["property_domain"])
        customer_id = _id(row["property_stripe_customer_id"])
        found[company_id] = Company(
            card_id=company_id,
            created_at=row["property_createdate"],
            is_deleted=bool(row["is_deleted"]),
            merged_ids=merged_ids(row["property_hs_merged_object_ids"]),
            name=read_company_name(row["property_name"]),
            country_code=code,
            domain=None if is_shared(domain) else domain,
            phone=read_phone(row["property_phone"], code),
            parent_id=_id(row["property_hs_parent_company_id"]),
            billing_customer_id=customer_id if customer_id in customer_ids else None,
        )
    named = {one for company in found.values() for one in company.merged_ids}
    for table, column in _naming("company_id"):
        named |= exports.values("crm", table, column)
    for row in exports.rows("crm", "contact", ["property_associatedcompanyid", "property_createdate"]):
        company_id = _id(row["property_associatedcompanyid"])
        if company_id is not None and exports.is_known(row["property_createdate"]):
            named.add(company_id)
    for company_id in named - hidden - found.keys():
        found[company_id] = Company(company_id, is_in_export=False)
    return dict(sorted(found.items()))


def _country_texts(exports: Exports) -> set[str]:
    """Countries as companies have them now and had them before, without blanks around."""
    texts = exports.values("crm", "company", "property_country")
    for row in exports.rows("crm", "company_property_history", ["name", "value"]):
        if row["name"] == "country" and row["value"]:
            texts.add(row["value"])
    return {text.strip(" ") for text in texts}


def _contacts(
    exports: Exports, companies: Mapping[str, Company], survivors: Mapping[str, str]
) -> dict[str, Contact]:
    """Contacts by id, in the order of ids: those of the export, and those that only other records name."""
    found: dict[str, Contact] = {}
    hidden: set[str] = set()
    columns = (
        "id property_email property_firstname property_lastname property_phone property_country"
        " property_createdate property_associatedcompanyid property_hs_merged_object_ids is_deleted"
    )
    for row in exports.rows("crm", "contact", columns.split()):
        contact_id = row["id"]
        if not exports.is_known(row["property_createdate"]):
            hidden.add(contact_id)
            continue
        company = companies.get(_id(row["property_associatedcompanyid"]) or "")
        # A number is typed as it is dialled where the person works.
        code = country_code(row["property_country"]) or (company.country_code if company else None)
        found[contact_id] = Contact(
            card_id=contact_id,
            created_at=row["property_createdate"],
            is_deleted=bool(row["is_deleted"]),
            merged_ids=merged_ids(row["property_hs_merged_object_ids"]),
            name=read_person_name(row["property_firstname"], row["property_lastname"]),
            email=read_email(row["property_email"]),
            phone=read_phone(row["property_phone"], code),
            company_id=survivors[company.card_id] if company else None,
        )
    named = {one for contact in found.values() for one in contact.merged_ids}
    for table, column in _naming("contact_id"):
        named |= exports.values("crm", table, column)
    for contact_id in named - hidden - found.keys():
        found[contact_id] = Contact(contact_id, is_in_export=False)
    return dict(sorted(found.items()))


def _customers(exports: Exports) -> dict[str, Customer]:
    """Billing customers of the export in live mode, in the order of ids."""
    found: dict[str, Customer] = {}
    columns = ["id", "email", "name", "phone", "created", "address_country", "livemode"]
    for row in exports.rows("billing", "customer", columns):
        if row["livemode"] is False or not exports.is_known(row["created"]):
            continue
        code = country_code(row["address_country"])
        name = row["name"]
        found[row["id"]] = Customer(
            customer_id=row["id"],
            created_at=row["created"],
            name=read_company_name(name),
            person=read_person_name(None, name),
            word_key=word_key(name) if name else "",
            email=read_email(row["email"]),
            phone=read_phone(row["phone"], code),
            country_code=code,
        )
    return dict(sorted(found.items()))


def _entities(
    exports: Exports,
    *,
    customers: Mapping[str, Customer],
    customer_ids: set[str],
    companies: Mapping[str, Company],
    survivors: Mapping[str, str],
    matches: Mapping[str, Match],
) -> tuple[list[EntityMatch], list[Any]]:
    vendors = list(exports.rows("ledger", "vendor", ["id", "name", "externalid"]))
    vendor_ids = {_id(row["externalid"]) for row in vendors} - {None}
    vendor_entities = {(row["id"], row["name"]) for row in vendors}
    employee_ids = exports.values("ledger", "employee", "id")
    entities, others = [], set()
    for row in exports.rows("ledger", "entity", ["id", "name", "externalid"]):
        external = _id(row["externalid"])
        if (
            external in vendor_ids
            or external in employee_ids
            or row["id"] in employee_ids
            or (row["id"], row["name"]) in vendor_entities
        ):
            others.add(row["id"])
        entities.append(Entity(row["id"], external, read_company_name(row["name"])))
    return match_entities(
        entities,
        customers=customers,
        customer_ids=customer_ids,
        companies=companies,
        survivors=survivors,
        matches=matches,
        others=others,
    )


def _naming(column: str) -> Iterator[tuple[str, str]]:
    """The tables of the CRM that have a column."""
    for table in read_contracts()["crm"].tables.values():
        if any(one.name == column for one in table.columns):
            yield table.name, column


def _companies_of_contacts(
    contacts: Mapping[str, Contact], contact_members: Mapping[str, Member]
) -> dict[str, str | None]:
    """Per contact the surviving company of its group: that of the oldest card which names one."""
    by_group: dict[str, str] = {}
    for contact_id in sorted(contacts, key=lambda one: (contact_members[one].number, one)):
        company_id = contacts[contact_id].company_id
        if company_id is not None:
            by_group.setdefault(contact_members[contact_id].survivor_id, company_id)
    return {contact_id: by_group.get(contact_members[contact_id].survivor_id) for contact_id in contacts}


def _id(text: str | None) -> str | None:
    return (text or "").strip() or None


# ---- writing


def _company_row(
    company: Company,
    member: Member,
    refused: set[tuple[str, str]],
    people: set[str],
    *,
    is_copy: bool,
) -> dict[str, Any]:
    """One whose customer's id was copied from another's card names none."""
    billing_id = company.billing_customer_id
    return {
        "company_id": company.card_id,
        "surviving_company_id": member.survivor_id,
        "member_number": member.number,
        "match_method": member.match_method,
        "match_score": member.match_score,
        "is_in_export": company.is_in_export,
        "billing_customer_id": None if is_copy or (billing_id, member.survivor_id) in refused else billing_id,
        "parent_company_id": company.parent_id,
        "country_code": company.country_code,
        "name_core": company.name.core if company.name else None,
        "legal_form": company.name.legal_form if company.name else None,
        "domain": company.domain,
        "phone_e164": company.phone.e164,
        "phone_extension": company.phone.extension,
        "phone_status": company.phone.status,
        "is_person": company.name is not None and " ".join(sorted(company.name.core.split())) in people,
    }


def _contact_row(contact: Contact, member: Member, company_id: str | None) -> dict[str, Any]:
    email = contact.email
    return {
        "contact_id": contact.card_id,
        "surviving_contact_id": member.survivor_id,
        "member_number": member.number,
        "match_method": member.match_method,
        "match_score": member.match_score,
        "is_in_export": contact.is_in_export,
        "company_id": company_id,
        "email_normalized": email.normalized if email else None,
        "email_canonical": email.canonical if email else None,
        "email_domain": email.domain if email else None,
        "is_free_email": email.is_free if email else None,
        "phone_e164": contact.phone.e164,
        "phone_extension": contact.phone.extension,
        "phone_status": contact.phone.status,
    }


def _customer_row(
    customer: Customer, match: Match | None, joined_id: str | None, people: set[str]
) -> dict[str, Any]:
    by_itself = (ITS_OWN, None) if joined_id is None else (DECISION, Decimal(1))
    method, score = (match.method, match.score) if match else by_itself
    return {
        "customer_id": customer.customer_id,
        "crm_company_id": match.company_id if match else None,
        "joined_customer_id": joined_id,
        "match_method": method,
        "match_score": score,
        "country_code": customer.country_code,
        "name_core": customer.name.core if customer.name else None,
        "phone_e164": customer.phone.e164,
        "phone_extension": customer.phone.extension,
        "phone_status": customer.phone.status,
        "is_person": bool(customer.word_key) and customer.word_key in people,
    }


def _entity_row(match: EntityMatch) -> dict[str, Any]:
    return {
        "entity_id": match.entity_id,
        "customer_id": match.customer_id,
        "company_id": match.company_id,
        "match_method": match.method,
    }


def _problems(
    rows: Iterable[Mapping[str, Any]],
    decisions: Mapping[str, Decisions],
    linked: Mapping[str, Linked],
    company_of_customer: Mapping[str, str],
    survivors: Mapping[str, str],
) -> list[dict[str, Any]]:
    found = [problem for one in decisions.values() for problem in one.problems]
    for object_type, cards in linked.items():
        found += [contradicted(object_type, pair) for pair in cards.refused if pair.rule == DECISION]
    for customer_id, company_id in decisions["customer"].same:
        if company_of_customer.get(customer_id) != survivors[company_id]:
            found.append(
                {
                    "object_type": "customer",
                    "left_id": customer_id,
                    "right_id": company_id,
                    "reason": "another decision makes the customer another company.",
                }
            )
    unique = {(row["object_type"], row["left_id"], row["right_id"]): row for row in found}
    return [unique[key] for key in sorted(unique)]
