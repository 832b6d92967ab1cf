"""Commands for operators: `flask users …`."""

from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo

from taskapi import db
from taskapi.admin import service as admin
from taskapi.auth import service as sessions
from taskapi.auth.models import Session
from taskapi.errors import Invalid, Problem, Unavailable
from taskapi.tasks.models import Task
from taskapi.users import service
from taskapi.users.models import Role, User
from taskapi.users.schemas import RegistrationSchema, fold


class Group(AppGroup):
    """Commands in one transaction each, which say in a line what went wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, commit what it did, put refusals in words."""
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
            with app.app_context(), db.transaction():
                return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(_in_words(problem)) from problem


users = Group("users", help="Make and manage accounts.")


def init_app(app: Flask) -> None:
    """Add the commands, and the models to `flask shell`."""
    app.cli.add_command(users)
    app.shell_context_processor(
        lambda: {"db": db, "User": User, "Session": Session, "Task": Task}
    )


@users.command("create")
@click.option("--email", help="Email address to log in with.")
@click.option("--username", help="Username to log in with.")
@click.option("--full-name", help="Name to show.")
@click.option("--admin", is_flag=True, help="Let the account administer the service.")
@click.password_option(help="Asked for when left out; better not on the command line.")
def create(*, admin: bool, **fields: str | None) -> None:
    """Make an account, such as the first administrator."""
    if not fields["email"] and not fields["username"]:
        fields["email"] = click.prompt("Email")
    given = {name: value for name, value in fields.items() if value is not None}
    role = Role.ADMIN if admin else Role.USER
    user = service.create(**_checked(given), role=role)
    click.echo(f"Made {role} {user.id}: {_name(user)}")


@users.command("list")
def list_users() -> None:
    """List all accounts."""
    found = service.everybody()
    click.echo(f"{'ID':>6}  {'ROLE':5}  {'STATE':8}  NAME")
    for user in found:
        state = "active" if user.is_active else "disabled"
        click.echo(f"{user.id:>6}  {user.role:5}  {state:8}  {_name(user)}")


@users.command("promote")
@click.argument("login")
def promote(login: str) -> None:
    """Make LOGIN (an email or a username) an administrator."""
    user = admin.change(_find(login).id, {"role": Role.ADMIN})
    click.echo(f"{_name(user)} is an admin now.")


@users.command("deactivate")
@click.argument("login")
def deactivate(login: str) -> None:
    """Close the account LOGIN and end its sessions; nothing is deleted."""
    user = admin.change(_find(login).id, {"is_active": False})
    click.echo(f"{_name(user)} is disabled; all sessions and keys have ended.")


@users.command("reset-password")
@click.argument("login")
@click.password_option(help="Asked for when left out; better not on the command line.")
def reset_password(login: str, password: str) -> None:
    """Give LOGIN a new password and end its sessions."""
    user = _find(login)
    service.set_password(user.id, password)
    sessions.end_sessions(user.id)
    click.echo(f"{_name(user)} has a new password; all sessions have ended.")


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Apply the rules of registration to what was typed."""
    schema = RegistrationSchema()
    faults = schema.validate(fields)
    if faults:
        raise Invalid(faults)
    loaded: dict[str, Any] = schema.load(fields)
    return loaded


def _find(login: str) -> Any:
    user = service.find_by_login(fold(login))
    if user is None:
        raise click.ClickException(f"There is no account {login}.")
    return user


def _name(user: Any) -> str:
    return str(user.email or user.username)


def _in_words(problem: Problem) -> str:
    if isinstance(problem, Unavailable):
        return "The database is out of reach or not migrated; try `flask db upgrade`."
    if not isinstance(problem, Invalid):
        return problem.detail
    return "; ".join(
        f"{name or 'account'}: {faults[0]}" for name, faults in problem.faults.items()
    )
