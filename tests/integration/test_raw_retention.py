"""What the policy on raw objects removes, what it never removes, and what a look back says then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.raw.load import load_landing
from orchestration.raw.manifest import Manifest
from orchestration.raw.objects import ObjectStore
from orchestration.raw.problems import LoadError
from orchestration.raw.pruning import prune, retention_days
from orchestration.raw.snapshot import SnapshotInfo, write_snapshot
from tests.small_landing import BILLING, put, write_landing

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A raw store with loads on days 0, 10 and 20, each with one customer more."""
    landing = write_landing(tmp_path / "landing")
    text = BILLING["customer"]
    for day in (0, 10, 20):
        put(landing, "billing/customer.csv", text)
        load_landing(tmp_path / "raw", landing, loaded_at=START + day * DAY)
        text += f"cus_{day}x,a@example.com,2024-01-01T09:00:00Z,usd,2024-03-01T03:00:00Z\n"
    return tmp_path


def snapshot(home: Path, day: float | None = None) -> SnapshotInfo:
    known_at = None if day is None else START + day * DAY
    return write_snapshot(home / "raw", home / "snapshot", known_at=known_at)


def test_everything_is_kept_without_a_policy(home: Path) -> None:
    assert retention_days({"raw_retention_days": ""}) is None
    assert prune(home / "raw", None, now=START + 900 * DAY).objects == 0
    snapshot(home, 0)


@pytest.mark.parametrize(
    ("days", "removed", "kept"),
    [
        # The state of day 0 is the newest one until day 10, so it is needed as long as day 9 is.
        (12, 0, [10, 19, 20, 21]),
        (11, 1, [10, 19, 20, 21]),
        (2, 1, [19, 20, 21]),
        (1, 2, [20, 21]),
        (0, 2, [21]),
    ],
)
def test_every_state_within_the_period_can_be_had(
    home: Path, days: int, removed: int, kept: list[int]
) -> None:
    before = {day: snapshot(home, day).fingerprint for day in (0, 10, 19, 20, 21)}
    pruned = prune(home / "raw", days, now=START + 21 * DAY)
    assert pruned.objects == removed
    assert (pruned.size > 0) is (removed > 0)
    for day, fingerprint in before.items():
        if day in kept:
            assert snapshot(home, day).fingerprint == fingerprint
        elif removed:
            with pytest.raises(LoadError, match="is not kept"):
                snapshot(home, day)
    assert snapshot(home).fingerprint == before[21]


def test_the_newest_state_stays_however_old_it_is(home: Path) -> None:
    newest = snapshot(home).fingerprint
    assert prune(home / "raw", 1, now=START + 5000 * DAY).objects == 2
    assert snapshot(home).fingerprint == newest
    assert prune(home / "raw", 1, now=START + 5001 * DAY).objects == 0


def test_a_rehearsal_removes_nothing(home: Path) -> None:
    store = ObjectStore(home / "raw")
    before = store.hashes()
    assert prune(home / "raw", 1, now=START + 30 * DAY, is_rehearsal=True).objects == 2
    assert store.hashes() == before
    assert not any(record.pruned_before for record in Manifest.read(home / "raw").records)


def test_what_is_gone_stays_refused_when_more_is_kept_later(home: Path) -> None:
    prune(home / "raw", 1, now=START + 21 * DAY)
    prune(home / "raw", 300, now=START + 22 * DAY)
    with pytest.raises(LoadError, match="is not kept"):
        snapshot(home, 5)


def test_a_pruned_file_is_read_again_when_it_comes_back(home: Path) -> None:
    prune(home / "raw", 0, now=START + 21 * DAY)
    put(home / "landing", "billing/customer.csv", BILLING["customer"])
    load_landing(home / "raw", home / "landing", loaded_at=START + 22 * DAY, accept_drop=["customer"])
    assert len(snapshot(home).load_report) == 5


def test_the_command_follows_the_loaded_policy(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = home / "root"
    root.mkdir()
    (home / "raw").rename(root / "raw")
    place = ["--home", str(root), "--landing", str(home / "landing")]
    assert cli.main(["prune", "--raw", *place]) == cli.DONE
    assert "Everything is kept" in capsys.readouterr().out
    put(home / "landing", "policy/metric_policies.csv", "policy_key,policy_value\nraw_retention_days,30\n")
    load_landing(root / "raw", home / "landing", loaded_at=START + 21 * DAY)
    assert cli.main(["prune", "--raw", "--dry-run", *place]) == cli.DONE
    assert "Would remove 2 raw objects" in capsys.readouterr().out
    assert cli.main(["prune", "--raw", *place]) == cli.DONE
    assert "Removed 2 raw objects" in capsys.readouterr().out
    assert cli.main(["prune", *place]) == cli.DONE
    assert "Removed 0 raw objects" in capsys.readouterr().out
