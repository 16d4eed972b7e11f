"""What decides in which bucket a cost is, one switch of the input at a time: exactly that cost moves.

Add a switch when a rule decides something new. Every month of one small company has the same costs, and in
each of them one thing is otherwise, so that one build answers for all. What a model does row by row is in its
unit tests.
"""

from __future__ import annotations

import csv
import io
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.engines import duckdb as engine
from tests.dbt_rendering import Project
from tests.direct_builds import CompiledProject, build_models
from tests.small_landing import put, write_landing

Row = dict[str, Any]

MODELS = (
    *("fct_cost_lines", "fct_cost_pools_by_month", "fct_hosting_by_month", "fct_amortization_by_asset_month"),
    "int_headcount_by_month",
)
ACCOUNTS = {
    "Accounts payable": "AcctPay",
    "Hosting": "COGS",
    "Monitoring": "COGS",
    "Colocation": "COGS",
    "Content delivery": "COGS",
    "Payment processing fees": "COGS",
    "Customer support tools": "COGS",
    "Contractors": "Expense",
    "Software tools": "Expense",
    "Payroll : Salaries": "Expense",
    "Rent": "Expense",
    "Depreciation and amortisation": "Expense",
    "Depreciation of infrastructure": "Expense",
    "Amortisation of capitalised software": "Expense",
    "Income tax": "OthExpense",
}
DEPARTMENTS = ("Support", "Customer success", "Engineering", "Professional services", "IT", "Sales")
VENDORS = ("Cloud Inc.", "Summit Contractors", "Uptime Inc.")
EMPLOYEES = {
    "answers": "Support",
    "is hybrid": "Support",
    "keeps": "Customer success",
    "makes": "Engineering",
    "serves": "IT",
}
BASE = {
    "hosting": 750_00 + 120_00 + 310_00 + 70_00,
    "support": 80_00 + 5_000_00 + 3_000_00,
    "customer_success": 4_000_00 + 1_800_00,
    "research_and_development": 250_00 + 40_00 + 7_000_00 + 1_200_00,
    "services": 500_00,
    "capitalized_software": 155_00,
    "third_party_fees": 50_00 + 30_00,
    "overhead": 3_000_00 + 900_00 + 62_00,
    "non_operating": 10_00,
}


@dataclass
class Month:
    """The raw rows of a month, which a switch may change."""

    first: date
    lines: dict[str, Row] = field(default_factory=dict)
    charges: dict[str, Row] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    assets: dict[str, Row] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=lambda: dict(EMPLOYEES))
    away: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def days(self) -> int:
        return monthrange(self.first.year, self.first.month)[1]

    @property
    def next(self) -> date:
        return self.first + timedelta(days=self.days)

    def __post_init__(self) -> None:
        self.post("bill", "Hosting", 1_000_00, entity="Cloud Inc.", document=f"B {self.name}")
        for environment, cost in (("production", 600), ("dev", 200), ("shared", 100), ("", 100)):
            self.charge(environment or "untagged", cost, environment)
        self.post("monitoring", "Monitoring", 120_00)
        self.post("delivery", "Content delivery", 50_00)
        self.post("fees", "Payment processing fees", 30_00)
        self.post("tools", "Customer support tools", 80_00)
        self.post("editors", "Software tools", 40_00, department="Engineering")
        self.post(
            "contractor",
            "Contractors",
            500_00,
            department="Professional services",
            entity="Summit Contractors",
        )
        for person, salary in zip(EMPLOYEES, (5_000_00, 6_000_00, 4_000_00, 7_000_00, 3_000_00), strict=True):
            self.post(person, "Payroll : Salaries", salary, entity=person)
        self.shares = {"support": "0.5", "success": "0.3", "engineering": "0.2"}
        self.post("rent", "Rent", 900_00, location="1")
        for kind, cost in (("infrastructure", 310), ("internal_use_software", 155), ("facility", 62)):
            self.capitalize(kind, kind, cost)
        self.post("depreciation", "Depreciation and amortisation", 527_00)
        self.capitalize("rack", "infrastructure", 70)
        self.post("rack", "Depreciation of infrastructure", 70_00)
        self.post("tax", "Income tax", 10_00)

    def post(self, name: str, account: str, cents: int, *, document: str = "", **tags: str) -> None:
        """Post costs to an account, against what is owed."""
        self.lines[name] = {"account": account, "cents": cents, "document": document, **tags}

    def charge(self, name: str, cost: int, environment: str) -> None:
        """A row of the cloud bill."""
        tags = f'{{"environment": "{environment}"}}' if environment else ""
        self.charges[name] = {
            "ChargePeriodStart": self.first,
            "EffectiveCost": cost,
            "BilledCost": cost,
            "BillingCurrency": "USD",
            "InvoiceId": f"B {self.name}",
            "ProviderName": "Cloud",
            "Tags": tags,
        }

    def capitalize(self, name: str, kind: str, cost: int) -> None:
        """An asset that is used in this month only, so that all of it is amortised here."""
        self.assets[name] = {
            "id": f"{name} {self.name}",
            "kind": kind,
            "cost": cost,
            "currency": "USD",
            "in_service_on": self.first,
            "useful_life_months": 1,
            "disposed_on": self.next,
        }

    def tag(self, name: str, environment: str) -> None:
        self.charge(name, self.charges[name]["EffectiveCost"], environment)


@dataclass(frozen=True)
class Switch:
    """One thing that is otherwise, and the cents that then move into a bucket."""

    change: Callable[[Month], None]
    moves: Mapping[str, int] | Callable[[Month], Mapping[str, int]]

    def moved(self, month: Month) -> Mapping[str, int]:
        return self.moves(month) if callable(self.moves) else self.moves


def dispose_in_the_middle(month: Month) -> None:
    month.assets["infrastructure"]["disposed_on"] = month.first + timedelta(days=10)
    month.lines["depreciation"]["cents"] += days_of(month, 310_00, 10) - 310_00


def put_into_service_later(month: Month) -> None:
    """From the eleventh on; its life ends on the tenth of the next month, but it is disposed of before."""
    month.assets["internal_use_software"]["in_service_on"] = month.first + timedelta(days=10)
    month.lines["depreciation"]["cents"] += days_of(month, 155_00, month.days - 10) - 155_00


def days_of(month: Month, cents: int, days: int) -> int:
    """What so many days of a life of this month take, rounded half up."""
    return (2 * cents * days + month.days) // (2 * month.days)


def untag_half_of_production(month: Month) -> None:
    month.charge("production", 300, "production")
    month.charge("once tagged", 300, "")


def misspell_half_of_production(month: Month) -> None:
    month.charge("production", 300, "production")
    month.charge("misspelt", 300, "lab-7")


def bill_the_charges_elsewhere(month: Month) -> None:
    for charge in month.charges.values():
        charge["InvoiceId"] = "of another provider"


def credit_more_development_than_there_was(month: Month) -> None:
    month.charge("credit", -250, "dev")


def make_the_rack_software(month: Month) -> None:
    month.assets["rack"]["kind"] = "internal_use_software"
    month.lines["rack"]["account"] = "Amortisation of capitalised software"


def post_the_rack_with_the_others(month: Month) -> None:
    month.lines["depreciation"]["cents"] += month.lines.pop("rack")["cents"]


UNTAGGED = "half of production is untagged"
MISSPELT = "half of production has a tag that nobody knows"
UNSURVEYED = "nobody surveys"
MOVED = "somebody moves to IT"
OWN_RULE = "a contractor is one whom our own rule knows"
DISPOSED = "an asset is disposed of after ten days"
AWAY = "somebody is away after ten days"
SWITCHES: dict[str, Switch] = {
    "nothing": Switch(lambda month: None, {}),
    "a tag of development becomes production": Switch(
        lambda month: month.tag("dev", "Live"), {"hosting": 250_00, "research_and_development": -250_00}
    ),
    UNTAGGED: Switch(untag_half_of_production, {"hosting": -150_00, "research_and_development": 150_00}),
    MISSPELT: Switch(misspell_half_of_production, {"hosting": -150_00, "research_and_development": 150_00}),
    "what is shared becomes production": Switch(
        lambda month: month.tag("shared", "prod"),
        {"hosting": 777_78 - 750_00, "research_and_development": 222_22 - 250_00},
    ),
    "what is untagged becomes shared": Switch(lambda month: month.tag("untagged", "common"), {}),
    "the bill has no charges of its own": Switch(bill_the_charges_elsewhere, {}),
    "there is no cloud bill": Switch(
        lambda month: month.charges.clear(), {"hosting": 250_00, "research_and_development": -250_00}
    ),
    "credits exceed development": Switch(
        credit_more_development_than_there_was, {"hosting": 250_00, "research_and_development": -250_00}
    ),
    "the bill is of class Development": Switch(
        lambda month: month.lines["bill"].update({"class": "Development"}),
        {"hosting": -750_00, "research_and_development": 750_00},
    ),
    "the bill is a credit": Switch(
        lambda month: month.lines["bill"].update(cents=-1_000_01),
        {"hosting": -750_01 - 750_00, "research_and_development": -250_00 - 250_00},
    ),
    "monitoring is posted as tools of engineers": Switch(
        lambda month: month.lines["monitoring"].update(account="Software tools", department="Engineering"),
        {"hosting": -120_00, "research_and_development": 120_00},
    ),
    "monitoring is posted as colocation": Switch(
        lambda month: month.lines["monitoring"].update(account="Colocation"), {}
    ),
    "support tools are posted as tools of engineers": Switch(
        lambda month: month.lines["tools"].update(account="Software tools", department="Engineering"),
        {"support": -80_00, "research_and_development": 80_00},
    ),
    "content delivery is posted as hosting": Switch(
        lambda month: month.lines["delivery"].update(account="Hosting"),
        {"third_party_fees": -50_00, "hosting": 37_50, "research_and_development": 12_50},
    ),
    "a tenth of the time moves from support to success": Switch(
        lambda month: month.shares.update(support="0.4", success="0.4"),
        {"support": -600_00, "customer_success": 600_00},
    ),
    UNSURVEYED: Switch(
        lambda month: month.shares.clear(),
        {"support": 3_000_00, "customer_success": -1_800_00, "research_and_development": -1_200_00},
    ),
    "somebody moves to customer success": Switch(
        lambda month: month.departments.update(answers="Customer success"),
        {"support": -5_000_00, "customer_success": 5_000_00},
    ),
    "a salary line names a department of its own": Switch(
        lambda month: month.lines["answers"].update(department="Sales"),
        {"support": -5_000_00, "sales": 5_000_00},
    ),
    MOVED: Switch(
        lambda month: month.departments.update(makes="IT"),
        {"research_and_development": -7_000_00, "overhead": 7_000_00},
    ),
    "a surveyed person changes the department": Switch(
        lambda month: month.departments.update({"is hybrid": "Sales"}), {}
    ),
    OWN_RULE: Switch(
        lambda month: month.lines["contractor"].update(entity="Uptime Inc."),
        {"services": -500_00, "hosting": 500_00},
    ),
    "an asset becomes software": Switch(
        lambda month: month.assets["infrastructure"].update(kind="internal_use_software"),
        {"hosting": -310_00, "capitalized_software": 310_00},
    ),
    "an asset becomes software, and so does its posting": Switch(
        make_the_rack_software, {"hosting": -70_00, "capitalized_software": 70_00}
    ),
    "an asset is posted with the others": Switch(post_the_rack_with_the_others, {}),
    "our own mapping puts an asset elsewhere": Switch(
        lambda month: month.assets["infrastructure"].update(id="the odd one"),
        {"hosting": -310_00, "overhead": 310_00},
    ),
    DISPOSED: Switch(dispose_in_the_middle, lambda month: {"hosting": days_of(month, 310_00, 10) - 310_00}),
    "an asset is put into service after ten days": Switch(
        put_into_service_later,
        lambda month: {"capitalized_software": days_of(month, 155_00, month.days - 10) - 155_00},
    ),
    AWAY: Switch(lambda month: setattr(month, "away", "answers"), {}),
    "nothing, again": Switch(lambda month: None, {}),
}


def months() -> dict[str, Month]:
    """A month for each switch, in order, with the switch made."""
    made = {}
    for number, (name, switch) in enumerate(SWITCHES.items()):
        made[name] = Month(date(2021 + number // 12, number % 12 + 1, 1))
        switch.change(made[name])
    return made


class Ledger:
    """The export of all months: each line an entry of its own, and the years closed."""

    def __init__(self, made: list[Month]) -> None:
        self.tables: dict[str, list[Row]] = {
            "account": [
                {"id": name, "fullname": name, "accttype": kind}
                for name, kind in {**ACCOUNTS, "Retained earnings": "Equity"}.items()
            ],
            "department": [
                {"id": number, "name": name, "fullname": name} for number, name in enumerate(DEPARTMENTS, 1)
            ],
            "location": [{"id": 1, "name": "Leeds"}],
            "classification": [{"id": 1, "name": "Development"}],
            "vendor": [{"id": f"v {name}", "name": name} for name in VENDORS],
            "entity": [
                *({"id": f"v {name}", "name": name} for name in VENDORS),
                *({"id": f"e {name}", "name": name, "externalid": name} for name in EMPLOYEES),
            ],
            "employee": [
                {"id": name, "department": department, "location": "Leeds", "start_date": "2021-01-01"}
                for name, department in EMPLOYEES.items()
            ],
        }
        for name in (
            *("accountingperiod", "transaction", "transactionline", "transactionaccountingline"),
            *("cloud_cost", "employee_assignment", "time_survey", "capitalized_asset"),
        ):
            self.tables[name] = []
        for month in made:
            self._tell(month)
        for year in {month.first.year for month in made if month.first.month == 12}:
            self._close([month for month in made if month.first.year == year])

    def _tell(self, month: Month) -> None:
        tables = self.tables
        last = month.next - timedelta(days=1)
        tables["accountingperiod"].append({"id": month.name, "startdate": month.first, "enddate": last})
        tables["cloud_cost"] += month.charges.values()
        tables["capitalized_asset"] += month.assets.values()
        tables["time_survey"] += [
            {"employee_id": "is hybrid", "month": month.first, "function": function, "share": share}
            for function, share in month.shares.items()
        ]
        for person, department in month.departments.items():
            until = month.first + timedelta(days=10) if person == month.away else month.next
            place = {"department": DEPARTMENTS.index(department) + 1, "location": 1}
            tables["employee_assignment"].append(
                {"employee_id": person, **place, "valid_from": month.first, "valid_to": until}
            )
        for name, line in month.lines.items():
            entity = line.get("entity", "")
            tags = {
                "department": DEPARTMENTS.index(line["department"]) + 1 if "department" in line else "",
                "location": line.get("location", ""),
                "class": 1 if "class" in line else "",
                "entity": f"e {entity}" if entity in EMPLOYEES else "",
            }
            postings = [(line["account"], line["cents"]), ("Accounts payable", -line["cents"])]
            self._enter(
                f"{month.name} {name}",
                month,
                postings,
                tags,
                entity=f"v {entity}" if entity in VENDORS else "",
                externalid=line["document"],
            )

    def _close(self, year: list[Month]) -> None:
        """Move the costs of a year to retained earnings, which are no costs."""
        totals: Counter[str] = Counter()
        for month in year:
            for line in month.lines.values():
                totals[line["account"]] += line["cents"]
        postings = [(account, -cents) for account, cents in totals.items()]
        postings.append(("Retained earnings", sum(totals.values())))
        self._enter(f"{year[-1].name} closing", year[-1], postings, {})

    def _enter(
        self, name: str, month: Month, postings: list[tuple[str, int]], tags: Row, **columns: str
    ) -> None:
        entry = {"id": name, "type": "Journal", "trandate": month.first, "postingperiod": month.name}
        self.tables["transaction"].append({**entry, "posting": "T", "currency": "USD", **columns})
        for number, (account, cents) in enumerate(postings):
            amount = Decimal(cents) / 100
            half = {"transaction": name, "id": number, "foreignamount": amount}
            self.tables["transactionline"].append({**half, **(tags if number == 0 else {})})
            posting = {"transaction": name, "transactionline": number, "account": account, "amount": amount}
            self.tables["transactionaccountingline"].append({**posting, "posting": "T"})

    def write(self, folder: Path) -> Path:
        write_landing(folder)
        for table, rows in self.tables.items():
            put(folder, f"ledger/{table}.csv", text(rows))
        own_rule = {"rule": "own", "priority": 90, "vendor": "uptime inc.", "bucket": "hosting"}
        put(folder, "policy/cost_rules.csv", text([{**own_rule, "is_direct": True, "why": "They watch."}]))
        own_mapping = {"mapping": "asset", "value": "The odd one", "target": "overhead", "pool": "it"}
        put(folder, "policy/cost_mappings.csv", text([own_mapping]))
        return folder


def text(rows: list[Row]) -> str:
    """Rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, sorted({column for row in rows for column in row}))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


@dataclass(frozen=True)
class Built:
    """The months by switch, and the file that was built from them."""

    months: dict[str, Month]
    warehouse: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return engine.read_rows(self.warehouse, sql).values


@pytest.fixture(scope="module")
def built(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("cost_rules")
    made = months()
    landing = Ledger(list(made.values())).write(folder / "landing")
    home = folder / "home"
    return Built(made, build_models(compiled_project, landing, home, MODELS, is_tested=True))


@pytest.fixture(scope="module")
def costs(built: Built) -> dict[date, dict[str, int]]:
    """Cents by month and bucket."""
    found: dict[date, dict[str, int]] = {month.first: {} for month in built.months.values()}
    for month, bucket, amount in built.rows(
        "select month, bucket, sum(amount) from marts.fct_cost_pools_by_month group by all"
    ):
        found[month][bucket] = int(amount * 100)
    return found


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_moves_its_own_cost_and_no_other(
    name: str, built: Built, costs: dict[date, dict[str, int]]
) -> None:
    month = built.months[name]
    expected = Counter(BASE)
    expected.update(SWITCHES[name].moved(month))
    assert costs[month.first] == {bucket: cents for bucket, cents in expected.items() if cents}


def test_what_no_environment_is_known_of_is_shown_and_lowers_the_coverage(built: Built) -> None:
    shown = {
        (month, environment): (amount, coverage)
        for month, environment, amount, coverage in built.rows(
            "select month, environment, effective_cost_amount, coverage_rate from marts.fct_hosting_by_month"
        )
    }
    for name, untagged, coverage in (("nothing", 100, 0.9), (UNTAGGED, 400, 0.6), (MISSPELT, 400, 0.6)):
        assert shown[built.months[name].first, "untagged"] == (untagged, coverage)


def test_headcount_is_where_people_work_and_what_they_do(built: Built) -> None:
    found: dict[date, dict[tuple[str, str], Decimal]] = {month.first: {} for month in built.months.values()}
    for month, department, bucket, days in built.rows(
        "select month, department, bucket, fte_days from intermediate.int_headcount_by_month"
    ):
        found[month][department, bucket] = days
    for name, month in built.months.items():
        assert found[month.first] == expected_headcount(month), name


def expected_headcount(month: Month) -> dict[tuple[str, str], Decimal]:
    buckets = {
        **{"Support": "support", "Customer success": "customer_success", "IT": "overhead", "Sales": "sales"},
        **{"Engineering": "research_and_development", "success": "customer_success", "support": "support"},
        "engineering": "research_and_development",
    }
    expected: Counter[tuple[str, str]] = Counter()
    for person, department in month.departments.items():
        days = 10 if person == month.away else month.days
        shares = month.shares if person == "is hybrid" and month.shares else {department: "1"}
        for what, share in shares.items():
            expected[department, buckets[what]] += days * Decimal(share)  # type: ignore[assignment]
    return dict(expected)  # type: ignore[arg-type]


def test_each_part_says_which_rule_put_it_there(built: Built) -> None:
    def said(name: str, line: str) -> list[tuple[Any, ...]]:
        return built.rows(
            f"""
            select rule, part, split_by, department, vendor from marts.fct_cost_lines
            where transaction_id = '{built.months[name].name} {line}' order by part
            """
        )

    assert said("nothing", "contractor") == [
        ("department_professional_services", "", "none", "Professional services", "Summit Contractors")
    ]
    assert said(OWN_RULE, "contractor") == [("own", "", "none", "Professional services", "Uptime Inc.")]
    assert said("nothing", "is hybrid") == [
        (f"function {function}", function, "time_survey", "Support", None)
        for function in ("engineering", "success", "support")
    ]
    assert said(UNSURVEYED, "is hybrid") == [("department_support", "", "none", "Support", None)]
    assert said(MOVED, "makes") == [("department_it", "", "none", "IT", None)]
    assert said("nothing", "bill") == [
        ("role_hosting", environment, "environment", None, "Cloud Inc.")
        for environment in ("development", "production")
    ]
    assert said("nothing", "depreciation") == [
        ("role_amortization", bucket, "asset", None, None)
        for bucket in ("capitalized_software", "hosting", "overhead: facilities")
    ]


def test_an_asset_leaves_the_books_when_it_is_disposed_of(built: Built) -> None:
    month = built.months[DISPOSED]
    asset = month.assets["infrastructure"]["id"]
    assert built.rows(
        f"""
        select amortization_amount, cost_amount, accumulated_amount, is_disposed
        from marts.fct_amortization_by_asset_month where asset_id = '{asset}'
        """
    ) == [(Decimal(days_of(month, 310_00, 10)) / 100, 0, 0, True)]


def test_customer_success_is_a_cost_of_revenue_where_the_policy_says_so(built: Built) -> None:
    """And nothing else of any line changes."""
    (sql,) = (model.sql for model in Project("duckdb").models() if model.name == "int_cost_lines")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.warehouse}' as warehouse (read_only)")
        connection.execute(
            "create temp table published as select * from warehouse.intermediate.int_cost_lines"
        )
        connection.execute(
            """
            create temp table settings as
            select * replace (not is_customer_success_in_cor as is_customer_success_in_cor)
            from warehouse.intermediate.int_run_settings
            """
        )
        moved = sql.replace('"warehouse"."intermediate"."int_run_settings"', "settings")
        assert moved != sql
        connection.execute(f"create temp table moved as {moved}")
        counts = connection.execute(
            """
            select published.bucket, published.is_direct, moved.is_direct, count(*) > 0
            from published inner join moved
            using (transaction_id, transaction_line_id, part, bucket, pool, amount_minor)
            where published.is_direct <> moved.is_direct group by all
            """
        ).fetchall()
        whole = connection.execute(
            "select (select count(*) from published) = (select count(*) from moved)"
        ).fetchone()
    assert counts == [("customer_success", False, True, True)]
    assert whole == (True,)
