"""Alerts: exactly one per failed run, and a broken command never makes things worse."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from orchestration.alerts import alerts_file, raise_alert
from orchestration.files import read_records
from orchestration.settings import Settings


def _settings(tmp_path: Path, command: str | None = None) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing", alert_command=command)


def _keep_input_in(file: Path) -> str:
    program = f"import sys; open({str(file)!r}, 'a').write(sys.stdin.read() + '\\n')"
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


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
    assert "/no/such/program" in read_records(alerts_file(settings))[1]["problem"]


def test_a_command_that_fails_is_written_down_with_what_it_said(tmp_path: Path) -> None:
    program = "import sys; sys.stderr.write('no route'); sys.exit(7)"
    settings = _settings(tmp_path, f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}")
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    problem = read_records(alerts_file(settings))[1]["problem"]
    assert "exit code 7" in problem
    assert "no route" in problem


def test_a_command_with_an_open_quote_is_written_down(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "mail 'operator")
    assert raise_alert(settings, alert_id="a", run_id="r", summary="It failed")
    assert "quotation" in read_records(alerts_file(settings))[1]["problem"]
