"""Health of accounts once more (definitions 8): measures, points, scores that roll up, bands and alerts.

Every score is asked for its points and its coverage, and asks its measures in turn; a measure that is another
score asks that. What the measures are measured from is in ``support.py``, ``nps.py``, ``adoption.py`` and
``mrr.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.oracles import nps
from tests.oracles.adoption import Adoption, Use, seats_at_last
from tests.oracles.calendar_months import add_months, next_month
from tests.oracles.crm import Crm
from tests.oracles.export import instant, required_instant, round_half_away, to_decimal
from tests.oracles.mrr import Company, MartRow
from tests.oracles.policy_tables import read_policy_table
from tests.oracles.support import IN_TIME, LATE, UNANSWERED, Support, Ticket

DEFAULT_POLICIES = {
    "health_score": "health",
    "health_green_from": "70",
    "health_yellow_from": "40",
    "health_drop_points": "20",
    "health_drop_days": "30",
    "health_minimum_coverage": "0",
    "health_coverage_alert_fall": "0.5",
}
MEASURES = ("usage", "adoption", "support", "nps", "billing", "tenure", "renewal", "csm_rating")
OTHER_SCORE = "score:"
ONE_DAY = timedelta(days=1)
BANDS = ("red", "yellow", "green")

AccountMonth = tuple[str, date]


@dataclass(frozen=True)
class Rule:
    """A measure of a score."""

    score: str
    measure: str
    weight: Fraction
    direction: str
    floor: Fraction
    ceiling: Fraction
    look_back_days: int

    def points(self, value: Fraction) -> Fraction:
        """Linear from floor to ceiling, 0 to 100; rounded to 4 decimals."""
        share = (min(max(value, self.floor), self.ceiling) - self.floor) / (self.ceiling - self.floor)
        return round_half_away(100 * (1 - share if self.direction == "lower" else share), 4)


@dataclass(frozen=True)
class Scored:
    """A measure or a score of an account in a month; None where it is not known."""

    value: Fraction | None
    points: Fraction | None
    coverage: Fraction


@dataclass(frozen=True)
class Rating:
    """What a customer success manager gave a company."""

    account: str | None
    company_id: str
    at: datetime
    value: Fraction


@dataclass(frozen=True)
class Window:
    """The look-back of a month: instants in [start, end), days in [first, last]."""

    start: datetime
    end: datetime
    first: date
    last: date


class Health:
    """The scores of every account at every month-end at which it pays."""

    def __init__(
        self,
        crm: Crm,
        company: Company,
        *,
        support: Support,
        answers: nps.Nps,
        adoption: Adoption,
        policies: Mapping[str, str],
    ) -> None:
        self.policy = DEFAULT_POLICIES | dict(policies)
        self.crm = crm
        self.company = company
        self.support = support
        self.nps = answers
        self.adoption = adoption
        self.known: dict[tuple[str, date, str, int], Fraction | None] = {}

    @cached_property
    def rules(self) -> dict[str, list[Rule]]:
        """By score."""
        found: dict[str, list[Rule]] = {}
        for row in read_policy_table(self.crm.landing, "health_measures", ("score", "measure")):
            rule = Rule(
                score=row["score"],
                measure=row["measure"],
                weight=Fraction(row["weight"]),
                direction=row["direction"],
                floor=Fraction(row["floor_value"]),
                ceiling=Fraction(row["ceiling_value"]),
                look_back_days=int(row["look_back_days"]),
            )
            if rule.weight:
                found.setdefault(rule.score, []).append(rule)
        return found

    @cached_property
    def paying(self) -> dict[AccountMonth, Fraction]:
        """MRR at the month-ends at which there is any."""
        return {
            (account, month): mrr
            for month in self.company.months
            for account, mrr in self.company.valued(self.company.services_at_close[month], month).items()
            if mrr > 0
        }

    @cached_property
    def at_risk(self) -> dict[AccountMonth, Fraction]:
        return {
            (account, month): mrr
            for month in self.company.months
            for account, mrr in self.company.at_risk(month).items()
        }

    def window(self, month: date, days: int) -> Window:
        end = self.company.calendar.close_of(month)
        last = min(next_month(month) - ONE_DAY, self.company.calendar.last_day)
        return Window(end - days * ONE_DAY, end, last - (days - 1) * ONE_DAY, last)

    # What is measured; None where nothing is known.

    def usage(self, account: str, window: Window) -> Fraction | None:
        uses = [
            use
            for use in self.uses_of(account, window)
            if use.of("key_events") is not None and use.of("seats_active") is not None
        ]
        seats = sum(use.of("seats_active") or 0 for use in uses)
        if not uses:
            return None
        return Fraction(sum(use.of("key_events") or 0 for use in uses), seats) if seats > 0 else Fraction(0)

    def uses_of(self, account: str, window: Window) -> list[Use]:
        uses = self.uses_by_account.get(account, [])
        return [use for use in uses if window.first <= use.day <= window.last]

    @cached_property
    def uses_by_account(self) -> dict[str, list[Use]]:
        found: dict[str, list[Use]] = {}
        for use in self.adoption.uses:
            found.setdefault(use.account, []).append(use)
        return found

    def seats(self, account: str, window: Window) -> Fraction | None:
        in_use, paid_for = seats_at_last(self.uses_of(account, window))
        return Fraction(in_use, paid_for) if paid_for > 0 else None

    def replies(self, account: str, window: Window) -> Fraction | None:
        """Of tickets as they stood at the end: those decided by then."""
        decided = []
        for ticket in self.tickets_by_account.get(account, []):
            if window.start <= ticket.created < window.end:
                replied, closed = (
                    moment if moment is not None and moment < window.end else None
                    for moment in (ticket.replied, ticket.closed)
                )
                status = self.support.status(ticket.created, ticket.due, replied, closed, window.end)
                if status in {IN_TIME, LATE, UNANSWERED}:
                    decided.append(status == IN_TIME)
        return Fraction(sum(decided), len(decided)) if decided else None

    @cached_property
    def tickets_by_account(self) -> dict[str, list[Ticket]]:
        found: dict[str, list[Ticket]] = {}
        for ticket in self.support.tickets:
            if ticket.account is not None:
                found.setdefault(ticket.account, []).append(ticket)
        return found

    def promoters(self, account: str, window: Window) -> Fraction | None:
        answers = nps.last_of_each(
            answer
            for answer in self.nps.answers
            if answer.account == account and window.start <= answer.at < window.end
        )
        return nps.score(answers)[3] if answers else None

    def past_due(self, account: str, window: Window) -> Fraction | None:
        """The longest, in whole days, of invoices that were past due in the window."""
        longest = Fraction(0)
        for invoice in self.invoices_by_account.get(account, []):
            due, settled = invoice
            if due < window.end and (settled is None or settled > window.start):
                until = window.end if settled is None else min(settled, window.end)
                # In whole seconds, as everything of an account's history is told.
                since = due.replace(microsecond=0)
                longest = max(longest, Fraction((until.replace(microsecond=0) - since) // ONE_DAY))
        return longest

    @cached_property
    def invoices_by_account(self) -> dict[str, list[tuple[datetime, datetime | None]]]:
        """When they were due and settled; what was paid in time was never past due."""
        found: dict[str, list[tuple[datetime, datetime | None]]] = {}
        for invoice in self.company.invoices:
            span = invoice.unpaid_for_too_long(timedelta(0))
            if span is not None:
                account = self.crm.identity.of_customer(invoice.customer_id)
                found.setdefault(account, []).append(span)
        return found

    def tenure(self, account: str, window: Window) -> Fraction | None:
        first = self.adoption.first_paid_days.get(account)
        if first is None or first > window.last:
            return None
        # A month ends with the first instant after it.
        return Fraction((self.crm.calendar.local_date(window.end) - first) // ONE_DAY)

    def rating(self, account: str, window: Window) -> Fraction | None:
        ratings = [
            rating
            for rating in self.ratings
            if rating.account == account and window.start <= rating.at < window.end
        ]
        if not ratings:
            return None
        newest = max(rating.at for rating in ratings)
        # Of two companies that were rated at once the first by id.
        return min((rating.company_id, rating.value) for rating in ratings if rating.at == newest)[1]

    @cached_property
    def ratings(self) -> list[Rating]:
        return [
            Rating(
                account=self.crm.identity.of_company(row["company_id"]),
                company_id=row["company_id"],
                at=required_instant(row, "rated_at"),
                value=Fraction(row["rating"]),
            )
            for row in self.crm.rows("csm_rating")
            if "rating" in row and instant(row, "rated_at") is not None
        ]

    def measured(self, account: str, month: date, measure: str, days: int) -> Fraction | None:
        """Rounded to 6 decimals."""
        key = account, month, measure, days
        if key not in self.known:
            window = self.window(month, days)
            value: Fraction | None
            if measure == "renewal":
                value = self.at_risk.get((account, month), Fraction(0)) / self.paying[account, month]
            else:
                ask = {
                    "usage": self.usage,
                    "adoption": self.seats,
                    "support": self.replies,
                    "nps": self.promoters,
                    "billing": self.past_due,
                    "tenure": self.tenure,
                    "csm_rating": self.rating,
                }[measure]
                value = ask(account, window)
            self.known[key] = None if value is None else round_half_away(value, 6)
        return self.known[key]

    # What it comes to.

    def scored(self, account: str, month: date, rule: Rule) -> Scored:
        if rule.measure.startswith(OTHER_SCORE):
            other = self.score(account, month, rule.measure.removeprefix(OTHER_SCORE))
            value, coverage = other.points, other.coverage
        else:
            value = self.measured(account, month, rule.measure, rule.look_back_days)
            coverage = Fraction(value is not None)
        return Scored(value, None if value is None else rule.points(value), coverage)

    def score(self, account: str, month: date, name: str) -> Scored:
        """The mean of what is known by weight, and the share of all weight that it rests on."""
        parts = [(rule.weight, self.scored(account, month, rule)) for rule in self.rules.get(name, [])]
        known = [(weight, part.points) for weight, part in parts if part.points is not None]
        weight_known = sum((weight for weight, _ in known), Fraction(0))
        weight_in_all = sum((weight for weight, _ in parts), Fraction(0))
        coverage = sum((weight * part.coverage for weight, part in parts), Fraction(0))
        points = None
        if weight_known:
            points = round_half_away(sum(weight * points for weight, points in known) / weight_known, 4)
        share = round_half_away(coverage / weight_in_all, 6) if weight_in_all else Fraction(0)
        return Scored(points, points, share)

    def band(self, health: Scored) -> str:
        points = health.points
        if points is None or health.coverage < Fraction(self.policy["health_minimum_coverage"]):
            return "unknown"
        if points >= Fraction(self.policy["health_green_from"]):
            return "green"
        return "yellow" if points >= Fraction(self.policy["health_yellow_from"]) else "red"

    @cached_property
    def healths(self) -> dict[AccountMonth, Scored]:
        return {key: self.score(*key, self.policy["health_score"]) for key in self.paying}

    def band_of(self, account: str, month: date) -> str:
        """Of an account as a segment: unknown where it does not pay."""
        health = self.healths.get((account, month))
        return "unknown" if health is None else self.band(health)

    def about(self, account: str, month: date) -> MartRow:
        return {
            "mrr_amount": to_decimal(self.paying[account, month]),
            "mrr_at_risk_amount": to_decimal(self.at_risk.get((account, month), Fraction(0))),
            "is_complete_month": self.company.calendar.is_complete(month),
        }

    @cached_property
    def used_rules(self) -> dict[str, Rule]:
        """By measure: that of the first score by name that has it."""
        used: dict[str, Rule] = {}
        for name in sorted(self.rules):
            for rule in self.rules[name]:
                used.setdefault(rule.measure, rule)
        return used

    def account_month_rows(self) -> list[MartRow]:
        """marts.fct_health_by_account_month."""
        rows = []
        for (account, month), health in sorted(self.healths.items()):
            row: MartRow = {"account_id": account, "month": month}
            for measure in MEASURES:
                rule = self.used_rules.get(measure)
                found = None if rule is None else self.scored(account, month, rule)
                row[f"{measure}_value"] = decimal_or_none(found.value, 6) if found else None
                row[f"{measure}_points"] = decimal_or_none(found.points, 4) if found else None
            row |= {
                "score": decimal_or_none(health.points, 4),
                "coverage": to_decimal(health.coverage, 6),
                "band": self.band(health),
                **self.about(account, month),
            }
            rows.append(row)
        return rows

    def measure_rows(self) -> list[MartRow]:
        """marts.fct_health_measures_by_account_month."""
        return [
            {
                "account_id": account,
                "month": month,
                "score": rule.score,
                "measure": rule.measure,
                "weight": to_decimal(rule.weight),
                "measure_value": decimal_or_none(found.value, 6),
                "points": decimal_or_none(found.points, 4),
                "coverage": to_decimal(found.coverage, 6),
            }
            for account, month in self.healths
            for rules in self.rules.values()
            for rule in rules
            for found in [self.scored(account, month, rule)]
        ]

    # Falls.

    def compared_month(self, month: date) -> date:
        """The month-end nearest to so many days before; of two that are equally near the later."""
        days = int(self.policy["health_drop_days"])
        day = min(next_month(month), self.crm.calendar.last_day + ONE_DAY) - days * ONE_DAY
        candidates = [other for other in self.company.months if other < month]
        return min(
            candidates or [month], key=lambda other: (abs(next_month(other) - day), -other.toordinal())
        )

    def fall(self, account: str, month: date, kind: str, compared: date) -> MartRow | None:
        now, then = self.healths[account, month], self.healths.get((account, compared))
        if compared >= month or then is None:
            return None
        bands = self.band(then), self.band(now)
        points = None if then.points is None or now.points is None else then.points - now.points
        lost = then.coverage - now.coverage
        has_fallen = {
            "band_drop": "unknown" not in bands and BANDS.index(bands[1]) < BANDS.index(bands[0]),
            "score_fall": points is not None and 0 < points >= Fraction(self.policy["health_drop_points"]),
            "coverage_fall": lost > Fraction(self.policy["health_coverage_alert_fall"]),
        }
        if not has_fallen[kind]:
            return None
        return {
            "account_id": account,
            "month": month,
            "alert_kind": kind,
            "compared_month": compared,
            "from_band": bands[0],
            "to_band": bands[1],
            "from_score": decimal_or_none(then.points, 4),
            "to_score": decimal_or_none(now.points, 4),
            "fall_points": decimal_or_none(points, 4),
            "from_coverage": to_decimal(then.coverage, 6),
            "to_coverage": to_decimal(now.coverage, 6),
            **self.about(account, month),
        }

    def alert_rows(self) -> list[MartRow]:
        """marts.fct_health_alerts."""
        found = [
            self.fall(account, month, kind, compared)
            for account, month in sorted(self.healths)
            for kind, compared in (
                ("band_drop", add_months(month, -1)),
                ("score_fall", self.compared_month(month)),
                ("coverage_fall", self.compared_month(month)),
            )
        ]
        return [row for row in found if row is not None]


def decimal_or_none(value: Fraction | None, digits: int) -> Decimal | None:
    return None if value is None else to_decimal(value, digits)
