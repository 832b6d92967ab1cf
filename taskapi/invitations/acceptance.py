"""Invitations of an account: the list, acceptance, and the recipients of emails.

An invitation is addressed to the account that had its username when it was created, or
to the one that has verified its email now.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from taskapi import clock, db
from taskapi.db import pagination
from taskapi.db.pagination import PageRequest
from taskapi.db.types import Id
from taskapi.errors import FieldError, Invalid, NotFound, RateLimited
from taskapi.invitations.models import (
    COLUMNS,
    EmailInvitationRow,
    Invitation,
    is_addressed_to,
)
from taskapi.invitations.service import digest, is_open
from taskapi.mail.models import EmailRow
from taskapi.projects import access
from taskapi.projects import service as projects
from taskapi.projects.models import (
    PROJECT_NOT_DELETED,
    Project,
    ProjectRole,
    ShownProjectRow,
)
from taskapi.typing import Account
from taskapi.users import throttling
from taskapi.users.models import User

log = structlog.get_logger()

IN_PROJECT = and_(Project.id == Invitation.project_id, PROJECT_NOT_DELETED)
"""The condition of an invitation joined with its project."""

inviter = aliased(User)
invitee = aliased(User)
INVITER = select(inviter.username).where(inviter.id == Invitation.invited_by)
RECEIVED = [
    *COLUMNS,
    Project.name.label("project_name"),
    INVITER.scalar_subquery().label("invited_by_username"),
]

IS_INVITEE = or_(
    invitee.id == Invitation.user_id,
    and_(invitee.email == Invitation.email, invitee.email_verified),
)
VERIFIED = select(invitee.email).where(
    invitee.id == Invitation.user_id, invitee.email_verified, invitee.is_active
)
FOR_EMAIL = select(
    Invitation.username,
    Invitation.expires_at,
    inviter.username.label("inviter"),
    func.coalesce(Invitation.email, VERIFIED.scalar_subquery()).label("recipient"),
).where(
    Invitation.id == bindparam("invitation_id"),
    Invitation.expires_at > bindparam("now"),
    IN_PROJECT,
    inviter.id == Invitation.invited_by,
    inviter.is_active,
    ~exists().where(IS_INVITEE, access.is_member(Invitation.project_id, invitee.id)),
)


def find_page(caller: Account, page: PageRequest) -> tuple[Sequence[Any], int | None]:
    """Return a page of the open invitations to an account, and the total.

    Those to projects of which it is a member already have no effect and are omitted.
    """
    is_member = access.is_member(Invitation.project_id, literal(caller.id, Id))
    scope = and_(IN_PROJECT, is_addressed_to(caller.id), is_open(), ~is_member)
    rows = pagination.newest_first(RECEIVED, Invitation, scope, page)
    return rows, pagination.total(Invitation, scope, page)


def accept(caller: Account, invitation_id: int) -> ShownProjectRow:
    """Make the caller a member of the project of an invitation to it; return it.

    Raises NotFound or LimitReached.
    """
    same = Invitation.id == invitation_id
    return _accept(caller, and_(same, is_addressed_to(caller.id)))


def accept_token(caller: Account, token: str) -> ShownProjectRow:
    """Make the caller a member of the project of a token; return it.

    Raises LimitReached, and Invalid for a token that is unknown, used, expired or
    revoked.
    """
    try:
        return _accept(caller, Invitation.token_hash == digest(token))
    except NotFound as error:
        message = "The token is invalid, expired or already used. Request a new one."
        raise Invalid({"token": [FieldError(message, "wrong")]}) from error


def decline(caller: Account, invitation_id: int) -> None:
    """Delete an invitation to the caller; raises NotFound."""
    same = and_(Invitation.id == invitation_id, is_addressed_to(caller.id), is_open())
    in_project = exists().where(IN_PROJECT).correlate(Invitation)
    statement = delete(Invitation).where(same, in_project).returning(Invitation.id)
    if db.session.execute(statement).one_or_none() is None:
        raise NotFound
    log.info("invitation declined", invitation_id=invitation_id)


def find_for_email(email: EmailRow) -> EmailInvitationRow | None:
    """Return the invitation of an email, with its recipient.

    An invitation to a username is sent to the verified email of its account. Return
    None if it is no longer open, if it has no recipient or one that is a member, and
    beyond five invitations to an address in 15 minutes.
    """
    parameters = {"invitation_id": email.invitation_id, "now": clock.now()}
    found: Sequence[EmailInvitationRow] = db.read(FOR_EMAIL, parameters)
    if not found or not found[0].recipient:
        return None
    if email.attempts == 1:
        try:
            throttling.count(throttling.invitation_emails(found[0].recipient))
        except RateLimited:
            return None
    return found[0]


def _accept(caller: Account, condition: ColumnElement[bool]) -> ShownProjectRow:
    """Use up the one open invitation of a condition, unless the caller is a member.

    Raises NotFound or LimitReached.
    """
    open_invitation = and_(condition, is_open())
    project_id = _find_project(open_invitation)
    _lock_project(project_id)
    if not _is_member(caller, project_id):
        projects.lock_account(caller.id)
        role = _use_up(caller, project_id, open_invitation)
        projects.join(project_id, caller.id, role)
        log.info("invitation accepted", account_id=caller.id, project_id=project_id)
    return projects.get(caller, project_id)


def _find_project(open_invitation: ColumnElement[bool]) -> int:
    statement = select(Invitation.project_id).where(open_invitation, IN_PROJECT)
    found = db.read(statement)
    if not found:
        raise NotFound
    return int(found[0].project_id)


def _lock_project(project_id: int) -> None:
    statement = select(Project.id).where(Project.id == project_id, PROJECT_NOT_DELETED)
    locked = db.session.execute(statement.with_for_update(key_share=True))
    if locked.one_or_none() is None:
        raise NotFound


def _is_member(caller: Account, project_id: int) -> bool:
    found = access.is_member(literal(project_id, Id), literal(caller.id, Id))
    return bool(db.session.scalar(select(found)))


def _use_up(
    caller: Account, project_id: int, open_invitation: ColumnElement[bool]
) -> ProjectRole:
    """Delete an invitation and the others to the caller in the project.

    Return its role. Raises NotFound if it was used or revoked before the project was
    locked.
    """
    others = and_(Invitation.project_id == project_id, is_addressed_to(caller.id))
    used = open_invitation.label("is_used")
    statement = delete(Invitation).where(or_(open_invitation, others))
    rows = db.session.execute(statement.returning(Invitation.role, used))
    for row in rows.all():
        if row.is_used:
            return ProjectRole(row.role)
    raise NotFound
