"""Accounts over HTTP, for administrators."""

from functools import partial
from typing import Any

from taskapi.admin import service
from taskapi.admin.schemas import (
    UserAdminUpdateSchema,
    UserListArguments,
    UserPageSchema,
)
from taskapi.scopes import Scope
from taskapi.users import service as users
from taskapi.users.schemas import UserSchema
from taskapi.web import conditional, pagination, read_only
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller

admin = Blueprint("admin", "All accounts.", limit="default", accepts_keys=True)


@admin.get("/users", scope=Scope.ADMIN)
@admin.arguments(UserListArguments, location="query")
@admin.response(200, UserPageSchema, headers={"Link": "Link"})
@admin.problems("admin-required", "invalid-cursor")
def list_users(arguments: dict[str, Any]) -> Any:
    """List the accounts

    The newest first.
    """
    window = pagination.window(arguments)
    return pagination.answer(*service.find_page(arguments, window), window)


@admin.get("/users/<id:user_id>", scope=Scope.ADMIN)
@admin.response(200, UserSchema)
@admin.problems("admin-required")
@conditional.read
def get_user(user_id: int) -> Any:
    """Read an account"""
    return users.find(user_id)


@admin.patch("/users/<id:user_id>", scope=Scope.ADMIN, ends_caller=True)
@admin.arguments(UserAdminUpdateSchema)
@admin.response(200, UserSchema)
@admin.problems("admin-required", "last-admin")
@conditional.write
def update_user(
    changes: dict[str, Any], user_id: int, versions: frozenset[int] | None
) -> Any:
    """Change the role of an account, or close it

    A closed account keeps its data; its sessions and keys end at once.
    """
    read = partial(users.find, user_id)
    versions = read_only.check(changes, UserSchema, read, versions)
    return service.change(user_id, changes, versions, by=caller())


@admin.delete("/users/<id:user_id>", scope=Scope.ADMIN, ends_caller=True)
@admin.response(204)
@admin.problems("admin-required", "last-admin")
@conditional.write
def delete_user(user_id: int, versions: frozenset[int] | None) -> None:
    """Delete an account

    Everything that is theirs goes with it, at once and for good.
    """
    users.delete(user_id, versions, by=caller())
