"""When an invoice was finalised, due and settled (definitions 1.5).

What an export says about one invoice as a whole belongs here, and what follows from its dates. Which of its
lines count, and what they are worth, stays out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oracles.export import OracleError, Row, instant, is_live, required_instant

INVOICE_STATUSES = {"draft", "open", "paid", "uncollectible", "void"}
STATUSES_THAT_SETTLE = {"paid", "uncollectible", "void"}
SETTLEMENTS = ("paid", "voided", "marked_uncollectible")


@dataclass(frozen=True)
class Invoice:
    """One invoice; ``settled`` is when it was first paid, voided or written off, where that is known."""

    id: str
    customer_id: str
    subscription_id: str | None
    status: str
    created: datetime
    finalized: datetime
    due: datetime
    settled: datetime | None

    @property
    def is_always_settled(self) -> bool:
        """Settled, and nobody knows when: it never was past due."""
        return self.settled is None and self.status in STATUSES_THAT_SETTLE

    def is_past_due(self, close: datetime) -> bool:
        """Finalised and due before a month's close, and not settled before it."""
        if self.is_always_settled or (self.settled is not None and self.settled < close):
            return False
        return self.finalized < close and self.due < close

    def unpaid_for_too_long(self, patience: timedelta | None) -> tuple[datetime, datetime | None] | None:
        """The half-open span in which service on it does not count; None where there is none."""
        if patience is None or self.is_always_settled:
            return None
        begins = max(self.due, self.finalized) + patience
        if self.settled is not None and self.settled <= begins:
            return None
        return begins, self.settled


def read_invoice(row: Row) -> Invoice:
    if row["status"] not in INVOICE_STATUSES:
        raise OracleError(f"invoice {row['id']} has the unknown status {row['status']}")
    created = required_instant(row, "created")
    finalized = instant(row, "status_transitions_finalized_at") or created
    settlements = [instant(row, f"status_transitions_{settlement}_at") for settlement in SETTLEMENTS]
    return Invoice(
        id=row["id"],
        customer_id=row["customer_id"],
        subscription_id=row.get("subscription_id"),
        status=row["status"],
        created=created,
        finalized=finalized,
        due=instant(row, "due_date") or finalized,
        settled=min((settlement for settlement in settlements if settlement is not None), default=None),
    )


def read_invoices(rows: Iterable[Row]) -> dict[str, Invoice]:
    """By id, those that are neither deleted nor of the test mode."""
    return {row["id"]: read_invoice(row) for row in rows if is_live(row)}
