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


@pytest.mark.parametrize(
    "name", ["customer.csv", "Customer.CSV.gz", "customer.parquet", "coupon.xlsx", "customer/2024-01.csv"]
)
def test_a_folder_with_the_name_of_a_file_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    source = found(tmp_path, f"billing/{name}/part-0.csv")
    (problem,) = source.problems
    table = name.partition("/")[0].partition(".")[0].lower()
    assert str(problem).startswith(f"billing/{name}/: this is a folder with the name of a file.")
    assert f"into the folder billing/{table}/." in str(problem)
    assert (problem.table, source.notes) == (table, [])


@pytest.mark.parametrize("name", ["billing/customer.csv", "billing/customer/2024-01.csv", "billing"])
def test_a_link_in_a_circle_is_refused(tmp_path: Path, name: str) -> None:
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(link)
    (problem,) = found(tmp_path).problems
    assert str(problem).startswith(f"{name}: this link leads in a circle.")


def test_a_file_with_the_name_of_a_source_is_refused(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, "billing").problems
    assert str(problem).startswith("billing: this is a file, and a source is a folder of files.")


@pytest.mark.parametrize("name", ["billing/customer.csv", "billing/coupon", "billing"])
def test_a_link_to_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "nowhere")
    (problem,) = found(tmp_path).problems
    assert str(problem).startswith(f"{name}: this link leads nowhere.")


def test_files_of_a_table_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = [f"billing/customer/2024-{month:02}.csv" for month in (11, 2, 7, 1)]
    assert [file.name for file in found(tmp_path, *names).files["customer"]] == sorted(names)
