"""How a home stands: what is published, how old it is, what blocks the next publication, who runs.

Add here what an operator, or a watcher that asks every few minutes, must learn about a home. Nothing is
written, so that a home that cannot be written to can still say so; what to do about it is part of each text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.alerting.outbox import undelivered_notes
from orchestration.erasing import is_unfinished
from orchestration.publication import (
    RECORD_FILE_NAME,
    PublicationError,
    Version,
    current_version,
    list_versions,
    read_withdrawn,
    withdrawn_file,
)
from orchestration.raw.erasure import is_pending
from orchestration.raw.load import loaded_policies
from orchestration.raw.manifest import Manifest, table_state
from orchestration.raw.people import RegistryError
from orchestration.raw.policies import default_policies
from orchestration.raw.problems import LoadError
from orchestration.runs import OPERATOR_JOBS, Holder, RunRecord, holder_now, read_journal_with_killed
from orchestration.settings import Settings

AGE_POLICY = "published_max_age_hours"
DATA_POLICY = "source_freshness_max_age_hours"
# A build writes every few seconds and a large table is loaded in minutes; an hour of silence is no work.
HANGS_AFTER = timedelta(hours=1)
# Clocks of two machines differ by seconds; a version that is younger than nothing by more was dated wrongly.
CLOCKS_DIFFER_BY = timedelta(hours=1)
LOAD_JOB = "load"
# How a run ended that published nothing, in words.
UNHAPPY_ENDS = {"failed": "failed", "interrupted": "was interrupted", "killed": "was killed"}


@dataclass(frozen=True)
class Block:
    """One thing that keeps readers from fresh numbers.

    Attributes:
        kind: nothing_published, link, run_failed, erasure, lock, stale, clock, data_stale or unreadable;
            stable, for programs.
        text: what it is, in one line.
        to_do: what to do about it.
        details: the whole message behind it, where there is more.
    """

    kind: str
    text: str
    to_do: str
    details: str = ""


@dataclass
class Standing:
    """How a home stands; times are UTC without zone.

    Attributes:
        version: what readers see.
        confirmed_at: when a run last published that version or found that nothing had changed since.
        data_clock_at: how far its billing export reaches.
        blocks: what keeps readers from fresh numbers; empty when all is well.
        notes: what an operator has done that is still in force, and what could not be told.
        holder: who holds the home.
        runs: all runs, oldest first.
    """

    settings: Settings
    now: datetime
    version: Version | None = None
    record: dict[str, Any] = field(default_factory=dict)
    confirmed_at: datetime | None = None
    data_clock_at: datetime | None = None
    versions_kept: int = 0
    blocks: list[Block] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    holder: Holder | None = None
    runs: list[RunRecord] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing blocks and nothing is stale."""
        return not self.blocks

    def as_json(self) -> dict[str, Any]:
        """What ``tieout status --json`` prints; names stay, new ones may come."""
        return {
            "home": str(self.settings.home),
            "now": _iso(self.now),
            "is_good": self.is_good,
            "published": None if self.version is None else self._published(),
            "versions": self.versions_kept,
            "blocks": [vars(block) for block in self.blocks],
            "notes": self.notes,
            "running": None
            if self.holder is None
            else {
                **vars(self.holder),
                "since": _iso(self.holder.since),
                "last_sign_at": _iso(self.holder.last_sign_at),
            },
            "last_run": _run_json(self.runs[-1]) if self.runs else None,
        }

    def _published(self) -> dict[str, Any]:
        assert self.version is not None
        published_at = self.version.published_at()
        return {
            "version": self.version.name,
            "path": str(self.version.warehouse_file),
            "published_at": _iso(published_at),
            "confirmed_at": _iso(self.confirmed_at),
            "age_hours": _hours(self.now - (self.confirmed_at or published_at)),
            "as_of_at": self.record.get("as_of_at"),
            "data_clock_at": _iso(self.data_clock_at),
            "data_age_hours": None if self.data_clock_at is None else _hours(self.now - self.data_clock_at),
            "tests_passed": self.record.get("tests_passed"),
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(sep=" ", timespec="seconds")


def _hours(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 2)


def _run_json(run: RunRecord) -> dict[str, Any]:
    return {**vars(run), "started_at": _iso(run.started_at), "finished_at": _iso(run.finished_at)}


def span_text(span: timedelta) -> str:
    """A span of time as people say it: 3 days 4 hours, 5 hours, 12 minutes."""
    minutes = max(0, int(span / timedelta(minutes=1)))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return " ".join([_count(days, "day"), *([_count(hours, "hour")] if hours else [])])
    return _count(hours, "hour") if hours else _count(minutes, "minute")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def read_standing(settings: Settings, *, now: datetime) -> Standing:
    """How the home stands.

    Args:
        now: UTC without zone.
    """
    standing = Standing(settings, now)
    standing.runs = read_journal_with_killed(settings)
    standing.holder = holder_now(settings)
    try:
        standing.version = current_version(settings)
    except PublicationError as error:
        standing.blocks.append(Block("link", str(error), "Do that, then run tieout doctor."))
    standing.versions_kept = len(list_versions(settings))
    policies = _policies(standing)
    if standing.version is None:
        if not standing.blocks:
            standing.blocks.append(
                Block("nothing_published", "Nothing is published yet.", "Run tieout nightly.")
            )
    else:
        _learn_version(standing, standing.version)
        _judge_age(standing, standing.version, policies)
    _judge_runs(standing)
    _judge_erasure(standing)
    _judge_holder(standing)
    _note_what_operators_did(standing)
    standing.notes += undelivered_notes(settings)
    return standing


def confirmed_at(version: Version, runs: Sequence[RunRecord]) -> datetime:
    """When the version was published, or a run last found nothing changed since; UTC without zone."""
    times = [
        run.finished_at or run.started_at
        for run in runs
        if run.published_version == version.name and run.status == "unchanged"
    ]
    return max([version.published_at(), *times])


def _policies(standing: Standing) -> Mapping[str, str]:
    try:
        return loaded_policies(standing.settings.raw_dir)
    except (LoadError, OSError, ValueError) as error:
        standing.blocks.append(
            Block("unreadable", f"The raw store cannot be read: {error}", "Run tieout doctor.")
        )
        return default_policies()


def _learn_version(standing: Standing, version: Version) -> None:
    standing.record = version.record()
    if not standing.record:
        standing.blocks.append(
            Block(
                "unreadable",
                f"What was published with version {version.name} is not known: its {RECORD_FILE_NAME} is not "
                "there or cannot be read.",
                "Run tieout nightly, which publishes anew; until then tieout rollback shows the one before.",
            )
        )
    standing.confirmed_at = confirmed_at(version, standing.runs)
    if standing.record.get("data_clock_at"):
        standing.data_clock_at = datetime.fromisoformat(standing.record["data_clock_at"])


def _judge_age(standing: Standing, version: Version, policies: Mapping[str, str]) -> None:
    assert standing.confirmed_at is not None
    age = standing.now - standing.confirmed_at
    if age < -CLOCKS_DIFFER_BY:
        # Its age would be below every limit for as long as that takes.
        standing.blocks.append(
            Block(
                "clock",
                f"Version {version.name} was published or confirmed {span_text(-age)} from now, by the clock "
                "of this machine: it is wrong, or was then.",
                "Set the clock; if it is right now, tieout nightly --force publishes with the right time.",
            )
        )
    if age > timedelta(hours=float(policies[AGE_POLICY])):
        standing.blocks.append(
            Block(
                "stale",
                f"No run has published or confirmed version {version.name} for {span_text(age)}; policy "
                f"{AGE_POLICY} allows {policies[AGE_POLICY]} hours.",
                "Does the scheduler run? Start tieout nightly by hand.",
            )
        )
    # A look back in time has no duty to be fresh.
    looks_back = standing.record.get("as_of_date") or standing.record.get("known_at")
    if standing.data_clock_at is None or looks_back:
        return
    data_age = standing.now - standing.data_clock_at
    if data_age > timedelta(hours=float(policies[DATA_POLICY])):
        standing.blocks.append(
            Block(
                "data_stale",
                f"The billing export's newest stamp is {span_text(data_age)} old; policy {DATA_POLICY} "
                f"allows {policies[DATA_POLICY]} hours.",
                "Is the feed stuck?",
            )
        )


def _judge_runs(standing: Standing) -> None:
    """The last run that was to publish, and a load after it; one that was refused says nothing."""
    ended = [
        run
        for run in standing.runs
        if run.status not in ("running", "refused") and run.job not in OPERATOR_JOBS
    ]
    last = {run.job == LOAD_JOB: run for run in ended}
    publishing, load = last.get(False), last.get(True)
    judged = [publishing] if publishing else []
    # By their order, since a clock may have gone back.
    if load and (publishing is None or ended.index(load) > ended.index(publishing)):
        judged.append(load)
    for run in judged:
        if run.status in UNHAPPY_ENDS:
            what = UNHAPPY_ENDS[run.status]
            when, again = (
                _iso(run.finished_at or run.started_at),
                "load" if run.job == LOAD_JOB else "nightly",
            )
            standing.blocks.append(
                Block(
                    "run_failed",
                    f"The last {run.job} {what} at {when} UTC: {run.summary}",
                    f"Mend that, then run tieout {again}. Log: {run.log}",
                    run.details,
                )
            )


def _judge_erasure(standing: Standing) -> None:
    settings = standing.settings
    try:
        is_open = is_unfinished(settings) or (settings.raw_dir.exists() and is_pending(settings.raw_dir))
    except (RegistryError, LoadError, OSError) as error:
        standing.blocks.append(Block("erasure", f"Erasures cannot be read: {error}", "Run tieout doctor."))
        return
    if is_open:
        standing.blocks.append(
            Block(
                "erasure",
                "An erasure is not finished: the version that readers see or the scheduler's history names "
                "the person, or the erasure was killed.",
                "Run tieout nightly --force.",
            )
        )


def _judge_holder(standing: Standing) -> None:
    holder = standing.holder
    if holder is None:
        return
    who = f"process {holder.pid} on {holder.host} (run {holder.run_id})"
    if holder.is_alive is False:
        standing.blocks.append(
            Block(
                "lock",
                f"The home is held by something that {who} started and left behind when it ended.",
                f"Find it with: fuser {standing.settings.home / 'lock'}; end that process.",
            )
        )
        return
    if holder.last_sign_at is not None and standing.now - holder.last_sign_at > HANGS_AFTER:
        silent = span_text(standing.now - holder.last_sign_at)
        standing.blocks.append(
            Block(
                "lock",
                f"{who[0].upper()}{who[1:]} holds the home and has written nothing for {silent}.",
                f"Look at its log below {standing.settings.builds_dir}; if it hangs: kill {holder.pid}.",
            )
        )


def _note_what_operators_did(standing: Standing) -> None:
    try:
        for record in read_withdrawn(standing.settings):
            if standing.version is not None and record["sequence"] < standing.version.sequence:
                # Something newer is published.
                continue
            reason = f" ({record['reason']})" if record.get("reason") else ""
            standing.notes.append(
                f"Version {record['version']} was rolled back at {record['at'].replace('T', ' ')} "
                f"UTC{reason}; a run with its inputs and code does not publish it again without --force."
            )
    except PublicationError as error:
        file = withdrawn_file(standing.settings)
        standing.blocks.append(Block("unreadable", str(error), f"Look at {file}."))
    standing.notes += held_tables(standing.settings.raw_dir)


def held_tables(home_raw: Path) -> list[str]:
    """One line for each raw table that an operator holds at an earlier state."""
    try:
        state = table_state(Manifest.read(home_raw).records)
    except (LoadError, OSError):
        return []
    return [
        f"{source}.{table}: {file.name} is held as it was loaded at {file.loaded_at:%Y-%m-%d %H:%M} UTC; the "
        "landing file is not loaded until it changes."
        for (source, table), files in sorted(state.items())
        for file in files
        if file.refused
    ]
