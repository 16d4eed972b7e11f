"""How people type what they know: telephone numbers, names of companies, domains, addresses, countries.

Every spelling here says the same as the plain one, but for numbers that say nothing (``NO_NUMBERS``): who
normalises them gets the plain form back. Which cards are typed how is ``crm``'s and ``duplicates``'s.
"""

from __future__ import annotations

from seeds.generator.randomness import Stream

# Calling code, prefix of national numbers, prefix of calls abroad (empty: not typed).
_CALLING = {
    "US": ("1", "1-", ""),
    "CA": ("1", "1-", ""),
    "GB": ("44", "0", "00"),
    "DE": ("49", "0", "00"),
    "FR": ("33", "0", "00"),
    "NL": ("31", "0", "00"),
    "ES": ("34", "", "00"),
    "IE": ("353", "0", "00"),
    "JP": ("81", "0", "010"),
    "KW": ("965", "", "00"),
    "SG": ("65", "", ""),
    "AU": ("61", "0", "0011"),
    "BR": ("55", "0", ""),
    "MX": ("52", "", "00"),
    "ZA": ("27", "0", "00"),
}
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
NO_NUMBERS = ("n/a", "see website", "ask reception", "-", "12-34")

_LEGAL_FORMS = {
    "US": ("Inc.", "LLC", "Corp.", "Incorporated"),
    "CA": ("Inc.", "Ltd."),
    "GB": ("Ltd", "Limited", "plc", "LLP"),
    "DE": ("GmbH", "AG", "GmbH & Co. KG"),
    "FR": ("SARL", "S.A.S.", "SA"),
    "NL": ("B.V.", "N.V."),
    "ES": ("S.L.", "S.A."),
    "IE": ("DAC", "Ltd"),
    "JP": ("K.K.", "Co., Ltd."),
    "KW": ("W.L.L.", "K.S.C."),
    "SG": ("Pte. Ltd.", "Pte Ltd"),
    "AU": ("Pty Ltd", "Pty. Limited"),
    "BR": ("Ltda.", "S.A."),
    "MX": ("S.A. de C.V.", "S. de R.L. de C.V."),
    "ZA": ("(Pty) Ltd", "Pty Ltd"),
}

_COUNTRIES = {
    "US": ("U.S.A.", "usa", "United States ", "Estados Unidos"),
    "GB": ("England", "united kingdom", "GB", "U.K."),
    "DE": ("germany", "GERMANY", "Allemagne"),
    "JP": ("日本", "JPN", "japan"),
    "KW": ("State of Kuwait", "الكويت"),
    "CA": ("CA", "canada"),
    "FR": ("FR", "France ", "FRANCE"),
    "NL": ("Nederland", "Holland", "NL"),
    "ES": ("España", "spain"),
    "IE": ("Republic of Ireland", "Éire"),
    "SG": ("SG", "singapore"),
    "AU": ("AUS", "australia"),
    "BR": ("BR", "brazil"),
    "MX": ("México", "MEX"),
    "ZA": ("RSA", "ZA"),
}


def legal_form(key: str, country: str) -> str:
    """The form under which a company is registered: its own, whoever types the name."""
    return Stream("legal form", key).pick(_LEGAL_FORMS.get(country, ("Ltd",)))


def spelled_name(stream: Stream, name: str, form: str) -> str:
    """A company's name with or without its form, in capitals, with blanks too many."""
    manner = stream.below(6)
    if manner == 0:
        return f"{name} {form}"
    if manner == 1:
        return f"{name}, {form}"
    if manner == 2:
        return name.upper()
    if manner == 3:
        return f"The {name}"
    if manner == 4:
        return f" {name.replace(' ', '  ', 1)} {form} "
    return f"{name} {form}".lower()


def mistyped(stream: Stream, name: str) -> str:
    """Two letters inside the longest word changed places."""
    word = max(name.split(), key=len)
    place = 1 + stream.below(max(len(word) - 3, 1))
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if swapped == word:
        swapped = word[:place] + word[place] + word[place:]
    return name.replace(word, swapped, 1)


def spelled_domain(stream: Stream, domain: str) -> str:
    """A domain as an address of its site, or in capitals."""
    return stream.pick(
        (
            f"https://www.{domain}",
            f"http://{domain}/",
            f"www.{domain}",
            domain.upper(),
            f"https://{domain}/en/index.html?ref=crm",
            f"{domain}.",
        )
    )


def spelled_country(stream: Stream, country: str) -> str:
    """A country by another of its names."""
    return stream.pick(_COUNTRIES[country])


def spelled_phone(stream: Stream, phone: str, country: str) -> str:
    """An international number (``+49 341 ...``) as somebody in the country would type it."""
    code, trunk, abroad = _CALLING[country]
    national = phone.removeprefix(f"+{code}").strip()
    digits = "".join(letter for letter in national if letter.isdigit())
    manner = stream.below(9)
    if manner == 0:
        return f"+{code}{digits}"
    if manner == 1:
        return f"{trunk}{national}"
    if manner == 2 and abroad:
        return f"{abroad}{code} {national}"
    if manner == 3 and trunk == "0" and country != "BR":
        return f"+{code} (0){national}"
    if manner == 4:
        return f"{phone} {stream.pick(('ext. ', 'x', 'ext ', '#'))}{stream.between(10, 499)}"
    if manner == 5:
        return f"Tel: {phone.replace('-', '.')}"
    if manner == 6:
        return f"{trunk}{national}".replace("-", "\u00a0").replace(" ", ".")
    if manner == 7 and country == "JP":
        return f"{trunk}{national}".translate(_FULL_WIDTH)
    if country in ("US", "CA"):
        area, rest = digits[:3], digits[3:]
        return f"({area}) {rest[:3]}-{rest[3:]}"
    return f"{trunk}{digits}"


def spelled_email(stream: Stream, email: str, first: str, last: str) -> str:
    """The same address as somebody copied it: in capitals, with its name, with blanks."""
    local, domain = email.split("@")
    return stream.pick(
        (
            email.upper(),
            f"{local.title()}@{domain}",
            f" {email} ",
            f'"{first} {last}" <{email}>',
            f"{last}, {first} <{email}>",
            f"mailto:{email}",
        )
    )


def tagged_email(stream: Stream, email: str) -> str:
    """Another address that comes to the same box: with a tag, and without dots where they do not count."""
    local, domain = email.split("@")
    if domain == "gmail.com" and stream.chance(500):
        return f"{local.replace('.', '')}@{domain}"
    return f"{local}+{stream.pick(('newsletter', 'trial', 'crm'))}@{domain}"
