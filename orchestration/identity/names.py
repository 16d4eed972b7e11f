"""Names of companies and of people, and how alike two of them are.

Add here what makes two spellings one name. Which likeness is enough is a policy, and what else must agree is
decided in ``companies``, ``contacts`` and ``customers``.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from orchestration.identity.legal_forms import AT_THE_END, AT_THE_START, LONGEST, UNSPACED
from orchestration.identity.placeholders import is_no_company, is_no_person
from orchestration.identity.text import fold, latin, plain, scripts, words

_AND = {
    "und": "and",
    "et": "and",
    "og": "and",
    "och": "and",
    "en": "and",
    "y": "and",
    "ja": "and",
    "и": "and",
}
_ARTICLES = frozenset({"the"})
_TITLES = frozenset(
    """
    mr mrs ms miss mx dr prof sir dame madame mme mlle monsieur herr frau sr sra srta dott ing dipl phd md mba
    esq
    """.split()  # noqa: SIM905
)
# After a name: who of a family. Before it ``sr`` is a title.
_GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})
_SAME, _HALF = Decimal(1), Decimal("0.5")
# What is not the same but hardly another name; below policy identity_same_score by default.
NEARLY = Decimal("0.85")
# How firms, funds and wings are counted, beside digits.
_ROMAN = re.compile(r"(?=..)x{0,3}(ix|iv|v?i{0,3})")
_NUMBER_WORDS = frozenset(
    """
    one two three four five six seven eight nine ten eleven twelve first second third fourth fifth sixth
    eins zwei drei vier funf deux trois quatre cinq uno dos tres cuatro cinco due tre quattro cinque
    """.split()  # noqa: SIM905
)
# In shorter words other letters are other initials: ABB is not AB.
_SHORTEST_SLIP = 4
# They write words or syllables: swapped or doubled they are others.
_WITHOUT_SLIPS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_DIGITS = re.compile(r"\d+")
_FOUR_DIGITS = Decimal("0.0001")


@dataclass(frozen=True)
class CompanyName:
    """A company's name.

    Attributes:
        core: without legal form, article, accents and punctuation.
        latin: ``core`` in Latin letters with umlauts written out.
        legal_form: one word for the forms that mean the same; None where the name has none.
    """

    core: str
    latin: str
    legal_form: str | None


@dataclass(frozen=True)
class PersonName:
    """A person's name in two spellings (``given`` and ``family`` each folded, and in Latin letters).

    Attributes:
        generation: what tells father and child apart, such as ``jr``; None where the name does not say.
    """

    given: tuple[str, str]
    family: tuple[str, str]
    generation: str | None = None

    @property
    def key(self) -> str:
        """Equal for the same words in any order."""
        return " ".join(sorted(f"{self.given[0]} {self.family[0]}".split()))

    @property
    def is_whole(self) -> bool:
        """Whether both parts are there."""
        return bool(self.given[0] and self.family[0])

    @property
    def is_evidence(self) -> bool:
        """Whether it is a whole name, and not what is filled in where none is known."""
        return self.is_whole and not is_no_person(self.given[0]) and not is_no_person(self.family[0])


@functools.lru_cache(maxsize=262_144)
def read_company_name(text: str | None) -> CompanyName | None:
    """What a company is called; None where the text has neither letter nor digit, or stands for no name
    ("unknown")."""
    if text is None or is_no_company(" ".join(words(fold(text)))):
        return None
    core, legal_form = _core(text, fold)
    if not core or is_no_company(core):
        return None
    return CompanyName(core, _core(text, latin)[0] or core, legal_form)


def name_core(text: str) -> str:
    """A company's name without legal form, article, accents and punctuation."""
    return _core(text, fold)[0]


@functools.lru_cache(maxsize=262_144)
def read_person_name(given: str | None, family: str | None) -> PersonName | None:
    """What a person is called; None where neither part has a letter. ``Doe, Jane`` in one part is two."""
    first, last = given or "", family or ""
    generation = None
    if not first.strip() or not last.strip():
        whole, generation = _without_generation(first if first.strip() else last, least=2)
        first, last = (whole, "") if first.strip() else ("", whole)
    if not first.strip() and "," in last:
        last, _, first = last.partition(",")
    elif not last.strip() and "," in first:
        last, _, first = first.partition(",")
    elif not last.strip() and " " in plain(first):
        first, _, last = plain(first).rpartition(" ")
    elif not first.strip() and " " in plain(last):
        first, _, last = plain(last).rpartition(" ")
    first, of_first = _without_generation(first)
    last, of_last = _without_generation(last)
    name = PersonName(
        (_person(first, fold), _person(first, latin)),
        (_person(last, fold), _person(last, latin)),
        generation or of_last or of_first,
    )
    return name if name.given[0] or name.family[0] else None


def word_key(text: str) -> str:
    """The words of a name without legal form, title or generation, in alphabetical order: equal to a person's
    ``key``."""
    left_out = _TITLES | _GENERATIONS
    return " ".join(sorted(word for word in name_core(text).split() if word not in left_out))


# ---- likeness


def company_similarity(one: CompanyName | None, other: CompanyName | None) -> Decimal:
    """0 to 1; 0 where one has no name.

    Names that differ by a number, in whichever form, are never alike: branches, districts and vintages are
    counted so. Names that differ by another word are not the same, however long what they share: so are
    branches called. Names of one script that is not Latin are compared in that script: in Latin letters
    other signs sound the same.
    """
    if one is None or other is None:
        return Decimal(0)
    if one.core == other.core:
        return _SAME
    spellings = _spellings((one.core, one.latin), (other.core, other.latin))
    is_spacing = any(left.replace(" ", "") == right.replace(" ", "") for left, right in spellings)
    if is_spacing and _DIGITS.findall(one.latin) == _DIGITS.findall(other.latin):
        return _SAME
    score = max(_score(left, right) for left, right in spellings)
    if _counted(one.core) != _counted(other.core):
        return min(_HALF, score)
    return score if any(_differ_by_a_slip(*pair) for pair in spellings) else min(NEARLY, score)


def person_similarity(one: PersonName | None, other: PersonName | None) -> Decimal:
    """0 to 1, the lesser of the likeness of given and family names, also where they were filled in crosswise;
    0 where a part is missing or stands for none."""
    if one is None or other is None or not one.is_evidence or not other.is_evidence:
        return Decimal(0)
    straight = min(_part(one.given, other.given, is_given=True), _part(one.family, other.family))
    crosswise = min(_part(one.given, other.family), _part(one.family, other.given))
    likeness = max(straight, crosswise)
    # Father and child; also where only one of them says so.
    return likeness if one.generation == other.generation else min(NEARLY, likeness)


def _part(one: tuple[str, str], other: tuple[str, str], *, is_given: bool = False) -> Decimal:
    spellings = _spellings(one, other)
    if any(left == right for left, right in spellings):
        return _SAME
    left, right = spellings[-1]
    if is_given:
        shorter, longer = sorted((left.split(), right.split()), key=len)
        # A second given name that only one record has.
        if shorter == longer[: len(shorter)]:
            return Decimal("0.95")
        if left[0] == right[0] and 1 in (len(left), len(right)):
            return NEARLY
    # Another letter in a short name is another name (Anna, Hanna).
    if _is_slip(left, right):
        return Decimal("0.95")
    if not is_given and min(len(left), len(right)) >= 6 and OSA.distance(left, right) == 1:
        return Decimal("0.92")
    return min(NEARLY, _ratio(left, right))


def _spellings(one: tuple[str, str], other: tuple[str, str]) -> list[tuple[str, str]]:
    """Two texts as they can be compared: as written and in Latin letters, unless both are written in a
    script of their own."""
    written, in_latin = zip(one, other, strict=True)
    is_one_script = not (scripts(written[0]) & scripts(written[1])) <= {"LATIN"}
    return [written] if is_one_script or written == in_latin else [written, in_latin]


def _is_slip(one: str, other: str) -> bool:
    """Whether two words are one but for letters that were swapped or doubled."""
    if (scripts(one) | scripts(other)) & _WITHOUT_SLIPS:
        return False
    is_swapped = sorted(one) == sorted(other) and OSA.distance(one, other) == 1
    return is_swapped or _undoubled(one) == _undoubled(other)


def _differ_by_a_slip(one: str, other: str) -> bool:
    """Whether two names have the same words, in whichever order, but for one that is mistyped. Another letter
    makes another word: Dental is not Rental, and Kensington not Kennington."""
    left, right = Counter(one.split()), Counter(other.split())
    here, there = list((left - right).elements()), list((right - left).elements())
    if len(here) != len(there):
        return False
    if not here:
        return True
    is_long = min(map(len, (*here, *there))) >= _SHORTEST_SLIP
    return len(here) == 1 and is_long and _is_slip(here[0], there[0])


def _undoubled(text: str) -> str:
    return "".join(c for index, c in enumerate(text) if index == 0 or text[index - 1] != c)


def _counted(core: str) -> list[str]:
    """What counts a name among others: words with digits, Roman numbers, words for numbers, and a letter at
    the end."""
    parts = core.split()
    counted = [
        word
        for word in parts
        if any(c.isdigit() for c in word) or _ROMAN.fullmatch(word) or word in _NUMBER_WORDS
    ]
    return sorted([*counted, *(word for word in parts[1:][-1:] if len(word) == 1 and not word.isdigit())])


def _score(one: str, other: str) -> Decimal:
    return max(_ratio(one, other), _ratio(" ".join(sorted(one.split())), " ".join(sorted(other.split()))))


def _ratio(one: str, other: str) -> Decimal:
    share = Decimal(str(fuzz.ratio(one, other))) / 100
    return share.quantize(_FOUR_DIGITS, rounding=ROUND_HALF_UP)


# ---- parts of names


def _without_generation(text: str, least: int = 1) -> tuple[str, str | None]:
    """A name without ``Jr.`` or the like at its end, if so many words remain; and that."""
    parts = plain(text).split()
    last = "".join(words(fold(parts[-1]))) if parts else ""
    if len(parts) <= least or last not in _GENERATIONS:
        return text, None
    return " ".join(parts[:-1]).rstrip(" ,"), last


def _person(text: str, spell: Callable[[str], str]) -> str:
    parts = words(spell(text.replace("-", " ")))
    return " ".join([part for part in parts if part not in _TITLES] or parts)


def _core(text: str, spell: Callable[[str], str]) -> tuple[str, str | None]:
    """The core of a name and its legal form."""
    # Before the letters are spelled, since these forms have none in Latin.
    named, legal_form = _without_unspaced_forms(plain(text))
    spelled = spell(named).replace("&", " and ").replace("+", " and ")
    parts = [_AND.get(word, word) for word in words(spelled)]
    while True:
        shorter, form = _shortened(parts)
        legal_form = legal_form or form
        if shorter == parts:
            return " ".join(parts), legal_form
        parts = shorter


def _shortened(parts: Sequence[str]) -> tuple[list[str], str | None]:
    """The words less one legal form or article, unless nothing would remain."""
    for count in range(min(LONGEST, len(parts) - 1), 0, -1):
        form = AT_THE_END.get(tuple(parts[-count:]))
        if form is not None:
            return list(parts[:-count]), form
        form = AT_THE_START.get(tuple(parts[:count]))
        if form is not None:
            return list(parts[count:]), form
    if len(parts) > 1 and parts[0] in _ARTICLES:
        return list(parts[1:]), None
    if len(parts) > 1 and parts[-1] in (*_ARTICLES, "and"):
        return list(parts[:-1]), None
    return list(parts), None


def _without_unspaced_forms(text: str) -> tuple[str, str | None]:
    found = None
    for form, spellings in UNSPACED.items():
        for spelling in spellings:
            for stripped in (text.removesuffix(spelling).strip(), text.removeprefix(spelling).strip()):
                if stripped != text and words(fold(stripped)):
                    text, found = stripped, found or form
                    break
    return text, found
