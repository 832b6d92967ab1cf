"""API keys: lookup of their owners, changes, revocation."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    null,
    or_,
    select,
    update,
)

from taskapi import clock, db
from taskapi.api_keys import key_format
from taskapi.api_keys.models import ApiKey, ApiKeyRow, KeyOwnerRow
from taskapi.db import pagination, statements
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.errors import (
    ApiKeyExpired,
    ApiKeyInvalid,
    FieldError,
    Invalid,
    NotFound,
)
from taskapi.projects.models import HAS_SHARED_PROJECTS, Project
from taskapi.typing import Account, Fields
from taskapi.users import credentials
from taskapi.users.models import PUBLIC_COLUMNS, User

log = structlog.get_logger()

TOUCH_AFTER = timedelta(minutes=5)
"""The precision of `last_used_at`, so that few requests write."""

KEEP_EXPIRED = timedelta(days=30)
"""The time in which an expired key is rejected as expired, then as unknown."""

PRIVATE = {"secret_hash", "user_id"}
COLUMNS = [c for c in ApiKey.__table__.c if c.key not in PRIVATE]

OWNER = CompiledStatement(
    select(
        *PUBLIC_COLUMNS,
        null().label("session_id"),
        ApiKey.id.label("key_id"),
        ApiKey.secret_hash,
        ApiKey.scopes,
        ApiKey.expires_at,
        ApiKey.last_used_at,
        ApiKey.project_id.label("key_project_id"),
        Project.id.label("personal_project_id"),
        HAS_SHARED_PROJECTS,
    )
    .join(ApiKey, ApiKey.user_id == User.id)
    .join(Project, Project.personal_user_id == User.id)
    .where(ApiKey.prefix == bindparam("prefix"), User.is_active)
)

TOUCH = CompiledStatement(
    update(ApiKey)
    .where(
        ApiKey.id == bindparam("key_id"),
        or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= bindparam("since")),
    )
    .values(last_used_at=bindparam("now"))
    .returning(ApiKey.id)
)


def find_caller(text: str) -> KeyOwnerRow:
    """Return the active owner of a key, and record its use; raises Unauthenticated."""
    owner, now = find_owner(text), clock.now()
    if owner.last_used_at is None or owner.last_used_at + TOUCH_AFTER <= now:
        _touch(owner.key_id, now)
    return owner


def find_owner(text: str) -> KeyOwnerRow:
    """Return the active owner of a key with its scopes; raises Unauthenticated.

    A key with a wrong checksum is rejected without a query.
    """
    key = key_format.parse(text)
    if key is None:
        raise ApiKeyInvalid
    found = db.read(OWNER, {"prefix": key.prefix})
    if not found or not hmac.compare_digest(found[0].secret_hash, key.secret_hash):
        raise ApiKeyInvalid
    owner: KeyOwnerRow = found[0]
    if owner.expires_at and owner.expires_at <= clock.now():
        raise ApiKeyExpired
    return owner


def get(caller: Account, key_id: int) -> ApiKeyRow:
    """Return a key of the caller; raises NotFound."""
    found = db.read(select(*COLUMNS).where(_is_key(caller, key_id)))
    if not found:
        raise NotFound
    key: ApiKeyRow = found[0]
    return key


def find_page(
    caller: Account, page: PageRequest
) -> tuple[Sequence[ApiKeyRow], int | None]:
    """Return a page of the caller's keys, newest first, and the total."""
    scope = ApiKey.user_id == caller.id
    rows = pagination.newest_first(COLUMNS, ApiKey, scope, page)
    return rows, pagination.total(ApiKey, scope, page)


def change(caller: Account, key_id: int, changes: Fields) -> ApiKeyRow:
    """Rename a key, or make it expire sooner, never later."""
    key = get(caller, key_id)
    changes = {n: value for n, value in changes.items() if getattr(key, n) != value}
    if not changes:
        return key
    scope = _is_key(caller, key_id)
    if "expires_at" in changes:
        _check_sooner(key, changes["expires_at"])
        scope = and_(scope, _expires_later(changes["expires_at"]))
    statement = update(ApiKey).where(scope).values(changes).returning(*COLUMNS)
    changed: ApiKeyRow | None = db.session.execute(statement).one_or_none()
    # No row matches if a concurrent change has set an earlier expiry: check again, so
    # that this change does not undo it.
    return changed or change(caller, key_id, changes)


def _expires_later(expires_at: datetime | None) -> ColumnElement[bool]:
    return or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > expires_at)


def _check_sooner(key: ApiKeyRow, expires_at: datetime | None) -> None:
    if expires_at is None or (key.expires_at and key.expires_at < expires_at):
        message = "A key can only expire sooner. To extend it, create a new one."
        raise Invalid({"expires_at": [FieldError(message, "range")]})
    check_future(expires_at)


def revoke(caller: Account, key_id: int) -> None:
    """Revoke a key; raises NotFound."""
    scope = and_(_is_key(caller, key_id), credentials.valid(caller))
    revoked = db.session.execute(delete(ApiKey).where(scope).returning(ApiKey.id))
    if revoked.one_or_none() is None:
        raise NotFound
    log.info("API key revoked", account_id=caller.id, key_id=key_id)


def revoke_all(user_id: int) -> None:
    """Revoke all keys of an account."""
    db.session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))
    log.info("API keys revoked", account_id=user_id)


def revoke_restricted(user_id: int, project_id: int) -> None:
    """Revoke the keys of an account that are restricted to a project."""
    restricted = and_(ApiKey.user_id == user_id, ApiKey.project_id == project_id)
    db.session.execute(delete(ApiKey).where(restricted))


def list_all(user_id: int) -> Sequence[ApiKeyRow]:
    """Return all keys of an account, oldest first."""
    statement = select(*COLUMNS).where(ApiKey.user_id == user_id).order_by(ApiKey.id)
    return db.read(statement)


def purge() -> int:
    """Delete keys that expired 30 days ago; return the number of rows."""
    return statements.delete_all(
        ApiKey, ApiKey.expires_at <= clock.now() - KEEP_EXPIRED
    )


def _is_key(caller: Account, key_id: int) -> ColumnElement[bool]:
    return and_(ApiKey.user_id == caller.id, ApiKey.id == key_id)


def _touch(key_id: int, now: datetime) -> None:
    """Record the use of a key, at most every five minutes.

    A failure is ignored: no read may depend on a write.
    """
    parameters = {"key_id": key_id, "now": now, "since": now - TOUCH_AFTER}
    db.try_write(TOUCH, parameters)


def check_future(expires_at: datetime | None) -> None:
    """Raise Invalid for an expiry in the past."""
    if expires_at is not None and expires_at <= clock.now():
        error = FieldError("Choose a time in the future.", "range")
        raise Invalid({"expires_at": [error]})
