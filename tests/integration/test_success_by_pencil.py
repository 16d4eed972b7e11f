"""How the customers of one small company fare, reckoned by hand beside its rows.

Add a row with its answer where a moment decides: a clock that is set forward, a holiday, the last second of a
look-back. What is random is in the oracles; the company here is small enough to be read. It reports in Berlin
and answers in New York, every Sunday around the clock.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.engines import duckdb as engine
from tests.direct_builds import CompiledProject, build_models
from tests.small_landing import put

MODELS = [
    "fct_support_tickets",
    "fct_support_entitlements",
    "fct_nps_by_month",
    "fct_money_back_requests",
    "fct_adoption_by_month",
    "fct_health_by_account_month",
    "fct_health_alerts",
    "dim_account_360",
]
AS_OF = "2025-03-15T03:00:00Z"
# Opened, replied, closed; then when a reply is due, its minutes and its status.
TICKETS = {
    # Friday 16:30 in New York: an hour and a half, then Sunday, which is 23 hours long.
    "forward": (
        ("2024-03-08T21:30:00Z", "2024-03-11T14:30:00Z", ""),
        ("2024-03-10 07:30:00", Decimal(1500), "late"),
    ),
    # Friday 17:00: an hour, then a Sunday of 25 hours, then half an hour of Monday.
    "back": (
        ("2024-11-01T21:00:00Z", "2024-11-04T15:30:00Z", ""),
        ("2024-11-03 07:00:00", Decimal(1590), "late"),
    ),
    # The day before Christmas, 17:00; answered on Christmas, which counts for nothing.
    "christmas": (
        ("2024-12-24T22:00:00Z", "2024-12-25T15:00:00Z", ""),
        ("2024-12-26 18:00:00", Decimal(60), "in_time"),
    ),
    # Monday 14:00: the time is over with the day, and a reply at the next opening is none too late.
    "at closing": (
        ("2024-06-03T18:00:00Z", "2024-06-03T22:00:00Z", ""),
        ("2024-06-04 14:00:00", Decimal(240), "in_time"),
    ),
    "at opening": (
        ("2024-06-03T18:00:00Z", "2024-06-04T14:00:00Z", ""),
        ("2024-06-04 14:00:00", Decimal(240), "in_time"),
    ),
    "a second late": (
        ("2024-06-03T18:00:00Z", "2024-06-04T14:00:01Z", ""),
        ("2024-06-04 14:00:00", Decimal("240.0167"), "late"),
    ),
    # Opened with the closing.
    "closed in time": (
        ("2024-06-03T22:00:00Z", "", "2024-06-04T18:00:00.9Z"),
        ("2024-06-04 18:00:00", None, "closed_without_reply"),
    ),
    "closed too late": (
        ("2024-06-03T22:00:00Z", "", "2024-06-04T18:00:01Z"),
        ("2024-06-04 18:00:00", None, "unanswered"),
    ),
    "replied before": (
        ("2024-06-03T18:00:00Z", "2024-06-03T17:00:00Z", ""),
        ("2024-06-04 14:00:00", Decimal(0), "in_time"),
    ),
    # Friday 16:00 of the as-of, which is that night.
    "waiting": (
        ("2025-03-14T20:00:00Z", "2025-03-16T05:00:00Z", ""),
        ("2025-03-16 06:00:00", None, "waiting"),
    ),
}
# Around the year of support of a licence that was activated on a leap day, in Berlin.
ENTITLED = {
    "2024-02-28T22:59:59Z": False,
    "2024-02-28T23:00:00Z": True,
    "2025-02-27T22:59:59Z": True,
    "2025-02-27T23:00:00Z": False,
}


def lines(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def write_company(landing: Path) -> None:
    tables = {
        "billing/customer": lines(
            "id,created,currency,_fivetran_synced",
            f"cus_1,2024-01-01T00:00:00Z,usd,{AS_OF}",
            f"cus_2,2024-01-02T00:00:00Z,usd,{AS_OF}",
        ),
        "billing/product": lines(
            "id,metadata",
            "suite,",
            'box,"{""licence_type"": ""perpetual"", ""revenue_stream"": ""licence""}"',
        ),
        "billing/price": lines(
            "id,product_id,currency,type,unit_amount,recurring_interval",
            "yearly,suite,usd,recurring,12000,year",
            "once,box,usd,one_time,500000,",
        ),
        "billing/subscription": lines(
            "id,customer_id,status,created", "sub_1,cus_1,active,2024-01-10T12:00:00Z"
        ),
        "billing/subscription_item": lines("id,subscription_id,price_id,quantity", "si_1,sub_1,yearly,1"),
        "billing/invoice": lines(
            "id,customer_id,subscription_id,status,currency,total,amount_paid,created,"
            "status_transitions_finalized_at,status_transitions_paid_at,charge_id",
            *(
                f"in_{number},cus_1,sub_1,paid,usd,12000,12000,{day},{day},{day},ch_{number}"
                for number, day in ((1, "2024-01-10T12:00:00Z"), (2, "2025-01-10T12:00:00Z"))
            ),
            "in_3,cus_2,,paid,usd,500000,500000,2024-02-29T12:00:00Z,2024-02-29T12:00:00Z,"
            "2024-03-01T12:00:00Z,ch_3",
        ),
        "billing/invoice_line_item": lines(
            "id,invoice_id,subscription_id,subscription_item_id,price_id,type,amount,currency,quantity,"
            "proration,period_start,period_end",
            "il_1,in_1,sub_1,si_1,yearly,subscription,12000,usd,1,false,2024-01-10T12:00:00Z,2025-01-10T12:00:00Z",
            "il_2,in_2,sub_1,si_1,yearly,subscription,12000,usd,1,false,2025-01-10T12:00:00Z,2026-01-10T12:00:00Z",
            "il_3,in_3,,,once,invoiceitem,500000,usd,1,false,2024-02-29T12:00:00Z,2024-02-29T12:00:00Z",
        ),
        "billing/charge": lines(
            "id,amount,amount_refunded,captured,paid,status,currency,customer_id,invoice_id,created",
            "ch_1,12000,0,true,true,succeeded,usd,cus_1,in_1,2024-01-10T12:00:00Z",
            "ch_2,12000,0,true,true,succeeded,usd,cus_1,in_2,2025-01-10T12:00:00Z",
            "ch_3,500000,300,true,true,succeeded,usd,cus_2,in_3,2024-03-01T12:00:00Z",
        ),
        "billing/refund": lines(
            "id,amount,charge_id,status,currency,created",
            # The last second of the thirtieth day, on which Berlin sets its clocks forward, and the next.
            "in time,100,ch_3,succeeded,usd,2024-03-31T21:59:59Z",
            "too late,200,ch_3,succeeded,usd,2024-03-31T22:00:00Z",
        ),
        "policy/metric_policies": lines(
            "policy_key,policy_value,authority,why",
            "reporting_time_zone,Europe/Berlin,Company,x",
            "support_time_zone,America/New_York,Company,x",
            "health_minimum_coverage,0.31,Company,x",
            "health_coverage_alert_fall,0.45,Company,x",
        ),
        "policy/support_hours": lines("weekday,span_number,opens,closes,why", "7,1,00:00,24:00,x"),
        "crm/company": lines(
            "id,property_name,property_createdate,property_stripe_customer_id",
            "co_1,One,2024-01-01T00:00:00Z,cus_1",
            "co_2,Two,2024-01-01T00:00:00Z,cus_2",
            "co_3,Three,2024-01-01T00:00:00Z,",
        ),
        "crm/contact": lines(
            "id,property_createdate,property_hs_merged_object_ids",
            "p1,2024-01-01T00:00:00Z,",
            "p3,2024-01-01T00:00:00Z,p2",
        ),
        "crm/ticket": lines(
            "id,company_id,property_createdate,property_first_agent_reply_date,property_closed_date,is_deleted",
            *(f"{name},co_3,{','.join(moments)},false" for name, (moments, _) in TICKETS.items()),
            *(f"{moment},co_2,{moment},,,false" for moment in ENTITLED),
            "deleted,co_3,2024-06-03T22:00:00Z,,,true",
        ),
        "crm/feedback_submission": lines(
            "id,contact_id,company_id,value,submitted_at",
            # The last second of January in Berlin, and the first of February, in which two answers are
            # given at once.
            "f1,p1,co_3,9,2024-01-31T22:59:59Z",
            "f2,p1,co_3,3,2024-01-31T23:00:00Z",
            "f3,p1,co_3,8,2024-01-31T23:00:00Z",
            # Of nobody who is known: somebody else each time.
            "f4,,co_3,10,2024-02-05T00:00:00Z",
            "f5,,co_3,0,2024-02-05T00:00:00Z",
            # Of one person with two cards.
            "f6,p2,co_3,10,2024-02-10T00:00:00Z",
            "f7,p3,co_3,6,2024-02-11T00:00:00Z",
        ),
        # Days of use that are the first of a look-back of 30 days, and one of no seats that can be.
        "crm/product_usage": lines(
            "company_id,date,seats_active,seats_paid,daily_active_users,monthly_active_users,key_events",
            "co_1,2024-05-20,2,4,1,2,3",
            "co_1,2024-06-01,2,4,1,2,3",
            "co_1,2024-06-02,-5,4,-1,2,",
        ),
        # 180 days of 24 hours before the end of June, though not before the end of July.
        "crm/csm_rating": lines("company_id,rated_at,rating", "co_1,2024-01-02T22:00:00Z,4"),
        "crm/activation_event": lines("company_id,event,occurred_at", "co_1,built,2024-01-12T23:30:00Z"),
    }
    for name, text in tables.items():
        put(landing, f"{name}.csv", text)


@pytest.fixture(scope="module")
def built(compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pencil")
    write_company(folder / "landing")
    return build_models(compiled_project, folder / "landing", folder / "home", MODELS, is_tested=True)


def rows(built: Path, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in engine.read_rows(built, sql).values]


def test_first_replies_are_measured_on_the_clock_of_support(built: Path) -> None:
    found = rows(
        built,
        "select ticket_id, reply_due_at, first_reply_minutes, reply_status from marts.fct_support_tickets "
        "where account_id = 'crm:co_3'",
    )
    assert {row[0]: row[1:] for row in found} == {
        name: (datetime.fromisoformat(due), minutes, status)
        for name, (_, (due, minutes, status)) in TICKETS.items()
    }


def test_a_licence_has_support_for_a_year_of_the_reporting_time_zone(built: Path) -> None:
    found = rows(
        built, "select ticket_id, is_entitled from marts.fct_support_tickets where account_id = 'cus_2'"
    )
    assert dict(found) == ENTITLED
    spans = rows(built, "select * from marts.fct_support_entitlements order by all")
    assert [(account, basis, str(begun), str(ended)) for account, basis, begun, ended in spans] == [
        ("cus_1", "subscription", "2024-01-10 12:00:00", "2026-01-10 12:00:00"),
        ("cus_2", "licence", "2024-02-28 23:00:00", "2025-02-27 23:00:00"),
    ]


def test_the_last_answer_of_each_person_in_a_month_counts(built: Path) -> None:
    sql = (
        "select month, respondents, promoters, passives, detractors, score "
        "from marts.fct_nps_by_month order by month"
    )
    assert rows(built, sql) == [
        (date(2024, 1, 1), 1, 1, 0, 0, Decimal(100)),
        (date(2024, 2, 1), 4, 1, 1, 2, Decimal(-25)),
    ]


def test_money_is_asked_back_up_to_the_end_of_a_day(built: Path) -> None:
    sql = "select refund_id, first_paid_on, refunded_on, days_after_first_payment from marts.{}"
    assert rows(built, sql.format("fct_money_back_requests")) == [
        ("in time", date(2024, 3, 1), date(2024, 3, 31), 30)
    ]


def test_seats_that_cannot_be_lower_no_sum(built: Path) -> None:
    sql = (
        "select month, seats_active, seats_paid, daily_active_user_days, monthly_active_user_days, "
        "key_events, average_time_to_value_days from marts.fct_adoption_by_month order by month"
    )
    assert rows(built, sql) == [
        (date(2024, 1, 1), 0, 0, 0, 0, 0, Decimal(3)),
        (date(2024, 5, 1), 2, 4, 1, 2, 3, None),
        (date(2024, 6, 1), 2, 4, 1, 2, 3, None),
    ]


def test_health_is_what_is_known_of_it_at_the_last_moment_of_a_month(built: Path) -> None:
    # Use 3 / 2 of 3: 50 points, seats (0.5 - 0.2) / 0.7: 42.8571, both 46.4286; the rating of 4: 75; 173 days
    # of 730: 23.6986, with payment and notice 84.7397. 0.4 x 46.4286 + 0.3 x 75 + 0.3 x 84.7397; a fifth of
    # what is known of the relationship. In July 204 days are all that is left beside payment and notice.
    sql = (
        "select month, usage_points, adoption_points, csm_rating_points, tenure_points, score, coverage, "
        "band from marts.fct_health_by_account_month where month in (date '2024-06-01', date '2024-07-01') "
        "order by month"
    )
    june = ("50", "42.8571", "75", "23.6986", "66.4934", "0.76")
    july = (None, None, None, "27.9452", "85.5890", "0.3")
    assert rows(built, sql) == [
        (date(2024, 6, 1), *map(Decimal, june), "yellow"),
        (date(2024, 7, 1), *(None if one is None else Decimal(one) for one in july), "unknown"),
    ]


def test_who_is_not_heard_of_any_more_is_an_alert_and_not_greener(built: Path) -> None:
    # In May use becomes known, of 46.4286 points beside 79.0343 of what was known before.
    sql = (
        "select month, alert_kind, compared_month, from_band, to_band, fall_points, from_coverage, "
        "to_coverage from marts.fct_health_alerts where account_id = 'cus_1' and mrr_amount = 10 "
        "order by month"
    )
    may = ("band_drop", date(2024, 4, 1), "green", "yellow", Decimal("12.7875"), Decimal("0.36"))
    july = ("coverage_fall", date(2024, 6, 1), "yellow", "unknown", Decimal("-19.0956"), Decimal("0.76"))
    assert rows(built, sql) == [
        (date(2024, 5, 1), *may, Decimal("0.76")),
        (date(2024, 7, 1), *july, Decimal("0.3")),
    ]


def test_without_a_ledger_nothing_is_said_to_cost_nothing(built: Path) -> None:
    sql = (
        "select distinct year_cost_of_revenue_amount, year_margin_amount, year_margin_rate "
        "from marts.dim_account_360"
    )
    assert rows(built, sql) == [(None, None, None)]
