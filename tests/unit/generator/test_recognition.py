"""Recognition in the example company, on invoices small enough to work out by hand."""

from __future__ import annotations

import pytest

from seeds.generator.catalogue import MONTHLY, YEARLY, find_price
from seeds.generator.exchange import converted
from seeds.generator.invoicing import Invoice, Line
from seeds.generator.moments import DAY, HOUR, instant
from seeds.generator.recognition import (
    InvoiceCase,
    InvoiceRevenue,
    Reduction,
    Standing,
    Unit,
    spread_by_prefix,
    uncovered_refunds,
)
from seeds.generator.settlement import BalanceTransaction, CreditNote, Dispute, Refund, SettledInvoice

_BILLED = instant(2024, 1, 1, 9)
_YEAR = (instant(2024, 1, 1, 9), instant(2025, 1, 1, 9))  # 366 days
_FAMILIES = {"subscription": ("endpoint", MONTHLY), "services": ("consulting", None)}


def _line(
    amount: int, period: tuple[int, int | None], stream: str = "subscription", discount: int = 0
) -> Line:
    family, cadence = _FAMILIES[stream]
    price = find_price(family, cadence, "USD")
    return Line(price, "subscription", amount, 1, period[0], period[1], "", discount=discount)


def _case(*lines: Line, tax: int = 0, finalized: int = _BILLED) -> InvoiceCase:
    invoice = Invoice("test", finalized - HOUR, "manual", "USD", finalized, finalized, list(lines))
    return InvoiceCase(SettledInvoice(invoice, "open", tax, finalized=finalized))


def _same(amount: int) -> int:
    return amount


def _day(year: int, month: int, day: int) -> int:
    return instant(year, month, day) // DAY


def _standing(revenue: InvoiceRevenue, day: int, number: int = 0, unit: Unit = _same) -> Standing:
    return revenue.standing(number, day, unit)


def _of_kind(revenue: InvoiceRevenue, kind: str) -> Reduction:
    return next(reduction for reduction in revenue.reductions if reduction.kind == kind)


def _refund(amount: int, at: int, key: str = "re_1") -> Refund:
    return Refund(key, at, amount, "USD", "ch_1", "requested_by_customer", "txn_1")


def _note(
    amount: int,
    at: int,
    tax: int = 0,
    *,
    kind: str = "post_payment",
    voided_at: int | None = None,
    position: int = 0,
) -> CreditNote:
    lines = [(position, amount, 1)]
    return CreditNote("cn_1", at, "in_1", kind, "order_change", "USD", amount, amount + tax, lines, voided_at)


def _dispute(case: InvoiceCase, amount: int, at: int, won_at: int | None) -> None:
    case.disputes.append(Dispute("dp_1", at, amount, "USD", "ch_1", "general", "won", at))
    movements = [BalanceTransaction("txn_1", at, "adjustment", "dp_1", "USD", -amount, 1_500, at)]
    if won_at is not None:
        movements.append(BalanceTransaction("txn_2", won_at, "adjustment", "dp_1", "USD", amount, 0, won_at))
    case.movements["dp_1"] = movements


def test_a_line_is_earned_by_day_over_its_period() -> None:
    revenue = InvoiceRevenue(_case(_line(36_600, _YEAR)))
    assert _standing(revenue, _day(2024, 1, 1)) == (0, 0, 0)
    assert _standing(revenue, _day(2024, 2, 1)) == (36_600, 3_100, 0)
    assert _standing(revenue, _day(2024, 3, 1)) == (36_600, 6_000, 0)  # 29 days of February
    assert _standing(revenue, _day(2025, 1, 1)) == (36_600, 36_600, 0)
    assert revenue.last_day == _day(2025, 1, 1)


def test_months_are_differences_of_rounded_running_totals_and_add_up_to_the_line() -> None:
    revenue = InvoiceRevenue(_case(_line(1_000, (_BILLED, instant(2024, 4, 1)))))  # 91 days
    totals = [_standing(revenue, _day(2024, month, 1)).recognised for month in (1, 2, 3, 4)]
    # 1000 * 31 / 91 = 340.66 and 1000 * 60 / 91 = 659.34
    assert totals == [0, 341, 659, 1_000]


def test_a_credit_line_is_earned_backwards_and_stands_as_an_asset() -> None:
    revenue = InvoiceRevenue(_case(_line(-36_600, _YEAR)))
    assert _standing(revenue, _day(2024, 2, 1)).balance == -33_500


def test_discounts_lower_what_is_earned_and_tax_is_not_earned() -> None:
    revenue = InvoiceRevenue(_case(_line(40_000, _YEAR, discount=3_400), tax=6_954))
    assert _standing(revenue, _day(2025, 1, 1)).recognised == 36_600


@pytest.mark.parametrize("period", [(_BILLED, None), (_BILLED, _BILLED), (_BILLED, _BILLED - DAY)])
def test_a_line_without_a_period_is_earned_on_the_day_of_finalisation(period: tuple[int, int | None]) -> None:
    revenue = InvoiceRevenue(_case(_line(500, period, "services")))
    assert _standing(revenue, _day(2024, 1, 1)).recognised == 0
    assert _standing(revenue, _day(2024, 1, 2)).recognised == 500


def test_a_period_within_one_day_is_earned_on_that_day() -> None:
    revenue = InvoiceRevenue(_case(_line(500, (instant(2024, 1, 20, 8), instant(2024, 1, 20, 18)))))
    assert [_standing(revenue, _day(2024, 1, day)).recognised for day in (20, 21)] == [0, 500]


def test_service_before_the_invoice_is_an_asset_until_it_is_billed() -> None:
    revenue = InvoiceRevenue(_case(_line(3_100, (instant(2023, 12, 1), instant(2024, 1, 1)))))
    assert _standing(revenue, _day(2024, 1, 1)) == (0, 3_100, 0)
    assert _standing(revenue, _day(2024, 1, 1)).balance == -3_100
    assert _standing(revenue, _day(2024, 1, 2)).balance == 0


def test_half_of_a_licence_is_its_first_year_of_support() -> None:
    price = find_price("firewall_licence", None, "USD")
    revenue = InvoiceRevenue(_case(Line(price, "invoiceitem", 366_001, 1, _BILLED, _BILLED, "")))
    assert [(part.name, part.stream, part.amount) for part in revenue.obligations] == [
        ("included_support", "maintenance", 183_001),
        ("main", "licence", 183_000),
    ]
    support, licence = (_standing(revenue, _day(2024, 7, 1), number) for number in (0, 1))
    assert licence.recognised == 183_000
    assert support.recognised == 91_000  # 182 of 366 days: 91,000.497


def test_a_void_takes_back_all_that_was_earned() -> None:
    case = _case(_line(36_600, _YEAR), tax=7_320)
    case.settled.status, case.settled.voided = "void", instant(2024, 2, 10)
    revenue = InvoiceRevenue(case)
    assert _standing(revenue, _day(2024, 2, 1)) == (36_600, 3_100, 0)
    assert _standing(revenue, _day(2024, 3, 1)) == (0, 0, 0)
    assert revenue.split(_of_kind(revenue, "void"), _same) == (0, 36_600, 7_320)


def test_what_was_earned_of_a_written_off_invoice_is_bad_debt_and_the_rest_leaves_deferred() -> None:
    case = _case(_line(36_600, _YEAR), tax=7_320)
    case.settled.status, case.settled.written_off = "uncollectible", instant(2024, 2, 1, 12)
    case.settled.amount_remaining = 43_920
    revenue = InvoiceRevenue(case)
    assert revenue.split(_of_kind(revenue, "write_off"), _same) == (3_100, 33_500, 7_320)
    assert _standing(revenue, _day(2024, 3, 1)) == (36_600, 3_100, 33_500)
    assert _standing(revenue, _day(2024, 3, 1)).balance == 0


def test_a_refund_without_a_credit_note_is_spread_over_lines_and_tax() -> None:
    """A quarter of 20,000 + 10,000 + 3,000 tax: 8,250 is 5,000, 2,500 and 750."""
    case = _case(_line(20_000, _YEAR), _line(10_000, (_BILLED, None), "services"), tax=3_000)
    case.refunds.append(_refund(8_250, instant(2024, 7, 1, 12)))
    revenue = InvoiceRevenue(case)
    reduction = _of_kind(revenue, "refund")
    assert (reduction.parts, reduction.tax) == ((5_000, 2_500), 750)
    # 182 of 366 days of the first line: 5,000 * 182 / 366 = 2,486; all of the second.
    assert revenue.split(reduction, _same) == (2_486 + 2_500, 2_514, 750)


def test_two_refunds_take_shares_of_running_totals() -> None:
    case = _case(_line(1_000, _YEAR), _line(1_000, _YEAR), _line(1_000, _YEAR))
    case.refunds += [_refund(100, instant(2024, 2, 1)), _refund(100, instant(2024, 3, 1), "re_2")]
    first, second = InvoiceRevenue(case).reductions
    # A third of 100 is 33.33, two thirds 66.67; of 200 they are 66.67 and 133.33.
    assert first.parts == (33, 34, 33)
    assert second.parts == (34, 32, 34)


def test_a_refund_that_a_credit_note_covers_is_cash_alone() -> None:
    note = _note(5_000, instant(2024, 3, 1), 1_000)
    refunds = [_refund(4_000, instant(2024, 3, 1)), _refund(3_000, instant(2024, 4, 1), "re_2")]
    assert uncovered_refunds(refunds, [note]) == {"re_1": 0, "re_2": 1_000}
    before_payment = _note(5_000, instant(2024, 3, 1), kind="pre_payment")
    taken_back = _note(5_000, instant(2024, 3, 1), voided_at=instant(2024, 3, 2))
    assert uncovered_refunds(refunds[:1], [before_payment, taken_back]) == {"re_1": 4_000}


def test_a_credit_note_reduces_the_lines_that_it_names_until_it_is_taken_back() -> None:
    case = _case(_line(36_600, _YEAR), _line(36_600, _YEAR), tax=14_640)
    case.notes.append(_note(18_300, instant(2024, 2, 1), 3_660, voided_at=instant(2024, 3, 10), position=1))
    revenue = InvoiceRevenue(case)
    reduction = _of_kind(revenue, "credit_note")
    assert revenue.split(reduction, _same) == (1_550, 16_750, 3_660)
    assert _standing(revenue, _day(2024, 3, 1), 0) == (36_600, 6_000, 0)
    assert _standing(revenue, _day(2024, 3, 1), 1) == (36_600, 3_000 + 1_550, 16_750)
    assert _standing(revenue, _day(2024, 4, 1), 1) == (36_600, 9_100, 0)


def test_a_credit_note_that_was_taken_back_leaves_all_to_be_refunded() -> None:
    case = _case(_line(36_600, _YEAR), tax=7_320)
    case.notes.append(_note(36_600, instant(2024, 2, 1), 7_320, voided_at=instant(2024, 2, 2)))
    case.refunds.append(_refund(43_920, instant(2024, 3, 1)))
    revenue = InvoiceRevenue(case)
    assert revenue.split(_of_kind(revenue, "refund"), _same) == (6_000, 30_600, 7_320)
    assert _standing(revenue, _day(2024, 4, 1)) == (36_600, 6_000, 30_600)


def test_a_credit_note_on_a_licence_is_shared_with_its_support() -> None:
    price = find_price("archive_licence", None, "USD")
    case = _case(Line(price, "invoiceitem", 10_000, 1, _BILLED, _BILLED, ""))
    case.notes.append(_note(3_001, instant(2024, 2, 1)))
    assert InvoiceRevenue(case).reductions[0].parts == (1_501, 1_500)


def test_a_dispute_takes_revenue_away_and_its_winning_brings_it_back() -> None:
    case = _case(_line(36_600, _YEAR))
    _dispute(case, 36_600, instant(2024, 2, 1, 12), instant(2024, 4, 15, 12))
    revenue = InvoiceRevenue(case)
    assert revenue.split(_of_kind(revenue, "dispute"), _same) == (3_100, 33_500, 0)
    assert _standing(revenue, _day(2024, 2, 1)) == (36_600, 3_100, 0)
    assert _standing(revenue, _day(2024, 4, 1)) == (36_600, 3_100, 33_500)
    assert _standing(revenue, _day(2024, 5, 1)) == (36_600, 12_100, 0)


def test_base_amounts_are_those_of_running_totals() -> None:
    """10.01 pounds at 1.2345 are 12.36 dollars: parts of 5.00 and 5.01 are 6.17 and 6.19, not 6.18."""

    def in_dollars(amount: int) -> int:
        return converted(amount, "GBP", 123_450_000)

    case = _case(_line(1_001, _YEAR))
    case.refunds.append(_refund(500, instant(2024, 1, 1, 12)))
    revenue = InvoiceRevenue(case)
    assert revenue.split(_of_kind(revenue, "refund"), in_dollars) == (0, 617, 0)
    later = _standing(revenue, _day(2025, 1, 1), unit=in_dollars)
    assert later == (1_236, 619, 617)
    assert later.balance == 0


def test_shares_sum_to_what_is_spread_also_beside_credits() -> None:
    assert spread_by_prefix(100, [1, 1, 1]) == [33, 34, 33]
    assert spread_by_prefix(50, [300, -100]) == [75, -25]
    assert spread_by_prefix(-7, [-2, -5]) == [-2, -5]
    assert spread_by_prefix(7, [5, -5]) == [0, 0]


def test_streams_are_those_of_the_products_and_subscription_where_metadata_is_open() -> None:
    families = [("compute", MONTHLY), ("advisory", MONTHLY), ("setup", None), ("legacy_mail", YEARLY)]
    lines = [
        Line(find_price(family, cadence, "USD"), "subscription", 100, 1, *_YEAR, "")
        for family, cadence in families
    ]
    obligations = InvoiceRevenue(_case(*lines)).obligations
    assert [obligation.stream for obligation in obligations] == ["usage", "services", "setup", "subscription"]
