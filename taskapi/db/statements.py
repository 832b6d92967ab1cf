"""Statements that work on both databases: batch delete, upsert, unique violations."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Table,
    UpdateBase,
    bindparam,
    delete,
    exc,
    exists,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from taskapi.db import Model, read, session, transaction, undo
from taskapi.errors import AlreadyExists

BATCH_SIZE = 1_000
FOUND_AT_ONCE = 10_000
"""Ids read by one query, so that batches do not pass over the same rows again."""

IDS: BindParameter[int] = bindparam("ids", expanding=True)
PAUSE_SECONDS = 0.05
"""Between two batches, in which other writers get the lock of SQLite."""


def delete_all(
    model: type[Model], scope: ColumnElement[bool], *, batch: int = BATCH_SIZE
) -> int:
    """Delete the rows of a scope in batches; return the number of rows.

    Each batch is a transaction, and other writers get the lock between two of them. The
    scope is read without a lock; each batch checks it again.
    """
    found = select(model.id).where(scope).limit(FOUND_AT_ONCE)
    chosen = select(model.id).where(scope, model.id.in_(IDS))
    # PostgreSQL may run a plain subquery again for each row
    locked = chosen.with_for_update(skip_locked=True).cte()
    in_batch = model.id.in_(select(locked.c.id))
    statement = delete(model).where(in_batch).returning(model.id)
    total, deleted = 0, 1
    while deleted:
        ids = [row.id for row in read(found)]
        deleted = 0
        for start in range(0, len(ids), batch):
            time.sleep(PAUSE_SECONDS if start else 0)
            with transaction():
                some = {"ids": ids[start : start + batch]}
                deleted += len(session.execute(statement, some).all())
        total += deleted
    return total


def delete_referring(model: type[Model], row_id: int, limit: int) -> int:
    """Delete up to `limit` rows that refer to a row; return the number of rows.

    Rows without references from their own table come first.
    """
    number = 0
    for table in reversed(Model.metadata.sorted_tables):
        keys = [
            key
            for key in table.foreign_keys
            if key.column is model.__table__.c.id and key.ondelete == "CASCADE"
        ]
        for key in keys if "id" in table.c else ():
            statement = _batch(table, key.parent)
            while deleted := len(_delete(statement, row_id, limit - number)):
                number += deleted
    return number


def clear_referring(model: type[Model], row_id: int, limit: int) -> int:
    """Clear up to `limit` optional references to a row; return their number."""
    number = 0
    for table in Model.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is model.__table__.c.id and key.ondelete == "SET NULL":
                statement = _clear(table, key.parent)
                number += len(_delete(statement, row_id, limit - number))
    return number


def _clear(table: Table, column: Column[Any]) -> UpdateBase:
    some = select(table.c.id).where(column == bindparam("row_id"))
    chosen = some.limit(bindparam("limit")).cte("chosen")
    in_batch = table.c.id.in_(select(chosen.c.id))
    return update(table).where(in_batch).values({column: None}).returning(table.c.id)


def _delete(statement: UpdateBase, row_id: int, limit: int) -> Sequence[object]:
    return session.execute(statement, {"row_id": row_id, "limit": limit}).all()


def _batch(table: Table, column: Column[Any]) -> UpdateBase:
    some = select(table.c.id).where(column == bindparam("row_id"))
    for key in table.foreign_keys:
        if key.column.table is table:
            child = table.alias()
            some = some.where(~exists().where(child.c[key.parent.key] == table.c.id))
    chosen = some.order_by(table.c.id.desc()).limit(bindparam("limit")).cte("chosen")
    return (
        delete(table).where(table.c.id.in_(select(chosen.c.id))).returning(table.c.id)
    )


def upsert(model: type[Model]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT with `on_conflict_do_update` for the current database."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(model) if on_sqlite else postgresql.insert(model)


@contextmanager
def unique(model: type[Model]) -> Iterator[None]:
    """Raise AlreadyExists, which names the field, for a violated unique constraint.

    The transaction is rolled back, so that the caller can read the existing row.
    """
    try:
        yield
    except exc.IntegrityError as error:
        field = violated_column(error, model)
        if field is None:
            raise
        undo()
        message = f"This {field} is taken. Choose another one."
        raise AlreadyExists(message, field=field) from error


def plan_by_index() -> None:
    """Prevent plans that scan whole tables in this transaction.

    PostgreSQL would keep the plan that suited an almost empty table while the table is
    filled, also in the checks of foreign keys. A new plan for each execution
    (`plan_cache_mode = force_custom_plan`) plans each check of each row: inserting
    200,000 tags took 7.3 seconds with it, and takes 2.1 with this function.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("DISCARD PLANS"))
        session.execute(text("SET LOCAL enable_seqscan = off"))


def violated_column(error: exc.IntegrityError, model: type[Model]) -> str | None:
    """Return the column that is not unique, or that is NULL but must not be.

    PostgreSQL names constraint or column, but its message quotes the value, which may
    look like a column. SQLite has a message only.
    """
    diagnosis = getattr(error.orig, "diag", None)
    text, table = str(error.orig), model.__tablename__
    if diagnosis:
        text = diagnosis.constraint_name or f"{table}.{diagnosis.column_name}"
    names = [
        column.key
        for column in model.__table__.columns
        if f"uq_{table}_{column.key}" in text or f"{table}.{column.key}" in text
    ]
    return names[-1] if names else None
