"""The commands `flask backup` and `flask restore`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from taskapi import db
from taskapi.backup import files, postgresql, sqlite
from taskapi.console import Command, CommandError, echo
from taskapi.db import errors, migrations
from taskapi.observability import logs
from taskapi.tasks.models import Task
from taskapi.users.models import User

KINDS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
ENDED = ("sessions", "email_tokens")
"""Tables that are restored empty: what they held may have ended after the backup."""

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command("backup", cls=Command)
@FILE
@with_appcontext
def backup(file: Path) -> None:
    """Copy the database to FILE while the service goes on.

    The copy holds everything that was answered before it began. It is checked, and
    FILE appears when it is whole, readable by you alone. A file that exists is never
    touched. PostgreSQL needs its program pg_dump, no older than the server. SECRET_KEY
    is not in the copy: keep it in another safe place.
    """
    with _in_a_line("Nothing was written."), files.draft(file) as draft:
        revision = KINDS[_kind()].copy(draft)
        if not revision:
            raise CommandError("The database holds no taskapi to back up.")
        size = draft.stat().st_size // 1_000
    echo(f"Wrote {file}: {size} kB, schema {revision}.")


@click.command("restore", cls=Command)
@FILE
@click.option("--revoke-keys", is_flag=True, help="Revoke all API keys too.")
@with_appcontext
def restore(file: Path, *, revoke_keys: bool) -> None:
    """Fill the empty database that DATABASE_URL names from FILE.

    FILE is what `flask backup` wrote, for the same kind of database. It is checked
    first, then restored as a whole or not at all. A database with tables is never
    touched. A backup of an older release is restored as it is; `flask db upgrade` then
    migrates it. PostgreSQL needs its program pg_restore, no older than the server.

    All sessions and email tokens end, because some may have ended after the backup.
    API keys stay, revoked ones included, unless --revoke-keys is given.
    """
    kind = KINDS[_kind()]
    with _in_a_line("The database is as it was."):
        files.refuse_other(file, _kind())
        revision = kind.check(file)
        _refuse_unknown(file, revision)
        kind.restore(file, without=(*ENDED, "api_keys") if revoke_keys else ENDED)
    with _in_a_line("It was restored before that."):
        accounts, tasks = _number(User), _number(Task)
    echo(f"Restored {accounts} accounts and {tasks} tasks, schema {revision}.")
    echo("All sessions and email tokens have ended.")
    if not revoke_keys:
        echo("API keys that were revoked after the backup are valid again.")
    if revision != migrations.head():
        echo("It is of an older release: now run `flask db upgrade`.")


def _kind() -> str:
    return db.database.engine.dialect.name


def _refuse_unknown(file: Path, revision: str) -> None:
    if not revision:
        raise CommandError(f"{file} holds no taskapi.")
    if not migrations.knows(revision):
        raise CommandError(
            f"{file} has the schema {revision}, of a newer release than this one. "
            "Restore it with the release that made it."
        )


@contextmanager
def _in_a_line(comfort: str) -> Iterator[None]:
    """Say in one line what went wrong, and what became of the data."""
    try:
        with logs.aside():
            yield
    except click.ClickException as refusal:
        raise CommandError(f"{refusal.message} {comfort}") from refusal
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"{_cause(error)}. {comfort}") from error
    except errors.ERRORS as error:
        raise CommandError(
            f"The database is out of reach; ask `flask doctor` why. {comfort}"
        ) from error


def _cause(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, sqlite3.Error):
        return f"SQLite: {error}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _number(model: Any) -> int:
    ((number,),) = db.read(select(func.count()).select_from(model))
    return int(number)
