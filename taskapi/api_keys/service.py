"""The rules of API keys."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from taskapi import clock, db
from taskapi.api_keys import key_format
from taskapi.api_keys.models import MAX_KEYS, ApiKey
from taskapi.db import AnyRow, pagination, statements
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.errors import (
    ApiKeyExpired,
    ApiKeyInvalid,
    FieldError,
    Invalid,
    LimitReached,
    NotFound,
)
from taskapi.scopes import Scope
from taskapi.users.models import PUBLIC_COLUMNS, Role, User

log = structlog.get_logger()

DEFAULT_SCOPES = [Scope.TASKS_READ, Scope.TASKS_WRITE]
TOUCH_AFTER = timedelta(minutes=5)
KEEP_EXPIRED = timedelta(days=30)
"""For how long an expired key still says so, rather than being unknown."""
COLUMNS = [c for c in ApiKey.__table__.c if c.key not in {"secret_hash", "user_id"}]

OWNER = CompiledStatement(
    select(
        *PUBLIC_COLUMNS,
        null().label("session_id"),
        ApiKey.id.label("key_id"),
        ApiKey.secret_hash,
        ApiKey.scopes,
        ApiKey.expires_at,
        ApiKey.last_used_at,
    )
    .join(ApiKey, ApiKey.user_id == User.id)
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


def find_caller(text: str) -> AnyRow:
    """Return the active owner of a key, and note its use; raises Unauthenticated."""
    owner, now = find_owner(text), clock.now()
    if owner.last_used_at is None or owner.last_used_at + TOUCH_AFTER <= now:
        _touch(owner.key_id, now)
    return owner


def find_owner(text: str) -> AnyRow:
    """Return the active owner of a key with its scopes; raises Unauthenticated.

    A key with a wrong checksum costs no query.
    """
    key = key_format.read(text)
    if key is None:
        raise ApiKeyInvalid
    found = db.read(OWNER, {"prefix": key.prefix})
    if not found or not hmac.compare_digest(found[0].secret_hash, key.secret_hash):
        raise ApiKeyInvalid
    owner = found[0]
    if owner.expires_at and owner.expires_at <= clock.now():
        raise ApiKeyExpired
    return owner


def create(caller: Any, fields: dict[str, Any]) -> tuple[AnyRow, str]:
    """Make a key; return it, and its text, which is not kept."""
    fields.setdefault("scopes", DEFAULT_SCOPES)
    if Scope.ADMIN in fields["scopes"] and caller.role != Role.ADMIN:
        fault = FieldError("Only administrators can give this scope.", "choice")
        raise Invalid({"scopes": [fault]})
    _refuse_past(fields.get("expires_at"))
    key = key_format.make()
    kept = {"prefix": key.prefix, "secret_hash": key.secret_hash}
    made = _insert(caller.id, fields | kept)
    _check_number(caller.id)
    log.info("key made", account_id=caller.id, key_id=made.id)
    return made, key.text


def _insert(user_id: int, fields: dict[str, Any]) -> AnyRow:
    """Store a key of an active account; raises NotFound without one."""
    types = ApiKey.__table__.c
    given = {name: literal(value, types[name].type) for name, value in fields.items()}
    values = {"user_id": User.id} | given
    active = (
        select(*values.values())
        .where(User.id == user_id, User.is_active)
        # what revokes all keys waits, and revokes this too; the next key waits as well
        .with_for_update(key_share=True)
    )
    statement = insert(ApiKey).from_select(list(values), active)
    made = db.session.execute(statement.returning(*COLUMNS)).one_or_none()
    if made is None:
        raise NotFound
    return made


def _check_number(user_id: int) -> None:
    """Raise LimitReached if the account has more keys than it may have.

    The new one is counted too, in a statement of its own: on PostgreSQL the insert does
    not see keys that others stored while it waited for the account.
    """
    number = select(func.count()).where(ApiKey.user_id == user_id)
    if (db.session.scalar(number) or 0) > MAX_KEYS:
        message = f"An account has at most {MAX_KEYS} API keys; revoke one first."
        raise LimitReached(message, limit=MAX_KEYS)


def find(caller: Any, key_id: int) -> AnyRow:
    """Return a key of the caller's; raises NotFound."""
    found = db.read(select(*COLUMNS).where(_one(caller, key_id)))
    if not found:
        raise NotFound
    return found[0]


def find_page(caller: Any, window: PageRequest) -> tuple[Sequence[AnyRow], int | None]:
    """Return a page of the caller's keys, the newest first, and their number."""
    mine = ApiKey.user_id == caller.id
    rows = pagination.newest_first(COLUMNS, ApiKey, mine, window)
    return rows, pagination.total(ApiKey, mine, window)


def change(caller: Any, key_id: int, changes: dict[str, Any]) -> AnyRow:
    """Rename a key, or let it expire sooner, never later."""
    key = find(caller, key_id)
    changes = {n: value for n, value in changes.items() if getattr(key, n) != value}
    if not changes:
        return key
    scope = _one(caller, key_id)
    if "expires_at" in changes:
        _refuse_later_end(key, changes["expires_at"])
        scope = and_(scope, _ends_later(changes["expires_at"]))
    statement = update(ApiKey).where(scope).values(changes).returning(*COLUMNS)
    changed = db.session.execute(statement).one_or_none()
    # of two changes at once, the later one must not undo an earlier end
    return changed or change(caller, key_id, changes)


def _ends_later(expires_at: datetime | None) -> ColumnElement[bool]:
    return or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > expires_at)


def _refuse_later_end(key: AnyRow, expires_at: datetime | None) -> None:
    if expires_at is None or (key.expires_at and key.expires_at < expires_at):
        fault = FieldError("A key can only end sooner; make a new one.", "range")
        raise Invalid({"expires_at": [fault]})
    _refuse_past(expires_at)


def revoke(caller: Any, key_id: int) -> None:
    """End a key at once; raises NotFound."""
    statement = delete(ApiKey).where(_one(caller, key_id)).returning(ApiKey.id)
    if db.session.execute(statement).one_or_none() is None:
        raise NotFound
    log.info("key revoked", account_id=caller.id, key_id=key_id)


def revoke_all(user_id: int) -> None:
    """End all keys of a user."""
    db.session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))
    log.info("keys revoked", account_id=user_id)


def all_of(user_id: int) -> Sequence[AnyRow]:
    """Return all keys of a user, the oldest first."""
    statement = select(*COLUMNS).where(ApiKey.user_id == user_id).order_by(ApiKey.id)
    return db.read(statement)


def purge() -> int:
    """Delete keys that expired a month ago; return how many."""
    return statements.delete_all(
        ApiKey, ApiKey.expires_at <= clock.now() - KEEP_EXPIRED
    )


def _one(caller: Any, key_id: int) -> Any:
    return and_(ApiKey.user_id == caller.id, ApiKey.id == key_id)


def _touch(key_id: int, now: datetime) -> None:
    """Note the use, at most every five minutes; reads never depend on it."""
    parameters = {"key_id": key_id, "now": now, "since": now - TOUCH_AFTER}
    db.try_write(TOUCH, parameters)


def _refuse_past(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid({"expires_at": [FieldError("This is over already.", "range")]})
