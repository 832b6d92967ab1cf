"""The command `flask seed`."""

import secrets
from itertools import islice

import click

from taskapi import clock
from taskapi.api_keys import creation
from taskapi.console import (
    Command,
    CommandError,
    command_transaction,
    echo,
    progress_bar,
)
from taskapi.db.pagination import PageRequest
from taskapi.demo import data, team
from taskapi.import_export import service as import_export
from taskapi.projects.callers import acting_for
from taskapi.server.command_line import flask_command
from taskapi.tasks import reads as tasks
from taskapi.tasks import trash
from taskapi.typing import Caller
from taskapi.users import service as users
from taskapi.web.api import PREFIX
from taskapi.web.settings import settings

USERNAME = "demo"
BATCH = 1_000 - 1_000 % data.SIZE
"""Tasks of one import: whole months, because subtasks need their parents."""

MAX_TASKS = 1_000_000
EXISTS = """The account {username} already exists; nothing was changed. To log in:
  {flask}users reset-password {username}
  {flask}api-keys create {username} --name trial"""
CREATED = """\
Created the account {username} with {number} tasks, {trashed} of them in the trash.

  username  {username}
  password  {password}
  API key   {key}

It shares the project "{project}" with {member} and has invited {invited} to it:
these accounts have the same password.

Password and key are not shown again. While the service runs (`make run`), this
lists open tasks:

curl -H 'X-API-Key: {key}' '{address}{prefix}/tasks?status=todo,in_progress'"""


@click.command("seed", cls=Command)
@click.option(
    "--tasks",
    "number",
    type=click.IntRange(1, MAX_TASKS),
    default=data.SIZE,
    show_default=True,
    help="Number of tasks. Use a large number to try lists and searches.",
)
@click.pass_context
def seed(ctx: click.Context, number: int) -> None:
    """Create a demo account with a month of tasks, and a small team.

    The account shares a project with demo-kim, and has invited demo-lee to it. Prints
    the login, an API key and an example request. Does nothing in production, or if one
    of these accounts already exists.
    """
    with command_transaction(ctx):
        if settings.environment == "production":
            raise CommandError("A demo account cannot be created in production.")
        for name in (USERNAME, team.MEMBER, team.INVITED):
            if users.find_by_login(name):
                echo(EXISTS.format(username=name, flask=flask_command("")))
                return
        echo(_create(number))


def _create(number: int) -> str:
    """Create the account; return the message with its credentials."""
    password = secrets.token_urlsafe(12)
    user = users.create(username=USERNAME, full_name="Demo", password=password)
    _, key = creation.create(user, {"name": USERNAME})
    caller = acting_for(user)
    _create_tasks(caller, number)
    team.create(caller, password)
    return CREATED.format(
        username=USERNAME,
        project=team.PROJECT,
        member=team.MEMBER,
        invited=team.INVITED,
        number=number,
        trashed=_move_to_trash(caller),
        password=password,
        key=key,
        address=settings.public_url or settings.address,
        prefix=PREFIX,
    )


def _create_tasks(caller: Caller, number: int) -> None:
    project_id = caller.personal_project_id
    tasks = islice(data.generate_tasks(clock.now()), number)
    with progress_bar("Creating tasks", number) as bar:
        while batch := list(islice(tasks, BATCH)):
            import_export.import_tasks(
                caller, project_id, batch, on_progress=bar.update
            )


def _move_to_trash(caller: Caller) -> int:
    """Move the tasks meant for the trash there; return how many were created."""
    first = PageRequest(1)
    ids = [
        row.id
        for name in data.trashed_external_ids()
        for row in tasks.find_page(caller, {"external_id": name}, "created_at", first)
    ]
    trash.move_to_trash(ids, clock.now())
    return len(ids)
