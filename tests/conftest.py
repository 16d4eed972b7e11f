"""What every kind of test shares: a published warehouse of any landing folder, and the example company's.

Add a fixture here only when two folders of tests need it. The example company is published by the command
line; how other folders are, in a fraction of the time, is in ``tests/direct_builds.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.direct_builds import CompiledProject, compile_project, publish, shared

PROJECT_ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_LANDING = PROJECT_ROOT / "seeds"

# The same examples in every run: a failure is one of the change at hand.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


# What must be found nowhere; the names are those under which programs are given secrets.
CANARIES = {
    name: f"canary-{number}-Zq7w"
    for number, name in enumerate(
        (
            *("AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "SLACK_TOKEN", "DBT_ENV_SECRET_TOKEN", "GITHUB_TOKEN"),
            *("DATABASE_URL", "DAGSTER_CLOUD_API_TOKEN", "MOTHERDUCK_TOKEN", "SMTP_PASSWORD", "ANYTHING"),
        )
    )
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the long run of ``tests/chaos`` is given."""
    parser.addoption("--chaos-seed", type=int, default=1, help="seed of the first try; the others count on")
    parser.addoption("--chaos-tries", type=int, default=100, help="how many tries pytest -m chaos makes")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what came of the tries of ``tests/chaos``, also where all is well."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, value in report.user_properties:
                    if name == "chaos":
                        terminalreporter.write_line(value)


@pytest.fixture(scope="session")
def compiled_project(tmp_path_factory: pytest.TempPathFactory) -> CompiledProject:
    """The dbt project with the SQL that dbt compiles it to."""
    return CompiledProject(shared(tmp_path_factory, "compiled_project", compile_project))


@pytest.fixture(scope="session")
def build_warehouse(
    compiled_project: CompiledProject, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Publishes a landing folder without dbt and gives the published file; the same request is built once."""
    built: dict[tuple[Path, str | None], Path] = {}

    def build(landing: Path, *, as_of: str | None = None) -> Path:
        if (landing, as_of) not in built:
            home = tmp_path_factory.mktemp("home")
            day = None if as_of is None else date.fromisoformat(as_of)
            built[landing, as_of] = publish(compiled_project, landing, home, as_of=day)
        return built[landing, as_of]

    return build


@pytest.fixture(scope="session")
def example_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of the example company, by the nightly as an operator would call it."""

    def run_nightly(home: Path) -> None:
        command = [sys.executable, "-m", "orchestration.cli", "nightly"]
        command += ["--landing", str(EXAMPLE_LANDING), "--home", str(home)]
        settings = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        # As carelessly as it can be started: everything open, and secrets of other programs around.
        run = subprocess.run(
            command, cwd=PROJECT_ROOT, env={**settings, **CANARIES}, umask=0, capture_output=True, text=True
        )
        assert run.returncode == 0, f"nightly ended with {run.returncode}\n{run.stdout}\n{run.stderr}"

    return shared(tmp_path_factory, "example_home", run_nightly) / "current" / "warehouse.duckdb"
