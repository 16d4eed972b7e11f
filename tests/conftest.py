"""What every kind of test shares: a published warehouse of any landing folder, built as by an operator.

Add a fixture here only when two folders of tests need it. Nothing here imports the project: it is run by its
command line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

PROJECT_ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_LANDING = PROJECT_ROOT / "seeds"

# The same examples in every run: a failure is one of the change at hand.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def build_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Runs the nightly on a landing folder and gives the published file; the same request is built once."""
    built: dict[tuple[Path, str | None], Path] = {}

    def build(landing: Path, *, as_of: str | None = None) -> Path:
        if (landing, as_of) not in built:
            home = tmp_path_factory.mktemp("home")
            command = [sys.executable, "-m", "orchestration.cli", "nightly"]
            command += ["--landing", str(landing), "--home", str(home)]
            command += ["--as-of", as_of] if as_of else []
            settings = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
            run = subprocess.run(command, cwd=PROJECT_ROOT, env=settings, capture_output=True, text=True)
            assert run.returncode == 0, f"nightly ended with {run.returncode}\n{run.stdout}\n{run.stderr}"
            built[landing, as_of] = home / "current" / "warehouse.duckdb"
        return built[landing, as_of]

    return build


@pytest.fixture(scope="session")
def example_warehouse(build_warehouse: Callable[..., Path]) -> Path:
    """The published file of the example company."""
    return build_warehouse(EXAMPLE_LANDING)
