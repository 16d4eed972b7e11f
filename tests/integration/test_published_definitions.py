"""Worked examples of MRR that vendors publish, from an export to the numbers under each vendor's definition.

Add an example with its source's title and numbers; a slip of the source is put right and said so. One export
holds them all, an account each, as of 10 June 2024. What one policy alone does is for dbt's unit tests.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

OURS = "tieout"
AS_OF = "2024-06-10"


@dataclass
class Export:
    """Billing tables being written, rows by table; ids count up."""

    tables: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, **columns: object) -> str:
        """Adds a row and gives its id."""
        row_id = str(columns.pop("id", f"{table}_{len(self.tables[table]) + 1}"))
        self.tables[table].append({"id": row_id, **columns})
        return row_id

    def price(self, amount: int, interval: str, count: int = 1) -> str:
        """A recurring price in cents."""
        terms = {"unit_amount": amount, "recurring_interval": interval, "recurring_interval_count": count}
        return self.add("price", product_id="prod", currency="usd", type="recurring", **terms)

    def subscription(self, account: str, **columns: object) -> str:
        """A subscription of an account that may have others already."""
        if account not in {row["id"] for row in self.tables["customer"]}:
            self.add("customer", id=account, created="2023-01-01", currency="usd")
        return self.add("subscription", customer_id=account, created="2023-01-01", **columns)

    def bill(
        self,
        subscription: str,
        item: str,
        price: str,
        period: tuple[str, str],
        *,
        quantity: int = 1,
        amount: int = 1000,
        status: str = "paid",
        coupon: str | None = None,
    ) -> None:
        """A paid invoice of one line at the start of its period, discounted by a coupon."""
        row = next(row for row in self.tables["subscription"] if row["id"] == subscription)
        start, end = period
        dates = {"created": start, "status_transitions_finalized_at": start, "due_date": end}
        if status == "paid":
            dates["status_transitions_paid_at"] = start
        invoice = self.add(
            "invoice",
            **{"customer_id": row["customer_id"], "subscription_id": subscription},
            **{"status": status, "currency": "usd"},
            **dates,
        )
        line = self.add(
            "invoice_line_item",
            **{"invoice_id": invoice, "subscription_id": subscription, "subscription_item_id": item},
            **{"price_id": price, "type": "subscription", "amount": amount, "currency": "usd"},
            **{"quantity": quantity, "proration": "false", "period_start": start, "period_end": end},
        )
        if coupon:
            self.add("discount", type="line item", type_id=line, amount=1, coupon_id=coupon)

    def write(self, folder: Path) -> Path:
        """Writes the tables as a landing folder."""
        (folder / "billing").mkdir(parents=True)
        for table, rows in self.tables.items():
            names = list(dict.fromkeys(name for row in rows for name in row))
            with (folder / "billing" / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(rows)
        return folder


def published_examples() -> Export:
    """Every example as a billing export."""
    export = Export()
    may, june = ("2024-05-01", "2024-06-01"), ("2024-06-01", "2024-07-01")
    year = ("2024-01-15", "2025-01-15")
    month_5, month_10 = export.price(500, "month"), export.price(1000, "month")
    month_100, year_600 = export.price(10000, "month"), export.price(60000, "year")
    year_120, year_500 = export.price(12000, "year"), export.price(50000, "year")
    year_1200, quarter_90 = export.price(120000, "year"), export.price(9000, "month", 3)
    month_30, month_50 = export.price(3000, "month"), export.price(5000, "month")
    month_70, week_10, day_10 = (
        export.price(7000, "month"),
        export.price(1000, "week"),
        export.price(1000, "day"),
    )

    def coupon(percent: int, duration: str, months: int | None = None) -> str:
        return export.add("coupon", percent_off=percent, duration=duration, duration_in_months=months)

    def served(
        account: str, price: str, *periods: tuple[str, str], quantity: int = 1, of: str | None = None
    ) -> None:
        subscription = export.subscription(account, status="active")
        for period in periods:
            export.bill(subscription, f"si_{subscription}", price, period, quantity=quantity, coupon=of)

    served("stripe_plans", month_100, may, june, quantity=100)
    served("stripe_plans", year_600, year, quantity=50)
    served("stripe_annual", year_1200, year)
    served("stripe_half_for_ever", month_100, may, june, of=coupon(50, "forever"))
    served("stripe_half_for_six_months", month_100, may, june, of=coupon(50, "repeating", 6))
    served("stripe_half_once", month_100, june, of=coupon(50, "once"))

    served("chartmogul_quarter", quarter_90, ("2024-04-01", "2024-07-01"))
    for _ in range(5):
        served("chartmogul_five_and_two", month_5, june)
    for _ in range(2):
        served("chartmogul_five_and_two", month_30, june)
    gold = export.subscription("chartmogul_syncalytics", status="canceled", ended_at="2024-04-01")
    export.bill(gold, "si_gold", year_500, ("2023-04-01", "2024-04-01"), quantity=4)
    silver = export.subscription("chartmogul_syncalytics", status="canceled", ended_at="2023-07-20")
    export.bill(silver, "si_silver", month_30, ("2023-05-05", "2023-06-05"), quantity=2)
    export.bill(silver, "si_silver", month_30, ("2023-06-05", "2023-07-05"), quantity=2)
    served("chartmogul_syncalytics", month_50, june, quantity=3)
    paused = export.subscription("chartmogul_paused", status="active", pause_collection_behavior="void")
    export.bill(paused, "si_paused", month_100, may)
    export.bill(paused, "si_paused", month_100, june, status="void")

    served("profitwell_tenth_of_a_year", year_120, year, of=coupon(10, "repeating", 12))
    served("profitwell_tenth_of_a_month", month_10, may, of=coupon(10, "once"))
    served("profitwell_tenth_of_a_month", month_10, june)
    sarah = export.subscription("profitwell_sarah", status="active", canceled_at="2024-06-08")
    for period in (("2024-04-15", "2024-05-15"), ("2024-05-15", "2024-06-15")):
        export.bill(sarah, "si_sarah", month_10, period)
    first_month = export.subscription("profitwell_first_month", status="canceled", ended_at="2024-05-06")
    export.bill(first_month, "si_first_month", month_100, ("2024-05-05", "2024-05-06"))

    served("paddle_week", week_10, ("2024-06-05", "2024-06-12"))
    served("paddle_day", day_10, ("2024-06-10", "2024-06-11"))

    tenth = coupon(10, "forever")
    served("chargebee_plan_and_addon", month_100, june, of=tenth)
    served("chargebee_plan_and_addon", month_100, june, quantity=3, of=tenth)
    served("chargebee_year", year_1200, year, of=coupon(10, "repeating", 12))
    served("chargebee_month", month_100, june, of=coupon(10, "repeating", 12))
    decrease = export.subscription("chargebee_decrease", status="active")
    export.bill(decrease, "si_decrease", month_100, may)
    export.bill(decrease, "si_decrease", month_70, june)
    return export


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory, build_warehouse: Callable[..., Path]
) -> duckdb.DuckDBPyConnection:
    landing = published_examples().write(tmp_path_factory.mktemp("examples") / "landing")
    return duckdb.connect(str(build_warehouse(landing, as_of=AS_OF)), read_only=True)


def mrr(warehouse: duckdb.DuckDBPyConnection, account: str, definition_set: str, month: date) -> Decimal:
    """MRR of an account under a definition set: ours with its differences."""
    value = warehouse.execute(
        """
        select
            coalesce((
                select sum(closing_mrr_amount) from marts.fct_mrr_by_account_month
                where account_id = $account and month = $month
            ), 0) + coalesce((
                select sum(difference_amount) from marts.fct_definition_comparison_by_account_month
                where account_id = $account and month = $month and definition_set = $definition_set
            ), 0)
        """,
        {"account": account, "month": month, "definition_set": definition_set},
    ).fetchone()
    assert value is not None
    return Decimal(value[0])


MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)

EXAMPLES = {
    # Its formula divides 800 where its text says 600 a year; the 12,500 that it prints is that of 600.
    "Stripe, Billing metric definitions: plans A and B": [
        ("stripe_plans", definition, JUNE, "12500") for definition in (OURS, "stripe")
    ],
    "Stripe, Billing Analytics: an annual subscription": [
        ("stripe_annual", definition, JUNE, "100") for definition in (OURS, "stripe")
    ],
    "Stripe, Impact of discounts and coupons on MRR": [
        ("stripe_half_for_ever", "stripe", JUNE, "50"),
        ("stripe_half_for_six_months", "stripe", JUNE, "100"),
        ("stripe_half_once", "stripe", JUNE, "100"),
        ("stripe_half_for_ever", OURS, JUNE, "50"),
        ("stripe_half_for_six_months", OURS, JUNE, "50"),
        ("stripe_half_once", OURS, JUNE, "100"),
    ],
    "ChartMogul, Metric: Monthly Recurring Revenue: five at 5 and two at 30": [
        ("chartmogul_five_and_two", definition, JUNE, "85") for definition in (OURS, "chartmogul")
    ],
    "ChartMogul, How MRR is calculated from prorated invoices: three months": [
        ("chartmogul_quarter", definition, JUNE, "30") for definition in (OURS, "chartmogul")
    ],
    "ChartMogul, Lifecycle of a Subscription": [
        ("chartmogul_syncalytics", "chartmogul", date(2023, 4, 1), "166.6667"),
        ("chartmogul_syncalytics", "chartmogul", date(2023, 5, 1), "226.6667"),
        ("chartmogul_syncalytics", "chartmogul", date(2024, 3, 1), "166.6667"),
        ("chartmogul_syncalytics", "chartmogul", date(2024, 4, 1), "0"),
        ("chartmogul_syncalytics", "chartmogul", JUNE, "150"),
    ],
    "ChartMogul, Handling paused subscriptions": [
        ("chartmogul_paused", "chartmogul", JUNE, "100"),
        ("chartmogul_paused", "profitwell", JUNE, "0"),
        ("chartmogul_paused", OURS, JUNE, "0"),
    ],
    "ProfitWell, Discounts and Credits": [
        ("profitwell_tenth_of_a_year", "profitwell", JUNE, "9"),
        ("profitwell_tenth_of_a_month", "profitwell", MAY, "9"),
        ("profitwell_tenth_of_a_month", "profitwell", JUNE, "10"),
        ("profitwell_tenth_of_a_year", OURS, JUNE, "10"),
        ("profitwell_tenth_of_a_month", OURS, MAY, "10"),
    ],
    "ProfitWell, Churn: Sarah, between her notice of 8 June and the end of her period": [
        ("profitwell_sarah", "profitwell", JUNE, "10"),
        ("profitwell_sarah", OURS, JUNE, "10"),
        ("profitwell_sarah", "stripe", JUNE, "0"),
        ("profitwell_sarah", "stripe", MAY, "10"),
    ],
    "ProfitWell, Are cancellations in the first month counted as churn": [
        ("profitwell_first_month", "profitwell", MAY, "0"),
    ],
    "Paddle, How is Monthly Recurring Revenue calculated": [
        ("paddle_week", "paddle", JUNE, "43.30"),
        ("paddle_day", "paddle", JUNE, "300"),
        ("paddle_week", OURS, JUNE, "43.3333"),
        ("paddle_day", OURS, JUNE, "304.1667"),
    ],
    "Chargebee, Flexible MRR vs. Regular MRR: plan, add-on and coupon": [
        ("chargebee_plan_and_addon", definition, JUNE, "360") for definition in (OURS, "chargebee")
    ],
    "Chargebee, limited coupons on yearly subscriptions": [
        ("chargebee_year", "chargebee", JUNE, "100"),
        ("chargebee_month", "chargebee", JUNE, "90"),
        ("chargebee_year", "chartmogul", JUNE, "90"),
    ],
    "Chargebee, How churn is calculated: 100 to 70": [
        ("chargebee_decrease", "chargebee", MAY, "100"),
        ("chargebee_decrease", "chargebee", JUNE, "70"),
    ],
}


@pytest.mark.parametrize("source", EXAMPLES)
def test_the_published_number_is_ours_under_that_definition(
    warehouse: duckdb.DuckDBPyConnection, source: str
) -> None:
    for account, definition_set, month, expected in EXAMPLES[source]:
        found = mrr(warehouse, account, definition_set, month)
        assert found == Decimal(expected), f"{account} under {definition_set} in {month:%B %Y}: {found}"


def test_syncalytics_moves_as_chartmogul_says(warehouse: duckdb.DuckDBPyConnection) -> None:
    movements = warehouse.execute(
        "select month, movement_type from marts.fct_mrr_by_account_month "
        "where account_id = 'chartmogul_syncalytics' and movement_type is not null order by month"
    ).fetchall()
    assert movements == [
        (date(2023, 4, 1), "new"),
        (date(2023, 5, 1), "expansion"),
        (date(2023, 7, 1), "contraction"),
        (date(2024, 4, 1), "churn"),
        (JUNE, "reactivation"),
    ]


def test_a_sets_mrr_is_the_sum_over_its_accounts(warehouse: duckdb.DuckDBPyConnection) -> None:
    sums = warehouse.execute(
        """
        select comparison.definition_set, comparison.month, comparison.mrr_amount
        from marts.fct_definition_comparison_by_month as comparison
        inner join marts.fct_mrr_bridge_by_month as bridge on comparison.month = bridge.month
        where comparison.mrr_amount <> bridge.closing_mrr_amount + coalesce((
            select sum(difference_amount) from marts.fct_definition_comparison_by_account_month as differences
            where differences.definition_set = comparison.definition_set
            and differences.month = comparison.month
        ), 0)
        """
    ).fetchall()
    assert sums == []
