"""Rules of repeated requests: the first one is executed, the others get its response.

A key is reserved in the transaction of the request: both are committed, or neither.
"""

import hashlib
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import and_, exc, select, update

from taskapi import clock, db
from taskapi.db import errors, statements
from taskapi.errors import IdempotencyKeyReused, RequestInProgress
from taskapi.idempotency import running
from taskapi.idempotency.models import StoredResponse

RETENTION = timedelta(hours=24)


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
    """Store the response to a request whose key is reserved."""
    own = and_(StoredResponse.user_id == user_id, StoredResponse.subject == subject)
    response = {"status": status, "headers": headers, "body": zlib.compress(body)}
    db.session.execute(update(StoredResponse).where(own).values(**response))


def purge() -> int:
    """Delete expired responses; return their number."""
    return statements.delete_all(
        StoredResponse, StoredResponse.expires_at <= clock.now()
    )


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
