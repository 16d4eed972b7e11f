"""A place that cannot be written to is told with what to do about it, and nothing else is."""

from __future__ import annotations

import errno
import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pytest

from orchestration.storage_trouble import HomeNotWritable, check_writable, is_about_room, what_to_do
from tests.obeying import obey_modes

HOME = Path("/data/home")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_is_told_whoever_says_it(number: int) -> None:
    system = OSError(number, os.strerror(number), str(HOME / "runs.jsonl"))
    assert "prune --disk-budget" in what_to_do(system, HOME)
    engine = duckdb.IOException(f'Could not write file "/data/home/x": {os.strerror(number)}')
    assert is_about_room(engine)
    try:
        try:
            raise system
        except OSError as cause:
            raise ValueError("the copy is not whole") from cause
    except ValueError as error:
        assert is_about_room(error)
    assert is_about_room(f"Model dim_accounts could not be built: {os.strerror(number)}")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_closed_place_of_the_home_is_told_with_who_must_write_there(number: int) -> None:
    error = PermissionError(number, os.strerror(number), str(HOME / "raw" / "lock"))
    assert f"uid {os.getuid()}" in what_to_do(error, HOME)
    # The landing folder is the company's own.
    assert what_to_do(PermissionError(number, os.strerror(number), "/landing/billing/x.csv"), HOME) == ""


@pytest.mark.parametrize(
    "error", [ValueError("x"), FileNotFoundError(2, "No such file", str(HOME)), "failed"]
)
def test_other_errors_have_no_such_advice(error: BaseException | str) -> None:
    assert what_to_do(error, HOME) == ""
    assert not is_about_room(error)


def _told_of(home: Path, answers: Connection) -> None:
    obey_modes()
    try:
        check_writable(home)
        answers.send("nothing")
    except HomeNotWritable as error:
        answers.send(str(error))


def test_a_home_that_may_only_be_read_is_refused_before_anything_begins(tmp_path: Path) -> None:
    check_writable(tmp_path)
    told = []
    for mode in (0o755, 0o555):
        tmp_path.chmod(mode)
        ours, theirs = get_context("fork").Pipe()
        process = get_context("fork").Process(target=_told_of, args=(tmp_path, theirs))
        process.start()
        told.append(ours.recv())
        process.join()
    tmp_path.chmod(0o755)
    assert told[0] == "nothing"
    assert told[1].startswith(f"{tmp_path} cannot be written to: Permission denied. Let the user")
    with pytest.raises(HomeNotWritable, match="No such file"):
        check_writable(tmp_path / "absent")
