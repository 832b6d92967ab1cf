"""The documentation: settings, commands and targets exist, and all are documented."""

import ast
import re
from dataclasses import fields
from pathlib import Path

from flask import Flask

from config import Settings
from taskapi.passwords import MAX_WAITING

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in TOP), *(ROOT / "docs").rglob("*.md")]


def settings_table() -> dict[str, str]:
    """Return the documented settings with their defaults."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| ?(.*?) ?\|", SETTINGS, re.MULTILINE)
    return {name: default.strip("`") for name, default in rows}


def test_settings_page_lists_every_setting() -> None:
    documented = set(settings_table())

    expected = {field.name.upper() for field in fields(Settings)}

    assert documented == expected


def test_settings_page_shows_the_defaults() -> None:
    spoken = {"true": True, "false": False, "": "", "none": (), "any": ()}
    documented = settings_table()
    for name in ("DATABASE_URL", "SECRET_KEY"):  # the page describes their defaults
        documented.pop(name)

    true = {f.name.upper(): f.default for f in fields(Settings)}

    shown = {name: spoken.get(text, text) for name, text in documented.items()}
    assert {n: str(v) for n, v in shown.items()} == {n: str(true[n]) for n in shown}


def test_pages_document_threads_for_waiting_logins() -> None:
    documented_numbers = [
        number
        for page in PAGES
        for number in re.findall(r"hreads\b[^.|]*? and (\d+) more", page.read_text())
    ]

    assert documented_numbers == [str(MAX_WAITING)] * 2


def test_settings_page_lists_every_command(apps: dict[str, Flask]) -> None:
    groups = apps["sqlite"].cli.commands
    own = {
        f"flask {group} {name}"
        for group in ("users", "api-keys", "sessions", "mail", "tasks")
        for name in groups[group].commands
    } | {f"flask {name}" for name in ("seed", "purge", "backup", "restore", "doctor")}

    missing = {command for command in own if command not in SETTINGS}

    assert missing == set()


def test_documented_make_targets_exist() -> None:
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"(?:^|`)make ([a-z]+)\b(?=[\s`])", text, re.MULTILINE))
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )

    missing = named - targets

    assert missing == set()


def test_links_between_pages_are_valid() -> None:
    links = [
        page.parent / target
        for page in PAGES
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    ]

    broken = [str(link) for link in links if not link.exists()]

    assert broken == []
    assert len(links) > 5


def test_readme_has_at_most_120_lines() -> None:
    lines = README.count("\n")

    assert lines <= 120


def test_tests_of_promises_run_in_make_test() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`(tests/\S+\.py)::(test_\w+)` \|", text)

    functions = {name: function(ROOT / path, name) for path, name in named}

    slow = {
        name
        for name, node in functions.items()
        if "pytest.mark.slow" in map(ast.unparse, node.decorator_list)
    }
    assert slow == set()
    assert functions


def function(file: Path, name: str) -> ast.FunctionDef:
    """Return a function of a test module that is not marked as slow."""
    source = file.read_text()
    assert "pytestmark = pytest.mark.slow" not in source
    (found,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return found
