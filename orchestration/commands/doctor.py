"""``tieout doctor``: what is wrong with the home, the environment and the landing folder, and what to do."""

from __future__ import annotations

import argparse
import json
import os

from orchestration.commands.base import DONE, FAILED, AddCommand
from orchestration.runs import utc_now
from orchestration.settings import Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    doctor = command(
        "doctor", "Look at the home, the environment and the landing folder, and say what to do about them."
    )
    doctor.add_argument("--json", action="store_true", help="print it for a program")


def run_doctor(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print what was found; 1 when any of it is an error."""
    from orchestration.doctor import ERROR, NOTE, WARNING, examine

    findings = examine(settings, environment=os.environ, now=utc_now())
    if arguments.json:
        print(json.dumps([vars(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        print(f"Home       {settings.home}\nLanding    {settings.landing}")
        for finding in findings:
            print(f"{finding.level:<10} {finding.area}: {finding.text}")
            if finding.to_do:
                print(f"           {finding.to_do}")
        counts = {level: sum(one.level == level for one in findings) for level in (ERROR, WARNING, NOTE)}
        told = ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items())
        print(f"Found      {told}")
    return FAILED if any(finding.level == ERROR for finding in findings) else DONE


COMMANDS = {"doctor": run_doctor}
