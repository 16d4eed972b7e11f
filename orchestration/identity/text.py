"""Texts as people type them, made comparable: case, accents, widths and punctuation.

Add here what every kind of name needs. What a company's or a person's name is made of belongs to ``names``.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

from text_unidecode import unidecode

# Letters that carry no accent which could be taken off, as they are written without them.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_ACCENTS = re.compile("[\u0300-\u036f]")
_LATIN = frozenset({"LATIN"})
_APOSTROPHES = re.compile("['’‘`´\"“”]")
# No space, but nothing to see either: what copying from web pages and word processors leaves behind.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


def plain(text: str) -> str:
    """Full-width and other compatibility characters in their usual form, nothing invisible, single blanks."""
    if text.isascii():
        return " ".join(text.split())
    shown = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(unicodedata.normalize("NFKC", shown).split())


def fold(text: str) -> str:
    """``plain`` in lower case and without accents; other scripts than Latin, Greek and Cyrillic keep their
    marks, which are letters there."""
    return plain(text).lower() if text.isascii() else _until_stable(_fold_once, text)


def _fold_once(text: str) -> str:
    letters = plain(text).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", letters)))


def latin(text: str) -> str:
    """``fold`` in Latin letters, German and Nordic umlauts written out: how a form without them would be
    filled in."""
    return fold(text) if text.isascii() else fold(unidecode(plain(text).casefold().translate(_UMLAUTS)))


def words(folded: str) -> list[str]:
    """The words of a folded text: letters, digits and their marks; everything else parts them.

    Apostrophes part nothing, and letters with a full stop each are one word (``s.a.`` is ``sa``).
    """
    parts: list[str] = []
    for chunk in _APOSTROPHES.sub("", folded).split():
        if chunk.isalnum():
            parts.append(chunk)
            continue
        pieces = [_letters(piece, "") for piece in chunk.split(".")]
        if len(pieces) > 1 and all(len(piece) <= 1 for piece in pieces):
            parts.append("".join(pieces))
        else:
            parts += _letters(chunk, " ").split()
    return [part for part in parts if part]


@functools.lru_cache(maxsize=262_144)
def scripts(text: str) -> frozenset[str]:
    """The scripts that the letters of a text are of, by the first word of their Unicode names."""
    if text.isascii():
        return _LATIN
    return frozenset(unicodedata.name(c, "").partition(" ")[0] for c in text if c.isalpha())


def _letters(text: str, instead: str) -> str:
    """Letters, digits and their marks; something else instead of the rest."""
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else instead for c in text)


def _until_stable(function: Callable[[str], str], text: str) -> str:
    """The fixed point of a function on texts; normal forms of single characters may be made of others yet."""
    for _ in range(8):
        changed = function(text)
        if changed == text:
            break
        text = changed
    return text
