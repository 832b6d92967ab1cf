"""Lists of the cold paths: the newest first, a page at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from taskapi import db
from taskapi.db import AnyRow
from taskapi.db.page_request import PageRequest


def newest_first(
    columns: Sequence[Any],
    model: type[db.Model],
    scope: ColumnElement[bool],
    window: PageRequest,
) -> Sequence[AnyRow]:
    """Return a page of the scope, and one more row if there are more."""
    statement = (
        select(*columns, model.id.label("position"))
        .where(scope)
        .order_by(model.id.desc())
        .limit(window.limit + 1)
        .offset(window.offset)
    )
    if window.after:
        statement = statement.where(model.id < window.after[1])
    return db.read(statement)


def total(
    model: type[db.Model], scope: ColumnElement[bool], window: PageRequest
) -> int | None:
    """Return the size of the scope, if the window asks for it."""
    if not window.with_total:
        return None
    ((counted,),) = db.read(select(func.count()).select_from(model).where(scope))
    return int(counted)
