"""The scheduler as a process for tests: `tieout dev` on a free port, and what its page is asked.

Add here what several tests ask of a running scheduler. What a test does with a home or a landing folder stays
in the test.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import CommandLine

REPOSITORY = {"repositoryLocationName": "orchestration.definitions", "repositoryName": "__repository__"}
# As the kernel writes them: a state, and the addresses 127.0.0.1, ::1, and the first in the form of these.
LISTENING = "0A"
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass
class Scheduler:
    """A running scheduler and what it says."""

    process: subprocess.Popen[str]
    port: int
    home: Path

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """One GraphQL request to its page."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def runs(self) -> list[dict[str, Any]]:
        """All runs that it knows, newest first."""
        answer = self.ask(
            "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
        )
        runs: list[dict[str, Any]] = answer["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in runs]

    def end_of(self, run_id: str) -> str:
        """The status with which a launched run ended; asks until it has."""
        while True:
            answer = self.ask(
                "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id
            )
            status = str(answer["runOrError"]["status"])
            if status in ENDED:
                return status
            time.sleep(1)

    def backfill(self, assets: list[list[str]], months: list[str]) -> list[dict[str, Any]]:
        """Backfill assets (their paths) for months, wait for its end; the runs that it was."""
        launched = self.ask(
            """
            mutation ($params: LaunchBackfillParams!) {
              launchPartitionBackfill(backfillParams: $params) {
                __typename
                ... on LaunchBackfillSuccess { backfillId }
                ... on PythonError { message }
              }
            }
            """,
            params={
                "assetSelection": [{"path": path} for path in assets],
                "partitionNames": months,
                "title": "some months",
            },
        )["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        status = ""
        while not status.startswith("COMPLETED"):
            time.sleep(1)
            answer = self.ask(
                "query ($id: String!) { partitionBackfillOrError(backfillId: $id) "
                "{ ... on PartitionBackfill { status } } }",
                id=launched["backfillId"],
            )
            status = str(answer["partitionBackfillOrError"]["status"])
            assert status not in ("FAILED", "CANCELED"), status
        assert status == "COMPLETED_SUCCESS"
        return [run for run in self.runs() if run["tags"].get("dagster/backfill") == launched["backfillId"]]


def listening_to_others(pid: int) -> list[str]:
    """Where a process, or one below it, waits for other machines; addresses as the kernel writes them."""
    parents = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while found := {child for child, parent in parents.items() if parent in family} - family:
        family |= found
    sockets = set()
    for one in family:
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{one}/fd").iterdir():
                with contextlib.suppress(OSError):
                    sockets.add(str(descriptor.readlink()))
    waiting = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == LISTENING and f"socket:[{columns[9]}]" in sockets:
                waiting.append(columns[1].partition(":")[0])
    assert waiting, "nobody waits for connections, so that nothing was looked at"
    return [address for address in waiting if address not in LOOPBACK]


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_page(process: subprocess.Popen[str], port: int) -> None:
    """The page says that it is served a moment before it is."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"the scheduler ended with {process.returncode}")


@contextlib.contextmanager
def started_scheduler(
    tieout: CommandLine, home: Path, landing: Path, extra: Mapping[str, str]
) -> Iterator[Scheduler]:
    """A scheduler of a home, ended with the block."""
    port = free_port()
    process = tieout.start(
        *("dev", "--port", str(port), "--home", str(home), "--landing", str(landing)),
        extra=extra,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Serving dagster-webserver on http" in line:
            break
    # It goes on writing; a full pipe would stop it.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    try:
        _wait_for_page(process, port)
        yield Scheduler(process, port, home)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
