"""Servers on this machine that take alerts for tests: a webhook that answers as it is told, and mail.

Add here another way in which a server may behave. What is done with what they got stays in the test.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

# As long as the tests wait for what must come; nothing is proven by it.
PATIENCE_SECONDS = 60.0
HOOK_PATH = "/services/T0SECRET0/B0SECRET0/x9SECRETTOKEN9x"
USER, PASSWORD = "alerts", "pa$$ & <word> 42"


@dataclass(frozen=True)
class Reply:
    """How a webhook answers one request.

    Attributes:
        hang: it does not answer before the test is over.
    """

    code: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b"ok"
    hang: bool = False


@dataclass
class Webhook:
    """A running webhook.

    Attributes:
        replies: to the next requests, the last one also to all after it.
        texts: what it took with a code of success.
        requests: path and body of everything that it was sent.
    """

    url: str
    replies: list[Reply]
    texts: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, body: dict[str, Any]) -> Reply:
        self.requests.append((path, body))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if 200 <= reply.code < 300 and not reply.hang:
            self.texts.append(body["text"])
        return reply


@contextmanager
def running_webhook(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    """A webhook on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = webhook.answer(self.path, body)
            if reply.hang:
                webhook.is_over.wait(PATIENCE_SECONDS)
                return
            self.send_response(reply.code)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls is not None:
        scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    webhook = Webhook(f"{scheme}://127.0.0.1:{server.server_port}{HOOK_PATH}", list(replies) or [Reply()])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield webhook
    finally:
        webhook.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class MailHandler:
    """Keeps the mails that it accepts, after answers that it was told to give first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.first_answers: list[str] = []
        self.refused_recipients: dict[str, str] = {}

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.first_answers:
            return self.first_answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"


@dataclass
class MailServer:
    """A running mail server."""

    port: int
    handler: MailHandler

    @property
    def mails(self) -> list[EmailMessage]:
        return self.handler.mails


def _check_password(
    server: Any, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    if (data.login, data.password) == (USER.encode(), PASSWORD.encode()):
        return AuthResult(success=True)
    # Some servers repeat what they were given, and how.
    said = base64.b64encode(b"\0" + data.login + b"\0" + data.password).decode()
    return AuthResult(
        success=False, handled=False, message=f"535 5.7.8 wrong: {data.password.decode()} {said}"
    )


@contextmanager
def running_mail_server(
    *, tls: ssl.SSLContext | None = None, from_the_first_byte: bool = False, with_login: bool = False
) -> Iterator[MailServer]:
    """A mail server on a free port of this machine, with STARTTLS or TLS where it has a certificate."""
    handler = MailHandler()
    options: dict[str, Any] = {}
    if with_login:
        options |= {"authenticator": _check_password, "auth_required": True, "auth_require_tls": True}
    if tls is not None and from_the_first_byte:
        # The server of the tests does not count this as encrypted.
        options |= {"ssl_context": tls, "auth_require_tls": False}
    elif tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield MailServer(controller.port, handler)
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Certificate:
    """A server's certificate for this machine, which nobody trusts who does not read ``file``."""

    context: ssl.SSLContext
    file: Path


def make_certificate(folder: Path) -> Certificate:
    """One that was signed for the test."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return Certificate(context, file)


def wait_until(is_so: Any) -> None:
    """Wait for a condition, and fail when it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)
