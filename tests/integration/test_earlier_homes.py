"""Homes as earlier releases left them: the present code reads them, goes on with them, loads nothing twice.

Nothing is added per release but its packed home, see ``tests/fixtures/README.md``. Add a test when a command
reads a part of the home that none of these asks for.
"""

from __future__ import annotations

import os
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from orchestration import cli, rolling_back
from orchestration.alerts import alerts_file
from orchestration.files import read_records
from orchestration.publication import current_version, list_versions
from orchestration.raw.landing_state import look_at_landing
from orchestration.raw.load import load_landing
from orchestration.raw.snapshot import write_snapshot
from orchestration.runs import read_journal, utc_now
from orchestration.scheduler_instance import open_instance
from orchestration.settings import Settings
from orchestration.standing import read_standing
from orchestration.verifying import verify_raw
from tests.direct_builds import CompiledProject, publish
from tests.small_landing import put

HOMES = sorted((Path(__file__).parent.parent / "fixtures" / "homes").glob("*.tar.xz"))
LATER = timedelta(days=30)


@pytest.fixture(scope="module", params=HOMES, ids=[file.name.removesuffix(".tar.xz") for file in HOMES])
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and its landing folder; the tests of this module go through it one after the other."""
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(request.param) as archive:
        archive.extractall(folder, filter="tar")
    return folder


@pytest.fixture
def settings(unpacked: Path) -> Settings:
    return Settings(home=unpacked / "home", landing=unpacked / "landing")


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        monkeypatch.delenv(name)


def main(settings: Settings, *arguments: str) -> int:
    return cli.main(["--home", str(settings.home), "--landing", str(settings.landing), *arguments])


def test_there_is_a_home_of_an_earlier_release() -> None:
    assert HOMES


def test_what_was_published_can_be_asked_and_is_whole(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(settings, "query", "select count(*) as months from fct_mrr_bridge_by_month") == cli.DONE
    assert "months" in capsys.readouterr().out
    assert main(settings, "versions") == cli.DONE
    listed = capsys.readouterr().out
    assert "rolled back" in listed and "* 000001-" in listed
    assert main(settings, "verify", "--all", "--raw") == cli.DONE, capsys.readouterr().out


def test_its_runs_alerts_and_decisions_are_known(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    standing = read_standing(settings, now=utc_now())
    assert [run.status for run in standing.runs] == [
        *("published", "published", "failed", "restored", "rolled_back")
    ]
    assert "unreadable" not in {block.kind for block in standing.blocks}
    assert any("was rolled back" in note for note in standing.notes)
    assert any("billing.coupon" in note for note in standing.notes)
    summaries = [record["summary"] for record in read_records(alerts_file(settings))]
    assert len(summaries) == 3
    assert main(settings, "status") == cli.DONE
    assert "prices of February" in capsys.readouterr().out
    # Its place has moved, and it is in order all the same.
    main(settings, "doctor")
    found = capsys.readouterr().out
    assert "raw object" not in found and "Version 0" not in found, found


def test_the_scheduler_opens_its_history(settings: Settings) -> None:
    with open_instance(settings) as instance:
        assert {run.status for run in instance.get_runs()} == {
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
        }


def test_a_load_without_news_reads_no_file_again(settings: Settings) -> None:
    assert look_at_landing(settings.raw_dir, settings.landing).differences == []
    before = write_snapshot(settings.raw_dir, settings.home.parent / "before").fingerprint
    loaded = load_landing(settings.raw_dir, settings.landing, loaded_at=datetime.now(UTC) + LATER)
    assert not loaded.changed
    assert [file.file for file in loaded.files if file.is_new] == []
    assert write_snapshot(settings.raw_dir, settings.home.parent / "after").fingerprint == before


def test_what_was_rolled_back_is_still_not_published_unasked(settings: Settings) -> None:
    withdrawn = list_versions(settings)[-1]
    dependencies = {name: withdrawn.record()[name] for name in rolling_back.DEPENDS_ON}
    found = rolling_back.withdrawn_like(settings, dependencies)
    assert found is not None and found["version"] == withdrawn.name


def test_who_was_erased_stays_out_of_the_next_load(settings: Settings) -> None:
    cards = (settings.landing / "crm" / "contact.csv").read_text(encoding="utf-8")
    assert "bo@zinc.example" in cards
    put(settings.landing, "crm/contact.csv", cards + "3,cy@oak.example,Cy,Dunn,2024-01-07T08:00:00Z,lead\n")
    loaded = load_landing(settings.raw_dir, settings.landing, loaded_at=datetime.now(UTC) + LATER)
    assert [file.file for file in loaded.files if file.is_new] == ["crm/contact.csv"]
    # Read as tables, since pages are compressed.
    contents = "\n".join(
        str(pq.read_table(path).to_pylist()) for path in (settings.raw_dir / "objects").glob("*.parquet")
    )
    assert "cy@oak.example" in contents and "bo@zinc.example" not in contents
    assert verify_raw(settings.raw_dir).is_whole


def test_an_operator_goes_forward_back_and_makes_room(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = list_versions(settings)
    assert current_version(settings) == first
    assert main(settings, "rollback", "2") == cli.DONE
    assert current_version(settings) == second
    assert main(settings, "rollback", "--reason", "again") == cli.DONE
    assert current_version(settings) == first
    assert main(settings, "restore", "billing.coupon", "--release") == cli.DONE
    assert main(settings, "prune", "--dry-run") == cli.DONE
    assert main(settings, "prune") == cli.DONE, capsys.readouterr().err
    assert list_versions(settings) == [first, second]


def test_the_next_night_publishes_after_all_of_it(
    settings: Settings, compiled_project: CompiledProject
) -> None:
    publish(compiled_project, settings.landing, settings.home)
    current = current_version(settings)
    assert current is not None and current.sequence == 3
    assert read_journal(settings)[-1].status == "published"
