"""Members of a project: list, changes of roles, removal.

Each write locks the project first. Thus roles do not change while they are checked, and
two owners cannot demote or remove each other at the same time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from taskapi import db
from taskapi.api_keys import service as keys
from taskapi.db.pagination import PageRequest
from taskapi.db.types import Id
from taskapi.errors import LastOwner, NotFound, PersonalProject
from taskapi.invitations.models import Invitation, is_addressed_to
from taskapi.projects import access, departure
from taskapi.projects.models import (
    PROJECT_NOT_DELETED,
    Project,
    ProjectRole,
    memberships,
)
from taskapi.typing import Account
from taskapi.users import credentials
from taskapi.users.models import User

log = structlog.get_logger()

OWNER = ProjectRole.OWNER
PROJECT = bindparam("project", type_=Id)
USER = bindparam("member", type_=Id)


class MemberRow(Protocol):
    """A member as responses show it."""

    user_id: int
    username: str | None
    full_name: str | None
    role: ProjectRole
    joined_at: datetime


class LockedMemberRow(Protocol):
    """A locked member, with what decides whether it can be changed or removed."""

    role: ProjectRole
    own_role: ProjectRole
    has_other_owner: bool


MEMBERS = (
    select(
        User.id,
        User.id.label("user_id"),
        User.username,
        User.full_name,
        memberships.c.role,
        memberships.c.created_at.label("joined_at"),
        User.id.label("position"),
    )
    .join(memberships, memberships.c.user_id == User.id)
    .order_by(User.id)
)
VISIBLE = MEMBERS.where(memberships.c.project_id == access.visible_project())
ONE = VISIBLE.where(User.id == USER)
PAGE = (
    VISIBLE.where(User.id > bindparam("after", type_=Id))
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
TOTAL = select(func.count()).where(memberships.c.project_id == PROJECT)

IS_MEMBER = and_(memberships.c.project_id == PROJECT, memberships.c.user_id == USER)
_own, _others = memberships.alias("own"), memberships.alias("others")
_own_role = select(_own.c.role).where(
    _own.c.project_id == PROJECT, _own.c.user_id == access.ME
)
_other_owner = exists().where(
    _others.c.project_id == PROJECT,
    _others.c.user_id != USER,
    _others.c.role == OWNER,
)
LOCK_PROJECT = (
    select(Project.personal_user_id)
    .where(Project.id == PROJECT, PROJECT_NOT_DELETED, access.visible(PROJECT))
    .with_for_update(key_share=True)
)
# FOR UPDATE: a request that assigns a task to the member waits for the removal.
LOCK_MEMBER = (
    select(
        memberships.c.role,
        _own_role.scalar_subquery().label("own_role"),
        _other_owner.label("has_other_owner"),
    )
    .where(IS_MEMBER)
    .with_for_update()
)


def find_page(
    caller: Account, project_id: int, page: PageRequest
) -> tuple[Sequence[MemberRow], int | None]:
    """Return a page of the members, by account, and the total; raises NotFound."""
    parameters = access.scope(caller, project_id)
    paging = {"limit": page.limit + 1, "offset": page.offset}
    paging["after"] = page.after[1] if page.after else 0
    rows: Sequence[MemberRow] = db.read(PAGE, parameters | paging)
    if not rows or page.with_total:
        _check_visible(caller, project_id)
    if not page.with_total:
        return rows, None
    return rows, int(db.read(TOTAL, {"project": project_id})[0][0])


def get(caller: Account, project_id: int, user_id: int) -> MemberRow:
    """Return a member of a project that the caller can see; raises NotFound."""
    found = db.read(ONE, access.scope(caller, project_id) | {"member": user_id})
    if not found:
        raise NotFound
    row: MemberRow = found[0]
    return row


def change_role(
    caller: Account, project_id: int, user_id: int, role: ProjectRole
) -> MemberRow:
    """Change the role of a member.

    Raises NotFound, RoleRequired, PersonalProject or LastOwner.
    """
    member = _lock(caller, project_id, user_id)
    parameters = access.scope(caller)
    if member.own_role != OWNER:
        raise access.write_error(parameters, project_id, OWNER)
    _check_owner_remains(member, project_id, role)
    is_owner = access.has_role(parameters, project_id, OWNER)
    statement = update(memberships).where(IS_MEMBER, is_owner).values(role=role)
    db.session.execute(statement, {"project": project_id, "member": user_id})
    if member.role == OWNER != role:
        _delete_invitations(project_id, _has_token_of(user_id))
    log.info("role changed", account_id=user_id, project_id=project_id, role=role.value)
    return get(caller, project_id, user_id)


def remove(caller: Account, project_id: int, user_id: int) -> None:
    """Remove a member, with all that gave it access to the project.

    Raises NotFound, RoleRequired, PersonalProject or LastOwner.
    """
    member = _lock(caller, project_id, user_id)
    parameters = access.scope(caller)
    if member.own_role != OWNER and user_id != caller.id:
        raise access.write_error(parameters, project_id, OWNER)
    _check_owner_remains(member, project_id, None)
    departure.clear_assignments([project_id], user_id)
    is_owner = access.has_role(parameters, project_id, OWNER)
    permitted = or_(memberships.c.user_id == caller.id, is_owner)
    statement = delete(memberships).where(
        IS_MEMBER, permitted, credentials.valid(caller)
    )
    of = {"project": project_id, "member": user_id}
    removed = db.session.execute(statement.returning(memberships.c.role), of)
    if removed.one_or_none() is None:
        raise NotFound
    keys.revoke_restricted(user_id, project_id)
    former = or_(is_addressed_to(user_id), _has_token_of(user_id))
    _delete_invitations(project_id, former)
    log.info("member removed", account_id=user_id, project_id=project_id)


def _check_visible(caller: Account, project_id: int) -> None:
    if not access.has_access(caller, project_id):
        raise NotFound


def _lock(caller: Account, project_id: int, user_id: int) -> LockedMemberRow:
    """Lock a project and a member; raises NotFound, RoleRequired or PersonalProject."""
    parameters = access.scope(caller)
    of = parameters | {"project": project_id, "member": user_id}
    project = db.session.execute(LOCK_PROJECT, of).one_or_none()
    if project is None:
        raise NotFound
    member: LockedMemberRow | None = db.session.execute(LOCK_MEMBER, of).one_or_none()
    if member is None:
        raise access.write_error(parameters, project_id, OWNER)
    if project.personal_user_id is not None:
        raise PersonalProject
    return member


def _check_owner_remains(
    member: LockedMemberRow, project_id: int, role: ProjectRole | None
) -> None:
    """Raise LastOwner if the new role leaves the project without an owner."""
    if member.role == OWNER != role and not member.has_other_owner:
        raise LastOwner(project_ids=[project_id])


def _delete_invitations(project_id: int, condition: ColumnElement[bool]) -> None:
    of_project = Invitation.project_id == project_id
    db.session.execute(delete(Invitation).where(of_project, condition))


def _has_token_of(user_id: int) -> ColumnElement[bool]:
    """Return the condition that an account created an invitation with a token.

    The account knows the token, and could return with it after it was removed.
    """
    return and_(Invitation.invited_by == user_id, Invitation.token_hash.is_not(None))
