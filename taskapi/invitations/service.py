"""Invitations: creation, lists, revocation.

A new invitation locks accounts, so that they are not deleted, and then the project. The
lock of accounts permits other changes of them, which follow a lock of the project.
Whatever creates or accepts an invitation locks its project, so that limits hold, and
what was read after the lock stays true.

A new invitation runs the same statements whether or not an account has the address,
and emails are never compared with those of members: nothing reveals an account.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)

from taskapi import clock, db
from taskapi.db import pagination, statements
from taskapi.db.pagination import PageRequest
from taskapi.db.types import Id
from taskapi.errors import (
    AlreadyExists,
    LimitReached,
    NotFound,
    PersonalProject,
    RoleRequired,
)
from taskapi.invitations.models import (
    ADDRESSES,
    COLUMNS,
    MAX_OPEN,
    Invitation,
    InvitationRow,
)
from taskapi.mail import service as mail
from taskapi.mail import smtp
from taskapi.mail.models import Kind
from taskapi.projects import access
from taskapi.projects.models import Project, ProjectRole
from taskapi.typing import Account, Fields
from taskapi.users import throttling
from taskapi.users.models import User

log = structlog.get_logger()

TOKEN_BYTES = 32
OWNER = ProjectRole.OWNER


def create(caller: Account, project_id: int, fields: Fields) -> Fields:
    """Create an invitation, with a token unless it has an address.

    Raises NotFound, RoleRequired, PersonalProject, AlreadyExists, LimitReached, and
    RateLimited beyond 50 invitations with an address in a day.
    """
    address = next((name for name in ADDRESSES if name in fields), None)
    if address:
        throttling.count(throttling.invitations(caller.id))
    token = None if address else secrets.token_urlsafe(TOKEN_BYTES)
    values = {name: fields.get(name) for name in ADDRESSES} | {
        "token_hash": digest(token) if token else None,
        "user_id": _lock_accounts(caller, fields.get("username")),
        "role": fields["role"],
        "expires_at": clock.now() + timedelta(days=fields["expires_in_days"]),
    }
    _lock_project(caller, project_id)
    _check_new(project_id, values)
    created = _insert(caller, project_id, values)
    if address and smtp.is_on():
        mail.enqueue(Kind.INVITATION, None, invitation_id=created.id)
    log.info("invitation created", project_id=project_id, invitation_id=created.id)
    return created._asdict() | ({"token": token} if token else {})


def find_project_page(
    caller: Account, project_id: int, page: PageRequest
) -> tuple[Sequence[InvitationRow], int | None]:
    """Return a page of the open invitations to a project, and the total.

    Raises NotFound or RoleRequired.
    """
    is_owner = access.visible(Invitation.project_id, OWNER)
    scope = and_(Invitation.project_id == project_id, is_open(), is_owner)
    parameters = access.scope(caller, project_id)
    rows = pagination.newest_first(COLUMNS, Invitation, scope, page, parameters)
    if not rows and not access.has_access(caller, project_id, OWNER):
        raise access.write_error(parameters, project_id, OWNER)
    return rows, pagination.total(Invitation, scope, page, parameters)


def revoke(caller: Account, invitation_id: int) -> None:
    """Delete an open invitation; raises NotFound or RoleRequired."""
    same = and_(Invitation.id == invitation_id, is_open())
    is_owner = access.visible(Invitation.project_id, OWNER)
    statement = delete(Invitation).where(same, is_owner).returning(Invitation.id)
    revoked = db.session.execute(statement, access.scope(caller)).one_or_none()
    if revoked is None:
        # One statement whether or not the invitation exists, as it may not be visible.
        seen = select(Invitation.id).where(same, access.visible(Invitation.project_id))
        if not db.read(seen, access.scope(caller)):
            raise NotFound
        raise RoleRequired(required_role=OWNER)
    log.info("invitation revoked", invitation_id=invitation_id)


def purge() -> int:
    """Delete expired invitations; return the number of rows."""
    return statements.delete_all(Invitation, ~is_open())


def is_open() -> ColumnElement[bool]:
    """Return the condition that an invitation has not expired."""
    return Invitation.expires_at > clock.now()


def digest(token: str) -> str:
    """Return the stored form of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _lock_accounts(caller: Account, username: str | None) -> int | None:
    """Lock the caller and the account with a username, and return the id of this one.

    Neither is deleted before the commit, and a deletion locks the account before its
    projects, as this does.
    """
    is_invitee = User.username == bindparam("username")
    statement = (
        select(User.id, is_invitee.label("is_invitee"))
        .where(or_(User.id == caller.id, is_invitee))
        .order_by(User.id)
        .with_for_update(read=True, key_share=True)
    )
    rows = db.session.execute(statement, {"username": username})
    return next((row.id for row in rows if row.is_invitee), None)


def _lock_project(caller: Account, project_id: int) -> None:
    """Lock a project of the caller; raises NotFound, RoleRequired, PersonalProject."""
    statement = (
        select(Project.personal_user_id)
        .where(Project.id == project_id, access.visible(Project.id, OWNER))
        .with_for_update(key_share=True, of=Project)
    )
    parameters = access.scope(caller, project_id)
    found = db.session.execute(statement, parameters).one_or_none()
    if found is None:
        raise access.write_error(parameters, project_id, OWNER)
    if found.personal_user_id:
        raise PersonalProject


def _check_new(project_id: int, values: Fields) -> None:
    """Delete expired invitations to a locked project, and check a new one.

    Raises LimitReached, and AlreadyExists for an address that is invited already or the
    username of a member, which owners can read. The email of a member raises nothing.
    """
    in_project = Invitation.project_id == project_id
    db.session.execute(delete(Invitation).where(in_project, ~is_open()))
    is_same = or_(*(Invitation.__table__.c[n] == bindparam(n) for n in ADDRESSES))
    user_id: BindParameter[int | None] = bindparam("user_id", type_=Id)
    statement = select(
        select(func.count()).where(in_project).scalar_subquery().label("open"),
        exists().where(in_project, is_same).label("is_invited"),
        access.is_member(literal(project_id, Id), user_id).label("is_member"),
    )
    found = db.session.execute(statement, values).one()
    if found.is_invited:
        text = "is invited already. Revoke the invitation to invite it again."
        raise _already_exists(text, values)
    if found.is_member:
        text = "is a member already. Change the role of the member instead."
        raise _already_exists(text, values)
    if found.open >= MAX_OPEN:
        message = f"A project can have {MAX_OPEN} open invitations. Revoke one first."
        raise LimitReached(message, limit=MAX_OPEN)


def _already_exists(state: str, values: Fields) -> AlreadyExists:
    field = "username" if values["username"] else "email"
    return AlreadyExists(f"This {field} {state}", field=field)


def _insert(caller: Account, project_id: int, values: Fields) -> InvitationRow:
    """Insert an invitation if the caller is an owner of the project.

    The statement that locked the project may have waited, and then it saw the roles
    from before.
    """
    values = values | {"project_id": project_id, "invited_by": caller.id}
    # SQLAlchemy takes parameters of an insert into a model as values of its rows
    table = db.Model.metadata.tables[Invitation.__tablename__]
    literals = [literal(value, table.c[name].type) for name, value in values.items()]
    parameters = access.scope(caller, project_id)
    is_owner = access.visible(literal(project_id, Id), OWNER)
    row = select(*literals).where(is_owner)
    statement = insert(table).from_select(list(values), row).returning(*COLUMNS)
    created: InvitationRow | None = db.session.execute(
        statement, parameters
    ).one_or_none()
    if created is None:
        raise access.write_error(parameters, project_id, OWNER)
    return created
