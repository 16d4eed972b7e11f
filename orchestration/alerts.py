"""Tells somebody what a run has to tell: always a line in the home, and the command that the operator set.

Add another way of telling here. What counts as a failure is decided by ``runs.py``, what else is told by
``health_alerts.py``; a command that fails itself is written down and never changes the outcome of the run.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.files import append_record, exclusive, read_records
from orchestration.settings import Settings

# Valid from a second to minutes. A command that hangs would keep the next run out, which is worse than a lost
# mail.
COMMAND_TIMEOUT_SECONDS = 60


def alerts_file(settings: Settings) -> Path:
    """Where every alert of this home is kept, one JSON object per line."""
    return settings.home / "alerts.jsonl"


def raise_alert(
    settings: Settings,
    *,
    alert_id: str,
    run_id: str,
    summary: str,
    details: str = "",
    log: str = "",
    tell: bool = True,
) -> bool:
    """Raise the alert ``alert_id`` once; a second call with the same id does nothing.

    Args:
        alert_id: of a failed run the scheduler's id, which the run itself and the scheduler's sensor know.
        run_id: Tieout's id of the run, empty when it died before it had one.
        summary: one line for a subject or a chat message.
        details: the whole message.
        log: path of the run's log, empty when there is none.
        tell: whether the operator's command runs; without it the alert is only written down.

    Returns:
        True if this call raised it.
    """
    file = alerts_file(settings)
    alert = {
        "alert_id": alert_id,
        "run_id": run_id,
        "raised_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "home": str(settings.home),
        "summary": summary,
        "details": details,
        "log": log,
    }
    # A home that cannot be written is a reason to alert, not a reason to be silent.
    with contextlib.suppress(OSError), exclusive(settings.home / ".alerts.lock"):
        if any(record.get("alert_id") == alert_id for record in read_records(file)):
            return False
        # Written before the command runs: a command that hangs or kills the machine must not be run again and
        # again.
        append_record(file, alert)
    problem = _run_command(settings.alert_command if tell else None, alert)
    if problem:
        with contextlib.suppress(OSError):
            append_record(file, {"problem_of": alert_id, "problem": problem})
    return True


def _run_command(command: str | None, alert: Mapping[str, Any]) -> str | None:
    """Run the operator's command with the alert on standard input; what went wrong, or None."""
    if not command:
        return None
    try:
        finished = subprocess.run(
            shlex.split(command),
            input=json.dumps(alert, ensure_ascii=False),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"{command}: {error}"
    if finished.returncode:
        return f"{command}: exit code {finished.returncode}: {finished.stderr.strip()[:500]}"
    return None
