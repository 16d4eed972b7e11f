"""Nobody is named in what is published for everybody: the example's people are looked for in all of it.

Add a place here when something new is published or written where others may read it. Which columns name
people is in the load contract; what may read them in the project's rules.
"""

from __future__ import annotations

import csv
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.engines import duckdb as engine

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+\.[\w.-]+")
WORD = re.compile(r"[^\W_]+")
# So many digits of a telephone number tell it from others, and from the numbers of documents.
NUMBER_DIGITS = 8
# A number as typed: with a plus, or with something between its digits.
NUMBER = re.compile(r"\+[0-9][0-9 ().\-/]{6,}|\(?[0-9]+\)?(?:[ ().\-/]+[0-9]+){2,}")


def rows(table: str) -> Iterator[dict[str, str]]:
    with (SEEDS / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def words(text: str) -> list[str]:
    """The words of a text without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@dataclass(frozen=True)
class People:
    """What names the example company's contacts and owners.

    Attributes:
        names: full names in both orders, by their words.
        addresses: in lower case.
        numbers: the last digits of telephone numbers.
        companies: names of companies that are longer than the person's name in them (Ann Berger Group).
    """

    names: frozenset[tuple[str, ...]]
    addresses: frozenset[str]
    numbers: frozenset[str]
    companies: frozenset[str]

    @classmethod
    def of_the_example(cls) -> People:
        names: set[tuple[str, ...]] = set()
        addresses: set[str] = set()
        numbers: set[str] = set()
        for table, first, last, address in (
            ("crm/contact", "property_firstname", "property_lastname", "property_email"),
            ("crm/owner", "first_name", "last_name", "email"),
        ):
            for row in rows(table):
                given, family = words(row[first]), words(row[last])
                if given and family:
                    names |= {(*given, *family), (*family, *given)}
                addresses.update(ADDRESS.findall(row[address].lower()))
                number = digits(row.get("property_phone") or "")
                if len(number) >= NUMBER_DIGITS:
                    numbers.add(number[-NUMBER_DIGITS:])
        companies = {row["property_name"].strip() for row in rows("crm/company")}
        companies |= {row["name"].strip() for row in rows("billing/customer")}
        longer = frozenset(name for name in companies if tuple(words(name)) not in names)
        return cls(frozenset(names), frozenset(addresses), frozenset(numbers), longer)

    def named_in(self, text: str) -> list[str]:
        """How a text names any of them."""
        if text in self.companies:
            return []
        found = [address for address in ADDRESS.findall(text.lower()) if address in self.addresses]
        found += [
            number for number in NUMBER.findall(text) if digits(number)[-NUMBER_DIGITS:] in self.numbers
        ]
        spoken = words(text)
        found += [
            " ".join(spoken[start : start + length])
            for length in {len(name) for name in self.names}
            for start in range(len(spoken) - length + 1)
            if tuple(spoken[start : start + length]) in self.names
        ]
        return found


@pytest.fixture(scope="module")
def people() -> People:
    return People.of_the_example()


def texts(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Every text column of every table in a database, as ``table.column``, with its different values."""
    with engine.open_read_only(file) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and data_type like '%VARCHAR%'"
        ).fetchall()
        for schema, table, column in columns:
            values = connection.execute(
                f'select distinct cast("{column}" as varchar) from "{schema}"."{table}" '
                f'where "{column}" is not null'
            ).fetchall()
            yield f"{table}.{column}", [value for (value,) in values]


def named(values: Iterable[tuple[str, list[str]]], people: People) -> dict[str, list[str]]:
    """Where anybody is named, with the first three ways."""
    found: dict[str, list[str]] = {}
    for place, cells in values:
        ways = [way for cell in cells for way in people.named_in(cell)]
        if ways:
            found[place] = ways[:3]
    return found


def test_the_people_looked_for_are_found_where_they_are(example_warehouse: Path, people: People) -> None:
    assert len(people.names) > 500
    assert len(people.addresses) > 500
    assert len(people.numbers) > 50
    restricted = example_warehouse.with_name("restricted.duckdb")
    found = named(texts(restricted), people)
    assert {
        "dim_contacts_restricted.email",
        "dim_contacts_restricted.phone",
        "dim_billing_customers_restricted.email",
        "fct_identity_reviews_restricted.left_name",
    } <= found.keys()


def test_a_name_an_address_or_a_number_that_is_planted_is_found(tmp_path: Path, people: People) -> None:
    """One of each kind in the middle of a text column of a published table, and nothing where none is."""
    contacts = list(rows("crm/contact"))
    named_one = next(
        row for row in contacts if row["property_firstname"].strip() and row["property_lastname"].strip()
    )
    name = f"{named_one['property_firstname']} {named_one['property_lastname']}"
    address = next(row["property_email"] for row in contacts if ADDRESS.fullmatch(row["property_email"]))
    number = next(row["property_phone"] for row in contacts if NUMBER.fullmatch(row["property_phone"]))
    for planted in ("nobody", name, address, number):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute("create schema marts")
            connection.execute("create table marts.dim_accounts (account_name varchar)")
            connection.execute(
                "insert into marts.dim_accounts values ('Acme Ltd'), (?)", [f"seen by {planted}, twice"]
            )
        found = named(texts(file), people)
        assert found.keys() == (set() if planted == "nobody" else {"dim_accounts.account_name"}), planted


def test_no_published_table_names_anybody(example_warehouse: Path, people: People) -> None:
    everything = dict(texts(example_warehouse))
    assert len(everything) > 200
    assert named(everything.items(), people) == {}
    with_address = {
        place: cells[:3]
        for place, values in everything.items()
        if (cells := [value for value in values if ADDRESS.search(value)])
    }
    assert with_address == {}


def test_nothing_else_that_others_may_read_names_anybody(example_warehouse: Path, people: People) -> None:
    version = example_warehouse.resolve().parent
    home = example_warehouse.parent.parent
    files = [path for path in version.rglob("*") if path.is_file() and path.suffix != ".duckdb"]
    files += [path for path in (home / "runs.jsonl", home / "alerts.jsonl") if path.exists()]
    assert {path.name for path in files} >= {"build.json", "manifest.json", "run_results.json", "runs.jsonl"}
    found = named(
        ((path.name, [path.read_text(encoding="utf-8")]) for path in files),
        # Examples in unit tests, which the manifest holds, have names of their own.
        people,
    )
    assert found == {}


def test_who_may_read_what_is_said_by_the_modes(example_warehouse: Path) -> None:
    home = example_warehouse.parent.parent
    version = example_warehouse.resolve().parent
    assert stat.S_IMODE((version / "restricted.duckdb").stat().st_mode) & ~0o440 == 0
    for folder in ("raw", "builds", "dagster"):
        assert stat.S_IMODE((home / folder).stat().st_mode) == 0o700, folder


def test_the_account_of_a_person_bears_its_id(example_warehouse: Path, people: People) -> None:
    persons = {row["id"] for row in rows("billing/customer") if row["name"] and people.named_in(row["name"])}
    assert persons, "The example has sole traders."
    accounts = engine.read_rows(
        example_warehouse, "select account_id, account_name from marts.dim_accounts"
    ).values
    assert {account: name for account, name in accounts if account in persons and name != account} == {}
