"""`tieout dbt`: any dbt command on a sandbox of its own, which no published version can come from."""

from __future__ import annotations

from pathlib import Path

from orchestration.engines import duckdb as engine
from orchestration.publication import list_versions
from orchestration.settings import Settings
from tests.end_to_end.conftest import CommandLine, attempts


def test_a_model_can_be_built_in_the_sandbox_and_nothing_is_published(
    tieout: CommandLine, copied_home: Path
) -> None:
    settings = Settings(home=copied_home, landing=copied_home)
    before = list_versions(settings)
    finished = tieout.run(
        "dbt", "--home", str(copied_home), "--", "build", "--select", "stg_billing__customers"
    )
    assert finished.code == 0, finished.output + finished.errors
    assert "The sandbox is empty" in finished.errors
    rows = engine.read_rows(
        copied_home / "dev" / "warehouse.duckdb", "select count(*) from staging.stg_billing__customers"
    )
    assert rows.values == [(2,)]
    assert list_versions(settings) == before
    assert (copied_home / "dev" / "target" / "manifest.json").is_file()


def test_a_wrong_dbt_command_is_wrong_usage(tieout: CommandLine, tmp_path: Path) -> None:
    assert tieout.run("dbt", "--home", str(tmp_path / "home"), "--", "frobnicate").code == 2


def test_asking_dbt_for_its_version_stays_off_the_network(
    tieout: CommandLine, tmp_path: Path, network_guard: dict[str, str]
) -> None:
    guard = {**network_guard, "TEST_NETWORK_ATTEMPTS": str(tmp_path / "attempts")}
    finished = tieout.run("dbt", "--home", str(tmp_path / "home"), "--", "--version", extra=guard)
    assert finished.code == 0, finished.errors
    assert "installed" in finished.output
    assert "`tieout load`" in finished.errors
    assert attempts(guard) == []
