"""The entry of the command line ``tieout``: the places, the list of commands, and how a failure ends.

Add a command as a module of ``commands`` and to ``MODULES`` here. What all commands have in common is here:
the arguments ``--home`` and ``--landing``, signals, and the exit codes: 0 done, 1 not done because something
failed, 2 what was typed means nothing (an unknown argument, table or version), 130 and 143 ended by Ctrl-C
and SIGTERM before it was done.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from orchestration.commands import (
    alerts,
    backfill,
    dbt,
    dev,
    doctor,
    erase,
    explain,
    nightly,
    prune,
    query,
    restore,
    serve,
    status,
    versions,
)
from orchestration.commands.base import (
    DONE,
    FAILED,
    USAGE,
    CommandFailed,
    Run,
    UsageError,
    keep_traceback,
    one_line,
)
from orchestration.files import keep_others_from_writing
from orchestration.home_format import HomeTooNew, check_format
from orchestration.reporting import printable
from orchestration.runs import RunError
from orchestration.settings import Settings, SettingsError
from orchestration.storage_trouble import HomeNotWritable, what_to_do

# In the order of the help.
MODULES = (
    nightly,
    backfill,
    dbt,
    status,
    alerts,
    doctor,
    versions,
    query,
    explain,
    erase,
    restore,
    prune,
    dev,
    serve,
)
COMMANDS: dict[str, Run] = {name: run for module in MODULES for name, run in module.COMMANDS.items()}


def build_parser() -> argparse.ArgumentParser:
    """The arguments of all commands; ``--home`` and ``--landing`` may stand before or after the command."""
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="everything Tieout writes (default: ./warehouse)",
    )
    places.add_argument(
        "--landing",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the folder with the exports (default: ./seeds)",
    )
    parser = argparse.ArgumentParser(
        prog="tieout",
        description="Subscription metrics that tie out: load exports, build and test the warehouse, publish.",
        epilog=(
            "Exit codes: 0 done, 1 something failed and nothing was published, 2 wrong usage, 130 and 143 "
            "ended by Ctrl-C and SIGTERM."
        ),
        parents=[places],
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return subparsers.add_parser(name, help=text, description=text, parents=[places], allow_abbrev=False)

    for module in MODULES:
        module.add_to(command)
    return parser


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _noting_signals() -> Iterator[Callable[[], int]]:
    """Answers which signal has come to end the process, 0 for none, whoever handles signals meanwhile.

    The scheduler puts handlers of its own in place while it executes, which do not tell one from the other.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def come() -> int:
        with contextlib.suppress(BlockingIOError):
            for number in os.read(reading, 4096):
                if number in (signal.SIGINT, signal.SIGTERM):
                    return number
        return 0

    try:
        yield come
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(
            home=getattr(parsed, "home", None), landing=getattr(parsed, "landing", None)
        )
    except SettingsError as error:
        print(f"tieout: {error}", file=sys.stderr)
        return USAGE
    # Of the scheduler, too, which is started from here.
    keep_others_from_writing()
    # What ends a service must end a run the way Ctrl-C does: children stopped, nothing published, the home
    # released.
    signal.signal(signal.SIGTERM, _interrupt)
    with _noting_signals() as signal_that_came:
        code = _run(settings, parsed)
        number = signal_that_came()
    # What was done all the same is done.
    return 128 + number if number and code == FAILED else code


def _run(settings: Settings, parsed: argparse.Namespace) -> int:
    try:
        if parsed.command != "doctor":
            check_format(settings)
        code = COMMANDS[parsed.command](settings, parsed)
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"tieout: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("tieout: interrupted.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of the output has seen enough (`tieout query ... | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if _is_for_people(error):
            print(f"tieout: {printable(str(error))}", file=sys.stderr)
            return FAILED
        if advice := what_to_do(error, settings.home):
            print(f"tieout: {one_line(error)}. {advice}", file=sys.stderr)
            return FAILED
        path = keep_traceback(settings.home)
        message = printable(one_line(error))
        print(f"tieout: {type(error).__name__}: {message} (details: {path})", file=sys.stderr)
        return FAILED


def _is_for_people(error: Exception) -> bool:
    """Whether the message was written to be read as it is."""
    from orchestration.publication import PublicationError

    return isinstance(error, CommandFailed | HomeNotWritable | HomeTooNew | PublicationError | RunError)


if __name__ == "__main__":
    sys.exit(main())
