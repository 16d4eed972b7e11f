"""Web addresses and e-mail domains as the domain that somebody registered.

Which endings are public comes from the Public Suffix List that the package ``tldextract`` carries; nothing is
asked of the network. Domains that many share, such as those of free mail, or fill in, are rows of
``seeds/reference/shared_domains.csv``.
"""

from __future__ import annotations

import csv
import functools
import ipaddress
import re

import idna
import tldextract

from orchestration import settings
from orchestration.identity.text import plain

SHARED_FILE = "shared_domains.csv"
# What stands before a host in an address: a scheme, two slashes, a user.
_BEFORE_HOST = re.compile(r"^[a-z][a-z0-9+.-]*:(?://)?|^//", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_IDEOGRAPHIC_STOPS = re.compile("[。．｡]")
_LONGEST = 253


def ascii_host(text: str) -> str | None:
    """A host name in lower case and ASCII (``bücher.de`` is ``xn--bcher-kva.de``); None where it is none."""
    host = _IDEOGRAPHIC_STOPS.sub(".", text.strip()).strip(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    if len(host) > _LONGEST or not all(
        len(label) <= 63 and _LABEL.fullmatch(label) for label in host.split(".")
    ):
        return None
    return host


def host_of(text: str | None) -> str | None:
    """The host of a web address, of an e-mail address or of a bare domain; None where there is none."""
    if text is None:
        return None
    address = _BEFORE_HOST.sub("", plain(text))
    host = re.split(r"[/?#\\\s,;]", address, maxsplit=1)[0].rpartition("@")[2]
    return ascii_host(re.sub(r":\d*$", "", host)) if host else None


@functools.lru_cache(maxsize=262_144)
def registrable_domain(text: str | None) -> str | None:
    """The domain below the public suffix: ``https://www.acme.co.uk/about`` is ``acme.co.uk``.

    None for what is no host, an IP address, a public suffix itself or a name without a dot. An ending that
    the list does not know is taken for a public suffix of one label, as the list prescribes.
    """
    host = host_of(text)
    if host is None or "." not in host or _is_ip_address(host):
        return None
    parts = _extractor()(_readable(host))
    if parts.suffix and not parts.domain:
        return None
    labels = parts.suffix.count(".") + 2 if parts.suffix else 2
    return ".".join(host.split(".")[-labels:])


def is_shared(domain: str | None) -> bool:
    """Whether a registrable domain belongs to a provider whose customers have nothing else in common."""
    return domain is not None and domain in shared_domains()


@functools.cache
def shared_domains() -> dict[str, str]:
    """Kind (free, provider, disposable, shared_site, placeholder) by domain."""
    path = settings.REFERENCE_SEEDS_DIR / SHARED_FILE
    with path.open(encoding="utf-8", newline="") as file:
        return {row["domain_name"]: row["domain_kind"] for row in csv.DictReader(file)}


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()
    return True


def _readable(host: str) -> str:
    """The host in the letters that the list is written in, label by label."""
    labels = []
    for label in host.split("."):
        try:
            labels.append(idna.decode(label) if label.startswith("xn--") else label)
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return ".".join(labels)


@functools.cache
def _extractor() -> tldextract.TLDExtract:
    # No list is fetched and nothing is kept on disk: the one in the package serves. Sites of private suffixes
    # (somebody.github.io) are different people's.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
