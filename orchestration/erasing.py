"""The erasure of a person from a home: the raw store, private builds, the sandbox, versions, logs and alerts.

Add a place here when something new below the home may hold a person. Which rows of the raw store are a
person's is in ``raw/erasure.py``, what becomes of them in ``raw/people.py``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestration.alerting.outbox import alerts_file, outbox_lock
from orchestration.engines import duckdb as engine
from orchestration.files import exclusive, flush_folder, make_private, rewrite_records, write_json
from orchestration.identity.tables import write_identity
from orchestration.publication import (
    Version,
    clean_up,
    current_version,
    list_versions,
    next_sequence,
    remove_folder,
    withdrawn_file,
)
from orchestration.raw import erasure
from orchestration.raw.contract import read_contracts
from orchestration.raw.erasure import Held, find_person
from orchestration.raw.load import STAGING_NAME
from orchestration.raw.people import Eraser, Person, Registry
from orchestration.raw.policies import effective_policies
from orchestration.raw.problems import LoadError
from orchestration.raw.snapshot import write_snapshot
from orchestration.raw.table_files import connect
from orchestration.runs import PRIVATE_ROWS, RunError, home_lock, journal_file
from orchestration.scheduler_history import History, HistoryError, histories
from orchestration.settings import Settings

# Below the raw store while an erasure is under way, so that one that was killed is brought to its end. It
# holds the number of the first version that can be without the person.
UNFINISHED_NAME = "erasure.unfinished"


@dataclass
class Traces:
    """Where a person is held, or was until now.

    Attributes:
        person: who it is; for the eyes of the person who asks, and written nowhere.
        held: rows of the raw store, by file and load.
        restricted: versions with a file that names people, whoever they are.
        mentions: tables of versions that mention the person, as ``version: table.column``.
        builds: private folders with a database or raw rows, whosever they are.
        texts: logs and records that mention the person.
    """

    person: Person
    held: list[Held] = field(default_factory=list)
    restricted: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def erase(
    settings: Settings,
    *,
    contacts: Sequence[str] = (),
    addresses: Sequence[str] = (),
    customers: Sequence[str] = (),
    is_rehearsal: bool = False,
    report: Callable[[str], None] = lambda _line: None,
) -> Traces:
    """Take a person out of everything that this home holds, and remember not to let the person in again.

    Args:
        contacts, customers: ids of the person's cards in the CRM and in billing.
        addresses: e-mail addresses of the person.
        is_rehearsal: only say what is held.
        report: told what is being done; never who the person is.

    Returns:
        Where the person is held, or was.

    Raises:
        RunError: nothing was ever loaded, or nobody is known by these ids and addresses.
        RunRefused: a run holds the home.
    """
    home_raw = settings.raw_dir
    if not (home_raw / "manifest.jsonl").exists():
        raise RunError(f"Nothing was loaded into {settings.home} yet, so nobody is held.")
    with home_lock(settings, f"erasure-{uuid.uuid4().hex[:8]}"):
        finish(settings, report)
        with exclusive(home_raw / "lock"), _identity(settings) as (identity, snapshot):
            person = _find(home_raw, identity, contacts, addresses, customers)
            if not person.is_found:
                raise RunError(
                    "Nobody is held under these ids and addresses. Ids are those of crm.contact and of "
                    "billing.customer."
                )
            registry = Registry.read(home_raw)
            if not is_rehearsal:
                registry.make_key()
            rehearsed = registry.empty()
            one = person.erasure(
                rehearsed,
                erasure_id=uuid.uuid4().hex,
                requested_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            rehearsed.erasures.append(one)
            traces = _survey(settings, person, Eraser(rehearsed), report)
            if is_rehearsal:
                return traces
            links = _links_that_would_be_lost(identity, snapshot, Eraser(rehearsed))
            write_json(home_raw / UNFINISHED_NAME, {"first_version": next_sequence(settings)})
            registry.remember(replace(one, links=links))
        finish(settings, report)
        return traces


def finish(settings: Settings, report: Callable[[str], None] = lambda _line: None) -> None:
    """Bring an erasure that was begun to its end, as far as it can be; does nothing when there is none.

    A version that readers see cannot be taken from them: where its tables mention the person, it goes once
    another one is published. The caller holds the home.
    """
    marker = settings.raw_dir / UNFINISHED_NAME
    if not marker.exists():
        return
    first_version = int(json.loads(marker.read_text(encoding="utf-8"))["first_version"])
    # What died while it was published has a file that names people, too.
    clean_up(settings)
    with exclusive(settings.raw_dir / "lock"):
        # Rows that a killed load was reading; the lock says that no other load is using them.
        if (staging := settings.raw_dir / STAGING_NAME).exists():
            shutil.rmtree(staging)
        erasure.finish(settings.raw_dir, read_contracts(), report)
        eraser = Eraser(Registry.read(settings.raw_dir))
    # Whoever works in the sandbox writes its snapshot under this lock.
    make_private(settings.development_dir)
    with exclusive(settings.development_dir / ".lock"):
        for folder in _private_folders(settings):
            _empty(folder)
    current = current_version(settings)
    is_done = True
    for version in list_versions(settings):
        if version.sequence >= first_version:
            continue
        version.restricted_file.unlink(missing_ok=True)
        flush_folder(version.folder)
        if not any(_mentions(version, eraser)):
            continue
        if current is not None and version.sequence == current.sequence:
            is_done = False
            continue
        remove_folder(version.folder)
    for file in _text_files(settings):
        is_shared = file == alerts_file(settings)
        # An alert that is raised meanwhile would be written into the file that is replaced.
        with outbox_lock(settings) if is_shared else contextlib.nullcontext():
            _clean_text_file(file, eraser)
    for history in histories(settings):
        try:
            history.clean(eraser.clean_document)
        except HistoryError as error:
            is_done = False
            report(
                f"{history.name} could not be searched for the erased person ({error}); the next run tries "
                "again"
            )
    if is_done:
        marker.unlink()
        flush_folder(settings.raw_dir)


def is_unfinished(settings: Settings) -> bool:
    """Whether the version that readers see, or the scheduler's history, may still mention an erased person,
    or an erasure was killed."""
    return (settings.raw_dir / UNFINISHED_NAME).exists()


def mentions_somebody_erased(settings: Settings, version: Version) -> bool:
    """Whether what a version publishes for everybody names a person who was erased."""
    if not settings.raw_dir.exists():
        return False
    registry = Registry.read(settings.raw_dir)
    return bool(registry.erasures) and any(_mentions(version, Eraser(registry)))


# ---- who is the same as whom


def _find(
    home_raw: Path,
    identity: Mapping[str, Sequence[Mapping[str, Any]]],
    contacts: Sequence[str],
    addresses: Sequence[str],
    customers: Sequence[str],
) -> Person:
    """The person with every card that is the same person's by whatever rule or decision."""
    groups: dict[str, dict[str, set[str]]] = {"contact": {}, "company": {}}
    for kind, table in (("contact", "contacts"), ("company", "companies")):
        members: dict[str, set[str]] = {}
        for row in identity.get(table, ()):
            members.setdefault(row[f"surviving_{kind}_id"], set()).add(row[f"{kind}_id"])
        groups[kind] = {one: group for group in members.values() for one in group}
    employers = {row["contact_id"]: row["company_id"] for row in identity.get("contacts", ())}
    payers: dict[str | None, set[str]] = {}
    for row in identity.get("billing_customers", ()):
        payers.setdefault(row["crm_company_id"], set()).add(row["customer_id"])
    cards, companies, own_payers = set(contacts), set[str](), set[str]()
    while True:
        person = find_person(
            home_raw,
            contacts=cards,
            addresses=addresses,
            customers=customers,
            companies=companies,
            maybe_customers=own_payers,
        )
        size = len(cards), len(companies), len(own_payers)
        for kind, found in (("contact", cards), ("company", companies)):
            for one in person.ids[kind]:
                found.update(groups[kind].get(one, {one}))
        for one in person.ids["contact"]:
            if employers.get(one) is not None:
                own_payers |= payers.get(employers[one], set())
        if (len(cards), len(companies), len(own_payers)) == size:
            return person


def _links_that_would_be_lost(
    before: Mapping[str, Sequence[Mapping[str, Any]]], snapshot: Path, eraser: Eraser
) -> list[dict[str, str]]:
    """Decisions that keep the same records the same once what showed it is erased: numbers hang on them.

    Args:
        before: the tables of identity; empty where there is nothing to build from.
        snapshot: what they were made of; the person is taken out of it.
    """
    if not before:
        return []
    work = make_private(snapshot / "work")
    connection = connect(work)
    try:
        for source in read_contracts().values():
            for contract in source.tables.values():
                file = snapshot / source.name / f"{contract.name}.parquet"
                if not contract.is_personal or not file.exists():
                    continue
                _, cleaned = erasure.clean_rows(connection, contract, eraser, file, work)
                if cleaned is not None:
                    # In the place of the name, never into the object that it is another name of.
                    cleaned.replace(file)
    finally:
        connection.close()
    after = _identity_tables(snapshot)
    links: list[dict[str, str]] = []

    def keep(object_type: str, left: str, right: str, decision: str) -> None:
        links.append({"object_type": object_type, "left_id": left, "right_id": right, "decision": decision})

    for table, kind in (("companies", "company"), ("contacts", "contact")):
        now = {row[f"{kind}_id"]: row[f"surviving_{kind}_id"] for row in after[table]}
        then = {row[f"{kind}_id"]: row[f"surviving_{kind}_id"] for row in before[table]}
        for one, survivor in then.items():
            if now[one] == survivor:
                continue
            if one != survivor:
                keep(kind, one, survivor, "same")
            # A part of its group may stand together under another card: that is no other group.
            if then[now[one]] != survivor:
                keep(kind, one, now[one], "not_same")
    now = {row["customer_id"]: row["crm_company_id"] for row in after["billing_customers"]}
    for row in before["billing_customers"]:
        one, company = row["customer_id"], row["crm_company_id"]
        if now[one] != company:
            if company is not None:
                keep("customer", one, company, "same")
            else:
                keep("customer", one, now[one], "not_same")
    return links


@contextmanager
def _identity(settings: Settings) -> Iterator[tuple[dict[str, list[dict[str, Any]]], Path]]:
    """The tables of identity as of now, empty where there is nothing to build from, and their snapshot."""
    snapshot = Path(tempfile.mkdtemp(dir=settings.raw_dir, prefix=erasure.WORK_PREFIX))
    try:
        try:
            write_snapshot(settings.raw_dir, snapshot)
        except LoadError:
            # Billing was never loaded, so there are no numbers either.
            yield {}, snapshot
            return
        yield _identity_tables(snapshot), snapshot
    finally:
        shutil.rmtree(snapshot, ignore_errors=True)


def _identity_tables(snapshot: Path) -> dict[str, list[dict[str, Any]]]:
    write_identity(snapshot, as_of=None, policies=effective_policies(snapshot))
    folder = snapshot / "identity"
    return {file.stem: pq.read_table(file).to_pylist() for file in folder.glob("*.parquet")}


# ---- what is held


def _survey(settings: Settings, person: Person, eraser: Eraser, report: Callable[[str], None]) -> Traces:
    versions = list_versions(settings)
    return Traces(
        person=person,
        held=erasure.survey(settings.raw_dir, eraser, read_contracts(), report),
        restricted=[version.name for version in versions if version.restricted_file.exists()],
        mentions=[f"{version.name}: {place}" for version in versions for place in _mentions(version, eraser)],
        builds=[
            str(folder.relative_to(settings.home))
            for folder in _private_folders(settings)
            if any(path.exists() for path in _spoils(folder))
        ],
        texts=[
            *(
                str(file.relative_to(settings.home))
                for file in _text_files(settings)
                if _clean_text_file(file, eraser, is_rehearsal=True)
            ),
            *(history.name for history in histories(settings) if _may_mention(history, eraser)),
        ],
    )


def _may_mention(history: History, eraser: Eraser) -> bool:
    try:
        return history.mentions(eraser.clean_document)
    except HistoryError:
        # Held by another program, so nobody can say; it is tried again when the erasure is finished.
        return True


# ---- private folders


def _private_folders(settings: Settings) -> list[Path]:
    """Where databases and raw rows are that nobody but the project reads."""
    builds = settings.builds_dir.iterdir() if settings.builds_dir.exists() else ()
    return [folder for folder in (*sorted(builds), settings.development_dir) if folder.is_dir()]


def _spoils(folder: Path) -> list[Path]:
    """What of a private folder holds rows; all of it can be built again."""
    # The sandbox writes its next raw snapshot beside the one that it has.
    return [folder / name for name in (*PRIVATE_ROWS, "raw.incoming")]


def _empty(folder: Path) -> None:
    for path in _spoils(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    flush_folder(folder)


# ---- versions


def _mentions(version: Version, eraser: Eraser) -> Iterator[str]:
    """The columns of what is published for everybody that mention an erased person, as ``table.column``.

    Only a text with a blank, an address, eight digits or a letter of a script without blanks in it can name a
    person in full.
    """
    digits = r"([0-9][-./()]*){8}"
    unspaced = r"[\x{3040}-\x{30ff}\x{3400}-\x{9fff}\x{ac00}-\x{d7af}]"
    if not version.warehouse_file.exists():
        # Somebody took it away, as tieout verify says; an erasure has nothing left to do there.
        return
    with engine.open_read_only(version.warehouse_file) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and data_type = 'VARCHAR' order by 2, 3"
        ).fetchall()
        for schema, table, column in columns:
            name = f'"{column}"'
            values = connection.execute(
                f'select distinct {name} from "{schema}"."{table}" '
                f"where contains({name}, ' ') or contains({name}, '@') or contains({name}, '%40') "
                f"or regexp_matches({name}, '{digits}') or regexp_matches({name}, '{unspaced}')"
            )
            while rows := values.fetchmany(10_000):
                if any(eraser.names_somebody(text) for (text,) in rows):
                    yield f"{table}.{column}"
                    break


# ---- texts


def _text_files(settings: Settings) -> list[Path]:
    """Logs, and the records of runs and alerts, which may quote rows."""
    records = [alerts_file(settings), journal_file(settings), withdrawn_file(settings)]
    folders = [settings.home / "logs", *(folder / "logs" for folder in _private_folders(settings))]
    logs = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    # What dbt says of a failing node.
    results = [folder / "target" / "run_results.json" for folder in _private_folders(settings)]
    return [file for file in (*records, *logs, *results) if file.exists()]


def _clean_text_file(file: Path, eraser: Eraser, *, is_rehearsal: bool = False) -> bool:
    """Whether a text mentions an erased person; every mention is replaced."""

    def clean(text: str) -> str:
        if file.suffix == ".json":
            return eraser.clean_document(text)
        # A line of a record is a document of its own.
        return "\n".join(eraser.clean_document(line) for line in text.split("\n"))

    text = file.read_text(encoding="utf-8", errors="replace")
    if clean(text) == text:
        return False
    # Read again: a run that is refused meanwhile writes that down.
    return is_rehearsal or rewrite_records(file, clean)
