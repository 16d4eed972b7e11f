"""What a quantity costs by a price, per year and exact (definitions 1.2 and 1.3).

Everything that turns a price row, its tiers and a quantity into money belongs here. Which line is priced,
and when, is the business of the MRR oracle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.oracles.export import OracleError, Row, Tables, exact_number, whole_number

# ISO 4217: the digits of the minor unit, code by code; a code that is not here is unknown.
CODES_BY_MINOR_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
        CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
        HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA
        MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN
        QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TOP TRY
        TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS = {code: digits for digits, codes in CODES_BY_MINOR_DIGITS.items() for code in codes.split()}
PERIODS_PER_YEAR = {"month": 12, "year": 1, "week": 52, "day": 365}


@dataclass(frozen=True)
class Tier:
    up_to: int | None
    unit: Fraction
    flat: Fraction


@dataclass(frozen=True)
class Price:
    """One row of ``price``, or of the older ``plan`` read as a price. Amounts in minor units, as exported."""

    id: str
    product_id: str | None
    currency: str
    is_recurring: bool
    says_what_it_is: bool
    is_licensed: bool
    is_metered: bool
    interval: str | None
    interval_count: int
    billing_scheme: str
    tiers_mode: str | None
    unit: Fraction | None
    divide_by: int | None
    rounding: str | None
    tiers: tuple[Tier, ...]

    def total(self, quantity: int) -> Fraction:
        """Section 1.3, in minor units for one interval."""
        if self.billing_scheme not in {"per_unit", "tiered"}:
            raise OracleError(f"price {self.id} has the unknown billing scheme {self.billing_scheme}")
        if self.billing_scheme == "tiered":
            return self._tiered_total(quantity)
        if self.unit is None:
            raise OracleError(f"price {self.id} has no unit amount")
        return self._packages(quantity) * self.unit

    def _packages(self, quantity: int) -> int:
        if self.divide_by is None:
            return quantity
        if self.divide_by <= 0 or self.rounding not in {"up", "down"}:
            raise OracleError(f"price {self.id} cannot divide by {self.divide_by} rounding {self.rounding}")
        down, rest = divmod(quantity, self.divide_by)
        return down + 1 if self.rounding == "up" and rest else down

    def _tiered_total(self, quantity: int) -> Fraction:
        bounds = [tier.up_to for tier in self.tiers]
        below_last = [bound for bound in bounds[:-1] if bound is not None]
        if len(below_last) < len(bounds) - 1 or below_last != sorted(set(below_last)):
            raise OracleError(f"price {self.id} has tiers that do not rise: {bounds}")
        if not any(tier.up_to is None or quantity <= tier.up_to for tier in self.tiers):
            raise OracleError(f"price {self.id} has no tier for quantity {quantity}")
        if self.tiers_mode == "volume":
            tier = next(tier for tier in self.tiers if tier.up_to is None or quantity <= tier.up_to)
            return quantity * tier.unit + tier.flat
        if self.tiers_mode == "graduated":
            return self._graduated_total(quantity)
        raise OracleError(f"price {self.id} has the unknown tiers mode {self.tiers_mode}")

    def _graduated_total(self, quantity: int) -> Fraction:
        total, below = Fraction(0), 0
        for position, tier in enumerate(self.tiers):
            if position > 0 and quantity <= below:
                break
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += (top - below) * tier.unit + tier.flat
            below = top if tier.up_to is None else tier.up_to
        return total

    @property
    def intervals_per_year(self) -> Fraction:
        if self.interval not in PERIODS_PER_YEAR or self.interval_count <= 0:
            raise OracleError(f"price {self.id} bills every {self.interval_count} {self.interval}")
        return Fraction(PERIODS_PER_YEAR[self.interval], self.interval_count)

    def in_major_units(self, amount: Fraction) -> Fraction:
        """An amount in minor units of the price's currency."""
        return amount / minor_units(self.currency, f"price {self.id}")

    def annual(self, quantity: int) -> Fraction:
        """Section 1.2: the exact price of a year, in major units."""
        return self.in_major_units(self.total(quantity)) * self.intervals_per_year


def minor_units(currency: str, named_by: str) -> int:
    """How many minor units make one major unit of a currency in upper case."""
    if currency not in MINOR_DIGITS:
        raise OracleError(f"{named_by} is in the unknown currency {currency}")
    return 10 ** MINOR_DIGITS[currency]


def unit_amount(row: Row) -> Fraction | None:
    decimal = exact_number(row, "unit_amount_decimal")
    return decimal if decimal is not None else exact_number(row, "unit_amount")


def read_tiers(rows: Iterable[Row]) -> dict[str, tuple[Tier, ...]]:
    by_price: dict[str, list[tuple[int, Tier]]] = defaultdict(list)
    for row in rows:
        tier = Tier(
            up_to=whole_number(row, "up_to"),
            unit=unit_amount(row) or Fraction(0),
            flat=exact_number(row, "flat_amount") or Fraction(0),
        )
        by_price[row["price_id"]].append((int(row["index"]), tier))
    return {
        price: tuple(tier for _, tier in sorted(tiers, key=lambda pair: pair[0]))
        for price, tiers in by_price.items()
    }


def price_of_row(row: Row, tiers: tuple[Tier, ...]) -> Price:
    interval = row.get("recurring_interval")
    return Price(
        id=row["id"],
        product_id=row.get("product_id"),
        currency=row["currency"].upper(),
        is_recurring=row["type"] == "recurring" if "type" in row else interval is not None,
        says_what_it_is="type" in row or interval is not None,
        is_licensed=row.get("recurring_usage_type", "licensed") == "licensed",
        is_metered=row.get("recurring_usage_type") == "metered",
        interval=interval,
        interval_count=1 if (count := whole_number(row, "recurring_interval_count")) is None else count,
        billing_scheme=row.get("billing_scheme", "per_unit"),
        tiers_mode=row.get("tiers_mode"),
        unit=unit_amount(row),
        divide_by=whole_number(row, "transform_quantity_divide_by"),
        rounding=row.get("transform_quantity_round"),
        tiers=tiers,
    )


def plan_as_price_row(row: Row) -> dict[str, str]:
    renamed = {"amount": "unit_amount", "usage_type": "recurring_usage_type"}
    renamed |= {"interval": "recurring_interval", "interval_count": "recurring_interval_count"}
    return {renamed.get(name, name): value for name, value in row.items()} | {"type": "recurring"}


def read_prices(tables: Tables) -> dict[str, Price]:
    """Prices by id; a deleted price still explains history, and a price wins over a plan of the same id."""
    tiers = read_tiers(tables["price_tier"])
    rows = [plan_as_price_row(row) for row in tables["plan"]] + tables["price"]
    return {row["id"]: price_of_row(row, tiers.get(row["id"], ())) for row in rows}
