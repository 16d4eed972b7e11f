"""Falls of health: told once per account, kind and month, and never all at once."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import health_alerts
from orchestration.alerting.delivery import deliver_due
from orchestration.alerts import alerts_file
from orchestration.files import read_records
from orchestration.health_alerts import beginning_file, raise_health_alerts
from orchestration.reporting import SilentReporter
from orchestration.runs import Run, RunOptions, utc_now
from orchestration.settings import Settings

POLICIES = {"reporting_currency": "USD"}
Falls = Sequence[tuple[str, str, str, int]]
NOW = utc_now()


def a_run(tmp_path: Path, options: RunOptions | None = None, run_id: str = "r1") -> Run:
    received = tmp_path / "received"
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read() + '\\n')"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing", alert_command=command)
    run = Run(
        settings=settings,
        options=options or RunOptions(),
        run_id=run_id,
        scheduler_run_id=run_id,
        job="nightly",
        started_at=NOW,
        reporter=SilentReporter(),
    )
    run.logs_dir.mkdir(parents=True, exist_ok=True)
    return run


def a_version(tmp_path: Path, newest: date | None, falls: Falls = ()) -> Path:
    """A warehouse whose newest complete month is ``newest``; falls are (account, kind, month, MRR)."""
    file = tmp_path / "warehouse.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_months (month date, is_complete_month boolean)")
        connection.execute("create table marts.dim_account_360 (account_id varchar, owner_id varchar)")
        connection.execute("insert into marts.dim_account_360 values ('a1', '77')")
        connection.execute(
            "create table marts.fct_health_alerts (account_id varchar, month date, alert_kind varchar, "
            "compared_month date, from_band varchar, to_band varchar, from_score decimal(9,4), "
            "to_score decimal(9,4), from_coverage decimal(9,6), to_coverage decimal(9,6), "
            "mrr_amount decimal(18,4), mrr_at_risk_amount decimal(18,4))"
        )
        if newest is not None:
            connection.execute("insert into marts.dim_months values (?, true)", [newest])
            connection.execute("insert into marts.dim_months values (date '2030-01-01', false)")
        for account, kind, month, mrr in falls:
            connection.execute(
                "insert into marts.fct_health_alerts values (?, ?, ?, date '2024-01-01', 'green', 'yellow', "
                "71.25, 50, 1, 0.3, ?, 0)",
                [account, month, kind, mrr],
            )
    return file


def raised(run: Run) -> list[str]:
    records = read_records(alerts_file(run.settings))
    return [record["alert_id"] for record in records if "alert_id" in record]


def told(tmp_path: Path) -> list[dict[str, Any]]:
    """What the operator has heard once the run has come to its end."""
    deliver_due(a_run(tmp_path).settings)
    file = tmp_path / "received"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_the_first_publication_tells_nothing_and_remembers_where_it_began(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    version = a_version(tmp_path, date(2024, 1, 1), [("a1", "band_drop", "2024-01-01", 10)])
    raise_health_alerts(run, version, POLICIES)
    raise_health_alerts(run, version, POLICIES)
    assert json.loads(beginning_file(run.settings).read_text()) == {"told_after": "2024-01-01"}
    assert raised(run) == []
    assert told(tmp_path) == []


def test_a_fall_of_the_next_month_is_told_once_with_what_is_at_stake(tmp_path: Path) -> None:
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    falls = [
        ("a1", "band_drop", "2024-02-01", 1234),
        ("a1", "score_fall", "2024-02-01", 1234),
        ("a2", "score_fall", "2024-02-01", 5000),
        ("a3", "band_drop", "2024-01-01", 9),
        ("a4", "band_drop", "2030-01-01", 9),
    ]
    version = a_version(tmp_path, date(2024, 2, 1), falls)
    for run_id in ("r2", "r3"):
        raise_health_alerts(a_run(tmp_path, run_id=run_id), version, POLICIES)
    alerts = told(tmp_path)
    assert [alert["alert_id"] for alert in alerts] == [
        "health:score_fall:a2:2024-02",
        "health:band_drop:a1:2024-02",
        "health:score_fall:a1:2024-02",
    ]
    assert alerts[1]["summary"] == (
        "Health of account a1 went from green to yellow (71.2 to 50.0 points) by the end of 2024-02; "
        "MRR 1,234.00 USD"
    )
    assert "Its owner in the CRM is 77." in alerts[1]["details"]
    assert "Compared with the end of 2024-01. The CRM names no owner." in alerts[0]["details"]
    assert "fell from 71.2 to 50.0 points" in alerts[0]["summary"]


def test_an_account_of_which_no_more_is_heard_is_told_with_what_is_under_notice(tmp_path: Path) -> None:
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    version = a_version(tmp_path, date(2024, 2, 1), [("a2", "coverage_fall", "2024-02-01", 5000)])
    with duckdb.connect(str(version)) as connection:
        connection.execute("update marts.fct_health_alerts set to_score = null, mrr_at_risk_amount = 1200.5")
    raise_health_alerts(a_run(tmp_path), version, POLICIES)
    (alert,) = told(tmp_path)
    assert alert["alert_id"] == "health:coverage_fall:a2:2024-02"
    assert alert["summary"] == (
        "Health of account a2 rests on less: what is known of it went from 100 % to 30 % "
        "(71.2 to unknown points) by the end of 2024-02; MRR 5,000.00 USD, under notice 1,200.50"
    )


def test_what_is_found_later_of_the_same_month_is_told_then(tmp_path: Path) -> None:
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    falls = [("a1", "band_drop", "2024-02-01", 1)]
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 2, 1), falls), POLICIES)
    falls.append(("a2", "band_drop", "2024-02-01", 2))
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 2, 1), falls), POLICIES)
    assert [alert["alert_id"] for alert in told(tmp_path)] == [
        "health:band_drop:a1:2024-02",
        "health:band_drop:a2:2024-02",
    ]


def test_of_many_falls_those_with_least_at_stake_are_told_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_alerts, "MOST_AT_ONCE", 1)
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    falls = [(f"a{number}", "band_drop", "2024-02-01", number) for number in (1, 2, 3)]
    version = a_version(tmp_path, date(2024, 2, 1), falls)
    for run_id in ("r2", "r3"):
        raise_health_alerts(a_run(tmp_path, run_id=run_id), version, POLICIES)
    alerts = told(tmp_path)
    assert [alert["alert_id"] for alert in alerts] == [
        "health:band_drop:a3:2024-02",
        "health:more:2024-02:r2",
    ]
    assert alerts[1]["summary"] == "Health fell 2 times more by the end of 2024-02; MRR 3.00 USD"
    assert [line.split()[3] for line in alerts[1]["details"].splitlines()] == ["a2", "a1"]


@pytest.mark.parametrize("options", [RunOptions(as_of=date(2024, 2, 29)), RunOptions(known_at=NOW)])
def test_a_look_back_in_time_tells_nothing(tmp_path: Path, options: RunOptions) -> None:
    raise_health_alerts(a_run(tmp_path), a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    version = a_version(tmp_path, date(2024, 2, 1), [("a1", "band_drop", "2024-02-01", 1)])
    raise_health_alerts(a_run(tmp_path, options), version, POLICIES)
    assert told(tmp_path) == []


def test_without_a_complete_month_nothing_begins(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    raise_health_alerts(run, a_version(tmp_path, None), POLICIES)
    assert raised(run) == []
    assert not beginning_file(run.settings).exists()


def test_a_version_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
    raise_health_alerts(run, file, POLICIES)
    assert "Falls of health could not be told" in run.log.read_text()


def test_a_beginning_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    beginning_file(run.settings).write_text("{")
    raise_health_alerts(run, a_version(tmp_path, date(2024, 1, 1)), POLICIES)
    assert "Falls of health could not be told" in run.log.read_text()
