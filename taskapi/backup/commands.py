"""The commands `flask backup` and `flask restore`."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from taskapi import db
from taskapi.backup import files, postgresql, sqlite
from taskapi.console import (
    STANDARD_STREAM,
    Command,
    CommandError,
    echo,
    input_file,
    output_file,
)
from taskapi.db import errors, migrations
from taskapi.observability import logs
from taskapi.server.command_line import flask_command
from taskapi.tasks.models import Task
from taskapi.users.models import User


class Engine(Protocol):
    """Backup and restore of one kind of database."""

    def copy(self, target: Path) -> str:
        """Copy the database into a file; return its schema revision."""

    def check(self, file: Path) -> str:
        """Return the schema revision of a backup. Raises CommandError if damaged."""

    def restore(self, file: Path, *, without: Collection[str]) -> None:
        """Restore all rows but those of some tables."""


ENGINES: dict[str, Engine] = {"sqlite": sqlite, "postgresql": postgresql}
REVOKED_TABLES = ("sessions", "email_tokens")
"""Tables restored empty: sessions and tokens may have ended after the backup."""

FILE = click.argument(
    "file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)


@click.command("backup", cls=Command)
@FILE
@with_appcontext
def backup(file: Path) -> None:
    """Copy the database to FILE, or standard output (-), while the service is running.

    The copy contains every change that was confirmed before the backup began. It is
    checked, and FILE appears only when it is complete, readable by you alone. An
    existing file is never replaced. PostgreSQL needs its program pg_dump, of the
    version of the server or newer. SECRET_KEY is not part of the copy: keep it in
    another safe place.
    """
    with _report_errors("Nothing was written."), output_file(file) as path:
        revision = ENGINES[_database_kind()].copy(path)
        if not revision:
            raise CommandError("The database has no tables of taskapi.")
        size = path.stat().st_size // 1_000
    name, to_stream = _name(file), str(file) == STANDARD_STREAM
    echo(f"Wrote {size} kB to {name}, schema {revision}.", err=to_stream)


@click.command("restore", cls=Command)
@FILE
@click.option("--revoke-keys", is_flag=True, help="Also revoke all API keys.")
@with_appcontext
def restore(file: Path, *, revoke_keys: bool) -> None:
    """Restore FILE, or standard input (-), into the empty database at DATABASE_URL.

    FILE must be a backup by `flask backup` of the same kind of database. It is checked
    first, and then restored completely or not at all. A database that has tables is
    never changed. Run `flask db upgrade` after restoring a backup of an older release.
    PostgreSQL needs its program pg_restore, of the version of the server or newer.

    All sessions and email tokens end, because some may have ended after the backup. API
    keys remain, including those that were revoked after it, unless --revoke-keys is
    given.
    """
    engine = ENGINES[_database_kind()]
    excluded = (*REVOKED_TABLES, "api_keys") if revoke_keys else REVOKED_TABLES
    with _report_errors("The database is unchanged."), input_file(file) as path:
        files.check_kind(path, _database_kind())
        revision = engine.check(path)
        _check_revision(file, revision)
        engine.restore(path, without=excluded)
    with _report_errors("The backup was restored before this error."):
        _print_result(revision, revoke_keys=revoke_keys)


def _print_result(revision: str, *, revoke_keys: bool) -> None:
    accounts, tasks = _count(User), _count(Task)
    echo(f"Restored {accounts} accounts and {tasks} tasks, schema {revision}.")
    echo("All sessions and email tokens have ended.")
    if not revoke_keys:
        echo("API keys that were revoked after the backup are valid again.")
    if revision != migrations.head():
        command = flask_command("db upgrade")
        echo(f"The backup is of an older release: run `{command}` now.")


def _name(file: Path) -> str:
    return "standard output" if str(file) == STANDARD_STREAM else str(file)


def _database_kind() -> str:
    return db.database.engine.dialect.name


def _check_revision(file: Path, revision: str) -> None:
    if not revision:
        raise CommandError(f"{file} has no tables of taskapi.")
    if not migrations.knows(revision):
        raise CommandError(
            f"{file} has the schema {revision} of a newer release. Restore it with the "
            "release that created it."
        )


@contextmanager
def _report_errors(outcome: str) -> Iterator[None]:
    """Report errors as messages that also say what happened to the data."""
    try:
        with logs.to_stderr():
            yield
    except click.ClickException as error:
        raise CommandError(f"{error.message} {outcome}") from error
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"{_cause(error)}. {outcome}") from error
    except errors.ERRORS as error:
        command = flask_command("doctor")
        raise CommandError(
            f"The database is unreachable. Run `{command}` for the cause. {outcome}"
        ) from error


def _cause(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, sqlite3.Error):
        return f"SQLite: {error}"
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    return error.strerror or str(error)


def _count(model: type[User | Task]) -> int:
    ((number,),) = db.read(select(func.count()).select_from(model))
    return int(number)
