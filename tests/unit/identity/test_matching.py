"""Which records become one: companies, contacts, billing customers and entities of the ledger.

Add a case when a rule changes. How single values are read is in ``test_values``, whole exports in
``test_example``.
"""

from __future__ import annotations

import random
from collections.abc import Hashable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.identity.companies import Register, are_registers_apart, condensed_registers
from orchestration.identity.tables import Exports, as_of_instant, identity_tables, write_identity
from orchestration.raw.contract import read_contracts
from orchestration.raw.policies import default_policies
from orchestration.raw.snapshot import write_table

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """A time as the exports hold it, UTC without a zone."""
    return datetime(year, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


class World:
    """Exports of which a test gives the rows, the others being absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **tables: Rows) -> None:
        """Write tables, named as in ``crm__company``."""
        contracts = read_contracts()
        for name, rows in tables.items():
            source, table = name.split("__")
            write_table(contracts[source].tables[table], rows, self.folder / source / f"{table}.parquet")

    def solved(
        self, as_of_at: datetime | None = None, same: str = "0.9", review: str = "0.85", **tables: Rows
    ) -> Tables:
        """The tables of the source ``identity``."""
        self.write(**tables)
        return identity_tables(
            Exports(self.folder, as_of_at), same_score=Decimal(same), review_score=Decimal(review)
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def company(number: int, **fields: Any) -> dict[str, Any]:
    """A company's card; older ones have lower numbers."""
    given = {f"property_{name}" if name != "is_deleted" else name: value for name, value in fields.items()}
    return {"id": str(number), "property_createdate": at(2024, 1, number), **given}


def contact(number: int, **fields: Any) -> dict[str, Any]:
    """A contact's card; older ones have lower numbers."""
    given = {f"property_{name}" if name != "is_deleted" else name: value for name, value in fields.items()}
    return {"id": f"p{number}", "property_createdate": at(2024, 1, number), **given}


def customer(number: int, **fields: Any) -> dict[str, Any]:
    """A billing customer; older ones have lower numbers."""
    return {"id": f"cus_{number}", "created": at(2024, 1, number), **fields}


def decision(object_type: str, left: str, right: str, verdict: str) -> dict[str, Any]:
    return {"object_type": object_type, "left_id": left, "right_id": right, "decision": verdict}


def survivors(tables: Tables, kind: str = "company") -> dict[str, str]:
    """Per id the record that stands for it."""
    name = "companies" if kind == "company" else "contacts"
    return {row[f"{kind}_id"]: row[f"surviving_{kind}_id"] for row in tables[name]}


def pairs(tables: Tables) -> dict[tuple[str, str], tuple[str, str]]:
    """Rule and status of each pair."""
    return {(row["left_id"], row["right_id"]): (row["rule"], row["status"]) for row in tables["pairs"]}


def companies_of_customers(tables: Tables) -> dict[str, tuple[str | None, str]]:
    return {
        row["customer_id"]: (row["crm_company_id"], row["match_method"])
        for row in tables["billing_customers"]
    }


# ---- companies


@pytest.mark.parametrize(
    ("one", "other", "rule", "status"),
    [
        (
            {"name": "Acme Inc", "domain": "acme.example"},
            {"name": "ACME", "domain": "www.acme.example"},
            "domain_and_name",
            "same",
        ),
        (
            {"name": "Acme", "phone": "(303) 555-0112", "country": "USA"},
            {"name": "Acme LLC", "phone": "+1 303 555 0112 x4"},
            "phone_and_name",
            "same",
        ),
        (
            {"name": "Acme", "stripe_customer_id": "cus_1"},
            {"name": "Entirely Otherwise", "stripe_customer_id": " cus_1 "},
            "billing_customer_id",
            "review",
        ),
        # A card that was copied: name and domain are another firm's, the billing customer is not.
        (
            {"name": "Acme", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"name": "Zebra GmbH", "domain": "zebra.example", "stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "review",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"name": "Zebra GmbH", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "same",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"name": "ACME Ltd", "domain": "acme-shop.example", "stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "same",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "same",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"domain": "zebra.example", "stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "review",
        ),
        (
            {"name": "Acme", "country": "US", "stripe_customer_id": "cus_1"},
            {"name": "unknown", "country": "DE", "stripe_customer_id": "cus_1"},
            "billing_customer_id",
            "review",
        ),
        # Counted names.
        *(
            (
                {"name": f"Fund Partners Growth {one}", "domain": "fund.example"},
                {"name": f"Fund Partners Growth {other}", "domain": "fund.example"},
                "domain",
                "review",
            )
            for one, other in (("II", "III"), ("IV", "VI"), ("A", "B"), ("One", "Two"), ("1 2", "12"))
        ),
        # Children of one parent, and of two.
        (
            {"name": "Acme", "domain": "acme.example", "country": "US", "hs_parent_company_id": "9"},
            {"name": "Acme", "domain": "acme.example", "country": "CA", "hs_parent_company_id": "9"},
            "domain_and_name",
            "review",
        ),
        (
            {"name": "Acme GmbH", "domain": "acme.example", "hs_parent_company_id": "9"},
            {"name": "Acme AG", "domain": "acme.example", "hs_parent_company_id": "9"},
            "domain_and_name",
            "review",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "country": "US", "hs_parent_company_id": "9"},
            {"name": "Acme", "domain": "acme.example", "country": "US", "hs_parent_company_id": "9"},
            "domain_and_name",
            "same",
        ),
        (
            {"name": "Acme", "domain": "acme.example", "country": "US", "hs_parent_company_id": "8"},
            {"name": "Acme", "domain": "acme.example", "country": "CA", "hs_parent_company_id": "9"},
            "domain_and_name",
            "review",
        ),
        # Numbers that nobody has, and one that nobody is known to have.
        *(
            (
                {"name": "Foo", "domain": "f.example", "phone": number, "country": "US"},
                {"name": "Foo", "domain": "g.example", "phone": number, "country": "US"},
                "name",
                "review",
            )
            for number in ("1234567890", "0000000000", "303 555 5555", "(303) 765-4321")
        ),
        (
            {"name": "Foo", "domain": "f.example", "phone": "+1 303 155 0112", "country": "US"},
            {"name": "Foo", "domain": "g.example", "phone": "+1 303 155 0112", "country": "US"},
            "phone_and_name",
            "review",
        ),
        (
            {"name": "Foo", "phone": "+1 303 155 0112", "country": "US"},
            {"name": "Foo", "domain": "g.example", "phone": "+1 303 155 0112", "country": "US"},
            "phone_and_name",
            "same",
        ),
        # A telephone where domain and country differ.
        (
            {"name": "Foo", "domain": "f.example", "phone": "+442079460000", "country": "GB"},
            {"name": "Foo", "domain": "g.example", "phone": "+442079460000", "country": "US"},
            "phone_and_name",
            "review",
        ),
        # Names and domains that stand for none.
        (
            {"name": "Test", "phone": "+442079460000"},
            {"name": "TEST", "phone": "+442079460000"},
            "phone",
            "review",
        ),
        ({"name": "N/A", "country": "US"}, {"name": "n/a", "country": "US"}, None, None),
        (
            {"name": "Acme", "domain": "noemail.com"},
            {"name": "Acme", "domain": "www.noemail.com"},
            None,
            None,
        ),
        # Other signs that sound the same in Latin letters, and one name in two scripts.
        (
            {"name": "三菱商事株式会社", "domain": "m.example"},
            {"name": "三井商事株式会社", "domain": "m.example"},
            "domain",
            "review",
        ),
        (
            {"name": "王伟贸易", "domain": "m.example"},
            {"name": "王威贸易", "domain": "m.example"},
            "domain",
            "review",
        ),
        (
            {"name": "Газпром", "domain": "m.example"},
            {"name": "Gazprom", "domain": "m.example"},
            "domain_and_name",
            "same",
        ),
        # A slip in a name of another legal form.
        (
            {"name": "Acme Distribution Ltd", "domain": "acme.example"},
            {"name": "Acme Distribuiton PLC", "domain": "acme.example"},
            "domain_and_name",
            "review",
        ),
        (
            {"name": "Acme", "domain": "acme.example"},
            {"name": "Zeta", "domain": "acme.example"},
            "domain",
            "review",
        ),
        (
            {"name": "Acme", "phone": "+13035550112"},
            {"name": "Zeta", "phone": "+13035550112"},
            "phone",
            "review",
        ),
        ({"name": "Acme", "country": "US"}, {"name": "Acme Inc.", "country": "USA"}, "name", "review"),
        (
            {"name": "Acme GmbH", "country": "DE", "domain": "acme.example"},
            {"name": "Acme Ltd", "country": "GB", "domain": "acme.example"},
            "legal_form_and_country",
            "not_same",
        ),
        # One of the two alone may be a slip.
        (
            {"name": "Acme GmbH", "country": "DE", "domain": "acme.example"},
            {"name": "Acme AG", "country": "DE", "domain": "acme.example"},
            "domain_and_name",
            "same",
        ),
        # Branches and franchises of one domain: another word, however much else is the same.
        (
            {"name": "Pizza Planet Kensington", "domain": "pizza.example"},
            {"name": "Pizza Planet Kennington", "domain": "pizza.example"},
            "domain",
            "review",
        ),
        (
            {"name": "Holiday Express Region North", "domain": "holiday.example"},
            {"name": "Holiday Express Region South", "domain": "holiday.example"},
            "domain",
            "review",
        ),
        (
            {"name": "Acme Distribution Austria", "domain": "acme.example", "country": "AT"},
            {"name": "Acme Distribution Australia", "domain": "acme.example", "country": "AU"},
            "domain",
            "review",
        ),
        # A slip, but not in another country.
        (
            {"name": "Acme Distribution", "domain": "acme.example", "country": "AT"},
            {"name": "Acme Distribuiton", "domain": "acme.example", "country": "AT"},
            "domain_and_name",
            "same",
        ),
        (
            {"name": "Acme Distribution", "domain": "acme.example", "country": "AT"},
            {"name": "Acme Distribuiton", "domain": "acme.example", "country": "AU"},
            "domain_and_name",
            "review",
        ),
        # The reception desk of a building.
        (
            {"name": "Baker Street Dental", "domain": "dental.example", "phone": "+442079460000"},
            {"name": "Baker Street Rental", "domain": "rental.example", "phone": "+442079460000"},
            "phone",
            "review",
        ),
        (
            {"name": "Anderson Plumbing", "phone": "+442079460000"},
            {"name": "Andersen Plumbing", "phone": "+442079460000"},
            "phone",
            "review",
        ),
        (
            {"name": "Anderson Plumbing", "domain": "a.example", "phone": "+442079460000"},
            {"name": "Andersson Plumbing", "domain": "b.example", "phone": "+442079460000"},
            "phone_and_name",
            "review",
        ),
        (
            {"name": "Meridian Capital LLP", "phone": "+442079460000"},
            {"name": "Meridian Capital Ltd", "phone": "+442079460000"},
            "phone_and_name",
            "review",
        ),
        (
            {"name": "Meridian Capital", "phone": "+44 20 7946 0000 ext. 1"},
            {"name": "Meridian Capital", "phone": "+44 20 7946 0000 ext. 2"},
            "phone_and_name",
            "review",
        ),
        # What stands for a customer and is none.
        (
            {"name": "Acme", "stripe_customer_id": "n/a"},
            {"name": "Beta", "stripe_customer_id": "n/a"},
            None,
            None,
        ),
        # Each is a customer of its own and in another country, or of another form.
        (
            {"name": "Acme", "domain": "acme.example", "country": "US", "stripe_customer_id": "cus_1"},
            {"name": "Acme", "domain": "acme.example", "country": "JP", "stripe_customer_id": "cus_2"},
            "domain_and_name",
            "review",
        ),
        (
            {"name": "Acme GmbH", "domain": "acme.example", "stripe_customer_id": "cus_1"},
            {"name": "Acme AG", "domain": "acme.example", "stripe_customer_id": "cus_2"},
            "domain_and_name",
            "review",
        ),
        (
            {"name": "Acme", "domain": "acme.example"},
            {"name": "Acme", "domain": "acme.example", "hs_parent_company_id": "1"},
            "parent_and_child",
            "not_same",
        ),
        # A domain or a name that many have says nothing.
        (
            {"name": "Acme", "domain": "facebook.com/acme"},
            {"name": "Acme", "domain": "facebook.com/a"},
            None,
            None,
        ),
        ({"name": "Acme", "country": "US"}, {"name": "Acme", "country": "CA"}, None, None),
        ({"name": "Acme"}, {"name": "Acme"}, None, None),
    ],
)
def test_two_cards_are_one_company_by_what_they_share(
    world: World, one: dict[str, Any], other: dict[str, Any], rule: str | None, status: str | None
) -> None:
    tables = world.solved(
        crm__company=[company(1, **one), company(2, **other)],
        billing__customer=[customer(1), customer(2), customer(3)],
    )
    found = {pair: found for pair, found in pairs(tables).items() if not pair[0].startswith("cus_")}
    assert found == ({("1", "2"): (rule, status)} if rule else {})
    assert survivors(tables) == {"1": "1", "2": "1" if status == "same" else "2"}


def test_two_customers_in_two_countries_are_not_joined_through_a_third_card(world: World) -> None:
    twin = {"name": "Acme", "domain": "acme.example"}
    tables = world.solved(
        crm__company=[
            company(1, **twin, country="US", stripe_customer_id="cus_1"),
            company(2, **twin),
            company(3, **twin, country="JP", stripe_customer_id="cus_2"),
        ],
        billing__customer=[customer(1), customer(2)],
    )
    found = survivors(tables)
    assert found["1"] != found["3"]
    assert found["2"] in (found["1"], found["3"])


def test_a_third_card_does_not_join_what_a_copied_billing_id_does_not(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme", domain="acme.example", stripe_customer_id="cus_1"),
            company(2, stripe_customer_id="cus_1"),
            company(3, name="Zebra", domain="zebra.example", stripe_customer_id="cus_1"),
        ],
        billing__customer=[customer(1, name="Acme")],
    )
    assert survivors(tables) == {"1": "1", "2": "2", "3": "3"}
    assert {pair: status for pair, (_, status) in pairs(tables).items()} == {
        ("1", "2"): "review",
        ("1", "3"): "review",
        ("2", "3"): "review",
        ("cus_1", "1"): "same",
    }
    # Nor do records of the copies count for the customer.
    named = {row["company_id"]: row["billing_customer_id"] for row in tables["companies"]}
    assert named == {"1": "cus_1", "2": None, "3": None}


@pytest.mark.parametrize(
    ("fields", "company_id"),
    [
        ({"name": "Zebra GmbH", "email": "x@acme.example"}, "2"),
        ({"name": "Acme"}, "1"),
        ({"email": "x@zebra.example"}, "2"),
        ({"email": "jane@gmail.com"}, "1"),
        ({"name": "Otherwise", "email": "x@other.example"}, None),
        ({}, None),
    ],
)
def test_of_a_card_and_its_copy_the_customer_is_the_likest(
    world: World, fields: dict[str, Any], company_id: str | None
) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme", domain="acme.example", stripe_customer_id="cus_1"),
            company(2, name="Zebra GmbH", domain="zebra.example", stripe_customer_id="cus_1"),
        ],
        crm__contact=[contact(1, email="jane@gmail.com", associatedcompanyid="1")],
        billing__customer=[
            customer(1, **fields),
            customer(2, name="Zebra GmbH", email="y@zebra.example"),
        ],
    )
    found = companies_of_customers(tables)
    assert found["cus_1"] == ((company_id, "crm_property") if company_id else (None, "billing_customer"))
    assert found["cus_2"] == ("2", "domain_and_name")
    if company_id is None:
        assert pairs(tables)[("cus_1", "1")] == pairs(tables)[("cus_1", "2")] == ("crm_property", "review")


def test_a_parent_may_pay_for_children_of_other_names(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme Holding", domain="acme.example", stripe_customer_id="cus_1"),
            *(
                company(
                    n,
                    name=name,
                    domain=f"{name}.example",
                    hs_parent_company_id="1",
                    stripe_customer_id="cus_1",
                )
                for n, name in ((2, "Beta"), (3, "Gamma"))
            ),
        ],
        billing__customer=[customer(1, name="Acme Holding")],
    )
    assert survivors(tables) == {"1": "1", "2": "2", "3": "3"}
    assert {row["billing_customer_id"] for row in tables["companies"]} == {"cus_1"}
    assert companies_of_customers(tables) == {"cus_1": ("1", "crm_property")}


def test_children_of_one_parent_are_not_one_through_a_third_card(world: World) -> None:
    child = {"name": "Acme", "domain": "acme.example"}
    tables = world.solved(
        crm__company=[
            # The parent's card was merged into another.
            company(9, name="Group", hs_merged_object_ids="8"),
            company(1, **child, country="US", hs_parent_company_id="8"),
            company(2, **child),
            company(3, **child, country="CA", hs_parent_company_id="9"),
        ]
    )
    found = survivors(tables)
    assert found["1"] != found["3"]
    assert found["2"] in (found["1"], found["3"])
    parents = {row["company_id"]: row["parent_company_id"] for row in tables["companies"]}
    assert parents["1"] == "8"


def test_what_was_merged_follows_its_survivor_however_often(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, is_deleted=True),
            *(company(n, hs_merged_object_ids=f"{n - 1}", is_deleted=n < 12) for n in range(2, 13)),
            # Of two that both say so, the one that is still there; its own id among them says nothing.
            company(20, hs_merged_object_ids="31;32", is_deleted=True),
            company(21, hs_merged_object_ids="31; 32 ;;21"),
            company(22, hs_merged_object_ids="31"),
        ]
    )
    found = survivors(tables)
    assert {found[str(n)] for n in range(1, 13)} == {"12"}
    assert (found["20"], found["21"], found["22"], found["31"], found["32"]) == ("20", "21", "22", "21", "21")
    by_id = {row["company_id"]: row for row in tables["companies"]}
    assert (by_id["31"]["match_method"], by_id["31"]["is_in_export"]) == ("merged_id", False)
    assert (by_id["12"]["match_method"], by_id["12"]["member_number"]) == ("itself", 1)


def test_the_oldest_card_survives_and_a_deleted_one_only_alone(world: World) -> None:
    twin = {"name": "Acme", "domain": "acme.example"}
    tables = world.solved(
        crm__company=[
            company(1, **twin, is_deleted=True),
            company(3, **twin),
            company(2, **twin),
            {**company(4, **twin), "property_createdate": None},
            company(5, name="Zeta", domain="zeta.example", is_deleted=True),
        ]
    )
    assert survivors(tables) == {"1": "2", "2": "2", "3": "2", "4": "2", "5": "5"}
    numbers = {row["company_id"]: row["member_number"] for row in tables["companies"]}
    assert numbers == {"2": 1, "3": 2, "4": 3, "1": 4, "5": 1}


def test_a_decision_wins_over_every_rule_and_against_chains(world: World) -> None:
    twin = {"name": "Acme", "domain": "acme.example"}
    cards = [company(n, **twin) for n in (1, 2, 3)]
    tables = world.solved(
        crm__company=cards, policy__identity_decisions=[decision("company", "3", "1", "not_same")]
    )
    found = survivors(tables)
    assert found["1"] != found["3"]
    assert found["2"] in (found["1"], found["3"])
    assert pairs(tables)[("1", "3")] == ("decision", "not_same")
    # What remains is settled by the decision: nobody is asked again.
    assert not [row for row in tables["pairs"] if row["status"] == "review"]


def test_a_decision_joins_what_rules_keep_apart(world: World) -> None:
    cards = [
        company(1, name="Acme GmbH", country="DE"),
        company(2, name="Zeta Ltd", country="GB", hs_parent_company_id="1"),
        company(3, hs_merged_object_ids="4"),
        company(4),
    ]
    tables = world.solved(
        crm__company=cards,
        policy__identity_decisions=[
            decision(" Company", "2", "1", "SAME"),
            decision("company", "3", "4", "not_same"),
        ],
    )
    assert survivors(tables) == {"1": "1", "2": "1", "3": "3", "4": "4"}
    assert {row["match_method"] for row in tables["companies"] if row["company_id"] == "2"} == {"decision"}
    assert tables["problems"] == []


def test_decisions_that_cannot_be_followed_are_listed(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1), company(2), company(3)],
        billing__customer=[customer(1)],
        policy__identity_decisions=[
            decision("company", "1", "9", "same"),
            decision("company", "1", "1", "same"),
            decision("company", "1", "2", "same"),
            decision("company", "2", "3", "same"),
            decision("company", "1", "3", "not_same"),
            decision("company", "3", "1", "same"),
            decision("contact", "p1", "p2", "same"),
            decision("customer", "cus_1", "1", "same"),
            decision("customer", "cus_1", "3", "same"),
            decision("customer", "1", "cus_1", "same"),
        ],
    )
    reasons = {(row["left_id"], row["right_id"]): row["reason"] for row in tables["problems"]}
    assert reasons == {
        ("1", "9"): "no company 9 is known.",
        ("1", "1"): "both ids are the same.",
        ("2", "3"): "other decisions keep the two apart.",
        ("3", "1"): "another row decides otherwise about the same pair.",
        ("p1", "p2"): "no contact p1 and no p2 is known.",
        ("cus_1", "3"): "another decision makes the customer another company.",
        ("1", "cus_1"): "no customer 1 is known.",
    }


def test_a_company_that_only_other_records_name_is_somebody(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1)],
        crm__ticket=[{"id": "t", "company_id": "7"}, {"id": "u", "company_id": None}],
        crm__contact=[contact(1, associatedcompanyid="8")],
        crm__feedback_submission=[{"id": "f", "contact_id": "p9"}],
    )
    assert survivors(tables) == {"1": "1", "7": "7", "8": "8"}
    assert survivors(tables, "contact") == {"p1": "p1", "p9": "p9"}


def test_what_was_created_after_the_as_of_is_not_seen(world: World) -> None:
    tables = world.solved(
        as_of_at=at(2024, 1, 3),
        crm__company=[company(n, name="Acme", domain="acme.example") for n in (2, 3)],
        crm__contact=[contact(2), contact(3, associatedcompanyid="9")],
        crm__ticket=[{"id": "t", "company_id": "3"}],
        billing__customer=[customer(2), customer(3)],
    )
    assert survivors(tables) == {"2": "2"}
    assert survivors(tables, "contact") == {"p2": "p2"}
    assert companies_of_customers(tables) == {"cus_2": (None, "billing_customer")}


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (None, "UTC", None),
        (date(2024, 2, 29), "UTC", at(2024, 3, 1)),
        (date(2024, 12, 31), "America/New_York", at(2025, 1, 1, 5)),
        # Clocks are turned back at midnight: the day ends when it first does.
        (date(2024, 11, 2), "America/Havana", at(2024, 11, 3, 4)),
    ],
)
def test_an_as_of_is_the_end_of_its_day(day: date | None, zone: str, instant: datetime | None) -> None:
    assert as_of_instant(day, zone) == instant


# ---- contacts


@pytest.mark.parametrize(
    ("one", "other", "rule", "status"),
    [
        ({"email": "jane@acme.example"}, {"email": "Jane <JANE@acme.example>"}, "email", "same"),
        (
            {"email": "jane+x@gmail.com", "firstname": "Jane", "lastname": "Doe"},
            {"email": "j.ane@gmail.com", "firstname": "Doe", "lastname": "Jane"},
            "email_alias_and_name",
            "same",
        ),
        ({"email": "jane+x@acme.example"}, {"email": "jane@acme.example"}, "email_alias", "review"),
        (
            {"email": "jane@acme.example", "firstname": "Jane", "lastname": "Doe"},
            {"email": "jdoe@acme.example", "firstname": "Jane", "lastname": "Doe"},
            "domain_and_name",
            "same",
        ),
        (
            {"email": "jane@acme.example", "firstname": "Anna", "lastname": "Doe"},
            {"email": "jdoe@acme.example", "firstname": "Hanna", "lastname": "Doe"},
            "domain_and_similar_name",
            "review",
        ),
        # Two of a common name at one domain; father and son.
        (
            {"email": "wei.zhang1@acme.example", "firstname": "Wei", "lastname": "Zhang"},
            {"email": "wei.zhang9@acme.example", "firstname": "Wei", "lastname": "Zhang"},
            "domain_and_name",
            "review",
        ),
        (
            {"email": "john@acme.example", "firstname": "John", "lastname": "Doe Sr."},
            {"email": "jd@acme.example", "firstname": "John", "lastname": "Doe Jr."},
            "domain_and_similar_name",
            "review",
        ),
        (
            {"phone": "+1 303 555 0112", "firstname": "Jane", "lastname": "Doe"},
            {"phone": "3035550112", "country": "US", "firstname": "Jane", "lastname": "Doe"},
            "phone_and_name",
            "same",
        ),
        (
            {"phone": "+1 303 555 0112", "firstname": "Jane", "lastname": "Doe"},
            {"phone": "+1 303 555 0112", "firstname": "Mary", "lastname": "Major"},
            "phone",
            "review",
        ),
        # Mailboxes and names that stand for none.
        *(
            (
                {"email": address, "firstname": "Jane", "lastname": "Doe"},
                {"email": address, "firstname": "Mary", "lastname": "Major"},
                None,
                None,
            )
            for address in (
                "noemail@noemail.com",
                "test@test.com",
                "none@acme.example",
                "no-reply@acme.example",
                "Test1@gmail.com",
            )
        ),
        (
            {"email": "none@none.com", "firstname": "Jane", "lastname": "Doe"},
            {"email": "none@none.com", "firstname": "Jane", "lastname": "Doe"},
            None,
            None,
        ),
        (
            {"email": "none@acme.example", "firstname": "Jane", "lastname": "Doe"},
            {"email": "jane@acme.example", "firstname": "Jane", "lastname": "Doe"},
            "domain_and_name",
            "same",
        ),
        (
            {"email": "a@acme.example", "firstname": "Test", "lastname": "Test"},
            {"email": "b@acme.example", "firstname": "Test", "lastname": "Test"},
            None,
            None,
        ),
        # A number that nobody has joins nobody.
        (
            {"phone": "+31612345678", "firstname": "Jane", "lastname": "Doe"},
            {"phone": "+31612345678", "firstname": "Jane", "lastname": "Doe"},
            "phone_and_name",
            "review",
        ),
        (
            {"phone": "+31612345678", "firstname": "A"},
            {"phone": "+31612345678", "firstname": "B"},
            None,
            None,
        ),
        (
            {"phone": "+1 303 155 0112", "firstname": "Jane", "lastname": "Doe"},
            {"phone": "+1 303 155 0112", "firstname": "Jane", "lastname": "Doe"},
            "phone_and_name",
            "review",
        ),
        # Other signs that sound the same.
        (
            {"email": "a@acme.example", "firstname": "伟", "lastname": "王"},
            {"email": "b@acme.example", "firstname": "威", "lastname": "王"},
            None,
            None,
        ),
        (
            {"email": "a@acme.example", "firstname": "伟", "lastname": "王"},
            {"email": "b@acme.example", "firstname": "Wei", "lastname": "Wang"},
            "domain_and_name",
            "same",
        ),
        # Two desks of one switchboard, free mail, one name alone.
        ({"phone": "+1 303 555 0112 x1"}, {"phone": "+1 303 555 0112 x2"}, None, None),
        (
            {"email": "a@gmail.com", "firstname": "Jane", "lastname": "Doe"},
            {"email": "b@gmail.com", "firstname": "Jane", "lastname": "Doe"},
            None,
            None,
        ),
        ({"firstname": "Jane", "lastname": "Doe"}, {"firstname": "Jane", "lastname": "Doe"}, None, None),
    ],
)
def test_two_cards_are_one_person_by_what_they_share(
    world: World, one: dict[str, Any], other: dict[str, Any], rule: str | None, status: str | None
) -> None:
    tables = world.solved(crm__contact=[contact(1, **one), contact(2, **other)])
    assert pairs(tables) == ({("p1", "p2"): (rule, status)} if rule else {})
    assert survivors(tables, "contact") == {"p1": "p1", "p2": "p1" if status == "same" else "p2"}


def test_a_name_and_number_at_two_companies_may_be_one_who_changed_the_job(world: World) -> None:
    jane = {"phone": "+1 303 555 0112", "firstname": "Jane", "lastname": "Doe"}
    tables = world.solved(
        crm__company=[company(1), company(2)],
        crm__contact=[contact(n, **jane, associatedcompanyid=str(n)) for n in (1, 2)],
    )
    assert pairs(tables) == {("p1", "p2"): ("phone_and_name", "review")}


def test_a_name_at_one_domain_but_two_companies_may_be_two_people(world: World) -> None:
    john = {"firstname": "John", "lastname": "Smith"}
    tables = world.solved(
        crm__company=[company(1), company(2)],
        crm__contact=[
            contact(1, **john, email="john.smith@big.example", associatedcompanyid="1"),
            contact(2, **john, email="j.smith@big.example", associatedcompanyid="2"),
            contact(3, **john, email="smith@big.example"),
        ],
    )
    assert pairs(tables)[("p1", "p2")] == ("domain_and_name", "review")
    found = survivors(tables, "contact")
    # Nor are they one through a card that is of neither company.
    assert found["p1"] != found["p2"]
    assert found["p3"] in (found["p1"], found["p2"])


JANE, JOHN = {"firstname": "Jane", "lastname": "Doe"}, {"firstname": "John", "lastname": "Roe"}


@pytest.mark.parametrize(
    ("address", "people", "groups"),
    [
        # Different people of different companies read what is a firm's task.
        ("info@mall.example", [(JANE, "1"), (JOHN, "2")], 2),
        ("accounts.payable@mall.example", [({}, "1"), ({}, "2")], 2),
        ("billing@mall.example", [(JANE, "1"), ({}, None), (JOHN, "2")], 3),
        ("ap@mall.example", [(JANE, "1"), (JOHN, "1"), (JOHN, "2")], 2),
        # One who changed the company, colleagues, and a mailbox of somebody.
        ("info@mall.example", [(JANE, "1"), (JANE, "2")], 1),
        ("info@mall.example", [(JANE, "1"), (JOHN, "1")], 1),
        ("info@mall.example", [(JANE, "1"), (JOHN, None)], 1),
        ("jane@mall.example", [(JANE, "1"), (JOHN, "2")], 1),
    ],
)
def test_a_mailbox_of_a_task_is_not_one_contact_of_two_companies(
    world: World, address: str, people: list[tuple[dict[str, Any], str | None]], groups: int
) -> None:
    tables = world.solved(
        crm__company=[company(1), company(2)],
        crm__contact=[
            contact(n, email=address, **name, associatedcompanyid=company_id)
            for n, (name, company_id) in enumerate(people, start=1)
        ],
    )
    assert len(set(survivors(tables, "contact").values())) == groups
    assert ("review" in {row["status"] for row in tables["pairs"]}) == (groups > 1)


def test_contacts_who_are_reached_at_their_companys_number_have_only_that_in_common(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, phone="+1 303 555 0112")],
        crm__contact=[contact(n, phone="+1 303 555 0112", firstname=f"N{n}x") for n in (1, 2)],
    )
    assert pairs(tables) == {}


def test_a_person_is_of_the_company_that_the_oldest_card_names(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme", domain="acme.example"),
            company(2, name="Acme", domain="acme.example"),
        ],
        crm__contact=[
            contact(1, email="jane@acme.example"),
            contact(2, email="jane@acme.example", associatedcompanyid=" 2 "),
            contact(3, email="jane@acme.example", associatedcompanyid="5"),
        ],
    )
    assert {row["company_id"] for row in tables["contacts"]} == {"1"}


# ---- billing customers


ACME = company(1, name="Acme Inc", domain="acme.example", phone="+1 303 555 0112", country="US")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # The address of a contact: of a like name, the person's own, or of nobody's whose name is known.
        ({"email": "jane@acme.example", "name": "Acmee"}, ("1", "email")),
        ({"email": "jane+bills@acme.example", "name": "Acme"}, ("1", "email")),
        ({"email": "jane@acme.example"}, ("1", "email")),
        ({"email": "jane@acme.example", "name": "Otherwise Called"}, (None, "billing_customer")),
        ({"email": "jane@gmail.com"}, (None, "billing_customer")),
        ({"email": "jane@gmail.com", "name": "ACME"}, ("1", "email")),
        ({"email": "jane@gmail.com", "name": "Doe, Jane"}, ("1", "email")),
        ({"email": "jane@gmail.com", "name": "Otherwise Called"}, (None, "billing_customer")),
        # An accountant of many.
        ({"email": "bills@agency.example", "name": "Otherwise Called"}, (None, "billing_customer")),
        ({"email": "billing@acme.example", "name": "Acme"}, ("1", "domain_and_name")),
        ({"email": "billing@acme.example", "name": "Zeta"}, (None, "billing_customer")),
        ({"phone": "303 555 0112", "address_country": "US", "name": "Acme"}, ("1", "phone_and_name")),
        ({"phone": "303 555 0112", "address_country": "US", "name": "Zeta"}, (None, "billing_customer")),
        # Another firm of the building.
        ({"phone": "+1 303 555 0112", "name": "Acme LLC"}, (None, "billing_customer")),
        # A firm of the group.
        (
            {"email": "jane@acme.example", "name": "Acme GmbH", "address_country": "DE"},
            (None, "billing_customer"),
        ),
        ({"name": "Acme", "address_country": "US"}, (None, "billing_customer")),
        # A subsidiary.
        (
            {"email": "billing@acme.example", "name": "Acme GmbH", "address_country": "DE"},
            (None, "billing_customer"),
        ),
        ({}, (None, "billing_customer")),
    ],
)
def test_a_customer_is_the_one_company_that_a_rule_leads_to(
    world: World, fields: dict[str, Any], expected: tuple[str | None, str]
) -> None:
    tables = world.solved(
        crm__company=[ACME],
        crm__contact=[
            contact(1, email="jane@acme.example", associatedcompanyid="1"),
            contact(2, email="jane@gmail.com", firstname="Jane", lastname="Doe", associatedcompanyid="1"),
            contact(3, email="bills@agency.example", associatedcompanyid="1"),
        ],
        billing__customer=[customer(1, **fields)],
    )
    assert companies_of_customers(tables) == {"cus_1": expected}
    statuses = {row["status"] for row in tables["pairs"] if row["left_id"] == "cus_1"}
    assert statuses == ({"same"} if expected[0] else ({"review"} if fields else set()))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"email": "x@garnet.example", "address_country": "US"}, ("1", "domain_and_name")),
        ({"email": "x@garnet.example", "address_country": "DE"}, (None, "billing_customer")),
        ({"phone": "+1 303 555 0112 x1"}, ("1", "phone_and_name")),
        ({"phone": "+1 303 555 0112 x2"}, (None, "billing_customer")),
        ({"phone": "+1 303 555 0112", "email": "x@other.example"}, (None, "billing_customer")),
    ],
)
def test_a_slip_in_a_customers_name_is_not_enough_where_something_else_differs(
    world: World, fields: dict[str, Any], expected: tuple[str | None, str]
) -> None:
    card = {"name": "Garnet Logistics", "domain": "garnet.example", "phone": "+1 303 555 0112 x1"}
    tables = world.solved(
        crm__company=[company(1, **card, country="US")],
        billing__customer=[customer(1, name="Garnet Logistisc", **fields)],
    )
    assert companies_of_customers(tables) == {"cus_1": expected}
    assert {row["status"] for row in tables["pairs"]} == {"same" if expected[0] else "review"}


def test_an_agency_that_receives_the_bills_of_its_clients_is_not_each_of_them(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Big Agency", domain="agency.example", country="GB"),
            company(2, name="Client One Ltd", domain="one.example", country="GB"),
            company(3, name="Big Agencys", domain="three.example"),
        ],
        crm__contact=[
            contact(1, email="bills@agency.example", firstname="Ann", lastname="Lee", associatedcompanyid="1")
        ],
        billing__customer=[
            customer(1, name="Big Agency", email="bills@agency.example"),
            customer(2, name="Client One Ltd", email="bills@agency.example", address_country="GB"),
            # Like the agency, but exactly another company.
            customer(3, name="Big Agencys", email="bills@agency.example"),
        ],
    )
    assert companies_of_customers(tables) == {
        "cus_1": ("1", "email"),
        "cus_2": (None, "billing_customer"),
        "cus_3": (None, "billing_customer"),
    }
    found = pairs(tables)
    assert found[("cus_2", "1")] == found[("cus_3", "1")] == ("email", "review")
    assert found[("cus_2", "2")] == found[("cus_3", "3")] == ("name", "review")


def test_the_id_on_a_card_of_which_nothing_else_is_the_customers_is_left_to_people(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme", domain="acme.example", country="US"),
            company(2, name="Zebra GmbH", domain="zebra.example", country="DE", stripe_customer_id="cus_1"),
            company(3, name="Gamma", domain="gamma.example", country="DE", stripe_customer_id="cus_3"),
        ],
        billing__customer=[
            customer(1, name="Acme", email="x@acme.example", address_country="US"),
            customer(2, name="Zebra", email="x@zebra.example"),
            customer(3, name="Delta", email="x@delta.example", address_country="US"),
            customer(4, name="Gamma", email="x@gamma.example"),
        ],
    )
    assert companies_of_customers(tables) == {
        "cus_1": ("1", "domain_and_name"),
        "cus_2": ("2", "domain_and_name"),
        "cus_3": (None, "billing_customer"),
        "cus_4": ("3", "domain_and_name"),
    }
    assert pairs(tables)[("cus_3", "3")] == ("crm_property", "review")
    assert {row["billing_customer_id"] for row in tables["companies"]} == {None}


@pytest.mark.parametrize(
    ("card", "fields", "is_found"),
    [
        ({"domain": "acme.example", "country": "US"}, {"address_country": "US"}, True),
        ({"domain": "acme.example", "country": "US"}, {"address_country": "DE"}, False),
        ({"domain": "other.example"}, {}, False),
        ({}, {}, True),
        ({}, {"email": "ap@acme.example"}, False),
        ({"domain": "acme.example"}, {"email": "ap@acme.example"}, True),
        ({"domain": "acme.example"}, {"email": "noreply@acme.example"}, False),
        ({"domain": "acme.example"}, {"name": "unknown"}, True),
    ],
)
def test_a_customer_without_a_name_is_whose_address_it_has_if_nothing_differs(
    world: World, card: dict[str, Any], fields: dict[str, Any], is_found: bool
) -> None:
    payer = {"email": "jane@acme.example", **fields}
    tables = world.solved(
        crm__company=[company(1, name="Acme", **card)],
        crm__contact=[contact(1, email=payer["email"], associatedcompanyid="1")],
        billing__customer=[customer(1, **payer)],
    )
    assert companies_of_customers(tables) == {
        "cus_1": ("1", "email") if is_found else (None, "billing_customer")
    }


def test_another_branch_that_writes_to_the_same_contact_is_another(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="Pizza Planet Kensington", domain="pizza.example")],
        crm__contact=[contact(1, email="ap@pizza.example", associatedcompanyid="1")],
        billing__customer=[customer(1, name="Pizza Planet Kennington", email="ap@pizza.example")],
    )
    assert companies_of_customers(tables) == {"cus_1": (None, "billing_customer")}
    assert pairs(tables) == {("cus_1", "1"): ("email", "review")}


def test_names_that_only_sound_the_same_are_no_namesakes(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="王伟贸易", country="CN"), company(2, name="王威贸易", country="CN")],
        billing__customer=[customer(1, name="王伟贸易", address_country="CN")],
    )
    assert pairs(tables) == {("cus_1", "1"): ("name", "review")}


# ---- billing customers among themselves


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (
            {"name": "Acme", "email": "a@acme.example"},
            {"name": "ACME Inc", "email": "b@acme.example"},
            "domain_and_name",
        ),
        ({"name": "Acme", "email": "a@gmail.com"}, {"name": "Zeta", "email": "A+x@gmail.com"}, "email"),
        ({"email": "a@acme.example"}, {"email": "a@acme.example"}, "email"),
        ({"name": "Acme", "email": "a@acme.example"}, {"name": "Zeta", "email": "b@acme.example"}, None),
        ({"name": "Acme", "email": "a@gmail.com"}, {"name": "Acme", "email": "b@gmail.com"}, None),
        ({"name": "Acme", "email": "test@test.com"}, {"name": "Acme", "email": "test@test.com"}, None),
        ({"name": "n/a", "email": "a@acme.example"}, {"name": "n/a", "email": "b@acme.example"}, None),
        (
            {"name": "Acme GmbH", "email": "a@acme.example", "address_country": "DE"},
            {"name": "Acme Ltd", "email": "b@acme.example", "address_country": "GB"},
            None,
        ),
    ],
)
def test_customers_of_no_company_who_may_be_one_are_put_before_people(
    world: World, one: dict[str, Any], other: dict[str, Any], rule: str | None
) -> None:
    tables = world.solved(billing__customer=[customer(1, **one), customer(2, **other)])
    assert pairs(tables) == ({("cus_1", "cus_2"): (rule, "review")} if rule else {})
    assert {company_id for company_id, _ in companies_of_customers(tables).values()} == {None}


def test_a_customer_of_no_company_may_be_the_company_of_another(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="Acme", stripe_customer_id="cus_1")],
        billing__customer=[
            customer(1, name="Acme", email="a@acme.example"),
            customer(2, name="Acme", email="b@acme.example"),
            customer(3, name="Acme", email="a@acme.example"),
        ],
        policy__identity_decisions=[decision("customer", "cus_3", "1", "not_same")],
    )
    assert pairs(tables) == {
        ("cus_1", "1"): ("crm_property", "same"),
        ("cus_2", "1"): ("domain_and_name", "review"),
        ("cus_3", "1"): ("decision", "not_same"),
        ("cus_2", "cus_3"): ("domain_and_name", "review"),
    }


def test_people_decide_that_customers_are_one(world: World) -> None:
    acme = {"name": "Acme", "email": "a@acme.example"}
    tables = world.solved(
        crm__company=[
            company(1, stripe_customer_id="cus_5"),
            company(2, stripe_customer_id="cus_7"),
            company(3, name="Card", domain="card.example"),
            company(4, stripe_customer_id="cus_8"),
        ],
        billing__customer=[
            *(customer(n, **acme) for n in (1, 2, 3)),
            customer(4, email="x@card.example"),
            customer(5),
            *(customer(n) for n in (6, 7, 8, 9)),
        ],
        policy__identity_decisions=[
            decision("customer", "cus_2", "cus_1", "same"),
            decision("customer", "cus_3", "cus_1", "not_same"),
            decision("customer", "cus_3", "cus_2", "not_same"),
            # One of a company takes the other along, and what spoke for another company is settled.
            decision("customer", "cus_4", "cus_5", "same"),
            # What cannot be.
            decision("customer", "cus_7", "cus_8", "same"),
            decision("customer", "cus_6", "cus_6", "same"),
            decision("customer", "cus_9", "cus_6", "same"),
            decision("customer", "cus_6", "cus_9", "not_same"),
        ],
    )
    rows = {row["customer_id"]: row for row in tables["billing_customers"]}
    assert {one: row["joined_customer_id"] for one, row in rows.items() if row["joined_customer_id"]} == {
        "cus_1": "cus_1",
        "cus_2": "cus_1",
    }
    assert companies_of_customers(tables) == {
        "cus_1": (None, "decision"),
        "cus_2": (None, "decision"),
        "cus_3": (None, "billing_customer"),
        "cus_4": ("1", "decision"),
        "cus_5": ("1", "crm_property"),
        "cus_6": (None, "billing_customer"),
        "cus_7": ("2", "crm_property"),
        "cus_8": ("4", "crm_property"),
        "cus_9": (None, "billing_customer"),
    }
    assert "review" not in {row["status"] for row in tables["pairs"]}
    assert {(row["left_id"], row["right_id"]): row["reason"] for row in tables["problems"]} == {
        ("cus_6", "cus_6"): "both ids are the same.",
        ("cus_7", "cus_8"): "the one is company 2, the other 4; decide about them.",
        ("cus_9", "cus_6"): "another row decides otherwise about the same pair.",
    }


def test_a_decision_that_two_customers_of_one_company_are_two_is_not_silent(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="Acme", domain="acme.example")],
        billing__customer=[
            customer(1, name="Acme", email="a@acme.example"),
            customer(2, name="Acme", email="b@acme.example"),
        ],
        policy__identity_decisions=[decision("customer", "cus_1", "cus_2", "not_same")],
    )
    assert [row["reason"] for row in tables["problems"]] == [
        "both are company 1; decide about one of them and the company."
    ]


def test_customers_without_a_name_who_share_an_address_are_left_to_people(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="Big Agency", domain="agency.example")],
        crm__contact=[contact(1, email="bills@agency.example", associatedcompanyid="1")],
        billing__customer=[
            customer(1, email="bills@agency.example"),
            customer(2, email="bills+two@agency.example"),
        ],
    )
    assert {company_id for company_id, _ in companies_of_customers(tables).values()} == {None}
    assert pairs(tables) == {
        ("cus_1", "1"): ("email", "review"),
        ("cus_2", "1"): ("email", "review"),
        ("cus_1", "cus_2"): ("email", "review"),
    }


def test_the_evidence_of_a_customer_names_the_legal_form(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, name="Acme Ltd", domain="acme.example", country="GB")],
        billing__customer=[
            customer(1, name="Acme Inc", email="x@acme.example", address_country="US"),
            customer(2, name="Acme Limited", email="x@acme.example", address_country="GB"),
        ],
    )
    assert {row["left_id"]: row["evidence"] for row in tables["pairs"]} == {
        "cus_1": "agree: domain, name; differ: country, legal_form",
        "cus_2": "agree: domain, name, country, legal_form",
    }


def test_two_customers_of_one_company_are_one_also_through_a_second_card(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme Inc", domain="acme.example", stripe_customer_id="cus_1"),
            company(2, name="ACME", domain="acme.example", stripe_customer_id="cus_2"),
        ],
        billing__customer=[customer(1), customer(2), customer(3, name="Acme", email="x@acme.example")],
        billing__invoice=[
            {
                "id": "in",
                "customer_id": "cus_4",
                "status": "paid",
                "currency": "usd",
                "created": at(2024, 1, 1),
            }
        ],
    )
    assert companies_of_customers(tables) == {
        "cus_1": ("1", "crm_property"),
        "cus_2": ("1", "crm_property"),
        "cus_3": ("1", "domain_and_name"),
        "cus_4": (None, "billing_customer"),
    }


def test_a_parent_that_pays_for_its_child_is_the_customer_and_both_keep_its_id(world: World) -> None:
    tables = world.solved(
        crm__company=[
            company(1, name="Acme Holding", stripe_customer_id="cus_1"),
            company(2, name="Acme Child", hs_parent_company_id="1", stripe_customer_id="cus_1"),
        ],
        billing__customer=[customer(1, name="Acme Holding")],
    )
    assert survivors(tables) == {"1": "1", "2": "2"}
    assert companies_of_customers(tables) == {"cus_1": ("1", "crm_property")}
    assert {row["billing_customer_id"] for row in tables["companies"]} == {"cus_1"}


def test_two_companies_that_fit_alike_are_left_to_people(world: World) -> None:
    twin = {"name": "Acme", "domain": "acme.example", "country": "US"}
    tables = world.solved(
        crm__company=[company(1, **twin), company(2, **twin)],
        policy__identity_decisions=[decision("company", "1", "2", "not_same")],
        billing__customer=[
            customer(1, name="Acme", email="x@acme.example", address_country="US"),
        ],
    )
    assert companies_of_customers(tables) == {"cus_1": (None, "billing_customer")}
    assert pairs(tables)[("cus_1", "1")] == pairs(tables)[("cus_1", "2")] == ("domain_and_name", "review")


def test_decisions_about_customers_win_over_the_crms_own_word(world: World) -> None:
    tables = world.solved(
        crm__company=[company(1, stripe_customer_id="cus_1"), company(2, stripe_customer_id="cus_2")],
        billing__customer=[customer(1), customer(2)],
        policy__identity_decisions=[
            decision("customer", "cus_1", "2", "same"),
            decision("customer", "cus_2", "2", "not_same"),
        ],
    )
    assert companies_of_customers(tables) == {
        "cus_1": ("2", "decision"),
        "cus_2": (None, "billing_customer"),
    }
    named = {row["company_id"]: row["billing_customer_id"] for row in tables["companies"]}
    assert named == {"1": "cus_1", "2": None}


def test_a_customer_or_company_who_is_called_like_a_contact_is_a_person(world: World) -> None:
    tables = world.solved(
        crm__contact=[contact(1, firstname="Jane", lastname="Doe"), contact(2, firstname="Acme")],
        crm__company=[company(1, name="Jane Doe"), company(2, name="Acme")],
        billing__customer=[
            customer(1, name="Doe, Dr. Jane"),
            customer(2, name="Jane Doe e.K."),
            customer(3, name="Acme"),
            customer(4),
        ],
    )
    assert {row["customer_id"]: row["is_person"] for row in tables["billing_customers"]} == {
        "cus_1": True,
        "cus_2": True,
        "cus_3": False,
        "cus_4": False,
    }
    assert {row["company_id"]: row["is_person"] for row in tables["companies"]} == {"1": True, "2": False}


def test_test_mode_customers_are_nobody(world: World) -> None:
    tables = world.solved(billing__customer=[customer(1, livemode=False), customer(2, livemode=True)])
    assert set(companies_of_customers(tables)) == {"cus_2"}


# ---- the ledger


def test_an_entity_of_the_ledger_is_whom_its_external_id_or_its_only_name_says(world: World) -> None:
    tables = world.solved(
        billing__customer=[customer(1, name="Acme Inc"), customer(2, name="Twin"), customer(3, name="Twin")],
        crm__company=[company(1, name="Solo Ltd")],
        ledger__entity=[
            {"id": "1", "name": "whatever", "externalid": " cus_1 "},
            {"id": "2", "name": "whatever", "externalid": "1"},
            {"id": "3", "name": "ACME", "externalid": None},
            {"id": "4", "name": "Solo", "externalid": "old id"},
            {"id": "5", "name": "Twin", "externalid": None},
            {"id": "6", "name": "Nobody", "externalid": None},
            {"id": "7", "name": "Acme Inc", "externalid": "VEND-1"},
            {"id": "8", "name": "Acme Inc", "externalid": "E-1"},
        ],
        ledger__vendor=[{"id": "70", "name": "Acme Inc", "externalid": "VEND-1"}],
        ledger__employee=[{"id": "E-1"}],
    )
    found = {
        row["entity_id"]: (row["customer_id"], row["company_id"], row["match_method"])
        for row in tables["ledger_entities"]
    }
    assert found == {
        "1": ("cus_1", None, "externalid"),
        "2": (None, "1", "externalid"),
        "3": ("cus_1", None, "name"),
        "4": (None, "1", "name"),
        "5": (None, None, "unmatched"),
        "6": (None, None, "unmatched"),
    }
    assert pairs(tables) == {("5", "cus_2"): ("name", "review"), ("5", "cus_3"): ("name", "review")}


# ---- the whole


def test_without_a_crm_every_customer_is_by_itself(world: World) -> None:
    tables = world.solved(billing__customer=[customer(1), customer(2)])
    assert companies_of_customers(tables) == {
        "cus_1": (None, "billing_customer"),
        "cus_2": (None, "billing_customer"),
    }
    assert [name for name, rows in tables.items() if rows] == ["billing_customers"]


def test_the_order_of_the_rows_decides_nothing(tmp_path: Path) -> None:
    dice = random.Random(7)
    names = ["Acme", "Acme Inc", "ACME GmbH", "Zeta", "Zeta Ltd", "Garnet Opal"]
    cards = [
        company(
            n,
            name=dice.choice(names),
            domain=dice.choice(["a.example", "b.example", None]),
            country=dice.choice(["US", "DE", None]),
            phone=dice.choice(["+13035550112", "+13035550113", None]),
            hs_parent_company_id=dice.choice(["1", None, None, None]),
        )
        for n in range(1, 29)
    ]
    people = [
        contact(
            n,
            email=dice.choice(["a@a.example", "a+x@a.example", "b@b.example", None]),
            firstname=dice.choice(["Jane", "John", None]),
            lastname=dice.choice(["Doe", "Roe"]),
            associatedcompanyid=str(dice.randint(1, 28)),
        )
        for n in range(1, 29)
    ]
    payers = [
        customer(n, name=dice.choice(names), email=dice.choice(["a@a.example", "z@b.example"]))
        for n in range(1, 29)
    ]
    decisions = [decision("company", "3", "4", "not_same"), decision("company", "5", "6", "same")]
    answers = []
    for attempt in range(3):
        for rows in (cards, people, payers, decisions):
            dice.shuffle(rows)
        answers.append(
            World(tmp_path / str(attempt)).solved(
                crm__company=cards,
                crm__contact=people,
                billing__customer=payers,
                policy__identity_decisions=decisions,
            )
        )
    ordered = [{name: sorted(rows, key=repr) for name, rows in tables.items()} for tables in answers]
    assert ordered[0] == ordered[1] == ordered[2]


def test_a_big_block_costs_no_more_than_its_records(world: World) -> None:
    cards = [
        {**company(1, name=f"Branch {n} of many", domain="big.example"), "id": f"{n:05d}"}
        for n in range(3000)
    ]
    tables = world.solved(crm__company=[*cards, {**cards[7], "id": "99999"}])
    found = survivors(tables)
    # Its neighbours by name are found all the same.
    assert found["99999"] == "00007"
    assert len(set(found.values())) == 3000
    assert len(tables["pairs"]) < 3000 * 10


def test_a_big_group_has_few_traits() -> None:
    group: set[Hashable] = {Register("ltd", "GB", f"c{n}") for n in range(100)} | {
        Register("ltd", "GB", None)
    }
    few = condensed_registers(group)
    assert len(few) <= 4
    for other in (Register("ltd", "IE", "c7"), Register("plc", "GB", "new"), Register("plc", "IE", None)):
        assert are_registers_apart(few, {other}) and are_registers_apart(group, {other})
    for other in (Register("ltd", "GB", "new"), Register("ltd", "IE", None), Register(None, "GB", "c7")):
        assert not are_registers_apart(few, {other}) and not are_registers_apart(group, {other})


def test_the_tables_are_written_for_the_models(world: World) -> None:
    world.write(billing__customer=[customer(1, email="x@acme.example")])
    write_identity(world.folder, as_of=None, policies=default_policies())
    written = {path.stem for path in (world.folder / "identity").glob("*.parquet")}
    assert written == set(read_contracts()["identity"].tables)
