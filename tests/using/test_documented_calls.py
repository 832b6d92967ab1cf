"""Every call by curl in the README and in docs/, made as it stands there.

Calls response 2xx, unless a comment of their block begins with another status. A page
that registers nobody goes on where the quickstart ends.
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
TELL = r"""
curl() { command curl -sS --write-out '%{stderr}answered %{http_code}\n' "$@"; }
"""


def calls(page: str) -> str:
    """Return the blocks of a page that call by curl."""
    blocks = map(dedent, BLOCK.findall((ROOT / page).read_text()))
    return "\n".join(block for block in blocks if re.search(r"\bcurl ", block))


WALKS = {f"docs/{name}.md" for name in ("deploy", "upgrade", "rotation", "scaling")}
"""Pages that set up machines: their commands run in tests/operations."""

EVERY = ["README.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
PAGES = [page for page in EVERY if page not in WALKS and calls(page)]


@pytest.fixture(scope="session")
def documented(serving: Serve) -> Server:
    """Return the server that the pages call."""
    return serving()


@pytest.fixture
def empty(documented: Server, make_app: Callable[..., Flask]) -> Server:
    """Return it without an account, and as if there never was one."""
    file = documented.log.with_name("tasks.db")
    with make_app(database_url=f"sqlite:///{file}").app_context():
        with db.transaction():
            db.session.execute(text("DELETE FROM users"))
            db.session.execute(text("DELETE FROM sqlite_sequence"))
        db.database.engine.dispose()
    return documented


def refusals(script: str, server: Server, folder: Path) -> list[str]:
    """Run a script in the shell, and return the statuses that are not 2xx."""
    here = re.sub(r"\b800[01]\b", str(server.port), script)
    done = subprocess.run(  # noqa: S603 - the calls of our own documentation
        ["/bin/sh", "-euc", TELL + here],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answered = re.findall(r"^answered (\d+)$", done.stderr, re.MULTILINE)
    assert len(answered) >= len(re.findall(r"\bcurl ", script)), done.stderr
    return [status for status in answered if not status.startswith("2")]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_documented_call_returns_documented_status(
    page: str, empty: Server, tmp_path: Path
) -> None:
    need("curl")
    script = calls(page)
    before = "" if "auth/register" in script else calls(QUICKSTART)

    refused = refusals(before + script, empty, tmp_path)

    assert refused == re.findall(r"^# (\d{3})\b", script, re.MULTILINE)


def test_client_pages_contain_calls() -> None:
    names = {"quickstart", "authentication", "writes", "lists", "errors", "tasks"}

    expected = {f"docs/{name}.md" for name in names} | {"README.md"}

    assert expected <= set(PAGES)
