"""The command groups `flask users` and `flask sessions`."""

import click
from flask import current_app

from taskapi.admin import service as admin
from taskapi.auth import service as auth
from taskapi.console import CommandGroup, echo, load
from taskapi.users import deletion
from taskapi.users import service as users
from taskapi.users.models import Role, get_login
from taskapi.users.schemas import UserCreateSchema, UserSchema

users_group = CommandGroup("users", help="Manage accounts.")
sessions_group = CommandGroup("sessions", help="Manage login sessions.")


@users_group.command("create")
@click.option("--email", help="Email address to log in with.")
@click.option("--username", help="Username to log in with.")
@click.option("--full-name", help="Name to display.")
@click.option("--admin", "is_admin", is_flag=True, help="Create an administrator.")
@click.option("--password", help="Prompted for if omitted (recommended).")
def create_user(*, is_admin: bool, **options: str | None) -> None:
    """Create an account, such as the first administrator."""
    if not options["email"] and not options["username"]:
        options["email"] = click.prompt("Email")
    if options["password"] is None:
        options["password"] = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True
        )
    values = {name: value for name, value in options.items() if value is not None}
    role = Role.ADMIN if is_admin else Role.USER
    # The operator confirms the address: no verification email is sent.
    user = users.create(
        **load(UserCreateSchema(), values), role=role, email_verified="email" in values
    )
    echo(f"Created {role} {user.id}: {get_login(user)}")


@users_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_users(*, as_json: bool) -> None:
    """List all accounts, oldest first."""
    found = users.list_all()
    if as_json:
        echo(current_app.json.dumps([UserSchema().dump(user) for user in found]))
        return
    echo(f"{'ID':>6}  {'ROLE':5}  {'STATE':8}  NAME")
    for user in found:
        state = "active" if user.is_active else "disabled"
        echo(f"{user.id:>6}  {user.role:5}  {state:8}  {get_login(user)}")


@users_group.command("promote")
@click.argument("login")
def promote(login: str) -> None:
    """Give the account LOGIN (an email or a username) the role of administrator."""
    user = admin.change(users.get_by_login(login).id, {"role": Role.ADMIN})
    echo(f"{get_login(user)} is now an administrator.")


@users_group.command("deactivate")
@click.argument("login")
def deactivate(login: str) -> None:
    """Deactivate the account LOGIN, and revoke its sessions and API keys.

    No tasks are deleted. An administrator can activate the account again.
    """
    user = admin.change(users.get_by_login(login).id, {"is_active": False})
    echo(f"{get_login(user)} is deactivated. Its sessions and API keys are revoked.")


@users_group.command("delete")
@click.argument("login")
@click.confirmation_option(prompt="Delete the account with all of its data?")
def delete_user(login: str) -> None:
    """Delete the account LOGIN with all of its data, permanently.

    The server deletes the rows of a large account in the background.
    """
    user = users.get_by_login(login)
    deletion.delete_user(user.id)
    echo(f"{get_login(user)} is deleted.")


@users_group.command("reset-password")
@click.argument("login")
@click.password_option(help="Prompted for if omitted (recommended).")
def reset_password(login: str, password: str) -> None:
    """Set a new password for the account LOGIN and end its sessions."""
    user = users.get_by_login(login)
    users.set_password(user.id, password)
    auth.end_sessions(user.id)
    echo(f"{get_login(user)} has a new password. All sessions have ended.")


@sessions_group.command("end")
@click.argument("login")
def end_sessions(login: str) -> None:
    """End all sessions of the account LOGIN; its tokens are revoked immediately."""
    user = users.get_by_login(login)
    auth.end_sessions(user.id)
    echo(f"All sessions of {get_login(user)} have ended.")
