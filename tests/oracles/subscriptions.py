"""What a subscription says by its dates: when it is on trial, has given notice, has ended, will start.

Facts of the subscription alone belong here (definitions 1.1, rule 3, and 1.5). What its items pay stays out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.oracles.export import Row, instant
from tests.oracles.invoice_lines import Line

STATUSES_OF_NO_CONTRACT = {"incomplete", "incomplete_expired"}


def is_before(moment: datetime | None, close: datetime) -> bool:
    """Whether something has happened by a month's close; what has no date has not."""
    return moment is not None and moment < close


@dataclass(frozen=True)
class Subscription:
    """One subscription; None where the export says nothing.

    ``first_paid_term`` is the start of its first counting line with an amount, ``start`` its own start or
    else its creation.
    """

    id: str
    customer_id: str
    status: str
    created: datetime | None
    start: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    cancellation_reason: str | None
    pause_collection: str | None
    trial_start: datetime | None
    trial_end: datetime | None
    first_paid_term: datetime | None

    def is_clipped(self, moment: datetime) -> bool:
        """Section 1.1, rule 3: nothing from the end on, and nothing in a trial that came before payment."""
        if self.ended_at is not None and moment >= self.ended_at:
            return True
        return self.is_in_trial(moment) and not self.paid_before_trial_end()

    def is_in_trial(self, moment: datetime) -> bool:
        if self.trial_start is None and self.trial_end is None:
            return False
        begun = self.trial_start is None or self.trial_start <= moment
        return begun and (self.trial_end is None or moment < self.trial_end)

    def paid_before_trial_end(self) -> bool:
        if self.first_paid_term is None:
            return False
        return self.trial_end is None or self.first_paid_term < self.trial_end

    def has_ended_by(self, close: datetime) -> bool:
        return is_before(self.ended_at, close)

    def is_at_risk(self, close: datetime) -> bool:
        """Section 1.5: it had given notice by then, and had not ended."""
        return is_before(self.canceled_at, close) and not self.has_ended_by(close)

    def is_committed(self, close: datetime) -> bool:
        """Section 1.5: created by then, it starts later, and nobody had called it off by then."""
        return (
            self.status not in STATUSES_OF_NO_CONTRACT
            and is_before(self.created, close)
            and not is_before(self.start, close)
            and not is_before(self.canceled_at, close)
            and not self.has_ended_by(close)
        )


def read_subscriptions(rows: Iterable[Row], lines: Iterable[Line]) -> dict[str, Subscription]:
    """Subscriptions by id; ``lines`` are those that count."""
    paid_terms: dict[str | None, list[datetime]] = defaultdict(list)
    for line in lines:
        if line.amount != 0:
            paid_terms[line.subscription_id].append(line.start)
    return {
        row["id"]: Subscription(
            id=row["id"],
            customer_id=row["customer_id"],
            status=row["status"],
            created=instant(row, "created"),
            start=instant(row, "start_date") or instant(row, "created"),
            canceled_at=instant(row, "canceled_at"),
            ended_at=instant(row, "ended_at"),
            cancellation_reason=row.get("cancellation_details_reason"),
            pause_collection=row.get("pause_collection_behavior"),
            trial_start=instant(row, "trial_start"),
            trial_end=instant(row, "trial_end"),
            first_paid_term=min(paid_terms[row["id"]], default=None),
        )
        for row in rows
    }
