"""Who people at other companies are: invented names by country, with their titles and roles in buying.

No name is one of the words of which company names are made, so that a person's name in a text is a
person's. People who work for the vendor are ``people``'s; what becomes of a contact is ``journeys``'s.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from seeds.generator.randomness import Stream

_ENGLISH = (
    ("Adele", "Bernard", "Claudia", "Desmond", "Edith", "Frances", "Gareth", "Harriet", "Isaac", "Joanna",
     "Keith", "Lorna", "Malcolm", "Nadia", "Oscar", "Priya", "Quentin", "Roisin", "Stuart", "Teresa",
     "Ulric", "Vivian", "Wendell", "Yvonne", "Zachary"),
    ("Abernathy", "Blackwood", "Carmody", "Dunmore", "Eastwick", "Fairbairn", "Gilchrist", "Hathersage",
     "Ingleby", "Jessop", "Kirkbride", "Lattimer", "Mottram", "Nettleship", "O'Gorman", "Pemberton",
     "Quiller", "Rathbone", "Sandilands", "Thackeray", "Urquhart", "Venables", "Whitlock", "Yardley"),
)  # fmt: skip
_GERMAN = (
    ("Anneliese", "Bernd", "Dörte", "Eckart", "Friederike", "Gisela", "Holger", "Jürgen", "Käthe", "Lothar",
     "Matthias", "Sönke", "Ulrike", "Wiebke"),
    ("Bäcker", "Dreßler", "Eichstädt", "Fröhlich", "Groß", "Hübner", "Jäger", "Köhler", "Lüders", "Möller",
     "Schönfeld", "Trautmann", "von der Heide", "Weiß"),
)  # fmt: skip
_FRENCH = (
    ("Aurélie", "Benoît", "Chloé", "Édouard", "Françoise", "Gaëlle", "Hervé", "Irène", "Jean-Luc", "Noémie"),
    ("Beauchêne", "Delacroix", "d'Aubigné", "Fournière", "Gauthier", "L'Huillier", "Marchand", "Prévost",
     "Rousselot", "Vaillancourt"),
)  # fmt: skip
_SPANISH = (
    ("Álvaro", "Begoña", "Consuelo", "Diego", "Íñigo", "Joaquín", "Lucía", "Mónica", "Raúl", "Ximena"),
    ("Aránguiz", "Benítez Muñoz", "Cárdenas", "Domínguez", "Echeverría", "Ibáñez", "Núñez", "Peñalver",
     "Quiñones", "Zúñiga"),
)  # fmt: skip
_PORTUGUESE = (
    ("Antônio", "Conceição", "Flávia", "Glória", "João", "Luísa", "Otávio", "Sérgio"),
    ("Araújo", "Brandão", "Carvalhães", "da Conceição", "Falcão", "Guimarães", "Magalhães", "Simões"),
)
_DUTCH = (
    ("Anouk", "Bram", "Femke", "Geert", "Joost", "Maartje", "Renée", "Sjoerd"),
    ("de Vries", "Dijkstra", "Hoekstra", "van den Berg", "van 't Hof", "Verhoeven", "Wijnand", "Zijlstra"),
)
_JAPANESE = (
    ("Akiko", "Daisuke", "Haruka", "Kenji", "Megumi", "Noboru", "Shin'ichi", "Yūko"),
    ("Arakawa", "Fujiwara", "Hoshino", "Kobayakawa", "Morishita", "Ōtani", "Shiraishi", "Takemura"),
)
_ARABIC = (
    ("Abdulaziz", "Dalal", "Faisal", "Hessa", "Khaled", "Mariam", "Nawaf", "Shaikha"),
    ("Al-Ajmi", "Al-Enezi", "Al-Fahad", "Al-Mutairi", "Al-Rashidi", "Al-Sabti", "Bin Nasser", "Boushahri"),
)
_NAMES = {
    "DE": _GERMAN,
    "FR": _FRENCH,
    "ES": _SPANISH,
    "MX": _SPANISH,
    "BR": _PORTUGUESE,
    "NL": _DUTCH,
    "JP": _JAPANESE,
    "KW": _ARABIC,
}

# What somebody at a company does, and the part they take in buying.
ROLES: tuple[tuple[str, str], ...] = (
    ("Head of IT", "DECISION_MAKER"),
    ("IT Manager", "CHAMPION"),
    ("Chief Financial Officer", "BUDGET_HOLDER"),
    ("Chief Information Security Officer", "DECISION_MAKER"),
    ("Systems Administrator", "END_USER"),
    ("Purchasing Manager", "BLOCKER"),
    ("Managing Director", "EXECUTIVE_SPONSOR"),
    ("Network Engineer", "INFLUENCER"),
    ("General Counsel", "LEGAL_AND_COMPLIANCE"),
)

# Letters that do not come apart into a letter and an accent.
_SPELLED = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class Person:
    """A name, a title and a role in buying."""

    first: str
    last: str
    title: str
    role: str

    @property
    def local_part(self) -> str:
        """The part of a business address before the at sign: ``friederike.groess``."""
        return f"{plain(self.first)}.{plain(self.last)}"


def make_person(stream: Stream, country: str, place: int) -> Person:
    """The contact number ``place`` (from 0) at a company in a country."""
    firsts, lasts = _NAMES.get(country, _ENGLISH)
    # Names travel: one in eight is from elsewhere.
    if stream.chance(125):
        firsts, lasts = stream.pick((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _DUTCH))
    title, role = ROLES[(place + stream.below(2)) % len(ROLES)]
    return Person(stream.pick(firsts), stream.pick(lasts), title, role)


def plain(name: str) -> str:
    """Lower case, without accents, spaces and signs, as in an address."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED))
    return "".join(letter for letter in decomposed if letter.isalnum() and letter.isascii())
