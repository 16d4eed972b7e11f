"""A webhook that takes messages as Slack does: JSON with the field ``text``, by POST.

What an address may be and how an answer counts is decided here. The address is the secret: who has it can
write into the channel, so nothing that is said about it names more than its host.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import re
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from orchestration.alerting.channels import (
    STEP_SECONDS,
    DeliveryFailed,
    describe_error,
    open_to_others,
    read_secret,
)
from orchestration.alerting.message import Message

# Of codes below 500: those that say "not now".
COME_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
# Slack's own reasons ("invalid_payload", "no_service"). Other servers repeat the address in their answers.
REASON = re.compile(rb"[a-z]{2,20}(_[a-z]{2,20}){1,5}")
SHORTEST_PATH, SHORTEST_TOKEN = 12, 8


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Whoever answers for the host must not send the message, or the secret, to somebody else."""

    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        return None


def read_address(text: str) -> SplitResult:
    """The parts of a webhook's address.

    Raises:
        ValueError: it cannot be used; the message does not repeat it.
    """
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("it holds blanks or other characters that an address does not have")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is no address") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("it is no address; write https://HOST/PATH")
    if "@" in parts.netloc:
        raise ValueError("it may not hold a user or a password")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("it is not encrypted; write https:// (http:// only reaches this machine)")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secrets_of(address: str) -> list[str]:
    """The parts of an address that let somebody write there."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return [address]
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    pieces = re.split(r"[/?&=;]", path)
    pieces += [unquote(piece) for piece in pieces]
    return [address, *([path] if len(path) >= SHORTEST_PATH else []), *filter(_is_token, pieces)]


def _is_token(piece: str) -> bool:
    """Whether a part of an address is no plain word: to hide "services" would spoil other texts."""
    return len(piece) >= SHORTEST_TOKEN and (not piece.islower() or not piece.isalpha())


class WebhookChannel:
    """An address, or the file that holds it."""

    name = "webhook"

    def __init__(self, address: str | None, file: str | None) -> None:
        self._address, self._file = address, file

    def _parts(self) -> SplitResult:
        if self._address and self._file:
            raise DeliveryFailed(
                "TIEOUT_ALERT_WEBHOOK and TIEOUT_ALERT_WEBHOOK_FILE are both set; give one.",
                is_temporary=False,
            )
        name = "TIEOUT_ALERT_WEBHOOK" if self._address else "TIEOUT_ALERT_WEBHOOK_FILE"
        address = self._address or read_secret(self._file or "", f"{name}: the file")
        try:
            return read_address(address.strip())
        except ValueError as error:
            raise DeliveryFailed(f"{name}: {error}.", is_temporary=False) from None

    def problems(self) -> list[str]:
        try:
            self._parts()
        except DeliveryFailed as error:
            return [str(error)]
        return []

    def warnings(self) -> list[str]:
        return open_to_others(self._file, "TIEOUT_ALERT_WEBHOOK_FILE")

    def send(self, message: Message, *, seconds: float) -> str:
        parts = self._parts()
        host = parts.hostname or ""
        request = urllib.request.Request(  # noqa: S310 (_parts takes https, and http to this machine)
            parts.geturl(),
            data=json.dumps({"text": message.chat()}).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "tieout"},
            method="POST",
        )
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if parts.scheme == "https":
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
        if is_loopback(host):
            handlers.append(urllib.request.ProxyHandler({}))
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=min(seconds, STEP_SECONDS)) as response:
                # Whatever else it answers: with a code of success it has taken the message.
                return f"answered {_status(response.status)}"
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(host, error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeliveryFailed(
                f"{host}: {describe_error(error)}.",
                is_temporary=not isinstance(
                    getattr(error, "reason", error), ssl.SSLCertVerificationError | ValueError
                ),
            ) from None


def _refused(host: str, error: urllib.error.HTTPError) -> DeliveryFailed:
    reason = b""
    with contextlib.suppress(OSError, http.client.HTTPException):
        reason = error.read(100).strip()
    said = f" ({reason.decode()})" if REASON.fullmatch(reason) else ""
    hint = "; redirects are not followed" if 300 <= error.code < 400 else ""
    wait = error.headers.get("Retry-After", "") if error.headers else ""
    return DeliveryFailed(
        f"{host}: answered {_status(error.code)}{said}{hint}.",
        is_temporary=error.code in COME_AGAIN or error.code >= 500,
        wait_seconds=float(wait) if re.fullmatch(r"[0-9]{1,5}", wait) else None,
    )


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)
