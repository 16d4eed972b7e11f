"""A person is erased from a home: what is found, what stays, what a later load and a kill change about it.

Add a test when a new place below the home may hold a person. Single values are in ``tests/unit/raw``.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration import cli, erasing, publication, scheduler_history
from orchestration import files as files_module
from orchestration.alerts import raise_alert
from orchestration.erasing import Traces, erase, finish
from orchestration.identity.tables import write_identity
from orchestration.raw import erasure, manifest, objects
from orchestration.raw.contract import LANDING_SOURCES, read_contracts
from orchestration.raw.load import load_landing
from orchestration.raw.manifest import Manifest
from orchestration.raw.objects import ObjectStore, file_hash
from orchestration.raw.people import Registry
from orchestration.raw.problems import LoadError
from orchestration.raw.snapshot import write_snapshot
from orchestration.runs import RunError
from orchestration.settings import Settings
from tests.kill_points import killed_homes, traced_files
from tests.small_landing import put, write_landing

NOW = datetime(2024, 3, 1, 4, tzinfo=UTC)
CRM = {
    "company": (
        "id,property_name,property_phone,property_stripe_customer_id\n"
        "10,Acme Ltd,+49 30 99887766,\n"
        "20,Ann Berger,0151 23457186,cus_2\n"
    ),
    "contact": (
        "id,property_email,property_firstname,property_lastname,property_phone,"
        "property_associatedcompanyid,property_hs_merged_object_ids,property_hubspotscore\n"
        "1,ann@acme.example,Ann,Berger,0151 23457186,10,4;5,60\n"
        "2,ben@acme.example,Ben,Cole,,10,,10\n"
        "3,Ann.Berger+x@gmail.com,Ann,Berger,,20,,\n"
        "4,,Ann,Berger-Old,,,,\n"
    ),
    "contact_property_history": (
        "contact_id,name,value,timestamp\n"
        "1,email,annberger@gmail.com,2024-01-01T00:00:00Z\n"
        "1,hubspotscore,60,2024-01-02T00:00:00Z\n"
        "2,email,ben@acme.example,2024-01-01T00:00:00Z\n"
    ),
    "ticket": (
        "id,company_id,property_subject,property_createdate\n"
        "t1,10,Ann Berger cannot log in,2024-01-05T00:00:00Z\n"
        "t2,10,Ben cannot log in,2024-01-06T00:00:00Z\n"
    ),
    "feedback_submission": (
        "id,contact_id,company_id,value,submitted_at,comment\n"
        "f1,1,10,9,2024-02-01T00:00:00Z,I am glad\n"
        "f2,2,10,3,2024-02-01T00:00:00Z,Ask ann@acme.example\n"
    ),
    "web_visit": (
        "anonymous_id,contact_id,visited_at,source,page_url\n"
        "a,1,2024-01-01T10:00:00Z,organic,/pricing?mail=ann@acme.example\n"
        "b,,2024-01-01T11:00:00Z,organic,/pricing?utm=x\n"
    ),
}
CUSTOMERS = (
    "id,name,email,phone,created,_fivetran_synced\n"
    "cus_1,Acme Ltd,Ann@Acme.example,,2024-01-01T09:00:00Z,2024-03-01T03:00:00Z\n"
    "cus_2,Ann Berger,pay@example.com,0151-23457186,2024-01-02T09:00:00Z,2024-03-01T03:00:00Z\n"
)
# How the person is spelt in what was loaded; no home may hold any of it.
SPELLINGS = ("ann@acme", "annberger", "ann.berger", "berger", "23457186", "i am glad")


class Home:
    """A landing folder and a home of one test."""

    def __init__(self, folder: Path) -> None:
        landing = write_landing(folder / "landing", customer=CUSTOMERS)
        for table, text in CRM.items():
            put(landing, f"crm/{table}.csv", text)
        self.settings = Settings(home=folder / "home", landing=landing)
        self.now = NOW

    def load(self) -> None:
        self.now += timedelta(days=1)
        load_landing(self.settings.raw_dir, self.settings.landing, loaded_at=self.now)

    def erase(self, **options: Any) -> Traces:
        return erase(self.settings, **(options or {"contacts": ["1"]}))

    def rows(self, table: str, *columns: str, known_at: datetime | None = None) -> list[tuple[Any, ...]]:
        snapshot = self.settings.home.parent / "snapshot"
        shutil.rmtree(snapshot, ignore_errors=True)
        write_snapshot(self.settings.raw_dir, snapshot, known_at=known_at)
        read = pq.read_table(snapshot / f"{table.replace('.', '/')}.parquet", columns=list(columns))
        return list(zip(*(read[column].to_pylist() for column in columns), strict=True))

    def publish(self, sequence: int, mention: str = "Acme Ltd") -> publication.Version:
        """A version of a build that names people, and the build itself with raw rows beside it."""
        folder = self.settings.builds_dir / f"run-{sequence}"
        (folder / "raw").mkdir(parents=True)
        (folder / "raw" / "contact.parquet").write_text("ann@acme.example")
        (folder / "logs").mkdir()
        (folder / "logs" / "run.log").write_text("a row of Ann Berger\nanother line\n")
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute("create schema marts")
            connection.execute(f"create table marts.dim_accounts as select '{mention}' as account_name")
            connection.execute("create schema restricted")
            connection.execute("create table restricted.dim_people as select 'Ann Berger' as name")
        return publication.publish(
            self.settings,
            build_file=folder / "warehouse.duckdb",
            sequence=sequence,
            run_id=f"run-{sequence}",
            record={},
            key_columns={},
        )


def texts_of(home: Path) -> Iterator[tuple[str, str]]:
    """Everything below a home as text: Parquet by its values, the rest by its bytes."""
    for path in sorted(home.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = str(path.relative_to(home))
        if path.suffix == ".parquet" and "raw/objects" in name:
            yield name, str(pq.read_table(path).to_pylist())
        else:
            yield name, path.read_bytes().decode("utf-8", "replace")


def spelt(home: Path) -> list[tuple[str, str]]:
    """Where below a home the person is still spelt, and how."""
    return [
        (name, spelling)
        for name, text in texts_of(home)
        for spelling in SPELLINGS
        if spelling in text.casefold()
    ]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    one = Home(tmp_path)
    one.load()
    return one


def test_every_card_and_customer_of_a_person_is_found_from_any_of_them(home: Home) -> None:
    for asked in (
        {"contacts": ["1"]},
        {"contacts": ["4"]},
        {"contacts": ["3"]},
        {"addresses": ["ANN@acme.example"]},
        {"addresses": ["annberger+y@gmail.com"]},
        {"customers": ["cus_1"]},
    ):
        person = home.erase(**asked, is_rehearsal=True).person
        assert person.ids["contact"] == {"1", "3", "4", "5"}, asked
        assert person.ids["customer"] == {"cus_1", "cus_2"}, asked
        assert person.ids["company"] == {"20"}, asked
    assert home.erase(contacts=["2"], is_rehearsal=True).person.ids["contact"] == {"2"}


def test_a_rehearsal_lists_what_is_held_and_changes_nothing(home: Home) -> None:
    before = dict(texts_of(home.settings.raw_dir))
    traces = home.erase(contacts=["1"], is_rehearsal=True)
    assert {(held.table, held.file, held.rows) for held in traces.held} == {
        ("customer", "billing/customer.csv", 2),
        ("company", "crm/company.csv", 1),
        ("contact", "crm/contact.csv", 3),
        ("contact_property_history", "crm/contact_property_history.csv", 1),
        ("ticket", "crm/ticket.csv", 1),
        ("feedback_submission", "crm/feedback_submission.csv", 2),
        ("web_visit", "crm/web_visit.csv", 1),
    }
    assert dict(texts_of(home.settings.raw_dir)) == before


def test_an_erased_person_is_in_no_file_and_everything_else_is_as_it_was(home: Home) -> None:
    home.publish(1)
    raise_alert(home.settings, alert_id="a", run_id="r", summary="Ann Berger is twice in crm.contact")
    contacts = home.rows("crm.contact", "id", "property_hubspotscore", "property_associatedcompanyid")
    others = home.rows("crm.contact", "id", "property_email", "property_firstname")
    assert spelt(home.settings.home)
    home.erase()
    assert spelt(home.settings.home) == []
    assert home.rows("crm.contact", "id", "property_hubspotscore", "property_associatedcompanyid") == contacts
    now = home.rows("crm.contact", "id", "property_email", "property_firstname")
    assert [row for row in now if row[0] == "2"] == [row for row in others if row[0] == "2"]
    assert home.rows("crm.contact_property_history", "contact_id", "name", "value") == [
        ("1", "email", None),
        ("1", "hubspotscore", "60"),
        ("2", "email", "ben@acme.example"),
    ]
    assert home.rows("crm.ticket", "id", "property_subject") == [
        ("t1", "(erased) cannot log in"),
        ("t2", "Ben cannot log in"),
    ]
    assert home.rows("crm.web_visit", "anonymous_id", "page_url") == [
        ("a", "/pricing"),
        ("b", "/pricing?utm=x"),
    ]
    customers = home.rows("billing.customer", "id", "name", "email", "phone")
    assert customers[0][1] == "Acme Ltd"
    assert customers[1][1:] == (None, customers[1][2], None)
    assert customers[1][2].startswith("erased-")
    # What tied the customer to the card ties them still.
    assert customers[0][2] == now[0][1]
    assert not erasing.is_unfinished(home.settings)


ALIKE = (
    "id,property_email,property_firstname,property_lastname,property_phone,property_createdate,"
    "property_associatedcompanyid,property_country\n"
    "1,ann@acme.example,Ann,Berger,0151 23457186,2024-01-01T00:00:00Z,10,DE\n"
    "2,ben@acme.example,Ben,Cole,,2024-01-01T00:00:00Z,10,DE\n"
    "6,ann@home.example,Ann,Berger,+49 151 23457186,2024-01-02T00:00:00Z,,DE\n"
    "9,ann@home.example,Ann,Berger,,2024-01-04T00:00:00Z,30,DE\n"
    "8,berger.ann@acme.example,Ann,Berger,,2024-01-03T00:00:00Z,10,DE\n"
)
OWN_COMPANY = (
    "id,property_name,property_phone,property_country,property_createdate\n"
    "10,Acme Ltd,,DE,2024-01-01T00:00:00Z\n"
    "30,Ann Berger,030 99887766,DE,2024-01-01T00:00:00Z\n"
    "31,Ann Berger,+49 30 99887766,DE,2024-01-02T00:00:00Z\n"
)


def _same(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Which records are the same, by the tables of identity."""
    snapshot = home.settings.home.parent / "identity"
    shutil.rmtree(snapshot, ignore_errors=True)
    policies = write_snapshot(home.settings.raw_dir, snapshot).policies
    write_identity(snapshot, as_of=None, policies=policies)
    columns = {
        "contacts": ["contact_id", "surviving_contact_id", "company_id"],
        "companies": ["company_id", "surviving_company_id"],
        "billing_customers": ["customer_id", "crm_company_id"],
        "problems": ["object_type", "left_id", "right_id"],
    }
    return {
        table: [
            tuple(row.values())
            for row in pq.read_table(snapshot / "identity" / f"{table}.parquet", columns=names).to_pylist()
        ]
        for table, names in columns.items()
    }


def test_who_is_the_same_as_whom_stays_and_so_numbers_do(home: Home) -> None:
    put(home.settings.landing, "crm/contact.csv", ALIKE)
    put(home.settings.landing, "crm/company.csv", OWN_COMPANY)
    put(home.settings.landing, "billing/customer.csv", CUSTOMERS.replace("pay@example.com", "x@home.example"))
    home.load()
    before = _same(home)
    assert len({survivor for one, survivor, _ in before["contacts"] if one in ("1", "6", "8")}) == 1
    assert before["companies"][1:3] == [("30", "30"), ("31", "30")]
    traces = home.erase(addresses=["ann@home.example"])
    assert {"1", "6", "8"} <= traces.person.ids["contact"]
    assert "2" not in traces.person.ids["contact"]
    assert _same(home) == before
    assert spelt(home.settings.home) == []
    # A second erasure keeps what the first one kept.
    home.erase(contacts=["2"])
    assert _same(home) == before


def test_the_store_is_consistent_after_an_erasure(home: Home) -> None:
    home.erase()
    store = ObjectStore(home.settings.raw_dir)
    read = Manifest.read(home.settings.raw_dir)
    assert store.hashes() == read.objects()
    for one in store.hashes():
        assert file_hash(store.path(one)) == one
        assert oct(store.path(one).stat().st_mode & 0o777) == "0o444"
    assert [record.source for record in read.records if record.erasure_id] == ["erasure"]
    assert home.erase(contacts=["1"], is_rehearsal=True).held == []


def test_what_was_known_earlier_is_still_known_without_the_person(home: Home) -> None:
    before = home.now + timedelta(seconds=1)
    put(home.settings.landing, "crm/contact.csv", CRM["contact"].replace("Ben", "Benny"))
    home.load()
    home.erase()
    assert spelt(home.settings.home) == []
    names = [row[0] for row in home.rows("crm.contact", "property_firstname", known_at=before)]
    assert names == [None, "Ben", None, None]
    assert "Benny" in [row[0] for row in home.rows("crm.contact", "property_firstname")]


def test_an_old_export_does_not_bring_the_person_back(home: Home) -> None:
    home.erase()
    home.load()
    assert spelt(home.settings.home) == []
    again = CRM["contact"].replace("4;5,60", "4;5,61") + "7,ann@acme.example,Ann,Berger,,10,,\n"
    put(home.settings.landing, "crm/contact.csv", again)
    put(home.settings.landing, "billing/customer.csv", CUSTOMERS.replace("2024-03-01", "2024-03-02"))
    home.load()
    assert spelt(home.settings.home) == []
    scores = home.rows("crm.contact", "id", "property_hubspotscore")
    assert [str(score) for one, score in scores if one == "1"] == ["61.000000"]
    assert [row[0] for row in scores] == ["1", "2", "3", "4", "7"]


def test_what_is_held_back_in_quarantine_is_searched_too(home: Home) -> None:
    put(
        home.settings.landing,
        "crm/ticket.csv",
        CRM["ticket"] + "t3,10,x,by Ann Berger\nt4,10,y,ann@acme.example\n",
    )
    load_landing(home.settings.raw_dir, home.settings.landing, loaded_at=NOW + timedelta(days=9))
    assert spelt(home.settings.home)
    home.erase()
    assert spelt(home.settings.home) == []
    put(home.settings.landing, "crm/ticket.csv", CRM["ticket"] + "t3,10,x,by Ann Berger\n")
    load_landing(home.settings.raw_dir, home.settings.landing, loaded_at=NOW + timedelta(days=10))
    assert spelt(home.settings.home) == []


def test_two_people_can_be_erased_one_after_the_other(home: Home) -> None:
    home.erase()
    home.erase(addresses=["ben@acme.example"])
    assert [row[0] for row in home.rows("crm.contact", "property_firstname")] == [None] * 4
    assert len(Manifest.read(home.settings.raw_dir).records) == 4


def test_versions_that_mention_the_person_go_and_the_current_one_when_it_is_replaced(home: Home) -> None:
    home.publish(1, mention="Ann Berger")
    home.publish(2, mention="Ann Berger")
    home.publish(3)
    home.publish(4, mention="Ann Berger")
    traces = home.erase()
    assert traces.mentions == [
        f"00000{number}-run-{number}: dim_accounts.account_name" for number in (1, 2, 4)
    ]
    assert [one.sequence for one in publication.list_versions(home.settings)] == [3, 4]
    assert not any(one.restricted_file.exists() for one in publication.list_versions(home.settings))
    assert erasing.is_unfinished(home.settings)
    newest = home.publish(5)
    finish(home.settings)
    assert [one.sequence for one in publication.list_versions(home.settings)] == [3, 5]
    assert newest.restricted_file.exists()
    assert not erasing.is_unfinished(home.settings)


def test_a_version_that_lost_its_database_keeps_nobody_from_being_erased(home: Home) -> None:
    (old, _) = home.publish(1), home.publish(2)
    old.warehouse_file.unlink()
    home.erase()
    assert spelt(home.settings.home) == []


def test_what_killed_runs_left_behind_goes(home: Home) -> None:
    """Rows that a load was reading, and files that were about to be published or removed."""
    home.publish(1)
    left = [home.settings.raw_dir / "staging" / "x" / "rows.csv"]
    left += [
        home.settings.versions_dir / f".{state}-000002-run-2" / "restricted.duckdb"
        for state in ("incoming", "removing")
    ]
    # Where the engine spills by default, which is where dbt lets it.
    spilt = duckdb.connect(str(home.settings.home.parent / "warehouse.duckdb"))
    (temporary,) = spilt.execute("select current_setting('temp_directory')").fetchall()[0]
    spilt.close()
    left.append(home.settings.development_dir / Path(temporary).name / "duckdb_temp_storage-0.tmp")
    for file in left:
        file.parent.mkdir(parents=True)
        file.write_text("Ann Berger")
    home.erase()
    assert spelt(home.settings.home) == []
    assert not any(file.exists() for file in left)


def test_a_version_says_that_it_lost_its_names_also_when_no_raw_row_changed(home: Home) -> None:
    """The next run publishes them anew, although its inputs are those of the version."""
    home.erase()
    version = home.publish(1)
    before = Manifest.read(home.settings.raw_dir).objects()
    assert not version.lacks_names()
    home.erase()
    assert Manifest.read(home.settings.raw_dir).objects() == before
    assert version.lacks_names()


def test_what_the_scheduler_and_dbt_were_told_is_searched_too(home: Home) -> None:
    """Their messages are documents, whose escapes hide names; a database keeps what it does not show."""
    event = json.dumps(
        {"event": {"message": "Test failed:\nAnn Berger, ann@acme.example", "step": "billing"}}
    )
    database = home.settings.dagster_home / "history" / "runs" / "index.db"
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table event_logs (id integer primary key, event text)")
        connection.executemany("insert into event_logs (event) values (?)", [(event,), ('{"message": "x"}',)])
        connection.commit()
    home.publish(1)
    results = home.settings.builds_dir / "run-1" / "target" / "run_results.json"
    results.parent.mkdir()
    results.write_text(json.dumps({"results": [{"message": "a\nann@acme.example"}]}))
    assert "dagster/history/runs/index.db" in home.erase(contacts=["1"], is_rehearsal=True).texts
    home.erase()
    assert spelt(home.settings.home) == []
    assert not erasing.is_unfinished(home.settings)
    with closing(sqlite3.connect(database)) as connection:
        kept = [json.loads(row[0]) for row in connection.execute("select event from event_logs order by id")]
    assert kept == [
        {"event": {"message": "Test failed:\n(erased)", "step": "billing"}},
        {"message": "x"},
    ]


def test_a_history_that_is_held_is_searched_by_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_history, "WAIT_SECONDS", 0)
    database = home.settings.dagster_home / "runs.db"
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("create table runs (run_body text)")
        connection.execute("insert into runs values ('by Ann Berger')")
        connection.commit()
        connection.execute("begin exclusive")
        home.erase()
        assert erasing.is_unfinished(home.settings)
        connection.rollback()
    finish(home.settings)
    assert not erasing.is_unfinished(home.settings)
    assert spelt(home.settings.home) == []


def test_a_file_without_a_header_does_not_tell_who_is_in_its_first_row(home: Home) -> None:
    header, _, row = CRM["contact"].partition("\n")
    for text in (row, row.replace("Ann,Berger", "Ann,Ann")):
        put(home.settings.landing, "crm/contact.csv", text)
        with pytest.raises(LoadError, match=r"contact\.csv, line 1: no column of crm\.contact") as caught:
            home.load()
        told = str(caught.value).casefold()
        assert not [word for word in ("ann", "berger", "23457186") if word in told], told
    put(home.settings.landing, "crm/contact.csv", f"{header}\n{row}")
    home.load()


def test_nobody_is_not_erased(home: Home, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Nobody is held"):
        home.erase(contacts=["99"])
    with pytest.raises(RunError, match="Nothing was loaded"):
        erase(Settings(home=tmp_path / "empty", landing=tmp_path), contacts=["1"])
    assert not (home.settings.raw_dir / "erasures.jsonl").exists()


def test_without_the_key_of_its_hashes_nothing_is_loaded(home: Home) -> None:
    home.erase()
    (home.settings.raw_dir / "erasures.key").unlink()
    with pytest.raises(Exception, match=r"erasures\.key is missing"):
        home.load()


def test_the_command_shows_who_it_is_only_before(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.publish(1)
    place = ["--home", str(home.settings.home), "--landing", str(home.settings.landing)]
    assert cli.main(["erase", *place]) == cli.USAGE
    assert cli.main(["erase", *place, "--email", "nobody"]) == cli.USAGE
    capsys.readouterr()
    assert cli.main(["erase", *place, "--contact", "1", "--dry-run"]) == cli.DONE
    shown = capsys.readouterr().out
    for fragment in ("contact 1, contact 3", "ann berger", "crm.contact", "run-1", "Nothing was changed"):
        assert fragment in shown
    assert spelt(home.settings.home)
    assert cli.main(["erase", *place, "--email", "ann@acme.example"]) == cli.DONE
    done = capsys.readouterr().out
    assert "contact 1, contact 3" in done
    assert "ann berger" not in done
    assert spelt(home.settings.home) == []


# ---- killed while erasing

TRACED = traced_files(erasing, erasure, manifest, objects, files_module, publication)


def test_killed_at_any_line_the_next_step_brings_the_erasure_to_its_end(home: Home) -> None:
    home.publish(1)

    def points(total: int) -> list[int]:
        return sorted({*range(1, total - 20, total // 12), *range(total - 80, total - 20, 6)})

    outcomes = set()
    for settings, is_killed in killed_homes(
        home.settings,
        lambda one: erase(one, contacts=["1"]),
        TRACED,
        points=points,
        # How many lines run differs a little with the order in which the engine gives rows.
        may_end=lambda point, total: point > total * 0.9,
    ):
        if not is_killed:
            assert spelt(settings.home) == []
            continue
        read = Manifest.read(settings.raw_dir)
        store = ObjectStore(settings.raw_dir)
        assert all(store.holds(one) for one in read.objects())
        # The file alone says nothing: killed before its first line is whole, it is there and names nobody.
        begun = bool(Registry.read(settings.raw_dir).erasures)
        # A load comes first in every run, and the build finishes what lies outside the raw store.
        load_landing(settings.raw_dir, settings.landing, loaded_at=NOW + timedelta(days=2))
        finish(settings)
        assert not erasing.is_unfinished(settings)
        if begun:
            assert spelt(settings.home) == [], settings.home
            assert store.hashes() == Manifest.read(settings.raw_dir).objects()
        else:
            erase(settings, contacts=["1"])
            assert spelt(settings.home) == [], settings.home
        outcomes.add((begun, len(read.records)))
    assert len(outcomes) == 3, outcomes


def test_every_personal_column_has_a_table_that_an_erasure_goes_through() -> None:
    """A contract that marks nothing as personal would let a person stay, without a word."""
    personal = {
        f"{table.source}.{table.name}"
        for source in read_contracts().values()
        for table in source.tables.values()
        if table.is_personal
    }
    assert {"crm.contact", "crm.owner", "billing.customer", "crm.ticket", "crm.csm_rating"} <= personal
    unmarked = {
        f"{table.source}.{table.name}.{column.name}"
        for source in read_contracts().values()
        if source.name in LANDING_SOURCES
        for table in source.tables.values()
        for column in table.columns
        if any(
            word in column.name
            for word in ("email", "phone", "firstname", "lastname", "first_name", "last_name", "comment")
        )
        and not column.personal
    }
    assert unmarked == set()
