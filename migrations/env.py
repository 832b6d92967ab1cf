"""Run migrations: one transaction, one runner at a time, nothing lost on SQLite."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, TypeDecorator

from taskapi import db

LOCK = 7_420_113_001  # any number of our own, the same in every instance
LOCK_TIMEOUT = "5s"
SQLITE_WAIT_MS = 60_000

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our column types as the plain ones: a migration imports no application."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def include_object(_object: Any, name: str | None, *_more: Any) -> bool:
    """Skip the search index, which is another one on each database."""
    return not (name or "").startswith(("task_terms", "ix_tasks_terms"))


def prepare(connection: Connection) -> None:
    """Let one runner in; on SQLite let tables be rebuilt without emptying others."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout={SQLITE_WAIT_MS}")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        # renaming a rebuilt table must not look into triggers that name the old one
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        db.begin(connection)
    else:
        db.begin(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


def finish(connection: Connection) -> None:
    """Refuse on SQLite what would leave a row that refers to nothing."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            message = f"the migration would break foreign keys of: {broken}"
            raise RuntimeError(message)


def run_migrations_offline() -> None:
    context.configure(
        url=database.engine.url, target_metadata=database.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    options = current_app.extensions["migrate"].configure_args
    engine = database.engine
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
        context.run_migrations()
        finish(connection)
    engine.dispose()  # with it the pragmas that were meant for migrations alone


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
