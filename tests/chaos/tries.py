"""One try: a home, a command, a fault at a moment of it, and what must hold afterwards.

A try follows from its seed alone. Add a fault to ``FAULTS`` or a command to ``COMMANDS`` here; both are drawn
from. What must hold after any of them is in ``Trial.check``, and an answer that is not as it must be is a
loss.
"""

from __future__ import annotations

import contextlib
import ctypes
import gzip
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import time_machine

from orchestration import (
    erasing,
    operating,
    publication,
    raw_assets,
    rolling_back,
    runs,
    unchanged,
    warehouse,
)
from orchestration import files as files_module
from orchestration.alerts import alerts_file
from orchestration.commands import nightly
from orchestration.engines import duckdb as engine
from orchestration.files import read_records
from orchestration.publication import current_version, list_versions
from orchestration.raw import load, manifest, objects, pruning, restoring, snapshot
from orchestration.raw.contract import read_contracts
from orchestration.runs import is_held, read_journal, read_journal_with_killed, utc_now
from orchestration.settings import Settings
from orchestration.standing import read_standing
from orchestration.verifying import verify_raw, verify_version
from tests.chaos.quick_commands import BREAKS_THE_TEST, Command, Ended, tieout
from tests.kill_points import leftover_files, signal_at, trace_lines, traced_files
from tests.obeying import obey_modes
from tests.small_landing import BILLING, put, write_landing

TRACED = traced_files(
    *(publication, rolling_back, operating, runs, erasing, warehouse, unchanged, engine, files_module),
    *(manifest, objects, pruning, restoring, load, snapshot, nightly, raw_assets),
)
GOOD = frozenset({"published", "unchanged", "loaded", "rolled_back", "restored"})
# linux/sched.h
CLONE_NEWNS = 0x00020000
# Those that change a home.
COMMANDS: dict[str, tuple[str, ...]] = {
    "nightly": ("nightly",),
    "load": ("load",),
    "backfill": ("backfill", "--from", "2024-01", "--to", "2024-02"),
    "rollback": ("rollback", "--reason", "a try"),
    "restore": ("restore", "billing.coupon"),
    "prune": ("prune", "--disk-budget", "1GB"),
    "erase": ("erase", "--email", "two@example.com"),
}
LOADING = ("nightly", "load", "backfill")


class Loss(AssertionError):
    """Something does not hold that must hold after every fault."""


def customers(*more: str) -> str:
    """The export of customers with some more of these ids."""
    rows = [f"{one},{one}@example.com,2024-02-01T09:00:00Z,usd,2024-03-01T03:00:00Z\n" for one in more]
    return BILLING["customer"] + "".join(rows)


def make_base(folder: Path) -> Settings:
    """A home with three versions, old enough to be pruned, over a raw store with several states."""
    settings = Settings(
        home=folder / "home",
        landing=write_landing(folder / "landing"),
        versions_kept=2,
        version_minimum_age_days=0,
    )
    for night in range(3):
        put(settings.landing, "billing/customer.csv", customers(*(f"cus_1{one}" for one in range(night))))
        put(settings.landing, "billing/coupon.csv", "id\n" + "".join(f"c{one}\n" for one in range(night + 1)))
        ended = tieout(replace(settings, versions_kept=7), "nightly")
        assert ended.code == 0, ended.told
    # What the next night finds.
    put(settings.landing, "billing/customer.csv", customers("cus_20", "cus_21", "cus_22"))
    return settings


def published_customers(settings: Settings) -> list[str]:
    """What readers of the current version see, by the way that they take."""
    return customers_of(settings.current_link)


def customers_of(version: Path) -> list[str]:
    """What a version holds."""
    with duckdb.connect(str(version / engine.WAREHOUSE_FILE_NAME), read_only=True) as connection:
        return [
            row[0] for row in connection.execute("select id from marts.dim_customers order by id").fetchall()
        ]


def landed_customers(settings: Settings) -> list[str]:
    """What a nightly must publish."""
    text = (settings.landing / "billing" / "customer.csv").read_text(encoding="utf-8")
    return sorted(line.partition(",")[0] for line in text.splitlines()[1:])


def lines_of(base: Settings, folder: Path, arguments: Sequence[str]) -> int:
    """How many lines of the project an undisturbed run of a command passes."""
    settings = copied(base, folder)
    counted = folder / "lines"

    def count() -> None:
        last = [0]

        def keep(number: int) -> None:
            last[0] = number

        trace_lines(TRACED, keep)
        exit_ = os._exit

        def write_and_exit(code: int) -> None:
            counted.write_text(str(last[0]), encoding="utf-8")
            exit_(code)

        os._exit = write_and_exit  # type: ignore[assignment]

    ended = tieout(settings, *arguments, prepare=count)
    assert ended.code in (0, 1), ended.told
    return int(counted.read_text(encoding="utf-8"))


def copied(base: Settings, folder: Path) -> Settings:
    """The base in another folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = replace(base, home=folder / "home", landing=folder / "landing")
    shutil.copytree(base.home, settings.home, symlinks=True)
    shutil.copytree(base.landing, settings.landing)
    return settings


# ---- a try


@dataclass
class Trial:
    """One try while it is made.

    Attributes:
        moment: where in the command the fault strikes, from 0 to 1.
        lines: how many lines of the project an undisturbed run of a command passes.
        customers_before, customers_earlier: what readers saw before, and in the version before that.
        notes: what the moment came to, for the report.
    """

    seed: int
    command: str
    fault: str
    moment: float
    settings: Settings
    lines: Callable[[str], int]
    chance: random.Random
    customers_before: list[str] = field(default_factory=list)
    customers_earlier: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the command is given."""
        return COMMANDS[self.command]

    def say(self) -> str:
        """The try in a line."""
        told = f"seed {self.seed}: {self.fault} at {self.moment:.3f} of {self.command}"
        return told + (f" ({', '.join(self.notes)})" if self.notes else "")

    def run(self) -> list[Ended]:
        """Let the fault happen to the command."""
        self.customers_before = published_customers(self.settings)
        self.customers_earlier = customers_of(list_versions(self.settings)[-2].folder)
        return FAULTS[self.fault][1](self)

    # ---- what must hold

    def check(self, ended: Sequence[Ended]) -> None:
        """Raise what does not hold.

        Raises:
            Loss: a reader or the next run meets something that must not be.
        """
        settings = self.settings
        for one in ended:
            self.must("Traceback" not in one.told, f"a traceback:\n{one.told}")
            self.must(one.code >= 0 or one.code == -signal.SIGKILL, f"exit code {one.code}:\n{one.told}")
            self.must(one.code <= 0 or bool(one.told.strip()), f"exit code {one.code} without a word")
        self.check_published()
        self.must(not is_held(settings), "the home is still held")
        told = read_journal_with_killed(settings)
        self.must(all(run.status != "running" for run in told), "a run is told as running")
        read_standing(settings, now=utc_now())
        failed = [run for run in told if run.status not in GOOD]

        self._recover()
        after = read_journal(settings)
        self.must(all(run.status != "running" for run in after), f"a run has no end: {after}")
        raised = {record.get("alert_id") for record in read_records(alerts_file(settings))}
        for run in failed:
            self.must(run.scheduler_run_id in raised, f"no alert tells of {run}")
        self.must(leftover_files(settings.home) == [], f"left behind: {leftover_files(settings.home)}")
        self.must(not operating.leftovers(settings), f"left behind: {operating.leftovers(settings)}")

    def must_be_about_room(self, ended: Ended) -> None:
        """Where there was no room, the person is told so and what makes some."""
        is_told = ended.code == 1 and "prune --disk-budget" in ended.told
        self.must(ended.code == 0 or is_told, f"exit code {ended.code} without advice:\n{ended.told}")

    def check_published(self) -> None:
        """Readers see a whole version, the one before or the one that was to come."""
        current = current_version(self.settings)
        assert current is not None
        for version in list_versions(self.settings):
            verified = verify_version(version)
            self.must(verified.is_whole, f"version {version.name} is not whole: {verified.differences}")
        seen = published_customers(self.settings)
        known = [self.customers_before, landed_customers(self.settings)]
        if self.command == "rollback":
            known.append(self.customers_earlier)
        self.must(seen in known, f"readers see {seen}, which is none of {known}")

    def _recover(self) -> None:
        """The next night, without a hand: it publishes what lies in the landing folder."""
        settings = self.settings
        ended = tieout(settings, "nightly")
        self.must(ended.code == 0, f"the next nightly ended with {ended.code}:\n{ended.told}")
        self.check_published()
        seen = published_customers(settings)
        self.must(seen == landed_customers(settings), f"the next nightly published {seen}")
        verified = verify_raw(settings.raw_dir)
        self.must(verified.is_whole, f"the raw store is not whole: {verified.differences}")
        current = current_version(settings)
        assert current is not None
        blocks = [
            block for block in read_standing(settings, now=utc_now()).blocks if block.kind != "data_stale"
        ]
        self.must(not blocks, f"still blocked: {blocks}")

    def must(self, holds: bool, what: str) -> None:
        """Raise a loss where something does not hold."""
        if not holds:
            raise Loss(f"{self.say()}: {what}")


# ---- faults


def _strike(number: signal.Signals) -> Callable[[Trial], list[Ended]]:
    def strike(trial: Trial) -> list[Ended]:
        line = 1 + int(trial.moment * (trial.lines(trial.command) - 1))
        trial.notes.append(f"line {line}")
        ended = tieout(trial.settings, *trial.arguments, prepare=lambda: signal_at(TRACED, line, number))
        # One that had done its work by then is done.
        expected = {-signal.SIGKILL} if number == signal.SIGKILL else {128 + number}
        if ended.code not in {*expected, 0}:
            raise Loss(f"{trial.say()}: exit code {ended.code} after {number.name}:\n{ended.told}")
        if number != signal.SIGKILL and trial.command not in ("prune", "erase"):
            run = read_journal(trial.settings)[-1:]
            if ended.code and run and run[0].status not in ("interrupted", *GOOD):
                raise Loss(f"{trial.say()}: the run is told as {run[0].status}: {run[0].details}")
        return [ended]

    return strike


def _limit_files(trial: Trial) -> list[Ended]:
    """No file can grow beyond a size: where a file system is full, a write fails in the same way."""
    # From nothing to more than the largest file, most of them small.
    limit = int(10 ** (7 * trial.moment)) - 1
    trial.notes.append(f"files of {limit:,} bytes")

    def forbid() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    ended = tieout(trial.settings, *trial.arguments, prepare=forbid)
    trial.must_be_about_room(ended)
    return [ended]


def can_mount() -> bool:
    """Whether this process may mount small file systems, which containers often forbid.

    It gets a view of the mounts of its own, so that nobody else sees them and none outlives it.
    """
    if os.geteuid() or ctypes.CDLL(None).unshare(CLONE_NEWNS):
        return False
    private = ["mount", "--make-rprivate", "/"]
    return subprocess.run(private, capture_output=True).returncode == 0


@contextlib.contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill_disk(trial: Trial) -> list[Ended]:
    """The home lies on a file system that is full before the command has ended."""
    # A nightly takes its build, the copy and raw objects; where more is free than that, nothing happens.
    free = int(trial.moment**2 * 6_000_000)
    trial.notes.append(f"{free:,} bytes free")
    elsewhere, disk = trial.settings, trial.settings.home.parent / "disk"
    with _small_disk(disk, 1 << 28):
        shutil.copytree(elsewhere.home, disk / "home", symlinks=True)
        trial.settings = replace(elsewhere, home=disk / "home")
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)
        ended = tieout(trial.settings, *trial.arguments)
        trial.must_be_about_room(ended)
        trial.check_published()
        # What makes room works where there is none.
        pruned = tieout(trial.settings, "prune")
        trial.must(pruned.code == 0, f"prune ended with {pruned.code}\n{pruned.told}")
        ballast.unlink()
        trial.check([ended])
    trial.settings = elsewhere
    # Checked while it was there.
    return []


def _be_twice(trial: Trial) -> list[Ended]:
    """Two at once: one waits for nobody, and says who is in its way."""
    commands = [Command(trial.settings, trial.arguments) for _ in range(2)]
    ended = [command.ended() for command in commands]
    if all(one.code for one in ended):
        raise Loss(f"{trial.say()}: both failed\n{ended[0].told}\n{ended[1].told}")
    return ended


def _set_clock_back(trial: Trial) -> list[Ended]:
    days = 1 + int(400 * trial.moment)
    trial.notes.append(f"{days} days back")

    def travel() -> None:
        time_machine.travel(datetime.now(UTC) - timedelta(days=days), tick=True).start()

    ended = tieout(trial.settings, *trial.arguments, prepare=travel)
    if ended.code:
        raise Loss(f"{trial.say()}: exit code {ended.code}\n{ended.told}")
    if trial.command in LOADING and trial.command != "load":
        seen = published_customers(trial.settings)
        trial.must(seen == landed_customers(trial.settings), f"published {seen}")
    return [ended]


def _break_the_test(trial: Trial) -> list[Ended]:
    file = trial.settings.landing / "billing" / "customer.csv"
    whole = file.read_text(encoding="utf-8")
    put(trial.settings.landing, "billing/customer.csv", customers("cus_10", "cus_11", BREAKS_THE_TEST))
    ended = tieout(trial.settings, *trial.arguments)
    trial.must(
        ended.code == 0 if trial.command == "load" else ended.code == 1 and "does not hold" in ended.told,
        f"exit code {ended.code}\n{ended.told}",
    )
    trial.must(published_customers(trial.settings) == trial.customers_before, "what fails is published")
    # Written anew by the export; the loss of a row is within the policy.
    put(trial.settings.landing, "billing/customer.csv", whole)
    return [ended]


def _tear_a_file(trial: Trial) -> list[Ended]:
    """A file as an export leaves it that died: cut anywhere, plain or packed."""
    landing = trial.settings.landing / "billing"
    whole = (landing / "customer.csv").read_bytes()
    name, contents = trial.chance.choice(
        [("customer.csv", whole), ("customer.csv.gz", gzip.compress(whole, mtime=0))]
    )
    cut = 1 + int(trial.moment * (len(contents) - 2))
    trial.notes.append(f"{name} cut after {cut} of {len(contents)} bytes")
    (landing / "customer.csv").unlink()
    (landing / name).write_bytes(contents[:cut])
    ended = tieout(trial.settings, *trial.arguments)
    seen = published_customers(trial.settings)
    # A file of text that ends where a row ends is whole to everybody, and one row less is within the policy.
    rows = contents[:cut].decode(errors="replace").splitlines()[1:] if name.endswith(".csv") else []
    as_it_lies = sorted(row.partition(",")[0] for row in rows)
    trial.must(seen in (trial.customers_before, as_it_lies), f"readers see {seen}")
    if name.endswith(".gz"):
        trial.must(ended.code == 1, f"exit code {ended.code}\n{ended.told}")
    (landing / name).unlink()
    (landing / "customer.csv").write_bytes(whole)
    if seen != trial.customers_before:
        trial.customers_before = seen
    return [ended]


def _let_a_file_grow(trial: Trial) -> list[Ended]:
    """A file that the export is still writing while the command reads."""
    file = trial.settings.landing / "billing" / "customer.csv"
    whole = file.read_bytes()
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.001):
            with file.open("ab") as growing:
                growing.write(b"cus_growing,,,,\n"[: trial.chance.randrange(1, 16)])

    writer = threading.Thread(target=write)
    command = Command(trial.settings, trial.arguments)
    writer.start()
    try:
        ended = command.ended()
    finally:
        stop.set()
        writer.join()
    trial.must(ended.code == 1, f"exit code {ended.code}\n{ended.told}")
    trial.must(published_customers(trial.settings) == trial.customers_before, "half a file is published")
    file.write_bytes(whole)
    return [ended]


def _forbid_writing(trial: Trial) -> list[Ended]:
    """A home that may only be read, by whoever runs the command."""
    home = trial.settings.home
    modes = {path: path.stat().st_mode for path in (home, *home.rglob("*")) if not path.is_symlink()}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    ended = tieout(trial.settings, *trial.arguments, prepare=obey_modes)
    reading = [
        tieout(trial.settings, *arguments, prepare=obey_modes)
        for arguments in (("query", "select id from dim_customers"), ("status",), ("verify", "--all"))
    ]
    looking = tieout(trial.settings, "doctor", prepare=obey_modes)
    for path, mode in modes.items():
        path.chmod(mode)
    trial.must(
        ended.code == 1 and "cannot be written to" in ended.told and "uid" in ended.told,
        f"exit code {ended.code}\n{ended.told}",
    )
    for one in reading:
        trial.must(one.code == 0, f"a reading command ended with {one.code}\n{one.told}")
    trial.must(f"{home} cannot be written to" in looking.told, f"the doctor finds nothing\n{looking.told}")
    return [ended, *reading]


# Which commands a fault can befall, and how.
FAULTS: dict[str, tuple[tuple[str, ...], Callable[[Trial], list[Ended]]]] = {
    "kill": (tuple(COMMANDS), _strike(signal.SIGKILL)),
    "sigterm": (tuple(COMMANDS), _strike(signal.SIGTERM)),
    "ctrl_c": (tuple(COMMANDS), _strike(signal.SIGINT)),
    "no_room_for_a_file": (tuple(COMMANDS), _limit_files),
    "full_disk": (tuple(COMMANDS), _fill_disk),
    "twice": (("nightly", "load", "backfill", "prune"), _be_twice),
    "clock_back": (tuple(COMMANDS), _set_clock_back),
    "failing_test": (LOADING, _break_the_test),
    "torn_file": (LOADING, _tear_a_file),
    "growing_file": (LOADING, _let_a_file_grow),
    "read_only_home": (tuple(COMMANDS), _forbid_writing),
}


# ---- many


def draw(seed: int, only: Sequence[str] = ()) -> tuple[str, str]:
    """The fault and the command of a seed, on every machine; with ``only``, of these faults."""
    chance = random.Random(seed)
    fault = chance.choice([name for name in FAULTS if not only or name in only])
    return fault, chance.choice(FAULTS[fault][0])


@dataclass
class Tally:
    """What came of many tries."""

    tries: int = 0
    losses: list[str] = field(default_factory=list)

    def say(self) -> str:
        """The result in a few lines, with what repeats each loss."""
        told = [f"chaos: tries {self.tries}, losses {len(self.losses)}"]
        return "\n".join([*told, *self.losses])


class Chaos:
    """Makes tries in a folder, each of which follows from its seed."""

    def __init__(self, folder: Path) -> None:
        # What every process would read again for itself.
        read_contracts()
        self._folder = folder
        self._base = make_base(folder / "base")
        self._lines: dict[str, int] = {}
        self._has_small_disks = can_mount()
        self.tally = Tally()

    def _lines_of(self, command: str) -> int:
        if command not in self._lines:
            self._lines[command] = lines_of(self._base, self._folder / "rehearsal", COMMANDS[command])
        return self._lines[command]

    def trial(self, seed: int, only: Sequence[str] = ()) -> Trial:
        """What a seed means."""
        fault, command = draw(seed, only)
        if fault == "full_disk" and not self._has_small_disks:
            # What any user of any machine can have in its place.
            fault = "no_room_for_a_file"
        chance = random.Random(f"moment of {seed}")
        settings = copied(self._base, self._folder / "try")
        return Trial(seed, command, fault, chance.random(), settings, self._lines_of, chance)

    def make(self, seeds: Sequence[int], only: Sequence[str] = (), *, report: bool = False) -> Tally:
        """Make a try of each seed."""
        for seed in seeds:
            trial = self.trial(seed, only)
            self.tally.tries += 1
            outcome = "held"
            try:
                ended = trial.run()
                if ended:
                    trial.check(ended)
            except Exception as error:
                outcome = "LOST"
                self.tally.losses.append(
                    str(error) if isinstance(error, Loss) else f"{trial.say()}: {error!r}"
                )
            if report:
                print(f"{trial.say()}: {outcome}", file=sys.stderr, flush=True)
        return self.tally
