"""Telephone numbers as typed, in E.164 with their extension.

What a number is in which country is the knowledge of libphonenumber (package ``phonenumbers``). A text that
is no number is not guessed at: it is said to be unparseable, and the raw row keeps it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from orchestration.identity.placeholders import is_made_up
from orchestration.identity.text import plain

VALID, POSSIBLE, UNPARSEABLE, MISSING = "valid", "possible", "unparseable", "missing"
_DOUBLE_ZERO = re.compile(r"^\(?0\s*0\)?[\s.\-/]*(?=[1-9(])")


@dataclass(frozen=True)
class Phone:
    """One number.

    Attributes:
        e164: ``+`` and the digits; None where the text is no number.
        extension: digits dialled afterwards; None where there are none.
        status: valid (given out in its country), possible (of a length that it could be), unparseable or
        missing.
        is_made_up: whether the digits are all one or count up or down, as in 1234567.
    """

    e164: str | None
    extension: str | None
    status: str
    is_made_up: bool = field(default=False, compare=False)

    @property
    def key(self) -> str | None:
        """``e164`` where it can tell who somebody is: not one that was made up."""
        return None if self.is_made_up else self.e164

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody is known to be given such a number: a slip, or younger than the numbering plan."""
        return self.status != VALID


_MISSING = Phone(None, None, MISSING)
_UNPARSEABLE = Phone(None, None, UNPARSEABLE)


@functools.lru_cache(maxsize=262_144)
def read_phone(text: str | None, country_code: str | None = None) -> Phone:
    """The number in a text that was typed in a country.

    Args:
        text: with ``+`` or ``00``, or as dialled in the country; letters of vanity numbers and extensions are
        read. country_code: ISO 3166-1 alpha-2; None where unknown: then only an international number can be
        read.
    """
    if text is None or not plain(text):
        return _MISSING
    typed = plain(text)
    best = _UNPARSEABLE
    for spelling in dict.fromkeys((typed, _DOUBLE_ZERO.sub("+", typed))):
        number = None if best.status == VALID else _parse(spelling, country_code)
        best = best if number is None else _better(best, _phone(number))
    return best


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _phone(number: PhoneNumber) -> Phone:
    if phonenumbers.is_valid_number(number):
        status = VALID
    elif phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE:
        status = POSSIBLE
    else:
        # Also what can only be dialled from the same town: nobody knows which.
        return _UNPARSEABLE
    return Phone(
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        number.extension or None,
        status,
        is_made_up(phonenumbers.national_significant_number(number)),
    )


def _better(one: Phone, other: Phone) -> Phone:
    order = (VALID, POSSIBLE, UNPARSEABLE)
    return min(one, other, key=lambda phone: order.index(phone.status))
