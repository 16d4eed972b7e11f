"""Companies written by hand: every case and every kind of dirt that the example must show.

Add a case here when a rule of billing needs an example that chance may not bring. Planted companies do not
depend on the seed, so their ids stay the same; README.md lists them (``python -m seeds.generator
--list-planted``). Dirt that the export adds to a true history is named in the history's flaws and applied by
the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seeds.generator.catalogue import (
    DAILY,
    MONTHLY,
    QUARTERLY,
    THREE_YEARLY,
    TWO_YEARLY,
    WEEKLY,
    YEARLY,
    coupon_for,
    find_price,
)
from seeds.generator.facts import (
    Cancellation,
    Change,
    CollectionPaused,
    Company,
    CompanyHistory,
    Contract,
    CouponGiven,
    FreeTimeGiven,
    ItemAdded,
    ItemRemoved,
    ItemTerms,
    MoneyBack,
    PaymentTrouble,
    PriceChanged,
    QuantityChanged,
    Sale,
    TermChanged,
    UsageMeasured,
)
from seeds.generator.moments import DAY, HOUR, Cadence, instant

_COUNTRIES = {
    "USD": ("US", "Columbus", "43215", 0),
    "EUR": ("DE", "Leipzig", "04109", 190),
    "GBP": ("GB", "Leeds", "LS1 4AP", 200),
    "JPY": ("JP", "Sendai", "980-0811", 100),
    "KWD": ("KW", "Kuwait City", "13001", 0),
}


@dataclass(frozen=True, slots=True)
class PlantedCase:
    """A case: its history, what it shows, and in which tables to look."""

    key: str
    shows: str
    tables: str
    history: CompanyHistory


def _item(
    family: str, quantity: int, cadence: Cadence, currency: str, minimum: int | None = None
) -> ItemTerms:
    return ItemTerms(family, find_price(family, cadence, currency), quantity, minimum)


def _contract(
    key: str,
    start: int,
    items: tuple[tuple[str, int], ...],
    *changes: Change,
    cadence: Cadence = MONTHLY,
    currency: str = "USD",
    minimum: int | None = None,
    trial_until: int | None = None,
    proration: str | None = None,
    first_payment: str = "succeeds",
    evergreen: bool = False,
    first_period_free: bool = False,
    flaws: tuple[str, ...] = (),
) -> Contract:
    return Contract(
        key=f"planted/contract/{key}",
        start=start,
        cadence=cadence,
        items=tuple(_item(family, quantity, cadence, currency, minimum) for family, quantity in items),
        changes=tuple(sorted(changes, key=lambda change: change.at)),
        trial_until=trial_until,
        proration=proration
        or ("next_invoice" if cadence in (MONTHLY, QUARTERLY, WEEKLY, DAILY) else "at_once"),
        first_payment=first_payment,
        evergreen=evergreen,
        first_period_free=first_period_free,
        export_flaws=frozenset(flaws),
    )


def _case(
    key: str,
    shows: str,
    tables: str,
    created: int,
    *contracts: Contract,
    sales: tuple[Sale, ...] = (),
    currency: str = "USD",
    pays_by: str = "card",
    coupons: tuple[CouponGiven, ...] = (),
    flaws: tuple[str, ...] = (),
) -> PlantedCase:
    country, city, postal_code, tax = _COUNTRIES[currency]
    company = Company(
        key=f"planted/{key}",
        name=f"{key.replace('_', ' ').title()} Example",
        domain=f"{key.replace('_', '-')}.example",
        phone="+1 202-555-0100",
        country=country,
        city=city,
        postal_code=postal_code,
        industry="COMPUTER_SOFTWARE",
        employees=120,
        currency=currency,
        created=created - 2 * HOUR,
        pays_by=pays_by,
        tax_per_thousand=tax,
        description=f"Planted: {key}",
    )
    return PlantedCase(
        key, shows, tables, CompanyHistory(company, contracts, sales, coupons, frozenset(flaws))
    )


def _pricing() -> Iterator[PlantedCase]:
    start = instant(2024, 1, 6, 10, 15)
    yield _case(
        "minimum_seats",
        "Six seats used, ten agreed as the minimum: ten are billed until the eleventh is used",
        "subscription_item.metadata, invoice_line_item",
        start,
        _contract(
            "minimum",
            start,
            (("endpoint", 6),),
            QuantityChanged(instant(2024, 11, 20, 9), "endpoint", 14),
            minimum=10,
        ),
    )
    start = instant(2023, 3, 1)
    yield _case(
        "volume_edge",
        "Nine seats at list price, then ten at 40: one seat more and less money",
        "price_tier, invoice_line_item",
        start,
        _contract(
            "edge",
            start,
            (("endpoint", 9),),
            QuantityChanged(instant(2023, 9, 12, 11), "endpoint", 10),
            QuantityChanged(instant(2024, 2, 12, 11), "endpoint", 13),
        ),
    )
    start = instant(2023, 6, 17, 8, 5)
    yield _case(
        "tier_split",
        "A graduated price is billed as a line per tier, flat fees at quantity 0; prorations are split too",
        "invoice_line_item",
        start,
        _contract(
            "tiers",
            start,
            (("sdwan", 4),),
            QuantityChanged(instant(2023, 8, 3, 14), "sdwan", 12),
            QuantityChanged(instant(2024, 4, 23, 14), "sdwan", 26),
            QuantityChanged(instant(2025, 3, 3, 14), "sdwan", 19),
            flaws=("split_prorations",),
        ),
    )
    start = instant(2023, 5, 9, 12)
    yield _case(
        "included_units",
        "A base fee with twenty units included, more at overage: zero-amount and zero-quantity lines",
        "price_tier, invoice_line_item",
        start,
        _contract(
            "included",
            start,
            (("virtual_data_centre", 20),),
            QuantityChanged(instant(2023, 11, 9, 13), "virtual_data_centre", 35),
            QuantityChanged(instant(2024, 9, 19, 13), "virtual_data_centre", 12),
        ),
    )
    start = instant(2023, 11, 1, 7, 30)
    yield _case(
        "packs_rounded_up",
        "Fourteen devices in packs of ten are two packs; unit prices finer than a cent stand beside",
        "price.transform_quantity_divide_by, price.unit_amount_decimal",
        start,
        _contract(
            "packs",
            start,
            (("device_packs", 14), ("devices", 300)),
            QuantityChanged(instant(2024, 1, 25), "device_packs", 31),
        ),
    )
    start = instant(2023, 12, 11, 16)
    yield _case(
        "zero_quantity",
        "Seats cut to none without a cancellation, and taken up again",
        "invoice_line_item.quantity",
        start,
        _contract(
            "zero",
            start,
            (("collaboration", 25),),
            QuantityChanged(instant(2024, 3, 5, 9), "collaboration", 0),
            QuantityChanged(instant(2024, 6, 20, 9), "collaboration", 18),
        ),
    )
    start = instant(2024, 2, 14, 9)
    yield _case(
        "deleted_price",
        "Still billed on a price that was deleted from the catalogue",
        "price.is_deleted",
        start,
        _contract("deleted-price", start, (("rack_2022", 2),)),
    )
    start = instant(2023, 1, 5, 6)
    yield _case(
        "older_plans",
        "Lines of the older form: a plan instead of a price, and no subscription item",
        "plan, invoice_line_item.plan_id",
        start,
        _contract(
            "plans",
            start,
            (("legacy_mail", 40),),
            QuantityChanged(instant(2024, 2, 2, 9), "legacy_mail", 55),
            flaws=("item_ids_missing",),
        ),
    )
    yield _case(
        "older_plans_yearly",
        "A yearly plan, with its subscription item",
        "plan",
        start,
        _contract("plans-yearly", start, (("legacy_mail", 120),), cadence=YEARLY),
    )


def _terms() -> Iterator[PlantedCase]:
    start = instant(2023, 1, 20, 11)
    for key, shows, cadence, family, quantity in (
        ("two_yearly", "A two-year term, renewed", TWO_YEARLY, "rack", 3),
        ("three_yearly", "A three-year term, still in its first", THREE_YEARLY, "endpoint", 60),
        ("quarterly", "Every three months", QUARTERLY, "analytics", 18),
    ):
        yield _case(
            key,
            shows,
            "price.recurring_interval_count",
            start,
            _contract(key, start, ((family, quantity),), cadence=cadence),
        )
    start = instant(2024, 5, 6, 13)
    yield _case(
        "weekly",
        "A weekly price for most of a year",
        "invoice",
        start,
        _contract(
            "weekly",
            start,
            (("briefing", 3),),
            QuantityChanged(instant(2024, 7, 3, 8), "briefing", 5),
            Cancellation(instant(2024, 10, 30, 8), instant(2024, 11, 4, 13)),
            cadence=WEEKLY,
        ),
    )
    start = instant(2024, 1, 22, 15)
    yield _case(
        "daily",
        "A daily price over a month's end",
        "invoice",
        start,
        _contract(
            "daily",
            start,
            (("data_feed", 1),),
            Cancellation(instant(2024, 2, 9, 8), instant(2024, 2, 10, 15)),
            cadence=DAILY,
        ),
    )
    start = instant(2023, 7, 12, 10)
    yield _case(
        "monthly_to_yearly",
        "From monthly to yearly in mid-period: a credit and a new line from the same moment",
        "invoice_line_item, invoice.billing_reason",
        start,
        _contract(
            "to-yearly",
            start,
            (("endpoint", 30),),
            TermChanged(instant(2024, 3, 27, 10, 41), (("endpoint", find_price("endpoint", YEARLY, "USD")),)),
            QuantityChanged(instant(2024, 10, 1, 9), "endpoint", 36),
        ),
    )
    start = instant(2024, 2, 29, 9)
    yield _case(
        "leap_day",
        "Signed on 29 February, renewed on 28 February",
        "subscription.billing_cycle_anchor",
        start,
        _contract("leap", start, (("collaboration_pro", 22),), cadence=YEARLY),
    )
    start = instant(2024, 8, 31, 18, 45)
    yield _case(
        "month_length",
        "Anchored on the 31st: periods end on the last day of shorter months",
        "invoice_line_item",
        start,
        _contract("month-length", start, (("devices", 80),)),
    )


def _licences() -> Iterator[PlantedCase]:
    at = instant(2023, 3, 15, 10)
    price = find_price("firewall_licence", None, "USD")
    yield _case(
        "licence_with_maintenance",
        "A perpetual licence; maintenance free in year one (a trial), then paid at half the price",
        "subscription.trial_end, invoice_line_item",
        at,
        _contract(
            "firewall-maintenance",
            at,
            (("firewall_maintenance", 1),),
            cadence=YEARLY,
            trial_until=instant(2024, 3, 15, 10),
        ),
        sales=(Sale("planted/sale/licence", at, ((price, 1), (find_price("setup", None, "USD"), 1))),),
        pays_by="bank_transfer",
    )
    at = instant(2023, 6, 6, 10)
    yield _case(
        "licence_year_included",
        "The same without a trial: the first year is a zero line; dropped after the second year",
        "invoice_line_item.amount",
        at,
        _contract(
            "archive-maintenance",
            at,
            (("archive_maintenance", 1),),
            Cancellation(instant(2025, 5, 2, 9), instant(2025, 6, 6, 10)),
            cadence=YEARLY,
            currency="EUR",
            first_period_free=True,
        ),
        sales=(Sale("planted/sale/archive", at, ((find_price("archive_licence", None, "EUR"), 1),)),),
        currency="EUR",
    )
    at = instant(2024, 9, 3, 10)
    yield _case(
        "licence_returned",
        "A licence given back: credit note and refund of all of it",
        "credit_note, refund",
        at,
        sales=(
            Sale(
                "planted/sale/returned",
                at,
                ((price, 1),),
                (MoneyBack(at + 21 * DAY, "credit_note", 1000, "product_unsatisfactory"),),
            ),
        ),
    )
    at = instant(2023, 10, 10, 10)
    yield _case(
        "never_recurring",
        "A monthly retainer for services, usage alone, days of work: revenue, never MRR",
        "product.metadata",
        at,
        _contract("retainer", at, (("advisory", 1),)),
        _contract(
            "usage-only",
            at + DAY,
            (("compute", 0),),
            *(UsageMeasured(at + (3 + 14 * n) * DAY, "compute", 3_000 + 37 * n) for n in range(40)),
        ),
        sales=(Sale("planted/sale/days", at + 5 * DAY, ((find_price("consulting", None, "USD"), 4),)),),
    )


def _changes() -> Iterator[PlantedCase]:
    start = instant(2023, 8, 21, 9)
    day = instant(2023, 10, 17)
    yield _case(
        "up_and_down",
        "Seats up in the morning and down again in the afternoon of one day",
        "invoice_line_item",
        start,
        _contract(
            "up-down",
            start,
            (("endpoint", 20),),
            QuantityChanged(day + 9 * HOUR, "endpoint", 35),
            QuantityChanged(day + 16 * HOUR, "endpoint", 20),
        ),
    )
    day = instant(2024, 6, 30)
    yield _case(
        "two_switches",
        "The plan switched twice on the last day of a month, each settled at once",
        "invoice, invoice_line_item",
        start,
        _contract(
            "switches",
            start,
            (("collaboration", 50),),
            PriceChanged(day + 8 * HOUR, "collaboration", find_price("collaboration_pro", MONTHLY, "USD")),
            PriceChanged(day + 21 * HOUR, "collaboration", find_price("collaboration", MONTHLY, "USD")),
            proration="at_once",
        ),
    )
    start = instant(2023, 8, 8, 9)
    yield _case(
        "items_come_and_go",
        "An item added in mid-period, another removed later, and half a year of both",
        "subscription_item",
        start,
        _contract(
            "items",
            start,
            (("endpoint", 40),),
            ItemAdded(instant(2023, 11, 20, 9), _item("devices", 120, MONTHLY, "USD")),
            ItemRemoved(instant(2024, 7, 15, 9), "endpoint"),
        ),
    )
    start = instant(2023, 11, 4, 9)
    yield _case(
        "yen_seats",
        "Yen has no minor unit: prorations are whole yen",
        "invoice_line_item",
        start,
        _contract(
            "yen",
            start,
            (("endpoint", 45),),
            QuantityChanged(instant(2024, 1, 9, 3), "endpoint", 61),
            currency="JPY",
        ),
        currency="JPY",
    )
    yield _case(
        "dinar_seats",
        "Dinar has three decimals, charged in steps of ten",
        "invoice_line_item",
        start,
        _contract(
            "dinar",
            start,
            (("endpoint", 33),),
            QuantityChanged(instant(2024, 1, 9, 3), "endpoint", 52),
            currency="KWD",
        ),
        currency="KWD",
    )
    start, moved = instant(2023, 4, 3, 9), instant(2024, 4, 3, 9)
    yield _case(
        "two_currencies",
        "From euro to US dollars without a gap, on a new subscription",
        "subscription",
        start,
        _contract("euro", start, (("endpoint", 24),), Cancellation(moved - 20 * DAY, moved), currency="EUR"),
        _contract("dollar", moved, (("endpoint", 24),)),
        currency="EUR",
    )
    start = instant(2024, 2, 19, 9)
    yield _case(
        "one_of_two",
        "Two subscriptions, one of them cancelled: less MRR, no churn of the account",
        "subscription",
        start,
        _contract("kept", start, (("sdwan", 6),)),
        _contract(
            "dropped",
            start + 40 * DAY,
            (("analytics", 4),),
            Cancellation(instant(2024, 8, 20), instant(2024, 8, 30, 9)),
        ),
    )


def _trials() -> Iterator[PlantedCase]:
    start = instant(2024, 2, 19, 9)
    yield _case(
        "trial_converted",
        "Two weeks of trial over the end of a month, then paying",
        "subscription.trial_end",
        start,
        _contract("converted", start, (("collaboration", 30),), trial_until=start + 14 * DAY),
    )
    yield _case(
        "trial_not_converted",
        "A trial that ends without a payment",
        "subscription.trial_end",
        start,
        _contract(
            "not-converted",
            start,
            (("collaboration", 30),),
            Cancellation(start + 9 * DAY, start + 14 * DAY),
            trial_until=start + 14 * DAY,
        ),
    )
    begun = instant(2025, 12, 23, 9)
    yield _case(
        "trial_running",
        "On trial when the export is made",
        "subscription.status",
        begun,
        _contract("running", begun, (("collaboration", 12),), trial_until=begun + 14 * DAY),
    )
    start = instant(2023, 9, 5, 9)
    yield _case(
        "trial_for_a_payer",
        "A free month (a trial) given to a company that has paid for a year: MRR stays",
        "subscription.trial_start, invoice_line_item.amount",
        start,
        _contract(
            "free-month",
            start,
            (("endpoint", 50),),
            FreeTimeGiven(instant(2024, 9, 1), instant(2024, 10, 5, 9)),
        ),
    )
    start = instant(2023, 4, 26, 9)
    yield _case(
        "freemium",
        "Free for half a year, paying for a year, free again",
        "price.unit_amount",
        start,
        _contract(
            "freemium",
            start,
            (("collaboration_free", 15),),
            PriceChanged(
                instant(2023, 10, 30, 9), "collaboration_free", find_price("collaboration", MONTHLY, "USD")
            ),
            PriceChanged(
                instant(2024, 11, 12, 9),
                "collaboration_free",
                find_price("collaboration_free", MONTHLY, "USD"),
            ),
        ),
    )


def _coupons() -> Iterator[PlantedCase]:
    start = instant(2024, 7, 16, 9)
    for key, coupon, cadence, shows in (
        ("percent_forever", "PARTNER10", MONTHLY, "Ten percent for good"),
        ("percent_once", "WELCOME15", MONTHLY, "Fifteen percent on the first invoice"),
        (
            "percent_repeating",
            "FIRSTYEAR20",
            MONTHLY,
            "Twenty percent for twelve months, billed by the month",
        ),
        (
            "percent_repeating_yearly",
            "FIRSTYEAR20",
            YEARLY,
            "Twelve months on a yearly price: as good as once",
        ),
        ("amount_forever", "LOYALTY25", MONTHLY, "An amount off every invoice, spread over two items"),
        ("amount_repeating", "SWITCH100", MONTHLY, "An amount off for six months"),
        ("amount_once", "VOUCHER200", MONTHLY, "An amount off the first invoice"),
        ("free_of_charge", "CHARITY100", MONTHLY, "A discount of 100 percent from the second year on"),
        ("coupon_deleted", "FAIR2021", MONTHLY, "The coupon itself was deleted, its discounts are history"),
    ):
        given = instant(2025, 7, 16, 9) - HOUR if key == "free_of_charge" else start
        yield _case(
            key,
            shows,
            "coupon, discount, subscription_discount",
            start,
            _contract(
                key,
                start,
                (("collaboration", 35), ("devices", 90)) if cadence == MONTHLY else (("collaboration", 35),),
                CouponGiven(
                    given,
                    coupon_for(coupon, "USD"),
                    record_kept=key not in ("percent_repeating", "amount_once"),
                ),
                cadence=cadence,
            ),
        )
    yield _case(
        "customer_coupon",
        "A coupon on the customer, not on a subscription",
        "subscription_discount.customer_id",
        start,
        _contract("customer-coupon", start, (("endpoint", 17),)),
        coupons=(CouponGiven(start, coupon_for("QUARTER50", "USD")),),
    )


def _interruptions() -> Iterator[PlantedCase]:
    start = instant(2023, 11, 20, 9)
    for key, behaviour, until, shows in (
        (
            "paused_void",
            "void",
            instant(2024, 4, 1),
            "Paused for two renewals, their invoices void, then resumed",
        ),
        ("paused_drafts", "keep_as_draft", instant(2024, 5, 1), "Paused with drafts, then resumed"),
        ("paused_now", "void", None, "Paused and not resumed"),
    ):
        yield _case(
            key,
            shows,
            "subscription.pause_collection_behavior, invoice.status",
            start,
            _contract(
                key, start, (("analytics", 12),), CollectionPaused(instant(2024, 2, 1), until, behaviour)
            ),
        )
    renewal = instant(2024, 6, 20, 9)
    gives_up = renewal + 14 * DAY + HOUR
    for key, outcome, shows in (
        ("payment_recovered", "recovered", "A renewal paid on a retry"),
        (
            "payment_left_open",
            "left_open",
            "Cancelled for payment failure, the invoice left open: service until the end",
        ),
        (
            "payment_uncollectible",
            "uncollectible",
            "The same, the invoice written off: no service was paid for",
        ),
        ("payment_voided", "voided", "The same, the invoice void"),
    ):
        ending = () if outcome == "recovered" else (Cancellation(gives_up, gives_up, "payment_failed"),)
        yield _case(
            key,
            shows,
            "invoice.status, charge.failure_code, subscription.cancellation_details_reason",
            start,
            _contract(key, start, (("endpoint", 26),), PaymentTrouble(renewal - DAY, outcome), *ending),
        )
    yield _case(
        "unpaid",
        "Given up without being cancelled: the subscription is unpaid, later invoices stay drafts",
        "subscription.status",
        start,
        _contract("unpaid", start, (("endpoint", 11),), PaymentTrouble(instant(2025, 8, 1), "unpaid")),
    )
    yield _case(
        "past_due",
        "Two renewals open at the export, still past due",
        "subscription.status",
        start,
        _contract("past-due", start, (("endpoint", 31),), PaymentTrouble(instant(2025, 11, 1), "past_due")),
    )
    late = instant(2025, 12, 31, 12)
    yield _case(
        "incomplete",
        "The first invoice is open: nothing is sold yet",
        "subscription.status",
        late,
        _contract("incomplete", late, (("endpoint", 15),), first_payment="incomplete"),
    )
    early = instant(2024, 7, 4, 12)
    yield _case(
        "incomplete_expired",
        "The first invoice was never paid",
        "subscription.status",
        early,
        _contract("incomplete-expired", early, (("endpoint", 15),), first_payment="incomplete_expired"),
    )


def _endings() -> Iterator[PlantedCase]:
    start = instant(2023, 7, 1)
    yield _case(
        "ends_at_midnight",
        "Service until 2024-07-01T00:00:00: still June's, churned in July",
        "subscription.ended_at",
        start,
        _contract(
            "midnight", start, (("sdwan", 3),), Cancellation(instant(2024, 6, 3, 9), instant(2024, 7, 1))
        ),
    )
    yield _case(
        "ends_before_midnight",
        "Service until 2024-06-30T23:59:00: churned in June",
        "subscription.ended_at",
        start,
        _contract(
            "before-midnight",
            start,
            (("sdwan", 3),),
            Cancellation(instant(2024, 6, 30, 23, 59), instant(2024, 6, 30, 23, 59)),
        ),
    )
    start = instant(2023, 11, 15, 9)
    for key, credited, shows in (
        ("cancelled_at_once", False, "Cancelled in mid-period, nothing given back"),
        ("cancelled_with_credit", True, "Cancelled in mid-period, the rest credited on a last invoice"),
    ):
        at = instant(2024, 9, 24, 14)
        yield _case(
            key,
            shows,
            "subscription.ended_at, invoice_line_item",
            start,
            _contract(key, start, (("devices", 150),), Cancellation(at, at, credited=credited)),
        )
    yield _case(
        "notice_given",
        "Will end in January 2026: at risk, still counted",
        "subscription.cancel_at",
        start,
        _contract(
            "notice",
            start,
            (("devices", 60),),
            Cancellation(instant(2025, 12, 18, 9), instant(2026, 1, 15, 9)),
        ),
    )
    first_end = instant(2024, 3, 15, 9)
    yield _case(
        "came_back",
        "Left in March, paid again from June: reactivation after two month-ends without",
        "subscription",
        start,
        _contract("first-time", start, (("endpoint", 18),), Cancellation(first_end - 20 * DAY, first_end)),
        _contract("second-time", instant(2024, 6, 10, 9), (("endpoint", 22),)),
    )
    begins = instant(2024, 5, 6, 9)
    yield _case(
        "inside_one_month",
        "Came and went between two month-ends",
        "subscription",
        begins,
        _contract("inside", begins, (("analytics", 3),), Cancellation(begins + 11 * DAY, begins + 11 * DAY)),
    )
    disputed = instant(2024, 10, 22, 9)
    yield _case(
        "cancelled_for_dispute",
        "A charge disputed and lost, the subscription cancelled for it",
        "dispute, subscription.cancellation_details_reason",
        start,
        _contract(
            "cancelled-for-dispute",
            start,
            (("analytics", 9),),
            MoneyBack(disputed, "dispute_lost", 1000, "fraudulent"),
            Cancellation(disputed + DAY, disputed + DAY, "payment_disputed"),
        ),
    )
    begins = instant(2023, 12, 1, 2, 30)
    yield _case(
        "draft_at_export",
        "Renewed at 02:30 on the day of the export: the invoice is still a draft",
        "invoice.status",
        begins,
        _contract("draft", begins, (("network_operations", 2),)),
    )
    yield _case("nothing_bought", "A customer without any purchase", "customer", instant(2024, 4, 4, 9))


def _money_back() -> Iterator[PlantedCase]:
    start = instant(2024, 6, 2, 9)
    for key, kind, share, reason, shows in (
        ("refund_full", "refund", 1000, "requested_by_customer", "One month refunded"),
        ("refund_part", "refund", 250, "requested_by_customer", "A quarter of a month refunded"),
        (
            "credit_note_after_payment",
            "credit_note",
            300,
            "order_change",
            "A credit note on a paid invoice, refunded",
        ),
        ("credit_note_voided", "voided_note", 300, "duplicate", "A credit note issued and taken back"),
        (
            "credit_note_before_payment",
            "pre_payment",
            200,
            "order_change",
            "A credit note on an open invoice: less to pay",
        ),
        ("dispute_won", "dispute_won", 1000, "product_not_received", "A disputed charge, won"),
        ("dispute_lost", "dispute_lost", 1000, "fraudulent", "A disputed charge, lost"),
        ("dispute_open", "dispute_open", 1000, "general", "A disputed charge, not decided yet"),
    ):
        at = instant(2025, 12, 20, 9) if kind == "dispute_open" else instant(2024, 8, 4, 9)
        yield _case(
            key,
            f"{shows}; MRR is not touched",
            "refund, credit_note, dispute, balance_transaction",
            start,
            _contract(key, start, (("virtual_data_centre", 30),), MoneyBack(at, kind, share, reason)),
            pays_by="bank_transfer" if kind == "pre_payment" else "card",
        )


def _export_dirt() -> Iterator[PlantedCase]:
    start = instant(2023, 2, 2, 9)
    yield _case(
        "subscription_gone",
        "The subscription is not in the export; its paid lines are history, its open invoice does not count",
        "invoice.subscription_id",
        start,
        _contract(
            "gone",
            start,
            (("endpoint", 28),),
            PaymentTrouble(instant(2024, 2, 1), "left_open"),
            Cancellation(instant(2024, 2, 16, 9), instant(2024, 2, 16, 9), "payment_failed"),
            flaws=("subscription_missing",),
        ),
    )
    yield _case(
        "subscription_deleted",
        "The subscription's row is marked deleted",
        "subscription.is_deleted",
        start,
        _contract(
            "deleted",
            start,
            (("endpoint", 16),),
            Cancellation(instant(2023, 12, 20), instant(2024, 1, 2, 9)),
            flaws=("subscription_deleted",),
        ),
    )
    yield _case(
        "customer_deleted",
        "The customer's row is marked deleted, with two years of history",
        "customer.is_deleted",
        start,
        _contract(
            "customer-deleted",
            start,
            (("sdwan", 9),),
            Cancellation(instant(2025, 1, 10), instant(2025, 2, 2, 9)),
        ),
        flaws=("deleted",),
    )
    yield _case(
        "open_ended",
        "Agreed without an end and billed once: period_end is empty",
        "invoice_line_item.period_end",
        start,
        _contract("open-ended", start, (("network_operations", 7),), evergreen=True),
    )
    yield _case(
        "open_ended_changed",
        "Open-ended, with a new line for a new quantity, ended by the subscription",
        "invoice_line_item.period_end, subscription.ended_at",
        start,
        _contract(
            "open-ended-changed",
            start,
            (("network_operations", 7),),
            QuantityChanged(instant(2024, 3, 18, 9), "network_operations", 9),
            Cancellation(instant(2025, 4, 10), instant(2025, 4, 30, 9)),
            evergreen=True,
        ),
    )
    at = start + 200 * DAY
    yield _case(
        "test_mode",
        "Made in the processor's test mode: livemode is false in every table",
        "every table",
        start,
        _contract(
            "test-mode",
            start,
            (("sandbox", 5),),
            CouponGiven(start, coupon_for("SANDBOX50", "USD")),
            MoneyBack(at, "credit_note", 500, "duplicate"),
            MoneyBack(at - 60 * DAY, "dispute_lost", 1000, "fraudulent"),
            Cancellation(at + 30 * DAY, at + 60 * DAY),
        ),
        flaws=("test_mode",),
    )


_CHAPTERS: tuple[Callable[[], Iterator[PlantedCase]], ...] = (
    _pricing,
    _terms,
    _licences,
    _changes,
    _trials,
    _coupons,
    _interruptions,
    _endings,
    _money_back,
    _export_dirt,
)


def planted_cases() -> list[PlantedCase]:
    """All planted cases, in a fixed order; keys are unique."""
    return [case for chapter in _CHAPTERS for case in chapter()]
