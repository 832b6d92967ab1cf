"""The database: base model, transactions, reads and writes."""

from taskapi.db.base import Model, database, session
from taskapi.db.engine import begin, init_app
from taskapi.db.transactions import (
    commit_early,
    dry_run,
    in_transaction,
    lock_timeout,
    read,
    transaction,
    transactional,
    try_write,
    undo,
    write,
    writers,
)

__all__ = [
    "Model",
    "begin",
    "commit_early",
    "database",
    "dry_run",
    "in_transaction",
    "init_app",
    "lock_timeout",
    "read",
    "session",
    "transaction",
    "transactional",
    "try_write",
    "undo",
    "write",
    "writers",
]
