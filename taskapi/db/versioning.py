"""Rows with a version: every real change raises it by 1, and no change is lost.

The condition stands in the statement that writes, so that of two writers who read the
same version one is told, whatever the database and however many processes.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, delete, false, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock, db
from taskapi.db import AnyRow
from taskapi.errors import FieldError, NotFound, PreconditionFailed
from taskapi.typing import Path

CODE = PreconditionFailed.code

Versions = Collection[int] | None
"""The versions that a write may meet; None where any will do."""

Answer = Sequence[ColumnElement[Any]]
"""The columns to return; all of the table where none are named."""


class Versioned:
    """Give a model the version that ETags show."""

    version: Mapped[int] = mapped_column(default=1)


class VersionedRow(Protocol):
    """A row of a model with a version."""

    @property
    def version(self) -> int:
        """Return the version."""


def create(
    model: type[db.Model], values: dict[str, Any], answer: Answer = ()
) -> AnyRow:
    """Insert one row and return it."""
    now = clock.now()
    values = {"created_at": now, "updated_at": now} | values
    statement = insert(model).values(values).returning(*_answer(model, answer))
    return db.session.execute(statement).one()


def change(
    model: type[db.Model],
    scope: ColumnElement[bool],
    values: dict[str, Any],
    versions: Versions = None,
    answer: Answer = (),
) -> AnyRow:
    """Set values on the one row of the scope and return it.

    What already has these values stays as it is, version and `updated_at` included.
    Raises NotFound outside the scope, PreconditionFailed on any other version.
    """
    columns = model.__table__.columns
    differs = [columns[name].is_distinct_from(new) for name, new in values.items()]
    raised = {"version": columns["version"] + 1, "updated_at": clock.now()}
    statement = (
        update(model)
        .where(scope, or_(false(), *differs), *_meets(model, versions))
        .values(**values, **raised)
        .returning(*_answer(model, answer))
    )
    changed = db.session.execute(statement).one_or_none()
    return changed or _current(model, scope, versions, answer)


def remove(
    model: type[db.Model], scope: ColumnElement[bool], versions: Versions = None
) -> None:
    """Delete the one row of the scope; raises as `change` does."""
    statement = delete(model).where(scope, *_meets(model, versions))
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


def _meets(model: type[db.Model], versions: Versions) -> list[ColumnElement[bool]]:
    column = model.__table__.columns["version"]
    return [] if versions is None else [column.in_(versions)]


def _answer(model: type[db.Model], answer: Answer) -> Answer:
    return answer or model.__table__.columns.values()


def _current(
    model: type[db.Model],
    scope: ColumnElement[bool],
    versions: Versions,
    answer: Answer = (),
) -> AnyRow:
    """Return the row that a write passed over, or say why it did."""
    statement = select(*_answer(model, answer)).where(scope)
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    check([(row, versions, ())])
    return row
