"""Cards, deals, tickets and histories written by hand: cases of the CRM that chance may not bring.

Companies here were never billed, or are planted customers (see ``planted``) to which something is added; so
their ids do not depend on the seed. README.md lists them (``python -m seeds.generator --list-planted``). What
is the same in truth is noted beside each card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seeds.generator.contacts import Contact, contact_id
from seeds.generator.deals import NEW_BUSINESS, WON, Deal, deal_id, make_deal
from seeds.generator.facts import Company
from seeds.generator.moments import DAY, HOUR, MINUTE, instant, next_sync
from seeds.generator.randomness import record_number
from seeds.generator.records import CompanyCard, record_id
from seeds.generator.tables import Row
from seeds.generator.tickets import team_of, ticket_id
from seeds.generator.truth import COMPANY, CONTACT, Truth


@dataclass(frozen=True, slots=True)
class CrmCase:
    """A case: what it shows, the ids to look up, and in which tables."""

    key: str
    shows: str
    ids: tuple[str, ...]
    tables: str


# -- companies -----------------------------------------------------------------------------------------------

_MADE = instant(2024, 3, 4, 10)


@dataclass(frozen=True, slots=True)
class _Card:
    """A card of a case: ``entity`` is the company that it is of in truth, by default one of its own."""

    key: str
    name: str | None
    domain: str | None
    phone: str | None
    country: str | None
    entity: str | None = None
    parent: str | None = None
    merged: tuple[str, ...] = ()
    is_deleted: bool = False
    created: int = _MADE
    city: str | None = None
    employees: int | None = 80
    industry: str | None = "RETAIL"


@dataclass(frozen=True, slots=True)
class _Group:
    """Cards to be looked at together. ``differ``: pairs that look alike and are not, with how."""

    key: str
    shows: str
    cards: tuple[_Card, ...]
    why: str = ""
    differ: tuple[tuple[str, str, str], ...] = ()


_GROUPS: tuple[_Group, ...] = (
    _Group(
        "accents",
        "Accents, capitals and a Mexican legal form: one company",
        (
            _Card("nunez", "Panadería Núñez e Hijos, S.A. de C.V.", "panaderia-nunez.example",
                  "+52 81 5550 0161", "México", "nunez"),
            _Card("nunez-2", "PANADERIA NUNEZ E HIJOS", "www.panaderia-nunez.example", None, "Mexico",
                  "nunez", created=_MADE + 90 * DAY, industry=None),
        ),
        "domain and name",
    ),
    _Group(
        "ampersand",
        "`&` and `and`, Ltd and Limited, one telephone number in two spellings, no domain",
        (
            _Card("thornfield", "Thornfield & Sons Ltd", None, "0113 496 0171", "UK", "thornfield"),
            _Card("thornfield-2", "Thornfield and Sons Limited", None, "+44 (0)113 496 0171", "England",
                  "thornfield", created=_MADE + 30 * DAY),
        ),
        "phone and name",
    ),
    _Group(
        "kabushiki_kaisha",
        "A Japanese legal form before the name and behind it, digits of full width",
        (
            _Card("hoshizora", "Hoshizora Denki K.K.", "hoshizora-denki.example", "+81 22 555 0172", "Japan",
                  "hoshizora"),
            _Card("hoshizora-2", "株式会社 Hoshizora Denki", "hoshizora-denki.example",
                  "０２２ ５５５ ０１７２", "日本", "hoshizora", created=_MADE + 45 * DAY),
        ),
        "domain and name",
    ),
    _Group(
        "vanity_number",
        "Letters for digits: 555-CARE is 555-2273",
        (
            _Card("clearline", "Clearline Dental", None, "+1 614-555-CARE", "US", "clearline"),
            _Card("clearline-2", "Clearline Dental LLC", None, "(614) 555-2273", "USA", "clearline",
                  created=_MADE + 12 * DAY),
        ),
        "phone and name",
    ),
    _Group(
        "site_for_domain",
        "The address of a site, with a port and a path, for the domain",
        (
            _Card("trellis", "Trellis Works", "https://www.Trellis-Works.example:443/en/?utm_source=crm",
                  None, "Ireland", "trellis"),
            _Card("trellis-2", "Trellis Works DAC", "shop.trellis-works.example", "021 555 0173", "IE",
                  "trellis", created=_MADE + 70 * DAY),
        ),
        "domain and name",
    ),
    _Group(
        "namibia",
        "`NA` is a country, `n/a` is none",
        (
            _Card("kudu", "Kudu Freight (Pty) Ltd", "kudu-freight.example", "061 555 012", "NA", "kudu",
                  city="Windhoek"),
            _Card("kudu-2", "Kudu Freight", "kudu-freight.example", "+264 61 555 012", "Namibia", "kudu",
                  created=_MADE + 20 * DAY),
            _Card("nowhere", "Palisade Research", "palisade-research.example", None, "n/a"),
            _Card("wide", "Wharfside Trading", "wharfside-trading.example", None, "EMEA"),
        ),
        "domain and name",
    ),
    _Group(
        "nearly_one_name",
        "Three firms with nearly one name, in three countries",
        (
            _Card("meridian-gb", "Meridian Data Systems Ltd", "meridian-data.example", "+44 113 496 0174",
                  "United Kingdom"),
            _Card("meridian-us", "Meridian Date Systems, Inc.", "meridian-date.example", "+1 919-555-0174",
                  "United States"),
            _Card("meridian-au", "Meridian Data Systems", "mds.example", "+61 7 5550 0174", "Australia"),
        ),
        differ=(
            ("meridian-gb", "meridian-us", "nearly one name"),
            ("meridian-gb", "meridian-au", "one name in two countries"),
            ("meridian-us", "meridian-au", "nearly one name"),
        ),
    ),
    _Group(
        "subsidiaries",
        "A parent with two subsidiaries on its domain: three companies",
        (
            _Card("voltaro", "Voltaro Energy AG", "voltaro.example", "+49 341 23125 175", "Germany",
                  employees=900, industry="UTILITIES"),
            _Card("voltaro-es", "Voltaro Energy, S.L.", "voltaro.example", "+34 976 555 075", "Spain",
                  parent="voltaro", industry="UTILITIES"),
            _Card("voltaro-gb", "Voltaro Energy Ltd", "voltaro.example/uk", "+44 113 496 0175", "UK",
                  parent="voltaro", industry="UTILITIES"),
        ),
        differ=(
            ("voltaro", "voltaro-es", "parent and subsidiary on one domain"),
            ("voltaro", "voltaro-gb", "parent and subsidiary on one domain"),
            ("voltaro-es", "voltaro-gb", "subsidiaries on one domain"),
        ),
    ),
    _Group(
        "one_switchboard",
        "Two firms in one business centre have its telephone number",
        (
            _Card("fjord", "Fjord Analytics", "fjord-analytics.example", "+353 21 555 0176", "Ireland"),
            _Card("pelham", "Pelham Legal LLP", "pelham-legal.example", "021 555 0176", "Ireland"),
        ),
        differ=(("fjord", "pelham", "one telephone number"),),
    ),
    _Group(
        "provider_s_domain",
        "Two firms whose domain is that of their mail provider",
        (
            _Card("backstube", "Backstube Eichstädt", "t-online.de", "+49 341 23125 177", "Deutschland"),
            _Card("radhaus", "Radhaus Trautmann", "t-online.de", "+49 341 23125 178", "Deutschland"),
        ),
        differ=(("backstube", "radhaus", "domain of a mail provider"),),
    ),
    _Group(
        "merged_twice",
        "A card went into another one after a third had gone into it: the middle one is marked deleted",
        (
            _Card("kelpie", "Kelpie Marine", "kelpie-marine.example", "+44 113 496 0179", "UK", "kelpie",
                  merged=("kelpie-middle",)),
            _Card("kelpie-middle", "Kelpie Marine Ltd", "kelpie-marine.example", None, "UK", "kelpie",
                  merged=("kelpie-first",), is_deleted=True, created=_MADE - 80 * DAY),
        ),
        "merged",
    ),
    _Group(
        "parents_in_a_circle",
        "Two companies that are each other's parent, one that is its own",
        (
            _Card("ouro", "Ouro Holdings", "ouro-holdings.example", None, "ZA", parent="boros"),
            _Card("boros", "Boros Capital", "boros-capital.example", None, "ZA", parent="ouro"),
            _Card("narcis", "Narcis Trust", "narcis-trust.example", None, "NL", parent="narcis"),
        ),
    ),
    _Group(
        "parents_gone",
        "A parent that is in no export, one whose id was merged away, and a grandparent",
        (
            _Card("orphan", "Wayfare Tours", "wayfare-tours.example", None, "FR", parent="not in the export"),
            _Card("ward", "Kelpie Charter", "kelpie-charter.example", None, "UK", parent="kelpie-first"),
            _Card("grandchild", "Voltaro Solar", "voltaro-solar.example", None, "ES", parent="voltaro-es"),
        ),
    ),
    _Group(
        "hardly_anything",
        "Cards without a name, without a domain, with a number that is none, with nothing",
        (
            _Card("nameless", None, "nameless-works.example", None, None, employees=None, industry=None),
            _Card("numberless", "Ravelin Print", None, "call Dora", "GB", employees=None, industry=None),
            _Card("nothing", None, None, None, None, employees=None, industry=None),
        ),
    ),
    _Group(
        "sectors_nobody_maps",
        "Industries outside of the list, one written by hand",
        (
            _Card("whale", "Fathom Tours", "fathom-tours.example", None, "AU", industry="WHALE_WATCHING"),
            _Card("hand", "Quayside Foods", "quayside-foods.example", None, "IE", industry="food & drink"),
        ),
    ),
)  # fmt: skip


def planted_card_id(key: str) -> str:
    """The id of a planted company card."""
    return record_id("planted card", key)


def planted_companies(horizon: int, truth: Truth) -> Iterator[CompanyCard]:
    """The cards of all groups that were made by the export."""
    for group in _GROUPS:
        known = {card.key for card in group.cards if card.created <= horizon}
        for card in group.cards:
            if card.key in known:
                yield _company_card(card, truth, group.why if card.entity else "")
        for left, right, why in group.differ:
            if {left, right} <= known:
                truth.differ(COMPANY, planted_card_id(left), planted_card_id(right), why)


def _company_card(card: _Card, truth: Truth, why: str) -> CompanyCard:
    identity = planted_card_id(card.key)
    entity = f"planted card/{card.entity or card.key}"
    truth.card(COMPANY, identity, entity, card.created, why)
    for key in card.merged:
        truth.merged_away(COMPANY, planted_card_id(key), entity)
    return CompanyCard(
        id=identity,
        name=card.name,
        domain=card.domain,
        phone=card.phone,
        industry=card.industry,
        country=card.country,
        city=card.city,
        employees=card.employees,
        revenue=None,
        stage="lead",
        created=card.created,
        source="OFFLINE",
        deployment=None,
        parent=None if card.parent is None else planted_card_id(card.parent),
        merged=tuple(planted_card_id(key) for key in card.merged),
        is_deleted=card.is_deleted,
        changed=card.created,
    )


# -- contacts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Person:
    """A contact of a case; ``company`` is the key of a planted card."""

    key: str
    email: str | None
    first: str | None
    last: str | None
    phone: str | None = None
    company: str | None = None
    entity: str | None = None
    country: str | None = None
    merged: tuple[str, ...] = ()
    is_deleted: bool = False
    created: int = _MADE + 2 * HOUR


@dataclass(frozen=True, slots=True)
class _People:
    """Contacts to be looked at together."""

    key: str
    shows: str
    contacts: tuple[_Person, ...]
    why: str = ""
    differ: tuple[tuple[str, str, str], ...] = ()


_PEOPLE: tuple[_People, ...] = (
    _People(
        "from_namibia",
        "A person whose country is `NA`",
        (
            _Person("tuli", "tuli.shikongo@kudu-freight.example", "Tuli", "Shikongo", "061 555 013", "kudu",
                    country="NA"),
        ),
    ),
    _People(
        "two_people_one_name",
        "One name at two companies, and with two providers",
        (
            _Person("ruth-fjord", "ruth.pemberton@fjord-analytics.example", "Ruth", "Pemberton",
                    company="fjord"),
            _Person("ruth-kelpie", "ruth.pemberton@kelpie-marine.example", "Ruth", "Pemberton",
                    company="kelpie"),
            _Person("ruth-gmail", "ruth.pemberton.example@gmail.com", "Ruth", "Pemberton"),
            _Person("ruth-gmx", "ruth.pemberton.example@gmx.de", "Ruth", "Pemberton"),
        ),
        differ=(
            ("ruth-fjord", "ruth-kelpie", "one name at two companies"),
            ("ruth-gmail", "ruth-gmx", "one name with two providers"),
        ),
    ),
    _People(
        "shared_telephone",
        "Three people behind one telephone number",
        (
            _Person("sven", "sven.hoekstra@trellis-works.example", "Sven", "Hoekstra", "+353 21 555 0173",
                    "trellis"),
            _Person("nora", "nora.venables@trellis-works.example", "Nora", "Venables", "021 555 0173",
                    "trellis"),
            _Person("reception", "office@trellis-works.example", None, None, "00353 21 555 0173", "trellis"),
        ),
        differ=(
            ("sven", "nora", "one telephone number"),
            ("sven", "reception", "one telephone number"),
        ),
    ),
    _People(
        "moved_on",
        "One person with one mobile number, first at one company and then at another",
        (
            _Person("ilse-1", "ilse.wijnand@pelham-legal.example", "Ilse", "Wijnand", "+31 6 12345678",
                    "pelham", "ilse", "NL"),
            _Person("ilse-2", "i.wijnand@fjord-analytics.example", "Ilse", "Wijnand", "06 1234 5678",
                    "fjord", "ilse", "NL", created=_MADE + 300 * DAY),
        ),
        "phone and name",
    ),
    _People(
        "umlaut_domain",
        "A domain with an umlaut, once as it reads and once as it is sent",
        (
            _Person("info-1", "doerte.jaeger@bücherwerk.example", "Dörte", "Jäger", entity="doerte"),
            _Person("info-2", "doerte.jaeger@xn--bcherwerk-q9a.example", "Dörte", "Jäger", entity="doerte",
                    created=_MADE + 9 * DAY),
        ),
        "e-mail",
    ),
    _People(
        "no_address",
        "Contacts without an e-mail address, with one that is none, and with nothing at all",
        (
            _Person("by-phone", None, "Otto", "Lüders", "0341 23125 181", country="Germany"),
            _Person("no-at", "not an address", "Vera", "Carmody"),
            _Person("blank", None, None, None),
        ),
    ),
    _People(
        "unknown_company",
        "A company that is in no export, and one whose id was merged away",
        (
            _Person("lost", "bram.dijkstra@elsewhere.example", "Bram", "Dijkstra",
                    company="not in the export"),
            _Person("kept", "keith.mottram@kelpie-marine.example", "Keith", "Mottram",
                    company="kelpie-first"),
        ),
    ),
    _People(
        "deleted_and_merged",
        "A card marked deleted, and one with the ids of two others",
        (
            _Person("deleted", "lorna.jessop@voltaro.example", "Lorna", "Jessop", company="voltaro",
                    is_deleted=True),
            _Person("merged", "gareth.quiller@voltaro.example", "Gareth", "Quiller", company="voltaro-gb",
                    merged=("merged-1", "merged-2")),
        ),
    ),
)  # fmt: skip


def planted_contact_id(key: str) -> str:
    """The id of a planted contact."""
    return contact_id("planted contact", key)


def planted_contacts(horizon: int, truth: Truth) -> Iterator[Contact]:
    """The contacts of all groups that were made by the export."""
    for people in _PEOPLE:
        known = {person.key for person in people.contacts if person.created <= horizon}
        for person in people.contacts:
            if person.key in known:
                yield _contact(person, truth, people.why if person.entity else "")
        for left, right, why in people.differ:
            if {left, right} <= known:
                truth.differ(CONTACT, planted_contact_id(left), planted_contact_id(right), why)


def _contact(person: _Person, truth: Truth, why: str) -> Contact:
    identity = planted_contact_id(person.key)
    entity = f"planted contact/{person.entity or person.key}"
    truth.card(CONTACT, identity, entity, person.created, why)
    for key in person.merged:
        truth.merged_away(CONTACT, planted_contact_id(key), entity)
    return Contact(
        id=identity,
        email=person.email,
        first=person.first,
        last=person.last,
        phone=person.phone,
        title=None,
        role=None,
        country=person.country,
        created=person.created,
        stage="subscriber",
        status=None,
        company_id=None if person.company is None else planted_card_id(person.company),
        source="OFFLINE",
        merged=tuple(planted_contact_id(key) for key in person.merged),
        is_deleted=person.is_deleted,
    )


# -- what is added to planted customers ----------------------------------------------------------------------

# Whose first contact is the company: a sole trader.
SOLE_TRADERS = frozenset({"freemium"})

# Earlier values of what stands on the card, by planted customer: (property, value, from when). The last one
# of a property is what the card says.
HISTORIES: dict[str, tuple[str, tuple[tuple[str, str, int], ...]]] = {
    "two_yearly": (
        "250 employees from the last second of March 2024, below in June, back at midnight of 1 July",
        (
            ("numberofemployees", "180", instant(2023, 1, 10)),
            ("numberofemployees", "250", instant(2024, 3, 31, 23, 59) + 59),
            ("numberofemployees", "249", instant(2024, 6, 12, 9)),
            ("numberofemployees", "250", instant(2024, 7, 1)),
        ),
    ),
    "leap_day": (
        "From retail to software in the middle of a month",
        (
            ("industry", "RETAIL", instant(2024, 2, 20)),
            ("industry", "COMPUTER_SOFTWARE", instant(2024, 11, 15, 14)),
        ),
    ),
    "month_length": (
        "The card moves from Canada to the United States at the turn of a month",
        (
            ("country", "Canada", instant(2024, 8, 20)),
            ("country", "United States", instant(2025, 2, 1)),
        ),
    ),
    "volume_edge": (
        "Another industry for two weeks inside one month",
        (
            ("industry", "COMPUTER_SOFTWARE", instant(2023, 2, 20)),
            ("industry", "RETAIL", instant(2024, 5, 6, 9)),
            ("industry", "COMPUTER_SOFTWARE", instant(2024, 5, 20, 9)),
        ),
    ),
    "tier_split": (
        "The industry was taken away",
        (("industry", "COMPUTER_SOFTWARE", instant(2023, 6, 1)), ("industry", "", instant(2025, 5, 2, 9))),
    ),
    "up_and_down": (
        "The history begins a year after the card",
        (("numberofemployees", "120", instant(2024, 9, 2, 9)),),
    ),
}  # fmt: skip


def with_history(
    card: CompanyCard, case: str, horizon: int
) -> tuple[CompanyCard, dict[str, list[tuple[int, str]]]]:
    """The card of a planted customer as its history leaves it, and the history by property."""
    values: dict[str, list[tuple[int, str]]] = {}
    now = replace(card)
    for name, value, at in HISTORIES[case][1]:
        if at <= horizon:
            values.setdefault(name, []).append((at, value))
            now.changed = max(now.changed, at)
            if name == "numberofemployees":
                now.employees = int(value)
            else:
                setattr(now, name, value or None)
    return now, values


DEAL_FLAWS = {
    "refund_full": "The amount has a zero too many",
    "refund_part": "Won without an amount",
    "packs_rounded_up": "The amount is that of a month",
    "included_units": "Won ten weeks after the first bill",
    "one_of_two": "Won two months before the first bill",
    "came_back": "Lost, opened again and won",
    "customer_coupon": "A stage that is in no pipeline",
    "dispute_won": "Of two companies",
    "dispute_open": "Of no company",
    "credit_note_voided": "Marked deleted",
    "trial_converted": "Without a kind, an owner or a name",
    "trial_not_converted": "Won, and never billed",
}
REOPENED, OF_TWO_COMPANIES, OF_NO_COMPANY = "came_back", "dispute_won", "dispute_open"
DELETED_DEAL, BARE = "credit_note_voided", "trial_converted"
_NOT_A_STAGE = "appointmentscheduled_2021"


def flawed(deal: Deal, case: str | None) -> Deal:
    """The deal of a planted customer with what is wrong with it, others as they are."""
    closed_at, closed = deal.closings[-1]
    cents = deal.amounts[-1][1] or 0
    match case:
        case "refund_full":
            return replace(deal, amounts=(*deal.amounts[:-1], (deal.amounts[-1][0], cents * 10)))
        case "refund_part":
            return replace(deal, amounts=((deal.created, None),))
        case "packs_rounded_up":
            return replace(deal, amounts=(*deal.amounts[:-1], (deal.amounts[-1][0], cents // 12)))
        case "included_units" | "one_of_two":
            moved = (70 if case == "included_units" else -60) * DAY
            created = min(deal.created, closed + moved - 20 * DAY)
            stages = ((created, deal.stages[0][1]), (closed_at + moved, deal.stages[-1][1]))
            return replace(
                deal,
                created=created,
                stages=stages,
                amounts=((created, cents),),
                closings=((created, closed + moved),),
            )
        case "customer_coupon":
            return replace(deal, stages=((deal.created - DAY, _NOT_A_STAGE), *deal.stages))
    return deal


def won_for_nothing(company: Company, case: str | None) -> Deal | None:
    """A deal that was won with a planted customer who was never billed."""
    if case != "trial_not_converted":
        return None
    closed = company.created + 12 * DAY
    return make_deal(f"{company.key}/deal/1", NEW_BUSINESS, (closed - 30 * DAY, closed), WON, 4_800_00)


# -- tickets -------------------------------------------------------------------------------------------------

TICKET_CASE = "volume_edge"


@dataclass(frozen=True, slots=True)
class _Ticket:
    shows: str
    opened: int
    replied: int | None
    closed: int | None
    subject: str = "Cannot sign in after the update"
    priority: str | None = "MEDIUM"


_TICKETS: tuple[_Ticket, ...] = (
    _Ticket("Opened on a Saturday, answered on Monday morning", instant(2024, 5, 4, 11),
            instant(2024, 5, 6, 9, 20), instant(2024, 5, 6, 12)),
    _Ticket("Opened and answered on a Sunday", instant(2024, 5, 12, 14), instant(2024, 5, 12, 16),
            instant(2024, 5, 12, 17)),
    _Ticket("Opened before opening, answered at night", instant(2024, 6, 11, 4), instant(2024, 6, 11, 22, 30),
            instant(2024, 6, 12, 9)),
    _Ticket("On Christmas Day, answered after Boxing Day", instant(2024, 12, 25, 10),
            instant(2024, 12, 27, 10, 45), instant(2024, 12, 27, 15)),
    _Ticket("Over New Year", instant(2024, 12, 31, 16, 30), instant(2025, 1, 2, 11), instant(2025, 1, 2, 13)),
    _Ticket("Over the change to summer time in America", instant(2024, 3, 8, 17), instant(2024, 3, 11, 15),
            instant(2024, 3, 11, 16)),
    _Ticket("Over the change to winter time in Europe", instant(2024, 10, 25, 15), instant(2024, 10, 28, 11),
            instant(2024, 10, 28, 12)),
    _Ticket("Exactly four hours, 10:00 to 14:00", instant(2024, 7, 9, 10), instant(2024, 7, 9, 14),
            instant(2024, 7, 9, 15)),
    _Ticket("A minute more than four hours", instant(2024, 7, 10, 10), instant(2024, 7, 10, 14, 1),
            instant(2024, 7, 10, 15)),
    _Ticket("Closed without an answer", instant(2024, 8, 6, 9), None, instant(2024, 8, 8, 9)),
    _Ticket("Never answered, still open", instant(2024, 9, 3, 13), None, None, priority="HIGH"),
    _Ticket("Opened in the last hours of the export's day", instant(2026, 1, 1, 1), None, None),
    _Ticket("Opened in the last second of a month, without a priority", instant(2024, 11, 30, 23, 59) + 59,
            instant(2024, 12, 2, 10), instant(2024, 12, 2, 11), priority=None),
    _Ticket("Names a person, an address and a number", instant(2025, 2, 4, 10), instant(2025, 2, 4, 10, 25),
            instant(2025, 2, 4, 12),
            "Harriet Jessop (harriet.jessop@volume-edge.example, +1 202-555-0143) is locked out"),
)  # fmt: skip


def planted_tickets(company: Company, record: str, horizon: int) -> Iterator[Row]:
    """Tickets outside office hours, on holidays, at the edges of the agreed time, and without an answer."""
    for ticket in _TICKETS:
        if ticket.opened > horizon:
            continue
        replied, closed = (
            moment if moment is not None and moment <= horizon else None
            for moment in (ticket.replied, ticket.closed)
        )
        changed = max(moment for moment in (ticket.opened, replied, closed) if moment is not None)
        yield (
            ticket_id(company.key, ticket.opened, record), record, ticket.opened, replied, closed,
            ticket.priority, "TECHNICAL", ticket.subject, None if closed is None else "15.0",
            team_of(company, ticket.opened), min(next_sync(changed), horizon),
        )  # fmt: skip


# -- visits --------------------------------------------------------------------------------------------------


def planted_visits(contact: str) -> Iterator[Row]:
    """Visits at the turn of a month, of one browser from two sides, and with an address in the page."""
    site = "https://managed.example"
    turn = instant(2024, 2, 1)
    for at, source, page, browser, known in (
        (turn - 1, "organic", "/", "PlantedTwo", None),
        (turn, "paid", "/", "PlantedTwo", None),
        (turn + 5 * MINUTE, "direct", "/", "PlantedTwo", None),
        (turn + DAY, "organic", "/pricing?email=harriet.jessop%40volume-edge.example", "PlantedOne", contact),
        (turn + 2 * DAY, "direct", "/pricing#plans", "PlantedOne", contact),
        (turn + 3 * DAY, None, "/", "PlantedNon", None),
    ):
        yield browser, known, at, source, f"{site}{page}", None, False, False
    yield "PlantedBot", None, turn + 4 * DAY, "organic", f"{site}/pricing", None, True, False
    yield "PlantedOne", contact, turn + 5 * DAY, "direct", f"{site}/", None, None, None
    # Somebody else at the same browser.
    other = planted_contact_id("kept")
    yield "PlantedOne", contact, turn + 40 * DAY, "direct", f"{site}/", None, False, False
    yield "PlantedOne", other, turn + 41 * DAY, "organic", f"{site}/", None, False, False


# -- answers -------------------------------------------------------------------------------------------------

_ANSWERS: tuple[tuple[str, int, int, str | None], ...] = (
    ("nps-2024-H1", instant(2024, 6, 30, 23, 59) + 59, 9, None),
    ("nps-2024-H2", instant(2024, 7, 1), 3, "Ask Harriet Jessop on +1 202-555-0143, she knows why"),
    ("nps-2025-H1", instant(2025, 3, 31, 23, 59) + 59, 10, None),
    ("nps-2025-H1", instant(2025, 4, 1), 6, None),
    ("nps-2025-H2", instant(2025, 10, 20, 12), 10, None),
    ("nps-2025-H2", instant(2025, 10, 20, 12), 0, None),
)


def planted_answers(contact: str, record: str, horizon: int) -> Iterator[Row]:
    """Answers of one contact at the turns of half-years and quarters, two of them in one second."""
    for number, (survey, at, value, comment) in enumerate(_ANSWERS, start=1):
        if at <= horizon:
            synced = min(next_sync(at), horizon)
            yield _answer_id(number), contact, record, survey, value, at, comment, synced


def _answer_id(number: int) -> str:
    return record_number("planted answer", number)


# -- the list ------------------------------------------------------------------------------------------------


def crm_cases() -> list[CrmCase]:
    """All planted cases of the CRM, in a fixed order."""
    cases = [
        CrmCase(group.key, group.shows, tuple(planted_card_id(card.key) for card in group.cards), "company")
        for group in _GROUPS
    ]
    cases += [
        CrmCase(
            people.key, people.shows, tuple(planted_contact_id(person.key) for person in people.contacts),
            "contact",
        )
        for people in _PEOPLE
    ]  # fmt: skip
    cases += [
        CrmCase(f"history of {case}", shows, (record_id(f"planted/{case}"),), "company_property_history")
        for case, (shows, _) in HISTORIES.items()
    ]
    cases += [
        CrmCase(
            f"deal of {case}", shows, (deal_id(f"planted/{case}/deal/1"),), "deal, deal_stage, deal_company"
        )
        for case, shows in DEAL_FLAWS.items()
    ]
    cases += [
        CrmCase(
            f"ticket {number}", ticket.shows,
            (ticket_id(f"planted/{TICKET_CASE}", ticket.opened, record_id(f"planted/{TICKET_CASE}")),),
            "ticket",
        )
        for number, ticket in enumerate(_TICKETS, start=1)
    ]  # fmt: skip
    cases.append(
        CrmCase(
            "answers of one contact",
            "At the turns of half-years and quarters, two in one second; a comment that names a person",
            tuple(_answer_id(number) for number in range(1, len(_ANSWERS) + 1)),
            "feedback_submission",
        )
    )
    cases.append(
        CrmCase(
            "visits",
            "At the turn of a month by two sources, with an address in the page, without a source or marks; "
            "two people at one browser",
            ("PlantedOne", "PlantedTwo", "PlantedNon", "PlantedBot"),
            "web_visit",
        )
    )
    return cases
