"""The billing engine does what Stripe does, on contracts small enough to work out by hand."""

from __future__ import annotations

from seeds.generator.catalogue import MONTHLY, YEARLY, coupon_for, find_price
from seeds.generator.facts import (
    Cancellation,
    Change,
    CollectionPaused,
    Contract,
    CouponGiven,
    FreeTimeGiven,
    ItemTerms,
    PaymentTrouble,
    PriceChanged,
    QuantityChanged,
    TermChanged,
    UsageMeasured,
)
from seeds.generator.invoicing import Invoice, Subscription, bill_contract
from seeds.generator.moments import DAY, Cadence, as_timestamp, instant

_START = instant(2024, 4, 1)
_HORIZON = instant(2024, 7, 1, 12)


def _bill(
    *changes: Change,
    family: str = "collaboration",
    quantity: int = 10,
    cadence: Cadence = MONTHLY,
    currency: str = "USD",
    start: int = _START,
    trial_until: int | None = None,
    horizon: int = _HORIZON,
) -> Subscription:
    item = ItemTerms("item", find_price(family, cadence, currency), quantity)
    contract = Contract("test", start, cadence, (item,), changes, trial_until=trial_until)
    return bill_contract(contract, currency, (), horizon)


def _amounts(invoice: Invoice) -> list[int]:
    return [line.amount for line in invoice.lines]


def test_a_month_is_billed_in_advance_for_the_new_period() -> None:
    invoices = _bill().invoices
    assert [as_timestamp(invoice.created)[:10] for invoice in invoices] == [
        "2024-04-01", "2024-05-01", "2024-06-01", "2024-07-01",
    ]  # fmt: skip
    renewal = invoices[1]
    assert (renewal.period_start, renewal.period_end) == (instant(2024, 4, 1), instant(2024, 5, 1))
    assert (renewal.lines[0].period_start, renewal.lines[0].period_end) == (
        instant(2024, 5, 1),
        instant(2024, 6, 1),
    )
    assert _amounts(renewal) == [18_000]


def test_a_seat_change_is_prorated_on_the_next_invoice() -> None:
    # 16 April is half of April: ten seats at 18.00 give back 90.00, sixteen cost 144.00 for the rest.
    invoices = _bill(QuantityChanged(instant(2024, 4, 16), "item", 16)).invoices
    assert len(invoices) == 4
    credit, debit, renewal = invoices[1].lines
    assert (credit.amount, debit.amount, renewal.amount) == (-9_000, 14_400, 28_800)
    assert (credit.quantity, debit.quantity) == (10, 16)
    assert {credit.kind, debit.kind} == {"invoiceitem"}
    assert credit.is_proration and debit.is_proration and not renewal.is_proration
    assert (credit.period_start, credit.period_end) == (instant(2024, 4, 16), instant(2024, 5, 1))


def test_a_change_to_a_yearly_price_starts_a_new_period_at_once() -> None:
    yearly = find_price("collaboration", YEARLY, "USD")
    subscription = _bill(TermChanged(instant(2024, 4, 16), (("item", yearly),)))
    credit, year = subscription.invoices[1].lines
    assert credit.amount == -9_000
    assert (year.kind, year.amount, year.period_end) == ("subscription", 180_000, instant(2025, 4, 16))
    assert subscription.anchor == instant(2024, 4, 16)
    assert len(subscription.invoices) == 2


def test_a_free_plan_is_credited_with_nothing_before_the_paid_one_begins() -> None:
    paid = find_price("collaboration", MONTHLY, "USD")
    invoices = _bill(PriceChanged(instant(2024, 4, 16), "item", paid), family="collaboration_free").invoices
    assert _amounts(invoices[1]) == [0, 9_000, 18_000]


def test_periods_return_to_the_31st_after_short_months() -> None:
    subscription = _bill(start=instant(2024, 1, 31), horizon=instant(2024, 5, 1))
    assert [as_timestamp(invoice.created)[:10] for invoice in subscription.invoices] == [
        "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30",
    ]  # fmt: skip


def test_a_trial_is_a_line_of_nothing_and_moves_the_anchor() -> None:
    subscription = _bill(trial_until=instant(2024, 4, 15))
    assert [_amounts(invoice) for invoice in subscription.invoices[:2]] == [[0], [18_000]]
    assert subscription.anchor == instant(2024, 4, 15)
    assert subscription.status == "active"


def test_a_free_month_for_a_payer_is_a_trial_from_the_next_period_on() -> None:
    subscription = _bill(FreeTimeGiven(instant(2024, 4, 20), instant(2024, 6, 1)))
    assert [_amounts(invoice) for invoice in subscription.invoices] == [[18_000], [0], [18_000], [18_000]]
    assert (subscription.trial_start, subscription.trial_end) == (instant(2024, 5, 1), instant(2024, 6, 1))


def test_usage_is_billed_in_arrears_by_the_tiers() -> None:
    # 1,000 messages are free, the next 500 cost 0.75 cents each.
    subscription = _bill(UsageMeasured(instant(2024, 4, 9), "item", 1_500), family="messages")
    first = subscription.invoices[0]
    assert as_timestamp(first.created)[:10] == "2024-05-01"
    assert [(line.quantity, line.amount) for line in first.lines] == [(1_000, 0), (500, 375)]
    assert first.lines[0].period_start == instant(2024, 4, 1)


def test_paused_collection_voids_the_renewals_inside_the_pause() -> None:
    subscription = _bill(CollectionPaused(instant(2024, 4, 20), instant(2024, 6, 15), "void"))
    assert [invoice.handling for invoice in subscription.invoices] == [
        "collect", "paused_void", "paused_void", "collect",
    ]  # fmt: skip
    assert subscription.pause_behaviour is None


def test_an_unpaid_subscription_goes_on_with_drafts() -> None:
    subscription = _bill(PaymentTrouble(instant(2024, 4, 20), "unpaid"))
    assert [invoice.handling for invoice in subscription.invoices] == [
        "collect",
        "left_open",
        "draft",
        "draft",
    ]
    assert subscription.status == "unpaid"


def test_a_cancellation_at_the_period_end_bills_no_further_period() -> None:
    end = instant(2024, 6, 1)
    subscription = _bill(Cancellation(instant(2024, 5, 20), end))
    assert len(subscription.invoices) == 2
    assert (subscription.status, subscription.ended_at, subscription.canceled_at) == (
        "canceled",
        end,
        instant(2024, 5, 20),
    )


def test_a_credited_cancellation_gives_back_the_unused_days() -> None:
    at = instant(2024, 4, 16)
    subscription = _bill(Cancellation(at, at, credited=True))
    assert _amounts(subscription.invoices[-1]) == [-9_000]
    assert subscription.ended_at == at


def test_notice_for_a_time_after_the_export_leaves_the_subscription_active() -> None:
    subscription = _bill(Cancellation(instant(2024, 6, 30), instant(2024, 8, 1)))
    assert (subscription.status, subscription.cancel_at, subscription.ended_at) == (
        "active",
        instant(2024, 8, 1),
        None,
    )


def test_a_coupon_once_touches_only_the_first_invoice_that_charges() -> None:
    given = CouponGiven(_START, coupon_for("WELCOME15", "USD"))
    subscription = _bill(given, trial_until=instant(2024, 4, 15))
    assert [invoice.discount for invoice in subscription.invoices] == [0, 2_700, 0, 0]


def test_an_amount_off_is_spread_over_the_lines_and_never_below_nothing() -> None:
    given = CouponGiven(_START, coupon_for("VOUCHER200", "USD"))
    subscription = _bill(given, QuantityChanged(_START + DAY, "item", 12))
    assert subscription.invoices[0].discount == 18_000
    assert subscription.invoices[0].subtotal - subscription.invoices[0].discount == 0


def test_dinar_prorations_are_steps_of_ten_fils() -> None:
    invoices = _bill(QuantityChanged(instant(2024, 4, 11, 7), "item", 13), currency="KWD").invoices
    assert all(line.amount % 10 == 0 for line in invoices[1].lines)
    assert any(line.amount % 100 for line in invoices[1].lines)
