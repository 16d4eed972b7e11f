"""``tieout dev``: the scheduler and its web page on this machine."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys

from orchestration.commands.base import DONE, AddCommand, CommandFailed, make_home
from orchestration.settings import PROJECT_ROOT, Settings


def add_to(command: AddCommand) -> None:
    """Declare the command."""
    dev = command("dev", "Start the scheduler and its web page on this machine, until Ctrl-C.")
    dev.add_argument(
        "--port", type=read_port, default=3000, help="of the web page on 127.0.0.1 (default: 3000)"
    )


def read_port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 1 to 65535")
    return int(text)


def run_dev(settings: Settings, arguments: argparse.Namespace) -> int:
    """Start the scheduler and wait for its end."""
    from orchestration.scheduler_instance import (
        MODULE_NAME,
        check_database,
        prepare_instance_folder,
        scheduler_environment,
    )

    make_home(settings)
    prepare_instance_folder(settings)
    check_database(settings)
    print(f"Starting the scheduler on http://127.0.0.1:{arguments.port} for {settings.home}; Ctrl-C ends it.")
    sys.stdout.flush()
    # A shell starts background jobs with interrupts ignored, which children inherit; the scheduler ends its
    # own processes by interrupting them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [
            # Its only warning is advice about another of its own commands.
            *(sys.executable, "-W", "ignore", "-m", "dagster", "dev"),
            *("--module-name", MODULE_NAME),
            *("--host", "127.0.0.1", "--port", str(arguments.port)),
        ],
        cwd=PROJECT_ROOT,
        env=scheduler_environment(settings),
        # A group of its own, so that all that it starts can be ended with it.
        start_new_session=True,
    )
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return DONE
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    if code:
        raise CommandFailed(f"The scheduler ended with exit code {code}; what it said is above.")
    return DONE


COMMANDS = {"dev": run_dev}
