"""The condition that a caller's credentials are valid at the time a statement runs.

A caller is looked up before a request is carried out. Until then its session may end,
its key may be revoked and its account deactivated. A statement that commits by itself,
or that ends the credentials it depends on, has this condition; other writes are
confirmed before they are committed.
"""

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    String,
    TableClause,
    and_,
    bindparam,
    column,
    exists,
    or_,
    table,
)

from taskapi.db.types import Id
from taskapi.errors import ApiKeyInvalid, SessionRevoked, Unauthenticated
from taskapi.typing import Account, Caller

# not the models: sessions and keys depend on this package
USERS = table(
    "users", column("id", Id), column("is_active", Boolean), column("role", String)
).alias("callers")
SESSIONS = table("sessions", column("id", Id), column("user_id", Id))
API_KEYS = table("api_keys", column("id", Id), column("user_id", Id))


def valid(caller: Account | None = None) -> ColumnElement[bool]:
    """Return the condition for a caller, or with the parameters of a request.

    The latter are in `projects.access.parameters`. An account has no session or key.
    """
    user_id, session_id, key_id = (
        bindparam(
            f"caller_{name}",
            getattr(caller, name, None),
            type_=Id,
            unique=caller is not None,
        )
        for name in ("id", "session_id", "key_id")
    )
    return and_(
        exists().where(USERS.c.id == user_id, USERS.c.is_active),
        _exists(SESSIONS, session_id, user_id),
        _exists(API_KEYS, key_id, user_id),
    )


def has_role(caller: Account) -> ColumnElement[bool]:
    """Return the condition that the role of a caller has not changed."""
    return exists().where(USERS.c.id == caller.id, USERS.c.role == caller.role)


def revoked_error(caller: Caller) -> Unauthenticated:
    """Return the error for a statement without effect because of the condition."""
    return ApiKeyInvalid() if caller.session_id is None else SessionRevoked()


def _exists(
    rows: TableClause, row_id: BindParameter[int], user_id: BindParameter[int]
) -> ColumnElement[bool]:
    """Return the condition that the session or key of the caller, if any, exists."""
    return or_(
        row_id.is_(None), exists().where(rows.c.id == row_id, rows.c.user_id == user_id)
    )
