"""Departure of accounts that are being deleted from all of their projects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    BindParameter,
    String,
    bindparam,
    column,
    delete,
    exists,
    select,
    table,
    update,
)

from taskapi import clock, db
from taskapi.db.types import Id, UtcDateTime
from taskapi.errors import LastOwner
from taskapi.projects.models import PERMANENTLY, Project, ProjectRole, memberships

# not the models: they depend on this package
TASKS = table(
    "tasks",
    column("project_id", Id),
    column("assignee_id", Id),
    column("version", BigInteger),
    column("updated_at", UtcDateTime),
)
INVITATIONS = table(
    "invitations", column("invited_by", Id), column("token_hash", String)
)
IDS: BindParameter[int] = bindparam("ids", expanding=True)
USER: BindParameter[int] = bindparam("user_id", type_=Id)
OWN = memberships.c.user_id == USER
JOINED = Project.id == memberships.c.project_id
_others = memberships.alias("others")
_another = (_others.c.project_id == Project.id, _others.c.user_id != USER)

PROJECTS = select(memberships.c.project_id).where(OWN)
LOCK_PROJECTS = (
    select(Project.id)
    .join(memberships, JOINED)
    .where(OWN)
    .order_by(Project.id)
    .with_for_update(key_share=True, of=Project)
)
# FOR UPDATE: a request that assigns a task to the account waits for the departure.
LOCK_MEMBERSHIPS = (
    select(
        Project.id,
        Project.personal_user_id,
        Project.deleted_at,
        memberships.c.role,
        exists().where(*_another).label("has_others"),
        exists()
        .where(*_another, _others.c.role == ProjectRole.OWNER)
        .label("has_other_owner"),
    )
    .join(memberships, JOINED)
    .where(OWN)
    .order_by(Project.id)
    .with_for_update(of=memberships)
)
MARK = (
    update(Project)
    .where(Project.id.in_(IDS))
    .values(
        deleted_at=PERMANENTLY,
        version=Project.version + 1,
        updated_at=bindparam("now", type_=UtcDateTime),
    )
)
CLEAR = (
    update(TASKS)
    .where(TASKS.c.project_id.in_(IDS), TASKS.c.assignee_id == USER)
    .values(
        assignee_id=None,
        version=TASKS.c.version + 1,
        updated_at=bindparam("now", type_=UtcDateTime),
    )
)
# The account knows these tokens, and could return with another account.
REVOKE_TOKENS = delete(INVITATIONS).where(
    INVITATIONS.c.invited_by == USER, INVITATIONS.c.token_hash.is_not(None)
)
LEAVE = delete(memberships).where(OWN, memberships.c.project_id.in_(IDS))


class MembershipRow(Protocol):
    """A membership of an account, and what decides about its project."""

    id: int
    personal_user_id: int | None
    deleted_at: datetime | None
    role: ProjectRole
    has_others: bool
    has_other_owner: bool


def leave_all(user_id: int) -> None:
    """Remove an account, which is locked, from all projects that remain.

    Its personal project and shared projects without other members do not remain: their
    rows are deleted with the account. Neither do those in the trash that no other owner
    could restore. Raises LastOwner.
    """
    parameters = {"user_id": user_id}
    db.session.execute(LOCK_PROJECTS, parameters)
    rows = db.session.execute(LOCK_MEMBERSHIPS, parameters).all()
    _check_owners(rows)
    shared = [row for row in rows if row.personal_user_id is None]
    ended = [row.id for row in shared if _ends(row)]
    if ended:
        db.session.execute(MARK, {"ids": ended, "now": clock.now()})
    left = [row.id for row in shared if not _ends(row)]
    if left:
        clear_assignments(left, user_id)
        db.session.execute(REVOKE_TOKENS, parameters)
        db.session.execute(LEAVE, parameters | {"ids": left})


def clear_assignments(project_ids: Sequence[int], user_id: int) -> None:
    """Clear the assignments of a member to tasks of projects."""
    parameters = {"ids": project_ids, "user_id": user_id, "now": clock.now()}
    db.session.execute(CLEAR, parameters)


def find_ids(user_id: int) -> list[int]:
    """Return the ids of the projects of an account, also of deleted ones."""
    return [
        row.project_id for row in db.session.execute(PROJECTS, {"user_id": user_id})
    ]


def _ends(row: MembershipRow) -> bool:
    """Return whether a shared project is deleted with the account."""
    is_purged = row.deleted_at == PERMANENTLY
    in_trash = row.deleted_at is not None and not row.has_other_owner
    return is_purged or in_trash or not row.has_others


def _check_owners(rows: Sequence[MembershipRow]) -> None:
    """Raise LastOwner for projects whose other members would be without an owner."""
    found = [
        row.id
        for row in rows
        if row.role is ProjectRole.OWNER
        and row.personal_user_id is None
        and row.deleted_at is None
        and row.has_others
        and not row.has_other_owner
    ]
    if found:
        ids = ", ".join(map(str, found))
        message = (
            f"No other member is an owner of these projects: {ids}. Make another "
            "member an owner first, or delete the projects."
        )
        raise LastOwner(message, project_ids=found)
