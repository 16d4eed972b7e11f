"""What a reader may count on in the committed costs: proportions, and the planted cases that README.md lists.

That the tables tie to each other is ``test_cost_consistency``'s.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest

from seeds.generator.books import Bill, Books, dollars
from seeds.generator.chart import RENT
from seeds.generator.exchange import ExchangeRates
from seeds.generator.moments import instant
from seeds.generator.records import MERGED, PROSPECTS, TWO_RECORDS, WITHOUT_COMPANY, prospect
from tests.unit.generator.conftest import SEEDS
from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.ledger_consistency import Posted, posted_lines

_NOTHING = Decimal(0)


@pytest.fixture(scope="module")
def posted(ledger: Tables) -> list[Posted]:
    return [line for line in posted_lines(ledger) if not line.entry["memo"].startswith("Closing of")]


def _of_employee(number: int, month: str, posted: list[Posted]) -> list[Posted]:
    return [
        line
        for line in posted
        if line.line["entity"] == str(500 + number) and line.month == month and line.account != "Travel"
    ]


def _places(lines: list[Posted]) -> set[tuple[str, str]]:
    return {(line.line["department"], line.line["location"]) for line in lines}


def _cloud(ledger: Tables, month: str) -> list[Row]:
    return [row for row in ledger["cloud_cost"] if row["BillingPeriodStart"][:7] == month]


def _environment(row: Row) -> str | None:
    environment: str | None = json.loads(row["Tags"] or "{}").get("environment")
    return environment


def _effective(rows: list[Row], *environments: str | None) -> Decimal:
    return sum((Decimal(row["EffectiveCost"]) for row in rows if _environment(row) in environments), _NOTHING)


# -- proportions ---------------------------------------------------------------------------------------------


def test_the_vendor_grows_to_some_sixty_people(ledger: Tables) -> None:
    def employed(day: str) -> int:
        return sum(row["start_date"] <= day <= (row["end_date"] or "9") for row in ledger["employee"])

    assert employed("2023-01-31") >= 20
    assert 60 <= employed("2025-12-31") <= 70
    assert {row["externalid"] for row in ledger["entity"]} >= {row["id"] for row in ledger["employee"]}


def test_the_vendor_spends_a_little_more_than_it_earns(ledger: Tables, posted: list[Posted]) -> None:
    kinds = {row["fullname"].split(" : ")[-1]: row["accttype"] for row in ledger["account"]}
    results: dict[str, Decimal] = defaultdict(Decimal)
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    for line in posted:
        if line.month < "2026" and kinds[line.account] in ("Income", "COGS", "Expense"):
            results[line.month[:4]] -= line.amount
            revenue[line.month[:4]] -= line.amount if kinds[line.account] == "Income" else _NOTHING
    shares = {year: result / revenue[year] for year, result in results.items()}
    assert shares["2023"] < shares["2024"] < shares["2025"] < 0
    assert shares["2025"] > Decimal("-0.10")


def test_the_tables_of_costs_stay_small_enough_to_read() -> None:
    names = (
        "cloud_cost",
        "employee",
        "employee_assignment",
        "time_survey",
        "time_entry",
        "capitalized_asset",
    )
    sizes = [(SEEDS / "ledger" / f"{name}.csv").stat().st_size for name in names]
    assert sum(sizes) < 1_200_000


def test_nobody_works_more_than_a_day_has(ledger: Tables) -> None:
    hours: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in ledger["time_entry"]:
        hours[row["employee_id"], row["date"]] += Decimal(row["hours"])
    assert max(hours.values()) < 17


# -- people --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "month", "places"),
    [
        (2, "2024-05", {("1", "1"), ("3", "1")}),
        (11, "2025-02", {("5", "1"), ("5", "2")}),
        (32, "2024-10", {("6", "1"), ("4", "2")}),
    ],
)
def test_who_moves_within_a_month_has_lines_for_both_places(
    number: int, month: str, places: set[tuple[str, str]], posted: list[Posted]
) -> None:
    lines = [line for line in _of_employee(number, month, posted) if line.account == "Salaries"]
    assert _places(lines) == places
    assert len(lines) == 2


def test_days_decide_what_each_place_bears(posted: list[Posted]) -> None:
    """15 of the 31 days of May in support, 16 in cloud operations."""
    first, second = (line.amount for line in _of_employee(2, "2024-05", posted) if line.account == "Salaries")
    assert abs(first * 16 - second * 15) < Decimal("0.32")


def test_executives_are_paid_without_names(ledger: Tables, posted: list[Posted]) -> None:
    lines = [line for line in posted if line.line["department"] == "11" and line.account == "Salaries"]
    assert len(lines) == 36
    assert {line.line["entity"] for line in lines} == {""}
    executives = {row["id"] for row in ledger["employee"] if row["department"] == "Executive"}
    assert executives & {row["employee_id"] for row in ledger["employee_assignment"]} == set()


def test_some_people_lines_name_nobody_s_place(posted: list[Posted]) -> None:
    stock = [line for line in posted if line.account == "Stock-based compensation" and line.line["entity"]]
    assert {_places([line]) == {("", "")} for line in stock if line.month < "2024"} == {True}
    assert {_places([line]) == {("", "")} for line in stock if line.month >= "2024"} == {False}
    # A bonus in the month after the employee has left.
    (late,) = _of_employee(12, "2025-01", posted)
    assert (late.account, late.amount, _places([late])) == ("Bonus", Decimal(3200), {("", "")})


def test_a_line_of_a_surveyed_person_is_below_zero(ledger: Tables, posted: list[Posted]) -> None:
    taken_back = [line for line in _of_employee(1, "2024-10", posted) if line.amount < 0]
    assert [line.amount for line in taken_back] == [Decimal("-350.01")]
    asked = {row["function"] for row in ledger["time_survey"] if row["employee_id"] == "E-001"}
    assert asked == {"support", "success", "engineering"}
    months = {row["month"] for row in ledger["time_survey"] if row["employee_id"] == "E-001"}
    assert "2024-08-01" not in months
    assert {"2023-04-01", "2024-07-01", "2024-09-01", "2025-12-01"} <= months


def test_expense_reports_name_the_employee_once(ledger: Tables) -> None:
    reports = {row["id"]: row["entity"] for row in ledger["transaction"] if row["type"] == "ExpRept"}
    assert len(reports) > 50
    assert {row["entity"] for row in ledger["transactionline"] if row["transaction"] in reports} == {""}
    assert all(500 < int(entity) < 1_000 for entity in reports.values())


def test_leipzig_is_rented_before_anybody_is_there(ledger: Tables, posted: list[Posted]) -> None:
    rents = {line.month for line in posted if line.account == "Rent" and line.line["location"] == "3"}
    people = {row["valid_from"] for row in ledger["employee_assignment"] if row["location"] == "3"}
    assert (min(rents), min(people)) == ("2024-04", "2024-07-01")


# -- the cloud bill ------------------------------------------------------------------------------------------


def test_every_kind_of_tag_is_on_the_cloud_bill(ledger: Tables) -> None:
    environments = {_environment(row) for row in ledger["cloud_cost"]}
    assert environments == {"production", "Live", "development", "staging", "shared", "lab-7", None}
    assert any(row["Tags"] for row in ledger["cloud_cost"] if _environment(row) is None)
    assert any("account" in json.loads(row["Tags"] or "{}") for row in ledger["cloud_cost"])


def test_nothing_was_tagged_at_first(ledger: Tables) -> None:
    for month in ("2023-01", "2023-02"):
        assert {row["Tags"] for row in _cloud(ledger, month)} == {""}


def test_development_was_given_back_more_than_it_used(ledger: Tables) -> None:
    rows = _cloud(ledger, "2024-11")
    assert _effective(rows, "development", "staging") < 0
    assert _effective(rows, "production") > 0


def test_a_credit_note_of_the_provider_has_an_invoice_of_its_own(ledger: Tables) -> None:
    rows = [row for row in ledger["cloud_cost"] if row["InvoiceId"] == "NCH-CR-2024-09"]
    assert [(row["ChargeCategory"], row["BilledCost"]) for row in rows] == [("Credit", "-2150.400000")]
    credit = next(row for row in ledger["transaction"] if row["externalid"] == "NCH-CR-2024-09")
    assert credit["type"] == "VendCred"


@pytest.mark.parametrize(("year", "cost"), [("2024", 24_000), ("2025", 42_000)])
def test_commitments_are_billed_once_and_used_for_a_year(year: str, cost: int, ledger: Tables) -> None:
    bought = [row for row in _cloud(ledger, f"{year}-02") if row["ChargeCategory"] == "Purchase"]
    assert [Decimal(row["BilledCost"]) for row in bought] == [cost]
    assert [Decimal(row["EffectiveCost"]) for row in bought] == [0]
    used = [
        row
        for row in ledger["cloud_cost"]
        if Decimal(row["BilledCost"]) == 0 and bought[0]["ChargePeriodStart"] <= row["ChargePeriodStart"]
        and row["ChargePeriodStart"] < bought[0]["ChargePeriodEnd"]
    ]  # fmt: skip
    months = {row["ChargePeriodStart"][:7] for row in used}
    assert len(used) == len(months) == (12 if year == "2024" else 11)
    assert {Decimal(row["EffectiveCost"]) for row in used} == {Decimal(cost) / 12}


# -- bills and assets ----------------------------------------------------------------------------------------


def test_bills_in_pounds_and_euros_are_paid_at_the_rate_of_the_payment(ledger: Tables) -> None:
    symbols = {row["id"]: row["symbol"] for row in ledger["currency"]}
    kinds = Counter((row["type"], symbols[row["currency"]]) for row in ledger["transaction"])
    for symbol in ("GBP", "EUR"):
        assert kinds["VendBill", symbol] == kinds["VendPymt", symbol] >= 21


def test_a_payment_bears_what_the_rate_has_done_since_the_bill() -> None:
    rates = ExchangeRates(5, instant(2023, 1, 1), instant(2024, 1, 1))
    books = Books(rates, instant(2023, 1, 1), instant(2024, 1, 1))
    bill, payment = books.bill(
        Bill("Aire Wharf Offices", "X", instant(2023, 3, 1), [dollars(RENT, 100_000)], 60, "GBP")
    )
    assert sum(line.base for line in bill.lines) == sum(line.base for line in payment.lines) == 0
    assert bill.lines[1].base == -payment.lines[0].base
    assert [line.account.name for line in payment.lines] == [
        "Accounts payable", "Operating account USD", "Realised exchange gains and losses",
    ]  # fmt: skip
    assert payment.lines[2].foreign == 0 != payment.lines[2].base


def test_what_is_paid_after_the_export_is_not_there() -> None:
    rates = ExchangeRates(5, instant(2023, 1, 1), instant(2023, 2, 1))
    books = Books(rates, instant(2023, 1, 1), instant(2023, 2, 1))
    bill = Bill("Aire Wharf Offices", "X", instant(2023, 1, 20), [dollars(RENT, 100)])
    assert [entry.kind for entry in books.bill(bill)] == ["VendBill"]


def test_a_month_has_five_hundred_entries_at_most() -> None:
    rates = ExchangeRates(5, instant(2023, 1, 1), instant(2023, 2, 1))
    books = Books(rates, instant(2023, 1, 1), instant(2023, 2, 1))

    def entries() -> Iterator[int]:
        for _ in range(500):
            yield from (entry.id for entry in books.entry("Journal", instant(2023, 1, 5), []))

    with pytest.raises(ValueError, match="more than 500 entries"):
        list(entries())


def test_every_kind_of_asset_and_story_is_in_the_register(ledger: Tables) -> None:
    assets = {row["id"]: row for row in ledger["capitalized_asset"]}
    assert {row["kind"] for row in assets.values()} == {
        "internal_use_software", "purchased_technology", "infrastructure", "facility",
    }  # fmt: skip
    assert {key for key, row in assets.items() if row["parent_asset_id"]} == {
        "FA-0002", "FA-0003", "FA-0005", "FA-0009",
    }  # fmt: skip
    assert {key: row["disposed_on"] for key, row in assets.items() if row["disposed_on"]} == {
        "FA-0008": "2025-06-17",
        "FA-0009": "2025-06-17",
        "FA-0016": "2025-03-20",
    }
    assert [key for key, row in assets.items() if not row["in_service_on"]] == ["FA-0015"]


def test_disposals_end_in_a_loss_and_in_a_gain(posted: list[Posted]) -> None:
    results = {
        line.entry["memo"]: line.amount for line in posted if line.account == "Loss on disposal of assets"
    }
    assert results["Disposal of FA-0008"] > 0 > results["Disposal of FA-0016"] == Decimal(-1200)


def test_one_account_had_all_that_is_written_off_until_2024(posted: list[Posted]) -> None:
    lines = [line for line in posted if "epreciation" in line.account and line.amount > 0]
    lines = [line for line in lines if line.account != "Accumulated depreciation"]
    assert Counter(line.account for line in lines if line.month < "2024") == {
        "Depreciation and amortisation": 12
    }
    facilities = [line for line in lines if line.account == "Depreciation of facilities"]
    assert {line.line["location"] for line in facilities} == {"1", "2", "3"}


# -- CRM -----------------------------------------------------------------------------------------------------


def _planted(case: str, billing: Tables) -> str:
    return next(row["id"] for row in billing["customer"] if row["description"] == f"Planted: {case}")


def test_customers_have_a_company_each_but_for_the_planted_ones(billing: Tables, crm: Tables) -> None:
    cards = Counter(row["property_stripe_customer_id"] for row in crm["company"])
    assert {cards[_planted(case, billing)] for case in WITHOUT_COMPANY} == {0}
    assert {cards[_planted(case, billing)] for case in TWO_RECORDS} == {2}
    live = {row["id"] for row in billing["customer"] if row["livemode"] == "true"}
    assert 15 < len(live - cards.keys()) < 40
    assert {customer for customer, count in cards.items() if count > 1 and customer} == {
        _planted(case, billing) for case in TWO_RECORDS
    }
    deleted = [row["property_stripe_customer_id"] for row in crm["company"] if row["is_deleted"] == "true"]
    assert sorted(deleted) == ["", _planted("customer_deleted", billing)]


def test_merged_records_left_their_ids_behind(billing: Tables, crm: Tables, ledger: Tables) -> None:
    merged = {
        row["property_stripe_customer_id"]: row["property_hs_merged_object_ids"].split(";")
        for row in crm["company"]
        if row["property_hs_merged_object_ids"] and row["property_stripe_customer_id"]
    }
    assert {case: len(merged[_planted(case, billing)]) for case in MERGED} == MERGED
    left = {identity for ids in merged.values() for identity in ids}
    for table, column in (("ticket", "company_id"), ("product_usage", "company_id")):
        assert left & {row[column] for row in crm[table]}, table
    assert left & {row["account_external_id"] for row in ledger["time_entry"]}
    assert left & {row["id"] for row in crm["company"]} == set()


def test_hours_are_of_customers_of_companies_and_of_nobody(crm: Tables, ledger: Tables) -> None:
    ids = {row["id"] for row in crm["company"]}
    prospects = {row["id"] for row in crm["company"] if not row["property_stripe_customer_id"]}
    kinds = Counter(
        "none" if not account else "customer" if account.startswith("cus_") else "company"
        for account in (row["account_external_id"] for row in ledger["time_entry"])
    )
    assert kinds["customer"] > kinds["company"] > 0 < kinds["none"]
    accounts = {row["account_external_id"] for row in ledger["time_entry"]}
    assert accounts & prospects and accounts & (ids - prospects)


def test_some_tickets_are_of_nobody_and_some_of_prospects(crm: Tables) -> None:
    prospects = {prospect(number, instant(2023, 1, 1))[1].id for number in range(1, PROSPECTS + 1)}
    owners = Counter(row["company_id"] for row in crm["ticket"])
    assert owners[""] == 3
    assert sum(owners[prospect] for prospect in prospects) == 4


def test_products_without_seats_have_usage_without_paid_seats(crm: Tables) -> None:
    without = [row for row in crm["product_usage"] if row["seats_paid"] == ""]
    assert len(without) > 1_000
    assert all(int(row["seats_active"]) > 0 for row in without)
    assert any(int(row["seats_paid"] or 1) == 0 for row in crm["product_usage"])
