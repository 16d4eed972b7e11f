"""What drives events in the oracle, against examples that can be worked out by hand (definitions 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracles.small_export import Export

MAY, JUNE = ("2024-05-01", "2024-06-01"), ("2024-06-01", "2024-07-01")


def change(folder: Path, before: dict[str, Any], after: dict[str, Any], **price: Any) -> tuple[Any, ...]:
    """Driver, prices, quantities and amount of the event of 1 June, of one item before and after it."""
    export = Export(**price)
    export.price("dearer", unit_amount=12000)
    export.price("other product", product_id="other", unit_amount=12000)
    export.price("yearly", recurring_interval="year", unit_amount=1000000)
    export.price("twice a year", recurring_interval_count=6, unit_amount=12000)
    export.price("free", unit_amount=0)
    export.price("of nothing", product_id=None, unit_amount=12000)
    export.coupon("coupon", percent_off=50)
    export.coupon("everything", percent_off=100)
    for period, terms in ((MAY, before), (JUNE, after)):
        coupon = terms.get("coupon")
        line = export.bill(*period, **{name: value for name, value in terms.items() if name != "coupon"})
        if coupon is not None:
            export.discount(line, coupon)
    [event] = [
        row
        for row in export.answer(folder)["fct_mrr_events"]
        if row["event_date"].isoformat() == "2024-06-01" and row["subscription_item_id"] == "item"
    ]
    columns = ("driver", "from_price_id", "to_price_id", "from_quantity", "to_quantity")
    return *(event[column] for column in columns), str(event["change_amount_in_currency"])


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"quantity": 3}, ("quantity", "price", "price", 1, 3, "200.0000")),
        ({"quantity": 0}, ("quantity", "price", "price", 1, 0, "-100.0000")),
        ({"price_id": "dearer"}, ("price", "price", "dearer", 1, 1, "20.0000")),
        ({"price_id": "dearer", "quantity": 2}, ("price", "price", "dearer", 1, 2, "140.0000")),
        ({"price_id": "free"}, ("price", "price", "free", 1, 1, "-100.0000")),
        ({"price_id": "other product"}, ("plan", "price", "other product", 1, 1, "20.0000")),
        ({"price_id": "of nothing"}, ("plan", "price", "of nothing", 1, 1, "20.0000")),
        ({"price_id": "yearly"}, ("plan", "price", "yearly", 1, 1, "733.3333")),
        ({"price_id": "twice a year"}, ("plan", "price", "twice a year", 1, 1, "-80.0000")),
        ({"coupon": "coupon"}, ("discount", "price", "price", 1, 1, "-50.0000")),
        ({"coupon": "everything"}, ("discount", "price", "price", 1, 1, "-100.0000")),
        ({"coupon": "coupon", "quantity": 4}, ("quantity", "price", "price", 1, 4, "100.0000")),
        ({"coupon": "coupon", "price_id": "dearer"}, ("price", "price", "dearer", 1, 1, "-40.0000")),
    ],
)
def test_a_change_of_an_item_in_service_is_driven_by_its_greatest_cause(
    tmp_path: Path, after: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert change(tmp_path, {}, after) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"coupon": "everything"}, ("discount", "price", "price", 1, 1, "100.0000")),
        ({"price_id": "free"}, ("price", "free", "price", 1, 1, "100.0000")),
        ({"quantity": 0}, ("quantity", "price", "price", 0, 1, "100.0000")),
    ],
)
def test_who_was_served_at_no_charge_does_not_start(
    tmp_path: Path, before: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert change(tmp_path, before, {}) == expected


@pytest.mark.parametrize("mode", ["volume", "graduated"])
def test_a_unit_that_costs_less_by_the_tenth_is_still_more_units(tmp_path: Path, mode: str) -> None:
    """Up to 9 units at 10.00, from the tenth on at 8.00: the price is the same, and says so."""
    export = Export(billing_scheme="tiered", tiers_mode=mode)
    export.add("billing/price_tier", price_id="price", index=0, up_to=9, unit_amount=1000)
    export.add("billing/price_tier", price_id="price", index=1, unit_amount=800)
    export.bill(*MAY, quantity=9)
    export.bill(*JUNE, quantity=10)
    assert export.drivers(tmp_path)[1] == ("2024-06-01", "item", "quantity")


def test_the_first_item_starts_the_next_is_added_and_each_is_cancelled(tmp_path: Path) -> None:
    export = Export()
    export.bill(*MAY)
    export.bill("2024-05-10", "2024-07-01", subscription_item_id="other")
    assert export.drivers(tmp_path) == [
        ("2024-05-01", "item", "start"),
        ("2024-05-10", "other", "add_on"),
        ("2024-06-01", "item", "cancellation"),
        ("2024-07-01", "other", "cancellation"),
    ]


def test_items_that_begin_together_all_start_and_a_return_starts_again(tmp_path: Path) -> None:
    export = Export()
    export.bill(*MAY)
    export.bill(*MAY, subscription_item_id="other")
    export.bill("2024-06-05", "2024-07-01")
    assert [event[2] for event in export.drivers(tmp_path)] == [
        "start",
        "start",
        "cancellation",
        "cancellation",
        "start",
        "cancellation",
    ]


def test_an_item_beside_free_service_starts(tmp_path: Path) -> None:
    export = Export()
    export.price("free", unit_amount=0)
    export.bill("2024-05-01", "2024-07-01", price_id="free", subscription_item_id="other")
    export.bill(*JUNE)
    assert export.drivers(tmp_path) == [
        ("2024-06-01", "item", "start"),
        ("2024-07-01", "item", "cancellation"),
    ]


def test_a_move_to_another_currency_is_an_end_and_a_start(tmp_path: Path) -> None:
    export = Export()
    export.price("euro", currency="eur", unit_amount=10000)
    for day in ("2024-06-30", "2024-07-10"):
        export.rate("EUR", day, "1.2")
    export.bill(*MAY)
    export.bill(*JUNE, price_id="euro")
    events = [row for row in export.answer(tmp_path)["fct_mrr_events"] if row["event_date"].month == 6]
    columns = ("event_number", "currency_code", "driver", "from_price_id", "to_price_id", "to_quantity")
    assert [tuple(event[column] for column in columns) for event in events] == [
        (1, "EUR", "start", None, "euro", 1),
        (2, "USD", "cancellation", "price", None, None),
    ]


def test_both_sides_of_a_change_are_converted_at_the_months_rate(tmp_path: Path) -> None:
    """33.3333 and 66.6667 EUR at 1.5 are 49.99995 and 100.00005: 50.0000 and 100.0001."""
    export = Export(currency="eur", recurring_interval_count=3)
    for effective, rate in (("2024-05-31", "1"), ("2024-06-30", "1.5"), ("2024-07-10", "1.5")):
        export.rate("EUR", effective, rate)
    export.bill(*MAY)
    export.bill(*JUNE, quantity=2)
    amounts = [str(row["change_amount"]) for row in export.answer(tmp_path)["fct_mrr_events"]]
    assert amounts == ["33.3333", "50.0001", "-100.0001"]


@pytest.mark.parametrize("coupon", ["half", "once"])
def test_a_change_that_changes_no_mrr_is_no_event(tmp_path: Path, coupon: str) -> None:
    """Two seats at half the price, and a discount on one invoice only."""
    export = Export()
    export.coupon("half", percent_off=50)
    export.coupon("once", percent_off=50, duration="once")
    export.bill(*MAY)
    export.discount(export.bill(*JUNE, quantity=2 if coupon == "half" else 1), coupon)
    assert [event[2] for event in export.drivers(tmp_path)] == ["start", "cancellation"]
