"""The nightly from an empty folder to a published version, as an operator sees it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.alerts import alerts_file
from orchestration.files import read_records
from orchestration.publication import current_version
from orchestration.runs import read_journal, running_now
from orchestration.settings import DBT_PROJECT_DIR, Settings
from tests.end_to_end.conftest import CommandLine, PublishedHome, attempts
from tests.small_landing import BILLING

# The two tables that tell of runs and loads, and so differ between two runs over the same data.
TABLES_ABOUT_RUNS = {"fct_load_report", "fct_runs"}


def _settings(home: Path) -> Settings:
    return Settings(home=home, landing=home)


def _content_hashes(home: Path) -> dict[str, str]:
    version = current_version(_settings(home))
    assert version is not None
    return {name: table["content_hash"] for name, table in version.record()["tables"].items()}


# ---- published


def test_the_first_nightly_publishes_and_says_what_and_where(published: PublishedHome) -> None:
    output = published.finished.output
    file = published.home / "current" / "warehouse.duckdb"
    assert file.is_file()
    assert str(file) in output
    assert "closing_mrr" in output
    assert "2024-01" in output
    assert " passed" in output
    assert " ties" in output


def test_a_log_gets_plain_lines_of_the_real_steps(published: PublishedHome) -> None:
    errors = published.finished.errors
    for step in ("Loading billing", "Building and testing the models", "Auditing the build", "Publishing"):
        assert step in errors
    assert "\x1b" not in errors
    assert "Traceback" not in errors


def test_the_nightly_and_all_that_it_starts_stay_off_the_network(published: PublishedHome) -> None:
    assert published.network_attempts == []


def test_the_network_guard_catches_an_attempt(network_guard: dict[str, str], tmp_path: Path) -> None:
    guard = {**network_guard, "TEST_NETWORK_ATTEMPTS": str(tmp_path / "attempts")}
    program = "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)"
    finished = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **guard}, capture_output=True
    )
    assert finished.returncode != 0
    assert "192.0.2.1" in attempts(guard)[0]


def test_the_published_marts_answer_in_exact_types(published: PublishedHome) -> None:
    with duckdb.connect(str(published.home / "current" / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select account_id, month::varchar, new_amount::varchar from marts.fct_mrr_by_account_month "
            "where new_amount > 0"
        ).fetchall()
        floats = connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where data_type in ('DOUBLE', 'FLOAT') "
            "and not regexp_matches(column_name, '_(rate|share|months|to_cac)$|^quick_ratio') "
            "and column_name not in ('magic_number', 'rule_of_40')"
        ).fetchall()
    assert rows == [("cus_1", "2024-01-01", "10.0000")]
    # Only what is divided last.
    assert floats == []


def test_the_version_keeps_what_was_tested_and_from_what_it_was_built(published: PublishedHome) -> None:
    version = current_version(_settings(published.home))
    assert version is not None
    record = version.record()
    assert record["sequence"] == 1
    assert record["tests_passed"] > 0
    assert record["controls"].get("fails") is None
    assert record["as_of_at"] == "2024-03-01T03:00:00"
    assert record["policies"]["reporting_currency"] == "USD"
    assert record["inputs_fingerprint"] and record["code_fingerprint"]
    nodes = json.loads((version.folder / "dbt" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    blocking = {
        name
        for name, node in nodes.items()
        if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
    }
    results = json.loads((version.folder / "dbt" / "run_results.json").read_text(encoding="utf-8"))["results"]
    passed = {result["unique_id"] for result in results if result["status"] == "pass"}
    assert blocking <= passed
    assert len(blocking) == record["tests_passed"]


def test_the_private_build_goes_and_its_logs_stay(published: PublishedHome) -> None:
    (build,) = (published.home / "builds").iterdir()
    assert not (build / "warehouse.duckdb").exists()
    assert not (build / "raw").exists()
    assert (build / "logs" / "run.log").is_file()
    assert (build / "logs" / "dbt.log").is_file()


def test_the_scheduler_knows_the_run_its_tables_and_its_tests(published: PublishedHome) -> None:
    with dg.DagsterInstance.from_config(str(published.home / "dagster")) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert run.job_name == "nightly"
        for key in (["billing", "customer"], ["marts", "fct_mrr_bridge_by_month"], ["published_warehouse"]):
            assert instance.get_latest_materialization_event(dg.AssetKey(key)) is not None, key
        events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    passed = [
        event.dagster_event.asset_check_evaluation_data.passed for event in events if event.dagster_event
    ]
    assert passed.count(True) > 0


def test_the_project_folder_stays_as_it_was(published: PublishedHome) -> None:
    assert {path.name for path in DBT_PROJECT_DIR.iterdir()} <= published.project_before


def test_a_nightly_without_news_says_so_and_publishes_nothing(
    tieout: CommandLine, published: PublishedHome, copied_home: Path
) -> None:
    before = current_version(_settings(copied_home))
    finished = tieout.run("nightly", "--landing", str(published.landing), "--home", str(copied_home))
    assert finished.code == 0, finished.errors
    assert "Nothing changed since version 000001" in finished.output
    assert "Building" not in finished.errors
    assert current_version(_settings(copied_home)) == before
    assert [run.status for run in read_journal(_settings(copied_home))] == ["published", "unchanged"]


def test_two_runs_from_scratch_publish_identical_tables(
    tieout: CommandLine, published: PublishedHome, empty_home: Path
) -> None:
    other_machine = {"TZ": "America/New_York", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    finished = tieout.run(
        "nightly", "--landing", str(published.landing), "--home", str(empty_home), extra=other_machine
    )
    assert finished.code == 0, finished.errors
    first, second = _content_hashes(published.home), _content_hashes(empty_home)
    assert first.keys() == second.keys()
    differing = {name for name in first if first[name] != second[name]}
    assert differing <= TABLES_ABOUT_RUNS


# ---- not published


def _keep_input_in(file: Path) -> str:
    program = f"import sys; open({str(file)!r}, 'a').write(sys.stdin.read() + '\\n')"
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


def test_a_broken_rule_is_shown_with_its_rows_and_readers_keep_the_old_version(
    tieout: CommandLine, copied_home: Path, landing: Callable[..., Path], tmp_path: Path
) -> None:
    before = current_version(_settings(copied_home))
    negative = BILLING["invoice_line_item"].replace("usd,1,false", "usd,-1,false")
    received = tmp_path / "received"
    finished = tieout.run(
        *("nightly", "--landing", str(landing(invoice_line_item=negative)), "--home", str(copied_home)),
        extra={"TIEOUT_ALERT_COMMAND": _keep_input_in(received)},
    )
    assert finished.code == 1, finished.output
    assert "does not hold" in finished.errors
    assert "il_1" in finished.errors
    assert "Nothing was published. Readers still see version 000001" in finished.errors
    assert "Traceback" not in finished.errors
    assert current_version(_settings(copied_home)) == before

    (alert,) = [json.loads(line) for line in received.read_text(encoding="utf-8").splitlines()]
    assert "does not hold" in alert["summary"]
    run = read_journal(_settings(copied_home))[-1]
    assert (run.status, run.published_version) == ("failed", None)
    assert run.tests_failed is not None and run.tests_failed > 0
    # What failed can be looked at.
    assert (copied_home / "builds" / run.run_id / "warehouse.duckdb").is_file()


def test_an_export_that_cannot_be_loaded_is_told_with_file_and_column_and_alerted_once(
    tieout: CommandLine, copied_home: Path, landing: Callable[..., Path], tmp_path: Path
) -> None:
    received = tmp_path / "received"
    finished = tieout.run(
        *(
            "nightly",
            "--landing",
            str(landing(customer="email\na@example.com\n")),
            "--home",
            str(copied_home),
        ),
        extra={"TIEOUT_ALERT_COMMAND": _keep_input_in(received)},
    )
    assert finished.code == 1
    assert "customer.csv" in finished.errors
    assert "id" in finished.errors
    assert "Building" not in finished.errors
    assert "Nothing was published." in finished.errors
    assert len(received.read_text(encoding="utf-8").splitlines()) == 1
    records = read_records(alerts_file(_settings(copied_home)))
    assert len([record for record in records if "alert_id" in record]) == 1


def test_columns_that_are_left_out_are_said_in_a_line_per_table_and_all_named_in_the_log(
    tieout: CommandLine, landing: Callable[..., Path], tmp_path: Path
) -> None:
    home, extra = tmp_path / "home", [f"extra_{number:02}" for number in range(12)]
    price = BILLING["price"].splitlines()
    folder = landing(
        price=f"{price[0]},interval,kind\n{price[1]},month,plan\n",
        coupon=f"id,{','.join(extra)}\nc{',1' * len(extra)}\n",
    )
    for _ in ("a new load", "a load without news"):
        finished = tieout.run("load", "--landing", str(folder), "--home", str(home))
        assert finished.code == 0
        assert "billing.price: 2 columns are not declared and left out: interval, kind\n" in finished.errors
        assert "billing.coupon: 12 columns are not declared" in finished.errors
        assert "extra_09 and 2 more" in finished.errors
        assert finished.errors.count(" left out: ") == 2
        log = Path(read_journal(_settings(home))[-1].log).read_text(encoding="utf-8")
        assert "left out: interval, kind\n" in log
        assert f"left out: {', '.join(extra)}\n" in log


# ---- interrupted


def _start_building(tieout: CommandLine, home: Path, landing: Path) -> subprocess.Popen[str]:
    """A nightly that is building its models at this moment."""
    process = tieout.start("nightly", "--force", "--landing", str(landing), "--home", str(home))
    assert process.stderr is not None
    for line in process.stderr:
        if "Building and testing the models" in line:
            return process
    raise AssertionError(f"the nightly ended with {process.wait()} before it built")


def test_sigterm_ends_a_nightly_cleanly(
    tieout: CommandLine, published: PublishedHome, copied_home: Path
) -> None:
    process = _start_building(tieout, copied_home, published.landing)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Interrupted" in errors
    assert "Nothing was published" in errors
    assert "Traceback" not in errors
    assert running_now(_settings(copied_home)) is None
    run = read_journal(_settings(copied_home))[-1]
    assert (run.status, run.published_version) == ("interrupted", None)
    current = current_version(_settings(copied_home))
    assert current is not None and current.sequence == 1
    # Half a build is of use to nobody; its logs are.
    assert {path.name for path in (copied_home / "builds" / run.run_id).iterdir()} <= {"logs", "target"}
    (alert,) = read_records(alerts_file(_settings(copied_home)))
    assert "Interrupted" in alert["summary"]


def test_a_second_run_is_refused_and_a_killed_one_leaves_the_home_free(
    tieout: CommandLine, published: PublishedHome, copied_home: Path
) -> None:
    settings = _settings(copied_home)
    process = _start_building(tieout, copied_home, published.landing)

    second = tieout.run("load", "--landing", str(published.landing), "--home", str(copied_home))
    assert second.code == 1
    assert f"process {process.pid}" in second.errors
    assert "Nothing was done" in second.errors

    assert process.stderr is not None
    process.kill()
    process.wait()
    assert running_now(settings) is None

    third = tieout.run("load", "--landing", str(published.landing), "--home", str(copied_home))
    assert third.code == 0, third.errors
    assert [run.status for run in read_journal(settings)] == ["published", "killed", "refused", "loaded"]
    alerts = read_records(alerts_file(settings))
    assert ["killed" in alert["summary"] for alert in alerts] == [False, True, False]
    # The load that was refused has been made up for; that the nightly was killed has not.
    assert alerts[2]["answers"] == [alerts[0]["alert_id"]]
    current = current_version(settings)
    assert current is not None and current.sequence == 1
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        statuses = {run.status for run in instance.get_runs()}
    assert dg.DagsterRunStatus.STARTED not in statuses
