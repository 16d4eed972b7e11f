"""A country as typed, in whichever language, as its ISO 3166-1 alpha-2 code.

Names and aliases are rows of ``seeds/reference/country_names.csv``: names from the Unicode CLDR in seven
languages and the country's own, three-letter codes, and what people write besides. A name that two countries
could mean is none of them.
"""

from __future__ import annotations

import csv
import functools

from orchestration import settings
from orchestration.identity.text import fold, words

NAMES_FILE = "country_names.csv"
CODES_FILE = "country_regions.csv"


def country_code(text: str | None) -> str | None:
    """The code of the country that a text names; None where it names none.

    ``NA`` is Namibia: a missing value is NULL or empty, never two letters.
    """
    if text is None or not text.strip():
        return None
    return _code(text)


@functools.lru_cache(maxsize=65_536)
def _code(text: str) -> str | None:
    named = " ".join(words(fold(text)))
    code = named.upper()
    return code if code in _codes() else _names().get(named)


@functools.cache
def _codes() -> frozenset[str]:
    path = settings.REFERENCE_SEEDS_DIR / CODES_FILE
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row["country_code"] for row in csv.DictReader(file))


@functools.cache
def _names() -> dict[str, str]:
    path = settings.REFERENCE_SEEDS_DIR / NAMES_FILE
    with path.open(encoding="utf-8", newline="") as file:
        return {
            " ".join(words(fold(row["country_name"]))): row["country_code"] for row in csv.DictReader(file)
        }
