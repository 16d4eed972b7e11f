"""Use of the product once more (definitions 8): seats, users, touchpoints, and how soon it gave value.

From the records of use by company and day. What use says of an account's health is in ``health.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

from tests.oracles.crm import Crm
from tests.oracles.export import (
    Tables,
    instant,
    is_live,
    required_instant,
    round_half_away,
    to_decimal,
    whole_number,
)
from tests.oracles.ledger_lines import day_of
from tests.oracles.mrr import Company, MartRow
from tests.oracles.policy_tables import plain
from tests.oracles.ratios import rate
from tests.oracles.support import median

COUNTS = ("seats_active", "seats_paid", "daily_active_users", "monthly_active_users", "key_events")
NOTE = "note"
STATUSES_OF_NO_START = {"incomplete", "incomplete_expired"}
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Use:
    """What one record says that a company used on one day; ``company`` is the one it was merged into."""

    company: str
    account: str
    day: date
    counts: Mapping[str, int]

    def of(self, name: str) -> int | None:
        """None where nothing is said."""
        return self.counts.get(name)

    @property
    def seats(self) -> tuple[int, int] | None:
        """Those in use and those paid for, where it knows both."""
        active, paid = self.of("seats_active"), self.of("seats_paid")
        return None if active is None or paid is None else (active, paid)


def seats_at_last(uses: Iterable[Use]) -> tuple[int, int]:
    """Seats in use and paid for, of each company on the newest day on which one of its records knows both.

    Seats in use are set against those paid for: a record with none paid for is on neither side.
    """
    known = [(use, use.seats) for use in uses if use.seats is not None]
    newest: dict[str, date] = {}
    for use, _ in known:
        newest[use.company] = max(newest.get(use.company, use.day), use.day)
    seats = [(active, paid) for use, (active, paid) in known if use.day == newest[use.company] and paid > 0]
    return sum(active for active, _ in seats), sum(paid for _, paid in seats)


@dataclass
class AccountMonth:
    """What an account did in a month."""

    seats_active: int = 0
    seats_paid: int = 0
    daily: int = 0
    monthly: int = 0
    key_events: int = 0
    touchpoints: int = 0
    days_to_value: int | None = None


class Adoption:
    """All use of the product up to the data clock; ``tables`` are those of billing."""

    def __init__(self, crm: Crm, company: Company, tables: Tables) -> None:
        self.crm = crm
        self.company = company
        self.tables = tables

    @cached_property
    def uses(self) -> list[Use]:
        """As they were recorded: what cards of merged companies say stays apart."""
        found = []
        for row in self.crm.rows("product_usage"):
            day = day_of(row, "date")
            if not self.crm.is_seen(day):
                continue
            survivor = self.crm.identity.companies.survivor(row["company_id"])
            account = self.crm.identity.of_company(survivor)
            if account is None:
                continue
            counts = {name: whole_number(row, name) for name in COUNTS}
            # A number below 0 is none.
            known = {name: count for name, count in counts.items() if count is not None and count >= 0}
            found.append(Use(survivor, account, day, known))
        return found

    @cached_property
    def first_paid_days(self) -> dict[str, date]:
        """By account the first day on which something recurring was paid for."""
        days: dict[str, date] = {}
        for account, moments in self.company.moments_by_account.items():
            paid = next((moment for moment in moments if self.company.pays(account, moment)), None)
            if paid is not None:
                days[account] = self.crm.calendar.local_date(paid)
        return days

    @cached_property
    def start_days(self) -> dict[str, date]:
        """Of the first subscription, trial or not, or of the first paid day."""
        days = dict(self.first_paid_days)
        for row in self.tables["subscription"]:
            moment = instant(row, "start_date") or instant(row, "created")
            if row["status"] in STATUSES_OF_NO_START or not is_live(row):
                continue
            if moment is not None and moment < self.crm.calendar.as_of:
                account = self.crm.identity.of_customer(row["customer_id"])
                day = self.crm.calendar.local_date(moment)
                days[account] = min(days.get(account, day), day)
        return days

    @cached_property
    def activations(self) -> dict[str, date]:
        """By account the day of the first event."""
        days: dict[str, date] = {}
        for row in self.crm.rows("activation_event"):
            moment = required_instant(row, "occurred_at")
            account = self.crm.identity.of_company(row["company_id"])
            if moment < self.crm.calendar.as_of and account is not None:
                day = self.crm.calendar.local_date(moment)
                days[account] = min(days.get(account, day), day)
        return days

    @cached_property
    def touches(self) -> list[tuple[str, date]]:
        """Account and day of what was exchanged with a customer."""
        found = []
        for row in self.crm.rows("engagement"):
            moment = instant(row, "occurred_at")
            account = self.crm.account_of(row)
            # A note is written about somebody, not exchanged with them.
            if moment is None or account is None or plain(row.get("type")) in {"", NOTE}:
                continue
            day = self.crm.calendar.local_date(moment)
            paid_from = self.first_paid_days.get(account)
            if moment < self.crm.calendar.as_of and paid_from is not None and paid_from <= day:
                found.append((account, day))
        return found

    @cached_property
    def account_months(self) -> dict[tuple[str, date], AccountMonth]:
        found: dict[tuple[str, date], AccountMonth] = defaultdict(AccountMonth)
        together: dict[tuple[str, date], list[Use]] = defaultdict(list)
        for use in self.uses:
            month = use.day.replace(day=1)
            together[use.account, month].append(use)
            entry = found[use.account, month]
            entry.key_events += use.of("key_events") or 0
            daily, monthly = use.of("daily_active_users"), use.of("monthly_active_users")
            if daily is not None and monthly is not None:
                entry.daily += daily
                entry.monthly += monthly
        for key, uses in together.items():
            found[key].seats_active, found[key].seats_paid = seats_at_last(uses)
        for account, day in self.touches:
            found[account, day.replace(day=1)].touchpoints += 1
        for account, day in self.activations.items():
            if account in self.start_days:
                # What was activated before the start was there at once.
                valued = max(day, self.start_days[account])
                waited = (valued - self.start_days[account]) // ONE_DAY
                found[account, valued.replace(day=1)].days_to_value = waited
        return found

    def columns(self, accounts: Iterable[AccountMonth]) -> MartRow:
        months = [*accounts]
        waited = [month.days_to_value for month in months if month.days_to_value is not None]
        seats_active = sum(month.seats_active for month in months)
        seats_paid = sum(month.seats_paid for month in months)
        daily, monthly = sum(month.daily for month in months), sum(month.monthly for month in months)
        mean = round_half_away(Fraction(sum(waited), len(waited)), 4) if waited else None
        return {
            "using_accounts": sum(month.monthly > 0 for month in months),
            "seats_active": seats_active,
            "seats_paid": seats_paid,
            "adoption_rate": rate(seats_active, seats_paid),
            "daily_active_user_days": daily,
            "monthly_active_user_days": monthly,
            "dau_mau_rate": rate(daily, monthly),
            "key_events": sum(month.key_events for month in months),
            "touchpoints": sum(month.touchpoints for month in months),
            "touched_accounts": sum(month.touchpoints > 0 for month in months),
            "activated_accounts": len(waited),
            "average_time_to_value_days": None if mean is None else to_decimal(mean),
            "median_time_to_value_days": to_decimal(median(waited)) if waited else None,
        }

    def grouped_rows(self, segment_types: Iterable[str]) -> list[MartRow]:
        placed: dict[tuple[str, str, date], list[AccountMonth]] = defaultdict(list)
        types = [*segment_types]
        for (account, month), entry in self.account_months.items():
            for segment_type in types:
                placed[segment_type, self.crm.segment(segment_type, account, month), month].append(entry)
        return [
            {
                "segment_type": segment_type,
                "segment": segment,
                "month": month,
                **self.columns(entries),
                "is_complete_month": self.crm.calendar.is_complete(month),
            }
            for (segment_type, segment, month), entries in sorted(placed.items())
            if month in self.company.months
        ]
