"""What a reader may count on in the committed CRM: sizes, proportions, dirt, and the planted cases.

That the tables tie to each other is ``test_crm_consistency``'s, which cards are the same ``test_labels``'s.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from seeds.generator.companies import phone_in
from seeds.generator.contacts import contact_id
from seeds.generator.deals import deal_id
from seeds.generator.listing import crm_table
from seeds.generator.persons import _NAMES, make_person, plain
from seeds.generator.planted_crm import DEAL_FLAWS, HISTORIES, crm_cases, planted_card_id
from seeds.generator.randomness import Stream
from seeds.generator.records import record_id
from tests.unit.generator.conftest import SEEDS
from tests.unit.generator.consistency import Row, Tables

_COMPANY_WORDS = re.compile(r"[A-Z][a-z]+")


def _deal(case: str, crm: Tables) -> Row:
    return next(row for row in crm["deal"] if row["deal_id"] == deal_id(f"planted/{case}/deal/1"))


def _history(case: str, name: str, crm: Tables) -> list[tuple[str, str]]:
    identity = record_id(f"planted/{case}")
    return [
        (row["timestamp"], row["value"])
        for row in crm["company_property_history"]
        if row["company_id"] == identity and row["name"] == name
    ]


# -- proportions ---------------------------------------------------------------------------------------------


def test_the_crm_stays_small_enough_to_read(crm: Tables) -> None:
    assert sum(path.stat().st_size for path in (SEEDS / "crm").iterdir()) < 6_000_000
    assert len(crm["web_visit"]) <= 20_000


def test_every_table_has_rows_and_every_column_somewhere_a_value(crm: Tables) -> None:
    empty = {
        f"{table}.{column}"
        for table, rows in crm.items()
        for column in (rows[0] if rows else {"rows": ""})
        if not any(row[column] for row in rows)
    }
    assert empty == set()


def test_leads_get_fewer_from_stage_to_stage(crm: Tables) -> None:
    stages = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
    counts = [
        sum(1 for row in crm["contact"] if row[f"property_hs_v2_date_entered_{stage}"]) for stage in stages
    ]
    assert counts == sorted(counts, reverse=True)
    assert 0.1 < counts[-1] / counts[0] < 0.25


def test_companies_have_some_three_contacts_and_roles(crm: Tables) -> None:
    customers = {row["id"] for row in crm["company"] if row["property_lifecyclestage"] == "customer"}
    contacts = [row for row in crm["contact"] if row["property_associatedcompanyid"] in customers]
    assert 2.5 < len(contacts) / len(customers) < 4
    assert len({row["property_buying_role"] for row in contacts}) > 6


def test_every_kind_of_form_visit_touch_and_deal_is_there(crm: Tables) -> None:
    assert {row["form_type"] for row in crm["contact_form_submission"]} == {
        "gated_download", "contact", "newsletter", "demo_request", "trial", "sign_up",
    }  # fmt: skip
    assert {row["source"] for row in crm["web_visit"]} == {"organic", "paid", "direct", "referral", ""}
    assert {row["type"] for row in crm["engagement"]} == {"call", "email", "meeting", "note"}
    assert {row["property_dealtype"] for row in crm["deal"]} == {"newbusiness", "existingbusiness", ""}
    stages = {row["stage_id"] for row in crm["deal_pipeline_stage"]}
    assert len(stages & {row["deal_pipeline_stage_id"] for row in crm["deal"]}) >= 9


def test_browsers_become_contacts_and_some_contacts_have_two(crm: Tables) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    unknown = set()
    for row in crm["web_visit"]:
        if row["contact_id"]:
            known[row["contact_id"]].add(row["anonymous_id"])
        else:
            unknown.add(row["anonymous_id"])
    assert len(unknown & set().union(*known.values())) > 200
    assert sum(1 for browsers in known.values() if len(browsers) > 1) > 50
    assert {"true", "false"} <= {row["is_bot"] for row in crm["web_visit"]}
    assert {"true", "false"} <= {row["is_employee"] for row in crm["web_visit"]}


def test_campaigns_of_visits_are_those_that_cost_money(crm: Tables) -> None:
    paid = {row["campaign"] for row in crm["marketing_spend"]}
    assert {row["utm_campaign"] for row in crm["web_visit"] if row["utm_campaign"]} <= paid


def test_some_stages_are_skipped_dated_back_and_gone_through_twice(crm: Tables) -> None:
    prefix = "property_hs_v2_date_entered_"
    reached = [row for row in crm["contact"] if row[f"{prefix}opportunity"]]
    assert any(not row[f"{prefix}marketingqualifiedlead"] for row in reached)
    assert any("" < row[f"{prefix}salesqualifiedlead"] < row[f"{prefix}lead"] for row in reached)
    stages = Counter(
        (row["contact_id"], row["value"])
        for row in crm["contact_property_history"]
        if row["name"] == "lifecyclestage"
    )
    assert sum(1 for (_, stage), count in stages.items() if stage == "lead" and count > 1) > 10


def test_a_third_of_the_first_guesses_at_deals_were_wrong_and_some_were_words(crm: Tables) -> None:
    typed = [row["value"] for row in crm["deal_property_history"] if row["name"] == "amount"]
    assert "to be agreed" in typed
    assert any(value.startswith("USD ") for value in typed)
    assert all(re.fullmatch(r"\d+\.\d\d|", row["property_amount"]) for row in crm["deal"])


def test_won_deals_are_worth_a_year_of_what_is_billed_by_the_month(crm: Tables, billing: Tables) -> None:
    deal = _deal("volume_edge", crm)
    # Nine seats at list price, twelve times: what the first invoice says.
    customer = next(row for row in billing["customer"] if row["description"] == "Planted: volume_edge")
    invoices = [row for row in billing["invoice"] if row["customer_id"] == customer["id"]]
    first = min(invoices, key=lambda row: row["created"])
    assert Decimal(deal["property_amount"]) == Decimal(first["subtotal"]) / 100 * 12


# -- dirt ----------------------------------------------------------------------------------------------------


def test_no_person_has_a_name_of_which_company_names_are_made(crm: Tables, billing: Tables) -> None:
    words = {
        word
        for row in billing["customer"]
        for word in _COMPANY_WORDS.findall(row["name"])
        if not (row["description"] or "").startswith("Planted:")
    }
    names = {name for firsts, lasts in _NAMES.values() for name in (*firsts, *lasts)}
    assert words & names == set()


def test_sole_traders_are_called_like_their_companies(crm: Tables, billing: Tables) -> None:
    people = {f"{row['property_firstname']} {row['property_lastname']}" for row in crm["contact"]}
    named = sorted(row["name"] for row in billing["customer"] if row["name"] in people)
    assert "Freemium Example" in named
    assert len(named) >= 3


def test_private_addresses_cannot_be_anybody_s(crm: Tables) -> None:
    domains = ("gmail.com", "outlook.com", "gmx.de", "yahoo.com", "icloud.com")
    private = [
        row["property_email"].lower()
        for row in crm["contact"]
        if any(f"@{domain}" in row["property_email"].lower() for domain in domains)
    ]
    assert len(private) > 500
    assert all("example" in address for address in private)
    others = {
        row["property_email"].lower().rstrip("> ").rsplit(".", 1)[-1]
        for row in crm["contact"]
        if "@" in row["property_email"] and row["property_email"].lower() not in private
    }
    assert others == {"example"}


def test_names_of_people_are_plain_in_addresses() -> None:
    assert plain("Dörte Groß-Ōtani") == "dortegrossotani"
    assert make_person(Stream("x"), "DE", 0) == make_person(Stream("x"), "DE", 0)


def test_cards_are_typed_in_many_ways(crm: Tables) -> None:
    phones = [row["property_phone"] for row in crm["company"]]
    for sign in ("(", "00", "ext", "Tel", "０", "CARE", "(0)", "n/a"):
        assert any(sign in phone for phone in phones), sign
    names = [row["property_name"] for row in crm["company"]]
    for sign in ("GmbH", "S.A. de C.V.", "K.K.", "Pty Ltd", "The ", "  ", "&", "ñ"):
        assert any(sign in name for name in names), sign
    assert any(row["property_domain"].startswith("https://") for row in crm["company"])
    assert {"NA", "n/a", "EMEA", "日本", "Deutschland"} <= {row["property_country"] for row in crm["company"]}
    emails = [row["property_email"] for row in crm["contact"]]
    for sign in ("+newsletter@", '"', "<", "mailto:", "xn--"):
        assert any(sign in email for email in emails), sign


def test_second_cards_have_records_of_their_own(crm: Tables) -> None:
    twins = {record_id(f"planted/{case}", "twin") for case in ("two_currencies", "amount_forever")}
    assert twins & {row["company_id"] for row in crm["engagement"]}


def test_parents_are_companies_but_for_planted_ones(crm: Tables) -> None:
    parents = [row for row in crm["company"] if row["property_hs_parent_company_id"]]
    assert len(parents) > 15
    itself = [row["id"] for row in parents if row["property_hs_parent_company_id"] == row["id"]]
    assert itself == [planted_card_id("narcis")]


# -- planted cases -------------------------------------------------------------------------------------------


def test_the_readme_lists_the_cases_of_the_crm_with_their_ids() -> None:
    assert crm_table() in (SEEDS / "generator" / "README.md").read_text(encoding="utf-8")


def test_every_planted_id_is_in_the_table_that_is_named(crm: Tables) -> None:
    columns = {
        "company": "id",
        "contact": "id",
        "company_property_history": "company_id",
        "ticket": "id",
        "feedback_submission": "id",
        "web_visit": "anonymous_id",
    }
    for case in crm_cases():
        table = case.tables.split(",", maxsplit=1)[0]
        known = {row[columns.get(table, "deal_id")] for row in crm[table]}
        assert set(case.ids) <= known, case.key


@pytest.mark.parametrize("case", HISTORIES)
def test_planted_histories_are_told_in_full(case: str, crm: Tables) -> None:
    for name in {name for name, _, _ in HISTORIES[case][1]}:
        expected = [value for other, value, _ in HISTORIES[case][1] if other == name]
        assert [value for _, value in _history(case, name, crm)] == expected


def test_employees_change_in_the_last_second_of_a_month_and_in_the_first_of_another(crm: Tables) -> None:
    history = _history("two_yearly", "numberofemployees", crm)
    assert ("2024-03-31T23:59:59Z", "250") in history
    assert ("2024-07-01T00:00:00Z", "250") in history


def test_deals_have_the_flaws_that_the_list_says(crm: Tables) -> None:
    of = {case: _deal(case, crm) for case in DEAL_FLAWS}
    companies = Counter(row["deal_id"] for row in crm["deal_company"])
    stages = {(row["deal_id"], row["value"]) for row in crm["deal_stage"]}
    assert of["refund_part"]["property_amount"] == ""
    assert (
        Decimal(of["refund_full"]["property_amount"])
        > 10 * Decimal(_deal("dispute_lost", crm)["property_amount"]) / 2
    )
    assert (of["came_back"]["deal_id"], "closedlost") in stages
    assert (of["customer_coupon"]["deal_id"], "appointmentscheduled_2021") in stages
    assert companies[of["dispute_won"]["deal_id"]] == 2
    assert companies[of["dispute_open"]["deal_id"]] == 0
    assert of["credit_note_voided"]["is_deleted"] == "true"
    assert of["trial_converted"]["owner_id"] == of["trial_converted"]["property_dealname"] == ""
    assert of["trial_not_converted"]["deal_pipeline_stage_id"] == "closedwon"


def test_tickets_come_at_all_hours_and_some_are_never_answered(crm: Tables) -> None:
    of_case = [row for row in crm["ticket"] if row["company_id"] == record_id("planted/volume_edge")]
    opened = {row["property_createdate"]: row for row in of_case}
    assert opened["2024-08-06T09:00:00Z"]["property_first_agent_reply_date"] == ""
    assert opened["2024-08-06T09:00:00Z"]["property_closed_date"] != ""
    assert opened["2024-09-03T13:00:00Z"]["property_closed_date"] == ""
    assert opened["2024-12-25T10:00:00Z"]["property_first_agent_reply_date"] == "2024-12-27T10:45:00Z"
    assert opened["2024-11-30T23:59:59Z"]["property_hs_ticket_priority"] == ""


def test_free_text_and_pages_name_people(crm: Tables) -> None:
    assert any("harriet.jessop@" in row["property_subject"] for row in crm["ticket"])
    assert any("Harriet Jessop" in row["comment"] for row in crm["feedback_submission"])
    assert any("?email=" in row["page_url"] for row in crm["web_visit"])


def test_one_browser_is_used_by_two_people(crm: Tables) -> None:
    people = {row["contact_id"] for row in crm["web_visit"] if row["anonymous_id"] == "PlantedOne"}
    assert len(people) == 2


def test_ids_of_contacts_are_their_own() -> None:
    assert contact_id("a", 1) == contact_id("a", 1) != contact_id("a", 2)
    assert phone_in("JP", Stream("y")).startswith("+81")
