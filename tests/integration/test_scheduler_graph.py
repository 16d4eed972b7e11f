"""The asset graph as the scheduler needs it, so that a backfill of any range of months is one run."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.partitions import month_partitions
from orchestration.raw_assets import raw_assets
from orchestration.settings import Settings
from orchestration.warehouse_asset import warehouse_asset
from tests.direct_builds import CompiledProject

SETTINGS = Settings(home=Path("home"), landing=Path("landing"))


@pytest.fixture(scope="module")
def assets(compiled_project: CompiledProject) -> list[dg.AssetsDefinition]:
    return [*raw_assets(SETTINGS), warehouse_asset(SETTINGS, compiled_project.manifest)]


def test_all_assets_have_the_same_months_and_are_loaded_and_published_in_one_run(
    assets: list[dg.AssetsDefinition],
) -> None:
    assert {spec.partitions_def for asset in assets for spec in asset.specs} == {month_partitions(SETTINGS)}
    assert {asset.backfill_policy for asset in assets} == {dg.BackfillPolicy.single_run()}
    # What is declared to be indivisible is looked at once more for each of its parts.
    assert all(asset.can_subset for asset in assets)
