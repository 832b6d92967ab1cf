"""Rows: what both databases can do with them, said once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, delete, exc, select, text
from sqlalchemy.dialects import postgresql, sqlite

from taskapi.db import Model, session, transaction, undo
from taskapi.errors import AlreadyExists

BATCH = 1_000


def delete_all(model: type[Model], scope: ColumnElement[bool]) -> int:
    """Delete the rows of a scope; return how many.

    A thousand in each transaction of its own, so that writers do not wait for long.
    """
    some = select(model.id).where(scope).order_by(model.id).limit(BATCH)
    # PostgreSQL may run a plain subquery anew for each row, and so exceed the limit
    batch = some.with_for_update(skip_locked=True).cte()
    chosen = model.id.in_(select(batch.c.id))
    statement = delete(model).where(chosen).returning(model.id)
    number, gone = 0, 1
    while gone:
        with transaction():
            gone = len(session.execute(statement).all())
        number += gone
    return number


def upsert(model: type[Model]) -> Any:
    """Return an INSERT that takes `on_conflict_do_update`; both databases know it."""
    name = session.get_bind().dialect.name
    return (sqlite if name == "sqlite" else postgresql).insert(model)


@contextmanager
def unique(model: type[Model]) -> Iterator[None]:
    """Turn a taken unique value into AlreadyExists, which names the field.

    The transaction is over then, so that what is taken can be looked up.
    """
    try:
        yield
    except exc.IntegrityError as error:
        field = _taken(error, model)
        if field is None:
            raise
        undo()
        sentence = f"This {field} is taken; choose another."
        raise AlreadyExists(sentence, field=field) from error


def plan_anew() -> None:
    """Let no plan of this transaction outlive the size of a table that it fills.

    PostgreSQL would go on reading all of what was almost empty when it began, for each
    row, also where it checks foreign keys.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _taken(error: exc.IntegrityError, model: type[Model]) -> str | None:
    """Find the column in PostgreSQL's name of the constraint, or in SQLite's message.

    PostgreSQL's message quotes the value, which may look like a column.
    """
    diagnosis = getattr(error.orig, "diag", None)
    said = str(diagnosis.constraint_name if diagnosis else error.orig)
    table = model.__tablename__
    names = [
        column.key
        for column in model.__table__.columns
        if f"uq_{table}_{column.key}" in said or f"{table}.{column.key}" in said
    ]
    return names[-1] if names else None
