"""What a cloud provider charged, and for which environment (definitions 6, FOCUS).

Charges by month and by invoice. What of a ledger line is development follows from them elsewhere.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from tests.oracles.calendar_months import Calendar
from tests.oracles.cost_mappings import CostPolicy
from tests.oracles.export import Row, exact_number, read_rows, required_instant, round_half_away

PRODUCTION, DEVELOPMENT, SHARED, UNTAGGED = "production", "development", "shared", "untagged"


@dataclass(frozen=True)
class Charge:
    """One row of the bill, in major units."""

    month: date
    invoice_id: str | None
    provider: str
    environment: str
    effective: Fraction
    billed: Fraction


def environment_of(row: Row, policy: CostPolicy) -> str:
    """What its tag means; another tag is as good as none."""
    tags = json.loads(row.get("tags", "{}") or "{}")
    tag = tags.get("environment") if isinstance(tags, dict) else None
    return (policy.environment(str(tag)) if tag is not None else None) or UNTAGGED


class CloudBill:
    """All charges of a landing folder up to a month."""

    def __init__(self, landing: Path, policy: CostPolicy, calendar: Calendar) -> None:
        last_month = calendar.last_day.replace(day=1)
        charges = [
            Charge(
                month=calendar.local_date(required_instant(row, "chargeperiodstart")).replace(day=1),
                invoice_id=row.get("invoiceid"),
                provider=row.get("providername") or "unknown",
                environment=environment_of(row, policy),
                effective=exact_number(row, "effectivecost") or Fraction(0),
                billed=exact_number(row, "billedcost") or Fraction(0),
            )
            for row in read_rows(landing / "ledger" / "cloud_cost.csv")
        ]
        self.charges = [charge for charge in charges if charge.month <= last_month]
        self.of_invoice: dict[str, list[Charge]] = defaultdict(list)
        self.of_month: dict[date, list[Charge]] = defaultdict(list)
        for charge in self.charges:
            self.of_month[charge.month].append(charge)
            if charge.invoice_id is not None:
                self.of_invoice[charge.invoice_id].append(charge)

    def environments(self, invoice_id: str | None, month: date) -> dict[str, Fraction]:
        """How a hosting line divides: as its own invoice says, else as the month's bill, else production."""
        for charges in (self.of_invoice.get(invoice_id or "", []), self.of_month.get(month, [])):
            production, development = (tagged(charges, name) for name in (PRODUCTION, DEVELOPMENT))
            if production + development > 0:
                weights = {PRODUCTION: production, DEVELOPMENT: development}
                return {name: weight for name, weight in weights.items() if weight > 0}
        return {PRODUCTION: Fraction(1)}


def tagged(charges: Iterable[Charge], environment: str) -> Fraction:
    total = sum((charge.effective for charge in charges if charge.environment == environment), Fraction(0))
    return round_half_away(total, 6)
