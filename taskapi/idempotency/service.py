"""Rules of repeated requests: the first one is executed, the others get its response.

A key is reserved in the transaction of the request: both are committed, or neither.
"""

import hashlib
import time
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import and_, delete, exc, func, select, update

from taskapi import clock, db
from taskapi.db import errors, statements
from taskapi.errors import IdempotencyKeyReused, LimitReached, RequestInProgress
from taskapi.idempotency import running
from taskapi.idempotency.models import StoredResponse
from taskapi.users.models import User

RETENTION = timedelta(hours=24)
MAX_STORED_BYTES = 100 * 2**20
"""Limit of the stored responses of an account: 100 MiB.

Responses to 100,000 small creations fit, which is the default of MAX_TASKS_PER_USER.
"""
ROW_BYTES = 500
"""Estimated size of a row and its index entries, without the body."""

SIZE = func.coalesce(func.length(StoredResponse.body) + ROW_BYTES, 0)


class Response(NamedTuple):
    """A response as it was sent."""

    status: int
    headers: str
    body: bytes


def begin(user_id: int, subject: str) -> Callable[[], None]:
    """Register a running request; return the function to call when it has ended.

    Raises RequestInProgress if another request with the key is running.
    """
    url = db.database.engine.url
    if url.get_backend_name() != "sqlite":
        return lambda: None
    requests = running.of_database(str(url.database))
    subject = hashlib.sha256(f"{user_id} {subject}".encode()).hexdigest()
    # Half of the time: the request may wait for the database lock as well.
    if not requests.begin(subject, db.lock_timeout() / 2):
        raise RequestInProgress(retry_after=1)
    return partial(requests.end, subject)


def reserve(user_id: int, subject: str, fingerprint: str) -> Response | None:
    """Return the stored response of a request, or None if it is the first one.

    Waits for a running request with the same key. Raises RequestInProgress if that
    takes too long, and IdempotencyKeyReused if the key belongs to another request.
    """
    if _is_first(user_id, subject, fingerprint):
        return None
    own = and_(StoredResponse.user_id == user_id, StoredResponse.subject == subject)
    stored = db.session.execute(select(StoredResponse.__table__).where(own)).one()
    if stored.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Response(stored.status, stored.headers, zlib.decompress(stored.body))


def store(
    user_id: int, subject: str, *, status: int, headers: str, body: bytes
) -> None:
    """Store the response to a request whose key is reserved.

    Raises LimitReached if the responses of the account exceed MAX_STORED_BYTES.
    """
    own = and_(StoredResponse.user_id == user_id, StoredResponse.subject == subject)
    compressed = zlib.compress(body)
    replaced = select(SIZE).where(own).scalar_subquery()  # an expired response
    total = User.stored_bytes + len(compressed) + ROW_BYTES - replaced
    grow = update(User).where(User.id == user_id, total <= MAX_STORED_BYTES)
    grow = grow.values(stored_bytes=total).returning(User.id)
    if not db.session.execute(grow).all():
        raise _limit_reached()
    response = {"status": status, "headers": headers, "body": compressed}
    db.session.execute(update(StoredResponse).where(own).values(**response))


def purge() -> int:
    """Delete expired responses in batches; return their number."""
    number = 0
    while deleted := _purge_batch():
        number += deleted
        time.sleep(statements.PAUSE_SECONDS)
    return number


def _purge_batch() -> int:
    """Delete up to 1,000 expired responses, and subtract their sizes.

    Accounts are locked first and in order, as requests lock them.
    """
    is_expired = StoredResponse.expires_at <= clock.now()
    columns = (StoredResponse.id, StoredResponse.user_id)
    some = select(*columns).where(is_expired).limit(statements.BATCH_SIZE)
    with db.transaction():
        found = db.session.execute(some).all()
        owners = User.id.in_({row.user_id for row in found})
        lock = select(User.id).where(owners).order_by(User.id)
        db.session.execute(lock.with_for_update(key_share=True)).all()
        chosen = StoredResponse.id.in_([row.id for row in found])
        deletion = delete(StoredResponse).where(chosen, is_expired)
        sizes = deletion.returning(StoredResponse.user_id, SIZE.label("size"))
        deleted = db.session.execute(sizes).all()
        totals: Counter[int] = Counter()
        for row in deleted:
            totals[row.user_id] += row.size
        for owner_id, size in totals.items():
            rest = {"stored_bytes": User.stored_bytes - size}
            db.session.execute(update(User).where(User.id == owner_id).values(rest))
    return len(deleted)


def _limit_reached() -> LimitReached:
    message = (
        f"The responses stored for idempotency keys exceed {MAX_STORED_BYTES} bytes. "
        "They expire after 24 hours. Send the request later, or without the header."
    )
    return LimitReached(message, limit=MAX_STORED_BYTES)


def _is_first(user_id: int, subject: str, fingerprint: str) -> bool:
    """Reserve a key that is new, or whose stored response has expired."""
    now = clock.now()
    reserved = {"fingerprint": fingerprint, "expires_at": now + RETENTION}
    statement = (
        statements.upsert(StoredResponse)
        .values(user_id=user_id, subject=subject, **reserved)
        .on_conflict_do_update(
            index_elements=[StoredResponse.user_id, StoredResponse.subject],
            set_=reserved,
            where=StoredResponse.expires_at <= now,
        )
        .returning(StoredResponse.id)
    )
    try:
        return db.session.execute(statement).one_or_none() is not None
    except exc.OperationalError as error:
        if errors.sqlstate(error) == errors.LOCK_NOT_AVAILABLE:
            raise RequestInProgress(retry_after=1) from error
        raise
