"""Random accounts reach every rule: what never happens in them would never be compared.

Add what a new rule needs to ``reached``. Whether the answers are right is shown elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pytest

from tests.oracles import mrr
from tests.oracles.drivers import DRIVERS
from tests.oracles.export import instant, is_live, read_rows
from tests.oracles.items import Service, Statement
from tests.oracles.mrr import MOVEMENT_TYPES, SMALLEST_STEP, Company, MartRow
from tests.oracles.random_companies import pack, random_accounts
from tests.oracles.subtypes import CHURN_SUBTYPES

ACCOUNT_COUNT = 300


@dataclass
class Reached:
    """A packed company, its answers, and the tables it was read from."""

    company: Company
    marts: dict[str, list[MartRow]]
    tables: dict[str, list[dict[str, str]]]

    @cached_property
    def rows(self) -> list[MartRow]:
        return self.marts["fct_mrr_by_account_month"]

    @cached_property
    def events(self) -> list[MartRow]:
        return self.marts["fct_mrr_events"]

    @cached_property
    def closing_services(self) -> list[tuple[date, Service]]:
        """Before amounts are taken off, so that what they take can be seen."""
        company = self.company
        return [
            (month, service)
            for month in company.months
            for item in company.items.values()
            if (service := item.service_at(company.calendar.close_of(month) - SMALLEST_STEP)) is not None
        ]

    @cached_property
    def statements(self) -> list[Statement]:
        """Those that are in force at some close."""
        return [service.statement for _, service in self.closing_services]

    def values(self, column: str) -> set[Any]:
        return {row[column] for row in self.rows}


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Reached:
    landing = tmp_path_factory.mktemp("landing")
    policies = {"past_due_churn_days": "10"}
    packed = pack(random_accounts("coverage", ACCOUNT_COUNT), landing, policies=policies)
    company = mrr.read_company(landing, policies=policies, product_catalogue=packed.product_catalogue)
    tables = {file.stem: read_rows(file) for file in sorted((landing / "billing").glob("*.csv"))}
    return Reached(company, mrr.account_tables(company), tables)


def never_reached(kinds: Counter[str]) -> list[str]:
    assert kinds
    return [kind for kind, count in kinds.items() if count == 0]


def missing(found: Iterable[Any], wanted: Iterable[Any]) -> set[Any]:
    return {*wanted} - {*found}


def test_every_movement_subtype_and_driver(reached: Reached) -> None:
    for table in ("fct_mrr_by_account_month", "fct_mrr_by_account_currency_month", "fct_mrr_events"):
        assert not missing((row["movement_type"] for row in reached.marts[table]), MOVEMENT_TYPES)
    assert not missing(reached.values("movement_subtype"), {*CHURN_SUBTYPES, "resume"})
    assert not missing((event["driver"] for event in reached.events), DRIVERS)


def test_most_accounts_pay_and_every_amount_is_somewhere(reached: Reached) -> None:
    assert len({row["account_id"] for row in reached.rows}) > ACCOUNT_COUNT / 2
    amounts = [column for column in reached.rows[0] if column.endswith("_amount")]
    assert [column for column in amounts if not any(row[column] for row in reached.rows)] == []
    assert any(row["fx_amount"] and row["movement_type"] for row in reached.rows)
    assert any(row["gap_months"] for row in reached.rows)
    assert any(event["event_number"] > 1 for event in reached.events)
    assert {None, 0} <= reached.values("usage_mrr_amount")


def test_rows_of_every_kind(reached: Reached) -> None:
    """Also those that are there for use, for a commitment or for a discount of everything alone."""
    kinds: Counter[str] = Counter()
    for row in reached.rows:
        served = row["opening_mrr_amount"] or row["gross_mrr_amount"]
        kinds["only use"] += bool(row["usage_mrr_amount"] and not served and not row["cmrr_amount"])
        kinds["only committed"] += bool(row["cmrr_amount"] and not served and not row["usage_mrr_amount"])
        kinds["all taken off"] += bool(row["gross_mrr_amount"] and not row["closing_mrr_amount"])
        kinds["committed and served"] += (
            row["cmrr_amount"] > row["closing_mrr_amount"] - row["mrr_at_risk_amount"] and served > 0
        )
        kinds["all at risk"] += 0 < row["mrr_at_risk_amount"] == row["closing_mrr_amount"]
        kinds["partly at risk"] += 0 < row["mrr_at_risk_amount"] < row["closing_mrr_amount"]
        kinds["partly past due"] += 0 < row["mrr_past_due_amount"] < row["closing_mrr_amount"]
        kinds["before the cohort"] += row["cohort_month"] is not None and row["month"] < row["cohort_month"]
        kinds["never paid"] += row["cohort_month"] is None
    assert not never_reached(kinds)


def test_both_ends_of_a_month(reached: Reached) -> None:
    month_end = datetime.fromisoformat("2024-03-01T00:00Z")
    moments = {month_end, month_end - SMALLEST_STEP}
    ends = {entry.line.end for item in reached.company.items.values() for entry in item.statements}
    starts = {entry.line.start for item in reached.company.items.values() for entry in item.statements}
    assert moments <= ends
    assert moments <= starts


def test_every_kind_of_coupon_lowers_mrr(reached: Reached) -> None:
    kinds = {
        (coupon.percent_off is not None, coupon.duration, statement.line.price.interval)
        for statement in reached.statements
        for coupon in statement.coupons
    }
    durations, intervals = ("forever", "repeating"), ("month", "year", "week", "day")
    wanted = {
        (is_percent, duration, interval)
        for is_percent in (True, False)
        for duration in durations
        for interval in intervals
    }
    assert not missing(kinds, wanted - {(False, "repeating", "year")})
    percentages = {coupon.percent_off for entry in reached.statements for coupon in entry.coupons}
    assert {0, 100} <= percentages
    assert any(len(entry.coupons) > 2 for entry in reached.statements)
    assert any(entry.line.licence_type == "maintenance" and entry.coupons for entry in reached.statements)


def test_coupons_that_do_not_lower_mrr_and_rows_that_are_gone(reached: Reached) -> None:
    coupons = {row["id"]: row for row in reached.tables["coupon"]}
    own = defaultdict(list)
    for row in reached.tables["discount"]:
        own[row["type_id"]].append(row)
    in_force = {entry.line.id: entry for entry in reached.statements}
    kinds: Counter[str] = Counter()
    for line_id, entry in in_force.items():
        names = {coupon.id for coupon in entry.coupons}
        for row in own.get(line_id, []):
            coupon = coupons.get(row["coupon_id"], {})
            is_own = is_live(row) and row["type"] == "line item"
            kinds["once"] += is_own and coupon.get("duration") == "once"
            kinds["too short"] += (
                is_own and coupon.get("duration") == "repeating" and row["coupon_id"] not in names
            )
            kinds["of a coupon that is gone"] += is_own and not is_live(coupon) and row["coupon_id"] in names
            kinds["gone"] += not is_live(row)
            kinds["of something else"] += row["type"] != "line item"
        kinds["by a window"] += bool(names) and not any(is_live(row) for row in own.get(line_id, []))
    assert not never_reached(kinds)


def test_windows_of_subscriptions_and_customers_begin_and_end_where_periods_start(reached: Reached) -> None:
    windows = [row for row in reached.tables["subscription_discount"] if is_live(row)]
    starts = defaultdict(set)
    for item in reached.company.items.values():
        for entry in item.statements:
            starts[entry.subscription_id].add(entry.line.start)
            starts[entry.line.account_id].add(entry.line.start)
    for is_of_subscription in (True, False):
        some = [row for row in windows if ("subscription_id" in row) is is_of_subscription]
        payer = "subscription_id" if is_of_subscription else "customer_id"
        for edge in ("start", "end"):
            assert any(instant(row, edge) in starts[row[payer]] for row in some)
            assert any(edge not in row for row in some)


def test_amounts_are_spread_and_do_not_fit(reached: Reached) -> None:
    groups = defaultdict(list)
    for month, service in reached.closing_services:
        for coupon in service.statement.coupons:
            if coupon.amount_off:
                price = service.price
                groups[month, coupon.id, service.payer, price.interval, price.interval_count].append(service)
    assert max(len(group) for group in groups.values()) >= 3
    sizes = [len(group) for group in groups.values()]
    assert sum(size > 1 for size in sizes) > 20
    net = {
        (month, service.item_key): service.mrr
        for month, services in reached.company.services_at_close.items()
        for service in services
    }
    shared = [(key, service) for key, group in groups.items() if len(group) > 1 for service in group]
    assert any(net[key[0], service.item_key] == 0 < service.mrr for key, service in shared)
    assert any(0 < net[key[0], service.item_key] < service.mrr for key, service in shared)
    coupons_without_currency = [row for row in reached.tables["coupon"] if "currency" not in row]
    assert {row["id"] for row in coupons_without_currency} & {key[1] for key, _ in shared}


def test_later_subscriptions_of_every_kind(reached: Reached) -> None:
    kinds: Counter[str] = Counter()
    commitments = reached.company.commitments
    for subscription in reached.company.subscriptions.values():
        if subscription.created is None or subscription.start is None:
            continue
        later = [
            close
            for month in reached.company.months
            if subscription.created
            < (close := reached.company.calendar.close_of(month))
            <= subscription.start
        ]
        committed = [close for close in later if subscription.is_committed(close)]
        billed = commitments.stated_items.get(subscription.id, set())
        listed = {row["id"] for row in commitments.item_rows.get(subscription.id, [])}
        kinds["billed"] += bool(committed) and bool(billed)
        kinds["not billed"] += bool(committed) and not billed
        kinds["partly billed"] += bool(committed) and bool(billed & listed) and bool(listed - billed)
        kinds["called off before the start"] += bool(committed) and len(committed) < len(later)
        kinds["incomplete"] += bool(later) and subscription.status.startswith("incomplete")
        kinds["starts at a month's close"] += subscription.start in committed
    assert not never_reached(kinds)


def test_invoices_are_due_and_settled_around_month_ends_or_nobody_knows_when(reached: Reached) -> None:
    kinds: Counter[str] = Counter()
    closes = {reached.company.calendar.close_of(month) for month in reached.company.months}
    for entry in reached.statements:
        invoice = entry.line.invoice
        kinds["always settled"] += invoice.is_always_settled
        kinds["due at a close"] += invoice.due in closes
        kinds["due just before a close"] += invoice.due + SMALLEST_STEP in closes
        kinds["settled at a close"] += invoice.settled in closes
        kinds["never settled"] += invoice.settled is None and not invoice.is_always_settled
        kinds["settled late"] += invoice.settled is not None and invoice.settled > invoice.due
        kinds["overdue for too long"] += invoice.unpaid_for_too_long(timedelta(days=10)) is not None
    invoices = reached.tables["invoice"]
    kinds["without a due date"] = sum("due_date" not in row for row in invoices)
    kinds["written off and paid"] = sum(
        row["status"] == "paid" and "status_transitions_marked_uncollectible_at" in row for row in invoices
    )
    assert not never_reached(kinds)


def test_notices_and_pauses_of_every_kind(reached: Reached) -> None:
    kinds: Counter[str] = Counter()
    closes = {reached.company.calendar.close_of(month) for month in reached.company.months}
    for subscription in reached.company.subscriptions.values():
        canceled_at, ended_at = subscription.canceled_at, subscription.ended_at
        kinds["notice at a close"] += canceled_at in closes
        kinds["notice just before a close"] += (
            canceled_at is not None and canceled_at + SMALLEST_STEP in closes
        )
        kinds["end at a close"] += ended_at in closes
        kinds["notice without end"] += canceled_at is not None and ended_at is None
        kinds["end without notice"] += canceled_at is None and ended_at is not None
        kinds["paused and ended"] += subscription.pause_collection is not None and ended_at is not None
        kinds["paused and not ended"] += subscription.pause_collection is not None and ended_at is None
    assert not never_reached(kinds)
    reasons = {subscription.cancellation_reason for subscription in reached.company.subscriptions.values()}
    assert {None, "cancellation_requested", "payment_failed", "payment_disputed"} <= reasons
    statuses = {
        period.invoice_status for periods in reached.company.losses.periods.values() for period in periods
    }
    assert statuses == {"draft", "void", "open", "uncollectible"}


def test_use_is_credited_and_discounted(reached: Reached) -> None:
    lines = [line for usage in reached.company.usage.values() for line in usage.lines]
    assert any(line.amount < 0 for line in lines)
    assert {line.currency for line in lines} == {"USD", "EUR", "JPY", "KWD"}
    closes = {reached.company.calendar.close_of(month) for month in reached.company.months}
    assert any(line.end in closes for line in lines)
    assert any(line.end > reached.company.calendar.as_of for line in lines)
    metered = {row["id"] for row in reached.tables["price"] if row.get("recurring_usage_type") == "metered"}
    discounted = {row["type_id"] for row in reached.tables["discount"] if is_live(row) and "amount" in row}
    used = {row["id"] for row in reached.tables["invoice_line_item"] if row.get("price_id") in metered}
    assert used & discounted


def test_the_credit_of_what_was_free_is_worded_as_one_or_not(reached: Reached) -> None:
    lines = reached.tables["invoice_line_item"]
    zeros = [row for row in lines if row["proration"] == "true" and row["amount"] == "0"]
    assert {"description" in row for row in zeros} == {True, False}
