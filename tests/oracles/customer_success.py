"""Everything that the oracles say about customer success, by published table.

Only how the parts are put together; each number is the business of the oracle that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from tests.oracles.account_segments import ACCOUNT_SEGMENT_TYPES
from tests.oracles.adoption import Adoption
from tests.oracles.crm import ALL, Crm
from tests.oracles.entitlements import Entitlements
from tests.oracles.health import Health
from tests.oracles.mrr import Company, MartRow
from tests.oracles.nps import Nps
from tests.oracles.recognition import Books
from tests.oracles.support import Support


class CustomerSuccess:
    """How the customers of a company fare."""

    def __init__(self, crm: Crm, company: Company, books: Books, policies: Mapping[str, str]) -> None:
        self.entitlements = Entitlements(company, books, policies)
        self.support = Support(crm, company, self.entitlements, policies)
        self.nps = Nps(crm, company, policies)
        self.adoption = Adoption(crm, company, books.tables)
        self.health = Health(
            crm,
            company,
            support=self.support,
            answers=self.nps,
            adoption=self.adoption,
            policies=policies,
        )

    @cached_property
    def tables(self) -> dict[str, list[MartRow]]:
        tables = {
            "fct_support_tickets": self.support.ticket_rows(),
            "fct_support_entitlements": self.entitlements.rows(),
            "fct_health_by_account_month": self.health.account_month_rows(),
            "fct_health_measures_by_account_month": self.health.measure_rows(),
            "fct_health_alerts": self.health.alert_rows(),
        }
        for name, oracle in (("support", self.support), ("nps", self.nps), ("adoption", self.adoption)):
            rows = oracle.grouped_rows((ALL, *ACCOUNT_SEGMENT_TYPES))
            tables[f"fct_{name}_by_month"] = [
                {column: value for column, value in row.items() if not column.startswith("segment")}
                for row in rows
                if row["segment_type"] == ALL
            ]
            tables[f"fct_{name}_by_segment_month"] = [row for row in rows if row["segment_type"] != ALL]
        return tables
