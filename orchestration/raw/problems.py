"""What can be wrong with a landing folder, told so that a person can act on it.

Add a field here when a reader can say more precisely where a problem sits. Bad cells that only send their row
to quarantine are ``BadCell``; whatever stops a source from loading is a ``Problem``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestration.reporting import on_one_line

if TYPE_CHECKING:
    from orchestration.raw.load import LoadResult

VALUE_LENGTH = 200
# Stands in messages for a value that may name a person; the quarantine, which is private, keeps it.
HIDDEN = "(not shown, it may name a person)"
# A day, a number that is too short to be a telephone's, or what stands for nothing: what is usually wrong in
# a column that is not text. Any other word may be a name.
_SHOWABLE = re.compile(
    r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ][0-9:.Z+-]*)?|[-+]?[0-9.,]{1,7}|"
    r"(?i:[a-z]|true|false|yes|no|null|none|nan|n/a|na|unknown|tbd|soon|never|today|high|medium|low)"
)


def shortened(value: str | None) -> str | None:
    """A cell's text, cut to what a report can show."""
    return value if value is None or len(value) <= VALUE_LENGTH else value[:VALUE_LENGTH]


def told(value: str | None, *, is_of_people: bool) -> str | None:
    """A cell's text as messages, which go to logs, alerts and mail, may have it.

    Args:
        is_of_people: whether the table has columns that name people; where columns are swapped, any may.
    """
    if value is None or not is_of_people or _SHOWABLE.fullmatch(value):
        return shortened(value)
    return HIDDEN


@dataclass(frozen=True)
class BadCell:
    """One cell that breaks the contract; its row is held back.

    Attributes:
        line: physical line in a text file (1 is the header's first line); row number in Parquet (1 is the
        first data
            row) and in a sheet (as the sheet numbers them).
        column: name in the contract, or None where the row as a whole is broken.
        value: the offending text, at most 200 characters; None is a missing value.
        reason: why it cannot be read.
    """

    line: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Problem:
    """One reason why a source was not loaded; ``str()`` of it is one readable line."""

    source: str
    table: str | None = None
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    reason: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = [self.file or ".".join(part for part in (self.source, self.table) if part)]
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column is not None:
            place.append(f"column {on_one_line(self.column)}")
        if self.value is not None:
            place.append(f"value {shortened(self.value)!r}")
        return f"{', '.join(place)}: {self.reason}" + (f" {self.hint}" if self.hint else "")


class LoadError(Exception):
    """Something could not be loaded.

    Attributes:
        problems: every reason that was found, in landing order.
        result: what the load did nevertheless (other sources may have been loaded), or None when it never
        began.
    """

    def __init__(self, problems: Sequence[Problem], result: LoadResult | None = None) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)
        self.result = result


class UnreadableFileError(Exception):
    """A file as a whole cannot be read; the load makes it a ``Problem`` with source, table and file."""

    def __init__(
        self,
        reason: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.problem = Problem(
            source="", line=line, column=column, value=shortened(value), reason=reason, hint=hint
        )

    def located(self, source: str, table: str, file: str) -> Problem:
        """The problem with the place that only the caller knows."""
        return replace(self.problem, source=source, table=table, file=file)
