"""However something is typed, it says the same: numbers by the rules of libphonenumber, names by words."""

from __future__ import annotations

import contextlib
import re

import phonenumbers
import pytest

from seeds.generator.companies import phone_in
from seeds.generator.randomness import Stream
from seeds.generator.records import COUNTRY_NAMES
from seeds.generator.spelling import (
    NO_NUMBERS,
    legal_form,
    mistyped,
    spelled_country,
    spelled_domain,
    spelled_email,
    spelled_name,
    spelled_phone,
    tagged_email,
)


def _e164(text: str, country: str) -> str:
    number = phonenumbers.parse(text, country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("country", COUNTRY_NAMES)
def test_every_spelling_of_a_number_is_the_number(country: str) -> None:
    spellings = set()
    for draw in range(150):
        phone = phone_in(country, Stream("number", country, draw))
        spelled = spelled_phone(Stream("spelling", country, draw), phone, country)
        assert _e164(spelled, country) == _e164(phone, country), spelled
        spellings.add(re.sub(r"[\d０-９]+", "9", spelled))
    assert len(spellings) >= 6


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none(text: str) -> None:
    with contextlib.suppress(phonenumbers.NumberParseException):
        assert not phonenumbers.is_possible_number(phonenumbers.parse(text, "US"))


def test_names_keep_their_words() -> None:
    for draw in range(60):
        spelled = spelled_name(Stream(draw), "Summit Linden Systems", legal_form("x", "DE"))
        assert " ".join(spelled.lower().split()).find("summit linden systems") >= 0


def test_a_mistyped_name_differs_by_letters_alone() -> None:
    for draw in range(60):
        for name in ("Summit Linden Systems", "Oak Oak Labs", "Aaaa Aaaa"):
            wrong = mistyped(Stream(draw), name)
            assert wrong != name
            assert abs(len(wrong) - len(name)) <= 1


def test_a_company_has_one_legal_form() -> None:
    assert legal_form("one", "GB") == legal_form("one", "GB")
    assert len({legal_form(str(number), "GB") for number in range(50)}) > 2


def test_addresses_and_domains_stay_what_they_are() -> None:
    for draw in range(60):
        assert "firm.example" in spelled_domain(Stream(draw), "firm.example").lower()
        email = spelled_email(Stream(draw), "dora.jager@firm.example", "Dora", "Jäger")
        assert "dora.jager@firm.example" in email.lower()
        tagged = tagged_email(Stream(draw), "dora.jager.example77@gmail.com")
        assert re.sub(r"\+[a-z]+|\.(?=.*@)", "", tagged) == "dorajagerexample77@gmail.com"


@pytest.mark.parametrize("country", COUNTRY_NAMES)
def test_countries_have_other_names(country: str) -> None:
    spelled = {spelled_country(Stream(draw), country) for draw in range(40)}
    assert spelled - set(COUNTRY_NAMES[country])
