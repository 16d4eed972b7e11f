"""The bill of the cloud provider, in the shape of FOCUS 1.2, and what each of its invoices comes to.

Charges are monthly by service, sub-account and environment tag. Amounts are millionths of a US dollar; the
charges of an invoice add up to whole cents. How an invoice is posted is ``costs``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from seeds.generator.chart import CLOUD_PROVIDER
from seeds.generator.dealings import customer_id
from seeds.generator.moments import add_months, as_date, instant
from seeds.generator.planted import planted_cases
from seeds.generator.randomness import Stream
from seeds.generator.tables import Row

_MICROS = 1_000_000
_MICROS_OF_A_CENT = _MICROS // 100
_BILLING_ACCOUNT = "4410-2207"

# Tags came in with the third month.
_TAGGED_FROM = instant(2023, 3, 1)
_ALIAS_UNTIL = instant(2023, 7, 1)

# Yearly commitments by their first month: bought at once, used up evenly.
_COMMITMENTS = {instant(2024, 2, 1): 24_000, instant(2025, 2, 1): 42_000}
_OUTAGE = instant(2024, 9, 1)
_OUTAGE_CREDIT = 2_150_400_000
_DEVELOPMENT_CREDITED = instant(2024, 11, 1)
_OWN_ACCOUNT_CASE = "included_units"

# Monthly US dollars in the first month and 35 months later.
_FIRST_DOLLARS, _LAST_DOLLARS = 8_500, 40_000
_GROWTH_MONTHS = 35


@dataclass(frozen=True, slots=True)
class _Resource:
    """A line of the bill in parts per thousand of the month; ``environment`` is its tag, None without one."""

    name: str
    service: str
    category: str
    account: str
    region: str
    environment: str | None
    team: str | None
    per_thousand: int
    first: int = 0


_RESOURCES = (
    _Resource("srv-prod", "Elastic Servers", "Compute", "prod-01", "us-west", "production", "platform", 290),
    _Resource("srv-prod-eu", "Elastic Servers", "Compute", "prod-02", "eu-central", "production",
              "platform", 130),
    _Resource("srv-vdc", "Elastic Servers", "Compute", "prod-01", "us-west", "production", "data-centre", 60),
    _Resource("srv-dev", "Elastic Servers", "Compute", "dev-01", "us-west", "development", "platform", 55),
    _Resource("srv-stage", "Elastic Servers", "Compute", "dev-01", "us-west", "staging", "platform", 38),
    _Resource("srv-lab", "Elastic Servers", "Compute", "dev-02", "eu-central", "lab-7", "research", 12),
    _Resource("db-prod", "Managed Databases", "Databases", "prod-01", "us-west", "production", "platform",
              120),
    _Resource("db-stage", "Managed Databases", "Databases", "dev-01", "us-west", "staging", "platform", 18),
    _Resource("db-dev", "Managed Databases", "Databases", "dev-01", "us-west", "development", "platform", 14),
    _Resource("obj-prod", "Object Storage", "Storage", "prod-01", "us-west", "production", "platform", 60),
    _Resource("obj-shared", "Object Storage", "Storage", "shared-01", "us-west", "shared", "operations", 35),
    _Resource("obj-old", "Object Storage", "Storage", "prod-01", "us-west", None, "platform", 22),
    _Resource("net-prod", "Network Transfer", "Networking", "prod-01", "us-west", "production", "platform",
              48),
    _Resource("net-shared", "Network Transfer", "Networking", "shared-01", "us-west", "shared",
              "operations", 20),
    _Resource("net-old", "Network Transfer", "Networking", "prod-02", "eu-central", None, None, 8),
    _Resource("kub-prod", "Container Platform", "Compute", "prod-02", "eu-central", "production",
              "platform", 40, first=12),
    _Resource("kub-dev", "Container Platform", "Compute", "dev-02", "eu-central", "development", "research",
              16, first=12),
    _Resource("plan", "Support Plan", "Management and Governance", "shared-01", "us-west", "shared", None,
              30),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CloudInvoice:
    """An invoice for a month (its first instant); cents in all, and for a commitment bought with it."""

    id: str
    month: int
    total: int
    commitment: int = 0


@dataclass(frozen=True, slots=True)
class _Charge:
    invoice: str
    month: int
    until: int
    category: str
    resource: _Resource
    tags: str | None
    billed: int
    effective: int


def invoice_id(month: int) -> str:
    """The id of the provider's invoice for a month."""
    return f"NCH-{as_date(month)[:7]}"


def credit_id(month: int) -> str:
    """The id of a credit note of the provider for a month."""
    return f"NCH-CR-{as_date(month)[:7]}"


def commitment_used(month: int) -> int:
    """Cents of commitments that a month uses up."""
    return sum(
        dollars * 100 // 12
        for first, dollars in _COMMITMENTS.items()
        if first <= month < add_months(first, 12)
    )


def invoices(first: int, months: list[int]) -> list[CloudInvoice]:
    """The invoices and credit notes (totals below zero) for the months, in order of time."""
    totals: dict[tuple[str, int], int] = {}
    for charge in _charges(first, tuple(months)):
        key = (charge.invoice, charge.month)
        totals[key] = totals.get(key, 0) + charge.billed
    made = []
    for (identity, month), micros in totals.items():
        cents, rest = divmod(micros, _MICROS_OF_A_CENT)
        if rest:
            raise ValueError(f"invoice {identity} has a part of a cent")
        commitment = _COMMITMENTS.get(month, 0) * 100 if identity == invoice_id(month) else 0
        made.append(CloudInvoice(identity, month, cents, commitment))
    return made


def cloud_rows(first: int, months: list[int]) -> list[Row]:
    """Rows of ``cloud_cost``."""
    return [
        (
            _BILLING_ACCOUNT, charge.resource.account, charge.month, charge.month, charge.until,
            charge.category, charge.resource.service, charge.resource.category, charge.resource.name,
            charge.resource.region, _decimal(charge.billed), _decimal(charge.effective), "USD",
            charge.invoice, CLOUD_PROVIDER, charge.tags,
        )
        for charge in _charges(first, tuple(months))
    ]  # fmt: skip


@lru_cache(maxsize=4)
def _charges(first: int, months: tuple[int, ...]) -> tuple[_Charge, ...]:
    return tuple(charge for number, month in enumerate(months) for charge in _month(first, number, month))


def _month(first: int, number: int, month: int) -> Iterator[_Charge]:
    identity, until = invoice_id(month), add_months(month, 1)
    grown = (_LAST_DOLLARS - _FIRST_DOLLARS) * number // _GROWTH_MONTHS
    dollars = (_FIRST_DOLLARS + grown) * Stream("cloud", month).between(960, 1_045) // 1_000
    used = commitment_used(month) * _MICROS_OF_A_CENT
    sum_billed = 0
    charges = []
    for resource in _RESOURCES:
        if number < resource.first:
            continue
        stream = Stream("cloud", month, resource.name)
        micros = dollars * resource.per_thousand * stream.between(930, 1_075) + stream.below(1_000)
        if resource is _RESOURCES[0] and used:
            # What the commitment covers is not billed again.
            charges.append(
                _Charge(identity, month, until, "Usage", resource, _tags(resource, month), 0, used)
            )
            micros = max(micros - used, 0)
        charges.append(
            _Charge(identity, month, until, "Usage", resource, _tags(resource, month), micros, micros)
        )
        sum_billed += micros
    # The last charge takes what a cent is short of.
    short = -sum_billed % _MICROS_OF_A_CENT
    last = charges.pop()
    billed = last.billed + short
    charges.append(_Charge(identity, month, until, "Usage", last.resource, last.tags, billed, billed))
    yield from charges
    server = _RESOURCES[0]
    if month in _COMMITMENTS:
        bought = _COMMITMENTS[month] * _MICROS
        yield _Charge(identity, month, add_months(month, 12), "Purchase", server, None, bought, 0)
    if month == _OUTAGE:
        tags = _json({"environment": "production"})
        yield _Charge(
            credit_id(month), month, until, "Credit", server, tags, -_OUTAGE_CREDIT, -_OUTAGE_CREDIT
        )
    if month == _DEVELOPMENT_CREDITED:
        # More is given back than development has used in the month.
        given = -6_000 * _MICROS
        tags = _json({"environment": "development"})
        resource = next(resource for resource in _RESOURCES if resource.name == "srv-dev")
        yield _Charge(identity, month, until, "Credit", resource, tags, given, given)


def _tags(resource: _Resource, month: int) -> str | None:
    if month < _TAGGED_FROM:
        return None
    tags = {}
    if resource.environment is not None:
        is_alias = resource.name == "srv-prod-eu" and month < _ALIAS_UNTIL
        tags["environment"] = "Live" if is_alias else resource.environment
    if resource.team is not None:
        tags["team"] = resource.team
    if resource.name == "srv-vdc":
        tags["account"] = _own_account()
    return _json(tags) if tags else None


@lru_cache(maxsize=1)
def _own_account() -> str:
    """The customer whose servers stand apart."""
    return next(customer_id(case.history) for case in planted_cases() if case.key == _OWN_ACCOUNT_CASE)


def _json(values: dict[str, str]) -> str:
    return json.dumps(values, separators=(",", ":"), sort_keys=True)


def _decimal(micros: int) -> str:
    whole, rest = divmod(abs(micros), _MICROS)
    return f"{'-' if micros < 0 else ''}{whole}.{rest:06d}"
