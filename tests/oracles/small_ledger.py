"""A company with costs that a test can write down: expense lines, people, and what accounts use.

Add a way to say something here when a test of costs needs it. Nothing here knows what the answer is.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracles import mrr, recognition
from tests.oracles.calendar_months import next_month
from tests.oracles.costs import Costs
from tests.oracles.landing import write_landing
from tests.oracles.small_company import SmallCompany, first_of

ACCOUNT_TYPES = {"Hosting": "COGS", "Income tax": "OthExpense", "Retained earnings": "Equity"}
BANK = "Bank"


class SmallLedger(SmallCompany):
    """One entry for every line, against the bank; accounts and departments are there once they are named."""

    def account_named(self, name: str) -> str:
        if not self.known("ledger/account", name):
            kind = BANK if name == BANK else ACCOUNT_TYPES.get(name, "Expense")
            self.add("ledger/account", id=name, accttype=kind, fullname=name)
        return name

    def named(self, table: str, name: str | None) -> str | None:
        if name is not None and not self.known(f"ledger/{table}", name):
            self.add(f"ledger/{table}", id=name, name=name)
        return name

    def spends(
        self, month: str, account: str, amount: str, *, department: str | None = None, **line: Any
    ) -> None:
        """An expense in major units, in a department; ``document`` is the bill that it is of."""
        number = len(self.tables["ledger/transaction"])
        self.add(
            "ledger/transaction",
            id=f"t{number}",
            trandate=first_of(month),
            posting=True,
            externalid=line.pop("document", None),
        )
        self.named("department", department)
        self.named("location", line.get("location"))
        for position, (name, cents, where) in enumerate(
            ((account, Decimal(amount), {"department": department} | line), (BANK, -Decimal(amount), {}))
        ):
            self.add("ledger/transactionline", id=position, transaction=f"t{number}", **where)
            self.add(
                "ledger/transactionaccountingline",
                transaction=f"t{number}",
                transactionline=position,
                account=self.account_named(name),
                amount=cents,
            )

    def works(self, employee: str, first: str, last: str, department: str | None = None, **row: Any) -> None:
        """Employed from a day to another, the last one included."""
        self.named("department", department)
        self.named("location", row.get("location"))
        days = {"start_date": date.fromisoformat(first), "end_date": date.fromisoformat(last)}
        self.add("ledger/employee", id=employee, department=department, **days | row)

    def surveyed(self, employee: str, month: str, **shares: str) -> None:
        for function, share in shares.items():
            self.add(
                "ledger/time_survey",
                employee_id=employee,
                month=first_of(month),
                function=function,
                share=share,
            )

    def charged(self, month: str, invoice: str | None, cost: str, environment: str | None) -> None:
        """A row of the cloud bill, in major units."""
        self.add(
            "ledger/cloud_cost",
            ChargePeriodStart=first_of(month),
            EffectiveCost=cost,
            BilledCost=cost,
            InvoiceId=invoice,
            Tags=None if environment is None else f'{{"environment": "{environment}"}}',
        )

    def owns(self, asset: str, kind: str, cost: str, in_service_on: str, months: int, **row: Any) -> None:
        day = date.fromisoformat(in_service_on)
        self.add(
            "ledger/capitalized_asset",
            id=asset,
            kind=kind,
            cost=cost,
            capitalized_on=day,
            in_service_on=day,
            useful_life_months=months,
            **row,
        )

    def computes(self, company: str, month: str, units: str, customer: str | None = None) -> None:
        """What a company of the CRM used on the last day of a month."""
        if not self.known("crm/company", company):
            self.add("crm/company", id=company, property_stripe_customer_id=customer)
        day = next_month(first_of(month)) - timedelta(days=1)
        self.add("crm/product_usage", company_id=company, date=day, compute_units=units)

    def costs(self, folder: Path, **policies: str) -> Costs:
        write_landing(folder, self.tables)
        company = mrr.read_company(folder, policies=policies)
        return Costs(folder, policies, company, recognition.read_books(folder, policies=policies))
