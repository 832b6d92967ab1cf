"""The commands `flask tasks export` and `flask tasks import`."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import click

from taskapi.console import (
    CommandError,
    CommandGroup,
    create_file,
    echo,
    escape_for,
    progress_bar,
)
from taskapi.errors import FieldError, InvalidLines
from taskapi.import_export import export, service
from taskapi.import_export.formats import FORMATS
from taskapi.import_export.lines import CHARSETS, Format, ParsedTask, TextLines
from taskapi.import_export.parser import TaskParser
from taskapi.import_export.schemas import (
    OnLong,
    OwnedTaskImportSchema,
    TaskImportSchema,
)
from taskapi.projects.callers import acting_for
from taskapi.tasks import service as tasks
from taskapi.typing import Account
from taskapi.users.service import find_by_login, get_by_login, list_all

EXPORT_EXAMPLES = """\b
Examples:
  flask tasks export tasks.jsonl
  flask tasks export ann.csv --user ann
  flask tasks export - --user ann | jq .title"""
IMPORT_EXAMPLES = """\b
Examples:
  flask tasks import tasks.csv --user ann --dry-run
  flask tasks import tasks.csv --user ann"""

tasks_group = CommandGroup("tasks", help="Export and import tasks as files.")
user_option = click.option("--user", help="Email or username of a single account.")
format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice([*FORMATS]),
    help="File format. Default: csv if FILE ends with .csv, otherwise jsonl.",
)


@tasks_group.command("export", epilog=EXPORT_EXAMPLES)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@user_option
@format_option
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark.")
def export_tasks(
    file: str, user: str | None, format_name: str | None, *, bom: bool
) -> None:
    """Write all tasks to FILE, or to standard output if it is "-".

    With --user, export the tasks of one account. Otherwise export those of all
    accounts; each line begins with its owner. Tasks in the trash are not exported. The
    service can keep running. An existing FILE is never replaced, and a new one appears
    only when it is complete.
    """
    file_format = _format(file, format_name)
    bom = bom and file_format is FORMATS["csv"]
    if user:
        owners = [acting_for(get_by_login(user))]
        project_id = owners[0].personal_project_id
        chunks = export.export_visible(owners[0], file_format, project_id, bom=bom)
    else:
        owners = [acting_for(owner) for owner in list_all()]
        chunks = export.export_accounts(owners, file_format, bom=bom)
    personal = {"project_id": "personal"}
    total = sum(tasks.count(owner, personal) for owner in owners)
    echo(f"Exported {_write(chunks, file, total)} tasks.", err=True)


@tasks_group.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@user_option
@format_option
@click.option("--dry-run", is_flag=True, help="Validate FILE, but create no tasks.")
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
    file: str, user: str | None, format_name: str | None, *, dry_run: bool, **text: str
) -> None:
    """Import the tasks of FILE, or of standard input if it is "-".

    All tasks are imported or none: if lines are invalid, they are listed with the
    reasons and nothing is imported. With --user, all tasks belong to that account.
    Otherwise each line names its owner, as in an export of all accounts. Existing tasks
    are not changed. A line is skipped if the account has a task with its external_id,
    so that you can import the same FILE again.
    """
    owner = get_by_login(user) if user else None
    schema = TaskImportSchema() if owner else OwnedTaskImportSchema()
    parser = TaskParser(schema, truncate=text["on_long"] == OnLong.CUT)
    with _file_errors(), _open_source(file) as source:
        lines = TextLines(source, text["encoding"])
        by_login = parser.parse(lines, _format(file, format_name))
    owned = [
        (owner or _get_owner(login, tasks), tasks) for login, tasks in by_login.items()
    ]
    created, skipped = _import(owned, dry_run=dry_run)
    verb = "Would import" if dry_run else "Imported"
    echo(f"{verb} {created} tasks and skipped {skipped} existing ones.")
    for line, names in parser.truncated:
        echo(f"line {line}: truncated {', '.join(names)}.")


def _format(file: str, name: str | None) -> Format:
    by_extension = "csv" if file.lower().endswith(".csv") else "jsonl"
    return FORMATS[name or by_extension]


def _write(chunks: Iterator[export.Chunk], file: str, total: int) -> int:
    """Write an export; return the number of tasks in it."""
    written = 0
    with (
        _file_errors(),
        _open_target(file) as target,
        progress_bar("Exporting", total) as bar,
    ):
        for chunk in chunks:
            text = escape_for(sys.stdout, chunk.text) if file == "-" else chunk.text
            target.write(text.encode())
            written += chunk.task_count
            bar.update(chunk.task_count)
    return written


def _import(
    owned: Sequence[tuple[Account, Sequence[ParsedTask]]], *, dry_run: bool
) -> service.ImportResult:
    """Import the tasks of each owner; return the sums of the results."""
    total = sum(len(tasks) for _, tasks in owned)
    with progress_bar("Importing", total) as bar:
        results = [
            service.import_tasks(
                owner,
                owner.personal_project_id,
                tasks,
                dry_run=dry_run,
                on_progress=bar.update,
            )
            for owner, tasks in ((acting_for(user), tasks) for user, tasks in owned)
        ]
    return service.ImportResult(
        sum(result.created for result in results),
        sum(result.skipped for result in results),
    )


def _get_owner(login: str, tasks: Sequence[ParsedTask]) -> Account:
    user: Account | None = find_by_login(login)
    if user is None:
        error = FieldError("There is no such account.", "not-found")
        column = tasks[0].locate(("owner",))
        raise InvalidLines({(tasks[0].line, "owner"): [error.at(column)]})
    return user


@contextmanager
def _open_target(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdout.buffer
        return
    with create_file(Path(file)) as path, path.open("wb") as target:
        yield target


@contextmanager
def _open_source(file: str) -> Iterator[Any]:
    if file == "-":
        yield sys.stdin.buffer
        return
    size = Path(file).stat().st_size
    with MonitoredFile(file) as source, progress_bar("Reading", size) as bar:
        source.on_read = bar.update
        yield source


class MonitoredFile(FileIO):
    """A file that reports the number of bytes of each read."""

    on_read: Callable[[int], object]

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into the buffer; return the number of bytes."""
        size = super().readinto(buffer)
        self.on_read(size or 0)
        return size


@contextmanager
def _file_errors() -> Iterator[None]:
    """Raise CommandError for errors of a file, except a closed pipe."""
    try:
        yield
    except BrokenPipeError:  # click ends quietly when the reader, such as head, ends
        raise
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.") from error
