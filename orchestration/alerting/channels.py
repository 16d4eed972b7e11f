"""What every way to tell somebody has in common, and which of them an operator has set up.

A new way is a module of its own with the three members of ``Channel`` and a line in ``configured_channels``.
What is secret about a way (a password, an address that is one) leaves it only towards the server.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, quote_plus

from orchestration.alerting.message import Message, cut, one_line
from orchestration.settings import Settings

# Valid from a second on; of each step of a conversation with a server. The whole of it is bounded by the
# delivery.
STEP_SECONDS = 10.0
PROBLEM_LENGTH = 500
HIDDEN = "***"
# Shorter ones would blacken whole texts, and protect nothing.
SHORTEST_SECRET = 4


class DeliveryFailed(Exception):
    """Somebody could not be told; the message holds no secret.

    Attributes:
        is_temporary: whether the same may succeed in a moment.
        wait_seconds: how long the server asks to wait, None where it asks nothing.
    """

    def __init__(self, problem: str, *, is_temporary: bool, wait_seconds: float | None = None) -> None:
        super().__init__(cut(one_line(problem), PROBLEM_LENGTH))
        self.is_temporary = is_temporary
        self.wait_seconds = wait_seconds


class Channel(Protocol):
    """One way to tell somebody.

    Attributes:
        name: command, smtp or webhook; stands in ``alerts.jsonl``.
    """

    name: str

    def problems(self) -> list[str]:
        """What keeps it from being used, found without reaching for anybody."""

    def warnings(self) -> list[str]:
        """What is unsafe about how it is set up."""

    def send(self, message: Message, *, seconds: float) -> str:
        """Tell; what was answered, in a few words without a secret.

        Args:
            seconds: how long it may take at most.

        Raises:
            DeliveryFailed: nobody was told, as far as is known.
        """


def configured_channels(settings: Settings) -> list[Channel]:
    """The ways that the operator has set up, whether or not they can be used."""
    from orchestration.alerting.command import CommandChannel
    from orchestration.alerting.mail import MailChannel
    from orchestration.alerting.webhook import WebhookChannel

    channels: list[Channel] = []
    if settings.alert_command:
        channels.append(CommandChannel(settings.alert_command))
    if settings.alert_smtp is not None:
        channels.append(MailChannel(settings.alert_smtp))
    if settings.alert_webhook or settings.alert_webhook_file:
        channels.append(WebhookChannel(settings.alert_webhook, settings.alert_webhook_file))
    return channels


def read_secret(file: str, what: str) -> str:
    """The first line of a file that holds a secret.

    Raises:
        DeliveryFailed: it cannot be read or is empty; the message names the file.
    """
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise DeliveryFailed(f"{what} {file} cannot be read: {why}.", is_temporary=True) from None
    if not lines or not lines[0].strip():
        raise DeliveryFailed(f"{what} {file} is empty.", is_temporary=True)
    return lines[0].strip()


def open_to_others(file: str | None, variable: str) -> list[str]:
    """A warning where everybody on the machine may read a file that holds a secret."""
    try:
        is_open = bool(file) and bool(Path(str(file)).expanduser().stat().st_mode & 0o004)
    except OSError:
        is_open = False
    return [f"{variable}: everybody on this machine may read {file}; chmod 600 keeps them out."] * is_open


def describe_error(error: BaseException) -> str:
    """What went wrong with a connection, without what the libraries add: they quote addresses and answers."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return describe_error(reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no encrypted connection: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, also in the forms in which servers repeat them."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            continue
        forms |= {
            secret,
            escape(secret),
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            repr(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
        }
    for form in sorted(forms, key=lambda one: (-len(one), one)):
        text = text.replace(form, HIDDEN)
    return text


def known_secrets(settings: Settings) -> Sequence[str]:
    """What must not stand in any text, as far as the settings themselves hold it."""
    from orchestration.alerting.webhook import secrets_of

    secrets = [] if settings.alert_smtp is None else [settings.alert_smtp.password]
    return [*secrets, *secrets_of(settings.alert_webhook or "")]
