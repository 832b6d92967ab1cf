"""The commands `flask tasks export` and `flask tasks import`."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click

from taskapi.console import (
    CommandError,
    CommandGroup,
    echo,
    escape_for,
    progress_bar,
)
from taskapi.errors import FieldError, InvalidLines, NotFound
from taskapi.import_export import export, service
from taskapi.import_export.command_files import file_errors, open_source, open_target
from taskapi.import_export.formats import FORMATS
from taskapi.import_export.lines import CHARSETS, Format, ParsedTask, TextLines
from taskapi.import_export.parser import TaskParser
from taskapi.import_export.schemas import (
    OnLong,
    OwnedTaskImportSchema,
    TaskImportSchema,
)
from taskapi.projects import service as projects
from taskapi.projects.callers import acting_for
from taskapi.projects.models import ProjectRole
from taskapi.typing import Account
from taskapi.users.service import find_by_login, get_by_login, list_all
from taskapi.web.validators import MAX_ID

EXPORT_EXAMPLES = """\b
Examples:
  flask tasks export tasks.jsonl
  flask tasks export ann.csv --user ann
  flask tasks export garden.csv --project 7
  flask tasks export - --user ann | jq .title"""
IMPORT_EXAMPLES = """\b
Examples:
  flask tasks import tasks.csv --user ann --dry-run
  flask tasks import tasks.csv --user ann
  flask tasks import garden.csv --user ann --project 7"""

PROJECT_ID = click.IntRange(1, MAX_ID)

tasks_group = CommandGroup("tasks", help="Export and import tasks as files.")
project_option = partial(click.option, "--project", "project_id", type=PROJECT_ID)
format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice([*FORMATS]),
    help="File format. Default: csv if FILE ends with .csv, otherwise jsonl.",
)


@tasks_group.command("export", epilog=EXPORT_EXAMPLES)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--user", help="Email or username: the personal project of the account.")
@project_option(help="Id of a single project, see `flask projects list`.")
@format_option
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark.")
def export_tasks(
    file: str, format_name: str | None, *, bom: bool, **source: Any
) -> None:
    """Write tasks to FILE, or to standard output if it is "-".

    With --project, export all tasks of one project, also those that others created;
    with --user, the personal project of one account. Otherwise export the personal
    projects of all accounts; each line begins with its owner. Shared projects are
    exported by --project only. Tasks in the trash are not exported. The service can
    keep running. An existing FILE is never replaced, and a new one appears only when it
    is complete.
    """
    file_format = _format(file, format_name)
    bom = bom and file_format is FORMATS["csv"]
    project_id = _exported_project(**source)
    if project_id:
        chunks = export.export_project(project_id, file_format, bom=bom)
        total = export.count_project(project_id)
    else:
        owners = [acting_for(owner) for owner in list_all()]
        chunks = export.export_accounts(owners, file_format, bom=bom)
        total = sum(export.count_project(o.personal_project_id) for o in owners)
    echo(f"Exported {_write(chunks, file, total)} tasks.", err=True)


@tasks_group.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--user", help="Email or username of a single account.")
@project_option(help="Id of the project to import into, with --user.")
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
def import_tasks(file: str, *, dry_run: bool, **options: Any) -> None:
    """Import the tasks of FILE, or of standard input if it is "-".

    All tasks are imported or none: if lines are invalid, they are listed with the
    reasons and nothing is imported. With --user, that account creates all tasks, in its
    personal project or in the one of --project, of which it must be an editor.
    Otherwise each line names its owner, as in an export of all accounts. Existing tasks
    are not changed. A line is skipped if the project has a task with its external_id,
    so that you can import the same FILE again.
    """
    target = _target(options["user"], options["project_id"])
    schema = TaskImportSchema() if target else OwnedTaskImportSchema()
    parser = TaskParser(schema, truncate=options["on_long"] == OnLong.CUT)
    with file_errors(), open_source(file) as source:
        lines = TextLines(source, options["encoding"])
        by_login = parser.parse(lines, _format(file, options["format_name"]))
    owned = [
        (target or _personal(_get_owner(login, tasks)), tasks)
        for login, tasks in by_login.items()
    ]
    created, skipped = _import(owned, dry_run=dry_run)
    verb = "Would import" if dry_run else "Imported"
    echo(f"{verb} {created} tasks and skipped {skipped} existing ones.")
    for line, names in parser.truncated:
        echo(f"line {line}: truncated {', '.join(names)}.")


def _exported_project(user: str | None, project_id: int | None) -> int | None:
    """Return the only project to export; None: the personal ones of all accounts."""
    if user and project_id:
        raise click.UsageError("Use --user or --project, not both.")
    if project_id:
        projects.check_exists(project_id)
    return projects.personal_id(get_by_login(user).id) if user else project_id


def _target(user: str | None, project_id: int | None) -> service.Target | None:
    """Return the only target of an import; None: each line names its owner."""
    if not user:
        if project_id:
            message = "--project needs --user: the account that creates the tasks."
            raise click.UsageError(message)
        return None
    target = _personal(get_by_login(user))
    if not project_id:
        return target
    try:
        role = projects.get(target.caller, project_id).role
    except NotFound as error:
        message = f"{user} is not a member of project {project_id}."
        raise CommandError(message) from error
    if role is ProjectRole.VIEWER:
        message = f"{user} is a viewer of project {project_id}: import as an editor."
        raise CommandError(message)
    return target._replace(project_id=project_id)


def _personal(user: Account) -> service.Target:
    caller = acting_for(user)
    return service.Target(caller, caller.personal_project_id)


def _format(file: str, name: str | None) -> Format:
    by_extension = "csv" if file.lower().endswith(".csv") else "jsonl"
    return FORMATS[name or by_extension]


def _write(chunks: Iterator[export.Chunk], file: str, total: int) -> int:
    """Write an export; return the number of tasks in it."""
    written = 0
    with (
        file_errors(),
        open_target(file) as target,
        progress_bar("Exporting", total) as bar,
    ):
        for chunk in chunks:
            text = escape_for(sys.stdout, chunk.text) if file == "-" else chunk.text
            target.write(text.encode())
            written += chunk.task_count
            bar.update(chunk.task_count)
    return written


def _import(
    owned: Sequence[tuple[service.Target, Sequence[ParsedTask]]], *, dry_run: bool
) -> service.ImportResult:
    """Import the tasks of each target; return the sums of the results."""
    total = sum(len(tasks) for _, tasks in owned)
    with progress_bar("Importing", total) as bar:
        results = [
            service.import_tasks(
                *target, tasks, dry_run=dry_run, on_progress=bar.update
            )
            for target, tasks in owned
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
