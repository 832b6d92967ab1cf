"""Environment of Alembic: one transaction, one runner at a time."""

from pathlib import Path
from typing import Any

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import URL, Connection, TypeDecorator

from taskapi import db

ADVISORY_LOCK = 7_420_113_001  # arbitrary, the same in every instance
LOCK_TIMEOUT = "5s"
SQLITE_TIMEOUT_MS = 60_000
NEWER = """The database was migrated by a newer release: it has the revision {}, which \
this release does not contain. Deploy the newer release, or check out its branch."""

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Render our column types as plain ones: a migration imports no application."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def include_object(_object: Any, name: str | None, *_more: Any) -> bool:
    """Skip the search index, which is not the same on both databases."""
    return not (name or "").startswith(("task_terms", "ix_tasks_terms"))


def create_folder(url: URL) -> None:
    """Create the private folder of a new SQLite database."""
    if url.get_backend_name() == "sqlite":
        folder = Path(str(url.database)).parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def prepare(connection: Connection) -> None:
    """Begin the transaction, one runner at a time.

    On SQLite foreign keys are off, so that rebuilding a table deletes no other rows.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout={SQLITE_TIMEOUT_MS}")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        # otherwise renaming a rebuilt table fails on triggers that name the old one
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        db.begin(connection)
    else:
        db.begin(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


def finish(connection: Connection) -> None:
    """Check foreign keys on SQLite. Raises RuntimeError for rows without a parent."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            message = f"The migration would break foreign keys: {broken}"
            raise RuntimeError(message)


def run_migrations_offline() -> None:
    context.configure(
        url=database.engine.url, target_metadata=database.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Run the migrations. Raises CommandError for a revision of a newer release."""
    try:
        context.run_migrations()
    except CommandError as error:
        known = {revision.revision for revision in context.script.walk_revisions()}
        newer = {*context.get_context().get_current_heads()} - known
        if newer:
            raise CommandError(NEWER.format(", ".join(newer))) from error
        raise


def run_migrations_online() -> None:
    options = current_app.extensions["migrate"].configure_args
    engine = database.engine
    create_folder(engine.url)
    with engine.connect() as connection, connection.begin():
        prepare(connection)
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render_item,
            include_object=include_object,
            transactional_ddl=True,
            **options,
        )
        run()
        finish(connection)
    engine.dispose()  # its connections have the pragmas of migrations


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
