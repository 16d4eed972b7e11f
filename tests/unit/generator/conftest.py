"""The example company's tables for the generator's tests: once as generated rows, once as the committed text.

Put data here that several test modules read. Checks belong in ``consistency`` and the tests themselves.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.unit.generator.consistency import Tables

SEEDS = Path(__file__).resolve().parents[3] / "seeds"


def read_tables(folder: Path) -> Tables:
    """All CSV files of a source folder: table name to rows, each a dict of text."""
    tables: Tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


@pytest.fixture(scope="session")
def billing() -> Tables:
    """The committed billing tables; tests must not change them."""
    return read_tables(SEEDS / "billing")


@pytest.fixture(scope="session")
def ledger() -> Tables:
    """The committed ledger tables; tests must not change them."""
    return read_tables(SEEDS / "ledger")


@pytest.fixture(scope="session")
def crm() -> Tables:
    """The committed CRM tables; tests must not change them."""
    return read_tables(SEEDS / "crm")
