"""What speaks for and against two records that people should look at (definitions 8, "Who is who" of CRM.md).

From the fields of both cards: the rule, the likeness of names and the fields that agree and differ. Which
pairs deserve a look hangs on thresholds and stays out; so do names of scripts that are not Latin.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property

import phonenumbers

from tests.oracles import identity as who
from tests.oracles.comparison import Difference, compare_table
from tests.oracles.export import Row
from tests.oracles.identity import Identity
from tests.oracles.mrr import MartRow

# Whether a field of two records agrees, by its name; absent where one of them says nothing.
Fields = dict[str, bool]

ONE, NOTHING = Decimal("1.0000"), Decimal("0.0000")
# Another word is another branch, whatever its likeness; another number counts one.
OTHER_WORD, OTHER_NUMBER = Decimal("0.8500"), Decimal("0.5000")
SAME = Decimal("0.9")
COUNTS = re.compile(r".*\d.*|(?=..)x{0,3}(ix|iv|v?i{0,3})|one|two|three|four|five|first|second|third")
# Those at the end of names that tests write, the longest first.
LEGAL_FORMS = (
    *("gmbh and co kg", "incorporated", "corporation", "limited", "gmbh", "co ltd", "sarl", "corp", "inc"),
    *(
        "ltd",
        "llc",
        "llp",
        "plc",
        "dac",
        "wll",
        "ksc",
        "spa",
        "srl",
        "pty",
        "ag",
        "kk",
        "bv",
        "nv",
        "ab",
        "sa",
    ),
)
# By kind of pair, from the strongest: the fields that must agree.
RULES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "company": {
        "billing_customer_id": ("billing_customer",),
        "domain_and_name": ("domain", "name"),
        "phone_and_name": ("phone", "name"),
        "domain": ("domain",),
        "phone": ("phone",),
        "name": ("name",),
    },
    "contact": {
        "email": ("email",),
        "email_alias_and_name": ("email_alias", "name"),
        "domain_and_name": ("email_domain", "name"),
        "phone_and_name": ("phone", "name"),
        "email_alias": ("email_alias",),
        "phone": ("phone",),
    },
    "customer": {
        "crm_property": ("crm_property",),
        "email": ("email",),
        "domain_and_name": ("domain", "name"),
        "phone_and_name": ("phone", "name"),
        "domain": ("domain",),
        "phone": ("phone",),
        "name": ("name",),
    },
}


@cache
def core(text: str | None) -> str:
    """A company's name without its legal form and article."""
    spoken = " ".join(who.words((text or "").replace(".", "")))
    form = next((form for form in LEGAL_FORMS if spoken.endswith(f" {form}")), "")
    return who.name_core(spoken.removesuffix(f" {form}") if form else spoken)


@cache
def likeness(left: str, right: str) -> Decimal:
    """Twice the letters that both have in one order, over the letters of both."""
    longest = [0] * (len(right) + 1)
    for letter in left:
        before = 0
        for position, other in enumerate(right, start=1):
            known = longest[position]
            longest[position] = before + 1 if letter == other else max(known, longest[position - 1])
            before = known
    exact = Decimal(2 * longest[-1]) / Decimal(max(len(left) + len(right), 1))
    return exact.quantize(ONE, rounding=ROUND_HALF_UP)


def is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(letter) for letter in text if letter.isalpha())


def undoubled(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def is_slip(left: str, right: str) -> bool:
    """One word but for two neighbouring letters that were swapped, or for doubled ones."""
    places = [n for n, (one, other) in enumerate(zip(left, right, strict=False)) if one != other]
    is_swapped = len(left) == len(right) and len(places) == 2 and places[1] == places[0] + 1
    return (is_swapped and sorted(left) == sorted(right)) or undoubled(left) == undoubled(right)


def likeness_of_companies(left: str, right: str) -> Decimal:
    """Of names without legal forms."""
    if not left or not right:
        return NOTHING
    one, other = left.split(), right.split()
    if sorted(one) == sorted(other) or left.replace(" ", "") == right.replace(" ", ""):
        return ONE
    score = max(likeness(left, right), likeness(" ".join(sorted(one)), " ".join(sorted(other))))
    if [word for word in one if COUNTS.fullmatch(word)] != [word for word in other if COUNTS.fullmatch(word)]:
        return min(OTHER_NUMBER, score)
    here, there = set(one) - set(other), set(other) - set(one)
    if len(here) == len(there) == 1 and min(map(len, here | there)) >= 4 and is_slip(*here, *there):
        return score
    return min(OTHER_WORD, score)


def likeness_of_people(left: Row, right: Row) -> Decimal:
    """The lesser of given and family names, also where they were filled in crosswise."""
    (given, family), (other_given, other_family) = (
        [" ".join(who.words(row.get(f"property_{part}name"))) for part in ("first", "last")]
        for row in (left, right)
    )
    if not (given and family and other_given and other_family):
        return NOTHING

    def of_parts(one: str, other: str) -> Decimal:
        return ONE if one == other else min(OTHER_WORD, likeness(one, other))

    straight = min(of_parts(given, other_given), of_parts(family, other_family))
    return max(straight, min(of_parts(given, other_family), of_parts(family, other_given)))


def telephone(row: Row, number: str, country: str) -> tuple[str, str]:
    """As dialled from abroad, and the extension; nothing where it cannot be read."""
    code = who.country(row.get(country)) or None
    try:
        parsed = phonenumbers.parse(row.get(number, ""), code)
    except phonenumbers.NumberParseException:
        return "", ""
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return written, parsed.extension or ""


def compared(**pairs: tuple[str, str]) -> Fields:
    return {name: left == right for name, (left, right) in pairs.items() if left and right}


@dataclass(frozen=True)
class Reviews:
    """Pairs of the records of an export."""

    identity: Identity

    @cached_property
    def cards(self) -> dict[str, who.Card]:
        return {row["id"]: who.Card(row) for row in self.identity.companies.rows.values()}

    def companies(self, left: str, right: str) -> tuple[Fields, Decimal]:
        rows = self.identity.companies.rows[left], self.identity.companies.rows[right]
        one, other = self.cards[left], self.cards[right]
        here, there = (telephone(row, "property_phone", "property_country") for row in rows)
        known = self.identity.customers
        names = [core(row.get("property_name")) for row in rows]
        score = likeness_of_companies(*names)
        fields = compared(
            billing_customer=(
                one.customer if one.customer in known else "",
                other.customer if other.customer in known else "",
            ),
            domain=(one.domain, other.domain),
            phone=(who.phone(here[0], None), who.phone(there[0], None)),
            country=(one.country, other.country),
            legal_form=(one.legal_form, other.legal_form),
        )
        if all(names):
            fields["name"] = score >= SAME
        if fields.get("phone") and here[1] and there[1] and here[1] != there[1]:
            fields["phone_extension"] = False
        return fields, score

    def contacts(self, left: str, right: str) -> tuple[Fields, Decimal]:
        rows = [self.identity.contacts.rows[card] for card in (left, right)]
        score = likeness_of_people(*rows)
        addresses = [who.email(row.get("property_email")) for row in rows]
        here, there = (telephone(row, "property_phone", "property_country") for row in rows)
        companies = [
            self.identity.companies.survivor(row.get("property_associatedcompanyid", "")) for row in rows
        ]
        fields = compared(
            email=(addresses[0], addresses[1]),
            email_domain=(who.email_domain(addresses[0]), who.email_domain(addresses[1])),
            phone=(here[0], there[0]),
            company=(companies[0], companies[1]),
        )
        if all(who.person(row) for row in rows):
            fields["name"] = score >= SAME
        if not fields.get("email") and len({who.canonical_email(address) for address in addresses}) == 1:
            fields |= {"email_alias": True} if all(addresses) else {}
        numbers = [re.findall(r"\d+", address.partition("@")[0]) for address in addresses]
        if fields.get("email_domain") and numbers[0] != numbers[1]:
            fields["email_number"] = False
        if fields.get("phone") and here[1] and there[1] and here[1] != there[1]:
            fields["phone_extension"] = False
        return fields, score

    def customers(self, left: str, right: str) -> tuple[Fields, Decimal]:
        """A billing customer and another, or any of the cards of a company."""
        row = self.identity.customers[left]
        if right in self.identity.customers:
            others = [self.identity.customers[right]]
            names = [core(other.get("name")) for other in others]
            values = [described(other, "name", "phone", "address_country", "email") for other in others]
        else:
            others = self.identity.companies.members(right)
            names = [core(other.get("property_name")) for other in others]
            values = [
                described(other, "property_name", "property_phone", "property_country", "")
                for other in others
            ]
        name = core(row.get("name"))
        score = max((likeness_of_companies(name, other) for other in names), default=NOTHING)
        fields: Fields = {}
        for field, value in described(row, "name", "phone", "address_country", "email").items():
            known = {value_of[field] for value_of in values} - {""}
            if value and known:
                fields[field] = value in known
        if name and any(names):
            fields["name"] = score >= SAME
        if right not in self.identity.customers:
            fields.pop("email", None)
            fields |= self.reached(row, others)
        return fields, score

    def reached(self, customer: Row, cards: Iterable[Row]) -> Fields:
        """What the company's cards and people say of the customer, where they say it."""
        ids = {card["id"] for card in cards}
        people = [
            row
            for row in self.identity.contacts.rows.values()
            if self.identity.companies.survivor(row.get("property_associatedcompanyid", "")) in ids
        ]
        mailboxes = {who.canonical_email(row.get("property_email")) for row in people} - {""}
        domains = {who.email_domain(row.get("property_email")) for row in people} - {""}
        found = {
            "crm_property": any(self.cards[card].customer == customer["id"] for card in ids),
            "email": who.canonical_email(customer.get("email")) in mailboxes,
            "domain": who.email_domain(customer.get("email")) in domains,
        }
        return {name: True for name, is_said in found.items() if is_said}

    def row(self, published: MartRow) -> MartRow:
        """What the row of a pair must say; the evidence as ``in_order`` gives it."""
        kind, left, right = published["object_type"], published["left_id"], published["right_id"]
        pairs = {"company": self.companies, "contact": self.contacts, "customer": self.customers}
        accounts = {
            "company": self.identity.of_company,
            "contact": self.identity.of_contact,
            "customer": self.identity.of_anything,
        }
        fields, score = pairs[kind](left, right)
        rules = RULES[kind].items()
        names = (row.get("property_name", "") for row in self.identity.companies.members(left))
        others = (row.get("property_name", "") for row in self.identity.companies.members(right))
        said = {} if any(not is_latin(name) for name in (*names, *others)) else {"score": score}
        return {
            **said,
            "object_type": kind,
            "left_id": left,
            "right_id": right,
            "rule": next((rule for rule, needed in rules if all(fields.get(name) for name in needed)), None),
            "evidence": in_order(evidence(fields)),
            "left_account_id": accounts[kind](left),
            "right_account_id": accounts[kind](right),
        }


def review_differences(published: Iterable[MartRow], identity: Identity) -> list[Difference]:
    """Of the pairs of ``fct_identity_reviews``; entities of the ledger are compared in the crosswalk."""
    reviews = Reviews(identity)
    shown = [
        row | {"evidence": in_order(row["evidence"])} for row in published if row["object_type"] != "entity"
    ]
    return compare_table("fct_identity_reviews", shown, [reviews.row(row) for row in shown])


def described(row: Row, name: str, phone: str, country: str, address: str) -> dict[str, str]:
    domain = who.email_domain(row.get(address)) if address else who.Card(row).domain
    return {
        "email": who.canonical_email(row.get(address)) if address else "",
        "domain": domain,
        "phone": who.phone(telephone(row, phone, country)[0], None),
        "country": who.country(row.get(country)),
        "legal_form": who.legal_form(row.get(name)),
    }


def evidence(fields: Fields) -> str:
    sides = (("agree", True), ("differ", False))
    parts = [(word, [name for name, agrees in fields.items() if agrees is side]) for word, side in sides]
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)


def in_order(text: str) -> str:
    """Evidence with the fields of each side in the order of the alphabet."""
    parts = [part.partition(": ") for part in text.split("; ") if part]
    return "; ".join(f"{word}: {', '.join(sorted(names.split(', ')))}" for word, _, names in parts)
