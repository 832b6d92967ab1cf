"""Accounts: creation, changes, and the emails that follow from them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, or_, select, true, update

from taskapi import db, passwords
from taskapi.db import statements, versioning
from taskapi.errors import FieldError, Invalid, LastAdmin, NotFound, RateLimited
from taskapi.mail import service as mail
from taskapi.mail import smtp
from taskapi.mail.models import Kind
from taskapi.projects import service as projects
from taskapi.typing import Account, Caller, Fields
from taskapi.users import credentials, throttling
from taskapi.users.models import (
    PUBLIC_COLUMNS,
    USER_NOT_DELETED,
    Role,
    User,
    UserPasswordRow,
    UserRow,
    fold,
)
from taskapi.users.passwords import (
    check_password,
    check_password_field,
    has_password,
    replace_hash,
    requiring_password,
)

log = structlog.get_logger()

BY_LOGIN = select(User.__table__).where(
    or_(User.email == bindparam("login"), User.username == bindparam("login"))
)
BY_ID = select(*PUBLIC_COLUMNS).where(User.id == bindparam("user_id"), USER_NOT_DELETED)
ALL = select(*PUBLIC_COLUMNS).where(USER_NOT_DELETED).order_by(User.id)


def create(*, password: str, **fields: Any) -> UserRow:
    """Create an account with its personal project.

    Raises Invalid for a weak password, AlreadyExists for a name.

    An email that is not given as verified receives a verification email.
    """
    email = fields.get("email")
    passwords.check_strength(password, email, fields.get("username"))
    password_hash = passwords.make_hash(password)
    if email and not fields.get("email_verified"):
        _send_verification(email)
    with statements.unique(User):
        values = fields | {"password_hash": password_hash}
        user: UserRow = versioning.create(User, values, PUBLIC_COLUMNS)
    projects.create_personal(user.id)
    return user


def register(fields: Fields, *, requires_email: bool) -> UserRow:
    """Create an account over HTTP; raises Invalid if a required email is missing."""
    if requires_email and "email" not in fields:
        raise Invalid({"email": [FieldError("An email is required.", "required")]})
    return create(**fields)


def get(user_id: int) -> UserRow:
    """Return an account; raises NotFound."""
    found = db.read(BY_ID, {"user_id": user_id})
    if not found:
        raise NotFound
    user: UserRow = found[0]
    return user


def find_by_login(login: str) -> UserPasswordRow | None:
    """Return the account with a folded email or username, and its password hash."""
    found = db.read(BY_LOGIN, {"login": login})
    return found[0] if found else None


def get_by_login(login: str) -> UserPasswordRow:
    """Return the account with an email or username; raises NotFound."""
    user = find_by_login(fold(login))
    if user is None:
        raise NotFound(f"There is no account named {login}.")
    return user


def list_all() -> Sequence[UserRow]:
    """Return all accounts, oldest first."""
    return db.read(ALL)


def change(
    caller: Caller,
    changes: Fields,
    versions: versioning.Versions = None,
    *,
    requires_email: bool = False,
) -> UserRow:
    """Change the caller's own account.

    A new email requires `current_password` and is unverified; it receives a
    verification email, and the previous address a notice.
    """
    password = changes.pop("current_password", None)
    scope = User.id == caller.id
    email = changes.get("email", caller.email)
    changes_email = email != caller.email
    if changes_email:
        scope = has_password(caller.id, check_password_field(caller, password))
        changes["email_verified"] = False
    username = changes.get("username", caller.username)
    _check_names(email, username, requires_email=requires_email and changes_email)
    if changes_email:
        _send_email_change(caller.email, email)
    with statements.unique(User), requiring_password():
        user: UserRow = versioning.change(
            User, scope, changes, versions, PUBLIC_COLUMNS
        )
    return user


def verify_email(user: UserPasswordRow, **changes: Any) -> None:
    """Mark the email of an account as verified, together with other changes.

    Raises NotFound if email, password or state have changed since `user` was read.
    """
    unchanged = and_(
        has_password(user.id, user.password_hash), User.email == user.email
    )
    changes["email_verified"] = True
    versioning.change(User, unchanged, changes, returning=PUBLIC_COLUMNS)


def change_password(caller: Caller, current: str, new: str) -> None:
    """Replace the caller's password.

    Raises InvalidCredentials for a wrong current password, Invalid for a weak new one.
    """
    old_hash = check_password(caller, current)
    replace_hash(caller.id, old_hash, _new_hash(caller.id, new, field="new_password"))


def set_password(user_id: int, password: str) -> None:
    """Replace a password without the current one; raises Invalid for a weak one."""
    password_hash = _new_hash(user_id, password, field="password")
    statement = update(User).where(User.id == user_id)
    db.session.execute(statement.values(password_hash=password_hash))


def administer(
    user_id: int,
    changes: Fields,
    versions: versioning.Versions = None,
    *,
    by: Caller | None = None,
) -> UserRow:
    """Change the role or state of an account; raises LastAdmin for the only admin.

    `by` is None for a command of the operator.
    """
    if changes.get("role") == Role.USER or changes.get("is_active") is False:
        check_other_admin(user_id)
    scope = and_(User.id == user_id, USER_NOT_DELETED, is_permitted(by))
    user: UserRow = versioning.change(User, scope, changes, versions, PUBLIC_COLUMNS)
    state = {"role": user.role, "is_active": user.is_active}
    log.info("account role or state changed", account_id=user_id, **state)
    return user


def is_permitted(caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition that a caller's credentials and role are still valid.

    A command of the operator, without a caller, is always permitted.
    """
    if caller is None:
        return true()
    return and_(credentials.valid(caller), credentials.has_role(caller))


def check_other_admin(user_id: int) -> None:
    """Lock the account and all active admins; raise LastAdmin for the only admin.

    No later statement of the transaction waits for these rows, so each one sees the
    state that was checked here.
    """
    is_admin = and_(User.role == Role.ADMIN, User.is_active)
    locked = select(User.id, is_admin.label("is_admin"))
    locked = locked.where(or_(User.id == user_id, is_admin)).order_by(User.id)
    rows = db.session.execute(locked.with_for_update())
    if [row.id for row in rows if row.is_admin] == [user_id]:
        raise LastAdmin


def send_email(kind: Kind, email: str) -> None:
    """Queue an email, if email is configured.

    Raises RateLimited beyond five emails to an address in 15 minutes, so that the
    service cannot be used to flood a mailbox.
    """
    if smtp.is_on():
        throttling.count(throttling.emails(email))
        mail.enqueue(kind, email)


def _send_verification(email: str) -> None:
    """Queue a verification email, unless the address has received too many."""
    with suppress(RateLimited):
        send_email(Kind.VERIFICATION, email)


def _send_email_change(old: str | None, new: str | None) -> None:
    """Queue a verification for the new address, and a notice for the old one."""
    if new:
        _send_verification(new)
    if old and smtp.is_on():
        with suppress(RateLimited):
            throttling.count(throttling.notices(old))
            mail.enqueue(Kind.NOTICE, old)


def _new_hash(user_id: int, password: str, *, field: str) -> str:
    user: Account = get(user_id)
    passwords.check_strength(password, user.email, user.username, field=field)
    # Hash before any row is locked: a hash takes a quarter of a second at 12 rounds.
    return passwords.make_hash(password)


def _check_names(
    email: str | None, username: str | None, *, requires_email: bool
) -> None:
    """Raise Invalid for an account that could not log in, or lacks a required email."""
    if email is None and username is None:
        missing = FieldError("Keep an email or a username.", "required")
        raise Invalid({None: [missing]})
    if email is None and requires_email:
        raise Invalid({"email": [FieldError("An email is required.", "required")]})
