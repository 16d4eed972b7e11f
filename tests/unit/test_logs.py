"""Lines of logs: for people, as JSON, and what the scheduler's processes say turned into the same."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.logs import json_lines
from orchestration.reporting import JsonReporter, LineReporter, reporter_for, service_reporter
from orchestration.runs import RunError, RunOptions, open_run
from orchestration.settings import JSON_LOGS, PROJECT_ROOT, TEXT_LOGS, Settings

FIELDS = ["timestamp", "level", "run_id", "logger", "message"]


def entry_of(line: str) -> dict[str, str]:
    (told,) = json_lines([line], "dagster")
    entry: dict[str, str] = json.loads(told)
    assert list(entry) == FIELDS
    moment = datetime.fromisoformat(entry["timestamp"])
    assert moment.utcoffset() is not None and entry["timestamp"].endswith("Z")
    return entry


@pytest.mark.parametrize("log_format", [TEXT_LOGS, JSON_LOGS])
def test_the_log_of_a_run_is_for_people_or_programs(log_format: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, landing=tmp_path, log_format=log_format)
    stream = io.StringIO()
    reporter = service_reporter(stream, log_format)
    with pytest.raises(RunError), open_run(settings, RunOptions(), reporter) as run:
        run.note("Loading billing")
        run.warn('A "doubtful" thing\nin two lines')
        with run.step("load billing"):
            raise OSError("customer.csv: Permission denied")
    lines = run.log.read_text(encoding="utf-8").splitlines()
    if log_format == TEXT_LOGS:
        assert lines[0].endswith(" Loading billing")
        datetime.strptime(lines[0][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert 'WARNING: A "doubtful" thing' in lines[1]
        assert lines[-1].endswith("FAILED: Could not load billing: OSError: customer.csv: Permission denied")
        assert "Loading billing\n" in stream.getvalue()
        return
    entries = [json.loads(line) for line in lines]
    assert [list(entry) for entry in entries] == [FIELDS] * 4
    assert [entry["level"] for entry in entries] == ["info", "warning", "debug", "error"]
    assert {(entry["run_id"], entry["logger"]) for entry in entries} == {(run.run_id, "tieout.run")}
    assert entries[1]["message"] == 'A "doubtful" thing\nin two lines'
    assert entries[2]["message"].startswith("Traceback")
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [entry["message"] for entry in said] == [entries[0]["message"], entries[1]["message"]]
    assert {entry["run_id"] for entry in said} == {run.run_id}


def test_programs_are_told_on_a_terminal_too() -> None:
    assert isinstance(reporter_for(io.StringIO(), JSON_LOGS), JsonReporter)
    assert type(service_reporter(io.StringIO(), TEXT_LOGS)) is LineReporter


def test_what_the_scheduler_says_becomes_the_same() -> None:
    console = (
        "\x1b[32m2026-01-31 02:00:00 +0100\x1b[0m - dagster - \x1b[34mERROR\x1b[0m - nightly - "
        "1b2c3d4e-0000-4000-8000-0123456789ab - 4711 - warehouse - STEP_FAILURE - it failed"
    )
    entry = entry_of(console)
    assert entry["timestamp"] == "2026-01-31T01:00:00.000000Z"
    assert (entry["level"], entry["logger"]) == ("error", "dagster")
    assert entry["run_id"] == "1b2c3d4e-0000-4000-8000-0123456789ab"
    assert entry["message"].endswith("STEP_FAILURE - it failed")

    event = {"event": "Checking for new runs", "level": "warn", "timestamp": "2026-01-31T01:00:00Z"}
    entry = entry_of(json.dumps({**event, "logger": "dagster.daemon.SensorDaemon", "exception": "Traceback"}))
    assert (entry["level"], entry["logger"]) == ("warning", "dagster.daemon.SensorDaemon")
    assert entry["message"] == "Checking for new runs\nTraceback"

    assert entry_of("Something else")["message"] == "Something else"
    assert entry_of("{not json")["message"] == "{not json"
    assert entry_of('{"an": "object"}')["message"] == '{"an": "object"}'
    own = json.dumps(dict.fromkeys(FIELDS, "2026-01-31T02:00:00Z"))
    assert list(json_lines([own, "", "  \n"], "dagster")) == [own]


SERVICE = """
import os, signal, sys, time
def end(number, frame):
    print("ended by", number, flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(2)
    print("a child's last word", flush=True)
    os._exit(0)
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""


def test_a_service_whose_lines_are_json_gets_signals_and_is_heard_to_its_end() -> None:
    wrapper = (
        "import os, sys; from orchestration.logs import run_with_json_lines; "
        f"sys.exit(run_with_json_lines([sys.executable, '-c', {SERVICE!r}], os.environ))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", wrapper], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["message"] == "ready"
    process.send_signal(signal.SIGTERM)
    said = [json.loads(line)["message"] for line in process.stdout]
    assert process.wait() == 3
    assert said == [f"ended by {signal.SIGTERM.value}", "a child's last word"]
