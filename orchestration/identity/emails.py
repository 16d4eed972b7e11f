"""E-mail addresses as typed, as the one address that they mean.

Add here what mail providers hold to be one mailbox. Whose address it is belongs to ``contacts``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from orchestration.identity.domains import ascii_host, is_shared, registrable_domain
from orchestration.identity.placeholders import is_no_mailbox, is_role_mailbox
from orchestration.identity.text import plain

_LOCAL = re.compile(r"[^\s@<>()\[\],;:\"\\]+")
_IN_BRACKETS = re.compile(r"<([^<>]*@[^<>]*)>")
_SEVERAL = re.compile(r"[;,\s]+")
# These ignore dots before the at sign, and are one provider under two names.
_WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


@dataclass(frozen=True)
class Email:
    """One address.

    Attributes:
        normalized: lower case, domain in ASCII.
        canonical: the mailbox that it is an alias of: no ``+tag``, at Gmail no dots.
        domain: what somebody registered; None where that is a public suffix, a bare host or an IP address.
        is_free: whether the domain is of a provider of mail, so that it says nothing about the company.
        is_nobodys: whether the mailbox stands for a missing one, such as ``noemail@``.
        is_role: whether it is of a task, such as ``billing@``, and not of a person.
    """

    normalized: str
    canonical: str
    domain: str | None
    is_free: bool
    is_nobodys: bool = False
    is_role: bool = False


@functools.lru_cache(maxsize=262_144)
def read_email(text: str | None) -> Email | None:
    """The address in a text, also in ``Jane Doe <jane@acme.example>`` or a ``mailto:`` link; None where there
    is none. Of several the first is taken."""
    if text is None or "@" not in plain(text):
        return None
    address = plain(text)
    bracketed = _IN_BRACKETS.search(address)
    candidates = [bracketed[1]] if bracketed else _SEVERAL.split(address)
    for candidate in candidates:
        email = _read(candidate.strip())
        if email is not None:
            return email
    return None


def _read(candidate: str) -> Email | None:
    address = (
        re.sub(r"^mailto:", "", candidate, flags=re.IGNORECASE).partition("?")[0].strip(" '\"<>()[].,;:")
    )
    local, _, host = address.rpartition("@")
    domain = ascii_host(host) if host else None
    local = plain(local.lower())
    if domain is None or "." not in domain or not _LOCAL.fullmatch(local):
        return None
    mailbox, mail_domain = local.partition("+")[0] or local, domain
    if domain in _WITHOUT_DOTS:
        mailbox, mail_domain = mailbox.replace(".", "") or mailbox, _WITHOUT_DOTS[domain]
    registered = registrable_domain(domain)
    return Email(
        f"{local}@{domain}",
        f"{mailbox}@{mail_domain}",
        registered,
        is_shared(registered) or is_shared(domain),
        is_no_mailbox(mailbox),
        is_role_mailbox(mailbox),
    )
