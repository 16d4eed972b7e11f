"""Tables of policy rows: the project's defaults, and what a company puts in their place.

Only how a row of the company replaces a default. What the rows mean is the business of the oracle that reads
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.oracles.export import Row, read_rows

POLICY_SEEDS = Path(__file__).resolve().parents[2] / "seeds" / "policy"


def read_policy_table(landing: Path, name: str, key: Sequence[str]) -> list[Row]:
    """The rows in force; one of the company's replaces the default of the same key as a whole."""
    rows: dict[tuple[str, ...], Row] = {}
    for folder in (POLICY_SEEDS, landing / "policy"):
        for row in read_rows(folder / f"{name}.csv"):
            rows[tuple(row.get(column, "") for column in key)] = row
    return [*rows.values()]


def plain(text: str | None) -> str:
    """Text as policies compare it: in any case and without blanks around it; nothing is empty."""
    return (text or "").strip().lower()
