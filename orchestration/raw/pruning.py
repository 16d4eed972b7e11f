"""Removes raw objects that only states from before the retention period needed.

Add here what else of the raw store may grow old. How long objects stay is the policy ``raw_retention_days``;
what the newest state, or any state within that period, needs is never removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.files import exclusive
from orchestration.raw.manifest import LoadRecord, Manifest
from orchestration.raw.objects import ObjectStore

POLICY = "raw_retention_days"
# What the manifest calls the source of a record about a pruning.
SOURCE = "pruning"


@dataclass(frozen=True)
class Pruned:
    """What a pruning removed, or would remove.

    Attributes:
        before: the first instant whose state can still be had, UTC; None where everything is kept.
        objects: how many objects.
        size: their bytes.
        hashes: which.
    """

    before: datetime | None
    objects: int = 0
    size: int = 0
    hashes: frozenset[str] = frozenset()


def retention_days(policies: Mapping[str, str]) -> int | None:
    """The policy in force, None where everything is kept."""
    text = policies.get(POLICY) or ""
    return int(text) if text.strip() else None


def prune(home_raw: Path, days: int | None, *, now: datetime, is_rehearsal: bool = False) -> Pruned:
    """Remove what no state of the last ``days`` days needs; nothing for None.

    The manifest says from when on states are whole before the first object goes, so that a look further back
    is refused in words. Killed in between, the next pruning removes the rest.

    Args:
        now: with zone.
        is_rehearsal: only count.
    """
    if days is None or not home_raw.exists():
        return Pruned(None)
    with exclusive(home_raw / "lock"):
        manifest, store = Manifest.read(home_raw), ObjectStore(home_raw)
        before = now.astimezone(UTC) - timedelta(days=days)
        doomed = store.hashes() - manifest.objects_needed_since(before)
        size = sum(store.path(one).stat().st_size for one in doomed)
        if is_rehearsal or not doomed:
            return Pruned(before, len(doomed), size, frozenset(doomed))
        # What an earlier pruning removed cannot be had again, however much longer is kept now.
        since = max(before, pruned_before(manifest) or before)
        manifest.append(LoadRecord(manifest.next_instant(now), SOURCE, {}, pruned_before=since))
        for one in doomed:
            store.remove(one)
        return Pruned(before, len(doomed), size, frozenset(doomed))


def pruned_before(manifest: Manifest) -> datetime | None:
    """From when on every state can be had; None where nothing was ever pruned."""
    return max(
        (record.pruned_before for record in manifest.records if record.pruned_before is not None),
        default=None,
    )
