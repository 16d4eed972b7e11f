"""Every linter of the project as a test, so that one command runs them all: Python, types, SQL and YAML.

Add a linter here and its settings to ``pyproject.toml``. Rules that no linter knows are in
``dbt_project/test_project_rules``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import DBT_PROJECT_DIR, PROJECT_ROOT, dbt_environment

SQL_FOLDERS = ["models", "tests/input_rules", "tests/reconciliations"]

LINTERS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "yamllint": ["yamllint", "--strict", "."],
    "sqlfluff": [
        *("tests.lint_sql", "lint", "--disable-progress-bar", "--processes", "1"),
        *(str(DBT_PROJECT_DIR.relative_to(PROJECT_ROOT) / folder) for folder in SQL_FOLDERS),
    ],
}


def run(command: list[str], into: Path) -> subprocess.CompletedProcess[str]:
    """A linter's result; whatever it writes beside its answer goes below ``into``."""
    # sqlfluff compiles the project with dbt, which asks for paths but reads nothing of them.
    dbt = dbt_environment(raw_snapshot=into / "raw", warehouse_file=into / "warehouse.duckdb")
    folders = {"DBT_TARGET_PATH": str(into / "target"), "DBT_LOG_PATH": str(into / "logs")}
    caches = {"MYPY_CACHE_DIR": str(PROJECT_ROOT / ".mypy_cache")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT_ROOT,
        env={**os.environ, **dbt, **folders, **caches},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", LINTERS)
def test_linter_finds_nothing(name: str, tmp_path: Path) -> None:
    result = run(LINTERS[name], tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


DANGEROUS = {
    "S102": "exec('1')",
    "S103": "import os\nos.chmod('a', 0o777)",
    "S104": "HOST = '0.0.0.0'",
    "S301": "import pickle\npickle.loads(b'')",
    "S306": "import tempfile\ntempfile.mktemp()",
    "S307": "eval('1')",
    "S310": "import urllib.request\nurllib.request.urlopen(input())",
    "S314": "import xml.etree.ElementTree as tree\ntree.parse('a')",
    "S324": "import hashlib\nhashlib.md5(b'')",
    "S501": "import requests\nrequests.get('https://a', verify=False, timeout=1)",
    "S506": "import yaml\nyaml.load('a', Loader=yaml.Loader)",
    "S602": "import subprocess\nsubprocess.run(input(), shell=True)",
    "S605": "import os\nos.system(input())",
    "S202": "import tarfile\ntarfile.open('a').extractall()",
}


def test_the_python_linter_knows_what_is_dangerous(tmp_path: Path) -> None:
    for rule, code in DANGEROUS.items():
        (tmp_path / f"{rule}.py").write_text(code + "\n", encoding="utf-8")
    command = ["ruff", "check", "--config", "pyproject.toml", "--output-format", "json", "--no-cache"]
    found: dict[str, set[str]] = {}
    for violation in json.loads(run([*command, str(tmp_path)], tmp_path).stdout):
        found.setdefault(Path(violation["filename"]).stem, set()).add(violation["code"])
    assert {rule for rule in DANGEROUS if rule not in found.get(rule, set())} == set()


def test_every_sql_folder_is_linted() -> None:
    folders = {path.relative_to(DBT_PROJECT_DIR).parent for path in DBT_PROJECT_DIR.rglob("*.sql")}
    # Macros and generic tests hold parts of statements, which sqlfluff cannot read alone.
    parts = {Path("macros"), Path("tests/generic")}
    unread = {
        str(folder)
        for folder in folders - parts
        if "target" not in folder.parts and not any(folder.is_relative_to(linted) for linted in SQL_FOLDERS)
    }
    assert not unread


def test_sqlfluff_knows_the_house_style(tmp_path: Path) -> None:
    broken = {
        "CP01": "SELECT a FROM model_a\n",
        "AL06": "select a.b from model_a as a\n",
        "AL01": "select model_a.b from model_a inner join model_b other on model_a.c = other.c\n",
        "CV01": "select a from model_a where b != 1\n",
        "CV11": "select a::integer as b from model_a\n",
        "LT04": "select\n    a\n    , b\nfrom model_a\n",
        "LT05": f"select {'a' * 90} from model_a\n",
    }
    for rule, sql in broken.items():
        (tmp_path / f"{rule}.sql").write_text(sql)
    command = ["sqlfluff", "lint", "--config", "pyproject.toml", "--templater", "raw", "--format", "json"]
    result = run([*command, str(tmp_path)], tmp_path)
    found = {
        Path(file["filepath"]).stem: {violation["code"] for violation in file["violations"]}
        for file in json.loads(result.stdout)
    }
    assert {rule for rule in broken if rule not in found.get(rule, set())} == set()
