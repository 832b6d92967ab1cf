"""The command group `flask projects`."""

import click

from taskapi.console import CommandGroup, echo
from taskapi.members import operators
from taskapi.users.models import get_login
from taskapi.users.service import get_by_login
from taskapi.web.validators import MAX_ID

projects_group = CommandGroup("projects", help="Manage shared projects.")
project_argument = click.argument("project_id", type=click.IntRange(1, MAX_ID))


@projects_group.command("list")
def list_projects() -> None:
    """List all shared projects, oldest first."""
    echo(f"{'ID':>6}  {'MEMBERS':>7}  {'STATE':7}  NAME")
    for project in operators.list_projects():
        state = "deleted" if project.deleted_at else "active"
        count = project.member_count
        echo(f"{project.id:>6}  {count:>7}  {state:7}  {project.name}")


@projects_group.command("members")
@project_argument
def list_members(project_id: int) -> None:
    """List the members of the project PROJECT_ID."""
    found = operators.list_members(project_id)
    echo(f"{'USER':>6}  {'ROLE':6}  NAME")
    for member in found:
        echo(f"{member.user_id:>6}  {member.role:6}  {member.email or member.username}")


@projects_group.command("set-owner")
@project_argument
@click.argument("login")
def set_owner(project_id: int, login: str) -> None:
    """Set the account LOGIN as an owner of the project PROJECT_ID.

    An account that is not a member is added.
    """
    user = get_by_login(login)
    operators.set_owner(project_id, user.id)
    echo(f"{get_login(user)} is now an owner of project {project_id}.")
