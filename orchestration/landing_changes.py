"""What to do about changed files in the landing folder: wait, nothing, or one run for the months they touch.

Add a reason to wait or to run here. How a look at the folder works is in ``raw/landing_state.py``; that the
scheduler asks every minute is in ``automation.py``.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass

from orchestration.months import MonthRange
from orchestration.partitions import BACKFILL_JOB, NIGHTLY_JOB, known_months, present_month
from orchestration.raw.landing_state import Difference, LandingState, look_at_landing, stamp_landing
from orchestration.raw.problems import LoadError
from orchestration.runs import running_now
from orchestration.settings import Settings
from orchestration.unchanged import last_look, remember_look

# The scheduler gives an answer a minute; what is not opened by then is opened when it asks again.
LOOK_SECONDS = 30.0
# Each month of a run costs the scheduler two events per asset; the nightly finds changed files of any month.
MOST_MONTHS = 12
SHOWN_FILES = 5


@dataclass(frozen=True)
class Answer:
    """What comes of a look.

    Attributes:
        reason: a sentence for the scheduler's page.
        run_key: names the run that is to be started, None where none is.
        job: the job that it is a run of.
        months: what it is started for.
        cursor: what the next look must be given.
    """

    reason: str
    cursor: str
    run_key: str | None = None
    job: str = BACKFILL_JOB
    months: MonthRange | None = None


def answer_changes(
    settings: Settings, cursor: str | None, *, is_busy: bool = False, now: float | None = None
) -> Answer:
    """Look at the landing folder once.

    A file that is not as it was at the last look, or younger than the setting, is still being written. What
    was asked for once is not asked for again: it was loaded, or cannot be until it changes.

    Args:
        cursor: of the last answer, None at first.
        is_busy: the scheduler has a run under way.
        now: seconds since 1970, the machine's clock where it is None.
    """
    asked = _read_cursor(cursor)
    kept = _write_cursor(asked)
    try:
        growing = _growing(settings, time.time() if now is None else now)
        if growing:
            return Answer(f"Still being written: {_named(growing)}.", kept)
        if is_busy or (holder := running_now(settings)):
            return Answer("A run is under way" + ("." if is_busy else f": {holder}."), kept)
        seen = look_at_landing(
            settings.raw_dir, settings.landing, before=last_look(settings), seconds=LOOK_SECONDS
        )
    except (OSError, LoadError) as error:
        return Answer(f"The landing folder cannot be looked at: {error}", kept)
    remember_look(settings, seen)
    if not seen.is_complete:
        return Answer("There are more changed files than can be looked into at once.", kept)
    tokens = [one.token for one in seen.differences]
    news = sorted(set(tokens) - asked)
    # What is no difference any more was loaded; remembering it would only let the cursor grow.
    kept = _write_cursor(set(tokens))
    if not seen.differences:
        return Answer("Every file is loaded." if not seen.problems else seen.problems[0], kept)
    if not news:
        names = _named([one.name for one in seen.differences])
        return Answer(f"Asked for before and not loaded, see that run: {names}.", kept)
    job, months = _what_to_run(settings, seen.differences)
    return Answer(
        reason=f"Changed: {_named([one.name for one in seen.differences])}.",
        cursor=kept,
        run_key=hashlib.sha256(json.dumps(news).encode()).hexdigest(),
        job=job,
        months=months,
    )


def _growing(settings: Settings, now: float) -> list[str]:
    before = last_look(settings)
    stamps = stamp_landing(settings.landing)
    growing = [
        name
        for name, (stamp, written) in stamps.items()
        if before.stamps.get(name) != stamp or 0 <= now - written / 1e9 < settings.landing_settle_seconds
    ]
    if growing:
        remember_look(
            settings,
            LandingState(
                stamps={name: stamp for name, (stamp, _written) in stamps.items()},
                hashes={
                    name: before.hashes[name]
                    for name, (stamp, _written) in stamps.items()
                    if name in before.hashes and before.stamps.get(name) == stamp
                },
            ),
        )
    return growing


def _what_to_run(settings: Settings, differences: Collection[Difference]) -> tuple[str, MonthRange]:
    months = MonthRange.over(one.month for one in differences if one.month)
    present = MonthRange(present_month(), present_month())
    if months is None:
        # Snapshots and increments hold all months, and are loaded whatever the months of a run.
        return BACKFILL_JOB, present
    known = known_months(settings)
    if months.first not in known or months.last not in known or len(months.names) > MOST_MONTHS:
        return NIGHTLY_JOB, present
    return BACKFILL_JOB, months


def _named(files: Collection[str]) -> str:
    names = sorted(files)
    more = f" and {len(names) - SHOWN_FILES} more" if len(names) > SHOWN_FILES else ""
    return ", ".join(names[:SHOWN_FILES]) + more


def _read_cursor(cursor: str | None) -> set[str]:
    try:
        return set(json.loads(cursor or "[]"))
    except (ValueError, TypeError):
        return set()


def _write_cursor(tokens: Collection[str]) -> str:
    return json.dumps(sorted(tokens))
