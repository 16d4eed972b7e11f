"""Takes a person out of the raw store: which rows are the person's, and every stored object without them.

Add a table here when it says who a person is (``find_person``). What becomes of a row is in ``people.py``;
what lies outside the raw store (builds, versions, logs) in ``erasing.py``. Ids and the number of rows stay,
so that numbers do.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.raw.contract import SourceContract, TableContract
from orchestration.raw.manifest import LoadedFile, LoadRecord, Manifest
from orchestration.raw.objects import ObjectStore
from orchestration.raw.people import Eraser, Person, Registry, exact_address, mailbox
from orchestration.raw.table_files import (
    QUARANTINE_SCHEMA,
    connect,
    literal,
    parquet_options,
)

# What the manifest calls the source of a record about an erasure.
SOURCE = "erasure"
WORK_PREFIX = "erasing-"
_BATCH_ROWS = 65_536
# Earlier values of a contact that say who it is.
_HISTORY_ADDRESSES = frozenset({"email", "work_email", "hs_additional_emails"})
_HISTORY_NUMBERS = frozenset({"phone", "mobilephone"})


@dataclass(frozen=True)
class Held:
    """What a stored file holds of a person: rows of it that an erasure changes."""

    source: str
    table: str
    file: str
    loaded_at: datetime
    rows: int


@dataclass
class Rewritten:
    """What an erasure did to the raw store."""

    held: list[Held] = field(default_factory=list)
    objects_removed: int = 0


def stored_files(manifest: Manifest) -> Iterator[tuple[str, str, LoadedFile]]:
    """Every file of every record, each object once, with its source and table."""
    seen: set[tuple[str, str, str, str | None]] = set()
    for record in manifest.records:
        for table, files in record.tables.items():
            for file in files:
                key = (record.source, table, file.object_hash, file.quarantine_hash)
                if key not in seen:
                    seen.add(key)
                    yield record.source, table, file


# ---- whose rows


def find_person(
    home_raw: Path,
    *,
    contacts: Iterable[str] = (),
    addresses: Iterable[str] = (),
    customers: Iterable[str] = (),
    companies: Iterable[str] = (),
    maybe_customers: Collection[str] = frozenset(),
) -> Person:
    """Everything by which a person is known, from any id or address, in whatever was ever loaded.

    Cards that were merged into each other, and cards and customers with one mailbox, are one person's. So is
    a company or customer that bears the person's own full name and belongs to one of the cards.

    Args:
        contacts, customers, companies: ids of rows that are the person's.
        addresses: of the person.
        maybe_customers: ids of customers that are the person if they bear the name.
    """
    person = Person()
    person.ids["contact"].update(contacts)
    person.ids["company"].update(companies)
    asked = set(customers)
    person.ids["customer"] |= asked
    for address in addresses:
        person.learn_address(address)
    rows = _Rows(home_raw)
    cards = rows.read(
        "crm",
        "contact",
        *("id", "property_email", "property_firstname", "property_lastname", "property_phone"),
        *("property_hs_merged_object_ids", "property_associatedcompanyid"),
    )
    histories = rows.read("crm", "contact_property_history", "contact_id", "name", "value")
    firms = rows.read("crm", "company", "id", "property_name", "property_stripe_customer_id")
    payers = rows.read("billing", "customer", "id", "email", "name", "phone")
    owners = rows.read("crm", "owner", "owner_id", "email", "first_name", "last_name")
    mailboxes = {text: _mailbox(text) for text in {row[1] for row in [*cards, *payers, *owners] if row[1]}}
    size = -1
    while person.size() != size:
        size = person.size()
        ids = person.ids
        employers: set[str] = set()
        for card, address, first, last, number, merged, company in cards:
            others = {one.strip() for one in (merged or "").split(";")} - {""}
            if (
                card in ids["contact"]
                or others & ids["contact"]
                or mailboxes.get(address) in person.mailboxes
            ):
                person.is_found = True
                ids["contact"] |= {card, *others}
                person.learn_address(address)
                person.learn_name(first, last)
                person.learn_number(number)
                employers.add(company)
        for card, name, value in histories:
            if name in _HISTORY_ADDRESSES:
                addresses_then = (value or "").split(";")
                if any(person.has_address(address) for address in addresses_then):
                    ids["contact"].add(card)
                if card in ids["contact"]:
                    person.is_found = True
                    for address in addresses_then:
                        person.learn_address(address)
            elif name in _HISTORY_NUMBERS and card in ids["contact"]:
                person.learn_number(value)
        for company, name, payer in firms:
            if company in employers | ids["company"] and person.is_named(name):
                ids["company"].add(company)
                ids["customer"] |= {payer} - {None, ""}
        for payer, address, name, number in payers:
            if mailboxes.get(address) in person.mailboxes or (
                person.is_named(name) and (payer in maybe_customers or person.has_number(number))
            ):
                ids["customer"].add(payer)
            if payer in ids["customer"]:
                person.is_found = True
                # A customer that was asked for may have no card; another's address may be a colleague's.
                if payer in asked or person.is_named(name):
                    person.learn_address(address)
                if person.is_named(name):
                    person.learn_number(number)
        for owner, address, first, last in owners:
            if mailboxes.get(address) in person.mailboxes:
                person.is_found = True
                ids["owner"].add(owner)
                person.learn_name(first, last)
    return person


def _mailbox(text: str) -> str | None:
    address = exact_address(text)
    return None if address is None else mailbox(address)


class _Rows:
    """Distinct rows of a table over everything that was ever loaded."""

    def __init__(self, home_raw: Path) -> None:
        self._store = ObjectStore(home_raw)
        self._files: dict[tuple[str, str], list[Path]] = {}
        for source, table, file in stored_files(Manifest.read(home_raw)):
            path = self._store.path(file.object_hash)
            if path.exists():
                self._files.setdefault((source, table), []).append(path)

    def read(self, source: str, table: str, *columns: str) -> list[tuple[Any, ...]]:
        found: set[tuple[Any, ...]] = set()
        for path in self._files.get((source, table), ()):
            held = set(pq.read_schema(path).names)
            read = pq.read_table(path, columns=[name for name in columns if name in held])
            cells = [read[name].to_pylist() if name in held else [None] * read.num_rows for name in columns]
            found.update(zip(*cells, strict=True))
        return sorted(found, key=repr)


# ---- every object without them


def survey(
    home_raw: Path, eraser: Eraser, contracts: Mapping[str, SourceContract], report: Callable[[str], None]
) -> list[Held]:
    """What the raw store holds of the people whom the eraser knows; nothing is changed."""
    return _go_through(home_raw, Manifest.read(home_raw), eraser, contracts, report)[0]


def is_pending(home_raw: Path) -> bool:
    """Whether an erasure was begun and the raw store still holds the person."""
    registry = Registry.read(home_raw)
    return bool(registry.erasures) and bool(_pending(registry, Manifest.read(home_raw)))


def _pending(registry: Registry, manifest: Manifest) -> list[str]:
    done = {record.erasure_id for record in manifest.records}
    return [erasure.erasure_id for erasure in registry.erasures if erasure.erasure_id not in done]


def finish(
    home_raw: Path,
    contracts: Mapping[str, SourceContract],
    report: Callable[[str], None] = lambda _line: None,
) -> Rewritten:
    """Bring every erasure that was begun to its end; does nothing when there is none.

    New objects come first, then the manifest that names them, in one step, then the old ones go: killed at
    any moment, a second call leads to the same store. The caller holds the raw store's lock.
    """
    registry = Registry.read(home_raw)
    result = Rewritten()
    if not registry.erasures:
        return result
    for left in home_raw.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left)
    manifest = Manifest.read(home_raw)
    for erasure_id in _pending(registry, manifest):
        held, new_hashes = _go_through(
            home_raw, manifest, Eraser(registry), contracts, report, store=ObjectStore(home_raw)
        )
        result.held += held
        record = LoadRecord(manifest.next_instant(datetime.now(UTC)), SOURCE, {}, erasure_id=erasure_id)
        manifest.replace_objects(new_hashes, record)
    result.objects_removed = remove_unnamed(home_raw, manifest)
    return result


def remove_unnamed(home_raw: Path, manifest: Manifest) -> int:
    """Remove objects that no record names; how many. The caller holds the raw store's lock."""
    store = ObjectStore(home_raw)
    unnamed = store.hashes() - manifest.objects()
    for one in unnamed:
        store.remove(one)
    return len(unnamed)


def _go_through(
    home_raw: Path,
    manifest: Manifest,
    eraser: Eraser,
    contracts: Mapping[str, SourceContract],
    report: Callable[[str], None],
    *,
    store: ObjectStore | None = None,
) -> tuple[list[Held], dict[str, str]]:
    """What each stored file holds, and with a store to write to also the new objects by the old hashes."""
    objects = ObjectStore(home_raw)
    held: list[Held] = []
    new_hashes: dict[str, str] = {}
    work = Path(tempfile.mkdtemp(dir=home_raw, prefix=WORK_PREFIX))
    connection = connect(work)
    try:
        for source, table, file in stored_files(manifest):
            contract = contracts[source].tables.get(table) if source in contracts else None
            if contract is None or not contract.is_personal:
                continue
            into = None if store is None else work
            rows = 0
            for one in file.objects():
                # One that was pruned holds nobody.
                if not objects.holds(one):
                    continue
                if one == file.object_hash:
                    count, rewritten = clean_rows(connection, contract, eraser, objects.path(one), into)
                else:
                    count, rewritten = clean_quarantine(contract, eraser, objects.path(one), into)
                rows += count
                if rewritten is not None and store is not None:
                    new_hashes[one] = store.add(rewritten)
            if rows:
                report(f"{source}.{table}: {rows} row{'' if rows == 1 else 's'} of {file.name}")
                held.append(Held(source, table, file.name, file.loaded_at, rows))
    finally:
        connection.close()
        shutil.rmtree(work, ignore_errors=True)
    return held, new_hashes


def clean_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    eraser: Eraser,
    path: Path,
    work: Path | None,
) -> tuple[int, Path | None]:
    """How many rows of a file of accepted rows change, and the new file if ``work`` is given and any does.

    The order of rows, the columns and the contract that the file was read by stay.
    """
    changed = sum(count for _, count in _cleaned(contract, eraser, path))
    if not changed or work is None:
        return changed, None
    schema = pq.read_schema(path)
    metadata = schema.metadata or {}
    fingerprint = metadata.get(b"contract", contract.fingerprint.encode()).decode()
    reader = pa.RecordBatchReader.from_batches(
        schema.remove_metadata(), (batch for batch, _ in _cleaned(contract, eraser, path))
    )
    target = work / "rows.parquet"
    connection.register("cleaned", reader)
    try:
        connection.execute(
            f"copy (select * from cleaned) to {literal(str(target))} "
            f"{parquet_options({'contract': fingerprint})}"
        )
    finally:
        connection.unregister("cleaned")
    return changed, target


def _cleaned(contract: TableContract, eraser: Eraser, path: Path) -> Iterator[tuple[pa.RecordBatch, int]]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow.remove_metadata()
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            cleaned, count = eraser.clean_batch(contract, batch)
            yield cleaned.cast(schema), count


def clean_quarantine(
    contract: TableContract, eraser: Eraser, path: Path, work: Path | None
) -> tuple[int, Path | None]:
    """The same for a file of bad cells, whose texts are searched: whose row a cell was is not kept."""
    if not contract.is_personal:
        return 0, None
    table = pq.read_table(path)
    cells = table["value"].to_pylist()
    new = [None if cell is None else eraser.clean_bad_cell(cell) for cell in cells]
    changed = sum(old != now for old, now in zip(cells, new, strict=True))
    if not changed or work is None:
        return changed, None
    target = work / "quarantine.parquet"
    index = table.schema.get_field_index("value")
    pq.write_table(
        table.set_column(index, "value", pa.array(new, pa.string())).cast(QUARANTINE_SCHEMA),
        target,
        compression="zstd",
    )
    return changed, target
