"""Commands for operators: accounts, keys, sessions and tidying up."""

from datetime import timedelta
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from taskapi import clock, db, maintenance
from taskapi.admin import service as admin
from taskapi.api_keys import service as keys
from taskapi.api_keys.models import ApiKey
from taskapi.api_keys.schemas import ApiKeySchema
from taskapi.auth import service as sessions
from taskapi.auth.models import Session
from taskapi.backup.commands import backup, restore
from taskapi.console import Command, CommandError, echo
from taskapi.db import errors
from taskapi.demo.commands import seed
from taskapi.doctor.commands import doctor
from taskapi.errors import Invalid, Unavailable
from taskapi.import_export.commands import tasks_group
from taskapi.mail import smtp
from taskapi.scopes import Scope
from taskapi.tasks.models import Task
from taskapi.terminal import Group, find, in_words
from taskapi.users import service
from taskapi.users.models import Role, User, login_of
from taskapi.users.schemas import UserCreateSchema, UserSchema
from taskapi.web.fields import MAX_ID
from taskapi.web.schema import Schema

users_group = Group("users", help="Make and manage accounts.")
keys_group = Group("api-keys", help="Make and revoke API keys.")
sessions_group = Group("sessions", help="End login sessions.")
mail_group = Group("mail", help="Send letters.")


def init_app(app: Flask) -> None:
    """Add the commands, and the models to `flask shell`."""
    groups = (users_group, keys_group, sessions_group, mail_group, tasks_group)
    for command in (*groups, seed, purge, backup, restore, doctor):
        app.cli.add_command(command)
    models = {"User": User, "Session": Session, "ApiKey": ApiKey, "Task": Task}
    app.shell_context_processor(lambda: {"db": db, **models})


@users_group.command("create")
@click.option("--email", help="Email address to log in with.")
@click.option("--username", help="Username to log in with.")
@click.option("--full-name", help="Name to show.")
@click.option("--admin", "as_admin", is_flag=True, help="Make it an administrator.")
@click.option("--password", help="Asked for when left out; better not given here.")
def create_user(*, as_admin: bool, **fields: str | None) -> None:
    """Make an account, such as the first administrator."""
    if not fields["email"] and not fields["username"]:
        fields["email"] = click.prompt("Email")
    if fields["password"] is None:
        fields["password"] = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True
        )
    given = {name: value for name, value in fields.items() if value is not None}
    role = Role.ADMIN if as_admin else Role.USER
    vouched = "email" in given
    user = service.create(
        **_checked(UserCreateSchema(), given), role=role, email_verified=vouched
    )
    echo(f"Made {role} {user.id}: {login_of(user)}")


@users_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def list_users(*, as_json: bool) -> None:
    """List all accounts, the oldest first."""
    found = service.everybody()
    if as_json:
        echo(current_app.json.dumps([UserSchema().dump(user) for user in found]))
        return
    echo(f"{'ID':>6}  {'ROLE':5}  {'STATE':8}  NAME")
    for user in found:
        state = "active" if user.is_active else "disabled"
        echo(f"{user.id:>6}  {user.role:5}  {state:8}  {login_of(user)}")


@users_group.command("promote")
@click.argument("login")
def promote(login: str) -> None:
    """Make LOGIN (an email or a username) an administrator."""
    user = admin.change(find(login).id, {"role": Role.ADMIN})
    echo(f"{login_of(user)} is an admin now.")


@users_group.command("deactivate")
@click.argument("login")
def deactivate(login: str) -> None:
    """Close the account LOGIN and end its sessions and keys; nothing is deleted."""
    user = admin.change(find(login).id, {"is_active": False})
    echo(f"{login_of(user)} is disabled; all sessions and keys have ended.")


@users_group.command("reset-password")
@click.argument("login")
@click.password_option(help="Asked for when left out; better not on the command line.")
def reset_password(login: str, password: str) -> None:
    """Give LOGIN a new password and end its sessions."""
    user = find(login)
    service.set_password(user.id, password)
    sessions.end_sessions(user.id)
    echo(f"{login_of(user)} has a new password; all sessions have ended.")


@keys_group.command("create")
@click.argument("login")
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the key may do; may be repeated. Default: read and write tasks.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires.")
def create_key(login: str, name: str, scopes: list[str], days: int | None) -> None:
    """Make an API key for LOGIN and print it; it is never shown again."""
    fields = _checked(ApiKeySchema(only=["name"]), {"name": name})
    if scopes:
        fields["scopes"] = [Scope(scope) for scope in scopes]
    if days:
        fields["expires_at"] = clock.now() + timedelta(days=days)
    _, text = keys.create(find(login), fields)
    echo(text)


@keys_group.command("list")
@click.argument("login")
def list_keys(login: str) -> None:
    """List the API keys of LOGIN."""
    found = keys.all_of(find(login).id)
    echo(f"{'ID':>6}  {'PREFIX':8}  {'EXPIRES':10}  {'LAST USED':10}  NAME")
    for key in found:
        ends, used = _day(key.expires_at), _day(key.last_used_at)
        echo(f"{key.id:>6}  {key.prefix:8}  {ends:10}  {used:10}  {key.name}")


@keys_group.command("revoke")
@click.argument("login")
@click.argument("key_id", type=click.IntRange(1, MAX_ID))
def revoke_key(login: str, key_id: int) -> None:
    """End the API key KEY_ID of LOGIN at once."""
    keys.revoke(find(login), key_id)
    echo(f"Key {key_id} is revoked.")


@sessions_group.command("end")
@click.argument("login")
def end_sessions(login: str) -> None:
    """End all sessions of LOGIN; the tokens are dead at once."""
    user = find(login)
    sessions.end_sessions(user.id)
    echo(f"All sessions of {login_of(user)} have ended.")


@mail_group.command("send")
def send_mail() -> None:
    """Send the letters that are due; gunicorn's workers do so by themselves."""
    if not smtp.is_on():
        raise CommandError("Mail is off; set SMTP_URL and MAIL_FROM.")
    echo(f"Sent {maintenance.send()} letters.")


@click.command("purge", cls=Command)
@with_appcontext
def purge() -> None:
    """Delete what is over; gunicorn's workers do so by themselves once a day."""
    try:
        gone = maintenance.purge().items()
    except Unavailable as problem:
        raise CommandError(in_words(problem)) from problem
    except errors.ERRORS as error:
        raise CommandError(in_words(errors.problem_of(error))) from error
    echo(f"Deleted {', '.join(f'{number} {name}' for name, number in gone)}.")


def _checked(schema: Schema, fields: dict[str, Any]) -> dict[str, Any]:
    """Apply the rules of HTTP to what was typed."""
    faults = schema.validate(fields)
    if faults:
        raise Invalid(faults)
    loaded: dict[str, Any] = schema.load(fields)
    return loaded


def _day(moment: Any) -> str:
    return moment.date().isoformat() if moment else "never"
