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
    dev.add_argument("--port", type=_port, default=3000, help="of the web page on 127.0.0.1 (default: 3000)")


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 1 to 65535")
    return int(text)


def run_dev(settings: Settings, arguments: argparse.Namespace) -> int:
    """Start the scheduler and wait for its end."""
    from orchestration.automation import prepare_instance_folder

    make_home(settings)
    prepare_instance_folder(settings)
    print(f"Starting the scheduler on http://127.0.0.1:{arguments.port} for {settings.home}; Ctrl-C ends it.")
    sys.stdout.flush()
    # A shell starts background jobs with interrupts ignored, which children inherit; the scheduler ends its
    # own processes by interrupting them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [
            # Its only warning is advice about another of its own commands.
            *(sys.executable, "-W", "ignore", "-m", "dagster", "dev"),
            *("--module-name", "orchestration.definitions"),
            *("--host", "127.0.0.1", "--port", str(arguments.port)),
        ],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            **settings.environment(),
            "DAGSTER_HOME": str(settings.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        },
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
