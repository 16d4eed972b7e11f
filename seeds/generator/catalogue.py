"""What the vendor sells: products, prices with their tiers, and coupons, in every currency.

Add a product, a price family or a coupon here; every price family gets one price per currency and cadence.
Who buys what, and when, is decided in ``simulation`` and ``planted``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from seeds.generator.moments import Cadence, instant
from seeds.generator.money import CURRENCIES, THOUSANDTHS, chargeable, divide_rounded
from seeds.generator.randomness import identifier

DAILY = Cadence("day", 1)
WEEKLY = Cadence("week", 1)
MONTHLY = Cadence("month", 1)
QUARTERLY = Cadence("month", 3)
YEARLY = Cadence("year", 1)
TWO_YEARLY = Cadence("year", 2)
THREE_YEARLY = Cadence("year", 3)

CADENCE_NAMES = {
    DAILY: "daily",
    WEEKLY: "weekly",
    MONTHLY: "monthly",
    QUARTERLY: "quarterly",
    YEARLY: "yearly",
    TWO_YEARLY: "two-yearly",
    THREE_YEARLY: "three-yearly",
}

# A longer term in multiples of the monthly price: the discount for commitment.
_MONTHS_CHARGED = {MONTHLY: 1, QUARTERLY: 3, YEARLY: 10, TWO_YEARLY: 19, THREE_YEARLY: 27}

CATALOGUE_CREATED = instant(2022, 11, 7, 9)


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the billing system knows it; ``metadata`` may leave keys open."""

    key: str
    name: str
    metadata: Mapping[str, str]
    unit_label: str | None = None
    active: bool = True
    is_deleted: bool = False
    livemode: bool = True

    @property
    def id(self) -> str:
        return identifier("prod", "product", self.key)


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to ``up_to`` units (None: no bound) at ``unit`` thousandths of a minor unit each, plus ``flat``."""

    up_to: int | None
    unit: int
    flat: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """One price in one currency.

    ``unit`` is in thousandths of a minor unit, None for tiered prices. ``cadence`` is None for one-off
    prices.
    ``older_form`` prices exist in the export as plans only.
    """

    key: str
    id: str
    product: Product
    currency: str
    nickname: str
    cadence: Cadence | None
    unit: int | None = None
    tiers_mode: str | None = None
    tiers: tuple[Tier, ...] = ()
    divide_by: int | None = None
    is_metered: bool = False
    older_form: bool = False
    is_deleted: bool = False
    active: bool = True

    def charges(self, quantity: int) -> list[tuple[int, int]]:
        """One period as ``(quantity, amount)`` per invoice line: one per tier, flat fees at quantity 0."""
        if self.tiers_mode is None:
            assert self.unit is not None
            units = quantity if self.divide_by is None else -(-quantity // self.divide_by)
            return [(quantity, self._amount(units * self.unit))]
        if self.tiers_mode == "volume":
            tier = next(tier for tier in self.tiers if tier.up_to is None or quantity <= tier.up_to)
            lines = [(quantity, self._amount(quantity * tier.unit))]
            return lines if tier.flat is None else [*lines, (0, tier.flat)]
        lines = []
        reached = 0
        for tier in self.tiers:
            inside = quantity - reached if tier.up_to is None else min(quantity, tier.up_to) - reached
            if inside > 0 or not lines:
                lines.append((inside, self._amount(inside * tier.unit)))
                if tier.flat is not None:
                    lines.append((0, tier.flat))
            if tier.up_to is None or quantity <= tier.up_to:
                break
            reached = tier.up_to
        return lines

    def total(self, quantity: int) -> int:
        """What one full period costs, in minor units."""
        return sum(amount for _, amount in self.charges(quantity))

    def _amount(self, thousandths: int) -> int:
        return chargeable(thousandths, THOUSANDTHS, self.currency)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A share (``percent_off``) or an amount in one currency; ``months`` only for repeating coupons."""

    key: str
    name: str
    duration: str
    percent_off: int | None = None
    amount_off: int | None = None
    currency: str | None = None
    months: int | None = None
    is_deleted: bool = False
    livemode: bool = True

    @property
    def id(self) -> str:
        return self.key


def _metadata(
    service: str, deployment: str, licence: str = "subscription", stream: str = "subscription"
) -> dict[str, str]:
    return {
        "service_type": service,
        "deployment": deployment,
        "licence_type": licence,
        "revenue_stream": stream,
    }


_INFRASTRUCTURE = "data_center_and_it_infrastructure"
_COMMUNICATION = "communication_and_collaboration"

PRODUCTS: dict[str, Product] = {
    product.key: product
    for product in (
        Product("endpoint", "Endpoint Protection", _metadata("security", "cloud"), "seat"),
        Product(
            "firewall_licence",
            "Perimeter Firewall Licence",
            _metadata("security", "on_premise", "perpetual", "licence"),
        ),
        Product(
            "firewall_maintenance",
            "Perimeter Firewall Maintenance",
            _metadata("security", "on_premise", "maintenance", "maintenance"),
        ),
        Product("sdwan", "Managed SD-WAN", _metadata("network", "cloud"), "site"),
        Product("network_operations", "Network Operations", _metadata("network", "on_premise"), "device"),
        Product("virtual_data_centre", "Virtual Data Centre", _metadata(_INFRASTRUCTURE, "cloud"), "server"),
        Product("rack", "Managed Rack", _metadata(_INFRASTRUCTURE, "on_premise"), "rack"),
        Product("compute", "Compute Hours", _metadata(_INFRASTRUCTURE, "cloud", stream="usage"), "hour"),
        Product("collaboration", "Team Collaboration", _metadata(_COMMUNICATION, "cloud"), "seat"),
        Product(
            "messages", "Message Delivery", _metadata(_COMMUNICATION, "cloud", stream="usage"), "message"
        ),
        Product("device_packs", "Device Management Packs", _metadata("mobility", "cloud"), "device"),
        Product("devices", "Device Management", _metadata("mobility", "cloud"), "device"),
        Product("analytics", "Insight Analytics", _metadata("information", "cloud"), "user"),
        Product("briefing", "Threat Briefing", _metadata("information", "cloud"), "reader"),
        Product("data_feed", "Market Data Feed", _metadata("information", "cloud")),
        Product(
            "archive_licence",
            "Records Archive Licence",
            _metadata("information", "on_premise", "perpetual", "licence"),
        ),
        Product(
            "archive_maintenance",
            "Records Archive Maintenance",
            _metadata("information", "on_premise", "maintenance", "maintenance"),
        ),
        Product("setup", "Onboarding and Set-up", _metadata("network", "cloud", stream="setup")),
        Product(
            "consulting", "Consulting Day", _metadata(_INFRASTRUCTURE, "on_premise", stream="services"), "day"
        ),
        Product("advisory", "Advisory Retainer", _metadata("security", "cloud", stream="services")),
        # Sold before product metadata was introduced: a policy may fill what is left open here.
        Product("sandbox", "Sandbox Seats", _metadata("security", "cloud"), "seat", livemode=False),
        Product("legacy_mail", "Hosted Mail 2019", {"licence_type": "subscription"}, "mailbox", active=False),
    )
}

# Minor units of each currency for one US cent, and the steps to which list prices are rounded (large, small).
_PER_CENT = {"USD": (1, 1), "EUR": (92, 100), "GBP": (79, 100), "JPY": (3, 2), "KWD": (31, 10)}
_STEPS = {"USD": (1, 1), "EUR": (100, 5), "GBP": (100, 5), "JPY": (100, 10), "KWD": (500, 50)}
_LARGE_CENTS = 2000


def _list_price(cents: int, currency: str) -> int:
    """A price in US cents as the vendor lists it in the currency, in minor units."""
    numerator, denominator = _PER_CENT[currency]
    step = _STEPS[currency][0 if cents >= _LARGE_CENTS else 1]
    return divide_rounded(cents * numerator, denominator * step) * step


def _list_unit(thousandths: int, currency: str) -> int:
    """The same for a unit price in thousandths of a cent: whole minor units from 1 cent up, finer below."""
    if thousandths % THOUSANDTHS == 0:
        return _list_price(thousandths // THOUSANDTHS, currency) * THOUSANDTHS
    numerator, denominator = _PER_CENT[currency]
    return divide_rounded(thousandths * numerator, denominator)


@dataclass(frozen=True, slots=True)
class _Family:
    """Prices that differ only in currency and cadence; amounts in US cents (units in thousandths) a month."""

    key: str
    product: str
    nickname: str
    cadences: Sequence[Cadence | None]
    unit: int | None = None
    tiers_mode: str | None = None
    tiers: Sequence[tuple[int | None, int, int | None]] = ()
    divide_by: int | None = None
    is_metered: bool = False
    older_form: bool = False
    is_deleted: bool = False
    active: bool = True


_LONG_TERMS = (MONTHLY, YEARLY, TWO_YEARLY, THREE_YEARLY)
_USUAL_TERMS = (MONTHLY, QUARTERLY, YEARLY)
_WHOLE = 100 * THOUSANDTHS  # one dollar

LICENCES = {"firewall_licence": "firewall_maintenance", "archive_licence": "archive_maintenance"}
_LICENCE_DOLLARS = {"firewall_licence": 24_000, "archive_licence": 9_600}

_FAMILIES: tuple[_Family, ...] = (
    _Family(
        "endpoint", "endpoint", "Endpoint seats, 40 from ten", _LONG_TERMS,
        tiers_mode="volume", tiers=((9, 55 * _WHOLE, None), (None, 40 * _WHOLE, None)),
    ),
    _Family(
        "sdwan", "sdwan", "SD-WAN base fee and sites", _USUAL_TERMS,
        tiers_mode="graduated",
        tiers=((5, 180 * _WHOLE, 9_900), (20, 150 * _WHOLE, None), (None, 120 * _WHOLE, 4_900)),
    ),
    _Family("network_operations", "network_operations", "Network operations per device", _USUAL_TERMS,
    unit=95 * _WHOLE),
    _Family(
        "virtual_data_centre", "virtual_data_centre", "Twenty servers included", _USUAL_TERMS,
        tiers_mode="graduated", tiers=((20, 0, 90_000), (None, 35 * _WHOLE, None)),
    ),
    _Family("rack", "rack", "Managed rack", (*_LONG_TERMS, QUARTERLY), unit=650 * _WHOLE),
    _Family("compute", "compute", "Compute hours, metered", (MONTHLY,), unit=8_500, is_metered=True),
    _Family("collaboration_free", "collaboration", "Collaboration Free", (MONTHLY,), unit=0),
    _Family("collaboration", "collaboration", "Collaboration Standard", (MONTHLY, YEARLY), unit=18 * _WHOLE),
    _Family("collaboration_pro", "collaboration", "Collaboration Pro", (MONTHLY, YEARLY), unit=29 * _WHOLE),
    _Family(
        "messages", "messages", "Messages, metered", (MONTHLY,), is_metered=True,
        tiers_mode="graduated", tiers=((1_000, 0, None), (50_000, 750, None), (None, 425, None)),
    ),
    _Family("device_packs", "device_packs", "Packs of ten devices", (MONTHLY, YEARLY), unit=45 * _WHOLE,
    divide_by=10),
    _Family(
        "devices", "devices", "Devices by volume", (MONTHLY, YEARLY),
        tiers_mode="volume", tiers=((50, 600_000, None), (250, 525_000, None), (None, 487_500, None)),
    ),
    _Family(
        "analytics", "analytics", "Analytics by band of users", _USUAL_TERMS,
        tiers_mode="volume", tiers=((5, 0, 40_000), (25, 0, 120_000), (None, 0, 300_000)),
    ),
    _Family("briefing", "briefing", "Weekly threat briefing", (WEEKLY,), unit=30 * _WHOLE),
    _Family("data_feed", "data_feed", "Market data, by the day", (DAILY,), unit=15 * _WHOLE),
    _Family("advisory", "advisory", "Advisory retainer", _USUAL_TERMS, unit=1_500 * _WHOLE),
    _Family("setup", "setup", "Set-up fee", (None,), unit=750 * _WHOLE),
    _Family("consulting", "consulting", "Consulting day", (None,), unit=1_200 * _WHOLE),
    _Family("legacy_mail", "legacy_mail", "Hosted mail 2019", (MONTHLY, YEARLY), unit=4 * _WHOLE,
    older_form=True),
    _Family("sandbox", "sandbox", "Sandbox seats", (MONTHLY,), tiers_mode="volume", tiers=((None,
    99 * _WHOLE, None),)),
    _Family(
        "rack_2022", "rack", "Managed rack, 2022 list", (MONTHLY, YEARLY),
        unit=590 * _WHOLE, is_deleted=True, active=False,
    ),
)  # fmt: skip


def price_id(key: str) -> str:
    """The id of the price with this key."""
    return identifier("price", "price", key)


def _prices_of_family(family: _Family) -> Iterator[Price]:
    product = PRODUCTS[family.product]
    for cadence in family.cadences:
        months = _MONTHS_CHARGED.get(cadence, 1) if cadence is not None else 1
        term = "one-off" if cadence is None else CADENCE_NAMES[cadence]
        for currency in CURRENCIES:
            key = f"{family.key}/{term}/{currency}"
            yield Price(
                key=key,
                id=key.lower().replace("/", "-").replace("_", "-") if family.older_form else price_id(key),
                product=product,
                currency=currency,
                nickname=f"{family.nickname}, {term}",
                cadence=cadence,
                unit=None if family.unit is None else _list_unit(family.unit, currency) * months,
                tiers_mode=family.tiers_mode,
                tiers=tuple(
                    Tier(
                        up_to,
                        _list_unit(unit, currency) * months,
                        None if flat is None else _list_price(flat, currency) * months,
                    )
                    for up_to, unit, flat in family.tiers
                ),
                divide_by=family.divide_by,
                is_metered=family.is_metered,
                older_form=family.older_form,
                is_deleted=family.is_deleted,
                active=family.active,
            )


def _licence_prices() -> Iterator[Price]:
    """Perpetual licences, and their maintenance at half the licence price a year."""
    for licence, maintenance in LICENCES.items():
        for currency in CURRENCIES:
            amount = _list_price(_LICENCE_DOLLARS[licence] * 100, currency)
            for key, product, nickname, cadence, charged in (
                (f"{licence}/one-off/{currency}", licence, "Perpetual licence", None, amount),
                (
                    f"{maintenance}/yearly/{currency}",
                    maintenance,
                    "Maintenance at half the licence",
                    YEARLY,
                    amount // 2,
                ),
            ):
                yield Price(
                    key, price_id(key), PRODUCTS[product], currency, nickname, cadence, charged * THOUSANDTHS
                )


@lru_cache(maxsize=1)
def all_prices() -> dict[str, Price]:
    """Every price by its key ``family/term/currency``, in a fixed order."""
    prices = [price for family in _FAMILIES for price in _prices_of_family(family)]
    return {price.key: price for price in [*prices, *_licence_prices()]}


@lru_cache(maxsize=4096)
def find_price(family: str, cadence: Cadence | None, currency: str) -> Price:
    """The price of a family for a cadence (None: one-off) and currency; KeyError where there is none."""
    return all_prices()[f"{family}/{'one-off' if cadence is None else CADENCE_NAMES[cadence]}/{currency}"]


@lru_cache(maxsize=1)
def cadences_by_family() -> dict[str, tuple[Cadence, ...]]:
    """The cadences in which each family is sold."""
    return {
        family.key: tuple(cadence for cadence in family.cadences if cadence is not None)
        for family in _FAMILIES
    }


def _amount_coupons(
    key: str, name: str, duration: str, cents: int, months: int | None = None
) -> Iterator[Coupon]:
    for currency in CURRENCIES:
        yield Coupon(
            f"{key}_{currency}",
            f"{name} ({currency})",
            duration,
            amount_off=_list_price(cents, currency),
            currency=currency,
            months=months,
        )


COUPONS: dict[str, Coupon] = {
    coupon.key: coupon
    for coupon in (
        Coupon("PARTNER10", "Partner, ten percent for good", "forever", percent_off=10),
        Coupon("WELCOME15", "Welcome, fifteen percent once", "once", percent_off=15),
        Coupon("FIRSTYEAR20", "Twenty percent in the first year", "repeating", percent_off=20, months=12),
        Coupon("QUARTER50", "Half price for three months", "repeating", percent_off=50, months=3),
        Coupon("TWOMONTHSFREE", "Two months free", "repeating", percent_off=100, months=2),
        Coupon("CHARITY100", "Charities, free of charge", "forever", percent_off=100),
        Coupon("SANDBOX50", "Sandbox, half price", "forever", percent_off=50, livemode=False),
        Coupon("FAIR2021", "Trade fair 2021", "repeating", percent_off=30, months=6, is_deleted=True),
        *_amount_coupons("LOYALTY25", "Loyalty, 25 off", "forever", 2_500),
        *_amount_coupons("SWITCH100", "Switching bonus, 100 off for six months", "repeating", 10_000, 6),
        *_amount_coupons("VOUCHER200", "Voucher, 200 off once", "once", 20_000),
    )
}


def coupon_for(key: str, currency: str) -> Coupon:
    """A coupon by its name; those that take off an amount exist once per currency."""
    return COUPONS[key] if key in COUPONS else COUPONS[f"{key}_{currency}"]
