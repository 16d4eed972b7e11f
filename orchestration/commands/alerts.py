"""``tieout alerts``: what was told to whom, what has not arrived, and a message that tries every channel."""

from __future__ import annotations

import argparse
import json
import socket
import sys
from typing import TYPE_CHECKING, Any

from orchestration.commands.base import DONE, FAILED, AddCommand, CommandFailed, moment_text
from orchestration.reporting import format_table
from orchestration.runs import utc_now
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.alerting.outbox import Outbox

SHOWN_ALERTS = 20


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    alerts = command("alerts", "Show what was told to whom, or try the channels.")
    does = alerts.add_mutually_exclusive_group()
    does.add_argument(
        "--check",
        action="store_true",
        help="alert if the published version is too old or cannot be read, and send again what has not "
        "arrived; for cron where no scheduler runs",
    )
    does.add_argument(
        "--test", action="store_true", help="send a test message through every channel and show its answer"
    )
    does.add_argument("--json", action="store_true", help="print it for a program")


def run_alerts(settings: Settings, arguments: argparse.Namespace) -> int:
    """List, look and send again, or try."""
    if arguments.test:
        return _try_channels(settings)
    from orchestration.alerting.outbox import Outbox

    if arguments.check:
        _look(settings)
        outbox = Outbox.read(settings)
        return FAILED if any(one.attempts for one in outbox.pending()) else DONE
    outbox = Outbox.read(settings)
    if arguments.json:
        print(json.dumps(_as_json(outbox), indent=2, ensure_ascii=False, default=str))
    else:
        _print(outbox)
    return DONE


def _look(settings: Settings) -> None:
    from orchestration.alerting.delivery import deliver_due
    from orchestration.alerting.outbox import undelivered_notes
    from orchestration.watching import look

    try:
        said = look(settings, now=utc_now())
    except OSError as error:
        raise CommandFailed(
            f"The home {settings.home} cannot be looked at: {error.strerror or error}."
        ) from error
    finally:
        deliver_due(settings, at_once=True)
    for line in said:
        print(line)
    for line in undelivered_notes(settings):
        print(line, file=sys.stderr)


def _try_channels(settings: Settings) -> int:
    from orchestration.alerting.delivery import send_test
    from orchestration.alerting.outbox import now_text

    now = now_text()
    answers = send_test(
        settings,
        {
            "alert_id": f"test:{now}",
            "kind": "test",
            "run_id": "",
            "raised_at": now,
            "home": str(settings.home),
            "summary": f"Tieout test message from {socket.gethostname()}",
            "details": "Somebody has started tieout alerts --test. Nothing has happened.",
            "log": "",
        },
    )
    if not answers:
        raise CommandFailed("No channel is set up: no variable TIEOUT_ALERT_... says who is told.")
    for answer in answers:
        print(f"{answer.channel:<10} {'told' if answer.is_delivered else 'NOT told'}: {answer.text}")
    return DONE if all(answer.is_delivered for answer in answers) else FAILED


def _told(outbox: Outbox, alert_id: str) -> str:
    """Who was told of an alert, or why nobody was."""
    states = [
        f"{one.channel} {one.end.replace('_', ' ') or ('not yet' if not one.attempts else 'failing')}"
        for one in outbox.deliveries()
        if one.alert_id == alert_id
    ]
    if not states and outbox.alerts[alert_id].get("told_before"):
        return "told before"
    return ", ".join(states) or "written down"


def _print(outbox: Outbox) -> None:
    for incident in outbox.incidents.values():
        since = moment_text(str(incident.first.get("raised_at")).partition("+")[0])
        print(f"Open       since {since} UTC: {incident.first.get('summary')}")
    for delivery in outbox.pending():
        if delivery.problem:
            print(f"Not told   by {delivery.channel}: {delivery.alert.get('summary')}")
            print(f"           {delivery.problem}")
    if not outbox.alerts:
        print("No alert was raised yet.")
        return
    rows = [
        [
            moment_text(str(alert.get("raised_at")).partition("+")[0]),
            str(alert.get("kind", "")),
            _told(outbox, alert_id),
            str(alert.get("summary")),
        ]
        for alert_id, alert in reversed(list(outbox.alerts.items())[-SHOWN_ALERTS:])
    ]
    print(format_table(["raised (UTC)", "kind", "told", "alert"], rows, cell_width=100))


def _as_json(outbox: Outbox) -> dict[str, Any]:
    """Names stay, new ones may come."""
    return {
        "open": [
            {"incident": one.key, "since": one.first.get("raised_at"), "summary": one.first.get("summary")}
            for one in outbox.incidents.values()
        ],
        "undelivered": [
            {
                "alert_id": one.alert_id,
                "channel": one.channel,
                "attempts": one.attempts,
                "problem": one.problem,
            }
            for one in outbox.pending()
        ],
        "alerts": list(outbox.alerts.values()),
    }


COMMANDS = {"alerts": run_alerts}
