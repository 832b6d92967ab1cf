"""All curl calls of the README and of docs/.

They return 2xx unless a comment of their block begins with another status. The calls of
a page that does not begin with a registration run after those of another page.
"""

import json
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.helpers.client import API
from tests.helpers.server import Server
from tests.using.conftest import ROOT, need

QUICKSTART = "docs/quickstart.md"
TEAMS, PROJECTS = "docs/teams.md", "docs/projects.md"
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


def run(script: str, server: Server, folder: Path) -> tuple[str, list[str]]:
    """Run a shell script; return its output, and the statuses of its calls."""
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
    return process.stdout, statuses


@pytest.mark.parametrize("page", sorted(PAGES))
def test_documented_call_returns_documented_status(
    page: str, empty: Server, tmp_path: Path
) -> None:
    need("curl")
    script = calls(page)
    if page == PROJECTS:
        script = calls(TEAMS) + script
    before = "" if "auth/register" in script else calls(QUICKSTART)

    _, statuses = run(before + script, empty, tmp_path)

    errors = [status for status in statuses if not status.startswith("2")]
    assert errors == re.findall(r"^# (\d{3})\b", script, re.MULTILINE)


def test_documented_key_of_a_team_reaches_one_project(
    empty: Server, tmp_path: Path
) -> None:
    need("curl")
    listed = f"\necho; curl http://127.0.0.1:8000{API}/tasks -H"

    output, _ = run(
        calls(TEAMS)
        + f'{listed} "X-API-Key: $KEY"{listed} "Authorization: Bearer $BOB"',
        empty,
        tmp_path,
    )

    *_, by_key, by_bob = map(titles, output.splitlines()[-2:])
    assert by_key == {"Prune the hedge", "Water the beans"}
    assert by_bob == by_key | {"Call the dentist"}


def titles(text: str) -> set[str]:
    """Return the titles of a list of tasks."""
    return {task["title"] for task in json.loads(text)["items"]}


def test_client_pages_contain_calls() -> None:
    names = {
        "quickstart",
        "authentication",
        "writes",
        "lists",
        "errors",
        "tasks",
        "teams",
        "projects",
    }

    expected = {f"docs/{name}.md" for name in names} | {"README.md"}

    assert expected <= set(PAGES)
