"""Copies of the repository in which a test follows a recipe of CONTRIBUTING.md."""

import ast
import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^### (.+)$", re.MULTILINE)
EDIT = re.compile(r"(?:#|<!--) ([\w./]+\.\w+)(?:, (.+?))?(?: -->)?\n")
CHANGES = re.compile(r"^This (?:also )?changes.*?\n\n", re.MULTILINE | re.DOTALL)
ENVIRONMENT_FILES = ("bin", "lib", "lib64", "pyvenv.cfg")
GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org")


class Edit(NamedTuple):
    """A change of one file: the place and the text to insert there.

    Without a place the text is the whole file.
    """

    path: str
    place: str | None
    text: str


class Recipe:
    """A section of CONTRIBUTING.md: edits and commands, in their order."""

    def __init__(self, text: str) -> None:
        self.steps = [_step(block) for block in BLOCK.findall(text)]
        edits = [step.path for step in self.steps if isinstance(step, Edit)]
        named = chain(*(re.findall("`([^`]+)`", s) for s in CHANGES.findall(text)))
        self.files = {*edits, *named}
        """The files that the recipe names; the name of a migration is a pattern."""


def recipes() -> dict[str, Recipe]:
    """Return the recipes by their headings."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition("\n## Recipes\n")[2].partition("\n## ")[0]
    _, *parts = HEADING.split(section)
    return dict(zip(parts[::2], map(Recipe, parts[1::2]), strict=True))


def _step(block: str) -> Edit | list[str]:
    """Return the edit of a block, or its commands."""
    begin = EDIT.match(block)
    if begin is None:
        return block.splitlines()
    return Edit(begin[1], begin[2], block[begin.end() :])


class Checkout:
    """A copy of the tracked files, with an environment and a commit of its own."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        tracked = self._git("ls-files", "-z", folder=ROOT).split("\0")
        for name in filter(None, tracked):
            if (ROOT / name).exists():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target)
        self._link_environment()
        self._git("init", "--quiet")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "Copy the repository")

    def _link_environment(self) -> None:
        """Share the installed packages; make considers them as up to date."""
        environment = self.folder / ".venv"
        environment.mkdir()
        for name in ENVIRONMENT_FILES:
            if (Path(sys.prefix) / name).exists():
                (environment / name).symlink_to(Path(sys.prefix) / name)
        for stamp in ("run", "dev"):
            (environment / stamp).touch()

    def follow(self, recipe: Recipe) -> None:
        """Apply the edits and run the commands of a recipe."""
        for step in recipe.steps:
            if isinstance(step, Edit):
                apply(step, self.folder / step.path)
            else:
                self.run("sh", "-ec", "\n".join(step))

    def changed(self) -> set[str]:
        """Return the files that differ from the commit."""
        status = self._git("status", "--porcelain", "--untracked-files=all", "-z")
        return {entry[3:] for entry in status.split("\0") if entry}

    def run(self, *command: str) -> str:
        """Run a command that must succeed; return its output."""
        variables = {
            "PATH": os.environ["PATH"],
            "TEST_DATABASE_URL": os.environ["TEST_DATABASE_URL"],
            "MYPY_CACHE_DIR": str(self.cache),
        }
        done = subprocess.run(  # noqa: S603 - the commands of recipes and tests
            command,
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def pytest(self, *paths: str) -> str:
        """Run tests of the copy that must pass."""
        return self.run(
            ".venv/bin/pytest", "-q", "--no-header", "-m", "not slow", *paths
        )

    def _git(self, *arguments: str, folder: Path | None = None) -> str:
        return subprocess.run(  # noqa: S603 - git with our own arguments
            [*GIT, *arguments],
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def apply(edit: Edit, file: Path) -> None:
    """Insert the text of an edit in its place, or write the file."""
    if edit.place is None:
        assert not file.exists(), f"{edit.path} exists already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(edit.text)
        return
    lines = file.read_text().splitlines(keepends=True)
    line = _line(edit, lines)
    file.write_text("".join([*lines[:line], edit.text, *lines[line:]]))


def _line(edit: Edit, lines: list[str]) -> int:
    """Return the number of the line after which the text goes."""
    kind, _, name = (edit.place or "").partition(" ")
    if edit.place == "at the end":
        return len(lines)
    if edit.place == "after the imports":
        body = ast.parse("".join(lines)).body
        return max(one.end_lineno or 0 for one in body if _is_import(one))
    if kind == "after":
        (found,) = (n for n, line in enumerate(lines, 1) if name in line)
        return found
    assert kind == "in", f"unknown place: {edit.place}"
    return _end_of(name, "".join(lines))


def _end_of(name: str, source: str) -> int:
    """Return the last line of the fields of a class, or of the values of a name."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            fields = [
                one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)
            ]
            return fields[-1].end_lineno or 0
        if isinstance(node, ast.Assign | ast.AnnAssign) and _target(node) == name:
            return (node.end_lineno or 0) - 1  # before the closing bracket
    raise AssertionError(f"{name} is not in the file")


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return ast.unparse(targets[0])


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
