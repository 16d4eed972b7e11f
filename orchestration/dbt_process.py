"""Runs dbt commands in a process of its own, which says how far it is and dies with its parent.

Nothing else belongs here: what to run and what the results mean is decided in ``dbt_command.py``. A process
of its own keeps dbt's global state, its memory and a crash inside an engine away from the run that has to
report them. Commands that follow each other share it, since starting dbt takes longer than a small build.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

# What the raw snapshot's folder is called in a project that was parsed before there was one.
RAW_PLACEHOLDER = "/raw-snapshot-of-the-run"
# Not 1, which is how Python ends after an exception of its own.
NODES_FAILED = 3
# Stands between two commands; after the first, dbt's files are free and the parent's word is awaited.
THEN = "--then"


def _listen_to_parent(may_go_on: threading.Semaphore) -> None:
    """Each line from the parent lets the next command begin.

    The parent holds the other end of standard input, which closes with it, even after a kill -9.
    """
    while words := os.read(0, 1024):
        for _ in range(words.count(b"\n")):
            may_go_on.release()
    os._exit(1)


def split_commands(arguments: Sequence[str]) -> list[list[str]]:
    """dbt's arguments of each command in a command line that joins them with ``THEN``."""
    commands: list[list[str]] = [[]]
    for argument in arguments:
        if argument == THEN:
            commands.append([])
        else:
            commands[-1].append(argument)
    return commands


def _follow(messages: IO[str], event: Any) -> None:
    """Pass on what the parent shows: how many nodes there are, and each node that has ended."""
    name = event.info.name
    if name == "LogStartLine":
        message = {"total": event.data.total}
    elif name == "NodeFinished":
        node = event.data.node_info
        message = {"finished": node.unique_id, "name": node.node_name, "status": node.node_status}
    else:
        return
    print(json.dumps(message), file=messages, flush=True)


def _read_parsed_project(file: Path, raw_snapshot: str) -> Any:
    """A project that was parsed before, with its sources pointing to this run's raw snapshot.

    dbt would parse the project anew for every snapshot folder, which takes as long as building small tables
    does.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(file.read_bytes(), decoder=extended_mashumuro_decoder)
    for source in manifest.sources.values():
        for meta in (source.meta, source.config.meta):
            if "external_location" in meta:
                meta["external_location"] = meta["external_location"].replace(RAW_PLACEHOLDER, raw_snapshot)
    manifest.build_flat_graph()
    return manifest


def _free_the_warehouse_file() -> None:
    """dbt-duckdb holds its file for the life of the process; between commands others read it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    # A cursor in a cycle would hold the file, too.
    gc.collect()


def keep_off_the_network() -> None:
    """``dbt --version`` would ask PyPI for newer versions; it says what is installed instead."""
    import dbt.version

    packages = ("dbt-core", "dbt-duckdb")
    installed = "\n".join(f"{package} {version(package)} installed" for package in packages)
    # Before dbt's command line takes the name from there.
    dbt.version.get_version_information = lambda: installed


def main(arguments: list[str]) -> int:
    """Run dbt; 0 all well, NODES_FAILED, or 2: dbt itself could not go on and the last message says why.

    Args:
        arguments: ``--plain ARGS`` is dbt's own command line and nothing more; otherwise, before dbt's
            arguments, ``--parsed FILE --raw-snapshot FOLDER`` use a project that was parsed before. Several
            commands are joined by ``THEN``; one that follows is only run when all is well.
    """
    if arguments[:1] == ["--plain"]:
        keep_off_the_network()
        from dbt.cli.main import cli

        sys.argv = ["dbt", *arguments[1:]]
        cli()
        return 0

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--parsed", type=Path)
    parser.add_argument("--raw-snapshot")
    parser.add_argument("dbt_arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    # dbt's own words go to standard error, which the parent keeps in a file; this channel stays clean.
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    may_go_on = threading.Semaphore(0)
    threading.Thread(target=_listen_to_parent, args=[may_go_on], daemon=True).start()

    from dbt.cli.main import dbtRunner

    manifest = None if given.parsed is None else _read_parsed_project(given.parsed, given.raw_snapshot)
    runner = dbtRunner(manifest=manifest, callbacks=[lambda event: _follow(messages, event)])
    for number, command in enumerate(split_commands(given.dbt_arguments)):
        if number:
            _free_the_warehouse_file()
            print(json.dumps({"waiting": number}), file=messages, flush=True)
            may_go_on.acquire()
        outcome = runner.invoke(command)
        if outcome.exception is not None:
            print(json.dumps({"exception": str(outcome.exception)}), file=messages, flush=True)
            return 2
        if not outcome.success:
            return NODES_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
