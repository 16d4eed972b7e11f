"""Which companies of the CRM are one: merged, decided, or alike enough by rule.

Add a rule here when another field of a company's card identifies it. Rules join from the strongest; what a
weaker one would join against a decision, between parent and child, across countries and legal forms or across
two billing customers is left to people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

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
    def legal_form(self) -> str | None:
        """Of its name."""
        return self.name.legal_form if self.name else None

    @property
    def register(self) -> Register | None:
        """What tells it from others of its name; None where too little of it is known."""
        known = Register(self.legal_form, self.country_code, self.billing_customer_id, self.parent_id)
        return known if sum(one is not None for one in known) > 1 else None


class Register(NamedTuple):
    """What tells companies of one name apart."""

    legal_form: str | None
    country_code: str | None
    billing_customer_id: str | None
    parent_id: str | None = None


def are_registers_apart(left: Set[Hashable], right: Set[Hashable]) -> bool:
    """Whether two companies differ in two of legal form, country, billing customer and parent, or are
    children of one parent and differ in legal form or country: a group's subsidiaries, not one company. Else
    one alone may be a slip."""
    return any(
        isinstance(one, Register) and isinstance(other, Register) and _is_another(one, other)
        for one in left
        for other in right
    )


def condensed_registers(registers: Set[Hashable]) -> set[Hashable]:
    """Of each legal form, country and parent two billing customers: whichever is compared differs from
    one."""
    kept: dict[tuple[str | None, ...], set[Hashable]] = defaultdict(set)
    for one in registers:
        if isinstance(one, Register):
            place = kept[one.legal_form, one.country_code, one.parent_id]
            # Three, since one may name none.
            if one.billing_customer_id is None or len(place) < 3:
                place.add(one)
    return {one for place in kept.values() for one in place}


def _is_another(one: Register, other: Register) -> bool:
    signs = [_equal(here, there) is False for here, there in zip(one, other, strict=True)]
    if _equal(one.parent_id, other.parent_id):
        return _equal(one.legal_form, other.legal_form) is False or (
            _equal(one.country_code, other.country_code) is False
        )
    return sum(signs) > 1


@dataclass(frozen=True)
class Linked:
    """What became of cards: their groups, all pairs that are worth a row, problems of decisions, mergers, and
    the billing customers whose id was copied to another company's card."""

    groups: Groups
    pairs: list[Pair]
    refused: list[Pair]
    into: Mapping[str, str]
    copied: Set[str] = frozenset()


def link_companies(
    companies: Mapping[str, Company], decisions: Decisions, *, same_score: Decimal, review_score: Decimal
) -> Linked:
    """Join the cards that are one company."""
    into = {
        merged: survivor for merged, survivor in mergers(companies.values()).items() if merged in companies
    }
    # Children of one parent also where its card was merged into another.
    companies = {
        one: company
        if company.parent_id not in into
        else replace(company, parent_id=_last(company.parent_id, into))
        for one, company in companies.items()
    }
    copied = copied_customer_ids(companies, decisions, same_score=same_score)
    compared = [
        pair
        for one, other in _to_compare(companies)
        if (pair := _compare(one, other, copied=copied, same_score=same_score, review_score=review_score))
        is not None
    ]
    families = {
        ordered(company.card_id, company.parent_id)
        for company in companies.values()
        if company.parent_id is not None
        and company.parent_id in companies
        and company.parent_id != company.card_id
    }
    families -= {ordered(merged, survivor) for merged, survivor in into.items()} | decisions.same
    traits = {
        company.card_id: frozenset({register})
        for company in companies.values()
        if (register := company.register) is not None
    }
    linked = link(
        companies,
        decisions,
        into=into,
        compared=compared,
        families=families,
        traits=traits,
        clash=are_registers_apart,
        condense=condensed_registers,
    )
    return replace(linked, copied=copied)


def _last(card_id: str, into: Mapping[str, str]) -> str:
    """The end of a chain of mergers; in a circle the lowest id."""
    seen = [card_id]
    while (following := into.get(seen[-1])) is not None:
        if following in seen:
            return min(seen[seen.index(following) :])
        seen.append(following)
    return seen[-1]


def link(
    cards: Mapping[str, Card],
    decisions: Decisions,
    *,
    into: Mapping[str, str],
    compared: Iterable[Pair],
    families: set[tuple[str, str]],
    traits: Mapping[str, frozenset[Hashable]],
    clash: Callable[[Set[Hashable], Set[Hashable]], bool],
    condense: Callable[[Set[Hashable]], set[Hashable]] | None = None,
    despite_traits: Set[str] = frozenset(),
) -> Linked:
    """Join pairs from the strongest to the weakest; what something keeps apart is left to people.

    Args:
        families: pairs of parent and child.
        traits: per card what ``clash`` is asked about.
        clash: whether two sets of traits cannot be of one group.
        condense: the traits of a group that ``clash`` needs; None for all.
        despite_traits: rules that join all the same.
    """
    apart = decisions.apart()
    for left, right in families:
        apart.setdefault(left, set()).add(right)
        apart.setdefault(right, set()).add(left)
    groups = Groups(cards, apart, traits, clash, condense)
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
        elif pair.status == SAME and not groups.join(pair, despite_traits=pair.rule in despite_traits):
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
        lambda company: company.phone.key,
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


def copied_customer_ids(
    companies: Mapping[str, Company], decisions: Decisions, *, same_score: Decimal
) -> set[str]:
    """The billing customers that cards of two companies name: one of the cards is a copy, and its fields but
    this one were changed. A parent may pay for its children."""
    known = [company for company in companies.values() if company.is_in_export]
    found: set[str] = set()
    for customer_id, block in blocks(known, lambda company: company.billing_customer_id):
        for one, other in candidates(block, lambda company: company.sort_key):
            is_family = one.card_id == other.parent_id or other.card_id == one.parent_id
            if (
                not is_family
                and not _equal(one.parent_id, other.parent_id)
                and ordered(one.card_id, other.card_id) not in decisions.same
                and one.card_id not in other.merged_ids
                and other.card_id not in one.merged_ids
                and _is_copy(one, other, same_score=same_score)
            ):
                found.add(str(customer_id))
    return found


def _is_copy(one: Company, other: Company, *, same_score: Decimal) -> bool:
    """Whether two cards of one billing customer are not of one domain, and their names differ; where one has
    no name, the domains do, or the countries where a domain is not known."""
    is_domain = _equal(one.domain, other.domain)
    if one.name is None or other.name is None:
        is_country = _equal(one.country_code, other.country_code)
        return is_domain is False or (is_domain is None and is_country is False)
    return not is_domain and company_similarity(one.name, other.name) < same_score


def _compare(
    one: Company, other: Company, *, copied: Set[str], same_score: Decimal, review_score: Decimal
) -> Pair | None:
    """What two cards have in common; None where that is not worth a row."""
    likeness = company_similarity(one.name, other.name)
    is_name = likeness >= same_score
    is_phone = _equal(one.phone.key, other.phone.key)
    is_extension = _equal(one.phone.extension, other.phone.extension)
    fields: dict[str, bool | None] = {
        "billing_customer": _equal(one.billing_customer_id, other.billing_customer_id),
        "domain": _equal(one.domain, other.domain),
        "phone": is_phone,
        "phone_extension": False if is_phone and is_extension is False else None,
        "name": is_name if one.name and other.name else None,
        "country": _equal(one.country_code, other.country_code),
        "legal_form": _equal(one.legal_form, other.legal_form),
    }
    # Of a billing customer whose id was copied, only what agrees in something else too.
    is_copied = _is_copy(one, other, same_score=same_score) or (
        one.billing_customer_id in copied and not (fields["domain"] or is_name)
    )
    is_of_two = are_registers_apart({one.register}, {other.register})
    # A name with a slip in another country or of another form, or two signs that differ: perhaps another firm
    # of the group.
    is_doubtful = is_of_two or (
        likeness < 1 and (fields["country"] is False or fields["legal_form"] is False)
    )
    # Reception desks of business centres serve many.
    is_doubtful_by_phone = (
        is_doubtful
        or fields["phone_extension"] is False
        or fields["legal_form"] is False
        or (fields["domain"] is False and (likeness < 1 or fields["country"] is False))
        or (
            one.phone.is_doubtful
            and not (likeness == 1 and fields["country"] and fields["domain"] is not False)
        )
    )
    if fields["billing_customer"]:
        status = REVIEW if is_copied or is_of_two else SAME
        rule, strength, score = "billing_customer_id", 2, likeness if is_copied else Decimal(1)
    elif fields["domain"] and is_name:
        rule, strength, score, status = "domain_and_name", 3, likeness, REVIEW if is_doubtful else SAME
    elif fields["phone"] and is_name:
        status = REVIEW if is_doubtful_by_phone else SAME
        rule, strength, score = "phone_and_name", 4, likeness
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
