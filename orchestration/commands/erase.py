"""``tieout erase``: take a person out of everything under the home."""

from __future__ import annotations

import argparse
from typing import Any

from orchestration.commands.base import DONE, AddCommand, CommandFailed, UsageError
from orchestration.reporting import format_table
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    erasure = command(
        "erase", "Take a person out of everything under the home, and keep the person out of later loads."
    )
    erasure.add_argument(
        "--contact", metavar="ID", nargs="+", action="extend", default=[], help="id of a card in the CRM"
    )
    erasure.add_argument(
        "--email", metavar="ADDRESS", nargs="+", action="extend", default=[], help="an address of the person"
    )
    erasure.add_argument(
        "--customer", metavar="ID", nargs="+", action="extend", default=[], help="id of a billing customer"
    )
    erasure.add_argument("--dry-run", action="store_true", help="only list what is held of the person")


def run_erase(settings: Settings, arguments: argparse.Namespace) -> int:
    """Erase the person, or list what is held."""
    from orchestration.erasing import erase, is_unfinished
    from orchestration.raw.people import RegistryError, exact_address

    if not (arguments.contact or arguments.email or arguments.customer):
        raise UsageError("tieout erase: say who, with --contact ID, --email ADDRESS or --customer ID.")
    for address in arguments.email:
        if exact_address(address) is None:
            raise UsageError(f"--email {address}: this is no e-mail address.")
    try:
        traces = erase(
            settings,
            contacts=arguments.contact,
            addresses=arguments.email,
            customers=arguments.customer,
            is_rehearsal=arguments.dry_run,
        )
    except RegistryError as error:
        raise CommandFailed(str(error)) from error
    _print_traces(traces, arguments.dry_run)
    if arguments.dry_run:
        print("\nNothing was changed.")
        return DONE
    if is_unfinished(settings):
        print(
            "\nThe version that readers see, or the scheduler's history while another program holds it, may "
            "still mention the person. That ends with the next publication: tieout nightly --force"
        )
    elif traces.restricted:
        print("\nThe next `tieout nightly` publishes what names people anew, without this person.")
    return DONE


def _print_traces(traces: Any, is_rehearsal: bool) -> None:
    """Where a person is held; who it is only for the person who is about to decide."""
    person = traces.person
    ids = [f"{kind} {one}" for kind, found in person.ids.items() for one in sorted(found)]
    print(f"Own rows   {', '.join(ids)}")
    if is_rehearsal:
        names = sorted(" ".join(name) for name in person.names)
        numbers = [f"...{number}" for number in sorted(person.numbers)]
        print(f"Known as   {', '.join([*names, *sorted(person.mailboxes), *numbers]) or 'nothing'}")
    verb = "holds" if is_rehearsal else "held"
    if traces.held:
        print(f"\nThe raw store {verb}")
        columns = ["table", "file", "loaded (UTC)", "rows"]
        rows = [
            [f"{one.source}.{one.table}", one.file, f"{one.loaded_at:%Y-%m-%d %H:%M:%S}", str(one.rows)]
            for one in traces.held
        ]
        print(format_table(columns, rows, right_aligned=["rows"]))
        print("What lies in the landing folder is yours; later loads leave the person out.")
    for title, places in (
        ("Versions with a file that names people (removed whole)", traces.restricted),
        ("Published tables that mention the person", traces.mentions),
        ("Private builds (emptied whole)", traces.builds),
        ("Logs and records that mention the person", traces.texts),
    ):
        if places:
            print(f"\n{title}\n" + "\n".join(f"  {place}" for place in places))


COMMANDS = {"erase": run_erase}
