"""Optimistic locking: rows with a version that each change increments.

The statement that writes compares the version. Of two writers that read the same
version the second gets PreconditionFailed, on both databases and in any process.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, delete, false, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock, db
from taskapi.errors import FieldError, NotFound, PreconditionFailed
from taskapi.typing import Fields, Path

CODE = PreconditionFailed.code

Versions = Collection[int] | None
"""The versions that a write accepts; None accepts all."""

Returning = Sequence[ColumnElement[Any]]
"""The columns to return; an empty sequence returns all."""


class Versioned:
    """Mixin with the version, which ETags contain."""

    version: Mapped[int] = mapped_column(default=1)


class VersionedRow(Protocol):
    """A row of a model with a version."""

    @property
    def version(self) -> int:
        """Return the version."""


def create(model: type[db.Model], values: Fields, returning: Returning = ()) -> Any:
    """Insert one row and return its columns."""
    now = clock.now()
    values = {"created_at": now, "updated_at": now} | values
    statement = insert(model).values(values).returning(*_columns(model, returning))
    return db.session.execute(statement).one()


def change(
    model: type[db.Model],
    scope: ColumnElement[bool],
    values: Fields,
    versions: Versions = None,
    returning: Returning = (),
) -> Any:
    """Set values on the one row of the scope and return it.

    A row that has these values already stays unchanged, including version and
    `updated_at`. Raises NotFound outside of the scope and PreconditionFailed for a
    version that is not accepted.
    """
    columns = model.__table__.columns
    differs = [columns[name].is_distinct_from(new) for name, new in values.items()]
    increment = {"version": columns["version"] + 1, "updated_at": clock.now()}
    statement = (
        update(model)
        .where(scope, or_(false(), *differs), *_accepts(model, versions))
        .values(**values, **increment)
        .returning(*_columns(model, returning))
    )
    changed = db.session.execute(statement).one_or_none()
    return changed or _current(model, scope, versions, returning)


def remove(
    model: type[db.Model], scope: ColumnElement[bool], versions: Versions = None
) -> None:
    """Delete the one row of the scope. Raises the same errors as `change`."""
    statement = delete(model).where(scope, *_accepts(model, versions))
    removed = db.session.execute(statement.returning(model.id)).one_or_none()
    if removed is None:
        _current(model, scope, versions)


def check(expected: Iterable[tuple[VersionedRow, Versions, Path]]) -> None:
    """Raise PreconditionFailed if a row has none of the versions expected of it.

    The path is the location of the version in the body; it is empty for If-Match.
    """
    stale = [
        (row.version, path)
        for row, versions, path in expected
        if versions is not None and row.version not in versions
    ]
    if stale:
        errors = {
            path: [FieldError(f"The current version is {version}.", CODE)]
            for version, path in stale
            if path
        }
        raise PreconditionFailed(errors=errors, current_version=stale[0][0])


def _accepts(model: type[db.Model], versions: Versions) -> list[ColumnElement[bool]]:
    column = model.__table__.columns["version"]
    return [] if versions is None else [column.in_(versions)]


def _columns(model: type[db.Model], returning: Returning) -> Returning:
    return returning or model.__table__.columns.values()


def _current(
    model: type[db.Model],
    scope: ColumnElement[bool],
    versions: Versions,
    returning: Returning = (),
) -> Any:
    """Return the row that a write left unchanged. Raises as `change` does."""
    statement = select(*_columns(model, returning)).where(scope)
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    check([(row, versions, ())])
    return row
