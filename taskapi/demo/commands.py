"""The command `flask seed`."""

import secrets
from itertools import islice
from typing import Any

import click

from taskapi import clock, progress
from taskapi.api_keys import service as keys
from taskapi.console import Command, CommandError, echo
from taskapi.db.pagination import PageRequest
from taskapi.demo import data
from taskapi.import_export import service as porting
from taskapi.tasks import reading, trash
from taskapi.terminal import transaction
from taskapi.users import service as users
from taskapi.web.api import PREFIX
from taskapi.web.settings import settings

NAME = "demo"
AT_ONCE = 1_000
MOST = 1_000_000
THERE = f"""The account {NAME} is there already; nothing was changed. To get in:
  flask users reset-password {NAME}
  flask api-keys create {NAME} --name trial"""
MADE = """Made the account {name} with {number} tasks, {gone} of them in the trash.

  username  {name}
  password  {password}
  API key   {key}

They are shown only now. While the service runs (`make run`), this lists what is open:

curl -H 'X-API-Key: {key}' '{address}{prefix}/tasks?status=todo,in_progress'"""


@click.command("seed", cls=Command)
@click.option(
    "--tasks",
    "number",
    type=click.IntRange(1, MOST),
    default=data.SIZE,
    show_default=True,
    help="How many tasks to make; a large number shows how lists and searches feel.",
)
@click.pass_context
def seed(ctx: click.Context, number: int) -> None:
    """Make a demo account with a month of tasks, to try things out.

    It prints the login, an API key and a line that works. Nothing is done in
    production, nor where the account is there already.
    """
    with transaction(ctx):
        if settings.environment == "production":
            raise CommandError("This is for trying out; not in production.")
        if users.find_by_login(NAME):
            echo(THERE)
            return
        echo(_make(number))


def _make(number: int) -> str:
    password = secrets.token_urlsafe(12)
    user = users.create(username=NAME, full_name="Demo", password=password)
    _, key = keys.create(user, {"name": NAME})
    _fill(user, number)
    gone = _throw_away(user)
    return MADE.format(
        name=NAME,
        number=number,
        gone=gone,
        password=password,
        key=key,
        address=settings.public_url or settings.address,
        prefix=PREFIX,
    )


def _fill(user: Any, number: int) -> None:
    drafts = islice(data.drafts(clock.now()), number)
    with progress.bar("Tasks", number) as shown:
        while some := list(islice(drafts, AT_ONCE - AT_ONCE % data.SIZE)):
            porting.store(user.id, some, tell=shown.update)


def _throw_away(user: Any) -> int:
    """Move to the trash what is meant for it, and was made; return how much."""
    one = PageRequest(1)
    found = [
        row.id
        for name in data.thrown_away()
        for row in reading.find_page(user, {"external_id": name}, "created_at", one)
    ]
    trash.take(user.id, found, clock.now())
    return len(found)
