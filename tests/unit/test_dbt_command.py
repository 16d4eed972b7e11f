"""How a build in two halves is put together, and what a killed parsing leaves, without running dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration import dbt_command
from orchestration.dbt_command import joined_results, nodes_after_solving
from orchestration.dbt_process import split_commands


def test_only_what_needs_a_solved_table_is_built_after_solving() -> None:
    manifest: dict[str, Any] = {
        "sources": {"source.a": {"source_name": "solved"}, "source.b": {"source_name": "billing"}},
        "nodes": {name: {} for name in ("model.a", "model.a2", "model.b", "test.a", "test.both")},
        "child_map": {
            "source.a": ["model.a"],
            "source.b": ["model.b"],
            "model.a": ["model.a2", "test.a", "unit_test.a"],
            "model.a2": ["test.both"],
            "model.b": ["test.both"],
        },
    }
    assert nodes_after_solving(manifest) == {"model.a", "model.a2", "test.a", "test.both"}


def test_the_results_of_both_halves_are_one() -> None:
    first = {"metadata": {"dbt_version": "1"}, "results": [{"unique_id": "model.a"}], "elapsed_time": 1.5}
    second = {"metadata": {"dbt_version": "1"}, "results": [{"unique_id": "test.a"}], "elapsed_time": 0.5}
    assert joined_results(first, second) == {
        "metadata": {"dbt_version": "1"},
        "results": [{"unique_id": "model.a"}, {"unique_id": "test.a"}],
        "elapsed_time": 2.0,
    }


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["build"], [["build"]]),
        (["build", "-s", "a", "--then", "test"], [["build", "-s", "a"], ["test"]]),
        ([], [[]]),
    ],
)
def test_commands_are_joined_by_then(arguments: list[str], commands: list[list[str]]) -> None:
    assert split_commands(arguments) == commands


def test_what_a_killed_parsing_left_goes_with_the_next_and_one_under_way_stays(tmp_path: Path) -> None:
    left = tmp_path / "parse-left"
    left.mkdir()
    (tmp_path / "parse.txt").touch()
    with dbt_command._parsing(tmp_path):
        assert not left.exists()
        own = tmp_path / "parse-own"
        own.mkdir()
        with dbt_command._parsing(tmp_path):
            assert own.exists()
    assert (tmp_path / "parse.txt").exists()
