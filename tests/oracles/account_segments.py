"""In which segments an account is as a whole, month by month (definitions 2 and 8).

What the CRM said of a company at a month-end, by the history of its properties, and the segment that is. What
an account pays for decides other segments, which are in ``segments.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path

from tests.oracles.calendar_months import Calendar
from tests.oracles.export import Row, flag, read_rows, required_instant
from tests.oracles.identity import Identity, created
from tests.oracles.policy_tables import plain, read_policy_table

UNKNOWN = "unknown"
REFERENCE = Path(__file__).resolve().parents[2] / "seeds" / "reference"
DEFAULT_POLICIES = {"sme_below_employees": "250"}
ACCOUNT_SEGMENT_TYPES = (
    "country",
    "region",
    "vertical",
    "organization_size",
    "acquisition_channel",
    "region_vertical",
    "health_band",
)
EMPLOYEES = "numberofemployees"
# By the name in a history, the column of the card.
DATED = {
    "country": "property_country",
    "industry": "property_industry",
    EMPLOYEES: "property_numberofemployees",
}
BEGINNING = date(1900, 1, 1)


# Plain digits, or a comma after every three.
NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?")


def text_of(row: Row, column: str) -> str | None:
    return row.get(column, "").strip() or None


def is_readable(name: str, value: str | None) -> bool:
    """What cannot be read changes nothing; what is blank takes away what was there."""
    return name != EMPLOYEES or value is None or NUMBER.fullmatch(value) is not None


@dataclass(frozen=True)
class Timeline:
    """Values from a month on, in the order of time; the first one also holds before."""

    values: tuple[tuple[date, str | None], ...]

    def at(self, month: date) -> str | None:
        """At its end; before all of them the first one."""
        begun = [value for since, value in self.values if since <= month]
        return begun[-1] if begun else self.values[0][1]

    @property
    def newest(self) -> str | None:
        return self.values[-1][1]


class AccountSegments:
    """The segments of every account; ``hidden_from`` is the as-of where one was asked for, else None."""

    def __init__(
        self,
        landing: Path,
        calendar: Calendar,
        identity: Identity,
        policies: Mapping[str, str],
        hidden_from: datetime | None,
    ) -> None:
        self.landing = landing
        self.calendar = calendar
        self.identity = identity
        self.hidden_from = hidden_from
        self.sme_below = int((DEFAULT_POLICIES | dict(policies))["sme_below_employees"])
        reference = read_rows(REFERENCE / "country_regions.csv")
        self.regions = {row["country_code"]: row["region"] for row in reference if "region" in row}
        self.country_codes = {
            row[column].strip().upper(): row["country_code"]
            for row in [*reference, *read_rows(REFERENCE / "country_names.csv")]
            for column in ("country_code", "alpha_3_code", "country_name")
            if column in row
        }
        self.of = cache(self._of)
        # Health is measured from much that has no need of segments, and comes after them.
        self.band_of: Callable[[str, date], str] = lambda *_: UNKNOWN

    @cached_property
    def mappings(self) -> dict[tuple[str, str], str]:
        rows = read_policy_table(self.landing, "segment_mappings", ("mapping", "value"))
        return {(plain(row["mapping"]), plain(row["value"])): row["target"] for row in rows}

    @cached_property
    def histories(self) -> dict[tuple[str, str], list[Row]]:
        """By company and property, in the order of time."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in read_rows(self.landing / "crm" / "company_property_history.csv"):
            found[row["company_id"], row["name"]].append(row)
        return {
            key: sorted(rows, key=lambda row: required_instant(row, "timestamp"))
            for key, rows in found.items()
        }

    @cached_property
    def companies_by_account(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.identity.companies.rows.values():
            account = self.identity.of_company(row["id"])
            if account is not None:
                found[account].append(row)
        return found

    def is_seen(self, row: Row) -> bool:
        return self.hidden_from is None or required_instant(row, "timestamp") < self.hidden_from

    def timeline(self, company: Row, name: str) -> Timeline | None:
        """Of one property of one card; None where it never had a value."""
        card = text_of(company, DATED[name])
        if not is_readable(name, card):
            card = None
        entries = self.histories.get((company["id"], name), [])
        values: list[tuple[date, str | None]] = []
        for position, row in enumerate(entries):
            if not self.is_seen(row):
                continue
            is_newest = position == len(entries) - 1
            value = (card if is_newest else None) or text_of(row, "value")
            if is_readable(name, value) and (value is not None or values):
                month = self.calendar.local_date(required_instant(row, "timestamp")).replace(day=1)
                values.append((month, value))
        if not values and card is not None:
            values = [(BEGINNING, card)]
        return Timeline(tuple(values)) if values else None

    def preference(self, row: Row) -> tuple[bool, bool, datetime, str]:
        """Which card of an account speaks first."""
        is_survivor = self.identity.companies.survivor(row["id"]) == row["id"]
        return not is_survivor, flag(row, "is_deleted", absent=False), created(row), row["id"]

    def dated_value(self, account: str, name: str, month: date) -> str | None:
        """Of the card that has one now, else of one that ever had."""
        timelines = [
            (timeline.newest is None, self.preference(row), timeline)
            for row in self.companies_by_account.get(account, [])
            if (timeline := self.timeline(row, name)) is not None
        ]
        return min(timelines, key=lambda entry: entry[:2])[2].at(month) if timelines else None

    def undated_value(self, account: str, column: str) -> str | None:
        """What does not change: how an account was won."""
        cards = sorted(self.companies_by_account.get(account, []), key=self.preference)
        return next((value for row in cards if (value := text_of(row, column)) is not None), None)

    def mapped(self, mapping: str, value: str | None) -> str:
        return self.mappings.get((mapping, plain(value)), UNKNOWN)

    def country(self, account: str, month: date) -> str | None:
        """Of the account's first billing customer, for all time; else what the CRM said."""
        customer = self.identity.customers.get(account, {})
        if "address_country" in customer:
            return customer["address_country"].strip().upper()
        return self.country_codes.get((self.dated_value(account, "country", month) or "").upper())

    def size(self, account: str, month: date) -> str:
        employees = self.dated_value(account, EMPLOYEES, month)
        if employees is None:
            return UNKNOWN
        return "sme" if Fraction(employees.replace(",", "")) < self.sme_below else "large"

    def _of(self, account: str, month: date) -> dict[str, str]:
        country = self.country(account, month)
        region = self.regions.get(country or "", UNKNOWN)
        vertical = self.mapped("industry", self.dated_value(account, "industry", month))
        channel = self.mapped("analytics_source", self.undated_value(account, "property_hs_analytics_source"))
        return {
            "country": country or UNKNOWN,
            "region": region,
            "vertical": vertical,
            "organization_size": self.size(account, month),
            "acquisition_channel": channel,
            "region_vertical": f"{region} / {vertical}",
            "health_band": self.band_of(account, month),
        }
