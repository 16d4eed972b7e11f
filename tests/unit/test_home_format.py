"""A home of a later release is refused, and one of this or an earlier one is worked on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.doctor import examine
from orchestration.home_format import HOME_FORMAT, HomeTooNew, format_file, present_release, read_format
from orchestration.runs import home_lock
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", landing=tmp_path / "landing")


def write(settings: Settings, number: int, release: str) -> None:
    settings.home.mkdir(exist_ok=True)
    format_file(settings).write_text(json.dumps({"format": number, "release": release}))


def test_whoever_works_on_a_home_writes_down_its_form(settings: Settings) -> None:
    assert read_format(settings) == (1, "")
    with home_lock(settings, "test"):
        assert read_format(settings) == (HOME_FORMAT, present_release())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "new"}', '{"release": "0.5.0"}'])
def test_a_record_that_says_nothing_stops_nobody(settings: Settings, text: str) -> None:
    settings.home.mkdir()
    format_file(settings).write_text(text)
    with home_lock(settings, "test"):
        assert read_format(settings) == (HOME_FORMAT, present_release())


@pytest.mark.parametrize(
    "command", [["nightly"], ["status"], ["query", "select 1"], ["versions"], ["prune"], ["daemon"]]
)
def test_a_home_of_a_later_release_is_refused_and_left_alone(
    command: list[str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    write(settings, HOME_FORMAT + 1, "9.1.0")
    assert cli.main([*command, "--home", str(settings.home), "--landing", str(settings.home)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"tieout: The home {settings.home} was written by Tieout 9.1.0 (format ")
    assert "Use that release or a later one" in told
    assert [path.name for path in settings.home.iterdir()] == ["home.json"]
    with pytest.raises(HomeTooNew), home_lock(settings, "test"):
        pass


def test_doctor_says_which_release_wrote_a_home(settings: Settings) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    for number, release, level in ((HOME_FORMAT + 1, "9.1.0", "error"), (HOME_FORMAT, "0.5.9", "note")):
        write(settings, number, release)
        findings = examine(settings, environment={}, now=now)
        (found,) = [finding for finding in findings if "written by Tieout" in finding.text]
        assert found.level == level and release in found.text
