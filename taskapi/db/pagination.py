"""Pages of lists: the request for one, and lists with the newest rows first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select

from taskapi.db import Model, read
from taskapi.db.compiled import Parameters


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` rows after `offset`, or after a cursor: sort value and id of a row."""

    limit: int
    offset: int = 0
    after: tuple[list[Any], int] | None = None
    with_total: bool = False


def newest_first(
    columns: Sequence[SQLColumnExpression[Any]],
    model: type[Model],
    scope: ColumnElement[bool],
    page: PageRequest,
    parameters: Parameters | None = None,
) -> Sequence[Any]:
    """Return a page of the rows in a scope, and one row more if there are more.

    `parameters` are the values of the bound parameters of the scope.
    """
    statement = (
        select(*columns, model.id.label("position"))
        .where(scope)
        .order_by(model.id.desc())
        .limit(page.limit + 1)
        .offset(page.offset)
    )
    if page.after:
        statement = statement.where(model.id < page.after[1])
    return read(statement, parameters)


def total(
    model: type[Model],
    scope: ColumnElement[bool],
    page: PageRequest,
    parameters: Parameters | None = None,
) -> int | None:
    """Return the number of rows in a scope, if the page requests it."""
    if not page.with_total:
        return None
    statement = select(func.count()).select_from(model).where(scope)
    ((counted,),) = read(statement, parameters)
    return int(counted)
