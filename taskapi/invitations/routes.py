"""HTTP operations of invitations."""

from functools import partial

from taskapi.invitations import acceptance, service
from taskapi.invitations.models import ADDRESSES, MAX_OPEN
from taskapi.invitations.schemas import (
    InvitationCreatedSchema,
    InvitationCreateSchema,
    InvitationPageSchema,
    InvitationTokenSchema,
    ReceivedInvitationPageSchema,
)
from taskapi.projects.models import MAX_MEMBERSHIPS, ShownProjectRow
from taskapi.projects.schemas import ProjectSchema
from taskapi.typing import Fields
from taskapi.web import pagination
from taskapi.web.api import Blueprint
from taskapi.web.authentication import caller
from taskapi.web.idempotency import idempotent
from taskapi.web.pagination import PageResponse

invitations = Blueprint(
    "invitations",
    "Invitations to projects: those of your projects, and those to you.",
    limit="default",
    accepts_keys=True,
)


def _returns_token(fields: Fields, **_: object) -> bool:
    return not any(name in fields for name in ADDRESSES)


@invitations.post("/projects/<id:project_id>/invitations", accepts_restricted=True)
@invitations.arguments(InvitationCreateSchema)
@partial(idempotent, unless=_returns_token)
@invitations.response(201, InvitationCreatedSchema)
@invitations.problems("already-exists", field="username")
@invitations.problems("limit-reached", limit=MAX_OPEN)
@invitations.problems("role-required", "personal-project")
def create_invitation(fields: Fields, project_id: int) -> Fields:
    """Invite an account to a project

    Send a username or an email. The response is the same whether or not such an account
    exists. Without both, the response contains a `token` that any account can accept;
    it is not returned again, and `Idempotency-Key` has no effect. You can send 50
    invitations to usernames and emails in a day.
    """
    return service.create(caller(), project_id, fields)


@invitations.get("/projects/<id:project_id>/invitations", accepts_restricted=True)
@invitations.arguments(pagination.PageArguments, location="query")
@invitations.response(200, InvitationPageSchema, headers={"Link": "Link"})
@invitations.problems("invalid-cursor", "role-required")
def list_project_invitations(arguments: Fields, project_id: int) -> PageResponse:
    """List the open invitations to a project

    Newest first.
    """
    page = pagination.page_request(arguments)
    found = service.find_project_page(caller(), project_id, page)
    return pagination.page_response(*found, page)


@invitations.delete("/invitations/<id:invitation_id>", accepts_restricted=True)
@idempotent
@invitations.response(204)
@invitations.problems("role-required")
def revoke_invitation(invitation_id: int) -> None:
    """Revoke an invitation

    For owners of the project. To reject an invitation to you, decline it.
    """
    service.revoke(caller(), invitation_id)


@invitations.get("/invitations")
@invitations.arguments(pagination.PageArguments, location="query")
@invitations.response(200, ReceivedInvitationPageSchema, headers={"Link": "Link"})
@invitations.problems("invalid-cursor")
def list_invitations(arguments: Fields) -> PageResponse:
    """List the invitations to you

    Those to your username and to your verified email, newest first. Projects of which
    you are a member are omitted.
    """
    page = pagination.page_request(arguments)
    return pagination.page_response(*acceptance.find_page(caller(), page), page)


@invitations.post("/invitations/<id:invitation_id>/accept")
@idempotent
@invitations.response(200, ProjectSchema)
@invitations.problems("limit-reached", limit=MAX_MEMBERSHIPS)
def accept_invitation(invitation_id: int) -> ShownProjectRow:
    """Accept an invitation to you

    You become a member of the project, which is returned. Other invitations to you in
    this project are deleted. If you are a member already, you keep your role.
    """
    return acceptance.accept(caller(), invitation_id)


@invitations.post("/invitations/<id:invitation_id>/decline")
@idempotent
@invitations.response(204)
def decline_invitation(invitation_id: int) -> None:
    """Decline an invitation to you"""
    acceptance.decline(caller(), invitation_id)


@invitations.post("/invitations/accept", limit="auth")
@invitations.arguments(InvitationTokenSchema)
@idempotent
@invitations.response(200, ProjectSchema)
@invitations.problems("limit-reached", limit=MAX_MEMBERSHIPS)
def accept_invitation_token(body: dict[str, str]) -> ShownProjectRow:
    """Accept an invitation with its token

    The token can be used once. If you are a member already, you keep your role, and
    the token stays valid.
    """
    return acceptance.accept_token(caller(), body["token"])
