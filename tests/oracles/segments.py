"""MRR by segment once more (definitions 2): what of an account's change moved between its segments.

It goes account by account and month by month; a movement inside an account is shared out over a dictionary
of its segments. Add here what decides the segment of a service, or what happens between segments. Ratios and
cohorts, which read these month-ends, stay in modules of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES, UNKNOWN, AccountSegments
from tests.oracles.calendar_months import add_months
from tests.oracles.export import metadata, read_rows, round_half_away, to_decimal
from tests.oracles.mrr import MOVEMENT_TYPES, SMALLEST_STEP, Company, MartRow, Service

PRICE_SEGMENT_TYPES = ("product", "plan", "currency", "service_type", "deployment")
SEGMENT_TYPES = (*ACCOUNT_SEGMENT_TYPES, *PRICE_SEGMENT_TYPES)
TOTAL = "total"
TRANSFERS = ("transfer_in", "transfer_out")
SIGNED_CLASSES = {
    "new": 1,
    "reactivation": 1,
    "expansion": 1,
    "transfer_in": 1,
    "contraction": -1,
    "churn": -1,
    "transfer_out": -1,
}
SegmentOf = Callable[[Service, date], str]
# An account within one segment.
Unit = tuple[str, str]
NOTHING = Fraction(0)


@dataclass(frozen=True)
class SegmentFacts:
    """What the export says about the buyer and about what is bought, beyond price and currency.

    Attributes:
        accounts: the segments of accounts as a whole, by account and month.
        products: the product's own metadata, by product.
        catalogue: what the metadata may leave open, by product.
    """

    accounts: AccountSegments
    products: Mapping[str, Mapping[str, object]]
    catalogue: Mapping[str, Mapping[str, str]]

    def product_fact(self, product_id: str | None, key: str) -> str | None:
        own = self.products.get(product_id or "", {}).get(key)
        value = own or self.catalogue.get(product_id or "", {}).get(key)
        return str(value) if value else None

    def named_segment(self, segment_type: str, service: Service, month: date) -> str | None:
        """In a month; what is bought is in one segment for all time."""
        if segment_type in ACCOUNT_SEGMENT_TYPES:
            return self.accounts.of(service.account_id, month)[segment_type]
        if segment_type == "product":
            return service.price.product_id
        if segment_type == "plan":
            return service.price.id
        if segment_type == "currency":
            return service.currency
        return self.product_fact(service.price.product_id, segment_type)

    def segments_by(self, segment_type: str) -> SegmentOf:
        return lambda service, month: self.named_segment(segment_type, service, month) or UNKNOWN


def read_segment_facts(
    landing: Path, accounts: AccountSegments, *, product_catalogue: Mapping[str, Mapping[str, str]]
) -> SegmentFacts:
    """The facts of a landing folder of CSV files."""
    return SegmentFacts(
        accounts=accounts,
        products={row["id"]: metadata(row) for row in read_rows(landing / "billing" / "product.csv")},
        catalogue=product_catalogue,
    )


def year_before(month: date) -> date:
    return month.replace(year=month.year - 1)


def share_out(total: Fraction, weights: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """The total over the keys in proportion to their weights, to 4 decimals, by largest remainder.

    What is left after rounding down goes to the largest remainders, of equal ones to the lowest key in binary
    order (which is the order of Python's own strings).
    """
    all_weights = sum(weights.values(), NOTHING)
    if total == 0:
        return dict.fromkeys(weights, NOTHING)
    exact = {key: total * 10_000 * weight / all_weights for key, weight in weights.items()}
    whole = {key: share.numerator // share.denominator for key, share in exact.items()}
    left_over = total * 10_000 - sum(whole.values())
    by_remainder = sorted(exact, key=lambda key: (whole[key] - exact[key], key))
    for key in by_remainder[: int(left_over)]:
        whole[key] += 1
    return {key: Fraction(share, 10_000) for key, share in whole.items()}


def classes_by_segment(
    deltas: Mapping[str, Fraction], account_class: str | None
) -> dict[str, dict[str, Fraction]]:
    """One account's organic change in each segment, as amounts by class.

    New, reactivation and churn of the account are so in every segment. Otherwise the smaller of gains and
    losses has moved, wholly; of the larger the same amount, in proportion, and the rest is expansion or
    contraction.
    """
    if account_class in {"new", "reactivation", "churn"}:
        sign = SIGNED_CLASSES[account_class]
        return {segment: {account_class: sign * delta} for segment, delta in deltas.items()}
    gains = {segment: delta for segment, delta in deltas.items() if delta > 0}
    losses = {segment: -delta for segment, delta in deltas.items() if delta < 0}
    moved = min(sum(gains.values(), NOTHING), sum(losses.values(), NOTHING))
    classes: dict[str, dict[str, Fraction]] = {}
    for changes, transfer, rest in (
        (gains, "transfer_in", "expansion"),
        (losses, "transfer_out", "contraction"),
    ):
        shares = share_out(moved, changes)
        for segment, change in changes.items():
            classes[segment] = {transfer: shares[segment], rest: change - shares[segment]}
    return classes


@dataclass(frozen=True)
class UnitMonth:
    """An account within one segment over a month; the amounts of the classes are positive."""

    opening: Fraction
    revalued_opening: Fraction
    closing: Fraction
    arr: Fraction
    classes: Mapping[str, Fraction]

    def amount(self, name: str) -> Fraction:
        return self.classes.get(name, NOTHING)


@dataclass
class SegmentedCompany:
    """A company whose every service is in one segment; with a single segment it is the company in total.

    ``account_classes`` are those of the account's organic change in total, by account and month.
    """

    company: Company
    segment_of: SegmentOf
    account_classes: Mapping[tuple[str, date], str | None]

    def unit_of(self, service: Service, month: date) -> Unit:
        return service.account_id, self.segment_of(service, month)

    @property
    def months(self) -> list[date]:
        return self.company.months

    def worth(
        self, services: Iterable[Service], month: date, *, placed_in: date, annual: bool = False
    ) -> dict[Unit, Fraction]:
        """MRR (or ARR) by unit at the month's rate: converted and rounded by item, then added.

        Accounts stand in the segments that they are in in the month ``placed_in``.
        """
        total: dict[Unit, Fraction] = defaultdict(Fraction)
        for service in services:
            own = service.arr if annual else service.mrr
            total[self.unit_of(service, placed_in)] += round_half_away(
                own * self.company.rate(service, month), 4
            )
        return dict(total)

    @cached_property
    def closing(self) -> dict[date, dict[Unit, Fraction]]:
        return {
            month: self.worth(self.company.services_at_close[month], month, placed_in=month)
            for month in self.months
        }

    @cached_property
    def unit_months(self) -> dict[date, dict[Unit, UnitMonth]]:
        return {month: self.units_of(month) for month in self.months}

    def units_of(self, month: date) -> dict[Unit, UnitMonth]:
        """Everything of the month by account and segment, worked out one account at a time."""
        position = self.months.index(month)
        opening = self.closing[self.months[position - 1]] if position else {}
        revalued = self.worth(self.company.opening_services(month), month, placed_in=add_months(month, -1))
        closing = self.closing[month]
        arr = self.worth(self.company.services_at_close[month], month, placed_in=month, annual=True)
        segments: dict[str, set[str]] = defaultdict(set)
        for account, segment in {*opening, *closing}:
            segments[account].add(segment)
        units: dict[Unit, UnitMonth] = {}
        for account, names in segments.items():
            deltas = {
                name: closing.get((account, name), NOTHING) - revalued.get((account, name), NOTHING)
                for name in names
            }
            classes = classes_by_segment(deltas, self.account_classes.get((account, month)))
            for name in names:
                unit = (account, name)
                units[unit] = UnitMonth(
                    opening=opening.get(unit, NOTHING),
                    revalued_opening=revalued.get(unit, NOTHING),
                    closing=closing.get(unit, NOTHING),
                    arr=arr.get(unit, NOTHING),
                    classes=classes.get(name, {}),
                )
        return units

    def paid_segments(self, account: str, moment: datetime, month: date) -> set[str]:
        return {
            self.segment_of(service, month)
            for service in self.company.account_services_at(account, moment)
            if service.mrr
        }

    @cached_property
    def intra_month_churns(self) -> dict[tuple[date, str], int]:
        """How often an account began and stopped in a segment inside one month, by month and segment."""
        counts: dict[tuple[date, str], int] = defaultdict(int)
        for account in self.company.items_by_account:
            # By segment: the month in which the account last began there.
            began: dict[str, date] = {}
            for moment in self.company.moments_by_account[account]:
                month = self.company.calendar.local_date(moment).replace(day=1)
                before = self.paid_segments(account, moment - SMALLEST_STEP, month)
                after = self.paid_segments(account, moment, month)
                for segment in before - after:
                    counts[month, segment] += began.get(segment) == month
                for segment in after - before:
                    began[segment] = month
        return counts

    @cached_property
    def units_by_segment(self) -> dict[tuple[str, date], list[UnitMonth]]:
        units_in: dict[tuple[str, date], list[UnitMonth]] = defaultdict(list)
        for month, units in self.unit_months.items():
            for (_, segment), unit in units.items():
                units_in[segment, month].append(unit)
        return dict(units_in)

    def bridge(self, segment: str, month: date) -> MartRow:
        """Opening to closing of one segment in one month."""
        return {
            "month": month,
            **bridge_columns(self.units_by_segment.get((segment, month), [])),
            "intra_month_churn_count": self.intra_month_churns.get((month, segment), 0),
            "is_complete_month": self.company.calendar.is_complete(month),
        }

    @cached_property
    def bridges(self) -> dict[tuple[str, date], MartRow]:
        """By segment and month, wherever an amount or a count is not 0."""
        intra = {(segment, month) for (month, segment), count in self.intra_month_churns.items() if count}
        found = {key: self.bridge(*key) for key in sorted({*self.units_by_segment, *intra})}
        return {key: row for key, row in found.items() if has_anything(row)}

    @cached_property
    def closed_sets(self) -> dict[date, dict[str, list[Unit]]]:
        """By month and segment: the accounts that paid there twelve months before."""
        sets: dict[date, dict[str, list[Unit]]] = {}
        for month in self.months:
            sets[month] = defaultdict(list)
            for unit, mrr in self.closing.get(year_before(month), {}).items():
                if mrr > 0:
                    sets[month][unit[1]].append(unit)
        return sets

    @cached_property
    def year_before_revalued(self) -> dict[date, dict[Unit, Fraction]]:
        """By month: what the services of twelve months before are worth at its rate."""
        return {
            month: self.worth(
                self.company.services_at_close.get(year_before(month), []),
                month,
                placed_in=year_before(month),
            )
            for month in self.months
        }


def has_anything(row: MartRow) -> bool:
    """Whether an amount or a count of a row is not 0."""
    return any(value for name, value in row.items() if name.endswith(("_amount", "_count")))


def bridge_columns(units: list[UnitMonth]) -> MartRow:
    """The sums of a segment's accounts in one month, and how many of them are in each class."""
    opening = sum((unit.opening for unit in units), NOTHING)
    revalued = sum((unit.revalued_opening for unit in units), NOTHING)
    closing = sum((unit.closing for unit in units), NOTHING)
    paying = sum(unit.closing > 0 for unit in units)
    classes = (*MOVEMENT_TYPES, *TRANSFERS)
    return {
        "opening_mrr_amount": to_decimal(opening),
        **{
            f"{name}_amount": to_decimal(sum((unit.amount(name) for unit in units), NOTHING))
            for name in classes
        },
        "fx_amount": to_decimal(revalued - opening),
        "closing_mrr_amount": to_decimal(closing),
        "arr_amount": to_decimal(sum((unit.arr for unit in units), NOTHING)),
        "arpa_amount": to_decimal(round_half_away(closing / paying, 4)) if paying else None,
        "opening_account_count": sum(unit.opening > 0 for unit in units),
        **{f"{name}_account_count": sum(unit.amount(name) > 0 for unit in units) for name in classes},
        "closing_account_count": paying,
    }


def segmented_companies(company: Company, facts: SegmentFacts) -> dict[str, SegmentedCompany]:
    """The company divided in every way, by segment type; under ``TOTAL`` undivided."""
    account_classes = {
        (row["account_id"], row["month"]): row["movement_type"] for row in company.account_month_rows()
    }
    divided = {
        segment_type: SegmentedCompany(company, facts.segments_by(segment_type), account_classes)
        for segment_type in SEGMENT_TYPES
    }
    return divided | {TOTAL: SegmentedCompany(company, lambda *_: TOTAL, account_classes)}


def bridge_by_segment_rows(divided: Mapping[str, SegmentedCompany]) -> list[MartRow]:
    """marts.fct_mrr_bridge_by_segment_month: wherever something is not 0."""
    return [
        {"segment_type": segment_type, "segment": segment, **row}
        for segment_type in SEGMENT_TYPES
        for (segment, _), row in divided[segment_type].bridges.items()
    ]
