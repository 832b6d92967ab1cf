"""The rules of repeated requests: the first one is done, the others get its answer.

A claim and the effect of the request are in one transaction: both stay, or neither.
"""

import hashlib
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import and_, exc, select, update

from taskapi import clock, db
from taskapi.db import errors, statements
from taskapi.errors import IdempotencyKeyReused, RequestInProgress
from taskapi.idempotency import running
from taskapi.idempotency.models import StoredResponse

KEPT = timedelta(hours=24)


class Answer(NamedTuple):
    """An answer as it was given."""

    status: int
    headers: str
    body: bytes


def begin(user_id: int, subject: str) -> Callable[[], None]:
    """Return what ends this request; raises RequestInProgress if another one runs."""
    url = db.database.engine.url
    if url.get_backend_name() != "sqlite":
        return lambda: None
    found = running.at(str(url.database))
    subject = hashlib.sha256(f"{user_id} {subject}".encode()).hexdigest()
    if not found.begin(subject, db.lock_timeout() / 2):
        raise RequestInProgress(retry_after=1)
    return partial(found.end, subject)


def claim(user_id: int, subject: str, fingerprint: str) -> Answer | None:
    """Return the answer that was given to this request, or None to the first one.

    Waits a little for a request with the same key that is still running, and raises
    RequestInProgress when that takes long; IdempotencyKeyReused for another request.
    """
    if _is_first(user_id, subject, fingerprint):
        return None
    mine = and_(StoredResponse.user_id == user_id, StoredResponse.subject == subject)
    kept = db.session.execute(select(StoredResponse.__table__).where(mine)).one()
    if kept.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Answer(kept.status, kept.headers, zlib.decompress(kept.body))


def keep(user_id: int, subject: str, *, body: bytes, **answer: Any) -> None:
    """Keep the answer of a claimed request: its status, headers and body."""
    mine = and_(StoredResponse.user_id == user_id, StoredResponse.subject == subject)
    answer["body"] = zlib.compress(body)
    db.session.execute(update(StoredResponse).where(mine).values(**answer))


def purge() -> int:
    """Forget what is older than a day; return how much."""
    return statements.delete_all(
        StoredResponse, StoredResponse.expires_at <= clock.now()
    )


def _is_first(user_id: int, subject: str, fingerprint: str) -> bool:
    """Take the key, also from an answer that is over."""
    now = clock.now()
    fresh = {"fingerprint": fingerprint, "expires_at": now + KEPT}
    statement = (
        statements.upsert(StoredResponse)
        .values(user_id=user_id, subject=subject, **fresh)
        .on_conflict_do_update(
            index_elements=[StoredResponse.user_id, StoredResponse.subject],
            set_=fresh,
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
