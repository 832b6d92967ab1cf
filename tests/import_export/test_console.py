"""Stored texts and file contents are printed without control characters."""

import pytest
from flask import Flask
from flask.cli import FlaskGroup

from taskapi import console
from tests.helpers.client import Client
from tests.import_export.files import json_lines

ESC = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def run(app: Flask, *arguments: str, typed: str = "") -> str:
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(cli, arguments, input=typed.encode())
    return result.output


def is_harmless(text: str) -> bool:
    return not set(text) & {"\x1b", "\x07", "\x9b", "\u202e", "\r"}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("file", "name"),
    [
        (json_lines({"title": "Sow", f"{ESC}\nline 9: done": 1}), "jsonl"),
        (f"title,{ESC}\nSow,a\n", "csv"),
    ],
)
def test_import_errors_show_escapes_of_control_characters(
    app: Flask, ann: Client, file: str, name: str
) -> None:
    email = ann.user["email"]

    output = run(
        app, *f"tasks import - --format {name} --user {email}".split(), typed=file
    )

    assert is_harmless(output)
    assert "\\u001b" in output
    assert "\nline 9" not in output


@pytest.mark.one_database
def test_an_unknown_account_is_named_without_escapes(app: Flask) -> None:
    output = run(app, "sessions", "end", f"ann{ESC}")

    assert is_harmless(output)
    assert "\\u001b" in output


@pytest.mark.parametrize(
    "character", [*map(chr, [*range(9), 11, 12, 27, 127, 155]), "\u2066"]
)
def test_escape_lines_escape_control_characters(character: str) -> None:
    assert console.escape_lines(f"a{character}b\n\tc") == (
        f"a\\u{ord(character):04x}b\n\tc"
    )


@pytest.mark.one_database
@pytest.mark.parametrize(
    "arguments",
    [
        ("purge", ESC),
        ("backup", "a", ESC),
        ("restore", "a", f"--{ESC}"),
        ("doctor", ESC),
        ("seed", ESC),
        ("users", "promote", "ann", ESC),
        ("users", "list", f"--{ESC}"),
        ("users", ESC),
        ("tasks", "export", "--format", ESC),
        (ESC,),
    ],
    ids=lambda arguments: " ".join(arguments).replace(ESC, "ESC"),
)
def test_usage_errors_show_escapes_of_control_characters(
    app: Flask, arguments: tuple[str, ...]
) -> None:
    output = run(app, *arguments)

    assert "Error: " in output
    assert is_harmless(output)
