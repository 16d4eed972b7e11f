"""``tieout daemon`` and ``tieout web``: the scheduler's two processes, each for a service of its own.

On one machine, for a person who watches, ``tieout dev`` starts both. A service becomes Dagster's own process,
so that signals reach it and nothing stands between it and its supervisor; only where logs are JSON it stays
the child of one that writes the lines.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import os
import subprocess
import sys
from collections.abc import Sequence

from orchestration.commands.base import DONE, FAILED, AddCommand, CommandFailed, make_home
from orchestration.commands.dev import read_port
from orchestration.settings import JSON_LOGS, PROJECT_ROOT, Settings

LOOPBACK = "127.0.0.1"
# Valid from seconds on: a page that answers slower than that serves nobody.
CHECK_SECONDS = 20


def add_to(command: AddCommand) -> None:
    """Declare both commands."""
    daemon = command(
        "daemon", "Run the scheduler (nightly, sensors, queue of runs) as a service, until SIGTERM."
    )
    daemon.add_argument(
        "--check",
        action="store_true",
        help="only say whether the home's daemon gives signs of life; 1 if not",
    )
    web = command("web", "Serve the scheduler's page as a service, until SIGTERM.")
    web.add_argument("--host", default=LOOPBACK, help="address to listen on (default: 127.0.0.1)")
    web.add_argument("--port", type=read_port, default=3000, help="(default: 3000)")
    web.add_argument("--read-only", action="store_true", help="a page that shows and starts nothing")
    web.add_argument("--check", action="store_true", help="only say whether the page answers; 1 if not")


def run_daemon(settings: Settings, arguments: argparse.Namespace) -> int:
    """Become the scheduler's daemon."""
    if arguments.check:
        from orchestration.scheduler_instance import check_agreement, configuration_file

        if not configuration_file(settings).exists():
            raise CommandFailed(f"No scheduler has run for {settings.home} yet.")
        check_agreement(settings)
        return _run(settings, ["dagster._daemon", "liveness-check"])
    return _serve(settings, ["dagster._daemon", "run"])


def run_web(settings: Settings, arguments: argparse.Namespace) -> int:
    """Become the scheduler's web server."""
    if arguments.check:
        return _check_page(arguments.host, arguments.port)
    if not _is_loopback(arguments.host):
        print(
            f"WARNING: whoever reaches {arguments.host}:{arguments.port} may start runs: the page has no "
            "login. Put a proxy that asks for one in front of it, or give --read-only.",
            file=sys.stderr,
        )
    return _serve(
        settings,
        [
            *("dagster_webserver", "--host", arguments.host, "--port", str(arguments.port)),
            *(["--read-only"] if arguments.read_only else []),
        ],
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _command(module: Sequence[str]) -> list[str]:
    # Its warnings are advice about its own interfaces.
    return [sys.executable, "-W", "ignore", "-m", *module]


def _serve(settings: Settings, module: Sequence[str]) -> int:
    from orchestration.scheduler_instance import (
        MODULE_NAME,
        check_database,
        prepare_instance_folder,
        scheduler_environment,
    )

    make_home(settings)
    prepare_instance_folder(settings)
    check_database(settings)
    command = [*_command(module), "--module-name", MODULE_NAME]
    environment = scheduler_environment(settings)
    os.chdir(PROJECT_ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    if settings.log_format == JSON_LOGS:
        from orchestration.logs import run_with_json_lines

        return run_with_json_lines([*command, "--log-format", "json"], environment)
    os.execve(command[0], command, environment)  # noqa: S606


def _run(settings: Settings, module: Sequence[str]) -> int:
    from orchestration.scheduler_instance import scheduler_environment

    finished = subprocess.run(
        _command(module), env=scheduler_environment(settings), cwd=PROJECT_ROOT, check=False
    )
    return DONE if finished.returncode == 0 else FAILED


def _check_page(host: str, port: int) -> int:
    wildcard = host in ("0.0.0.0", "::")  # noqa: S104
    connection = http.client.HTTPConnection(LOOPBACK if wildcard else host, port, timeout=CHECK_SECONDS)
    try:
        connection.request("GET", "/server_info")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"The page does not answer: {error}.", file=sys.stderr)
        return FAILED
    finally:
        connection.close()
    print(f"The page answers: {status}.")
    return DONE if status == http.client.OK else FAILED


COMMANDS = {"daemon": run_daemon, "web": run_web}
