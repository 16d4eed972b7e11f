"""Looks at how a home stands and alerts about what no run tells: none comes, none ends, none can be read.

Called by the scheduler every few minutes, and by ``tieout alerts --check``. Add here which of the blocks of
``standing.py`` are told; what blocks is decided there, what a run tells of itself in ``runs.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime

from orchestration.alerting.outbox import Incident
from orchestration.alerts import BLOCKED, FAILURE, STALE, raise_alert, resolve_incidents
from orchestration.runs import alert_killed, read_journal, read_journal_with_killed
from orchestration.settings import Settings
from orchestration.standing import Block, Standing, read_standing

# By kind of block. A failed run has told itself; an erasure waits for the next nightly, and a home without a
# version for its first one.
TOLD_KINDS: Mapping[str, str] = {
    "stale": STALE,
    "data_stale": STALE,
    # Of such a version nobody would be told that it is too old.
    "clock": FAILURE,
    "link": FAILURE,
    "unreadable": FAILURE,
    "lock": BLOCKED,
}
OWN_INCIDENTS = "home:"


def look(settings: Settings, *, now: datetime) -> list[str]:
    """Alert about what blocks, once while it lasts, and say when it is over; what was told, as lines.

    Nothing is sent yet: that is for the next delivery.

    Args:
        now: UTC without zone.

    Raises:
        OSError: the home cannot be read or written.
    """
    if not settings.home.exists():
        return []
    told = _tell_of_killed_runs(settings)
    standing = read_standing(settings, now=now)
    blocks = {f"{OWN_INCIDENTS}{block.kind}": block for block in standing.blocks if _is_told(block, standing)}
    for incident, block in blocks.items():
        what = TOLD_KINDS[block.kind]
        if raise_alert(
            settings,
            alert_id=f"{incident}:{now.isoformat(timespec='microseconds')}",
            run_id="",
            summary=f"Tieout {_heading(what)}: {block.text}",
            details="\n".join(part for part in (block.text, block.to_do, block.details) if part),
            kind=what,
            incident=incident,
            deliver=False,
            only_new=True,
        ):
            told.append(f"Told: {block.text}")

    def is_over(incident: Incident) -> bool:
        return incident.key.startswith(OWN_INCIDENTS) and incident.key not in blocks

    version = "none" if standing.version is None else standing.version.name
    over = resolve_incidents(
        settings,
        alert_id=f"resolved-{OWN_INCIDENTS}{now.isoformat(timespec='microseconds')}",
        run_id="",
        because=f"Readers see version {version}.",
        is_over=is_over,
    )
    return told + [f"Told as over: {summary}" for summary in over]


def _tell_of_killed_runs(settings: Settings) -> list[str]:
    """A run that ended without a word is told now; the next run writes it into the journal."""
    begun = {run.run_id for run in read_journal(settings) if run.status == "running"}
    killed = [
        run for run in read_journal_with_killed(settings) if run.run_id in begun and run.status == "killed"
    ]
    told = []
    for run in killed:
        with contextlib.suppress(OSError):
            if alert_killed(settings, run):
                told.append(f"Told: {run.job} {run.run_id} was killed")
    return told


def _is_told(block: Block, standing: Standing) -> bool:
    if block.kind == "lock" and standing.holder is not None and standing.holder.is_alive is False:
        # What a run that has just ended leaves for a moment; whoever is kept out by it tells.
        return False
    return block.kind in TOLD_KINDS


def _heading(kind: str) -> str:
    return {STALE: "is out of date", BLOCKED: "is blocked", FAILURE: "has a problem"}[kind]
