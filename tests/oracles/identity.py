"""Who is the same as whom once more (definitions 0 and 8): companies, contacts, customers and their accounts.

Every pair that has a reason to be one is joined and the groups are read off. Names are compared as words, not
by likeness: what only resembles is a matter of thresholds and of labelled examples, and stays out. So is how
a telephone number is written in countries that no test writes.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from pathlib import Path

from tests.oracles.export import Row, flag, instant, is_live, read_rows
from tests.oracles.policy_tables import plain, read_policy_table

NEVER_BILLED = "crm:"
LAST = datetime.max.replace(tzinfo=UTC)
LEGAL_FORMS = {"inc", "ltd", "gmbh", "llc", "corp", "ag", "limited", "sarl", "plc"}
FREE_MAIL = {"gmail.com", "googlemail.com", "outlook.com", "yahoo.com", "hotmail.com", "icloud.com", "gmx.de"}
SUFFIXES_OF_TWO_PARTS = {"co.uk", "com.au", "co.jp", "com.br", "co.za"}
# Of the countries whose numbers tests write without one.
CALLING_CODES = {"DE": "49", "GERMANY": "49"}

# What people type where they know nothing, and addresses of a task. Tests write no others.
NO_NAMES = {"test", "unknown", "n a", "none", "tbd"}
NO_MAILBOXES = {"noemail", "test", "none", "noreply"}
NO_DOMAINS = {"noemail.com", "test.com", "none.com"}
ROLES = {"info", "ap", "billing", "accounts"}
REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"

# What tells a company from others of its name.
SAY_WHO_IT_IS = ("property_domain", "property_phone", "property_stripe_customer_id")

Pair = tuple[str, str]


def words(text: str | None) -> list[str]:
    """Lower-case words without accents and punctuation."""
    folded = unicodedata.normalize("NFKD", (text or "").replace("&", " and ")).casefold()
    kept = "".join(
        letter if letter.isalnum() else " " for letter in folded if not unicodedata.combining(letter)
    )
    return kept.split()


def name_core(text: str | None) -> str:
    """A company's name without its legal form and article."""
    kept = [word for word in words((text or "").replace(".", "")) if word not in LEGAL_FORMS]
    core = " ".join(kept[1:] if kept[:1] == ["the"] else kept)
    return "" if core in NO_NAMES else core


def legal_form(text: str | None) -> str:
    """Of a name that has one."""
    forms = [word for word in words((text or "").replace(".", "")) if word in LEGAL_FORMS]
    same = {"limited": "ltd", "corp": "inc"}
    return same.get(forms[-1], forms[-1]) if forms else ""


@cache
def country_codes() -> dict[str, str]:
    """What a country may be called in capitals, and its code of two letters."""
    rows = [*read_rows(REFERENCE / "country_regions.csv"), *read_rows(REFERENCE / "country_names.csv")]
    return {
        row[column].strip().upper(): row["country_code"]
        for row in rows
        for column in ("country_code", "alpha_3_code", "country_name")
        if column in row
    }


def country(text: str | None) -> str:
    return country_codes().get((text or "").strip().upper(), "")


def differ(left: str, right: str) -> bool:
    """Whether both are known and not the same."""
    return bool(left and right) and left != right


def email(text: str | None) -> str:
    """Empty where the mailbox stands for a missing one."""
    address = plain(text)
    return "" if address.partition("@")[0].partition("+")[0] in NO_MAILBOXES else address


def canonical_email(text: str | None) -> str:
    """The mailbox behind aliases: without what follows a plus, and of Gmail without dots."""
    local, _, domain = email(text).partition("@")
    local = local.partition("+")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if domain else ""


def email_domain(text: str | None) -> str:
    """Of the firm; none where anybody can have an address."""
    domain = plain(text).partition("@")[2]
    return "" if domain in FREE_MAIL else registrable(domain)


def registrable(text: str | None) -> str:
    """What somebody registered, of a domain or an address on the web."""
    host = plain(text).partition("://")[2] or plain(text)
    labels = host.partition("/")[0].partition(":")[0].strip(".").split(".")
    count = 3 if ".".join(labels[-2:]) in SUFFIXES_OF_TWO_PARTS else 2
    domain = ".".join(labels[-count:]) if len(labels) > 1 else ""
    return "" if domain in NO_DOMAINS else domain


def phone(text: str | None, country: str | None) -> str:
    """In the form that is dialled from abroad; empty where somebody made it up."""
    number = dialled(text, country)
    tail = number[-7:]
    return "" if tail in "0123456789012345" or tail in "9876543210987654" or tail == tail[:1] * 7 else number


def dialled(text: str | None, country: str | None) -> str:
    digits = "".join(letter for letter in text or "" if letter.isdigit())
    if not digits:
        return ""
    if (text or "").strip().startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    code = CALLING_CODES.get((country or "").strip().upper())
    return f"{code}{digits.removeprefix('0')}" if code else ""


class Groups:
    """Things that are joined pair by pair, but never two of which it was said that they are not one."""

    def __init__(self, members: Iterable[str], apart: Iterable[Pair] = ()) -> None:
        self.group_of = {member: {member} for member in members}
        self.apart = [frozenset(pair) for pair in apart]

    def join(self, left: str, right: str) -> None:
        if left not in self.group_of or right not in self.group_of:
            return
        together = self.group_of[left] | self.group_of[right]
        if any(pair <= together for pair in self.apart):
            return
        for member in together:
            self.group_of[member] = together

    def join_all_with_one(self, keys: Iterable[tuple[str, Hashable]]) -> None:
        """All whose key is the same; an empty key, or an empty part of it, is none."""
        by_key: dict[Hashable, list[str]] = defaultdict(list)
        for member, key in keys:
            if key and (not isinstance(key, tuple) or all(key)):
                by_key[key].append(member)
        for members in by_key.values():
            for other in members[1:]:
                self.join(members[0], other)


def created(row: Row, column: str = "property_createdate") -> datetime:
    return instant(row, column) or LAST


def merged_ids(row: Row) -> list[str]:
    ids = [part.strip() for part in row.get("property_hs_merged_object_ids", "").split(";")]
    return [identity for identity in ids if identity and identity != row["id"]]


class Card:
    """What a company's card says, each field empty where it says nothing."""

    def __init__(self, row: Row) -> None:
        self.id = row["id"]
        self.name = name_core(row.get("property_name"))
        self.domain = registrable(row.get("property_domain"))
        self.domain = "" if self.domain in FREE_MAIL else self.domain
        self.country = country(row.get("property_country"))
        self.legal_form = legal_form(row.get("property_name"))
        self.parent = row.get("property_hs_parent_company_id", "")
        self.customer = row.get("property_stripe_customer_id", "").strip()

    def is_family_of(self, other: Card) -> bool:
        siblings = bool(self.parent) and self.parent == other.parent
        return siblings or self.id == other.parent or other.id == self.parent

    def is_like(self, other: Card) -> bool:
        """In domain or name."""
        is_domain = bool(self.domain) and self.domain == other.domain
        return is_domain or (bool(self.name) and self.name == other.name)

    def contradicts(self, other: Card) -> bool:
        """Whether two cards of one billing customer cannot be of one company: one was copied."""
        if self.is_like(other):
            return False
        if self.name and other.name:
            return True
        if self.domain and other.domain:
            return True
        return differ(self.country, other.country)


@dataclass(frozen=True)
class Decided:
    """What people decided about pairs."""

    same: Sequence[Pair]
    apart: Sequence[Pair]


def read_decisions(landing: Path) -> dict[str, Decided]:
    rows = read_policy_table(landing, "identity_decisions", ("object_type", "left_id", "right_id"))
    found: dict[str, Decided] = {}
    for kind in ("company", "contact", "customer"):
        pairs = {
            decision: [
                (row["left_id"], row["right_id"])
                for row in rows
                if row["object_type"] == kind and plain(row["decision"]) == decision
            ]
            for decision in ("same", "not_same")
        }
        found[kind] = Decided(pairs["same"], pairs["not_same"])
    return found


@dataclass
class Objects:
    """Cards of one kind in their groups; every id that was ever one of them has a survivor."""

    rows: dict[str, Row]
    groups: Groups

    def members(self, identity: str) -> list[Row]:
        """The cards that are one, the oldest first; those that were deleted, or merged into others, last."""
        members = [
            self.rows[member] for member in self.groups.group_of.get(identity, set()) if member in self.rows
        ]
        merged = {other for row in members for other in merged_ids(row)}
        return sorted(
            members,
            key=lambda row: (
                row["id"] in merged,
                flag(row, "is_deleted", absent=False),
                created(row),
                row["id"],
            ),
        )

    def survivor(self, identity: str) -> str:
        members = self.members(identity)
        return members[0]["id"] if members else identity

    def richest(self, identity: str, column: str) -> str | None:
        """The value of the oldest card that has one."""
        return next((row[column] for row in self.members(identity) if column in row), None)


def grouped(
    rows: Sequence[Row],
    decided: Decided,
    rules: Sequence[Callable[[Row], Hashable]],
    apart: Iterable[Pair] = (),
    hidden: Collection[str] = (),
) -> Objects:
    """Cards joined by decision, by what the CRM merged itself, and by each rule, in this order.

    What is hidden is joined with nothing: it is not known yet.
    """
    cards = {row["id"]: row for row in rows}
    merged = [(row["id"], other) for row in rows for other in merged_ids(row) if other not in hidden]
    groups = Groups([*cards, *(other for _, other in merged)], [*decided.apart, *apart])
    for left, right in (*decided.same, *merged):
        groups.join(left, right)
    for rule in rules:
        groups.join_all_with_one((row["id"], rule(row)) for row in rows)
    return Objects(cards, groups)


def is_seen(row: Row, as_of: datetime | None, column: str = "property_createdate") -> bool:
    moment = instant(row, column)
    return as_of is None or moment is None or moment < as_of


@dataclass
class Identity:
    """The groups of an export, and the account of every customer, company and contact.

    Attributes:
        one_with: of customers of no company that people have decided to be one, the name of their group.
        hidden_companies: those that are not known yet: nobody's.
        methods: how the company of a customer was found; None where somebody told who is who.
    """

    companies: Objects
    contacts: Objects
    customers: dict[str, Row]
    company_of_customer: dict[str, str]
    one_with: dict[str, str] = field(default_factory=dict)
    hidden_companies: frozenset[str] = frozenset()
    methods: Mapping[str, str] | None = None
    accounts: dict[str, str] = field(init=False)
    account_of_survivor: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        by_company: dict[str, list[str]] = defaultdict(list)
        for customer, company in self.company_of_customer.items():
            by_company[company].append(customer)
        self.accounts = {customer: customer for customer in self.customers}
        self.account_of_survivor = {}
        for company, members in by_company.items():
            first = min(
                members, key=lambda customer: (created(self.customers[customer], "created"), customer)
            )
            self.account_of_survivor[company] = first
            self.accounts |= dict.fromkeys(members, first)
        for group in set(self.one_with.values()):
            members = [customer for customer, name in self.one_with.items() if name == group]
            self.accounts |= dict.fromkeys(members, min(members, key=self.age))

    def age(self, customer: str) -> tuple[datetime, str]:
        return created(self.customers[customer], "created"), customer

    def of_customer(self, customer: str) -> str:
        return self.accounts.get(customer, customer)

    def of_company(self, company: str) -> str | None:
        """One that was never billed is an account by itself."""
        if company in self.hidden_companies:
            return None
        survivor = self.companies.survivor(company)
        return self.account_of_survivor.get(survivor, f"{NEVER_BILLED}{survivor}")

    def of_anything(self, identity: str) -> str:
        """Of the id of a billing customer or of a company."""
        if identity in self.customers:
            return self.of_customer(identity)
        return self.of_company(identity) or f"{NEVER_BILLED}{identity}"

    def company_of_contact(self, contact: str) -> str | None:
        named = [row.get("property_associatedcompanyid") for row in self.contacts.members(contact)]
        known = (company for company in named if company is not None and company not in self.hidden_companies)
        company = next(known, None)
        return None if company is None else self.companies.survivor(company)

    def of_contact(self, contact: str) -> str | None:
        company = self.company_of_contact(contact)
        return None if company is None else self.of_company(company)


def person(row: Row) -> str:
    found = words(f"{row.get('property_firstname', '')} {row.get('property_lastname', '')}")
    return "" if NO_NAMES.issuperset(found) else " ".join(found)


def mailboxes_of_several(rows: Sequence[Row], companies: Objects) -> set[str]:
    """Addresses of a task that contacts of two companies have who are not called the same."""
    readers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        address = email(row.get("property_email"))
        if address.partition("@")[0].partition("+")[0] in ROLES and "property_associatedcompanyid" in row:
            company = companies.survivor(row["property_associatedcompanyid"])
            readers[address].add((company, person(row) or row["id"]))
    return {
        address
        for address, found in readers.items()
        if any(one[0] != other[0] and one[1] != other[1] for one in found for other in found)
    }


def group_contacts(
    rows: Sequence[Row],
    decided: Decided,
    companies: Objects,
    hidden: Collection[str] = (),
    hidden_companies: Collection[str] = (),
) -> Objects:
    """A company that is not known yet is nobody's."""
    of_known = [row for row in rows if row.get("property_associatedcompanyid") not in hidden_companies]
    several = mailboxes_of_several(of_known, companies)

    def mailbox(row: Row) -> Hashable:
        address = email(row.get("property_email"))
        return (address, company_of(row)) if address in several else address

    def company_of(row: Row) -> str:
        company = row.get("property_associatedcompanyid")
        return "" if company is None or company in hidden_companies else companies.survivor(company)

    def of_one_company(key: Callable[[Row], tuple[str, str]]) -> Callable[[Row], Hashable]:
        """People of one name at two companies may be two."""
        known: dict[Hashable, set[str]] = defaultdict(set)
        for row in rows:
            known[key(row)].add(company_of(row))
        return lambda row: (*key(row), company_of(row)) if len(known[key(row)] - {""}) > 1 else key(row)

    return grouped(
        rows,
        decided,
        [
            mailbox,
            lambda row: (canonical_email(row.get("property_email")), person(row)),
            of_one_company(lambda row: (email_domain(row.get("property_email")), person(row))),
            of_one_company(
                lambda row: (phone(row.get("property_phone"), row.get("property_country")), person(row))
            ),
        ],
        hidden=hidden,
    )


def by_customer(cards: Iterable[Card]) -> dict[str, list[Card]]:
    found: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        found[card.customer].append(card)
    return found


def copied_customers(cards: Sequence[Card], decided_same: Collection[frozenset[str]]) -> set[str]:
    """Billing customers that the cards of two companies name."""
    return {
        customer
        for customer, found in by_customer(cards).items()
        for one, other in combinations(found, 2)
        if customer
        and one.contradicts(other)
        and not one.is_family_of(other)
        and frozenset((one.id, other.id)) not in decided_same
    }


def group_companies(
    rows: Sequence[Row], decided: Decided, customers: Collection[str], hidden: Collection[str] = ()
) -> Objects:
    family = [
        (row["id"], row["property_hs_parent_company_id"])
        for row in rows
        if "property_hs_parent_company_id" in row and row["property_hs_parent_company_id"] != row["id"]
    ]
    decided_same = {frozenset(pair) for pair in decided.same}
    cards = [Card(row) for row in rows]
    contradicted = {
        one.customer
        for customer, found in by_customer(cards).items()
        for one, other in combinations(found, 2)
        if customer and one.contradicts(other)
    }
    siblings = [
        (one.id, other.id)
        for one in cards
        for other in cards
        if one.parent
        and one.parent == other.parent
        and (differ(one.country, other.country) or differ(one.legal_form, other.legal_form))
    ]

    def customer_named(row: Row) -> Hashable:
        card = Card(row)
        return "" if card.customer in contradicted or card.customer not in customers else card.customer

    return grouped(
        rows,
        decided,
        [
            customer_named,
            lambda row: (Card(row).customer, Card(row).domain) if Card(row).customer in customers else "",
            lambda row: (Card(row).customer, Card(row).name) if Card(row).customer in customers else "",
            lambda row: (registrable(row.get("property_domain")), name_core(row.get("property_name"))),
            lambda row: (
                phone(row.get("property_phone"), row.get("property_country")),
                name_core(row.get("property_name")),
            ),
        ],
        apart=[pair for pair in [*family, *siblings] if frozenset(pair) not in decided_same],
        hidden=hidden,
    )


def the_only(found: Iterable[str]) -> str | None:
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


class CustomerMatcher:
    """Finds the company that a billing customer is."""

    def __init__(
        self,
        companies: Objects,
        contacts: Objects,
        decided: Decided,
        customers: Iterable[Row],
        decided_companies: Decided,
    ) -> None:
        self.companies = companies
        self.cards = {row["id"]: Card(row) for row in companies.rows.values()}
        self.copied = copied_customers(
            list(self.cards.values()), {frozenset(pair) for pair in decided_companies.same}
        )
        self.customers_at = Counter(canonical_email(row.get("email")) for row in customers)
        self.decided = decided
        self.found_by: dict[tuple[str, Hashable], list[str]] = defaultdict(list)
        for row in companies.rows.values():
            name = name_core(row.get("property_name"))
            number = phone(row.get("property_phone"), row.get("property_country"))
            self.found_by["customer", row.get("property_stripe_customer_id", "").strip()].append(row["id"])
            self.found_by["domain", (registrable(row.get("property_domain")), name)].append(row["id"])
            self.found_by["phone", (number, name)].append(row["id"])
        for row in contacts.rows.values():
            company = contacts.richest(row["id"], "property_associatedcompanyid")
            if company is not None and email(row.get("property_email")):
                self.found_by["email", email(row.get("property_email"))].append(company)

    def rules(self, customer: Row) -> Iterator[tuple[str, list[str]]]:
        """The companies that each rule names, in the order of the rules, with its name."""
        name = name_core(customer.get("name"))
        domain = email_domain(customer.get("email"))
        number = phone(customer.get("phone"), customer.get("address_country"))
        named = self.named_by(customer)
        if not named and self.is_of_copies(customer):
            return
        address = email(customer.get("email"))
        reached = self.found_by["email", address]
        yield "crm_property", named
        yield "email", reached if self.is_own_address(customer, reached) else []
        yield "domain_and_name", self.found_by["domain", (domain, name)] if domain and name else []
        yield "phone_and_name", self.found_by["phone", (number, name)] if number and name else []

    def cards_of(self, company: str) -> list[Card]:
        return [self.cards[row["id"]] for row in self.companies.members(company)]

    def is_abroad(self, customer: Row, company: str) -> bool:
        """Whether the customer's country is none of the company's."""
        known = {card.country for card in self.cards_of(company)} - {""}
        here = country(customer.get("address_country"))
        return bool(here and known) and here not in known

    def is_of_copies(self, customer: Row) -> bool:
        """Whether a card that names the customer was copied to another company's."""
        found = self.found_by["customer", customer["id"]]
        return (
            customer["id"] in self.copied and len({self.companies.survivor(company) for company in found}) > 1
        )

    def named_by(self, customer: Row) -> list[str]:
        """Companies whose card names the customer: of a card and its copies the one of its name, else the one
        of its address; none that has another name, domain and country."""
        name, domain = name_core(customer.get("name")), email_domain(customer.get("email"))
        found = self.found_by["customer", customer["id"]]
        reached = {
            self.companies.survivor(company)
            for company in self.found_by["email", email(customer.get("email"))]
        }
        of_address = [
            company
            for company in found
            if self.companies.survivor(company) in reached
            or (domain and domain in {card.domain for card in self.cards_of(company)})
        ]
        if self.is_of_copies(customer):
            of_name = [
                company
                for company in found
                if name and name in {card.name for card in self.cards_of(company)}
            ]
            return of_name or of_address
        return [
            company
            for company in found
            if company in of_address
            or not (
                name
                and any(card.name for card in self.cards_of(company))
                and all(card.name != name for card in self.cards_of(company))
                and domain
                and any(card.domain for card in self.cards_of(company))
                and self.is_abroad(customer, company)
            )
        ]

    def is_own_address(self, customer: Row, reached: Sequence[str]) -> bool:
        """Without a name only an address of the firm, or of a person of it, that no other customer has, says
        who it is; and it must not be in another country."""
        if "email" not in customer or name_core(customer.get("name")):
            return "email" in customer
        domain = email_domain(customer["email"])
        domains = {card.domain for company in reached for card in self.cards_of(company)} - {""}
        is_role = email(customer["email"]).partition("@")[0] in ROLES
        return (
            bool(domain)
            and (domain in domains if domains else not is_role)
            and self.customers_at[canonical_email(customer["email"])] == 1
            and not any(self.is_abroad(customer, company) for company in reached)
        )

    def company_of(self, customer: Row) -> tuple[str, str] | None:
        """The surviving company, by the first rule that names only one, and that rule; else none."""
        for pair in self.decided.same:
            if customer["id"] in pair:
                [other] = {*pair} - {customer["id"]}
                if self.companies.members(other):
                    return self.companies.survivor(other), "decision"
        refused = {frozenset(pair) for pair in self.decided.apart}
        for rule, found in self.rules(customer):
            company = the_only(
                self.companies.survivor(identity)
                for identity in found
                if self.companies.members(identity) and frozenset((customer["id"], identity)) not in refused
            )
            if company is not None:
                return company, rule
        return None


def read_customers(tables: Mapping[str, Sequence[Row]]) -> dict[str, Row]:
    """Billing customers, also those that only an invoice or a subscription names."""
    customers: dict[str, Row] = {
        row["id"]: row for row in tables.get("customer", []) if flag(row, "livemode", absent=True)
    }
    for table in ("invoice", "subscription"):
        for row in tables.get(table, []):
            if is_live(row):
                customers.setdefault(row["customer_id"], {"id": row["customer_id"]})
    return customers


def read_cards(landing: Path, table: str, as_of: datetime | None = None) -> list[Row]:
    return [row for row in read_rows(landing / "crm" / f"{table}.csv") if is_seen(row, as_of)]


def hidden_ids(landing: Path, table: str, as_of: datetime | None) -> frozenset[str]:
    """Of cards that are made later."""
    return frozenset(row["id"] for row in read_cards(landing, table) if not is_seen(row, as_of))


def read_identity(
    landing: Path, tables: Mapping[str, Sequence[Row]], as_of: datetime | None = None
) -> Identity:
    """Who is who in a landing folder.

    Args:
        tables: of billing.
        as_of: what was created from then on is not known; None where no clock was set.
    """
    decided = read_decisions(landing)
    cards, people = read_cards(landing, "company", as_of), read_cards(landing, "contact", as_of)
    hidden = {table: hidden_ids(landing, table, as_of) for table in ("company", "contact")}
    customers = read_customers(tables)
    companies = group_companies(cards, decided["company"], customers, hidden["company"])
    contacts = group_contacts(people, decided["contact"], companies, hidden["contact"], hidden["company"])
    matcher = CustomerMatcher(
        companies, contacts, decided["customer"], customers.values(), decided["company"]
    )
    matches = {
        customer: match
        for customer, row in customers.items()
        if (match := matcher.company_of(row)) is not None
    }
    found = {customer: company for customer, (company, _) in matches.items()}
    one_with = join_customers(found, customers, decided["customer"])
    methods = {customer: rule for customer, (_, rule) in matches.items()}
    return Identity(
        companies,
        contacts,
        customers,
        found,
        one_with,
        hidden["company"],
        methods=dict.fromkeys(found, "decision") | methods,
    )


def join_customers(found: dict[str, str], customers: Mapping[str, Row], decided: Decided) -> dict[str, str]:
    """Join customers that people have decided to be one: under the company of one of them, which the others
    are then of, else under a name of their own."""
    groups = Groups(customers, decided.apart)
    for left, right in decided.same:
        groups.join(left, right)
    named: dict[str, str] = {}
    for customer in customers:
        group = groups.group_of[customer]
        companies = {found[member] for member in group if member in found}
        if len(group) > 1 and len(companies) == 1:
            found |= dict.fromkeys(group, *companies)
        elif len(group) > 1 and not companies:
            named[customer] = min(group)
    return named


def objects_of(rows: Sequence[Row], group_of: Mapping[str, str]) -> Objects:
    """Cards in groups that somebody knows: by card, and by id that was merged away, the name of its group."""
    groups = Groups(group_of)
    groups.join_all_with_one(group_of.items())
    return Objects({row["id"]: row for row in rows}, groups)


def without_movers(
    people: Sequence[Row], contact_groups: Mapping[str, str], company_groups: Mapping[str, str]
) -> dict[str, str]:
    """Contacts in their groups, but alone who is known to be the same by nothing but a telephone number."""
    merged = {card for row in people if merged_ids(row) for card in (row["id"], *merged_ids(row))}
    members: dict[str, list[Row]] = defaultdict(list)
    for row in people:
        members[contact_groups[row["id"]]].append(row)

    def company(row: Row) -> str | None:
        return company_groups.get(row.get("property_associatedcompanyid", ""))

    def is_one(row: Row, other: Row) -> bool:
        mailbox = canonical_email(row.get("property_email"))
        if mailbox and mailbox == canonical_email(other.get("property_email")):
            return True
        return None in (company(row), company(other)) or company(row) == company(other)

    groups = dict(contact_groups)
    for group, rows in members.items():
        for row in rows:
            others = [other for other in rows if other is not row]
            if row["id"] not in merged and others and not any(is_one(row, other) for other in others):
                groups[row["id"]] = f"{group} {row['id']}"
    return groups


def told_identity(
    landing: Path,
    *,
    company_groups: Mapping[str, str],
    contact_groups: Mapping[str, str],
    customer_groups: Mapping[str, str],
) -> Identity:
    """Who is who by somebody who knows, such as the one who made the export up.

    A card that says nothing but a name is one with no other and no customer, and two people of two companies
    are not one for a telephone number alone: that is for people to decide.

    Args:
        company_groups: by card, and by id that was merged away, the name of what it is one with.
        contact_groups: likewise.
        customer_groups: by billing customer the same names as of companies.
    """
    tables = {
        table: read_rows(landing / "billing" / f"{table}.csv")
        for table in ("customer", "invoice", "subscription")
    }
    cards, people = read_cards(landing, "company"), read_cards(landing, "contact")
    customers = read_customers(tables)
    merged = {card for row in cards if merged_ids(row) for card in (row["id"], *merged_ids(row))}
    written_to: dict[str, set[str]] = defaultdict(set)
    for row in people:
        written_to[row.get("property_associatedcompanyid", "")].add(email_domain(row.get("property_email")))
    domains: dict[str, set[str]] = defaultdict(set)
    for customer, group in customer_groups.items():
        domains[group].add(email_domain(customers.get(customer, {}).get("email")))
    groups = dict(company_groups)
    for row in cards:
        says_more = any(column in row for column in SAY_WHO_IT_IS) or row["id"] in merged
        if not says_more and not (written_to[row["id"]] & domains[groups[row["id"]]]) - {""}:
            groups[row["id"]] = f"only {row['id']}"
    companies = objects_of(cards, groups)
    survivors = {group: companies.survivor(card) for card, group in groups.items()}
    return Identity(
        companies,
        objects_of(people, without_movers(people, contact_groups, groups)),
        customers,
        {customer: survivors[group] for customer, group in customer_groups.items() if group in survivors},
    )
