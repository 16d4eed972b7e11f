"""Alerts by mail: one message to all recipients through the operator's own server.

How a mail is made and how an answer of the server counts is decided here. A password is only sent over an
encrypted connection, or to this machine itself.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import smtplib
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from orchestration.alerting.channels import (
    STEP_SECONDS,
    DeliveryFailed,
    describe_error,
    open_to_others,
    read_secret,
    scrub,
)
from orchestration.alerting.message import Message
from orchestration.alerting.webhook import is_loopback
from orchestration.settings import SMTP_VARIABLES, SmtpSettings

STARTTLS, TLS, NONE = "starttls", "tls", "none"
PORTS = {STARTTLS: 587, TLS: 465, NONE: 25}
ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\\x00-\x20\x7f]+@[^\s@,;:<>()\[\]\"\\\x00-\x20\x7f]+")


@dataclass(frozen=True)
class _Server:
    """What the settings say, once it is known to make sense."""

    host: str
    port: int
    security: str
    user: str
    sender: str
    recipients: list[str]


class MailChannel:
    """A server, who sends and who receives."""

    name = "smtp"

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    def _server(self) -> _Server:
        """The settings as they are used.

        Raises:
            DeliveryFailed: one of them cannot be.
        """

        def wrong(name: str, why: str) -> DeliveryFailed:
            return DeliveryFailed(f"{SMTP_VARIABLES[name]}: {why}.", is_temporary=False)

        given = self._settings
        if not re.fullmatch(r"[A-Za-z0-9._:-]+", given.host):
            raise wrong("host", "give the name of the mail server" if not given.host else "it is no host")
        security = given.security.lower() or STARTTLS
        if security not in PORTS:
            raise wrong("security", f"it is one of {', '.join(PORTS)}")
        if given.port and not (re.fullmatch(r"[0-9]{1,5}", given.port) and 0 < int(given.port) < 65_536):
            raise wrong("port", "it is a number from 1 to 65535")
        if not ADDRESS.fullmatch(given.sender):
            raise wrong("sender", "give one address, as tieout@example.com")
        recipients = [one.strip() for one in given.recipients.split(",") if one.strip()]
        if not recipients or not all(ADDRESS.fullmatch(one) for one in recipients):
            raise wrong("recipients", "give addresses separated by commas")
        if given.password and given.password_file:
            raise wrong("password_file", f"{SMTP_VARIABLES['password']} is set, too; give one")
        if bool(given.user) != bool(given.password or given.password_file):
            raise wrong("user", "a user needs a password, and a password a user")
        if given.user and security == NONE and not is_loopback(given.host):
            raise wrong("security", "none would send the password for everybody to read; use starttls or tls")
        port = int(given.port) if given.port else PORTS[security]
        return _Server(given.host, port, security, given.user, given.sender, recipients)

    def _password(self) -> str:
        if self._settings.password_file:
            variable = SMTP_VARIABLES["password_file"]
            return read_secret(self._settings.password_file, f"{variable}: the file")
        return self._settings.password

    def problems(self) -> list[str]:
        try:
            self._server()
            self._password()
        except DeliveryFailed as error:
            return [str(error)]
        return []

    def warnings(self) -> list[str]:
        return open_to_others(self._settings.password_file, SMTP_VARIABLES["password_file"])

    def send(self, message: Message, *, seconds: float) -> str:
        server, password = self._server(), self._password()
        mail = make_mail(message, server.sender, server.recipients)
        deadline = time.monotonic() + seconds
        secrets = [password, base64.b64encode(f"\0{server.user}\0{password}".encode()).decode()]
        try:
            refused = _hand_over(server, password, mail, deadline)
        except smtplib.SMTPException as error:
            code, text = _answer(error)
            raise DeliveryFailed(
                scrub(f"{server.host}: {text}", secrets),
                # Codes from 500 on are the server's last word.
                is_temporary=(code is None or code < 500)
                and not isinstance(error, smtplib.SMTPNotSupportedError),
            ) from None
        except (OSError, ValueError) as error:
            raise DeliveryFailed(
                scrub(f"{server.host}: {describe_error(error)}.", secrets),
                is_temporary=not isinstance(error, ssl.SSLCertVerificationError | ValueError),
            ) from None
        count = len(server.recipients)
        if refused:
            # Some got it, so that it is not sent again.
            return f"accepted for {count - len(refused)} of {count}, NOT for {', '.join(sorted(refused))}"
        return f"accepted for {count} recipient{'' if count == 1 else 's'}"


def make_mail(message: Message, sender: str, recipients: list[str]) -> EmailMessage:
    """The mail of an alert; the same alert has the same Message-ID, so that a mail program sees a double."""
    domain = sender.rpartition("@")[2]

    def message_id(alert_id: str) -> str:
        digest = hashlib.sha256(f"{message.home}\0{alert_id}".encode("utf-8", "replace")).hexdigest()
        return f"<{digest[:40]}@{domain}>"

    mail = EmailMessage()
    mail["Subject"] = message.subject()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(_moment(message.raised_at))
    mail["Message-ID"] = message_id(message.alert_id)
    if message.answers:
        mail["In-Reply-To"] = message_id(message.answers[-1])
        mail["References"] = " ".join(message_id(one) for one in message.answers[-10:])
    # Nobody's absence notice should answer it.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text())
    return mail


def _moment(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    return datetime.now(UTC)


def _hand_over(
    server: _Server, password: str, mail: EmailMessage, deadline: float
) -> dict[str, tuple[int, bytes]]:
    """Give the mail to the server; the recipients that it refused while it took others."""

    def left() -> float:
        return max(0.1, min(STEP_SECONDS, deadline - time.monotonic()))

    context = ssl.create_default_context()
    client: smtplib.SMTP
    if server.security == TLS:
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=left(), context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=left())
    try:
        if server.security == STARTTLS:
            # Refused where the server does not offer it: nothing is sent in clear instead.
            client.starttls(context=context)
        if server.user:
            client.login(server.user, password)
        refused = client.send_message(mail, server.sender, server.recipients)
    except BaseException:
        client.close()
        raise
    # The mail is handed over; how the conversation ends changes nothing about that.
    with contextlib.suppress(smtplib.SMTPException, OSError):
        client.quit()
    client.close()
    return refused


def _answer(error: smtplib.SMTPException) -> tuple[int | None, str]:
    """The server's code, and the answer as text."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [(code, _said(text)) for code, text in error.recipients.values()]
        # One that may be taken later is a reason to come again.
        code = min((code for code, _ in answers), default=None)
        return code, f"no recipient was accepted: {', '.join(f'{one} {text}' for one, text in answers)}"
    if isinstance(error, smtplib.SMTPResponseException):
        is_login = isinstance(error, smtplib.SMTPAuthenticationError)
        what = "user and password were not accepted: " if is_login else ""
        return error.smtp_code, f"{what}{error.smtp_code} {_said(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return None, "it closed the connection, or did not answer in time."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return (
            None,
            "it does not offer what is needed (STARTTLS, a way to log in, or addresses beyond ASCII).",
        )
    return None, f"{type(error).__name__}."


def _said(text: bytes | str) -> str:
    return (text if isinstance(text, str) else text.decode("utf-8", "replace"))[:200]
