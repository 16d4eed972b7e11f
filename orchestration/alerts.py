"""Raises alerts: each is a line in the home first, and goes through every channel that the operator set up.

What counts as a failure is decided by ``runs.py``, what else is told by ``health_alerts.py`` and
``watching.py``. Add here what makes two alerts one. How an alert gets to somebody is in ``alerting/``; a way
that fails is written down and never changes the outcome of the run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from orchestration.alerting.channels import configured_channels, known_secrets, scrub
from orchestration.alerting.delivery import deliver_due, remember_own, send_unwritten
from orchestration.alerting.message import storable
from orchestration.alerting.outbox import (
    Incident,
    Outbox,
    alerts_file,
    append_line,
    now_text,
    outbox_lock,
)
from orchestration.settings import Settings

__all__ = ["alerts_file", "cause_of", "raise_alert", "resolve_incidents"]

# What an alert is about; stands in alerts.jsonl.
FAILURE, BLOCKED, STALE, HEALTH, NOTICE, RESOLVED = (
    "failure",
    "blocked",
    "stale",
    "health",
    "notice",
    "resolved",
)
SHOWN_INCIDENTS = 20
# What differs between two nights that fail for the same reason: the home's own names of runs and folders,
# moments and numbers.
VOLATILE = re.compile(
    r"[0-9]{6}-[0-9]{8}T[0-9]{6}Z-[0-9a-z]{1,8}|[0-9]{8}T[0-9]{6}Z-[0-9a-z]{1,8}|"
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]+|[0-9]+([.,:][0-9]+)*"
)


def cause_of(text: str) -> str:
    """What stands for the reason that a text gives: equal for two nights that fail for the same one.

    It is made of the first line of each paragraph, which name what failed; the lines below quote rows.
    """
    lines = {
        VOLATILE.sub("#", paragraph.strip().splitlines()[0])
        for paragraph in text.split("\n\n")
        if paragraph.strip()
    }
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "replace")).hexdigest()[:12]


def raise_alert(
    settings: Settings,
    *,
    alert_id: str,
    run_id: str,
    summary: str,
    details: str = "",
    log: str = "",
    kind: str = NOTICE,
    incident: str = "",
    job: str = "",
    tell: bool = True,
    deliver: bool = True,
    only_new: bool = False,
) -> bool:
    """Raise the alert ``alert_id`` once; a second call with the same id does nothing.

    Args:
        alert_id: of a failed run the scheduler's id, which the run itself and the scheduler's sensor know.
        run_id: Tieout's id of the run, empty when it died before it had one.
        summary: one line for a subject or a chat message.
        details: the whole message.
        log: path of the run's log, empty when there is none.
        kind: failure, blocked, stale, health or notice.
        incident: kind and cause of what has begun and is told once until it is over; empty for what is told
            by itself.
        job: that it befell, which decides what ends the incident.
        tell: whether anybody is told; without it the alert is only written down.
        deliver: whether it is sent now; a run that holds the home leaves that to its end.
        only_new: nothing is written, either, while the incident lasts.

    Returns:
        True if this call raised it.
    """
    secrets = known_secrets(settings)
    alert: dict[str, Any] = {
        "alert_id": alert_id,
        "kind": kind,
        "incident": incident,
        "job": job,
        "run_id": run_id,
        "raised_at": now_text(),
        "home": storable(str(settings.home)),
        "summary": storable(scrub(summary, secrets)),
        "details": storable(scrub(details, secrets)),
        "log": storable(log),
    }
    channels = [channel.name for channel in configured_channels(settings)] if tell else []
    try:
        with outbox_lock(settings):
            outbox = Outbox.read(settings)
            if alert_id in outbox.alerts:
                return False
            known = outbox.incidents.get(incident)
            if known is not None:
                # A channel that was set up since, or that was given up, has not heard of it.
                channels = [name for name in channels if name not in known.channels]
                if only_new and not channels:
                    return False
                alert["told_before"] = known.first["alert_id"]
            # Written before anybody is told: what hangs or kills the machine must not make it forgotten.
            append_line(settings, {**alert, "channels": channels})
    except OSError:
        # A home that cannot be written is a reason to alert, not a reason to be silent; but what looks at it
        # every few minutes would tell every few minutes.
        if tell and not only_new:
            send_unwritten(settings, alert)
        return not only_new
    remember_own(settings, alert_id)
    if deliver:
        deliver_due(settings)
    return True


def resolve_incidents(
    settings: Settings, *, alert_id: str, run_id: str, because: str, is_over: Callable[[Incident], bool]
) -> list[str]:
    """Close open incidents and tell so, once and together, whoever was told of them; their summaries.

    It is sent by the next delivery.

    Args:
        alert_id: of the message that they are over.
        run_id: of the run that ended them, empty where none did.
        because: what ended them, in one line.
        is_over: whether an open incident is.

    Raises:
        OSError: the home cannot be written.
    """
    # Most runs end none; they need no lock.
    if not any(is_over(one) for one in Outbox.read(settings).incidents.values()):
        return []
    with outbox_lock(settings):
        over = [one for one in Outbox.read(settings).incidents.values() if is_over(one)]
        if not over:
            return []
        told = {name for one in over for name in one.channels}
        summaries = [str(one.first.get("summary", "")) for one in over]
        append_line(
            settings,
            {
                "alert_id": alert_id,
                "kind": RESOLVED,
                "incident": "",
                "job": "",
                "run_id": run_id,
                "raised_at": now_text(),
                "home": storable(str(settings.home)),
                "summary": storable(_over(summaries)),
                "details": storable(f"{because}\n\nOver is:\n{_list(over)}"),
                "log": "",
                "resolves": [one.key for one in over],
                "answers": [str(one.first["alert_id"]) for one in over],
                "channels": _still_there(settings, told),
            },
        )
    return summaries


def _still_there(settings: Settings, names: Collection[str]) -> list[str]:
    return [channel.name for channel in configured_channels(settings) if channel.name in names]


def _over(summaries: Sequence[str]) -> str:
    more = f" (and {len(summaries) - 1} more)" if len(summaries) > 1 else ""
    return f"Resolved{more}: {summaries[-1]}"


def _list(incidents: Sequence[Incident]) -> str:
    lines = [
        f"  since {str(one.first.get('raised_at', '')).partition('+')[0].replace('T', ' ')} UTC: "
        f"{one.first.get('summary', '')}"
        for one in incidents[-SHOWN_INCIDENTS:]
    ]
    return "\n".join(lines)
