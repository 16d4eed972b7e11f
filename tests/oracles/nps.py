"""The net promoter score once more (definitions 8): the last answer of everybody who answered in a period.

Who is the same person and whose account they speak for is in ``identity.py``. The score of a single account,
which is a part of its health, uses the same answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property

from tests.oracles.calendar_months import add_months
from tests.oracles.crm import Crm
from tests.oracles.export import required_instant, round_half_away, to_decimal
from tests.oracles.mrr import Company, MartRow

DEFAULT_POLICIES = {"nps_period_months": "1"}


@dataclass(frozen=True)
class Answer:
    id: str
    person: str
    account: str | None
    value: int
    at: datetime


def last_of_each(answers: Iterable[Answer]) -> list[Answer]:
    """One answer of everybody: the last; of two at one moment that of the higher id."""
    last: dict[str, Answer] = {}
    for answer in sorted(answers, key=lambda answer: (answer.at, answer.id)):
        last[answer.person] = answer
    return [*last.values()]


def score(answers: Iterable[Answer]) -> tuple[int, int, int, Fraction]:
    """Promoters, passives, detractors, and the difference of the outer ones in percent of all."""
    values = [answer.value for answer in answers]
    promoters = sum(value >= 9 for value in values)
    detractors = sum(value <= 6 for value in values)
    passives = len(values) - promoters - detractors
    return promoters, passives, detractors, Fraction(100 * (promoters - detractors), len(values))


class Nps:
    """All answers of an export before its data clock."""

    def __init__(self, crm: Crm, company: Company, policies: Mapping[str, str]) -> None:
        self.crm = crm
        self.company = company
        self.period_months = int((DEFAULT_POLICIES | dict(policies))["nps_period_months"])

    @cached_property
    def answers(self) -> list[Answer]:
        found = []
        for row in self.crm.rows("feedback_submission"):
            if "value" not in row or "submitted_at" not in row:
                continue
            at = required_instant(row, "submitted_at")
            if at >= self.crm.calendar.as_of or not 0 <= int(row["value"]) <= 10:
                continue
            contact = row.get("contact_id")
            person = f"answer {row['id']}"
            if contact is not None:
                person = self.crm.identity.contacts.survivor(contact)
            found.append(Answer(row["id"], person, self.crm.account_of(row), int(row["value"]), at))
        return found

    def in_period(self, month: date) -> list[Answer]:
        first = add_months(month, 1 - self.period_months)
        return [
            answer
            for answer in self.answers
            if first <= self.crm.calendar.local_date(answer.at).replace(day=1) <= month
        ]

    def grouped_rows(self, segment_types: Iterable[str]) -> list[MartRow]:
        rows: list[MartRow] = []
        for month in self.company.months:
            counting = last_of_each(self.in_period(month))
            for segment_type in segment_types:
                placed: dict[str, list[Answer]] = defaultdict(list)
                for answer in counting:
                    placed[self.crm.segment(segment_type, answer.account, month)].append(answer)
                for segment, of_segment in placed.items():
                    promoters, passives, detractors, points = score(of_segment)
                    rows.append(
                        {
                            "segment_type": segment_type,
                            "segment": segment,
                            "month": month,
                            "respondents": len(of_segment),
                            "promoters": promoters,
                            "passives": passives,
                            "detractors": detractors,
                            "score": to_decimal(round_half_away(points, 4)),
                            "is_complete_month": self.crm.calendar.is_complete(month),
                        }
                    )
        return rows
