"""Random accounts in the shape of raw billing rows, and how hundreds are packed into one landing folder.

Every account is valid input and means something only by itself, so that a difference found in a packed
company can be reduced account by account. Add a branch here when the definitions gain one. Input that must
be refused stays out: it would stop the whole company.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracles import answers, mrr
from tests.oracles.landing import write_landing
from tests.oracles.random_costs import CostMaker
from tests.oracles.random_crm import DEAL_STAGES, CrmMaker
from tests.oracles.random_discounts import CouponMaker
from tests.oracles.random_payments import OneOffMaker, PaymentMaker

Account = dict[str, list[dict[str, Any]]]

# The columns that hold ids of an account's own rows, made distinct when accounts are packed together.
ID_COLUMNS = {
    "id",
    "anonymous_id",
    "balance_transaction_id",
    "charge_id",
    "company_id",
    "contact_id",
    "coupon_id",
    "credit_note_id",
    "customer_id",
    "deal_id",
    "invoice_id",
    "invoice_line_item_id",
    "payout_id",
    "plan_id",
    "price_id",
    "product_id",
    "property_associatedcompanyid",
    "property_hs_merged_object_ids",
    "property_hs_parent_company_id",
    "property_stripe_customer_id",
    "subscription_id",
    "subscription_item_id",
    "type_id",
}

# Those that elsewhere are no ids.
OTHER_IDS = {("billing/balance_transaction", "source")}

PREFIX = re.compile(r"a(\d{4})\.")
PREFIX_LENGTH = 6
CURRENCIES = ("usd", "eur", "jpy", "kwd")
MONTHS = tuple(datetime(2023 + (10 + n) // 12, (10 + n) % 12 + 1, 1, tzinfo=UTC) for n in range(8))
CLOCK = datetime(2024, 6, 17, 9, 30, 0, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HALF_STEP = Decimal("0.000005")
NEAR_A_MONTH_END = (
    timedelta(0),
    timedelta(0),
    timedelta(0),
    MICROSECOND,
    -MICROSECOND,
    timedelta(seconds=-1),
    timedelta(seconds=1),
    timedelta(minutes=-1),
    timedelta(hours=-13),
    timedelta(hours=-5, minutes=-30),
    timedelta(hours=4),
    timedelta(hours=5),
    timedelta(days=-1),
    timedelta(days=1),
    timedelta(days=-1, hours=7),
)
WITHIN_A_MONTH = (
    timedelta(days=6),
    timedelta(days=13, hours=11),
    timedelta(days=19),
    timedelta(days=24, hours=23),
)
TERMS = (
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=31),
    timedelta(days=91),
    timedelta(days=365),
    timedelta(days=366),
    timedelta(hours=9),
    MICROSECOND,
)
GAPS = (
    timedelta(0),
    timedelta(0),
    timedelta(0),
    MICROSECOND,
    timedelta(days=1),
    timedelta(days=5),
    timedelta(days=5) + MICROSECOND,
    timedelta(days=33),
    timedelta(days=70),
    timedelta(days=-3),
)
STATUSES = ("active", "active", "active", "canceled", "past_due", "trialing", "unpaid", "incomplete")
RARE_STATUSES = ("incomplete_expired", "paused")
FUTURE_STATUSES = (*("active",) * 4, "trialing", "canceled", "incomplete", "incomplete_expired")
CANCELLATION_REASONS = (None, "cancellation_requested", "payment_failed", "payment_disputed")
PAUSES = ("void", "keep_as_draft", "mark_uncollectible")
INVOICE_STATUSES = ("paid",) * 12 + ("open",) * 3 + ("draft", "void", "uncollectible")
DAYS_UNTIL_DUE = (0, 0, 14, 30, 60)
DAYS_FROM_DUE_TO_SETTLED = (-5, 0, 3, 9, 10, 11, 45)
DAYS_UNTIL_START = (0, 5, 20, 31, 45, 80)
# From 100 minor units on, so that no MRR vanishes in the rounding to four decimals.
LINE_AMOUNTS = (1, 500, 9900)
METERED_AMOUNTS = (0, 1, 777, 33333, 123457)
AMOUNTS = (0, 100, 499, 999, 1000, 4999, 10000, 33333, 123457, 1200000)
QUANTITIES = (0, 1, 1, 1, 2, 3, 5, 6, 9, 10, 11, 20, 21, 50)
ITEM_MINIMUMS = (
    '{"minimum_quantity": 10}',
    '{"minimum_quantity": "6"}',
    '{"minimum_quantity": 0}',
    '{"other": 1}',
)
PRODUCT_METADATA = (
    *(None,) * 14,
    '{"licence_type": "subscription", "revenue_stream": "subscription"}',
    '{"licence_type": "maintenance"}',
    '{"licence_type": "maintenance", "revenue_stream": "maintenance"}',
    '{"licence_type": "perpetual"}',
    '{"revenue_stream": "services"}',
    '{"revenue_stream": "setup"}',
    '{"revenue_stream": "licence"}',
    '{"service_type": "security"}',
)

# Each in lower case too, one that no list of regions has, and none at all.
COUNTRIES = ("US", "DE", "de", "JP", "BR", "br", "AU", "ZA", "XX", None)
SERVICE_TYPES = ("security", "mobility", "information")
DEPLOYMENTS = ("cloud", "on_premise")


def same_day_next_month(moment: datetime) -> datetime:
    """A month on; the last day of a shorter month where there is no such day."""
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month)


class AccountMaker:
    """Makes the rows of one account, drawing every decision from one source of randomness."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.rows: Account = defaultdict(list)
        self.id_count = 0
        self.moments: list[datetime] = []

    def make(self) -> Account:
        customer = self.new_id("cus")
        if self.chance(0.96):
            self.rows["billing/customer"].append(self.customer_row(customer))
        prices = [self.make_price() for _ in range(self.source.randint(1, 4))]
        bundle = self.make_prices_of_one_kind() if self.chance(0.3) else []
        metered = self.make_metered_price() if self.chance(0.35) else None
        uneven = self.make_uneven_prices() if self.chance(0.1) else []
        everything = [*prices, *bundle, *uneven, *([metered] if metered else [])]
        coupons = CouponMaker(self.source, self.add, {price["currency"] for price in everything})
        for _ in range(self.source.choice((1, 1, 1, 2, 3))):
            wares = [prices] * self.source.choice((1, 1, 1, 2, 3))
            if metered is not None and self.chance(0.7):
                wares.append([metered])
            self.make_subscription(customer, wares, coupons, coupons.choose_some())
        if bundle:
            off = coupons.make_amount_off(bundle[0]["currency"])
            usual = [off, *coupons.choose_some()]
            wares = [bundle] * self.source.choice((2, 3, 4))
            self.make_subscription(customer, wares, coupons, usual, start=self.moment())
        if self.chance(0.3):
            self.make_later_subscription(customer, prices, coupons)
        if uneven:
            self.make_uneven_move(customer, uneven, coupons)
        self.make_money(customer, everything[0]["currency"])
        CrmMaker(random.Random(self.source.random()), self.rows, self.new_id).make(customer)
        return dict(self.rows)

    def make_money(self, customer: str, currency: str) -> None:
        """Last, so that the decisions before it stay what they are."""
        source = random.Random(self.source.random())
        OneOffMaker(source, self.add, self.moment).make(customer, currency)
        PaymentMaker(source, self.rows, self.add).make()

    def customer_row(self, customer: str) -> dict[str, Any]:
        return {
            "id": customer,
            "created": self.source.choice((*(MONTHS[0],) * 9, MONTHS[-1])),
            "address_country": self.source.choice(COUNTRIES),
            "is_deleted": self.chance(0.05) or None,
            "livemode": False if self.chance(0.03) else None,
        }

    # Small decisions.

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def new_id(self, kind: str) -> str:
        """Ids whose binary order is neither that of creation nor that of a dictionary."""
        self.id_count += 1
        return f"{kind}_{self.source.choice('aB1_Zé9')}{self.id_count}"

    def add(self, table: str, kind: str, **values: Any) -> str:
        row_id = self.new_id(kind)
        self.rows[table].append(
            {"id": row_id, **{name: value for name, value in values.items() if value is not None}}
        )
        return row_id

    def moment(self) -> datetime:
        """Mostly at a month's edge, sometimes within, sometimes where something else already happened."""
        if self.moments and self.chance(0.3):
            chosen = self.source.choice(self.moments) + self.source.choice(
                (timedelta(0), timedelta(0), MICROSECOND)
            )
        else:
            offsets = NEAR_A_MONTH_END if self.chance(0.7) else WITHIN_A_MONTH
            chosen = self.source.choice(MONTHS) + self.source.choice(offsets)
        self.moments.append(chosen)
        return chosen

    def moment_within(self, start: datetime, end: datetime | None) -> datetime:
        inside = [known for known in self.moments if start < known and (end is None or known < end)]
        if inside and self.chance(0.5):
            return self.source.choice(inside)
        span = (end or start + timedelta(days=60)) - start
        chosen = start + span * self.source.choice((1, 2, 3)) / 4
        self.moments.append(chosen)
        return chosen

    # What is sold.

    def make_price(self) -> dict[str, Any]:
        product = self.new_id("prod")
        if self.chance(0.85):
            is_deleted = self.chance(0.05) or None
            self.rows["billing/product"].append(
                {"id": product, "metadata": self.product_metadata(), "is_deleted": is_deleted}
            )
        if self.chance(0.2):
            catalogued = self.source.choice((None, None, None, "perpetual", "maintenance", "subscription"))
            self.rows["policy/product_catalogue"].append(
                {"product_id": product, "licence_type": catalogued, **self.product_segments()}
            )
        price = {
            "product_id": product,
            "currency": self.source.choice(CURRENCIES),
            "interval": self.source.choice(("month", "month", "month", "year", "year", "week", "day")),
            "interval_count": self.source.choice((None, 1, 1, 2, 3, 6)),
            "usage_type": self.source.choice((None, *("licensed",) * 10, "metered")),
        }
        if self.chance(0.15):
            return self.make_plan(price)
        return self.make_newer_price(price)

    def make_prices_of_one_kind(self) -> list[dict[str, Any]]:
        """Two or three that are billed together: an amount off their invoice is spread over them."""
        shared = {
            "currency": self.source.choice(CURRENCIES),
            "interval": self.source.choice(("month", "month", "month", "year", "week")),
            "interval_count": self.source.choice((None, 1, 1, 3)),
            "usage_type": "licensed",
            "product_id": self.new_id("prod"),
        }
        if self.chance(0.5):
            # Prices of one product, the second being what it costs by now.
            return [self.make_newer_price(shared) for _ in range(2)]
        return [
            self.make_newer_price({**shared, "product_id": self.new_id("prod")})
            for _ in range(self.source.choice((2, 2, 3)))
        ]

    def make_uneven_prices(self) -> list[dict[str, Any]]:
        """A product, and three of half its price: what it loses cannot be shared out evenly over them."""
        currency = self.source.choice(CURRENCIES)
        prices = [
            {
                "id": self.new_id("price"),
                "product_id": self.new_id("prod"),
                "currency": currency,
                "recurring_interval": "month",
                "unit_amount": unit_amount,
            }
            for unit_amount in (10000, 5000, 5000, 5000)
        ]
        self.rows["billing/price"] += prices
        return prices

    def make_metered_price(self) -> dict[str, Any]:
        price = {
            "product_id": self.new_id("prod"),
            "currency": self.source.choice(CURRENCIES),
            "interval": "month",
            "interval_count": None,
            "usage_type": "metered",
            "id": self.new_id("price"),
        }
        row = self.as_price_row(price) | {"unit_amount": 1}
        self.rows["billing/price"].append(row)
        return row

    def product_metadata(self) -> str | None:
        described = json.loads(self.source.choice(PRODUCT_METADATA) or "{}") | self.product_segments()
        return json.dumps(described) if described else None

    def product_segments(self) -> dict[str, str]:
        """What segments a product is in, each known more often than not."""
        segments = {}
        if self.chance(0.7):
            segments["service_type"] = self.source.choice(SERVICE_TYPES)
        if self.chance(0.7):
            segments["deployment"] = self.source.choice(DEPLOYMENTS)
        return segments

    def make_plan(self, price: dict[str, Any]) -> dict[str, Any]:
        plan = {**price, "id": self.new_id("plan"), "amount": self.source.choice(AMOUNTS)}
        self.rows["billing/plan"].append(plan)
        if self.chance(0.15):
            # The same id as a price: the price is the one that is read.
            self.rows["billing/price"].append(
                self.as_price_row({**price, "id": plan["id"]}) | {"unit_amount": 777}
            )
        return plan

    def make_newer_price(self, price: dict[str, Any]) -> dict[str, Any]:
        row = self.as_price_row({**price, "id": self.new_id("price")})
        form = self.source.choice(
            ("per_unit", "per_unit", "decimal", "packages", "volume", "graduated", "graduated")
        )
        if form in {"volume", "graduated"}:
            row |= {"billing_scheme": "tiered", "tiers_mode": form}
            self.make_tiers(row["id"])
        else:
            row |= {"billing_scheme": "per_unit", "unit_amount": self.source.choice(AMOUNTS)}
        if form == "decimal":
            row["unit_amount_decimal"] = self.source.choice(
                ("250.5", "1234.567800000001", "833.333333333333")
            )
        if form == "packages":
            row["transform_quantity_divide_by"] = self.source.choice((1, 2, 10))
            row["transform_quantity_round"] = self.source.choice(("up", "down"))
        self.rows["billing/price"].append(row)
        return row

    def as_price_row(self, price: dict[str, Any]) -> dict[str, Any]:
        row = {
            "id": price["id"],
            "product_id": price["product_id"],
            "currency": price["currency"],
            "recurring_interval": price["interval"],
            "recurring_interval_count": price["interval_count"],
            "recurring_usage_type": price["usage_type"],
            "type": self.source.choice((None, "recurring", "recurring")),
            "is_deleted": self.chance(0.05) or None,
        }
        if self.chance(0.06):
            row |= {"type": "one_time", "recurring_interval": None}
        return row

    def make_tiers(self, price_id: str) -> None:
        """One to four tiers; the last has an upper bound only where no quantity can exceed it."""
        bounds: list[int | None] = [*self.source.choice(((), (5,), (9,), (1, 10), (5, 10, 20)))]
        bounds.append(self.source.choice((None, None, 1000)))
        for index, bound in enumerate(bounds):
            tier: dict[str, Any] = {"price_id": price_id, "index": index, "up_to": bound}
            if self.chance(0.85):
                tier["unit_amount"] = self.source.choice(AMOUNTS)
            if self.chance(0.15):
                tier["unit_amount_decimal"] = self.source.choice(("99.5", "100.125"))
            if self.chance(0.4):
                tier["flat_amount"] = self.source.choice(AMOUNTS)
            self.rows["billing/price_tier"].append(tier)

    # Who buys it, and what was invoiced.

    def make_subscription(
        self,
        customer: str,
        wares: Sequence[Sequence[dict[str, Any]]],
        coupons: CouponMaker,
        usual_coupons: Sequence[dict[str, Any]],
        *,
        start: datetime | None = None,
    ) -> None:
        """One item for each choice of prices; all begin together where a start is given."""
        subscription = self.new_id("sub")
        for prices in wares:
            item = self.new_id("si")
            self.make_item_row(item, subscription)
            maker = ItemMaker(
                self,
                customer=customer,
                subscription=subscription,
                item=item,
                prices=prices,
                coupons=coupons,
                usual_coupons=usual_coupons,
            )
            maker.make(start or self.moment(), looks_back=self.chance(0.35))
        coupons.make_windows(customer, subscription, self.moments)
        if self.chance(0.92):
            status = self.source.choice(STATUSES if self.chance(0.9) else RARE_STATUSES)
            created = self.source.choice(MONTHS)
            row = {
                "id": subscription,
                "customer_id": customer,
                "status": status,
                "created": created,
                "start_date": created if self.chance(0.3) else None,
            }
            row |= self.trial() if self.chance(0.4) else {}
            row |= self.end_of_subscription()
            row |= {"pause_collection_behavior": self.source.choice(PAUSES)} if self.chance(0.15) else {}
            row |= {"is_deleted": True} if self.chance(0.05) else {}
            row |= {"livemode": False} if self.chance(0.05) else {}
            self.rows["billing/subscription"].append(row)

    def end_of_subscription(self) -> dict[str, Any]:
        """Notice with or without an end, an end with or without notice, and sometimes why."""
        row: dict[str, Any] = {}
        if self.chance(0.35):
            row["ended_at"] = self.moment()
        if self.chance(0.5 if row else 0.25):
            row["canceled_at"] = self.moment() if self.chance(0.7) else row.get("ended_at")
        if row:
            row["cancellation_details_reason"] = self.source.choice(CANCELLATION_REASONS)
        return row

    def make_later_subscription(
        self, customer: str, prices: Sequence[dict[str, Any]], coupons: CouponMaker
    ) -> None:
        """Agreed now and started later, with or without service by then; perhaps called off in between."""
        subscription = self.new_id("sub")
        usual = coupons.choose_some()
        created = self.moment()
        start = created + timedelta(days=self.source.choice(DAYS_UNTIL_START))
        if self.chance(0.3):
            start = max(created, self.moment())
        for _ in range(self.source.choice((1, 1, 2, 3))):
            item = self.new_id("si")
            self.make_agreed_item_row(item, subscription, self.source.choice(prices))
            if self.chance(0.5):
                maker = ItemMaker(
                    self,
                    customer=customer,
                    subscription=subscription,
                    item=item,
                    prices=prices,
                    coupons=coupons,
                    usual_coupons=usual,
                )
                maker.make(start, looks_back=False)
        row: dict[str, Any] = {
            "id": subscription,
            "customer_id": customer,
            "status": self.source.choice(FUTURE_STATUSES),
            "created": created,
            "start_date": start,
            "livemode": False if self.chance(0.05) else None,
        }
        if self.chance(0.3):
            row["canceled_at"] = self.moment_within(created, start) if start > created else created
        if self.chance(0.15):
            row["ended_at"] = row.get("canceled_at") or self.moment()
        self.rows["billing/subscription"].append(row)

    def make_uneven_move(self, customer: str, prices: Sequence[dict[str, Any]], coupons: CouponMaker) -> None:
        """The dear one of ``make_uneven_prices`` gives way to the cheap ones, or they to it."""
        subscription = self.new_id("sub")
        start = self.moment()
        moved = same_day_next_month(start)
        before, after = [prices[:1], prices[1:]] if self.chance(0.5) else [prices[1:], prices[:1]]
        for sold, begins, ends in (
            (before, start, moved),
            (after, moved, same_day_next_month(moved)),
        ):
            invoice = {
                "id": self.new_id("in"),
                "customer_id": customer,
                "status": "paid",
                "currency": prices[0]["currency"],
                "created": begins,
            }
            self.rows["billing/invoice"].append(invoice)
            for price in sold:
                maker = ItemMaker(
                    self,
                    customer=customer,
                    subscription=subscription,
                    item=self.new_id("si"),
                    prices=[price],
                    coupons=coupons,
                    usual_coupons=[],
                )
                maker.add_line(invoice, begins, ends, quantity=1, amount=100, is_proration=False)

    def make_agreed_item_row(self, item: str, subscription: str, price: dict[str, Any]) -> None:
        self.rows["billing/subscription_item"].append(
            {
                "id": item,
                "subscription_id": subscription,
                "plan_id" if "amount" in price else "price_id": price["id"],
                "quantity": self.source.choice(QUANTITIES),
                "metadata": self.source.choice(ITEM_MINIMUMS) if self.chance(0.25) else None,
            }
        )

    def make_item_row(self, item: str, subscription: str) -> None:
        if self.chance(0.85):
            metadata = self.source.choice(ITEM_MINIMUMS) if self.chance(0.25) else None
            row = {"id": item, "subscription_id": subscription, "metadata": metadata}
            self.rows["billing/subscription_item"].append(row)

    def trial(self) -> dict[str, Any]:
        start = min(self.moments) if self.chance(0.5) else self.moment()
        end = start + self.source.choice((timedelta(days=14), timedelta(days=31), timedelta(0)))
        if self.chance(0.3):
            end = self.moment()
        trial: dict[str, Any] = {"trial_start": start, "trial_end": end}
        if self.chance(0.2):
            del trial[self.source.choice(("trial_start", "trial_end"))]
        return trial


class ItemMaker:
    """Invoices one subscription item through its life: renewals, changes, gaps, and what is hard to read."""

    def __init__(
        self,
        account: AccountMaker,
        *,
        customer: str,
        subscription: str,
        item: str,
        prices: Sequence[dict[str, Any]],
        coupons: CouponMaker,
        usual_coupons: Sequence[dict[str, Any]],
    ) -> None:
        self.account = account
        self.coupons = coupons
        self.usual_coupons = usual_coupons
        self.source = account.source
        self.customer = customer
        self.subscription = subscription
        self.item = item
        self.price = self.source.choice(prices)
        in_its_currency = [price for price in prices if price["currency"] == self.price["currency"]]
        self.prices = prices if self.account.chance(0.1) else in_its_currency
        self.quantity = self.source.choice(QUANTITIES)
        self.is_free = self.account.chance(0.2)
        self.invoice: dict[str, Any] | None = None

    def make(self, start: datetime, *, looks_back: bool) -> None:
        if looks_back:
            self.state_a_year_before(start)
        for _ in range(self.source.choice((1, 1, 2, 3, 4, 6))):
            end = self.period_end(start)
            self.state(start, end)
            self.is_free = self.is_free and self.account.chance(0.3)
            if self.account.chance(0.45):
                self.change_within(start, end)
            if self.account.chance(0.1):
                self.state(start, end)
            start = (end or start + timedelta(days=45)) + self.source.choice(GAPS)
        if self.account.chance(0.1):
            self.state(start, start, is_proration=self.account.chance(0.5))

    def state_a_year_before(self, later: datetime) -> None:
        """What retention looks back on: a term long ago, up to what follows, or shorter, or longer."""
        start = later - timedelta(days=self.source.choice((334, 366, 397)))
        self.state(start, self.source.choice((later, later, same_day_next_month(start), None)))
        if self.account.chance(0.5):
            self.choose_other_terms()

    def period_end(self, start: datetime) -> datetime | None:
        if self.account.chance(0.05):
            return None
        if self.account.chance(0.75):
            return same_day_next_month(start)
        return start + self.source.choice(TERMS)

    def change_within(self, start: datetime, end: datetime | None) -> None:
        """Proration pairs at some moments of a period; a credit alone; or a statement without a credit."""
        for _ in range(self.source.choice((1, 1, 2, 3))):
            moment = self.account.moment_within(start, end)
            self.invoice = None
            kind = self.source.choice(("pair", "pair", "pair", "credit", "overlap", "up and down"))
            if kind in {"pair", "credit", "up and down"}:
                self.state(moment, end, is_proration=True, sign=-1)
            if kind in {"pair", "up and down"}:
                self.choose_other_terms()
                self.state(moment, end, is_proration=True)
            if kind == "up and down":
                later = moment + self.source.choice((timedelta(0), timedelta(hours=2)))
                if end is None or later <= end:
                    self.state(later, end, is_proration=True, sign=-1)
                    self.choose_other_terms()
                    self.state(later, end, is_proration=True)
            if kind == "overlap":
                self.state(moment, moment + self.source.choice(TERMS), is_proration=self.account.chance(0.5))

    def choose_other_terms(self) -> None:
        if self.account.chance(0.6):
            self.price = self.source.choice(self.prices)
        if self.account.chance(0.7):
            self.quantity = self.source.choice(QUANTITIES)

    def state(
        self, start: datetime, end: datetime | None, *, is_proration: bool = False, sign: int = 1
    ) -> None:
        """The lines of one statement: one, or for a tiered price perhaps one per tier, with flat fees."""
        invoice = self.choose_invoice(start)
        is_metered = "metered" in {self.price.get("usage_type"), self.price.get("recurring_usage_type")}
        if is_metered and end is None:
            # Use is known when its period has ended.
            end = same_day_next_month(start)
        quantities = [self.quantity]
        if self.price.get("billing_scheme") == "tiered" and self.account.chance(0.6):
            first = self.source.randint(0, self.quantity)
            quantities = [first, self.quantity - first] + [0] * self.source.choice((0, 1))
        for quantity in quantities:
            amounts = METERED_AMOUNTS if is_metered else LINE_AMOUNTS
            amount = 0 if self.is_free else sign * self.source.choice(amounts)
            line = self.add_line(
                invoice, start, end, quantity=quantity, amount=amount, is_proration=is_proration
            )
            if sign < 0 and self.account.chance(0.7):
                line["description"] = "Unused time on it"
            self.coupons.discount_line(line["id"], self.price["currency"], self.usual_coupons)

    def choose_invoice(self, start: datetime) -> dict[str, Any]:
        """The one at hand or a new one, created at the start, a little later, or with a later cycle."""
        if self.invoice is not None and self.account.chance(0.25) and self.is_in_its_currency(self.invoice):
            return self.invoice
        late = self.source.choice(
            (timedelta(0), timedelta(0), timedelta(hours=1), timedelta(days=31), timedelta(days=-9))
        )
        created = start + late
        finalized = None if self.account.chance(0.3) else created + timedelta(hours=1)
        status = self.source.choice(INVOICE_STATUSES)
        self.invoice = {
            "id": self.account.new_id("in"),
            "customer_id": self.customer,
            "subscription_id": self.subscription if self.account.chance(0.7) else None,
            "status": status,
            "currency": self.price["currency"],
            "created": created,
            "status_transitions_finalized_at": finalized,
            **self.due_and_settled(status, finalized or created),
            "livemode": False if self.account.chance(0.03) else None,
            "is_deleted": True if self.account.chance(0.03) else None,
        }
        self.account.rows["billing/invoice"].append(self.invoice)
        return self.invoice

    def is_in_its_currency(self, invoice: dict[str, Any]) -> bool:
        return bool(invoice["currency"] == self.price["currency"])

    def due_and_settled(self, status: str, finalized: datetime) -> dict[str, Any]:
        """Due when it is finalised or later, settled before or after that, and dates that are missing."""
        due = finalized + timedelta(days=self.source.choice(DAYS_UNTIL_DUE))
        if self.account.chance(0.2):
            due = self.account.moment()
        settled = due + timedelta(days=self.source.choice(DAYS_FROM_DUE_TO_SETTLED))
        if self.account.chance(0.2):
            settled = self.account.moment()
        row: dict[str, Any] = {"due_date": due if self.account.chance(0.7) else None}
        transition = {"paid": "paid", "void": "voided", "uncollectible": "marked_uncollectible"}.get(status)
        if transition is not None and self.account.chance(0.8):
            # Money may come early; nothing is taken back before it was billed.
            is_early = transition != "paid" and settled < finalized
            row[f"status_transitions_{transition}_at"] = finalized if is_early else settled
        if status == "paid" and self.account.chance(0.06):
            # Written off, and paid after all.
            row["status_transitions_marked_uncollectible_at"] = max(due, finalized)
        return row

    def add_line(
        self,
        invoice: dict[str, Any],
        start: datetime,
        end: datetime | None,
        *,
        quantity: int,
        amount: int,
        is_proration: bool,
    ) -> dict[str, Any]:
        is_plan = "amount" in self.price
        line: dict[str, Any] = {
            "invoice_id": invoice["id"],
            "subscription_id": self.subscription if self.account.chance(0.6) else None,
            "subscription_item_id": self.item if self.account.chance(0.93) else None,
            "price_id": self.price["id"] if not is_plan or self.account.chance(0.3) else None,
            "plan_id": self.price["id"] if is_plan else None,
            "type": "invoiceitem" if is_proration else "subscription",
            "amount": amount,
            "currency": self.price["currency"],
            "quantity": quantity,
            "proration": is_proration,
            "period_start": start,
            "period_end": end,
            "livemode": False if self.account.chance(0.02) else None,
            "is_deleted": True if self.account.chance(0.02) else None,
        }
        if self.account.chance(0.03):
            # A one-off charge: neither a subscription line nor a proration.
            line |= {"type": "invoiceitem", "proration": False}
        if invoice["status"] in {"draft", "void"} and self.account.chance(0.5):
            # What does not count may be broken.
            line |= {"quantity": None, "period_start": None}
        self.account.add("billing/invoice_line_item", "il", **line)
        return self.account.rows["billing/invoice_line_item"][-1]


def random_account(source: random.Random) -> Account:
    """One account: raw rows by "<source>/<table>"; the first customer's id is its account id."""
    return AccountMaker(source).make()


def random_accounts(seed: str, count: int) -> list[Account]:
    """The same accounts for the same seed, each independent of how many there are."""
    return [random_account(random.Random(f"{seed}/{number}")) for number in range(count)]


def ledger_currencies() -> list[dict[str, Any]]:
    return [{"id": str(number), "symbol": code.upper()} for number, code in enumerate(CURRENCIES, start=1)]


def random_rates(source: random.Random, base: str) -> list[dict[str, Any]]:
    """Exchange rates that move, at most seven days apart, by ISO code or by the ledger's own id.

    Some rates are for other bases than the one asked for, and some make a conversion end in a rounding tie.
    """
    names = {row["symbol"]: source.choice((row["symbol"], row["id"])) for row in ledger_currencies()}
    around = {"JPY": 650, "KWD": 325000, "EUR": 110000, "USD": 90000}
    rows = []
    for code in sorted({*names} - {base}):
        day = date(2022, 9, 1)
        while day <= date(2032, 1, 1):
            rate = Decimal(around[code] + source.randint(-40, 40)).scaleb(-5)
            shared = {"transactioncurrency": names[code], "effectivedate": day}
            rows.append(
                shared | {"basecurrency": names[base], "exchangerate": rate + source.choice((0, HALF_STEP))}
            )
            rows.append(shared | {"basecurrency": "GBP", "exchangerate": "7"})
            day += timedelta(days=source.choice((1, 4, 7, 7, 7)))
    return rows


@dataclass(frozen=True)
class PackedCompany:
    """A landing folder made of many accounts, and what else decides its numbers."""

    landing: Path
    as_of: date | None
    policies: Mapping[str, str]
    product_catalogue: Mapping[str, Mapping[str, str]]

    def expected(self) -> dict[str, list[mrr.MartRow]]:
        """What the oracle says about it.

        Raises:
            mrr.OracleError: an account in it must stop publication.
        """
        return answers.answer(
            self.landing, as_of=self.as_of, policies=self.policies, product_catalogue=self.product_catalogue
        )


def account_prefix(position: int) -> str:
    return f"a{position:04d}."


def positions_of(key: Iterable[Any]) -> set[int]:
    """Which of the packed accounts the ids in a row's key belong to: the account's own, or its product's."""
    prefixes = [PREFIX.match(part) for part in key if isinstance(part, str)]
    return {int(prefix[1]) for prefix in prefixes if prefix}


def is_id(table: str, column: str) -> bool:
    return column in ID_COLUMNS or (table, column) in OTHER_IDS


def with_distinct_ids(account: Account, position: int) -> Account:
    prefix = account_prefix(position)
    return {
        table: [
            {
                name: prefix + value
                if value and (name in ID_COLUMNS or (table, name) in OTHER_IDS)
                else value
                for name, value in row.items()
            }
            for row in rows
        ]
        for table, rows in account.items()
    }


def pack(
    packed_accounts: Iterable[Account],
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    rate_seed: str = "rates",
    cost_seed: str | None = None,
) -> PackedCompany:
    """Writes accounts as one export; what it is made of is in ``packed_tables``."""
    policies = dict(policies or {})
    tables = packed_tables(packed_accounts, policies, rate_seed, cost_seed)
    return write_company(tables, landing, as_of=as_of, policies=policies)


def packed_tables(
    packed_accounts: Iterable[Account],
    policies: Mapping[str, str],
    rate_seed: str = "rates",
    cost_seed: str | None = None,
) -> Account:
    """Accounts as one export; the n-th account's ids begin with ``a<n>.``; all share one clock.

    Where costs have a seed there is a ledger of them, too, which is of no one account.
    """
    tables: Account = defaultdict(list)
    for position, account in enumerate(packed_accounts):
        for table, rows in with_distinct_ids(account, position).items():
            tables[table] += rows
    tables["billing/customer"].append({"id": "clock", "created": MONTHS[0], "_fivetran_synced": CLOCK})
    base = policies.get("reporting_currency", "USD")
    if "crm/deal" in tables:
        tables["crm/deal_pipeline_stage"] = [dict(stage) for stage in DEAL_STAGES]
    tables["ledger/currency"] = ledger_currencies()
    tables["ledger/currencyrate"] = random_rates(random.Random(rate_seed), base)
    tables["policy/metric_policies"] = [
        {"policy_key": key, "policy_value": value, "authority": "test", "why": "test"}
        for key, value in policies.items()
    ]
    if cost_seed is not None:
        customers = [row["id"] for row in tables["billing/customer"]]
        for table, rows in CostMaker(random.Random(cost_seed), customers, base).make().items():
            tables[table] = tables[table] + rows if table.startswith("crm/") else rows
    return tables


def write_company(
    tables: Account, landing: Path, *, as_of: date | None = None, policies: Mapping[str, str] | None = None
) -> PackedCompany:
    """Writes an export, and says what else decides its numbers."""
    write_landing(landing, tables)
    catalogue = {row["product_id"]: row for row in tables.get("policy/product_catalogue", [])}
    return PackedCompany(landing, as_of, policies or {}, catalogue)
