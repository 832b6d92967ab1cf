"""HTTP operations of the members of a project."""

from functools import partial

from taskapi.members import service
from taskapi.members.schemas import (
    MemberPageSchema,
    MemberSchema,
    MemberUpdateSchema,
)
from taskapi.members.service import MemberRow
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.web import conditional, pagination
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import idempotent
from taskapi.web.pagination import PageResponse

members = Blueprint(
    "members", "Members of projects.", limit="default", accepts_keys=True
)


@members.get("/projects/<id:project_id>/members", scope=Scope.TASKS_READ)
@members.arguments(pagination.PageArguments, location="query")
@members.response(200, MemberPageSchema, headers={"Link": "Link"})
@members.problems("invalid-cursor")
def list_members(arguments: Fields, project_id: int) -> PageResponse:
    """List the members of a project

    They are sorted by the ids of their accounts.
    """
    page = pagination.page_request(arguments)
    found = service.find_page(caller(), project_id, page)
    return pagination.page_response(*found, page)


@members.patch(
    "/projects/<id:project_id>/members/<id:user_id>", accepts_restricted=True
)
@members.arguments(MemberUpdateSchema)
@idempotent
@members.response(200, MemberSchema)
@members.problems("role-required", "personal-project", "last-owner")
def update_member(changes: Fields, project_id: int, user_id: int) -> MemberRow:
    """Change the role of a member

    Only owners can do this. A project keeps at least one owner.
    """
    read = partial(service.get, caller(), project_id, user_id)
    conditional.check_read_only(changes, MemberSchema, read)
    return service.change_role(caller(), project_id, user_id, changes["role"])


@members.delete(
    "/projects/<id:project_id>/members/<id:user_id>",
    ends_caller=True,
    accepts_restricted=True,
)
@idempotent
@members.response(204)
@members.problems("role-required", "personal-project", "last-owner")
def remove_member(project_id: int, user_id: int) -> None:
    """Remove a member, or leave a project

    Owners can remove all members; each member can leave. The tasks that are assigned
    to the member become unassigned, and its API keys for this project are revoked.
    """
    service.remove(caller(), project_id, user_id)
