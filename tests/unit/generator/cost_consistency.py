"""What must hold among the ledger's costs, the cloud bill, people, assets and the CRM, over their text.

Each check takes the tables of all sources by their names (no two sources have a table of one name) and
returns one line per violation. They know the shape of the exports and nothing of the generator. Add a check
for every table that another one can vouch for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.ledger_consistency import Posted, posted_lines

_CENT = Decimal("0.01")
_NOTHING = Decimal(0)
_CLOUD_PROVIDER = "Northwind Cloud Hosting"
_ACCUMULATED = ("Accumulated depreciation", "Accumulated amortisation")
_COSTS_OF_ASSETS = ("Fixed assets", "Capitalised software")
_WRITTEN_OFF = (
    "Depreciation and amortisation",
    "Amortisation of capitalised software",
    "Depreciation of infrastructure",
    "Depreciation of facilities",
)
_PEOPLE = ("Salaries", "Payroll tax", "Benefits", "Bonus", "Stock-based compensation", "Travel")
# Expense accounts that say enough without a department.
_WITHOUT_DEPARTMENT = ("Bad debt expense", "Rent", "Utilities", "Office supplies", *_WRITTEN_OFF)


def _months(tables: Tables) -> list[date]:
    """The first days of the months with a cloud bill: the complete ones."""
    return sorted({date.fromisoformat(row["BillingPeriodStart"][:10]) for row in tables["cloud_cost"]})


def _after(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _is_closing(posted: Posted) -> bool:
    return posted.entry["memo"].startswith("Closing of")


# -- bills ---------------------------------------------------------------------------------------------------


def cloud_invoices_are_vendor_bills(tables: Tables) -> Iterator[str]:
    """Per invoice: what is billed in the cloud bill is what the ledger owes for it."""
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["cloud_cost"]:
        billed[row["InvoiceId"]] += Decimal(row["BilledCost"])
    vendor = next(row["id"] for row in tables["vendor"] if row["name"] == _CLOUD_PROVIDER)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for posted in posted_lines(tables):
        entry = posted.entry
        if entry["type"] in ("VendBill", "VendCred") and entry["entity"] == vendor:
            owed[entry["externalid"]] -= posted.amount if posted.account == "Accounts payable" else _NOTHING
    for invoice in sorted({*billed, *owed}):
        if billed[invoice] != owed[invoice]:
            yield f"invoice {invoice}: {billed[invoice]}, the ledger owes {owed[invoice]}"


def hosting_is_the_effective_cost(tables: Tables) -> Iterator[str]:
    """Per month: what the provider's charges are worth is the hosting expense, commitments spread."""
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["cloud_cost"]:
        expected[row["ChargePeriodStart"][:7]] += Decimal(row["EffectiveCost"])
    development = next(row["id"] for row in tables["classification"] if row["name"] == "Development")
    actual: dict[str, Decimal] = defaultdict(Decimal)
    for posted in posted_lines(tables):
        is_provider = posted.line["class"] != development and not _is_closing(posted)
        if posted.account == "Hosting" and is_provider:
            actual[posted.month] += posted.amount
    for month in sorted({*expected, *actual}):
        if expected[month] != actual[month]:
            yield f"hosting of {month}: {expected[month]}, the ledger has {actual[month]}"


def bills_are_paid_once(tables: Tables) -> Iterator[str]:
    """Per vendor, payables are what its unpaid bills and credits say; no id has two bills."""
    bills: dict[tuple[str, str], Decimal] = {}
    paid: set[tuple[str, str]] = set()
    balance: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["transaction"]:
        if row["type"] == "VendPymt":
            key = (row["entity"], row["memo"].removeprefix("Payment of "))
            if key in paid:
                yield f"bill {key} is paid twice"
            paid.add(key)
    for posted in posted_lines(tables):
        if posted.account != "Accounts payable" or not posted.entry["type"].startswith("Vend"):
            continue
        entry = posted.entry
        balance[entry["entity"]] -= posted.foreign
        if entry["type"] != "VendPymt":
            key = (entry["entity"], entry["externalid"])
            if key in bills or not entry["externalid"]:
                yield f"bill {key} is there twice, or has no id"
            bills[key] = -posted.foreign
    yield from (f"payment of {key}, which is no bill" for key in sorted(paid - bills.keys()))
    unpaid: dict[str, Decimal] = defaultdict(Decimal)
    for (entity, identity), amount in bills.items():
        is_used_credit = amount < 0 and (entity, identity.replace("-CR-", "-")) in paid
        if (entity, identity) not in paid and not is_used_credit:
            unpaid[entity] += amount
    for entity in sorted(balance):
        # A credit is taken off the payment of its month's bill.
        if balance[entity] != unpaid[entity]:
            yield f"vendor {entity}: {unpaid[entity]} unpaid, the ledger owes {balance[entity]}"


def money_does_not_run_out(tables: Tables) -> Iterator[str]:
    """The bank account from which everything is paid stays above zero at each month's end."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for posted in posted_lines(tables):
        if posted.account == "Operating account USD":
            sums[posted.month] += posted.amount
    balance = _NOTHING
    for month in sorted(sums):
        balance += sums[month]
        if balance < 0:
            yield f"{balance} at the end of {month}"


def costs_say_where_they_belong(tables: Tables) -> Iterator[str]:
    """A line of an expense account has a department, is about an employee, or says enough by its account."""
    kinds = {row["fullname"].split(" : ")[-1]: row["accttype"] for row in tables["account"]}
    people = {row["id"] for row in tables["entity"] if row["externalid"].startswith("E-")}
    for posted in posted_lines(tables):
        if kinds[posted.account] != "Expense" or _is_closing(posted):
            continue
        names_employee = (
            posted.account in _PEOPLE and (posted.line["entity"] or posted.entry["entity"]) in people
        )
        if not (posted.line["department"] or names_employee or posted.account in _WITHOUT_DEPARTMENT):
            yield f"line {posted.entry['id']}/{posted.line['id']} on {posted.account}"


# -- people --------------------------------------------------------------------------------------------------


def assignments_follow_one_another(tables: Tables) -> Iterator[str]:
    """From the first day on without a gap; only the last is open; the file's own place is the last one."""
    departments = {row["id"]: row["name"] for row in tables["department"]}
    locations = {row["id"]: row["name"] for row in tables["location"]}
    of_employee: dict[str, list[Row]] = defaultdict(list)
    for row in tables["employee_assignment"]:
        of_employee[row["employee_id"]].append(row)
    for employee in tables["employee"]:
        rows = sorted(of_employee.get(employee["id"], []), key=lambda row: row["valid_from"])
        if not rows:
            continue
        starts = [row["valid_from"] for row in rows]
        last = rows[-1]
        place = (departments[last["department"]], locations[last["location"]])
        if (
            starts[0] != employee["start_date"]
            or [row["valid_to"] for row in rows] != [*starts[1:], ""]
            or place != (employee["department"], employee["location"])
        ):
            yield f"employee {employee['id']}"


def surveys_sum_to_one(tables: Tables) -> Iterator[str]:
    """And ask only who is employed in the month."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    files = {row["id"]: row for row in tables["employee"]}
    for row in tables["time_survey"]:
        if Decimal(row["share"]) <= 0:
            yield f"survey {row}"
        sums[row["employee_id"], row["month"]] += Decimal(row["share"])
    for (employee, month), total in sums.items():
        after = _after(date.fromisoformat(month)).isoformat()
        is_employed = files[employee]["start_date"] < after and (files[employee]["end_date"] or "9") >= month
        if total != 1 or not is_employed:
            yield f"survey of {employee} in {month}: {total}"


def payroll_goes_where_people_are(tables: Tables) -> Iterator[str]:
    """Lines of a payroll that name a place name one to which the person was assigned in the month."""
    names = {row["id"]: row["externalid"] for row in tables["entity"]}
    of_employee: dict[str, list[Row]] = defaultdict(list)
    for row in tables["employee_assignment"]:
        of_employee[row["employee_id"]].append(row)
    ends = {row["id"]: row["end_date"] or "9" for row in tables["employee"]}
    for posted in posted_lines(tables):
        if not posted.entry["memo"].startswith("Payroll ") or not posted.line["entity"]:
            continue
        month, employee = posted.month, names[posted.line["entity"]]
        place = (posted.line["department"], posted.line["location"])
        open_places = {
            (row["department"], row["location"])
            for row in of_employee[employee]
            if row["valid_from"][:7] <= month <= ((row["valid_to"] or ends[employee])[:7])
        }
        if posted.line["memo"] != "Correction" and place not in open_places:
            yield f"line {posted.entry['id']}/{posted.line['id']}: {employee} in {place}"


def everybody_is_paid(tables: Tables) -> Iterator[str]:
    """Each month a salary for everybody employed in it, by name but for one department."""
    names = {row["externalid"]: row["id"] for row in tables["entity"]}
    paid: dict[str, set[str]] = defaultdict(set)
    for posted in posted_lines(tables):
        if posted.account == "Salaries" and posted.entry["memo"].startswith("Payroll "):
            paid[posted.month].add(posted.line["entity"])
    for month in _months(tables):
        first, last = month.isoformat(), (_after(month) - timedelta(days=1)).isoformat()
        expected = {
            names[row["id"]] if row["department"] != "Executive" else ""
            for row in tables["employee"]
            if row["start_date"] <= last and (row["end_date"] or "9") >= first
        }
        if paid[first[:7]] != expected:
            yield f"payroll of {first[:7]}: {sorted(paid[first[:7]] ^ expected)}"


# -- assets --------------------------------------------------------------------------------------------------


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (_after(date(year, month + 1, 1)) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _written_off(asset: Row, until: date) -> Decimal:
    """What is written off of an asset by the end of the day before ``until``."""
    if not asset["in_service_on"]:
        return _NOTHING
    start = date.fromisoformat(asset["in_service_on"])
    end = _add_months(start, int(asset["useful_life_months"]))
    if asset["disposed_on"]:
        until = min(until, date.fromisoformat(asset["disposed_on"]))
    elapsed = min(max((until - start).days, 0), (end - start).days)
    return (Decimal(asset["cost"]) * elapsed / (end - start).days).quantize(_CENT, ROUND_HALF_UP)


def assets_are_the_register_s(tables: Tables) -> Iterator[str]:
    """At each month's end: cost, what is written off of it, and the month's expense."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for posted in posted_lines(tables):
        for name, accounts in (
            ("cost", _COSTS_OF_ASSETS), ("accumulated", _ACCUMULATED), ("expense", _WRITTEN_OFF),
        ):  # fmt: skip
            if posted.account in accounts and not _is_closing(posted):
                sums[name, posted.month] += posted.amount
    cost = accumulated = _NOTHING
    for month in _months(tables):
        after, name = _after(month), month.isoformat()[:7]
        cost += sums["cost", name]
        accumulated -= sums["accumulated", name]
        in_use = [
            row
            for row in tables["capitalized_asset"]
            if row["capitalized_on"] < after.isoformat() and (row["disposed_on"] or "9") >= after.isoformat()
        ]
        expected = (
            sum((Decimal(row["cost"]) for row in in_use), _NOTHING),
            sum((_written_off(row, after) for row in in_use), _NOTHING),
            sum(
                (_written_off(row, after) - _written_off(row, month) for row in tables["capitalized_asset"]),
                _NOTHING,
            ),
        )
        actual = (cost, accumulated, sums["expense", name])
        if actual != expected:
            yield f"assets of {name}: {expected}, the ledger has {actual}"


# -- CRM -----------------------------------------------------------------------------------------------------


def _company_ids(tables: Tables) -> set[str]:
    ids = {row["id"] for row in tables["company"]}
    for row in tables["company"]:
        ids |= {part for part in row["property_hs_merged_object_ids"].split(";") if part}
    return ids


def crm_references_resolve(tables: Tables) -> Iterator[str]:
    """Billing ids are of customers in live mode; what names a company names one, or one merged into it."""
    live = {row["id"] for row in tables["customer"] if row["livemode"] == "true"}
    companies = _company_ids(tables)
    for row in tables["company"]:
        if row["property_stripe_customer_id"] and row["property_stripe_customer_id"] not in live:
            yield f"company {row['id']} is customer {row['property_stripe_customer_id']}"
    for table, column, known in (
        ("ticket", "company_id", companies),
        ("product_usage", "company_id", companies),
        ("time_entry", "account_external_id", companies | live),
    ):
        yield from (
            f"{table}: {row[column]}" for row in tables[table] if row[column] and row[column] not in known
        )


def crm_keys_are_unique(tables: Tables) -> Iterator[str]:
    for table, columns in (
        ("company", ("id",)),
        ("ticket", ("id",)),
        ("product_usage", ("company_id", "date")),
    ):
        keys = {tuple(row[column] for column in columns) for row in tables[table]}
        if len(keys) != len(tables[table]):
            yield f"{table}: {len(tables[table])} rows, {len(keys)} keys"


def usage_is_of_customers_that_are_served(tables: Tables) -> Iterator[str]:
    """Seats are paid for on days on which an invoice of the customer that was not void says so."""
    customers = {}
    for row in tables["company"]:
        for identity in (row["id"], *row["property_hs_merged_object_ids"].split(";")):
            customers[identity] = row["property_stripe_customer_id"]
    invoices = {
        row["id"]: row["customer_id"] for row in tables["invoice"] if row["status"] not in ("draft", "void")
    }
    billed: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in tables["invoice_line_item"]:
        if row["invoice_id"] in invoices and int(row["amount"]) > 0:
            span = (row["period_start"], row["period_end"] or "9", int(row["quantity"]))
            billed[invoices[row["invoice_id"]]].append(span)
    for row in tables["product_usage"]:
        paid = int(row["seats_paid"] or 0)
        # Some cards do not say which customer they are.
        if not paid or not customers[row["company_id"]]:
            continue
        day = f"{row['date']}T00:00:00Z"
        spans = billed[customers[row["company_id"]]]
        if not any(start <= day < end for start, end, _ in spans):
            yield f"usage of {row['company_id']} on {row['date']}"


def tickets_are_answered_in_order(tables: Tables) -> Iterator[str]:
    """Opened, replied to, closed; minutes stand with a closing."""
    for row in tables["ticket"]:
        moments = [
            row[column]
            for column in ("property_createdate", "property_first_agent_reply_date", "property_closed_date")
            if row[column]
        ]
        if moments != sorted(moments) or bool(row["handled_minutes"]) != bool(row["property_closed_date"]):
            yield f"ticket {row['id']}"


CHECKS: tuple[Callable[[Tables], Iterator[str]], ...] = (
    cloud_invoices_are_vendor_bills,
    hosting_is_the_effective_cost,
    bills_are_paid_once,
    money_does_not_run_out,
    costs_say_where_they_belong,
    assignments_follow_one_another,
    surveys_sum_to_one,
    payroll_goes_where_people_are,
    everybody_is_paid,
    assets_are_the_register_s,
    crm_references_resolve,
    crm_keys_are_unique,
    usage_is_of_customers_that_are_served,
    tickets_are_answered_in_order,
)
