"""Everything about an account in one row once more (definitions 8), at the data clock.

Only what is put together here and nowhere else: who the account is by name, and what its last year came to.
Each number is of the oracle that answers it by month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.oracles import nps
from tests.oracles.account_segments import UNKNOWN
from tests.oracles.adoption import seats_at_last
from tests.oracles.calendar_months import add_months
from tests.oracles.crm import Crm
from tests.oracles.customer_success import CustomerSuccess
from tests.oracles.entitlements import LICENCE, MAINTENANCE, SUBSCRIPTION
from tests.oracles.export import flag, instant, is_live, naive, read_rows, round_half_away, to_decimal
from tests.oracles.gross_margin import MARGIN_LINES, Amounts, Margins
from tests.oracles.identity import NEVER_BILLED, words
from tests.oracles.mrr import Company, MartRow
from tests.oracles.policy_tables import plain
from tests.oracles.ratios import rate
from tests.oracles.recognition import Books
from tests.oracles.segments import SegmentFacts

SEGMENTS = ("country", "region", "vertical", "organization_size", "acquisition_channel")
# How the company of a billing customer is found.
SUREST_FIRST = ("decision", "crm_property", "email", "domain_and_name", "phone_and_name")
STATUSES_THAT_RENEW = {"active", "past_due", "trialing"}
MRR_COLUMNS = ("closing_mrr_amount", "arr_amount", "mrr_at_risk_amount", "mrr_past_due_amount")
NOTE = "note"


@dataclass
class Account360:
    """All accounts; ``receivables`` and ``account_months`` are the rows of those marts."""

    crm: Crm
    company: Company
    books: Books
    margins: Margins
    success: CustomerSuccess
    facts: SegmentFacts
    account_months: list[MartRow]
    receivables: list[MartRow]

    @cached_property
    def last_month(self) -> date:
        return self.company.months[-1]

    @cached_property
    def year(self) -> list[date]:
        """The month of the clock and the eleven before it."""
        return [add_months(self.last_month, -ago) for ago in range(12)]

    @cached_property
    def accounts(self) -> list[str]:
        """Those that are billed, companies of the CRM, and whoever else a record is about."""
        identity = self.crm.identity
        found = {identity.of_customer(customer) for customer in identity.customers}
        companies = {*identity.companies.rows, *self.companies_of_records}
        found |= {account for company in companies if (account := identity.of_company(company)) is not None}
        entries = read_rows(self.crm.landing / "ledger" / "time_entry.csv")
        worked_for = {row["account_external_id"] for row in entries if "account_external_id" in row}
        return sorted(found | {identity.of_anything(somebody) for somebody in worked_for})

    @cached_property
    def known_accounts(self) -> set[str]:
        return set(self.accounts)

    @cached_property
    def companies_of_records(self) -> set[str]:
        named = {
            row["company_id"]
            for file in (self.crm.landing / "crm").glob("*.csv")
            for row in self.crm.rows(file.stem)
            if "company_id" in row
        }
        contacts = self.crm.identity.contacts.rows.values()
        column = "property_associatedcompanyid"
        return named | {row[column] for row in contacts if column in row}

    # Who it is.

    @cached_property
    def customers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for customer in sorted(self.crm.identity.customers):
            found[self.crm.identity.of_customer(customer)].append(customer)
        return found

    def card(self, account: str) -> str | None:
        """Of its CRM company."""
        if account.startswith(NEVER_BILLED):
            return account.removeprefix(NEVER_BILLED)
        linked = self.crm.identity.company_of_customer
        return next((linked[customer] for customer in self.customers[account] if customer in linked), None)

    @cached_property
    def names_of_people(self) -> set[tuple[str, ...]]:
        return {
            tuple(sorted(words(f"{row['property_firstname']} {row['property_lastname']}")))
            for row in self.crm.identity.contacts.rows.values()
            if "property_firstname" in row and "property_lastname" in row
        }

    def name(self, account: str, card: str | None) -> str:
        """A person's name stays out; who has none is called by the id."""
        if account.startswith(NEVER_BILLED):
            name = None if card is None else self.crm.identity.companies.richest(card, "property_name")
        else:
            name = self.crm.identity.customers[account].get("name")
        is_person = name is not None and tuple(sorted(words(name))) in self.names_of_people
        return account if is_person else (name or "").strip() or account

    def parent(self, account: str, card: str | None) -> str | None:
        parent = None
        if card is not None:
            parent = self.crm.identity.companies.richest(card, "property_hs_parent_company_id")
        of_parent = None if parent is None else self.crm.identity.of_company(parent)
        # A parent that no other record is about is no account.
        return None if of_parent == account or of_parent not in self.known_accounts else of_parent

    def who(self, account: str) -> MartRow:
        card = self.card(account)
        segments = self.crm.segments.of(account, self.last_month)
        owner = None
        if card is not None:
            owner = self.crm.identity.companies.richest(card, "property_hubspot_owner_id")
        return {
            "account_name": self.name(account, card),
            "parent_account_id": self.parent(account, card),
            "billing_customer_ids": ", ".join(self.customers.get(account, [])) or None,
            "crm_company_id": card,
            **{name: None if segments[name] == UNKNOWN else segments[name] for name in SEGMENTS},
            "owner_id": owner,
            "deployment": self.deployment(account),
            **self.matched(account),
        }

    def matched(self, account: str) -> MartRow:
        """How the company of its customers was found, of several ways the least sure; nothing where that was
        told."""
        methods = self.crm.identity.methods
        if account not in self.customers:
            return {"match_method": "crm_company"}
        if methods is None:
            return {}
        found = {methods[customer] for customer in self.customers[account] if customer in methods}
        return {"match_method": max(found, key=SUREST_FIRST.index, default="billing_customer")}

    def deployment(self, account: str) -> str | None:
        """Of what it ever had MRR of."""
        products = {
            service.price.product_id
            for moment in self.company.moments_by_account.get(account, [])
            for service in self.company.account_services_at(account, moment)
            if service.mrr > 0
        }
        found = {self.facts.product_fact(product, "deployment") for product in products} - {None}
        return "mixed" if len(found) > 1 else next(iter(found), None)

    # What it pays.

    @cached_property
    def rows_of_last_month(self) -> dict[str, MartRow]:
        return {row["account_id"]: row for row in self.account_months if row["month"] == self.last_month}

    def pays(self, account: str) -> MartRow:
        nothing: MartRow = dict.fromkeys(MRR_COLUMNS, Decimal("0.0000"))
        row = self.rows_of_last_month.get(account, nothing)
        return {
            "first_paid_date": self.success.adoption.first_paid_days.get(account),
            "cohort_month": self.company.cohorts.get(account, (None, None))[0],
            "is_paying": row["closing_mrr_amount"] > 0,
            "mrr_amount": row["closing_mrr_amount"],
            **{name: row[name] for name in MRR_COLUMNS[1:]},
        }

    @cached_property
    def amounts(self) -> dict[tuple[str, date], Amounts]:
        return self.margins.grouped(lambda place, _: place.account)

    def revenue(self, account: str, months: Iterable[date]) -> int:
        nothing = Amounts()
        return sum(sum(self.amounts.get((account, month), nothing).revenue.values()) for month in months)

    def earns(self, account: str) -> MartRow:
        costs = self.margins.costs
        # Where the ledger says nothing of a month, what the account cost in it is not known.
        known = [month for month in self.year if month in costs.parts_of and (account, month) in self.amounts]
        revenue = self.revenue(account, known)
        cost = sum(
            self.amounts[account, month].cost(line, with_success=costs.is_success_direct)
            for month in known
            for line in MARGIN_LINES
        )
        return {
            "lifetime_revenue_amount": costs.in_major(self.revenue(account, self.company.months)),
            "year_revenue_amount": costs.in_major(self.revenue(account, self.year)),
            "year_cost_of_revenue_amount": costs.in_major(cost) if known else None,
            "year_margin_amount": costs.in_major(revenue - cost) if known else None,
            "year_margin_rate": rate(revenue - cost, revenue) if known else None,
            "receivable_amount": self.receivable(account),
        }

    @cached_property
    def owed(self) -> dict[str, list[tuple[str, Decimal]]]:
        found: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        for row in self.receivables:
            if row["month"] == self.last_month and row["closing_amount"]:
                found[row["account_id"]].append((row["currency_code"], row["closing_amount"]))
        return found

    def receivable(self, account: str) -> Decimal | None:
        day, total = self.crm.calendar.rate_day(self.last_month), Fraction(0)
        for currency, amount in self.owed.get(account, []):
            factor = self.books.rates.known_rate(currency, day)
            if factor is None:
                return None
            total += round_half_away(Fraction(amount) * factor, 4)
        return to_decimal(total)

    @cached_property
    def renewals(self) -> dict[str, date]:
        """By account the first end of a period that a new one is to follow."""
        found: dict[str, date] = {}
        as_of = self.crm.calendar.as_of
        for row in self.books.tables["subscription"]:
            end = instant(row, "current_period_end")
            is_given_up = flag(row, "cancel_at_period_end", absent=False) or any(
                column in row for column in ("cancel_at", "canceled_at", "ended_at")
            )
            if end is None or end < as_of or is_given_up or not is_live(row):
                continue
            if row["status"] in STATUSES_THAT_RENEW:
                account, day = (
                    self.crm.identity.of_customer(row["customer_id"]),
                    self.crm.calendar.local_date(end),
                )
                found[account] = min(found.get(account, day), day)
        return found

    # How it fares.

    @cached_property
    def health_rows(self) -> dict[str, MartRow]:
        """The newest of each account."""
        found: dict[str, MartRow] = {}
        for row in self.success.health.account_month_rows():
            if row["account_id"] not in found or found[row["account_id"]]["month"] < row["month"]:
                found[row["account_id"]] = row
        return found

    def health(self, account: str) -> MartRow:
        row = self.health_rows.get(account, {})
        answers = nps.last_of_each(
            answer
            for answer in self.success.nps.answers
            if answer.account == account and self.month_of(answer.at) in self.year
        )
        points = nps.score(answers)[3] if answers else None
        return {
            "health_month": row.get("month"),
            "health_score": row.get("score"),
            "health_coverage": row.get("coverage"),
            "health_band": row.get("band"),
            "nps_score": None if points is None else to_decimal(round_half_away(points, 4)),
            "nps_respondents": len(answers),
        }

    def month_of(self, moment: datetime) -> date:
        return self.crm.calendar.local_date(moment).replace(day=1)

    @cached_property
    def days_to_value(self) -> dict[str, int]:
        return {
            account: entry.days_to_value
            for (account, _), entry in self.success.adoption.account_months.items()
            if entry.days_to_value is not None
        }

    def use(self, account: str) -> MartRow:
        uses = self.success.health.uses_by_account.get(account, [])
        active, paid = seats_at_last(use for use in uses if use.day.replace(day=1) in self.year)
        return {
            "seats_active": active if paid > 0 else None,
            "seats_paid": paid if paid > 0 else None,
            "adoption_rate": rate(active, paid),
            "last_usage_date": max((use.day for use in uses), default=None),
            "time_to_value_days": self.days_to_value.get(account),
        }

    def support(self, account: str) -> MartRow:
        tickets = self.success.health.tickets_by_account.get(account, [])
        as_of = self.crm.calendar.as_of
        in_force = [
            (end is None, end or as_of, basis)
            for basis in (LICENCE, MAINTENANCE, SUBSCRIPTION)
            for start, end in self.success.entitlements.spans.get((account, basis), [])
            if start <= as_of and (end is None or as_of < end)
        ]
        last = max((entry[:2] for entry in in_force), default=None)
        bases = [basis for *entry, basis in in_force if tuple(entry) == last]
        return {
            "year_tickets": sum(self.month_of(ticket.created) in self.year for ticket in tickets),
            "open_tickets": sum(ticket.is_open_at(as_of) for ticket in tickets),
            "entitlement_basis": min(bases, default=None),
            "entitled_until_at": None if last is None or last[0] else naive(last[1]),
        }

    @cached_property
    def touches(self) -> dict[str, datetime]:
        """By account the last call, e-mail or meeting, whether it paid by then or not."""
        found: dict[str, datetime] = {}
        for row in self.crm.rows("engagement"):
            moment, account = instant(row, "occurred_at"), self.crm.account_of(row)
            if moment is None or account is None or moment >= self.crm.calendar.as_of:
                continue
            if plain(row.get("type")) not in {"", NOTE}:
                found[account] = max(found.get(account, moment), moment)
        return found

    def rows(self) -> list[MartRow]:
        """marts.dim_account_360."""
        return [
            {
                "account_id": account,
                **self.who(account),
                **self.pays(account),
                **self.earns(account),
                **self.health(account),
                **self.use(account),
                **self.support(account),
                "next_renewal_date": self.renewals.get(account),
                "last_touched_at": naive(self.touches.get(account)),
            }
            for account in self.accounts
        ]
