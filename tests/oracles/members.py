"""The crosswalk once more (definitions 0 and 8): every record of a customer, with its account and survivor.

From what ``identity.py`` finds out or is told. By which rule records of the CRM were joined stays out: where
several do, the definitions do not say which. How many were joined by each is counted from the published
crosswalk, whose accounts are compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property

from tests.oracles.crm import Crm
from tests.oracles.export import read_rows
from tests.oracles.identity import Objects, name_core
from tests.oracles.mrr import MartRow

BY_EXTERNAL_ID, BY_NAME, UNMATCHED = "externalid", "name", "unmatched"


class Members:
    """The records of billing, the CRM and the ledger."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm
        self.identity = crm.identity

    def ids(self, table: str, objects: Objects) -> set[str]:
        """Cards, what was merged into them, and what only other records name; but nothing that is hidden."""
        found = {*objects.rows, *objects.groups.group_of}
        for file in (self.crm.landing / "crm").glob("*.csv"):
            rows = self.crm.rows(file.stem)
            found |= {row[f"{table}_id"] for row in rows if f"{table}_id" in row}
        if table == "company":
            people = self.identity.contacts.rows.values()
            column = "property_associatedcompanyid"
            found |= {row[column] for row in people if column in row}
        return found - {row["id"] for row in self.crm.rows(table) if row["id"] not in objects.rows}

    def customers(self) -> Iterator[MartRow]:
        for customer, account in self.identity.accounts.items():
            row: MartRow = {"account_id": account, "surviving_id": account}
            if self.identity.methods is not None:
                method = self.identity.methods.get(customer)
                row["match_method"] = method or "billing_customer"
                row["match_score"] = None if method is None else Decimal("1.0000")
            yield self.row("billing", "customer", customer, row)

    def companies(self) -> Iterator[MartRow]:
        companies = self.identity.companies
        for company in self.ids("company", companies):
            values = {
                "account_id": self.identity.of_company(company),
                "surviving_id": companies.survivor(company),
            }
            yield self.row("crm", "company", company, values)

    def contacts(self) -> Iterator[MartRow]:
        contacts = self.identity.contacts
        for contact in self.ids("contact", contacts):
            values = {
                "account_id": self.identity.of_contact(contact),
                "surviving_id": contacts.survivor(contact),
            }
            yield self.row("crm", "contact", contact, values)

    @cached_property
    def accounts_by_name(self) -> dict[str, set[str]]:
        """Exactly that name but for its legal form."""
        found: dict[str, set[str]] = defaultdict(set)
        for customer, row in self.identity.customers.items():
            found[name_core(row.get("name"))].add(self.identity.of_customer(customer))
        for company, row in self.identity.companies.rows.items():
            account = self.identity.of_company(company)
            found[name_core(row.get("property_name"))] |= {account} if account is not None else set()
        return found

    def entities(self) -> Iterator[MartRow]:
        """Of customers: vendors and employees are none."""
        ledger = self.crm.landing / "ledger"
        others = {
            row[column]
            for table, column in (("vendor", "id"), ("employee", "id"), ("employee", "entity"))
            for row in read_rows(ledger / f"{table}.csv")
            if column in row
        }
        known = {*self.ids("company", self.identity.companies)}
        for row in read_rows(ledger / "entity.csv"):
            outside, named = row.get("externalid"), self.accounts_by_name.get(name_core(row.get("name")), ())
            account, method = None, UNMATCHED
            if outside in self.identity.customers or outside in known:
                account, method = self.identity.of_anything(outside or ""), BY_EXTERNAL_ID
            elif row["id"] in others or outside in others:
                continue
            elif len(named) == 1:
                [account], method = named, BY_NAME
            values = {"account_id": account, "surviving_id": row["id"], "match_method": method}
            yield self.row("ledger", "entity", row["id"], values)

    @staticmethod
    def row(system: str, kind: str, source: str, values: MartRow) -> MartRow:
        return {"source_system": system, "object_type": kind, "source_id": source, **values}

    def rows(self) -> list[MartRow]:
        """marts.dim_account_members."""
        return [*self.customers(), *self.companies(), *self.contacts(), *self.entities()]


def coverage(
    members: Iterable[MartRow], account_months: Iterable[MartRow], last_month: date
) -> list[MartRow]:
    """marts.fct_identity_coverage, from the rows of ``dim_account_members`` and of what accounts pay.

    An account's MRR rests on how its earliest billing customer was found, whose id it bears.
    """
    pays = {
        row["account_id"]: row["closing_mrr_amount"] for row in account_months if row["month"] == last_month
    }
    found: dict[tuple[str, str, str], list[MartRow]] = defaultdict(list)
    for row in members:
        found[row["source_system"], row["object_type"], row["match_method"]].append(row)
    totals = Counter((system, kind) for (system, kind, _), rows in found.items() for _ in rows)
    nothing = Decimal("0.0000")
    return [
        {
            "source_system": system,
            "object_type": kind,
            "match_method": method,
            "record_count": len(rows),
            "account_count": len({row["account_id"] for row in rows} - {None}),
            "record_share": len(rows) / totals[system, kind],
            "closing_mrr_amount": sum((pays.get(row["source_id"], nothing) for row in rows), nothing)
            if system == "billing"
            else None,
        }
        for (system, kind, method), rows in found.items()
    ]
