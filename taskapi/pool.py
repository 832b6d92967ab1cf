"""The connections of a worker; where none comes free, nobody waits for one for long."""

from typing import Any

from sqlalchemy import QueuePool, exc
from sqlalchemy.pool import ConnectionPoolEntry

LITTLE_SECONDS = 0.25


class Pool(QueuePool):
    """A pool that keeps requests waiting a little only, after one waited in vain.

    Behind a database that does not answer all threads would wait otherwise, and
    requests for the threads: nobody would hear in time that there is none.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.patience = self._timeout

    def recreate(self) -> QueuePool:
        """Return an empty pool, with all of its patience."""
        self._timeout = self.patience
        return super().recreate()

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            record = super()._do_get()
        except exc.TimeoutError:
            self._timeout = LITTLE_SECONDS
            raise
        self._timeout = self.patience
        return record


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Keep constraints, let readers pass the writer, sync each commit to the disk."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
