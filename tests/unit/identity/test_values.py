"""How typed phones, addresses, domains, names and countries are read.

Add a spelling here when one is misread. Which records they make one is in ``test_matching``.
"""

from __future__ import annotations

import functools
from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from orchestration.identity.countries import country_code
from orchestration.identity.domains import registrable_domain
from orchestration.identity.emails import read_email
from orchestration.identity.names import (
    company_similarity,
    name_core,
    person_similarity,
    read_company_name,
    read_person_name,
)
from orchestration.identity.phones import Phone, read_phone
from orchestration.identity.text import fold, latin, plain

SEVERAL = settings(max_examples=150, deadline=None)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("+0123456789 ().-/x;ext=ABC０１", max_size=25),
    st.text("abcGMBHltd.&, @<>:/-", max_size=30),
)
REGIONS = st.sampled_from([None, "US", "DE", "GB", "IT", "JP", "MX", "AR", "BR", "CI"])


# ---- phones


@functools.cache
def published_examples() -> list[tuple[str, phonenumbers.PhoneNumber]]:
    """The example numbers in libphonenumber's own metadata, of every region and kind."""
    kinds = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in kinds:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None and phonenumbers.is_valid_number(number):
                found.append((region, number))
    return found


@pytest.mark.parametrize(
    "form", ["e164", "international", "national", "rfc3966", "double_zero", "full_width"]
)
def test_the_published_example_numbers_come_back_in_every_form(form: str) -> None:
    examples = published_examples()
    assert len({region for region, _ in examples}) == len(phonenumbers.SUPPORTED_REGIONS)
    wrong = []
    for region, number in examples:
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        forms = {
            "e164": (e164, None),
            "international": (phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), None),
            "national": (national, region),
            "rfc3966": (phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), None),
            "double_zero": (f"00{e164[1:]}", None),
            "full_width": ("".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in national), region),
        }
        text, country = forms[form]
        if read_phone(text, country) != Phone(e164, None, "valid"):
            wrong.append((region, text, read_phone(text, country)))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        # The examples of the documentation of libphonenumber and of its Python port.
        ("044 668 18 00", "CH", Phone("+41446681800", None, "valid")),
        ("+442083661177", None, Phone("+442083661177", None, "valid")),
        ("020 8366 1177", "GB", Phone("+442083661177", None, "valid")),
        ("650 253 2222", "US", Phone("+16502532222", None, "valid")),
        # Spellings of one number.
        ("(303) 555-0112", "US", Phone("+13035550112", None, "valid")),
        ("+49 (0)30 901820 ext. 12", None, Phone("+4930901820", "12", "valid")),
        ("0049 30 901820", "US", Phone("+4930901820", None, "valid")),
        ("tel:+4930901820", None, Phone("+4930901820", None, "valid")),
        ("030/901820 x7", "DE", Phone("+4930901820", "7", "valid")),
        ("1-800-FLOWERS", "US", Phone("+18003569377", None, "valid")),
        ("+39 06 698 12345", None, Phone("+390669812345", None, "valid")),
        ("\u202a+1 303 555 0112\u202c", None, Phone("+13035550112", None, "valid")),
        # Of the right length, but given out to nobody.
        ("+1 303 155 0112", None, Phone("+13031550112", None, "possible")),
        # No number, or one that nobody can dial from elsewhere.
        ("555-0112", "US", Phone(None, None, "unparseable")),
        ("030 901820", None, Phone(None, None, "unparseable")),
        ("call the front desk", "US", Phone(None, None, "unparseable")),
        ("n/a", "US", Phone(None, None, "unparseable")),
        (" ", "US", Phone(None, None, "missing")),
        (None, "US", Phone(None, None, "missing")),
    ],
)
def test_a_phone_is_read_as_it_is_dialled_there(
    text: str | None, country: str | None, expected: Phone
) -> None:
    assert read_phone(text, country) == expected


@SEVERAL
@given(TEXTS, REGIONS)
def test_a_phone_that_was_read_reads_the_same_again(text: str, country: str | None) -> None:
    phone = read_phone(text, country)
    assert (phone.e164 is None) == (phone.status in ("unparseable", "missing"))
    if phone.e164 is not None:
        again = f"{phone.e164};ext={phone.extension}" if phone.extension else phone.e164
        assert read_phone(again, country) == read_phone(again, None) == phone


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("+1 303 555 0112", "+13035550112"),
        ("+44 20 7946 0000", "+442079460000"),
        ("+1 303 155 0112", "+13031550112"),
        ("1234567890", None),
        ("0000000000", None),
        ("303 555 5555", None),
        ("+1 800 765 4321", None),
        ("+31 6 12345678", None),
        ("call us", None),
    ],
)
def test_a_number_that_was_made_up_is_no_key(text: str, key: str | None) -> None:
    phone = read_phone(text, "US")
    assert phone.key == key
    assert phone.is_doubtful == (phone.status != "valid")


# ---- e-mail addresses and domains


@pytest.mark.parametrize(
    ("text", "normalized", "canonical", "is_free"),
    [
        (" Jane.Doe@ACME.example ", "jane.doe@acme.example", "jane.doe@acme.example", False),
        ("Jane Doe <jane+crm@acme.example>", "jane+crm@acme.example", "jane@acme.example", False),
        ("mailto:jane@acme.example?subject=hi", "jane@acme.example", "jane@acme.example", False),
        ("J.Doe+x@GoogleMail.com", "j.doe+x@googlemail.com", "jdoe@gmail.com", True),
        ("jane@bücher.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", False),
        ("jane@acme.example; john@acme.example", "jane@acme.example", "jane@acme.example", False),
        ("jane@mail.acme.co.uk", "jane@mail.acme.co.uk", "jane@mail.acme.co.uk", False),
        ("jane@web.de", "jane@web.de", "jane@web.de", True),
    ],
)
def test_an_address_is_read_as_the_mailbox_that_it_means(
    text: str, normalized: str, canonical: str, is_free: bool
) -> None:
    email = read_email(text)
    assert email is not None
    assert (email.normalized, email.canonical, email.is_free) == (normalized, canonical, is_free)


@pytest.mark.parametrize(
    ("text", "is_nobodys", "is_role", "is_free"),
    [
        ("noemail@noemail.com", True, False, True),
        ("test@test.com", True, False, True),
        ("Test.2@acme.example", True, False, False),
        ("no-reply+x@acme.example", True, False, False),
        ("xx@acme.example", True, False, False),
        ("_@acme.example", True, False, False),
        ("info@acme.example", False, True, False),
        ("accounts.payable@acme.example", False, True, False),
        ("AP@acme.example", False, True, False),
        ("contest@acme.example", False, False, False),
        ("12345678@qq.com", False, False, True),
        ("jane@noemail.com", False, False, True),
        ("bill.testa@acme.example", False, False, False),
    ],
)
def test_a_mailbox_may_be_nobodys_or_of_a_task(
    text: str, is_nobodys: bool, is_role: bool, is_free: bool
) -> None:
    email = read_email(text)
    assert email is not None
    assert (email.is_nobodys, email.is_role, email.is_free) == (is_nobodys, is_role, is_free)


@pytest.mark.parametrize("text", [None, "", "jane", "@acme.example", "jane@", "jane@localhost", "jane doe@"])
def test_what_is_no_address_is_none(text: str | None) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        # Of the test data of the Public Suffix List.
        ("COM", None),
        ("example.COM", "example.com"),
        ("a.b.example.uk.com", "example.uk.com"),
        ("test.ac", "test.ac"),
        ("b.c.kobe.jp", "b.c.kobe.jp"),
        ("city.kobe.jp", "city.kobe.jp"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("www.ck", "www.ck"),
        ("www.www.ck", "www.ck"),
        ("test.k12.ak.us", "test.k12.ak.us"),
        ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"),
        # As people fill in the field.
        ("https://www.acme.co.uk/about?x=1#y", "acme.co.uk"),
        ("//acme.example:8080/", "acme.example"),
        ("http://user:secret@shop.acme.example/", "acme.example"),
        ("jane@mail.acme.example", "acme.example"),
        ("ACME.example.", "acme.example"),
        ("acme.github.io", "acme.github.io"),
        ("co.uk", None),
        ("192.0.2.1", None),
        ("localhost", None),
        ("n/a", None),
        (None, None),
    ],
)
def test_a_domain_is_what_somebody_registered(text: str | None, domain: str | None) -> None:
    assert registrable_domain(text) == domain


@SEVERAL
@given(TEXTS)
@example("a@b@c.example")
@example("<@>")
def test_addresses_and_domains_that_were_read_read_the_same_again(text: str) -> None:
    for typed in (text, f"{text}@acme.example", f"jane@{text}", f"{text}.example"):
        email = read_email(typed)
        if email is not None:
            again = read_email(email.normalized)
            assert again == email
            mailbox = read_email(email.canonical)
            assert mailbox is not None and mailbox.canonical == email.canonical
        domain = registrable_domain(typed)
        if domain is not None:
            assert registrable_domain(domain) == domain


# ---- names


@pytest.mark.parametrize(
    ("names", "core"),
    [
        (("The Acme Company, Inc.", "ACME", "Acme Corp.", "Acme S.A. de C.V.", "ACME K.S.C."), "acme"),
        (("Müller & Söhne GmbH & Co. KG", "Muller und Sohne", "MÜLLER + SÖHNE AG"), "muller and sohne"),
        (("Dupont S.à r.l.", "DUPONT SARL", "Dupont S.A.S."), "dupont"),
        (("Foo Sp. z o.o.", "Foo s.r.o.", "FOO d.o.o.", "Foo OÜ", "Foo A/S", "Foo Oy Ab"), "foo"),
        (("株式会社トヨタ", "トヨタ(株)", "㈱トヨタ"), "トヨタ"),
        (("ООО «Ромашка»", "Ромашка"), "ромашка"),
        (("A.B.C. Ltd.", "ABC Limited"), "abc"),
        (("O'Reilly Media, Inc.", "O’Reilly Media"), "oreilly media"),
        # Nothing would remain.
        (("Limited",), "limited"),
        (("AG",), "ag"),
        (("The Group",), "group"),
    ],
)
def test_a_company_is_its_name_without_legal_form_and_typography(names: tuple[str, ...], core: str) -> None:
    assert {name_core(name) for name in names} == {core}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Müller GmbH", "Mueller", True),
        ("Blue Tech", "Bluetech Inc", True),
        ("Ромашка", "Romashka OOO", True),
        ("Garnet Opal Logistics", "Garnett Opal Logistics", True),
        ("Garnet Opal Logistisc", "Opal Garnet Logistics", True),
        ("Garnet Opal College", "Garnet Opal Council", False),
        ("Pizza Planet Kensington", "Pizza Planet Kennington", False),
        ("Acme Distribution Austria", "Acme Distribution Australia", False),
        ("Baker Street Dental", "Baker Street Rental", False),
        ("Anderson Plumbing", "Andersen Plumbing", False),
        ("Garnet Opal Logistics North", "Garnet Opal Logistics South", False),
        ("Garnet Opal Logistics", "Garnet Opals Logistic", False),
        ("Region 1 Hospital", "Region 2 Hospital", False),
        ("Acme", "Acme Mobile", False),
        ("Acme", None, False),
    ],
)
def test_companies_are_alike_by_name(one: str, other: str | None, is_same: bool) -> None:
    likeness = company_similarity(read_company_name(one), read_company_name(other))
    assert (likeness >= Decimal("0.9")) == is_same


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("Jürgen", "Groß"), ("Juergen", "Gross"), True),
        (("Jane", "Doe"), ("Doe", "Jane"), True),
        (("Dr. Jane", "Doe"), ("jane", "DOE"), True),
        (("Jane", "Doe"), (None, "Doe, Jane"), True),
        (("Jane", "Doe"), ("Jane Doe", None), True),
        (("Jonh", "Smith"), ("John", "Smith"), True),
        (("John Peter", "Smith"), ("John", "Smith"), True),
        (("Philip", "Matthews"), ("Phillip", "Mathews"), True),
        (("John", "Doe Jr."), ("Doe, John, JR", None), True),
        (("Sr. Juan", "Perez"), ("Juan", "Perez"), True),
        (("John", "Doe Jr."), ("John", "Doe Sr."), False),
        (("John", "Doe III"), ("John", "Doe"), False),
        ((None, "John Doe Jr."), ("John", "Doe"), False),
        (("Anna", "Schmidt"), ("Hanna", "Schmidt"), False),
        (("J.", "Smith"), ("John", "Smith"), False),
        (("Jane", "Doe"), ("John", "Doe"), False),
        (("Jane", None), ("Jane", "Doe"), False),
        ((None, None), ("Jane", "Doe"), False),
    ],
)
def test_people_are_alike_by_both_parts_of_the_name(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], is_same: bool
) -> None:
    for left, right in ((one, other), (other, one)):
        likeness = person_similarity(read_person_name(*left), read_person_name(*right))
        assert (likeness >= Decimal("0.9")) == is_same


@SEVERAL
@given(st.one_of(TEXTS, st.text(max_size=30).map(lambda text: f"{text} GmbH & Co. KG")), TEXTS)
def test_any_text_can_be_a_name_and_is_read_the_same_again(text: str, other: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert fold(fold(text)) == fold(text)
    assert latin(latin(text)) == latin(text)
    assert name_core(name_core(text)) == name_core(text)
    one, two = read_company_name(text), read_company_name(other)
    assert company_similarity(one, two) == company_similarity(two, one)
    assert 0 <= company_similarity(one, two) <= 1
    here, there = read_person_name(text, other), read_person_name(other, text)
    assert person_similarity(here, there) == person_similarity(there, here)
    assert 0 <= person_similarity(here, there) <= 1


# ---- countries


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (("DE", "de", " deu ", "Germany", "DEUTSCHLAND", "Allemagne", "Alemania"), "DE"),
        # Namibia is no missing value.
        (("NA", "na", "Namibia", "NAM"), "NA"),
        (("USA", "U.S.A.", "United States of America", "Estados Unidos", "us"), "US"),
        (("UK", "U.K.", "Great Britain", "England", "GBR"), "GB"),
        (("Côte d’Ivoire", "Cote d'Ivoire", "Ivory Coast"), "CI"),
        (("Türkiye", "Turkey", "TURKIYE"), "TR"),
        (("México", "Mexico", "MEX"), "MX"),
        (("日本", "Japan"), "JP"),
        (("South Korea", "Korea, Republic of", "대한민국"), "KR"),
        ((None, "", "N/A", "n/a", "-", "unknown", "EMEA", "Atlantis", "Congo?"), None),
    ],
)
def test_a_country_is_known_by_what_people_call_it(texts: tuple[str | None, ...], code: str | None) -> None:
    assert {country_code(text) for text in texts} == {code}


@SEVERAL
@given(TEXTS)
def test_any_text_can_stand_for_a_country(text: str) -> None:
    code = country_code(text)
    assert code is None or country_code(code) == code


@pytest.mark.parametrize(
    "text",
    [
        "Test", "TEST 1", "test123", "Test Company Ltd", "n/a", "N.A.", "unknown", "Unbekannt", "-", "xxx",
        "No Name", "None", "Self-Employed", "Company", "Private",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_none_is_none(text: str) -> None:
    assert read_company_name(text) is None


@pytest.mark.parametrize(
    "text", ["AAA", "Unknown Worlds", "Test Kitchen Ltd", "Company 3", "X", "Null & Sons", "Citibank, N.A."]
)
def test_a_name_that_has_such_a_word_is_one(text: str) -> None:
    assert read_company_name(text) is not None


@pytest.mark.parametrize(
    ("given", "family", "is_evidence"),
    [
        ("Test", "Test", False),
        ("Unknown", "Smith", False),
        ("N/A", "Smith", False),
        ("First Name", "Last Name", False),
        ("Na", "Li", True),
        ("Nan", "Blank", True),
        ("James", "Last", True),
        ("Jane", None, False),
    ],
)
def test_a_person_of_whom_no_name_is_known_is_like_nobody(
    given: str, family: str | None, is_evidence: bool
) -> None:
    name = read_person_name(given, family)
    assert name is not None
    assert name.is_evidence is is_evidence
    assert person_similarity(name, name) == (1 if is_evidence else 0)


@pytest.mark.parametrize(
    ("one", "other", "is_at_least", "is_below"),
    [
        ("Fund II", "Fund III", "0", "0.51"),
        ("Area IV", "Area VI", "0", "0.51"),
        ("Depot A", "Depot B", "0", "0.51"),
        ("Wing One", "Wing Two", "0", "0.51"),
        ("Region 1 2", "Region 12", "0", "0.51"),
        ("三菱商事", "三井商事", "0.7", "0.8"),
        ("東京電力", "京東電力", "0", "0.86"),
        ("王伟", "王威", "0", "0.86"),
        ("Bell", "Bel", "0", "0.86"),
        ("GSS Bank", "GS Bank", "0", "0.86"),
        ("J P Morgan", "JP Morgan", "1", "2"),
        ("T-Mobile", "TMobile", "1", "2"),
        ("Region12", "Region 12", "1", "2"),
        ("Газпром", "Gazprom", "1", "2"),
        ("Газпром", "ГАЗПРОМ", "1", "2"),
        ("Acme Distribution", "Acme Distribuiton", "0.9", "1"),
    ],
)
def test_names_are_alike_as_a_person_would_say(one: str, other: str, is_at_least: str, is_below: str) -> None:
    likeness = company_similarity(read_company_name(one), read_company_name(other))
    assert Decimal(is_at_least) <= likeness < Decimal(is_below)
    assert likeness == company_similarity(read_company_name(other), read_company_name(one))
