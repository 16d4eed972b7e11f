"""The labels agree with the committed files, and are hard enough to be worth measuring by."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from seeds.generator.__main__ import span_of
from seeds.generator.labels import labelled_pairs, true_accounts, true_contacts, truth_of
from seeds.generator.truth import COMPANY, CONTACT, Labelled, Truth
from tests.unit.generator.consistency import Tables

_ADDRESS = re.compile(r"[^\s<>\"]+@[^\s<>\"]+")


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of()


@pytest.fixture(scope="module")
def pairs(truth: Truth) -> list[Labelled]:
    return labelled_pairs(truth)


def test_labels_are_of_the_committed_cards(truth: Truth, crm: Tables) -> None:
    for object_type in (COMPANY, CONTACT):
        labelled = {card for kind, card in truth.cards if kind == object_type}
        assert labelled == {row["id"] for row in crm[object_type]}
        merged = {
            part
            for row in crm[object_type]
            for part in row["property_hs_merged_object_ids"].split(";")
            if part
        }
        assert merged - labelled == {card for kind, card in truth.merged if kind == object_type} - labelled


def test_every_pair_is_labelled_once(pairs: list[Labelled]) -> None:
    keys = Counter((pair.object_type, pair.left_id, pair.right_id) for pair in pairs)
    assert set(keys.values()) == {1}
    assert all(pair.left_id < pair.right_id for pair in pairs)


def test_there_are_pairs_of_every_kind(pairs: list[Labelled]) -> None:
    kinds = {(pair.object_type, pair.is_same, pair.why) for pair in pairs}
    for kind in (
        (COMPANY, True, "domain and name"),
        (COMPANY, True, "phone and name"),
        (COMPANY, True, "domain and mistyped name"),
        (COMPANY, True, "older card"),
        (COMPANY, True, "name alone"),
        (COMPANY, True, "billing id"),
        (COMPANY, False, "group and member"),
        (COMPANY, False, "nearly one name"),
        (COMPANY, False, "one telephone number"),
        (CONTACT, True, "e-mail"),
        (CONTACT, True, "tagged e-mail and name"),
        (CONTACT, True, "domain and name"),
        (CONTACT, True, "phone and name"),
        (CONTACT, False, "one telephone number"),
    ):
        assert kind in kinds, kind
    same = Counter(pair.object_type for pair in pairs if pair.is_same)
    assert same[COMPANY] >= 35
    assert same[CONTACT] >= 80


def test_one_address_is_one_person(truth: Truth, crm: Tables) -> None:
    people = defaultdict(set)
    for row in crm["contact"]:
        if found := _ADDRESS.search(row["property_email"].lower().removeprefix("mailto:").strip()):
            people[found.group().removeprefix("mailto:")].add(truth.cards[CONTACT, row["id"]])
    assert {address: found for address, found in people.items() if len(found) > 1} == {}


def test_one_name_with_one_number_is_one_person(truth: Truth, crm: Tables) -> None:
    people = defaultdict(set)
    for row in crm["contact"]:
        digits = re.sub(r"\D", "", row["property_phone"])[-7:]
        name = f"{row['property_firstname']} {row['property_lastname']}".lower()
        if len(digits) == 7 and row["property_firstname"]:
            people[name, digits].add(truth.cards[CONTACT, row["id"]])
    assert {key: found for key, found in people.items() if len(found) > 1} == {}


def test_accounts_are_named_by_their_earliest_customer(truth: Truth, billing: Tables) -> None:
    created = {row["id"]: (row["created"], row["id"]) for row in billing["customer"]}
    accounts = defaultdict(list)
    for account in true_accounts(truth):
        if account.source_system == "billing":
            accounts[account.account_id].append(account.source_id)
    assert {customer for ids in accounts.values() for customer in ids} == {
        row["id"] for row in billing["customer"] if row["livemode"] == "true"
    }
    for account_id, ids in accounts.items():
        assert min(ids, key=created.__getitem__) == account_id
    assert sum(1 for ids in accounts.values() if len(ids) > 1) >= 5


def test_cards_with_a_billing_id_have_the_account_of_that_customer(truth: Truth, crm: Tables) -> None:
    accounts = {account.source_id: account.account_id for account in true_accounts(truth)}
    for row in crm["company"]:
        if row["property_stripe_customer_id"]:
            assert accounts[row["id"]] == accounts[row["property_stripe_customer_id"]]


def test_some_customers_can_be_found_only_by_something_else(truth: Truth, crm: Tables) -> None:
    named = {row["property_stripe_customer_id"] for row in crm["company"]}
    cards = {account.account_id for account in true_accounts(truth) if account.source_system == "crm"}
    unlinked = {
        account.source_id
        for account in true_accounts(truth)
        if account.source_system == "billing"
        and account.source_id not in named
        and account.account_id in cards
    }
    assert len(unlinked) >= 8


def test_merged_contacts_are_the_person_they_went_into(truth: Truth, crm: Tables) -> None:
    people = true_contacts(truth)
    merged = [row for row in crm["contact"] if row["property_hs_merged_object_ids"]]
    assert len(merged) > 20
    for row in merged:
        for part in row["property_hs_merged_object_ids"].split(";"):
            assert people[part] == people[row["id"]]


def test_labels_know_nothing_later_than_the_export() -> None:
    truth = truth_of(months=6)
    assert max(truth.created.values()) <= span_of(6).horizon
    assert len(truth.cards) > 200
