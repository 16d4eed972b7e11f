"""How a run tells people what it is doing: lines in a log, a live line on a terminal, and plain text tables.

Add a new way of showing progress here. What is worth saying belongs to the step that says it; nothing here
decides whether a run succeeded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

from orchestration.logs import WARNING, json_line
from orchestration.settings import JSON_LOGS, TEXT_LOGS

# What a terminal obeys instead of showing it, what turns the direction of the text after it, and halves of
# characters, which come from file names that are no text.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """A text that does no more to a terminal or a log than to be read; line ends and tabs stay."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def on_one_line(text: str) -> str:
    """A name of somebody else's choice (a file's, a column's) as a message can have it."""
    return printable(text.replace("\n", "\\n").replace("\t", "\\t"))


class Reporter(Protocol):
    """Receives what a run has to say while it goes on."""

    def note(self, text: str) -> None:
        """A step has begun or ended, or something is worth knowing."""

    def detail(self, text: str) -> None:
        """What is being worked on right now; only worth a glance."""

    def warn(self, text: str) -> None:
        """Nothing is wrong with the run, but a person should look."""

    def progress(self, text: str, done: int, total: int) -> None:
        """``done`` of ``total`` parts of the running step are finished; ``text`` names the last one."""

    def close(self) -> None:
        """Nothing more will be said."""


class SilentReporter:
    """Says nothing; the run's own log file still has every line."""

    def note(self, text: str) -> None:
        pass

    def detail(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass

    def progress(self, text: str, done: int, total: int) -> None:
        pass

    def close(self) -> None:
        pass


class LineReporter:
    """One plain line per event with its UTC time: what a log file or a scheduler's mail should hold."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last_quarter = 0

    def _write(self, text: str) -> None:
        print(f"{datetime.now(UTC):%H:%M:%S} {printable(text)}", file=self._stream, flush=True)

    def note(self, text: str) -> None:
        self._last_quarter = 0
        self._write(text)

    def detail(self, text: str) -> None:
        """A log holds what happened, not what was looked at."""

    def warn(self, text: str) -> None:
        self._write(f"WARNING: {text}")

    def progress(self, text: str, done: int, total: int) -> None:
        quarter = 4 * done // total if total else 0
        if quarter > self._last_quarter:
            self._last_quarter = quarter
            self._write(f"  {done} of {total}")

    def close(self) -> None:
        self._stream.flush()


class JsonReporter(LineReporter):
    """The same as JSON lines, as ``logs.py`` has them; ``run_id`` is known once the run holds its home."""

    run_id = ""

    def _write(self, text: str) -> None:
        print(json_line(text.strip(), run_id=self.run_id), file=self._stream, flush=True)

    def warn(self, text: str) -> None:
        print(json_line(text, level=WARNING, run_id=self.run_id), file=self._stream, flush=True)


class TerminalReporter:
    """A live progress line below the notes, for a person who watches."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
        from rich.progress import TimeElapsedColumn as ElapsedColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            ElapsedColumn(),
            console=Console(file=stream, highlight=False),
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task("starting", total=None)

    def note(self, text: str) -> None:
        self._progress.console.print(printable(text), markup=False)
        # A new line for a new step: a task cannot forget how many parts the last step had.
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(printable(text[:60]), total=None)

    def detail(self, text: str) -> None:
        self._progress.update(self._task, description=printable(text[:60]))

    def warn(self, text: str) -> None:
        self._progress.console.print(f"WARNING: {printable(text)}", markup=False, style="yellow")

    def progress(self, text: str, done: int, total: int) -> None:
        self._progress.update(
            self._task, description=printable(text[:60]), completed=done, total=total or None
        )

    def close(self) -> None:
        self._progress.stop()


def reporter_for(stream: IO[str] | None = None, log_format: str = TEXT_LOGS) -> Reporter:
    """A live reporter when ``stream`` (standard error by default) is a terminal, else a line per event."""
    stream = stream or sys.stderr
    if log_format == JSON_LOGS:
        return service_reporter(stream, log_format)
    return TerminalReporter(stream) if stream.isatty() else LineReporter(stream)


def service_reporter(stream: IO[str], log_format: str) -> Reporter:
    """A line per event for whoever keeps the output of a service, also where that is a terminal."""
    return JsonReporter(stream) if log_format == JSON_LOGS else LineReporter(stream)


def format_value(value: Any) -> str:
    """One cell as text: exact digits, ISO dates, NULL as an empty cell's sign."""
    if value is None:
        return "NULL"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def format_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    cell_width: int = 60,
    indent: str = "",
    right_aligned: Collection[str] = (),
) -> str:
    """A plain text table with aligned columns, numbers to the right.

    Args:
        columns: the header.
        rows: one sequence of values per row, as long as ``columns``.
        cell_width: longer cells are cut and end in an ellipsis.
        indent: put before every line.
        right_aligned: columns to align like numbers although their cells are texts.
    """

    def cut(text: str) -> str:
        text = on_one_line(text)
        return text if len(text) <= cell_width else text[: cell_width - 1] + "…"

    values = [list(row) for row in rows]
    cells = [[cut(format_value(value)) for value in row] for row in values]
    names = [cut(str(name)) for name in columns]
    widths = [max([len(name), *(len(row[index]) for row in cells)]) for index, name in enumerate(names)]
    numeric = [
        columns[index] in right_aligned
        or (
            any(isinstance(row[index], int | float | Decimal) for row in values)
            and all(row[index] is None or isinstance(row[index], int | float | Decimal) for row in values)
        )
        for index in range(len(columns))
    ]

    def line(texts: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        ]
        return (indent + "  ".join(padded)).rstrip()

    header = line(names)
    rule = indent + "  ".join("-" * width for width in widths)
    return "\n".join([header, rule, *(line(row) for row in cells)])
