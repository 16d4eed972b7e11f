"""The committed costs agree with the ledger, and every check would say so if they did not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest

from tests.unit.generator import cost_consistency
from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.cost_consistency import CHECKS

Check = Callable[[Tables], Iterator[str]]


@pytest.fixture(scope="module")
def exported(billing: Tables, ledger: Tables, crm: Tables) -> Tables:
    return {**billing, **ledger, **crm}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_costs_of_the_example_company_tie(check: Check, exported: Tables) -> None:
    assert list(check(exported)) == []


# A check, and the damage that it must report: in this table, to the last row where a column has a value (None
# is any), other values. The bank account is 111.
_DAMAGES: tuple[tuple[Check, str, str, str | None, dict[str, str]], ...] = (
    (
        cost_consistency.cloud_invoices_are_vendor_bills,
        "cloud_cost",
        "InvoiceId",
        "NCH-2024-02",
        {"BilledCost": "1.00"},
    ),
    (
        cost_consistency.cloud_invoices_are_vendor_bills,
        "transaction",
        "externalid",
        "NCH-CR-2024-09",
        {"externalid": "NCH-CR-2024-10"},
    ),
    (
        cost_consistency.hosting_is_the_effective_cost,
        "cloud_cost",
        "InvoiceId",
        "NCH-2025-03",
        {"EffectiveCost": "1.00"},
    ),
    (cost_consistency.bills_are_paid_once, "transaction", "type", "VendPymt",
     {"memo": "Payment of LM-2023-01"}),
    (
        cost_consistency.money_does_not_run_out,
        "transactionaccountingline",
        "account",
        "111",
        {"amount": "-9000000.00"},
    ),
    (cost_consistency.costs_say_where_they_belong, "transactionline", "class", "3", {"department": ""}),
    (cost_consistency.assignments_follow_one_another, "employee_assignment", "valid_to", "2024-05-16",
     {"valid_to": "2024-05-17"}),
    (cost_consistency.surveys_sum_to_one, "time_survey", "share", "0.333334", {"share": "0.333333"}),
    (cost_consistency.payroll_goes_where_people_are, "transactionline", "entity", "501", {"department": "9"}),
    (cost_consistency.everybody_is_paid, "employee", "id", "E-012", {"end_date": "2025-01-02"}),
    (cost_consistency.assets_are_the_register_s, "capitalized_asset", "id", "FA-0004", {"cost": "60000.01"}),
    (
        cost_consistency.assets_are_the_register_s,
        "capitalized_asset",
        "id",
        "FA-0008",
        {"disposed_on": "2025-06-16"},
    ),
    (cost_consistency.crm_references_resolve, "ticket", "company_id", None, {"company_id": "7"}),
    (cost_consistency.crm_keys_are_unique, "ticket", "id", None, {"id": "7"}),
    (cost_consistency.usage_is_of_customers_that_are_served, "product_usage", "date", "2023-01-02",
     {"date": "2022-01-03", "seats_paid": "5"}),
    (
        cost_consistency.tickets_are_answered_in_order,
        "ticket",
        "property_hs_ticket_priority",
        "LOW",
        {"property_closed_date": "2023-01-01T00:00:00Z"},
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", _DAMAGES, ids=[f"{case[0].__name__} in {case[1]}" for case in _DAMAGES])
def test_damaged_costs_are_reported(
    case: tuple[Check, str, str, str | None, dict[str, str]], exported: Tables
) -> None:
    check, table, column, value, damage = case
    damaged = {**exported, table: copy.deepcopy(exported[table])}
    row: Row = next(row for row in reversed(damaged[table]) if value in (None, row[column]))
    if table == "ticket" and "id" in damage:
        damaged[table][0].update(damage)
    row.update(damage)
    assert list(check(damaged)) != []


def test_every_check_is_shown_to_fail() -> None:
    assert {case[0] for case in _DAMAGES} == set(CHECKS)
