"""Goes back to an earlier published version, and keeps what was gone back from from coming again unasked.

Add here what taking a version back means beyond the switch itself, which is in ``publication.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration import publication
from orchestration.alerts import raise_alert
from orchestration.erasing import finish, mentions_somebody_erased
from orchestration.publication import Version, current_version, list_versions, read_withdrawn, write_withdrawn
from orchestration.reporting import Reporter
from orchestration.runs import (
    ROLLBACK_JOB,
    ROLLED_BACK,
    RunError,
    RunOptions,
    open_run,
    rollback_alert_id,
    utc_now,
)
from orchestration.settings import Settings
from orchestration.verifying import verify_version

# What makes two builds publish the same, see ``warehouse.what_a_version_depends_on``.
DEPENDS_ON = ("inputs_fingerprint", "code_fingerprint", "as_of_date", "known_at")


class NoSuchVersion(ValueError):
    """Nothing is meant by what was asked for; the message says what there is."""


def find_version(settings: Settings, text: str) -> Version:
    """The version that an operator means by its name, its number or the beginning of its name.

    Raises:
        NoSuchVersion: none or several are meant.
    """
    versions = list_versions(settings)
    for meant in (
        [version for version in versions if version.name == text],
        [
            version
            for version in versions
            if text.isascii() and text.isdigit() and version.sequence == int(text)
        ],
        [version for version in versions if text and version.name.startswith(text)],
    ):
        if len(meant) == 1:
            return meant[0]
        if meant:
            names = " and ".join(version.name for version in meant)
            raise NoSuchVersion(f"{text!r} may be {names}; write more of it.")
    known = ", ".join(version.name for version in versions) or "none"
    raise NoSuchVersion(f"There is no version {text!r}. There are: {known}.")


def version_before(settings: Settings) -> Version:
    """The newest version that is older than the current one and was not withdrawn.

    Raises:
        NoSuchVersion: there is none.
    """
    current = current_version(settings)
    if current is None:
        raise NoSuchVersion("Nothing is published yet, so there is nothing to go back from.")
    withdrawn = {record["version"] for record in read_withdrawn(settings)}
    earlier = [
        version
        for version in list_versions(settings)
        if version.sequence < current.sequence and version.name not in withdrawn
    ]
    if not earlier:
        raise NoSuchVersion(f"There is no version before {current.name} any more.")
    return earlier[-1]


def current_if_whole(settings: Settings) -> Version | None:
    """The current version; None also where the link is there and leads nowhere."""
    try:
        return current_version(settings)
    except publication.PublicationError:
        if not settings.current_link.is_symlink():
            raise
        return None


def roll_back(settings: Settings, target: Version, reporter: Reporter, *, reason: str = "") -> Version | None:
    """Let readers see ``target`` instead of the current version, which stays where it is.

    What is withdrawn is written down before the switch: killed between the two, the current version stays
    what it was, and the next run forgets that it was to go. A newer target is a way to undo this, and any
    target mends a link that leads nowhere.

    Returns:
        The version that was current before; None where the link led nowhere.

    Raises:
        RunError: the target is current already, not whole, or names a person who was erased.
        RunRefused: a run holds the home.
    """
    with open_run(settings, RunOptions(), reporter, job=ROLLBACK_JOB) as run, run.step("roll back"):
        publication.clean_up(settings)
        forget_what_never_happened(settings)
        finish(settings, run.note)
        current = current_if_whole(settings)
        if current is not None and current.sequence == target.sequence:
            raise RunError(f"Version {target.name} is current already.")
        if not target.folder.is_dir():
            raise RunError(f"Version {target.name} is not there any more.")
        run.note(f"Verifying version {target.name}")
        verified = verify_version(target)
        if not verified.is_whole:
            found = "\n".join(f"  {line}" for line in verified.differences)
            raise RunError(
                f"Version {target.name} is not what was published, so readers stay where they are:\n{found}"
            )
        if mentions_somebody_erased(settings, target):
            raise RunError(f"Version {target.name} names a person who was erased; it cannot be shown again.")
        run.will_publish(target.name)
        write_withdrawn(settings, _withdrawn_after(settings, current, target, reason, run.run_id))
        publication.switch_back(settings, target)
        left = "a link that led nowhere" if current is None else f"version {current.name}"
        way = "forward" if current is not None and current.sequence < target.sequence else "back"
        run.status, run.summary = ROLLED_BACK, f"Went {way} from {left} to {target.name}."
        run.note(run.summary)
        # While the journal still says that it runs: whoever finds it dead tells instead.
        raise_alert(
            settings,
            alert_id=rollback_alert_id(run.run_id),
            run_id=run.run_id,
            summary=f"Tieout was rolled back: readers see version {target.name} instead of {left}",
            details=reason or "No reason was given.",
            log=str(run.log),
            deliver=False,
        )
        try:
            # A version that names an erased person can go now that nobody sees it.
            finish(settings, run.note)
        except (OSError, publication.PublicationError) as error:
            run.warn(f"An erasure could not be finished: {error}")
    return current


def _withdrawn_after(
    settings: Settings, current: Version | None, target: Version, reason: str, run_id: str
) -> list[dict[str, Any]]:
    """What is withdrawn once the target is current: everything between, and what was before and is older."""
    withdrawn = read_withdrawn(settings)
    # To go forward to a version takes back what was said of it, and of what that rollback passed on its way.
    undone = {record["by_run"] for record in withdrawn if record["version"] == target.name}
    kept = [
        record
        for record in withdrawn
        if record["by_run"] not in undone or record["sequence"] > target.sequence
    ]
    known = {record["version"] for record in kept}
    return kept + [
        {
            "version": version.name,
            "sequence": version.sequence,
            "at": utc_now().isoformat(timespec="seconds"),
            "by_run": run_id,
            "reason": reason,
            "instead": target.name,
            "depends_on": {name: version.record().get(name) for name in DEPENDS_ON},
        }
        for version in list_versions(settings)
        if current is not None
        and target.sequence < version.sequence <= current.sequence
        and version.name not in known
    ]


def forget_what_never_happened(settings: Settings) -> None:
    """Drop what a rollback wrote down that was killed before its switch; the caller holds the home."""
    current = current_if_whole(settings)
    withdrawn = read_withdrawn(settings)
    runs = {record["by_run"] for record in withdrawn if current and record["version"] == current.name}
    if runs:
        write_withdrawn(settings, [record for record in withdrawn if record["by_run"] not in runs])


def withdrawn_like(settings: Settings, dependencies: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest withdrawn version that a build of these inputs and this code would publish again."""
    return next(
        (
            record
            for record in reversed(read_withdrawn(settings))
            if all(record["depends_on"].get(name) == dependencies.get(name) for name in DEPENDS_ON)
        ),
        None,
    )


def take_back_withdrawal(settings: Settings, dependencies: Mapping[str, Any]) -> None:
    """An operator has asked for what was withdrawn, so later runs need no asking."""
    withdrawn = read_withdrawn(settings)
    left = [
        record
        for record in withdrawn
        if any(record["depends_on"].get(name) != dependencies.get(name) for name in DEPENDS_ON)
    ]
    if left != withdrawn:
        write_withdrawn(settings, left)
