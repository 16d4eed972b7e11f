"""Faults at random moments: what is published stays whole, and the next night needs no hand.

A few tries with fixed seeds are part of every test run. The long one, with other seeds, is for a person:
``pytest -m chaos -n 0 --chaos-tries 500 --chaos-seed 1``; a loss names the seed that repeats it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import pytest

from orchestration.files import append_record, read_records
from orchestration.raw.manifest import Manifest
from orchestration.runs import journal_file
from tests.chaos.quick_commands import Ended
from tests.chaos.tries import FAULTS, Chaos, Loss, Trial, draw, published_customers

# Chosen so that every fault is among them once, see below.
SEEDS = (6, 9, 15, 17, 19, 21, 36, 52, 67, 210, 231)


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Chaos:
    return Chaos(tmp_path_factory.mktemp("chaos"))


def _make(chaos: Chaos, seeds: Sequence[int], record: Callable[[str, object], None]) -> None:
    tally = chaos.make(seeds, report=True)
    record("chaos", tally.say())
    assert not tally.losses, tally.say()
    assert tally.tries == len(seeds)


def test_no_fault_costs_a_reader_or_the_next_night_anything(
    chaos: Chaos, record_property: Callable[[str, object], None]
) -> None:
    _make(chaos, SEEDS, record_property)


def test_the_seeds_of_every_test_run_hold_every_fault() -> None:
    assert sorted(draw(seed)[0] for seed in SEEDS) == sorted(FAULTS)


@pytest.mark.chaos
def test_no_fault_of_many_costs_anything(
    chaos: Chaos, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    first, tries = (request.config.getoption(f"--chaos-{name}") for name in ("seed", "tries"))
    _make(chaos, range(first, first + tries), record_property)


# ---- that the tries would find it


def _spoil_a_version(trial: Trial) -> None:
    file = (trial.settings.current_link / "warehouse.duckdb").resolve()
    file.chmod(0o644)
    with file.open("r+b") as published:
        published.seek(file.stat().st_size // 2)
        published.write(b"\xff" * 4096)
    file.chmod(0o444)


def _publish_something_else(trial: Trial) -> None:
    trial.customers_before = ["cus_9"]


def _leave_a_file(trial: Trial) -> None:
    (trial.settings.raw_dir / "objects" / ".half.tmp").touch()


def _lose_an_object(trial: Trial) -> None:
    records = Manifest.read(trial.settings.raw_dir).records
    files = records[0].tables["customer"]
    (trial.settings.raw_dir / "objects" / f"{files[0].object_hash}.parquet").unlink()


def _forget_an_alert(trial: Trial) -> None:
    record = {**read_records(journal_file(trial.settings))[-1]}
    record |= {"run_id": "20240101T000000Z-1", "scheduler_run_id": "1", "job": "load", "status": "failed"}
    append_record(journal_file(trial.settings), record)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_spoil_a_version, "is not whole"),
        (_publish_something_else, "which is none of"),
        (_leave_a_file, "left behind"),
        (_lose_an_object, "raw store is not whole"),
        (_forget_an_alert, "no alert tells of"),
    ],
)
def test_what_a_fault_must_not_do_is_a_loss(chaos: Chaos, spoil: Callable[[Trial], None], told: str) -> None:
    trial = chaos.trial(SEEDS[0])
    trial.customers_before = published_customers(trial.settings)
    spoil(trial)
    with pytest.raises(Loss, match=told):
        trial.check([Ended(0, "done")])


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended(1, "Traceback (most recent call last):"), "a traceback"),
        (Ended(-signal.SIGSEGV, ""), "exit code -11"),
        (Ended(1, " "), "without a word"),
    ],
)
def test_an_end_that_nobody_can_read_is_a_loss(chaos: Chaos, ended: Ended, told: str) -> None:
    trial = chaos.trial(SEEDS[0])
    with pytest.raises(Loss, match=told):
        trial.check([ended])
