"""The rules of accounts."""

from typing import Any

from sqlalchemy import bindparam, or_, select, update

from taskapi import db, passwords, versioned
from taskapi.db import AnyRow
from taskapi.errors import (
    Fault,
    Invalid,
    InvalidCredentials,
    LastAdmin,
    NotFound,
)
from taskapi.users.models import PUBLIC_COLUMNS, Role, User

BY_LOGIN = select(User.__table__).where(
    or_(User.email == bindparam("login"), User.username == bindparam("login"))
)
BY_ID = select(*PUBLIC_COLUMNS).where(User.id == bindparam("user_id"))
PASSWORD_OF = select(User.password_hash).where(User.id == bindparam("user_id"))
EVERYBODY = select(*PUBLIC_COLUMNS).order_by(User.id)


def create(*, password: str, **fields: Any) -> AnyRow:
    """Make an account; raises Invalid for a weak password, AlreadyExists for a name."""
    passwords.refuse_weak(password, fields.get("email"), fields.get("username"))
    password_hash = passwords.make_hash(password)
    with db.unique(User):
        values = fields | {"password_hash": password_hash}
        return versioned.create(User, values, PUBLIC_COLUMNS)


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


def everybody() -> list[AnyRow]:
    """Return all accounts, the oldest first."""
    return list(db.read(EVERYBODY))


def change(
    caller: Any, changes: dict[str, Any], versions: versioned.Versions = None
) -> AnyRow:
    """Change the caller's own account.

    A new email counts as unverified, and asks for the current password.
    """
    given = changes.pop("current_password", None)
    if "email" in changes and changes["email"] != caller.email:
        _refuse_unproven(caller.id, given)
        changes["email_verified"] = False
    names = {"email": caller.email, "username": caller.username} | changes
    if names["email"] is None and names["username"] is None:
        raise Invalid({None: [Fault("Keep an email or a username.", "required")]})
    with db.unique(User):
        mine = User.id == caller.id
        return versioned.change(User, mine, changes, versions, PUBLIC_COLUMNS)


def delete(caller: Any, password: str) -> None:
    """Delete the caller's account and all that is theirs."""
    if not _is_password_of(caller.id, password):
        raise InvalidCredentials
    _keep_an_admin(caller.id)
    versioned.remove(User, User.id == caller.id)


def promote(user_id: int) -> AnyRow:
    """Make a user an admin."""
    return versioned.change(User, User.id == user_id, {"role": Role.ADMIN})


def deactivate(user_id: int) -> AnyRow:
    """Close an account without deleting anything; the last admin stays."""
    _keep_an_admin(user_id)
    return versioned.change(User, User.id == user_id, {"is_active": False})


def set_password(user_id: int, password: str) -> None:
    """Replace a password; raises Invalid for a weak one."""
    user = find(user_id)
    passwords.refuse_weak(password, user.email, user.username)
    store_hash(user_id, passwords.make_hash(password))


def store_hash(user_id: int, password_hash: str) -> None:
    """Keep a new hash of a password."""
    statement = update(User).where(User.id == user_id)
    db.session.execute(statement.values(password_hash=password_hash))


def _is_password_of(user_id: int, password: str) -> bool:
    found = db.read(PASSWORD_OF, {"user_id": user_id})
    return passwords.matches(found[0].password_hash if found else None, password)


def _refuse_unproven(user_id: int, password: str | None) -> None:
    if password is None:
        fault = Fault("Needed to change the email.", "required")
    elif not _is_password_of(user_id, password):
        fault = Fault("This is not the current password.", "wrong")
    else:
        return
    raise Invalid({"current_password": [fault]})


def _keep_an_admin(user_id: int) -> None:
    """Refuse to take away the only active admin; admins wait for each other here."""
    admins = select(User.id).where(User.role == Role.ADMIN, User.is_active)
    if list(db.session.scalars(admins.with_for_update())) == [user_id]:
        raise LastAdmin
