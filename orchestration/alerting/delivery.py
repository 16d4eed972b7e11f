"""Sends what is in the outbox: each alert through each channel until it has arrived, or is too old.

How often is tried, how long it may take and what is written down around it is decided here. A channel that
hangs or fails keeps no other back, and nothing is ever raised: who calls has done its work. An alert is
written down as begun before it is sent, and as delivered after; a process that is killed in between leaves
one that is sent a second time, and never one that is lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.alerting.channels import Channel, DeliveryFailed, configured_channels
from orchestration.alerting.message import Message
from orchestration.alerting.outbox import Delivery, Outbox, alerts_file, append_line, line, outbox_lock
from orchestration.settings import Settings

# Valid from seconds to minutes: how long all channels together may take, which is how long a command that has
# done its work goes on running at most.
DELIVERY_SECONDS = 60.0
# Pauses before the second and the third try of a delivery.
PAUSES = (1.0, 4.0)
LOCK_POLL_SECONDS = 0.05

# Alerts of this process whose lines could not be continued (a full disk), by home and id: which channels were
# told. What nobody can write down is only sent by who raised it.
_own: dict[tuple[Path, str], set[str]] = {}


@dataclass(frozen=True)
class Answer:
    """What a channel said to one alert.

    Attributes:
        is_down: nobody can be told through it at this time, whatever the alert.
    """

    channel: str
    is_delivered: bool
    text: str
    is_down: bool = False


def remember_own(settings: Settings, alert_id: str) -> None:
    """This process has raised the alert, and sends it even where that cannot be written down."""
    _own.setdefault((settings.home, alert_id), set())


def deliver_due(settings: Settings, *, seconds: float = DELIVERY_SECONDS, at_once: bool = False) -> None:
    """Send what is due; what is left is for the next call.

    Args:
        seconds: how long it is waited for at most. In a process that goes on, so does what was begun.
        at_once: also what was tried moments ago.
    """
    with contextlib.suppress(OSError):
        if not alerts_file(settings).exists():
            return
        channels = configured_channels(settings)
        with contextlib.suppress(OSError):
            _give_up_what_is_spent(settings)
        now = datetime.now(UTC)
        due = {one.channel for one in Outbox.read(settings).pending() if at_once or one.is_due(now)}
        begun = time.monotonic()
        _side_by_side(
            [
                partial(_serve, settings, channel, begun + DELIVERY_SECONDS, at_once)
                for channel in channels
                if channel.name in due
            ],
            begun + seconds,
        )


def send_unwritten(settings: Settings, alert: Mapping[str, Any]) -> None:
    """Send an alert of which nothing can be written down, once through each channel."""
    message = Message.from_record(alert)
    # Once per process and channel, also where the same alert is raised again.
    told = _own.setdefault((settings.home, message.alert_id), set())
    channels = [one for one in configured_channels(settings) if one.name not in told]
    told.update(channel.name for channel in channels)
    deadline = time.monotonic() + DELIVERY_SECONDS
    _side_by_side([partial(_try, channel, message, deadline) for channel in channels], deadline)


def send_test(settings: Settings, alert: Mapping[str, Any]) -> list[Answer]:
    """Send one message through every channel, keep nothing of it, and say what each has answered."""
    message, deadline = Message.from_record(alert), time.monotonic() + DELIVERY_SECONDS
    answers: dict[str, Answer] = {}

    def ask(channel: Channel) -> None:
        answers[channel.name] = _try(channel, message, deadline, pauses=())

    channels = configured_channels(settings)
    _side_by_side([partial(ask, channel) for channel in channels], deadline)
    late = f"no answer after {DELIVERY_SECONDS:.0f} seconds"
    return [answers.get(one.name, Answer(one.name, False, late)) for one in channels]


def _side_by_side(tasks: Sequence[Callable[[], object]], deadline: float) -> None:
    """Do all at the same time and wait for them until the deadline.

    What hangs beyond it (a name server, a server that answers a letter a second) is left behind, and ends
    with the process at the latest.
    """
    threads = [threading.Thread(target=task, daemon=True, name="tieout-alert") for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _give_up_what_is_spent(settings: Settings) -> None:
    now = datetime.now(UTC)
    if not any(one.is_spent(now) for one in Outbox.read(settings).pending()):
        return
    with outbox_lock(settings):
        for delivery in Outbox.read(settings).pending():
            if delivery.is_spent(now):
                append_line(settings, line("given_up", delivery, problem=delivery.problem))


def _serve(settings: Settings, channel: Channel, deadline: float, at_once: bool) -> None:
    """Send everything that is due through one channel, in its order."""
    tried: set[str] = set()
    with contextlib.suppress(OSError), _channel_lock(settings, channel, deadline) as is_held:
        while is_held and time.monotonic() < deadline:
            delivery, is_written = _begin_next(settings, channel, tried, at_once)
            if delivery is None:
                return
            tried.add(delivery.alert_id)
            answer = _try(channel, Message.from_record(delivery.alert), deadline)
            if is_written:
                with outbox_lock(settings):
                    if answer.is_delivered:
                        append_line(settings, line("delivered", delivery, answer=answer.text))
                    else:
                        append_line(settings, line("problem_of", delivery, problem=answer.text))
            if answer.is_down and not at_once:
                # The others would wait for it in vain, one after the other.
                return


def _begin_next(
    settings: Settings, channel: Channel, tried: set[str], at_once: bool
) -> tuple[Delivery | None, bool]:
    """The next alert to send, and whether it is written down as begun."""
    now = datetime.now(UTC)
    try:
        with outbox_lock(settings):
            delivery = _next(Outbox.read(settings), channel, tried, at_once, now)
            if delivery is not None:
                append_line(settings, line("attempt_of", delivery))
            return delivery, True
    except OSError:
        delivery = _next(Outbox.read(settings), channel, tried, at_once, now)
        told = None if delivery is None else _own.get((settings.home, delivery.alert_id))
        if told is None or channel.name in told:
            return None, False
        told.add(channel.name)
        return delivery, False


def _next(outbox: Outbox, channel: Channel, tried: set[str], at_once: bool, now: datetime) -> Delivery | None:
    for delivery in outbox.pending():
        is_mine = delivery.channel == channel.name and delivery.alert_id not in tried
        if is_mine and (at_once or delivery.is_due(now)):
            return delivery
    return None


def _try(
    channel: Channel, message: Message, deadline: float, *, pauses: Sequence[float] | None = None
) -> Answer:
    """Send one alert with a few tries; what came of it."""
    for tries, pause in enumerate((*(PAUSES if pauses is None else pauses), None), start=1):
        try:
            answer = channel.send(message, seconds=max(1.0, deadline - time.monotonic()))
            return Answer(channel.name, True, answer)
        except DeliveryFailed as error:
            wait = None if pause is None else max(pause, error.wait_seconds or 0.0)
            if not error.is_temporary or wait is None or time.monotonic() + wait >= deadline:
                times = "" if tries == 1 else f" ({tries} tries)"
                return Answer(channel.name, False, f"{error}{times}", error.is_temporary)
            time.sleep(wait)
        except Exception as error:
            # Its own message may quote what is secret.
            return Answer(channel.name, False, f"an unexpected {type(error).__name__}")
    raise AssertionError("the last try has no pause")


@contextlib.contextmanager
def _channel_lock(settings: Settings, channel: Channel, deadline: float) -> Iterator[bool]:
    """One process at a time sends through a channel: two would send the same twice.

    It is waited for until the deadline; gives whether it was had.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context((settings.home / f".alerts.{channel.name}.lock").open("ab"))
        except OSError:
            # A home that cannot be written has no lock, and is no reason to be silent.
            yield True
            return
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    yield False
                    return
                time.sleep(LOCK_POLL_SECONDS)
        yield True
