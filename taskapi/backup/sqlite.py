"""SQLite: copies by its online backup, while others read and write."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from taskapi import db, progress
from taskapi.console import CommandError

PAGES = 250
WAIT_SECONDS = 10
AT_REST = "mode=ro&immutable=1"
IN_USE = "mode=rw"


def copy(draft: Path) -> str:
    """Copy the database as it is at this moment; return the revision of its schema."""
    with _open(_database(), IN_USE) as source, _open(draft, IN_USE) as target:
        source.execute("BEGIN")
        _tables(
            source
        )  # from here on it reads one state, whatever is written meanwhile
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("PRAGMA synchronous=OFF")
        _pour(source, target, "Backing up")
    with _open(draft, IN_USE) as copied:
        copied.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm
    return check(draft)


def check(file: Path) -> str:
    """Return the revision of a copy that is whole."""
    if _size(_beside(file, "-wal")):
        raise CommandError(
            f"{file} is in use, not a backup; make one by `flask backup`."
        )
    try:
        with _open(file, AT_REST) as copied:
            (found,) = copied.execute("PRAGMA integrity_check(1)").fetchone()
            size, pages = _pragma(copied, "page_size"), _pragma(copied, "page_count")
            if found == "ok" and size * pages == _size(file):
                return _revision(copied)
    except sqlite3.DatabaseError as error:
        found = str(error)
    cause = "it is cut off" if found == "ok" else " ".join(found.split())
    raise CommandError(f"{file} is damaged: {cause}.")


def restore(file: Path, *, without: Collection[str]) -> None:
    """Fill the empty database in one transaction, completely or not at all.

    The tables in `without` are emptied before, in a copy next to the database.
    """
    database = _database()
    _refuse_full(database)
    with ExitStack() as made:
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            database.touch(mode=0o600)
            for path in (database, _beside(database, "-journal")):
                made.callback(path.unlink, missing_ok=True)
        with (
            _emptied(file, database.parent, without) as copy,
            _open(copy, AT_REST) as source,
            _open(database, IN_USE) as target,
        ):
            _pour(source, target, "Restoring")
        made.pop_all()


@contextmanager
def _emptied(file: Path, folder: Path, tables: Collection[str]) -> Iterator[Path]:
    """Yield a private copy of a backup in which some tables are empty."""
    with TemporaryDirectory(dir=folder, prefix=".restore.") as private:
        copy = Path(private, "copy")
        copy.touch(mode=0o600)
        with _open(file, AT_REST) as source, _open(copy, IN_USE) as target:
            target.execute("PRAGMA synchronous=OFF")
            _pour(source, target, "Preparing")
            for name in tables:
                target.execute(f"DELETE FROM {name}")  # noqa: S608 - our own names
        yield copy


def _refuse_full(database: Path) -> None:
    if _size(database):
        with _open(database, IN_USE) as existing:
            tables = _tables(existing)
        if tables:
            raise CommandError(
                f"{database} is not empty: it has {tables} tables. Move it away, "
                "or name another file in DATABASE_URL."
            )
        return
    for rest in (_beside(database, "-wal"), _beside(database, "-journal")):
        if _size(rest):
            raise CommandError(
                f"{rest} belongs to a database that is gone; move it away first."
            )


def _pour(source: sqlite3.Connection, target: sqlite3.Connection, label: str) -> None:
    with progress.bar(label, _pragma(source, "page_count")) as shown:

        def show(_status: int, left: int, total: int) -> None:
            shown.update(total - left - shown.pos)

        source.backup(target, pages=PAGES, progress=show)


def _revision(copied: sqlite3.Connection) -> str:
    known = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
    rows = copied.execute(known).fetchall()
    rows = rows and copied.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(rows[0][0]) if rows else ""


def _tables(connection: sqlite3.Connection) -> int:
    counted = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
    (number,) = connection.execute(counted).fetchone()
    return int(number)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (number,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(number)


@contextmanager
def _open(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a file that exists, in autocommit."""
    address = f"{path.resolve(strict=True).as_uri()}?{mode}"
    opened = sqlite3.connect(
        address, uri=True, timeout=WAIT_SECONDS, isolation_level=None
    )
    with closing(opened):
        yield opened


def _database() -> Path:
    return Path(str(db.database.engine.url.database))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
