"""Rounding, calendars, chance and identifiers: the small things on which everything else rests."""

from __future__ import annotations

import pytest

from seeds.generator.catalogue import MONTHLY, QUARTERLY, WEEKLY, find_price
from seeds.generator.exchange import ExchangeRates, as_decimal
from seeds.generator.moments import add_months, as_timestamp, boundary_from, instant, next_sync
from seeds.generator.money import chargeable, divide_rounded, shared_out
from seeds.generator.randomness import Stream, dated_identifier, identifier, in_base62, line_identifier


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(5, 2, 3), (-5, 2, -3), (7, 3, 2), (-7, 3, -2), (0, 9, 0), (1, 3, 0)],
)
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert divide_rounded(numerator, denominator) == expected


def test_dinar_is_charged_in_steps_of_ten_and_others_by_the_unit() -> None:
    assert chargeable(12_345, 1, "KWD") == 12_350
    assert chargeable(12_345, 10, "JPY") == 1_235


def test_shares_add_up_and_the_first_gets_the_remainder_of_a_tie() -> None:
    assert shared_out(100, [1, 1, 1]) == [34, 33, 33]
    assert shared_out(7, [0, 5, 2]) == [0, 5, 2]


def test_months_keep_the_day_where_it_exists() -> None:
    assert as_timestamp(add_months(instant(2024, 1, 31, 9), 1)) == "2024-02-29T09:00:00Z"
    assert as_timestamp(add_months(instant(2024, 2, 29), 12)) == "2025-02-28T00:00:00Z"
    assert as_timestamp(add_months(instant(2023, 11, 30), 3)) == "2024-02-29T00:00:00Z"


@pytest.mark.parametrize(
    ("cadence", "at", "expected"),
    [
        (MONTHLY, instant(2024, 3, 1), "2024-03-31"),
        (MONTHLY, instant(2024, 3, 31), "2024-03-31"),
        (QUARTERLY, instant(2024, 2, 1), "2024-04-30"),
        (WEEKLY, instant(2024, 2, 1), "2024-02-07"),
        (MONTHLY, instant(2020, 1, 1), "2024-01-31"),
    ],
)
def test_the_next_period_starts_at_or_after_the_moment(cadence: object, at: int, expected: str) -> None:
    assert as_timestamp(boundary_from(instant(2024, 1, 31), cadence, at))[:10] == expected  # type: ignore[arg-type]


def test_a_change_is_seen_by_the_sync_of_the_same_or_the_next_morning() -> None:
    assert as_timestamp(next_sync(instant(2024, 5, 5, 3, 15))) == "2024-05-05T03:15:00Z"
    assert as_timestamp(next_sync(instant(2024, 5, 5, 3, 16))) == "2024-05-06T03:15:00Z"


def test_text_order_of_dated_ids_is_time_order() -> None:
    earlier, later = instant(2023, 1, 1), instant(2025, 12, 31)
    assert dated_identifier("in", earlier, "z") < dated_identifier("in", later, "a")
    assert (
        line_identifier(later, 9, "x") < line_identifier(later, 10, "x") < line_identifier(later + 1, 0, "x")
    )
    assert in_base62(61, 2) == "0z"


def test_ids_and_draws_depend_on_the_whole_path() -> None:
    assert identifier("cus", "a") == identifier("cus", "a") != identifier("cus", "b")
    assert [Stream("a", 1).below(1000) for _ in range(2)] == [Stream("a", 1).below(1000)] * 2
    one, two = Stream("a", 1), Stream("a", 2)
    assert [one.below(1000) for _ in range(5)] != [two.below(1000) for _ in range(5)]


def test_draws_stay_in_their_range_and_reach_its_ends() -> None:
    stream = Stream("range")
    drawn = {stream.between(3, 6) for _ in range(200)}
    assert drawn == {3, 4, 5, 6}
    assert {stream.weighted([(1, "a"), (0, "b"), (3, "c")]) for _ in range(200)} == {"a", "c"}


def test_ten_endpoint_seats_cost_less_than_nine() -> None:
    price = find_price("endpoint", MONTHLY, "USD")
    assert (price.total(9), price.total(10)) == (49_500, 40_000)


def test_a_graduated_price_charges_each_tier_and_the_flat_fees_of_tiers_reached() -> None:
    price = find_price("sdwan", MONTHLY, "USD")
    assert price.charges(4) == [(4, 72_000), (0, 9_900)]
    assert price.charges(5) == [(5, 90_000), (0, 9_900)]
    assert price.charges(22) == [(5, 90_000), (0, 9_900), (15, 225_000), (2, 24_000), (0, 4_900)]
    assert price.charges(0) == [(0, 0), (0, 9_900)]


def test_packs_are_rounded_up() -> None:
    price = find_price("device_packs", MONTHLY, "USD")
    assert [price.total(quantity) for quantity in (1, 10, 11)] == [4_500, 4_500, 9_000]


def test_rates_are_units_of_the_base_for_one_unit_in_major_units() -> None:
    rates = ExchangeRates(1, instant(2023, 1, 1), instant(2023, 3, 1))
    yen = rates.rate("JPY", instant(2023, 2, 1))
    assert as_decimal(yen).startswith("0.00")
    # 10,000 yen in US cents: the yen has no minor unit, the dollar two.
    assert rates.in_reporting_currency(10_000, "JPY", instant(2023, 2, 1)) == divide_rounded(
        10_000 * yen, 10**6
    )
    assert rates.in_reporting_currency(1_000, "KWD", instant(2023, 2, 1)) == divide_rounded(
        rates.rate("KWD", instant(2023, 2, 1)), 10**6
    )
    assert as_decimal(108_420_000) == "1.0842"
