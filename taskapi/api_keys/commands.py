"""The command group `flask api-keys`."""

from datetime import datetime, timedelta

import click

from taskapi import clock
from taskapi.api_keys import creation, service
from taskapi.api_keys.schemas import ApiKeySchema
from taskapi.console import CommandGroup, echo, load
from taskapi.scopes import Scope
from taskapi.users.service import get_by_login
from taskapi.web.validators import MAX_ID

MAX_DAYS = 3_650

api_keys_group = CommandGroup("api-keys", help="Manage API keys.")


@api_keys_group.command("create")
@click.argument("login")
@click.option("--name", required=True, help="Purpose of the key.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Permission of the key; can be repeated. Default: read and write tasks.",
)
@click.option(
    "--project",
    "project_id",
    type=click.IntRange(1, MAX_ID),
    help="The only project that the key reaches. Default: all of the account.",
)
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="Days until it expires.")
def create_key(
    login: str, name: str, scopes: list[str], project_id: int | None, days: int | None
) -> None:
    """Create an API key for the account LOGIN and print it once."""
    fields = load(ApiKeySchema(only=["name"]), {"name": name})
    fields["project_id"] = project_id
    if scopes:
        fields["scopes"] = [Scope(scope) for scope in scopes]
    if days:
        fields["expires_at"] = clock.now() + timedelta(days=days)
    _, text = creation.create(get_by_login(login), fields)
    echo(text)


@api_keys_group.command("list")
@click.argument("login")
def list_keys(login: str) -> None:
    """List the API keys of the account LOGIN."""
    found = service.list_all(get_by_login(login).id)
    echo(f"{'ID':>6}  {'PREFIX':8}  {'EXPIRES':10}  {'LAST USED':10}  PROJECT  NAME")
    for key in found:
        expires_on, used_on = _date(key.expires_at), _date(key.last_used_at)
        dates = f"{expires_on:10}  {used_on:10}"
        project = key.project_id or "all"
        echo(f"{key.id:>6}  {key.prefix:8}  {dates}  {project:>7}  {key.name}")


@api_keys_group.command("revoke")
@click.argument("login")
@click.argument("key_id", type=click.IntRange(1, MAX_ID))
def revoke_key(login: str, key_id: int) -> None:
    """Revoke the API key KEY_ID of the account LOGIN immediately."""
    service.revoke(get_by_login(login), key_id)
    echo(f"API key {key_id} is revoked.")


def _date(timestamp: datetime | None) -> str:
    return timestamp.date().isoformat() if timestamp else "never"
