"""``alerts.jsonl``: every alert of a home, who was told of it, and which incidents are open.

A line is an alert (``alert_id``), or what became of one on a channel: ``attempt_of`` before it is sent,
``delivered``, ``problem_of`` or ``given_up`` after. Add here what must be known of an alert after a crash.
Lines are only appended, under one lock, by whoever has something to say; an erasure rewrites them under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.files import append_record, exclusive, read_records
from orchestration.settings import Settings

# Valid from hours on: a mail server that is down over a weekend is up again on Monday.
GIVE_UP_AFTER = timedelta(days=3)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


def alerts_file(settings: Settings) -> Path:
    """Where every alert of this home is kept, one JSON object per line."""
    return settings.home / "alerts.jsonl"


@contextmanager
def outbox_lock(settings: Settings) -> Iterator[None]:
    """Read and append as one; held for moments only, never while something is sent."""
    with exclusive(settings.home / ".alerts.lock"):
        yield


@dataclass
class Delivery:
    """One alert on its way through one channel; times are UTC.

    Attributes:
        attempts: how often it was begun, each with its few tries.
        problem: what went wrong last.
        end: delivered or given_up; empty while it is on its way.
    """

    alert: Mapping[str, Any]
    channel: str
    attempts: int = 0
    last_attempt_at: datetime | None = None
    problem: str = ""
    end: str = ""

    @property
    def alert_id(self) -> str:
        return str(self.alert["alert_id"])

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to try again: after a minute, then two, four, ... at most an hour."""
        if self.end:
            return False
        if self.last_attempt_at is None or self.last_attempt_at > now:
            # A clock that was set back must not hold an alert for as long.
            return True
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.attempts - 1, 10))
        return now - self.last_attempt_at >= pause

    def is_spent(self, now: datetime) -> bool:
        """Whether it is too old to be tried on; one that never was is tried at any age."""
        raised_at = read_moment(self.alert.get("raised_at"))
        is_old = raised_at is not None and now - raised_at > GIVE_UP_AFTER
        return not self.end and self.attempts > 0 and is_old


@dataclass
class Incident:
    """Something that went wrong once and has lasted since.

    Attributes:
        key: what it is: its kind and cause.
        first: the alert that opened it.
        job: the job that it befell, empty where it befell none.
        alert_ids: all alerts about it, oldest first.
        channels: that are to be told, or were.
    """

    key: str
    first: Mapping[str, Any]
    job: str
    alert_ids: list[str] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)


class Outbox:
    """What the lines say together."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self.alerts: dict[str, Mapping[str, Any]] = {}
        self.incidents: dict[str, Incident] = {}
        self._deliveries: dict[tuple[str, str], Delivery] = {}
        for record in records:
            self._take(record)

    @classmethod
    def read(cls, settings: Settings) -> Outbox:
        return cls(read_records(alerts_file(settings)))

    def _take(self, record: Mapping[str, Any]) -> None:
        if isinstance(record.get("alert_id"), str):
            self._take_alert(record)
            return
        for name in ("attempt_of", "delivered", "problem_of", "given_up"):
            delivery = self._deliveries.get((str(record.get(name)), str(record.get("channel"))))
            if delivery is None:
                continue
            if name == "attempt_of":
                delivery.attempts += 1
                delivery.last_attempt_at = read_moment(record.get("at"))
            elif name == "problem_of":
                delivery.problem = str(record.get("problem", ""))
            else:
                delivery.end = name
                if name == "given_up":
                    self._forget_channel(delivery)

    def _take_alert(self, record: Mapping[str, Any]) -> None:
        alert_id = record["alert_id"]
        if alert_id in self.alerts:
            return
        self.alerts[alert_id] = record
        # Alerts of earlier releases name no channels: they were told at once or never.
        channels = _texts(record.get("channels"))
        for channel in channels:
            self._deliveries[alert_id, channel] = Delivery(record, channel)
        for resolved in _texts(record.get("resolves")):
            self.incidents.pop(resolved, None)
        key = record.get("incident")
        if isinstance(key, str) and key:
            incident = self.incidents.setdefault(key, Incident(key, record, str(record.get("job", ""))))
            incident.alert_ids.append(alert_id)
            incident.channels.update(channels)

    def _forget_channel(self, delivery: Delivery) -> None:
        """Who has not heard of an incident is told at its next alert."""
        incident = self.incidents.get(str(delivery.alert.get("incident")))
        if incident is not None and delivery.alert_id in incident.alert_ids:
            incident.channels.discard(delivery.channel)

    def deliveries(self) -> list[Delivery]:
        """Everything that was or is to be sent, in the order in which it was raised."""
        return list(self._deliveries.values())

    def pending(self) -> list[Delivery]:
        """What has not arrived and is not given up, oldest first."""
        return [delivery for delivery in self._deliveries.values() if not delivery.end]


def append_line(settings: Settings, record: Mapping[str, Any]) -> None:
    """Append a line; the caller holds the lock.

    Raises:
        OSError: the home cannot be written.
    """
    append_record(alerts_file(settings), record)


def line(name: str, delivery: Delivery, **values: str) -> dict[str, str]:
    """A line about what became of an alert on a channel."""
    return {name: delivery.alert_id, "channel": delivery.channel, "at": now_text(), **values}


def now_text() -> str:
    """The present moment, as the lines have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_moment(text: object) -> datetime | None:
    """A moment of a line, or None where there is none to be read."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def undelivered_notes(settings: Settings) -> list[str]:
    """One line for each channel through which alerts have not arrived."""
    waiting: dict[str, list[Delivery]] = {}
    try:
        pending = Outbox.read(settings).pending()
    except OSError as error:
        return [f"{alerts_file(settings)} cannot be read: {error.strerror or error}."]
    for delivery in pending:
        if delivery.attempts:
            waiting.setdefault(delivery.channel, []).append(delivery)
    return [
        f"{len(found)} alert{'' if len(found) == 1 else 's'} could not be told by {channel} yet "
        f"({found[-1].problem or 'it was interrupted'}); tieout alerts --check tries again."
        for channel, found in sorted(waiting.items())
    ]
