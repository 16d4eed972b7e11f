"""The committed CRM agrees with itself, billing and the ledger, and every check can fail."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest

from seeds.generator.deals import deal_id
from seeds.generator.planted_crm import planted_card_id
from tests.unit.generator import crm_consistency
from tests.unit.generator.consistency import Row, Tables
from tests.unit.generator.crm_consistency import CHECKS

Check = Callable[[Tables], Iterator[str]]

_NOT_IN_THE_EXPORT = planted_card_id("not in the export")
# What is planted to break a rule, by the check and the id that it must name.
_PLANTED: dict[Check, list[str]] = {
    crm_consistency.references_resolve: [_NOT_IN_THE_EXPORT, _NOT_IN_THE_EXPORT],
    crm_consistency.won_deals_are_billed_in_their_month: [
        deal_id(f"planted/{case}/deal/1") for case in ("included_units", "one_of_two", "trial_not_converted")
    ],
}


@pytest.fixture(scope="module")
def exported(billing: Tables, ledger: Tables, crm: Tables) -> Tables:
    return {**billing, **ledger, **crm}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_crm_of_the_example_company_ties_but_for_what_is_planted(check: Check, exported: Tables) -> None:
    found, planted = list(check(exported)), _PLANTED.get(check, [])
    assert [line for line in found if not any(identity in line for identity in planted)] == []
    assert len(found) == len(planted)


# A check, and the damage that it must report: in this table, to the last row where a column has a value (None
# is any), other values.
_DAMAGES: tuple[tuple[Check, str, str, str | None, dict[str, str]], ...] = (
    (crm_consistency.references_resolve, "engagement", "type", "call", {"company_id": "7"}),
    (crm_consistency.references_resolve, "contact_form_submission", "form_type", None, {"contact_id": "7"}),
    (crm_consistency.references_resolve, "deal_stage", "value", None, {"deal_id": "7"}),
    (crm_consistency.keys_are_unique, "contact", "id", None, {"id": "7"}),
    (crm_consistency.nothing_is_later_than_its_stamp, "engagement", "type", None,
     {"occurred_at": "2026-01-01T03:16:00Z"}),
    (crm_consistency.nothing_is_later_than_its_stamp, "web_visit", "is_bot", "true",
     {"visited_at": "2026-01-01T03:16:00Z"}),
    (crm_consistency.cards_show_the_last_of_their_history, "company_property_history", "name", "country",
     {"value": "Atlantis"}),
    (crm_consistency.cards_show_the_last_of_their_history, "contact_property_history", "name", "hubspotscore",
     {"value": "1"}),
    (crm_consistency.deals_stand_where_they_went_last, "deal", "deal_pipeline_stage_id", "closedwon",
     {"property_amount": "1.00"}),
    (crm_consistency.deals_stand_where_they_went_last, "deal", "deal_pipeline_stage_id", "closedlost",
     {"property_closedate": "2025-01-01T00:00:00Z"}),
    (crm_consistency.deals_stand_where_they_went_last, "deal", "deal_pipeline_stage_id", "71003",
     {"deal_pipeline_stage_id": "71004"}),
    (crm_consistency.marketing_is_what_the_ledger_pays, "marketing_spend", "currency", "GBP",
     {"amount": "1"}),
    (crm_consistency.won_deals_are_billed_in_their_month, "deal", "deal_pipeline_stage_id", "closedwon",
     {"property_closedate": "2022-12-01T00:00:00Z"}),
    (crm_consistency.answers_are_on_the_scale, "feedback_submission", "value", "10", {"value": "11"}),
    (crm_consistency.answers_are_on_the_scale, "csm_rating", "rating", "5", {"rating": "6"}),
    (crm_consistency.scores_fit_the_stages, "contact_property_history", "value", "20", {"value": "90"}),
)  # fmt: skip


@pytest.mark.parametrize(
    "case",
    _DAMAGES,
    ids=[f"{case[0].__name__} in {case[1]} {number}" for number, case in enumerate(_DAMAGES)],
)
def test_a_damaged_crm_is_reported(
    case: tuple[Check, str, str, str | None, dict[str, str]], exported: Tables
) -> None:
    check, table, column, value, damage = case
    damaged = {**exported, table: copy.deepcopy(exported[table])}
    before = list(check(damaged))
    row: Row = next(row for row in reversed(damaged[table]) if value in (None, row[column]))
    if "id" in damage:
        damaged[table][0].update(damage)
    row.update(damage)
    assert set(check(damaged)) - set(before) != set()


def test_every_check_is_shown_to_fail() -> None:
    assert {case[0] for case in _DAMAGES} == set(CHECKS)
