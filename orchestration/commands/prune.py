"""``tieout prune``: remove what is older than the company's policies keep."""

from __future__ import annotations

import argparse
import uuid
from datetime import UTC, datetime

from orchestration.commands.base import DONE, AddCommand, CommandFailed
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    prune = command("prune", "Remove what is older than the company's policies keep.")
    prune.add_argument(
        "--raw",
        action="store_true",
        required=True,
        help="raw objects that no state within the policy raw_retention_days needs",
    )
    prune.add_argument("--dry-run", action="store_true", help="only say how much would go")


def run_prune(settings: Settings, arguments: argparse.Namespace) -> int:
    """Remove what the policies no longer keep."""
    from orchestration.raw.load import loaded_policies
    from orchestration.raw.policies import PolicyError, check_policies
    from orchestration.raw.pruning import POLICY, prune, retention_days
    from orchestration.runs import home_lock

    if not settings.raw_dir.exists():
        raise CommandFailed(f"Nothing was loaded into {settings.home} yet.")
    with home_lock(settings, f"pruning-{uuid.uuid4().hex[:8]}"):
        policies = loaded_policies(settings.raw_dir)
        try:
            check_policies(policies)
        except PolicyError as error:
            raise CommandFailed(f"{error} {error.hint}") from error
        days = retention_days(policies)
        if days is None:
            print(f"Everything is kept: the policy {POLICY} is empty.")
            return DONE
        pruned = prune(settings.raw_dir, days, now=datetime.now(UTC), is_rehearsal=arguments.dry_run)
    verb = "Would remove" if arguments.dry_run else "Removed"
    plural = "" if pruned.objects == 1 else "s"
    print(
        f"{verb} {pruned.objects} raw object{plural} ({pruned.size:,} bytes) that "
        f"only states before {pruned.before:%Y-%m-%d %H:%M:%S} UTC needed."
    )
    return DONE


COMMANDS = {"prune": run_prune}
