"""Imports in progress: at most one for each account.

Each worker knows its own. Between workers, PostgreSQL has a lock that ends with the
transaction (`service.store`), and SQLite one writer at a time, which the second import
waits for. A count in a table would need a commit before the import and a clean-up after
a worker was killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from taskapi.errors import RateLimited, RequestInProgress

RETRY_SECONDS = 5
MESSAGE = "Another import of yours is running; send this one when it has ended."

lock = Lock()
imports: dict[int, str | None] = {}


@contextmanager
def only(owner_id: int, key: str | None) -> Iterator[None]:
    """Run the block as the only import of an account in this process.

    Raises RequestInProgress if the running one has the same Idempotency-Key, so that a
    repetition is not mistaken for another import, else RateLimited.
    """
    with lock:
        if owner_id in imports:
            if key is not None and imports[owner_id] == key:
                raise RequestInProgress(retry_after=RETRY_SECONDS)
            raise busy()
        imports[owner_id] = key
    try:
        yield
    finally:
        del imports[owner_id]


def busy() -> RateLimited:
    """Return the error of a second import."""
    return RateLimited(MESSAGE, retry_after=RETRY_SECONDS)
