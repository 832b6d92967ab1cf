"""Registration of all commands, and the commands of background work."""

import os
import sys
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from flask import Flask
from flask.cli import run_command, with_appcontext

from taskapi import maintenance
from taskapi.admin.commands import sessions_group, users_group
from taskapi.api_keys.commands import api_keys_group
from taskapi.api_keys.models import ApiKey
from taskapi.auth.models import Session
from taskapi.backup.commands import backup, restore
from taskapi.console import Command, CommandError, CommandGroup, echo, error_message
from taskapi.db import database, errors
from taskapi.demo.commands import seed
from taskapi.doctor.commands import doctor
from taskapi.errors import Unavailable
from taskapi.import_export.commands import tasks_group
from taskapi.mail import smtp
from taskapi.members.commands import projects_group
from taskapi.tasks.models import Task
from taskapi.users.models import User

if TYPE_CHECKING:
    from config import Settings

FLASKENV_DEFAULTS = {"host": "127.0.0.1", "port": 8000}
mail_group = CommandGroup("mail", help="Send emails.")


def init_app(app: Flask, settings: "Settings") -> None:
    """Register the commands, and add the models to `flask shell`."""
    _listen_at(settings.host, settings.port)
    groups = (users_group, api_keys_group, sessions_group, projects_group)
    for command in (
        *groups,
        mail_group,
        tasks_group,
        seed,
        purge,
        backup,
        restore,
        doctor,
    ):
        app.cli.add_command(command)
    models = {"User": User, "Session": Session, "ApiKey": ApiKey, "Task": Task}
    app.shell_context_processor(lambda: {"db": database, **models})


def _listen_at(host: str, port: int) -> None:
    """Start `flask run` again if HOST or PORT is in `.env`.

    Variables in .flaskenv cannot refer to `.env`, and no option can be changed after
    the app is loaded. Options and FLASK_RUN_PORT have precedence.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.command is not run_command:
        return
    changed = [
        f"--{name}={value}"
        for name, value in (("host", host), ("port", port))
        if context.params[name] != value and _is_default(context, name)
    ]
    if changed:
        command = [sys.executable, *sys.orig_argv[1:], *changed]
        os.execv(sys.executable, command)  # noqa: S606 - the command of this process


def _is_default(context: click.Context, name: str) -> bool:
    """Return whether an option has the default of Flask or of .flaskenv."""
    source = context.get_parameter_source(name)
    in_flaskenv = context.params[name] == FLASKENV_DEFAULTS[name]
    return source is ParameterSource.DEFAULT or (
        source is ParameterSource.ENVIRONMENT and in_flaskenv
    )


@mail_group.command("send")
def send_mail() -> None:
    """Send all emails that are due, as each worker does every minute."""
    if not smtp.is_on():
        raise CommandError("Mail is disabled. Set SMTP_URL and MAIL_FROM.")
    echo(f"Sent {maintenance.send()} emails.")


@click.command("purge", cls=Command)
@with_appcontext
def purge() -> None:
    """Delete expired rows, as each worker does once a day."""
    # Each purge commits batch by batch, so there is no transaction around them.
    try:
        deleted = maintenance.purge()
    except Unavailable as problem:
        raise CommandError(error_message(problem)) from problem
    except errors.ERRORS as error:
        raise CommandError(error_message(errors.problem_of(error))) from error
    echo(f"Deleted {', '.join(f'{count} {kind}' for kind, count in deleted.items())}.")
