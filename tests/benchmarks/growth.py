"""How the cost of a build grows with the invoice lines: `python -m tests.benchmarks.growth`.

Two companies of the generator, the second several times the first, are built one after the other on this
machine; what is printed are ratios, never a verdict, since seconds say more about the machine than about the
models. Add a benchmark here when a cost matters; nothing here is part of the tests.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
# Below this a model costs what starting it costs.
SECONDS_WORTH_SHOWING = 0.2


def build(customers: int, folder: Path) -> tuple[int, dict[str, float]]:
    """The invoice lines of a generated company, and the seconds that each model and test took to build.

    Args:
        customers: how many customers the company has.
        folder: an empty folder for its landing folder and home.
    """
    landing, home = folder / "landing", folder / "home"
    generate = [
        "seeds.generator",
        "--customers",
        str(customers),
        "--format",
        "parquet",
        "--into",
        str(landing),
    ]
    nightly = ["orchestration", "nightly", "--landing", str(landing), "--home", str(home)]
    for command in (generate, nightly):
        subprocess.run([sys.executable, "-m", *command], cwd=PROJECT_ROOT, check=True, capture_output=True)
    with duckdb.connect() as connection:
        lines = connection.execute(
            "select count(*) from read_parquet(?)", [str(landing / "billing" / "invoice_line_item.parquet")]
        ).fetchone()
    assert lines is not None
    results: dict[str, Any] = json.loads((home / "current" / "dbt" / "run_results.json").read_text())
    seconds = {result["unique_id"]: result["execution_time"] for result in results["results"]}
    return lines[0], seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=4000, help="of the smaller company")
    parser.add_argument("--times", type=int, default=4, help="how many times as many the larger has")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        small_lines, small = build(arguments.customers, Path(name) / "small")
        large_lines, large = build(arguments.customers * arguments.times, Path(name) / "large")
    lines = large_lines / small_lines
    cost = sum(large.values()) / sum(small.values())
    print(f"{small_lines:,} and {large_lines:,} invoice lines: {lines:.2f} times the lines")
    print(f"{cost:.2f} times the cost of all models and tests, {cost / lines:.2f} for each line")
    print("The dearest nodes, and how many times the cost:")
    for node, seconds in sorted(large.items(), key=lambda item: -item[1])[:15]:
        if seconds >= SECONDS_WORTH_SHOWING and small.get(node):
            print(f"  {seconds / small[node]:6.2f}  {node}")


if __name__ == "__main__":
    main()
