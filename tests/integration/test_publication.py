"""Publication on real files: what a version is made of, who may publish, what stays, what a kill leaves."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import files as files_module
from orchestration import publication
from orchestration.engines import duckdb as engine
from orchestration.publication import PublicationError, Version, current_version, list_versions
from orchestration.settings import Settings
from orchestration.verifying import verify_version
from tests.kill_points import killed_homes, leftover_files, traced_files

KEYS = {"fct_mrr": ["month", "account_id"]}
COLUMNS = "month date, account_id varchar not null, amount decimal(18, 4), seen_at timestamp, is_open boolean"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


def _build(folder: Path, *, mark: int = 1, rows: str = "range(50)") -> Path:
    """A private build with two marts, a view and an intermediate table; ``mark`` is in both marts."""
    folder.mkdir(parents=True)
    file = folder / engine.WAREHOUSE_FILE_NAME
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema intermediate")
        connection.execute(f"create table marts.fct_mrr ({COLUMNS})")
        connection.execute(
            f"insert into marts.fct_mrr select date '2024-01-01' + (range % 5)::int, 'acc_' || range, "
            f"{mark}, timestamp '2024-01-01 00:00:00', range % 2 = 0 from {rows} order by hash(range)"
        )
        connection.execute("comment on column marts.fct_mrr.amount is 'In the reporting currency''s units.'")
        connection.execute(f"create table marts.dim_runs as select {mark} as mark")
        connection.execute("create table intermediate.int_secret as select 1 as one")
        connection.execute("create view marts.view_of_nothing as select 1 as one")
    return file


def _publish(settings: Settings, build_file: Path, sequence: int) -> Version:
    return publication.publish(
        settings,
        build_file=build_file,
        sequence=sequence,
        run_id=f"run-{sequence}",
        record={"inputs_fingerprint": "abc"},
        key_columns=KEYS,
    )


def _read(file: Path, sql: str) -> list[tuple[Any, ...]]:
    return engine.read_rows(file, sql).values


def test_a_version_holds_the_marts_as_tables_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    version = _publish(settings, _build(tmp_path / "build"), 1)
    tables = "select table_schema, table_name, table_type from information_schema.tables order by 1, 2"
    assert _read(version.warehouse_file, tables) == [
        ("marts", "dim_runs", "BASE TABLE"),
        ("marts", "fct_mrr", "BASE TABLE"),
    ]


def test_columns_keep_order_type_comment_and_not_null(settings: Settings, tmp_path: Path) -> None:
    version = _publish(settings, _build(tmp_path / "build"), 1)
    columns = _read(
        version.warehouse_file,
        "select column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where table_name = 'fct_mrr' order by column_index",
    )
    assert columns == [
        ("month", "DATE", True, None),
        ("account_id", "VARCHAR", False, None),
        ("amount", "DECIMAL(18,4)", True, "In the reporting currency's units."),
        ("seen_at", "TIMESTAMP", True, None),
        ("is_open", "BOOLEAN", True, None),
    ]


def test_rows_are_stored_in_the_order_of_the_key(settings: Settings, tmp_path: Path) -> None:
    version = _publish(settings, _build(tmp_path / "build"), 1)
    rows = _read(version.warehouse_file, "select month, account_id from marts.fct_mrr")
    assert len(rows) == 50
    assert rows == sorted(rows)


def test_the_current_link_leads_to_the_version_and_survives_a_move_of_the_home(
    settings: Settings, tmp_path: Path
) -> None:
    version = _publish(settings, _build(tmp_path / "build"), 1)
    assert current_version(settings) == version
    moved = replace(settings, home=tmp_path / "elsewhere")
    settings.home.rename(moved.home)
    current = current_version(moved)
    assert current is not None
    assert _read(current.warehouse_file, "select mark from marts.dim_runs") == [(1,)]


def test_no_file_of_a_version_can_be_written_and_the_umask_is_respected(
    settings: Settings, tmp_path: Path
) -> None:
    previous = os.umask(0o027)
    try:
        version = _publish(settings, _build(tmp_path / "build"), 1)
    finally:
        os.umask(previous)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in version.folder.iterdir()}
    assert modes == {0o440}
    assert not list(version.folder.glob("*.wal"))


def test_the_file_can_be_read_by_every_client_of_version_1(settings: Settings, tmp_path: Path) -> None:
    version = _publish(settings, _build(tmp_path / "build"), 1)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{version.warehouse_file}' as published (read_only)")
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'published'"
        ).fetchall()
    assert "v1.0.0" in str(tags)


def test_the_build_record_says_what_each_table_holds(settings: Settings, tmp_path: Path) -> None:
    record = _publish(settings, _build(tmp_path / "build"), 3).record()
    assert (record["sequence"], record["run_id"], record["inputs_fingerprint"]) == (3, "run-3", "abc")
    assert record["tables"]["fct_mrr"]["row_count"] == 50
    assert record["tables"]["dim_runs"]["row_count"] == 1


def _hashes(settings: Settings, build_file: Path, sequence: int) -> dict[str, str]:
    tables = _publish(settings, build_file, sequence).record()["tables"]
    return {name: table["content_hash"] for name, table in tables.items()}


def test_equal_tables_have_equal_hashes_whatever_the_order_they_were_built_in(
    settings: Settings, tmp_path: Path
) -> None:
    first = _hashes(settings, _build(tmp_path / "first"), 1)
    shuffled = "(select range from range(50) order by md5(range::varchar))"
    second = _hashes(settings, _build(tmp_path / "second", rows=shuffled), 2)
    assert first == second


@pytest.mark.parametrize(
    "change",
    [
        "update marts.fct_mrr set amount = amount + 0.0001 where account_id = 'acc_7'",
        "update marts.fct_mrr set amount = null where account_id = 'acc_7'",
        "delete from marts.fct_mrr where account_id = 'acc_7'",
        "insert into marts.fct_mrr select * from marts.fct_mrr where account_id = 'acc_7'",
        "alter table marts.fct_mrr rename column amount to total",
        "alter table marts.fct_mrr alter column amount type decimal(20, 4)",
    ],
)
def test_any_difference_between_two_tables_changes_the_hash(
    settings: Settings, tmp_path: Path, change: str
) -> None:
    first = _hashes(settings, _build(tmp_path / "first"), 1)
    changed = _build(tmp_path / "second")
    with duckdb.connect(str(changed)) as connection:
        connection.execute(change)
    second = _hashes(settings, changed, 2)
    assert first["fct_mrr"] != second["fct_mrr"]
    assert first["dim_runs"] == second["dim_runs"]


def test_values_that_only_differ_in_where_one_ends_have_different_hashes(
    settings: Settings, tmp_path: Path
) -> None:
    hashes = set()
    for sequence, row in enumerate(["('ab', 'c')", "('a', 'bc')", "('abc', '')", "('abc', null)"], start=1):
        file = _build(tmp_path / f"build-{sequence}")
        with duckdb.connect(str(file)) as connection:
            connection.execute("create table marts.texts (first varchar, second varchar)")
            connection.execute(f"insert into marts.texts values {row}")
        hashes.add(_hashes(settings, file, sequence)["texts"])
    assert len(hashes) == 4


@pytest.mark.parametrize("sequence", [4, 5])
def test_a_version_that_is_not_newer_is_refused(settings: Settings, tmp_path: Path, sequence: int) -> None:
    current = _publish(settings, _build(tmp_path / "first"), 5)
    with pytest.raises(PublicationError, match="already current"):
        _publish(settings, _build(tmp_path / "second", mark=2), sequence)
    assert current_version(settings) == current
    assert [version.sequence for version in list_versions(settings)] == [5]


def test_a_build_without_marts_is_refused_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "build" / engine.WAREHOUSE_FILE_NAME
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
    with pytest.raises(PublicationError, match="no table"):
        _publish(settings, file, 1)
    assert current_version(settings) is None
    assert not [path for path in settings.versions_dir.iterdir() if path.is_dir()]


def test_a_copy_that_lost_rows_is_not_published(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_table = engine._copy_table

    def lose_a_row(connection: Any, table: str, *arguments: Any) -> None:
        copy_table(connection, table, *arguments)
        if table == "fct_mrr":
            connection.execute("delete from published.marts.fct_mrr where account_id = 'acc_3'")

    monkeypatch.setattr(engine, "_copy_table", lose_a_row)
    with pytest.raises(PublicationError, match="fct_mrr has 49 rows, the build has 50"):
        _publish(settings, _build(tmp_path / "build"), 1)
    assert current_version(settings) is None


def test_something_else_in_the_place_of_the_link_is_never_overwritten(
    settings: Settings, tmp_path: Path
) -> None:
    settings.current_link.mkdir(parents=True)
    with pytest.raises(PublicationError, match="is no link"):
        _publish(settings, _build(tmp_path / "build"), 1)
    assert settings.current_link.is_dir()


def test_a_link_that_leads_nowhere_is_told(settings: Settings) -> None:
    settings.home.mkdir()
    settings.current_link.symlink_to("versions/000009-gone")
    with pytest.raises(PublicationError, match="holds no published version"):
        current_version(settings)


def _publish_several(settings: Settings, tmp_path: Path, count: int) -> None:
    for sequence in range(1, count + 1):
        _publish(settings, _build(tmp_path / f"build-{sequence}", mark=sequence), sequence)


def _names(settings: Settings) -> list[int]:
    return [version.sequence for version in list_versions(settings)]


def test_old_versions_go_and_the_newest_stay(settings: Settings, tmp_path: Path) -> None:
    _publish_several(settings, tmp_path, 4)
    kept = replace(settings, versions_kept=2)
    now = datetime.fromisoformat(list_versions(settings)[-1].record()["published_at"])
    assert publication.remove_old_versions(kept, now=now + timedelta(days=1.9)) == []
    removed = publication.remove_old_versions(kept, now=now + timedelta(days=3))
    assert removed == ["000001-run-1", "000002-run-2"]
    assert _names(settings) == [3, 4]


def test_the_current_version_stays_even_if_an_operator_went_back_to_an_old_one(
    settings: Settings, tmp_path: Path
) -> None:
    _publish_several(settings, tmp_path, 4)
    settings.current_link.unlink()
    settings.current_link.symlink_to("versions/000001-run-1")
    kept = replace(settings, versions_kept=1, version_minimum_age_days=0)
    publication.remove_old_versions(kept, now=datetime(2100, 1, 1))  # noqa: DTZ001
    assert _names(settings) == [1, 4]
    assert publication.next_sequence(settings) == 5


# ---- killed while publishing


TRACED = traced_files(publication, engine, files_module)


def _leftovers(settings: Settings) -> tuple[str, ...]:
    folders = (settings.home, settings.versions_dir)
    return tuple(sorted(path.name for folder in folders for path in folder.iterdir()))


def test_killed_at_any_line_the_current_version_is_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    old, new = _build(tmp_path / "old", mark=1), _build(tmp_path / "new", mark=2)
    base = Settings(home=tmp_path / "base", landing=tmp_path)
    _publish(base, old, 1)

    def points(total: int) -> list[int]:
        # The last lines hold the renames, the flushes and the switch: every one of them; before that, a
        # sample.
        return sorted({*range(1, total - 36, 31), *range(total - 36, total + 1)})

    seen = set()
    recovered = set()
    for settings, _ in killed_homes(base, lambda home: _publish(home, new, 2), TRACED, points=points):
        current = current_version(settings)
        assert current is not None
        marks = _read(current.warehouse_file, "select amount, count(*) from marts.fct_mrr group by amount")
        assert marks == [(current.sequence, 50)]
        assert current.record()["sequence"] == current.sequence
        seen.add(current.sequence)

        if _leftovers(settings) in recovered:
            continue
        recovered.add(_leftovers(settings))
        # The next run finds a home that it can publish to, and nothing of the dead one stays.
        publication.clean_up(settings)
        after = _publish(settings, new, publication.next_sequence(settings))
        assert current_version(settings) == after
        assert leftover_files(settings.home) == []
    assert seen == {1, 2}
    assert len(recovered) >= 4, recovered


# ---- readers


def _read_until_told(settings: Settings, stop: Event, started: Event, answers: Any) -> None:
    """Resolve, open and query the current version again and again; the marks seen, in order."""
    seen: list[int] = []
    try:
        while not stop.is_set():
            version = current_version(settings)
            assert version is not None
            with engine.open_read_only(version.warehouse_file) as connection:
                started.set()
                marks = connection.execute("select distinct amount from marts.fct_mrr").fetchall()
                runs = connection.execute("select mark from marts.dim_runs").fetchall()
            assert len(marks) == 1 and int(marks[0][0]) == runs[0][0], (marks, runs)
            if not seen or seen[-1] != runs[0][0]:
                seen.append(runs[0][0])
        answers.put(seen)
    except BaseException as error:
        answers.put(error)
        raise


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[list[Path]]:
    yield [_build(tmp_path / f"build-{mark}", mark=mark, rows="range(2000)") for mark in range(1, 8)]


def test_readers_always_see_one_whole_version_while_others_are_published(
    settings: Settings, builds: list[Path]
) -> None:
    _publish(settings, builds[0], 1)
    context = get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    begun = [context.Event(), context.Event()]
    readers = [
        context.Process(target=_read_until_told, args=(settings, stop, started, answers)) for started in begun
    ]
    for reader in readers:
        reader.start()
    for started in begun:
        assert started.wait(timeout=60)
    for sequence, build_file in enumerate(builds[1:], start=2):
        _publish(settings, build_file, sequence)
    stop.set()
    results = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join()
    for seen in results:
        assert isinstance(seen, list), seen
        assert seen == sorted(seen)
        assert seen[0] == 1


def test_a_reader_of_the_old_version_goes_on_reading_it(settings: Settings, builds: list[Path]) -> None:
    first = _publish(settings, builds[0], 1)
    with engine.open_read_only(first.warehouse_file) as reader:
        _publish(settings, builds[1], 2)
        impatient = replace(settings, versions_kept=1, version_minimum_age_days=0)
        removed = publication.remove_old_versions(impatient, now=datetime(2100, 1, 1))  # noqa: DTZ001
        assert removed == [first.name]
        assert reader.execute("select count(*), max(amount) from marts.fct_mrr").fetchall() == [(2000, 1)]


# ---- what names people


def _name_people(build_file: Path) -> Path:
    """Add a table that names a person to a private build."""
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("create schema restricted")
        connection.execute(
            "create table restricted.dim_people as select 'con_1' as contact_id, 'Ann' as name"
        )
    return build_file


def test_what_names_people_is_a_file_of_its_own_for_owner_and_group(
    settings: Settings, tmp_path: Path
) -> None:
    version = _publish(settings, _name_people(_build(tmp_path / "build")), 1)
    assert stat.S_IMODE(version.restricted_file.stat().st_mode) == 0o440
    assert _read(version.restricted_file, "select * from marts.dim_people") == [("con_1", "Ann")]
    tables = "select schema_name, table_name from duckdb_tables() order by table_name"
    assert _read(version.warehouse_file, tables) == [("marts", "dim_runs"), ("marts", "fct_mrr")]
    assert _read(version.restricted_file, tables) == [("marts", "dim_people")]
    record = version.record()
    assert record["restricted_tables"] == {"dim_people": 1}
    assert "dim_people" not in record["tables"]


def test_a_umask_may_narrow_what_names_people_and_nothing_widens_it(
    settings: Settings, tmp_path: Path
) -> None:
    modes = []
    for sequence, mask in enumerate((0o000, 0o022, 0o077), start=1):
        previous = os.umask(mask)
        try:
            version = _publish(settings, _name_people(_build(tmp_path / f"build-{sequence}")), sequence)
        finally:
            os.umask(previous)
        modes.append(stat.S_IMODE(version.restricted_file.stat().st_mode))
    assert modes == [0o440, 0o440, 0o400]


def test_a_version_published_under_an_open_umask_can_be_gone_back_to(
    settings: Settings, tmp_path: Path
) -> None:
    attached = tmp_path / "manifest.json"
    attached.write_text("{}")
    previous = os.umask(0)
    try:
        version = publication.publish(
            settings,
            build_file=_name_people(_build(tmp_path / "build")),
            sequence=1,
            run_id="run-1",
            record={},
            key_columns=KEYS,
            attachments={"dbt/manifest.json": attached},
        )
        assert verify_version(version).differences == []
    finally:
        os.umask(previous)


def test_nobody_else_can_enter_a_version_before_its_files_have_their_modes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []
    copy_tables = engine.copy_tables

    def look(build_file: Path, into: Path, **options: Any) -> Any:
        copied = copy_tables(build_file, into, **options)
        seen.append((stat.S_IMODE(into.parent.stat().st_mode), into.name.startswith("restricted")))
        return copied

    monkeypatch.setattr(engine, "copy_tables", look)
    version = _publish(settings, _name_people(_build(tmp_path / "build")), 1)
    assert seen == [(0o700, False), (0o700, True)]
    assert stat.S_IMODE(version.folder.stat().st_mode) == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_query_reads_what_names_people_only_where_it_is_asked_for(
    settings: Settings, tmp_path: Path
) -> None:
    version = _publish(settings, _name_people(_build(tmp_path / "build")), 1)
    joined = "select name, count(*) from dim_people cross join fct_mrr group by name"
    with engine.open_for_query(version.warehouse_file) as connection:
        for sql in (joined, "select * from restricted.dim_people", f"from '{version.restricted_file}'"):
            with pytest.raises(duckdb.Error):
                engine.run_query(connection, sql)
    with engine.open_for_query(version.warehouse_file, restricted_file=version.restricted_file) as connection:
        assert engine.run_query(connection, joined).fetchall() == [("Ann", 50)]
        with pytest.raises(duckdb.Error):
            connection.execute("insert into dim_people values ('con_2', 'Ben')")
