"""Alerts on their way: kept before they are sent, sent until they arrive, once, whatever dies in between."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import cli
from orchestration.alerting import delivery, outbox
from orchestration.alerting.delivery import deliver_due
from orchestration.alerting.outbox import Outbox, alerts_file
from orchestration.alerts import raise_alert
from orchestration.files import append_record, read_records
from orchestration.reporting import SilentReporter
from orchestration.runs import PublicationBlocked, RunError, RunOptions, home_lock, open_run, utc_now
from orchestration.settings import PROJECT_ROOT, Settings, SmtpSettings
from orchestration.watching import look
from tests.alert_servers import (
    HOOK_PATH,
    PASSWORD,
    USER,
    Reply,
    free_port,
    make_certificate,
    running_mail_server,
    running_webhook,
    wait_until,
)

# Raises one alert as a process of its own, which reads the settings from its environment.
RAISE = """
import sys
from orchestration.alerts import raise_alert
from orchestration.settings import Settings
sys.stdin.read()
raised = raise_alert(
    Settings.from_environment(), alert_id=sys.argv[1], run_id="r", summary="It failed", incident=sys.argv[2]
)
print(raised)
"""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSES", (0.0, 0.0))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


def tell(settings: Settings, alert_id: str, **values: Any) -> bool:
    return raise_alert(settings, alert_id=alert_id, run_id="r", summary=f"{alert_id} failed", **values)


def first_lines(texts: list[str]) -> list[str]:
    return [text.splitlines()[0] for text in texts]


def states(settings: Settings) -> list[tuple[str, str, str]]:
    return [(one.alert_id, one.channel, one.end) for one in Outbox.read(settings).deliveries()]


def age(settings: Settings, hours: float) -> None:
    """Put every moment of the alerts back, as if so much time had passed."""
    lines = []
    for record in read_records(alerts_file(settings)):
        for name in ("raised_at", "at"):
            if name in record:
                moment = datetime.fromisoformat(record[name]) - timedelta(hours=hours)
                record[name] = moment.isoformat(timespec="seconds")
        lines.append(json.dumps(record))
    alerts_file(settings).write_text("\n".join(lines) + "\n", encoding="utf-8")


# ---- until it has arrived


def test_a_server_that_fails_first_is_tried_again_within_the_same_delivery(settings: Settings) -> None:
    with running_webhook(Reply(500), Reply(503), Reply()) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        tell(settings, "a")
        deliver_due(settings, at_once=True)
    assert first_lines(hook.texts) == ["a failed"]
    assert len(hook.requests) == 3
    assert states(settings) == [("a", "webhook", "delivered")]


def test_what_could_not_be_told_is_told_by_the_next_run(settings: Settings) -> None:
    with running_webhook(Reply(500), Reply(500), Reply(500), Reply()) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        tell(settings, "a")
        assert hook.texts == []
        (note,) = outbox.undelivered_notes(settings)
        assert "1 alert could not be told by webhook yet" in note
        assert "500 Internal Server Error. (3 tries)" in note
        # A minute has not passed.
        with open_run(settings, RunOptions(), SilentReporter()):
            pass
        assert hook.texts == []
        age(settings, 0.05)
        with open_run(settings, RunOptions(), SilentReporter()):
            assert first_lines(hook.texts) == ["a failed"]
    assert outbox.undelivered_notes(settings) == []


def test_the_pauses_grow_to_an_hour_and_no_further(settings: Settings) -> None:
    now = datetime.now(UTC)
    one = outbox.Delivery({"alert_id": "a"}, "webhook")
    assert one.is_due(now)
    pauses = []
    for attempts in range(1, 12):
        one.attempts, one.last_attempt_at = attempts, now
        minutes = next(m for m in range(1, 100) if one.is_due(now + timedelta(minutes=m)))
        pauses.append(minutes)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    # A clock that was set back.
    assert one.is_due(now - timedelta(days=1))


def test_it_is_given_up_after_three_days_which_is_written_down(settings: Settings) -> None:
    settings = replace(settings, alert_webhook=f"http://127.0.0.1:{free_port()}{HOOK_PATH}")
    tell(settings, "a", incident="i")
    age(settings, 71)
    deliver_due(settings)
    assert states(settings) == [("a", "webhook", "")]
    age(settings, 2)
    with running_webhook() as hook:
        deliver_due(replace(settings, alert_webhook=hook.url), at_once=True)
        assert hook.texts == []
        assert states(settings) == [("a", "webhook", "given_up")]
        (last,) = [one for one in read_records(alerts_file(settings)) if "given_up" in one]
        assert last["problem"].startswith("127.0.0.1: Connection refused.")
        # Who has not heard of the incident hears of its next night.
        tell(replace(settings, alert_webhook=hook.url), "b", incident="i")
        assert first_lines(hook.texts) == ["b failed"]


def test_an_alert_that_was_never_tried_is_sent_at_any_age(settings: Settings) -> None:
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        tell(settings, "a", deliver=False)
        age(settings, 24 * 30)
        deliver_due(settings)
    assert first_lines(hook.texts) == ["a failed"]


def test_a_channel_that_got_it_is_not_told_again_when_another_fails(settings: Settings) -> None:
    with running_webhook() as hook, running_mail_server() as server:
        server.handler.first_answers = ["451 later"] * 3
        mail = SmtpSettings(
            "127.0.0.1", str(server.port), "none", "", "", "", "t@example.com", "a@example.com"
        )
        settings = replace(settings, alert_webhook=hook.url, alert_smtp=mail)
        tell(settings, "a")
        assert states(settings) == [("a", "smtp", ""), ("a", "webhook", "delivered")]
        deliver_due(settings, at_once=True)
        deliver_due(settings, at_once=True)
        assert len(hook.texts) == len(server.mails) == 1


def test_a_message_that_is_refused_keeps_no_other_back_and_a_server_that_is_down_is_asked_once(
    settings: Settings,
) -> None:
    with running_webhook(Reply(400), Reply()) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        for name in ("a", "b", "c"):
            tell(settings, name, deliver=False)
        deliver_due(settings)
        assert first_lines(hook.texts) == ["b failed", "c failed"]
    for name in ("d", "e"):
        tell(settings, name, deliver=False)
    deliver_due(settings)
    attempts = {one.alert_id: one.attempts for one in Outbox.read(settings).pending()}
    assert attempts == {"a": 1, "d": 1, "e": 0}


def test_a_channel_that_hangs_keeps_neither_the_others_nor_the_caller(settings: Settings) -> None:
    with running_webhook(Reply(hang=True)) as hook, running_mail_server() as server:
        mail = SmtpSettings(
            "127.0.0.1", str(server.port), "none", "", "", "", "t@example.com", "a@example.com"
        )
        settings = replace(settings, alert_webhook=hook.url, alert_smtp=mail)
        tell(settings, "a", deliver=False)
        deliver_due(settings, seconds=3)
        assert len(server.mails) == 1
        assert states(settings)[0] == ("a", "smtp", "delivered")
        # What was left behind still has the channel, so nobody sends the same beside it.
        assert states(settings)[1] == ("a", "webhook", "")
        assert len(hook.requests) == 1


def test_a_server_that_asks_to_wait_longer_than_there_is_time_is_left_for_later(settings: Settings) -> None:
    with running_webhook(Reply(429, headers=[("Retry-After", "3600")])) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        tell(settings, "a")
        assert len(hook.requests) == 1
    assert "429 Too Many Requests" in Outbox.read(settings).pending()[0].problem


# ---- processes


def _start(settings: Settings, alert_id: str, incident: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RAISE, alert_id, incident],
        cwd=PROJECT_ROOT,
        env={**os.environ, **settings.environment()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _let_go(processes: list[subprocess.Popen[str]]) -> None:
    """Let processes that have started go on side by side."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None


@pytest.mark.parametrize(("ids", "incident"), [(("a", "a"), ""), (("a", "b"), "run:failure:x")])
def test_two_processes_that_raise_the_same_tell_once(
    settings: Settings, ids: tuple[str, str], incident: str
) -> None:
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        processes = [_start(settings, alert_id, incident) for alert_id in ids]
        _let_go(processes)
        answers = [process.communicate()[0].strip() for process in processes]
        assert len(hook.texts) == 1
    assert sorted(answers) == (["False", "True"] if ids == ("a", "a") else ["True", "True"])
    assert len(Outbox.read(settings).alerts) == len(set(ids))


def test_alerts_of_many_processes_all_arrive_once(settings: Settings) -> None:
    names = [f"alert-{number}" for number in range(4)]
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        processes = [_start(settings, name) for name in names]
        _let_go(processes)
        for process in processes:
            process.communicate()
            assert process.returncode == 0
        deliver_due(settings)
        assert len(hook.texts) == len(names)
    assert sorted(states(settings)) == [(name, "webhook", "delivered") for name in names]


def test_a_kill_between_sending_and_noting_sends_it_once_more_and_never_again(
    settings: Settings, tmp_path: Path
) -> None:
    received = tmp_path / "received"
    # It has told, and its caller is killed before it can write that down.
    program = (
        f"import os, signal, sys; new = not os.path.exists({str(received)!r}); "
        f"open({str(received)!r}, 'a').write(sys.stdin.readline() + '\\n'); "
        "os.kill(os.getppid(), signal.SIGKILL) if new else None"
    )
    settings = replace(settings, alert_command=shlex.join([sys.executable, "-c", program]))
    process = _start(settings, "a")
    process.communicate("go")
    assert process.returncode == -signal.SIGKILL
    assert len(received.read_text().splitlines()) == 1
    assert states(settings) == [("a", "command", "")]
    # What kills whoever sends it must not do so at once again.
    deliver_due(settings)
    assert len(received.read_text().splitlines()) == 1
    for _ in range(3):
        deliver_due(settings, at_once=True)
    assert len(received.read_text().splitlines()) == 2
    assert states(settings) == [("a", "command", "delivered")]


def test_a_kill_before_sending_loses_nothing(settings: Settings) -> None:
    with running_webhook(Reply(hang=True), Reply()) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        process = _start(settings, "a")
        try:
            _let_go([process])
            wait_until(lambda: hook.requests)
            # While one process sends through a channel, no other does, whatever it is asked.
            deliver_due(settings, seconds=1, at_once=True)
            assert len(hook.requests) == 1
        finally:
            process.kill()
            process.communicate()
        deliver_due(settings, at_once=True)
        assert first_lines(hook.texts) == ["It failed"]


# ---- a home that cannot be written


@pytest.fixture
def nothing_can_be_appended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "append_record", fail)
    yield


def test_a_full_disk_silences_nobody_and_repeats_nothing(
    settings: Settings, nothing_can_be_appended: None
) -> None:
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        assert tell(settings, "a")
        tell(settings, "a")
        deliver_due(settings)
        # What looks every few minutes would tell every few minutes.
        assert not tell(settings, "b", only_new=True)
    assert first_lines(hook.texts) == ["a failed"]


def test_a_disk_that_is_full_after_the_alert_was_written_silences_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_alerts(path: Path, record: dict[str, Any]) -> None:
        if "alert_id" not in record:
            raise OSError(28, "No space left on device")
        append_record(path, record)

    monkeypatch.setattr(outbox, "append_record", only_alerts)
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        tell(settings, "a")
        deliver_due(settings, at_once=True)
        assert first_lines(hook.texts) == ["a failed"]


# ---- runs


def fail_run(settings: Settings, name: str, error: Exception, job: str = "nightly") -> None:
    with (
        pytest.raises(RunError),
        open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id=name, job=job) as run,
        run.step("load billing"),
    ):
        raise error


def publish(settings: Settings, name: str, status: str = "published", job: str = "nightly") -> None:
    with open_run(settings, RunOptions(), SilentReporter(), scheduler_run_id=name, job=job) as run:
        run.status, run.summary = status, "Published version 000007-x."


def test_nights_that_fail_for_one_reason_are_told_once_and_so_is_their_end(settings: Settings) -> None:
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        fail_run(settings, "night-1", RunError("billing was not loaded: customer.csv, line 3: no id"))
        fail_run(settings, "night-2", RunError("billing was not loaded: customer.csv, line 99: no id"))
        fail_run(settings, "night-3", PublicationBlocked("Test a does not hold: 3 rows\n  1"))
        fail_run(settings, "night-4", PublicationBlocked("Test a does not hold: 4 rows\n  2"))
        assert first_lines(hook.texts) == [
            "Tieout nightly failed: billing was not loaded: customer.csv, line 3: no id",
            "Tieout nightly may not publish: Test a does not hold: 3 rows",
        ]
        publish(settings, "load-5", status="loaded", job="load")
        assert len(hook.texts) == 2
        publish(settings, "night-5")
        publish(settings, "night-6", status="unchanged")
        assert len(hook.texts) == 3
        assert hook.texts[2].startswith("Resolved (and 1 more): Tieout nightly may not publish: Test a")
        assert "Published version 000007-x." in hook.texts[2]
        assert "UTC: Tieout nightly failed: billing was not loaded" in hook.texts[2]
        fail_run(settings, "night-7", RunError("billing was not loaded: customer.csv, line 3: no id"))
        assert len(hook.texts) == 4
    kinds = [alert["kind"] for alert in Outbox.read(settings).alerts.values()]
    assert kinds == ["failure", "failure", "blocked", "blocked", "resolved", "failure"]


def test_a_good_load_ends_what_befell_loads_alone(settings: Settings) -> None:
    fail_run(settings, "load-1", RunError("crm was not loaded"), job="load")
    fail_run(settings, "night-1", RunError("billing was not loaded"))
    publish(settings, "load-2", status="loaded", job="load")
    assert [one.job for one in Outbox.read(settings).incidents.values()] == ["nightly"]


def test_what_an_operator_does_by_hand_is_told_each_time_and_opens_nothing(settings: Settings) -> None:
    for name in ("one", "two"):
        fail_run(settings, name, RunError("Version 3 is not what was published"), job="rollback")
    box = Outbox.read(settings)
    assert ["told_before" in alert for alert in box.alerts.values()] == [False, False]
    assert box.incidents == {}


def test_alerts_are_sent_when_the_home_is_free_again(settings: Settings, tmp_path: Path) -> None:
    held = tmp_path / "held"
    program = (
        f"import fcntl; file = open({str(settings.home / 'lock')!r}); "
        f"fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB); open({str(held)!r}, 'w').write('free')"
    )
    settings = replace(settings, alert_command=shlex.join([sys.executable, "-c", program]))
    fail_run(settings, "night-1", RunError("no"))
    assert held.read_text() == "free"


def test_a_channel_that_fails_or_breaks_changes_no_outcome(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*arguments: object, **options: object) -> str:
        raise ZeroDivisionError(f"secret {PASSWORD}")

    monkeypatch.setattr("orchestration.alerting.webhook.WebhookChannel.send", break_down)
    settings = replace(settings, alert_webhook=f"http://127.0.0.1:{free_port()}{HOOK_PATH}")
    fail_run(settings, "night-1", RunError("no"))
    publish(settings, "night-2")
    text = alerts_file(settings).read_text(encoding="utf-8")
    assert "an unexpected ZeroDivisionError" in text
    assert PASSWORD not in text


# ---- what no run tells


def show_version(settings: Settings, published_at: datetime) -> None:
    """Let readers see a version of that time."""
    folder = settings.versions_dir / "000001-run-1"
    folder.mkdir(parents=True)
    (folder / "warehouse.duckdb").touch()
    record = {"sequence": 1, "run_id": "run-1", "published_at": published_at.isoformat()}
    (folder / "build.json").write_text(json.dumps(record), encoding="utf-8")
    settings.current_link.symlink_to("versions/000001-run-1")


def test_a_version_of_which_nobody_would_be_told_that_it_is_old_is_told(settings: Settings) -> None:
    now = utc_now()
    show_version(settings, now + timedelta(days=400))
    (told,) = look(settings, now=now)
    assert "400 days from now" in told
    assert look(settings, now=now + timedelta(minutes=5)) == []


def test_a_version_that_nobody_confirms_is_told_once_although_no_run_happens_and_so_is_its_end(
    settings: Settings,
) -> None:
    now = utc_now()
    show_version(settings, now)
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        assert look(settings, now=now) == []
        for hours in (27, 28, 50):
            look(settings, now=now + timedelta(hours=hours))
            deliver_due(settings)
        (text,) = hook.texts
        assert text.startswith(
            "Tieout is out of date: No run has published or confirmed version 000001-run-1 for 1 day 3 hours"
        )
        assert "Does the scheduler run?" in text
        # A night that fails leaves it old; the one that confirms it ends both.
        fail_run(settings, "night-1", RunError("no"))
        assert look(settings, now=now + timedelta(hours=51)) == []
        with open_run(settings, RunOptions(), SilentReporter()) as run:
            run.status, run.published_version = "unchanged", "000001-run-1"
        assert len(look(settings, now=now + timedelta(hours=1))) == 1
        deliver_due(settings)
        assert [line.partition(":")[0] for line in first_lines(hook.texts)[1:]] == [
            "Tieout nightly failed",
            "Resolved",
            "Resolved",
        ]
        assert "is out of date" in hook.texts[3]
    kinds = [alert["kind"] for alert in Outbox.read(settings).alerts.values()]
    assert kinds == ["stale", "failure", "resolved", "resolved"]


def test_a_run_that_was_killed_is_told_before_the_next_one_and_once(settings: Settings) -> None:
    program = (
        "import os, signal; from orchestration.settings import Settings; "
        "from orchestration.reporting import SilentReporter; from orchestration.runs import *\n"
        "with open_run(Settings.from_environment(), RunOptions(), SilentReporter()): "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, **settings.environment()}
    killed = subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, env=environment)
    assert killed.returncode == -signal.SIGKILL
    with running_webhook() as hook:
        settings = replace(settings, alert_webhook=hook.url)
        assert len(look(settings, now=utc_now())) == 1
        assert look(settings, now=utc_now()) == []
        deliver_due(settings)
        publish(settings, "night-2")
        assert first_lines(hook.texts)[0].startswith("Tieout nightly failed: The run was killed")
        assert first_lines(hook.texts)[1].startswith("Resolved: Tieout nightly failed: The run was killed")
        assert len(hook.texts) == 2


def test_a_look_at_a_home_that_is_busy_or_not_there_tells_nothing(settings: Settings) -> None:
    assert look(settings, now=utc_now()) == []
    assert not settings.home.exists()
    with home_lock(settings, "someone"):
        assert look(settings, now=utc_now()) == []


# ---- the command


def main(settings: Settings, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return cli.main(arguments)


def test_the_command_tries_every_channel_and_says_what_each_answered(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(settings, "alerts", "--test", monkeypatch=monkeypatch) == cli.FAILED
    assert "No channel is set up" in capsys.readouterr().err
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with (
        running_webhook(Reply(), Reply(410, body=HOOK_PATH.encode())) as hook,
        running_mail_server(tls=certificate.context, with_login=True) as server,
    ):
        mail = SmtpSettings(
            "localhost", str(server.port), "starttls", USER, PASSWORD, "", "t@example.com", "a@example.com"
        )
        settings = replace(
            settings, alert_webhook=hook.url, alert_smtp=mail, alert_command="/no/such/program"
        )
        assert main(settings, "alerts", "--test", monkeypatch=monkeypatch) == cli.FAILED
        told = capsys.readouterr().out
        assert told.splitlines() == [
            "command    NOT told: /no/such/program: No such file or directory.",
            "smtp       told: accepted for 1 recipient",
            "webhook    told: answered 200 OK",
        ]
        assert "Tieout test message" in server.mails[0]["Subject"]
        settings = replace(settings, alert_command=shlex.join([sys.executable, "-c", "pass"]))
        assert main(settings, "alerts", "--test", monkeypatch=monkeypatch) == cli.FAILED
        assert "webhook    NOT told: 127.0.0.1: answered 410 Gone." in capsys.readouterr().out
    # Nothing is kept of it.
    assert not settings.home.exists()


def test_the_command_for_cron_tells_and_sends_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_webhook(Reply(500), Reply(500), Reply(500), Reply()) as hook:
        settings = replace(settings, alert_webhook=hook.url)
        settings.home.mkdir()
        settings.current_link.symlink_to("versions/000009-gone")
        assert main(settings, "alerts", "--check", monkeypatch=monkeypatch) == cli.FAILED
        said = capsys.readouterr()
        assert said.out.startswith("Told: ")
        assert "could not be told by webhook yet" in said.err
        assert main(settings, "alerts", monkeypatch=monkeypatch) == cli.DONE
        assert "Not told   by webhook" in capsys.readouterr().out
        assert main(settings, "status", monkeypatch=monkeypatch) == cli.DONE
        assert "Note       1 alert could not be told by webhook yet" in capsys.readouterr().out
        assert main(settings, "alerts", "--check", monkeypatch=monkeypatch) == cli.DONE
        assert first_lines(hook.texts)[0].startswith("Tieout has a problem: ")
        assert main(settings, "alerts", monkeypatch=monkeypatch) == cli.DONE
        listed = capsys.readouterr().out
        assert "Open       since " in listed
        assert "webhook delivered" in listed
        assert main(settings, "alerts", "--json", monkeypatch=monkeypatch) == cli.DONE
        listing = json.loads(capsys.readouterr().out)
        assert [one["incident"] for one in listing["open"]] == ["home:link"]
        assert listing["undelivered"] == []


def test_the_doctor_names_what_is_wrong_with_a_channel_and_no_secret(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    mail = SmtpSettings(
        "mail.example.com", "", "tls", USER, "", str(password), "t@example.com", "a@example.com"
    )
    settings = replace(settings, alert_webhook=f"http://hooks.example.com{HOOK_PATH}", alert_smtp=mail)
    settings.home.mkdir()
    raise_alert(settings, alert_id="a", run_id="", summary="It failed", deliver=False)
    append_record(alerts_file(settings), {"attempt_of": "a", "channel": "smtp", "at": outbox.now_text()})
    main(settings, "doctor", monkeypatch=monkeypatch)
    said = capsys.readouterr().out
    assert "error      environment: TIEOUT_ALERT_WEBHOOK: it is not encrypted" in said
    warning = f"TIEOUT_ALERT_SMTP_PASSWORD_FILE: everybody on this machine may read {password}"
    assert f"warning    environment: {warning}" in said
    assert "warning    home: 1 alert could not be told by smtp yet (it was interrupted)" in said
    assert "which nothing reads" not in said
    assert HOOK_PATH not in said and PASSWORD not in said
