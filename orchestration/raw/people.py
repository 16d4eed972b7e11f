"""Who was erased, told without saying who, and what that means for a row.

Add a kind of personal column here (and to the contract) with what becomes of it. Which files are gone through
is ``erasure.py``'s business. A person is remembered by ids and by keyed hashes of addresses, names and
numbers, so that an old export does not bring the person back; nothing here can be read back into them.
"""

from __future__ import annotations

import contextlib
import hmac
import itertools
import json
import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from text_unidecode import unidecode

from orchestration.files import append_record, flush_folder, read_records
from orchestration.raw.contract import TableContract

ID_KINDS = ("contact", "customer", "company", "owner")
REGISTRY_NAME = "erasures.jsonl"
KEY_NAME = "erasures.key"
# Stands where a text mentioned an erased person.
ERASED = "(erased)"
# Begins what stands for an erased person's address.
TOKEN = "erased-"  # noqa: S105
# Stands for a domain that named the person, too; reserved, so that no mail ever reaches anybody.
NO_DOMAIN = "erased.invalid"
# Earlier values that say nothing of who somebody is, and that numbers are made of. All others are emptied.
KEPT_PROPERTIES = frozenset(
    {
        "hubspotscore",
        "lifecyclestage",
        "hs_lead_status",
        "hubspot_owner_id",
        "hs_analytics_source",
        "associatedcompanyid",
        "country",
        "buying_role",
    }
)
# By table the columns whose ids say whose row it is, each with the kind of id that the registry keeps.
OWNERS: Mapping[tuple[str, str], Sequence[tuple[str, str]]] = {
    ("billing", "customer"): [("id", "customer")],
    ("crm", "company"): [("id", "company")],
    ("crm", "company_property_history"): [("company_id", "company")],
    ("crm", "contact"): [("id", "contact")],
    ("crm", "contact_form_submission"): [("contact_id", "contact")],
    ("crm", "contact_property_history"): [("contact_id", "contact")],
    ("crm", "feedback_submission"): [("contact_id", "contact")],
    ("crm", "owner"): [("owner_id", "owner")],
    ("crm", "web_visit"): [("contact_id", "contact")],
    ("ledger", "entity"): [("externalid", "customer")],
}
# Sources whose texts are searched for names. A namesake among vendors or employees must keep theirs, by which
# costs are classified.
SOURCES_WITH_NAMES = frozenset({"billing", "crm"})

_ADDRESS = re.compile(r"\w[\w.+&'~^!#$*-]*(?:@|%40)[\w.-]*[^\W_]", re.IGNORECASE)
_TOKEN = re.compile(rf"{TOKEN}[0-9a-f]{{12}}(?:\+[0-9a-f]{{6}})?@.+")
# Digits of any script (full-width ones, for instance) and what is written between them.
_NUMBER = re.compile(r"\+?\(?\d(?:[\d ().\-/\u00a0\u2009\u202f\u2010-\u2015]*\d)")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
# As many digits of a number as tell it from others; what stands before them depends on who dials.
_NUMBER_DIGITS = 8
# Names that many people bear in full are shorter than this; one word alone is no name to search for.
_LEAST_NAME_WORDS = 2
# Names of very many words are remembered in one spelling.
_MOST_SPELLINGS = 256
# Scripts that put no blanks between words, so that a name is a part of one.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})


# ---- one spelling of each thing


def folded(text: str) -> str:
    """Without case and accents, as names are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def exact_address(text: str) -> str | None:
    """The address in a text that may carry a display name, in lower case; None where there is none."""
    match = _ADDRESS.search(unicodedata.normalize("NFKC", text))
    if match is None:
        return None
    local, _, domain = re.sub("%40", "@", match[0], flags=re.IGNORECASE).lower().rpartition("@")
    domain = domain.strip(".")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}" if local and domain else None


def mailbox(address: str) -> str:
    """Where mail to an exact address arrives: without what stands behind a plus, and Gmail's dots."""
    local, _, domain = address.rpartition("@")
    local = local.split("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name in one spelling."""
    return tuple(folded(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text)))


def spellings(word: str) -> list[str]:
    """How a word of a name may be written: without accents, in Latin letters, without umlauts."""
    plain = folded(word)
    latin = "".join(name_words(unidecode(unicodedata.normalize("NFC", word))))
    spelt_out = folded(unicodedata.normalize("NFC", word.casefold()).translate(_UMLAUTS))
    return sorted({plain, spelt_out, re.sub("(?<=[aou])e", "", plain)} | ({latin} if latin else set()))


def last_digits(text: str) -> str | None:
    """The digits of a number that tell it from others; None where they are too few."""
    digits = "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())
    return digits[-_NUMBER_DIGITS:] if len(digits) >= _NUMBER_DIGITS else None


# ---- the registry


@dataclass(frozen=True)
class Erasure:
    """One person, as remembered.

    Attributes:
        erasure_id: unique.
        requested_at: UTC, ISO 8601.
        ids: by kind (contact, customer, company, owner) the ids of the person's own rows.
        mailboxes: keyed hash of each mailbox, with the domain that may go on standing in its place.
        names: keyed hashes of full names, with the number of words.
        numbers: keyed hashes of telephone numbers.
        unspaced: keyed hashes of full names in scripts without blanks, with the number of letters.
        words: keyed hashes of the words of the names, which alone name nobody but in a bad cell.
        links: which records are, or are not, the same although what showed it is gone; mappings with
            object_type, left_id, right_id and decision, as in the policy table ``identity_decisions``.
    """

    erasure_id: str
    requested_at: str
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    numbers: Sequence[str] = ()
    unspaced: Mapping[str, int] = field(default_factory=dict)
    words: Sequence[str] = ()
    links: Sequence[Mapping[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the registry."""
        return asdict(self)


class RegistryError(Exception):
    """The registry of erased people cannot be used; the message says what to do."""


class Registry:
    """The erased people of a raw store: ``erasures.jsonl`` and the key of its hashes beside it."""

    def __init__(self, home_raw: Path, key: bytes | None, erasures: Sequence[Erasure]) -> None:
        self.home_raw = home_raw
        self.erasures = list(erasures)
        self._key = key

    @classmethod
    def read(cls, home_raw: Path) -> Registry:
        """What is remembered; nothing where nobody was ever erased.

        Raises:
            RegistryError: there are erasures and no key to recognise people by.
        """
        records = read_records(home_raw / REGISTRY_NAME)
        erasures = [Erasure(**record) for record in records]
        file = home_raw / KEY_NAME
        key = file.read_bytes() if file.exists() else None
        if erasures and not key:
            raise RegistryError(
                f"{file} is missing, without which erased people would come back with the next load. Restore "
                "it from a backup."
            )
        return cls(home_raw, key, erasures)

    def empty(self) -> Registry:
        """One with the same key that knows nobody, to try out what an erasure would change.

        Where nobody was ever erased its key is made up, and its hashes are good for nothing else.
        """
        return Registry(self.home_raw, self._key or os.urandom(32), [])

    def make_key(self) -> None:
        """Make the key of the hashes unless there is one; durably, before anything is hashed with it."""
        if self._key:
            return
        file = self.home_raw / KEY_NAME
        temporary = file.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(os.urandom(32))
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(file)
        flush_folder(self.home_raw)
        self._key = file.read_bytes()

    def hash(self, kind: str, text: str) -> str:
        """The keyed hash of a text, as a thing of one kind."""
        assert self._key, "no key"
        return hmac.digest(self._key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    def remember(self, erasure: Erasure) -> None:
        """Add a person, durably; the caller holds the raw store's lock."""
        append_record(self.home_raw / REGISTRY_NAME, erasure.as_json())
        (self.home_raw / REGISTRY_NAME).chmod(0o600)
        flush_folder(self.home_raw)
        self.erasures.append(erasure)


# ---- rows


class Eraser:
    """Takes the people of a registry out of rows; the same rows give the same result, however often."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._ids: dict[str, set[str]] = {}
        self._mailboxes: dict[str, str] = {}
        self._names: set[str] = set()
        self._numbers: set[str] = set()
        self._unspaced: dict[str, int] = {}
        self._words: set[str] = set()
        lengths: set[int] = set()
        for erasure in registry.erasures:
            for kind, ids in erasure.ids.items():
                self._ids.setdefault(kind, set()).update(ids)
            self._mailboxes.update(erasure.mailboxes)
            self._names.update(erasure.names)
            lengths.update(erasure.names.values())
            self._numbers.update(erasure.numbers)
            self._unspaced.update(erasure.unspaced)
            self._words.update(erasure.words)
        self._name_lengths = sorted(lengths, reverse=True)
        self._unspaced_lengths = sorted(set(self._unspaced.values()), reverse=True)
        # Most values repeat; one that does not costs a hash.
        self._hash = lru_cache(maxsize=200_000)(registry.hash)

    @property
    def knows_nobody(self) -> bool:
        """Whether every row stays as it is."""
        return not self._registry.erasures

    def clean(self, contract: TableContract, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """The columns that change, with their new values.

        Args:
            contract: of the table.
            rows: its personal columns and those that say whose a row is, by name, as lists of equal length.
        """
        columns = {
            column.name: column.personal
            for column in contract.columns
            if column.personal and column.name in rows
        }
        count = len(next(iter(rows.values()), []))
        owned = self._owned(contract, rows, columns, count)
        has_names = contract.source in SOURCES_WITH_NAMES
        # A customer or company is the person only where it bears the name; else it has things of its own.
        party = next((name for name, kind in columns.items() if kind == "party"), None)
        if party is not None:
            owned = [
                own and cell is not None and self._is_remembered_name(cell)
                for own, cell in zip(owned, rows[party], strict=True)
            ]
        changed: dict[str, list[Any]] = {}
        properties = rows.get("name") if "history" in columns.values() else None
        for name, kind in columns.items():
            cells = rows[name]
            new = [
                cell
                if cell is None
                else self._cell(
                    str(kind),
                    cell,
                    is_own=own,
                    has_names=has_names,
                    is_of_party=party is not None,
                    is_kept=properties is not None and properties[index] in KEPT_PROPERTIES,
                )
                for index, (cell, own) in enumerate(zip(cells, owned, strict=True))
            ]
            if new != cells:
                changed[name] = new
        return changed

    def _owned(
        self,
        contract: TableContract,
        rows: Mapping[str, list[Any]],
        columns: Mapping[str, str | None],
        count: int,
    ) -> list[bool]:
        """Whether each row is of an erased person: by its ids, or by an address."""
        owned = [False] * count
        for column, kind in OWNERS.get((contract.source, contract.name), ()):
            if column in rows and (ids := self._ids.get(kind)):
                owned = [own or value in ids for own, value in zip(owned, rows[column], strict=True)]
        for column in (name for name, kind in columns.items() if kind == "email"):
            owned = [
                own or (cell is not None and self._is_remembered_address(cell))
                for own, cell in zip(owned, rows[column], strict=True)
            ]
        return owned

    def _cell(
        self, kind: str, cell: str, *, is_own: bool, has_names: bool, is_of_party: bool, is_kept: bool
    ) -> str | None:
        if kind == "email":
            return self._address(cell, is_own=is_own)
        if kind == "history":
            return self._text(cell, has_names) if not is_own or is_kept else None
        if kind in ("name", "party", "phone"):
            return None if is_own else cell
        if kind == "url":
            cell = re.split(r"[?#]", cell)[0] if is_own else cell
            return self._text(cell, has_names=False)
        # What stands in the text of a customer may decide numbers.
        return None if is_own and not is_of_party else self._text(cell, has_names)

    def _mailbox_hash(self, address: str) -> str:
        return self._hash("mailbox", mailbox(address))

    def _is_remembered_address(self, cell: str) -> bool:
        address = exact_address(cell)
        return address is not None and self._mailbox_hash(address) in self._mailboxes

    def _is_remembered_name(self, cell: str) -> bool:
        return self._hash("name", " ".join(name_words(cell))) in self._names

    def _numbers_in(self, cell: str, start: int, end: int) -> list[tuple[int, int]]:
        """Where remembered numbers stand between two places, which may be several, and days, in a row."""
        places = [place for place in range(start, end) if cell[place].isdigit()]
        digits = "".join(str(unicodedata.digit(cell[place])) for place in places)
        return [
            # What is dialled before goes with it, unless it is another number.
            (start if first < _NUMBER_DIGITS else places[first], places[first + _NUMBER_DIGITS - 1] + 1)
            for first in range(len(digits) - _NUMBER_DIGITS + 1)
            if self._hash("number", digits[first : first + _NUMBER_DIGITS]) in self._numbers
        ]

    def _address(self, cell: str, *, is_own: bool) -> str | None:
        """A token in the place of an address: equal for equal addresses, of one mailbox for one mailbox."""
        address = exact_address(cell)
        if address is None:
            return None if is_own and cell else cell
        if _TOKEN.fullmatch(address):
            return cell
        key = self._mailbox_hash(address)
        if key not in self._mailboxes:
            # One that nobody had seen when the person was erased.
            return None if is_own else cell
        token = f"{TOKEN}{self._hash('token', key)[:12]}"
        if address != mailbox(address):
            token += f"+{self._hash('exact', address)[:6]}"
        return f"{token}@{self._mailboxes[key]}"

    def _text(self, cell: str, has_names: bool) -> str:
        """The text with every mention of an erased person replaced."""
        spans: list[tuple[int, int]] = []
        if "@" in cell or "%40" in cell:
            spans += [
                match.span() for match in _ADDRESS.finditer(cell) if self._is_remembered_address(match[0])
            ]
        if self._numbers:
            spans += [
                span for match in _NUMBER.finditer(cell) for span in self._numbers_in(cell, *match.span())
            ]
        if has_names and self._names:
            spans += self._mentions(cell)
        if not spans:
            return cell
        parts, position = [], 0
        for start, end in _joined(spans):
            parts += [cell[position:start], ERASED]
            position = end
        return "".join([*parts, cell[position:]])

    def _mentions(self, cell: str) -> list[tuple[int, int]]:
        words = [(match.span(), folded(match[0])) for match in _WORD.finditer(cell)]
        spans = [
            (words[first][0][0], words[first + length - 1][0][1])
            for length in self._name_lengths
            for first in range(len(words) - length + 1)
            if self._hash("name", " ".join(word for _, word in words[first : first + length])) in self._names
        ]
        if self._unspaced_lengths and _UNSPACED.search(cell):
            letters = [folded(letter) for letter in cell]
            spans += [
                (first, first + length)
                for length in self._unspaced_lengths
                for first in range(len(letters) - length + 1)
                if self._hash("unspaced", "".join(letters[first : first + length])) in self._unspaced
            ]
        return spans

    def clean_text(self, text: str) -> str:
        """A text that is not of a table, for instance a line of a log, without mentions of erased people."""
        return self._text(text, has_names=True)

    def clean_bad_cell(self, text: str) -> str:
        """The text of a cell that could not be read. Whose row it was of is not known, so it also loses the
        single words of names: a cell that slipped a column may hold just one."""
        return _WORD.sub(
            lambda match: ERASED if self._hash("word", folded(match[0])) in self._words else match[0],
            self.clean_text(text),
        )

    def clean_document(self, text: str) -> str:
        """The same for a text that may be a JSON document, whose escapes would hide a name from a search."""
        if text.lstrip()[:1] not in ("{", "["):
            return self.clean_text(text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.clean_text(text)
        cleaned = self._clean_value(value)
        return text if cleaned == value else json.dumps(cleaned, ensure_ascii=False)

    def _clean_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.clean_document(value)
        if isinstance(value, list):
            return [self._clean_value(one) for one in value]
        if isinstance(value, dict):
            return {self.clean_text(key): self._clean_value(one) for key, one in value.items()}
        return value

    def names_somebody(self, text: str) -> bool:
        """Whether a text is the name of an erased person, or has an address of one; not that of a company in
        whose name the person's is a part."""
        return self._is_remembered_name(text) or self._text(text, has_names=False) != text

    def clean_batch(self, contract: TableContract, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        """The rows with erased people taken out, and how many rows that changed."""
        wanted = {column.name for column in contract.columns if column.personal}
        wanted |= {column for column, _ in OWNERS.get((contract.source, contract.name), ())}
        if any(column.personal == "history" for column in contract.columns):
            wanted.add("name")
        rows = {name: batch.column(name).to_pylist() for name in batch.schema.names if name in wanted}
        changed = self.clean(contract, rows) if rows else {}
        if not changed:
            return batch, 0
        different = [False] * batch.num_rows
        for name, new in changed.items():
            index = batch.schema.get_field_index(name)
            different = [
                before or old != now for before, old, now in zip(different, rows[name], new, strict=True)
            ]
            batch = batch.set_column(
                index, batch.schema.field(index), pa.array(new, batch.schema.field(index).type)
            )
        return batch, sum(different)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, overlapping ones as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


# ---- what is known of a person before the person is erased


@dataclass
class Person:
    """A person's ids and what names the person, in one spelling each; only held in memory.

    Attributes:
        ids: by kind, those that were asked for and those that were found.
        is_found: whether any row is the person's.
    """

    ids: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in ID_KINDS})
    mailboxes: set[str] = field(default_factory=set)
    names: set[tuple[str, ...]] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    is_found: bool = False

    def size(self) -> int:
        """Grows with everything that is learnt."""
        return sum(map(len, self.ids.values())) + len(self.mailboxes) + len(self.names) + len(self.numbers)

    def learn_address(self, text: str | None) -> None:
        """An address of the person's."""
        address = exact_address(text) if text else None
        if address and not _TOKEN.fullmatch(address):
            self.mailboxes.add(mailbox(address))

    def learn_name(self, first: str | None, last: str | None) -> None:
        """A name of the person's, in both orders."""
        parts = [
            [
                unicodedata.normalize("NFKC", word)
                for word in _WORD.findall(unicodedata.normalize("NFKC", part))
            ]
            for part in (first or "", last or "")
        ]
        if not all(parts) and sum(map(len, parts)) < _LEAST_NAME_WORDS:
            # A name without blanks may stand whole in one of the fields.
            whole = folded("".join(parts[0] + parts[1]))
            if len(whole) > _LEAST_NAME_WORDS and _UNSPACED.search(whole):
                self.names.add((whole,))
            return
        for words in (parts[0] + parts[1], parts[1] + parts[0]):
            ways = [spellings(word) for word in words]
            if math.prod(map(len, ways)) > _MOST_SPELLINGS:
                ways = [[folded(word)] for word in words]
            self.names.update(itertools.product(*ways))
            if all(_UNSPACED.search(word) for word in words):
                self.names.add((folded("".join(words)),))

    def learn_number(self, text: str | None) -> None:
        """A telephone number of the person's."""
        digits = last_digits(text) if text else None
        if digits:
            self.numbers.add(digits)

    def is_named(self, text: str | None) -> bool:
        """Whether a text is the person's full name."""
        return bool(text) and name_words(text or "") in self.names

    def has_address(self, text: str | None) -> bool:
        """Whether a text is an address of the person's."""
        address = exact_address(text) if text else None
        return address is not None and mailbox(address) in self.mailboxes

    def has_number(self, text: str | None) -> bool:
        """Whether a text is a telephone number of the person's."""
        return bool(text) and last_digits(text or "") in self.numbers

    def erasure(self, registry: Registry, *, erasure_id: str, requested_at: str) -> Erasure:
        """What is remembered of the person."""
        hashed: Callable[[str, str], str] = registry.hash
        return Erasure(
            erasure_id=erasure_id,
            requested_at=requested_at,
            ids={kind: sorted(ids) for kind, ids in self.ids.items() if ids},
            mailboxes={hashed("mailbox", one): self._kept_domain(one) for one in sorted(self.mailboxes)},
            names={hashed("name", " ".join(name)): len(name) for name in sorted(self.names)},
            numbers=sorted(hashed("number", one) for one in self.numbers),
            unspaced={
                hashed("unspaced", name[0]): len(unicodedata.normalize("NFC", name[0]))
                for name in sorted(self.names)
                if len(name) == 1 and _UNSPACED.search(unicodedata.normalize("NFC", name[0]))
            },
            words=sorted({hashed("word", word) for name in self.names for word in name if len(word) > 1}),
        )

    def _kept_domain(self, address: str) -> str:
        """The domain, by which companies are matched, unless it names the person."""
        domain = address.rpartition("@")[2]
        plain = folded(domain)
        if any(len(word) > 2 and word in plain for name in self.names for word in name):
            return NO_DOMAIN
        return domain
