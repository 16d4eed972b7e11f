"""The operator's own command, which gets the alert as JSON on its standard input.

What a command line may be is decided here. Its arguments may hold a token, so only the program's name is ever
repeated.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile

from orchestration.alerting.channels import DeliveryFailed, scrub
from orchestration.alerting.message import Message

# Valid from a second to minutes. A command that hangs would keep other alerts back.
COMMAND_SECONDS = 60.0
# Of what it said, enough for the reason.
SAID_BYTES = 2_000
# Words of an argument that may be a token; shorter ones are options and words.
LONG_WORD = re.compile(r"[^\s'\"=,;:]{8,}")


class CommandChannel:
    """A command line; exit code 0 says that somebody was told."""

    name = "command"

    def __init__(self, command: str) -> None:
        self._command = command

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self._command)
        except ValueError as error:
            raise DeliveryFailed(
                f"TIEOUT_ALERT_COMMAND cannot be read: {error}.", is_temporary=False
            ) from None
        if not words:
            raise DeliveryFailed("TIEOUT_ALERT_COMMAND is blank.", is_temporary=False)
        return words

    def problems(self) -> list[str]:
        try:
            program = self._words()[0]
        except DeliveryFailed as error:
            return [f"{error} Write it as for a shell."]
        if shutil.which(program) is None:
            return [
                f"TIEOUT_ALERT_COMMAND: {program!r} is no program that can be run. Give its whole path, and "
                "make it executable."
            ]
        return []

    def warnings(self) -> list[str]:
        return []

    def send(self, message: Message, *, seconds: float) -> str:
        words = self._words()
        program = words[0]
        # A file takes what it says: a pipe would stay open as long as anything that it has started.
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    # A group of its own, so that all that it starts can be ended with it.
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or "it cannot be started"
                raise DeliveryFailed(f"{program}: {why}.", is_temporary=False) from None
            alert = json.dumps(message.record, ensure_ascii=False, default=str).encode("utf-8", "replace")
            try:
                process.communicate(alert, timeout=min(seconds, COMMAND_SECONDS))
            except subprocess.TimeoutExpired:
                # What hangs is not tried again at once.
                raise DeliveryFailed(
                    f"{program}: not done after {min(seconds, COMMAND_SECONDS):.0f} seconds, and ended.",
                    is_temporary=False,
                ) from None
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if process.returncode == 0:
                return "exit code 0"
            said.seek(0)
            secrets = [long for word in words[1:] for long in (word, *LONG_WORD.findall(word))]
            text = scrub(said.read(SAID_BYTES).decode("utf-8", "replace").strip(), secrets)
        # A signal's number is negative.
        raise DeliveryFailed(f"{program}: exit code {process.returncode}: {text}", is_temporary=True)
