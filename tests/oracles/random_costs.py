"""A random ledger of costs for a packed company, and what decides where they go.

People, assets, a cloud bill, and what accounts used; balanced entries against the bank. Costs are of the
company as a whole: they are made last, from the customers that there are, and never reduced with an account.
Everything is valid input: no service pools serve only each other, and every line has a rule.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracles.cost_mappings import COST_OF_REVENUE
from tests.oracles.pricing import MINOR_DIGITS

Row = dict[str, Any]
Tables = dict[str, list[Row]]

# From before anything is known of people to the month after the clock's, which is not seen yet.
MONTHS = tuple(date(2023 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(10))
LAST_KNOWN = date(2024, 6, 17)
BANK = "10"
RETAINED_EARNINGS = "30"
ACCOUNTS = {
    BANK: ("1000", "Bank", "Operating account"),
    "15": ("1590", "FixedAsset", "Accumulated depreciation"),
    RETAINED_EARNINGS: ("3900", "Equity", "Retained earnings"),
    "51": ("5100", "COGS", "Payment processing fees"),
    "52": ("5200", "COGS", "Cost of sales : Hosting"),
    "53": ("5210", "COGS", "Cost of sales : Monitoring"),
    "54": ("5230", "COGS", "Content delivery"),
    "55": ("5240", "COGS", "Messaging"),
    "56": ("5300", "COGS", "Customer support tools"),
    "57": ("5400", "COGS", "Contractors for customer projects"),
    "60": ("6010", "Expense", "Payroll : Salaries"),
    "61": ("6020", "Expense", "Payroll : Payroll tax"),
    "62": ("6040", "Expense", "Payroll : Stock-based compensation"),
    "63": ("6110", "Expense", "Rent"),
    "64": ("6120", "Expense", "Utilities"),
    "65": ("6200", "Expense", "Depreciation and amortisation"),
    "66": ("6210", "Expense", "Amortisation of capitalised software"),
    "67": ("6220", "Expense", "Depreciation of infrastructure"),
    "68": ("6300", "Expense", "Travel"),
    "69": ("6500", "Expense", "Software tools"),
    "70": ("6600", "Expense", "Contractors"),
    "71": ("6900", "Expense", "Bad debt expense"),
    "72": ("7100", "OthExpense", "Realised exchange gains and losses"),
    "73": ("8000", "OthExpense", "Income tax"),
}
HOSTING, SALARIES = "52", "60"
PEOPLE_ACCOUNTS = (SALARIES, SALARIES, "61", "62", "68")
# What needs no department to be understood, and what does.
PLAIN_ACCOUNTS = ("51", "51", "52", "53", "54", "55", "56", "57", "71", "72", "73")
DEPARTMENTAL_ACCOUNTS = ("69", "70", "68", SALARIES)
AMORTIZATION_ACCOUNTS = ("65", "65", "66", "67")
DEPARTMENTS = {
    "1": "Support",
    "2": "Professional services",
    "3": "Operations : Cloud operations",
    "4": "Customer success",
    "5": "Engineering",
    "6": "Sales",
    "7": "Marketing",
    "8": "Finance",
    "9": "People",
    "10": "IT",
    "11": "Odd works",
    "12": "Security office",
    "13": "Facilities",
}
SERVICE_DEPARTMENTS = ("9", "10", "12", "13")
# The company's own rules for departments that nobody else has.
OWN_COST_RULES: tuple[Row, ...] = (
    {"rule": "odd_works", "priority": 200, "department": "odd works ", "bucket": "services", "pool": "odd"},
    {"rule": "security_office", "priority": 200, "department": "12", "bucket": "overhead", "pool": "guard"},
    {
        "rule": "facilities",
        "priority": 200,
        "department": "Facilities",
        "bucket": "overhead",
        "pool": "facilities",
    },
    {
        "rule": "status_page",
        "priority": 40,
        "vendor": "Status Page Inc.",
        "bucket": "hosting",
        "pool": "status",
    },
    {
        "rule": "projects",
        "priority": 45,
        "account_role": "people",
        "class": "Projects",
        "bucket": "services",
        "pool": "services",
    },
)
OWN_ALLOCATION_RULES: tuple[Row, ...] = (
    {"pool": "odd", "driver": "hours", "fallback_drivers": "services_revenue handled_minutes mrr"},
    {"pool": "status", "driver": "compute_units"},
    {"pool": "guard", "driver": "people_cost", "fallback_drivers": "headcount"},
)
OWN_MAPPINGS: tuple[Row, ...] = (
    {"mapping": "function", "value": "Guarding", "target": "overhead", "pool": "guard"},
    {"mapping": "environment", "value": "Canary", "target": "production"},
    {"mapping": "asset", "value": "as_special", "target": "third_party_fees"},
)
LOCATIONS = {"1": "Denver", "2": "Europe : Leeds", "3": "Tokyo", "4": "Nobody's island"}
FUNCTIONS = (
    "support",
    "Support",
    "services",
    "cloud_operations",
    "success",
    "engineering",
    "sales",
    "marketing",
    "finance",
    "it",
    "administration",
    "guarding",
)
SURVEYS: tuple[tuple[str, ...], ...] = (
    ("1",),
    ("0.5", "0.5"),
    ("0.333333", "0.333333", "0.333334"),
    ("0.7", "0.2", "0.1"),
    ("0.999999", "0.000001"),
)
FTES = (None, None, "1", "0.5", "0.8", "0.333333")
ASSET_KINDS = ("internal_use_software", "purchased_technology", "infrastructure", "facility")
TAGS = (
    '{"environment": "production"}',
    '{"environment": "production"}',
    '{"environment": "Prod", "team": "x"}',
    '{"environment": "dev"}',
    '{"environment": "staging"}',
    '{"environment": "shared"}',
    '{"environment": "canary"}',
    '{"environment": "moon"}',
    '{"environment": ""}',
    '{"environment": null}',
    '{"team": "x"}',
    "{}",
    None,
)
CENTS = (1, 1, 7, 99, 1000, 33333, 123457, 999999, 5000001)


class CostMaker:
    """Makes the tables of costs of one company, drawing every decision from one source of randomness.

    Args:
        customers: ids of billing customers.
        currency: of reporting and of the books.
    """

    def __init__(self, source: random.Random, customers: Sequence[str], currency: str) -> None:
        self.source = source
        self.customers = list(customers)
        self.currency = currency
        self.minor_digits = MINOR_DIGITS[currency]
        self.tables: Tables = defaultdict(list)
        self.employees: list[Row] = []
        self.entity_of: dict[str, str] = {}
        self.balances: dict[str, int] = defaultdict(int)
        self.entry_count = 0
        self.company_ids: list[str] = []

    def make(self) -> Tables:
        self.make_names()
        self.make_people()
        self.make_assets()
        self.make_companies()
        for month in MONTHS:
            self.make_month(month)
            if month == date(2023, 12, 1):
                self.close_year()
        return dict(self.tables)

    # Small decisions.

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def day_in(self, month: date) -> date:
        return month + timedelta(days=self.source.choice((0, 0, 4, 11, 19, 27)))

    def major(self, amount: int) -> Decimal:
        return Decimal(amount).scaleb(-self.minor_digits)

    def cents(self) -> int:
        """Mostly a cost, sometimes a credit, sometimes nothing or next to it."""
        return self.source.choice(CENTS) * self.source.choice((1, 1, 1, 1, 1, 1, -1, 0))

    def named(self, names: dict[str, str], key: str | None) -> str | None:
        """An id as the people's tables write it: by id, by its name or by its full name."""
        if key is None or self.chance(0.6):
            return key
        full_name = names[key]
        return self.source.choice((full_name, full_name.rsplit(" : ", maxsplit=1)[-1]))

    # What the ledger knows by name.

    def make_names(self) -> None:
        for key, (number, kind, name) in ACCOUNTS.items():
            self.tables["ledger/account"].append(
                {"id": key, "acctnumber": number, "accttype": kind, "fullname": name}
            )
        for table, names in (("department", DEPARTMENTS), ("location", LOCATIONS)):
            self.tables[f"ledger/{table}"] = [
                {"id": key, "name": name.rsplit(" : ", maxsplit=1)[-1], "fullname": name}
                for key, name in names.items()
            ]
        self.tables["ledger/classification"] = [
            {"id": "1", "name": "Development"},
            {"id": "2", "name": "Projects"},
        ]
        vendors = [
            {"id": "v1", "name": "Cloud Inc.", "externalid": "VEND-1"},
            {"id": "v2", "name": "Status Page Inc.", "externalid": "VEND-2"},
        ]
        self.tables["ledger/vendor"] = vendors
        self.tables["ledger/entity"] = [*vendors]
        for position, month in enumerate(MONTHS):
            end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            self.tables["ledger/accountingperiod"].append(
                {"id": f"p{position}", "startdate": month, "enddate": end, "closed": False}
            )
        self.tables["ledger/accountingperiod"].append(
            {
                "id": "adjust",
                "startdate": date(2023, 12, 31),
                "enddate": date(2023, 12, 31),
                "closed": False,
                "isadjust": True,
            }
        )
        rules = [row | {"is_direct": row["bucket"] in COST_OF_REVENUE} for row in OWN_COST_RULES]
        for table, rows in (
            ("cost_rules", rules),
            ("allocation_rules", OWN_ALLOCATION_RULES),
            ("cost_mappings", OWN_MAPPINGS),
        ):
            self.tables[f"policy/{table}"] = [row | {"why": "test"} for row in rows]

    # People.

    def make_people(self) -> None:
        """One who is always there and serves customers, so that no service pools serve only each other."""
        self.add_employee(
            {"id": "e0", "department": "1", "location": "1", "start_date": date(2023, 12, 4), "fte": "1"}
        )
        for number in range(1, self.source.randint(8, 16)):
            self.make_employee(f"e{number}")

    def add_employee(self, row: Row) -> None:
        self.employees.append(row)
        self.tables["ledger/employee"].append(row)
        if self.chance(0.8):
            entity = f"n{row['id']}"
            self.tables["ledger/entity"].append({"id": entity, "name": "Somebody", "externalid": row["id"]})
        else:
            entity = row["id"]
            self.tables["ledger/entity"].append({"id": entity, "name": "Somebody"})
        self.entity_of[row["id"]] = entity

    def make_employee(self, employee: str) -> None:
        department = self.source.choice((*DEPARTMENTS, *SERVICE_DEPARTMENTS, None))
        location = self.source.choice(("1", "1", "2", "3", None))
        start = date(2023, 12, 4) + timedelta(days=self.source.choice((0, 0, 5, 28, 60, 88, 117)))
        end = None
        if self.chance(0.3):
            end = start + timedelta(days=self.source.choice((0, 20, 57, 88)))
        row = {
            "id": employee,
            "department": self.named(DEPARTMENTS, department),
            "location": self.named(LOCATIONS, location),
            "start_date": start,
            "end_date": end,
            "fte": self.source.choice(FTES),
            "function": self.source.choice(FUNCTIONS),
        }
        self.add_employee(row)
        if self.chance(0.5):
            self.make_assignments(row, start)
        if self.chance(0.4):
            self.make_surveys(employee)

    def make_assignments(self, employee: Row, start: date) -> None:
        """Moves in the middle of a month, gaps, two at once, before the first day and beyond the last."""
        begins = start - timedelta(days=self.source.choice((0, 0, 31)))
        for _ in range(self.source.choice((1, 2, 3))):
            ends = begins + timedelta(days=self.source.choice((9, 31, 45, 90)))
            department = self.source.choice((*DEPARTMENTS,))
            self.tables["ledger/employee_assignment"].append(
                {
                    "employee_id": employee["id"],
                    "department": self.named(DEPARTMENTS, department),
                    "location": self.named(LOCATIONS, self.source.choice(("1", "2", "3"))),
                    "fte": self.source.choice(FTES),
                    "valid_from": begins,
                    "valid_to": self.source.choice((ends, ends, ends, None)),
                }
            )
            begins = ends + timedelta(days=self.source.choice((0, 0, 0, 6, -5)))

    def make_surveys(self, employee: str) -> None:
        for month in MONTHS:
            if self.chance(0.6):
                shares = self.source.choice(SURVEYS)
                functions = self.source.sample(sorted({name.lower() for name in FUNCTIONS}), len(shares))
                for function, share in zip(functions, shares, strict=True):
                    self.tables["ledger/time_survey"].append(
                        {"employee_id": employee, "month": month, "function": function, "share": share}
                    )

    # Assets.

    def make_assets(self) -> None:
        for number in range(self.source.randint(2, 7)):
            in_service = self.source.choice(
                (
                    date(2023, 10, 31),
                    date(2023, 11, 15),
                    date(2024, 1, 31),
                    date(2024, 2, 29),
                    date(2022, 5, 1),
                )
            )
            disposed = in_service + timedelta(days=self.source.choice((0, 40, 200)))
            self.tables["ledger/capitalized_asset"].append(
                {
                    "id": "as_special" if number == 1 else f"as_{number}",
                    "name": f"Asset {number}",
                    "kind": self.source.choice(ASSET_KINDS),
                    "cost": self.major(self.source.choice((1, 1000, 999999, 12345678))),
                    "currency": self.source.choice((None, self.currency)),
                    "capitalized_on": in_service,
                    "in_service_on": in_service if self.chance(0.9) else None,
                    "useful_life_months": self.source.choice((1, 3, 13, 36)),
                    "disposed_on": disposed if self.chance(0.25) else None,
                    "parent_asset_id": "as_0" if number > 1 and self.chance(0.3) else None,
                }
            )

    # Who uses what.

    def make_companies(self) -> None:
        """Companies with and without a customer, deleted ones, and ids that were merged into others."""
        linked = self.source.sample(self.customers, min(len(self.customers), 60))
        for number, customer in enumerate([*linked, *[None] * 12]):
            key = f"co{number}"
            merged = [f"gone{number}", f"older{number}"][: self.source.choice((0, 0, 0, 1, 2))]
            self.tables["crm/company"].append(
                {
                    "id": key,
                    "property_name": f"Company {number}",
                    "property_stripe_customer_id": customer,
                    "property_hs_merged_object_ids": ";".join(merged) or None,
                    "property_createdate": datetime(2023, 1, 1, tzinfo=UTC),
                    "is_deleted": True if self.chance(0.1) else None,
                }
            )
            self.company_ids += [key, *merged]
            if merged and self.chance(0.3):
                # The record that was merged is still there, and says that it is a customer of its own.
                self.tables["crm/company"].append(
                    {"id": merged[0], "property_name": "Merged", "is_deleted": True}
                )

    def make_usage(self, month: date) -> None:
        """In some months nothing of a kind: then the next driver decides."""
        used = self.source.sample(self.company_ids, min(len(self.company_ids), 40))
        if self.chance(0.7):
            for company in used[:25]:
                for day in self.source.sample(range(28), 2):
                    if month + timedelta(days=day) > LAST_KNOWN and self.chance(0.5):
                        continue
                    self.tables["crm/product_usage"].append(
                        {
                            "company_id": company,
                            "date": month + timedelta(days=day),
                            "seats_active": self.source.choice((0, 3, 17)),
                            "seats_paid": self.source.choice((None, 5, 20)),
                            "compute_units": self.source.choice((None, "0", "0.1", "3.333333", "1200")),
                        }
                    )
        if self.chance(0.8):
            for company in used[15:]:
                self.add_ticket(month, company)
        if self.chance(0.7):
            for _ in range(12):
                self.tables["ledger/time_entry"].append(
                    {
                        "employee_id": "e0",
                        "date": self.day_in(month),
                        "account_external_id": self.source.choice(
                            (None, self.source.choice(self.company_ids), self.source.choice(self.customers))
                        ),
                        "project": "anything",
                        "hours": self.source.choice(("0.25", "7.5", "3", "0", "-1")),
                    }
                )

    def add_ticket(self, month: date, company: str) -> None:
        day = self.day_in(month)
        hour = self.source.choice((0, 3, 5, 12, 23))
        self.tables["crm/ticket"].append(
            {
                "id": f"t{len(self.tables['crm/ticket'])}",
                "company_id": company if self.chance(0.95) else None,
                "property_createdate": datetime(day.year, day.month, day.day, hour, 59, tzinfo=UTC),
                "handled_minutes": self.source.choice((None, "0", "1", "12.5", "240")),
                "is_deleted": True if self.chance(0.1) else None,
            }
        )

    # The ledger.

    def post(self, month: date, lines: list[Row], **entry: Any) -> None:
        """An entry of some lines, each with its ``account`` and ``cents``, and the bank against them."""
        self.entry_count += 1
        number = str(self.entry_count)
        day = self.day_in(month)
        period = f"p{MONTHS.index(month)}"
        self.tables["ledger/transaction"].append(
            {
                "id": number,
                "transactionnumber": f"JE{number}",
                "type": "Journal",
                "trandate": day,
                "postingperiod": period,
                "posting": True,
                "exchangerate": "1",
                **entry,
            }
        )
        bank = {"account": BANK, "cents": -sum(line["cents"] for line in lines)}
        for position, line in enumerate([*lines, bank]):
            amount = self.major(line["cents"])
            where = {name: line.get(name) for name in ("department", "location", "class", "entity")}
            self.tables["ledger/transactionline"].append(
                {"id": position, "transaction": number, "foreignamount": amount, **where}
            )
            self.tables["ledger/transactionaccountingline"].append(
                {
                    "transaction": number,
                    "transactionline": position,
                    "account": line["account"],
                    "debit": amount if amount > 0 else None,
                    "credit": -amount if amount < 0 else None,
                    "amount": amount,
                    "posting": True,
                    "accountingbook": line.get("book", "1"),
                }
            )
            if entry.get("posting", True) and line.get("book", "1") == "1":
                self.balances[line["account"]] += line["cents"]

    def make_month(self, month: date) -> None:
        is_first = month == MONTHS[0]
        if not is_first:
            # People cost something in a department that serves customers.
            steady = {"account": SALARIES, "cents": 90000001, "department": "1", "location": "1"}
            self.post(month, [steady])
            self.make_payroll(month)
        self.make_usage(month)
        self.make_hosting(month)
        for _ in range(self.source.randint(6, 14)):
            lines = [self.random_line() for _ in range(self.source.choice((1, 1, 2, 4)))]
            if is_first:
                # Nothing at all says who there is to share overhead.
                lines = [
                    line | {"account": "69"} if line["account"] in PEOPLE_ACCOUNTS else line for line in lines
                ]
            self.post(month, lines)
        for location in (*LOCATIONS, None):
            if self.chance(0.6):
                rent = {
                    "account": self.source.choice(("63", "64")),
                    "cents": self.cents(),
                    "location": location,
                }
                self.post(month, [rent])
        self.make_amortization(month)
        if self.chance(0.5):
            # Not the books: an estimate, and what another book has.
            self.post(month, [{"account": "69", "cents": 55555, "department": "5"}], posting=False)
            self.post_in_another_book(month)

    def post_in_another_book(self, month: date) -> None:
        number = self.tables["ledger/transaction"][-2]["id"]
        mine = [
            row for row in self.tables["ledger/transactionaccountingline"] if row["transaction"] == number
        ]
        self.tables["ledger/transactionaccountingline"] += [row | {"accountingbook": "2"} for row in mine]

    def random_line(self) -> Row:
        if self.chance(0.5):
            return {
                "account": self.source.choice(PLAIN_ACCOUNTS),
                "cents": self.cents(),
                "department": self.source.choice((None, None, *DEPARTMENTS)),
                "location": self.source.choice((None, *LOCATIONS)),
                "entity": self.source.choice((None, None, "v1", "v2")),
                "class": self.source.choice((None, None, None, "1", "2")),
            }
        return {
            "account": self.source.choice(DEPARTMENTAL_ACCOUNTS),
            "cents": self.cents(),
            "department": self.source.choice([*DEPARTMENTS]),
            "location": self.source.choice((None, *LOCATIONS)),
            "entity": self.source.choice((None, None, "v1")),
            "class": self.source.choice((None, None, "2")),
        }

    def make_payroll(self, month: date) -> None:
        for employee in self.employees:
            if not self.chance(0.7) or not self.is_placed(employee):
                continue
            entity = self.entity_of[employee["id"]]
            is_of_entry = self.chance(0.2)
            lines = [
                {
                    "account": self.source.choice(PEOPLE_ACCOUNTS),
                    "cents": self.cents(),
                    "department": self.source.choice((None, None, None, *DEPARTMENTS)),
                    "location": self.source.choice((None, None, *LOCATIONS)),
                    "entity": None if is_of_entry else entity,
                    "class": self.source.choice((None, None, None, None, "2")),
                }
                for _ in range(self.source.choice((1, 2, 3)))
            ]
            self.post(month, lines, entity=entity if is_of_entry else None)

    def is_placed(self, employee: Row) -> bool:
        """Whether a line of theirs has a department in every month, and so a rule."""
        return employee.get("department") is not None

    def make_hosting(self, month: date) -> None:
        """Bills with rows of their own, bills without, and rows that no bill of the ledger is for."""
        for number in range(self.source.choice((0, 1, 1, 2))):
            invoice = f"CB-{month:%Y%m}-{number}"
            if self.chance(0.75):
                for _ in range(self.source.choice((1, 3, 6))):
                    self.add_charge(month, invoice if self.chance(0.9) else None)
            line = {"account": HOSTING, "cents": self.cents(), "entity": "v1"}
            if self.chance(0.3):
                line |= {
                    "department": self.source.choice(("3", "5")),
                    "class": self.source.choice((None, "1")),
                }
            self.post(month, [line], externalid=invoice if self.chance(0.8) else None, type="VendBill")

    def add_charge(self, month: date, invoice: str | None) -> None:
        day = self.day_in(month)
        start = datetime(day.year, day.month, day.day, self.source.choice((0, 3, 22)), tzinfo=UTC)
        cost = Decimal(self.source.choice((0, 1, 333333, 1234567891, 50000000, -70000000))).scaleb(-8)
        self.tables["ledger/cloud_cost"].append(
            {
                "BillingPeriodStart": month,
                "ChargePeriodStart": start,
                "ChargePeriodEnd": start + timedelta(hours=1),
                "ChargeCategory": "Usage",
                "ServiceName": "Machines",
                "BilledCost": cost * self.source.choice((1, 1, 2)),
                "EffectiveCost": cost,
                "BillingCurrency": None,
                "InvoiceId": invoice,
                "ProviderName": self.source.choice(("Cloud Inc.", "Other Cloud")),
                "Tags": self.source.choice(TAGS),
            }
        )

    def make_amortization(self, month: date) -> None:
        for _ in range(self.source.choice((0, 1, 2))):
            line = {
                "account": self.source.choice(AMORTIZATION_ACCOUNTS),
                "cents": self.cents(),
                "location": self.source.choice((None, *LOCATIONS)),
            }
            self.post(month, [line])

    def close_year(self) -> None:
        """Every balance of the result to retained earnings, in an adjustment period."""
        lines = [
            {"account": account, "cents": -cents}
            for account, cents in self.balances.items()
            if cents and ACCOUNTS[account][1] in {"COGS", "Expense", "OthExpense"}
        ]
        self.post(MONTHS[2], lines, postingperiod="adjust", trandate=date(2023, 12, 31))
        self.tables["ledger/transactionaccountingline"][-1]["account"] = RETAINED_EARNINGS
