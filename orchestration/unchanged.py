"""Whether a nightly has anything to do, answered without the scheduler and without a build.

Starting the scheduler's machinery and letting it write down every asset and check takes far longer than
finding out that nothing changed. Add here what else a version depends on; what a run without work does and
says is in ``warehouse.py``, whichever way it found out.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration import dbt_command, erasing
from orchestration.files import write_json
from orchestration.publication import PublicationError, Version, current_version
from orchestration.raw.landing_state import LandingState, look_at_landing
from orchestration.raw.manifest import Manifest, ManifestError
from orchestration.runs import RunOptions
from orchestration.settings import Settings


def remember_confirmed(
    settings: Settings, version: Version, dependencies: Mapping[str, Any], manifest_records: int
) -> None:
    """Keep that all of the first ``manifest_records`` records of loads is in ``version``, the current one."""
    _remember(
        _confirmed_file(settings),
        {"version": version.name, "manifest_records": manifest_records, **dependencies},
    )


def version_without_news(settings: Settings, options: RunOptions) -> Version | None:
    """The current version if a nightly with these options would publish the same; None where it must run.

    Whatever is in doubt (a file that cannot be opened, a broken link, an erasure that is not finished) is a
    reason to run, because the run tells about it.
    """
    if options != RunOptions():
        return None
    with contextlib.suppress(OSError, ValueError, ManifestError, PublicationError):
        confirmed = json.loads(_confirmed_file(settings).read_text(encoding="utf-8"))
        version = current_version(settings)
        if (
            version is not None
            and confirmed["version"] == version.name
            and confirmed["as_of_date"] is None
            and confirmed["known_at"] is None
            and confirmed["manifest_records"] == len(Manifest.read(settings.raw_dir).records)
            and confirmed["code_fingerprint"] == dbt_command.code_fingerprint()
            and not erasing.is_unfinished(settings)
            # A version that an erasure took its names from is published anew.
            and not version.lacks_names()
            and _is_landing_loaded(settings)
        ):
            return version
    return None


def _is_landing_loaded(settings: Settings) -> bool:
    seen = look_at_landing(settings.raw_dir, settings.landing, before=last_look(settings))
    remember_look(settings, seen)
    return not seen.differences and not seen.problems


# ---- looks at the landing folder


def last_look(settings: Settings) -> LandingState:
    """What the last look at this home's landing folder saw; an empty one where nothing is remembered."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        kept = json.loads(_look_file(settings).read_text(encoding="utf-8"))
        if kept["landing"] == str(settings.landing):
            return LandingState.from_json(kept)
    return LandingState()


def remember_look(settings: Settings, seen: LandingState) -> None:
    """Keep a look, so that the next one opens only the files that are new or changed."""
    _remember(_look_file(settings), {"landing": str(settings.landing), **seen.as_json()})


def _remember(file: Path, value: Mapping[str, Any]) -> None:
    # What is remembered only saves time: a full disk must not make a run fail that has published.
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, value)


def _look_file(settings: Settings) -> Path:
    return settings.home / "cache" / "landing.json"


def _confirmed_file(settings: Settings) -> Path:
    return settings.home / "cache" / "confirmed.json"
