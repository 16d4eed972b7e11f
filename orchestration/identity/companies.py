"""Which companies of the CRM are one: merged, decided, or alike enough by rule.

Add a rule here when another field of a company's card identifies it. Rules join from the strongest; what a
weaker one would join against a decision, between parent and child or across countries and legal forms is left
to people.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from orchestration.identity.cards import Card, evidence, merger_pairs, mergers
from orchestration.identity.decisions import Decisions
from orchestration.identity.linking import (
    BY_RULE,
    NOT_SAME,
    REVIEW,
    SAME,
    Groups,
    Pair,
    blocks,
    candidates,
    ordered,
)
from orchestration.identity.names import CompanyName, company_similarity
from orchestration.identity.phones import MISSING, Phone

_NO_PHONE = Phone(None, None, MISSING)


@dataclass(frozen=True)
class Company(Card):
    """A company's card, its fields made comparable.

    Attributes:
        domain: registered domain; None also where many share it.
        billing_customer_id: the billing customer that it names.
    """

    name: CompanyName | None = None
    country_code: str | None = None
    domain: str | None = None
    phone: Phone = _NO_PHONE
    parent_id: str | None = None
    billing_customer_id: str | None = None

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Like names stand together."""
        return (self.name.latin if self.name else "", self.card_id)

    @property
    def place(self) -> tuple[str, str] | None:
        """Legal form and country, where both are known."""
        form = self.name.legal_form if self.name else None
        return (form, self.country_code) if form and self.country_code else None


def are_places_apart(left: set[Hashable], right: set[Hashable]) -> bool:
    """Whether two companies differ in legal form and in country: a group's subsidiaries, not one company."""
    return any(
        isinstance(one, tuple) and isinstance(other, tuple) and one[0] != other[0] and one[1] != other[1]
        for one in left
        for other in right
    )


@dataclass(frozen=True)
class Linked:
    """What became of cards: their groups, all pairs that are worth a row, and problems of decisions."""

    groups: Groups
    pairs: list[Pair]
    refused: list[Pair]
    into: Mapping[str, str]


def link_companies(
    companies: Mapping[str, Company], decisions: Decisions, *, same_score: Decimal, review_score: Decimal
) -> Linked:
    """Join the cards that are one company."""
    into = {
        merged: survivor for merged, survivor in mergers(companies.values()).items() if merged in companies
    }
    compared = [
        pair
        for one, other in _to_compare(companies)
        if (pair := _compare(one, other, same_score=same_score, review_score=review_score)) is not None
    ]
    families = {
        ordered(company.card_id, company.parent_id)
        for company in companies.values()
        if company.parent_id is not None
        and company.parent_id in companies
        and company.parent_id != company.card_id
    }
    families -= {ordered(merged, survivor) for merged, survivor in into.items()} | decisions.same
    traits = {company.card_id: frozenset({company.place}) for company in companies.values() if company.place}
    return link(companies, decisions, into=into, compared=compared, families=families, traits=traits)


def link(
    cards: Mapping[str, Card],
    decisions: Decisions,
    *,
    into: Mapping[str, str],
    compared: Iterable[Pair],
    families: set[tuple[str, str]],
    traits: Mapping[str, frozenset[Hashable]],
) -> Linked:
    """Join pairs from the strongest to the weakest; what something keeps apart is left to people."""
    apart = decisions.apart()
    for left, right in families:
        apart.setdefault(left, set()).add(right)
        apart.setdefault(right, set()).add(left)
    groups = Groups(cards, apart, traits, are_places_apart)
    pairs, refused = decisions.pairs(), []
    decided = decisions.same | decisions.not_same
    for pair in sorted(
        [one for one in pairs if one.status == SAME] + merger_pairs(into), key=lambda one: one.order
    ):
        if not groups.join(pair, despite_traits=True):
            refused.append(pair)
        elif pair.strength:
            pairs.append(pair)
    merged = {ordered(one, other) for one, other in into.items()}
    for pair in sorted(compared, key=lambda one: one.order):
        ids = (pair.left_id, pair.right_id)
        if ids in decided or ids in merged:
            continue
        if pair.status == SAME and ids in families:
            pairs.append(replace(pair, rule="parent_and_child", status=NOT_SAME))
        elif pair.status == SAME and not groups.join(pair):
            pairs.append(replace(pair, status=REVIEW))
        elif ids not in families or pair.status == NOT_SAME:
            pairs.append(pair)
    # What other pairs have joined, or decisions keep apart, needs nobody's look any more.
    decided_groups = {
        frozenset({groups.group(left), groups.group(right)}) for left, right in decisions.not_same
    }
    settled = [
        pair
        for pair in pairs
        if pair.status == REVIEW
        and (
            groups.are_one(pair.left_id, pair.right_id)
            or frozenset({groups.group(pair.left_id), groups.group(pair.right_id)}) in decided_groups
        )
    ]
    open_or_decided = set(pairs) - set(settled)
    return Linked(groups, [pair for pair in pairs if pair in open_or_decided], refused, into)


def _to_compare(companies: Mapping[str, Company]) -> Iterator[tuple[Company, Company]]:
    known = [company for company in companies.values() if company.is_in_export]
    keys = (
        lambda company: company.billing_customer_id,
        lambda company: company.domain,
        lambda company: company.phone.e164,
        lambda company: company.name.core if company.name else None,
        lambda company: company.name.latin.replace(" ", "") if company.name else None,
        # Slips of the pen further back in the name.
        lambda company: (
            (company.country_code, company.name.core.split()[0])
            if company.name and company.country_code
            else None
        ),
    )
    seen: set[tuple[str, str]] = set()
    for key in keys:
        for _, block in blocks(known, key):
            for one, other in candidates(block, lambda company: company.sort_key):
                pair = ordered(one.card_id, other.card_id)
                if pair not in seen:
                    seen.add(pair)
                    yield companies[pair[0]], companies[pair[1]]


def _compare(one: Company, other: Company, *, same_score: Decimal, review_score: Decimal) -> Pair | None:
    """What two cards have in common; None where that is not worth a row."""
    likeness = company_similarity(one.name, other.name)
    is_name = likeness >= same_score
    fields: dict[str, bool | None] = {
        "billing_customer": _equal(one.billing_customer_id, other.billing_customer_id),
        "domain": _equal(one.domain, other.domain),
        "phone": _equal(one.phone.e164, other.phone.e164),
        "name": is_name if one.name and other.name else None,
        "country": _equal(one.country_code, other.country_code),
        "legal_form": _equal(
            one.name.legal_form if one.name else None, other.name.legal_form if other.name else None
        ),
    }
    if fields["billing_customer"]:
        rule, strength, score, status = "billing_customer_id", 2, Decimal(1), SAME
    elif fields["domain"] and is_name:
        rule, strength, score, status = "domain_and_name", 3, likeness, SAME
    elif fields["phone"] and is_name:
        rule, strength, score, status = "phone_and_name", 4, likeness, SAME
    elif fields["domain"]:
        rule, strength, score, status = "domain", 5, likeness, REVIEW
    elif fields["phone"]:
        rule, strength, score, status = "phone", 6, likeness, REVIEW
    elif fields["country"] and (likeness == 1 or (likeness >= review_score and fields["domain"] is None)):
        rule, strength, score, status = "name", 7, likeness, REVIEW
    else:
        return None
    if fields["country"] is False and fields["legal_form"] is False:
        rule, strength, status = "legal_form_and_country", 8, NOT_SAME
    agree = [name for name, is_equal in fields.items() if is_equal]
    differ = [name for name, is_equal in fields.items() if is_equal is False]
    return Pair(one.card_id, other.card_id, rule, score, evidence(agree, differ), status, BY_RULE, strength)


def _equal(one: str | None, other: str | None) -> bool | None:
    """None where one says nothing."""
    return None if one is None or other is None else one == other
