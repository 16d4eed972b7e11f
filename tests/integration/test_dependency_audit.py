"""The documented command that audits dependencies, against a vulnerability service on this machine.

It says which of the pinned versions have known vulnerabilities, and it does not say that all is well where
nobody could be asked. Slow, since the tool is installed for it.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.direct_builds import shared

pytestmark = pytest.mark.slow
VULNERABLE = {"name": "duckdb", "version": "2.0.0"}


class Service(BaseHTTPRequestHandler):
    """Answers as osv.dev does: one package has a vulnerability, the others none."""

    answers_badly_for: str = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_bad = asked["package"]["name"] == self.answers_badly_for
        found = [
            {
                "id": "PYSEC-2026-1",
                "summary": "Invented for a test.",
                "aliases": [],
                "affected": [
                    {
                        "package": {"name": asked["package"]["name"], "ecosystem": "PyPI"},
                        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
                    }
                ],
                "modified": "2026-01-01T00:00:00Z",
                "published": "2026-01-01T00:00:00Z",
            }
        ]
        body = json.dumps({"vulns": found} if is_bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture(scope="session")
def audit_tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def install(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "pip-audit"]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, f"pip-audit could not be installed:\n{run.stdout}{run.stderr}"

    return shared(tmp_path_factory, "pip_audit", install)


def documented_arguments() -> list[str]:
    text = (PROJECT_ROOT / "orchestration" / "OPERATIONS.md").read_text(encoding="utf-8")
    (arguments,) = re.findall(r"pip-audit (--strict[^\n`]*)", text)
    return shlex.split(arguments)


def audit(tool: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip_audit", *documented_arguments(), "--progress-spinner", "off"]
    return subprocess.run(
        [*command, "--vulnerability-service", "osv", "--osv-url", url],
        cwd=PROJECT_ROOT,
        env={"PYTHONPATH": str(tool), "PATH": "/usr/bin:/bin", "HOME": str(tool)},
        capture_output=True,
        text=True,
    )


def test_pinned_versions_with_known_vulnerabilities_are_named(
    audit_tool: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = audit(audit_tool, service)
    assert (well.returncode, "No known vulnerabilities found" in well.stderr) == (0, True), well.stderr
    monkeypatch.setattr(Service, "answers_badly_for", "duckdb")
    bad = audit(audit_tool, service)
    assert bad.returncode == 1
    (line,) = [line for line in bad.stdout.splitlines() if "PYSEC-2026-1" in line]
    assert line.split()[0] == "duckdb"


def test_a_service_that_cannot_be_asked_is_no_good_news(audit_tool: Path) -> None:
    assert audit(audit_tool, "http://127.0.0.1:9/v1/query").returncode != 0
