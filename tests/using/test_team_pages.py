"""The pages about teams, with a shell for each person."""

import re
import subprocess
from pathlib import Path

from tests.helpers.server import Server
from tests.using.conftest import ROOT, need
from tests.using.test_documented_calls import PRINT_STATUS

BLOCK_OF_A_PERSON = re.compile(r"^```sh\n# (.*)\n((?:.*\n)*?)```$", re.MULTILINE)
END = "end of the block"
TOKEN = re.compile(r"^\S{20,}$", re.MULTILINE)


class Shell:
    """A shell of one person."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            ["/bin/sh"],
            cwd=folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.run(PRINT_STATUS)

    def run(self, block: str) -> str:
        """Run a block, and return its output."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{block}\necho; echo '{END}'\n")
        self.process.stdin.flush()
        lines = iter(self.process.stdout.readline, f"{END}\n")
        return "".join(lines)

    def close(self) -> None:
        """End the shell."""
        self.process.communicate()


def check_statuses(title: str, output: str) -> None:
    """Assert that calls succeed, or return the status of the first comment."""
    expected = re.match(r"(\d{3})\b", title)
    for status in re.findall(r"returned (\d+)", output):
        assert status == expected[1] if expected else status.startswith("2"), output


def test_team_pages_work_with_a_shell_for_each_person(
    empty: Server, tmp_path: Path
) -> None:
    need("curl")
    pages = [ROOT / "docs/teams.md", ROOT / "docs/projects.md"]
    page = "".join(path.read_text() for path in pages)
    page = page.replace("8000", str(empty.port))
    shells = {name: Shell(tmp_path) for name in ("Ann", "Bob", "Carla")}
    token = ""

    blocks = BLOCK_OF_A_PERSON.findall(page)
    assert len(blocks) == page.count("```sh\n")
    for title, code in blocks:
        names = shells if "Everyone" in title else set(shells) & set(title.split())
        assert names, title
        for name in names:
            output = shells[name].run(f"INVITATION_TOKEN={token}\n{code}")
            check_statuses(title, output)
            if "echo" in code:
                token = TOKEN.findall(output)[-1]
    for shell in shells.values():
        shell.close()

    assert token
