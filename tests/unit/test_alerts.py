"""Alerts: a line per failed run, one message per incident, and a broken command never makes things worse."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from orchestration.alerting import delivery
from orchestration.alerting.outbox import Outbox
from orchestration.alerts import alerts_file, cause_of, raise_alert, resolve_incidents
from orchestration.files import read_records
from orchestration.settings import Settings


def _settings(tmp_path: Path, command: str | None = None) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing", alert_command=command)


def _keep_input_in(file: Path) -> str:
    program = f"import sys; open({str(file)!r}, 'a').write(sys.stdin.read() + '\\n')"
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


def _problem(settings: Settings) -> str:
    (problem,) = [str(one["problem"]) for one in read_records(alerts_file(settings)) if "problem_of" in one]
    return problem


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSES", (0.0, 0.0))


def test_the_command_gets_the_alert_as_json_exactly_once(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    first = raise_alert(
        settings, alert_id="a", run_id="r", summary="It failed", details="Because", log="/log"
    )
    second = raise_alert(settings, alert_id="a", run_id="r", summary="It failed again")
    assert (first, second) == (True, False)
    alerts = [json.loads(line) for line in received.read_text(encoding="utf-8").splitlines()]
    assert len(alerts) == 1
    assert alerts[0]["summary"] == "It failed"
    assert alerts[0]["details"] == "Because"
    assert alerts[0]["log"] == "/log"
    assert alerts[0]["home"] == str(settings.home)


def test_two_failed_runs_raise_two_alerts(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert raise_alert(settings, alert_id="a", run_id="r", summary="one")
    assert raise_alert(settings, alert_id="b", run_id="s", summary="two")
    assert [record["summary"] for record in read_records(alerts_file(settings))] == ["one", "two"]


def test_without_a_command_the_alert_is_still_written(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    assert [record["alert_id"] for record in read_records(alerts_file(settings))] == ["a"]


def test_a_command_that_is_not_there_is_written_down(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "/no/such/program --now")
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    assert "/no/such/program" in _problem(settings)


def test_a_command_that_fails_is_written_down_with_what_it_said(tmp_path: Path) -> None:
    program = "import sys; sys.stderr.write('no route'); sys.exit(7)"
    settings = _settings(tmp_path, f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}")
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    assert "exit code 7: no route (3 tries)" in _problem(settings)


def test_a_command_with_an_open_quote_is_written_down(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "mail 'operator")
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    assert "quotation" in _problem(settings)


# ---- incidents


def _fail(settings: Settings, alert_id: str, incident: str = "run:failure:a", job: str = "nightly") -> bool:
    return raise_alert(
        settings,
        alert_id=alert_id,
        run_id=alert_id,
        summary=f"Night {alert_id} failed",
        kind="failure",
        incident=incident,
        job=job,
    )


def _recover(settings: Settings, alert_id: str, *keys: str) -> list[str]:
    over = resolve_incidents(
        settings,
        alert_id=alert_id,
        run_id="",
        because="Published version 7.",
        is_over=lambda one: one.key in keys,
    )
    delivery.deliver_due(settings)
    return over


def _told(received: Path) -> list[str]:
    if not received.exists():
        return []
    return [json.loads(line)["summary"] for line in received.read_text(encoding="utf-8").splitlines()]


def test_a_reason_is_told_once_until_a_run_is_good_and_then_so_is_that(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    assert _fail(settings, "1")
    assert _fail(settings, "2")
    assert _fail(settings, "3", incident="run:blocked:b")
    assert _fail(settings, "4")
    assert _told(received) == ["Night 1 failed", "Night 3 failed"]
    # Each failed run is written down all the same.
    assert list(Outbox.read(settings).alerts) == ["1", "2", "3", "4"]
    assert Outbox.read(settings).alerts["4"]["told_before"] == "1"
    assert _recover(settings, "over", "run:failure:a", "run:blocked:b") == [
        "Night 1 failed",
        "Night 3 failed",
    ]
    assert _recover(settings, "over again", "run:failure:a", "run:blocked:b") == []
    assert _told(received)[2:] == ["Resolved (and 1 more): Night 3 failed"]
    assert _fail(settings, "5")
    assert _told(received)[3:] == ["Night 5 failed"]
    assert list(Outbox.read(settings).incidents) == ["run:failure:a"]


def test_the_end_of_one_incident_leaves_the_others_open(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    _fail(settings, "1")
    _fail(settings, "2", incident="home:stale")
    assert _recover(settings, "over", "home:stale") == ["Night 2 failed"]
    assert list(Outbox.read(settings).incidents) == ["run:failure:a"]
    assert not raise_alert(
        settings, alert_id="3", run_id="", summary="x", incident="run:failure:a", only_new=True
    )
    assert list(Outbox.read(settings).alerts) == ["1", "2", "over"]


def test_a_channel_that_was_set_up_since_is_told_the_next_time(tmp_path: Path) -> None:
    received = tmp_path / "received"
    silent, loud = _settings(tmp_path), _settings(tmp_path, _keep_input_in(received))
    _fail(silent, "1")
    _fail(loud, "2")
    _fail(loud, "3")
    assert _told(received) == ["Night 2 failed"]


def test_what_nobody_was_told_of_is_not_told_as_over(tmp_path: Path) -> None:
    received = tmp_path / "received"
    _fail(_settings(tmp_path), "1")
    settings = _settings(tmp_path, _keep_input_in(received))
    assert _recover(settings, "over", "run:failure:a") == ["Night 1 failed"]
    assert _told(received) == []


def test_an_alert_that_belongs_to_no_incident_is_told_by_itself(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    _fail(settings, "1", incident="")
    _fail(settings, "2", incident="")
    assert _told(received) == ["Night 1 failed", "Night 2 failed"]


def test_alerts_of_an_earlier_release_are_not_told_again(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    settings.home.mkdir()
    old = {"alert_id": "old", "run_id": "r", "raised_at": "2026-01-01T00:00:00+00:00", "summary": "Old"}
    alerts_file(settings).write_text(f"{json.dumps(old)}\n{{torn", encoding="utf-8")
    delivery.deliver_due(settings, at_once=True)
    assert not _fail(settings, "old")
    assert _fail(settings, "new")
    assert _told(received) == ["Night new failed"]


def test_a_name_that_is_no_text_does_not_stop_an_alert(tmp_path: Path) -> None:
    received = tmp_path / "received"
    settings = _settings(tmp_path, _keep_input_in(received))
    assert raise_alert(settings, alert_id="a", run_id="", summary="bad \udcff name", details="\udcff")
    assert _told(received) == ["bad ? name"]


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("billing was not loaded: customer.csv is empty", "crm was not loaded: contact.csv is empty", False),
        ("a.csv, line 17: 3 bad cells\n  'x'", "a.csv, line 204: 12 bad cells\n  'y'", True),
        (
            "Test a does not hold: 3 rows\n  1\n\nThe private build stays for a look: "
            "/h/builds/20260301T020000Z-1a2b3c4d/warehouse.duckdb",
            "Test a does not hold: 4 rows\n  2\n\nThe private build stays for a look: "
            "/h/builds/20260302T020000Z-9f8e7d6c/warehouse.duckdb",
            True,
        ),
        (
            "Test a does not hold\n\nTest b does not hold",
            "Test b does not hold\n\nTest a does not hold",
            True,
        ),
        ("Test a does not hold", "Test a does not hold\n\nTest b does not hold", False),
        (
            "Version 000007-20260301T020000Z-1a2b3c4d was",
            "Version 000008-20260302T020000Z-aaaaaaaa was",
            True,
        ),
        ("", "x", False),
    ],
)
def test_a_reason_is_what_failed_and_not_how_often_or_in_which_run(
    one: str, other: str, are_same: bool
) -> None:
    assert (cause_of(one) == cause_of(other)) == are_same
