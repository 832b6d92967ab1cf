"""Checks of the caller's password, and statements that depend on them."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, select, update

from taskapi import db, passwords
from taskapi.errors import FieldError, Invalid, InvalidCredentials, NotFound
from taskapi.typing import Caller
from taskapi.users import throttling
from taskapi.users.models import User

log = structlog.get_logger()

HASH_BY_ID = select(User.password_hash).where(User.id == bindparam("user_id"))


def check_password(caller: Caller, password: str) -> str:
    """Check the caller's password; return its stored hash.

    Raises InvalidCredentials, RateLimited or Unavailable. A statement that relies on
    the check must have the condition `has_password` with this hash, since the password
    may change before the statement runs.
    """
    stored = find_hash(caller.id)
    key_id = None if caller.session_id else caller.key_id
    with throttling.password_check(throttling.credential(caller.session_id, key_id)):
        if not passwords.matches(stored, password):
            log.warning("password check failed", account_id=caller.id)
            raise InvalidCredentials
    return str(stored)


def find_hash(user_id: int) -> str | None:
    """Return the stored hash of an account; None if it was deleted."""
    found = db.read(HASH_BY_ID, {"user_id": user_id})
    return found[0].password_hash if found else None


def check_password_field(caller: Caller, password: str | None) -> str:
    """Check the member `current_password`; raises Invalid if it is absent or wrong."""
    if password is None:
        missing = FieldError(
            "To change the email, send your current password.", "required"
        )
        raise Invalid({"current_password": [missing]})
    try:
        return check_password(caller, password)
    except InvalidCredentials as error:
        wrong = FieldError("This is not your current password.", "wrong")
        raise Invalid({"current_password": [wrong]}) from error


def replace_hash(user_id: int, old_hash: str, new_hash: str) -> None:
    """Store a new hash; raises InvalidCredentials unless the old one is stored."""
    statement = update(User).where(has_password(user_id, old_hash)).returning(User.id)
    stored = db.session.execute(statement.values(password_hash=new_hash))
    if stored.one_or_none() is None:
        raise InvalidCredentials


def has_password(user_id: int, password_hash: str) -> ColumnElement[bool]:
    """Return the condition that an account is active and its hash is unchanged."""
    return and_(User.id == user_id, User.password_hash == password_hash, User.is_active)


@contextmanager
def requiring_password() -> Iterator[None]:
    """Raise InvalidCredentials if a statement with `has_password` finds no row."""
    try:
        yield
    except NotFound as error:
        raise InvalidCredentials from error
