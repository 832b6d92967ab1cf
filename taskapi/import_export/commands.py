"""The commands `flask tasks export` and `flask tasks import`."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import click

from taskapi import progress
from taskapi.backup import files
from taskapi.console import CommandError, echo
from taskapi.console import shown as shown_text
from taskapi.errors import FieldError, InvalidLines
from taskapi.import_export import export, service
from taskapi.import_export.drafts import Draft
from taskapi.import_export.formats import Form
from taskapi.import_export.forms import FORMS
from taskapi.import_export.parser import Intake
from taskapi.import_export.schemas import (
    OnLong,
    OwnedTaskImportSchema,
    TaskImportSchema,
)
from taskapi.import_export.texts import CHARSETS, Text
from taskapi.tasks import reading
from taskapi.terminal import Group, find
from taskapi.users.service import everybody, find_by_login

tasks_group = Group("tasks", help="Take tasks out as files, and bring them in.")
FORMAT = click.option(
    "--format",
    "name",
    type=click.Choice([*FORMS]),
    help="JSON Lines or CSV; a FILE that ends with .csv is CSV without this.",
)
EXPORTING = """\b
Examples:
  flask tasks export tasks.jsonl
  flask tasks export ann.csv --user ann
  flask tasks export - --user ann | jq .title"""
IMPORTING = """\b
Examples:
  flask tasks import tasks.csv --user ann --dry-run
  flask tasks import tasks.csv --user ann"""
USER = click.option("--user", help="Email or username of the one account to look at.")


@tasks_group.command("export", epilog=EXPORTING)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@USER
@FORMAT
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark.")
def export_tasks(file: str, user: str | None, name: str | None, *, bom: bool) -> None:
    """Write all tasks to FILE, or to standard output where it is "-".

    Those of one account with --user. Without, those of all accounts: each line begins
    with its owner. What is in the trash stays there. The service may go on meanwhile.
    A FILE that exists is never touched, and one appears when it is whole.
    """
    form = _form(file, name)
    bom = bom and form is FORMS["csv"]
    owners = [find(user)] if user else everybody()
    whole = sum(reading.count(owner, {}) for owner in owners)
    pieces = (
        export.of_one(owners[0], form, bom=bom)
        if user
        else export.of_several(owners, form, bom=bom)
    )
    number = 0
    with _in_a_line(), _target(file) as target, progress.bar("Export", whole) as shown:
        for piece in pieces:
            text = shown_text(piece.text) if file == "-" else piece.text
            target.write(text.encode())
            number += piece.number
            shown.update(piece.number)
    echo(f"Exported {number} tasks.", err=True)


@tasks_group.command("import", epilog=IMPORTING)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@USER
@FORMAT
@click.option("--dry-run", is_flag=True, help="Print the result; change nothing.")
@click.option(
    "--on-long",
    type=click.Choice([*OnLong]),
    default=OnLong.REJECT,
    help='Treatment of texts that are too long; "cut" truncates them.',
)
@click.option(
    "--encoding",
    type=click.Choice([*CHARSETS]),
    default="utf-8",
    help="Encoding of FILE; a byte order mark in it takes precedence.",
)
def import_tasks(
    file: str, user: str | None, name: str | None, *, dry_run: bool, **reading: str
) -> None:
    """Import the tasks of FILE, or of standard input if it is "-".

    All of them or none: if lines are not valid, they are listed with the reasons and
    nothing is imported. With --user the tasks become those of this account; without,
    each line names its owner, as in an export of all accounts. Existing tasks are not
    changed, and a line whose external_id the account already has is skipped, so that
    the same FILE can be imported again.
    """
    owner = find(user) if user else None
    schema = TaskImportSchema() if owner else OwnedTaskImportSchema()
    intake = Intake(schema, cut=reading["on_long"] == OnLong.CUT)
    with _in_a_line(), _source(file) as source:
        text = Text(source, reading["encoding"])
        groups = intake.read(text, _form(file, name))
    owned = [(owner or _owner(login, d), d) for login, d in groups.items()]
    created = skipped = 0
    with progress.bar("Import", sum(map(len, groups.values()))) as shown:
        for whose, drafts in owned:
            outcome = service.store(
                whose.id, drafts, dry_run=dry_run, tell=shown.update
            )
            created += outcome.created
            skipped += outcome.skipped
    done = "Would import" if dry_run else "Imported"
    echo(f"{done} {created} tasks; {skipped} were there already.")
    for line, names in intake.truncated:
        echo(f"line {line}: truncated {', '.join(names)}.")


def _form(file: str, name: str | None) -> Form:
    guessed = "csv" if file.lower().endswith(".csv") else "jsonl"
    return FORMS[name or guessed]


def _owner(login: str, drafts: Sequence[Draft]) -> Any:
    user = find_by_login(login)
    if user is None:
        fault = FieldError("There is no such account.", "not-found")
        column = drafts[0].locate(("owner",))
        raise InvalidLines({(drafts[0].line, "owner"): [fault.at(column)]})
    return user


@contextmanager
def _target(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdout.buffer
        return
    with files.draft(Path(file)) as path, path.open("wb") as target:
        yield target


@contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Watched(file) as source, progress.bar("Read", _size(file)) as shown:
        source.tell_size = shown.update
        yield source


class Watched(FileIO):
    """A file that reports the size of each part that is read."""

    tell_size: Callable[[int], object]

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into the buffer; return how many bytes."""
        size = super().readinto(buffer)
        self.tell_size(size or 0)
        return size


def _size(file: str) -> int:
    return Path(file).stat().st_size


@contextmanager
def _in_a_line() -> Iterator[None]:
    """Say in a line what is wrong with a file; a reader that has gone is no fault."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
