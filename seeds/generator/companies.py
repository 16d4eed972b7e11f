"""Who the vendor's customers are: names, places, industries and sizes of invented companies.

All of it is made up: names are combined from word lists, domains end in the reserved ``.example``, telephone
numbers come from ranges kept for fiction where the country has one. What a company buys is the simulation's.
"""

from __future__ import annotations

from dataclasses import dataclass

from seeds.generator.facts import Company
from seeds.generator.randomness import Stream


@dataclass(frozen=True, slots=True)
class _Place:
    country: str
    city: str
    postal_code: str
    phone: str
    currency: str
    tax_per_thousand: int


_PLACES: tuple[tuple[int, _Place], ...] = (
    (14, _Place("US", "Columbus", "43215", "+1 614-555-01", "USD", 0)),
    (12, _Place("US", "Denver", "80202", "+1 303-555-01", "USD", 0)),
    (10, _Place("US", "Raleigh", "27601", "+1 919-555-01", "USD", 0)),
    (6, _Place("CA", "Toronto", "M5H 2N2", "+1 416-555-01", "USD", 130)),
    (4, _Place("SG", "Singapore", "048616", "+65 6555 01", "USD", 90)),
    (4, _Place("AU", "Brisbane", "4000", "+61 7 5550 01", "USD", 100)),
    (3, _Place("BR", "Curitiba", "80010-000", "+55 41 5550-01", "USD", 0)),
    (2, _Place("MX", "Monterrey", "64000", "+52 81 5550 01", "USD", 160)),
    (2, _Place("ZA", "Durban", "4001", "+27 31 555 01", "USD", 150)),
    (8, _Place("DE", "Leipzig", "04109", "+49 341 23125 1", "EUR", 190)),
    (6, _Place("FR", "Nantes", "44000", "+33 2 61 91 01 ", "EUR", 200)),
    (4, _Place("NL", "Utrecht", "3511 AB", "+31 30 555 01", "EUR", 210)),
    (3, _Place("ES", "Zaragoza", "50001", "+34 976 555 0", "EUR", 210)),
    (3, _Place("IE", "Cork", "T12 X8PW", "+353 21 555 01", "EUR", 230)),
    (11, _Place("GB", "Leeds", "LS1 4AP", "+44 113 496 01", "GBP", 200)),
    (8, _Place("JP", "Sendai", "980-0811", "+81 22 555 01", "JPY", 100)),
    (5, _Place("KW", "Kuwait City", "13001", "+965 2555 01", "KWD", 0)),
)

# Numbers kept for fiction, or that nobody has; ``#`` is any digit.
_NUMBERS = {
    "US": tuple(
        f"+1 {area}-555-01##" for area in (202, 303, 312, 415, 503, 512, 614, 617, 702, 801, 919, 971)
    ),
    "CA": tuple(f"+1 {area}-555-01##" for area in (204, 306, 403, 416, 514, 604, 613, 902)),
    "GB": tuple(f"+44 {area} 496 0###" for area in (113, 114, 115, 117, 121, 131, 141, 161)),
    "DE": ("+49 30 23125 ###", "+49 40 66969 ###", "+49 69 90009 ###", "+49 89 99998 ###"),
    "FR": ("+33 1 99 00 ## ##", "+33 2 61 91 ## ##", "+33 4 65 71 ## ##"),
    "NL": ("+31 30 555 0###", "+31 85 555 0###"),
    "ES": ("+34 976 555 ###", "+34 974 555 ###"),
    "IE": ("+353 21 555 0###", "+353 61 555 0##"),
    "JP": ("+81 22 555 0###",),
    "KW": ("+965 2555 0###",),
    "SG": ("+65 6555 0###",),
    "AU": ("+61 7 5550 0###", "+61 3 5550 0###", "+61 2 5550 0###"),
    "BR": ("+55 41 5550-0###", "+55 21 5550-0###"),
    "MX": ("+52 81 5550 0###", "+52 55 5550 0###"),
    "ZA": ("+27 31 555 0###", "+27 21 555 0###"),
}

_FIRST_WORDS = (
    "Alder", "Amber", "Beacon", "Birch", "Bright", "Cedar", "Clear", "Copper", "Coral", "Crown", "Delta",
    "Ember",
    "Falcon", "Fern", "Garnet", "Granite", "Harbour", "Hazel", "Heron", "Iron", "Juniper", "Kestrel", "Lark",
    "Linden", "Maple", "Meadow", "Mistral", "North", "Oak", "Onyx", "Opal", "Orchard", "Osprey", "Pine",
    "Quarry",
    "River", "Rowan", "Saffron", "Silver", "Slate", "Sparrow", "Spruce", "Sterling", "Summit", "Tamar",
    "Thistle",
    "Tidal", "Umber", "Valley", "Violet", "Walnut", "Willow", "Winter", "Zephyr",
)  # fmt: skip
_INDUSTRIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("FINANCIAL_SERVICES", ("Capital", "Credit Union", "Insurance")),
    ("HOSPITAL_HEALTH_CARE", ("Clinics", "Hospitals", "Health")),
    ("RETAIL", ("Stores", "Outfitters", "Market")),
    ("LOGISTICS_AND_SUPPLY_CHAIN", ("Freight", "Logistics", "Shipping")),
    ("MACHINERY", ("Engineering", "Works", "Tools")),
    ("COMPUTER_SOFTWARE", ("Software", "Systems", "Labs")),
    ("GOVERNMENT_ADMINISTRATION", ("County Council", "City Services", "Authority")),
    ("HIGHER_EDUCATION", ("College", "Institute", "University")),
    ("UTILITIES", ("Energy", "Water", "Power")),
    ("TELECOMMUNICATIONS", ("Telecom", "Networks", "Mobile")),
)
INDUSTRIES = tuple(industry for industry, _ in _INDUSTRIES)
_EMPLOYEES = {"small": (6, 60), "medium": (60, 400), "large": (400, 4_000)}


def phone_in(country: str, stream: Stream) -> str:
    """A telephone number of somebody in a country, from a wider range than those of customers."""
    pattern = stream.pick(_NUMBERS[country])
    return "".join(str(stream.below(10)) if sign == "#" else sign for sign in pattern)


def make_company(stream: Stream, key: str, number: int, size: str, created: int) -> Company:
    """An invented company of a size (small, medium, large) that became a customer at ``created``."""
    place = stream.weighted(_PLACES)
    industry, endings = stream.pick(_INDUSTRIES)
    name = f"{stream.pick(_FIRST_WORDS)} {stream.pick(_FIRST_WORDS)} {stream.pick(endings)}"
    low, high = _EMPLOYEES[size]
    pays_by = "bank_transfer" if stream.chance({"small": 40, "medium": 250, "large": 650}[size]) else "card"
    exempt = stream.chance(30)
    return Company(
        key=key,
        name=name,
        domain=f"{name.lower().replace(' ', '-')}-{number}.example",
        phone=f"{place.phone}{stream.between(0, 99):02d}",
        country=place.country,
        city=place.city,
        postal_code=place.postal_code,
        industry=industry,
        employees=stream.between(low, high),
        currency=place.currency,
        created=created,
        pays_by=pays_by,
        tax_per_thousand=0 if exempt else place.tax_per_thousand,
        tax_exempt="exempt" if exempt else "none",
    )
