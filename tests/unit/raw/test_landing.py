"""Which file names mean which table, month or increment.

Add a case when a naming rule is added. What happens to the files is in the integration tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.raw.contract import read_contracts
from orchestration.raw.landing import LandingSource, find_files

BILLING = read_contracts()["billing"]


def found(folder: Path, *names: str) -> LandingSource:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return find_files(folder, BILLING)


@pytest.mark.parametrize(
    ("name", "kind", "slot", "extension"),
    [
        ("billing/customer.csv", "snapshot", "", ".csv"),
        ("billing/customer.csv.gz", "snapshot", "", ".csv.gz"),
        ("Billing/Customer.PARQUET", "snapshot", "", ".parquet"),
        ("billing/customer/2024-01.xlsx", "month", "2024-01", ".xlsx"),
        ("billing/CUSTOMER/2024-12.csv", "month", "2024-12", ".csv"),
        ("billing/customer/2024-13.csv", "increment", "2024-13", ".csv"),
        ("billing/customer/2024-01-15.csv", "increment", "2024-01-15", ".csv"),
        ("billing/customer/Delta.csv.gz", "increment", "delta", ".csv.gz"),
    ],
)
def test_a_file_is_known_by_its_place_and_name(
    tmp_path: Path, name: str, kind: str, slot: str, extension: str
) -> None:
    (file,) = found(tmp_path, name).files["customer"]
    assert (file.kind, file.slot, file.extension, file.name) == (kind, slot, extension, name)


@pytest.mark.parametrize(
    "name",
    ["billing/customer.xls", "billing/customer.csv.zip", "billing/customers.csv", "billing/customer/a.txt"],
)
def test_a_file_that_fits_no_rule_is_noted_and_left_alone(tmp_path: Path, name: str) -> None:
    source = found(tmp_path, name)
    assert not source.files
    assert not source.problems
    assert [note.partition(": ")[0] for note in source.notes] == [name]


@pytest.mark.parametrize(
    "name", ["billing/.customer.csv", "billing/~$customer.xlsx", "billing/customer/.DS_Store"]
)
def test_hidden_files_are_no_files(tmp_path: Path, name: str) -> None:
    source = found(tmp_path, name)
    assert (dict(source.files), source.notes, source.problems) == ({}, [], [])


@pytest.mark.parametrize(
    "names",
    [
        ("billing/customer.csv", "billing/customer/a.csv"),
        ("billing/customer.csv", "billing/customer.xlsx"),
        ("billing/customer.csv", "billing/Customer.csv.gz"),
        ("billing/customer/2024-01.csv", "billing/customer/2024-01.parquet"),
        ("billing/customer/a.csv", "billing/customer/A.csv"),
    ],
)
def test_two_files_that_say_the_same_thing_are_a_contradiction(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    (problem,) = found(tmp_path, *names).problems
    assert problem.table == "customer"
    assert {problem.file} < set(names)


def test_two_folders_of_one_source_are_a_contradiction(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, "billing/customer.csv", "Billing/price.csv").problems
    assert "Billing/ and billing/ both hold this source" in str(problem)


def test_files_of_a_table_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = [f"billing/customer/2024-{month:02}.csv" for month in (11, 2, 7, 1)]
    assert [file.name for file in found(tmp_path, *names).files["customer"]] == sorted(names)
