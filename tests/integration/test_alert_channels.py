"""Each way to tell somebody against a server on this machine: what arrives, what counts, what is secret."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.alerting.channels import DeliveryFailed, configured_channels
from orchestration.alerting.command import CommandChannel
from orchestration.alerting.mail import MailChannel
from orchestration.alerting.message import Message
from orchestration.alerting.webhook import WebhookChannel
from orchestration.settings import Settings, SmtpSettings
from tests.alert_servers import (
    HOOK_PATH,
    PASSWORD,
    USER,
    Certificate,
    Reply,
    free_port,
    make_certificate,
    running_mail_server,
    running_webhook,
    wait_until,
)

FROM, TO = "tieout@example.com", "a@example.com, b@example.org"


def an_alert(**values: Any) -> Message:
    return Message.from_record(
        {
            "alert_id": "a-1",
            "kind": "failure",
            "raised_at": "2026-03-01T02:00:00+00:00",
            "home": "/srv/tieout",
            "summary": "Tieout nightly failed: billing was not loaded",
            "details": "billing was not loaded: customer.csv is empty\nThe raw layer keeps what it had.",
            "log": "/srv/tieout/run.log",
            "channels": ["webhook"],
            **values,
        }
    )


def refused(channel: Any, message: Message | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        channel.send(message or an_alert(), seconds=30)
    return caught.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Certificate]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    yield certificate


# ---- command


def _python(program: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", program, *arguments])


def test_the_command_gets_the_alert_as_json(tmp_path: Path) -> None:
    file = tmp_path / "received"
    command = _python(f"import sys; open({str(file)!r}, 'w').write(sys.stdin.read())")
    assert CommandChannel(command).send(an_alert(), seconds=30) == "exit code 0"
    received = json.loads(file.read_text(encoding="utf-8"))
    assert received["alert_id"] == "a-1"
    assert received["kind"] == "failure"
    assert received["details"].startswith("billing was not loaded: customer.csv")
    # Who is told is nobody's business but the home's.
    assert "channels" not in received


def test_a_command_that_fails_may_be_tried_again_and_says_why_without_its_arguments() -> None:
    program = "import sys; print('no route for ' + sys.argv[1] + sys.argv[2], file=sys.stderr); sys.exit(7)"
    url = "https://hooks.example.com/services/T0SECRET"
    error = refused(CommandChannel(_python(program, url, "--token=abcdefgh1234")))
    assert error.is_temporary
    assert "exit code 7: no route for" in str(error)
    assert "SECRET" not in str(error)
    assert "abcdefgh1234" not in str(error)


@pytest.mark.parametrize(
    ("command", "said"),
    [("/no/such/program --now", "/no/such/program"), ("mail 'operator", "quotation"), ("  ", "blank")],
)
def test_a_command_that_cannot_run_is_not_tried_again(command: str, said: str) -> None:
    error = refused(CommandChannel(command))
    assert said in str(error)
    assert not error.is_temporary
    assert said in " ".join(CommandChannel(command).problems())
    assert CommandChannel(_python("pass")).problems() == []


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    file = tmp_path / "child"
    # The child keeps the command's standard error open, which must not be waited for.
    program = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; "
        f"time.sleep(600)']); open({str(file)!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    with pytest.raises(DeliveryFailed, match="not done after 3 seconds") as caught:
        CommandChannel(_python(program)).send(an_alert(), seconds=3)
    assert not caught.value.is_temporary
    child = int(file.read_text())
    wait_until(lambda: not _is_running(child))


def _is_running(process: int) -> bool:
    """Whether a process is there and no zombie that nobody has buried yet."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


# ---- webhook


def test_the_webhook_gets_the_message_as_slack_takes_it() -> None:
    with running_webhook() as hook:
        channel = WebhookChannel(hook.url, None)
        assert channel.problems() == []
        assert channel.send(an_alert(), seconds=30) == "answered 200 OK"
        ((path, body),) = hook.requests
    assert path == HOOK_PATH
    assert list(body) == ["text"]
    assert body["text"].splitlines() == [
        "Tieout nightly failed: billing was not loaded",
        "billing was not loaded: customer.csv is empty",
        "The raw layer keeps what it had.",
        "Log: /srv/tieout/run.log",
        "Home: /srv/tieout",
    ]


def test_slacks_special_characters_are_text_and_a_message_has_a_length() -> None:
    with running_webhook() as hook:
        channel = WebhookChannel(hook.url, None)
        channel.send(an_alert(summary="<!channel> R&D <https://x.example|click>"), seconds=30)
        channel.send(an_alert(details="<&>" * 100_000), seconds=30)
    assert hook.texts[0].startswith("&lt;!channel&gt; R&amp;D &lt;https://x.example|click&gt;\n")
    assert len(hook.texts[1]) <= 3_500
    assert hook.texts[1].endswith("\nHome: /srv/tieout")
    # No entity is cut in two.
    assert hook.texts[1].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0


def test_a_webhook_is_reached_over_tls_and_only_where_its_certificate_is_trusted(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_webhook(tls=certificate.context) as hook:
        error = refused(WebhookChannel(hook.url, None))
        assert "certificate cannot be trusted" in str(error)
        assert not error.is_temporary
        assert hook.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        assert WebhookChannel(hook.url, None).send(an_alert(), seconds=30) == "answered 200 OK"
        assert len(hook.texts) == 1


@pytest.mark.parametrize(
    ("reply", "said", "is_temporary", "wait"),
    [
        (Reply(500, body=b"oops"), "500 Internal Server Error.", True, None),
        (Reply(429, headers=[("Retry-After", "7")]), "429 Too Many Requests.", True, 7.0),
        (Reply(429, headers=[("Retry-After", "tomorrow")]), "429 Too Many Requests.", True, None),
        (Reply(403, body=b"invalid_token"), "403 Forbidden (invalid_token).", False, None),
        (Reply(404, body=f"Cannot POST {HOOK_PATH}".encode()), "404 Not Found.", False, None),
        (Reply(999, body=b""), "answered 999.", True, None),
    ],
)
def test_what_a_webhook_answers_decides_whether_it_is_tried_again(
    reply: Reply, said: str, is_temporary: bool, wait: float | None
) -> None:
    with running_webhook(reply) as hook:
        error = refused(WebhookChannel(hook.url, None))
    assert said in str(error)
    assert (error.is_temporary, error.wait_seconds) == (is_temporary, wait)
    assert "SECRET" not in str(error)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(code: int) -> None:
    with running_webhook() as elsewhere:
        location = ("Location", elsewhere.url)
        with running_webhook(Reply(code, headers=[location])) as hook:
            error = refused(WebhookChannel(hook.url, None))
        assert elsewhere.requests == []
    assert "redirects are not followed" in str(error)
    assert not error.is_temporary


def test_a_webhook_that_is_not_there_or_does_not_answer_is_tried_again() -> None:
    error = refused(WebhookChannel(f"http://127.0.0.1:{free_port()}{HOOK_PATH}", None))
    assert error.is_temporary
    assert str(error) == "127.0.0.1: Connection refused."
    with running_webhook(Reply(hang=True)) as hook, pytest.raises(DeliveryFailed) as caught:
        WebhookChannel(hook.url, None).send(an_alert(), seconds=1)
    assert caught.value.is_temporary
    assert str(caught.value) == "127.0.0.1: it did not answer in time."


def test_a_webhook_on_this_machine_is_not_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with running_webhook() as hook:
        WebhookChannel(hook.url, None).send(an_alert(), seconds=30)
        assert len(hook.texts) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hooks.example.com/services/SECRET", "not encrypted"),
        ("http://127.0.0.1.example.com/SECRET", "not encrypted"),
        ("ftp://hooks.example.com/SECRET", "write https://"),
        ("file:///etc/SECRET", "write https://"),
        ("https:///SECRET", "write https://"),
        ("hooks.example.com/SECRET", "write https://"),
        ("https://user:SECRET@hooks.example.com/x", "may not hold a user"),
        ("https://hooks.example.com/SEC RET\r\nHost: x", "blanks or other characters"),
        ("https://hooks.example.com:SECRET/x", "no address"),
        ("https://[SECRET/x", "no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_it(address: str, said: str) -> None:
    channel = WebhookChannel(address, None)
    (problem,) = channel.problems()
    assert problem.startswith("TIEOUT_ALERT_WEBHOOK: ")
    assert said in problem
    error = refused(channel)
    assert not error.is_temporary
    for text in (problem, str(error), repr(error)):
        assert "SECRET" not in text and "RET" not in text


def test_the_address_may_come_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    file = tmp_path / "address"
    channel = WebhookChannel(None, str(file))
    assert "No such file" in channel.problems()[0]
    assert refused(channel).is_temporary
    file.write_text("\n")
    assert "is empty" in channel.problems()[0]
    with running_webhook() as hook:
        file.write_text(f"{hook.url}\n")
        file.chmod(0o644)
        assert channel.problems() == []
        assert "everybody on this machine may read" in channel.warnings()[0]
        file.chmod(0o600)
        assert channel.warnings() == []
        assert channel.send(an_alert(), seconds=30) == "answered 200 OK"
        (problem,) = WebhookChannel(hook.url, str(file)).problems()
    assert "both set" in problem


# ---- mail


def smtp(port: object, **values: str) -> SmtpSettings:
    given = {"host": "127.0.0.1", "port": str(port), "sender": FROM, "recipients": TO, "security": "none"}
    return SmtpSettings(**{**given, **values})


def test_a_mail_reaches_all_recipients_once() -> None:
    with running_mail_server() as server:
        channel = MailChannel(smtp(server.port))
        assert channel.problems() == []
        answer = channel.send(an_alert(), seconds=30)
    assert answer == "accepted for 2 recipients"
    (mail,) = server.mails
    assert server.handler.recipients == [["a@example.com", "b@example.org"]]
    assert mail["Subject"] == "Tieout nightly failed: billing was not loaded"
    assert mail["From"] == FROM
    assert mail["To"] == TO
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].startswith("Sun, 01 Mar 2026 02:00:00")
    text = mail.get_content().replace("\r\n", "\n")
    assert "customer.csv is empty\n" in text
    assert "Log: /srv/tieout/run.log\n" in text


def test_a_mail_goes_over_starttls_with_user_and_password(trusted: Certificate, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    with running_mail_server(tls=trusted.context, with_login=True) as server:
        for how in ({"password": PASSWORD}, {"password_file": str(file)}):
            channel = MailChannel(smtp(server.port, security="", user=USER, **how))
            assert channel.problems() == []
            assert channel.send(an_alert(), seconds=30).startswith("accepted")
    assert len(server.mails) == 2


def test_a_mail_goes_over_tls_from_the_first_byte(trusted: Certificate) -> None:
    with running_mail_server(tls=trusted.context, from_the_first_byte=True) as server:
        assert MailChannel(smtp(server.port, security="tls")).send(an_alert(), seconds=30)
    assert len(server.mails) == 1


def test_no_mail_and_no_password_goes_to_a_server_whose_certificate_is_not_trusted(
    certificate: Certificate,
) -> None:
    with running_mail_server(tls=certificate.context, with_login=True) as server:
        error = refused(MailChannel(smtp(server.port, security="starttls", user=USER, password=PASSWORD)))
    assert "certificate cannot be trusted" in str(error)
    assert not error.is_temporary
    assert server.mails == []


def test_nothing_is_sent_in_clear_where_the_server_offers_no_encryption() -> None:
    with running_mail_server() as server:
        error = refused(MailChannel(smtp(server.port, security="starttls", user=USER, password=PASSWORD)))
    assert "does not offer" in str(error)
    assert not error.is_temporary
    assert server.mails == []


def test_a_wrong_password_is_told_without_it_though_the_server_repeats_it(trusted: Certificate) -> None:
    wrong = "not the one & <too> long"
    with running_mail_server(tls=trusted.context, with_login=True) as server:
        error = refused(MailChannel(smtp(server.port, security="starttls", user=USER, password=wrong)))
    assert "user and password were not accepted: 535 5.7.8 wrong: *** ***" in str(error)
    assert not error.is_temporary


def test_a_mail_server_that_wants_to_be_asked_again_is_and_one_that_does_not_is_not() -> None:
    with running_mail_server() as server:
        channel = MailChannel(smtp(server.port))
        server.handler.first_answers = ["451 4.3.0 come again", "554 5.7.1 never"]
        error = refused(channel)
        assert (error.is_temporary, "451 4.3.0 come again" in str(error)) == (True, True)
        error = refused(channel)
        assert (error.is_temporary, "554 5.7.1 never" in str(error)) == (False, True)
        server.handler.refused_recipients = {"a@example.com": "550 no such user", "b@example.org": "450 busy"}
        error = refused(channel)
        assert (error.is_temporary, "550 no such user" in str(error)) == (True, True)
        assert server.mails == []
        # Who can be told is, and nobody twice.
        del server.handler.refused_recipients["b@example.org"]
        answer = channel.send(an_alert(), seconds=30)
        assert answer == "accepted for 1 of 2, NOT for a@example.com"
    assert server.handler.recipients == [["b@example.org"]]
    error = refused(MailChannel(smtp(free_port())))
    assert (error.is_temporary, str(error)) == (True, "127.0.0.1: Connection refused.")


def test_a_mail_server_that_says_nothing_is_given_up_in_time() -> None:
    with running_webhook(Reply(hang=True)) as hook:
        port = int(hook.url.split(":")[2].partition("/")[0])
        with pytest.raises(DeliveryFailed, match="or did not answer in time") as caught:
            MailChannel(smtp(port)).send(an_alert(), seconds=1)
    assert caught.value.is_temporary


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b"])
def test_a_line_end_in_a_summary_makes_no_header(line_end: str) -> None:
    summary = f"It failed{line_end}Bcc: everybody@example.com{line_end}{line_end}Buy"
    with running_mail_server() as server:
        MailChannel(smtp(server.port)).send(an_alert(summary=summary), seconds=30)
    (mail,) = server.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "It failed Bcc: everybody@example.com Buy"


def test_a_long_summary_is_cut_and_other_scripts_arrive() -> None:
    with running_mail_server() as server:
        channel = MailChannel(smtp(server.port))
        channel.send(
            an_alert(summary="Müller & 田中 \u202e" + "x" * 5_000, details="é" * 100_000), seconds=30
        )
        channel.send(an_alert(summary="bad \udcff name"), seconds=30)
    assert len(mail_subject := str(server.mails[0]["Subject"])) <= 180
    assert mail_subject.startswith("Müller & 田中 x")
    assert len(server.mails[0].get_content()) < 21_500
    assert server.mails[1]["Subject"] == "bad ? name"


def test_the_same_alert_has_the_same_id_and_its_end_answers_it() -> None:
    with running_mail_server() as server:
        channel = MailChannel(smtp(server.port))
        channel.send(an_alert(), seconds=30)
        channel.send(an_alert(), seconds=30)
        channel.send(an_alert(alert_id="a-2", answers=["a-1"]), seconds=30)
    first, again, end = server.mails
    assert first["Message-ID"] == again["Message-ID"]
    assert end["Message-ID"] != first["Message-ID"]
    assert end["In-Reply-To"] == end["References"] == first["Message-ID"]


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"host": ""}, "TIEOUT_ALERT_SMTP_HOST"),
        ({"host": "mail.example.com\nX: y"}, "TIEOUT_ALERT_SMTP_HOST"),
        ({"port": "0"}, "TIEOUT_ALERT_SMTP_PORT"),
        ({"port": "smtp"}, "TIEOUT_ALERT_SMTP_PORT"),
        ({"security": "ssl"}, "TIEOUT_ALERT_SMTP_SECURITY"),
        ({"sender": "tieout"}, "TIEOUT_ALERT_MAIL_FROM"),
        ({"sender": "a@example.com\nBcc: b@example.com"}, "TIEOUT_ALERT_MAIL_FROM"),
        ({"recipients": " , "}, "TIEOUT_ALERT_MAIL_TO"),
        ({"recipients": "a@example.com b@example.com"}, "TIEOUT_ALERT_MAIL_TO"),
        ({"recipients": "a@example.com\r\nX: y"}, "TIEOUT_ALERT_MAIL_TO"),
        ({"user": "u"}, "TIEOUT_ALERT_SMTP_USER"),
        ({"password": PASSWORD}, "TIEOUT_ALERT_SMTP_USER"),
        ({"user": "u", "password": PASSWORD, "password_file": "/f"}, "TIEOUT_ALERT_SMTP_PASSWORD_FILE"),
        ({"user": "u", "password_file": "/no/such"}, "TIEOUT_ALERT_SMTP_PASSWORD_FILE"),
        (
            {"user": "u", "password": PASSWORD, "security": "none", "host": "mail.example.com"},
            "TIEOUT_ALERT_SMTP_SECURITY",
        ),
    ],
)
def test_settings_of_mail_that_cannot_be_used_are_told_by_their_variable(
    values: dict[str, str], variable: str
) -> None:
    channel = MailChannel(smtp(**{"port": "25", **values}))
    (problem,) = channel.problems()
    assert problem.startswith(f"{variable}: ")
    assert PASSWORD not in problem
    assert str(refused(channel)) == problem


# ---- all


def test_settings_show_no_secret_and_reach_child_processes() -> None:
    environment = {
        "TIEOUT_ALERT_COMMAND": "notify --token SECRET1",
        "TIEOUT_ALERT_WEBHOOK": "https://hooks.example.com/services/SECRET2",
        "TIEOUT_ALERT_SMTP_HOST": "mail.example.com",
        "TIEOUT_ALERT_SMTP_USER": "u",
        "TIEOUT_ALERT_SMTP_PASSWORD": "SECRET3",
        "TIEOUT_ALERT_MAIL_FROM": FROM,
        "TIEOUT_ALERT_MAIL_TO": TO,
    }
    settings = Settings.from_environment(environment)
    assert "SECRET" not in repr(settings) + str(settings) + repr(configured_channels(settings))
    assert [channel.name for channel in configured_channels(settings)] == ["command", "smtp", "webhook"]
    assert Settings.from_environment(settings.environment()) == settings
    assert configured_channels(Settings.from_environment({})) == []


def test_files_with_secrets_are_found_from_any_folder() -> None:
    settings = Settings.from_environment(
        {"TIEOUT_ALERT_WEBHOOK_FILE": "hook", "TIEOUT_ALERT_SMTP_PASSWORD_FILE": "~/password"}
    )
    assert settings.alert_webhook_file == str(Path.cwd() / "hook")
    assert settings.alert_smtp is not None
    assert settings.alert_smtp.password_file == str(Path.home() / "password")
