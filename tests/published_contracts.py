"""What analysts may rely on of the published tables, as a file per release, and what breaks it.

Run as a program it writes the file of the present release: python -m tests.published_contracts. That is done
once for each release, when it is made; afterwards the file stays as it is.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from packaging.version import Version

from orchestration.audit import GRAIN_TEST
from orchestration.dbt_command import parse_project
from orchestration.deprecation import PUBLISHED_SCHEMAS
from orchestration.settings import PROJECT_ROOT, Settings

FOLDER = Path(__file__).resolve().parent / "fixtures" / "contracts"


@dataclass(frozen=True)
class Contract:
    """What is promised of a table.

    Attributes:
        model, version: the model that it is a version of; None where that has no versions.
        grain: the columns that name a row, in alphabetical order.
        columns: type by name.
        last_day: until which it is kept, where it is about to go.
    """

    schema: str
    model: str
    version: int | None
    grain: list[str]
    columns: dict[str, str]
    last_day: str | None


Contracts = Mapping[str, Contract]


def contracts_of(manifest: Mapping[str, Any]) -> dict[str, Contract]:
    """Of every published table of a dbt manifest, by its published name."""
    grains: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if node["resource_type"] == "test" and test.get("name") == GRAIN_TEST and node.get("attached_node"):
            arguments = test["kwargs"].get("arguments") or test["kwargs"]
            grains[node["attached_node"]] = sorted(arguments["columns"])
    found = {}
    for name, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["schema"] in PUBLISHED_SCHEMAS:
            last_day = node.get("deprecation_date")
            found[node["alias"]] = Contract(
                schema=node["schema"],
                model=node["name"],
                version=node.get("version"),
                grain=grains[name],
                columns={
                    column: str(entry["data_type"]).replace(" ", "").lower()
                    for column, entry in sorted(node["columns"].items())
                },
                last_day=None if last_day is None else datetime.fromisoformat(last_day).date().isoformat(),
            )
    return dict(sorted(found.items()))


def broken_promises(released: Contracts, present: Contracts, *, today: date) -> list[str]:
    """What a reader of the released tables would miss in the present ones."""
    problems = []
    for table, then in released.items():
        now = present.get(table)
        if now is None:
            if then.last_day is None or date.fromisoformat(then.last_day) >= today:
                problems.append(
                    f"{table} is gone. Keep it, with a deprecation_date, until a release has said so."
                )
            continue
        broken = _differences(then, now)
        if not broken:
            continue
        kept = f"{then.model}_v{then.version or 1}"
        old = present.get(kept)
        if (now.version or 1) <= (then.version or 1) or old is None:
            problems.append(f"{table}: {'; '.join(broken)}. Make it a new version and keep {kept} beside it.")
        elif still := _differences(then, old):
            problems.append(f"{kept} is not what {table} was: {'; '.join(still)}.")
        elif old.last_day is None:
            problems.append(f"{kept} has no deprecation_date.")
    return problems


def _differences(then: Contract, now: Contract) -> list[str]:
    found = []
    if then.schema != now.schema:
        found.append(f"it moved from {then.schema} to {now.schema}")
    if then.grain != now.grain:
        found.append(f"its grain was {', '.join(then.grain)} and is {', '.join(now.grain)}")
    for column, data_type in then.columns.items():
        if column not in now.columns:
            found.append(f"{column} is gone")
        elif now.columns[column] != data_type:
            found.append(f"{column} was {data_type} and is {now.columns[column]}")
    return found


def release() -> str:
    """The present release's number."""
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def releases() -> list[str]:
    """The releases whose contracts are kept, oldest first."""
    return sorted((file.stem for file in FOLDER.glob("*.json")), key=Version)


def read(number: str) -> dict[str, Contract]:
    """The contracts of a release."""
    stored = json.loads((FOLDER / f"{number}.json").read_text(encoding="utf-8"))
    return {table: Contract(**entry) for table, entry in stored.items()}


def text_of(contracts: Contracts) -> str:
    """A file's text: a line per column, so that a change is read as one."""
    return json.dumps({table: asdict(one) for table, one in contracts.items()}, indent=1) + "\n"


def main() -> None:
    """Write the file of the present release."""
    with tempfile.TemporaryDirectory() as name:
        manifest = parse_project(Settings(home=Path(name), landing=Path(name))).manifest()
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{release()}.json"
    file.write_text(text_of(contracts_of(manifest)), encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
