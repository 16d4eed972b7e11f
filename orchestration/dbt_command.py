"""Calls dbt: prepares the manifest that the scheduler's assets come from, builds, serves the sandbox.

Add here how dbt is called. What its results mean for publication is in ``audit.py``; which files it reads and
writes come from ``settings.dbt_environment``. dbt never runs inside this process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration import settings as settings_module
from orchestration.dbt_process import NODES_FAILED, RAW_PLACEHOLDER, THEN
from orchestration.engines import duckdb as engine
from orchestration.files import fingerprint, make_private
from orchestration.settings import PROJECT_ROOT, Settings, dbt_environment, source_location

MANIFEST_FILE = "manifest.json"
RUN_RESULTS_FILE = "run_results.json"
# Below the cache, while the project is being parsed.
PARSING_PREFIX = "parse-"
# dbt's own name for what it needs to go on without parsing.
PARSED_FILE = "partial_parse.msgpack"
VERSIONED_PACKAGES = (
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "idna",
    "numpy",
    "phonenumbers",
    "rapidfuzz",
    "scipy",
    "text-unidecode",
    "tldextract",
)
# The source whose tables are computed by Python in the middle of a build, from tables of its first half.
SOLVED_SOURCE = "solved"


class DbtError(Exception):
    """dbt could not run at all (a model that cannot be parsed, a broken profile); dbt says why."""


@dataclass(frozen=True)
class BuildResult:
    """What ``dbt build`` left behind.

    Attributes:
        manifest: dbt's description of the project as it was built.
        run_results: dbt's result per node, of both halves of the build.
        manifest_file, run_results_file: where they are.
    """

    manifest: dict[str, Any]
    run_results: dict[str, Any]
    manifest_file: Path
    run_results_file: Path


def tool_versions() -> dict[str, str]:
    """The installed versions of what decides the numbers."""
    return {name: version(name) for name in VERSIONED_PACKAGES}


def project_fingerprint() -> str:
    """Changes with any file of the dbt project or its seeds, and with the tools' versions."""
    files = fingerprint([settings_module.DBT_PROJECT_DIR, *_seed_folders()], base=PROJECT_ROOT)
    return f"{files}:{json.dumps(tool_versions(), sort_keys=True)}"


def code_fingerprint() -> str:
    """Changes with all that decides published numbers apart from the data: models, seeds, Python, tools."""
    orchestration = fingerprint(
        [PROJECT_ROOT / "orchestration", *PROJECT_ROOT.glob("constraints*.txt")],
        base=PROJECT_ROOT,
        suffixes=frozenset({".py", ".txt"}),
    )
    return f"{orchestration}:{project_fingerprint()}"


def _seed_folders() -> list[Path]:
    return [PROJECT_ROOT / "seeds" / "reference", PROJECT_ROOT / "seeds" / "policy"]


def _run(
    arguments: Sequence[str],
    *,
    environment: dict[str, str],
    output_file: Path,
    on_finished: Callable[[str, int, int], None] | None = None,
    between: Callable[[], None] | None = None,
    nodes_to_come: int = 0,
) -> int:
    """Run dbt in a child process; its exit code, 0 or NODES_FAILED.

    Args:
        between: called between two commands that are joined by THEN, while dbt holds no file.
        nodes_to_come: how many nodes the second command has, for the count while the first runs.

    Raises:
        DbtError: dbt could not go on, or its process was killed.
    """
    output_file.parent.mkdir(parents=True, exist_ok=True)
    reason = ""
    done = nodes_before = total = 0
    with output_file.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.dbt_process", *arguments],
            env={**os.environ, **environment, "PYTHONPATH": _python_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        try:
            assert process.stdin is not None and process.stdout is not None
            for line in process.stdout:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                reason = message.get("exception", reason)
                total = message.get("total", total)
                if "finished" in message:
                    done += 1
                    if on_finished:
                        on_finished(message["name"], done, max(nodes_before + total + nodes_to_come, done))
                if "waiting" in message:
                    nodes_before, total, nodes_to_come = nodes_before + total, nodes_to_come, 0
                    if between:
                        between()
                    # Past the buffer, which would be written again on closing if the process has died.
                    with contextlib.suppress(BrokenPipeError):
                        os.write(process.stdin.fileno(), b"\n")
            exit_code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
    if exit_code < 0:
        raise DbtError(
            f"The dbt process was killed by {signal.Signals(-exit_code).name}, which also happens when the "
            f"machine runs out of memory. Its output: {output_file}"
        )
    if exit_code not in (0, NODES_FAILED):
        raise DbtError(reason.strip() or f"dbt ended with exit code {exit_code}. Its output: {output_file}")
    return exit_code


def _python_path() -> str:
    """The project first, so that the child finds it from any working folder."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(PROJECT_ROOT), *([inherited] if inherited else [])])


def _folder_arguments(target_path: Path, logs_dir: Path) -> list[str]:
    return [
        *("--project-dir", str(settings_module.DBT_PROJECT_DIR)),
        *("--profiles-dir", str(settings_module.DBT_PROJECT_DIR)),
        *("--target", engine.DBT_TARGET),
        *("--target-path", str(target_path)),
        *("--log-path", str(logs_dir)),
    ]


@dataclass(frozen=True)
class ParsedProject:
    """The project as dbt parsed it: its manifest to read, and dbt's own form of it to build from."""

    manifest_file: Path
    parsed_file: Path

    def manifest(self) -> dict[str, Any]:
        """dbt's manifest; the sources' locations carry a placeholder for the raw snapshot."""
        manifest: dict[str, Any] = json.loads(self.manifest_file.read_text(encoding="utf-8"))
        return manifest


def parse_project(settings: Settings) -> ParsedProject:
    """The parsed project, parsed again only when it changed since it was last asked for.

    It is kept in ``<home>/cache``, under a name that follows from the project's contents, so that two
    processes never wait for each other and nothing stale is ever used.

    Raises:
        DbtError: the project cannot be parsed.
    """
    cache = settings.home / "cache"
    # Short enough for every file system, long enough never to collide.
    kept = cache / f"dbt-{hashlib.sha256(project_fingerprint().encode()).hexdigest()[:32]}"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with (
            _parsing(cache),
            tempfile.TemporaryDirectory(dir=cache, prefix=PARSING_PREFIX) as name,
        ):
            folder = Path(name)
            _run(
                ["parse", *_folder_arguments(folder / "target", folder / "logs")],
                environment=dbt_environment(
                    raw_snapshot=Path(RAW_PLACEHOLDER), warehouse_file=folder / engine.WAREHOUSE_FILE_NAME
                ),
                output_file=cache / "parse.txt",
            )
            parsed = folder / "parsed"
            parsed.mkdir()
            for file in (MANIFEST_FILE, PARSED_FILE):
                (folder / "target" / file).replace(parsed / file)
            for old in cache.glob("dbt-*"):
                shutil.rmtree(old, ignore_errors=True)
            # Another process may have been quicker; what it keeps is the same.
            with contextlib.suppress(OSError):
                parsed.rename(kept)
    return ParsedProject(kept / MANIFEST_FILE, kept / PARSED_FILE)


@contextlib.contextmanager
def _parsing(cache: Path) -> Iterator[None]:
    """Let others know that somebody parses; where nobody does, what killed processes left is removed."""
    with (cache / ".parsing.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            for left in cache.glob(f"{PARSING_PREFIX}*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def nodes_after_solving(manifest: Mapping[str, Any]) -> set[str]:
    """The ids of the models and data tests that need a solved table, directly or through others."""
    children: Mapping[str, Sequence[str]] = manifest["child_map"]
    found: set[str] = set()
    open_ends = [
        unique_id
        for unique_id, source in manifest["sources"].items()
        if source["source_name"] == SOLVED_SOURCE
    ]
    while open_ends:
        for child in children.get(open_ends.pop(), ()):
            if child in manifest["nodes"] and child not in found:
                found.add(child)
                open_ends.append(child)
    return found


def joined_results(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """dbt's results of two commands as if they had been one."""
    return {
        **first,
        "results": [*first["results"], *second["results"]],
        "elapsed_time": first["elapsed_time"] + second["elapsed_time"],
    }


def build(
    project: ParsedProject,
    *,
    raw_snapshot: Path,
    warehouse_file: Path,
    target_path: Path,
    logs_dir: Path,
    solve: Callable[[], None] | None = None,
    on_finished: Callable[[str, int, int], None] | None = None,
) -> BuildResult:
    """Build and test the whole project in a private file. Failed nodes are in the results, not an exception.

    What does not depend on a solved table comes first; when all of it is well, ``solve`` is called, and then
    the rest is built. Together that is every node, once.

    Args:
        project: the parsed project.
        raw_snapshot: ``<source>/<table>.parquet`` for every declared table; those of the solved source need
            to be there after ``solve``.
        warehouse_file: the file to build, which must be named ``warehouse.duckdb``.
        target_path: where dbt's artifacts go.
        logs_dir: where dbt's logs and its output go.
        solve: writes the tables of the solved source; whatever it raises ends the build and comes through.
        on_finished: told the name of each finished node, how many are finished and how many there are.

    Raises:
        DbtError: dbt could not run at all.
    """
    target_path.mkdir(parents=True, exist_ok=True)
    manifest, manifest_file = project.manifest(), target_path / MANIFEST_FILE
    shutil.copyfile(project.manifest_file, manifest_file)
    run_results_file = target_path / RUN_RESULTS_FILE
    halves: list[dict[str, Any]] = []

    def keep_results() -> None:
        halves.append(json.loads(run_results_file.read_text(encoding="utf-8")))

    def between() -> None:
        # The second half writes its results over those of the first.
        keep_results()
        if solve:
            solve()

    # Unit tests test the code, which is the same every night; continuous integration runs them.
    command = ["build", "--exclude-resource-type", "unit_test", *_folder_arguments(target_path, logs_dir)]
    after_solving = f"source:{SOLVED_SOURCE}+"
    _run(
        [
            *("--parsed", str(project.parsed_file), "--raw-snapshot", source_location(raw_snapshot)),
            *(*command, "--exclude", after_solving),
            *(THEN, *command, "--select", after_solving),
        ],
        environment=dbt_environment(raw_snapshot=raw_snapshot, warehouse_file=warehouse_file),
        output_file=logs_dir / "dbt_output.txt",
        on_finished=on_finished,
        between=between,
        nodes_to_come=len(nodes_after_solving(manifest)),
    )
    keep_results()
    run_results = halves[0] if len(halves) == 1 else joined_results(*halves)
    run_results_file.write_text(json.dumps(run_results), encoding="utf-8")
    return BuildResult(
        manifest=manifest,
        run_results=run_results,
        manifest_file=manifest_file,
        run_results_file=run_results_file,
    )


def run_in_sandbox(settings: Settings, arguments: Sequence[str]) -> int:
    """Run any dbt command on the sandbox's own raw snapshot and warehouse file; dbt's exit code.

    Standard input and output are the caller's. Nothing that runs here can reach a published version.
    """
    folder = make_private(settings.development_dir)
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PYTHONPATH": _python_path(),
        **dbt_environment(raw_snapshot=folder / "raw", warehouse_file=folder / engine.WAREHOUSE_FILE_NAME),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_process", "--plain", *arguments], env=environment
    )
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
