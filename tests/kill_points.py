"""Ends a process at a chosen line of the project's own code, for tests of what a sudden end leaves behind.

Add here what several tests do to a process at a line. What must hold afterwards is each test's own.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from orchestration.settings import Settings

Act = Callable[[Settings], object]


def traced_files(*modules: ModuleType) -> frozenset[str]:
    """Whose lines count."""
    return frozenset(str(module.__file__) for module in modules)


def trace_lines(files: frozenset[str], at_line: Callable[[int], None]) -> None:
    """From now on, in this process, call ``at_line`` with the number of each line of ``files`` that runs."""
    passed = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal passed
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            passed += 1
            at_line(passed)
        return trace

    sys.settrace(trace)


def count_lines(files: frozenset[str], act: Callable[[], object]) -> int:
    """How many lines of ``files`` an undisturbed run of ``act`` passes."""
    lines = [0]
    previous = sys.gettrace()
    trace_lines(files, lines.append)
    try:
        act()
    finally:
        sys.settrace(previous)
    return lines[-1]


def signal_at(files: frozenset[str], line: int, number: signal.Signals) -> None:
    """From now on, send this process a signal when the ``line``-th line of ``files`` is about to run."""

    def strike(passed: int) -> None:
        if passed == line:
            os.kill(os.getpid(), number)

    trace_lines(files, strike)


def _act_and_die(files: frozenset[str], line: int, act: Act, settings: Settings) -> None:
    signal_at(files, line, signal.SIGKILL)
    act(settings)


def act_until_killed(files: frozenset[str], line: int, act: Act, settings: Settings) -> int | None:
    """Run ``act`` in a process that is killed at a line; its exit code, 0 where it ended before that line."""
    process = get_context("fork").Process(target=_act_and_die, args=(files, line, act, settings))
    process.start()
    process.join()
    return process.exitcode


def copy_of(base: Settings, name: str) -> Settings:
    """A copy of a home beside it."""
    copied = replace(base, home=base.home.parent / name)
    shutil.rmtree(copied.home, ignore_errors=True)
    shutil.copytree(base.home, copied.home, symlinks=True)
    return copied


def killed_homes(
    base: Settings,
    act: Act,
    files: frozenset[str],
    *,
    points: Callable[[int], Iterable[int]],
    may_end: Callable[[int, int], bool] = lambda point, total: False,
) -> Iterator[tuple[Settings, bool]]:
    """Copies of a home in each of which ``act`` was killed at another line, and whether it was.

    Args:
        points: from the number of lines of an undisturbed run those to be killed at.
        may_end: whether a run may end before a point is reached, where the number of lines differs a little
            from run to run.
    """
    rehearsal = copy_of(base, "rehearsal")
    total = count_lines(files, lambda: act(rehearsal))
    shutil.rmtree(rehearsal.home)
    for point in points(total):
        settings = copy_of(base, f"killed-{point}")
        code = act_until_killed(files, point, act, settings)
        is_killed = code == -signal.SIGKILL
        assert is_killed or (code == 0 and may_end(point, total)), f"line {point} of {total}: {code}"
        yield settings, is_killed
        shutil.rmtree(settings.home)


def spread(count: int) -> Callable[[int], Iterable[int]]:
    """Points that are spread evenly over all lines, the last first."""
    return lambda total: range(total, 0, -max(1, total // count))


def leftover_files(folder: Path) -> list[str]:
    """What no finished run leaves below a home: half-written, incoming and doomed files and folders."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.startswith((".incoming-", ".removing-", ".current-"))
        or path.suffix == ".tmp"
        or path == folder / "raw" / "staging"
    )
