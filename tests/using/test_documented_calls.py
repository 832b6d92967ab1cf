"""All curl calls of the README and of docs/.

They return 2xx unless a comment of their block begins with another status. The calls of
a page without a registration run after those of the quickstart.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.server import Server
from tests.system.conftest import Serve
from tests.using.conftest import ROOT, need

QUICKSTART = "docs/quickstart.md"
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PRINT_STATUS = r"""
curl() { command curl -sS --write-out '%{stderr}returned %{http_code}\n' "$@"; }
"""


def calls(page: str) -> str:
    """Return the code blocks of a page that contain curl calls."""
    blocks = map(dedent, BLOCK.findall((ROOT / page).read_text()))
    return "\n".join(block for block in blocks if re.search(r"\bcurl ", block))


SETUP_PAGES = {
    f"docs/{name}.md" for name in ("deploy", "upgrade", "rotation", "scaling")
}
"""Pages about the setup of machines; tests/operations run their commands."""

EVERY = ["README.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
PAGES = [page for page in EVERY if page not in SETUP_PAGES and calls(page)]


@pytest.fixture(scope="session")
def documented(serving: Serve) -> Server:
    """Return the server that the pages call."""
    return serving()


@pytest.fixture
def empty(documented: Server, make_app: Callable[..., Flask]) -> Server:
    """Return the server with an empty database."""
    file = documented.log.with_name("tasks.db")
    with make_app(database_url=f"sqlite:///{file}").app_context():
        with db.transaction():
            db.session.execute(text("DELETE FROM users"))
            db.session.execute(text("DELETE FROM sqlite_sequence"))
        db.database.engine.dispose()
    return documented


def error_statuses(script: str, server: Server, folder: Path) -> list[str]:
    """Run a shell script, and return the statuses that are not 2xx."""
    local_script = re.sub(r"\b800[01]\b", str(server.port), script)
    process = subprocess.run(  # noqa: S603 - the calls of our own documentation
        ["/bin/sh", "-euc", PRINT_STATUS + local_script],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    statuses = re.findall(r"^returned (\d+)$", process.stderr, re.MULTILINE)
    assert len(statuses) >= len(re.findall(r"\bcurl ", script)), process.stderr
    return [status for status in statuses if not status.startswith("2")]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_documented_call_returns_documented_status(
    page: str, empty: Server, tmp_path: Path
) -> None:
    need("curl")
    script = calls(page)
    before = "" if "auth/register" in script else calls(QUICKSTART)

    statuses = error_statuses(before + script, empty, tmp_path)

    assert statuses == re.findall(r"^# (\d{3})\b", script, re.MULTILINE)


def test_client_pages_contain_calls() -> None:
    names = {"quickstart", "authentication", "writes", "lists", "errors", "tasks"}

    expected = {f"docs/{name}.md" for name in names} | {"README.md"}

    assert expected <= set(PAGES)
