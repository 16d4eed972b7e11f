"""What a reader may count on in the committed export as a whole: size, time, currencies, kinds of billing."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from tests.unit.generator.conftest import SEEDS
from tests.unit.generator.consistency import Tables

_EXPORTED_AT = "2026-01-01T03:15:00Z"


def test_there_are_three_hundred_customers_over_thirty_six_months(billing: Tables) -> None:
    assert len(billing["customer"]) == 300
    months = {row["created"][:7] for row in billing["invoice"]}
    assert len(months - {"2026-01"}) == 36


def test_the_newest_stamp_lies_just_after_the_last_whole_month(billing: Tables) -> None:
    stamps = {
        row["_fivetran_synced"] for rows in billing.values() for row in rows if "_fivetran_synced" in row
    }
    assert max(stamps) == _EXPORTED_AT


def test_files_stay_small_enough_to_read() -> None:
    sizes = [
        path.stat().st_size for source in ("billing", "ledger", "crm") for path in (SEEDS / source).iterdir()
    ]
    assert max(sizes) < 2_000_000
    assert sum(sizes) < 17_000_000


def test_files_are_plain_utf8_with_line_feeds() -> None:
    for source in ("billing", "ledger", "crm"):
        for path in (SEEDS / source).iterdir():
            content = path.read_bytes()
            assert b"\r" not in content, path.name
            assert content.endswith(b"\n"), path.name
            content.decode("utf-8")


def test_all_five_currencies_are_billed_in_every_year(billing: Tables) -> None:
    billed = {(row["currency"], row["created"][:4]) for row in billing["invoice"]}
    assert billed >= {
        (currency, year)
        for currency in ("usd", "eur", "gbp", "jpy", "kwd")
        for year in ("2023", "2024", "2025")
    }


def test_every_service_type_is_billed_in_the_cloud_or_on_premise(billing: Tables) -> None:
    prices = {row["id"]: row["product_id"] for row in billing["price"]}
    products = {row["id"]: row["metadata"] for row in billing["product"]}
    billed = " ".join(
        {products[prices[row["price_id"]]] for row in billing["invoice_line_item"] if row["price_id"]}
    )
    for word in (
        "security", "network", "data_center_and_it_infrastructure", "communication_and_collaboration",
        "mobility", "information", "cloud", "on_premise", "perpetual", "maintenance", "usage", "services",
        "setup",
    ):  # fmt: skip
        assert f'"{word}"' in billed, word


def test_every_kind_of_price_is_billed(billing: Tables) -> None:
    prices = {row["id"]: row for row in billing["price"]}
    billed = [prices[row["price_id"]] for row in billing["invoice_line_item"] if row["price_id"]]
    assert {(row["recurring_interval"], row["recurring_interval_count"]) for row in billed} >= {
        ("", ""), ("day", "1"), ("week", "1"), ("month", "1"), ("month", "3"),
        ("year", "1"), ("year", "2"), ("year", "3"),
    }  # fmt: skip
    assert {row["tiers_mode"] for row in billed} == {"", "volume", "graduated"}
    assert {row["recurring_usage_type"] for row in billed} == {"", "licensed", "metered"}
    assert any(row["unit_amount"] == "0" for row in billed)
    assert any(row["unit_amount_decimal"] and not row["unit_amount"] for row in billed)


def test_every_status_of_invoices_and_subscriptions_occurs(billing: Tables) -> None:
    assert {row["status"] for row in billing["invoice"]} == {"draft", "open", "paid", "void", "uncollectible"}
    assert {row["status"] for row in billing["subscription"]} >= {
        "active", "canceled", "incomplete", "incomplete_expired", "past_due", "trialing", "unpaid",
    }  # fmt: skip


def test_prorations_come_in_both_signs_some_at_once_and_others_on_the_next_invoice(billing: Tables) -> None:
    created = {row["id"]: row["created"] for row in billing["invoice"]}
    prorations = [row for row in billing["invoice_line_item"] if row["proration"] == "true"]
    kinds = Counter(
        (int(row["amount"]) < 0, created[row["invoice_id"]] > row["period_start"]) for row in prorations
    )
    assert min(kinds[is_credit, is_later] for is_credit in (True, False) for is_later in (True, False)) > 50


def test_statements_of_an_item_are_in_the_order_in_which_they_were_made(billing: Tables) -> None:
    """Line ids decide between statements of one moment: a later line must have the larger id."""
    ids = [row["id"] for row in billing["invoice_line_item"]]
    assert ids == sorted(ids)
    created = {row["id"]: row["created"] for row in billing["invoice"]}
    times = [created[row["invoice_id"]] for row in billing["invoice_line_item"]]
    assert times == sorted(times)


def test_rates_cover_every_month_with_gaps_of_seven_days_at_most(ledger: Tables) -> None:
    numbers = {row["symbol"]: row["id"] for row in ledger["currency"]}
    for currency in ("EUR", "GBP", "JPY", "KWD"):
        days = [
            date.fromisoformat(row["effectivedate"])
            for row in ledger["currencyrate"]
            if row["transactioncurrency"] == numbers[currency] and row["basecurrency"] == numbers["USD"]
        ]
        assert days == sorted(set(days))
        assert days[0] < date(2023, 1, 1)
        assert days[-1] == date(2026, 1, 1)
        assert max((later - earlier).days for earlier, later in pairwise(days)) <= 7


@pytest.mark.parametrize("table", ["invoice", "customer", "charge"])
def test_rows_are_sorted_by_creation_and_id(table: str, billing: Tables) -> None:
    keys = [(row["created"], row["id"]) for row in billing[table]]
    assert keys == sorted(keys)
