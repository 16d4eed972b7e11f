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
    return " ".join(kept[1:] if kept[:1] == ["the"] else kept)


def email(text: str | None) -> str:
    return plain(text)


def canonical_email(text: str | None) -> str:
    """The mailbox behind aliases: without what follows a plus, and of Gmail without dots."""
    local, _, domain = email(text).partition("@")
    local = local.partition("+")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if domain else ""


def email_domain(text: str | None) -> str:
    """Of the firm; none where anybody can have an address."""
    domain = email(text).partition("@")[2]
    return "" if domain in FREE_MAIL else registrable(domain)


def registrable(text: str | None) -> str:
    """What somebody registered, of a domain or an address on the web."""
    host = plain(text).partition("://")[2] or plain(text)
    labels = host.partition("/")[0].partition(":")[0].strip(".").split(".")
    count = 3 if ".".join(labels[-2:]) in SUFFIXES_OF_TWO_PARTS else 2
    return ".".join(labels[-count:]) if len(labels) > 1 else ""


def phone(text: str | None, country: str | None) -> str:
    """In the form that is dialled from abroad."""
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
        hidden_companies: those that are not known yet: nobody's.
        methods: how the company of a customer was found; None where somebody told who is who.
    """

    companies: Objects
    contacts: Objects
    customers: dict[str, Row]
    company_of_customer: dict[str, str]
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
    return " ".join(words(f"{row.get('property_firstname', '')} {row.get('property_lastname', '')}"))


def group_contacts(rows: Sequence[Row], decided: Decided, hidden: Collection[str] = ()) -> Objects:
    return grouped(
        rows,
        decided,
        [
            lambda row: email(row.get("property_email")),
            lambda row: (canonical_email(row.get("property_email")), person(row)),
            lambda row: (email_domain(row.get("property_email")), person(row)),
            lambda row: (phone(row.get("property_phone"), row.get("property_country")), person(row)),
        ],
        hidden=hidden,
    )


def group_companies(rows: Sequence[Row], decided: Decided, hidden: Collection[str] = ()) -> Objects:
    family = [
        (row["id"], row["property_hs_parent_company_id"])
        for row in rows
        if "property_hs_parent_company_id" in row and row["property_hs_parent_company_id"] != row["id"]
    ]
    decided_same = {frozenset(pair) for pair in decided.same}
    return grouped(
        rows,
        decided,
        [
            lambda row: row.get("property_stripe_customer_id", "").strip(),
            lambda row: (registrable(row.get("property_domain")), name_core(row.get("property_name"))),
            lambda row: (
                phone(row.get("property_phone"), row.get("property_country")),
                name_core(row.get("property_name")),
            ),
        ],
        apart=[pair for pair in family if frozenset(pair) not in decided_same],
        hidden=hidden,
    )


def the_only(found: Iterable[str]) -> str | None:
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


class CustomerMatcher:
    """Finds the company that a billing customer is."""

    def __init__(
        self, companies: Objects, contacts: Objects, decided: Decided, customers: Iterable[Row]
    ) -> None:
        self.companies = companies
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
            if company is not None:
                self.found_by["email", email(row.get("property_email"))].append(company)

    def rules(self, customer: Row) -> Iterator[tuple[str, list[str]]]:
        """The companies that each rule names, in the order of the rules, with its name."""
        name = name_core(customer.get("name"))
        domain = email_domain(customer.get("email"))
        number = phone(customer.get("phone"), customer.get("address_country"))
        address = email(customer.get("email"))
        yield "crm_property", self.found_by["customer", customer["id"]]
        yield "email", self.found_by["email", address] if self.is_own_address(customer) else []
        yield "domain_and_name", self.found_by["domain", (domain, name)] if domain and name else []
        yield "phone_and_name", self.found_by["phone", (number, name)] if number and name else []

    def is_own_address(self, customer: Row) -> bool:
        """Without a name only an address of a firm that no other customer has says who it is."""
        if "email" not in customer or name_core(customer.get("name")):
            return "email" in customer
        return (
            bool(email_domain(customer["email"]))
            and self.customers_at[canonical_email(customer["email"])] == 1
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
    companies = group_companies(cards, decided["company"], hidden["company"])
    contacts = group_contacts(people, decided["contact"], hidden["contact"])
    customers = read_customers(tables)
    matcher = CustomerMatcher(companies, contacts, decided["customer"], customers.values())
    found = {
        customer: match
        for customer, row in customers.items()
        if (match := matcher.company_of(row)) is not None
    }
    return Identity(
        companies,
        contacts,
        customers,
        {customer: company for customer, (company, _) in found.items()},
        hidden_companies=hidden["company"],
        methods={customer: rule for customer, (_, rule) in found.items()},
    )


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
