"""Whole-file writes, appended records and fingerprints: what must hold after a crash and across machines."""

from __future__ import annotations

import resource
from multiprocessing import get_context
from pathlib import Path

import pytest

from orchestration.files import (
    append_record,
    fingerprint,
    read_records,
    rewrite_records,
    temporary_files,
    write_json,
)


def test_a_record_after_a_torn_line_stays_readable(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    append_record(journal, {"run": 1})
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"run": 2, "sta')
    append_record(journal, {"run": 3})
    assert read_records(journal) == [{"run": 1}, {"run": 3}]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0c", "\x1e"])
def test_a_record_is_one_line_whatever_its_texts_hold(tmp_path: Path, character: str) -> None:
    record = {"reason": f"pasted{character}from a web page"}
    append_record(tmp_path / "journal.jsonl", record)
    assert read_records(tmp_path / "journal.jsonl") == [record]


def test_an_absent_journal_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "journal.jsonl") == []


def test_writing_json_leaves_no_temporary_file(tmp_path: Path) -> None:
    write_json(tmp_path / "build.json", {"a": 1})
    write_json(tmp_path / "build.json", {"a": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["build.json"]
    assert (tmp_path / "build.json").read_text(encoding="utf-8") == '{\n  "a": 2\n}\n'


def _project(folder: Path) -> Path:
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "a.sql").write_text("select 1", encoding="utf-8")
    (folder / "models" / "b.sql").write_text("select 2", encoding="utf-8")
    return folder


def test_two_copies_of_a_project_have_one_fingerprint(tmp_path: Path) -> None:
    first, second = _project(tmp_path / "first"), _project(tmp_path / "second")
    assert fingerprint([first], base=first) == fingerprint([second], base=second)


def test_a_changed_a_renamed_and_a_new_file_each_change_the_fingerprint(tmp_path: Path) -> None:
    project = _project(tmp_path / "project")
    seen = {fingerprint([project], base=project)}
    (project / "models" / "a.sql").write_text("select 3", encoding="utf-8")
    seen.add(fingerprint([project], base=project))
    (project / "models" / "a.sql").rename(project / "models" / "c.sql")
    seen.add(fingerprint([project], base=project))
    (project / "models" / "d.sql").write_text("", encoding="utf-8")
    seen.add(fingerprint([project], base=project))
    assert len(seen) == 4


def test_moving_text_from_one_file_to_the_next_changes_the_fingerprint(tmp_path: Path) -> None:
    project = _project(tmp_path / "project")
    before = fingerprint([project], base=project)
    (project / "models" / "a.sql").write_text("select 1s", encoding="utf-8")
    (project / "models" / "b.sql").write_text("elect 2", encoding="utf-8")
    assert fingerprint([project], base=project) != before


def test_what_tools_leave_in_a_project_does_not_change_its_fingerprint(tmp_path: Path) -> None:
    project = _project(tmp_path / "project")
    before = fingerprint([project], base=project)
    for name in ("target/manifest.json", "logs/dbt.log", "__pycache__/a.pyc", ".user.yml"):
        file = project / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x", encoding="utf-8")
    assert fingerprint([project], base=project) == before


def _append_many(journal: Path, name: str, count: int) -> None:
    for number in range(count):
        append_record(journal, {"name": name, "number": number})


def test_nothing_that_is_appended_while_the_file_is_rewritten_is_lost(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    append_record(journal, {"name": "Ann"})
    context = get_context("fork")
    writers = [context.Process(target=_append_many, args=(journal, name, 100)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    rewritten = 0
    while any(writer.is_alive() for writer in writers):
        # Longer and shorter by turns, so that there is always something to replace.
        rewritten += rewrite_records(journal, lambda text: text.replace("Ann", "Ben"))
        rewritten += rewrite_records(journal, lambda text: text.replace("Ben", "Ann"))
    for writer in writers:
        writer.join()
    assert rewritten > 1
    records = read_records(journal)
    assert len(records) == 201
    for name in ("one", "two"):
        assert [record["number"] for record in records if record["name"] == name] == list(range(100))


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    write_json(tmp_path / "build.json", {"a": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_json(tmp_path / "build.json", {"a": "x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["build.json"]
    assert (tmp_path / "build.json").read_text(encoding="utf-8") == '{\n  "a": 1\n}\n'


def test_what_a_killed_writer_left_is_found(tmp_path: Path) -> None:
    for name in (".runs.jsonl.17.tmp", "runs.jsonl", "notes.tmp", ".lock"):
        (tmp_path / name).touch()
    assert [path.name for path in temporary_files(tmp_path)] == [".runs.jsonl.17.tmp"]
    assert temporary_files(tmp_path / "absent") == []
