r"""Command-line helpers: transactions, messages, progress bars and new files.

Titles, names and file contents may hold escape sequences that move the cursor, change
colours or the title of the window, or reverse the direction of a line (CVE-2021-42574).
Messages show such characters as JSON does, for example `\u001b`.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from flask.cli import AppGroup, ScriptInfo

from taskapi import db
from taskapi.errors import Collision, Invalid, InvalidLines, Problem, Unavailable
from taskapi.observability import logs
from taskapi.server.command_line import flask_command
from taskapi.typing import Fields
from taskapi.web.problems import flatten
from taskapi.web.schema import Schema

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

CONTROL = (
    "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
)
UNSAFE = re.compile(f"[{CONTROL}\\ud800-\\udfff]")
LAYOUT = {"\n", "\r\n", "\t"}
STANDARD_STREAM = "-"
UNSAFE_IN_LINES = re.compile(rf"\r\n|[{CONTROL}\ud800-\udfff]")


class CommandError(click.ClickException):
    """An error that ends a command with a message and exit status 1."""

    def __init__(self, message: str) -> None:
        super().__init__(escape_lines(message))


class Command(click.Command):
    """A command whose usage errors show arguments without escape sequences."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the arguments."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            message = escape_lines(error.format_message())
            raise click.UsageError(message, error.ctx) from error


class CommandGroup(AppGroup):
    """Group of commands that each run in one database transaction."""

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and commit; report a Problem as a message."""
        with command_transaction(ctx):
            return super().invoke(ctx)


@contextmanager
def command_transaction(ctx: click.Context) -> Iterator[None]:
    """Run the block in an application context and a transaction.

    Raises CommandError for each Problem.
    """
    try:
        app = ctx.ensure_object(ScriptInfo).load_app()
        with app.app_context(), logs.to_stderr(), db.transaction():
            yield
    except Problem as problem:
        raise CommandError(error_message(problem)) from problem


def error_message(problem: Problem) -> str:
    """Return the text of a Problem for an operator."""
    if isinstance(problem, Collision):
        return (
            "A request changed the same data at the same time. Run the command again."
        )
    if isinstance(problem, Unavailable):
        return (
            "The database is unreachable or has no current schema. "
            f"Run `{flask_command('doctor')}` for the cause, "
            f"or `{flask_command('db upgrade')}`."
        )
    return _invalid_message(problem) if isinstance(problem, Invalid) else problem.detail


def _invalid_message(problem: Invalid) -> str:
    found = flatten(problem.errors)
    if isinstance(problem, InvalidLines):
        lines = [_line_message(path, error) for path, error in found]
        return "\n".join(["Nothing was imported.", *lines])
    return "; ".join(f"{'.'.join(path) or 'account'}: {text}" for path, text in found)


def _line_message(path: Sequence[str], error: str) -> str:
    number, *names = path
    location = "".join(f", {escape(name)}" for name in names)
    hint = getattr(error, "hint", None)
    column = getattr(error, "column", None) or 1
    return f"line {number}, column {column}{location}: {escape(error)}" + (
        f" {hint}" if hint else ""
    )


def load(schema: Schema, values: Fields) -> Fields:
    """Return options validated like the body of a request. Raises Invalid."""
    errors = schema.validate(values)
    if errors:
        raise Invalid(errors)
    loaded: Fields = schema.load(values)
    return loaded


def echo(message: object, *, err: bool = False) -> None:
    """Print a message without terminal escape sequences."""
    click.echo(escape_lines(str(message)), err=err)


def escape(text: str) -> str:
    """Return the text as one line, with every control character escaped."""
    return UNSAFE.sub(_escaped, text)


def escape_lines(text: str) -> str:
    """Return the text with control characters escaped, except tabs and line ends."""
    return UNSAFE_IN_LINES.sub(_escaped_unless_layout, text)


def escape_for(stream: IO[Any], text: str) -> str:
    """Return the text to write to a stream; only terminals need escapes."""
    return escape_lines(text) if stream.isatty() else text


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _escaped_unless_layout(match: re.Match[str]) -> str:
    return match[0] if match[0] in LAYOUT else _escaped(match)


def progress_bar(label: str, length: int) -> "ProgressBar[int]":
    """Return a progress bar on standard error, hidden unless that is a terminal."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )


@contextmanager
def create_file(target: Path) -> Iterator[Path]:
    """Yield a private temporary file that becomes `target` when the block succeeds.

    The target appears complete or not at all, and an existing file is never replaced.
    """
    if target.exists():
        raise CommandError(f"{target} already exists. Choose another file name.")
    folder = target.parent.resolve(strict=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.")
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
        _sync(path)
        # replace() overwrites: creating the name first fails if another process did.
        target.touch(exist_ok=False)
        path.replace(target)
        _sync(folder)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def output_file(target: Path) -> Iterator[Path]:
    """Yield a temporary file that is written to `target` when the block succeeds.

    A dash means standard output, which must not be a terminal.
    """
    if str(target) != STANDARD_STREAM:
        with create_file(target) as path:
            yield path
        return
    if sys.stdout.isatty():
        raise CommandError("Redirect standard output to a file, or name a file.")
    with _temporary_file() as path:
        yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def input_file(source: Path) -> Iterator[Path]:
    """Yield a file; for a dash, a copy of standard input."""
    if str(source) != STANDARD_STREAM:
        yield source
        return
    with _temporary_file() as path:
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except CommandError as error:
            message = error.message.replace(str(path), "Standard input")
            raise CommandError(message) from error


@contextmanager
def _temporary_file() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="taskapi-") as file:
        yield Path(file.name)


def _sync(path: Path) -> None:
    """Write a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
