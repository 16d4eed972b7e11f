"""Alerts of real commands to real servers: who is told of a failure and its end, and what nobody sees."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from orchestration.alerting.outbox import Outbox
from orchestration.settings import Settings
from tests.alert_servers import (
    HOOK_PATH,
    PASSWORD,
    USER,
    Reply,
    make_certificate,
    running_mail_server,
    running_webhook,
)
from tests.end_to_end.conftest import CommandLine
from tests.small_landing import write_landing

TOKEN = "xoxb-17-SECRETARGUMENT"


def test_a_load_that_fails_is_told_everywhere_once_and_so_is_its_end_and_no_secret_stays_behind(
    tieout: CommandLine, tmp_path: Path
) -> None:
    home, received = tmp_path / "home", tmp_path / "received"
    settings = Settings(home=home, landing=tmp_path / "landing")
    write_landing(settings.landing, customer="email\na@example.com\n")
    certificate = make_certificate(tmp_path)
    program = (
        f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read() + '\\n'); "
        "sys.exit('refused ' + sys.argv[1] if len(open(sys.argv[2]).readlines()) == 1 else 0)"
    )
    said = []
    # Each fails once, and repeats what it was given where it can.
    with (
        running_webhook(Reply(500, body=HOOK_PATH.encode()), Reply()) as hook,
        running_mail_server(tls=certificate.context, with_login=True) as server,
    ):
        server.handler.first_answers = [f"451 4.3.0 come again, {USER} {PASSWORD}"]
        environment = {
            "SSL_CERT_FILE": str(certificate.file),
            "TIEOUT_HOME": str(home),
            "TIEOUT_LANDING": str(settings.landing),
            "TIEOUT_ALERT_COMMAND": shlex.join([sys.executable, "-c", program, TOKEN, str(received)]),
            "TIEOUT_ALERT_WEBHOOK": hook.url,
            "TIEOUT_ALERT_SMTP_HOST": "127.0.0.1",
            "TIEOUT_ALERT_SMTP_PORT": str(server.port),
            "TIEOUT_ALERT_SMTP_USER": USER,
            "TIEOUT_ALERT_SMTP_PASSWORD": PASSWORD,
            "TIEOUT_ALERT_MAIL_FROM": "tieout@example.com",
            "TIEOUT_ALERT_MAIL_TO": "a@example.com, b@example.org",
        }
        for _ in ("one night", "and the next"):
            failed = tieout.run("load", extra=environment)
            assert failed.code == 1
            said += [failed.output, failed.errors]
        assert len(hook.texts) == len(server.mails) == 1
        assert hook.texts[0].startswith("Tieout load failed: billing was not loaded: ")
        assert "customer.csv" in server.mails[0].get_content()

        write_landing(settings.landing)
        loaded = tieout.run("load", extra=environment)
        assert loaded.code == 0, loaded.errors
        said += [loaded.output, loaded.errors]
        assert len(hook.texts) == len(server.mails) == 2
        assert hook.texts[1].startswith("Resolved: Tieout load failed: billing was not loaded: ")
        assert server.mails[1]["References"] == server.mails[0]["Message-ID"]

        for command in ("doctor", "status", "alerts"):
            shown = tieout.run(command, extra=environment)
            said += [shown.output, shown.errors]
    # The command was called again after its failure; it is told of the same three things.
    alerts = [json.loads(line) for line in received.read_text(encoding="utf-8").splitlines()]
    assert [alert["kind"] for alert in alerts] == ["failure", "failure", "resolved"]
    assert alerts[0] == alerts[1]
    assert {one.end for one in Outbox.read(settings).deliveries()} == {"delivered"}

    kept = "\n".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())
    for place in (kept, *said):
        for secret in (PASSWORD, TOKEN, HOOK_PATH, "SECRETTOKEN", "SECRETARGUMENT"):
            assert secret not in place, (secret, place[:2_000])
