"""HTTP operations for administrators."""

from functools import partial

from taskapi.admin import service
from taskapi.admin.schemas import (
    UserAdminUpdateSchema,
    UserListArguments,
    UserPageSchema,
)
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.users import deletion
from taskapi.users import service as users
from taskapi.users.models import UserRow
from taskapi.users.schemas import UserSchema
from taskapi.web import conditional, pagination
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.conditional import ExpectedVersions
from taskapi.web.pagination import PageResponse

admin = Blueprint(
    "admin", "Administration of all accounts.", limit="default", accepts_keys=True
)


@admin.get("/users", scope=Scope.ADMIN)
@admin.arguments(UserListArguments, location="query")
@admin.response(200, UserPageSchema, headers={"Link": "Link"})
@admin.problems("invalid-cursor")
def list_users(arguments: Fields) -> PageResponse:
    """List accounts

    Newest first.
    """
    page = pagination.page_request(arguments)
    return pagination.page_response(*service.find_page(arguments, page), page)


@admin.get("/users/<id:user_id>", scope=Scope.ADMIN)
@admin.response(200, UserSchema)
@conditional.read
def get_user(user_id: int) -> UserRow:
    """Get an account"""
    return users.get(user_id)


@admin.patch("/users/<id:user_id>", scope=Scope.ADMIN, ends_caller=True)
@admin.arguments(UserAdminUpdateSchema)
@admin.response(200, UserSchema)
@admin.problems("last-admin")
@conditional.write
def update_user(changes: Fields, user_id: int, versions: ExpectedVersions) -> UserRow:
    """Change the role of an account, or deactivate it

    A deactivated account keeps its data; its sessions and API keys end at once.
    """
    read = partial(users.get, user_id)
    versions = conditional.check_read_only(changes, UserSchema, read, versions)
    return service.change(user_id, changes, versions, by=caller())


@admin.delete("/users/<id:user_id>", scope=Scope.ADMIN, ends_caller=True)
@admin.response(204)
@admin.problems("last-admin", "last-owner")
@conditional.write
def delete_user(user_id: int, versions: ExpectedVersions) -> None:
    """Delete an account

    All of its data is deleted with it, permanently, also the shared projects that have
    no other member. If other members of a project would be without an owner, the
    response is 409. Tasks that it created in other projects stay.
    """
    deletion.delete_user(user_id, versions, by=caller())
