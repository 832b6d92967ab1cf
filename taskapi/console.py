r"""Messages of commands, in which stored text never controls the terminal.

Titles, names and file contents may hold escape sequences that move the cursor, change
colours or the title of the window, or reverse the direction of a line (CVE-2021-42574).
They are shown as JSON writes them: `\u001b`.
"""

import re
import sys
from typing import Any

import click

CONTROL = (
    "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
)
UNSAFE = re.compile(f"[{CONTROL}\\ud800-\\udfff]")
LAYOUT = {"\n", "\r\n", "\t"}
UNSAFE_IN_LINES = re.compile(rf"\r\n|[{CONTROL}\ud800-\udfff]")


class CommandError(click.ClickException):
    """The end of a command with a message."""

    def __init__(self, message: str) -> None:
        super().__init__(visible_lines(message))


class Command(click.Command):
    """A command; its usage errors show arguments without terminal escapes."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the arguments."""
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            message = visible_lines(error.format_message())
            raise click.UsageError(message, error.ctx) from error


def echo(message: object, *, err: bool = False) -> None:
    """Print a message without terminal escapes."""
    click.echo(visible_lines(str(message)), err=err)


def visible(text: str) -> str:
    """Return one line: every control character is written as an escape."""
    return UNSAFE.sub(_escaped, text)


def visible_lines(text: str) -> str:
    """Return several lines without control characters but tabs and line ends."""
    return UNSAFE_IN_LINES.sub(_escaped_but_layout, text)


def shown(text: str, stream: Any = None) -> str:
    """Return a text to write to a stream: as it is, unless that is a terminal."""
    return visible_lines(text) if (stream or sys.stdout).isatty() else text


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _escaped_but_layout(match: re.Match[str]) -> str:
    return match[0] if match[0] in LAYOUT else _escaped(match)
