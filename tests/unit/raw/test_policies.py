"""Which values a policy may have, and what a person is told about the others.

Add a case when a policy gains a range or a mistake gets past the check. How policy files load is in the
integration tests.
"""

from __future__ import annotations

import pytest

from orchestration.raw.policies import PolicyError, check_policies, check_policy, default_policies

DAYS = ("renewal_grace_days", "fx_rate_max_age_days", "past_due_churn_days")
HOURS = ("source_freshness_max_age_hours", "published_max_age_hours")


def refused(key: str, value: str | None) -> str:
    with pytest.raises(PolicyError) as caught:
        check_policy(key, value, default_policies())
    assert caught.value.column == "policy_value"
    return f"{caught.value} {caught.value.hint}"


def test_the_projects_own_policies_can_be_used() -> None:
    check_policies(default_policies())


@pytest.mark.parametrize("key", DAYS)
@pytest.mark.parametrize("value", ["0", "7", "007", " 30 ", "5.0", "36500"])
def test_days_are_whole_numbers_up_to_a_hundred_years(key: str, value: str) -> None:
    check_policy(key, value, default_policies())


@pytest.mark.parametrize("key", DAYS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("36501", "too large"),
        ("99999999999999999999", "too large"),
        ("-1", "too small"),
        ("1.5", "no whole number"),
        ("1e300", "no number written in the digits 0 to 9"),
        ("1_000", "no number written in the digits 0 to 9"),
        ("+5", "no number written in the digits 0 to 9"),
        ("٣", "no number written in the digits 0 to 9"),
        ("\u00a05", "no number written in the digits 0 to 9"),
        ("NaN", "no number written in the digits 0 to 9"),
        ("soon", "no number written in the digits 0 to 9"),
    ],
)
def test_a_number_of_days_that_cannot_be_used_is_refused_with_the_reason_that_fits(
    key: str, value: str, reason: str
) -> None:
    message = refused(key, value)
    assert reason in message
    assert "Expected a whole number from 0 to 36500." in message


@pytest.mark.parametrize("key", DAYS)
def test_only_the_limit_on_past_due_invoices_may_be_empty(key: str) -> None:
    if key == "past_due_churn_days":
        check_policy(key, "", default_policies())
        check_policy(key, None, default_policies())
    else:
        assert "no number" in refused(key, "")


@pytest.mark.parametrize("key", HOURS)
@pytest.mark.parametrize("value", ["0", "0.5", "48", "876000"])
def test_hours_may_have_decimals(key: str, value: str) -> None:
    check_policy(key, value, default_policies())


@pytest.mark.parametrize("key", HOURS)
@pytest.mark.parametrize(
    ("value", "reason"), [("876000.1", "too large"), ("1" + "0" * 300, "too large"), ("1e300", "no number")]
)
def test_hours_that_no_clock_could_count_are_refused(key: str, value: str, reason: str) -> None:
    assert reason in refused(key, value)


@pytest.mark.parametrize(
    "zone",
    [
        *("UTC", "Etc/GMT+5", "Europe/Berlin", "America/New_York", "America/Argentina/Ushuaia"),
        *("Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati"),
    ],
)
def test_the_zones_that_companies_live_in_can_be_used(zone: str) -> None:
    check_policy("reporting_time_zone", zone, default_policies())


@pytest.mark.parametrize(
    "zone",
    [
        *("", "Mars/Olympus", "europe/berlin", "GMT+5", "UTC+3", "America", "../UTC", " UTC"),
        *("Factory", "posixrules", "localtime", "right/UTC", "posix/Europe/Berlin", "leapseconds", "BST"),
    ],
)
def test_a_time_zone_that_the_models_cannot_use_is_refused(zone: str) -> None:
    assert "time zone. Expected an IANA name" in refused("reporting_time_zone", zone)


@pytest.mark.parametrize("code", ["XXX", "QQQ", "usd", "US", ""])
def test_a_currency_that_the_models_do_not_know_is_refused(code: str) -> None:
    assert "ISO 4217" in refused("reporting_currency", code)


def test_a_policy_in_force_that_cannot_be_used_is_named_with_its_value() -> None:
    with pytest.raises(PolicyError) as caught:
        check_policies({**default_policies(), HOURS[0]: "1e300"})
    assert str(caught.value).startswith(f"Policy {HOURS[0]}, value '1e300': this is no number")


@pytest.mark.parametrize("value", ["0", "0.5", "0.333333", "1", "0.5000000"])
def test_the_share_of_support_may_have_six_decimals(value: str) -> None:
    check_policy("licence_support_share", value, default_policies())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.1", "too large"),
        ("-0.1", "too small"),
        ("0.3333333", "finer than the models reckon with"),
        ("", "no number"),
    ],
)
def test_a_share_of_support_that_cannot_be_used_is_refused(value: str, reason: str) -> None:
    message = refused("licence_support_share", value)
    assert reason in message
    assert "Expected a number from 0 to 1 with at most 6 decimals." in message


@pytest.mark.parametrize("value", ["", "receivables", "receivables bad_debt ledger_entries_balance"])
def test_controls_are_named_with_blanks_between_them_or_not_at_all(value: str) -> None:
    check_policy("controls_that_only_report", value, default_policies())


@pytest.mark.parametrize("value", ["receivables,bad_debt", "Receivables", " receivables", "a  b", " "])
def test_what_names_no_controls_is_refused(value: str) -> None:
    assert "no names of controls" in refused("controls_that_only_report", value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ledger_controls_from", "always"),
        ("ledger_controls_from", ""),
        ("licence_support_allocation", "residual"),
        ("customer_success_in_cor", "True"),
        ("customer_success_in_cor", ""),
        ("allocation_method", "stepdown"),
    ],
)
def test_a_choice_that_is_none_is_refused_with_the_choices(key: str, value: str) -> None:
    assert "cannot have this value. Expected" in refused(key, value)


@pytest.mark.parametrize("value", ["", " ", None])
def test_there_is_always_a_primary_accounting_book(value: str | None) -> None:
    assert "must say something" in refused("primary_accounting_book", value)
    check_policy("primary_accounting_book", "US GAAP", default_policies())


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("materiality_floor_amount", "0", "1000000000000"),
        ("materiality_revenue_share", "0", "1"),
        ("materiality_growth_months", "1", "120"),
        ("margin_review_points", "0", "1"),
        ("allocation_account_rows_limit", "0", "1000000000"),
        ("cac_lag_months", "0", "120"),
        ("clv_cap_months", "1", "1200"),
        ("sme_below_employees", "1", "100000000"),
        ("forecast_years", "0", "20"),
    ],
)
def test_numbers_of_margins_unit_economics_and_segments_have_a_range(key: str, least: str, most: str) -> None:
    for value in (least, most):
        check_policy(key, value, default_policies())
    assert "too small" in refused(key, str(int(least) - 1))
    assert "too large" in refused(key, str(int(most) + 1))
    assert "no number" in refused(key, "")


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("first_reply_minutes", "0", "100000"),
        ("health_green_from", "0", "100"),
        ("health_yellow_from", "0", "100"),
        ("health_drop_points", "0", "100"),
        ("health_drop_days", "1", "3660"),
        ("health_minimum_coverage", "0", "1"),
        ("health_coverage_alert_fall", "0", "1"),
        ("nps_period_months", "1", "120"),
        ("money_back_days", "0", "3660"),
        ("support_included_months", "0", "1200"),
    ],
)
def test_numbers_of_customer_success_have_a_range(key: str, least: str, most: str) -> None:
    for value in (least, most):
        check_policy(key, value, default_policies())
    assert "too small" in refused(key, str(int(least) - 1))
    assert "too large" in refused(key, str(int(most) + 1))
    assert "no number" in refused(key, "")


@pytest.mark.parametrize("value", ["", "Health", "score:health", None])
def test_health_is_a_score_by_name(value: str | None) -> None:
    assert "no name of a score" in refused("health_score", value)
    check_policy("health_score", "health_of_2025", default_policies())


def test_support_keeps_hours_somewhere_on_earth() -> None:
    assert "no time zone" in refused("support_time_zone", "Europe/Bonn")
    check_policy("support_time_zone", "Europe/Berlin", default_policies())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("health_green_from", "70.00001"),
        ("health_drop_points", "0.00001"),
        ("health_minimum_coverage", "0.0000001"),
        ("health_coverage_alert_fall", "0.0000001"),
        ("materiality_floor_amount", "0.00001"),
        ("materiality_revenue_share", "0.0000001"),
        ("margin_review_points", "0.0000001"),
    ],
)
def test_what_is_finer_than_a_margin_is_reckoned_with_is_refused(key: str, value: str) -> None:
    assert "finer than the models reckon with" in refused(key, value)


@pytest.mark.parametrize(
    "key", ["materiality_growth_months", "allocation_account_rows_limit", "clv_cap_months", "forecast_years"]
)
def test_months_and_rows_are_whole(key: str) -> None:
    assert "no whole number" in refused(key, "1.5")


@pytest.mark.parametrize("key", ["margin_benchmark_subscription", "margin_benchmark_total"])
def test_a_margin_is_held_against_a_benchmark_by_name_or_against_none(key: str) -> None:
    for value in ("", None, "bvp_index_median", "survey_2026"):
        check_policy(key, value, default_policies())
    for value in ("0.74", "BVP", "two names", " "):
        assert "no name of a benchmark" in refused(key, value)


@pytest.mark.parametrize("key", ["mql_score", "sql_score"])
def test_scores_have_a_range(key: str) -> None:
    for value in ("0", "40", "7.5", "1000000"):
        check_policy(key, value, default_policies())
    assert "too small" in refused(key, "-1")
    assert "too large" in refused(key, "1000001")
    assert "no number" in refused(key, "")
    assert "finer than the models reckon with" in refused(key, "0.0000001")


@pytest.mark.parametrize("value", ["", "/pricing", "/pricing /de/preise", "/a/b-c_d"])
def test_pricing_pages_are_paths_with_blanks_between_them_or_none(value: str) -> None:
    check_policy("pricing_pages", value, default_policies())


@pytest.mark.parametrize(
    "value",
    ["pricing", "/", "/pricing/", "/Pricing", "/a  /b", " /a", "/a?b", "/a#b", "/a,/b", "https://a.com/b"],
)
def test_what_is_no_path_is_refused(value: str) -> None:
    assert "no paths of pages" in refused("pricing_pages", value)


def test_the_crm_has_a_currency_or_that_of_the_reports() -> None:
    for value in ("", "EUR"):
        check_policy("crm_currency", value, default_policies())
    assert "no currency code" in refused("crm_currency", "Euro")


def test_what_deals_are_compared_with_is_chosen() -> None:
    for key, values in {
        "crm_deal_amount": ("first_year", "monthly"),
        "crm_controls_only_report": ("true", "false"),
        "crm_billing_tolerance_days": ("0", "31"),
    }.items():
        for value in values:
            check_policy(key, value, default_policies())
    assert "cannot have this value" in refused("crm_deal_amount", "total")
    assert "cannot have this value" in refused("crm_controls_only_report", "")
    assert "no whole number" in refused("crm_billing_tolerance_days", "1.5")
