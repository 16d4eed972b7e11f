"""The controls of a changed export of the example company.

Add here how a build is made and read when several tests of controls need it. The controls are built alone,
which is quicker than a publication and shows them whether they tie or not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration.engines import duckdb as engine
from tests.conftest import PROJECT_ROOT
from tests.direct_builds import CompiledProject, build_models


def run_tieout(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """``tieout`` as an operator would call it, without the settings of this machine."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
    command = [sys.executable, "-m", "orchestration.cli", arguments[0], "--home", str(home), *arguments[1:]]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=settings, capture_output=True, text=True)


def build_controls(project: CompiledProject, landing: Path, home: Path) -> Path:
    """The controls of a landing folder, without the tests of models: the built file."""
    return build_models(project, landing, home, ["fct_controls_by_period", "fct_control_differences"])


def read_rows(warehouse: Path, sql: str) -> list[dict[str, Any]]:
    """The rows of a query by column name."""
    rows = engine.read_rows(warehouse, sql)
    return [dict(zip(rows.columns, values, strict=True)) for values in rows.values]
