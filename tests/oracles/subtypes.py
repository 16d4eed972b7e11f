"""Why an account churned, and whether it came back from a pause (definitions 2; the order is a decision).

The reasons, from the mildest to the worst, belong here. Which accounts churned, and which subscriptions they
lost, is said by the oracle of MRR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.oracles.invoice_lines import UncountedPeriod
from tests.oracles.subscriptions import Subscription

REASONS_OF_FAILED_PAYMENT = {"payment_failed", "payment_disputed"}
CHURN_SUBTYPES = ("to_free", "pause", "involuntary", "voluntary")


@dataclass(frozen=True)
class Loss:
    """What is known about service that paid at one month's close and does not at the next.

    ``subscription`` is None where it has left the export; the statuses are those of the invoices that billed
    the period in which the later close falls, and that do not count. ``is_outlived`` says whether the
    subscription went on to the end of such a period of a void or draft invoice, ``has_ended_inside``
    whether it ended before the end of one, and ``is_served_again`` whether it has service later on.
    """

    subscription: Subscription | None
    missing_period_statuses: frozenset[str]
    is_outlived: bool
    has_ended_inside: bool
    is_unpaid_for_too_long: bool
    is_served_again: bool

    def is_paused(self, close: datetime) -> bool:
        """It goes on, but its period was waived or not sent out, or collection is still paused."""
        if self.subscription is not None and self.subscription.has_ended_by(close):
            return False
        if self.is_outlived:
            return True
        if self.subscription is None or self.is_served_again:
            return False
        return self.subscription.pause_collection is not None

    def is_involuntary(self, close: datetime) -> bool:
        """It was cancelled because a payment failed, or its period was billed and not paid."""
        if self.is_unpaid_for_too_long or self.missing_period_statuses & {"open", "uncollectible"}:
            return True
        return (
            self.subscription is not None
            and (self.subscription.has_ended_by(close) or self.has_ended_inside)
            and self.subscription.cancellation_reason in REASONS_OF_FAILED_PAYMENT
        )


class Losses:
    """Looks up what became of subscriptions."""

    def __init__(self, subscriptions: Mapping[str, Subscription], periods: Iterable[UncountedPeriod]) -> None:
        self.subscriptions = subscriptions
        self.periods: dict[str, list[UncountedPeriod]] = defaultdict(list)
        for period in periods:
            self.periods[period.subscription_id].append(period)

    def of(
        self,
        subscription_id: str | None,
        close: datetime,
        *,
        is_unpaid_for_too_long: bool,
        is_served_again: bool,
    ) -> Loss:
        """Of the service of one subscription; of none where no line named any."""
        name = subscription_id or ""
        missing = [period for period in self.periods.get(name, []) if period.holds_at(close)]
        subscription = self.subscriptions.get(name)
        ended = None if subscription is None else subscription.ended_at
        outlived = [ended is None or (period.end is not None and ended >= period.end) for period in missing]
        return Loss(
            subscription=subscription,
            is_outlived=any(
                is_outlived
                for period, is_outlived in zip(missing, outlived, strict=True)
                if period.invoice_status in {"void", "draft"}
            ),
            has_ended_inside=not all(outlived),
            missing_period_statuses=frozenset(period.invoice_status for period in missing),
            is_unpaid_for_too_long=is_unpaid_for_too_long,
            is_served_again=is_served_again,
        )


def churn_subtype(losses: Iterable[Loss], close: datetime, *, is_still_served: bool) -> str:
    """The mildest of the reasons: who is still served, or only paused, has not left."""
    lost = list(losses)
    if is_still_served:
        return "to_free"
    if any(loss.is_paused(close) for loss in lost):
        return "pause"
    if any(loss.is_involuntary(close) for loss in lost):
        return "involuntary"
    return "voluntary"
