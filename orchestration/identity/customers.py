"""Which company of the CRM a billing customer is, and which of them an entity of the ledger is.

Add a rule here when another field leads from one system to the other. A customer that no rule leads to one
company stays an account by itself, and what speaks for a company without being enough is left to people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestration.identity.cards import Member, evidence
from orchestration.identity.companies import Company
from orchestration.identity.contacts import Contact
from orchestration.identity.decisions import RULE as DECISION
from orchestration.identity.decisions import Decisions, contradicted
from orchestration.identity.emails import Email
from orchestration.identity.linking import (
    BY_RULE,
    LARGEST_BLOCK,
    NOT_SAME,
    REVIEW,
    SAME,
    Groups,
    Pair,
    blocks,
    candidates,
    ordered,
)
from orchestration.identity.names import (
    NEARLY,
    CompanyName,
    PersonName,
    company_similarity,
    person_similarity,
)
from orchestration.identity.phones import MISSING, Phone

CRM_PROPERTY, EMAIL, BY_DOMAIN, BY_PHONE = "crm_property", "email", "domain_and_name", "phone_and_name"
_NO_PHONE = Phone(None, None, MISSING)


@dataclass(frozen=True)
class Customer:
    """A billing customer, its fields made comparable.

    Attributes:
        person: the name read as a person's.
        word_key: the words of the name in order, to hold against contacts' names.
    """

    customer_id: str
    created_at: datetime | None = None
    name: CompanyName | None = None
    person: PersonName | None = None
    word_key: str = ""
    email: Email | None = None
    phone: Phone = _NO_PHONE
    country_code: str | None = None

    @property
    def address(self) -> Email | None:
        """The e-mail address, unless it stands for a missing one."""
        return None if self.email is None or self.email.is_nobodys else self.email

    @property
    def domain(self) -> str | None:
        """Of the e-mail address, where it says something about the company."""
        return None if self.email is None or self.email.is_free else self.email.domain

    @property
    def legal_form(self) -> str | None:
        """Of its name."""
        return self.name.legal_form if self.name else None

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Like names stand together."""
        return (self.name.latin if self.name else "", self.customer_id)


@dataclass(frozen=True)
class Match:
    """The company that a billing customer is."""

    company_id: str
    method: str
    score: Decimal


@dataclass
class Directory:
    """Surviving companies by what leads to them."""

    by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_domain: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_domain_and_name: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    by_phone: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_email: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_alias: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_property: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    cards: dict[str, list[Company]] = field(default_factory=lambda: defaultdict(list))
    people: dict[tuple[str, str], list[PersonName]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(
        cls,
        companies: Mapping[str, Company],
        company_members: Mapping[str, Member],
        contacts: Mapping[str, Contact],
        company_of_contact: Mapping[str, str | None],
    ) -> Directory:
        """What the cards of the CRM say, each of its survivor."""
        directory = cls()
        for company_id in sorted(companies, key=lambda one: (company_members[one].number, one)):
            company, survivor = companies[company_id], company_members[company_id].survivor_id
            directory.cards[survivor].append(company)
            if company.name:
                directory.by_name[company.name.latin.replace(" ", "")].add(survivor)
            if company.domain:
                directory._add_domain(company.domain, survivor, company.name)
            if company.phone.key:
                directory.by_phone[company.phone.key].add(survivor)
            if company.billing_customer_id:
                directory.by_property[company.billing_customer_id].add(survivor)
        for contact_id, contact in contacts.items():
            survivor_of_contact = company_of_contact.get(contact_id)
            if survivor_of_contact is None or contact.email is None:
                continue
            survivor = survivor_of_contact
            if contact.address is not None:
                directory.by_email[contact.address.normalized].add(survivor)
                directory.by_alias[contact.address.canonical].add(survivor)
                if contact.name:
                    directory.people[(contact.address.canonical, survivor)].append(contact.name)
            if contact.domain:
                for company in directory.cards[survivor]:
                    directory._add_domain(contact.domain, survivor, company.name)
        return directory

    def _add_domain(self, domain: str, survivor: str, name: CompanyName | None) -> None:
        self.by_domain[domain].add(survivor)
        if name:
            self.by_domain_and_name[(domain, name.latin.replace(" ", ""))].add(survivor)

    def likeness(self, customer: Customer, company_id: str) -> Decimal:
        """Of the customer's name and the company's, whichever of its cards is nearest."""
        return max(
            (company_similarity(customer.name, card.name) for card in self.cards[company_id]),
            default=Decimal(0),
        )

    def country_codes(self, company_id: str) -> set[str]:
        """Countries of the company's cards."""
        return {card.country_code for card in self.cards[company_id] if card.country_code}

    def near(self, customer: Customer) -> set[str]:
        """Companies of the customer's address or its domain."""
        address, domain = customer.address, customer.domain
        at_domain = self.by_domain.get(domain, set()) if domain else set()
        return at_domain | (self.by_alias.get(address.canonical, set()) if address else set())

    def is_unlike_place(self, customer: Customer, company_id: str) -> bool:
        """Whether the name differs by a slip and the country or the legal form altogether: perhaps another
        firm of a group."""
        forms = [card.legal_form for card in self.cards[company_id]]
        return self.likeness(customer, company_id) < 1 and (
            self.is_abroad(customer, company_id) or _among(customer.legal_form, forms) is False
        )

    def is_abroad(self, customer: Customer, company_id: str) -> bool:
        """Whether the customer's country is none of the company's."""
        return _among(customer.country_code, self.country_codes(company_id)) is False

    def is_contradicted(self, customer: Customer, company_id: str, review_score: Decimal) -> bool:
        """Whether name, domain and country all differ, and no contact has the address."""
        return (
            customer.name is not None
            and any(card.name for card in self.cards[company_id])
            and self.likeness(customer, company_id) < review_score
            and _among(customer.domain, [card.domain for card in self.cards[company_id]]) is False
            and company_id not in self.near(customer)
            and self.is_abroad(customer, company_id)
        )

    def is_another_at_the_desk(self, customer: Customer, company_id: str) -> bool:
        """Whether a shared telephone may be the reception desk of a building: the legal forms or the
        extensions differ, or the domains and also the country or the name do. A number that nobody is known
        to be given needs an equal name in one country."""
        cards = self.cards[company_id]
        domain = customer.domain
        is_domain = _among(domain, [card.domain for card in cards])
        if domain is not None and company_id in self.by_domain.get(domain, ()):
            is_domain = True
        extensions = [card.phone.extension for card in cards if card.phone.key == customer.phone.key]
        return (
            _among(customer.legal_form, [card.legal_form for card in cards]) is False
            or (None not in extensions and _among(customer.phone.extension, extensions) is False)
            or (
                is_domain is False
                and (self.likeness(customer, company_id) < 1 or self.is_abroad(customer, company_id))
            )
            or (
                customer.phone.is_doubtful
                and not (
                    self.likeness(customer, company_id) == 1
                    and customer.country_code in self.country_codes(company_id)
                    and is_domain is not False
                )
            )
        )

    def is_elsewhere(self, customer: Customer, company_id: str) -> bool:
        """Whether every card differs from the customer in legal form and country."""
        form, code = customer.legal_form, customer.country_code
        places = [
            (card.legal_form, card.country_code)
            for card in self.cards[company_id]
            if card.legal_form and card.country_code
        ]
        return bool(places) and all(
            form is not None and code is not None and place[0] != form and place[1] != code
            for place in places
        )

    def namesakes(self, customer: Customer) -> set[str]:
        """Companies that have exactly the customer's name."""
        if customer.name is None:
            return set()
        found = self.by_name.get(customer.name.latin.replace(" ", ""), set())
        # In Latin letters names of other signs may be one.
        return {one for one in found if self.likeness(customer, one) == 1}

    def has_namesake(self, customer: Customer, company_id: str, refused: Set[tuple[str, str]]) -> bool:
        """Whether another company has exactly the customer's name."""
        return any(
            one != company_id and (customer.customer_id, one) not in refused
            for one in self.namesakes(customer)
        )


@dataclass(frozen=True)
class Matched:
    """The companies of billing customers, and the pairs that are worth a row.

    Attributes:
        misled: customers and companies whose card names them though all else differs.
    """

    matches: dict[str, Match]
    pairs: list[Pair]
    misled: set[tuple[str, str]]


def match_customers(
    customers: Iterable[Customer],
    directory: Directory,
    survivors: Mapping[str, str],
    decisions: Decisions,
    *,
    copied: Set[str],
    same_score: Decimal,
    review_score: Decimal,
) -> Matched:
    """Find the company of each billing customer.

    Args:
        copied: customers whose id was copied to another company's card.
        survivors: per company id the one that stands for it.
        decisions: pairs of a customer and a company, whichever card of it.
    """
    decided = {(customer_id, survivors[company_id]) for customer_id, company_id in sorted(decisions.same)}
    refused = {
        (customer_id, survivors[company_id]) for customer_id, company_id in decisions.not_same
    } - decided
    decided_company: dict[str, str] = {}
    for customer_id, company_id in sorted(decided):
        decided_company.setdefault(customer_id, company_id)
    matches: dict[str, Match] = {}
    pairs: list[Pair] = decisions.pairs()
    in_order = sorted(customers, key=lambda one: one.customer_id)
    mailboxes = Counter(one.address.canonical for one in in_order if one.address is not None)
    for customer in in_order:
        if customer.customer_id in decided_company:
            matches[customer.customer_id] = Match(decided_company[customer.customer_id], DECISION, Decimal(1))
            continue
        found, doubtful = _candidates(
            customer,
            directory,
            refused,
            mailboxes=mailboxes,
            is_copied=customer.customer_id in copied,
            same_score=same_score,
            review_score=review_score,
        )
        if found is not None:
            matches[customer.customer_id] = found
            pairs.append(
                _pair(
                    customer,
                    found.company_id,
                    rule=found.method,
                    score=found.score,
                    status=SAME,
                    directory=directory,
                    same_score=same_score,
                )
            )
            continue
        pairs += [
            _pair(
                customer,
                company_id,
                rule=rule,
                score=score,
                status=REVIEW,
                directory=directory,
                same_score=same_score,
            )
            for company_id, (rule, score) in sorted(doubtful.items())
        ]
    misled = {
        (customer.customer_id, one)
        for customer in in_order
        for one in directory.by_property.get(customer.customer_id, ())
        if directory.is_contradicted(customer, one, review_score)
    }
    return Matched(matches, pairs, misled)


def _candidates(
    customer: Customer,
    directory: Directory,
    refused: Set[tuple[str, str]],
    *,
    mailboxes: Mapping[str, int],
    is_copied: bool,
    same_score: Decimal,
    review_score: Decimal,
) -> tuple[Match | None, dict[str, tuple[str, Decimal]]]:
    """The company that the strongest rule leads to, else those that something speaks for, with rule and
    likeness."""

    def allowed(company_ids: Iterable[str]) -> list[str]:
        return sorted(one for one in company_ids if (customer.customer_id, one) not in refused)

    def best(company_ids: Iterable[str]) -> list[str]:
        """Those of the likest name; of several the ones in the customer's country."""
        in_order = list(company_ids)
        most = max((directory.likeness(customer, one) for one in in_order), default=Decimal(0))
        likest = [one for one in in_order if directory.likeness(customer, one) == most]
        near = [one for one in likest if customer.country_code in directory.country_codes(one)]
        return near or likest

    doubtful: dict[str, tuple[str, Decimal]] = {}

    named = allowed(directory.by_property.get(customer.customer_id, ()))
    if len(named) > 1 and is_copied:
        # Of the card and its copy the one whose name the customer has, else the one of its address.
        likest = [one for one in best(named) if directory.likeness(customer, one) > NEARLY]
        near = directory.near(customer)
        chosen = likest or [one for one in named if one in near]
        if len(chosen) == 1:
            return Match(chosen[0], CRM_PROPERTY, Decimal(1)), {}
        return None, {one: (CRM_PROPERTY, directory.likeness(customer, one)) for one in named}
    if len(named) == 1 and directory.is_contradicted(customer, named[0], review_score):
        # The id stands on the wrong card; which is the right one others may say.
        doubtful[named[0]] = (CRM_PROPERTY, directory.likeness(customer, named[0]))
    elif named:
        # Two that are kept apart may both name it, such as a parent that pays for its child.
        return Match(best(named)[0], CRM_PROPERTY, Decimal(1)), {}

    if customer.address is not None:
        reached = allowed(
            directory.by_email.get(customer.address.normalized, set())
            or directory.by_alias.get(customer.address.canonical, set())
        )
        if len(reached) == 1 and _is_ones_own(
            customer,
            customer.address,
            reached[0],
            directory,
            refused,
            is_only=mailboxes[customer.address.canonical] == 1,
            same_score=same_score,
            review_score=review_score,
        ):
            return Match(reached[0], EMAIL, Decimal(1)), {}
        for one in reached:
            doubtful.setdefault(one, (EMAIL, directory.likeness(customer, one)))

    for rule, weaker, key, index in (
        (BY_DOMAIN, "domain", customer.domain, directory.by_domain),
        (BY_PHONE, "phone", customer.phone.key, directory.by_phone),
    ):
        if key is None:
            continue
        sharing = allowed(index.get(key, ()))
        if len(sharing) > LARGEST_BLOCK:
            # A domain of many: only the same name is looked for.
            sharing = allowed(set(sharing) & directory.namesakes(customer))
        alike = [
            one
            for one in sharing
            if directory.likeness(customer, one) >= same_score
            and not directory.is_elsewhere(customer, one)
            and not directory.is_unlike_place(customer, one)
            and not (rule == BY_PHONE and directory.is_another_at_the_desk(customer, one))
        ]
        chosen = best(alike)
        if len(chosen) == 1:
            return Match(chosen[0], rule, directory.likeness(customer, chosen[0])), {}
        for one in sharing:
            doubtful.setdefault(one, (rule if one in alike else weaker, directory.likeness(customer, one)))

    if customer.name is not None:
        namesakes = allowed(directory.namesakes(customer))
        # Where something speaks for another company, also those of other countries.
        is_of_another = bool(doubtful) and len(namesakes) <= LARGEST_BLOCK
        for one in namesakes:
            codes = directory.country_codes(one)
            if is_of_another or (customer.country_code is not None and customer.country_code in codes):
                doubtful.setdefault(one, ("name", Decimal(1)))
    return None, doubtful


def _is_ones_own(
    customer: Customer,
    email: Email,
    company_id: str,
    directory: Directory,
    refused: Set[tuple[str, str]],
    *,
    is_only: bool,
    same_score: Decimal,
    review_score: Decimal,
) -> bool:
    """Whether an address that a company's contact has makes the customer that company: not that of an
    accountant, an agency or a group that receives the bills of many. The names agree and no other company is
    called so, or the customer is that person; of a customer without a name nothing but an address is known,
    so it must be of the firm's domain, or a person's where that is not known, no other customer's, and of the
    firm's country.

    Args:
        is_only: whether no other customer has the address.
    """
    if customer.name is None:
        is_domain = _among(email.domain, [card.domain for card in directory.cards[company_id]])
        return (
            is_only
            and not email.is_free
            and (is_domain is True or (is_domain is None and not email.is_role))
            and not directory.is_abroad(customer, company_id)
        )
    if directory.is_elsewhere(customer, company_id) or directory.has_namesake(customer, company_id, refused):
        return False
    likeness = directory.likeness(customer, company_id)
    # Another word is another branch, which may well write to the same mailbox.
    return (likeness >= review_score and likeness > NEARLY) or any(
        person_similarity(customer.person, person) >= same_score
        for person in directory.people[(email.canonical, company_id)]
    )


def _pair(
    customer: Customer,
    company_id: str,
    *,
    rule: str,
    score: Decimal,
    status: str,
    directory: Directory,
    same_score: Decimal,
) -> Pair:
    cards = directory.cards[company_id]
    likeness = directory.likeness(customer, company_id)
    domain = customer.domain
    fields: dict[str, bool | None] = {
        "crm_property": True
        if customer.customer_id in {card.billing_customer_id for card in cards}
        else None,
        "email": (
            True
            if customer.address is not None
            and company_id in directory.by_alias.get(customer.address.canonical, ())
            else None
        ),
        "domain": _among(domain, [card.domain for card in cards]),
        "phone": _among(customer.phone.key, [card.phone.key for card in cards]),
        "name": likeness >= same_score if customer.name and any(card.name for card in cards) else None,
        "country": _among(customer.country_code, [card.country_code for card in cards]),
        "legal_form": _among(customer.legal_form, [card.legal_form for card in cards]),
    }
    if domain is not None and company_id in directory.by_domain.get(domain, ()):
        fields["domain"] = True
    agree = [name for name, is_equal in fields.items() if is_equal]
    differ = [name for name, is_equal in fields.items() if is_equal is False]
    return Pair(customer.customer_id, company_id, rule, score, evidence(agree, differ), status, BY_RULE, 9)


def _among(value: str | None, values: Iterable[str | None]) -> bool | None:
    known = [one for one in values if one is not None]
    return None if value is None or not known else value in known


# ---- customers among themselves


@dataclass(frozen=True)
class Joined:
    """Billing customers that people have decided to be one.

    Attributes:
        matches: the companies of customers, those included that are one with another's.
        customer_ids: of customers of no company, the lowest id of those that are one.
        problems: rows of ``identity.problems``.
    """

    matches: dict[str, Match]
    customer_ids: dict[str, str]
    problems: list[dict[str, Any]]


def join_customers(matches: Mapping[str, Match], decisions: Decisions) -> Joined:
    """Join customers by decision. One that is of no company is of the other's.

    Args:
        decisions: pairs of two customers.
    """
    found, customer_ids = dict(matches), dict[str, str]()
    problems: list[dict[str, Any]] = []
    ids = {one for pair in decisions.same | decisions.not_same for one in pair}
    groups = Groups(ids, decisions.apart())
    for pair in decisions.pairs():
        if pair.status == SAME and not groups.join(pair):
            problems.append(contradicted("customer", pair))
    for group in groups.members():
        companies = sorted({matches[one].company_id for one in group if one in matches})
        if len(group) > 1 and len(companies) == 1:
            match = Match(companies[0], DECISION, Decimal(1))
            found |= {one: match for one in group if one not in matches}
        elif len(group) > 1 and not companies:
            customer_ids |= dict.fromkeys(group, group[0])
    for status, decided in ((SAME, decisions.same), (NOT_SAME, decisions.not_same)):
        for left, right in sorted(decided):
            if left not in found or right not in found:
                continue
            is_one = found[left].company_id == found[right].company_id
            if is_one is not (status == SAME):
                reason = (
                    f"both are company {found[left].company_id}; decide about one of them and the company."
                    if is_one
                    else f"the one is company {found[left].company_id}, the other {found[right].company_id};"
                    " decide about them."
                )
                problems.append(
                    {"object_type": "customer", "left_id": left, "right_id": right, "reason": reason}
                )
    return Joined(found, customer_ids, problems)


def doubtful_customers(
    customers: Mapping[str, Customer],
    joined: Joined,
    decided: Set[tuple[str, str]],
    known: Set[tuple[str, str]],
    *,
    same_score: Decimal,
) -> list[Pair]:
    """Customers of no company that have the address of another, or its domain and name: pairs for people, of
    two customers or, where the other is of a company, of the customer and that.

    Args:
        decided: pairs of customers, and of customers and companies, that people have decided about.
        known: pairs of customers and companies that are found already.
    """
    found: dict[tuple[str, str], Pair] = {}
    seen: set[tuple[str, str]] = set()
    keys = (
        lambda customer: customer.address.canonical if customer.address else None,
        lambda customer: customer.domain,
    )
    for key in keys:
        for _, block in blocks(customers.values(), key):
            for one, other in candidates(block, lambda customer: customer.sort_key):
                ids = ordered(one.customer_id, other.customer_id)
                if ids in seen:
                    continue
                seen.add(ids)
                pair = _compare_customers(customers[ids[0]], customers[ids[1]], same_score=same_score)
                if pair is None or ids in decided:
                    continue
                companies = [joined.matches[one].company_id for one in ids if one in joined.matches]
                if len(companies) == 2 or joined.customer_ids.get(ids[0], "") == joined.customer_ids.get(
                    ids[1]
                ):
                    continue
                if companies:
                    [alone] = [one for one in ids if one not in joined.matches]
                    pair = replace(pair, left_id=alone, right_id=companies[0])
                at = (pair.left_id, pair.right_id)
                if at not in decided and at not in known:
                    found.setdefault(at, pair)
    return [found[at] for at in sorted(found)]


def _compare_customers(one: Customer, other: Customer, *, same_score: Decimal) -> Pair | None:
    """What two customers have in common; None where that is not worth a row."""
    likeness = company_similarity(one.name, other.name)
    here, there = one.address, other.address
    fields: dict[str, bool | None] = {
        "email": here.canonical == there.canonical if here and there else None,
        "domain": one.domain == other.domain if one.domain and other.domain else None,
        "phone": one.phone.key == other.phone.key if one.phone.key and other.phone.key else None,
        "name": likeness >= same_score if one.name and other.name else None,
        "country": one.country_code == other.country_code
        if one.country_code and other.country_code
        else None,
        "legal_form": one.legal_form == other.legal_form if one.legal_form and other.legal_form else None,
    }
    is_elsewhere = fields["country"] is False and fields["legal_form"] is False
    if fields["email"]:
        rule = EMAIL
    elif fields["domain"] and fields["name"] and not is_elsewhere:
        rule = BY_DOMAIN
    else:
        return None
    agree = [name for name, is_equal in fields.items() if is_equal]
    differ = [name for name, is_equal in fields.items() if is_equal is False]
    return Pair(
        one.customer_id,
        other.customer_id,
        rule,
        likeness,
        evidence(agree, differ),
        REVIEW,
        BY_RULE,
        9,
    )


# ---- entities of the ledger


@dataclass(frozen=True)
class Entity:
    """An entity of the ledger: a customer, a vendor or an employee."""

    entity_id: str
    external_id: str | None
    name: CompanyName | None


@dataclass(frozen=True)
class EntityMatch:
    """The billing customer or the company that an entity is; neither where ``method`` is unmatched."""

    entity_id: str
    customer_id: str | None
    company_id: str | None
    method: str


def match_entities(
    entities: Iterable[Entity],
    *,
    customers: Mapping[str, Customer],
    customer_ids: set[str],
    companies: Mapping[str, Company],
    survivors: Mapping[str, str],
    matches: Mapping[str, Match],
    others: set[str],
) -> tuple[list[EntityMatch], list[Pair]]:
    """Find the account of each entity of the ledger.

    Args:
        customer_ids: all billing customers, also those that are not in the export.
        others: entities that are vendors or employees; they are left out.

    Returns:
        Matches, and pairs of an entity and a customer or company whose names agree without being the only
        ones.
    """
    named: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for customer in customers.values():
        if customer.name:
            match = matches.get(customer.customer_id)
            account = ("company", match.company_id) if match else ("customer", customer.customer_id)
            named[customer.name.core].add(account)
    for company_id, company in companies.items():
        if company.name:
            named[company.name.core].add(("company", survivors[company_id]))
    found: list[EntityMatch] = []
    pairs: list[Pair] = []
    for entity in sorted(entities, key=lambda one: one.entity_id):
        external = entity.external_id
        if external is not None and external in customer_ids:
            found.append(EntityMatch(entity.entity_id, external, None, "externalid"))
        elif external is not None and external in survivors:
            found.append(EntityMatch(entity.entity_id, None, survivors[external], "externalid"))
        elif entity.entity_id in others:
            continue
        else:
            accounts = sorted(named.get(entity.name.core, ())) if entity.name else []
            if len(accounts) == 1:
                kind, account_id = accounts[0]
                is_customer = kind == "customer"
                found.append(
                    EntityMatch(
                        entity.entity_id,
                        account_id if is_customer else None,
                        None if is_customer else account_id,
                        "name",
                    )
                )
                continue
            found.append(EntityMatch(entity.entity_id, None, None, "unmatched"))
            pairs += [
                Pair(entity.entity_id, one, "name", Decimal(1), "agree: name", REVIEW, BY_RULE, 9)
                for _, one in accounts[:LARGEST_BLOCK]
            ]
    return found, pairs
