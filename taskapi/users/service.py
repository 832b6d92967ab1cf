"""The rules of accounts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, or_, select, true, update
from sqlalchemy import delete as sql_delete

from taskapi import clock, credentials, db, passwords
from taskapi.db import AnyRow, statements, versioning
from taskapi.errors import (
    FieldError,
    Invalid,
    InvalidCredentials,
    LastAdmin,
    NotFound,
)
from taskapi.mail import service as outbox
from taskapi.mail.models import Kind
from taskapi.users import letters, throttling
from taskapi.users.models import PRESENT, PUBLIC_COLUMNS, Role, User, fold

log = structlog.get_logger()

BY_LOGIN = select(User.__table__).where(
    or_(User.email == bindparam("login"), User.username == bindparam("login"))
)
BY_ID = select(*PUBLIC_COLUMNS).where(User.id == bindparam("user_id"), PRESENT)
PASSWORD_OF = select(User.password_hash).where(User.id == bindparam("user_id"))
EVERYBODY = select(*PUBLIC_COLUMNS).where(PRESENT).order_by(User.id)
MARKED = select(User.id).where(~PRESENT).order_by(User.id)
IDENTITY = [User.__table__.c.id, User.__table__.c.version]
BATCH = 200
"""Rows deleted in one transaction; a task has tags and entries of the search index."""

PAUSE_SECONDS = 0.05
"""Between two batches, in which other writers get the lock of SQLite."""


def create(*, password: str, **fields: Any) -> AnyRow:
    """Make an account; raises Invalid for a weak password, AlreadyExists for a name.

    An email that nobody vouches for gets a letter.
    """
    email = fields.get("email")
    passwords.refuse_weak(password, email, fields.get("username"))
    password_hash = passwords.make_hash(password)
    if email and not fields.get("email_verified"):
        letters.offer(Kind.VERIFICATION, email)
    with statements.unique(User):
        values = fields | {"password_hash": password_hash}
        return versioning.create(User, values, PUBLIC_COLUMNS)


def register(*, needs_email: bool, **fields: Any) -> AnyRow:
    """Make an account over HTTP, where an email may be needed."""
    if needs_email and "email" not in fields:
        raise Invalid({"email": [FieldError("An email is needed here.", "required")]})
    return create(**fields)


def find(user_id: int) -> AnyRow:
    """Return an account; raises NotFound."""
    found = db.read(BY_ID, {"user_id": user_id})
    if not found:
        raise NotFound
    return found[0]


def find_by_login(login: str) -> AnyRow | None:
    """Return the account of a folded email or username, its password hash included."""
    found = db.read(BY_LOGIN, {"login": login})
    return found[0] if found else None


def get_by_login(login: str) -> AnyRow:
    """Return the account with this email or username. Raises NotFound."""
    user = find_by_login(fold(login))
    if user is None:
        raise NotFound(f"There is no account named {login}.")
    return user


def everybody() -> list[AnyRow]:
    """Return all accounts, the oldest first."""
    return list(db.read(EVERYBODY))


def change(
    caller: Any,
    changes: dict[str, Any],
    versions: versioning.Versions = None,
    *,
    keeps_email: bool = False,
) -> AnyRow:
    """Change the caller's own account.

    A new email requires the current password and counts as unverified; an email goes to
    it, and a notice to the previous one.
    """
    given = changes.pop("current_password", None)
    mine = User.id == caller.id
    names = {"email": caller.email, "username": caller.username} | changes
    moves = names["email"] != caller.email
    if moves:
        mine = _as_proven(caller.id, _prove_in_field(caller, given))
        changes["email_verified"] = False
    _refuse_nameless(names, keeps_email=keeps_email and moves)
    if moves:
        _announce_email(caller.email, names["email"])
    with statements.unique(User), _same_password():
        return versioning.change(User, mine, changes, versions, PUBLIC_COLUMNS)


def _announce_email(old: str | None, new: str | None) -> None:
    if new:
        letters.offer(Kind.VERIFICATION, new)
    if old:
        letters.notify(old)


def prove_email(user: AnyRow, **changes: Any) -> None:
    """Count the email of an account as verified, and change more with it.

    Raises NotFound unless email, password and state are as they were read.
    """
    same = and_(
        User.id == user.id,
        User.email == user.email,
        User.password_hash == user.password_hash,
        User.is_active,
    )
    changes["email_verified"] = True
    versioning.change(User, same, changes, answer=PUBLIC_COLUMNS)


def delete_own(caller: Any, password: str) -> None:
    """Delete the caller's account and all that is theirs."""
    proven = _as_proven(caller.id, prove(caller, password))
    _keep_an_admin(caller.id)
    with _same_password():
        _begin_deletion(and_(proven, _allowed(caller)), caller.id)


def delete(
    user_id: int, versions: versioning.Versions = None, *, by: Any = None
) -> None:
    """Delete an account and all that is theirs; the last admin stays."""
    _keep_an_admin(user_id)
    _begin_deletion(and_(User.id == user_id, _allowed(by)), user_id, versions)


def purge() -> int:
    """Delete the rest of accounts whose deletion began; return the number of rows."""
    number = 0
    for (user_id,) in db.read(MARKED):
        finished = False
        while not finished:
            with db.transaction():
                deleted, finished = _delete_batch(user_id)
            number += deleted
            time.sleep(0 if finished else PAUSE_SECONDS)
    return number


def _begin_deletion(
    scope: ColumnElement[bool], user_id: int, versions: versioning.Versions = None
) -> None:
    """Mark an account as deleted, so that its names are free, and delete some rows.

    What remains of a large account is deleted in the background.
    """
    names = {"email": None, "username": f"deleted:{user_id}"}
    marked = names | {"is_active": False, "deleted_at": clock.now()}
    versioning.change(User, and_(scope, PRESENT), marked, versions, IDENTITY)
    _, finished = _delete_batch(user_id)
    if not finished:
        outbox.posted.set()
    log.info("account deleted", account_id=user_id)


def _delete_batch(user_id: int) -> tuple[int, bool]:
    """Delete some rows of a marked account, at last its own; return their number."""
    number = statements.delete_referring(User, user_id, BATCH)
    if number == BATCH:
        return number, False
    db.session.execute(sql_delete(User).where(User.id == user_id))
    return number + 1, True


def administer(
    user_id: int,
    changes: dict[str, Any],
    versions: versioning.Versions = None,
    *,
    by: Any = None,
) -> AnyRow:
    """Change role or state; the last admin keeps both."""
    if changes.get("role") == Role.USER or changes.get("is_active") is False:
        _keep_an_admin(user_id)
    one = and_(User.id == user_id, PRESENT, _allowed(by))
    user = versioning.change(User, one, changes, versions, PUBLIC_COLUMNS)
    state = {"role": user.role, "is_active": user.is_active}
    log.info("account administered", account_id=user_id, **state)
    return user


def prove(caller: Any, password: str) -> str:
    """Return the stored hash of the caller's password; raises InvalidCredentials.

    The hash belongs into the statement that needs the proof: the password may change
    before that runs.
    """
    found = db.read(PASSWORD_OF, {"user_id": caller.id})
    stored = found[0].password_hash if found else None
    key_id = None if caller.session_id else caller.key_id
    with throttling.proof_attempt(throttling.proof(caller.session_id, key_id)):
        if not passwords.matches(stored, password):
            log.warning("password not proven", account_id=caller.id)
            raise InvalidCredentials
    return str(stored)


def change_password(caller: Any, current: str, new: str) -> None:
    """Replace a password by proving it; raises Invalid for a weak new one."""
    proven = prove(caller, current)
    replace_hash(caller.id, proven, _new_hash(caller.id, new, field="new_password"))


def set_password(user_id: int, password: str) -> None:
    """Replace a password without a proof; raises Invalid for a weak one."""
    password_hash = _new_hash(user_id, password, field="password")
    statement = update(User).where(User.id == user_id)
    db.session.execute(statement.values(password_hash=password_hash))


def replace_hash(user_id: int, proven: str, password_hash: str) -> None:
    """Store a new hash; raises InvalidCredentials unless the proven one is stored."""
    statement = update(User).where(_as_proven(user_id, proven)).returning(User.id)
    stored = db.session.execute(statement.values(password_hash=password_hash))
    if stored.one_or_none() is None:
        raise InvalidCredentials


def _new_hash(user_id: int, password: str, *, field: str) -> str:
    user = find(user_id)
    passwords.refuse_weak(password, user.email, user.username, field=field)
    return passwords.make_hash(password)


def _as_proven(user_id: int, password_hash: str) -> ColumnElement[bool]:
    """Return the condition that an active account has the password that was proven."""
    return and_(User.id == user_id, User.password_hash == password_hash, User.is_active)


@contextmanager
def _same_password() -> Iterator[None]:
    """Raise InvalidCredentials where the statement found the account changed."""
    try:
        yield
    except NotFound as error:
        raise InvalidCredentials from error


def _prove_in_field(caller: Any, password: str | None) -> str:
    """Return the proven hash; raises Invalid that names the field of the password."""
    if password is None:
        fault = FieldError("Needed to change the email.", "required")
        raise Invalid({"current_password": [fault]})
    try:
        return prove(caller, password)
    except InvalidCredentials as error:
        fault = FieldError("This is not the current password.", "wrong")
        raise Invalid({"current_password": [fault]}) from error


def _refuse_nameless(names: dict[str, Any], *, keeps_email: bool) -> None:
    if names["email"] is None and names["username"] is None:
        raise Invalid({None: [FieldError("Keep an email or a username.", "required")]})
    if names["email"] is None and keeps_email:
        raise Invalid({"email": [FieldError("An email is needed here.", "required")]})


def _allowed(caller: Any) -> ColumnElement[bool]:
    """Return the condition that a caller may still do this; an operator always may."""
    if caller is None:
        return true()
    return and_(credentials.valid(caller), credentials.has_role(caller))


def _keep_an_admin(user_id: int) -> None:
    """Lock the account and all active admins; raise LastAdmin for the only one.

    Nothing waits after that, so that the next statement sees what is true by then.
    """
    is_admin = and_(User.role == Role.ADMIN, User.is_active)
    locked = select(User.id, is_admin.label("is_admin"))
    locked = locked.where(or_(User.id == user_id, is_admin)).order_by(User.id)
    rows = db.session.execute(locked.with_for_update())
    if [row.id for row in rows if row.is_admin] == [user_id]:
        raise LastAdmin
