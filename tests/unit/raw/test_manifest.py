"""The manifest's file: appended, torn, damaged, read at a time.

Add a test when a record gets a field or the file another way to break.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.raw.manifest import LoadedFile, LoadRecord, Manifest, ManifestError, table_state

START = datetime(2024, 1, 1, tzinfo=UTC)


def entry(name: str) -> LoadedFile:
    return LoadedFile(
        name=f"billing/{name}.csv",
        kind="snapshot",
        slot="",
        extension=".csv",
        landing_hash="l",
        contract="c",
        object_hash=f"hash of {name}",
        quarantine_hash=None,
        loaded_at=START,
        rows_read=3,
        rows_accepted=2,
        rows_quarantined=1,
        rows_superseded=0,
        unknown_columns=("ä", "\u2028"),
        notes=("note",),
    )


def record(day: int, **tables: tuple[LoadedFile, ...]) -> LoadRecord:
    return LoadRecord(START + timedelta(days=day), "billing", tables, ("billing.plan",))


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = [record(0, customer=(entry("customer"),)), record(1, price=(entry("price"), entry("more")))]
    for one in written:
        Manifest.read(tmp_path).append(one)
    assert Manifest.read(tmp_path).records == written


def test_the_state_at_a_time_is_the_last_word_on_each_table(tmp_path: Path) -> None:
    manifest = Manifest.read(tmp_path)
    manifest.append(record(0, customer=(entry("old"),), price=(entry("price"),)))
    manifest.append(record(2, customer=(entry("new"),)))
    manifest.append(record(4, price=()))
    names = {
        day: {table: files[0].name for (_source, table), files in table_state(manifest.known_at(at)).items()}
        for day, at in (
            (-1, START - timedelta(seconds=1)),
            (0, START),
            (3, START + timedelta(days=3)),
            (9, None),
        )
    }
    assert names == {
        -1: {},
        0: {"customer": "billing/old.csv", "price": "billing/price.csv"},
        3: {"customer": "billing/new.csv", "price": "billing/price.csv"},
        9: {"customer": "billing/new.csv"},
    }


@pytest.mark.parametrize("tail", [b'{"format": 1, "loa', b"\0" * 70_000, b"x"])
def test_a_torn_tail_is_passed_over_and_cut_off_by_the_next_record(tmp_path: Path, tail: bytes) -> None:
    Manifest.read(tmp_path).append(record(0, customer=(entry("customer"),)))
    path = tmp_path / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    manifest = Manifest.read(tmp_path)
    assert len(manifest.records) == 1
    manifest.append(record(1))
    assert path.read_bytes().startswith(whole)
    assert Manifest.read(tmp_path).records == manifest.records
    assert len(manifest.records) == 2


def test_a_manifest_of_a_torn_line_alone_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(b'{"format"')
    manifest = Manifest.read(tmp_path)
    assert manifest.records == []
    manifest.append(record(0))
    assert len(Manifest.read(tmp_path).records) == 1


@pytest.mark.parametrize("damage", [b"not json\n", b'{"format": 2}\n', b'{"format": 1}\n', b"[]\n"])
def test_a_damaged_record_is_named_with_its_line_instead_of_forgotten(tmp_path: Path, damage: bytes) -> None:
    Manifest.read(tmp_path).append(record(0))
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(path.read_bytes() + damage)
    with pytest.raises(ManifestError, match=r"manifest\.jsonl, line 2"):
        Manifest.read(tmp_path)


def test_load_times_only_grow(tmp_path: Path) -> None:
    manifest = Manifest.read(tmp_path)
    assert manifest.next_instant(START) == START
    manifest.append(record(5))
    last = START + timedelta(days=5)
    assert manifest.next_instant(START) == last + timedelta(microseconds=1)
    assert manifest.next_instant(last) == last + timedelta(microseconds=1)
    assert manifest.next_instant(last + timedelta(days=1)) == last + timedelta(days=1)
