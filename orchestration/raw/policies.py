"""Which policies are in force: the project's defaults, overridden by the rows of the company's own table.

Add a check here when a policy has a range that a mistake can leave. What a policy means belongs to the models
and modules that read it; new policies are rows of ``seeds/policy/metric_policies.csv``.
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import pyarrow.parquet as pq

from orchestration import settings

TABLE = "metric_policies"
# Plain digits, which every engine that reads a policy takes for the same number; spaces around them are none.
_NUMBER = re.compile(r" *-?[0-9]+(\.[0-9]+)? *")
_NAME = re.compile(r"[a-z0-9_]+")
_NAMES = re.compile(r"[a-z_]+( [a-z_]+)*")
# Without a slash at the end, as the models cut paths.
_PATHS = re.compile(r"(/[^\s/?#,;A-Z]+)+( (/[^\s/?#,;A-Z]+)+)*")
# A hundred years: what is meant by more is "always", and dates moved by it stay inside the calendar.
_MOST_DAYS = 36_500
# An IANA name that stands for "nobody has chosen a zone yet".
_UNSET_TIME_ZONE = "Factory"


class PolicyError(ValueError):
    """A policy row cannot be used; ``column`` is the one to correct."""

    def __init__(self, message: str, hint: str, column: str) -> None:
        super().__init__(message)
        self.hint = hint
        self.column = column


def default_policies(seeds: Path | None = None) -> dict[str, str]:
    """The project's own policies by key; an empty value is ``""``."""
    path = (settings.POLICY_SEEDS_DIR if seeds is None else seeds) / f"{TABLE}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["policy_key"]: row["policy_value"] or "" for row in csv.DictReader(file)}


def effective_policies(snapshot: Path) -> dict[str, str]:
    """The policies in force for a raw snapshot folder, by key; an empty value is ``""``."""
    return merged_policies(read_policy_rows(snapshot / "policy" / f"{TABLE}.parquet"))


def merged_policies(rows: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """The defaults overlaid by (key, value) rows."""
    return {**default_policies(), **{key: value or "" for key, value in rows}}


def read_policy_rows(path: Path) -> list[tuple[str, str | None]]:
    """(key, value) rows of a raw object or snapshot file; an absent file has none."""
    if not path.exists():
        return []
    table = pq.read_table(path, columns=["policy_key", "policy_value"])
    return list(zip(table["policy_key"].to_pylist(), table["policy_value"].to_pylist(), strict=True))


def check_policy(key: str, value: str | None, known: Iterable[str]) -> None:
    """Refuse a policy row that nobody would read or that cannot be read.

    Raises:
        PolicyError: the key is unknown or the value outside its range.
    """
    known = sorted(known)
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Is it {near[0]!r}?" if near else f"Known are: {', '.join(known)}."
        raise PolicyError("no policy has this key.", hint, "policy_key")
    check = _CHECKS.get(key)
    if check is not None:
        check(value or "")


def check_policies(policies: Mapping[str, str]) -> None:
    """Refuse policies in force of which one cannot be used: a default that was edited, or a row loaded by an
    earlier version.

    Raises:
        PolicyError: the message names the policy and its value.
    """
    for key, value in policies.items():
        try:
            check_policy(key, value, policies)
        except PolicyError as error:
            raise PolicyError(f"Policy {key}, value {value!r}: {error}", error.hint, error.column) from None


def _number(low: int, high: int, *, whole: bool, most_decimals: int | None = None) -> Callable[[str], None]:
    kind = "a whole number" if whole else "a number"
    decimals = "" if most_decimals is None else f" with at most {most_decimals} decimals"
    expected = f"Expected {kind} from {low} to {high}{decimals}."

    def check(value: str) -> None:
        if not _NUMBER.fullmatch(value):
            raise PolicyError("this is no number written in the digits 0 to 9.", expected, "policy_value")
        number = Decimal(value)
        reason = None
        if number < low:
            reason = "this is too small."
        elif number > high:
            reason = "this is too large."
        elif whole and number != number.to_integral_value():
            reason = "this is no whole number."
        elif most_decimals is not None and number != round(number, most_decimals):
            reason = "this is finer than the models reckon with."
        if reason:
            raise PolicyError(reason, expected, "policy_value")

    return check


def _or_nothing(check: Callable[[str], None]) -> Callable[[str], None]:
    def check_unless_empty(value: str) -> None:
        if value:
            check(value)

    return check_unless_empty


def _one_of(*choices: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in choices:
            expected = f"Expected {' or '.join(choices)}."
            raise PolicyError("this policy cannot have this value.", expected, "policy_value")

    return check


def _text(value: str) -> None:
    if not value.strip():
        raise PolicyError("this policy must say something.", "Expected a text.", "policy_value")


def _name_or_nothing(value: str) -> None:
    if value and not _NAME.fullmatch(value):
        raise PolicyError(
            "this is no name of a benchmark.",
            "Expected a name as in seeds/policy/benchmarks.csv, or nothing.",
            "policy_value",
        )


def _score_name(value: str) -> None:
    if not _NAME.fullmatch(value):
        raise PolicyError(
            "this is no name of a score.",
            "Expected a score of policy health_measures, in the letters a to z, digits and underscores.",
            "policy_value",
        )


def _control_names(value: str) -> None:
    if not _NAMES.fullmatch(value):
        raise PolicyError(
            "these are no names of controls.",
            "Expected names as in fct_controls_by_period, separated by single blanks.",
            "policy_value",
        )


def _paths(value: str) -> None:
    if not _PATHS.fullmatch(value):
        raise PolicyError(
            "these are no paths of pages.",
            "Expected paths such as /pricing, in small letters and separated by single blanks.",
            "policy_value",
        )


def _time_zone(value: str) -> None:
    try:
        ZoneInfo(value).utcoffset(None)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reason = "this is no time zone."
    else:
        # A machine knows more names than the engine (posixrules, localtime, right/...), and not every machine
        # the same.
        if value in _engine_time_zones() and value != _UNSET_TIME_ZONE:
            return
        reason = "the models cannot use this time zone."
    raise PolicyError(reason, "Expected an IANA name, for instance Europe/Berlin.", "policy_value")


@functools.cache
def _engine_time_zones() -> frozenset[str]:
    with duckdb.connect() as connection:
        return frozenset(
            name for (name,) in connection.execute("select name from pg_timezone_names()").fetchall()
        )


def _currency(value: str) -> None:
    if value not in _currency_codes():
        raise PolicyError(
            "this is no currency code.", "Expected ISO 4217 in capitals, for instance USD.", "policy_value"
        )


@functools.cache
def _currency_codes() -> frozenset[str]:
    """The currencies that the models know."""
    path = settings.REFERENCE_SEEDS_DIR / "iso_4217_currencies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row["currency_code"] for row in csv.DictReader(file))


_CHECKS: dict[str, Callable[[str], None]] = {
    "reporting_currency": _currency,
    "reporting_time_zone": _time_zone,
    "renewal_grace_days": _number(0, _MOST_DAYS, whole=True),
    "fx_rate_max_age_days": _number(0, _MOST_DAYS, whole=True),
    "past_due_churn_days": _or_nothing(_number(0, _MOST_DAYS, whole=True)),
    "fiscal_year_start_month": _number(1, 12, whole=True),
    "proration_coupons": _one_of("own", "of_the_renewal"),
    "max_quarantined_share": _number(0, 1, whole=False),
    "max_row_drop_share": _number(0, 1, whole=False),
    "raw_retention_days": _or_nothing(_number(0, _MOST_DAYS, whole=True)),
    "source_freshness_max_age_hours": _number(0, 24 * _MOST_DAYS, whole=False),
    "published_max_age_hours": _number(0, 24 * _MOST_DAYS, whole=False),
    "retention_fit_minimum_accounts": _number(2, 100_000_000, whole=True),
    "retention_fit_minimum_lost_accounts": _number(2, 100_000_000, whole=True),
    "retention_fit_minimum_months": _number(2, 1200, whole=True),
    "retention_fit_parameter_limit": _number(10, 1_000_000, whole=True),
    "retention_projection_horizon_months": _number(1, 600, whole=True),
    "primary_accounting_book": _text,
    "ledger_controls_from": _one_of("complete_months", "closed_periods"),
    "controls_that_only_report": _or_nothing(_control_names),
    "licence_support_share": _number(0, 1, whole=False, most_decimals=6),
    "licence_support_allocation": _one_of("stand_alone", "relative"),
    "customer_success_in_cor": _one_of("true", "false"),
    "allocation_method": _one_of("direct", "step_down", "reciprocal"),
    "materiality_floor_amount": _number(0, 1_000_000_000_000, whole=False, most_decimals=4),
    "materiality_revenue_share": _number(0, 1, whole=False, most_decimals=6),
    "materiality_growth_months": _number(1, 120, whole=True),
    "margin_review_points": _number(0, 1, whole=False, most_decimals=6),
    "allocation_account_rows_limit": _number(0, 1_000_000_000, whole=True),
    "cac_lag_months": _number(0, 120, whole=True),
    "clv_cap_months": _number(1, 1200, whole=True),
    "mql_score": _number(0, 1_000_000, whole=False, most_decimals=6),
    "sql_score": _number(0, 1_000_000, whole=False, most_decimals=6),
    "pricing_pages": _or_nothing(_paths),
    "crm_currency": _or_nothing(_currency),
    "crm_billing_tolerance_days": _number(0, _MOST_DAYS, whole=True),
    "crm_deal_amount": _one_of("first_year", "monthly"),
    "crm_controls_only_report": _one_of("true", "false"),
    "sme_below_employees": _number(1, 100_000_000, whole=True),
    "forecast_years": _number(0, 20, whole=True),
    "margin_benchmark_subscription": _name_or_nothing,
    "margin_benchmark_total": _name_or_nothing,
    "identity_same_score": _number(0, 1, whole=False, most_decimals=4),
    "identity_review_score": _number(0, 1, whole=False, most_decimals=4),
    "support_time_zone": _time_zone,
    "first_reply_minutes": _number(0, 100_000, whole=True),
    "health_score": _score_name,
    "health_green_from": _number(0, 100, whole=False, most_decimals=4),
    "health_yellow_from": _number(0, 100, whole=False, most_decimals=4),
    "health_drop_points": _number(0, 100, whole=False, most_decimals=4),
    "health_drop_days": _number(1, 3660, whole=True),
    "health_minimum_coverage": _number(0, 1, whole=False, most_decimals=6),
    "health_coverage_alert_fall": _number(0, 1, whole=False, most_decimals=6),
    "nps_period_months": _number(1, 120, whole=True),
    "money_back_days": _number(0, 3660, whole=True),
    "support_included_months": _number(0, 1200, whole=True),
}
