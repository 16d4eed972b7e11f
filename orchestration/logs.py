"""What a line of a log looks like, for people (``text``) or programs (``json``), also of Dagster's processes.

A JSON line has ``timestamp`` (UTC, ISO 8601), ``level`` (debug, info, warning, error), ``run_id`` (Tieout's
of a line of a run, the scheduler's of what it says of one, else empty), ``logger`` and ``message``.
Add a field here when a reader of logs cannot do without; what is said belongs to who says it.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from orchestration.settings import JSON_LOGS

DEBUG, INFO, WARNING, ERROR = "debug", "info", "warning", "error"
LEVELS = {"critical": ERROR, "warn": WARNING, "exception": ERROR, "notset": INFO}
# How a line for people begins.
PREFIXES = {WARNING: "WARNING: ", ERROR: "FAILED: "}
RUN_LOGGER = "tieout.run"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What a run's own console says in the scheduler's words: time, logger, level, job, run, process, message.
SCHEDULER_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: [+-]\d{4})?) - (?P<logger>[\w.-]+) - (?P<level>[A-Z]+) - "
    r"(?P<message>(?:\S+ - (?P<run_id>[0-9a-f]{8}-[0-9a-f-]{27}) - )?.*)"
)


def log_line(text: str, log_format: str, *, level: str = INFO, run_id: str = "") -> str:
    """One entry of a run's log."""
    if log_format == JSON_LOGS:
        return json_line(text, level=level, run_id=run_id)
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {PREFIXES.get(level, '')}{text}"


def json_line(
    text: str, *, level: str = INFO, run_id: str = "", logger: str = RUN_LOGGER, at: str | None = None
) -> str:
    """One entry as JSON, of this moment unless ``at`` names another."""
    entry = {
        "timestamp": at or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        "level": level,
        "run_id": run_id,
        "logger": logger,
        "message": text,
    }
    return json.dumps(entry, ensure_ascii=False)


def json_lines(lines: Iterable[str], logger: str) -> Iterator[str]:
    """Every line of a process of Dagster's as JSON of this form; what is it already stays."""
    for line in lines:
        text = COLOUR.sub("", line).rstrip()
        if text:
            yield _as_json(text, logger)


def _as_json(text: str, logger: str) -> str:
    if text.startswith("{"):
        with contextlib.suppress(ValueError):
            entry = json.loads(text)
            if "message" in entry and "timestamp" in entry:
                return text
            if "event" in entry:
                return _from_structlog(entry, logger)
    match = SCHEDULER_LINE.fullmatch(text)
    if match is None:
        return json_line(text, logger=logger)
    return json_line(
        match["message"],
        level=_level(match["level"]),
        run_id=match["run_id"] or "",
        logger=match["logger"],
        at=_utc(match["at"]),
    )


def _from_structlog(entry: Mapping[str, Any], logger: str) -> str:
    said = "\n".join(str(entry[name]) for name in ("event", "exception", "stack") if entry.get(name))
    return json_line(
        said,
        level=_level(str(entry.get("level", INFO))),
        logger=str(entry.get("logger") or logger),
        at=_utc(str(entry["timestamp"])) if entry.get("timestamp") else None,
    )


def _level(name: str) -> str:
    return LEVELS.get(name.lower(), name.lower())


def _utc(text: str) -> str | None:
    """A moment as JSON lines have it; None for one that cannot be read."""
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return None


def run_with_json_lines(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a service whose every line, and that of its children, is written as JSON; its exit code.

    Signals that end this process are passed on, and it ends when the last child has said its last word.
    """
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    assert process.stdout is not None
    for line in json_lines(process.stdout, "dagster"):
        print(line, file=sys.stdout, flush=True)
    return process.wait()
