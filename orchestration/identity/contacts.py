"""Which contacts of the CRM are one person: merged, decided, or alike enough by rule.

Add a rule here when another field of a contact's card identifies the person.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal

from orchestration.identity.cards import Card, evidence, mergers
from orchestration.identity.companies import Linked, link
from orchestration.identity.decisions import Decisions
from orchestration.identity.emails import Email
from orchestration.identity.linking import BY_RULE, REVIEW, SAME, Pair, blocks, candidates, ordered
from orchestration.identity.names import PersonName, person_similarity
from orchestration.identity.phones import MISSING, Phone

_NO_PHONE = Phone(None, None, MISSING)
_NUMBER = re.compile(r"\d+")
BY_DOMAIN = "domain_and_name"
# These rules join also through others who are of another company or have a numbered address.
_DESPITE_TRAITS = frozenset({"email", "email_alias_and_name", "phone_and_name"})


@dataclass(frozen=True)
class Contact(Card):
    """A contact's card, its fields made comparable."""

    name: PersonName | None = None
    email: Email | None = None
    phone: Phone = _NO_PHONE
    company_id: str | None = None

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Like names stand together."""
        return (
            (self.name.family[1], self.name.given[1], self.card_id) if self.name else ("", "", self.card_id)
        )

    @property
    def address(self) -> Email | None:
        """The e-mail address, unless it stands for a missing one."""
        return None if self.email is None or self.email.is_nobodys else self.email

    @property
    def domain(self) -> str | None:
        """Of the e-mail address, where it says something about the company."""
        return None if self.email is None or self.email.is_free else self.email.domain

    @property
    def address_numbers(self) -> tuple[str, ...]:
        """The numbers before the at sign: ``jane.doe2`` is the second of her name."""
        return tuple(_NUMBER.findall(self.address.canonical.rpartition("@")[0])) if self.address else ()

    @property
    def traits(self) -> frozenset[Hashable]:
        """What tells people of one name apart: their companies, and the numbers of their addresses."""
        company = [("company", "", self.company_id)] if self.company_id else []
        address = [("address", self.domain, self.address_numbers)] if self.address and self.domain else []
        return frozenset([*company, *address])


def are_traits_apart(left: Set[Hashable], right: Set[Hashable]) -> bool:
    """Whether two people are of different companies, or their addresses of one domain differ by a number."""
    here, there = _by_kind(left), _by_kind(right)
    return any(here[kind].isdisjoint(there[kind]) for kind in here.keys() & there.keys())


def _by_kind(traits: Set[Hashable]) -> dict[Hashable, set[Hashable]]:
    found: dict[Hashable, set[Hashable]] = defaultdict(set)
    for trait in traits:
        if isinstance(trait, tuple):
            found[trait[:2]].add(trait[2])
    return found


def link_contacts(
    contacts: Mapping[str, Contact],
    decisions: Decisions,
    *,
    company_phones: Collection[str],
    same_score: Decimal,
    review_score: Decimal,
) -> Linked:
    """Join the cards that are one person.

    Args:
        company_phones: numbers of companies: two contacts who are reached there have only that in common.
    """
    into = {merged: survivor for merged, survivor in mergers(contacts.values()).items() if merged in contacts}
    shared = shared_mailboxes(contacts, same_score=same_score)
    compared = [
        pair
        for one, other in _to_compare(contacts)
        if (
            pair := _compare(
                one,
                other,
                shared=shared,
                company_phones=company_phones,
                same_score=same_score,
                review_score=review_score,
            )
        )
        is not None
    ]
    return link(
        contacts,
        decisions,
        into=into,
        compared=compared,
        families=set(),
        traits={one.card_id: one.traits for one in contacts.values()},
        clash=are_traits_apart,
        despite_traits=_DESPITE_TRAITS,
    )


def _to_compare(contacts: Mapping[str, Contact]) -> Iterator[tuple[Contact, Contact]]:
    known = [contact for contact in contacts.values() if contact.is_in_export]
    keys = (
        lambda contact: contact.address.normalized if contact.address else None,
        lambda contact: contact.address.canonical if contact.address else None,
        lambda contact: contact.domain,
        lambda contact: contact.phone.e164,
    )
    seen: set[tuple[str, str]] = set()
    for key in keys:
        for _, block in blocks(known, key):
            for one, other in candidates(block, lambda contact: contact.sort_key):
                pair = ordered(one.card_id, other.card_id)
                if pair not in seen:
                    seen.add(pair)
                    yield contacts[pair[0]], contacts[pair[1]]


def shared_mailboxes(contacts: Mapping[str, Contact], *, same_score: Decimal) -> set[str]:
    """Addresses of a task, such as ``billing@``, that contacts of two companies have who are not called
    alike: an agency's, or that of a building."""
    known = [contact for contact in contacts.values() if contact.is_in_export]
    found: set[str] = set()
    for address, block in blocks(
        known,
        lambda contact: contact.address.normalized if contact.address and contact.address.is_role else None,
    ):
        if any(
            one.company_id is not None
            and other.company_id is not None
            and one.company_id != other.company_id
            and person_similarity(one.name, other.name) < same_score
            for one, other in candidates(block, lambda contact: contact.sort_key)
        ):
            found.add(str(address))
    return found


def _compare(
    one: Contact,
    other: Contact,
    *,
    shared: Set[str],
    company_phones: Collection[str],
    same_score: Decimal,
    review_score: Decimal,
) -> Pair | None:
    """What two cards have in common; None where that is not worth a row."""
    likeness = person_similarity(one.name, other.name)
    is_name = likeness >= same_score
    here, there = one.address, other.address
    is_email = here is not None and there is not None and here.normalized == there.normalized
    is_alias = here is not None and there is not None and here.canonical == there.canonical
    is_domain = one.domain is not None and one.domain == other.domain
    is_phone = one.phone.e164 is not None and one.phone.e164 == other.phone.e164
    is_other_extension = (
        one.phone.extension is not None
        and other.phone.extension is not None
        and one.phone.extension != other.phone.extension
    )
    fields: dict[str, bool | None] = {
        "email": is_email if here and there else None,
        "email_alias": is_alias if is_alias and not is_email else None,
        "email_number": False
        if is_domain and here and there and one.address_numbers != other.address_numbers
        else None,
        "email_domain": is_domain if one.domain and other.domain else None,
        "phone": is_phone if one.phone.e164 and other.phone.e164 else None,
        "phone_extension": False if is_phone and is_other_extension else None,
        "name": is_name if _says(one.name) and _says(other.name) else None,
        "company": None
        if one.company_id is None or other.company_id is None
        else one.company_id == other.company_id,
    }
    if is_email and one.address is not None:
        # One mailbox is one contact, but what two companies write to is nobody's own.
        is_shared = one.address.normalized in shared and not fields["company"]
        status = REVIEW if is_shared else SAME
        rule, strength, score = "email", 2, likeness if is_shared else Decimal(1)
    elif is_alias and is_name:
        rule, strength, score, status = "email_alias_and_name", 3, likeness, SAME
    elif is_domain and is_name:
        # Two of a common name may work at a big firm: at two of its companies, or by numbered addresses.
        status = REVIEW if are_traits_apart(one.traits, other.traits) else SAME
        rule, strength, score = BY_DOMAIN, 4, likeness
    elif is_phone and is_name and not is_other_extension:
        # Of two companies it may be one who changed the job, or two: joined, one would lose its contact.
        is_of_two = (
            fields["company"] is False
            or one.phone.is_made_up
            or (one.phone.is_doubtful and not (likeness == 1 and fields["company"]))
        )
        rule, strength, score, status = "phone_and_name", 5, likeness, REVIEW if is_of_two else SAME
    elif is_alias:
        rule, strength, score, status = "email_alias", 6, likeness, REVIEW
    elif is_domain and likeness >= review_score:
        rule, strength, score, status = "domain_and_similar_name", 7, likeness, REVIEW
    elif (
        is_phone
        and not one.phone.is_made_up
        and (likeness >= review_score or (one.phone.key not in company_phones and not is_other_extension))
    ):
        rule, strength, score, status = "phone", 8, likeness, REVIEW
    else:
        return None
    agree = [name for name, is_equal in fields.items() if is_equal]
    differ = [name for name, is_equal in fields.items() if is_equal is False]
    return Pair(one.card_id, other.card_id, rule, score, evidence(agree, differ), status, BY_RULE, strength)


def _says(name: PersonName | None) -> bool:
    """Whether a name is there and says something."""
    return name is not None and (name.is_evidence or not name.is_whole)
